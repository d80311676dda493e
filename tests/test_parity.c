/* Whole nets and training steps against PyTorch in float64 (tests/reference/parity.txt, made by
 * tests/peers/make_reference.py). Weights and images come from a formula that both sides repeat. Agreement: 1e-4 of the
 * largest magnitude of what is compared, for logits, FSP matrices, losses, and logits and losses after SGD steps. The
 * changes of single weights after two steps are looked at too: their norms to 1e-3 and entries to 1e-2, since values near
 * zero fall on either side of a ReLU (PyTorch's own float32 is up to 6e-3 away from its float64 on these cases, see
 * make_reference.py --diff), and both besides the rounding of the weights themselves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/nn/train.h"

enum { BATCH = 4, PICKS = 5, VALUES = 64 };
static const double TOLERANCE = 1e-4;

/* ---- the reference file ---- */

struct line {
    char name[48], key[64];
    int n;
    double v[VALUES];
};

static struct line *lines;
static int n_lines;
static double worst;

static int read_reference(void **state)
{
    FILE *f = fopen("tests/reference/parity.txt", "r");
    char text[4096];
    (void)state;
    assert_non_null(f);
    while (fgets(text, sizeof text, f)) {
        if (text[0] == '#')
            continue;
        lines = xrealloc(lines, (size_t)(n_lines + 1) * sizeof *lines);
        struct line *l = &lines[n_lines++];
        char *at = text, *end;
        int used = 0;
        memset(l, 0, sizeof *l);
        assert_int_equal(sscanf(text, "%47s %63s%n", l->name, l->key, &used), 2);
        at += used;
        for (double v = strtod(at, &end); end != at; v = strtod(at, &end)) {
            assert_true(l->n < VALUES);
            l->v[l->n++] = v;
            at = end;
        }
    }
    fclose(f);
    return n_lines > 1000 ? 0 : -1;
}

static int forget_reference(void **state)
{
    (void)state;
    free(lines);
    printf("worst difference: %.2g of what is allowed\n", worst);
    return 0;
}

static const struct line *find(const char *name, const char *key)
{
    for (int i = 0; i < n_lines; i++)
        if (strcmp(lines[i].name, name) == 0 && strcmp(lines[i].key, key) == 0)
            return &lines[i];
    fail_msg("the reference has no %s %s", name, key);
    return NULL;
}

static void near(const struct line *l, int i, double got, double scale, double slack, double tolerance)
{
    double off = fabs(got - l->v[i]);
    if (!(off <= tolerance * scale + slack))
        fail_msg("%s %s[%d]: %.9g, PyTorch %.9g (%.2g of %.3g)", l->name, l->key, i, got, l->v[i], off / scale, scale);
    if (scale > 0 && off > slack && (off - slack) / (scale * tolerance) > worst)
        worst = (off - slack) / (scale * tolerance);
}

static void compare(const char *name, const char *key, const float *got, int n)
{
    const struct line *l = find(name, key);
    double top = 0;
    assert_int_equal(l->n, n);
    for (int i = 0; i < n; i++)
        top = fmax(top, fabs(l->v[i]));
    for (int i = 0; i < n; i++)
        near(l, i, (double)got[i], top, 0, TOLERANCE);
}

/* ---- the formula ---- */

static uint64_t fnv1a(const char *a, const char *b)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (const char *s = a; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001B3u;
    for (const char *s = b; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001B3u;
    return h;
}

static uint64_t splitmix(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static float filled(uint64_t seed, size_t i, double offset, double scale)
{
    double u = (double)(splitmix(seed, i) >> 11) * 0x1p-52 - 1;
    return (float)(offset + scale * u);
}

/* norm, largest magnitude, entries at places drawn from the name */
static void compare_summary(const char *name, const char *key, const char *drawn, const float *a, size_t n, double slack)
{
    const struct line *l = find(name, key);
    double square = 0, top = 0;
    for (size_t i = 0; i < n; i++) {
        square += (double)a[i] * (double)a[i];
        top = fmax(top, fabs((double)a[i]));
    }
    assert_int_equal(l->n, 2 + PICKS);
    bool change = slack > 0;
    double norms = change ? 10 * TOLERANCE : TOLERANCE, entries = change ? 100 * TOLERANCE : TOLERANCE;
    near(l, 0, sqrt(square), l->v[0], slack * sqrt((double)n), norms);
    near(l, 1, top, l->v[1], slack, entries);
    for (int i = 0; i < PICKS; i++)
        near(l, 2 + i, (double)a[splitmix(fnv1a(drawn, "") ^ 0xFF, (uint64_t)i) % n], l->v[1], slack, entries);
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && strcmp(s + n - m, tail) == 0;
}

static void offset_and_scale(enum net_kind kind, const struct net_tensor *t, double *offset, double *scale)
{
    *offset = 0;
    if (t->rank == 4)
        *scale = sqrt(6.0 / (double)(t->shape[1] * t->shape[2] * t->shape[3]));
    else if (t->rank == 2)
        *scale = sqrt(3.0 / (double)t->shape[1]);
    else if (ends(t->name, "running_var"))
        *offset = 1, *scale = 0.5;
    else if (ends(t->name, "running_mean"))
        *scale = 0.3;
    else if (kind == NET_VGG && strstr(t->name, "bn"))
        *offset = ends(t->name, "weight") ? 0.6 : 0.9, *scale = ends(t->name, "weight") ? 0.2 : 0.4;
    else if (ends(t->name, "bias"))
        *scale = 0.2;
    else if (kind == NET_RES && ends(t->name, "bn2.weight"))
        *offset = 0.5, *scale = 0.2;
    else
        *offset = 1, *scale = 0.4;
}

/* NAME: "res14a", "res14x2a", "res14b": a net and its kind of shortcut. */
static struct net *make(struct backend *be, const char *name, const char *role)
{
    struct net_spec spec;
    struct err err;
    char bare[32], prefix[64];
    snprintf(bare, sizeof bare, "%.*s", (int)strlen(name) - 1, name);
    assert_true(net_parse(bare, ends(name, "b"), 10, &spec, &err));
    struct net *net = net_new(be, &spec);
    snprintf(prefix, sizeof prefix, "%s/%s/", role, name);
    for (int i = 0; i < net_tensor_count(net); i++) {
        const struct net_tensor *t = net_tensor(net, i);
        float *host = xmalloc(t->count * sizeof *host);
        double offset, scale;
        offset_and_scale(spec.kind, t, &offset, &scale);
        for (size_t k = 0; k < t->count; k++)
            host[k] = filled(fnv1a(prefix, t->name), k, offset, scale);
        net_tensor_set(net, i, host);
        free(host);
    }
    return net;
}

static void make_batch(float *x, int *labels)
{
    for (int n = 0; n < BATCH; n++) {
        labels[n] = (3 * n + 1) % 10;
        for (int p = 0; p < 32 * 32; p++)
            for (int c = 0; c < 4; c++)
                x[((size_t)n * 1024 + (size_t)p) * 4 + (size_t)c] =
                    c == 3 ? 0 : filled(fnv1a("images", ""), ((size_t)n * 3 + (size_t)c) * 1024 + (size_t)p, 0, 1.7);
    }
}

/* ---- whole nets ---- */

static void check_matrices(const char *name, const char *mode, struct backend *be, const struct net_spec *s, const float *const *maps)
{
    for (int inside = 0; inside < 2; inside++) {
        struct fsp_taps taps = fsp_taps(s, inside);
        for (int i = 0; i < 3; i++) {
            struct map_shape a = net_tap_shape(s, taps.first[i]), b = net_tap_shape(s, taps.last[i]);
            struct fsp_pair pair = {BATCH, a.h, a.w, a.c, b.h, b.w, b.c};
            size_t size = (size_t)a.c * (size_t)b.c;
            float *g = xmalloc(BATCH * size * sizeof *g);
            be->ops->fsp_forward(be, &pair, maps[taps.first[i]], maps[taps.last[i]], g);
            for (int n = 0; n < BATCH; n++) {
                char key[64];
                snprintf(key, sizeof key, "%s.%s.%d.%d", mode, inside ? "inside" : "section", i, n);
                compare_summary(name, key, "fsp", g + (size_t)n * size, size, 0);
            }
            free(g);
        }
    }
}

static void check_ce(const char *name, const char *key, struct backend *be, const float *logits, const int *labels)
{
    float ce[2], dlogits[BATCH * 10];
    int correct;
    be->ops->softmax_ce(be, BATCH, 10, logits, labels, 0, 1, false, dlogits, &ce[0], &correct);
    be->ops->softmax_ce(be, BATCH, 10, logits, labels, 0.1f, 1, false, dlogits, &ce[1], &correct);
    compare(name, key, ce, 2);
}

static void check_net(struct backend *be, const char *name)
{
    struct err err = {0};
    struct net *net = make(be, name, "student");
    const struct net_spec *s = net_spec(net);
    int blocks = net_blocks(s), tap_no[64];
    float *x = xmalloc(BATCH * 4096 * sizeof *x), *maps[64], logits[BATCH * 10];
    const float *train_maps[64];
    int labels[BATCH];
    make_batch(x, labels);
    for (int t = 0; t <= blocks; t++) {
        struct map_shape m = net_tap_shape(s, t);
        tap_no[t] = t;
        maps[t] = xmalloc((size_t)BATCH * (size_t)m.h * (size_t)m.w * (size_t)m.c * sizeof(float));
    }
    net_fold(net);
    net_infer(net, BATCH, x, tap_no, maps, blocks + 1, logits);
    compare(name, "eval.logits", logits, BATCH * 10);
    check_ce(name, "eval.ce", be, logits, labels);
    check_matrices(name, "eval", be, s, (const float *const *)maps);

    assert_true(net_train_begin(net, BATCH, &err));
    net_forward(net, x, blocks, true);
    compare(name, "train.logits", net_logits(net), BATCH * 10);
    check_ce(name, "train.ce", be, net_logits(net), labels);
    for (int t = 0; t <= blocks; t++) {
        train_maps[t] = net_tap(net, t);
        free(maps[t]);
    }
    check_matrices(name, "train", be, s, train_maps);
    net_free(net);
    free(x);
}

/* Every instruction set this processor has. */
static void on_each(void (*check)(struct backend *, const void *), const void *what)
{
    static const char *const isas[] = {"sse2", "avx2", "avx512", "generic"};
    int ran = 0;
    for (size_t i = 0; i < ARRAY_LEN(isas); i++) {
        struct err err = {0};
        struct backend *be = backend_cpu_new(2, isas[i], &err);
        if (!be)
            continue;
        check(be, what);
        backend_free(be);
        ran++;
    }
    assert_true(ran > 0);
}

static void check_nets(struct backend *be, const void *ignored)
{
    static const char *const names[] = {"res14a", "res14b", "res26a", "vgg26a"};
    (void)ignored;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        check_net(be, names[i]);
}

static void nets_agree(void **state)
{
    (void)state;
    on_each(check_nets, NULL);
}

/* ---- steps ---- */

struct step_case {
    const char *name;
    enum objective objective;
    const char *student, *teacher;
    bool inside;
    struct hyper h;
};

#define SGD .momentum = 0.9f, .weight_decay = 1e-3f
#define CE(nest, smooth) {.lr = 0.005f, SGD, .nesterov = nest, .label_smoothing = smooth}
#define FSP(rate, mean, nest) {.lr = rate, SGD, .nesterov = nest, .fsp_mean = mean, .lambda = {1, 0.5f, 2}}

static const struct step_case cases[] = {
    {"ce-res14a", OBJ_CE, "res14a", NULL, false, CE(false, 0.1f)},
    {"ce-res14a-nesterov", OBJ_CE, "res14a", NULL, false, CE(true, 0)},
    {"ce-res14b", OBJ_CE, "res14b", NULL, false, CE(false, 0.1f)},
    {"ce-res14b-nesterov", OBJ_CE, "res14b", NULL, false, CE(true, 0.1f)},
    {"ce-res26a", OBJ_CE, "res26a", NULL, false, CE(false, 0.1f)},
    {"ce-res26a-nesterov", OBJ_CE, "res26a", NULL, false, CE(true, 0.1f)},
    {"ce-vgg26a", OBJ_CE, "vgg26a", NULL, false, CE(false, 0.1f)},
    {"ce-vgg26a-nesterov", OBJ_CE, "vgg26a", NULL, false, CE(true, 0.1f)},
    {"fsp-sum-res26a", OBJ_FSP, "res14a", "res26a", false, FSP(1e-4f, false, false)},
    {"fsp-sum-vgg26a", OBJ_FSP, "res14a", "vgg26a", false, FSP(1e-4f, false, true)},
    {"fsp-mean-res26a", OBJ_FSP, "res14a", "res26a", false, FSP(0.05f, true, false)},
    {"fsp-mean-vgg26a", OBJ_FSP, "res14b", "vgg26a", false, FSP(0.05f, true, false)},
    {"fsp-inside-res26a", OBJ_FSP, "res14a", "res26a", true, FSP(0.05f, true, false)},
    {"kd-res26a", OBJ_KD, "res14a", "res26a", false, {.lr = 0.05f, SGD, .label_smoothing = 0.1f, .kd_temperature = 4, .kd_weight = 0.9f}},
    {"hint-res26a", OBJ_HINT, "res14a", "res26a", false, {.lr = 1e-5f, SGD, .lambda = {0.7f}}},
    {"hint-res14x2", OBJ_HINT, "res14a", "res14x2a", false, {.lr = 1e-5f, SGD, .lambda = {0.7f}}},
};

static int parts_of(enum objective o, const struct step_result *r, float *parts)
{
    int n = 0;
    parts[n++] = r->loss;
    if (o == OBJ_KD) {
        parts[n++] = r->ce;
        parts[n++] = r->kd;
    }
    for (int k = 0; o == OBJ_FSP && k < 9; k++)
        parts[n++] = k < 3 ? r->fsp[k] : k < 6 ? r->fsp_student[k - 3] : r->fsp_teacher[k - 6];
    return n;
}

static void check_change(const char *name, const char *key, const float *before, float *after, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++) {
        top = fmax(top, fabs((double)after[i]));
        after[i] -= before[i];
    }
    compare_summary(name, key, key, after, n, top * 0x1p-22);
}

static void check_step(struct backend *be, const struct step_case *c)
{
    struct err err = {0};
    struct net *student = make(be, c->student, "student"), *teacher = c->teacher ? make(be, c->teacher, "teacher") : NULL;
    struct train *t = train_new(be, student, teacher, BATCH, c->inside, &err);
    assert_non_null(t);
    float *x = xmalloc(BATCH * 4096 * sizeof *x), parts[16], logits[BATCH * 10];
    int labels[BATCH], ci, co, tensors = net_tensor_count(student), reg = train_regressor_size(t, &ci, &co);
    float **before = xcalloc((size_t)tensors, sizeof *before), *w = xcalloc((size_t)reg * 3 + 1, sizeof *w);
    make_batch(x, labels);
    for (int i = 0; i < tensors; i++) {
        before[i] = xmalloc(net_tensor(student, i)->count * sizeof **before);
        net_tensor_get(student, i, before[i]);
    }
    for (int i = 0; i < reg; i++)
        w[i] = filled(fnv1a("regressor", ""), (size_t)i, 0, sqrt(3.0 / ci));
    if (reg)
        train_regressor_set(t, w, w + reg);
    for (int step = 0; step < 2; step++) {
        struct step_result r;
        char key[16];
        assert_true(train_step(t, c->objective, x, labels, &c->h, &r, &err));
        snprintf(key, sizeof key, "loss.%d", step);
        compare(c->name, key, parts, parts_of(c->objective, &r, parts));
    }
    for (int i = 0; i < tensors; i++) {
        const struct net_tensor *nt = net_tensor(student, i);
        float *after = xmalloc(nt->count * sizeof *after);
        net_tensor_get(student, i, after);
        check_change(c->name, nt->name, before[i], after, nt->count);
        free(after);
        free(before[i]);
    }
    if (c->objective == OBJ_HINT && reg) {
        train_regressor_get(t, w + reg, w + 2 * reg);
        check_change(c->name, "regressor", w, w + reg, (size_t)reg);
    }
    net_fold(student);
    net_infer(student, BATCH, x, NULL, NULL, 0, logits);
    compare(c->name, "eval.logits", logits, BATCH * 10);
    train_free(t);
    net_free(student);
    net_free(teacher);
    free(before);
    free(w);
    free(x);
}

static void check_steps(struct backend *be, const void *objective)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (cases[i].objective == *(const enum objective *)objective)
            check_step(be, &cases[i]);
}

static void steps_of(enum objective o)
{
    on_each(check_steps, &o);
}

static void ce_steps_agree(void **state)
{
    (void)state;
    steps_of(OBJ_CE);
}

static void fsp_steps_agree(void **state)
{
    (void)state;
    steps_of(OBJ_FSP);
}

static void kd_steps_agree(void **state)
{
    (void)state;
    steps_of(OBJ_KD);
}

static void hint_steps_agree(void **state)
{
    (void)state;
    steps_of(OBJ_HINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_agree),     cmocka_unit_test(ce_steps_agree),   cmocka_unit_test(fsp_steps_agree),
        cmocka_unit_test(kd_steps_agree), cmocka_unit_test(hint_steps_agree),
    };
    return cmocka_run_group_tests(tests, read_reference, forget_reference);
}
