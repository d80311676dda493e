/* train: one training step of a student (or a teacher by itself), for every objective. The teacher is fixed: it runs in
 * inference form, with its running statistics.
 *
 * Objectives (x a batch of N images, T teacher, S student):
 *   CE    mean cross-entropy with label smoothing
 *   FSP   sum_i lambda_i * 1/N sum_x |T_i(x) - S_i(x)|^2 [/ (m_i n_i) with the element mean], i = 1..3
 *         (Yim et al. 2017, eq. 2; Kim & Bae 2020, eq. 1-3)
 *   HINT  lambda / 2 * 1/N sum_x |hint(x) - r(guided(x))|^2, middle blocks, r a 1x1 convolution where widths differ
 *         (Romero et al. 2015, eq. 3)
 *   KD    (1 - w) * CE + w * T^2 * KL(teacher / T || student / T)  (Hinton et al. 2015) */
#ifndef FSPLAB_TRAIN_H
#define FSPLAB_TRAIN_H

#include "net.h"

enum objective { OBJ_CE, OBJ_FSP, OBJ_HINT, OBJ_KD };

/* The two taps of each of the three FSP pairs. inside = false: a section's input and its output; true: the outputs
 * of its first and of its last block (Yim's Fig. 2). A VGG's block is a pair of layers. */
struct fsp_taps {
    int first[3], last[3];
};
struct fsp_taps fsp_taps(const struct net_spec *, bool inside);
int hint_tap(const struct net_spec *); /* the middle block's output */
/* The maps of taps FIRST and LAST as a pair; its matrix is (c1, c2). */
struct fsp_pair fsp_pair_of(const struct net_spec *, int n, int first, int last);

/* Whether the two nets' FSP matrices have equal shapes; ERR_SHAPE names both maps of the first pair that do not fit. */
bool fsp_check(const struct net_spec *teacher, const struct net_spec *student, bool inside, struct err *err);
/* Whether the hint and the guided map have the same height and width. */
bool hint_check(const struct net_spec *teacher, const struct net_spec *student, struct err *err);

struct hyper {
    float lr, momentum, weight_decay;
    bool nesterov;
    float label_smoothing;
    float lambda[3]; /* FSP: lambda * lambda_i; HINT: lambda[0] is lambda */
    bool fsp_mean;
    float kd_temperature, kd_weight;
};

/* Where a step's time goes. */
enum step_part {
    PART_DATA,     /* the batch: filled by the caller, who adds that to the upload's time, which is there */
    PART_TEACHER,  /* forward of the fixed net */
    PART_FORWARD,  /* of the net that is trained */
    PART_LOSS,     /* losses, FSP matrices, gradients at the top */
    PART_BACKWARD, /* with the FSP matrices' gradients at their taps */
    PART_UPDATE,   /* SGD */
    STEP_PARTS
};

struct step_result {
    float loss, ce, kd, hint;             /* NaN where the objective has none */
    float fsp[3];                         /* unweighted, in the declared norm */
    float fsp_student[3], fsp_teacher[3]; /* 1/N sum |S_i|^2, 1/N sum |T_i|^2 */
    int correct;                          /* of the batch; -1 where there are no logits */
    double seconds[STEP_PARTS];           /* NaN where the objective has no such part, or the backend cannot tell */
};

struct train;
/* Both nets on one backend, not owned. teacher may be NULL (CE only). inside: see fsp_taps. */
struct train *train_new(struct backend *, struct net *student, struct net *teacher, int batch, bool inside,
                        struct err *);
void train_free(struct train *);
/* One step on x (batch, 32, 32, 4) host floats: forward, losses, backward, SGD. A non-finite loss is reported in the
 * result and the update is not made. */
bool train_step(struct train *, enum objective, const float *x, const int *labels, const struct hyper *,
                struct step_result *, struct err *);
/* FSP matrices of the latest FSP step, averaged over the batch: pair 0..2, who 'T' or 'S'; g (m, n) host. */
void train_fsp_mean(struct train *, int pair, char who, float *g);
void train_fsp_shape(const struct train *, int pair, int *m, int *n);

/* The 1x1 regressor of HINT, or NULL where none is needed: (ci, co) weights and momenta on the host. */
int train_regressor_size(const struct train *, int *ci, int *co);
void train_regressor_get(struct train *, float *w, float *v);
void train_regressor_set(struct train *, const float *w, const float *v);
void train_regressor_init(struct train *, uint64_t seed);

/* Number right among n images (host floats), with the net's running statistics; net_fold first. Chunks of at most
 * `batch` of train_new's are the caller's business: n is free. */
bool eval_batch(struct backend *, struct net *, const float *x, const int *labels, int n, int *correct, float *loss,
                struct err *);

#endif
