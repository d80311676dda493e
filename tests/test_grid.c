/* Algorithm 1: all combinations, in order, both ends, and the grids that are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/grid.h"

static void add(struct space *space, struct dim d)
{
    d.name[0] = (char)('a' + space->n);
    assert_true(space_add(space, &d, NULL));
}

static void all_combinations_last_dimension_fastest(void **state)
{
    (void)state;
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_FLOAT, .log = true, .min = 0.1, .max = 10, .count = 3});
    add(&space, (struct dim){.type = DIM_FLOAT, .min = 0.1, .max = 0.4, .count = 4});
    add(&space, (struct dim){.type = DIM_CATEGORY, .min = 0, .max = 1});
    static const double a[] = {0.1, 1, 10}, b[] = {0.1, 0.2, 0.3, 0.4};
    assert_int_equal(grid_size(&space, NULL), 24);
    for (int i = 0; i < 24; i++) {
        double x[3];
        grid_point(&space, i, x);
        assert_true(x[0] == a[i / 8]);
        assert_true(x[1] == b[i / 2 % 4]);
        assert_true(x[2] == i % 2);
    }
}

/* init + i*step and init * ratio^i, against the closed forms in long double; the ends exactly. */
static void steps_are_equal(void **state)
{
    (void)state;
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_FLOAT, .min = -0.7, .max = 1.9, .count = 37});
    struct space logs = {0};
    add(&logs, (struct dim){.type = DIM_FLOAT, .log = true, .min = 3e-5, .max = 0.7, .count = 37});
    for (int i = 0; i < 37; i++) {
        double x, y;
        grid_point(&space, i, &x);
        grid_point(&logs, i, &y);
        assert_true(fabsl(x - (-0.7L + 2.6L * i / 36)) < 1e-13L);
        assert_true(fabsl(y / (3e-5L * powl(0.7L / 3e-5L, i / 36.0L)) - 1) < 1e-13L);
        assert_true(space_contains(&space, &x) && space_contains(&logs, &y));
    }
    double first, last;
    grid_point(&logs, 0, &first);
    grid_point(&logs, 36, &last);
    assert_true(first == 3e-5 && last == 0.7);
}

static void narrow_and_wide_ranges_keep_their_points_apart(void **state)
{
    (void)state;
    static const struct dim dims[] = {
        {.type = DIM_FLOAT, .min = 1, .max = 1 + 1e-13, .count = 9},
        {.type = DIM_FLOAT, .log = true, .min = 1, .max = 1 + 1e-13, .count = 9},
        {.type = DIM_FLOAT, .min = -1.7e308, .max = 1.7e308, .count = 9},
        {.type = DIM_FLOAT, .log = true, .min = 1e-300, .max = 1e300, .count = 9},
    };
    for (size_t k = 0; k < ARRAY_LEN(dims); k++) {
        struct space space = {0};
        add(&space, dims[k]);
        double last = -INFINITY;
        for (int i = 0; i < 9; i++) {
            double x;
            grid_point(&space, i, &x);
            assert_true(x > last && space_contains(&space, &x));
            last = x;
        }
        assert_true(last == dims[k].max);
    }
}

/* Whole numbers stay whole and distinct for every count, also where log steps are shorter than 1. */
static void integers_are_distinct(void **state)
{
    (void)state;
    for (int log = 0; log < 2; log++)
        for (int max = 2; max <= 40; max++)
            for (int count = 2; count <= max; count++) {
                struct space space = {0};
                add(&space, (struct dim){.type = DIM_INT, .log = log, .min = 1, .max = max, .count = count});
                double last = 0;
                for (int i = 0; i < count; i++) {
                    double x;
                    grid_point(&space, i, &x);
                    assert_true(x > last && space_contains(&space, &x));
                    assert_true(i > 0 || x == 1);
                    last = x;
                }
                assert_true(last == max);
            }
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_INT, .log = true, .min = 1, .max = 64, .count = 7});
    for (int i = 0; i < 7; i++) {
        double x;
        grid_point(&space, i, &x);
        assert_true(x == 1 << i);
    }
}

static void whole_numbers_need_no_count(void **state)
{
    (void)state;
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_INT, .min = -1, .max = 1});
    add(&space, (struct dim){.type = DIM_FLOAT, .min = 0.5, .max = 0.5, .count = 7});
    add(&space, (struct dim){.type = DIM_CATEGORY, .min = 0, .max = 3});
    assert_int_equal(grid_size(&space, NULL), 12);
    double x[3];
    grid_point(&space, 11, x);
    assert_true(x[0] == 1 && x[1] == 0.5 && x[2] == 3);
    assert_int_equal(grid_size(&(struct space){0}, NULL), 1);
}

static void refuses_a_missing_count_and_too_many_points(void **state)
{
    (void)state;
    struct space space = {0};
    struct err err = {0};
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 1000});
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 1000});
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 1000});
    assert_int_equal(grid_size(&space, &err), 1000000000);
    assert_int_equal(err.code, ERR_OK);
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 2});
    assert_int_equal(grid_size(&space, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "1000000000"));

    space = (struct space){0};
    add(&space, (struct dim){.type = DIM_FLOAT, .log = true, .min = 0.1, .max = 100});
    assert_int_equal(grid_size(&space, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, "search.a = log 0.1 100: a grid needs the number of points, "
                                 "as in 'search.a = log 0.1 100 5'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_combinations_last_dimension_fastest),
        cmocka_unit_test(steps_are_equal),
        cmocka_unit_test(narrow_and_wide_ranges_keep_their_points_apart),
        cmocka_unit_test(integers_are_distinct),
        cmocka_unit_test(whole_numbers_need_no_count),
        cmocka_unit_test(refuses_a_missing_count_and_too_many_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
