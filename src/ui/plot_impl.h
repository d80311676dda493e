/* plot_impl: what the files of plot share. */
#ifndef FSPLAB_UI_PLOT_IMPL_H
#define FSPLAB_UI_PLOT_IMPL_H

#include "plot.h"

enum { PLOT_LABEL = 8 }; /* bytes of a tick's label, with its end */

/* Ticks as text, the decimals of all alike. */
void plot_tick_labels(const double *ticks, int n, bool log_scale, char (*label)[PLOT_LABEL]);

/* ---- curves as dots: plot_raster.c ---- */

/* Sub-cells of an area: dots (sx, sy) a cell, and the curve that came last in it. */
struct raster {
    int w, h;            /* cells */
    int sx, sy;          /* dots a cell */
    unsigned char *dots; /* (h, w): bit y * sx + x */
    signed char *owner;  /* (h, w): -1 none */
    bool *mark;          /* (h, w): a point of its own */
    int pattern;         /* 0 solid; 1.. broken lines, to tell curves apart without colours */
    int curve;           /* the one that is being drawn */
    uint64_t dotted;     /* curves whose marks are letters and whose lines are '.', where there are only characters */
};

void raster_init(struct raster *, int w, int h, enum glyph_set);
void raster_release(struct raster *);
/* A polyline's next point in dots from the top left corner (any numbers); a break before the next one. */
struct pen {
    bool down;
    double u, v;
    int column, lo, hi; /* the column that is not yet drawn, and the rows it covers */
    int points;         /* since the last break */
};
void raster_line(struct raster *, struct pen *, double u, double v);
void raster_break(struct raster *, struct pen *);
void raster_mark(struct raster *, double u, double v);
/* The cell's character; 0: empty. */
uint32_t raster_rune(const struct raster *, int x, int y, enum glyph_set);

#endif
