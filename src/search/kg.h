/* kg: how much one more observation is worth to a recommendation, by a Gaussian process: the knowledge gradient
 * (Frazier, Powell & Dayanik, The Knowledge-Gradient Policy for Correlated Normal Beliefs, 2009). Where the recommended
 * point is the one with the highest posterior mean, an observation at u is worth what it is expected to raise that mean's
 * maximum, over a finite set A of points that may be recommended and u itself:
 *
 *   value = ln ( E max_a (mu_a + b_a Z) - max_a mu_a ),   b_a = Sigma_au / sqrt(Sigma_uu + noise),  Z ~ N(0, 1)
 *
 * exact by the upper envelope of the lines mu_a + b_a z. Observations under way have no value yet, but what they will tell
 * is known: they reduce the variances. Not thread-safe: one owner. */
#ifndef FSPLAB_KG_H
#define FSPLAB_KG_H

#include "gp.h"

struct kg;
/* A: POINTS (n_points, dim), unit cube, n_points >= 1; PENDING (n_pending, dim). GP must outlive it, and must not be fitted
 * again meanwhile. */
struct kg *kg_new(const struct gp *gp, const double *points, int n_points, const double *pending, int n_pending);
void kg_free(struct kg *);
/* The value at U, in units of ln y, and its gradient (dim) unless NULL (0 for categories). Finite everywhere. */
double kg_value(struct kg *, const double *u, double *gradient);

#endif
