/* lbfgsb: minimisation of a smooth function in a box, by the L-BFGS-B 3.0 of Zhu, Byrd, Lu, Morales & Nocedal
 * (ACM Trans. Math. Softw. 38, 2011). */
#ifndef FSPLAB_LBFGSB_H
#define FSPLAB_LBFGSB_H

#define LBFGSB_DIM_MAX 32

/* The value at X and its gradient (n). A value that is not finite marks a point the function cannot be had at; the
 * line search then steps back. */
typedef double lbfgsb_function(void *ctx, const double *x, double *gradient);

/* From X (clamped to the box) to the best point seen, which replaces it; returns its value. Stops after
 * MAX_ITERATIONS or where nothing is gained any more, and never fails: if the start has no value, X is the (clamped)
 * start and INFINITY is returned. 1 <= n <= LBFGSB_DIM_MAX. */
double lbfgsb_minimise(int n, const double *lower, const double *upper, lbfgsb_function *, void *ctx,
                       int max_iterations, double *x);

#endif
