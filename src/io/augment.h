/* augment: from stored bytes to a normalised batch; crops and flips as a pure function of (seed, epoch, index), so
 * that a batch depends neither on threads nor on what came before it.
 *
 * Order of an epoch: Fisher-Yates over the training indices with rng (seed, RNG_SHUFFLE, epoch). Crop: the image is
 * padded by 4 zeros (after normalisation, as in PyTorch recipes that pad the normalised tensor) on each side and a
 * 32x32 window is taken at (dy, dx) in 0..8; (4, 4) is the identity. */
#ifndef FSPLAB_AUGMENT_H
#define FSPLAB_AUGMENT_H

#include "data.h"

struct crop {
    int8_t dy, dx; /* 0..8 */
    bool flip;     /* left-right, after the crop */
};

/* INDEX is the image's index in the training file order. MODE: AUGMENT_* of param.h. */
struct crop augment_crop(uint64_t seed, int epoch, int index, int mode);
/* order[n] becomes a permutation of idx[n]. */
void augment_epoch_order(uint64_t seed, int epoch, const int *idx, int n, int *order);
/* x: (n, 32, 32, 4) float, channels R G B 0, normalised by (v/255 - mean)/std; labels: (n). which[n] are indices
 * into IMAGES. */
void augment_batch(const struct images *, const float mean[3], const float std[3], const int *which, int n,
                   uint64_t seed, int epoch, int mode, float *x, int *labels);

#endif
