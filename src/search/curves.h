/* curves: learning curves as distillation trials have them, for simulated studies: what a stopping rule costs and loses can
 * be measured in seconds, over hundreds of studies.
 *
 * The final accuracy is the surface `kd` (surface.h), F(u), u_1 the learning rate on its log scale; T = CURVES_LENGTH
 * evaluations, k = 1..T. Accuracies in per cent; chance is c = 1:
 *
 *   y(k) = c + (F(u) - c) (1 - e^{-k / tau}) (1 - G(k) / 75) + noise,      tau = 2 + 4 (1 - u_1): small rates learn slowly
 *
 * G is what the rate's own noise still costs, in points where F = 75; z is normal, one draw a trial:
 *
 *   step    the rate falls at k_j = 62.5, 75 and 87.5 % of T, and with it the plateau's distance to the end:
 *           G(k) = gap [w_j + (w_{j-1} - w_j) e^{-(k - k_j)}] after the j-th fall, w = 1, 0.3, 0.1, 0;
 *           gap = (4 + 16 u_1)(1 + 0.1 z): the larger the rate, the lower the curve lies before the first fall, while the
 *           best end is at a middle rate. Whoever ranks by the curve so far throws the winner away.
 *   cosine  G(k) = gap (1 + cos(pi k / T)) / 2, gap = (4 + 8 u_1)(1 + 0.1 z)
 *
 * noise: N(0, 0.25^2), independent for each evaluation. At the end both are F(u) to within 0.01 points and the noise. */
#ifndef FSPLAB_CURVES_H
#define FSPLAB_CURVES_H

#include "../base.h"

#define CURVES_LENGTH 60
#define CURVES_NOISE 0.25 /* points */

enum curves_kind { CURVES_STEP, CURVES_COSINE };
const char *curves_name(enum curves_kind);

/* y (CURVES_LENGTH) at u, per cent: y[k - 1] is the k-th evaluation. RNG gives z and the noise. */
void curves_draw(enum curves_kind, const double u[2], struct rng *, double *y);
/* The same without noise for a given z. */
double curves_value(enum curves_kind, const double u[2], double z, int k);

#endif
