/* store_cursor: two small cursors over a statement, for store_rows.c and store_saved.c. Parameters are bound and columns are read
 * strictly in the order of the SQL text, so that a put reads like the statement it fills. */
#ifndef FSPLAB_STORE_CURSOR_H
#define FSPLAB_STORE_CURSOR_H

#include "store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- parameters in ---- */

struct binder {
    sqlite3_stmt *stmt;
    int at;
};

static inline void put_int(struct binder *b, int64_t v)
{
    sqlite3_bind_int64(b->stmt, ++b->at, v);
}

/* SQLite has no NaN: NULL stands for it. */
static inline void put_real(struct binder *b, double v)
{
    if (isnan(v))
        sqlite3_bind_null(b->stmt, ++b->at);
    else
        sqlite3_bind_double(b->stmt, ++b->at, v);
}

/* The text must live until the step. */
static inline void put_text(struct binder *b, const char *v)
{
    sqlite3_bind_text(b->stmt, ++b->at, v ? v : "", -1, SQLITE_STATIC);
}

/* ---- columns out ---- */

struct column {
    sqlite3_stmt *stmt;
    int at;
};

static inline int64_t get_int64(struct column *c)
{
    return sqlite3_column_int64(c->stmt, c->at++);
}

static inline int get_int(struct column *c)
{
    return sqlite3_column_int(c->stmt, c->at++);
}

static inline double get_real(struct column *c)
{
    int at = c->at++;
    return sqlite3_column_type(c->stmt, at) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(c->stmt, at);
}

/* "" for NULL; valid until the next step. */
static inline const char *get_text(struct column *c)
{
    const char *text = (const char *)sqlite3_column_text(c->stmt, c->at++);
    return text ? text : "";
}

/* By hand: a log of 100,000 events is read while somebody waits for the first frame, and snprintf was half of that. */
static inline void get_copy(struct column *c, char *buf, size_t cap)
{
    const char *text = get_text(c);
    size_t n = strnlen(text, cap - 1);
    memcpy(buf, text, n);
    buf[n] = 0;
}

/* An array that grows as rows come. */
struct list {
    void *rows;
    size_t n, cap, size;
};

static inline void *list_push(struct list *l)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 16;
        l->rows = xrealloc(l->rows, l->cap * l->size);
    }
    void *row = (char *)l->rows + l->n++ * l->size;
    memset(row, 0, l->size);
    return row;
}

/* Hands the rows over: the count, or -1 and nothing. */
static inline int list_finish(struct list *l, bool ok, void **rows)
{
    *rows = ok ? l->rows : NULL;
    if (!ok)
        free(l->rows);
    return ok ? (int)l->n : -1;
}

typedef void row_reader(struct column *, void *row);

/* All rows of a bound statement. */
static inline int list_rows(struct store *s, sqlite3_stmt *stmt, size_t size, row_reader *read, void **rows,
                            struct err *err)
{
    struct list list = {.size = size};
    bool row, ok;
    while ((ok = store_step(s, stmt, &row, "read", err)) && row)
        read(&(struct column){stmt, 0}, list_push(&list));
    return list_finish(&list, ok, rows);
}

static inline bool step_write(struct store *s, struct binder *b, struct err *err)
{
    return store_step(s, b->stmt, NULL, "write", err);
}

#endif
