/* net_impl: what the three files of a net share. Private to src/nn/net*.c. */
#ifndef FSPLAB_NET_IMPL_H
#define FSPLAB_NET_IMPL_H

#include "net.h"

struct unit {
    struct conv conv;
    struct bn bn;
    size_t weight, gamma, beta, end; /* offsets into the parameter block */
    float *z;
    size_t folded, bias; /* offsets into the folded block */
};

struct block {
    int conv1, conv2, shortcut; /* unit numbers; shortcut -1 */
    enum res_kind res_kind;
    struct node mid, out, proj; /* proj: option B's projection */
};

enum where { IN_PARAMS, IN_RUNNING };
enum layout { LAYOUT_FLAT, LAYOUT_CONV, LAYOUT_LINEAR };

struct entry {
    struct net_tensor t;
    enum where where;
    enum layout layout;
    size_t offset;
    int k, ci, ci_stored, co;
};

struct net {
    struct backend *be;
    struct net_spec spec;
    int n_units, n_blocks, n_entries;
    struct unit *units;
    struct block *blocks;
    struct entry *entries;
    size_t n_params, n_running, n_folded, fc_weight, fc_bias;
    float *params, *grads, *momentum, *running, *batch_stats, *folded;
    int n; /* batch of net_train_begin */
    struct node stem;
    const float *input_x; /* of the latest forward */
    int last_tap;
    float *z, *a, *d[3], *feature, *dfeature, *logits, *dlogits;
};

static inline float *net_floats(struct net *net, size_t n)
{
    return net->be->ops->mem_alloc(net->be, n * sizeof(float));
}

#endif
