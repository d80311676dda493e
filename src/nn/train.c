/* The step: upload, teacher in inference form with the taps the objective needs, student forward as far as the loss
 * reaches, losses, backward from the taps, SGD on what was reached. */
#include "train.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct regressor {
    struct conv conv; /* co 0: not needed */
    float *weight, *grad, *velocity, *z;
};

struct train {
    struct backend *be;
    struct net *student, *teacher;
    int batch;
    struct fsp_taps staps, ttaps;
    int shint, thint;
    float *x, *tlogits;
    int *labels;
    float *tmap[6]; /* the teacher's distinct taps, device */
    int tmap_tap[6], n_tmaps;
    float *gt[3], *gs[3], *dgs[3], *dhint;
    struct fsp_pair spair[3], tpair[3];
    struct regressor reg;
    bool timed;      /* operations are done when they return, so that this thread's clock tells the parts */
    double lap_from; /* clock_seconds at the end of the part before */
};

/* ---- which maps ---- */

struct fsp_taps fsp_taps(const struct net_spec *s, bool inside)
{
    struct fsp_taps t;
    for (int i = 0; i < 3; i++) {
        t.first[i] = i * s->n + (inside ? 1 : 0);
        t.last[i] = (i + 1) * s->n;
    }
    return t;
}

struct fsp_pair fsp_pair_of(const struct net_spec *s, int n, int first, int last)
{
    struct map_shape a = net_tap_shape(s, first), b = net_tap_shape(s, last);
    return (struct fsp_pair){n, a.h, a.w, a.c, b.h, b.w, b.c};
}

int hint_tap(const struct net_spec *s)
{
    return (net_blocks(s) + 1) / 2;
}

static void map_text(const struct net_spec *s, int first, int last, char *buf, size_t cap)
{
    char name[32];
    struct map_shape a = net_tap_shape(s, first), b = net_tap_shape(s, last);
    net_spec_format(s, name, sizeof name);
    str_append(buf, cap, 0, "%s's maps %dx%dx%d and %dx%dx%d (matrix %dx%d)", name, a.h, a.w, a.c, b.h, b.w, b.c, a.c,
               b.c);
}

bool fsp_check(const struct net_spec *teacher, const struct net_spec *student, bool inside, struct err *err)
{
    struct fsp_taps t = fsp_taps(teacher, inside), s = fsp_taps(student, inside);
    for (int i = 0; i < 3; i++) {
        char tm[128], sm[128];
        map_text(teacher, t.first[i], t.last[i], tm, sizeof tm);
        map_text(student, s.first[i], s.last[i], sm, sizeof sm);
        if (inside && (t.first[i] == t.last[i] || s.first[i] == s.last[i]))
            return err_set(err, ERR_SHAPE,
                           "section %d cannot be paired inside: a net of one block a section has no first and last "
                           "block to pair (%s, %s); use pairing = section or a deeper net",
                           i + 1, tm, sm);
        if (net_tap_shape(teacher, t.first[i]).c != net_tap_shape(student, s.first[i]).c ||
            net_tap_shape(teacher, t.last[i]).c != net_tap_shape(student, s.last[i]).c)
            return err_set(err, ERR_SHAPE,
                           "section %d cannot be paired: teacher %s, student %s; the matrices must have equal shapes",
                           i + 1, tm, sm);
    }
    return true;
}

bool hint_check(const struct net_spec *teacher, const struct net_spec *student, struct err *err)
{
    struct map_shape t = net_tap_shape(teacher, hint_tap(teacher)), s = net_tap_shape(student, hint_tap(student));
    if (t.h != s.h || t.w != s.w)
        return err_set(err, ERR_SHAPE,
                       "hint map %dx%dx%d of the teacher and guided map %dx%dx%d of the student differ in size", t.h,
                       t.w, t.c, s.h, s.w, s.c);
    return true;
}

/* ---- construction ---- */

static float *floats(struct train *t, size_t n)
{
    return t->be->ops->mem_alloc(t->be, n * sizeof(float));
}

static size_t tap_floats(const struct net_spec *s, int n, int tap)
{
    struct map_shape m = net_tap_shape(s, tap);
    return (size_t)n * (size_t)m.h * (size_t)m.w * (size_t)m.c;
}

static float *teacher_map(struct train *t, int tap)
{
    for (int i = 0; i < t->n_tmaps; i++)
        if (t->tmap_tap[i] == tap)
            return t->tmap[i];
    assert(!"a tap that was asked for");
    return NULL;
}

/* Makes the n distinct taps of `want` the teacher's; buffers are kept while the taps stay the same. */
static void want_teacher_maps(struct train *t, const int *want, int n)
{
    int distinct[ARRAY_LEN(t->tmap)], count = 0;
    for (int i = 0; i < n; i++) {
        bool seen = false;
        for (int j = 0; j < count; j++)
            seen |= distinct[j] == want[i];
        if (!seen)
            distinct[count++] = want[i];
    }
    if (count == t->n_tmaps && memcmp(distinct, t->tmap_tap, (size_t)count * sizeof *distinct) == 0)
        return;
    for (int i = 0; i < t->n_tmaps; i++)
        t->be->ops->mem_free(t->be, t->tmap[i]);
    t->n_tmaps = 0;
    for (int i = 0; i < count; i++) {
        t->tmap_tap[t->n_tmaps] = distinct[i];
        t->tmap[t->n_tmaps++] = floats(t, tap_floats(net_spec(t->teacher), t->batch, distinct[i]));
    }
}

static void alloc_fsp(struct train *t, bool inside)
{
    const struct net_spec *s = net_spec(t->student), *r = net_spec(t->teacher);
    t->staps = fsp_taps(s, inside);
    t->ttaps = fsp_taps(r, inside);
    for (int i = 0; i < 3; i++) {
        t->spair[i] = fsp_pair_of(s, t->batch, t->staps.first[i], t->staps.last[i]);
        t->tpair[i] = fsp_pair_of(r, t->batch, t->ttaps.first[i], t->ttaps.last[i]);
        size_t size = (size_t)t->batch * (size_t)t->spair[i].c1 * (size_t)t->spair[i].c2;
        t->gt[i] = floats(t, size);
        t->gs[i] = floats(t, size);
        t->dgs[i] = floats(t, size);
    }
}

static void alloc_hint(struct train *t)
{
    struct map_shape s = net_tap_shape(net_spec(t->student), t->shint),
                     r = net_tap_shape(net_spec(t->teacher), t->thint);
    t->dhint = floats(t, (size_t)t->batch * (size_t)r.h * (size_t)r.w * (size_t)r.c);
    if (s.c == r.c)
        return;
    size_t n = (size_t)s.c * (size_t)r.c;
    t->reg.conv = (struct conv){.n = t->batch, .h = s.h, .w = s.w, .ci = s.c, .co = r.c, .k = 1, .stride = 1};
    t->reg.weight = floats(t, n);
    t->reg.grad = floats(t, n);
    t->reg.velocity = floats(t, n);
    t->reg.z = floats(t, (size_t)t->batch * (size_t)r.h * (size_t)r.w * (size_t)r.c);
    t->reg.conv.weight = t->reg.weight;
    t->reg.conv.dweight = t->reg.grad;
}

struct train *train_new(struct backend *be, struct net *student, struct net *teacher, int batch, bool inside,
                        struct err *err)
{
    struct train *t = xcalloc(1, sizeof *t);
    t->be = be;
    t->student = student;
    t->teacher = teacher;
    t->batch = batch;
    t->timed = strcmp(be->info.name, "cpu") == 0;
    t->x = floats(t, (size_t)batch * 32 * 32 * 4);
    t->labels = be->ops->mem_alloc(be, (size_t)batch * sizeof *t->labels);
    if (teacher) {
        t->shint = hint_tap(net_spec(student));
        t->thint = hint_tap(net_spec(teacher));
        t->tlogits = floats(t, (size_t)batch * (size_t)net_spec(teacher)->classes);
        if (fsp_check(net_spec(teacher), net_spec(student), inside, NULL))
            alloc_fsp(t, inside);
        if (hint_check(net_spec(teacher), net_spec(student), NULL))
            alloc_hint(t);
        net_fold(teacher);
    }
    if (!net_train_begin(student, batch, err) || !be->ops->sync(be, err)) {
        train_free(t);
        return NULL;
    }
    return t;
}

void train_free(struct train *t)
{
    if (!t)
        return;
    float *device[] = {t->x,          t->tlogits,  t->gt[0],        t->gt[1],  t->gt[2],  t->gs[0],
                       t->gs[1],      t->gs[2],    t->dgs[0],       t->dgs[1], t->dgs[2], t->dhint,
                       t->reg.weight, t->reg.grad, t->reg.velocity, t->reg.z};
    for (size_t i = 0; i < ARRAY_LEN(device); i++)
        t->be->ops->mem_free(t->be, device[i]);
    for (int i = 0; i < t->n_tmaps; i++)
        t->be->ops->mem_free(t->be, t->tmap[i]);
    t->be->ops->mem_free(t->be, t->labels);
    free(t);
}

/* ---- objectives: each leaves gradients and fills the result ---- */

/* What has been done since the last call was `part` of the step. */
static void lap(struct train *t, struct step_result *r, enum step_part part)
{
    if (!t->timed)
        return;
    double now = clock_seconds(), seconds = now - t->lap_from;
    r->seconds[part] = isnan(r->seconds[part]) ? seconds : r->seconds[part] + seconds;
    t->lap_from = now;
}

static void ce_loss(struct train *t, const struct hyper *h, float weight, bool add, struct step_result *r)
{
    const struct net_spec *s = net_spec(t->student);
    t->be->ops->softmax_ce(t->be, t->batch, s->classes, net_logits(t->student), t->labels, h->label_smoothing, weight,
                           add, net_dlogits(t->student), &r->ce, &r->correct);
}

static void step_ce(struct train *t, const struct hyper *h, struct step_result *r)
{
    net_forward(t->student, t->x, net_blocks(net_spec(t->student)), true);
    lap(t, r, PART_FORWARD);
    ce_loss(t, h, 1, false, r);
    r->loss = r->ce;
    lap(t, r, PART_LOSS);
    net_backward(t->student, true, NULL, 0);
    lap(t, r, PART_BACKWARD);
}

static void step_kd(struct train *t, const struct hyper *h, struct step_result *r)
{
    const struct net_spec *s = net_spec(t->student);
    float w = h->kd_weight;
    net_infer(t->teacher, t->batch, t->x, NULL, NULL, 0, t->tlogits);
    lap(t, r, PART_TEACHER);
    net_forward(t->student, t->x, net_blocks(s), true);
    lap(t, r, PART_FORWARD);
    ce_loss(t, h, 1 - w, false, r);
    t->be->ops->kd_loss(t->be, t->batch, s->classes, net_logits(t->student), t->tlogits, h->kd_temperature, w, true,
                        net_dlogits(t->student), &r->kd);
    r->loss = r->ce + r->kd;
    r->ce = w < 1 ? r->ce / (1 - w) : NAN;
    r->kd = w > 0 ? r->kd / w : NAN;
    lap(t, r, PART_LOSS);
    net_backward(t->student, true, NULL, 0);
    lap(t, r, PART_BACKWARD);
}

/* Called back by net_backward: the gradients of the FSP losses that have `tap` as one of their maps. */
static void fsp_tap_gradient(void *ctx, int tap, float *d, bool add)
{
    struct train *t = ctx;
    for (int i = 0; i < 3; i++) {
        const float *f1 = net_tap(t->student, t->staps.first[i]), *f2 = net_tap(t->student, t->staps.last[i]);
        if (t->staps.first[i] == tap) {
            t->be->ops->fsp_backward(t->be, &t->spair[i], f1, f2, t->dgs[i], d, add, NULL, false);
            add = true;
        }
        if (t->staps.last[i] == tap) {
            t->be->ops->fsp_backward(t->be, &t->spair[i], f1, f2, t->dgs[i], NULL, false, d, add);
            add = true;
        }
    }
}

static int fsp_tap_list(struct train *t, struct tap_grad taps[6])
{
    int n = 0;
    for (int i = 0; i < 6; i++) {
        int tap = i < 3 ? t->staps.first[i] : t->staps.last[i - 3];
        bool seen = false;
        for (int j = 0; j < n; j++)
            seen |= taps[j].tap == tap;
        if (!seen)
            taps[n++] = (struct tap_grad){tap, fsp_tap_gradient, t};
    }
    return n;
}

static void step_fsp(struct train *t, const struct hyper *h, struct step_result *r)
{
    const struct backend_ops *ops = t->be->ops;
    int want[6];
    for (int i = 0; i < 3; i++) {
        want[i] = t->ttaps.first[i];
        want[3 + i] = t->ttaps.last[i];
    }
    want_teacher_maps(t, want, 6);
    net_infer(t->teacher, t->batch, t->x, t->tmap_tap, t->tmap, t->n_tmaps, NULL);
    lap(t, r, PART_TEACHER);
    net_forward(t->student, t->x, t->staps.last[2], false);
    lap(t, r, PART_FORWARD);
    r->loss = 0;
    for (int i = 0; i < 3; i++) {
        float out[3];
        int size = t->spair[i].c1 * t->spair[i].c2;
        ops->fsp_forward(t->be, &t->tpair[i], teacher_map(t, t->ttaps.first[i]), teacher_map(t, t->ttaps.last[i]),
                         t->gt[i]);
        ops->fsp_forward(t->be, &t->spair[i], net_tap(t->student, t->staps.first[i]),
                         net_tap(t->student, t->staps.last[i]), t->gs[i]);
        ops->fsp_loss(t->be, t->batch, size, t->gt[i], t->gs[i], h->fsp_mean ? (float)size : 1.0f, h->lambda[i],
                      t->dgs[i], out);
        r->fsp[i] = out[0];
        r->fsp_student[i] = out[1];
        r->fsp_teacher[i] = out[2];
        r->loss += h->lambda[i] * out[0];
    }
    lap(t, r, PART_LOSS);
    struct tap_grad taps[6];
    int n = fsp_tap_list(t, taps);
    net_backward(t->student, false, taps, n);
    lap(t, r, PART_BACKWARD);
}

static void hint_tap_gradient(void *ctx, int tap, float *d, bool add)
{
    struct train *t = ctx;
    struct map_shape s = net_tap_shape(net_spec(t->student), tap);
    (void)add; /* the only gradient of this objective */
    if (t->reg.conv.co) {
        struct node out = {.h = s.h, .w = s.w, .c = t->reg.conv.co, .z = t->reg.z};
        t->be->ops->conv_backward(t->be, &t->reg.conv, net_tap_node(t->student, tap), &out, t->dhint, d, false, false);
    } else {
        size_t bytes = tap_floats(net_spec(t->student), t->batch, tap) * sizeof *d;
        t->be->ops->copy(t->be, d, t->dhint, bytes);
    }
}

static void step_hint(struct train *t, const struct hyper *h, struct step_result *r)
{
    const struct backend_ops *ops = t->be->ops;
    want_teacher_maps(t, &t->thint, 1);
    net_infer(t->teacher, t->batch, t->x, t->tmap_tap, t->tmap, 1, NULL);
    lap(t, r, PART_TEACHER);
    net_forward(t->student, t->x, t->shint, false);
    const float *guided = net_tap(t->student, t->shint);
    if (t->reg.conv.co) {
        ops->conv_forward(t->be, &t->reg.conv, net_tap_node(t->student, t->shint), false, t->reg.z, NULL);
        guided = t->reg.z;
    }
    lap(t, r, PART_FORWARD);
    size_t image = tap_floats(net_spec(t->teacher), 1, t->thint);
    ops->hint_loss(t->be, t->batch, image, guided, t->tmap[0], h->lambda[0], t->dhint, &r->loss);
    r->hint = r->loss;
    lap(t, r, PART_LOSS);
    struct tap_grad tap = {t->shint, hint_tap_gradient, t};
    net_backward(t->student, false, &tap, 1);
    lap(t, r, PART_BACKWARD);
}

bool train_step(struct train *t, enum objective objective, const float *x, const int *labels, const struct hyper *h,
                struct step_result *r, struct err *err)
{
    static void (*const steps[])(struct train *, const struct hyper *, struct step_result *) = {
        [OBJ_CE] = step_ce, [OBJ_FSP] = step_fsp, [OBJ_HINT] = step_hint, [OBJ_KD] = step_kd};
    *r = (struct step_result){.loss = NAN,
                              .ce = NAN,
                              .kd = NAN,
                              .hint = NAN,
                              .fsp = {NAN, NAN, NAN},
                              .fsp_student = {NAN, NAN, NAN},
                              .fsp_teacher = {NAN, NAN, NAN},
                              .correct = -1};
    for (int i = 0; i < STEP_PARTS; i++)
        r->seconds[i] = NAN;
    t->lap_from = clock_seconds();
    t->be->ops->upload(t->be, t->x, x, (size_t)t->batch * 32 * 32 * 4 * sizeof *x);
    t->be->ops->upload(t->be, t->labels, labels, (size_t)t->batch * sizeof *labels);
    lap(t, r, PART_DATA);
    steps[objective](t, h, r);
    if (!t->be->ops->sync(t->be, err))
        return false;
    if (!isfinite(r->loss))
        return true;
    bool head = objective == OBJ_CE || objective == OBJ_KD;
    int last = objective == OBJ_HINT ? t->shint : net_blocks(net_spec(t->student));
    net_sgd(t->student, last, head, h->lr, h->momentum, h->weight_decay, h->nesterov);
    if (objective == OBJ_HINT && t->reg.conv.co)
        t->be->ops->sgd(t->be, (size_t)t->reg.conv.ci * (size_t)t->reg.conv.co, t->reg.weight, t->reg.grad,
                        t->reg.velocity, h->lr, h->momentum, h->weight_decay, h->nesterov);
    bool ok = t->be->ops->sync(t->be, err);
    lap(t, r, PART_UPDATE);
    return ok;
}

/* ---- looking in ---- */

void train_fsp_shape(const struct train *t, int pair, int *m, int *n)
{
    *m = t->spair[pair].c1;
    *n = t->spair[pair].c2;
}

void train_fsp_mean(struct train *t, int pair, char who, float *g)
{
    size_t size = (size_t)t->spair[pair].c1 * (size_t)t->spair[pair].c2, all = size * (size_t)t->batch;
    float *host = xmalloc(all * sizeof *host);
    t->be->ops->download(t->be, host, who == 'T' ? t->gt[pair] : t->gs[pair], all * sizeof *host);
    memset(g, 0, size * sizeof *g);
    for (size_t i = 0; i < all; i += size)
        for (size_t k = 0; k < size; k++)
            g[k] += host[i + k] / (float)t->batch;
    free(host);
}

int train_regressor_size(const struct train *t, int *ci, int *co)
{
    *ci = t->reg.conv.ci;
    *co = t->reg.conv.co;
    return *ci * *co;
}

void train_regressor_get(struct train *t, float *w, float *v)
{
    size_t bytes = (size_t)t->reg.conv.ci * (size_t)t->reg.conv.co * sizeof *w;
    t->be->ops->download(t->be, w, t->reg.weight, bytes);
    t->be->ops->download(t->be, v, t->reg.velocity, bytes);
}

void train_regressor_set(struct train *t, const float *w, const float *v)
{
    size_t bytes = (size_t)t->reg.conv.ci * (size_t)t->reg.conv.co * sizeof *w;
    t->be->ops->upload(t->be, t->reg.weight, w, bytes);
    t->be->ops->upload(t->be, t->reg.velocity, v, bytes);
}

void train_regressor_init(struct train *t, uint64_t seed)
{
    size_t n = (size_t)t->reg.conv.ci * (size_t)t->reg.conv.co;
    if (!n)
        return;
    float *w = xcalloc(2 * n, sizeof *w);
    struct rng rng;
    rng_seed(&rng, seed, RNG_REGRESSOR);
    for (size_t i = 0; i < n; i++)
        w[i] = (float)(rng_normal(&rng) * sqrt(2.0 / t->reg.conv.ci));
    train_regressor_set(t, w, w + n);
    free(w);
}

bool eval_batch(struct backend *be, struct net *net, const float *x, const int *labels, int n, int *correct,
                float *loss, struct err *err)
{
    int k = net_spec(net)->classes;
    size_t xbytes = (size_t)n * 32 * 32 * 4 * sizeof *x, lbytes = (size_t)n * (size_t)k * sizeof(float);
    float *dx = be->ops->mem_alloc(be, xbytes), *logits = be->ops->mem_alloc(be, lbytes);
    int *dl = be->ops->mem_alloc(be, (size_t)n * sizeof *dl);
    if (dx && logits && dl) {
        be->ops->upload(be, dx, x, xbytes);
        be->ops->upload(be, dl, labels, (size_t)n * sizeof *dl);
        net_infer(net, n, dx, NULL, NULL, 0, logits);
        be->ops->softmax_ce(be, n, k, logits, dl, 0, 1, false, NULL, loss, correct);
    }
    be->ops->mem_free(be, dx);
    be->ops->mem_free(be, logits);
    be->ops->mem_free(be, dl);
    return be->ops->sync(be, err);
}
