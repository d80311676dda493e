/* surrogate: what the search believes after the trials so far. A Gaussian process (gp.h) fitted once to a copy of them;
 * then predictions, acquisition and pictures of it, in the units of the objective and of the parameters.
 *
 * Parameters go to the unit cube (ln for log dimensions, integers in the middle of their cell, categories by equality);
 * dimensions with min == max are left out. The objective is raised to a floor, surrogate_floor() of all values, where
 * failed trials are put too, and standardised: a collapsed trial says "not here" without stretching the scale on which
 * the good ones differ. Equal points are averaged. Trials outside the ranges (edited since) have their place beyond the
 * cube; those with another value of a dimension that is fixed now have none and are left out. Pending trials count in the acquisition alone; trials left out, not
 * at all. Past SURROGATE_TRIALS points it keeps the best half of that many and the latest of the rest.
 *
 * Deterministic in (space, trials, options). Not thread-safe: one owner, which may be another thread than the trials'. */
#ifndef FSPLAB_SURROGATE_H
#define FSPLAB_SURROGATE_H

#include "acqui.h"
#include "strategy.h"

#define SURROGATE_TRIALS 1000

struct surrogate_options {
    uint64_t seed;
    bool noise_free; /* the objective is declared free of noise */
};

struct surrogate;
/* NULL when there is nothing to model: no complete trial, or no dimension with min < max. */
struct surrogate *surrogate_new(const struct space *, const struct trials *, const struct surrogate_options *);
void surrogate_free(struct surrogate *);

/* Belief about the objective at X (values, space.n): mean and standard deviation of the posterior, noise not included. */
void surrogate_predict(const struct surrogate *, const double *x, double *mean, double *sigma);
/* ln of the improvement that is expected at X, in the objective's units. */
double surrogate_acquisition(struct surrogate *, const double *x);
/* The complete trial inside the space whose point has the highest posterior mean (its number; first of equals; -1: there
 * is none), and that mean. Trials left out of the fit and those known from elsewhere are not candidates. */
int surrogate_best(const struct surrogate *, double *mean);

/* A picture over two dimensions, the others as in AT (values, space.n): row 0 is the high end of ROW_DIM, column 0 the
 * low end of COLUMN_DIM, cells at their middles on the dimension's scale. Each of mean, sigma, acquisition is
 * (rows, columns) or NULL. With column_dim == row_dim a cut along it: rows must be 1. */
struct surrogate_slice {
    int column_dim, row_dim, columns, rows;
    const double *at;
    float *mean, *sigma, *acquisition;
};
void surrogate_slice(struct surrogate *, const struct surrogate_slice *);

/* med - 3 (max - med) of N >= 1 finite values; Q1 - 1.5 IQR where max = med; below all values where that says nothing
 * either. */
double surrogate_floor(const double *y, int n);

/* ---- for the strategy and importance.h: the process and its unit cube ---- */

const struct gp *surrogate_gp(const struct surrogate *);
int surrogate_dims(const struct surrogate *);       /* searched dimensions */
int surrogate_dim(const struct surrogate *, int j); /* the space's dimension behind coordinate j */
void surrogate_point(const struct surrogate *, const double *x, double *u); /* (space.n) -> (dims) */
struct acqui *surrogate_acqui(struct surrogate *); /* made on the first call; the surrogate's */

#endif
