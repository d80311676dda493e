/* trial: one trial as a state machine over steps: teacher (trained here and cached, or read from a file) -> transfer ->
 * fine-tuning -> evaluation. It can be stopped between any two calls of trial_step, saved, and loaded again in another
 * process, and then goes on bit for bit. The lab's worker thread owns it; nothing here touches the store or a screen. */
#ifndef FSPLAB_TRIAL_H
#define FSPLAB_TRIAL_H

#include "io/data.h"
#include "nn/train.h"
#include "param.h"

enum stage { STAGE_TEACHER, STAGE_TRANSFER, STAGE_FINETUNE, STAGE_DONE };
const char *stage_name(enum stage); /* "teacher", "transfer", "finetune", "done" */
bool stage_find(const char *name, enum stage *);

/* What all trials of a study share. */
struct trial_env {
    struct backend *be;
    const struct dataset *data;
    const struct params
        *study;          /* what teachers are trained with: a searched setting changes the trial, not its teacher */
    uint64_t split_seed; /* the study's seed: which images are held out; also the teacher's seed */
    const char *teachers_dir; /* runs/teachers */
};

enum trial_end { TRIAL_GOING, TRIAL_FINISHED, TRIAL_DIED }; /* DIED: diverged (NaN or infinity), rolled back */

/* What the latest call of trial_step did. */
struct trial_progress {
    enum stage stage;
    int step, steps; /* of the stage; step 0 = before the first */
    bool stepped;    /* a training step was made (losses are valid) */
    bool evaluated;  /* an evaluation was completed (accuracy is valid) */
    bool stage_ended, checkpoint_due;
    struct step_result result;
    double lr;                     /* in effect in that step */
    double train_accuracy;         /* of the batch; NaN without labels */
    double val_accuracy, val_loss; /* NaN unless evaluated */
    bool fsp_taken;                /* FSP matrices of this step are there: trial_fsp */
    bool collapse_began;           /* this step: |S|^2 < 1 % of |T|^2 for COLLAPSE_STEPS steps */
    const char *warning;           /* NULL or a sentence, valid until the next call */
};
enum { COLLAPSE_STEPS = 20, FSP_RECORDS = 100 };

struct trial;

/* Whether these settings can make a trial at all: nets, pairing, teacher file, batch. Nothing is allocated on the
 * device. Messages name the setting. */
bool trial_check(const struct params *, const struct dataset *, struct err *);
/* A fresh trial at its first step, to be kept in DIR (made when the first checkpoint is written). */
struct trial *trial_new(const struct trial_env *, const struct params *, const char *dir, struct err *);
/* The trial saved in DIR, at its checkpoint; *found = false (and NULL without error) when there is none. ERR_FORMAT:
 * truncated, wrong checksum, of another network or of other settings; says which. */
struct trial *trial_load(const struct trial_env *, const struct params *, const char *dir, bool *found, struct err *);
void trial_free(struct trial *);

/* One training step, or one batch of an evaluation that is due. false: the device or a file failed (err). */
bool trial_step(struct trial *, struct trial_progress *, enum trial_end *, struct err *);
/* Writes DIR/state.safetensors (everything needed to go on) and DIR/student.safetensors. sha256 of the state's data. */
bool trial_save(struct trial *, char sha256[65], struct err *);
/* After TRIAL_DIED: what happened and what to try, one sentence. */
const char *trial_advice(const struct trial *);

enum stage trial_stage(const struct trial *);
int trial_at(const struct trial *);                      /* step of the stage */
int trial_steps(const struct trial *);                   /* steps of the stage */
double trial_lr(const struct trial *);                   /* that the next step will use */
const struct params *trial_params(const struct trial *); /* with live changes */
bool trial_edited(const struct trial *);
bool trial_collapsed(const struct trial *);
double trial_val_accuracy(const struct trial *); /* the latest; NaN before the first */
double trial_best_accuracy(const struct trial *);
/* Live change of lambda, lambda1..3, transfer_lr, finetune_lr, or "lr" (that of the present stage, but not a teacher's):
 * from the next step on. *before gets the old value. ERR_CONFIG: not one of these, out of range, or of a stage that is
 * over. May be made while the trial sleeps. */
bool trial_set(struct trial *, const char *key, double value, double *before, struct err *);
/* Whether trial_set would do that to a trial with these settings in that stage; nothing is changed. */
bool trial_may_set(const struct params *, enum stage, const char *key, double value, double *before, struct err *);
/* The setting that KEY stands for in that stage: KEY itself, or for "lr" the stage's own. */
const char *trial_live_name(enum stage, const char *key);
/* Ends the present stage at this step: of the transfer, fine-tuning follows; of the fine-tuning, its evaluation, and then
 * the trial is done. ERR_STATE: a teacher's training (all trials share it), or the stage ends here already. May be made
 * while the trial sleeps; counts as edited. */
bool trial_skip(struct trial *, struct err *);
bool trial_may_skip(const struct trial *, struct err *); /* nothing is changed */

/* A sleeping trial has given back the memory of its nets and its optimiser; what it answers above holds on. It must have
 * been saved at this very step, and must not be stepped, saved or tested until it has been woken, which takes the nets
 * from DIR again (errors as of trial_load, and ERR_STATE: another one has written there). */
void trial_sleep(struct trial *);
bool trial_wake(struct trial *, struct err *); /* awake already: does nothing */
/* Where the trial saved in DIR stands; *p gets the live settings that it has there, its other fields stay. *found = false
 * when there is none. */
bool trial_saved_at(const char *dir, enum stage *, int *step, struct params *p, bool *found, struct err *);

/* Accuracy of the student as it is now on the test set. */
bool trial_test(struct trial *, double *accuracy, struct err *);
/* Accuracy of the net in a file on the test set. */
bool trial_test_file(const struct trial_env *, const struct params *, const char *path, double *accuracy, struct err *);

/* FSP matrices, means over the batch, of the step just made, where trial_step says that they were taken: in a transfer
 * by method fsp every max(1, steps / FSP_RECORDS) steps, at the regular checkpoints and at the last step, so that the
 * steps depend on the settings alone and not on where a trial was interrupted. pair 0..2, who 'T'/'S'. */
bool trial_fsp(const struct trial *, int pair, char who, int *m, int *n, float **g); /* *g: free() */

/* runs/teachers/HASH.safetensors, and whether it is there. HASH covers every PF_TEACHER setting, the data and the ISA. */
bool trial_teacher_path(const struct trial_env *, char *path, size_t cap);
/* Whether a trial with these settings, begun now, would train its teacher. */
bool trial_wants_teacher(const struct trial_env *, const struct params *);

#endif
