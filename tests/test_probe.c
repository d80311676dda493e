/* The probe: which maps a block has, and its matrices, against float64 loops over the taps; the taps inside blocks against
 * float64 convolutions with the net's own weights. Section matrices against PyTorch are in test_parity. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/nn/probe.h"

/* ---- nets and images ---- */

static struct net_spec spec_of(const char *name, bool b)
{
    struct net_spec s;
    struct err err = {0};
    if (!net_parse(name, b, 10, &s, &err))
        fail_msg("%s", err.msg);
    return s;
}

/* A net with every tensor drawn, running statistics too, so that no two of its maps are alike. */
static struct net *drawn_net(struct backend *be, const char *name, bool b)
{
    struct net_spec s = spec_of(name, b);
    struct net *net = net_new(be, &s);
    struct rng rng;
    net_init(net, 5);
    rng_seed(&rng, 7, 1);
    for (int i = 0; i < net_tensor_count(net); i++) {
        const struct net_tensor *t = net_tensor(net, i);
        if (t->rank > 1)
            continue;
        float *v = xcalloc(t->count, sizeof *v);
        bool positive = strstr(t->name, "weight") || strstr(t->name, "var");
        for (size_t k = 0; k < t->count; k++)
            v[k] = positive ? 0.5f + (float)rng_uniform(&rng) : (float)rng_uniform(&rng) - 0.3f;
        net_tensor_set(net, i, v);
        free(v);
    }
    net_fold(net);
    return net;
}

static float *drawn_image(uint64_t seed)
{
    float *x = xcalloc(32 * 32 * 4, sizeof *x);
    struct rng rng;
    rng_seed(&rng, seed, 2);
    for (int i = 0; i < 32 * 32 * 4; i++)
        x[i] = i % 4 == 3 ? 0 : (float)rng_normal(&rng);
    return x;
}

static size_t map_floats(const struct net_spec *s, int tap)
{
    struct map_shape m = net_tap_shape(s, tap);
    return (size_t)(m.h * m.w * m.c);
}

/* One tap of one image, on the host, by an inference of its own; free(). */
static float *tap_of(struct backend *be, struct net *net, const float *x, int tap)
{
    size_t bytes = map_floats(net_spec(net), tap) * sizeof(float);
    float *dx = be->ops->mem_alloc(be, 32 * 32 * 4 * sizeof *dx), *map = be->ops->mem_alloc(be, bytes),
          *host = xmalloc(bytes);
    be->ops->upload(be, dx, x, 32 * 32 * 4 * sizeof *dx);
    net_infer(net, 1, dx, &tap, &map, 1, NULL);
    be->ops->download(be, host, map, bytes);
    be->ops->mem_free(be, dx);
    be->ops->mem_free(be, map);
    return host;
}

/* Largest difference relative to the largest magnitude of `want`. */
static double off_by(size_t n, const float *got, const double *want)
{
    double diff = 0, top = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - want[i]);
        diff = d <= diff ? diff : d; /* a NaN stays */
        top = fmax(top, fabs(want[i]));
    }
    assert_true(top > 0);
    return diff / top;
}

/* ---- float64 ---- */

/* eq. 1 of Yim et al., the larger map max-pooled; side and stride from the shapes. */
static double *fsp64(struct map_shape a, const float *f1, struct map_shape b, const float *f2)
{
    int h = a.h < b.h ? a.h : b.h, s1 = a.h / h, s2 = b.h / h;
    double *g = xcalloc((size_t)(a.c * b.c), sizeof *g);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < h; x++)
            for (int i = 0; i < a.c; i++)
                for (int j = 0; j < b.c; j++) {
                    double v1 = -INFINITY, v2 = -INFINITY;
                    for (int k = 0; k < s1 * s1; k++)
                        v1 = fmax(v1, (double)f1[((y * s1 + k / s1) * a.w + x * s1 + k % s1) * a.c + i]);
                    for (int k = 0; k < s2 * s2; k++)
                        v2 = fmax(v2, (double)f2[((y * s2 + k / s2) * b.w + x * s2 + k % s2) * b.c + j]);
                    g[i * b.c + j] += v1 * v2 / (h * h);
                }
    return g;
}

static float *tensor_of(struct net *net, const char *name)
{
    for (int i = 0; i < net_tensor_count(net); i++)
        if (strcmp(net_tensor(net, i)->name, name) == 0) {
            float *v = xmalloc(net_tensor(net, i)->count * sizeof *v);
            net_tensor_get(net, i, v);
            return v;
        }
    fail_msg("no tensor %s", name);
    return NULL;
}

/* relu(bn(conv(in))) by the tensors LAYER.convK and LAYER.bnK, 3x3, from their definitions. */
static double *unit64(struct net *net, const char *layer, int k, struct map_shape a, const float *in,
                      struct map_shape b)
{
    static const char *const parts[] = {"conv%d.weight", "bn%d.weight", "bn%d.bias", "bn%d.running_mean",
                                        "bn%d.running_var"};
    float *t[5];
    int stride = a.h / b.h;
    double *out = xcalloc((size_t)(b.h * b.w * b.c), sizeof *out);
    for (int i = 0; i < 5; i++) {
        char name[80], part[40];
        snprintf(part, sizeof part, parts[i], k);
        snprintf(name, sizeof name, "%s.%s", layer, part);
        t[i] = tensor_of(net, name);
    }
    for (int y = 0; y < b.h; y++)
        for (int x = 0; x < b.w; x++)
            for (int o = 0; o < b.c; o++) {
                double z = 0;
                for (int q = 0; q < 9 * a.c; q++) {
                    int sy = y * stride + q / 3 % 3 - 1, sx = x * stride + q % 3 - 1, c = q / 9;
                    if (sy >= 0 && sy < a.h && sx >= 0 && sx < a.w)
                        z += (double)t[0][o * a.c * 9 + q] * (double)in[(sy * a.w + sx) * a.c + c];
                }
                z = (z - (double)t[3][o]) / sqrt((double)t[4][o] + 1e-5) * (double)t[1][o] + (double)t[2][o];
                out[(y * b.w + x) * b.c + o] = z > 0 ? z : 0;
            }
    for (int i = 0; i < 5; i++)
        free(t[i]);
    return out;
}

/* ---- tests ---- */

static void blocks_are_counted_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *net;
        int blocks, block, first, last;
        const char *name;
    } rows[] = {
        {"res14", 6, 1, 0, 1, "section 1, block 1"},   {"res14", 6, 6, 5, 6, "section 3, block 2"},
        {"res26", 12, 5, 4, 5, "section 2, block 1"},  {"res26", 12, 12, 11, 12, "section 3, block 4"},
        {"vgg26", 24, 1, 0, -1, "section 1, layer 1"}, {"vgg26", 24, 2, -1, 1, "section 1, layer 2"},
        {"vgg26", 24, 5, 2, -3, "section 1, layer 5"}, {"vgg26", 24, 8, -4, 4, "section 1, layer 8"},
        {"vgg26", 24, 9, 4, -5, "section 2, layer 1"}, {"vgg26", 24, 24, -12, 12, "section 3, layer 8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct net_spec s = spec_of(rows[i].net, false);
        struct probe_pair p = probe_block_pair(&s, rows[i].block);
        char name[48];
        probe_block_name(&s, rows[i].block, name, sizeof name);
        assert_int_equal(probe_blocks(&s), rows[i].blocks);
        assert_string_equal(name, rows[i].name);
        assert_int_equal(p.first, rows[i].first);
        assert_int_equal(p.last, rows[i].last);
    }
}

static void a_block_has_its_like_at_the_same_depth(void **state)
{
    (void)state;
    struct net_spec r14 = spec_of("res14", false), r26 = spec_of("res26", false), v26 = spec_of("vgg26", false);
    static const int of_26[] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6};
    for (int b = 1; b <= 12; b++)
        assert_int_equal(probe_match(&r26, b, &r14), of_26[b - 1]);
    for (int b = 1; b <= 24; b++) {
        assert_int_equal(probe_match(&v26, b, &r14), (b + 3) / 4);
        assert_int_equal(probe_match(&v26, b, &v26), b);
    }
    for (int b = 1; b <= 6; b++)
        assert_int_equal(probe_match(&r14, b, &r26), 2 * b);
}

/* Layer by layer: the value inside a block from the block's input; of a VGG the block's output from the value inside. */
static void taps_inside_blocks_are_the_first_convolutions_values(void **state)
{
    (void)state;
    static const char *const nets[] = {"vgg14w4", "res14w4", "res14w4"};
    struct backend *be = backend_cpu_new(1, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(nets); i++) {
        struct net *net = drawn_net(be, nets[i], i == 2);
        const struct net_spec *s = net_spec(net);
        float *x = drawn_image(i);
        for (int b = 1; b <= net_blocks(s); b++) {
            char layer[32];
            snprintf(layer, sizeof layer, "layer%d.%d", (b - 1) / s->n + 1, (b - 1) % s->n);
            struct map_shape from = net_tap_shape(s, b - 1), to = net_tap_shape(s, b), mid = net_tap_shape(s, -b);
            assert_memory_equal(&mid, &to, sizeof mid);
            float *in = tap_of(be, net, x, b - 1), *inside = tap_of(be, net, x, -b), *out = tap_of(be, net, x, b);
            double *want = unit64(net, layer, 1, from, in, to), *behind = unit64(net, layer, 2, to, inside, to);
            assert_true(off_by(map_floats(s, b), inside, want) < 1e-5);
            if (s->kind == NET_VGG)
                assert_true(off_by(map_floats(s, b), out, behind) < 1e-5);
            free(in), free(inside), free(out), free(want), free(behind);
        }
        free(x);
        net_free(net);
    }
    backend_free(be);
}

static void check_pair(struct backend *be, struct net *net, const float *x, struct probe_pair p, const float *g)
{
    const struct net_spec *s = net_spec(net);
    struct map_shape a = net_tap_shape(s, p.first), b = net_tap_shape(s, p.last);
    float *f1 = tap_of(be, net, x, p.first), *f2 = tap_of(be, net, x, p.last);
    double *want = fsp64(a, f1, b, f2);
    int m, n;
    probe_shape(s, p, &m, &n);
    assert_int_equal(m, a.c);
    assert_int_equal(n, b.c);
    double off = off_by((size_t)(m * n), g, want);
    if (!(off < 1e-5))
        fail_msg("taps %d and %d: off by %.1e", p.first, p.last, off);
    free(f1), free(f2), free(want);
}

/* Every block of every kind of net, on every instruction set; pooling where a section begins. */
static void matrices_of_blocks_are_those_of_float64(void **state)
{
    (void)state;
    static const char *const isas[] = {"sse2", "avx2", "avx512", "generic"};
    static const char *const nets[] = {"res14w8", "res20w4", "res14w8", "vgg14w8", "vgg20w4"};
    int seen = 0;
    for (size_t k = 0; k < ARRAY_LEN(isas); k++) {
        struct backend *be = backend_cpu_new(2, isas[k], NULL);
        for (size_t i = 0; be && i < ARRAY_LEN(nets); i++, seen++) {
            struct net *net = drawn_net(be, nets[i], i == 2);
            float *x = drawn_image(10 + i), *g = xcalloc(64 * 64, sizeof *g);
            for (int b = 1; b <= probe_blocks(net_spec(net)); b++) {
                struct probe_pair p = probe_block_pair(net_spec(net), b);
                struct err err = {0};
                assert_true(probe_fsp(be, net, x, &p, 1, &g, &err));
                check_pair(be, net, x, p, g);
            }
            free(x), free(g);
            net_free(net);
        }
        backend_free(be);
    }
    assert_true(seen > 0);
}

static void matrices_of_sections_are_those_of_float64(void **state)
{
    (void)state;
    static const char *const nets[] = {"res26w8", "vgg26w8"};
    struct backend *be = backend_cpu_new(2, NULL, NULL);
    for (size_t i = 0; i < 2 * ARRAY_LEN(nets); i++) {
        struct net *net = drawn_net(be, nets[i / 2], false);
        float *x = drawn_image(20 + i), *g[3];
        struct probe_pair p[3];
        struct err err = {0};
        for (int k = 0; k < 3; k++) {
            p[k] = probe_section_pair(net_spec(net), k + 1, i % 2);
            g[k] = xcalloc(64 * 64, sizeof *g[k]);
        }
        assert_int_equal(p[0].first, (int)(i % 2)); /* inside: from the first block's output */
        assert_int_equal(p[1].last, 8);
        assert_true(probe_fsp(be, net, x, p, 3, g, &err));
        for (int k = 0; k < 3; k++) {
            check_pair(be, net, x, p[k], g[k]);
            free(g[k]);
        }
        free(x);
        net_free(net);
    }
    backend_free(be);
}

static void reducing_averages_cells(void **state)
{
    (void)state;
    static const float g[3 * 5] = {1, 2, 3, 4, 10, /**/ 5, 6, 7, 8, 20, /**/ 9, 1, 2, 3, 30};
    static const float by_2[2 * 3] = {3.5f, 5.5f, 15, 5, 2.5f, 30};
    float out[15];
    probe_reduce(3, 5, g, 1, out);
    assert_memory_equal(out, g, sizeof g);
    probe_reduce(3, 5, g, 2, out);
    assert_memory_equal(out, by_2, sizeof by_2);
    probe_reduce(3, 5, g, 9, out);
    assert_true(fabsf(out[0] - 111.0f / 15) < 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_counted_and_named),
        cmocka_unit_test(a_block_has_its_like_at_the_same_depth),
        cmocka_unit_test(taps_inside_blocks_are_the_first_convolutions_values),
        cmocka_unit_test(matrices_of_blocks_are_those_of_float64),
        cmocka_unit_test(matrices_of_sections_are_those_of_float64),
        cmocka_unit_test(reducing_averages_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
