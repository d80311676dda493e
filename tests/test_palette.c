/* The palette by itself: ranking, completion, history, what Enter does, where it is drawn. The commands are the app's matter
 * (test_app). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../src/ui/line.h"
#include "../src/ui/palette.h"
#include "../src/ui/term.h"
#include "golden.h"

enum { ESC = 27, BACKSPACE = 127 };

static struct palette p;
static struct palette_list list;

static void add(const char *text, const char *takes, const char *help, const char *key)
{
    struct palette_item *i = palette_add(&list, text);
    str_append(i->takes, sizeof i->takes, 0, "%s", takes);
    str_append(i->help, sizeof i->help, 0, "%s", help);
    str_append(i->key, sizeof i->key, 0, "%s", key);
}

static int setup(void **state)
{
    (void)state;
    add("pause", "", "save, free the memory, and wait", "p");
    add("stop", "", "save and end the process", "X");
    add("stage", "", "which stage is shown", "s");
    add("set", "KEY=VALUE", "change a live setting", "");
    add("setup", "", "the screen Setup", "0");
    add("theme", "[dark|light]", "colours", "T");
    add("next-trial", "", "look at the next trial", "n");
    palette_open(&p, "");
    palette_rank(&p, &list);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    palette_release(&p);
    palette_list_release(&list);
    return 0;
}

static enum palette_act press(int key)
{
    enum palette_act act = palette_key(&p, &list, key);
    palette_rank(&p, &list);
    return act;
}

static enum palette_act type(const char *text)
{
    enum palette_act act = PALETTE_STAY;
    for (; *text; text++)
        act = press((unsigned char)*text);
    return act;
}

static const char *best(int place)
{
    return place < p.n_matches ? list.item[p.match[place]].text : "";
}

static void the_nearest_meaning_comes_first(void **state)
{
    static const struct {
        const char *typed, *first;
    } cases[] = {
        {"", "pause"},         {"st", "stop"},   {"SET", "set"},      {"setu", "setup"}, {"trial", "next-trial"},
        {"ntr", "next-trial"}, {"stg", "stage"}, {"memory", "pause"}, {"th", "theme"},   {"eme", "theme"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        palette_open(&p, cases[i].typed);
        palette_rank(&p, &list);
        assert_string_equal(best(0), cases[i].first);
    }
    palette_open(&p, "xyzzy");
    palette_rank(&p, &list);
    assert_int_equal(p.n_matches, 0);
}

/* Each kind of likeness counts more than the next. */
static void likeness_is_ordered(void **state)
{
    static const char *const typed[] = {"next-trial", "next", "trial", "rial", "look", "nxtl"};
    struct palette_item *i = palette_add(&list, "next-trial");
    int last = 1 << 20;
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(typed); k++) {
        int score = palette_score(i, typed[k], NULL);
        assert_true(score >= 0 && score < last);
        last = score;
    }
    assert_true(palette_score(i, "lairt", NULL) < 0);
    assert_true(palette_score(palette_add(&list, "set"), "set lambda=1", NULL) > 0);
    assert_true(palette_score(palette_add(&list, "stop"), "stop now", NULL) < 0); /* it takes nothing */
}

static void what_was_typed_is_marked(void **state)
{
    bool hit[PALETTE_TEXT];
    (void)state;
    palette_score(palette_add(&list, "next-trial"), "tr", hit);
    for (int i = 0; i < 10; i++)
        assert_int_equal(hit[i], i == 5 || i == 6);
    palette_score(palette_add(&list, "next-trial"), "nxl", hit);
    for (int i = 0; i < 10; i++)
        assert_int_equal(hit[i], i == 0 || i == 2 || i == 9);
    palette_score(palette_add(&list, "next-trial"), "nxq", hit);
    for (int i = 0; i < 10; i++)
        assert_false(hit[i]);
}

static void tab_completes_then_walks(void **state)
{
    (void)state;
    type("p\t");
    assert_string_equal(p.text, "pause"); /* the only one that begins so */
    press(21);
    type("t\t");
    assert_string_equal(p.text, "theme "); /* what may follow comes behind a blank */
    press(21);
    type("s\t"); /* stop, stage, set, setup: nothing more in common */
    assert_string_equal(p.text, best(0));
    char seen[8][32];
    int n = p.n_matches;
    for (int i = 0; i < n; i++) {
        str_append(seen[i], 32, 0, "%s", p.text);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(seen[k], seen[i]);
        press('\t');
    }
    assert_string_equal(p.text, seen[0]);
    press(TERM_BACK_TAB);
    assert_string_equal(p.text, seen[n - 1]);
    press(21);
    type("se\t");
    assert_string_equal(p.text, "set"); /* as far as set and setup agree */
}

static void typing_goes_on_from_what_tab_put_there(void **state)
{
    (void)state;
    type("s\t");
    assert_true(p.chosen == 0);
    press(BACKSPACE);
    assert_int_equal(p.chosen, -1);
    assert_string_equal(p.text, "sto");
}

static void enter_runs_what_is_meant(void **state)
{
    (void)state;
    assert_int_equal(type("pause\r"), PALETTE_RUN);
    assert_string_equal(p.text, "pause");
    press(21);
    assert_int_equal(type("pau\r"), PALETTE_RUN); /* nothing else begins so */
    assert_string_equal(p.text, "pause");
    press(21);
    assert_int_equal(type("set\r"), PALETTE_STAY); /* not "setup": the whole word counts */
    assert_string_equal(p.text, "set ");
    assert_non_null(strstr(p.refusal, "KEY=VALUE"));
    assert_int_equal(type("lambda=0.1\r"), PALETTE_RUN);
    assert_string_equal(p.text, "set lambda=0.1");
    press(21);
    assert_int_equal(type("theme\r"), PALETTE_RUN); /* what stands in [] may be left out */
    press(21);
    assert_int_equal(type("  \r"), PALETTE_LEAVE);
}

static void enter_does_not_guess(void **state)
{
    (void)state;
    assert_int_equal(type("st\r"), PALETTE_STAY);
    assert_non_null(strstr(p.refusal, "stop"));
    assert_non_null(strstr(p.refusal, "stage"));
    assert_string_equal(p.text, "st"); /* nothing is lost */
    press('a');
    assert_string_equal(p.refusal, "");
    press(21);
    assert_int_equal(type("ntrl\r"), PALETTE_STAY); /* shown first, */
    assert_string_equal(p.text, "next-trial");
    assert_int_equal(press('\r'), PALETTE_RUN); /* then run */
    press(21);
    assert_int_equal(type("xyzzy\r"), PALETTE_STAY);
    assert_non_null(strstr(p.refusal, "'xyzzy' is no command"));
    assert_string_equal(p.text, "xyzzy");
}

static void the_history_is_walked_by_what_was_typed(void **state)
{
    static const char *const lines[] = {"pause", "set lambda=1", "stop", "set lambda=2", "pause"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        palette_ran(&p, lines[i]);
    assert_int_equal(p.n_history, 4); /* each once */
    palette_open(&p, "");
    press(TERM_UP);
    assert_string_equal(p.text, "pause");
    press(TERM_UP);
    assert_string_equal(p.text, "set lambda=2");
    press(TERM_DOWN);
    press(TERM_DOWN);
    assert_string_equal(p.text, "");
    type("se");
    press(TERM_UP);
    press(TERM_UP);
    press(TERM_UP);
    assert_string_equal(p.text, "set lambda=1"); /* the oldest that begins so; it stays there */
    press(TERM_DOWN);
    press(TERM_DOWN);
    assert_string_equal(p.text, "se");
    for (int i = 0; i < 2 * PALETTE_HISTORY; i++) {
        char line[32];
        str_append(line, sizeof line, 0, "trial %d", i);
        palette_ran(&p, line);
    }
    assert_int_equal(p.n_history, PALETTE_HISTORY);
    assert_string_equal(p.history[PALETTE_HISTORY - 1], "trial 99");
}

static void escape_leaves_and_so_does_an_empty_line(void **state)
{
    (void)state;
    type("s");
    assert_int_equal(press(ESC), PALETTE_LEAVE);
    assert_int_equal(press(BACKSPACE), PALETTE_STAY);
    assert_int_equal(press(BACKSPACE), PALETTE_LEAVE);
}

static void a_line_has_room_for_so_much(void **state)
{
    char text[8] = "";
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_true(line_key(text, sizeof text, 0xE9));
    assert_string_equal(text, "\xC3\xA9\xC3\xA9\xC3\xA9");
    line_key(text, sizeof text, 0xD55C); /* three bytes: no room */
    line_key(text, sizeof text, BACKSPACE);
    assert_string_equal(text, "\xC3\xA9\xC3\xA9");
    assert_false(line_key(text, sizeof text, TERM_UP));
    char words[32] = "set lambda=1 ";
    line_key(words, sizeof words, 23);
    assert_string_equal(words, "set ");
    line_key(words, sizeof words, 23);
    line_key(words, sizeof words, 23);
    assert_string_equal(words, "");
}

static const struct look looks[] = {{.depth = DEPTH_TRUE, .glyphs = GLYPHS_BRAILLE},
                                    {.depth = DEPTH_MONO, .glyphs = GLYPHS_ASCII}};

static void it_stays_in_its_room(void **state)
{
    struct style s = {COLOR_DEFAULT, COLOR_DEFAULT, 0};
    (void)state;
    type("s\t");
    str_append(p.refusal, sizeof p.refusal, 0, "%0250d", 1);
    for (int w = 1; w < 130; w += 7)
        for (int h = 1; h < 30; h++) {
            struct look look = looks[h % 2];
            struct canvas c;
            look.theme = theme_dark;
            canvas_init(&c, w + 2, h + 2);
            canvas_fill(&c, (struct rect){0, 0, w + 2, h + 2}, '~', s);
            palette_draw(&c, (struct rect){1, 1, w, h}, &look, &p, &list);
            for (int y = 0; y < h + 2; y++)
                for (int x = 0; x < w + 2; x++)
                    if (x < 1 || y < 1 || x > w || y > h)
                        assert_int_equal(c.cells[y * c.w + x].rune, '~');
            canvas_release(&c);
        }
}

static void it_looks_as_it_was_approved(void **state)
{
    struct rect room = {0, 0, 80, 22};
    struct look look = looks[0];
    struct canvas c;
    (void)state;
    look.theme = theme_dark;
    type("s\t\t");
    canvas_init(&c, 80, 22);
    palette_draw(&c, room, &look, &p, &list);
    char *text = canvas_to_text(&c);
    golden_check("palette-80x22", text);
    free(text);
    canvas_release(&c);
    /* a click on the second match takes it */
    struct rect area = palette_area(room);
    assert_int_equal(palette_at(&p, room, area.x + 3, area.y), -1);
    assert_int_equal(palette_at(&p, room, area.x + 3, area.y + 2), 1);
    assert_int_equal(palette_at(&p, room, area.x + 3, area.y + 1 + p.n_matches), -1);
    palette_take(&p, &list, 0);
    assert_string_equal(p.text, best(0));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_nearest_meaning_comes_first),
        T(likeness_is_ordered),
        T(what_was_typed_is_marked),
        T(tab_completes_then_walks),
        T(typing_goes_on_from_what_tab_put_there),
        T(enter_runs_what_is_meant),
        T(enter_does_not_guess),
        T(the_history_is_walked_by_what_was_typed),
        T(escape_leaves_and_so_does_an_empty_line),
        T(a_line_has_room_for_so_much),
        T(it_stays_in_its_room),
        T(it_looks_as_it_was_approved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
