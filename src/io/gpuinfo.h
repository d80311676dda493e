/* gpuinfo: what the GPUs are doing. NVML is opened at run time (libnvidia-ml.so.1), so nothing is needed at build time.
 * What cannot be known is NaN, never 0. What a process does on this machine is in procinfo.h. */
#ifndef FSPLAB_GPUINFO_H
#define FSPLAB_GPUINFO_H

#include "../base.h"
#include "procinfo.h"

struct gpu_info {
    char name[64];                          /* "": not known */
    double utilization, memory_utilization; /* 0..1, of the driver's last interval (a second or less) */
    double memory_used, memory_total;       /* bytes */
    double power, power_limit;              /* W */
    double temperature;                     /* degrees C */
    double clock_sm, clock_memory;          /* MHz */
    double process_memory;                  /* bytes of the given process; NaN: not listed */
};

/* One thread. A driver that goes away while the handle is open is no error: the readings become NaN. */
struct gpuinfo;
/* library NULL: "libnvidia-ml.so.1". NULL with err (ERR_DEVICE) when there is no library, no driver, no GPU; says which. */
struct gpuinfo *gpuinfo_open(const char *library, struct err *);
void gpuinfo_close(struct gpuinfo *); /* NULL is fine */
int gpuinfo_count(const struct gpuinfo *);
const char *gpuinfo_driver(const struct gpuinfo *); /* the driver's version, "535.183.01"; "": not known */
/* A fresh reading of GPU i; fields that the driver refuses are NaN. pid 0: no process. Takes about a millisecond; when the
 * driver was slow (over 50 ms), the same reading is given again until twenty times as long has passed. */
void gpuinfo_read(struct gpuinfo *, int i, int pid, struct gpu_info *);

#endif
