/* procinfo: our own process against getrusage, and a made-up /proc whose numbers are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "../src/io/procinfo.h"
#include "scratch.h"

static char *proc;

static int setup(void **state)
{
    (void)state;
    proc = scratch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(proc);
    return 0;
}

static void is(double got, double want, double within, const char *what)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= within))
        fail_msg("%s is %.9g, not %.9g", what, got, want);
}
#define IS(field, want) is(field, want, 1e-9 * fabs(want), #field)

static void put(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put(const char *name, const char *fmt, ...)
{
    char text[4096], path[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(path, sizeof path, "%s/%s", proc, name);
    scratch_write(path, text, (size_t)n);
}

/* A process 4711 with that name and time (ticks) in user and system mode. */
static void put_process(const char *name, long user, long system, long started)
{
    mkdir(scratch_path(proc, "4711"), 0777);
    put("4711/stat",
        "4711 (%s) S 1 4711 4711 0 -1 4194560 100 0 0 0 %ld %ld 77 88 20 0 9 0 %ld 123456 789 18446744073709551615\n",
        name, user, system, started);
    put("4711/status", "Name:\t%s\nVmPeak:\t  999999 kB\nVmHWM:\t    3072 kB\nVmRSS:\t    2048 kB\nThreads:\t9\n",
        name);
}

static void put_machine(long user, long idle, long waiting)
{
    put("stat",
        "cpu  %ld 10 20 %ld %ld 3 2 1 400 0\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5 cpu2\nctxt 7\n",
        user, idle, waiting);
    put("meminfo",
        "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    4000 kB\nBuffers:           50 kB\n");
    put("loadavg", "1.75 0.50 0.25 3/123 4711\n");
}

/* ---- our own process ---- */

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + 1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void *burn(void *until)
{
    volatile double x = 0;
    while (cpu_seconds() < *(double *)until)
        for (int i = 0; i < 100000; i++)
            x += i;
    return x < 0 ? until : NULL;
}

static void cpu_is_what_getrusage_says(void **state)
{
    (void)state;
    struct proc_info p = {0};
    pthread_t thread[2];
    procinfo_read(getpid(), &p);
    IS(p.cpu, NAN);
    IS(p.machine_cpu, NAN);
    double from = cpu_seconds(), at = p.at, until = from + 0.4;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, burn, &until), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    double spent = cpu_seconds() - from;
    procinfo_read(getpid(), &p);
    is(p.cpu * (p.at - at), spent, 0.03, "CPU time"); /* both readings are in hundredths of a second */
    assert_true(p.cores == (int)sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(p.machine_cpu > 0 && p.machine_cpu <= 1);
    assert_true(p.load1 >= 0);
}

static void memory_and_threads_are_ours(void **state)
{
    (void)state;
    enum { SIZE = 64 << 20 };
    struct proc_info p = {0}, q = {0};
    struct rusage r;
    procinfo_read(getpid(), &p);
    volatile char *block = malloc(SIZE);
    for (int i = 0; i < SIZE; i += 1024)
        block[i] = 1;
    procinfo_read(getpid(), &q);
    getrusage(RUSAGE_SELF, &r);
    free((void *)block);
    is(q.rss - p.rss, SIZE, 8 << 20, "growth");
    is(q.rss_peak, (double)r.ru_maxrss * 1024, 8 << 20, "peak");
    assert_true(q.threads >= 1);
    is(q.machine_memory_total, (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), 64 << 20,
       "memory of the machine");
    assert_true(q.machine_memory_used > 0 && q.machine_memory_used < q.machine_memory_total);
}

static void a_process_that_is_gone_is_not_known(void **state)
{
    (void)state;
    struct proc_info p = {0};
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); /* a zombie now */
    for (int i = 0; i < 2; i++) {
        procinfo_read(pid, &p);
        IS(p.cpu, NAN);
        IS(p.rss, NAN);
        IS(p.rss_peak, NAN);
        assert_int_equal(p.threads, -1);
        assert_true(p.machine_memory_total > 0);
        waitpid(pid, NULL, 0);
    }
    procinfo_read(0, &p);
    IS(p.rss, NAN);
}

/* ---- a made-up one ---- */

static void shares_are_of_the_time_between(void **state)
{
    (void)state;
    struct proc_info p = {0};
    double ticks = (double)sysconf(_SC_CLK_TCK);
    put_process("fsplab", 1000, 200, 555);
    put_machine(1000, 3000, 5);
    procinfo_read_from(proc, 4711, &p);
    IS(p.cpu, NAN);
    IS(p.machine_cpu, NAN);
    IS(p.rss, 2048 * 1024.0);
    IS(p.rss_peak, 3072 * 1024.0);
    assert_int_equal(p.threads, 9);
    assert_int_equal(p.cores, 2);
    IS(p.machine_memory_used, 12000 * 1024.0);
    IS(p.machine_memory_total, 16000 * 1024.0);
    IS(p.load1, 1.75);
    p.at -= 10; /* as if ten seconds had passed */
    put_process("fsplab", 1000 + (long)(12 * ticks), 200 + (long)(7 * ticks), 555);
    put_machine(1300, 3050, 55);
    double at = p.at;
    procinfo_read_from(proc, 4711, &p);
    is(p.cpu, 19 / (p.at - at), 1e-9, "share of the process");
    IS(p.machine_cpu, 0.75);
    double cpu = p.cpu;
    put_process("fsplab", 999999, 0, 555);
    put_machine(5000, 3100, 5);
    p.at = clock_seconds(); /* just now: too soon for a new share */
    procinfo_read_from(proc, 4711, &p);
    IS(p.cpu, cpu);
    IS(p.machine_cpu, 0.75);
}

static void names_may_hold_anything(void **state)
{
    (void)state;
    static const char *const names[] = {"a b", "x) R 1 2 3 (y", ")", "((", "", "a\nb"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct proc_info p = {0};
        put_process(names[i], 100, 0, 555);
        procinfo_read_from(proc, 4711, &p);
        p.at -= 10;
        put_process(names[i], 100 + 5 * sysconf(_SC_CLK_TCK), 0, 555);
        procinfo_read_from(proc, 4711, &p);
        is(p.cpu, 0.5, 0.01, names[i]);
        assert_int_equal(p.threads, 9);
    }
}

static void another_process_of_the_same_number_begins_anew(void **state)
{
    (void)state;
    struct proc_info p = {0};
    put_process("old", 100, 0, 555);
    procinfo_read_from(proc, 4711, &p);
    p.at -= 10;
    put_process("new", 5000, 0, 777);
    procinfo_read_from(proc, 4711, &p);
    IS(p.cpu, NAN);
    p.at -= 10;
    put_process("new", 4000, 0, 777); /* a clock that runs backwards */
    procinfo_read_from(proc, 4711, &p);
    IS(p.cpu, NAN);
    p.at -= 10;
    procinfo_read_from(proc, 0, &p);
    IS(p.cpu, NAN);
    assert_int_equal(p.threads, -1);
    p.at -= 10;
    put_process("new", 4100, 0, 777); /* seen again: what it did meanwhile is not of this interval */
    procinfo_read_from(proc, 4711, &p);
    IS(p.cpu, NAN);
}

static void what_cannot_be_read_is_not_zero(void **state)
{
    (void)state;
    struct proc_info p = {0};
    procinfo_read_from(scratch_path(proc, "nowhere"), 4711, &p);
    for (int i = 0; i < 2; i++) {
        IS(p.cpu, NAN);
        IS(p.rss, NAN);
        IS(p.machine_cpu, NAN);
        IS(p.machine_memory_used, NAN);
        IS(p.machine_memory_total, NAN);
        IS(p.load1, NAN);
        assert_int_equal(p.threads, -1);
        assert_int_equal(p.cores, -1);
        mkdir(scratch_path(proc, "4711"), 0777);
        put("4711/stat", "4711 (cut off) S 1 2");
        put("4711/status", "Name:\tcut off\n");
        put("stat", "cpu  1 2");
        put("meminfo", "MemTotal\nMemAvailable: \n");
        put("loadavg", "much\n");
        procinfo_read_from(proc, 4711, &p);
    }
    put_machine(1000, 3000, 5); /* and it is read as soon as it can be */
    p.at -= 10;
    procinfo_read_from(proc, 4711, &p);
    IS(p.machine_cpu, NAN);
    put_machine(1100, 3000, 5);
    p.at -= 10;
    procinfo_read_from(proc, 4711, &p);
    IS(p.machine_cpu, 1.0);
    put("meminfo", "MemTotal: 16000 kB\nMemFree: 1000 kB\n"); /* kernels before 3.14 */
    procinfo_read_from(proc, 4711, &p);
    IS(p.machine_memory_used, NAN);
    IS(p.machine_memory_total, 16000 * 1024.0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(cpu_is_what_getrusage_says),
        TEST(memory_and_threads_are_ours),
        TEST(a_process_that_is_gone_is_not_known),
        TEST(shares_are_of_the_time_between),
        TEST(names_may_hold_anything),
        TEST(another_process_of_the_same_number_begins_anew),
        TEST(what_cannot_be_read_is_not_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
