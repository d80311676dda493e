/* Curves become dots column by column. All points that fall into one column of dots only widen the range of rows it
 * covers, whatever their number, so a spike stays visible and a long curve costs one comparison a point. Between two
 * columns the line is interpolated at the columns' middles, and a jump of more than a row is shared by both
 * columns, each going half of the way, which keeps lines one dot thin. Rows outside are cut, not moved to the edge. */
#include "plot_impl.h"

#include <math.h>
#include <stdlib.h>

void raster_init(struct raster *r, int w, int h, enum glyph_set glyphs)
{
    size_t n = (size_t)w * (size_t)h;
    *r = (struct raster){.w = w, .h = h, .sx = 1, .sy = 1};
    if (glyphs == GLYPHS_BRAILLE)
        r->sx = 2, r->sy = 4;
    else if (glyphs == GLYPHS_BLOCK)
        r->sx = 2, r->sy = 2;
    r->dots = xcalloc(n, 1);
    r->mark = xcalloc(n, sizeof(*r->mark));
    r->owner = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        r->owner[i] = -1;
}

void raster_release(struct raster *r)
{
    free(r->dots);
    free(r->owner);
    free(r->mark);
}

/* Lines of two curves that look different without colours: eight dots of a period. */
static bool pattern_has(int pattern, int at)
{
    static const unsigned char on[] = {0xFF, 0x3F, 0x55, 0x5F, 0x0F, 0x11};
    return on[pattern % (int)sizeof(on)] >> (at & 7) & 1;
}

static void fill(struct raster *r, int column, int lo, int hi)
{
    if (column < 0 || column >= r->w * r->sx)
        return;
    lo = lo < 0 ? 0 : lo;
    hi = hi < r->h * r->sy ? hi : r->h * r->sy - 1;
    for (int row = lo; row <= hi; row++) {
        if (!pattern_has(r->pattern, column + row))
            continue;
        int cell = row / r->sy * r->w + column / r->sx;
        r->dots[cell] |= (unsigned char)(1 << (row % r->sy * r->sx + column % r->sx));
        if (!r->mark[cell])
            r->owner[cell] = (signed char)r->curve;
    }
}

/* The lower and right edges belong to the last row and column. What is outside stays just outside. */
static int step_of(double at, int n)
{
    if (at >= n)
        return at < n + 1e-6 ? n - 1 : n;
    return at < 0 ? (at > -1e-6 ? 0 : -1) : (int)at;
}

static int min_of(int a, int b)
{
    return a < b ? a : b;
}

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

/* Draws the pen's column and goes on to the next one at ROW, from the row FROM. */
static void next_column(struct raster *r, struct pen *p, int column, int from, int row)
{
    int lo = row, hi = row;
    if (row > from + 1) {
        int middle = (from + row) / 2;
        p->hi = max_of(p->hi, middle);
        lo = min_of(row, middle + 1);
    } else if (row < from - 1) {
        int middle = (from + row + 1) / 2;
        p->lo = min_of(p->lo, middle);
        hi = max_of(row, middle - 1);
    }
    fill(r, p->column, p->lo, p->hi);
    p->column = column;
    p->lo = lo;
    p->hi = hi;
}

void raster_line(struct raster *r, struct pen *p, double u, double v)
{
    int width = r->w * r->sx, height = r->h * r->sy;
    int column = step_of(u, width), row = step_of(v, height);
    if (!p->down) {
        *p = (struct pen){true, u, v, column, row, row, 1};
        return;
    }
    if (column == p->column) {
        p->lo = min_of(p->lo, row);
        p->hi = max_of(p->hi, row);
    } else {
        double slope = (v - p->v) / (u - p->u);
        int from = step_of(p->v, height);
        if (p->column < 0) { /* comes in from the left */
            from = step_of(p->v + (-0.5 - p->u) * slope, height);
            p->lo = p->hi = from;
        }
        for (int c = p->column + 1; c <= column; c++) {
            /* Beyond the right edge: where the line is half a column further. */
            double at = c == column && c < width ? v : p->v + (c + 0.5 - p->u) * slope;
            int next = step_of(at, height);
            next_column(r, p, c, from, next);
            from = next;
        }
    }
    p->u = u;
    p->v = v;
    p->points++;
}

void raster_mark(struct raster *r, double u, double v)
{
    int column = step_of(u, r->w * r->sx), row = step_of(v, r->h * r->sy);
    if (column < 0 || row < 0 || column >= r->w * r->sx || row >= r->h * r->sy)
        return;
    int cell = row / r->sy * r->w + column / r->sx;
    r->mark[cell] = true;
    r->owner[cell] = (signed char)r->curve;
}

void raster_break(struct raster *r, struct pen *p)
{
    if (!p->down)
        return;
    if (p->points == 1)
        raster_mark(r, p->u, p->v);
    fill(r, p->column, p->lo, p->hi);
    *p = (struct pen){0};
}

uint32_t raster_rune(const struct raster *r, int x, int y, enum glyph_set glyphs)
{
    static const unsigned char braille_bit[] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    /* bit 0 upper left, 1 upper right, 2 lower left, 3 lower right */
    static const uint32_t quadrant[] = {0,      0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B,
                                        0x2597, 0x259A, 0x2590, 0x259C, 0x2584, 0x2599, 0x259F, 0x2588};
    static const char letter[] = "*+ox#%@&";
    int cell = y * r->w + x, dots = r->dots[cell];
    if (r->owner[cell] < 0 || (!dots && !r->mark[cell]))
        return 0;
    if (glyphs == GLYPHS_ASCII)
        return r->dotted >> r->owner[cell] % 64 & 1 && !r->mark[cell]
                   ? '.'
                   : (uint32_t)letter[r->owner[cell] % (int)(sizeof(letter) - 1)];
    if (r->mark[cell])
        return 0x25CF;
    if (glyphs == GLYPHS_BLOCK)
        return quadrant[dots];
    uint32_t rune = 0x2800;
    for (int i = 0; i < 8; i++)
        if (dots >> i & 1)
            rune |= braille_bit[i];
    return rune;
}
