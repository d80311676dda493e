/* Saving: the settings on the screen as a section of experiments.ini. A study's own section may be replaced, another's may not;
 * and nothing that would keep a begun study from going on. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../io/config.h"
#include "setup_impl.h"

bool setup_save(struct setup *s, struct request *out)
{
    const struct setup_study *t = setup_selected(s);
    if (!t || !t->ok) {
        out->kind = ASK_STATUS;
        str_append(out->text, sizeof out->text, 0, "%s", t ? t->trouble : s->trouble);
        return true;
    }
    s->typing = TYPING_NAME;
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "save in experiments.ini as");
    str_append(out->initial, sizeof out->initial, 0, "%s%s", t->name, setup_is_begun(t) ? "-2" : "");
    return true;
}

static const struct setup_study *named(const struct setup *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcasecmp(s->studies[i].name, name) == 0)
            return &s->studies[i];
    return NULL;
}

static bool may_save(struct setup *s, struct view_context *ctx, const char *name, struct err *err)
{
    const struct setup_study *t = setup_selected(s), *there = named(s, name);
    if (!ctx->host || !ctx->host->save || !t || !t->ok)
        return err_set(err, ERR_STATE, "there is nothing to save, or no place");
    if (!config_name_ok(name))
        return err_set(err, ERR_CONFIG, "'%s' is no name for a study (allowed: letters, digits, '.', '_', '-')", name);
    if (there && there != t)
        return err_set(err, ERR_CONFIG, "'%s' is another study; choose a new name, or '%s' to replace its own values",
                       there->name, t->name);
    if (there && setup_is_begun(t) && setup_changes(t))
        return err_set(err, ERR_STATE, "'%s' was begun and goes on with its own values; choose a new name", t->name);
    return params_check(&t->now, err);
}

bool setup_check_name(struct setup *s, struct view_context *ctx, const char *text, char *note, size_t cap)
{
    const struct setup_study *t = setup_selected(s);
    struct err err = {0};
    if (!may_save(s, ctx, text, &err)) {
        str_append(note, cap, 0, "%s", err.msg);
        return false;
    }
    int n = setup_changes(t);
    if (named(s, text))
        str_append(note, cap, 0, "Enter changes %d value%s in [%s]; every other line stays as it is", n,
                   n == 1 ? "" : "s", t->name);
    else
        str_append(note, cap, 0, "Enter adds [%s] at the end; every other line stays as it is", text);
    return true;
}

/* The changes are the new study's from now on; the one they were made in has its own values again. */
bool setup_typed_name(struct setup *s, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct setup_study *t = setup_selected(s);
    if (!may_save(s, ctx, text, err) || !ctx->host->save(ctx->host->ctx, s->stamp, text, &t->now, err)) {
        if (err->code == ERR_STATE && strstr(err->msg, "has changed"))
            str_append(err->msg, sizeof err->msg, strlen(err->msg), "; Esc, then R reads it again");
        return false;
    }
    bool itself = named(s, text) == t;
    if (!itself && setup_changes(t)) {
        setup_remember(t);
        t->now = t->own;
    }
    t->changed = false;
    if (itself)
        t->own = t->now, t->n_undo = 0;
    setup_reread(s, ctx);
    setup_select_named(s, text);
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "saved as [%s] in experiments.ini; S starts it", text);
    return true;
}
