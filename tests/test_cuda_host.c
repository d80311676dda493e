/* The stand-in for a GPU: right kernels come out right in every thread order, and each planted bug is seen. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cuda_host/planted.h"
#include "cuda_host/steer.h"

enum { N = 64, BLOCKS = 3, ORDERS = 5 };

static void set_order(int i)
{
    cuda_host_set_order(i == 0 ? CUDA_HOST_FORWARD : i == 1 ? CUDA_HOST_BACKWARD : CUDA_HOST_RANDOM, (uint64_t)i);
}

static float neighbour_up(int t)
{
    return (float)((t + 1) % N);
}
static float neighbour_down(int t)
{
    return (float)((t + N - 1) % N);
}
static float two_rounds(int t)
{
    return (float)(2 * (N - 1 - t) + 1);
}
/* The sum over the warp, the next lane's (the last one's own) and lane 3's. */
static float sums(int t)
{
    int warp = t / 32 * 32, next = t % 32 == 31 ? t : t + 1;
    return (float)(32 * warp + 31 * 16 + next + warp + 3);
}

/* In how many thread orders a kernel gives what it should. */
static int orders_right(const char *kernel, float (*expected)(int))
{
    int right = 0;
    for (int i = 0; i < ORDERS; i++) {
        float out[N];
        int count = 0, good = 0;
        set_order(i);
        planted_run(kernel, out, &count);
        for (int t = 0; t < N; t++)
            good += out[t] == expected(t);
        right += good == N;
    }
    return right;
}

static void right_kernels_are_right_in_every_order(void **state)
{
    (void)state;
    assert_int_equal(orders_right("neighbour up", neighbour_up), ORDERS);
    assert_int_equal(orders_right("neighbour down", neighbour_down), ORDERS);
    assert_int_equal(orders_right("two rounds", two_rounds), ORDERS);
    assert_int_equal(orders_right("sums", sums), ORDERS);
    int count = 0;
    float out[N];
    planted_run("sums", out, &count);
    assert_int_equal(count, N);
}

/* Wrong in at least one order, so a table that runs all of them sees it. */
static void missing_barriers_are_seen(void **state)
{
    (void)state;
    assert_in_range(orders_right("neighbour up, no barrier", neighbour_up), 0, ORDERS - 1);
    assert_in_range(orders_right("neighbour down, no barrier", neighbour_down), 0, ORDERS - 1);
    assert_in_range(orders_right("two rounds, no second barrier", two_rounds), 0, ORDERS - 1);
}

static void shared_memory_starts_as_nan(void **state)
{
    (void)state;
    float out[BLOCKS * N];
    int count;
    for (int i = 0; i < ORDERS; i++) {
        set_order(i);
        planted_run("unset shared", out, &count);
        for (int t = 0; t < N; t++)
            assert_true(isnan(out[t]));
        planted_run("left from last block", out, &count);
        for (int t = 0; t < BLOCKS * N; t++)
            assert_true(t / N == 1 ? out[t] == 1 : isnan(out[t]));
    }
}

/* Runs a kernel in a child; its status, and what it said. */
static int run_in_child(const char *kernel, char *said, size_t size)
{
    int fd[2], status, count;
    assert_int_equal(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fd[1], 2);
        float *out = malloc(N * sizeof *out);
        planted_run(kernel, out, &count);
        _exit(0);
    }
    close(fd[1]);
    size_t have = 0;
    ssize_t got;
    while (have + 1 < size && (got = read(fd[0], said + have, size - 1 - have)) > 0)
        have += (size_t)got;
    said[have] = 0;
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void broken_rules_end_the_program(void **state)
{
    (void)state;
    static const struct {
        const char *kernel, *says;
    } cases[] = {
        {"different barriers", "different barriers"},
        {"early return", "barrier that threads have left"},
        {"half a warp", "deadlock"},
        {"part mask", "without the full mask"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int i = 0; i < ORDERS; i++) {
            char said[4096];
            set_order(i);
            int status = run_in_child(cases[c].kernel, said, sizeof said);
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 99 || !strstr(said, cases[c].says))
                fail_msg("%s: status %d, said '%s'", cases[c].kernel, status, said);
        }
}

/* The overruns need AddressSanitizer, as `make check` has it. */
static void overruns_are_seen(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    static const char *const kernels[] = {"past global", "past shared", "past dynamic"};
    for (size_t c = 0; c < sizeof kernels / sizeof *kernels; c++) {
        char said[4096];
        int status = run_in_child(kernels[c], said, sizeof said);
        if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
            (!strstr(said, "overflow") && !strstr(said, "out of bounds")))
            fail_msg("%s: status %d, said '%.200s'", kernels[c], status, said);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_kernels_are_right_in_every_order),
        cmocka_unit_test(missing_barriers_are_seen),
        cmocka_unit_test(shared_memory_starts_as_nan),
        cmocka_unit_test(broken_rules_end_the_program),
        cmocka_unit_test(overruns_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
