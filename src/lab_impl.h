/* lab_impl: what lab.c (queue, snapshots, threads) and the workers' files share.
 *
 * Locks. The study's lock is held by a worker whenever it touches anything of the study, that is, all the time but while it
 * trains (a step, loading and saving nets, a test set) and while it waits. queue_mutex, state_mutex and probe_mutex are
 * taken by the outside, too, which never takes the study's; a worker takes each of them inside the study's, and never one
 * in another. */
#ifndef FSPLAB_LAB_IMPL_H
#define FSPLAB_LAB_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "history.h"
#include "lab.h"
#include "search/search.h"
#include "io/edited.h"
#include "io/stopped.h"
#include "trial_script.h"

enum { LAB_QUEUE = 64 };

/* A thread that runs one trial after the other, with a backend of its own. */
struct worker {
    struct lab *lab;
    pthread_t thread;
    struct backend *be;
    struct trial_env env;

    /* under the study's lock */
    bool busy;              /* it has a job */
    int at;                 /* the row of its job; -1: it has none, or the job is of no trial */
    struct lab_state shown; /* its trial, as a snapshot shows it; the other fields are not used */

    /* the trial that it runs: others may read the row and whether there is a trial, the worker alone touches the rest */
    struct trial_row row;       /* newer than the journal's until the trial has ended */
    struct trial *trial;        /* NULL: there is none, or it is not in memory yet */
    bool dozing;                /* the trial sleeps, saved and recorded as paused */
    struct trial_script script; /* recorded changes that it has still to be given */
    bool saved;                 /* the checkpoint on disk is of this very step */
    bool told_off;              /* the record has that the stopping rule is off here */
    int train_n;
};

/* What the study is at; see lab_study.c. */
enum phase { PHASE_SEARCH, PHASE_EXTRAS, PHASE_REPEATS, PHASE_END };

struct lab {
    struct params params;
    char *dir, *runs;
    int lock_fd, wake_fd;
    bool locked; /* the lock names this process */

    pthread_mutex_t queue_mutex; /* protects queue, queued, first, closing and news; queue_cond goes with it */
    pthread_cond_t queue_cond;   /* news has changed */
    unsigned news;               /* counts whatever a worker that has nothing to do might be waiting for */
    struct lab_cmd queue[LAB_QUEUE];
    int first, queued;
    bool closing; /* from now on every command taken is LAB_QUIT */

    pthread_mutex_t state_mutex; /* protects state */
    struct lab_state state;

    pthread_mutex_t probe_mutex; /* protects probes and n_probes */
    struct lab_probe *probes[LAB_PROBES];
    unsigned n_probes;

    /* set before the workers begin, and not changed */
    struct worker *worker;
    int n_workers, n_started;
    struct dataset data;
    char *teachers_dir;
    struct space space;

    pthread_mutex_t study_mutex; /* protects all below, and the workers where they say so */
    struct store *store;
    struct search *search;
    int search_no;
    enum phase phase;
    struct trial_row *rows; /* the journal: as found when the process began, then as trials end */
    int n_rows;
    struct stopped_list stopped; /* by a stopping rule, thawed or not */
    struct edited_list edited;   /* what trials changed by hand ended with */
    bool searching;
    int asked, waiting;      /* of the present search: points asked for, and enqueued ones that it still holds */
    bool asked_out;          /* it has said that it is done */
    int known;               /* of the present search: rows looked at for trials from elsewhere */
    int *open, n_open;       /* rows asked for and not told yet, in the order of the asks */
    int *told, n_told;       /* ids told since the latest ask that is in the journal */
    int settled;             /* so many rows from the first on have ended, whatever search they are of */
    int best_at;             /* PHASE_REPEATS: the recommended row; -1: none */
    int *repeat_at;          /* PHASE_REPEATS: (repeats) its re-runs' rows, 0: itself; -1: not made yet */
    struct worker *teaching; /* who trains the teacher; no other begins a trial meanwhile */
    struct lab_state draft;  /* the next snapshot, but for what is of trials: that is the workers' */
    struct worker *lead;     /* whose trial the snapshot shows */
    bool quit, stop, paused; /* asked for */
    bool pausing;            /* not all trials sleep yet; no command is taken before they do */
    struct lab_ack pause_ack;
    bool begun, over, failed;
    struct err failure;
    int working; /* workers that have not left */
    double last_publish, last_commit;
    bool in_group;
};

/* The study's lock. */
void lab_enter(struct lab *);
void lab_leave(struct lab *);
/* To wait: read the news, see that there is nothing to do, wait for other news. The lock is left meanwhile. */
unsigned lab_news(struct lab *);
void lab_wait(struct lab *, unsigned seen);
void lab_stir(struct lab *); /* something may have changed for a worker that waits */

/* The next command, if IS_FOR takes it for the worker's; those behind it wait until it is taken. */
bool lab_take(struct lab *, struct worker *, struct lab_cmd *,
              bool (*is_for)(const struct worker *, const struct lab_cmd *));
/* Makes the draft the snapshot and wakes the watcher. */
void lab_publish(struct lab *);
void lab_answer(struct lab *, const struct lab_ack *);
/* lab.c, for lab_import: lock and store of a study whose trials are not run here. NULL with err; lab_forget ends it. */
struct lab *lab_open_record(const char *study, const char *runs, const struct params *, struct err *);
void lab_forget(struct lab *);
/* lab_settings.c: the store's row of the study is made, or compared with the settings of now and brought up to them. */
bool lab_match_settings(struct lab *, struct err *);
/* A worker's whole work, in its thread; the last one to leave ends the study: sets draft.exit_status and ended. */
void lab_work(struct worker *);

#endif
