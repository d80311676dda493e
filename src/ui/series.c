/* A bucket stands as two points, (lowest, highest) in the order in which they came. When there are too many buckets,
 * neighbours are merged in place and a bucket counts for twice as many points: amortised a few comparisons a point. */
#include "series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void series_init(struct series *s, const char *stage, const char *key)
{
    *s = (struct series){.last_step = -1, .per = 1};
    str_append(s->stage, sizeof s->stage, 0, "%s", stage);
    str_append(s->key, sizeof s->key, 0, "%s", key);
}

static void points_release(struct points *p)
{
    free(p->step);
    free(p->value);
    free(p->seconds);
}

void series_release(struct series *s)
{
    points_release(&s->all);
    points_release(&s->thin);
}

static void points_add(struct points *p, double step, double value, double seconds)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 64;
        p->step = xrealloc(p->step, (size_t)p->cap * sizeof *p->step);
        p->value = xrealloc(p->value, (size_t)p->cap * sizeof *p->value);
        p->seconds = xrealloc(p->seconds, (size_t)p->cap * sizeof *p->seconds);
    }
    p->step[p->n] = step;
    p->value[p->n] = value;
    p->seconds[p->n++] = seconds;
}

static void copy_point(struct points *to, int i, const struct points *from, int k)
{
    to->step[i] = from->step[k];
    to->value[i] = from->value[k];
    to->seconds[i] = from->seconds[k];
}

/* Of points [FROM, FROM + N) the lowest and the highest, by index; a NaN among them wins both. */
static void extremes(const struct points *p, int from, int n, int *first, int *second)
{
    int lo = from, hi = from;
    for (int i = from; i < from + n; i++) {
        if (isnan(p->value[i])) {
            *first = *second = i;
            return;
        }
        lo = p->value[i] < p->value[lo] ? i : lo;
        hi = p->value[i] > p->value[hi] ? i : hi;
    }
    *first = lo < hi ? lo : hi;
    *second = lo < hi ? hi : lo;
}

/* Buckets of two points each become half as many. */
static void merge(struct series *s)
{
    struct points *t = &s->thin;
    int out = 0, first, second;
    for (int i = 0; i + 4 <= t->n; i += 4) {
        struct points pair = {.n = 2};
        double step[2], value[2], seconds[2];
        pair.step = step, pair.value = value, pair.seconds = seconds;
        extremes(t, i, 4, &first, &second);
        copy_point(&pair, 0, t, first);
        copy_point(&pair, 1, t, second);
        copy_point(t, out++, &pair, 0);
        copy_point(t, out++, &pair, 1);
    }
    t->n = out;
    s->per *= 2;
}

static void thin_add(struct series *s)
{
    struct points *t = &s->thin, *a = &s->all;
    int first, second, at = a->n - 1;
    if (s->in_bucket == s->per || t->n == 0) {
        if (t->n == 2 * SERIES_BUCKETS)
            merge(s);
        for (int i = 0; i < 2; i++)
            points_add(t, a->step[at], a->value[at], a->seconds[at]);
        s->in_bucket = 1;
        return;
    }
    /* the new point beside the bucket's two */
    struct points three = {.n = 3};
    double step[3], value[3], seconds[3];
    three.step = step, three.value = value, three.seconds = seconds;
    copy_point(&three, 0, t, t->n - 2);
    copy_point(&three, 1, t, t->n - 1);
    copy_point(&three, 2, a, at);
    extremes(&three, 0, 3, &first, &second);
    copy_point(t, t->n - 2, &three, first);
    copy_point(t, t->n - 1, &three, second);
    s->in_bucket++;
}

void series_add(struct series *s, double step, double value, double seconds)
{
    points_add(&s->all, step, value, seconds);
    s->last_step = (int)step;
    thin_add(s);
}

const struct points *series_points(const struct series *s)
{
    return s->all.n > 2 * SERIES_BUCKETS ? &s->thin : &s->all;
}
