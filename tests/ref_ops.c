/* The reference: each formula once, as it stands in the literature, and nothing shared with a backend. */
#include "ref_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Element (y, x, k) of image i of a map (N, h, w, c). */
static size_t at(int h, int w, int c, int i, int y, int x, int k)
{
    return ((size_t)(i * h + y) * (size_t)w + (size_t)x) * (size_t)c + (size_t)k;
}

static size_t weight_at(const struct ref_conv *cv, int kh, int kw, int i, int o)
{
    return ((size_t)(kh * cv->k + kw) * (size_t)cv->ci + (size_t)i) * (size_t)cv->co + (size_t)o;
}

static size_t map_size(int n, int h, int w, int c)
{
    return (size_t)n * (size_t)h * (size_t)w * (size_t)c;
}

/* ---- nodes ---- */

double ref_before_relu(const struct ref_node *nd, int i, int y, int x, int k)
{
    size_t e = at(nd->h, nd->w, nd->c, i, y, x, k);
    double v = nd->bn ? nd->bn->scale[k] * nd->z[e] + nd->bn->shift[k] : nd->z[e];
    int first = nd->c / 4, half = nd->c / 2;
    switch (nd->res_kind) {
    case RES_NONE: break;
    case RES_SAME: v += nd->res[e]; break;
    case RES_PAD:
        if (k >= first && k < first + half)
            v += nd->res[at(2 * nd->h, 2 * nd->w, half, i, 2 * y, 2 * x, k - first)];
        break;
    case RES_BN: v += nd->res_bn->scale[k] * nd->res[e] + nd->res_bn->shift[k]; break;
    }
    return v;
}

double ref_value(const struct ref_node *nd, int i, int y, int x, int k)
{
    double v = ref_before_relu(nd, i, y, x, k);
    return nd->relu && v < 0 ? 0 : v;
}

void ref_node_forward(int n, const struct ref_node *nd)
{
    for (int i = 0; i < n; i++)
        for (int y = 0; y < nd->h; y++)
            for (int x = 0; x < nd->w; x++)
                for (int k = 0; k < nd->c; k++)
                    nd->a[at(nd->h, nd->w, nd->c, i, y, x, k)] = ref_value(nd, i, y, x, k);
}

/* The node's values: the stored ones (not ours), or new memory to be freed. */
static double *values(int n, const struct ref_node *nd)
{
    struct ref_node copy = *nd;
    copy.a = xcalloc(map_size(n, nd->h, nd->w, nd->c), sizeof *copy.a);
    if (nd->a)
        memcpy(copy.a, nd->a, map_size(n, nd->h, nd->w, nd->c) * sizeof *copy.a);
    else
        ref_node_forward(n, &copy);
    return copy.a;
}

/* The gradient behind the ReLU, in place. */
static void relu_backward(int n, const struct ref_node *nd, double *g)
{
    double *v = values(n, nd);
    for (size_t e = 0; e < map_size(n, nd->h, nd->w, nd->c); e++)
        if (nd->relu && !(v[e] > 0))
            g[e] = 0;
    free(v);
}

/* dgamma = sum g xhat, dbeta = sum g. */
static void bn_sums(int n, int h, int w, int c, const double *z, const struct ref_bn *bn, const double *g)
{
    memset(bn->dgamma, 0, (size_t)c * sizeof *g);
    memset(bn->dbeta, 0, (size_t)c * sizeof *g);
    for (size_t e = 0; e < map_size(n, h, w, c); e++) {
        size_t k = e % (size_t)c;
        bn->dbeta[k] += g[e];
        bn->dgamma[k] += g[e] * (z[e] - bn->mean[k]) * bn->invstd[k];
    }
}

void ref_node_backward(int n, const struct ref_node *nd, const double *da)
{
    size_t size = map_size(n, nd->h, nd->w, nd->c);
    double *g = xmalloc(size * sizeof *g);
    memcpy(g, da, size * sizeof *g);
    relu_backward(n, nd, g);
    bn_sums(n, nd->h, nd->w, nd->c, nd->z, nd->bn, g);
    if (nd->res_kind == RES_BN)
        bn_sums(n, nd->h, nd->w, nd->c, nd->res, nd->res_bn, g);
    free(g);
}

/* ---- convolution ---- */

/* Calls for each product of the sum that a convolution is: out[o] meets in[i] with weight[w]. Rows of Co are left to
 * the caller, whose inner loop runs over them. */
#define EACH_TAP(cv, i, y, x, kh, kw, yi, xi)                                                                          \
    for (int i = 0; i < (cv)->n; i++)                                                                                  \
        for (int y = 0; y < (cv)->h / (cv)->stride; y++)                                                               \
            for (int x = 0; x < (cv)->w / (cv)->stride; x++)                                                           \
                for (int kh = 0; kh < (cv)->k; kh++)                                                                   \
                    for (int kw = 0, yi = y * (cv)->stride + kh - (cv)->k / 2, xi; kw < (cv)->k; kw++)                 \
                        if (xi = x * (cv)->stride + kw - (cv)->k / 2,                                                  \
                            yi >= 0 && yi < (cv)->h && xi >= 0 && xi < (cv)->w)

static void convolve(const struct ref_conv *cv, const double *in, double *z)
{
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    memset(z, 0, map_size(cv->n, ho, wo, cv->co) * sizeof *z);
    EACH_TAP(cv, i, y, x, kh, kw, yi, xi)
    {
        double *to = z + at(ho, wo, cv->co, i, y, x, 0);
        const double *from = in + at(cv->h, cv->w, cv->ci, i, yi, xi, 0);
        for (int c = 0; c < cv->ci; c++) {
            const double *w = cv->weight + weight_at(cv, kh, kw, c, 0);
            for (int o = 0; o < cv->co; o++)
                to[o] += from[c] * w[o];
        }
    }
}

static void batch_statistics(size_t pixels, int c, const double *z, const struct ref_bn *bn)
{
    for (int k = 0; k < c; k++) {
        double mean = 0, var = 0;
        for (size_t p = 0; p < pixels; p++)
            mean += z[p * (size_t)c + (size_t)k] / (double)pixels;
        for (size_t p = 0; p < pixels; p++)
            var += pow(z[p * (size_t)c + (size_t)k] - mean, 2) / (double)pixels;
        double unbiased = pixels > 1 ? var * (double)pixels / (double)(pixels - 1) : var;
        bn->mean[k] = mean;
        bn->invstd[k] = 1 / sqrt(var + (double)BN_EPS);
        bn->scale[k] = bn->gamma[k] * bn->invstd[k];
        bn->shift[k] = bn->beta[k] - mean * bn->scale[k];
        bn->running_mean[k] = (1 - (double)BN_MOMENTUM) * bn->running_mean[k] + (double)BN_MOMENTUM * mean;
        bn->running_var[k] = (1 - (double)BN_MOMENTUM) * bn->running_var[k] + (double)BN_MOMENTUM * unbiased;
    }
}

void ref_conv_forward(const struct ref_conv *cv, const struct ref_node *in, bool store, double *z,
                      const struct ref_bn *bn)
{
    if (store)
        ref_node_forward(cv->n, in);
    double *x = values(cv->n, in);
    convolve(cv, x, z);
    free(x);
    if (bn)
        batch_statistics((size_t)cv->n * (size_t)(cv->h / cv->stride) * (size_t)(cv->w / cv->stride), cv->co, z, bn);
}

/* dz of dz -> gamma (z - mean) invstd + beta with the batch's own mean and variance, from g behind it. */
static void bn_backward(size_t pixels, int c, const double *z, const struct ref_bn *bn, const double *g, double *dz)
{
    for (size_t e = 0; e < pixels * (size_t)c; e++) {
        size_t k = e % (size_t)c;
        double xhat = (z[e] - bn->mean[k]) * bn->invstd[k];
        dz[e] = bn->gamma[k] * bn->invstd[k] *
                (g[e] - bn->dbeta[k] / (double)pixels - xhat * bn->dgamma[k] / (double)pixels);
    }
}

void ref_conv_backward(const struct ref_conv *cv, const struct ref_node *in, const struct ref_node *out, double *da,
                       double *din, bool add, bool sums)
{
    int ho = cv->h / cv->stride, wo = cv->w / cv->stride;
    size_t size = map_size(cv->n, ho, wo, cv->co), in_size = map_size(cv->n, cv->h, cv->w, cv->ci);
    double *g = xmalloc(size * sizeof *g), *dz = xmalloc(size * sizeof *dz), *value = values(cv->n, in);
    memcpy(g, da, size * sizeof *g);
    relu_backward(cv->n, out, g);
    if (out->res_kind != RES_NONE)
        memcpy(da, g, size * sizeof *g);
    if (out->bn)
        bn_backward(size / (size_t)cv->co, cv->co, out->z, out->bn, g, dz);
    else
        memcpy(dz, g, size * sizeof *g);
    memset(cv->dweight, 0, (size_t)cv->k * (size_t)cv->k * (size_t)cv->ci * (size_t)cv->co * sizeof *g);
    if (din && !add)
        memset(din, 0, in_size * sizeof *din);
    EACH_TAP(cv, i, y, x, kh, kw, yi, xi)
    {
        const double *d = dz + at(ho, wo, cv->co, i, y, x, 0);
        size_t from = at(cv->h, cv->w, cv->ci, i, yi, xi, 0);
        for (int c = 0; c < cv->ci; c++) {
            const double *w = cv->weight + weight_at(cv, kh, kw, c, 0);
            double *dw = cv->dweight + weight_at(cv, kh, kw, c, 0), v = value[from + (size_t)c], s = 0;
            for (int o = 0; o < cv->co; o++)
                dw[o] += v * d[o];
            if (!din)
                continue;
            for (int o = 0; o < cv->co; o++)
                s += w[o] * d[o];
            din[from + (size_t)c] += s;
        }
    }
    if (din && sums)
        ref_node_backward(cv->n, in, din);
    free(g);
    free(dz);
    free(value);
}

void ref_pad_backward(int n, int h, int w, int c, const double *g, double *din)
{
    memset(din, 0, map_size(n, 2 * h, 2 * w, c / 2) * sizeof *din);
    for (int i = 0; i < n; i++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                for (int k = 0; k < c / 2; k++)
                    din[at(2 * h, 2 * w, c / 2, i, 2 * y, 2 * x, k)] = g[at(h, w, c, i, y, x, c / 4 + k)];
}

/* ---- the head ---- */

void ref_gap_forward(int n, int hw, int c, const double *a, double *out)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < c; k++) {
            double s = 0;
            for (int p = 0; p < hw; p++)
                s += a[at(hw, 1, c, i, p, 0, k)];
            out[i * c + k] = s / hw;
        }
}

void ref_gap_backward(int n, int hw, int c, const double *dout, double *da)
{
    for (int i = 0; i < n; i++)
        for (int p = 0; p < hw; p++)
            for (int k = 0; k < c; k++)
                da[at(hw, 1, c, i, p, 0, k)] = dout[i * c + k] / hw;
}

void ref_fc_forward(int n, int c, int k, const double *x, const double *w, const double *b, double *y)
{
    for (int i = 0; i < n; i++)
        for (int o = 0; o < k; o++) {
            double s = b[o];
            for (int j = 0; j < c; j++)
                s += x[i * c + j] * w[j * k + o];
            y[i * k + o] = s;
        }
}

void ref_fc_backward(int n, int c, int k, const double *x, const double *w, const double *dy, double *dw, double *db,
                     double *dx)
{
    memset(dw, 0, (size_t)(c * k) * sizeof *dw);
    memset(db, 0, (size_t)k * sizeof *db);
    memset(dx, 0, (size_t)(n * c) * sizeof *dx);
    for (int i = 0; i < n; i++)
        for (int o = 0; o < k; o++) {
            db[o] += dy[i * k + o];
            for (int j = 0; j < c; j++) {
                dw[j * k + o] += x[i * c + j] * dy[i * k + o];
                dx[i * c + j] += w[j * k + o] * dy[i * k + o];
            }
        }
}

/* ---- losses ---- */

static void softmax(int k, const double *logits, double t, double *p, double *log_p)
{
    double max = logits[0], sum = 0;
    for (int o = 1; o < k; o++)
        max = fmax(max, logits[o]);
    for (int o = 0; o < k; o++)
        sum += exp((logits[o] - max) / t);
    for (int o = 0; o < k; o++) {
        log_p[o] = (logits[o] - max) / t - log(sum);
        p[o] = exp(log_p[o]);
    }
}

void ref_softmax_ce(int n, int k, const double *logits, const double *labels, double smoothing, double weight, bool add,
                    double *dlogits, double *loss, double *correct)
{
    double p[k], log_p[k];
    *loss = *correct = 0;
    for (int i = 0; i < n; i++) {
        const double *l = logits + i * k;
        int best = 0;
        softmax(k, l, 1, p, log_p);
        for (int o = 0; o < k; o++) {
            double target = smoothing / k + (o == (int)labels[i] ? 1 - smoothing : 0);
            *loss -= weight / n * target * log_p[o];
            if (dlogits)
                dlogits[i * k + o] = (add ? dlogits[i * k + o] : 0) + weight / n * (p[o] - target);
            if (l[o] > l[best])
                best = o;
        }
        *correct += best == (int)labels[i];
    }
}

void ref_kd_loss(int n, int k, const double *logits, const double *teacher, double temperature, double weight, bool add,
                 double *dlogits, double *loss)
{
    double p[k], log_p[k], q[k], log_q[k], t = temperature;
    *loss = 0;
    for (int i = 0; i < n; i++) {
        softmax(k, logits + i * k, t, p, log_p);
        softmax(k, teacher + i * k, t, q, log_q);
        for (int o = 0; o < k; o++) {
            *loss += weight * t * t / n * q[o] * (log_q[o] - log_p[o]);
            dlogits[i * k + o] = (add ? dlogits[i * k + o] : 0) + weight * t / n * (p[o] - q[o]);
        }
    }
}

void ref_hint_loss(int n, int size, const double *x, const double *t, double weight, double *dx, double *loss)
{
    *loss = 0;
    for (int e = 0; e < n * size; e++) {
        *loss += weight / 2 / n * (x[e] - t[e]) * (x[e] - t[e]);
        dx[e] = weight / n * (x[e] - t[e]);
    }
}

/* ---- FSP ---- */

/* Where in map (h, w, c) the value of pixel (y, x) of the common size is: the first largest of its window. */
static size_t pooled_at(const double *f, int h, int w, int c, int common_h, int i, int y, int x, int k)
{
    int s = h / common_h;
    size_t best = at(h, w, c, i, y * s, x * s, k);
    for (int dy = 0; dy < s; dy++)
        for (int dx = 0; dx < s; dx++) {
            size_t e = at(h, w, c, i, y * s + dy, x * s + dx, k);
            best = f[e] > f[best] ? e : best;
        }
    return best;
}

#define EACH_PRODUCT(p, i, y, x, k1, k2, ho, wo)                                                                       \
    for (int i = 0, ho = (p)->h1 < (p)->h2 ? (p)->h1 : (p)->h2, wo = (p)->w1 < (p)->w2 ? (p)->w1 : (p)->w2;            \
         i < (p)->n; i++)                                                                                              \
        for (int y = 0; y < ho; y++)                                                                                   \
            for (int x = 0; x < wo; x++)                                                                               \
                for (int k1 = 0; k1 < (p)->c1; k1++)                                                                   \
                    for (int k2 = 0; k2 < (p)->c2; k2++)

void ref_fsp_forward(const struct fsp_pair *p, const double *f1, const double *f2, double *g)
{
    memset(g, 0, (size_t)p->n * (size_t)p->c1 * (size_t)p->c2 * sizeof *g);
    EACH_PRODUCT(p, i, y, x, k1, k2, h, w)
    {
        size_t e1 = pooled_at(f1, p->h1, p->w1, p->c1, h, i, y, x, k1);
        size_t e2 = pooled_at(f2, p->h2, p->w2, p->c2, h, i, y, x, k2);
        g[(i * p->c1 + k1) * p->c2 + k2] += f1[e1] * f2[e2] / (h * w);
    }
}

void ref_fsp_loss(int n, int size, const double *gt, const double *gs, double per, double weight, double *dgs,
                  double *loss3)
{
    loss3[0] = loss3[1] = loss3[2] = 0;
    for (int e = 0; e < n * size; e++) {
        loss3[0] += (gt[e] - gs[e]) * (gt[e] - gs[e]) / n / per;
        loss3[1] += gs[e] * gs[e] / n;
        loss3[2] += gt[e] * gt[e] / n;
        dgs[e] = weight * 2 * (gs[e] - gt[e]) / n / per;
    }
}

void ref_fsp_backward(const struct fsp_pair *p, const double *f1, const double *f2, const double *dg, double *df1,
                      bool add1, double *df2, bool add2)
{
    if (df1 && !add1)
        memset(df1, 0, map_size(p->n, p->h1, p->w1, p->c1) * sizeof *df1);
    if (df2 && !add2)
        memset(df2, 0, map_size(p->n, p->h2, p->w2, p->c2) * sizeof *df2);
    EACH_PRODUCT(p, i, y, x, k1, k2, h, w)
    {
        size_t e1 = pooled_at(f1, p->h1, p->w1, p->c1, h, i, y, x, k1);
        size_t e2 = pooled_at(f2, p->h2, p->w2, p->c2, h, i, y, x, k2);
        double d = dg[(i * p->c1 + k1) * p->c2 + k2] / (h * w);
        if (df1)
            df1[e1] += d * f2[e2];
        if (df2)
            df2[e2] += d * f1[e1];
    }
}

/* ---- the optimiser and inference ---- */

void ref_sgd(int n, double *w, const double *grad, double *v, double lr, double momentum, double decay, bool nesterov)
{
    for (int e = 0; e < n; e++) {
        double d = grad[e] + decay * w[e];
        v[e] = momentum * v[e] + d;
        w[e] -= lr * (nesterov ? d + momentum * v[e] : v[e]);
    }
}

void ref_bn_fold(const struct ref_conv *cv, const struct ref_bn *bn, double *weight, double *bias)
{
    for (int e = 0; e < cv->k * cv->k * cv->ci * cv->co; e++) {
        int o = e % cv->co;
        double scale = bn->gamma[o] / sqrt(bn->running_var[o] + (double)BN_EPS);
        weight[e] = cv->weight[e] * scale;
        bias[o] = bn->beta[o] - bn->running_mean[o] * scale;
    }
}

void ref_infer(const struct ref_step *steps, int n_steps, int n_maps, const double *fc_weight, const double *fc_bias,
               int classes, int n, const double *x, double *logits)
{
    double *map[n_maps];
    memset(map, 0, sizeof map);
    map[0] = (double *)x;
    for (int s = 0; s < n_steps; s++) {
        const struct ref_step *st = &steps[s];
        struct ref_conv cv = st->conv;
        int h = cv.h / cv.stride, w = cv.w / cv.stride;
        size_t size = map_size(n, h, w, cv.co);
        double *z = xmalloc(size * sizeof *z), *out = xmalloc(size * sizeof *out);
        cv.n = n;
        convolve(&cv, map[st->in], z);
        for (size_t e = 0; e < size; e++)
            z[e] += st->bias[e % (size_t)cv.co];
        struct ref_node node = {
            .h = h, .w = w, .c = cv.co, .z = z, .relu = st->relu, .res_kind = st->res_kind, .a = out};
        node.res = st->res >= 0 ? map[st->res] : NULL;
        ref_node_forward(n, &node);
        free(z);
        if (st->out != 0)
            free(map[st->out]);
        map[st->out] = out;
        if (st->tap)
            memcpy(st->tap, out, size * sizeof *out);
        if (s == n_steps - 1 && logits) {
            double *feature = xmalloc((size_t)(n * cv.co) * sizeof *feature);
            ref_gap_forward(n, h * w, cv.co, out, feature);
            ref_fc_forward(n, cv.co, classes, feature, fc_weight, fc_bias, logits);
            free(feature);
        }
    }
    for (int m = 1; m < n_maps; m++)
        free(map[m]);
}
