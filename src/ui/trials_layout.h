/* trials_layout: where things stand on the Trials screen, as a function of its rectangle. No two parts overlap, none leaves
 * the rectangle; a part there is no room for, or that is not asked for, is empty. */
#ifndef FSPLAB_UI_TRIALS_LAYOUT_H
#define FSPLAB_UI_TRIALS_LAYOUT_H

#include "canvas.h"

/* What stands beside the table: v goes from one to the next. */
enum trials_pane { PANE_DETAIL, PANE_AXES, PANE_CURVES, PANE_NONE, PANE_COUNT };

struct trials_layout {
    struct rect head;    /* how many, how sorted, what is shown: 1 row */
    struct rect columns; /* their names: 1 row */
    struct rect rows;
    struct rect rule;    /* between the table and what is below: 1 row */
    struct rect picture; /* axes or curves */
    struct rect detail;  /* of the chosen trial */
};

/* Whether there is a column for the detail beside everything else. */
bool trials_is_wide(struct rect);
struct trials_layout trials_layout(struct rect, enum trials_pane);

#endif
