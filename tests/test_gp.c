/* The Gaussian process against a 40-digit reference made by other means (tests/peers/gp_reference.py), its gradients
 * against finite differences, and data that would break a careless one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/gp.h"
#include "../src/search/lbfgsb.h"

#define N_MAX 64

struct data {
    double u[N_MAX * SPACE_MAX], y[N_MAX];
    int count[N_MAX];
    bool category[SPACE_MAX];
    struct gp_data d;
};

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("%.17g, but the reference has %.17g", got, want);
}

static double number(FILE *f)
{
    double v;
    assert_int_equal(fscanf(f, "%lf", &v), 1);
    return v;
}

static void predictions_match_the_reference(void **state)
{
    (void)state;
    FILE *f = fopen("tests/reference/gp.txt", "r");
    int rbf, n, dim, cases = 0;
    assert_non_null(f);
    while (fscanf(f, "%d %d %d", &rbf, &n, &dim) == 3) {
        struct data s = {.d = {.n = n, .dim = dim, .u = s.u, .y = s.y, .count = s.count, .category = s.category}};
        struct gp_hyper h = {.kernel = rbf ? GP_RBF : GP_MATERN52};
        double at[SPACE_MAX], params[GP_PARAMS_MAX], mean, variance;
        for (int j = 0; j < dim; j++)
            s.category[j] = number(f) != 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < dim; j++)
                s.u[i * dim + j] = number(f);
            s.y[i] = number(f);
            s.count[i] = (int)number(f);
        }
        for (int j = 0; j < dim; j++)
            h.lengthscale[j] = number(f);
        h.signal = number(f);
        h.noise = number(f);
        for (int j = 0; j < dim; j++)
            at[j] = number(f);
        struct gp *gp = gp_new(&s.d);
        gp_pack(gp, &h, params);
        near(gp_log_posterior(gp, h.kernel, params, NULL), number(f), 1e-12);
        assert_true(gp_set(gp, &h));
        near(gp_mean(gp), number(f), 1e-12);
        gp_predict(gp, at, &mean, &variance);
        near(mean, number(f), 1e-12);
        near(variance, number(f), 1e-12);
        gp_free(gp);
        cases++;
    }
    assert_int_equal(cases, 8);
    fclose(f);
}

static struct data random_data(struct rng *rng, int n, int dim)
{
    struct data s = {.d = {.n = n, .dim = dim}};
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < dim; j++) {
            s.u[i * dim + j] = rng_uniform(rng);
            sum += sin(5 * s.u[i * dim + j] + j);
        }
        s.y[i] = sum + 0.2 * rng_normal(rng);
        s.count[i] = 1 + (int)rng_below(rng, 3);
    }
    return s;
}

static struct gp *gp_of(struct data *s)
{
    s->d.u = s->u;
    s->d.y = s->y;
    s->d.count = s->count;
    s->d.category = s->category;
    return gp_new(&s->d);
}

static void posterior_gradient(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 4, 0);
    for (int dim = 1; dim <= 10; dim += 3)
        for (int k = 0; k < 6; k++) {
            struct data s = random_data(&rng, 12, dim);
            enum gp_kernel kernel = k % 2 ? GP_RBF : GP_MATERN52;
            s.category[0] = dim > 1 && k < 2;
            struct gp *gp = gp_of(&s);
            double p[GP_PARAMS_MAX], g[GP_PARAMS_MAX], none[GP_PARAMS_MAX];
            for (int i = 0; i < gp_params(gp); i++)
                p[i] = rng_normal(&rng) - 0.5;
            assert_true(isfinite(gp_log_posterior(gp, kernel, p, g)));
            for (int i = 0; i < gp_params(gp); i++) {
                double e = 1e-5, at = p[i];
                p[i] = at + e;
                double up = gp_log_posterior(gp, kernel, p, none);
                p[i] = at - e;
                double down = gp_log_posterior(gp, kernel, p, none);
                p[i] = at;
                near(g[i], (up - down) / (2 * e), 1e-6);
            }
            gp_free(gp);
        }
}

static void kernel_gradient(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 5, 0);
    struct data s = random_data(&rng, 8, 3);
    struct gp *gp = gp_of(&s);
    double k[8], up[8], down[8], dk[24], at[3] = {0.3, 0.6, 0.9};
    for (int kernel = 0; kernel < GP_KERNELS; kernel++) {
        struct gp_hyper h = *gp_hyper(gp);
        h.kernel = (enum gp_kernel)kernel;
        assert_true(gp_set(gp, &h));
        gp_covariances(gp, at, k, dk);
        for (int j = 0; j < 3; j++) {
            double e = 1e-6, was = at[j];
            at[j] = was + e;
            gp_covariances(gp, at, up, NULL);
            at[j] = was - e;
            gp_covariances(gp, at, down, NULL);
            at[j] = was;
            for (int i = 0; i < 8; i++)
                near(dk[i * 3 + j], (up[i] - down[i]) / (2 * e), 1e-8);
        }
    }
    gp_free(gp);
}

/* The kernel follows the data: a kinked function speaks for Matern, a smooth one for RBF. */
static void kernel_is_chosen_by_the_data(void **state)
{
    (void)state;
    for (int kinked = 0; kinked < 2; kinked++) {
        struct rng rng;
        rng_seed(&rng, 8, 0);
        struct data s = random_data(&rng, 40, 1);
        s.d.noise_free = true;
        for (int i = 0; i < 40; i++) {
            double u = s.u[i] = i / 39.0;
            s.count[i] = 1;
            s.y[i] = kinked ? fabs(u - 0.31) - fabs(u - 0.66) + fabs(u - 0.12) : sin(7 * u);
        }
        struct gp *gp = gp_of(&s);
        assert_true(gp_fit(gp, NULL, 1));
        assert_int_equal(gp_hyper(gp)->kernel, kinked ? GP_MATERN52 : GP_RBF);
        gp_free(gp);
    }
}

/* What a fit must do: reach a point no start lies above, find the noise of noisy data and the order of the
 * lengthscales. y = 2 sin(6 u_0) + N(0, 0.3^2), u_1 without effect. */
static void fit_finds_what_made_the_data(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 6, 0);
    struct data s = random_data(&rng, N_MAX, 2);
    for (int i = 0; i < N_MAX; i++) {
        s.count[i] = 1;
        s.y[i] = 2 * sin(6 * s.u[2 * i]) + 0.3 * rng_normal(&rng);
    }
    struct gp *gp = gp_of(&s);
    double p[GP_PARAMS_MAX], g[GP_PARAMS_MAX];
    assert_true(gp_fit(gp, NULL, 1));
    const struct gp_hyper h = *gp_hyper(gp);
    assert_true(h.noise > 0.045 && h.noise < 0.18);
    assert_true(h.lengthscale[1] > 2 * h.lengthscale[0]);
    double mean, variance;
    gp_predict(gp, (double[]){M_PI / 12, 0.5}, &mean, &variance);
    near(mean, 2, 0.15);
    assert_true(variance < 0.1);
    gp_pack(gp, &h, p);
    assert_true(isfinite(gp_log_posterior(gp, h.kernel, p, g)));
    for (int i = 0; i < gp_params(gp); i++)
        near(g[i], 0, 1e-3);
    gp_free(gp);
}

/* Equal, huge, tiny, not finite, all in one place: predictions stay numbers (the prior's where nothing can be said). */
static void awkward_data(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct rng rng;
        rng_seed(&rng, 7, 0);
        struct data s = random_data(&rng, 20, 2);
        s.d.noise_free = kind % 2;
        for (int i = 0; i < 20; i++) {
            double y[] = {0, 1e150, 1e-300, i == 3 ? NAN : 1, s.y[i], s.y[i]};
            s.y[i] = y[kind];
            for (int j = 0; kind == 4 && j < 2; j++)
                s.u[2 * i + j] = 0.5 + 1e-9 * i;
            for (int j = 0; kind == 5 && j < 2; j++)
                s.u[2 * i + j] = i % 4 / 4.0;
        }
        struct gp *gp = gp_of(&s);
        double mean, variance;
        bool ok = gp_fit(gp, NULL, 1);
        assert_true(ok || kind == 3 || kind == 1);
        gp_predict(gp, (double[]){0.2, 0.7}, &mean, &variance);
        assert_true(isfinite(mean) && isfinite(variance) && variance > 0);
        assert_true(ok || (mean == 0 && variance == gp_hyper(gp)->signal));
        gp_free(gp);
    }
}

/* ---- the optimiser ---- */

static double rosenbrock(void *ctx, const double *x, double *g)
{
    (*(int *)ctx)++;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * x[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
}

/* log x is no number below 0: the search steps back. Minimum of x - log x at 1, of the box [2, 3] at 2. */
static double with_a_hole(void *ctx, const double *x, double *g)
{
    (void)ctx;
    g[0] = 1 - 1 / x[0];
    return x[0] > 0 ? x[0] - log(x[0]) : NAN;
}

static void optimiser(void **state)
{
    (void)state;
    int calls = 0;
    double x[2] = {-1.2, 1};
    near(lbfgsb_minimise(2, (double[]){-2, -2}, (double[]){2, 2}, rosenbrock, &calls, 100, x), 0, 1e-10);
    near(x[0], 1, 1e-4);
    near(x[1], 1, 1e-4);
    assert_true(calls < 100);
    x[0] = -5;
    assert_true(lbfgsb_minimise(1, (double[]){-9}, (double[]){9}, with_a_hole, NULL, 50, x) == INFINITY && x[0] == -5);
    x[0] = 8;
    near(lbfgsb_minimise(1, (double[]){-9}, (double[]){9}, with_a_hole, NULL, 50, x), 1, 1e-9);
    x[0] = 9;
    lbfgsb_minimise(1, (double[]){2}, (double[]){3}, with_a_hole, NULL, 50, x);
    near(x[0], 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_match_the_reference),
        cmocka_unit_test(posterior_gradient),
        cmocka_unit_test(kernel_gradient),
        cmocka_unit_test(kernel_is_chosen_by_the_data),
        cmocka_unit_test(fit_finds_what_made_the_data),
        cmocka_unit_test(awkward_data),
        cmocka_unit_test(optimiser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
