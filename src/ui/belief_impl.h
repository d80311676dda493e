/* belief_impl: what the files of the belief share: belief.c (mailbox, thread), belief_job.c (wants that are kept),
 * belief_work.c (what the thread works out). */
#ifndef FSPLAB_UI_BELIEF_IMPL_H
#define FSPLAB_UI_BELIEF_IMPL_H

#include "../history.h"
#include "belief.h"

/* A want with what it points to. */
struct job {
    struct belief_want want; /* space and points: those below */
    struct space space;
    struct history_points points;
};

/* What the worker keeps between two wants with the same trials. */
struct fitted {
    struct job *job;
    struct surrogate *surrogate;
    int n_next; /* -1: not asked for yet */
    double next[BELIEF_NEXT][SPACE_MAX];
    bool weighed;
    struct belief_weights weights;
    struct belief_grid grid;
};

/* ---- belief_job.c ---- */

struct job *job_new(const struct belief_want *); /* copies everything */
void job_free(struct job *);
void *belief_copy(const void *from, size_t size);
/* The same trials of the same search: the same surrogate. */
bool job_same_trials(const struct belief_want *, const struct belief_want *);
bool job_same_picture(const struct belief_want *, const struct belief_want *);

/* ---- belief_work.c, in the worker's thread ---- */

/* Takes the job; publishes pictures, the quick and important first, until another job overtakes this one. */
void belief_work(struct belief *, struct fitted *, struct job *);
void fitted_release(struct fitted *);

/* ---- belief.c ---- */

bool belief_overtaken(struct belief *);
void belief_publish(struct belief *, const struct belief_picture *); /* copies it */

#endif
