/* history: trials as `suggest`, `importance` and `import` take them: from a study's store, or from a file in the shape of
 * `fsplab trials --json` or `--csv`; and as points of a space. */
#ifndef FSPLAB_HISTORY_H
#define FSPLAB_HISTORY_H

#include "io/edited.h"
#include "io/stopped.h"
#include "param.h"
#include "search/strategy.h"

/* Trials as they are written down, in their order. A file need not say everything: seed is -1 where there is none,
 * val_accuracy NaN; without a state a trial is complete. */
struct history {
    struct trial_row *rows;
    int *line; /* (n) of the file, where the trial begins */
    double *predicted,
        *predicted_sigma;      /* (n), of the end of trials that were stopped early; NaN: others. NULL: none was */
    struct edited_list edited; /* what trials that were changed by hand ended with; of a study only */
    int n;
    char *name; /* of the file, for messages; NULL: from a store */
};

/* FILE ('-': standard input) is JSON if its name ends in .json or its text begins with a bracket, otherwise CSV. Of JSON,
 * an array of objects, "params" is required and "state", "val_accuracy", "seed", "edited", "kind", "search" and "trial" are
 * read. CSV (RFC 4180) has a header; columns by these names are these, the others that `trials --csv` prints are passed
 * over, and any further column is a parameter's (an empty field: none). ERR_IO, ERR_FORMAT with FILE:LINE, what was read
 * and what is allowed. Whether a parameter exists is not asked here. */
bool history_read(const char *file, struct history *, struct err *);
/* Of RUNS/STUDY/study.db; a study that was never started has none. */
bool history_of_study(const char *runs, const char *study, struct history *, struct err *);
void history_release(struct history *);
/* Fills predicted and predicted_sigma of N rows (allocated; rows by number) from what the record says of them. */
void history_predictions(const struct trial_row *, int n, const struct stopped_list *, double **predicted,
                         double **predicted_sigma);

/* The trials of the latest search as points, in the order of the asks; repeats and what was no point of the search are left
 * out. What was imported is POINT_KNOWN, at the place where it came in; what cannot be compared (history_row_point) is
 * POINT_LEFT_OUT. A searched setting that a trial has no value of has STUDY's where the trial is from the store (it was not searched
 * then), and is an error in a file. A trial that was changed by hand is left out; where the setting edited_sigma says so, it is also
 * POINT_KNOWN, right behind, at the values that it ended with. */
struct history_points {
    int n, outside;   /* outside: so many of the n lie outside the ranges */
    int incomparable; /* so many are left out, as history_row_point has it */
    double *x;        /* (n, space.n) */
    double *value;    /* (n) */
    double *sigma;    /* (n), of predicted ones, and of known ones that are noisier than a trial of the search */
    uint8_t *state;   /* (n), enum point_state */
    bool *manual;     /* (n) enqueued by hand */
    int *row;         /* (n) which of the history's rows it is; -1: none */
    int search_no;
};
bool history_points(const struct history *, const struct params *study, const struct space *, struct history_points *,
                    struct err *);
/* Appends one more that is under way. */
void history_add_pending(struct history_points *, const struct space *, const double *x);
void history_points_release(struct history_points *);
struct trials history_trials(const struct history_points *);
/* Takes a new search over SPACE to where these points leave it: asked for them and told how they ended, those from elsewhere
 * added. It may stop before the last where its stop rule holds. */
struct search;
void history_tell(const struct history_points *, const struct space *, struct search *);

/* ---- one trial ---- */

/* A trial as a point of SPACE, x[space.n]: a setting that it has no value of its own for has the study's. false: it cannot be
 * compared, for it was run with another value of a setting that is not searched over (any more). */
bool history_row_point(const struct params *study, const struct space *, const struct trial_row *, double *x);
/* Where the setting edited_sigma says so: the place at which a trial of STUDY that was changed by hand informs the search, x[space.n],
 * the values that it ended with, and the standard deviation of the noise to be added to its accuracy; 0: not at all, also
 * for one that was cut short or cannot be compared. */
double history_edited_point(const struct edited_list *, const struct params *study, const struct space *,
                            const struct trial_row *, double *x);
/* Whether the trial is from elsewhere (`fsplab import`). It informs every search of the study and is no trial of any. */
bool history_imported(const struct trial_row *);

#endif
