/* run_curves: the plots of the Run screen, made of a trial's series, its events and what is overlaid. */
#ifndef FSPLAB_UI_RUN_CURVES_H
#define FSPLAB_UI_RUN_CURVES_H

#include "plot.h"
#include "view.h"

enum run_axis { AXIS_STEP, AXIS_EPOCH, AXIS_SECONDS, AXIS_COUNT };

/* How the curves are looked at: the Run screen's own state. */
struct run_look {
    bool linear, recent;
    int smooth; /* index into the steps of smoothing */
    enum run_axis axis;
    double cursor; /* an x of the axis; NaN: none */
};
enum run_plot_kind { RUN_LOSSES, RUN_ACCURACIES };

enum { RUN_CURVES = 24, RUN_MARKS = 32 };
struct run_plot {
    struct plot plot;
    struct plot_curve curves[RUN_CURVES];
    struct plot_mark marks[RUN_MARKS];
    char labels[RUN_MARKS][24], names[RUN_CURVES][24], title[96];
    double *scratch[2 * RUN_CURVES]; /* x that had to be computed, running maxima */
    int n_scratch;
};

enum { RUN_SMOOTHINGS = 4 };
double run_smoothing(int index); /* 0 for index 0; wraps */
/* Fills *p for the stage; release it afterwards. */
void run_plot_make(struct run_plot *p, const struct model *, const struct look *, const struct run_look *,
                   const char *stage, enum run_plot_kind);
void run_plot_release(struct run_plot *);
/* The data's ends on the x axis in that stage; false: nothing is there. */
bool run_x_range(const struct model *, const struct run_look *, const char *stage, double *lo, double *hi);

#endif
