/* A trial that is changed by hand: whatever is done to it between two steps, and whether it is saved, put to sleep or taken
 * up from its files in between, the same changes at the same steps give the same bytes. Without a lab. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/trial_script.h"
#include "lab_fixture.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__ __VA_OPT__(, ) NULL)

/* ---- a world that counts what is allocated on the device ---- */

struct world {
    struct params p;
    struct dataset data;
    struct trial_env env;
    char teachers[600];
};

static struct backend_ops counting;
static const struct backend_ops *real_ops;
static int allocated;

static void *count_alloc(struct backend *be, size_t bytes)
{
    allocated++;
    return real_ops->mem_alloc(be, bytes);
}

static void count_free(struct backend *be, void *p)
{
    allocated -= p != NULL;
    real_ops->mem_free(be, p);
}

static struct world *world_new(struct params p)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct err err = {0};
    w->p = p;
    snprintf(w->teachers, sizeof w->teachers, "%s", scratch_path(lab_scratch, "teachers"));
    if (!lab_data(&p, &w->data, &err))
        fail_msg("%s", err.msg);
    w->env = (struct trial_env){backend_cpu_new(1, NULL, NULL), &w->data, &w->p, (uint64_t)p.seed, w->teachers};
    real_ops = w->env.be->ops;
    counting = *real_ops;
    counting.mem_alloc = count_alloc;
    counting.mem_free = count_free;
    w->env.be->ops = &counting;
    return w;
}

static void world_free(struct world *w)
{
    backend_free(w->env.be);
    dataset_release(&w->data);
    free(w);
}

static const char *folder(const char *name)
{
    return scratch_path(lab_scratch, name);
}

static struct trial *begin(struct world *w, const char *name)
{
    struct err err = {0};
    struct trial *t = trial_new(&w->env, &w->p, folder(name), &err);
    if (!t)
        fail_msg("%s", err.msg);
    return t;
}

static struct trial *taken_up(struct world *w, const char *name)
{
    struct err err = {0};
    bool found;
    struct trial *t = trial_load(&w->env, &w->p, folder(name), &found, &err);
    if (!t)
        fail_msg("%s", err.msg);
    return t;
}

static void save(struct trial *t)
{
    char sha[65];
    struct err err = {0};
    if (!trial_save(t, sha, &err))
        fail_msg("%s", err.msg);
}

static enum trial_end step(struct trial *t, struct trial_progress *p)
{
    enum trial_end end;
    struct err err = {0};
    if (!trial_step(t, p, &end, &err))
        fail_msg("%s", err.msg);
    return end;
}

static void reach(struct trial *t, enum stage s, int at)
{
    struct trial_progress p;
    while (trial_stage(t) != s || trial_at(t) < at)
        step(t, &p);
}

/* To the end, with the changes that are due, saved there and freed. Returns the number of evaluations. */
static int finish(struct trial *t, struct trial_script *script)
{
    struct trial_progress p;
    struct err err = {0};
    int evaluations = 0;
    do {
        if (script && !trial_script_apply(script, t, &err))
            fail_msg("%s", err.msg);
        evaluations += step(t, &p) == TRIAL_GOING && p.evaluated;
    } while (trial_stage(t) != STAGE_DONE);
    save(t);
    trial_free(t);
    return evaluations;
}

static void equal_students(const char *a, const char *b)
{
    static const char *const names[] = {"student.safetensors", "state.safetensors"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[600];
        size_t n, m;
        snprintf(path, sizeof path, "%s", scratch_path(folder(a), names[i]));
        void *x = scratch_read(path, &n), *y = scratch_read(scratch_path(folder(b), names[i]), &m);
        if (n != m || memcmp(x, y, n) != 0)
            fail_msg("%s: %s and %s differ", names[i], a, b);
        free(x);
        free(y);
    }
}

static void unequal_students(const char *a, const char *b)
{
    char path[600];
    size_t n, m;
    snprintf(path, sizeof path, "%s", scratch_path(folder(a), "student.safetensors"));
    void *x = scratch_read(path, &n), *y = scratch_read(scratch_path(folder(b), "student.safetensors"), &m);
    assert_true(n != m || memcmp(x, y, n) != 0);
    free(x);
    free(y);
}

static void set(struct trial *t, const char *key, double value)
{
    double before;
    struct err err = {0};
    if (!trial_set(t, key, value, &before, &err))
        fail_msg("%s", err.msg);
}

static void end_stage(struct trial *t)
{
    struct err err = {0};
    if (!trial_skip(t, &err))
        fail_msg("%s", err.msg);
}

static struct event_row change(const char *kind, enum stage s, int at, const char *key, double after)
{
    static int64_t id;
    struct event_row e = {.id = ++id, .trial = 1, .step = at, .before = NAN, .after = after};
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    snprintf(e.stage, sizeof e.stage, "%s", stage_name(s));
    snprintf(e.key, sizeof e.key, "%s", key);
    return e;
}

static struct trial_script script_of(const struct event_row *e, int n, enum stage s, int at)
{
    struct trial_script script = {0};
    struct err err = {0};
    if (!trial_script_add(&script, e, n, s, at, &err))
        fail_msg("%s", err.msg);
    return script;
}

/* ---- skipping ---- */

/* At its beginning, after one step, and before its last: at once, from the record, and from a checkpoint and the record. */
static void a_stage_may_end_at_any_step(void **state)
{
    (void)state;
    struct world *w = world_new(P("eval_steps=3"));
    static const enum stage stages[] = {STAGE_TRANSFER, STAGE_FINETUNE};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k <= 6; k += k ? 4 : 1) {
            struct trial *t = begin(w, "at-once");
            reach(t, stages[i], k);
            end_stage(t);
            assert_int_equal(trial_at(t), k);
            assert_true(trial_edited(t));
            finish(t, NULL);
            struct event_row e = change("skip", stages[i], k, "", NAN);
            struct trial_script script = script_of(&e, 1, STAGE_TEACHER, 0);
            finish(begin(w, "from-record"), &script);
            assert_int_equal(script.at, 1);
            trial_script_release(&script);
            equal_students("at-once", "from-record");
            t = begin(w, "taken-up");
            reach(t, stages[i], k);
            save(t);
            trial_free(t);
            script = script_of(&e, 1, stages[i], k);
            finish(taken_up(w, "taken-up"), &script);
            trial_script_release(&script);
            equal_students("at-once", "taken-up");
        }
    world_free(w);
}

static void a_transfer_cut_short_is_one_of_so_many_steps(void **state)
{
    (void)state;
    struct world *w = world_new(P("transfer_steps=6")), *short_w = world_new(P("transfer_steps=2"));
    struct trial *t = begin(w, "cut");
    reach(t, STAGE_TRANSFER, 2); /* the step schedule goes down at 3 and at 5 only, so until here both have one rate */
    end_stage(t);
    finish(t, NULL);
    t = begin(short_w, "short");
    set(t, "transfer_lr", w->p.transfer_lr);
    reach(t, STAGE_TRANSFER, 1);
    set(t, "transfer_lr", 10 * w->p.transfer_lr); /* its own schedule has begun to go down */
    finish(t, NULL);
    char path[600];
    size_t n, m;
    snprintf(path, sizeof path, "%s", scratch_path(folder("cut"), "student.safetensors"));
    void *x = scratch_read(path, &n), *y = scratch_read(scratch_path(folder("short"), "student.safetensors"), &m);
    assert_true(n == m && memcmp(x, y, n) == 0);
    free(x);
    free(y);
    world_free(w);
    world_free(short_w);
}

static void a_fine_tuning_cut_short_is_evaluated(void **state)
{
    (void)state;
    struct world *w = world_new(P("eval_steps=100"));
    for (int k = 0; k <= 6; k += 3) {
        struct trial *t = begin(w, "evaluated");
        reach(t, STAGE_FINETUNE, k);
        assert_true(isnan(trial_val_accuracy(t)));
        end_stage(t);
        struct trial_progress p;
        while (trial_stage(t) != STAGE_DONE) {
            step(t, &p);
            assert_false(p.stepped);
        }
        assert_true(trial_val_accuracy(t) >= 0);
        trial_free(t);
    }
    world_free(w);
}

static void what_cannot_be_skipped_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher_lr=0.0234")); /* a teacher of its own */
    struct err err = {0};
    struct trial *t = begin(w, "refused");
    assert_int_equal(trial_stage(t), STAGE_TEACHER);
    assert_false(trial_skip(t, &err));
    assert_non_null(strstr(err.msg, "teacher"));
    assert_false(trial_edited(t));
    reach(t, STAGE_TRANSFER, 1);
    end_stage(t);
    assert_false(trial_skip(t, &err));
    assert_non_null(strstr(err.msg, "already"));
    reach(t, STAGE_FINETUNE, 0);
    end_stage(t); /* another stage */
    reach(t, STAGE_DONE, 0);
    assert_false(trial_skip(t, &err));
    assert_int_equal(err.code, ERR_STATE);
    trial_free(t);
    world_free(w);
}

/* ---- sleeping ---- */

static void a_sleeping_trial_holds_no_device_memory(void **state)
{
    (void)state;
    static const char *const methods[] = {"method=fsp", "method=hint", "method=kd", "method=none"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct world *w = world_new(P(methods[i], "eval_steps=2"));
        struct trial_progress p;
        struct err err = {0};
        int before = allocated, sleeps = 0;
        finish(begin(w, "awake"), NULL);
        assert_int_equal(allocated, before);
        struct trial *t = begin(w, "sleeper");
        while (trial_stage(t) != STAGE_DONE) {
            save(t);
            assert_true(allocated > before);
            trial_sleep(t);
            assert_int_equal(allocated, before);
            sleeps++;
            if (!trial_wake(t, &err) || !trial_wake(t, &err)) /* the second does nothing */
                fail_msg("%s", err.msg);
            step(t, &p);
        }
        save(t);
        trial_free(t);
        assert_true(sleeps > 6);
        assert_int_equal(allocated, before);
        equal_students("awake", "sleeper");
        world_free(w);
    }
}

/* The teacher's rate rises over its warm-up to where the schedule has it, and no other stage's does. */
static void a_teacher_warms_up(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher_steps=8", "teacher_warmup=3", "teacher_lr=0.01", "schedule=step"));
    static const double want[4] = {0.01 / 3, 0.02 / 3, 0.01, 0.01};
    struct trial_progress p;
    struct trial *t = begin(w, "warm");
    for (int i = 0; i < 4; i++) {
        assert_true(trial_stage(t) == STAGE_TEACHER);
        if (!(fabs(trial_lr(t) - want[i]) < 1e-12))
            fail_msg("step %d: rate %g, expected %g", i, trial_lr(t), want[i]);
        step(t, &p);
    }
    reach(t, STAGE_TRANSFER, 0);
    assert_true(trial_lr(t) == trial_params(t)->transfer_lr);
    trial_free(t);
    world_free(w);
}

static void what_is_changed_asleep_holds_after_it(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    struct err err = {0};
    struct trial *t = begin(w, "changed-awake");
    reach(t, STAGE_TRANSFER, 2);
    set(t, "lr", 0.0003);
    set(t, "lambda2", 7);
    reach(t, STAGE_TRANSFER, 4);
    end_stage(t);
    finish(t, NULL);
    t = begin(w, "changed-asleep");
    reach(t, STAGE_TRANSFER, 2);
    save(t);
    trial_sleep(t);
    set(t, "lr", 0.0003);
    set(t, "lambda2", 7);
    assert_true(trial_edited(t) && trial_params(t)->lambda2 == 7 && trial_lr(t) == 0.0003);
    assert_true(trial_stage(t) == STAGE_TRANSFER && trial_at(t) == 2);
    if (!trial_wake(t, &err))
        fail_msg("%s", err.msg);
    assert_true(trial_edited(t) && trial_params(t)->lambda2 == 7 && trial_lr(t) == 0.0003);
    reach(t, STAGE_TRANSFER, 4);
    save(t);
    trial_sleep(t);
    end_stage(t);
    if (!trial_wake(t, &err))
        fail_msg("%s", err.msg);
    finish(t, NULL);
    equal_students("changed-awake", "changed-asleep");
    world_free(w);
}

static void a_trial_wakes_up_to_its_own_files_only(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    struct err err = {0};
    char path[600];
    size_t n, m;
    int before = allocated;
    struct trial *t = begin(w, "robbed");
    reach(t, STAGE_TRANSFER, 1);
    save(t);
    snprintf(path, sizeof path, "%s", scratch_path(folder("robbed"), "state.safetensors"));
    void *early = scratch_read(path, &n);
    reach(t, STAGE_TRANSFER, 3);
    save(t);
    trial_sleep(t);
    void *late = scratch_read(path, &m);
    scratch_write(path, early, n);
    assert_false(trial_wake(t, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "step 1 of transfer"));
    scratch_write(path, late, m / 2);
    assert_false(trial_wake(t, &err));
    assert_int_equal(err.code, ERR_FORMAT);
    assert_int_equal(unlink(path), 0);
    assert_false(trial_wake(t, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(allocated, before);
    scratch_write(path, late, m); /* and it may be tried again */
    if (!trial_wake(t, &err))
        fail_msg("%s", err.msg);
    finish(t, NULL);
    finish(begin(w, "not-robbed"), NULL);
    equal_students("robbed", "not-robbed");
    free(early);
    free(late);
    world_free(w);
}

/* ---- the record ---- */

static void changes_are_made_at_their_steps(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    const struct event_row e[] = {
        change("set", STAGE_TEACHER, 3, "lambda", 0.5),      change("pause", STAGE_TRANSFER, 1, "", NAN),
        change("set", STAGE_TRANSFER, 2, "lr", 0.0004),      change("set", STAGE_TRANSFER, 2, "lambda", 0.02),
        change("set", STAGE_TRANSFER, 4, "finetune_lr", .5), change("skip", STAGE_TRANSFER, 5, "", NAN),
        change("set", STAGE_FINETUNE, 1, "lr", 0.003),       change("set", STAGE_FINETUNE, 6, "lr", 9),
    };
    struct trial *t = begin(w, "by-hand");
    reach(t, STAGE_TRANSFER, 0);
    set(t, "lambda", 0.5);
    reach(t, STAGE_TRANSFER, 2);
    set(t, "lr", 0.0004);
    set(t, "lambda", 0.02);
    reach(t, STAGE_TRANSFER, 4);
    set(t, "finetune_lr", 0.5);
    reach(t, STAGE_TRANSFER, 5);
    end_stage(t);
    reach(t, STAGE_FINETUNE, 1);
    set(t, "lr", 0.003);
    reach(t, STAGE_FINETUNE, 6);
    set(t, "lr", 9);
    finish(t, NULL);
    struct trial_script script = script_of(e, ARRAY_LEN(e), STAGE_TEACHER, 0);
    assert_int_equal(script.n, 7);
    finish(begin(w, "by-record"), &script);
    assert_int_equal(script.at, 7);
    trial_script_release(&script);
    equal_students("by-hand", "by-record");
    /* with any of those that count left out, the bytes are others: the script is not vacuous */
    for (int without = 0; without < 7; without++) {
        struct event_row rest[ARRAY_LEN(e)];
        int n = 0;
        for (int i = 0; i < (int)ARRAY_LEN(e); i++)
            if (i != without)
                rest[n++] = e[i];
        if (without == 1 || without == 4) /* none; and one that a later one overrides */
            continue;
        script = script_of(rest, n, STAGE_TEACHER, 0);
        finish(begin(w, "left-out"), &script);
        trial_script_release(&script);
        unequal_students("by-hand", "left-out");
    }
    world_free(w);
}

/* From a checkpoint of any step: those of the step are made again, earlier ones are in the file, later ones wait. */
static void a_script_goes_on_from_any_checkpoint(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    const struct event_row e[] = {
        change("set", STAGE_TRANSFER, 2, "lr", 0.0004), change("set", STAGE_TRANSFER, 2, "lr", 0.0008),
        change("skip", STAGE_TRANSFER, 4, "", NAN),     change("set", STAGE_FINETUNE, 0, "lr", 0.003),
        change("skip", STAGE_FINETUNE, 5, "", NAN),
    };
    struct trial_script script = script_of(e, ARRAY_LEN(e), STAGE_TEACHER, 0);
    finish(begin(w, "in-one"), &script);
    trial_script_release(&script);
    static const struct {
        enum stage s;
        int at;
    } cuts[] = {
        {STAGE_TRANSFER, 1}, {STAGE_TRANSFER, 2}, {STAGE_TRANSFER, 4}, {STAGE_FINETUNE, 0}, {STAGE_FINETUNE, 5}};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++)
        for (int applied = 0; applied < 2; applied++) { /* saved before and after the changes of that step */
            struct trial_progress p;
            struct err err = {0};
            struct trial *t = begin(w, "in-two");
            script = script_of(e, ARRAY_LEN(e), STAGE_TEACHER, 0);
            while (trial_stage(t) != cuts[i].s || trial_at(t) != cuts[i].at) {
                assert_true(trial_script_apply(&script, t, &err));
                step(t, &p);
            }
            if (applied)
                assert_true(trial_script_apply(&script, t, &err));
            save(t);
            trial_free(t);
            trial_script_release(&script);
            script = script_of(e, ARRAY_LEN(e), cuts[i].s, cuts[i].at);
            finish(taken_up(w, "in-two"), &script);
            assert_int_equal(script.at, script.n);
            trial_script_release(&script);
            equal_students("in-one", "in-two");
        }
    world_free(w);
}

static void a_record_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    struct err err = {0};
    struct trial_script script = {0};
    struct event_row e = change("set", STAGE_TRANSFER, 2, "lambda", 1);
    strcpy(e.stage, "tranfser");
    assert_false(trial_script_add(&script, &e, 1, STAGE_TEACHER, 0, &err));
    assert_int_equal(err.code, ERR_FORMAT);
    trial_script_release(&script);
    const struct event_row wrong[] = {change("set", STAGE_TRANSFER, 1, "batch", 3),
                                      change("set", STAGE_TRANSFER, 1, "lambda", -1),
                                      change("skip", STAGE_TEACHER, 1, "", NAN)};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct trial *t = begin(w, "wrong");
        reach(t, STAGE_TRANSFER, 1);
        script = script_of(&wrong[i], 1, STAGE_TEACHER, 0);
        err = (struct err){0};
        assert_false(trial_script_apply(&script, t, &err));
        if (!strstr(err.msg, "at step 1 of"))
            fail_msg("%s", err.msg);
        trial_script_release(&script);
        trial_free(t);
    }
    world_free(w);
}

static void where_a_trial_is_saved_is_read(void **state)
{
    (void)state;
    struct world *w = world_new(P());
    struct err err = {0};
    struct params p = w->p;
    enum stage s;
    int at;
    bool found = true;
    assert_true(trial_saved_at(folder("nowhere"), &s, &at, &p, &found, &err));
    assert_false(found);
    struct trial *t = begin(w, "where");
    reach(t, STAGE_TRANSFER, 3);
    set(t, "lambda3", 0.125);
    save(t);
    trial_free(t);
    assert_true(trial_saved_at(folder("where"), &s, &at, &p, &found, &err));
    assert_true(found && s == STAGE_TRANSFER && at == 3 && p.lambda3 == 0.125 && p.batch == w->p.batch);
    size_t n;
    char path[600];
    snprintf(path, sizeof path, "%s", scratch_path(folder("where"), "state.safetensors"));
    unsigned char *bytes = scratch_read(path, &n);
    bytes[n - 1] ^= 1;
    scratch_write(path, bytes, n);
    free(bytes);
    assert_false(trial_saved_at(folder("where"), &s, &at, &p, &found, &err));
    assert_int_equal(err.code, ERR_FORMAT);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_may_end_at_any_step),
        cmocka_unit_test(a_transfer_cut_short_is_one_of_so_many_steps),
        cmocka_unit_test(a_fine_tuning_cut_short_is_evaluated),
        cmocka_unit_test(what_cannot_be_skipped_is_refused),
        cmocka_unit_test(a_sleeping_trial_holds_no_device_memory),
        cmocka_unit_test(a_teacher_warms_up),
        cmocka_unit_test(what_is_changed_asleep_holds_after_it),
        cmocka_unit_test(a_trial_wakes_up_to_its_own_files_only),
        cmocka_unit_test(changes_are_made_at_their_steps),
        cmocka_unit_test(a_script_goes_on_from_any_checkpoint),
        cmocka_unit_test(a_record_that_cannot_be_is_refused),
        cmocka_unit_test(where_a_trial_is_saved_is_read),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
