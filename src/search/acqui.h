/* acqui: how much a point is worth trying, by a Gaussian process: the logarithm of the expected improvement, computed
 * so that it has a value and a slope even where the improvement is 1e-1000 (Ament et al., Unexpected improvements to
 * expected improvement, 2023).
 *
 * Observations are noisy, so nobody knows what is to be improved on: the improvement is averaged over what the process
 * believes of the points B that may be the best, and of the points that are being tried now (Letham et al., Constrained
 * Bayesian optimization with noisy experiments, 2019). Given a draw f_B of these, the rest is analytic:
 *
 *   f_B^s = mu_B + L_B zeta_s,  L_B L_B^T = Sigma_BB + 1e-6 signal I,  t = L_B^-1 Sigma_Bx
 *   sigma^2 = Sigma_xx - t.t,  m_s = mu_x + t.zeta_s,  z_s = (m_s - max f_B^s) / sigma
 *   value = ln sigma + ln mean_s h(z_s),  h(z) = phi(z) + z Phi(z)
 *
 * over 128 Sobol normals zeta_s. B: the observed points inside the cube that are the best in any of 1024 joint draws (the 16 that are
 * it most often), and all pending ones. A noise-free process with nothing pending has one draw, the best observation:
 * plain log expected improvement. Not thread-safe: one owner. */
#ifndef FSPLAB_ACQUI_H
#define FSPLAB_ACQUI_H

#include "gp.h"

/* ln h(z) and, unless NULL, its derivative Phi(z) / h(z). z: not NaN. */
double acqui_log_h(double z, double *derivative);
/* The inverse of the normal distribution function, 0 < p < 1. */
double acqui_normal_quantile(double p);

struct acqui_options {
    const double *pending; /* (n_pending, dim), unit cube */
    int n_pending;
    bool noise_free;
    double best; /* the highest y; used when noise_free */
    uint64_t seed;
};

struct acqui;
/* GP must outlive it, and must not be fitted again meanwhile. */
struct acqui *acqui_new(const struct gp *gp, const struct acqui_options *);
void acqui_free(struct acqui *);
/* The value at U, in units of ln y, and its gradient (dim) unless NULL (0 for categories). Finite everywhere. */
double acqui_value(struct acqui *, const double *u, double *gradient);

#endif
