/* The whole study: each search from the journal's beginning (what has ended is told, the rest is run), then the repeats
 * of what it recommends, then the test set. */
#include "lab_json.h"
#include "lab_work.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the journal ---- */

static void place_row(const struct lab *lab, struct trial_row *row)
{
    snprintf(row->dir, sizeof row->dir, "%s/trial-%04d", lab->dir, row->number);
}

/* Folders are named anew: the study's may have been moved since. */
static bool read_journal(struct lab *lab, struct err *err)
{
    struct event_row *events;
    lab->n_rows = store_trials(lab->store, &lab->rows, err);
    int n = lab->n_rows < 0 ? -1 : store_events(lab->store, -1, 0, &events, err);
    if (n < 0)
        return false;
    for (int i = 0; i < lab->n_rows; i++)
        place_row(lab, &lab->rows[i]);
    lab->draft.last_event = n > 0 ? events[n - 1].id : 0;
    stopped_add(&lab->stopped, events, n);
    edited_add(&lab->edited, events, n);
    free(events);
    return true;
}

struct trial_row *lab_find_row(struct lab *lab, int search_no, int ask_id)
{
    for (int i = 0; i < lab->n_rows; i++) {
        struct trial_row *r = &lab->rows[i];
        if (r->kind != TRIAL_REPEAT && r->search_no == search_no && r->ask_id == ask_id)
            return r;
    }
    return NULL;
}

static struct trial_row *find_repeat(struct lab *lab, const struct trial_row *of, int repeat)
{
    for (int i = 0; i < lab->n_rows; i++) {
        struct trial_row *r = &lab->rows[i];
        if (r->kind == TRIAL_REPEAT && r->search_no == of->search_no && r->ask_id == of->ask_id && r->repeat == repeat)
            return r;
    }
    return NULL;
}

struct trial_row *lab_add_row(struct lab *lab, struct trial_row row)
{
    row.number = lab->n_rows ? lab->rows[lab->n_rows - 1].number + 1 : 1;
    row.state = TRIAL_QUEUED;
    row.val_accuracy = row.test_accuracy = row.best_val_accuracy = NAN;
    place_row(lab, &row);
    lab_forget_clone(&row);
    lab->rows = xrealloc(lab->rows, (size_t)(lab->n_rows + 1) * sizeof *lab->rows);
    lab->rows[lab->n_rows] = row;
    return &lab->rows[lab->n_rows++];
}

struct trial_row lab_point_row(const struct lab *lab, enum trial_kind kind, int ask_id, const double *x)
{
    int search_no = lab->search_no;
    struct trial_row row = {.kind = kind,
                            .search_no = search_no,
                            .ask_id = ask_id,
                            .seed = lab->params.seed + search_no,
                            .n_params = lab->space.n};
    for (int d = 0; d < lab->space.n; d++) {
        snprintf(row.param_name[d], sizeof row.param_name[d], "%s", lab->space.dims[d].name);
        row.param_value[d] = x[d];
    }
    return row;
}

/* ---- the search ---- */

static bool ended(const struct trial_row *r)
{
    return r->state == TRIAL_COMPLETE || r->state == TRIAL_DIVERGED || r->state == TRIAL_FAILED ||
           r->state == TRIAL_PRUNED;
}

/* Run at a user's wish, without a place in a search. */
static bool is_extra(const struct trial_row *r)
{
    return r->kind == TRIAL_MANUAL && r->ask_id < 0 && !history_imported(r);
}

/* Every trial there will be, repeats too, unless a search ends early. And those that are over. */
static void count(struct lab *lab)
{
    int64_t one = search_planned(lab->search);
    struct lab_state *d = &lab->draft;
    d->trials_planned = (one + lab->params.repeats - 1) * lab->params.search_repeats;
    d->trials_done = d->trials_failed = 0;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        d->trials_planned += is_extra(r);
        d->trials_done += ended(r) && !history_imported(r);
        d->trials_failed += ended(r) && r->state != TRIAL_COMPLETE && r->state != TRIAL_PRUNED;
    }
}

/* A trial changed by hand, where it shall inform the search. */
static void tell_edited(struct lab *lab, const struct trial_row *r)
{
    double x[SPACE_MAX], sigma = history_edited_point(&lab->edited, &lab->params, &lab->space, r, x);
    if (sigma > 0)
        search_add_known(lab->search, x, r->val_accuracy, sigma);
}

/* AGAIN: the end of one that was stopped early and gone on with. */
static void tell(struct lab *lab, const struct trial_row *r, bool again)
{
    double x[SPACE_MAX], best;
    enum tell how = r->edited || !history_row_point(&lab->params, &lab->space, r, x) ? TELL_LEFT_OUT
                    : r->state != TRIAL_COMPLETE                                     ? TELL_FAILED
                                                                                     : TELL_COMPLETE;
    const struct stopped *s = stopped_find(&lab->stopped, r->number);
    if (again)
        search_tell_again(lab->search, r->ask_id, how, r->val_accuracy);
    else if (s && how != TELL_LEFT_OUT)
        search_tell_predicted(lab->search, r->ask_id, s->mean, s->sigma);
    else
        search_tell(lab->search, r->ask_id, how, r->val_accuracy);
    tell_edited(lab, r);
    count(lab);
    int id = search_best(lab->search, x, &best);
    if (id >= 0 && id == r->ask_id) {
        lab->draft.best_trial = r->number;
        lab->draft.best_accuracy = best;
    }
}

/* Runs a row's trial unless the record says that it has ended. *leave: told to stop or quit. */
static bool settle(struct lab *lab, int at, bool *leave, struct err *err)
{
    if (ended(&lab->rows[at]))
        return true;
    struct worker *w = lab->worker;
    w->row = lab->rows[at];
    bool ok = lab_run_trial(lab, w, err);
    lab->rows[at] = w->row;
    *leave = lab->stop || lab->quit;
    return ok;
}

/* Runs what was asked for by hand and has no place in a search, each once all rows before it have ended. Nothing of it is
 * told to a search, so a search is replayed without it. */
static bool run_extras(struct lab *lab, bool *leave, struct err *err)
{
    for (; lab->settled < lab->n_rows; lab->settled++) {
        const struct trial_row *r = &lab->rows[lab->settled];
        if (ended(r))
            continue;
        if (!is_extra(r))
            return true;
        if (!settle(lab, lab->settled, leave, err))
            return false;
        count(lab);
        lab_publish(lab);
        if (*leave)
            return true;
    }
    return true;
}

static struct trial_row *row_of(struct lab *lab, int number)
{
    int i = 0;
    while (lab->rows[i].number != number)
        i++;
    return &lab->rows[i];
}

/* Goes on with the stopped trials of this search that are to be thawed, until all of them have ended. */
static bool run_thawed(struct lab *lab, bool *leave, struct err *err)
{
    for (int i = 0; i < lab->stopped.n; i++) {
        const struct trial_row *r = row_of(lab, lab->stopped.row[i].trial);
        if (!lab->stopped.row[i].thawed || r->search_no != lab->search_no || ended(r))
            continue;
        if (!settle(lab, (int)(r - lab->rows), leave, err))
            return false;
        count(lab);
        lab_publish(lab);
        if (*leave)
            return true;
        i = -1; /* meanwhile a user may have thawed another */
    }
    return true;
}

/* The search's own trials are over: thawed trials are told as they ended, and while a stopped one looks best to the search,
 * it is gone on with. */
static bool finish_stopped(struct lab *lab, bool *leave, struct err *err)
{
    for (int id = 0; id >= 0;) {
        if (!run_thawed(lab, leave, err))
            return false;
        if (*leave)
            return true;
        for (int i = 0; i < lab->stopped.n; i++) {
            struct stopped *s = &lab->stopped.row[i];
            const struct trial_row *r = row_of(lab, s->trial);
            if (!s->thawed || s->told || r->search_no != lab->search_no)
                continue;
            tell(lab, r, true);
            s->told = true;
        }
        if ((id = search_promising(lab->search)) >= 0 &&
            !lab_thaw_row(lab, lab_find_row(lab, lab->search_no, id),
                          "after the search, no other trial is expected to be better", err))
            return false;
    }
    return true;
}

/* What was enqueued and the search, being over, did not take: it is run all the same. */
static bool release_waiting(struct lab *lab, struct err *err)
{
    for (int i = 0; i < lab->n_rows; i++) {
        struct trial_row *r = &lab->rows[i];
        if (r->kind != TRIAL_MANUAL || r->search_no != lab->search_no || r->ask_id < lab->asked)
            continue;
        r->ask_id = -1;
        if (!store_trial_put(lab->store, r, err))
            return false;
    }
    lab->waiting = 0;
    count(lab);
    return true;
}

/* Hands enqueued points of an earlier process to the search, in their turn. */
static void load_waiting(struct lab *lab)
{
    const struct trial_row *row;
    while ((row = lab_find_row(lab, lab->search_no, lab->asked + lab->waiting)) && row->kind == TRIAL_MANUAL) {
        double x[SPACE_MAX];
        history_row_point(&lab->params, &lab->space, row, x);
        search_enqueue_recorded(lab->search, x);
        lab->waiting++;
    }
}

/* Trials from elsewhere that came in before that trial. */
static void tell_known(struct lab *lab, int before)
{
    double x[SPACE_MAX];
    for (; lab->known < lab->n_rows && lab->rows[lab->known].number < before; lab->known++) {
        const struct trial_row *r = &lab->rows[lab->known];
        if (history_imported(r) && history_row_point(&lab->params, &lab->space, r, x))
            search_add_known(lab->search, x, r->val_accuracy, 0);
    }
}

/* What the journal has is not asked for again, but taken as it was. */
static enum ask next_point(struct lab *lab, double *x, int *id)
{
    const struct trial_row *row = lab_find_row(lab, lab->search_no, lab->asked);
    tell_known(lab, row ? row->number : INT_MAX);
    if (!row || lab->waiting > 0)
        return search_ask(lab->search, x, id);
    history_row_point(&lab->params, &lab->space, row, x);
    return search_ask_recorded(lab->search, x, id);
}

/* The trial with what its ask knew. */
static bool put_asked(struct lab *lab, int id, const struct trial_row *row, struct err *err)
{
    char *knew = lab_ask_json(lab->search, &lab->space);
    bool ok = store_begin(lab->store, err);
    if (ok) {
        ok = store_trial_put(lab->store, row, err) && store_ask_put(lab->store, lab->search_no, id, knew, err);
        ok = store_commit(lab->store, ok ? err : NULL) && ok;
    }
    free(knew);
    return ok;
}

/* The row of the point just asked for. -1: error. */
static int ask_row(struct lab *lab, int id, const double *x, struct err *err)
{
    struct trial_row *row = lab_find_row(lab, lab->search_no, id);
    lab->asked++;
    if (row && row->kind == TRIAL_MANUAL)
        lab->waiting--;
    if (!row) {
        row = lab_add_row(lab, lab_point_row(lab, TRIAL_SEARCH, id, x));
        if (!put_asked(lab, id, row, err))
            return -1;
    }
    int at = (int)(row - lab->rows);
    load_waiting(lab);
    return at;
}

/* The training that this search has taken so far, over all processes. */
static double search_seconds(const struct lab *lab)
{
    double seconds = 0;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        if (r->search_no == lab->search_no && r->ask_id >= 0 && r->kind != TRIAL_REPEAT)
            seconds += r->seconds_teacher + r->seconds_transfer + r->seconds_finetune;
    }
    return seconds;
}

/* Ends the search where its time is up. What the journal has was begun in time. */
static void mind_the_time(struct lab *lab)
{
    char why[128];
    double seconds = search_seconds(lab);
    if (lab->params.max_seconds == 0 || seconds < lab->params.max_seconds ||
        lab_find_row(lab, lab->search_no, lab->asked))
        return;
    snprintf(why, sizeof why, "max_seconds %d reached after %.0f s", lab->params.max_seconds, seconds);
    search_stop(lab->search, why);
}

/* One search from the journal's beginning: rows that have ended are told, the rest is run. *best: index of the
 * recommended row or -1. */
static bool run_search(struct lab *lab, int search_no, int *best, bool *leave, struct err *err)
{
    struct search_options so;
    double x[SPACE_MAX], value;
    int id;
    search_free(lab->search);
    lab_search_options(&lab->params, &lab->space, search_no, &so);
    if (!(lab->search = search_new(&lab->space, &so, err)))
        return false;
    lab->search_no = search_no;
    lab->asked = lab->waiting = lab->known = 0;
    for (int i = 0; i < lab->stopped.n; i++)
        lab->stopped.row[i].told = false;
    lab->searching = true;
    count(lab);
    load_waiting(lab);
    for (;;) {
        mind_the_time(lab);
        if (next_point(lab, x, &id) != ASK_POINT)
            break;
        int at = ask_row(lab, id, x, err);
        if (at < 0 || (!stopped_find(&lab->stopped, lab->rows[at].number) && !settle(lab, at, leave, err)))
            return false;
        if (*leave)
            return true;
        tell(lab, &lab->rows[at], false);
        lab_publish(lab);
        /* not before the journal's end: what is enqueued meanwhile gets the id of the next ask */
        bool last = !lab_find_row(lab, search_no, lab->asked + lab->waiting);
        if ((last && !run_thawed(lab, leave, err)) || (!*leave && !run_extras(lab, leave, err)))
            return false;
        if (*leave)
            return true;
    }
    if (!finish_stopped(lab, leave, err))
        return false;
    if (*leave)
        return true;
    lab->searching = false;
    if (!release_waiting(lab, err) || !run_extras(lab, leave, err))
        return false;
    id = search_recommended(lab->search, x, &value);
    *best = id < 0 ? -1 : (int)(lab_find_row(lab, search_no, id) - lab->rows);
    return true;
}

/* ---- the test set and the repeats ---- */

/* Opens the test set for one trial that has ended. */
static bool open_test(struct lab *lab, struct trial_row *row, struct err *err)
{
    if (row->state != TRIAL_COMPLETE || !isnan(row->test_accuracy) || lab->data.test.n == 0)
        return true;
    struct params p = lab_trial_params(&lab->params, row);
    char *path = xstrfmt("%s/student.safetensors", row->dir);
    bool ok = trial_test_file(&lab->worker->env, &p, path, &row->test_accuracy, err);
    free(path);
    struct event_row e = {.trial = row->number, .kind = "test", .before = NAN, .after = NAN};
    snprintf(e.text, sizeof e.text, "test accuracy %.4f", row->test_accuracy);
    return ok && store_trial_put(lab->store, row, err) && lab_put_event(lab, &e, err);
}

/* Re-runs the recommended configuration with seed, seed + 1, ... and opens the test set for each of them. */
static bool run_repeats(struct lab *lab, int best_at, bool *leave, struct err *err)
{
    if (!open_test(lab, &lab->rows[best_at], err))
        return false;
    for (int k = 1; k < lab->params.repeats; k++) {
        struct trial_row best = lab->rows[best_at];
        struct trial_row *row = find_repeat(lab, &best, k);
        if (!row) {
            best.kind = TRIAL_REPEAT;
            best.repeat = k;
            best.seed += k;
            best.edited = best.collapsed = false;
            best.reason[0] = 0;
            best.seconds_teacher = best.seconds_transfer = best.seconds_finetune = 0;
            row = lab_add_row(lab, best);
            if (!store_trial_put(lab->store, row, err))
                return false;
        }
        int at = (int)(row - lab->rows);
        if (!settle(lab, at, leave, err))
            return false;
        if (*leave)
            return true;
        count(lab);
        if (!open_test(lab, &lab->rows[at], err) || !run_extras(lab, leave, err))
            return false;
        if (*leave)
            return true;
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
    if (!trial_teacher_path(&lab->worker->env, path, sizeof path))
        return true;
    if (!trial_test_file(&lab->worker->env, &lab->params, path, &accuracy, err))
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

static bool run_all(struct lab *lab, bool *leave, struct err *err)
{
    bool any = false;
    if (!read_journal(lab, err) || !warn_of_rule(lab, err))
        return false;
    for (int i = 0; i < lab->params.search_repeats; i++) {
        int best = -1;
        if (!run_search(lab, i, &best, leave, err))
            return false;
        if (!*leave && best >= 0 && !run_repeats(lab, best, leave, err))
            return false;
        if (*leave)
            return true;
    }
    for (int i = 0; i < lab->n_rows; i++) /* an edited one is not recommended, but it is there */
        any |= lab->rows[i].state == TRIAL_COMPLETE && !history_imported(&lab->rows[i]);
    if (!any)
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
    struct err err = {0}, ignored;
    bool leave = false;
    set_state(lab, "running");
    bool ok = put_study(lab, "running", "", &err) && run_all(lab, &leave, &err);
    if (lab->in_group)
        lab_end_group(lab, NULL);
    const char *state = !ok ? "failed" : lab->stop ? "stopped" : leave ? "paused" : "complete";
    const char *reason = !ok ? err.msg : leave ? "" : search_stop_reason(lab->search);
    put_study(lab, state, reason, &ignored);
    str_append(lab->draft.message, sizeof lab->draft.message, 0, "%s", reason);
    lab->draft.exit_status = !ok ? err_exit_status(err.code) : leave ? 130 : 0;
    lab->draft.ended = true;
    set_state(lab, state);
}
