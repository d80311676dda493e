/* spawn: starts a study's process: this program again, by exec, in a session of its own without a terminal. */
#ifndef FSPLAB_SPAWN_H
#define FSPLAB_SPAWN_H

#include "base.h"

struct spawn_options {
    const char *config, *runs;
    int n_set;
    const char *const *set; /* "key=value" */
};
/* Starts `fsplab run STUDY --headless` and waits until it listens on its socket (no longer than it takes to open store,
 * data and backend, at most a minute). ERR_*: what the process said before it ended, with its code; ERR_BUSY: another
 * one runs the study. Its output goes to RUNS/STUDY/run.log. */
bool spawn_study(const char *study, const struct spawn_options *, struct err *);

#endif
