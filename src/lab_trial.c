/* One trial, step by step. The study's lock is left for whatever takes time and touches the trial alone: loading its nets, a
 * step, saving. Between any two steps the worker looks at the command queue. What was changed by hand at the
 * checkpoint from which a trial is taken up, or later, is in the record and is made again there (trial_script). */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a trial badly: whatever is wrong with it, the study goes on. */
static bool give_up(struct lab *lab, struct worker *w, enum trial_state state, const char *why, struct err *err)
{
    w->row.state = state;
    str_append(w->row.reason, sizeof w->row.reason, 0, "%s", why);
    bool ok = lab_event(lab, w, trial_state_name(state), why, err) && store_trial_put(lab->store, &w->row, err);
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

/* An error that is not the trial's fault: it can be taken up later (the disk; an instruction set that this machine has
 * not). Any other is the trial's, and gives it up. */
static bool trials_fault(struct lab *lab, struct worker *w, const struct err *bad, bool *done, struct err *err)
{
    if (bad->code == ERR_IO || bad->code == ERR_STATE)
        return err_set(err, bad->code, "%s", bad->msg);
    *done = true;
    return give_up(lab, w, TRIAL_FAILED, bad->msg, err);
}

static bool read_script(struct lab *lab, struct worker *w, struct err *err)
{
    struct event_row *events;
    int n = store_events(lab->store, w->row.number, 0, &events, err);
    if (n < 0)
        return false;
    bool ok = trial_script_add(&w->script, events, n, trial_stage(w->trial), trial_at(w->trial), err) &&
              trial_script_apply(&w->script, w->trial, err);
    free(events);
    return ok || err_prefix(err, "trial %d", w->row.number);
}

/* What a watcher sees of a trial that goes on from a checkpoint. */
static bool tell_resumed(struct lab *lab, struct worker *w, struct err *err)
{
    char text[64];
    const char *stage = stage_name(trial_stage(w->trial));
    w->shown.resumed_at = trial_at(w->trial);
    snprintf(w->shown.resumed_stage, sizeof w->shown.resumed_stage, "%s", stage);
    snprintf(text, sizeof text, "from the checkpoint at step %d of %s", trial_at(w->trial), stage);
    return lab_event(lab, w, "resumed_at", text, err);
}

static bool start_trial(struct lab *lab, struct worker *w, bool *done, struct err *err)
{
    struct params p = lab_trial_params(&lab->params, &w->row);
    struct err bad = {0};
    w->told_off = false;
    w->train_n = 0;
    lab_show_trial(w);
    if (!lab_adopt_clone(&w->row, err))
        return false;
    lab_leave(lab);
    struct trial *t = trial_load(&w->env, &p, w->row.dir, &w->saved, &bad);
    if (!w->saved)
        t = trial_new(&w->env, &p, w->row.dir, &bad);
    lab_enter(lab);
    if (!t)
        return trials_fault(lab, w, &bad, done, err);
    w->trial = t;
    if (!read_script(lab, w, err) || (w->saved && !tell_resumed(lab, w, err)))
        return false;
    w->row.state = TRIAL_RUNNING;
    lab_show_position(w);
    lab_publish(lab);
    return store_trial_put(lab->store, &w->row, err);
}

static void add_seconds(struct worker *w, enum stage s, double seconds)
{
    *(s == STAGE_TEACHER    ? &w->row.seconds_teacher
      : s == STAGE_TRANSFER ? &w->row.seconds_transfer
                            : &w->row.seconds_finetune) += seconds;
}

/* One step and its record. *done: the trial has ended, one way or the other. */
static bool advance(struct lab *lab, struct worker *w, bool *done, struct err *err)
{
    struct trial_progress p;
    enum trial_end end;
    double t0 = clock_seconds();
    struct err bad = {0};
    w->saved = false;
    lab_leave(lab);
    bool stepped = trial_step(w->trial, &p, &end, &bad);
    lab_enter(lab);
    lab_mind_teacher(lab, w);
    if (!stepped) {
        *done = true;
        return bad.code == ERR_IO ? err_set(err, bad.code, "%s", bad.msg) : give_up(lab, w, TRIAL_FAILED, bad.msg, err);
    }
    double seconds = clock_seconds() - t0;
    add_seconds(w, p.stage, seconds);
    if (!lab_record_step(lab, w, &p, err))
        return false;
    lab_show_step(lab, w, &p, seconds);
    if (end == TRIAL_DIED) {
        *done = true;
        w->row.val_accuracy = NAN;
        return give_up(lab, w, TRIAL_DIVERGED, trial_advice(w->trial), err);
    }
    if (end == TRIAL_FINISHED) {
        *done = true;
        w->row.state = TRIAL_COMPLETE;
        if (lab->params.select == SELECT_TEST)
            w->row.test_accuracy = trial_val_accuracy(w->trial);
    }
    if ((p.checkpoint_due || *done) && !lab_checkpoint(lab, w, err))
        return false;
    return *done || !p.evaluated || lab_ask_rule(lab, w, done, err);
}

/* Before a step: the nets are there again after a pause, and changes that are due have been made. */
static bool make_ready(struct lab *lab, struct worker *w, bool *done, struct err *err)
{
    struct err bad = {0};
    lab_leave(lab);
    bool awake = trial_wake(w->trial, &bad);
    lab_enter(lab);
    if (!awake)
        return trials_fault(lab, w, &bad, done, err);
    return trial_script_apply(&w->script, w->trial, err) || err_prefix(err, "trial %d", w->row.number);
}

bool lab_run_trial(struct lab *lab, struct worker *w, struct err *err)
{
    bool done = false, ok = start_trial(lab, w, &done, err);
    if (ok && !done && w->saved) /* the process may have ended between an evaluation's checkpoint and its consequence */
        ok = lab_ask_rule(lab, w, &done, err);
    while (ok && !done) {
        ok = lab_obey(lab, w, err);
        if (!ok || lab_leaving(lab))
            break;
        ok = make_ready(lab, w, &done, err);
        if (ok && !done)
            ok = advance(lab, w, &done, err);
    }
    if (ok && !done) {
        w->row.state = lab->stop ? TRIAL_STOPPED : TRIAL_PAUSED;
        ok = lab_event(lab, w, lab->stop ? "stop" : "pause", "saved", err) && lab_checkpoint(lab, w, err);
    }
    trial_script_release(&w->script);
    trial_free(w->trial);
    w->trial = NULL;
    w->dozing = false;
    return lab_end_group(lab, ok ? err : NULL) && ok;
}
