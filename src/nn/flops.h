/* flops: what a net costs on one 32x32 image.
 * MACs count convolutions and the fully connected layer. The TensorFlow-1 profiler convention counts 2 a MAC and 1 an
 * addition (bias, shortcut sums, the global average pool), batch norm fused = 0. */
#ifndef FSPLAB_FLOPS_H
#define FSPLAB_FLOPS_H

#include "net.h"

struct net_cost {
    int64_t parameters, macs, tf_flops, fsp_macs; /* fsp_macs: the three section FSP matrices */
};
struct net_cost net_cost(const struct net_spec *);

#endif
