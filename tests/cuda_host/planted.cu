/* Kernels with one bug each, and the same ones without: what the tests of cuda_host see caught. */
#include "cuda_host.hpp"
#include "planted.h"

namespace {

enum { N = 64 };

/* Each thread writes its place and reads its neighbour's, up (by = 1) or down. */
__global__ void neighbours(float *out, int by, bool sync)
{
    SHARED(float, s, [N]);
    int t = (int)threadIdx.x;
    s[t] = (float)t;
    if (sync)
        __syncthreads();
    out[t] = s[(t + by + N) % N];
}

/* A second round overwrites what slow threads of the first still have to read. */
__global__ void two_rounds(float *out, bool sync)
{
    SHARED(float, s, [N]);
    int t = (int)threadIdx.x;
    float sum = 0;
    for (int round = 0; round < 2; round++) {
        s[t] = (float)(t + round);
        __syncthreads();
        sum += s[N - 1 - t];
        if (sync)
            __syncthreads();
    }
    out[t] = sum;
}

__global__ void different_barriers(float *out)
{
    if (threadIdx.x < N / 2)
        __syncthreads();
    else
        __syncthreads();
    out[threadIdx.x] = 0;
}

__global__ void early_return(float *out)
{
    if (threadIdx.x == 3)
        return;
    __syncthreads();
    out[threadIdx.x] = 0;
}

__global__ void half_a_warp(float *out)
{
    float v = 0;
    if (threadIdx.x % 32 < 16)
        v = __shfl_xor_sync(~0u, 1.0f, 1);
    out[threadIdx.x] = v;
}

__global__ void part_mask(float *out)
{
    out[threadIdx.x] = __shfl_xor_sync(0xffffu, 1.0f, 1);
}

__global__ void unset_shared(float *out)
{
    SHARED(float, s, [N]);
    out[threadIdx.x] = s[threadIdx.x];
}

__global__ void left_from_last_block(float *out)
{
    SHARED(float, s, [N]);
    if (blockIdx.x == gridDim.x / 2)
        s[threadIdx.x] = 1;
    out[threadIdx.x + blockIdx.x * N] = s[threadIdx.x];
}

__global__ void past_global(float *out)
{
    out[threadIdx.x + 1] = 0;
}

__global__ void past_shared(float *out)
{
    SHARED(float, s, [N]);
    s[threadIdx.x + 1] = 1;
    out[threadIdx.x] = s[threadIdx.x];
}

__global__ void past_dynamic(float *out)
{
    DYN_SMEM(float, s);
    s[threadIdx.x + 1] = 1;
    out[threadIdx.x] = s[threadIdx.x];
}

__global__ void sums(float *out, int *count)
{
    float v = (float)threadIdx.x;
    for (int by = 16; by > 0; by /= 2)
        v += __shfl_xor_sync(~0u, v, by);
    float down = __shfl_down_sync(~0u, (float)threadIdx.x, 1), third = __shfl_sync(~0u, (float)threadIdx.x, 3);
    out[threadIdx.x] = v + down + third;
    atomicAdd(count, 1);
}

} // namespace

void planted_run(const char *which, float *out, int *count)
{
    struct entry {
        const char *name;
        unsigned blocks;
        size_t smem;
        void (*run)(dim3 g, size_t smem, float *out, int *count);
    };
#define ENTRY(name, blocks, smem, kernel, ...)                                                                         \
    {                                                                                                                  \
        name, blocks, smem, [](dim3 g, size_t dynamic, float *o, int *c) {                                             \
            (void)c;                                                                                                   \
            LAUNCH(kernel, g, dim3(N), dynamic, nullptr, __VA_ARGS__);                                                 \
        }                                                                                                              \
    }
    static const entry entries[] = {
        ENTRY("neighbour up", 1, 0, neighbours, o, 1, true),
        ENTRY("neighbour up, no barrier", 1, 0, neighbours, o, 1, false),
        ENTRY("neighbour down", 1, 0, neighbours, o, -1, true),
        ENTRY("neighbour down, no barrier", 1, 0, neighbours, o, -1, false),
        ENTRY("two rounds", 1, 0, two_rounds, o, true),
        ENTRY("two rounds, no second barrier", 1, 0, two_rounds, o, false),
        ENTRY("different barriers", 1, 0, different_barriers, o),
        ENTRY("early return", 1, 0, early_return, o),
        ENTRY("half a warp", 1, 0, half_a_warp, o),
        ENTRY("part mask", 1, 0, part_mask, o),
        ENTRY("unset shared", 1, 0, unset_shared, o),
        ENTRY("left from last block", 3, 0, left_from_last_block, o),
        ENTRY("past global", 1, 0, past_global, o),
        ENTRY("past shared", 1, 0, past_shared, o),
        ENTRY("past dynamic", 1, N * sizeof(float), past_dynamic, o),
        ENTRY("sums", 1, 0, sums, o, c),
    };
    for (const entry &e : entries)
        if (strcmp(e.name, which) == 0)
            e.run(dim3(e.blocks), e.smem, out, count);
}
