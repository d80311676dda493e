/* fsp_figure: what the FSP screen shows as a picture for a file: every matrix enlarged by a whole factor, with axes, colour
 * bars and a caption that says where it comes from. */
#ifndef FSPLAB_UI_FSP_FIGURE_H
#define FSPLAB_UI_FSP_FIGURE_H

#include "../io/picture.h"
#include "model.h"

struct fsp_figure {
    struct picture picture;
    int n_bands; /* 3, or 1 in block mode */
    struct {
        int x, y, factor; /* top left and size of an element, in pixels; factor 0: no map */
    } map[3][3];          /* [pair][teacher, student, difference] */
};

/* Of the model's recorded step, or in block mode (sel.probe_block > 0) of its probe. There must be something to show
 * (fsp_why_nothing). root: colours by square roots, as fsp_shown_make. */
void fsp_figure_draw(struct fsp_figure *, const struct model *, bool root);
void fsp_figure_release(struct fsp_figure *);

/* Writes it to RUNS/STUDY/export/fsp-trialN-stepS[-blockB].png, making the folder; PATH gets the name. ERR_STATE with
 * the sentence when there is nothing to show; else as png_write. */
bool fsp_export(const struct model *, bool root, char *path, size_t cap, struct err *);

#endif
