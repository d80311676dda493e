/* The journal of a search: taken up as recorded, with ranges that were edited since, and with trials from elsewhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/history.h"
#include "../src/search/grid.h"
#include "../src/search/search.h"
#include "../src/search/surrogate.h"
#include "lab_fixture.h"
#include "scratch.h"

#define P(...) lab_params("method=none", "finetune_steps=2", __VA_ARGS__ __VA_OPT__(, ) NULL)
#define WIDE "search.finetune_lr=log 0.001 0.1"
#define NARROW "search.finetune_lr=log 0.02 0.1"

/* ---- ask/tell ---- */

static struct space one_float(double min, double max)
{
    struct space space = {0};
    struct dim d = {.name = "a", .min = min, .max = max, .count = 5};
    assert_true(space_add(&space, &d, NULL));
    return space;
}

static struct search *make(const struct space *space, enum strategy strategy, int max_trials)
{
    struct search_options o = {.strategy = strategy, .seed = 3, .max_trials = max_trials};
    struct search *s = search_new(space, &o, NULL);
    assert_non_null(s);
    return s;
}

static double objective(double x)
{
    return 1 - (x - 0.3) * (x - 0.3);
}

/* Every strategy, in a continuous space and in one of whole numbers: recorded asks leave it where asks would have. */
static void recorded_asks_are_as_good_as_asks(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++)
        for (int strategy = STRATEGY_GRID; strategy <= STRATEGY_BO; strategy++) {
            struct space space = one_float(0, 1);
            if (whole)
                space.dims[0] = (struct dim){.name = "a", .type = DIM_INT, .min = 0, .max = 14, .count = 15};
            struct search *all = make(&space, (enum strategy)strategy, 14);
            double x[SPACE_MAX], again[SPACE_MAX], points[14];
            int id, n = 0;
            for (; search_ask(all, x, &id) == ASK_POINT; n++) {
                points[n] = x[0];
                search_tell(all, id, TELL_COMPLETE, objective(x[0] / (whole ? 14 : 1)));
            }
            for (int cut = 1; cut < n; cut += 4) {
                struct search *s = make(&space, (enum strategy)strategy, 14);
                for (int i = 0; i < cut; i++) {
                    assert_int_equal(search_ask_recorded(s, &points[i], &id), ASK_POINT);
                    assert_int_equal(id, i);
                    search_tell(s, id, TELL_COMPLETE, objective(points[i] / (whole ? 14 : 1)));
                }
                for (int i = cut; i < n; i++) {
                    assert_int_equal(search_ask(s, again, &id), ASK_POINT);
                    if (again[0] != points[i])
                        fail_msg("%s, cut at %d: point %d is %.17g, not %.17g", strategy_name((enum strategy)strategy),
                                 cut, i, again[0], points[i]);
                    search_tell(s, id, TELL_COMPLETE, objective(again[0] / (whole ? 14 : 1)));
                }
                assert_int_equal(search_planned(s), search_planned(all));
                search_free(s);
            }
            search_free(all);
        }
}

static void points_outside_inform_and_are_not_recommended(void **state)
{
    (void)state;
    for (int strategy = STRATEGY_GRID; strategy <= STRATEGY_BO; strategy++) {
        struct space space = one_float(0.5, 1); /* the maximum is at 0.3 */
        struct search *s = make(&space, (enum strategy)strategy, 12);
        double x[SPACE_MAX], value;
        int id, asked = 0, low = 0;
        for (int i = 0; i < 6; i++) {
            double old = i / 10.0 - 0.02;
            assert_int_equal(search_ask_recorded(s, &old, &id), ASK_POINT);
            search_tell(s, id, TELL_COMPLETE, objective(old));
        }
        assert_int_equal(search_recommended(s, x, &value), -1);
        for (; search_ask(s, x, &id) == ASK_POINT; asked++) {
            assert_true(x[0] >= 0.5 && x[0] <= 1);
            search_tell(s, id, TELL_COMPLETE, objective(x[0]));
            low += strategy == STRATEGY_BO && x[0] < 0.51;
        }
        if (strategy == STRATEGY_BO && low < 1) /* the trials outside say that the best is at the low end */
            fail_msg("no proposal at the low end");
        assert_int_equal(asked, strategy == STRATEGY_GRID ? 5 : 6);
        id = search_recommended(s, x, &value);
        assert_true(id >= 6 && x[0] >= 0.5 && x[0] < 0.6);
        search_free(s);
    }
}

static void an_edited_grid_runs_what_is_new(void **state)
{
    (void)state;
    struct space space = one_float(0, 1), wider = one_float(0, 2); /* 0 .25 .5 .75 1; 0 .5 1 1.5 2 */
    struct search *s = make(&wider, STRATEGY_GRID, 1);
    static const double left[] = {1.5, 2};
    double x[SPACE_MAX];
    int id;
    for (int i = 0; i < 5; i++) {
        grid_point(&space, i, x);
        search_ask_recorded(s, x, &id);
        search_tell(s, id, TELL_COMPLETE, 0.5);
    }
    assert_int_equal(search_planned(s), 7);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_true(x[0] == left[i]);
    }
    assert_int_equal(search_ask(s, x, &id), ASK_DONE);
    search_free(s);
}

/* Narrowed to three values of which two were tried: one is left, whatever else was tried outside. */
static void narrowed_whole_numbers_run_out(void **state)
{
    (void)state;
    static const enum strategy strategies[] = {STRATEGY_RANDOM, STRATEGY_SOBOL, STRATEGY_BO};
    for (size_t k = 0; k < ARRAY_LEN(strategies); k++) {
        struct space space = {0};
        struct dim d = {.name = "a", .type = DIM_INT, .min = 4, .max = 6};
        static const double old[] = {1, 2, 4, 9, 6, 12, 7, 8};
        double x[SPACE_MAX];
        int id;
        space_add(&space, &d, NULL);
        struct search *s = make(&space, strategies[k], 100);
        for (size_t i = 0; i < ARRAY_LEN(old); i++) {
            assert_int_equal(search_ask_recorded(s, &old[i], &id), ASK_POINT);
            search_tell(s, id, TELL_COMPLETE, old[i] / 20);
        }
        assert_int_equal(search_ask(s, x, &id), ASK_POINT);
        assert_true(x[0] == 5);
        search_tell(s, id, TELL_COMPLETE, 0.3);
        assert_int_equal(search_ask(s, x, &id), ASK_DONE);
        search_free(s);
    }
}

static void known_points_inform_without_counting(void **state)
{
    (void)state;
    struct space space = one_float(0, 1);
    struct search *s = make(&space, STRATEGY_BO, 2);
    double x[SPACE_MAX], value;
    int id;
    for (int i = 0; i <= 8; i++) {
        x[0] = i / 8.0;
        search_add_known(s, x, objective(x[0]), 0);
    }
    assert_int_equal(search_planned(s), 2);
    assert_int_equal(search_best(s, x, &value), -1);
    assert_true(search_enqueue(s, (double[]){0.9}, NULL)); /* behind the known ones, and asked for first */
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    assert_true(id == 0 && x[0] == 0.9);
    search_tell(s, id, TELL_COMPLETE, objective(0.9));
    assert_int_equal(search_ask(s, x, &id), ASK_POINT);
    assert_true(id == 1 && fabs(x[0] - 0.3) < 0.1);
    search_tell(s, id, TELL_COMPLETE, objective(x[0]));
    assert_int_equal(search_ask(s, x, &id), ASK_DONE);
    assert_int_equal(search_recommended(s, x, &value), 1); /* of its own trials, the one near the maximum */
    search_free(s);
}

/* The process sees a trial outside where it was: at a lower edge, the slope beyond it is known. */
static void the_surrogate_has_places_beyond_the_cube(void **state)
{
    (void)state;
    struct space space = {0};
    struct dim a = {.name = "a", .log = true, .min = 0.1, .max = 1}, b = {.name = "b", .min = 2, .max = 2};
    space_add(&space, &a, NULL);
    space_add(&space, &b, NULL);
    double x[] = {0.01, 2, 0.1, 2, 1, 2, 0.5, 3, -1, 2}, value[] = {0.1, 0.5, 0.9, 100, 100}, mean, sigma;
    uint8_t s[] = {POINT_COMPLETE, POINT_COMPLETE, POINT_COMPLETE, POINT_COMPLETE, POINT_COMPLETE};
    struct trials trials = {
        .n = 5, .x = x, .value = value, .state = s}; /* the last two have no place: another b, and no logarithm */
    struct surrogate *sur = surrogate_new(&space, &trials, &(struct surrogate_options){.noise_free = true});
    assert_non_null(sur);
    for (int i = 0; i < 3; i++) {
        surrogate_predict(sur, x + 2 * i, &mean, &sigma);
        if (fabs(mean - value[i]) > 0.05)
            fail_msg("at %g: %g, expected %g", x[2 * i], mean, value[i]);
    }
    assert_int_equal(surrogate_best(sur, &mean), 2);
    surrogate_free(sur);
    assert_true(fabs(space_coordinate(&a, 0.01) + 1) < 1e-12 && fabs(space_coordinate(&a, 10) - 2) < 1e-12);
    assert_true(isnan(space_coordinate(&a, 0)) && isnan(space_coordinate(&b, 3)) && space_coordinate(&a, 0.1) == 0);
}

/* ---- whole studies ---- */

static void complete(const struct lab_state *s)
{
    if (strcmp(s->state, "complete") != 0)
        fail_msg("%s: %s", s->state, s->message);
}

static void an_edited_range_keeps_the_study(void **state)
{
    (void)state;
    static const char *const strategies[] = {"search=bo", "search=random"};
    for (int k = 0; k < 2; k++) {
        const char *name = k == 0 ? "edited-bo" : "edited-random";
        struct params p = P(strategies[k], WIDE, "max_trials=6");
        struct trial_row *before, *after;
        struct event_row e;
        struct lab_state s = lab_whole(name, &p);
        complete(&s);
        assert_int_equal(lab_rows(name, &before), 6);
        p = P(strategies[k], NARROW, "max_trials=9");
        s = lab_whole(name, &p);
        complete(&s);
        assert_int_equal(lab_rows(name, &after), 9);
        int outside = 0;
        for (int i = 0; i < 9; i++) {
            double lr = after[i].param_value[0];
            if (i < 6)
                assert_true(lr == before[i].param_value[0] && after[i].val_accuracy == before[i].val_accuracy);
            else
                assert_true(lr >= 0.02 && lr <= 0.1);
            outside += lr < 0.02;
            assert_int_equal(after[i].state, TRIAL_COMPLETE);
        }
        assert_true(outside > 0);
        assert_true(after[s.best_trial - 1].param_value[0] >= 0.02);
        assert_int_equal(lab_events(name, "range", &e), 1);
        assert_string_equal(e.key, "finetune_lr");
        assert_string_equal(e.text, "search.finetune_lr: log 0.001 0.1 -> log 0.02 0.1");
        s = lab_whole(name, &p); /* nothing new, nothing said */
        complete(&s);
        assert_int_equal(lab_events(name, "range", NULL), 1);
        free(before);
        free(after);
    }
}

/* Trials of the one strategy inform the other, a grid then runs all of its points that were not tried, and each change is
 * said once. */
static void a_strategy_may_be_switched(void **state)
{
    (void)state;
    struct trial_row *rows, *after;
    struct event_row e;
    struct params p = P("search=random", "search.finetune_lr=log 0.001 0.1 3", "max_trials=4");
    struct lab_state s = lab_whole("switched", &p);
    complete(&s);
    assert_int_equal(lab_rows("switched", &rows), 4);
    p = P("search=bo", "search.finetune_lr=log 0.001 0.1 3", "max_trials=6");
    s = lab_whole("switched", &p);
    complete(&s);
    assert_int_equal(lab_rows("switched", &after), 6);
    for (int i = 0; i < 4; i++)
        assert_true(after[i].param_value[0] == rows[i].param_value[0] && after[i].val_accuracy == rows[i].val_accuracy);
    free(after);
    assert_int_equal(lab_events("switched", "strategy", &e), 1);
    assert_string_equal(e.text, "search=random -> bo");
    struct err err = {0};
    struct store *store = store_open_readonly(lab_file("switched", "study.db"), &err);
    char *knew = store_ask_get(store, 0, 5, &err);
    assert_non_null(strstr(knew, "\"aim\":\"improve\"")); /* five trials are there: it asks its model at once */
    free(knew);
    store_close(store);
    p = P("search=grid", "search.finetune_lr=log 0.001 0.1 3");
    s = lab_whole("switched", &p);
    complete(&s);
    int n = lab_rows("switched", &after);
    for (int k = 0; k < 3; k++) {
        int tried = 0;
        for (int i = 0; i < n; i++)
            tried += after[i].param_value[0] == (const double[]){0.001, 0.01, 0.1}[k];
        assert_int_equal(tried, 1);
    }
    assert_true(n >= 7 && n <= 9);
    assert_int_equal(lab_events("switched", "strategy", &e), 2);
    s = lab_whole("switched", &p); /* nothing new, nothing said */
    complete(&s);
    assert_int_equal(lab_events("switched", "strategy", NULL), 2);
    free(after);
    free(rows);
}

/* The study's own value comes first, and each ask leaves what it knew. */
static void asks_are_journalled(void **state)
{
    (void)state;
    struct trial_row *rows;
    struct err err = {0};
    struct params p = P("search=bo", WIDE, "max_trials=6");
    struct lab_state s = lab_whole("asks", &p);
    complete(&s);
    assert_int_equal(lab_rows("asks", &rows), 6);
    assert_true(rows[0].param_value[0] == p.finetune_lr);
    free(rows);
    struct store *store = store_open_readonly(lab_file("asks", "study.db"), &err);
    assert_non_null(store);
    for (int id = 0; id < 6; id++) {
        char *knew = store_ask_get(store, 0, id, &err);
        assert_non_null(knew);
        if (id < 5)
            assert_string_equal(knew, "{}");
        else
            assert_true(strstr(knew, "\"aim\":\"improve\"") && strstr(knew, "\"lengthscale\":{\"finetune_lr\":"));
        free(knew);
    }
    store_close(store);
}

static void ranges_come_and_go(void **state)
{
    (void)state;
    struct trial_row *rows;
    struct event_row e;
    struct params p = P("search=bo", WIDE, "max_trials=2");
    struct lab_state s = lab_whole("ranges", &p);
    complete(&s);
    p = P("search=bo", WIDE, "search.momentum=linear 0.5 0.95", "max_trials=4");
    s = lab_whole("ranges", &p);
    complete(&s);
    assert_int_equal(lab_rows("ranges", &rows), 4);
    assert_true(rows[1].n_params == 1 && rows[2].n_params == 2);
    free(rows);
    assert_int_equal(lab_events("ranges", "range", &e), 1);
    assert_string_equal(e.text, "search.momentum: none -> linear 0.5 0.95");
    p = P("search=bo", "search.momentum=linear 0.5 0.95", "max_trials=5"); /* finetune_lr is 0.01 from now on */
    s = lab_whole("ranges", &p);
    complete(&s);
    assert_int_equal(lab_rows("ranges", &rows), 5);
    assert_true(rows[4].n_params == 1 && strcmp(rows[4].param_name[0], "momentum") == 0);
    assert_true(s.best_trial == 5 ||
                s.best_trial == 1); /* others had other rates; the first had the study's own, 0.01 */
    free(rows);
    assert_int_equal(lab_events("ranges", "range", &e), 2);
    assert_string_equal(e.text, "search.finetune_lr: log 0.001 0.1 -> none");
}

static void what_was_enqueued_outside_is_run(void **state)
{
    (void)state;
    struct err err = {0};
    struct params p = P("search=random", WIDE, "max_trials=1");
    struct lab_state s = lab_whole("queued", &p);
    complete(&s);
    struct store *store = store_open(lab_file("queued", "study.db"), &err);
    struct trial_row row = {.number = 2,
                            .kind = TRIAL_MANUAL,
                            .ask_id = 1,
                            .seed = p.seed,
                            .n_params = 1,
                            .param_name = {"finetune_lr"},
                            .param_value = {0.002},
                            .val_accuracy = NAN,
                            .test_accuracy = NAN,
                            .best_val_accuracy = NAN},
                     *rows;
    assert_true(store_trial_put(store, &row, &err));
    store_close(store);
    p = P("search=random", NARROW, "max_trials=3");
    s = lab_whole("queued", &p);
    complete(&s);
    assert_int_equal(lab_rows("queued", &rows), 3);
    assert_true(rows[1].param_value[0] == 0.002 && rows[1].state == TRIAL_COMPLETE && rows[1].kind == TRIAL_MANUAL);
    assert_true(rows[2].param_value[0] >= 0.02);
    free(rows);
}

/* ---- changed by hand ---- */

static struct search *search_like(const struct params *p, const struct space *space)
{
    struct search_options so = {.strategy = STRATEGY_BO, .seed = (uint64_t)p->seed, .max_trials = 100};
    struct err err = {0};
    struct search *s = search_new(space, &so, &err);
    assert_non_null(s);
    return s;
}

/* Trial 2 is changed in its fine-tuning and again; the next asks are those of a search that knows where it ended. */
static void an_edited_trial_informs_where_it_ended(void **state)
{
    (void)state;
    struct params p = P("search=bo", WIDE, "max_trials=3", "edited_sigma=2", "finetune_steps=60");
    struct trial_row *rows;
    struct err err = {0};
    struct space space;
    struct history h;
    struct history_points points;
    double x[SPACE_MAX];
    int id;
    struct lab *lab = lab_begin("edited", &p);
    struct lab_state s;
    do
        lab_reach(lab, "finetune", 1), lab_snapshot(lab, &s);
    while (s.trial < 2);
    assert_true(lab_ask(lab, LAB_SET, "lr", 0.05).ok && lab_ask(lab, LAB_SET, "finetune_lr", 0.004).ok);
    s = lab_end(lab);
    complete(&s);
    p.max_trials = 4;
    s = lab_whole("edited", &p); /* taken up again: told from the record */
    complete(&s);
    assert_int_equal(lab_rows("edited", &rows), 4);
    assert_true(rows[1].edited && rows[1].param_value[0] != 0.004);
    assert_true(lab_space(&p, &space, &err) && history_of_study(lab_runs, "edited", &h, &err));
    assert_true(history_points(&h, &p, &space, &points, &err));
    assert_int_equal(points.n, 5);
    assert_true(points.state[1] == POINT_LEFT_OUT && points.x[1] == rows[1].param_value[0]);
    assert_true(points.state[2] == POINT_KNOWN && points.x[2] == 0.004 && points.sigma[2] == 0.02 &&
                points.row[2] == 1 && points.value[2] == rows[1].val_accuracy);
    for (int next = 2; next < 4; next++) { /* told in order, told from the history */
        struct search *told = search_like(&p, &space), *read = search_like(&p, &space);
        for (int i = 0; i < next; i++) {
            assert_int_equal(search_ask_recorded(told, rows[i].param_value, &id), ASK_POINT);
            search_tell(told, id, i == 1 ? TELL_LEFT_OUT : TELL_COMPLETE, rows[i].val_accuracy);
            if (i == 1)
                search_add_known(told, (double[]){0.004}, rows[1].val_accuracy, 0.02);
        }
        assert_int_equal(search_ask(told, x, &id), ASK_POINT);
        assert_true(x[0] == rows[next].param_value[0]);
        points.n = next + 1; /* the edited one is two points */
        history_tell(&points, &space, read);
        assert_int_equal(search_ask(read, x, &id), ASK_POINT);
        assert_true(x[0] == rows[next].param_value[0]);
        search_free(told);
        search_free(read);
    }
    history_points_release(&points);
    p.edited_sigma = 0;
    assert_true(history_points(&h, &p, &space, &points, &err) && points.n == 4 && points.state[1] == POINT_LEFT_OUT);
    history_points_release(&points);
    history_release(&h);
    free(rows);
}

static void events_say_with_what_a_trial_ended(void **state)
{
    (void)state;
    static const struct event_row events[] = {
        {.trial = 1, .kind = "set", .stage = "transfer", .key = "lambda", .after = 0.5},
        {.trial = 2, .kind = "set", .stage = "transfer", .key = "lr", .after = 0.01},
        {.trial = 1, .kind = "set", .stage = "transfer", .key = "lambda", .after = 0.25},
        {.trial = 1, .kind = "pause", .stage = "transfer"},
        {.trial = 1, .kind = "set", .stage = "finetune", .key = "lambda", .after = 7},
        {.trial = 1, .kind = "set", .stage = "finetune", .key = "lr", .after = 0.2},
        {.trial = 3, .kind = "skip", .stage = "transfer"},
        {.trial = 0, .kind = "set", .key = "lambda", .after = 1},
    };
    struct edited_list l = {0};
    struct trial_row row = {.number = 1, .n_params = 1, .param_name = {"lambda"}, .param_value = {9}}, last;
    edited_add(&l, events, 4);
    edited_add(&l, events + 4, 4);
    assert_true(l.n == 3 && !edited_find(&l, 4) && !edited_find(&l, 0));
    assert_true(edited_row(&l, true, &row, &last));
    assert_true(last.n_params == 2 && last.param_value[0] == 7 && last.param_value[1] == 0.2);
    assert_string_equal(last.param_name[1], "finetune_lr");
    row.number = 2;
    assert_true(edited_row(&l, false, &row, &last) && last.n_params == 2 && last.param_value[0] == 9);
    assert_string_equal(last.param_name[1], "transfer_lr");
    row.number = 1; /* after the transfer lambda weighs nothing: what it was then holds */
    assert_true(edited_row(&l, false, &row, &last) && last.param_value[0] == 0.25);
    row.number = 3;
    assert_false(edited_row(&l, false, &row, &last)); /* cut short */
    row.number = 4;
    assert_true(edited_row(&l, false, &row, &last) && memcmp(&row, &last, sizeof row) == 0);
    edited_release(&l);
}

/* ---- import ---- */

static int known_rows(const struct params *p, struct trial_row *rows, int n, double first)
{
    memset(rows, 0, (size_t)n * sizeof *rows);
    for (int i = 0; i < n; i++) {
        rows[i] = (struct trial_row){.seed = p->seed,
                                     .n_params = 1,
                                     .param_name = {"finetune_lr"},
                                     .test_accuracy = NAN,
                                     .best_val_accuracy = NAN,
                                     .reason = "imported from there.json"};
        rows[i].param_value[0] = first * pow(1.7, i);
        rows[i].val_accuracy = 0.2 + 0.01 * i;
    }
    return n;
}

static void imported_trials_inform_the_search(void **state)
{
    (void)state;
    struct params p = P("search=bo", WIDE, "max_trials=2");
    struct trial_row in[6], *rows;
    struct err err = {0};
    struct space space;
    struct event_row e;
    int at, id;
    double x[SPACE_MAX];
    known_rows(&p, in, 6, 0.002);
    assert_true(lab_import("taken", lab_runs, &p, in, 6, &at, &err)); /* a study that was never run */
    struct lab_state s = lab_whole("taken", &p);
    complete(&s);
    assert_true(s.trials_done == 2 && s.trials_planned == 2 && s.trial == 8);
    assert_int_equal(lab_rows("taken", &rows), 8);
    for (int i = 0; i < 6; i++)
        assert_true(rows[i].kind == TRIAL_MANUAL && rows[i].state == TRIAL_COMPLETE && history_imported(&rows[i]) &&
                    rows[i].param_value[0] == in[i].param_value[0] && rows[i].val_accuracy == in[i].val_accuracy);
    assert_true(s.best_trial > 6); /* one that was run here */
    assert_int_equal(lab_events("taken", "import", &e), 1);
    assert_string_equal(e.text, "6 trials imported from there.json");
    /* the first proposal is that of a search that knows them */
    assert_true(lab_space(&p, &space, &err));
    struct search_options so = {.strategy = STRATEGY_BO, .seed = (uint64_t)p.seed, .max_trials = 2};
    struct search *search = search_new(&space, &so, &err);
    for (int i = 0; i < 6; i++)
        search_add_known(search, in[i].param_value, in[i].val_accuracy, 0);
    assert_int_equal(search_ask(search, x, &id), ASK_POINT);
    assert_true(x[0] == rows[6].param_value[0]);
    search_free(search);
    free(rows);
}

/* In the middle of a study, and that study stopped and taken up again behind it. */
static void an_import_keeps_its_place(void **state)
{
    (void)state;
    struct trial_row in[5], *one, *two;
    struct err err = {0};
    int at;
    static const char *const studies[] = {"place-one", "place-two"};
    for (int k = 0; k < 2; k++) {
        struct params p = P("search=bo", WIDE, "max_trials=3");
        struct lab_state s = lab_whole(studies[k], &p);
        complete(&s);
        known_rows(&p, in, 5, 0.003);
        if (!lab_import(studies[k], lab_runs, &p, in, 5, &at, &err))
            fail_msg("%s", err.msg);
        for (int n = k == 0 ? 6 : 4; n <= 6; n++) {
            p.max_trials = n;
            s = lab_whole(studies[k], &p);
            complete(&s);
        }
    }
    assert_int_equal(lab_rows("place-one", &one), 11);
    assert_int_equal(lab_rows("place-two", &two), 11);
    for (int i = 0; i < 11; i++)
        assert_true(one[i].number == two[i].number && one[i].ask_id == two[i].ask_id &&
                    one[i].param_value[0] == two[i].param_value[0]);
    free(one);
    free(two);
}

static void imports_are_refused_whole(void **state)
{
    (void)state;
    struct params p = P("search=random", WIDE, "max_trials=1"),
                  other = P("search=random", WIDE, "max_trials=1", "batch=20");
    struct trial_row in[4], *rows;
    struct err err = {0};
    int at;
    known_rows(&p, in, 4, 0.002);
    in[3] = in[1];
    assert_false(lab_import("refused", lab_runs, &p, in, 4, &at, &err));
    assert_true(at == 3 && err.code == ERR_STATE && strstr(err.msg, "trial 2 of the file"));
    assert_int_not_equal(access(lab_file("refused", "study.db"), F_OK), 0);
    assert_true(lab_import("refused", lab_runs, &p, in, 2, &at, &err));
    assert_false(lab_import("refused", lab_runs, &p, in + 1, 2, &at, &err));
    assert_true(at == 0 && strstr(err.msg, "trial 2, imported from there.json"));
    assert_false(lab_import("refused", lab_runs, &other, in + 2, 1, &at, &err));
    assert_true(at == -1 && err.code == ERR_CONFIG && strstr(err.msg, "batch"));
    assert_int_equal(lab_rows("refused", &rows), 2);
    free(rows);
    struct params slow = P("search=random", WIDE, "max_trials=1", "finetune_steps=100000");
    struct lab *lab = lab_begin("busy", &slow);
    lab_reach(lab, "finetune", 1);
    assert_false(lab_import("busy", lab_runs, &slow, in, 1, &at, &err));
    assert_true(at == -1 && err.code == ERR_BUSY);
    lab_ask(lab, LAB_STOP, NULL, 0);
    lab_end(lab);
    assert_true(lab_import("busy", lab_runs, &slow, in, 1, &at, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_asks_are_as_good_as_asks),
        cmocka_unit_test(points_outside_inform_and_are_not_recommended),
        cmocka_unit_test(an_edited_grid_runs_what_is_new),
        cmocka_unit_test(narrowed_whole_numbers_run_out),
        cmocka_unit_test(known_points_inform_without_counting),
        cmocka_unit_test(the_surrogate_has_places_beyond_the_cube),
        cmocka_unit_test(an_edited_range_keeps_the_study),
        cmocka_unit_test(a_strategy_may_be_switched),
        cmocka_unit_test(asks_are_journalled),
        cmocka_unit_test(ranges_come_and_go),
        cmocka_unit_test(what_was_enqueued_outside_is_run),
        cmocka_unit_test(an_edited_trial_informs_where_it_ended),
        cmocka_unit_test(events_say_with_what_a_trial_ended),
        cmocka_unit_test(imported_trials_inform_the_search),
        cmocka_unit_test(an_import_keeps_its_place),
        cmocka_unit_test(imports_are_refused_whole),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
