/* base: the floor every room stands on. Errors, memory, random numbers, clock, log. Needs libc only.
 * Everything here may be called from any thread unless a line says otherwise. */
#ifndef FSPLAB_BASE_H
#define FSPLAB_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSPLAB_VERSION "0.1.0"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- errors: what can fail from outside returns bool and fills a struct err ---- */

/* code, name as printed in --json, exit status of the program */
#define ERR_CODES(X)                                                                                                   \
    X(OK, "ok", 0)                                                                                                     \
    X(USAGE, "usage", 2)       /* wrong command line */                                                                \
    X(CONFIG, "config", 2)     /* a setting is unknown, malformed, out of range or does not fit another */             \
    X(IO, "io", 1)             /* the operating system refused: open, read, write, disk full */                        \
    X(FORMAT, "format", 1)     /* a file is not what it claims: truncated, wrong checksum, wrong size */               \
    X(SHAPE, "shape", 2)       /* two things that must match in shape do not */                                        \
    X(BUSY, "busy", 1)         /* another process holds it */                                                          \
    X(DEVICE, "device", 1)     /* the backend failed or is missing; includes device out-of-memory */                   \
    X(DIVERGED, "diverged", 1) /* NaN or infinity in training */                                                       \
    X(STATE, "state", 1)       /* not possible in this state */

enum err_code {
#define X(code, name, status) ERR_##code,
    ERR_CODES(X)
#undef X
};

/* A zeroed struct err means "no error". msg: no capital, no full stop; the thing, what was read, what is
 * allowed: "cannot open 'data_batch_3.bin': no such file". */
struct err {
    enum err_code code;
    char msg[1024];
};

/* Fills err (which may be NULL) and returns false, so that a caller can `return err_set(...)`. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "prefix: " before the message. Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *err_name(enum err_code code);
int err_exit_status(enum err_code code);

/* ---- memory: out of host memory ends the program (after calling the hook), so these never return NULL ---- */

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrfmt(const char *fmt, ...) PRINTF_LIKE(1, 2); /* free() it */
/* 64-byte aligned and zeroed; free() it. */
void *xalloc_aligned(size_t bytes);
/* Called once, before the program dies of memory, from the failing thread: restores the terminal. */
void base_set_death_hook(void (*hook)(void));

/* Bump allocator; 64-byte aligned, zeroed pieces, all freed together. Not thread-safe. */
struct arena;
struct arena *arena_new(void);
void *arena_alloc(struct arena *, size_t bytes);
size_t arena_bytes(const struct arena *);
void arena_free(struct arena *);

/* Appends to a fixed buffer and never overruns it; returns the new length. */
size_t str_append(char *buf, size_t cap, size_t len, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Mean of v[n] (NaN: n is 0) and their standard deviation, of n - 1 (NaN: n < 2). */
void mean_sd(const double *v, int n, double *mean, double *sd);

/* ---- random numbers: xoshiro256++ (Blackman & Vigna), seeded through splitmix64. Always passed in,
 * never global, never seeded from the clock. ---- */

struct rng {
    uint64_t s[4];
};

/* Streams of the same seed are independent: use one per purpose (enum rng_stream). */
enum rng_stream { RNG_INIT = 1, RNG_SHUFFLE, RNG_AUGMENT, RNG_SPLIT, RNG_SEARCH, RNG_SYNTH, RNG_REGRESSOR };
void rng_seed(struct rng *, uint64_t seed, uint64_t stream);
uint64_t rng_u64(struct rng *);
double rng_uniform(struct rng *);                 /* [0, 1), 53 bits */
uint32_t rng_below(struct rng *, uint32_t n);     /* [0, n), unbiased; n >= 1 */
double rng_normal(struct rng *);                  /* N(0, 1), Box-Muller, no hidden state */
void rng_shuffle(struct rng *, int *v, size_t n); /* Fisher-Yates */
/* A 64-bit hash of three words (splitmix64 finaliser, chained): random numbers as a pure function. */
uint64_t hash3(uint64_t a, uint64_t b, uint64_t c);

/* ---- clock ---- */

double clock_seconds(void);  /* monotonic, seconds */
int64_t clock_unix_ms(void); /* wall clock, milliseconds since 1970 */

/* ---- log: one sink for the process (default: stderr for warnings and errors) ---- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
typedef void log_sink(enum log_level, const char *line, void *ctx);
void log_set_sink(log_sink *, void *ctx);
void log_msg(enum log_level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
