/* space: ranges and the unit cube.
 *
 * Every dimension is a line on a scale (plain or ln) between two ends that map to 0 and 1. A float dimension's ends
 * are min and max. An integer or a category owns a cell on that line, from its value - 1/2 to its value + 1/2, so
 * the ends lie half a unit outside and on the linear scale all cells are equally wide; a value maps to the cell's
 * middle on that scale. Whatever rounding does, results are clamped to [min, max], and both ends are hit exactly. */
#include "space.h"

#include <math.h>
#include <string.h>

/* Beyond this, neighbouring whole numbers are no longer distinct doubles. */
#define WHOLE_MAX 9007199254740992.0

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static bool is_whole(double v)
{
    return floor(v) == v && fabs(v) <= WHOLE_MAX;
}

/* The ends of the scale that u = 0 and u = 1 stand for. */
static void scale_ends(const struct dim *d, double *lo, double *hi)
{
    double pad = d->type == DIM_FLOAT ? 0.0 : 0.5;
    *lo = d->log ? log(d->min - pad) : d->min - pad;
    *hi = d->log ? log(d->max + pad) : d->max + pad;
}

int64_t space_dim_values(const struct dim *d)
{
    if (d->min == d->max)
        return 1;
    return d->type == DIM_FLOAT ? INT64_MAX : (int64_t)d->max - (int64_t)d->min + 1;
}

int64_t space_points(const struct space *space)
{
    int64_t product = 1;
    for (int i = 0; i < space->n; i++)
        if (__builtin_mul_overflow(product, space_dim_values(&space->dims[i]), &product))
            return INT64_MAX;
    return product;
}

void space_dim_text(const struct dim *d, char *buf, size_t cap)
{
    size_t len =
        str_append(buf, cap, 0, "search.%s = %s %.10g %.10g", d->name, d->log ? "log" : "linear", d->min, d->max);
    if (d->count != 0)
        str_append(buf, cap, len, " %d", d->count);
}

/* What is wrong with the ends, or NULL. */
static const char *range_fault(const struct dim *d)
{
    if (!isfinite(d->min) || !isfinite(d->max))
        return "both ends must be finite";
    if (d->min > d->max)
        return "the first end must not be above the second";
    if (d->log && d->min <= 0)
        return "a log range needs ends above 0";
    if (d->type != DIM_FLOAT && (!is_whole(d->min) || !is_whole(d->max)))
        return "both ends must be whole numbers";
    if (d->type == DIM_CATEGORY && d->min != 0)
        return "categories are numbered from 0";
    if (d->type == DIM_CATEGORY && d->log)
        return "categories have no log scale";
    return NULL;
}

bool space_add(struct space *space, const struct dim *d, struct err *err)
{
    char text[192];
    space_dim_text(d, text, sizeof(text));
    if (space->n >= SPACE_MAX)
        return err_set(err, ERR_CONFIG, "%s: more than %d searched settings", text, SPACE_MAX);
    for (int i = 0; i < space->n; i++)
        if (strcmp(space->dims[i].name, d->name) == 0)
            return err_set(err, ERR_CONFIG, "%s: search.%s is given twice", text, d->name);
    const char *fault = range_fault(d);
    if (fault != NULL)
        return err_set(err, ERR_CONFIG, "%s: %s", text, fault);
    if (d->count < 0 || (d->count == 1 && d->min < d->max))
        return err_set(err, ERR_CONFIG, "%s: count is %d, at least 2 are allowed", text, d->count);
    if (d->type != DIM_FLOAT && d->min < d->max && d->count > space_dim_values(d))
        return err_set(err, ERR_CONFIG, "%s: count is %d, but the range has %lld values", text, d->count,
                       (long long)space_dim_values(d));
    space->dims[space->n++] = *d;
    return true;
}

double space_value(const struct dim *d, double u)
{
    double lo, hi;
    if (u <= 0)
        return d->min;
    if (u >= 1)
        return d->max;
    scale_ends(d, &lo, &hi);
    /* as a weighted mean: hi - lo may overflow */
    double v = (1 - u) * lo + u * hi;
    if (d->log)
        v = exp(v);
    if (d->type != DIM_FLOAT)
        v = floor(v + 0.5);
    return clamp(v, d->min, d->max);
}

double space_unit(const struct dim *d, double value)
{
    double lo, hi;
    if (d->min == d->max)
        return 0.5;
    scale_ends(d, &lo, &hi);
    double v = clamp(value, d->min, d->max);
    if (d->log)
        v = log(v);
    /* halves: v - lo may overflow */
    return clamp((v / 2 - lo / 2) / (hi / 2 - lo / 2), 0, 1);
}

double space_coordinate(const struct dim *d, double value)
{
    double lo, hi;
    if (d->min == d->max)
        return value == d->min ? 0.5 : (double)NAN;
    if (value >= d->min && value <= d->max)
        return space_unit(d, value);
    if (!isfinite(value) || (d->log && value <= 0))
        return (double)NAN;
    scale_ends(d, &lo, &hi);
    double v = d->log ? log(value) : value;
    return (v / 2 - lo / 2) / (hi / 2 - lo / 2);
}

bool space_contains(const struct space *space, const double *x)
{
    for (int i = 0; i < space->n; i++) {
        const struct dim *d = &space->dims[i];
        /* written so that NaN is outside */
        if (!(x[i] >= d->min && x[i] <= d->max) || (d->type != DIM_FLOAT && !is_whole(x[i])))
            return false;
    }
    return true;
}
