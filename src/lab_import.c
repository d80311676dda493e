/* Trials from elsewhere. They get rows of the journal at the place where they came in, between the asks before and those
 * after, and no ask: so a search that is replayed hears of them where it did, and its stop rules do not count them. */
#include "lab_impl.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Equal values, whatever their order. */
static bool same_trial(const struct trial_row *a, const struct trial_row *b)
{
    if (a->n_params != b->n_params || a->seed != b->seed || a->val_accuracy != b->val_accuracy)
        return false;
    for (int i = 0; i < a->n_params; i++) {
        int k = 0;
        while (k < b->n_params && strcmp(a->param_name[i], b->param_name[k]) != 0)
            k++;
        if (k == b->n_params || a->param_value[i] != b->param_value[k])
            return false;
    }
    return true;
}

/* *at: the row that is not; -1: all are. */
static bool all_different(const struct trial_row *rows, int n, int *at, struct err *err)
{
    for (*at = 0; *at < n; ++*at)
        for (int k = 0; k < *at; k++)
            if (same_trial(&rows[k], &rows[*at]))
                return err_set(
                    err, ERR_STATE,
                    "trial %d of the file has the same values, seed and accuracy: give seeds to real repeats", k + 1);
    *at = -1;
    return true;
}

static bool all_new(const struct trial_row *there, int n_there, const struct trial_row *rows, int n, int *at,
                    struct err *err)
{
    for (*at = 0; *at < n; ++*at)
        for (int k = 0; k < n_there; k++)
            if (history_imported(&there[k]) && same_trial(&there[k], &rows[*at]))
                return err_set(err, ERR_STATE, "trial %d, %s, has these values, seed and accuracy already",
                               there[k].number, there[k].reason);
    *at = -1;
    return true;
}

static bool put_rows(struct lab *lab, int last, const struct trial_row *rows, int n, struct err *err)
{
    struct event_row e = {.kind = "import", .before = NAN, .after = NAN};
    if (!store_begin(lab->store, err))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        struct trial_row row = rows[i];
        row.number = last + 1 + i;
        row.kind = TRIAL_MANUAL;
        row.ask_id = -1;
        row.state = TRIAL_COMPLETE;
        assert(history_imported(&row));
        ok = store_trial_put(lab->store, &row, err);
    }
    snprintf(e.text, sizeof e.text, "%d trials %s", n, n > 0 ? rows[0].reason : "");
    ok = ok && store_event_put(lab->store, &e, err);
    return store_commit(lab->store, ok ? err : NULL) && ok;
}

/* A study that was only imported into has not been begun: it waits to be run. */
static bool set_waiting(struct lab *lab, struct err *err)
{
    struct study_row row = {0};
    bool found, ok = store_study_get(lab->store, &row, &found, err) && found;
    if (ok && strcmp(row.state, "running") == 0) {
        snprintf(row.state, sizeof row.state, "paused");
        ok = store_study_put(lab->store, &row, err);
    }
    study_row_release(&row);
    return ok;
}

bool lab_import(const char *study, const char *runs, const struct params *p, const struct trial_row *rows, int n,
                int *at, struct err *err)
{
    struct trial_row *there = NULL;
    if (!all_different(rows, n, at, err))
        return false;
    struct lab *lab = lab_open_record(study, runs, p, err);
    if (!lab)
        return false;
    int n_there = store_trials(lab->store, &there, err);
    bool ok = n_there >= 0 && all_new(there, n_there, rows, n, at, err) &&
              put_rows(lab, n_there > 0 ? there[n_there - 1].number : 0, rows, n, err) && set_waiting(lab, err);
    free(there);
    lab_forget(lab);
    return ok;
}
