/* cost: how long a study will take on this machine, from steps that were measured.
 *
 *   seconds = teacher_steps * t(teacher) + trials * (transfer_steps * t(transfer) + finetune_steps * t(finetune))
 *
 * trials are all that are planned, repeats and search_repeats too; the teacher learns once, or not at all where RUNS has one that
 * was trained with the same settings; a stage whose length is searched counts with the range's upper end. t is the mean time of
 * a step over a stage, evaluations and checkpoints included where it comes from a study: the median over its trials of (seconds
 * of the stage) / (steps of the stage). Sources, the better one first:
 *
 *   measured here, on request    the same step, timed a moment ago
 *   of a study                   the same trained net, teacher, method, pairing, shortcut, batch and precision on the same kind
 *                                of device (isa), the youngest such study
 *   scaled                       t = t' * macs / macs', from another step of the same precision and device, preferably one of
 *                                the same method, then of the same batch, then the youngest. macs are those of a step: batch * (3 * trained + teacher),
 *                                since a backward pass costs two forward passes, and the teacher's forward runs beside it
 *
 * Stopping rules make a search shorter: the estimate is an upper bound where one is in force. */
#ifndef FSPLAB_COST_H
#define FSPLAB_COST_H

#include "param.h"
#include "ui/view.h"

enum { COST_TEACHER, COST_TRANSFER, COST_FINETUNE, COST_STAGES };

/* What one step of training is. */
struct step_kind {
    char net[PARAM_STR_MAX], teacher[PARAM_STR_MAX]; /* the one that learns; beside it, "": none */
    int method;                                      /* METHOD_NONE: by labels alone */
    int pairing, shortcut, batch, precision;
};
/* The step of a stage; false: the settings have no such stage. */
bool cost_kind(const struct params *, int stage, struct step_kind *);
bool cost_same_kind(const struct step_kind *, const struct step_kind *);

struct step_time {
    struct step_kind kind;
    double seconds, macs; /* of one step; macs NaN: not known */
    char isa[32];
    char study[64]; /* "": measured on request */
    int64_t created_ms;
};
struct cost_table {
    int n;
    struct step_time *times;
    int n_teachers;
    char **teachers; /* settings of teachers that RUNS has, as params_canonical(PF_TEACHER) */
};
void cost_add(struct cost_table *, const struct step_time *);
void cost_release(struct cost_table *);
/* Replaces what came from studies by what is in RUNS now; a store that cannot be read is passed over. A study that is written
 * meanwhile is read without waiting. */
void cost_read_runs(struct cost_table *, const char *runs);
/* A step's multiply-adds; NaN where a net is none. */
double cost_macs(const struct step_kind *);

/* Fills seconds, stage_seconds, from, how and at_most. TRIALS < 0: not known. */
void cost_estimate(const struct cost_table *, const struct params *, int64_t trials, const char *isa,
                   struct cost_card *);

#endif
