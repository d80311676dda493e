/* acqui: analytic noisy expected improvement.
 *
 * All that does not depend on the point is done once: the baseline B, its factor, the draws of it and their maxima,
 * and V = K^-1 k(X, B). The gradient goes backwards: every draw's part is first summed into coefficients of the mean,
 * of the variance and of Sigma_Bx, and then one product with the derivatives of k gives all of them. */
#include "acqui.h"

#include <assert.h>
#include <cerf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lapack.h"
#include "sample.h"

#define DRAWS 128      /* S, of the baseline */
#define BALLOTS 1024   /* joint draws that elect the baseline */
#define CANDIDATES 128 /* observed points that stand for election */
#define BASELINE 16    /* elected at most */
#define JITTER 1e-6    /* of the signal, on Sigma_BB */
#define SIGMA2_MIN 1e-12

#define LN_SQRT_2PI 0.91893853320467274178
#define LN_SQRT_PI_2 0.22579135264472743236 /* ln sqrt(pi / 2) */

struct acqui {
    const struct gp *gp;
    int n, dim, b; /* data's points, dimensions, baseline's points */
    int draws;
    double *base;   /* (b, dim) */
    double *k_base; /* (b, n) k(X, B) */
    double *v;      /* (b, n) K^-1 k(X, B) */
    double *factor; /* (b, b), lower, column-major */
    double *zeta;   /* (draws, b) */
    double *top;    /* (draws) max f_B */
    /* scratch */
    double *k, *dk, *w, *dkb, *t, *z, *ratio;
};

/* ---- h ---- */

/* ln(1 - e^x), x < 0 (Maechler 2012). */
static double log1mexp(double x)
{
    return x > -M_LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

double acqui_log_h(double z, double *derivative)
{
    if (z > -1) {
        double cdf = 0.5 * erfc(-z * M_SQRT1_2), h = exp(-0.5 * z * z - LN_SQRT_2PI) + z * cdf;
        if (derivative)
            *derivative = cdf / h;
        return log(h);
    }
    /* h = phi (1 - |z| Phi / phi), and Phi / phi = sqrt(pi / 2) erfcx(|z| / sqrt 2); far out, where the difference is
     * all cancelled, its asymptotic series in t = z^-2 */
    double a = -z, log_mills = log(erfcx(a * M_SQRT1_2)) + LN_SQRT_PI_2, rest;
    if (z > -50) {
        rest = log1mexp(log_mills + log(a));
    } else {
        double t = 1 / (a * a);
        rest = -2 * log(a) + log1p(t * (-3 + t * (15 + t * (-105 + 945 * t))));
    }
    if (derivative)
        *derivative = exp(log_mills - rest);
    return -0.5 * z * z - LN_SQRT_2PI + rest;
}

double acqui_normal_quantile(double p)
{
    assert(p > 0 && p < 1);
    double tail = p < 0.5 ? p : 1 - p;
    /* Abramowitz & Stegun 26.2.23 (to 4.5e-4), then Halley's method on erfc */
    double s = sqrt(-2 * log(tail));
    double x = s - (2.515517 + s * (0.802853 + s * 0.010328)) / (1 + s * (1.432788 + s * (0.189269 + s * 0.001308)));
    for (int i = 0; i < 2; i++) {
        double e = (tail - 0.5 * erfc(x * M_SQRT1_2)) * exp(0.5 * x * x + LN_SQRT_2PI);
        x -= e / (1 + 0.5 * x * e);
    }
    return p < 0.5 ? -x : x;
}

/* ---- joint posteriors ---- */

/* Of the points P (m, dim): k (m, n) = k(X, P), v (m, n) = K^-1 k, mean (m), covariance (m, m). */
static void joint(const struct gp *gp, int m, const double *p, double *k, double *v, double *mean, double *covariance)
{
    size_t n = (size_t)gp_n(gp), dim = (size_t)gp_dim(gp);
    const double *alpha = gp_weights(gp);
    for (int i = 0; i < m; i++)
        gp_covariances(gp, p + (size_t)i * dim, k + (size_t)i * n, NULL);
    memcpy(v, k, (size_t)m * n * sizeof(*v));
    gp_solve(gp, m, v);
    for (size_t i = 0; i < (size_t)m; i++) {
        mean[i] = gp_mean(gp);
        for (size_t l = 0; l < n; l++)
            mean[i] += k[i * n + l] * alpha[l];
        for (size_t j = 0; j <= i; j++) {
            double c = gp_kernel(gp, p + i * dim, p + j * dim, NULL);
            for (size_t l = 0; l < n; l++)
                c -= k[i * n + l] * v[j * n + l];
            covariance[i * (size_t)m + j] = covariance[j * (size_t)m + i] = c;
        }
    }
}

/* The factor of A + jitter I, more jitter where that is not enough. Out: A's lower triangle. */
static void factor_safely(int m, double *a, double jitter)
{
    size_t n = (size_t)m;
    double *copy = xcalloc(n * n, sizeof(*copy));
    int info = 1;
    memcpy(copy, a, n * n * sizeof(*copy));
    for (; info != 0; jitter *= 10) {
        memcpy(a, copy, n * n * sizeof(*copy));
        for (size_t i = 0; i < n; i++)
            a[i * n + i] += jitter;
        dpotrf_("L", &m, a, &m, &info, 1);
    }
    free(copy);
}

/* max(v + L zeta), *at its place */
static double draw_max(int m, const double *mean, const double *factor, const double *zeta, int *at)
{
    double best = -INFINITY;
    for (int i = 0; i < m; i++) {
        double f = mean[i];
        for (int j = 0; j <= i; j++)
            f += factor[(size_t)j * (size_t)m + (size_t)i] * zeta[j];
        if (f > best) {
            best = f;
            *at = i;
        }
    }
    return best;
}

/* ---- the baseline ---- */

struct ranked {
    double score;
    int at;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    if (p->score != q->score)
        return p->score > q->score ? -1 : 1;
    return p->at < q->at ? -1 : 1;
}

/* Points outside the cube are not to be had any more; where there are no others, they must do. Returns how many. */
static int stand(const struct gp *gp, struct ranked *rank)
{
    int n = 0;
    for (int all = 0; all < 2 && n == 0; all++)
        for (int i = 0; i < gp_n(gp); i++)
            if (all || gp_inside(gp, i))
                rank[n++] = (struct ranked){.at = i};
    return n;
}

/* The observed points that may be the best; *points (count, dim) is allocated. With very many data only those stand
 * whose mean + 3 sigma is highest. */
static int elect(const struct gp *gp, uint64_t seed, double **points)
{
    struct ranked *rank = xcalloc((size_t)gp_n(gp), sizeof(*rank));
    int n = stand(gp, rank), m = n < CANDIDATES ? n : CANDIDATES, count = 0;
    size_t dim = (size_t)gp_dim(gp), rows = (size_t)m, data = (size_t)gp_n(gp);
    double *p = xcalloc(rows * dim, sizeof(*p)), *k = xcalloc(2 * rows * data, sizeof(*k));
    double *mean = xcalloc(rows, sizeof(*mean)), *covariance = xcalloc(rows * rows, sizeof(*covariance));
    double zeta[CANDIDATES];
    struct rng rng;
    for (int i = 0; i < n; i++) {
        double mu = 0, variance = 0;
        if (n > m)
            gp_predict(gp, gp_point(gp, rank[i].at), &mu, &variance);
        rank[i].score = mu + 3 * sqrt(variance);
    }
    qsort(rank, (size_t)n, sizeof(*rank), by_score);
    for (size_t i = 0; i < rows; i++)
        memcpy(p + i * dim, gp_point(gp, rank[i].at), dim * sizeof(*p));
    joint(gp, m, p, k, k + rows * data, mean, covariance);
    factor_safely(m, covariance, JITTER * gp_hyper(gp)->signal);
    for (int i = 0; i < m; i++)
        rank[i] = (struct ranked){.at = i};
    rng_seed(&rng, seed, RNG_SEARCH);
    for (int b = 0; b < BALLOTS; b++) {
        int winner = 0;
        for (int i = 0; i < m; i++)
            zeta[i] = rng_normal(&rng);
        draw_max(m, mean, covariance, zeta, &winner);
        rank[winner].score++;
    }
    qsort(rank, rows, sizeof(*rank), by_score);
    *points = xcalloc(BASELINE * dim, sizeof(**points));
    for (; count < m && count < BASELINE && rank[count].score > 0; count++)
        memcpy(*points + (size_t)count * dim, p + (size_t)rank[count].at * dim, dim * sizeof(*p));
    free(rank);
    free(p);
    free(k);
    free(mean);
    free(covariance);
    return count;
}

/* zeta (DRAWS, b): shifted Sobol points through the normal quantile; past the sequence's 16 dimensions every column is a
 * random order of the middles of 128 equal strata. */
static void normal_draws(int b, uint64_t seed, double *zeta)
{
    int smooth = b < SPACE_MAX ? b : SPACE_MAX, order[DRAWS];
    double u[SPACE_MAX];
    struct sobol sobol;
    struct rng rng;
    sobol_init(&sobol, smooth, seed | 1);
    rng_seed(&rng, seed, RNG_SHUFFLE);
    for (int s = 0; s < DRAWS; s++) {
        sobol_next(&sobol, u);
        for (int j = 0; j < smooth; j++) /* half a step up: 0 has no quantile */
            zeta[s * b + j] = acqui_normal_quantile(u[j] + 0x1p-33);
    }
    for (int j = smooth; j < b; j++) {
        for (int s = 0; s < DRAWS; s++)
            order[s] = s;
        rng_shuffle(&rng, order, DRAWS);
        for (int s = 0; s < DRAWS; s++)
            zeta[s * b + j] = acqui_normal_quantile((order[s] + 0.5) / DRAWS);
    }
}

static void make_baseline(struct acqui *a, const struct acqui_options *o)
{
    size_t n = (size_t)a->n, dim = (size_t)a->dim;
    int elected = elect(a->gp, o->seed, &a->base), at;
    a->b = elected + o->n_pending;
    a->draws = DRAWS;
    size_t b = (size_t)a->b;
    a->base = xrealloc(a->base, b * dim * sizeof(double));
    if (o->n_pending > 0)
        memcpy(a->base + (size_t)elected * dim, o->pending, (size_t)o->n_pending * dim * sizeof(double));
    a->k_base = xcalloc(b * n, sizeof(double));
    a->v = xcalloc(b * n, sizeof(double));
    a->factor = xcalloc(b * b, sizeof(double));
    a->zeta = xcalloc(DRAWS * b, sizeof(double));
    double *mean = xcalloc(b, sizeof(double));
    joint(a->gp, a->b, a->base, a->k_base, a->v, mean, a->factor);
    factor_safely(a->b, a->factor, JITTER * gp_hyper(a->gp)->signal);
    normal_draws(a->b, o->seed, a->zeta);
    for (int s = 0; s < DRAWS; s++)
        a->top[s] = draw_max(a->b, mean, a->factor, a->zeta + (size_t)s * b, &at);
    free(mean);
}

struct acqui *acqui_new(const struct gp *gp, const struct acqui_options *o)
{
    struct acqui *a = xcalloc(1, sizeof(*a));
    a->gp = gp;
    a->n = gp_n(gp);
    a->dim = gp_dim(gp);
    a->top = xcalloc(DRAWS, sizeof(double));
    a->draws = 1;
    a->top[0] = o->best;
    if (!o->noise_free || o->n_pending > 0)
        make_baseline(a, o);
    size_t n = (size_t)a->n, dim = (size_t)a->dim, b = (size_t)a->b;
    a->k = xcalloc(n, sizeof(double));
    a->dk = xcalloc(n * dim, sizeof(double));
    a->w = xcalloc(n, sizeof(double));
    a->dkb = xcalloc(b * dim + 1, sizeof(double));
    a->t = xcalloc(2 * b + 1, sizeof(double));
    a->z = xcalloc(DRAWS, sizeof(double));
    a->ratio = xcalloc(DRAWS, sizeof(double));
    return a;
}

void acqui_free(struct acqui *a)
{
    if (!a)
        return;
    double *all[] = {a->base, a->k_base, a->v,   a->factor, a->zeta, a->top,  a->k,
                     a->dk,   a->w,      a->dkb, a->t,      a->z,    a->ratio};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        free(all[i]);
    free(a);
}

/* ---- the value ---- */

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* x (b) becomes L_B^-1 x, or L_B^-T x. */
static void solve_base(const struct acqui *a, const char *transposed, double *x)
{
    int one = 1, info;
    if (a->b > 0)
        dtrtrs_("L", transposed, "N", &a->b, &one, a->factor, &a->b, x, &a->b, &info, 1, 1, 1);
}

/* ln mean_s h(z_s); ratio (draws) becomes d/dz_s of it. */
static double log_mean_h(struct acqui *a)
{
    double top = -INFINITY, sum = 0, log_h[DRAWS];
    for (int s = 0; s < a->draws; s++) {
        log_h[s] = acqui_log_h(a->z[s], &a->ratio[s]);
        top = fmax(top, log_h[s]);
    }
    for (int s = 0; s < a->draws; s++)
        sum += log_h[s] = exp(log_h[s] - top);
    for (int s = 0; s < a->draws; s++)
        a->ratio[s] *= log_h[s] / sum;
    return top + log(sum / a->draws);
}

double acqui_value(struct acqui *a, const double *u, double *gradient)
{
    const struct gp *gp = a->gp;
    const double *alpha = gp_weights(gp);
    int n = a->n, dim = a->dim, b = a->b;
    double signal = gp_hyper(gp)->signal, *t = a->t, *q = t + b;
    gp_covariances(gp, u, a->k, gradient ? a->dk : NULL);
    memcpy(a->w, a->k, (size_t)n * sizeof(double));
    gp_solve(gp, 1, a->w);
    double mean = gp_mean(gp) + dot(n, a->k, alpha), variance = signal - dot(n, a->k, a->w);
    for (int i = 0; i < b; i++)
        t[i] = gp_kernel(gp, a->base + i * dim, u, gradient ? a->dkb + i * dim : NULL) -
               dot(n, a->k_base + (size_t)i * (size_t)n, a->w);
    solve_base(a, "N", t);
    double sigma = sqrt(fmax(variance - dot(b, t, t), SIGMA2_MIN * signal));
    for (int s = 0; s < a->draws; s++)
        a->z[s] = (mean + dot(b, t, a->zeta + s * b) - a->top[s]) / sigma;
    double value = log(sigma) + log_mean_h(a);
    if (!gradient)
        return value;

    /* with p_s = ratio_s: d value = [ (1 - sum p z) d sigma + sum p d mean + (sum p zeta) d t ] / sigma, and
     * sigma d sigma = -w dk - t dt */
    double by_mean = 0, by_sigma = 1;
    memset(q, 0, (size_t)b * sizeof(*q));
    for (int s = 0; s < a->draws; s++) {
        by_mean += a->ratio[s];
        by_sigma -= a->ratio[s] * a->z[s];
        for (int i = 0; i < b; i++)
            q[i] += a->ratio[s] * a->zeta[s * b + i];
    }
    by_sigma /= sigma;
    for (int i = 0; i < b; i++)
        q[i] -= by_sigma * t[i];
    solve_base(a, "T", q); /* now the coefficients of Sigma_Bx */
    for (int j = 0; j < dim; j++)
        gradient[j] = 0;
    for (int l = 0; l < n; l++) {
        double by_k = by_mean * alpha[l] - by_sigma * a->w[l];
        for (int i = 0; i < b; i++)
            by_k -= q[i] * a->v[(size_t)i * (size_t)n + (size_t)l];
        for (int j = 0; j < dim; j++)
            gradient[j] += by_k * a->dk[l * dim + j];
    }
    for (int j = 0; j < dim; j++) {
        for (int i = 0; i < b; i++)
            gradient[j] += q[i] * a->dkb[i * dim + j];
        gradient[j] /= sigma;
    }
    return value;
}
