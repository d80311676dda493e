/* One inference with the taps that the pairs need, each once, then the backend's own FSP on batches of one. */
#include "probe.h"

#include <assert.h>
#include <stdio.h>

static int blocks_per_section(const struct net_spec *s)
{
    return s->kind == NET_VGG ? 2 * s->n : s->n;
}

int probe_blocks(const struct net_spec *s)
{
    return 3 * blocks_per_section(s);
}

void probe_block_name(const struct net_spec *s, int block, char *buf, size_t cap)
{
    int per = blocks_per_section(s);
    assert(block >= 1 && block <= 3 * per);
    snprintf(buf, cap, "section %d, %s %d", (block - 1) / per + 1, s->kind == NET_VGG ? "layer" : "block",
             (block - 1) % per + 1);
}

/* The tap behind layer 0..6n of a vggN. */
static int layer_tap(int layer)
{
    return layer % 2 ? -(layer + 1) / 2 : layer / 2;
}

struct probe_pair probe_block_pair(const struct net_spec *s, int block)
{
    assert(block >= 1 && block <= probe_blocks(s));
    if (s->kind == NET_VGG)
        return (struct probe_pair){layer_tap(block - 1), layer_tap(block)};
    return (struct probe_pair){block - 1, block};
}

struct probe_pair probe_section_pair(const struct net_spec *s, int section, bool inside)
{
    struct fsp_taps t = fsp_taps(s, inside);
    assert(section >= 1 && section <= 3);
    return (struct probe_pair){t.first[section - 1], t.last[section - 1]};
}

void probe_shape(const struct net_spec *s, struct probe_pair p, int *m, int *n)
{
    struct fsp_pair f = fsp_pair_of(s, 1, p.first, p.last);
    *m = f.c1;
    *n = f.c2;
}

int probe_match(const struct net_spec *from, int block, const struct net_spec *to)
{
    int a = probe_blocks(from), b = probe_blocks(to);
    return (block * b + a - 1) / a;
}

/* ---- the matrices ---- */

/* The distinct taps of some pairs, and memory for their maps and for the largest matrix. */
struct work {
    int n, tap[2 * PROBE_PAIRS];
    float *map[2 * PROBE_PAIRS], *x, *g;
};

static void want_tap(struct work *w, int tap)
{
    for (int i = 0; i < w->n; i++)
        if (w->tap[i] == tap)
            return;
    w->tap[w->n++] = tap;
}

static float *map_of(const struct work *w, int tap)
{
    int i = 0;
    while (w->tap[i] != tap)
        i++;
    return w->map[i];
}

static bool work_alloc(struct work *w, struct backend *be, const struct net_spec *s, size_t matrix)
{
    w->x = be->ops->mem_alloc(be, 32 * 32 * 4 * sizeof(float));
    w->g = be->ops->mem_alloc(be, matrix * sizeof(float));
    bool ok = w->x && w->g;
    for (int i = 0; i < w->n; i++) {
        struct map_shape m = net_tap_shape(s, w->tap[i]);
        w->map[i] = be->ops->mem_alloc(be, (size_t)m.h * (size_t)m.w * (size_t)m.c * sizeof(float));
        ok &= w->map[i] != NULL;
    }
    return ok;
}

static void work_free(struct work *w, struct backend *be)
{
    be->ops->mem_free(be, w->x);
    be->ops->mem_free(be, w->g);
    for (int i = 0; i < w->n; i++)
        be->ops->mem_free(be, w->map[i]);
}

bool probe_fsp(struct backend *be, struct net *net, const float *x, const struct probe_pair *pairs, int n,
               float *const *g, struct err *err)
{
    const struct net_spec *s = net_spec(net);
    struct work w = {0};
    size_t largest = 0;
    assert(n >= 1 && n <= PROBE_PAIRS);
    for (int i = 0; i < n; i++) {
        int rows, columns;
        probe_shape(s, pairs[i], &rows, &columns);
        size_t size = (size_t)rows * (size_t)columns;
        largest = size > largest ? size : largest;
        want_tap(&w, pairs[i].first);
        want_tap(&w, pairs[i].last);
    }
    if (work_alloc(&w, be, s, largest)) { /* otherwise sync says so */
        be->ops->upload(be, w.x, x, 32 * 32 * 4 * sizeof *x);
        net_infer(net, 1, w.x, w.tap, w.map, w.n, NULL);
        for (int i = 0; i < n; i++) {
            struct fsp_pair p = fsp_pair_of(s, 1, pairs[i].first, pairs[i].last);
            be->ops->fsp_forward(be, &p, map_of(&w, pairs[i].first), map_of(&w, pairs[i].last), w.g);
            be->ops->download(be, g[i], w.g, (size_t)p.c1 * (size_t)p.c2 * sizeof **g);
        }
    }
    work_free(&w, be);
    return be->ops->sync(be, err);
}

void probe_reduce(int m, int n, const float *g, int f, float *out)
{
    for (int i = 0; i < m; i += f)
        for (int j = 0; j < n; j += f) {
            int rows = m - i < f ? m - i : f, columns = n - j < f ? n - j : f;
            double sum = 0;
            for (int y = i; y < i + rows; y++)
                for (int x = j; x < j + columns; x++)
                    sum += (double)g[y * n + x];
            *out++ = (float)(sum / (rows * columns));
        }
}
