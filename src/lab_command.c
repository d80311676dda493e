/* The commands, which workers carry out between two steps: in the order in which they came, each by the worker whose trial
 * it is for, or by whichever comes first. A worker that has no trial takes commands, too, while it waits.
 *
 * A pause is answered when all trials sleep; until then no other command is taken. The resume is recorded for all of them
 * by the worker that takes it: the others are waiting.
 *
 * A change of a trial (set, skip) is made in this order: a checkpoint of this step, unless the one on disk is of it; the
 * event, with the row that says "edited", in one commit; then the change itself; then the answer. Wherever a kill hits,
 * the record and the training agree: before the commit neither has the change; after it, the trial is taken up from the
 * checkpoint of that step, or from a later one that has it, and the recorded changes of the checkpoint's very step are
 * made again before the next step (trial_script; making them twice changes nothing). So the record alone, with the
 * settings, gives the trial's bytes again; and there is always a checkpoint of the moment before. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* For one trial: *trial, or the leading one where that is 0. */
static bool is_addressed(const struct lab_cmd *c)
{
    return c->op == LAB_SET || c->op == LAB_SKIP || c->op == LAB_PROBE;
}

static struct worker *lead(const struct lab *lab)
{
    struct worker *first = NULL;
    for (int i = 0; i < lab->n_workers; i++) {
        struct worker *w = &lab->worker[i];
        if (w->trial && (!first || w->row.number < first->row.number))
            first = w;
    }
    return first;
}

/* What is for a trial whose nets are not there yet waits for them. */
static bool is_for(const struct worker *w, const struct lab_cmd *c)
{
    const struct lab *lab = w->lab;
    const struct worker *of;
    if (is_addressed(c) && c->trial == 0) {
        of = lead(lab);
        return of == w || (!of && lab->paused);
    }
    if (!is_addressed(c) && !(c->op == LAB_CLONE && c->warm))
        return true;
    of = lab_runner(lab, c->trial);
    return !of || (of == w && w->trial);
}

static void put_place(struct lab_ack *a, const struct worker *w)
{
    if (!w)
        return;
    a->trial = w->row.number;
    a->step = w->shown.step;
    snprintf(a->stage, sizeof a->stage, "%s", w->shown.stage);
}

static struct lab_ack ack_of(const struct lab_cmd *c, const struct worker *w)
{
    struct lab_ack a = {.id = c->id, .ok = true, .before = NAN, .after = NAN};
    put_place(&a, w->trial && is_addressed(c) ? w : lead(w->lab));
    return a;
}

void lab_refuse(struct lab_ack *a, const char *why)
{
    a->ok = false;
    str_append(a->message, sizeof a->message, 0, "%s", why);
}

/* Checkpoint, then event and row: what must be on disk before a trial is changed. */
static bool record_change(struct lab *lab, struct worker *w, const struct event_row *e, struct err *err)
{
    if (!lab_checkpoint(lab, w, err))
        return false;
    w->row.edited = true;
    bool ok = lab_begin_group(lab, err) && lab_put_event(lab, e, err) && store_trial_put(lab->store, &w->row, err);
    ok = lab_end_group(lab, ok ? err : NULL) && ok;
    if (ok)
        edited_add(&lab->edited, e, 1);
    return ok;
}

static bool do_set(struct lab *lab, struct worker *w, const struct lab_cmd *c, struct lab_ack *a, struct err *err)
{
    struct err bad = {0};
    const char *key = c->key[0];
    double value = c->value[0];
    if (!trial_may_set(trial_params(w->trial), trial_stage(w->trial), key, value, &a->before, &bad)) {
        lab_refuse(a, bad.msg);
        return true;
    }
    a->after = value;
    struct event_row e = lab_event_at(w, "set");
    snprintf(e.key, sizeof e.key, "%s", key);
    e.before = a->before;
    e.after = value;
    return record_change(lab, w, &e, err) && trial_set(w->trial, key, value, &a->before, err);
}

static bool do_skip(struct lab *lab, struct worker *w, struct lab_ack *a, struct err *err)
{
    struct err bad = {0};
    if (!trial_may_skip(w->trial, &bad)) {
        lab_refuse(a, bad.msg);
        return true;
    }
    struct event_row e = lab_event_at(w, "skip");
    snprintf(e.text, sizeof e.text, "%s ended at step %d of %d", a->stage, a->step, trial_steps(w->trial));
    return record_change(lab, w, &e, err) && trial_skip(w->trial, err);
}

/* The point gets its row at once, under the id that its ask will have: so it outlives the process. */
static bool do_enqueue(struct lab *lab, const struct lab_cmd *c, struct lab_ack *a, struct err *err)
{
    double x[SPACE_MAX];
    struct err bad = {0};
    if (!lab->searching) {
        lab_refuse(a, "the search is over: what runs now repeats its best point");
        return true;
    }
    for (int d = 0; d < lab->space.n; d++)
        x[d] = params_get_number(&lab->params, param_find(lab->space.dims[d].name));
    for (int i = 0; i < c->n; i++) {
        int d = 0;
        while (d < lab->space.n && strcmp(lab->space.dims[d].name, c->key[i]) != 0)
            d++;
        if (d == lab->space.n) {
            char why[200];
            snprintf(why, sizeof why, "'%s' is not searched over in this study", c->key[i]);
            lab_refuse(a, why);
            return true;
        }
        x[d] = c->value[i];
    }
    if (!search_enqueue(lab->search, x, &bad)) {
        lab_refuse(a, bad.msg);
        return true;
    }
    struct trial_row *row = lab_add_row(lab, lab_point_row(lab, TRIAL_MANUAL, lab->asked + lab->waiting++, x));
    bool ok = lab_begin_group(lab, err) && store_trial_put(lab->store, row, err);
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

/* ---- pause and resume ---- */

/* A paused trial sleeps; it is woken before its next step (lab_trial.c), so that commands may follow upon commands. */
static bool doze(struct lab *lab, struct worker *w, struct err *err)
{
    w->row.state = TRIAL_PAUSED;
    if (!lab_event(lab, w, "pause", "", err) || !lab_checkpoint(lab, w, err))
        return false;
    trial_sleep(w->trial);
    w->dozing = true;
    return true;
}

void lab_mind_pause(struct lab *lab)
{
    bool awake = false;
    for (int i = 0; i < lab->n_workers; i++)
        awake |= lab->worker[i].busy && !lab->worker[i].dozing;
    if (!lab->pausing || awake)
        return;
    lab->pausing = false;
    put_place(&lab->pause_ack, lead(lab));
    snprintf(lab->draft.state, sizeof lab->draft.state, "paused");
    lab_answer(lab, &lab->pause_ack);
    lab_stir(lab);
}

/* *later: it is answered when all sleep. */
static void do_pause(struct lab *lab, struct lab_ack *a, bool *later)
{
    if (lab->paused) {
        lab_refuse(a, "already paused");
        return;
    }
    lab->paused = lab->pausing = *later = true;
    lab->pause_ack = *a;
}

static bool do_resume(struct lab *lab, struct lab_ack *a, struct err *err)
{
    if (!lab->paused) {
        lab_refuse(a, "not paused");
        return true;
    }
    lab->paused = false;
    snprintf(lab->draft.state, sizeof lab->draft.state, "running");
    for (int i = 0; i < lab->n_workers; i++) {
        struct worker *w = &lab->worker[i];
        if (!w->dozing)
            continue;
        w->dozing = false;
        w->row.state = TRIAL_RUNNING;
        if (!lab_event(lab, w, "resume", "", err) || !lab_checkpoint(lab, w, err)) /* it is saved: the row alone */
            return false;
    }
    return true;
}

/* ---- all of them ---- */

/* Which trials run, for a refusal. */
static void refuse_trial(const struct lab *lab, int trial, struct lab_ack *a)
{
    char running[128] = "", why[256];
    size_t len = 0;
    for (int last = 0, next;; last = next) { /* by their numbers */
        next = 0;
        for (int i = 0; i < lab->n_workers; i++) {
            int n = lab->worker[i].at >= 0 ? lab->worker[i].row.number : 0;
            if (n > last && (next == 0 || n < next))
                next = n;
        }
        if (next == 0)
            break;
        len = str_append(running, sizeof running, len, "%s%d", len ? ", " : "", next);
    }
    if (trial && len)
        snprintf(why, sizeof why, "trial %d does not run now: running are %s", trial, running);
    else
        snprintf(why, sizeof why, "no trial runs now");
    lab_refuse(a, why);
}

/* Carries out one command. */
static bool obey(struct lab *lab, struct worker *w, const struct lab_cmd *c, struct err *err)
{
    struct lab_ack a = ack_of(c, w);
    bool ok = true, later = false;
    if (is_addressed(c) && (!w->trial || (c->trial && c->trial != w->row.number))) {
        refuse_trial(lab, c->trial, &a);
        lab_answer(lab, &a);
        return true;
    }
    switch (c->op) {
    case LAB_PAUSE: do_pause(lab, &a, &later); break;
    case LAB_RESUME: ok = do_resume(lab, &a, err); break;
    case LAB_STOP: lab->stop = true; break;
    case LAB_QUIT: lab->quit = true; break;
    case LAB_SET: ok = do_set(lab, w, c, &a, err); break;
    case LAB_ENQUEUE: ok = do_enqueue(lab, c, &a, err); break;
    case LAB_SKIP: ok = do_skip(lab, w, &a, err); break;
    case LAB_CLONE: ok = lab_clone(lab, w, c, &a, err); break;
    case LAB_THAW: ok = lab_thaw(lab, c, &a, err); break;
    case LAB_PROBE: lab_do_probe(lab, w, c, &a); break;
    }
    if (!ok)
        lab_refuse(&a, err->msg);
    if (w->trial)
        lab_show_position(w);
    if (!later)
        lab_answer(lab, &a);
    lab_stir(lab);
    return ok;
}

bool lab_take_commands(struct lab *lab, struct worker *w, struct err *err)
{
    struct lab_cmd c;
    while (!lab->pausing && lab_take(lab, w, &c, is_for))
        if (!obey(lab, w, &c, err))
            return false;
    return true;
}

bool lab_obey(struct lab *lab, struct worker *w, struct err *err)
{
    for (;;) {
        unsigned seen = lab_news(lab);
        if (!lab_take_commands(lab, w, err))
            return false;
        if (!lab->paused || lab_leaving(lab))
            return true;
        if (!w->dozing && !doze(lab, w, err))
            return false;
        lab_mind_pause(lab);
        lab_wait(lab, seen);
    }
}
