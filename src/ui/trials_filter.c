#define _GNU_SOURCE /* strcasestr */
/* A word is tried as a flag, a state or a kind, then as NAME, sign, VALUE. What it can be is in the tables below, from which
 * the sentences about what is allowed are made, too. */
#include "trials_filter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../param.h"

static const char *const kinds[] = {[TRIAL_SEARCH] = "search", [TRIAL_REPEAT] = "repeat", [TRIAL_MANUAL] = "manual"};
static const char *const quantities[QUANTITY_COUNT] = {"trial",    "val",      "test", "best",   "seconds", "teacher",
                                                       "transfer", "finetune", "seed", "repeat", "runs"};
/* Longer ones first, since they begin like shorter ones. */
static const struct {
    const char *sign;
    int op;
} signs[] = {{"<=", OP_AT_MOST}, {">=", OP_AT_LEAST}, {"!=", OP_UNEQUAL},
             {"<", OP_LESS},     {">", OP_MORE},      {"=", OP_EQUAL}};

static int find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static int find_state(const char *name)
{
    for (int s = TRIAL_QUEUED; s <= TRIAL_STOPPED; s++)
        if (strcasecmp(trial_state_name((enum trial_state)s), name) == 0)
            return s;
    return -1;
}

/* A word without a sign. */
static bool parse_flag(const char *word, struct trials_term *t)
{
    if (strcasecmp(word, "edited") == 0)
        t->what = TERM_EDITED;
    else if (strcasecmp(word, "collapsed") == 0)
        t->what = TERM_COLLAPSED;
    else if ((t->which = find_state(word)) >= 0)
        t->what = TERM_STATE;
    else if ((t->which = find(kinds, ARRAY_LEN(kinds), word)) >= 0)
        t->what = TERM_KIND;
    else
        return false;
    return true;
}

static bool is_accuracy(int quantity)
{
    return quantity == QUANTITY_VAL || quantity == QUANTITY_TEST || quantity == QUANTITY_BEST;
}

static bool is_duration(int quantity)
{
    return quantity >= QUANTITY_SECONDS && quantity <= QUANTITY_FINETUNE;
}

static bool parse_number(const char *word, const char *text, struct trials_term *t, struct err *err)
{
    char *end;
    double v = strtod(text, &end);
    bool accuracy = t->what == TERM_QUANTITY && is_accuracy(t->which);
    bool duration = t->what == TERM_QUANTITY && is_duration(t->which);
    if (end == text || !isfinite(v))
        return err_set(err, ERR_USAGE, "'%s': '%s' is not a number", word, text);
    if (accuracy && (*end == '%' || fabs(v) > 1))
        v /= 100, end += *end == '%';
    else if (duration && *end && strchr("smh", *end))
        v *= *end == 's' ? 1 : *end == 'm' ? 60 : 3600, end++;
    if (*end)
        return err_set(err, ERR_USAGE, "'%s': '%s' is not a number", word, text);
    t->number = v;
    return true;
}

static bool unknown_name(const char *word, const char *name, struct err *err)
{
    const char *near = param_nearest(name);
    char known[160] = "";
    size_t n = 0;
    for (int i = 0; i < QUANTITY_COUNT; i++)
        n = str_append(known, sizeof known, n, "%s%s", i ? ", " : "", quantities[i]);
    return err_set(err, ERR_USAGE, "'%s': '%s' is neither a setting%s%s%s nor state, kind, %s", word, name,
                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", known);
}

/* What stands left of the sign. */
static bool parse_name(const char *word, const char *name, struct trials_term *t, struct err *err)
{
    if ((t->which = find(quantities, QUANTITY_COUNT, name)) >= 0) {
        t->what = TERM_QUANTITY;
        return true;
    }
    if ((t->which = param_find(name)) < 0)
        return unknown_name(word, name, err);
    if (param_table[t->which].type != PARAM_INT && param_table[t->which].type != PARAM_FLOAT)
        return err_set(err, ERR_USAGE, "'%s': %s is no number, and the same in all trials", word, name);
    t->what = TERM_SETTING;
    return true;
}

/* state=complete, kind!=repeat */
static bool parse_named(const char *word, const char *name, const char *value, struct trials_term *t, struct err *err)
{
    bool state = strcasecmp(name, "state") == 0;
    t->what = state ? TERM_STATE : TERM_KIND;
    t->which = state ? find_state(value) : find(kinds, ARRAY_LEN(kinds), value);
    t->not ^= t->op == OP_UNEQUAL;
    if (t->op != OP_EQUAL && t->op != OP_UNEQUAL)
        return err_set(err, ERR_USAGE, "'%s': %s goes with = and != only", word, name);
    if (t->which >= 0)
        return true;
    return err_set(err, ERR_USAGE, "'%s': '%s' is no %s: allowed are %s", word, value, name,
                   state ? "queued, running, paused, complete, pruned, diverged, failed, stopped"
                         : "search, repeat, manual");
}

static bool parse_comparison(const char *word, char *body, struct trials_term *t, struct err *err)
{
    char *at = body + strcspn(body, "<>=!");
    if (at == body || !*at)
        return err_set(err, ERR_USAGE,
                       "'%s' is not understood: complete, edited, kind=repeat, val>0.8, lambda<=0.01, reason~text",
                       word);
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        size_t n = strlen(signs[i].sign);
        if (strncmp(at, signs[i].sign, n) != 0)
            continue;
        *at = 0;
        const char *value = at + n;
        t->op = (unsigned)signs[i].op;
        if (!*value)
            return err_set(err, ERR_USAGE, "'%s': a value is missing after '%s'", word, signs[i].sign);
        if (strcasecmp(body, "state") == 0 || strcasecmp(body, "kind") == 0)
            return parse_named(word, body, value, t, err);
        return parse_name(word, body, t, err) && parse_number(word, value, t, err);
    }
    return err_set(err, ERR_USAGE, "'%s': '%c' alone is no sign: <, <=, >, >=, =, != are", word, *at);
}

static bool parse_word(const char *word, struct trials_term *t, struct err *err)
{
    char body[128];
    *t = (struct trials_term){0};
    t->not = *word == '!';
    str_append(body, sizeof body, 0, "%s", word + t->not );
    if (parse_flag(body, t))
        return true;
    char *tilde = strchr(body, '~');
    if (!tilde)
        return parse_comparison(word, body, t, err);
    *tilde = 0;
    t->what = TERM_REASON;
    str_append(t->text, sizeof t->text, 0, "%s", tilde + 1);
    if (strcasecmp(body, "reason") != 0)
        return err_set(err, ERR_USAGE, "'%s': ~ goes with reason only, as in reason~nan", word);
    return tilde[1] || err_set(err, ERR_USAGE, "'%s': a text is missing after '~'", word);
}

bool trials_filter_parse(const char *line, struct trials_filter *f, struct err *err)
{
    struct trials_filter made = {0};
    char copy[256], *save = NULL;
    if (str_append(copy, sizeof copy, 0, "%s", line) != strlen(line))
        return err_set(err, ERR_USAGE, "the filter is longer than %zu characters", sizeof copy - 1);
    for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        if (made.n == TRIALS_TERMS)
            return err_set(err, ERR_USAGE, "'%s' is one word too many: at most %d", word, TRIALS_TERMS);
        if (!parse_word(word, &made.term[made.n++], err))
            return false;
    }
    *f = made;
    return true;
}

/* ---- whether it holds ---- */

static double quantity(enum trials_quantity q, const struct trials_subject *s)
{
    const struct trial_row *r = s->row;
    switch (q) {
    case QUANTITY_TRIAL: return r->number;
    case QUANTITY_VAL: return r->val_accuracy;
    case QUANTITY_TEST: return r->test_accuracy;
    case QUANTITY_BEST: return r->best_val_accuracy;
    case QUANTITY_SECONDS: return r->seconds_teacher + r->seconds_transfer + r->seconds_finetune;
    case QUANTITY_TEACHER: return r->seconds_teacher;
    case QUANTITY_TRANSFER: return r->seconds_transfer;
    case QUANTITY_FINETUNE: return r->seconds_finetune;
    case QUANTITY_SEED: return (double)r->seed;
    case QUANTITY_REPEAT: return r->repeat;
    case QUANTITY_RUNS: return s->runs;
    case QUANTITY_COUNT: break;
    }
    return NAN;
}

static bool compares(const struct trials_term *t, double v)
{
    bool equal = fabs(v - t->number) <= 5e-5 * fmax(fabs(v), fabs(t->number));
    if (isnan(v))
        return false;
    switch (t->op) {
    case OP_LESS: return v < t->number;
    case OP_AT_MOST: return v <= t->number;
    case OP_MORE: return v > t->number;
    case OP_AT_LEAST: return v >= t->number;
    case OP_EQUAL: return equal;
    case OP_UNEQUAL: return !equal;
    }
    return false;
}

static bool holds(const struct trials_term *t, const struct trials_subject *s)
{
    switch (t->what) {
    case TERM_STATE: return (int)s->row->state == t->which;
    case TERM_KIND: return (int)s->row->kind == t->which;
    case TERM_EDITED: return s->row->edited;
    case TERM_COLLAPSED: return s->row->collapsed;
    case TERM_QUANTITY: return compares(t, quantity((enum trials_quantity)t->which, s));
    case TERM_SETTING: return compares(t, s->setting(s->ctx, t->which));
    case TERM_REASON: return strcasestr(s->row->reason, t->text) != NULL;
    }
    return false;
}

bool trials_filter_holds(const struct trials_filter *f, const struct trials_subject *s)
{
    for (int i = 0; i < f->n; i++)
        if (holds(&f->term[i], s) == f->term[i].not )
            return false;
    return true;
}
