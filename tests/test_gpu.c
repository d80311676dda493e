/* The op table on a GPU, with the plug-in that FSPLAB_PLUGIN names (`make test-gpu`); skipped without one. Each row runs
 * twice and must give the same bits, whatever order the blocks came in. An argument, as 'kernels*', chooses tests:
 * compute-sanitizer would count the memory refused on purpose as an error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/nn/cuda_plugin.h"
#include "op_table.h"

static struct backend *open_plugin(void)
{
    struct err err = {0};
    const char *path = getenv("FSPLAB_PLUGIN");
    if (!path)
        skip();
    const struct cuda_plugin *p = cuda_plugin_find(path, &err);
    struct backend *be = p ? p->open(0, &err) : NULL;
    if (!be)
        fail_msg("%s", err.msg);
    return be;
}

static void kernels_agree_with_the_reference(void **state)
{
    (void)state;
    struct backend *be = open_plugin();
    double worst = 0;
    int bad = 0;
    for (size_t r = 0; r < op_row_count(); r++) {
        struct op_case *c = op_case_new(r);
        size_t bytes = op_case_output_bytes(c);
        char *out[2] = {xmalloc(bytes), xmalloc(bytes)}, why[256];
        for (int k = 0; k < 2; k++) {
            double error = 0;
            if (!op_case_run(c, be, out[k], &error, why)) {
                print_message("%s: %s\n", op_case_name(c), why);
                bad++;
            }
            worst = fmax(worst, error);
        }
        if (memcmp(out[0], out[1], bytes) != 0) {
            print_message("%s: other bits the second time\n", op_case_name(c));
            bad++;
        }
        free(out[0]);
        free(out[1]);
        op_case_free(c);
    }
    print_message("%s: %zu rows, worst error %.2g of what is allowed\n", be->info.isa, op_row_count(), worst);
    backend_free(be);
    assert_int_equal(bad, 0);
}

/* More than any GPU has: an error with the sizes, and the backend of another trial works. */
static void too_much_memory_is_an_error(void **state)
{
    (void)state;
    struct err err = {0};
    struct backend *be = open_plugin();
    float one = 1, got = 0;
    assert_null(be->ops->mem_alloc(be, (size_t)1 << 45));
    assert_false(be->ops->sync(be, &err));
    assert_non_null(strstr(err.msg, "out of device memory: 33554432.0 MiB wanted"));
    backend_free(be);
    be = open_plugin();
    float *p = be->ops->mem_alloc(be, sizeof *p);
    be->ops->upload(be, p, &one, sizeof one);
    be->ops->download(be, &got, p, sizeof got);
    assert_true(got == 1);
    be->ops->mem_free(be, p);
    assert_true(be->ops->sync(be, &err));
    backend_free(be);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_the_reference),
        cmocka_unit_test(too_much_memory_is_an_error),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
