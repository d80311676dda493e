/* Counted block by block from the spec, so that it can be checked against the nets themselves (tests/test_net.c). */
#include "flops.h"

static void count_conv(struct net_cost *c, int side_out, int ci, int co, int k)
{
    int64_t weights = (int64_t)k * k * ci * co;
    c->parameters += weights + 2 * co;
    c->macs += weights * side_out * side_out;
}

struct net_cost net_cost(const struct net_spec *s)
{
    struct net_cost c = {0};
    int64_t additions = 0;
    count_conv(&c, 32, 3, s->width, 3);
    for (int b = 0; b < net_blocks(s); b++) {
        struct map_shape in = net_tap_shape(s, b), out = net_tap_shape(s, b + 1);
        count_conv(&c, out.h, in.c, out.c, 3);
        count_conv(&c, out.h, out.c, out.c, 3);
        if (s->kind == NET_RES)
            additions += (int64_t)out.h * out.w * out.c;
        if (s->kind == NET_RES && s->option_b && in.h != out.h)
            count_conv(&c, out.h, in.c, out.c, 1);
    }
    int64_t fc = (int64_t)s->width * 4 * s->classes;
    c.parameters += fc + s->classes;
    c.macs += fc;
    struct map_shape last = net_tap_shape(s, net_blocks(s));
    additions += (int64_t)last.h * last.w * last.c + s->classes; /* global average pool, bias */
    c.tf_flops = 2 * c.macs + additions;
    for (int section = 0; section < 3; section++) {
        struct map_shape in = net_tap_shape(s, section * s->n), out = net_tap_shape(s, (section + 1) * s->n);
        c.fsp_macs += (int64_t)out.h * out.w * in.c * out.c;
    }
    return c;
}
