/* search_draw: the parts of the Search screen: a map of the belief with axes, lines and marks; the cut of a search over one
 * setting; and what stands around them. Pure: draws into a canvas. */
#ifndef FSPLAB_UI_SEARCH_DRAW_H
#define FSPLAB_UI_SEARCH_DRAW_H

#include "search_layout.h"
#include "search_scene.h"

enum search_map { MAP_MEAN, MAP_SIGMA, MAP_WORTH, MAP_COUNT };

/* How it is looked at. */
struct search_look {
    enum search_map map;
    int column, row; /* which searched dimensions; equal: a cut */
    bool plain;      /* no contour lines */
    bool cursor;     /* shown */
    double u, v;     /* of the cursor, 0..1 from the low ends */
    bool box;        /* shown, from a corner to the cursor */
    double box_u, box_v;
};

/* Pixels of a pane's map: columns, and rows of which two may be in a cell. */
void search_pixels(const struct look *, struct rect map, int *columns, int *rows);
/* The characters of a trial's state, and of both bests. */
uint32_t search_mark_rune(const struct look *, enum search_mark);
uint32_t search_best_rune(const struct look *);
uint32_t search_best_mean_rune(const struct look *);

/* One map, with what frames it. */
void search_draw_map(struct canvas *, const struct search_pane *, const struct look *, const struct search_scene *,
                     const struct search_look *);
/* A cut: the mean and two standard deviations around it, and below it what a trial is worth. */
void search_draw_cut(struct canvas *, const struct search_pane *, const struct look *, const struct search_scene *,
                     const struct search_look *);
/* Through the cursor along the columns' setting, or the ROWS': that row or column of the picture's cells. */
void search_draw_slice(struct canvas *, struct rect, const struct look *, const struct search_scene *,
                       const struct search_look *, bool rows);
/* How much each setting matters (belief.h), and what was fitted, in words. */
void search_draw_weights(struct canvas *, struct rect, const struct look *, const struct search_scene *);
/* The words alone: "lambda matters over a factor of 8; transfer_lr hardly; noise +-0.6 points". "": nothing is fitted. */
void search_hyper_text(const struct look *, const struct search_scene *, char *buf, size_t cap);
void search_draw_head(struct canvas *, struct rect, const struct look *, const struct search_scene *);
void search_draw_legend(struct canvas *, struct rect, const struct look *, const struct search_scene *);
void search_draw_history(struct canvas *, struct rect, const struct look *, const struct search_scene *);
void search_draw_best(struct canvas *, struct rect, const struct look *, const struct search_scene *, int selected);
void search_draw_readout(struct canvas *, struct rect, const struct look *, const struct search_scene *,
                         const struct search_look *);

#endif
