/* The head of a net and its losses: small, so plain loops on one thread with double sums. */
#include "cpu.h"

#include <math.h>
#include <string.h>

struct gap_job {
    int hw, c;
    const float *in;
    float *out;
};

static void gap_forward_task(void *ctx, int i, int thread)
{
    const struct gap_job *j = ctx;
    (void)thread;
    const float *a = j->in + (size_t)i * (size_t)j->hw * (size_t)j->c;
    float *out = j->out + (size_t)i * (size_t)j->c;
    memset(out, 0, (size_t)j->c * sizeof *out);
    for (int p = 0; p < j->hw; p++, a += j->c)
        for (int k = 0; k < j->c; k++)
            out[k] += a[k];
    for (int k = 0; k < j->c; k++)
        out[k] /= (float)j->hw;
}

void cpu_gap_forward(struct backend *be, int n, int hw, int c, const float *a, float *out)
{
    struct gap_job j = {hw, c, a, out};
    pool_run(cpu_of(be)->pool, n, gap_forward_task, &j);
}

static void gap_backward_task(void *ctx, int i, int thread)
{
    const struct gap_job *j = ctx;
    (void)thread;
    const float *dout = j->in + (size_t)i * (size_t)j->c;
    float *da = j->out + (size_t)i * (size_t)j->hw * (size_t)j->c;
    for (int p = 0; p < j->hw; p++, da += j->c)
        for (int k = 0; k < j->c; k++)
            da[k] = dout[k] / (float)j->hw;
}

void cpu_gap_backward(struct backend *be, int n, int hw, int c, const float *dout, float *da)
{
    struct gap_job j = {hw, c, dout, da};
    pool_run(cpu_of(be)->pool, n, gap_backward_task, &j);
}

void cpu_fc_forward(struct backend *be, int n, int c, int k, const float *x, const float *w, const float *b, float *y)
{
    (void)be;
    for (int i = 0; i < n; i++, x += c, y += k) {
        memcpy(y, b, (size_t)k * sizeof *y);
        for (int j = 0; j < c; j++)
            for (int o = 0; o < k; o++)
                y[o] += x[j] * w[(size_t)j * (size_t)k + (size_t)o];
    }
}

void cpu_fc_backward(struct backend *be, int n, int c, int k, const float *x, const float *w, const float *dy,
                     float *dw, float *db, float *dx)
{
    (void)be;
    memset(dw, 0, (size_t)c * (size_t)k * sizeof *dw);
    memset(db, 0, (size_t)k * sizeof *db);
    for (int i = 0; i < n; i++, x += c, dy += k) {
        for (int o = 0; o < k; o++)
            db[o] += dy[o];
        for (int j = 0; j < c; j++) {
            float g = 0;
            for (int o = 0; o < k; o++) {
                dw[(size_t)j * (size_t)k + (size_t)o] += x[j] * dy[o];
                g += dy[o] * w[(size_t)j * (size_t)k + (size_t)o];
            }
            dx[(size_t)i * (size_t)c + (size_t)j] = g;
        }
    }
}

/* p = softmax(logits / t); returns log of the normaliser (of the shifted logits), *top the largest. */
static double softmax(int k, const float *logits, double t, double *p, double *top)
{
    double sum = 0, max = -INFINITY;
    for (int o = 0; o < k; o++)
        max = (double)logits[o] > max ? (double)logits[o] : max;
    for (int o = 0; o < k; o++)
        sum += p[o] = exp(((double)logits[o] - max) / t);
    for (int o = 0; o < k; o++)
        p[o] /= sum;
    *top = max;
    return log(sum);
}

void cpu_softmax_ce(struct backend *be, int n, int k, const float *logits, const int *labels, float smoothing,
                    float weight, bool add, float *dlogits, float *loss, int *correct)
{
    double total = 0, p[k], off = (double)smoothing / k, on = 1 - (double)smoothing + off;
    int hits = 0;
    (void)be;
    for (int i = 0; i < n; i++, logits += k) {
        double max, norm = softmax(k, logits, 1, p, &max);
        int best = 0;
        for (int o = 0; o < k; o++) {
            double target = o == labels[i] ? on : off;
            if (target > 0)
                total -= target * ((double)logits[o] - max - norm);
            best = logits[o] > logits[best] ? o : best;
            float g = (float)((double)weight * (p[o] - target) / n);
            if (dlogits)
                dlogits[(size_t)i * (size_t)k + (size_t)o] = g + (add ? dlogits[(size_t)i * (size_t)k + (size_t)o] : 0);
        }
        hits += best == labels[i];
    }
    *loss = (float)((double)weight * total / n);
    *correct = hits;
}

void cpu_kd_loss(struct backend *be, int n, int k, const float *logits, const float *teacher, float temperature,
                 float weight, bool add, float *dlogits, float *loss)
{
    double total = 0, p[k], q[k], t = (double)temperature;
    (void)be;
    for (int i = 0; i < n; i++, logits += k, teacher += k) {
        double ms, mt, ns = softmax(k, logits, t, p, &ms), nt = softmax(k, teacher, t, q, &mt);
        for (int o = 0; o < k; o++) {
            double log_q = ((double)teacher[o] - mt) / t - nt, log_p = ((double)logits[o] - ms) / t - ns;
            if (q[o] > 0)
                total += q[o] * (log_q - log_p);
            float g = (float)((double)weight * t * (p[o] - q[o]) / n);
            float *to = dlogits + (size_t)i * (size_t)k + (size_t)o;
            *to = g + (add ? *to : 0);
        }
    }
    *loss = (float)((double)weight * t * t * total / n);
}

void cpu_hint_loss(struct backend *be, int n, size_t size, const float *x, const float *t, float weight, float *dx,
                   float *loss)
{
    double total = 0;
    (void)be;
    for (int i = 0; i < n; i++) {
        double image = 0;
        for (size_t e = 0; e < size; e++) {
            size_t at = (size_t)i * size + e;
            float d = x[at] - t[at];
            image += (double)d * (double)d;
            dx[at] = weight * d / (float)n;
        }
        total += image;
    }
    *loss = (float)((double)weight * total / (2.0 * n));
}
