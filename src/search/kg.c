/* kg: the knowledge gradient over a finite set.
 *
 * The set's points and u are lines over z; sorted by slope, a stack keeps those that are the highest somewhere. Between
 * neighbours of slopes b < b' that meet at c, the maximum gains (b' - b) h(-|c|), h(x) = phi(x) + x Phi(x). The gradient is
 * that of an expected maximum: over mu_a the chance that a is highest, over b_a the mean of Z where it is.
 *
 * Pending points are conditioned on as observations that move no mean: with L_P of Sigma_PP + noise,
 * Sigma_au becomes Sigma_au - (L_P^-1 Sigma_Pa) . (L_P^-1 Sigma_Pu). */
#include "kg.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acqui.h"
#include "lapack.h"

#define LN_SQRT_2PI 0.91893853320467274178
#define VARIANCE_MIN 1e-12 /* of the signal */
#define LOG_MIN (-1e4)     /* nothing can be learnt */
#define GAIN_MIN 1e-290

struct line {
    double mu, b;
    int at;
};

struct kg {
    const struct gp *gp;
    int n, dim, m, p; /* data's points, dimensions, points of A, pending */
    double *points;   /* (m + p, dim): A, then the pending */
    double *v;        /* (m + p, n) K^-1 k(X, .) */
    double *mean;     /* (m) */
    double *factor;   /* (p, p) of Sigma_PP + noise, lower, column-major */
    double *share;    /* (m, p) of A: L_P^-1 Sigma_Pa */
    /* scratch */
    double *k, *dk, *w, *cov, *dcov, *t, *dt;
    struct line *lines;
    double *meet;
};

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void solve_pending(const struct kg *g, double *x)
{
    int one = 1, info;
    if (g->p > 0)
        dtrtrs_("L", "N", "N", &g->p, &one, g->factor, &g->p, x, &g->p, &info, 1, 1, 1);
}

static double *point(const struct kg *g, int i)
{
    return g->points + (size_t)i * (size_t)g->dim;
}

static double *solved(const struct kg *g, int i)
{
    return g->v + (size_t)i * (size_t)g->n;
}

static void condition_on_pending(struct kg *g)
{
    size_t p = (size_t)g->p;
    double jitter = 1e-8 * gp_hyper(g->gp)->signal;
    int info = 1;
    for (; p > 0 && info != 0; jitter *= 10) {
        for (size_t i = 0; i < p; i++) {
            gp_covariances(g->gp, point(g, g->m + (int)i), g->k, NULL);
            for (size_t j = 0; j <= i; j++)
                g->factor[j * p + i] = gp_kernel(g->gp, point(g, g->m + (int)j), point(g, g->m + (int)i), NULL) -
                                       dot(g->n, g->k, solved(g, g->m + (int)j)) +
                                       (i == j ? gp_hyper(g->gp)->noise + jitter : 0);
        }
        dpotrf_("L", &g->p, g->factor, &g->p, &info, 1);
    }
    for (int a = 0; a < g->m; a++) {
        double *share = g->share + (size_t)a * p;
        gp_covariances(g->gp, point(g, a), g->k, NULL);
        for (int i = 0; i < g->p; i++)
            share[i] = gp_kernel(g->gp, point(g, g->m + i), point(g, a), NULL) - dot(g->n, g->k, solved(g, g->m + i));
        solve_pending(g, share);
    }
}

struct kg *kg_new(const struct gp *gp, const double *points, int n_points, const double *pending, int n_pending)
{
    assert(n_points >= 1);
    struct kg *g = xcalloc(1, sizeof(*g));
    g->gp = gp;
    g->n = gp_n(gp);
    g->dim = gp_dim(gp);
    g->m = n_points;
    g->p = n_pending;
    size_t n = (size_t)g->n, dim = (size_t)g->dim, m = (size_t)g->m, p = (size_t)g->p, all = m + p;
    g->points = xcalloc(all * dim, sizeof(double));
    memcpy(g->points, points, m * dim * sizeof(double));
    if (p > 0)
        memcpy(g->points + m * dim, pending, p * dim * sizeof(double));
    g->v = xcalloc(all * n, sizeof(double));
    g->mean = xcalloc(m, sizeof(double));
    g->factor = xcalloc(p * p + 1, sizeof(double));
    g->share = xcalloc(m * p + 1, sizeof(double));
    g->k = xcalloc(n, sizeof(double));
    g->dk = xcalloc(n * dim, sizeof(double));
    g->w = xcalloc(n, sizeof(double));
    g->cov = xcalloc(all, sizeof(double));
    g->dcov = xcalloc((all + 1) * dim, sizeof(double));
    g->t = xcalloc(p + 1, sizeof(double));
    g->dt = xcalloc(p * dim + 1, sizeof(double));
    g->lines = xcalloc(m + 1, sizeof(*g->lines));
    g->meet = xcalloc(m + 2, sizeof(double));
    for (size_t i = 0; i < all; i++) {
        gp_covariances(gp, g->points + i * dim, g->v + i * n, NULL);
        if (i < m)
            g->mean[i] = gp_mean(gp) + dot(g->n, g->v + i * n, gp_weights(gp));
    }
    gp_solve(gp, (int)all, g->v);
    condition_on_pending(g);
    return g;
}

void kg_free(struct kg *g)
{
    if (!g)
        return;
    double *all[] = {g->points, g->v,   g->mean, g->factor, g->share, g->k,   g->dk,
                     g->w,      g->cov, g->dcov, g->t,      g->dt,    g->meet};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        free(all[i]);
    free(g->lines);
    free(g);
}

/* ---- the envelope ---- */

static int by_slope(const void *a, const void *b)
{
    const struct line *p = a, *q = b;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    if (p->mu != q->mu)
        return p->mu < q->mu ? -1 : 1;
    return p->at - q->at;
}

/* Of N lines those on the upper envelope, in the order of their slopes, to the front; meet[i]: where i begins. Returns their
 * number. */
static int envelope(struct line *line, int n, double *meet)
{
    int top = 0;
    qsort(line, (size_t)n, sizeof(*line), by_slope);
    for (int i = 0; i < n; i++) {
        struct line l = line[i];
        double from = -INFINITY;
        if (top > 0 && line[top - 1].b == l.b)
            top--; /* the same slope: the later is the higher */
        while (top > 0) {
            from = (line[top - 1].mu - l.mu) / (l.b - line[top - 1].b);
            if (from > meet[top - 1])
                break;
            top--;
            from = -INFINITY;
        }
        meet[top] = from;
        line[top++] = l;
    }
    return top;
}

/* ln of the gain */
static double log_gain(const struct line *line, const double *meet, int n)
{
    double top = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 1; i < n; i++) {
            double part = log(line[i].b - line[i - 1].b) + acqui_log_h(-fabs(meet[i]), NULL);
            if (pass == 0)
                top = fmax(top, part);
            else
                sum += exp(part - top);
        }
    return top > LOG_MIN ? top + log(sum) : LOG_MIN;
}

static double density(double z)
{
    return isfinite(z) ? exp(-0.5 * z * z - LN_SQRT_2PI) : 0;
}

/* ---- the value ---- */

/* Fills k, w, cov (of A, given the pending), t and, with GRADIENT, dk, dcov, dt; *mean and *variance at U. */
static void beliefs(struct kg *g, const double *u, bool gradient, double *mean, double *variance)
{
    const struct gp *gp = g->gp;
    int n = g->n, dim = g->dim, m = g->m, p = g->p;
    double signal = gp_hyper(gp)->signal;
    gp_covariances(gp, u, g->k, gradient ? g->dk : NULL);
    memcpy(g->w, g->k, (size_t)n * sizeof(double));
    gp_solve(gp, 1, g->w);
    *mean = gp_mean(gp) + dot(n, g->k, gp_weights(gp));
    for (int i = 0; i < m + p; i++) {
        double *d = g->dcov + i * dim;
        const double *v = solved(g, i);
        g->cov[i] = gp_kernel(gp, point(g, i), u, gradient ? d : NULL) - dot(n, v, g->k);
        for (int l = 0; gradient && l < n; l++)
            for (int j = 0; j < dim; j++)
                d[j] -= v[l] * g->dk[l * dim + j];
    }
    memcpy(g->t, g->cov + m, (size_t)p * sizeof(double));
    solve_pending(g, g->t);
    for (int i = 0; i < m && p > 0; i++)
        g->cov[i] -= dot(p, g->t, g->share + (size_t)i * (size_t)p);
    for (int j = 0; gradient && p > 0 && j < dim; j++) {
        for (int i = 0; i < p; i++)
            g->dt[j * p + i] = g->dcov[(m + i) * dim + j];
        solve_pending(g, g->dt + j * p);
    }
    *variance = fmax(signal - dot(n, g->k, g->w) - dot(p, g->t, g->t), VARIANCE_MIN * signal);
}

/* The mean and the variance's derivatives over coordinate j of u. */
static void slopes(const struct kg *g, int j, double *dmean, double *dvariance)
{
    const double *alpha = gp_weights(g->gp);
    *dmean = *dvariance = 0;
    for (int l = 0; l < g->n; l++) {
        *dmean += alpha[l] * g->dk[l * g->dim + j];
        *dvariance -= 2 * g->w[l] * g->dk[l * g->dim + j];
    }
    *dvariance -= 2 * dot(g->p, g->t, g->dt + j * g->p);
}

/* Into gradient (dim) the derivatives of the gain, from LINES lines of the envelope; on_top: u itself has the highest mean,
 * which the gain is counted from. */
static void gain_gradient(const struct kg *g, int lines, double variance, bool on_top, double *gradient)
{
    double spread = sqrt(variance + gp_hyper(g->gp)->noise), cube = 2 * spread * spread * spread;
    for (int j = 0; j < g->dim; j++) {
        double dmean, dvariance, sum = 0;
        slopes(g, j, &dmean, &dvariance);
        if (on_top)
            sum -= dmean;
        for (int i = 0; i < lines; i++) {
            const struct line *l = &g->lines[i];
            double from = i > 0 ? g->meet[i] : -INFINITY, to = i + 1 < lines ? g->meet[i + 1] : INFINITY;
            double by_b = density(from) - density(to), cov = variance, dcov = dvariance;
            if (l->at < g->m) {
                cov = g->cov[l->at];
                dcov =
                    g->dcov[l->at * g->dim + j] - dot(g->p, g->dt + j * g->p, g->share + (size_t)l->at * (size_t)g->p);
            } else {
                sum += 0.5 * (erfc(from * M_SQRT1_2) - erfc(to * M_SQRT1_2)) * dmean;
            }
            sum += by_b * (dcov / spread - cov / cube * dvariance);
        }
        gradient[j] = sum;
    }
}

double kg_value(struct kg *g, const double *u, double *gradient)
{
    double mean, variance, best = -INFINITY;
    beliefs(g, u, gradient != NULL, &mean, &variance);
    double spread = sqrt(variance + gp_hyper(g->gp)->noise);
    for (int i = 0; i < g->m; i++) {
        g->lines[i] = (struct line){.mu = g->mean[i], .b = g->cov[i] / spread, .at = i};
        best = fmax(best, g->mean[i]);
    }
    g->lines[g->m] = (struct line){.mu = mean, .b = variance / spread, .at = g->m};
    int lines = envelope(g->lines, g->m + 1, g->meet);
    double value = log_gain(g->lines, g->meet, lines), gain = exp(value);
    if (!gradient)
        return value;
    memset(gradient, 0, (size_t)g->dim * sizeof(*gradient));
    if (gain < GAIN_MIN)
        return value; /* flat, as far as doubles go */
    gain_gradient(g, lines, variance, mean > best, gradient);
    for (int j = 0; j < g->dim; j++)
        gradient[j] /= gain;
    return value;
}
