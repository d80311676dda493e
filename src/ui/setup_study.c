/* The studies of the Setup screen: which there are, what is known of them, what their settings come to, and why one would not
 * start. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"

struct setup_study *setup_selected(struct setup *s)
{
    return s->n > 0 ? &s->studies[s->at] : NULL;
}

int setup_changes(const struct setup_study *t)
{
    int n = 0;
    for (int i = 0; i < param_count; i++)
        n += form_differs(&t->now, &t->own, i);
    return n;
}

/* ---- studies ---- */

void setup_select(struct setup *s, int at)
{
    s->at = at < 0 ? 0 : at >= s->n ? s->n - 1 : at;
    s->at = s->at < 0 ? 0 : s->at;
    s->refusal[0] = '\0';
    s->described = false;
}

void setup_select_named(struct setup *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->studies[i].name, name) == 0)
            setup_select(s, i);
}

bool setup_is_begun(const struct setup_study *t)
{
    return t->card.state[0] != '\0';
}

void setup_look(struct setup *s, struct view_context *ctx, int at)
{
    struct setup_study *t = &s->studies[at];
    bool begun = setup_is_begun(t);
    if (!ctx->host || !ctx->host->look)
        return;
    ctx->host->look(ctx->host->ctx, t->name, &t->card);
    if (!begun && setup_is_begun(t)) /* from now on its own settings are those it was begun with */
        t->read = t->changed = false, t->n_undo = 0;
}

void setup_read_studies(struct setup *s, struct view_context *ctx)
{
    struct err err = {0};
    char **names = NULL;
    if (ctx->host && ctx->host->stamp && !ctx->host->stamp(ctx->host->ctx, s->stamp, &err))
        s->stamp[0] = '\0';
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
        setup_look(s, ctx, i);
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
    if (!t->changed)
        t->now = t->kept = t->own;
    t->changed = false;
}

void setup_release_studies(struct setup *s)
{
    for (int i = 0; i < s->n; i++) {
        free(s->studies[i].name);
        free(s->studies[i].undo);
    }
    free(s->studies);
    free(s->points);
    s->points = NULL;
    s->pictured = false;
    s->studies = NULL;
    s->n = 0;
}

static void keep_changes(struct setup_study *to, struct setup_study *from)
{
    if (!from->ok || (setup_changes(from) == 0 && from->n_undo == 0))
        return;
    to->changed = setup_changes(from) > 0;
    to->now = from->now;
    to->kept = from->kept;
    to->undo = from->undo;
    to->n_undo = from->n_undo;
    from->undo = NULL;
}

void setup_reread(struct setup *s, struct view_context *ctx)
{
    struct setup_study *old = s->studies;
    int n = s->n;
    char name[64] = "";
    if (n > 0)
        str_append(name, sizeof name, 0, "%s", old[s->at].name);
    s->studies = NULL;
    s->n = 0;
    s->trouble[0] = '\0';
    setup_read_studies(s, ctx);
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < n; k++)
            if (strcmp(s->studies[i].name, old[k].name) == 0)
                keep_changes(&s->studies[i], &old[k]);
    for (int k = 0; k < n; k++) {
        free(old[k].name);
        free(old[k].undo);
    }
    free(old);
    setup_select(s, s->at);
    setup_select_named(s, name);
    s->look_at = 0;
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
    int fixed = setup_is_begun(t) ? changed_for_good(t) : -1;
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
    else if (in_state(t, "running") && setup_changes(t))
        str_append(buf, cap, 0, "'%s' runs with its own settings; Del takes a change back, Enter opens the study",
                   t->name);
    else if (in_state(t, "complete") && !setup_changes(t))
        str_append(buf, cap, 0, "'%s' is complete: Enter opens it; with more trials or repeats it goes on", t->name);
}

/* What follows from the settings, when they have changed since the last time. */
void setup_describe(struct setup *s, struct view_context *ctx)
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
    if (t->ok && ctx->host->cost)
        ctx->host->cost(ctx->host->ctx, &t->now, s->card.trials, &s->cost);
    find_problem(s, t, s->problem, sizeof s->problem);
}
