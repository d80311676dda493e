/* gp: the covariance matrix, its Cholesky factor (LAPACK), the posterior density with its gradient, and the climb.
 *
 * One matrix (n, n) is kept, column-major, its lower triangle in use. gp_log_posterior uses it as scratch, so the
 * factor of the hyperparameters in force is made again at the end of a fit. The gradient of the marginal likelihood
 * is 1/2 tr((a a^T - K^-1) dK) (Rasmussen & Williams, eq. 5.9); m is eliminated, and since the density is at its
 * maximum over m, the gradient with m held is the gradient (envelope theorem). */
#include "gp.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lapack.h"
#include "lbfgsb.h"

#define JITTER_FIRST 1e-8
#define JITTER_LAST 1.0001e-4
#define VARIANCE_MIN 1e-12 /* of the signal */
#define LENGTH_MIN 0.025
#define LENGTH_MAX 1e3
#define SIGNAL_MIN 1e-3
#define SIGNAL_MAX 1e3
#define NOISE_MIN 1e-4
#define NOISE_MIN_FREE 1e-6
#define NOISE_MAX 1e2
#define STARTS 4
#define ITERATIONS 60

struct gp {
    int n, dim;
    bool noise_free, category[SPACE_MAX];
    double *u, *y; /* (n, dim), (n) */
    double *share; /* (n), 1 / count */
    double *extra; /* (n) */
    struct gp_hyper hyper;
    double mean;
    bool usable;     /* chol and alpha hold */
    double *chol;    /* (n, n) */
    double *alpha;   /* (n) */
    double *slope;   /* (n, n), see kernel(); scratch */
    double *scratch; /* (n, 2) */
};

/* OpenBLAS, if that is the BLAS: threads are not worth their start at these sizes, the cores are busy training, and
 * the sums come out the same whatever the number of cores. */
extern void openblas_set_num_threads(int) __attribute__((weak));

struct gp *gp_new(const struct gp_data *data)
{
    assert(data->n >= 1 && data->dim >= 1 && data->dim <= SPACE_MAX);
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    size_t n = (size_t)data->n, dim = (size_t)data->dim;
    struct gp *gp = xcalloc(1, sizeof(*gp));
    gp->n = data->n;
    gp->dim = data->dim;
    gp->noise_free = data->noise_free;
    if (data->category)
        memcpy(gp->category, data->category, dim * sizeof(*data->category));
    gp->u = xcalloc(n * dim, sizeof(double));
    gp->y = xcalloc(n, sizeof(double));
    gp->share = xcalloc(n, sizeof(double));
    gp->extra = xcalloc(n, sizeof(double));
    gp->chol = xcalloc(n * n, sizeof(double));
    gp->slope = xcalloc(n * n, sizeof(double));
    gp->alpha = xcalloc(n, sizeof(double));
    gp->scratch = xcalloc(2 * n, sizeof(double));
    memcpy(gp->u, data->u, n * dim * sizeof(double));
    memcpy(gp->y, data->y, n * sizeof(double));
    for (size_t i = 0; i < n; i++)
        gp->share[i] = 1.0 / (data->count ? data->count[i] : 1);
    if (data->extra)
        memcpy(gp->extra, data->extra, n * sizeof(double));
    gp_prior_centre(gp, &gp->hyper);
    return gp;
}

void gp_free(struct gp *gp)
{
    if (!gp)
        return;
    free(gp->u);
    free(gp->y);
    free(gp->share);
    free(gp->extra);
    free(gp->chol);
    free(gp->slope);
    free(gp->alpha);
    free(gp->scratch);
    free(gp);
}

int gp_n(const struct gp *gp)
{
    return gp->n;
}

int gp_dim(const struct gp *gp)
{
    return gp->dim;
}

double gp_mean(const struct gp *gp)
{
    return gp->mean;
}

const struct gp_hyper *gp_hyper(const struct gp *gp)
{
    return &gp->hyper;
}

const double *gp_point(const struct gp *gp, int i)
{
    return gp->u + (size_t)i * (size_t)gp->dim;
}

bool gp_inside(const struct gp *gp, int i)
{
    for (int j = 0; j < gp->dim; j++)
        if (!gp->category[j] && !(gp_point(gp, i)[j] >= 0 && gp_point(gp, i)[j] <= 1))
            return false;
    return true;
}

double gp_noise(const struct gp *gp, int i)
{
    return gp->hyper.noise * gp->share[i] + gp->extra[i];
}

const double *gp_weights(const struct gp *gp)
{
    return gp->alpha;
}

/* ---- hyperparameters ---- */

static bool has_signal(const struct gp *gp)
{
    return gp->dim <= GP_GAMMA_DIM;
}

int gp_params(const struct gp *gp)
{
    return gp->dim + (has_signal(gp) ? 2 : 1);
}

void gp_pack(const struct gp *gp, const struct gp_hyper *h, double *params)
{
    for (int j = 0; j < gp->dim; j++)
        params[j] = log(h->lengthscale[j]);
    if (has_signal(gp))
        params[gp->dim] = log(h->signal);
    params[gp_params(gp) - 1] = log(h->noise);
}

void gp_unpack(const struct gp *gp, enum gp_kernel kernel, const double *params, struct gp_hyper *h)
{
    *h = (struct gp_hyper){.kernel = kernel, .signal = 1};
    for (int j = 0; j < gp->dim; j++)
        h->lengthscale[j] = exp(params[j]);
    if (has_signal(gp))
        h->signal = exp(params[gp->dim]);
    h->noise = exp(params[gp_params(gp) - 1]);
}

/* Of the lengthscale the priors' mean (Gamma) or median (LN). For signal and noise the wide priors say little: all of
 * the standardised variance, and a tenth of it (LN: the median). */
void gp_prior_centre(const struct gp *gp, struct gp_hyper *h)
{
    *h = (struct gp_hyper){.signal = 1, .noise = has_signal(gp) ? 0.1 : exp(-4)};
    for (int j = 0; j < gp->dim; j++)
        h->lengthscale[j] = has_signal(gp) ? 0.5 : fmin(exp(M_SQRT2 + 0.5 * log(gp->dim)), LENGTH_MAX);
}

/* ln density of a natural parameter given by its logarithm; adds the derivative over the logarithm to *g. */
static double gamma_prior(double log_x, double shape, double rate, double *g)
{
    double x = exp(log_x);
    *g += shape - 1 - rate * x;
    return (shape - 1) * log_x - rate * x;
}

static double log_normal_prior(double log_x, double mu, double variance, double *g)
{
    *g += -1 - (log_x - mu) / variance;
    return -log_x - (log_x - mu) * (log_x - mu) / (2 * variance);
}

static double log_prior(const struct gp *gp, const double *params, double *g)
{
    int last = gp_params(gp) - 1;
    double sum = 0;
    for (int j = 0; j < gp->dim; j++)
        sum += has_signal(gp) ? gamma_prior(params[j], 3, 6, &g[j])
                              : log_normal_prior(params[j], M_SQRT2 + 0.5 * log(gp->dim), 3, &g[j]);
    if (!has_signal(gp))
        return sum + log_normal_prior(params[last], -4, 1, &g[last]);
    return sum + gamma_prior(params[gp->dim], 2, 0.15, &g[gp->dim]) + gamma_prior(params[last], 1.1, 0.05, &g[last]);
}

/* ---- the kernel ---- */

static double difference(const struct gp *gp, int j, double a, double b)
{
    return gp->category[j] ? (a != b) : b - a;
}

/* k; *slope: -2 dk/d(rho), rho = sum of ((a_j - b_j) / lengthscale_j)^2. */
static double kernel(const struct gp *gp, const struct gp_hyper *h, const double *a, const double *b, double *slope)
{
    double rho = 0;
    for (int j = 0; j < gp->dim; j++) {
        double q = difference(gp, j, a[j], b[j]) / h->lengthscale[j];
        rho += q * q;
    }
    if (h->kernel == GP_RBF)
        return *slope = h->signal * exp(-0.5 * rho);
    double r = sqrt(5 * rho), e = h->signal * exp(-r);
    *slope = 5.0 / 3.0 * (1 + r) * e;
    return (1 + r + r * r / 3) * e;
}

double gp_kernel(const struct gp *gp, const double *a, const double *b, double *dk)
{
    double slope, k = kernel(gp, &gp->hyper, a, b, &slope);
    for (int j = 0; dk && j < gp->dim; j++)
        dk[j] = gp->category[j] ? 0 : -slope * (b[j] - a[j]) / (gp->hyper.lengthscale[j] * gp->hyper.lengthscale[j]);
    return k;
}

void gp_covariances(const struct gp *gp, const double *u, double *k, double *dk)
{
    for (int i = 0; i < gp->n; i++)
        k[i] = gp_kernel(gp, gp_point(gp, i), u, dk ? dk + (size_t)i * (size_t)gp->dim : NULL);
}

/* ---- the covariance matrix ---- */

/* K + noise in the lower triangle of chol, the slopes in that of slope; factored, with as little added to the diagonal
 * as does. */
static bool factor(struct gp *gp, const struct gp_hyper *h)
{
    size_t n = (size_t)gp->n;
    for (double jitter = JITTER_FIRST; jitter < JITTER_LAST; jitter *= 10) {
        int info;
        for (size_t j = 0; j < n; j++) {
            for (size_t i = j; i < n; i++)
                gp->chol[j * n + i] = kernel(gp, h, gp_point(gp, (int)i), gp_point(gp, (int)j), &gp->slope[j * n + i]);
            gp->chol[j * n + j] += h->noise * gp->share[j] + gp->extra[j] + jitter;
        }
        dpotrf_("L", &gp->n, gp->chol, &gp->n, &info, 1);
        if (info == 0)
            return true;
    }
    return false;
}

/* alpha = K^-1 (y - m) with the best m; returns ln of the marginal likelihood. */
static double condition(struct gp *gp)
{
    size_t n = (size_t)gp->n;
    double *ones = gp->scratch, *b = gp->alpha, sum_ones = 0, sum_y = 0, quadratic = 0, log_det = 0;
    int one = 1, info;
    for (size_t i = 0; i < n; i++) {
        ones[i] = 1;
        b[i] = gp->y[i];
    }
    dpotrs_("L", &gp->n, &one, gp->chol, &gp->n, ones, &gp->n, &info, 1);
    dpotrs_("L", &gp->n, &one, gp->chol, &gp->n, b, &gp->n, &info, 1);
    for (size_t i = 0; i < n; i++) {
        sum_ones += ones[i];
        sum_y += b[i];
    }
    gp->mean = sum_y / sum_ones;
    for (size_t i = 0; i < n; i++) {
        b[i] -= gp->mean * ones[i];
        quadratic += b[i] * (gp->y[i] - gp->mean);
        log_det += log(gp->chol[i * n + i]);
    }
    return -0.5 * quadratic - log_det - 0.5 * gp->n * log(2 * M_PI);
}

static void likelihood_gradient(struct gp *gp, const struct gp_hyper *h, double *g)
{
    size_t n = (size_t)gp->n;
    double by_signal = 0, by_noise = 0, by_length[SPACE_MAX] = {0};
    int info;
    dpotri_("L", &gp->n, gp->chol, &gp->n, &info, 1);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) {
            const double *a = gp_point(gp, (int)i), *b = gp_point(gp, (int)j);
            double w = gp->alpha[i] * gp->alpha[j] - gp->chol[j * n + i]; /* counts twice off the diagonal */
            if (i == j) {
                by_signal += 0.5 * w * h->signal;
                by_noise += 0.5 * w * h->noise * gp->share[i];
                continue;
            }
            double rho = 0, slope = w * gp->slope[j * n + i];
            for (int d = 0; d < gp->dim; d++) {
                double q = difference(gp, d, a[d], b[d]) / h->lengthscale[d];
                by_length[d] += slope * q * q;
                rho += q * q;
            }
            double r = sqrt(5 * rho); /* w k, from the slope */
            by_signal += h->kernel == GP_RBF ? slope : slope * 0.6 * (1 + r + r * r / 3) / (1 + r);
        }
    }
    for (int d = 0; d < gp->dim; d++)
        g[d] += by_length[d];
    if (has_signal(gp))
        g[gp->dim] += by_signal;
    g[gp_params(gp) - 1] += by_noise;
}

double gp_log_posterior(struct gp *gp, enum gp_kernel kernel, const double *params, double *gradient)
{
    double own[GP_PARAMS_MAX] = {0};
    struct gp_hyper h;
    gp->usable = false;
    gp_unpack(gp, kernel, params, &h);
    double prior = log_prior(gp, params, own);
    if (!factor(gp, &h))
        return -INFINITY;
    double value = prior + condition(gp);
    if (gradient) {
        likelihood_gradient(gp, &h, own);
        memcpy(gradient, own, (size_t)gp_params(gp) * sizeof(*own));
    }
    return isfinite(value) ? value : -INFINITY;
}

bool gp_set(struct gp *gp, const struct gp_hyper *h)
{
    gp->hyper = *h;
    gp->usable = factor(gp, h) && isfinite(condition(gp));
    if (!gp->usable) {
        memset(gp->alpha, 0, (size_t)gp->n * sizeof(*gp->alpha));
        gp->mean = 0;
    }
    return gp->usable;
}

/* ---- the fit ---- */

struct climb {
    struct gp *gp;
    enum gp_kernel kernel;
};

static double negated(void *ctx, const double *params, double *gradient)
{
    const struct climb *c = ctx;
    double value = gp_log_posterior(c->gp, c->kernel, params, gradient);
    for (int i = 0; i < gp_params(c->gp); i++)
        gradient[i] = -gradient[i];
    return -value;
}

static void bounds(const struct gp *gp, double *lower, double *upper)
{
    struct gp_hyper lo = {.signal = SIGNAL_MIN, .noise = gp->noise_free ? NOISE_MIN_FREE : NOISE_MIN};
    struct gp_hyper hi = {.signal = SIGNAL_MAX, .noise = NOISE_MAX};
    for (int j = 0; j < gp->dim; j++) {
        lo.lengthscale[j] = LENGTH_MIN;
        hi.lengthscale[j] = LENGTH_MAX;
    }
    gp_pack(gp, &lo, lower);
    gp_pack(gp, &hi, upper);
}

/* A point with lengthscales spread about the centre and little noise: the climb from there finds the explanation of
 * the data as structure, where one that starts with much noise may stay with noise. */
static void low_noise_start(const struct gp *gp, struct rng *rng, struct gp_hyper *h)
{
    gp_prior_centre(gp, h);
    for (int j = 0; j < gp->dim; j++)
        h->lengthscale[j] *= exp(1.5 * rng_uniform(rng) - 1);
    h->signal *= exp(2 * rng_uniform(rng) - 0.5);
    h->noise = 1e-3 * exp(2 * rng_uniform(rng));
    if (gp->noise_free)
        h->noise *= 1e-2;
}

/* The best of the climbs with one kernel into *best_h; its ln posterior density, -INFINITY if none got anywhere. */
static double fit_kernel(struct gp *gp, enum gp_kernel kernel, const struct gp_hyper *warm, struct rng *rng,
                         struct gp_hyper *best_h)
{
    double lower[GP_PARAMS_MAX], upper[GP_PARAMS_MAX], params[GP_PARAMS_MAX], best = INFINITY;
    struct climb climb = {gp, kernel};
    struct gp_hyper h;
    bounds(gp, lower, upper);
    for (int s = 0; s < STARTS; s++) {
        if (s == 0)
            gp_prior_centre(gp, &h);
        else if (s == 1 && warm)
            h = *warm;
        else
            low_noise_start(gp, rng, &h);
        gp_pack(gp, &h, params);
        double value = lbfgsb_minimise(gp_params(gp), lower, upper, negated, &climb, ITERATIONS, params);
        if (value < best) {
            best = value;
            gp_unpack(gp, kernel, params, best_h);
        }
    }
    return -best;
}

static int by_height(const void *a, const void *b)
{
    double p = **(double *const *)a, q = **(double *const *)b;
    return (p < q) - (p > q);
}

/* GP_FIT_MAX of the data: the highest half of that many, and of the others as many at equal distances in rank. */
static struct gp *part_of(const struct gp *gp)
{
    enum { TOP = GP_FIT_MAX / 2 };
    size_t n = (size_t)gp->n, dim = (size_t)gp->dim;
    const double **rank = xcalloc(n, sizeof(*rank));
    for (size_t i = 0; i < n; i++)
        rank[i] = &gp->y[i];
    qsort(rank, n, sizeof(*rank), by_height);
    double *u = xcalloc(GP_FIT_MAX * dim, sizeof(*u)), *y = xcalloc(2 * GP_FIT_MAX, sizeof(*y));
    double *extra = y + GP_FIT_MAX;
    for (size_t i = 0; i < GP_FIT_MAX; i++) {
        size_t at = (size_t)(rank[i < TOP ? i : TOP + (i - TOP) * (n - TOP) / (GP_FIT_MAX - TOP)] - gp->y);
        memcpy(u + i * dim, gp->u + at * dim, dim * sizeof(*u));
        y[i] = gp->y[at];
        extra[i] = gp->extra[at];
    }
    struct gp *part = gp_new(&(struct gp_data){.n = GP_FIT_MAX,
                                               .dim = gp->dim,
                                               .u = u,
                                               .y = y,
                                               .extra = extra,
                                               .category = gp->category,
                                               .noise_free = gp->noise_free});
    free(rank);
    free(u);
    free(y);
    return part;
}

bool gp_fit(struct gp *gp, const struct gp_hyper *warm, uint64_t seed)
{
    if (gp->n > GP_FIT_MAX) {
        struct gp *part = part_of(gp);
        gp_fit(part, warm, seed);
        bool ok = gp_set(gp, gp_hyper(part));
        gp_free(part);
        return ok;
    }
    struct gp_hyper matern, rbf;
    struct rng rng;
    rng_seed(&rng, seed, RNG_SEARCH);
    gp_prior_centre(gp, &matern);
    if (warm)
        matern = *warm;
    rbf = matern;
    double rough = fit_kernel(gp, GP_MATERN52, warm, &rng, &matern);
    double smooth = fit_kernel(gp, GP_RBF, warm, &rng, &rbf);
    return gp_set(gp, smooth > -INFINITY && smooth >= rough - GP_SMOOTH ? &rbf : &matern);
}

/* ---- prediction ---- */

void gp_solve(const struct gp *gp, int columns, double *b)
{
    int info;
    if (gp->usable)
        dpotrs_("L", &gp->n, &columns, gp->chol, &gp->n, b, &gp->n, &info, 1);
    else
        memset(b, 0, (size_t)columns * (size_t)gp->n * sizeof(*b));
}

void gp_predict(const struct gp *gp, const double *u, double *mean, double *variance)
{
    size_t n = (size_t)gp->n;
    double *k = gp->scratch, *v = gp->scratch + n;
    gp_covariances(gp, u, k, NULL);
    memcpy(v, k, n * sizeof(*v));
    gp_solve(gp, 1, v);
    *mean = gp->mean;
    *variance = gp->hyper.signal;
    for (size_t i = 0; i < n; i++) {
        *mean += k[i] * gp->alpha[i];
        *variance -= k[i] * v[i];
    }
    *variance = fmax(*variance, VARIANCE_MIN * gp->hyper.signal);
}
