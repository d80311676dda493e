/* The journal of trials, and the search that is asked and told from it.
 *
 * Ask and tell are deterministic, so a study that is taken up again hands its search the recorded points once more, tells
 * it what has ended, and then has the search that it left. With one trial at a time an ask knows the ends of all before
 * it; with several those that had ended by then, in the order in which they did. Where that is not simply all of them in
 * the order of the asks, the journal says so with the ask: "told", the ids told since the ask before. So what was asked is
 * replayed exactly, whatever the number of workers then and now.
 *
 * All recorded asks are replayed at once, before anything is run and any command is taken, so that the next id is the next
 * ask's; what of them has not ended stays open, for the workers to go on with. */
#include "lab_json.h"
#include "lab_work.h"

#include <assert.h>
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
bool lab_read_journal(struct lab *lab, struct err *err)
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

bool lab_ended(const struct trial_row *r)
{
    return r->state == TRIAL_COMPLETE || r->state == TRIAL_DIVERGED || r->state == TRIAL_FAILED ||
           r->state == TRIAL_PRUNED;
}

bool lab_is_extra(const struct trial_row *r)
{
    return r->kind == TRIAL_MANUAL && r->ask_id < 0 && !history_imported(r);
}

/* Every trial there will be, repeats too, unless a search ends early. And those that are over. */
void lab_count(struct lab *lab)
{
    int64_t one = search_planned(lab->search);
    struct lab_state *d = &lab->draft;
    d->trials_planned = (one + lab->params.repeats - 1) * lab->params.search_repeats;
    d->trials_done = d->trials_failed = 0;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        d->trials_planned += lab_is_extra(r);
        d->trials_done += lab_ended(r) && !history_imported(r);
        d->trials_failed += lab_ended(r) && r->state != TRIAL_COMPLETE && r->state != TRIAL_PRUNED;
    }
}

/* ---- told ---- */

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
    int id = search_best(lab->search, x, &best);
    if (id >= 0 && id == r->ask_id) {
        lab->draft.best_trial = r->number;
        lab->draft.best_accuracy = best;
    }
}

void lab_tell_again(struct lab *lab, const struct trial_row *row)
{
    tell(lab, row, true);
    lab_count(lab);
}

/* One that was stopped early is told as it was then, whatever has become of it. */
static bool can_be_told(const struct lab *lab, int at)
{
    return lab_ended(&lab->rows[at]) || stopped_find(&lab->stopped, lab->rows[at].number);
}

/* Tells the I-th of the open ones. */
static void tell_open(struct lab *lab, int i)
{
    int at = lab->open[i];
    tell(lab, &lab->rows[at], false);
    lab->n_open--;
    memmove(lab->open + i, lab->open + i + 1, (size_t)(lab->n_open - i) * sizeof *lab->open);
    lab->told = xrealloc(lab->told, (size_t)(lab->n_told + 1) * sizeof *lab->told);
    lab->told[lab->n_told++] = lab->rows[at].ask_id;
}

static bool tell_all(struct lab *lab)
{
    int n = lab->n_open;
    for (int i = 0; i < lab->n_open;)
        if (can_be_told(lab, lab->open[i]))
            tell_open(lab, i);
        else
            i++;
    return lab->n_open < n;
}

void lab_tell_ended(struct lab *lab)
{
    if (!tell_all(lab))
        return;
    lab_count(lab);
    lab_publish(lab);
}

/* What was told before that ask of the journal. */
static bool tell_as_recorded(struct lab *lab, int id, struct err *err)
{
    struct err bad = {0};
    char *json = store_ask_get(lab->store, lab->search_no, id, &bad);
    if (!json && bad.code)
        return err_set(err, bad.code, "%s", bad.msg);
    int *told, n = json ? lab_told_of_json(json, &told) : -1;
    free(json);
    if (n < 0) {
        tell_all(lab);
        return true;
    }
    for (int k = 0; k < n; k++)
        for (int i = 0; i < lab->n_open; i++)
            if (lab->rows[lab->open[i]].ask_id == told[k] && can_be_told(lab, lab->open[i])) {
                tell_open(lab, i);
                break;
            }
    free(told);
    return true;
}

/* Whether all before this ask have been told, in the order of their asks: as a study of one worker does. */
static bool told_in_order(const struct lab *lab)
{
    bool ok = lab->n_open == 0;
    for (int i = 1; i < lab->n_told; i++)
        ok &= lab->told[i] > lab->told[i - 1];
    return ok;
}

/* ---- asked ---- */

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
static bool put_asked(struct lab *lab, const struct trial_row *row, bool in_order, struct err *err)
{
    const struct search *asked = row->kind == TRIAL_SEARCH ? lab->search : NULL;
    char *knew = lab_ask_json(asked, &lab->space, lab->told, in_order ? -1 : lab->n_told);
    bool ok = lab_begin_group(lab, err) && store_trial_put(lab->store, row, err) &&
              store_ask_put(lab->store, lab->search_no, row->ask_id, knew, err);
    free(knew);
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

/* The row of the point just asked for, which is open from now on; *at: which it is. */
static bool take_asked(struct lab *lab, int id, const double *x, bool recorded, int *at, struct err *err)
{
    struct trial_row *row = lab_find_row(lab, lab->search_no, id);
    bool in_order = told_in_order(lab);
    lab->asked++;
    if (row && row->kind == TRIAL_MANUAL)
        lab->waiting--;
    if (!row)
        row = lab_add_row(lab, lab_point_row(lab, TRIAL_SEARCH, id, x));
    if (!recorded && !put_asked(lab, row, in_order, err))
        return false;
    lab->n_told = 0;
    *at = (int)(row - lab->rows);
    lab->open = xrealloc(lab->open, (size_t)(lab->n_open + 1) * sizeof *lab->open);
    lab->open[lab->n_open++] = *at;
    load_waiting(lab);
    return true;
}

/* The training that this search has taken so far, over all processes. */
static double search_seconds(const struct lab *lab)
{
    double seconds = 0;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        const struct worker *w = lab_ended(r) ? NULL : lab_runner(lab, r->number);
        if (w)
            r = &w->row;
        if (r->search_no == lab->search_no && r->ask_id >= 0 && r->kind != TRIAL_REPEAT)
            seconds += r->seconds_teacher + r->seconds_transfer + r->seconds_finetune;
    }
    return seconds;
}

/* Ends the search where its time is up. */
static void mind_the_time(struct lab *lab)
{
    char why[128];
    if (lab->params.max_seconds == 0)
        return;
    double seconds = search_seconds(lab);
    if (seconds < lab->params.max_seconds)
        return;
    snprintf(why, sizeof why, "max_seconds %d reached after %.0f s", lab->params.max_seconds, seconds);
    search_stop(lab->search, why);
}

bool lab_new_point(struct lab *lab, int *at, struct err *err)
{
    double x[SPACE_MAX];
    int id;
    *at = -1;
    if (lab->asked_out && lab->waiting == 0)
        return true;
    mind_the_time(lab);
    enum ask ask = next_point(lab, x, &id);
    lab->asked_out = ask == ASK_DONE || (ask == ASK_WAIT && lab->n_open == 0);
    return ask != ASK_POINT || take_asked(lab, id, x, false, at, err);
}

/* The last id that an earlier process asked for; -1: none. What was enqueued and not begun may still wait; but not where
 * one behind it was asked for. */
static int last_asked(const struct lab *lab)
{
    int last = -1;
    for (int i = 0; i < lab->n_rows; i++) {
        const struct trial_row *r = &lab->rows[i];
        bool begun = r->kind == TRIAL_SEARCH || r->state != TRIAL_QUEUED || stopped_find(&lab->stopped, r->number);
        if (r->kind != TRIAL_REPEAT && r->search_no == lab->search_no && r->ask_id > last && begun)
            last = r->ask_id;
    }
    return last;
}

static bool replay(struct lab *lab, struct err *err)
{
    double x[SPACE_MAX];
    int id, at;
    for (int last = last_asked(lab); lab->asked <= last && !lab->asked_out;) {
        if (!tell_as_recorded(lab, lab->asked, err))
            return false;
        lab->asked_out = next_point(lab, x, &id) != ASK_POINT; /* the stop rule was edited */
        if (!lab->asked_out && !take_asked(lab, id, x, true, &at, err))
            return false;
    }
    return true;
}

bool lab_begin_search(struct lab *lab, int search_no, struct err *err)
{
    struct search_options so;
    search_free(lab->search);
    lab_search_options(&lab->params, &lab->space, search_no, &so);
    if (!(lab->search = search_new(&lab->space, &so, err)))
        return false;
    lab->search_no = search_no;
    lab->asked = lab->waiting = lab->known = lab->n_open = lab->n_told = 0;
    lab->asked_out = false;
    for (int i = 0; i < lab->stopped.n; i++)
        lab->stopped.row[i].told = false;
    lab->searching = true;
    load_waiting(lab);
    if (!replay(lab, err))
        return false;
    lab_count(lab);
    return true;
}

/* What was enqueued and the search, being over, did not take: it is run all the same. */
bool lab_release_waiting(struct lab *lab, struct err *err)
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
    lab_count(lab);
    return true;
}
