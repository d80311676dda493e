/* The floor. Memory either works or ends the program, so nobody above writes a branch for it. The generator is
 * xoshiro256++ with its four words filled by splitmix64, as its authors advise; a stream is a hash of seed and
 * purpose, so that adding a consumer of random numbers never shifts those of another. */
#include "base.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- errors ---- */

static const struct {
    const char *name;
    int status;
} codes[] = {
#define X(code, name, status) [ERR_##code] = {name, status},
    ERR_CODES(X)
#undef X
};

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    if (!err)
        return false;
    /* The arguments may point into err->msg itself. */
    char msg[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    err->code = code;
    memcpy(err->msg, msg, sizeof(msg));
    return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char msg[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    str_append(msg, sizeof(msg), strlen(msg), ": %s", err->msg);
    memcpy(err->msg, msg, sizeof(msg));
    return false;
}

const char *err_name(enum err_code code)
{
    return (size_t)code < ARRAY_LEN(codes) ? codes[code].name : "unknown";
}

int err_exit_status(enum err_code code)
{
    return (size_t)code < ARRAY_LEN(codes) ? codes[code].status : 1;
}

/* ---- memory ---- */

static _Atomic(void (*)(void)) death_hook;

void base_set_death_hook(void (*hook)(void))
{
    atomic_store(&death_hook, hook);
}

/* _exit, not exit: handlers of other rooms must not run on a heap that has just refused. Store and checkpoints
 * are consistent at every instant, so nothing is owed to them. */
_Noreturn static void die_of_memory(size_t bytes)
{
    void (*hook)(void) = atomic_exchange(&death_hook, NULL);
    if (hook)
        hook();
    char line[96];
    int n = snprintf(line, sizeof(line), "fsplab: out of memory (%zu bytes wanted)\n", bytes);
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n);
    (void)ignored;
    _exit(1);
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        die_of_memory(n);
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        die_of_memory(size && n > SIZE_MAX / size ? SIZE_MAX : n * size);
    return p;
}

void *xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        die_of_memory(n);
    return q;
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

char *xstrfmt(const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    size_t cap = n < 0 ? 1 : (size_t)n + 1;
    char *s = xmalloc(cap);
    s[0] = '\0';
    if (n > 0)
        vsnprintf(s, cap, fmt, again);
    va_end(again);
    return s;
}

enum { ALIGNMENT = 64 };

static size_t round_up(size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGNMENT)
        die_of_memory(bytes);
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void *xalloc_aligned(size_t bytes)
{
    size_t n = round_up(bytes ? bytes : 1);
    void *p = NULL;
    if (posix_memalign(&p, ALIGNMENT, n) != 0)
        die_of_memory(n);
    return memset(p, 0, n);
}

/* Blocks in a list; the newest is the one that is filled. A piece too big for a block gets one of its own size. */
struct arena_block {
    struct arena_block *next;
    size_t size, used; /* of data */
    char *data;
};

struct arena {
    struct arena_block *blocks;
    size_t bytes;
};

enum { ARENA_BLOCK = 256 * 1024 };

struct arena *arena_new(void)
{
    return xcalloc(1, sizeof(struct arena));
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t n = round_up(bytes ? bytes : 1);
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < n) {
        b = xcalloc(1, sizeof(*b));
        b->size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
        b->data = xalloc_aligned(b->size);
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += n;
    a->bytes += n;
    return p;
}

size_t arena_bytes(const struct arena *a)
{
    return a->bytes;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b->data);
        free(b);
    }
    free(a);
}

size_t str_append(char *buf, size_t cap, size_t len, const char *fmt, ...)
{
    if (len + 1 >= cap)
        return len;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf + len, cap - len, fmt, ap);
    va_end(ap);
    if (n < 0) {
        buf[len] = '\0';
        return len;
    }
    return (size_t)n < cap - len ? len + (size_t)n : cap - 1;
}

void mean_sd(const double *v, int n, double *mean, double *sd)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++)
        sum += v[i] / n;
    for (int i = 0; i < n; i++)
        square += (v[i] - sum) * (v[i] - sum);
    *mean = n > 0 ? sum : NAN;
    *sd = n > 1 ? sqrt(square / (n - 1)) : NAN;
}

/* ---- random numbers ---- */

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

/* splitmix64's output function (Steele, Lea, Flood 2014; constants of Stafford's variant 13). */
static uint64_t mix64(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t hash3(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t h = mix64(a + GOLDEN_GAMMA);
    h = mix64((h ^ b) + GOLDEN_GAMMA);
    return mix64((h ^ c) + GOLDEN_GAMMA);
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = hash3(seed, stream, 0);
    for (int i = 0; i < 4; i++)
        r->s[i] = mix64(x += GOLDEN_GAMMA); /* mix64 is a bijection: at most one word is 0 */
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s, result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Lemire's multiplication with rejection (2019): exact, and nearly always one draw. */
uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t m = (rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)m < threshold)
            m = (rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

double rng_normal(struct rng *r)
{
    double u = 1.0 - rng_uniform(r), v = rng_uniform(r); /* u in (0, 1]: its logarithm is finite */
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586477 * v);
}

void rng_shuffle(struct rng *r, int *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(r, (uint32_t)i);
        int t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}

/* ---- clock ---- */

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int64_t clock_unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- log ---- */

static void stderr_sink(enum log_level level, const char *line, void *ctx)
{
    (void)ctx;
    if (level >= LOG_WARN)
        fprintf(stderr, "fsplab: %s%s\n", level == LOG_WARN ? "warning: " : "", line);
}

/* Protects sink and sink_ctx. Released before the sink is called, which may take a lock of its own. */
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink *sink = stderr_sink;
static void *sink_ctx;

void log_set_sink(log_sink *new_sink, void *ctx)
{
    pthread_mutex_lock(&sink_lock);
    sink = new_sink ? new_sink : stderr_sink;
    sink_ctx = new_sink ? ctx : NULL;
    pthread_mutex_unlock(&sink_lock);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
    char line[2048];
    int saved = errno; /* a caller may still want to report it */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&sink_lock);
    log_sink *to = sink;
    void *ctx = sink_ctx;
    pthread_mutex_unlock(&sink_lock);
    to(level, line, ctx);
    errno = saved;
}
