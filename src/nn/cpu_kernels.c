/* The inner loops, written with the compiler's vector types and compiled once per instruction set (ISA is sse2, avx2,
 * avx512 or generic; see the Makefile). A convolution tile keeps T pixels x 1 vector of output channels in registers;
 * every input value is broadcast once and meets the three weights of its kernel row, so that loads stay below one per
 * fused multiply-add. Shapes that matter are compile-time constants of always-inlined functions. */
#include "cpu_kernels.h"

#include <string.h>

#ifndef ISA
#define ISA generic
#endif
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define STR_(a) #a
#define STR(a) STR_(a)

#if defined(__AVX512F__)
enum { VL = 16, WIDE = 16, NARROW_ROWS = 2, DW_TILE = 8 };
#elif defined(__AVX2__)
enum { VL = 8, WIDE = 8, NARROW_ROWS = 1, DW_TILE = 4 };
#else
enum { VL = 4, WIDE = 8, NARROW_ROWS = 1, DW_TILE = 2 };
#endif

enum { TILE = WIDE > 8 * NARROW_ROWS ? WIDE : 8 * NARROW_ROWS };
typedef float vf __attribute__((vector_size(VL * 4), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__) /* takes a count larger than the loop's own for no request at all */
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

INLINE vf splat(float x)
{
    return x - (vf){0};
}
INLINE vf load(const float *p)
{
    return *(const vf *)p;
}
INLINE void store(float *p, vf v)
{
    *(vf *)p = v;
}
/* NaN passes, so that divergence shows. */
INLINE vf relu(vf v)
{
    return (vf)((__typeof__(v > v))v & ~(v < (vf){0}));
}
INLINE vf start_of(const float *p, bool add)
{
    vf v = {0};
    if (add)
        v = load(p);
    return v;
}
INLINE bool fast(int c)
{
    return c % VL == 0;
}

/* ---- packing ---- */

/* Channel counts that are no multiple of VL make one block of their own width. */
INLINE int block_width(int c)
{
    return fast(c) ? VL : c;
}

static void pack(const float *w, int k, int ci, int co, float *packed)
{
    int bw = block_width(co);
    for (int b = 0; b < co; b += bw)
        for (int kh = 0; kh < k; kh++)
            for (int i = 0; i < ci; i++)
                for (int kw = 0; kw < k; kw++, packed += bw)
                    memcpy(packed, w + (((long)kh * k + kw) * ci + i) * co + b, (size_t)bw * sizeof *w);
}

static void pack_flip(const float *w, int k, int ci, int co, float *packed)
{
    int bw = block_width(ci);
    for (int b = 0; b < ci; b += bw)
        for (int kh = k - 1; kh >= 0; kh--)
            for (int o = 0; o < co; o++)
                for (int kw = k - 1; kw >= 0; kw--)
                    for (int i = b; i < b + bw; i++)
                        *packed++ = w[(((long)kh * k + kw) * ci + i) * co + o];
}

/* ---- 3x3 forward (and stride-1 backward-data on flipped weights) ---- */

/* R rows x T pixels x VL channels; `in` points at the padded pixel above and left of the first output. */
INLINE void conv3_tile(const float *in, long pitch, const int ci, const float *w, const int stride, const int T,
                       const int R, const struct conv_out *o, float *out, const float *res, const float *bias, int co)
{
    vf acc[TILE]; /* R * T of them; a constant size keeps clang from putting them in memory */
    vf start = bias ? load(bias) : (vf){0};
    UNROLL for (int t = 0; t < R * T; t++) acc[t] = start;
    if (res)
        UNROLL for (int t = 0; t < R * T; t++) acc[t] += load(res + (t / T) * o->pitch + (long)(t % T) * co);
    for (int kh = 0; kh < 3; kh++) {
        const float *row = in + kh * pitch;
        for (int c = 0; c < ci; c++, w += 3 * VL) {
            const vf w0 = load(w), w1 = load(w + VL), w2 = load(w + 2 * VL);
            UNROLL for (int r = 0; r < R; r++)
            {
                const float *p = row + r * stride * pitch + c;
                UNROLL for (int q = 0; q < (T - 1) * stride + 3; q++)
                {
                    const vf x = splat(p[(long)q * ci]);
                    if (q % stride == 0 && q / stride < T)
                        acc[r * T + q / stride] += x * w0;
                    if (q >= 1 && (q - 1) % stride == 0 && (q - 1) / stride < T)
                        acc[r * T + (q - 1) / stride] += x * w1;
                    if (q >= 2 && (q - 2) % stride == 0 && (q - 2) / stride < T)
                        acc[r * T + (q - 2) / stride] += x * w2;
                }
            }
        }
    }
    if (o->relu)
        UNROLL for (int t = 0; t < R * T; t++) acc[t] = relu(acc[t]);
    UNROLL for (int t = 0; t < R * T; t++) store(out + (t / T) * o->pitch + (long)(t % T) * co, acc[t]);
}

INLINE void conv3_map(const float *in, int h, int w, const int ci, int co, const int stride, const float *packed,
                      const struct conv_out *o, const int T, const int R)
{
    long pitch = (long)(w + 2) * ci;
    int ho = h / stride, wo = w / stride;
    for (int b = 0; b < co; b += VL, packed += 9 * ci * VL)
        for (int y = 0; y < ho; y += R)
            for (int x = 0; x < wo; x += T) {
                long at = y * o->pitch + (long)x * co + b;
                conv3_tile(in + y * stride * pitch + (long)x * stride * ci, pitch, ci, packed, stride, T, R, o,
                           o->out + at, o->res ? o->res + at : NULL, o->bias ? o->bias + b : NULL, co);
            }
}

/* Any channel count and any size: plain loops, for shapes the tiles do not fit. */
static void conv3_plain(const float *in, int h, int w, int ci, int co, int stride, const float *packed,
                        const struct conv_out *o)
{
    int bw = block_width(co);
    for (int y = 0; y < h / stride; y++)
        for (int x = 0; x < w / stride; x++)
            for (int b = 0; b < co; b += bw)
                for (int k = b; k < b + bw; k++) {
                    long at = y * o->pitch + (long)x * co + k;
                    float acc = (o->bias ? o->bias[k] : 0) + (o->res ? o->res[at] : 0);
                    for (int kh = 0; kh < 3; kh++)
                        for (int c = 0; c < ci; c++)
                            for (int kw = 0; kw < 3; kw++)
                                acc += in[((long)(y * stride + kh) * (w + 2) + x * stride + kw) * ci + c] *
                                       packed[(long)b * 9 * ci + ((kh * ci + c) * 3 + kw) * (long)bw + k - b];
                    o->out[at] = o->relu && acc < 0 ? 0 : acc;
                }
}

INLINE bool conv3_sized(const float *in, int h, int w, const int ci, int co, int stride, const float *packed,
                        const struct conv_out *o)
{
    int wo = w / stride, ho = h / stride;
    if (stride == 1 && wo % WIDE == 0)
        conv3_map(in, h, w, ci, co, 1, packed, o, WIDE, 1);
    else if (stride == 1 && wo % 8 == 0 && ho % NARROW_ROWS == 0)
        conv3_map(in, h, w, ci, co, 1, packed, o, 8, NARROW_ROWS);
    else if (stride == 2 && wo % WIDE == 0)
        conv3_map(in, h, w, ci, co, 2, packed, o, WIDE, 1);
    else if (stride == 2 && wo % 8 == 0 && ho % NARROW_ROWS == 0)
        conv3_map(in, h, w, ci, co, 2, packed, o, 8, NARROW_ROWS);
    else
        return false;
    return true;
}

static void conv3(const float *in, int h, int w, int ci, int co, int stride, const float *packed,
                  const struct conv_out *o)
{
    bool done = false;
    if (fast(co))
        switch (ci) { /* a constant channel count turns addresses into displacements */
        case 4: done = conv3_sized(in, h, w, 4, co, stride, packed, o); break;
        case 16: done = conv3_sized(in, h, w, 16, co, stride, packed, o); break;
        case 32: done = conv3_sized(in, h, w, 32, co, stride, packed, o); break;
        case 64: done = conv3_sized(in, h, w, 64, co, stride, packed, o); break;
        default: done = conv3_sized(in, h, w, ci, co, stride, packed, o); break;
        }
    if (!done)
        conv3_plain(in, h, w, ci, co, stride, packed, o);
}

/* ---- backward-data of stride 2 ---- */

/* Eight dz columns make sixteen columns of the input's gradient: even ones meet the middle weight, odd ones the two
 * outer weights; an odd row meets two rows of dz, an even row one. Flipped packing: kernel row 2 - kh. */
INLINE void s2_back_tile(const float *dz, int rows, long dpitch, const int co, const float *const wrow[2], float *din,
                         int ci, bool add)
{
    enum { T = WIDE / 2 > 4 ? 8 : 4 };
    vf even[T], odd[T];
    UNROLL for (int t = 0; t < T; t++)
    {
        even[t] = start_of(din + 2L * t * ci, add);
        odd[t] = start_of(din + (2L * t + 1) * ci, add);
    }
    for (int r = 0; r < rows; r++) {
        const float *w = wrow[r], *row = dz + r * dpitch;
        for (int c = 0; c < co; c++, w += 3 * VL) {
            /* flipped: w[0] is kernel column 2, w[2] is column 0 */
            const vf k2 = load(w), k1 = load(w + VL), k0 = load(w + 2 * VL);
            UNROLL for (int t = 0; t <= T; t++)
            {
                const vf g = splat(row[(long)t * co + c]);
                if (t < T) {
                    even[t] += g * k1;
                    odd[t] += g * k2;
                }
                if (t > 0)
                    odd[t - 1] += g * k0;
            }
        }
    }
    UNROLL for (int t = 0; t < T; t++)
    {
        store(din + 2L * t * ci, even[t]);
        store(din + (2L * t + 1) * ci, odd[t]);
    }
}

INLINE void s2_back_map(const float *dz, int h, int w, int ci, const int co, const float *packed, float *din, bool add)
{
    enum { T = WIDE / 2 > 4 ? 8 : 4 };
    int wo = w / 2;
    long dpitch = (long)(wo + 2) * co;
    for (int b = 0; b < ci; b += VL, packed += 9L * co * VL)
        for (int y = 0; y < h; y++) {
            /* even row 2j: kernel row 1 on dz row j; odd row 2j+1: kernel row 2 on row j, kernel row 0 on row j+1 */
            const float *const odd[2] = {packed, packed + 6L * co * VL};
            const float *const even[2] = {packed + 3L * co * VL, NULL};
            for (int x = 0; x < wo; x += T)
                s2_back_tile(dz + (y / 2 + 1) * dpitch + (long)(x + 1) * co, y % 2 + 1, dpitch, co, y % 2 ? odd : even,
                             din + ((long)y * w + 2 * x) * ci + b, ci, add);
        }
}

static void s2_back_plain(const float *dz, int h, int w, int ci, int co, const float *packed, float *din, bool add)
{
    int bw = block_width(ci), wo = w / 2;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int i = 0; i < ci; i++) {
                float acc = add ? din[((long)y * w + x) * ci + i] : 0;
                const float *pw = packed + (long)(i / bw) * bw * 9 * co + i % bw;
                for (int kh = 0; kh < 3; kh++)
                    for (int kw = 0; kw < 3; kw++) {
                        if ((y + 1 - kh) % 2 || (x + 1 - kw) % 2)
                            continue;
                        const float *g = dz + ((long)((y + 1 - kh) / 2 + 1) * (wo + 2) + (x + 1 - kw) / 2 + 1) * co;
                        for (int c = 0; c < co; c++)
                            acc += g[c] * pw[(((long)(2 - kh) * co + c) * 3 + 2 - kw) * bw];
                    }
                din[((long)y * w + x) * ci + i] = acc;
            }
}

static void conv3_s2_back(const float *dz, int h, int w, int ci, int co, const float *packed, float *din, bool add)
{
    if (!fast(ci) || w / 2 % 8 != 0)
        s2_back_plain(dz, h, w, ci, co, packed, din, add);
    else if (co == 32)
        s2_back_map(dz, h, w, ci, 32, packed, din, add);
    else if (co == 64)
        s2_back_map(dz, h, w, ci, 64, packed, din, add);
    else
        s2_back_map(dz, h, w, ci, co, packed, din, add);
}

/* ---- backward-weights ---- */

/* One kernel row, C input channels from `x` on, one vector of output channels. Stride 1: a row of x walks past the
 * three last dz vectors, so that every broadcast meets three of them; the ends of the row are peeled. */
INLINE void dw_row1(const float *x, const int ci, const float *dz, int co, int w, const int C, vf *acc)
{
#define MEET(kw, d) UNROLL for (int c = 0; c < C; c++) acc[(kw)*C + c] += splat(x[c]) * (d)
    vf d0 = load(dz), d1 = d0, d2;
    MEET(0, d0);
    x += ci, dz += co, d1 = d0, d0 = load(dz);
    MEET(0, d0);
    MEET(1, d1);
    for (int q = 2; q < w; q++) {
        x += ci, dz += co, d2 = d1, d1 = d0, d0 = load(dz);
        UNROLL for (int c = 0; c < C; c++)
        {
            const vf v = splat(x[c]);
            acc[c] += v * d0;
            acc[C + c] += v * d1;
            acc[2 * C + c] += v * d2;
        }
    }
    x += ci;
    MEET(1, d0);
    MEET(2, d1);
    x += ci;
    MEET(2, d0);
}

INLINE void dw_row2(const float *x, const int ci, const float *dz, int co, int wo, const int C, vf *acc)
{
    for (int p = 0; p < wo; p++, x += 2 * ci, dz += co) {
        const vf d = load(dz);
        UNROLL for (int kw = 0; kw < 3; kw++) UNROLL for (int c = 0; c < C; c++) acc[kw * C + c] +=
            splat(x[kw * ci + c]) * d;
    }
}
#undef MEET

INLINE void dw_block(const float *x, long xpitch, const int ci, const float *dz, long dpitch, int co, int ho, int wo,
                     const int stride, const int C, float *dw)
{
    vf acc[3 * DW_TILE]; /* 3 C of them */
    UNROLL for (int i = 0; i < 3 * C; i++) acc[i] = (vf){0};
    for (int y = 0; y < ho; y++, x += stride * xpitch, dz += dpitch) {
        if (stride == 1)
            dw_row1(x, ci, dz, co, wo, C, acc);
        else
            dw_row2(x, ci, dz, co, wo, C, acc);
    }
    UNROLL for (int kw = 0; kw < 3; kw++) UNROLL for (int c = 0; c < C; c++)
    {
        float *to = dw + ((long)kw * ci + c) * co;
        store(to, load(to) + acc[kw * C + c]);
    }
}

INLINE void dw_map(const float *x, int h, int w, const int ci, int co, const int stride, const float *dz, float *dw,
                   const int C)
{
    int ho = h / stride, wo = w / stride;
    long xpitch = (long)(w + 2) * ci, dpitch = (long)(wo + 2) * co;
    for (int b = 0; b < co; b += VL)
        for (int kh = 0; kh < 3; kh++)
            for (int c = 0; c < ci; c += C)
                dw_block(x + kh * xpitch + c, xpitch, ci, dz + dpitch + co + b, dpitch, co, ho, wo, stride, C,
                         dw + ((long)kh * 3 * ci + c) * co + b);
}

static void dw_plain(const float *x, int h, int w, int ci, int co, int stride, const float *dz, float *dw)
{
    int ho = h / stride, wo = w / stride;
    for (int kh = 0; kh < 3; kh++)
        for (int kw = 0; kw < 3; kw++)
            for (int y = 0; y < ho; y++)
                for (int p = 0; p < wo; p++) {
                    const float *xp = x + ((long)(y * stride + kh) * (w + 2) + p * stride + kw) * ci;
                    const float *g = dz + ((long)(y + 1) * (wo + 2) + p + 1) * co;
                    for (int c = 0; c < ci; c++)
                        for (int o = 0; o < co; o++)
                            dw[((long)(kh * 3 + kw) * ci + c) * co + o] += xp[c] * g[o];
                }
}

INLINE void dw_stride(const float *x, int h, int w, const int ci, int co, int stride, const float *dz, float *dw,
                      const int C)
{
    if (stride == 1)
        dw_map(x, h, w, ci, co, 1, dz, dw, C);
    else
        dw_map(x, h, w, ci, co, 2, dz, dw, C);
}

static void conv3_dw(const float *x, int h, int w, int ci, int co, int stride, const float *dz, float *dw)
{
    if (!fast(co) || ci % 2 != 0 || w / stride < 3)
        dw_plain(x, h, w, ci, co, stride, dz, dw);
    else if (ci == 4)
        dw_stride(x, h, w, 4, co, stride, dz, dw, DW_TILE < 4 ? DW_TILE : 4);
    else if (ci == 16)
        dw_stride(x, h, w, 16, co, stride, dz, dw, DW_TILE);
    else if (ci == 32)
        dw_stride(x, h, w, 32, co, stride, dz, dw, DW_TILE);
    else if (ci == 64)
        dw_stride(x, h, w, 64, co, stride, dz, dw, DW_TILE);
    else
        dw_stride(x, h, w, ci, co, stride, dz, dw, 2);
}

/* ---- small matrix products ---- */

INLINE void mm_tile(const int P, int c, float alpha, const float *x, long xp, const float *w, int co, float *y, long yp,
                    bool add)
{
    vf acc[8];
    UNROLL for (int i = 0; i < P; i++) acc[i] = (vf){0};
    for (int k = 0; k < c; k++) {
        const vf v = load(w + (long)k * co);
        UNROLL for (int i = 0; i < P; i++) acc[i] += splat(x[i * xp + k]) * v;
    }
    UNROLL for (int i = 0; i < P; i++) store(y + i * yp, start_of(y + i * yp, add) + splat(alpha) * acc[i]);
}

static void mm(int p, int c, int co, float alpha, const float *x, long xp, const float *w, float *y, long yp, bool add)
{
    int i = 0;
    if (fast(co))
        for (; i + 8 <= p; i += 8)
            for (int b = 0; b < co; b += VL)
                mm_tile(8, c, alpha, x + i * xp, xp, w + b, co, y + i * yp + b, yp, add);
    for (; i < p; i++)
        for (int o = 0; o < co; o++) {
            float acc = 0;
            for (int k = 0; k < c; k++)
                acc += x[i * xp + k] * w[(long)k * co + o];
            y[i * yp + o] = (add ? y[i * yp + o] : 0) + alpha * acc;
        }
}

INLINE void mm_t_tile(const int C, int p, float alpha, const float *x, long xp, const float *y, long yp, float *dw,
                      int co)
{
    vf acc[8];
    UNROLL for (int i = 0; i < C; i++) acc[i] = (vf){0};
    for (int k = 0; k < p; k++) {
        const vf v = load(y + k * yp);
        UNROLL for (int i = 0; i < C; i++) acc[i] += splat(x[k * xp + i]) * v;
    }
    UNROLL for (int i = 0; i < C; i++) store(dw + (long)i * co, load(dw + (long)i * co) + splat(alpha) * acc[i]);
}

static void mm_t(int p, int c, int co, float alpha, const float *x, long xp, const float *y, long yp, float *dw)
{
    int i = 0;
    if (fast(co))
        for (; i + 8 <= c; i += 8)
            for (int b = 0; b < co; b += VL)
                mm_t_tile(8, p, alpha, x + i, xp, y + b, yp, dw + (long)i * co + b, co);
    for (; i < c; i++)
        for (int o = 0; o < co; o++) {
            float acc = 0;
            for (int k = 0; k < p; k++)
                acc += x[k * xp + i] * y[k * yp + o];
            dw[(long)i * co + o] += alpha * acc;
        }
}

/* ---- elementwise, by pixels of c channels ---- */

INLINE void affine_kind(long n, int c, const float *z, const float *scale, const float *shift, const float *res,
                        const bool with_res, const bool r, float *dst)
{
    int k = 0;
    if (fast(c))
        for (; k < c; k += VL) {
            const vf sc = load(scale + k), sh = load(shift + k);
            for (long at = k; at < n * c; at += c) {
                vf v = load(z + at) * sc + sh;
                if (with_res)
                    v += load(res + at);
                if (r)
                    v = relu(v);
                store(dst + at, v);
            }
        }
    for (; k < c; k++)
        for (long at = k; at < n * c; at += c) {
            float v = z[at] * scale[k] + shift[k] + (with_res ? res[at] : 0);
            dst[at] = r && v < 0 ? 0 : v;
        }
}

static void affine(long n, int c, const float *z, const float *scale, const float *shift, const float *res, bool r,
                   float *dst)
{
    if (!scale) {
        for (long i = 0; i < n * c; i++) {
            float v = z[i] + (res ? res[i] : 0);
            dst[i] = r && v < 0 ? 0 : v;
        }
    } else if (res) {
        affine_kind(n, c, z, scale, shift, res, true, r, dst);
    } else {
        affine_kind(n, c, z, scale, shift, z, false, r, dst);
    }
}

enum { CHUNK = 64 }; /* pixels summed in float before they go into the double sums */

/* s1[k] += sum z, s2[k] += sum z^2. Within a chunk in float, but about the chunk's own mean, so that a large mean
 * costs no digits of the variance; between chunks in double. */
static void moments(long n, int c, const float *z, double *s1, double *s2)
{
    int k = 0;
    if (fast(c))
        for (; k < c; k += VL)
            for (long i = 0; i < n; i += CHUNK) {
                long m = i + CHUNK < n ? CHUNK : n - i;
                const float *first = z + i * c + k;
                vf a = {0}, b = {0};
                for (long p = 0; p < m; p++)
                    a += load(first + p * c);
                const vf mean = a / splat((float)m);
                for (long p = 0; p < m; p++) {
                    const vf v = load(first + p * c) - mean;
                    b += v * v;
                }
                for (int j = 0; j < VL; j++) { /* sum z^2 = sum (z - mu)^2 + 2 mu sum z - m mu^2 */
                    double mu = (double)mean[j];
                    s1[k + j] += (double)a[j];
                    s2[k + j] += (double)b[j] + mu * (2 * (double)a[j] - (double)m * mu);
                }
            }
    for (; k < c; k++)
        for (long p = 0; p < n; p++) {
            double v = (double)z[p * c + k];
            s1[k] += v;
            s2[k] += v * v;
        }
}

/* Where a gradient passes the ReLU: by the value, by scale z + shift, or everywhere. */
enum gate { GATE_OPEN, GATE_VALUE, GATE_AFFINE };

INLINE vf gated(vf da, const enum gate gate, const float *value, vf z, vf scale, vf shift)
{
    if (gate == GATE_OPEN)
        return da;
    vf v = z * scale + shift;
    if (gate == GATE_VALUE)
        v = load(value);
    return (vf)((__typeof__(v > v))da & (v > (vf){0}));
}

INLINE float gated1(float da, enum gate gate, const float *value, float z, float scale, float shift)
{
    float v = gate == GATE_VALUE ? *value : z * scale + shift;
    return gate == GATE_OPEN || v > 0 ? da : 0;
}

INLINE void grad_sums_gate(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                           const float *shift, const enum gate gate, const float *mean, double *s1, double *s2)
{
    int k = 0;
    if (fast(c))
        for (; k < c; k += VL) {
            const vf sc = load(scale + k), sh = load(shift + k), mu = load(mean + k);
            for (long i = 0; i < n; i += CHUNK) {
                long end = i + CHUNK < n ? i + CHUNK : n;
                vf a = {0}, b = {0};
                for (long p = i; p < end; p++) {
                    const vf v = load(z + p * c + k);
                    const vf g = gated(load(da + p * c + k), gate, value + p * c + k, v, sc, sh);
                    a += g;
                    b += g * (v - mu);
                }
                for (int j = 0; j < VL; j++) {
                    s1[k + j] += (double)a[j];
                    s2[k + j] += (double)b[j];
                }
            }
        }
    for (; k < c; k++)
        for (long at = k; at < n * c; at += c) {
            float g = gated1(da[at], gate, value + at, z[at], scale[k], shift[k]);
            s1[k] += (double)g;
            s2[k] += (double)g * ((double)z[at] - (double)mean[k]);
        }
}

static void grad_sums(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                      const float *shift, bool masked, const float *mean, double *s1, double *s2)
{
    if (!masked)
        grad_sums_gate(n, c, da, da, z, scale, shift, GATE_OPEN, mean, s1, s2);
    else if (value)
        grad_sums_gate(n, c, da, value, z, scale, shift, GATE_VALUE, mean, s1, s2);
    else
        grad_sums_gate(n, c, da, da, z, scale, shift, GATE_AFFINE, mean, s1, s2);
}

INLINE void grad_apply_gate(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                            const float *shift, const enum gate gate, const float *ka, const float *kb, const float *kc,
                            float *gout, float *dz)
{
    int k = 0;
    if (fast(c))
        for (; k < c; k += VL) {
            const vf sc = load(scale + k), sh = load(shift + k), a = load(ka + k), b = load(kb + k), d = load(kc + k);
            for (long at = k; at < n * c; at += c) {
                const vf v = load(z + at);
                const vf g = gated(load(da + at), gate, value + at, v, sc, sh);
                store(dz + at, a * g + (b * v + d));
                if (gout)
                    store(gout + at, g);
            }
        }
    for (; k < c; k++)
        for (long at = k; at < n * c; at += c) {
            float g = gated1(da[at], gate, value + at, z[at], scale[k], shift[k]);
            dz[at] = ka[k] * g + (kb[k] * z[at] + kc[k]);
            if (gout)
                gout[at] = g;
        }
}

static void grad_apply(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                       const float *shift, bool masked, const float *ka, const float *kb, const float *kc, float *gout,
                       float *dz)
{
    if (!masked)
        grad_apply_gate(n, c, da, da, z, scale, shift, GATE_OPEN, ka, kb, kc, gout, dz);
    else if (value)
        grad_apply_gate(n, c, da, value, z, scale, shift, GATE_VALUE, ka, kb, kc, gout, dz);
    else
        grad_apply_gate(n, c, da, da, z, scale, shift, GATE_AFFINE, ka, kb, kc, gout, dz);
}

static void sgd(long n, float *w, const float *grad, float *v, float lr, float momentum, float decay, bool nesterov)
{
    for (long i = 0; i < n; i++) {
        float d = grad[i] + decay * w[i];
        v[i] = momentum * v[i] + d;
        w[i] -= lr * (nesterov ? d + momentum * v[i] : v[i]);
    }
}

const struct cpu_kernels CAT(cpu_kernels_, ISA) = {
    .isa = STR(ISA),
    .vl = VL,
    .pack = pack,
    .pack_flip = pack_flip,
    .conv3 = conv3,
    .conv3_s2_back = conv3_s2_back,
    .conv3_dw = conv3_dw,
    .mm = mm,
    .mm_t = mm_t,
    .affine = affine,
    .moments = moments,
    .grad_sums = grad_sums,
    .grad_apply = grad_apply,
    .sgd = sgd,
};
