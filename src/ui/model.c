/* Gathers what the screens show. The snapshot comes as JSON from the app, the rest is read from the store, and only what
 * is new: events after the last id, curves after their last step, and of the trials those that can have changed, so that a
 * study of 10,000 is followed as cheaply as one of ten. Whatever cannot be read leaves what was there. */
#include "model.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model_trials.h"

/* ---- life ---- */

static void curves_release(struct curves *c)
{
    for (int i = 0; i < c->n; i++)
        series_release(&c->series[i]);
    free(c->series);
    *c = (struct curves){0};
}

static void frame_release(struct fsp_frame *f)
{
    for (int i = 0; i < 3; i++) {
        free(f->pair[i].t);
        free(f->pair[i].s);
    }
    memset(f, 0, sizeof *f);
}

static void blank_live(struct live *l)
{
    memset(l, 0, sizeof *l);
    l->resumed_at = -1;
}

void model_init(struct model *m, const char *study, const char *runs, bool readonly)
{
    memset(m, 0, sizeof *m);
    str_append(m->study, sizeof m->study, 0, "%s", study);
    str_append(m->runs, sizeof m->runs, 0, "%s", runs);
    str_append(m->dir, sizeof m->dir, 0, "%s/%s", runs, study);
    m->readonly = readonly;
    m->live_at = NAN;
    blank_live(&m->live);
    m->sel.follow = true;
    m->sel.fsp_step = -1;
}

void model_release(struct model *m)
{
    curves_release(&m->curves);
    for (int i = 0; i < m->n_overlay; i++)
        curves_release(&m->overlay[i]);
    frame_release(&m->fsp);
    free(m->fsp_steps);
    probe_release(&m->probe);
    model_forget_trials(m);
    free(m->events);
    if (m->store)
        store_close(m->store);
    if (m->gpus)
        gpuinfo_close(m->gpus);
    memset(m, 0, sizeof *m);
}

/* ---- the snapshot ---- */

static double real_of(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static int int_of(json_t *o, const char *key, int missing)
{
    json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? (int)json_integer_value(v) : missing;
}

static void text_of(json_t *o, const char *key, char *buf, size_t cap)
{
    const char *s = json_string_value(json_object_get(o, key));
    str_append(buf, cap, 0, "%s", s ? s : "");
}

static void triple_of(json_t *o, const char *key, double v[3])
{
    json_t *a = json_object_get(o, key);
    for (size_t i = 0; i < 3; i++) {
        json_t *x = json_array_get(a, i);
        v[i] = json_is_number(x) ? json_number_value(x) : NAN;
    }
}

static void take_losses(struct live *l, json_t *losses)
{
    l->loss = real_of(losses, "loss");
    l->ce = real_of(losses, "ce");
    l->kd = real_of(losses, "kd");
    l->hint = real_of(losses, "hint");
    for (int i = 0; i < 3; i++)
        l->fsp[i] = real_of(losses, (const char *[]){"fsp1", "fsp2", "fsp3"}[i]);
}

static void take_parts(struct live *l, json_t *parts)
{
    const char *key;
    json_t *v;
    l->n_parts = 0;
    json_object_foreach(parts, key, v)
    {
        if (l->n_parts == (int)ARRAY_LEN(l->part_name) || !json_is_number(v))
            continue;
        str_append(l->part_name[l->n_parts], sizeof l->part_name[0], 0, "%s", key);
        l->part_seconds[l->n_parts++] = json_number_value(v);
    }
}

static void take_beside(struct live *l, json_t *workers)
{
    size_t i;
    json_t *w;
    l->n_beside = 0;
    json_array_foreach(workers, i, w)
    {
        int trial = int_of(w, "trial", 0);
        if (trial == 0 || trial == l->trial || l->n_beside == (int)ARRAY_LEN(l->beside))
            continue;
        int at = l->n_beside++;
        for (; at > 0 && l->beside[at - 1].trial > trial; at--)
            l->beside[at] = l->beside[at - 1];
        struct beside *b = &l->beside[at];
        *b = (struct beside){.trial = trial, .step = int_of(w, "step", 0), .steps = int_of(w, "steps", 0)};
        text_of(w, "stage", b->stage, sizeof b->stage);
    }
}

bool model_take_status(struct model *m, json_t *o, struct err *err)
{
    if (!json_is_string(json_object_get(o, "study")) || !json_is_string(json_object_get(o, "state")))
        return err_set(err, ERR_FORMAT, "the answer is no status: 'study' or 'state' is missing");
    struct live l;
    blank_live(&l);
    l.valid = true;
    text_of(o, "study", l.study, sizeof l.study);
    text_of(o, "state", l.state, sizeof l.state);
    text_of(o, "stage", l.stage, sizeof l.stage);
    text_of(o, "device", l.device, sizeof l.device);
    text_of(o, "message", l.message, sizeof l.message);
    text_of(o, "resumed_stage", l.resumed_stage, sizeof l.resumed_stage);
    l.pid = int_of(o, "pid", 0);
    l.trial = int_of(o, "trial", 0);
    l.step = int_of(o, "step", 0);
    l.steps = int_of(o, "steps", 0);
    l.resumed_at = int_of(o, "resumed_at", -1);
    l.search_no = int_of(o, "search_no", 0);
    l.repeat = int_of(o, "repeat", 0);
    l.steps_per_epoch = int_of(o, "steps_per_epoch", 0);
    l.lambda = real_of(o, "lambda");
    for (int i = 0; i < 3; i++)
        l.lambda_i[i] = real_of(o, (const char *[]){"lambda1", "lambda2", "lambda3"}[i]);
    l.lr = real_of(o, "lr");
    l.base_lr = real_of(o, "base_lr");
    take_beside(&l, json_object_get(o, "workers"));
    take_losses(&l, json_object_get(o, "losses"));
    triple_of(o, "fsp_student", l.fsp_student);
    triple_of(o, "fsp_teacher", l.fsp_teacher);
    l.train_accuracy = real_of(o, "train_accuracy");
    l.val_accuracy = real_of(o, "val_accuracy");
    l.best_val_accuracy = real_of(o, "best_val_accuracy");
    l.images_per_second = real_of(o, "images_per_second");
    l.step_seconds = real_of(o, "step_seconds");
    l.eta = real_of(o, "eta");
    l.trial_eta = real_of(o, "trial_eta");
    l.edited = json_is_true(json_object_get(o, "edited"));
    l.collapsed = json_is_true(json_object_get(o, "collapsed"));
    l.trials_planned = int_of(o, "trials_planned", 0);
    l.trials_done = int_of(o, "trials_done", 0);
    l.trials_failed = int_of(o, "trials_failed", 0);
    l.best_trial = int_of(o, "best_trial", 0);
    l.best_accuracy = real_of(o, "best_accuracy");
    l.clients = int_of(o, "clients", 0);
    l.last_event = int_of(o, "last_event", 0);
    take_parts(&l, json_object_get(o, "parts"));
    m->live = l;
    m->live_at = m->now;
    if (m->sel.follow && l.trial)
        m->sel.trial = l.trial;
    return true;
}

/* ---- the store ---- */

const struct series *curves_find(const struct curves *c, const char *stage, const char *key)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->series[i].stage, stage) == 0 && strcmp(c->series[i].key, key) == 0)
            return &c->series[i];
    return NULL;
}

static struct series *series_of(struct curves *c, const struct series_row *row)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->series[i].stage, row->stage) == 0 && strcmp(c->series[i].key, row->key) == 0)
            return &c->series[i];
    c->series = xrealloc(c->series, (size_t)(c->n + 1) * sizeof *c->series);
    struct series *s = &c->series[c->n++];
    series_init(s, row->stage, row->key);
    return s;
}

static bool read_curves(struct model *m, struct curves *c, int trial, struct err *err)
{
    struct series_row *list;
    if (c->trial != trial)
        curves_release(c);
    c->trial = trial;
    int n = store_series(m->store, trial, &list, err);
    for (int i = 0; i < n; i++) {
        struct series *s = series_of(c, &list[i]);
        struct value_row *rows;
        if (s->last_step >= list[i].last_step)
            continue;
        int k = store_values_after(m->store, trial, s->stage, s->key, s->last_step, &rows, err);
        if (k < 0) {
            n = -1;
            break;
        }
        for (int j = 0; j < k; j++)
            series_add(s, rows[j].step, rows[j].value, rows[j].seconds);
        free(rows);
    }
    if (n >= 0)
        free(list);
    return n >= 0;
}

static bool read_overlays(struct model *m, struct err *err)
{
    while (m->n_overlay > m->sel.n_overlay)
        curves_release(&m->overlay[--m->n_overlay]);
    while (m->n_overlay < m->sel.n_overlay)
        m->overlay[m->n_overlay++] = (struct curves){0};
    for (int i = 0; i < m->n_overlay; i++)
        if (!read_curves(m, &m->overlay[i], m->sel.overlay[i], err))
            return false;
    return true;
}

/* A trial that was taken up at a checkpoint has made its later steps again, and not always the same ones: read anew. */
static void forget_curves(struct model *m, int trial)
{
    if (m->curves.trial == trial)
        curves_release(&m->curves);
    for (int i = 0; i < m->n_overlay; i++)
        if (m->overlay[i].trial == trial)
            curves_release(&m->overlay[i]);
    if (m->fsp.trial == trial)
        frame_release(&m->fsp);
}

static bool read_events(struct model *m, struct err *err)
{
    struct event_row *rows;
    int n = store_events(m->store, -1, m->n_events ? m->events[m->n_events - 1].id : 0, &rows, err);
    if (n <= 0)
        return n == 0;
    for (int i = 0; i < n && m->n_events; i++)
        if (strcmp(rows[i].kind, "resumed_at") == 0)
            forget_curves(m, rows[i].trial);
    if (!m->n_events) {
        m->events = rows;
    } else {
        m->events = xrealloc(m->events, (size_t)(m->n_events + n) * sizeof *m->events);
        memcpy(m->events + m->n_events, rows, (size_t)n * sizeof *rows);
        free(rows);
    }
    m->n_events += n;
    return true;
}

static bool may_change(enum trial_state s)
{
    return s == TRIAL_QUEUED || s == TRIAL_RUNNING || s == TRIAL_PAUSED || s == TRIAL_STOPPED;
}

/* Trials FIRST to LAST, which are known, as they are now. */
static bool refresh(struct model *m, int first, int last, struct err *err)
{
    struct trial_row *rows;
    int n = store_trials_between(m->store, first, last, &rows, err);
    for (int i = 0; i < n; i++) {
        const struct trial_row *known = model_trial(m, rows[i].number);
        if (known && memcmp(known, &rows[i], sizeof *known) != 0) { /* rows are zeroed before they are filled */
            m->trials[known - m->trials] = rows[i];
            m->trials_version++;
        }
    }
    free(n >= 0 ? rows : NULL);
    return n >= 0;
}

/* One that has ended changes once more, when the test set is opened; an event follows (lab_study.c). */
static bool refresh_named(struct model *m, int first_event, struct err *err)
{
    for (int i = first_event, last = 0; i < m->n_events; i++) {
        const struct trial_row *t = m->events[i].trial == last ? NULL : model_trial(m, m->events[i].trial);
        last = m->events[i].trial;
        if (t && !may_change(t->state) && !refresh(m, last, last, err))
            return false;
    }
    return true;
}

static bool refresh_unended(struct model *m, struct err *err)
{
    for (int i = 0, end; i < m->n_trials; i = end + 1) {
        for (end = i; end < m->n_trials && may_change(m->trials[end].state);)
            end++;
        if (end > i && !refresh(m, m->trials[i].number, m->trials[end - 1].number, err))
            return false;
    }
    return true;
}

static bool read_trials(struct model *m, int first_event, struct err *err)
{
    struct trial_row *rows;
    if (!refresh_unended(m, err) || !refresh_named(m, first_event, err))
        return false;
    int last = m->n_trials ? m->trials[m->n_trials - 1].number : 0;
    int n = last < INT_MAX ? store_trials_between(m->store, last + 1, INT_MAX, &rows, err) : 0;
    if (n <= 0)
        return n == 0;
    if (!m->n_trials) {
        m->trials = rows;
    } else {
        m->trials = xrealloc(m->trials, (size_t)(m->n_trials + n) * sizeof *m->trials);
        memcpy(m->trials + m->n_trials, rows, (size_t)n * sizeof *rows);
        free(rows);
    }
    m->n_trials += n;
    m->trials_version++;
    if (!model_trial(m, m->sel.trial))
        m->sel.trial = m->trials[m->n_trials - 1].number;
    return true;
}

/* The settings that the study goes by, as far as its text has them. */
static void take_settings(struct model *m, const char *text)
{
    struct params p;
    struct err ignored;
    params_init(&p);
    for (char *copy = xstrdup(text), *line = copy, *end;; line = end + 1) {
        end = line + strcspn(line, "\n");
        bool last = !*end;
        *end = 0;
        if (*line)
            params_set_pair(&p, line, &ignored);
        if (last) {
            free(copy);
            break;
        }
    }
    m->settings = p;
    m->has_settings = true;
}

static bool read_study(struct model *m, struct err *err)
{
    struct study_row row = {0};
    bool found = false;
    if (!store_study_get(m->store, &row, &found, err))
        return false;
    if (!found)
        return true;
    str_append(m->study_state, sizeof m->study_state, 0, "%s", row.state);
    str_append(m->study_reason, sizeof m->study_reason, 0, "%s", row.reason);
    if (row.settings) /* the ranges may have been edited */
        take_settings(m, row.settings);
    study_row_release(&row);
    return true;
}

/* ---- FSP matrices ---- */

static bool read_pair(struct model *m, struct fsp_frame *f, int pair, char who, struct err *err)
{
    struct fsp_mats *p = &f->pair[pair];
    float *g = NULL;
    int step;
    bool found = false;
    if (!store_fsp_get(m->store, f->trial, f->stage, f->step, pair + 1, who, &step, &p->m, &p->n, &g, &found, err))
        return false;
    if (found && step != f->step) {
        free(g);
        g = NULL;
    }
    *(who == 'T' ? &p->t : &p->s) = found ? g : NULL;
    return true;
}

static bool read_frame(struct model *m, int step, struct err *err)
{
    if (m->fsp.trial == m->sel.trial && m->fsp.step == step)
        return true;
    struct fsp_frame f = {.trial = m->sel.trial, .step = step, .stage = "transfer"};
    for (int i = 0; i < 6; i++)
        if (!read_pair(m, &f, i / 2, "TS"[i % 2], err)) {
            frame_release(&f);
            return false;
        }
    frame_release(&m->fsp);
    m->fsp = f;
    return true;
}

static bool read_fsp(struct model *m, struct err *err)
{
    int *steps, n = store_fsp_steps(m->store, m->sel.trial, "transfer", &steps, err);
    if (n < 0)
        return false;
    free(m->fsp_steps);
    m->fsp_steps = steps;
    m->n_fsp_steps = n;
    if (n == 0) {
        frame_release(&m->fsp);
        return true;
    }
    int step = steps[n - 1];
    for (int i = 0; m->sel.fsp_step >= 0 && i < n; i++)
        if (steps[i] <= m->sel.fsp_step)
            step = steps[i];
    if (m->sel.fsp_step >= 0 && m->sel.fsp_step < steps[0])
        step = steps[0];
    return read_frame(m, step, err);
}

static void forget_store(struct model *m)
{
    store_close(m->store);
    m->store = NULL;
    curves_release(&m->curves);
    while (m->n_overlay > 0)
        curves_release(&m->overlay[--m->n_overlay]);
    frame_release(&m->fsp);
    free(m->fsp_steps);
    model_forget_trials(m);
    free(m->events);
    m->fsp_steps = NULL;
    m->events = NULL;
    m->n_fsp_steps = m->n_events = 0;
    m->seen_event = 0;
    m->has_settings = false;
    m->study_state[0] = m->study_reason[0] = 0;
    m->sel.trial = m->conn == CONN_LIVE ? m->live.trial : 0;
    m->sel.n_overlay = 0;
}

/* SQLite goes on reading a file that was removed, for ever and without a word. */
static bool open_store(struct model *m, const char *path, struct err *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (m->store && (!there || m->store_file[0] != (uint64_t)st.st_dev || m->store_file[1] != (uint64_t)st.st_ino)) {
        forget_store(m);
        if (!there)
            return err_set(err, ERR_IO, "'%s' is gone: the study's folder was removed or renamed", path);
    }
    if (m->store || !there)
        return true;
    m->store = store_open_readonly(path, err);
    if (!m->store)
        return false;
    m->store_file[0] = (uint64_t)st.st_dev;
    m->store_file[1] = (uint64_t)st.st_ino;
    store_set_patience(m->store, 50); /* a frame may be late, the next one has it */
    return true;
}

bool model_read_store(struct model *m, struct err *err)
{
    char *path = xstrfmt("%s/study.db", m->dir);
    bool ok = open_store(m, path, err);
    int first_event = m->n_events;
    free(path);
    if (!ok || !m->store)
        return ok;
    return read_study(m, err) && read_events(m, err) && read_trials(m, first_event, err) && model_read_saved(m, err) &&
           model_read_evals(m, first_event, err) &&
           (m->sel.trial == 0 || (read_curves(m, &m->curves, m->sel.trial, err) && read_fsp(m, err))) &&
           read_overlays(m, err);
}

/* ---- this machine ---- */

void model_sample(struct model *m)
{
    struct device_sample s = {.at = m->now, .images_per_second = NAN, .proc = m->proc};
    struct err ignored;
    if (!m->gpus_tried)
        m->gpus = gpuinfo_open(NULL, &ignored);
    m->gpus_tried = true;
    m->n_gpus = m->gpus ? gpuinfo_count(m->gpus) : 0;
    for (int i = 0; i < m->n_gpus && i < (int)ARRAY_LEN(s.gpu); i++)
        gpuinfo_read(m->gpus, i, m->live.pid, &s.gpu[i]);
    int pid = m->conn == CONN_LIVE ? m->live.pid : 0;
    procinfo_read(pid, &m->proc);
    s.proc = m->proc;
    if (m->conn == CONN_LIVE && strcmp(m->live.state, "running") == 0)
        s.images_per_second = m->live.images_per_second;
    if (m->n_samples == DEVICE_SAMPLES)
        m->sample_first = (m->sample_first + 1) % DEVICE_SAMPLES;
    else
        m->n_samples++;
    m->samples[(m->sample_first + m->n_samples - 1) % DEVICE_SAMPLES] = s;
}

const struct device_sample *model_sample_at(const struct model *m, int i)
{
    return &m->samples[(m->sample_first + i) % DEVICE_SAMPLES];
}

/* ---- questions ---- */

const struct trial_row *model_trial(const struct model *m, int number)
{
    int lo = 0, hi = m->n_trials;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (m->trials[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < m->n_trials && m->trials[lo].number == number ? &m->trials[lo] : NULL;
}

const char *model_stage(const struct model *m)
{
    if (m->sel.stage[0])
        return m->sel.stage;
    if (m->conn == CONN_LIVE && m->live.trial == m->sel.trial && m->live.stage[0] && strcmp(m->live.stage, "done") != 0)
        return m->live.stage;
    return m->curves.n ? m->curves.series[m->curves.n - 1].stage : "";
}
