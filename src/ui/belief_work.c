/* What the belief's thread does with a want: it fits the surrogate, unless the trials are the same as before, and draws. It
 * keeps the surrogate, the points to try next and the settings' weights as long as the trials stay the same, so another pair
 * of settings or another size costs no fit. It looks for another want between rows. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../search/grid.h"
#include "belief_impl.h"

enum { DRAWS = 100 }; /* as `fsplab importance` */
#define TOP 0.1       /* share of the trials that counts as good there */

/* ---- a grid beside the search ---- */

/* Everything that the search over these trials is compared with is a full grid: its own counts where the ranges name them,
 * else as few for each setting as make at least as many points as there are trials. 0: too many points. */
static int grid_space(const struct space *space, int trials, struct space *grid)
{
    int dims = 0, count = 2;
    *grid = *space;
    for (int j = 0; j < space->n; j++)
        dims += space->dims[j].min < space->dims[j].max;
    while (dims > 0 && count < BELIEF_GRID && pow(count, dims) < trials)
        count++;
    bool counted = grid_size(space, NULL) > 0;
    for (int j = 0; j < space->n && !counted; j++) {
        struct dim *d = &grid->dims[j];
        int64_t values = space_dim_values(d);
        d->count = values < count ? (int)values : count;
    }
    int64_t n = grid_size(grid, NULL);
    return n > 0 && n <= BELIEF_GRID ? (int)n : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The highest of k of the n values y (ascending), drawn without repetition, is the i-th with probability
 * C(i-1, k-1) / C(n, k): from i to i-1 that shrinks by (i - k) / (i - 1). */
static double expected_best(const double *y, int n, int k)
{
    double sum = 0, p = (double)k / n;
    for (int i = n; i >= k && p > 0; i--) {
        sum += p * y[i - 1];
        p *= i > 1 ? (double)(i - k) / (i - 1) : 0;
    }
    return sum;
}

static void compare_with_grid(const struct job *job, const struct surrogate *s, struct belief_grid *g)
{
    struct space space;
    double y[BELIEF_GRID], x[SPACE_MAX], sigma;
    *g = (struct belief_grid){0};
    int n = grid_space(&job->space, job->points.n, &space);
    for (int i = 0; i < n; i++) {
        grid_point(&space, i, x);
        surrogate_predict(s, x, &y[i], &sigma);
    }
    qsort(y, (size_t)n, sizeof *y, ascending);
    g->n = n;
    for (int k = 1; k <= n; k++)
        g->best[k - 1] = expected_best(y, n, k);
}

/* ---- fitting ---- */

void fitted_release(struct fitted *f)
{
    surrogate_free(f->surrogate);
    job_free(f->job);
    *f = (struct fitted){0};
}

/* Takes the job. */
static void fit(struct fitted *f, struct job *job)
{
    bool same = f->job && job_same_trials(&f->job->want, &job->want);
    if (same) {
        job_free(f->job);
        f->job = job;
        return;
    }
    fitted_release(f);
    struct trials trials = history_trials(&job->points);
    const struct search_options open_end = {.strategy = job->want.strategy, .max_trials = INT_MAX};
    f->job = job;
    f->n_next = -1;
    f->surrogate = surrogate_new(
        &job->space, &trials,
        &(struct surrogate_options){.seed = job->want.seed, .aim = surrogate_aim(&job->space, &open_end, trials.n)});
    if (f->surrogate)
        compare_with_grid(job, f->surrogate, &f->grid);
}

/* ---- the maps ---- */

/* One row as a cut along the columns' setting, so that a picture can be given up between two of them. */
static void slice_row(struct surrogate *s, const struct belief_picture *p, int row, int columns, float *mean,
                      float *sigma, float *acquisition)
{
    double at[SPACE_MAX];
    memcpy(at, p->at, sizeof at);
    if (p->row_dim != p->column_dim)
        at[p->row_dim] = space_value(&p->space.dims[p->row_dim], 1 - (row + 0.5) / p->rows);
    surrogate_slice(s, &(struct surrogate_slice){.column_dim = p->column_dim,
                                                 .row_dim = p->column_dim,
                                                 .columns = columns,
                                                 .rows = 1,
                                                 .at = at,
                                                 .mean = mean,
                                                 .sigma = sigma,
                                                 .acquisition = acquisition});
}

static void average_row(struct surrogate_average *a, const struct belief_picture *p, int row, float *mean, float *sigma)
{
    double x[SPACE_MAX], m, s;
    memcpy(x, p->at, sizeof x);
    if (p->row_dim != p->column_dim)
        x[p->row_dim] = space_value(&p->space.dims[p->row_dim], 1 - (row + 0.5) / p->rows);
    for (int j = 0; j < p->columns; j++) {
        x[p->column_dim] = space_value(&p->space.dims[p->column_dim], (j + 0.5) / p->columns);
        surrogate_average_predict(a, x, &m, &s);
        mean[j] = (float)m;
        sigma[j] = (float)s;
    }
}

static bool draw_belief(struct belief *b, struct surrogate *s, struct belief_picture *p)
{
    size_t n = (size_t)p->columns;
    struct surrogate_average *average = p->averaged ? surrogate_average_new(s, p->column_dim, p->row_dim) : NULL;
    bool ok = true;
    p->mean = xcalloc(n * (size_t)p->rows + 1, sizeof *p->mean);
    p->sigma = xcalloc(n * (size_t)p->rows + 1, sizeof *p->sigma);
    for (int i = 0; i < p->rows && (ok = !belief_overtaken(b)); i++) {
        float *mean = p->mean + (size_t)i * n, *sigma = p->sigma + (size_t)i * n;
        if (average)
            average_row(average, p, i, mean, sigma);
        else
            slice_row(s, p, i, p->columns, mean, sigma, NULL);
    }
    surrogate_average_free(average);
    return ok;
}

/* The worth in blocks of BELIEF_COARSE cells: in full it may take seconds, and a rough map comes at once. */
static bool draw_coarse(struct belief *b, struct surrogate *s, struct belief_picture *p)
{
    double x[SPACE_MAX];
    memcpy(x, p->at, sizeof x);
    p->acquisition = xcalloc((size_t)p->columns * (size_t)p->rows + 1, sizeof *p->acquisition);
    p->block = BELIEF_COARSE;
    for (int i0 = 0; i0 < p->rows; i0 += p->block) {
        int i1 = i0 + p->block < p->rows ? i0 + p->block : p->rows;
        if (belief_overtaken(b))
            return false;
        for (int j0 = 0; j0 < p->columns; j0 += p->block) {
            int j1 = j0 + p->block < p->columns ? j0 + p->block : p->columns;
            int i = i0 + (i1 - i0) / 2, j = j0 + (j1 - j0) / 2;
            if (p->row_dim != p->column_dim)
                x[p->row_dim] = space_value(&p->space.dims[p->row_dim], 1 - (i + 0.5) / p->rows);
            x[p->column_dim] = space_value(&p->space.dims[p->column_dim], (j + 0.5) / p->columns);
            float worth = (float)surrogate_acquisition(s, x);
            for (i = i0; i < i1; i++)
                for (j = j0; j < j1; j++)
                    p->acquisition[(size_t)i * (size_t)p->columns + (size_t)j] = worth;
        }
    }
    return true;
}

static bool draw_acquisition(struct belief *b, struct surrogate *s, struct belief_picture *p)
{
    float *full = xcalloc((size_t)p->columns * (size_t)p->rows + 1, sizeof *full);
    for (int i = 0; i < p->rows; i++) {
        if (belief_overtaken(b)) {
            free(full);
            return false;
        }
        slice_row(s, p, i, p->columns, NULL, NULL, full + (size_t)i * (size_t)p->columns);
    }
    free(p->acquisition);
    p->acquisition = full;
    p->block = 1;
    return true;
}

/* ---- beside the maps ---- */

/* A search told what the journal says, as `fsplab suggest` makes it: nothing ends it but that there is no other point. */
static struct search *search_with(const struct job *j)
{
    const struct search_options o = {.strategy = j->want.strategy, .seed = j->want.seed, .max_trials = INT_MAX};
    const struct history_points *h = &j->points;
    struct err ignored = {0};
    struct search *s = search_new(&j->space, &o, &ignored);
    if (s)
        history_tell(h, &j->space, s);
    return s;
}

static bool propose(struct belief *b, struct fitted *f)
{
    struct search *s = search_with(f->job);
    bool ok = true;
    int n = 0, id;
    while (s && n < BELIEF_NEXT && (ok = !belief_overtaken(b)) && search_ask(s, f->next[n], &id) == ASK_POINT)
        n++;
    search_free(s);
    if (ok)
        f->n_next = n;
    return ok;
}

/* At the best point, or in the middle where none of the trials lies inside the ranges. */
static void place(const struct fitted *f, struct belief_picture *p)
{
    const struct space *space = &f->job->space;
    for (int j = 0; j < space->n; j++)
        p->at[j] = space_value(&space->dims[j], 0.5);
    p->best = surrogate_best(f->surrogate, &p->best_mean);
    if (p->best < 0)
        return;
    memcpy(p->at, f->job->points.x + (size_t)p->best * (size_t)space->n, (size_t)space->n * sizeof *p->at);
    surrogate_predict(f->surrogate, p->at, &p->best_mean, &p->best_sigma);
}

static bool no_longer_wanted(void *b)
{
    return belief_overtaken(b);
}

static bool weigh(struct belief *b, struct fitted *f)
{
    struct belief_weights *w = &f->weights;
    struct trials trials = history_trials(&f->job->points);
    bool done = true;
    *w = (struct belief_weights){0};
    importance_ped_anova(&f->job->space, &trials, TOP, w->ped_anova, &w->n, &w->n_top);
    if (w->n >= BELIEF_WEIGHED_FROM)
        done = w->known = importance_of_fitted(&f->job->space, f->surrogate, DRAWS, f->job->want.seed, no_longer_wanted,
                                               b, w->first, w->total);
    f->weighed = done;
    return done;
}

/* ---- the course of a picture ---- */

static void finish(struct belief *b, struct belief_picture *p)
{
    p->complete = true;
    belief_publish(b, p);
}

static bool draw_rest(struct belief *b, struct fitted *f, struct belief_picture *p)
{
    bool worth = f->job->want.acquisition;
    if (worth) {
        if (!draw_coarse(b, f->surrogate, p))
            return false;
        belief_publish(b, p);
    }
    if (f->n_next < 0 && !propose(b, f))
        return false;
    p->n_next = f->n_next;
    memcpy(p->next, f->next, sizeof p->next);
    if (worth)
        belief_publish(b, p);
    if (worth && !draw_acquisition(b, f->surrogate, p))
        return false;
    if (!f->job->want.weights)
        return true;
    if (!f->weighed) {
        belief_publish(b, p);
        if (!weigh(b, f))
            return false;
    }
    p->weights = f->weights;
    return true;
}

void belief_work(struct belief *b, struct fitted *f, struct job *job)
{
    fit(f, job);
    const struct belief_want *w = &job->want;
    struct belief_picture p = {.space = job->space,
                               .n_points = job->points.n,
                               .fitted = f->surrogate != NULL,
                               .column_dim = w->column_dim,
                               .row_dim = w->row_dim,
                               .columns = f->surrogate ? w->columns : 0,
                               .rows = f->surrogate ? w->rows : 0,
                               .averaged = w->average,
                               .best = -1};
    const struct search_options open_end = {.strategy = w->strategy, .max_trials = INT_MAX};
    p.aim = surrogate_aim(&job->space, &open_end, job->points.n);
    if (!f->surrogate) {
        if (f->n_next >= 0 || propose(b, f)) {
            p.n_next = f->n_next;
            memcpy(p.next, f->next, sizeof p.next);
            finish(b, &p);
        }
        return;
    }
    place(f, &p);
    surrogate_hyper(f->surrogate, &p.hyper);
    p.grid = f->grid;
    p.weights = f->weights; /* known already, as what follows: only the picture is another one */
    if (f->n_next >= 0) {
        p.n_next = f->n_next;
        memcpy(p.next, f->next, sizeof p.next);
    }
    if (draw_belief(b, f->surrogate, &p)) {
        belief_publish(b, &p);
        if (draw_rest(b, f, &p))
            finish(b, &p);
    }
    free(p.mean);
    free(p.sigma);
    free(p.acquisition);
}
