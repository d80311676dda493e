/* The whole study. Every worker does the same: it looks for what comes next, does it, and looks again; where there is nothing
 * for it now, it waits until something has changed. What comes next follows from the study's state alone:
 *
 *   PHASE_SEARCH   what earlier processes or workers have left unended, then what was thawed, then what was asked for by
 *                  hand and has no place in the search, then a new point; once the search is done and all its trials have
 *                  ended, a stopped trial that looks best to it is gone on with
 *   PHASE_EXTRAS   what was enqueued and not taken by the search
 *   PHASE_REPEATS  the test set is opened for what it recommends; that is run again with other seeds
 *   PHASE_END      after the last search, once all is over: the teacher's own accuracy
 *
 * With one worker this is one order; with several, the order in which trials end decides which points are asked for.
 * While one trains the teacher, which all trials need, the others wait: nobody trains it twice, and no point is asked for
 * with less known than need be. */
#include "lab_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum job {
    JOB_WAIT,
    JOB_AGAIN, /* the study has moved on: look again */
    JOB_TRIAL, /* run w->at */
    JOB_TEST,  /* open the test set for w->at */
    JOB_TEACHER,
    JOB_OVER
};

bool lab_leaving(const struct lab *lab)
{
    return lab->stop || lab->quit || lab->failed;
}

struct worker *lab_runner(const struct lab *lab, int trial)
{
    for (int i = 0; i < lab->n_workers; i++) {
        struct worker *w = &lab->worker[i];
        if (w->at >= 0 && w->row.number == trial)
            return w;
    }
    return NULL;
}

void lab_mind_teacher(struct lab *lab, const struct worker *w)
{
    if (lab->teaching != w || (w->trial && trial_stage(w->trial) == STAGE_TEACHER))
        return;
    lab->teaching = NULL;
    lab_stir(lab);
}

static bool is_taken(const struct lab *lab, int at)
{
    return lab_runner(lab, lab->rows[at].number) != NULL;
}

static bool is_free(const struct lab *lab, int at)
{
    return !lab_ended(&lab->rows[at]) && !is_taken(lab, at);
}

static enum job take(struct worker *w, enum job job, int at)
{
    w->at = at;
    w->row = w->lab->rows[at];
    return job;
}

/* ---- the search ---- */

static struct trial_row *row_of(struct lab *lab, int number)
{
    int i = 0;
    while (lab->rows[i].number != number)
        i++;
    return &lab->rows[i];
}

/* Asked for by the search, begun or not by whoever is gone now. */
static int next_open(const struct lab *lab)
{
    for (int i = 0; i < lab->n_open; i++)
        if (is_free(lab, lab->open[i]) && !stopped_find(&lab->stopped, lab->rows[lab->open[i]].number))
            return lab->open[i];
    return -1;
}

static int next_thawed(struct lab *lab)
{
    for (int i = 0; i < lab->stopped.n; i++) {
        const struct stopped *s = &lab->stopped.row[i];
        if (!s->thawed)
            continue;
        const struct trial_row *r = row_of(lab, s->trial);
        if (r->search_no == lab->search_no && is_free(lab, (int)(r - lab->rows)))
            return (int)(r - lab->rows);
    }
    return -1;
}

/* What was asked for by hand and has no place in a search, each once all rows before it have been begun. Nothing of it is
 * told to a search, so a search is replayed without it. */
static int next_extra(struct lab *lab)
{
    while (lab->settled < lab->n_rows && lab_ended(&lab->rows[lab->settled]))
        lab->settled++;
    for (int i = lab->settled; i < lab->n_rows; i++) {
        if (!is_free(lab, i))
            continue;
        return lab_is_extra(&lab->rows[i]) ? i : -1;
    }
    return -1;
}

/* A trial of the present search is being run. */
static bool search_is_run(const struct lab *lab)
{
    for (int i = 0; i < lab->n_workers; i++) {
        const struct trial_row *r = &lab->worker[i].row;
        if (lab->worker[i].at >= 0 && r->search_no == lab->search_no && r->ask_id >= 0 && r->kind != TRIAL_REPEAT)
            return true;
    }
    return false;
}

/* The search's own trials are over: thawed ones are told as they ended, and while a stopped one looks best to the search,
 * it is gone on with. */
static bool finish_search(struct lab *lab, struct err *err)
{
    for (int i = 0; i < lab->stopped.n; i++) {
        struct stopped *s = &lab->stopped.row[i];
        if (!s->thawed || s->told)
            continue;
        const struct trial_row *r = row_of(lab, s->trial);
        if (r->search_no != lab->search_no)
            continue;
        lab_tell_again(lab, r);
        s->told = true;
    }
    int id = search_promising(lab->search);
    if (id >= 0)
        return lab_thaw_row(lab, lab_find_row(lab, lab->search_no, id),
                            "after the search, no other trial is expected to be better", err);
    lab->searching = false;
    lab->phase = PHASE_EXTRAS;
    return lab_release_waiting(lab, err);
}

static bool search_job(struct lab *lab, struct worker *w, enum job *job, struct err *err)
{
    lab_tell_ended(lab);
    int at = next_open(lab);
    if (at < 0)
        at = next_thawed(lab);
    if (at < 0)
        at = next_extra(lab);
    if (at < 0 && !lab_new_point(lab, &at, err))
        return false;
    if (at >= 0)
        *job = take(w, JOB_TRIAL, at);
    else if (!search_is_run(lab))
        return finish_search(lab, err);
    else
        *job = JOB_WAIT;
    return true;
}

/* ---- the repeats ---- */

/* The recommended row and those of its re-runs that there are. */
static void begin_repeats(struct lab *lab)
{
    double x[SPACE_MAX], value;
    int id = search_recommended(lab->search, x, &value);
    lab->phase = PHASE_REPEATS;
    lab->best_at = id < 0 ? -1 : (int)(lab_find_row(lab, lab->search_no, id) - lab->rows);
    if (id < 0)
        return;
    lab->repeat_at = xrealloc(lab->repeat_at, (size_t)lab->params.repeats * sizeof *lab->repeat_at);
    lab->repeat_at[0] = lab->best_at;
    for (int k = 1; k < lab->params.repeats; k++)
        lab->repeat_at[k] = -1;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        if (r->kind == TRIAL_REPEAT && r->search_no == lab->search_no && r->ask_id == id && r->repeat > 0 &&
            r->repeat < lab->params.repeats)
            lab->repeat_at[r->repeat] = i;
    }
}

static bool add_repeat(struct lab *lab, int k, struct err *err)
{
    struct trial_row row = lab->rows[lab->best_at];
    row.kind = TRIAL_REPEAT;
    row.repeat = k;
    row.seed += k;
    row.edited = row.collapsed = false;
    row.reason[0] = 0;
    row.seconds_teacher = row.seconds_transfer = row.seconds_finetune = 0;
    struct trial_row *added = lab_add_row(lab, row);
    lab->repeat_at[k] = (int)(added - lab->rows);
    return store_trial_put(lab->store, added, err);
}

static bool wants_test(const struct lab *lab, int at)
{
    const struct trial_row *r = &lab->rows[at];
    return r->state == TRIAL_COMPLETE && isnan(r->test_accuracy) && lab->data.test.n > 0 && !is_taken(lab, at);
}

/* Opens the test set for one trial that has ended. */
static bool open_test(struct lab *lab, struct worker *w, struct err *err)
{
    struct params p = lab_trial_params(&lab->params, &w->row);
    char *path = xstrfmt("%s/student.safetensors", w->row.dir);
    struct event_row e = {.trial = w->row.number, .kind = "test", .before = NAN, .after = NAN};
    lab_leave(lab);
    bool ok = trial_test_file(&w->env, &p, path, &w->row.test_accuracy, err);
    lab_enter(lab);
    free(path);
    snprintf(e.text, sizeof e.text, "test accuracy %.4f", w->row.test_accuracy);
    lab->rows[w->at] = w->row;
    return ok && store_trial_put(lab->store, &w->row, err) && lab_put_event(lab, &e, err);
}

static bool next_search(struct lab *lab, struct err *err)
{
    lab->phase = lab->search_no + 1 < lab->params.search_repeats ? PHASE_SEARCH : PHASE_END;
    return lab->phase == PHASE_END || lab_begin_search(lab, lab->search_no + 1, err);
}

/* Re-runs the recommended configuration with seed, seed + 1, ... and opens the test set for each of them. */
static bool repeat_job(struct lab *lab, struct worker *w, enum job *job, struct err *err)
{
    int at, n = lab->best_at < 0 ? 0 : lab->params.repeats;
    bool all = true;
    for (int k = 0; k < n && (at = lab->repeat_at[k]) >= 0; k++)
        if (wants_test(lab, at)) {
            *job = take(w, JOB_TEST, at);
            return true;
        }
    if ((at = next_extra(lab)) >= 0) {
        *job = take(w, JOB_TRIAL, at);
        return true;
    }
    for (int k = 0; k < n; k++) {
        if (lab->repeat_at[k] < 0 && !add_repeat(lab, k, err))
            return false;
        at = lab->repeat_at[k];
        if (is_free(lab, at)) {
            *job = take(w, JOB_TRIAL, at);
            return true;
        }
        all &= !is_taken(lab, at);
    }
    if (!all)
        *job = JOB_WAIT;
    return !all || next_search(lab, err);
}

/* ---- the end ---- */

/* The teacher's own test accuracy, for the record, once the test set is open. */
static bool test_teacher(struct lab *lab, struct worker *w, struct err *err)
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
    if (!trial_teacher_path(&w->env, path, sizeof path))
        return true;
    lab_leave(lab);
    bool ok = trial_test_file(&w->env, &lab->params, path, &accuracy, err);
    lab_enter(lab);
    if (!ok)
        return false;
    snprintf(text, sizeof text, "teacher's test accuracy %.4f", accuracy);
    return lab_event(lab, NULL, "teacher_test", text, err);
}

static bool end_job(struct lab *lab, enum job *job, struct err *err)
{
    bool any = false, busy = false;
    for (int i = 0; i < lab->n_workers; i++)
        busy |= lab->worker[i].busy;
    *job = busy ? JOB_WAIT : lab->over ? JOB_OVER : JOB_TEACHER;
    if (*job != JOB_TEACHER)
        return true;
    for (int i = 0; i < lab->n_rows; i++) /* an edited one is not recommended, but it is there */
        any |= lab->rows[i].state == TRIAL_COMPLETE && !history_imported(&lab->rows[i]);
    return any || err_set(err, ERR_DIVERGED, "no trial was completed: `fsplab trials %s` says why", lab->draft.study);
}

/* ---- what comes next ---- */

static bool choose(struct lab *lab, struct worker *w, enum job *job, struct err *err)
{
    int at;
    do {
        *job = lab->teaching ? JOB_WAIT : JOB_AGAIN;
        if (*job == JOB_WAIT)
            return true;
        bool ok = true;
        switch (lab->phase) {
        case PHASE_SEARCH: ok = search_job(lab, w, job, err); break;
        case PHASE_EXTRAS:
            if ((at = next_extra(lab)) >= 0)
                *job = take(w, JOB_TRIAL, at);
            else
                begin_repeats(lab);
            break;
        case PHASE_REPEATS: ok = repeat_job(lab, w, job, err); break;
        case PHASE_END: ok = end_job(lab, job, err); break;
        }
        if (!ok)
            return false;
    } while (*job == JOB_AGAIN);
    return true;
}

/* Waits for something to do. While the study is paused nothing new is begun. */
static bool next_job(struct lab *lab, struct worker *w, enum job *job, struct err *err)
{
    for (;;) {
        unsigned seen = lab_news(lab);
        *job = JOB_OVER;
        if (lab_leaving(lab))
            return true;
        lab_mind_pause(lab);
        if (!lab->paused) {
            if (!choose(lab, w, job, err))
                return false;
            if (*job != JOB_WAIT)
                return true;
        }
        if (!lab_take_commands(lab, w, err))
            return false;
        lab_wait(lab, seen);
    }
}

static bool run_trial(struct lab *lab, struct worker *w, struct err *err)
{
    if (lab->n_workers > 1 && trial_wants_teacher(&w->env, &lab->params))
        lab->teaching = w;
    bool ok = lab_run_trial(lab, w, err);
    lab->rows[w->at] = w->row;
    if (ok) {
        lab_count(lab);
        lab_publish(lab);
    }
    return ok;
}

static bool do_job(struct lab *lab, struct worker *w, enum job job, struct err *err)
{
    bool ok = true;
    w->busy = true;
    if (job == JOB_TRIAL)
        ok = run_trial(lab, w, err);
    else if (job == JOB_TEST)
        ok = open_test(lab, w, err);
    else if (job == JOB_TEACHER)
        ok = lab->over = test_teacher(lab, w, err);
    w->busy = false;
    w->at = -1;
    lab_mind_teacher(lab, w);
    lab_stir(lab);
    return ok;
}

/* ---- beginning and end ---- */

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

/* Once, when the study begins. */
static bool warn_of_rule(struct lab *lab, struct err *err)
{
    const struct params *p = &lab->params;
    char text[160];
    if (lab->n_rows > 0 || p->schedule != SCHEDULE_STEP || (p->prune != PRUNE_ASHA && p->prune != PRUNE_MEDIAN))
        return true;
    snprintf(
        text, sizeof text,
        "prune = %s ranks trials by their curves so far, which mislead where the rate falls in steps: gain-pi does not",
        prune_rule_name((enum prune_rule)p->prune));
    return lab_event(lab, NULL, "warning", text, err);
}

static void set_state(struct lab *lab, const char *state)
{
    snprintf(lab->draft.state, sizeof lab->draft.state, "%s", state);
    lab_publish(lab);
}

static bool begin(struct lab *lab, struct err *err)
{
    if (lab->begun)
        return true;
    lab->begun = true;
    set_state(lab, "running");
    return put_study(lab, "running", "", err) && lab_read_journal(lab, err) && warn_of_rule(lab, err) &&
           lab_begin_search(lab, 0, err);
}

static void finish(struct lab *lab)
{
    struct err ignored;
    bool leave = !lab->failed && !lab->over;
    if (lab->in_group)
        lab_end_group(lab, NULL);
    const char *state = lab->failed ? "failed" : !leave ? "complete" : lab->stop ? "stopped" : "paused";
    const char *reason = lab->failed ? lab->failure.msg : leave ? "" : search_stop_reason(lab->search);
    put_study(lab, state, reason, &ignored);
    str_append(lab->draft.message, sizeof lab->draft.message, 0, "%s", reason);
    lab->draft.exit_status = lab->failed ? err_exit_status(lab->failure.code) : leave ? 130 : 0;
    lab->draft.ended = true;
    set_state(lab, state);
}

void lab_work(struct worker *w)
{
    struct lab *lab = w->lab;
    struct err err = {0};
    enum job job = JOB_WAIT;
    lab_enter(lab);
    bool ok = begin(lab, &err);
    while (ok && job != JOB_OVER) {
        ok = next_job(lab, w, &job, &err);
        if (ok && job != JOB_OVER)
            ok = do_job(lab, w, job, &err);
    }
    if (!ok && !lab->failed) {
        lab->failed = true;
        lab->failure = err;
    }
    lab_stir(lab);
    if (--lab->working == 0)
        finish(lab);
    lab_leave(lab);
}
