/* Words that lines contain, and the walk from one line that does to the next, against a plain reading of every line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../src/ui/filter.h"

static bool fits(const char *typed, const char *line)
{
    struct filter f;
    filter_set(&f, typed);
    return filter_fits(&f, line);
}

static void all_words_in_any_order(void **state)
{
    (void)state;
    assert_true(fits("", "anything"));
    assert_true(fits("   ", "anything"));
    assert_true(fits("disk SLOW", "warning slow disk"));
    assert_false(fits("disk fast", "warning slow disk"));
    assert_true(fits("arn", "warning slow disk")); /* any part of a line */
    assert_true(fits("-> 0.012", "set lambda 0.01 -> 0.012"));
    assert_true(fits("\xC3\xA9", "caf\xC3\xA9"));
}

static void quotes_and_exclamation_marks(void **state)
{
    (void)state;
    assert_true(fits("\"slow disk\"", "a slow disk"));
    assert_false(fits("\"slow disk\"", "slow, the disk"));
    assert_true(fits("disk !slow", "full disk"));
    assert_false(fits("disk !slow", "slow disk"));
    assert_false(fits("!\"slow disk\"", "a slow disk"));
    assert_true(fits("!", "what!")); /* alone it is a word */
    assert_false(fits("!", "what"));
    assert_true(fits("\"open", "an open end")); /* a quote that is not closed yet, while one types */
}

static void places_of_words(void **state)
{
    struct filter f;
    int length;
    (void)state;
    filter_set(&f, "lam lambda !x");
    assert_int_equal(filter_find(&f, "a lambda, Lam", 0, &length), 2);
    assert_int_equal(length, 6); /* the longer one */
    assert_int_equal(filter_find(&f, "a lambda, Lam", 8, &length), 10);
    assert_int_equal(length, 3);
    assert_int_equal(filter_find(&f, "a lambda, Lam", 13, &length), -1);
    assert_int_equal(filter_find(&f, "a", 5, &length), -1);
    filter_set(&f, "");
    assert_int_equal(filter_find(&f, "abc", 0, &length), -1);
}

static void too_many_and_too_long(void **state)
{
    char text[400] = "";
    struct filter f;
    (void)state;
    for (int i = 0; i < 30; i++)
        str_append(text, sizeof text, strlen(text), "word%d ", i);
    filter_set(&f, text);
    assert_true(f.n <= FILTER_WORDS && strlen(f.text) < FILTER_TEXT);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    filter_set(&f, text);
    assert_int_equal(f.n, 1);
}

/* Row I contains "hit" when I is divisible by 7. */
static void read_row(void *ctx, int row, char *buf, size_t cap)
{
    ++*(int *)ctx;
    str_append(buf, cap, 0, row % 7 == 0 ? "a hit %d" : "nothing %d", row);
}

static void hits_are_walked_round(void **state)
{
    struct filter f;
    struct filter_hits h = {0};
    int read = 0;
    (void)state;
    filter_set(&f, "hit");
    assert_int_equal(filter_hits_next(&h, -1, 1), -1);
    filter_hits_update(&h, &f, 100, read_row, &read);
    filter_hits_update(&h, &f, 150, read_row, &read);
    assert_int_equal(read, 150); /* each row once */
    assert_int_equal(h.n, 22);
    for (int row = -1; row < 150; row++) {
        int next = -1, last = -1; /* by looking at every row */
        for (int i = 0; i < 150; i += 7) {
            if (i > row && next < 0)
                next = i;
            if (i < row || row < 0)
                last = i;
        }
        next = next < 0 ? 0 : next;
        last = last < 0 ? 147 : last;
        assert_int_equal(h.row[filter_hits_next(&h, row, 1)], next);
        assert_int_equal(h.row[filter_hits_next(&h, row, -1)], last);
        assert_int_equal(filter_hits_place(&h, row), row >= 0 && row % 7 == 0 ? row / 7 : -1);
    }
    filter_hits_forget(&h);
    assert_int_equal(h.n, 0);
    filter_hits_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_words_in_any_order), cmocka_unit_test(quotes_and_exclamation_marks),
        cmocka_unit_test(places_of_words),        cmocka_unit_test(too_many_and_too_long),
        cmocka_unit_test(hits_are_walked_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
