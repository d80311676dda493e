/* lab, looking in: matrices recorded on a cadence, the parts of a step, probes between two steps. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/lab_json.h"
#include "lab_fixture.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__, NULL)

/* ---- FSP matrices of a transfer ---- */

static struct store *open_study(const char *study)
{
    struct err err = {0};
    struct store *s = store_open_readonly(lab_file(study, "study.db"), &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

/* A transfer of `steps` records at WANT, ending in 0, and nowhere else; of each step there are all six matrices. */
static void check_steps(const char *study, const int *want)
{
    static const int shapes[3][2] = {{16, 16}, {16, 32}, {32, 64}};
    struct err err = {0};
    struct store *s = open_study(study);
    int *steps, n = store_fsp_steps(s, 1, "transfer", &steps, &err), i;
    for (i = 0; i < n && want[i]; i++)
        assert_int_equal(steps[i], want[i]);
    assert_true(i == n && !want[i]);
    for (i = 0; i < 6 * n; i++) {
        float *g;
        bool found;
        int step, rows, columns;
        double sum = 0;
        assert_true(store_fsp_get(s, 1, "transfer", steps[i / 6], i % 3 + 1, i / 3 % 2 ? 'S' : 'T', &step, &rows,
                                  &columns, &g, &found, &err));
        assert_true(found && step == steps[i / 6]);
        assert_true(rows == shapes[i % 3][0] && columns == shapes[i % 3][1]);
        for (int k = 0; k < rows * columns; k++)
            sum += (double)g[k];
        assert_true(sum > 0); /* values behind ReLUs */
        free(g);
    }
    free(steps);
    store_close(s);
}

static void matrices_are_recorded_on_a_cadence(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=7", "finetune_steps=1");
    struct lab_state s = lab_whole("each-step", &p);
    assert_int_equal(s.exit_status, 0);
    check_steps("each-step", (const int[]){1, 2, 3, 4, 5, 6, 7, 0});
    p = P("transfer_steps=0", "finetune_steps=1");
    s = lab_whole("no-transfer", &p);
    assert_int_equal(s.exit_status, 0);
    check_steps("no-transfer", (const int[]){0});
}

/* 201 steps: every 2nd, the last, and the regular checkpoints at multiples of 65. */
static void a_long_transfer_is_thinned(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=201", "finetune_steps=1", "batch=1", "teacher_steps=1", "checkpoint_steps=65",
                        "lambda=0.0001", "transfer_lr=0.0001");
    struct lab_state s = lab_whole("thinned", &p);
    int want[128], n = 0;
    assert_int_equal(s.exit_status, 0);
    for (int step = 1; step <= 201; step++)
        if (step % 2 == 0 || step % 65 == 0 || step == 201)
            want[n++] = step;
    want[n] = 0;
    check_steps("thinned", want);
}

/* Every matrix of both studies, bit for bit. */
static void same_matrices(const char *a, const char *b)
{
    struct err err = {0};
    struct store *s[2] = {open_study(a), open_study(b)};
    int *steps[2], n[2], at, m[2], k[2];
    float *g[2];
    bool found;
    for (int i = 0; i < 2; i++)
        n[i] = store_fsp_steps(s[i], 1, "transfer", &steps[i], &err);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(steps[0], steps[1], (size_t)n[0] * sizeof(int));
    for (int i = 0; i < 6 * n[0]; i++) {
        for (int j = 0; j < 2; j++)
            assert_true(store_fsp_get(s[j], 1, "transfer", steps[0][i / 6], i % 3 + 1, i / 3 % 2 ? 'S' : 'T', &at,
                                      &m[j], &k[j], &g[j], &found, &err) &&
                        found);
        assert_true(m[0] == m[1] && k[0] == k[1]);
        assert_memory_equal(g[0], g[1], (size_t)(m[0] * k[0]) * sizeof(float));
        free(g[0]), free(g[1]);
    }
    for (int i = 0; i < 2; i++) {
        free(steps[i]);
        store_close(s[i]);
    }
}

/* Interrupted at steps that are no checkpoint's, and taken up with a command before the first step: a pause saves. */
static void a_resumed_trial_records_the_same(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=300", "checkpoint_steps=50", "finetune_steps=1", "batch=2");
    struct lab_state s = lab_whole("rows-whole", &p);
    assert_int_equal(s.exit_status, 0);
    for (int part = 0; part < 2; part++) {
        struct lab *lab = lab_begin("rows-parts", &p);
        assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
        assert_true(lab_ask(lab, LAB_RESUME, NULL, 0).ok);
        lab_reach(lab, "transfer", 20 + 100 * part);
        assert_string_equal(lab_ask(lab, LAB_STOP, NULL, 0).stage, "transfer");
        lab_end(lab);
    }
    s = lab_whole("rows-parts", &p);
    assert_int_equal(s.exit_status, 0);
    same_matrices("rows-whole", "rows-parts");
}

/* ---- the parts of a step ---- */

/* A part is there or not, and together they are no more than the step. */
static void check_parts(const struct lab_state *s, bool teacher)
{
    double sum = 0;
    json_t *o = lab_state_json(s, 0), *parts = json_object_get(o, "parts");
    assert_int_equal(json_object_size(parts), teacher ? 6 : 5);
    for (int i = 0; i < LAB_PARTS; i++) {
        const char *name = lab_part_name(i);
        if (!teacher && strcmp(name, "teacher") == 0) {
            assert_true(isnan(s->part_seconds[i]));
            continue;
        }
        assert_true(s->part_seconds[i] >= 0 && json_number_value(json_object_get(parts, name)) == s->part_seconds[i]);
        sum += s->part_seconds[i];
    }
    assert_true(sum > 0 && sum <= s->step_seconds * (1 + 1e-9));
    json_decref(o);
}

static void a_steps_time_is_told_by_parts(void **state)
{
    (void)state;
    static const char *const methods[] = {"method=fsp", "method=hint", "method=kd"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct params p = P(methods[i], "transfer_steps=100000", "finetune_steps=100000");
        char study[16];
        struct lab_state s;
        snprintf(study, sizeof study, "parts-%s", methods[i] + 7);
        struct lab *lab = lab_begin(study, &p);
        lab_reach(lab, i < 2 ? "transfer" : "finetune", 2);
        lab_snapshot(lab, &s);
        check_parts(&s, true);
        lab_close(lab);
    }
    struct params p = P("teacher_steps=100000", "teacher_lr=0.001");
    struct lab_state s;
    struct lab *lab = lab_begin("parts-teacher", &p);
    lab_reach(lab, "teacher", 2);
    lab_snapshot(lab, &s);
    check_parts(&s, false);
    lab_close(lab);
}

/* ---- probes ---- */

static struct lab_ack ask_probe(struct lab *lab, int image, int block, struct lab_probe *p)
{
    struct lab_ack a = lab_ask_cmd(lab, (struct lab_cmd){.op = LAB_PROBE, .image = image, .block = block});
    if (p && a.ok)
        assert_true(lab_probe_answer(lab, a.id, p));
    return a;
}

static void a_probe_is_answered_between_two_steps(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("probed", &p);
    struct lab_probe first, probe;
    struct lab_state s;
    lab_reach(lab, "transfer", 3);
    struct lab_ack a = ask_probe(lab, 5, 2, &first), b;
    assert_true(a.ok && a.trial == 1 && a.step >= 3);
    assert_string_equal(a.stage, "transfer");
    assert_memory_equal(&first.ack, &a, sizeof a);
    assert_true(first.answer.image == 5 && first.answer.block == 2);
    assert_true(first.answer.teacher.present && first.answer.student.present);
    assert_true(first.answer.student.rows[0] == 16 && first.answer.student.columns[0] == 32);
    b = ask_probe(lab, 99999, 2, NULL);
    assert_true(!b.ok && strstr(b.message, "image 99999"));
    b = ask_probe(lab, 0, 4, NULL);
    assert_true(!b.ok && strstr(b.message, "res8 has blocks 1 to 3"));
    assert_true(lab_probe_answer(lab, a.id, &probe)); /* a refusal takes no place */
    for (int i = 0; i < LAB_PROBES; i++) {
        assert_true(lab_probe_answer(lab, a.id, &probe) && memcmp(&probe, &first, sizeof probe) == 0);
        assert_true(ask_probe(lab, i, 0, &probe).ok && probe.answer.image == i);
    }
    assert_false(lab_probe_answer(lab, a.id, &probe)); /* LAB_PROBES later ones have come */
    lab_snapshot(lab, &s);
    assert_false(s.edited);
    lab_close(lab);
}

/* The nets' memory is given back in a pause; a probe wakes them for a moment. */
static void a_paused_trial_can_be_looked_at(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=100000");
    struct lab *lab = lab_begin("probed-asleep", &p);
    struct lab_probe awake, asleep;
    struct lab_state s;
    lab_reach(lab, "transfer", 3);
    assert_true(lab_ask(lab, LAB_PAUSE, NULL, 0).ok);
    assert_true(ask_probe(lab, 1, 3, &asleep).ok);
    assert_true(ask_probe(lab, 1, 3, &awake).ok);
    assert_memory_equal(&awake.answer, &asleep.answer, sizeof awake.answer);
    assert_int_equal(awake.ack.step, asleep.ack.step);
    lab_snapshot(lab, &s);
    assert_string_equal(s.state, "paused");
    assert_int_equal(remove(lab_file("probed-asleep", "trial-0001/state.safetensors")), 0);
    struct lab_ack a = ask_probe(lab, 1, 3, NULL);
    assert_true(!a.ok && strstr(a.message, "state.safetensors"));
    lab_close(lab);
}

/* The files of a study that was probed all the time, and of one that was not. */
static void probes_change_nothing(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=30", "finetune_steps=30");
    struct lab_state s = lab_whole("unprobed", &p);
    assert_int_equal(s.exit_status, 0);
    struct lab *lab = lab_begin("probed-whole", &p);
    struct lab_cmd c = {.op = LAB_PROBE};
    int events;
    /* the next one only when the last is answered: or the worker would do nothing else */
    for (lab_snapshot(lab, &s); !s.ended; lab_snapshot(lab, &s)) {
        if ((uint64_t)s.n_acks < c.id) {
            struct pollfd news = {.fd = lab_wakefd(lab), .events = POLLIN};
            poll(&news, 1, 1000);
            continue;
        }
        c.id++;
        c.image = (int)(c.id % 50);
        c.block = (int)(c.id % 4);
        assert_true(lab_post(lab, c));
    }
    lab_close(lab);
    assert_true(c.id > 10);
    size_t n[2];
    unsigned char *bytes[2] = {scratch_read(lab_file("unprobed", "trial-0001/state.safetensors"), &n[0]),
                               scratch_read(lab_file("probed-whole", "trial-0001/state.safetensors"), &n[1])};
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    free(bytes[0]), free(bytes[1]);
    same_matrices("unprobed", "probed-whole");
    events = lab_events("unprobed", NULL, NULL);
    assert_int_equal(lab_events("probed-whole", NULL, NULL), events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_are_recorded_on_a_cadence),
        cmocka_unit_test(a_long_transfer_is_thinned),
        cmocka_unit_test(a_resumed_trial_records_the_same),
        cmocka_unit_test(a_steps_time_is_told_by_parts),
        cmocka_unit_test(a_probe_is_answered_between_two_steps),
        cmocka_unit_test(a_paused_trial_can_be_looked_at),
        cmocka_unit_test(probes_change_nothing),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
