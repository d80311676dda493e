/* lab_work: what the worker's files share: lab_record.c (store and snapshot), lab_trial.c (one trial and the commands that
 * reach it), lab_study.c (searches and repeats). All of it runs in the worker thread. false: the store or a file failed. */
#ifndef FSPLAB_LAB_WORK_H
#define FSPLAB_LAB_WORK_H

#include "lab_impl.h"

/* A trial that is being run. */
struct running {
    struct trial_row row;
    struct trial *trial;
    double stage_began, *stage_seconds; /* of the present stage, into the row */
    double train_sum;
    int train_n;
};

/* lab_record.c */
bool lab_begin_group(struct lab *, struct err *);
bool lab_end_group(struct lab *, struct err *);
bool lab_event(struct lab *, const struct running *, const char *kind, const char *text, struct err *);
bool lab_record_step(struct lab *, struct running *, const struct trial_progress *, struct err *);
/* File first, then the row that names it, in one commit with everything up to this step. */
bool lab_checkpoint(struct lab *, struct running *, struct err *);
void lab_draft_trial(struct lab *, const struct running *);
void lab_draft_position(struct lab *, struct running *);
void lab_draft_step(struct lab *, struct running *, const struct trial_progress *, double seconds);

/* The journal. A row's address is good until the next one is added. NULL: there is none. */
struct trial_row *lab_add_row(struct lab *, struct trial_row);
/* The searched (or enqueued) one of that ask. */
struct trial_row *lab_find_row(struct lab *, int search_no, int ask_id);
/* A row for the next ask or for one enqueued: POINT is x[space.n]. */
struct trial_row lab_point_row(const struct lab *, enum trial_kind, int ask_id, const double *x);

/* lab_trial.c */
/* The study's settings with a trial's own values. */
struct params lab_trial_settings(const struct lab *, const struct trial_row *);
/* Runs a trial to its end, or until told to leave: then it is saved and its state says so. Whatever is wrong with the
 * trial itself ends up in its row. */
bool lab_run_trial(struct lab *, struct running *, struct err *);

#endif
