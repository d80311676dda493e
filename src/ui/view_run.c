/* The Run screen: what runs and how it goes. From 160x45 on it is a dashboard that lends parts of its room to the FSP and
 * Device screens, each with a state of its own, as they know how to draw themselves at any size. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_export.h"
#include "run_layout.h"
#include "search_draw.h"
#include "tune.h"
#include "view.h"
#include "wrap.h"

struct run_view {
    struct run_look look;
    void *fsp, *device;
    struct search_course course;
    struct run_layout at; /* as drawn last, for cursor and mouse */
    int tune_end[TUNE_KEYS];
    char stage[16]; /* as drawn last */
};

static void init(void *self, struct view_context *ctx)
{
    struct run_view *v = self;
    v->look.cursor = NAN;
    v->fsp = xcalloc(1, view_fsp.state_size);
    v->device = xcalloc(1, view_device.state_size);
    if (view_fsp.init)
        view_fsp.init(v->fsp, ctx);
    if (view_device.init)
        view_device.init(v->device, ctx);
}

static void release(void *self)
{
    struct run_view *v = self;
    if (view_fsp.release)
        view_fsp.release(v->fsp);
    if (view_device.release)
        view_device.release(v->device);
    free(v->fsp);
    free(v->device);
}

/* ---- the head ---- */

static void duration(double s, char *buf, size_t cap)
{
    if (isnan(s))
        str_append(buf, cap, 0, "-");
    else if (s < 100)
        str_append(buf, cap, 0, "%.0f s", s);
    else if (s < 6000)
        str_append(buf, cap, 0, "%.0f min", s / 60);
    else
        str_append(buf, cap, 0, "%.1f h", s / 3600);
}

static void bar(struct canvas *c, struct rect r, const struct look *l, double part)
{
    static const uint32_t eighths[] = {' ', 0x258f, 0x258e, 0x258d, 0x258c, 0x258b, 0x258a, 0x2589};
    int full = (int)(part * r.w * 8);
    for (int i = 0; i < r.w && r.h > 0; i++) {
        int n = full - 8 * i;
        uint32_t rune = look_ascii(l) ? (n >= 4 ? '#' : '.') : n >= 8 ? 0x2588 : n <= 0 ? 0x2500 : eighths[n];
        canvas_put(c, r.x + i, r.y, rune, look_style(l, n > 0 ? ROLE_GOOD : ROLE_FRAME));
    }
}

static enum theme_role state_role(const char *state)
{
    if (strcmp(state, "running") == 0 || strcmp(state, "complete") == 0)
        return ROLE_GOOD;
    return strcmp(state, "failed") == 0 || strcmp(state, "diverged") == 0 ? ROLE_BAD : ROLE_WARN;
}

static const char *kind_text(const struct trial_row *t)
{
    return t->kind == TRIAL_REPEAT ? "repeat" : t->kind == TRIAL_MANUAL ? "by hand" : "search";
}

/* Row 1: which trial, its values, its state. */
static void draw_trial(struct canvas *c, struct rect r, const struct look *l, const struct model *m)
{
    const struct trial_row *t = model_trial(m, m->sel.trial);
    if (!t) {
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED),
                    m->conn == CONN_LIVE ? "the first trial is being made ready" : "no trial yet");
        return;
    }
    const char *state = m->conn == CONN_LIVE && m->live.trial == t->number ? m->live.state : trial_state_name(t->state);
    int x = canvas_printf(c, r, r.x, r.y, look_style(l, ROLE_TITLE), "trial %d", t->number);
    if (m->live.trials_planned > 1)
        x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), " of %d", m->live.trials_planned);
    x = canvas_text(c, r, x + 2, r.y, look_style(l, state_role(state)), state);
    x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_MUTED), "%s", kind_text(t));
    for (int i = 0; i < t->n_params; i++)
        x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_TEXT), "%s %.4g", t->param_name[i], t->param_value[i]);
    if (t->edited || (m->live.trial == t->number && m->live.edited))
        x = canvas_text(c, r, x + 2, r.y, look_style(l, ROLE_WARN), "edited");
    if (t->collapsed || (m->live.trial == t->number && m->live.collapsed))
        x = canvas_text(c, r, x + 2, r.y, look_style(l, ROLE_BAD), "COLLAPSED: lower lambda or transfer_lr");
    if (t->reason[0])
        canvas_text(c, r, x + 2, r.y, look_style(l, ROLE_BAD), t->reason);
    for (int i = 0; i < m->live.n_beside && m->conn == CONN_LIVE && m->live.trial == t->number; i++) {
        const struct beside *b = &m->live.beside[i]; /* other workers' trials */
        x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_MUTED), "%s %d %s %d/%d", i ? "and" : "beside it",
                          b->trial, b->stage, b->step, b->steps);
    }
}

/* Row 2: progress through the stage. */
static void draw_progress(struct canvas *c, struct rect r, const struct look *l, const struct model *m)
{
    const struct live *v = &m->live;
    char eta[32], trial_eta[32];
    if (m->conn != CONN_LIVE) {
        bool ended = strcmp(m->study_state, "complete") == 0;
        canvas_printf(c, r, r.x, r.y, look_style(l, ROLE_MUTED), "%s%s%s", m->study_reason,
                      m->study_reason[0] && !ended ? "; " : "",
                      ended                ? ""
                      : m->conn_message[0] ? m->conn_message
                                           : "no process runs this study: S on Setup (0) starts it");
        return;
    }
    if (v->steps <= 0)
        return;
    duration(v->eta, eta, sizeof eta);
    duration(v->trial_eta, trial_eta, sizeof trial_eta);
    int x = canvas_printf(c, r, r.x, r.y, look_style(l, ROLE_TEXT), "%s %d/%d ", v->stage, v->step, v->steps);
    int w = r.w >= 110 ? 40 : 14;
    bar(c, rect_and((struct rect){x, r.y, w, 1}, r), l, (double)v->step / v->steps);
    x = canvas_printf(c, r, x + w + 1, r.y, look_style(l, ROLE_TEXT), "%3.0f%%", 100.0 * v->step / v->steps);
    x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_MUTED), "stage %s", eta);
    x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_MUTED), "trial %s", trial_eta);
    if (!isnan(v->images_per_second))
        x = canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_TEXT), "%.0f images/s", v->images_per_second);
    if (v->resumed_at > 0 && strcmp(v->resumed_stage, v->stage) == 0)
        canvas_printf(c, r, x + 2, r.y, look_style(l, ROLE_MUTED), "resumed at %d", v->resumed_at);
}

static int figure(struct canvas *c, struct rect r, const struct look *l, int x, const char *name, const char *text,
                  enum theme_role role)
{
    x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), "%s ", name);
    return canvas_text(c, r, x, r.y, look_style(l, role), text) + 2;
}

/* Row 3: the figures of now. */
static void draw_figures(struct canvas *c, struct rect r, const struct look *l, const struct model *m)
{
    const struct live *v = &m->live;
    const double losses[] = {v->loss, v->ce, v->kd, v->hint, v->fsp[0], v->fsp[1], v->fsp[2]};
    static const char *const names[] = {"loss", "CE", "KD", "hint", "FSP1", "FSP2", "FSP3"};
    static const enum theme_role roles[] = {ROLE_CURVE1, ROLE_CURVE5, ROLE_CURVE6, ROLE_CURVE6,
                                            ROLE_CURVE2, ROLE_CURVE3, ROLE_CURVE4};
    const struct trial_row *t = model_trial(m, m->sel.trial);
    bool now = v->valid && v->trial == m->sel.trial && m->conn == CONN_LIVE;
    char text[32];
    int x = r.x;
    for (size_t i = 0; now && i < ARRAY_LEN(losses); i++)
        if (!isnan(losses[i]) && (i != 1 || losses[1] != losses[0])) {
            snprintf(text, sizeof text, "%.4g", losses[i]);
            x = figure(c, r, l, x, names[i], text, roles[i]);
        }
    const double accuracies[] = {now ? v->train_accuracy : NAN,
                                 now ? v->val_accuracy
                                 : t ? t->val_accuracy
                                     : NAN,
                                 now ? v->best_val_accuracy
                                 : t ? t->best_val_accuracy
                                     : NAN,
                                 t ? t->test_accuracy : NAN};
    static const char *const accuracy_names[] = {"train", "val", "best", "test"};
    for (size_t i = 0; i < ARRAY_LEN(accuracies); i++)
        if (!isnan(accuracies[i])) {
            snprintf(text, sizeof text, "%.2f%%", 100 * accuracies[i]);
            x = figure(c, r, l, x, accuracy_names[i], text, i == 2 ? ROLE_GOOD : ROLE_TEXT);
        }
    if (v->best_trial) {
        snprintf(text, sizeof text, "%.2f%% (trial %d)", 100 * v->best_accuracy, v->best_trial);
        figure(c, r, l, x, "study's best", text, ROLE_GOOD);
    }
}

/* The last row: what + and - change. */
static void draw_tune(struct canvas *c, struct rect r, const struct look *l, const struct model *m, int *end)
{
    int x = r.x;
    for (int i = 0; i < TUNE_KEYS; i++) {
        double v = tune_value(m, i);
        char text[32];
        snprintf(text, sizeof text, isnan(v) ? "-" : "%.5g", v);
        bool here = i == m->sel.tune && !m->readonly;
        x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), "%s", tune_key(i));
        x = canvas_printf(c, r, x, r.y, look_style(l, here ? ROLE_SELECTED : ROLE_TEXT), " %s ", text) + 1;
        end[i] = x;
    }
    if (m->live.valid && isfinite(m->live.lr) && m->live.lr != m->live.base_lr)
        x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), r.w >= 100 ? "now %.4g by the schedule" : "now %.4g",
                          m->live.lr) +
            2;
    if (!m->readonly)
        canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, ROLE_MUTED),
                          x + 30 < r.x + r.w ? "+ - change  e type  u undo" : "");
}

/* ---- panes ---- */

static void draw_curves(struct run_view *v, struct view_context *ctx, struct canvas *c, struct rect r,
                        const char *stage, enum run_plot_kind kind)
{
    struct run_plot p;
    run_plot_make(&p, ctx->model, ctx->look, &v->look, stage, kind);
    char title[128];
    str_append(title, sizeof title, 0, "%s, %s%s%s", p.title, stage,
               kind == RUN_LOSSES && !v->look.linear ? ", log" : "", v->look.recent ? ", latest part" : "");
    if (kind == RUN_LOSSES && v->look.smooth)
        str_append(title, sizeof title, strlen(title), ", smoothed %.2f", run_smoothing(v->look.smooth));
    p.plot.title = title;
    plot_draw(c, r, ctx->look, &p.plot);
    run_plot_release(&p);
}

/* A transfer has no labels to be right about. */
static bool has_accuracies(const struct curves *c, const char *stage)
{
    return strcmp(stage, "transfer") != 0 || curves_find(c, stage, "val_accuracy") ||
           curves_find(c, stage, "train_accuracy");
}

static struct rect pane(struct canvas *c, struct rect r, const struct look *l, const char *title)
{
    return canvas_frame(c, r, title, look_style(l, ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l));
}

/* What the search believes, over the first two settings it searches. */
static void draw_search(struct search_course *course, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct search_pane p = search_pane(r, true, r.h >= 10);
    struct search_scene s;
    int columns, rows;
    search_scene_make(&s, ctx, course);
    if (s.why[0] || s.n_dims == 0) {
        wrap_text(c, r, look_style(ctx->look, ROLE_MUTED), s.why[0] ? s.why : "No setting is searched in this study.");
    } else {
        const struct search_look look = {.row = s.n_dims > 1};
        search_pixels(ctx->look, p.map, &columns, &rows);
        search_scene_picture(&s, ctx, look.column, look.row, columns, rows, 0);
        (look.row ? search_draw_map : search_draw_cut)(c, &p, ctx->look, &s, &look);
    }
    search_scene_release(&s);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct run_view *v = self;
    const struct model *m = ctx->model;
    const char *stage = model_stage(m);
    struct run_layout a = run_layout(r, has_accuracies(&m->curves, stage));
    str_append(v->stage, sizeof v->stage, 0, "%s", stage);
    v->at = a;
    struct rect row = rect_inset(a.head, 1, 0);
    draw_trial(c, rect_top(&row, 1), ctx->look, m);
    draw_progress(c, rect_top(&row, 1), ctx->look, m);
    draw_figures(c, rect_top(&row, 1), ctx->look, m);
    draw_curves(v, ctx, c, a.losses, stage, RUN_LOSSES);
    if (a.accuracies.h > 0)
        draw_curves(v, ctx, c, a.accuracies, stage, RUN_ACCURACIES);
    draw_tune(c, rect_inset(a.tune, 1, 0), ctx->look, m, v->tune_end);
    if (a.fsp.w <= 0)
        return;
    view_fsp.draw(v->fsp, ctx, c, pane(c, a.fsp, ctx->look, "FSP matrices"));
    draw_search(&v->course, ctx, c, pane(c, a.map, ctx->look, "Search"));
    view_device.draw(v->device, ctx, c, pane(c, a.device, ctx->look, "Device"));
}

/* ---- commands ---- */

static void move_cursor(struct run_view *v, struct view_context *ctx, int by)
{
    double lo, hi;
    if (!run_x_range(ctx->model, &v->look, v->stage, &lo, &hi))
        return;
    double by_x = (hi - lo) / (v->at.losses.w > 20 ? v->at.losses.w - 10 : 10);
    if (v->look.axis == AXIS_STEP)
        by_x = fmax(1, round(by_x));
    double x = isnan(v->look.cursor) ? (by < 0 ? hi : lo) : v->look.cursor + by * by_x;
    v->look.cursor = x < lo ? lo : x > hi ? hi : x;
}

/* Goes through the stages that the trial has curves of, and back to following. */
static void next_stage(struct model *m)
{
    static const char *const stages[] = {"teacher", "transfer", "finetune"};
    int at = -1;
    for (int i = 0; i < 3; i++)
        if (strcmp(m->sel.stage, stages[i]) == 0)
            at = i;
    for (at++; at < 3; at++)
        for (int i = 0; i < m->curves.n; i++)
            if (strcmp(m->curves.series[i].stage, stages[at]) == 0) {
                str_append(m->sel.stage, sizeof m->sel.stage, 0, "%s", stages[at]);
                return;
            }
    m->sel.stage[0] = 0;
}

static void toggle_overlay(struct selection *s)
{
    for (int i = 0; i < s->n_overlay; i++)
        if (s->overlay[i] == s->trial) {
            memmove(s->overlay + i, s->overlay + i + 1, (size_t)(--s->n_overlay - i) * sizeof *s->overlay);
            return;
        }
    if (s->n_overlay < (int)ARRAY_LEN(s->overlay))
        s->overlay[s->n_overlay++] = s->trial;
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct run_view *v = self;
    (void)out;
    switch (cmd) {
    case CMD_LOG_Y: v->look.linear = !v->look.linear; return true;
    case CMD_SMOOTH: v->look.smooth = run_smoothing(v->look.smooth + 1) == 0 ? 0 : v->look.smooth + 1; return true;
    case CMD_RANGE: v->look.recent = !v->look.recent; return true;
    case CMD_X_AXIS:
        v->look.axis = (v->look.axis + 1) % AXIS_COUNT;
        v->look.cursor = NAN;
        return true;
    case CMD_STAGE:
        next_stage(ctx->model);
        v->look.cursor = NAN;
        return true;
    case CMD_OVERLAY: toggle_overlay(&ctx->model->sel); return true;
    case CMD_LEFT: move_cursor(v, ctx, -1); return true;
    case CMD_RIGHT: move_cursor(v, ctx, 1); return true;
    case CMD_HOME: v->look.cursor = -INFINITY, move_cursor(v, ctx, 0); return true;
    case CMD_END: v->look.cursor = INFINITY, move_cursor(v, ctx, 0); return true;
    case CMD_CANCEL: v->look.cursor = NAN; return true;
    default: return false;
    }
}

/* What is lent its room here is told of its clicks, or is shown whole. */
static void mouse_dashboard(struct run_view *v, struct view_context *ctx, int x, int y, int button, struct request *out)
{
    if (rect_has(v->at.fsp, x, y)) {
        view_fsp.mouse(v->fsp, ctx, rect_inset(v->at.fsp, 1, 1), x, y, button, out);
    } else if (button == 1) {
        out->kind = ASK_SCREEN;
        str_append(out->text, sizeof out->text, 0, "%s", rect_has(v->at.map, x, y) ? "search" : "device");
    }
}

/* A click in a plot takes the cursor there, one on a value chooses what + and - change; the wheel moves the cursor. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct run_view *v = self;
    (void)r;
    if (rect_has(v->at.fsp, x, y) || rect_has(v->at.map, x, y) || rect_has(v->at.device, x, y)) {
        mouse_dashboard(v, ctx, x, y, button, out);
        return;
    }
    if (button >= 4) {
        move_cursor(v, ctx, button == 4 ? -1 : 1);
        return;
    }
    for (int i = TUNE_KEYS - 1; i >= 0 && rect_has(v->at.tune, x, y); i--)
        ctx->model->sel.tune = x < v->tune_end[i] ? i : ctx->model->sel.tune;
    bool losses = rect_has(v->at.losses, x, y);
    if (!losses && !rect_has(v->at.accuracies, x, y))
        return;
    struct run_plot p;
    run_plot_make(&p, ctx->model, ctx->look, &v->look, v->stage, losses ? RUN_LOSSES : RUN_ACCURACIES);
    double at = plot_x_at(&p.plot, losses ? v->at.losses : v->at.accuracies, x);
    if (!isnan(at))
        v->look.cursor = at;
    run_plot_release(&p);
}

static bool export(void *self, struct view_context *ctx, struct sheet *sheet, struct err *err)
{
    const struct run_view *v = self;
    const char *stage = model_stage(ctx->model);
    return run_export(sheet, ctx, &v->look, stage, has_accuracies(&ctx->model->curves, stage), err);
}

static const struct view_pref prefs[] = {
    {"linear", offsetof(struct run_view, look.linear), PREF_BOOL, 0},
    {"recent", offsetof(struct run_view, look.recent), PREF_BOOL, 0},
    {"smooth", offsetof(struct run_view, look.smooth), PREF_INT, RUN_SMOOTHINGS - 1},
    {"axis", offsetof(struct run_view, look.axis), PREF_INT, AXIS_COUNT - 1},
};

const struct view view_run = {
    .name = "run",
    .title = "Run",
    .key = '1',
    .state_size = sizeof(struct run_view),
    .init = init,
    .release = release,
    .draw = draw,
    .command = command,
    .mouse = mouse,
    .export = export,
    .n_prefs = (int)ARRAY_LEN(prefs),
    .prefs = prefs,
};
