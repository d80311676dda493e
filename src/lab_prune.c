/* Early stopping in the study (search/prune.h has the rules). The rule is asked after each evaluation of a search trial's
 * fine-tuning, with the curves that the store holds: of the trials of the same search that have ended, as far as they went
 * when they ended or were stopped. So a decision follows from the record alone, and a study taken up again decides the same.
 *
 * A stop is recorded like a change by hand: first a checkpoint of this step, then event and row in one commit. A kill between
 * the two leaves a checkpoint of a step that has been evaluated already; that is why the rule is asked, too, when a trial is
 * taken up at such a step.
 *
 * What the search was told of a stopped trial in its place is in the event. If the trial is thawed, its end is told when
 * the search's own trials are over (lab_study.c), and its curve stays what it was for the rules, so that it does not matter
 * to the search when a user has it gone on with. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- curves ---- */

static struct curve read_curve(struct lab *lab, const struct trial_row *row, int last_step, struct err *err)
{
    struct params p = lab_trial_params(&lab->params, row);
    struct curve c = {.trial = row->number, .steps = p.finetune_steps};
    struct value_row *v = NULL;
    int n = store_values(lab->store, row->number, stage_name(STAGE_FINETUNE), "val_accuracy", &v, err);
    if (n < 0) {
        c.n = -1;
        return c;
    }
    struct curve_point *points = xcalloc((size_t)n + 1, sizeof *points);
    for (int i = 0; i < n; i++)
        if (v[i].step > 0 && v[i].step <= last_step)
            points[c.n++] = (struct curve_point){v[i].step / (double)c.steps, v[i].value};
    free(v);
    c.point = points;
    return c;
}

/* A trial that can be compared with: of this search, unchanged by hand, and over. */
static bool is_evidence(struct lab *lab, const struct trial_row *row, const struct trial_row *present)
{
    return row->kind != TRIAL_REPEAT && row->search_no == present->search_no && row->ask_id >= 0 &&
           row->number != present->number &&
           (stopped_find(&lab->stopped, row->number) || (row->state == TRIAL_COMPLETE && !row->edited));
}

static void free_curves(struct curve *curves, int n)
{
    for (int i = 0; i < n; i++)
        free((void *)curves[i].point);
    free(curves);
}

/* -1: error */
static int read_curves(struct lab *lab, const struct trial_row *present, struct curve **curves, struct err *err)
{
    int n = 0;
    *curves = xcalloc((size_t)lab->n_rows + 1, sizeof **curves);
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *row = &lab->rows[i];
        if (!is_evidence(lab, row, present))
            continue;
        const struct stopped *s = stopped_find(&lab->stopped, row->number);
        struct curve c = read_curve(lab, row, s ? s->step : INT32_MAX, err);
        if (c.n < 0) {
            free_curves(*curves, n);
            return -1;
        }
        (*curves)[n++] = c;
    }
    return n;
}

/* ---- the decision ---- */

static struct prune_options options_of(const struct lab *lab)
{
    const struct dataset *d = &lab->data;
    double images = lab->params.select == SELECT_TEST ? d->test.n : d->n_val, chance = 1.0 / d->classes;
    return (struct prune_options){.rule = (enum prune_rule)lab->params.prune,
                                  .chance = chance,
                                  .chance_margin = 2 * sqrt(chance * (1 - chance) / images),
                                  .resolution = 1 / images};
}

static bool stop(struct lab *lab, struct worker *w, const struct prune_decision *d, struct err *err)
{
    if (!lab_checkpoint(lab, w, err))
        return false;
    struct event_row e = lab_event_at(w, "pruned");
    snprintf(e.key, sizeof e.key, "%s",
             d->cause == CAUSE_RULE ? prune_rule_name((enum prune_rule)lab->params.prune) : "chance");
    if (d->cause == CAUSE_RULE) {
        e.before = d->predicted;
        e.after = d->sigma;
    }
    snprintf(e.text, sizeof e.text, "%s", d->why);
    w->row.state = TRIAL_PRUNED;
    w->row.val_accuracy = d->value; /* a checkpoint from before the evaluation does not know it */
    w->row.best_val_accuracy = fmax(d->value, w->row.best_val_accuracy); /* either may be NaN */
    str_append(w->row.reason, sizeof w->row.reason, 0, "%s", d->why);
    bool ok = lab_begin_group(lab, err) && lab_put_event(lab, &e, err) && store_trial_put(lab->store, &w->row, err);
    if (!lab_end_group(lab, ok ? err : NULL) || !ok)
        return false;
    stopped_add(&lab->stopped, &e, 1);
    log_msg(LOG_INFO, "trial %d is stopped: %s", w->row.number, d->why);
    return true;
}

bool lab_ask_rule(struct lab *lab, struct worker *w, bool *stopped, struct err *err)
{
    const struct trial_row *row = &w->row;
    if (lab->params.prune == PRUNE_NONE || row->kind != TRIAL_SEARCH || row->edited || trial_edited(w->trial) ||
        trial_stage(w->trial) != STAGE_FINETUNE || stopped_find(&lab->stopped, row->number))
        return true;
    struct curve present = read_curve(lab, row, trial_at(w->trial), err), *curves = NULL;
    int n = present.n < 0 ? -1 : 0;
    bool fresh = present.n > 0 && lround(present.point[present.n - 1].at * present.steps) == trial_at(w->trial);
    if (fresh)
        n = read_curves(lab, row, &curves, err);
    bool ok = n >= 0;
    if (ok && fresh) {
        struct prune_options o = options_of(lab);
        struct prune_decision d = prune_decide(&o, curves, n, &present);
        *stopped = d.stop;
        if (d.stop)
            ok = stop(lab, w, &d, err);
        else if (d.off && !w->told_off)
            ok = w->told_off = lab_event(lab, w, "prune_off", d.why, err);
        free_curves(curves, n);
    }
    free((void *)present.point);
    return ok;
}

/* ---- thawing ---- */

bool lab_thaw_row(struct lab *lab, struct trial_row *row, const char *why, struct err *err)
{
    struct stopped *s = stopped_find(&lab->stopped, row->number);
    struct event_row e = {.trial = row->number, .step = s->step, .kind = "thaw", .before = NAN, .after = NAN};
    snprintf(e.stage, sizeof e.stage, "%s", stage_name(STAGE_FINETUNE));
    str_append(e.text, sizeof e.text, 0, "%s", why);
    row->state = TRIAL_QUEUED;
    row->reason[0] = 0;
    bool ok = lab_begin_group(lab, err) && lab_put_event(lab, &e, err) && store_trial_put(lab->store, row, err);
    s->thawed = true;
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

bool lab_thaw(struct lab *lab, const struct lab_cmd *cmd, struct lab_ack *a, struct err *err)
{
    struct trial_row *row = NULL;
    char why[200];
    for (int i = 0; i < lab->n_rows; i++)
        if (lab->rows[i].number == cmd->trial)
            row = &lab->rows[i];
    const struct stopped *s = stopped_find(&lab->stopped, cmd->trial);
    if (!row)
        snprintf(why, sizeof why, "there is no trial %d: the latest is %d", cmd->trial,
                 lab->n_rows ? lab->rows[lab->n_rows - 1].number : 0);
    else if (!s)
        snprintf(why, sizeof why, "trial %d was not stopped early: only such a trial can be thawed", cmd->trial);
    else if (s->thawed)
        snprintf(why, sizeof why, "trial %d has been thawed already", cmd->trial);
    else if (!lab->searching || row->search_no != lab->search_no)
        snprintf(why, sizeof why, "the search of trial %d is over: `clone %d --warm` goes on with a copy of it",
                 cmd->trial, cmd->trial);
    else
        return lab_thaw_row(lab, row, "at a user's wish", err);
    lab_refuse(a, why);
    return true;
}
