/* Presets: the values that they claim to be, shown before they are taken, and taken back in one step. And how long it will be, as
 * the screen says it. */
#include "setup_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/io/config.h"
#include "../src/ui/setup_preset.h"
#include "golden.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {200, 58}};

/* Every value of a preset is that of the study it names, in the experiments.ini that comes with the program. */
static void presets_are_studies(void **state)
{
    (void)state;
    for (int i = 0; i < preset_count; i++) {
        struct params study;
        struct err err = {0};
        char *copy = xstrdup(presets[i].sets), *save = NULL;
        if (!config_read("experiments.ini", presets[i].study, &study, &err))
            fail_msg("%s", err.msg);
        for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
            struct params p = study;
            if (!params_set_pair(&p, word, &err))
                fail_msg("%s: %s", presets[i].name, err.msg);
            for (int def = 0; def < param_count; def++)
                if (form_differs(&p, &study, def))
                    fail_msg("%s: %s is not so in [%s]", presets[i].name, word, presets[i].study);
        }
        free(copy);
        struct params p;
        params_init(&p);
        preset_apply(&presets[i], &p);
        assert_true(params_check(&p, &err));
    }
}

/* The figures that the papers give. */
static void the_paper_is_the_papers(void **state)
{
    struct params p;
    (void)state;
    params_init(&p);
    p.batch = 7, p.teacher_steps = 7, p.schedule = SCHEDULE_COSINE;
    preset_apply(&presets[0], &p);
    assert_string_equal(presets[0].name, "paper");
    assert_true(p.teacher_lr == 0.1 && p.transfer_lr == 0.001 && p.finetune_lr == 0.1);
    assert_true(p.teacher_steps == 64000 && p.transfer_steps == 21000 && p.finetune_steps == 64000);
    assert_true(p.schedule == SCHEDULE_STEP && p.batch == 128 && p.momentum == 0.9 && p.weight_decay == 1e-4);
}

static void a_preset_is_shown_taken_and_taken_back(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    struct params before = *now(&b);
    press(&b, CMD_PRESET);
    assert_true(screen_has(&b, 80, 22, "Take the values of"));
    assert_true(screen_has(&b, 80, 22, "teacher_steps     400 -> 64000"));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char name[64], *text = ui_text(&b.ui, sizes[i][0], sizes[i][1]);
        snprintf(name, sizeof name, "setup-presets-%dx%d", sizes[i][0], sizes[i][1]);
        golden_check(name, text);
        free(text);
    }
    press(&b, CMD_RANGE); /* nothing else happens meanwhile */
    assert_int_equal(b.out.kind, ASK_STATUS);
    press(&b, CMD_CANCEL);
    assert_memory_equal(now(&b), &before, sizeof before);
    assert_false(screen_has(&b, 80, 22, "Take the values of"));
    press(&b, CMD_PRESET);
    press(&b, CMD_DOWN);
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_string_equal(value(&b, "teacher_steps"), "4200");
    assert_string_equal(value(&b, "schedule"), "cosine");
    assert_string_equal(value(&b, "teacher"), "res14"); /* what is trained stays */
    assert_string_equal(value(&b, "lambda"), "log 0.01 1 3");
    press(&b, CMD_PRESET);
    assert_true(screen_has(&b, 80, 22, "these are the values that there are"));
    press(&b, CMD_ENTER); /* changes nothing, and so is no step back */
    press(&b, CMD_TUNE_UNDO);
    for (int i = 0; i < param_count; i++)
        assert_false(form_differs(now(&b), &before, i));
    press(&b, CMD_PRESET);
    for (int i = 0; i < preset_count; i++) {
        press(&b, CMD_UP);
        for (int w = 1; w < 210; w += 9)
            for (int h = 1; h < 60; h += 4)
                ui_stays_inside(&b.ui, w, h);
    }
    finish(&b);
    begin(&b);
    press(&b, CMD_END); /* a study that cannot be read */
    press(&b, CMD_PRESET);
    assert_int_equal(b.out.kind, ASK_STATUS);
    finish(&b);
}

/* ---- how long ---- */

static void durations_are_read_at_a_glance(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0 s"},
                 {8.4, "8 s"},
                 {89.4, "89 s"},
                 {90, "2 min"},
                 {2520, "42 min"},
                 {5399, "1 h 30 min"},
                 {11400, "3 h 10 min"},
                 {187200, "2 days 4 h"},
                 {1862820, "21 days 13 h"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[32];
        setup_duration(cases[i].seconds, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void how_long_and_how_it_is_known_is_always_seen(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    for (int picture = 0; picture < 2; picture++) {
        if (picture)
            go_to(&b, "lambda");
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
            assert_true(screen_has(&b, sizes[i][0], sizes[i][1], "4 trials ≈ 42 min here, scaled by MACs"));
    }
    assert_true(screen_has(&b, 200, 58, "teacher 12 min, transfer 10 min, fine-tune 20 min"));
    b.ui.look.glyphs = GLYPHS_ASCII;
    assert_true(screen_has(&b, 80, 22, "4 trials about 42 min here"));
    b.ui.look.glyphs = GLYPHS_BRAILLE;
    str_append(b.hand.cost.from, sizeof b.hand.cost.from, 0, "steps of demo");
    b.hand.cost.at_most = true;
    assert_true(screen_has(&b, 80, 22, "4 trials at most ≈ 42 min here, steps of demo"));
    b.hand.cost.seconds = NAN;
    assert_true(screen_has(&b, 80, 22, "how long is not known here: M measures it"));
    press(&b, CMD_MEASURE);
    assert_int_equal(b.hand.measures, 1);
    b.hand.cost.measuring = true;
    assert_true(screen_has(&b, 80, 22, "measuring a few steps here"));
    press(&b, CMD_MEASURE);
    assert_string_equal(b.out.text, "a measurement is going on");
    b.hand.cost.measuring = false;
    str_append(b.hand.cost.trouble, sizeof b.hand.cost.trouble, 0, "cannot measure: no such net");
    assert_true(screen_has(&b, 80, 22, "cannot measure: no such net"));
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_are_studies),
        cmocka_unit_test(the_paper_is_the_papers),
        cmocka_unit_test(a_preset_is_shown_taken_and_taken_back),
        cmocka_unit_test(durations_are_read_at_a_glance),
        cmocka_unit_test(how_long_and_how_it_is_known_is_always_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
