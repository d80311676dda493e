/* Small: one column, the losses get three fifths. Wide: losses and accuracies side by side. Dashboard: the curves keep the
 * left, the other three share the right. */
#include "run_layout.h"

enum { HEAD_ROWS = 3, DASH_W = 158, DASH_H = 40, WIDE = 120 };

/* Curves in ROOM: losses alone, above accuracies, or beside them. */
static void place_curves(struct run_layout *l, struct rect room, bool accuracies, bool beside)
{
    if (!accuracies)
        l->losses = room;
    else if (beside)
        l->losses = rect_left(&room, room.w * 3 / 5);
    else
        l->losses = rect_top(&room, room.h * 3 / 5);
    if (accuracies)
        l->accuracies = room;
}

struct run_layout run_layout(struct rect r, bool accuracies)
{
    struct run_layout l = {0};
    l.head = rect_top(&r, HEAD_ROWS);
    l.tune = rect_bottom(&r, 1);
    if (r.w >= DASH_W && r.h >= DASH_H - HEAD_ROWS - 1) {
        place_curves(&l, rect_left(&r, r.w / 2), accuracies, false);
        l.fsp = rect_top(&r, r.h / 2);
        l.map = rect_left(&r, r.w / 2);
        l.device = r;
    } else {
        place_curves(&l, r, accuracies, r.w >= WIDE && r.h < 30);
    }
    return l;
}
