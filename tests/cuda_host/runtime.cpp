/* The runtime's calls on plain memory: everything is done when a call returns. New memory is NaN, as long as nobody has
 * written to it; the allocator's own checks (AddressSanitizer) see an overrun. */
#include "cuda_host.hpp"

#include <cstdlib>
#include <map>

struct cuda_host_stream {
    int device;
};

namespace {

enum { DEVICES = 2 };
thread_local int current_device = 0;

struct runtime {
    size_t limit = (size_t)4 << 30, used = 0;
    std::map<void *, size_t> blocks;
    const char *fail_function = nullptr;
    cudaError_t fail_error = cudaSuccess, last = cudaSuccess;
};

runtime &rt()
{
    static runtime r;
    return r;
}

/* The error of this call, when one was asked for. */
cudaError_t result(const char *function, cudaError_t e = cudaSuccess)
{
    runtime &r = rt();
    if (r.fail_function && strcmp(r.fail_function, function) == 0) {
        r.fail_function = nullptr;
        e = r.fail_error;
    }
    if (e != cudaSuccess)
        r.last = e;
    return e;
}

} // namespace

void cuda_host_set_memory(size_t bytes)
{
    rt().limit = bytes;
}

void cuda_host_fail_next(const char *function, int error)
{
    rt().fail_function = function;
    rt().fail_error = (cudaError_t)error;
}

size_t cuda_host_bytes(void)
{
    return rt().used;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    runtime &r = rt();
    *p = nullptr;
    cudaError_t e = result(__func__, r.used + bytes > r.limit ? cudaErrorMemoryAllocation : cudaSuccess);
    if (e != cudaSuccess)
        return e;
    if (posix_memalign(p, 256, bytes) != 0)
        return result(__func__, cudaErrorMemoryAllocation);
    memset(*p, 0xff, bytes);
    r.blocks[*p] = bytes;
    r.used += bytes;
    return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
    runtime &r = rt();
    if (p && !r.blocks.count(p))
        return result(__func__, cudaErrorInvalidValue);
    if (p) {
        r.used -= r.blocks[p];
        r.blocks.erase(p);
        free(p);
    }
    return result(__func__);
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total)
{
    *available = rt().limit > rt().used ? rt().limit - rt().used : 0;
    *total = rt().limit;
    return result(__func__);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
    cudaError_t e = result(__func__);
    if (e == cudaSuccess && bytes > 0)
        memcpy(to, from, bytes);
    return e;
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t)
{
    cudaError_t e = result(__func__);
    if (e == cudaSuccess && bytes > 0)
        memset(p, value, bytes);
    return e;
}

cudaError_t cudaGetDeviceCount(int *n)
{
    cudaError_t e = result(__func__);
    *n = e == cudaSuccess ? DEVICES : 0;
    return e;
}

cudaError_t cudaSetDevice(int i)
{
    cudaError_t e = result(__func__, i >= 0 && i < DEVICES ? cudaSuccess : cudaErrorInvalidDevice);
    if (e == cudaSuccess)
        current_device = i;
    return e;
}

cudaError_t cudaDriverGetVersion(int *v)
{
    *v = 13000;
    return result(__func__);
}

cudaError_t cudaRuntimeGetVersion(int *v)
{
    *v = 13000;
    return result(__func__);
}

cudaError_t cudaDeviceGetAttribute(int *v, cudaDeviceAttr a, int)
{
    *v = a == cudaDevAttrComputeCapabilityMajor ? 9 : a == cudaDevAttrMultiProcessorCount ? 4 : 0;
    return result(__func__);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned)
{
    cudaError_t e = result(__func__);
    *s = e == cudaSuccess ? new cuda_host_stream{current_device} : nullptr;
    return e;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return result(__func__);
}

cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    delete s;
    return result(__func__);
}

bool cuda_host::can_launch(cudaStream_t s)
{
    return !s || s->device == current_device || result(__func__, cudaErrorInvalidResourceHandle) == cudaSuccess;
}

cudaError_t cudaGetLastError()
{
    cudaError_t e = rt().last;
    rt().last = cudaSuccess;
    return e;
}

const char *cudaGetErrorString(cudaError_t e)
{
    switch (e) {
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle: return "invalid resource handle";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    default: return "an error";
    }
}
