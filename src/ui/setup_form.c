/* Changes go through params_set, as those of the INI and the command line do: the form can make no settings that they could
 * not. */
#include "setup_form.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Copies the word that *s begins with and goes on behind it; false at the end. */
static bool take_word(const char **s, char *buf, size_t cap)
{
    *s += strspn(*s, " ");
    size_t n = strcspn(*s, " ");
    str_append(buf, cap, 0, "%.*s", (int)n, *s);
    *s += n;
    return n > 0;
}

/* ---- reading ---- */

const struct param_range *form_range(const struct params *p, int def)
{
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == def)
            return &p->ranges[i];
    return NULL;
}

void form_text(const struct params *p, int def, char *buf, size_t cap)
{
    const struct param_range *r = form_range(p, def);
    if (r)
        param_range_format(r, buf, cap);
    else
        params_format(p, def, buf, cap);
}

void form_limits(const struct params *p, int def, char *buf, size_t cap)
{
    const struct param_def *d = &param_table[def];
    size_t n = 0;
    buf[0] = '\0';
    if (form_range(p, def))
        str_append(buf, cap, 0, "linear|log MIN MAX [COUNT]");
    else if (d->type == PARAM_ENUM)
        for (const char *c = d->choices; *c; c++)
            n = *c == ' ' ? str_append(buf, cap, n, ", ") : str_append(buf, cap, n, "%c", *c);
    else if (d->type == PARAM_BOOL)
        str_append(buf, cap, 0, "0, 1");
    else if (d->type != PARAM_STRING)
        str_append(buf, cap, 0, "%.9g to %.9g", d->min, d->max);
    else if (strcmp(d->name, "device") == 0)
        str_append(buf, cap, 0, "auto, cpu, cuda, cuda:N");
}

void form_facts(const struct params *p, int def, char *buf, size_t cap)
{
    const struct param_def *d = &param_table[def];
    struct params single = *p;
    char limits[256];
    single.n_ranges = 0;
    form_limits(&single, def, limits, sizeof limits);
    size_t n = str_append(buf, cap, 0, "%s%s%s; default %s", limits[0] ? limits : "text", *d->unit ? " " : "", d->unit,
                          d->initial);
    if (!form_matters(p, def))
        str_append(buf, cap, n, "; no effect here");
}

const char *form_choices(int def, const char *nets)
{
    const struct param_def *d = &param_table[def];
    if (d->type == PARAM_ENUM)
        return d->choices;
    if (d->type == PARAM_BOOL)
        return "0 1";
    if (strcmp(d->name, "teacher") == 0 || strcmp(d->name, "student") == 0)
        return nets;
    return strcmp(d->name, "device") == 0 ? "auto cpu cuda" : NULL;
}

bool form_differs(const struct params *a, const struct params *b, int def)
{
    char s[PARAM_STR_MAX] = "", t[PARAM_STR_MAX] = "";
    if (param_table[def].type == PARAM_STRING) {
        params_format(a, def, s, sizeof s);
        params_format(b, def, t, sizeof t);
    }
    if (params_get_number(a, def) != params_get_number(b, def) || strcmp(s, t) != 0)
        return true;
    const struct param_range *r = form_range(a, def), *q = form_range(b, def);
    if (!r || !q)
        return r != q;
    return r->scale != q->scale || r->min != q->min || r->max != q->max || r->count != q->count;
}

bool form_matters(const struct params *p, int def)
{
    enum { KD = 1 << METHOD_KD, HINT = 1 << METHOD_HINT, FSP = 1 << METHOD_FSP };
    static const struct {
        const char *name;
        int methods;
    } only[] = {
        {"teacher", KD | HINT | FSP},
        {"teacher_lr", KD | HINT | FSP},
        {"teacher_steps", KD | HINT | FSP},
        {"teacher_warmup", KD | HINT | FSP},
        {"pairing", FSP},
        {"fsp_norm", FSP},
        {"lambda", HINT | FSP},
        {"lambda1", FSP},
        {"lambda2", FSP},
        {"lambda3", FSP},
        {"transfer_lr", HINT | FSP},
        {"transfer_steps", HINT | FSP},
        {"kd_temperature", KD | HINT},
        {"kd_weight", KD | HINT},
    };
    const char *name = param_table[def].name;
    if (strcmp(name, "max_trials") == 0 || strcmp(name, "limit_max_accuracy_count") == 0)
        return p->search != SEARCH_GRID && p->n_ranges > 0;
    for (size_t i = 0; i < ARRAY_LEN(only); i++)
        if (strcmp(name, only[i].name) == 0)
            return only[i].methods >> p->method & 1;
    return true;
}

/* ---- changing ---- */

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* The number after V, or before it, of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ...; below the smallest of them lies 0. */
static double next_125(double v, int by, double least)
{
    static const double digits[] = {1, 2, 5};
    if (v <= 0)
        return by > 0 ? least : 0;
    double best = by > 0 ? INFINITY : 0;
    int decade = (int)floor(log10(v));
    for (int e = decade - 1; e <= decade + 1; e++)
        for (int i = 0; i < 3; i++) {
            char text[32];
            snprintf(text, sizeof text, "%ge%d", digits[i], e); /* through text: 0.001, and not one bit beside it */
            double x = strtod(text, NULL);
            if (by > 0 ? x > v * (1 + 1e-9) && x < best : x < v * (1 - 1e-9) && x > best)
                best = x;
        }
    return best < least * (1 - 1e-9) ? 0 : best;
}

/* The next multiple of STEP. */
static double next_multiple(double v, int by, double step)
{
    double n = v / step;
    n = by > 0 ? floor(n + 1 + 1e-9) : ceil(n - 1 - 1e-9);
    return step < 1 ? n / rint(1 / step) : n * step;
}

static void step_number(struct params *p, int def, int by)
{
    const struct param_def *d = &param_table[def];
    bool whole = d->type == PARAM_INT;
    double v = params_get_number(p, def), to;
    if (d->scale == SCALE_LOG)
        to = next_125(v, by, whole ? 1 : 1e-6);
    else
        to = next_multiple(v, by, whole ? 1 : 0.05);
    params_set_number(p, def, clamp(to, d->min, d->max), NULL);
}

static void step_choice(struct params *p, int def, int by, const char *choices)
{
    char now[PARAM_STR_MAX], word[64], first[64] = "", last[64] = "", before[64] = "", after[64] = "";
    bool found = false;
    params_format(p, def, now, sizeof now);
    for (const char *s = choices; take_word(&s, word, sizeof word);) {
        if (!*first)
            str_append(first, sizeof first, 0, "%s", word);
        if (found && !*after)
            str_append(after, sizeof after, 0, "%s", word);
        if (strcasecmp(word, now) == 0) {
            found = true;
            str_append(before, sizeof before, 0, "%s", last);
        }
        str_append(last, sizeof last, 0, "%s", word);
    }
    const char *to = by > 0 ? (*after ? after : first) : *before ? before : last;
    if (*to)
        params_set(p, param_table[def].name, to, NULL);
}

static bool set_range(struct params *p, const struct param_range *r, struct err *err)
{
    char key[80], text[128];
    snprintf(key, sizeof key, "search.%s", param_table[r->def].name);
    param_range_format(r, text, sizeof text);
    return params_set(p, key, text, err);
}

static void remove_range(struct params *p, int def)
{
    char key[80];
    snprintf(key, sizeof key, "search.%s", param_table[def].name);
    params_set(p, key, "none", NULL);
}

/* 0 (none), 2, 3, 4, ... */
static void step_count(struct params *p, const struct param_range *range, int by)
{
    struct param_range r = *range;
    r.count = by > 0 ? (r.count < 2 ? 2 : r.count + 1) : r.count > 2 ? r.count - 1 : 0;
    set_range(p, &r, NULL); /* refused: there are no more */
}

void form_step(struct params *p, int def, int by, const char *nets)
{
    const struct param_range *r = form_range(p, def);
    const char *choices = form_choices(def, nets);
    if (r)
        step_count(p, r, by);
    else if (choices)
        step_choice(p, def, by, choices);
    else if (param_table[def].type == PARAM_INT || param_table[def].type == PARAM_FLOAT)
        step_number(p, def, by);
}

/* Six digits and no more: 0.01, and not what dividing 0.1 by 10 leaves. */
static double rounded(double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", v);
    return strtod(text, NULL);
}

static struct param_range new_range(const struct params *p, int def)
{
    const struct param_def *d = &param_table[def];
    double v = params_get_number(p, def);
    struct param_range r = {.def = def, .scale = d->scale, .min = d->min, .max = d->max};
    bool whole = d->type == PARAM_INT;
    if (d->scale == SCALE_LOG) {
        v = v > 0 ? v : whole ? 10 : 0.01;
        r.min = clamp(rounded(v / 10), fmax(d->min, whole ? 1 : 1e-9), d->max);
        r.max = clamp(rounded(v * 10), r.min, d->max);
    }
    if (whole) {
        r.min = rint(r.min);
        r.max = rint(r.max);
    }
    r.count = p->search == SEARCH_GRID ? 3 : 0;
    return r;
}

bool form_toggle_range(struct params *p, const struct params *kept, int def, struct err *err)
{
    const struct param_def *d = &param_table[def];
    if (!(d->flags & PF_SEARCH))
        return err_set(err, ERR_CONFIG, "%s cannot be searched over", d->name);
    if (form_range(p, def)) {
        remove_range(p, def);
        return true;
    }
    const struct param_range *old = form_range(kept, def);
    struct param_range r = old ? *old : new_range(p, def);
    if (r.count == 0 && p->search == SEARCH_GRID)
        r.count = 3;
    return set_range(p, &r, err);
}

void form_reset(struct params *p, const struct params *own, int def)
{
    char text[PARAM_STR_MAX];
    const struct param_range *r = form_range(own, def);
    params_format(own, def, text, sizeof text);
    params_set(p, param_table[def].name, text, NULL);
    if (r)
        set_range(p, r, NULL);
    else if (form_range(p, def))
        remove_range(p, def);
}

void form_default(struct params *p, int def)
{
    params_set(p, param_table[def].name, param_table[def].initial, NULL);
    if (form_range(p, def))
        remove_range(p, def);
}

bool form_toggle_scale(struct params *p, int def, struct err *err)
{
    const struct param_range *r = form_range(p, def);
    if (!r)
        return err_set(err, ERR_CONFIG, "%s has one value; s gives it a range", param_table[def].name);
    struct param_range other = *r;
    other.scale = r->scale == SCALE_LOG ? SCALE_LINEAR : SCALE_LOG;
    return set_range(p, &other, err);
}

bool form_type(struct params *p, int def, const char *text, struct err *err)
{
    const struct param_def *d = &param_table[def];
    char key[80];
    while (isspace((unsigned char)*text))
        text++;
    bool range = (d->flags & PF_SEARCH) &&
                 (form_range(p, def) || strncasecmp(text, "log", 3) == 0 || strncasecmp(text, "lin", 3) == 0);
    snprintf(key, sizeof key, "%s%s", range ? "search." : "", d->name);
    return params_set(p, key, text, err);
}
