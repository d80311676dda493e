/* surrogate: from trials to a Gaussian process and back.
 *
 * The trials are first gathered into one row for each distinct point (sum, number of observations, first complete
 * trial), then thinned if there are too many, then standardised. After that everything is gp's and acqui's, with
 * `shift` and `scale` between their units and the objective's. */
#include "surrogate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acqui.h"
#include "kg.h"
#include "sample.h"

#define LEARN_AFTER 3   /* times the initial design */
#define RECOMMENDED 128 /* points that the knowledge gradient takes to be open to recommendation */
#define SAMPLED 512     /* they are the best of so many, */
#define AROUND 128      /* and of so many around the best point */

struct surrogate {
    struct space space;
    struct surrogate_options options;
    int dims, dim[SPACE_MAX]; /* searched dimensions */
    int n;                    /* distinct points */
    double *u, *y;            /* (n, dims), (n): sums, then standardised means */
    int *count, *trial;       /* (n); trial: the first complete one there, -1: none, or outside the space */
    double *extra;            /* (n) variance of predictions on top of the noise; 0 elsewhere */
    double *pending;          /* (n_pending, dims) */
    int n_pending;
    double shift, scale; /* objective = shift + scale * y */
    struct gp *gp;
    struct acqui *acqui; /* made on the first call of surrogate_worth, as aim has it */
    struct kg *kg;
};

/* ---- the course of a search ---- */

static int searched_dims(const struct space *space)
{
    int n = 0;
    for (int j = 0; j < space->n; j++)
        n += space->dims[j].min < space->dims[j].max;
    return n;
}

int surrogate_design(const struct space *space)
{
    int dims = searched_dims(space);
    return dims > 2 ? 2 * dims : 5;
}

enum surrogate_aim surrogate_aim(const struct space *space, const struct search_options *options, int trials)
{
    if (options->noise_free || trials < LEARN_AFTER * surrogate_design(space))
        return AIM_IMPROVE;
    return trials + 1 == options->max_trials ? AIM_CONFIRM : AIM_LEARN;
}

/* ---- the objective ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between order statistics. */
static double quantile(const double *sorted, int n, double p)
{
    double at = p * (n - 1);
    int i = (int)at;
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

double surrogate_floor(const double *y, int n)
{
    double *sorted = xcalloc((size_t)n, sizeof(*sorted));
    memcpy(sorted, y, (size_t)n * sizeof(*y));
    qsort(sorted, (size_t)n, sizeof(*sorted), ascending);
    double max = sorted[n - 1], min = sorted[0], median = quantile(sorted, n, 0.5), q1 = quantile(sorted, n, 0.25);
    free(sorted);
    if (max > median)
        return median - 3 * (max - median);
    double low = q1 - 1.5 * (max - q1); /* max = median = Q3 */
    if (low < max)
        return low;
    return min < max ? min : max - (max != 0 ? fabs(max) : 1); /* nearly all, or all, are equal */
}

/* ---- gathering ---- */

void surrogate_point(const struct surrogate *s, const double *x, double *u)
{
    for (int j = 0; j < s->dims; j++) {
        const struct dim *d = &s->space.dims[s->dim[j]];
        double v = x[s->dim[j]];
        u[j] = d->type == DIM_CATEGORY ? v : space_coordinate(d, v);
    }
}

/* Whether the process has a place for X: on every scale, and with the fixed dimensions as they are. */
static bool has_place(const struct surrogate *s, const double *x)
{
    for (int j = 0; j < s->space.n; j++)
        if (isnan(space_coordinate(&s->space.dims[j], x[j])))
            return false;
    return true;
}

/* Than a trial of the search: a trial stopped early, or evidence that says so. */
static bool noisier(const struct trials *trials, size_t i)
{
    return (trials->state[i] == POINT_PREDICTED || trials->state[i] == POINT_KNOWN) && trials->sigma &&
           trials->sigma[i] > 0;
}

static bool is_evidence(const struct surrogate *s, const struct trials *trials, size_t i)
{
    return (trials->state[i] == POINT_COMPLETE || (trials->state[i] == POINT_KNOWN && !noisier(trials, i))) &&
           has_place(s, trials->x + i * (size_t)s->space.n);
}

static int find_row(const struct surrogate *s, const double *u)
{
    for (int i = 0; i < s->n; i++)
        if (memcmp(s->u + (size_t)i * (size_t)s->dims, u, (size_t)s->dims * sizeof(*u)) == 0)
            return i;
    return -1;
}

static void add_observation(struct surrogate *s, const double *u, double y, int trial)
{
    int i = find_row(s, u);
    if (i < 0) {
        i = s->n++;
        memcpy(s->u + (size_t)i * (size_t)s->dims, u, (size_t)s->dims * sizeof(*u));
        s->trial[i] = -1;
    }
    s->y[i] += y;
    s->count[i]++;
    if (s->trial[i] < 0)
        s->trial[i] = trial;
}

/* An observation with more noise. Where the point was observed as it is, that is better. */
static void add_prediction(struct surrogate *s, const double *u, double y, double sigma)
{
    int i = find_row(s, u);
    if (i >= 0 && s->extra[i] == 0)
        return;
    add_observation(s, u, y, -1);
    i = find_row(s, u);
    s->extra[i] = fmax(s->extra[i], sigma * sigma);
}

/* false: no complete trial */
static bool gather(struct surrogate *s, const struct trials *trials)
{
    size_t n = (size_t)trials->n, dims = (size_t)s->dims;
    double u[SPACE_MAX];
    int complete = 0;
    s->u = xcalloc(n * dims + 1, sizeof(double));
    s->y = xcalloc(n + 1, sizeof(double));
    s->count = xcalloc(n + 1, sizeof(int));
    s->trial = xcalloc(n + 1, sizeof(int));
    s->extra = xcalloc(n + 1, sizeof(double));
    s->pending = xcalloc(n * dims + 1, sizeof(double));
    for (size_t i = 0; i < n; i++)
        if (is_evidence(s, trials, i))
            s->y[complete++] = trials->value[i];
    if (complete == 0)
        return false;
    double floor_y = surrogate_floor(s->y, complete);
    memset(s->y, 0, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        enum point_state state = trials->state[i];
        const double *x = trials->x + i * (size_t)s->space.n;
        if (!has_place(s, x))
            continue;
        surrogate_point(s, x, u);
        if (is_evidence(s, trials, i))
            add_observation(s, u, fmax(trials->value[i], floor_y),
                            state == POINT_COMPLETE && space_contains(&s->space, x) ? (int)i : -1);
        else if (state == POINT_FAILED)
            add_observation(s, u, floor_y, -1);
        else if (state == POINT_PENDING)
            memcpy(s->pending + (size_t)s->n_pending++ * dims, u, dims * sizeof(*u));
    }
    for (size_t i = 0; i < n; i++)
        if (noisier(trials, i) && has_place(s, trials->x + i * (size_t)s->space.n)) {
            surrogate_point(s, trials->x + i * (size_t)s->space.n, u);
            add_prediction(s, u, fmax(trials->value[i], floor_y), trials->sigma[i]);
        }
    for (int i = 0; i < s->n; i++)
        s->y[i] /= s->count[i];
    return true;
}

static void thin(struct surrogate *s)
{
    if (s->n <= SURROGATE_TRIALS)
        return;
    size_t dims = (size_t)s->dims;
    double *sorted = xcalloc((size_t)s->n, sizeof(*sorted));
    memcpy(sorted, s->y, (size_t)s->n * sizeof(*sorted));
    qsort(sorted, (size_t)s->n, sizeof(*sorted), ascending);
    double good = sorted[s->n - SURROGATE_TRIALS / 2];
    free(sorted);
    /* how many below `good` must go, from the first */
    int drop = s->n - SURROGATE_TRIALS, to = 0;
    for (int i = 0; i < s->n; i++) {
        if (drop > 0 && (s->y[i] < good || s->n - i <= drop)) {
            drop--;
            continue;
        }
        memmove(s->u + (size_t)to * dims, s->u + (size_t)i * dims, dims * sizeof(double));
        s->y[to] = s->y[i];
        s->count[to] = s->count[i];
        s->extra[to] = s->extra[i];
        s->trial[to++] = s->trial[i];
    }
    s->n = to;
}

static void standardise(struct surrogate *s)
{
    double n = 0, sum = 0, squares = 0;
    for (int i = 0; i < s->n; i++) {
        n += s->count[i];
        sum += s->count[i] * s->y[i];
    }
    s->shift = sum / n;
    for (int i = 0; i < s->n; i++)
        squares += s->count[i] * (s->y[i] - s->shift) * (s->y[i] - s->shift);
    s->scale = sqrt(squares / n);
    if (!(s->scale > 1e-14 * fabs(s->shift) && s->scale > 1e-150 && isfinite(s->scale)))
        s->scale = 1; /* all equal, but for rounding */
    for (int i = 0; i < s->n; i++)
        s->y[i] = (s->y[i] - s->shift) / s->scale;
    for (int i = 0; i < s->n; i++)
        s->extra[i] /= s->scale * s->scale;
}

struct surrogate *surrogate_new(const struct space *space, const struct trials *trials,
                                const struct surrogate_options *options)
{
    struct surrogate *s = xcalloc(1, sizeof(*s));
    bool category[SPACE_MAX];
    s->space = *space;
    s->options = *options;
    for (int i = 0; i < space->n; i++)
        if (space->dims[i].min < space->dims[i].max) {
            category[s->dims] = space->dims[i].type == DIM_CATEGORY;
            s->dim[s->dims++] = i;
        }
    if (s->dims == 0 || !gather(s, trials)) {
        surrogate_free(s);
        return NULL;
    }
    thin(s);
    standardise(s);
    s->gp = gp_new(&(struct gp_data){.n = s->n,
                                     .dim = s->dims,
                                     .u = s->u,
                                     .y = s->y,
                                     .count = s->count,
                                     .extra = s->extra,
                                     .category = category,
                                     .noise_free = options->noise_free});
    gp_fit(s->gp, NULL, options->seed); /* predicts the prior where it cannot fit */
    return s;
}

void surrogate_free(struct surrogate *s)
{
    if (!s)
        return;
    acqui_free(s->acqui);
    kg_free(s->kg);
    gp_free(s->gp);
    free(s->u);
    free(s->y);
    free(s->count);
    free(s->trial);
    free(s->extra);
    free(s->pending);
    free(s);
}

/* ---- what it says ---- */

const struct gp *surrogate_gp(const struct surrogate *s)
{
    return s->gp;
}

int surrogate_dims(const struct surrogate *s)
{
    return s->dims;
}

int surrogate_dim(const struct surrogate *s, int j)
{
    assert(j >= 0 && j < s->dims);
    return s->dim[j];
}

const struct space *surrogate_space(const struct surrogate *s)
{
    return &s->space;
}

void surrogate_units(const struct surrogate *s, double *shift, double *scale)
{
    *shift = s->shift;
    *scale = s->scale;
}

void surrogate_predict(const struct surrogate *s, const double *x, double *mean, double *sigma)
{
    double u[SPACE_MAX], m, variance;
    surrogate_point(s, x, u);
    gp_predict(s->gp, u, &m, &variance);
    *mean = s->shift + s->scale * m;
    *sigma = s->scale * sqrt(variance);
}

void surrogate_hyper(const struct surrogate *s, struct surrogate_hyper *to)
{
    const struct gp_hyper *h = gp_hyper(s->gp);
    to->kernel = h->kernel == GP_RBF ? "rbf" : "matern52";
    for (int j = 0; j < s->space.n; j++)
        to->lengthscale[j] = NAN;
    for (int j = 0; j < s->dims; j++)
        to->lengthscale[s->dim[j]] = h->lengthscale[j];
    to->signal = s->scale * sqrt(h->signal);
    to->noise = s->scale * sqrt(h->noise);
}

/* ---- what a trial is worth ---- */

static struct acqui *make_acqui(const struct surrogate *s)
{
    struct acqui_options o = {.pending = s->pending,
                              .n_pending = s->n_pending,
                              .noise_free = s->options.noise_free,
                              .best = -INFINITY,
                              .seed = s->options.seed};
    for (int all = 0; all < 2 && o.best == -INFINITY; all++) /* of what can still be had */
        for (int i = 0; i < s->n; i++)
            if (all || (gp_inside(s->gp, i) && s->extra[i] == 0))
                o.best = fmax(o.best, s->y[i]);
    return acqui_new(s->gp, &o);
}

static int best_row(const struct surrogate *s, double *mean)
{
    int best = -1;
    for (int i = 0; i < s->n; i++) {
        double m, variance;
        if (s->trial[i] < 0)
            continue;
        gp_predict(s->gp, s->u + (size_t)i * (size_t)s->dims, &m, &variance);
        if (best < 0 || m > *mean) {
            *mean = m;
            best = i;
        }
    }
    return best;
}

/* A Sobol point, or one near the best trial's, close or less so. */
static void candidate(const struct surrogate *s, int i, struct sobol *sobol, struct rng *rng, const double *best,
                      double *u)
{
    double cube[SPACE_MAX];
    if (i < SAMPLED)
        sobol_next(sobol, cube);
    for (int j = 0; j < s->dims; j++) {
        const struct dim *d = &s->space.dims[s->dim[j]];
        double spread = i % 2 ? 0.05 : 0.15;
        if (i < SAMPLED || (d->type == DIM_CATEGORY && rng_uniform(rng) < spread))
            u[j] = i < SAMPLED ? cube[j] : rng_uniform(rng);
        else
            u[j] = d->type == DIM_CATEGORY ? space_unit(d, best[j]) : best[j] + spread * rng_normal(rng);
        double value = space_value(d, fmin(fmax(u[j], 0), 1));
        u[j] = d->type == DIM_CATEGORY ? value : space_unit(d, value);
    }
}

/* Where the mean or the doubt is high: the highest mean + 2 sigma of a sample, and the best trial. */
static struct kg *make_kg(const struct surrogate *s)
{
    size_t dims = (size_t)s->dims, size = dims * sizeof(double);
    double *u = xcalloc((SAMPLED + AROUND) * dims, sizeof(*u)), *score = xcalloc(SAMPLED + AROUND, sizeof(*score));
    double *chosen = xcalloc(RECOMMENDED * dims, sizeof(*chosen)), mean, variance;
    int row = best_row(s, &mean);
    const double *best = s->u + (size_t)(row >= 0 ? row : 0) * dims; /* any, where none is a candidate */
    struct sobol sobol;
    struct rng rng;
    rng_seed(&rng, s->options.seed, RNG_SEARCH);
    sobol_init(&sobol, s->dims, rng_u64(&rng) | 1);
    for (int i = 0; i < SAMPLED + AROUND; i++) {
        candidate(s, i, &sobol, &rng, best, u + (size_t)i * dims);
        gp_predict(s->gp, u + (size_t)i * dims, &mean, &variance);
        score[i] = mean + 2 * sqrt(variance);
    }
    if (row >= 0)
        memcpy(chosen, best, size);
    for (size_t k = row >= 0; k < RECOMMENDED; k++) {
        size_t top = 0;
        for (size_t i = 1; i < SAMPLED + AROUND; i++)
            if (score[i] > score[top])
                top = i;
        memcpy(chosen + k * dims, u + top * dims, size);
        score[top] = -INFINITY;
    }
    struct kg *kg = kg_new(s->gp, chosen, RECOMMENDED, s->pending, s->n_pending);
    free(u);
    free(score);
    free(chosen);
    return kg;
}

static double mean_worth(const struct surrogate *s, const double *u, double *gradient)
{
    size_t n = (size_t)s->n, dims = (size_t)s->dims;
    double *k = xcalloc(n * (dims + 1), sizeof(*k)), *dk = k + n, sum = gp_mean(s->gp);
    const double *weights = gp_weights(s->gp);
    gp_covariances(s->gp, u, k, dk);
    for (size_t j = 0; gradient && j < dims; j++)
        gradient[j] = 0;
    for (size_t i = 0; i < n; i++) {
        sum += k[i] * weights[i];
        for (size_t j = 0; gradient && j < dims; j++)
            gradient[j] += dk[i * dims + j] * weights[i];
    }
    free(k);
    return sum;
}

double surrogate_worth(struct surrogate *s, const double *u, double *gradient)
{
    if (s->options.aim == AIM_CONFIRM)
        return mean_worth(s, u, gradient);
    if (s->options.aim == AIM_LEARN) {
        if (!s->kg)
            s->kg = make_kg(s);
        return kg_value(s->kg, u, gradient);
    }
    if (!s->acqui)
        s->acqui = make_acqui(s);
    return acqui_value(s->acqui, u, gradient);
}

double surrogate_acquisition(struct surrogate *s, const double *x)
{
    double u[SPACE_MAX];
    surrogate_point(s, x, u);
    double worth = surrogate_worth(s, u, NULL);
    return s->options.aim == AIM_CONFIRM ? s->shift + s->scale * worth : worth + log(s->scale);
}

int surrogate_best(const struct surrogate *s, double *mean)
{
    double best = -INFINITY;
    int row = best_row(s, &best);
    *mean = s->shift + s->scale * best;
    return row < 0 ? -1 : s->trial[row];
}

void surrogate_slice(struct surrogate *s, const struct surrogate_slice *slice)
{
    double x[SPACE_MAX];
    assert(slice->column_dim != slice->row_dim || slice->rows == 1);
    memcpy(x, slice->at, (size_t)s->space.n * sizeof(*x));
    for (int r = 0; r < slice->rows; r++)
        for (int c = 0; c < slice->columns; c++) {
            double mean, sigma;
            size_t cell = (size_t)r * (size_t)slice->columns + (size_t)c;
            if (slice->row_dim != slice->column_dim)
                x[slice->row_dim] = space_value(&s->space.dims[slice->row_dim], 1 - (r + 0.5) / slice->rows);
            x[slice->column_dim] = space_value(&s->space.dims[slice->column_dim], (c + 0.5) / slice->columns);
            surrogate_predict(s, x, &mean, &sigma);
            if (slice->mean)
                slice->mean[cell] = (float)mean;
            if (slice->sigma)
                slice->sigma[cell] = (float)sigma;
            if (slice->acquisition)
                slice->acquisition[cell] = (float)surrogate_acquisition(s, x);
        }
}
