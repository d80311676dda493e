/* lab: whole studies in miniature, commands while they run, and what is left when something goes wrong. */
#include "lab_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/io/fsutil.h"
#include "../src/io/safetensors.h"
#include "../src/io/synth.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__ __VA_OPT__(, ) NULL)

static void ended_well(const struct lab_state *s)
{
    if (strcmp(s->state, "complete") != 0)
        fail_msg("%s: %s", s->state, s->message);
    assert_int_equal(s->exit_status, 0);
    assert_true(s->ended);
}

/* ---- a whole study ---- */

static void a_study_completes_and_is_recorded(void **state)
{
    (void)state;
    struct params p = P();
    struct lab_state s = lab_whole("whole", &p);
    struct trial_row *rows;
    ended_well(&s);
    assert_int_equal(s.trial, 1);
    assert_string_equal(s.stage, "done");
    assert_int_equal(s.resumed_at, -1);
    assert_int_equal(s.trials_done, 1);
    assert_int_equal(s.best_trial, 1);
    assert_int_equal(lab_rows("whole", &rows), 1);
    assert_int_equal(rows[0].state, TRIAL_COMPLETE);
    assert_true(rows[0].val_accuracy == s.best_accuracy && rows[0].val_accuracy >= 0);
    assert_true(rows[0].seconds_transfer > 0 && rows[0].seconds_finetune > 0);
    assert_false(rows[0].edited);
    assert_int_equal(access(lab_file("whole", "trial-0001/student.safetensors"), R_OK), 0);
    free(rows);
    /* a complete study is not run again */
    int events = lab_events("whole", NULL, NULL);
    s = lab_whole("whole", &p);
    ended_well(&s);
    assert_int_equal(lab_rows("whole", &rows), 1);
    assert_int_equal(lab_events("whole", NULL, NULL), events);
    free(rows);
}

static void every_step_is_recorded(void **state)
{
    (void)state;
    struct params p = P("threads=2");
    struct lab_state s = lab_whole("curves", &p);
    struct err err = {0};
    struct value_row *v;
    ended_well(&s);
    struct store *store = store_open_readonly(lab_file("curves", "study.db"), &err);
    static const char *const curves[][2] = {{"transfer", "loss"}, {"transfer", "fsp1"}, {"transfer", "fsp3"},
                                            {"finetune", "ce"},   {"finetune", "lr"},   {"finetune", "train_accuracy"}};
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        int n = store_values(store, 1, curves[i][0], curves[i][1], &v, &err);
        assert_int_equal(n, 6);
        for (int k = 0; k < n; k++)
            assert_true(v[k].step == k + 1 && isfinite(v[k].value));
        free(v);
    }
    assert_int_equal(store_values(store, 1, "finetune", "val_accuracy", &v, &err), 2); /* at 4 and at the end */
    assert_true(v[0].step == 4 && v[1].step == 6);
    free(v);
    float *g = NULL;
    int at, m, n;
    bool found = false;
    assert_true(store_fsp_get(store, 1, "transfer", 100, 1, 'T', &at, &m, &n, &g, &found, &err));
    assert_true(found && m == 16 && n == 16);
    free(g);
    store_close(store);
}

static void every_method_completes(void **state)
{
    (void)state;
    static const char *const methods[] = {"method=none", "method=kd", "method=hint", "method=fsp"};
    static const char *const names[] = {"m-none", "m-kd", "m-hint", "m-fsp"};
    static const char *const lost[][2] = {
        {"finetune", "ce"}, {"finetune", "kd"}, {"transfer", "hint"}, {"transfer", "fsp2"}};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct params p = P(methods[i]);
        struct err err = {0};
        struct value_row *v;
        struct lab_state s = lab_whole(names[i], &p);
        ended_well(&s);
        struct store *store = store_open_readonly(lab_file(names[i], "study.db"), &err);
        assert_int_equal(store_values(store, 1, lost[i][0], lost[i][1], &v, &err), 6);
        free(v);
        store_close(store);
    }
}

static void the_test_set_is_opened_for_the_recommended_only(void **state)
{
    (void)state;
    struct trial_row *rows;
    struct params p = P("search.lambda=log 0.001 0.01 2", "repeats=2", "transfer_steps=2", "finetune_steps=2");
    struct lab_state s = lab_whole("sel-val", &p);
    ended_well(&s);
    assert_int_equal(lab_rows("sel-val", &rows), 3);
    for (int i = 0; i < 3; i++) {
        bool chosen = rows[i].number == s.best_trial || rows[i].kind == TRIAL_REPEAT;
        assert_int_equal(isnan(rows[i].test_accuracy), !chosen);
    }
    free(rows);
    p = P("search.lambda=log 0.001 0.01 2", "select=test", "transfer_steps=2", "finetune_steps=2");
    s = lab_whole("sel-test", &p);
    ended_well(&s);
    assert_int_equal(lab_rows("sel-test", &rows), 2);
    for (int i = 0; i < 2; i++)
        assert_true(rows[i].test_accuracy == rows[i].val_accuracy && rows[i].test_accuracy >= 0);
    free(rows);
}

static void repeats_and_searches_give_their_rows(void **state)
{
    (void)state;
    struct trial_row *rows;
    struct params p = P("method=none", "finetune_steps=2", "search.finetune_lr=log 0.01 0.1 2", "repeats=3",
                        "search_repeats=2", "seed=5");
    struct lab_state s = lab_whole("repeats", &p);
    ended_well(&s);
    assert_int_equal(s.trials_done, 8);
    assert_int_equal(s.trials_planned, 8);
    assert_int_equal(lab_rows("repeats", &rows), 8);
    for (int i = 0; i < 8; i++) {
        int search = i / 4, k = i % 4;
        const struct trial_row *r = &rows[i];
        assert_int_equal(r->number, i + 1);
        assert_int_equal(r->search_no, search);
        assert_int_equal(r->kind, k < 2 ? TRIAL_SEARCH : TRIAL_REPEAT);
        assert_int_equal(r->repeat, k < 2 ? 0 : k - 1);
        assert_int_equal(r->seed, 5 + search + r->repeat);
        assert_int_equal(r->state, TRIAL_COMPLETE);
        assert_int_equal(r->n_params, 1);
        if (k < 2)
            assert_int_equal(r->ask_id, k);
        else
            assert_true(r->param_value[0] == rows[4 * search + r->ask_id].param_value[0] && !isnan(r->test_accuracy));
    }
    free(rows);
}

static void a_teacher_of_no_steps_is_no_endless_one(void **state)
{
    (void)state;
    struct params p = P("teacher_steps=0");
    struct lab_state s = lab_whole("untaught", &p);
    ended_well(&s);
}

/* ---- commands ---- */

static void nothing_moves_while_paused(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("pause", &p);
    lab_reach(lab, "transfer", 3);
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0);
    assert_true(a.ok && a.trial == 1 && a.step >= 3);
    assert_string_equal(a.stage, "transfer");
    assert_false(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    struct lab_state s;
    lab_snapshot(lab, &s);
    assert_string_equal(s.state, "paused");
    assert_int_equal(s.step, a.step);
    struct trial_row *rows;
    assert_int_equal(lab_rows("pause", &rows), 1);
    assert_int_equal(rows[0].state, TRIAL_PAUSED);
    free(rows);
    for (int i = 0; i < 5; i++) {
        usleep(20000);
        assert_int_equal(lab_ask(lab, LAB_SET, "nonsense", 1).step, a.step);
    }
    struct lab_ack b = lab_ask(lab, LAB_RESUME, NULL, 0);
    assert_true(b.ok && b.step == a.step);
    lab_reach(lab, "transfer", a.step + 2);
    assert_false(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    assert_true(lab_ask(lab, LAB_STOP, NULL, 0).ok);
    s = lab_end(lab);
    assert_string_equal(s.state, "stopped");
    assert_int_equal(s.exit_status, 130);
    struct event_row e;
    assert_int_equal(lab_events("pause", "resume", &e), 1);
    assert_int_equal(e.step, a.step);
}

static void a_live_change_is_acknowledged_and_recorded(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000", "transfer_lr=0.001");
    struct lab *lab = lab_begin("set", &p);
    struct event_row e;
    struct lab_state s;
    static const struct {
        const char *key;
        double value, before;
    } sets[] = {{"lambda", 0.5, 0.01},
                {"lambda2", 0.25, 1},
                {"lr", 0.002, 0.001},
                {"lambda", 0, 0.5},
                {"finetune_lr", 0.3, 0.01}};
    lab_reach(lab, "transfer", 1);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct lab_ack a = lab_ask(lab, LAB_SET, sets[i].key, sets[i].value);
        if (!a.ok)
            fail_msg("%s", a.message);
        assert_true(a.before == sets[i].before && a.after == sets[i].value);
        assert_int_equal(a.trial, 1);
        assert_int_equal(lab_events("set", "set", &e), (int)i + 1);
        assert_true(e.step == a.step && e.trial == 1 && e.before == a.before && e.after == a.after);
        assert_string_equal(e.key, sets[i].key);
        assert_string_equal(e.stage, "transfer");
    }
    lab_snapshot(lab, &s);
    assert_true(s.edited && s.lambda == 0 && s.lambda_i[1] == 0.25 && s.lr == 0.002);
    assert_int_equal(s.last_event, e.id);
    lab_ask(lab, LAB_STOP, NULL, 0);
    lab_end(lab);
    /* the changes hold in the next process, and the count of events goes on */
    lab = lab_begin("set", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    lab_events("set", NULL, &e);
    assert_true(s.edited && s.lambda == 0 && s.lambda_i[1] == 0.25 && s.base_lr == 0.002);
    assert_int_equal(s.last_event, e.id);
    lab_close(lab);
    struct trial_row *rows;
    assert_int_equal(lab_rows("set", &rows), 1);
    assert_true(rows[0].edited && rows[0].state == TRIAL_PAUSED);
    free(rows);
}

static void a_refused_change_changes_nothing(void **state)
{
    (void)state;
    struct params p = P("teacher_steps=100000");
    struct lab *lab = lab_begin("refused", &p);
    struct lab_state s;
    static const struct {
        const char *key;
        double value;
    } sets[] = {{"lamda", 1},        {"", 1},         {"batch", 10},        {"seed", 2},
                {"lambda", -1},      {"lambda", 1e7}, {"lambda", NAN},      {"lambda3", INFINITY},
                {"teacher_lr", 0.5}, {"lr", 0.5},     {"kd_temperature", 2}};
    lab_reach(lab, "teacher", 1);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct lab_ack a = lab_ask(lab, LAB_SET, sets[i].key, sets[i].value);
        if (a.ok || !a.message[0])
            fail_msg("%s = %g was taken", sets[i].key, sets[i].value);
    }
    lab_snapshot(lab, &s);
    assert_true(!s.edited && s.lambda == 0.01 && s.base_lr == 0.01 && s.lambda_i[2] == 1);
    assert_int_equal(lab_events("refused", NULL, NULL), 0);
    lab_close(lab);
}

static void an_edited_trial_is_no_evidence(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.001 0.01 2", "finetune_steps=2");
    struct lab *lab = lab_begin("edited", &p);
    assert_true(lab_ask(lab, LAB_SET, "lambda", 0.1).ok);
    struct lab_state s = lab_end(lab);
    struct trial_row *rows;
    ended_well(&s);
    assert_int_equal(s.best_trial, 2);
    assert_int_equal(lab_rows("edited", &rows), 2);
    assert_true(rows[0].edited && !rows[1].edited);
    assert_true(rows[0].state == TRIAL_COMPLETE && rows[0].val_accuracy >= 0 && isnan(rows[0].test_accuracy));
    assert_true(rows[1].test_accuracy >= 0);
    free(rows);
    /* where it is the only one, there is nothing to recommend, but nothing failed either */
    p = P();
    lab = lab_begin("edited-alone", &p);
    assert_true(lab_ask(lab, LAB_SET, "lambda", 0.1).ok);
    s = lab_end(lab);
    ended_well(&s);
    assert_int_equal(s.best_trial, 0);
}

static void enqueue(struct lab *lab, double lambda)
{
    struct lab_ack a = lab_ask(lab, LAB_ENQUEUE, "lambda", lambda);
    if (!a.ok)
        fail_msg("%s", a.message);
}

static void enqueued_points_are_run_once_and_in_order(void **state)
{
    (void)state;
    struct params p = P("search.lambda=linear 0.01 0.03 2", "transfer_lr=0.0001", "finetune_steps=2");
    struct lab *lab = lab_begin("enqueue", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    enqueue(lab, 0.02);
    enqueue(lab, 0.025);
    assert_false(lab_ask(lab, LAB_ENQUEUE, "lambda", 0.04).ok);
    assert_false(lab_ask(lab, LAB_ENQUEUE, "transfer_lr", 0.02).ok);
    lab_close(lab); /* in the first trial */
    lab = lab_begin("enqueue", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    enqueue(lab, 0.015); /* behind those of the process before */
    assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
    struct lab_state s;
    do {
        usleep(1000);
        lab_snapshot(lab, &s);
    } while (s.trial < 2 && !s.ended);
    lab_close(lab); /* in an enqueued one, if not later */
    s = lab_whole("enqueue", &p);
    ended_well(&s);
    static const double lambda[] = {0.01, 0.02, 0.025, 0.015, 0.03};
    struct trial_row *rows;
    assert_int_equal(lab_rows("enqueue", &rows), 5);
    for (int i = 0; i < 5; i++) {
        assert_true(rows[i].param_value[0] == lambda[i]);
        assert_int_equal(rows[i].kind, i == 0 || i == 4 ? TRIAL_SEARCH : TRIAL_MANUAL);
        assert_int_equal(rows[i].ask_id, i);
        assert_int_equal(rows[i].state, TRIAL_COMPLETE);
    }
    free(rows);
}

static void a_flood_of_commands_is_refused_not_lost(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("flood", &p);
    int taken = 0;
    for (int i = 0; i < 1000; i++) /* much faster than steps */
        taken +=
            lab_post(lab, (struct lab_cmd){.op = LAB_SET, .id = 1000000 + (uint64_t)i, .key = {"nonsense"}, .n = 1});
    assert_true(taken >= 64);
    struct lab_state s;
    assert_true(lab_post(lab, (struct lab_cmd){.op = LAB_STOP, .id = 7}) || taken < 1000);
    lab_snapshot(lab, &s);
    lab_close(lab);
}

static void closing_after_the_end_does_not_wait_for_a_reader(void **state)
{
    (void)state;
    struct params p = P("method=none", "finetune_steps=1");
    struct lab *lab = lab_begin("late", &p);
    struct lab_state s;
    do {
        usleep(1000);
        lab_snapshot(lab, &s);
    } while (!s.ended);
    for (int i = 0; i < 100; i++)
        lab_post(lab, (struct lab_cmd){.op = LAB_PAUSE, .id = 1});
    lab_close(lab);
}

/* ---- from process to process ---- */

static void a_stopped_study_goes_on_from_its_checkpoint(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=400");
    struct lab *lab = lab_begin("goes-on", &p);
    lab_reach(lab, "transfer", 5);
    struct lab_ack a = lab_ask(lab, LAB_STOP, NULL, 0);
    struct lab_state s = lab_end(lab);
    struct trial_row *rows;
    assert_string_equal(s.state, "stopped");
    assert_int_equal(lab_rows("goes-on", &rows), 1);
    assert_int_equal(rows[0].state, TRIAL_STOPPED);
    free(rows);
    lab = lab_begin("goes-on", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    assert_int_equal(s.resumed_at, a.step);
    assert_string_equal(s.resumed_stage, "transfer");
    assert_true(s.step >= a.step);
    struct event_row e;
    assert_int_equal(lab_events("goes-on", "resumed_at", &e), 1);
    assert_int_equal(e.step, a.step);
    lab_close(lab);
}

static void a_moved_study_goes_on(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("moved", &p);
    lab_reach(lab, "transfer", 2);
    lab_close(lab);
    assert_int_equal(rename(lab_file("moved", ""), lab_file("elsewhere", "")), 0);
    lab = lab_begin("elsewhere", &p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    struct lab_state s;
    lab_snapshot(lab, &s);
    assert_true(s.resumed_at >= 2);
    lab_close(lab);
    assert_int_not_equal(access(lab_file("moved", "trial-0001"), F_OK), 0);
}

static void changed(const char *study, const struct params *p, const char *was, const char *is)
{
    struct err err = {0};
    assert_null(lab_open(study, lab_runs, p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.msg, was) || !strstr(err.msg, is))
        fail_msg("%s", err.msg);
}

static void changed_settings_are_refused_by_name(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    lab_close(lab_begin("changed", &p));
    p = P("transfer_steps=100000", "lambda=0.02");
    changed("changed", &p, "lambda=0.01", "lambda=0.02");
    p = P("transfer_steps=100001");
    changed("changed", &p, "transfer_steps=100000", "transfer_steps=100001");
    p = P("transfer_steps=100000", "select=test");
    changed("changed", &p, "select", "select=test");
    p = P("transfer_steps=100000", "threads=2",
          "checkpoint_steps=7"); /* these change no result, and ranges may be edited */
    lab_close(lab_begin("changed", &p));
    p = P("transfer_steps=100000", "search.lambda=log 0.01 0.1 2");
    lab_close(lab_begin("changed", &p));
}

static void a_study_is_run_by_one_process(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("busy", &p);
    struct err err = {0};
    char pid[32];
    assert_null(lab_open("busy", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_BUSY);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (!strstr(err.msg, pid))
        fail_msg("%s", err.msg);
    lab_close(lab);
    lab_close(lab_begin("busy", &p));
}

static void names_that_cannot_be_folders_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", ".", "..", ".x", "-x", "a/b", "/", "x2345678901234567890123456789012345678901234567890123456789012345"};
    struct params p = P();
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_null(lab_open(names[i], lab_runs, &p, &err));
        assert_int_equal(err.code, ERR_CONFIG);
    }
    /* names of trials' files are kept in 255 bytes */
    char deep[300];
    snprintf(deep, sizeof deep, "%s/", lab_scratch);
    for (size_t n = strlen(deep); n < 250; n++)
        deep[n] = n % 50 == 0 ? '/' : 'd', deep[n + 1] = 0;
    assert_null(lab_open("x", deep, &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
}

/* ---- what goes wrong ---- */

static void a_diverging_trial_does_not_end_the_study(void **state)
{
    (void)state;
    struct params p = P("search.lambda=log 0.000001 1000000 2", "transfer_lr=1", "transfer_steps=20");
    /* the grid goes from small to large: the second diverges */
    struct lab_state s = lab_whole("diverge", &p);
    struct trial_row *rows;
    ended_well(&s);
    assert_int_equal(s.trials_failed, 1);
    assert_int_equal(lab_rows("diverge", &rows), 2);
    assert_int_equal(rows[0].state, TRIAL_COMPLETE);
    assert_int_equal(rows[1].state, TRIAL_DIVERGED);
    assert_true(isnan(rows[1].val_accuracy));
    if (!strstr(rows[1].reason, "lambda") || !strstr(rows[1].reason, "transfer"))
        fail_msg("%s", rows[1].reason);
    assert_int_equal(lab_events("diverge", "diverged", NULL), 1);
    free(rows);
    p = P("transfer_lr=1", "transfer_steps=20", "lambda=1000000"); /* alone, it fails the study */
    s = lab_whole("diverge-alone", &p);
    assert_string_equal(s.state, "failed");
    assert_int_equal(s.exit_status, 1);
    assert_true(s.message[0] != 0);
}

/* The student of a study as a teacher's file, changed by CHANGE. */
static const char *teacher_file(const char *name, void (*change)(struct st_file *))
{
    struct st_file f;
    struct err err = {0};
    struct params p = P();
    struct lab_state s = lab_whole("donor", &p);
    ended_well(&s);
    if (!st_read(&f, lab_file("donor", "trial-0001/student.safetensors"), &err))
        fail_msg("%s", err.msg);
    change(&f);
    const char *path = scratch_path(lab_scratch, name);
    if (!st_write(&f, path, NULL, &err))
        fail_msg("%s", err.msg);
    st_release(&f);
    return path;
}

static void scale(struct st_file *f, const char *name, float by)
{
    const struct st_tensor *t = st_find(f, name);
    assert_non_null(t);
    float *v = t->data;
    for (size_t i = 0; i < t->bytes / sizeof *v; i++)
        v[i] *= by;
}

static void louder(struct st_file *f)
{
    scale(f, "bn1.weight", 100);
    scale(f, "bn1.bias", 100);
}

static void other_classes(struct st_file *f)
{
    st_meta(f, "classes", "5");
}

static void as_is(struct st_file *f)
{
    (void)f;
}

/* Beside a teacher whose maps are a hundred times larger, a student that is not pulled is below 1 %. */
static void a_collapse_is_flagged_after_twenty_steps(void **state)
{
    (void)state;
    char teacher[600];
    struct event_row e;
    struct trial_row *rows;
    snprintf(teacher, sizeof teacher, "teacher=%s", teacher_file("loud.safetensors", louder));
    struct params p = P(teacher, "lambda=0", "transfer_steps=19", "finetune_steps=1");
    struct lab_state s = lab_whole("collapse-19", &p);
    ended_well(&s);
    assert_false(s.collapsed);
    assert_int_equal(lab_events("collapse-19", "collapse", NULL), 0);
    p = P(teacher, "lambda=0", "transfer_steps=22", "finetune_steps=1");
    s = lab_whole("collapse-22", &p);
    ended_well(&s);
    assert_true(s.collapsed);
    assert_int_equal(lab_events("collapse-22", "collapse", &e), 1);
    assert_int_equal(e.step, 20);
    assert_int_equal(lab_rows("collapse-22", &rows), 1);
    assert_true(rows[0].collapsed);
    free(rows);
    snprintf(teacher, sizeof teacher, "teacher=%s", teacher_file("same.safetensors", as_is));
    p = P(teacher, "lambda=0", "transfer_steps=22", "finetune_steps=1");
    s = lab_whole("collapse-not", &p);
    ended_well(&s);
    assert_false(s.collapsed);
}

static void a_teacher_of_other_classes_is_refused(void **state)
{
    (void)state;
    char teacher[600];
    struct err err = {0};
    snprintf(teacher, sizeof teacher, "teacher=%s", teacher_file("five.safetensors", other_classes));
    struct params p = P(teacher);
    assert_null(lab_open("five", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_SHAPE);
    if (!strstr(err.msg, "five.safetensors") || !strstr(err.msg, "5 classes") || !strstr(err.msg, "10"))
        fail_msg("%s", err.msg);
    p = P("teacher=/nowhere/at-all.safetensors");
    assert_null(lab_open("five", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_IO);
    p = P("teacher=res14x2"); /* FSP matrices of other shapes */
    assert_null(lab_open("five", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_SHAPE);
}

static void a_damaged_checkpoint_fails_its_trial_only(void **state)
{
    (void)state;
    enum { TRUNCATED, FLIPPED, HEADER, EMPTY, DAMAGES };
    struct params p = P("search.lambda=log 0.001 0.01 2", "transfer_steps=2", "finetune_steps=2");
    for (int damage = 0; damage < DAMAGES; damage++) {
        char name[32];
        struct trial_row *rows;
        snprintf(name, sizeof name, "damaged-%d", damage);
        struct lab *lab = lab_begin(name, &p);
        assert_true(lab_ask(lab, LAB_STOP, NULL, 0).ok);
        lab_end(lab);
        char path[600];
        size_t n;
        snprintf(path, sizeof path, "%s", lab_file(name, "trial-0001/state.safetensors"));
        unsigned char *bytes = scratch_read(path, &n);
        assert_true(n > 10000);
        bytes[damage == HEADER ? 40 : n / 2] ^= 1;
        scratch_write(path, bytes, damage == TRUNCATED ? n / 3 : damage == EMPTY ? 0 : n);
        free(bytes);
        struct lab_state s = lab_whole(name, &p);
        ended_well(&s);
        assert_int_equal(s.best_trial, 2);
        assert_int_equal(s.trials_failed, 1);
        assert_int_equal(lab_rows(name, &rows), 2);
        assert_int_equal(rows[0].state, TRIAL_FAILED);
        if (!strstr(rows[0].reason, "trial-0001/state.safetensors"))
            fail_msg("%s", rows[0].reason);
        assert_int_equal(rows[1].state, TRIAL_COMPLETE);
        free(rows);
        s = lab_whole(name, &p); /* counted the same in the next process */
        assert_int_equal(s.trials_failed, 1);
    }
}

static void failed_and_continued(const char *name, const struct params *p, struct lab_state s)
{
    assert_string_equal(s.state, "failed");
    assert_int_equal(s.exit_status, 1);
    assert_true(s.message[0] != 0);
    struct lab *lab = lab_begin(name, p);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    lab_snapshot(lab, &s);
    assert_true(s.resumed_at >= 3);
    assert_string_equal(s.resumed_stage, "transfer");
    lab_close(lab);
}

/* That is no fault of the trial: it must not be given up for it. */
static void an_unreadable_checkpoint_fails_the_study_and_it_goes_on_later(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    char path[600], aside[600];
    struct lab *lab = lab_begin("unreadable", &p);
    lab_reach(lab, "transfer", 4);
    lab_close(lab);
    snprintf(path, sizeof path, "%s", lab_file("unreadable", "trial-0001/state.safetensors"));
    snprintf(aside, sizeof aside, "%s", lab_file("unreadable", "aside"));
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0755), 0); /* root reads every file, but no folder */
    struct lab_state s = lab_whole("unreadable", &p);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    if (!strstr(s.message, "state.safetensors"))
        fail_msg("%s", s.message);
    failed_and_continued("unreadable", &p, s);
}

static void a_full_disk_fails_the_study_and_it_goes_on_later(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("full", &p);
    lab_reach(lab, "transfer", 4); /* beyond a checkpoint */
    scratch_limit_files(50000);
    struct lab_state s = lab_end(lab);
    scratch_limit_files(-1);
    failed_and_continued("full", &p, s);
}

static void a_full_disk_at_the_last_moment_is_not_hushed_up(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000", "checkpoint_steps=3");
    struct lab *lab = lab_begin("hushed", &p);
    lab_reach(lab, "transfer", 4);
    struct lab_ack a = lab_ask(lab, LAB_PAUSE, NULL, 0);
    assert_true(a.ok);
    scratch_limit_files(50000);
    lab_post(lab, (struct lab_cmd){.op = LAB_STOP, .id = 5});
    struct lab_state s = lab_end(lab);
    scratch_limit_files(-1);
    failed_and_continued("hushed", &p, s);
}

/* A lock that names another host is believed: flock does not reach over every network file system. */
static void a_study_of_another_host_is_left_alone(void **state)
{
    struct params p = lab_params(NULL);
    struct err err = {0};
    (void)state;
    const char *path = lab_file("other-host", "lock"), text[] = "4711 some-other-host\n";
    char *folder = xstrfmt("%s/other-host", lab_runs);
    assert_true(fs_mkdirs(folder, &err));
    scratch_write(path, text, sizeof text - 1);
    assert_null(lab_open("other-host", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, "process 4711 on host 'some-other-host'"));
    assert_non_null(strstr(err.msg, path));
    size_t n;
    unsigned char *kept = scratch_read(path, &n);
    assert_true(n == sizeof text - 1 && memcmp(kept, text, n) == 0); /* not taken over, not emptied */
    free(kept);
    assert_int_equal(unlink(path), 0);
    lab_end(lab_begin("other-host", &p));
    kept = scratch_read(lab_file("other-host", "lock"), &n);
    assert_int_equal(n, 0); /* nobody's, after an end that was no accident */
    free(kept);
    free(folder);
}

static void a_locked_store_fails_the_study_and_it_goes_on_later(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct err err = {0};
    struct lab *lab = lab_begin("locked", &p);
    lab_reach(lab, "transfer", 4);
    struct store *other = store_open(lab_file("locked", "study.db"), &err);
    store_set_patience(other, 60000);
    if (!store_begin(other, &err))
        fail_msg("%s", err.msg);
    struct lab_state s = lab_end(lab);
    store_close(other);
    failed_and_continued("locked", &p, s);
}

/* ---- what is learned ---- */

static void write_labels_at_random(const char *folder)
{
    struct err err = {0};
    struct rng rng;
    char name[32], dir[512]; /* a copy: scratch_path uses its buffers in turn */
    snprintf(dir, sizeof dir, "%s", folder);
    rng_seed(&rng, 3, RNG_SYNTH);
    if (!synth_write(dir, 1000, 10, 2, &err))
        fail_msg("%s", err.msg);
    for (int file = 1; file <= 5; file++) {
        size_t n;
        snprintf(name, sizeof name, "data_batch_%d.bin", file);
        unsigned char *bytes = scratch_read(scratch_path(dir, name), &n);
        for (size_t i = n / 3073 - 1; i > 0; i--) {
            size_t k = rng_below(&rng, (uint32_t)i + 1);
            unsigned char label = bytes[i * 3073];
            bytes[i * 3073] = bytes[k * 3073];
            bytes[k * 3073] = label;
        }
        scratch_write(scratch_path(dir, name), bytes, n);
        free(bytes);
    }
}

/* 400 images held out, ten equal classes: 10 % with a standard deviation of 1.5 %. Labels of their own are learned, and
 * labels that have nothing to do with the images are not: no label leaks into what is evaluated. */
static void random_labels_are_not_learned(void **state)
{
    (void)state;
    char path[512];
    struct params p =
        P("method=none", "threads=2", "batch=20", "train_limit=1000", "val_fraction=0.4", "finetune_steps=100",
          "finetune_lr=0.05", "schedule=cosine", "eval_steps=100", "checkpoint_steps=300");
    struct err err = {0};
    snprintf(path, sizeof path, "%s/true", lab_scratch);
    assert_true(params_set(&p, "data_dir", path, &err));
    if (!synth_write(scratch_path(path, "synth"), 1000, 10, 2, &err))
        fail_msg("%s", err.msg);
    struct lab_state s = lab_whole("true-labels", &p);
    ended_well(&s);
    double learned = s.best_accuracy;
    snprintf(path, sizeof path, "%s/random", lab_scratch);
    assert_true(params_set(&p, "data_dir", path, &err));
    write_labels_at_random(scratch_path(path, "synth"));
    s = lab_whole("random-labels", &p);
    ended_well(&s);
    print_message("accuracy with true labels %.3f, with random ones %.3f\n", learned, s.best_accuracy);
    assert_true(learned > 0.1 + 4 * 0.015);
    assert_true(fabs(s.best_accuracy - 0.1) < 4 * 0.015);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_completes_and_is_recorded),
        cmocka_unit_test(every_step_is_recorded),
        cmocka_unit_test(every_method_completes),
        cmocka_unit_test(the_test_set_is_opened_for_the_recommended_only),
        cmocka_unit_test(repeats_and_searches_give_their_rows),
        cmocka_unit_test(a_teacher_of_no_steps_is_no_endless_one),
        cmocka_unit_test(nothing_moves_while_paused),
        cmocka_unit_test(a_live_change_is_acknowledged_and_recorded),
        cmocka_unit_test(a_refused_change_changes_nothing),
        cmocka_unit_test(an_edited_trial_is_no_evidence),
        cmocka_unit_test(enqueued_points_are_run_once_and_in_order),
        cmocka_unit_test(a_flood_of_commands_is_refused_not_lost),
        cmocka_unit_test(closing_after_the_end_does_not_wait_for_a_reader),
        cmocka_unit_test(a_stopped_study_goes_on_from_its_checkpoint),
        cmocka_unit_test(a_moved_study_goes_on),
        cmocka_unit_test(changed_settings_are_refused_by_name),
        cmocka_unit_test(a_study_is_run_by_one_process),
        cmocka_unit_test(names_that_cannot_be_folders_are_refused),
        cmocka_unit_test(a_diverging_trial_does_not_end_the_study),
        cmocka_unit_test(a_collapse_is_flagged_after_twenty_steps),
        cmocka_unit_test(a_teacher_of_other_classes_is_refused),
        cmocka_unit_test(a_damaged_checkpoint_fails_its_trial_only),
        cmocka_unit_test(an_unreadable_checkpoint_fails_the_study_and_it_goes_on_later),
        cmocka_unit_test(a_full_disk_fails_the_study_and_it_goes_on_later),
        cmocka_unit_test(a_full_disk_at_the_last_moment_is_not_hushed_up),
        cmocka_unit_test(a_study_of_another_host_is_left_alone),
        cmocka_unit_test(a_locked_store_fails_the_study_and_it_goes_on_later),
        cmocka_unit_test(random_labels_are_not_learned),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
