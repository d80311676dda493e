/* What the screens show is what the study process says and what the store holds, no more: snapshots made by lab_json, rows
 * made by the store, answers cut short. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/lab_json.h"
#include "../src/ui/model.h"
#include "store_fixture.h"

static void begin(struct model *m)
{
    char runs[512];
    snprintf(runs, sizeof runs, "%s/runs", dir);
    model_init(m, "demo", runs, false);
}

/* Every number of a snapshot differs from every other, so that no two fields can be exchanged unseen. */
static struct lab_state state_of_study(void)
{
    struct lab_state s = {.study = "demo",
                          .pid = 4711,
                          .state = "running",
                          .device = "cpu avx2, 2 threads",
                          .trial = 3,
                          .stage = "transfer",
                          .step = 120,
                          .steps = 1000,
                          .resumed_at = 100,
                          .resumed_stage = "transfer",
                          .lambda = 0.1,
                          .lambda_i = {1.1, 1.2, 1.3},
                          .lr = 0.002,
                          .base_lr = 0.003,
                          .loss = 0.7,
                          .ce = NAN,
                          .kd = 0.31,
                          .hint = 0.32,
                          .fsp = {0.2, 0.15, 0.4},
                          .train_accuracy = 0.5,
                          .val_accuracy = 0.6,
                          .best_val_accuracy = 0.65,
                          .images_per_second = 900,
                          .stage_eta = 12,
                          .trials_planned = 25,
                          .trials_done = 2,
                          .trials_failed = 1,
                          .best_trial = 2,
                          .steps_per_epoch = 371,
                          .best_accuracy = 0.91,
                          .edited = true,
                          .collapsed = false};
    return s;
}

static void a_snapshot_arrives_whole(void **state)
{
    struct model m;
    struct err err = {0};
    struct lab_state s = state_of_study();
    (void)state;
    begin(&m);
    json_t *o = lab_state_json(&s, 4);
    assert_true(model_take_status(&m, o, &err));
    json_decref(o);
    const struct live *l = &m.live;
    assert_string_equal(l->study, "demo");
    assert_string_equal(l->state, "running");
    assert_string_equal(l->stage, "transfer");
    assert_string_equal(l->device, s.device);
    assert_int_equal(l->pid, 4711);
    assert_int_equal(l->trial, 3);
    assert_int_equal(l->step, 120);
    assert_int_equal(l->steps, 1000);
    assert_int_equal(l->steps_per_epoch, 371);
    assert_int_equal(l->resumed_at, 100);
    assert_true(l->lambda == 0.1 && l->lambda_i[0] == 1.1 && l->lambda_i[1] == 1.2 && l->lambda_i[2] == 1.3);
    assert_true(l->lr == 0.002 && l->base_lr == 0.003 && l->loss == 0.7 && isnan(l->ce) && l->kd == 0.31);
    assert_true(l->hint == 0.32 && l->fsp[0] == 0.2 && l->fsp[1] == 0.15 && l->fsp[2] == 0.4);
    assert_true(l->train_accuracy == 0.5 && l->val_accuracy == 0.6 && l->best_val_accuracy == 0.65);
    assert_true(l->images_per_second == 900 && l->eta == 12 && l->best_accuracy == 0.91);
    assert_int_equal(l->trials_planned, 25);
    assert_int_equal(l->trials_done, 2);
    assert_int_equal(l->trials_failed, 1);
    assert_int_equal(l->best_trial, 2);
    assert_int_equal(l->clients, 4);
    assert_true(l->edited && !l->collapsed);
    assert_int_equal(m.sel.trial, 3); /* follows */
    model_release(&m);
}

static void what_is_not_known_is_not_zero(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    begin(&m);
    json_t *o = json_pack("{s:s, s:s, s:n, s:n, s:n, s:{}}", "study", "demo", "state", "starting", "lambda", "lr",
                          "val_accuracy", "losses");
    assert_true(model_take_status(&m, o, &err));
    json_decref(o);
    assert_true(isnan(m.live.lambda) && isnan(m.live.lr) && isnan(m.live.loss) && isnan(m.live.fsp[2]));
    assert_true(isnan(m.live.val_accuracy) && isnan(m.live.images_per_second));
    assert_int_equal(m.live.resumed_at, -1);
    model_release(&m);
}

static void nonsense_changes_nothing(void **state)
{
    static const char *const texts[] = {"{}", "{\"study\":1,\"state\":\"running\"}", "{\"study\":\"demo\"}",
                                        "{\"ok\":false,\"message\":\"no\"}"};
    struct model m;
    (void)state;
    begin(&m);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = {0};
        json_t *o = json_loads(texts[i], 0, NULL);
        assert_false(model_take_status(&m, o, &err));
        assert_int_equal(err.code, ERR_FORMAT);
        assert_false(m.live.valid);
        json_decref(o);
    }
    model_release(&m);
}

static void a_store_that_is_not_there_is_no_error(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    begin(&m);
    assert_true(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 0);
    model_release(&m);
}

static void curves_grow_as_the_store_does(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    for (int i = 1; i <= 10; i++)
        put(s, i, 1.0 / i);
    begin(&m);
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 1);
    assert_int_equal(m.sel.trial, 1);
    const struct series *c = curves_find(&m.curves, "transfer", "loss");
    assert_non_null(c);
    assert_int_equal(c->all.n, 10);
    for (int i = 11; i <= 3000; i++) /* several growths of the arrays */
        put(s, i, 1.0 / i);
    OK(model_read_store(&m, &err));
    c = curves_find(&m.curves, "transfer", "loss");
    assert_int_equal(c->all.n, 3000);
    for (int i = 0; i < c->all.n; i++)
        assert_true(c->all.step[i] == i + 1 && c->all.value[i] == 1.0 / (i + 1));
    OK(model_read_store(&m, &err));
    assert_int_equal(curves_find(&m.curves, "transfer", "loss")->all.n, 3000); /* nothing twice */
    assert_null(curves_find(&m.curves, "finetune", "loss"));
    store_close(s);
    model_release(&m);
}

static void events_come_once(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    begin(&m);
    for (int i = 0; i < 3; i++) {
        struct event_row e = {
            .trial = 1, .kind = "set", .key = "lambda", .before = i, .after = i + 1, .stage = "transfer"};
        OK(store_event_put(s, &e, &oops));
        OK(model_read_store(&m, &err));
        OK(model_read_store(&m, &err));
        assert_int_equal(m.n_events, i + 1);
        assert_true(m.events[i].after == i + 1);
    }
    store_close(s);
    model_release(&m);
}

static void trials_change_as_the_store_does(void **state)
{
    struct model m;
    struct err err = {0};
    struct trial_row t;
    (void)state;
    struct store *s = open_store();
    for (int i = 1; i <= 5; i++) {
        t = trial(i);
        t.state = i == 2 || i == 3 ? TRIAL_RUNNING : i == 5 ? TRIAL_QUEUED : TRIAL_COMPLETE;
        OK(store_trial_put(s, &t, &oops));
    }
    begin(&m);
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 5);
    /* those that run, one that waits, one that is new */
    for (int i = 2; i <= 6; i++) {
        t = trial(i);
        t.state = TRIAL_COMPLETE;
        t.val_accuracy = i / 10.0;
        if (i != 4)
            OK(store_trial_put(s, &t, &oops));
    }
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 6);
    for (int i = 1; i <= 6; i++) {
        const struct trial_row *r = model_trial(&m, i);
        assert_non_null(r);
        assert_int_equal(r->number, i);
        assert_int_equal(r->state, TRIAL_COMPLETE);
        assert_true(r->val_accuracy == (i == 1 || i == 4 ? 0.1 + 0.2 : i / 10.0));
    }
    assert_null(model_trial(&m, 0));
    assert_null(model_trial(&m, 7));
    /* one that had ended: the event of the test set names it */
    t = trial(4);
    t.state = TRIAL_COMPLETE;
    t.test_accuracy = 0.75;
    OK(store_trial_put(s, &t, &oops));
    struct event_row e = {.trial = 4, .kind = "test"};
    OK(store_event_put(s, &e, &oops));
    OK(model_read_store(&m, &err));
    assert_true(model_trial(&m, 4)->test_accuracy == 0.75);
    store_close(s);
    model_release(&m);
}

/* What a kill cost is made again, and not the same when something is changed meanwhile. */
static void a_resumed_trial_is_read_anew(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    struct event_row e = {.trial = 1, .kind = "set", .key = "lambda", .stage = "transfer"};
    OK(store_event_put(s, &e, &oops));
    for (int i = 1; i <= 20; i++)
        put(s, i, 1.0);
    begin(&m);
    OK(model_read_store(&m, &err));
    struct event_row again = {.trial = 1, .kind = "resumed_at", .stage = "transfer", .step = 10};
    OK(store_event_put(s, &again, &oops));
    for (int i = 11; i <= 21; i++)
        put(s, i, 2.0);
    OK(model_read_store(&m, &err));
    const struct series *c = curves_find(&m.curves, "transfer", "loss");
    assert_int_equal(c->all.n, 21);
    for (int i = 0; i < 21; i++)
        assert_true(c->all.value[i] == (i < 10 ? 1.0 : 2.0));
    store_close(s);
    model_release(&m);
}

static void a_store_that_is_removed_is_not_shown_on(void **state)
{
    struct model m;
    struct err err = {0};
    char moved[600];
    (void)state;
    struct store *s = open_store();
    for (int i = 1; i <= 3; i++)
        add_trial(s, i);
    put(s, 1, 1.0);
    store_close(s);
    begin(&m);
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 3);
    snprintf(moved, sizeof moved, "%s/runs/other", dir);
    char *folder = xstrfmt("%s/runs/demo", dir);
    assert_int_equal(rename(folder, moved), 0);
    assert_false(model_read_store(&m, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "study.db' is gone"));
    assert_true(m.n_trials == 0 && m.n_events == 0 && m.curves.n == 0);
    OK(model_read_store(&m, &err)); /* said once */
    s = open_store();
    add_trial(s, 1);
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 1);
    /* replaced between two looks */
    store_close(s);
    char *third = xstrfmt("%s/runs/third", dir);
    assert_int_equal(rename(folder, third), 0);
    s = open_store();
    for (int i = 1; i <= 2; i++)
        add_trial(s, i);
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_trials, 2);
    store_close(s);
    free(folder);
    free(third);
    model_release(&m);
}

static void matrices_of_the_selected_step_are_shown(void **state)
{
    struct model m;
    struct err err = {0};
    float g[6];
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    for (int step = 10; step <= 30; step += 10)
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 6; k++)
                g[k] = (float)(100 * step + 10 * i + k);
            OK(store_fsp_put(s, 1, "transfer", step, 1, "TS"[i], 2, 3, g, &oops));
        }
    begin(&m);
    const struct {
        int wanted, shown;
    } rows[] = {{-1, 30}, {20, 20}, {25, 20}, {5, 10}, {1000, 30}, {10, 10}};
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        m.sel.fsp_step = rows[r].wanted;
        OK(model_read_store(&m, &err));
        assert_int_equal(m.n_fsp_steps, 3);
        assert_int_equal(m.fsp.step, rows[r].shown);
        assert_int_equal(m.fsp.pair[0].m, 2);
        assert_int_equal(m.fsp.pair[0].n, 3);
        assert_true(m.fsp.pair[0].t[5] == (float)(100 * rows[r].shown + 5));
        assert_true(m.fsp.pair[0].s[5] == (float)(100 * rows[r].shown + 15));
        assert_null(m.fsp.pair[1].t);
    }
    store_close(s);
    model_release(&m);
}

static void overlays_come_and_go(void **state)
{
    struct model m;
    struct err err = {0};
    (void)state;
    struct store *s = open_store();
    for (int t = 1; t <= 3; t++) {
        add_trial(s, t);
        OK(store_value_put(s, t, "transfer", 1, "loss", t, 0, &oops));
    }
    begin(&m);
    m.sel.follow = false;
    m.sel.trial = 1;
    m.sel.n_overlay = 2;
    m.sel.overlay[0] = 2, m.sel.overlay[1] = 3;
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_overlay, 2);
    assert_true(curves_find(&m.overlay[1], "transfer", "loss")->all.value[0] == 3);
    m.sel.n_overlay = 1;
    m.sel.overlay[0] = 3;
    OK(model_read_store(&m, &err));
    assert_int_equal(m.n_overlay, 1);
    assert_true(curves_find(&m.overlay[0], "transfer", "loss")->all.value[0] == 3);
    store_close(s);
    model_release(&m);
}

static void a_probe_is_taken_whole_or_not_at_all(void **state)
{
    struct model m;
    (void)state;
    begin(&m);
    m.probe.waiting = true;
    static const char *const texts[] = {
        "{\"ok\":false,\"message\":\"no teacher is loaded in this stage\"}",
        "{\"ok\":true}",
        "{\"ok\":true,\"rgb\":\"AAAA\"}",
        "{\"ok\":true,\"rgb\":7,\"teacher\":[],\"student\":3}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = {0};
        json_t *o = json_loads(texts[i], 0, NULL);
        assert_false(model_take_probe(&m, o, &err));
        assert_int_equal(err.code, i == 0 ? ERR_STATE : ERR_FORMAT);
        assert_false(m.probe.valid);
        assert_false(m.probe.waiting);
        json_decref(o);
    }
    assert_string_equal(m.probe.message, "no teacher is loaded in this stage");
    model_release(&m);
}

static void samples_are_kept_in_a_ring(void **state)
{
    struct model m;
    (void)state;
    begin(&m);
    for (int i = 0; i < DEVICE_SAMPLES + 7; i++) {
        m.now = i;
        model_sample(&m);
    }
    assert_int_equal(m.n_samples, DEVICE_SAMPLES);
    assert_true(model_sample_at(&m, 0)->at == 7);
    assert_true(model_sample_at(&m, DEVICE_SAMPLES - 1)->at == DEVICE_SAMPLES + 6);
    assert_true(isnan(model_sample_at(&m, 3)->images_per_second));
    model_release(&m);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {
        T(a_snapshot_arrives_whole),
        T(what_is_not_known_is_not_zero),
        T(nonsense_changes_nothing),
        T(a_store_that_is_not_there_is_no_error),
        T(curves_grow_as_the_store_does),
        T(events_come_once),
        T(trials_change_as_the_store_does),
        T(a_resumed_trial_is_read_anew),
        T(a_store_that_is_removed_is_not_shown_on),
        T(matrices_of_the_selected_step_are_shown),
        T(overlays_come_and_go),
        T(a_probe_is_taken_whole_or_not_at_all),
        T(samples_are_kept_in_a_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
