/* search_scene: what the Search screen and Run's map show of a study: its space, the trials of the latest search as marks,
 * both bests, and the picture of the belief. Made for a frame from the model; the picture belongs to the belief. */
#ifndef FSPLAB_UI_SEARCH_SCENE_H
#define FSPLAB_UI_SEARCH_SCENE_H

#include "../history.h"
#include "belief.h"
#include "view.h"

enum search_mark {
    MARK_COMPLETE,
    MARK_PRUNED,
    MARK_FAILED, /* failed, diverged, stopped, or complete with collapsed FSP matrices */
    MARK_RUNNING,
    MARK_QUEUED,
    MARK_LEFT_OUT, /* no evidence: changed by hand while it ran, or run with other settings */
    MARK_KNOWN,    /* from elsewhere: evidence, and no trial of the search */
    MARK_KINDS
};

struct search_trial {
    const struct trial_row *row;
    enum search_mark mark;
    double x[SPACE_MAX]; /* a value for every dimension of the space */
    double value;        /* validation accuracy; NaN: none */
};

struct search_scene {
    char why[256]; /* why there is nothing to show; "": there is */
    struct space space;
    int n_dims, dim[SPACE_MAX]; /* dimensions that are searched (min < max) */
    struct history_points points;
    int n;
    struct search_trial *trials; /* (n) of the latest search, as history_points has them */
    int count[MARK_KINDS];
    int complete;  /* trials of the search that count, with a value */
    int best;      /* of these the one with the highest value inside the ranges; -1: none */
    int best_mean; /* trial with the highest mean; -1: not known */
    uint64_t seed;
    enum strategy strategy;
    const struct belief_picture *picture; /* of this space; NULL: not yet */
};

/* What the study's own settings do not say, since trials do not depend on it: by which strategy it searches. It is read from
 * experiments.ini now and then. */
struct search_course {
    char study[64]; /* "": not read yet */
    double read_at; /* clock_seconds */
    enum strategy strategy;
};

/* search_scene_release it. */
void search_scene_make(struct search_scene *, const struct view_context *, struct search_course *);
void search_scene_release(struct search_scene *);
/* Asks for a picture over two of the searched dimensions (indices into dim; equal: a cut), and takes what there is. WHAT:
 * with what a trial is worth, with how much the settings matter, with the other settings averaged over. */
enum { PICTURE_WORTH = 1, PICTURE_WEIGHTS = 2, PICTURE_AVERAGE = 4 };
void search_scene_picture(struct search_scene *, const struct view_context *, int column, int row, int columns,
                          int rows, unsigned what);

/* Whether the picture is over these dimensions. */
bool search_scene_fits(const struct search_scene *, int column, int row);
/* The picture's cell at unit coordinates (0..1 from the low ends). */
int search_cell(const struct belief_picture *, double u, double v);
/* The trial nearest to a point, in the units of the searched dimensions COLUMN and ROW; -1: there is none. */
int search_nearest(const struct search_scene *, int column, int row, double u, double v);
/* space_coordinate of a trial or point along a searched dimension. */
double search_unit(const struct search_scene *, int which, const double *x);

#endif
