/* fsp_layout: where things stand on the FSP screen, as a function of its rectangle and of the matrices' shapes alone.
 * No two parts overlap, none leaves the rectangle; a part there is no room for is empty. */
#ifndef FSPLAB_UI_FSP_LAYOUT_H
#define FSPLAB_UI_FSP_LAYOUT_H

#include "canvas.h"

struct fsp_shape {
    int m, n; /* rows, columns; 0: not known */
};

/* One pair: teacher, student and their difference, side by side or the difference below. */
struct fsp_band {
    int pair;            /* 0..2; in block mode 0 */
    int zoom;            /* as fsp_zoom has it */
    struct rect heading; /* pair and shape (only where all three are shown) */
    struct rect title[3], map[3];
    struct rect bar[2]; /* colour bars: of teacher and student, of the difference */
};

struct fsp_layout {
    struct rect head; /* trial, stage and step: 1 row */
    struct rect tabs; /* the three pairs to choose from, or the names of the blocks: 1 row; empty where all are shown */
    int n_bands;      /* 1 or 3 */
    struct fsp_band band[3];
    struct rect readout;        /* 1 or 2 rows for a line of values, more for a table */
    struct rect plot;           /* norms over time */
    struct rect picture, words; /* block mode: the probe image, and what it is */
};

/* How much a matrix is enlarged (2: each element two pixels wide) or reduced (-2: two elements a pixel) so that it fits
 * W columns and H rows of TALL pixels each. Never 0 or -1. TALL is 2 where half-blocks are drawn; where it is 1 a cell is
 * twice as high as wide, so that an element takes two cells side by side, and reductions are by even numbers. */
int fsp_zoom(struct fsp_shape, int w, int h, int tall);
/* Columns and rows it then takes. */
void fsp_zoomed(struct fsp_shape, int zoom, int tall, int *w, int *h);
/* Rows and columns of elements that stand for one in a reduced map (1 and 1 where nothing is reduced). */
void fsp_reduction(int zoom, int tall, int *di, int *dj);

/* shapes: of the three pairs; chosen: which of them is shown where there is room for one only. tall: pixels a cell is
 * high, 2 with half-blocks, 1 with characters. */
struct fsp_layout fsp_layout(struct rect, const struct fsp_shape shapes[3], int chosen, int tall);
/* Block mode: one band of a matrix of that shape. */
struct fsp_layout fsp_layout_block(struct rect, struct fsp_shape, int tall);

#endif
