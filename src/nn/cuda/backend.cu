/* The CUDA backend: device memory, errors, the table, and the one symbol of the plug-in. Everything goes into one stream of
 * its own, so operations are in order; the first error is kept with the operation's name and comes out at sync. A device
 * error is sticky: later operations are still queued, and fail at once. */
#include "common.cuh"

#include "../cuda_plugin.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace fsplab_cuda {

namespace {

/* The plug-in shares no code with the program: its own way to fill an error. */
bool fail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool fail(struct err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (err) {
        err->code = ERR_DEVICE;
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    }
    va_end(ap);
    return false;
}

void keep(struct cuda *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void keep(struct cuda *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!c->failed)
        vsnprintf(c->why, sizeof c->why, fmt, ap);
    c->failed = true;
    va_end(ap);
}

/* Device memory, with the sizes in the message when there is not enough. */
void *allocate(struct cuda *c, size_t bytes, const char *what)
{
    void *p = nullptr;
    size_t available = 0, total = 0;
    cudaError_t e = cudaMalloc(&p, bytes ? bytes : 1);
    if (e == cudaSuccess)
        return p;
    cudaGetLastError(); /* not sticky: the next call must not see it */
    if (e != cudaErrorMemoryAllocation || cudaMemGetInfo(&available, &total) != cudaSuccess)
        check(c, e, what);
    else
        keep(c, "%s: out of device memory: %.1f MiB wanted, %.1f of %.1f MiB free", what, (double)bytes / (1 << 20),
             (double)available / (1 << 20), (double)total / (1 << 20));
    return nullptr;
}

void *mem_alloc(struct backend *be, size_t bytes)
{
    struct cuda *c = cuda_of(be);
    void *p = allocate(c, bytes, "mem_alloc");
    if (p)
        check(c, cudaMemsetAsync(p, 0, bytes, c->stream), "mem_alloc");
    return p;
}

void mem_free(struct backend *be, void *p)
{
    if (p)
        check(cuda_of(be), cudaFree(p), "mem_free");
}

void move(struct backend *be, void *dst, const void *src, size_t bytes, cudaMemcpyKind kind, const char *what)
{
    struct cuda *c = cuda_of(be);
    check(c, cudaMemcpyAsync(dst, src, bytes, kind, c->stream), what);
}

/* src may be changed as soon as this returns. */
void upload(struct backend *be, void *dst, const void *src, size_t bytes)
{
    move(be, dst, src, bytes, cudaMemcpyHostToDevice, "upload");
    check(cuda_of(be), cudaStreamSynchronize(cuda_of(be)->stream), "upload");
}

void download(struct backend *be, void *dst, const void *src, size_t bytes)
{
    move(be, dst, src, bytes, cudaMemcpyDeviceToHost, "download");
    check(cuda_of(be), cudaStreamSynchronize(cuda_of(be)->stream), "download");
}

void copy(struct backend *be, void *dst, const void *src, size_t bytes)
{
    move(be, dst, src, bytes, cudaMemcpyDeviceToDevice, "copy");
}

void zero(struct backend *be, void *dst, size_t bytes)
{
    check(cuda_of(be), cudaMemsetAsync(dst, 0, bytes, cuda_of(be)->stream), "zero");
}

bool sync(struct backend *be, struct err *err)
{
    struct cuda *c = cuda_of(be);
    check(c, cudaStreamSynchronize(c->stream), "sync");
    if (!c->failed)
        return true;
    return fail(err, "CUDA device %d: %s", c->device, c->why);
}

void release(struct backend *be)
{
    struct cuda *c = cuda_of(be);
    for (struct scratch &s : c->scratch)
        if (s.p)
            cudaFree(s.p);
    if (c->workspace) {
        cudaFree(c->workspace);
        cublasDestroy(c->blas);
    }
    if (c->stream)
        cudaStreamDestroy(c->stream);
    delete c;
}

struct backend_ops make_ops()
{
    struct backend_ops o = {};
    o.free = release;
    o.mem_alloc = mem_alloc;
    o.mem_free = mem_free;
    o.upload = upload;
    o.download = download;
    o.copy = copy;
    o.zero = zero;
    o.sync = sync;
    o.conv_forward = conv_forward;
    o.node_forward = node_forward;
    o.node_backward = node_backward;
    o.conv_backward = conv_backward;
    o.pad_backward = pad_backward;
    o.gap_forward = gap_forward;
    o.gap_backward = gap_backward;
    o.fc_forward = fc_forward;
    o.fc_backward = fc_backward;
    o.softmax_ce = softmax_ce;
    o.kd_loss = kd_loss;
    o.hint_loss = hint_loss;
    o.fsp_forward = fsp_forward;
    o.fsp_loss = fsp_loss;
    o.fsp_backward = fsp_backward;
    o.sgd = sgd;
    o.bn_fold = bn_fold;
    o.infer = infer;
    return o;
}
const struct backend_ops ops = make_ops();

int device_count(struct err *err)
{
    int n = 0, driver = 0, runtime = 0;
    cudaError_t e = cudaGetDeviceCount(&n);
    if (e == cudaSuccess && n > 0)
        return n;
    cudaGetLastError();
    if (e == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess &&
        cudaRuntimeGetVersion(&runtime) == cudaSuccess && driver > 0)
        fail(err, "the NVIDIA driver is for CUDA %d.%d, this plug-in needs %d.0 or newer", driver / 1000, driver % 1000 / 10,
             runtime / 1000);
    else if (e == cudaErrorInsufficientDriver)
        fail(err, "no NVIDIA driver");
    else
        fail(err, "no CUDA device: %s", e == cudaSuccess ? "none listed" : cudaGetErrorString(e));
    return 0;
}

enum { WORKSPACE = 32 << 20 }; /* what cuBLAS wants at most on sm_90; our own, so that its sums never depend on luck */

bool start(struct cuda *c, int i)
{
    int major = 0, minor = 0;
    if (cuda_of(&c->be)->failed ||
        !check(c, cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, i), "open") ||
        !check(c, cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, i), "open") ||
        !check(c, cudaDeviceGetAttribute(&c->sms, cudaDevAttrMultiProcessorCount, i), "open") ||
        !check(c, cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking), "open"))
        return false;
    if (!check_blas(c, cublasCreate(&c->blas), "open"))
        return false;
    if (!(c->workspace = allocate(c, WORKSPACE, "open"))) {
        cublasDestroy(c->blas);
        return false;
    }
    snprintf(c->be.info.name, sizeof c->be.info.name, "cuda:%d", i);
    snprintf(c->be.info.isa, sizeof c->be.info.isa, "sm_%d%d", major, minor);
    c->be.info.threads = 1;
    c->be.info.precisions = 1; /* f32 */
    return check_blas(c, cublasSetStream(c->blas, c->stream), "open") &&
           check_blas(c, cublasSetWorkspace(c->blas, c->workspace, WORKSPACE), "open") &&
           check_blas(c, cublasSetMathMode(c->blas, CUBLAS_PEDANTIC_MATH), "open");
}

struct backend *open_device(int i, struct err *err)
{
    int n = device_count(err);
    if (n == 0)
        return nullptr;
    if (i < 0 || i >= n) {
        fail(err, "no CUDA device %d (there %s %d, from 0)", i, n == 1 ? "is" : "are", n);
        return nullptr;
    }
    struct cuda *c = new (std::nothrow) cuda();
    if (!c) {
        fail(err, "CUDA device %d: out of memory", i);
        return nullptr;
    }
    c->device = i;
    c->be.ops = &ops;
    if (!start(c, i)) {
        fail(err, "CUDA device %d: %s", i, c->why);
        release(&c->be);
        return nullptr;
    }
    return &c->be;
}

} // namespace

/* The runtime keeps a device for each thread (0 at first), and a study is opened by one thread and run by another. */
struct cuda *cuda_of(struct backend *be)
{
    static thread_local int current = -1;
    struct cuda *c = reinterpret_cast<struct cuda *>(be);
    if (current != c->device && check(c, cudaSetDevice(c->device), "choosing the device"))
        current = c->device;
    return c;
}

bool check(struct cuda *c, cudaError_t e, const char *what)
{
    if (e == cudaSuccess)
        return true;
    keep(c, "%s: %s", what, cudaGetErrorString(e));
    cudaGetLastError(); /* the next launch, perhaps another backend's, must not be blamed for it */
    return false;
}

bool check_blas(struct cuda *c, cublasStatus_t s, const char *what)
{
    if (s != CUBLAS_STATUS_SUCCESS)
        keep(c, "%s: cuBLAS: %s", what, cublasGetStatusString(s));
    return s == CUBLAS_STATUS_SUCCESS;
}

/* Freeing waits for the device, so nothing in flight loses its scratch; after the first step nothing grows. */
float *reserve(struct cuda *c, int which, size_t floats, const char *what)
{
    struct scratch *s = &c->scratch[which];
    size_t bytes = floats * sizeof(float);
    if (s->bytes < bytes || !s->p) {
        if (s->p)
            check(c, cudaFree(s->p), what);
        s->p = allocate(c, bytes, what);
        s->bytes = s->p ? bytes : 0;
    }
    return static_cast<float *>(s->p);
}

} // namespace fsplab_cuda

#ifdef __CUDACC__
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define BUILT "CUDA " STRING(__CUDACC_VER_MAJOR__) "." STRING(__CUDACC_VER_MINOR__)
#else
#define BUILT "the host"
#endif

extern "C" {
extern const struct cuda_plugin fsplab_cuda_plugin __attribute__((visibility("default")));
const struct cuda_plugin fsplab_cuda_plugin = {CUDA_PLUGIN_ABI, CUDA_PLUGIN_STAMP, BUILT, fsplab_cuda::device_count,
                                              fsplab_cuda::open_device};
}
