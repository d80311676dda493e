/* The CPU backend: memory, buffers and the table. The work is in cpu_conv.c (training convolutions with batch norm),
 * cpu_infer.c (inference of whole nets image by image), cpu_loss.c and cpu_fsp.c; the inner loops are in
 * cpu_kernels.c. A convolution reads an image's node values once into a padded map that stays in the core's cache,
 * and what belongs to the same image (statistics, gradients of weights) is done while it is there. */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void cpu_free(struct backend *be)
{
    struct cpu *c = cpu_of(be);
    for (int i = 0; i < POOL_MAX_THREADS; i++)
        free(c->scratch[i]);
    free(c->packed);
    free(c->packed_flip);
    free(c->dw);
    free(c->sums);
    pool_free(c->pool);
    free(c);
}

static void *cpu_mem_alloc(struct backend *be, size_t bytes)
{
    (void)be;
    return xalloc_aligned(bytes);
}

static void cpu_mem_free(struct backend *be, void *p)
{
    (void)be;
    free(p);
}

static void cpu_copy(struct backend *be, void *dst, const void *src, size_t bytes)
{
    (void)be;
    memcpy(dst, src, bytes);
}

static void cpu_zero(struct backend *be, void *dst, size_t bytes)
{
    (void)be;
    memset(dst, 0, bytes);
}

static bool cpu_sync(struct backend *be, struct err *err)
{
    (void)be;
    (void)err;
    return true;
}

struct sgd_job {
    struct cpu *c;
    size_t n;
    float *w, *v, lr, momentum, decay;
    const float *grad;
    bool nesterov;
};

static void sgd_task(void *ctx, int task, int thread)
{
    const struct sgd_job *j = ctx;
    (void)thread;
    size_t from = j->n * (size_t)task / GROUPS, to = j->n * (size_t)(task + 1) / GROUPS;
    j->c->k->sgd((long)(to - from), j->w + from, j->grad + from, j->v + from, j->lr, j->momentum, j->decay,
                 j->nesterov);
}

static void cpu_sgd(struct backend *be, size_t n, float *w, const float *grad, float *v, float lr, float momentum,
                    float decay, bool nesterov)
{
    struct sgd_job j = {cpu_of(be), n, w, v, lr, momentum, decay, grad, nesterov};
    pool_run(j.c->pool, GROUPS, sgd_task, &j);
}

float *cpu_reserve(float **buf, size_t *have, size_t want)
{
    if (*have < want) {
        free(*buf);
        *buf = xalloc_aligned(want * sizeof(float));
        *have = want;
    }
    return *buf;
}

double *cpu_reserve_sums(struct cpu *c, int channels)
{
    size_t want = (size_t)GROUPS * 4 * (size_t)channels;
    if (c->sums_doubles < want) {
        free(c->sums);
        c->sums = xalloc_aligned(want * sizeof(double));
        c->sums_doubles = want;
    }
    memset(c->sums, 0, want * sizeof(double));
    return c->sums;
}

void cpu_reserve_scratch(struct cpu *c, size_t floats)
{
    if (c->scratch_floats >= floats)
        return;
    c->scratch_floats = floats;
    for (int i = 0; i < pool_threads(c->pool); i++) {
        free(c->scratch[i]);
        c->scratch[i] = xalloc_aligned(floats * sizeof(float));
    }
}

static const struct backend_ops cpu_ops = {
    .free = cpu_free,
    .mem_alloc = cpu_mem_alloc,
    .mem_free = cpu_mem_free,
    .upload = cpu_copy,
    .download = cpu_copy,
    .copy = cpu_copy,
    .zero = cpu_zero,
    .sync = cpu_sync,
    .conv_forward = cpu_conv_forward,
    .conv_backward = cpu_conv_backward,
    .node_forward = cpu_node_forward,
    .node_backward = cpu_node_backward,
    .pad_backward = cpu_pad_backward,
    .gap_forward = cpu_gap_forward,
    .gap_backward = cpu_gap_backward,
    .fc_forward = cpu_fc_forward,
    .fc_backward = cpu_fc_backward,
    .softmax_ce = cpu_softmax_ce,
    .kd_loss = cpu_kd_loss,
    .hint_loss = cpu_hint_loss,
    .fsp_forward = cpu_fsp_forward,
    .fsp_loss = cpu_fsp_loss,
    .fsp_backward = cpu_fsp_backward,
    .sgd = cpu_sgd,
    .bn_fold = cpu_bn_fold,
    .infer = cpu_infer,
};

static const struct cpu_kernels *find_kernels(const char *isa)
{
#if defined(__x86_64__)
    struct {
        const struct cpu_kernels *k;
        bool works;
    } table[] = {
        {&cpu_kernels_avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma")},
        {&cpu_kernels_avx2,
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")},
        {&cpu_kernels_sse2, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].works && (!isa || strcmp(isa, table[i].k->isa) == 0))
            return table[i].k;
    return NULL;
#else
    return !isa || strcmp(isa, cpu_kernels_generic.isa) == 0 ? &cpu_kernels_generic : NULL;
#endif
}

struct backend *backend_cpu_new(int threads, const char *isa, struct err *err)
{
    const struct cpu_kernels *k = find_kernels(isa);
    if (!k) {
        err_set(err, ERR_DEVICE, "instruction set '%s' is not one this processor has", isa);
        return NULL;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads <= 0)
        threads = online < 1 ? 1 : online > GROUPS ? GROUPS : (int)online;
    struct cpu *c = xcalloc(1, sizeof *c);
    c->be.ops = &cpu_ops;
    c->k = k;
    c->pool = pool_new(threads);
    str_append(c->be.info.name, sizeof c->be.info.name, 0, "cpu");
    str_append(c->be.info.isa, sizeof c->be.info.isa, 0, "%s", k->isa);
    c->be.info.threads = pool_threads(c->pool);
    c->be.info.precisions = 1; /* f32 */
    return &c->be;
}
