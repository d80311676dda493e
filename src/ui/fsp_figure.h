/* fsp_figure: what the FSP screen shows, for a file: every matrix enlarged by a whole factor, with axes and colour bars; or its
 * values as rows. */
#ifndef FSPLAB_UI_FSP_FIGURE_H
#define FSPLAB_UI_FSP_FIGURE_H

#include "export.h"

struct fsp_figure {
    int n_bands; /* 3, or 1 in block mode */
    struct {
        int x, y, factor; /* top left and size of an element, in pixels; factor 0: no map */
    } map[3][3];          /* [pair][teacher, student, difference] */
};

/* Of the model's recorded step, or in block mode (sel.probe_block > 0) of its probe: a picture. There must be something to
 * show (fsp_why_nothing). root: colours by square roots, as fsp_shown_make. */
bool fsp_figure_draw(struct fsp_figure *, struct sheet *, const struct model *, bool root, struct err *);

/* The same in the sheet's format, with its head: struct view's export. Rows are "pair,matrix,i,j,value". */
bool fsp_export(struct sheet *, const struct model *, bool root, struct err *);

#endif
