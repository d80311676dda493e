/* The Run and Log screens, the plots' contents, the layout and live tuning, from a model filled by hand. */
#include "ui_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/run_curves.h"
#include "../src/ui/run_layout.h"
#include "../src/ui/tune.h"
#include "golden.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};

static int area(struct rect r)
{
    return r.w > 0 && r.h > 0 ? r.w * r.h : 0;
}

static void the_layout_covers_everything_once(void **state)
{
    (void)state;
    for (int w = 40; w <= 240; w++)
        for (int h = 8; h <= 80; h += 3) {
            struct run_layout l = run_layout((struct rect){3, 2, w, h}, (w + h) % 2);
            const struct rect parts[] = {l.head, l.losses, l.accuracies, l.tune, l.fsp, l.map, l.device};
            int sum = 0;
            for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
                sum += area(parts[i]);
                for (size_t j = 0; j < i; j++)
                    if (area(rect_and(parts[i], parts[j])) != 0)
                        fail_msg("parts %zu and %zu overlap at %dx%d", i, j, w, h);
            }
            assert_int_equal(sum, w * h);
            assert_int_equal(area(l.device) > 0, w >= 158 && h >= 40);
            assert_int_equal(area(l.accuracies) > 0, (w + h) % 2 && h > 5);
        }
}

static void screens_look_as_kept(void **state)
{
    static const struct view *const views[] = {&view_run, &view_log};
    (void)state;
    for (size_t v = 0; v < ARRAY_LEN(views); v++)
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            struct model m;
            struct ui u;
            char name[64];
            ui_model(&m);
            ui_open(&u, views[v], &m);
            if (i % 2) /* of the stage that has accuracies */
                str_append(m.sel.stage, sizeof m.sel.stage, 0, "teacher");
            char *text = ui_text(&u, sizes[i][0], sizes[i][1]);
            snprintf(name, sizeof name, "%s-%dx%d", views[v]->name, sizes[i][0], sizes[i][1]);
            golden_check(name, text);
            free(text);
            ui_close(&u);
            model_release(&m);
        }
}

static void every_rung_is_readable(void **state)
{
    static const struct {
        const char *name;
        enum color_depth depth;
        enum glyph_set glyphs;
    } rungs[] = {{"256-block", DEPTH_256, GLYPHS_BLOCK},
                 {"8-ascii", DEPTH_8, GLYPHS_ASCII},
                 {"mono-ascii", DEPTH_MONO, GLYPHS_ASCII}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        struct model m;
        struct ui u;
        char name[64];
        ui_model(&m);
        ui_open(&u, &view_run, &m);
        u.look.depth = rungs[i].depth;
        u.look.glyphs = rungs[i].glyphs;
        char *text = ui_text(&u, 160, 43);
        snprintf(name, sizeof name, "run-160x43-%s", rungs[i].name);
        golden_check(name, text);
        for (const char *c = text; rungs[i].glyphs == GLYPHS_ASCII && *c; c++)
            assert_true((unsigned char)*c < 0x80);
        free(text);
        ui_close(&u);
        model_release(&m);
    }
}

static void nothing_is_drawn_outside(void **state)
{
    static const struct view *const views[] = {&view_run, &view_log};
    (void)state;
    for (size_t v = 0; v < ARRAY_LEN(views); v++) {
        struct model m;
        struct ui u;
        ui_model(&m);
        ui_open(&u, views[v], &m);
        for (int w = 1; w <= 210; w += 13)
            for (int h = 1; h <= 62; h += 7)
                ui_stays_inside(&u, w, h);
        ui_close(&u);
        model_release(&m);
    }
}

static void an_empty_model_is_drawn(void **state)
{
    static const struct view *const views[] = {&view_run, &view_log};
    (void)state;
    for (size_t v = 0; v < ARRAY_LEN(views); v++) {
        struct model m;
        struct ui u;
        model_init(&m, "demo", "runs", false);
        ui_open(&u, views[v], &m);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
            free(ui_text(&u, sizes[i][0], sizes[i][1]));
        ui_close(&u);
        model_release(&m);
    }
}

/* ---- what the plots are given ---- */

static void plots_hold_the_series(void **state)
{
    struct model m;
    struct run_look look = {.cursor = NAN};
    struct look l = {.theme = theme_dark};
    struct run_plot p;
    (void)state;
    ui_model(&m);
    run_plot_make(&p, &m, &l, &look, "transfer", RUN_LOSSES);
    assert_int_equal(p.plot.n_curves, 4);
    assert_string_equal(p.curves[3].name, "total");
    assert_int_equal(p.curves[3].n, 120);
    assert_ptr_equal(p.curves[3].y, curves_find(&m.curves, "transfer", "loss")->all.value);
    assert_true(p.plot.log_y);
    assert_int_equal(p.plot.n_marks, 2); /* the change of lambda and the pause of this stage, of this trial */
    assert_true(p.marks[1].x == 60);
    assert_string_equal(p.marks[1].label, "lambda 0.012");
    run_plot_release(&p);
    look.axis = AXIS_SECONDS;
    run_plot_make(&p, &m, &l, &look, "transfer", RUN_LOSSES);
    assert_true(fabs(p.curves[3].x[119] - 119 * 0.2) < 1e-9); /* seconds since the stage's first step */
    assert_true(fabs(p.marks[1].x - 59 * 0.2) < 1e-9);
    run_plot_release(&p);
    look.axis = AXIS_EPOCH;
    run_plot_make(&p, &m, &l, &look, "transfer", RUN_LOSSES);
    assert_true(p.curves[3].x[49] == 1);
    run_plot_release(&p);
    model_release(&m);
}

static void the_best_so_far_never_falls(void **state)
{
    static const double values[] = {0.3, 0.5, 0.4, 0.45, 0.6, 0.1}, best[] = {0.3, 0.5, 0.5, 0.5, 0.6, 0.6};
    struct model m;
    struct run_look look = {.cursor = NAN};
    struct look l = {.theme = theme_dark};
    struct run_plot p;
    (void)state;
    model_init(&m, "demo", "runs", false);
    for (int i = 0; i < 6; i++)
        ui_add(&m.curves, "finetune", "val_accuracy", i + 1, values[i], i);
    run_plot_make(&p, &m, &l, &look, "finetune", RUN_ACCURACIES);
    int found = 0;
    for (int c = 0; c < p.plot.n_curves; c++)
        if (strcmp(p.curves[c].name, "best") == 0)
            for (int i = 0; i < 6; i++, found++)
                assert_true(p.curves[c].y[i] == best[i]);
    assert_int_equal(found, 6);
    run_plot_release(&p);
    model_release(&m);
}

static void recent_is_the_last_fifth(void **state)
{
    struct model m;
    struct run_look look = {.cursor = NAN, .recent = true};
    double lo, hi;
    (void)state;
    ui_model(&m);
    assert_true(run_x_range(&m, &look, "transfer", &lo, &hi));
    assert_true(hi == 120 && fabs(lo - (120 - 119 / 5.0)) < 1e-9);
    assert_false(run_x_range(&m, &look, "finetune", &lo, &hi));
    model_release(&m);
}

static void the_cursor_stays_within_the_curves(void **state)
{
    struct model m;
    struct ui u;
    struct request r;
    (void)state;
    ui_model(&m);
    ui_open(&u, &view_run, &m);
    free(ui_text(&u, 80, 22));
    const struct run_look *look = NULL;
    assert_true(ui_command(&u, CMD_LEFT, &r));
    look = u.self; /* the first member */
    assert_true(look->cursor <= 120 && look->cursor >= 1);
    for (int i = 0; i < 500; i++)
        ui_command(&u, CMD_RIGHT, &r);
    assert_true(look->cursor == 120);
    for (int i = 0; i < 500; i++)
        ui_command(&u, CMD_LEFT, &r);
    assert_true(look->cursor == 1);
    ui_command(&u, CMD_CANCEL, &r);
    assert_true(isnan(look->cursor));
    ui_close(&u);
    model_release(&m);
}

/* ---- tuning ---- */

static void a_nudge_asks_for_a_tenth(void **state)
{
    struct model m;
    struct look l = {.theme = theme_dark};
    struct view_context c = {.model = &m, .look = &l};
    struct tune t = {0};
    struct request r = {0};
    (void)state;
    ui_model(&m);
    assert_true(tune_command(&t, &c, CMD_TUNE_UP, &r));
    assert_int_equal(r.kind, ASK_STUDY);
    assert_int_equal(r.wire.ask, WIRE_SET);
    assert_string_equal(r.wire.key[0], "lambda");
    assert_true(r.wire.value[0] == 0.012 * 1.1);
    m.sel.tune = 4;
    assert_true(tune_command(&t, &c, CMD_TUNE_DOWN, &r));
    assert_string_equal(r.wire.key[0], "lr");
    assert_true(r.wire.value[0] == 0.0025 / 1.1 ||
                r.wire.value[0] == 0.0025 * (1 / 1.1)); /* the base rate, not today's */
    m.live.lambda = 0;
    m.sel.tune = 0;
    r = (struct request){0};
    tune_command(&t, &c, CMD_TUNE_UP, &r);
    assert_int_equal(r.kind, ASK_STATUS);
    m.live.valid = false;
    r = (struct request){0};
    tune_command(&t, &c, CMD_TUNE_UP, &r);
    assert_int_equal(r.kind, ASK_STATUS);
    model_release(&m);
}

/* As the app does: what is wished for is asked. */
static double press(struct tune *t, struct view_context *c, enum command cmd)
{
    struct request r = {0};
    tune_command(t, c, cmd, &r);
    if (r.kind != ASK_STUDY)
        return NAN;
    tune_asked(t, r.wire.key[0], r.wire.value[0]);
    return r.wire.value[0];
}

/* Three presses before the first has been answered are three tenths; and the snapshot may be older than the answer. */
static void nudges_do_not_wait_for_the_step(void **state)
{
    struct model m;
    struct look l = {.theme = theme_dark};
    struct view_context c = {.model = &m, .look = &l};
    struct tune t = {0};
    (void)state;
    ui_model(&m);
    double v = 0.012;
    for (int i = 0; i < 3; i++, v *= 1.1)
        assert_true(press(&t, &c, CMD_TUNE_UP) == v * 1.1);
    assert_true(isnan(press(&t, &c, CMD_TUNE_UNDO))); /* which of them? none has taken effect */
    for (int i = 0; i < 3; i++)
        tune_answered(&t, "lambda", 0.012 * pow(1.1, i), 3, "transfer", 120, true);
    assert_true(m.live.step == 120 && m.live.lambda == 0.012); /* of before */
    assert_true(press(&t, &c, CMD_TUNE_UP) == v * 1.1);
    tune_answered(&t, "lambda", v, 3, "transfer", 120, true);
    m.live.step = 121;
    m.live.lambda = 0.5; /* somebody else's */
    assert_true(press(&t, &c, CMD_TUNE_UP) == 0.5 * 1.1);
    tune_answered(&t, "lambda", 0.5, 3, "transfer", 121, false); /* refused */
    assert_true(press(&t, &c, CMD_TUNE_UP) == 0.5 * 1.1);
    tune_lost(&t);
    assert_true(press(&t, &c, CMD_TUNE_UP) == 0.5 * 1.1);
    model_release(&m);
}

static void an_undo_is_told_from_a_nudge_behind_it(void **state)
{
    struct model m;
    struct look l = {.theme = theme_dark};
    struct view_context c = {.model = &m, .look = &l};
    struct tune t = {0};
    (void)state;
    ui_model(&m);
    tune_answered(&t, "lambda", 0.01, 3, "transfer", 100, true);
    assert_true(press(&t, &c, CMD_TUNE_UNDO) == 0.01);
    assert_true(press(&t, &c, CMD_TUNE_UP) == 0.01 * 1.1);
    tune_answered(&t, "lambda", 0.012, 3, "transfer", 120, true);
    tune_answered(&t, "lambda", 0.01, 3, "transfer", 120, true);
    assert_int_equal(t.n, 1); /* the nudge alone is left to take back */
    assert_true(press(&t, &c, CMD_TUNE_UNDO) == 0.01);
    model_release(&m);
}

static void a_typed_value_is_checked_in_place(void **state)
{
    static const char *const bad[] = {"", "x", "0.1x", "nan", "inf", "-1", "1e9", "0.1 0.2"};
    struct model m;
    struct look l = {.theme = theme_dark};
    struct view_context c = {.model = &m, .look = &l};
    struct request r = {0};
    (void)state;
    ui_model(&m);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        assert_false(tune_typed(&c, bad[i], &r, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_int_equal(r.kind, ASK_NOTHING);
    }
    struct err err = {0};
    assert_true(tune_typed(&c, " 0.25 ", &r, &err));
    assert_true(r.wire.value[0] == 0.25);
    model_release(&m);
}

static void undo_goes_back_change_by_change(void **state)
{
    struct model m;
    struct look l = {.theme = theme_dark};
    struct view_context c = {.model = &m, .look = &l};
    struct tune t = {0};
    struct request r = {0};
    (void)state;
    ui_model(&m);
    tune_answered(&t, "lambda", 0.01, 3, "transfer", 120, true);
    tune_answered(&t, "lr", 0.002, 3, "transfer", 120, true);
    tune_answered(&t, "lambda", 0.5, 3, "transfer", 120, false); /* refused: nothing to undo */
    tune_command(&t, &c, CMD_TUNE_UNDO, &r);
    assert_string_equal(r.wire.key[0], "lr");
    assert_true(r.wire.value[0] == 0.002);
    tune_asked(&t, "lr", 0.002);
    tune_answered(&t, "lr", 0.0025, 3, "transfer", 120, true);
    tune_command(&t, &c, CMD_TUNE_UNDO, &r);
    assert_string_equal(r.wire.key[0], "lambda");
    assert_true(r.wire.value[0] == 0.01);
    tune_asked(&t, "lambda", 0.01);
    tune_answered(&t, "lambda", 0.012, 3, "transfer", 120, true);
    r = (struct request){0};
    tune_command(&t, &c, CMD_TUNE_UNDO, &r);
    assert_int_equal(r.kind, ASK_STATUS); /* both are back */
    tune_answered(&t, "lambda", 0.01, 2, "transfer", 120, true);
    r = (struct request){0};
    tune_command(&t, &c, CMD_TUNE_UNDO, &r);
    assert_int_equal(r.kind, ASK_STATUS); /* of a trial that is over */
    model_release(&m);
}

/* ---- the log ---- */

static void the_filter_keeps_what_contains_it(void **state)
{
    struct model m;
    struct ui u;
    struct request r = {0};
    struct err err = {0};
    (void)state;
    ui_model(&m);
    ui_open(&u, &view_log, &m);
    assert_true(ui_command(&u, CMD_FILTER, &r));
    assert_int_equal(r.kind, ASK_TYPE);
    assert_true(u.view->typed(u.self, &u.context, "LAMBDA", &r, &err));
    char *text = ui_text(&u, 100, 20);
    assert_non_null(strstr(text, "lambda 0.01 -> 0.012"));
    assert_null(strstr(text, "slow disk"));
    free(text);
    ui_command(&u, CMD_CANCEL, &r);
    text = ui_text(&u, 100, 20);
    assert_non_null(strstr(text, "slow disk"));
    free(text);
    ui_close(&u);
    model_release(&m);
}

static void push_event(struct model *m, int64_t id, const char *text)
{
    m->events = xrealloc(m->events, (size_t)(m->n_events + 1) * sizeof *m->events);
    m->events[m->n_events] = (struct event_row){.id = id, .kind = "warning", .stage = "transfer", .trial = 1};
    str_append(m->events[m->n_events].text, sizeof m->events[0].text, 0, "%s", text);
    m->n_events++;
}

static void assert_shown(struct ui *u, const char *what, bool shown)
{
    char *text = ui_text(u, 100, 20);
    if ((strstr(text, what) != NULL) != shown)
        fail_msg("'%s' is %sshown:\n%s", what, shown ? "not " : "", text);
    free(text);
}

static void the_filter_follows_what_comes(void **state)
{
    struct model m;
    struct ui u;
    struct request r = {0};
    struct err err = {0};
    (void)state;
    ui_model(&m);
    ui_open(&u, &view_log, &m);
    assert_true(u.view->typed(u.self, &u.context, "disk", &r, &err));
    assert_shown(&u, "slow disk", true);
    push_event(&m, 5, "full disk");
    push_event(&m, 6, "no matter");
    assert_shown(&u, "full disk", true);
    assert_shown(&u, "no matter", false);
    assert_shown(&u, "/disk   2 of 6", true);
    for (int i = 0; i < 100; i++)
        push_event(&m, 7 + i, i % 2 ? "a disk" : "nothing");
    assert_shown(&u, "/disk   52 of 106", true);
    ui_command(&u, CMD_HOME, &r);
    assert_shown(&u, "slow disk", true);
    ui_command(&u, CMD_END, &r);
    assert_shown(&u, "slow disk", false);
    /* another study, with fewer events and with as many */
    m.n_events = 0;
    assert_shown(&u, "no event contains that", true);
    for (int i = 0; i < 106; i++)
        push_event(&m, 1000 + i, i == 50 ? "third disk" : "nothing");
    assert_shown(&u, "third disk", true);
    assert_shown(&u, "/disk   1 of 106", true);
    for (int i = 0; i < 106; i++)
        m.events[i].id += 1000, m.events[i].text[0] = 0;
    assert_shown(&u, "third disk", false);
    ui_close(&u);
    model_release(&m);
}

static void the_dashboard_has_the_belief_s_map(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    ui_model(&m);
    ui_open(&u, &view_run, &m);
    char *text = ui_text(&u, 200, 58);
    assert_non_null(strstr(text, "fitting ...")); /* nobody works it out here */
    free(text);
    ui_believe(&u);
    text = ui_text(&u, 200, 58);
    assert_null(strstr(text, "fitting ..."));
    assert_non_null(strstr(text, "transfer_lr  mean, %"));
    free(text);
    m.settings.n_ranges = 1;
    text = ui_text(&u, 200, 58);
    assert_non_null(strstr(text, "mean and two standard deviations, %"));
    free(text);
    m.settings.n_ranges = 0;
    text = ui_text(&u, 200, 58);
    assert_non_null(strstr(text, "No setting is searched"));
    free(text);
    ui_close(&u);
    model_release(&m);
}

int main(void)
{
    setenv("TZ", "UTC", 1); /* the log shows times of day */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_covers_everything_once),
        cmocka_unit_test(screens_look_as_kept),
        cmocka_unit_test(every_rung_is_readable),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(an_empty_model_is_drawn),
        cmocka_unit_test(plots_hold_the_series),
        cmocka_unit_test(the_best_so_far_never_falls),
        cmocka_unit_test(recent_is_the_last_fifth),
        cmocka_unit_test(the_cursor_stays_within_the_curves),
        cmocka_unit_test(a_nudge_asks_for_a_tenth),
        cmocka_unit_test(nudges_do_not_wait_for_the_step),
        cmocka_unit_test(an_undo_is_told_from_a_nudge_behind_it),
        cmocka_unit_test(a_typed_value_is_checked_in_place),
        cmocka_unit_test(undo_goes_back_change_by_change),
        cmocka_unit_test(the_filter_keeps_what_contains_it),
        cmocka_unit_test(the_filter_follows_what_comes),
        cmocka_unit_test(the_dashboard_has_the_belief_s_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
