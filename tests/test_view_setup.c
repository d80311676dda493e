/* The Setup screen over a host made by hand: what is seen at four sizes, that every setting is reached and every choice gone
 * through, that nothing wrong is taken, and what a start hands on. */
#include "ui_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "setup_bench.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};

/* ---- layout ---- */

static bool inside(struct rect in, struct rect out)
{
    struct rect both = rect_and(in, out);
    return in.w <= 0 || in.h <= 0 || (both.w == in.w && both.h == in.h);
}

static void no_part_overlaps_another(void **state)
{
    (void)state;
    for (int w = 40; w <= 240; w++)
        for (int h = 8; h <= 80; h++) {
            struct rect r = {3, 2, w, h};
            struct setup_layout l = setup_layout(r);
            const struct rect outer[] = {l.hint, l.studies, l.form, l.card},
                              inner[] = {l.list, l.about, l.fields, l.help, l.facts};
            const struct rect frame[] = {l.studies, l.studies, l.form, l.form, l.card};
            int sum = 0;
            for (int i = 0; i < 4; i++) {
                sum += outer[i].w * outer[i].h;
                assert_true(inside(outer[i], r));
                for (int j = 0; j < i; j++)
                    assert_int_equal(rect_and(outer[i], outer[j]).w * rect_and(outer[i], outer[j]).h, 0);
            }
            assert_int_equal(sum, w * h); /* and nothing lies idle */
            for (int i = 0; i < 5; i++) {
                assert_true(inside(inner[i], rect_inset(frame[i], 1, 1)));
                for (int j = 0; j < i; j++)
                    assert_int_equal(rect_and(inner[i], inner[j]).w * rect_and(inner[i], inner[j]).h, 0);
            }
        }
}

static void wide_screens_have_three_panes_side_by_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct setup_layout l = setup_layout((struct rect){0, 0, sizes[i][0], sizes[i][1]});
        const struct rect all[] = {l.hint, l.list, l.about, l.fields, l.help, l.facts};
        for (size_t j = 0; j < ARRAY_LEN(all); j++)
            assert_true(all[j].w > 0 && all[j].h > 0);
        bool side = l.card.y == l.form.y && l.form.y == l.studies.y;
        assert_int_equal(side, sizes[i][0] >= 160);
        assert_true(l.facts.h >= 7 && l.facts.w >= 52); /* three nets' rows, three pairs, the sum */
    }
}

/* ---- what is seen ---- */

static void keep(struct bench *b, const char *what, int w, int h)
{
    char name[64];
    char *text = ui_text(&b->ui, w, h);
    snprintf(name, sizeof name, "setup%s-%dx%d", what, w, h);
    golden_check(name, text);
    free(text);
}

static void the_screen_looks_as_kept(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        int w = sizes[i][0], h = sizes[i][1];
        begin(&b);
        keep(&b, "", w, h);
        go_to(&b, "lambda");
        press(&b, CMD_DOWN);
        press(&b, CMD_RIGHT);
        go_to(&b, "method");
        keep(&b, "-form", w, h);
        finish(&b);
    }
    begin(&b);
    press(&b, CMD_DOWN);
    keep(&b, "-running", 80, 22);
    go_to(&b, "lambda");
    assert_false(type(&b, "a lot", &err));
    keep(&b, "-refused", 80, 22);
    press(&b, CMD_CANCEL);
    press(&b, CMD_END);
    keep(&b, "-broken", 80, 22);
    finish(&b);
    begin(&b);
    b.ui.look.glyphs = GLYPHS_ASCII;
    keep(&b, "-ascii", 80, 22);
    finish(&b);
}

static void a_pair_that_cannot_be_is_explained(void **state)
{
    static const char why[] =
        "section 1 cannot be paired: teacher res26's maps 32x32x16 and 32x32x16 (matrix 16x16), student "
        "res14x4's maps 32x32x64 and 32x32x64 (matrix 64x64); the matrices must have equal shapes";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct bench b;
        begin_at(&b, "");
        str_append(b.hand.problem, sizeof b.hand.problem, 0, "%s", why);
        open_screen(&b);
        struct canvas c;
        canvas_init(&c, sizes[i][0], sizes[i][1]);
        view_setup.draw(b.ui.self, &b.ui.context, &c, (struct rect){0, 0, c.w, c.h});
        char said[512] = ""; /* the card's words in the colour of what is wrong */
        size_t n = 0;
        struct rect card = state_of(&b)->layout.facts;
        for (int y = card.y; y < card.y + card.h; y++) {
            for (int x = card.x; x < card.x + card.w; x++)
                if (c.cells[y * c.w + x].style.fg == theme_dark.role[ROLE_BAD].fg && c.cells[y * c.w + x].rune != ' ')
                    said[n++] = (char)c.cells[y * c.w + x].rune;
        }
        said[n] = 0;
        n = 0;
        for (const char *s = why; *s; s++)
            if (*s != ' ' && said[n++] != *s)
                fail_msg("at %dx%d only '%s' is said", c.w, c.h, said);
        canvas_release(&c);
        press(&b, CMD_START);
        assert_int_equal(b.out.kind, ASK_STATUS);
        assert_string_equal(b.out.text, why);
        finish(&b);
    }
}

static void what_it_comes_to_is_seen_at_every_size(void **state)
{
    static const char *const words[] = {"366,938",
                                        "54,706,816",
                                        "109.53 M",
                                        "172,506",
                                        "26,395,264",
                                        "52.85 M",
                                        "16x16",
                                        "16x32",
                                        "32x64",
                                        "16x16x32 -> 8x8x64",
                                        "4 trials, 1,600 steps of 50 images"};
    struct bench b;
    (void)state;
    begin(&b);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t k = 0; k < ARRAY_LEN(words); k++)
            if (!screen_has(&b, sizes[i][0], sizes[i][1], words[k]))
                fail_msg("'%s' is not seen at %dx%d", words[k], sizes[i][0], sizes[i][1]);
    finish(&b);
}

/* The text that stands behind the cursor of a pane. */
static void under_cursor(struct bench *b, struct rect rows, int w, int h, char *buf, size_t cap)
{
    struct canvas c;
    canvas_init(&c, w, h);
    view_setup.draw(b->ui.self, &b->ui.context, &c, (struct rect){0, 0, w, h});
    buf[0] = 0;
    for (int y = rows.y; y < rows.y + rows.h; y++)
        if (c.cells[y * w + rows.x].rune == '>')
            for (int x = rows.x + 2, n = 0; x < rows.x + rows.w && n + 1 < (int)cap; x++, n++)
                buf[n] = (char)(c.cells[y * w + x].rune < 128 ? c.cells[y * w + x].rune : '?'), buf[n + 1] = 0;
    canvas_release(&c);
}

static void every_setting_and_study_is_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct bench b;
        int w = sizes[i][0], h = sizes[i][1], seen = 0;
        char line[256];
        begin(&b);
        for (size_t k = 0; k < setup_studies_kept; k++) {
            under_cursor(&b, setup_layout((struct rect){0, 0, w, h}).list, w, h, line, sizeof line);
            if ((unsigned char)setup_study_kept(k)[0] < 128)
                assert_memory_equal(line, setup_study_kept(k),
                                    strlen(setup_study_kept(k)) < 16 ? strlen(setup_study_kept(k)) : 16);
            ui_command(&b.ui, CMD_DOWN, &b.out);
        }
        ui_command(&b.ui, CMD_HOME, &b.out);
        ui_command(&b.ui, CMD_NEXT_FIELD, &b.out);
        struct setup *s = state_of(&b);
        for (int g = 0; g < FORM_GROUPS_MAX; g++)
            s->fold[g] = FOLD_OPEN;
        setup_rows(s);
        for (int k = 0; k < s->n_rows; k++) {
            under_cursor(&b, setup_layout((struct rect){0, 0, w, h}).fields, w, h, line, sizeof line);
            if (setup_field(s) >= 0) {
                const char *name = param_table[setup_field(s)].name;
                if (strncmp(line, name, strlen(name)) != 0)
                    fail_msg("'%s' is not seen under the cursor at %dx%d: '%s'", name, w, h, line);
                seen++;
            }
            ui_command(&b.ui, CMD_DOWN, &b.out);
        }
        assert_int_equal(seen, param_count); /* each of them once */
        finish(&b);
    }
}

static void nothing_is_drawn_outside(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    for (int pane = 0; pane < 2; pane++) {
        for (size_t k = 0; k < setup_studies_kept; k++) {
            for (int w = 1; w <= 90; w += 7)
                for (int h = 1; h <= 40; h += 3)
                    ui_stays_inside(&b.ui, w, h);
            ui_stays_inside(&b.ui, 160, 43);
            state_of(&b)->pane = PANE_STUDIES;
            ui_command(&b.ui, CMD_DOWN, &b.out);
            state_of(&b)->pane = pane ? PANE_FORM : PANE_STUDIES;
        }
        ui_command(&b.ui, CMD_HOME, &b.out);
    }
    finish(&b);
}

/* Every row of a framed screen ends with a frame, so every row has the full width: also the one with Hangul in it. */
static void wide_names_keep_the_frames_straight(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    press(&b, CMD_DOWN);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text = ui_text(&b.ui, sizes[i][0], sizes[i][1]), *save = NULL;
        int y = 0, korean = 0;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), y++) {
            korean += strstr(line, "실험-이식") != NULL;
            if (y > 0)
                assert_int_equal(text_width(line), sizes[i][0]);
        }
        assert_true(korean >= 2); /* in the list and in the form's title */
        free(text);
    }
    finish(&b);
}

/* ---- changing settings ---- */

static int count_choices(const char *choices)
{
    int n = 1;
    for (; *choices; choices++)
        n += *choices == ' ';
    return n;
}

static void every_choice_is_gone_through_and_back(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    for (int def = 0; def < param_count; def++) {
        const char *choices = form_choices(def, b.host.nets);
        if (!choices)
            continue;
        go_to(&b, param_table[def].name);
        int n = count_choices(choices);
        char seen[16][64];
        for (int i = 0; i < n; i++) {
            seen[i][0] = 0, str_append(seen[i], sizeof seen[i], 0, "%s", value(&b, param_table[def].name));
            for (int j = 0; j < i; j++)
                assert_string_not_equal(seen[i], seen[j]);
            press(&b, CMD_RIGHT);
        }
        assert_string_equal(value(&b, param_table[def].name), seen[0]); /* round */
        for (int i = n - 1; i >= 0; i--) {
            press(&b, CMD_LEFT);
            assert_string_equal(value(&b, param_table[def].name), seen[i]);
        }
        if (param_table[def].type == PARAM_ENUM || param_table[def].type == PARAM_BOOL) {
            press(&b, CMD_ENTER);
            assert_string_equal(value(&b, param_table[def].name), seen[1]);
            press(&b, CMD_LEFT);
        }
    }
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    finish(&b);
}

static void steps(struct bench *b, const char *name, const char *const *values)
{
    go_to(b, name);
    assert_string_equal(value(b, name), values[0]);
    int n = 0;
    for (; values[n + 1]; n++) {
        press(b, CMD_RIGHT);
        assert_string_equal(value(b, name), values[n + 1]);
    }
    for (; n > 0; n--) {
        press(b, CMD_LEFT);
        assert_string_equal(value(b, name), values[n - 1]);
    }
}
#define STEPS(b, name, ...) steps(b, name, (const char *const[]){__VA_ARGS__, NULL})

static void numbers_step_by_1_2_5(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    STEPS(&b, "transfer_lr", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5",
          "10", "20", "50", "100");
    STEPS(&b, "lambda1", "1", "2", "5", "10");
    STEPS(&b, "transfer_steps", "100", "200", "500", "1000", "2000", "5000", "10000");
    STEPS(&b, "eval_steps", "0", "1", "2", "5", "10");
    STEPS(&b, "seed", "1", "2", "3");
    STEPS(&b, "val_fraction", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4");
    go_to(&b, "momentum"); /* beside the steps at first, then on them; never out of range */
    press(&b, CMD_RIGHT);
    press(&b, CMD_RIGHT);
    press(&b, CMD_RIGHT);
    assert_string_equal(value(&b, "momentum"), "0.9999");
    press(&b, CMD_LEFT);
    assert_string_equal(value(&b, "momentum"), "0.95");
    go_to(&b, "transfer_lr");
    for (int i = 0; i < 40; i++)
        press(&b, CMD_LEFT);
    assert_string_equal(value(&b, "transfer_lr"), "0"); /* allowed: 0 to 100 */
    press(&b, CMD_RIGHT);
    assert_string_equal(value(&b, "transfer_lr"), "1e-06");
    go_to(&b, "batch");
    for (int i = 0; i < 40; i++)
        press(&b, CMD_LEFT);
    assert_string_equal(value(&b, "batch"), "1");
    for (int i = 0; i < 40; i++)
        press(&b, CMD_RIGHT);
    assert_string_equal(value(&b, "batch"), "65536");
    go_to(&b, "data_dir"); /* a text has no next one */
    press(&b, CMD_RIGHT);
    assert_string_equal(value(&b, "data_dir"), "data");
    finish(&b);
}

static void a_wrong_value_is_refused_in_place(void **state)
{
    static const char *const wrong[] = {"", "many", "1e99", "-1", "0.1.2", "log 0 1", "log 5 2", "linear 1"};
    struct bench b;
    (void)state;
    begin(&b);
    for (int def = 0; def < param_count; def++) {
        const struct param_def *d = &param_table[def];
        if (d->type == PARAM_STRING && strcmp(d->name, "device") != 0)
            continue;
        go_to(&b, d->name);
        press(&b, CMD_TUNE_TYPE);
        assert_int_equal(b.out.kind, ASK_TYPE);
        assert_non_null(strstr(b.out.text, d->name));
        for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
            struct params before = *now(&b), other = before;
            struct err err, own = {0};
            char key[80];
            bool range = (d->flags & PF_SEARCH) && (form_range(&before, def) || wrong[i][0] == 'l');
            snprintf(key, sizeof key, "%s%s", range ? "search." : "", d->name);
            bool right = params_set(&other, key, wrong[i], &own);
            assert_int_equal(type(&b, wrong[i], &err), right);
            if (right) { /* there are settings that may be -1, and the empty range is none */
                *now(&b) = before;
                continue;
            }
            assert_string_equal(err.msg, own.msg);
            assert_memory_equal(now(&b), &before, sizeof before);
            assert_true(screen_has(&b, 200, 58, d->name));
            assert_string_equal(state_of(&b)->refusal, own.msg);
        }
    }
    struct err err;
    go_to(&b, "lambda1");
    assert_false(type(&b, "many", &err));
    assert_true(screen_has(&b, 160, 43, "lambda1: 'many' is not a number (allowed: 0 to 1e+06)"));
    assert_true(type(&b, " 0.25 ", &err)); /* then the right one: the refusal has gone */
    assert_string_equal(value(&b, "lambda1"), "0.25");
    assert_false(screen_has(&b, 160, 43, "is not a number"));
    finish(&b);
}

static void prompts_name_setting_and_range(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, "transfer_lr");
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_TYPE);
    assert_string_equal(b.out.text, "transfer_lr (0 to 100)");
    assert_string_equal(b.out.initial, "0.001");
    go_to(&b, "batch");
    press(&b, CMD_TUNE_TYPE);
    assert_string_equal(b.out.text, "batch (1 to 65536 images)");
    go_to(&b, "method");
    press(&b, CMD_TUNE_TYPE);
    assert_string_equal(b.out.text, "method (none, kd, hint, fsp)");
    go_to(&b, "lambda");
    press(&b, CMD_ENTER);
    assert_string_equal(b.out.text, "search.lambda (linear|log MIN MAX [COUNT])");
    assert_string_equal(b.out.initial, "log 0.01 1 3");
    finish(&b);
}

static void a_setting_becomes_a_range_and_back(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    go_to(&b, "lambda");
    press(&b, CMD_RANGE);
    assert_string_equal(value(&b, "lambda"), "0.1");
    press(&b, CMD_RANGE); /* the study's own comes back */
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    assert_true(type(&b, "log 0.02 2 4", &err));
    press(&b, CMD_RANGE);
    press(&b, CMD_RANGE); /* and so does one that was typed */
    assert_string_equal(value(&b, "lambda"), "log 0.02 2 4");
    press(&b, CMD_LEFT); /* grid points */
    assert_string_equal(value(&b, "lambda"), "log 0.02 2 3");
    press(&b, CMD_LEFT);
    press(&b, CMD_LEFT);
    assert_string_equal(value(&b, "lambda"), "log 0.02 2");
    press(&b, CMD_RESET_FIELD);
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    go_to(&b, "transfer_lr"); /* a new one: a decade to either side, three points for a grid */
    press(&b, CMD_RANGE);
    assert_string_equal(value(&b, "transfer_lr"), "log 0.0001 0.01 3");
    go_to(&b, "finetune_lr"); /* typed at once */
    assert_true(type(&b, "log 0.01 1", &err));
    assert_string_equal(value(&b, "finetune_lr"), "log 0.01 1");
    go_to(&b, "teacher_lr");
    press(&b, CMD_RANGE);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_string_equal(b.out.text, "teacher_lr cannot be searched over");
    assert_string_equal(value(&b, "teacher_lr"), "0.1");
    finish(&b);
}

/* Every searchable setting, wherever it stands, gets a range that the settings accept. */
static void every_searchable_setting_gets_a_range(void **state)
{
    static const double parts[] = {0, 1e-6, 0.5, 1};
    (void)state;
    for (int search = SEARCH_GRID; search <= SEARCH_SOBOL; search++)
        for (int def = 0; def < param_count; def++)
            for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
                const struct param_def *d = &param_table[def];
                struct params p, none;
                struct err err = {0};
                params_init(&p);
                none = p;
                p.search = search;
                if (!(d->flags & PF_SEARCH))
                    continue;
                params_set_number(&p, def, d->min + (d->max - d->min) * parts[i], NULL);
                if (!form_toggle_range(&p, &none, def, &err))
                    fail_msg("%s", err.msg);
                assert_non_null(form_range(&p, def));
                assert_true(form_toggle_range(&p, &none, def, &err));
                assert_null(form_range(&p, def));
            }
}

static void changes_are_marked_and_taken_back(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, "teacher");
    press(&b, CMD_RIGHT);
    assert_true(screen_has(&b, 80, 22, "Settings of demo, 1 changed"));
    assert_true(screen_has(&b, 80, 22, ">*teacher"));
    assert_true(screen_has(&b, 80, 22, "was res14"));
    press(&b, CMD_CANCEL);
    press(&b, CMD_DOWN); /* another study: its own settings */
    assert_false(screen_has(&b, 80, 22, "changed"));
    press(&b, CMD_UP); /* and back: what was changed is still there */
    assert_string_equal(value(&b, "teacher"), "res26");
    go_to(&b, "teacher");
    press(&b, CMD_RESET_FIELD);
    assert_string_equal(value(&b, "teacher"), "res14");
    assert_false(screen_has(&b, 80, 22, "changed"));
    go_to(&b, "seed"); /* folded away: the heading says so */
    press(&b, CMD_RIGHT);
    for (int i = 0; i < 2 && state_of(&b)->rows[state_of(&b)->row].kind != ROW_GROUP; i++)
        press(&b, CMD_FOLD);
    assert_int_equal(state_of(&b)->rows[state_of(&b)->row].kind, ROW_GROUP); /* the cursor does not get lost */
    assert_true(screen_has(&b, 100, 28, ">▸ search *         seed 2"));
    finish(&b);
}

/* ---- starting ---- */

static void a_start_hands_on_the_settings_of_the_screen(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, "teacher_lr");
    press(&b, CMD_RIGHT);
    assert_true(press(&b, CMD_START));
    assert_int_equal(b.out.kind, ASK_START);
    assert_string_equal(b.out.text, "demo");
    assert_true(b.out.params->teacher_lr == 0.2);
    assert_int_equal(b.out.params->batch, 50);
    assert_int_equal(b.out.params->n_ranges, 1);
    finish(&b);
}

static void refuses(struct bench *b, const char *words)
{
    press(b, CMD_START);
    assert_int_equal(b->out.kind, ASK_STATUS);
    if (!strstr(b->out.text, words))
        fail_msg("'%s' does not say '%s'", b->out.text, words);
}

static void settings_that_do_not_fit_each_other_are_refused(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    go_to(&b, "nesterov");
    press(&b, CMD_RIGHT);
    go_to(&b, "momentum");
    assert_true(type(&b, "0", &err));
    refuses(&b, "nesterov: 1 needs a momentum");
    assert_true(screen_has(&b, 80, 22, "nesterov: 1 needs a momentum"));
    assert_true(screen_has(&b, 80, 22, "S cannot start it"));
    press(&b, CMD_RESET_FIELD);
    press(&b, CMD_START);
    assert_int_equal(b.out.kind, ASK_START);
    finish(&b);
}

static void a_begun_study_keeps_what_shapes_its_trials(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    press(&b, CMD_DOWN); /* runs */
    press(&b, CMD_START);
    assert_int_equal(b.out.kind, ASK_START); /* somebody starts it: it is opened */
    go_to(&b, "repeats");
    press(&b, CMD_RIGHT);
    refuses(&b, "runs with its own settings");
    press(&b, CMD_CANCEL);
    press(&b, CMD_DOWN); /* complete */
    refuses(&b, "is complete");
    go_to(&b, "repeats");
    press(&b, CMD_RIGHT);
    press(&b, CMD_START);
    assert_int_equal(b.out.kind, ASK_START);
    go_to(&b, "student");
    press(&b, CMD_LEFT);
    refuses(&b, "student: the trials of 'table2-res26-grid' were begun with another value");
    press(&b, CMD_RESET_FIELD);
    go_to(&b, "search");
    press(&b, CMD_RIGHT);
    refuses(&b, "search: the trials of");
    finish(&b);
}

static void enter_opens_what_was_begun(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_NOTHING);
    assert_int_equal(state_of(&b)->pane, PANE_FORM);
    press(&b, CMD_CANCEL);
    press(&b, CMD_DOWN);
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_OPEN);
    assert_string_equal(b.out.text, "실험-이식");
    finish(&b);
}

static void settings_are_read_anew_once_a_study_has_begun(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, "teacher_lr");
    press(&b, CMD_RIGHT);
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 1);
    str_append(b.hand.state_of_demo, sizeof b.hand.state_of_demo, 0, "running");
    press(&b, CMD_UP);
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 1); /* not yet looked */
    b.model.now += 10;
    free(ui_text(&b.ui, 80, 22));
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    assert_true(screen_has(&b, 160, 43, "running"));
    finish(&b);
}

/* ---- when something is missing ---- */

static void studies_that_cannot_be_read_are_explained(void **state)
{
    struct bench b;
    struct err err;
    (void)state;
    begin(&b);
    press(&b, CMD_END); /* one of them is broken: the others are not */
    assert_true(screen_has(&b, 100, 28, "experiments.ini:12"));
    refuses(&b, "experiments.ini:12");
    press(&b, CMD_NEXT_FIELD);
    press(&b, CMD_RIGHT);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_false(type(&b, "1", &err));
    finish(&b);

    begin_at(&b, "");
    b.hand.trouble = "cannot open 'experiments.ini': no such file";
    open_screen(&b);
    assert_true(screen_has(&b, 160, 43, "cannot open"));
    refuses(&b, "no such file");
    for (int c = CMD_UP; c <= CMD_RESET_FIELD; c++)
        press(&b, (enum command)c);
    ui_stays_inside(&b.ui, 80, 22);
    finish(&b);
}

static void without_a_host_it_says_so(void **state)
{
    struct model m;
    struct ui u;
    struct request out;
    (void)state;
    model_init(&m, "", "runs", false);
    ui_open(&u, &view_setup, &m);
    ui_stays_inside(&u, 80, 22);
    for (int c = CMD_UP; c <= CMD_RESET_FIELD; c++)
        ui_command(&u, (enum command)c, &out);
    ui_close(&u);
    model_release(&m);
}

static void it_opens_on_the_study_of_the_command_line(void **state)
{
    struct bench b;
    (void)state;
    begin_at(&b, "alone");
    open_screen(&b);
    assert_int_equal(state_of(&b)->at, 3);
    assert_true(screen_has(&b, 80, 22, "Settings of alone"));
    press(&b, CMD_UP); /* and goes its own way then */
    assert_int_equal(state_of(&b)->at, 2);
    finish(&b);
}

static void a_screen_that_rests_asks_for_nothing(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    int n = b.hand.describes;
    for (int i = 0; i < 10; i++)
        free(ui_text(&b.ui, 80, 22));
    assert_int_equal(b.hand.describes, n);
    go_to(&b, "lambda1");
    press(&b, CMD_RIGHT);
    assert_int_equal(b.hand.describes, n + 1);
    finish(&b);
}

static void the_mouse_does_what_keys_do(void **state)
{
    struct bench b;
    struct request out = {0};
    (void)state;
    begin(&b);
    struct setup *s = state_of(&b);
    struct rect r = {0, 0, 80, 22};
    view_setup.mouse(s, &b.ui.context, r, s->layout.list.x + 2, s->layout.list.y + 2, 1, &out);
    assert_int_equal(s->at, 2);
    view_setup.mouse(s, &b.ui.context, r, s->layout.list.x + 2, s->layout.list.y, 1, &out);
    view_setup.mouse(s, &b.ui.context, r, s->layout.fields.x + 2, s->layout.fields.y + 4, 1, &out);
    assert_int_equal(s->pane, PANE_FORM);
    assert_string_equal(param_table[setup_field(s)].name, "shortcut");
    assert_string_equal(value(&b, "shortcut"), "A");
    view_setup.mouse(s, &b.ui.context, r, s->layout.fields.x + 2, s->layout.fields.y + 4, 1, &out);
    assert_string_equal(value(&b, "shortcut"), "B");
    view_setup.mouse(s, &b.ui.context, r, s->layout.fields.x + 2, s->layout.fields.y + 4, 5, &out);
    assert_int_equal(s->rows[s->row].kind, ROW_GROUP);
    int shut = s->n_rows;
    view_setup.mouse(s, &b.ui.context, r, s->layout.fields.x + 2, s->layout.fields.y + 5, 1, &out); /* transfer opens */
    assert_true(s->n_rows > shut);
    view_setup.mouse(s, &b.ui.context, r, s->layout.list.x, s->layout.list.y + s->layout.list.h - 1, 1,
                     &out); /* below the last */
    assert_int_equal(s->at, 0);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_part_overlaps_another),
        cmocka_unit_test(wide_screens_have_three_panes_side_by_side),
        cmocka_unit_test(the_screen_looks_as_kept),
        cmocka_unit_test(a_pair_that_cannot_be_is_explained),
        cmocka_unit_test(what_it_comes_to_is_seen_at_every_size),
        cmocka_unit_test(every_setting_and_study_is_reached),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(wide_names_keep_the_frames_straight),
        cmocka_unit_test(every_choice_is_gone_through_and_back),
        cmocka_unit_test(numbers_step_by_1_2_5),
        cmocka_unit_test(a_wrong_value_is_refused_in_place),
        cmocka_unit_test(prompts_name_setting_and_range),
        cmocka_unit_test(a_setting_becomes_a_range_and_back),
        cmocka_unit_test(every_searchable_setting_gets_a_range),
        cmocka_unit_test(changes_are_marked_and_taken_back),
        cmocka_unit_test(a_start_hands_on_the_settings_of_the_screen),
        cmocka_unit_test(settings_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(a_begun_study_keeps_what_shapes_its_trials),
        cmocka_unit_test(enter_opens_what_was_begun),
        cmocka_unit_test(settings_are_read_anew_once_a_study_has_begun),
        cmocka_unit_test(studies_that_cannot_be_read_are_explained),
        cmocka_unit_test(without_a_host_it_says_so),
        cmocka_unit_test(it_opens_on_the_study_of_the_command_line),
        cmocka_unit_test(a_screen_that_rests_asks_for_nothing),
        cmocka_unit_test(the_mouse_does_what_keys_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
