/* The Setup screen: the studies of experiments.ini, the settings of the selected one as a form, and what they come to. It
 * is the first screen that a newcomer sees, so whatever can be known before a start is said here: what the nets cost, which
 * matrices meet, how long it will be, and, in one sentence, why it would not work. Nothing is written to experiments.ini:
 * what was changed goes along with the start. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"

#define LOOK_EVERY 1.0 /* seconds; each time at one study */

struct setup_study *setup_selected(struct setup *s)
{
    return s->n > 0 ? &s->studies[s->at] : NULL;
}

void setup_rows(struct setup *s, bool more, bool headings)
{
    struct form_row at = s->rows[s->row];
    s->more = more;
    s->headings = headings;
    s->n_rows = form_rows(more, headings, s->rows);
    s->row = at.kind == ROW_FIELD ? s->n_rows - 1 : headings; /* folded away: the fold */
    for (int i = 0; i < s->n_rows; i++)
        if (s->rows[i].kind == at.kind && s->rows[i].def == at.def && at.kind != ROW_HEADING)
            s->row = i;
}

int setup_field(const struct setup *s)
{
    return s->rows[s->row].kind == ROW_FIELD ? s->rows[s->row].def : -1;
}

/* Whether the row stands below the fold. */
static bool is_hidden(int def)
{
    struct form_row rows[FORM_ROWS_MAX];
    int n = form_rows(false, false, rows);
    for (int i = 0; i < n; i++)
        if (rows[i].kind == ROW_FIELD && rows[i].def == def)
            return false;
    return true;
}

int setup_changes(const struct setup_study *t, bool hidden)
{
    int n = 0;
    for (int i = 0; i < param_count; i++)
        n += form_differs(&t->now, &t->own, i) && (!hidden || is_hidden(i));
    return n;
}

/* ---- studies ---- */

static void select_study(struct setup *s, int at)
{
    s->at = at < 0 ? 0 : at >= s->n ? s->n - 1 : at;
    s->at = s->at < 0 ? 0 : s->at;
    s->refusal[0] = '\0';
    s->described = false;
}

static void select_named(struct setup *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->studies[i].name, name) == 0)
            select_study(s, i);
}

static bool is_begun(const struct setup_study *t)
{
    return t->card.state[0] != '\0';
}

static void look(struct setup *s, struct view_context *ctx, int at)
{
    struct setup_study *t = &s->studies[at];
    bool begun = is_begun(t);
    if (!ctx->host || !ctx->host->look)
        return;
    ctx->host->look(ctx->host->ctx, t->name, &t->card);
    if (!begun && is_begun(t)) /* from now on its own settings are those it was begun with */
        t->read = false;
}

static void read_studies(struct setup *s, struct view_context *ctx)
{
    struct err err = {0};
    char **names = NULL;
    int n = ctx->host ? ctx->host->studies(ctx->host->ctx, &names, &err) : 0;
    if (n < 0)
        str_append(s->trouble, sizeof s->trouble, 0, "%s", err.msg);
    else if (n == 0)
        str_append(s->trouble, sizeof s->trouble, 0, "there are no studies: experiments.ini has a section for each");
    if (n <= 0)
        return;
    s->studies = xcalloc((size_t)n, sizeof *s->studies);
    s->n = n;
    for (int i = 0; i < n; i++) {
        s->studies[i].name = names[i];
        s->studies[i].card.best = NAN;
        look(s, ctx, i);
    }
    free(names);
}

/* Settings are read when a study is first looked at. */
static void read_settings(struct setup_study *t, struct view_context *ctx)
{
    struct err err = {0};
    if (t->read)
        return;
    t->read = true;
    t->ok = ctx->host->settings(ctx->host->ctx, t->name, &t->own, &err);
    if (!t->ok)
        str_append(t->trouble, sizeof t->trouble, 0, "%s", err.msg);
    t->now = t->kept = t->own;
}

static void init(void *self, struct view_context *ctx)
{
    struct setup *s = self;
    setup_rows(s, false, true);
    s->row = 1;
    read_studies(s, ctx);
}

static void release(void *self)
{
    struct setup *s = self;
    for (int i = 0; i < s->n; i++)
        free(s->studies[i].name);
    free(s->studies);
    s->studies = NULL;
    s->n = 0;
}

/* ---- may it start? ---- */

static bool in_state(const struct setup_study *t, const char *state)
{
    return strcmp(t->card.state, state) == 0;
}

/* A changed setting that shapes the trials; those there are could not be compared with the ones to come. -1: none. */
static int changed_for_good(const struct setup_study *t)
{
    for (int i = 0; i < param_count; i++)
        if (form_differs(&t->now, &t->own, i) &&
            ((param_table[i].flags & (PF_TRIAL | PF_SEARCH)) || i == param_find("search") || i == param_find("select")))
            return i;
    return -1;
}

/* Why Start is refused, "" when it is not. */
static void find_problem(struct setup *s, struct setup_study *t, char *buf, size_t cap)
{
    struct err err = {0};
    int fixed = is_begun(t) ? changed_for_good(t) : -1;
    buf[0] = '\0';
    if (!t->ok)
        str_append(buf, cap, 0, "%s", t->trouble);
    else if (!params_check(&t->now, &err))
        str_append(buf, cap, 0, "%s", err.msg);
    else if (s->card.problem[0])
        str_append(buf, cap, 0, "%s", s->card.problem);
    else if (fixed >= 0)
        str_append(buf, cap, 0, "%s: the trials of '%s' were begun with another value; Del brings it back",
                   param_table[fixed].name, t->name);
    else if (in_state(t, "running") && setup_changes(t, false))
        str_append(buf, cap, 0, "'%s' runs with its own settings; Del takes a change back, Enter opens the study",
                   t->name);
    else if (in_state(t, "complete") && !setup_changes(t, false))
        str_append(buf, cap, 0, "'%s' is complete: Enter opens it; with more trials or repeats it goes on", t->name);
}

/* What follows from the settings, when they have changed since the last time. */
static void describe(struct setup *s, struct view_context *ctx)
{
    struct setup_study *t = setup_selected(s);
    if (!t)
        return;
    read_settings(t, ctx);
    if (t->ok && !(s->described && memcmp(&s->described_as, &t->now, sizeof t->now) == 0)) {
        memset(&s->card, 0, sizeof s->card);
        ctx->host->describe(ctx->host->ctx, &t->now, &s->card);
        s->described_as = t->now;
        s->described = true;
    }
    find_problem(s, t, s->problem, sizeof s->problem);
}

/* ---- drawing ---- */

static void refresh(struct setup *s, struct view_context *ctx)
{
    if (strcmp(s->followed, ctx->model->study) != 0) {
        s->followed[0] = '\0';
        str_append(s->followed, sizeof s->followed, 0, "%s", ctx->model->study);
        select_named(s, s->followed);
        s->next_look = 0;
    }
    if (s->n > 0 && ctx->model->now >= s->next_look) {
        look(s, ctx, s->at);
        s->look_at = (s->look_at + 1) % s->n;
        look(s, ctx, s->look_at);
        s->next_look = ctx->model->now + LOOK_EVERY;
    }
    describe(s, ctx);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct setup *s = self;
    refresh(s, ctx);
    s->layout = setup_layout(r);
    setup_draw(s, ctx, c);
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

/* BY rows on; headings are passed over. */
static void move_row(struct setup *s, int by)
{
    int to = s->row + by, step = by < 0 ? -1 : 1;
    to = to < 0 ? 0 : to >= s->n_rows ? s->n_rows - 1 : to;
    while (to >= 0 && to < s->n_rows && s->rows[to].kind == ROW_HEADING)
        to += step;
    if (to >= 0 && to < s->n_rows)
        s->row = to;
    else if (to < 0) /* the first row of all is a heading */
        s->row = 1;
    s->refusal[0] = '\0';
}

static void move(struct setup *s, int by)
{
    if (s->pane == PANE_STUDIES)
        select_study(s, s->at + by);
    else
        move_row(s, by);
}

static bool open_study(struct setup_study *t, struct request *out)
{
    out->kind = ASK_OPEN;
    str_append(out->text, sizeof out->text, 0, "%s", t->name);
    return true;
}

static bool start(struct setup *s, struct view_context *ctx, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    if (!t)
        return say(out, s->trouble);
    describe(s, ctx);
    if (s->problem[0])
        return say(out, s->problem);
    out->kind = ASK_START;
    str_append(out->text, sizeof out->text, 0, "%s", t->name);
    out->params = &t->now;
    return true;
}

static bool type(const struct setup_study *t, int def, struct request *out)
{
    char limits[256];
    const struct param_def *d = &param_table[def];
    bool range = form_range(&t->now, def) != NULL;
    form_limits(&t->now, def, limits, sizeof limits);
    out->kind = ASK_TYPE;
    size_t n = str_append(out->text, sizeof out->text, 0, "%s%s", range ? "search." : "", d->name);
    if (limits[0])
        str_append(out->text, sizeof out->text, n, " (%s%s%s)", limits, *d->unit && !range ? " " : "",
                   range ? "" : d->unit);
    char value[PARAM_STR_MAX];
    form_text(&t->now, def, value, sizeof value);
    if (strlen(value) < sizeof out->initial) /* half a path would be worse than none */
        str_append(out->initial, sizeof out->initial, 0, "%s", value);
    return true;
}

static bool toggle_range(struct setup *s, struct setup_study *t, int def, struct request *out)
{
    struct err err = {0};
    const struct param_range *r = form_range(&t->now, def);
    (void)s;
    if (r)
        form_reset(&t->kept, &t->now, def);
    if (!form_toggle_range(&t->now, &t->kept, def, &err))
        return say(out, err.msg);
    return true;
}

/* A command to the setting under the cursor. */
static bool field_command(struct setup *s, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    int def = setup_field(s);
    if (!t || !t->ok)
        return say(out, t ? t->trouble : s->trouble);
    if (s->rows[s->row].kind == ROW_MORE) {
        if (cmd == CMD_ENTER || cmd == CMD_RIGHT || cmd == CMD_LEFT)
            s->folded = s->more ? FOLD_SHUT : FOLD_OPEN;
        return true;
    }
    bool chosen = param_table[def].type == PARAM_ENUM || param_table[def].type == PARAM_BOOL;
    s->refusal[0] = '\0';
    switch (cmd) {
    case CMD_LEFT:
    case CMD_TUNE_DOWN: form_step(&t->now, def, -1, ctx->host->nets); return true;
    case CMD_RIGHT:
    case CMD_TUNE_UP: form_step(&t->now, def, 1, ctx->host->nets); return true;
    case CMD_ENTER:
        if (!chosen)
            return type(t, def, out);
        form_step(&t->now, def, 1, ctx->host->nets);
        return true;
    case CMD_TUNE_TYPE: return type(t, def, out);
    case CMD_RANGE: return toggle_range(s, t, def, out);
    case CMD_RESET_FIELD: form_reset(&t->now, &t->own, def); return true;
    default: return false;
    }
}

static bool list_command(struct setup *s, enum command cmd, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    switch (cmd) {
    case CMD_LEFT: return true;
    case CMD_ENTER:
        if (t && is_begun(t))
            return open_study(t, out);
        s->pane = PANE_FORM;
        return true;
    case CMD_RIGHT: s->pane = PANE_FORM; return true;
    case CMD_TUNE_TYPE:
    case CMD_RANGE:
    case CMD_RESET_FIELD: return say(out, "Tab goes to the settings: there a value can be changed");
    default: return false;
    }
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct setup *s = self;
    int page = s->pane == PANE_STUDIES ? s->layout.list.h : s->layout.fields.h;
    page = page > 2 ? page - 1 : 1;
    describe(s, ctx);
    switch (cmd) {
    case CMD_UP: move(s, -1); return true;
    case CMD_DOWN: move(s, 1); return true;
    case CMD_PAGE_UP: move(s, -page); return true;
    case CMD_PAGE_DOWN: move(s, page); return true;
    case CMD_HOME: move(s, -FORM_ROWS_MAX - s->n); return true;
    case CMD_END: move(s, FORM_ROWS_MAX + s->n); return true;
    case CMD_NEXT_FIELD:
    case CMD_PREVIOUS_FIELD: s->pane = s->pane == PANE_FORM ? PANE_STUDIES : PANE_FORM; return true;
    case CMD_CANCEL: s->pane = PANE_STUDIES, s->refusal[0] = '\0'; return true;
    case CMD_START: return start(s, ctx, out);
    default: return s->pane == PANE_FORM ? field_command(s, ctx, cmd, out) : list_command(s, cmd, out);
    }
}

static bool typed(void *self, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct setup *s = self;
    struct setup_study *t = setup_selected(s);
    int def = setup_field(s);
    (void)ctx, (void)out;
    s->refusal[0] = '\0';
    if (!t || !t->ok || def < 0)
        return err_set(err, ERR_STATE, "there is no setting to change");
    if (form_type(&t->now, def, text, err))
        return true;
    str_append(s->refusal, sizeof s->refusal, 0, "%s", err->msg);
    return false;
}

static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct setup *s = self;
    (void)r;
    bool list = rect_has(s->layout.studies, x, y), form = rect_has(s->layout.form, x, y);
    if (!list && !form)
        return;
    s->pane = list ? PANE_STUDIES : PANE_FORM;
    if (button >= 4) {
        move(s, button == 4 ? -1 : 1);
    } else if (list && rect_has(s->layout.list, x, y)) {
        int at = s->list_top + y - s->layout.list.y;
        if (at < s->n)
            select_study(s, at);
    } else if (form && rect_has(s->layout.fields, x, y)) {
        int at = s->fields_top + y - s->layout.fields.y;
        if (at >= s->n_rows || s->rows[at].kind == ROW_HEADING)
            return;
        if (at == s->row || s->rows[at].kind == ROW_MORE) /* a second click does what Enter does */
            s->row = at, command(s, ctx, CMD_ENTER, out);
        s->row = at;
    }
}

const struct view view_setup = {
    .name = "setup",
    .title = "Setup",
    .key = '0',
    .state_size = sizeof(struct setup),
    .init = init,
    .release = release,
    .draw = draw,
    .command = command,
    .typed = typed,
    .mouse = mouse,
};
