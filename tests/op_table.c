/* A case is a table of buffers in fixed slots. Each has its contents before the operation as floats, and a copy in
 * double on which the reference runs; those marked as outputs are compared afterwards, the others must be as before.
 * Outputs start with rubbish unless they are added to, and every buffer has a tail that nobody may write to. */
#include "op_table.h"
#include "ref_ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL = 16, MAX_STEPS = 16 };

/* Slots. A batch norm takes ten in a row, a node 3 + 2 of these. */
enum {
    BN_GAMMA,
    BN_BETA,
    BN_RUNNING_MEAN,
    BN_RUNNING_VAR,
    BN_MEAN,
    BN_INVSTD,
    BN_SCALE,
    BN_SHIFT,
    BN_DGAMMA,
    BN_DBETA,
    BN_SLOTS
};
enum { NODE_Z, NODE_A, NODE_RES, NODE_BN, NODE_RES_BN = NODE_BN + BN_SLOTS, NODE_SLOTS = NODE_RES_BN + BN_SLOTS };
enum { IN, OUT = IN + NODE_SLOTS, WEIGHT = OUT + NODE_SLOTS, DWEIGHT, DA, DIN, NODE_END };
/* Operations without nodes: operands by order of the operation's arguments. */
enum { A0, A1, A2, A3, A4, A5, A6, STEPS, STEP_WEIGHT = 0, STEP_BIAS, STEP_TAP, STEP_SLOTS };
enum { MAX_SLOTS = NODE_END > STEPS + MAX_STEPS *STEP_SLOTS ? NODE_END : STEPS + MAX_STEPS *STEP_SLOTS };

enum in_kind {
    IN_RECOMPUTED, /* a NULL */
    IN_STORED,     /* a is there */
    IN_STORING,    /* conv_forward with store */
    IN_VALUE,      /* no batch norm: z is the value, and also a */
};
enum { NO, SET, ADD }; /* whether and how a gradient is wanted */

struct op_row {
    const struct op_kind *op;
    uint64_t seed;
    int n, h, w, ci, co, k, stride;
    enum in_kind in;
    enum res_kind in_res, out_res;
    bool in_linear, out_linear; /* no ReLU */
    bool no_bn;                 /* conv_forward: no statistics; conv_backward: out without batch norm */
    bool out_stored, sums;
    int d1, d2;
    int h2, w2;
    float offset, smoothing, temperature, weight, per, lr, momentum, decay, spread;
    bool nesterov, no_logits;
    bool poison; /* a NaN among the inputs */
    double tol;  /* 0: usual */
};

struct buf {
    const char *name;
    size_t n;
    float *init;     /* (n + TAIL) */
    double *ref;     /* (n) */
    bool out, whole; /* whole: numbers are ints */
};

struct op_case {
    const struct op_row *row;
    char name[160];
    struct rng rng;
    struct buf buf[MAX_SLOTS];
    int n_steps;
    struct ref_step step[MAX_STEPS]; /* shapes; pointers are filled in by readers */
};

struct op_kind {
    const char *name;
    void (*setup)(struct op_case *);
    void (*reference)(struct op_case *);
    void (*run)(const struct op_case *, struct backend *, float *const *dev);
};

/* ---- buffers ---- */

static struct buf *new_buf(struct op_case *c, int slot, const char *name, size_t n)
{
    struct buf *b = &c->buf[slot];
    *b = (struct buf){
        .name = name, .n = n, .init = xcalloc(n + TAIL, sizeof *b->init), .ref = xcalloc(n, sizeof *b->ref)};
    for (size_t i = n; i < n + TAIL; i++)
        b->init[i] = (float)i + 0.5f;
    return b;
}

static void refresh(struct buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->ref[i] = (double)b->init[i];
}

/* Normal with this spread around this mean. */
static struct buf *normal(struct op_case *c, int slot, const char *name, size_t n, double mean, double spread)
{
    struct buf *b = new_buf(c, slot, name, n);
    for (size_t i = 0; i < n; i++)
        b->init[i] = (float)(mean + spread * rng_normal(&c->rng));
    refresh(b);
    return b;
}

/* An output; what is in it before is rubbish, or something to add to. */
static struct buf *output(struct op_case *c, int slot, const char *name, size_t n)
{
    struct buf *b = normal(c, slot, name, n, 0, 1);
    b->out = true;
    return b;
}

/* Rounds what the reference has put there to float, for use as an input. */
static void freeze(struct buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->init[i] = (float)b->ref[i];
    refresh(b);
}

static size_t floats(int n, int h, int w, int c)
{
    return (size_t)n * (size_t)h * (size_t)w * (size_t)c;
}

/* ---- nodes ---- */

static const char *const bn_names[BN_SLOTS] = {"gamma",  "beta",  "running_mean", "running_var", "mean",
                                               "invstd", "scale", "shift",        "dgamma",      "dbeta"};

/* A batch norm whose statistics are some numbers: only scale and shift must fit. */
static void setup_bn(struct op_case *c, int base, int channels)
{
    size_t n = (size_t)channels;
    for (int s = 0; s < BN_SLOTS; s++)
        normal(c, base + s, bn_names[s], n, 0, 0.5);
    for (size_t k = 0; k < n; k++) {
        float sign = rng_below(&c->rng, 4) == 0 ? -1.0f : 1.0f;
        c->buf[base + BN_GAMMA].init[k] = sign * (0.5f + (float)rng_uniform(&c->rng));
        c->buf[base + BN_INVSTD].init[k] = 0.6f + (float)rng_uniform(&c->rng);
        c->buf[base + BN_RUNNING_VAR].init[k] = 0.2f + (float)rng_uniform(&c->rng);
        float scale = c->buf[base + BN_GAMMA].init[k] * c->buf[base + BN_INVSTD].init[k];
        c->buf[base + BN_SCALE].init[k] = scale;
        c->buf[base + BN_SHIFT].init[k] = c->buf[base + BN_BETA].init[k] - c->buf[base + BN_MEAN].init[k] * scale;
    }
    for (int s = 0; s < BN_SLOTS; s++)
        refresh(&c->buf[base + s]);
}

static struct ref_bn ref_bn(const struct op_case *c, int base)
{
    const struct buf *b = c->buf + base;
    return (struct ref_bn){b[BN_GAMMA].ref,  b[BN_BETA].ref,   b[BN_RUNNING_MEAN].ref, b[BN_RUNNING_VAR].ref,
                           b[BN_MEAN].ref,   b[BN_INVSTD].ref, b[BN_SCALE].ref,        b[BN_SHIFT].ref,
                           b[BN_DGAMMA].ref, b[BN_DBETA].ref};
}

static struct bn dev_bn(float *const *d)
{
    return (struct bn){d[BN_GAMMA],  d[BN_BETA],  d[BN_RUNNING_MEAN], d[BN_RUNNING_VAR], d[BN_MEAN],
                       d[BN_INVSTD], d[BN_SCALE], d[BN_SHIFT],        d[BN_DGAMMA],      d[BN_DBETA]};
}

struct node_shape {
    int h, w, c;
    bool relu;
    enum res_kind res;
};

static struct node_shape in_shape(const struct op_row *r)
{
    return (struct node_shape){r->h, r->w, r->ci, !r->in_linear, r->in_res};
}

static struct node_shape out_shape(const struct op_row *r)
{
    return (struct node_shape){r->h / r->stride, r->w / r->stride, r->co, !r->out_linear, r->out_res};
}

struct ref_node_full {
    struct ref_node node;
    struct ref_bn bn, res_bn;
};

static const struct ref_node *ref_node(const struct op_case *c, int base, struct node_shape s, struct ref_node_full *f)
{
    f->bn = ref_bn(c, base + NODE_BN);
    f->res_bn = ref_bn(c, base + NODE_RES_BN);
    f->node = (struct ref_node){s.h,
                                s.w,
                                s.c,
                                c->buf[base + NODE_Z].ref,
                                f->bn.gamma ? &f->bn : NULL,
                                s.relu,
                                s.res,
                                c->buf[base + NODE_RES].ref,
                                s.res == RES_BN ? &f->res_bn : NULL,
                                c->buf[base + NODE_A].ref};
    return &f->node;
}

struct dev_node_full {
    struct node node;
    struct bn bn, res_bn;
};

static const struct node *dev_node(float *const *d, int base, struct node_shape s, bool z_is_a, struct dev_node_full *f)
{
    d += base;
    f->bn = dev_bn(d + NODE_BN);
    f->res_bn = dev_bn(d + NODE_RES_BN);
    f->node = (struct node){s.h,
                            s.w,
                            s.c,
                            d[NODE_Z],
                            f->bn.gamma ? &f->bn : NULL,
                            s.relu,
                            s.res,
                            d[NODE_RES],
                            s.res == RES_BN ? &f->res_bn : NULL,
                            z_is_a ? d[NODE_Z] : d[NODE_A]};
    return &f->node;
}

/* Moves z away from where the ReLU bends: float and double must agree on which side they are. */
static void avoid_kink(struct op_case *c, int base, int n, struct node_shape s)
{
    struct ref_node_full f;
    const struct ref_node *nd = ref_node(c, base, s, &f);
    struct buf *z = &c->buf[base + NODE_Z];
    for (int i = 0; i < n; i++)
        for (int y = 0; y < s.h; y++)
            for (int x = 0; x < s.w; x++)
                for (int k = 0; k < s.c; k++) {
                    size_t e =
                        (((size_t)i * (size_t)s.h + (size_t)y) * (size_t)s.w + (size_t)x) * (size_t)s.c + (size_t)k;
                    while (fabs(ref_before_relu(nd, i, y, x, k)) < 1e-3) {
                        z->init[e] += 0.01f;
                        z->ref[e] = (double)z->init[e];
                    }
                }
}

static void poison(struct buf *b)
{
    b->init[b->n / 2] = NAN;
    refresh(b);
}

/* Everything of a node but what is stored of it. */
static void setup_node(struct op_case *c, int base, int n, struct node_shape s, bool bn)
{
    size_t size = floats(n, s.h, s.w, s.c);
    normal(c, base + NODE_Z, "z", size, (double)c->row->offset, c->row->offset != 0 ? 0.1 : 1);
    if (bn)
        setup_bn(c, base + NODE_BN, s.c);
    if (s.res != RES_NONE) /* RES_PAD: 2H 2W C/2 */
        normal(c, base + NODE_RES, "res", s.res == RES_PAD ? 2 * size : size, 0, 1);
    if (s.res == RES_BN)
        setup_bn(c, base + NODE_RES_BN, s.c);
    avoid_kink(c, base, n, s);
    if (c->row->poison)
        poison(&c->buf[base + NODE_Z]);
}

/* a holds the node's value, rounded. */
static void store_value(struct op_case *c, int base, int n, struct node_shape s)
{
    struct ref_node_full f;
    struct buf *a = new_buf(c, base + NODE_A, "a", c->buf[base + NODE_Z].n);
    ref_node_forward(n, ref_node(c, base, s, &f));
    freeze(a);
}

static void mark_out(struct op_case *c, int base, const int *slots, int n)
{
    for (int i = 0; i < n; i++)
        c->buf[base + slots[i]].out = true;
}

static void mark_sums(struct op_case *c, int base, enum res_kind res)
{
    const int slots[] = {NODE_BN + BN_DGAMMA, NODE_BN + BN_DBETA, NODE_RES_BN + BN_DGAMMA, NODE_RES_BN + BN_DBETA};
    mark_out(c, base, slots, res == RES_BN ? 4 : 2);
}

static size_t weight_floats(const struct op_row *r)
{
    return floats(r->k, r->k, r->ci, r->co);
}

static void setup_weight(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, WEIGHT, "weight", weight_floats(r), 0, 1 / sqrt((double)(r->k * r->k * r->ci)));
}

static struct ref_conv ref_conv(const struct op_case *c)
{
    const struct op_row *r = c->row;
    return (struct ref_conv){r->n, r->h, r->w, r->ci, r->co, r->k, r->stride, c->buf[WEIGHT].ref, c->buf[DWEIGHT].ref};
}

static struct conv dev_conv(const struct op_case *c, float *const *d)
{
    const struct op_row *r = c->row;
    return (struct conv){r->n, r->h, r->w, r->ci, r->co, r->k, r->stride, d[WEIGHT], d[DWEIGHT]};
}

/* ---- conv_forward ---- */

static void forward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    struct node_shape in = in_shape(r), out = out_shape(r);
    setup_weight(c);
    setup_node(c, IN, r->n, in, r->in != IN_VALUE);
    /* Stored values are other ones than z gives, so that it shows when they are not read. */
    if (r->in == IN_STORED)
        normal(c, IN + NODE_A, "a", c->buf[IN + NODE_Z].n, 0, 1);
    else if (r->in == IN_STORING)
        output(c, IN + NODE_A, "a", c->buf[IN + NODE_Z].n);
    output(c, OUT + NODE_Z, "z", floats(r->n, out.h, out.w, out.c));
    if (!r->no_bn) {
        const int slots[] = {BN_RUNNING_MEAN, BN_RUNNING_VAR, BN_MEAN, BN_INVSTD, BN_SCALE, BN_SHIFT};
        setup_bn(c, OUT + NODE_BN, r->co);
        mark_out(c, OUT + NODE_BN, slots, ARRAY_LEN(slots));
    }
}

static void forward_reference(struct op_case *c)
{
    struct ref_node_full in;
    struct ref_conv cv = ref_conv(c);
    struct ref_bn bn = ref_bn(c, OUT + NODE_BN);
    ref_conv_forward(&cv, ref_node(c, IN, in_shape(c->row), &in), c->row->in == IN_STORING, c->buf[OUT + NODE_Z].ref,
                     c->row->no_bn ? NULL : &bn);
}

static void forward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct dev_node_full in;
    struct conv cv = dev_conv(c, d);
    struct bn bn = dev_bn(d + OUT + NODE_BN);
    be->ops->conv_forward(be, &cv, dev_node(d, IN, in_shape(c->row), c->row->in == IN_VALUE, &in),
                          c->row->in == IN_STORING, d[OUT + NODE_Z], c->row->no_bn ? NULL : &bn);
}

/* ---- conv_backward ---- */

static void backward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    struct node_shape in = in_shape(r), out = out_shape(r);
    struct ref_node_full f;
    setup_weight(c);
    output(c, DWEIGHT, "dweight", weight_floats(r));
    setup_node(c, IN, r->n, in, r->in != IN_VALUE);
    if (r->in == IN_STORED)
        store_value(c, IN, r->n, in);
    setup_node(c, OUT, r->n, out, !r->no_bn);
    if (r->out_stored)
        store_value(c, OUT, r->n, out);
    normal(c, DA, "da", c->buf[OUT + NODE_Z].n, 0.1, 1);
    c->buf[DA].out = out.res != RES_NONE;
    if (!r->no_bn) {
        ref_node_backward(r->n, ref_node(c, OUT, out, &f), c->buf[DA].ref);
        freeze(&c->buf[OUT + NODE_BN + BN_DGAMMA]);
        freeze(&c->buf[OUT + NODE_BN + BN_DBETA]);
        if (out.res == RES_BN) { /* not asked for here: put back */
            refresh(&c->buf[OUT + NODE_RES_BN + BN_DGAMMA]);
            refresh(&c->buf[OUT + NODE_RES_BN + BN_DBETA]);
        }
    }
    if (r->d1 != NO)
        output(c, DIN, "din", c->buf[IN + NODE_Z].n);
    if (r->sums)
        mark_sums(c, IN, in.res);
}

static void backward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    struct ref_node_full in, out;
    struct ref_conv cv = ref_conv(c);
    ref_conv_backward(&cv, ref_node(c, IN, in_shape(r), &in), ref_node(c, OUT, out_shape(r), &out), c->buf[DA].ref,
                      c->buf[DIN].ref, r->d1 == ADD, r->sums);
}

static void backward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    struct dev_node_full in, out;
    struct conv cv = dev_conv(c, d);
    be->ops->conv_backward(be, &cv, dev_node(d, IN, in_shape(r), r->in == IN_VALUE, &in),
                           dev_node(d, OUT, out_shape(r), false, &out), d[DA], d[DIN], r->d1 == ADD, r->sums);
}

/* ---- nodes by themselves ---- */

static void node_forward_setup(struct op_case *c)
{
    setup_node(c, IN, c->row->n, in_shape(c->row), c->row->in != IN_VALUE);
    output(c, IN + NODE_A, "a", c->buf[IN + NODE_Z].n);
}

static void node_forward_reference(struct op_case *c)
{
    struct ref_node_full f;
    ref_node_forward(c->row->n, ref_node(c, IN, in_shape(c->row), &f));
}

static void node_forward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct dev_node_full f;
    be->ops->node_forward(be, c->row->n, dev_node(d, IN, in_shape(c->row), false, &f));
}

static void node_backward_setup(struct op_case *c)
{
    setup_node(c, IN, c->row->n, in_shape(c->row), true);
    if (c->row->in == IN_STORED)
        store_value(c, IN, c->row->n, in_shape(c->row));
    normal(c, DA, "da", c->buf[IN + NODE_Z].n, 0.1, 1);
    mark_sums(c, IN, c->row->in_res);
}

static void node_backward_reference(struct op_case *c)
{
    struct ref_node_full f;
    ref_node_backward(c->row->n, ref_node(c, IN, in_shape(c->row), &f), c->buf[DA].ref);
}

static void node_backward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct dev_node_full f;
    be->ops->node_backward(be, c->row->n, dev_node(d, IN, in_shape(c->row), false, &f), d[DA]);
}

static void pad_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, A0, "g", floats(r->n, r->h, r->w, r->ci), 0, 1);
    output(c, A1, "din", floats(r->n, 2 * r->h, 2 * r->w, r->ci / 2));
}

static void pad_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    ref_pad_backward(r->n, r->h, r->w, r->ci, c->buf[A0].ref, c->buf[A1].ref);
}

static void pad_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->pad_backward(be, r->n, r->h, r->w, r->ci, d[A0], d[A1]);
}

/* ---- the head ---- */

static void gap_forward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, A0, "a", floats(r->n, r->h, r->w, r->ci), 0.5, 1);
    output(c, A1, "out", floats(r->n, 1, 1, r->ci));
}

static void gap_forward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    ref_gap_forward(r->n, r->h * r->w, r->ci, c->buf[A0].ref, c->buf[A1].ref);
}

static void gap_forward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->gap_forward(be, r->n, r->h * r->w, r->ci, d[A0], d[A1]);
}

static void gap_backward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, A0, "dout", floats(r->n, 1, 1, r->ci), 0, 1);
    output(c, A1, "da", floats(r->n, r->h, r->w, r->ci));
}

static void gap_backward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    ref_gap_backward(r->n, r->h * r->w, r->ci, c->buf[A0].ref, c->buf[A1].ref);
}

static void gap_backward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->gap_backward(be, r->n, r->h * r->w, r->ci, d[A0], d[A1]);
}

static void fc_forward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, A0, "x", floats(r->n, 1, 1, r->ci), 0, 1);
    normal(c, A1, "w", floats(1, 1, r->ci, r->co), 0, 1 / sqrt((double)r->ci));
    normal(c, A2, "b", floats(1, 1, 1, r->co), 0, 1);
    output(c, A3, "y", floats(r->n, 1, 1, r->co));
}

static void fc_forward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    ref_fc_forward(r->n, r->ci, r->co, c->buf[A0].ref, c->buf[A1].ref, c->buf[A2].ref, c->buf[A3].ref);
}

static void fc_forward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->fc_forward(be, r->n, r->ci, r->co, d[A0], d[A1], d[A2], d[A3]);
}

static void fc_backward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    normal(c, A0, "x", floats(r->n, 1, 1, r->ci), 0, 1);
    normal(c, A1, "w", floats(1, 1, r->ci, r->co), 0, 1);
    normal(c, A2, "dy", floats(r->n, 1, 1, r->co), 0, 1);
    output(c, A3, "dw", floats(1, 1, r->ci, r->co));
    output(c, A4, "db", floats(1, 1, 1, r->co));
    output(c, A5, "dx", floats(r->n, 1, 1, r->ci));
}

static void fc_backward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    ref_fc_backward(r->n, r->ci, r->co, b[A0].ref, b[A1].ref, b[A2].ref, b[A3].ref, b[A4].ref, b[A5].ref);
}

static void fc_backward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->fc_backward(be, r->n, r->ci, r->co, d[A0], d[A1], d[A2], d[A3], d[A4], d[A5]);
}

/* ---- losses ---- */

static struct buf *whole(struct buf *b)
{
    b->whole = true;
    return b;
}

/* Logits of some spread; a third of the images have equal largest ones. */
static void setup_logits(struct op_case *c, int slot, const char *name)
{
    const struct op_row *r = c->row;
    float spread = r->spread > 0 ? r->spread : 2;
    struct buf *b = normal(c, slot, name, floats(r->n, 1, 1, r->co), 0, (double)spread);
    for (int i = 0; i < r->n; i += 3)
        b->init[i * r->co + r->co / 2] = b->init[i * r->co + r->co - 1] = 4 * spread;
    refresh(b);
}

static void ce_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    setup_logits(c, A0, "logits");
    struct buf *labels = whole(new_buf(c, A1, "labels", (size_t)r->n));
    for (int i = 0; i < r->n; i++) /* the first of the equals, the second, any */
        labels->init[i] = (float)(i % 6 == 0   ? r->co / 2
                                  : i % 6 == 3 ? r->co - 1
                                               : (int)rng_below(&c->rng, (uint32_t)r->co));
    refresh(labels);
    if (r->d1 != NO)
        output(c, A2, "dlogits", c->buf[A0].n);
    output(c, A3, "loss", 1);
    whole(new_buf(c, A4, "correct", 1))->out = true;
}

static void ce_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    ref_softmax_ce(r->n, r->co, b[A0].ref, b[A1].ref, (double)r->smoothing, (double)r->weight, r->d1 == ADD, b[A2].ref,
                   b[A3].ref, b[A4].ref);
}

static void ce_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->softmax_ce(be, r->n, r->co, d[A0], (const int *)(const void *)d[A1], r->smoothing, r->weight, r->d1 == ADD,
                        d[A2], d[A3], (int *)(void *)d[A4]);
}

static void kd_setup(struct op_case *c)
{
    setup_logits(c, A0, "logits");
    setup_logits(c, A1, "teacher");
    output(c, A2, "dlogits", c->buf[A0].n);
    output(c, A3, "loss", 1);
}

static void kd_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    ref_kd_loss(r->n, r->co, b[A0].ref, b[A1].ref, (double)r->temperature, (double)r->weight, r->d1 == ADD, b[A2].ref,
                b[A3].ref);
}

static void kd_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->kd_loss(be, r->n, r->co, d[A0], d[A1], r->temperature, r->weight, r->d1 == ADD, d[A2], d[A3]);
}

static void hint_setup(struct op_case *c)
{
    size_t n = floats(c->row->n, 1, 1, c->row->ci);
    normal(c, A0, "x", n, 0.3, 1);
    normal(c, A1, "t", n, 0, 1);
    output(c, A2, "dx", n);
    output(c, A3, "loss", 1);
}

static void hint_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    ref_hint_loss(r->n, r->ci, b[A0].ref, b[A1].ref, (double)r->weight, b[A2].ref, b[A3].ref);
}

static void hint_run(const struct op_case *c, struct backend *be, float *const *d)
{
    be->ops->hint_loss(be, c->row->n, (size_t)c->row->ci, d[A0], d[A1], c->row->weight, d[A2], d[A3]);
}

/* ---- FSP ---- */

static struct fsp_pair pair(const struct op_row *r)
{
    return (struct fsp_pair){r->n, r->h, r->w, r->ci, r->h2, r->w2, r->co};
}

/* Maps as they are behind a ReLU: many windows of equal zeros. */
static void setup_maps(struct op_case *c)
{
    const struct op_row *r = c->row;
    for (int side = 0; side < 2; side++) {
        struct buf *b = side == 0 ? normal(c, A0, "f1", floats(r->n, r->h, r->w, r->ci), -0.2, 1)
                                  : normal(c, A1, "f2", floats(r->n, r->h2, r->w2, r->co), -0.2, 1);
        for (size_t e = 0; e < b->n; e++)
            b->init[e] = b->init[e] > 0 ? b->init[e] : 0;
        refresh(b);
    }
}

static void fsp_forward_setup(struct op_case *c)
{
    setup_maps(c);
    output(c, A2, "g", floats(c->row->n, 1, c->row->ci, c->row->co));
}

static void fsp_forward_reference(struct op_case *c)
{
    struct fsp_pair p = pair(c->row);
    ref_fsp_forward(&p, c->buf[A0].ref, c->buf[A1].ref, c->buf[A2].ref);
}

static void fsp_forward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct fsp_pair p = pair(c->row);
    be->ops->fsp_forward(be, &p, d[A0], d[A1], d[A2]);
}

static void fsp_loss_setup(struct op_case *c)
{
    size_t n = floats(c->row->n, 1, c->row->ci, c->row->co);
    normal(c, A0, "gt", n, 0.3, 0.3);
    normal(c, A1, "gs", n, 0.2, 0.3);
    output(c, A2, "dgs", n);
    output(c, A3, "loss3", 3);
}

static void fsp_loss_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    ref_fsp_loss(r->n, r->ci * r->co, b[A0].ref, b[A1].ref, (double)r->per, (double)r->weight, b[A2].ref, b[A3].ref);
}

static void fsp_loss_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->fsp_loss(be, r->n, r->ci * r->co, d[A0], d[A1], r->per, r->weight, d[A2], d[A3]);
}

static void fsp_backward_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    setup_maps(c);
    normal(c, A2, "dg", floats(r->n, 1, r->ci, r->co), 0, 1);
    if (r->d1 != NO)
        output(c, A3, "df1", c->buf[A0].n);
    if (r->d2 != NO)
        output(c, A4, "df2", c->buf[A1].n);
}

static void fsp_backward_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    const struct buf *b = c->buf;
    struct fsp_pair p = pair(r);
    ref_fsp_backward(&p, b[A0].ref, b[A1].ref, b[A2].ref, b[A3].ref, r->d1 == ADD, b[A4].ref, r->d2 == ADD);
}

static void fsp_backward_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    struct fsp_pair p = pair(r);
    be->ops->fsp_backward(be, &p, d[A0], d[A1], d[A2], d[A3], r->d1 == ADD, d[A4], r->d2 == ADD);
}

/* ---- the optimiser and inference ---- */

static void sgd_setup(struct op_case *c)
{
    size_t n = (size_t)c->row->n;
    output(c, A0, "w", n);
    normal(c, A1, "grad", n, 0, 1);
    output(c, A2, "v", n);
}

static void sgd_reference(struct op_case *c)
{
    const struct op_row *r = c->row;
    ref_sgd(r->n, c->buf[A0].ref, c->buf[A1].ref, c->buf[A2].ref, (double)r->lr, (double)r->momentum, (double)r->decay,
            r->nesterov);
}

static void sgd_run(const struct op_case *c, struct backend *be, float *const *d)
{
    const struct op_row *r = c->row;
    be->ops->sgd(be, (size_t)r->n, d[A0], d[A1], d[A2], r->lr, r->momentum, r->decay, r->nesterov);
}

static void fold_setup(struct op_case *c)
{
    setup_weight(c);
    setup_bn(c, OUT + NODE_BN, c->row->co);
    output(c, DA, "weight'", weight_floats(c->row));
    output(c, DIN, "bias", (size_t)c->row->co);
}

static void fold_reference(struct op_case *c)
{
    struct ref_conv cv = ref_conv(c);
    struct ref_bn bn = ref_bn(c, OUT + NODE_BN);
    ref_bn_fold(&cv, &bn, c->buf[DA].ref, c->buf[DIN].ref);
}

static void fold_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct conv cv = dev_conv(c, d);
    struct bn bn = dev_bn(d + OUT + NODE_BN);
    be->ops->bn_fold(be, &cv, &bn, d[DA], d[DIN]);
}

/* infer's operands: x, fc weight, fc bias, logits; then weight, bias and tap of every step. */
static int step_slot(int step, int what)
{
    return STEPS + step * STEP_SLOTS + what;
}

static void add_step(struct op_case *c, int h, int ci, int co, int k, int stride, int in, int out, int res,
                     enum res_kind kind, bool relu, bool tap)
{
    int s = c->n_steps++;
    c->step[s] = (struct ref_step){.conv = {.h = h, .w = h, .ci = ci, .co = co, .k = k, .stride = stride},
                                   .in = in,
                                   .out = out,
                                   .res = res,
                                   .res_kind = kind,
                                   .relu = relu};
    normal(c, step_slot(s, STEP_WEIGHT), "step weight", floats(k, k, ci, co), 0, 1 / sqrt((double)(k * k * ci)));
    normal(c, step_slot(s, STEP_BIAS), "step bias", (size_t)co, 0, 0.3);
    if (tap)
        output(c, step_slot(s, STEP_TAP), "tap", floats(c->row->n, h / stride, h / stride, co));
}

/* A small net: a stem, three blocks of which the second halves the map with this kind of shortcut. The maps are used as
 * nets use them: 1 (and later 3) between blocks, 2 inside; the shortcut of a block may be the map it writes to. */
static void infer_setup(struct op_case *c)
{
    const struct op_row *r = c->row;
    int h = r->h, w = r->co, cur = 1;
    normal(c, A0, "x", floats(r->n, h, h, r->ci), 0, 1);
    if (r->poison)
        poison(&c->buf[A0]);
    add_step(c, h, r->ci, w, 3, 1, 0, cur, -1, RES_NONE, true, r->d1 != NO);
    add_step(c, h, w, w, 3, 1, cur, 2, -1, RES_NONE, true, false);
    add_step(c, h, w, w, 3, 1, 2, cur, r->out_res == RES_NONE ? -1 : cur, r->out_res == RES_NONE ? RES_NONE : RES_SAME,
             true, r->d1 == ADD);
    add_step(c, h, w, 2 * w, 3, 2, cur, 2, -1, RES_NONE, true, false);
    if (r->out_res == RES_BN)
        add_step(c, h, w, 2 * w, 1, 2, cur, 3, -1, RES_NONE, false, false);
    if (r->out_res == RES_PAD)
        add_step(c, h / 2, 2 * w, 2 * w, 3, 1, 2, 3, cur, RES_PAD, true, r->d1 != NO);
    else
        add_step(c, h / 2, 2 * w, 2 * w, 3, 1, 2, 3, r->out_res == RES_NONE ? -1 : 3,
                 r->out_res == RES_NONE ? RES_NONE : RES_SAME, true, r->d1 != NO);
    cur = 3;
    add_step(c, h / 2, 2 * w, 2 * w, 3, 1, cur, 2, -1, RES_NONE, true, false);
    if (r->k == 1) { /* every form of a 1x1 step: with ReLU, with residual from another map, with option A */
        add_step(c, h / 2, 2 * w, 2 * w, 1, 1, 2, 1, 3, RES_SAME, true, r->d1 != NO);
        add_step(c, h / 2, 2 * w, 4 * w, 1, 2, 1, 2, 1, RES_PAD, true, r->d1 != NO);
        add_step(c, h / 4, 4 * w, 4 * w, 1, 1, 2, 3, -1, RES_NONE, true, false);
        w *= 2;
    } else {
        add_step(c, h / 2, 2 * w, 2 * w, 3, 1, 2, 1, cur, r->out_res == RES_NONE ? RES_NONE : RES_SAME, true,
                 r->d1 == ADD);
    }
    if (!r->no_logits) {
        normal(c, A1, "fc weight", floats(1, 1, 2 * w, 10), 0, 1 / sqrt(2.0 * w));
        normal(c, A2, "fc bias", 10, 0, 1);
        output(c, A3, "logits", floats(r->n, 1, 1, 10));
    }
}

static void infer_reference(struct op_case *c)
{
    const struct buf *b = c->buf;
    for (int s = 0; s < c->n_steps; s++) {
        c->step[s].conv.weight = b[step_slot(s, STEP_WEIGHT)].ref;
        c->step[s].bias = b[step_slot(s, STEP_BIAS)].ref;
        c->step[s].tap = b[step_slot(s, STEP_TAP)].ref;
    }
    ref_infer(c->step, c->n_steps, 4, b[A1].ref, b[A2].ref, 10, c->row->n, b[A0].ref, b[A3].ref);
}

static void infer_run(const struct op_case *c, struct backend *be, float *const *d)
{
    struct infer_step steps[MAX_STEPS];
    for (int s = 0; s < c->n_steps; s++) {
        const struct ref_step *f = &c->step[s];
        const struct ref_conv *v = &f->conv;
        steps[s] = (struct infer_step){
            .conv = {0, v->h, v->w, v->ci, v->co, v->k, v->stride, d[step_slot(s, STEP_WEIGHT)], NULL},
            .bias = d[step_slot(s, STEP_BIAS)],
            .in = f->in,
            .out = f->out,
            .res = f->res,
            .res_kind = f->res_kind,
            .relu = f->relu,
            .tap = d[step_slot(s, STEP_TAP)]};
    }
    struct infer_plan plan = {
        .n_steps = c->n_steps, .n_maps = 4, .steps = steps, .fc_weight = d[A1], .fc_bias = d[A2], .classes = 10};
    be->ops->infer(be, &plan, c->row->n, d[A0], d[A3]);
}

/* ---- the table ---- */

#define KIND(name, short) static const struct op_kind name = {#name, short##_setup, short##_reference, short##_run}
KIND(conv_forward, forward);
KIND(conv_backward, backward);
KIND(node_forward, node_forward);
KIND(node_backward, node_backward);
KIND(pad_backward, pad);
KIND(gap_forward, gap_forward);
KIND(gap_backward, gap_backward);
KIND(fc_forward, fc_forward);
KIND(fc_backward, fc_backward);
KIND(softmax_ce, ce);
KIND(kd_loss, kd);
KIND(hint_loss, hint);
KIND(fsp_forward, fsp_forward);
KIND(fsp_loss, fsp_loss);
KIND(fsp_backward, fsp_backward);
KIND(sgd, sgd);
KIND(bn_fold, fold);
KIND(infer, infer);

#define FWD(seed_, n_, h_, w_, ci_, co_, k_, stride_, ...)                                                             \
    {                                                                                                                  \
        .op = &conv_forward, .seed = seed_, .n = n_, .h = h_, .w = w_, .ci = ci_, .co = co_, .k = k_,                  \
        .stride = stride_, __VA_ARGS__                                                                                 \
    }
#define BWD(seed_, n_, h_, w_, ci_, co_, k_, stride_, ...)                                                             \
    {                                                                                                                  \
        .op = &conv_backward, .seed = seed_, .n = n_, .h = h_, .w = w_, .ci = ci_, .co = co_, .k = k_,                 \
        .stride = stride_, __VA_ARGS__                                                                                 \
    }
#define MAP(op_, seed_, n_, h_, w_, c_, ...)                                                                           \
    {                                                                                                                  \
        .op = &op_, .seed = seed_, .n = n_, .h = h_, .w = w_, .ci = c_, __VA_ARGS__                                    \
    }
#define HEAD(op_, seed_, n_, c_, k_, ...)                                                                              \
    {                                                                                                                  \
        .op = &op_, .seed = seed_, .n = n_, .ci = c_, .co = k_, __VA_ARGS__                                            \
    }
#define FSP(op_, seed_, n_, h_, w_, c1_, h2_, w2_, c2_, ...)                                                           \
    {                                                                                                                  \
        .op = &op_, .seed = seed_, .n = n_, .h = h_, .w = w_, .ci = c1_, .h2 = h2_, .w2 = w2_, .co = c2_, __VA_ARGS__  \
    }

static const struct op_row rows[] = {
    /* clang-format off */
    /* the shapes of nets: input 4, stages of 16, 32, 64 channels, and wider ones */
    FWD(1, 5, 32, 32, 4, 16, 3, 1, .in = IN_VALUE, .in_linear = true),
    FWD(2, 2, 32, 32, 16, 16, 3, 1, .in = IN_RECOMPUTED),
    FWD(3, 5, 32, 32, 16, 32, 3, 2, .in = IN_STORED),
    FWD(4, 17, 16, 16, 32, 32, 3, 1, .in = IN_STORING),
    FWD(5, 5, 16, 16, 32, 64, 3, 2, .in = IN_STORING, .in_res = RES_SAME),
    FWD(6, 17, 8, 8, 64, 64, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_BN),
    FWD(7, 1, 8, 8, 64, 128, 3, 2, .in = IN_STORED, .in_res = RES_SAME),
    FWD(8, 2, 8, 8, 128, 128, 3, 1, .in = IN_STORING, .in_res = RES_PAD),
    FWD(9, 2, 16, 16, 48, 48, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_PAD),
    FWD(10, 2, 32, 32, 48, 16, 3, 2, .in = IN_RECOMPUTED, .in_res = RES_SAME),
    FWD(11, 33, 8, 8, 16, 48, 3, 1, .in = IN_STORING, .in_res = RES_BN),
    FWD(12, 33, 8, 8, 16, 16, 3, 2, .in = IN_RECOMPUTED, .in_linear = true),
    FWD(13, 2, 32, 32, 32, 16, 3, 1, .in = IN_STORING, .in_res = RES_PAD, .in_linear = true),
    FWD(14, 5, 32, 32, 64, 16, 3, 2, .in = IN_STORING, .in_res = RES_BN, .in_linear = true),
    FWD(15, 1, 32, 32, 16, 64, 3, 1, .in = IN_STORED, .no_bn = true),
    /* 1x1 */
    FWD(20, 5, 32, 32, 16, 32, 1, 2, .in = IN_STORED),
    FWD(21, 17, 16, 16, 32, 64, 1, 2, .in = IN_RECOMPUTED),
    FWD(22, 5, 8, 8, 64, 64, 1, 1, .in = IN_STORED, .no_bn = true),
    FWD(23, 2, 16, 16, 128, 48, 1, 1, .in = IN_STORING, .in_res = RES_SAME),
    FWD(24, 33, 8, 8, 12, 20, 1, 1, .in = IN_RECOMPUTED),
    FWD(25, 5, 8, 16, 20, 12, 1, 2, .in = IN_STORED),
    FWD(26, 2, 4, 4, 8, 16, 1, 1, .in = IN_STORING),
    /* channel counts and sizes that take plain paths; oblong maps */
    FWD(30, 5, 16, 16, 8, 12, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_PAD),
    FWD(31, 5, 16, 16, 12, 20, 3, 2, .in = IN_STORING, .in_res = RES_SAME),
    FWD(32, 17, 8, 8, 20, 8, 3, 1, .in = IN_STORED),
    FWD(33, 1, 16, 16, 20, 16, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_BN),
    FWD(34, 2, 16, 16, 12, 32, 3, 2, .in = IN_RECOMPUTED),
    FWD(35, 2, 8, 16, 16, 16, 3, 1, .in = IN_STORING),
    FWD(36, 2, 16, 8, 16, 32, 3, 1, .in = IN_STORING),
    FWD(37, 2, 16, 32, 16, 32, 3, 2, .in = IN_STORING),
    FWD(38, 2, 4, 4, 32, 16, 3, 1, .in = IN_RECOMPUTED),
    FWD(39, 5, 4, 4, 16, 32, 3, 2, .in = IN_RECOMPUTED),
    FWD(40, 2, 7, 8, 16, 16, 3, 1, .in = IN_RECOMPUTED),
    FWD(41, 2, 6, 12, 16, 16, 3, 1, .in = IN_RECOMPUTED),
    FWD(42, 2, 2, 16, 16, 16, 3, 2, .in = IN_RECOMPUTED),
    FWD(43, 1, 24, 24, 16, 16, 3, 1, .in = IN_RECOMPUTED),
    FWD(44, 1, 3, 5, 1, 3, 3, 1, .in = IN_VALUE, .in_linear = true),
    FWD(45, 1, 1, 1, 3, 5, 1, 1, .in = IN_VALUE, .in_linear = true),
    /* means far from zero: the variance must not drown */
    FWD(50, 5, 16, 16, 16, 16, 3, 1, .in = IN_VALUE, .in_linear = true, .offset = 3),
    FWD(51, 5, 16, 16, 16, 16, 1, 1, .in = IN_VALUE, .in_linear = true, .offset = 3),
    /* a NaN goes through, whatever the path */
    FWD(60, 2, 8, 8, 16, 16, 3, 1, .in = IN_RECOMPUTED, .poison = true),
    FWD(61, 2, 8, 8, 12, 20, 3, 1, .in = IN_STORING, .in_res = RES_SAME, .poison = true),
    FWD(62, 2, 8, 8, 16, 32, 1, 1, .in = IN_VALUE, .in_linear = true, .poison = true),

    BWD(101, 5, 32, 32, 4, 16, 3, 1, .in = IN_VALUE, .in_linear = true),
    BWD(102, 2, 32, 32, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(103, 5, 32, 32, 16, 32, 3, 2, .in = IN_STORED, .d1 = ADD, .sums = true),
    BWD(104, 17, 16, 16, 32, 32, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true, .out_res = RES_SAME, .out_stored = true),
    BWD(105, 5, 16, 16, 32, 64, 3, 2, .in = IN_STORED, .in_res = RES_SAME, .d1 = SET, .sums = true),
    BWD(106, 17, 8, 8, 64, 64, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true, .out_res = RES_PAD, .out_stored = true),
    BWD(107, 1, 8, 8, 64, 128, 3, 2, .in = IN_STORED, .in_res = RES_BN, .d1 = ADD, .sums = true),
    BWD(108, 2, 8, 8, 128, 128, 3, 1, .in = IN_STORED, .in_res = RES_PAD, .d1 = ADD, .sums = true, .out_res = RES_BN, .out_stored = true),
    BWD(109, 2, 16, 16, 48, 48, 3, 1, .in = IN_STORED, .in_res = RES_BN, .d1 = SET, .sums = true, .out_res = RES_SAME, .out_linear = true),
    BWD(110, 2, 32, 32, 48, 16, 3, 2, .in = IN_RECOMPUTED, .d1 = SET),
    BWD(111, 33, 8, 8, 16, 48, 3, 1, .in = IN_RECOMPUTED, .in_linear = true, .d1 = ADD, .sums = true),
    BWD(112, 33, 8, 8, 16, 16, 3, 2, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true),
    BWD(113, 1, 16, 16, 64, 64, 3, 2, .in = IN_STORED, .d1 = SET, .sums = true),
    BWD(114, 5, 16, 16, 16, 32, 3, 1, .in = IN_STORED, .no_bn = true, .out_linear = true),
    BWD(115, 2, 16, 16, 16, 32, 3, 1, .in = IN_STORED, .no_bn = true, .d1 = SET, .sums = true),
    BWD(116, 2, 32, 32, 64, 16, 3, 1, .in = IN_STORED, .in_res = RES_SAME, .in_linear = true, .d1 = SET, .sums = true, .out_stored = true),
    BWD(117, 2, 16, 16, 16, 16, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_BN, .in_linear = true, .d1 = SET, .sums = true),
    BWD(118, 2, 16, 16, 16, 16, 3, 1, .in = IN_RECOMPUTED, .in_res = RES_SAME, .d1 = SET),
    /* 1x1: projections (option B, linear) and regressors (no batch norm) */
    BWD(120, 5, 32, 32, 16, 32, 1, 2, .in = IN_STORED, .out_linear = true, .d1 = SET),
    BWD(121, 17, 16, 16, 32, 64, 1, 2, .in = IN_STORED, .out_linear = true, .d1 = ADD, .sums = true),
    BWD(122, 5, 8, 8, 64, 64, 1, 1, .in = IN_STORED, .no_bn = true, .out_linear = true, .d1 = SET),
    BWD(123, 2, 16, 16, 128, 48, 1, 1, .in = IN_STORED, .in_res = RES_SAME, .no_bn = true, .out_linear = true, .d1 = ADD, .sums = true),
    BWD(124, 33, 8, 8, 12, 20, 1, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(125, 5, 8, 16, 20, 12, 1, 2, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true, .out_res = RES_PAD, .out_stored = true),
    BWD(126, 1, 16, 16, 16, 32, 1, 1, .in = IN_STORED, .no_bn = true, .out_linear = true),
    /* plain paths; oblong maps */
    BWD(130, 5, 16, 16, 8, 12, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true, .out_res = RES_SAME, .out_stored = true),
    BWD(131, 5, 16, 16, 12, 20, 3, 2, .in = IN_STORED, .in_res = RES_SAME, .d1 = ADD, .sums = true),
    BWD(132, 17, 8, 8, 20, 8, 3, 1, .in = IN_STORED, .d1 = ADD),
    BWD(133, 1, 16, 16, 20, 16, 3, 1, .in = IN_STORED, .in_res = RES_BN, .d1 = SET, .sums = true),
    BWD(134, 2, 16, 16, 12, 32, 3, 2, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(135, 2, 8, 16, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(136, 2, 16, 8, 16, 32, 3, 1, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true),
    BWD(137, 2, 16, 32, 16, 32, 3, 2, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(138, 2, 4, 4, 32, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(139, 5, 4, 4, 16, 32, 3, 2, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true),
    BWD(140, 2, 7, 8, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(141, 2, 6, 12, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(142, 2, 2, 16, 16, 16, 3, 2, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(143, 1, 24, 24, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true),
    BWD(144, 1, 3, 5, 1, 3, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(145, 1, 4, 2, 16, 16, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(146, 2, 8, 8, 5, 32, 3, 1, .in = IN_RECOMPUTED, .d1 = SET, .sums = true),
    BWD(147, 2, 16, 16, 16, 20, 3, 2, .in = IN_RECOMPUTED, .d1 = ADD, .sums = true),

    MAP(node_forward, 201, 5, 16, 16, 32, .in_res = RES_NONE),
    MAP(node_forward, 202, 17, 8, 8, 64, .in_res = RES_SAME),
    MAP(node_forward, 203, 2, 32, 32, 16, .in_res = RES_PAD),
    MAP(node_forward, 204, 33, 8, 8, 16, .in_res = RES_BN),
    MAP(node_forward, 205, 1, 8, 16, 12, .in_res = RES_PAD),
    MAP(node_forward, 206, 2, 4, 4, 20, .in_res = RES_SAME, .in_linear = true),
    MAP(node_forward, 207, 2, 4, 4, 48, .in_res = RES_BN, .in_linear = true),
    MAP(node_forward, 208, 2, 4, 4, 128, .in_linear = true),
    MAP(node_forward, 209, 2, 4, 4, 16, .in = IN_VALUE),
    MAP(node_forward, 210, 2, 4, 4, 16, .in = IN_VALUE, .in_linear = true, .in_res = RES_SAME),
    MAP(node_forward, 211, 2, 1, 1, 1, .in_res = RES_SAME),
    MAP(node_forward, 212, 2, 4, 4, 16, .poison = true),
    MAP(node_forward, 213, 2, 4, 4, 20, .in_res = RES_BN, .poison = true),
    MAP(node_forward, 214, 2, 4, 4, 20, .in = IN_VALUE, .poison = true),
    MAP(node_backward, 221, 5, 16, 16, 32, .in = IN_STORED),
    MAP(node_backward, 222, 17, 8, 8, 64, .in = IN_STORED, .in_res = RES_SAME),
    MAP(node_backward, 223, 2, 32, 32, 16, .in = IN_STORED, .in_res = RES_PAD),
    MAP(node_backward, 224, 33, 8, 8, 16, .in = IN_STORED, .in_res = RES_BN),
    MAP(node_backward, 225, 1, 8, 16, 12, .in = IN_STORED, .in_res = RES_PAD),
    MAP(node_backward, 226, 2, 4, 4, 20, .in = IN_RECOMPUTED, .in_res = RES_SAME, .in_linear = true),
    MAP(node_backward, 227, 2, 4, 4, 48, .in = IN_RECOMPUTED, .in_res = RES_BN, .in_linear = true),
    MAP(node_backward, 228, 5, 5, 7, 128, .in = IN_RECOMPUTED),
    MAP(node_backward, 229, 2, 1, 1, 1, .in = IN_STORED),
    MAP(pad_backward, 241, 5, 16, 16, 32),
    MAP(pad_backward, 242, 33, 8, 8, 64),
    MAP(pad_backward, 243, 1, 2, 3, 12),
    MAP(pad_backward, 244, 17, 4, 4, 20),

    MAP(gap_forward, 301, 1, 8, 8, 64),
    MAP(gap_forward, 302, 33, 8, 8, 64),
    MAP(gap_forward, 303, 17, 4, 3, 20),
    MAP(gap_backward, 311, 1, 8, 8, 64),
    MAP(gap_backward, 312, 33, 8, 8, 64),
    MAP(gap_backward, 313, 17, 4, 3, 20),
    HEAD(fc_forward, 321, 1, 64, 10),
    HEAD(fc_forward, 322, 33, 64, 100),
    HEAD(fc_forward, 323, 17, 20, 7),
    HEAD(fc_backward, 331, 1, 64, 10),
    HEAD(fc_backward, 332, 33, 64, 100),
    HEAD(fc_backward, 333, 17, 20, 7),

    HEAD(softmax_ce, 401, 33, 0, 10, .weight = 1, .d1 = SET),
    HEAD(softmax_ce, 402, 17, 0, 100, .weight = 0.3f, .d1 = ADD, .smoothing = 0.1f),
    HEAD(softmax_ce, 403, 5, 0, 10, .weight = 2, .d1 = NO),
    HEAD(softmax_ce, 404, 1, 0, 10, .weight = 1, .d1 = SET, .smoothing = 0.2f),
    HEAD(softmax_ce, 405, 17, 0, 10, .weight = 1, .d1 = SET, .spread = 400),
    HEAD(softmax_ce, 406, 5, 0, 3, .weight = 0, .d1 = ADD),
    HEAD(kd_loss, 411, 33, 0, 10, .weight = 1, .d1 = SET, .temperature = 4),
    HEAD(kd_loss, 412, 17, 0, 100, .weight = 0.9f, .d1 = ADD, .temperature = 2.5f),
    HEAD(kd_loss, 413, 5, 0, 10, .weight = 1, .d1 = SET, .temperature = 1, .spread = 400),
    HEAD(kd_loss, 414, 1, 0, 10, .weight = 0.5f, .d1 = ADD, .temperature = 20),
    HEAD(hint_loss, 421, 33, 1024, 0, .weight = 1),
    HEAD(hint_loss, 422, 5, 8192, 0, .weight = 0.25f),
    HEAD(hint_loss, 423, 1, 7, 0, .weight = 3),

    FSP(fsp_forward, 501, 5, 32, 32, 16, 32, 32, 16),
    FSP(fsp_forward, 502, 17, 32, 32, 16, 16, 16, 32),
    FSP(fsp_forward, 503, 5, 8, 8, 64, 16, 16, 32),
    FSP(fsp_forward, 504, 2, 32, 32, 16, 8, 8, 64),
    FSP(fsp_forward, 505, 1, 8, 8, 64, 32, 32, 16),
    FSP(fsp_forward, 506, 33, 4, 8, 12, 8, 16, 20),
    FSP(fsp_forward, 507, 2, 8, 4, 20, 8, 4, 8),
    FSP(fsp_forward, 508, 2, 8, 8, 48, 8, 8, 128),
    FSP(fsp_forward, 509, 2, 32, 32, 6, 4, 4, 16),
    HEAD(fsp_loss, 521, 33, 16, 16, .per = 1, .weight = 1),
    HEAD(fsp_loss, 522, 5, 32, 64, .per = 2048, .weight = 0.7f),
    HEAD(fsp_loss, 523, 17, 12, 20, .per = 240, .weight = 3),
    HEAD(fsp_loss, 524, 1, 64, 64, .per = 1, .weight = 0.01f),
    FSP(fsp_backward, 541, 5, 32, 32, 16, 32, 32, 16, .d1 = SET, .d2 = SET),
    FSP(fsp_backward, 542, 5, 32, 32, 16, 32, 32, 16, .d1 = ADD, .d2 = NO),
    FSP(fsp_backward, 543, 5, 16, 16, 16, 16, 16, 32, .d1 = NO, .d2 = ADD),
    FSP(fsp_backward, 544, 17, 32, 32, 16, 16, 16, 32, .d1 = SET, .d2 = SET),
    FSP(fsp_backward, 545, 2, 32, 32, 16, 16, 16, 32, .d1 = ADD, .d2 = ADD),
    FSP(fsp_backward, 546, 2, 32, 32, 16, 16, 16, 32, .d1 = NO, .d2 = SET),
    FSP(fsp_backward, 547, 2, 32, 32, 16, 16, 16, 32, .d1 = SET, .d2 = NO),
    FSP(fsp_backward, 548, 5, 8, 8, 64, 16, 16, 32, .d1 = SET, .d2 = ADD),
    FSP(fsp_backward, 549, 2, 8, 8, 64, 16, 16, 32, .d1 = ADD, .d2 = SET),
    FSP(fsp_backward, 550, 2, 8, 8, 64, 16, 16, 32, .d1 = NO, .d2 = SET),
    FSP(fsp_backward, 551, 2, 32, 32, 16, 8, 8, 64, .d1 = ADD, .d2 = ADD),
    FSP(fsp_backward, 552, 1, 8, 8, 64, 32, 32, 16, .d1 = SET, .d2 = SET),
    FSP(fsp_backward, 553, 33, 4, 8, 12, 8, 16, 20, .d1 = ADD, .d2 = SET),
    FSP(fsp_backward, 554, 2, 8, 4, 20, 8, 4, 8, .d1 = SET, .d2 = ADD),
    FSP(fsp_backward, 555, 2, 8, 8, 48, 8, 8, 128, .d1 = SET, .d2 = SET),

    {.op = &sgd, .seed = 601, .n = 100003, .lr = 0.1f},
    {.op = &sgd, .seed = 602, .n = 1000, .lr = 0.05f, .momentum = 0.9f},
    {.op = &sgd, .seed = 603, .n = 4096, .lr = 0.1f, .momentum = 0.9f, .decay = 1e-2f},
    {.op = &sgd, .seed = 604, .n = 33, .lr = 0.2f, .momentum = 0.8f, .decay = 1e-2f, .nesterov = true},
    {.op = &sgd, .seed = 605, .n = 1, .lr = 0.2f, .momentum = 0.8f, .nesterov = true},
    {.op = &bn_fold, .seed = 611, .ci = 16, .co = 32, .k = 3},
    {.op = &bn_fold, .seed = 612, .ci = 64, .co = 128, .k = 1},
    {.op = &bn_fold, .seed = 613, .ci = 12, .co = 20, .k = 3},

    {.op = &infer, .seed = 701, .n = 1, .h = 32, .ci = 4, .co = 16, .out_res = RES_PAD, .d1 = SET},
    {.op = &infer, .seed = 702, .n = 2, .h = 32, .ci = 4, .co = 16, .out_res = RES_BN, .d1 = ADD},
    {.op = &infer, .seed = 703, .n = 5, .h = 16, .ci = 4, .co = 16, .out_res = RES_NONE, .d1 = ADD},
    {.op = &infer, .seed = 704, .n = 17, .h = 16, .ci = 4, .co = 32, .out_res = RES_PAD, .d1 = NO},
    {.op = &infer, .seed = 705, .n = 33, .h = 8, .ci = 4, .co = 16, .out_res = RES_BN, .d1 = SET, .no_logits = true},
    {.op = &infer, .seed = 706, .n = 150, .h = 8, .ci = 4, .co = 8, .out_res = RES_PAD, .d1 = ADD},
    {.op = &infer, .seed = 707, .n = 5, .h = 8, .ci = 3, .co = 12, .out_res = RES_PAD, .d1 = ADD},
    {.op = &infer, .seed = 708, .n = 3, .h = 16, .ci = 4, .co = 16, .k = 1, .out_res = RES_BN, .d1 = SET},
    {.op = &infer, .seed = 709, .n = 2, .h = 16, .ci = 4, .co = 20, .k = 1, .out_res = RES_PAD, .d1 = SET},
    {.op = &infer, .seed = 710, .n = 2, .h = 16, .ci = 4, .co = 48, .out_res = RES_BN, .d1 = ADD},
    {.op = &infer, .seed = 711, .n = 2, .h = 16, .ci = 4, .co = 16, .out_res = RES_PAD, .d1 = ADD, .poison = true},
    {.op = &infer, .seed = 712, .n = 2, .h = 16, .ci = 4, .co = 12, .k = 1, .out_res = RES_BN, .d1 = SET, .poison = true},
    /* clang-format on */
};

/* ---- cases ---- */

static void name_case(struct op_case *c)
{
    static const char *const in[] = {"recomputed", "stored", "storing", "value"};
    static const char *const res[] = {"", "same", "pad", "bn"};
    static const char *const d[] = {"no", "set", "add"};
    const struct op_row *r = c->row;
    size_t len = str_append(c->name, sizeof c->name, 0, "%s #%d n%d %dx%d %d->%d", r->op->name, (int)r->seed, r->n,
                            r->h, r->w, r->ci, r->co);
    if (r->op == &conv_forward || r->op == &conv_backward)
        str_append(c->name, sizeof c->name, len, " k%d s%d in:%s%s%s%s out:%s%s%s%s din:%s%s", r->k, r->stride,
                   in[r->in], r->in_res ? "+" : "", res[r->in_res], r->in_linear ? "" : " relu",
                   r->no_bn ? "no bn" : "bn", r->out_res ? "+" : "", res[r->out_res], r->out_linear ? "" : " relu",
                   d[r->d1], r->sums ? " sums" : "");
    else if (r->op == &fsp_backward)
        str_append(c->name, sizeof c->name, len, " (%dx%d) df1:%s df2:%s", r->h2, r->w2, d[r->d1], d[r->d2]);
}

size_t op_row_count(void)
{
    return ARRAY_LEN(rows);
}

struct op_case *op_case_new(size_t row)
{
    struct op_case *c = xcalloc(1, sizeof *c);
    c->row = &rows[row];
    rng_seed(&c->rng, c->row->seed, 77);
    name_case(c);
    c->row->op->setup(c);
    c->row->op->reference(c);
    return c;
}

void op_case_free(struct op_case *c)
{
    for (int s = 0; c && s < MAX_SLOTS; s++) {
        free(c->buf[s].init);
        free(c->buf[s].ref);
    }
    free(c);
}

const char *op_case_name(const struct op_case *c)
{
    return c->name;
}

size_t op_case_output_bytes(const struct op_case *c)
{
    size_t n = 0;
    for (int s = 0; s < MAX_SLOTS; s++)
        n += c->buf[s].out ? c->buf[s].n : 0;
    return n * sizeof(float);
}

/* What goes up: floats, or ints with a tail of floats. */
static void pack_buf(const struct buf *b, float *host)
{
    memcpy(host, b->init, (b->n + TAIL) * sizeof *host);
    for (size_t i = 0; b->whole && i < b->n; i++)
        memcpy(&host[i], &(int){(int)b->init[i]}, sizeof *host);
}

static double number(const struct buf *b, const float *host, size_t i)
{
    int v;
    memcpy(&v, &host[i], sizeof v);
    return b->whole ? v : (double)host[i];
}

/* The largest error of an output relative to what is allowed: tol times its size, or its buffer's typical size. */
static double worst_error(const struct buf *b, const float *got, double tol, size_t *where)
{
    double square = 0, worst = 0;
    for (size_t i = 0; i < b->n; i++)
        square += isnan(b->ref[i]) ? 0 : b->ref[i] * b->ref[i] / (double)b->n;
    for (size_t i = 0; i < b->n; i++) {
        if (isnan(b->ref[i]) && isnan(number(b, got, i)))
            continue;
        double error = fabs(number(b, got, i) - b->ref[i]) / (tol * (fabs(b->ref[i]) + sqrt(square)) + 1e-30);
        if (!(error <= worst)) { /* also for NaN */
            worst = isnan(error) ? INFINITY : error;
            *where = i;
        }
    }
    return worst;
}

/* Compares one buffer as it came down; says why not. */
static bool check_buf(const struct op_case *c, const struct buf *b, const float *sent, const float *got, double *worst,
                      char *why)
{
    if (memcmp(sent + b->n, got + b->n, TAIL * sizeof *got) != 0) {
        snprintf(why, 256, "%s: written behind its end", b->name);
        return false;
    }
    if (!b->out) {
        if (memcmp(sent, got, b->n * sizeof *got) == 0)
            return true;
        snprintf(why, 256, "%s: changed, but it is an input", b->name);
        return false;
    }
    size_t at = 0;
    double error = worst_error(b, got, c->row->tol > 0 ? c->row->tol : 1e-5, &at);
    *worst = fmax(*worst, error);
    if (error > 1)
        snprintf(why, 256, "%s[%zu] of %zu: got %.9g, reference %.9g (%.3g of what is allowed)", b->name, at, b->n,
                 number(b, got, at), b->ref[at], error);
    return error <= 1;
}

bool op_case_run(const struct op_case *c, struct backend *be, void *outputs, double *worst, char *why)
{
    float *dev[MAX_SLOTS] = {0}, *sent[MAX_SLOTS] = {0};
    char *to = outputs;
    bool good = true;
    struct err err = {0};
    for (int s = 0; s < MAX_SLOTS; s++) {
        const struct buf *b = &c->buf[s];
        if (!b->init)
            continue;
        size_t bytes = (b->n + TAIL) * sizeof(float);
        sent[s] = xmalloc(bytes);
        pack_buf(b, sent[s]);
        dev[s] = be->ops->mem_alloc(be, bytes);
        be->ops->upload(be, dev[s], sent[s], bytes);
    }
    c->row->op->run(c, be, dev);
    if (!be->ops->sync(be, &err)) {
        snprintf(why, 256, "%.200s", err.msg);
        good = false;
    }
    *worst = 0;
    for (int s = 0; s < MAX_SLOTS; s++) {
        const struct buf *b = &c->buf[s];
        if (!b->init)
            continue;
        float *got = xmalloc((b->n + TAIL) * sizeof *got);
        be->ops->download(be, got, dev[s], (b->n + TAIL) * sizeof *got);
        good = good && check_buf(c, b, sent[s], got, worst, why);
        if (b->out && to) {
            memcpy(to, got, b->n * sizeof *got);
            to += b->n * sizeof *got;
        }
        free(got);
        free(sent[s]);
        be->ops->mem_free(be, dev[s]);
    }
    return good;
}
