/* What store.c (connection, schema, transactions, errors) lends to store_rows.c and store_saved.c (the rows). Nobody else includes it. */
#ifndef FSPLAB_STORE_PRIVATE_H
#define FSPLAB_STORE_PRIVATE_H

#include "store.h"

#include <sqlite3.h>

/* Every statement but pragmas and schema; its text is in store_sql[]. */
enum store_stmt {
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_STUDY_PUT,
    STMT_STUDY_GET,
    STMT_TRIAL_PUT,
    STMT_PARAM_CLEAR,
    STMT_PARAM_PUT,
    STMT_TRIALS,
    STMT_TRIALS_SUM,
    STMT_SERIES_FIND,
    STMT_SERIES_PUT,
    STMT_SERIES_LIST,
    STMT_VALUE_PUT,
    STMT_VALUES,
    STMT_EVENT_PUT,
    STMT_EVENTS,
    STMT_CHECKPOINT_PUT,
    STMT_CHECKPOINTS,
    STMT_SAVED,
    STMT_VALUES_OF_ALL,
    STMT_ASK_PUT,
    STMT_ASK_GET,
    STMT_FSP_PUT,
    STMT_FSP_GET,
    STMT_FSP_STEPS,
    STMT_COUNT
};
extern const char *const store_sql[STMT_COUNT];

/* What must be known to see that a file opened as immutable has changed after all. */
struct file_stamp {
    int64_t size, mtime_ns, inode;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *stmt[STMT_COUNT]; /* prepared at first use */
    char *path;
    int patience_ms;
    bool readonly;
    bool immutable; /* opened without locks, in a folder that may not be written */
    struct file_stamp stamp;
    bool in_group;
    bool durable;      /* the running transaction holds rows that are worth an fsync */
    struct err failed; /* the last failure; in a group that was rolled back, its cause */
    bool group_failed;
};

/* The statement, reset and without bindings; NULL with err. Reads must go through store_read. */
sqlite3_stmt *store_prepare(struct store *, enum store_stmt, struct err *);
/* The same for a read: first looks whether an immutable file has changed, and opens it anew. */
sqlite3_stmt *store_read(struct store *, enum store_stmt, struct err *);
/* One step. *row tells whether there is a row; NULL where none can come. VERB is for the message: "read", "write". After
 * the last row and after a failure the statement is reset. */
bool store_step(struct store *, sqlite3_stmt *, bool *row, const char *verb, struct err *);
/* Fills err from SQLite's last failure. Returns false. */
bool store_fail(struct store *, const char *verb, struct err *);
/* ERR_FORMAT "'path' is damaged: WHAT". Returns false. */
bool store_damaged(struct store *, const char *what, struct err *);

/* Round every write: enter; statements; `return store_leave(s, ok, durable, err)`. Outside a group they are a
 * transaction of their own. When enter fails, leave must not be called. */
bool store_enter(struct store *, struct err *);
bool store_leave(struct store *, bool ok, bool durable, struct err *);

#endif
