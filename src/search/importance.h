/* importance: which parameters an objective depends on, judged by trials, in two ways.
 *
 * PED-ANOVA (Watanabe, Bansal & Hutter, PED-ANOVA: Efficiently quantifying hyperparameter importance in arbitrary
 * subspaces, IJCAI 2023, eq. 16, local importance): where the best trials lie, against where all of them lie. For each
 * parameter alone, with p the density of all complete trials and q that of the top gamma of them,
 *
 *   importance = (n_top / n)^2 sum_g p(g) (q(g) / p(g) - 1)^2         (Pearson's divergence)
 *
 * on a grid of 50 values over the range (ln for log dimensions; fewer for whole numbers). Densities are mixtures of
 * normals at the grid values seen, weighted by how often, with Scott's bandwidth 1.059 min(IQR / 1.34, s) n^(-1/5) grid
 * steps, at least 0.5 / 1.64, and one wide kernel (a grid wide, in the middle, weight 1) so that nothing is 0; each is cut
 * off at the range's ends. The numbers are those of Optuna's PedAnovaImportanceEvaluator. It asks what the search made of
 * a parameter, so it says nothing of one that had no chance.
 *
 * Sobol indices (Sobol, Math. Comput. Simul. 55, 2001) of the surrogate's mean over the ranges, uniform in the unit cube:
 * first order V(E(f | x_i)) / V(f), what x_i explains alone, and total 1 - V(E(f | x_~i)) / V(f), with all its
 * interactions. By Saltelli's design (Comput. Phys. Commun. 181, 2010): first order mean(f_B (f_ABi - f_A)) / V, total
 * after Jansen mean((f_A - f_ABi)^2) / 2V. Trials below the surrogate's floor count as at the floor.
 *
 * The intervals come from draws of the posterior over functions with the fitted hyperparameters held (Wilson et al.,
 * Efficiently sampling functions from Gaussian process posteriors, ICML 2020, eq. 10):
 *
 *   f(u) = mean(u) + g(u) - k(u) K^-1 (g(U) + e),  g(u) = sqrt(2 signal / F) sum_m w_m cos(omega_m u + b_m)
 *
 * with F = 512 random features, omega from the kernel's spectral density over the lengthscales (Matern 5/2: Student's t
 * of 5 degrees of freedom, RBF: normal), e the observations' noise: so they say how much the trials leave open, given the
 * hyperparameters, and not how unsure these are. */
#ifndef FSPLAB_IMPORTANCE_H
#define FSPLAB_IMPORTANCE_H

#include "gp.h"
#include "strategy.h"

typedef double importance_function(void *ctx, const double *u);
/* First-order and total indices (dim each) of a function on the unit cube, from N (dim + 2) values: Sobol points up to 8
 * dimensions, random ones beyond. A constant function has 0 everywhere. 1 <= dim <= SPACE_MAX. */
void importance_sobol(int dim, importance_function *, void *ctx, int n, uint64_t seed, double *first, double *total);

/* PED-ANOVA of every dimension of the space (space.n; 0 where min == max), from the complete trials inside it, known ones too. GAMMA: in
 * (0, 1). Trials as good as the last of the top count to it. *n, *n_top: how many trials that were; below 2 trials all
 * is 0. */
void importance_ped_anova(const struct space *, const struct trials *, double gamma, double *importance, int *n,
                          int *n_top);

/* Draws of the posterior (formula above) at U (points, dim), in the process's units: value (draws, points). CATEGORY
 * (dim): as in gp_data. */
void importance_draws(const struct gp *, const bool *category, int points, const double *u, int draws, uint64_t seed,
                      double *value);

struct importance_interval {
    double estimate, low, high; /* low, high: 5 and 95 % of the draws; the estimate is the mean function's own */
};

/* Sobol indices of the surrogate (surrogate.h) fitted to the trials, (space.n) each; 0 where min == max. false: there is
 * nothing to model (no complete trial, or nothing searched). */
bool importance_of_surrogate(const struct space *, const struct trials *, int draws, uint64_t seed,
                             struct importance_interval *first, struct importance_interval *total);
/* The same of a surrogate that is fitted already, to trials over this space. false: STOP(CTX), asked before each draw unless
 * it is NULL, said so; all is 0 then. */
struct surrogate;
bool importance_of_fitted(const struct space *, const struct surrogate *, int draws, uint64_t seed,
                          bool (*stop)(void *ctx), void *ctx, struct importance_interval *first,
                          struct importance_interval *total);

#endif
