/* common: what the files of the CUDA backend share, and the rules for kernels (docs/CUDA.md has them in full): launched by
 * LAUNCH, shared memory by SHARED and DYN_SMEM, full masks, no early return before a barrier, no atomics on floats. The same
 * sources compile with nvcc and, for the tests, as host C++ with tests/cuda_host. */
#ifndef FSPLAB_CUDA_COMMON_CUH
#define FSPLAB_CUDA_COMMON_CUH

#ifdef __CUDACC__
#include <cublas_v2.h>
#include <cuda_runtime.h>
#define LAUNCH(kernel, grid, block, smem, stream, ...) kernel<<<grid, block, smem, stream>>>(__VA_ARGS__)
#define SHARED(T, name, dims) __shared__ __align__(16) T name dims
#define DYN_SMEM(T, name)                                                                                              \
    extern __shared__ __align__(16) unsigned char dynamic_shared_memory[];                                             \
    T *name = reinterpret_cast<T *>(dynamic_shared_memory)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#include <cublas_host.hpp>
#include <cuda_host.hpp>
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../backend.h"

namespace fsplab_cuda {

/* Scratch of an operation: grows, is never shared by two operations in flight (one stream), contents are lost. */
struct scratch {
    void *p;
    size_t bytes;
};
enum { SCRATCH_PARTS, SCRATCH_DZ, SCRATCH_FACTORS, SCRATCH_POOL1, SCRATCH_POOL2, SCRATCH_MAPS, N_SCRATCH };

struct cuda {
    struct backend be; /* first: a backend is a cuda */
    int device, sms;
    cudaStream_t stream;
    cublasHandle_t blas;
    void *workspace; /* of cuBLAS */
    struct scratch scratch[N_SCRATCH];
    bool failed;
    char why[512]; /* the first error */
};

/* The backend as what it is, and its device made the calling thread's. */
struct cuda *cuda_of(struct backend *);

/* Keeps the first error, with what was done. True when e is none. */
bool check(struct cuda *, cudaError_t e, const char *what);
bool check_blas(struct cuda *, cublasStatus_t s, const char *what);
/* After a launch. */
static inline bool launched(struct cuda *c, const char *what)
{
    return check(c, cudaGetLastError(), what);
}
/* At least this many floats, or NULL with the error kept: the operation is then left out. */
float *reserve(struct cuda *, int which, size_t floats, const char *what);

static inline unsigned blocks_for(size_t n, size_t per_block)
{
    return (unsigned)((n + per_block - 1) / per_block);
}

/* A node as kernels take it: by value. kind is enum res_kind; stored: a holds the value. */
struct dnode {
    int h, w, c, kind;
    bool relu, affine;
    const float *z, *scale, *shift, *res, *res_scale, *res_shift, *a;
};
static inline dnode dnode_of(const struct node *nd)
{
    dnode d = {nd->h, nd->w, nd->c, (int)nd->res_kind, nd->relu, nd->bn != nullptr, nd->z, nullptr, nullptr, nd->res, nullptr,
               nullptr, nd->a};
    if (nd->bn) {
        d.scale = nd->bn->scale;
        d.shift = nd->bn->shift;
    }
    if (nd->res_kind == RES_BN) {
        d.res_scale = nd->res_bn->scale;
        d.res_shift = nd->res_bn->shift;
    }
    return d;
}

/* Before the ReLU; e is the place of (i, y, x, k) in the map, row = i h + y. */
__device__ static inline float node_before_relu(const dnode &d, size_t e, int row, int x, int k)
{
    float v = d.affine ? fmaf(d.scale[k], d.z[e], d.shift[k]) : d.z[e];
    if (d.kind == RES_SAME) {
        v += d.res[e];
    } else if (d.kind == RES_BN) {
        v += fmaf(d.res_scale[k], d.res[e], d.res_shift[k]);
    } else if (d.kind == RES_PAD) {
        int half = d.c / 2, from = k - d.c / 4;
        if (from >= 0 && from < half) /* row 2y of image i is row 2 (i h + y): maps of 2h rows */
            v += d.res[((size_t)(2 * row) * (2 * d.w) + 2 * x) * half + from];
    }
    return v;
}
__device__ static inline float relu(float v)
{
    return v < 0 ? 0 : v; /* lets NaN through */
}
__device__ static inline float node_value(const dnode &d, size_t e, int row, int x, int k)
{
    float v = node_before_relu(d, e, row, x, k);
    return d.relu ? relu(v) : v;
}
/* The gradient behind the ReLU. Without a stored value the gate is taken from scale z + shift. */
__device__ static inline float node_gate(const dnode &d, size_t e, int k, float g)
{
    if (!d.relu)
        return g;
    float v = d.a ? d.a[e] : d.affine ? fmaf(d.scale[k], d.z[e], d.shift[k]) : d.z[e];
    return v > 0 ? g : 0;
}

/* conv.cu */
void conv_forward(struct backend *, const struct conv *, const struct node *, bool, float *, const struct bn *);
void conv_backward(struct backend *, const struct conv *, const struct node *, const struct node *, float *, float *, bool,
                   bool);
/* A step in inference form: z = [relu](conv(x) + bias + residual); res (as struct node's) or NULL. */
void conv_infer(struct cuda *, const struct conv *, const float *x, const float *bias, int kind, const float *res, bool relu,
                float *z);
/* node.cu */
void node_forward(struct backend *, int, const struct node *);
void node_backward(struct backend *, int, const struct node *, const float *);
void pad_backward(struct backend *, int, int, int, int, const float *, float *);
void gap_forward(struct backend *, int, int, int, const float *, float *);
void gap_backward(struct backend *, int, int, int, const float *, float *);
/* loss.cu */
void fc_forward(struct backend *, int, int, int, const float *, const float *, const float *, float *);
void fc_backward(struct backend *, int, int, int, const float *, const float *, const float *, float *, float *, float *);
void softmax_ce(struct backend *, int, int, const float *, const int *, float, float, bool, float *, float *, int *);
void kd_loss(struct backend *, int, int, const float *, const float *, float, float, bool, float *, float *);
void hint_loss(struct backend *, int, size_t, const float *, const float *, float, float *, float *);
/* fsp.cu */
void fsp_forward(struct backend *, const struct fsp_pair *, const float *, const float *, float *);
void fsp_loss(struct backend *, int, int, const float *, const float *, float, float, float *, float *);
void fsp_backward(struct backend *, const struct fsp_pair *, const float *, const float *, const float *, float *, bool,
                  float *, bool);
/* optim.cu */
void sgd(struct backend *, size_t, float *, const float *, float *, float, float, float, bool);
void bn_fold(struct backend *, const struct conv *, const struct bn *, float *, float *);
void infer(struct backend *, const struct infer_plan *, int, const float *, float *);

} // namespace fsplab_cuda

#endif
