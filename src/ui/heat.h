/* heat: a matrix as a coloured map in a rectangle: two values a cell by half-blocks, or shades of characters where
 * there are no colours or no UTF-8. A matrix smaller than the room is enlarged by a whole factor, a larger one is
 * averaged down. Pure: draws into a canvas. */
#ifndef FSPLAB_UI_HEAT_H
#define FSPLAB_UI_HEAT_H

#include "theme.h"

struct heat {
    int m, n;       /* rows, columns */
    const float *v; /* (m, n) row-major; NaN has a colour of its own */
    enum colormap map;
    double lo, hi;          /* the colours' ends; lo == hi: everything has the middle colour */
    int cursor_i, cursor_j; /* -1: none */
};

/* Where the map stands inside of the rectangle: its top left is kept, the rest of the room stays untouched. */
struct rect heat_area(struct rect, const struct look *, const struct heat *);
void heat_draw(struct canvas *, struct rect, const struct look *, const struct heat *);
/* The element under a cell (of several, the first); false: none. */
bool heat_at(struct rect, const struct look *, const struct heat *, int x, int y, int *i, int *j);
/* A horizontal colour bar with the numbers of its ends and middle, in one row (or two: the numbers below). */
void heat_bar(struct canvas *, struct rect, const struct look *, enum colormap, double lo, double hi);
/* A picture of (h, w) pixels, 3 bytes each, by half-blocks; shades of grey on fewer colours. */
void heat_picture(struct canvas *, struct rect, const struct look *, int w, int h, const uint8_t *rgb24);

#endif
