/* The commands that reach the worker between two steps.
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

static struct lab_ack ack_of(const struct lab_cmd *c, const struct worker *w)
{
    struct lab_ack a = {.id = c->id, .ok = true, .before = NAN, .after = NAN};
    if (w) {
        a.trial = w->row.number;
        a.step = trial_at(w->trial);
        snprintf(a.stage, sizeof a.stage, "%s", stage_name(trial_stage(w->trial)));
    }
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
    return store_trial_put(lab->store, row, err);
}

/* A paused trial sleeps; it is woken before its next step (lab_trial.c), so that commands may follow upon commands. */
static bool do_pause(struct lab *lab, struct worker *w, struct lab_ack *a, bool pause, struct err *err)
{
    if (lab->paused == pause) {
        lab_refuse(a, pause ? "already paused" : "not paused");
        return true;
    }
    lab->paused = pause;
    w->row.state = pause ? TRIAL_PAUSED : TRIAL_RUNNING;
    snprintf(lab->draft.state, sizeof lab->draft.state, "%s", pause ? "paused" : "running");
    if (!lab_event(lab, w, pause ? "pause" : "resume", "", err) || !lab_checkpoint(lab, w, err))
        return false;
    if (pause)
        trial_sleep(w->trial);
    return true;
}

/* Carries out one command. */
static bool obey(struct lab *lab, struct worker *w, const struct lab_cmd *c, struct err *err)
{
    struct lab_ack a = ack_of(c, w);
    bool ok = true;
    switch (c->op) {
    case LAB_PAUSE: ok = do_pause(lab, w, &a, true, err); break;
    case LAB_RESUME: ok = do_pause(lab, w, &a, false, err); break;
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
    lab_show_position(w);
    lab_answer(lab, &a);
    return ok;
}

bool lab_obey(struct lab *lab, struct worker *w, struct err *err)
{
    struct lab_cmd c;
    while (lab_take(lab, &c, lab->paused && !lab->stop && !lab->quit))
        if (!obey(lab, w, &c, err))
            return false;
    return true;
}
