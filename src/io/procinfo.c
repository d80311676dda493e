/* Everything in /proc that is read here is a small text; each is read whole with one open, and looked through for what is
 * wanted, so that fields which newer kernels add do no harm. Times are in clock ticks, memory in kB. */
#include "procinfo.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shares of a shorter time than this are the clock's grain and nothing else. */
static const double INTERVAL_MIN = 0.05;

/* Reads at most cap - 1 bytes and ends them with NUL; false when there is no such file (any more). */
static bool slurp(const char *path, char *buf, size_t cap)
{
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got;
    while (n < cap - 1 && (got = read(fd, buf + n, cap - 1 - n)) > 0)
        n += (size_t)got;
    close(fd);
    buf[n] = 0;
    return n > 0;
}

/* The number in the line "KEY: NUMBER ..."; NaN when there is no such line. */
static double field(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n) == 0 && line[n] == ':') {
            char *end;
            double v = strtod(line + n + 1, &end);
            return end == line + n + 1 ? NAN : v;
        }
    }
    return NAN;
}

/* The columns of /proc/PID/stat behind the name, which may hold blanks and parentheses: its end is the last ')'. Column 0
 * is the state. Returns how many there were. */
static int stat_columns(const char *text, char *state, double *v, int cap)
{
    const char *s = strrchr(text, ')');
    int n = 0;
    if (!s || s[1] != ' ' || !s[2])
        return 0;
    *state = s[2];
    s += 3;
    for (v[n++] = NAN; n < cap; n++) {
        char *end;
        v[n] = strtod(s, &end);
        if (end == s)
            break;
        s = end;
    }
    return n;
}

enum { COL_UTIME = 11, COL_STIME = 12, COL_THREADS = 17, COL_STARTED = 19, COLUMNS };

static void process_is_unknown(struct proc_info *p)
{
    p->cpu = p->rss = p->rss_peak = p->cpu_seconds = p->started = NAN;
    p->threads = -1;
}

/* keep: too soon after the previous reading to say anything new about the share. */
static void read_process(const char *proc, int pid, struct proc_info *p, double interval, bool keep)
{
    char path[512], text[4096], state;
    double col[COLUMNS];
    snprintf(path, sizeof path, "%.400s/%d/stat", proc, pid);
    if (pid <= 0 || !slurp(path, text, sizeof text) || stat_columns(text, &state, col, COLUMNS) < COLUMNS ||
        state == 'Z' || state == 'X') {
        process_is_unknown(p);
        p->pid = 0;
        return;
    }
    double seconds = (col[COL_UTIME] + col[COL_STIME]) / (double)sysconf(_SC_CLK_TCK);
    bool same = p->pid == pid && p->started == col[COL_STARTED];
    if (!same)
        p->cpu = NAN;
    if (!same || !keep) {
        p->cpu = same && interval > 0 && seconds >= p->cpu_seconds ? (seconds - p->cpu_seconds) / interval : NAN;
        p->cpu_seconds = seconds;
    }
    p->pid = pid;
    p->started = col[COL_STARTED];
    p->threads = (int)col[COL_THREADS];
    p->rss = p->rss_peak = NAN;
    snprintf(path, sizeof path, "%.400s/%d/status", proc, pid);
    if (slurp(path, text, sizeof text)) {
        p->rss = field(text, "VmRSS") * 1024;
        p->rss_peak = field(text, "VmHWM") * 1024;
    }
}

/* The first line of /proc/stat sums up all cores: user, nice, system, idle, iowait, irq, softirq, steal; what follows is
 * counted in user and nice already. One line for each core that is online comes after it. */
static void read_cpus(const char *proc, struct proc_info *p, bool keep)
{
    char path[512], *text = xmalloc(1 << 16);
    double t[8] = {0}, busy, total = 0;
    int n = 0, cores = 0;
    snprintf(path, sizeof path, "%.400s/stat", proc);
    if (slurp(path, text, 1 << 16) && strncmp(text, "cpu ", 4) == 0) {
        const char *s = text + 4;
        for (char *end; n < 8; n++, s = end) {
            t[n] = strtod(s, &end);
            if (end == s)
                break;
        }
        for (const char *line = strchr(text, '\n'); line && strncmp(line + 1, "cpu", 3) == 0;
             line = strchr(line + 1, '\n'))
            cores++;
    }
    free(text);
    p->cores = cores > 0 ? cores : -1;
    if (n < 4) {
        p->machine_cpu = p->busy = p->total = NAN;
        return;
    }
    for (int i = 0; i < n; i++)
        total += t[i];
    busy = total - t[3] - t[4];
    if (keep)
        return;
    double spent = busy - p->busy, passed = total - p->total;
    /* Waiting for the disk is counted loosely and may run backwards. */
    p->machine_cpu = p->total > 0 && passed > 0 ? fmin(fmax(spent / passed, 0), 1) : NAN;
    p->busy = busy;
    p->total = total;
}

static void read_memory_and_load(const char *proc, struct proc_info *p)
{
    char path[512], text[8192];
    p->machine_memory_used = p->machine_memory_total = p->load1 = NAN;
    snprintf(path, sizeof path, "%.400s/meminfo", proc);
    if (slurp(path, text, sizeof text)) {
        p->machine_memory_total = field(text, "MemTotal") * 1024;
        p->machine_memory_used = p->machine_memory_total - field(text, "MemAvailable") * 1024;
    }
    snprintf(path, sizeof path, "%.400s/loadavg", proc);
    if (slurp(path, text, sizeof text)) {
        char *end;
        double load = strtod(text, &end);
        if (end != text)
            p->load1 = load;
    }
}

void procinfo_read_from(const char *proc, int pid, struct proc_info *p)
{
    double now = clock_seconds(), interval = p->at > 0 ? now - p->at : NAN;
    bool keep = interval < INTERVAL_MIN;
    read_process(proc, pid, p, interval, keep);
    read_cpus(proc, p, keep);
    read_memory_and_load(proc, p);
    if (!keep)
        p->at = now;
}

void procinfo_read(int pid, struct proc_info *p)
{
    procinfo_read_from("/proc", pid, p);
}
