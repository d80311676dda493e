/* Choosing a device where there is no plug-in beside the program, a plug-in of another build, or something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/nn/cuda_plugin.h"

static void expect_refused(const char *path, const char *says)
{
    struct err err = {0};
    assert_null(cuda_plugin_find(path, &err));
    assert_int_equal(err.code, ERR_DEVICE);
    if (!strstr(err.msg, says))
        fail_msg("'%s' does not say '%s'", err.msg, says);
}

static void plugins_that_cannot_be_used_say_why(void **state)
{
    (void)state;
    const char *build = getenv("BUILD");
    char *fake = xstrfmt("%s/tests/fake_cuda.so", build ? build : "build/release");
    char *stale = xstrfmt("%s/tests/fake_cuda_stamp.so", build ? build : "build/release");
    expect_refused(NULL, "no CUDA plug-in (fsplab-cuda.so) beside the program");
    expect_refused("/nowhere/fsplab-cuda.so", "/nowhere/fsplab-cuda.so: cannot open shared object file");
    expect_refused("libm.so.6", "undefined symbol: fsplab_cuda_plugin");
    expect_refused(fake, "fake_cuda.so' is of another build of fsplab (with another table, wanted " FSPLAB_VERSION "-");
    expect_refused(stale, "fake_cuda_stamp.so' is of another build of fsplab (0.0-1, wanted " FSPLAB_VERSION "-");
    free(fake);
    free(stale);
}

/* The kernels as host code (tests/cuda_host), where they are built. */
static void a_plugin_of_this_build_is_taken(void **state)
{
    (void)state;
    const char *build = getenv("BUILD");
    char *path = xstrfmt("%s/tests/cuda_host.so", build ? build : "build/release");
    bool there = access(path, F_OK) == 0;
    struct err err = {0};
    const struct cuda_plugin *p = there ? cuda_plugin_find(path, &err) : NULL;
    free(path);
    if (!there)
        skip();
    if (!p)
        fail_msg("%s", err.msg);
    struct backend *be = p->open(1, &err);
    assert_non_null(be);
    assert_string_equal(be->info.name, "cuda:1");
    backend_free(be);
    assert_null(p->open(2, &err));
    assert_string_equal(err.msg, "no CUDA device 2 (there are 2, from 0)");
}

static void devices_by_name(void **state)
{
    (void)state;
    static const char *const good[] = {"auto", "cpu"}, *const bad[] = {"cuda", "cuda:1", "gpu"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct backend *be = backend_new(good[i], 1, NULL);
        assert_non_null(be);
        assert_string_equal(be->info.name, "cpu");
        backend_free(be);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        char *named = xstrfmt("device '%s' is ", bad[i]);
        assert_null(backend_new(bad[i], 1, &err));
        assert_int_equal(err.code, ERR_DEVICE);
        assert_non_null(strstr(err.msg, named));
        free(named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_that_cannot_be_used_say_why),
        cmocka_unit_test(a_plugin_of_this_build_is_taken),
        cmocka_unit_test(devices_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
