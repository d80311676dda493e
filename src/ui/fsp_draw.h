/* fsp_draw: the parts of the FSP screen, each into the rectangles that fsp_layout gave it. */
#ifndef FSPLAB_UI_FSP_DRAW_H
#define FSPLAB_UI_FSP_DRAW_H

#include "fsp_layout.h"
#include "fsp_mats.h"
#include "plot.h"
#include "view.h"

/* What the figures on the screen refer to. */
struct fsp_focus {
    int pair, i, j; /* the chosen pair and the element under the cursor */
    bool block;
    bool root; /* colours by square roots */
};

/* Pixels a cell is high under that look: 2 or 1 (fsp_layout.h). */
int fsp_tall(const struct look *);
/* The rectangle of a band's map K (teacher, student, difference), as large as it is. */
struct rect fsp_map_area(const struct fsp_band *, int k, const struct fsp_pair *, const struct look *);

void fsp_draw_band(struct canvas *, const struct look *, const struct fsp_band *, const struct fsp_pair *,
                   const struct fsp_focus *);
/* The three pairs with shape and relative error; the chosen one, shown with that zoom, stands out. END: the
 * column behind each. */
void fsp_draw_tabs(struct canvas *, struct rect, const struct look *, const struct fsp_pair pairs[3], int chosen,
                   int zoom, int end[3]);
/* How many elements one of a reduced map stands for; nothing where it is not reduced. */
void fsp_draw_reduction(struct canvas *, struct rect, const struct look *, int zoom);
/* The values under the cursor and what follows from the matrices: a line or two, or a table. */
void fsp_draw_readout(struct canvas *, struct rect, const struct look *, const struct fsp_pair *,
                      const struct fsp_focus *);
/* The norm of each pair's difference over the transfer stage's steps, the shown one and changes made by hand marked. */
void fsp_draw_norms(struct canvas *, struct rect, const struct look *, const struct model *, int chosen);
/* The step under a column of that plot; -1: none. */
int fsp_norms_step_at(struct rect, const struct model *, int column);

/* "×", "−", "·" of texts become characters that every terminal has where the look asks for them. */
const char *fsp_plain(const struct look *, const char *utf8, char *buf, size_t cap);

#endif
