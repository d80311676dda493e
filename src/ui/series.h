/* series: the values of one curve, as far as they have been read, and a thinned copy of it, so that a curve of any length is
 * drawn from a bounded number of points without losing a spike. */
#ifndef FSPLAB_UI_SERIES_H
#define FSPLAB_UI_SERIES_H

#include "../base.h"

enum { SERIES_BUCKETS = 4096 };

struct points {
    int n, cap;
    double *step, *value, *seconds;
};

struct series {
    char stage[16], key[24];
    int last_step; /* -1 while empty */
    struct points all;
    /* Of every `per` neighbouring points (a power of two) the lowest and the highest, in their order; at most
     * 2 SERIES_BUCKETS of them. A NaN is kept as the bucket's only point: a gap stays a gap. */
    struct points thin;
    int per, in_bucket; /* points a bucket, and in the last one so far */
};

void series_init(struct series *, const char *stage, const char *key);
void series_release(struct series *);
void series_add(struct series *, double step, double value, double seconds);
/* What to draw: all points while they are few, the thin ones otherwise. */
const struct points *series_points(const struct series *);

#endif
