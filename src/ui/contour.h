/* contour: lines of equal value over a map that is drawn already (heat.h), with numbers on them. Braille dots, quarter
 * blocks, or, where there are only characters, numbers alone. Pure: draws into a canvas. */
#ifndef FSPLAB_UI_CONTOUR_H
#define FSPLAB_UI_CONTOUR_H

#include "theme.h"

enum { CONTOUR_LEVELS = 12 };

struct contour {
    int m, n;       /* rows, columns */
    const float *v; /* (m, n) row-major; no line where it is NaN */
    double factor;  /* of the values, to get what is written on the lines */
    int n_levels;
    double level[CONTOUR_LEVELS]; /* ascending, in the values' units */
};

/* At most MAX round levels inside the values' range from LO to HI (times factor). */
void contour_levels(struct contour *, double lo, double hi, int max);
/* Lines in the rectangle, which the values fill. */
void contour_draw(struct canvas *, struct rect, const struct look *, const struct contour *);
/* Then a number a level, where its line has room for it. TAKEN (r.h, r.w): cells that must stay; those of the numbers are
 * added. */
void contour_label(struct canvas *, struct rect, const struct look *, const struct contour *, bool *taken);

/* The colour a character stands on that is put into a cell of a map, and the one it can be read in there. */
rgb map_ground(const struct look *, const struct cell *);
rgb map_ink(const struct look *, rgb ground);

#endif
