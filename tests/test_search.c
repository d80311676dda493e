/* Ask/tell: Algorithm 2 against histories worked by hand, replay, enqueued points, spaces that run out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/search.h"

static const enum strategy sampled[] = {STRATEGY_RANDOM, STRATEGY_SOBOL};

static void add(struct space *space, struct dim d)
{
    d.name[0] = (char)('a' + space->n);
    assert_true(space_add(space, &d, NULL));
}

/* The paper's two settings. */
static struct space kd_space(void)
{
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_FLOAT, .log = true, .min = 0.1, .max = 100, .count = 4});
    add(&space, (struct dim){.type = DIM_FLOAT, .log = true, .min = 1e-3, .max = 1, .count = 4});
    return space;
}

/* 3 x 2 = 6 points, and a fixed float. */
static struct space small_space(void)
{
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_INT, .min = 1, .max = 3});
    add(&space, (struct dim){.type = DIM_FLOAT, .min = 0.5, .max = 0.5});
    add(&space, (struct dim){.type = DIM_CATEGORY, .min = 0, .max = 1});
    return space;
}

static struct search *make(const struct space *space, enum strategy strategy, uint64_t seed, int max_trials, int limit)
{
    struct search_options o = {
        .strategy = strategy, .seed = seed, .max_trials = max_trials, .limit_max_accuracy_count = limit};
    struct err err = {0};
    struct search *s = search_new(space, &o, &err);
    assert_non_null(s);
    assert_int_equal(err.code, ERR_OK);
    return s;
}

/* ---- the stop rule ---- */

/* Each letter is a trial: a digit is accuracy 0.1 * digit, 'f' failed, 'n' a NaN told as complete, 'l' left out.
 * RUN is how many of them the rule lets run. Worked by hand from Algorithm 2. */
static void algorithm_2_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *history;
        int max_trials, limit, run;
        const char *reason;
    } cases[] = {
        /* count: 0 0 0 0 0: only max_trials ends it, exactly */
        {"123456789", 5, 2, 5, "max_trials 5 reached"},
        {"123456789", 1, 2, 1, "max_trials 1 reached"},
        {"123456789", 0, 2, 0, "max_trials 0 reached"},
        /* 0 1 2 3: stops once 3 > 2 */
        {"55555555", 9, 2, 4, "3 trials without improvement, limit_max_accuracy_count 2 exceeded"},
        /* 0 1 1 2: equal is no improvement and the count survives the improvement to 6 */
        {"55666", 9, 1, 4, "2 trials without improvement, limit_max_accuracy_count 1 exceeded"},
        /* 0 1 1 2 2 2 2, and 0 1 1 2 3: the second 5 is only equal */
        {"4354678", 9, 2, 7, NULL},
        {"4354578", 9, 2, 5, "3 trials without improvement, limit_max_accuracy_count 2 exceeded"},
        /* worse than the best but better than the last is no improvement: 0 1 2 */
        {"9123", 9, 1, 3, "2 trials without improvement, limit_max_accuracy_count 1 exceeded"},
        /* failed ones count, also before the first success; left-out ones do not: 1 1 1 2 3 */
        {"f5lff9", 9, 2, 5, "3 trials without improvement, limit_max_accuracy_count 2 exceeded"},
        {"nnn9", 9, 2, 3, "3 trials without improvement, limit_max_accuracy_count 2 exceeded"},
        /* a first accuracy of 0 is the best so far: 0 1 1 */
        {"001", 9, 1, 3, NULL},
        /* left-out trials are trials */
        {"lllll", 3, 1, 3, "max_trials 3 reached"},
        /* off */
        {"9876543210", 10, 0, 10, "max_trials 10 reached"},
        /* both at once: 0 1 2 */
        {"555", 3, 1, 3, "2 trials without improvement, limit_max_accuracy_count 1 exceeded"},
    };
    struct space space = kd_space();
    for (size_t c = 0; c < ARRAY_LEN(cases); c++)
        for (size_t k = 0; k < ARRAY_LEN(sampled); k++) {
            struct search *s = make(&space, sampled[k], 1, cases[c].max_trials, cases[c].limit);
            double x[SPACE_MAX];
            int id, run = 0;
            for (const char *h = cases[c].history; *h != '\0' && search_ask(s, x, &id) == ASK_POINT; h++) {
                assert_int_equal(id, run++);
                assert_string_equal(search_stop_reason(s), "");
                search_tell(s, id,
                            *h == 'f'   ? TELL_FAILED
                            : *h == 'l' ? TELL_LEFT_OUT
                                        : TELL_COMPLETE,
                            *h == 'n' ? NAN : 0.1 * (*h - '0'));
            }
            assert_int_equal(run, cases[c].run);
            if (cases[c].reason != NULL) {
                assert_int_equal(search_ask(s, x, &id), ASK_DONE);
                assert_string_equal(search_stop_reason(s), cases[c].reason);
            } else {
                assert_int_equal(search_ask(s, x, &id), ASK_POINT);
            }
            search_free(s);
        }
}

static void grid_knows_no_limits(void **state)
{
    (void)state;
    struct space space = kd_space();
    struct search *s = make(&space, STRATEGY_GRID, 1, 3, 1);
    double x[2];
    int id;
    assert_int_equal(search_planned(s), 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_int_equal(id, i);
        assert_true(fabs(x[0] / (0.1 * pow(10, i / 4)) - 1) < 1e-12);
        assert_true(fabs(x[1] / (0.001 * pow(10, i % 4)) - 1) < 1e-12);
        search_tell(s, id, TELL_FAILED, 0);
    }
    assert_int_equal(search_ask(s, x, &id), ASK_DONE);
    assert_string_equal(search_stop_reason(s), "grid complete");
    assert_int_equal(search_planned(s), 16);

    /* a point by hand is run even then, and reopens nothing */
    assert_true(search_enqueue(s, (double[]){1, 0.5}, NULL));
    assert_int_equal(search_planned(s), 17);
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    assert_true(id == 16 && x[0] == 1 && x[1] == 0.5);
    assert_int_equal(search_ask(s, x, &id), ASK_DONE);
    assert_int_equal(search_planned(s), 17);
    search_free(s);
}

/* ---- what cannot be searched ---- */

static void names_and_refusals(void **state)
{
    (void)state;
    struct space space = kd_space();
    struct err err = {0};
    assert_string_equal(strategy_name(STRATEGY_GRID), "grid");
    assert_string_equal(strategy_name(STRATEGY_RANDOM), "random");
    assert_string_equal(strategy_name(STRATEGY_SOBOL), "sobol");
    assert_string_equal(strategy_name(STRATEGY_BO), "bo");

    space.dims[1].count = 0;
    err = (struct err){0};
    assert_null(search_new(&space, &(struct search_options){.strategy = STRATEGY_GRID}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "search.b = log 0.001 1"));
    search_free(NULL);
}

static void empty_space_is_one_point(void **state)
{
    (void)state;
    static const enum strategy all[] = {STRATEGY_GRID, STRATEGY_RANDOM, STRATEGY_SOBOL};
    struct space space = {0};
    for (size_t k = 0; k < ARRAY_LEN(all); k++) {
        struct search *s = make(&space, all[k], 1, 25, 0);
        double x[1] = {7}, value = 0;
        int id = -1;
        assert_int_equal(search_planned(s), 1);
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_int_equal(id, 0);
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        search_tell(s, 0, TELL_COMPLETE, 0.5);
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        assert_true(strlen(search_stop_reason(s)) > 0);
        assert_int_equal(search_best(s, x, &value), 0);
        assert_true(value == 0.5 && x[0] == 7);
        search_free(s);
    }
}

/* ---- whole-numbered spaces run out ---- */

static void every_point_once_then_done(void **state)
{
    (void)state;
    struct space space = small_space();
    for (size_t k = 0; k < ARRAY_LEN(sampled); k++)
        for (uint64_t seed = 0; seed < 50; seed++) {
            struct search *s = make(&space, sampled[k], seed, 25, 0);
            double x[3];
            int id, hit[6] = {0};
            assert_int_equal(search_planned(s), 6);
            /* by hand, twice: a replicate that was asked for is run, and not proposed again */
            assert_true(search_enqueue(s, (double[]){2, 0.5, 1}, NULL));
            assert_true(search_enqueue(s, (double[]){2, 0.5, 1}, NULL));
            assert_int_equal(search_planned(s), 7);
            for (int i = 0; i < 7; i++) {
                assert_int_equal(search_ask(s, x, &id), ASK_POINT);
                assert_true(space_contains(&space, x));
                hit[(int)(2 * (x[0] - 1) + x[2])]++;
            }
            for (int c = 0; c < 6; c++)
                assert_int_equal(hit[c], c == 3 ? 2 : 1);
            assert_int_equal(search_ask(s, x, &id), ASK_DONE);
            assert_string_equal(search_stop_reason(s), "every point of the space has been tried");
            assert_int_equal(search_planned(s), 7);
            search_free(s);
        }
}

/* A space whose last points have tiny cells (and one far too large to enumerate): no point twice. */
static void refuses_duplicates_in_uneven_cells(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(sampled); k++) {
        struct space space = {0};
        add(&space, (struct dim){.type = DIM_INT, .log = true, .min = 1, .max = 60});
        add(&space, (struct dim){.type = DIM_INT, .log = true, .min = 1, .max = 60});
        struct search *s = make(&space, sampled[k], 3, 100000, 0);
        static bool hit[61][61];
        memset(hit, 0, sizeof(hit));
        double x[SPACE_MAX];
        int id;
        for (int i = 0; i < 3600; i++) {
            assert_int_equal(search_ask(s, x, &id), ASK_POINT);
            assert_false(hit[(int)x[0]][(int)x[1]]);
            hit[(int)x[0]][(int)x[1]] = true;
        }
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        search_free(s);

        space.n = 0;
        add(&space, (struct dim){.type = DIM_INT, .log = true, .min = 1, .max = 1e15});
        add(&space, (struct dim){.type = DIM_INT, .log = true, .min = 1, .max = 1e15});
        s = make(&space, sampled[k], 3, 2000, 0);
        double(*seen)[2] = calloc(2000, sizeof(*seen));
        for (int i = 0; i < 2000; i++) {
            assert_int_equal(search_ask(s, seen[i], &id), ASK_POINT);
            for (int j = 0; j < i; j++)
                assert_false(seen[i][0] == seen[j][0] && seen[i][1] == seen[j][1]);
        }
        assert_int_equal(search_planned(s), 2000);
        free(seen);
        search_free(s);
    }
}

static void one_value_is_one_trial(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(sampled); k++) {
        struct space space = {0};
        add(&space, (struct dim){.type = DIM_FLOAT, .log = true, .min = 0.3, .max = 0.3});
        struct search *s = make(&space, sampled[k], 0, 25, 0);
        double x;
        int id;
        assert_int_equal(search_ask(s, &x, &id), ASK_POINT);
        assert_true(x == 0.3);
        assert_int_equal(search_ask(s, &x, &id), ASK_DONE);
        search_free(s);
    }
}

/* ---- points ---- */

/* The shift differs with the seed (0 as well) but the net stays: 16 points, one in each sixteenth of either range. */
static void sobol_is_shifted_and_even(void **state)
{
    (void)state;
    struct space space = kd_space();
    double first[3] = {0};
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct search *s = make(&space, STRATEGY_SOBOL, seed, 16, 0);
        int hit[2][16] = {{0}};
        for (int i = 0; i < 16; i++) {
            double x[2];
            int id;
            assert_int_equal(search_ask(s, x, &id), ASK_POINT);
            for (int j = 0; j < 2; j++)
                hit[j][(int)(space_unit(&space.dims[j], x[j]) * 16)]++;
            if (i == 0)
                first[seed] = x[0];
        }
        for (int c = 0; c < 16; c++)
            assert_true(hit[0][c] == 1 && hit[1][c] == 1);
        search_free(s);
    }
    assert_true(first[0] != 0.1 && first[0] != first[1] && first[1] != first[2]);
}

static void best_is_the_first_of_equals(void **state)
{
    (void)state;
    struct space space = kd_space();
    struct search *s = make(&space, STRATEGY_RANDOM, 1, 25, 0);
    double x[6][2], best[2], value;
    int id;
    for (int i = 0; i < 6; i++)
        assert_int_equal(search_ask(s, x[i], &id), ASK_POINT);
    assert_int_equal(search_best(s, best, &value), -1);
    search_tell(s, 0, TELL_FAILED, 0.99);
    search_tell(s, 5, TELL_LEFT_OUT, 0.98);
    search_tell(s, 4, TELL_COMPLETE, INFINITY);
    assert_int_equal(search_best(s, best, &value), -1);
    search_tell(s, 3, TELL_COMPLETE, 0.7);
    search_tell(s, 2, TELL_COMPLETE, 0.7);
    assert_int_equal(search_best(s, best, &value), 2); /* asked for before it, though told after it */
    search_tell(s, 1, TELL_COMPLETE, 0.8);
    assert_int_equal(search_best(s, best, &value), 1);
    assert_true(value == 0.8);
    assert_memory_equal(best, x[1], sizeof(best));
    search_free(s);
}

static void enqueued_points_go_first_in_order(void **state)
{
    (void)state;
    struct space space = kd_space();
    for (size_t k = 0; k < ARRAY_LEN(sampled); k++) {
        struct search *s = make(&space, sampled[k], 1, 4, 0), *bare = make(&space, sampled[k], 1, 4, 0);
        double x[2], y[2];
        int id;
        assert_true(search_enqueue(s, (double[]){1, 0.5}, NULL));
        assert_true(search_enqueue(s, (double[]){2, 0.5}, NULL));
        assert_int_equal(search_planned(s), 4);
        assert_true(search_ask(s, x, &id) == ASK_POINT && id == 0 && x[0] == 1);
        assert_true(search_ask(s, x, &id) == ASK_POINT && id == 1 && x[0] == 2);
        /* they take trials away, but the strategy's own sequence begins where it would have */
        assert_true(search_ask(s, x, &id) == ASK_POINT && id == 2);
        assert_true(search_ask(bare, y, &id) == ASK_POINT);
        assert_memory_equal(x, y, sizeof(x));
        assert_true(search_enqueue(s, (double[]){3, 0.5}, NULL));
        assert_true(search_enqueue(s, (double[]){4, 0.5}, NULL));
        assert_true(search_ask(s, x, &id) == ASK_POINT && id == 3 && x[0] == 3);
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        assert_int_equal(search_planned(s), 4);
        search_free(s);
        search_free(bare);
    }
}

static void refuses_points_outside(void **state)
{
    (void)state;
    struct space space = small_space();
    struct search *s = make(&space, STRATEGY_RANDOM, 1, 25, 0);
    struct err err = {0};
    assert_false(search_enqueue(s, (double[]){4, 0.5, 0}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, "a = 4: allowed are whole numbers from 1 to 3");
    assert_false(search_enqueue(s, (double[]){1, 0.6, 0}, &err));
    assert_string_equal(err.msg, "b = 0.6: allowed are values from 0.5 to 0.5");
    assert_false(search_enqueue(s, (double[]){1, 0.5, 0.5}, &err));
    assert_string_equal(err.msg, "c = 0.5: allowed are whole numbers from 0 to 1");
    assert_int_equal(search_planned(s), 6);
    search_free(s);
}

/* A million points by hand, enqueued and asked for; quadratic work would take hours. */
static void a_million_enqueued_points(void **state)
{
    (void)state;
    enum { N = 1000000 };
    struct space space = {0};
    add(&space, (struct dim){.type = DIM_INT, .min = 0, .max = N});
    struct search *s = make(&space, STRATEGY_SOBOL, 1, INT32_MAX, 0);
    for (int i = 0; i < N; i++)
        assert_true(search_enqueue(s, &(double){N - i}, NULL));
    double x;
    int id;
    for (int i = 0; i < N; i++)
        if (search_ask(s, &x, &id) != ASK_POINT || id != i || x != N - i)
            fail();
    /* the one value left */
    assert_int_equal(search_ask(s, &x, &id), ASK_POINT);
    assert_true(x == 0);
    assert_int_equal(search_ask(s, &x, &id), ASK_DONE);
    search_free(s);
}

/* ---- replay ---- */

struct event {
    enum { EVENT_ASK, EVENT_TELL, EVENT_ENQUEUE } kind;
    int id;
    enum ask ask;
    enum tell tell;
    double value, x[3];
};

/* A run of asks, tells in any order, failures and enqueued points, drawn from SEED and written to EVENTS. */
static int record(struct search *s, const struct space *space, uint64_t seed, struct event *events, int max)
{
    struct rng rng;
    rng_seed(&rng, seed, 99);
    int pending[64], n_pending = 0, n = 0;
    while (n < max) {
        struct event *e = &events[n++];
        *e = (struct event){0};
        uint32_t dice = rng_below(&rng, 10);
        if (dice < 2) {
            e->kind = EVENT_ENQUEUE;
            for (int j = 0; j < space->n; j++)
                e->x[j] = space_value(&space->dims[j], rng_uniform(&rng));
            assert_true(search_enqueue(s, e->x, NULL));
        } else if (dice < 6 && n_pending > 0) {
            uint32_t k = rng_below(&rng, (uint32_t)n_pending);
            e->kind = EVENT_TELL;
            e->id = pending[k];
            e->tell = (enum tell)rng_below(&rng, 3);
            e->value = rng_uniform(&rng);
            pending[k] = pending[--n_pending];
            search_tell(s, e->id, e->tell, e->value);
        } else if (n_pending < 64) {
            e->kind = EVENT_ASK;
            e->ask = search_ask(s, e->x, &e->id);
            if (e->ask == ASK_POINT)
                pending[n_pending++] = e->id;
        } else {
            n--;
        }
    }
    return n;
}

static void replay(struct search *s, const struct event *events, int n, int dim)
{
    for (int i = 0; i < n; i++) {
        const struct event *e = &events[i];
        double x[3] = {0};
        int id = 0;
        switch (e->kind) {
        case EVENT_ENQUEUE: assert_true(search_enqueue(s, e->x, NULL)); break;
        case EVENT_TELL: search_tell(s, e->id, e->tell, e->value); break;
        case EVENT_ASK:
            assert_int_equal(search_ask(s, x, &id), e->ask);
            assert_int_equal(id, e->id);
            assert_memory_equal(x, e->x, (size_t)dim * sizeof(double));
            break;
        }
    }
}

static void replay_makes_the_same_proposals(void **state)
{
    (void)state;
    static const enum strategy all[] = {STRATEGY_GRID, STRATEGY_RANDOM, STRATEGY_SOBOL, STRATEGY_BO};
    struct space spaces[] = {kd_space(), small_space()};
    for (size_t p = 0; p < ARRAY_LEN(spaces); p++)
        for (size_t k = 0; k < ARRAY_LEN(all); k++)
            for (uint64_t seed = 1; seed <= (all[k] == STRATEGY_BO ? 2 : 10); seed++) {
                struct event events[120];
                int limit = seed % 2 == 0 ? 12 : 0;
                struct search *s = make(&spaces[p], all[k], seed, 40, limit);
                int n = record(s, &spaces[p], seed, events, 120);
                struct search *again = make(&spaces[p], all[k], seed, 40, limit);
                replay(again, events, n, spaces[p].n);
                double x[3], y[3], a = 0, b = 0;
                assert_int_equal(search_best(s, x, &a), search_best(again, y, &b));
                assert_true(a == b);
                assert_int_equal(search_planned(s), search_planned(again));
                assert_string_equal(search_stop_reason(s), search_stop_reason(again));
                search_free(s);
                search_free(again);
            }
}

/* What asks propose must not hang on when, or whether, results come (grid, random and Sobol do not look at them). */
static void results_do_not_move_the_points(void **state)
{
    (void)state;
    struct space space = kd_space();
    for (size_t k = 0; k < ARRAY_LEN(sampled); k++) {
        struct search *told = make(&space, sampled[k], 5, 20, 0), *batch = make(&space, sampled[k], 5, 20, 0);
        struct search *other = make(&space, sampled[k], 6, 20, 0);
        for (int i = 0; i < 20; i++) {
            double x[2], y[2], z[2];
            int id;
            assert_int_equal(search_ask(told, x, &id), ASK_POINT);
            search_tell(told, id, i % 3 == 0 ? TELL_FAILED : TELL_COMPLETE, 0.5);
            assert_int_equal(search_ask(batch, y, &id), ASK_POINT);
            assert_int_equal(search_ask(other, z, &id), ASK_POINT);
            assert_memory_equal(x, y, sizeof(x));
            assert_memory_not_equal(x, z, sizeof(x));
        }
        search_free(told);
        search_free(batch);
        search_free(other);
    }
}

/* ---- stopped trials ---- */

static double bump(const double *x)
{
    double a = log10(x[0]) - 0.5, b = log10(x[1]) + 1.5;
    return 0.7 - 0.05 * a * a - 0.05 * b * b;
}

/* Five trials; the last is told as predicted with MEAN and SIGMA. */
static struct search *with_predicted(double mean, double sigma)
{
    struct space space = kd_space();
    struct search *s = make(&space, STRATEGY_BO, 3, 40, 0);
    double x[2];
    int id;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        if (i < 4)
            search_tell(s, id, TELL_COMPLETE, bump(x));
        else
            search_tell_predicted(s, id, mean, sigma);
    }
    return s;
}

static void a_predicted_trial_informs_and_is_not_recommended(void **state)
{
    (void)state;
    struct search *high = with_predicted(0.9, 0.001), *low = with_predicted(0.2, 0.001),
                  *vague = with_predicted(0.9, 1e3);
    double x[2], y[2], value;
    int id, other;
    assert_true(search_best(high, x, &value) < 4 && search_recommended(high, x, &value) < 4);
    assert_int_equal(search_promising(high), 4);
    assert_int_equal(search_promising(low), -1);
    assert_int_equal(search_promising(vague), -1); /* so unsure that it says nothing */
    assert_int_equal(search_ask(high, x, &id), ASK_POINT);
    assert_int_equal(search_ask(low, y, &other), ASK_POINT);
    assert_true(x[0] != y[0] || x[1] != y[1]);
    search_free(high);
    search_free(low);
    search_free(vague);
    /* a prediction that is no number is a failure; without a complete trial the best prediction is to be gone on with */
    struct space space = kd_space();
    struct search *s = make(&space, STRATEGY_SOBOL, 3, 3, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        search_tell_predicted(s, id, i == 0 ? NAN : 0.1 * i, 0.1);
    }
    assert_int_equal(search_best(s, x, &value), -1);
    assert_int_equal(search_recommended(s, x, &value), -1);
    assert_int_equal(search_promising(s), 2);
    search_free(s);
}

static void a_thawed_trial_counts_as_it_ended(void **state)
{
    (void)state;
    struct space space = kd_space();
    struct search *s = make(&space, STRATEGY_SOBOL, 3, 20, 2);
    double x[2], value;
    int id;
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    search_tell(s, id, TELL_COMPLETE, 0.5);
    for (int i = 0; i < 2; i++) { /* no improvements: 2, not more than the limit */
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        search_tell_predicted(s, id, 0.6 + 0.1 * i, 0.1);
    }
    assert_int_equal(search_promising(s), 2);
    search_tell_again(s, 2, TELL_COMPLETE, 0.4); /* no third one: it was counted */
    assert_int_equal(search_promising(s), 1);
    search_tell_again(s, 1, TELL_COMPLETE, 0.8);
    assert_int_equal(search_promising(s), -1);
    assert_int_equal(search_best(s, x, &value), 1);
    assert_true(value == 0.8);
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    search_tell_predicted(s, id, 0.1, 0.1);
    assert_int_equal(search_ask(s, x, &id), ASK_DONE); /* 3 without improvement */
    search_free(s);
}

static void bo_stops_where_little_is_to_be_gained(void **state)
{
    (void)state;
    struct space space = kd_space();
    int trials[3];
    static const double least[3] = {0, 0.002, 1};
    for (int k = 0; k < 3; k++) {
        struct search_options o = {.strategy = STRATEGY_BO, .seed = 3, .max_trials = 25, .stop_improvement = least[k]};
        struct search *s = search_new(&space, &o, NULL);
        double x[2];
        int id = -1;
        while (search_ask(s, x, &id) == ASK_POINT)
            search_tell(s, id, TELL_COMPLETE, bump(x));
        trials[k] = id + 1;
        assert_true((strstr(search_stop_reason(s), "stop_improvement") != NULL) == (k > 0));
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        search_free(s);
    }
    assert_int_equal(trials[0], 25);
    assert_true(trials[1] > 5 && trials[1] < 25);
    assert_int_equal(trials[2], 5); /* the Sobol points come first, whatever is expected */
    struct search *s = make(&space, STRATEGY_SOBOL, 3, 25, 0);
    double x[2];
    int id;
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    search_stop(s, "time is up");
    assert_int_equal(search_ask(s, x, &id), ASK_DONE);
    assert_string_equal(search_stop_reason(s), "time is up");
    search_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithm_2_by_hand),
        cmocka_unit_test(grid_knows_no_limits),
        cmocka_unit_test(names_and_refusals),
        cmocka_unit_test(empty_space_is_one_point),
        cmocka_unit_test(every_point_once_then_done),
        cmocka_unit_test(refuses_duplicates_in_uneven_cells),
        cmocka_unit_test(one_value_is_one_trial),
        cmocka_unit_test(sobol_is_shifted_and_even),
        cmocka_unit_test(best_is_the_first_of_equals),
        cmocka_unit_test(enqueued_points_go_first_in_order),
        cmocka_unit_test(refuses_points_outside),
        cmocka_unit_test(a_million_enqueued_points),
        cmocka_unit_test(replay_makes_the_same_proposals),
        cmocka_unit_test(results_do_not_move_the_points),
        cmocka_unit_test(a_predicted_trial_informs_and_is_not_recommended),
        cmocka_unit_test(a_thawed_trial_counts_as_it_ended),
        cmocka_unit_test(bo_stops_where_little_is_to_be_gained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
