/* Connection, schema, transactions and errors. One connection a handle, without SQLite's own mutexes (a handle
 * belongs to one thread), in WAL mode with synchronous=NORMAL: a commit is a write to the log, safe against the death
 * of the process. Commits that hold more than values sync the log themselves (sync_log), which is what
 * synchronous=FULL would do, but chosen for each transaction rather than for the connection. Every write begins with
 * BEGIN IMMEDIATE, so that waiting happens at one place and a lock is never upgraded half-way. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "store_private.h"

#include "fsutil.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { APPLICATION_ID = 0x4653504c /* "FSPL" */, PATIENCE_MS = 2000, RETRY_MS = 10 };

/* migrations[v] leads from version v to v + 1. Never edit one that was released; append. Trials are referred to by
 * number; trial 0 of an event, the study, is NULL. NaN is NULL. */
static const char *const migrations[STORE_VERSION] = {
    "CREATE TABLE study (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, settings TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL);"
    "CREATE TABLE trial (number INTEGER PRIMARY KEY CHECK (number >= 1), kind TEXT NOT NULL,"
    "  search_no INTEGER NOT NULL, ask_id INTEGER NOT NULL, repeat INTEGER NOT NULL, state TEXT NOT NULL,"
    "  seed INTEGER NOT NULL, edited INTEGER NOT NULL, collapsed INTEGER NOT NULL, val_accuracy REAL,"
    "  test_accuracy REAL, best_val_accuracy REAL, seconds_teacher REAL, seconds_transfer REAL,"
    "  seconds_finetune REAL, dir TEXT NOT NULL, reason TEXT NOT NULL);"
    "CREATE TABLE param (trial INTEGER NOT NULL REFERENCES trial, position INTEGER NOT NULL, name TEXT NOT NULL,"
    "  value REAL, PRIMARY KEY (trial, position)) WITHOUT ROWID;"
    "CREATE TABLE series (id INTEGER PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trial, stage TEXT NOT NULL,"
    "  key TEXT NOT NULL, UNIQUE (trial, stage, key));"
    "CREATE TABLE value (series INTEGER NOT NULL REFERENCES series, step INTEGER NOT NULL, value REAL,"
    "  seconds REAL, PRIMARY KEY (series, step)) WITHOUT ROWID;"
    "CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    "  trial INTEGER REFERENCES trial, stage TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  key TEXT NOT NULL, before REAL, after REAL, text TEXT NOT NULL);"
    "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY AUTOINCREMENT, trial INTEGER NOT NULL REFERENCES trial,"
    "  stage TEXT NOT NULL, step INTEGER NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,"
    "  time_ms INTEGER NOT NULL);"
    "CREATE INDEX checkpoint_of_trial ON checkpoint (trial, id);"
    "CREATE TABLE ask (search_no INTEGER NOT NULL, ask_id INTEGER NOT NULL, json TEXT NOT NULL,"
    "  PRIMARY KEY (search_no, ask_id));"
    "CREATE TABLE fsp (trial INTEGER NOT NULL REFERENCES trial, stage TEXT NOT NULL, pair INTEGER NOT NULL,"
    "  who TEXT NOT NULL, step INTEGER NOT NULL, m INTEGER NOT NULL, n INTEGER NOT NULL, g BLOB NOT NULL,"
    "  PRIMARY KEY (trial, stage, pair, who, step));"
    /* for people with the sqlite3 shell */
    "CREATE VIEW curve AS SELECT trial, stage, key, step, value, seconds FROM value JOIN series ON series.id = series;",
};

/* ---- errors ---- */

static bool fail(struct store *s, struct err *err, const struct err *e)
{
    s->failed = *e;
    if (err)
        *err = *e;
    return false;
}

/* The log's file, NULL when there is none. */
static sqlite3_file *log_file(struct store *s)
{
    sqlite3_file *log = NULL;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK)
        return NULL;
    return log && log->pMethods ? log : NULL;
}

/* The system's reason for an I/O failure ("disk quota exceeded"). A failing COMMIT does not pass it on, the file
 * that failed still knows it. */
static bool fail_io(struct store *s, const char *verb, struct err *e)
{
    int errnum = sqlite3_system_errno(s->db);
    sqlite3_file *log = errnum ? NULL : log_file(s);
    if (log)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &errnum);
    if (!errnum)
        sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &errnum);
    if (errnum)
        return fs_err(e, verb, s->path, errnum);
    return err_set(e, ERR_IO, "cannot %s '%s': %s", verb, s->path, sqlite3_errmsg(s->db));
}

bool store_fail(struct store *s, const char *verb, struct err *err)
{
    struct err e = {0};
    const char *says = sqlite3_errmsg(s->db);
    switch (sqlite3_extended_errcode(s->db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        err_set(&e, ERR_BUSY, "cannot %s '%s': another process has had it locked for %.1f s", verb, s->path,
                s->patience_ms / 1000.0);
        break;
    case SQLITE_NOTADB: err_set(&e, ERR_FORMAT, "'%s' is not an SQLite database", s->path); break;
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our SQL is right, so a table or a column is missing */
    case SQLITE_SCHEMA: err_set(&e, ERR_FORMAT, "'%s' is damaged: %s", s->path, says); break;
    case SQLITE_FULL: err_set(&e, ERR_IO, "cannot %s '%s': disk full", verb, s->path); break;
    case SQLITE_READONLY:
        err_set(&e, ERR_IO, "cannot %s '%s': the file or its folder is read-only", verb, s->path);
        break;
    case SQLITE_CONSTRAINT:
        err_set(&e, ERR_STATE, "cannot %s '%s': %s", verb, s->path,
                sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_FOREIGNKEY
                    ? "the row names a trial that is not there"
                    : says);
        break;
    default: fail_io(s, verb, &e);
    }
    return fail(s, err, &e);
}

bool store_damaged(struct store *s, const char *what, struct err *err)
{
    struct err e = {0};
    err_set(&e, ERR_FORMAT, "'%s' is damaged: %s", s->path, what);
    return fail(s, err, &e);
}

/* ---- statements ---- */

sqlite3_stmt *store_prepare(struct store *s, enum store_stmt id, struct err *err)
{
    if (!s->stmt[id]) {
        if (sqlite3_prepare_v3(s->db, store_sql[id], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[id], NULL) != SQLITE_OK) {
            store_fail(s, "read", err);
            return NULL;
        }
    }
    sqlite3_clear_bindings(s->stmt[id]);
    return s->stmt[id];
}

bool store_step(struct store *s, sqlite3_stmt *stmt, bool *row, const char *verb, struct err *err)
{
    int rc = sqlite3_step(stmt);
    if (row)
        *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return true;
    bool ok = rc == SQLITE_DONE || store_fail(s, verb, err);
    sqlite3_reset(stmt); /* a statement left half-way holds its lock */
    return ok;
}

static bool run(struct store *s, enum store_stmt id, struct err *err)
{
    sqlite3_stmt *stmt = store_prepare(s, id, err);
    return stmt && store_step(s, stmt, NULL, "write", err);
}

static bool exec(struct store *s, const char *sql, const char *verb, struct err *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, verb, err);
}

static bool query_int(struct store *s, const char *sql, int64_t *value, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    bool ok = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK || store_fail(s, "read", err);
    ok = ok && store_step(s, stmt, &row, "read", err);
    *value = row ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return ok;
}

/* ---- transactions ---- */

static bool begin(struct store *s, struct err *err)
{
    s->durable = false;
    return run(s, STMT_BEGIN, err);
}

static void rollback(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db)) /* SQLite may have rolled back by itself, on a full disk for one */
        run(s, STMT_ROLLBACK, NULL);
}

/* fsync of the log. The rows are committed and visible either way, so a failure is only told. */
static void sync_log(struct store *s)
{
    sqlite3_file *log = log_file(s);
    if (log && log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        log_msg(LOG_WARN, "cannot sync '%s-wal': a power cut now may lose the last changes", s->path);
}

static bool commit(struct store *s, struct err *err)
{
    struct err e = {0};
    if (!run(s, STMT_COMMIT, &e)) {
        rollback(s);
        return fail(s, err, &e);
    }
    if (s->durable)
        sync_log(s);
    return true;
}

static bool writable(struct store *s, struct err *err)
{
    struct err e = {0};
    if (!s->readonly)
        return true;
    err_set(&e, ERR_STATE, "cannot write '%s': it was opened for reading only", s->path);
    return fail(s, err, &e);
}

bool store_begin(struct store *s, struct err *err)
{
    assert(!s->in_group);
    s->group_failed = false;
    s->in_group = writable(s, err) && begin(s, err);
    return s->in_group;
}

bool store_commit(struct store *s, struct err *err)
{
    assert(s->in_group);
    s->in_group = false;
    if (!s->group_failed)
        return commit(s, err);
    if (err)
        *err = s->failed;
    return false;
}

bool store_enter(struct store *s, struct err *err)
{
    if (!s->in_group)
        return writable(s, err) && begin(s, err);
    if (s->group_failed && err)
        *err = s->failed;
    return !s->group_failed;
}

bool store_leave(struct store *s, bool ok, bool durable, struct err *err)
{
    s->durable = s->durable || durable;
    if (!ok) {
        rollback(s);
        s->group_failed = s->in_group;
        return false;
    }
    return s->in_group || commit(s, err);
}

/* ---- opening ---- */

/* The name as a URI: '%', '?' and '#' escaped. free() it. */
static char *immutable_uri(const char *path)
{
    size_t cap = 3 * strlen(path) + 32;
    char *uri = xmalloc(cap);
    size_t n = str_append(uri, cap, 0, "file:");
    for (const char *p = path; *p; p++)
        n = str_append(uri, cap, n, strchr("%?#", *p) ? "%%%02X" : "%c", (unsigned char)*p);
    str_append(uri, cap, n, "?immutable=1");
    return uri;
}

static void disconnect(struct store *s)
{
    for (int i = 0; i < STMT_COUNT; i++) {
        sqlite3_finalize(s->stmt[i]);
        s->stmt[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
}

static bool connect(struct store *s, struct err *err)
{
    char *uri = s->immutable ? immutable_uri(s->path) : NULL;
    int flags = SQLITE_OPEN_NOMUTEX | (s->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int rc = sqlite3_open_v2(uri ? uri : s->path, &s->db, uri ? flags | SQLITE_OPEN_URI : flags, NULL);
    free(uri);
    if (!s->db)
        return err_set(err, ERR_IO, "cannot open '%s': out of memory", s->path);
    sqlite3_extended_result_codes(s->db, 1);
    if (rc != SQLITE_OK)
        return store_fail(s, "open", err);
    sqlite3_busy_timeout(s->db, s->patience_ms);
    /* A study's file may come from a stranger: no functions with side effects in its schema. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return exec(s, "PRAGMA foreign_keys = ON", "open", err);
}

/* The three facts that tell a file of ours, as of one moment: another process may be making the schema. */
static bool read_identity(struct store *s, int64_t *id, int64_t *version, int64_t *tables, struct err *err)
{
    bool alone = sqlite3_get_autocommit(s->db);
    if (alone && !exec(s, "BEGIN", "read", err))
        return false;
    bool ok = query_int(s, "PRAGMA application_id", id, err) && query_int(s, "PRAGMA user_version", version, err) &&
              query_int(s, "SELECT count(*) FROM sqlite_master", tables, err);
    if (alone)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* Whether the file is ours and of a version we know. *version is 0 for an empty database. */
static bool identify(struct store *s, int64_t *version, struct err *err)
{
    int64_t id, tables;
    if (!read_identity(s, &id, version, &tables, err))
        return false;
    struct err e = {0};
    if (id != APPLICATION_ID && (id != 0 || *version != 0 || tables != 0))
        err_set(&e, ERR_FORMAT, "'%s' is a database of another program", s->path);
    else if (*version > STORE_VERSION)
        err_set(&e, ERR_FORMAT, "'%s' has store version %lld, this program knows versions up to %d: use a newer fsplab",
                s->path, (long long)*version, STORE_VERSION);
    else if (*version < 0)
        err_set(&e, ERR_FORMAT, "'%s' has store version %lld, allowed are 1 to %d", s->path, (long long)*version,
                STORE_VERSION);
    return !e.code || fail(s, err, &e);
}

/* Entering WAL needs the file for itself for a moment, and SQLite does not wait there. Where there is no shared
 * memory (some network file systems) the rollback journal does, slower and with readers that wait. */
static bool enter_wal(struct store *s, struct err *err)
{
    for (int waited = 0;; waited += RETRY_MS) {
        int rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY || waited >= s->patience_ms) {
            if (rc != SQLITE_OK)
                return store_fail(s, "write", err);
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
    }
    sqlite3_stmt *stmt = NULL;
    bool wal = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
               sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    if (!wal)
        log_msg(LOG_WARN, "'%s' lies on a file system without shared memory: readers will have to wait for the writer",
                s->path);
    return exec(s,
                wal ? "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608" : "PRAGMA synchronous = FULL",
                "write", err);
}

/* In one transaction: two processes may get here at the same time. */
static bool migrate(struct store *s, struct err *err)
{
    int64_t version;
    if (!begin(s, err))
        return false;
    bool ok = identify(s, &version, err);
    char pragmas[96];
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
             STORE_VERSION);
    for (; ok && version < STORE_VERSION; version++)
        ok = exec(s, migrations[version], "write", err);
    ok = ok && exec(s, pragmas, "write", err);
    if (!ok) {
        rollback(s);
        return false;
    }
    s->durable = true;
    return commit(s, err);
}

static struct store *store_new(const char *path, bool readonly)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->path = xstrdup(path);
    s->patience_ms = PATIENCE_MS;
    s->readonly = readonly;
    return s;
}

const char *store_library_version(void)
{
    return sqlite3_libversion();
}

void store_close(struct store *s)
{
    if (!s)
        return;
    disconnect(s);
    free(s->path);
    free(s);
}

void store_set_patience(struct store *s, int ms)
{
    s->patience_ms = ms;
    if (s->db)
        sqlite3_busy_timeout(s->db, ms);
}

struct store *store_open(const char *path, struct err *err)
{
    char *dir = fs_dirname(path);
    bool ok = fs_mkdirs(dir, err);
    free(dir);
    if (!ok)
        return NULL;
    struct store *s = store_new(path, false);
    int64_t version = 0;
    ok = connect(s, err) && identify(s, &version, err) && enter_wal(s, err) &&
         (version == STORE_VERSION || migrate(s, err));
    if (ok)
        return s;
    store_close(s);
    return NULL;
}

/* ---- reading only ---- */

static bool stamp_of(const char *path, struct file_stamp *stamp)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    *stamp = (struct file_stamp){st.st_size, st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec,
                                 (int64_t)st.st_ino};
    return true;
}

/* Whether there is a log with rows that the file itself does not have yet. */
static bool has_log(const struct store *s)
{
    char *name = xstrfmt("%s-wal", s->path);
    struct file_stamp log;
    bool there = stamp_of(name, &log) && log.size > 0;
    free(name);
    return there;
}

static bool find_way_in(struct store *s, struct err *err)
{
    struct err e = {0};
    int64_t version = 0;
    if (!stamp_of(s->path, &s->stamp)) {
        if (errno == ENOENT)
            return err_set(err, ERR_IO, "cannot open '%s': no such file", s->path);
        return fs_err(err, "open", s->path, errno);
    }
    s->immutable = false;
    bool ok = connect(s, &e) && identify(s, &version, &e);
    if (!ok && e.code == ERR_IO) {
        /* WAL needs a file for shared memory beside the database. If it cannot be made, nobody is writing there
         * either, and if no log is left the file alone is the whole truth. */
        if (has_log(s))
            return err_set(err, ERR_IO,
                           "cannot open '%s': its log '%s-wal' is not merged yet, and the folder is read-only: "
                           "copy both to a folder that can be written",
                           s->path, s->path);
        disconnect(s);
        s->immutable = true;
        ok = connect(s, &e) && identify(s, &version, &e);
    }
    if (!ok)
        return fail(s, err, &e);
    if (version == 0)
        return err_set(err, ERR_IO, "cannot open '%s': there is nothing in it yet", s->path);
    return true;
}

static bool connect_readonly(struct store *s, struct err *err)
{
    if (find_way_in(s, err))
        return true;
    disconnect(s);
    return false;
}

struct store *store_open_readonly(const char *path, struct err *err)
{
    struct store *s = store_new(path, true);
    if (connect_readonly(s, err))
        return s;
    store_close(s);
    return NULL;
}

sqlite3_stmt *store_read(struct store *s, enum store_stmt id, struct err *err)
{
    struct file_stamp now;
    if (s->immutable && (has_log(s) || !stamp_of(s->path, &now) || memcmp(&now, &s->stamp, sizeof now) != 0))
        disconnect(s);
    if (!s->db && !connect_readonly(s, err)) /* also when an earlier attempt failed */
        return NULL;
    return store_prepare(s, id, err);
}
