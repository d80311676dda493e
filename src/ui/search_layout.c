/* Wide: the three maps side by side, everything else below them, in line with one each. Else one map, with a column at its right that gets the
 * legend, then the best trials, then, where it is broad enough, the values over trials; on a high screen these stand below
 * the map. */
#include "search_layout.h"

enum { WIDE = 150, GUTTER = 8, GAP = 2, MAP_MIN_W = 24, PANEL_H = 11, LEGEND_ROWS = 10 };

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
static void below_maps(struct search_layout *l, struct rect r)
{
    struct rect *const parts[] = {&l->history, &l->best, &l->legend};
    for (int k = 0; k < 3; k++) {
        int x = k == 0 ? r.x : l->pane[k].map.x, end = l->pane[k].map.x + l->pane[k].map.w;
        *parts[k] = (struct rect){x, r.y, end - x, r.h};
    }
}

static void side_column(struct search_layout *l, struct rect r, bool history)
{
    l->legend = rect_top(&r, LEGEND_ROWS);
    rect_top(&r, 1);
    if (history && r.h >= 2 * PANEL_H)
        l->history = rect_bottom(&r, r.h - PANEL_H);
    l->best = r;
}

struct search_layout search_layout(struct rect r, bool cut)
{
    struct search_layout l = {0};
    l.head = rect_top(&r, 1);
    l.readout = rect_bottom(&r, r.w >= 110 ? 1 : 2);
    if (r.w >= WIDE && r.h >= 30 && !cut) {
        rect_bottom(&r, 1);
        struct rect panel = rect_bottom(&r, r.h / 4 > PANEL_H ? r.h / 4 : PANEL_H);
        rect_bottom(&r, 1);
        l.n_panes = 3;
        int w = (r.w - GUTTER + 1 - 2 * GAP) / 3;
        for (int k = 0; k < 3; k++) {
            l.pane[k] = search_pane(rect_left(&r, k == 0 ? w + GUTTER - 1 : w), k == 0, true);
            rect_left(&r, GAP);
        }
        below_maps(&l, panel);
        return l;
    }
    l.n_panes = 1;
    int side = r.w >= 110 ? 38 : 25;
    if (r.w - side - GAP - GUTTER >= MAP_MIN_W) {
        struct rect column = rect_right(&r, side);
        rect_right(&r, GAP);
        bool below = r.h >= 30;
        side_column(&l, column, !below && side >= 30);
        if (below) {
            l.history = rect_bottom(&r, r.h / 4 > PANEL_H ? r.h / 4 : PANEL_H);
            rect_bottom(&r, 1);
        }
    }
    l.pane[0] = search_pane(r, true, true);
    return l;
}
