/* A trial that has ended is read once; those that have not are read again each time. The evaluations of a study of 10,000
 * would not be read in the time of a frame, so a call takes a part of them. */
#include "model_trials.h"

#include <stdlib.h>
#include <string.h>

enum { EVALS_AT_ONCE = 1000 }; /* trials */

void model_forget_trials(struct model *m)
{
    for (int i = 0; i < m->n_evals; i++) {
        free(m->evals[i].step);
        free(m->evals[i].value);
    }
    free(m->evals);
    free(m->trials);
    free(m->saved_ms);
    m->evals = NULL;
    m->trials = NULL;
    m->saved_ms = NULL;
    m->n_evals = m->n_trials = m->n_saved = 0;
    m->last_saved = 0;
    m->trials_version++;
    m->evals_version++;
}

/* ---- when each was saved ---- */

bool model_read_saved(struct model *m, struct err *err)
{
    struct saved_row *rows;
    int64_t newest = m->last_saved, unknown = INT64_MAX;
    int n = store_saved(m->store, m->last_saved, &rows, err);
    if (n < 0)
        return false;
    if (m->n_saved < m->n_trials || !m->saved_ms) {
        m->saved_ms = xrealloc(m->saved_ms, ((size_t)m->n_trials + 1) * sizeof *m->saved_ms);
        memset(m->saved_ms + m->n_saved, 0, (size_t)(m->n_trials - m->n_saved) * sizeof *m->saved_ms);
        m->n_saved = m->n_trials;
    }
    for (int i = 0; i < n; i++) {
        const struct trial_row *t = model_trial(m, rows[i].trial);
        if (t) {
            m->saved_ms[t - m->trials] = rows[i].time_ms;
            newest = rows[i].id > newest ? rows[i].id : newest;
        } else { /* begun since the rows were read: again the next time */
            unknown = rows[i].id < unknown ? rows[i].id : unknown;
        }
    }
    m->last_saved = newest < unknown ? newest : m->last_saved;
    m->trials_version += n > 0;
    free(rows);
    return true;
}

/* ---- evaluations ---- */

static bool has_ended(enum trial_state s)
{
    return s == TRIAL_COMPLETE || s == TRIAL_PRUNED || s == TRIAL_DIVERGED || s == TRIAL_FAILED;
}

static void take_values(struct eval_curve *c, const struct trial_value_row *rows, int n)
{
    c->n = n;
    c->step = xrealloc(c->step, ((size_t)n + 1) * sizeof *c->step);
    c->value = xrealloc(c->value, ((size_t)n + 1) * sizeof *c->value);
    for (int i = 0; i < n; i++) {
        c->step[i] = (float)rows[i].step;
        c->value[i] = (float)rows[i].value;
    }
}

/* Of the trials FIRST to LAST by place. */
static bool read_evals(struct model *m, int first, int last, struct err *err)
{
    struct trial_value_row *rows;
    int n = store_values_of_all(m->store, m->trials[first].number, m->trials[last].number, "finetune", "val_accuracy",
                                &rows, err);
    for (int i = first, at = 0; n >= 0 && i <= last; i++) {
        int end = at;
        while (end < n && rows[end].trial == m->trials[i].number)
            end++;
        m->evals_version += end - at != m->evals[i].n;
        take_values(&m->evals[i], rows + at, end - at);
        m->evals[i].settled = has_ended(m->trials[i].state);
        at = end;
    }
    if (n >= 0)
        free(rows);
    return n >= 0;
}

/* One that was stopped early goes on when it is thawed, and one that was taken up makes its steps again. */
static void unsettle(struct model *m, int first_event)
{
    for (int i = first_event; i < m->n_events; i++) {
        const struct trial_row *t = model_trial(m, m->events[i].trial);
        if (t && t - m->trials < m->n_evals)
            m->evals[t - m->trials].settled = false;
    }
}

bool model_read_evals(struct model *m, int first_event, struct err *err)
{
    int had = m->n_evals, end = m->n_trials < had + EVALS_AT_ONCE ? m->n_trials : had + EVALS_AT_ONCE;
    unsettle(m, first_event);
    if (!m->sel.evals || m->n_trials == 0)
        return true;
    for (int i = 0, last; i < had; i = last + 1) {
        for (last = i; last < had && !m->evals[last].settled;)
            last++;
        if (last > i && !read_evals(m, i, last - 1, err))
            return false;
    }
    if (end == had)
        return true;
    m->evals = xrealloc(m->evals, (size_t)end * sizeof *m->evals);
    memset(m->evals + had, 0, (size_t)(end - had) * sizeof *m->evals);
    m->n_evals = end;
    m->evals_version++;
    return read_evals(m, had, end - 1, err);
}

bool model_has_more(const struct model *m)
{
    return m->store && m->sel.evals && m->n_evals < m->n_trials;
}
