/* search: the façade. It keeps the trials, the stop rules and the best; a strategy only proposes.
 *
 * One growing array holds every point in the order in which they came: trials, those that wait, enqueued by hand, and
 * those known from elsewhere. Rows never move; enqueueing costs one append. As those that wait go first, a strategy is
 * asked only when no row waits, and its point is appended. Ids count what was asked for, so they have a table of their
 * rows. */
#include "search.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "strategy.h"

static const struct {
    const char *name;
    const struct strategy_ops *ops;
} strategies[] = {
    [STRATEGY_GRID] = {"grid", &strategy_grid},
    [STRATEGY_RANDOM] = {"random", &strategy_random},
    [STRATEGY_SOBOL] = {"sobol", &strategy_sobol},
    [STRATEGY_BO] = {"bo", &strategy_bo},
};

struct search {
    struct space space;
    struct search_options options;
    const struct strategy_ops *ops;
    void *strategy;

    double *x;      /* (rows, space.n) */
    double *value;  /* (rows) */
    double *sigma;  /* (rows), of predicted and known ones */
    uint8_t *state; /* (rows), enum point_state */
    size_t rows, cap;
    size_t known;   /* rows from elsewhere */
    size_t asked;   /* trials; with those known and those that wait they are all rows */
    size_t next;    /* no row before it waits */
    size_t *row_of; /* (asked) */

    /* Algorithm 2 */
    double max_accuracy; /* -inf before the first complete trial */
    int max_accuracy_count;

    int best; /* trial inside the space, or -1 */

    char stop_reason[128];
    bool stopped; /* search_stop: the reason stays */
};

const char *strategy_name(enum strategy strategy)
{
    assert((size_t)strategy < ARRAY_LEN(strategies));
    return strategies[strategy].name;
}

struct search *search_new(const struct space *space, const struct search_options *options, struct err *err)
{
    assert((size_t)options->strategy < ARRAY_LEN(strategies));
    const struct strategy_ops *ops = strategies[options->strategy].ops;
    struct search *s = xcalloc(1, sizeof(*s));
    s->space = *space;
    s->options = *options;
    s->ops = ops;
    s->max_accuracy = -INFINITY;
    s->best = -1;
    s->strategy = ops->create(&s->space, &s->options, err);
    if (s->strategy == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void search_free(struct search *s)
{
    if (s == NULL)
        return;
    s->ops->destroy(s->strategy);
    free(s->x);
    free(s->value);
    free(s->sigma);
    free(s->state);
    free(s->row_of);
    free(s);
}

static struct trials search_trials(const struct search *s)
{
    return (struct trials){.n = (int)s->rows, .x = s->x, .value = s->value, .state = s->state, .sigma = s->sigma};
}

static double *row(const struct search *s, size_t i)
{
    return s->x + i * (size_t)s->space.n;
}

static void append_row(struct search *s, const double *x)
{
    size_t dim = (size_t)s->space.n;
    if (s->rows == s->cap) {
        s->cap = s->cap == 0 ? 64 : 2 * s->cap;
        s->x = xrealloc(s->x, s->cap * (dim > 0 ? dim : 1) * sizeof(*s->x));
        s->value = xrealloc(s->value, s->cap * sizeof(*s->value));
        s->sigma = xrealloc(s->sigma, s->cap * sizeof(*s->sigma));
        s->state = xrealloc(s->state, s->cap * sizeof(*s->state));
        s->row_of = xrealloc(s->row_of, s->cap * sizeof(*s->row_of));
    }
    if (dim > 0)
        memcpy(row(s, s->rows), x, dim * sizeof(*x));
    s->value[s->rows] = s->sigma[s->rows] = 0;
    s->state[s->rows] = POINT_PENDING;
    s->rows++;
}

/* Algorithm 2's two conditions; fills stop_reason. */
static bool must_stop(struct search *s)
{
    const struct search_options *o = &s->options;
    if (s->ops->exhaustive)
        return false;
    if (o->limit_max_accuracy_count > 0 && s->max_accuracy_count > o->limit_max_accuracy_count) {
        str_append(s->stop_reason, sizeof(s->stop_reason), 0,
                   "%d trials without improvement, limit_max_accuracy_count %d exceeded", s->max_accuracy_count,
                   o->limit_max_accuracy_count);
        return true;
    }
    if ((int64_t)s->asked + 1 > o->max_trials) {
        str_append(s->stop_reason, sizeof(s->stop_reason), 0, "max_trials %d reached", o->max_trials);
        return true;
    }
    return false;
}

static bool waits(const struct search *s)
{
    return s->rows > s->asked + s->known;
}

/* The first row that waits becomes a trial. */
static int hand_out(struct search *s, double *x)
{
    while (s->state[s->next] == POINT_KNOWN)
        s->next++;
    if (s->space.n > 0)
        memcpy(x, row(s, s->next), (size_t)s->space.n * sizeof(*x));
    s->row_of[s->asked] = s->next++;
    return (int)s->asked++;
}

/* Whether the point that the strategy proposes is no longer worth a trial; fills stop_reason. */
static bool hardly_better(struct search *s)
{
    double least = s->options.stop_improvement, expected = NAN;
    if (least > 0 && s->ops->expected)
        expected = s->ops->expected(s->strategy);
    if (!(expected < least))
        return false;
    str_append(s->stop_reason, sizeof(s->stop_reason), 0,
               "the next point is expected to improve by %.2g points, stop_improvement %g not reached", 100 * expected,
               100 * least);
    return true;
}

void search_stop(struct search *s, const char *why)
{
    s->stopped = true;
    str_append(s->stop_reason, sizeof(s->stop_reason), 0, "%s", why);
}

enum ask search_ask(struct search *s, double *x, int *id)
{
    if (s->stopped)
        return ASK_DONE;
    s->stop_reason[0] = '\0';
    if (must_stop(s))
        return ASK_DONE;
    if (!waits(s)) {
        double point[SPACE_MAX];
        struct trials trials = search_trials(s);
        enum ask ask = s->ops->ask(s->strategy, &trials, point);
        if (ask == ASK_DONE)
            str_append(s->stop_reason, sizeof(s->stop_reason), 0, "%s", s->ops->stop_reason);
        if (ask != ASK_POINT)
            return ask;
        if (hardly_better(s))
            return ASK_DONE;
        assert(s->rows < INT_MAX && space_contains(&s->space, point));
        append_row(s, point);
    }
    *id = hand_out(s, x);
    return ASK_POINT;
}

enum ask search_ask_recorded(struct search *s, const double *x, int *id)
{
    double same[SPACE_MAX];
    assert(!waits(s));
    if (s->stopped)
        return ASK_DONE;
    s->stop_reason[0] = '\0';
    if (must_stop(s))
        return ASK_DONE;
    struct trials trials = search_trials(s);
    if (s->ops->recorded)
        s->ops->recorded(s->strategy, &trials, x);
    append_row(s, x);
    *id = hand_out(s, same);
    return ASK_POINT;
}

/* Of equals the one asked for first, whichever ended first. */
static bool beats_best(const struct search *s, int id, double value)
{
    double best = s->best < 0 ? -INFINITY : s->value[s->row_of[s->best]];
    return value > best || (value == best && id < s->best);
}

void search_tell(struct search *s, int id, enum tell tell, double value)
{
    assert(id >= 0 && (size_t)id < s->asked && s->state[s->row_of[id]] == POINT_PENDING);
    size_t at = s->row_of[id];
    if (tell == TELL_LEFT_OUT) {
        s->state[at] = POINT_LEFT_OUT;
        return;
    }
    bool complete = tell == TELL_COMPLETE && isfinite(value);
    s->state[at] = complete ? POINT_COMPLETE : POINT_FAILED;
    if (complete) {
        s->value[at] = value;
        if (space_contains(&s->space, row(s, at)) && beats_best(s, id, value))
            s->best = id;
    }
    if (complete && value > s->max_accuracy)
        s->max_accuracy = value;
    else
        s->max_accuracy_count++;
}

void search_add_known(struct search *s, const double *x, double value, double sigma)
{
    assert(isfinite(value) && isfinite(sigma) && sigma >= 0 && s->rows < INT_MAX);
    append_row(s, x);
    s->value[s->rows - 1] = value;
    s->sigma[s->rows - 1] = sigma;
    s->state[s->rows - 1] = POINT_KNOWN;
    s->known++;
}

void search_enqueue_recorded(struct search *s, const double *x)
{
    assert(s->rows < INT_MAX);
    append_row(s, x);
}

void search_tell_predicted(struct search *s, int id, double mean, double sigma)
{
    if (!isfinite(mean) || !isfinite(sigma)) {
        search_tell(s, id, TELL_FAILED, NAN);
        return;
    }
    assert(id >= 0 && (size_t)id < s->asked && s->state[s->row_of[id]] == POINT_PENDING && sigma > 0);
    s->state[s->row_of[id]] = POINT_PREDICTED;
    s->value[s->row_of[id]] = mean;
    s->sigma[s->row_of[id]] = sigma;
    s->max_accuracy_count++;
}

void search_tell_again(struct search *s, int id, enum tell tell, double value)
{
    assert(id >= 0 && (size_t)id < s->asked);
    uint8_t *state = &s->state[s->row_of[id]];
    assert(*state == POINT_PREDICTED || *state == POINT_FAILED);
    int count = s->max_accuracy_count;
    *state = POINT_PENDING;
    search_tell(s, id, tell, value);
    s->max_accuracy_count = count;
}

/* The trial of a row that is one. */
static int trial_at(const struct search *s, size_t row)
{
    int id = 0;
    while (s->row_of[id] != row)
        id++;
    return id;
}

int search_promising(const struct search *s)
{
    struct trials trials = search_trials(s);
    int best = -1;
    if (s->best >= 0 && s->ops->promising) {
        int at = s->ops->promising(s->strategy, &trials);
        return at < 0 ? -1 : trial_at(s, (size_t)at);
    }
    for (size_t i = 0; i < s->asked; i++) {
        size_t at = s->row_of[i];
        if (s->state[at] == POINT_PREDICTED && s->value[at] > s->max_accuracy &&
            (best < 0 || s->value[at] > s->value[s->row_of[best]]))
            best = (int)i;
    }
    return best;
}

bool search_enqueue(struct search *s, const double *x, struct err *err)
{
    if (!space_contains(&s->space, x)) {
        /* one dimension at a time, for the message */
        for (int i = 0; i < s->space.n; i++) {
            struct space one = {.n = 1, .dims = {s->space.dims[i]}};
            const struct dim *d = &one.dims[0];
            if (!space_contains(&one, &x[i]))
                return err_set(err, ERR_CONFIG, "%s = %.10g: allowed are %s from %.10g to %.10g", d->name, x[i],
                               d->type == DIM_FLOAT ? "values" : "whole numbers", d->min, d->max);
        }
    }
    if (s->rows == INT_MAX)
        return err_set(err, ERR_CONFIG, "the study already has %d trials, no more are allowed", INT_MAX);
    append_row(s, x);
    return true;
}

int search_best(const struct search *s, double *x, double *value)
{
    if (s->best < 0)
        return -1;
    if (s->space.n > 0)
        memcpy(x, row(s, s->row_of[s->best]), (size_t)s->space.n * sizeof(*x));
    *value = s->value[s->row_of[s->best]];
    return s->best;
}

int search_recommended(const struct search *s, double *x, double *value)
{
    struct trials trials = search_trials(s);
    int at = s->ops->recommend == NULL ? -1 : s->ops->recommend(s->strategy, &trials, value);
    if (at < 0)
        return search_best(s, x, value);
    if (s->space.n > 0)
        memcpy(x, row(s, (size_t)at), (size_t)s->space.n * sizeof(*x));
    return trial_at(s, (size_t)at);
}

bool search_belief(const struct search *s, struct search_belief *belief)
{
    return s->ops->belief && s->ops->belief(s->strategy, belief);
}

int64_t search_planned(const struct search *s)
{
    struct trials trials = search_trials(s);
    int64_t planned;
    if (__builtin_add_overflow((int64_t)(s->rows - s->known), s->ops->planned(s->strategy, &trials), &planned))
        planned = INT64_MAX;
    if (!s->ops->exhaustive && planned > s->options.max_trials)
        planned = s->options.max_trials;
    return planned;
}

const char *search_stop_reason(const struct search *s)
{
    return s->stop_reason;
}
