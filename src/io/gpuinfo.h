/* gpuinfo: what the GPUs and a process are doing. NVML is opened at run time (libnvidia-ml.so.1), so nothing is needed at
 * build time; CPU, memory and threads of a process come from /proc. What cannot be known is NaN or -1, never 0. */
#ifndef FSPLAB_GPUINFO_H
#define FSPLAB_GPUINFO_H

#include "../base.h"

struct gpu_info {
    char name[64];
    double utilization, memory_utilization;  /* 0..1 */
    double memory_used, memory_total;        /* bytes */
    double power, power_limit;               /* W */
    double temperature;                      /* degrees C */
    double clock_sm, clock_memory;           /* MHz */
    double process_memory;                   /* bytes of the given process; NaN: not listed */
};

struct gpuinfo;
/* library NULL: "libnvidia-ml.so.1". NULL with err (ERR_DEVICE) when there is no library, no driver, no GPU; says which. */
struct gpuinfo *gpuinfo_open(const char *library, struct err *);
void gpuinfo_close(struct gpuinfo *);
int gpuinfo_count(const struct gpuinfo *);
/* A fresh reading of GPU i; fields that the driver refuses are NaN. pid 0: no process. */
void gpuinfo_read(struct gpuinfo *, int i, int pid, struct gpu_info *);

struct proc_info {
    double cpu;          /* of one core, since the previous reading of this struct: 1.9 = 1.9 cores; NaN the first time */
    double rss, rss_peak; /* bytes */
    int threads;         /* -1 */
    double machine_cpu;  /* 0..1, of all cores, since the previous reading */
    double machine_memory_used, machine_memory_total; /* bytes */
    int cores;
    double load1;
    /* the previous reading */
    double at, cpu_seconds, busy, total;
};
/* Updates *p in place (zeroed before the first call). pid 0 or gone: the process's fields are NaN, -1. */
void procinfo_read(int pid, struct proc_info *p);

#endif
