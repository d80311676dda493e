/* run_layout: where things stand on the Run screen, as a function of its rectangle and of whether there are accuracies to
 * show. Parts that are left out are empty; no two overlap. */
#ifndef FSPLAB_UI_RUN_LAYOUT_H
#define FSPLAB_UI_RUN_LAYOUT_H

#include "canvas.h"

struct run_layout {
    struct rect head; /* what runs, progress, rates: 3 rows */
    struct rect losses, accuracies;
    struct rect tune;             /* lambda and lr: 1 row, the last */
    struct rect fsp, map, device; /* the dashboard, from 160x40 on */
};
struct run_layout run_layout(struct rect, bool accuracies);

#endif
