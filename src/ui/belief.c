/* A mailbox of one place each way: `wanted` goes to the worker, `fresh` comes back; whoever puts something in throws away
 * what lies there. The worker looks into `wanted` between rows. It keeps the surrogate, and the points to try next, as long
 * as the trials stay the same, so another pair of settings or another size costs no fit.
 *
 * A fit cannot be interrupted. So that nobody waits for one, the worker is detached, and the last of the two to leave
 * takes the belief apart. */
#define _GNU_SOURCE /* pipe2 */
#include "belief.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../history.h"

/* A want with what it points to. */
struct job {
    struct belief_want want; /* space and points: those below */
    struct space space;
    struct history_points points;
};

struct belief {
    pthread_mutex_t lock; /* of what follows, down to the blank line */
    pthread_cond_t news;  /* for the worker: wanted, closed; for belief_wait: idle */
    struct job *wanted;
    struct belief_picture *fresh;
    bool busy, closed;
    int users; /* owner and worker */

    int fd[2]; /* a byte for every fresh picture */

    /* the owner's */
    struct job *latest; /* asked for last */
    struct belief_picture *shown;
};

/* What the worker keeps between two wants with the same trials. */
struct fitted {
    struct job *job;
    struct surrogate *surrogate;
    int n_next; /* -1: not asked for yet */
    double next[BELIEF_NEXT][SPACE_MAX];
};

/* ---- jobs ---- */

static void job_free(struct job *j)
{
    if (j)
        history_points_release(&j->points);
    free(j);
}

static void *copy_of(const void *from, size_t size)
{
    void *to = xmalloc(size + 1);
    if (size > 0)
        memcpy(to, from, size);
    return to;
}

static struct job *job_new(const struct belief_want *w)
{
    struct job *j = xcalloc(1, sizeof *j);
    const struct history_points *p = w->points;
    size_t n = (size_t)p->n;
    j->want = *w;
    j->space = *w->space;
    j->points = *p;
    j->points.x = copy_of(p->x, n * (size_t)w->space->n * sizeof *p->x);
    j->points.value = copy_of(p->value, n * sizeof *p->value);
    j->points.sigma = p->sigma ? copy_of(p->sigma, n * sizeof *p->sigma) : NULL;
    j->points.state = copy_of(p->state, n * sizeof *p->state);
    j->points.manual = copy_of(p->manual, n * sizeof *p->manual);
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

/* The same trials of the same search: the same surrogate. */
static bool same_trials(const struct belief_want *a, const struct belief_want *b)
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

static bool same_picture(const struct belief_want *a, const struct belief_want *b)
{
    return a->column_dim == b->column_dim && a->row_dim == b->row_dim && a->columns == b->columns &&
           a->rows == b->rows && a->acquisition == b->acquisition && same_trials(a, b);
}

/* ---- pictures ---- */

static void picture_free(struct belief_picture *p)
{
    if (!p)
        return;
    free(p->mean);
    free(p->sigma);
    free(p->acquisition);
    free(p);
}

static float *copy_map(const float *map, const struct belief_picture *p)
{
    return map ? copy_of(map, (size_t)p->columns * (size_t)p->rows * sizeof *map) : NULL;
}

static void publish(struct belief *b, const struct belief_picture *p)
{
    struct belief_picture *copy = copy_of(p, sizeof *p);
    copy->mean = copy_map(p->mean, p);
    copy->sigma = copy_map(p->sigma, p);
    copy->acquisition = copy_map(p->acquisition, p);
    pthread_mutex_lock(&b->lock);
    picture_free(b->fresh);
    b->fresh = copy;
    pthread_mutex_unlock(&b->lock);
    while (write(b->fd[1], "", 1) < 0 && errno == EINTR) /* a full pipe is readable already */
        ;
}

/* ---- the worker ---- */

static bool overtaken(struct belief *b)
{
    pthread_mutex_lock(&b->lock);
    bool yes = b->wanted || b->closed;
    pthread_mutex_unlock(&b->lock);
    return yes;
}

static void fitted_release(struct fitted *f)
{
    surrogate_free(f->surrogate);
    job_free(f->job);
    *f = (struct fitted){0};
}

/* Takes the job. */
static void fit(struct fitted *f, struct job *job)
{
    bool same = f->job && same_trials(&f->job->want, &job->want);
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
}

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

static bool draw_belief(struct belief *b, struct surrogate *s, struct belief_picture *p)
{
    size_t n = (size_t)p->columns;
    p->mean = xcalloc(n * (size_t)p->rows + 1, sizeof *p->mean);
    p->sigma = xcalloc(n * (size_t)p->rows + 1, sizeof *p->sigma);
    for (int i = 0; i < p->rows; i++) {
        if (overtaken(b))
            return false;
        slice_row(s, p, i, p->columns, p->mean + (size_t)i * n, p->sigma + (size_t)i * n, NULL);
    }
    return true;
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
        if (overtaken(b))
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
        if (overtaken(b)) {
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
    while (s && n < BELIEF_NEXT && (ok = !overtaken(b)) && search_ask(s, f->next[n], &id) == ASK_POINT)
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

static void finish(struct belief *b, struct belief_picture *p)
{
    p->complete = true;
    publish(b, p);
}

static bool draw_rest(struct belief *b, struct fitted *f, struct belief_picture *p)
{
    bool worth = f->job->want.acquisition;
    if (worth) {
        if (!draw_coarse(b, f->surrogate, p))
            return false;
        publish(b, p);
    }
    if (f->n_next < 0 && !propose(b, f))
        return false;
    p->n_next = f->n_next;
    memcpy(p->next, f->next, sizeof p->next);
    if (worth)
        publish(b, p);
    return !worth || draw_acquisition(b, f->surrogate, p);
}

static void work(struct belief *b, struct fitted *f, struct job *job)
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
    if (f->n_next >= 0) { /* known already: only the picture is another one */
        p.n_next = f->n_next;
        memcpy(p.next, f->next, sizeof p.next);
    }
    if (draw_belief(b, f->surrogate, &p)) {
        publish(b, &p);
        if (draw_rest(b, f, &p))
            finish(b, &p);
    }
    free(p.mean);
    free(p.sigma);
    free(p.acquisition);
}

/* The lock is held; it is let go. */
static void leave(struct belief *b)
{
    bool last = --b->users == 0;
    pthread_mutex_unlock(&b->lock);
    if (!last)
        return;
    job_free(b->wanted);
    picture_free(b->fresh);
    close(b->fd[0]);
    close(b->fd[1]);
    pthread_cond_destroy(&b->news);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static void *run(void *arg)
{
    struct belief *b = arg;
    struct fitted f = {0};
    pthread_mutex_lock(&b->lock);
    while (!b->closed) {
        struct job *job = b->wanted;
        if (!job) {
            b->busy = false;
            pthread_cond_broadcast(&b->news);
            pthread_cond_wait(&b->news, &b->lock);
            continue;
        }
        b->wanted = NULL;
        b->busy = true;
        pthread_mutex_unlock(&b->lock);
        work(b, &f, job);
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    fitted_release(&f);
    pthread_mutex_lock(&b->lock);
    leave(b);
    return NULL;
}

/* ---- the owner ---- */

struct belief *belief_new(void)
{
    struct belief *b = xcalloc(1, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->news, NULL);
    b->users = 1;
    if (pipe2(b->fd, O_CLOEXEC | O_NONBLOCK) != 0)
        b->fd[0] = b->fd[1] = -1; /* pictures are then seen with the next frame */
    return b;
}

void belief_free(struct belief *b)
{
    if (!b)
        return;
    job_free(b->latest);
    picture_free(b->shown);
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    pthread_cond_broadcast(&b->news);
    leave(b);
}

/* Signals are for the thread that draws. The lock is held. */
static void start_worker(struct belief *b)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, run, b) == 0)
        b->users++;
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void belief_want(struct belief *b, const struct belief_want *w)
{
    assert(w->column_dim != w->row_dim || w->rows == 1);
    if (b->latest && same_picture(&b->latest->want, w))
        return;
    job_free(b->latest);
    b->latest = job_new(w);
    pthread_mutex_lock(&b->lock);
    job_free(b->wanted);
    b->wanted = job_new(w);
    if (b->users == 1)
        start_worker(b);
    pthread_cond_broadcast(&b->news);
    pthread_mutex_unlock(&b->lock);
}

const struct belief_picture *belief_picture(struct belief *b)
{
    char bytes[64];
    while (read(b->fd[0], bytes, sizeof bytes) > 0)
        ;
    pthread_mutex_lock(&b->lock);
    struct belief_picture *fresh = b->fresh;
    b->fresh = NULL;
    pthread_mutex_unlock(&b->lock);
    if (fresh) {
        picture_free(b->shown);
        b->shown = fresh;
    }
    return b->shown;
}

int belief_fd(const struct belief *b)
{
    return b->fd[0];
}

bool belief_wait(struct belief *b, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)(1e9 * (seconds - (double)(time_t)seconds));
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&b->lock);
    int late = 0;
    while (late == 0 && b->users > 1 && (b->wanted || b->busy))
        late = pthread_cond_timedwait(&b->news, &b->lock, &until);
    bool idle = !b->wanted && !b->busy;
    pthread_mutex_unlock(&b->lock);
    return idle;
}
