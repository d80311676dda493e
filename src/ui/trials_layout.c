/* Wide: the detail has a column of its own at the right, and what else is asked for stands below the table. Else there is
 * one place below the table, for the detail or for a picture; a low window gives more of itself to a picture, of which half a
 * table's rows would be nothing. */
#include "trials_layout.h"

enum { WIDE = 140, HIGH = 30, DETAIL_W = 48, DETAIL_LOW = 6, DETAIL_HIGH = 10 };

bool trials_is_wide(struct rect r)
{
    return r.w >= WIDE;
}

static int below_rows(struct rect r, enum trials_pane pane, bool wide)
{
    if (pane == PANE_NONE || (pane == PANE_DETAIL && wide))
        return 0;
    if (pane == PANE_DETAIL)
        return r.h < HIGH ? DETAIL_LOW : DETAIL_HIGH;
    return r.h * (r.h < HIGH ? 11 : 9) / 20;
}

struct trials_layout trials_layout(struct rect r, enum trials_pane pane)
{
    struct trials_layout l = {0};
    bool wide = trials_is_wide(r);
    l.head = rect_top(&r, 1);
    if (wide) {
        l.detail = rect_right(&r, DETAIL_W);
        rect_right(&r, 2);
    }
    int below = below_rows(r, pane, wide);
    if (below > 0 && r.h - below >= 5) {
        struct rect room = rect_bottom(&r, below);
        l.rule = rect_bottom(&r, 1);
        if (pane == PANE_DETAIL && !wide)
            l.detail = room;
        else
            l.picture = room;
    }
    l.columns = rect_top(&r, 1);
    l.rows = r;
    return l;
}
