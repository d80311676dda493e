/* The average over the settings that are not on the axes (surrogate.h has the formula). The set and the prior variance of the
 * average are worked out once; a prediction is then one covariance vector a member of the set, their mean, and one solve. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "surrogate.h"

#define SHIFT 1           /* seed of the set */
#define LEAST_SHARE 1e-12 /* of the variance before any trial, as in gp_predict */

struct surrogate_average {
    const struct surrogate *s;
    int members, dims;
    int column, row; /* coordinates of the axes, -1: not searched */
    double *x;       /* (members, space.n) */
    double *u;       /* (members, dims) */
    double prior;    /* variance of the average before any trial, in the process's units */
    double *k, *sum; /* (n) scratch */
};

static int coordinate(const struct surrogate *s, int dim)
{
    for (int j = 0; j < surrogate_dims(s); j++)
        if (surrogate_dim(s, j) == dim)
            return j;
    return -1;
}

/* Values for all settings; those on the axes stay in the middle, so that they do not take part in the set's differences. */
static void fill_set(struct surrogate_average *a, int others)
{
    const struct space *space = surrogate_space(a->s);
    double cube[SPACE_MAX];
    for (int m = 0; m < a->members; m++) {
        double *x = a->x + m * space->n;
        int next = 0;
        if (others > 0)
            sobol_at(others, SHIFT, (uint32_t)m, cube);
        for (int j = 0; j < space->n; j++) {
            int c = coordinate(a->s, j);
            x[j] = space_value(&space->dims[j], c < 0 || c == a->column || c == a->row ? 0.5 : cube[next++]);
        }
        surrogate_point(a->s, x, a->u + m * a->dims);
    }
}

struct surrogate_average *surrogate_average_new(const struct surrogate *s, int column_dim, int row_dim)
{
    struct surrogate_average *a = xcalloc(1, sizeof(*a));
    const struct gp *gp = surrogate_gp(s);
    a->s = s;
    a->dims = surrogate_dims(s);
    a->column = coordinate(s, column_dim);
    a->row = coordinate(s, row_dim);
    int others = a->dims - (a->column >= 0) - (a->row >= 0 && a->row != a->column);
    a->members = others > 0 ? SURROGATE_AVERAGED : 1;
    a->x = xcalloc((size_t)(a->members * surrogate_space(s)->n), sizeof(double));
    a->u = xcalloc((size_t)(a->members * a->dims), sizeof(double));
    a->k = xcalloc((size_t)gp_n(gp) + 1, sizeof(double));
    a->sum = xcalloc((size_t)gp_n(gp) + 1, sizeof(double));
    fill_set(a, others);
    for (int l = 0; l < a->members; l++)
        for (int m = 0; m < a->members; m++)
            a->prior += gp_kernel(gp, a->u + l * a->dims, a->u + m * a->dims, NULL);
    a->prior /= (double)a->members * a->members;
    return a;
}

void surrogate_average_free(struct surrogate_average *a)
{
    if (!a)
        return;
    free(a->x);
    free(a->u);
    free(a->k);
    free(a->sum);
    free(a);
}

int surrogate_averaged(const struct surrogate_average *a)
{
    return a->members;
}

void surrogate_average_value(const struct surrogate_average *a, int m, double *x)
{
    size_t n = (size_t)surrogate_space(a->s)->n;
    assert(m >= 0 && m < a->members);
    memcpy(x, a->x + (size_t)m * n, n * sizeof(*x));
}

void surrogate_average_predict(struct surrogate_average *a, const double *x, double *mean, double *sigma)
{
    const struct space *space = surrogate_space(a->s);
    const struct gp *gp = surrogate_gp(a->s);
    double full[SPACE_MAX], at[SPACE_MAX], u[SPACE_MAX], shift, scale;
    int n = gp_n(gp);
    memcpy(full, a->x, (size_t)space->n * sizeof(*full)); /* only the axes' coordinates of it are used */
    if (a->column >= 0)
        full[surrogate_dim(a->s, a->column)] = x[surrogate_dim(a->s, a->column)];
    if (a->row >= 0)
        full[surrogate_dim(a->s, a->row)] = x[surrogate_dim(a->s, a->row)];
    surrogate_point(a->s, full, at);
    memset(a->sum, 0, (size_t)n * sizeof(*a->sum));
    for (int m = 0; m < a->members; m++) {
        memcpy(u, a->u + m * a->dims, (size_t)a->dims * sizeof(*u));
        if (a->column >= 0)
            u[a->column] = at[a->column];
        if (a->row >= 0)
            u[a->row] = at[a->row];
        gp_covariances(gp, u, a->k, NULL);
        for (int i = 0; i < n; i++)
            a->sum[i] += a->k[i] / a->members;
    }
    double average = gp_mean(gp), variance = a->prior;
    memcpy(a->k, a->sum, (size_t)n * sizeof(*a->k));
    gp_solve(gp, 1, a->k);
    for (int i = 0; i < n; i++) {
        average += a->sum[i] * gp_weights(gp)[i];
        variance -= a->sum[i] * a->k[i];
    }
    surrogate_units(a->s, &shift, &scale);
    *mean = shift + scale * average;
    *sigma = scale * sqrt(fmax(variance, LEAST_SHARE * a->prior));
}
