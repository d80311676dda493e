/* space: the parameters that are searched, and the unit cube they are mapped to.
 * Any number of float, integer and categorical dimensions, linear or logarithmic. */
#ifndef FSPLAB_SPACE_H
#define FSPLAB_SPACE_H

#include "../base.h"

#define SPACE_MAX 16

enum dim_type { DIM_FLOAT, DIM_INT, DIM_CATEGORY };

struct dim {
    char name[64];
    enum dim_type type;
    bool log;
    double min, max; /* DIM_CATEGORY: 0 .. number-1 */
    int count;       /* grid points; 0 = not given */
};

struct space {
    int n;
    struct dim dims[SPACE_MAX];
};

/* Appends a dimension. ERR_CONFIG: reversed or empty range (min == max is allowed and fixes the value), log with
 * min <= 0, not finite, name twice, too many; integers and categories: ends that are not whole, a count of more than
 * the range has values; a count of 1 or less than 0 on a range with min < max. */
bool space_add(struct space *, const struct dim *, struct err *);
/* u in [0,1] <-> the value (ln for log dimensions; integers and categories: equal cells, value = cell's integer). */
double space_value(const struct dim *, double u);
double space_unit(const struct dim *, double value);
/* space_unit beyond the range too: the same scale goes on, below 0 and above 1. NaN where the scale has no such value. */
double space_coordinate(const struct dim *, double value);
bool space_contains(const struct space *, const double *x);

/* How many values a dimension can take: 1 when min == max, INT64_MAX for a float range. */
int64_t space_dim_values(const struct dim *);
/* The product over all dimensions (1 for an empty space), INT64_MAX when it is that or more. */
int64_t space_points(const struct space *);
/* "search.NAME = log MIN MAX [COUNT]", as the INI has it, for messages. */
void space_dim_text(const struct dim *, char *buf, size_t cap);

#endif
