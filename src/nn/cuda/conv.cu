/* Convolutions as implicit GEMMs in f32 (FMA, no tensor cores): a block makes a tile of pixels by channels, its threads 8
 * by TN outputs each in registers, over slices of 16 of the sum (taps times channels) that all threads bring into shared
 * memory together. The same kernel runs forward (on node values, recomputed as they are read), in inference form, and
 * backward to the input (on dz, with the taps turned round). The batch norm's sums are taken from the registers: every
 * tile gives a mean and a sum of squares around it, and a second kernel merges those (Chan et al. 1979) in double.
 * Backward: dz is written once; the weights' gradient is a GEMM over pixels, in ranges that are added in order. */
#include "common.cuh"

namespace fsplab_cuda {

namespace {

enum { BM = 128, BK = 16, TM = 8, ROWS = BM / TM, PAD = 4, THREADS = 256 };

/* What a pixel of the result takes its inputs from: position y s + kh - k/2 going forward, (y + k/2 - kh) / s back. */
struct geometry {
    int h, w, c;    /* of the map that is read */
    int oh, ow, oc; /* of the map that is written */
    int k, stride;
    bool back, vector; /* vector: four channels at a time */
    size_t pixels;     /* written, of the whole batch */
};

struct epilogue {
    bool add, relu;
    float *parts; /* (tiles, 2, oc): mean and squares, or NULL */
    const float *bias, *res;
    int kind;
};

struct place {
    int row, y, x; /* row: the image's first row in the map that is read; -1: no such pixel */
};

__device__ inline place place_of(const geometry &g, size_t m)
{
    place p = {-1, 0, 0};
    if (m < g.pixels) {
        size_t rows = m / g.ow;
        p.x = (int)(m % g.ow);
        p.y = (int)(rows % g.oh);
        p.row = (int)(rows / g.oh) * g.h;
    }
    return p;
}

/* Where tap (kh, kw) of a pixel is in the map that is read; false: outside, or between the pixels of a stride. */
__device__ inline bool tap_at(const geometry &g, const place &p, int kh, int kw, int *row, int *x)
{
    int y, half = g.k / 2;
    if (g.back) {
        y = p.y + half - kh;
        *x = p.x + half - kw;
        if (y < 0 || *x < 0 || y % g.stride != 0 || *x % g.stride != 0)
            return false;
        y /= g.stride;
        *x /= g.stride;
    } else {
        y = p.y * g.stride + kh - half;
        *x = p.x * g.stride + kw - half;
    }
    *row = p.row + y;
    return p.row >= 0 && y >= 0 && y < g.h && *x >= 0 && *x < g.w;
}

__device__ inline float4 load4(const float *p)
{
    return *reinterpret_cast<const float4 *>(p);
}

/* Values of channels k .. k+3; all pointers are aligned to it. */
__device__ inline float4 node_value4(const dnode &d, size_t e, int row, int x, int k)
{
    if (d.kind == RES_PAD)
        return make_float4(node_value(d, e, row, x, k), node_value(d, e + 1, row, x, k + 1),
                           node_value(d, e + 2, row, x, k + 2), node_value(d, e + 3, row, x, k + 3));
    float4 v = load4(d.z + e);
    if (d.affine) {
        float4 a = load4(d.scale + k), b = load4(d.shift + k);
        v = make_float4(fmaf(a.x, v.x, b.x), fmaf(a.y, v.y, b.y), fmaf(a.z, v.z, b.z), fmaf(a.w, v.w, b.w));
    }
    if (d.kind != RES_NONE) {
        float4 r = load4(d.res + e);
        if (d.kind == RES_BN) {
            float4 a = load4(d.res_scale + k), b = load4(d.res_shift + k);
            r = make_float4(fmaf(a.x, r.x, b.x), fmaf(a.y, r.y, b.y), fmaf(a.z, r.z, b.z), fmaf(a.w, r.w, b.w));
        }
        v = make_float4(v.x + r.x, v.y + r.y, v.z + r.z, v.w + r.w);
    }
    return d.relu ? make_float4(relu(v.x), relu(v.y), relu(v.z), relu(v.w)) : v;
}

/* The four products' inputs kk .. kk+3 (kk = tap c + channel) of one pixel. */
__device__ inline float4 input4(const geometry &g, const dnode &d, const place &p, int kk)
{
    float v[4] = {0, 0, 0, 0};
    int row, x, total = g.k * g.k * g.c;
    if (g.vector) {
        int tap = kk / g.c, c = kk % g.c;
        if (kk < total && tap_at(g, p, tap / g.k, tap % g.k, &row, &x))
            return node_value4(d, ((size_t)row * g.w + x) * g.c + c, row, x, c);
        return make_float4(0, 0, 0, 0);
    }
    for (int i = 0; i < 4; i++) {
        int tap = (kk + i) / g.c, c = (kk + i) % g.c;
        if (kk + i < total && tap_at(g, p, tap / g.k, tap % g.k, &row, &x))
            v[i] = node_value(d, ((size_t)row * g.w + x) * g.c + c, row, x, c);
    }
    return make_float4(v[0], v[1], v[2], v[3]);
}

/* weight (k, k, ci, co): forward [kk][n] as it stands; back, the sum runs over co and n over ci. */
__device__ inline float weight_at(const geometry &g, const float *w, int kk, int n)
{
    if (kk >= g.k * g.k * g.c || n >= g.oc)
        return 0;
    return g.back ? w[((size_t)(kk / g.c) * g.oc + n) * g.c + kk % g.c] : w[(size_t)kk * g.oc + n];
}

/* Mean and squares of each channel over the tile's pixels. acc: of rows that do not count it holds zeros. */
template <int BN, int TN>
__device__ inline void tile_moments(const float acc[TM][TN], int ty, int tx, int count, int first_n, int oc, float *parts)
{
    SHARED(float, red, [ROWS][BN]);
    SHARED(float, mean, [BN]);
    int t = (int)threadIdx.x;
    for (int pass = 0; pass < 2; pass++) {
        UNROLL
        for (int j = 0; j < TN; j++) {
            float s = 0;
            UNROLL
            for (int i = 0; i < TM; i++) {
                float v = acc[i][j] - (pass ? mean[tx * TN + j] : 0);
                s += ty * TM + i >= count ? 0 : pass ? v * v : v;
            }
            red[ty][tx * TN + j] = s;
        }
        __syncthreads();
        if (t < BN) {
            float s = 0;
            for (int r = 0; r < ROWS; r++)
                s += red[r][t];
            if (pass == 0)
                mean[t] = s / (float)count;
            else if (first_n + t < oc) {
                parts[first_n + t] = mean[t];
                parts[oc + first_n + t] = s;
            }
        }
        __syncthreads();
    }
}

__device__ inline float residual(const geometry &g, const epilogue &ep, size_t m, int n)
{
    if (ep.kind != RES_PAD)
        return ep.res[m * g.oc + n];
    int half = g.oc / 2, from = n - g.oc / 4;
    size_t row = m / g.ow, x = m % g.ow;
    return from >= 0 && from < half ? ep.res[(2 * row * (2 * (size_t)g.ow) + 2 * x) * half + from] : 0;
}

template <int BN, int TN>
__global__ void __launch_bounds__(ROWS *(BN / TN))
    igemm(geometry g, dnode in, const float *weight, epilogue ep, float *out)
{
    constexpr int T = ROWS * (BN / TN), PASSES = BM / (T / 4);
    SHARED(float, as, [BK][BM + PAD]);
    SHARED(float, bs, [BK][BN]);
    int t = (int)threadIdx.x, tx = t % (BN / TN), ty = t / (BN / TN), quad = t % 4 * 4, total = g.k * g.k * g.c;
    int first_n = (int)blockIdx.y * BN;
    size_t first_m = (size_t)blockIdx.x * BM;
    place at[PASSES];
    float acc[TM][TN];
    for (int p = 0; p < PASSES; p++)
        at[p] = place_of(g, first_m + t / 4 + p * (T / 4));
    UNROLL
    for (int i = 0; i < TM; i++)
        UNROLL
        for (int j = 0; j < TN; j++)
            acc[i][j] = 0;
    for (int k0 = 0; k0 < total; k0 += BK) {
        UNROLL
        for (int p = 0; p < PASSES; p++) {
            float4 v = input4(g, in, at[p], k0 + quad);
            int m = t / 4 + p * (T / 4);
            as[quad][m] = v.x;
            as[quad + 1][m] = v.y;
            as[quad + 2][m] = v.z;
            as[quad + 3][m] = v.w;
        }
        for (int e = t; e < BK * BN; e += T)
            bs[e / BN][e % BN] = weight_at(g, weight, k0 + e / BN, first_n + e % BN);
        __syncthreads();
        UNROLL
        for (int kk = 0; kk < BK; kk++) {
            float a[TM], b[TN];
            for (int i = 0; i < TM; i++)
                a[i] = as[kk][ty * TM + i];
            for (int j = 0; j < TN; j++)
                b[j] = bs[kk][tx * TN + j];
            UNROLL
            for (int i = 0; i < TM; i++)
                UNROLL
                for (int j = 0; j < TN; j++)
                    acc[i][j] = fmaf(a[i], b[j], acc[i][j]);
        }
        __syncthreads();
    }
    int count = g.pixels - first_m < BM ? (int)(g.pixels - first_m) : BM;
    UNROLL
    for (int i = 0; i < TM; i++)
        UNROLL
        for (int j = 0; j < TN; j++) {
            int n = first_n + tx * TN + j;
            size_t m = first_m + ty * TM + i, e = m * g.oc + n;
            if (n >= g.oc || ty * TM + i >= count)
                continue;
            float v = acc[i][j] + (ep.bias ? ep.bias[n] : 0) + (ep.add ? out[e] : 0);
            v += ep.kind != RES_NONE ? residual(g, ep, m, n) : 0;
            out[e] = ep.relu ? relu(v) : v;
        }
    if (ep.parts)
        tile_moments<BN, TN>(acc, ty, tx, count, first_n, g.oc, ep.parts + (size_t)blockIdx.x * 2 * g.oc);
}

/* One block a channel: merges the tiles' moments, each thread every 128th, then in a tree. */
__global__ void statistics(int tiles, size_t pixels, int c, const float *parts, const float *gamma, const float *beta,
                           float *mean, float *invstd, float *scale, float *shift, float *running_mean,
                           float *running_var)
{
    SHARED(double, s, [128]);
    int t = (int)threadIdx.x, k = (int)blockIdx.x;
    double total[2], count = (double)pixels;
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        for (int i = t; i < tiles; i += 128) {
            double n = (size_t)(i + 1) * BM <= pixels ? (double)BM : (double)(pixels - (size_t)i * BM);
            double m = parts[(size_t)i * 2 * c + k];
            sum += pass == 0 ? n * m : parts[((size_t)i * 2 + 1) * c + k] + n * (m - total[0]) * (m - total[0]);
        }
        s[t] = sum;
        for (int half = 64; half > 0; half /= 2) {
            __syncthreads();
            if (t < half)
                s[t] += s[t + half];
        }
        __syncthreads();
        total[pass] = s[0] / count;
        __syncthreads();
    }
    if (t > 0)
        return;
    double inv = 1 / sqrt(total[1] + (double)BN_EPS), a = gamma[k] * inv;
    double unbiased = count > 1 ? total[1] * count / (count - 1) : total[1];
    mean[k] = (float)total[0];
    invstd[k] = (float)inv;
    scale[k] = (float)a;
    shift[k] = (float)(beta[k] - total[0] * a);
    running_mean[k] += BN_MOMENTUM * ((float)total[0] - running_mean[k]);
    running_var[k] += BN_MOMENTUM * ((float)unbiased - running_var[k]);
}

/* ---- backward ---- */

/* dz = gamma invstd (g - mean(g) - xhat mean(g xhat)) = ka g + kb z + kc (Ioffe & Szegedy 2015). factors (3, c) */
__global__ void gradient_factors(int c, double count, const float *gamma, const float *invstd, const float *mean,
                                 const float *dgamma, const float *dbeta, float *factors)
{
    int k = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (k >= c)
        return;
    double inv = invstd[k], a = gamma[k] * inv, mg = dbeta[k] / count, mgx = dgamma[k] / count;
    factors[k] = (float)a;
    factors[c + k] = (float)(-a * inv * mgx);
    factors[2 * c + k] = (float)(a * (inv * mean[k] * mgx - mg));
}

__global__ void output_gradient(dnode out, size_t size, const float *factors, float *da, float *dz)
{
    size_t e = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= size)
        return;
    int k = (int)(e % out.c);
    float g = node_gate(out, e, k, da[e]);
    if (out.kind != RES_NONE)
        da[e] = g;
    dz[e] = factors ? fmaf(factors[k], g, fmaf(factors[out.c + k], out.z[e], factors[2 * out.c + k])) : g;
}

enum { WK = 64, WM = 16, WT = 4 }; /* of the weights' gradient: products a tile, pixels a slice, outputs a thread */

/* parts[range][kk][o] = sum over a range of pixels of input[m][kk] dz[m][o] */
template <int BN>
__global__ void __launch_bounds__(WK / WT *(BN / WT))
    weight_gradient(geometry g, dnode in, const float *dz, size_t per_range, float *parts)
{
    constexpr int T = WK / WT * (BN / WT);
    SHARED(float, as, [WM][WK]);
    SHARED(float, bs, [WM][BN]);
    int t = (int)threadIdx.x, tx = t % (BN / WT), ty = t / (BN / WT), total = g.k * g.k * g.c;
    int first_k = (int)blockIdx.y * WK, first_n = (int)blockIdx.z * BN;
    size_t from = blockIdx.x * per_range, to = from + per_range < g.pixels ? from + per_range : g.pixels;
    float acc[WT][WT] = {};
    for (size_t m0 = from; m0 < to; m0 += WM) {
        for (int e = t; e < WM * WK / 4; e += T) {
            int m = e / (WK / 4), kk = e % (WK / 4) * 4;
            place p = place_of(g, m0 + m < to ? m0 + m : g.pixels);
            *reinterpret_cast<float4 *>(&as[m][kk]) = input4(g, in, p, first_k + kk);
        }
        for (int e = t; e < WM * BN; e += T) {
            size_t m = m0 + e / BN;
            int n = first_n + e % BN;
            bs[e / BN][e % BN] = m < to && n < g.oc ? dz[m * g.oc + n] : 0;
        }
        __syncthreads();
        UNROLL
        for (int m = 0; m < WM; m++) {
            float a[WT], b[WT];
            for (int i = 0; i < WT; i++) {
                a[i] = as[m][ty * WT + i];
                b[i] = bs[m][tx * WT + i];
            }
            for (int i = 0; i < WT; i++)
                for (int j = 0; j < WT; j++)
                    acc[i][j] = fmaf(a[i], b[j], acc[i][j]);
        }
        __syncthreads();
    }
    for (int i = 0; i < WT; i++)
        for (int j = 0; j < WT; j++) {
            int kk = first_k + ty * WT + i, n = first_n + tx * WT + j;
            if (kk < total && n < g.oc)
                parts[((size_t)blockIdx.x * total + kk) * g.oc + n] = acc[i][j];
        }
}

__global__ void add_parts(size_t size, int n_parts, const float *parts, float *sum)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size)
        return;
    float s = parts[i];
    for (int p = 1; p < n_parts; p++)
        s += parts[(size_t)p * size + i];
    sum[i] = s;
}

/* ---- launching ---- */

bool aligned(const void *p)
{
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}

bool can_vector(const dnode &d)
{
    return d.c % 4 == 0 && aligned(d.z) && aligned(d.scale) && aligned(d.shift) && aligned(d.res) && aligned(d.res_scale) &&
           aligned(d.res_shift);
}

/* A map that is there: a node whose value is p. */
dnode plain(const float *p, int h, int w, int c)
{
    dnode d = {};
    d.h = h;
    d.w = w;
    d.c = c;
    d.z = p;
    return d;
}

dnode input_of(const struct node *in, bool stored)
{
    return stored ? plain(in->a, in->h, in->w, in->c) : dnode_of(in);
}

geometry geometry_of(const struct conv *cv, bool back, const dnode &read)
{
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    geometry g = {};
    g.h = back ? ho : cv->h;
    g.w = back ? wo : cv->w;
    g.c = back ? cv->co : cv->ci;
    g.oh = back ? cv->h : ho;
    g.ow = back ? cv->w : wo;
    g.oc = back ? cv->ci : cv->co;
    g.k = cv->k;
    g.stride = cv->stride;
    g.back = back;
    g.vector = can_vector(read);
    g.pixels = (size_t)cv->n * g.oh * g.ow;
    return g;
}

void run_igemm(struct cuda *c, const geometry &g, const dnode &in, const float *weight, const epilogue &ep, float *out,
               const char *what)
{
    unsigned tiles = blocks_for(g.pixels, BM);
    if (g.oc <= 16)
        LAUNCH((igemm<16, 4>), dim3(tiles), ROWS * 4, 0, c->stream, g, in, weight, ep, out);
    else if (g.oc <= 32)
        LAUNCH((igemm<32, 4>), dim3(tiles), ROWS * 8, 0, c->stream, g, in, weight, ep, out);
    else
        LAUNCH((igemm<64, 8>), dim3(tiles, blocks_for(g.oc, 64)), ROWS * 8, 0, c->stream, g, in, weight, ep, out);
    launched(c, what);
}

void run_weight_gradient(struct cuda *c, const struct conv *cv, const dnode &in, const float *dz)
{
    geometry g = geometry_of(cv, false, in);
    size_t size = (size_t)cv->k * cv->k * cv->ci * cv->co, per = (g.pixels + 255) / 256;
    per = per < 512 ? 512 : (per + WM - 1) / WM * WM;
    unsigned ranges = blocks_for(g.pixels, per), rows = blocks_for(cv->k * cv->k * cv->ci, WK);
    float *parts = ranges == 1 ? cv->dweight : reserve(c, SCRATCH_PARTS, size * ranges, "conv_backward");
    if (!parts)
        return;
    if (g.oc <= 16)
        LAUNCH((weight_gradient<16>), dim3(ranges, rows), 64, 0, c->stream, g, in, dz, per, parts);
    else if (g.oc <= 32)
        LAUNCH((weight_gradient<32>), dim3(ranges, rows), 128, 0, c->stream, g, in, dz, per, parts);
    else
        LAUNCH((weight_gradient<64>), dim3(ranges, rows, blocks_for(g.oc, 64)), 256, 0, c->stream, g, in, dz, per, parts);
    launched(c, "conv_backward");
    if (ranges > 1) {
        LAUNCH(add_parts, blocks_for(size, THREADS), THREADS, 0, c->stream, size, (int)ranges, parts, cv->dweight);
        launched(c, "conv_backward");
    }
}

/* dz of the convolution's output: da itself where nothing lies between. NULL: no memory. */
const float *run_output_gradient(struct cuda *c, const struct conv *cv, const struct node *out, float *da)
{
    size_t size = (size_t)cv->n * out->h * out->w * out->c;
    if (!out->bn && !out->relu)
        return da;
    float *dz = reserve(c, SCRATCH_DZ, size, "conv_backward"), *factors = nullptr;
    if (dz && out->bn) {
        if (!(factors = reserve(c, SCRATCH_FACTORS, (size_t)3 * out->c, "conv_backward")))
            return nullptr;
        const struct bn *b = out->bn;
        LAUNCH(gradient_factors, blocks_for(out->c, 32), 32, 0, c->stream, out->c, (double)cv->n * out->h * out->w, b->gamma,
               b->invstd, b->mean, b->dgamma, b->dbeta, factors);
        launched(c, "conv_backward");
    }
    if (dz)
        LAUNCH(output_gradient, blocks_for(size, THREADS), THREADS, 0, c->stream, dnode_of(out), size, factors, da, dz);
    return launched(c, "conv_backward") ? dz : nullptr;
}

} // namespace

void conv_forward(struct backend *be, const struct conv *cv, const struct node *in, bool store, float *z,
                  const struct bn *bn)
{
    struct cuda *c = cuda_of(be);
    if (store && in->a)
        node_forward(be, cv->n, in);
    dnode d = input_of(in, in->a != nullptr);
    geometry g = geometry_of(cv, false, d);
    epilogue ep = {};
    unsigned tiles = blocks_for(g.pixels, BM);
    if (bn && !(ep.parts = reserve(c, SCRATCH_PARTS, (size_t)tiles * 2 * cv->co, "conv_forward")))
        return;
    run_igemm(c, g, d, cv->weight, ep, z, "conv_forward");
    if (bn) {
        LAUNCH(statistics, cv->co, 128, 0, c->stream, (int)tiles, g.pixels, cv->co, ep.parts, bn->gamma, bn->beta, bn->mean,
               bn->invstd, bn->scale, bn->shift, bn->running_mean, bn->running_var);
        launched(c, "conv_forward");
    }
}

void conv_infer(struct cuda *c, const struct conv *cv, const float *x, const float *bias, int kind, const float *res,
                bool relu, float *z)
{
    dnode d = plain(x, cv->h, cv->w, cv->ci);
    epilogue ep = {};
    ep.bias = bias;
    ep.kind = res ? kind : RES_NONE;
    ep.res = res;
    ep.relu = relu;
    run_igemm(c, geometry_of(cv, false, d), d, cv->weight, ep, z, "infer");
}

void conv_backward(struct backend *be, const struct conv *cv, const struct node *in, const struct node *out, float *da,
                   float *din, bool add, bool sums)
{
    struct cuda *c = cuda_of(be);
    const float *dz = run_output_gradient(c, cv, out, da);
    if (!dz)
        return;
    run_weight_gradient(c, cv, input_of(in, in->a != nullptr), dz);
    if (!din)
        return;
    dnode d = plain(dz, out->h, out->w, out->c);
    epilogue ep = {};
    ep.add = add;
    run_igemm(c, geometry_of(cv, true, d), d, cv->weight, ep, din, "conv_backward");
    if (sums)
        node_backward(be, cv->n, in, din);
}

} // namespace fsplab_cuda
