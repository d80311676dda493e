/* spawn: what a starter makes of what comes down the pipe, by a pipe that the test fills. The processes themselves are in
 * test_spawn.sh. */
#define _GNU_SOURCE /* pipe2, in spawn.c */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/spawn.c"

#include "scratch.h"

/* Everything that the process says before it ends. */
static bool heard(const char *text, int *pid, struct err *err)
{
    int fd[2];
    struct spawn_options o = {.pid = pid};
    *err = (struct err){0};
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
    close(fd[1]);
    bool ok = hear_out(fd[0], &o, err);
    close(fd[0]);
    return ok;
}

static void a_study_that_begins_is_believed(void **state)
{
    (void)state;
    struct err err;
    int pid = 0;
    assert_true(heard("ready 4711\n", &pid, &err));
    assert_int_equal(pid, 4711);
    assert_true(heard("fsplab: warning: slow disk\nready 12\nmore\n", &pid, &err));
    assert_int_equal(pid, 12);
    assert_true(heard("ready 3\n", NULL, &err));
}

static void refused(const char *text, enum err_code code, const char *message)
{
    struct err err;
    int pid = -1;
    assert_false(heard(text, &pid, &err));
    if (err.code != code || strcmp(err.msg, message) != 0)
        fail_msg("%.40s: %s '%s'", text, err_name(err.code), err.msg);
    assert_int_equal(pid, -1);
}

static void an_error_keeps_its_code_and_words(void **state)
{
    (void)state;
    refused("error config setting 'x' is unknown\n", ERR_CONFIG, "setting 'x' is unknown");
    refused("fsplab: no\nerror busy being run by process 3\n", ERR_BUSY, "being run by process 3");
    refused("error usage a\nerror io b\n", ERR_USAGE, "a");
    refused("error nonsense what\n", ERR_STATE, "what");
    refused("error io\n", ERR_IO, "");
}

static void a_death_without_a_word_is_an_error(void **state)
{
    (void)state;
    refused("", ERR_STATE, "the study's process ended before it began");
    refused("\n\n", ERR_STATE, "the study's process ended before it began");
    refused("a\nlibx.so: cannot open shared object file\n", ERR_STATE,
            "the study's process ended before it began: libx.so: cannot open shared object file");
    refused("ready 4711", ERR_STATE, "the study's process ended before it began: ready 4711"); /* cut short */
}

static void any_amount_of_talk_is_survived(void **state)
{
    (void)state;
    struct err err;
    int pid = 0;
    for (size_t n = TEXT_MAX - 100; n < TEXT_MAX + 100; n++) {
        char text[2 * TEXT_MAX];
        memset(text, 'x', n);
        strcpy(text + n, "\nready 5\n");
        assert_true(heard(text, &pid, &err));
        assert_int_equal(pid, 5);
        for (size_t i = 80; i < n; i += 80)
            text[i] = '\n';
        strcpy(text + n, "\nerror shape as it is\n");
        refused(text, ERR_SHAPE, "as it is");
    }
}

/* What the study says comes out at the starter. */
static void both_ends_agree(void **state)
{
    (void)state;
    char *dir = scratch_new();
    struct err err = {0}, out = {0};
    struct spawn_options o = {0};
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    for (int c = ERR_OK + 1; c <= ERR_STATE; c++) {
        int one = dup(fd[1]);
        err_set(&err, (enum err_code)c, "two\nlines of %s", err_name((enum err_code)c));
        spawn_failed(one, &err);
        assert_int_equal(fcntl(one, F_GETFD), -1);
        assert_false(hear_out(fd[0], &o, &out));
        assert_int_equal(out.code, c);
        assert_non_null(strstr(out.msg, "two lines of "));
        assert_non_null(strstr(out.msg, err_name((enum err_code)c)));
    }
    spawn_failed(-1, &err);
    assert_true(spawn_ready(-1, "/nowhere", &err));
    err = (struct err){0};
    assert_false(spawn_ready(fd[1], scratch_path(dir, "absent/run.log"), &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "absent/run.log"));
    close(fd[0]);
    close(fd[1]);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_that_begins_is_believed),
        cmocka_unit_test(an_error_keeps_its_code_and_words),
        cmocka_unit_test(a_death_without_a_word_is_an_error),
        cmocka_unit_test(any_amount_of_talk_is_survived),
        cmocka_unit_test(both_ends_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
