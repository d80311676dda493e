/* ln h against 60 digits (tests/peers/logh_reference.py); the acquisition against plain simulation and against finite
 * differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/acqui.h"
#include "../src/search/lapack.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, but the reference has %.17g", got, want);
}

static void log_h_in_all_ranges(void **state)
{
    (void)state;
    FILE *f = fopen("tests/reference/logh.txt", "r");
    char kind;
    double x, want, slope, got_slope;
    int rows = 0;
    assert_non_null(f);
    while (fscanf(f, " %c %lf %lf %lf", &kind, &x, &want, &slope) == 4) {
        rows++;
        if (kind == 'z') {
            near(acqui_log_h(x, &got_slope), want, 2e-12 + 4e-16 * fabs(want));
            near(got_slope / slope, 1, 2e-12);
            assert_true(acqui_log_h(x, NULL) == acqui_log_h(x, &got_slope));
        } else {
            near(acqui_normal_quantile(x), want, 1e-14 + 1e-14 * fabs(want));
        }
    }
    assert_int_equal(rows, 50);
    fclose(f);
    assert_true(acqui_log_h(-1e154, &got_slope) < -1e307 && got_slope > 0.99e154);
}

/* A process on N points of the square with given hyperparameters. */
#define N 9
struct model {
    double u[2 * N], y[N];
    struct gp *gp;
    struct gp_hyper h;
};

static void make(struct model *m, uint64_t seed, double noise)
{
    struct rng rng;
    rng_seed(&rng, seed, 0);
    for (int i = 0; i < N; i++) {
        m->u[2 * i] = rng_uniform(&rng);
        m->u[2 * i + 1] = rng_uniform(&rng);
        m->y[i] = sin(4 * m->u[2 * i]) + cos(5 * m->u[2 * i + 1]) + sqrt(noise) * rng_normal(&rng);
    }
    m->gp = gp_new(&(struct gp_data){.n = N, .dim = 2, .u = m->u, .y = m->y});
    m->h = (struct gp_hyper){.lengthscale = {0.4, 0.6}, .signal = 1.5, .noise = noise};
    assert_true(gp_set(m->gp, &m->h));
}

/* Posterior covariance of two points by the definition, with the inverse matrix in the hand. */
static double covariance(const struct gp *gp, const double *a, const double *b)
{
    double ka[N], kb[N], sum = gp_kernel(gp, a, b, NULL);
    gp_covariances(gp, a, ka, NULL);
    gp_covariances(gp, b, kb, NULL);
    gp_solve(gp, 1, kb);
    for (int i = 0; i < N; i++)
        sum -= ka[i] * kb[i];
    return sum;
}

/* The expectation of max(f(x) - max f_B, 0) over joint draws of f at all observed points, the pending one and x. */
static double simulate(const struct model *m, const double *pending, const double *x)
{
    enum { M = N + 2, DRAWS = 400000 };
    double p[2 * M], c[M * M], mean[M], variance, z[M], sum = 0;
    int size = M, info;
    struct rng rng;
    memcpy(p, m->u, sizeof(m->u));
    memcpy(p + 2 * N, pending, 2 * sizeof(*p));
    memcpy(p + 2 * N + 2, x, 2 * sizeof(*p));
    for (int i = 0; i < M; i++) {
        gp_predict(m->gp, p + 2 * i, &mean[i], &variance);
        for (int j = 0; j < M; j++)
            c[i * M + j] = covariance(m->gp, p + 2 * i, p + 2 * j) + (i == j ? 1e-9 : 0);
    }
    dpotrf_("L", &size, c, &size, &info, 1);
    assert_int_equal(info, 0);
    rng_seed(&rng, 9, 0);
    for (int s = 0; s < DRAWS; s++) {
        double f = 0, best = -INFINITY;
        for (int i = 0; i < M; i++) {
            z[i] = rng_normal(&rng);
            f = mean[i];
            for (int j = 0; j <= i; j++)
                f += c[j * M + i] * z[j];
            if (i < M - 1)
                best = fmax(best, f);
        }
        sum += fmax(f - best, 0);
    }
    return sum / DRAWS;
}

/* Shifted Sobol draws are unbiased, so the mean over shifts is the expectation. */
static void expectation_matches_simulation(void **state)
{
    (void)state;
    enum { SHIFTS = 40 };
    struct model m;
    const double pending[2] = {0.35, 0.1}, at[][2] = {{0.4, 0.02}, {0.5, 0.0}, {0.3, 0.95}, {0.25, 0.15}};
    double sum[ARRAY_LEN(at)] = {0};
    make(&m, 1, 0.2);
    for (uint64_t seed = 1; seed <= SHIFTS; seed++) {
        struct acqui *a = acqui_new(m.gp, &(struct acqui_options){.pending = pending, .n_pending = 1, .seed = seed});
        for (size_t i = 0; i < ARRAY_LEN(at); i++)
            sum[i] += exp(acqui_value(a, at[i], NULL)) / SHIFTS;
        acqui_free(a);
    }
    for (size_t i = 0; i < ARRAY_LEN(at); i++)
        near(sum[i] / simulate(&m, pending, at[i]), 1, 0.05);
    gp_free(m.gp);
}

/* Noise-free: ln E max(f(x) - best, 0) = ln sigma + ln h((mean - best) / sigma), from gp_predict. */
static void noise_free_is_log_ei(void **state)
{
    (void)state;
    struct model m;
    double mean, variance, x[2] = {0.7, 0.15};
    make(&m, 2, 1e-6);
    struct acqui *a = acqui_new(m.gp, &(struct acqui_options){.noise_free = true, .best = 1.8});
    gp_predict(m.gp, x, &mean, &variance);
    near(acqui_value(a, x, NULL), 0.5 * log(variance) + acqui_log_h((mean - 1.8) / sqrt(variance), NULL), 1e-12);
    acqui_free(a);
    gp_free(m.gp);
}

static void gradients(void **state)
{
    (void)state;
    const double pending[4] = {0.35, 0.1, 0.8, 0.8};
    for (int kind = 0; kind < 3; kind++) {
        struct model m;
        struct rng rng;
        make(&m, 3 + (uint64_t)kind, kind == 2 ? 1e-6 : 0.1);
        struct acqui *a = acqui_new(
            m.gp,
            &(struct acqui_options){
                .pending = pending, .n_pending = kind == 1 ? 2 : 0, .noise_free = kind == 2, .best = 1.9, .seed = 8});
        rng_seed(&rng, 1, 0);
        for (int k = 0; k < 30; k++) {
            double x[2] = {rng_uniform(&rng), rng_uniform(&rng)}, g[2], e = 1e-6;
            double value = acqui_value(a, x, g);
            near(value, acqui_value(a, x, NULL), 0);
            for (int j = 0; j < 2; j++) {
                double was = x[j];
                x[j] = was + e;
                double up = acqui_value(a, x, NULL);
                x[j] = was - e;
                double down = acqui_value(a, x, NULL);
                x[j] = was;
                near(g[j], (up - down) / (2 * e), 1e-5 * (1 + fabs(g[j])) + 1e-9 * fabs(value));
            }
        }
        acqui_free(a);
        gp_free(m.gp);
    }
}

/* A point that is being tried is hardly worth another trial; one far from it as much as before. More pending points
 * than a Sobol sequence has dimensions are allowed. */
static void pending_points(void **state)
{
    (void)state;
    struct model m;
    double x[2] = {0.4, 0.02}, many[2 * 40];
    make(&m, 4, 0.05);
    struct acqui *without = acqui_new(m.gp, &(struct acqui_options){.seed = 3});
    struct acqui *with = acqui_new(m.gp, &(struct acqui_options){.pending = x, .n_pending = 1, .seed = 3});
    assert_true(acqui_value(with, x, NULL) < acqui_value(without, x, NULL) - 3);
    for (int i = 0; i < 80; i++)
        many[i] = (i % 2 ? i / 80.0 : 0.5);
    struct acqui *crowd = acqui_new(m.gp, &(struct acqui_options){.pending = many, .n_pending = 40, .seed = 3});
    assert_true(isfinite(acqui_value(crowd, x, NULL)));
    acqui_free(without);
    acqui_free(with);
    acqui_free(crowd);
    gp_free(m.gp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_h_in_all_ranges),  cmocka_unit_test(expectation_matches_simulation),
        cmocka_unit_test(noise_free_is_log_ei), cmocka_unit_test(gradients),
        cmocka_unit_test(pending_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
