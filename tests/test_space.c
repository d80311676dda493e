/* Ranges are accepted or refused for the right reason; the map to the unit cube and back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/space.h"

#define FLOAT_DIM(lo, hi)                                                                                              \
    {                                                                                                                  \
        .name = "a", .type = DIM_FLOAT, .min = (lo), .max = (hi)                                                       \
    }
#define LOG_DIM(lo, hi)                                                                                                \
    {                                                                                                                  \
        .name = "a", .type = DIM_FLOAT, .log = true, .min = (lo), .max = (hi)                                          \
    }
#define INT_DIM(lo, hi)                                                                                                \
    {                                                                                                                  \
        .name = "a", .type = DIM_INT, .min = (lo), .max = (hi)                                                         \
    }
#define LOG_INT_DIM(lo, hi)                                                                                            \
    {                                                                                                                  \
        .name = "a", .type = DIM_INT, .log = true, .min = (lo), .max = (hi)                                            \
    }
#define CATEGORY_DIM(n)                                                                                                \
    {                                                                                                                  \
        .name = "a", .type = DIM_CATEGORY, .min = 0, .max = (n)-1                                                      \
    }

static void refuses_bad_ranges(void **state)
{
    (void)state;
    static const struct {
        struct dim dim;
        const char *reason;
    } cases[] = {
        {FLOAT_DIM(2, 1), "must not be above"},
        {FLOAT_DIM(NAN, 1), "finite"},
        {FLOAT_DIM(0, INFINITY), "finite"},
        {LOG_DIM(0, 1), "above 0"},
        {LOG_DIM(-2, -1), "above 0"},
        {LOG_INT_DIM(0, 8), "above 0"},
        {INT_DIM(0.5, 3), "whole"},
        {INT_DIM(0, 1e300), "whole"},
        {{.name = "a", .type = DIM_CATEGORY, .min = 1, .max = 3}, "numbered from 0"},
        {{.name = "a", .type = DIM_FLOAT, .min = 0, .max = 1, .count = 1}, "at least 2"},
        {{.name = "a", .type = DIM_FLOAT, .min = 0, .max = 1, .count = -3}, "at least 2"},
        {{.name = "a", .type = DIM_INT, .min = 1, .max = 4, .count = 5}, "4 values"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct space space = {0};
        struct err err = {0};
        assert_false(space_add(&space, &cases[i].dim, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.msg, "search.a = "));
        assert_non_null(strstr(err.msg, cases[i].reason));
        assert_int_equal(space.n, 0);
    }
}

static void refuses_a_name_twice_and_a_17th_dimension(void **state)
{
    (void)state;
    struct space space = {0};
    struct err err = {0};
    struct dim d = FLOAT_DIM(0, 1);
    for (int i = 0; i < SPACE_MAX; i++) {
        d.name[0] = (char)('a' + i);
        assert_true(space_add(&space, &d, &err));
    }
    d.name[0] = 'z';
    assert_false(space_add(&space, &d, &err));
    assert_non_null(strstr(err.msg, "16"));

    space = (struct space){0};
    assert_true(space_add(&space, &d, &err));
    assert_false(space_add(&space, &d, &err));
    assert_string_equal(err.msg, "search.z = linear 0 1: search.z is given twice");
}

static void a_point_range_is_allowed(void **state)
{
    (void)state;
    static const struct dim dims[] = {FLOAT_DIM(0.1, 0.1), LOG_DIM(0.1, 0.1), INT_DIM(3, 3), LOG_INT_DIM(3, 3),
                                      CATEGORY_DIM(1)};
    for (size_t i = 0; i < ARRAY_LEN(dims); i++) {
        struct space space = {0};
        assert_true(space_add(&space, &dims[i], NULL));
        for (double u = 0; u <= 1; u += 0.125)
            assert_true(space_value(&dims[i], u) == dims[i].min);
        double back = space_unit(&dims[i], dims[i].min);
        assert_true(back >= 0 && back <= 1);
        assert_int_equal(space_dim_values(&dims[i]), 1);
    }
}

static void floats_map_both_ways(void **state)
{
    (void)state;
    static const struct {
        struct dim dim;
        double u, value;
    } cases[] = {
        {FLOAT_DIM(-1, 3), 0, -1},    {FLOAT_DIM(-1, 3), 1, 3},
        {FLOAT_DIM(-1, 3), 0.25, 0},  {LOG_DIM(1e-3, 10), 0, 1e-3},
        {LOG_DIM(1e-3, 10), 1, 10},   {LOG_DIM(1e-3, 10), 0.5, 0.1},
        {LOG_DIM(1e-3, 10), 0.75, 1}, {FLOAT_DIM(0.1, 0.7), 1, 0.7},
        {LOG_DIM(0.1, 0.7), 1, 0.7},  {FLOAT_DIM(-1.5e308, 1.5e308), 0.5, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        double v = space_value(&cases[i].dim, cases[i].u);
        assert_true(fabs(v - cases[i].value) <= 1e-14 * fabs(cases[i].value));
        assert_true(fabs(space_unit(&cases[i].dim, cases[i].value) - cases[i].u) < 1e-14);
    }
    /* the ends exactly: a value must not leave its range by rounding */
    struct dim d = LOG_DIM(0.1, 0.7);
    for (int i = 0; i <= 1000; i++) {
        double v = space_value(&d, i / 1000.0);
        assert_true(v >= 0.1 && v <= 0.7);
    }
    assert_true(space_value(&d, 0) == 0.1 && space_value(&d, 1) == 0.7);
}

/* Each integer of a linear range, and each category, owns an equal share of [0, 1). */
static void whole_numbers_own_equal_cells(void **state)
{
    (void)state;
    static const struct dim dims[] = {INT_DIM(-2, 2), CATEGORY_DIM(5)};
    for (size_t i = 0; i < ARRAY_LEN(dims); i++) {
        int hits[5] = {0};
        for (int k = 0; k < 1000; k++) {
            double v = space_value(&dims[i], (k + 0.5) / 1000);
            assert_true(v == floor(v));
            hits[(int)(v - dims[i].min)]++;
        }
        for (int c = 0; c < 5; c++) {
            assert_int_equal(hits[c], 200);
            assert_true(fabs(space_unit(&dims[i], dims[i].min + c) - (c + 0.5) / 5) < 1e-15);
        }
    }
}

static void log_integers_come_back(void **state)
{
    (void)state;
    struct dim d = LOG_INT_DIM(1, 512);
    double last = -1;
    for (int v = 1; v <= 512; v++) {
        double u = space_unit(&d, v);
        assert_true(u > last && u > 0 && u < 1);
        assert_true(space_value(&d, u) == v);
        last = u;
    }
    /* the cell of 1 is [ln 0.5, ln 1.5) of [ln 0.5, ln 512.5) */
    double edge = log(3) / log(1025);
    assert_true(space_value(&d, edge - 1e-9) == 1);
    assert_true(space_value(&d, edge + 1e-9) == 2);
}

static void contains_checks_range_and_wholeness(void **state)
{
    (void)state;
    struct space space = {0};
    struct dim a = FLOAT_DIM(0.1, 1), b = INT_DIM(1, 4);
    b.name[0] = 'b';
    assert_true(space_add(&space, &a, NULL) && space_add(&space, &b, NULL));
    assert_true(space_contains(&space, (double[]){0.1, 4}));
    assert_true(space_contains(&space, (double[]){1, 1}));
    assert_false(space_contains(&space, (double[]){0.0999, 4}));
    assert_false(space_contains(&space, (double[]){0.5, 5}));
    assert_false(space_contains(&space, (double[]){0.5, 2.5}));
    assert_false(space_contains(&space, (double[]){NAN, 2}));
    assert_false(space_contains(&space, (double[]){0.5, NAN}));
    assert_true(space_contains(&(struct space){0}, NULL));
}

static void counts_points(void **state)
{
    (void)state;
    struct space space = {0};
    assert_int_equal(space_points(&space), 1);
    struct dim a = INT_DIM(-1, 1), b = CATEGORY_DIM(4), c = FLOAT_DIM(2, 2), d = FLOAT_DIM(0, 1);
    b.name[0] = 'b', c.name[0] = 'c', d.name[0] = 'd';
    assert_true(space_add(&space, &a, NULL) && space_add(&space, &b, NULL) && space_add(&space, &c, NULL));
    assert_int_equal(space_points(&space), 12);
    assert_true(space_add(&space, &d, NULL));
    assert_true(space_points(&space) == INT64_MAX);

    space = (struct space){0};
    for (int i = 0; i < 5; i++) {
        struct dim e = INT_DIM(0, 1e6);
        e.name[0] = (char)('a' + i);
        assert_true(space_add(&space, &e, NULL));
    }
    assert_true(space_points(&space) == INT64_MAX);
}

static void text_is_the_setting(void **state)
{
    (void)state;
    char text[64];
    struct dim d = {.name = "lambda", .type = DIM_FLOAT, .log = true, .min = 0.1, .max = 100, .count = 4};
    space_dim_text(&d, text, sizeof(text));
    assert_string_equal(text, "search.lambda = log 0.1 100 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_ranges),
        cmocka_unit_test(refuses_a_name_twice_and_a_17th_dimension),
        cmocka_unit_test(a_point_range_is_allowed),
        cmocka_unit_test(floats_map_both_ways),
        cmocka_unit_test(whole_numbers_own_equal_cells),
        cmocka_unit_test(log_integers_come_back),
        cmocka_unit_test(contains_checks_range_and_wholeness),
        cmocka_unit_test(counts_points),
        cmocka_unit_test(text_is_the_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
