/* backend: the one table of operations a device fills (CPU here; CUDA as a plug-in). Nets, losses and the training
 * step are written against this table only.
 *
 * Layout: activations are float32, channels last, (N, H, W, C); convolution weights are (KH, KW, Ci, Co). Pointers
 * named below are *device memory* of the backend (mem_alloc): the host never dereferences them, it uploads and
 * downloads. Operations are queued in order; results are there after sync() or download(). The first error of a
 * backend is kept and reported by sync(); nothing in a backend exits the program.
 *
 * Ops are fused around one idea, the *node*: a batch-normalised activation that is usually not stored but recomputed
 * by whoever reads it, a = [relu](scale * z + shift [+ residual]). The ReLU lets NaN through, so that a diverged net
 * shows in its loss. Going back, its gate is taken from the stored value or from scale * z + shift: a node with both a
 * ReLU and a residual must be stored when node_backward, or conv_backward as `out` or with `sums` as `in`, gets it.
 *
 * Determinism: equal inputs give equal bits, whatever the number of threads (sums over images run in a fixed number of
 * groups that are added in a fixed order). Different instruction sets may differ in the last bits: `isa` is recorded with
 * every checkpoint. One thread at a time calls a backend; it need not be the one that opened it. */
#ifndef FSPLAB_BACKEND_H
#define FSPLAB_BACKEND_H

#include "../base.h"

/* Batch normalisation of C channels (Ioffe & Szegedy 2015; eps 1e-5, running momentum 0.1 and unbiased running
 * variance as in PyTorch). All pointers (C). */
struct bn {
    const float *gamma, *beta;
    float *running_mean, *running_var;
    float *mean, *invstd; /* of this batch */
    float *scale, *shift; /* gamma * invstd, beta - mean * scale */
    float *dgamma, *dbeta;
};

enum res_kind {
    RES_NONE,
    RES_SAME, /* + res, same shape */
    RES_PAD,  /* + res (N, 2H, 2W, C/2) subsampled by 2, channels at C/4 .. 3C/4, zeros around (option A) */
    RES_BN,   /* + scale * res + shift of res_bn, res the shortcut convolution's output (option B) */
};

struct node {
    int h, w, c;
    const float *z; /* (N, H, W, C): convolution output; or the value itself when bn is NULL */
    const struct bn *bn;
    bool relu;
    enum res_kind res_kind;
    const float *res;
    const struct bn *res_bn;
    float *a; /* where the value is stored, or NULL: recomputed by each reader */
};

/* H, W of the input; k is 1 or 3 (padding k/2); stride 1 or 2. */
struct conv {
    int n, h, w, ci, co, k, stride;
    const float *weight; /* (k, k, ci, co) */
    float *dweight;
};

/* One convolution of a net in inference form: batch norm folded into weight and bias, then residual and ReLU. */
struct infer_step {
    struct conv conv;  /* n unused */
    const float *bias; /* (co) */
    int in, out, res;  /* map numbers; map 0 is the input; res -1 for none */
    enum res_kind res_kind;
    bool relu;
    float *tap; /* (N, Ho, Wo, co): where to copy the output to, or NULL */
};
struct infer_plan {
    int n_steps, n_maps;
    const struct infer_step *steps;
    const float *fc_weight, *fc_bias; /* (C, classes), (classes); NULL: no logits wanted */
    int classes;
};

/* One pair of maps whose FSP matrix is taken: G[i][j] = sum over positions of f1[i] f2[j] / (h w), the larger map
 * max-pooled to the smaller (Yim et al. 2017, eq. 1; of equal maxima the first in row-major order gets the gradient,
 * as in PyTorch). Sides must divide, both by the same ratio. */
struct fsp_pair {
    int n, h1, w1, c1, h2, w2, c2;
};

struct backend_info {
    char name[16]; /* "cpu", "cuda:0" */
    char isa[32];  /* "avx512", "avx2", "sse2", "sm_90" */
    int threads;
    unsigned precisions; /* those it can train in: bit 0 f32, bit 1 tf32, bit 2 bf16 (enum precision of param.h) */
};

struct backend {
    struct backend_info info;
    const struct backend_ops *ops;
};

/* All sums over a batch are means over N unless said otherwise. Losses are returned through device scalars. */
struct backend_ops {
    void (*free)(struct backend *);
    void *(*mem_alloc)(struct backend *, size_t bytes); /* zeroed, 64-byte aligned; NULL: see sync() */
    void (*mem_free)(struct backend *, void *);
    void (*upload)(struct backend *, void *dst, const void *src, size_t bytes);
    void (*download)(struct backend *, void *dst, const void *src, size_t bytes);
    void (*copy)(struct backend *, void *dst, const void *src, size_t bytes); /* device to device */
    void (*zero)(struct backend *, void *dst, size_t bytes);
    bool (*sync)(struct backend *, struct err *);

    /* z = conv(in), then (bn not NULL) batch statistics of z: mean, invstd, scale, shift and running values.
     * store: in's value is computed from its z and written to in->a; otherwise in->a is read if set. */
    void (*conv_forward)(struct backend *, const struct conv *, const struct node *in, bool store, float *z,
                         const struct bn *bn);
    /* The value of a node, written to node->a. */
    void (*node_forward)(struct backend *, int n, const struct node *);
    /* Sums for the node's batch norms from the gradient da of its value: dgamma, dbeta (and those of res_bn). */
    void (*node_backward)(struct backend *, int n, const struct node *, const float *da);
    /* Back through out = node(conv(in)): dgamma and dbeta of out->bn are already there. da (N, Ho, Wo, co) is the
     * gradient of out's value; where out has a residual it becomes the gradient behind the ReLU (the residual's own).
     * Writes conv->dweight. din NULL: no gradient of the input is wanted. Otherwise din = (add ? din : 0) + gradient,
     * and, when `sums`, the sums of node_backward for `in`. */
    void (*conv_backward)(struct backend *, const struct conv *, const struct node *in, const struct node *out,
                          float *da, float *din, bool add, bool sums);
    /* Gradient of option A's shortcut: din (N, 2H, 2W, C/2) = scatter of g (N, H, W, C). */
    void (*pad_backward)(struct backend *, int n, int h, int w, int c, const float *g, float *din);

    void (*gap_forward)(struct backend *, int n, int hw, int c, const float *a, float *out); /* (N, C) means */
    void (*gap_backward)(struct backend *, int n, int hw, int c, const float *dout, float *da);
    void (*fc_forward)(struct backend *, int n, int c, int k, const float *x, const float *w, const float *b, float *y);
    void (*fc_backward)(struct backend *, int n, int c, int k, const float *x, const float *w, const float *dy,
                        float *dw, float *db, float *dx);

    /* loss = weight * mean CE(softmax(logits), labels) with smoothing s: target (1-s) one-hot + s/K;
     * dlogits = its gradient (added when `add`); *correct = number of argmax == label (first of equals). */
    void (*softmax_ce)(struct backend *, int n, int k, const float *logits, const int *labels, float smoothing,
                       float weight, bool add, float *dlogits, float *loss, int *correct);
    /* loss = weight * T^2 * mean KL(softmax(teacher/T) || softmax(logits/T)) (Hinton et al. 2015). */
    void (*kd_loss)(struct backend *, int n, int k, const float *logits, const float *teacher, float temperature,
                    float weight, bool add, float *dlogits, float *loss);
    /* loss = weight/2 * mean over images of |x - t|^2 (FitNets eq. 3); dx its gradient. size: elements an image. */
    void (*hint_loss)(struct backend *, int n, size_t size, const float *x, const float *t, float weight, float *dx,
                      float *loss);

    void (*fsp_forward)(struct backend *, const struct fsp_pair *, const float *f1, const float *f2,
                        float *g); /* (N, c1, c2) */
    /* loss3[0] = 1/N sum |gt - gs|^2 (divided by `per`: 1 for the sum norm, m n for the element mean); loss3[1] and [2]:
     * 1/N sum |gs|^2 and |gt|^2. dgs = weight * gradient of loss3[0]. size = c1 * c2. */
    void (*fsp_loss)(struct backend *, int n, int size, const float *gt, const float *gs, float per, float weight,
                     float *dgs, float *loss3);
    /* The gradients of the two maps, added where add1/add2; a map whose df is NULL is left out. */
    void (*fsp_backward)(struct backend *, const struct fsp_pair *, const float *f1, const float *f2, const float *dg,
                         float *df1, bool add1, float *df2, bool add2);

    /* PyTorch's SGD: d = grad + decay * w; v = momentum * v + d; w -= lr * (nesterov ? d + momentum * v : v). */
    void (*sgd)(struct backend *, size_t n, float *w, const float *grad, float *v, float lr, float momentum,
                float decay, bool nesterov);

    /* weight' = weight * scale, bias = shift with scale, shift from gamma, beta and the running values. */
    void (*bn_fold)(struct backend *, const struct conv *, const struct bn *, float *weight, float *bias);
    /* A whole net in inference form on x (N, H, W, Ci): taps and, if wanted, logits (N, classes). */
    void (*infer)(struct backend *, const struct infer_plan *, int n, const float *x, float *logits);
};

#define BN_EPS 1e-5f
#define BN_MOMENTUM 0.1f

/* threads 0 = as many as processors, at most 16. isa NULL = the best this processor has. Never fails but for an
 * unknown isa. */
struct backend *backend_cpu_new(int threads, const char *isa, struct err *);
/* device: "auto", "cpu", "cuda", "cuda:N" (param.h). auto is the CPU: nothing goes to a GPU that was not asked for, as
 * long as the kernels have not been measured on one. ERR_DEVICE says why a device cannot be had. */
struct backend *backend_new(const char *device, int threads, struct err *);
static inline void backend_free(struct backend *be)
{
    if (be)
        be->ops->free(be);
}

#endif
