/* A want is kept with copies of everything it points to, and compared by value: what is drawn from does not change while it
 * is drawn, and asking for the same again costs no fit. */
#include "belief_impl.h"

#include <stdlib.h>
#include <string.h>

void job_free(struct job *j)
{
    if (j)
        history_points_release(&j->points);
    free(j);
}

void *belief_copy(const void *from, size_t size)
{
    void *to = xmalloc(size + 1);
    if (size > 0)
        memcpy(to, from, size);
    return to;
}

struct job *job_new(const struct belief_want *w)
{
    struct job *j = xcalloc(1, sizeof *j);
    const struct history_points *p = w->points;
    size_t n = (size_t)p->n;
    j->want = *w;
    j->space = *w->space;
    j->points = *p;
    j->points.x = belief_copy(p->x, n * (size_t)w->space->n * sizeof *p->x);
    j->points.value = belief_copy(p->value, n * sizeof *p->value);
    j->points.sigma = p->sigma ? belief_copy(p->sigma, n * sizeof *p->sigma) : NULL;
    j->points.state = belief_copy(p->state, n * sizeof *p->state);
    j->points.manual = belief_copy(p->manual, n * sizeof *p->manual);
    j->points.row = NULL; /* of rows that are not ours */
    j->want.space = &j->space;
    j->want.points = &j->points;
    return j;
}

static bool same_space(const struct space *a, const struct space *b)
{
    bool same = a->n == b->n;
    for (int j = 0; same && j < a->n; j++) {
        const struct dim *p = &a->dims[j], *q = &b->dims[j];
        same = strcmp(p->name, q->name) == 0 && p->type == q->type && p->log == q->log && p->min == q->min &&
               p->max == q->max && p->count == q->count;
    }
    return same;
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

bool job_same_trials(const struct belief_want *a, const struct belief_want *b)
{
    const struct history_points *p = a->points, *q = b->points;
    size_t n = (size_t)p->n;
    return a->seed == b->seed && a->strategy == b->strategy && same_space(a->space, b->space) && p->n == q->n &&
           same_bytes(p->x, q->x, n * (size_t)a->space->n * sizeof *p->x) &&
           same_bytes(p->value, q->value, n * sizeof *p->value) && !p->sigma == !q->sigma &&
           (!p->sigma || same_bytes(p->sigma, q->sigma, n * sizeof *p->sigma)) &&
           same_bytes(p->state, q->state, n * sizeof *p->state) &&
           same_bytes(p->manual, q->manual, n * sizeof *p->manual);
}

bool job_same_picture(const struct belief_want *a, const struct belief_want *b)
{
    return a->column_dim == b->column_dim && a->row_dim == b->row_dim && a->columns == b->columns &&
           a->rows == b->rows && a->acquisition == b->acquisition && a->average == b->average &&
           a->weights == b->weights && job_same_trials(a, b);
}
