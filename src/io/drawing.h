/* drawing: a picture for a file: one layout in pixels that becomes a PNG or an SVG, which show the same. Positions and sizes in
 * pixels from the top left; what lies outside is not seen. */
#ifndef FSPLAB_DRAWING_H
#define FSPLAB_DRAWING_H

#include <stdio.h>

#include "picture.h"

struct drawing {
    bool vector;            /* an SVG */
    int w, h;               /* 0: not begun */
    struct picture picture; /* of a PNG */
    FILE *svg;              /* of an SVG: its elements, in `text` once it is flushed */
    char *text;
    size_t n;
};

/* Begins the drawing on paper of that colour; drawing_release it. ERR_IO: no memory for an SVG. */
bool drawing_init(struct drawing *, bool vector, int w, int h, rgb paper, struct err *);
void drawing_release(struct drawing *);

void drawing_fill(struct drawing *, double x, double y, double w, double h, rgb);
/* A frame one pixel wide around the rectangle, outside of it. */
void drawing_outline(struct drawing *, int x, int y, int w, int h, rgb);
/* A line through the points; a NaN breaks it. */
void drawing_line(struct drawing *, int n, const double *x, const double *y, double width, rgb);
/* A disc, with an edge of one pixel; FILL -1: the edge alone. */
void drawing_disc(struct drawing *, double x, double y, double radius, rgb fill, rgb edge);
/* The area of a convex polygon of at most 16 corners. */
void drawing_polygon(struct drawing *, int n, const double *x, const double *y, rgb);
/* An image, each of its pixels as a square of FACTOR pixels. */
void drawing_image(struct drawing *, int x, int y, int factor, int w, int h, const uint8_t *rgb24);

/* Text as picture.h has it: (x, y) is the top left of its first cell, each character is as wide as any. Returns the x after
 * the last. */
int drawing_text(struct drawing *, int x, int y, int scale, rgb, const char *utf8);
int drawing_printf(struct drawing *, int x, int y, int scale, rgb, const char *fmt, ...) PRINTF_LIKE(6, 7);
/* ANCHOR -1: X is its left end, 0: the middle, 1: the right end; Y is the middle of the line. */
void drawing_label(struct drawing *, double x, double y, int anchor, int scale, rgb, const char *utf8);

/* A matrix in a rectangle of that size, v: (m, n) row-major: each element has the colour of (v - lo) / (hi - lo), of the middle
 * where lo == hi, NaN as colormap.h has it. */
void drawing_heat(struct drawing *, double x, double y, double w, double h, int m, int n, const float *v, enum colormap,
                  double lo, double hi);
/* A colour bar, left to right, with numbers below it: what its ends and its middle stand for. */
void drawing_bar(struct drawing *, int x, int y, int w, int h, int scale, rgb text, enum colormap,
                 const double ticks[3]);

/* Puts it into place (fsutil.h: the old file or the whole new one), with title, caption and date inside. ERR_IO. */
bool drawing_write(struct drawing *, const char *path, const char *title, const char *caption, const char *date,
                   struct err *);

#endif
