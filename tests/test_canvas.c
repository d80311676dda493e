/* canvas: widths against the C library, text at every edge, frames, rectangles; never half of a wide character. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "../src/ui/canvas.h"

#define PLAIN ((struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0})

int wcwidth(wchar_t);

static void expect(const struct canvas *c, const char *text)
{
    char *got = canvas_to_text(c);
    assert_string_equal(got, text);
    free(got);
}

/* Every 0 follows a wide character, and every wide character is followed by a 0. */
static void expect_whole(const struct canvas *c)
{
    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) {
            uint32_t here = c->cells[y * c->w + x].rune, next = x + 1 < c->w ? c->cells[y * c->w + x + 1].rune : 'x';
            assert_int_equal(here != 0 && rune_width(here) == 2, here != 0 && next == 0);
            assert_true(x > 0 || here != 0);
        }
}

/* ---- widths ---- */

static void widths_of_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int width;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"한국어", 6},
        {"学習 λ", 6},
        {"e\xCC\x81t\xC3\xA9", 3},                   /* e with a combining accent, and a whole one */
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 2}, /* a syllable in three letters */
        {"👍", 2},
        {"a\xE2\x80\x8B\xE2\x80\x8F"
         "b",
         2}, /* zero width space, right-to-left mark */
        {"⣿▀─", 3},
        {"\x01\x7F\n", 3},
        {"\xFF\xFE", 2},         /* no UTF-8 */
        {"\xC0\xAF", 2},         /* longer than needed */
        {"\xED\xA0\x80", 3},     /* half of a surrogate pair */
        {"\xF4\x90\x80\x80", 4}, /* beyond Unicode */
        {"\xE2\x82", 2},         /* cut off */
        {"\xE2\x82x", 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (text_width(cases[i].text) != cases[i].width)
            fail_msg("case %zu: %d columns, not %d", i, text_width(cases[i].text), cases[i].width);
}

static void widths_are_the_c_librarys(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    for (uint32_t r = 0x20; r < 0x110000; r++) {
        int theirs = wcwidth((wchar_t)r);
        /* Unknown to one of us; and what has changed from one Unicode to another. */
        if (theirs < 0 || (r >= 0x4DC0 && r <= 0x4DFF) || (r >= 0x3248 && r <= 0x324F))
            continue;
        if (rune_width(r) != theirs)
            fail_msg("U+%04X: %d columns, the C library says %d", r, rune_width(r), theirs);
    }
    setlocale(LC_CTYPE, "C");
    assert_int_equal(rune_width(0xAC00), 2);
}

static void decoding_takes_whole_characters(void **state)
{
    (void)state;
    uint32_t r;
    assert_int_equal(rune_decode("", &r), 0);
    assert_int_equal(rune_decode("가", &r), 3);
    assert_int_equal(r, 0xAC00);
    assert_int_equal(rune_decode("\xF0\x9F\x91\x8D", &r), 4);
    assert_int_equal(r, 0x1F44D);
    assert_int_equal(rune_decode("\xEA\xB0", &r), 1);
    assert_int_equal(r, '?');
    /* All of Unicode, there by the C library and back by us. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    for (uint32_t want = 1; want < 0x110000; want++) {
        if (want >= 0xD800 && want < 0xE000)
            continue;
        char bytes[16] = {0};
        mbstate_t s = {0};
        size_t n = wcrtomb(bytes, (wchar_t)want, &s);
        assert_int_equal(rune_decode(bytes, &r), n);
        assert_int_equal(r, want);
    }
    setlocale(LC_CTYPE, "C");
}

/* ---- text ---- */

static void text_is_clipped_at_both_edges(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 8, 1);
    struct rect clip = {2, 0, 4, 1};
    struct style style = {0x112233, 0x445566, ATTR_BOLD};
    /* starts outside: 가 lies on columns 1 and 2, 다 on 5 and 6 */
    int end = canvas_text(&c, clip, 1, 0, style, "가나다");
    expect(&c, "   나\n");
    expect_whole(&c);
    assert_int_equal(end, 6);
    /* the halves inside are blanks of the text's colours, the rest is untouched */
    assert_int_equal(c.cells[2].style.bg, 0x445566);
    assert_int_equal(c.cells[5].style.bg, 0x445566);
    assert_int_equal(c.cells[1].style.bg, COLOR_DEFAULT);
    assert_int_equal(c.cells[6].style.bg, COLOR_DEFAULT);

    canvas_clear(&c, PLAIN);
    assert_int_equal(canvas_text(&c, clip, 3, 0, PLAIN, "ab"), 5);
    assert_int_equal(canvas_text(&c, clip, -100, 0, PLAIN, "far"), -97);
    assert_int_equal(canvas_text(&c, clip, 100, 0, PLAIN, "far"), 6);
    assert_int_equal(canvas_text(&c, clip, 3, 1, PLAIN, "below"), 3);
    expect(&c, "   ab\n");
    canvas_release(&c);
}

static void the_canvas_ends_where_it_ends(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 5, 2);
    struct rect wide = {-10, -10, 100, 100};
    canvas_text(&c, wide, 3, 0, PLAIN, "abcdef");
    canvas_text(&c, wide, 4, 1, PLAIN, "한");
    canvas_text(&c, wide, -1, 1, PLAIN, "한x");
    expect(&c, "   ab\n x\n");
    expect_whole(&c);
    canvas_put(&c, 4, 0, 0xD55C, PLAIN); /* no room for its other half */
    canvas_put(&c, -1, 0, 'x', PLAIN);
    canvas_put(&c, 0, 2, 'x', PLAIN);
    canvas_put(&c, 5, 0, 'x', PLAIN);
    expect(&c, "   a\n x\n");
    canvas_release(&c);

    struct canvas none;
    canvas_init(&none, -3, 4);
    canvas_put(&none, 0, 0, 'x', PLAIN);
    canvas_fill(&none, wide, 'x', PLAIN);
    canvas_frame(&none, wide, "t", PLAIN, PLAIN, false);
    expect(&none, "\n\n\n\n");
    canvas_release(&none);
}

static void what_covers_half_removes_the_other(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 6, 1);
    struct rect all = {0, 0, 6, 1};
    canvas_text(&c, all, 0, 0, PLAIN, "가나다");
    canvas_put(&c, 1, 0, 'x', PLAIN);
    expect(&c, " x나다\n");
    canvas_put(&c, 4, 0, 'y', PLAIN);
    expect(&c, " x나y\n");
    canvas_put(&c, 1, 0, 0xAC00, PLAIN);
    expect(&c, " 가 y\n");
    expect_whole(&c);
    /* any order of characters narrow and wide */
    struct rng r;
    rng_seed(&r, 7, 1);
    for (int i = 0; i < 2000; i++) {
        canvas_put(&c, (int)rng_below(&r, 6), 0, rng_below(&r, 2) ? 'a' : 0xAC00 + rng_below(&r, 100), PLAIN);
        expect_whole(&c);
    }
    canvas_fill(&c, (struct rect){1, 0, 5, 1}, 0xAC00, PLAIN);
    expect_whole(&c);
    canvas_release(&c);
}

static void control_characters_and_marks(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 20, 1);
    struct rect all = {0, 0, 20, 1};
    canvas_text(&c, all, 0, 0, PLAIN, "a\033[31mb\xC2\x9B\x7F\xE2\x80\xAE");
    expect(&c, "a?[31mb??\n");
    canvas_clear(&c, PLAIN);
    canvas_text(&c, all, 0, 0, PLAIN,
                "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"
                "e\xCC\x81");
    expect(&c, "한e\n");
    canvas_release(&c);
}

static void printf_and_right_alignment(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 10, 2);
    struct rect all = {0, 0, 10, 2};
    assert_int_equal(canvas_printf(&c, all, 1, 0, PLAIN, "%d %s", 42, "é"), 5);
    canvas_text_right(&c, all, 10, 1, PLAIN, "한국");
    expect(&c, " 42 é\n      한국\n");
    char longer[2000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    assert_int_equal(canvas_printf(&c, all, 0, 0, PLAIN, "%s", longer), 10);
    expect(&c, "xxxxxxxxxx\n      한국\n");
    canvas_release(&c);
}

/* ---- frames ---- */

static void frames(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 12, 4);
    struct rect in = canvas_frame(&c, (struct rect){1, 0, 10, 3}, "Loss", PLAIN, PLAIN, false);
    expect(&c, " ╭─ Loss ─╮\n │        │\n ╰────────╯\n\n");
    assert_memory_equal(&in, &((struct rect){2, 1, 8, 1}), sizeof(in));
    canvas_clear(&c, PLAIN);
    canvas_frame(&c, (struct rect){0, 0, 9, 4}, "far too long", PLAIN, PLAIN, true);
    expect(&c, "+- far -+\n|       |\n|       |\n+-------+\n");
    canvas_clear(&c, PLAIN);
    in = canvas_frame(&c, (struct rect){0, 0, 6, 2}, "no room", PLAIN, PLAIN, true);
    expect(&c, "+----+\n+----+\n\n\n");
    assert_int_equal(in.h, 0);
    in = canvas_frame(&c, (struct rect){0, 0, 1, 4}, "x", PLAIN, PLAIN, true);
    assert_true(in.w == 0 && in.h == 0);
    expect(&c, "+----+\n+----+\n\n\n");
    canvas_release(&c);
}

/* ---- rectangles ---- */

static void same_rect(struct rect r, int x, int y, int w, int h)
{
    if (r.x != x || r.y != y || r.w != w || r.h != h)
        fail_msg("{%d, %d, %d, %d}, not {%d, %d, %d, %d}", r.x, r.y, r.w, r.h, x, y, w, h);
}

static void rectangles(void **state)
{
    (void)state;
    struct rect r = {2, 3, 20, 10};
    same_rect(rect_top(&r, 2), 2, 3, 20, 2);
    same_rect(r, 2, 5, 20, 8);
    same_rect(rect_bottom(&r, 3), 2, 10, 20, 3);
    same_rect(r, 2, 5, 20, 5);
    same_rect(rect_left(&r, 4), 2, 5, 4, 5);
    same_rect(r, 6, 5, 16, 5);
    same_rect(rect_right(&r, 6), 16, 5, 6, 5);
    same_rect(r, 6, 5, 10, 5);
    same_rect(rect_top(&r, -2), 6, 5, 10, 0);
    same_rect(rect_top(&r, 99), 6, 5, 10, 5);
    same_rect(r, 6, 10, 10, 0);
    same_rect(rect_top(&r, 1), 6, 10, 10, 0);
    same_rect(rect_inset((struct rect){0, 0, 10, 5}, 1, 2), 1, 2, 8, 1);
    same_rect(rect_inset((struct rect){0, 0, 3, 5}, 2, 1), 2, 1, 0, 3);
    same_rect(rect_and((struct rect){0, 0, 5, 5}, (struct rect){3, -2, 9, 4}), 3, 0, 2, 2);
    assert_int_equal(rect_and((struct rect){0, 0, 5, 5}, (struct rect){5, 0, 5, 5}).w, 0);
    assert_true(rect_has((struct rect){1, 1, 2, 2}, 2, 2));
    assert_false(rect_has((struct rect){1, 1, 2, 2}, 3, 2));
    assert_false(rect_has((struct rect){1, 1, 0, 2}, 1, 1));
}

/* Nothing is lost or given twice, whatever is split off. */
static void splitting_keeps_the_area(void **state)
{
    (void)state;
    struct rng g;
    rng_seed(&g, 3, 1);
    for (int i = 0; i < 500; i++) {
        struct rect rest = {0, 0, (int)rng_below(&g, 30), (int)rng_below(&g, 30)};
        int covered[30][30] = {{0}}, w = rest.w, h = rest.h;
        for (int k = 0; k < 5; k++) {
            struct rect (*split[])(struct rect *, int) = {rect_top, rect_bottom, rect_left, rect_right};
            struct rect r = split[rng_below(&g, 4)](&rest, (int)rng_below(&g, 12) - 1);
            if (k == 4)
                r = rest;
            for (int y = r.y; y < r.y + r.h; y++)
                for (int x = r.x; x < r.x + r.w; x++)
                    covered[y][x]++;
            if (k == 4)
                break;
        }
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                assert_true(covered[y][x] <= 1);
    }
}

/* ---- dumps ---- */

static void dumps(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 6, 2);
    struct rect all = {0, 0, 6, 2};
    int x = canvas_text(&c, all, 0, 0, (struct style){0xFF8000, COLOR_DEFAULT, ATTR_BOLD}, "가");
    canvas_text(&c, all, x, 0, (struct style){COLOR_DEFAULT, 0x000001, ATTR_REVERSE | ATTR_UNDERLINE | ATTR_DIM}, "b ");
    char *text = canvas_to_ansi(&c);
    assert_string_equal(text, "\033[0;1;38;2;255;128;0m가\033[0;2;4;7;48;2;0;0;1mb \033[0m\n\n");
    free(text);
    expect(&c, "가b\n\n");
    canvas_resize(&c, 3, 1);
    expect(&c, "\n");
    canvas_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_of_texts),
        cmocka_unit_test(widths_are_the_c_librarys),
        cmocka_unit_test(decoding_takes_whole_characters),
        cmocka_unit_test(text_is_clipped_at_both_edges),
        cmocka_unit_test(the_canvas_ends_where_it_ends),
        cmocka_unit_test(what_covers_half_removes_the_other),
        cmocka_unit_test(control_characters_and_marks),
        cmocka_unit_test(printf_and_right_alignment),
        cmocka_unit_test(frames),
        cmocka_unit_test(rectangles),
        cmocka_unit_test(splitting_keeps_the_area),
        cmocka_unit_test(dumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
