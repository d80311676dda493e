/* The Trials screen: every trial of the study in a table that can be sorted and filtered, what is known of the chosen one, and
 * pictures of all of them. The row under the cursor is the trial that all screens look at, so the cursor is the model's
 * selection and not a thing of its own. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "trials_csv.h"
#include "trials_draw.h"

struct trials_view {
    struct trials_table table;
    char study[64]; /* that the table is of */
    struct trials_facts facts;
    int top, page, chosen; /* chosen: where the cursor was last, for when its trial is filtered away */
    int compare;           /* number; 0: none */
    int axis;
    enum trials_pane pane; /* as chosen; see pane_of */
    bool wide;             /* as drawn last */
    enum { TYPING_FILTER, TYPING_EXPORT } typing;
    struct trials_layout layout; /* as drawn last */
};

static void init(void *self, struct view_context *ctx)
{
    struct trials_view *v = self;
    (void)ctx;
    trials_table_init(&v->table);
}

static void release(void *self)
{
    struct trials_view *v = self;
    trials_table_release(&v->table);
}

/* Takes in what the model has. Another study has no use for the old one's brushes. */
static void update(struct trials_view *v, const struct model *m)
{
    if (strcmp(v->study, m->study) != 0) {
        trials_table_release(&v->table);
        trials_table_init(&v->table);
        v->facts = (struct trials_facts){0};
        v->top = v->chosen = v->compare = 0;
        str_append(v->study, sizeof v->study, 0, "%s", m->study);
    }
    trials_table_update(&v->table, &(struct trials_source){.rows = m->trials,
                                                           .n = m->n_trials,
                                                           .version = m->trials_version,
                                                           .saved_ms = m->n_saved == m->n_trials ? m->saved_ms : NULL,
                                                           .settings = m->has_settings ? &m->settings : NULL});
    if (v->compare && trials_table_row(&v->table, v->compare) < 0)
        v->compare = 0;
    trials_facts_read(&v->facts, m, m->sel.trial);
}

/* What stands below the table: where the detail has a place of its own, the axes do instead of it. */
static enum trials_pane pane_of(const struct trials_view *v)
{
    return v->pane == PANE_DETAIL && v->wide ? PANE_AXES : v->pane;
}

static struct trials_scene scene_of(const struct trials_view *v, const struct view_context *ctx)
{
    return (struct trials_scene){.m = ctx->model,
                                 .look = ctx->look,
                                 .table = &v->table,
                                 .compare = v->compare,
                                 .top = v->top,
                                 .axis = v->axis,
                                 .pane = pane_of(v),
                                 .facts = &v->facts};
}

/* The cursor is kept in sight; where its trial is not shown, the rows stay where they are. */
static void scroll(struct trials_view *v, const struct model *m)
{
    int n = v->table.n_shown, at = trials_table_place(&v->table, m->sel.trial);
    v->page = v->layout.rows.h < 1 ? 1 : v->layout.rows.h;
    if (at >= 0) {
        v->chosen = at;
        v->top = at < v->top ? at : at >= v->top + v->page ? at - v->page + 1 : v->top;
    }
    v->top = v->top > n - v->page ? n - v->page : v->top;
    v->top = v->top < 0 ? 0 : v->top;
}

/* The rule below the table, and a picture under it. */
static void draw_below(struct trials_view *v, struct canvas *c, const struct trials_scene *s)
{
    const struct trials_layout *l = &v->layout;
    char title[128] = "";
    size_t n = 0;
    if (pane_of(v) == PANE_CURVES)
        n = str_append(title, sizeof title, 0, "validation accuracy over the fine-tuning, %%");
    else if (pane_of(v) == PANE_AXES)
        n = str_append(title, sizeof title, 0, "settings and accuracy");
    if (n > 0 && v->table.n_shown > TRIALS_LINES)
        str_append(title, sizeof title, n, ": %d of %d trials", TRIALS_LINES, v->table.n_shown);
    trials_draw_rule(c, l->rule, s, title);
    if (pane_of(v) == PANE_CURVES && l->picture.h > 0)
        trials_draw_curves(c, l->picture, s);
    else if (pane_of(v) == PANE_AXES && l->picture.h > 0)
        trials_draw_axes(c, l->picture, s);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct trials_view *v = self;
    update(v, ctx->model);
    v->wide = trials_is_wide(r);
    ctx->model->sel.evals = pane_of(v) == PANE_CURVES; /* also where the pane has come back from the last time */
    v->layout = trials_layout(r, pane_of(v));
    scroll(v, ctx->model);
    struct trials_scene s = scene_of(v, ctx);
    const struct trials_layout *l = &v->layout;
    trials_draw_head(c, l->head, &s);
    trials_draw_columns(c, l->columns, &s);
    trials_draw_rows(c, l->rows, &s);
    if (l->detail.h > 0)
        trials_draw_detail(c, l->detail, &s);
    draw_below(v, c, &s);
}

/* ---- the cursor ---- */

static void choose(struct trials_view *v, struct model *m, int place)
{
    int last = v->table.n_shown - 1;
    place = place > last ? last : place;
    place = place < 0 ? 0 : place;
    if (last < 0)
        return;
    v->chosen = place;
    m->sel.trial = v->table.source.rows[v->table.shown[place]].number;
    m->sel.follow = false;
    m->sel.fsp_step = -1;
}

static bool move(struct trials_view *v, struct model *m, int by)
{
    int at = trials_table_place(&v->table, m->sel.trial);
    choose(v, m, (at < 0 ? v->chosen : at) + (at < 0 ? 0 : by));
    return true;
}

/* ---- brushes ---- */

static bool say(struct request *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool say(struct request *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    out->kind = ASK_STATUS;
    vsnprintf(out->text, sizeof out->text, fmt, args);
    va_end(args);
    return true;
}

/* One end of a brush; one that would be beyond the other end opens the brush there. */
static void brush_end(struct trials_view *v, const struct trials_column *col, bool low, double at)
{
    const struct trials_brush *old = trials_table_brushed(&v->table, col->name);
    double lo = old ? old->lo : -INFINITY, hi = old ? old->hi : INFINITY;
    if (low)
        lo = at, hi = hi < lo ? INFINITY : hi;
    else
        hi = at, lo = lo > hi ? -INFINITY : lo;
    if (isinf(lo) && isinf(hi)) /* nothing is left out */
        lo = 1, hi = 0;
    trials_table_brush(&v->table, col->name, lo, hi);
}

static bool brush(struct trials_view *v, const struct model *m, enum command cmd, struct request *out)
{
    const struct trials_column *col = trials_axis_column(&v->table, v->axis);
    int row = trials_table_row(&v->table, m->sel.trial);
    if (pane_of(v) != PANE_AXES || !col)
        return say(out, "v shows the axes that are brushed");
    if (cmd == CMD_BRUSH_NONE) {
        trials_table_brush(&v->table, col->name, 1, 0);
        return true;
    }
    double at = row < 0 ? (double)NAN : trials_table_value(&v->table, col, row);
    if (isnan(at))
        return say(out, "the chosen trial has no value on %s", col->name);
    brush_end(v, col, cmd == CMD_BRUSH_LOW, at);
    return true;
}

static bool next_axis(struct trials_view *v, int by)
{
    int n = trials_axis_count(&v->table);
    if (pane_of(v) != PANE_AXES || n == 0)
        return false;
    v->axis = (v->axis + by + n) % n;
    return true;
}

/* The end of the brush that is nearer to the click goes there. */
static void click_axes(struct trials_view *v, const struct trials_scene *s, int x, int y)
{
    double at;
    int axis = trials_axis_at(s, v->layout.picture, x, y, &at);
    const struct trials_column *col = trials_axis_column(&v->table, axis);
    if (axis < 0 || !col)
        return;
    v->axis = axis;
    const struct trials_brush *old = trials_table_brushed(&v->table, col->name);
    double lo = trials_axis_unit(&v->table, col, old ? old->lo : -INFINITY);
    double hi = trials_axis_unit(&v->table, col, old ? old->hi : INFINITY);
    double u = trials_axis_unit(&v->table, col, at);
    brush_end(v, col, fabs(u - lo) < fabs(hi - u), at);
}

static bool next_pane(struct trials_view *v, struct model *m)
{
    v->pane = (pane_of(v) + 1) % PANE_COUNT;
    m->sel.evals = pane_of(v) == PANE_CURVES;
    return true;
}

/* ---- what is marked ---- */

static bool toggle_overlay(struct model *m, struct request *out)
{
    struct selection *sel = &m->sel;
    int at = trials_overlay(m, sel->trial);
    if (!sel->trial)
        return say(out, "no trial is chosen");
    if (at >= 0) {
        memmove(sel->overlay + at, sel->overlay + at + 1, (size_t)(--sel->n_overlay - at) * sizeof *sel->overlay);
        return say(out, "the curves of trial %d are no longer kept on Run", sel->trial);
    }
    if (sel->n_overlay == (int)ARRAY_LEN(sel->overlay))
        return say(out, "the curves of %d trials are kept on Run already: o on one of them removes it", sel->n_overlay);
    sel->overlay[sel->n_overlay++] = sel->trial;
    return say(out, "the curves of trial %d are kept on Run (1)", sel->trial);
}

/* The detail is where the two are shown. */
static bool compare(struct trials_view *v, struct model *m, struct request *out)
{
    v->compare = v->compare == m->sel.trial ? 0 : m->sel.trial;
    if (!v->compare)
        return say(out, "nothing is compared");
    return say(out, "trial %d is compared with the one you go to; m on it ends that", v->compare);
}

/* ---- what is asked of the study ---- */

/* The trial's own values as far as the line has room for them, to be changed. */
static void clone_values(const struct trial_row *t, char *buf, size_t cap)
{
    size_t n = 0;
    for (int i = 0; i < t->n_params; i++) {
        char word[100];
        size_t w = str_append(word, sizeof word, 0, "%s%s=%.6g", n ? " " : "", t->param_name[i], t->param_value[i]);
        if (n + w < cap)
            n = str_append(buf, cap, n, "%s", word);
    }
}

static bool clone(const struct trial_row *t, struct request *out)
{
    out->kind = ASK_TYPE;
    out->wire = (struct wire_request){.ask = WIRE_CLONE, .trial = t->number};
    snprintf(out->text, sizeof out->text, "clone of trial %d, with (key=value ... [warm])", t->number);
    clone_values(t, out->initial, sizeof out->initial);
    return true;
}

static bool ask(struct request *out, enum wire_ask what, int trial, const char *confirm)
{
    out->kind = ASK_STUDY;
    out->wire = (struct wire_request){.ask = what, .trial = trial};
    str_append(out->confirm, sizeof out->confirm, 0, "%s", confirm);
    return true;
}

/* One that failed is run anew; what cannot come out differently is not. */
static bool retry(const struct trial_row *t, struct request *out)
{
    char confirm[128];
    switch (t->state) {
    case TRIAL_FAILED:
        str_append(confirm, sizeof confirm, 0, "run trial %d again, from its first step, as a new trial?", t->number);
        return ask(out, WIRE_CLONE, t->number, confirm);
    case TRIAL_DIVERGED:
        return say(out, "trial %d diverged, and would again with these values: C clones it with others", t->number);
    case TRIAL_PRUNED: return say(out, "trial %d was stopped early: w goes on with it", t->number);
    case TRIAL_STOPPED: return say(out, "the study goes on with trial %d when it is started again", t->number);
    default:
        return say(out, "trial %d is %s: only one that failed is tried again", t->number, trial_state_name(t->state));
    }
}

static bool thaw(const struct trials_view *v, const struct trial_row *t, struct request *out)
{
    char confirm[128];
    if (v->facts.thawed)
        return say(out, "trial %d has been thawed already", t->number);
    if (t->state != TRIAL_PRUNED)
        return say(out, "trial %d is %s: only one that was stopped early is gone on with", t->number,
                   trial_state_name(t->state));
    str_append(confirm, sizeof confirm, 0, "go on with trial %d, once the present one has ended?", t->number);
    return ask(out, WIRE_THAW, t->number, confirm);
}

static bool act(const struct trials_view *v, const struct model *m, enum command cmd, struct request *out)
{
    const struct trial_row *t = model_trial(m, m->sel.trial);
    if (!t)
        return say(out, "no trial is chosen");
    if (m->readonly)
        return say(out, "read only: nothing can be changed from here");
    return cmd == CMD_CLONE ? clone(t, out) : cmd == CMD_RETRY ? retry(t, out) : thaw(v, t, out);
}

/* ---- lines that are typed ---- */

static bool ask_filter(struct trials_view *v, struct request *out)
{
    v->typing = TYPING_FILTER;
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "filter (complete val>0.8 ...)");
    str_append(out->initial, sizeof out->initial, 0, "%s", v->table.filter_text);
    return true;
}

static bool ask_export(struct trials_view *v, const struct model *m, struct request *out)
{
    if (v->table.n_shown == 0)
        return say(out, "there is no trial to export");
    v->typing = TYPING_EXPORT;
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "%d trial%s as CSV to (in %s/export)", v->table.n_shown,
               v->table.n_shown == 1 ? "" : "s", m->dir);
    trials_csv_name(m, out->initial, sizeof out->initial);
    return true;
}

static bool typed(void *self, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct trials_view *v = self;
    char path[512];
    update(v, ctx->model);
    if (v->typing == TYPING_FILTER)
        return trials_table_filter(&v->table, text, err);
    if (!trials_csv_export(&v->table, ctx->model, text, path, sizeof path, err))
        return false;
    return say(out, "wrote %d trial%s to %.180s", v->table.n_shown, v->table.n_shown == 1 ? "" : "s", path);
}

/* From the innermost outwards: the comparison, then the brushes, then the filter. */
static bool give_up(struct trials_view *v)
{
    struct err ignored = {0};
    if (v->compare)
        v->compare = 0;
    else if (v->table.n_brushes)
        while (v->table.n_brushes)
            trials_table_brush(&v->table, v->table.brush[0].column, 1, 0);
    else
        trials_table_filter(&v->table, "", &ignored);
    return true;
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct trials_view *v = self;
    struct model *m = ctx->model;
    update(v, m);
    switch (cmd) {
    case CMD_UP: return move(v, m, -1);
    case CMD_DOWN: return move(v, m, 1);
    case CMD_PAGE_UP: return move(v, m, 1 - v->page);
    case CMD_PAGE_DOWN: return move(v, m, v->page - 1);
    case CMD_HOME: return choose(v, m, 0), true;
    case CMD_END: return choose(v, m, v->table.n_shown - 1), true;
    case CMD_CLONE:
    case CMD_RETRY:
    case CMD_THAW: return act(v, m, cmd, out);
    case CMD_OVERLAY: return toggle_overlay(m, out);
    case CMD_COMPARE: return compare(v, m, out);
    case CMD_FILTER: return ask_filter(v, out);
    case CMD_EXPORT: return ask_export(v, m, out);
    case CMD_LEFT: return next_axis(v, -1);
    case CMD_RIGHT: return next_axis(v, 1);
    case CMD_BRUSH_LOW:
    case CMD_BRUSH_HIGH:
    case CMD_BRUSH_NONE: return brush(v, m, cmd, out);
    case CMD_NEXT_PANE: return next_pane(v, m);
    case CMD_CANCEL: return give_up(v);
    case CMD_SORT_NEXT: return trials_table_sort_next(&v->table, 1), true;
    case CMD_SORT_PREVIOUS: return trials_table_sort_next(&v->table, -1), true;
    case CMD_SORT_REVERSE: return trials_table_sort(&v->table, v->table.sort), true;
    default: return false;
    }
}

/* A click chooses a row, or sorts by a column; the wheel moves the cursor. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct trials_view *v = self;
    const struct trials_layout *l = &v->layout;
    (void)r, (void)out;
    update(v, ctx->model);
    struct trials_scene s = scene_of(v, ctx);
    if (button >= 4) {
        move(v, ctx->model, button == 4 ? -3 : 3);
    } else if (button == 1 && rect_has(l->rows, x, y) && v->top + y - l->rows.y < v->table.n_shown) {
        choose(v, ctx->model, v->top + y - l->rows.y);
    } else if (button == 1 && pane_of(v) == PANE_AXES && rect_has(l->picture, x, y)) {
        click_axes(v, &s, x, y);
    } else if (button == 1 && rect_has(l->columns, x, y)) {
        int j = trials_column_at(&s, l->columns.w, x - l->columns.x);
        if (j >= 0)
            trials_table_sort(&v->table, v->table.column[j].name);
    }
}

/* In the form of `fsplab trials --csv` and without a head, so that `suggest`, `importance` and `import` read it. */
static bool export(void *self, struct view_context *ctx, struct sheet *sheet, struct err *err)
{
    struct trials_view *v = self;
    update(v, ctx->model);
    if (!sheet->csv)
        return err_set(err, ERR_USAGE, "the trials go to a .csv only");
    if (v->table.n_shown == 0)
        return err_set(err, ERR_STATE, "nothing to export: there is no trial");
    trials_csv_print(sheet->csv, &v->table);
    return true;
}

static const struct view_pref prefs[] = {
    {"pane", offsetof(struct trials_view, pane), PREF_INT, PANE_COUNT - 1},
};

const struct view view_trials = {
    .name = "trials",
    .title = "Trials",
    .key = '6',
    .state_size = sizeof(struct trials_view),
    .init = init,
    .release = release,
    .draw = draw,
    .command = command,
    .typed = typed,
    .mouse = mouse,
    .export = export,
    .n_prefs = (int)ARRAY_LEN(prefs),
    .prefs = prefs,
};
