/* probe: FSP matrices of one image, block by block: what flows through a net, looked at from outside. Inference form
 * (running statistics), so that one image is enough and training does not notice.
 *
 * A block here is what takes a net one step on: of resN one of its 3n residual blocks, of vggN one of its 6n
 * convolutions behind the stem (net.h calls two of these a block). Its matrix is that of the values before and behind
 * it, both after their ReLU, the larger map max-pooled (backend.h: fsp_pair). */
#ifndef FSPLAB_PROBE_H
#define FSPLAB_PROBE_H

#include "train.h"

/* RES14: 6, RES26: 12, VGG26: 24. */
int probe_blocks(const struct net_spec *);
/* Block 1..probe_blocks: "section 2, block 3" of a resN, "section 1, layer 5" of a vggN; both count from 1 in each
 * section. */
void probe_block_name(const struct net_spec *, int block, char *buf, size_t cap);

/* Two taps of net_infer. */
struct probe_pair {
    int first, last;
};
struct probe_pair probe_block_pair(const struct net_spec *, int block);
/* Section 1..3 as a study pairs it (fsp_taps). */
struct probe_pair probe_section_pair(const struct net_spec *, int section, bool inside);
/* Shape of a pair's matrix. */
void probe_shape(const struct net_spec *, struct probe_pair, int *m, int *n);
/* The block of TO at the same relative depth: ceil(block * blocks of to / blocks of from). */
int probe_match(const struct net_spec *from, int block, const struct net_spec *to);

enum { PROBE_PAIRS = 3 };
/* The matrices of up to PROBE_PAIRS pairs on one image x (32, 32, 4), host floats, normalised: g[i] receives (m, n) of
 * pair i, host. Call net_fold before, where the weights may have changed since. Device memory is taken for this call
 * alone. ERR_DEVICE. */
bool probe_fsp(struct backend *, struct net *, const float *x, const struct probe_pair *, int n, float *const *g,
               struct err *);

/* g (m, n) averaged over cells of f x f (those at the lower and right end may be smaller): out is (ceil(m / f),
 * ceil(n / f)). */
void probe_reduce(int m, int n, const float *g, int f, float *out);

#endif
