/* spawn: starts a study's process: this program again, by exec, in a session of its own without a terminal. And the word
 * by which that process says how it began. */
#ifndef FSPLAB_SPAWN_H
#define FSPLAB_SPAWN_H

#include "base.h"

struct spawn_options {
    const char *config, *runs; /* NULL: the defaults of `run` */
    int n_set;
    const char *const *set; /* "key=value" */
    int *pid;               /* NULL, or gets the number of the process that was started */
};
/* Starts `fsplab run STUDY --headless` and waits until it listens on its socket (no longer than it takes to open store,
 * data and backend, at most a minute). ERR_*: what the process said before it ended, with its code; ERR_BUSY: another
 * one runs the study, or the minute is over (the process goes on then, and may still begin). Its output goes to
 * RUNS/STUDY/run.log, behind what is there. It is no child of the caller's: nothing is to be waited for. Any thread. */
bool spawn_study(const char *study, const struct spawn_options *, struct err *);

/* The other end, in the process that was started: FD is the number behind `--ready-fd`. Each closes FD; an FD of -1 is
 * none, and then nothing happens. ready: also turns stdout and stderr, which until then lead to the starter, to the file
 * LOG; ERR_IO when that cannot be written. */
bool spawn_ready(int fd, const char *log, struct err *);
void spawn_failed(int fd, const struct err *);

#endif
