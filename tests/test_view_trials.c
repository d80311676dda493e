/* The Trials screen over a small study: what stands where, that every key does what it says, what is asked of the study and what is
 * not, and that the exported file is the one that the program's other commands write and read. */
#include "ui_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/history.h"
#include "../src/trials_text.h"
#include "../src/ui/trials_csv.h"
#include "../src/ui/trials_draw.h"
#include "golden.h"
#include "scratch.h"

enum { TRIALS = 16 };
static const int sizes[][2] = {{80, 22}, {100, 28}, {200, 58}};

/* ---- a study ---- */

static double part(double v)
{
    return v - floor(v);
}

static void make_evals(struct model *m, int i)
{
    struct eval_curve *e = &m->evals[i];
    const struct trial_row *t = &m->trials[i];
    int n = t->state == TRIAL_PRUNED ? 4 : t->state == TRIAL_DIVERGED ? 3 : t->state == TRIAL_RUNNING ? 6 : 10;
    double end = isnan(t->val_accuracy) ? 0.7 : t->val_accuracy;
    *e = (struct eval_curve){.n = n, .step = xcalloc(10, sizeof(float)), .value = xcalloc(10, sizeof(float))};
    for (int k = 0; k < n; k++) {
        e->step[k] = 100.0F * (float)(k + 1);
        e->value[k] = (float)(end - 0.4 * exp(-k / 3.0));
    }
}

static void make_trial(struct trial_row *t, int i)
{
    double u = part(0.5 + 0.7548776662 * i), v = part(0.5 + 0.5698402910 * i);
    double y = 0.82 - 0.3 * (u - 0.6) * (u - 0.6) - 0.25 * (v - 0.4) * (v - 0.4);
    *t = (struct trial_row){.number = i + 1,
                            .ask_id = i,
                            .state = TRIAL_COMPLETE,
                            .seed = 1,
                            .n_params = 2,
                            .val_accuracy = y,
                            .best_val_accuracy = y + (i == 2 ? 0.01 : 0),
                            .test_accuracy = NAN,
                            .seconds_teacher = i == 0 ? 2024.1 : 0,
                            .seconds_transfer = 130 + 9 * u,
                            .seconds_finetune = 170 + 9 * v};
    str_append(t->param_name[0], sizeof t->param_name[0], 0, "lambda");
    str_append(t->param_name[1], sizeof t->param_name[1], 0, "transfer_lr");
    t->param_value[0] = pow(10, 2 * u - 2);
    t->param_value[1] = pow(10, 2 * v - 4);
    str_append(t->dir, sizeof t->dir, 0, "runs/demo/trial-%04d", i + 1);
}

/* Trial 5 diverged, 6 failed, 8 was changed by hand, 10 and 11 were stopped early (11 was thawed), 12 is a clone of 8, 13 is of
 * another lambda1, 14 and 15 run trial 3 again, 16 runs. */
static void make_study(struct model *m)
{
    struct trial_row *t;
    ui_model(m);
    free(m->trials);
    m->n_trials = m->n_evals = m->n_saved = TRIALS;
    m->trials = t = xcalloc(TRIALS, sizeof *t);
    m->evals = xcalloc(TRIALS, sizeof *m->evals);
    m->saved_ms = xcalloc(TRIALS, sizeof *m->saved_ms);
    for (int i = 0; i < TRIALS; i++) {
        make_trial(&t[i], i);
        m->saved_ms[i] = 1767225600000 + 600000 * i;
    }
    t[4].state = TRIAL_DIVERGED;
    str_append(t[4].reason, sizeof t[4].reason, 0,
               "the loss is NaN at step 31 of transfer; lower transfer_lr or lambda");
    t[5].state = TRIAL_FAILED;
    str_append(t[5].reason, sizeof t[5].reason, 0, "cannot write 'state.safetensors': no space left on device");
    t[4].val_accuracy = t[5].val_accuracy = NAN;
    t[6].collapsed = true;
    t[7].edited = true;
    t[9].state = t[10].state = TRIAL_PRUNED;
    str_append(t[9].reason, sizeof t[9].reason, 0,
               "gain-pi: P = 0.012 < 0.05 of reaching 81.94 %%, with 62.60 %% at 40 %%");
    t[10].state = TRIAL_COMPLETE;
    t[11].kind = t[12].kind = TRIAL_MANUAL;
    t[11].ask_id = t[12].ask_id = -1;
    t[12].n_params = 3;
    str_append(t[12].param_name[2], sizeof t[12].param_name[2], 0, "lambda1");
    t[12].param_value[2] = 0.25;
    for (int i = 13; i < 15; i++) {
        t[i].kind = TRIAL_REPEAT;
        t[i].ask_id = 2;
        t[i].repeat = i - 12;
        t[i].seed = i - 11;
        memcpy(t[i].param_value, t[2].param_value, sizeof t[i].param_value);
        t[i].val_accuracy = t[2].val_accuracy + 0.004 * (i - 13) - 0.002;
        t[i].test_accuracy = 0.79 + 0.005 * (i - 13);
    }
    t[2].test_accuracy = 0.801;
    t[15].state = TRIAL_RUNNING;
    t[15].val_accuracy = NAN;
    m->live.trial = 16;
    const struct event_row events[] = {
        {.id = 1, .trial = 8, .stage = "transfer", .step = 60, .kind = "set", .key = "lambda", .before = 1, .after = 2},
        {.id = 2,
         .trial = 10,
         .stage = "finetune",
         .step = 400,
         .kind = "pruned",
         .key = "gain-pi",
         .before = 0.724,
         .after = 0.009},
        {.id = 3,
         .trial = 11,
         .stage = "finetune",
         .step = 400,
         .kind = "pruned",
         .key = "gain-pi",
         .before = 0.75,
         .after = 0.008},
        {.id = 4, .trial = 11, .stage = "finetune", .step = 400, .kind = "thaw"},
        {.id = 5, .trial = 12, .kind = "clone", .key = "cold", .before = 8, .after = NAN}};
    free(m->events);
    m->n_events = (int)ARRAY_LEN(events);
    m->events = xmalloc(sizeof events);
    memcpy(m->events, events, sizeof events);
    for (int i = 0; i < TRIALS; i++)
        make_evals(m, i);
    m->trials_version++;
    m->sel.trial = 3;
    m->sel.follow = false;
    str_append(m->dir, sizeof m->dir, 0, "no-such-folder/demo"); /* no files of trials */
}

static void open_trials(struct ui *u, struct model *m)
{
    make_study(m);
    ui_open(u, &view_trials, m);
    free(ui_text(u, 80, 22));
}

static void close_trials(struct ui *u)
{
    ui_close(u);
    model_release(u->model);
}

static void press(struct ui *u, enum command c, int n)
{
    struct request r;
    for (int i = 0; i < n; i++)
        assert_true(ui_command(u, c, &r));
}

static void choose(struct ui *u, int trial)
{
    u->model->sel.trial = trial;
}

static void kept(struct ui *u, int w, int h, const char *name)
{
    char file[64], *text = ui_text(u, w, h);
    str_append(file, sizeof file, 0, "trials-%dx%d%s", w, h, name);
    golden_check(file, text);
    free(text);
}

static void expect(struct ui *u, int w, int h, const char *what)
{
    char *text = ui_text(u, w, h);
    if (!strstr(text, what))
        fail_msg("no '%s' in\n%s", what, text);
    free(text);
}

static void expect_not(struct ui *u, int w, int h, const char *what)
{
    char *text = ui_text(u, w, h);
    if (strstr(text, what))
        fail_msg("'%s' in\n%s", what, text);
    free(text);
}

static void type(struct ui *u, enum command c, const char *text, struct request *r)
{
    struct err err = {0};
    assert_true(ui_command(u, c, r));
    assert_int_equal(r->kind, ASK_TYPE);
    memset(r, 0, sizeof *r);
    if (!u->view->typed(u->self, &u->context, text, r, &err))
        fail_msg("'%s': %s", text, err.msg);
}

/* ---- what is seen ---- */

static void the_layout_keeps_its_parts_apart(void **state)
{
    (void)state;
    for (int pane = 0; pane < PANE_COUNT; pane++)
        for (int w = 20; w <= 240; w += 3)
            for (int h = 6; h <= 80; h++) {
                struct rect all = {3, 2, w, h};
                struct trials_layout l = trials_layout(all, (enum trials_pane)pane);
                const struct rect parts[] = {l.head, l.columns, l.rows, l.rule, l.picture, l.detail};
                for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
                    struct rect r = rect_and(parts[i], all);
                    bool empty = parts[i].w <= 0 || parts[i].h <= 0;
                    if (!empty && (r.w != parts[i].w || r.h != parts[i].h))
                        fail_msg("part %zu leaves %dx%d", i, w, h);
                    for (size_t j = 0; j < i && !empty; j++) {
                        r = rect_and(parts[i], parts[j]);
                        if (r.w > 0 && r.h > 0)
                            fail_msg("parts %zu and %zu overlap at %dx%d", i, j, w, h);
                    }
                }
                assert_true(l.rows.h >= 1);
                assert_int_equal(l.detail.h > 0 && l.detail.x > l.rows.x, trials_is_wide(all));
            }
}

static void screens_look_as_kept(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        kept(&u, sizes[i][0], sizes[i][1], "");
    press(&u, CMD_NEXT_PANE, 1);
    choose(&u, 10);
    kept(&u, 100, 28, "-curves"); /* in the wide one that was drawn last the axes stood first */
    kept(&u, 200, 58, "-curves");
    press(&u, CMD_NEXT_PANE, 1);
    kept(&u, 100, 28, "-none");
    press(&u, CMD_NEXT_PANE, 2);
    kept(&u, 80, 22, "-axes");
    u.look.glyphs = GLYPHS_ASCII;
    u.look.depth = DEPTH_MONO;
    kept(&u, 80, 22, "-axes-mono-ascii");
    for (int pane = 0; pane < PANE_COUNT; pane++, press(&u, CMD_NEXT_PANE, 1)) {
        char *text = ui_text(&u, 200, 58);
        for (const char *c = text; *c; c++)
            if ((unsigned char)*c >= 0x80)
                fail_msg("not plain:\n%s", text);
        free(text);
    }
    close_trials(&u);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    for (int mode = 0; mode < 6; mode++) {
        struct model m;
        struct ui u;
        open_trials(&u, &m);
        press(&u, CMD_NEXT_PANE, mode < 4 ? mode : 1);
        if (mode == 3)
            press(&u, CMD_COMPARE, 1), choose(&u, 13);
        if (mode == 4)
            u.look.glyphs = GLYPHS_ASCII, u.look.depth = DEPTH_MONO;
        if (mode == 5)
            m.n_trials = m.n_evals = 0, m.trials_version++;
        for (int w = 1; w <= 210; w += 11)
            for (int h = 1; h <= 62; h += 5)
                ui_stays_inside(&u, w, h);
        m.n_evals = mode == 5 ? TRIALS : m.n_evals;
        close_trials(&u);
    }
}

static void without_trials_it_says_so(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    model_init(&m, "demo", "runs", false);
    ui_open(&u, &view_trials, &m);
    expect(&u, 80, 22, "no trial yet");
    press(&u, CMD_DOWN, 1);
    press(&u, CMD_END, 1);
    press(&u, CMD_SORT_NEXT, 30);
    assert_true(ui_command(&u, CMD_RETRY, &r));
    assert_string_equal(r.text, "no trial is chosen");
    assert_true(ui_command(&u, CMD_EXPORT, &r));
    assert_string_equal(r.text, "there is no trial to export");
    for (int i = 0; i < PANE_COUNT; i++, press(&u, CMD_NEXT_PANE, 1))
        free(ui_text(&u, 200, 58));
    ui_close(&u);
    model_release(&m);
}

/* The best, the running one, repeats' mean, what is edited. */
static void what_matters_is_marked(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    expect(&u, 100, 28, "◉    16");
    expect(&u, 200, 58, "79.53 ± 0.55 (3)"); /* test 80.1, 79.0, 79.5 */
    expect(&u, 100, 28, "edited");
    expect(&u, 100, 28, "collapsed");
    choose(&u, 12);
    expect(&u, 80, 22, "cold clone of 8");
    choose(&u, 8);
    expect(&u, 80, 22, "edited, 1 change by hand");
    expect(&u, 80, 22, "lambda 1 -> 2 at step 60 of transfer");
    choose(&u, 10);
    expect(&u, 200, 58, "foreseeing 72.40 ± 0.90 %");
    choose(&u, 11);
    expect(&u, 200, 58, "thawed");
    choose(&u, 13);
    expect(&u, 200, 58, "lambda1 0.25 (study 1)");
    choose(&u, 16);
    expect(&u, 200, 58, "step 120 of 200");
    close_trials(&u);
}

/* ---- the cursor ---- */

static void the_cursor_is_the_trial_of_all_screens(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    m.sel.follow = true;
    press(&u, CMD_DOWN, 2);
    assert_int_equal(m.sel.trial, 5);
    assert_false(m.sel.follow);
    press(&u, CMD_UP, 1);
    assert_int_equal(m.sel.trial, 4);
    press(&u, CMD_HOME, 1);
    assert_int_equal(m.sel.trial, 1);
    press(&u, CMD_UP, 3);
    assert_int_equal(m.sel.trial, 1);
    press(&u, CMD_END, 1);
    assert_int_equal(m.sel.trial, 16);
    press(&u, CMD_DOWN, 3);
    assert_int_equal(m.sel.trial, 16);
    free(ui_text(&u, 80, 16)); /* 6 rows below the rule, 7 of trials */
    press(&u, CMD_PAGE_UP, 1);
    assert_int_equal(m.sel.trial, 10);
    press(&u, CMD_PAGE_UP, 9);
    assert_int_equal(m.sel.trial, 1);
    press(&u, CMD_PAGE_DOWN, 1);
    assert_int_equal(m.sel.trial, 7);
    expect(&u, 80, 16, "▸ ●     7");
    close_trials(&u);
}

static void it_stays_with_its_trial_when_the_order_changes(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    for (int i = 0; i < 8; i++) {
        press(&u, CMD_SORT_NEXT, 1);
        assert_int_equal(m.sel.trial, 3);
        expect(&u, 80, 16, "▸ ");
    }
    press(&u, CMD_SORT_PREVIOUS, 8);
    expect(&u, 80, 22, "#▴");
    press(&u, CMD_SORT_REVERSE, 1);
    expect(&u, 80, 22, "#▾");
    close_trials(&u);
}

static void a_filtered_cursor_comes_back_at_its_place(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    type(&u, CMD_FILTER, "trial>8 complete", &r);
    expect(&u, 80, 22, "6 of 16  trial>8 complete");
    expect_not(&u, 80, 22, "▸");
    assert_int_equal(m.sel.trial, 3); /* nobody has chosen another */
    press(&u, CMD_DOWN, 1);
    assert_int_equal(m.sel.trial, 12); /* where trial 3 was: the third */
    press(&u, CMD_CANCEL, 1);
    expect(&u, 80, 22, "16 trials");
    assert_int_equal(m.sel.trial, 12);
    close_trials(&u);
}

static void a_bad_filter_is_refused_in_place(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    struct err err = {0};
    open_trials(&u, &m);
    type(&u, CMD_FILTER, "edited", &r);
    assert_true(ui_command(&u, CMD_FILTER, &r));
    assert_string_equal(r.initial, "edited");
    assert_false(u.view->typed(u.self, &u.context, "edited val>x", &r, &err));
    assert_string_equal(err.msg, "'val>x': 'x' is not a number");
    expect(&u, 80, 22, "1 of 16  edited");
    close_trials(&u);
}

/* ---- mouse ---- */

static void click(struct ui *u, int w, int h, int x, int y, int button)
{
    struct request r = {0};
    free(ui_text(u, w, h));
    u->view->mouse(u->self, &u->context, (struct rect){0, 0, w, h}, x, y, button, &r);
}

static void clicks_choose_and_sort(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    click(&u, 80, 22, 20, 2 + 6, 1);
    assert_int_equal(m.sel.trial, 7);
    click(&u, 80, 22, 20, 10, 5);
    assert_int_equal(m.sel.trial, 10);
    click(&u, 80, 22, 20, 10, 4);
    assert_int_equal(m.sel.trial, 7);
    char *text = ui_text(&u, 80, 22), *line = strchr(text, '\n') + 1, *at = strstr(line, "val %");
    int x = (int)(at - line) - 2; /* the sign of the order takes three bytes and one column */
    free(text);
    click(&u, 80, 22, x, 1, 1);
    expect(&u, 80, 22, "val %▾");
    click(&u, 80, 22, x, 1, 1);
    expect(&u, 80, 22, "val %▴");
    click(&u, 80, 22, 79, 21, 1); /* nothing is there */
    close_trials(&u);
}

/* ---- marks ---- */

static void overlays_are_kept_eight_at_most(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    for (int i = 1; i <= 8; i++) {
        choose(&u, i);
        assert_true(ui_command(&u, CMD_OVERLAY, &r));
    }
    assert_int_equal(m.sel.n_overlay, 8);
    choose(&u, 9);
    assert_true(ui_command(&u, CMD_OVERLAY, &r));
    assert_string_equal(r.text, "the curves of 8 trials are kept on Run already: o on one of them removes it");
    assert_int_equal(m.sel.n_overlay, 8);
    choose(&u, 3);
    expect(&u, 80, 22, "▸◆●     3");
    assert_true(ui_command(&u, CMD_OVERLAY, &r));
    assert_int_equal(m.sel.n_overlay, 7);
    assert_int_equal(m.sel.overlay[2], 4);
    expect(&u, 80, 22, "▸ ●     3");
    close_trials(&u);
}

static void two_trials_are_compared(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    choose(&u, 14);
    press(&u, CMD_COMPARE, 1);
    choose(&u, 3);
    expect(&u, 100, 28, "≠");
    expect(&u, 100, 28, "compared               #14         #3");
    expect(&u, 100, 28, "seed                     2          1");
    expect(&u, 100, 28, "test %               79.00      80.10 +1.10");
    choose(&u, 13);
    expect(&u, 100, 28, "lambda1                  1       0.25 ×0.25");
    choose(&u, 14);
    assert_true(ui_command(&u, CMD_COMPARE, &r));
    assert_string_equal(r.text, "nothing is compared");
    expect_not(&u, 100, 28, "compared");
    press(&u, CMD_COMPARE, 1);
    press(&u, CMD_CANCEL, 1);
    expect_not(&u, 100, 28, "≠");
    close_trials(&u);
}

/* ---- axes ---- */

static void brushes_are_set_from_the_chosen_trial(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    assert_true(ui_command(&u, CMD_BRUSH_LOW, &r));
    assert_string_equal(r.text, "v shows the axes that are brushed");
    assert_false(ui_command(&u, CMD_RIGHT, &r)); /* left to others while there are no axes */
    press(&u, CMD_NEXT_PANE, 1);
    press(&u, CMD_BRUSH_LOW, 1); /* lambda of trial 3, 1.005e-1 or so, and more */
    expect(&u, 80, 22, "of 16  lambda >= ");
    double lambda = m.trials[2].param_value[0];
    int more = 0;
    for (int i = 0; i < TRIALS; i++)
        more += m.trials[i].param_value[0] >= lambda;
    char text[64];
    snprintf(text, sizeof text, "%d of 16  lambda >= ", more);
    expect(&u, 80, 22, text);
    press(&u, CMD_BRUSH_HIGH, 1);
    expect(&u, 80, 22, "3 of 16  lambda "); /* trial 3 and its repeats */
    press(&u, CMD_RIGHT, 3);
    press(&u, CMD_BRUSH_HIGH, 1);
    expect(&u, 80, 22, "2 of 16  lambda "); /* and not more than its accuracy */
    expect(&u, 80, 22, "  val <= ");
    press(&u, CMD_BRUSH_NONE, 1);
    expect(&u, 80, 22, "3 of 16  lambda ");
    press(&u, CMD_LEFT, 3);
    press(&u, CMD_LEFT, 1); /* from the first to the last */
    choose(&u, 5);
    assert_true(ui_command(&u, CMD_BRUSH_LOW, &r));
    assert_string_equal(r.text, "the chosen trial has no value on val");
    press(&u, CMD_CANCEL, 1);
    expect(&u, 80, 22, "16 trials");
    close_trials(&u);
}

static void a_click_moves_the_nearer_end(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    press(&u, CMD_NEXT_PANE, 1);
    free(ui_text(&u, 80, 22));
    struct rect r = trials_layout((struct rect){0, 0, 80, 22}, PANE_AXES).picture;
    int foot = r.y + r.h - 2, top = r.y + 2;
    click(&u, 80, 22, r.x + 6, foot - 1, 1);
    expect(&u, 80, 22, "of 16  lambda >= ");
    click(&u, 80, 22, r.x + 6, top + 1, 1);
    expect(&u, 80, 22, "..");
    click(&u, 80, 22, r.x + 6, top, 1); /* the end of the axis: open again */
    expect(&u, 80, 22, "of 16  lambda >= ");
    click(&u, 80, 22, r.x + 6, foot, 1);
    expect(&u, 80, 22, "16 trials");
    click(&u, 80, 22, r.x + 25, foot, 1); /* between two axes */
    expect(&u, 80, 22, "16 trials");
    close_trials(&u);
}

/* The unit of a logarithmic axis is that of the logarithms; values of the accuracy's axis below its foot stand at it. */
static void axes_have_the_scale_of_the_search(void **state)
{
    (void)state;
    struct trials_table t;
    struct model m;
    make_study(&m);
    trials_table_init(&t);
    trials_table_update(&t,
                        &(struct trials_source){.rows = m.trials, .n = TRIALS, .version = 1, .settings = &m.settings});
    assert_int_equal(trials_axis_count(&t), 4); /* lambda, transfer_lr, lambda1, val */
    const struct trials_column *lambda = trials_axis_column(&t, 0), *val = trials_axis_column(&t, 3);
    assert_string_equal(lambda->name, "lambda");
    assert_null(trials_axis_column(&t, 4));
    assert_float_equal(trials_axis_unit(&t, lambda, 0.1), 0.5, 1e-12);
    assert_float_equal(trials_axis_unit(&t, lambda, 0.01), 0, 1e-12);
    assert_float_equal(trials_axis_unit(&t, lambda, 7), 1, 0);
    assert_true(isnan(trials_axis_unit(&t, lambda, NAN)));
    assert_float_equal(trials_axis_unit(&t, val, (t.bar_lo + t.bar_hi) / 2), 0.5, 1e-9);
    assert_float_equal(trials_axis_unit(&t, val, 0.1), 0, 0);
    trials_table_release(&t);
    model_release(&m);
}

/* ---- what is asked of the study ---- */

static void refuses(struct ui *u, enum command c, int trial, const char *why)
{
    struct request r;
    choose(u, trial);
    assert_true(ui_command(u, c, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_string_equal(r.text, why);
}

static void only_a_failed_trial_is_tried_again(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    choose(&u, 6);
    assert_true(ui_command(&u, CMD_RETRY, &r));
    assert_int_equal(r.kind, ASK_STUDY);
    assert_int_equal(r.wire.ask, WIRE_CLONE);
    assert_int_equal(r.wire.trial, 6);
    assert_int_equal(r.wire.n, 0);
    assert_false(r.wire.warm);
    assert_string_equal(r.confirm, "run trial 6 again, from its first step, as a new trial?");
    refuses(&u, CMD_RETRY, 5, "trial 5 diverged, and would again with these values: C clones it with others");
    refuses(&u, CMD_RETRY, 10, "trial 10 was stopped early: w goes on with it");
    refuses(&u, CMD_RETRY, 1, "trial 1 is complete: only one that failed is tried again");
    close_trials(&u);
}

static void only_a_stopped_trial_is_thawed(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    choose(&u, 10);
    assert_true(ui_command(&u, CMD_THAW, &r));
    assert_int_equal(r.kind, ASK_STUDY);
    assert_int_equal(r.wire.ask, WIRE_THAW);
    assert_int_equal(r.wire.trial, 10);
    assert_true(r.confirm[0]);
    refuses(&u, CMD_THAW, 11, "trial 11 has been thawed already");
    refuses(&u, CMD_THAW, 6, "trial 6 is failed: only one that was stopped early is gone on with");
    close_trials(&u);
}

static void a_clone_begins_with_the_trials_values(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    m.trials[2].param_value[0] = 0.25;
    m.trials[2].param_value[1] = 0.001;
    choose(&u, 3);
    assert_true(ui_command(&u, CMD_CLONE, &r));
    assert_int_equal(r.kind, ASK_TYPE);
    assert_int_equal(r.wire.ask, WIRE_CLONE);
    assert_int_equal(r.wire.trial, 3);
    assert_string_equal(r.initial, "lambda=0.25 transfer_lr=0.001");
    struct trial_row *t = &m.trials[2]; /* more than the line has room for: whole words only */
    for (t->n_params = 2; t->n_params < 6; t->n_params++) {
        snprintf(t->param_name[t->n_params], sizeof t->param_name[0], "a_long_name_%d", t->n_params);
        t->param_value[t->n_params] = 0.125;
    }
    assert_true(ui_command(&u, CMD_CLONE, &r));
    assert_string_equal(r.initial, "lambda=0.25 transfer_lr=0.001 a_long_name_2=0.125");
    t->n_params = 2;
    close_trials(&u);
}

static void a_reader_changes_nothing(void **state)
{
    static const enum command acts[] = {CMD_CLONE, CMD_RETRY, CMD_THAW};
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_trials(&u, &m);
    m.readonly = true;
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        for (int trial = 1; trial <= TRIALS; trial++) {
            choose(&u, trial);
            assert_true(ui_command(&u, acts[i], &r));
            assert_int_equal(r.kind, ASK_STATUS);
            assert_non_null(strstr(r.text, "read only"));
        }
    press(&u, CMD_OVERLAY, 1); /* what is looked at is the reader's own */
    press(&u, CMD_SORT_NEXT, 1);
    close_trials(&u);
}

/* ---- files ---- */

static void the_export_is_what_is_shown(void **state)
{
    (void)state;
    char *dir = scratch_new();
    struct model m;
    struct ui u;
    struct request r;
    struct err err = {0};
    open_trials(&u, &m);
    str_append(m.dir, sizeof m.dir, 0, "%s/demo", dir);
    assert_true(ui_command(&u, CMD_EXPORT, &r));
    assert_string_equal(r.initial, "trials.csv");
    type(&u, CMD_EXPORT, "trials.csv", &r);
    assert_non_null(strstr(r.text, "wrote 16 trials to "));
    char *path = xstrfmt("%s/demo/export/trials.csv", dir), *want = NULL;
    size_t n, n_want;
    unsigned char *got = scratch_read(path, &n);
    FILE *f = open_memstream(&want, &n_want);
    trials_csv(f, m.trials, TRIALS); /* what `fsplab trials --csv` prints */
    fclose(f);
    assert_int_equal(n, n_want);
    assert_memory_equal(got, want, n);
    free(got);
    free(want);
    assert_true(ui_command(&u, CMD_EXPORT, &r));
    assert_string_equal(r.initial, "trials-2.csv");
    assert_false(u.view->typed(u.self, &u.context, "trials.csv", &r, &err));
    assert_non_null(strstr(err.msg, "is there already: choose another name"));
    assert_false(u.view->typed(u.self, &u.context, "", &r, &err));
    type(&u, CMD_FILTER, "complete kind=search", &r);
    press(&u, CMD_SORT_NEXT, 6); /* by val, the highest first */
    free(path);
    path = xstrfmt("%s/best.csv", dir);
    type(&u, CMD_EXPORT, path, &r);
    struct history h;
    if (!history_read(path, &h, &err))
        fail_msg("%s", err.msg);
    assert_true(h.n >= 8);
    for (int i = 1; i < h.n; i++)
        assert_true(h.rows[i].val_accuracy <= h.rows[i - 1].val_accuracy);
    history_release(&h);
    free(path);
    close_trials(&u);
    scratch_remove(dir);
}

static void curves_are_asked_for_only_where_they_are_seen(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_trials(&u, &m);
    assert_false(m.sel.evals);
    press(&u, CMD_NEXT_PANE, 2);
    assert_true(m.sel.evals);
    press(&u, CMD_NEXT_PANE, 1);
    assert_false(m.sel.evals);
    close_trials(&u);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_keeps_its_parts_apart),
        cmocka_unit_test(screens_look_as_kept),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(without_trials_it_says_so),
        cmocka_unit_test(what_matters_is_marked),
        cmocka_unit_test(the_cursor_is_the_trial_of_all_screens),
        cmocka_unit_test(it_stays_with_its_trial_when_the_order_changes),
        cmocka_unit_test(a_filtered_cursor_comes_back_at_its_place),
        cmocka_unit_test(a_bad_filter_is_refused_in_place),
        cmocka_unit_test(clicks_choose_and_sort),
        cmocka_unit_test(overlays_are_kept_eight_at_most),
        cmocka_unit_test(two_trials_are_compared),
        cmocka_unit_test(brushes_are_set_from_the_chosen_trial),
        cmocka_unit_test(a_click_moves_the_nearer_end),
        cmocka_unit_test(axes_have_the_scale_of_the_search),
        cmocka_unit_test(only_a_failed_trial_is_tried_again),
        cmocka_unit_test(only_a_stopped_trial_is_thawed),
        cmocka_unit_test(a_clone_begins_with_the_trials_values),
        cmocka_unit_test(a_reader_changes_nothing),
        cmocka_unit_test(the_export_is_what_is_shown),
        cmocka_unit_test(curves_are_asked_for_only_where_they_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
