/* cuda_host: enough of CUDA to compile the project's .cu files as host C++ and to run their kernels in a test. A block's
 * threads are fibres on one stack each; a thread runs until it waits for others, so whoever forgets a barrier reads what
 * has not been written, in one thread order or another. Shared and device memory start as NaN. A kernel that breaks a
 * rule (barriers that differ, a wait that never ends, part of a warp at a shuffle) ends the program with a sentence.
 * What kernels may use, and what not, is in docs/CUDA.md. There are two devices; each thread has its own current one, 0 at
 * first, and launches into streams of that alone. One thread of the process at a time may use this. x86-64 only. */
#ifndef FSPLAB_CUDA_HOST_HPP
#define FSPLAB_CUDA_HOST_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "steer.h"

/* ---- what a kernel sees ---- */

#define __global__ static
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict

struct cuda_host_stream;

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
static inline float4 make_float4(float x, float y, float z, float w)
{
    return {x, y, z, w};
}

/* With two roundings: the processor's baseline has no such instruction, and a call of libm's for each is very slow. */
static inline float cuda_host_fmaf(float a, float b, float c)
{
    return a * b + c;
}
#define fmaf cuda_host_fmaf

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace cuda_host {
void launch(const char *kernel, dim3 grid, dim3 block, size_t smem, void (*body)(void *), void *ctx);
void fill_shared(void *p, size_t bytes, unsigned long *block);
void *dynamic_shared();
void barrier(int line);
/* Posts 8 bytes, waits for the warp, takes lane `from`'s: all ones where there is no such lane. */
void exchange(unsigned mask, int line, const void *mine, void *theirs, size_t bytes, int from);

template <class F> void launch_with(const char *kernel, dim3 grid, dim3 block, size_t smem, F f)
{
    launch(kernel, grid, block, smem, [](void *p) { (*static_cast<F *>(p))(); }, &f);
}
template <class T> T shuffle(unsigned mask, T v, int from, int line)
{
    static_assert(sizeof v <= 8, "shuffles are of at most 8 bytes");
    T got;
    exchange(mask, line, &v, &got, sizeof v, from);
    return got;
}
int lane();
/* Whether the stream is of the calling thread's device; otherwise the launch fails, as on a GPU. */
bool can_launch(struct cuda_host_stream *);
} // namespace cuda_host

#define LAUNCH(kernel, grid, block, smem, stream, ...)                                                                 \
    (cuda_host::can_launch(stream) ? cuda_host::launch_with(#kernel, grid, block, smem, [&] { kernel(__VA_ARGS__); })   \
                                   : (void)0)
#define SHARED(T, name, dims)                                                                                          \
    alignas(16) static T name dims;                                                                                    \
    static unsigned long name##_of_block;                                                                              \
    cuda_host::fill_shared(&name, sizeof name, &name##_of_block)
#define DYN_SMEM(T, name) T *name = static_cast<T *>(cuda_host::dynamic_shared())

static inline void __syncthreads(int line = __builtin_LINE())
{
    cuda_host::barrier(line);
}
static inline void __syncwarp(unsigned mask = ~0u, int line = __builtin_LINE())
{
    cuda_host::shuffle(mask, 0, 0, line);
}
template <class T> T __shfl_sync(unsigned mask, T v, int from, int line = __builtin_LINE())
{
    return cuda_host::shuffle(mask, v, from & 31, line);
}
template <class T> T __shfl_xor_sync(unsigned mask, T v, int bits, int line = __builtin_LINE())
{
    return cuda_host::shuffle(mask, v, cuda_host::lane() ^ bits, line);
}
template <class T> T __shfl_down_sync(unsigned mask, T v, int by, int line = __builtin_LINE())
{
    int from = cuda_host::lane() + by;
    return cuda_host::shuffle(mask, v, from < 32 ? from : cuda_host::lane(), line);
}
template <class T> T atomicAdd(T *p, T v)
{
    static_assert(T(0.5f) == T(0), "sums of floats by atomics have no fixed order");
    T old = *p;
    *p += v;
    return old;
}
template <class T> T __ldg(const T *p)
{
    return *p;
}

/* ---- the runtime ---- */

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorInvalidResourceHandle = 400,
    cudaErrorIllegalAddress = 700,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaDeviceAttr {
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMultiProcessorCount = 16,
};
enum { cudaStreamNonBlocking = 1 };
typedef struct cuda_host_stream *cudaStream_t;

cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaSetDevice(int i);
cudaError_t cudaDriverGetVersion(int *v);
cudaError_t cudaRuntimeGetVersion(int *v);
cudaError_t cudaDeviceGetAttribute(int *v, cudaDeviceAttr a, int i);
cudaError_t cudaMalloc(void **p, size_t bytes);
cudaError_t cudaFree(void *p);
cudaError_t cudaMemGetInfo(size_t *available, size_t *total);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t);
cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags);
cudaError_t cudaStreamSynchronize(cudaStream_t);
cudaError_t cudaStreamDestroy(cudaStream_t);
cudaError_t cudaGetLastError();
const char *cudaGetErrorString(cudaError_t);

#endif
