/* A byte has 256 values and a channel one mean and deviation, so normalising is a table look-up; the table costs
 * 768 divisions a batch, the batch itself some 400,000 look-ups. Crop and flip only choose which byte is looked up. */
#include "augment.h"

#include <string.h>

#include "../param.h"

enum { PAD = 4, POSITIONS = 2 * PAD + 1, X_CHANNELS = 4 };

struct crop augment_crop(uint64_t seed, int epoch, int index, int mode)
{
    struct crop crop = {PAD, PAD, false};
    if (mode == AUGMENT_NONE)
        return crop;
    /* Three fields of one hash; 24 bits spread over 9 positions are uneven by 1e-6. */
    uint64_t h = hash3(hash3(seed, RNG_AUGMENT, (uint64_t)epoch), (uint64_t)index, 0);
    crop.dy = (int8_t)(((h & 0xffffff) * POSITIONS) >> 24);
    crop.dx = (int8_t)((((h >> 24) & 0xffffff) * POSITIONS) >> 24);
    crop.flip = mode == AUGMENT_CROP_FLIP && h >> 63;
    return crop;
}

void augment_epoch_order(uint64_t seed, int epoch, const int *idx, int n, int *order)
{
    struct rng rng;
    memcpy(order, idx, (size_t)n * sizeof *order);
    rng_seed(&rng, hash3(seed, RNG_SHUFFLE, (uint64_t)epoch), RNG_SHUFFLE);
    rng_shuffle(&rng, order, (size_t)n);
}

/* in: (32, 32, 3); out: (32, 32, 4) */
static void crop_image(const uint8_t *in, const float table[3][256], struct crop crop, float *out)
{
    int first = PAD - crop.dx, last = IMAGE_SIDE + PAD - crop.dx; /* window columns that show the image */
    first = first > 0 ? first : 0;
    last = last < IMAGE_SIDE ? last : IMAGE_SIDE;

    if (crop.dy != PAD || crop.dx != PAD)
        memset(out, 0, sizeof(float) * IMAGE_SIDE * IMAGE_SIDE * X_CHANNELS);
    for (int y = 0; y < IMAGE_SIDE; y++) {
        int from = y + crop.dy - PAD;
        if (from < 0 || from >= IMAGE_SIDE)
            continue;
        const uint8_t *p = in + (from * IMAGE_SIDE + first + crop.dx - PAD) * IMAGE_CHANNELS;
        int step = crop.flip ? -X_CHANNELS : X_CHANNELS;
        float *q = out + (y * IMAGE_SIDE + (crop.flip ? IMAGE_SIDE - 1 - first : first)) * X_CHANNELS;
        for (int x = first; x < last; x++, p += IMAGE_CHANNELS, q += step) {
            q[0] = table[0][p[0]];
            q[1] = table[1][p[1]];
            q[2] = table[2][p[2]];
            q[3] = 0.0F;
        }
    }
}

void augment_batch(const struct images *images, const float mean[3], const float std[3], const int *which, int n,
                   uint64_t seed, int epoch, int mode, float *x, int *labels)
{
    float table[3][256];
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            table[c][v] = ((float)v / 255.0F - mean[c]) / std[c];
    for (int i = 0; i < n; i++) {
        size_t image = (size_t)which[i];
        crop_image(images->pixels + image * IMAGE_BYTES, (const float(*)[256])table,
                   augment_crop(seed, epoch, which[i], mode), x + (size_t)i * IMAGE_SIDE * IMAGE_SIDE * X_CHANNELS);
        labels[i] = images->labels[image];
    }
}
