/* colormap: numbers to colours, for the screens and for pictures. viridis (CC0, van der Walt & Smith 2015) for values,
 * a diverging map (blue, grey, red) for differences; and the nearest colour of a poorer terminal. Pure functions. */
#ifndef FSPLAB_COLORMAP_H
#define FSPLAB_COLORMAP_H

#include "base.h"

typedef int32_t rgb; /* 0xRRGGBB */

enum colormap { COLORMAP_VIRIDIS, COLORMAP_DIVERGING };

/* t is clamped to [0, 1]; COLORMAP_DIVERGING has its neutral grey at 0.5. NaN: a dark grey that no value has. */
rgb colormap_rgb(enum colormap, double t);
/* t in steps: the middle of the LEVELS equal cells of [0, 1], so that a terminal redraws less. levels >= 2. */
double colormap_quantize(double t, int levels);
/* xterm's 256 colours: the cube 16..231 and the greys 232..255 (0..15 are the user's own and never chosen). */
int colormap_256(rgb);
rgb colormap_256_rgb(int index); /* what xterm makes of 16..255 */
/* 0..7, ANSI order: black, red, green, yellow, blue, magenta, cyan, white. */
int colormap_8(rgb);
/* 0 dark .. 1 light: relative luminance. */
double colormap_luminance(rgb);

#endif
