/* What Setup shows of a search before it begins: its points against closed forms, and where their dots stand. */
#include "setup_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/lab.h"
#include "../src/search/sample.h"
#include "../src/search/space.h"
#include "golden.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {200, 58}};

static struct params searched(const char *search, const char *lambda, const char *rate)
{
    struct params p;
    struct err err = {0};
    params_init(&p);
    assert_true(params_set(&p, "search", search, &err));
    assert_true(params_set(&p, "search.lambda", lambda, &err));
    if (rate)
        assert_true(params_set(&p, "search.transfer_lr", rate, &err));
    return p;
}

static void grid_points_are_equal_ratios(void **state)
{
    struct params p = searched("grid", "log 0.001 0.1 5", "linear 0.1 0.3 3");
    double x[2 * 32];
    struct err err = {0};
    (void)state;
    assert_int_equal(lab_first_points(&p, 32, x, &err), 15);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 3; j++) { /* init * ratio^i, init + j * step */
            double lambda = 0.001 * pow(100, i / 4.0), lr = 0.1 + 0.1 * j;
            int found = 0;
            for (int k = 0; k < 15; k++)
                found += fabs(x[2 * k] / lambda - 1) < 1e-9 && fabs(x[2 * k + 1] - lr) < 1e-9;
            assert_int_equal(found, 1);
        }
    assert_int_equal(lab_first_points(&p, 4, x, &err), 4);
}

static void sobol_points_are_those_of_the_sequence(void **state)
{
    struct params p = searched("sobol", "log 0.001 0.1", "log 0.0001 0.01");
    double x[2 * 64], u[2];
    struct err err = {0};
    (void)state;
    p.max_trials = 40;
    p.seed = 7;
    assert_int_equal(lab_first_points(&p, 64, x, &err), 40);
    for (int i = 0; i < 40; i++) {
        sobol_at(2, hash3(7, RNG_SEARCH, 0), (uint32_t)i, u);
        assert_true(fabs(log(x[2 * i]) - (log(0.001) + u[0] * log(100))) < 1e-9);
        assert_true(fabs(log(x[2 * i + 1]) - (log(0.0001) + u[1] * log(100))) < 1e-9);
    }
}

static void a_model_is_not_guessed_at(void **state)
{
    struct params p = searched("bo", "log 0.001 0.1", "log 0.0001 0.01");
    double x[2 * 64];
    struct err err = {0};
    (void)state;
    p.lambda = 0.02;
    int n = lab_first_points(&p, 64, x, &err);
    assert_int_equal(n, 5);                             /* max(5, 2d) */
    assert_true(x[0] == 0.02 && x[1] == p.transfer_lr); /* the study's own first */
    p = searched("grid", "log 0.001 0.1", NULL);
    assert_int_equal(lab_first_points(&p, 64, x, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
}

/* ---- dots ---- */

struct dots {
    int n, x[600], y[600];
};

static struct dots dots_at(struct bench *b, int w, int h)
{
    struct dots d = {0};
    struct canvas c;
    canvas_init(&c, w, h);
    view_setup.draw(b->ui.self, &b->ui.context, &c, (struct rect){0, 0, w, h});
    for (int i = 0; i < w * h; i++)
        if (c.cells[i].rune == 0x25cf) {
            d.x[d.n] = i % w;
            d.y[d.n++] = i / w;
        }
    canvas_release(&c);
    return d;
}

static void keep(struct bench *b, const char *what)
{
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char name[64], *text = ui_text(&b->ui, sizes[i][0], sizes[i][1]);
        snprintf(name, sizeof name, "setup-%s-%dx%d", what, sizes[i][0], sizes[i][1]);
        golden_check(name, text);
        free(text);
    }
}

static void a_range_is_seen_on_its_axis(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    go_to(&b, "lambda");
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct dots d = dots_at(&b, sizes[i][0], sizes[i][1]);
        assert_int_equal(d.n, 3);
        assert_true(d.y[0] == d.y[1] && d.y[1] == d.y[2]);
        assert_true(abs((d.x[2] - d.x[1]) - (d.x[1] - d.x[0])) <= 1); /* log: 0.1 in the middle */
        assert_true(screen_has(&b, sizes[i][0], sizes[i][1], "0.01, 0.1, 1"));
    }
    keep(&b, "axis");
    assert_true(type(&b, "linear 0.01 1 4", &err));
    assert_int_equal(dots_at(&b, 80, 22).n, 4);
    assert_true(type(&b, "log 0.01 1", &err)); /* a grid without a count cannot be */
    assert_int_equal(dots_at(&b, 80, 22).n, 0);
    assert_true(screen_has(&b, 200, 58, "log 0.01 1 COUNT") || screen_has(&b, 200, 58, "count"));
    finish(&b);
}

static void two_ranges_are_seen_as_a_plane(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    go_to(&b, "transfer_lr");
    assert_true(type(&b, "log 0.0001 0.01 5", &err));
    struct dots d = dots_at(&b, 200, 58);
    assert_int_equal(d.n, 15);
    int columns = 0;
    for (int i = 0; i < d.n; i++)
        columns += d.y[i] == d.y[0];
    assert_int_equal(columns, 5); /* the setting under the cursor is across */
    keep(&b, "plane");
    go_to(&b, "lambda");
    d = dots_at(&b, 200, 58);
    columns = 0;
    for (int i = 0; i < d.n; i++)
        columns += d.y[i] == d.y[0];
    assert_int_equal(columns, 3);
    go_to(&b, "search");
    assert_true(type(&b, "sobol", &err));
    go_to(&b, "max_trials");
    assert_true(type(&b, "16", &err));
    go_to(&b, "lambda");
    keep(&b, "sobol");
    d = dots_at(&b, 200, 58);
    assert_int_equal(d.n, 16);
    int quarter[4] = {0}, lo_x = 999, hi_x = 0, lo_y = 999, hi_y = 0;
    for (int i = 0; i < d.n; i++) {
        lo_x = d.x[i] < lo_x ? d.x[i] : lo_x, hi_x = d.x[i] > hi_x ? d.x[i] : hi_x;
        lo_y = d.y[i] < lo_y ? d.y[i] : lo_y, hi_y = d.y[i] > hi_y ? d.y[i] : hi_y;
    }
    for (int i = 0; i < d.n; i++)
        quarter[2 * (2 * d.x[i] > lo_x + hi_x) + (2 * d.y[i] > lo_y + hi_y)]++;
    for (int i = 0; i < 4; i++)
        assert_in_range(quarter[i], 3, 5); /* spread evenly; the middle falls into a cell */
    go_to(&b, "search");
    assert_true(type(&b, "bo", &err));
    go_to(&b, "lambda");
    assert_int_equal(dots_at(&b, 200, 58).n, 5);
    assert_true(screen_has(&b, 100, 28, "the first 5 points before the model is asked, of 16"));
    for (int w = 1; w <= 210; w += 11)
        for (int h = 1; h <= 60; h += 5)
            ui_stays_inside(&b.ui, w, h);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid_points_are_equal_ratios),   cmocka_unit_test(sobol_points_are_those_of_the_sequence),
        cmocka_unit_test(a_model_is_not_guessed_at),      cmocka_unit_test(a_range_is_seen_on_its_axis),
        cmocka_unit_test(two_ranges_are_seen_as_a_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
