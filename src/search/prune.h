/* prune: whether a trial is worth going on with, read off learning curves. Pure rules: no clock, no files, no memory from
 * one question to the next, so equal curves get equal answers, in whichever process they are asked.
 *
 * A curve is a trial's evaluations in a stage of length T, at fractions t = step / T of it. A full curve has its last
 * evaluation at t = 1. y_i(t) is curve i at t, linear between its evaluations. Values are accuracies in [0, 1]. A rule is
 * asked after each evaluation of the present trial and never at t = 1.
 *
 *   gain-pi  what is still to come is what came in the n >= 3 full curves: g_i = y_i(1) - y_i(t), with mean g and standard
 *            deviation s. Looks at t >= 20 %, where t passes a multiple of 5 %. Stops if
 *              P = P(T_{n-1} > (best - y(t) - g) / (s sqrt(1 + 1/n))) < 0.05,   best = max_i y_i(1),
 *            Student's distribution: the prediction of one more observation of a normal sample. As it asks of a curve only
 *            what it gains from here, it does not mind that a good one lies low before the rate decays.
 *   asha     rungs at 10, 30 and 90 % (eta = 3). At the first evaluation at or past a rung, stops unless the value is among
 *            the best max(1, floor(m / 3)) of the m curves that came there, itself included (Li et al., A system for massively
 *            parallel hyperparameter tuning, 2020, where a stopped one may be taken up later). It ranks by the curve so far,
 *            which is wrong where the rate falls in steps.
 *   median   looks where gain-pi does, with >= 5 full curves. Stops if the best value so far is below the median of the
 *            y_i(t) (Golovin et al., Google Vizier, 2017, section 3.2.1, with the value at t in place of the running mean, as
 *            Optuna has it). It too ranks by the curve so far.
 *
 * All but `none` stop besides, whatever they say themselves:
 *   - a value that is no number, at once;
 *   - a curve that from the start to t >= 20 % has not left chance level, where the best full curve was clearly above it at t,
 *     at more than chance + 3 chance_margin.
 *   A value is at chance up to chance + chance_margin.
 *
 * Replay: before a rule stops a trial, it is put to the best full curve as if that were the present trial and the other
 * curves all there were (gain-pi and median then make do with one full curve fewer). If it would have stopped that one
 * anywhere, it is off and the trial goes on; the same for chance level. So a first trial at chance level, or a study too
 * short to leave it early, stops nothing. */
#ifndef FSPLAB_PRUNE_H
#define FSPLAB_PRUNE_H

#include "../base.h"

enum prune_rule { RULE_NONE, RULE_GAIN_PI, RULE_ASHA, RULE_MEDIAN }; /* order of param.h's PRUNE_* */
const char *prune_rule_name(enum prune_rule);

struct curve_point {
    double at; /* t, in (0, 1], ascending */
    double value;
};

struct curve {
    int trial;                       /* its name in sentences */
    int steps;                       /* T, for sentences */
    int n;                           /* evaluations */
    const struct curve_point *point; /* (n) */
};

bool curve_full(const struct curve *); /* the last point is at t = 1 */
/* y(t), linear between evaluations; NaN outside them. */
double curve_at(const struct curve *, double t);

struct prune_options {
    enum prune_rule rule;
    double chance;        /* accuracy of guessing; NaN: chance level stops nothing */
    double chance_margin; /* how far above it is still chance: two standard deviations of the evaluation, say */
    double resolution; /* smallest s of gain-pi, a value's grain (1 / images evaluated): equal gains are no certainty */
};

enum prune_cause { CAUSE_NONE, CAUSE_RULE, CAUSE_CHANCE, CAUSE_NAN };

/* The answer, for the record and for a picture: the curve was at (at, value), the rule looked there if `looked`, and would
 * have stopped it below `bar`. */
struct prune_decision {
    bool stop;
    enum prune_cause cause; /* of the stop; with off: what would have stopped it */
    bool looked;            /* the rule had enough curves and a look was due */
    bool off;               /* the replay switched it off: stop is false */
    int off_trial;          /* the best full curve, that would have been stopped */
    double off_at;          /* and where */
    double at, value;
    double bar;              /* NaN where nothing was compared */
    double probability;      /* gain-pi: P; NaN otherwise */
    double predicted, sigma; /* of y(1), from the full curves' gains (prune_predict) */
    char why[200];           /* one sentence whenever stop or off; "" otherwise */
};

/* PRESENT as it is after its latest evaluation (n >= 1) beside the curves (n, without it) of trials that have ended, full or
 * stopped. */
struct prune_decision prune_decide(const struct prune_options *, const struct curve *curves, int n,
                                   const struct curve *present);

/* The final value expected of a curve: y(t) + g, and the standard deviation of that prediction, s sqrt(1 + 1/n) sqrt(v / (v - 2))
 * with v = n - 1 degrees of freedom (3 for v / (v - 2) where v < 3). One full curve: its gain, which is the sigma, too. None:
 * y(t) and NaN. RESOLUTION as above. */
void prune_predict(const struct curve *curves, int n, const struct curve *present, double resolution, double *mean,
                   double *sigma);

/* P(T > t) of Student's distribution with DF >= 1 degrees of freedom, to 1e-14 absolute (Abramowitz & Stegun, 26.7.3-4). */
double prune_student_tail(double t, int df);
/* The t with P(T > t) = p, 0 < p < 1. */
double prune_student_quantile(double p, int df);

#endif
