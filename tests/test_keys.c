/* The table of keys: no key means two things on one screen, every command that can be typed is explained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/keys.h"
#include "../src/ui/term.h"

static bool same_view(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void a_key_means_one_thing(void **state)
{
    (void)state;
    for (int i = 0; i < key_count; i++)
        for (int j = i + 1; j < key_count; j++)
            if (same_view(key_table[i].view, key_table[j].view) && key_table[i].key == key_table[j].key)
                fail_msg("%s is in the table twice for %s", key_table[i].name,
                         key_table[i].view ? key_table[i].view : "all");
}

/* The digits belong to the screens. */
static void digits_are_left_to_the_screens(void **state)
{
    (void)state;
    for (int i = 0; i < key_count; i++)
        assert_false(key_table[i].key >= '0' && key_table[i].key <= '9');
}

static void aliases_stand_behind_their_command(void **state)
{
    (void)state;
    assert_non_null(key_table[0].help);
    for (int i = 1; i < key_count; i++)
        if (!key_table[i].help) {
            assert_true(same_view(key_table[i].view, key_table[i - 1].view));
            assert_null(key_table[i].label);
        }
}

static void a_screens_own_row_comes_first(void **state)
{
    const struct key_def *k;
    (void)state;
    assert_int_equal(key_command("run", '\t', &k), CMD_NEXT_SCREEN);
    assert_int_equal(key_command("fsp", '\t', &k), CMD_NEXT_PAIR);
    assert_int_equal(key_command("log", '/', &k), CMD_FILTER);
    assert_int_equal(key_command("run", '/', &k), CMD_NONE);
    assert_null(k);
    assert_int_equal(key_command("run", TERM_RESIZE, &k), CMD_NONE);
}

static void whatever_changes_the_study_says_so(void **state)
{
    static const enum command acting[] = {CMD_PAUSE, CMD_STOP,  CMD_SKIP, CMD_CLONE, CMD_TUNE_UP, CMD_TUNE_DOWN,
                                          CMD_START, CMD_RETRY, CMD_THAW, CMD_PIN,   CMD_STRATEGY};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(acting); i++) {
        int rows = 0;
        for (int k = 0; k < key_count; k++)
            if (key_table[k].command == acting[i]) {
                assert_true(key_table[k].acts);
                rows++;
            }
        assert_true(rows > 0);
    }
}

static void the_printed_table_has_every_row(void **state)
{
    (void)state;
    for (int roff = 0; roff < 2; roff++) {
        char *text = NULL;
        size_t n;
        FILE *f = open_memstream(&text, &n);
        keys_print(f, roff);
        fclose(f);
        for (int i = 0; i < key_count; i++)
            if (key_table[i].help && !strchr(key_table[i].help, '-') && !strstr(text, key_table[i].help))
                fail_msg("'%s' is not printed", key_table[i].help);
        assert_null(strstr(text, "\n\n\n"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_means_one_thing),
        cmocka_unit_test(digits_are_left_to_the_screens),
        cmocka_unit_test(aliases_stand_behind_their_command),
        cmocka_unit_test(a_screens_own_row_comes_first),
        cmocka_unit_test(whatever_changes_the_study_says_so),
        cmocka_unit_test(the_printed_table_has_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
