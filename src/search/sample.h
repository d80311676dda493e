/* sample: points in the unit cube. Sobol with Joe & Kuo's direction numbers (new-joe-kuo-6, SIAM J. Sci. Comput. 30,
 * 2008), first 16 dimensions, gray-code order, with a random digital shift (XOR); and plain pseudo-random.
 * 2^32 points, then the sequence starts again. */
#ifndef FSPLAB_SAMPLE_H
#define FSPLAB_SAMPLE_H

#include "space.h"

struct sobol {
    int dim;
    uint32_t index, shift[SPACE_MAX], state[SPACE_MAX];
};
/* SEED 0 = unshifted (the published sequence, starting with its first point 0). 1 <= dim <= 16. */
void sobol_init(struct sobol *, int dim, uint64_t seed);
void sobol_next(struct sobol *, double *u); /* u[dim] in [0, 1) */
/* The I-th point (0-based) of the same sequence, without state. */
void sobol_at(int dim, uint64_t seed, uint32_t i, double *u);

/* One point with every coordinate uniform in [0, 1). */
void sample_uniform(struct rng *, int dim, double *u);

#endif
