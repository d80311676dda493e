/* All statements, and the rows that a study is told by: itself, trials, values, events; one put and one get for each kind.
 * store_saved.c has what is saved of a trial beside them. What is read is checked before it fills a fixed array: the file
 * may have been edited by hand. */
#include "store_cursor.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const store_sql[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_STUDY_PUT] = "INSERT OR REPLACE INTO study (id, name, settings, created_ms, state, reason)"
                       " VALUES (1, ?, ?, ?, ?, ?)",
    [STMT_STUDY_GET] = "SELECT name, settings, created_ms, state, reason FROM study",
    /* no REPLACE here: it deletes first, and other rows refer to the trial */
    [STMT_TRIAL_PUT] =
        "INSERT INTO trial (number, kind, search_no, ask_id, repeat, state, seed, edited, collapsed, val_accuracy,"
        " test_accuracy, best_val_accuracy, seconds_teacher, seconds_transfer, seconds_finetune, dir, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
        " kind = excluded.kind, search_no = excluded.search_no, ask_id = excluded.ask_id, repeat = excluded.repeat,"
        " state = excluded.state, seed = excluded.seed, edited = excluded.edited, collapsed = excluded.collapsed,"
        " val_accuracy = excluded.val_accuracy, test_accuracy = excluded.test_accuracy,"
        " best_val_accuracy = excluded.best_val_accuracy, seconds_teacher = excluded.seconds_teacher,"
        " seconds_transfer = excluded.seconds_transfer, seconds_finetune = excluded.seconds_finetune,"
        " dir = excluded.dir, reason = excluded.reason",
    [STMT_PARAM_CLEAR] = "DELETE FROM param WHERE trial = ?",
    [STMT_PARAM_PUT] = "INSERT INTO param (trial, position, name, value) VALUES (?, ?, ?, ?)",
    [STMT_TRIALS] =
        "SELECT number, kind, search_no, ask_id, repeat, state, seed, edited, collapsed, val_accuracy, test_accuracy,"
        " best_val_accuracy, seconds_teacher, seconds_transfer, seconds_finetune, dir, reason, name, value"
        " FROM trial LEFT JOIN param ON trial = number WHERE number BETWEEN ? AND ? ORDER BY number, position",
    [STMT_TRIALS_SUM] = "SELECT count(*), ifnull(sum(state = 'complete'), 0), max(val_accuracy) FROM trial",
    [STMT_SERIES_FIND] = "SELECT id FROM series WHERE trial = ? AND stage = ? AND key = ?",
    [STMT_SERIES_PUT] = "INSERT INTO series (trial, stage, key) VALUES (?, ?, ?)",
    [STMT_SERIES_LIST] = "SELECT stage, key, (SELECT min(step) FROM value WHERE series = id),"
                         " (SELECT max(step) FROM value WHERE series = id) FROM series WHERE trial = ? ORDER BY id",
    [STMT_VALUE_PUT] = "INSERT OR REPLACE INTO value (series, step, value, seconds) VALUES (?, ?, ?, ?)",
    [STMT_VALUES] = "SELECT step, value, seconds FROM value WHERE series ="
                    " (SELECT id FROM series WHERE trial = ? AND stage = ? AND key = ?) AND step > ? ORDER BY step",
    [STMT_EVENT_PUT] = "INSERT INTO event (time_ms, trial, stage, step, kind, key, before, after, text)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_EVENTS] = "SELECT id, time_ms, trial, stage, step, kind, key, before, after, text FROM event"
                    " WHERE id > ?1 AND (?2 < 0 OR ifnull(trial, 0) = ?2) ORDER BY id",
    [STMT_CHECKPOINT_PUT] =
        "INSERT INTO checkpoint (trial, stage, step, file, sha256, time_ms) VALUES (?, ?, ?, ?, ?, ?)",
    /* the bare column is of the row that has the highest id; + keeps it from going through the whole index by trial */
    [STMT_SAVED] = "SELECT trial, max(id), time_ms FROM checkpoint WHERE id > ? GROUP BY +trial",
    [STMT_VALUES_OF_ALL] = "SELECT trial, step, value FROM series JOIN value ON series = id WHERE stage = ? AND key = ?"
                           " AND trial BETWEEN ? AND ? ORDER BY trial, step",
    [STMT_CHECKPOINTS] = "SELECT stage, step, file, sha256, time_ms FROM checkpoint WHERE trial = ? ORDER BY id DESC",
    [STMT_ASK_PUT] = "INSERT OR REPLACE INTO ask (search_no, ask_id, json) VALUES (?, ?, ?)",
    [STMT_ASK_GET] = "SELECT json FROM ask WHERE search_no = ? AND ask_id = ?",
    [STMT_FSP_PUT] =
        "INSERT OR REPLACE INTO fsp (trial, stage, pair, who, step, m, n, g) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_FSP_GET] =
        "SELECT step, m, n, g FROM fsp WHERE trial = ? AND stage = ? AND pair = ? AND who = ? AND step <= ?"
        " ORDER BY step DESC LIMIT 1",
    /* the index alone answers it: no matrix is read */
    [STMT_FSP_STEPS] = "SELECT DISTINCT step FROM fsp WHERE trial = ? AND stage = ? ORDER BY step",
};

/* ---- names ---- */

static const char *const state_names[] = {
#define X(code, name) [TRIAL_##code] = name,
    TRIAL_STATES(X)
#undef X
};
static const char *const kind_names[] = {
    [TRIAL_SEARCH] = "search", [TRIAL_REPEAT] = "repeat", [TRIAL_MANUAL] = "manual"};

static int find_name(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *trial_state_name(enum trial_state state)
{
    assert((size_t)state < ARRAY_LEN(state_names));
    return state_names[state];
}

int trial_state_find(const char *name)
{
    return find_name(state_names, ARRAY_LEN(state_names), name);
}

/* ---- the study ---- */

static bool study_put(struct store *s, const struct study_row *row, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_STUDY_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_text(&b, row->name);
    put_text(&b, row->settings);
    put_int(&b, row->created_ms);
    put_text(&b, row->state);
    put_text(&b, row->reason);
    return step_write(s, &b, err);
}

bool store_study_put(struct store *s, const struct study_row *row, struct err *err)
{
    return store_enter(s, err) && store_leave(s, study_put(s, row, err), true, err);
}

bool store_study_get(struct store *s, struct study_row *row, bool *found, struct err *err)
{
    *row = (struct study_row){0};
    *found = false;
    struct column c = {store_read(s, STMT_STUDY_GET, err), 0};
    if (!c.stmt || !store_step(s, c.stmt, found, "read", err))
        return false;
    if (!*found)
        return true;
    get_copy(&c, row->name, sizeof row->name);
    row->settings = xstrdup(get_text(&c));
    row->created_ms = get_int64(&c);
    get_copy(&c, row->state, sizeof row->state);
    get_copy(&c, row->reason, sizeof row->reason);
    sqlite3_reset(c.stmt);
    return true;
}

void study_row_release(struct study_row *row)
{
    free(row->settings);
    *row = (struct study_row){0};
}

/* ---- trials ---- */

static bool params_put(struct store *s, const struct trial_row *t, struct err *err)
{
    struct binder clear = {store_prepare(s, STMT_PARAM_CLEAR, err), 0};
    if (!clear.stmt)
        return false;
    put_int(&clear, t->number);
    if (!step_write(s, &clear, err))
        return false;
    for (int i = 0; i < t->n_params; i++) {
        struct binder b = {store_prepare(s, STMT_PARAM_PUT, err), 0};
        if (!b.stmt)
            return false;
        put_int(&b, t->number);
        put_int(&b, i);
        put_text(&b, t->param_name[i]);
        put_real(&b, t->param_value[i]);
        if (!step_write(s, &b, err))
            return false;
    }
    return true;
}

static bool trial_put(struct store *s, const struct trial_row *t, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_TRIAL_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, t->number);
    put_text(&b, kind_names[t->kind]);
    put_int(&b, t->search_no);
    put_int(&b, t->ask_id);
    put_int(&b, t->repeat);
    put_text(&b, state_names[t->state]);
    put_int(&b, t->seed);
    put_int(&b, t->edited);
    put_int(&b, t->collapsed);
    put_real(&b, t->val_accuracy);
    put_real(&b, t->test_accuracy);
    put_real(&b, t->best_val_accuracy);
    put_real(&b, t->seconds_teacher);
    put_real(&b, t->seconds_transfer);
    put_real(&b, t->seconds_finetune);
    put_text(&b, t->dir);
    put_text(&b, t->reason);
    return step_write(s, &b, err) && params_put(s, t, err);
}

bool store_trial_put(struct store *s, const struct trial_row *t, struct err *err)
{
    assert(t->n_params >= 0 && t->n_params <= TRIAL_PARAMS_MAX);
    assert((size_t)t->state < ARRAY_LEN(state_names) && (size_t)t->kind < ARRAY_LEN(kind_names));
    return store_enter(s, err) && store_leave(s, trial_put(s, t, err), true, err);
}

static bool trial_get(struct store *s, struct column *c, struct trial_row *t, struct err *err)
{
    t->number = get_int(c);
    int kind = find_name(kind_names, ARRAY_LEN(kind_names), get_text(c));
    t->search_no = get_int(c);
    t->ask_id = get_int(c);
    t->repeat = get_int(c);
    int state = trial_state_find(get_text(c));
    t->seed = get_int64(c);
    t->edited = get_int(c) != 0;
    t->collapsed = get_int(c) != 0;
    t->val_accuracy = get_real(c);
    t->test_accuracy = get_real(c);
    t->best_val_accuracy = get_real(c);
    t->seconds_teacher = get_real(c);
    t->seconds_transfer = get_real(c);
    t->seconds_finetune = get_real(c);
    get_copy(c, t->dir, sizeof t->dir);
    get_copy(c, t->reason, sizeof t->reason);
    if (kind < 0 || state < 0)
        return store_damaged(s, "a trial has an unknown kind or state", err);
    t->kind = (enum trial_kind)kind;
    t->state = (enum trial_state)state;
    return true;
}

/* The last two columns of a row of the join; NULL for a trial without parameters. */
static bool param_get(struct store *s, struct column *c, struct trial_row *t, struct err *err)
{
    if (sqlite3_column_type(c->stmt, c->at) == SQLITE_NULL)
        return true;
    if (t->n_params == TRIAL_PARAMS_MAX)
        return store_damaged(s, "a trial has too many parameters", err);
    get_copy(c, t->param_name[t->n_params], sizeof t->param_name[0]);
    t->param_value[t->n_params++] = get_real(c);
    return true;
}

int store_trials(struct store *s, struct trial_row **rows, struct err *err)
{
    return store_trials_between(s, 1, INT_MAX, rows, err);
}

int store_trials_between(struct store *s, int first, int last, struct trial_row **rows, struct err *err)
{
    enum { FIRST_PARAM_COLUMN = 17 };
    *rows = NULL;
    sqlite3_stmt *stmt = store_read(s, STMT_TRIALS, err);
    if (!stmt)
        return -1;
    struct binder b = {stmt, 0};
    put_int(&b, first);
    put_int(&b, last);
    struct list list = {.size = sizeof **rows};
    struct trial_row *t = NULL;
    bool row, ok;
    /* One row for each parameter: a trial begins where the number changes. */
    while ((ok = store_step(s, stmt, &row, "read", err)) && row) {
        struct column c = {stmt, 0};
        if (!t || t->number != sqlite3_column_int(stmt, 0)) {
            t = list_push(&list);
            ok = trial_get(s, &c, t, err);
        }
        c.at = FIRST_PARAM_COLUMN;
        ok = ok && param_get(s, &c, t, err);
        if (!ok)
            break;
    }
    sqlite3_reset(stmt);
    void *all;
    int n = list_finish(&list, ok, &all);
    *rows = all;
    return n;
}

bool store_trials_sum(struct store *s, int *trials, int *complete, double *best, struct err *err)
{
    bool row;
    struct column c = {store_read(s, STMT_TRIALS_SUM, err), 0};
    if (!c.stmt || !store_step(s, c.stmt, &row, "read", err))
        return false;
    *trials = get_int(&c);
    *complete = get_int(&c);
    *best = get_real(&c);
    sqlite3_reset(c.stmt);
    return true;
}

/* ---- values ---- */

static void bind_series(struct binder *b, int trial, const char *stage, const char *key)
{
    put_int(b, trial);
    put_text(b, stage);
    put_text(b, key);
}

/* The id of a curve, made at its first value. */
static bool series_id(struct store *s, int trial, const char *stage, const char *key, int64_t *id, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_SERIES_FIND, err), 0};
    if (!b.stmt)
        return false;
    bind_series(&b, trial, stage, key);
    bool row;
    if (!store_step(s, b.stmt, &row, "read", err))
        return false;
    if (row) {
        *id = sqlite3_column_int64(b.stmt, 0);
        sqlite3_reset(b.stmt);
        return true;
    }
    b = (struct binder){store_prepare(s, STMT_SERIES_PUT, err), 0};
    if (!b.stmt)
        return false;
    bind_series(&b, trial, stage, key);
    if (!step_write(s, &b, err))
        return false;
    *id = sqlite3_last_insert_rowid(s->db);
    return true;
}

static bool value_put(struct store *s, int64_t series, int step, double value, double seconds, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_VALUE_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, series);
    put_int(&b, step);
    put_real(&b, value);
    put_real(&b, seconds);
    return step_write(s, &b, err);
}

bool store_value_put(struct store *s, int trial, const char *stage, int step, const char *key, double value,
                     double seconds, struct err *err)
{
    int64_t id;
    if (!store_enter(s, err))
        return false;
    bool ok = series_id(s, trial, stage, key, &id, err) && value_put(s, id, step, value, seconds, err);
    return store_leave(s, ok, false, err);
}

static void read_value(struct column *c, void *row)
{
    struct value_row *v = row;
    v->step = get_int(c);
    v->value = get_real(c);
    v->seconds = get_real(c);
}

static int values(struct store *s, int trial, const char *stage, const char *key, int64_t after,
                  struct value_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_VALUES, err), 0};
    if (!b.stmt)
        return -1;
    bind_series(&b, trial, stage, key);
    put_int(&b, after);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_value, &all, err);
    *rows = all;
    return n;
}

int store_values_after(struct store *s, int trial, const char *stage, const char *key, int after_step,
                       struct value_row **rows, struct err *err)
{
    return values(s, trial, stage, key, after_step, rows, err);
}

static void read_trial_value(struct column *c, void *row)
{
    struct trial_value_row *r = row;
    r->trial = get_int(c);
    r->step = get_int(c);
    r->value = get_real(c);
}

int store_values_of_all(struct store *s, int first, int last, const char *stage, const char *key,
                        struct trial_value_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_VALUES_OF_ALL, err), 0};
    if (!b.stmt)
        return -1;
    put_text(&b, stage);
    put_text(&b, key);
    put_int(&b, first);
    put_int(&b, last);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_trial_value, &all, err);
    *rows = all;
    return n;
}

int store_values(struct store *s, int trial, const char *stage, const char *key, struct value_row **rows,
                 struct err *err)
{
    return values(s, trial, stage, key, INT64_MIN, rows, err);
}

static void read_series(struct column *c, void *row)
{
    struct series_row *r = row;
    get_copy(c, r->stage, sizeof r->stage);
    get_copy(c, r->key, sizeof r->key);
    r->first_step = get_int(c);
    r->last_step = get_int(c);
}

int store_series(struct store *s, int trial, struct series_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_SERIES_LIST, err), 0};
    if (!b.stmt)
        return -1;
    put_int(&b, trial);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_series, &all, err);
    *rows = all;
    return n;
}

/* ---- events ---- */

static bool event_put(struct store *s, const struct event_row *e, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_EVENT_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, e->time_ms ? e->time_ms : clock_unix_ms());
    if (e->trial)
        put_int(&b, e->trial);
    else
        b.at++; /* the study: left unbound, NULL */
    put_text(&b, e->stage);
    put_int(&b, e->step);
    put_text(&b, e->kind);
    put_text(&b, e->key);
    put_real(&b, e->before);
    put_real(&b, e->after);
    put_text(&b, e->text);
    return step_write(s, &b, err);
}

bool store_event_put(struct store *s, const struct event_row *e, struct err *err)
{
    return store_enter(s, err) && store_leave(s, event_put(s, e, err), true, err);
}

static void read_event(struct column *c, void *row)
{
    struct event_row *e = row;
    e->id = get_int64(c);
    e->time_ms = get_int64(c);
    e->trial = get_int(c);
    get_copy(c, e->stage, sizeof e->stage);
    e->step = get_int(c);
    get_copy(c, e->kind, sizeof e->kind);
    get_copy(c, e->key, sizeof e->key);
    e->before = get_real(c);
    e->after = get_real(c);
    get_copy(c, e->text, sizeof e->text);
}

int store_events(struct store *s, int trial, int64_t after_id, struct event_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_EVENTS, err), 0};
    if (!b.stmt)
        return -1;
    put_int(&b, after_id);
    put_int(&b, trial);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_event, &all, err);
    *rows = all;
    return n;
}
