/* The surrogate's average over the settings that are not on the axes, against averages taken directly: of its predictions,
 * and of the posterior covariances of all pairs by a dense elimination of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/search/sample.h"
#include "../src/search/surrogate.h"

enum { TRIALS = 18 };

static void add(struct space *s, const char *name, enum dim_type type, bool log, double min, double max)
{
    struct dim d = {.type = type, .log = log, .min = min, .max = max};
    struct err err = {0};
    str_append(d.name, sizeof d.name, 0, "%s", name);
    assert_true(space_add(s, &d, &err));
}

static struct space mixed(void)
{
    struct space s = {0};
    add(&s, "a", DIM_FLOAT, true, 0.01, 10);
    add(&s, "fixed", DIM_FLOAT, false, 3, 3);
    add(&s, "b", DIM_FLOAT, false, -1, 2);
    add(&s, "whole", DIM_INT, false, 1, 6);
    add(&s, "kind", DIM_CATEGORY, false, 0, 2);
    return s;
}

static struct surrogate *fitted(const struct space *space)
{
    double x[TRIALS * SPACE_MAX], y[TRIALS], u[SPACE_MAX];
    uint8_t state[TRIALS];
    for (int i = 0; i < TRIALS; i++) {
        double *at = x + i * space->n, sum = 0;
        sobol_at(space->n, 7, (uint32_t)i, u);
        for (int j = 0; j < space->n; j++) {
            at[j] = space_value(&space->dims[j], u[j]);
            sum += (j + 1) * u[j] * (1 - 0.7 * u[(j + 1) % space->n]);
        }
        y[i] = 0.5 + 0.1 * sin(sum);
        state[i] = i == 3 ? POINT_FAILED : POINT_COMPLETE;
    }
    struct trials trials = {.n = TRIALS, .x = x, .value = y, .state = state};
    struct surrogate *s = surrogate_new(space, &trials, &(struct surrogate_options){.seed = 2});
    assert_non_null(s);
    return s;
}

/* b becomes K^-1 b, by elimination with pivots. */
static void eliminate(const struct gp *gp, double *b)
{
    int n = gp_n(gp);
    double *k = xcalloc((size_t)(n * n), sizeof *k);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            k[i * n + j] = gp_kernel(gp, gp_point(gp, i), gp_point(gp, j), NULL) + (i == j ? gp_noise(gp, i) : 0);
    for (int c = 0; c < n; c++) {
        int pivot = c;
        for (int r = c; r < n; r++)
            pivot = fabs(k[r * n + c]) > fabs(k[pivot * n + c]) ? r : pivot;
        for (int j = 0; j < n; j++) {
            double t = k[c * n + j];
            k[c * n + j] = k[pivot * n + j], k[pivot * n + j] = t;
        }
        double t = b[c];
        b[c] = b[pivot], b[pivot] = t;
        for (int r = c + 1; r < n; r++) {
            double f = k[r * n + c] / k[c * n + c];
            for (int j = c; j < n; j++)
                k[r * n + j] -= f * k[c * n + j];
            b[r] -= f * b[c];
        }
    }
    for (int r = n - 1; r >= 0; r--) {
        for (int j = r + 1; j < n; j++)
            b[r] -= k[r * n + j] * b[j];
        b[r] /= k[r * n + r];
    }
    free(k);
}

static double covariance(const struct gp *gp, const double *u, const double *v)
{
    int n = gp_n(gp);
    double *a = xcalloc((size_t)n, sizeof *a), *b = xcalloc((size_t)n, sizeof *b), sum = gp_kernel(gp, u, v, NULL);
    gp_covariances(gp, u, a, NULL);
    gp_covariances(gp, v, b, NULL);
    eliminate(gp, b);
    for (int i = 0; i < n; i++)
        sum -= a[i] * b[i];
    free(a);
    free(b);
    return sum;
}

static void directly(const struct surrogate *s, const struct surrogate_average *a, int column, int row, const double *x,
                     double *mean, double *sigma)
{
    double u[SURROGATE_AVERAGED][SPACE_MAX], at[SPACE_MAX], m, ignored, shift, scale, variance = 0;
    int n = surrogate_averaged(a);
    *mean = 0;
    for (int i = 0; i < n; i++) {
        surrogate_average_value(a, i, at);
        at[column] = x[column];
        at[row] = x[row];
        surrogate_predict(s, at, &m, &ignored);
        surrogate_point(s, at, u[i]);
        *mean += m / n;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            variance += (i == j ? 1 : 2) * covariance(surrogate_gp(s), u[i], u[j]) / n / n;
    surrogate_units(s, &shift, &scale);
    *sigma = scale * sqrt(variance);
}

static void the_average_is_the_direct_one(void **state)
{
    static const int axes[][2] = {{0, 2}, {2, 3}, {4, 0}, {3, 3}};
    (void)state;
    struct space space = mixed();
    struct surrogate *s = fitted(&space);
    for (size_t k = 0; k < ARRAY_LEN(axes); k++) {
        struct surrogate_average *a = surrogate_average_new(s, axes[k][0], axes[k][1]);
        assert_int_equal(surrogate_averaged(a), SURROGATE_AVERAGED);
        for (int i = 0; i < 3; i++) {
            double x[SPACE_MAX], mean, sigma, expected, expected_sigma;
            for (int j = 0; j < space.n; j++)
                x[j] = j == axes[k][0] || j == axes[k][1] ? space_value(&space.dims[j], 0.1 + 0.35 * i) : NAN;
            surrogate_average_predict(a, x, &mean, &sigma);
            directly(s, a, axes[k][0], axes[k][1], x, &expected, &expected_sigma);
            assert_float_equal(mean, expected, 1e-12);
            assert_float_equal(sigma, expected_sigma, 1e-8);
            assert_true(sigma > 0);
        }
        surrogate_average_free(a);
    }
    surrogate_free(s);
}

/* Where all searched settings are on the axes it is the prediction itself. */
static void without_others_it_is_the_prediction(void **state)
{
    (void)state;
    struct space space = {0};
    add(&space, "a", DIM_FLOAT, true, 0.01, 10);
    add(&space, "fixed", DIM_FLOAT, false, 3, 3);
    add(&space, "b", DIM_FLOAT, false, -1, 2);
    struct surrogate *s = fitted(&space);
    struct surrogate_average *a = surrogate_average_new(s, 2, 0);
    assert_int_equal(surrogate_averaged(a), 1);
    for (int i = 0; i < 20; i++) {
        double x[] = {0.01 * pow(1000, i / 19.0), 3, 2 - 3 * i / 19.0}, mean, sigma, m, v;
        surrogate_average_predict(a, x, &mean, &sigma);
        surrogate_predict(s, x, &m, &v);
        assert_float_equal(mean, m, 1e-13);
        assert_float_equal(sigma, v, 1e-9);
    }
    surrogate_average_free(a);
    surrogate_free(s);
}

/* One value in each of 32 equal parts of a range, on its scale; whole numbers and categories evenly; a fixed one fixed. */
static void the_set_is_spread_evenly(void **state)
{
    (void)state;
    struct space space = mixed();
    struct surrogate *s = fitted(&space);
    struct surrogate_average *a = surrogate_average_new(s, 4, 4);
    int log_part[SURROGATE_AVERAGED] = {0}, part[SURROGATE_AVERAGED] = {0}, whole[7] = {0};
    for (int m = 0; m < SURROGATE_AVERAGED; m++) {
        double x[SPACE_MAX];
        surrogate_average_value(a, m, x);
        log_part[(int)(SURROGATE_AVERAGED * log(x[0] / 0.01) / log(1000))]++;
        part[(int)(SURROGATE_AVERAGED * (x[2] + 1) / 3)]++;
        whole[(int)x[3]]++;
        assert_true(x[1] == 3);
    }
    for (int i = 0; i < SURROGATE_AVERAGED; i++)
        assert_true(log_part[i] == 1 && part[i] == 1);
    for (int i = 1; i <= 6; i++)
        assert_true(whole[i] == 5 || whole[i] == 6);
    surrogate_average_free(a);
    surrogate_average_free(NULL);
    surrogate_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_average_is_the_direct_one),
        cmocka_unit_test(without_others_it_is_the_prediction),
        cmocka_unit_test(the_set_is_spread_evenly),
    };
    return cmocka_run_group_tests_name("average", tests, NULL, NULL);
}
