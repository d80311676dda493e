/* trial_impl: what trial.c and trial_file.c share. */
#ifndef FSPLAB_TRIAL_IMPL_H
#define FSPLAB_TRIAL_IMPL_H

#include "io/augment.h"
#include "trial.h"
#include "weights.h"

struct trial {
    struct trial_env env;
    struct params p; /* with live changes */
    char *dir, teacher_path[512];
    enum stage stage;
    int step;
    int evaluated_step; /* step of the stage at which the latest evaluation was made; -1 */
    int eval_at, eval_correct;
    double eval_loss;
    struct net *net;     /* that is being trained: the teacher in STAGE_TEACHER, then the student */
    struct net *teacher; /* fixed, where the stage needs one or a probe wanted it */
    struct train *train;
    float *x;
    int *labels, *order, order_epoch;
    bool edited, collapsed;
    bool cut;    /* the stage ends at this step (trial_skip); in no file: who asks for it keeps the record */
    bool asleep; /* no nets, no trainer */
    int collapse_run;
    bool fsp_taken;
    int fsp_m[3], fsp_n[3];
    float *fsp[6]; /* T and S of each pair, when taken */
    double val, best;
    char advice[256];
};

bool trial_is_file(const char *teacher);
bool trial_specs(const struct params *, int classes, struct net_spec *teacher, struct net_spec *student, struct err *);
struct trial *trial_alloc(const struct trial_env *, const struct params *, const char *dir);
/* Sets t->teacher from its file. */
bool trial_load_teacher(struct trial *, const struct net_spec *, struct err *);
bool trial_enter(struct trial *, enum stage, struct err *);
bool trial_write_teacher(struct trial *, struct err *);

#endif
