/* model: everything a screen shows, gathered from the study's snapshot, its store and this machine. Screens read it and
 * nothing else; they change nothing in it but the `sel` part, which says what is looked at. One thread. */
#ifndef FSPLAB_UI_MODEL_H
#define FSPLAB_UI_MODEL_H

#include <jansson.h>

#include "../io/gpuinfo.h"
#include "../io/store.h"
#include "../param.h"
#include "series.h"

/* The latest snapshot (fields as in `ctl status --json`): NaN, -1 or "" where nothing is known. */
struct live {
    bool valid;
    char study[64], state[16], stage[16], device[64], message[512], resumed_stage[16];
    int pid, trial, step, steps, resumed_at, search_no, repeat, steps_per_epoch; /* 0: not known */
    double lambda, lambda_i[3], lr, base_lr;
    double loss, ce, kd, hint, fsp[3], fsp_student[3], fsp_teacher[3];
    double train_accuracy, val_accuracy, best_val_accuracy;
    double images_per_second, step_seconds, eta, trial_eta;
    bool edited, collapsed;
    int trials_planned, trials_done, trials_failed, best_trial, clients;
    double best_accuracy;
    int n_parts; /* of a step: where its time goes */
    char part_name[8][16];
    double part_seconds[8];
    int n_beside; /* trials that run beside `trial`, by number */
    struct beside {
        int trial, step, steps;
        char stage[16];
    } beside[16];
    int64_t last_event;
};

/* All series of one trial. */
struct curves {
    int trial;
    int n;
    struct series *series;
};
const struct series *curves_find(const struct curves *, const char *stage, const char *key); /* NULL */

/* The evaluations of one trial in its fine-tuning. */
struct eval_curve {
    int n;
    float *step, *value; /* (n) */
    bool settled;        /* it has ended, and all of it is here */
};

struct fsp_mats {
    int m, n;
    float *t, *s; /* (m, n), NULL: not there */
};
/* FSP matrices of one recorded step. */
struct fsp_frame {
    int trial, step; /* trial 0: none */
    char stage[16];
    struct fsp_mats pair[3];
};

/* FSP matrices of one block of both nets on a probe image, asked of the study process. */
struct probe {
    bool valid, waiting;
    char message[256];                     /* why it could not be had */
    int image, images, label, step, trial; /* images: how many there are to choose from */
    char class_name[32];
    uint8_t rgb24[32 * 32 * 3];
    int teacher_block, teacher_blocks, student_block, student_blocks; /* blocks from 1 */
    char teacher_name[48], student_name[48];                          /* "section 2, block 5 of 12" */
    int tm, tn, sm, sn;
    float *t, *s; /* (tm, tn), (sm, sn); NULL: that net is not there */
    int n_pairs;  /* of block 0: the three sections on this image */
    struct fsp_mats pairs[3];
};

enum { DEVICE_SAMPLES = 900 };
struct device_sample {
    double at; /* clock_seconds */
    struct gpu_info gpu[4];
    struct proc_info proc; /* of the study process */
    double images_per_second;
};

enum connection { CONN_NONE, CONN_LIVE, CONN_LOST };

struct model {
    char study[64], runs[256], dir[512]; /* dir: RUNS/STUDY */
    bool readonly;
    enum connection conn;
    char conn_message[256];
    double now;     /* clock_seconds of this frame */
    int64_t now_ms; /* wall clock of this frame */
    double live_at; /* of the latest snapshot; NaN: none yet */
    struct live live;

    bool has_settings;
    struct params settings; /* the study was begun with (searched values: of the study, not of a trial) */
    char study_state[16], study_reason[256];
    int n_trials;
    struct trial_row *trials;
    uint64_t trials_version;  /* grows whenever anything in them or in saved_ms has changed */
    int64_t *saved_ms;        /* (n_trials) when it was last saved; 0: never. NULL: not read yet */
    int n_saved;              /* as long as it is */
    int64_t last_saved;       /* id of the newest checkpoint known */
    int n_evals;              /* of so many of the first trials; it lags behind n_trials while they are read */
    struct eval_curve *evals; /* (n_evals); read while sel.evals asks for them */
    uint64_t evals_version;   /* grows whenever one of them has changed */
    int n_events;
    struct event_row *events; /* by id */
    int64_t seen_event;       /* the newest when the user last left; 0: never here */

    struct curves curves; /* of sel.trial */
    int n_overlay;
    struct curves overlay[8]; /* of other trials */
    int n_fsp_steps;
    int *fsp_steps;       /* recorded, ascending, of sel.trial in stage transfer */
    struct fsp_frame fsp; /* at sel.fsp_step */
    struct probe probe;

    int n_gpus, n_samples; /* samples: ring, the newest at (sample_first + n_samples - 1) % DEVICE_SAMPLES */
    int sample_first;
    struct device_sample samples[DEVICE_SAMPLES];
    struct proc_info proc; /* the latest, for the next one's differences */
    struct gpuinfo *gpus;  /* NULL: none; opened with the first sample */
    bool gpus_tried;
    struct store *store;    /* NULL: not there yet */
    uint64_t store_file[2]; /* device and inode of what is open there */

    struct selection {
        int trial;                    /* that is looked at */
        bool follow;                  /* the one that runs */
        char stage[16];               /* "": the one that runs */
        int fsp_step;                 /* -1: the latest */
        int probe_image, probe_block; /* block 0: sections instead of blocks */
        int overlay[8], n_overlay;
        bool evals; /* the evaluations of all trials are looked at */
        int tune;   /* what + and - change, see tune.h */
    } sel;
};

void model_init(struct model *, const char *study, const char *runs, bool readonly);
void model_release(struct model *);

/* From a status answer. ERR_FORMAT: not a status object; nothing is changed. */
bool model_take_status(struct model *, json_t *status, struct err *);
/* From an answer to a probe. ERR_STATE: refused, says why; ERR_FORMAT: no probe's answer. What was there stays. */
void probe_release(struct probe *);
bool model_take_probe(struct model *, json_t *answer, struct err *);
/* Reads from the store what is new since the last call (trials, events, curves of what is selected, FSP matrices). A
 * store that is not there yet is no error. When the file has been removed or replaced, what was read of the old one is
 * forgotten; ERR_IO when nothing is in its place, once. */
bool model_read_store(struct model *, struct err *);
/* Whether another call has more to read at once: of the evaluations of all trials it takes a part at a time. */
bool model_has_more(const struct model *);
/* Takes a sample of GPU and process. */
void model_sample(struct model *);
const struct device_sample *model_sample_at(const struct model *, int i); /* 0: the oldest */
const struct trial_row *model_trial(const struct model *, int number);    /* NULL */
/* The stage that is shown: sel.stage, or the running one, or the last that the selected trial has values of. */
const char *model_stage(const struct model *);

#endif
