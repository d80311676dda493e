/* theme: the files that come with the program are the built-in themes; a file wrong in any way is named with its line
 * and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/theme.h"
#include "scratch.h"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = scratch_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static bool read_text(const char *text, size_t n, struct theme *t, struct err *err)
{
    const char *path = scratch_path(dir, "my.theme");
    scratch_write(path, text, n);
    *err = (struct err){0};
    return theme_read(path, t, err);
}

static struct theme taken(const char *text)
{
    struct theme t;
    struct err err;
    if (!read_text(text, strlen(text), &t, &err))
        fail_msg("%s", err.msg);
    return t;
}

static void same_style(struct style a, int32_t fg, int32_t bg, int attr)
{
    assert_int_equal(a.fg, fg);
    assert_int_equal(a.bg, bg);
    assert_int_equal(a.attr, attr);
}

static void files_are_the_built_in_themes(void **state)
{
    (void)state;
    const struct theme *built_in[] = {&theme_dark, &theme_light};
    for (int i = 0; i < 2; i++) {
        struct theme t;
        struct err err = {0};
        char path[64];
        snprintf(path, sizeof(path), "assets/themes/%s.theme", built_in[i]->name);
        if (!theme_read(path, &t, &err))
            fail_msg("%s", err.msg);
        assert_string_equal(t.name, built_in[i]->name);
        assert_int_equal(t.light, built_in[i]->light);
        for (int r = 0; r < ROLE_COUNT; r++)
            same_style(t.role[r], built_in[i]->role[r].fg, built_in[i]->role[r].bg, built_in[i]->role[r].attr);
    }
}

static void every_form_of_a_line(void **state)
{
    (void)state;
    struct theme t = taken("# comment\n"
                           "   ; comment\n"
                           "\n"
                           "text=#102030\r\n"
                           "  muted =\tdefault on #aAbBcC bold underline\n"
                           "title = bold\n"
                           "frame = on default dim #000000 reverse\n"
                           "curve6 = #FFFFFF");
    assert_string_equal(t.name, "my");
    assert_false(t.light);
    same_style(t.role[ROLE_TEXT], 0x102030, COLOR_DEFAULT, 0);
    same_style(t.role[ROLE_MUTED], COLOR_DEFAULT, 0xAABBCC, ATTR_BOLD | ATTR_UNDERLINE);
    same_style(t.role[ROLE_TITLE], COLOR_DEFAULT, COLOR_DEFAULT, ATTR_BOLD);
    same_style(t.role[ROLE_FRAME], 0, COLOR_DEFAULT, ATTR_DIM | ATTR_REVERSE);
    same_style(t.role[ROLE_CURVE6], 0xFFFFFF, COLOR_DEFAULT, 0);
    same_style(t.role[ROLE_BAD], theme_dark.role[ROLE_BAD].fg, COLOR_DEFAULT, theme_dark.role[ROLE_BAD].attr);

    t = taken("bad = #FF0000\nbackground = light\n");
    assert_true(t.light);
    same_style(t.role[ROLE_BAD], 0xFF0000, COLOR_DEFAULT, 0);
    same_style(t.role[ROLE_CURVE1], theme_light.role[ROLE_CURVE1].fg, COLOR_DEFAULT, 0);
}

static void wrong_files_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *about;
    } cases[] = {
        {"\ntext\n", 2, "'text'"},
        {"text = #12345\n", 1, "'#12345'"},
        {"text = #12345G\n", 1, "'#12345G'"},
        {"text = #1234567\n", 1, "'#1234567'"},
        {"text = red\n", 1, "'red'"},
        {"text =\n", 1, "'text'"},
        {"text = #111111 #222222\n", 1, "'#222222'"},
        {"text = on\n", 1, "'on'"},
        {"text = on blue\n", 1, "'blue'"},
        {"text = on #111111 on #222222\n", 1, "'on'"},
        {"text = bold\n# x\nnobody = bold\n", 3, "'nobody'"},
        {"text = bold\nmuted = dim\ntext = dim\n", 3, "line 1"},
        {"text = blinking\n", 1, "'blinking'"},
        {"background = grey\n", 1, "'grey'"},
        {"background = dark\nbackground = dark\n", 2, "'dark'"},
        {"= bold\n", 1, "''"},
        {"[theme]\n", 1, "'[theme]'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct theme t, before;
        memset(&t, 0x5A, sizeof(t));
        before = t;
        struct err err;
        char where[300];
        if (read_text(cases[i].text, strlen(cases[i].text), &t, &err))
            fail_msg("taken: %s", cases[i].text);
        assert_int_equal(err.code, ERR_CONFIG);
        snprintf(where, sizeof(where), "my.theme:%d: ", cases[i].line);
        if (!strstr(err.msg, where) || !strstr(err.msg, cases[i].about))
            fail_msg("no '%s' or no '%s' in: %s", where, cases[i].about, err.msg);
        assert_memory_equal(&t, &before, sizeof(t));
    }
}

static void endless_lines_and_bytes_that_are_no_text(void **state)
{
    (void)state;
    struct theme t;
    struct err err;
    static char longer[3000];
    static const char with_zero[] = "text = bold\n\0muted = dim\n", with_escape[] = "\033]0;title\007 = bold\n";
    memset(longer, 'x', sizeof(longer));
    assert_false(read_text(longer, sizeof(longer), &t, &err));
    assert_non_null(strstr(err.msg, "my.theme:1: "));
    assert_false(read_text(with_zero, sizeof(with_zero) - 1, &t, &err));
    assert_non_null(strstr(err.msg, "my.theme:2: "));
    assert_false(read_text(with_escape, sizeof(with_escape) - 1, &t, &err));
    assert_null(strchr(err.msg, '\033'));
    struct rng r;
    rng_seed(&r, 5, 1);
    for (int i = 0; i < 300; i++) {
        char junk[200];
        for (size_t k = 0; k < sizeof(junk); k++)
            junk[k] = (char)rng_below(&r, 256);
        junk[0] = 'x'; /* no comment */
        assert_false(read_text(junk, sizeof(junk), &t, &err));
    }
}

static void files_that_are_not_there(void **state)
{
    (void)state;
    struct theme t;
    struct err err = {0};
    assert_false(theme_read(scratch_path(dir, "none.theme"), &t, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "none.theme"));
    assert_false(theme_read(dir, &t, &err)); /* a folder */
    assert_int_equal(err.code, ERR_IO);
}

static void levels_suit_the_terminal(void **state)
{
    (void)state;
    for (enum color_depth d = DEPTH_TRUE; d <= DEPTH_MONO; d++)
        for (enum glyph_set g = GLYPHS_BRAILLE; g <= GLYPHS_ASCII; g++) {
            struct look l = {.theme = theme_dark, .depth = d, .glyphs = g};
            assert_in_range(look_levels(&l), 2, 64);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_the_built_in_themes),
        cmocka_unit_test(every_form_of_a_line),
        cmocka_unit_test(wrong_files_are_named_with_their_line),
        cmocka_unit_test(endless_lines_and_bytes_that_are_no_text),
        cmocka_unit_test(files_that_are_not_there),
        cmocka_unit_test(levels_suit_the_terminal),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
