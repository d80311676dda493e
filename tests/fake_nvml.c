/* A library that answers as NVML does, for machines without a GPU. The environment says how, and is read at every call:
 *
 *   FAKE_NVML_GPUS       how many there are (1)
 *   FAKE_NVML_ERRORS     "nvmlDeviceGetPowerUsage=3,nvmlInit_v2=9": what these functions return instead
 *   FAKE_NVML_PROCESSES  how many processes use each GPU (0); the last of them is FAKE_NVML_PID
 *   FAKE_NVML_ENTRY      bytes of an entry that nvmlDeviceGetComputeRunningProcesses_v3 writes: 16, 24 or 32 (24)
 *   FAKE_NVML_DELAY_MS   how long each question about a GPU takes
 *
 * Numbers depend on the GPU, so that one taken for another shows. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct memory {
    unsigned long long total, free, used;
};
struct utilization {
    unsigned gpu, memory;
};

int fake_nvml_calls(void);
int nvmlInit_v2(void);
int nvmlInit(void);
int nvmlShutdown(void);
const char *nvmlErrorString(int code);
int nvmlSystemGetDriverVersion(char *buf, unsigned cap);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetCount(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device);
int nvmlDeviceGetHandleByIndex(unsigned i, void **device);
int nvmlDeviceGetName(void *device, char *buf, unsigned cap);
int nvmlDeviceGetMemoryInfo(void *device, struct memory *out);
int nvmlDeviceGetUtilizationRates(void *device, struct utilization *out);
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatt);
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *milliwatt);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *degrees);
int nvmlDeviceGetClockInfo(void *device, int type, unsigned *mhz);
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, void *list);
int nvmlDeviceGetComputeRunningProcesses_v2(void *device, unsigned *n, void *list);
int nvmlDeviceGetComputeRunningProcesses(void *device, unsigned *n, void *list);

static int calls, started;

static long number(const char *name, long otherwise)
{
    const char *s = getenv(name);
    return s && *s ? strtol(s, NULL, 10) : otherwise;
}

/* The error that the environment wants of this function; 0: none. */
static int wanted(const char *function)
{
    const char *s = getenv("FAKE_NVML_ERRORS");
    size_t n = strlen(function);
    for (; s && *s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL)
        if (strncmp(s, function, n) == 0 && s[n] == '=')
            return (int)strtol(s + n + 1, NULL, 10);
    return 0;
}

/* What every question about a GPU begins with. */
static int question(const char *function)
{
    struct timespec t = {0, number("FAKE_NVML_DELAY_MS", 0) * 1000000L};
    calls++;
    if (t.tv_nsec)
        nanosleep(&t, NULL);
    return started ? wanted(function) : 1;
}

static unsigned index_of(void *device)
{
    return (unsigned)((uintptr_t)device - 1);
}

int fake_nvml_calls(void)
{
    return calls;
}

int nvmlInit_v2(void)
{
    int code = wanted(__func__);
    started += code == 0;
    return code;
}

int nvmlInit(void)
{
    int code = wanted(__func__);
    started += code == 0;
    return code;
}

int nvmlShutdown(void)
{
    if (!started)
        return 1;
    started--;
    return 0;
}

const char *nvmlErrorString(int code)
{
    return code == 4 ? "Insufficient Permissions" : "Some Other Error";
}

int nvmlSystemGetDriverVersion(char *buf, unsigned cap)
{
    snprintf(buf, cap, "535.183.01");
    return wanted(__func__);
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = (unsigned)number("FAKE_NVML_GPUS", 1);
    return started ? wanted(__func__) : 1;
}

int nvmlDeviceGetCount(unsigned *n)
{
    return nvmlDeviceGetCount_v2(n);
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device)
{
    unsigned n = 0;
    nvmlDeviceGetCount_v2(&n);
    if (i >= n)
        return 2;
    *device = (void *)(uintptr_t)(i + 1);
    return wanted(__func__);
}

int nvmlDeviceGetHandleByIndex(unsigned i, void **device)
{
    return nvmlDeviceGetHandleByIndex_v2(i, device);
}

int nvmlDeviceGetName(void *device, char *buf, unsigned cap)
{
    snprintf(buf, cap, "Fake GPU %u", index_of(device));
    return question(__func__);
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *out)
{
    *out = (struct memory){80ULL << 30, 0, (7ULL + index_of(device)) << 30};
    return question(__func__);
}

int nvmlDeviceGetUtilizationRates(void *device, struct utilization *out)
{
    *out = (struct utilization){90 + index_of(device), 40};
    return question(__func__);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatt)
{
    *milliwatt = 412500 + index_of(device) * 1000;
    return question(__func__);
}

int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *milliwatt)
{
    (void)device;
    *milliwatt = 700000;
    return question(__func__);
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *degrees)
{
    *degrees = 61 + index_of(device);
    return sensor == 0 ? question(__func__) : 2;
}

int nvmlDeviceGetClockInfo(void *device, int type, unsigned *mhz)
{
    *mhz = type == 1 ? 1980 + index_of(device) : 2619;
    return type == 1 || type == 2 ? question(__func__) : 2;
}

/* Entries as the three layouts have them: pid, memory; then the two parts of a divided GPU; then protected memory. */
static int processes(int code, unsigned *n, void *list, size_t entry)
{
    unsigned have = (unsigned)number("FAKE_NVML_PROCESSES", 0), room = *n;
    unsigned char *at = list;
    if (code)
        return code;
    *n = have;
    if (have > room)
        return 7;
    for (unsigned i = 0; i < have; i++, at += entry) {
        uint32_t pid = i + 1 == have ? (uint32_t)number("FAKE_NVML_PID", 4711) : 1000 + i, part = UINT32_MAX;
        uint64_t memory = i % 3 == 1 && i + 1 < have ? UINT64_MAX : (i + 1) * 1000000ULL, secret = UINT64_MAX;
        memcpy(at, &pid, 4);
        memcpy(at + 8, &memory, 8);
        if (entry >= 24)
            memcpy(at + 16, &part, 4), memcpy(at + 20, &part, 4);
        if (entry >= 32)
            memcpy(at + 24, &secret, 8);
    }
    return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, void *list)
{
    (void)device;
    return processes(question(__func__), n, list, (size_t)number("FAKE_NVML_ENTRY", 24));
}

int nvmlDeviceGetComputeRunningProcesses_v2(void *device, unsigned *n, void *list)
{
    (void)device;
    return processes(question(__func__), n, list, 24);
}

int nvmlDeviceGetComputeRunningProcesses(void *device, unsigned *n, void *list)
{
    (void)device;
    return processes(question(__func__), n, list, 16);
}
