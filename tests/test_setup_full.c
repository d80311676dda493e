/* The Setup screen's form in full: groups, finding, marks, undo, what is said of each setting and of what is being typed. */
#include "setup_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};

/* ---- groups ---- */

static void all_settings_stand_in_groups_of_the_table(void **state)
{
    const char *names[FORM_GROUPS_MAX];
    struct form_row rows[FORM_ROWS_MAX];
    bool open[FORM_GROUPS_MAX];
    int n = form_groups(names), sum = 0, seen[FORM_ROWS_MAX] = {0};
    (void)state;
    for (int g = 0; g < n; g++)
        open[g] = true, sum += form_group_size(g);
    assert_int_equal(sum, param_count);
    int k = form_rows(open, "", rows);
    assert_int_equal(k, n + param_count);
    for (int i = 0; i < k; i++)
        if (rows[i].kind == ROW_FIELD) {
            seen[rows[i].def]++;
            assert_string_equal(param_table[rows[i].def].group, names[rows[i].group]);
        }
    for (int i = 0; i < param_count; i++)
        assert_int_equal(seen[i], 1);
    memset(open, 0, sizeof open);
    assert_int_equal(form_rows(open, "", rows), n);
}

static void groups_open_as_there_is_room(void **state)
{
    const char *names[FORM_GROUPS_MAX];
    struct form_row rows[FORM_ROWS_MAX];
    bool open[FORM_GROUPS_MAX];
    int n = form_groups(names), before = 0;
    (void)state;
    for (int h = 1; h < 100; h++) {
        form_open_by_room(h, open);
        int k = form_rows(open, "", rows);
        assert_true(k <= h || k == n + 3); /* the three of the nets stand open in any case */
        assert_true(k >= before);
        before = k;
    }
    assert_int_equal(before, n + param_count);
}

static void keys_open_and_shut(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    struct setup *s = state_of(&b);
    press(&b, CMD_NEXT_FIELD);
    press(&b, CMD_HOME);
    int n = s->n_rows;
    press(&b, CMD_RIGHT);
    assert_int_equal(s->n_rows, n + form_group_size(0));
    press(&b, CMD_LEFT);
    assert_int_equal(s->n_rows, n);
    press(&b, CMD_ENTER);
    press(&b, CMD_ENTER);
    assert_int_equal(s->n_rows, n);
    press(&b, CMD_FOLD); /* one was shut: all open */
    assert_true(s->n_rows > param_count);
    press(&b, CMD_END);
    press(&b, CMD_FOLD);
    assert_true(s->n_rows < FORM_GROUPS_MAX);
    assert_int_equal(s->row, s->n_rows - 1); /* on the heading of what it was on */
    finish(&b);
}

/* ---- finding ---- */

static void letters_find_names_and_meanings(void **state)
{
    struct bench b;
    char note[256];
    (void)state;
    begin(&b);
    struct setup *s = state_of(&b);
    press(&b, CMD_FILTER);
    assert_int_equal(b.out.kind, ASK_TYPE);
    assert_true(view_setup.check(s, &b.ui.context, "RATE learning", note, sizeof note));
    for (int i = 0; i < s->n_rows; i++)
        if (s->rows[i].kind == ROW_FIELD)
            assert_non_null(strstr(param_table[s->rows[i].def].help, "learning rate"));
    assert_true(s->n_rows >= 5); /* three rates, the schedule, a heading */
    assert_true(view_setup.check(s, &b.ui.context, "lambda1", note, sizeof note));
    char all[64];
    snprintf(all, sizeof all, "1 of %d settings; later Esc shows all", param_count);
    assert_string_equal(note, all);
    struct err err;
    assert_true(type(&b, "lambda1", &err));
    assert_string_equal(param_table[setup_field(s)].name, "lambda1"); /* the cursor is there at once */
    assert_true(screen_has(&b, 80, 22, "with \"lambda1\""));
    press(&b, CMD_RIGHT);
    assert_string_equal(value(&b, "lambda1"), "2");
    press(&b, CMD_CANCEL); /* all settings again, and the cursor stays */
    assert_int_equal(s->pane, PANE_FORM);
    press(&b, CMD_FILTER);
    assert_false(view_setup.check(s, &b.ui.context, "zebra", note, sizeof note));
    assert_true(type(&b, "zebra", &err));
    assert_int_equal(s->n_rows, 0);
    assert_true(screen_has(&b, 160, 43, "Esc shows all"));
    for (int c = CMD_UP; c <= CMD_FOLD; c++) { /* no row to do it to */
        state_of(&b)->pane = PANE_FORM;
        press(&b, (enum command)c);
    }
    finish(&b);
}

/* ---- what is said of a setting ---- */

/* Letters of a rectangle, blanks left out. */
static void letters(const struct canvas *c, struct rect r, char *buf, size_t cap)
{
    size_t n = 0;
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            if (c->cells[y * c->w + x].rune > ' ' && c->cells[y * c->w + x].rune < 127 && n + 1 < cap)
                buf[n++] = (char)c->cells[y * c->w + x].rune;
    buf[n] = 0;
}

static void squeeze(const char *text, char *buf)
{
    for (; *text; text++)
        if (*text != ' ')
            *buf++ = *text;
    *buf = 0;
}

static void meaning_range_and_default_are_always_there(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    struct setup *s = state_of(&b);
    press(&b, CMD_NEXT_FIELD);
    for (int g = 0; g < FORM_GROUPS_MAX; g++)
        s->fold[g] = FOLD_OPEN;
    setup_rows(s);
    for (s->row = 0; s->row < s->n_rows; s->row++)
        for (size_t i = 0; i < ARRAY_LEN(sizes) && setup_field(s) >= 0; i++) {
            char seen[512], want[512], facts[256];
            struct canvas c;
            int def = setup_field(s);
            canvas_init(&c, sizes[i][0], sizes[i][1]);
            view_setup.draw(s, &b.ui.context, &c, (struct rect){0, 0, c.w, c.h});
            letters(&c, s->layout.help, seen, sizeof seen);
            squeeze(param_table[def].help, want);
            if (strcmp(seen, want) != 0)
                fail_msg("the help of %s does not fit: '%s'", param_table[def].name, seen);
            struct rect edge = {s->layout.form.x, s->layout.form.y + s->layout.form.h - 1, s->layout.form.w, 1};
            letters(&c, edge, seen, sizeof seen);
            form_facts(now(&b), def, facts, sizeof facts);
            squeeze(facts, want);
            assert_string_equal(seen, want);
            assert_non_null(strstr(facts, param_table[def].initial));
            canvas_release(&c);
        }
    finish(&b);
}

static void what_is_not_by_default_is_marked_and_put_back(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, "teacher"); /* the study's own, and not the table's */
    assert_true(screen_has(&b, 160, 43, "·student"));
    assert_true(screen_has(&b, 80, 22, ">·teacher"));
    press(&b, CMD_DEFAULT_FIELD);
    assert_string_equal(value(&b, "teacher"), "res26");
    assert_true(screen_has(&b, 80, 22, ">*teacher"));
    go_to(&b, "lambda");
    press(&b, CMD_DEFAULT_FIELD); /* a range is none by default */
    assert_string_equal(value(&b, "lambda"), "0.1");
    press(&b, CMD_TUNE_UNDO);
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    press(&b, CMD_HOME); /* a whole group at once, and back at once */
    const char *names[FORM_GROUPS_MAX];
    form_groups(names);
    for (struct setup *s = state_of(&b);
         s->rows[s->row].kind != ROW_GROUP || strcmp(names[s->rows[s->row].group], "optimisation") != 0;)
        press(&b, CMD_DOWN);
    press(&b, CMD_DEFAULT_FIELD);
    assert_string_equal(value(&b, "batch"), "128");
    assert_string_equal(value(&b, "finetune_steps"), "64000");
    assert_string_equal(value(&b, "student"), "res8");
    press(&b, CMD_TUNE_UNDO);
    assert_string_equal(value(&b, "batch"), "50");
    assert_string_equal(value(&b, "finetune_steps"), "200");
    finish(&b);
}

static void changes_are_undone_one_by_one(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    press(&b, CMD_TUNE_UNDO);
    assert_int_equal(b.out.kind, ASK_STATUS);
    struct params first = *now(&b);
    go_to(&b, "momentum");
    press(&b, CMD_RIGHT);
    assert_true(type(&b, "0.5", &err));
    assert_false(type(&b, "5", &err)); /* refused: nothing to undo */
    go_to(&b, "lambda");
    press(&b, CMD_RANGE);
    press(&b, CMD_TUNE_UNDO);
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    press(&b, CMD_TUNE_UNDO);
    assert_string_equal(value(&b, "momentum"), "0.95");
    press(&b, CMD_TUNE_UNDO);
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    assert_memory_equal(now(&b), &first, sizeof first);
    for (int i = 0; i < 3 * SETUP_UNDO; i++) /* more than is kept */
        go_to(&b, "seed"), press(&b, CMD_RIGHT);
    for (int i = 0; i < SETUP_UNDO; i++)
        press(&b, CMD_TUNE_UNDO);
    assert_int_equal(now(&b)->seed, 1 + 2 * SETUP_UNDO);
    finish(&b);
}

static void a_range_changes_its_scale(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    go_to(&b, "lambda");
    press(&b, CMD_SCALE);
    assert_string_equal(value(&b, "lambda"), "linear 0.01 1 3");
    press(&b, CMD_SCALE);
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    assert_true(type(&b, "linear 0 1 3", &err));
    press(&b, CMD_SCALE);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_string_equal(value(&b, "lambda"), "linear 0 1 3");
    go_to(&b, "batch");
    press(&b, CMD_SCALE);
    assert_non_null(strstr(b.out.text, "s gives it a range"));
    finish(&b);
}

/* ---- before Enter ---- */

static void every_letter_is_judged_as_enter_would(void **state)
{
    static const char *const texts[] = {"",    "0",         "1",       "many", "1e99", "-1",
                                        "0.5", "log 0.1 1", "log 0 1", "none", "50"};
    struct bench b;
    (void)state;
    begin(&b);
    for (int def = 0; def < param_count; def++) {
        go_to(&b, param_table[def].name);
        press(&b, CMD_TUNE_TYPE);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            char note[256];
            struct err err;
            struct params before = *now(&b);
            bool ok = view_setup.check(state_of(&b), &b.ui.context, texts[i], note, sizeof note);
            assert_memory_equal(now(&b), &before, sizeof before); /* a look, and no change */
            assert_true(note[0] != 0);
            assert_int_equal(type(&b, texts[i], &err), ok);
            if (!ok)
                assert_string_equal(note, err.msg);
            *now(&b) = before;
        }
    }
    char note[256];
    go_to(&b, "lambda1");
    press(&b, CMD_TUNE_TYPE);
    assert_false(view_setup.check(state_of(&b), &b.ui.context, "-", note, sizeof note));
    assert_string_equal(note, "lambda1: '-' is not a number (allowed: 0 to 1e+06)");
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_settings_stand_in_groups_of_the_table),
        cmocka_unit_test(groups_open_as_there_is_room),
        cmocka_unit_test(keys_open_and_shut),
        cmocka_unit_test(letters_find_names_and_meanings),
        cmocka_unit_test(meaning_range_and_default_are_always_there),
        cmocka_unit_test(what_is_not_by_default_is_marked_and_put_back),
        cmocka_unit_test(changes_are_undone_one_by_one),
        cmocka_unit_test(a_range_changes_its_scale),
        cmocka_unit_test(every_letter_is_judged_as_enter_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
