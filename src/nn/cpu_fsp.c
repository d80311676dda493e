/* FSP matrices and their gradients, image by image. The larger map of a pair is max-pooled into scratch first; the
 * first maximum of a window in row-major order wins, as in PyTorch. */
#include "cpu.h"

#include <string.h>

struct fsp_job {
    struct cpu *c;
    const struct fsp_pair *pair;
    const float *f1, *f2, *dg;
    float *g, *df1, *df2;
    bool add1, add2;
    int groups;
};

/* src (h, w, c) max-pooled by s to dst; with `pick`, the offset in src of each maximum. */
static void max_pool(const float *src, int h, int w, int c, int s, float *dst, int *pick)
{
    for (int y = 0; y < h / s; y++)
        for (int x = 0; x < w / s; x++)
            for (int k = 0; k < c; k++) {
                int best = ((y * s) * w + x * s) * c + k;
                for (int dy = 0; dy < s; dy++)
                    for (int dx = 0; dx < s; dx++) {
                        int at = ((y * s + dy) * w + x * s + dx) * c + k;
                        best = src[at] > src[best] ? at : best;
                    }
                size_t to = (size_t)((y * (w / s) + x) * c + k);
                dst[to] = src[best];
                if (pick)
                    pick[to] = best;
            }
}

/* Common 2x2 case without picks, in a form the compiler vectorises. */
static void max_pool2(const float *src, int h, int w, int c, float *dst)
{
    for (int y = 0; y < h / 2; y++)
        for (int x = 0; x < w / 2; x++, dst += c) {
            const float *a = src + ((size_t)(2 * y) * (size_t)w + (size_t)(2 * x)) * (size_t)c,
                        *b = a + (size_t)w * (size_t)c;
            for (int k = 0; k < c; k++) {
                float m = a[k] > a[c + k] ? a[k] : a[c + k], l = b[k] > b[c + k] ? b[k] : b[c + k];
                dst[k] = m > l ? m : l;
            }
        }
}

struct fsp_size {
    int h, w, s1, s2;
    size_t n1, n2, pooled1, pooled2;
};

static struct fsp_size fsp_size(const struct fsp_pair *p)
{
    struct fsp_size z = {.h = p->h1 < p->h2 ? p->h1 : p->h2, .w = p->w1 < p->w2 ? p->w1 : p->w2};
    z.s1 = p->h1 / z.h;
    z.s2 = p->h2 / z.h;
    z.n1 = image_size(p->h1, p->w1, p->c1);
    z.n2 = image_size(p->h2, p->w2, p->c2);
    z.pooled1 = z.s1 > 1 ? image_size(z.h, z.w, p->c1) : 0;
    z.pooled2 = z.s2 > 1 ? image_size(z.h, z.w, p->c2) : 0;
    return z;
}

static const float *pooled(const float *f, int h, int w, int c, int s, float *buf, int *pick)
{
    if (s == 1)
        return f;
    if (s == 2 && !pick)
        max_pool2(f, h, w, c, buf);
    else
        max_pool(f, h, w, c, s, buf, pick);
    return buf;
}

static void fsp_forward_task(void *ctx, int group, int thread)
{
    const struct fsp_job *j = ctx;
    const struct fsp_pair *p = j->pair;
    struct fsp_size z = fsp_size(p);
    size_t size = (size_t)p->c1 * (size_t)p->c2;
    float *buf1 = j->c->scratch[thread], *buf2 = buf1 + z.pooled1;
    for (int i = cpu_group_begin(p->n, group, j->groups); i < cpu_group_begin(p->n, group + 1, j->groups); i++) {
        const float *a = pooled(j->f1 + (size_t)i * z.n1, p->h1, p->w1, p->c1, z.s1, buf1, NULL);
        const float *b = pooled(j->f2 + (size_t)i * z.n2, p->h2, p->w2, p->c2, z.s2, buf2, NULL);
        float *g = j->g + (size_t)i * size;
        memset(g, 0, size * sizeof *g);
        j->c->k->mm_t(z.h * z.w, p->c1, p->c2, 1.0f / (float)(z.h * z.w), a, p->c1, b, p->c2, g);
    }
}

void cpu_fsp_forward(struct backend *be, const struct fsp_pair *p, const float *f1, const float *f2, float *g)
{
    struct cpu *c = cpu_of(be);
    struct fsp_size z = fsp_size(p);
    struct fsp_job j = {.c = c, .pair = p, .f1 = f1, .f2 = f2, .g = g, .groups = cpu_groups(p->n)};
    cpu_reserve_scratch(c, z.pooled1 + z.pooled2 + 16);
    pool_run(c->pool, j.groups, fsp_forward_task, &j);
}

struct loss_job {
    int n, size, groups;
    const float *gt, *gs;
    float factor, *dgs;
    double (*sums)[3];
};

static void fsp_loss_task(void *ctx, int group, int thread)
{
    const struct loss_job *j = ctx;
    size_t from = (size_t)cpu_group_begin(j->n, group, j->groups) * (size_t)j->size;
    size_t to = (size_t)cpu_group_begin(j->n, group + 1, j->groups) * (size_t)j->size;
    double d2 = 0, s2 = 0, t2 = 0;
    (void)thread;
    for (size_t at = from; at < to; at += (size_t)j->size) {
        float d = 0, s = 0, t = 0;
        for (size_t e = at; e < at + (size_t)j->size; e++) {
            float diff = j->gs[e] - j->gt[e];
            d += diff * diff;
            s += j->gs[e] * j->gs[e];
            t += j->gt[e] * j->gt[e];
            j->dgs[e] = j->factor * diff;
        }
        d2 += (double)d;
        s2 += (double)s;
        t2 += (double)t;
    }
    j->sums[group][0] = d2;
    j->sums[group][1] = s2;
    j->sums[group][2] = t2;
}

void cpu_fsp_loss(struct backend *be, int n, int size, const float *gt, const float *gs, float per, float weight,
                  float *dgs, float *loss3)
{
    double sums[GROUPS][3], total[3] = {0};
    struct loss_job j = {n, size, cpu_groups(n), gt, gs, 2 * weight / (per * (float)n), dgs, sums};
    pool_run(cpu_of(be)->pool, j.groups, fsp_loss_task, &j);
    for (int g = 0; g < j.groups; g++)
        for (int k = 0; k < 3; k++)
            total[k] += sums[g][k];
    loss3[0] = (float)(total[0] / n / (double)per);
    loss3[1] = (float)(total[1] / n);
    loss3[2] = (float)(total[2] / n);
}

static void scatter(const float *d, const int *pick, size_t n, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[pick[i]] += d[i];
}

/* df (+)= f_other times dg (as rows x cols weights); through the pooling when s > 1. */
static void one_side(const struct fsp_job *j, const struct fsp_size *z, const float *other, int c_other, const float *w,
                     int c, int s, size_t n, const int *pick, float *tmp, float *df, bool add)
{
    float alpha = 1.0f / (float)(z->h * z->w);
    if (s == 1) {
        j->c->k->mm(z->h * z->w, c_other, c, alpha, other, c_other, w, df, c, add);
        return;
    }
    j->c->k->mm(z->h * z->w, c_other, c, alpha, other, c_other, w, tmp, c, false);
    if (!add)
        memset(df, 0, n * sizeof *df);
    scatter(tmp, pick, image_size(z->h, z->w, c), df);
}

static void fsp_backward_task(void *ctx, int group, int thread)
{
    const struct fsp_job *j = ctx;
    const struct fsp_pair *p = j->pair;
    struct fsp_size z = fsp_size(p);
    size_t size = (size_t)p->c1 * (size_t)p->c2, most = z.pooled1 > z.pooled2 ? z.pooled1 : z.pooled2;
    float *dgt = j->c->scratch[thread], *buf1 = dgt + (size + 15) / 16 * 16, *buf2 = buf1 + z.pooled1;
    float *tmp = buf2 + z.pooled2;
    int *pick1 = (int *)(tmp + most), *pick2 = pick1 + z.pooled1;
    for (int i = cpu_group_begin(p->n, group, j->groups); i < cpu_group_begin(p->n, group + 1, j->groups); i++) {
        const float *a = pooled(j->f1 + (size_t)i * z.n1, p->h1, p->w1, p->c1, z.s1, buf1, pick1);
        const float *b = pooled(j->f2 + (size_t)i * z.n2, p->h2, p->w2, p->c2, z.s2, buf2, pick2);
        const float *dg = j->dg + (size_t)i * size;
        for (int r = 0; r < p->c1; r++)
            for (int k = 0; k < p->c2; k++)
                dgt[(size_t)k * (size_t)p->c1 + (size_t)r] = dg[(size_t)r * (size_t)p->c2 + (size_t)k];
        if (j->df1)
            one_side(j, &z, b, p->c2, dgt, p->c1, z.s1, z.n1, pick1, tmp, j->df1 + (size_t)i * z.n1, j->add1);
        if (j->df2)
            one_side(j, &z, a, p->c1, dg, p->c2, z.s2, z.n2, pick2, tmp, j->df2 + (size_t)i * z.n2, j->add2);
    }
}

void cpu_fsp_backward(struct backend *be, const struct fsp_pair *p, const float *f1, const float *f2, const float *dg,
                      float *df1, bool add1, float *df2, bool add2)
{
    struct cpu *c = cpu_of(be);
    struct fsp_size z = fsp_size(p);
    size_t most = z.pooled1 > z.pooled2 ? z.pooled1 : z.pooled2;
    struct fsp_job j = {.c = c,
                        .pair = p,
                        .f1 = f1,
                        .f2 = f2,
                        .dg = dg,
                        .df1 = df1,
                        .df2 = df2,
                        .add1 = add1,
                        .add2 = add2,
                        .groups = cpu_groups(p->n)};
    cpu_reserve_scratch(c, (size_t)p->c1 * (size_t)p->c2 + 16 + 2 * (z.pooled1 + z.pooled2) + most + 16);
    pool_run(c->pool, j.groups, fsp_backward_task, &j);
}
