/* strategy: what stands behind the ask/tell of search.h. One row of functions per strategy; search.c keeps the
 * trials, the hand-enqueued points and the stop rules, and asks the row only for points of its own.
 *
 * There is no tell: a strategy reads results from the trials when it is asked, so it has nothing to keep in step.
 * A new strategy is a row in its own file, declared here and entered in search.c's table. */
#ifndef FSPLAB_STRATEGY_H
#define FSPLAB_STRATEGY_H

#include "search.h"

enum point_state { POINT_PENDING, POINT_COMPLETE, POINT_FAILED, POINT_LEFT_OUT };

/* Every point so far, in the order of the ids. When a strategy is asked, all of them have been handed out. */
struct trials {
    int n;
    const double *x;      /* (n, space->n) */
    const double *value;  /* (n), meaningful when POINT_COMPLETE */
    const uint8_t *state; /* (n), enum point_state */
};

struct strategy_ops {
    const char *stop_reason; /* what an ASK_DONE of this strategy means */
    bool exhaustive;         /* max_trials and limit_max_accuracy_count do not apply */
    /* SPACE outlives the result. NULL with ERR_CONFIG when the strategy cannot work on it. */
    void *(*create)(const struct space *space, const struct search_options *, struct err *);
    void (*destroy)(void *);
    enum ask (*ask)(void *, const struct trials *, double *x);
    /* How many more points it would propose after these trials; INT64_MAX: no end. */
    int64_t (*planned)(void *, const struct trials *);
    /* The trial it would recommend and the value it believes in there, -1: none. NULL: the best observed. */
    int (*recommend)(void *, const struct trials *, double *value);
};

extern const struct strategy_ops strategy_grid, strategy_random, strategy_sobol, strategy_bo;

#endif
