/* lab: the engine. A study in worker threads of this process: search, trials, store. Commands go in and snapshots come out,
 * by value; the workers alone own nets, backends and the store's writing end.
 *
 * Setting `workers` says how many trials are run side by side, each by a worker with a share of the threads. Results are
 * those of one worker: a trial's bytes depend on its settings alone. But which points are asked for may depend on the order
 * in which trials end, since an ask knows what has ended by then; every ask is journalled with that, so that a study taken up
 * again, by any number of workers, goes on from just there: all trials that were running from their checkpoints first.
 * A trial that fails ends no other. An error of the store or of the disk fails the study; the others save before they go.
 *
 * A study's folder is RUNS/STUDY: study.db, trial-0001/..., lock (held while a process runs the study), sock (serve). */
#ifndef FSPLAB_LAB_H
#define FSPLAB_LAB_H

#include "io/store.h"
#include "param.h"
#include "trial_probe.h"

enum lab_op {
    LAB_PAUSE, /* after the present step of each trial that runs, which is saved, and the memory of its nets and optimiser is
                * freed; acknowledged once all are. Until LAB_RESUME no trial is begun */
    LAB_RESUME,
    LAB_STOP,    /* saves, records all that run as stopped, ends the workers; a later run goes on from there */
    LAB_QUIT,    /* the same, recorded as paused */
    LAB_SET,     /* key, value: a live setting (trial_set) of `trial` */
    LAB_ENQUEUE, /* a point for the search: n, keys, values; searched settings not named take the study's value. Where the
                  * search ends before it comes to it, it is run afterwards, and does not count there */
    LAB_SKIP,    /* the present stage of `trial` ends at this step (trial_skip) */
    LAB_CLONE, /* a new trial with the values of `trial` but for those named by keys and values (any PF_SEARCH setting):
                  * cold, from its first step and with the values that trial began with; or `warm`, from its latest
                  * checkpoint and with what was changed by hand until then. It runs once all trials before it have
                  * ended. A cold one that is a point of the present search counts there as an enqueued one; others do not */
    LAB_THAW,  /* goes on with `trial`, which a stopping rule ended (state pruned), from its checkpoint, once a worker
                * is free. Its search must not be over; the search is told how it ended when its own trials have */
    LAB_PROBE, /* looks at the nets of `trial` with one image (trial_probe: image, block), which changes nothing. A paused trial is
                * woken for it and put to sleep again. Once it is acknowledged, lab_probe_answer has it */
};

enum { LAB_KEYS_MAX = 8, LAB_ACKS = 16, LAB_PROBES = LAB_ACKS / 2, LAB_WORKERS = 16 };

struct lab_cmd {
    enum lab_op op;
    uint64_t id; /* chosen by the caller, not 0; comes back in the answer */
    int n;
    char key[LAB_KEYS_MAX][64];
    double value[LAB_KEYS_MAX];
    int trial;        /* LAB_CLONE, LAB_THAW; LAB_SET, LAB_SKIP, LAB_PROBE: one that runs, or 0: the lowest-numbered */
    bool warm;        /* LAB_CLONE */
    int image, block; /* LAB_PROBE */
};

/* The answer to a command: where it took effect, or why it did not. Trial, stage and step are those of the trial that it was
 * for, or else of the leading one. */
struct lab_ack {
    uint64_t id;
    bool ok;
    int trial, step;
    char stage[16];
    double before, after; /* LAB_SET */
    int clone;            /* LAB_CLONE: number of the new trial; 0 otherwise */
    char message[256];
};

/* The answer to a LAB_PROBE. */
struct lab_probe {
    struct lab_ack ack; /* of the command: id, and when the nets were as they are shown */
    struct probe_answer answer;
};

/* The parts of a training step: "data", "teacher" (forward of the fixed net), "forward", "loss", "backward", "update". */
enum { LAB_PARTS = 6 };
const char *lab_part_name(int part);

/* What one worker is at; the fields are those of lab_state. */
struct lab_worker {
    int trial;      /* 0: it waits for something to do; as in the last snapshot of all */
    char stage[16]; /* "": its nets are still being loaded, or its test set is being looked at */
    int step, steps;
    double lambda, lr;
    double loss, ce, kd, hint, fsp[3];
    double val_accuracy;
    double images_per_second;
};

/* Everything a watcher needs, of bounded size. Doubles are NaN and ints -1 where there is nothing to say. */
struct lab_state {
    uint64_t version; /* counts publications: equal ones are of the same snapshot */
    char study[64];
    int pid;
    char state[16];    /* "starting", "running", "paused", "stopped", "complete", "failed" */
    char device[64];   /* "cpu avx512, 2 threads", "cpu avx512, 2 workers of 1 thread" */
    char message[512]; /* why it failed or stopped */
    bool ended;        /* the workers are done */
    int exit_status;   /* once ended: 0 complete, 1 failed, 130 quit or stopped before the end */

    /* From here to trials_planned: of the trial of the leading worker, the lowest-numbered one that runs. */
    int trial; /* its number; 0 = none */
    enum trial_kind kind;
    int search_no, searches, repeat;
    int n_params; /* the searched values of this trial */
    char param_name[TRIAL_PARAMS_MAX][64];
    double param_value[TRIAL_PARAMS_MAX];
    char stage[16];
    int step, steps;
    int steps_per_epoch;
    int resumed_at; /* step at which this process took the trial up from a checkpoint; -1 = it did not */
    char resumed_stage[16];
    double lambda, lambda_i[3], lr, base_lr; /* in effect; base_lr before the schedule */
    double loss, ce, kd, hint, fsp[3], fsp_student[3], fsp_teacher[3];
    double train_accuracy;                  /* running mean over about the last 50 steps */
    double val_accuracy, best_val_accuracy; /* of this trial, latest and best */
    double images_per_second, step_seconds;
    double part_seconds[LAB_PARTS]; /* where step_seconds goes, averaged like it (lab_part_name); NaN: no such part */
    double stage_eta, trial_eta;    /* seconds */
    bool edited, collapsed;

    int64_t trials_planned;
    int trials_done, trials_failed;
    int best_trial;
    double best_accuracy;
    int64_t last_event; /* id of the newest event in the store */

    int n_workers;
    struct lab_worker workers[LAB_WORKERS];

    int n_acks; /* all so far; the latest are in acks[i % LAB_ACKS] */
    struct lab_ack acks[LAB_ACKS];
};

/* The trials that a study with these settings (after params_check) will have, repeats too, unless a search ends early or
 * more are enqueued. -1: no search can be made of them. */
int64_t lab_planned(const struct params *);
/* The searched settings as a space (search/space.h), in the order of the ranges; ERR_CONFIG from the space. */
struct space;
bool lab_space(const struct params *, struct space *, struct err *);
/* How a study with these settings asks in its search number SEARCH_NO (from 0): its own values of the searched settings come
 * first where the strategy takes that. */
struct search_options;
void lab_search_options(const struct params *, const struct space *, int search_no, struct search_options *);
/* Whether a search can be made of them; ERR_CONFIG says why not. */
bool lab_can_plan(const struct params *, struct err *);
/* The first points that the first search will try, as far as they do not depend on results (bo: before it asks its model), at
 * most MAX: x is (n, lab_space's n). Returns n, -1 with ERR_CONFIG. */
int lab_first_points(const struct params *, int max, double *x, struct err *);

struct dataset;
/* The images that these settings name, split by their seed (dataset_release); synthetic ones are made where there are none.
 * ERR_IO, ERR_FORMAT. */
bool lab_data(const struct params *, struct dataset *, struct err *);
struct backend;
/* The backend that these settings name, with so many THREADS (0: all; backend_free). ERR_DEVICE: it cannot be had; ERR_CONFIG: it does not train in their
 * precision. */
struct backend *lab_backend(const struct params *, int threads, struct err *);
/* Adds complete trials from elsewhere, rows[n], to RUNS/STUDY, which is made where it is not there yet: kind manual, without
 * an ask; their reason, "imported from ...", is given by ROWS with params, seed and val_accuracy. All or none. ERR_BUSY: the
 * study is being run; ERR_CONFIG: the settings are not those it was begun with; ERR_STATE: a row is there already from an
 * earlier import, or twice in ROWS, *at: which (-1 with other errors). */
bool lab_import(const char *study, const char *runs, const struct params *, const struct trial_row *rows, int n,
                int *at, struct err *err);
/* A study's settings with a trial's own values and seed. */
struct params lab_trial_params(const struct params *study, const struct trial_row *);

struct lab;
/* Opens a study (params after params_check; STUDY is its name, RUNS the folder of all): lock, store, data, backend, and
 * the worker. Errors come before anything is trained: ERR_BUSY another process runs it (its pid is named), ERR_CONFIG
 * and ERR_SHAPE settings that cannot work or differ from those the study was begun with, ERR_FORMAT and ERR_IO data and
 * store. Ranges (search.NAME) and strategy (search) may differ: the store takes the new ones, with an event "range" for
 * each, or "strategy"; from then on the search proposes inside them, and what was tried before goes on informing it. */
struct lab *lab_open(const char *study, const char *runs, const struct params *, struct err *);
/* Never blocks. false: the queue of 64 is full. Any thread. */
bool lab_post(struct lab *, struct lab_cmd);
/* A consistent copy. Any thread; cheap. */
void lab_snapshot(struct lab *, struct lab_state *);
/* The answer to the LAB_PROBE of that id, from when its ack (ok) is in a snapshot; false: there is none, or LAB_PROBES
 * later ones have come. Any thread. */
bool lab_probe_answer(struct lab *, uint64_t id, struct lab_probe *);
/* Readable when there is something new; lab_snapshot makes it unreadable again. For one poller. */
int lab_wakefd(const struct lab *);
const char *lab_dir(const struct lab *); /* RUNS/STUDY */
/* Checkpoint, stop (LAB_QUIT if it has not ended), join, free. */
void lab_close(struct lab *);

#endif
