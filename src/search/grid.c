/* grid: the number I of a point, written in the mixed radix of the dimensions' counts, gives its index along every
 * dimension; nothing is stored.
 *
 * A log range of integers is the one awkward case: near its low end the geometric steps are shorter than 1 and
 * would round to the same integer. There the index itself is the lower bound of the distance from min: geometric
 * steps grow, so once they have overtaken 1, 2, 3, ... they stay ahead, and no value comes twice. */
#include "grid.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GRID_MAX 1000000000

/* Points along one dimension, 0 when it has no count and needs one. */
static int64_t dim_count(const struct dim *d)
{
    if (d->min == d->max)
        return 1;
    if (d->count > 0)
        return d->count;
    return d->type == DIM_FLOAT ? 0 : space_dim_values(d);
}

int64_t grid_size(const struct space *space, struct err *err)
{
    int64_t size = 1;
    for (int i = 0; i < space->n; i++) {
        const struct dim *d = &space->dims[i];
        int64_t count = dim_count(d);
        char text[192];
        space_dim_text(d, text, sizeof(text));
        if (count == 0) {
            err_set(err, ERR_CONFIG, "%s: a grid needs the number of points, as in '%s 5'", text, text);
            return -1;
        }
        if (count > GRID_MAX / size) {
            err_set(err, ERR_CONFIG, "%s: the grid has more than %d points", text, GRID_MAX);
            return -1;
        }
        size *= count;
    }
    return size;
}

/* 0.1 + 2 * 0.1 as 0.3, not 0.30000000000000004: these values are read by people. Left alone where 14 digits are
 * too few to tell it from its neighbours. */
static double tidy(double v, double step)
{
    char text[32];
    snprintf(text, sizeof(text), "%.14g", v);
    double round = strtod(text, NULL);
    return fabs(round - v) <= 1e-6 * step ? round : v;
}

static double dim_value(const struct dim *d, int64_t i, int64_t count)
{
    if (i == 0)
        return d->min;
    if (i == count - 1)
        return d->max;
    double t = (double)i / (double)(count - 1);
    double v, step;
    if (d->log) {
        double ratio = d->max / d->min;
        /* min * ratio^t, also where the ratio overflows */
        v = isfinite(ratio) ? d->min * pow(ratio, t) : exp((1 - t) * log(d->min) + t * log(d->max));
        step = v * log(ratio) / (double)(count - 1);
    } else {
        v = (1 - t) * d->min + t * d->max;
        step = d->max / (double)(count - 1) - d->min / (double)(count - 1);
    }
    if (d->type == DIM_FLOAT) {
        v = tidy(v, step);
    } else {
        v = floor(v + 0.5);
        if (v < d->min + (double)i)
            v = d->min + (double)i;
    }
    return v < d->min ? d->min : v > d->max ? d->max : v;
}

void grid_point(const struct space *space, int64_t i, double *x)
{
    for (int j = space->n - 1; j >= 0; j--) {
        int64_t count = dim_count(&space->dims[j]);
        assert(count > 0);
        x[j] = dim_value(&space->dims[j], i % count, count);
        i /= count;
    }
    assert(i == 0);
}

int64_t grid_find(const struct space *space, const double *x)
{
    int64_t at = 0;
    for (int j = 0; j < space->n; j++) {
        int64_t count = dim_count(&space->dims[j]), i = 0;
        while (i < count && dim_value(&space->dims[j], i, count) != x[j])
            i++;
        if (i == count)
            return -1;
        at = at * count + i;
    }
    return at;
}
