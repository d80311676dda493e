/* search_impl: what the files that draw the Search screen share: search_axes.c (scales, axes), search_draw.c (maps),
 * search_cut.c (curves over one setting), search_words.c and search_weights.c (what stands around them). */
#ifndef FSPLAB_UI_SEARCH_IMPL_H
#define FSPLAB_UI_SEARCH_IMPL_H

#include "search_draw.h"

struct search_scale {
    double lo, hi;
};

/* What the acquisition is called. */
const char *search_worth_name(const struct belief_picture *);
/* One of the picture's maps, and from where to where its values go. */
const float *search_values(const struct belief_picture *, enum search_map);
struct search_scale search_scale_of(const struct belief_picture *, enum search_map);
/* Why there is no picture. */
const char *search_waiting(const struct search_scene *);

/* Axes of a setting at the left of a map and below it. */
void search_draw_left(struct canvas *, struct rect, const struct look *, const struct dim *);
void search_draw_below(struct canvas *, struct rect, const struct look *, const struct dim *);
void search_draw_title(struct canvas *, const struct search_pane *, const struct look *, const char *title,
                       const char *rows);
/* Which of N cells a unit coordinate lies in; its high end is in the last one. */
int search_step(double u, int n);
/* A value of a setting, for reading: the name of a category, else so many digits. */
void search_value_text(const struct dim *, double value, int digits, char *buf, size_t cap);

#endif
