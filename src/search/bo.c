/* bo: Bayesian optimisation as a strategy. The first max(5, 2d) trials are the
 * user's own setting, if there is one, and a shifted Sobol sequence; after them each
 * point is where a surrogate fitted to all trials sees most to gain: first by expected improvement, later, where the
 * objective is noisy, by what the trial tells about the place of the maximum (surrogate_aim).
 *
 * A proposal depends on the trials alone (and the options): nothing is kept from one ask to the next but a Sobol
 * strategy's set of points tried, which counts those that whole-numbered spaces have left.
 *
 * The acquisition has many local maxima, between which a good sample decides: 512 Sobol points and 64 near the best two
 * trials are valued, the best of them and seven drawn with a chance that grows with their value are climbed from. The
 * climb (L-BFGS-B) moves continuous dimensions; then whole-numbered ones are tried one by one. A point that was tried
 * already, or as good as that, is refused and the next best taken. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lbfgsb.h"
#include "sample.h"
#include "strategy.h"
#include "surrogate.h"

#define SAMPLES 512
#define PERTURBED 64
#define CANDIDATES (SAMPLES + PERTURBED)
#define STARTS 8
#define ITERATIONS 60
#define NEAR 1e-3 /* of the unit cube: the same point */
#define SPREAD 0.05
#define REDRAWS 100

struct bo {
    const struct space *space;
    struct search_options options;
    int design;    /* trials before the model is asked */
    bool searched; /* a dimension has min < max */
    bool whole;    /* no dimension is continuous */
    void *sobol;
    bool modelled; /* of the latest ask */
    struct search_belief belief;
    double expected; /* gain, of the point last proposed; only told, never used */
};

static void *bo_create(const struct space *space, const struct search_options *options, struct err *err)
{
    struct bo *bo = xcalloc(1, sizeof(*bo));
    bo->space = space;
    bo->options = *options;
    bo->whole = true;
    for (int j = 0; j < space->n; j++) {
        bo->searched |= space->dims[j].min < space->dims[j].max;
        bo->whole &= space_dim_values(&space->dims[j]) < INT64_MAX;
    }
    bo->design = surrogate_design(space);
    bo->sobol = strategy_sobol.create(space, options, err);
    return bo;
}

static void bo_destroy(void *self)
{
    struct bo *bo = self;
    strategy_sobol.destroy(bo->sobol);
    free(bo);
}

static int64_t bo_planned(void *self, const struct trials *trials)
{
    struct bo *bo = self;
    return strategy_sobol.planned(bo->sobol, trials);
}

static uint64_t ask_seed(const struct bo *bo, int n)
{
    return hash3(bo->options.seed, RNG_SEARCH, 1 + (uint64_t)n);
}

/* A Sobol point where the model has nothing new; from a sequence of its own, so that nothing is kept from one ask to the
 * next. */
static enum ask fallback(const struct bo *bo, const struct trials *trials, double *x)
{
    struct search_options o = bo->options;
    o.seed = ask_seed(bo, trials->n);
    void *sobol = strategy_sobol.create(bo->space, &o, NULL);
    enum ask ask = strategy_sobol.ask(sobol, trials, x);
    strategy_sobol.destroy(sobol);
    return ask;
}

/* What is known from elsewhere is not of the trials that a search may have. */
static enum surrogate_aim aim(const struct bo *bo, const struct trials *trials)
{
    struct search_options o = bo->options;
    for (int i = 0; i < trials->n; i++)
        o.max_trials += trials->state[i] == POINT_KNOWN && o.max_trials < INT_MAX;
    return surrogate_aim(bo->space, &o, trials->n);
}

static struct surrogate *model(const struct bo *bo, const struct trials *trials)
{
    struct surrogate_options o = {
        .seed = ask_seed(bo, trials->n), .noise_free = bo->options.noise_free, .aim = aim(bo, trials)};
    return surrogate_new(bo->space, trials, &o);
}

/* ---- distance ---- */

/* Whether X is as good as one of the trials; those left out are no evidence, so their points may come again. */
static bool is_old(const struct bo *bo, const struct trials *trials, const double *x)
{
    int dim = bo->space->n;
    for (int i = 0; i < trials->n; i++) {
        double square = 0;
        if (trials->state[i] == POINT_LEFT_OUT && !bo->whole)
            continue;
        for (int j = 0; j < dim; j++) {
            const struct dim *d = &bo->space->dims[j];
            double old = trials->x[(size_t)i * (size_t)dim + (size_t)j];
            double q = d->type == DIM_FLOAT ? space_unit(d, x[j]) - space_coordinate(d, old) : x[j] != old;
            square += q * q; /* NaN: no place in this space, so not near */
        }
        if (square < NEAR * NEAR)
            return true;
    }
    return false;
}

/* ---- the initial design ---- */

static enum ask design_point(struct bo *bo, const struct trials *trials, double *x)
{
    uint64_t seed = hash3(bo->options.seed, RNG_SEARCH, 0);
    double u[SPACE_MAX];
    if (trials->n == 0 && bo->options.has_first && space_contains(bo->space, bo->options.first)) {
        memcpy(x, bo->options.first, (size_t)bo->space->n * sizeof(*x));
        return ASK_POINT;
    }
    for (int i = 0; i < REDRAWS; i++) {
        sobol_at(bo->space->n, seed != 0 ? seed : 1, (uint32_t)(trials->n + i), u);
        for (int j = 0; j < bo->space->n; j++)
            x[j] = space_value(&bo->space->dims[j], u[j]);
        if (!is_old(bo, trials, x))
            return ASK_POINT;
    }
    return fallback(bo, trials, x);
}

/* ---- the acquisition's maximum ---- */

struct climb {
    const struct space *space;
    struct surrogate *s;
    double x[SPACE_MAX];       /* the point in hand: values */
    int n, dim[SPACE_MAX];     /* continuous dimensions: of the space */
    int coordinate[SPACE_MAX]; /* and of the process */
};

struct candidate {
    double value, x[SPACE_MAX];
};

static double acquisition(struct surrogate *s, const double *x)
{
    double u[SPACE_MAX];
    surrogate_point(s, x, u);
    return surrogate_worth(s, u, NULL);
}

static double climbed(void *ctx, const double *u, double *gradient)
{
    struct climb *c = ctx;
    double at[SPACE_MAX], g[SPACE_MAX];
    surrogate_point(c->s, c->x, at);
    for (int i = 0; i < c->n; i++)
        at[c->coordinate[i]] = u[i];
    double value = surrogate_worth(c->s, at, g);
    for (int i = 0; i < c->n; i++)
        gradient[i] = -g[c->coordinate[i]];
    return -value;
}

static void climb_init(struct climb *c, const struct space *space, struct surrogate *s)
{
    *c = (struct climb){.space = space, .s = s};
    for (int j = 0; j < surrogate_dims(s); j++)
        if (space->dims[surrogate_dim(s, j)].type == DIM_FLOAT) {
            c->dim[c->n] = surrogate_dim(s, j);
            c->coordinate[c->n++] = j;
        }
}

static void climb_continuous(struct climb *c)
{
    double u[SPACE_MAX], lower[SPACE_MAX] = {0}, upper[SPACE_MAX];
    if (c->n == 0)
        return;
    for (int i = 0; i < c->n; i++) {
        u[i] = space_unit(&c->space->dims[c->dim[i]], c->x[c->dim[i]]);
        upper[i] = 1;
    }
    lbfgsb_minimise(c->n, lower, upper, climbed, c, ITERATIONS, u);
    for (int i = 0; i < c->n; i++)
        c->x[c->dim[i]] = space_value(&c->space->dims[c->dim[i]], u[i]);
}

/* One pass over the whole-numbered dimensions: the neighbours of an integer, the first 32 categories. */
static bool improve_whole(struct climb *c, double *value)
{
    bool better = false;
    for (int j = 0; j < c->space->n; j++) {
        const struct dim *d = &c->space->dims[j];
        if (d->type == DIM_FLOAT || d->min == d->max)
            continue;
        double was = c->x[j], best = was;
        double from = d->type == DIM_CATEGORY ? d->min : fmax(d->min, was - 1);
        double to = d->type == DIM_CATEGORY ? fmin(d->max, 31) : fmin(d->max, was + 1);
        for (double v = from; v <= to; v++) {
            c->x[j] = v;
            double a = v == was ? *value : acquisition(c->s, c->x);
            if (a > *value) {
                *value = a;
                best = v;
                better = true;
            }
        }
        c->x[j] = best;
    }
    return better;
}

static void climb_from(struct climb *c, const struct candidate *from, struct candidate *to)
{
    memcpy(c->x, from->x, sizeof(c->x));
    climb_continuous(c);
    double value = acquisition(c->s, c->x);
    for (int pass = 0; pass < 5 && improve_whole(c, &value); pass++)
        ;
    to->value = value;
    memcpy(to->x, c->x, sizeof(c->x));
}

static int by_value(const void *a, const void *b)
{
    double x = ((const struct candidate *)a)->value, y = ((const struct candidate *)b)->value;
    return (x < y) - (x > y);
}

static void perturb(const struct space *space, struct rng *rng, const double *around, double *x)
{
    for (int j = 0; j < space->n; j++) {
        const struct dim *d = &space->dims[j];
        if (d->type == DIM_CATEGORY)
            x[j] = rng_uniform(rng) < 0.1 ? space_value(d, rng_uniform(rng)) : around[j];
        else
            x[j] = space_value(d, space_unit(d, around[j]) + SPREAD * rng_normal(rng));
    }
}

/* The best complete trial as observed, from elsewhere too. */
static int best_observed(const struct trials *trials)
{
    int best = -1;
    for (int i = 0; i < trials->n; i++)
        if ((trials->state[i] == POINT_COMPLETE || trials->state[i] == POINT_KNOWN) &&
            (best < 0 || trials->value[i] > trials->value[best]))
            best = i;
    return best;
}

/* Candidates with their values, best first. */
static void sample_candidates(const struct bo *bo, struct surrogate *s, const struct trials *trials, struct rng *rng,
                              struct candidate *list)
{
    const struct space *space = bo->space;
    double u[SPACE_MAX], mean;
    int incumbent[2] = {surrogate_best(s, &mean), best_observed(trials)};
    if (incumbent[0] < 0)
        incumbent[0] = incumbent[1];
    struct sobol sobol;
    sobol_init(&sobol, space->n, rng_u64(rng) | 1);
    for (int i = 0; i < CANDIDATES; i++) {
        if (i < SAMPLES) {
            sobol_next(&sobol, u);
            for (int j = 0; j < space->n; j++)
                list[i].x[j] = space_value(&space->dims[j], u[j]);
        } else {
            perturb(space, rng, trials->x + (size_t)incumbent[i % 2] * (size_t)space->n, list[i].x);
        }
        list[i].value = acquisition(s, list[i].x);
    }
    qsort(list, CANDIDATES, sizeof(*list), by_value);
}

/* Draws the start of another climb, no candidate twice: chance ~ exp(standardised value). */
static int draw_start(const struct candidate *list, bool *taken, struct rng *rng)
{
    double mean = 0, square = 0, total = 0, weight[CANDIDATES];
    for (int i = 0; i < CANDIDATES; i++)
        mean += list[i].value / CANDIDATES;
    for (int i = 0; i < CANDIDATES; i++)
        square += (list[i].value - mean) * (list[i].value - mean) / CANDIDATES;
    double scale = square > 0 ? sqrt(square) : 1;
    for (int i = 0; i < CANDIDATES; i++)
        total += weight[i] = taken[i] ? 0 : exp((list[i].value - list[0].value) / scale);
    double at = rng_uniform(rng) * total;
    int pick = 0;
    for (int i = 0; i < CANDIDATES; i++) {
        if (taken[i])
            continue;
        pick = i;
        if ((at -= weight[i]) < 0)
            break;
    }
    taken[pick] = true;
    return pick;
}

static enum ask best_point(struct bo *bo, struct surrogate *s, const struct trials *trials, double *x)
{
    struct candidate *list = xcalloc(CANDIDATES + STARTS, sizeof(*list)), *end = list + CANDIDATES;
    bool taken[CANDIDATES] = {true};
    struct climb climb;
    struct rng rng;
    enum ask ask = ASK_WAIT;
    rng_seed(&rng, ask_seed(bo, trials->n), RNG_SEARCH);
    sample_candidates(bo, s, trials, &rng, list);
    climb_init(&climb, bo->space, s);
    for (int i = 0; i < STARTS; i++)
        climb_from(&climb, &list[i == 0 ? 0 : draw_start(list, taken, &rng)], &end[i]);
    qsort(list, CANDIDATES + STARTS, sizeof(*list), by_value);
    for (int i = 0; i < CANDIDATES + STARTS && ask == ASK_WAIT; i++)
        if (!is_old(bo, trials, list[i].x)) {
            memcpy(x, list[i].x, (size_t)bo->space->n * sizeof(*x));
            ask = ASK_POINT;
            if (aim(bo, trials) != AIM_CONFIRM)
                bo->expected = exp(surrogate_acquisition(s, x));
        }
    free(list);
    return ask == ASK_POINT ? ask : fallback(bo, trials, x);
}

static void remember(struct bo *bo, const struct surrogate *s, const struct trials *trials, const double *x)
{
    static const char *const aims[] = {[AIM_IMPROVE] = "improve", [AIM_LEARN] = "learn", [AIM_CONFIRM] = "confirm"};
    struct surrogate_hyper h;
    surrogate_hyper(s, &h);
    bo->modelled = true;
    bo->belief =
        (struct search_belief){.aim = aims[aim(bo, trials)], .kernel = h.kernel, .signal = h.signal, .noise = h.noise};
    memcpy(bo->belief.lengthscale, h.lengthscale, sizeof(h.lengthscale));
    surrogate_predict(s, x, &bo->belief.mean, &bo->belief.sigma);
}

static bool bo_belief(const void *self, struct search_belief *to)
{
    const struct bo *bo = self;
    if (bo->modelled)
        *to = bo->belief;
    return bo->modelled;
}

static enum ask bo_ask(void *self, const struct trials *trials, double *x)
{
    struct bo *bo = self;
    bo->modelled = false;
    bo->expected = NAN;
    if (!bo->searched || (bo->whole && bo_planned(bo, trials) == 0))
        return fallback(bo, trials, x);
    struct surrogate *s = trials->n < bo->design ? NULL : model(bo, trials);
    if (!s)
        return design_point(bo, trials, x);
    enum ask ask = best_point(bo, s, trials, x);
    if (ask == ASK_POINT)
        remember(bo, s, trials, x);
    surrogate_free(s);
    return ask;
}

/* Nothing is kept in step; only there is no belief to tell. */
static void bo_recorded(void *self, const struct trials *trials, const double *x)
{
    struct bo *bo = self;
    (void)trials, (void)x;
    bo->modelled = false;
}

static int bo_recommend(void *self, const struct trials *trials, double *value)
{
    struct bo *bo = self;
    struct surrogate *s = model(bo, trials);
    int trial = s ? surrogate_best(s, value) : -1;
    surrogate_free(s);
    return trial;
}

static int bo_promising(void *self, const struct trials *trials)
{
    struct bo *bo = self;
    struct surrogate *s = model(bo, trials);
    double best, mean, sigma;
    int id = -1;
    if (s && surrogate_best(s, &best) >= 0)
        for (int i = 0; i < trials->n; i++) {
            if (trials->state[i] != POINT_PREDICTED)
                continue;
            surrogate_predict(s, trials->x + (size_t)i * (size_t)bo->space->n, &mean, &sigma);
            if (mean > best) {
                best = mean;
                id = i;
            }
        }
    surrogate_free(s);
    return id;
}

static double bo_expected(void *self)
{
    const struct bo *bo = self;
    return bo->expected;
}

const struct strategy_ops strategy_bo = {
    .stop_reason = "every point of the space has been tried",
    .create = bo_create,
    .destroy = bo_destroy,
    .ask = bo_ask,
    .recorded = bo_recorded,
    .planned = bo_planned,
    .recommend = bo_recommend,
    .belief = bo_belief,
    .promising = bo_promising,
    .expected = bo_expected,
};
