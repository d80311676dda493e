/* One table names the functions of NVML that are used, newest version first; the first name that the library has is taken,
 * and a function that it lacks stays NULL and leaves its field NaN. So one build serves any driver, and a machine without
 * one. The types are declared here, as NVML's reference documents them, since its header belongs to the CUDA toolkit.
 *
 * Two things about drivers are worth knowing. Entries of the process list have had three sizes, and which one a function
 * fills does not follow from its version (driver 535 changed it under an old name), so the size is found by looking
 * how far the driver has written. And a driver in trouble may answer slowly: nobody may wait for it twice in a row, so
 * such a reading is kept for a while. */
#include "gpuinfo.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- NVML, as far as it is used ---- */

typedef struct nvml_device *nvml_device;

enum {
    NVML_OK = 0,
    NVML_UNINITIALIZED = 1,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_DRIVER_NOT_LOADED = 9,
    NVML_GPU_IS_LOST = 15,
    NVML_RESET_REQUIRED = 16,
    NVML_MISMATCH = 18, /* library and driver are of different versions: it has been updated under us */
};
enum { NVML_SENSOR_GPU = 0, NVML_CLOCK_SM = 1, NVML_CLOCK_MEMORY = 2 };

struct nvml_memory {
    unsigned long long total, free, used; /* bytes */
};
struct nvml_utilization {
    unsigned gpu, memory; /* percent */
};

/* field, type of the function, its names */
#define NVML_FUNCTIONS(X)                                                                                              \
    X(init, (void), "nvmlInit_v2", "nvmlInit")                                                                         \
    X(shutdown, (void), "nvmlShutdown")                                                                                \
    X(error_string, (int), "nvmlErrorString")                                                                          \
    X(driver_version, (char *, unsigned), "nvmlSystemGetDriverVersion")                                                \
    X(count, (unsigned *), "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount")                                              \
    X(by_index, (unsigned, nvml_device *), "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex")              \
    X(name, (nvml_device, char *, unsigned), "nvmlDeviceGetName")                                                      \
    X(memory, (nvml_device, struct nvml_memory *), "nvmlDeviceGetMemoryInfo")                                          \
    X(utilization, (nvml_device, struct nvml_utilization *), "nvmlDeviceGetUtilizationRates")                          \
    X(power, (nvml_device, unsigned *), "nvmlDeviceGetPowerUsage")                                                     \
    X(power_limit, (nvml_device, unsigned *), "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit")  \
    X(temperature, (nvml_device, int, unsigned *), "nvmlDeviceGetTemperature")                                         \
    X(clock, (nvml_device, int, unsigned *), "nvmlDeviceGetClockInfo")                                                 \
    X(processes, (nvml_device, unsigned *, void *), "nvmlDeviceGetComputeRunningProcesses_v3",                         \
      "nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetComputeRunningProcesses")

/* error_string alone returns something else than a code; it is cast where it is called. */
struct nvml {
#define X(field, type, ...) int(*field) type;
    NVML_FUNCTIONS(X)
#undef X
};

/* ---- handle ---- */

struct gpu {
    nvml_device device; /* NULL: the driver would not give it */
    bool lost;          /* fallen off the bus: it is not asked again */
    double quiet_until; /* clock_seconds; until then `last` is good enough */
    int last_pid;
    struct gpu_info last;
};

struct gpuinfo {
    void *library;
    struct nvml nvml;
    char driver[80];
    int n;
    struct gpu *gpu;
};

enum { GPUS_MAX = 64, PROCESSES_FIRST = 32, PROCESSES_MAX = 4096, ENTRY_MAX = 64 };
static const double SLOW = 0.05, QUIET = 20;

static void find_functions(void *library, struct nvml *nvml)
{
    static const struct {
        size_t offset;
        const char *names[3];
    } table[] = {
#define X(field, type, ...) {offsetof(struct nvml, field), {__VA_ARGS__}},
        NVML_FUNCTIONS(X)
#undef X
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        void *found = NULL;
        for (size_t k = 0; k < ARRAY_LEN(table[i].names) && table[i].names[k] && !found; k++)
            found = dlsym(library, table[i].names[k]);
        memcpy((char *)nvml + table[i].offset, &found, sizeof found);
    }
}

static bool refused(const struct nvml *nvml, const char *what, int code, struct err *err)
{
    const char *why = NULL;
    if (nvml->error_string)
        why = ((const char *(*)(int))(void (*)(void))nvml->error_string)(code);
    if (code == NVML_DRIVER_NOT_LOADED)
        return err_set(err, ERR_DEVICE, "the NVIDIA driver is not loaded (%s: error %d)", what, code);
    return err_set(err, ERR_DEVICE, "the NVIDIA driver refuses %s: %s (error %d)", what, why ? why : "no reason given",
                   code);
}

static bool open_library(struct gpuinfo *g, const char *name, struct err *err)
{
    g->library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (!g->library) {
        const char *why = dlerror();
        size_t n = strlen(name);
        if (why && strncmp(why, name, n) == 0 && why[n] == ':')
            why += n + 1 + (why[n + 1] == ' '); /* the name stands before it already */
        return err_set(err, ERR_DEVICE, "no NVIDIA driver library: cannot load '%s': %s", name,
                       why ? why : "no reason given");
    }
    find_functions(g->library, &g->nvml);
    if (!g->nvml.init || !g->nvml.count || !g->nvml.by_index)
        return err_set(err, ERR_DEVICE, "'%s' is no NVIDIA driver library: it has no %s", name,
                       !g->nvml.init    ? "nvmlInit"
                       : !g->nvml.count ? "nvmlDeviceGetCount"
                                        : "nvmlDeviceGetHandleByIndex");
    return true;
}

static bool find_gpus(struct gpuinfo *g, struct err *err)
{
    unsigned n = 0;
    int code = g->nvml.count(&n);
    if (code != NVML_OK)
        return refused(&g->nvml, "to count its GPUs", code, err);
    if (n == 0)
        return err_set(err, ERR_DEVICE, "the NVIDIA driver has no GPU");
    g->n = n < GPUS_MAX ? (int)n : GPUS_MAX;
    g->gpu = xcalloc((size_t)g->n, sizeof *g->gpu);
    for (int i = 0; i < g->n; i++)
        if (g->nvml.by_index((unsigned)i, &g->gpu[i].device) != NVML_OK)
            g->gpu[i].device = NULL;
    return true;
}

struct gpuinfo *gpuinfo_open(const char *library, struct err *err)
{
    struct gpuinfo *g = xcalloc(1, sizeof *g);
    int code;
    if (!open_library(g, library ? library : "libnvidia-ml.so.1", err))
        goto no_library;
    code = g->nvml.init();
    if (code != NVML_OK) {
        refused(&g->nvml, "to start", code, err);
        goto no_driver;
    }
    if (!find_gpus(g, err))
        goto no_gpu;
    if (!g->nvml.driver_version || g->nvml.driver_version(g->driver, sizeof g->driver) != NVML_OK)
        g->driver[0] = 0;
    g->driver[sizeof g->driver - 1] = 0;
    return g;

no_gpu:
    if (g->nvml.shutdown)
        g->nvml.shutdown();
no_driver:
no_library:
    if (g->library)
        dlclose(g->library);
    free(g);
    return NULL;
}

void gpuinfo_close(struct gpuinfo *g)
{
    if (!g)
        return;
    if (g->nvml.shutdown)
        g->nvml.shutdown();
    dlclose(g->library);
    free(g->gpu);
    free(g);
}

int gpuinfo_count(const struct gpuinfo *g)
{
    return g->n;
}

const char *gpuinfo_driver(const struct gpuinfo *g)
{
    return g->driver;
}

/* ---- readings ---- */

/* True when the call has brought something. A GPU that is lost, or a driver that is gone, is noted: there is no point in
 * the questions that would follow. */
static bool answered(struct gpu *gpu, bool *gone, int code)
{
    if (code == NVML_GPU_IS_LOST || code == NVML_RESET_REQUIRED)
        gpu->lost = true;
    if (gpu->lost || code == NVML_UNINITIALIZED || code == NVML_DRIVER_NOT_LOADED || code == NVML_MISMATCH)
        *gone = true;
    return code == NVML_OK;
}

/* Bytes of an entry in a list of N that was filled with FILL before the driver wrote to it; 0: not one that is known. */
static size_t entry_size(const uint64_t *list, size_t words, unsigned n, uint64_t fill)
{
    while (words > 0 && list[words - 1] == fill)
        words--;
    for (size_t size = 16; size <= ENTRY_MAX; size += 8)
        if (words * sizeof *list == size * n)
            return size;
    return 0;
}

/* Memory of the process. Every layout begins with the number of the process and, 8 bytes on, its memory. */
static double process_memory(const struct nvml *nvml, struct gpu *gpu, bool *gone, int pid)
{
    const uint64_t fill = 0xa5c35a3ca5c35a3c, unknown = UINT64_MAX; /* the driver's own word for "not available" */
    double bytes = NAN;
    int code = NVML_INSUFFICIENT_SIZE;
    for (unsigned cap = PROCESSES_FIRST; code == NVML_INSUFFICIENT_SIZE && cap <= PROCESSES_MAX; cap *= 4) {
        size_t words = (size_t)cap * ENTRY_MAX / sizeof fill;
        uint64_t *list = xmalloc(words * sizeof *list);
        unsigned n = cap;
        for (size_t i = 0; i < words; i++)
            list[i] = fill;
        code = nvml->processes(gpu->device, &n, list);
        size_t size = answered(gpu, gone, code) && n > 0 && n <= cap ? entry_size(list, words, n, fill) : 0;
        for (unsigned i = 0; size && i < n; i++) {
            const uint64_t *entry = list + i * (size / sizeof *list);
            uint32_t number;
            memcpy(&number, entry, sizeof number);
            if (number == (uint32_t)pid && entry[1] != unknown)
                bytes = (isnan(bytes) ? 0 : bytes) + (double)entry[1]; /* one entry for each part of a divided GPU */
        }
        free(list);
    }
    return bytes;
}

static struct gpu_info nothing(void)
{
    return (struct gpu_info){"", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

static struct gpu_info ask(const struct nvml *nvml, struct gpu *gpu, int pid)
{
    struct gpu_info r = nothing();
    struct nvml_memory memory;
    struct nvml_utilization use;
    unsigned v;
    bool gone = gpu->lost || !gpu->device;
/* The arguments after the device. */
#define ASK(f, ...) (!gone && nvml->f && answered(gpu, &gone, nvml->f(gpu->device, __VA_ARGS__)))
    if (ASK(name, r.name, sizeof r.name))
        r.name[sizeof r.name - 1] = 0;
    else
        r.name[0] = 0;
    if (ASK(utilization, &use))
        r.utilization = use.gpu / 100.0, r.memory_utilization = use.memory / 100.0;
    if (ASK(memory, &memory))
        r.memory_used = (double)memory.used, r.memory_total = (double)memory.total;
    if (ASK(power, &v))
        r.power = v / 1000.0;
    if (ASK(power_limit, &v))
        r.power_limit = v / 1000.0;
    if (ASK(temperature, NVML_SENSOR_GPU, &v))
        r.temperature = v;
    if (ASK(clock, NVML_CLOCK_SM, &v))
        r.clock_sm = v;
    if (ASK(clock, NVML_CLOCK_MEMORY, &v))
        r.clock_memory = v;
#undef ASK
    if (!gone && nvml->processes && pid > 0)
        r.process_memory = process_memory(nvml, gpu, &gone, pid);
    return r;
}

void gpuinfo_read(struct gpuinfo *g, int i, int pid, struct gpu_info *out)
{
    if (i < 0 || i >= g->n) {
        *out = nothing();
        return;
    }
    struct gpu *gpu = &g->gpu[i];
    double from = clock_seconds();
    if (from < gpu->quiet_until) {
        *out = gpu->last;
        if (pid != gpu->last_pid)
            out->process_memory = NAN;
        return;
    }
    struct gpu_info before = gpu->last;
    gpu->last = ask(&g->nvml, gpu, pid);
    gpu->last_pid = pid;
    if (!gpu->last.name[0])
        memcpy(gpu->last.name, before.name, sizeof before.name); /* its name is known, even when it is gone */
    double took = clock_seconds() - from;
    gpu->quiet_until = took > SLOW ? from + took + QUIET * took : 0;
    *out = gpu->last;
}
