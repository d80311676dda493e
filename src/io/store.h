/* store: runs/STUDY/study.db, the one truth about a study, in SQLite (WAL, busy_timeout, BEGIN IMMEDIATE). All the SQL of
 * the program is behind this header. One writer (the study process's worker thread), any number of readers, each
 * with a handle of its own; a handle belongs to one thread.
 *
 * Errors: ERR_BUSY (locked by another), ERR_FORMAT (not a database, damaged, or written by a newer version: the
 * message says which versions), ERR_IO (disk full, read-only folder: the path and the reason), ERR_STATE (a row that
 * names a trial there is none of, a write through a handle opened for reading). A failed write leaves the store as it
 * was.
 *
 * What is committed survives the death of the process, whichever way. Against a power cut, study, trials, events,
 * checkpoints and asks are on the disk when the call (or the group's commit) returns, at the price of one fsync; values and
 * FSP matrices alone are not waited for: the last seconds of a curve may go, never its consistency. */
#ifndef FSPLAB_STORE_H
#define FSPLAB_STORE_H

#include "../base.h"

#define STORE_VERSION 1

#define TRIAL_STATES(X)                                                                                                \
    X(QUEUED, "queued")                                                                                                \
    X(RUNNING, "running")                                                                                              \
    X(PAUSED, "paused")                                                                                                \
    X(COMPLETE, "complete")                                                                                            \
    X(PRUNED, "pruned")                                                                                                \
    X(DIVERGED, "diverged")                                                                                            \
    X(FAILED, "failed")                                                                                                \
    X(STOPPED, "stopped")
enum trial_state {
#define X(code, name) TRIAL_##code,
    TRIAL_STATES(X)
#undef X
};
const char *trial_state_name(enum trial_state);
int trial_state_find(const char *name); /* -1 */

enum trial_kind {
    TRIAL_SEARCH, /* a searched point */
    TRIAL_REPEAT, /* a re-run of the recommended one */
    TRIAL_MANUAL, /* enqueued or cloned */
};

struct store;
const char *store_library_version(void); /* SQLite's */
/* Opens for writing, creating file, folder and schema when absent. */
struct store *store_open(const char *path, struct err *);
/* Opens an existing store for reading only; ERR_IO when there is none, or nothing in it yet. Works while a writer
 * runs, after it died, and in a folder that may not be written. */
struct store *store_open_readonly(const char *path, struct err *);
void store_close(struct store *); /* NULL is fine; an open group is rolled back */
/* How long a call waits for another process before ERR_BUSY; 2000 ms at first. */
void store_set_patience(struct store *, int ms);

/* Groups writes; nests not. Without them each write is a transaction of its own. commit may fail (disk full): the
 * group is then rolled back. When a write in a group fails, the group is rolled back at once and its later writes and its
 * commit fail with the same error, so that half a group is never kept. */
bool store_begin(struct store *, struct err *);
bool store_commit(struct store *, struct err *);

/* ---- the study (one row) ---- */
struct study_row {
    char name[64];
    char *settings; /* params_canonical text it was started with; owned by the row */
    int64_t created_ms;
    char state[16];   /* running, paused, stopped, complete, failed */
    char reason[256]; /* why it ended */
};
bool store_study_put(struct store *, const struct study_row *, struct err *); /* insert or update */
bool store_study_get(struct store *, struct study_row *, bool *found, struct err *);
void study_row_release(struct study_row *);

/* ---- trials ---- */
#define TRIAL_PARAMS_MAX 16
struct trial_row {
    int number; /* from 1 */
    enum trial_kind kind;
    int search_no, ask_id; /* which of search_repeats (0..) and which ask in it; repeats: the ask_id re-run; -1: none */
    int repeat;            /* 0 = the trial itself, k = k-th re-run (seed + k) */
    enum trial_state state;
    int64_t seed;
    int n_params; /* the searched values */
    char param_name[TRIAL_PARAMS_MAX][64];
    double param_value[TRIAL_PARAMS_MAX];
    bool edited, collapsed;             /* changed by hand while running; FSP collapse seen */
    double val_accuracy, test_accuracy; /* NaN = not known */
    double best_val_accuracy;           /* NaN = not known */
    double seconds_teacher, seconds_transfer, seconds_finetune;
    char dir[256];    /* "runs/demo/trial-0001" */
    char reason[256]; /* why it is diverged, failed, pruned, stopped; "" otherwise */
};
bool store_trial_put(struct store *, const struct trial_row *, struct err *); /* insert or update by number */
/* All trials by number; free(). Returns the count, -1 on error. */
int store_trials(struct store *, struct trial_row **rows, struct err *);
/* The same, of the numbers FIRST to LAST: for a reader that follows. */
int store_trials_between(struct store *, int first, int last, struct trial_row **rows, struct err *);

/* How many there are and are complete, and the best validation accuracy of any (NaN: none), without reading them all. */
bool store_trials_sum(struct store *, int *trials, int *complete, double *best, struct err *);

/* ---- values per step: key is "fsp1", "ce", "loss", "train_accuracy", "val_accuracy", "lr", ... ---- */
struct value_row {
    int step;
    double value, seconds; /* seconds: trial's running time at that step */
};
/* Replaces an equal (trial, stage, step, key). The trial must be there. NaN and infinities are kept. About 5 us in a
 * group. */
bool store_value_put(struct store *, int trial, const char *stage, int step, const char *key, double value,
                     double seconds, struct err *);
/* By step; free(). -1 on error. */
int store_values(struct store *, int trial, const char *stage, const char *key, struct value_row **rows, struct err *);
/* The same, of steps > after_step only: for a reader that follows. */
int store_values_after(struct store *, int trial, const char *stage, const char *key, int after_step,
                       struct value_row **rows, struct err *);

/* One curve of each of the trials FIRST to LAST, by trial and step, in one go; free(). -1 on error. */
struct trial_value_row {
    int trial, step;
    double value;
};
int store_values_of_all(struct store *, int first, int last, const char *stage, const char *key,
                        struct trial_value_row **rows, struct err *err);

/* Which curves a trial has, in the order they began. */
struct series_row {
    char stage[16], key[64];
    int first_step, last_step;
};
int store_series(struct store *, int trial, struct series_row **rows, struct err *); /* free(); -1 on error */

/* ---- events: pause, resume, every live change, checkpoint, warning, state changes ---- */
struct event_row {
    int64_t id, time_ms;
    int trial; /* 0 = the study */
    char stage[16];
    int step;
    char kind
        [24]; /* "set", "skip", "clone", "range", "import", "pause", "resume", "resumed_at", "warning", "diverged", ... */
    char key[64];         /* of a set; of a range: the setting; of a clone: "cold" or "warm" */
    double before, after; /* of a set; of a clone before is the number of the trial cloned; NaN otherwise */
    char text[512];
};
/* The store gives the id, and the time where time_ms is 0. */
bool store_event_put(struct store *, const struct event_row *, struct err *);
/* Events with id > after_id, in order; trial < 0 = all. free(). -1 on error. */
int store_events(struct store *, int trial, int64_t after_id, struct event_row **rows, struct err *);

/* ---- checkpoints, asks, FSP matrices ---- */
struct checkpoint_row {
    char stage[16];
    int step;
    char file[256], sha256[65];
    int64_t time_ms;
};
bool store_checkpoint_put(struct store *, int trial, const char *stage, int step, const char *file, const char *sha256,
                          struct err *);
/* A trial's checkpoints, the one put last first; free(). -1 on error. */
int store_checkpoints(struct store *, int trial, struct checkpoint_row **rows, struct err *);
/* When each trial was saved last, as far as that was after the checkpoint of that id (0: any); free(). -1 on error. */
struct saved_row {
    int trial;
    int64_t id, time_ms;
};
int store_saved(struct store *, int64_t after_id, struct saved_row **rows, struct err *);
/* What an ask knew (strategy, point, fitted hyperparameters), as JSON text. */
bool store_ask_put(struct store *, int search_no, int ask_id, const char *json, struct err *);
char *store_ask_get(struct store *, int search_no, int ask_id, struct err *); /* free(); NULL: absent or error */
/* Mean over that step's batch of the FSP matrix of PAIR (1..3); who: 'T' or 'S'; g: (m, n) row-major. */
bool store_fsp_put(struct store *, int trial, const char *stage, int step, int pair, char who, int m, int n,
                   const float *g, struct err *);
/* The newest matrix at or before STEP; *g is free()'d by the caller. *found = false when there is none. */
bool store_fsp_get(struct store *, int trial, const char *stage, int step, int pair, char who, int *found_step, int *m,
                   int *n, float **g, bool *found, struct err *);
/* The steps of a stage at which matrices were recorded, ascending; free(). Returns the count, -1 on error. */
int store_fsp_steps(struct store *, int trial, const char *stage, int **steps, struct err *);

#endif
