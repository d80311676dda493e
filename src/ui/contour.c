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
    case 0x2580: /* upper half */
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

static double at(const struct contour *k, int i, int j)
{
    i = i < 0 ? 0 : i < k->m ? i : k->m - 1;
    j = j < 0 ? 0 : j < k->n ? j : k->n - 1;
    return k->v[(size_t)i * (size_t)k->n + (size_t)j];
}

/* At Y, X in cells of the map, middles at .5. */
static double between(const struct contour *k, double y, double x)
{
    int i = (int)floor(y -= 0.5), j = (int)floor(x -= 0.5);
    double p = y - i, q = x - j;
    return (1 - p) * ((1 - q) * at(k, i, j) + q * at(k, i, j + 1)) +
           p * ((1 - q) * at(k, i + 1, j) + q * at(k, i + 1, j + 1));
}

static unsigned char band(const struct contour *k, double v)
{
    unsigned char n = 0;
    while (n < k->n_levels && v >= k->level[n])
        n++;
    return isnan(v) ? 255 : n;
}

/* The bands at W x H evenly spaced places. free() it. */
static unsigned char *bands_of(const struct contour *k, int w, int h)
{
    unsigned char *bands = xmalloc((size_t)w * (size_t)h + 1);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            bands[y * w + x] = band(k, between(k, (y + 0.5) * k->m / h, (x + 0.5) * k->n / w));
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

/* How well a number of LENGTH cells stands at (x, y): where the line is level, away from what is taken, not at the edge.
 * Negative: it cannot stand there. */
static double merit(const unsigned char *bands, const bool *taken, struct rect r, int level, int x, int y, int length)
{
    int crossed = 0;
    for (int i = -1; i <= length; i++) {
        if (x + i < 0 || x + i >= r.w || taken[y * r.w + x + i])
            return -1;
        unsigned char here = bands[y * r.w + x + i], below = y + 1 < r.h ? bands[(y + 1) * r.w + x + i] : here;
        bool line = (here > level) != (below > level) ||
                    (i < length && (here > level) != (bands[y * r.w + x + i + 1] > level));
        crossed += line && i >= 0 && i < length;
    }
    if (crossed == 0)
        return -1;
    double edge = fmin(fmin(x, r.w - x - length), 3 * fmin(y, r.h - 1 - y));
    double near = 0;
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -3; dx < length + 3; dx++)
            if (x + dx >= 0 && x + dx < r.w && y + dy >= 0 && y + dy < r.h)
                near += taken[(y + dy) * r.w + x + dx];
    return 10 + 4 * crossed + fmin(edge, 6) - 2 * near;
}

void contour_label(struct canvas *c, struct rect r, const struct look *l, const struct contour *k, bool *taken)
{
    if (r.w < 12 || r.h < 4 || k->n_levels == 0)
        return;
    unsigned char *bands = bands_of(k, r.w, r.h);
    char text[CONTOUR_LEVELS][PLOT_LABEL];
    double written[CONTOUR_LEVELS];
    for (int i = 0; i < k->n_levels; i++)
        written[i] = k->level[i] * k->factor;
    plot_tick_labels(written, k->n_levels, false, text);
    for (int i = k->n_levels - 1; i >= 0; i--) {
        int length = (int)strlen(text[i]), best_x = -1, best_y = 0;
        double best = 0;
        for (int y = 0; y < r.h; y++)
            for (int x = 0; x + length <= r.w; x++) {
                double m = merit(bands, taken, r, i, x, y, length);
                if (m > best)
                    best = m, best_x = x, best_y = y;
            }
        for (int q = 0; best_x >= 0 && q < length; q++) {
            struct cell *cell = &c->cells[(r.y + best_y) * c->w + r.x + best_x + q];
            rgb ground = map_ground(l, cell);
            canvas_put(c, r.x + best_x + q, r.y + best_y, (uint32_t)text[i][q],
                       (struct style){map_ink(l, ground), ground, 0});
            taken[best_y * r.w + best_x + q] = true;
        }
    }
    free(bands);
}
