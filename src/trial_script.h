/* trial_script: the changes that were made to a trial while it ran, as the store recorded them, made again at the steps at
 * which they were made. A trial is a function of its settings and of this script. */
#ifndef FSPLAB_TRIAL_SCRIPT_H
#define FSPLAB_TRIAL_SCRIPT_H

#include "io/store.h"
#include "trial.h"

/* Open struct: rows are of kind "set" or "skip", in the order in which they were recorded. */
struct trial_script {
    int n, at; /* the first `at` have been made */
    struct event_row *rows;
};

/* Adds the sets and skips among N events that lie at or after that step of that stage; others are passed over. Those of
 * that very step are taken, too: a checkpoint is written before a change is made, and making a change twice changes
 * nothing. ERR_FORMAT: a stage that is none. */
bool trial_script_add(struct trial_script *, const struct event_row *, int n, enum stage, int step, struct err *);
void trial_script_release(struct trial_script *);
/* Makes every change that is due before the trial's next step. ERR_*: one cannot be made (which and why). */
bool trial_script_apply(struct trial_script *, struct trial *, struct err *);

#endif
