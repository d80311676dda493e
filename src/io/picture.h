/* picture: an RGB image in memory, and what figures are drawn with: rectangles, text, matrices as coloured maps, colour
 * bars. Everything is clipped to the image. Positions and sizes in pixels from the top left. */
#ifndef FSPLAB_PICTURE_H
#define FSPLAB_PICTURE_H

#include "../colormap.h"

struct picture {
    int w, h;
    uint8_t *rgb24; /* (h, w, 3) */
};

void picture_init(struct picture *, int w, int h, rgb background); /* w, h >= 1 */
void picture_release(struct picture *);
rgb picture_at(const struct picture *, int x, int y); /* -1 outside */

void picture_fill(struct picture *, int x, int y, int w, int h, rgb);
/* A frame one pixel wide around the rectangle, outside of it. */
void picture_outline(struct picture *, int x, int y, int w, int h, rgb);
/* Another image, each of its pixels as a square of FACTOR pixels. */
void picture_image(struct picture *, int x, int y, int factor, int w, int h, const uint8_t *rgb24);

/* UTF-8 text in the project's own font: ASCII and a few signs of formulas, a box for any other character. (x, y): the top
 * left of its first cell; a line takes picture_line(scale) pixels. Returns the x after the last character. */
int picture_text(struct picture *, int x, int y, int scale, rgb, const char *utf8);
int picture_printf(struct picture *, int x, int y, int scale, rgb, const char *fmt, ...) PRINTF_LIKE(6, 7);
int picture_text_width(int scale, const char *utf8);
int picture_line(int scale);

/* A matrix, v: (m, n) row-major, each element a square of FACTOR pixels: the colour of (v - lo) / (hi - lo), of the
 * middle where lo == hi, NaN as colormap.h has it. */
void picture_heat(struct picture *, int x, int y, int factor, int m, int n, const float *v, enum colormap, double lo,
                  double hi);
/* A colour bar, left to right, with numbers below it: what its ends and its middle stand for. */
void picture_bar(struct picture *, int x, int y, int w, int h, int scale, rgb text, enum colormap,
                 const double ticks[3]);

#endif
