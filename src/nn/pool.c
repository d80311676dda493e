/* A job is published under the mutex with a new generation number; workers take task numbers from one atomic counter.
 * Between the jobs of a training step the gaps are microseconds, so waiters first spin for a moment, then sleep. */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define PAUSE() _mm_pause()
#else
#define PAUSE() ((void)0)
#endif

enum { SPINS = 2000 };

struct pool {
    int threads;
    pthread_t thread[POOL_MAX_THREADS];
    pthread_mutex_t mutex; /* protects generation changes, quit and the two condition variables */
    pthread_cond_t wake, done;
    atomic_uint generation;
    atomic_int next, busy;
    atomic_bool quit;
    int n;
    void (*fn)(void *, int, int);
    void *ctx;
};

struct start {
    struct pool *pool;
    int thread;
};

static void take_tasks(struct pool *p, int thread)
{
    for (int i; (i = atomic_fetch_add(&p->next, 1)) < p->n;)
        p->fn(p->ctx, i, thread);
}

static void wait_for_job(struct pool *p, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&p->generation) != seen)
            return;
        PAUSE();
    }
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->generation) == seen)
        pthread_cond_wait(&p->wake, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

static void *worker(void *arg)
{
    struct start *s = arg;
    struct pool *p = s->pool;
    int thread = s->thread;
    free(s);
    for (unsigned seen = 0;;) {
        wait_for_job(p, seen);
        seen = atomic_load(&p->generation);
        if (atomic_load(&p->quit))
            return NULL;
        take_tasks(p, thread);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            pthread_mutex_lock(&p->mutex);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->mutex);
        }
    }
}

struct pool *pool_new(int threads)
{
    struct pool *p = xcalloc(1, sizeof *p);
    p->threads = threads < 1 ? 1 : threads > POOL_MAX_THREADS ? POOL_MAX_THREADS : threads;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 1; i < p->threads; i++) {
        struct start *s = xmalloc(sizeof *s);
        *s = (struct start){p, i};
        if (pthread_create(&p->thread[i], NULL, worker, s) != 0) {
            free(s);
            log_msg(LOG_WARN, "cannot start thread %d of %d: going on with %d", i + 1, threads, i);
            p->threads = i;
        }
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return p;
}

static void publish(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->generation, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    atomic_store(&p->quit, true);
    publish(p);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

void pool_run(struct pool *p, int n, void (*fn)(void *, int, int), void *ctx)
{
    p->n = n;
    p->fn = fn;
    p->ctx = ctx;
    atomic_store(&p->next, 0);
    if (p->threads == 1 || n == 1) {
        take_tasks(p, 0);
        return;
    }
    atomic_store(&p->busy, p->threads - 1);
    publish(p);
    take_tasks(p, 0);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&p->busy) == 0)
            return;
        PAUSE();
    }
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->busy) != 0)
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}
