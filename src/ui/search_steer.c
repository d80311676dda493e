/* Other ranges and another strategy are made out of the settings that the study has now, checked as a start would check them,
 * and handed over as a whole, so that a refusal comes before anything is stopped. */
#include "search_steer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 3 }; /* of a box's ends */
#define EDGE 1e-9

static void say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
}

static bool runs(const struct view_context *ctx)
{
    return ctx->model->conn == CONN_LIVE;
}

/* ---- a trial ---- */

static void add_value(struct request *out, const char *name, double value)
{
    struct wire_request *w = &out->wire;
    str_append(w->key[w->n], sizeof w->key[0], 0, "%s", name);
    w->value[w->n++] = value;
}

void steer_enqueue(const struct view_context *ctx, const struct search_scene *s, const struct search_look *v,
                   struct request *out)
{
    size_t n = str_append(out->confirm, sizeof out->confirm, 0, "try");
    int others = 0;
    if (!runs(ctx)) {
        say(out, "no process runs this study, so nothing can be tried: `S` on Setup (0) starts it or goes on with it");
        return;
    }
    if (s->n_dims > WIRE_VALUES) {
        say(out, "more settings are searched than a trial can be asked for with: 8");
        return;
    }
    out->wire = (struct wire_request){.ask = WIRE_ENQUEUE};
    for (int k = 0; k < s->n_dims; k++) {
        const struct dim *d = &s->space.dims[s->dim[k]];
        bool column = k == v->column, row = k == v->row;
        double value = column ? space_value(d, v->u) : row ? space_value(d, v->v) : space_value(d, 0.5);
        if (!column && !row && s->picture && s->picture->fitted)
            value = s->picture->at[s->dim[k]];
        add_value(out, d->name, value);
        if (column || row)
            n = str_append(out->confirm, sizeof out->confirm, n, "%s %s %.4g", n > 3 ? "," : "", d->name, value);
        others += !column && !row;
    }
    str_append(out->confirm, sizeof out->confirm, n, "%s next?", others ? ", the rest as at the best point," : "");
    out->kind = ASK_STUDY;
}

/* ---- other settings ---- */

/* What the study would be started with now. */
static bool settings_of(const struct view_context *ctx, struct params *want, struct err *err)
{
    const struct ui_host *h = ctx->host;
    if (ctx->model->readonly)
        return err_set(err, ERR_STATE, "read only: nothing can be changed from here");
    if (!h || !h->settings || !h->start)
        return err_set(err, ERR_STATE, "the settings of this study are not known here");
    return h->settings(h->ctx, ctx->model->study, want, err);
}

/* The request to go on with WANT; WHAT names the change. */
static bool go_on(const struct view_context *ctx, const struct params *want, const char *what, const char *note,
                  struct request *out, struct err *err)
{
    const struct ui_host *h = ctx->host;
    struct pair_card card = {0};
    if (!params_check(want, err))
        return false;
    if (h->describe)
        h->describe(h->ctx, want, &card);
    if (card.problem[0])
        return err_set(err, ERR_CONFIG, "%s", card.problem);
    out->kind = ASK_RESTART;
    out->params = want;
    str_append(out->text, sizeof out->text, 0, "%s", what);
    str_append(out->confirm, sizeof out->confirm, 0, "%s with %s?%s", runs(ctx) ? "save, stop, go on" : "go on", what,
               note);
    return true;
}

static const struct param_range *range_of(const struct params *p, int def)
{
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == def)
            return &p->ranges[i];
    return NULL;
}

static bool set_range(struct params *p, const char *name, const char *text, struct err *err)
{
    char key[96];
    str_append(key, sizeof key, 0, "search.%s", name);
    return params_set(p, key, text, err);
}

static bool set_ends(struct params *p, const struct param_range *r, double min, double max, struct err *err)
{
    struct param_range to = *r;
    char text[PARAM_STR_MAX];
    to.min = min;
    to.max = max;
    to.count = min < max ? r->count : 0;
    if (param_table[r->def].type == PARAM_INT && to.count > max - min + 1)
        to.count = (int)(max - min + 1);
    param_range_format(&to, text, sizeof text);
    return set_range(p, param_table[r->def].name, text, err);
}

/* ---- a box ---- */

/* To so many digits, but not beyond the range that there is; whole numbers to whole ones. */
static double end_of(const struct dim *d, double u)
{
    char text[32];
    if (u <= 0 || u >= 1)
        return u <= 0 ? d->min : d->max;
    double v = space_value(d, u);
    if (d->type != DIM_FLOAT)
        return v;
    str_append(text, sizeof text, 0, "%.*g", DIGITS, v);
    v = strtod(text, NULL);
    return v < d->min ? d->min : v > d->max ? d->max : v;
}

/* The ends of the cells from A to B, of N. */
static void ends_of(const struct dim *d, double a, double b, int n, double *min, double *max)
{
    double lo = floor(fmin(a, b) * n) / n, hi = ceil(fmax(a, b) * n) / n;
    double inside =
        d->type == DIM_FLOAT ? 0 : EDGE; /* whole numbers have cells themselves: those that the box touches */
    *min = end_of(d, lo < EDGE ? 0 : lo + inside);
    *max = end_of(d, hi > 1 - EDGE ? 1 : hi - inside);
}

void steer_box(const struct view_context *ctx, const struct search_scene *s, const struct search_look *v, int columns,
               int rows, struct params *want, struct request *out)
{
    const int axis[2] = {v->column, v->row}, cells[2] = {columns, rows};
    const double from[2] = {v->box_u, v->box_v}, to[2] = {v->u, v->v};
    char what[128] = "";
    struct err err = {0};
    size_t n = 0;
    bool ok = settings_of(ctx, want, &err);
    for (int k = 0; ok && k < (v->column == v->row ? 1 : 2); k++) {
        const struct dim *d = &s->space.dims[s->dim[axis[k]]];
        const struct param_range *r = range_of(want, param_find(d->name));
        double min, max;
        if (!r) {
            ok = err_set(&err, ERR_STATE, "%s is not searched in the settings of now", d->name);
            break;
        }
        ends_of(d, from[k], to[k], cells[k], &min, &max);
        if (min == d->min && max == d->max)
            continue;
        if (min >= max)
            ok = err_set(&err, ERR_CONFIG, "the box is too narrow: %s would have one value; P pins it", d->name);
        ok = ok && set_ends(want, r, min, max, &err);
        n = str_append(what, sizeof what, n, "%s%s %.4g to %.4g", n ? ", " : "", d->name, min, max);
    }
    if (ok && n == 0)
        ok = err_set(&err, ERR_CONFIG, "the box is all of the ranges already");
    if (!ok || !go_on(ctx, want, what, "", out, &err))
        say(out, err.msg);
}

/* ---- a pin ---- */

void steer_ask_pin(const struct search_scene *s, const struct search_look *v, struct request *out)
{
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "pin NAME=VALUE, or NAME=log MIN MAX, NAME=free");
    if (s->n_dims == 0) { /* all are pinned */
        str_append(out->initial, sizeof out->initial, 0, "%s=free", s->space.dims[0].name);
        return;
    }
    const struct dim *d = &s->space.dims[s->dim[v->column]];
    str_append(out->initial, sizeof out->initial, 0, "%s=%.4g", d->name, space_value(d, v->u));
}

/* The range that the setting had when it was pinned, from the study's record: "search.NAME: OLD -> NEW". */
static bool range_before(const struct model *m, const char *name, char *buf, size_t cap)
{
    for (int i = m->n_events - 1; i >= 0; i--) {
        const struct event_row *e = &m->events[i];
        const char *from = strstr(e->text, ": "), *to = strstr(e->text, " -> ");
        double min = 0, max = 0;
        if (strcmp(e->kind, "range") != 0 || strcmp(e->key, name) != 0 || !from || !to || to < from)
            continue;
        str_append(buf, cap, 0, "%.*s", (int)(to - from - 2), from + 2);
        if (sscanf(buf, "%*s %lf %lf", &min, &max) == 2 && min < max)
            return true;
    }
    return false;
}

/* Trials with that very value, which alone inform a search with the setting pinned there. */
static int trials_at(const struct search_scene *s, const char *name, double value)
{
    int n = 0;
    for (int j = 0; j < s->space.n; j++)
        for (int i = 0; i < s->n && strcmp(s->space.dims[j].name, name) == 0; i++)
            n += s->trials[i].x[j] == value && isfinite(s->trials[i].value);
    return n;
}

static bool pin(const struct view_context *ctx, const struct search_scene *s, const char *name, const char *text,
                struct params *want, struct request *out, struct err *err)
{
    int def = param_find(name);
    const struct param_range *r = range_of(want, def);
    char what[128], note[64] = "", before[PARAM_STR_MAX], *end;
    double value = strtod(text, &end);
    if (*text && !*end) {
        if (!r)
            return err_set(err, ERR_CONFIG, "%s is not searched: it has the study's own value in every trial", name);
        if (!isfinite(value) || !set_ends(want, r, value, value, err))
            return err->msg[0] ? false : err_set(err, ERR_CONFIG, "%s: '%s' is no value", name, text);
        str_append(what, sizeof what, 0, "%s pinned at %g", name, value);
        str_append(note, sizeof note, 0, " %d of %d trials inform it then.", trials_at(s, name, value), s->complete);
    } else if (strcmp(text, "free") == 0) {
        if (!r || r->min < r->max)
            return err_set(err, ERR_CONFIG, "%s is not pinned", name);
        if (!range_before(ctx->model, name, before, sizeof before))
            return err_set(err, ERR_CONFIG, "the range that %s had is not in the record: type %s=linear|log MIN MAX",
                           name, name);
        if (!set_range(want, name, before, err))
            return false;
        str_append(what, sizeof what, 0, "%s free again, %s", name, before);
    } else {
        if (!set_range(want, name, text, err))
            return false;
        str_append(what, sizeof what, 0, "search.%s=%s", name, text);
    }
    return go_on(ctx, want, what, note, out, err);
}

static bool typed_pin(const struct view_context *ctx, const struct search_scene *s, const char *text,
                      struct params *want, struct request *out, struct err *err)
{
    char name[64];
    const char *eq = strchr(text, '=');
    while (*text == ' ')
        text++;
    size_t n = eq ? (size_t)(eq - text) : 0;
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (n == 0 || n >= sizeof name)
        return err_set(err, ERR_CONFIG,
                       "'%s': allowed are NAME=VALUE, NAME=linear|log MIN MAX [COUNT], NAME=free, NAME=none", text);
    str_append(name, sizeof name, 0, "%.*s", (int)n, text);
    if (param_find(name) < 0) {
        const char *nearest = param_nearest(name);
        return err_set(err, ERR_CONFIG, "'%s' is no setting%s%s%s", name, nearest ? ": did you mean '" : "",
                       nearest ? nearest : "", nearest ? "'?" : "");
    }
    for (eq++; *eq == ' ';)
        eq++;
    return pin(ctx, s, name, eq, want, out, err);
}

/* ---- the strategy ---- */

void steer_ask_strategy(const struct search_scene *s, struct request *out)
{
    out->kind = ASK_TYPE;
    str_append(out->text, sizeof out->text, 0, "search by (grid, random, sobol, bo)");
    str_append(out->initial, sizeof out->initial, 0, "%s",
               strategy_name(s->strategy == STRATEGY_BO ? STRATEGY_SOBOL : STRATEGY_BO));
}

static bool typed_strategy(const struct view_context *ctx, const char *text, struct params *want, struct request *out,
                           struct err *err)
{
    char what[64];
    int before = want->search;
    if (!params_set(want, "search", text, err))
        return false;
    if (want->search == before)
        return err_set(err, ERR_CONFIG, "the search is by %s already", strategy_name((enum strategy)before));
    str_append(what, sizeof what, 0, "%s instead of %s", strategy_name((enum strategy)want->search),
               strategy_name((enum strategy)before));
    return go_on(ctx, want, what, "", out, err);
}

bool steer_typed(const struct view_context *ctx, const struct search_scene *s, enum steer_prompt prompt,
                 const char *text, struct params *want, struct request *out, struct err *err)
{
    if (!settings_of(ctx, want, err))
        return false;
    return prompt == STEER_PIN ? typed_pin(ctx, s, text, want, out, err) : typed_strategy(ctx, text, want, out, err);
}
