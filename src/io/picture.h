/* picture: an RGB image in memory, with rectangles and text (drawing.h has the rest that figures are made of).
 * Everything is clipped to the image. Positions and sizes in pixels from the top left. */
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

/* UTF-8 text in the project's own font: ASCII and a few signs of formulas, a box for any other character. (x, y): the top
 * left of its first cell; a line takes picture_line(scale) pixels. Returns the x after the last character. */
int picture_text(struct picture *, int x, int y, int scale, rgb, const char *utf8);
int picture_text_width(int scale, const char *utf8);
int picture_line(int scale);

#endif
