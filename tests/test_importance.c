/* importance: PED-ANOVA against Optuna's numbers on a stored history, Sobol indices against closed forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/importance.h"
#include "../src/search/sample.h"

static void near(const char *what, int j, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s %d: %.10g, expected %.10g", what, j, got, want);
}

/* ---- PED-ANOVA ---- */

struct history {
    struct space space;
    struct trials trials;
    double x[200 * SPACE_MAX], value[200];
    uint8_t state[200];
    double gamma[2], importance[2][SPACE_MAX];
};

static void read_history(struct history *h)
{
    FILE *f = fopen("tests/reference/importance.txt", "r");
    char word[32], type[32];
    int quantiles = 0, log;
    if (!f)
        fail_msg("tests/reference/importance.txt: not there; run the tests in the project's folder");
    memset(h, 0, sizeof *h);
    while (fscanf(f, "%31s", word) == 1) {
        if (strcmp(word, "dim") == 0) {
            struct dim d = {0};
            assert_int_equal(fscanf(f, "%63s %31s %d %lf %lf", d.name, type, &log, &d.min, &d.max), 5);
            d.log = log;
            d.type = type[0] == 'f' ? DIM_FLOAT : type[0] == 'i' ? DIM_INT : DIM_CATEGORY;
            assert_true(space_add(&h->space, &d, NULL));
        } else if (strcmp(word, "importance") == 0) {
            assert_int_equal(fscanf(f, "%lf", &h->gamma[quantiles]), 1);
            for (int j = 0; j < h->space.n; j++)
                assert_int_equal(fscanf(f, "%lf", &h->importance[quantiles][j]), 1);
            quantiles++;
        } else {
            int i = h->trials.n++;
            for (int j = 0; j < h->space.n; j++)
                assert_int_equal(fscanf(f, "%lf", &h->x[i * h->space.n + j]), 1);
            assert_int_equal(fscanf(f, "%lf", &h->value[i]), 1);
            h->state[i] = POINT_COMPLETE;
        }
    }
    fclose(f);
    assert_true(quantiles == 2 && h->trials.n == 120);
    h->trials.x = h->x;
    h->trials.value = h->value;
    h->trials.state = h->state;
}

static void ped_anova_gives_optunas_numbers(void **state)
{
    (void)state;
    struct history h;
    double got[SPACE_MAX];
    int n, top;
    read_history(&h);
    for (int q = 0; q < 2; q++) {
        importance_ped_anova(&h.space, &h.trials, h.gamma[q], got, &n, &top);
        assert_int_equal(n, 120);
        assert_int_equal(top, q == 0 ? 12 : 30);
        for (int j = 0; j < h.space.n; j++)
            near("PED-ANOVA", j, got[j], h.importance[q][j], 1e-9 + 1e-9 * h.importance[q][j]);
    }
}

static void ped_anova_leaves_out_what_is_no_evidence(void **state)
{
    (void)state;
    struct history h;
    double with[SPACE_MAX], without[SPACE_MAX];
    int n, top;
    read_history(&h);
    h.trials.n = 100;
    importance_ped_anova(&h.space, &h.trials, 0.1, without, &n, &top);
    h.trials.n = 104;
    h.state[100] = POINT_FAILED;
    h.state[101] = POINT_LEFT_OUT;
    h.state[102] = POINT_PENDING;
    h.x[103 * h.space.n] = 11; /* outside the range */
    importance_ped_anova(&h.space, &h.trials, 0.1, with, &n, &top);
    assert_int_equal(n, 100);
    for (int j = 0; j < h.space.n; j++)
        near("PED-ANOVA", j, with[j], without[j], 0);
    h.trials.n = 1;
    importance_ped_anova(&h.space, &h.trials, 0.1, with, &n, &top);
    assert_true(n == 1 && with[0] == 0);
    h.trials.n = 0;
    importance_ped_anova(&h.space, &h.trials, 0.1, with, &n, &top);
    assert_true(n == 0 && with[0] == 0);
}

/* ---- closed forms ---- */

/* Ishigami's function on [-pi, pi]^3 (a = 7, b = 0.1): V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = b^2 pi^8 (1/18 -
 * 1/50). */
static double ishigami(void *ctx, const double *u)
{
    (void)ctx;
    double x = M_PI * (2 * u[0] - 1), y = M_PI * (2 * u[1] - 1), z = M_PI * (2 * u[2] - 1);
    return sin(x) + 7 * sin(y) * sin(y) + 0.1 * pow(z, 4) * sin(x);
}

static void ishigami_indices(double *first, double *total)
{
    double v1 = pow(1 + 0.1 * pow(M_PI, 4) / 5, 2) / 2, v2 = 49.0 / 8;
    double v13 = 0.01 * pow(M_PI, 8) * (1.0 / 18 - 1.0 / 50), v = v1 + v2 + v13;
    first[0] = v1 / v, first[1] = v2 / v, first[2] = 0;
    total[0] = (v1 + v13) / v, total[1] = v2 / v, total[2] = v13 / v;
}

/* Sobol's g-function: f = prod (|4u - 2| + a) / (1 + a), V_i = 1 / (3 (1 + a_i)^2). */
static const double g_a[] = {0, 1, 4.5, 9, 99, 99, 99, 99, 99, 99};
static double g_function(void *ctx, const double *u)
{
    double f = 1;
    for (int j = 0; j < *(int *)ctx; j++)
        f *= (fabs(4 * u[j] - 2) + g_a[j]) / (1 + g_a[j]);
    return f;
}

static void the_estimator_has_the_closed_forms(void **state)
{
    (void)state;
    double first[SPACE_MAX], total[SPACE_MAX], want_first[3], want_total[3];
    importance_sobol(3, ishigami, NULL, 4096, 1, first, total);
    ishigami_indices(want_first, want_total);
    for (int j = 0; j < 3; j++) {
        near("first", j, first[j], want_first[j], 0.01);
        near("total", j, total[j], want_total[j], 0.01);
    }
    int dims[] = {4, 10}; /* by Sobol points and by random ones */
    for (int c = 0; c < 2; c++) {
        double all = 1;
        importance_sobol(dims[c], g_function, &dims[c], c == 0 ? 4096 : 65536, 1, first, total);
        for (int j = 0; j < dims[c]; j++)
            all *= 1 + 1 / (3 * (1 + g_a[j]) * (1 + g_a[j]));
        for (int j = 0; j < dims[c]; j++) {
            double v = 1 / (3 * (1 + g_a[j]) * (1 + g_a[j]));
            near("g first", j, first[j], v / (all - 1), 0.015);
            near("g total", j, total[j], v * all / (1 + v) / (all - 1), 0.015);
        }
    }
}

static double constant(void *ctx, const double *u)
{
    (void)ctx, (void)u;
    return 0.3;
}

static void a_constant_depends_on_nothing(void **state)
{
    (void)state;
    double first[2], total[2];
    importance_sobol(2, constant, NULL, 64, 1, first, total);
    for (int j = 0; j < 2; j++)
        near("constant", j, fabs(first[j]) + fabs(total[j]), 0, 1e-6);
}

/* ---- draws ---- */

/* Over many draws mean and variance are the process's own, far from the data as well as near, and the covariance there
 * is the kernel's. */
static void check_draws(enum gp_kernel kernel)
{
    enum { N = 3, POINTS = 4, DRAWS = 4000 };
    static const double u[N * 2] = {0.1, 0, 0.2, 1, 0.3, 0}, y[N] = {1, -1, 0.5};
    static const double at[POINTS * 2] = {0.1, 0, 0.25, 1, 40, 0, 40.2, 2};
    static const int count[N] = {1, 4, 1};
    bool category[2] = {false, true};
    double *value = xcalloc(POINTS * DRAWS, sizeof(*value)), mean, variance, together = 0;
    struct gp *gp = gp_new(&(struct gp_data){.n = N, .dim = 2, .u = u, .y = y, .count = count, .category = category});
    assert_true(gp_set(gp, &(struct gp_hyper){.kernel = kernel, .lengthscale = {0.3, 2}, .signal = 2, .noise = 0.2}));
    importance_draws(gp, category, POINTS, at, DRAWS, 1, value);
    for (int p = 0; p < POINTS; p++) {
        double m = 0, v = 0;
        for (int i = 0; i < DRAWS; i++)
            m += value[i * POINTS + p] / DRAWS;
        for (int i = 0; i < DRAWS; i++)
            v += (value[i * POINTS + p] - m) * (value[i * POINTS + p] - m) / DRAWS;
        gp_predict(gp, at + 2 * p, &mean, &variance);
        near("mean", p, m, mean, 5 * sqrt(variance / DRAWS));
        near("variance", p, v, variance, 0.12 * variance);
    }
    for (int i = 0; i < DRAWS; i++)
        together += (value[i * POINTS + 2] - gp_mean(gp)) * (value[i * POINTS + 3] - gp_mean(gp)) / DRAWS;
    near("covariance", 0, together, gp_kernel(gp, at + 4, at + 6, NULL), 0.15);
    gp_free(gp);
    free(value);
}

static void draws_are_of_the_posterior(void **state)
{
    (void)state;
    check_draws(GP_MATERN52);
    check_draws(GP_RBF);
}

/* ---- of the surrogate ---- */

static void fill(struct history *h, int n, int dim, importance_function *f, double noise)
{
    struct rng rng;
    memset(h, 0, sizeof *h);
    rng_seed(&rng, 1, RNG_SYNTH);
    for (int j = 0; j < dim; j++) {
        struct dim d = {.max = 1};
        snprintf(d.name, sizeof d.name, "x%d", j);
        assert_true(space_add(&h->space, &d, NULL));
    }
    for (int i = 0; i < n; i++) {
        sobol_at(dim, 5, (uint32_t)i, h->x + i * dim);
        h->value[i] = f(NULL, h->x + i * dim) + noise * rng_normal(&rng);
        h->state[i] = POINT_COMPLETE;
    }
    h->trials = (struct trials){.n = n, .x = h->x, .value = h->value, .state = h->state};
}

static void the_surrogate_finds_ishigamis_indices(void **state)
{
    (void)state;
    struct history h;
    struct importance_interval first[3], total[3];
    double want_first[3], want_total[3];
    fill(&h, 200, 3, ishigami, 0);
    ishigami_indices(want_first, want_total);
    assert_true(importance_of_surrogate(&h.space, &h.trials, 40, 3, first, total));
    for (int j = 0; j < 3; j++) {
        near("first", j, first[j].estimate, want_first[j], 0.06);
        near("total", j, total[j].estimate, want_total[j], 0.06);
        assert_true(first[j].low <= first[j].high && total[j].low <= total[j].high);
        assert_true(first[j].low - 0.06 <= want_first[j] && want_first[j] <= first[j].high + 0.06);
        assert_true(total[j].low - 0.06 <= want_total[j] && want_total[j] <= total[j].high + 0.06);
    }
}

/* f = 3 x + y: first order = total, 0.9 and 0.1. */
static double line(void *ctx, const double *u)
{
    (void)ctx;
    return 3 * u[0] + u[1];
}

static void more_trials_narrow_the_intervals(void **state)
{
    (void)state;
    double width[2];
    for (int c = 0; c < 2; c++) {
        struct history h;
        struct importance_interval first[2], total[2];
        fill(&h, c == 0 ? 8 : 150, 2, line, 0.2);
        assert_true(importance_of_surrogate(&h.space, &h.trials, 60, 3, first, total));
        width[c] = total[1].high - total[1].low;
        assert_true(width[c] > 0);
        if (c == 1) {
            near("line", 0, first[0].estimate, 0.9, 0.05);
            near("line", 1, total[1].estimate, 0.1, 0.05);
        }
    }
    if (!(width[1] < width[0] / 2))
        fail_msg("the interval with 150 trials is %g wide, with 8 %g", width[1], width[0]);
}

/* A draw goes through the data where there is no noise: with the whole function known, all draws agree. */
static void known_functions_leave_nothing_open(void **state)
{
    (void)state;
    struct history h;
    struct importance_interval first[2], total[2];
    fill(&h, 120, 2, line, 0);
    assert_true(importance_of_surrogate(&h.space, &h.trials, 20, 3, first, total));
    for (int j = 0; j < 2; j++) {
        near("first", j, first[j].estimate, j == 0 ? 0.9 : 0.1, 0.01);
        near("width", j, total[j].high - total[j].low, 0, 0.02);
    }
}

static void any_history_will_do(void **state)
{
    (void)state;
    struct history h;
    struct importance_interval first[SPACE_MAX], total[SPACE_MAX];
    read_history(&h); /* whole numbers, logarithms, categories */
    h.space.dims[1].min = h.space.dims[1].max = 0.9;
    for (int i = 0; i < h.trials.n; i++)
        h.x[i * h.space.n + 1] = 0.9;
    assert_true(importance_of_surrogate(&h.space, &h.trials, 5, 1, first, total));
    assert_true(first[1].estimate == 0 && total[1].high == 0); /* fixed */
    assert_true(first[0].estimate > 0.5);
    for (int i = 0; i < h.trials.n; i++)
        h.value[i] = 0.5;
    assert_true(importance_of_surrogate(&h.space, &h.trials, 5, 1, first, total));
    for (int j = 0; j < h.space.n; j++)
        assert_true(isfinite(first[j].estimate) && isfinite(total[j].low) && isfinite(total[j].high));
    memset(h.state, POINT_FAILED, sizeof h.state);
    assert_false(importance_of_surrogate(&h.space, &h.trials, 5, 1, first, total));
    assert_true(first[0].estimate == 0);
    struct space nothing = {0};
    assert_false(importance_of_surrogate(&nothing, &h.trials, 5, 1, first, total));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ped_anova_gives_optunas_numbers),
        cmocka_unit_test(ped_anova_leaves_out_what_is_no_evidence),
        cmocka_unit_test(the_estimator_has_the_closed_forms),
        cmocka_unit_test(a_constant_depends_on_nothing),
        cmocka_unit_test(draws_are_of_the_posterior),
        cmocka_unit_test(the_surrogate_finds_ishigamis_indices),
        cmocka_unit_test(more_trials_narrow_the_intervals),
        cmocka_unit_test(known_functions_leave_nothing_open),
        cmocka_unit_test(any_history_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
