/* importance: PED-ANOVA on a grid per dimension, and Sobol indices by Saltelli's design.
 *
 * The design is one array of points: A, B, and for each dimension A with that one column from B. Whatever gives values
 * at these points (a function, the surrogate's mean, a draw of it) goes through the same estimator. For the draws the
 * covariances between design and trials are kept, so that a draw costs its random features and one product. */
#include "importance.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "surrogate.h"

enum { GRID = 50, FEATURES = 512, MEAN_POINTS = 1024, DRAW_POINTS = 256, SOBOL_DIMS = 8 };
#define BANDWIDTH_MIN (0.5 / 1.64)

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- PED-ANOVA ---- */

/* Trials a grid value; of the whole range or of its top. */
struct counts {
    int cells, total, n[GRID];
};

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

static int grid_cells(const struct dim *d)
{
    int64_t values = space_dim_values(d);
    if (d->type == DIM_INT && d->log)
        values = (int64_t)ceil(log2((double)values)) + 1;
    return values < GRID ? (int)values : GRID;
}

static int grid_cell(const struct dim *d, int cells, double x)
{
    double low = d->log ? log(d->min) : d->min, high = d->log ? log(d->max) : d->max;
    double at = ceil(((d->log ? log(x) : x) - low) / ((high - low) / (cells - 1)) - 0.5);
    return at < 0 ? 0 : at > cells - 1 ? cells - 1 : (int)at;
}

/* Scott's rule on the grid values that occur, in their order; the quartiles are the values at which a quarter and three
 * quarters of the trials are reached. */
static double bandwidth(const struct counts *c)
{
    double mean = 0, square = 0;
    int q1 = -1, q3 = -1, last = 0, reached = 0;
    for (int g = 0; g < c->cells; g++)
        mean += (double)g * c->n[g] / c->total;
    for (int g = 0; g < c->cells; g++) {
        if (c->n[g] == 0)
            continue;
        square += c->n[g] * (g - mean) * (g - mean);
        reached += c->n[g];
        last = g;
        if (q1 < 0 && reached >= c->total / 4)
            q1 = g;
        if (q3 < 0 && reached > c->total * 3 / 4)
            q3 = g;
    }
    if (q3 < 0)
        q3 = last;
    double s = sqrt(square / (c->total > 2 ? c->total - 1 : 1));
    return fmax(1.059 * fmin((q3 - q1) / 1.34, s) * pow(c->total, -0.2), BANDWIDTH_MIN);
}

/* The mass that a normal, cut off at the grid's ends, has in a cell. */
static double cell_mass(double cell, double mu, double sigma, int cells)
{
    double whole = normal_cdf((cells - 0.5 - mu) / sigma) - normal_cdf((-0.5 - mu) / sigma);
    return (normal_cdf((cell + 0.5 - mu) / sigma) - normal_cdf((cell - 0.5 - mu) / sigma)) / whole;
}

static void density(const struct counts *c, bool category, double *p)
{
    double sigma = category ? 0 : bandwidth(c), prior = 0;
    int kernels = 1; /* for categories: the values seen, and one that is none of them */
    for (int g = 0; g < c->cells; g++)
        kernels += c->n[g] > 0;
    for (int g = 0; g < c->cells; g++) {
        p[g] = category ? 1.0 / c->cells : cell_mass(g, (c->cells - 1) / 2.0, c->cells, c->cells);
        prior = 1.0 / kernels;
        for (int k = 0; k < c->cells; k++)
            if (c->n[k] > 0)
                p[g] += c->n[k] *
                        (category ? ((k == g) + prior) / (1 + c->cells * prior) : cell_mass(g, k, sigma, c->cells));
        p[g] = p[g] / (c->total + 1) + 1e-12;
    }
}

static double divergence(const struct counts *top, const struct counts *all, bool category)
{
    double p[GRID], q[GRID], sum = 0;
    density(top, category, q);
    density(all, category, p);
    for (int g = 0; g < all->cells; g++)
        sum += p[g] * (q[g] / p[g] - 1) * (q[g] / p[g] - 1);
    return sum;
}

static bool counts_here(const struct space *space, const struct trials *trials, int i)
{
    bool noisier = trials->state[i] == POINT_KNOWN && trials->sigma && trials->sigma[i] > 0;
    return (trials->state[i] == POINT_COMPLETE || trials->state[i] == POINT_KNOWN) && !noisier &&
           isfinite(trials->value[i]) && space_contains(space, trials->x + (size_t)i * (size_t)space->n);
}

void importance_ped_anova(const struct space *space, const struct trials *trials, double gamma, double *importance,
                          int *n, int *n_top)
{
    assert(gamma > 0 && gamma < 1);
    double *sorted = xcalloc((size_t)trials->n + 1, sizeof(*sorted)), last = 0;
    *n = *n_top = 0;
    for (int i = 0; i < trials->n; i++)
        if (counts_here(space, trials, i))
            sorted[(*n)++] = -trials->value[i];
    qsort(sorted, (size_t)*n, sizeof(*sorted), ascending);
    if (*n > 0)
        last = -sorted[(int)ceil(gamma * *n) - 1];
    free(sorted);
    for (int i = 0; i < trials->n; i++)
        *n_top += counts_here(space, trials, i) && trials->value[i] >= last;
    for (int j = 0; j < space->n; j++) {
        const struct dim *d = &space->dims[j];
        importance[j] = 0;
        if (d->min == d->max || *n < 2)
            continue;
        struct counts all = {.cells = grid_cells(d), .total = *n}, top = {.cells = all.cells, .total = *n_top};
        for (int i = 0; i < trials->n; i++) {
            if (!counts_here(space, trials, i))
                continue;
            int g = grid_cell(d, all.cells, trials->x[(size_t)i * (size_t)space->n + (size_t)j]);
            all.n[g]++;
            top.n[g] += trials->value[i] >= last;
        }
        double share = (double)*n_top / *n;
        importance[j] = share * share * divergence(&top, &all, d->type == DIM_CATEGORY);
    }
}

/* ---- Saltelli's design ---- */

struct design {
    int dim, n;
    double *u; /* (dim + 2, n, dim): A, B, then A with column i from B */
};

static double *design_point(const struct design *d, int part, int i)
{
    return d->u + ((size_t)part * (size_t)d->n + (size_t)i) * (size_t)d->dim;
}

static int design_points(const struct design *d)
{
    return (d->dim + 2) * d->n;
}

static struct design design_new(int dim, int n, uint64_t seed)
{
    struct design d = {.dim = dim, .n = n};
    struct sobol sobol;
    struct rng rng;
    double both[2 * SPACE_MAX];
    d.u = xcalloc((size_t)design_points(&d) * (size_t)dim, sizeof(double));
    rng_seed(&rng, seed, RNG_SEARCH);
    if (dim <= SOBOL_DIMS)
        sobol_init(&sobol, 2 * dim, seed | 1);
    for (int i = 0; i < n; i++) {
        if (dim <= SOBOL_DIMS)
            sobol_next(&sobol, both);
        else
            sample_uniform(&rng, 2 * dim, both);
        memcpy(design_point(&d, 0, i), both, (size_t)dim * sizeof(double));
        memcpy(design_point(&d, 1, i), both + dim, (size_t)dim * sizeof(double));
        for (int j = 0; j < dim; j++) {
            memcpy(design_point(&d, 2 + j, i), both, (size_t)dim * sizeof(double));
            design_point(&d, 2 + j, i)[j] = both[dim + j];
        }
    }
    return d;
}

/* VALUE: at the design's points. Centred first, which costs nothing and spares the products digits. */
static void indices(const struct design *d, const double *value, double *first, double *total)
{
    size_t n = (size_t)d->n;
    double mean = 0, variance = 0;
    for (size_t i = 0; i < 2 * n; i++)
        mean += value[i] / (2.0 * (double)n);
    for (size_t i = 0; i < 2 * n; i++)
        variance += (value[i] - mean) * (value[i] - mean) / (2.0 * (double)n);
    for (int j = 0; j < d->dim; j++) {
        double alone = 0, with_others = 0;
        for (size_t i = 0; i < n; i++) {
            double a = value[i] - mean, b = value[n + i] - mean, ab = value[(size_t)(2 + j) * n + i] - mean;
            alone += b * (ab - a) / (double)n;
            with_others += (a - ab) * (a - ab) / (2.0 * (double)n);
        }
        first[j] = variance > 0 ? alone / variance : 0;
        total[j] = variance > 0 ? with_others / variance : 0;
    }
}

void importance_sobol(int dim, importance_function *f, void *ctx, int n, uint64_t seed, double *first, double *total)
{
    struct design d = design_new(dim, n, seed);
    double *value = xcalloc((size_t)design_points(&d), sizeof(*value));
    for (int i = 0; i < design_points(&d); i++)
        value[i] = f(ctx, d.u + (size_t)i * (size_t)dim);
    indices(&d, value, first, total);
    free(value);
    free(d.u);
}

/* ---- the surrogate's mean, and draws about it ---- */

/* From uniform numbers to points that the surrogate knows: whole numbers in the middle of their cell. */
static void to_surrogate(const struct space *space, const struct surrogate *s, struct design *d)
{
    double x[SPACE_MAX];
    for (int j = 0; j < space->n; j++)
        x[j] = space->dims[j].min;
    for (int i = 0; i < design_points(d); i++) {
        double *u = d->u + (size_t)i * (size_t)d->dim;
        for (int j = 0; j < d->dim; j++)
            x[surrogate_dim(s, j)] = space_value(&space->dims[surrogate_dim(s, j)], u[j]);
        surrogate_point(s, x, u);
    }
}

static void mean_indices(const struct space *space, const struct surrogate *s, uint64_t seed, double *first,
                         double *total)
{
    struct design d = design_new(surrogate_dims(s), MEAN_POINTS, seed);
    double *value = xcalloc((size_t)design_points(&d), sizeof(*value)), variance;
    to_surrogate(space, s, &d);
    for (int i = 0; i < design_points(&d); i++)
        gp_predict(surrogate_gp(s), d.u + (size_t)i * (size_t)d.dim, &value[i], &variance);
    indices(&d, value, first, total);
    free(value);
    free(d.u);
}

/* A draw of the prior by random features. */
struct prior_draw {
    int dim;
    uint64_t seed;
    bool category[SPACE_MAX];
    double omega[FEATURES][SPACE_MAX], phase[FEATURES], weight[FEATURES];
};

static void prior_draw(struct prior_draw *p, const struct gp *gp, uint64_t seed)
{
    const struct gp_hyper *h = gp_hyper(gp);
    struct rng rng;
    rng_seed(&rng, seed, RNG_SEARCH);
    p->dim = gp_dim(gp);
    p->seed = seed;
    for (int m = 0; m < FEATURES; m++) {
        double chi2 = 0, scale = 1; /* RBF: normal */
        for (int i = 0; i < 5; i++) {
            double z = rng_normal(&rng);
            chi2 += z * z;
        }
        if (h->kernel == GP_MATERN52)
            scale = sqrt(chi2 / 5);
        for (int j = 0; j < p->dim; j++)
            p->omega[m][j] = (p->category[j] ? 1 : rng_normal(&rng)) / (scale * h->lengthscale[j]);
        p->phase[m] = 2 * M_PI * rng_uniform(&rng);
        p->weight[m] = sqrt(2 * h->signal / FEATURES) * rng_normal(&rng);
    }
}

/* Categories are corners of a simplex with edges of length 1, so each has a coordinate of its own. */
static double category_coordinate(const struct prior_draw *p, int m, int j, double category)
{
    struct rng rng;
    rng_seed(&rng, hash3(p->seed, (uint64_t)m * SPACE_MAX + (uint64_t)j, (uint64_t)category), RNG_SEARCH);
    return M_SQRT1_2 * rng_normal(&rng);
}

static double prior_at(const struct prior_draw *p, const double *u)
{
    double sum = 0;
    for (int m = 0; m < FEATURES; m++) {
        double t = p->phase[m];
        for (int j = 0; j < p->dim; j++)
            t += p->omega[m][j] * (p->category[j] ? category_coordinate(p, m, j, u[j]) : u[j]);
        sum += p->weight[m] * cos(t);
    }
    return sum;
}

/* Points with the mean and the covariances to the trials there. */
struct posterior {
    const struct gp *gp;
    int points;
    const double *u;  /* (points, dim) */
    double *mean, *k; /* (points), (points, n) */
    struct prior_draw prior;
};

static struct posterior *posterior_new(const struct gp *gp, const bool *category, int points, const double *u)
{
    struct posterior *p = xcalloc(1, sizeof(*p));
    size_t n = (size_t)gp_n(gp), dim = (size_t)gp_dim(gp);
    double variance;
    p->gp = gp;
    p->points = points;
    p->u = u;
    p->mean = xcalloc((size_t)points, sizeof(double));
    p->k = xcalloc((size_t)points * n, sizeof(double));
    for (size_t i = 0; i < (size_t)points; i++) {
        gp_predict(gp, u + i * dim, &p->mean[i], &variance);
        gp_covariances(gp, u + i * dim, p->k + i * n, NULL);
    }
    memcpy(p->prior.category, category, dim * sizeof(*category));
    return p;
}

static void posterior_free(struct posterior *p)
{
    free(p->mean);
    free(p->k);
    free(p);
}

static void posterior_draw(struct posterior *p, uint64_t seed, double *value)
{
    int n = gp_n(p->gp);
    double *pull = xcalloc((size_t)n, sizeof(*pull));
    struct rng rng;
    rng_seed(&rng, hash3(seed, 1, 0), RNG_SEARCH);
    prior_draw(&p->prior, p->gp, seed);
    for (int i = 0; i < n; i++)
        pull[i] = prior_at(&p->prior, gp_point(p->gp, i)) + sqrt(gp_noise(p->gp, i)) * rng_normal(&rng);
    gp_solve(p->gp, 1, pull);
    for (int i = 0; i < p->points; i++) {
        const double *k = p->k + (size_t)i * (size_t)n;
        value[i] = p->mean[i] + prior_at(&p->prior, p->u + (size_t)i * (size_t)gp_dim(p->gp));
        for (int t = 0; t < n; t++)
            value[i] -= k[t] * pull[t];
    }
    free(pull);
}

void importance_draws(const struct gp *gp, const bool *category, int points, const double *u, int draws, uint64_t seed,
                      double *value)
{
    struct posterior *p = posterior_new(gp, category, points, u);
    for (int i = 0; i < draws; i++)
        posterior_draw(p, hash3(seed, RNG_SEARCH, (uint64_t)i), value + (size_t)i * (size_t)points);
    posterior_free(p);
}

static void take_interval(struct importance_interval *to, double estimate, double *drawn, int draws)
{
    qsort(drawn, (size_t)draws, sizeof(*drawn), ascending);
    to->estimate = estimate;
    to->low = drawn[(int)(0.05 * (draws - 1))];
    to->high = drawn[(int)ceil(0.95 * (draws - 1))];
}

bool importance_of_fitted(const struct space *space, const struct surrogate *s, int draws, uint64_t seed,
                          bool (*stop)(void *), void *ctx, struct importance_interval *first,
                          struct importance_interval *total)
{
    double mean_first[SPACE_MAX], mean_total[SPACE_MAX], f[SPACE_MAX], t[SPACE_MAX];
    bool category[SPACE_MAX], stopped = false;
    assert(draws >= 1);
    memset(first, 0, (size_t)space->n * sizeof(*first));
    memset(total, 0, (size_t)space->n * sizeof(*total));
    int dims = surrogate_dims(s);
    for (int j = 0; j < dims; j++)
        category[j] = space->dims[surrogate_dim(s, j)].type == DIM_CATEGORY;
    struct design d = design_new(dims, DRAW_POINTS, seed);
    int points = design_points(&d);
    to_surrogate(space, s, &d);
    double *value = xcalloc((size_t)points, sizeof(double));
    double *drawn = xcalloc((size_t)(2 * dims * draws), sizeof(double)); /* (2, dims, draws) */
    mean_indices(space, s, seed, mean_first, mean_total);
    struct posterior *p = posterior_new(surrogate_gp(s), category, points, d.u);
    for (int i = 0; i < draws && !(stopped = stop && stop(ctx)); i++) {
        posterior_draw(p, hash3(seed, RNG_SEARCH, (uint64_t)i), value);
        indices(&d, value, f, t);
        for (int j = 0; j < dims; j++) {
            drawn[j * draws + i] = f[j];
            drawn[(dims + j) * draws + i] = t[j];
        }
    }
    for (int j = 0; j < dims && !stopped; j++) {
        take_interval(&first[surrogate_dim(s, j)], mean_first[j], drawn + (size_t)(j * draws), draws);
        take_interval(&total[surrogate_dim(s, j)], mean_total[j], drawn + (size_t)((dims + j) * draws), draws);
    }
    posterior_free(p);
    free(drawn);
    free(value);
    free(d.u);
    return !stopped;
}

bool importance_of_surrogate(const struct space *space, const struct trials *trials, int draws, uint64_t seed,
                             struct importance_interval *first, struct importance_interval *total)
{
    struct surrogate *s = surrogate_new(space, trials, &(struct surrogate_options){.seed = seed});
    memset(first, 0, (size_t)space->n * sizeof(*first));
    memset(total, 0, (size_t)space->n * sizeof(*total));
    if (!s)
        return false;
    importance_of_fitted(space, s, draws, seed, NULL, NULL, first, total);
    surrogate_free(s);
    return true;
}
