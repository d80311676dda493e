/* FSP matrices and their gradients as batched GEMMs of cuBLAS, one matrix an image. Channels-last maps are column-major
 * (C, H W) matrices as they stand, so G (c1, c2), row-major, is the column-major (c2, c1) product F2 F1' / (h w). The
 * larger map of a pair is max-pooled into scratch first; its gradient goes back to the first maximum of each window. */
#include "common.cuh"

namespace fsplab_cuda {

namespace {

enum { THREADS = 256, SUM = 128 };

/* The place in f (n, h, w, c) of the value of pooled element e of (n, h/s, w/s, c): the first of equals. */
__device__ inline size_t pooled_at(const float *f, int w, int c, int s, size_t e)
{
    size_t px = e / c, pw = w / s, first = ((px / pw * s) * w + px % pw * s) * c + e % c, best = first;
    for (int dy = 0; dy < s; dy++)
        for (int dx = 0; dx < s; dx++) {
            size_t at = first + ((size_t)dy * w + dx) * c;
            best = f[at] > f[best] ? at : best;
        }
    return best;
}

__global__ void pool_kernel(size_t size, int w, int c, int s, const float *f, float *pooled)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e < size)
        pooled[e] = f[pooled_at(f, w, c, s, e)];
}

/* One thread a pooled element: it owns its window of df. */
__global__ void unpool_kernel(size_t size, int w, int c, int s, const float *f, const float *d, bool add, float *df)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= size)
        return;
    size_t px = e / c, pw = w / s, first = ((px / pw * s) * w + px % pw * s) * c + e % c, best = pooled_at(f, w, c, s, e);
    for (int dy = 0; dy < s; dy++)
        for (int dx = 0; dx < s; dx++) {
            size_t at = first + ((size_t)dy * w + dx) * c;
            df[at] = (at == best ? d[e] : 0) + (add ? df[at] : 0);
        }
}

/* parts[image][3] */
__global__ void fsp_loss_kernel(int size, const float *gt, const float *gs, float factor, float *dgs, double *parts)
{
    SHARED(double, s, [3][SUM]);
    int t = (int)threadIdx.x;
    size_t from = (size_t)blockIdx.x * size;
    double sum[3] = {0, 0, 0};
    for (int e = t; e < size; e += SUM) {
        float a = gs[from + e], b = gt[from + e], d = a - b;
        sum[0] += (double)d * d;
        sum[1] += (double)a * a;
        sum[2] += (double)b * b;
        dgs[from + e] = factor * d;
    }
    for (int i = 0; i < 3; i++)
        s[i][t] = sum[i];
    for (int half = SUM / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int i = 0; t < half && i < 3; i++)
            s[i][t] += s[i][t + half];
    }
    __syncthreads();
    if (t < 3)
        parts[(size_t)blockIdx.x * 3 + t] = s[t][0];
}

__global__ void fsp_loss_finish(int n, const double *parts, double per, float *loss3)
{
    int t = (int)threadIdx.x;
    double s = 0;
    for (int i = 0; i < n; i++)
        s += parts[(size_t)i * 3 + t];
    loss3[t] = (float)(s / n / (t == 0 ? per : 1));
}

struct sides {
    int h, w, s1, s2;
    const float *a, *b; /* the maps at their common size */
};

const float *pooled(struct cuda *c, int which, int n, const float *f, int h, int w, int ch, int s, const char *what)
{
    if (s == 1)
        return f;
    size_t size = (size_t)n * (h / s) * (w / s) * ch;
    float *to = reserve(c, which, size, what);
    if (!to)
        return nullptr;
    LAUNCH(pool_kernel, blocks_for(size, THREADS), THREADS, 0, c->stream, size, w, ch, s, f, to);
    return launched(c, what) ? to : nullptr;
}

bool common_size(struct cuda *c, const struct fsp_pair *p, const float *f1, const float *f2, sides *z, const char *what)
{
    z->h = p->h1 < p->h2 ? p->h1 : p->h2;
    z->w = p->w1 < p->w2 ? p->w1 : p->w2;
    z->s1 = p->h1 / z->h;
    z->s2 = p->h2 / z->h;
    z->a = pooled(c, SCRATCH_POOL1, p->n, f1, p->h1, p->w1, p->c1, z->s1, what);
    z->b = pooled(c, SCRATCH_POOL2, p->n, f2, p->h2, p->w2, p->c2, z->s2, what);
    return z->a && z->b;
}

/* df (c, hw) = [c x other] dg times the other map (other, hw), by image; through the pooling where there was one. */
void one_side(struct cuda *c, const struct fsp_pair *p, const sides *z, bool first, const float *f, const float *dg,
              float *df, bool add)
{
    int ch = first ? p->c1 : p->c2, other = first ? p->c2 : p->c1, s = first ? z->s1 : z->s2, hw = z->h * z->w;
    size_t size = (size_t)p->n * hw * ch;
    float alpha = 1.0f / (float)hw, beta = s == 1 && add ? 1.0f : 0.0f;
    float *to = s == 1 ? df : reserve(c, SCRATCH_DZ, size, "fsp_backward");
    if (!to)
        return;
    /* dg, row-major (c1, c2), is column-major (c2, c1): as it stands for the second map, transposed for the first */
    check_blas(c,
               cublasSgemmStridedBatched(c->blas, first ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, ch, hw, other, &alpha, dg,
                                         p->c2, (long long)p->c1 * p->c2, first ? z->b : z->a, other,
                                         (long long)hw * other, &beta, to, ch, (long long)hw * ch, p->n),
               "fsp_backward");
    if (s > 1) {
        LAUNCH(unpool_kernel, blocks_for(size, THREADS), THREADS, 0, c->stream, size, z->w * s, ch, s, f, to, add, df);
        launched(c, "fsp_backward");
    }
}

} // namespace

void fsp_forward(struct backend *be, const struct fsp_pair *p, const float *f1, const float *f2, float *g)
{
    struct cuda *c = cuda_of(be);
    sides z;
    if (!common_size(c, p, f1, f2, &z, "fsp_forward"))
        return;
    int hw = z.h * z.w;
    float alpha = 1.0f / (float)hw, beta = 0;
    check_blas(c,
               cublasSgemmStridedBatched(c->blas, CUBLAS_OP_N, CUBLAS_OP_T, p->c2, p->c1, hw, &alpha, z.b, p->c2,
                                         (long long)hw * p->c2, z.a, p->c1, (long long)hw * p->c1, &beta, g, p->c2,
                                         (long long)p->c1 * p->c2, p->n),
               "fsp_forward");
}

void fsp_loss(struct backend *be, int n, int size, const float *gt, const float *gs, float per, float weight, float *dgs,
              float *loss3)
{
    struct cuda *c = cuda_of(be);
    double *parts = reinterpret_cast<double *>(reserve(c, SCRATCH_PARTS, (size_t)n * 6, "fsp_loss"));
    if (!parts)
        return;
    LAUNCH(fsp_loss_kernel, (unsigned)n, SUM, 0, c->stream, size, gt, gs, 2 * weight / (per * (float)n), dgs, parts);
    launched(c, "fsp_loss");
    LAUNCH(fsp_loss_finish, 1, 3, 0, c->stream, n, parts, (double)per, loss3);
    launched(c, "fsp_loss");
}

void fsp_backward(struct backend *be, const struct fsp_pair *p, const float *f1, const float *f2, const float *dg,
                  float *df1, bool add1, float *df2, bool add2)
{
    struct cuda *c = cuda_of(be);
    sides z;
    if (!common_size(c, p, f1, f2, &z, "fsp_backward"))
        return;
    if (df1)
        one_side(c, p, &z, true, f1, dg, df1, add1);
    if (df2)
        one_side(c, p, &z, false, f2, dg, df2, add2);
}

} // namespace fsplab_cuda
