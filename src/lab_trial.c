/* One trial, step by step. Between any two steps the worker looks at the command queue. What was changed by hand at the
 * checkpoint from which a trial is taken up, or later, is in the record and is made again there (trial_script). */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a trial badly: whatever is wrong with it, the study goes on. */
static bool give_up(struct lab *lab, struct running *r, enum trial_state state, const char *why, struct err *err)
{
    r->row.state = state;
    str_append(r->row.reason, sizeof r->row.reason, 0, "%s", why);
    bool ok = lab_event(lab, r, trial_state_name(state), why, err) && store_trial_put(lab->store, &r->row, err);
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

/* An error that is not the trial's fault: it can be taken up later (the disk; an instruction set that this machine has
 * not). Any other is the trial's, and gives it up. */
static bool trials_fault(struct lab *lab, struct running *r, const struct err *bad, bool *done, struct err *err)
{
    if (bad->code == ERR_IO || bad->code == ERR_STATE)
        return err_set(err, bad->code, "%s", bad->msg);
    *done = true;
    return give_up(lab, r, TRIAL_FAILED, bad->msg, err);
}

static bool read_script(struct lab *lab, struct running *r, struct err *err)
{
    struct event_row *events;
    int n = store_events(lab->store, r->row.number, 0, &events, err);
    if (n < 0)
        return false;
    bool ok = trial_script_add(&r->script, events, n, trial_stage(r->trial), trial_at(r->trial), err) &&
              trial_script_apply(&r->script, r->trial, err);
    free(events);
    return ok || err_prefix(err, "trial %d", r->row.number);
}

/* What a watcher sees of a trial that goes on from a checkpoint. */
static bool tell_resumed(struct lab *lab, const struct running *r, struct err *err)
{
    char text[64];
    const char *stage = stage_name(trial_stage(r->trial));
    lab->draft.resumed_at = trial_at(r->trial);
    snprintf(lab->draft.resumed_stage, sizeof lab->draft.resumed_stage, "%s", stage);
    snprintf(text, sizeof text, "from the checkpoint at step %d of %s", trial_at(r->trial), stage);
    return lab_event(lab, r, "resumed_at", text, err);
}

static bool start_trial(struct lab *lab, struct running *r, bool *done, struct err *err)
{
    struct params p = lab_trial_params(&lab->params, &r->row);
    struct err bad = {0};
    lab_draft_trial(lab, r);
    if (!lab_adopt_clone(&r->row, err))
        return false;
    r->trial = trial_load(&lab->env, &p, r->row.dir, &r->saved, &bad);
    if (!r->saved)
        r->trial = trial_new(&lab->env, &p, r->row.dir, &bad);
    if (!r->trial)
        return trials_fault(lab, r, &bad, done, err);
    if (!read_script(lab, r, err) || (r->saved && !tell_resumed(lab, r, err)))
        return false;
    r->row.state = TRIAL_RUNNING;
    lab_draft_position(lab, r);
    lab_publish(lab);
    return store_trial_put(lab->store, &r->row, err);
}

static void add_seconds(struct running *r, enum stage s, double seconds)
{
    *(s == STAGE_TEACHER    ? &r->row.seconds_teacher
      : s == STAGE_TRANSFER ? &r->row.seconds_transfer
                            : &r->row.seconds_finetune) += seconds;
}

/* One step and its record. *done: the trial has ended, one way or the other. */
static bool advance(struct lab *lab, struct running *r, bool *done, struct err *err)
{
    struct trial_progress p;
    enum trial_end end;
    double t0 = clock_seconds();
    struct err bad = {0};
    r->saved = false;
    if (!trial_step(r->trial, &p, &end, &bad)) {
        *done = true;
        return bad.code == ERR_IO ? err_set(err, bad.code, "%s", bad.msg) : give_up(lab, r, TRIAL_FAILED, bad.msg, err);
    }
    double seconds = clock_seconds() - t0;
    add_seconds(r, p.stage, seconds);
    if (!lab_record_step(lab, r, &p, err))
        return false;
    lab_draft_step(lab, r, &p, seconds);
    if (end == TRIAL_DIED) {
        *done = true;
        r->row.val_accuracy = NAN;
        return give_up(lab, r, TRIAL_DIVERGED, trial_advice(r->trial), err);
    }
    if (end == TRIAL_FINISHED) {
        *done = true;
        r->row.state = TRIAL_COMPLETE;
        if (lab->params.select == SELECT_TEST)
            r->row.test_accuracy = trial_val_accuracy(r->trial);
    }
    if ((p.checkpoint_due || *done) && !lab_checkpoint(lab, r, err))
        return false;
    return *done || !p.evaluated || lab_ask_rule(lab, r, done, err);
}

/* Before a step: the nets are there again after a pause, and changes that are due have been made. */
static bool make_ready(struct lab *lab, struct running *r, bool *done, struct err *err)
{
    struct err bad = {0};
    if (!trial_wake(r->trial, &bad))
        return trials_fault(lab, r, &bad, done, err);
    return trial_script_apply(&r->script, r->trial, err) || err_prefix(err, "trial %d", r->row.number);
}

bool lab_run_trial(struct lab *lab, struct running *r, struct err *err)
{
    bool done = false, ok = start_trial(lab, r, &done, err);
    if (ok && !done && r->saved) /* the process may have ended between an evaluation's checkpoint and its consequence */
        ok = lab_ask_rule(lab, r, &done, err);
    while (ok && !done) {
        ok = lab_obey(lab, r, err);
        if (!ok || lab->stop || lab->quit)
            break;
        ok = make_ready(lab, r, &done, err);
        if (ok && !done)
            ok = advance(lab, r, &done, err);
    }
    if (ok && !done) {
        r->row.state = lab->stop ? TRIAL_STOPPED : TRIAL_PAUSED;
        ok = lab_event(lab, r, lab->stop ? "stop" : "pause", "saved", err) && lab_checkpoint(lab, r, err);
    }
    trial_script_release(&r->script);
    trial_free(r->trial);
    r->trial = NULL;
    return lab_end_group(lab, ok ? err : NULL) && ok;
}
