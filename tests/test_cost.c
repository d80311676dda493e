/* The estimate of a study's time against sums made by hand, the stores it is read from, and the measurement that it asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../src/cost.h"
#include "../src/io/fsutil.h"
#include "../src/io/safetensors.h"
#include "../src/io/store.h"
#include "../src/measure.h"
#include "scratch.h"

static struct err err;

static struct params settings(const char *pairs)
{
    struct params p;
    char copy[512], *save = NULL;
    params_init(&p);
    snprintf(copy, sizeof copy, "%s", pairs);
    for (char *word = strtok_r(copy, ";", &save); word; word = strtok_r(NULL, ";", &save))
        if (!params_set_pair(&p, word, &err))
            fail_msg("%s", err.msg);
    return p;
}

static void know(struct cost_table *t, const struct params *p, int stage, double seconds, const char *isa,
                 const char *study, int64_t at)
{
    struct step_time s = {.seconds = seconds, .created_ms = at};
    assert_true(cost_kind(p, stage, &s.kind));
    s.macs = cost_macs(&s.kind);
    str_append(s.isa, sizeof s.isa, 0, "%s", isa);
    str_append(s.study, sizeof s.study, 0, "%s", study);
    cost_add(t, &s);
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want)))
        fail_msg("%.12g is not %.12g", got, want);
}

static const char plan[] =
    "teacher=res26;student=res14;teacher_steps=1000;transfer_steps=100;finetune_steps=200;prune=none;"
    "search=grid";

static void the_sum_is_the_one_made_by_hand(void **state)
{
    struct params p = settings(plan);
    struct cost_table t = {0};
    struct cost_card c;
    (void)state;
    know(&t, &p, COST_TEACHER, 0.5, "avx2", "a", 1);
    know(&t, &p, COST_TRANSFER, 0.4, "avx2", "a", 1);
    know(&t, &p, COST_FINETUNE, 0.25, "avx2", "a", 1);
    cost_estimate(&t, &p, 20, "avx2", &c);
    near(c.stage_seconds[COST_TEACHER], 500);
    near(c.stage_seconds[COST_TRANSFER], 800);
    near(c.stage_seconds[COST_FINETUNE], 1000);
    near(c.seconds, 2300);
    assert_string_equal(c.from, "steps of a");
    assert_false(c.at_most);
    p.prune = PRUNE_GAIN_PI;
    cost_estimate(&t, &p, 20, "avx2", &c);
    assert_true(c.at_most);
    params_set(&p, "prune", "none", &err);
    params_set(&p, "search.finetune_steps", "linear 100 300 3", &err); /* at most 300 */
    cost_estimate(&t, &p, 20, "avx2", &c);
    near(c.seconds, 500 + 800 + 20 * 300 * 0.25);
    assert_true(c.at_most);
    cost_estimate(&t, &p, -1, "avx2", &c);
    assert_true(isnan(c.seconds));
    p = settings("method=none;student=res14;finetune_steps=200"); /* no teacher, no transfer; the same step */
    cost_estimate(&t, &p, 3, "avx2", &c);
    near(c.seconds, 150);
    cost_release(&t);
}

/* MACs of one image: RES26 54,706,816, RES14 26,395,264. */
static void scaling_is_by_multiply_adds(void **state)
{
    struct params p = settings("method=none;student=res14;batch=128"), q = settings(plan);
    struct cost_table t = {0};
    struct cost_card c;
    (void)state;
    q.batch = 64;
    know(&t, &p, COST_FINETUNE, 0.25, "avx2", "alone", 1);
    cost_estimate(&t, &q, 2, "avx2", &c);
    near(c.stage_seconds[COST_TEACHER], 1000 * 0.25 * (64 * 3 * 54706816.0) / (128 * 3 * 26395264.0));
    near(c.stage_seconds[COST_TRANSFER],
         2 * 100 * 0.25 * (64 * (3 * 26395264.0 + 54706816.0)) / (128 * 3 * 26395264.0));
    near(c.stage_seconds[COST_FINETUNE], 2 * 200 * 0.25 / 2);
    assert_string_equal(c.from, "scaled by MACs from alone");
    know(&t, &q, COST_TRANSFER, 0.3, "avx2", "b", 2);
    cost_estimate(&t, &q, 2, "avx2", &c);
    near(c.stage_seconds[COST_TRANSFER], 60);
    assert_string_equal(c.from, "teacher, fine-tune: scaled by MACs from alone; transfer: steps of b");
    cost_release(&t);
}

static void the_better_source_wins(void **state)
{
    struct params p = settings("method=none;student=res14;finetune_steps=100"), q = p, other = p;
    struct cost_table t = {0};
    struct cost_card c;
    (void)state;
    params_set(&q, "student", "res8", &err);
    cost_estimate(&t, &p, 1, "avx2", &c);
    assert_true(isnan(c.seconds)); /* nothing known */
    know(&t, &p, COST_FINETUNE, 9, "avx512", "far", 9);
    other.precision = PRECISION_BF16;
    know(&t, &other, COST_FINETUNE, 9, "avx2", "coarse", 9);
    cost_estimate(&t, &p, 1, "avx2", &c);
    assert_true(isnan(c.seconds)); /* of another device, in another arithmetic */
    know(&t, &q, COST_FINETUNE, 1, "avx2", "small", 8);
    cost_estimate(&t, &p, 1, "avx2", &c);
    assert_string_equal(c.from, "scaled by MACs from small");
    know(&t, &p, COST_FINETUNE, 2, "avx2", "old", 3);
    know(&t, &p, COST_FINETUNE, 3, "avx2", "new", 5);
    know(&t, &p, COST_FINETUNE, 4, "avx2", "older", 1);
    cost_estimate(&t, &p, 1, "avx2", &c);
    near(c.seconds, 300);
    assert_string_equal(c.from, "steps of new");
    know(&t, &p, COST_FINETUNE, 5, "avx2", "", 2);
    cost_estimate(&t, &p, 1, "avx2", &c);
    near(c.seconds, 500);
    assert_string_equal(c.from, "steps measured here");
    cost_release(&t);
}

static void a_step_is_told_from_another(void **state)
{
    static const char *const others[] = {"student=res20",  "teacher=res32", "batch=64",      "shortcut=B",
                                         "pairing=inside", "method=hint",   "precision=tf32"};
    struct step_kind k, other;
    struct params p = settings(plan);
    (void)state;
    assert_true(cost_kind(&p, COST_TRANSFER, &k));
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct params q = p;
        assert_true(params_set_pair(&q, others[i], &err));
        assert_true(cost_kind(&q, COST_TRANSFER, &other));
        assert_false(cost_same_kind(&k, &other));
    }
    struct params q = p; /* what does not make a step longer */
    params_set(&q, "lambda", "7", &err);
    params_set(&q, "finetune_steps", "7", &err);
    assert_true(cost_kind(&q, COST_TRANSFER, &other) && cost_same_kind(&k, &other));
    p.method = METHOD_KD;
    assert_false(cost_kind(&p, COST_TRANSFER, &k));
    p.method = METHOD_NONE;
    assert_false(cost_kind(&p, COST_TEACHER, &k));
}

/* ---- stores ---- */

static char *dir;

static void put_trial(struct store *s, int number, enum trial_state state, double transfer, double finetune, int steps)
{
    struct trial_row r = {.number = number,
                          .ask_id = number - 1,
                          .state = state,
                          .seed = 1,
                          .val_accuracy = 0.5,
                          .test_accuracy = NAN,
                          .best_val_accuracy = 0.5,
                          .seconds_teacher = number == 1 ? 900 : 0,
                          .seconds_transfer = transfer,
                          .seconds_finetune = finetune};
    assert_true(store_trial_put(s, &r, &err));
    if (number == 1)
        assert_true(store_value_put(s, number, "teacher", 1000, "loss", 1, 1, &err));
    assert_true(store_value_put(s, number, "transfer", 100, "loss", 1, 1, &err));
    assert_true(store_value_put(s, number, "finetune", steps, "loss", 1, 1, &err));
}

static void put_study(const char *name, const struct params *p, const char *isa)
{
    char *folder = xstrfmt("%s/runs/%s/trial-0001", dir, name), *db = xstrfmt("%s/runs/%s/study.db", dir, name),
         *file = xstrfmt("%s/state.safetensors", folder), *text = params_record(p);
    struct study_row row = {.settings = text, .state = "running", .created_ms = 5};
    struct st_file f;
    assert_true(fs_mkdirs(folder, &err));
    struct store *s = store_open(db, &err);
    assert_non_null(s);
    str_append(row.name, sizeof row.name, 0, "%s", name);
    assert_true(store_study_put(s, &row, &err));
    put_trial(s, 1, TRIAL_COMPLETE, 60, 40, 200);
    put_trial(s, 2, TRIAL_COMPLETE, 30, 50, 200);
    put_trial(s, 3, TRIAL_PRUNED, 40, 15, 50); /* 0.3 a step; the median of 0.2, 0.25, 0.3 */
    put_trial(s, 4, TRIAL_RUNNING, 1, 900, 200);
    put_trial(s, 5, TRIAL_DIVERGED, 1, 900, 200);
    store_close(s);
    st_init(&f);
    st_meta(&f, "isa", isa);
    assert_true(st_write(&f, file, NULL, &err));
    st_release(&f);
    free(text);
    free(file);
    free(db);
    free(folder);
}

static void steps_are_read_from_studies(void **state)
{
    struct params p = settings(plan);
    struct cost_table t = {0};
    struct cost_card c;
    (void)state;
    dir = scratch_new();
    char *runs = xstrfmt("%s/runs", dir);
    cost_read_runs(&t, runs); /* none there */
    assert_int_equal(t.n, 0);
    put_study("one", &p, "avx2");
    put_study("of-a-gpu", &p, "sm_90");
    char *broken = xstrfmt("%s/broken", runs), *db = xstrfmt("%s/study.db", broken);
    assert_true(fs_mkdirs(broken, &err));
    scratch_write(db, "no store", 8);
    cost_read_runs(&t, runs);
    assert_int_equal(t.n, 6);
    cost_read_runs(&t, runs); /* once more: not twice */
    assert_int_equal(t.n, 6);
    cost_estimate(&t, &p, 10, "avx2", &c);
    near(c.stage_seconds[COST_TEACHER], 0); /* it was trained with these settings */
    near(c.stage_seconds[COST_TRANSFER], 10 * 100 * 0.4);
    near(c.stage_seconds[COST_FINETUNE], 10 * 200 * 0.25);
    assert_string_equal(c.from, "steps of one");
    params_set(&p, "teacher_steps", "500", &err); /* another one */
    cost_estimate(&t, &p, 10, "avx2", &c);
    near(c.stage_seconds[COST_TEACHER], 500 * 0.9);
    cost_release(&t);
    free(db);
    free(broken);
    free(runs);
    scratch_remove(dir);
}

/* ---- measuring ---- */

static const char answer[] =
    "{\"device\":\"cpu\",\"steps\":[{\"name\":\"teacher\",\"images_per_second\":256.0},{\"name\":\"transfer\","
    "\"images_per_second\":320},{\"name\":\"finetune\",\"images_per_second\":512}]}";

static void an_answer_is_taken(void **state)
{
    struct params p = settings(plan);
    struct cost_table t = {0};
    struct cost_card c;
    (void)state;
    assert_true(measure_take(&t, &p, "avx2", answer, &err));
    assert_true(measure_take(&t, &p, "avx2", answer, &err)); /* in place of the first */
    assert_int_equal(t.n, 3);
    cost_estimate(&t, &p, 20, "avx2", &c); /* 128 images: 0.5, 0.4, 0.25 s */
    near(c.seconds, 2300);
    assert_string_equal(c.from, "steps measured here");
    assert_false(measure_take(&t, &p, "avx2", "", &err));
    assert_false(measure_take(&t, &p, "avx2", "{\"error\":{\"message\":\"no such net\"}}", &err));
    assert_non_null(strstr(err.msg, "no such net"));
    assert_int_equal(t.n, 3);
    cost_release(&t);
}

static void wait_for(struct measure *m, struct cost_table *t, char *trouble, size_t cap)
{
    while (measure_turn(m, t, trouble, cap)) /* until its process has ended, however long that takes */
        poll(NULL, 0, 5);
}

static void a_process_measures(void **state)
{
    struct params p = settings(plan);
    struct cost_table t = {0};
    char trouble[256];
    (void)state;
    dir = scratch_new();
    char *script = xstrfmt("%s/bench", dir), *seen = xstrfmt("%s/args", dir),
         *text = xstrfmt("#!/bin/sh\nprintf '%%s ' \"$@\" >%s\ncat <<'END'\n%s\nEND\n", seen, answer);
    scratch_write(script, text, strlen(text));
    assert_int_equal(chmod(script, 0755), 0);
    struct measure *m = measure_new(script);
    assert_false(measure_turn(m, &t, trouble, sizeof trouble));
    assert_true(measure_begin(m, &p, "avx2", &err));
    wait_for(m, &t, trouble, sizeof trouble);
    assert_string_equal(trouble, "");
    assert_int_equal(t.n, 3);
    size_t n;
    char *args = (char *)scratch_read(seen, &n);
    args = xrealloc(args, n + 1);
    args[n] = 0;
    assert_non_null(strstr(args, "bench step --json"));
    assert_non_null(strstr(args, "--set teacher=res26 --set student=res14"));
    free(args);
    measure_free(m);

    m = measure_new("/nonexistent/program");
    assert_true(measure_begin(m, &p, "avx2", &err));
    wait_for(m, &t, trouble, sizeof trouble);
    assert_non_null(strstr(trouble, "cannot measure"));
    measure_free(m);

    scratch_write(script, "#!/bin/sh\nexec sleep 1000\n", 26);
    m = measure_new(script);
    assert_true(measure_begin(m, &p, "avx2", &err));
    assert_false(measure_begin(m, &p, "avx2", &err));
    assert_int_equal(err.code, ERR_BUSY);
    assert_true(measure_turn(m, &t, trouble, sizeof trouble));
    measure_free(m); /* takes it along */
    cost_release(&t);
    free(text);
    free(seen);
    free(script);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_the_one_made_by_hand),
        cmocka_unit_test(scaling_is_by_multiply_adds),
        cmocka_unit_test(the_better_source_wins),
        cmocka_unit_test(a_step_is_told_from_another),
        cmocka_unit_test(steps_are_read_from_studies),
        cmocka_unit_test(an_answer_is_taken),
        cmocka_unit_test(a_process_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
