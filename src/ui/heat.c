/* Everything is painted in units: a half of a cell where half-blocks are drawn (a unit is then as wide as it is high),
 * else a whole cell (twice as high as wide, so that an element takes two of them side by side where there is room).
 * struct fit says how many units a matrix gets each way; the two directions are independent after that: either every
 * element has the same number of units, or every unit averages a run of elements, and no element is in two units.
 *
 * Eight colours still show an order of values: neighbours of the ladder blue, cyan, green, yellow are mixed by shades. */
#include "heat.h"
#include "plot.h"

#include <math.h>
#include <string.h>

enum ink { INK_HALF, INK_SPACE, INK_SHADE }; /* two colours a cell; one; characters */

enum { RUNE_UPPER = 0x2580, RUNE_LEFT = 0x258C, MAX_LEVELS = 64 };

static enum ink ink_of(const struct look *l)
{
    if (l->depth == DEPTH_8 || l->depth == DEPTH_MONO)
        return INK_SHADE;
    return look_ascii(l) ? INK_SPACE : INK_HALF;
}

/* ---- geometry ---- */

struct fit {
    int w, h; /* units; 0: nothing fits */
    int rows; /* cells */
};

static int at_least_1(int a, int most)
{
    return a < 1 ? 1 : a < most ? a : most;
}

static struct fit fit(struct rect r, bool half, int m, int n)
{
    if (r.w <= 0 || r.h <= 0 || m <= 0 || n <= 0)
        return (struct fit){0};
    int room_w = r.w, room_h = half ? 2 * r.h : r.h;
    int wide = half ? 1 : 2; /* units side by side that make a square */
    int k = room_w / wide / n < room_h / m ? room_w / wide / n : room_h / m;
    struct fit f = {k * n * wide, k * m, 0};
    if (k < 1) {
        f = (struct fit){n, m, 0};
        if (n > room_w || m > room_h) {
            double shrink = fmax(1, fmax((double)n / room_w, (double)m / ((double)room_h * wide)));
            f.w = at_least_1((int)floor(n / shrink), n < room_w ? n : room_w);
            f.h = at_least_1((int)floor(m / shrink / wide), m < room_h ? m : room_h);
        }
    }
    f.rows = half ? (f.h + 1) / 2 : f.h;
    return f;
}

/* The elements [first, end) of N that unit U of UNITS shows. */
static int unit_first(int u, int units, int n)
{
    return (int)((int64_t)u * n / units);
}

static int unit_end(int u, int units, int n)
{
    int first = unit_first(u, units, n), end = unit_first(u + 1, units, n);
    return end > first ? end : first + 1;
}

struct rect heat_area(struct rect r, const struct look *l, const struct heat *h)
{
    struct fit f = fit(r, ink_of(l) == INK_HALF, h->m, h->n);
    return (struct rect){r.x, r.y, f.w, f.rows};
}

bool heat_at(struct rect r, const struct look *l, const struct heat *h, int x, int y, int *i, int *j)
{
    bool half = ink_of(l) == INK_HALF;
    struct fit f = fit(r, half, h->m, h->n);
    if (!rect_has((struct rect){r.x, r.y, f.w, f.rows}, x, y))
        return false;
    *i = unit_first((y - r.y) * (half ? 2 : 1), f.h, h->m);
    *j = unit_first(x - r.x, f.w, h->n);
    return true;
}

/* ---- colours ---- */

/* The steps of a map on this terminal, each ready to be drawn. */
struct ramp {
    enum ink ink;
    int levels;
    rgb color[MAX_LEVELS];
    struct cell shade[MAX_LEVELS]; /* INK_SHADE */
    rgb nan_color;
    struct cell nan_shade;
};

/* viridis out of the 256 colours, chosen by eye and ordered by lightness (OKLab's L rises from 0.34 to 0.89): the nearest
 * of those colours in red, green and blue would be greyish in its blues and greens, and not in order. */
static const rgb viridis_in_256[] = {0x5F005F, 0x5F0087, 0x5F00AF, 0x005F87, 0x005FAF, 0x008787, 0x00AF87,
                                     0x5FAF5F, 0x5FD75F, 0x87D700, 0xAFD700, 0xD7D700, 0xFFD700};

static const char ascii_shades[] = " .:-=+*#%@";
static const uint32_t block_shades[] = {' ', 0x2591, 0x2592, 0x2593, 0x2588};

/* Between two of the eight colours: the second one covers a quarter, a half, three quarters of the first. */
static void ramp_of_mixtures(struct ramp *r, enum colormap map)
{
    static const rgb values[] = {0x0000FF, 0x00FFFF, 0x00FF00, 0xFFFF00},
                     differences[] = {0x0000FF, 0xFFFFFF, 0xFF0000};
    const rgb *color = map == COLORMAP_DIVERGING ? differences : values;
    int last = (int)(map == COLORMAP_DIVERGING ? ARRAY_LEN(differences) : ARRAY_LEN(values)) - 1;
    r->levels = 4 * last + 1;
    for (int i = 0; i < r->levels; i++) {
        int step = i % 4;
        r->shade[i] = (struct cell){block_shades[step], {color[step ? i / 4 + 1 : i / 4], color[i / 4], 0}};
    }
}

static void ramp_of_shades(struct ramp *r, const struct look *l, enum colormap map)
{
    r->levels = look_ascii(l) ? (int)strlen(ascii_shades) : (int)ARRAY_LEN(block_shades);
    for (int i = 0; i < r->levels; i++) {
        uint32_t rune = look_ascii(l) ? (uint32_t)ascii_shades[i] : block_shades[i];
        rgb c = l->depth == DEPTH_8 ? colormap_rgb(map, (i + 0.5) / r->levels) : COLOR_DEFAULT;
        r->shade[i] = (struct cell){rune, {c, COLOR_DEFAULT, 0}};
    }
}

static void ramp_init(struct ramp *r, const struct look *l, enum colormap map)
{
    *r = (struct ramp){.ink = ink_of(l), .nan_color = colormap_rgb(map, NAN)};
    if (r->ink == INK_SHADE) {
        r->nan_shade = (struct cell){look_ascii(l) ? '?' : 0xB7, look_style(l, ROLE_MUTED)};
        if (l->depth == DEPTH_8 && !look_ascii(l))
            ramp_of_mixtures(r, map);
        else
            ramp_of_shades(r, l, map);
        return;
    }
    /* An odd number of steps for differences, so that zero has one of its own. */
    r->levels = map == COLORMAP_DIVERGING ? (look_levels(l) - 1) | 1 : look_levels(l);
    bool cube = l->depth == DEPTH_256 && map == COLORMAP_VIRIDIS && r->levels == (int)ARRAY_LEN(viridis_in_256);
    for (int i = 0; i < r->levels; i++)
        r->color[i] = cube ? viridis_in_256[i] : colormap_rgb(map, (i + 0.5) / r->levels);
}

/* The step of a value; -1: it is none. */
static int ramp_level(const struct ramp *r, double v, double lo, double hi)
{
    double t = lo == hi ? 0.5 : (v - lo) / (hi - lo);
    if (isnan(v) || isnan(t))
        return -1;
    return (int)(colormap_quantize(t, r->levels) * r->levels);
}

static rgb ramp_color(const struct ramp *r, int level)
{
    return level < 0 ? r->nan_color : r->color[level];
}

/* One cell of one level. */
static void put_level(struct canvas *c, int x, int y, const struct ramp *r, int level)
{
    if (r->ink == INK_SHADE) {
        const struct cell *p = level < 0 ? &r->nan_shade : &r->shade[level];
        canvas_put(c, x, y, p->rune, p->style);
    } else {
        canvas_put(c, x, y, ' ', (struct style){COLOR_DEFAULT, ramp_color(r, level), 0});
    }
}

/* Two colours in one cell, A above (or left of) B; B may be COLOR_DEFAULT. */
static void put_halves(struct canvas *c, int x, int y, uint32_t rune, rgb a, rgb b)
{
    bool same = a == b;
    canvas_put(c, x, y, same ? ' ' : rune, (struct style){same ? COLOR_DEFAULT : a, b, 0});
}

/* ---- the map ---- */

/* The mean of what a unit shows, without what is no number. */
static double unit_value(const struct heat *h, const struct fit *f, int u, int v)
{
    int i1 = unit_end(v, f->h, h->m), j0 = unit_first(u, f->w, h->n), j1 = unit_end(u, f->w, h->n);
    double sum = 0;
    int count = 0;
    for (int i = unit_first(v, f->h, h->m); i < i1; i++)
        for (int j = j0; j < j1; j++) {
            double value = h->v[(size_t)i * (size_t)h->n + (size_t)j];
            if (!isnan(value)) {
                sum += value;
                count++;
            }
        }
    return count ? sum / count : NAN;
}

/* The units [*first, *end) that show element I of N. */
static void units_of(int i, int units, int n, int *first, int *end)
{
    if (units >= n) {
        *first = i * (units / n);
        *end = *first + units / n;
    } else { /* the last unit u with unit_first(u) <= i, that is u n < (i + 1) units */
        *first = (int)((((int64_t)i + 1) * units - 1) / n);
        *end = *first + 1;
    }
}

/* Whether the unit belongs to the mark of the cursor: its element's outline, or all of a small element. */
static bool on_cursor(const struct rect *mark, int u, int v)
{
    if (!rect_has(*mark, u, v))
        return false;
    if (mark->w < 3 || mark->h < 3)
        return true;
    return u == mark->x || v == mark->y || u == mark->x + mark->w - 1 || v == mark->y + mark->h - 1;
}

static struct rect cursor_mark(const struct heat *h, const struct fit *f)
{
    if (h->cursor_i < 0 || h->cursor_j < 0 || h->cursor_i >= h->m || h->cursor_j >= h->n)
        return (struct rect){0};
    int u0, u1, v0, v1;
    units_of(h->cursor_j, f->w, h->n, &u0, &u1);
    units_of(h->cursor_i, f->h, h->m, &v0, &v1);
    return (struct rect){u0, v0, u1 - u0, v1 - v0};
}

static rgb cursor_color(const struct look *l)
{
    rgb c = look_style(l, ROLE_CURSOR).fg;
    return c >= 0 ? c : l->theme.light ? 0x000000 : 0xFFFFFF;
}

static void draw_halves(struct canvas *c, struct rect r, const struct look *l, const struct heat *h,
                        const struct fit *f)
{
    struct ramp ramp;
    ramp_init(&ramp, l, h->map);
    struct rect mark = cursor_mark(h, f);
    rgb cursor = cursor_color(l);
    for (int y = 0; y < f->rows; y++)
        for (int u = 0; u < f->w; u++) {
            rgb color[2] = {COLOR_DEFAULT, COLOR_DEFAULT};
            for (int k = 0; k < 2 && 2 * y + k < f->h; k++)
                color[k] = on_cursor(&mark, u, 2 * y + k)
                               ? cursor
                               : ramp_color(&ramp, ramp_level(&ramp, unit_value(h, f, u, 2 * y + k), h->lo, h->hi));
            put_halves(c, r.x + u, r.y + y, RUNE_UPPER, color[0], color[1]);
        }
}

static void draw_cells(struct canvas *c, struct rect r, const struct look *l, const struct heat *h, const struct fit *f)
{
    struct ramp ramp;
    ramp_init(&ramp, l, h->map);
    for (int v = 0; v < f->h; v++)
        for (int u = 0; u < f->w; u++)
            put_level(c, r.x + u, r.y + v, &ramp, ramp_level(&ramp, unit_value(h, f, u, v), h->lo, h->hi));
    struct rect mark = cursor_mark(h, f);
    if (mark.w <= 0)
        return;
    struct style s = look_style(l, ROLE_CURSOR);
    s.attr |= ATTR_REVERSE;
    int y = r.y + mark.y + mark.h / 2;
    canvas_put(c, r.x + mark.x, y, mark.w > 1 ? '[' : 'X', s);
    if (mark.w > 1)
        canvas_put(c, r.x + mark.x + mark.w - 1, y, ']', s);
}

void heat_draw(struct canvas *c, struct rect r, const struct look *l, const struct heat *h)
{
    bool half = ink_of(l) == INK_HALF;
    struct fit f = fit(r, half, h->m, h->n);
    if (f.w <= 0)
        return;
    if (half)
        draw_halves(c, r, l, h, &f);
    else
        draw_cells(c, r, l, h, &f);
}

/* ---- the bar ---- */

/* W cells, two steps a cell where there are half-blocks. */
static void draw_ramp(struct canvas *c, int x, int y, int w, const struct ramp *r)
{
    for (int i = 0; i < w; i++) {
        if (r->ink == INK_HALF)
            put_halves(c, x + i, y, RUNE_LEFT, ramp_color(r, ramp_level(r, 2 * i + 0.5, 0, 2 * w)),
                       ramp_color(r, ramp_level(r, 2 * i + 1.5, 0, 2 * w)));
        else
            put_level(c, x + i, y, r, ramp_level(r, i + 0.5, 0, w));
    }
}

void heat_bar(struct canvas *c, struct rect r, const struct look *l, enum colormap map, double lo, double hi)
{
    if (r.w <= 0 || r.h <= 0)
        return;
    struct ramp ramp;
    ramp_init(&ramp, l, map);
    struct style muted = look_style(l, ROLE_MUTED);
    char low[16], middle[16], high[16];
    plot_number(lo, low, sizeof(low));
    plot_number(lo + (hi - lo) / 2, middle, sizeof(middle));
    plot_number(hi, high, sizeof(high));
    int n_low = text_width(low), n_middle = text_width(middle), n_high = text_width(high);
    if (r.h >= 2) {
        draw_ramp(c, r.x, r.y, r.w, &ramp);
        struct rect row = {r.x, r.y + 1, r.w, 1};
        canvas_text(c, row, r.x, row.y, muted, low);
        if (n_low + 1 + n_high <= r.w)
            canvas_text_right(c, row, r.x + r.w, row.y, muted, high);
        int x = r.x + (r.w - n_middle) / 2;
        if (x > r.x + n_low && x + n_middle < r.x + r.w - n_high)
            canvas_text(c, row, x, row.y, muted, middle);
        return;
    }
    int bar = r.w - n_low - n_high - 2;
    if (bar < 4) {
        draw_ramp(c, r.x, r.y, r.w, &ramp);
        return;
    }
    /* One row: the middle's number stands between two halves of the bar where they stay long enough. */
    struct rect row = {r.x, r.y, r.w, 1};
    canvas_text(c, row, r.x, r.y, muted, low);
    draw_ramp(c, r.x + n_low + 1, r.y, bar, &ramp);
    if (bar >= n_middle + 14)
        canvas_printf(c, row, r.x + n_low + 1 + (bar - n_middle - 2) / 2, r.y, muted, " %s ", middle);
    canvas_text_right(c, row, r.x + r.w, r.y, muted, high);
}

/* ---- pictures ---- */

struct picture {
    int w, h;
    const uint8_t *rgb24;
};

static rgb unit_pixel(const struct picture *p, const struct fit *f, int u, int v)
{
    int i1 = unit_end(v, f->h, p->h), j0 = unit_first(u, f->w, p->w), j1 = unit_end(u, f->w, p->w);
    int sum[3] = {0}, count = 0;
    for (int i = unit_first(v, f->h, p->h); i < i1; i++)
        for (int j = j0; j < j1; j++) {
            const uint8_t *px = p->rgb24 + 3 * ((size_t)i * (size_t)p->w + (size_t)j);
            for (int k = 0; k < 3; k++)
                sum[k] += px[k];
            count++;
        }
    for (int k = 0; k < 3; k++)
        sum[k] = (sum[k] + count / 2) / count;
    return sum[0] << 16 | sum[1] << 8 | sum[2];
}

void heat_picture(struct canvas *c, struct rect r, const struct look *l, int w, int h, const uint8_t *rgb24)
{
    enum ink ink = ink_of(l);
    struct picture p = {w, h, rgb24};
    struct fit f = fit(r, ink == INK_HALF, h, w);
    /* Shades of ink: white is the most of it on a dark ground and the least on a light one. */
    struct look grey = *l;
    grey.depth = DEPTH_MONO;
    struct ramp ramp = {0};
    if (ink == INK_SHADE)
        ramp_init(&ramp, &grey, COLORMAP_VIRIDIS);
    for (int y = 0; y < f.rows; y++)
        for (int u = 0; u < f.w; u++) {
            int v = ink == INK_HALF ? 2 * y : y;
            rgb a = unit_pixel(&p, &f, u, v);
            if (ink == INK_HALF) {
                put_halves(c, r.x + u, r.y + y, RUNE_UPPER, a,
                           v + 1 < f.h ? unit_pixel(&p, &f, u, v + 1) : COLOR_DEFAULT);
            } else if (ink == INK_SPACE) {
                canvas_put(c, r.x + u, r.y + y, ' ', (struct style){COLOR_DEFAULT, a, 0});
            } else {
                double t = (0.299 * (a >> 16) + 0.587 * (a >> 8 & 255) + 0.114 * (a & 255)) / 255;
                put_level(c, r.x + u, r.y + y, &ramp, ramp_level(&ramp, l->theme.light ? 1 - t : t, 0, 1));
            }
        }
}
