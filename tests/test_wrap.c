/* wrap: no row is wider than its room, no word is lost, and counting agrees with drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/wrap.h"

static const struct style plain = {COLOR_DEFAULT, COLOR_DEFAULT, 0};

/* TEXT wrapped at W columns, as drawn on a canvas of H rows. free(). */
static char *wrapped(const char *text, int w, int h, int *rows)
{
    struct canvas c;
    canvas_init(&c, w, h);
    *rows = wrap_text(&c, (struct rect){0, 0, w, h}, plain, text);
    char *out = canvas_to_text(&c);
    canvas_release(&c);
    return out;
}

static void rows_are_broken_at_blanks(void **state)
{
    int rows;
    (void)state;
    char *out = wrapped("the matrices must have equal shapes", 13, 4, &rows);
    assert_string_equal(out, "the matrices\nmust have\nequal shapes\n\n");
    assert_int_equal(rows, 3);
    free(out);
    out = wrapped("ab cd", 5, 1, &rows); /* just fits */
    assert_string_equal(out, "ab cd\n");
    assert_int_equal(rows, 1);
    free(out);
    out = wrapped("  ", 5, 1, &rows);
    assert_int_equal(rows, 0);
    free(out);
}

static void long_words_are_broken_within(void **state)
{
    int rows;
    (void)state;
    char *out = wrapped("see data/cifar10/data_batch_1.bin", 10, 5, &rows);
    assert_string_equal(out, "see\ndata/cifar\n10/data_ba\ntch_1.bin\n\n");
    assert_int_equal(rows, 4);
    free(out);
}

static void wide_characters_count_twice(void **state)
{
    int rows;
    (void)state;
    char *out = wrapped("교사 학생 이식", 5, 4, &rows);
    assert_string_equal(out, "교사\n학생\n이식\n\n");
    free(out);
    out = wrapped("교사학생", 5, 3, &rows); /* half a character is not drawn */
    assert_string_equal(out, "교사\n학생\n\n");
    free(out);
    out = wrapped("교a", 1, 3, &rows); /* no room for it at all: it ends nevertheless */
    assert_int_equal(rows, 2);
    free(out);
}

static void nothing_is_lost_at_any_width(void **state)
{
    static const char text[] =
        "section 1 cannot be paired: teacher res26's maps 32x32x16 and 32x32x16, student's 32x32x64";
    (void)state;
    for (int w = 1; w <= 100; w++) {
        int rows, counted = wrap_text(NULL, (struct rect){0, 0, w, 0}, plain, text);
        char *out = wrapped(text, w, 100, &rows), letters[256];
        size_t n = 0;
        assert_int_equal(rows, counted);
        for (const char *s = out; *s; s++)
            if (*s != ' ' && *s != '\n')
                letters[n++] = *s;
        letters[n] = 0;
        n = 0;
        for (const char *s = text; *s; s++)
            if (*s != ' ' && letters[n++] != *s)
                fail_msg("at width %d: '%s'", w, out);
        assert_int_equal(letters[n], 0);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_broken_at_blanks),
        cmocka_unit_test(long_words_are_broken_within),
        cmocka_unit_test(wide_characters_count_twice),
        cmocka_unit_test(nothing_is_lost_at_any_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
