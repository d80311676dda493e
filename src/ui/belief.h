/* belief: what a search believes of its objective, as a picture, worked out on a thread of its own so that no frame waits
 * for it: the surrogate fitted to the trials (search/surrogate.h), its mean, sigma and acquisition over two settings, and
 * the points that the search would try next.
 *
 * One thread (the one that draws) owns a belief and makes all calls. The newest want counts: an older one is given up
 * between two rows of its picture, or two draws for the weights, never finished first. Finished pictures do not change. They come in steps, the quick
 * and important first: mean and sigma; the acquisition in coarse blocks; the next points; the acquisition in full; the settings' weights. */
#ifndef FSPLAB_UI_BELIEF_H
#define FSPLAB_UI_BELIEF_H

#include "../search/importance.h"
#include "../search/surrogate.h"

struct history_points; /* history.h */

enum { BELIEF_NEXT = 3, BELIEF_COARSE = 4, BELIEF_GRID = 1024, BELIEF_WEIGHED_FROM = 4 };

struct belief_want {
    const struct space *space;
    const struct history_points *points;
    uint64_t seed; /* of the search: params.seed + search_no */
    enum strategy strategy;
    int column_dim, row_dim; /* of the space, with min < max; equal: a cut, rows is 1 */
    int columns, rows;       /* of the picture */
    bool acquisition;        /* wanted too */
    bool average;            /* mean and sigma with the other settings averaged over, instead of at the best point */
    bool weights;            /* wanted too */
};

/* How much the settings matter, as `fsplab importance` says it; (space.n) each. */
struct belief_weights {
    bool known;   /* from BELIEF_WEIGHED_FROM complete trials inside the ranges on */
    int n, n_top; /* behind PED-ANOVA: so many trials, and so many at the top */
    double ped_anova[SPACE_MAX];
    struct importance_interval first[SPACE_MAX], total[SPACE_MAX];
};

/* What a grid over the same ranges would have found, by the surrogate's mean: best[k - 1] is the expectation of the highest
 * mean among k of its n points in random order. n 0: it would have too many points. */
struct belief_grid {
    int n;
    double best[BELIEF_GRID];
};

struct belief_picture {
    struct space space;
    int n_points;                           /* trials it was made from */
    bool fitted;                            /* false: no complete trial, or nothing is searched; the rest is 0 then */
    int column_dim, row_dim, columns, rows; /* as wanted */
    double at[SPACE_MAX];                   /* the other settings: of the best point */
    bool
        averaged; /* mean and sigma are of the average over the other settings (surrogate.h); the acquisition is at AT */
    float *mean, *sigma; /* (rows, columns), as surrogate_slice has them */
    float *acquisition;  /* (rows, columns); NULL: not there yet */
    int block; /* side of the blocks in which the acquisition is one value (that of the block's middle cell); 1: in full */
    enum surrogate_aim aim;       /* what the acquisition is the worth for */
    int best;                     /* index of the point with the highest mean; -1: none */
    double best_mean, best_sigma; /* the belief there */
    int n_next;                   /* points that would be tried next, in their order */
    double next[BELIEF_NEXT][SPACE_MAX];
    struct surrogate_hyper hyper;
    struct belief_grid grid;
    struct belief_weights weights;
    bool complete; /* nothing is added to it any more */
};

struct belief;
struct belief *belief_new(void);
/* At once, whatever is being worked out. NULL is fine. */
void belief_free(struct belief *);
/* Asks for a picture; everything is copied. Asking for the same again costs a comparison. */
void belief_want(struct belief *, const struct belief_want *);
/* The latest picture, NULL: none yet. It stays as it is until the next call of belief_picture or belief_free. */
const struct belief_picture *belief_picture(struct belief *);
/* Readable when a picture has come that belief_picture has not given out. */
int belief_fd(const struct belief *);
/* Waits until everything wanted is there; false: not within so many seconds. */
bool belief_wait(struct belief *, double seconds);

#endif
