/* cuda_plugin: what fsplab-cuda.so shows the program. The plug-in is opened at run time (cuda_open.c) and has no
 * symbol but one, of this type. */
#ifndef FSPLAB_CUDA_PLUGIN_H
#define FSPLAB_CUDA_PLUGIN_H

#include "backend.h"

#define CUDA_PLUGIN_SYMBOL "fsplab_cuda_plugin"
enum { CUDA_PLUGIN_ABI = 2 };

struct cuda_plugin {
    unsigned abi; /* CUDA_PLUGIN_ABI: counts up when this struct changes */
    const char
        *stamp; /* CUDA_PLUGIN_STAMP, given by the Makefile to both sides: the version, and a checksum of the CUDA
                        * sources and the headers that they share with the program */
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
