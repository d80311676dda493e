/* lab_impl: what lab.c (queue, snapshots, thread) and lab_study.c (the worker's work) share. */
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

/* Trains one trial after the other, with a backend of its own. */
struct worker {
    struct lab *lab;
    pthread_t thread;
    bool started;
    struct backend *be;
    struct trial_env env;
    struct lab_state shown; /* its trial, as a snapshot shows it; the other fields are not used */

    /* the trial that it runs */
    struct trial_row row;
    struct trial *trial;
    struct trial_script script; /* recorded changes that it has still to be given */
    bool saved;                 /* the checkpoint on disk is of this very step */
    bool told_off;              /* the record has that the stopping rule is off here */
    int train_n;
};

struct lab {
    struct params params;
    char *dir, *runs;
    int lock_fd, wake_fd;
    bool locked; /* the lock names this process */

    pthread_mutex_t queue_mutex; /* protects queue, queued, first and closing; queue_cond goes with it */
    pthread_cond_t queue_cond;
    struct lab_cmd queue[LAB_QUEUE];
    int first, queued;
    bool closing; /* from now on every command taken is LAB_QUIT */

    pthread_mutex_t state_mutex; /* protects state */
    struct lab_state state;

    pthread_mutex_t probe_mutex; /* protects probes and n_probes */
    struct lab_probe *probes[LAB_PROBES];
    unsigned n_probes;

    struct worker *worker;
    int n_workers;

    /* the worker's own */
    struct store *store;
    struct dataset data;
    char *teachers_dir;
    struct search *search;
    int search_no;
    struct space space;
    struct trial_row *rows; /* the journal: as found when the process began, then as trials end */
    int n_rows;
    struct stopped_list stopped; /* by a stopping rule, thawed or not */
    struct edited_list edited;   /* what trials changed by hand ended with */
    bool searching;
    int asked, waiting;      /* of the present search: points asked for, and enqueued ones that it still holds */
    int known;               /* of the present search: rows looked at for trials from elsewhere */
    int settled;             /* so many rows from the first on have ended, whatever search they are of (run_extras) */
    struct lab_state draft;  /* the next snapshot, but for the trial: that is the worker's */
    bool quit, stop, paused; /* asked for */
    double last_publish, last_commit;
    bool in_group;
};

/* Takes the next command; when `wait`, sleeps until there is one. */
bool lab_take(struct lab *, struct lab_cmd *, bool wait);
/* Makes the draft the snapshot and wakes the watcher. */
void lab_publish(struct lab *);
void lab_answer(struct lab *, const struct lab_ack *);
/* lab.c, for lab_import: lock and store of a study whose trials are not run here. NULL with err; lab_forget ends it. */
struct lab *lab_open_record(const char *study, const char *runs, const struct params *, struct err *);
void lab_forget(struct lab *);
/* lab_settings.c: the store's row of the study is made, or compared with the settings of now and brought up to them. */
bool lab_match_settings(struct lab *, struct err *);
/* The whole study, in the worker thread; sets draft.exit_status and ended. */
void lab_run_study(struct lab *);

#endif
