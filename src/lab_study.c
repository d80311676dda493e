/* The whole study: each search from the journal's beginning (what has ended is told, the rest is run), then the repeats
 * of what it recommends, then the test set. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Every trial there will be, repeats too, unless a search ends early. */
static void plan(struct lab *lab)
{
    int64_t one = search_planned(lab->search);
    lab->draft.trials_planned = (one + lab->params.repeats - 1) * lab->params.search_repeats;
}

static void tell(struct lab *lab, const struct trial_row *r)
{
    enum tell how = r->state != TRIAL_COMPLETE ? TELL_FAILED : r->edited ? TELL_LEFT_OUT : TELL_COMPLETE;
    double x[SPACE_MAX], best;
    search_tell(lab->search, r->ask_id, how, r->val_accuracy);
    lab->draft.trials_done++;
    plan(lab);
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
    bool ok = lab_run_trial(lab, &r, err);
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
    plan(lab);
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
    struct params p = lab_trial_settings(lab, row);
    char *path = xstrfmt("%s/student.safetensors", row->dir), text[96];
    bool ok = trial_test_file(&lab->env, &p, path, &row->test_accuracy, err);
    free(path);
    struct running r = {.row = *row};
    snprintf(text, sizeof text, "test accuracy %.4f", row->test_accuracy);
    return ok && store_trial_put(lab->store, row, err) && lab_event(lab, &r, "test", text, err);
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
    return lab_event(lab, NULL, "teacher_test", text, err);
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

static void set_state(struct lab *lab, const char *state)
{
    snprintf(lab->draft.state, sizeof lab->draft.state, "%s", state);
    lab_publish(lab);
}

void lab_run_study(struct lab *lab)
{
    struct study s = {0};
    struct err err = {0}, ignored;
    bool leave = false;
    set_state(lab, "running");
    bool ok = put_study(lab, "running", "", &err) && run_all(lab, &s, &leave, &err);
    if (lab->in_group)
        lab_end_group(lab, NULL);
    const char *state = !ok ? "failed" : lab->stop ? "stopped" : leave ? "paused" : "complete";
    const char *reason = !ok ? err.msg : leave ? "" : search_stop_reason(lab->search);
    put_study(lab, state, reason, &ignored);
    str_append(lab->draft.message, sizeof lab->draft.message, 0, "%s", reason);
    lab->draft.exit_status = !ok ? err_exit_status(err.code) : leave ? 130 : 0;
    lab->draft.ended = true;
    free(s.rows);
    set_state(lab, state);
}
