/* Training convolutions. Forward, per image: node values into a padded map (also stored, if asked), convolution, sums
 * for the batch norm. Backward, per image: the gradient of z into one padded map, the input's values into another,
 * the weights' gradient from both, the input's gradient from the first, and the sums that the batch norm below will
 * need while that gradient is still in the cache. */
#include "cpu.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void cpu_pad_border(float *p, int h, int w, int c)
{
    size_t row = (size_t)(w + 2) * (size_t)c, px = (size_t)c * sizeof *p;
    memset(p, 0, row * sizeof *p);
    memset(p + (size_t)(h + 1) * row, 0, row * sizeof *p);
    for (int y = 1; y <= h; y++) {
        memset(p + (size_t)y * row, 0, px);
        memset(p + (size_t)(y + 1) * row - c, 0, px);
    }
}

/* One row of option A's shortcut: every second pixel of a row of res, its c/2 channels in the middle of c. */
static void res_pad_row(const struct node *nd, int i, int y, float *row)
{
    int c = nd->c, half = c / 2, off = c / 4;
    const float *src =
        nd->res + ((size_t)i * (size_t)(2 * nd->h) + (size_t)(2 * y)) * (size_t)(2 * nd->w) * (size_t)half;
    memset(row, 0, (size_t)nd->w * (size_t)c * sizeof *row);
    for (int x = 0; x < nd->w; x++)
        memcpy(row + (size_t)x * (size_t)c + off, src + (size_t)(2 * x) * (size_t)half, (size_t)half * sizeof *row);
}

enum { ROW_MAX = 32 * 1024 }; /* floats of one row of a map: width times channels */

void cpu_node_value(const struct cpu *c, const struct node *nd, int i, float *dst, bool pad)
{
    size_t row = (size_t)nd->w * (size_t)nd->c;
    const float *z = nd->z + (size_t)i * row * (size_t)nd->h;
    const float *scale = nd->bn ? nd->bn->scale : NULL, *shift = nd->bn ? nd->bn->shift : NULL;
    float tmp[nd->res_kind == RES_PAD || nd->res_kind == RES_BN ? row : 1] __attribute__((aligned(64)));
    assert(row <= ROW_MAX);
    if (pad)
        cpu_pad_border(dst, nd->h, nd->w, nd->c);
    for (int y = 0; y < nd->h; y++) {
        const float *res = NULL;
        if (nd->res_kind == RES_SAME) {
            res = nd->res + ((size_t)i * (size_t)nd->h + (size_t)y) * row;
        } else if (nd->res_kind == RES_PAD) {
            res_pad_row(nd, i, y, tmp);
            res = tmp;
        } else if (nd->res_kind == RES_BN) {
            c->k->affine(nd->w, nd->c, nd->res + ((size_t)i * (size_t)nd->h + (size_t)y) * row, nd->res_bn->scale,
                         nd->res_bn->shift, NULL, false, tmp);
            res = tmp;
        }
        float *to = pad ? padded_row(dst, nd->w, nd->c, y) : dst + (size_t)y * row;
        c->k->affine(nd->w, nd->c, z + (size_t)y * row, scale, shift, res, nd->relu, to);
    }
}

static void copy_into_padded(const float *src, int h, int w, int c, float *dst)
{
    cpu_pad_border(dst, h, w, c);
    for (int y = 0; y < h; y++)
        memcpy(padded_row(dst, w, c, y), src + (size_t)y * (size_t)w * (size_t)c, (size_t)w * (size_t)c * sizeof *src);
}

static void copy_from_padded(const float *src, int h, int w, int c, float *dst)
{
    for (int y = 0; y < h; y++)
        memcpy(dst + (size_t)y * (size_t)w * (size_t)c, padded_row((float *)src, w, c, y),
               (size_t)w * (size_t)c * sizeof *src);
}

/* The node's values of image i in a padded map, from the stored ones or from z; stored when `store`. */
static void input_map(const struct cpu *c, const struct node *in, int i, bool store, float *pad)
{
    size_t size = image_size(in->h, in->w, in->c);
    if (in->a && !store) {
        copy_into_padded(in->a + (size_t)i * size, in->h, in->w, in->c, pad);
        return;
    }
    cpu_node_value(c, in, i, pad, true);
    if (store && in->a)
        copy_from_padded(pad, in->h, in->w, in->c, in->a + (size_t)i * size);
}

/* ---- forward ---- */

struct forward_job {
    struct cpu *c;
    const struct conv *conv;
    const struct node *in;
    bool store;
    float *z;
    double *sums; /* NULL: not wanted */
    int groups;
};

static void conv1_forward(const struct cpu *c, const struct conv *cv, const float *pad, float *z)
{
    int wo = cv->w / cv->stride;
    for (int y = 0; y < cv->h / cv->stride; y++)
        c->k->mm(wo, cv->ci, cv->co, 1, padded_row((float *)pad, cv->w, cv->ci, y * cv->stride),
                 (long)cv->stride * cv->ci, cv->weight, z + (size_t)y * (size_t)wo * (size_t)cv->co, cv->co, false);
}

static void forward_task(void *ctx, int group, int thread)
{
    const struct forward_job *j = ctx;
    const struct conv *cv = j->conv;
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    float *pad = j->c->scratch[thread];
    for (int i = cpu_group_begin(cv->n, group, j->groups); i < cpu_group_begin(cv->n, group + 1, j->groups); i++) {
        float *z = j->z + (size_t)i * image_size(ho, wo, cv->co);
        input_map(j->c, j->in, i, j->store, pad);
        if (cv->k == 1) {
            conv1_forward(j->c, cv, pad, z);
        } else {
            struct conv_out out = {.out = z, .pitch = (long)wo * cv->co};
            j->c->k->conv3(pad, cv->h, cv->w, cv->ci, cv->co, cv->stride, j->c->packed, &out);
        }
        if (j->sums) {
            double *s = j->sums + (size_t)group * 4 * (size_t)cv->co;
            j->c->k->moments((long)ho * wo, cv->co, z, s, s + cv->co);
        }
    }
}

static double group_sum(const double *sums, int groups, int slot, int c, int k)
{
    double s = 0;
    for (int g = 0; g < groups; g++)
        s += sums[((size_t)g * 4 + (size_t)slot) * (size_t)c + (size_t)k];
    return s;
}

static void bn_statistics(const struct bn *bn, const double *sums, int groups, int c, double count)
{
    for (int k = 0; k < c; k++) {
        double mean = group_sum(sums, groups, 0, c, k) / count;
        double var = group_sum(sums, groups, 1, c, k) / count - mean * mean;
        var = var < 0 ? 0 : var;
        double invstd = 1 / sqrt(var + (double)BN_EPS), scale = (double)bn->gamma[k] * invstd;
        bn->mean[k] = (float)mean;
        bn->invstd[k] = (float)invstd;
        bn->scale[k] = (float)scale;
        bn->shift[k] = (float)((double)bn->beta[k] - mean * scale);
        double unbiased = count > 1 ? var * count / (count - 1) : var;
        bn->running_mean[k] += BN_MOMENTUM * ((float)mean - bn->running_mean[k]);
        bn->running_var[k] += BN_MOMENTUM * ((float)unbiased - bn->running_var[k]);
    }
}

static void reserve_packed(struct cpu *c, size_t floats)
{
    if (c->packed_floats < floats) {
        size_t have = c->packed_floats;
        cpu_reserve(&c->packed, &have, floats);
        cpu_reserve(&c->packed_flip, &c->packed_floats, floats);
    }
}

static size_t weight_size(const struct conv *cv)
{
    return (size_t)cv->k * (size_t)cv->k * (size_t)cv->ci * (size_t)cv->co;
}

void cpu_conv_forward(struct backend *be, const struct conv *cv, const struct node *in, bool store, float *z,
                      const struct bn *bn)
{
    struct cpu *c = cpu_of(be);
    struct forward_job j = {c, cv, in, store, z, bn ? cpu_reserve_sums(c, cv->co) : NULL, cpu_groups(cv->n)};
    cpu_reserve_scratch(c, padded_size(cv->h, cv->w, cv->ci));
    reserve_packed(c, weight_size(cv));
    if (cv->k == 3)
        c->k->pack(cv->weight, 3, cv->ci, cv->co, c->packed);
    pool_run(c->pool, j.groups, forward_task, &j);
    if (bn)
        bn_statistics(bn, j.sums, j.groups, cv->co, (double)cv->n * (cv->h / cv->stride) * (cv->w / cv->stride));
}

/* ---- backward ---- */

struct backward_job {
    struct cpu *c;
    const struct conv *conv;
    const struct node *in, *out;
    float *da, *din;
    bool add;
    const float *ka, *kb, *kc; /* dz = ka g + kb z + kc, per output channel */
    float *dw;
    double *sums; /* for the input's batch norms, or NULL */
    int groups;
};

/* Sums for the one or two batch norms of a node, image i: slots 0, 1 for bn, 2, 3 for res_bn. */
static void node_sums(const struct cpu *c, const struct node *nd, int i, const float *da, double *sums)
{
    size_t size = image_size(nd->h, nd->w, nd->c), at = (size_t)i * size;
    const float *value = nd->a ? nd->a + at : NULL;
    long px = (long)nd->h * nd->w;
    assert(nd->a || !nd->relu || nd->res_kind == RES_NONE);
    c->k->grad_sums(px, nd->c, da, value, nd->z + at, nd->bn->scale, nd->bn->shift, nd->relu, nd->bn->mean, sums,
                    sums + nd->c);
    if (nd->res_kind == RES_BN)
        c->k->grad_sums(px, nd->c, da, value, nd->res + at, nd->res_bn->scale, nd->res_bn->shift, nd->relu,
                        nd->res_bn->mean, sums + 2 * nd->c, sums + 3 * nd->c);
}

static void output_gradient(const struct backward_job *j, int i, float *dz)
{
    const struct node *out = j->out;
    size_t row = (size_t)out->w * (size_t)out->c, at = (size_t)i * row * (size_t)out->h;
    assert(out->a || !out->relu || out->res_kind == RES_NONE);
    cpu_pad_border(dz, out->h, out->w, out->c);
    for (int y = 0; y < out->h; y++, at += row) {
        float *da = j->da + at;
        j->c->k->grad_apply(out->w, out->c, da, out->a ? out->a + at : NULL, out->z + at,
                            out->bn ? out->bn->scale : j->ka, out->bn ? out->bn->shift : j->kc, out->relu, j->ka, j->kb,
                            j->kc, out->res_kind != RES_NONE ? da : NULL, padded_row(dz, out->w, out->c, y));
    }
}

static void conv1_backward(const struct backward_job *j, const float *x, const float *dz, float *dw, float *din)
{
    const struct conv *cv = j->conv;
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride, s = cv->stride;
    if (din && !j->add)
        memset(din, 0, image_size(cv->h, cv->w, cv->ci) * sizeof *din);
    for (int y = 0; y < ho; y++) {
        const float *g = padded_row((float *)dz, wo, cv->co, y);
        j->c->k->mm_t(wo, cv->ci, cv->co, 1, padded_row((float *)x, cv->w, cv->ci, y * s), (long)s * cv->ci, g, cv->co,
                      dw);
        if (din) /* packed_flip holds the transposed weights */
            j->c->k->mm(wo, cv->co, cv->ci, 1, g, cv->co, j->c->packed_flip,
                        din + (size_t)y * (size_t)s * (size_t)cv->w * (size_t)cv->ci, (long)s * cv->ci, true);
    }
}

static void conv3_backward(const struct backward_job *j, const float *x, const float *dz, float *dw, float *din)
{
    const struct conv *cv = j->conv;
    const struct cpu_kernels *k = j->c->k;
    k->conv3_dw(x, cv->h, cv->w, cv->ci, cv->co, cv->stride, dz, dw);
    if (!din)
        return;
    if (cv->stride == 2) {
        k->conv3_s2_back(dz, cv->h, cv->w, cv->ci, cv->co, j->c->packed_flip, din, j->add);
    } else {
        struct conv_out o = {.out = din, .pitch = (long)cv->w * cv->ci, .res = j->add ? din : NULL};
        k->conv3(dz, cv->h, cv->w, cv->co, cv->ci, 1, j->c->packed_flip, &o);
    }
}

static void backward_task(void *ctx, int group, int thread)
{
    const struct backward_job *j = ctx;
    const struct conv *cv = j->conv;
    float *x = j->c->scratch[thread], *dz = x + padded_size(cv->h, cv->w, cv->ci);
    float *dw = j->dw + (size_t)group * weight_size(cv);
    memset(dw, 0, weight_size(cv) * sizeof *dw);
    for (int i = cpu_group_begin(cv->n, group, j->groups); i < cpu_group_begin(cv->n, group + 1, j->groups); i++) {
        float *din = j->din ? j->din + (size_t)i * image_size(cv->h, cv->w, cv->ci) : NULL;
        output_gradient(j, i, dz);
        input_map(j->c, j->in, i, false, x);
        (cv->k == 1 ? conv1_backward : conv3_backward)(j, x, dz, dw, din);
        if (j->sums)
            node_sums(j->c, j->in, i, din, j->sums + (size_t)group * 4 * (size_t)cv->ci);
    }
}

struct reduce_job {
    const float *parts;
    float *total;
    size_t n;
    int groups;
};

static void reduce_task(void *ctx, int task, int thread)
{
    const struct reduce_job *j = ctx;
    (void)thread;
    size_t from = j->n * (size_t)task / GROUPS, to = j->n * (size_t)(task + 1) / GROUPS;
    memcpy(j->total + from, j->parts + from, (to - from) * sizeof(float));
    for (int g = 1; g < j->groups; g++) {
        const float *part = j->parts + (size_t)g * j->n;
        for (size_t i = from; i < to; i++)
            j->total[i] += part[i];
    }
}

/* dz = gamma invstd (g - mean(g) - xhat mean(g xhat)), written as ka g + kb z + kc (Ioffe & Szegedy 2015). */
static void gradient_factors(const struct bn *bn, int c, double count, float *ka, float *kb, float *kc)
{
    for (int k = 0; k < c; k++) {
        double inv = (double)bn->invstd[k], a = (double)bn->gamma[k] * inv;
        double mg = (double)bn->dbeta[k] / count, mgx = (double)bn->dgamma[k] / count;
        ka[k] = (float)a;
        kb[k] = (float)(-a * inv * mgx);
        kc[k] = (float)(a * (inv * (double)bn->mean[k] * mgx - mg));
    }
}

static void finish_sums(const struct node *nd, const double *sums, int groups)
{
    for (int k = 0; k < nd->c; k++) {
        nd->bn->dbeta[k] = (float)group_sum(sums, groups, 0, nd->c, k);
        nd->bn->dgamma[k] = (float)(group_sum(sums, groups, 1, nd->c, k) * (double)nd->bn->invstd[k]);
        if (nd->res_kind == RES_BN) {
            nd->res_bn->dbeta[k] = (float)group_sum(sums, groups, 2, nd->c, k);
            nd->res_bn->dgamma[k] = (float)(group_sum(sums, groups, 3, nd->c, k) * (double)nd->res_bn->invstd[k]);
        }
    }
}

static void transpose(const float *w, int rows, int cols, float *t)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            t[(size_t)c * (size_t)rows + (size_t)r] = w[(size_t)r * (size_t)cols + (size_t)c];
}

void cpu_conv_backward(struct backend *be, const struct conv *cv, const struct node *in, const struct node *out,
                       float *da, float *din, bool add, bool sums)
{
    struct cpu *c = cpu_of(be);
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    float factors[3 * cv->co];
    struct backward_job j = {.c = c,
                             .conv = cv,
                             .in = in,
                             .out = out,
                             .da = da,
                             .din = din,
                             .add = add,
                             .ka = factors,
                             .kb = factors + cv->co,
                             .kc = factors + 2 * cv->co,
                             .groups = cpu_groups(cv->n)};
    if (out->bn) {
        gradient_factors(out->bn, cv->co, (double)cv->n * ho * wo, factors, factors + cv->co, factors + 2 * cv->co);
    } else {
        memset(factors, 0, sizeof factors);
        for (int k = 0; k < cv->co; k++)
            factors[k] = 1;
    }
    cpu_reserve_scratch(c, padded_size(cv->h, cv->w, cv->ci) + padded_size(ho, wo, cv->co));
    reserve_packed(c, weight_size(cv));
    j.dw = cpu_reserve(&c->dw, &c->dw_floats, GROUPS * weight_size(cv));
    j.sums = din && sums ? cpu_reserve_sums(c, cv->ci) : NULL;
    if (din && cv->k == 3)
        c->k->pack_flip(cv->weight, 3, cv->ci, cv->co, c->packed_flip);
    else if (din)
        transpose(cv->weight, cv->ci, cv->co, c->packed_flip);
    pool_run(c->pool, j.groups, backward_task, &j);
    struct reduce_job r = {j.dw, cv->dweight, weight_size(cv), j.groups};
    pool_run(c->pool, GROUPS, reduce_task, &r);
    if (j.sums)
        finish_sums(in, j.sums, j.groups);
}

/* ---- nodes by themselves ---- */

struct node_job {
    struct cpu *c;
    const struct node *node;
    const float *da;
    double *sums;
    int n, groups;
};

static void node_forward_task(void *ctx, int group, int thread)
{
    const struct node_job *j = ctx;
    (void)thread;
    size_t size = image_size(j->node->h, j->node->w, j->node->c);
    for (int i = cpu_group_begin(j->n, group, j->groups); i < cpu_group_begin(j->n, group + 1, j->groups); i++)
        cpu_node_value(j->c, j->node, i, j->node->a + (size_t)i * size, false);
}

void cpu_node_forward(struct backend *be, int n, const struct node *nd)
{
    struct node_job j = {.c = cpu_of(be), .node = nd, .n = n, .groups = cpu_groups(n)};
    pool_run(j.c->pool, j.groups, node_forward_task, &j);
}

static void node_backward_task(void *ctx, int group, int thread)
{
    const struct node_job *j = ctx;
    (void)thread;
    size_t size = image_size(j->node->h, j->node->w, j->node->c);
    for (int i = cpu_group_begin(j->n, group, j->groups); i < cpu_group_begin(j->n, group + 1, j->groups); i++)
        node_sums(j->c, j->node, i, j->da + (size_t)i * size, j->sums + (size_t)group * 4 * (size_t)j->node->c);
}

void cpu_node_backward(struct backend *be, int n, const struct node *nd, const float *da)
{
    struct cpu *c = cpu_of(be);
    struct node_job j = {
        .c = c, .node = nd, .da = da, .sums = cpu_reserve_sums(c, nd->c), .n = n, .groups = cpu_groups(n)};
    pool_run(c->pool, j.groups, node_backward_task, &j);
    finish_sums(nd, j.sums, j.groups);
}

struct pad_job {
    int n, h, w, c;
    const float *g;
    float *din;
};

static void pad_backward_task(void *ctx, int i, int thread)
{
    const struct pad_job *j = ctx;
    (void)thread;
    size_t c = (size_t)j->c, half = c / 2, off = c / 4, w = (size_t)j->w;
    const float *g = j->g + (size_t)i * image_size(j->h, j->w, j->c);
    float *din = j->din + (size_t)i * image_size(2 * j->h, 2 * j->w, j->c / 2);
    memset(din, 0, image_size(2 * j->h, 2 * j->w, j->c / 2) * sizeof *din);
    for (size_t y = 0; y < (size_t)j->h; y++)
        for (size_t x = 0; x < w; x++)
            memcpy(din + (2 * y * 2 * w + 2 * x) * half, g + (y * w + x) * c + off, half * sizeof *din);
}

void cpu_pad_backward(struct backend *be, int n, int h, int w, int c, const float *g, float *din)
{
    struct pad_job j = {n, h, w, c, g, din};
    pool_run(cpu_of(be)->pool, n, pad_backward_task, &j);
}
