/* What the workers write down. What a step measured goes to the store in groups that are committed at least once a
 * second and with every checkpoint; a trial that is taken up again writes the same rows once more. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_TRAIN_STEPS = 50 }; /* steps over which the shown training accuracy is averaged */

/* ---- the record ---- */

static double seconds_total(const struct trial_row *row)
{
    return row->seconds_teacher + row->seconds_transfer + row->seconds_finetune;
}

bool lab_begin_group(struct lab *lab, struct err *err)
{
    if (!lab->in_group && !store_begin(lab->store, err))
        return false;
    if (!lab->in_group)
        lab->last_commit = clock_seconds();
    lab->in_group = true;
    return true;
}

bool lab_end_group(struct lab *lab, struct err *err)
{
    bool had = lab->in_group;
    lab->in_group = false;
    return !had || store_commit(lab->store, err);
}

struct event_row lab_event_at(const struct worker *w, const char *kind)
{
    struct event_row e = {.trial = w ? w->row.number : 0, .before = NAN, .after = NAN};
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    if (w && w->trial) {
        snprintf(e.stage, sizeof e.stage, "%s", stage_name(trial_stage(w->trial)));
        e.step = trial_at(w->trial);
    }
    return e;
}

bool lab_put_event(struct lab *lab, const struct event_row *e, struct err *err)
{
    lab->draft.last_event++;
    return store_event_put(lab->store, e, err);
}

bool lab_event(struct lab *lab, const struct worker *w, const char *kind, const char *text, struct err *err)
{
    struct event_row e = lab_event_at(w, kind);
    str_append(e.text, sizeof e.text, 0, "%s", text);
    return lab_put_event(lab, &e, err);
}

static bool put_value(struct lab *lab, const struct worker *w, const struct trial_progress *p, const char *key,
                      double v, struct err *err)
{
    return isnan(v) || store_value_put(lab->store, w->row.number, stage_name(p->stage), p->step, key, v,
                                       seconds_total(&w->row), err);
}

static bool record_fsp(struct lab *lab, const struct worker *w, const struct trial_progress *p, struct err *err)
{
    bool ok = true;
    for (int i = 0; ok && i < 6; i++) {
        int m, n;
        float *g;
        if (!trial_fsp(w->trial, i / 2, "TS"[i % 2], &m, &n, &g))
            return true;
        ok = store_fsp_put(lab->store, w->row.number, stage_name(p->stage), p->step, i / 2 + 1, "TS"[i % 2], m, n, g,
                           err);
        free(g);
    }
    return ok;
}

bool lab_record_step(struct lab *lab, struct worker *w, const struct trial_progress *p, struct err *err)
{
    const struct step_result *s = &p->result;
    static const char *const fsp_keys[] = {"fsp1", "fsp2", "fsp3"};
    bool ok = lab_begin_group(lab, err);
    if (ok && p->stepped) {
        ok = put_value(lab, w, p, "loss", (double)s->loss, err) && put_value(lab, w, p, "ce", (double)s->ce, err) &&
             put_value(lab, w, p, "kd", (double)s->kd, err) && put_value(lab, w, p, "hint", (double)s->hint, err) &&
             put_value(lab, w, p, "lr", p->lr, err) && put_value(lab, w, p, "train_accuracy", p->train_accuracy, err);
        for (int i = 0; ok && i < 3; i++)
            ok = put_value(lab, w, p, fsp_keys[i], (double)s->fsp[i], err);
    }
    if (ok && p->fsp_taken)
        ok = record_fsp(lab, w, p, err);
    if (ok && p->evaluated)
        ok = put_value(lab, w, p, "val_accuracy", p->val_accuracy, err) &&
             put_value(lab, w, p, "val_loss", p->val_loss, err);
    if (ok && p->warning)
        ok = lab_event(lab, w, p->collapse_began ? "collapse" : "warning", p->warning, err);
    if (ok && clock_seconds() - lab->last_commit > 1)
        ok = lab_end_group(lab, err);
    return ok;
}

static bool save(struct lab *lab, struct worker *w, char sha[65], struct err *err)
{
    lab_leave(lab);
    bool ok = trial_save(w->trial, sha, err);
    lab_enter(lab);
    return ok;
}

bool lab_checkpoint(struct lab *lab, struct worker *w, struct err *err)
{
    char sha[65], *file = xstrfmt("%s/state.safetensors", w->row.dir);
    w->row.edited |= trial_edited(w->trial); /* a warm clone is, before anything was changed in itself */
    w->row.collapsed = trial_collapsed(w->trial);
    w->row.val_accuracy = trial_val_accuracy(w->trial);
    w->row.best_val_accuracy = trial_best_accuracy(w->trial);
    /* what led here is committed first: a trial taken up from this file finds its whole curve */
    bool ok = w->saved || (lab_end_group(lab, err) && save(lab, w, sha, err));
    ok = ok && lab_begin_group(lab, err);
    if (ok && !w->saved)
        ok = store_checkpoint_put(lab->store, w->row.number, stage_name(trial_stage(w->trial)), trial_at(w->trial),
                                  file, sha, err);
    ok = ok && store_trial_put(lab->store, &w->row, err);
    free(file);
    w->saved = lab_end_group(lab, ok ? err : NULL) && ok;
    return w->saved;
}

/* ---- the snapshot ---- */

/* Before a stage's first step nothing is known of it. */
static void blank_step(struct lab_state *d)
{
    d->step_seconds = d->train_accuracy = d->images_per_second = NAN;
    d->loss = d->ce = d->kd = d->hint = NAN;
    for (int i = 0; i < 3; i++)
        d->fsp[i] = d->fsp_student[i] = d->fsp_teacher[i] = NAN;
    for (int i = 0; i < LAB_PARTS; i++)
        d->part_seconds[i] = NAN;
}

void lab_show_position(struct worker *w)
{
    struct lab_state *d = &w->shown;
    const struct params *p = trial_params(w->trial);
    enum stage s = trial_stage(w->trial);
    snprintf(d->stage, sizeof d->stage, "%s", stage_name(s));
    d->step = trial_at(w->trial);
    d->steps = trial_steps(w->trial);
    d->lr = trial_lr(w->trial);
    d->base_lr = s == STAGE_TEACHER ? p->teacher_lr : s == STAGE_TRANSFER ? p->transfer_lr : p->finetune_lr;
    d->lambda = p->lambda;
    d->lambda_i[0] = p->lambda1, d->lambda_i[1] = p->lambda2, d->lambda_i[2] = p->lambda3;
    d->edited = w->row.edited || trial_edited(w->trial);
    d->collapsed = trial_collapsed(w->trial);
    d->val_accuracy = trial_val_accuracy(w->trial);
    d->best_val_accuracy = trial_best_accuracy(w->trial);
    if (isnan(d->step_seconds)) {
        d->stage_eta = d->trial_eta = NAN;
        return;
    }
    d->stage_eta = (d->steps - d->step) * d->step_seconds;
    d->trial_eta = d->stage_eta;
    if (s == STAGE_TEACHER)
        d->trial_eta += p->transfer_steps * d->step_seconds;
    if (s < STAGE_FINETUNE)
        d->trial_eta += p->finetune_steps * d->step_seconds;
}

_Static_assert((int)LAB_PARTS == (int)STEP_PARTS, "a part's name is found by its number");

const char *lab_part_name(int part)
{
    static const char *const names[LAB_PARTS] = {
        [PART_DATA] = "data", [PART_TEACHER] = "teacher",   [PART_FORWARD] = "forward",
        [PART_LOSS] = "loss", [PART_BACKWARD] = "backward", [PART_UPDATE] = "update"};
    return names[part];
}

static double smoothed(double before, double now)
{
    return isnan(before) ? now : isnan(now) ? before : 0.95 * before + 0.05 * now;
}

void lab_show_step(struct lab *lab, struct worker *w, const struct trial_progress *p, double seconds)
{
    struct lab_state *d = &w->shown;
    const struct step_result *s = &p->result;
    if (p->stepped) {
        d->loss = (double)s->loss, d->ce = (double)s->ce, d->kd = (double)s->kd, d->hint = (double)s->hint;
        for (int i = 0; i < 3; i++) {
            d->fsp[i] = (double)s->fsp[i];
            d->fsp_student[i] = (double)s->fsp_student[i];
            d->fsp_teacher[i] = (double)s->fsp_teacher[i];
        }
        d->step_seconds = smoothed(d->step_seconds, seconds);
        for (int i = 0; i < LAB_PARTS; i++)
            d->part_seconds[i] = smoothed(d->part_seconds[i], s->seconds[i]);
        d->images_per_second = lab->params.batch / d->step_seconds;
        if (!isnan(p->train_accuracy)) {
            int n = ++w->train_n < STATUS_TRAIN_STEPS ? w->train_n : STATUS_TRAIN_STEPS;
            d->train_accuracy =
                w->train_n == 1 ? p->train_accuracy : d->train_accuracy + (p->train_accuracy - d->train_accuracy) / n;
        }
    }
    if (p->stage_ended) {
        blank_step(d);
        w->train_n = 0;
    }
    lab_show_position(w);
    if (p->evaluated && !p->stage_ended)
        d->val_accuracy = p->val_accuracy;
    if (clock_seconds() - lab->last_publish > 0.1 || p->stage_ended || p->evaluated)
        lab_publish(lab);
}

void lab_show_trial(struct worker *w)
{
    struct lab_state *d = &w->shown;
    d->trial = w->row.number;
    d->kind = w->row.kind;
    d->search_no = w->row.search_no;
    d->repeat = w->row.repeat;
    d->n_params = w->row.n_params;
    memcpy(d->param_name, w->row.param_name, sizeof d->param_name);
    memcpy(d->param_value, w->row.param_value, sizeof d->param_value);
    d->resumed_at = -1;
    d->resumed_stage[0] = 0;
    blank_step(d);
}
