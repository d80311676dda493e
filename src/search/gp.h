/* gp: regression with a Gaussian process, the surrogate of the Bayesian optimisation.
 *
 *   y_i = m + f(u_i) + noise,  f ~ GP(0, k),  noise ~ N(0, noise / count_i + extra_i)
 *   rho = sum_j ((u_j - u'_j) / lengthscale_j)^2
 *   k(u, u') = signal (1 + r + r^2/3) exp(-r),  r^2 = 5 rho     (Matern 5/2, ARD: twice differentiable)
 *   k(u, u') = signal exp(-rho/2)                               (RBF, ARD: smooth)
 *
 * after Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), chapters 2, 4 and 5. Between two
 * categories the difference is 0 or 1 (Hamming). The constant m has a flat prior and sits at its maximum for the
 * other hyperparameters. These have the priors (densities of the natural parameters)
 *
 *   up to 8 dimensions: lengthscale Gamma(3, 6), signal Gamma(2, 0.15), noise Gamma(1.1, 0.05)    (shape, rate)
 *   more:               lengthscale LN(sqrt 2 + ln(d)/2, sqrt 3), signal 1, noise LN(-4, 1)       (Hvarfner et al. 2024)
 *
 * and are fitted to the maximum of the posterior density, searched over their logarithms. y is expected standardised
 * (mean 0, variance 1); the priors are meant for that. Not thread-safe: one owner. */
#ifndef FSPLAB_GP_H
#define FSPLAB_GP_H

#include "space.h"

#define GP_PARAMS_MAX (SPACE_MAX + 2)
#define GP_GAMMA_DIM 8 /* up to here the Gamma priors */
#define GP_SMOOTH 2.0
#define GP_FIT_MAX 200 /* so many points say what the hyperparameters are */

struct gp_data {
    int n, dim;           /* n >= 1, 1 <= dim <= SPACE_MAX */
    const double *u;      /* (n, dim), unit cube; no two rows equal: replicates are averaged before */
    const double *y;      /* (n) */
    const int *count;     /* (n) observations behind y_i; NULL: 1 each */
    const double *extra;  /* (n) known variance of y_i on top of the fitted noise; NULL: none */
    const bool *category; /* (dim); NULL: none */
    bool noise_free;      /* the objective is declared free of noise: noise >= 1e-6 instead of 1e-4 */
};

enum gp_kernel { GP_MATERN52, GP_RBF, GP_KERNELS };
struct gp_hyper {
    enum gp_kernel kernel;
    double lengthscale[SPACE_MAX], signal, noise; /* noise: a variance */
};

struct gp;
/* Copies the data. Until gp_fit or gp_set it has no hyperparameters, and only gp_log_posterior may be called. */
struct gp *gp_new(const struct gp_data *);
void gp_free(struct gp *);

/* Hyperparameters <-> the vector that is optimised: ln lengthscale (dim), [ln signal,] ln noise. */
int gp_params(const struct gp *); /* dim + 2, or dim + 1 where the signal is 1 */
void gp_pack(const struct gp *, const struct gp_hyper *, double *params);
void gp_unpack(const struct gp *, enum gp_kernel, const double *params, struct gp_hyper *);

/* ln posterior density at PARAMS up to a constant (the same for both kernels), and its gradient over PARAMS (NULL: not
 * wanted); -INFINITY where the covariance matrix cannot be factored. */
double gp_log_posterior(struct gp *, enum gp_kernel, const double *params, double *gradient);

/* The best of several climbs with each kernel: from the priors' centre, from WARM (NULL: not), from random points of low
 * noise (as SEED has it). RBF is taken unless the data speak for Matern by GP_SMOOTH nats: where they are few or noisy the
 * smooth one recommends better points. Of more than GP_FIT_MAX data the highest and a sample of the rest decide (without
 * their counts); all are conditioned on. If none succeeds the hyperparameters are WARM's or the priors' centre. false: even
 * those cannot be used (y not finite); the process then predicts m = 0 and its prior variance. */
bool gp_fit(struct gp *, const struct gp_hyper *warm, uint64_t seed);
bool gp_set(struct gp *, const struct gp_hyper *);
const struct gp_hyper *gp_hyper(const struct gp *);
void gp_prior_centre(const struct gp *, struct gp_hyper *);

int gp_n(const struct gp *);
int gp_dim(const struct gp *);
double gp_mean(const struct gp *); /* m */

/* Posterior of m + f at U: mean and variance (>= 1e-12 signal), noise not included. */
void gp_predict(const struct gp *, const double *u, double *mean, double *variance);
/* k(u_i, U) for the data's points, k (n), and its derivatives over U, dk (n, dim), unless NULL (0 for categories). */
void gp_covariances(const struct gp *, const double *u, double *k, double *dk);
/* k of two points; dk (dim) over the second one unless NULL. */
double gp_kernel(const struct gp *, const double *a, const double *b, double *dk);
const double *gp_point(const struct gp *, int i);
bool gp_inside(const struct gp *, int i);                 /* in the unit cube; categories always are */
double gp_noise(const struct gp *, int i);                /* variance of y_i's noise: noise / count_i */
const double *gp_weights(const struct gp *);              /* alpha (n) = K^-1 (y - m): the mean is m + k.alpha */
void gp_solve(const struct gp *, int columns, double *b); /* b (columns, n), each row becomes K^-1 b */

#endif
