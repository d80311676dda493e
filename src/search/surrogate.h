/* surrogate: what the search believes after the trials so far. A Gaussian process (gp.h) fitted once to a copy of them;
 * then predictions, acquisition and pictures of it, in the units of the objective and of the parameters.
 *
 * Parameters go to the unit cube (ln for log dimensions, integers in the middle of their cell, categories by equality);
 * dimensions with min == max are left out. The objective is raised to a floor, surrogate_floor() of all values, where
 * failed trials are put too, and standardised: a collapsed trial says "not here" without stretching the scale on which
 * the good ones differ. Predicted trials (stopped early) are observations with the prediction's variance on top of the noise,
 * where there is no observation of their point. Equal points are averaged. Trials outside the ranges (edited since) have their
 * place beyond the cube; those with another value of a dimension that is fixed now have none and are left out. Pending trials
 * count in the acquisition alone; trials left out, not
 * at all. Past SURROGATE_TRIALS points it keeps the best half of that many and the latest of the rest.
 *
 * Deterministic in (space, trials, options). Not thread-safe: one owner, which may be another thread than the trials'. */
#ifndef FSPLAB_SURROGATE_H
#define FSPLAB_SURROGATE_H

#include "gp.h"
#include "strategy.h"

#define SURROGATE_TRIALS 1000

/* What another trial is to be worth:
 * IMPROVE  its own value: expected improvement over the best so far (acqui.h);
 * LEARN    what it tells about where the maximum is: knowledge gradient (kg.h);
 * CONFIRM  the last one of a search, it goes where the mean is highest, so that what is recommended has been tried. */
enum surrogate_aim { AIM_IMPROVE, AIM_LEARN, AIM_CONFIRM };

/* How many trials a search over the space begins with before it asks a model: max(5, 2 dims). */
int surrogate_design(const struct space *);
/* What such a search aims at with the next one after TRIALS trials: a noisy objective's maximum is looked for, then placed
 * (from three times the initial design on). */
enum surrogate_aim surrogate_aim(const struct space *, const struct search_options *, int trials);

struct surrogate_options {
    uint64_t seed;
    bool noise_free; /* the objective is declared free of noise */
    enum surrogate_aim aim;
};

struct surrogate;
/* NULL when there is nothing to model: no complete trial, or no dimension with min < max. */
struct surrogate *surrogate_new(const struct space *, const struct trials *, const struct surrogate_options *);
void surrogate_free(struct surrogate *);

/* Belief about the objective at X (values, space.n): mean and standard deviation of the posterior, noise not included. */
void surrogate_predict(const struct surrogate *, const double *x, double *mean, double *sigma);
/* What a trial at X would be worth: ln of what it is expected to gain, in the objective's units (AIM_CONFIRM: the mean). */
double surrogate_acquisition(struct surrogate *, const double *x);
/* What was fitted: the scale on which the objective changes, as a share of each dimension's range (NaN: not searched), and
 * the standard deviations of the function and of an observation, in the objective's units. */
struct surrogate_hyper {
    const char *kernel; /* "matern52", "rbf" */
    double lengthscale[SPACE_MAX], signal, noise;
};
void surrogate_hyper(const struct surrogate *, struct surrogate_hyper *);
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

/* The belief about the average of the objective over the settings that are not on the axes, where a slice says what holds
 * beside one value of theirs. With x_S the settings on the axes and v_1 .. v_M fixed values of all other searched ones (M =
 * SURROGATE_AVERAGED; the Sobol sequence with the shift of seed 1, mapped to each range on its scale; M = 1 where there are no
 * others), the average of the posterior
 *
 *   F(x_S) = 1/M sum_m f(x_S, v_m)
 *   mean     = 1/M sum_m mean(x_S, v_m)
 *   variance = 1/M^2 sum_lm Cov(f(x_S, v_l), f(x_S, v_m)) = c - b K^-1 b,   b = 1/M sum_m k(X, (x_S, v_m))
 *
 * where c = 1/M^2 sum_lm k((x_S, v_l), (x_S, v_m)) does not depend on x_S, for k is stationary. Sigma is thus how sure the
 * average is, and not how far the objective spreads about it. Settings with min == max are at their value. */
#define SURROGATE_AVERAGED 32
struct surrogate_average;
/* The surrogate must outlive it. COLUMN_DIM and ROW_DIM: of the space, on the axes (equal: one axis). */
struct surrogate_average *surrogate_average_new(const struct surrogate *, int column_dim, int row_dim);
void surrogate_average_free(struct surrogate_average *);
/* X (values, space.n): of the settings on the axes; the others are not read. Mean and standard deviation. */
void surrogate_average_predict(struct surrogate_average *, const double *x, double *mean, double *sigma);
/* v_m (values, space.n) for 0 <= m < surrogate_averaged(); on the axes what lies there has no meaning. */
int surrogate_averaged(const struct surrogate_average *);
void surrogate_average_value(const struct surrogate_average *, int m, double *x);

/* med - 3 (max - med) of N >= 1 finite values; Q1 - 1.5 IQR where max = med; below all values where that says nothing
 * either. */
double surrogate_floor(const double *y, int n);

/* ---- for the strategy and importance.h: the process and its unit cube ---- */

const struct gp *surrogate_gp(const struct surrogate *);
int surrogate_dims(const struct surrogate *);       /* searched dimensions */
int surrogate_dim(const struct surrogate *, int j); /* the space's dimension behind coordinate j */
void surrogate_point(const struct surrogate *, const double *x, double *u); /* (space.n) -> (dims) */
const struct space *surrogate_space(const struct surrogate *);
/* objective = shift + scale * what the process is fitted to */
void surrogate_units(const struct surrogate *, double *shift, double *scale);
/* surrogate_acquisition at U but for constants (scale and shift), and its gradient (dims) unless NULL. */
double surrogate_worth(struct surrogate *, const double *u, double *gradient);

#endif
