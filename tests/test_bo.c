/* Bayesian optimisation behind ask and tell, and the surrogate it rests on: does it find what is there, can it be stopped
 * and continued, and does no history upset it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/search.h"
#include "../src/search/surface.h"
#include "../src/search/surrogate.h"

static struct search *open_bo(const struct space *space, uint64_t seed, int max_trials)
{
    struct search_options o = {.strategy = STRATEGY_BO, .seed = seed, .max_trials = max_trials};
    struct search *s = search_new(space, &o, NULL);
    assert_non_null(s);
    return s;
}

static void add(struct space *space, struct dim d)
{
    snprintf(d.name, sizeof(d.name), "p%d", space->n);
    assert_true(space_add(space, &d, NULL));
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g", got, want);
}

/* ---- the floor ---- */

static void floor_by_hand(void **state)
{
    (void)state;
    static const struct {
        double y[6];
        int n;
        double floor;
    } cases[] = {
        {{70, 74, 1, 73, 75}, 5, 73 - 3 * 2}, /* median 73, max 75 */
        {{1, 2, 3, 4}, 4, 2.5 - 3 * 1.5},
        {{5, 5, 5, 1, 3, 5}, 6, 3.5 - 1.5 * 1.5}, /* max = median: Q1 3.5, Q3 5 */
        {{5, 5, 5, 5, 5, 1}, 6, 1},               /* no spread between the quartiles either */
        {{0.5, 0.5}, 2, 0},
        {{0}, 1, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        near(surrogate_floor(cases[i].y, cases[i].n), cases[i].floor, 1e-12);
}

/* ---- it finds ---- */

/* Mean regret of what is recommended after 25 noisy trials of the distillation-like surface, over 6 seeds: about 0.03;
 * a Sobol sequence's is about 0.24. */
static void finds_the_ridge(void **state)
{
    (void)state;
    const struct surface *f = surface_find("kd");
    struct space space = surface_space(f, 0);
    double regret = 0, x[2], value;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct search *s = open_bo(&space, seed, 25);
        struct rng noise;
        int id, n = 0;
        rng_seed(&noise, seed, RNG_SYNTH);
        for (; search_ask(s, x, &id) == ASK_POINT; n++)
            search_tell(s, id, TELL_COMPLETE, f->value(x) + f->sigma * rng_normal(&noise));
        assert_int_equal(n, 25);
        id = search_recommended(s, x, &value);
        assert_true(id >= 0 && id < 25);
        near(value, f->value(x), 1); /* and it knows about what it is worth */
        regret += (f->best - f->value(x)) / 6;
        search_free(s);
    }
    assert_true(regret < 0.1);
}

/* What an ask knew: nothing before the model's first, then its aim, and a noise and prediction that are right. */
static void says_what_it_knew(void **state)
{
    (void)state;
    const struct surface *f = surface_find("kd");
    struct space space = surface_space(f, 0);
    struct search *s = open_bo(&space, 3, 25);
    struct search_belief b;
    struct rng noise;
    double x[2];
    int id;
    rng_seed(&noise, 3, RNG_SYNTH);
    for (int n = 0; search_ask(s, x, &id) == ASK_POINT; n++) {
        bool modelled = search_belief(s, &b);
        assert_true(modelled == (n >= 5));
        if (modelled)
            assert_string_equal(b.aim, n < 15 ? "improve" : n < 24 ? "learn" : "confirm");
        search_tell(s, id, TELL_COMPLETE, f->value(x) + f->sigma * rng_normal(&noise));
    }
    near(b.mean, f->value(x), 1);
    assert_true(b.sigma > 0 && b.sigma < 1 && b.noise > 0.05 && b.noise < 1 && b.signal > 0.5);
    assert_true(b.lengthscale[0] > 0.025 && b.lengthscale[1] > 0.025);
    search_free(s);
}

/* The user's own setting is tried first; one that is not in the space is passed over. */
static void begins_with_the_users_own(void **state)
{
    (void)state;
    struct space space = {0};
    add(&space, (struct dim){.log = true, .min = 0.01, .max = 1});
    add(&space, (struct dim){.max = 2});
    for (int inside = 0; inside < 2; inside++) {
        struct search_options o = {
            .strategy = STRATEGY_BO, .seed = 1, .max_trials = 9, .has_first = true, .first = {0.1, inside ? 0.7 : 3}};
        struct search *s = search_new(&space, &o, NULL);
        double x[2];
        int id;
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_true((x[0] == 0.1 && x[1] == 0.7) == inside);
        search_tell(s, id, TELL_COMPLETE, 0.5);
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_true(x[1] != 0.7);
        search_free(s);
    }
}

/* Branin to 0.02 within 30 trials where the objective is declared free of noise. */
static void finds_a_noise_free_maximum(void **state)
{
    (void)state;
    const struct surface *f = surface_find("branin");
    struct space space = surface_space(f, 0);
    struct search_options o = {.strategy = STRATEGY_BO, .seed = 2, .max_trials = 30, .noise_free = true};
    struct search *s = search_new(&space, &o, NULL);
    double x[2], value;
    int id;
    while (search_ask(s, x, &id) == ASK_POINT)
        search_tell(s, id, TELL_COMPLETE, f->value(x));
    search_best(s, x, &value);
    assert_true(f->best - value < 0.02);
    search_free(s);
}

/* A lucky measurement among many equal ones of a neighbourhood is not recommended. */
static void recommends_no_luck(void **state)
{
    (void)state;
    struct space space = {0};
    struct search *s;
    double x, value, best;
    int id;
    add(&space, (struct dim){.max = 1});
    s = open_bo(&space, 1, 100);
    for (int i = 0; i <= 20; i++) {
        x = i / 20.0;
        assert_true(search_enqueue(s, &x, NULL));
        assert_int_equal(search_ask(s, &x, &id), ASK_POINT);
        double truth = 1 - 2 * (x - 0.7) * (x - 0.7);
        search_tell(s, id, TELL_COMPLETE, truth + (i % 2 ? 0.05 : -0.05) + (i == 3 ? 0.7 : 0));
    }
    assert_int_equal(search_best(s, &x, &best), 3);
    id = search_recommended(s, &x, &value);
    near(x, 0.7, 0.11);
    assert_true(value < best);
    search_free(s);
}

/* ---- stop and continue ---- */

static double objective(const struct space *space, const double *x, int id)
{
    double sum = 0;
    for (int j = 0; j < space->n; j++)
        sum += sin(3 * space_unit(&space->dims[j], x[j]) + j);
    return sum + 0.05 * sin(91.0 * id);
}

static enum tell outcome(int id)
{
    return id % 7 == 3 ? TELL_FAILED : id % 7 == 5 ? TELL_LEFT_OUT : TELL_COMPLETE;
}

static void stopped_and_continued(void **state)
{
    (void)state;
    enum { TRIALS = 14 };
    struct space space = {0};
    double want[TRIALS][2], x[2];
    int id;
    add(&space, (struct dim){.log = true, .min = 1e-3, .max = 1});
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 9});
    struct search *whole = open_bo(&space, 5, TRIALS);
    for (int i = 0; i < TRIALS; i++) {
        assert_int_equal(search_ask(whole, want[i], &id), ASK_POINT);
        search_tell(whole, id, outcome(id), objective(&space, want[i], id));
    }
    search_free(whole);
    for (int stop = 0; stop < TRIALS; stop += 3) {
        struct search *s = open_bo(&space, 5, TRIALS);
        for (int i = 0; i < stop; i++) { /* what the journal has */
            search_ask(s, x, &id);
            search_tell(s, id, outcome(id), objective(&space, want[i], id));
        }
        for (int i = stop; i < TRIALS; i++) {
            assert_int_equal(search_ask(s, x, &id), ASK_POINT);
            assert_memory_equal(x, want[i], sizeof(x));
            search_tell(s, id, outcome(id), objective(&space, x, id));
        }
        search_free(s);
    }
    /* the trials count, not who asked for them: enqueued by hand they lead to the same point */
    struct search *s = open_bo(&space, 5, TRIALS);
    for (int i = 0; i < TRIALS - 1; i++) {
        assert_true(search_enqueue(s, want[i], NULL));
        search_ask(s, x, &id);
        search_tell(s, id, outcome(id), objective(&space, want[i], id));
    }
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    assert_memory_equal(x, want[TRIALS - 1], sizeof(x));
    search_free(s);
}

/* ---- no point twice ---- */

static void no_point_twice(void **state)
{
    (void)state;
    enum { TRIALS = 30 };
    struct space space = {0};
    double u[TRIALS][2], x[2];
    int id;
    add(&space, (struct dim){.max = 1});
    add(&space, (struct dim){.max = 1});
    /* the best is in a corner, which a noisy climb would propose for ever; the second half runs four at a time */
    struct search *s = open_bo(&space, 3, TRIALS);
    for (int i = 0; i < TRIALS; i++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        memcpy(u[i], x, sizeof(x));
        for (int k = 0; k < i; k++)
            assert_true(hypot(u[i][0] - u[k][0], u[i][1] - u[k][1]) >= 1e-3);
        int ended = i < TRIALS / 2 ? i : i - 3;
        if (ended < TRIALS / 2 - 3 || i >= TRIALS / 2)
            search_tell(s, ended, TELL_COMPLETE, u[ended][0] + u[ended][1] + 0.1 * sin(99.0 * ended));
    }
    search_free(s);
}

static void a_whole_space_runs_out(void **state)
{
    (void)state;
    struct space space = {0};
    bool seen[12] = {0};
    double x[3];
    int id, n = 0;
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 4});
    add(&space, (struct dim){.type = DIM_CATEGORY, .max = 2});
    add(&space, (struct dim){.min = 0.5, .max = 0.5});
    struct search *s = open_bo(&space, 3, 100);
    for (; search_ask(s, x, &id) == ASK_POINT; n++) {
        int at = (int)(x[0] - 1) * 3 + (int)x[1];
        assert_true(x[2] == 0.5 && at >= 0 && at < 12 && !seen[at]);
        seen[at] = true;
        search_tell(s, id, n == 6 ? TELL_LEFT_OUT : TELL_COMPLETE, objective(&space, x, id));
    }
    assert_int_equal(n, 12);
    assert_string_equal(search_stop_reason(s), "every point of the space has been tried");
    search_free(s);
}

/* ---- any history ---- */

static struct space random_space(struct rng *rng)
{
    struct space space = {0};
    int n = (int)rng_below(rng, 4) + (rng_below(rng, 8) == 0 ? 7 : 0);
    for (int j = 0; j < n; j++) {
        struct dim kinds[] = {{.min = -1e9, .max = 1e9},
                              {.log = true, .min = 1e-300, .max = 1e300},
                              {.type = DIM_INT, .min = 1, .max = 1000},
                              {.type = DIM_CATEGORY, .max = 3},
                              {.min = 2, .max = 2}};
        add(&space, kinds[rng_below(rng, ARRAY_LEN(kinds))]);
    }
    return space;
}

static double random_value(struct rng *rng, int kind)
{
    double values[] = {rng_uniform(rng),        0.5,    rng_below(rng, 2),
                       1e300 * rng_normal(rng), 1e-310, exp(100 * rng_normal(rng))};
    return values[kind];
}

/* HISTORIES=10000 for as many (`make check-histories`). */
static void no_history_stops_it(void **state)
{
    (void)state;
    const char *histories = getenv("HISTORIES");
    int n_histories = histories ? atoi(histories) : 150;
    struct rng rng;
    rng_seed(&rng, 11, 0);
    assert_true(n_histories > 0);
    for (int h = 0; h < n_histories; h++) {
        struct space space = random_space(&rng);
        struct search *s = open_bo(&space, (uint64_t)h, 1000);
        int n = (int)rng_below(&rng, 30), kind = (int)rng_below(&rng, 6), failing = (int)rng_below(&rng, 4);
        double x[SPACE_MAX] = {0}, best[SPACE_MAX], value;
        int id;
        for (int i = 0; i < n; i++) {
            /* every other point is the last one again */
            for (int j = 0; j < space.n && i % 2 == 0; j++)
                x[j] = space_value(&space.dims[j], rng_uniform(&rng));
            assert_true(search_enqueue(s, x, NULL));
            assert_int_equal(search_ask(s, x, &id), ASK_POINT);
            if (rng_below(&rng, 8) > 0)
                search_tell(s, id, (int)rng_below(&rng, 4) < failing ? TELL_FAILED : TELL_COMPLETE,
                            random_value(&rng, kind));
        }
        enum ask ask = search_ask(s, x, &id);
        assert_true(ask == ASK_POINT ? space_contains(&space, x) : ask == ASK_DONE && space_points(&space) < INT64_MAX);
        id = search_recommended(s, best, &value);
        assert_true(id == -1 || (isfinite(value) && space_contains(&space, best)));
        search_free(s);
    }
}

/* ---- the surrogate ---- */

struct history {
    double x[40 * 2], value[40];
    uint8_t state[40];
    struct trials trials;
    struct space space;
};

static void make_history(struct history *h, int n)
{
    struct rng rng;
    *h = (struct history){0};
    rng_seed(&rng, 4, 0);
    add(&h->space, (struct dim){.log = true, .min = 0.1, .max = 10});
    add(&h->space, (struct dim){.max = 2});
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 2; j++)
            h->x[2 * i + j] = space_value(&h->space.dims[j], rng_uniform(&rng));
        h->value[i] = 50 + 10 * objective(&h->space, h->x + 2 * i, i);
        h->state[i] = POINT_COMPLETE;
    }
    h->trials = (struct trials){.n = n, .x = h->x, .value = h->value, .state = h->state};
}

static struct surrogate *fit(const struct history *h)
{
    return surrogate_new(&h->space, &h->trials, &(struct surrogate_options){.seed = 1});
}

static void left_out_and_pending_do_not_move_the_mean(void **state)
{
    (void)state;
    struct history with, without;
    double x[2] = {1, 1}, m[2], s[2], a[2];
    make_history(&with, 20);
    make_history(&without, 18);
    with.state[18] = POINT_LEFT_OUT;
    with.value[18] = 1e6;
    with.state[19] = POINT_PENDING;
    with.value[19] = NAN;
    struct surrogate *p = fit(&with), *q = fit(&without);
    surrogate_predict(p, x, &m[0], &s[0]);
    surrogate_predict(q, x, &m[1], &s[1]);
    assert_true(m[0] == m[1] && s[0] == s[1]);
    /* but nobody needs to go where one is already */
    a[0] = surrogate_acquisition(p, with.x + 38);
    a[1] = surrogate_acquisition(q, with.x + 38);
    assert_true(a[0] < a[1] - 1);
    surrogate_free(p);
    surrogate_free(q);
}

/* Predicts in the objective's units; failed trials pull down where they are and leave the rest as it is. */
static void units_and_failures(void **state)
{
    (void)state;
    struct history h;
    double m, sigma, mean, worst;
    make_history(&h, 30);
    struct surrogate *s = fit(&h);
    for (int i = 0; i < 30; i++) {
        surrogate_predict(s, h.x + 2 * i, &m, &sigma);
        near(m, h.value[i], 1.5);
        assert_true(sigma > 0 && sigma < 2);
    }
    int best = surrogate_best(s, &mean);
    surrogate_predict(s, h.x + 2 * best, &m, &sigma);
    assert_true(m == mean);
    surrogate_free(s);
    h.state[best] = POINT_FAILED;
    s = fit(&h);
    surrogate_predict(s, h.x + 2 * best, &worst, &sigma);
    assert_true(worst < mean - 1);
    assert_int_not_equal(surrogate_best(s, &mean), best);
    surrogate_free(s);
    for (int i = 0; i < 30; i++)
        h.state[i] = POINT_FAILED;
    assert_null(fit(&h));
}

static void slices(void **state)
{
    (void)state;
    struct history h;
    float mean[12], sigma[12], acquisition[12], cut[5];
    double m, sd, at[2] = {1, 1.5};
    make_history(&h, 15);
    struct surrogate *s = fit(&h);
    surrogate_slice(s, &(struct surrogate_slice){.column_dim = 1,
                                                 .row_dim = 0,
                                                 .columns = 4,
                                                 .rows = 3,
                                                 .at = at,
                                                 .mean = mean,
                                                 .sigma = sigma,
                                                 .acquisition = acquisition});
    /* second row, third column: the middle of the log range 0.1..10 is 1; 5/8 of 0..2 is 1.25 */
    surrogate_predict(s, (double[]){1, 1.25}, &m, &sd);
    near(mean[6], m, 1e-4);
    near(sigma[6], sd, 1e-5);
    near(acquisition[6], surrogate_acquisition(s, (double[]){1, 1.25}), 1e-4);
    /* the top row is the high end */
    surrogate_predict(s, (double[]){pow(10, 2 * 5.0 / 6 - 1), 0.25}, &m, &sd);
    near(mean[0], m, 1e-4);
    surrogate_slice(s, &(struct surrogate_slice){.columns = 5, .rows = 1, .at = at, .mean = cut});
    surrogate_predict(s, (double[]){1, 1.5}, &m, &sd);
    near(cut[2], m, 1e-4);
    surrogate_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floor_by_hand),
        cmocka_unit_test(finds_the_ridge),
        cmocka_unit_test(begins_with_the_users_own),
        cmocka_unit_test(says_what_it_knew),
        cmocka_unit_test(finds_a_noise_free_maximum),
        cmocka_unit_test(recommends_no_luck),
        cmocka_unit_test(stopped_and_continued),
        cmocka_unit_test(no_point_twice),
        cmocka_unit_test(a_whole_space_runs_out),
        cmocka_unit_test(no_history_stops_it),
        cmocka_unit_test(left_out_and_pending_do_not_move_the_mean),
        cmocka_unit_test(units_and_failures),
        cmocka_unit_test(slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
