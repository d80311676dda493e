/* The CUDA backend's sources as host C++: the whole op table against the float64 reference, the smaller rows in every
 * thread order with the same bits, and the errors that a device can give. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/nn/cuda_plugin.h"
#include "cuda_host/steer.h"
#include "op_table.h"

extern const struct cuda_plugin fsplab_cuda_plugin;

/* A row of this many bytes of outputs, or fewer, runs in every order. */
enum { SMALL = 64 * 1024, ORDERS = 3 };

static struct backend *open_device(void)
{
    struct err err = {0};
    struct backend *be = fsplab_cuda_plugin.open(0, &err);
    if (!be)
        fail_msg("%s", err.msg);
    return be;
}

static int run_row(struct backend *be, const struct op_case *c, double *worst)
{
    size_t bytes = op_case_output_bytes(c);
    char *first = xmalloc(bytes), *other = xmalloc(bytes), why[256];
    int bad = 0;
    for (int order = 0; order < (bytes <= SMALL ? ORDERS : 1); order++) {
        double error = 0;
        cuda_host_set_order((enum cuda_host_order)order, 7);
        if (!op_case_run(c, be, order == 0 ? first : other, &error, why)) {
            print_message("order %d, %s: %s\n", order, op_case_name(c), why);
            bad++;
        } else if (order > 0 && memcmp(first, other, bytes) != 0) {
            print_message("%s: other bits in thread order %d than in order 0\n", op_case_name(c), order);
            bad++;
        }
        *worst = fmax(*worst, error);
    }
    free(first);
    free(other);
    return bad;
}

static void kernels_agree_with_the_reference(void **state)
{
    (void)state;
    struct backend *be = open_device();
    double worst = 0;
    int bad = 0;
    for (size_t r = 0; r < op_row_count(); r++) {
        struct op_case *c = op_case_new(r);
        bad += run_row(be, c, &worst);
        op_case_free(c);
    }
    backend_free(be);
    print_message("%zu rows, worst error %.2g of what is allowed\n", op_row_count(), worst);
    assert_int_equal(bad, 0);
}

static void all_memory_is_given_back(void **state)
{
    (void)state;
    size_t before = cuda_host_bytes();
    struct backend *be = open_device();
    void *p = be->ops->mem_alloc(be, 1000);
    assert_non_null(p);
    char zeros[1000];
    memset(zeros, 1, sizeof zeros);
    be->ops->download(be, zeros, p, sizeof zeros);
    for (size_t i = 0; i < sizeof zeros; i++)
        assert_int_equal(zeros[i], 0);
    be->ops->mem_free(be, p);
    backend_free(be);
    assert_int_equal(cuda_host_bytes(), before);
}

static void out_of_memory_names_the_sizes(void **state)
{
    (void)state;
    struct err err = {0};
    cuda_host_set_memory(cuda_host_bytes() + ((size_t)40 << 20));
    struct backend *be = open_device();
    assert_null(be->ops->mem_alloc(be, (size_t)100 << 20));
    assert_false(be->ops->sync(be, &err));
    assert_int_equal(err.code, ERR_DEVICE);
    assert_non_null(strstr(err.msg, "out of device memory: 100.0 MiB wanted, 8.0 of 40.0 MiB free"));
    backend_free(be);
    cuda_host_set_memory((size_t)4 << 30);
}

/* The first error stays, with the operation that it came from. */
static void the_first_error_is_reported(void **state)
{
    (void)state;
    struct err err = {0};
    struct backend *be = open_device();
    float host[4] = {0};
    void *p = be->ops->mem_alloc(be, sizeof host);
    assert_true(be->ops->sync(be, &err));
    cuda_host_fail_next("cudaMemcpyAsync", 700);
    be->ops->upload(be, p, host, sizeof host);
    cuda_host_fail_next("cudaMemsetAsync", 1);
    be->ops->zero(be, p, sizeof host);
    for (int i = 0; i < 2; i++) {
        assert_false(be->ops->sync(be, &err));
        assert_string_equal(err.msg, "CUDA device 0: upload: an illegal memory access was encountered");
    }
    be->ops->mem_free(be, p);
    backend_free(be);
}

static void opening_says_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *function, *says;
        int error;
    } cases[] = {
        {"cudaGetDeviceCount", "the NVIDIA driver is for CUDA 13.0, this plug-in needs 13.0 or newer", 35},
        {"cudaGetDeviceCount", "no CUDA device: no CUDA-capable device is detected", 100},
        {"cudaMalloc", "CUDA device 0: open: out of device memory", 2},
        {"cudaStreamCreateWithFlags", "CUDA device 0: open: ", 700},
    };
    size_t before = cuda_host_bytes();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        cuda_host_fail_next(cases[i].function, cases[i].error);
        assert_null(fsplab_cuda_plugin.open(0, &err));
        assert_int_equal(err.code, ERR_DEVICE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("'%s' instead of '%s'", err.msg, cases[i].says);
    }
    struct err err = {0};
    assert_null(fsplab_cuda_plugin.open(2, &err));
    assert_string_equal(err.msg, "no CUDA device 2 (there are 2, from 0)");
    assert_int_equal(cuda_host_bytes(), before);
}

/* A study is opened by one thread and run by another, whose current device is 0 until it says otherwise. */
static void *use_from_a_thread(void *p)
{
    struct backend *be = p;
    const float ones[4] = {1, 1, 1, 1};
    float w[4] = {0};
    float *d = be->ops->mem_alloc(be, 3 * sizeof ones); /* weights, gradient, momentum: zeros */
    be->ops->upload(be, d + 4, ones, sizeof ones);
    be->ops->sgd(be, 4, d, d + 4, d + 8, 0.5f, 0, 0, false);
    be->ops->download(be, w, d, sizeof w);
    be->ops->mem_free(be, d);
    return w[0] == -0.5f && w[3] == -0.5f ? p : NULL;
}

static void threads_use_the_device_they_were_given(void **state)
{
    (void)state;
    struct backend *be[2];
    for (int i = 0; i < 2; i++) {
        struct err err = {0};
        char name[16];
        assert_non_null(be[i] = fsplab_cuda_plugin.open(i, &err));
        snprintf(name, sizeof name, "cuda:%d", i);
        assert_string_equal(be[i]->info.name, name);
    }
    for (int i = 0; i < 2; i++) {
        struct err err = {0};
        pthread_t thread;
        void *right = NULL;
        assert_int_equal(pthread_create(&thread, NULL, use_from_a_thread, be[i]), 0);
        assert_int_equal(pthread_join(thread, &right), 0);
        if (!be[i]->ops->sync(be[i], &err))
            fail_msg("%s", err.msg);
        assert_ptr_equal(right, be[i]);
        assert_ptr_equal(use_from_a_thread(be[i]), be[i]);
    }
    for (int i = 0; i < 2; i++)
        backend_free(be[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_the_reference),
        cmocka_unit_test(all_memory_is_given_back),
        cmocka_unit_test(out_of_memory_names_the_sizes),
        cmocka_unit_test(the_first_error_is_reported),
        cmocka_unit_test(opening_says_why_not),
        cmocka_unit_test(threads_use_the_device_they_were_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
