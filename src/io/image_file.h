/* image_file: a PNG or a JPEG as RGB pixels, and pixels to another size.
 *
 * What a file is, its first bytes say, not its name. Pixels are taken as they stand in the file: no gamma, no colour
 * profile, no Exif rotation. */
#ifndef FSPLAB_IO_IMAGE_FILE_H
#define FSPLAB_IO_IMAGE_FILE_H

#include "../base.h"

struct image {
    int w, h;
    uint8_t *rgb24; /* (h, w, 3) */
};

/* Decodes the N bytes of PATH (named in errors). PNG: any depth and colour type; 16 bits are rounded to 8, grey is
 * repeated, what is transparent is laid on white. JPEG: baseline and progressive, grey and YCbCr; CMYK is refused,
 * since its colours cannot be told without a profile. ERR_FORMAT: neither, damaged, cut short, a side above 32768 or
 * more than 64 million pixels. Any thread. */
bool image_decode(const void *bytes, size_t n, const char *path, struct image *, struct err *);
bool image_read(const char *path, struct image *, struct err *); /* ERR_IO too */
void image_release(struct image *);

/* OUT (h, w, 3) from an image of another size, each axis by itself, in integers and so the same everywhere.
 *
 * Down, from n to m < n pixels: the area's mean. Pixel i covers [i n/m, (i+1) n/m) of the source:
 *     out_i = m/n sum_j v_j length([j, j+1) and [i n/m, (i+1) n/m))
 * Up (n < m): bilinear between pixel centres, the edge repeated: x = (i + 1/2) n/m - 1/2,
 *     out_i = (1 - f) v_k + f v_(k+1),  k = floor(x), f = x - k, k and k + 1 held within 0..n-1
 * Equal sizes: as it is. Sides are not kept in proportion. The result of both axes is rounded once, halves up. */
void image_resize(const struct image *, int w, int h, uint8_t *out);

#endif
