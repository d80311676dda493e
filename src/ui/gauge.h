/* gauge: quantities as bars and filled histories, finer than a cell where the terminal has the characters for it. Every
 * part is known to be in [0, 1] or is NaN: not known, and then nothing is drawn but the empty track. */
#ifndef FSPLAB_UI_GAUGE_H
#define FSPLAB_UI_GAUGE_H

#include "theme.h"

/* A bar in the first row of the rectangle, by eighths of a cell; the rest of it is a thin track. */
void gauge_bar(struct canvas *, struct rect, const struct look *, double part, enum theme_role);

enum { GAUGE_PARTS = 9 };
/* Parts of a whole beside each other in one row. The parts' sum is at most 1; what is left is track. */
void gauge_stack(struct canvas *, struct rect, const struct look *, const double *part, int n);
/* What the i-th part looks like: for a legend. */
uint32_t gauge_stack_glyph(const struct look *, int i, struct style *);

/* How many values a history of that many columns has: two a column in braille. */
int gauge_history_values(const struct look *, int columns);
/* The last of them stands at the right edge. 0 is drawn as a line at the bottom, NaN is a gap. */
void gauge_history(struct canvas *, struct rect, const struct look *, const double *part, int n, enum theme_role);

#endif
