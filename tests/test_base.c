/* The floor: random numbers against published values and an independent Python version, errors, memory, log. */
#include <errno.h>
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

#include "base.h"
#include "scratch.h"

/* ---- random numbers ---- */

static void xoshiro_gives_the_published_numbers(void **state)
{
    (void)state;
    /* xoshiro256++ 1.0 from the state {1, 2, 3, 4}: the vector that Rust's rand_xoshiro tests against. */
    static const uint64_t want[] = {
        UINT64_C(41943041),
        UINT64_C(58720359),
        UINT64_C(3588806011781223),
        UINT64_C(3591011842654386),
        UINT64_C(9228616714210784205),
        UINT64_C(9973669472204895162),
        UINT64_C(14011001112246962877),
        UINT64_C(12406186145184390807),
        UINT64_C(15849039046786891736),
        UINT64_C(10450023813501588000),
    };
    struct rng r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_true(rng_u64(&r) == want[i]);
}

/* From a Python version that was checked against splitmix64's published outputs for seed 1234567. */
static void seeds_and_hashes_are_pinned(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, stream, first, second, third;
    } want[] = {
        {0, 1, UINT64_C(0x74a93a929f98f7a6), UINT64_C(0xc5b52dfb207cc0f1), UINT64_C(0x2feef0069852e91d)},
        {1, 1, UINT64_C(0x422c8e96dfc90169), UINT64_C(0x5f90e39d1b62efac), UINT64_C(0x389ed0fd25a36464)},
        {1, 2, UINT64_C(0x970ed1d9205b5de1), UINT64_C(0x3f010eff9521cf65), UINT64_C(0x52baa34dde9fde27)},
        {42, 7, UINT64_C(0xefbd5c6ad76aeafe), UINT64_C(0x29abd4c526d6330f), UINT64_C(0xe43ab3fa02e5b607)},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct rng r;
        rng_seed(&r, want[i].seed, want[i].stream);
        assert_true(rng_u64(&r) == want[i].first);
        assert_true(rng_u64(&r) == want[i].second);
        assert_true(rng_u64(&r) == want[i].third);
    }
    assert_true(hash3(0, 0, 0) == UINT64_C(0x238275bc38fcbe91));
    assert_true(hash3(1, 2, 3) == UINT64_C(0xd0734750fde362b3));
    assert_true(hash3(UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_C(0x595b17f487c0e71b));
}

static void draws_agree_with_python(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 1, 1);
    assert_true(rng_uniform(&r) == 0x1.08b23a5b7f240p-2);
    assert_true(rng_uniform(&r) == 0x1.7e438e746d8bap-2);
    rng_seed(&r, 1, 1);
    assert_true(fabs(rng_normal(&r) - -0.5410162421438935) < 1e-14);

    static const uint32_t below[] = {1, 7, 4, 0, 5, 7, 5, 5, 2, 3, 9, 9};
    rng_seed(&r, 5, 3);
    for (size_t i = 0; i < ARRAY_LEN(below); i++)
        assert_int_equal(rng_below(&r, 10), below[i]);

    static const int shuffled[] = {4, 8, 9, 2, 5, 7, 0, 3, 6, 1};
    int v[10];
    for (int i = 0; i < 10; i++)
        v[i] = i;
    rng_seed(&r, 5, 3);
    rng_shuffle(&r, v, 10);
    assert_memory_equal(v, shuffled, sizeof(v));
}

/* n = 3 * 2^30: taking the remainder, or the product without rejection, would draw the first third (or every third
 * number) half again as often as the others. */
static void below_is_unbiased_where_it_is_hard(void **state)
{
    (void)state;
    enum { DRAWS = 30000 };
    struct rng r;
    rng_seed(&r, 11, 1);
    uint32_t n = UINT32_C(3) << 30;
    int third[3] = {0}, residue[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint32_t x = rng_below(&r, n);
        assert_true(x < n);
        third[x >> 30]++;
        residue[x % 3]++;
    }
    for (int i = 0; i < 3; i++) { /* sigma is 82 */
        assert_in_range(third[i], DRAWS / 3 - 400, DRAWS / 3 + 400);
        assert_in_range(residue[i], DRAWS / 3 - 400, DRAWS / 3 + 400);
    }
    assert_int_equal(rng_below(&r, 1), 0);
}

static void normal_has_its_moments(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    struct rng r;
    rng_seed(&r, 3, 1);
    double m1 = 0, m2 = 0, m4 = 0;
    int beyond = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_normal(&r);
        assert_true(isfinite(x));
        m1 += x / DRAWS;
        m2 += x * x / DRAWS;
        m4 += x * x * x * x / DRAWS;
        beyond += fabs(x) > 1.959963984540054;
    }
    /* four standard errors */
    assert_true(fabs(m1) < 4 / sqrt(DRAWS));
    assert_true(fabs(m2 - 1) < 4 * sqrt(2.0 / DRAWS));
    assert_true(fabs(m4 - 3) < 4 * sqrt(96.0 / DRAWS));
    assert_true(abs(beyond - DRAWS / 20) < 4 * sqrt(0.05 * 0.95 * DRAWS));
}

static void uniform_stays_below_one(void **state)
{
    (void)state;
    struct rng top = {{0, 0, 0, 0}}; /* s0 + s3 = 2^64 - 1 in all bits gives the largest output */
    top.s[0] = 0;
    top.s[3] = UINT64_MAX;
    double u = rng_uniform(&top);
    assert_true(u == 1 - 0x1p-53);
    struct rng zero = {{0, 1, 0, 0}};
    assert_true(rng_uniform(&zero) == 0);
    /* the logarithm of Box and Muller at its other end */
    zero = (struct rng){{0, 1, 0, 0}};
    assert_true(rng_normal(&zero) == 0);
}

/* ---- errors ---- */

static void errors_carry_code_and_text(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_FORMAT, "%s has %d bytes", "'x.bin'", 3));
    assert_int_equal(err.code, ERR_FORMAT);
    assert_string_equal(err.msg, "'x.bin' has 3 bytes");
    assert_false(err_prefix(&err, "line %d", 7));
    assert_int_equal(err.code, ERR_FORMAT);
    assert_string_equal(err.msg, "line 7: 'x.bin' has 3 bytes");
    assert_false(err_set(&err, ERR_IO, "again: %s", err.msg)); /* its own text as an argument */
    assert_string_equal(err.msg, "again: line 7: 'x.bin' has 3 bytes");
    assert_false(err_set(NULL, ERR_IO, "nobody listens"));
    assert_false(err_prefix(NULL, "nobody listens"));
}

static void errors_too_long_are_cut(void **state)
{
    (void)state;
    struct err err = {0};
    char big[5000];
    memset(big, 'a', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    err_set(&err, ERR_IO, "%s", big);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    err_prefix(&err, "front");
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_memory_equal(err.msg, "front: aaa", 10);
}

static void codes_have_names_and_statuses(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_CONFIG), "config");
    assert_string_equal(err_name(ERR_DIVERGED), "diverged");
    assert_string_equal(err_name((enum err_code)999), "unknown");
    assert_int_equal(err_exit_status(ERR_OK), 0);
    assert_int_equal(err_exit_status(ERR_USAGE), 2);
    assert_int_equal(err_exit_status(ERR_CONFIG), 2);
    assert_int_equal(err_exit_status(ERR_IO), 1);
    assert_int_equal(err_exit_status((enum err_code)999), 1);
}

/* ---- text and memory ---- */

static void append_never_overruns(void **state)
{
    (void)state;
    char buf[12] = "##########";
    size_t len = str_append(buf, 8, 0, "%s", "abc");
    assert_int_equal(len, 3);
    len = str_append(buf, 8, len, "%d", 45);
    assert_string_equal(buf, "abc45");
    len = str_append(buf, 8, len, "%s", "67890");
    assert_int_equal(len, 7);
    assert_string_equal(buf, "abc4567");
    assert_int_equal(str_append(buf, 8, len, "%s", "x"), 7);
    assert_string_equal(buf, "abc4567");
    assert_int_equal(buf[8], '#');
    assert_int_equal(str_append(buf, 0, 0, "%s", "x"), 0);
    assert_int_equal(buf[0], 'a');
}

static void formats_of_any_length(void **state)
{
    (void)state;
    char *s = xstrfmt("%0*d", 3000, 7);
    assert_int_equal(strlen(s), 3000);
    assert_int_equal(s[2999], '7');
    free(s);
    s = xstrfmt("%s", "");
    assert_string_equal(s, "");
    free(s);
}

static void assert_zeroed(const void *p, size_t n)
{
    const unsigned char *c = p;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(c[i], 0);
}

static void arena_pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 64, 65, 0, 1000, 300000, 7, 262144, 5};
    struct arena *a = arena_new();
    unsigned char *piece[ARRAY_LEN(sizes)];
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        piece[i] = arena_alloc(a, sizes[i]);
        assert_int_equal((uintptr_t)piece[i] % 64, 0);
        assert_zeroed(piece[i], sizes[i]);
        memset(piece[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(piece[i][j], i + 1);
    assert_true(arena_bytes(a) >= 563222 && arena_bytes(a) <= 563222 + 64 * ARRAY_LEN(sizes));
    arena_free(a);
    arena_free(NULL);
}

static void aligned_memory_is_zeroed(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n += 33) {
        unsigned char *p = xalloc_aligned(n);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_zeroed(p, n);
        memset(p, 0xff, n);
        free(p);
    }
}

static int hook_fd;

static void hook(void)
{
    assert_int_equal(write(hook_fd, "h", 1), 1);
}

static volatile size_t huge = SIZE_MAX / 2; /* volatile: the compiler would warn of it */

static int ask_malloc(void *arg)
{
    base_set_death_hook(hook);
    return arg ? 99 : xmalloc(huge) ? 98 : 97;
}

static int ask_calloc(void *arg)
{
    (void)arg;
    base_set_death_hook(hook);
    return xcalloc(huge, 8) ? 98 : 97;
}

static int ask_aligned(void *arg)
{
    (void)arg;
    base_set_death_hook(hook);
    return xalloc_aligned(SIZE_MAX - 1) ? 98 : 97;
}

static int ask_arena(void *arg)
{
    (void)arg;
    base_set_death_hook(hook);
    return arena_alloc(arena_new(), SIZE_MAX - 1) ? 98 : 97;
}

static void out_of_memory_calls_the_hook_once_and_ends(void **state)
{
    (void)state;
    int (*const asks[])(void *) = {ask_malloc, ask_calloc, ask_aligned, ask_arena};
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        int fd[2];
        char c[4];
        assert_int_equal(pipe(fd), 0);
        hook_fd = fd[1];
        assert_int_equal(scratch_child(asks[i], NULL), 1);
        close(fd[1]);
        assert_int_equal(read(fd[0], c, sizeof(c)), 1);
        close(fd[0]);
    }
}

/* ---- clock, log ---- */

static void clocks_run(void **state)
{
    (void)state;
    double a = clock_seconds();
    int64_t wall = clock_unix_ms();
    usleep(3000);
    double b = clock_seconds();
    assert_true(b - a >= 0.003 && b - a < 60);
    assert_true(clock_unix_ms() - wall >= 2 && clock_unix_ms() - wall < 60000);
    assert_true(wall > INT64_C(1700000000000)); /* milliseconds, not seconds: after 2023 */
}

struct seen {
    int lines;
    enum log_level level;
    char line[4096];
};

static void keep(enum log_level level, const char *line, void *ctx)
{
    struct seen *s = ctx;
    s->lines++;
    s->level = level;
    snprintf(s->line, sizeof(s->line), "%s", line);
    errno = EBADF;
}

static void log_goes_to_the_sink(void **state)
{
    (void)state;
    struct seen seen = {0};
    log_set_sink(keep, &seen);
    errno = ENOENT;
    log_msg(LOG_INFO, "step %d", 12);
    assert_int_equal(errno, ENOENT);
    log_set_sink(NULL, NULL);
    log_msg(LOG_INFO, "nobody hears this");
    assert_int_equal(seen.lines, 1);
    assert_int_equal(seen.level, LOG_INFO);
    assert_string_equal(seen.line, "step 12");
}

static void means_and_deviations(void **state)
{
    (void)state;
    static const double v[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5, squares 32 */
    double mean, sd;
    mean_sd(v, 8, &mean, &sd);
    assert_true(fabs(mean - 5) < 1e-12 && fabs(sd - sqrt(32 / 7.0)) < 1e-12);
    mean_sd(v, 1, &mean, &sd);
    assert_true(mean == 2 && isnan(sd));
    mean_sd(v, 0, &mean, &sd);
    assert_true(isnan(mean) && isnan(sd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_and_deviations),
        cmocka_unit_test(xoshiro_gives_the_published_numbers),
        cmocka_unit_test(seeds_and_hashes_are_pinned),
        cmocka_unit_test(draws_agree_with_python),
        cmocka_unit_test(below_is_unbiased_where_it_is_hard),
        cmocka_unit_test(normal_has_its_moments),
        cmocka_unit_test(uniform_stays_below_one),
        cmocka_unit_test(errors_carry_code_and_text),
        cmocka_unit_test(errors_too_long_are_cut),
        cmocka_unit_test(codes_have_names_and_statuses),
        cmocka_unit_test(append_never_overruns),
        cmocka_unit_test(formats_of_any_length),
        cmocka_unit_test(arena_pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(aligned_memory_is_zeroed),
        cmocka_unit_test(out_of_memory_calls_the_hook_once_and_ends),
        cmocka_unit_test(clocks_run),
        cmocka_unit_test(log_goes_to_the_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
