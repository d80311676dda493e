/* weights: nets to and from safetensors files, under PyTorch's names, with what is needed to use them in the metadata
 * (net, shortcut, classes, dataset, mean, std). */
#ifndef FSPLAB_WEIGHTS_H
#define FSPLAB_WEIGHTS_H

#include "io/data.h"
#include "io/safetensors.h"
#include "nn/net.h"

/* Adds the net's tensors, each name with PREFIX; momenta as "momentum." + name when wanted. */
void weights_add(struct st_file *, struct net *, const char *prefix, bool momentum);
/* Metadata net, shortcut, classes, dataset, mean, std. */
void weights_describe(struct st_file *, const struct net_spec *, const struct dataset *);
/* Fills the net from the file; every tensor must be there in its shape (num_batches_tracked and unknown ones are passed
 * over). ERR_FORMAT names the tensor. */
bool weights_take(const struct st_file *, const char *path, struct net *, const char *prefix, bool momentum,
                  struct err *);
/* What net a file holds: from its metadata, or, for files written by PyTorch, from its tensors (a name that has
 * "vgg" in it is taken as vggN, since option A's shortcuts leave no tensors). */
bool weights_spec(const struct st_file *, const char *path, struct net_spec *, struct err *);
/* weights_spec of a file. */
bool weights_spec_of(const char *path, struct net_spec *, struct err *);

#endif
