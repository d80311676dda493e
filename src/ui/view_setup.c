/* The Setup screen: the studies of experiments.ini, the settings of the selected one as a form, and what they come to. It
 * is the first screen that a newcomer sees, so whatever can be known before a start is said here: what the nets cost, which
 * matrices meet, how long it will be, and, in one sentence, why it would not work. Nothing is written to experiments.ini
 * unless asked for: what was changed goes along with the start. Here: which command does what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "setup_impl.h"

#define LOOK_EVERY 1.0 /* seconds; each time at one study */

static void init(void *self, struct view_context *ctx)
{
    struct setup *s = self;
    params_init(&s->defaults);
    setup_rows(s);
    setup_read_studies(s, ctx);
}

static void release(void *self)
{
    setup_release_studies(self);
}

/* ---- drawing ---- */

static void refresh(struct setup *s, struct view_context *ctx)
{
    if (strcmp(s->followed, ctx->model->study) != 0) {
        s->followed[0] = '\0';
        str_append(s->followed, sizeof s->followed, 0, "%s", ctx->model->study);
        setup_select_named(s, s->followed);
        s->next_look = 0;
    }
    if (s->n > 0 && ctx->model->now >= s->next_look) {
        setup_look(s, ctx, s->at);
        s->look_at = (s->look_at + 1) % s->n;
        setup_look(s, ctx, s->look_at);
        s->next_look = ctx->model->now + LOOK_EVERY;
    }
    setup_describe(s, ctx);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct setup *s = self;
    refresh(s, ctx);
    s->layout = setup_layout(r);
    setup_rows(s);
    setup_draw(s, ctx, c);
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

static void move(struct setup *s, int by)
{
    int to = s->row + by;
    s->refusal[0] = '\0';
    if (s->pane == PANE_STUDIES)
        setup_select(s, s->at + by);
    else
        s->row = to >= s->n_rows ? s->n_rows - 1 : to;
    s->row = s->row < 0 ? 0 : s->row;
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
    setup_describe(s, ctx);
    if (s->problem[0])
        return say(out, s->problem);
    out->kind = ASK_START;
    str_append(out->text, sizeof out->text, 0, "%s", t->name);
    out->params = &t->now;
    return true;
}

static bool measure(struct setup *s, struct view_context *ctx, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    struct err err = {0};
    if (!t || !t->ok || !ctx->host->measure)
        return say(out, "there is nothing to measure");
    if (s->card.problem[0])
        return say(out, s->card.problem);
    if (!ctx->host->measure(ctx->host->ctx, &t->now, &err))
        return say(out, err.msg);
    return say(out, "a few steps are timed here; what else runs on this machine counts");
}

static bool filter(struct setup *s, struct request *out)
{
    s->pane = PANE_FORM;
    s->typing = TYPING_FILTER;
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "settings that have in name or meaning");
    str_append(out->initial, sizeof out->initial, 0, "%s", s->filter);
    return true;
}

static bool undo(struct setup *s, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    return t && setup_undo(t) ? true : say(out, "nothing was changed here");
}

/* Steps back: from what was found to all settings, from the settings to the studies. */
static bool cancel(struct setup *s)
{
    s->refusal[0] = '\0';
    if (s->filter[0])
        s->filter[0] = '\0', setup_rows(s);
    else
        s->pane = PANE_STUDIES;
    return true;
}

static bool list_command(struct setup *s, enum command cmd, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    switch (cmd) {
    case CMD_LEFT: return true;
    case CMD_ENTER:
        if (t && setup_is_begun(t))
            return open_study(t, out);
        s->pane = PANE_FORM;
        return true;
    case CMD_RIGHT: s->pane = PANE_FORM; return true;
    case CMD_TUNE_TYPE:
    case CMD_RANGE:
    case CMD_SCALE:
    case CMD_DEFAULT_FIELD:
    case CMD_RESET_FIELD: return say(out, "Tab goes to the settings: there a value can be changed");
    default: return false;
    }
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct setup *s = self;
    int page = s->pane == PANE_STUDIES ? s->layout.list.h : s->layout.fields.h;
    page = page > 2 ? page - 1 : 1;
    setup_describe(s, ctx);
    if (s->choosing)
        return setup_preset_command(s, cmd, out);
    switch (cmd) {
    case CMD_UP: move(s, -1); return true;
    case CMD_DOWN: move(s, 1); return true;
    case CMD_PAGE_UP: move(s, -page); return true;
    case CMD_PAGE_DOWN: move(s, page); return true;
    case CMD_HOME: move(s, -FORM_ROWS_MAX - s->n); return true;
    case CMD_END: move(s, FORM_ROWS_MAX + s->n); return true;
    case CMD_NEXT_FIELD:
    case CMD_PREVIOUS_FIELD: s->pane = s->pane == PANE_FORM ? PANE_STUDIES : PANE_FORM; return true;
    case CMD_CANCEL: return cancel(s);
    case CMD_START: return start(s, ctx, out);
    case CMD_FILTER: return filter(s, out);
    case CMD_FOLD: setup_fold_all(s); return true;
    case CMD_SAVE: return setup_save(s, out);
    case CMD_PRESET: return setup_preset_open(s, out);
    case CMD_MEASURE: return measure(s, ctx, out);
    case CMD_REREAD: setup_reread(s, ctx); return say(out, "experiments.ini was read again");
    case CMD_START_AWAY: return start(s, ctx, out) && (out->stay = true);
    case CMD_TUNE_UNDO: return undo(s, out);
    default: return s->pane == PANE_FORM ? setup_row_command(s, ctx, cmd, out) : list_command(s, cmd, out);
    }
}

/* ---- typing ---- */

/* The cursor goes to the setting whose name begins so, else to the first that is found. */
static void take_filter(struct setup *s, const char *text)
{
    int first = -1, named = -1;
    s->filter[0] = '\0';
    str_append(s->filter, sizeof s->filter, 0, "%s", text + strspn(text, " "));
    setup_rows(s);
    for (int i = s->n_rows - 1; s->filter[0] && i >= 0; i--) {
        if (s->rows[i].kind != ROW_FIELD)
            continue;
        first = i;
        if (strncasecmp(param_table[s->rows[i].def].name, s->filter, strlen(s->filter)) == 0)
            named = i;
    }
    if (first >= 0)
        s->row = named >= 0 ? named : first;
}

static bool typed(void *self, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct setup *s = self;
    if (s->typing == TYPING_NAME)
        return setup_typed_name(s, ctx, text, out, err);
    if (s->typing == TYPING_VALUE)
        return setup_typed_value(s, text, err);
    take_filter(s, text);
    return true;
}

/* A filter takes effect with every letter. */
static bool check(void *self, struct view_context *ctx, const char *text, char *note, size_t cap)
{
    struct setup *s = self;
    int found = 0;
    if (s->typing == TYPING_NAME)
        return setup_check_name(s, ctx, text, note, cap);
    if (s->typing == TYPING_VALUE)
        return setup_check_value(s, ctx, text, note, cap);
    take_filter(s, text);
    for (int i = 0; i < param_count; i++)
        found += form_found(i, s->filter);
    if (!s->filter[0])
        str_append(note, cap, 0, "a few letters of a name, or a word of what it means");
    else
        str_append(note, cap, 0, "%d of %d settings; later Esc shows all", found, param_count);
    return found > 0;
}

static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct setup *s = self;
    (void)r;
    s->choosing = false;
    bool list = rect_has(s->layout.studies, x, y), form = rect_has(s->layout.form, x, y);
    if (!list && !form)
        return;
    s->pane = list ? PANE_STUDIES : PANE_FORM;
    if (button >= 4) {
        move(s, button == 4 ? -1 : 1);
    } else if (list && rect_has(s->layout.list, x, y)) {
        int at = s->list_top + y - s->layout.list.y;
        if (at < s->n)
            setup_select(s, at);
    } else if (form && rect_has(s->layout.fields, x, y)) {
        int at = s->fields_top + y - s->layout.fields.y;
        if (at >= s->n_rows)
            return;
        bool again = at == s->row || s->rows[at].kind == ROW_GROUP; /* then a click does what Enter does */
        s->row = at;
        if (again)
            command(s, ctx, CMD_ENTER, out);
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
    .check = check,
    .mouse = mouse,
};
