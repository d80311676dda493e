/* quantity: what the Device screen can show of a sample: how it is read, what its whole is, and how it is written. One
 * table for processors and one for GPUs. */
#ifndef FSPLAB_UI_QUANTITY_H
#define FSPLAB_UI_QUANTITY_H

#include "model.h"
#include "theme.h"

enum unit { UNIT_PERCENT, UNIT_BYTES, UNIT_WATT, UNIT_CELSIUS, UNIT_MHZ, UNIT_CORES, UNIT_COUNT, UNIT_IMAGES };

struct quantity {
    const char *name, *brief; /* brief: at most 8 columns */
    enum theme_role role;
    enum unit unit;
    double (*value)(const struct device_sample *, int gpu);
    double (*whole)(const struct device_sample *, int gpu); /* NULL: it has none, and no bar */
    bool free_axis; /* its axis over time follows the values in spite of its whole, which is far larger */
};

/* As gauges, and over time; both by importance. */
const struct quantity *const *quantity_gauges(bool gpu, int *n);
const struct quantity *const *quantity_histories(bool gpu, int *n);
/* Its own colour, or one that warns; part: of its whole. */
enum theme_role quantity_role(const struct quantity *, double part);
/* What there is to say beside its number, in at most ROOM columns: "of 79.6 GiB, study 6.9 GiB". gpu -1: there is none. */
void quantity_note(const struct quantity *, const struct device_sample *, int gpu, const struct look *, char *note,
                   size_t cap, int room);

/* A value as it is written. NaN: "N/A". */
struct figure {
    char number[16], unit[8];
};
struct figure figure_of(enum unit, double, const struct look *);
void figure_text(enum unit, double, const struct look *, char *buf, size_t cap); /* "7.2 GiB" */
void figure_seconds(double s, const struct look *, char *buf, size_t cap);       /* "445 µs", "47.6 ms", "1.24 s" */
/* The end of an axis that has to hold v: a round number, so that it seldom changes. */
double figure_round_up(double v, enum unit);

#endif
