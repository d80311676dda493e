/* The Report screen over a card made by hand: what is seen at three sizes, that every cell is reached and stays in sight,
 * what Enter does on it, and how often the stores are read. */
#include "ui_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/report_impl.h"
#include "golden.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {200, 58}};

/* ---- a host made by hand ---- */

struct hand {
    int reports, described;
    bool broken, begun; /* begun: row 0 too */
    char chosen[64];    /* for row 2, as asked last */
};

static const struct card_row rows[] = {
    {1,
     "S-RES14 without T",
     "table1-res14",
     false,
     "",
     2,
     {"short-res14", "table1-res14"},
     0,
     {NAN, NAN, NAN},
     NAN,
     NAN,
     {90.23, 90.30, 90.43},
     90.32,
     0,
     NAN,
     NAN,
     "not measured; `fsplab run table1-res14`\n"},
    {1,
     "T-RES26, S-RES14",
     "short-res26-res14",
     true,
     "complete",
     2,
     {"short-res26-res14", "table1-res26-res14"},
     3,
     {85.25, 84.5, 85},
     84.9167,
     0.3819,
     {91.12, 90.55, 91.10},
     90.92,
     3,
     812.4,
     NAN,
     "+0.61 +- 0.20 points to no transfer over 3 equal seeds, two-sided p 0.034 (paired t)\nstudy short-res26-res14 has "
     "otherwise than the paper's protocol: val_fraction 0.05 (0), teacher_steps 4452 (64000), transfer_lr 0.01 (0.001), "
     "transfer_steps 742 (21000), finetune_steps 2968 (64000), schedule cosine (step), nesterov 1 (0)\n"},
    {1,
     "T-VGG26, S-RES14",
     "short-vgg26-res14",
     true,
     "running",
     1,
     {"short-vgg26-res14"},
     1,
     {80.22, NAN, NAN},
     80.22,
     NAN,
     {90.75, 90.57, 90.80},
     90.70,
     2,
     301,
     NAN,
     "chosen on the test set (select = test), as in the paper\n"},
    {2,
     "RES26 to RES14, grid",
     "table2-res26-grid",
     true,
     "complete",
     1,
     {"table2-res26-grid"},
     3,
     {91.25, 91, 90.75},
     91,
     0.25,
     {91.37, 91.02, 90.98},
     91.12,
     75,
     398211,
     411665,
     ""},
    {2,
     "RES26 to RES14, BO",
     "table2-res26-bo",
     true,
     "paused",
     1,
     {"table2-res26-bo"},
     0,
     {NAN, NAN, NAN},
     NAN,
     NAN,
     {91.35, 91.31, 91.38},
     91.35,
     7,
     40123,
     184498,
     "no test accuracy yet; go on with `fsplab run table2-res26-bo`\n"},
    {2,
     "VGG26 to RES14, grid",
     "table2-vgg26-grid",
     false,
     "",
     1,
     {"table2-vgg26-grid"},
     0,
     {NAN, NAN, NAN},
     NAN,
     NAN,
     {91, 90.83, 90.71},
     90.85,
     0,
     NAN,
     403208,
     "not measured; `fsplab run table2-vgg26-grid`\n"},
    {2,
     "VGG26 to RES14, BO",
     "table2-vgg26-bo",
     false,
     "",
     1,
     {"table2-vgg26-bo"},
     0,
     {NAN, NAN, NAN},
     NAN,
     NAN,
     {90.98, 90.96, 90.94},
     90.96,
     0,
     NAN,
     147576,
     "not measured; `fsplab run table2-vgg26-bo`\n"},
};
static const struct card_net nets[] = {
    {"res14", 0, {26395264, 52846602, 172506, 94.3}},
    {"res26", 1, {54706816, 109531146, 366938, 180.6}},
    {"vgg26", 2, {54706816, 109434890, 366938, NAN}},
};

static void hand_report(void *ctx, const char chosen[CARD_ROWS][64], struct report_card *card)
{
    struct hand *h = ctx;
    h->reports++;
    snprintf(h->chosen, sizeof h->chosen, "%s", chosen[1]);
    memset(card, 0, sizeof *card);
    card->n = ARRAY_LEN(rows);
    card->nets = ARRAY_LEN(nets);
    memcpy(card->row, rows, sizeof rows);
    memcpy(card->net, nets, sizeof nets);
    if (h->begun) {
        card->row[0].begun = true;
        snprintf(card->row[0].state, sizeof card->row[0].state, "running");
    }
    if (h->chosen[0])
        snprintf(card->row[1].fills, sizeof card->row[1].fills, "%s", h->chosen);
}

static bool hand_settings(void *ctx, const char *study, struct params *p, struct err *err)
{
    struct hand *h = ctx;
    params_init(p);
    if (h->broken)
        return err_set(err, ERR_CONFIG, "experiments.ini:12: there is no study '%s'", study);
    assert_true(params_set_pair(p, "student=res8", err));
    return true;
}

static void hand_describe(void *ctx, const struct params *p, struct pair_card *k)
{
    struct hand *h = ctx;
    (void)p;
    h->described++;
    *k = (struct pair_card){.trials = 3, .steps = 192000};
}

struct bench {
    struct model model;
    struct hand hand;
    struct ui_host host;
    struct ui ui;
    struct request out;
    int w, h;
};

static void begin(struct bench *b)
{
    struct ui *u = &b->ui;
    memset(b, 0, sizeof *b);
    b->w = 80, b->h = 22;
    model_init(&b->model, "", "runs", false);
    b->model.now = 1000;
    b->host =
        (struct ui_host){.ctx = &b->hand, .settings = hand_settings, .describe = hand_describe, .report = hand_report};
    *u = (struct ui){.model = &b->model, .view = &view_report, .look = {.theme = theme_dark, .glyphs = GLYPHS_BRAILLE}};
    u->context = (struct view_context){.model = &b->model, .look = &u->look, .host = &b->host};
    u->self = xcalloc(1, view_report.state_size);
    free(ui_text(u, b->w, b->h));
}

static void finish(struct bench *b)
{
    ui_close(&b->ui);
    model_release(&b->model);
}

static bool press(struct bench *b, enum command c)
{
    bool meant = ui_command(&b->ui, c, &b->out);
    free(ui_text(&b->ui, b->w, b->h));
    return meant;
}

static struct report_view *state_of(struct bench *b)
{
    return b->ui.self;
}

static void go_to(struct bench *b, int block, int row, int column)
{
    struct report_view *v = state_of(b);
    press(b, CMD_HOME);
    for (int i = 0; v->block < block && i < BLOCK_COUNT; i++)
        press(b, CMD_PAGE_DOWN);
    for (int i = 0; i < row; i++)
        press(b, CMD_DOWN);
    for (int i = 0; i < column; i++)
        press(b, CMD_RIGHT);
    assert_int_equal(v->block, block);
    assert_int_equal(v->row, row);
    assert_int_equal(v->column, column);
}

static bool screen_has(struct bench *b, const char *words)
{
    char *text = ui_text(&b->ui, 230, 58); /* wide: no sentence is broken */
    bool has = strstr(text, words) != NULL;
    free(text);
    return has;
}

/* ---- what is seen ---- */

static void golden(struct bench *b, const char *what)
{
    char name[64];
    char *text = ui_text(&b->ui, b->w, b->h);
    snprintf(name, sizeof name, "report%s-%dx%d", what, b->w, b->h);
    golden_check(name, text);
    free(text);
}

static void looks_as_it_was_kept(void **state)
{
    struct bench b;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        begin(&b);
        b.w = sizes[i][0], b.h = sizes[i][1];
        golden(&b, "");
        go_to(&b, BLOCK_TABLE1, 1, COL_MEAN);
        golden(&b, "-mean");
        finish(&b);
    }
    begin(&b);
    go_to(&b, BLOCK_FIGURE4, 1, 0);
    golden(&b, "-figure4");
    b.ui.look.glyphs = GLYPHS_ASCII;
    b.ui.look.depth = DEPTH_MONO;
    go_to(&b, BLOCK_TABLE2, 0, COL_PAPER_MEAN);
    golden(&b, "-ascii");
    press(&b, CMD_NOTES);
    golden(&b, "-notes");
    finish(&b);
}

static void nothing_is_drawn_outside(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    for (int w = 1; w <= 230; w += w < 20 ? 1 : 7)
        for (int h = 1; h <= 60; h += h < 12 ? 1 : 5) {
            ui_stays_inside(&b.ui, w, h);
            state_of(&b)->all_notes = true;
            ui_stays_inside(&b.ui, w, h);
            state_of(&b)->all_notes = false;
        }
    finish(&b);
}

static void no_cell_overlaps_another(void **state)
{
    struct bench b;
    int n[BLOCK_COUNT];
    (void)state;
    begin(&b);
    struct report_view *v = state_of(&b);
    report_rows(v, n);
    for (int w = 60; w <= 240; w++)
        for (int h = 14; h <= 70; h += 8) {
            struct rect cells[64];
            int count = 0;
            v->layout = report_layout((struct rect){3, 2, w, h}, n);
            struct rect content = {0, 0, v->layout.width, v->layout.height};
            for (int k = 0; k < BLOCK_COUNT; k++)
                for (int i = 0; i < n[k]; i++)
                    for (int c = 0; c < report_columns(v, k) && count < 64; c++) {
                        struct rect r = report_cell(v, k, i, c), in = rect_and(r, v->layout.inside[k]);
                        assert_true(in.w == r.w && in.h == r.h && r.w > 4);
                        in = rect_and(r, content);
                        assert_true(in.w == r.w && in.h == r.h);
                        for (int o = 0; o < count; o++) {
                            struct rect both = rect_and(r, cells[o]);
                            assert_true(both.w <= 0 || both.h <= 0);
                        }
                        cells[count++] = r;
                    }
            struct rect both = rect_and(v->layout.view, v->layout.about);
            assert_true(both.w <= 0 || both.h <= 0);
            both = rect_and(v->layout.notes, v->layout.about);
            assert_true(both.w <= 0 || both.h <= 0);
        }
    finish(&b);
}

/* Every cell by keys alone, at each size, and the cell is in sight whenever the cursor is on it. */
static void every_cell_is_reached_and_seen(void **state)
{
    static const int more[][2] = {{80, 22}, {100, 28}, {200, 58}, {60, 16}, {150, 24}, {120, 22}};
    struct bench b;
    (void)state;
    begin(&b);
    for (size_t s = 0; s < ARRAY_LEN(more); s++) {
        int n[BLOCK_COUNT];
        b.w = more[s][0], b.h = more[s][1];
        press(&b, CMD_HOME);
        report_rows(state_of(&b), n);
        for (int k = 0; k < BLOCK_COUNT; k++)
            for (int i = 0; i < n[k]; i++)
                for (int c = 0; c < report_columns(state_of(&b), k); c++) {
                    go_to(&b, k, i, c);
                    const struct report_view *v = state_of(&b);
                    struct rect r = report_cell(v, k, i, c),
                                seen = {v->left, v->top, v->layout.view.w, v->layout.view.h};
                    struct rect both = rect_and(r, seen);
                    if (both.w != r.w || both.h != r.h)
                        fail_msg("cell %d %d %d is out of sight at %dx%d", k, i, c, b.w, b.h);
                }
    }
    finish(&b);
}

static void a_click_goes_to_its_cell(void **state)
{
    struct bench b;
    int n[BLOCK_COUNT];
    (void)state;
    begin(&b);
    b.w = 200, b.h = 58;
    press(&b, CMD_END);
    struct report_view *v = state_of(&b);
    report_rows(v, n);
    for (int k = 0; k < BLOCK_COUNT; k++)
        for (int i = 0; i < n[k]; i++)
            for (int c = 0; c < report_columns(v, k); c++) {
                struct rect r = report_cell(v, k, i, c);
                struct request out = {0};
                view_report.mouse(v, &b.ui.context, (struct rect){0, 0, b.w, b.h}, v->layout.view.x + r.x + r.w - 1,
                                  v->layout.view.y + r.y, 1, &out);
                assert_int_equal(out.kind, ASK_NOTHING);
                assert_true(v->block == k && v->row == i && v->column == c);
            }
    finish(&b);
}

/* ---- what it does ---- */

static void enter_starts_what_was_not_begun(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    assert_true(screen_has(&b, "Study table1-res14 fills it: 3 trials, 192,000 steps of 128 images. Enter"));
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_START);
    assert_string_equal(b.out.text, "table1-res14");
    assert_string_equal(b.out.confirm, "start 'table1-res14'? 3 trials, 192,000 steps of 128 images.");
    assert_string_equal(b.out.params->student, "res8");
    /* what was handed on stays as it is while the question stands */
    b.hand.broken = true;
    b.model.now += 100;
    free(ui_text(&b.ui, b.w, b.h));
    assert_string_equal(b.out.params->student, "res8");
    assert_true(screen_has(&b, "there is no study 'table1-res14'"));
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_non_null(strstr(b.out.text, "cannot be started: experiments.ini:12"));
    b.hand.broken = false;
    b.model.readonly = true;
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_STATUS);
    assert_non_null(strstr(b.out.text, "read only"));
    assert_true(screen_has(&b, "Read only"));
    finish(&b);
}

static void enter_opens_what_was_begun(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, BLOCK_FIGURE4, 1, 0);
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_OPEN);
    assert_string_equal(b.out.text, "table2-res26-bo");
    go_to(&b, BLOCK_FIGURE3, 2, 3);
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_OPEN);
    assert_string_equal(b.out.text, "short-vgg26-res14");
    /* begun by somebody else since the last look: not started a second time */
    go_to(&b, BLOCK_TABLE1, 0, 0);
    b.hand.begun = true;
    press(&b, CMD_ENTER);
    assert_int_equal(b.out.kind, ASK_OPEN);
    finish(&b);
}

static void a_row_takes_another_study(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    go_to(&b, BLOCK_TABLE1, 1, 0);
    press(&b, CMD_NEXT_STUDY);
    assert_string_equal(b.hand.chosen, "table1-res26-res14");
    press(&b, CMD_NEXT_STUDY);
    assert_string_equal(b.hand.chosen, "short-res26-res14");
    press(&b, CMD_PREVIOUS_STUDY);
    assert_string_equal(b.hand.chosen, "table1-res26-res14");
    assert_true(screen_has(&b, "2 of 2 for this row"));
    finish(&b);
}

/* Sixty frames a second for a minute: the stores are read every three seconds, no more often. */
static void stores_are_read_now_and_then(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    for (int i = 0; i < 3600; i++) {
        b.model.now = 1000 + i / 60.0;
        free(ui_text(&b.ui, 80, 22));
    }
    assert_in_range(b.hand.reports, 10, 20);
    finish(&b);
}

static void a_host_without_tables_is_no_trouble(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    memset(b.ui.self, 0, sizeof(struct report_view));
    b.host.report = NULL;
    for (int c = CMD_UP; c <= CMD_NOTES; c++)
        press(&b, (enum command)c);
    assert_true(screen_has(&b, "cannot be had"));
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_as_it_was_kept),         cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(no_cell_overlaps_another),     cmocka_unit_test(every_cell_is_reached_and_seen),
        cmocka_unit_test(a_click_goes_to_its_cell),     cmocka_unit_test(enter_starts_what_was_not_begun),
        cmocka_unit_test(enter_opens_what_was_begun),   cmocka_unit_test(a_row_takes_another_study),
        cmocka_unit_test(stores_are_read_now_and_then), cmocka_unit_test(a_host_without_tables_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
