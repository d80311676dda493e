/* The functions that searches are compared on: their maxima are where they are known to be, and values elsewhere are those
 * of an independent implementation (Python's math module, the published formulas). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/search/surface.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g", got, want);
}

static void maxima_are_where_they_are_published(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double x[6];
    } at[] = {
        {"branin", {M_PI, 2.275}},
        {"branin", {-M_PI, 12.275}},
        {"branin", {9.42477796076938, 2.475}},
        {"hartmann6", {0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054}},
        {"hartmann6n", {0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054}},
        {"ackley5", {0}},
        {"levy4", {1, 1, 1, 1}},
        {"kd", {0.534, 0.5825}}, /* near the grid's: see the next test */
    };
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        const struct surface *f = surface_find(at[i].name);
        assert_non_null(f);
        near(f->value(at[i].x), f->best, at[i].name[0] == 'k' ? 1e-2 : 1e-6);
        for (int j = 0; j < f->dim; j++)
            assert_true(at[i].x[j] >= f->min[j] && at[i].x[j] <= f->max[j]);
    }
    assert_null(surface_find("nothing"));
}

static void best_of_kd_is_that_of_its_grid(void **state)
{
    (void)state;
    const struct surface *f = surface_find("kd");
    double best = 0;
    for (int i = 0; i <= 400; i++)
        for (int j = 0; j <= 400; j++)
            best = fmax(best, f->value((double[]){i / 400.0, j / 400.0}));
    near(best, f->best, 1e-12);
}

static void values_elsewhere(void **state)
{
    (void)state;
    const struct surface *ackley = surface_find("ackley5"), *levy = surface_find("levy4");
    near(ackley->value((double[]){1, 1, 1, 1, 1}), -3.6253849384403627, 1e-12);
    near(ackley->value((double[]){-30, 12.3, 0.7, 5, -1.1}), -20.107510943124673, 1e-12);
    near(levy->value((double[]){0, 0, 0, 0}), -0.8975336623509235, 1e-12);
    near(levy->value((double[]){-3, 2.5, 7, -9.5}), -28.323956579298255, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maxima_are_where_they_are_published),
        cmocka_unit_test(best_of_kd_is_that_of_its_grid),
        cmocka_unit_test(values_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
