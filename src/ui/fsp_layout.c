/* Matrices are enlarged or reduced by whole factors only, so most of the work is to find factors that use the room. Two
 * arrangements:
 *
 * One pair (small screens, blocks): teacher, student and difference side by side, or the difference below the teacher
 * where that shows the largest matrix larger (80 columns); what is left takes the read-out and the plot.
 *
 * All pairs: a band each, growing in turn the one that is shown smallest while there is still room for a panel (read-out
 * and plot): at the right of all bands, at the right of the first, or below. */
#include "fsp_layout.h"

enum { GAP = 2, ALL_W = 104, ALL_H = 41, BAND_EXTRA = 3, COLUMN_MIN = 20, PANEL_W = 34, PANEL_H = 9, ZOOM_MAX = 6 };
enum { READOUT_LINE = 76, TABLE_ROWS = 8, PLOT_MIN = 5, PICTURE_W = 16, PICTURE_H = 8, WORDS_ROWS = 4 };

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int parts(int n, int d)
{
    return (n + d - 1) / d;
}

/* Columns of an element at zoom 1: one pixel, or two characters beside each other, so that it is square. */
static int columns(struct fsp_shape s, int tall)
{
    return tall == 1 ? 2 * s.n : s.n;
}

int fsp_zoom(struct fsp_shape s, int w, int h, int tall)
{
    int n = columns(s, tall);
    if (s.m < 1 || n < 1 || w < 1 || h < 1)
        return 1;
    if (n <= w && s.m <= h * tall)
        return smaller(w / n, h * tall / s.m);
    int d = larger(larger(parts(n, w), parts(s.m, h * tall)), 2);
    return -(tall == 1 && d % 2 ? d + 1 : d);
}

void fsp_zoomed(struct fsp_shape s, int zoom, int tall, int *w, int *h)
{
    int n = columns(s, tall);
    *w = zoom > 0 ? n * zoom : parts(n, -zoom);
    *h = parts(zoom > 0 ? s.m * zoom : parts(s.m, -zoom), tall);
}

void fsp_reduction(int zoom, int tall, int *di, int *dj)
{
    *di = zoom < 0 ? -zoom : 1;
    *dj = tall == 1 && zoom < 0 ? *di / 2 : *di;
}

static int grown(int zoom, int tall)
{
    return zoom == -2 ? 1 : zoom < 0 && tall == 1 ? zoom + 2 : zoom + 1;
}

static struct rect at(int x, int y, int w, int h)
{
    return (struct rect){x, y, w, h};
}

/* ---- one pair ---- */

/* Title, map of W x H and bar of three columns. */
static void side_by_side(struct fsp_band *b, struct rect r, int column, int w, int h)
{
    for (int k = 0; k < 3; k++) {
        int x = r.x + k * (column + GAP);
        b->title[k] = at(x, r.y, column, 1);
        b->map[k] = at(x, r.y + 1, w, h);
    }
    b->bar[0] = at(r.x, r.y + 1 + h, 2 * column + GAP, 1);
    b->bar[1] = at(b->map[2].x, r.y + 1 + h, column, 1);
}

/* The difference below the teacher; the room beside it is returned. */
static struct rect two_by_two(struct fsp_band *b, struct rect r, int column, int w, int h)
{
    int y = r.y + h + 2, right = r.x + column + GAP;
    for (int k = 0; k < 3; k++) {
        int x = k == 1 ? right : r.x, top = k == 2 ? y : r.y;
        b->title[k] = at(x, top, column, 1);
        b->map[k] = at(x, top + 1, w, h);
    }
    b->bar[0] = at(r.x, r.y + 1 + h, 2 * column + GAP, 1);
    b->bar[1] = at(r.x, y + 1 + h, column, 1);
    return at(right, y, r.x + r.w - right, r.y + r.h - y);
}

/* The read-out, and below it what else there is: a plot, or a picture with words (and the read-out as a table beside it
 * where there is room). */
static void below(struct fsp_layout *l, struct rect r, bool block)
{
    int lines = r.w >= READOUT_LINE ? 1 : 2;
    bool table = block && r.w >= READOUT_LINE && r.h >= WORDS_ROWS + TABLE_ROWS + 1;
    if (!table)
        l->readout = rect_top(&r, smaller(lines, r.h));
    if (!block) {
        if (r.h >= PLOT_MIN)
            l->plot = r;
        return;
    }
    if (table)
        rect_top(&r, 1);
    int f = r.w >= 3 * PICTURE_W + 20 && r.h >= 2 * PICTURE_H ? 2 : 1;
    if (r.h >= PICTURE_H * f && r.w >= PICTURE_W * f) {
        struct rect left = rect_left(&r, PICTURE_W * f + GAP);
        l->picture = at(left.x, left.y, PICTURE_W * f, PICTURE_H * f);
    }
    l->words = table ? rect_top(&r, WORDS_ROWS) : r;
    if (table)
        l->readout = r;
}

static struct fsp_layout one(struct rect r, struct fsp_shape shown, struct fsp_shape largest, int tall, bool block)
{
    struct fsp_layout l = {.n_bands = 1};
    l.head = rect_top(&r, 1);
    l.tabs = rect_top(&r, 1);
    int lines = r.w >= READOUT_LINE ? 1 : 2, rest = block ? PICTURE_H : PLOT_MIN;
    int column = larger((r.w - 2 * GAP) / 3, 1), h = r.h - 2 - lines - rest, w;
    if (h < 4)
        h = larger(r.h - 2 - lines, 1);
    int wide = larger((r.w - GAP) / 2, 1), low = (r.h - 4) / 2;
    bool square = low >= 6 && fsp_zoom(largest, wide, low, tall) > fsp_zoom(largest, column, h, tall);
    if (square)
        column = wide, h = low;
    int used = h;
    w = column;
    l.band[0].zoom = fsp_zoom(shown, column, h, tall);
    if (shown.m > 0 && shown.n > 0)
        fsp_zoomed(shown, l.band[0].zoom, tall, &w, &used);
    if (square) {
        below(&l, two_by_two(&l.band[0], r, column, w, used), block);
    } else {
        side_by_side(&l.band[0], rect_top(&r, used + 2), column, w, used);
        below(&l, r, block);
    }
    return l;
}

/* ---- all pairs ---- */

struct bands {
    int zoom[3], w[3], h[3]; /* of one map */
};

static int band_width(const struct bands *b, int i)
{
    return 3 * larger(b->w[i], COLUMN_MIN) + 2 * GAP;
}

static int bands_height(const struct bands *b)
{
    return b->h[0] + b->h[1] + b->h[2] + 3 * BAND_EXTRA;
}

/* The largest free place beside the bands of R; empty: there is none. */
static struct rect panel(struct rect r, const struct bands *b)
{
    int rest = r.w - larger(band_width(b, 0), larger(band_width(b, 1), band_width(b, 2))) - GAP;
    int corner = r.w - band_width(b, 0) - GAP, low = r.h - bands_height(b);
    const struct rect places[] = {
        at(r.x + r.w - rest, r.y, rest, r.h),
        at(r.x + r.w - corner, r.y, corner, b->h[0] + BAND_EXTRA),
        at(r.x, r.y + r.h - low, r.w, low),
    };
    struct rect best = {0};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (places[i].w >= PANEL_W && places[i].h >= PANEL_H && places[i].w * places[i].h > best.w * best.h)
            best = places[i];
    return best;
}

static void fill_panel(struct fsp_layout *l, struct rect p)
{
    if (p.h < TABLE_ROWS + 1 + PLOT_MIN || (p.w >= 2 * PANEL_W && p.h < 24)) {
        l->readout = rect_left(&p, PANEL_W);
        rect_left(&p, GAP);
    } else {
        l->readout = rect_top(&p, TABLE_ROWS);
        rect_top(&p, 1);
    }
    if (p.w >= 16 && p.h >= PLOT_MIN)
        l->plot = p;
}

/* Grows the pair that is shown smallest until nothing grows any more. */
static void grow(struct bands *b, struct rect r, const struct fsp_shape *shapes, int tall)
{
    bool done[3] = {false};
    for (;;) {
        int i = -1;
        for (int k = 0; k < 3; k++)
            if (!done[k] && (i < 0 || b->zoom[k] < b->zoom[i]))
                i = k;
        if (i < 0)
            return;
        struct bands next = *b;
        next.zoom[i] = grown(b->zoom[i], tall);
        fsp_zoomed(shapes[i], next.zoom[i], tall, &next.w[i], &next.h[i]);
        done[i] = next.zoom[i] > ZOOM_MAX || band_width(&next, i) > r.w || bands_height(&next) > r.h ||
                  panel(r, &next).w == 0;
        if (!done[i])
            *b = next;
    }
}

static bool all(struct fsp_layout *l, struct rect r, const struct fsp_shape *shapes, int tall)
{
    l->head = rect_top(&r, 1);
    struct bands b;
    for (int i = 0; i < 3; i++) {
        b.zoom[i] = smaller(fsp_zoom(shapes[i], (r.w - 2 * GAP) / 3, 4, tall), 1);
        fsp_zoomed(shapes[i], b.zoom[i], tall, &b.w[i], &b.h[i]);
    }
    if (bands_height(&b) > r.h || panel(r, &b).w == 0)
        return false;
    grow(&b, r, shapes, tall);
    fill_panel(l, panel(r, &b));
    l->n_bands = 3;
    for (int i = 0; i < 3; i++) {
        struct rect row = rect_top(&r, b.h[i] + BAND_EXTRA);
        row.w = band_width(&b, i);
        l->band[i].pair = i;
        l->band[i].zoom = b.zoom[i];
        l->band[i].heading = rect_top(&row, 1);
        side_by_side(&l->band[i], row, larger(b.w[i], COLUMN_MIN), b.w[i], b.h[i]);
    }
    return true;
}

/* ---- both ---- */

/* In a rectangle that is too small for anything, what would leave it is cut. */
static void clip(struct fsp_layout *l, struct rect r)
{
    struct rect *const single[] = {&l->head, &l->tabs, &l->readout, &l->plot, &l->picture, &l->words};
    for (size_t i = 0; i < ARRAY_LEN(single); i++)
        *single[i] = rect_and(*single[i], r);
    for (int b = 0; b < l->n_bands; b++) {
        struct fsp_band *band = &l->band[b];
        band->heading = rect_and(band->heading, r);
        for (int k = 0; k < 3; k++) {
            band->title[k] = rect_and(band->title[k], r);
            band->map[k] = rect_and(band->map[k], r);
            if (k < 2)
                band->bar[k] = rect_and(band->bar[k], r);
        }
    }
}

struct fsp_layout fsp_layout(struct rect r, const struct fsp_shape shapes[3], int chosen, int tall)
{
    struct fsp_layout l = {0};
    if (r.w >= ALL_W && r.h >= ALL_H && all(&l, r, shapes, tall))
        return l;
    struct fsp_shape largest = {0};
    for (int i = 0; i < 3; i++) {
        largest.m = larger(largest.m, shapes[i].m);
        largest.n = larger(largest.n, shapes[i].n);
    }
    l = one(r, shapes[chosen], largest, tall, false);
    l.band[0].pair = chosen;
    clip(&l, r);
    return l;
}

struct fsp_layout fsp_layout_block(struct rect r, struct fsp_shape shape, int tall)
{
    struct fsp_layout l = one(r, shape, shape, tall, true);
    clip(&l, r);
    return l;
}
