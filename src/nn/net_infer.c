/* A net in inference form: batch norms folded into weights and biases, and a plan of steps over four maps: 0 the input,
 * 1 what a block starts from, 2 inside the block, 3 where the shape changes. */
#include "net_impl.h"

#include <stdlib.h>
#include <string.h>

void net_fold(struct net *net)
{
    for (int i = 0; i < net->n_units; i++) {
        struct unit *u = &net->units[i];
        net->be->ops->bn_fold(net->be, &u->conv, &u->bn, net->folded + u->folded, net->folded + u->bias);
    }
}

static struct infer_step step_of(const struct net *net, int unit, int in, int out, bool relu)
{
    const struct unit *u = &net->units[unit];
    struct infer_step s = {
        .conv = u->conv, .bias = net->folded + u->bias, .in = in, .out = out, .res = -1, .relu = relu};
    s.conv.weight = net->folded + u->folded;
    return s;
}

/* Steps of one block, its first convolution's first; returns the map its output is in. */
static int block_steps(const struct net *net, const struct block *bl, int cur, struct infer_step *steps, int *n)
{
    int other = cur == 1 ? 3 : 1;
    steps[(*n)++] = step_of(net, bl->conv1, cur, 2, true);
    if (bl->res_kind == RES_BN)
        steps[(*n)++] = step_of(net, bl->shortcut, cur, other, false);
    int out = bl->res_kind == RES_PAD || bl->res_kind == RES_BN ? other : cur;
    struct infer_step *s = &steps[(*n)++];
    *s = step_of(net, bl->conv2, 2, out, true);
    if (bl->res_kind != RES_NONE) {
        s->res_kind = bl->res_kind == RES_PAD ? RES_PAD : RES_SAME;
        s->res = bl->res_kind == RES_PAD ? cur : out;
    }
    return out;
}

static float *tap_target(int tap, const int *tap_no, float *const *taps, int n_taps)
{
    for (int i = 0; i < n_taps; i++)
        if (tap_no[i] == tap)
            return taps[i];
    return NULL;
}

void net_infer(struct net *net, int n, const float *x, const int *tap_no, float *const *taps, int n_taps, float *logits)
{
    int last = logits ? net->n_blocks : 0, cur = 1, count = 0;
    for (int i = 0; i < n_taps; i++)
        last = abs(tap_no[i]) > last ? abs(tap_no[i]) : last;
    struct infer_step steps[1 + 3 * net->n_blocks];
    steps[count++] = step_of(net, 0, 0, cur, true);
    steps[0].tap = tap_target(0, tap_no, taps, n_taps);
    for (int b = 0; b < last; b++) {
        int first = count;
        cur = block_steps(net, &net->blocks[b], cur, steps, &count);
        steps[first].tap = tap_target(-(b + 1), tap_no, taps, n_taps);
        steps[count - 1].tap = tap_target(b + 1, tap_no, taps, n_taps);
    }
    struct infer_plan plan = {.n_steps = count,
                              .n_maps = 4,
                              .steps = steps,
                              .fc_weight = net->params + net->fc_weight,
                              .fc_bias = net->params + net->fc_bias,
                              .classes = net->spec.classes};
    net->be->ops->infer(net->be, &plan, n, x, logits);
}
