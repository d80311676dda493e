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

struct surrogate {
    struct space space;
    struct surrogate_options options;
    int dims, dim[SPACE_MAX]; /* searched dimensions */
    int n;                    /* distinct points */
    double *u, *y;            /* (n, dims), (n): sums, then standardised means */
    int *count, *trial;       /* (n); trial: the first complete one there, -1: none, or outside the space */
    double *pending;          /* (n_pending, dims) */
    int n_pending;
    double shift, scale; /* objective = shift + scale * y */
    struct gp *gp;
    struct acqui *acqui;
};

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

static bool is_evidence(const struct surrogate *s, const struct trials *trials, size_t i)
{
    return (trials->state[i] == POINT_COMPLETE || trials->state[i] == POINT_KNOWN) &&
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
    gp_free(s->gp);
    free(s->u);
    free(s->y);
    free(s->count);
    free(s->trial);
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

struct acqui *surrogate_acqui(struct surrogate *s)
{
    if (!s->acqui) {
        struct acqui_options o = {.pending = s->pending,
                                  .n_pending = s->n_pending,
                                  .noise_free = s->options.noise_free,
                                  .best = -INFINITY,
                                  .seed = s->options.seed};
        for (int i = 0; i < s->n; i++)
            o.best = fmax(o.best, s->y[i]);
        s->acqui = acqui_new(s->gp, &o);
    }
    return s->acqui;
}

void surrogate_predict(const struct surrogate *s, const double *x, double *mean, double *sigma)
{
    double u[SPACE_MAX], m, variance;
    surrogate_point(s, x, u);
    gp_predict(s->gp, u, &m, &variance);
    *mean = s->shift + s->scale * m;
    *sigma = s->scale * sqrt(variance);
}

double surrogate_acquisition(struct surrogate *s, const double *x)
{
    double u[SPACE_MAX];
    surrogate_point(s, x, u);
    return acqui_value(surrogate_acqui(s), u, NULL) + log(s->scale);
}

int surrogate_best(const struct surrogate *s, double *mean)
{
    double best = -INFINITY;
    int trial = -1;
    for (int i = 0; i < s->n; i++) {
        double m, variance;
        if (s->trial[i] < 0)
            continue;
        gp_predict(s->gp, s->u + (size_t)i * (size_t)s->dims, &m, &variance);
        if (trial < 0 || m > best) {
            best = m;
            trial = s->trial[i];
        }
    }
    *mean = s->shift + s->scale * best;
    return trial;
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
