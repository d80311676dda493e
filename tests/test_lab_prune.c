/* Early stopping in whole studies. Nets that are trained for six steps all stay at chance level, so the curves of the
 * first three trials are written over with such as better nets have, though not clearly above chance (by which the others would be
 * ended, else) at the first look; what is stopped beside them is stopped by the engine
 * in earnest. */
#include "lab_fixture.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/io/stopped.h"
#include "scratch.h"

enum { FULL = 3 };

static struct params settings(const char *max_trials, const char *prune, const char *more)
{
    return lab_params("method=none", "eval_steps=2", "checkpoint_steps=4", "search=sobol",
                      "search.finetune_lr=log 0.001 0.1", max_trials, prune, more, NULL);
}

/* The first three trials, with curves y(2) = START + 0.001 i and y(6) = y(2) + gain[i], and these ends as their accuracies. */
static void begin(const char *study, double start, const double gain[FULL], const char *more)
{
    struct params p = settings("max_trials=3", "prune=none", more);
    struct lab_state s = lab_whole(study, &p);
    struct trial_row *rows;
    struct err err = {0};
    assert_string_equal(s.state, "complete");
    struct store *store = store_open(lab_file(study, "study.db"), &err);
    assert_non_null(store);
    int n = store_trials(store, &rows, &err);
    for (int i = 0; i < n; i++) {
        if (rows[i].kind != TRIAL_SEARCH)
            continue;
        int k = rows[i].ask_id;
        for (int step = 2; step <= 6; step += 2)
            assert_true(store_value_put(store, rows[i].number, "finetune", step, "val_accuracy",
                                        start + 0.001 * k + gain[k] * (step - 2) / 4, 0, &err));
        rows[i].val_accuracy = start + 0.001 * k + gain[k];
        rows[i].seconds_finetune = 10;
        rows[i].seconds_transfer = rows[i].seconds_teacher = 0;
        assert_true(store_trial_put(store, &rows[i], &err));
    }
    free(rows);
    store_close(store);
}

static const double small[FULL] = {0.010, 0.012, 0.011};

static struct stopped_list stopped_of(const char *study)
{
    struct stopped_list l = {0};
    struct err err = {0};
    struct store *store = store_open_readonly(lab_file(study, "study.db"), &err);
    assert_true(stopped_read(&l, store, &err));
    store_close(store);
    return l;
}

static void a_hopeless_trial_is_stopped_and_the_record_says_so(void **state)
{
    (void)state;
    begin("hopeless", 0.3, small, NULL);
    struct params p = settings("max_trials=5", "prune=gain-pi", "repeats=2");
    struct lab_state s = lab_whole("hopeless", &p);
    struct trial_row *rows;
    struct event_row e;
    assert_string_equal(s.state, "complete");
    assert_int_equal(s.trials_failed, 0);
    assert_int_equal(lab_rows("hopeless", &rows), 6);
    for (int i = FULL; i < 5; i++) {
        assert_int_equal(rows[i].state, TRIAL_PRUNED);
        assert_non_null(strstr(rows[i].reason, "gain-pi: would need +"));
        assert_non_null(strstr(rows[i].reason, "points after step 2, gains so far 1.1 +- "));
        assert_true(rows[i].val_accuracy < 0.5 && isnan(rows[i].test_accuracy));
    }
    assert_int_equal(access(lab_file("hopeless", "trial-0004/state.safetensors"), R_OK), 0);
    assert_int_equal(lab_events("hopeless", "pruned", &e), 2);
    assert_true(e.trial == 5 && e.step == 2 && strcmp(e.key, "gain-pi") == 0);
    assert_string_equal(e.text, rows[4].reason);
    assert_true(fabs(e.before - rows[4].val_accuracy - 0.011) < 1e-12 && e.after > 0);
    /* the same curve, but a repeat of the best: never stopped */
    assert_true(rows[5].kind == TRIAL_REPEAT && rows[5].state == TRIAL_COMPLETE);
    assert_int_equal(rows[5].ask_id, 1);
    free(rows);
    assert_int_equal(lab_events("hopeless", "thaw", NULL), 0);
}

static void equal_records(const char *a, const char *b)
{
    struct trial_row *ra, *rb;
    int n = lab_rows(a, &ra);
    assert_int_equal(lab_rows(b, &rb), n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(ra[i].state, rb[i].state);
        assert_true(ra[i].param_value[0] == rb[i].param_value[0]);
        assert_true(ra[i].val_accuracy == rb[i].val_accuracy);
        assert_string_equal(ra[i].reason, rb[i].reason);
    }
    struct stopped_list la = stopped_of(a), lb = stopped_of(b);
    assert_int_equal(la.n, lb.n);
    for (int i = 0; i < la.n; i++)
        assert_true(la.row[i].step == lb.row[i].step && la.row[i].mean == lb.row[i].mean &&
                    la.row[i].sigma == lb.row[i].sigma && la.row[i].thawed == lb.row[i].thawed);
    stopped_release(&la);
    stopped_release(&lb);
    free(ra);
    free(rb);
}

/* Points 6 to 8 are proposed by a model that has been told of the stopped trials. */
static void a_study_cut_short_decides_and_proposes_the_same(void **state)
{
    (void)state;
    begin("straight", 0.3, small, "search=bo");
    begin("cut", 0.3, small, "search=bo");
    struct params p = settings("max_trials=8", "prune=gain-pi", "search=bo");
    struct lab_state s = lab_whole("straight", &p);
    assert_string_equal(s.state, "complete");
    for (int i = 0; i < 30; i++) { /* ends after the step that it is at */
        struct lab *lab = lab_begin("cut", &p);
        for (int k = 0; k < i % 4; k++)
            lab_ask(lab, LAB_SET, "nonsense", 1); /* a step each */
        lab_close(lab);
        struct trial_row *rows;
        int n = lab_rows("cut", &rows);
        bool last = n == 8 && rows[7].state == TRIAL_PRUNED;
        free(rows);
        if (last)
            break;
    }
    s = lab_whole("cut", &p);
    assert_string_equal(s.state, "complete");
    equal_records("straight", "cut");
    struct stopped_list l = stopped_of("cut");
    assert_int_equal(l.n, 5);
    stopped_release(&l);
}

/* The same after kill -9, as soon as so many trials are recorded as stopped. */
static void a_killed_study_decides_and_proposes_the_same(void **state)
{
    (void)state;
    begin("killed", 0.3, small, "search=bo");
    struct params p = settings("max_trials=8", "prune=gain-pi", "search=bo");
    for (int kills = 1; kills <= 4; kills++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            lab_begin("killed", &p);
            for (;;)
                pause();
        }
        while (lab_events("killed", "pruned", NULL) < kills)
            usleep(500);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    struct lab_state s = lab_whole("killed", &p);
    assert_string_equal(s.state, "complete");
    equal_records("straight", "killed");
}

static struct lab_ack thaw(struct lab *lab, int trial)
{
    return lab_ask_cmd(lab, (struct lab_cmd){.op = LAB_THAW, .trial = trial});
}

static void a_thawed_trial_ends_as_if_it_had_never_been_stopped(void **state)
{
    (void)state;
    begin("thaw", 0.3, small, NULL);
    struct params p = settings("max_trials=4", "prune=gain-pi", NULL);
    lab_whole("thaw", &p);
    p = settings("max_trials=6", "prune=gain-pi", NULL);
    struct lab *lab = lab_begin("thaw", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    assert_non_null(strstr(thaw(lab, 2).message, "was not stopped early"));
    assert_non_null(strstr(thaw(lab, 99).message, "no trial 99"));
    assert_true(thaw(lab, 4).ok);
    assert_non_null(strstr(thaw(lab, 4).message, "already"));
    lab_close(lab); /* before it is gone on with */
    struct lab_state s = lab_whole("thaw", &p);
    struct trial_row *rows, *plain;
    assert_string_equal(s.state, "complete");
    assert_int_equal(lab_rows("thaw", &rows), 6);
    assert_int_equal(rows[3].state, TRIAL_COMPLETE);
    assert_string_equal(rows[3].reason, "");
    assert_false(rows[3].edited);
    assert_true(rows[4].state == TRIAL_PRUNED && rows[5].state == TRIAL_PRUNED);
    assert_int_equal(lab_events("thaw", "thaw", NULL), 1);
    p = settings("max_trials=4", "prune=none", NULL);
    lab_whole("unstopped", &p);
    assert_int_equal(lab_rows("unstopped", &plain), 4);
    assert_true(plain[3].param_value[0] == rows[3].param_value[0] && plain[3].val_accuracy == rows[3].val_accuracy);
    free(rows);
    free(plain);
}

/* The others' accuracies say less than their curves promise the stopped one. */
static void the_search_itself_thaws_what_looks_best(void **state)
{
    (void)state;
    static const double large[FULL] = {0.40, 0.402, 0.401};
    struct trial_row *rows;
    struct event_row e;
    struct err err = {0};
    begin("promising", 0.3, large, NULL);
    struct store *store = store_open(lab_file("promising", "study.db"), &err);
    int n = store_trials(store, &rows, &err);
    for (int i = 0; i < n; i++) {
        rows[i].val_accuracy = 0.3;
        assert_true(store_trial_put(store, &rows[i], &err));
    }
    free(rows);
    store_close(store);
    struct params p = settings("max_trials=4", "prune=gain-pi", NULL);
    struct lab_state s = lab_whole("promising", &p);
    assert_string_equal(s.state, "complete");
    assert_int_equal(lab_events("promising", "pruned", NULL), 1);
    assert_int_equal(lab_events("promising", "thaw", &e), 1);
    assert_int_equal(e.trial, 4);
    assert_int_equal(lab_rows("promising", &rows), 4);
    assert_int_equal(rows[3].state, TRIAL_COMPLETE);
    free(rows);
}

static void a_rule_that_would_have_ended_the_best_ends_nothing(void **state)
{
    (void)state;
    struct trial_row *rows;
    struct event_row e;
    struct err err = {0};
    begin("off", 0.3, small, NULL);
    struct store *store = store_open(lab_file("off", "study.db"), &err);
    for (int step = 2; step < 6; step += 2) /* the best rose at the very end */
        assert_true(store_value_put(store, 2, "finetune", step, "val_accuracy", 0.2, 0, &err));
    store_close(store);
    /* at 10 %, that is at step 2, the fourth is none of the best third, and neither would the best have been */
    struct params p = settings("max_trials=4", "prune=asha", "seed=1");
    struct lab_state s = lab_whole("off", &p);
    assert_string_equal(s.state, "complete");
    assert_int_equal(lab_rows("off", &rows), 4);
    assert_int_equal(rows[3].state, TRIAL_COMPLETE);
    assert_int_equal(lab_events("off", "prune_off", &e), 1);
    assert_string_equal(e.text, "asha is off: it would have stopped trial 2, the best so far, at step 2");
    free(rows);
}

static void a_search_ends_when_its_time_is_up(void **state)
{
    (void)state;
    struct trial_row *rows;
    begin("time", 0.3, small, NULL); /* 10 s each, by the record of an earlier process */
    struct params p = settings("max_trials=9", "prune=none", "max_seconds=30");
    struct lab_state s = lab_whole("time", &p);
    assert_string_equal(s.state, "complete");
    assert_non_null(strstr(s.message, "max_seconds 30 reached after 30 s"));
    assert_int_equal(lab_rows("time", &rows), 3);
    free(rows);
    p = settings("max_trials=4", "prune=none", "max_seconds=31"); /* there is a second left: one more begins */
    s = lab_whole("time", &p);
    assert_int_equal(lab_rows("time", &rows), 4);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hopeless_trial_is_stopped_and_the_record_says_so),
        cmocka_unit_test(a_study_cut_short_decides_and_proposes_the_same),
        cmocka_unit_test(a_killed_study_decides_and_proposes_the_same),
        cmocka_unit_test(a_thawed_trial_ends_as_if_it_had_never_been_stopped),
        cmocka_unit_test(the_search_itself_thaws_what_looks_best),
        cmocka_unit_test(a_rule_that_would_have_ended_the_best_ends_nothing),
        cmocka_unit_test(a_search_ends_when_its_time_is_up),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
