/* What is saved of a trial beside its row: where its checkpoints lie, what its ask knew, its FSP matrices. */
#include "store_cursor.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>

/* ---- checkpoints ---- */

static bool checkpoint_put(struct store *s, int trial, const char *stage, int step, const char *file,
                           const char *sha256, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_CHECKPOINT_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, trial);
    put_text(&b, stage);
    put_int(&b, step);
    put_text(&b, file);
    put_text(&b, sha256);
    put_int(&b, clock_unix_ms());
    return step_write(s, &b, err);
}

bool store_checkpoint_put(struct store *s, int trial, const char *stage, int step, const char *file, const char *sha256,
                          struct err *err)
{
    return store_enter(s, err) && store_leave(s, checkpoint_put(s, trial, stage, step, file, sha256, err), true, err);
}

static void read_checkpoint(struct column *c, void *row)
{
    struct checkpoint_row *r = row;
    get_copy(c, r->stage, sizeof r->stage);
    r->step = get_int(c);
    get_copy(c, r->file, sizeof r->file);
    get_copy(c, r->sha256, sizeof r->sha256);
    r->time_ms = get_int64(c);
}

int store_checkpoints(struct store *s, int trial, struct checkpoint_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_CHECKPOINTS, err), 0};
    if (!b.stmt)
        return -1;
    put_int(&b, trial);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_checkpoint, &all, err);
    *rows = all;
    return n;
}

static void read_saved(struct column *c, void *row)
{
    struct saved_row *r = row;
    r->trial = get_int(c);
    r->id = get_int64(c);
    r->time_ms = get_int64(c);
}

int store_saved(struct store *s, int64_t after_id, struct saved_row **rows, struct err *err)
{
    *rows = NULL;
    struct binder b = {store_read(s, STMT_SAVED, err), 0};
    if (!b.stmt)
        return -1;
    put_int(&b, after_id);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **rows, read_saved, &all, err);
    *rows = all;
    return n;
}

/* ---- asks ---- */

static bool ask_put(struct store *s, int search_no, int ask_id, const char *json, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_ASK_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, search_no);
    put_int(&b, ask_id);
    put_text(&b, json);
    return step_write(s, &b, err);
}

bool store_ask_put(struct store *s, int search_no, int ask_id, const char *json, struct err *err)
{
    return store_enter(s, err) && store_leave(s, ask_put(s, search_no, ask_id, json, err), true, err);
}

char *store_ask_get(struct store *s, int search_no, int ask_id, struct err *err)
{
    struct binder b = {store_read(s, STMT_ASK_GET, err), 0};
    if (!b.stmt)
        return NULL;
    put_int(&b, search_no);
    put_int(&b, ask_id);
    bool row;
    if (!store_step(s, b.stmt, &row, "read", err) || !row)
        return NULL;
    char *json = xstrdup(get_text(&(struct column){b.stmt, 0}));
    sqlite3_reset(b.stmt);
    return json;
}

/* ---- FSP matrices ---- */

static bool fsp_put(struct store *s, int trial, const char *stage, int step, int pair, char who, int m, int n,
                    const float *g, struct err *err)
{
    struct binder b = {store_prepare(s, STMT_FSP_PUT, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, trial);
    put_text(&b, stage);
    put_int(&b, pair);
    put_text(&b, who == 'T' ? "T" : "S");
    put_int(&b, step);
    put_int(&b, m);
    put_int(&b, n);
    sqlite3_bind_blob64(b.stmt, ++b.at, g, (sqlite3_uint64)m * (sqlite3_uint64)n * sizeof *g, SQLITE_STATIC);
    return step_write(s, &b, err);
}

bool store_fsp_put(struct store *s, int trial, const char *stage, int step, int pair, char who, int m, int n,
                   const float *g, struct err *err)
{
    assert((who == 'T' || who == 'S') && m > 0 && n > 0);
    return store_enter(s, err) && store_leave(s, fsp_put(s, trial, stage, step, pair, who, m, n, g, err), false, err);
}

static bool fsp_copy(struct store *s, sqlite3_stmt *stmt, int *step, int *m, int *n, float **g, struct err *err)
{
    struct column c = {stmt, 0};
    *step = get_int(&c);
    *m = get_int(&c);
    *n = get_int(&c);
    const void *blob = sqlite3_column_blob(stmt, c.at);
    int64_t bytes = sqlite3_column_bytes(stmt, c.at);
    if (*m <= 0 || *n <= 0 || !blob || bytes % (int64_t)sizeof(float) != 0 ||
        (int64_t)*m * *n != bytes / (int64_t)sizeof(float))
        return store_damaged(s, "an FSP matrix does not have the size of its shape", err);
    *g = xmalloc((size_t)bytes);
    memcpy(*g, blob, (size_t)bytes);
    return true;
}

bool store_fsp_get(struct store *s, int trial, const char *stage, int step, int pair, char who, int *found_step, int *m,
                   int *n, float **g, bool *found, struct err *err)
{
    *g = NULL;
    *found = false;
    struct binder b = {store_read(s, STMT_FSP_GET, err), 0};
    if (!b.stmt)
        return false;
    put_int(&b, trial);
    put_text(&b, stage);
    put_int(&b, pair);
    put_text(&b, who == 'T' ? "T" : "S");
    put_int(&b, step);
    bool row;
    if (!store_step(s, b.stmt, &row, "read", err))
        return false;
    if (!row)
        return true;
    bool ok = fsp_copy(s, b.stmt, found_step, m, n, g, err);
    *found = ok;
    sqlite3_reset(b.stmt);
    return ok;
}

static void read_step(struct column *c, void *row)
{
    *(int *)row = get_int(c);
}

int store_fsp_steps(struct store *s, int trial, const char *stage, int **steps, struct err *err)
{
    *steps = NULL;
    struct binder b = {store_read(s, STMT_FSP_STEPS, err), 0};
    if (!b.stmt)
        return -1;
    put_int(&b, trial);
    put_text(&b, stage);
    void *all;
    int n = list_rows(s, b.stmt, sizeof **steps, read_step, &all, err);
    *steps = all;
    return n;
}
