/* chart: horizontal bars in groups, as a PNG and as an SVG that show the same: title, axis from 0 with round ticks and its unit,
 * labels, the value behind each bar, a key to the series, a caption. A value that is NaN has no bar and says "not measured". */
#ifndef FSPLAB_CHART_H
#define FSPLAB_CHART_H

#include "base.h"

enum { CHART_SERIES = 4, CHART_GROUPS = 8 };

struct chart {
    const char *title, *unit, *caption;
    int series, groups;
    const char *series_name[CHART_SERIES], *group_name[CHART_GROUPS];
    double value[CHART_GROUPS][CHART_SERIES]; /* >= 0 or NaN */
};

bool chart_png(const struct chart *, const char *path, struct err *);
bool chart_svg(const struct chart *, const char *path, struct err *);
/* The step of round ticks (1, 2 or 5 times a power of ten), at most N of them up to MAX > 0. */
double chart_tick(double max, int n);

#endif
