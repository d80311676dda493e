/* strategy: grid, random and Sobol, the strategies that do not look at results.
 *
 * Grid counts through its points. Random and Sobol share everything but the source of points in the unit cube: on a
 * space of integers and categories points come again, so those tried are kept in a hash set of trial numbers, and a
 * repeated draw is refused. After REDRAWS refusals in a row (few points left, or small cells) the walk goes from the
 * last draw through all points in order to the next untried one: bounded by the number of trials, whatever the space. */
#include "strategy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "sample.h"

#define REDRAWS 100

/* ---- grid ---- */

struct grid {
    const struct space *space;
    int64_t next, size;
    int64_t *done; /* combinations after `next` that were run before the ranges were edited */
    int n_done;
};

static bool is_done(const struct grid *grid, int64_t i)
{
    for (int k = 0; k < grid->n_done; k++)
        if (grid->done[k] == i)
            return true;
    return false;
}

static void *grid_create(const struct space *space, const struct search_options *options, struct err *err)
{
    (void)options;
    int64_t size = grid_size(space, err);
    if (size < 0)
        return NULL;
    struct grid *grid = xcalloc(1, sizeof(*grid));
    *grid = (struct grid){.space = space, .size = size};
    return grid;
}

static enum ask grid_ask(void *self, const struct trials *trials, double *x)
{
    struct grid *grid = self;
    (void)trials;
    while (is_done(grid, grid->next))
        grid->next++;
    if (grid->next == grid->size)
        return ASK_DONE;
    grid_point(grid->space, grid->next++, x);
    return ASK_POINT;
}

/* The next one, as a rule. After an edit it may be another of the new grid's, or none. */
static void grid_recorded(void *self, const struct trials *trials, const double *x)
{
    struct grid *grid = self;
    (void)trials;
    int64_t i = grid_find(grid->space, x);
    if (i == grid->next) {
        grid->next++;
    } else if (i > grid->next && !is_done(grid, i)) {
        grid->done = xrealloc(grid->done, (size_t)(grid->n_done + 1) * sizeof(*grid->done));
        grid->done[grid->n_done++] = i;
    }
}

static void grid_destroy(void *self)
{
    struct grid *grid = self;
    free(grid->done);
    free(grid);
}

static int64_t grid_planned(void *self, const struct trials *trials)
{
    const struct grid *grid = self;
    (void)trials;
    int64_t left = grid->size - grid->next;
    for (int k = 0; k < grid->n_done; k++)
        left -= grid->done[k] >= grid->next;
    return left;
}

/* ---- the distinct points among the trials ---- */

struct tried {
    int *slot;      /* open addressing: trial number + 1, 0 = free */
    size_t n_slots; /* a power of two, at least twice the points in it */
    int64_t distinct;
    int seen; /* trials looked at */
};

static uint64_t hash_point(const double *x, int dim)
{
    uint64_t h = 0;
    for (int j = 0; j < dim; j++) {
        double v = x[j] + 0.0; /* -0 as 0 */
        uint64_t bits;
        memcpy(&bits, &v, sizeof(bits));
        h = hash3(h, bits, (uint64_t)j);
    }
    return h;
}

static bool equal_points(const double *a, const double *b, int dim)
{
    for (int j = 0; j < dim; j++)
        if (a[j] != b[j])
            return false;
    return true;
}

/* The slot that holds X, or the free one where it belongs. */
static size_t tried_slot(const struct tried *tried, const struct trials *trials, const double *x, int dim)
{
    size_t i = hash_point(x, dim) & (tried->n_slots - 1);
    while (tried->slot[i] != 0 && !equal_points(x, trials->x + (size_t)(tried->slot[i] - 1) * (size_t)dim, dim))
        i = (i + 1) & (tried->n_slots - 1);
    return i;
}

static bool tried_has(const struct tried *tried, const struct trials *trials, const double *x, int dim)
{
    return tried->n_slots > 0 && tried->slot[tried_slot(tried, trials, x, dim)] != 0;
}

static void tried_grow(struct tried *tried, const struct trials *trials, int dim)
{
    struct tried old = *tried;
    tried->n_slots = old.n_slots == 0 ? 64 : 2 * old.n_slots;
    tried->slot = xcalloc(tried->n_slots, sizeof(*tried->slot));
    for (size_t i = 0; i < old.n_slots; i++)
        if (old.slot[i] != 0) {
            const double *x = trials->x + (size_t)(old.slot[i] - 1) * (size_t)dim;
            tried->slot[tried_slot(tried, trials, x, dim)] = old.slot[i];
        }
    free(old.slot);
}

/* Takes in the trials that are new since the last time, as far as they lie inside the space. */
static void tried_update(struct tried *tried, const struct trials *trials, const struct space *space)
{
    int dim = space->n;
    for (; tried->seen < trials->n; tried->seen++) {
        if (!space_contains(space, trials->x + (size_t)tried->seen * (size_t)dim))
            continue;
        if (2 * (size_t)(tried->distinct + 1) > tried->n_slots)
            tried_grow(tried, trials, dim);
        size_t i = tried_slot(tried, trials, trials->x + (size_t)tried->seen * (size_t)dim, dim);
        if (tried->slot[i] == 0) {
            tried->slot[i] = tried->seen + 1;
            tried->distinct++;
        }
    }
}

/* ---- random and Sobol ---- */

struct sampler {
    const struct space *space;
    bool whole;     /* no dimension is continuous: points may come again, and may run out */
    int64_t points; /* of the space, INT64_MAX: that or more */
    struct tried tried;
    void (*draw)(struct sampler *, double *u);
    struct rng rng;
    struct sobol sobol;
};

static void draw_random(struct sampler *s, double *u)
{
    sample_uniform(&s->rng, s->space->n, u);
}

static void draw_sobol(struct sampler *s, double *u)
{
    sobol_next(&s->sobol, u);
}

static struct sampler *sampler_new(const struct space *space)
{
    struct sampler *s = xcalloc(1, sizeof(*s));
    s->space = space;
    s->points = space_points(space);
    s->whole = true;
    for (int j = 0; j < space->n; j++)
        s->whole &= space_dim_values(&space->dims[j]) < INT64_MAX;
    return s;
}

static void *random_create(const struct space *space, const struct search_options *options, struct err *err)
{
    (void)err;
    struct sampler *s = sampler_new(space);
    s->draw = draw_random;
    rng_seed(&s->rng, options->seed, RNG_SEARCH);
    return s;
}

static void *sobol_create(const struct space *space, const struct search_options *options, struct err *err)
{
    (void)err;
    struct sampler *s = sampler_new(space);
    s->draw = draw_sobol;
    /* 0 would mean unshifted, which starts in a corner */
    uint64_t seed = hash3(options->seed, RNG_SEARCH, 0);
    if (space->n > 0)
        sobol_init(&s->sobol, space->n, seed != 0 ? seed : 1);
    return s;
}

static void sampler_destroy(void *self)
{
    struct sampler *s = self;
    free(s->tried.slot);
    free(s);
}

static void draw_point(struct sampler *s, double *x)
{
    double u[SPACE_MAX];
    if (s->space->n > 0)
        s->draw(s, u);
    for (int j = 0; j < s->space->n; j++)
        x[j] = space_value(&s->space->dims[j], u[j]);
}

/* The next point in order, the last dimension fastest; after the last point the first. Whole-numbered spaces only. */
static void next_point(const struct space *space, double *x)
{
    for (int j = space->n - 1; j >= 0; j--) {
        const struct dim *d = &space->dims[j];
        if (x[j] < d->max) {
            x[j] += 1;
            return;
        }
        x[j] = d->min;
    }
}

static enum ask sampler_ask(void *self, const struct trials *trials, double *x)
{
    struct sampler *s = self;
    if (!s->whole) {
        draw_point(s, x);
        return ASK_POINT;
    }
    tried_update(&s->tried, trials, s->space);
    assert(s->tried.distinct <= s->points);
    if (s->tried.distinct == s->points)
        return ASK_DONE;
    draw_point(s, x);
    for (int i = 0; i < REDRAWS && tried_has(&s->tried, trials, x, s->space->n); i++)
        draw_point(s, x);
    while (tried_has(&s->tried, trials, x, s->space->n))
        next_point(s->space, x);
    return ASK_POINT;
}

/* The stream goes on as it went then. */
static void sampler_recorded(void *self, const struct trials *trials, const double *x)
{
    double drawn[SPACE_MAX];
    (void)x;
    sampler_ask(self, trials, drawn);
}

static int64_t sampler_planned(void *self, const struct trials *trials)
{
    struct sampler *s = self;
    if (!s->whole)
        return INT64_MAX;
    tried_update(&s->tried, trials, s->space);
    return s->points - s->tried.distinct;
}

const struct strategy_ops strategy_grid = {
    .stop_reason = "grid complete",
    .exhaustive = true,
    .create = grid_create,
    .destroy = grid_destroy,
    .ask = grid_ask,
    .recorded = grid_recorded,
    .planned = grid_planned,
};

const struct strategy_ops strategy_random = {
    .stop_reason = "every point of the space has been tried",
    .create = random_create,
    .destroy = sampler_destroy,
    .ask = sampler_ask,
    .recorded = sampler_recorded,
    .planned = sampler_planned,
};

const struct strategy_ops strategy_sobol = {
    .stop_reason = "every point of the space has been tried",
    .create = sobol_create,
    .destroy = sampler_destroy,
    .ask = sampler_ask,
    .recorded = sampler_recorded,
    .planned = sampler_planned,
};
