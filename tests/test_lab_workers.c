/* Several workers in one study: no trial twice, none lost, the same bytes as with one worker; commands find their trial;
 * a teacher is trained once; and a study that was killed goes on with all that ran. */
#include "lab_fixture.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/lab_json.h"
#include "../src/search/space.h"
#include "scratch.h"

#define P(...) lab_params("workers=2", "threads=2", __VA_ARGS__ __VA_OPT__(, ) NULL)
#define LONG "transfer_steps=100000", "search.lambda=log 0.001 0.01 4"

static void ended_well(const struct lab_state *s)
{
    if (strcmp(s->state, "complete") != 0)
        fail_msg("%s: %s", s->state, s->message);
}

static void wait_for_news(struct lab *lab)
{
    struct pollfd p = {.fd = lab_wakefd(lab), .events = POLLIN};
    poll(&p, 1, 1000);
}

/* Waits until both workers are in that stage at that step or beyond. */
static struct lab_state both_reach(struct lab *lab, const char *stage, int step)
{
    struct lab_state s;
    for (double since = clock_seconds(); clock_seconds() - since < 300; wait_for_news(lab)) {
        int n = 0;
        lab_snapshot(lab, &s);
        for (int i = 0; i < s.n_workers; i++)
            n += strcmp(s.workers[i].stage, stage) == 0 && s.workers[i].step >= step;
        if (n == 2)
            return s;
        if (s.ended)
            fail_msg("ended before step %d of %s: %s %s", step, stage, s.state, s.message);
    }
    fail_msg("step %d of %s was not reached", step, stage);
    return s;
}

static const struct lab_worker *worker_of(const struct lab_state *s, int trial)
{
    for (int i = 0; i < s->n_workers; i++)
        if (s->workers[i].trial == trial)
            return &s->workers[i];
    fail_msg("no worker runs trial %d", trial);
    return NULL;
}

static struct lab_ack set_of(struct lab *lab, int trial, double lambda)
{
    return lab_ask_cmd(lab,
                       (struct lab_cmd){.op = LAB_SET, .trial = trial, .n = 1, .key = {"lambda"}, .value = {lambda}});
}

static void equal_weights(const char *a, const char *b, int trials)
{
    for (int i = 1; i <= trials; i++) {
        char name[64];
        size_t n, m;
        snprintf(name, sizeof name, "trial-%04d/student.safetensors", i);
        void *x = scratch_read(lab_file(a, name), &n), *y = scratch_read(lab_file(b, name), &m);
        if (n != m || memcmp(x, y, n) != 0)
            fail_msg("trial %d of %s and of %s differ", i, a, b);
        free(x);
        free(y);
    }
}

/* How many trials of a study have trained a teacher. */
static int teachers_of(const char *study)
{
    struct err err = {0};
    struct series_row *series;
    struct trial_row *rows;
    int n = lab_rows(study, &rows), found = 0;
    struct store *store = store_open_readonly(lab_file(study, "study.db"), &err);
    for (int i = 0; i < n; i++) {
        int m = store_series(store, rows[i].number, &series, &err);
        for (int k = 0; k < m; k++)
            if (strcmp(series[k].stage, "teacher") == 0 && strcmp(series[k].key, "loss") == 0)
                found++;
        free(series);
    }
    store_close(store);
    free(rows);
    return found;
}

/* ---- whole studies ---- */

static void two_workers_do_what_one_does(void **state)
{
    (void)state;
    struct params one = lab_params("search.lambda=log 0.001 0.01 5", "teacher_lr=0.011", NULL);
    struct params two = P("search.lambda=log 0.001 0.01 5", "teacher_lr=0.011");
    struct trial_row *a, *b;
    struct lab_state s = lab_whole("two", &two); /* first: it has no teacher yet */
    ended_well(&s);
    assert_true(s.n_workers == 2 && s.trials_done == 5 && s.trials_planned == 5);
    assert_non_null(strstr(s.device, "2 workers of 1 thread"));
    assert_int_equal(teachers_of("two"), 1);
    struct lab_state t = lab_whole("one", &one);
    ended_well(&t);
    assert_int_equal(t.n_workers, 1);
    assert_int_equal(teachers_of("one"), 0);
    equal_weights("one", "two", 5);
    assert_int_equal(lab_rows("one", &a), 5);
    assert_int_equal(lab_rows("two", &b), 5);
    for (int i = 0; i < 5; i++) {
        assert_true(a[i].number == b[i].number && a[i].ask_id == b[i].ask_id && a[i].seed == b[i].seed);
        assert_true(a[i].param_value[0] == b[i].param_value[0] && a[i].val_accuracy == b[i].val_accuracy);
        assert_int_equal(b[i].state, TRIAL_COMPLETE);
        assert_int_equal(isnan(a[i].test_accuracy), isnan(b[i].test_accuracy));
    }
    assert_int_equal(s.best_trial, t.best_trial);
    free(a);
    free(b);
}

static void repeats_and_searches_are_shared_out(void **state)
{
    (void)state;
    struct trial_row *rows;
    bool seen[2][4] = {{false}};
    struct params p = lab_params("workers=3", "method=none", "finetune_steps=2", "search.finetune_lr=log 0.01 0.1 2",
                                 "repeats=3", "search_repeats=2", "seed=5", NULL);
    struct lab_state s = lab_whole("shared-out", &p);
    ended_well(&s);
    assert_true(s.trials_done == 8 && s.trials_planned == 8);
    assert_int_equal(lab_rows("shared-out", &rows), 8);
    for (int i = 0; i < 8; i++) {
        const struct trial_row *r = &rows[i];
        int k = r->kind == TRIAL_REPEAT ? 1 + r->repeat : r->ask_id;
        assert_true(r->search_no == i / 4 && k < 4 && !seen[r->search_no][k]);
        seen[r->search_no][k] = true;
        assert_int_equal(r->state, TRIAL_COMPLETE);
        assert_int_equal(r->seed, 5 + r->search_no + r->repeat);
        if (r->kind == TRIAL_REPEAT)
            assert_false(isnan(r->test_accuracy));
    }
    free(rows);
}

static void more_workers_than_trials(void **state)
{
    (void)state;
    struct params p = lab_params("workers=4", "threads=1", "search.lambda=log 0.001 0.01 2", NULL);
    struct lab_state s = lab_whole("more", &p);
    ended_well(&s);
    assert_int_equal(s.trials_done, 2);
}

static void a_failing_trial_ends_no_other(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.000001 1000000 2", "transfer_lr=1", "transfer_steps=20");
    struct trial_row *rows;
    struct lab_state s = lab_whole("failing", &p);
    ended_well(&s);
    assert_int_equal(s.trials_failed, 1);
    assert_int_equal(lab_rows("failing", &rows), 2);
    assert_true(rows[0].state == TRIAL_COMPLETE && rows[1].state == TRIAL_DIVERGED);
    free(rows);
}

/* ---- commands ---- */

static void a_pause_is_of_all_and_commands_find_their_trial(void **state)
{
    (void)state;
    struct params p = P(LONG);
    struct lab *lab = lab_begin("pause-two", &p);
    struct trial_row *rows;
    struct event_row e;
    struct lab_state s = both_reach(lab, "transfer", 2), later;
    assert_int_equal(s.trial, 1); /* the lowest-numbered leads */
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0);
    assert_true(a.ok && a.trial == 1);
    assert_false(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    assert_string_equal(s.state, "paused");
    assert_int_equal(lab_rows("pause-two", &rows), 2);
    assert_true(rows[0].state == TRIAL_PAUSED && rows[1].state == TRIAL_PAUSED);
    free(rows);
    assert_int_equal(lab_events("pause-two", "pause", NULL), 2);
    a = set_of(lab, 2, 0.5);
    assert_true(a.ok && a.trial == 2 && fabs(a.before - 0.001 * pow(10, 1 / 3.0)) < 1e-9 && a.after == 0.5);
    a = set_of(lab, 0, 0.25);
    assert_true(a.ok && a.trial == 1);
    a = set_of(lab, 7, 0.25);
    assert_false(a.ok);
    assert_string_equal(a.message, "trial 7 does not run now: running are 1, 2");
    lab_snapshot(lab, &later);
    for (int i = 1; i <= 2; i++)
        assert_int_equal(worker_of(&s, i)->step, worker_of(&later, i)->step);
    assert_true(worker_of(&later, 1)->lambda == 0.25 && worker_of(&later, 2)->lambda == 0.5);
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    assert_int_equal(lab_events("pause-two", "resume", NULL), 2);
    both_reach(lab, "transfer",
               2 + (worker_of(&s, 1)->step > worker_of(&s, 2)->step ? worker_of(&s, 1) : worker_of(&s, 2))->step);
    /* a skip of the second alone */
    a = lab_ask_cmd(lab, (struct lab_cmd){.op = LAB_SKIP, .trial = 2});
    assert_true(a.ok && a.trial == 2);
    assert_int_equal(lab_events("pause-two", "skip", &e), 1);
    assert_int_equal(e.trial, 2);
    struct lab_probe probe;
    a = lab_ask_cmd(lab, (struct lab_cmd){.op = LAB_PROBE, .trial = 1});
    assert_true(a.ok && a.trial == 1 && lab_probe_answer(lab, a.id, &probe));
    assert_true(lab_ask(lab, LAB_STOP, NULL, 0).ok);
    s = lab_end(lab);
    assert_string_equal(s.state, "stopped");
    int n = lab_rows("pause-two", &rows), stopped = 0;
    for (int i = 0; i < n; i++)
        stopped += rows[i].state == TRIAL_STOPPED;
    assert_int_equal(stopped, 2); /* the second may have ended, and a third begun */
    free(rows);
}

static void a_paused_study_of_two_has_given_its_nets_back(void **state)
{
    (void)state;
    struct params p = P(LONG);
    struct lab *lab = lab_begin("asleep-two", &p);
    char path[600], aside[600];
    both_reach(lab, "transfer", 1);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    snprintf(path, sizeof path, "%s", lab_file("asleep-two", "trial-0002/state.safetensors"));
    snprintf(aside, sizeof aside, "%s", lab_file("asleep-two", "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    struct lab_state s = lab_end(lab); /* an error of the disk fails the study; the other trial is saved */
    assert_string_equal(s.state, "failed");
    assert_non_null(strstr(s.message, "trial-0002"));
    struct trial_row *rows;
    assert_int_equal(lab_rows("asleep-two", &rows), 2);
    assert_int_equal(rows[0].state, TRIAL_PAUSED);
    free(rows);
    assert_int_equal(rename(aside, path), 0);
}

static void what_is_enqueued_and_cloned_runs_beside(void **state)
{
    (void)state;
    struct params p = P("search=random", "search.lambda=log 0.001 0.01", "max_trials=3", "transfer_steps=100000");
    struct lab *lab = lab_begin("beside", &p);
    struct trial_row *rows;
    both_reach(lab, "transfer", 1);
    assert_true(lab_ask(lab, LAB_ENQUEUE, "lambda", 0.005).ok);
    struct lab_ack a = lab_ask_cmd(
        lab, (struct lab_cmd){.op = LAB_CLONE, .trial = 2, .warm = true, .n = 1, .key = {"lambda"}, .value = {0.25}});
    if (!a.ok)
        fail_msg("%s", a.message);
    assert_int_equal(a.clone, 4);
    bool gone[5] = {false};
    struct lab_state s;
    for (int done = 0; done < 4; wait_for_news(lab)) { /* let each go when it comes */
        lab_snapshot(lab, &s);
        for (int i = 0; i < 2; i++) {
            int trial = s.workers[i].trial;
            if (strcmp(s.workers[i].stage, "transfer") == 0 && trial <= 4 && !gone[trial]) {
                gone[trial] = lab_ask_cmd(lab, (struct lab_cmd){.op = LAB_SKIP, .trial = trial}).ok;
                done += gone[trial];
            }
        }
    }
    s = lab_end(lab);
    ended_well(&s);
    assert_int_equal(lab_rows("beside", &rows), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rows[i].state, TRIAL_COMPLETE);
    assert_true(rows[2].kind == TRIAL_MANUAL && rows[2].ask_id == 2 && rows[2].param_value[0] == 0.005);
    assert_true(rows[3].kind == TRIAL_MANUAL && rows[3].ask_id == -1);
    free(rows);
}

/* ---- from process to process ---- */

static void all_that_ran_go_on(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=400", "search.lambda=log 0.001 0.01 3");
    struct params one = lab_params("transfer_steps=400", "search.lambda=log 0.001 0.01 3", NULL);
    struct event_row *events;
    struct err err = {0};
    struct lab *lab = lab_begin("go-on", &p);
    both_reach(lab, "transfer", 5);
    lab_close(lab);
    lab = lab_begin("go-on", &p);
    struct lab_state s = both_reach(lab, "transfer", 6);
    assert_true(s.trial == 1 && s.resumed_at >= 5);
    assert_true(worker_of(&s, 2)->step >= 5);
    lab_close(lab);
    s = lab_whole("go-on", &one); /* and by one worker */
    ended_well(&s);
    assert_int_equal(s.trials_done, 3);
    struct store *store = store_open_readonly(lab_file("go-on", "study.db"), &err);
    int n = store_events(store, -1, 0, &events, &err), resumed[4] = {0};
    for (int i = 0; i < n; i++)
        if (strcmp(events[i].kind, "resumed_at") == 0)
            resumed[events[i].trial]++;
    assert_true(resumed[1] == 2 && resumed[2] == 2 && resumed[3] == 0);
    free(events);
    store_close(store);
    s = lab_whole("go-on-straight", &one);
    equal_weights("go-on-straight", "go-on", 3);
}

/* Checkpoints of that trial in that stage. */
static int checkpoints(const char *study, int trial, const char *stage)
{
    struct err err = {0};
    struct checkpoint_row *rows;
    struct store *store = store_open_readonly(lab_file(study, "study.db"), &err);
    int n = store ? store_checkpoints(store, trial, &rows, &err) : 0, found = 0;
    for (int i = 0; i < n; i++)
        found += strcmp(rows[i].stage, stage) == 0;
    if (n > 0)
        free(rows);
    if (store)
        store_close(store);
    return found;
}

/* kill -9 as soon as the trials have so many checkpoints of that stage. */
static void kill_at(const char *study, const struct params *p, const char *stage, int first, int second)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        lab_begin(study, p);
        for (;;)
            pause();
    }
    while (checkpoints(study, 1, stage) < first || checkpoints(study, 2, stage) < second)
        usleep(1000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void a_killed_study_of_two_goes_on_from_both_checkpoints(void **state)
{
    (void)state;
    static const char *const more[] = {"transfer_steps=200", "teacher_steps=100", "teacher_lr=0.012",
                                       "search.lambda=log 0.001 0.01 3"};
    struct params p = P(more[0], more[1], more[2], more[3]);
    struct params one = lab_params(more[0], more[1], more[2], more[3], NULL);
    struct event_row e;
    kill_at("killed-two", &p, "teacher", 2, 0); /* while the second waits for the teacher */
    assert_int_equal(checkpoints("killed-two", 2, "teacher"), 0);
    kill_at("killed-two", &p, "transfer", 2, 2);
    int resumed = lab_events("killed-two", "resumed_at", NULL);
    assert_int_equal(resumed, 1);
    struct lab_state s = lab_whole("killed-two", &p);
    ended_well(&s);
    assert_int_equal(lab_events("killed-two", "resumed_at", &e), 3);
    assert_string_equal(e.stage, "transfer");
    assert_int_equal(teachers_of("killed-two"), 1);
    s = lab_whole("not-killed", &one);
    ended_well(&s);
    equal_weights("not-killed", "killed-two", 3);
}

/* ---- asks with trials out ---- */

static void what_an_ask_knew_is_read_back(void **state)
{
    (void)state;
    struct space space = {0};
    const int told[] = {4, 2};
    int *ids;
    char *json = lab_ask_json(NULL, &space, told, 2);
    assert_string_equal(json, "{\"told\":[4,2]}");
    assert_int_equal(lab_told_of_json(json, &ids), 2);
    assert_true(ids[0] == 4 && ids[1] == 2);
    free(ids);
    free(json);
    json = lab_ask_json(NULL, &space, told, 0);
    assert_int_equal(lab_told_of_json(json, &ids), 0);
    free(ids);
    free(json);
    json = lab_ask_json(NULL, &space, told, -1);
    assert_string_equal(json, "{}");
    assert_int_equal(lab_told_of_json(json, &ids), -1);
    free(json);
    assert_int_equal(lab_told_of_json("{\"told\":", &ids), -1);
}

static void copy_study(const char *from, const char *to)
{
    char command[1400];
    snprintf(command, sizeof command, "cp -r '%s' '%s'", lab_file(from, ""), lab_file(to, ""));
    assert_int_equal(system(command), 0);
}

/* Each took up the journal of two workers: the next point follows from it. */
static void a_journal_of_two_is_replayed_by_any(void **state)
{
    (void)state;
    static const char *const names[] = {"asks-1", "asks-2", "asks-3"};
    struct params p = P("method=none", "finetune_steps=3", "search=bo", "search.finetune_lr=log 0.001 0.1",
                        "max_trials=9", "limit_max_accuracy_count=8");
    struct trial_row *rows[3];
    struct lab_state s = lab_whole("asks-two", &p);
    ended_well(&s);
    int n = lab_rows("asks-two", &rows[0]);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            assert_true(rows[0][i].param_value[0] != rows[0][k].param_value[0]);
    free(rows[0]);
    struct err err = {0};
    struct store *store = store_open_readonly(lab_file("asks-two", "study.db"), &err);
    char *knew = store_ask_get(store, 0, 1, &err); /* the second was asked for while the first ran */
    assert_string_equal(knew, "{\"told\":[]}");
    free(knew);
    store_close(store);
    for (int i = 0; i < 3; i++) {
        copy_study("asks-two", names[i]);
        p.workers = i + 1;
        p.max_trials = 10;
        p.limit_max_accuracy_count = 20;
        s = lab_whole(names[i], &p);
        ended_well(&s);
        assert_int_equal(lab_rows(names[i], &rows[i]), n == 9 ? 10 : n);
        assert_true(memcmp(rows[i][9].param_value, rows[0][9].param_value, sizeof(double)) == 0);
    }
    for (int i = 0; i < 3; i++)
        free(rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_workers_do_what_one_does),
        cmocka_unit_test(repeats_and_searches_are_shared_out),
        cmocka_unit_test(more_workers_than_trials),
        cmocka_unit_test(a_failing_trial_ends_no_other),
        cmocka_unit_test(a_pause_is_of_all_and_commands_find_their_trial),
        cmocka_unit_test(a_paused_study_of_two_has_given_its_nets_back),
        cmocka_unit_test(what_is_enqueued_and_cloned_runs_beside),
        cmocka_unit_test(all_that_ran_go_on),
        cmocka_unit_test(a_killed_study_of_two_goes_on_from_both_checkpoints),
        cmocka_unit_test(what_an_ask_knew_is_read_back),
        cmocka_unit_test(a_journal_of_two_is_replayed_by_any),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
