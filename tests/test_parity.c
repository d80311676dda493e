/* Whole nets and training steps against PyTorch in float64, on the CPU and on a CUDA plug-in: the one that
 * FSPLAB_PLUGIN names, on a machine with a GPU, or else the kernels as host code. Weights, running statistics and images
 * come from a formula that tests/peers/cifar_nets.py has too; tests/reference/parity.txt (from make_reference.py) holds
 * what PyTorch made of them: logits, losses, FSP matrices and, after two steps, how far every tensor has moved. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/nn/cuda_plugin.h"
#include "../src/nn/probe.h"

enum { BATCH = 4, PICKS = 5, CLASSES = 10, MAX_VALUES = BATCH * CLASSES };

/* Differences are taken relative to the largest magnitude of what is compared. Float32 leaves 1e-7 in a forward pass
 * and up to 1e-4 after two steps, besides the rounding of the weights (make_reference.py --float32 and --diff). */
static const double forward_tolerance = 1e-5, step_tolerance = 1e-4;

/* ---- the reference ---- */

struct line {
    char name[80]; /* "CASE KEY" */
    int n;
    double v[MAX_VALUES];
};
static struct line *lines;
static int n_lines;

static const char *reference_path(void)
{
    const char *path = getenv("PARITY_REFERENCE"); /* for trying another file */
    return path ? path : "tests/reference/parity.txt";
}

static int read_reference(void **state)
{
    char text[2048];
    int cap = 0;
    (void)state;
    FILE *f = fopen(reference_path(), "r");
    if (!f) {
        print_error("cannot open %s (tests run in the project's root)\n", reference_path());
        return -1;
    }
    while (fgets(text, sizeof text, f)) {
        char a[40], b[40];
        int at, used;
        if (text[0] == '#' || sscanf(text, "%39s %39s%n", a, b, &at) != 2)
            continue;
        if (n_lines == cap)
            lines = xrealloc(lines, (size_t)(cap = cap ? 2 * cap : 256) * sizeof *lines);
        struct line *l = &lines[n_lines++];
        snprintf(l->name, sizeof l->name, "%s %s", a, b);
        for (l->n = 0; l->n < MAX_VALUES && sscanf(text + at, "%lf%n", &l->v[l->n], &used) == 1; l->n++)
            at += used;
    }
    fclose(f);
    return 0;
}

static int free_reference(void **state)
{
    (void)state;
    free(lines);
    return 0;
}

static const struct line *reference(const char *name, const char *key)
{
    char want[80];
    snprintf(want, sizeof want, "%s %s", name, key);
    for (int i = 0; i < n_lines; i++)
        if (strcmp(lines[i].name, want) == 0)
            return &lines[i];
    fail_msg("%s has no '%s'", reference_path(), want);
    return NULL;
}

/* ---- comparison ---- */

static int disagreements;
static double worst; /* in tolerances */

/* got[0..n) against the reference from `from` on. floor: an absolute difference that is always allowed. */
static void compare(const char *name, const char *key, int from, int n, const double *got, double tolerance,
                    double floor)
{
    const struct line *l = reference(name, key);
    double top = 0, diff = 0;
    int at = 0;
    assert_true(from + n <= l->n);
    for (int i = 0; i < n; i++) {
        double d = fabs(got[i] - l->v[from + i]);
        top = fmax(top, fabs(l->v[from + i]));
        if (!(d <= diff)) { /* a NaN too */
            diff = d;
            at = i;
        }
    }
    double allowed = tolerance * top + floor;
    if (allowed > 0)
        worst = fmax(worst, diff / allowed);
    if (diff <= allowed)
        return;
    disagreements++;
    print_error("%s: %s[%d] is %.8g, PyTorch has %.8g (off by %.1e of %.3g, allowed %.1e)\n", name, key, from + at,
                got[at], l->v[from + at], diff, top, allowed);
}

static void compare_floats(const char *name, const char *key, int n, const float *got, double tolerance)
{
    double v[MAX_VALUES];
    for (int i = 0; i < n; i++)
        v[i] = (double)got[i];
    compare(name, key, 0, n, v, tolerance, 0);
}

/* ---- the formula: FNV-1a of a name starts splitmix64 ---- */

static uint64_t fnv1a(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x100000001b3u;
    return h;
}

static uint64_t splitmix64(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static float *filled(const char *name, size_t n, double offset, double scale)
{
    float *v = xmalloc(n * sizeof *v);
    uint64_t seed = fnv1a(name);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(offset + scale * ((double)(splitmix64(seed, i) >> 11) * 0x1p-52 - 1));
    return v;
}

static bool ends(const char *s, const char *end)
{
    size_t a = strlen(s), b = strlen(end);
    return a >= b && strcmp(s + a - b, end) == 0;
}

static void offset_and_scale(enum net_kind kind, const struct net_tensor *t, double *offset, double *scale)
{
    *offset = 0, *scale = 0.2;
    if (t->rank == 4)
        *scale = sqrt(6 / (double)(t->shape[1] * t->shape[2] * t->shape[3]));
    else if (t->rank == 2)
        *scale = sqrt(3 / (double)t->shape[1]);
    else if (ends(t->name, "running_var"))
        *offset = 1, *scale = 0.5;
    else if (ends(t->name, "running_mean"))
        *scale = 0.3;
    else if (kind == NET_VGG && strstr(t->name, "bn"))
        *offset = ends(t->name, "weight") ? 0.5 : 1.2, *scale = ends(t->name, "weight") ? 0.2 : 0.4;
    else if (ends(t->name, "bias"))
        return;
    else if (kind == NET_RES && ends(t->name, "bn2.weight"))
        *offset = 0.5;
    else
        *offset = 1, *scale = 0.4;
}

/* Tensor i of a net as PREFIX/NAME has it; free() it. */
static float *tensor_start(struct net *net, int i, const char *prefix)
{
    const struct net_tensor *t = net_tensor(net, i);
    double offset, scale;
    char name[80];
    snprintf(name, sizeof name, "%s/%s", prefix, t->name);
    offset_and_scale(net_spec(net)->kind, t, &offset, &scale);
    return filled(name, t->count, offset, scale);
}

/* name: "res14a", "vgg26a", "res14b": a net and its kind of shortcut. role: "student" or "teacher". */
static struct net *make_net(struct backend *be, const char *name, const char *role)
{
    char base[16], prefix[40];
    struct net_spec spec;
    struct err err;
    size_t len = strlen(name) - 1;
    snprintf(base, sizeof base, "%.*s", (int)len, name);
    snprintf(prefix, sizeof prefix, "%s/%s", role, name);
    assert_true(net_parse(base, name[len] == 'b', CLASSES, &spec, &err));
    struct net *net = net_new(be, &spec);
    for (int i = 0; i < net_tensor_count(net); i++) {
        float *v = tensor_start(net, i, prefix);
        net_tensor_set(net, i, v);
        free(v);
    }
    net_momentum_clear(net);
    return net;
}

/* (BATCH, 32, 32, 4) from the formula's (BATCH, 3, 32, 32). Which images: those on which no ReLU is near its kink. */
static float *make_images(int number)
{
    char name[24];
    snprintf(name, sizeof name, "images/%d", number);
    float *planes = filled(name, BATCH * 3 * 32 * 32, 0, 1.7), *x = xcalloc(BATCH * 32 * 32 * 4, sizeof *x);
    for (int i = 0; i < BATCH; i++)
        for (int c = 0; c < 3; c++)
            for (int p = 0; p < 32 * 32; p++)
                x[(i * 32 * 32 + p) * 4 + c] = planes[(i * 3 + c) * 32 * 32 + p];
    free(planes);
    return x;
}

static void make_labels(int labels[BATCH])
{
    for (int i = 0; i < BATCH; i++)
        labels[i] = (3 * i + 1) % CLASSES;
}

/* What the reference keeps of a tensor: norm, largest magnitude, entries at places drawn from its name. */
static void summary(const char *name, size_t n, const float *a, const float *minus, double out[2 + PICKS])
{
    double norm = 0, top = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (minus ? (double)minus[i] : 0);
        norm += d * d;
        top = fmax(top, fabs(d));
    }
    out[0] = sqrt(norm);
    out[1] = top;
    for (int k = 0; k < PICKS; k++) {
        size_t at = splitmix64(fnv1a(name) ^ 0xff, (uint64_t)k) % n;
        out[2 + k] = (double)a[at] - (minus ? (double)minus[at] : 0);
    }
}

/* The norm by itself, largest magnitude and entries together. */
static void compare_summary(const char *name, const char *key, const double got[2 + PICKS], size_t n, double tolerance,
                            double floor)
{
    compare(name, key, 0, 1, got, tolerance, floor * sqrt((double)n));
    compare(name, key, 1, 1 + PICKS, got + 1, tolerance, floor);
}

static void compare_losses(const char *name, const char *key, const float *got, int n)
{
    for (int i = 0; i < n; i++)
        compare(name, key, i, 1, &(double){(double)got[i]}, forward_tolerance, 0);
}

/* ---- whole nets ---- */

/* maps[tap]: device. */
static void check_matrices(struct backend *be, const char *name, const char *mode, const struct net_spec *spec,
                           const float *const *maps)
{
    for (int pair = 0; pair < 6; pair++) {
        struct fsp_taps taps = fsp_taps(spec, pair >= 3);
        int first = taps.first[pair % 3], last = taps.last[pair % 3];
        struct map_shape a = net_tap_shape(spec, first), b = net_tap_shape(spec, last);
        struct fsp_pair p = {BATCH, a.h, a.w, a.c, b.h, b.w, b.c};
        size_t size = (size_t)a.c * (size_t)b.c;
        float *g = be->ops->mem_alloc(be, BATCH * size * sizeof *g), *host = xmalloc(BATCH * size * sizeof *host);
        be->ops->fsp_forward(be, &p, maps[first], maps[last], g);
        be->ops->download(be, host, g, BATCH * size * sizeof *host);
        for (int i = 0; i < BATCH; i++) {
            char key[40];
            double s[2 + PICKS];
            snprintf(key, sizeof key, "%s.%s.%d.%d", mode, pair >= 3 ? "inside" : "section", pair % 3, i);
            summary("fsp", size, host + (size_t)i * size, NULL, s);
            compare_summary(name, key, s, size, forward_tolerance, 0);
        }
        be->ops->mem_free(be, g);
        free(host);
    }
}

static void check_head(struct backend *be, const char *name, const char *mode, const float *logits, const int *labels)
{
    float host[BATCH * CLASSES], ce[2], *loss = be->ops->mem_alloc(be, sizeof ce);
    char key[40];
    int *device = be->ops->mem_alloc(be, (BATCH + 1) * sizeof *device), *correct = device + BATCH;
    be->ops->upload(be, device, labels, BATCH * sizeof *labels);
    be->ops->download(be, host, logits, sizeof host);
    be->ops->softmax_ce(be, BATCH, CLASSES, logits, device, 0.0f, 1, false, NULL, loss, correct);
    be->ops->softmax_ce(be, BATCH, CLASSES, logits, device, 0.1f, 1, false, NULL, loss + 1, correct);
    be->ops->download(be, ce, loss, sizeof ce);
    snprintf(key, sizeof key, "%s.logits", mode);
    compare_floats(name, key, BATCH * CLASSES, host, forward_tolerance);
    snprintf(key, sizeof key, "%s.ce", mode);
    compare_losses(name, key, ce, 2);
    be->ops->mem_free(be, device);
    be->ops->mem_free(be, loss);
}

/* The probe's matrices of the sections, one image after the other. */
static void check_probe(struct backend *be, const char *name, struct net *net, const float *x)
{
    for (int i = 0; i < 2 * BATCH; i++) {
        float *g[3];
        struct probe_pair p[3];
        struct err err;
        int m[3], n[3];
        for (int k = 0; k < 3; k++) {
            p[k] = probe_section_pair(net_spec(net), k + 1, i >= BATCH);
            probe_shape(net_spec(net), p[k], &m[k], &n[k]);
            g[k] = xcalloc((size_t)(m[k] * n[k]), sizeof *g[k]);
        }
        assert_true(probe_fsp(be, net, x + i % BATCH * 32 * 32 * 4, p, 3, g, &err));
        for (int k = 0; k < 3; k++) {
            char key[40];
            double s[2 + PICKS];
            snprintf(key, sizeof key, "eval.%s.%d.%d", i >= BATCH ? "inside" : "section", k, i % BATCH);
            summary("fsp", (size_t)(m[k] * n[k]), g[k], NULL, s);
            compare_summary(name, key, s, (size_t)(m[k] * n[k]), forward_tolerance, 0);
            free(g[k]);
        }
    }
}

static void check_eval(struct backend *be, const char *name, struct net *net, const float *x, const int *labels)
{
    int n_taps = net_blocks(net_spec(net)) + 1, tap_no[64], correct;
    float *maps[64], *logits = be->ops->mem_alloc(be, BATCH * CLASSES * sizeof *logits), ce;
    float *dx = be->ops->mem_alloc(be, BATCH * 32 * 32 * 4 * sizeof *dx);
    struct err err;
    for (int i = 0; i < n_taps; i++) {
        struct map_shape s = net_tap_shape(net_spec(net), i);
        tap_no[i] = i;
        maps[i] = be->ops->mem_alloc(be, (size_t)(BATCH * s.h * s.w * s.c) * sizeof(float));
    }
    be->ops->upload(be, dx, x, BATCH * 32 * 32 * 4 * sizeof *dx);
    net_fold(net);
    net_infer(net, BATCH, dx, tap_no, maps, n_taps, logits);
    check_head(be, name, "eval", logits, labels);
    check_matrices(be, name, "eval", net_spec(net), (const float *const *)maps);
    check_probe(be, name, net, x);
    assert_true(eval_batch(be, net, x, labels, BATCH, &correct, &ce, &err));
    compare_losses(name, "eval.ce", &ce, 1);
    for (int i = 0; i < n_taps; i++)
        be->ops->mem_free(be, maps[i]);
    be->ops->mem_free(be, dx);
    be->ops->mem_free(be, logits);
}

static void check_train(struct backend *be, const char *name, struct net *net, const float *x, const int *labels)
{
    const float *maps[64];
    float *dx = be->ops->mem_alloc(be, BATCH * 32 * 32 * 4 * sizeof *dx);
    int blocks = net_blocks(net_spec(net));
    struct err err;
    be->ops->upload(be, dx, x, BATCH * 32 * 32 * 4 * sizeof *dx);
    assert_true(net_train_begin(net, BATCH, &err));
    net_forward(net, dx, blocks, true);
    for (int i = 0; i <= blocks; i++)
        maps[i] = net_tap(net, i);
    check_head(be, name, "train", net_logits(net), labels);
    check_matrices(be, name, "train", net_spec(net), maps);
    assert_true(be->ops->sync(be, &err));
    be->ops->mem_free(be, dx);
}

static void check_net(struct backend *be, const char *name)
{
    struct net *net = make_net(be, name, "student");
    float *x = make_images(0);
    int labels[BATCH];
    make_labels(labels);
    check_eval(be, name, net, x, labels);
    check_train(be, name, net, x, labels);
    free(x);
    net_free(net);
}

/* ---- steps ---- */

#define COMMON .momentum = 0.9f, .weight_decay = 1e-3f
#define CE(rate, ...)                                                                                                  \
    {                                                                                                                  \
        COMMON, .lr = rate, .label_smoothing = 0.1f, __VA_ARGS__                                                       \
    }
#define FSP(rate, ...)                                                                                                 \
    {                                                                                                                  \
        COMMON, .lr = rate, .lambda = {1.0f, 0.5f, 2.0f}, __VA_ARGS__                                                  \
    }
#define KD(rate)                                                                                                       \
    {                                                                                                                  \
        COMMON, .lr = rate, .label_smoothing = 0.1f, .kd_temperature = 4, .kd_weight = 0.9f                            \
    }
#define HINT(rate)                                                                                                     \
    {                                                                                                                  \
        COMMON, .lr = rate, .lambda = { 0.7f }                                                                         \
    }

static const struct step_case {
    const char *name, *student, *teacher;
    enum objective objective;
    bool inside;
    struct hyper h;
} step_cases[] = {
    {"ce-res14a", "res14a", NULL, OBJ_CE, false, CE(0.02f)},
    {"ce-res14a-nesterov", "res14a", NULL, OBJ_CE, false, {COMMON, .lr = 0.02f, .nesterov = true}},
    {"ce-res14b", "res14b", NULL, OBJ_CE, false, CE(0.02f)},
    {"ce-res14b-nesterov", "res14b", NULL, OBJ_CE, false, CE(0.02f, .nesterov = true)},
    {"ce-res26a", "res26a", NULL, OBJ_CE, false, CE(0.02f)},
    {"ce-res26a-nesterov", "res26a", NULL, OBJ_CE, false, CE(0.02f, .nesterov = true)},
    {"ce-vgg26a", "vgg26a", NULL, OBJ_CE, false, CE(0.02f)},
    {"ce-vgg26a-nesterov", "vgg26a", NULL, OBJ_CE, false, CE(0.02f, .nesterov = true)},
    {"fsp-sum-res26a", "res14a", "res26a", OBJ_FSP, false, FSP(1e-4f)},
    {"fsp-sum-vgg26a", "res14a", "vgg26a", OBJ_FSP, false, FSP(1e-4f, .nesterov = true)},
    {"fsp-mean-res26a", "res14a", "res26a", OBJ_FSP, false, FSP(0.05f, .fsp_mean = true)},
    {"fsp-mean-vgg26a", "res14b", "vgg26a", OBJ_FSP, false, FSP(0.05f, .fsp_mean = true)},
    {"fsp-inside-res26a", "res14a", "res26a", OBJ_FSP, true, FSP(0.05f, .fsp_mean = true)},
    {"kd-res26a", "res14a", "res26a", OBJ_KD, false, KD(0.05f)},
    {"hint-res26a", "res14a", "res26a", OBJ_HINT, false, HINT(1e-4f)},
    {"hint-res14x2", "res14a", "res14x2a", OBJ_HINT, false, HINT(1e-4f)},
};

static void check_result(const struct step_case *c, int step, const struct step_result *r)
{
    const float *f = r->fsp, *s = r->fsp_student, *t = r->fsp_teacher;
    float fsp[10] = {r->loss, f[0], f[1], f[2], s[0], s[1], s[2], t[0], t[1], t[2]}, kd[3] = {r->loss, r->ce, r->kd};
    char key[40];
    snprintf(key, sizeof key, "loss.%d", step);
    if (c->objective == OBJ_FSP)
        compare_losses(c->name, key, fsp, 10);
    else if (c->objective == OBJ_KD)
        compare_losses(c->name, key, kd, 3);
    else
        compare_losses(c->name, key, &r->loss, 1);
    if (c->objective == OBJ_CE)
        compare_losses(c->name, key, &r->ce, 1);
    if (c->objective == OBJ_HINT)
        compare_losses(c->name, key, &r->hint, 1);
}

/* A float holds a change of w only to half a unit of w's last place, once a step. */
static double storage_floor(size_t n, const float *w)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs((double)w[i]));
    return 2 * 0x1p-24 * top;
}

/* How far every tensor has moved. One that no loss reaches has kept every bit. */
static void check_change(const struct step_case *c, struct net *net)
{
    char prefix[40];
    snprintf(prefix, sizeof prefix, "student/%s", c->student);
    for (int i = 0; i < net_tensor_count(net); i++) {
        const struct net_tensor *t = net_tensor(net, i);
        float *before = tensor_start(net, i, prefix), *now = xmalloc(t->count * sizeof *now);
        double s[2 + PICKS], floor = storage_floor(t->count, before);
        net_tensor_get(net, i, now);
        summary(t->name, t->count, now, before, s);
        bool moves = reference(c->name, t->name)->v[1] > 0;
        compare_summary(c->name, t->name, s, t->count, step_tolerance, moves ? floor : 0);
        free(before);
        free(now);
    }
}

static float *start_regressor(struct train *t, size_t *n)
{
    int ci, co;
    *n = (size_t)train_regressor_size(t, &ci, &co);
    if (!*n)
        return NULL;
    float *w = filled("regressor", *n, 0, sqrt(3.0 / ci)), *v = xcalloc(*n, sizeof *v);
    train_regressor_set(t, w, v);
    free(v);
    return w;
}

static void check_regressor(const struct step_case *c, struct train *t, size_t n, const float *before)
{
    float *w = xmalloc(2 * n * sizeof *w);
    double s[2 + PICKS];
    train_regressor_get(t, w, w + n);
    summary("regressor", n, w, before, s);
    compare_summary(c->name, "regressor", s, n, step_tolerance, storage_floor(n, before));
    free(w);
}

static void check_eval_logits(struct backend *be, const char *name, struct net *net, const float *x)
{
    float *dx = be->ops->mem_alloc(be, BATCH * 32 * 32 * 4 * sizeof *dx), host[BATCH * CLASSES];
    float *logits = be->ops->mem_alloc(be, sizeof host);
    be->ops->upload(be, dx, x, BATCH * 32 * 32 * 4 * sizeof *dx);
    net_fold(net);
    net_infer(net, BATCH, dx, NULL, NULL, 0, logits);
    be->ops->download(be, host, logits, sizeof host);
    compare_floats(name, "eval.logits", BATCH * CLASSES, host, step_tolerance);
    be->ops->mem_free(be, dx);
    be->ops->mem_free(be, logits);
}

static void check_steps(struct backend *be, const struct step_case *c)
{
    struct net *student = make_net(be, c->student, "student");
    struct net *teacher = c->teacher ? make_net(be, c->teacher, "teacher") : NULL;
    struct err err;
    struct train *t = train_new(be, student, teacher, BATCH, c->inside, &err);
    float *x = make_images((int)reference(c->name, "images")->v[0]), *regressor = NULL;
    size_t n_regressor = 0;
    int labels[BATCH];
    assert_non_null(t);
    make_labels(labels);
    if (c->objective == OBJ_HINT)
        regressor = start_regressor(t, &n_regressor);
    for (int step = 0; step < 2; step++) {
        struct step_result r;
        assert_true(train_step(t, c->objective, x, labels, &c->h, &r, &err));
        check_result(c, step, &r);
    }
    check_change(c, student);
    if (regressor)
        check_regressor(c, t, n_regressor, regressor);
    check_eval_logits(be, c->name, student, x);
    free(x);
    free(regressor);
    train_free(t);
    net_free(student);
    net_free(teacher);
}

/* ---- tests ---- */

static void check_nets(struct backend *be, enum objective unused)
{
    static const char *const names[] = {"res14a", "res14b", "res26a", "vgg26a"};
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        check_net(be, names[i]);
}

static void check_objective(struct backend *be, enum objective objective)
{
    for (size_t i = 0; i < ARRAY_LEN(step_cases); i++)
        if (step_cases[i].objective == objective)
            check_steps(be, &step_cases[i]);
}

static void run_on(struct backend *be, void (*check)(struct backend *, enum objective), enum objective objective)
{
    struct err err;
    worst = 0;
    check(be, objective);
    if (!be->ops->sync(be, &err))
        fail_msg("%s", err.msg);
    print_message("           %s %s: largest difference %.2g of what is allowed\n", be->info.name, be->info.isa, worst);
    backend_free(be);
}

/* A backend of the plug-in, or NULL where there is none. */
static struct backend *open_plugin(void)
{
    const char *build = getenv("BUILD"), *named = getenv("FSPLAB_PLUGIN");
    struct backend *be = NULL;
    struct err err = {0};
    char *path = named ? xstrdup(named) : xstrfmt("%s/tests/cuda_host.so", build ? build : "build/release");
    if (named || access(path, F_OK) == 0) {
        const struct cuda_plugin *p = cuda_plugin_find(path, &err);
        if (!p || !(be = p->open(0, &err)))
            fail_msg("%s", err.msg);
    }
    free(path);
    return be;
}

/* On every instruction set that this processor has, and on the plug-in. */
static void on_each_device(void (*check)(struct backend *, enum objective), enum objective objective)
{
    static const char *const isas[] = {"generic", "sse2", "avx2", "avx512"};
    int ran = 0;
    disagreements = 0;
    for (size_t i = 0; i < ARRAY_LEN(isas); i++) {
        struct backend *be = backend_cpu_new(2, isas[i], NULL);
        if (!be)
            continue;
        run_on(be, check, objective);
        ran++;
    }
    assert_true(ran > 0);
    struct backend *be = open_plugin();
    if (be)
        run_on(be, check, objective);
    if (disagreements)
        fail_msg("%d values differ from PyTorch's", disagreements);
}

static void nets_compute_what_pytorch_does(void **state)
{
    (void)state;
    on_each_device(check_nets, OBJ_CE);
}

static void ce_steps_move_as_in_pytorch(void **state)
{
    (void)state;
    on_each_device(check_objective, OBJ_CE);
}

static void fsp_steps_move_as_in_pytorch_and_spare_the_classifier(void **state)
{
    (void)state;
    on_each_device(check_objective, OBJ_FSP);
}

static void kd_steps_move_as_in_pytorch(void **state)
{
    (void)state;
    on_each_device(check_objective, OBJ_KD);
}

static void hint_steps_move_as_in_pytorch_and_spare_what_is_above(void **state)
{
    (void)state;
    on_each_device(check_objective, OBJ_HINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_compute_what_pytorch_does),
        cmocka_unit_test(ce_steps_move_as_in_pytorch),
        cmocka_unit_test(fsp_steps_move_as_in_pytorch_and_spare_the_classifier),
        cmocka_unit_test(kd_steps_move_as_in_pytorch),
        cmocka_unit_test(hint_steps_move_as_in_pytorch_and_spare_what_is_above),
    };
    return cmocka_run_group_tests(tests, read_reference, free_reference);
}
