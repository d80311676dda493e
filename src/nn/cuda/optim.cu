/* The update of the weights, folding of batch norms, and nets in inference form: a plan's steps one after the other, each
 * a convolution with bias, residual and ReLU in its epilogue; tapped maps are written where they are wanted. */
#include "common.cuh"

namespace fsplab_cuda {

namespace {

enum { THREADS = 256 };

__global__ void sgd_kernel(size_t n, float *w, const float *grad, float *v, float lr, float momentum, float decay,
                           bool nesterov)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float d = fmaf(decay, w[i], grad[i]), m = fmaf(momentum, v[i], d);
    v[i] = m;
    w[i] -= lr * (nesterov ? fmaf(momentum, m, d) : m);
}

__global__ void fold_kernel(size_t size, int co, const float *w, const float *gamma, const float *beta, const float *mean,
                            const float *var, float *weight, float *bias)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size)
        return;
    int k = (int)(i % co);
    double s = gamma[k] / sqrt((double)var[k] + (double)BN_EPS);
    weight[i] = w[i] * (float)s;
    if (i < (size_t)co)
        bias[k] = (float)(beta[k] - s * mean[k]);
}

} // namespace

void sgd(struct backend *be, size_t n, float *w, const float *grad, float *v, float lr, float momentum, float decay,
         bool nesterov)
{
    LAUNCH(sgd_kernel, blocks_for(n, THREADS), THREADS, 0, cuda_of(be)->stream, n, w, grad, v, lr, momentum, decay, nesterov);
    launched(cuda_of(be), "sgd");
}

void bn_fold(struct backend *be, const struct conv *cv, const struct bn *bn, float *weight, float *bias)
{
    size_t size = (size_t)cv->k * cv->k * cv->ci * cv->co;
    LAUNCH(fold_kernel, blocks_for(size, THREADS), THREADS, 0, cuda_of(be)->stream, size, cv->co, cv->weight, bn->gamma,
           bn->beta, bn->running_mean, bn->running_var, weight, bias);
    launched(cuda_of(be), "bn_fold");
}

void infer(struct backend *be, const struct infer_plan *plan, int n, const float *x, float *logits)
{
    struct cuda *c = cuda_of(be);
    const struct conv *last = nullptr;
    size_t size = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        last = &plan->steps[s].conv;
        size_t out = (size_t)n * (last->h / last->stride) * (last->w / last->stride) * last->co;
        size = out > size ? out : size;
    }
    size = (size + 63) / 64 * 64;
    size_t feature = logits ? ((size_t)n * last->co + 63) / 64 * 64 : 0;
    float *maps = reserve(c, SCRATCH_MAPS, size * (size_t)(plan->n_maps - 1) + feature, "infer");
    if (!maps)
        return;
    auto map = [=](int i) { return maps + size * (size_t)(i - 1); };
    for (int s = 0; s < plan->n_steps; s++) {
        const struct infer_step *st = &plan->steps[s];
        struct conv cv = st->conv;
        cv.n = n;
        const float *in = st->in == 0 ? x : map(st->in), *res = st->res < 0 ? nullptr : st->res == 0 ? x : map(st->res);
        conv_infer(c, &cv, in, st->bias, st->res_kind, res, st->relu, map(st->out));
        if (st->tap)
            be->ops->copy(be, st->tap, map(st->out),
                          sizeof(float) * (size_t)n * (cv.h / cv.stride) * (cv.w / cv.stride) * cv.co);
    }
    if (!logits)
        return;
    float *f = maps + size * (size_t)(plan->n_maps - 1);
    gap_forward(be, n, (last->h / last->stride) * (last->w / last->stride), last->co,
                map(plan->steps[plan->n_steps - 1].out), f);
    fc_forward(be, n, last->co, plan->classes, f, plan->fc_weight, plan->fc_bias, logits);
}

} // namespace fsplab_cuda
