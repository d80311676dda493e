/* Wide: the three maps side by side, everything else below them, in line with one each. Else one map, with a column at its
 * right that gets the legend, then what matters, then the best trials; the values over trials stand below the map on a high
 * screen. What has no place there has a page of its own, which takes the map's place, or that of the values. */
#include "search_layout.h"

enum {
    WIDE = 150,
    HIGH = 50, /* from here on there are two rows of panels */
    GUTTER = 8,
    GAP = 2,
    SIDE = 38,
    MAP_MIN_W = 24,
    SLICE_MIN_W = 30,
    PANEL_H = 11,
    LEGEND_ROWS = 10,
    BEST_ROWS = 6,
    WORDS_ROWS = 4
};

struct search_pane search_pane(struct rect r, bool numbers, bool bar)
{
    struct search_pane p = {0};
    if (r.w < 16 || r.h < 5)
        return p;
    p.title = rect_top(&r, 1);
    if (bar)
        p.bar = rect_bottom(&r, 1);
    p.below = rect_bottom(&r, 1);
    p.left = rect_left(&r, numbers ? GUTTER : 1);
    p.map = r;
    rect_left(&p.below, p.left.w);
    rect_left(&p.bar, p.left.w);
    return p;
}

/* In line with the maps above. */
static void below_maps(const struct search_layout *l, struct rect r, struct rect *const parts[3])
{
    for (int k = 0; k < 3; k++) {
        int x = k == 0 ? r.x : l->pane[k].map.x, end = l->pane[k].map.x + l->pane[k].map.w;
        *parts[k] = (struct rect){x, r.y, end - x, r.h};
    }
}

static struct rect panel(struct rect *r)
{
    struct rect p = rect_bottom(r, r->h / 4 > PANEL_H ? r->h / 4 : PANEL_H);
    rect_bottom(r, 1);
    return p;
}

/* Slices and weights have a row of their own where it is high enough, else they take turns with the other one. */
static void wide(struct search_layout *l, struct rect r, enum search_page page)
{
    struct rect *const about[] = {&l->history, &l->best, &l->legend};
    struct rect *const through[] = {&l->slice[0], &l->slice[1], &l->weights};
    rect_bottom(&r, 1);
    struct rect lower, upper = {0};
    if (r.h >= HIGH) {
        lower = rect_bottom(&r, PANEL_H);
        rect_bottom(&r, 1);
        upper = rect_bottom(&r, PANEL_H);
        rect_bottom(&r, 1);
    } else {
        lower = panel(&r);
        l->pages |= 1U << PAGE_SLICES;
    }
    l->n_panes = 3;
    int w = (r.w - GUTTER + 1 - 2 * GAP) / 3;
    for (int k = 0; k < 3; k++) {
        l->pane[k] = search_pane(rect_left(&r, k == 0 ? w + GUTTER - 1 : w), k == 0, true);
        rect_left(&r, GAP);
    }
    if (upper.h > 0)
        below_maps(l, upper, through);
    below_maps(l, lower, upper.h == 0 && page == PAGE_SLICES ? through : about);
}

/* Legend, weights where they leave room for a few of the best trials, these, and the values over trials. */
static void side_column(struct search_layout *l, struct rect r, int dims, bool history)
{
    int weights = dims + 1 + WORDS_ROWS;
    l->legend = rect_top(&r, LEGEND_ROWS);
    rect_top(&r, 1);
    if (history && r.h >= 2 * PANEL_H)
        l->history = rect_bottom(&r, r.h - PANEL_H);
    if (dims > 1 && r.w >= SIDE && r.h >= weights + BEST_ROWS) {
        l->weights = rect_top(&r, weights);
        rect_top(&r, 1);
    }
    l->best = r;
}

/* Side by side, or one above the other. */
static void place_slices(struct search_layout *l, struct rect r)
{
    if (r.w >= 2 * SLICE_MIN_W + GAP) {
        l->slice[0] = rect_left(&r, (r.w - GAP) / 2);
        rect_left(&r, GAP);
    } else {
        l->slice[0] = rect_top(&r, r.h / 2);
    }
    l->slice[1] = r;
}

/* What takes the place of the map, or of the values below it. */
static void turn_page(struct search_layout *l, struct rect map, int dims, enum search_page page)
{
    bool below = l->history.h > 0 && l->history.y > map.y; /* under the map */
    if (dims > 1)
        l->pages |= 1U << PAGE_SLICES | (l->weights.h > 0 ? 0 : 1U << PAGE_WEIGHTS);
    l->pages |= l->history.h > 0 ? 0 : 1U << PAGE_HISTORY;
    if (!(l->pages & 1U << page) || page == PAGE_MAP)
        return;
    if (below && page == PAGE_SLICES) {
        struct rect r = l->history;
        l->history = (struct rect){0};
        place_slices(l, r);
        return;
    }
    l->n_panes = 0;
    if (page == PAGE_SLICES)
        place_slices(l, map);
    else
        *(page == PAGE_HISTORY ? &l->history : &l->weights) = map;
}

struct search_layout search_layout(struct rect r, int dims, enum search_page page)
{
    struct search_layout l = {.pages = 1U << PAGE_MAP};
    l.head = rect_top(&r, 1);
    l.readout = rect_bottom(&r, r.w >= 110 ? 1 : 2);
    if (r.w >= WIDE && r.h >= 30 && dims != 1) {
        wide(&l, r, page);
        return l;
    }
    l.n_panes = 1;
    int side = r.w >= 110 ? SIDE : 25;
    bool below = false;
    if (r.w - side - GAP - GUTTER >= MAP_MIN_W) {
        struct rect column = rect_right(&r, side);
        rect_right(&r, GAP);
        below = r.h >= 30;
        side_column(&l, column, dims, !below && side >= 30);
    }
    if (below)
        l.history = panel(&r);
    l.pane[0] = search_pane(r, true, true);
    turn_page(&l, r, dims, page);
    return l;
}
