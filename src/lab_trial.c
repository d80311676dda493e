/* One trial, step by step. Between any two steps the worker looks at the command queue. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- commands ---- */

static struct lab_ack ack_of(const struct lab_cmd *c, const struct running *r)
{
    struct lab_ack a = {.id = c->id, .ok = true, .before = NAN, .after = NAN};
    if (r) {
        a.trial = r->row.number;
        a.step = trial_at(r->trial);
        snprintf(a.stage, sizeof a.stage, "%s", stage_name(trial_stage(r->trial)));
    }
    return a;
}

static void refuse(struct lab_ack *a, const char *why)
{
    a->ok = false;
    str_append(a->message, sizeof a->message, 0, "%s", why);
}

static bool do_set(struct lab *lab, struct running *r, const struct lab_cmd *c, struct lab_ack *a, struct err *err)
{
    struct err bad = {0};
    struct event_row e = {.trial = r->row.number, .step = a->step};
    if (!trial_set(r->trial, c->key[0], c->value[0], &a->before, &bad)) {
        refuse(a, bad.msg);
        return true;
    }
    a->after = c->value[0];
    snprintf(e.stage, sizeof e.stage, "%s", a->stage);
    snprintf(e.kind, sizeof e.kind, "set");
    snprintf(e.key, sizeof e.key, "%s", c->key[0]);
    e.before = a->before;
    e.after = a->after;
    lab->draft.last_event++;
    return store_event_put(lab->store, &e, err) && lab_checkpoint(lab, r, err);
}

/* The point gets its row at once, under the id that its ask will have: so it outlives the process. */
static bool do_enqueue(struct lab *lab, const struct lab_cmd *c, struct lab_ack *a, struct err *err)
{
    double x[SPACE_MAX];
    struct err bad = {0};
    if (!lab->searching) {
        refuse(a, "the search is over: what runs now repeats its best point");
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
            refuse(a, why);
            return true;
        }
        x[d] = c->value[i];
    }
    if (!search_enqueue(lab->search, x, &bad)) {
        refuse(a, bad.msg);
        return true;
    }
    struct trial_row *row = lab_add_row(lab, lab_point_row(lab, TRIAL_MANUAL, lab->asked + lab->waiting++, x));
    return store_trial_put(lab->store, row, err);
}

static bool do_pause(struct lab *lab, struct running *r, struct lab_ack *a, bool pause, struct err *err)
{
    if (lab->paused == pause) {
        refuse(a, pause ? "already paused" : "not paused");
        return true;
    }
    lab->paused = pause;
    r->row.state = pause ? TRIAL_PAUSED : TRIAL_RUNNING;
    return lab_event(lab, r, pause ? "pause" : "resume", "", err) && lab_checkpoint(lab, r, err);
}

/* Carries out one command. false: the store or a file failed. */
static bool obey(struct lab *lab, struct running *r, const struct lab_cmd *c, struct err *err)
{
    struct lab_ack a = ack_of(c, r);
    bool ok = true;
    switch (c->op) {
    case LAB_PAUSE: ok = do_pause(lab, r, &a, true, err); break;
    case LAB_RESUME: ok = do_pause(lab, r, &a, false, err); break;
    case LAB_STOP: lab->stop = true; break;
    case LAB_QUIT: lab->quit = true; break;
    case LAB_SET: ok = do_set(lab, r, c, &a, err); break;
    case LAB_ENQUEUE: ok = do_enqueue(lab, c, &a, err); break;
    }
    if (!ok) {
        refuse(&a, err->msg);
    } else if (c->op == LAB_PAUSE || c->op == LAB_RESUME) {
        snprintf(lab->draft.state, sizeof lab->draft.state, "%s", lab->paused ? "paused" : "running");
    }
    lab_draft_position(lab, r);
    lab_answer(lab, &a);
    return ok;
}

/* Empties the queue, and while paused waits for more. false: failure. */
static bool obey_all(struct lab *lab, struct running *r, struct err *err)
{
    struct lab_cmd c;
    while (lab_take(lab, &c, lab->paused && !lab->stop && !lab->quit))
        if (!obey(lab, r, &c, err))
            return false;
    return true;
}

/* ---- one trial ---- */

struct params lab_trial_settings(const struct lab *lab, const struct trial_row *row)
{
    struct params p = lab->params;
    struct err ignored;
    for (int i = 0; i < row->n_params; i++)
        params_set_number(&p, param_find(row->param_name[i]), row->param_value[i], &ignored);
    p.seed = row->seed;
    return p;
}

/* Ends a trial badly: whatever is wrong with it, the study goes on. */
static bool give_up(struct lab *lab, struct running *r, enum trial_state state, const char *why, struct err *err)
{
    r->row.state = state;
    str_append(r->row.reason, sizeof r->row.reason, 0, "%s", why);
    bool ok = lab_event(lab, r, trial_state_name(state), why, err) && store_trial_put(lab->store, &r->row, err);
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

static bool start_trial(struct lab *lab, struct running *r, struct err *err)
{
    struct params p = lab_trial_settings(lab, &r->row);
    bool found = false;
    struct err bad = {0};
    lab_draft_trial(lab, r);
    r->trial = trial_load(&lab->env, &p, r->row.dir, &found, &bad);
    if (!found)
        r->trial = trial_new(&lab->env, &p, r->row.dir, &bad);
    if (!r->trial && (bad.code == ERR_IO || bad.code == ERR_STATE)) /* not the trial's fault: it can be taken up later */
        return err_set(err, bad.code, "%s", bad.msg); /* (the disk; an instruction set that this machine has not) */
    if (!r->trial)
        return give_up(lab, r, TRIAL_FAILED, bad.msg, err);
    if (found) {
        char text[64];
        lab->draft.resumed_at = trial_at(r->trial);
        snprintf(lab->draft.resumed_stage, sizeof lab->draft.resumed_stage, "%s", stage_name(trial_stage(r->trial)));
        snprintf(text, sizeof text, "from the checkpoint at step %d of %s", trial_at(r->trial), stage_name(trial_stage(r->trial)));
        if (!lab_event(lab, r, "resumed_at", text, err))
            return false;
    }
    r->row.state = TRIAL_RUNNING;
    lab_draft_position(lab, r);
    lab_publish(lab);
    return store_trial_put(lab->store, &r->row, err);
}

static void add_seconds(struct running *r, enum stage s, double seconds)
{
    *(s == STAGE_TEACHER ? &r->row.seconds_teacher : s == STAGE_TRANSFER ? &r->row.seconds_transfer : &r->row.seconds_finetune) += seconds;
}

/* One step and its record. *done: the trial has ended, one way or the other. */
static bool advance(struct lab *lab, struct running *r, bool *done, struct err *err)
{
    struct trial_progress p;
    enum trial_end end;
    double t0 = clock_seconds();
    struct err bad = {0};
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
    return (!p.checkpoint_due && !*done) || lab_checkpoint(lab, r, err);
}

bool lab_run_trial(struct lab *lab, struct running *r, struct err *err)
{
    bool done = false, ok = start_trial(lab, r, err);
    if (ok && !r->trial)
        return true;
    while (ok && !done) {
        ok = obey_all(lab, r, err);
        if (!ok || lab->stop || lab->quit)
            break;
        ok = advance(lab, r, &done, err);
    }
    if (ok && !done) {
        r->row.state = lab->stop ? TRIAL_STOPPED : TRIAL_PAUSED;
        ok = lab_event(lab, r, lab->stop ? "stop" : "pause", "saved", err) && lab_checkpoint(lab, r, err);
    }
    trial_free(r->trial);
    r->trial = NULL;
    return lab_end_group(lab, ok ? err : NULL) && ok;
}
