/* A nudge multiplies by 1.1, so that ten ups and ten downs end where they began, however fast they come: a step may take
 * longer than a key, so a nudge goes on from what was asked for last. A value of 0 cannot be nudged and is typed.
 * An undo is a set like any other: it takes effect at a step, is recorded, and is drawn. */
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[TUNE_KEYS] = {"lambda", "lambda1", "lambda2", "lambda3", "lr"};

const char *tune_key(int which)
{
    return keys[which];
}

double tune_value(const struct model *m, int which)
{
    const struct live *l = &m->live;
    if (!l->valid)
        return NAN;
    return which == 0 ? l->lambda : which < 4 ? l->lambda_i[which - 1] : l->base_lr;
}

/* lr is not a row of the settings' table: it is the rate of the stage. */
static const struct param_def *def_of(const char *key)
{
    return &param_table[param_find(strcmp(key, "lr") == 0 ? "transfer_lr" : key)];
}

/* Of the trial whose values are shown: another may lead by the time that this arrives. */
static void ask_set(const struct model *m, struct request *r, const char *key, double value)
{
    r->kind = ASK_STUDY;
    r->wire = (struct wire_request){.ask = WIRE_SET, .trial = m->live.trial, .n = 1};
    str_append(r->wire.key[0], sizeof r->wire.key[0], 0, "%s", key);
    r->wire.value[0] = value;
}

static void say(struct request *r, const char *text)
{
    r->kind = ASK_STATUS;
    str_append(r->text, sizeof r->text, 0, "%s", text);
}

/* What the value is, or is about to be. */
static double coming_value(const struct tune *t, const struct model *m, int which)
{
    const struct tune_wanted *w = &t->wanted[which];
    const struct live *l = &m->live;
    bool ahead = t->out > 0 || (w->trial == l->trial && strcmp(w->stage, l->stage) == 0 && l->step <= w->step);
    return l->valid && w->on && ahead ? w->value : tune_value(m, which);
}

static bool nudge(struct tune *t, struct view_context *c, double factor, struct request *r)
{
    int which = c->model->sel.tune;
    double v = coming_value(t, c->model, which);
    if (!isfinite(v))
        say(r, "nothing runs whose value could be changed");
    else if (v == 0)
        say(r, "0 cannot be raised or lowered by a tenth: type a value with e");
    else
        ask_set(c->model, r, keys[which], v * factor);
    return true;
}

static bool type(struct view_context *c, struct request *r)
{
    const char *key = keys[c->model->sel.tune];
    const struct param_def *d = def_of(key);
    double v = tune_value(c->model, c->model->sel.tune);
    r->kind = ASK_TYPE;
    str_append(r->text, sizeof r->text, 0, "%s (%g to %g)", key, d->min, d->max);
    if (isfinite(v))
        str_append(r->initial, sizeof r->initial, 0, "%g", v);
    return true;
}

static bool undo(struct tune *t, struct view_context *c, struct request *r)
{
    const struct live *l = &c->model->live;
    if (t->out > 0) {
        say(r, "wait: a change takes effect at the next step, and can be taken back from then on");
        return true;
    }
    /* a change of an earlier trial or stage is over: its value no longer acts */
    while (t->n > 0 && (t->undos[t->n - 1].trial != l->trial ||
                        (strcmp(t->undos[t->n - 1].key, "lr") == 0 && strcmp(t->undos[t->n - 1].stage, l->stage) != 0)))
        t->n--;
    if (t->n == 0) {
        say(r, "nothing to undo: no change was made from here in this trial");
        return true;
    }
    t->undo = true;
    ask_set(c->model, r, t->undos[t->n - 1].key, t->undos[t->n - 1].before);
    return true;
}

bool tune_command(struct tune *t, struct view_context *c, enum command cmd, struct request *r)
{
    t->undo = false;
    switch (cmd) {
    case CMD_TUNE_NEXT: c->model->sel.tune = (c->model->sel.tune + 1) % TUNE_KEYS; return true;
    case CMD_TUNE_UP: return nudge(t, c, 1.1, r);
    case CMD_TUNE_DOWN: return nudge(t, c, 1 / 1.1, r);
    case CMD_TUNE_TYPE: return type(c, r);
    case CMD_TUNE_UNDO: return undo(t, c, r);
    default: return false;
    }
}

bool tune_typed(struct view_context *c, const char *text, struct request *r, struct err *err)
{
    const char *key = keys[c->model->sel.tune];
    const struct param_def *d = def_of(key);
    char *end;
    double v = strtod(text, &end);
    while (*end == ' ')
        end++;
    if (end == text || *end || !isfinite(v))
        return err_set(err, ERR_CONFIG, "%s: '%s' is no number", key, text);
    if (v < d->min || v > d->max)
        return err_set(err, ERR_CONFIG, "%s = %g: allowed are %g to %g", key, v, d->min, d->max);
    ask_set(c->model, r, key, v);
    return true;
}

static struct tune_wanted *wanted(struct tune *t, const char *key)
{
    int which = 0;
    while (which < TUNE_KEYS && strcmp(keys[which], key) != 0)
        which++;
    return &t->wanted[which];
}

void tune_asked(struct tune *t, const char *key, double value)
{
    struct tune_wanted *w = wanted(t, key);
    w->on = true;
    w->value = value;
    t->out++;
    t->undoing |= t->undo; /* nothing else is out then: the next answer is its */
    t->undo = false;
}

void tune_lost(struct tune *t)
{
    t->out = 0;
    t->undo = t->undoing = false;
    memset(t->wanted, 0, sizeof t->wanted);
}

void tune_answered(struct tune *t, const char *key, double before, int trial, const char *stage, int step, bool ok)
{
    struct tune_wanted *w = wanted(t, key);
    bool undone = t->undoing;
    t->out -= t->out > 0;
    t->undoing = false;
    w->on = w->on && ok;
    w->trial = trial;
    w->step = step;
    str_append(w->stage, sizeof w->stage, 0, "%s", stage);
    if (!ok)
        return;
    if (undone) {
        t->n -= t->n > 0;
        return;
    }
    if (t->n == TUNE_UNDO)
        memmove(t->undos, t->undos + 1, sizeof t->undos - sizeof t->undos[0]), t->n--;
    str_append(t->undos[t->n].key, sizeof t->undos[0].key, 0, "%s", key);
    str_append(t->undos[t->n].stage, sizeof t->undos[0].stage, 0, "%s", stage);
    t->undos[t->n].before = before;
    t->undos[t->n++].trial = trial;
}
