/* The classifier and the losses. Small: one thread an image or an output, sums in double; a loss over the batch is added
 * up by one block in a fixed order. The classifier is a plain kernel and not cuBLAS: 64 by 10 numbers are one launch. */
#include "common.cuh"

namespace fsplab_cuda {

namespace {

enum { THREADS = 256, SUM = 128, HINT_PER = 4096 };

__global__ void fc_forward_kernel(int n, int c, int k, const float *x, const float *w, const float *b, float *y)
{
    int e = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (e >= n * k)
        return;
    const float *from = x + (size_t)(e / k) * c;
    float s = 0;
    for (int j = 0; j < c; j++)
        s = fmaf(from[j], w[(size_t)j * k + e % k], s);
    y[e] = s + b[e % k];
}

/* Row j of dw (c, k); row c is db. */
__global__ void fc_weights_kernel(int n, int c, int k, const float *x, const float *dy, float *dw, float *db)
{
    int e = (int)(blockIdx.x * blockDim.x + threadIdx.x), j = e / k, o = e % k;
    if (j > c)
        return;
    float s = 0;
    for (int i = 0; i < n; i++)
        s = fmaf(j < c ? x[(size_t)i * c + j] : 1.0f, dy[(size_t)i * k + o], s);
    (j < c ? dw + e : db + o)[0] = s;
}

__global__ void fc_input_kernel(int n, int c, int k, const float *w, const float *dy, float *dx)
{
    int e = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (e >= n * c)
        return;
    float s = 0;
    for (int o = 0; o < k; o++)
        s = fmaf(dy[(size_t)(e / c) * k + o], w[(size_t)(e % c) * k + o], s);
    dx[e] = s;
}

/* max and log of the normaliser of softmax(l / t) */
__device__ inline void normaliser(int k, const float *l, double t, double *max, double *norm)
{
    double m = l[0], s = 0;
    for (int o = 1; o < k; o++)
        m = l[o] > m ? l[o] : m;
    for (int o = 0; o < k; o++)
        s += exp((l[o] - m) / t);
    *max = m;
    *norm = log(s);
}

/* One block: image losses are kept in registers by thread, then added in a tree. Returns the sum in thread 0. */
__device__ inline double block_sum(double v)
{
    SHARED(double, s, [SUM]);
    int t = (int)threadIdx.x;
    __syncthreads();
    s[t] = v;
    for (int half = SUM / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half)
            s[t] += s[t + half];
    }
    __syncthreads();
    return s[0];
}

__global__ void softmax_ce_kernel(int n, int k, const float *logits, const int *labels, double smoothing, double weight,
                                  bool add, float *dlogits, float *loss, int *correct)
{
    double total = 0, hits = 0, off = smoothing / k;
    for (int i = (int)threadIdx.x; i < n; i += SUM) {
        const float *l = logits + (size_t)i * k;
        double max, norm;
        int best = 0;
        normaliser(k, l, 1, &max, &norm);
        for (int o = 0; o < k; o++) {
            double target = o == labels[i] ? 1 - smoothing + off : off, log_p = l[o] - max - norm;
            total -= target > 0 ? target * log_p : 0;
            best = l[o] > l[best] ? o : best;
            if (dlogits) {
                float *to = dlogits + (size_t)i * k + o;
                *to = (float)(weight * (exp(log_p) - target) / n) + (add ? *to : 0);
            }
        }
        hits += best == labels[i];
    }
    total = block_sum(total);
    hits = block_sum(hits);
    if (threadIdx.x == 0) {
        *loss = (float)(weight * total / n);
        *correct = (int)hits;
    }
}

__global__ void kd_kernel(int n, int k, const float *logits, const float *teacher, double t, double weight, bool add,
                          float *dlogits, float *loss)
{
    double total = 0;
    for (int i = (int)threadIdx.x; i < n; i += SUM) {
        const float *l = logits + (size_t)i * k, *q = teacher + (size_t)i * k;
        double ms, ns, mt, nt;
        normaliser(k, l, t, &ms, &ns);
        normaliser(k, q, t, &mt, &nt);
        for (int o = 0; o < k; o++) {
            double log_p = (l[o] - ms) / t - ns, log_q = (q[o] - mt) / t - nt, p = exp(log_p), pq = exp(log_q);
            float *to = dlogits + (size_t)i * k + o;
            total += pq > 0 ? pq * (log_q - log_p) : 0;
            *to = (float)(weight * t * (p - pq) / n) + (add ? *to : 0);
        }
    }
    total = block_sum(total);
    if (threadIdx.x == 0)
        *loss = (float)(weight * t * t * total / n);
}

/* Each block takes HINT_PER elements. */
__global__ void hint_kernel(size_t size, const float *x, const float *t, float factor, float *dx, double *parts)
{
    size_t from = (size_t)blockIdx.x * HINT_PER, to = from + HINT_PER < size ? from + HINT_PER : size;
    double s = 0;
    for (size_t e = from + threadIdx.x; e < to; e += SUM) {
        float d = x[e] - t[e];
        s += (double)d * d;
        dx[e] = factor * d;
    }
    s = block_sum(s);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = s;
}

__global__ void hint_finish(int n_parts, const double *parts, double factor, float *loss)
{
    double s = 0;
    for (int i = (int)threadIdx.x; i < n_parts; i += SUM)
        s += parts[i];
    s = block_sum(s);
    if (threadIdx.x == 0)
        *loss = (float)(factor * s);
}

} // namespace

void fc_forward(struct backend *be, int n, int c, int k, const float *x, const float *w, const float *b, float *y)
{
    LAUNCH(fc_forward_kernel, blocks_for((size_t)n * k, 64), 64, 0, cuda_of(be)->stream, n, c, k, x, w, b, y);
    launched(cuda_of(be), "fc_forward");
}

void fc_backward(struct backend *be, int n, int c, int k, const float *x, const float *w, const float *dy, float *dw,
                 float *db, float *dx)
{
    struct cuda *cu = cuda_of(be);
    LAUNCH(fc_weights_kernel, blocks_for((size_t)(c + 1) * k, 64), 64, 0, cu->stream, n, c, k, x, dy, dw, db);
    launched(cu, "fc_backward");
    LAUNCH(fc_input_kernel, blocks_for((size_t)n * c, THREADS), THREADS, 0, cu->stream, n, c, k, w, dy, dx);
    launched(cu, "fc_backward");
}

void softmax_ce(struct backend *be, int n, int k, const float *logits, const int *labels, float smoothing, float weight,
                bool add, float *dlogits, float *loss, int *correct)
{
    LAUNCH(softmax_ce_kernel, 1, SUM, 0, cuda_of(be)->stream, n, k, logits, labels, (double)smoothing, (double)weight, add,
           dlogits, loss, correct);
    launched(cuda_of(be), "softmax_ce");
}

void kd_loss(struct backend *be, int n, int k, const float *logits, const float *teacher, float temperature, float weight,
             bool add, float *dlogits, float *loss)
{
    LAUNCH(kd_kernel, 1, SUM, 0, cuda_of(be)->stream, n, k, logits, teacher, (double)temperature, (double)weight, add,
           dlogits, loss);
    launched(cuda_of(be), "kd_loss");
}

void hint_loss(struct backend *be, int n, size_t size, const float *x, const float *t, float weight, float *dx, float *loss)
{
    struct cuda *c = cuda_of(be);
    size_t all = (size_t)n * size;
    unsigned n_parts = blocks_for(all, HINT_PER);
    double *parts = reinterpret_cast<double *>(reserve(c, SCRATCH_PARTS, (size_t)n_parts * 2, "hint_loss"));
    if (!parts)
        return;
    LAUNCH(hint_kernel, n_parts, SUM, 0, c->stream, all, x, t, weight / (float)n, dx, parts);
    launched(c, "hint_loss");
    LAUNCH(hint_finish, 1, SUM, 0, c->stream, (int)n_parts, parts, (double)weight / (2.0 * n), loss);
    launched(c, "hint_loss");
}

} // namespace fsplab_cuda
