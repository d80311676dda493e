/* Small: the studies on the left, form and card share the right, three to two. Wide: a column each. The two texts below
 * the lists give way before the lists do. */
#include "setup_layout.h"

enum {
    WIDE_W = 150,
    ABOUT_ROWS = 4,
    HELP_ROWS = 3,
    HELP_ROWS_SMALL = 2,
    LIST_ROWS_MIN = 4,
    FACTS_ROWS = 26,
    PICTURE_FROM = 38
};

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* The inside of a frame: a list, and N rows below it where that leaves enough of the list. */
static struct rect split_inside(struct rect frame, int n, struct rect *below)
{
    struct rect inside = rect_inset(frame, 1, 1);
    *below = rect_bottom(&inside, clamp(inside.h - LIST_ROWS_MIN, 0, n));
    return inside;
}

struct setup_layout setup_layout(struct rect r)
{
    struct setup_layout l = {0};
    if (r.h >= 10)
        l.hint = rect_top(&r, 1);
    if (r.w >= WIDE_W) {
        l.studies = rect_left(&r, clamp(r.w / 5, 30, 44));
        l.card = rect_right(&r, clamp(r.w * 2 / 5, 60, 84));
    } else {
        l.studies = rect_left(&r, clamp(r.w * 3 / 10, 16, 34));
        l.card = rect_bottom(&r, r.h * 3 / 7);
    }
    l.form = r;
    l.list = split_inside(l.studies, ABOUT_ROWS, &l.about);
    l.fields = split_inside(l.form, l.form.h < 16 ? HELP_ROWS_SMALL : HELP_ROWS, &l.help);
    l.facts = rect_inset(l.card, 1, 1);
    if (l.facts.h >= PICTURE_FROM)
        l.picture = rect_bottom(&l.facts, l.facts.h - FACTS_ROWS);
    return l;
}
