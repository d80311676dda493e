/* trials_draw: the parts of the Trials screen, drawn from its table and the model. */
#ifndef FSPLAB_UI_TRIALS_DRAW_H
#define FSPLAB_UI_TRIALS_DRAW_H

#include "trials_layout.h"
#include "trials_table.h"
#include "view.h"

/* What is known of one trial beside its row. */
struct trials_facts {
    int trial, n_events; /* read for; trial 0: nothing yet */
    int64_t saved_ms;
    int cloned_from, changes; /* 0: it is no clone; changes by hand while it ran */
    char change[4][96];       /* the latest of them: "lambda 0.01 -> 0.012 at step 60 of transfer" */
    bool warm, stopped, thawed;
    char rule[64];
    int stopped_at;                    /* step */
    double predicted, sigma;           /* of its end, when it was stopped; NaN */
    char off[200];                     /* why the rule let it go on where it would have stopped it; "" */
    double student_bytes, state_bytes; /* of its files; NaN: not there */
};
/* Reads events and files, unless it is up to date. */
void trials_facts_read(struct trials_facts *, const struct model *, int trial);

struct trials_scene {
    const struct model *m;
    const struct look *look;
    const struct trials_table *table;
    int compare; /* number of the trial that the chosen one is compared with; 0: none */
    int top;     /* of the rows: the first that is shown */
    int axis;    /* of the axes: the one that the brush keys are about */
    enum trials_pane pane;
    const struct trials_facts *facts; /* of the chosen trial */
};

/* The columns that a width has room for, in their order. */
struct trials_place {
    int column; /* index into the table's */
    int x, w;   /* from the left edge of the rows */
};
/* Returns the count; *bar: 0, or where a bar of the validation accuracy begins and how wide it is. */
int trials_place_columns(const struct trials_scene *, int width, struct trials_place place[TRIALS_COLUMNS], int *bar,
                         int *bar_w);
/* The column whose name stands at x (from the left edge); -1: none. */
int trials_column_at(const struct trials_scene *, int width, int x);

void trials_draw_head(struct canvas *, struct rect, const struct trials_scene *);
void trials_draw_columns(struct canvas *, struct rect, const struct trials_scene *);
void trials_draw_rows(struct canvas *, struct rect, const struct trials_scene *);
void trials_draw_rule(struct canvas *, struct rect, const struct trials_scene *, const char *title);
/* The chosen trial, or how it differs from the one it is compared with. */
void trials_draw_detail(struct canvas *, struct rect, const struct trials_scene *);

/* ---- pictures of all trials that are shown: at most TRIALS_LINES of them, evenly taken ---- */
enum { TRIALS_LINES = 1000, TRIALS_LEVELS = 16 };
int trials_sample(const struct trials_table *, int row[TRIALS_LINES]); /* the rows; returns how many */
int trials_level(const struct trials_table *, int row);                /* of its accuracy: 0 .. TRIALS_LEVELS - 1 */
struct raster;
/* The cells in which there is something, over what is there. */
void trials_put_layer(struct canvas *, struct rect area, const struct look *, const struct raster *, struct style);
/* Parallel coordinates: an axis for each searched setting, and for the accuracy. */
void trials_draw_axes(struct canvas *, struct rect, const struct trials_scene *);
int trials_axis_count(const struct trials_table *);
const struct trials_column *trials_axis_column(const struct trials_table *, int axis); /* NULL */
/* 0 bottom .. 1 top of an axis, beyond its ends at them; NaN. */
double trials_axis_unit(const struct trials_table *, const struct trials_column *, double value);
/* The axis at a place, and the value there (infinite at an end of it); -1: none. */
int trials_axis_at(const struct trials_scene *, struct rect, int x, int y, double *value);
/* Learning curves of the fine-tuning, and what the stopping rule made of the chosen one. */
void trials_draw_curves(struct canvas *, struct rect, const struct trials_scene *);

/* What an accuracy looks like: 0 worst .. 1 best. */
struct style trials_ink(const struct look *, double t);
/* 0..1 of an accuracy on the table's bars; NaN. */
double trials_merit(const struct trials_table *, double accuracy);
enum theme_role trials_state_role(enum trial_state);
uint32_t trials_state_rune(const struct look *, enum trial_state);
int trials_overlay(const struct model *, int number); /* its place in sel.overlay; -1 */
/* "81.81", "-" */
void trials_percent(double v, char *buf, size_t cap);

#endif
