/* search: which parameters to try next. Strategies behind one ask/tell, deterministic in (space, options, the calls
 * made): pause, resume and replay are a matter of making the same calls again from the journal.
 *
 * The objective is maximised (accuracy in [0, 1]). Not thread-safe: one owner. */
#ifndef FSPLAB_SEARCH_H
#define FSPLAB_SEARCH_H

#include "space.h"

enum strategy { STRATEGY_GRID, STRATEGY_RANDOM, STRATEGY_SOBOL, STRATEGY_BO }; /* order of param.h's SEARCH_* */
const char *strategy_name(enum strategy);

struct search_options {
    enum strategy strategy;
    uint64_t seed;
    int max_trials;               /* stop after that many trials (not grid: it always runs every combination) */
    int limit_max_accuracy_count; /* Algorithm 2's patience; 0 = off. Not grid. */
    bool noise_free;              /* bo: the same point always gives the same value */
    bool has_first;               /* bo: the first point is FIRST (the user's own setting), if the space has it */
    double first[SPACE_MAX];
    double stop_improvement; /* bo: stop before a point of which less improvement is expected; 0 = off */
};

/* The paper's Algorithm 2, literally: if accuracy > max_accuracy: max_accuracy = accuracy, else max_accuracy_count++
 * (never reset); stop once max_accuracy_count > limit_max_accuracy_count or trials > max_trials (trials counts the
 * one about to be run, so at most max_trials run). */

enum ask { ASK_POINT, ASK_WAIT, ASK_DONE }; /* WAIT: nothing to propose until a pending trial is told */
/* FAILED: diverged or broken; LEFT_OUT: no evidence (edited) */
enum tell { TELL_COMPLETE, TELL_FAILED, TELL_LEFT_OUT };

struct search;
/* ERR_CONFIG when the strategy cannot work on this space (grid without counts). An empty space is allowed: one point,
 * then done. */
struct search *search_new(const struct space *, const struct search_options *, struct err *);
void search_free(struct search *);

/* Proposes a point: x[space.n], *id counts up from 0. Points enqueued by hand go first and count as trials: the stop
 * rule holds for them too, and a grid runs all its combinations besides. May be called again before a tell. Random
 * and Sobol propose no point twice where all dimensions are whole-numbered, and are done when none is left; bo proposes
 * no point within 1e-3 of the unit cube of another. An ask of bo takes tens of milliseconds at 50 trials. */
enum ask search_ask(struct search *, double *x, int *id);
/* Result of a point asked for; each id once. A failed trial counts as no improvement; a left-out one counts as a
 * trial only. VALUE is ignored unless TELL_COMPLETE; a NaN or an infinity is taken as TELL_FAILED. */
void search_tell(struct search *, int id, enum tell, double value);
/* The same for one that was stopped early: MEAN is the value predicted of it, SIGMA > 0 that prediction's standard deviation
 * (finite, or the trial is taken as failed). With bo it is an observation with that much more noise. No improvement for
 * Algorithm 2, and never recommended. */
void search_tell_predicted(struct search *, int id, double mean, double sigma);
/* How a trial told as predicted or failed did end, when it was gone on with after all. It was a trial already: Algorithm 2 does not
 * count it again, but knows its accuracy. VALUE as in search_tell. */
void search_tell_again(struct search *, int id, enum tell, double value);
/* The predicted trial to go on with before the search is believed: the one whose value is expected to be above the
 * recommended one's, or the highest where no trial is complete; -1: none. With bo it costs a fit. */
int search_promising(const struct search *);
/* From now on ask says ASK_DONE, for this reason. */
void search_stop(struct search *, const char *why);
bool search_enqueue(struct search *, const double *x, struct err *); /* ERR_CONFIG: outside the space */

/* For a journal. Points of it may lie outside the space, for its ranges may have been edited since: they inform the model,
 * and are neither proposed again nor recommended. */
/* A point that was enqueued and has not been asked for yet. */
void search_enqueue_recorded(struct search *, const double *x);
/* A point that the strategy proposed: handed out once more as it was, in place of an ask, without working it out again.
 * Nothing may be waiting. ASK_POINT, or ASK_DONE where the stop rule holds. */
enum ask search_ask_recorded(struct search *, const double *x, int *id);
/* Evidence from elsewhere: informs the model, and is no trial (no id, not counted by the stop rule). VALUE: finite; SIGMA: the
 * standard deviation of the noise that it has beyond that of a trial here, 0: none. */
void search_add_known(struct search *, const double *x, double value, double sigma);

/* The best complete trial told so far that lies inside the space (of equals, the first asked for); -1 if there is none. */
int search_best(const struct search *, double *x, double *value);
/* The trial to recommend: with bo the complete trial whose point has the highest posterior mean, and that mean, for a
 * lucky measurement is not a good point; otherwise search_best's. -1 if there is none. With bo it costs a fit. */
int search_recommended(const struct search *, double *x, double *value);
/* What the latest ask knew when it proposed; false: it asked no model. */
struct search_belief {
    const char *aim, *kernel;      /* "improve", "learn", "confirm"; "matern52", "rbf": see surrogate.h, gp.h */
    double lengthscale[SPACE_MAX]; /* share of the dimension's range; NaN: not searched */
    double signal, noise;          /* standard deviations, the objective's units */
    double mean, sigma;            /* predicted at the point */
};
bool search_belief(const struct search *, struct search_belief *);
/* Planned number of trials, for progress: grid size and hand-enqueued ones; otherwise max_trials, which includes the
 * hand-enqueued ones, or fewer where the space has fewer points. */
int64_t search_planned(const struct search *);
/* After ASK_DONE: "grid complete", "max_trials 25 reached", ...; otherwise "". */
const char *search_stop_reason(const struct search *);

#endif
