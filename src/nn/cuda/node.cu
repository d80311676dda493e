/* Nodes by themselves, the shortcut of option A, and pooling to one pixel. Sums over a batch: a block takes a range of
 * pixels and 32 channels (or fewer), each of its rows a stride of pixels; rows are added in shared memory, blocks by a
 * second kernel, both in a fixed order. */
#include "common.cuh"

namespace fsplab_cuda {

namespace {

enum { THREADS = 256, SUM_C = 32, SUM_ROWS = 8, MAX_PARTS = 256 };

__global__ void node_forward_kernel(dnode d, size_t size, float *a)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= size)
        return;
    size_t px = e / d.c;
    a[e] = node_value(d, e, (int)(px / d.w), (int)(px % d.w), (int)(e % d.c));
}

/* parts[part][4][c]: sums of g, g (z - mean) for the node's batch norm and for its residual's. */
__global__ void node_sums_kernel(dnode d, const float *mean, const float *res_mean, size_t pixels, size_t per_part,
                                 const float *da, double *parts)
{
    SHARED(double, s, [4][SUM_ROWS][SUM_C]);
    int lane = (int)threadIdx.x % SUM_C, row = (int)threadIdx.x / SUM_C, k = (int)blockIdx.y * SUM_C + lane;
    double sum[4] = {0, 0, 0, 0};
    size_t from = blockIdx.x * per_part, to = from + per_part < pixels ? from + per_part : pixels;
    if (k < d.c)
        for (size_t px = from + row; px < to; px += SUM_ROWS) {
            size_t e = px * d.c + k;
            float g = node_gate(d, e, k, da[e]);
            sum[0] += g;
            sum[1] += (double)g * ((double)d.z[e] - mean[k]);
            if (d.kind == RES_BN)
                sum[3] += (double)g * ((double)d.res[e] - res_mean[k]);
        }
    sum[2] = sum[0];
    for (int i = 0; i < 4; i++)
        s[i][row][lane] = sum[i];
    __syncthreads();
    if (row < 4 && k < d.c) {
        double total = 0;
        for (int r = 0; r < SUM_ROWS; r++)
            total += s[row][r][lane];
        parts[((size_t)blockIdx.x * 4 + row) * d.c + k] = total;
    }
}

__global__ void node_sums_finish(int c, int n_parts, const double *parts, const float *invstd, float *dgamma, float *dbeta,
                                 const float *res_invstd, float *res_dgamma, float *res_dbeta)
{
    int k = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (k >= c)
        return;
    double total[4] = {0, 0, 0, 0};
    for (int p = 0; p < n_parts; p++)
        for (int i = 0; i < 4; i++)
            total[i] += parts[((size_t)p * 4 + i) * c + k];
    dbeta[k] = (float)total[0];
    dgamma[k] = (float)(total[1] * invstd[k]);
    if (res_dgamma) {
        res_dbeta[k] = (float)total[2];
        res_dgamma[k] = (float)(total[3] * res_invstd[k]);
    }
}

/* One thread an element of din (N, 2H, 2W, C/2); g (N, H, W, C). */
__global__ void pad_backward_kernel(size_t size, int w, int c, const float *g, float *din)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= size)
        return;
    int half = c / 2, k = (int)(e % half);
    size_t px = e / half, x = px % (2 * w), row = px / (2 * w);
    din[e] = row % 2 == 0 && x % 2 == 0 ? g[(row / 2 * w + x / 2) * c + c / 4 + k] : 0;
}

__global__ void gap_forward_kernel(int n, int hw, int c, const float *a, float *out)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= (size_t)n * c)
        return;
    const float *from = a + e / c * hw * c + e % c;
    float s = 0;
    for (int p = 0; p < hw; p++)
        s += from[(size_t)p * c];
    out[e] = s / (float)hw;
}

__global__ void gap_backward_kernel(size_t size, int hw, int c, const float *dout, float *da)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e < size)
        da[e] = dout[e / ((size_t)hw * c) * c + e % c] / (float)hw;
}

} // namespace

void node_forward(struct backend *be, int n, const struct node *nd)
{
    struct cuda *c = cuda_of(be);
    size_t size = (size_t)n * nd->h * nd->w * nd->c;
    LAUNCH(node_forward_kernel, blocks_for(size, THREADS), THREADS, 0, c->stream, dnode_of(nd), size, nd->a);
    launched(c, "node_forward");
}

void node_backward(struct backend *be, int n, const struct node *nd, const float *da)
{
    struct cuda *c = cuda_of(be);
    size_t pixels = (size_t)n * nd->h * nd->w, per = (pixels + MAX_PARTS - 1) / MAX_PARTS;
    per = per < 64 ? 64 : per;
    unsigned n_parts = blocks_for(pixels, per);
    double *parts = reinterpret_cast<double *>(reserve(c, SCRATCH_PARTS, (size_t)n_parts * 8 * nd->c, "node_backward"));
    if (!parts)
        return;
    const struct bn *rb = nd->res_kind == RES_BN ? nd->res_bn : nullptr;
    LAUNCH(node_sums_kernel, dim3(n_parts, blocks_for(nd->c, SUM_C)), SUM_C *SUM_ROWS, 0, c->stream, dnode_of(nd),
           nd->bn->mean, rb ? rb->mean : nullptr, pixels, per, da, parts);
    launched(c, "node_backward");
    LAUNCH(node_sums_finish, blocks_for(nd->c, 32), 32, 0, c->stream, nd->c, (int)n_parts, parts, nd->bn->invstd,
           nd->bn->dgamma, nd->bn->dbeta, rb ? rb->invstd : nullptr, rb ? rb->dgamma : nullptr, rb ? rb->dbeta : nullptr);
    launched(c, "node_backward");
}

void pad_backward(struct backend *be, int n, int h, int w, int c, const float *g, float *din)
{
    size_t size = (size_t)n * 2 * h * 2 * w * (c / 2);
    LAUNCH(pad_backward_kernel, blocks_for(size, THREADS), THREADS, 0, cuda_of(be)->stream, size, w, c, g, din);
    launched(cuda_of(be), "pad_backward");
}

void gap_forward(struct backend *be, int n, int hw, int c, const float *a, float *out)
{
    LAUNCH(gap_forward_kernel, blocks_for((size_t)n * c, 64), 64, 0, cuda_of(be)->stream, n, hw, c, a, out);
    launched(cuda_of(be), "gap_forward");
}

void gap_backward(struct backend *be, int n, int hw, int c, const float *dout, float *da)
{
    size_t size = (size_t)n * hw * c;
    LAUNCH(gap_backward_kernel, blocks_for(size, THREADS), THREADS, 0, cuda_of(be)->stream, size, hw, c, dout, da);
    launched(cuda_of(be), "gap_backward");
}

} // namespace fsplab_cuda
