/* The belief on its thread: pictures are the search module's own numbers, the newest want counts, and leaving waits for
 * nothing. Run it under TSan, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../src/history.h"
#include "../src/search/sample.h"
#include "../src/search/surface.h"
#include "../src/ui/belief.h"

enum { TRIALS = 16, WAIT = 120 };

/* TRIALS points of a surface, Sobol's, the last one under way and one failed. */
struct fixture {
    struct space space;
    struct history_points points;
    struct belief_want want;
    struct belief *belief;
};

static void fill(struct fixture *f, const char *surface, int n)
{
    const struct surface *s = surface_find(surface);
    struct err err = {0};
    struct rng rng;
    *f = (struct fixture){.space = surface_space(s, 0), .belief = belief_new()};
    f->points.n = n;
    f->points.x = xcalloc((size_t)(n * f->space.n) + 1, sizeof(double));
    f->points.value = xcalloc((size_t)n + 1, sizeof(double));
    f->points.state = xcalloc((size_t)n + 1, 1);
    f->points.manual = xcalloc((size_t)n + 1, sizeof(bool));
    rng_seed(&rng, 3, RNG_SEARCH);
    struct search *search = search_new(
        &f->space, &(struct search_options){.strategy = STRATEGY_SOBOL, .seed = 1, .max_trials = INT_MAX}, &err);
    for (int i = 0; i < n; i++) {
        double *x = f->points.x + i * f->space.n;
        int id;
        assert_int_equal(search_ask(search, x, &id), ASK_POINT);
        f->points.value[i] = s->value(x) / 100 + 0.002 * rng_normal(&rng);
        f->points.state[i] = i == n - 1 ? POINT_PENDING : i == 4 ? POINT_FAILED : POINT_COMPLETE;
    }
    search_free(search);
    f->want = (struct belief_want){.space = &f->space,
                                   .points = &f->points,
                                   .seed = 1,
                                   .strategy = STRATEGY_BO,
                                   .row_dim = f->space.n > 1,
                                   .columns = 23,
                                   .rows = f->space.n > 1 ? 18 : 1,
                                   .acquisition = true};
}

static void clear(struct fixture *f)
{
    belief_free(f->belief);
    history_points_release(&f->points);
}

static const struct belief_picture *finished(struct fixture *f)
{
    belief_want(f->belief, &f->want);
    assert_true(belief_wait(f->belief, WAIT));
    const struct belief_picture *p = belief_picture(f->belief);
    assert_non_null(p);
    assert_true(p->complete);
    return p;
}

static struct surrogate *fitted(const struct fixture *f)
{
    struct trials trials = history_trials(&f->points);
    const struct search_options o = {.max_trials = INT_MAX};
    return surrogate_new(
        &f->space, &trials,
        &(struct surrogate_options){.seed = f->want.seed, .aim = surrogate_aim(&f->space, &o, trials.n)});
}

/* ---- what is in a picture ---- */

static void check_maps(const struct fixture *f, const struct belief_picture *p)
{
    struct surrogate *s = fitted(f);
    size_t n = (size_t)p->columns * (size_t)p->rows;
    float *map[3];
    for (int k = 0; k < 3; k++)
        map[k] = xcalloc(n, sizeof(float));
    surrogate_slice(s, &(struct surrogate_slice){.column_dim = p->column_dim,
                                                 .row_dim = p->row_dim,
                                                 .columns = p->columns,
                                                 .rows = p->rows,
                                                 .at = p->at,
                                                 .mean = map[0],
                                                 .sigma = map[1],
                                                 .acquisition = map[2]});
    for (size_t i = 0; i < n; i++) {
        assert_true(map[0][i] == p->mean[i]);
        assert_true(map[1][i] == p->sigma[i]);
        assert_true(map[2][i] == p->acquisition[i]);
    }
    for (int k = 0; k < 3; k++)
        free(map[k]);
    surrogate_free(s);
}

static void every_cell_is_the_surrogate_s_own(void **state)
{
    (void)state;
    static const int axes[][2] = {{0, 1}, {1, 0}, {3, 2}, {5, 5}};
    struct fixture f;
    fill(&f, "kd", TRIALS);
    const struct belief_picture *p = finished(&f);
    assert_int_equal(p->columns, 23);
    assert_int_equal(p->rows, 18);
    assert_int_equal(p->block, 1);
    check_maps(&f, p);
    clear(&f);
    fill(&f, "hartmann6n", 12);
    for (size_t k = 0; k < ARRAY_LEN(axes); k++) {
        f.want.column_dim = axes[k][0];
        f.want.row_dim = axes[k][1];
        f.want.rows = axes[k][0] == axes[k][1] ? 1 : 6;
        f.want.columns = 7;
        check_maps(&f, finished(&f));
    }
    clear(&f);
}

static void the_others_stand_at_the_best_point(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "hartmann6n", 14);
    const struct belief_picture *p = finished(&f);
    struct surrogate *s = fitted(&f);
    double mean, best_mean, sigma;
    int best = surrogate_best(s, &best_mean);
    assert_int_equal(p->best, best);
    const double *x = f.points.x + best * f.space.n;
    assert_memory_equal(p->at, x, (size_t)f.space.n * sizeof *x);
    surrogate_predict(s, x, &mean, &sigma);
    assert_true(p->best_mean == mean && p->best_sigma == sigma);
    surrogate_free(s);
    clear(&f);
}

/* The same cells with the others averaged over; what a trial is worth stays that of a trial, at the best point. */
static void the_others_may_be_averaged_over(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "hartmann6n", 14);
    f.want.columns = 5;
    f.want.rows = 4;
    f.want.column_dim = 4;
    f.want.row_dim = 1;
    f.want.average = true;
    const struct belief_picture *p = finished(&f);
    assert_true(p->averaged);
    struct surrogate *s = fitted(&f);
    struct surrogate_average *a = surrogate_average_new(s, 4, 1);
    double x[SPACE_MAX], mean, sigma, at_best, ignored;
    bool differs = false;
    memcpy(x, p->at, sizeof x);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 5; j++) {
            x[1] = space_value(&f.space.dims[1], 1 - (i + 0.5) / 4);
            x[4] = space_value(&f.space.dims[4], (j + 0.5) / 5);
            surrogate_average_predict(a, x, &mean, &sigma);
            assert_true(p->mean[i * 5 + j] == (float)mean && p->sigma[i * 5 + j] == (float)sigma);
            assert_true(p->acquisition[i * 5 + j] == (float)surrogate_acquisition(s, x));
            surrogate_predict(s, x, &at_best, &ignored);
            differs |= fabs(at_best - mean) > 1e-4;
        }
    assert_true(differs);
    surrogate_average_free(a);
    surrogate_free(s);
    f.want.average = false;
    assert_false(finished(&f)->averaged);
    clear(&f);
}

/* 16 trials over two settings: a grid of 4 x 4. */
static void the_grid_beside_is_counted_out(void **state)
{
    (void)state;
    struct fixture f;
    double y[16], sigma, sum = 0, pairs = 0, most = -INFINITY;
    fill(&f, "kd", TRIALS);
    const struct belief_picture *p = finished(&f);
    struct surrogate *s = fitted(&f);
    for (int i = 0; i < 16; i++) {
        const struct dim *d = f.space.dims;
        double x[2];
        for (int j = 0; j < 2; j++) {
            double t = (j ? i % 4 : i / 4) / 3.0;
            x[j] = d[j].log ? d[j].min * pow(d[j].max / d[j].min, t) : d[j].min + t * (d[j].max - d[j].min);
        }
        surrogate_predict(s, x, &y[i], &sigma);
        sum += y[i];
        most = fmax(most, y[i]);
        for (int k = 0; k < i; k++)
            pairs += fmax(y[i], y[k]);
    }
    assert_int_equal(p->grid.n, 16);
    assert_float_equal(p->grid.best[0], sum / 16, 1e-9);
    assert_float_equal(p->grid.best[1], pairs / 120, 1e-9);
    assert_float_equal(p->grid.best[15], most, 1e-9);
    surrogate_free(s);
    clear(&f);
}

static void the_weights_are_importance_s(void **state)
{
    (void)state;
    struct fixture f;
    struct importance_interval first[SPACE_MAX], total[SPACE_MAX];
    double ped[SPACE_MAX];
    int n, top;
    fill(&f, "hartmann6n", 12);
    f.want.columns = f.want.rows = 3;
    assert_false(finished(&f)->weights.known);
    f.want.weights = true;
    const struct belief_picture *p = finished(&f);
    struct trials trials = history_trials(&f.points);
    importance_ped_anova(&f.space, &trials, 0.1, ped, &n, &top);
    assert_true(importance_of_surrogate(&f.space, &trials, 100, f.want.seed, first, total));
    assert_true(p->weights.known && p->weights.n == n && p->weights.n_top == top);
    assert_memory_equal(p->weights.ped_anova, ped, 6 * sizeof *ped);
    assert_memory_equal(p->weights.first, first, 6 * sizeof *first);
    assert_memory_equal(p->weights.total, total, 6 * sizeof *total);
    struct surrogate_hyper h;
    struct surrogate *s = fitted(&f);
    surrogate_hyper(s, &h);
    assert_memory_equal(p->hyper.lengthscale, h.lengthscale, 6 * sizeof(double));
    assert_true(p->hyper.noise == h.noise && p->hyper.signal == h.signal);
    surrogate_free(s);
    f.points.n = 3; /* too few to weigh, enough to fit */
    p = finished(&f);
    assert_true(p->fitted && !p->weights.known);
    clear(&f);
}

/* A search that is asked and told as the study does it, and goes on from there. */
static void the_next_points_are_the_search_s(void **state)
{
    (void)state;
    struct fixture f;
    struct err err = {0};
    double x[SPACE_MAX];
    int id, given = 0;
    fill(&f, "kd", TRIALS);
    f.points.state[TRIALS - 1] = POINT_COMPLETE;
    struct search *s =
        search_new(&f.space, &(struct search_options){.strategy = STRATEGY_BO, .seed = 5, .max_trials = 100}, &err);
    for (int i = 0; i < TRIALS; i++) {
        double *at = f.points.x + i * f.space.n;
        assert_int_equal(search_ask(s, at, &id), ASK_POINT);
        assert_int_equal(id, given++);
        f.points.value[i] = surface_find("kd")->value(at) / 100;
        f.points.state[i] = f.points.value[i] < 0.5 ? POINT_FAILED : POINT_COMPLETE;
        search_tell(s, id, f.points.state[i] == POINT_FAILED ? TELL_FAILED : TELL_COMPLETE, f.points.value[i]);
    }
    f.want.seed = 5;
    const struct belief_picture *p = finished(&f);
    assert_int_equal(p->n_next, BELIEF_NEXT);
    for (int k = 0; k < BELIEF_NEXT; k++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        for (int j = 0; j < f.space.n; j++)
            assert_float_equal(p->next[k][j], x[j], 1e-9 * fabs(x[j]));
    }
    search_free(s);
    clear(&f);
}

static void without_a_value_there_are_only_the_next_points(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "kd", TRIALS);
    f.points.n = 0;
    const struct belief_picture *p = finished(&f);
    assert_false(p->fitted);
    assert_null(p->mean);
    assert_null(p->acquisition);
    assert_int_equal(p->best, -1);
    assert_int_equal(p->n_next, BELIEF_NEXT);
    f.points.n = 3;
    memset(f.points.state, POINT_FAILED, 3);
    p = finished(&f);
    assert_false(p->fitted);
    assert_int_equal(p->n_points, 3);
    f.points.n = 5;
    f.points.state[1] = POINT_COMPLETE;
    assert_true(finished(&f)->fitted);
    clear(&f);
}

/* ---- coming and going ---- */

static void a_picture_comes_in_steps_and_wakes(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "kd", TRIALS);
    f.want.columns = 60;
    f.want.rows = 40;
    belief_want(f.belief, &f.want);
    const struct belief_picture *p = NULL;
    while (!p || !p->complete) {
        struct pollfd fd = {.fd = belief_fd(f.belief), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 1000 * WAIT), 1);
        p = belief_picture(f.belief);
        assert_non_null(p);
        assert_non_null(p->mean); /* never less than that */
        if (p->acquisition && p->block > 1)
            assert_true(p->acquisition[0] == p->acquisition[60 * 3 + 3]);
    }
    struct pollfd fd = {.fd = belief_fd(f.belief), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_true(belief_picture(f.belief) == p); /* and it stays */
    clear(&f);
}

static void the_newest_want_counts(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "kd", TRIALS);
    for (int i = 0; i < 60; i++) {
        f.want.columns = 20 + i;
        f.want.rows = 100 - i;
        belief_want(f.belief, &f.want);
        if (i % 10 == 3)
            f.points.value[2] += 0.001; /* another trial's value: a fit of its own */
        belief_picture(f.belief);
    }
    f.want.columns = 11;
    f.want.rows = 9;
    const struct belief_picture *p = finished(&f);
    assert_int_equal(p->columns, 11);
    assert_int_equal(p->rows, 9);
    check_maps(&f, p);
    clear(&f);
}

static void the_same_again_costs_nothing(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "kd", TRIALS);
    const struct belief_picture *p = finished(&f);
    belief_want(f.belief, &f.want);
    assert_true(belief_wait(f.belief, 0));
    assert_true(belief_picture(f.belief) == p);
    clear(&f);
}

/* Whatever a picture depends on asks for another one when it alone is different. */
static void any_change_makes_another_picture(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, "hartmann6n", 10);
    f.want.columns = f.want.rows = 4;
    for (int k = 0; k < 10; k++) {
        const struct belief_picture *p = finished(&f);
        int column = p->column_dim, row = p->row_dim;
        check_maps(&f, p);
        switch (k) {
        case 0: f.want.column_dim = 4; break;
        case 1: f.want.row_dim = 2; break;
        case 2: f.want.columns = 5; break;
        case 3: f.want.rows = 3; break;
        case 4: f.want.seed = 9; break;
        case 5: f.points.value[3] += 0.01; break;
        case 6: f.points.state[2] = POINT_LEFT_OUT; break;
        case 7: f.points.x[7] += 0.1; break;
        case 8: f.space.dims[1].max = 1.5; break;
        default: continue;
        }
        struct pollfd fd = {.fd = belief_fd(f.belief), .events = POLLIN};
        belief_want(f.belief, &f.want);
        assert_int_equal(poll(&fd, 1, 1000 * WAIT), 1);
        assert_true(k > 1 || column != f.want.column_dim || row != f.want.row_dim);
    }
    clear(&f);
}

static void what_was_asked_for_may_change_at_once(void **state)
{
    (void)state;
    struct fixture f, same;
    fill(&f, "kd", TRIALS);
    fill(&same, "kd", TRIALS);
    belief_want(f.belief, &f.want);
    memset(f.points.x, 0, (size_t)(TRIALS * f.space.n) * sizeof(double));
    memset(f.points.value, 0, TRIALS * sizeof(double));
    f.space.dims[0].max = 7;
    assert_true(belief_wait(f.belief, WAIT));
    check_maps(&same, belief_picture(f.belief));
    clear(&f);
    clear(&same);
}

static void leaving_waits_for_nothing(void **state)
{
    (void)state;
    struct fixture f;
    for (int i = 0; i < 8; i++) {
        fill(&f, "kd", TRIALS);
        f.want.columns = f.want.rows = 600; /* minutes of work */
        belief_want(f.belief, &f.want);
        if (i % 2) {
            struct pollfd fd = {.fd = belief_fd(f.belief), .events = POLLIN};
            f.want.columns = f.want.rows = 30;
            belief_want(f.belief, &f.want);
            assert_int_equal(poll(&fd, 1, 1000 * WAIT), 1);
        }
        clear(&f);
    }
    belief_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_the_surrogate_s_own),
        cmocka_unit_test(the_others_stand_at_the_best_point),
        cmocka_unit_test(the_others_may_be_averaged_over),
        cmocka_unit_test(the_grid_beside_is_counted_out),
        cmocka_unit_test(the_weights_are_importance_s),
        cmocka_unit_test(the_next_points_are_the_search_s),
        cmocka_unit_test(without_a_value_there_are_only_the_next_points),
        cmocka_unit_test(a_picture_comes_in_steps_and_wakes),
        cmocka_unit_test(the_newest_want_counts),
        cmocka_unit_test(the_same_again_costs_nothing),
        cmocka_unit_test(any_change_makes_another_picture),
        cmocka_unit_test(what_was_asked_for_may_change_at_once),
        cmocka_unit_test(leaving_waits_for_nothing),
    };
    return cmocka_run_group_tests_name("belief", tests, NULL, NULL);
}
