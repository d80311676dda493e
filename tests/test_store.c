/* store, the rows: every kind there and back, groups, and rows that were edited by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

/* ---- there and back ---- */

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void the_study_comes_back(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct study_row got;
    bool found = true;
    OK(store_study_get(s, &got, &found, &oops));
    assert_false(found);
    assert_null(got.settings);
    struct study_row row = {.name = "demo",
                            .settings = "lambda=1\nlr='quoted'; DROP TABLE study\n",
                            .created_ms = INT64_C(1700000000123),
                            .state = "running"};
    OK(store_study_put(s, &row, &oops));
    snprintf(row.state, sizeof row.state, "complete");
    snprintf(row.reason, sizeof row.reason, "max_trials reached: \xc3\xa4\xe2\x82\xac");
    OK(store_study_put(s, &row, &oops));
    store_close(s);

    s = open_readonly();
    OK(store_study_get(s, &got, &found, &oops));
    assert_true(found);
    assert_string_equal(got.name, row.name);
    assert_string_equal(got.settings, row.settings);
    assert_int_equal(got.created_ms, row.created_ms);
    assert_string_equal(got.state, "complete");
    assert_string_equal(got.reason, row.reason);
    study_row_release(&got);
    assert_null(got.settings);
    store_close(s);
}

static void check_trial(const struct trial_row *a, const struct trial_row *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->search_no, b->search_no);
    assert_int_equal(a->ask_id, b->ask_id);
    assert_int_equal(a->repeat, b->repeat);
    assert_int_equal(a->state, b->state);
    assert_true(a->seed == b->seed);
    assert_int_equal(a->edited, b->edited);
    assert_int_equal(a->collapsed, b->collapsed);
    assert_true(same(a->val_accuracy, b->val_accuracy) && same(a->test_accuracy, b->test_accuracy));
    assert_true(same(a->best_val_accuracy, b->best_val_accuracy) && same(a->seconds_teacher, b->seconds_teacher));
    assert_true(same(a->seconds_transfer, b->seconds_transfer) && same(a->seconds_finetune, b->seconds_finetune));
    assert_string_equal(a->dir, b->dir);
    assert_string_equal(a->reason, b->reason);
    assert_int_equal(a->n_params, b->n_params);
    for (int i = 0; i < a->n_params; i++) {
        assert_string_equal(a->param_name[i], b->param_name[i]);
        assert_true(same(a->param_value[i], b->param_value[i]));
    }
}

static void trials_come_back_by_number(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct trial_row put_[4] = {trial(3), trial(1), trial(2), trial(3)};
    put_[1].n_params = 0;
    put_[1].state = TRIAL_QUEUED;
    put_[1].kind = TRIAL_SEARCH;
    put_[2].n_params = TRIAL_PARAMS_MAX;
    for (int i = 0; i < TRIAL_PARAMS_MAX; i++) {
        snprintf(put_[2].param_name[i], sizeof put_[2].param_name[i], "p%d", 100 - i);
        put_[2].param_value[i] = i ? 1.0 / i : NAN;
    }
    put_[2].collapsed = true;
    put_[3].state = TRIAL_COMPLETE; /* the second put of trial 3 wins, with fewer parameters */
    put_[3].kind = TRIAL_MANUAL;
    put_[3].n_params = 1;
    put_[3].edited = false;
    put_[3].test_accuracy = 0.75;
    put_[3].reason[0] = '\0';
    struct trial_row *rows;
    struct err err = {0};
    assert_int_equal(store_trials(s, &rows, &err), 0);
    free(rows);
    for (int i = 0; i < 4; i++) {
        OK(store_trial_put(s, &put_[i], &oops));
        if (i == 0) /* rows that refer to the trial must not hinder its update */
            OK(store_value_put(s, 3, "transfer", 1, "loss", 1, 1, &oops));
    }
    store_close(s);
    s = open_readonly();
    assert_int_equal(store_trials(s, &rows, &err), 3);
    check_trial(&rows[0], &put_[1]);
    check_trial(&rows[1], &put_[2]);
    check_trial(&rows[2], &put_[3]);
    free(rows);
    store_close(s);
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    int n = 0;
#define X(code, name)                                                                                                  \
    assert_string_equal(trial_state_name(TRIAL_##code), name);                                                         \
    assert_int_equal(trial_state_find(name), TRIAL_##code);                                                            \
    n++;
    TRIAL_STATES(X)
#undef X
    assert_int_equal(n, 8);
    assert_int_equal(trial_state_find("Running"), -1);
    assert_int_equal(trial_state_find(""), -1);
}

static void values_come_back_by_step(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    add_trial(s, 2);
    put(s, 30, NAN);
    put(s, 10, 0.1);
    put(s, 20, INFINITY);
    put(s, 0, -INFINITY);
    put(s, 10, -0.25); /* replaces */
    OK(store_value_put(s, 1, "transfer", 10, "fsp1", 5, 1, &oops));
    OK(store_value_put(s, 1, "finetune", 40, "loss", 6, 1, &oops));
    OK(store_value_put(s, 2, "transfer", 10, "loss", 7, 1, &oops));
    store_close(s);

    s = open_readonly();
    struct value_row *v;
    struct err err = {0};
    assert_int_equal(store_values(s, 1, "transfer", "loss", &v, &err), 4);
    const double want[] = {-INFINITY, -0.25, INFINITY, NAN};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(v[i].step, 10 * i);
        assert_true(same(v[i].value, want[i]));
        assert_true(v[i].seconds == 5.0 * i);
    }
    free(v);
    assert_int_equal(store_values_after(s, 1, "transfer", "loss", 10, &v, &err), 2);
    assert_int_equal(v[0].step, 20);
    free(v);
    assert_int_equal(store_values_after(s, 1, "transfer", "loss", 30, &v, &err), 0);
    free(v);
    assert_int_equal(store_values(s, 1, "transfer", "nothing", &v, &err), 0);
    free(v);
    assert_int_equal(store_values(s, 2, "transfer", "loss", &v, &err), 1);
    assert_true(v[0].value == 7);
    free(v);

    struct series_row *r;
    assert_int_equal(store_series(s, 1, &r, &err), 3);
    assert_string_equal(r[0].key, "loss");
    assert_string_equal(r[0].stage, "transfer");
    assert_int_equal(r[0].first_step, 0);
    assert_int_equal(r[0].last_step, 30);
    assert_string_equal(r[1].key, "fsp1");
    assert_string_equal(r[2].stage, "finetune");
    free(r);
    store_close(s);
}

static void events_come_back_in_order(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    int64_t before = clock_unix_ms();
    struct event_row e[3] = {
        {.kind = "state", .before = NAN, .after = NAN, .text = "running"},
        {.trial = 1,
         .stage = "transfer",
         .step = 120,
         .kind = "set",
         .key = "lambda",
         .before = 0.1,
         .after = 0.2,
         .time_ms = 42,
         .text = "from the Live screen"},
        {.trial = 1, .stage = "finetune", .step = 7, .kind = "diverged", .before = NAN, .after = INFINITY},
    };
    for (int i = 0; i < 3; i++)
        OK(store_event_put(s, &e[i], &oops));
    struct event_row *got;
    struct err err = {0};
    assert_int_equal(store_events(s, -1, 0, &got, &err), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(i == 0 || got[i].id > got[i - 1].id);
        assert_int_equal(got[i].trial, e[i].trial);
        assert_int_equal(got[i].step, e[i].step);
        assert_string_equal(got[i].stage, e[i].stage);
        assert_string_equal(got[i].kind, e[i].kind);
        assert_string_equal(got[i].key, e[i].key);
        assert_string_equal(got[i].text, e[i].text);
        assert_true(same(got[i].before, e[i].before) && same(got[i].after, e[i].after));
    }
    assert_true(got[0].time_ms >= before && got[0].time_ms <= clock_unix_ms());
    assert_int_equal(got[1].time_ms, 42);
    int64_t second = got[1].id;
    free(got);
    assert_int_equal(store_events(s, -1, second, &got, &err), 1);
    assert_string_equal(got[0].kind, "diverged");
    free(got);
    assert_int_equal(store_events(s, 1, 0, &got, &err), 2);
    free(got);
    assert_int_equal(store_events(s, 0, 0, &got, &err), 1); /* the study's own */
    assert_string_equal(got[0].kind, "state");
    free(got);
    store_close(s);
}

static void checkpoints_asks_and_matrices_come_back(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    char sha[65];
    memset(sha, 'a', 64);
    sha[64] = '\0';
    OK(store_checkpoint_put(s, 1, "transfer", 100, "state.safetensors", sha, &oops));
    sha[0] = 'b';
    OK(store_checkpoint_put(s, 1, "transfer", 50, "state.safetensors", sha, &oops)); /* after a roll-back */
    struct checkpoint_row *c;
    struct err err = {0};
    assert_int_equal(store_checkpoints(s, 1, &c, &err), 2);
    assert_int_equal(c[0].step, 50);
    assert_string_equal(c[0].sha256, sha);
    assert_string_equal(c[0].file, "state.safetensors");
    assert_string_equal(c[0].stage, "transfer");
    assert_true(c[0].time_ms > 0);
    assert_int_equal(c[1].step, 100);
    free(c);

    OK(store_ask_put(s, 0, 1, "{\"strategy\":\"sobol\"}", &oops));
    OK(store_ask_put(s, 0, 1, "{\"strategy\":\"bo\"}", &oops));
    char *json = store_ask_get(s, 0, 1, &err);
    assert_string_equal(json, "{\"strategy\":\"bo\"}");
    free(json);
    assert_null(store_ask_get(s, 1, 1, &err));
    assert_int_equal(err.code, ERR_OK);

    float g[6] = {1, 2.5f, -3, 1e-40f, INFINITY, 6};
    OK(store_fsp_put(s, 1, "transfer", 10, 2, 'S', 2, 3, g, &oops));
    g[0] = 11;
    OK(store_fsp_put(s, 1, "transfer", 20, 2, 'S', 2, 3, g, &oops));
    g[0] = 12;
    OK(store_fsp_put(s, 1, "transfer", 20, 2, 'S', 2, 3, g, &oops)); /* replaces */
    OK(store_fsp_put(s, 1, "transfer", 15, 2, 'T', 1, 1, g, &oops));
    static const struct {
        int step, pair;
        char who;
        int found;
        float first;
    } cases[] = {{9, 2, 'S', -1, 0},    {10, 2, 'S', 10, 1},   {19, 2, 'S', 10, 1}, {20, 2, 'S', 20, 12},
                 {999, 2, 'S', 20, 12}, {999, 2, 'T', 15, 12}, {999, 1, 'S', -1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        float *got;
        bool found;
        int step, m, n;
        OK(store_fsp_get(s, 1, "transfer", cases[i].step, cases[i].pair, cases[i].who, &step, &m, &n, &got, &found,
                         &oops));
        assert_int_equal(found, cases[i].found >= 0);
        if (!found)
            continue;
        assert_int_equal(step, cases[i].found);
        assert_int_equal(m * n, cases[i].who == 'S' ? 6 : 1);
        assert_true(got[0] == cases[i].first);
        if (m * n == 6)
            assert_memory_equal(got + 1, g + 1, 5 * sizeof *g);
        free(got);
    }
    store_close(s);
}

/* Whatever pairs and nets they are of, and in whichever order they came. */
static void the_steps_of_matrices_are_listed(void **state)
{
    (void)state;
    static const int put_at[] = {30, 10, 20, 10}, want[] = {10, 20, 30};
    struct store *s = open_store();
    int *steps, n;
    add_trial(s, 1);
    add_trial(s, 2);
    for (int i = 0; i < 4; i++)
        OK(store_fsp_put(
            s, 1, "transfer", put_at[i], 1 + i % 3, "TS" [i % 2], 1, 1, &(float) { 1 }, &oops));
    OK(store_fsp_put(s, 2, "transfer", 15, 1, 'T', 1, 1, &(float){1}, &oops));
    OK(store_fsp_put(s, 1, "finetune", 16, 1, 'T', 1, 1, &(float){1}, &oops));
    n = store_fsp_steps(s, 1, "transfer", &steps, &oops);
    assert_int_equal(n, 3);
    assert_memory_equal(steps, want, sizeof want);
    free(steps);
    assert_int_equal(store_fsp_steps(s, 3, "transfer", &steps, &oops), 0);
    free(steps);
    store_close(s);
}

/* ---- groups ---- */

static void a_group_is_all_or_nothing(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct err err = {0};
    add_trial(s, 1);
    OK(store_begin(s, &oops));
    put(s, 1, 1);
    put(s, 2, 1);
    struct store *r = open_readonly();
    assert_int_equal(count_values(r), 0); /* not before the commit */
    assert_int_equal(count_values(s), 2);
    OK(store_commit(s, &oops));
    assert_int_equal(count_values(r), 2);

    /* A failure in the middle: nothing of the group, also not what comes after it. */
    OK(store_begin(s, &oops));
    put(s, 3, 1);
    assert_false(store_value_put(s, 99, "transfer", 1, "loss", 1, 1, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "names a trial that is not there"));
    err = (struct err){0};
    assert_false(store_value_put(s, 1, "transfer", 4, "loss", 1, 1, &err));
    assert_int_equal(err.code, ERR_STATE);
    err = (struct err){0};
    assert_false(store_commit(s, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_int_equal(count_values(r), 2);

    OK(store_begin(s, &oops)); /* and the next group is a new beginning */
    put(s, 5, 1);
    OK(store_commit(s, &oops));
    OK(store_begin(s, &oops)); /* an open group at closing is dropped */
    put(s, 6, 1);
    store_close(s);
    assert_int_equal(count_values(r), 3);
    store_close(r);
}

static void a_row_of_no_trial_is_refused(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct event_row e = {.trial = 5, .kind = "pause"};
    struct trial_row t = trial(0);
    float g = 1;
    assert_false(store_value_put(s, 5, "transfer", 1, "loss", 1, 1, NULL));
    assert_false(store_event_put(s, &e, NULL));
    assert_false(store_checkpoint_put(s, 5, "transfer", 1, "f", "s", NULL));
    assert_false(store_fsp_put(s, 5, "transfer", 1, 1, 'T', 1, 1, &g, NULL));
    assert_false(store_trial_put(s, &t, NULL)); /* numbers begin at 1 */
    struct series_row *r;
    assert_int_equal(store_series(s, 5, &r, NULL), 0);
    free(r);
    store_close(s);
}

static void a_value_in_a_group_is_cheap(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    enum { STEPS = 1000, KEYS = 10 };
    double best = 1;
    for (int turn = 0; turn < 3; turn++) { /* the best of three: others use this machine */
        double start = clock_seconds();
        OK(store_begin(s, &oops));
        for (int i = 0; i < STEPS * KEYS; i++) {
            char key[8] = {'k', (char)('0' + i % KEYS)};
            OK(store_value_put(s, 1, "transfer", turn * STEPS + i / KEYS, key, i, i, &oops));
        }
        OK(store_commit(s, &oops));
        double each = (clock_seconds() - start) / (STEPS * KEYS);
        best = each < best ? each : best;
    }
    print_message("           %.1f us a value\n", best * 1e6);
    assert_true(best < 100e-6); /* 4 us without sanitizers */
    store_close(s);
}

/* ---- rows edited by hand ---- */

static void rows_edited_by_hand_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *words;
    } cases[] = {
        {"UPDATE trial SET state = 'dancing'", "unknown kind or state"},
        {"UPDATE trial SET state = 'running', kind = ''", "unknown kind or state"},
        {"UPDATE trial SET kind = 'search'; WITH RECURSIVE c(i) AS (VALUES(50) UNION SELECT i + 1 FROM c WHERE i < 90)"
         " INSERT INTO param SELECT 1, i, 'x', 0 FROM c",
         "too many parameters"},
        {"DROP TABLE param", "no such table"},
    };
    struct store *s = open_store();
    float g[6] = {0};
    add_trial(s, 1);
    OK(store_fsp_put(s, 1, "transfer", 1, 1, 'S', 2, 3, g, &oops));
    store_close(s);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_sql(cases[i].sql);
        struct trial_row *t;
        struct err err = {0};
        s = open_readonly();
        assert_int_equal(store_trials(s, &t, &err), -1);
        assert_null(t);
        assert_int_equal(err.code, ERR_FORMAT);
        if (!strstr(err.msg, cases[i].words))
            fail_msg("'%s' should contain '%s'", err.msg, cases[i].words);
        store_close(s);
    }
    static const char *const shapes[] = {"m = 3",
                                         "m = -2, n = -3",
                                         "m = 0",
                                         "m = 2147483647, n = 2147483647",
                                         "g = NULL",
                                         "m = 1, n = 1, g = x'0102030405'",
                                         "m = 2, n = 3, g = ''"};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE OR IGNORE fsp SET %s", shapes[i]);
        if (strcmp(shapes[i], "g = NULL") == 0)
            continue; /* the schema forbids it */
        run_sql(sql);
        int step, m, n;
        float *got;
        bool found;
        struct err err = {0};
        s = open_readonly();
        assert_false(store_fsp_get(s, 1, "transfer", 1, 1, 'S', &step, &m, &n, &got, &found, &err));
        assert_int_equal(err.code, ERR_FORMAT);
        assert_null(got);
        store_close(s);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_study_comes_back),
        TEST(trials_come_back_by_number),
        TEST(every_state_has_a_name),
        TEST(values_come_back_by_step),
        TEST(events_come_back_in_order),
        TEST(checkpoints_asks_and_matrices_come_back),
        TEST(the_steps_of_matrices_are_listed),
        TEST(a_group_is_all_or_nothing),
        TEST(a_row_of_no_trial_is_refused),
        TEST(a_value_in_a_group_is_cheap),
        TEST(rows_edited_by_hand_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
