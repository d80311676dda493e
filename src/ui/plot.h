/* plot: curves over a common x in a rectangle: axes with round numbers, log or linear y, markers, a cursor. Braille dots
 * 2x4 a cell, quadrant blocks 2x2, or characters, as the look says. Many points a column are drawn as the range
 * they cover, so a spike is never lost. Pure: draws into a canvas. */
#ifndef FSPLAB_UI_PLOT_H
#define FSPLAB_UI_PLOT_H

#include "theme.h"

struct plot_curve {
    const char *name; /* for the legend; NULL: not in it */
    int n;
    const double *x, *y; /* by ascending x; a NaN or infinite y is a gap */
    struct style style;
    bool dots;  /* single points (evaluations): a mark each, joined by a line */
    bool exact; /* never smoothed */
};
struct plot_mark {
    double x;
    const char *label; /* at its top, where there is room */
    struct style style;
};
struct plot {
    const char *title, *x_label, *y_label;
    int n_curves;
    const struct plot_curve *curves;
    int n_marks;
    const struct plot_mark *marks; /* vertical lines */
    double x_min, x_max;           /* NaN: from the data */
    double y_min, y_max;           /* NaN: from the data (log: its positive values) */
    bool log_y;
    double cursor; /* an x, or NaN: none. The read-out (value of each curve there) stands in the legend */
    double smooth; /* exponential moving average of that weight in [0, 1), corrected for its start; 0: none. The raw
                    * curve is not drawn then. Curves with dots are never smoothed */
};

/* Needs at least 16x4; draws a sentence in less. Without any finite point: the axes and "nothing yet". */
void plot_draw(struct canvas *, struct rect, const struct look *, const struct plot *);
/* What is drawn of curve K, out: (n): its values, or the mean over the past where it is smoothed. */
void plot_values(const struct plot *, int k, double *out);
/* The axes' ends; y of the values, also where the axis is of their logarithms. */
struct plot_ends {
    double x_lo, x_hi, y_lo, y_hi;
};
struct plot_ends plot_ends(const struct plot *);
/* The x under a column of the canvas (as a mouse gives it), and the reverse; NaN / -1 outside of the data area. Where it
 * stands depends on the rectangle alone, so plots above one another have their columns in line. */
double plot_x_at(const struct plot *, struct rect, int column);
int plot_column_of(const struct plot *, struct rect, double x);
/* The finest round ticks within [lo, hi] that are at most MAX: multiples of 1, 2 or 5 times a power of ten; log: 1, 2, 5
 * of each decade, or each decade, or every n-th, and multiples again where that gives less than two. Ascending; returns
 * the count. */
int plot_ticks(double lo, double hi, bool log_scale, int max, double *ticks);
/* "0.0123", "1.2e-5", "12k": at most 7 columns. */
void plot_number(double v, char *buf, size_t cap);
/* The last w of the values as columns of eighth blocks (a sparkline), as high as the rectangle; NaN is a gap. */
void plot_spark(struct canvas *, struct rect, const struct look *, const double *v, int n, struct style);

#endif
