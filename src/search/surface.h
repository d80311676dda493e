/* surface: functions with a known maximum on which searches are compared. All are maximised. */
#ifndef FSPLAB_SURFACE_H
#define FSPLAB_SURFACE_H

#include "space.h"

struct surface {
    const char *name, *about;
    int dim;
    int evaluations; /* as a comparison usually has them */
    double sigma;    /* standard deviation of the noise on an observation; 0: none */
    double best;     /* the maximum regrets are counted from */
    double min[6], max[6];
    double (*value)(const double *x);
};

/*
 * kd        accuracy in per cent over (log10 lambda, log10 lr) as distillation has it: a ridge, a slope towards small
 *           rates, collapse to chance where lambda and lr are large. With a = -1 + 3 u_0, b = -3 + 3 u_1:
 *           acc = 75 - 1.2 (a - 0.6)^2 - 3 (b + 1.25 + 0.25 (a - 0.6))^2 - 1.5 max(0, -1.9 - b)^2,
 *           p = 1 / (1 + exp(-(b + 0.5 a - 0.05) / 0.05)), value = acc (1 - p) + p. best: of a 401 x 401 grid.
 * branin    minus Branin's function, x_0 in [-5, 10], x_1 in [0, 15]; three equal maxima.
 * hartmann6 minus Hartmann's function of 6 dimensions on the unit cube; hartmann6n observes it with noise.
 * ackley5   minus Ackley's function: a plain of small waves with one funnel, at 0, x_i in [-32.768, 32.768].
 * levy4     minus Levy's function, x_i in [-10, 10]; its maximum at (1, 1, 1, 1) among many.
 */
extern const struct surface surfaces[];
extern const int n_surfaces;
const struct surface *surface_find(const char *name); /* NULL: there is none */

/* The search space of a surface; COUNT > 0: with that many cells a dimension, points in their middles (for a grid). */
struct space surface_space(const struct surface *, int count);

#endif
