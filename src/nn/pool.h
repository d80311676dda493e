/* pool: a few threads that share out numbered tasks. Waiting is by futex-backed condition variables after a short
 * spin, so that a pool shares a busy machine without collapsing. Which thread runs a task is not determined: tasks
 * must write to places of their own (numbered by task, not by thread). */
#ifndef FSPLAB_POOL_H
#define FSPLAB_POOL_H

#include "../base.h"

enum { POOL_MAX_THREADS = 64 };

struct pool;
/* The caller of pool_run is one of the threads; threads - 1 are started (with all signals blocked). */
struct pool *pool_new(int threads);
void pool_free(struct pool *);
int pool_threads(const struct pool *);
/* Runs fn(ctx, task, thread) for task 0..n-1, thread 0..threads-1; returns when all are done. One caller at a time. */
void pool_run(struct pool *, int n, void (*fn)(void *ctx, int task, int thread), void *ctx);

#endif
