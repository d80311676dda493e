/* Forward and backward of a net in training mode. Kept for the backward pass: every convolution's output z and the
 * values between blocks; everything else is recomputed by its reader. Going back, three gradient buffers are enough:
 * `cur` holds the gradient of a block's output and, once its second convolution has been passed, becomes that of its
 * input in place (the identity shortcut costs nothing); `mid` is inside the block; `spare` takes the input's gradient
 * where the shape changes. */
#include "net_impl.h"

#include <assert.h>
#include <string.h>

static size_t map_floats(const struct net *net, int tap)
{
    struct map_shape s = net_tap_shape(&net->spec, tap);
    return (size_t)net->n * (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

static size_t unit_floats(const struct net *net, const struct unit *u)
{
    int ho = u->conv.h / u->conv.stride, wo = u->conv.w / u->conv.stride;
    return (size_t)net->n * (size_t)ho * (size_t)wo * (size_t)u->conv.co;
}

static struct node unit_node(const struct unit *u, bool relu)
{
    return (struct node){.h = u->conv.h / u->conv.stride,
                         .w = u->conv.w / u->conv.stride,
                         .c = u->conv.co,
                         .z = u->z,
                         .bn = &u->bn,
                         .relu = relu};
}

static void bind_nodes(struct net *net)
{
    float *z = net->z, *a = net->a;
    for (int i = 0; i < net->n_units; i++) {
        net->units[i].conv.n = net->n;
        net->units[i].z = z;
        z += unit_floats(net, &net->units[i]);
    }
    net->stem = unit_node(&net->units[0], true);
    net->stem.a = a;
    a += map_floats(net, 0);
    const struct node *in = &net->stem;
    for (int b = 0; b < net->n_blocks; b++) {
        struct block *bl = &net->blocks[b];
        bl->mid = unit_node(&net->units[bl->conv1], true);
        bl->out = unit_node(&net->units[bl->conv2], true);
        bl->out.a = a;
        bl->out.res_kind = bl->res_kind;
        if (bl->res_kind == RES_BN) {
            bl->proj = unit_node(&net->units[bl->shortcut], false);
            bl->out.res = bl->proj.z;
            bl->out.res_bn = bl->proj.bn;
        } else if (bl->res_kind != RES_NONE) {
            bl->out.res = in->a;
        }
        a += map_floats(net, b + 1);
        in = &bl->out;
    }
}

bool net_train_begin(struct net *net, int n, struct err *err)
{
    if (net->n == n)
        return true;
    assert(net->n == 0 && n > 0);
    net->n = n;
    size_t z = 0, a = 0, most = 0, c = (size_t)net->spec.width * 4, k = (size_t)net->spec.classes;
    for (int i = 0; i < net->n_units; i++)
        z += unit_floats(net, &net->units[i]);
    for (int t = 0; t <= net->n_blocks; t++) {
        a += map_floats(net, t);
        most = map_floats(net, t) > most ? map_floats(net, t) : most;
    }
    net->z = net_floats(net, z);
    net->a = net_floats(net, a);
    for (int i = 0; i < 3; i++)
        net->d[i] = net_floats(net, most);
    net->feature = net_floats(net, (size_t)n * c);
    net->dfeature = net_floats(net, (size_t)n * c);
    net->logits = net_floats(net, (size_t)n * k);
    net->dlogits = net_floats(net, (size_t)n * k);
    if (!net->be->ops->sync(net->be, err))
        return false;
    bind_nodes(net);
    return true;
}

static const struct node *tap_node(const struct net *net, int tap)
{
    return tap == 0 ? &net->stem : &net->blocks[tap - 1].out;
}

const struct node *net_tap_node(const struct net *net, int tap)
{
    return tap_node(net, tap);
}

static void unit_forward(struct net *net, int unit, const struct node *in, bool store)
{
    struct unit *u = &net->units[unit];
    net->be->ops->conv_forward(net->be, &u->conv, in, store, u->z, &u->bn);
}

void net_forward(struct net *net, const float *x, int last_tap, bool head)
{
    const struct backend_ops *ops = net->be->ops;
    const struct node input = {.h = 32, .w = 32, .c = 4, .z = x, .a = (float *)x};
    unit_forward(net, 0, &input, false);
    for (int b = 0; b < last_tap; b++) {
        const struct block *bl = &net->blocks[b];
        unit_forward(net, bl->conv1, tap_node(net, b), true);
        if (bl->shortcut >= 0)
            unit_forward(net, bl->shortcut, tap_node(net, b), false);
        unit_forward(net, bl->conv2, &bl->mid, false);
    }
    const struct node *last = tap_node(net, last_tap);
    ops->node_forward(net->be, net->n, last);
    net->input_x = x;
    net->last_tap = last_tap;
    if (head) {
        assert(last_tap == net->n_blocks);
        ops->gap_forward(net->be, net->n, last->h * last->w, last->c, last->a, net->feature);
        ops->fc_forward(net->be, net->n, last->c, net->spec.classes, net->feature, net->params + net->fc_weight,
                        net->params + net->fc_bias, net->logits);
    }
}

const float *net_tap(const struct net *net, int tap)
{
    return tap_node(net, tap)->a;
}

const float *net_logits(const struct net *net)
{
    return net->logits;
}

float *net_dlogits(struct net *net)
{
    return net->dlogits;
}

/* Lets the losses at TAP write to d; true when d now holds a gradient. */
static bool tap_gradients(const struct tap_grad *taps, int n_taps, int tap, float *d, bool add)
{
    for (int i = 0; i < n_taps; i++)
        if (taps[i].tap == tap) {
            taps[i].fn(taps[i].ctx, tap, d, add);
            add = true;
        }
    return add;
}

static void unit_backward(struct net *net, int unit, const struct node *in, const struct node *out, float *da,
                          float *din, bool add, bool sums)
{
    net->be->ops->conv_backward(net->be, &net->units[unit].conv, in, out, da, din, add, sums);
}

/* Back through block b: `cur` holds its output's gradient and afterwards its input's. */
static void block_backward(struct net *net, int b, const struct tap_grad *taps, int n_taps)
{
    const struct block *bl = &net->blocks[b];
    const struct node *in = tap_node(net, b);
    float **cur = &net->d[0], *mid = net->d[1], **spare = &net->d[2];
    unit_backward(net, bl->conv2, &bl->mid, &bl->out, *cur, mid, false, true);
    float *din = bl->res_kind == RES_PAD || bl->res_kind == RES_BN ? *spare : *cur;
    if (bl->res_kind == RES_PAD)
        net->be->ops->pad_backward(net->be, net->n, bl->out.h, bl->out.w, bl->out.c, *cur, din);
    else if (bl->res_kind == RES_BN)
        unit_backward(net, bl->shortcut, in, &bl->proj, *cur, din, false, false);
    bool add = tap_gradients(taps, n_taps, b, din, bl->res_kind != RES_NONE);
    unit_backward(net, bl->conv1, in, &bl->mid, mid, din, add, true);
    if (din == *spare) {
        *spare = *cur;
        *cur = din;
    }
}

void net_backward(struct net *net, bool head, const struct tap_grad *taps, int n_taps)
{
    const struct backend_ops *ops = net->be->ops;
    int top = head ? net->n_blocks : 0;
    for (int i = 0; i < n_taps; i++)
        top = taps[i].tap > top ? taps[i].tap : top;
    const struct node *last = tap_node(net, top);
    if (head) {
        ops->fc_backward(net->be, net->n, last->c, net->spec.classes, net->feature, net->params + net->fc_weight,
                         net->dlogits, net->grads + net->fc_weight, net->grads + net->fc_bias, net->dfeature);
        ops->gap_backward(net->be, net->n, last->h * last->w, last->c, net->dfeature, net->d[0]);
    }
    tap_gradients(taps, n_taps, top, net->d[0], head);
    ops->node_backward(net->be, net->n, last, net->d[0]);
    for (int b = top - 1; b >= 0; b--)
        block_backward(net, b, taps, n_taps);
    const struct node input = {.h = 32, .w = 32, .c = 4, .z = net->input_x, .a = (float *)net->input_x};
    unit_backward(net, 0, &input, &net->stem, net->d[0], NULL, false, false);
}

static size_t end_of_tap(const struct net *net, int tap)
{
    if (tap == 0)
        return net->units[0].end;
    const struct block *bl = &net->blocks[tap - 1];
    return net->units[bl->shortcut >= 0 ? bl->shortcut : bl->conv2].end;
}

void net_sgd(struct net *net, int last_tap, bool head, float lr, float momentum, float decay, bool nesterov)
{
    size_t n = head ? net->n_params : end_of_tap(net, last_tap);
    net->be->ops->sgd(net->be, n, net->params, net->grads, net->momentum, lr, momentum, decay, nesterov);
}
