/* Small: one column, the losses get three fifths. Wide: losses and accuracies side by side. Dashboard: the curves keep the
 * left, the other three share the right. */
#include "run_layout.h"

enum { HEAD_ROWS = 3, DASH_W = 158, DASH_H = 40, WIDE = 120 };

struct run_layout run_layout(struct rect r)
{
    struct run_layout l = {0};
    l.head = rect_top(&r, HEAD_ROWS);
    l.tune = rect_bottom(&r, 1);
    if (r.w >= DASH_W && r.h >= DASH_H - HEAD_ROWS - 1) {
        struct rect left = rect_left(&r, r.w / 2);
        l.losses = rect_top(&left, left.h * 3 / 5);
        l.accuracies = left;
        l.fsp = rect_top(&r, r.h / 2);
        l.map = rect_left(&r, r.w / 2);
        l.device = r;
    } else if (r.w >= WIDE && r.h < 30) {
        l.losses = rect_left(&r, r.w * 3 / 5);
        l.accuracies = r;
    } else {
        l.losses = rect_top(&r, r.h * 3 / 5);
        l.accuracies = r;
    }
    return l;
}
