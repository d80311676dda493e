/* lab, steered: stages skipped, trials cloned, memory given back while paused; and that all of it is on disk, in the right
 * order, before it is answered. */
#include "lab_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/io/safetensors.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__ __VA_OPT__(, ) NULL)

static void ended_well(const struct lab_state *s)
{
    if (strcmp(s->state, "complete") != 0)
        fail_msg("%s: %s", s->state, s->message);
}

static struct lab_ack answer_to(struct lab *lab, struct lab_cmd c)
{
    static uint64_t next = 1000000;
    struct lab_state s;
    c.id = next++;
    assert_true(lab_post(lab, c));
    for (double since = clock_seconds(); clock_seconds() - since < 300; usleep(1000)) {
        lab_snapshot(lab, &s);
        for (int i = 0; i < LAB_ACKS; i++)
            if (s.acks[i].id == c.id)
                return s.acks[i];
        if (s.ended)
            fail_msg("ended without an answer: %s %s", s.state, s.message);
    }
    fail_msg("no answer");
    return (struct lab_ack){0};
}

static struct lab_ack clone_of(struct lab *lab, int trial, bool warm, const char *key, double value)
{
    struct lab_cmd c = {.op = LAB_CLONE, .trial = trial, .warm = warm, .n = key != NULL, .value = {value}};
    snprintf(c.key[0], sizeof c.key[0], "%s", key ? key : "");
    return answer_to(lab, c);
}

static int cloned(struct lab *lab, int trial, bool warm, const char *key, double value)
{
    struct lab_ack a = clone_of(lab, trial, warm, key, value);
    if (!a.ok || a.clone <= trial)
        fail_msg("clone %d: %s", a.clone, a.message);
    return a.clone;
}

static void not_cloned(struct lab *lab, int trial, bool warm, const char *key, double value, const char *why)
{
    struct lab_ack a = clone_of(lab, trial, warm, key, value);
    assert_true(!a.ok && a.clone == 0);
    if (!strstr(a.message, why))
        fail_msg("'%s' does not say '%s'", a.message, why);
}

/* One event of that kind of a trial; *n gets how many there are. */
static struct event_row event_of(const char *study, int trial, const char *kind, int *n)
{
    struct event_row *rows, found = {0};
    struct err err = {0};
    struct store *s = store_open_readonly(lab_file(study, "study.db"), &err);
    int count = store_events(s, trial, 0, &rows, &err);
    *n = 0;
    for (int i = 0; i < count; i++)
        if (strcmp(rows[i].kind, kind) == 0) {
            found = rows[i];
            ++*n;
        }
    free(rows);
    store_close(s);
    return found;
}

static void saved_as(const char *study, const char *file, char text[64], const char *key)
{
    struct st_file f;
    struct err err = {0};
    if (!st_read(&f, lab_file(study, file), &err))
        fail_msg("%s", err.msg);
    snprintf(text, 64, "%s", st_meta_get(&f, key));
    st_release(&f);
}

static void equal_files(const char *a, const char *b)
{
    size_t n, m;
    void *x = scratch_read(a, &n), *y = scratch_read(b, &m);
    if (n != m || memcmp(x, y, n) != 0)
        fail_msg("%s and %s differ", a, b);
    free(x);
    free(y);
}

/* ---- changes ---- */

static void the_checkpoint_is_of_before_the_change(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000", "checkpoint_steps=100000");
    struct lab *lab = lab_begin("before", &p);
    char text[64];
    int n;
    lab_reach(lab, "transfer", 2);
    struct lab_ack a = lab_ask(lab, LAB_SET, "lambda", 0.5);
    assert_true(a.ok);
    saved_as("before", "trial-0001/state.safetensors", text, "step");
    assert_int_equal(atoi(text), a.step);
    saved_as("before", "trial-0001/state.safetensors", text, "lambda");
    assert_true(atof(text) == 0.01);
    struct event_row e = event_of("before", 1, "set", &n);
    assert_true(n == 1 && e.step == a.step && e.after == 0.5);
    struct trial_row *rows;
    assert_int_equal(lab_rows("before", &rows), 1);
    assert_true(rows[0].edited); /* with the event, not with the next checkpoint */
    free(rows);
    lab_close(lab);
}

static void a_skipped_transfer_is_followed_by_fine_tuning(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("skip", &p);
    struct value_row *v;
    struct err err = {0};
    int n;
    lab_reach(lab, "transfer", 2);
    struct lab_ack a = lab_ask(lab, LAB_SKIP, NULL, 0);
    if (!a.ok)
        fail_msg("%s", a.message);
    assert_string_equal(a.stage, "transfer");
    struct lab_state s = lab_end(lab);
    ended_well(&s);
    struct event_row e = event_of("skip", 1, "skip", &n);
    assert_true(n == 1 && e.step == a.step && e.trial == 1);
    assert_string_equal(e.stage, "transfer");
    struct store *store = store_open_readonly(lab_file("skip", "study.db"), &err);
    n = store_values(store, 1, "transfer", "loss", &v, &err);
    assert_true(n == a.step && v[n - 1].step == a.step);
    free(v);
    assert_int_equal(store_values(store, 1, "finetune", "loss", &v, &err), 6);
    free(v);
    store_close(store);
    struct trial_row *rows;
    assert_int_equal(lab_rows("skip", &rows), 1);
    assert_true(rows[0].edited && rows[0].state == TRIAL_COMPLETE && rows[0].val_accuracy >= 0);
    free(rows);
    assert_int_equal(s.best_trial, 0); /* no evidence */
}

static void a_skip_while_paused_waits_for_the_resume(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=2", "finetune_steps=100000", "eval_steps=100000");
    struct lab *lab = lab_begin("skip-paused", &p);
    int n;
    lab_reach(lab, "finetune", 1);
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0), b = lab_ask(lab, LAB_SKIP, NULL, 0);
    assert_true(b.ok && b.step == a.step);
    assert_false(lab_ask(lab, LAB_SKIP, NULL, 0).ok);
    lab_close(lab);
    lab = lab_begin("skip-paused", &p); /* in the next process */
    struct lab_state s = lab_end(lab);
    ended_well(&s);
    struct trial_row *rows;
    assert_int_equal(lab_rows("skip-paused", &rows), 1);
    assert_true(rows[0].val_accuracy >= 0);
    free(rows);
    struct event_row e = event_of("skip-paused", 1, "skip", &n);
    assert_true(n == 1 && e.step == a.step);
}

static void a_teacher_is_not_skipped(void **state)
{
    (void)state;
    struct params p = P("teacher_steps=100000");
    struct lab *lab = lab_begin("skip-teacher", &p);
    lab_reach(lab, "teacher", 1);
    struct lab_ack a = lab_ask(lab, LAB_SKIP, NULL, 0);
    assert_true(!a.ok && strstr(a.message, "teacher"));
    not_cloned(lab, 1, true, NULL, 0, "teacher");
    lab_close(lab);
    assert_int_equal(lab_events("skip-teacher", "skip", NULL), 0);
}

/* The nets are taken from the files again: so they were not in memory. */
static void a_paused_study_has_given_its_nets_back(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    char path[600], aside[600];
    struct lab *lab = lab_begin("asleep", &p);
    lab_reach(lab, "transfer", 2);
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0);
    snprintf(path, sizeof path, "%s", lab_file("asleep", "trial-0001/state.safetensors"));
    snprintf(aside, sizeof aside, "%s", lab_file("asleep", "aside"));
    assert_int_equal(rename(path, aside), 0);
    struct lab_ack b = lab_ask(lab, LAB_SET, "lambda", 0.25);
    assert_true(b.ok && b.step == a.step);
    struct lab_state s;
    lab_snapshot(lab, &s);
    assert_true(s.lambda == 0.25 && s.edited);
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    s = lab_end(lab);
    assert_string_equal(s.state, "failed");
    assert_non_null(strstr(s.message, "state.safetensors"));
    assert_int_equal(rename(aside, path), 0); /* nothing is lost */
    lab = lab_begin("asleep", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    assert_true(s.resumed_at == a.step && s.lambda == 0.25 && s.edited);
    lab_close(lab);
}

/* ---- clones ---- */

static void a_cold_clone_begins_anew_with_other_values(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.001 0.01 2", "transfer_steps=4", "finetune_steps=4", "seed=3");
    struct lab *lab = lab_begin("cold", &p);
    struct trial_row *rows;
    int n;
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    assert_int_equal(cloned(lab, 1, false, "lambda", 0.005), 2);     /* a point of the search */
    assert_int_equal(cloned(lab, 1, false, "finetune_lr", 0.02), 3); /* not searched over */
    assert_int_equal(cloned(lab, 1, false, "lambda", 0.5), 4);       /* out of the search's range */
    assert_int_equal(cloned(lab, 3, false, "transfer_steps", 2.4), 5);
    assert_true(lab_ask(lab, LAB_SET, "lambda", 0.002).ok); /* an origin that is changed later on */
    assert_int_equal(cloned(lab, 1, false, NULL, 0), 6);
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    struct lab_state s = lab_end(lab);
    ended_well(&s);
    assert_int_equal(lab_rows("cold", &rows), 7);
    assert_true(s.trials_done == 7 && s.trials_planned == 7);
    static const int ask[] = {0, 1, -1, -1, -1, 2, 3};
    static const double lambda[] = {0.001, 0.005, 0.001, 0.5, 0.001, 0.001, 0.01};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(rows[i].state, TRIAL_COMPLETE);
        assert_int_equal(rows[i].ask_id, ask[i]);
        assert_true(fabs(rows[i].param_value[0] / lambda[i] - 1) < 1e-12);
        assert_int_equal(rows[i].kind, i == 0 || i == 6 ? TRIAL_SEARCH : TRIAL_MANUAL);
        assert_int_equal(rows[i].edited, i == 0);
        assert_int_equal(rows[i].seed, 3);
        assert_true(isnan(rows[i].test_accuracy) || rows[i].number == s.best_trial);
    }
    assert_true(rows[2].n_params == 2 && rows[2].param_value[1] == 0.02);
    assert_string_equal(rows[2].param_name[1], "finetune_lr");
    assert_true(rows[4].n_params == 3 && rows[4].param_value[2] == 2);
    assert_true(s.best_trial == 2 || s.best_trial == 6 || s.best_trial == 7);
    struct event_row e = event_of("cold", 5, "clone", &n);
    assert_true(n == 1 && e.before == 3);
    assert_string_equal(e.key, "cold");
    free(rows);
    /* the journal is replayed to the same end */
    struct lab_state again = lab_whole("cold", &p);
    ended_well(&again);
    assert_int_equal(again.best_trial, s.best_trial);
    assert_int_equal(again.trials_done, 7);
    assert_int_equal(again.trials_planned, 7);
}

static void a_warm_clone_goes_on_from_where_its_origin_was(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=6", "finetune_steps=6", "checkpoint_steps=100");
    struct lab *lab = lab_begin("warm", &p);
    int n;
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0);
    assert_string_equal(a.stage, "transfer");             /* the teacher is there by now */
    assert_true(lab_ask(lab, LAB_SET, "lambda", 0.5).ok); /* in no file */
    assert_int_equal(cloned(lab, 1, true, "finetune_lr", 0.002), 2);
    assert_int_equal(cloned(lab, 1, true, NULL, 0), 3);
    assert_int_equal(cloned(lab, 3, true, "lambda", 0.7), 4); /* of one that has not begun */
    assert_true(lab_ask(lab, LAB_SET, "lambda", 0.6).ok);     /* after them */
    struct event_row e = event_of("warm", 2, "clone", &n);
    assert_true(n == 1 && e.before == 1 && e.step == a.step);
    assert_string_equal(e.key, "warm");
    assert_string_equal(e.stage, "transfer");
    e = event_of("warm", 2, "set", &n);
    assert_true(n == 2 && e.after == 0.002 && e.before == 0.01);
    event_of("warm", 3, "set", &n);
    assert_int_equal(n, 1);
    e = event_of("warm", 4, "set", &n);
    assert_true(n == 2 && e.before == 0.5 && e.after == 0.7);
    lab_close(lab);
    struct lab_state s = lab_whole("warm", &p);
    ended_well(&s);
    struct trial_row *rows;
    assert_int_equal(lab_rows("warm", &rows), 4);
    for (int i = 0; i < 4; i++)
        assert_true(rows[i].state == TRIAL_COMPLETE && rows[i].edited);
    free(rows);
    e = event_of("warm", 3, "resumed_at", &n);
    assert_true(n == 1 && e.step == a.step);
}

static void a_clone_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.001 0.01 2", "transfer_steps=2", "finetune_steps=2");
    struct lab *lab = lab_begin("no-clone", &p);
    struct lab_state s;
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    not_cloned(lab, 0, false, NULL, 0, "no trial 0");
    not_cloned(lab, 7, false, NULL, 0, "no trial 7: the latest is 1");
    not_cloned(lab, 1, false, "batch", 5, "'batch' cannot be given");
    not_cloned(lab, 1, false, "lr", 5, "allowed are lambda,");
    not_cloned(lab, 1, false, "lambda", -1, "lambda");
    not_cloned(lab, 1, false, "lambda", NAN, "lambda");
    not_cloned(lab, 1, false, "finetune_steps", 0, "finetune_steps");
    not_cloned(lab, 1, true, "momentum", 0.5, "momentum");
    assert_int_equal(cloned(lab, 1, false, "momentum", 0.5), 2);
    not_cloned(lab, 2, true, NULL, 0, "trial 2 has no checkpoint yet");
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    do {
        usleep(1000);
        lab_snapshot(lab, &s);
    } while (s.trial < 2 && !s.ended);
    not_cloned(lab, 1, true, NULL, 0, "trial 1 is complete");
    lab_close(lab);
    assert_int_equal(lab_events("no-clone", "clone", NULL), 1);
    struct trial_row *rows;
    assert_true(lab_rows("no-clone", &rows) <= 3);
    free(rows);
}

static void clones_are_run_during_repeats_too(void **state)
{
    (void)state;
    struct params p = P("method=none", "finetune_steps=4");
    struct trial_row *rows;
    struct lab_state s = lab_whole("late", &p);
    ended_well(&s);
    p = P("method=none", "finetune_steps=4", "repeats=2");
    struct lab *lab = lab_begin("late", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    assert_true(s.trial == 2 && s.kind == TRIAL_REPEAT);
    assert_int_equal(cloned(lab, 2, false, NULL, 0), 3); /* with another seed than the search's */
    assert_int_equal(cloned(lab, 1, false, NULL, 0), 4);
    assert_false(lab_ask(lab, LAB_ENQUEUE, NULL, 0).ok);
    lab_close(lab);
    s = lab_whole("late", &p);
    ended_well(&s);
    assert_int_equal(lab_rows("late", &rows), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rows[i].state, TRIAL_COMPLETE);
        assert_int_equal(rows[i].kind, i == 0 ? TRIAL_SEARCH : i == 1 ? TRIAL_REPEAT : TRIAL_MANUAL);
        assert_int_equal(rows[i].seed, i == 1 || i == 2 ? 2 : 1);
    }
    assert_true(rows[2].ask_id == -1 && rows[3].ask_id == -1);
    assert_true(rows[2].val_accuracy == rows[1].val_accuracy && rows[3].val_accuracy == rows[0].val_accuracy);
    assert_true(isnan(rows[2].test_accuracy) && !isnan(rows[1].test_accuracy));
    assert_int_equal(s.best_trial, 1);
    free(rows);
}

/* The search is over when the last point has been asked for: what is enqueued then was promised all the same. */
static void what_the_search_does_not_take_is_run_after_it(void **state)
{
    (void)state;
    struct params p =
        P("search=sobol", "max_trials=1", "search.lambda=log 0.001 0.01", "transfer_steps=2", "finetune_steps=2");
    struct lab *lab = lab_begin("after", &p);
    struct trial_row *rows;
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    assert_true(lab_ask(lab, LAB_ENQUEUE, "lambda", 0.002).ok);
    assert_int_equal(cloned(lab, 1, false, "lambda", 0.003), 3);
    assert_int_equal(cloned(lab, 1, false, "weight_decay", 0.001), 4);
    lab_close(lab);
    struct lab_state s = lab_whole("after", &p);
    ended_well(&s);
    assert_int_equal(lab_rows("after", &rows), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rows[i].state, TRIAL_COMPLETE);
        assert_int_equal(rows[i].ask_id, i ? -1 : 0);
    }
    free(rows);
    assert_int_equal(s.best_trial, 1); /* of the search */
    assert_true(s.trials_done == 4 && s.trials_planned == 4);
}

/* ---- killed in between ---- */

static void copy(const char *from, const char *to)
{
    char source[600], target[600];
    size_t n;
    snprintf(source, sizeof source, "%s", from);
    snprintf(target, sizeof target, "%s", to);
    void *bytes = scratch_read(source, &n);
    scratch_write(target, bytes, n);
    free(bytes);
}

/* Killed between copy and record: whichever trial has that number next does not begin with the copy. */
static void a_copy_that_was_never_recorded_is_forgotten(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.001 0.01 2", "transfer_steps=2", "finetune_steps=2");
    struct lab *lab = lab_begin("stray", &p);
    int n;
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    assert_int_equal(mkdir(lab_file("stray", "trial-0002.clone"), 0755), 0);
    copy(lab_file("stray", "trial-0001/state.safetensors"), lab_file("stray", "trial-0002.clone/state.safetensors"));
    assert_true(lab_ask(lab, LAB_ENQUEUE, "lambda", 0.002).ok);
    assert_int_not_equal(access(lab_file("stray", "trial-0002.clone"), F_OK), 0);
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    struct lab_state s = lab_end(lab);
    ended_well(&s);
    event_of("stray", 2, "resumed_at", &n);
    assert_int_equal(n, 0);
}

/* Killed between record and renaming. */
static void a_copy_that_was_recorded_is_adopted(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=6", "finetune_steps=2");
    char copy_name[600], name[600];
    static const char *const studies[] = {"adopted", "named"};
    for (int i = 0; i < 2; i++) {
        struct lab *lab = lab_begin(studies[i], &p);
        assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
        struct lab_state s;
        lab_snapshot(lab, &s);
        assert_string_equal(s.stage, "transfer");
        assert_int_equal(cloned(lab, 1, true, "lambda", 0.3), 2);
        lab_close(lab);
        snprintf(name, sizeof name, "%s", lab_file(studies[i], "trial-0002"));
        snprintf(copy_name, sizeof copy_name, "%s", lab_file(studies[i], "trial-0002.clone"));
        if (i == 0)
            assert_int_equal(rename(name, copy_name), 0);
        s = lab_whole(studies[i], &p);
        ended_well(&s);
        assert_int_not_equal(access(copy_name, F_OK), 0);
    }
    char a[600];
    snprintf(a, sizeof a, "%s", lab_file("adopted", "trial-0002/student.safetensors"));
    equal_files(a, lab_file("named", "trial-0002/student.safetensors"));
}

static int setup(void **state)
{
    struct params p;
    if (lab_group_setup(state) != 0)
        return -1;
    p = P("transfer_steps=1", "finetune_steps=1"); /* the teacher of all */
    return lab_whole("first", &p).exit_status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checkpoint_is_of_before_the_change),
        cmocka_unit_test(a_skipped_transfer_is_followed_by_fine_tuning),
        cmocka_unit_test(a_skip_while_paused_waits_for_the_resume),
        cmocka_unit_test(a_teacher_is_not_skipped),
        cmocka_unit_test(a_paused_study_has_given_its_nets_back),
        cmocka_unit_test(a_cold_clone_begins_anew_with_other_values),
        cmocka_unit_test(a_warm_clone_goes_on_from_where_its_origin_was),
        cmocka_unit_test(a_clone_that_cannot_be_is_refused),
        cmocka_unit_test(clones_are_run_during_repeats_too),
        cmocka_unit_test(what_the_search_does_not_take_is_run_after_it),
        cmocka_unit_test(a_copy_that_was_never_recorded_is_forgotten),
        cmocka_unit_test(a_copy_that_was_recorded_is_adopted),
    };
    return cmocka_run_group_tests(tests, setup, lab_group_teardown);
}
