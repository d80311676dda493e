/* fsp_mats: what the FSP screen shows, whether it comes from a recorded step or from a probe: one pair of matrices, and
 * the figures that are read off them. */
#ifndef FSPLAB_UI_FSP_MATS_H
#define FSPLAB_UI_FSP_MATS_H

#include "model.h"

struct fsp_pair {
    int tm, tn, sm, sn;
    const float *t, *s;            /* (tm, tn), (sm, sn), the model's; NULL: not there */
    float *d;                      /* (tm, tn): t - s, owned; NULL where the two differ in shape or one is not there */
    double norm_t, norm_s, norm_d; /* Frobenius, over what is finite; NaN: not there */
    bool collapsed;                /* |S|^2 < 1 % of |T|^2 */
    int not_finite;                /* elements that are NaN or infinite */
};

/* The pair of the recorded step, 0..2; and the probe's block. Release it afterwards. */
void fsp_pair_recorded(struct fsp_pair *, const struct model *, int pair);
void fsp_pair_probed(struct fsp_pair *, const struct model *);
void fsp_pair_release(struct fsp_pair *);
/* Relative error |T - S| / |T|; NaN where it makes no sense. */
double fsp_pair_error(const struct fsp_pair *);
/* An element of t, s or d (which 0..2); NaN where there is none. */
double fsp_pair_at(const struct fsp_pair *, int which, int i, int j);

/* Where |t - s| is largest. */
void fsp_pair_largest(const struct fsp_pair *, int *i, int *j);

/* The three matrices as they are coloured: means over cells of di x dj elements, and, where ROOT is set, square roots: an
 * FSP matrix has a few large values and many small ones, which look all alike in a linear scale. */
struct fsp_shown {
    int m[3], n[3];
    float *v[3];              /* (m, n), owned; NULL: not there */
    double from, to, wide;    /* the colours' ends in v: of teacher and student, and -wide .. wide of the difference */
    double lo, middle, hi;    /* what the ends and the middle of the first scale stand for */
    double span, middle_span; /* the difference's end, and half way to it */
};
void fsp_shown_make(struct fsp_shown *, const struct fsp_pair *, int di, int dj, bool root);
void fsp_shown_release(struct fsp_shown *);

/* Why there is nothing to show, as a sentence or two; "" where there is. */
void fsp_why_nothing(const struct model *, char *buf, size_t cap);
/* Whether the probe's answer is the one of the block and image that are selected (it may still be on its way). */
bool fsp_probe_shown(const struct model *);

#endif
