/* Names, construction and tensors of a net; net_train.c trains it, net_infer.c runs it in inference form.
 * A net is a list of convolutions with batch norms (struct unit), made once from its spec, over flat blocks: one for
 * parameters, and of the same layout one each for gradients and momenta; one for running statistics. Order is from
 * input to output, so "what a loss reaches" is always a prefix. The stem's three input channels are stored as four
 * (the fourth is zero and stays zero). */
#include "net_impl.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- spec ---- */

bool net_parse(const char *name, bool shortcut_b, int classes, struct net_spec *s, struct err *err)
{
    char *end = NULL;
    memset(s, 0, sizeof *s);
    if (strncasecmp(name, "res", 3) != 0 && strncasecmp(name, "vgg", 3) != 0)
        return err_set(err, ERR_CONFIG,
                       "net '%s' is not known: allowed are resN and vggN with N = 6n + 2 (res14, vgg26, res14x4)",
                       name);
    s->kind = strncasecmp(name, "res", 3) == 0 ? NET_RES : NET_VGG;
    long depth = name[3] >= '0' && name[3] <= '9' ? strtol(name + 3, &end, 10) : -1;
    if (depth < 8 || depth > 1202 || (depth - 2) % 6 != 0) {
        long below = depth < 8 ? 8 : depth > 1202 ? 1202 : depth - (depth - 2) % 6;
        return err_set(err, ERR_CONFIG,
                       "net '%s': the depth is not 6n + 2 between 8 and 1202: the nearest are %.3s%ld and %.3s%ld",
                       name, name, below, name, below + 6 > 1202 ? 1202 : below + 6);
    }
    long width = 16;
    if (*end == 'x' || *end == 'w') {
        char *num = end + 1;
        long v = *num >= '0' && *num <= '9' ? strtol(num, &end, 10) : 0;
        width = num[-1] == 'x' ? 16 * v : v;
    }
    if (*end || width < 4 || width > 256 || width % 4)
        return err_set(
            err, ERR_CONFIG,
            "net '%s': the width is not known: allowed are xK (K times 16, up to x16) and wW (a multiple of 4 from 4 to 256)",
            name);
    s->depth = (int)depth;
    s->n = (int)(depth - 2) / 6;
    s->width = (int)width;
    s->option_b = shortcut_b && s->kind == NET_RES;
    s->classes = classes;
    return true;
}

void net_spec_format(const struct net_spec *s, char *buf, size_t cap)
{
    size_t len = str_append(buf, cap, 0, "%s%d", s->kind == NET_RES ? "res" : "vgg", s->depth);
    if (s->width % 16 == 0 && s->width != 16)
        str_append(buf, cap, len, "x%d", s->width / 16);
    else if (s->width != 16)
        str_append(buf, cap, len, "w%d", s->width);
}

struct map_shape net_tap_shape(const struct net_spec *s, int tap)
{
    int stage = tap == 0 ? 0 : (abs(tap) - 1) / s->n;
    return (struct map_shape){32 >> stage, 32 >> stage, s->width << stage};
}

/* ---- construction ---- */

static struct entry *add_entry(struct net *net, enum where where, enum layout layout, size_t offset, size_t count,
                               const char *prefix, const char *suffix)
{
    struct entry *e = &net->entries[net->n_entries++];
    *e = (struct entry){.where = where, .layout = layout, .offset = offset};
    snprintf(e->t.name, sizeof e->t.name, "%s.%s", prefix, suffix);
    e->t.parameter = where == IN_PARAMS;
    e->t.rank = 1;
    e->t.shape[0] = (int64_t)count;
    e->t.count = count;
    return e;
}

static int add_unit(struct net *net, int side, int ci, int co, int k, int stride, const char *conv_name,
                    const char *bn_name)
{
    struct unit *u = &net->units[net->n_units];
    int stored = ci == 3 ? 4 : ci;
    size_t weight = (size_t)k * (size_t)k * (size_t)stored * (size_t)co;
    u->conv = (struct conv){.h = side, .w = side, .ci = stored, .co = co, .k = k, .stride = stride};
    u->weight = net->n_params;
    u->gamma = u->weight + weight;
    u->beta = u->gamma + (size_t)co;
    u->end = net->n_params = u->beta + (size_t)co;
    u->folded = net->n_folded;
    u->bias = u->folded + weight;
    net->n_folded = u->bias + (size_t)co;
    struct entry *e = add_entry(net, IN_PARAMS, LAYOUT_CONV, u->weight, (size_t)k * (size_t)k * (size_t)ci * (size_t)co,
                                conv_name, "weight");
    e->t.rank = 4;
    e->t.shape[0] = co, e->t.shape[1] = ci, e->t.shape[2] = e->t.shape[3] = k;
    e->k = k, e->ci = ci, e->ci_stored = stored, e->co = co;
    add_entry(net, IN_PARAMS, LAYOUT_FLAT, u->gamma, (size_t)co, bn_name, "weight");
    add_entry(net, IN_PARAMS, LAYOUT_FLAT, u->beta, (size_t)co, bn_name, "bias");
    add_entry(net, IN_RUNNING, LAYOUT_FLAT, net->n_running, (size_t)co, bn_name, "running_mean");
    add_entry(net, IN_RUNNING, LAYOUT_FLAT, net->n_running + (size_t)co, (size_t)co, bn_name, "running_var");
    net->n_running += 2 * (size_t)co;
    return net->n_units++;
}

static void add_block(struct net *net, int b)
{
    const struct net_spec *s = &net->spec;
    struct block *bl = &net->blocks[b];
    int stage = b / s->n, i = b % s->n;
    struct map_shape in = net_tap_shape(s, b), out = net_tap_shape(s, b + 1);
    int stride = in.h / out.h;
    char conv[40], bn[40];
    snprintf(conv, sizeof conv, "layer%d.%d.conv1", stage + 1, i);
    snprintf(bn, sizeof bn, "layer%d.%d.bn1", stage + 1, i);
    bl->conv1 = add_unit(net, in.h, in.c, out.c, 3, stride, conv, bn);
    snprintf(conv, sizeof conv, "layer%d.%d.conv2", stage + 1, i);
    snprintf(bn, sizeof bn, "layer%d.%d.bn2", stage + 1, i);
    bl->conv2 = add_unit(net, out.h, out.c, out.c, 3, 1, conv, bn);
    bl->shortcut = -1;
    bl->res_kind = s->kind == NET_VGG ? RES_NONE : stride == 1 ? RES_SAME : s->option_b ? RES_BN : RES_PAD;
    if (bl->res_kind == RES_BN) {
        snprintf(conv, sizeof conv, "layer%d.%d.shortcut.0", stage + 1, i);
        snprintf(bn, sizeof bn, "layer%d.%d.shortcut.1", stage + 1, i);
        bl->shortcut = add_unit(net, in.h, in.c, out.c, 1, stride, conv, bn);
    }
}

static void add_classifier(struct net *net)
{
    size_t c = (size_t)net->spec.width * 4, k = (size_t)net->spec.classes;
    net->fc_weight = net->n_params;
    net->fc_bias = net->fc_weight + c * k;
    net->n_params = net->fc_bias + k;
    struct entry *e = add_entry(net, IN_PARAMS, LAYOUT_LINEAR, net->fc_weight, c * k, "linear", "weight");
    e->t.rank = 2;
    e->t.shape[0] = (int64_t)k, e->t.shape[1] = (int64_t)c;
    e->ci = (int)c, e->co = (int)k;
    add_entry(net, IN_PARAMS, LAYOUT_FLAT, net->fc_bias, k, "linear", "bias");
}

/* Points every unit's conv and bn into the blocks. */
static void bind_units(struct net *net)
{
    float *running = net->running, *stats = net->batch_stats;
    for (int i = 0; i < net->n_units; i++) {
        struct unit *u = &net->units[i];
        size_t co = (size_t)u->conv.co;
        u->conv.weight = net->params + u->weight;
        u->conv.dweight = net->grads + u->weight;
        u->bn = (struct bn){.gamma = net->params + u->gamma,
                            .beta = net->params + u->beta,
                            .running_mean = running,
                            .running_var = running + co,
                            .mean = stats,
                            .invstd = stats + co,
                            .scale = stats + 2 * co,
                            .shift = stats + 3 * co,
                            .dgamma = net->grads + u->gamma,
                            .dbeta = net->grads + u->beta};
        running += 2 * co;
        stats += 4 * co;
    }
}

struct net *net_new(struct backend *be, const struct net_spec *spec)
{
    struct net *net = xcalloc(1, sizeof *net);
    int units = 1 + 2 * net_blocks(spec) + 2;
    net->be = be;
    net->spec = *spec;
    net->n_blocks = net_blocks(spec);
    net->units = xcalloc((size_t)units, sizeof *net->units);
    net->blocks = xcalloc((size_t)net->n_blocks, sizeof *net->blocks);
    net->entries = xcalloc((size_t)units * 5 + 2, sizeof *net->entries);
    add_unit(net, 32, 3, spec->width, 3, 1, "conv1", "bn1");
    for (int b = 0; b < net->n_blocks; b++)
        add_block(net, b);
    add_classifier(net);
    net->params = net_floats(net, net->n_params);
    net->grads = net_floats(net, net->n_params);
    net->momentum = net_floats(net, net->n_params);
    net->running = net_floats(net, net->n_running);
    net->batch_stats = net_floats(net, 2 * net->n_running);
    net->folded = net_floats(net, net->n_folded);
    bind_units(net);
    return net;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    float *device[] = {net->params, net->grads,   net->momentum, net->running, net->batch_stats,
                       net->folded, net->z,       net->a,        net->d[0],    net->d[1],
                       net->d[2],   net->feature, net->dfeature, net->logits,  net->dlogits};
    for (size_t i = 0; i < ARRAY_LEN(device); i++)
        net->be->ops->mem_free(net->be, device[i]);
    free(net->units);
    free(net->blocks);
    free(net->entries);
    free(net);
}

const struct net_spec *net_spec(const struct net *net)
{
    return &net->spec;
}

/* ---- tensors by name ---- */

int net_tensor_count(const struct net *net)
{
    return net->n_entries;
}

const struct net_tensor *net_tensor(const struct net *net, int i)
{
    return &net->entries[i].t;
}

static size_t stored_count(const struct entry *e)
{
    return e->layout == LAYOUT_CONV ? (size_t)e->k * (size_t)e->k * (size_t)e->ci_stored * (size_t)e->co : e->t.count;
}

/* Copies between the stored layout ((kh, kw, ci_stored, co); linear (in, out)) and PyTorch's. */
static void reorder(const struct entry *e, float *stored, float *torch, bool to_torch)
{
    if (e->layout == LAYOUT_FLAT) {
        memcpy(to_torch ? torch : stored, to_torch ? stored : torch, e->t.count * sizeof *torch);
        return;
    }
    size_t k = e->layout == LAYOUT_CONV ? (size_t)e->k : 1, ci = (size_t)e->ci, co = (size_t)e->co;
    size_t held = e->layout == LAYOUT_CONV ? (size_t)e->ci_stored : ci;
    for (size_t o = 0; o < co; o++)
        for (size_t i = 0; i < ci; i++)
            for (size_t p = 0; p < k * k; p++) {
                float *t = torch + (o * ci + i) * k * k + p, *s = stored + (p * held + i) * co + o;
                *(to_torch ? t : s) = *(to_torch ? s : t);
            }
}

static void tensor_get(struct net *net, int i, const float *block, float *host)
{
    const struct entry *e = &net->entries[i];
    size_t n = stored_count(e);
    float *tmp = xcalloc(n, sizeof *tmp);
    net->be->ops->download(net->be, tmp, block + e->offset, n * sizeof *tmp);
    reorder(e, tmp, host, true);
    free(tmp);
}

static void tensor_set(struct net *net, int i, float *block, const float *host)
{
    const struct entry *e = &net->entries[i];
    size_t n = stored_count(e);
    float *tmp = xcalloc(n, sizeof *tmp);
    reorder(e, tmp, (float *)host, false);
    net->be->ops->upload(net->be, block + e->offset, tmp, n * sizeof *tmp);
    free(tmp);
}

void net_tensor_get(struct net *net, int i, float *host)
{
    tensor_get(net, i, net->entries[i].where == IN_PARAMS ? net->params : net->running, host);
}

void net_tensor_set(struct net *net, int i, const float *host)
{
    tensor_set(net, i, net->entries[i].where == IN_PARAMS ? net->params : net->running, host);
}

void net_momentum_get(struct net *net, int i, float *host)
{
    assert(net->entries[i].where == IN_PARAMS);
    tensor_get(net, i, net->momentum, host);
}

void net_momentum_set(struct net *net, int i, const float *host)
{
    assert(net->entries[i].where == IN_PARAMS);
    tensor_set(net, i, net->momentum, host);
}

void net_momentum_clear(struct net *net)
{
    net->be->ops->zero(net->be, net->momentum, net->n_params * sizeof(float));
}

static bool block_finite(struct net *net, const float *block, size_t n)
{
    float *host = xmalloc(n * sizeof *host);
    bool ok = true;
    net->be->ops->download(net->be, host, block, n * sizeof *host);
    for (size_t i = 0; i < n; i++)
        ok &= isfinite(host[i]) != 0;
    free(host);
    return ok;
}

bool net_finite(struct net *net)
{
    return block_finite(net, net->params, net->n_params) && block_finite(net, net->running, net->n_running);
}

void net_init(struct net *net, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, RNG_INIT);
    for (int i = 0; i < net->n_entries; i++) {
        const struct entry *e = &net->entries[i];
        size_t len = strlen(e->t.name);
        bool ones = len > 11 && strcmp(e->t.name + len - 11, "running_var") == 0;
        float *host = xcalloc(e->t.count, sizeof *host);
        if (e->layout != LAYOUT_FLAT) {
            double fan_in = (double)e->ci * (e->layout == LAYOUT_CONV ? e->k * e->k : 1);
            for (size_t j = 0; j < e->t.count; j++)
                host[j] = (float)(rng_normal(&rng) * sqrt(2 / fan_in));
        } else if (ones || (e->where == IN_PARAMS && strcmp(e->t.name + len - 6, "weight") == 0)) {
            for (size_t j = 0; j < e->t.count; j++)
                host[j] = 1;
        }
        net_tensor_set(net, i, host);
        free(host);
    }
    net_momentum_clear(net);
}
