/* Changes of the settings on the screen: by keys, by typing, and back again. Every change keeps the settings before it, whole:
 * they are small, and so nothing can be forgotten. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"

/* ---- rows ---- */

static void open_groups(const struct setup *s, bool open[FORM_GROUPS_MAX])
{
    form_open_by_room(s->layout.fields.h, open);
    for (int g = 0; g < FORM_GROUPS_MAX; g++)
        open[g] = s->fold[g] == FOLD_BY_ROOM ? open[g] : s->fold[g] == FOLD_OPEN;
}

void setup_rows(struct setup *s)
{
    struct form_row at = s->n_rows ? s->rows[s->row] : (struct form_row){ROW_GROUP, 0, -1};
    bool open[FORM_GROUPS_MAX];
    int to = -1, heading = -1;
    open_groups(s, open);
    s->n_rows = form_rows(open, s->filter, s->rows);
    for (int i = 0; i < s->n_rows; i++) {
        if (s->rows[i].kind == at.kind && s->rows[i].group == at.group && s->rows[i].def == at.def)
            to = i;
        if (s->rows[i].kind == ROW_GROUP && s->rows[i].group == at.group)
            heading = i;
    }
    s->row = to >= 0 ? to : heading >= 0 ? heading : 0; /* folded away: the fold */
}

int setup_field(const struct setup *s)
{
    return s->row < s->n_rows ? s->rows[s->row].def : -1;
}

static void fold(struct setup *s, int group, bool open)
{
    s->fold[group] = open ? FOLD_OPEN : FOLD_SHUT;
    setup_rows(s);
}

void setup_fold_all(struct setup *s)
{
    bool open[FORM_GROUPS_MAX], shut = false;
    const char *names[FORM_GROUPS_MAX];
    int n = form_groups(names);
    open_groups(s, open);
    for (int g = 0; g < n; g++)
        shut |= !open[g];
    for (int g = 0; g < n; g++)
        s->fold[g] = shut ? FOLD_OPEN : FOLD_SHUT;
    setup_rows(s);
}

/* ---- undo ---- */

void setup_remember(struct setup_study *t)
{
    if (!t->undo)
        t->undo = xcalloc(SETUP_UNDO, sizeof *t->undo);
    if (t->n_undo == SETUP_UNDO)
        memmove(t->undo, t->undo + 1, (SETUP_UNDO - 1) * sizeof *t->undo), t->n_undo--;
    t->undo[t->n_undo++] = t->now;
}

void setup_settle(struct setup_study *t)
{
    bool same = true;
    for (int i = 0; same && i < param_count; i++)
        same = !form_differs(&t->now, &t->undo[t->n_undo - 1], i);
    t->n_undo -= same;
}

bool setup_undo(struct setup_study *t)
{
    if (t->n_undo == 0)
        return false;
    t->now = t->undo[--t->n_undo];
    return true;
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

static bool type(struct setup *s, const struct setup_study *t, int def, struct request *out)
{
    char limits[256], value[PARAM_STR_MAX];
    const struct param_def *d = &param_table[def];
    bool range = form_range(&t->now, def) != NULL;
    form_limits(&t->now, def, limits, sizeof limits);
    s->typing = TYPING_VALUE;
    out->kind = ASK_TYPE;
    size_t n = str_append(out->text, sizeof out->text, 0, "%s%s", range ? "search." : "", d->name);
    if (limits[0])
        str_append(out->text, sizeof out->text, n, " (%s%s%s)", limits, *d->unit && !range ? " " : "",
                   range ? "" : d->unit);
    form_text(&t->now, def, value, sizeof value);
    if (strlen(value) < sizeof out->initial) /* half a path would be worse than none */
        str_append(out->initial, sizeof out->initial, 0, "%s", value);
    return true;
}

static bool toggle_range(struct setup_study *t, int def, struct request *out)
{
    struct err err = {0};
    if (form_range(&t->now, def))
        form_reset(&t->kept, &t->now, def);
    return form_toggle_range(&t->now, &t->kept, def, &err) || say(out, err.msg);
}

static bool field_command(struct setup *s, struct setup_study *t, const char *nets, enum command cmd,
                          struct request *out)
{
    struct err err = {0};
    int def = setup_field(s);
    bool chosen = param_table[def].type == PARAM_ENUM || param_table[def].type == PARAM_BOOL;
    s->refusal[0] = '\0';
    switch (cmd) {
    case CMD_LEFT:
    case CMD_TUNE_DOWN: form_step(&t->now, def, -1, nets); return true;
    case CMD_RIGHT:
    case CMD_TUNE_UP: form_step(&t->now, def, 1, nets); return true;
    case CMD_ENTER:
        if (!chosen)
            return type(s, t, def, out);
        form_step(&t->now, def, 1, nets);
        return true;
    case CMD_TUNE_TYPE: return type(s, t, def, out);
    case CMD_RANGE: return toggle_range(t, def, out);
    case CMD_SCALE: return form_toggle_scale(&t->now, def, &err) || say(out, err.msg);
    case CMD_RESET_FIELD: form_reset(&t->now, &t->own, def); return true;
    case CMD_DEFAULT_FIELD: form_default(&t->now, def); return true;
    default: return false;
    }
}

/* Left shuts, Right opens, Enter does the other of the two. A whole group goes back as one step. */
static bool group_command(struct setup *s, struct setup_study *t, enum command cmd, struct request *out)
{
    int group = s->rows[s->row].group;
    const char *names[FORM_GROUPS_MAX];
    bool open = s->row + 1 < s->n_rows && s->rows[s->row + 1].kind == ROW_FIELD;
    form_groups(names);
    switch (cmd) {
    case CMD_LEFT: fold(s, group, false); return true;
    case CMD_RIGHT: fold(s, group, true); return true;
    case CMD_ENTER: fold(s, group, !open); return true;
    case CMD_RESET_FIELD:
    case CMD_DEFAULT_FIELD:
        for (int i = 0; i < param_count; i++) {
            if (strcmp(param_table[i].group, names[group]) != 0)
                continue;
            if (cmd == CMD_RESET_FIELD)
                form_reset(&t->now, &t->own, i);
            else
                form_default(&t->now, i);
        }
        return true;
    case CMD_TUNE_TYPE:
    case CMD_RANGE:
    case CMD_SCALE: return say(out, "a heading has no value: Right opens it, Down goes to its settings");
    default: return false;
    }
}

bool setup_row_command(struct setup *s, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    if (!t || !t->ok)
        return say(out, t ? t->trouble : s->trouble);
    if (s->n_rows == 0)
        return say(out, "no setting has that in its name or meaning; Esc shows all");
    setup_remember(t);
    bool meant = s->rows[s->row].kind == ROW_GROUP ? group_command(s, t, cmd, out)
                                                   : field_command(s, t, ctx->host->nets, cmd, out);
    setup_settle(t);
    return meant;
}

/* ---- typing ---- */

bool setup_typed_value(struct setup *s, const char *text, struct err *err)
{
    struct setup_study *t = setup_selected(s);
    int def = setup_field(s);
    s->refusal[0] = '\0';
    if (!t || !t->ok || def < 0)
        return err_set(err, ERR_STATE, "there is no setting to change");
    setup_remember(t);
    bool ok = form_type(&t->now, def, text, err);
    setup_settle(t);
    if (!ok)
        str_append(s->refusal, sizeof s->refusal, 0, "%s", err->msg);
    return ok;
}

bool setup_check_value(struct setup *s, const struct view_context *ctx, const char *text, char *note, size_t cap)
{
    struct setup_study *t = setup_selected(s);
    struct params would;
    struct pair_card card = {0};
    struct err err = {0};
    int def = setup_field(s);
    note[0] = '\0';
    if (!t || !t->ok || def < 0)
        return false;
    would = t->now;
    if (!form_type(&would, def, text, &err)) {
        str_append(note, cap, 0, "%s", err.msg);
        return false;
    }
    ctx->host->describe(ctx->host->ctx, &would, &card);
    if (!params_check(&would, &err) || card.problem[0]) /* taken: another setting may be what is to change next */
        str_append(note, cap, 0, "Enter takes it; but then %s", err.msg[0] ? err.msg : card.problem);
    else
        str_append(note, cap, 0, "Enter takes it%s", form_differs(&would, &t->now, def) ? "" : ": no change");
    return true;
}
