/* cpu: what the files of the CPU backend share. Private to src/nn/cpu*.c. */
#ifndef FSPLAB_CPU_H
#define FSPLAB_CPU_H

#include "backend.h"
#include "cpu_kernels.h"
#include "pool.h"

/* A batch is worked on in at most GROUPS groups of neighbouring images. Sums are kept per group and added in order:
 * this, not the threads, decides the bits. */
enum { GROUPS = 16, SCRATCH_MAPS = 3 };

struct cpu {
    struct backend be;
    struct pool *pool;
    const struct cpu_kernels *k;
    float *scratch[POOL_MAX_THREADS]; /* padded maps of one image, per thread */
    size_t scratch_floats;
    float *packed, *packed_flip; /* weights of the convolution at hand */
    size_t packed_floats;
    float *dw; /* (GROUPS, k, k, ci, co) */
    size_t dw_floats;
    double *sums; /* (GROUPS, 4, c) */
    size_t sums_doubles;
};

static inline struct cpu *cpu_of(struct backend *be)
{
    return (struct cpu *)be;
}

/* Grow-only buffers; contents are lost when they grow. */
float *cpu_reserve(float **buf, size_t *have, size_t want);
double *cpu_reserve_sums(struct cpu *, int c); /* zeroed, (GROUPS, 4, c) */
void cpu_reserve_scratch(struct cpu *, size_t floats);

static inline int cpu_groups(int n)
{
    return n < GROUPS ? n : GROUPS;
}
static inline int cpu_group_begin(int n, int group, int groups)
{
    return (int)((int64_t)n * group / groups);
}

/* The value of image i of a node: to a dense map, or into the interior of a padded one (pad). */
void cpu_node_value(const struct cpu *, const struct node *, int i, float *dst, bool pad);
/* Copies a dense map into a padded one; clears a padded map's border. */
void cpu_pad_border(float *padded, int h, int w, int c);
static inline size_t padded_size(int h, int w, int c)
{
    return (size_t)(h + 2) * (size_t)(w + 2) * (size_t)c;
}
static inline size_t image_size(int h, int w, int c)
{
    return (size_t)h * (size_t)w * (size_t)c;
}
static inline float *padded_row(float *padded, int w, int c, int y)
{
    return padded + ((size_t)(y + 1) * (size_t)(w + 2) + 1) * (size_t)c;
}

/* cpu_conv.c */
void cpu_conv_forward(struct backend *, const struct conv *, const struct node *, bool, float *, const struct bn *);
void cpu_conv_backward(struct backend *, const struct conv *, const struct node *, const struct node *, float *,
                       float *, bool, bool);
void cpu_node_forward(struct backend *, int, const struct node *);
void cpu_node_backward(struct backend *, int, const struct node *, const float *);
void cpu_pad_backward(struct backend *, int, int, int, int, const float *, float *);
/* cpu_infer.c */
void cpu_bn_fold(struct backend *, const struct conv *, const struct bn *, float *, float *);
void cpu_infer(struct backend *, const struct infer_plan *, int, const float *, float *);
/* cpu_loss.c */
void cpu_gap_forward(struct backend *, int, int, int, const float *, float *);
void cpu_gap_backward(struct backend *, int, int, int, const float *, float *);
void cpu_fc_forward(struct backend *, int, int, int, const float *, const float *, const float *, float *);
void cpu_fc_backward(struct backend *, int, int, int, const float *, const float *, const float *, float *, float *,
                     float *);
void cpu_softmax_ce(struct backend *, int, int, const float *, const int *, float, float, bool, float *, float *,
                    int *);
void cpu_kd_loss(struct backend *, int, int, const float *, const float *, float, float, bool, float *, float *);
void cpu_hint_loss(struct backend *, int, size_t, const float *, const float *, float, float *, float *);
/* cpu_fsp.c */
void cpu_fsp_forward(struct backend *, const struct fsp_pair *, const float *, const float *, float *);
void cpu_fsp_loss(struct backend *, int, int, const float *, const float *, float, float, float *, float *);
void cpu_fsp_backward(struct backend *, const struct fsp_pair *, const float *, const float *, const float *, float *,
                      bool, float *, bool);

#endif
