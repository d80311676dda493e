/* ref_ops: every operation of a backend in plain loops and float64, written from the contract in backend.h. Slow and
 * meant to be read: it is what backends are compared with, and what finite differences are compared with. Layouts as
 * there: maps (N, H, W, C), convolution weights (KH, KW, Ci, Co). All on one thread, all memory is the caller's. */
#ifndef FSPLAB_TESTS_REF_OPS_H
#define FSPLAB_TESTS_REF_OPS_H

#include "../src/nn/backend.h"

/* Fields as in struct bn. */
struct ref_bn {
    double *gamma, *beta, *running_mean, *running_var, *mean, *invstd, *scale, *shift, *dgamma, *dbeta;
};

/* Fields as in struct node; a NULL: the value is computed. */
struct ref_node {
    int h, w, c;
    const double *z;
    const struct ref_bn *bn;
    bool relu;
    enum res_kind res_kind;
    const double *res;
    const struct ref_bn *res_bn;
    double *a;
};

struct ref_conv {
    int n, h, w, ci, co, k, stride;
    const double *weight;
    double *dweight;
};

/* map numbers and shapes of a step as in struct infer_step */
struct ref_step {
    struct ref_conv conv;
    const double *bias;
    int in, out, res;
    enum res_kind res_kind;
    bool relu;
    double *tap;
};

/* The value of element (y, x, k) of image i, before and after the ReLU. */
double ref_before_relu(const struct ref_node *, int i, int y, int x, int k);
double ref_value(const struct ref_node *, int i, int y, int x, int k);

void ref_conv_forward(const struct ref_conv *, const struct ref_node *in, bool store, double *z, const struct ref_bn *);
void ref_node_forward(int n, const struct ref_node *);
void ref_node_backward(int n, const struct ref_node *, const double *da);
void ref_conv_backward(const struct ref_conv *, const struct ref_node *in, const struct ref_node *out, double *da,
                       double *din, bool add, bool sums);
void ref_pad_backward(int n, int h, int w, int c, const double *g, double *din);
void ref_gap_forward(int n, int hw, int c, const double *a, double *out);
void ref_gap_backward(int n, int hw, int c, const double *dout, double *da);
void ref_fc_forward(int n, int c, int k, const double *x, const double *w, const double *b, double *y);
void ref_fc_backward(int n, int c, int k, const double *x, const double *w, const double *dy, double *dw, double *db,
                     double *dx);
/* labels and *correct are whole numbers kept in doubles. */
void ref_softmax_ce(int n, int k, const double *logits, const double *labels, double smoothing, double weight, bool add,
                    double *dlogits, double *loss, double *correct);
void ref_kd_loss(int n, int k, const double *logits, const double *teacher, double temperature, double weight, bool add,
                 double *dlogits, double *loss);
void ref_hint_loss(int n, int size, const double *x, const double *t, double weight, double *dx, double *loss);
void ref_fsp_forward(const struct fsp_pair *, const double *f1, const double *f2, double *g);
void ref_fsp_loss(int n, int size, const double *gt, const double *gs, double per, double weight, double *dgs,
                  double *loss3);
void ref_fsp_backward(const struct fsp_pair *, const double *f1, const double *f2, const double *dg, double *df1,
                      bool add1, double *df2, bool add2);
void ref_sgd(int n, double *w, const double *grad, double *v, double lr, double momentum, double decay, bool nesterov);
void ref_bn_fold(const struct ref_conv *, const struct ref_bn *, double *weight, double *bias);
/* logits NULL: not wanted. */
void ref_infer(const struct ref_step *, int n_steps, int n_maps, const double *fc_weight, const double *fc_bias,
               int classes, int n, const double *x, double *logits);

#endif
