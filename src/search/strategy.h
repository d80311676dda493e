/* strategy: what stands behind the ask/tell of search.h. One row of functions per strategy; search.c keeps the
 * trials, the hand-enqueued points and the stop rules, and asks the row only for points of its own.
 *
 * There is no tell: a strategy reads results from the trials when it is asked, so it has nothing to keep in step.
 * A new strategy is a row in its own file, declared here and entered in search.c's table. */
#ifndef FSPLAB_STRATEGY_H
#define FSPLAB_STRATEGY_H

#include "search.h"

/* KNOWN: complete, but from elsewhere: evidence for a model, and no trial of the search; sigma > 0: noisier than a trial by that
 * standard deviation. PREDICTED: stopped early, value is a
 * prediction and sigma its standard deviation. */
enum point_state { POINT_PENDING, POINT_COMPLETE, POINT_FAILED, POINT_LEFT_OUT, POINT_KNOWN, POINT_PREDICTED };

/* Every point so far, in the order in which they came. When a strategy is asked, all that are not KNOWN have been handed
 * out. Points may lie outside the space: its ranges may have been edited since they were tried. */
struct trials {
    int n;
    const double *x;      /* (n, space->n) */
    const double *value;  /* (n), meaningful when POINT_COMPLETE or POINT_PREDICTED */
    const uint8_t *state; /* (n), enum point_state */
    const double *sigma;  /* (n), meaningful when POINT_PREDICTED or POINT_KNOWN; NULL: there is none such */
};

struct strategy_ops {
    const char *stop_reason; /* what an ASK_DONE of this strategy means */
    bool exhaustive;         /* max_trials and limit_max_accuracy_count do not apply */
    /* SPACE outlives the result. NULL with ERR_CONFIG when the strategy cannot work on it. */
    void *(*create)(const struct space *space, const struct search_options *, struct err *);
    void (*destroy)(void *);
    enum ask (*ask)(void *, const struct trials *, double *x);
    /* X, an earlier proposal of this strategy after these trials, comes from the journal: as if it had been asked for. NULL:
     * it keeps nothing in step. */
    void (*recorded)(void *, const struct trials *, const double *x);
    /* How many more points it would propose after these trials; INT64_MAX: no end. */
    int64_t (*planned)(void *, const struct trials *);
    /* The trial (index) it would recommend, COMPLETE and inside the space, and the value it believes in there, -1: none. NULL: the best observed. */
    int (*recommend)(void *, const struct trials *, double *value);
    /* What its latest ask knew; NULL, or false: no model was asked. */
    bool (*belief)(const void *, struct search_belief *);
    /* The predicted trial whose value it believes to be above those of all complete ones, -1: none. NULL: by the predictions
     * as told. */
    int (*promising)(void *, const struct trials *);
    /* The improvement that was expected of the point last proposed, in the objective's units; NaN: not known. NULL: never
     * known. */
    double (*expected)(void *);
};

extern const struct strategy_ops strategy_grid, strategy_random, strategy_sobol, strategy_bo;

#endif
