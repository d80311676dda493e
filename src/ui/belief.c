/* A mailbox of one place each way: `wanted` goes to the worker, `fresh` comes back; whoever puts something in throws away
 * what lies there. What the worker does with a want is belief_work.c's.
 *
 * A fit cannot be interrupted. So that nobody waits for one, the worker is detached, and the last of the two to leave
 * takes the belief apart. */
#define _GNU_SOURCE /* pipe2 */
#include "belief_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
    return map ? belief_copy(map, (size_t)p->columns * (size_t)p->rows * sizeof *map) : NULL;
}

void belief_publish(struct belief *b, const struct belief_picture *p)
{
    struct belief_picture *copy = belief_copy(p, sizeof *p);
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

bool belief_overtaken(struct belief *b)
{
    pthread_mutex_lock(&b->lock);
    bool yes = b->wanted || b->closed;
    pthread_mutex_unlock(&b->lock);
    return yes;
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
        belief_work(b, &f, job);
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
    if (b->latest && job_same_picture(&b->latest->want, w))
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
