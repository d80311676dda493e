/* Inference of a whole net, a few images at a time: the maps of a micro-batch stay in the core's cache from the input to
 * the logits, and only tapped maps are written out. */
#include "cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MICRO = 4 };

void cpu_bn_fold(struct backend *be, const struct conv *cv, const struct bn *bn, float *weight, float *bias)
{
    (void)be;
    size_t rows = (size_t)cv->k * (size_t)cv->k * (size_t)cv->ci, co = (size_t)cv->co;
    float scale[co];
    for (size_t k = 0; k < co; k++) {
        double s = (double)bn->gamma[k] / sqrt((double)bn->running_var[k] + (double)BN_EPS);
        scale[k] = (float)s;
        bias[k] = (float)((double)bn->beta[k] - s * (double)bn->running_mean[k]);
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < co; k++)
            weight[r * co + k] = cv->weight[r * co + k] * scale[k];
}

struct infer_job {
    struct cpu *c;
    const struct infer_plan *plan;
    const float *x;
    float *logits;
    const float **packed; /* per step */
    size_t map_floats;    /* one padded map of one image, the largest */
    int n, groups;
};

static float *map_of(const struct infer_job *j, int thread, int map, int m)
{
    return j->c->scratch[thread] + ((size_t)map * MICRO + (size_t)m) * j->map_floats;
}

/* Option A's shortcut written into the output map, to start the sums from. */
static void place_res_pad(const struct infer_step *s, const float *res, float *out)
{
    int h = s->conv.h / s->conv.stride, w = s->conv.w / s->conv.stride, c = s->conv.co, half = c / 2;
    for (int y = 0; y < h; y++) {
        float *to = padded_row(out, w, c, y);
        const float *from = padded_row((float *)res, 2 * w, half, 2 * y);
        memset(to, 0, (size_t)w * (size_t)c * sizeof *to);
        for (int x = 0; x < w; x++)
            memcpy(to + (size_t)x * (size_t)c + c / 4, from + (size_t)(2 * x) * (size_t)half,
                   (size_t)half * sizeof *to);
    }
}

/* `start`: rows that the sums begin with (a residual, pitched like out), or NULL. */
static void infer_conv1(const struct cpu *c, const struct infer_step *s, const float *in, const float *start,
                        float *out)
{
    const struct conv *cv = &s->conv;
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride, co = cv->co;
    long pitch = (long)(wo + 2) * co;
    for (int y = 0; y < ho; y++) {
        float *to = padded_row(out, wo, co, y);
        for (int x = 0; x < wo * co; x++)
            to[x] = s->bias[x % co] + (start ? start[y * pitch + x] : 0);
        c->k->mm(wo, cv->ci, co, 1, padded_row((float *)in, cv->w, cv->ci, y * cv->stride), (long)cv->stride * cv->ci,
                 cv->weight, to, co, true);
        if (s->relu)
            c->k->affine(wo, co, to, NULL, NULL, NULL, true, to);
    }
}

static void infer_step_image(const struct infer_job *j, int step, int thread, int m, int image)
{
    const struct infer_step *s = &j->plan->steps[step];
    const struct conv *cv = &s->conv;
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    const float *in = map_of(j, thread, s->in, m);
    float *out = map_of(j, thread, s->out, m);
    bool in_place = s->res_kind == RES_SAME && s->res == s->out;
    if (!in_place)
        cpu_pad_border(out, ho, wo, cv->co);
    struct conv_out o = {
        .out = padded_row(out, wo, cv->co, 0), .pitch = (long)(wo + 2) * cv->co, .bias = s->bias, .relu = s->relu};
    if (s->res_kind == RES_SAME) {
        o.res = padded_row(map_of(j, thread, s->res, m), wo, cv->co, 0);
    } else if (s->res_kind == RES_PAD) {
        place_res_pad(s, map_of(j, thread, s->res, m), out);
        o.res = o.out;
    }
    if (cv->k == 1)
        infer_conv1(j->c, s, in, o.res, out);
    else
        j->c->k->conv3(in, cv->h, cv->w, cv->ci, cv->co, cv->stride, j->packed[step], &o);
    if (s->tap)
        for (int y = 0; y < ho; y++)
            memcpy(s->tap + ((size_t)image * (size_t)ho + (size_t)y) * (size_t)(wo * cv->co),
                   padded_row(out, wo, cv->co, y), (size_t)wo * (size_t)cv->co * sizeof *out);
}

static void infer_head(const struct infer_job *j, int thread, int m, int image)
{
    const struct infer_step *s = &j->plan->steps[j->plan->n_steps - 1];
    int h = s->conv.h / s->conv.stride, w = s->conv.w / s->conv.stride, c = s->conv.co;
    float feature[c];
    const float *map = map_of(j, thread, s->out, m);
    memset(feature, 0, sizeof feature);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w * c; x++)
            feature[x % c] += padded_row((float *)map, w, c, y)[x];
    for (int k = 0; k < c; k++)
        feature[k] /= (float)(h * w);
    float *logit = j->logits + (size_t)image * (size_t)j->plan->classes;
    memcpy(logit, j->plan->fc_bias, (size_t)j->plan->classes * sizeof *logit);
    for (int k = 0; k < c; k++)
        for (int o = 0; o < j->plan->classes; o++)
            logit[o] += feature[k] * j->plan->fc_weight[(size_t)k * (size_t)j->plan->classes + (size_t)o];
}

static void infer_micro(const struct infer_job *j, int thread, int first, int count)
{
    const struct conv *c0 = &j->plan->steps[0].conv;
    for (int m = 0; m < count; m++) {
        float *in = map_of(j, thread, 0, m);
        const float *x = j->x + (size_t)(first + m) * image_size(c0->h, c0->w, c0->ci);
        cpu_pad_border(in, c0->h, c0->w, c0->ci);
        for (int y = 0; y < c0->h; y++)
            memcpy(padded_row(in, c0->w, c0->ci, y), x + (size_t)y * (size_t)(c0->w * c0->ci),
                   (size_t)c0->w * (size_t)c0->ci * sizeof *in);
    }
    for (int s = 0; s < j->plan->n_steps; s++)
        for (int m = 0; m < count; m++)
            infer_step_image(j, s, thread, m, first + m);
    if (j->logits)
        for (int m = 0; m < count; m++)
            infer_head(j, thread, m, first + m);
}

static void infer_task(void *ctx, int group, int thread)
{
    const struct infer_job *j = ctx;
    int to = cpu_group_begin(j->n, group + 1, j->groups);
    for (int i = cpu_group_begin(j->n, group, j->groups); i < to; i += MICRO)
        infer_micro(j, thread, i, to - i < MICRO ? to - i : MICRO);
}

void cpu_infer(struct backend *be, const struct infer_plan *plan, int n, const float *x, float *logits)
{
    struct cpu *c = cpu_of(be);
    struct infer_job j = {.c = c, .plan = plan, .x = x, .logits = logits, .n = n, .groups = cpu_groups(n)};
    size_t weights = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        const struct conv *cv = &plan->steps[s].conv;
        size_t in = padded_size(cv->h, cv->w, cv->ci),
               out = padded_size(cv->h / cv->stride, cv->w / cv->stride, cv->co);
        j.map_floats = in > j.map_floats ? in : j.map_floats;
        j.map_floats = out > j.map_floats ? out : j.map_floats;
        weights += (size_t)cv->k * (size_t)cv->k * (size_t)cv->ci * (size_t)cv->co;
    }
    j.map_floats = (j.map_floats + 15) / 16 * 16;
    cpu_reserve_scratch(c, j.map_floats * (size_t)plan->n_maps * MICRO);
    const float *packed[plan->n_steps];
    if (c->packed_floats < weights) {
        size_t have = c->packed_floats;
        cpu_reserve(&c->packed_flip, &have, weights);
        cpu_reserve(&c->packed, &c->packed_floats, weights);
    }
    float *to = c->packed;
    for (int s = 0; s < plan->n_steps; s++) {
        const struct conv *cv = &plan->steps[s].conv;
        packed[s] = to;
        if (cv->k == 3)
            c->k->pack(cv->weight, 3, cv->ci, cv->co, to);
        to += (size_t)cv->k * (size_t)cv->k * (size_t)cv->ci * (size_t)cv->co;
    }
    j.packed = packed;
    pool_run(c->pool, j.groups, infer_task, &j);
}
