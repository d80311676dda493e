/* The fibres. A thread of a block is ready, waits (for the block or for its warp) or is done; the engine runs all that are
 * ready in the order asked for, and when none is, either opens the block's barrier or says what is wrong. Stacks are mapped
 * once, with a page below each that nobody may touch, and serve all blocks. Kept out of the sanitizers' instrumentation:
 * its stack switches are none of their business. */
#include "cuda_host.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the fibres of the CUDA tests switch stacks by hand, for x86-64"
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace {

enum { MAX_THREADS = 1024, WARP = 32, STACK = 256 * 1024 };
enum state { READY, AT_BARRIER, AT_WARP, DONE };

struct fibre {
    char *stack;
    void *sp;
    enum state state;
    int line;
    uint3 index;
    unsigned turn; /* how many exchanges it has been through */
};

struct warp {
    int arrived, line, lanes;
    uint64_t slot[2][WARP];
};

struct engine {
    enum cuda_host_order order;
    uint64_t random;
    struct fibre fibre[MAX_THREADS];
    struct warp warp[MAX_THREADS / WARP];
    int turn[MAX_THREADS];
    int n, current;
    void *sp;
    const char *kernel;
    void (*body)(void *);
    void *ctx;
    unsigned char *dynamic;
    unsigned long blocks, launches;
} e;

[[noreturn]] void die(const char *what, int line_a, int line_b)
{
    fprintf(stderr, "cuda_host: %s, block (%u,%u,%u), thread (%u,%u,%u): %s", e.kernel, blockIdx.x, blockIdx.y, blockIdx.z,
            threadIdx.x, threadIdx.y, threadIdx.z, what);
    if (line_a)
        fprintf(stderr, " (line %d", line_a);
    if (line_b)
        fprintf(stderr, " and line %d", line_b);
    fprintf(stderr, "%s\n", line_a ? ")" : "");
    fflush(stderr);
    _exit(99);
}

uint64_t next_random()
{
    e.random += 0x9e3779b97f4a7c15u;
    uint64_t z = e.random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Saves what the ABI wants kept on this stack and goes on with another. */
extern "C" void cuda_host_switch(void **save, void *load);
asm(".text\n.globl cuda_host_switch\n.type cuda_host_switch,@function\ncuda_host_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n"
    ".size cuda_host_switch,.-cuda_host_switch\n");

void yield()
{
    cuda_host_switch(&e.fibre[e.current].sp, e.sp);
}

void fibre_main()
{
    e.body(e.ctx);
    e.fibre[e.current].state = DONE;
    yield();
    abort();
}

void fibre_start(struct fibre *f, int i)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!f->stack) {
        f->stack = static_cast<char *>(
            mmap(nullptr, STACK + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        if (f->stack == MAP_FAILED || mprotect(f->stack, page, PROT_NONE) != 0)
            die("no memory for a stack", 0, 0);
    }
    void **top = reinterpret_cast<void **>(f->stack + page + STACK);
    *--top = nullptr; /* where a caller's address would be: keeps the stack aligned as the ABI has it */
    *--top = reinterpret_cast<void *>(fibre_main);
    f->sp = top - 6;
    memset(f->sp, 0, 6 * sizeof *top);
    f->state = READY;
    f->turn = 0;
    unsigned u = (unsigned)i;
    f->index = {u % blockDim.x, u / blockDim.x % blockDim.y, u / blockDim.x / blockDim.y};
}

void order_of(int *turn, int n)
{
    for (int i = 0; i < n; i++)
        turn[i] = e.order == CUDA_HOST_BACKWARD ? n - 1 - i : i;
    for (int i = n - 1; e.order == CUDA_HOST_RANDOM && i > 0; i--) {
        int j = (int)(next_random() % (uint64_t)(i + 1)), t = turn[i];
        turn[i] = turn[j];
        turn[j] = t;
    }
}

/* Runs whoever is ready, once each; whether there was any. */
bool round_of_turns()
{
    bool any = false;
    for (int i = 0; i < e.n; i++) {
        e.current = e.turn[i];
        struct fibre *f = &e.fibre[e.current];
        if (f->state != READY)
            continue;
        any = true;
        threadIdx = f->index;
        cuda_host_switch(&e.sp, f->sp);
    }
    return any;
}

/* Nobody is ready: true when all are done; otherwise all must be at the same barrier, which opens. */
bool block_is_done()
{
    int done = 0, at = -1;
    for (int i = 0; i < e.n; i++) {
        struct fibre *f = &e.fibre[i];
        done += f->state == DONE;
        if (f->state == AT_WARP) {
            threadIdx = f->index;
            die("deadlock: waits for lanes of its warp that do not come", f->line, 0);
        }
        at = f->state == AT_BARRIER && at < 0 ? i : at;
    }
    if (done == e.n)
        return true;
    threadIdx = e.fibre[at].index;
    if (done > 0)
        die("waits at a barrier that threads have left the kernel without", e.fibre[at].line, 0);
    for (int i = 0; i < e.n; i++) {
        if (e.fibre[i].line != e.fibre[at].line)
            die("threads wait at different barriers", e.fibre[at].line, e.fibre[i].line);
        e.fibre[i].state = READY;
    }
    return false;
}

void run_block(size_t smem)
{
    e.blocks++;
    memset(e.dynamic, 0xff, smem);
    for (int i = 0; i < e.n; i++)
        fibre_start(&e.fibre[i], i);
    for (int w = 0; w * WARP < e.n; w++) {
        e.warp[w].arrived = 0;
        e.warp[w].lanes = e.n - w * WARP < WARP ? e.n - w * WARP : WARP;
        memset(e.warp[w].slot, 0xff, sizeof e.warp[w].slot);
    }
    do {
        order_of(e.turn, e.n);
        while (round_of_turns()) {
        }
    } while (!block_is_done());
}

} // namespace

namespace cuda_host {

int lane()
{
    return e.current % WARP;
}

void *dynamic_shared()
{
    return e.dynamic;
}

void fill_shared(void *p, size_t bytes, unsigned long *block)
{
    if (*block == e.blocks)
        return;
    memset(p, 0xff, bytes);
    *block = e.blocks;
}

void barrier(int line)
{
    struct fibre *f = &e.fibre[e.current];
    f->state = AT_BARRIER;
    f->line = line;
    yield();
}

void exchange(unsigned mask, int line, const void *mine, void *theirs, size_t bytes, int from)
{
    struct fibre *f = &e.fibre[e.current];
    struct warp *w = &e.warp[e.current / WARP];
    if (mask != ~0u)
        die("a shuffle without the full mask", line, 0);
    if (w->arrived > 0 && w->line != line)
        die("lanes of a warp wait at different shuffles", w->line, line);
    uint64_t *slot = w->slot[f->turn++ % 2];
    memcpy(&slot[e.current % WARP], mine, bytes);
    w->line = f->line = line;
    if (++w->arrived == w->lanes) {
        w->arrived = 0;
        for (int i = 0, first = e.current / WARP * WARP; i < w->lanes; i++)
            if (e.fibre[first + i].state == AT_WARP)
                e.fibre[first + i].state = READY;
    } else {
        f->state = AT_WARP;
        yield();
    }
    if (from >= 0 && from < w->lanes)
        memcpy(theirs, &slot[from], bytes);
    else
        memset(theirs, 0xff, bytes);
}

void launch(const char *kernel, dim3 grid, dim3 block, size_t smem, void (*body)(void *), void *ctx)
{
    size_t threads = (size_t)block.x * block.y * block.z, blocks = (size_t)grid.x * grid.y * grid.z;
    e.kernel = kernel;
    if (threads < 1 || threads > MAX_THREADS || blocks < 1 || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535 ||
        smem > 48 * 1024)
        die("a launch of this size is not possible", 0, 0);
    e.n = (int)threads;
    e.body = body;
    e.ctx = ctx;
    e.launches++;
    e.dynamic = static_cast<unsigned char *>(aligned_alloc(16, (smem + 15) / 16 * 16));
    blockDim = block;
    gridDim = grid;
    uint64_t first = e.order == CUDA_HOST_RANDOM ? next_random() % blocks : 0;
    for (size_t i = 0; i < blocks; i++) {
        size_t b = e.order == CUDA_HOST_BACKWARD ? blocks - 1 - i : (first + i) % blocks;
        blockIdx = {(unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y), (unsigned)(b / grid.x / grid.y)};
        run_block(smem);
    }
    free(e.dynamic);
}

} // namespace cuda_host

void cuda_host_set_order(enum cuda_host_order order, uint64_t seed)
{
    e.order = order;
    e.random = seed;
}

unsigned long cuda_host_launches(void)
{
    return e.launches;
}
