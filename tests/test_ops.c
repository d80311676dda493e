/* Every operation of the CPU backend: against the float64 reference for each instruction set, bit for bit across numbers
 * of threads; and the reference's gradients against central differences of its forward operations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "op_table.h"
#include "ref_ops.h"

/* ---- the table ---- */

enum { MAX_THREADS = 3 };

/* One row on one instruction set with 1, 2 and 3 threads; the number of disagreements. */
static int run_row(const struct op_case *c, struct backend *const *be, double *worst)
{
    size_t bytes = op_case_output_bytes(c);
    char *first = xmalloc(bytes), *other = xmalloc(bytes), why[256];
    double error;
    int bad = 0;
    for (int t = 0; t < MAX_THREADS; t++) {
        if (!op_case_run(c, be[t], t == 0 ? first : other, &error, why)) {
            print_message("%s, %d threads, %s: %s\n", be[t]->info.isa, t + 1, op_case_name(c), why);
            bad++;
        }
        *worst = fmax(*worst, error);
        if (t > 0 && memcmp(first, other, bytes) != 0) {
            print_message("%s: %s: other bits with %d threads than with 1\n", be[t]->info.isa, op_case_name(c), t + 1);
            bad++;
        }
    }
    free(first);
    free(other);
    return bad;
}

static void table_on(const char *const *isas, int n_isas)
{
    struct backend *be[3][MAX_THREADS];
    double worst = 0;
    int bad = 0;
    for (int i = 0; i < n_isas; i++)
        for (int t = 0; t < MAX_THREADS; t++)
            be[i][t] = backend_cpu_new(t + 1, isas[i], NULL);
    for (size_t r = 0; r < op_row_count(); r++) {
        struct op_case *c = op_case_new(r);
        for (int i = 0; i < n_isas; i++)
            if (be[i][0])
                bad += run_row(c, be[i], &worst);
        op_case_free(c);
    }
    for (int i = 0; i < n_isas; i++)
        for (int t = 0; t < MAX_THREADS; t++)
            backend_free(be[i][t]);
    print_message("%zu rows, worst error %.2g of what is allowed\n", op_row_count(), worst);
    assert_int_equal(bad, 0);
}

static void ops_agree_with_the_reference(void **state)
{
    (void)state;
#if defined(__x86_64__)
    static const char *const isas[] = {"sse2", "avx2", "avx512"};
#else
    static const char *const isas[] = {"generic"};
#endif
    struct backend *best = backend_cpu_new(1, NULL, NULL);
    assert_non_null(best);
    backend_free(best);
    table_on(isas, ARRAY_LEN(isas));
}

static void unknown_isa_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(backend_cpu_new(1, "mmx", &err));
    assert_int_equal(err.code, ERR_DEVICE);
    assert_non_null(strstr(err.msg, "mmx"));
}

/* ---- the reference's gradients ---- */

typedef double loss_fn(void *ctx);

/* grad against central differences of fn in each of the n numbers at x. */
static void check_gradient(const char *what, loss_fn *fn, void *ctx, double *x, const double *grad, int n)
{
    double square = 0;
    for (int e = 0; e < n; e++)
        square += grad[e] * grad[e] / n;
    assert_true(square > 0);
    for (int e = 0; e < n; e++) {
        const double h = 1e-5, at = x[e];
        x[e] = at + h;
        double up = fn(ctx);
        x[e] = at - h;
        double down = fn(ctx);
        x[e] = at;
        double numeric = (up - down) / (2 * h);
        /* the last term: what rounding leaves of a difference where the gradient is zero (a shift before a batch norm) */
        if (!(fabs(numeric - grad[e]) <= 1e-6 * (fabs(grad[e]) + sqrt(square)) + 1e-9 * (1 + fabs(up))))
            fail_msg("%s[%d]: gradient %.12g, central difference %.12g", what, e, grad[e], numeric);
    }
}

static double *normals(struct rng *rng, int n, double mean, double spread)
{
    double *x = xcalloc((size_t)n, sizeof *x);
    for (int i = 0; i < n; i++)
        x[i] = mean + spread * rng_normal(rng);
    return x;
}

static double dot(const double *a, const double *b, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

enum { MAX_C = 8, N = 3, SIDE = 4 };

static void bn_new(struct rng *rng, struct ref_bn *bn)
{
    double **fields[] = {&bn->gamma,  &bn->beta,  &bn->running_mean, &bn->running_var, &bn->mean,
                         &bn->invstd, &bn->scale, &bn->shift,        &bn->dgamma,      &bn->dbeta};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i] = normals(rng, MAX_C, i == 0 ? 1 : 0, 0.4);
}

static void bn_free(struct ref_bn *bn)
{
    double *fields[] = {bn->gamma,  bn->beta,  bn->running_mean, bn->running_var, bn->mean,
                        bn->invstd, bn->scale, bn->shift,        bn->dgamma,      bn->dbeta};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        free(fields[i]);
}

/* x -> conv0 -> bn0 [relu] -> conv1 -> bn1 (+ residual) [relu], and a fixed weight for each output: the smallest thing in
 * which every gradient of an operation on nodes occurs. Residuals come straight from x, are a constant map (option A) or
 * a convolution of x with its own batch norm (option B). */
struct chain {
    int k, stride;
    bool relu, out_bn;
    enum res_kind res_kind;
    struct ref_conv conv0, conv1, conv_res;
    struct ref_bn bn0, bn1, bn_res;
    struct ref_node in, mid, out, proj;
    double *x, *w0, *w1, *w_res, *z0, *z1, *z_res, *res, *a, *r;
    int x_size, z0_size, out_size, res_size;
};

static double chain_forward(void *ctx)
{
    struct chain *c = ctx;
    ref_conv_forward(&c->conv0, &c->in, false, c->z0, &c->bn0);
    ref_conv_forward(&c->conv1, &c->mid, false, c->z1, c->out_bn ? &c->bn1 : NULL);
    if (c->res_kind == RES_BN)
        ref_conv_forward(&c->conv_res, &c->in, false, c->z_res, &c->bn_res);
    struct ref_node out = c->out;
    out.a = c->a;
    ref_node_forward(N, &out);
    return dot(c->a, c->r, c->out_size);
}

static void chain_init(struct chain *c, uint64_t seed)
{
    const int ci = 3, cm = 5, co = 8, ho = SIDE / c->stride;
    struct rng rng;
    rng_seed(&rng, seed, 1);
    c->x_size = N * SIDE * SIDE * ci;
    c->z0_size = N * SIDE * SIDE * cm;
    c->out_size = N * ho * ho * co;
    c->res_size = c->res_kind == RES_PAD ? 2 * c->out_size : c->out_size;
    c->x = normals(&rng, c->x_size, 0, 1);
    c->w0 = normals(&rng, 9 * ci * cm, 0, 0.3);
    c->w1 = normals(&rng, 9 * cm * co, 0, 0.3);
    c->w_res = normals(&rng, ci * co, 0, 0.3);
    c->z0 = normals(&rng, c->z0_size, 0, 1);
    c->z1 = normals(&rng, c->out_size, 0, 1);
    c->z_res = normals(&rng, c->out_size, 0, 1);
    c->res = normals(&rng, c->res_size, 0, 1);
    c->a = normals(&rng, c->out_size, 0, 1);
    c->r = normals(&rng, c->out_size, 0, 1);
    bn_new(&rng, &c->bn0);
    bn_new(&rng, &c->bn1);
    bn_new(&rng, &c->bn_res);
    c->conv0 = (struct ref_conv){N, SIDE, SIDE, ci, cm, 3, 1, c->w0, normals(&rng, 9 * ci * cm, 0, 1)};
    c->conv1 = (struct ref_conv){N, SIDE, SIDE, cm, co, c->k, c->stride, c->w1, normals(&rng, 9 * cm * co, 0, 1)};
    c->conv_res = (struct ref_conv){N, SIDE, SIDE, ci, co, 1, c->stride, c->w_res, normals(&rng, ci * co, 0, 1)};
    c->in = (struct ref_node){.h = SIDE, .w = SIDE, .c = ci, .z = c->x};
    c->mid = (struct ref_node){.h = SIDE, .w = SIDE, .c = cm, .z = c->z0, .bn = &c->bn0, .relu = c->relu};
    c->out = (struct ref_node){.h = ho,
                               .w = ho,
                               .c = co,
                               .z = c->z1,
                               .bn = c->out_bn ? &c->bn1 : NULL,
                               .relu = c->relu,
                               .res_kind = c->res_kind};
    c->out.res = c->res_kind == RES_BN ? c->z_res : c->res_kind == RES_NONE ? NULL : c->res;
    c->out.res_bn = c->res_kind == RES_BN ? &c->bn_res : NULL;
    c->proj = (struct ref_node){.h = ho, .w = ho, .c = co, .z = c->z_res, .bn = &c->bn_res};
}

static void chain_free(struct chain *c)
{
    double *all[] = {c->x,
                     c->w0,
                     c->w1,
                     c->w_res,
                     c->z0,
                     c->z1,
                     c->z_res,
                     c->res,
                     c->a,
                     c->r,
                     c->conv0.dweight,
                     c->conv1.dweight,
                     c->conv_res.dweight};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        free(all[i]);
    bn_free(&c->bn0);
    bn_free(&c->bn1);
    bn_free(&c->bn_res);
}

/* Backward as a net goes, then every parameter, the input and the residual by differences. */
static void check_chain(struct chain *c, uint64_t seed)
{
    chain_init(c, seed);
    chain_forward(c);
    double *da = xcalloc((size_t)c->out_size, sizeof *da), *dmid = xcalloc((size_t)c->z0_size, sizeof *dmid);
    double *dx = xcalloc((size_t)c->x_size, sizeof *dx), *dres = xcalloc((size_t)c->res_size, sizeof *dres);
    memcpy(da, c->r, (size_t)c->out_size * sizeof *da);
    if (c->out_bn)
        ref_node_backward(N, &c->out, da);
    ref_conv_backward(&c->conv1, &c->mid, &c->out, da, dmid, false, true);
    if (c->res_kind == RES_BN)
        ref_conv_backward(&c->conv_res, &c->in, &c->proj, da, dx, false, false);
    ref_conv_backward(&c->conv0, &c->in, &c->mid, dmid, dx, c->res_kind == RES_BN, false);
    check_gradient("x", chain_forward, c, c->x, dx, c->x_size);
    check_gradient("w0", chain_forward, c, c->w0, c->conv0.dweight, 9 * c->conv0.ci * c->conv0.co);
    check_gradient("w1", chain_forward, c, c->w1, c->conv1.dweight, c->k * c->k * c->conv1.ci * c->conv1.co);
    check_gradient("gamma0", chain_forward, c, c->bn0.gamma, c->bn0.dgamma, c->mid.c);
    check_gradient("beta0", chain_forward, c, c->bn0.beta, c->bn0.dbeta, c->mid.c);
    if (c->out_bn) {
        check_gradient("gamma1", chain_forward, c, c->bn1.gamma, c->bn1.dgamma, c->out.c);
        check_gradient("beta1", chain_forward, c, c->bn1.beta, c->bn1.dbeta, c->out.c);
    }
    if (c->res_kind == RES_SAME)
        check_gradient("res", chain_forward, c, c->res, da, c->res_size);
    if (c->res_kind == RES_PAD) {
        ref_pad_backward(N, c->out.h, c->out.w, c->out.c, da, dres);
        check_gradient("res", chain_forward, c, c->res, dres, c->res_size);
    }
    if (c->res_kind == RES_BN) {
        check_gradient("w_res", chain_forward, c, c->w_res, c->conv_res.dweight, c->conv_res.ci * c->conv_res.co);
        check_gradient("gamma_res", chain_forward, c, c->bn_res.gamma, c->bn_res.dgamma, c->out.c);
        check_gradient("beta_res", chain_forward, c, c->bn_res.beta, c->bn_res.dbeta, c->out.c);
    }
    free(da);
    free(dmid);
    free(dx);
    free(dres);
    chain_free(c);
}

static void convolutions_and_nodes_by_differences(void **state)
{
    (void)state;
    for (int k = 1; k <= 3; k += 2)
        for (int stride = 1; stride <= 2; stride++)
            for (int relu = 0; relu <= 1; relu++)
                for (int kind = RES_NONE; kind <= RES_BN; kind++) {
                    struct chain c = {
                        .k = k, .stride = stride, .relu = relu, .out_bn = true, .res_kind = (enum res_kind)kind};
                    check_chain(&c, (uint64_t)(((k * 2 + stride) * 2 + relu) * 4 + kind));
                }
    struct chain regressor = {.k = 3, .stride = 1};
    check_chain(&regressor, 99);
}

/* ---- the head and the losses ---- */

enum { C = 5, K = 4, HW = 6 };

struct head {
    double *a, *w, *b, *r, feature[N * C], y[N * K];
};

static double head_forward(void *ctx)
{
    struct head *h = ctx;
    ref_gap_forward(N, HW, C, h->a, h->feature);
    ref_fc_forward(N, C, K, h->feature, h->w, h->b, h->y);
    return dot(h->y, h->r, N * K);
}

static void head_by_differences(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3, 1);
    struct head h = {normals(&rng, N * HW * C, 0, 1),
                     normals(&rng, C * K, 0, 1),
                     normals(&rng, K, 0, 1),
                     normals(&rng, N * K, 0, 1),
                     {0},
                     {0}};
    double dw[C * K], db[K], dfeature[N * C], da[N * HW * C];
    head_forward(&h);
    ref_fc_backward(N, C, K, h.feature, h.w, h.r, dw, db, dfeature);
    ref_gap_backward(N, HW, C, dfeature, da);
    check_gradient("a", head_forward, &h, h.a, da, N * HW * C);
    check_gradient("w", head_forward, &h, h.w, dw, C * K);
    check_gradient("b", head_forward, &h, h.b, db, K);
    free(h.a);
    free(h.w);
    free(h.b);
    free(h.r);
}

struct loss {
    enum { CE, KD, HINT, FSP } kind;
    double smoothing, temperature, per;
    double *x, *t, *labels, d[N * K], values[3];
};

static double loss_value(void *ctx)
{
    struct loss *l = ctx;
    double correct, d[N * K];
    switch (l->kind) {
    case CE: ref_softmax_ce(N, K, l->x, l->labels, l->smoothing, 0.7, false, d, l->values, &correct); break;
    case KD: ref_kd_loss(N, K, l->x, l->t, l->temperature, 0.7, false, d, l->values); break;
    case HINT: ref_hint_loss(N, K, l->x, l->t, 0.7, d, l->values); break;
    case FSP: ref_fsp_loss(N, K, l->t, l->x, l->per, 0.7, d, l->values); break;
    }
    memcpy(l->d, d, sizeof d);
    return l->values[0] * (l->kind == FSP ? 0.7 : 1); /* FSP's loss is reported without its weight */
}

static void losses_by_differences(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 4, 1);
    const struct loss kinds[] = {
        {.kind = CE},   {.kind = CE, .smoothing = 0.1}, {.kind = KD, .temperature = 1}, {.kind = KD, .temperature = 4},
        {.kind = HINT}, {.kind = FSP, .per = 1},        {.kind = FSP, .per = K},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct loss l = kinds[i];
        double labels[N] = {2, 0, 3}, grad[N * K];
        l.x = normals(&rng, N * K, 0, 1);
        l.t = normals(&rng, N * K, 0, 1);
        l.labels = labels;
        loss_value(&l);
        memcpy(grad, l.d, sizeof grad);
        check_gradient("loss", loss_value, &l, l.x, grad, N * K);
        free(l.x);
        free(l.t);
    }
}

/* Loss values themselves, by closed forms: uniform logits, equal distributions, two classes. */
static void losses_by_closed_forms(void **state)
{
    (void)state;
    double logits[4] = {1, 1, 1, 1}, label = 2, loss, correct, d[4];
    ref_softmax_ce(1, 4, logits, &label, 0.1, 2, false, d, &loss, &correct);
    assert_true(fabs(loss - 2 * log(4)) < 1e-12);
    assert_true(correct == 0);
    ref_kd_loss(1, 4, logits, logits, 3, 1, false, d, &loss);
    assert_true(fabs(loss) < 1e-12);
    /* T = 2, student (1/2, 1/2), teacher (3/4, 1/4): KL = 3/4 log(3/2) + 1/4 log(1/2) */
    double student[2] = {0, 0}, teacher[2] = {2 * log(3), 0};
    ref_kd_loss(1, 2, student, teacher, 2, 1, false, d, &loss);
    assert_true(fabs(loss - 4 * (0.75 * log(1.5) + 0.25 * log(0.5))) < 1e-12);
    double x[4] = {1, 2, 3, 4}, t[4] = {0, 0, 0, 0}, loss3[3];
    ref_hint_loss(2, 2, x, t, 1, d, &loss);
    assert_true(fabs(loss - 30.0 / 4) < 1e-12);
    ref_fsp_loss(2, 2, x, t, 2, 1, d, loss3);
    assert_true(fabs(loss3[0] - 7.5) < 1e-12 && fabs(loss3[1]) < 1e-12 + 0 * loss3[2] && fabs(loss3[2] - 15) < 1e-12);
}

/* ---- FSP ---- */

struct fsp_chain {
    struct fsp_pair pair;
    double *f1, *f2, *r, *g;
    int n1, n2, n_g;
};

static double fsp_value(void *ctx)
{
    struct fsp_chain *f = ctx;
    ref_fsp_forward(&f->pair, f->f1, f->f2, f->g);
    return dot(f->g, f->r, f->n_g);
}

static void fsp_by_differences(void **state)
{
    (void)state;
    const struct fsp_pair pairs[] = {
        {2, 4, 4, 3, 4, 4, 5}, {2, 4, 4, 3, 2, 2, 5}, {2, 2, 2, 3, 4, 4, 2},
        {1, 8, 4, 2, 2, 1, 3}, {1, 1, 2, 3, 4, 8, 2},
    };
    struct rng rng;
    rng_seed(&rng, 5, 1);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        const struct fsp_pair *p = &pairs[i];
        struct fsp_chain f = {.pair = *p,
                              .n1 = p->n * p->h1 * p->w1 * p->c1,
                              .n2 = p->n * p->h2 * p->w2 * p->c2,
                              .n_g = p->n * p->c1 * p->c2};
        f.f1 = normals(&rng, f.n1, 0, 1);
        f.f2 = normals(&rng, f.n2, 0, 1);
        f.r = normals(&rng, f.n_g, 0, 1);
        f.g = normals(&rng, f.n_g, 0, 1);
        double *df1 = normals(&rng, f.n1, 0, 1), *df2 = normals(&rng, f.n2, 0, 1);
        ref_fsp_backward(p, f.f1, f.f2, f.r, df1, false, df2, false);
        check_gradient("f1", fsp_value, &f, f.f1, df1, f.n1);
        check_gradient("f2", fsp_value, &f, f.f2, df2, f.n2);
        free(f.f1);
        free(f.f2);
        free(f.r);
        free(f.g);
        free(df1);
        free(df2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_and_nodes_by_differences),
        cmocka_unit_test(head_by_differences),
        cmocka_unit_test(losses_by_differences),
        cmocka_unit_test(losses_by_closed_forms),
        cmocka_unit_test(fsp_by_differences),
        cmocka_unit_test(ops_agree_with_the_reference),
        cmocka_unit_test(unknown_isa_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
