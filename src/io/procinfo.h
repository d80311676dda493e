/* procinfo: CPU, memory and threads of a process and of this machine, from /proc. What cannot be known is NaN or -1,
 * never 0. */
#ifndef FSPLAB_PROCINFO_H
#define FSPLAB_PROCINFO_H

#include "../base.h"

struct proc_info {
    double cpu; /* of one core, since the previous reading of this struct: 1.9 = 1.9 cores; NaN the first time */
    double rss, rss_peak;                             /* bytes */
    int threads;                                      /* -1 */
    double machine_cpu;                               /* 0..1, of all cores, since the previous reading */
    double machine_memory_used, machine_memory_total; /* bytes; used: what cannot be had without swapping */
    int cores;                                        /* that are online; -1 */
    double load1;
    /* the previous reading */
    double at, cpu_seconds, busy, total;
    double started; /* of the process, in clock ticks since boot: tells it from a later one of the same number */
    int pid;
};
/* Updates *p in place (zeroed before the first call). pid 0 or gone: the process's fields are NaN, -1. Of two readings
 * within 50 ms the second keeps the first one's shares, since /proc counts in hundredths of a second. */
void procinfo_read(int pid, struct proc_info *p);
/* The same from another folder than /proc. */
void procinfo_read_from(const char *proc, int pid, struct proc_info *p);

#endif
