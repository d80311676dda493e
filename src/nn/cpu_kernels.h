/* cpu_kernels: the inner loops of the CPU backend on one image each, compiled once per instruction set from one
 * source. Maps are channels-last; a *padded* map has one zero pixel on every side, pitch (w + 2) * c. */
#ifndef FSPLAB_CPU_KERNELS_H
#define FSPLAB_CPU_KERNELS_H

#include <stdbool.h>

/* How a convolution's outputs start and end: acc = bias + res, then ReLU. */
struct conv_out {
    float *out;
    long pitch; /* floats per output row */
    const float *bias;
    const float *res; /* same pitch as out */
    bool relu;
};

struct cpu_kernels {
    const char *isa;
    int vl; /* floats a vector: channel counts that are multiples of it run fast, others through plain loops */

    /* Packed weights: forward [co/vl][k][ci][k][vl]; backward-data the same of the flipped, transposed weights. */
    void (*pack)(const float *w, int k, int ci, int co, float *packed);
    void (*pack_flip)(const float *w, int k, int ci, int co, float *packed);
    /* in: padded (h+2, w+2, ci); out: (h/stride, w/stride, co). h, w: of the input. */
    void (*conv3)(const float *in, int h, int w, int ci, int co, int stride, const float *packed,
                  const struct conv_out *);
    /* Gradient of a stride-2 conv3's input: dz padded (h/2+2, w/2+2, co) -> (h, w, ci); packed by pack_flip. */
    void (*conv3_s2_back)(const float *dz, int h, int w, int ci, int co, const float *packed, float *din, bool add);
    /* dw[3][3][ci][co] += ; x padded (h+2, w+2, ci), dz padded (h/stride+2, w/stride+2, co). */
    void (*conv3_dw)(const float *x, int h, int w, int ci, int co, int stride, const float *dz, float *dw);

    /* y[p][co] (+)= alpha * sum_c x[p][c] w[c][co]; rows of x and y are xp and yp floats apart. */
    void (*mm)(int p, int c, int co, float alpha, const float *x, long xp, const float *w, float *y, long yp, bool add);
    /* dw[c][co] += alpha * sum_p x[p][c] y[p][co]. */
    void (*mm_t)(int p, int c, int co, float alpha, const float *x, long xp, const float *y, long yp, float *dw);

    /* value of a row of w pixels: dst = [relu](scale z + shift + res); any of scale (with shift) and res may be NULL. */
    void (*affine)(long n, int c, const float *z, const float *scale, const float *shift, const float *res, bool relu,
                   float *dst);
    /* sums over n pixels in double: s1 += sum z, s2 += sum z^2. */
    void (*moments)(long n, int c, const float *z, double *s1, double *s2);
    /* g = da where mask > 0 (mask: value, or scale z + shift when value is NULL; both NULL: no mask).
     * s1 += sum g, s2 += sum g (z - mean). */
    void (*grad_sums)(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                      const float *shift, bool masked, const float *mean, double *s1, double *s2);
    /* dz = ka g + kb z + kc per channel, g masked as above; gout (may be da) receives g when not NULL. */
    void (*grad_apply)(long n, int c, const float *da, const float *value, const float *z, const float *scale,
                       const float *shift, bool masked, const float *ka, const float *kb, const float *kc, float *gout,
                       float *dz);
    void (*sgd)(long n, float *w, const float *grad, float *v, float lr, float momentum, float decay, bool nesterov);
};

extern const struct cpu_kernels cpu_kernels_sse2, cpu_kernels_avx2, cpu_kernels_avx512, cpu_kernels_generic;

#endif
