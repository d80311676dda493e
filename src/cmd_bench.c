/* `fsplab bench`: images a second of whole training steps, and GFLOP/s of single operations. Steps are interleaved
 * and medians taken, so that a change of the machine's pace hits all alike. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_bench.h"
#include "nn/train.h"
#include "weights.h"

struct bench {
    const char *name, *student, *teacher;
    enum objective objective;
    bool infer, shortcut_b, inside;
    struct net *snet, *tnet;
    struct train *train;
    double *seconds;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static bool bench_open(struct bench *b, struct backend *be, int batch, int repeats, struct err *err)
{
    struct net_spec s;
    if (!net_parse(b->student, b->shortcut_b, 10, &s, err))
        return false;
    b->seconds = xcalloc((size_t)repeats, sizeof *b->seconds);
    b->snet = net_new(be, &s);
    net_init(b->snet, 1);
    if (b->teacher) {
        bool file = strstr(b->teacher, ".safetensors") != NULL;
        if (file ? !weights_spec_of(b->teacher, &s, err) : !net_parse(b->teacher, b->shortcut_b, 10, &s, err))
            return false;
        b->tnet = net_new(be, &s);
        net_init(b->tnet, 2);
    }
    if (b->infer) {
        net_fold(b->snet);
        return true;
    }
    b->train = train_new(be, b->snet, b->tnet, batch, b->inside, err);
    if (b->train && b->objective == OBJ_HINT)
        train_regressor_init(b->train, 3);
    return b->train != NULL;
}

static bool bench_once(struct bench *b, struct backend *be, int batch, const float *x, const int *labels,
                       double *seconds, struct err *err)
{
    const struct hyper h = {.lr = 1e-4f,
                            .momentum = 0.9f,
                            .weight_decay = 1e-4f,
                            .lambda = {1e-4f, 1e-4f, 1e-4f},
                            .kd_temperature = 4,
                            .kd_weight = 0.9f};
    struct step_result r;
    int correct;
    float loss;
    double t0 = clock_seconds();
    bool ok = b->infer ? eval_batch(be, b->snet, x, labels, batch, &correct, &loss, err)
                       : train_step(b->train, b->objective, x, labels, &h, &r, err);
    *seconds = clock_seconds() - t0;
    return ok;
}

static void bench_close(struct bench *b)
{
    train_free(b->train);
    net_free(b->snet);
    net_free(b->tnet);
    free(b->seconds);
}

struct bench_options {
    int batch, threads, repeats;
};

/* On the device that --set names. */
static struct backend *bench_backend(const struct cmd_options *o, const struct bench_options *bo, struct err *err)
{
    struct params p;
    params_init(&p);
    for (int i = 0; i < o->n_set; i++)
        if (!params_set_pair(&p, o->set[i], err))
            return NULL;
    return backend_new(p.device, bo->threads, err);
}

static void random_batch(int batch, float **x, int **labels)
{
    struct rng rng;
    rng_seed(&rng, 1, RNG_SYNTH);
    *x = xalloc_aligned((size_t)batch * 32 * 32 * 4 * sizeof **x);
    *labels = xcalloc((size_t)batch, sizeof **labels);
    for (int i = 0; i < batch * 32 * 32 * 4; i++)
        (*x)[i] = i % 4 == 3 ? 0 : (float)rng_normal(&rng);
    for (int i = 0; i < batch; i++)
        (*labels)[i] = (int)rng_below(&rng, 10);
}

static void print_steps(const struct cmd_options *o, const struct bench_options *bo, const struct backend *be,
                        struct bench *b, int n)
{
    json_t *steps = json_array();
    if (!o->json)
        printf("%s %s, %d thread%s, batch %d, median of %d\n", be->info.name, be->info.isa, be->info.threads,
               be->info.threads == 1 ? "" : "s", bo->batch, bo->repeats);
    for (int i = 0; i < n; i++) {
        double rate = bo->batch / bench_median(b[i].seconds, bo->repeats);
        json_array_append_new(steps,
                              json_pack("{s:s, s:s, s:s, s:s?, s:f}", "name", b[i].name, "precision", "f32", "student",
                                        b[i].student, "teacher", b[i].teacher, "images_per_second", rate));
        if (!o->json)
            printf("  %-10s %-8s%s%-8s %9.1f images/s\n", b[i].name, b[i].student, b[i].teacher ? " <- " : "    ",
                   b[i].teacher ? b[i].teacher : "", rate);
    }
    json_t *all = json_pack("{s:s, s:s, s:i, s:i, s:i, s:o}", "device", be->info.name, "isa", be->info.isa, "threads",
                            be->info.threads, "batch", bo->batch, "repeats", bo->repeats, "steps", steps);
    if (o->json) {
        char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts(text);
        free(text);
    }
    json_decref(all);
}

enum { STEPS_MAX = 5 };

/* The steps of a study with these settings: of its teacher, of the transfer, of fine-tuning. */
static int study_steps(const struct params *p, struct bench b[STEPS_MAX])
{
    static const enum objective objectives[] = {
        [METHOD_NONE] = OBJ_CE, [METHOD_KD] = OBJ_KD, [METHOD_HINT] = OBJ_HINT, [METHOD_FSP] = OBJ_FSP};
    int n = 0;
    if (p->method != METHOD_NONE && !strstr(p->teacher, ".safetensors"))
        b[n++] = (struct bench){.name = "teacher", .student = p->teacher, .objective = OBJ_CE};
    if (p->method == METHOD_FSP || p->method == METHOD_HINT)
        b[n++] = (struct bench){
            .name = "transfer", .student = p->student, .teacher = p->teacher, .objective = objectives[p->method]};
    bool soft = p->method == METHOD_KD || p->method == METHOD_HINT;
    b[n++] = (struct bench){.name = "finetune",
                            .student = p->student,
                            .teacher = soft ? p->teacher : NULL,
                            .objective = soft ? OBJ_KD : OBJ_CE};
    for (int i = 0; i < n; i++) {
        b[i].shortcut_b = p->shortcut == SHORTCUT_B;
        b[i].inside = p->pairing == PAIRING_INSIDE;
    }
    return n;
}

static int usual_steps(struct bench b[STEPS_MAX])
{
    b[0] = (struct bench){.name = "fsp", .student = "res14", .teacher = "res26", .objective = OBJ_FSP};
    b[1] = (struct bench){.name = "fsp-vgg", .student = "res14", .teacher = "vgg26", .objective = OBJ_FSP};
    b[2] = (struct bench){.name = "finetune", .student = "res14", .objective = OBJ_CE};
    b[3] = (struct bench){.name = "teacher", .student = "res26", .objective = OBJ_CE};
    b[4] = (struct bench){.name = "eval", .student = "res26", .infer = true};
    return 5;
}

/* With --set a study's steps, unless that names the device only; else the usual ones. */
static int choose_steps(const struct cmd_options *o, struct bench_options *bo, struct params *p,
                        struct bench b[STEPS_MAX], struct err *err)
{
    bool study = false;
    params_init(p);
    for (int i = 0; i < o->n_set; i++) {
        if (!params_set_pair(p, o->set[i], err))
            return -1;
        study |= strncmp(o->set[i], "device=", 7) != 0;
    }
    if (!study)
        return usual_steps(b);
    bo->batch = p->batch;
    bo->threads = p->threads;
    return study_steps(p, b);
}

static int bench_steps(const struct cmd_options *o, struct bench_options *bo)
{
    struct bench b[STEPS_MAX] = {{0}};
    struct params p;
    struct err err = {0};
    int n = choose_steps(o, bo, &p, b, &err);
    struct backend *be = n < 0 ? NULL : backend_new(p.device, bo->threads, &err);
    float *x = NULL;
    int *labels = NULL;
    bool ok = be != NULL;
    random_batch(bo->batch, &x, &labels);
    for (int i = 0; ok && i < n; i++)
        ok = bench_open(&b[i], be, bo->batch, bo->repeats, &err);
    for (int r = -2; ok && r < bo->repeats; r++) /* two rounds to warm up */
        for (int i = 0; ok && i < n; i++) {
            double ignored;
            ok = bench_once(&b[i], be, bo->batch, x, labels, r < 0 ? &ignored : &b[i].seconds[r], &err);
        }
    if (ok)
        print_steps(o, bo, be, b, n);
    for (int i = 0; i < n; i++)
        bench_close(&b[i]);
    free(x);
    free(labels);
    backend_free(be);
    return ok ? 0 : cmd_fail(o, &err);
}

/* ---- single operations ---- */

struct op_case {
    int side, ci, co, stride;
};

struct op_data {
    struct conv conv;
    struct node in, out;
    struct bn bn;
    float *x, *z, *da, *din, *stats;
};

static void op_open(struct op_data *d, struct backend *be, const struct op_case *c, int batch)
{
    size_t nx = (size_t)batch * (size_t)c->side * (size_t)c->side * (size_t)c->ci;
    int so = c->side / c->stride;
    size_t nz = (size_t)batch * (size_t)so * (size_t)so * (size_t)c->co, nw = 9 * (size_t)c->ci * (size_t)c->co,
           k = (size_t)c->co;
    float *w = be->ops->mem_alloc(be, 2 * nw * sizeof *w);
    d->x = be->ops->mem_alloc(be, nx * sizeof(float));
    d->z = be->ops->mem_alloc(be, nz * sizeof(float));
    d->da = be->ops->mem_alloc(be, nz * sizeof(float));
    d->din = be->ops->mem_alloc(be, nx * sizeof(float));
    d->stats = be->ops->mem_alloc(be, 10 * k * sizeof(float));
    float *s = d->stats;
    d->bn =
        (struct bn){s, s + k, s + 2 * k, s + 3 * k, s + 4 * k, s + 5 * k, s + 6 * k, s + 7 * k, s + 8 * k, s + 9 * k};
    d->conv = (struct conv){batch, c->side, c->side, c->ci, c->co, 3, c->stride, w, w + nw};
    d->in = (struct node){.h = c->side, .w = c->side, .c = c->ci, .z = d->x, .a = d->x};
    d->out = (struct node){.h = so, .w = so, .c = c->co, .z = d->z, .bn = &d->bn, .relu = true};
}

static void op_close(struct op_data *d, struct backend *be)
{
    void *all[] = {(void *)d->conv.weight, d->x, d->z, d->da, d->din, d->stats};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        be->ops->mem_free(be, all[i]);
}

/* which: 0 forward, 1 backward of weights, 2 backward of both */
static double op_seconds(struct op_data *d, struct backend *be, int which, int repeats)
{
    double *t = xcalloc((size_t)repeats, sizeof *t);
    for (int r = -1; r < repeats; r++) {
        double t0 = clock_seconds();
        if (which == 0)
            be->ops->conv_forward(be, &d->conv, &d->in, false, d->z, &d->bn);
        else
            be->ops->conv_backward(be, &d->conv, &d->in, &d->out, d->da, which == 2 ? d->din : NULL, false, false);
        be->ops->sync(be, NULL);
        if (r >= 0)
            t[r] = clock_seconds() - t0;
    }
    double m = bench_median(t, repeats);
    free(t);
    return m;
}

static int bench_ops(const struct cmd_options *o, const struct bench_options *bo)
{
    static const struct op_case cases[] = {{32, 4, 16, 1},  {32, 16, 16, 1}, {32, 16, 32, 2},
                                           {16, 32, 32, 1}, {16, 32, 64, 2}, {8, 64, 64, 1}};
    struct err err = {0};
    struct backend *be = bench_backend(o, bo, &err);
    if (!be)
        return cmd_fail(o, &err);
    json_t *all = json_array();
    if (!o->json)
        printf("%s %s, %d threads, batch %d: GFLOP/s with batch norm and reading of the input\n%-26s %9s %9s %9s\n",
               be->info.name, be->info.isa, be->info.threads, bo->batch, "convolution 3x3", "forward", "weights",
               "back both");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct op_case *c = &cases[i];
        struct op_data d;
        op_open(&d, be, c, bo->batch);
        int so = c->side / c->stride;
        double flop = 2.0 * bo->batch * so * so * 9 * c->ci * c->co / 1e9, rate[3];
        for (int k = 0; k < 3; k++)
            rate[k] = (k == 2 ? 2 : 1) * flop / op_seconds(&d, be, k, bo->repeats);
        op_close(&d, be);
        if (!be->ops->sync(be, &err)) {
            json_decref(all);
            backend_free(be);
            return cmd_fail(o, &err);
        }
        json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:i, s:i, s:f, s:f, s:f}", "op", "conv3x3", "side",
                                             c->side, "ci", c->ci, "co", c->co, "stride", c->stride, "forward_gflops",
                                             rate[0], "weights_gflops", rate[1], "backward_gflops", rate[2]));
        if (!o->json)
            printf("%2dx%-2d %3d -> %-3d stride %d     %9.1f %9.1f %9.1f\n", c->side, c->side, c->ci, c->co, c->stride,
                   rate[0], rate[1], rate[2]);
    }
    if (o->json) {
        char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        puts(text);
        free(text);
    }
    json_decref(all);
    backend_free(be);
    return 0;
}

static void help(void)
{
    puts(
        "usage: fsplab bench [step | ops | search] [--batch N] [--threads N] [--repeats N] [--json]\n"
        "       fsplab bench step --set key=value... [--repeats N] [--json]\n"
        "\n"
        "step (default): images a second of the FSP step (RES14 from RES26, from VGG26), of fine-tuning RES14, of training\n"
        "and of evaluating RES26; the steps take turns, medians are given. With --set the steps of a study with these\n"
        "settings (teacher, student, method, batch, threads, device, ...).\n"
        "ops: GFLOP/s of the convolutions that these nets have.\n"
        "search: what the search strategies are worth; see `fsplab bench search --help`.\n"
        "\n"
        "On the CPU, or on a GPU with --set device=cuda.\n"
        "\n"
        "example: fsplab bench step --threads 1 --repeats 21");
}

bool bench_number(const char *name, const char *text, int max, int *to, struct err *err)
{
    char *end;
    long v = text ? strtol(text, &end, 10) : 0;
    if (!text || end == text || *end || v < 1 || v > max)
        return err_set(err, ERR_USAGE, "bench: %s '%s': expected 1 to %d", name, text ? text : "", max);
    *to = (int)v;
    return true;
}

int cmd_bench(int argc, char **argv)
{
    struct cmd_options o;
    struct bench_options bo = {.batch = 128, .threads = 0, .repeats = 9};
    struct err err = {0};
    const char *what = "step";
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (argc > 1 && strcmp(argv[1], "search") == 0)
        return cmd_bench_search(&o, argc - 1, argv + 1);
    if (o.help)
        return help(), 0;
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--batch") == 0)
            ok = bench_number(argv[i++], next, 4096, &bo.batch, &err);
        else if (strcmp(argv[i], "--threads") == 0)
            ok = bench_number(argv[i++], next, 64, &bo.threads, &err);
        else if (strcmp(argv[i], "--repeats") == 0)
            ok = bench_number(argv[i++], next, 10000, &bo.repeats, &err);
        else if (strcmp(argv[i], "step") == 0 || strcmp(argv[i], "ops") == 0)
            what = argv[i];
        else
            ok = err_set(&err, ERR_USAGE, "bench: '%s' is not understood; see `fsplab bench --help`", argv[i]);
        if (!ok)
            return cmd_fail(&o, &err);
    }
    return strcmp(what, "step") == 0 ? bench_steps(&o, &bo) : bench_ops(&o, &bo);
}
