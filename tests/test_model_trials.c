/* What the model keeps of all trials follows the store: versions, times, evaluations; and one that goes on after its end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/model.h"
#include "store_fixture.h"

static void begin(struct model *m)
{
    char runs[512];
    snprintf(runs, sizeof runs, "%s/runs", dir);
    model_init(m, "demo", runs, false);
}

static void put_trial(struct store *s, int number, enum trial_state state)
{
    struct trial_row t = trial(number);
    t.state = state;
    OK(store_trial_put(s, &t, &oops));
}

static void evaluate(struct store *s, int number, int step, double value)
{
    OK(store_value_put(s, number, "finetune", step, "val_accuracy", value, step, &oops));
    OK(store_value_put(s, number, "finetune", step, "loss", 9, step, &oops));
    OK(store_value_put(s, number, "teacher", step, "val_accuracy", 9, step, &oops));
}

/* With a value of its own: "checkpoint_put" takes the clock's. */
static void save(struct store *s, int number)
{
    OK(store_checkpoint_put(s, number, "finetune", 1, "state.safetensors", "0", &oops));
}

static void versions_grow_with_changes_alone(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct model m;
    put_trial(s, 1, TRIAL_COMPLETE);
    put_trial(s, 2, TRIAL_RUNNING);
    begin(&m);
    OK(model_read_store(&m, &oops));
    uint64_t version = m.trials_version;
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.trials_version, version);
    put_trial(s, 2, TRIAL_RUNNING); /* written, and the same */
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.trials_version, version);
    put_trial(s, 2, TRIAL_COMPLETE);
    OK(model_read_store(&m, &oops));
    assert_true(m.trials_version > version);
    version = m.trials_version;
    put_trial(s, 3, TRIAL_QUEUED);
    OK(model_read_store(&m, &oops));
    assert_true(m.trials_version > version);
    store_close(s);
    model_release(&m);
}

static void times_are_those_of_the_latest_checkpoints(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct model m;
    put_trial(s, 1, TRIAL_COMPLETE);
    put_trial(s, 2, TRIAL_RUNNING);
    put_trial(s, 3, TRIAL_QUEUED);
    save(s, 2);
    save(s, 1);
    save(s, 1);
    run_sql("UPDATE checkpoint SET time_ms = 1000 * id");
    begin(&m);
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.n_saved, 3);
    assert_int_equal(m.saved_ms[0], 3000);
    assert_int_equal(m.saved_ms[1], 1000);
    assert_int_equal(m.saved_ms[2], 0);
    put_trial(s, 4, TRIAL_RUNNING);
    save(s, 4);
    save(s, 2);
    run_sql("UPDATE checkpoint SET time_ms = 1000 * id");
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.n_saved, 4);
    assert_int_equal(m.saved_ms[0], 3000);
    assert_int_equal(m.saved_ms[1], 5000);
    assert_int_equal(m.saved_ms[3], 4000);
    store_close(s);
    model_release(&m);
}

static void evaluations_are_read_where_they_are_wanted(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct model m;
    put_trial(s, 1, TRIAL_COMPLETE);
    put_trial(s, 2, TRIAL_FAILED);
    put_trial(s, 4, TRIAL_RUNNING); /* 3 is not there */
    evaluate(s, 1, 100, 0.5);
    evaluate(s, 1, 200, 0.75);
    evaluate(s, 4, 100, 0.25);
    begin(&m);
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.n_evals, 0);
    m.sel.evals = true;
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.n_evals, 3);
    assert_int_equal(m.evals[0].n, 2);
    assert_float_equal(m.evals[0].step[1], 200, 0);
    assert_float_equal(m.evals[0].value[1], 0.75, 0);
    assert_int_equal(m.evals[1].n, 0);
    assert_int_equal(m.evals[2].n, 1);
    uint64_t version = m.evals_version;
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.evals_version, version);
    evaluate(s, 4, 200, 0.5);
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.evals[2].n, 2);
    assert_true(m.evals_version > version);
    assert_true(m.evals[0].settled && !m.evals[2].settled);
    store_close(s);
    model_release(&m);
}

/* A trial that was stopped early is read once, until it goes on. */
static void a_thawed_trial_is_read_again(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct model m;
    put_trial(s, 1, TRIAL_PRUNED);
    evaluate(s, 1, 100, 0.5);
    begin(&m);
    m.sel.evals = true;
    OK(model_read_store(&m, &oops));
    assert_true(m.evals[0].settled);
    struct event_row e = {.trial = 1, .stage = "finetune", .step = 100, .kind = "thaw", .before = NAN, .after = NAN};
    OK(store_event_put(s, &e, &oops));
    put_trial(s, 1, TRIAL_RUNNING);
    evaluate(s, 1, 200, 0.6);
    OK(model_read_store(&m, &oops));
    assert_int_equal(m.evals[0].n, 2);
    store_close(s);
    model_release(&m);
}

/* A part at a time: the model says when there is more. */
static void many_evaluations_come_in_parts(void **state)
{
    enum { MANY = 2300 };
    (void)state;
    struct store *s = open_store();
    struct model m;
    OK(store_begin(s, &oops));
    for (int i = 1; i <= MANY; i++) {
        put_trial(s, i, TRIAL_COMPLETE);
        OK(store_value_put(s, i, "finetune", i, "val_accuracy", 0.5, 1, &oops));
    }
    OK(store_commit(s, &oops));
    begin(&m);
    m.sel.evals = true;
    int calls = 0;
    do
        OK(model_read_store(&m, &oops));
    while (calls++ < 10 && model_has_more(&m));
    assert_int_equal(calls, 3);
    assert_int_equal(m.n_evals, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(m.evals[i].n, 1);
        assert_float_equal(m.evals[i].step[0], i + 1, 0);
    }
    store_close(s);
    model_release(&m);
}

static void another_file_begins_anew(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct model m;
    put_trial(s, 1, TRIAL_COMPLETE);
    evaluate(s, 1, 100, 0.5);
    save(s, 1);
    begin(&m);
    m.sel.evals = true;
    OK(model_read_store(&m, &oops));
    uint64_t version = m.trials_version;
    store_close(s);
    remove(path);
    s = open_store();
    put_trial(s, 1, TRIAL_QUEUED);
    OK(model_read_store(&m, &oops));
    assert_true(m.trials_version > version);
    assert_int_equal(m.n_saved, 1);
    assert_int_equal(m.saved_ms[0], 0);
    assert_int_equal(m.evals[0].n, 0);
    store_close(s);
    model_release(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_grow_with_changes_alone),
        TEST(times_are_those_of_the_latest_checkpoints),
        TEST(evaluations_are_read_where_they_are_wanted),
        TEST(a_thawed_trial_is_read_again),
        TEST(many_evaluations_come_in_parts),
        TEST(another_file_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
