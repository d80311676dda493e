/* net: residual nets resN and their plain twins vggN (the same convolutions without shortcuts), N = 6n + 2, for 32x32
 * images: one 3x3 stem, three stages of n blocks of two 3x3 convolutions at widths w, 2w, 4w (stride 2 into the second
 * and third), global average pool, one fully connected layer (He et al. 2016, section 4.2).
 *
 * Names: "res14", "vgg26"; "res14x4" is four times as wide, "res14w24" has width 24 in its first stage.
 *
 * The values between blocks are numbered: *tap* 0 is the stem's output, tap b (1..3n) the output of block b. net_infer
 * alone knows tap -b, too: the value inside block b, its first convolution's after batch norm and ReLU. So of a vggN the
 * taps 0, -1, 1, -2, 2, ... -3n, 3n are the outputs of its 1 + 6n convolutions, layer by layer. */
#ifndef FSPLAB_NET_H
#define FSPLAB_NET_H

#include "backend.h"

enum net_kind { NET_RES, NET_VGG };

struct net_spec {
    enum net_kind kind;
    int depth, n, width;
    bool option_b; /* projection shortcuts (resN only) */
    int classes;
};

/* shortcut_b applies to resN. ERR_CONFIG: names that are no net; N that is not 6n + 2 names the nearest that are. */
bool net_parse(const char *name, bool shortcut_b, int classes, struct net_spec *, struct err *);
void net_spec_format(const struct net_spec *, char *buf, size_t cap);

struct map_shape {
    int h, w, c;
};
static inline int net_blocks(const struct net_spec *s)
{
    return 3 * s->n;
}
struct map_shape net_tap_shape(const struct net_spec *, int tap); /* tap -b: that of tap b */

/* A net's parameters, running statistics and gradients on one backend. */
struct net;
struct net *net_new(struct backend *, const struct net_spec *);
void net_free(struct net *);
const struct net_spec *net_spec(const struct net *);
/* MSRA: N(0, 2 / fan-in) for convolutions and the classifier, 1 and 0 for batch norm, bias 0; a pure function of seed. */
void net_init(struct net *, uint64_t seed);

/* Tensors under the names and in the layout of PyTorch's CIFAR ResNets (convolutions (co, ci, kh, kw), linear (out,
 * in)): conv1.weight, bn1.{weight,bias,running_mean,running_var}, layer{1..3}.{i}.conv{1,2}.weight, ...,
 * layer{s}.0.shortcut.{0,1}.*, linear.{weight,bias}. A momentum has the shape of its parameter. */
struct net_tensor {
    char name[48];
    int rank;
    int64_t shape[4];
    size_t count;
    bool parameter; /* false: running statistics */
};
int net_tensor_count(const struct net *);
const struct net_tensor *net_tensor(const struct net *, int i);
void net_tensor_get(struct net *, int i, float *host); /* downloads and reorders */
void net_tensor_set(struct net *, int i, const float *host);
void net_momentum_get(struct net *, int i, float *host); /* parameters only */
void net_momentum_set(struct net *, int i, const float *host);
void net_momentum_clear(struct net *);
bool net_finite(struct net *); /* every parameter and running value */

/* ---- training ---- */

/* A gradient that enters at a tap: fn writes (or, when `add`, adds) it to d, (N, H, W, C) of that tap. */
struct tap_grad {
    int tap;
    void (*fn)(void *ctx, int tap, float *d, bool add);
    void *ctx;
};

/* Allocates what training with batches of n needs (once; ERR_DEVICE when it does not fit). */
bool net_train_begin(struct net *, int n, struct err *);
/* Runs up to and including LAST_TAP (all blocks: net_blocks), in training mode; head: logits too. x: (N, 32, 32, 4). */
void net_forward(struct net *, const float *x, int last_tap, bool head);
const float *net_tap(const struct net *, int tap); /* device, of the last forward */
const float *net_logits(const struct net *);       /* device */
float *net_dlogits(struct net *);                  /* device; the loss writes here before net_backward(head) */
/* Back from the logits (head) and the taps given, sorted or not; gradients of everything reached. */
void net_backward(struct net *, bool head, const struct tap_grad *taps, int n_taps);
/* Back through a 1x1 regressor on top of TAP and below: see train.c. */
const struct node *net_tap_node(const struct net *, int tap);
/* SGD on the parameters up to LAST_TAP (and the classifier when `head`): what a loss does not reach gets no decay. */
void net_sgd(struct net *, int last_tap, bool head, float lr, float momentum, float decay, bool nesterov);

/* ---- inference ---- */

/* Folds batch norms (running statistics) for net_infer; call again after the weights have changed. */
void net_fold(struct net *);
/* Inference on n images; taps[i] receives tap tap_no[i], from -3n to 3n (device, NULL-free); logits may be NULL. Runs as
 * far as what is asked for. Leaves training alone: parameters, running statistics, momenta and the values of the latest
 * net_forward stay as they are. */
void net_infer(struct net *, int n, const float *x, const int *tap_no, float *const *taps, int n_taps, float *logits);

#endif
