/* prune: the rules as functions of curves.
 *
 * Each rule is a row of a table: a function that compares, and writes its sentence. `look` asks it without the replay;
 * prune_decide asks it for the present curve and, if that would stop, for every beginning of the best full one. */
#include "prune.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define FIRST_LOOK 0.2
#define LOOK_EVERY 0.05
#define LEVEL 0.05 /* gain-pi stops below this P */
#define ETA 3
#define CLEAR 3 /* chance margins above chance: clearly more than chance */
#define FULL_GAIN_PI 3
#define FULL_MEDIAN 5
#define ROUND 1e-9 /* fractions are quotients */

static const double rungs[] = {0.1, 0.3, 0.9};

/* ---- Student's distribution ---- */

double prune_student_tail(double t, int df)
{
    assert(df >= 1);
    double theta = atan(t / sqrt(df)), s = sin(theta), c = cos(theta), term, sum;
    if (df % 2 == 1) { /* A = 2/pi (theta + s (c + 2/3 c^3 + 2/3 4/5 c^5 + ...)) */
        term = c;
        sum = 0;
        for (int k = 3; k <= df; k += 2) {
            sum += term;
            term *= c * c * (k - 1) / k;
        }
        return 0.5 - (theta + s * sum) / M_PI;
    }
    term = 1; /* A = s (1 + 1/2 c^2 + 1/2 3/4 c^4 + ...) */
    sum = 0;
    for (int k = 2; k <= df; k += 2) {
        sum += term;
        term *= c * c * (k - 1) / k;
    }
    return 0.5 - 0.5 * s * sum;
}

double prune_student_quantile(double p, int df)
{
    assert(p > 0 && p < 1);
    double low = -1, high = 1;
    while (prune_student_tail(high, df) > p && high < 1e8)
        high *= 2;
    while (prune_student_tail(low, df) < p && low > -1e8)
        low *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        *(prune_student_tail(middle, df) > p ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

/* ---- curves ---- */

bool curve_full(const struct curve *c)
{
    return c->n > 0 && c->point[c->n - 1].at >= 1 - ROUND;
}

double curve_at(const struct curve *c, double t)
{
    for (int i = 0; i < c->n; i++) {
        const struct curve_point *b = &c->point[i], *a = b - 1;
        if (b->at < t - ROUND)
            continue;
        if (fabs(b->at - t) <= ROUND)
            return b->value;
        return i == 0 ? NAN : a->value + (b->value - a->value) * (t - a->at) / (b->at - a->at);
    }
    return NAN;
}

static double last_value(const struct curve *c)
{
    return c->point[c->n - 1].value;
}

static int best_full(const struct curve *curves, int n)
{
    int best = -1;
    for (int i = 0; i < n; i++)
        if (curve_full(&curves[i]) && (best < 0 || last_value(&curves[i]) > last_value(&curves[best])))
            best = i;
    return best;
}

static int step_of(const struct curve *c, double t)
{
    return (int)lround(t * c->steps);
}

/* What a rule is asked about: the present curve and the others; SKIP (its index there, or -1) is not one of them. */
struct question {
    const struct prune_options *o;
    const struct curve *curves, *present;
    int n, skip;
    int spare; /* full curves that a rule does without: 1 in a replay */
};

static const struct curve *other(const struct question *q, int i)
{
    return i == q->skip ? NULL : &q->curves[i];
}

struct gains {
    int n;
    double best, mean, s; /* s: 0 where n < 2 */
};

/* Of the full curves from T on. */
static struct gains gains_from(const struct question *q, double t)
{
    struct gains g = {.best = -INFINITY};
    double square = 0;
    for (int i = 0; i < q->n; i++) {
        const struct curve *c = other(q, i);
        double gain = c && curve_full(c) ? last_value(c) - curve_at(c, t) : NAN;
        if (!isfinite(gain))
            continue;
        double before = g.mean; /* Welford's running mean and sum of squares */
        g.mean += (gain - before) / ++g.n;
        square += (gain - before) * (gain - g.mean);
        g.best = fmax(g.best, last_value(c));
    }
    g.s = g.n > 1 ? fmax(sqrt(square / (g.n - 1)), q->o->resolution) : 0;
    return g;
}

/* ---- the rules: whether to stop; each fills in bar and, if it stops, why ---- */

/* Whether the latest evaluation is the first past a multiple of LOOK_EVERY, from FIRST_LOOK on. */
static bool look_due(const struct curve *c)
{
    double now = c->point[c->n - 1].at, before = c->n > 1 ? c->point[c->n - 2].at : 0;
    return now >= FIRST_LOOK - ROUND && floor((now + ROUND) / LOOK_EVERY) > floor((before + ROUND) / LOOK_EVERY);
}

static bool gain_pi(const struct question *q, struct prune_decision *d)
{
    struct gains g = gains_from(q, d->at);
    if (!look_due(q->present) || g.n < FULL_GAIN_PI - q->spare)
        return false;
    double scale = g.s * sqrt(1 + 1.0 / g.n), need = g.best - d->value;
    d->looked = true;
    d->probability = scale > 0 ? prune_student_tail((need - g.mean) / scale, g.n - 1) : need <= g.mean ? 1 : 0;
    d->bar = g.best - g.mean - scale * prune_student_quantile(LEVEL, g.n - 1);
    if (d->probability >= LEVEL)
        return false;
    str_append(d->why, sizeof(d->why), 0,
               "gain-pi: would need %+.1f points after step %d, gains so far %.1f +- %.1f, P %.2g < %.2f", 100 * need,
               step_of(q->present, d->at), 100 * g.mean, 100 * g.s, d->probability, LEVEL);
    return true;
}

/* The rung that the latest evaluation is the first at or past; 0: none. */
static double rung_reached(const struct curve *c)
{
    double now = c->point[c->n - 1].at, before = c->n > 1 ? c->point[c->n - 2].at : 0, rung = 0;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++)
        if (before < rungs[i] - ROUND && now >= rungs[i] - ROUND)
            rung = rungs[i];
    return rung;
}

static double value_at_rung(const struct curve *c, double rung)
{
    for (int i = 0; i < c->n; i++)
        if (c->point[i].at >= rung - ROUND)
            return c->point[i].value;
    return NAN;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static bool asha(const struct question *q, struct prune_decision *d)
{
    double rung = rung_reached(q->present);
    if (rung == 0)
        return false;
    double *there = xcalloc((size_t)q->n + 1, sizeof(*there));
    int m = 0, rank = 1;
    for (int i = 0; i < q->n; i++) {
        double v = other(q, i) ? value_at_rung(other(q, i), rung) : NAN;
        if (!isnan(v))
            there[m++] = v;
    }
    for (int i = 0; i < m; i++)
        rank += there[i] > d->value;
    qsort(there, (size_t)m, sizeof(*there), descending);
    int keep = (m + 1) / ETA > 1 ? (m + 1) / ETA : 1;
    d->looked = m > 0;
    d->bar = keep <= m ? there[keep - 1] : NAN;
    free(there);
    if (rank <= keep)
        return false;
    str_append(d->why, sizeof(d->why), 0, "asha: %.1f %% at step %d is no. %d of %d there, the best %d go on",
               100 * d->value, step_of(q->present, d->at), rank, m + 1, keep);
    return true;
}

static bool median(const struct question *q, struct prune_decision *d)
{
    double best = -INFINITY, *there = xcalloc((size_t)q->n + 1, sizeof(*there));
    int m = 0;
    for (int i = 0; i < q->n; i++) {
        const struct curve *c = other(q, i);
        double v = c && curve_full(c) ? curve_at(c, d->at) : NAN;
        if (!isnan(v))
            there[m++] = v;
    }
    qsort(there, (size_t)m, sizeof(*there), descending);
    double middle = m > 0 ? 0.5 * (there[(m - 1) / 2] + there[m / 2]) : NAN;
    free(there);
    if (!look_due(q->present) || m < FULL_MEDIAN - q->spare)
        return false;
    for (int i = 0; i < q->present->n; i++)
        best = fmax(best, q->present->point[i].value);
    d->looked = true;
    d->bar = middle;
    if (best >= middle)
        return false;
    str_append(d->why, sizeof(d->why), 0,
               "median: at best %.1f %% up to step %d, below the median %.1f %% of %d full trials there", 100 * best,
               step_of(q->present, d->at), 100 * middle, m);
    return true;
}

static const struct {
    const char *name;
    bool (*stops)(const struct question *, struct prune_decision *);
} rules[] = {
    [RULE_NONE] = {"none", NULL},
    [RULE_GAIN_PI] = {"gain-pi", gain_pi},
    [RULE_ASHA] = {"asha", asha},
    [RULE_MEDIAN] = {"median", median},
};

const char *prune_rule_name(enum prune_rule rule)
{
    assert((size_t)rule < ARRAY_LEN(rules));
    return rules[rule].name;
}

static bool at_chance(const struct question *q, struct prune_decision *d)
{
    double most = q->o->chance + q->o->chance_margin, clear = q->o->chance + CLEAR * q->o->chance_margin;
    int best = best_full(q->curves, q->n);
    if (isnan(most) || d->at < FIRST_LOOK - ROUND)
        return false;
    if (q->spare == 0 && (best < 0 || !(curve_at(&q->curves[best], d->at) > clear)))
        return false;
    for (int i = 0; i < q->present->n; i++)
        if (q->present->point[i].value > most)
            return false;
    str_append(d->why, sizeof(d->why), 0, "no better than chance: %.1f %% at step %d, guessing gives %.1f %%",
               100 * d->value, step_of(q->present, d->at), 100 * q->o->chance);
    return true;
}

/* ---- the decision ---- */

static enum prune_cause look(const struct question *q, struct prune_decision *d)
{
    d->at = q->present->point[q->present->n - 1].at;
    d->value = last_value(q->present);
    if (isnan(d->value)) {
        str_append(d->why, sizeof(d->why), 0, "the accuracy at step %d is no number", step_of(q->present, d->at));
        return CAUSE_NAN;
    }
    if (d->at >= 1 - ROUND)
        return CAUSE_NONE;
    return at_chance(q, d) ? CAUSE_CHANCE : rules[q->o->rule].stops(q, d) ? CAUSE_RULE : CAUSE_NONE;
}

/* Puts the rule to the best full curve; fills in where it would have stopped that one. */
static bool stops_the_best(const struct question *q, struct prune_decision *d)
{
    int best = best_full(q->curves, q->n);
    if (best < 0)
        return false;
    for (int n = 1; n < q->curves[best].n; n++) {
        struct curve part = q->curves[best];
        struct question replay = {
            .o = q->o, .curves = q->curves, .present = &part, .n = q->n, .skip = best, .spare = 1};
        struct prune_decision then = {0};
        part.n = n;
        if (look(&replay, &then) != d->cause)
            continue;
        d->off_trial = part.trial;
        d->off_at = then.at;
        return true;
    }
    return false;
}

struct prune_decision prune_decide(const struct prune_options *o, const struct curve *curves, int n,
                                   const struct curve *present)
{
    struct question q = {.o = o, .curves = curves, .present = present, .n = n, .skip = -1};
    struct prune_decision d = {.bar = NAN, .probability = NAN, .off_at = NAN};
    assert(present->n >= 1 && (size_t)o->rule < ARRAY_LEN(rules));
    prune_predict(curves, n, present, o->resolution, &d.predicted, &d.sigma);
    if (o->rule == RULE_NONE)
        return d;
    d.cause = look(&q, &d);
    if (d.cause == CAUSE_NONE)
        return d;
    if (d.cause != CAUSE_NAN && stops_the_best(&q, &d)) {
        d.off = true;
        str_append(d.why, sizeof(d.why), 0, "%s is off: it would have stopped trial %d, the best so far, at step %d",
                   d.cause == CAUSE_CHANCE ? "stopping at chance level" : rules[o->rule].name, d.off_trial,
                   step_of(&curves[best_full(curves, n)], d.off_at));
    }
    d.stop = !d.off;
    return d;
}

void prune_predict(const struct curve *curves, int n, const struct curve *present, double resolution, double *mean,
                   double *sigma)
{
    struct prune_options o = {.resolution = resolution};
    struct question q = {.o = &o, .curves = curves, .present = present, .n = n, .skip = -1};
    struct gains g = gains_from(&q, present->point[present->n - 1].at);
    *mean = last_value(present) + (g.n > 0 ? g.mean : 0);
    *sigma = NAN;
    if (g.n == 1)
        *sigma = fmax(fabs(g.mean), resolution);
    if (g.n > 1)
        *sigma = g.s * sqrt(1 + 1.0 / g.n) * sqrt(g.n > 3 ? (g.n - 1.0) / (g.n - 3.0) : 3);
}
