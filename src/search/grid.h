/* grid: Algorithm 1 of Kim & Bae (2020): every combination of init + i*step (log dimensions: init * ratio^i), the
 * last dimension fastest, both ends included. */
#ifndef FSPLAB_GRID_H
#define FSPLAB_GRID_H

#include "space.h"

/* Number of points, the product of the counts; -1 with ERR_CONFIG when a float dimension with min < max has no
 * count (the message names it and shows how to give one) or the product exceeds 1e9. Integer and category dimensions
 * without a count take every value. A dimension with min == max counts 1. */
int64_t grid_size(const struct space *, struct err *);
void grid_point(const struct space *, int64_t i, double *x);
/* The number of the point X, -1 if the grid has no such point. */
int64_t grid_find(const struct space *, const double *x);

#endif
