/* A dot belongs to a line when the number of levels below its value differs from that of its right or lower neighbour: lines
 * without gaps, one dot thin, whatever the map. Values between the map's are interpolated, so a line is smoother than the
 * map's own cells. */
#include "contour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"

void contour_levels(struct contour *k, double lo, double hi, int max)
{
    double ticks[CONTOUR_LEVELS];
    k->n_levels = 0;
    int n = plot_ticks(lo * k->factor, hi * k->factor, false, max < CONTOUR_LEVELS ? max : CONTOUR_LEVELS, ticks);
    for (int i = 0; i < n; i++) {
        double v = ticks[i] / k->factor;
        if (v > lo && v < hi)
            k->level[k->n_levels++] = v;
    }
}

/* ---- colours ---- */

rgb map_ground(const struct look *l, const struct cell *c)
{
    rgb a = c->style.fg, b = c->style.bg;
    switch (c->rune) {
    case 0x2580:                                      /* upper half */
        if (a < 0 || b < 0 || l->depth != DEPTH_TRUE) /* a mixture would be none of the map's colours */
            return b;
        return ((a >> 16) + (b >> 16)) / 2 << 16 | ((a >> 8 & 255) + (b >> 8 & 255)) / 2 << 8 |
               ((a & 255) + (b & 255)) / 2;
    case 0x2593: /* dark shade, full block */
    case 0x2588: return a;
    default: return b;
    }
}

rgb map_ink(const struct look *l, rgb ground)
{
    if (ground < 0)
        return look_style(l, ROLE_TEXT).fg;
    return colormap_luminance(ground) > 0.25 ? 0x000000 : 0xFFFFFF;
}

/* A line is quieter than a character: two thirds of the way from the ground to the ink. */
static rgb line_ink(const struct look *l, rgb ground)
{
    rgb ink = map_ink(l, ground), mixed = 0;
    if (ground < 0 || ink < 0 || l->depth != DEPTH_TRUE)
        return ink;
    for (int shift = 0; shift <= 16; shift += 8)
        mixed |= ((ground >> shift & 255) + 2 * (ink >> shift & 255)) / 3 << shift;
    return mixed;
}

/* ---- lines ---- */

/* Between which two cells of N a place lies, and how far it is from the first to the second. */
struct between {
    int a, b;
    float part;
};

/* COUNT evenly spaced places over N cells, whose values hold at their middles. */
static struct between *places(int count, int n)
{
    struct between *p = xcalloc((size_t)count + 1, sizeof *p);
    for (int i = 0; i < count; i++) {
        double at = fmin(fmax((i + 0.5) * n / count - 0.5, 0), n - 1);
        int a = (int)at;
        p[i] = (struct between){a, a + 1 < n ? a + 1 : a, (float)(at - a)};
    }
    return p;
}

/* The number of levels below the value at W x H evenly spaced places, 255 where there is none. free() it. */
static unsigned char *bands_of(const struct contour *k, int w, int h)
{
    unsigned char *bands = xmalloc((size_t)w * (size_t)h + 1);
    struct between *column = places(w, k->n), *row = places(h, k->m);
    float level[CONTOUR_LEVELS];
    for (int i = 0; i < k->n_levels; i++)
        level[i] = (float)k->level[i];
    for (int y = 0; y < h; y++) {
        const float *upper = k->v + (size_t)row[y].a * (size_t)k->n, *lower = k->v + (size_t)row[y].b * (size_t)k->n;
        for (int x = 0; x < w; x++) {
            const struct between *q = &column[x];
            float above = upper[q->a] + q->part * (upper[q->b] - upper[q->a]);
            float below = lower[q->a] + q->part * (lower[q->b] - lower[q->a]),
                  v = above + row[y].part * (below - above);
            unsigned char n = 0;
            while (n < k->n_levels && v >= level[n])
                n++;
            bands[y * w + x] = isnan(v) ? 255 : n;
        }
    }
    free(column);
    free(row);
    return bands;
}

static bool on_line(const unsigned char *bands, int w, int h, int x, int y)
{
    unsigned char here = bands[y * w + x], right = x + 1 < w ? bands[y * w + x + 1] : here,
                  below = y + 1 < h ? bands[(y + 1) * w + x] : here;
    return here != 255 && ((right != here && right != 255) || (below != here && below != 255));
}

void contour_draw(struct canvas *c, struct rect r, const struct look *l, const struct contour *k)
{
    struct raster raster;
    if (r.w <= 0 || r.h <= 0 || k->n_levels == 0 || k->m < 1 || k->n < 1 || look_ascii(l))
        return;
    raster_init(&raster, r.w, r.h, l->glyphs);
    int w = r.w * raster.sx, h = r.h * raster.sy;
    unsigned char *bands = bands_of(k, w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (on_line(bands, w, h, x, y)) {
                int cell = y / raster.sy * r.w + x / raster.sx;
                raster.dots[cell] |= (unsigned char)(1 << (y % raster.sy * raster.sx + x % raster.sx));
                raster.owner[cell] = 0;
            }
    for (int y = 0; y < r.h; y++)
        for (int x = 0; x < r.w; x++) {
            uint32_t rune = raster_rune(&raster, x, y, l->glyphs);
            if (!rune || r.x + x < 0 || r.x + x >= c->w || r.y + y < 0 || r.y + y >= c->h)
                continue;
            rgb ground = map_ground(l, &c->cells[(r.y + y) * c->w + r.x + x]);
            canvas_put(c, r.x + x, r.y + y, rune, (struct style){line_ink(l, ground), ground, 0});
        }
    free(bands);
    raster_release(&raster);
}

/* ---- numbers ---- */

/* How many cells are taken in the rectangle from the map's upper left corner to before (x, y), for all x, y: so any
 * rectangle is counted in four look-ups. */
static void count_taken(const bool *taken, struct rect r, int *sum)
{
    int stride = r.w + 1;
    for (int y = 0; y < r.h; y++) {
        int row = 0;
        for (int x = 0; x < r.w; x++) {
            row += taken[y * r.w + x];
            sum[(y + 1) * stride + x + 1] = sum[y * stride + x + 1] + row;
        }
    }
}

static int taken_in(const int *sum, struct rect r, int x0, int y0, int x1, int y1)
{
    int stride = r.w + 1;
    x0 = x0 < 0 ? 0 : x0, y0 = y0 < 0 ? 0 : y0;
    x1 = x1 > r.w ? r.w : x1, y1 = y1 > r.h ? r.h : y1;
    return sum[y1 * stride + x1] - sum[y0 * stride + x1] - sum[y1 * stride + x0] + sum[y0 * stride + x0];
}

/* Whether the line of a level passes a cell. */
static bool passes(const unsigned char *bands, struct rect r, int level, int x, int y)
{
    unsigned char here = bands[y * r.w + x], below = y + 1 < r.h ? bands[(y + 1) * r.w + x] : here,
                  right = x + 1 < r.w ? bands[y * r.w + x + 1] : here;
    return (here > level) != (below > level) || (here > level) != (right > level);
}

/* How well a number of LENGTH cells stands at (x, y): where the line is level, away from what is taken and from the edge.
 * Negative: it cannot stand there. */
static double merit(const unsigned char *bands, const int *sum, struct rect r, int level, int x, int y, int length)
{
    if (x < 1 || x + length + 1 > r.w || taken_in(sum, r, x - 1, y, x + length + 1, y + 1) > 0)
        return -1;
    int crossed = 0;
    for (int i = 0; i < length; i++)
        crossed += passes(bands, r, level, x + i, y);
    double edge = fmin(fmin(x, r.w - x - length), 3 * fmin(y, r.h - 1 - y));
    return 50 + 4 * crossed + fmin(edge, 6) - 2 * taken_in(sum, r, x - 3, y - 2, x + length + 3, y + 3);
}

/* The best place for a number on the line of a level; false: there is none. */
static bool find_place(const unsigned char *bands, const int *sum, struct rect r, int level, int length, int *to_x,
                       int *to_y)
{
    double best = 0;
    for (int y = 0; y < r.h; y++)
        for (int x = 0, from = 0; x < r.w; x++) {
            if (!passes(bands, r, level, x, y))
                continue;
            for (from = from > x - length + 1 ? from : x - length + 1; from <= x; from++) {
                double m = merit(bands, sum, r, level, from, y, length);
                if (m > best)
                    best = m, *to_x = from, *to_y = y;
            }
        }
    return best > 0;
}

void contour_label(struct canvas *c, struct rect r, const struct look *l, const struct contour *k, bool *taken)
{
    if (r.w < 12 || r.h < 4 || k->n_levels == 0 || k->m < 1 || k->n < 1)
        return;
    unsigned char *bands = bands_of(k, r.w, r.h);
    int *sum = xcalloc((size_t)(r.w + 1) * (size_t)(r.h + 1), sizeof *sum), x, y;
    char text[CONTOUR_LEVELS][PLOT_LABEL];
    double written[CONTOUR_LEVELS];
    for (int i = 0; i < k->n_levels; i++)
        written[i] = k->level[i] * k->factor;
    plot_tick_labels(written, k->n_levels, false, text);
    for (int i = k->n_levels - 1; i >= 0; i--) {
        int length = (int)strlen(text[i]);
        count_taken(taken, r, sum);
        if (!find_place(bands, sum, r, i, length, &x, &y))
            continue;
        for (int q = 0; q < length; q++) {
            rgb ground = map_ground(l, &c->cells[(r.y + y) * c->w + r.x + x + q]);
            canvas_put(c, r.x + x + q, r.y + y, (uint32_t)text[i][q], (struct style){map_ink(l, ground), ground, 0});
            taken[y * r.w + x + q] = true;
        }
    }
    free(sum);
    free(bands);
}
