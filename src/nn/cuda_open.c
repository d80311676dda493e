/* Which device to train on. The CUDA backend is a plug-in, fsplab-cuda.so, beside the program (or in ../lib/fsplab from
 * there), opened when it is asked for: so one program runs with a GPU, without one, and where CUDA's libraries are not
 * installed. It is never closed: the driver does not survive that. A plug-in left by an older build is refused: its stamp
 * is a checksum of the CUDA sources and the headers both sides compile. */
#include "cuda_plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cuda_plugin *open_at(const char *path, struct err *err)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const struct cuda_plugin *p = so ? dlsym(so, CUDA_PLUGIN_SYMBOL) : NULL;
    const char *why = p ? "" : dlerror(); /* "libcublas.so.13: cannot open shared object file: ..." */
    if (!p) {
        err_set(err, ERR_DEVICE, "cannot open the CUDA plug-in: %.400s", why ? why : "it shows no table");
        return NULL;
    }
    if (p->abi == CUDA_PLUGIN_ABI && strcmp(p->stamp, CUDA_PLUGIN_STAMP) == 0)
        return p;
    err_set(err, ERR_DEVICE, "the CUDA plug-in '%.300s' is of another build of fsplab (%.40s, wanted %s)", path,
            p->abi == CUDA_PLUGIN_ABI ? p->stamp : "with another table", CUDA_PLUGIN_STAMP);
    return NULL;
}

const struct cuda_plugin *cuda_plugin_find(const char *path, struct err *err)
{
    static const char *const places[] = {"fsplab-cuda.so", "../lib/fsplab/fsplab-cuda.so"};
    char dir[PATH_MAX], file[PATH_MAX + 64];
    if (path)
        return open_at(path, err);
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    dir[n > 0 ? n : 0] = 0;
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[1] = 0;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        snprintf(file, sizeof file, "%s%s", slash ? dir : "", places[i]);
        if (slash && access(file, F_OK) == 0)
            return open_at(file, err);
    }
    err_set(err, ERR_DEVICE,
            "no CUDA plug-in (fsplab-cuda.so) beside the program or in ../lib/fsplab; make builds it where "
            "it finds nvcc");
    return NULL;
}

struct backend *backend_new(const char *device, int threads, struct err *err)
{
    if (strcmp(device, "cpu") == 0 || strcmp(device, "auto") == 0)
        return backend_cpu_new(threads, NULL, err);
    bool numbered = strncmp(device, "cuda:", 5) == 0;
    if (!numbered && strcmp(device, "cuda") != 0) {
        err_set(err, ERR_DEVICE, "device '%.60s' is none (allowed: auto, cpu, cuda, cuda:N)", device);
        return NULL;
    }
    struct err why = {0};
    const struct cuda_plugin *p = cuda_plugin_find(NULL, &why);
    struct backend *be = p ? p->open(numbered ? atoi(device + 5) : 0, &why) : NULL;
    if (!be)
        err_set(err, ERR_DEVICE, "device '%.60s' is not available: %.800s; allowed here: auto, cpu", device, why.msg);
    return be;
}
