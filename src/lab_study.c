/* The worker: searches, trials and their record. Between any two steps it looks at the command queue. What a step
 * measured goes to the store in groups that are committed at least once a second and with every checkpoint; a trial
 * that is taken up again writes the same rows once more. */
#include "lab_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fsutil.h"

enum { STATUS_TRAIN_STEPS = 50 };

/* ---- the record ---- */

/* A trial that is being run. */
struct running {
    struct trial_row row;
    struct trial *trial;
    double stage_began, *stage_seconds; /* of the present stage, into the row */
    double train_sum;
    int train_n;
};

static double seconds_total(const struct trial_row *r)
{
    return r->seconds_teacher + r->seconds_transfer + r->seconds_finetune;
}

static bool begin_group(struct lab *lab, struct err *err)
{
    if (!lab->in_group && !store_begin(lab->store, err))
        return false;
    if (!lab->in_group)
        lab->last_commit = clock_seconds();
    lab->in_group = true;
    return true;
}

static bool end_group(struct lab *lab, struct err *err)
{
    bool had = lab->in_group;
    lab->in_group = false;
    return !had || store_commit(lab->store, err);
}

static bool event(struct lab *lab, const struct running *r, const char *kind, const char *text, struct err *err)
{
    struct event_row e = {.trial = r ? r->row.number : 0, .before = NAN, .after = NAN};
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    str_append(e.text, sizeof e.text, 0, "%s", text);
    if (r && r->trial) {
        snprintf(e.stage, sizeof e.stage, "%s", stage_name(trial_stage(r->trial)));
        e.step = trial_at(r->trial);
    }
    lab->draft.last_event++;
    return store_event_put(lab->store, &e, err);
}

static bool put_value(struct lab *lab, const struct running *r, const struct trial_progress *p, const char *key, double v,
                      struct err *err)
{
    return isnan(v) || store_value_put(lab->store, r->row.number, stage_name(p->stage), p->step, key, v,
                                       seconds_total(&r->row), err);
}

static bool record_step(struct lab *lab, struct running *r, const struct trial_progress *p, struct err *err)
{
    const struct step_result *s = &p->result;
    static const char *const fsp_keys[] = {"fsp1", "fsp2", "fsp3"};
    bool ok = begin_group(lab, err);
    if (ok && p->stepped) {
        ok = put_value(lab, r, p, "loss", (double)s->loss, err) && put_value(lab, r, p, "ce", (double)s->ce, err) &&
             put_value(lab, r, p, "kd", (double)s->kd, err) && put_value(lab, r, p, "hint", (double)s->hint, err) &&
             put_value(lab, r, p, "lr", p->lr, err) && put_value(lab, r, p, "train_accuracy", p->train_accuracy, err);
        for (int i = 0; ok && i < 3; i++)
            ok = put_value(lab, r, p, fsp_keys[i], (double)s->fsp[i], err);
    }
    if (ok && p->evaluated)
        ok = put_value(lab, r, p, "val_accuracy", p->val_accuracy, err) && put_value(lab, r, p, "val_loss", p->val_loss, err);
    if (ok && p->warning)
        ok = event(lab, r, p->collapse_began ? "collapse" : "warning", p->warning, err);
    if (ok && clock_seconds() - lab->last_commit > 1)
        ok = end_group(lab, err);
    return ok;
}

static bool record_fsp(struct lab *lab, struct running *r, struct err *err)
{
    bool ok = true;
    for (int i = 0; ok && i < 6; i++) {
        int m, n;
        float *g;
        if (!trial_fsp(r->trial, i / 2, "TS"[i % 2], &m, &n, &g))
            return true;
        ok = store_fsp_put(lab->store, r->row.number, stage_name(trial_stage(r->trial)), trial_at(r->trial), i / 2 + 1,
                           "TS"[i % 2], m, n, g, err);
        free(g);
    }
    return ok;
}

/* File first, then the row that names it, in one commit with everything up to this step. */
static bool checkpoint(struct lab *lab, struct running *r, struct err *err)
{
    char sha[65], *file = xstrfmt("%s/state.safetensors", r->row.dir);
    r->row.edited = trial_edited(r->trial);
    r->row.collapsed = trial_collapsed(r->trial);
    r->row.val_accuracy = trial_val_accuracy(r->trial);
    r->row.best_val_accuracy = trial_best_accuracy(r->trial);
    bool ok = trial_save(r->trial, sha, err) && begin_group(lab, err) && record_fsp(lab, r, err) &&
              store_checkpoint_put(lab->store, r->row.number, stage_name(trial_stage(r->trial)), trial_at(r->trial), file, sha,
                                   err) &&
              store_trial_put(lab->store, &r->row, err);
    free(file);
    return end_group(lab, ok ? err : NULL) && ok;
}

/* ---- the snapshot ---- */

static void draft_position(struct lab *lab, struct running *r)
{
    struct lab_state *d = &lab->draft;
    const struct params *p = trial_params(r->trial);
    enum stage s = trial_stage(r->trial);
    snprintf(d->stage, sizeof d->stage, "%s", stage_name(s));
    d->step = trial_at(r->trial);
    d->steps = trial_steps(r->trial);
    d->lr = trial_lr(r->trial);
    d->base_lr = s == STAGE_TEACHER ? p->teacher_lr : s == STAGE_TRANSFER ? p->transfer_lr : p->finetune_lr;
    d->lambda = p->lambda;
    d->lambda_i[0] = p->lambda1, d->lambda_i[1] = p->lambda2, d->lambda_i[2] = p->lambda3;
    d->edited = trial_edited(r->trial);
    d->collapsed = trial_collapsed(r->trial);
    d->val_accuracy = trial_val_accuracy(r->trial);
    d->best_val_accuracy = trial_best_accuracy(r->trial);
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

static void draft_step(struct lab *lab, struct running *r, const struct trial_progress *p, double seconds)
{
    struct lab_state *d = &lab->draft;
    const struct step_result *s = &p->result;
    if (p->stepped) {
        d->loss = (double)s->loss, d->ce = (double)s->ce, d->kd = (double)s->kd, d->hint = (double)s->hint;
        for (int i = 0; i < 3; i++) {
            d->fsp[i] = (double)s->fsp[i];
            d->fsp_student[i] = (double)s->fsp_student[i];
            d->fsp_teacher[i] = (double)s->fsp_teacher[i];
        }
        d->step_seconds = isnan(d->step_seconds) ? seconds : 0.95 * d->step_seconds + 0.05 * seconds;
        d->images_per_second = lab->params.batch / d->step_seconds;
        if (!isnan(p->train_accuracy)) {
            int n = ++r->train_n < STATUS_TRAIN_STEPS ? r->train_n : STATUS_TRAIN_STEPS;
            d->train_accuracy = r->train_n == 1 ? p->train_accuracy : d->train_accuracy + (p->train_accuracy - d->train_accuracy) / n;
        }
    }
    if (p->stage_ended) {
        d->step_seconds = d->train_accuracy = NAN;
        r->train_n = 0;
    }
    draft_position(lab, r);
    if (p->evaluated)
        d->val_accuracy = p->val_accuracy;
    if (clock_seconds() - lab->last_publish > 0.1 || p->stage_ended || p->evaluated)
        lab_publish(lab);
}

static void draft_trial(struct lab *lab, const struct running *r)
{
    struct lab_state *d = &lab->draft;
    d->trial = r->row.number;
    d->kind = r->row.kind;
    d->search_no = r->row.search_no;
    d->repeat = r->row.repeat;
    d->n_params = r->row.n_params;
    memcpy(d->param_name, r->row.param_name, sizeof d->param_name);
    memcpy(d->param_value, r->row.param_value, sizeof d->param_value);
    d->resumed_at = -1;
    d->resumed_stage[0] = 0;
    d->step_seconds = d->train_accuracy = d->images_per_second = NAN;
    d->loss = d->ce = d->kd = d->hint = NAN;
    for (int i = 0; i < 3; i++)
        d->fsp[i] = d->fsp_student[i] = d->fsp_teacher[i] = NAN;
}

static void set_state(struct lab *lab, const char *state)
{
    snprintf(lab->draft.state, sizeof lab->draft.state, "%s", state);
    lab_publish(lab);
}

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
    return store_event_put(lab->store, &e, err) && checkpoint(lab, r, err);
}

static void do_enqueue(struct lab *lab, const struct lab_cmd *c, struct lab_ack *a)
{
    double x[SPACE_MAX];
    struct err bad = {0};
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
            return;
        }
        x[d] = c->value[i];
    }
    if (!search_enqueue(lab->search, x, &bad))
        refuse(a, bad.msg);
}

static bool do_pause(struct lab *lab, struct running *r, struct lab_ack *a, bool pause, struct err *err)
{
    if (lab->paused == pause) {
        refuse(a, pause ? "already paused" : "not paused");
        return true;
    }
    lab->paused = pause;
    r->row.state = pause ? TRIAL_PAUSED : TRIAL_RUNNING;
    return event(lab, r, pause ? "pause" : "resume", "", err) && checkpoint(lab, r, err);
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
    case LAB_ENQUEUE: do_enqueue(lab, c, &a); break;
    }
    if (!ok) {
        refuse(&a, err->msg);
    } else if (c->op == LAB_PAUSE || c->op == LAB_RESUME) {
        snprintf(lab->draft.state, sizeof lab->draft.state, "%s", lab->paused ? "paused" : "running");
    }
    draft_position(lab, r);
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

static struct params trial_settings(const struct lab *lab, const struct trial_row *row)
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
    lab->draft.trials_failed++;
    bool ok = event(lab, r, trial_state_name(state), why, err) && store_trial_put(lab->store, &r->row, err);
    return end_group(lab, ok ? err : NULL) && ok;
}

static bool start_trial(struct lab *lab, struct running *r, struct err *err)
{
    struct params p = trial_settings(lab, &r->row);
    bool found = false;
    struct err bad = {0};
    draft_trial(lab, r);
    r->trial = trial_load(&lab->env, &p, r->row.dir, &found, &bad);
    if (!found)
        r->trial = trial_new(&lab->env, &p, r->row.dir, &bad);
    if (!r->trial)
        return give_up(lab, r, TRIAL_FAILED, bad.msg, err);
    if (found) {
        char text[64];
        lab->draft.resumed_at = trial_at(r->trial);
        snprintf(lab->draft.resumed_stage, sizeof lab->draft.resumed_stage, "%s", stage_name(trial_stage(r->trial)));
        snprintf(text, sizeof text, "from the checkpoint at step %d of %s", trial_at(r->trial), stage_name(trial_stage(r->trial)));
        if (!event(lab, r, "resumed_at", text, err))
            return false;
    }
    r->row.state = TRIAL_RUNNING;
    draft_position(lab, r);
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
    if (!record_step(lab, r, &p, err))
        return false;
    draft_step(lab, r, &p, seconds);
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
    return (!p.checkpoint_due && !*done) || checkpoint(lab, r, err);
}

/* Runs a trial to its end, or until told to leave: then it is saved and its state says so. */
static bool run_trial(struct lab *lab, struct running *r, struct err *err)
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
        ok = event(lab, r, lab->stop ? "stop" : "pause", "saved", err) && checkpoint(lab, r, err);
    }
    trial_free(r->trial);
    r->trial = NULL;
    return end_group(lab, ok ? err : NULL) && ok;
}

/* ---- the study ---- */

struct study {
    struct trial_row *rows; /* as found when the process began, then as they end */
    int n;
};

static struct trial_row *find_row(struct study *s, enum trial_kind kind, int search_no, int ask_id, int repeat)
{
    for (int i = 0; i < s->n; i++) {
        struct trial_row *r = &s->rows[i];
        bool same_kind = kind == TRIAL_REPEAT ? r->kind == TRIAL_REPEAT && r->repeat == repeat : r->kind != TRIAL_REPEAT && r->ask_id == ask_id;
        if (same_kind && r->search_no == search_no)
            return r;
    }
    return NULL;
}

static struct trial_row *add_row(struct lab *lab, struct study *s, struct trial_row row)
{
    row.number = s->n ? s->rows[s->n - 1].number + 1 : 1;
    row.state = TRIAL_QUEUED;
    row.val_accuracy = row.test_accuracy = row.best_val_accuracy = NAN;
    snprintf(row.dir, sizeof row.dir, "%s/trial-%04d", lab->dir, row.number);
    s->rows = xrealloc(s->rows, (size_t)(s->n + 1) * sizeof *s->rows);
    s->rows[s->n] = row;
    return &s->rows[s->n++];
}

static bool ended(const struct trial_row *r)
{
    return r->state == TRIAL_COMPLETE || r->state == TRIAL_DIVERGED || r->state == TRIAL_FAILED || r->state == TRIAL_PRUNED;
}

static void tell(struct lab *lab, const struct trial_row *r)
{
    enum tell how = r->state != TRIAL_COMPLETE ? TELL_FAILED : r->edited ? TELL_LEFT_OUT : TELL_COMPLETE;
    double x[SPACE_MAX], best;
    search_tell(lab->search, r->ask_id, how, r->val_accuracy);
    lab->draft.trials_done++;
    lab->draft.trials_planned = search_planned(lab->search) * (lab->draft.searches - lab->draft.search_no);
    int id = search_best(lab->search, x, &best);
    if (id >= 0 && id == r->ask_id) {
        lab->draft.best_trial = r->number;
        lab->draft.best_accuracy = best;
    }
}

/* Runs the row's trial unless the record says that it has ended. *leave: told to stop or quit. */
static bool settle(struct lab *lab, struct trial_row *row, bool *leave, struct err *err)
{
    if (ended(row))
        return true;
    struct running r = {.row = *row};
    bool ok = run_trial(lab, &r, err);
    *row = r.row;
    *leave = lab->stop || lab->quit;
    return ok;
}

static bool ask_row(struct lab *lab, struct study *s, int search_no, int id, const double *x, struct trial_row **row,
                    struct err *err)
{
    *row = find_row(s, TRIAL_SEARCH, search_no, id, 0);
    if (*row)
        return true;
    struct trial_row fresh = {.kind = TRIAL_SEARCH, .search_no = search_no, .ask_id = id, .seed = lab->params.seed + search_no,
                              .n_params = lab->space.n};
    for (int d = 0; d < lab->space.n; d++) {
        snprintf(fresh.param_name[d], sizeof fresh.param_name[d], "%s", lab->space.dims[d].name);
        fresh.param_value[d] = x[d];
    }
    *row = add_row(lab, s, fresh);
    return store_trial_put(lab->store, *row, err);
}

/* One search from the journal's beginning: rows that have ended are told, the rest is run. *best: the recommended. */
static bool run_search(struct lab *lab, struct study *s, int search_no, struct trial_row **best, bool *leave, struct err *err)
{
    const struct params *p = &lab->params;
    struct search_options so = {.strategy = (enum strategy)p->search, .seed = (uint64_t)(p->seed + search_no),
                                .max_trials = p->max_trials, .limit_max_accuracy_count = p->limit_max_accuracy_count};
    double x[SPACE_MAX], value;
    int id;
    search_free(lab->search);
    if (!(lab->search = search_new(&lab->space, &so, err)))
        return false;
    lab->draft.search_no = search_no;
    while (search_ask(lab->search, x, &id) == ASK_POINT) {
        struct trial_row *row;
        if (!ask_row(lab, s, search_no, id, x, &row, err) || !settle(lab, row, leave, err))
            return false;
        if (*leave)
            return true;
        tell(lab, row);
        lab_publish(lab);
    }
    id = search_best(lab->search, x, &value);
    *best = id < 0 ? NULL : find_row(s, TRIAL_SEARCH, search_no, id, 0);
    return true;
}

/* Opens the test set for one trial that has ended. */
static bool open_test(struct lab *lab, struct trial_row *row, struct err *err)
{
    if (row->state != TRIAL_COMPLETE || !isnan(row->test_accuracy) || lab->data.test.n == 0)
        return true;
    struct params p = trial_settings(lab, row);
    char *path = xstrfmt("%s/student.safetensors", row->dir), text[96];
    bool ok = trial_test_file(&lab->env, &p, path, &row->test_accuracy, err);
    free(path);
    struct running r = {.row = *row};
    snprintf(text, sizeof text, "test accuracy %.4f", row->test_accuracy);
    return ok && store_trial_put(lab->store, row, err) && event(lab, &r, "test", text, err);
}

/* Re-runs the recommended configuration with seed, seed + 1, ... and opens the test set for each of them. */
static bool run_repeats(struct lab *lab, struct study *s, int best_index, bool *leave, struct err *err)
{
    if (!open_test(lab, &s->rows[best_index], err))
        return false;
    for (int k = 1; k < lab->params.repeats; k++) {
        struct trial_row best = s->rows[best_index];
        struct trial_row *row = find_row(s, TRIAL_REPEAT, best.search_no, best.ask_id, k);
        if (!row) {
            best.kind = TRIAL_REPEAT;
            best.repeat = k;
            best.seed += k;
            best.edited = best.collapsed = false;
            best.reason[0] = 0;
            best.seconds_teacher = best.seconds_transfer = best.seconds_finetune = 0;
            row = add_row(lab, s, best);
            if (!store_trial_put(lab->store, row, err))
                return false;
        }
        if (!settle(lab, row, leave, err))
            return false;
        if (*leave)
            return true;
        lab->draft.trials_done++;
        if (!open_test(lab, row, err))
            return false;
    }
    return true;
}

/* The teacher's own test accuracy, for the record, once the test set is open. */
static bool test_teacher(struct lab *lab, struct err *err)
{
    struct event_row *rows;
    int n = store_events(lab->store, 0, 0, &rows, err);
    bool known = false;
    char path[512], text[96];
    double accuracy;
    for (int i = 0; i < n; i++)
        known |= strcmp(rows[i].kind, "teacher_test") == 0;
    if (n > 0)
        free(rows);
    if (n < 0 || known || lab->params.method == METHOD_NONE || lab->data.test.n == 0)
        return n >= 0;
    if (!trial_teacher_path(&lab->env, &lab->params, path, sizeof path))
        return true;
    if (!trial_test_file(&lab->env, &lab->params, path, &accuracy, err))
        return false;
    snprintf(text, sizeof text, "teacher's test accuracy %.4f", accuracy);
    return event(lab, NULL, "teacher_test", text, err);
}

static bool put_study(struct lab *lab, const char *state, const char *reason, struct err *err)
{
    struct study_row row = {0};
    bool found;
    if (!store_study_get(lab->store, &row, &found, err) || !found)
        return false;
    snprintf(row.state, sizeof row.state, "%s", state);
    str_append(row.reason, sizeof row.reason, 0, "%s", reason);
    bool ok = store_study_put(lab->store, &row, err);
    study_row_release(&row);
    return ok;
}

static bool run_all(struct lab *lab, struct study *s, bool *leave, struct err *err)
{
    int complete = 0;
    lab->draft.searches = lab->params.search_repeats;
    s->n = store_trials(lab->store, &s->rows, err);
    if (s->n < 0)
        return false;
    for (int i = 0; i < lab->params.search_repeats; i++) {
        struct trial_row *best = NULL;
        if (!run_search(lab, s, i, &best, leave, err) || *leave)
            return *leave;
        if (best && !run_repeats(lab, s, (int)(best - s->rows), leave, err))
            return false;
        if (*leave)
            return true;
        complete += best != NULL;
    }
    if (complete == 0)
        return err_set(err, ERR_DIVERGED, "no trial was completed: `fsplab trials %s` says why", lab->draft.study);
    return test_teacher(lab, err);
}

void lab_run_study(struct lab *lab)
{
    struct study s = {0};
    struct err err = {0}, ignored;
    bool leave = false;
    set_state(lab, "running");
    bool ok = put_study(lab, "running", "", &err) && run_all(lab, &s, &leave, &err);
    if (lab->in_group)
        end_group(lab, NULL);
    const char *state = !ok ? "failed" : lab->stop ? "stopped" : leave ? "paused" : "complete";
    const char *reason = !ok ? err.msg : leave ? "" : search_stop_reason(lab->search);
    put_study(lab, state, reason, &ignored);
    str_append(lab->draft.message, sizeof lab->draft.message, 0, "%s", reason);
    lab->draft.exit_status = !ok ? err_exit_status(err.code) : leave ? 130 : 0;
    lab->draft.ended = true;
    free(s.rows);
    set_state(lab, state);
}
