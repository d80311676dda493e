/* gpuinfo: read from a library that answers as NVML does (fake_nvml.c), with each of its functions refusing or missing in
 * turn. Functions are taken out of a copy of the library by changing their names in its file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "../src/io/gpuinfo.h"
#include "scratch.h"

static char *dir;
static char fake[512]; /* lies beside this program */

static int setup(void **state)
{
    (void)state;
    static const char *const variables[] = {"GPUS", "ERRORS", "PROCESSES", "PID", "ENTRY", "DELAY_MS"};
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        char name[64];
        snprintf(name, sizeof name, "FAKE_NVML_%s", variables[i]);
        unsetenv(name);
    }
    dir = scratch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static void is(double got, double want, const char *what)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= 1e-9 * fabs(want)))
        fail_msg("%s is %g, not %g", what, got, want);
}
#define IS(field, want) is(field, want, #field)

static struct gpuinfo *opened(const char *library)
{
    struct err err = {0};
    struct gpuinfo *g = gpuinfo_open(library, &err);
    if (!g)
        fail_msg("not opened: %s", err.msg);
    return g;
}

static void refused(const char *library, const char *message)
{
    struct err err = {0};
    assert_null(gpuinfo_open(library, &err));
    assert_int_equal(err.code, ERR_DEVICE);
    if (!strstr(err.msg, message))
        fail_msg("'%s' does not say '%s'", err.msg, message);
}

/* A copy of the fake library in which these functions (separated by blanks) have another name. */
static const char *without(const char *functions)
{
    size_t n;
    unsigned char *file = scratch_read(fake, &n);
    char list[512], name[128];
    snprintf(list, sizeof list, "%s", functions);
    for (char *word = strtok(list, " "); word; word = strtok(NULL, " ")) {
        size_t len = (size_t)snprintf(name, sizeof name, "%c%s", 0, word) + 1; /* with both its NULs */
        int found = 0;
        for (size_t i = 0; i + len <= n; i++)
            if (memcmp(file + i, name, len) == 0)
                file[i + 1] = 'x', found++;
        if (!found)
            fail_msg("the library has no %s", word);
    }
    const char *path = scratch_path(dir, "copy.so");
    unlink(path); /* a new file each time, or the loader takes it for the one it has open */
    scratch_write(path, file, n);
    free(file);
    return path;
}

static struct gpu_info read_one(const char *library, int i, int pid)
{
    struct gpu_info r;
    struct gpuinfo *g = opened(library);
    gpuinfo_read(g, i, pid, &r);
    gpuinfo_close(g);
    return r;
}

/* ---- what is read ---- */

static void every_field_has_its_unit(void **state)
{
    (void)state;
    struct gpu_info r;
    setenv("FAKE_NVML_GPUS", "3", 1);
    struct gpuinfo *g = opened(fake);
    assert_int_equal(gpuinfo_count(g), 3);
    assert_string_equal(gpuinfo_driver(g), "535.183.01");
    for (int i = 0; i < 3; i++) {
        char name[64];
        gpuinfo_read(g, i, 0, &r);
        snprintf(name, sizeof name, "Fake GPU %d", i);
        assert_string_equal(r.name, name);
        IS(r.utilization, 0.90 + 0.01 * i);
        IS(r.memory_utilization, 0.40);
        IS(r.memory_used, (7.0 + i) * 1073741824);
        IS(r.memory_total, 80.0 * 1073741824);
        IS(r.power, 412.5 + i);
        IS(r.power_limit, 700);
        IS(r.temperature, 61 + i);
        IS(r.clock_sm, 1980 + i);
        IS(r.clock_memory, 2619);
        IS(r.process_memory, NAN);
    }
    gpuinfo_read(g, 3, 0, &r);
    IS(r.utilization, NAN);
    gpuinfo_read(g, -1, 0, &r);
    IS(r.memory_total, NAN);
    gpuinfo_close(g);
    gpuinfo_close(NULL);
}

static void the_process_is_found_in_every_layout_of_the_list(void **state)
{
    (void)state;
    static const struct {
        const char *missing, *entry;
    } versions[] = {
        {"", "24"},
        {"", "32"},
        {"", "16"},
        {"nvmlDeviceGetComputeRunningProcesses_v3", "24"},
        {"nvmlDeviceGetComputeRunningProcesses_v3 nvmlDeviceGetComputeRunningProcesses_v2", "24"},
    };
    setenv("FAKE_NVML_PID", "4711", 1);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        const char *library = without(versions[i].missing);
        setenv("FAKE_NVML_ENTRY", versions[i].entry, 1);
        setenv("FAKE_NVML_PROCESSES", "1", 1);
        IS(read_one(library, 0, 4711).process_memory, 1e6);
        setenv("FAKE_NVML_PROCESSES", "6", 1);
        IS(read_one(library, 0, 4711).process_memory, 6e6);
        IS(read_one(library, 0, 1000).process_memory, 1e6);
        IS(read_one(library, 0, 1001).process_memory, NAN); /* listed, but its memory is not known */
        IS(read_one(library, 0, 4712).process_memory, NAN);
        IS(read_one(library, 0, 0).process_memory, NAN);
        setenv("FAKE_NVML_PROCESSES", "300", 1); /* more than there is room for at first */
        IS(read_one(library, 0, 4711).process_memory, 300e6);
        setenv("FAKE_NVML_PROCESSES", "32", 1); /* exactly the room there is */
        IS(read_one(library, 0, 4711).process_memory, 32e6);
        setenv("FAKE_NVML_PROCESSES", "0", 1);
        IS(read_one(library, 0, 4711).process_memory, NAN);
    }
}

static void parts_of_a_divided_gpu_are_added(void **state)
{
    (void)state;
    setenv("FAKE_NVML_PROCESSES", "2", 1);
    setenv("FAKE_NVML_PID", "1000", 1); /* both entries are of one process now */
    IS(read_one(fake, 0, 1000).process_memory, 3e6);
}

static void a_size_that_nobody_knows_gives_no_number(void **state)
{
    (void)state;
    setenv("FAKE_NVML_PROCESSES", "3", 1);
    setenv("FAKE_NVML_ENTRY", "28", 1);
    IS(read_one(fake, 0, 4711).process_memory, NAN);
}

/* ---- what is missing ---- */

/* Which fields (a bit each) are unknown. */
static unsigned unknown(const struct gpu_info *r)
{
    const double v[] = {r->utilization, r->memory_utilization, r->memory_used, r->memory_total, r->power,
                        r->power_limit, r->temperature,        r->clock_sm,    r->clock_memory, r->process_memory};
    unsigned bits = r->name[0] == 0;
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        bits |= (unsigned)(isnan(v[i]) != 0) << (i + 1);
    return bits;
}

static void one_function_less_is_one_answer_less(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned bits;
    } functions[] = {
        {"nvmlDeviceGetName", 1 << 0},
        {"nvmlDeviceGetUtilizationRates", 1 << 1 | 1 << 2},
        {"nvmlDeviceGetMemoryInfo", 1 << 3 | 1 << 4},
        {"nvmlDeviceGetPowerUsage", 1 << 5},
        {"nvmlDeviceGetEnforcedPowerLimit", 1 << 6},
        {"nvmlDeviceGetTemperature", 1 << 7},
        {"nvmlDeviceGetClockInfo", 1 << 8 | 1 << 9},
    };
    setenv("FAKE_NVML_PROCESSES", "1", 1);
    struct gpu_info r = read_one(fake, 0, 4711);
    assert_int_equal(unknown(&r), 0);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        char errors[128];
        snprintf(errors, sizeof errors, "%s=3", functions[i].name);
        setenv("FAKE_NVML_ERRORS", errors, 1);
        r = read_one(fake, 0, 4711);
        if (unknown(&r) != functions[i].bits)
            fail_msg("%s refused: 0x%x unknown", functions[i].name, unknown(&r));
        unsetenv("FAKE_NVML_ERRORS");
        r = read_one(without(functions[i].name), 0, 4711);
        if (unknown(&r) != functions[i].bits)
            fail_msg("%s missing: 0x%x unknown", functions[i].name, unknown(&r));
    }
    setenv("FAKE_NVML_ERRORS", "nvmlDeviceGetComputeRunningProcesses_v3=4", 1);
    r = read_one(fake, 0, 4711);
    assert_int_equal(unknown(&r), 1 << 10);
}

static void old_drivers_have_other_names(void **state)
{
    (void)state;
    const char *old =
        without("nvmlInit_v2 nvmlDeviceGetCount_v2 nvmlDeviceGetHandleByIndex_v2 nvmlErrorString nvmlShutdown "
                "nvmlSystemGetDriverVersion");
    setenv("FAKE_NVML_GPUS", "2", 1);
    struct gpuinfo *g = opened(old);
    struct gpu_info r;
    assert_int_equal(gpuinfo_count(g), 2);
    assert_string_equal(gpuinfo_driver(g), "");
    gpuinfo_read(g, 1, 0, &r);
    assert_string_equal(r.name, "Fake GPU 1");
    gpuinfo_close(g);
    setenv("FAKE_NVML_ERRORS", "nvmlInit=12", 1);
    refused(old, "the NVIDIA driver refuses to start: no reason given (error 12)");
}

static void nothing_there_is_said_in_a_sentence(void **state)
{
    (void)state;
    refused("libfsplab-has-no-such.so.9",
            "no NVIDIA driver library: cannot load 'libfsplab-has-no-such.so.9': cannot open");
    scratch_write(scratch_path(dir, "text.so"), "no library\n", 11);
    refused(scratch_path(dir, "text.so"), "no NVIDIA driver library: cannot load");
    refused("libm.so.6", "'libm.so.6' is no NVIDIA driver library: it has no nvmlInit");
    setenv("FAKE_NVML_ERRORS", "nvmlInit_v2=9", 1);
    refused(fake, "the NVIDIA driver is not loaded");
    setenv("FAKE_NVML_ERRORS", "nvmlInit_v2=4", 1);
    refused(fake, "the NVIDIA driver refuses to start: Insufficient Permissions (error 4)");
    setenv("FAKE_NVML_ERRORS", "nvmlDeviceGetCount_v2=999", 1);
    refused(fake, "the NVIDIA driver refuses to count its GPUs: Some Other Error (error 999)");
    unsetenv("FAKE_NVML_ERRORS");
    setenv("FAKE_NVML_GPUS", "0", 1);
    refused(fake, "the NVIDIA driver has no GPU");
    assert_null(gpuinfo_open(fake, NULL));
}

static void a_gpu_that_is_not_given_leaves_the_others(void **state)
{
    (void)state;
    setenv("FAKE_NVML_GPUS", "2", 1);
    setenv("FAKE_NVML_ERRORS", "nvmlDeviceGetHandleByIndex_v2=4", 1);
    struct gpu_info r = read_one(fake, 1, 4711);
    assert_int_equal(unknown(&r), (1 << 11) - 1);
}

/* ---- what goes away ---- */

/* Calls into the library so far; it is open while a handle is. */
static int calls(void)
{
    void *library = dlopen(fake, RTLD_LAZY);
    assert_non_null(library);
    int (*count)(void) = (int (*)(void))(uintptr_t)dlsym(library, "fake_nvml_calls");
    int n = count();
    dlclose(library);
    return n;
}

static void a_lost_gpu_is_not_asked_again(void **state)
{
    (void)state;
    struct gpu_info r;
    setenv("FAKE_NVML_GPUS", "2", 1);
    struct gpuinfo *g = opened(fake);
    gpuinfo_read(g, 0, 4711, &r);
    setenv("FAKE_NVML_ERRORS", "nvmlDeviceGetPowerUsage=15", 1);
    gpuinfo_read(g, 0, 4711, &r);
    assert_int_equal(unknown(&r) & (1 << 5 | 1 << 7 | 1 << 9), 1 << 5 | 1 << 7 | 1 << 9);
    unsetenv("FAKE_NVML_ERRORS");
    int before = calls();
    gpuinfo_read(g, 0, 4711, &r);
    assert_int_equal(calls(), before);
    assert_int_equal(unknown(&r), (1 << 11) - 2); /* all but its name */
    assert_string_equal(r.name, "Fake GPU 0");
    gpuinfo_read(g, 1, 4711, &r);
    IS(r.power, 413.5);
    gpuinfo_close(g);
}

static void a_driver_that_is_gone_is_asked_once_a_reading(void **state)
{
    (void)state;
    struct gpu_info r;
    struct gpuinfo *g = opened(fake);
    setenv("FAKE_NVML_ERRORS", "nvmlDeviceGetUtilizationRates=1", 1);
    int before = calls();
    gpuinfo_read(g, 0, 4711, &r);
    assert_int_equal(calls() - before, 2); /* name, utilization */
    assert_int_equal(unknown(&r), (1 << 11) - 2);
    unsetenv("FAKE_NVML_ERRORS"); /* and when it comes back: */
    gpuinfo_read(g, 0, 4711, &r);
    IS(r.utilization, 0.9);
    gpuinfo_close(g);
}

static void a_slow_driver_is_left_in_peace(void **state)
{
    (void)state;
    struct gpu_info r;
    setenv("FAKE_NVML_PROCESSES", "1", 1);
    struct gpuinfo *g = opened(fake);
    setenv("FAKE_NVML_DELAY_MS", "60", 1);
    gpuinfo_read(g, 0, 4711, &r); /* half a second for all: ten seconds of rest */
    int before = calls();
    gpuinfo_read(g, 0, 4711, &r);
    assert_int_equal(calls(), before);
    IS(r.power, 412.5);
    IS(r.process_memory, 1e6);
    gpuinfo_read(g, 0, 1, &r);
    IS(r.process_memory, NAN); /* of another process nothing is known */
    gpuinfo_close(g);
}

/* ---- a real one, where there is one ---- */

static void the_real_library_agrees_with_itself(void **state)
{
    (void)state;
    struct err err = {0};
    struct gpuinfo *g = gpuinfo_open(NULL, &err);
    if (!g) {
        assert_int_equal(err.code, ERR_DEVICE);
        assert_true(err.msg[0] != 0);
        skip();
    }
    for (int i = 0; i < gpuinfo_count(g); i++) {
        struct gpu_info r;
        gpuinfo_read(g, i, (int)getpid(), &r);
        assert_true(r.name[0] != 0);
        assert_false(r.utilization < 0 || r.utilization > 1);
        assert_false(r.memory_used > r.memory_total);
        assert_false(r.power > 5000 || r.temperature > 150 || r.clock_sm > 10000);
    }
    gpuinfo_close(g);
}

int main(void)
{
    ssize_t n = readlink("/proc/self/exe", fake, sizeof fake - 1);
    fake[n > 0 ? n : 0] = 0;
    char *slash = strrchr(fake, '/');
    snprintf(slash, sizeof fake - (size_t)(slash - fake), "/fake_nvml.so");
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_field_has_its_unit),
        TEST(the_process_is_found_in_every_layout_of_the_list),
        TEST(parts_of_a_divided_gpu_are_added),
        TEST(a_size_that_nobody_knows_gives_no_number),
        TEST(one_function_less_is_one_answer_less),
        TEST(old_drivers_have_other_names),
        TEST(nothing_there_is_said_in_a_sentence),
        TEST(a_gpu_that_is_not_given_leaves_the_others),
        TEST(a_lost_gpu_is_not_asked_again),
        TEST(a_driver_that_is_gone_is_asked_once_a_reading),
        TEST(a_slow_driver_is_left_in_peace),
        TEST(the_real_library_agrees_with_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
