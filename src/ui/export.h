/* export: what a screen shows as a file: a PNG, an SVG or a CSV, by the name's end. The screen fills a sheet; this file makes the
 * sheet, and puts what has become of it into place whole or not at all. */
#ifndef FSPLAB_UI_EXPORT_H
#define FSPLAB_UI_EXPORT_H

#include <stdio.h>

#include "../io/drawing.h"
#include "plot.h"
#include "view.h"

/* Black on white: these pictures go into papers and slides. */
enum { SHEET_INK = 0x202020, SHEET_MUTED = 0x666666, SHEET_LINE = 0xd0d0d0, SHEET_PAPER = 0xffffff, SHEET_TEXT = 2 };

struct sheet {
    FILE *csv; /* rows go there; NULL: a picture is wanted */
    bool vector;
    struct drawing drawing; /* of a picture, once sheet_draw was called */
    char title[256], caption[512], date[40];
};

/* Says first of all what this is and where it comes from: TITLE "loss and accuracy, transfer", SOURCE "trial 3". The caption is
 * "study S · SOURCE · date UTC". In a CSV both become lines that begin with "# ". */
void sheet_head(struct sheet *, const struct model *, const char *title, const char *source);
/* A further line of a CSV's head, for units: "loss: no unit". */
void sheet_note(struct sheet *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Begins the picture: white, the title on top, the caption at the bottom; *inside gets what is left (in pixels). */
bool sheet_draw(struct sheet *, int w, int h, struct rect *inside, struct err *);
/* The look in which curves are made for a sheet: colours for white paper. */
struct look sheet_look(void);

/* A field of a CSV, quoted where it has to be; NUMBER: as short as it can be read back from, empty for NaN. END: ',' or '\n'. */
void csv_text(FILE *, const char *, char end);
void csv_number(FILE *, double, char end);
void csv_float(FILE *, float, char end);

/* A plot (plot.h) in a rectangle of a figure: title, legend, axes with round numbers, marks, curves; the cursor is left out. */
void plot_figure(struct drawing *, struct rect, const struct plot *);
/* Its curves as rows "PLOT,curve,x,y", those points that are in the window; then the marks in it, the last of the plot's first, as
 * "PLOT,LABEL,x,". */
void plot_csv(FILE *, const char *plot, const struct plot *);

/* Makes the sheet and writes it. ERR_USAGE: another end than .png, .svg or .csv, or the screen has not that; ERR_STATE; ERR_IO:
 * the file is what it was. */
bool export_write(const struct view *, void *self, struct view_context *, const char *path, struct err *);
/* Whether a name's end is one of the three. */
bool export_known(const char *path, struct err *);

#endif
