/* cuda_plugin: what fsplab-cuda.so shows the program. The plug-in is opened at run time (cuda_open.c) and has no
 * symbol but one, of this type; both sides compile this header, and `abi` and `ops_size` say whether it was the same. */
#ifndef FSPLAB_CUDA_PLUGIN_H
#define FSPLAB_CUDA_PLUGIN_H

#include "backend.h"

#define CUDA_PLUGIN_SYMBOL "fsplab_cuda_plugin"
enum { CUDA_PLUGIN_ABI = 1 };

struct cuda_plugin {
    unsigned abi;      /* CUDA_PLUGIN_ABI; counts up when the meaning of anything here or in backend.h changes */
    unsigned ops_size; /* sizeof(struct backend_ops) */
    const char *built; /* "CUDA 13.0" */
    /* The number of devices; 0 and err say why none can be used. */
    int (*device_count)(struct err *);
    /* A backend on device i. NULL and err (ERR_DEVICE) otherwise. */
    struct backend *(*open)(int i, struct err *);
};

/* The plug-in at this path; NULL: fsplab-cuda.so beside the program or in ../lib/fsplab from there. NULL and err
 * (ERR_DEVICE) when there is none, a library that it needs is missing, or it is of another build. Lives as long as the
 * process. */
const struct cuda_plugin *cuda_plugin_find(const char *path, struct err *);

#endif
