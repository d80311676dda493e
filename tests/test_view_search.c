/* The Search screen over a ridge like distillation's: what stands where, what is read out, and that every key does what it
 * says. The surrogate's numbers are checked against the search module's; here it is asked directly, without a thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search_fixture.h"

static const int sizes[][2] = {{80, 22}, {120, 34}, {200, 58}};

/* ---- what is seen ---- */

static void screens_look_as_kept(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        search_kept(&u, sizes[i][0], sizes[i][1], "");
    search_close(&u);
    search_open(&u, &m, 1, 12);
    search_kept(&u, 120, 34, "-cut");
    search_close(&u);
    search_open(&u, &m, 3, SEARCH_TRIALS);
    search_kept(&u, 80, 22, "-three");
    search_close(&u);
    search_open(&u, &m, 2, 0);
    search_kept(&u, 80, 22, "-none");
    search_close(&u);
}

static void every_rung_is_readable(void **state)
{
    static const char *const depth[] = {"true", "256", "8", "mono"}, *const glyphs[] = {"braille", "block", "ascii"};
    static const int rungs[][2] = {{2, 0}, {3, 0}, {3, 1}, {1, 2}, {3, 2}};
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    for (size_t k = 0; k < ARRAY_LEN(rungs); k++) {
        char name[64];
        u.look.depth = (enum color_depth)rungs[k][0];
        u.look.glyphs = (enum glyph_set)rungs[k][1];
        snprintf(name, sizeof name, "-%s-%s", depth[rungs[k][0]], glyphs[rungs[k][1]]);
        search_kept(&u, 80, 22, name);
        for (size_t i = 0; u.look.glyphs == GLYPHS_ASCII && i < ARRAY_LEN(sizes); i++) {
            char *text = ui_text(&u, sizes[i][0], sizes[i][1]);
            for (const char *c = text; *c; c++)
                assert_true((unsigned char)*c < 0x80);
            free(text);
        }
    }
    search_close(&u);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    for (int mode = 0; mode < 5; mode++) {
        struct model m;
        struct ui u;
        search_open(&u, &m, mode == 1 ? 1 : 2, mode == 2 ? 0 : SEARCH_TRIALS);
        free(ui_text(&u, 80, 22));
        u.look.glyphs = mode == 3 ? GLYPHS_ASCII : GLYPHS_BRAILLE;
        u.look.depth = mode == 4 ? DEPTH_MONO : DEPTH_TRUE;
        for (int w = 1; w <= 210; w += 13)
            for (int h = 1; h <= 62; h += 6)
                ui_stays_inside(&u, w, h);
        search_close(&u);
    }
}

static struct canvas drawn(struct ui *u, int w, int h)
{
    struct canvas c;
    free(ui_text(u, w, h));
    canvas_init(&c, w, h);
    u->view->draw(u->self, &u->context, &c, (struct rect){0, 0, w, h});
    return c;
}

/* Each half of each cell has the colour of the surrogate's mean there, where nothing stands on it. */
static void the_map_is_the_surrogate_s_mean(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    search_press(&u, CMD_CONTOURS, 1);
    struct canvas c = drawn(&u, 80, 22);
    struct surrogate *surrogate = search_ask_directly(&u, &s);
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, 2, PAGE_MAP).pane[0].map;
    double lo = INFINITY, hi = -INFINITY, *mean = xcalloc((size_t)(2 * map.h * map.w), sizeof *mean), sigma;
    for (int i = 0; i < 2 * map.h; i++)
        for (int j = 0; j < map.w; j++) {
            double x[2] = {space_value(&s.space.dims[0], (j + 0.5) / map.w),
                           space_value(&s.space.dims[1], 1 - (i + 0.5) / (2 * map.h))};
            surrogate_predict(surrogate, x, &mean[i * map.w + j], &sigma);
            lo = fmin(lo, mean[i * map.w + j]);
            hi = fmax(hi, mean[i * map.w + j]);
        }
    int checked = 0, wrong = 0, levels = look_levels(&u.look);
    for (int i = 0; i < 2 * map.h; i++)
        for (int j = 0; j < map.w; j++) {
            const struct cell *cell = &c.cells[(map.y + i / 2) * c.w + map.x + j];
            if (cell->rune != 0x2580 && cell->rune != ' ')
                continue;
            rgb got = i % 2 == 0 && cell->rune == 0x2580 ? cell->style.fg : cell->style.bg;
            double t = colormap_quantize((mean[i * map.w + j] - lo) / (hi - lo), levels);
            checked++;
            wrong += got != colormap_rgb(COLORMAP_VIRIDIS, t);
        }
    assert_true(checked > 2 * map.h * map.w - 2 * SEARCH_TRIALS - 20);
    assert_true(wrong <= 4); /* values on the edge of a level, which floats may put to either side */
    free(mean);
    surrogate_free(surrogate);
    search_scene_release(&s);
    canvas_release(&c);
    search_close(&u);
}

/* The cell of a trial, unless another one's or a sign has come on top. */
static void trials_stand_where_they_were_tried(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    struct canvas c = drawn(&u, 200, 58);
    struct surrogate *surrogate = search_ask_directly(&u, &s);
    struct search_layout l = search_layout((struct rect){0, 0, 200, 58}, 2, PAGE_MAP);
    assert_int_equal(l.n_panes, 3);
    int seen[MARK_KINDS] = {0}, signs = 0;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < s.n; i++) {
            struct rect map = l.pane[k].map;
            int x = map.x + (int)(search_unit(&s, 0, s.trials[i].x) * map.w);
            int y = map.y + map.h - 1 - (int)(search_unit(&s, 1, s.trials[i].x) * map.h);
            uint32_t rune = c.cells[y * c.w + x].rune;
            if (rune == search_mark_rune(&u.look, s.trials[i].mark))
                seen[s.trials[i].mark]++;
            else
                signs++;
        }
    int bests = belief_picture(u.context.belief)->best == s.best ? 1 : 2;
    assert_int_equal(signs, 3 * bests); /* they stand on their trials */
    assert_int_equal(seen[MARK_COMPLETE], 3 * (s.count[MARK_COMPLETE] - bests));
    assert_int_equal(seen[MARK_PRUNED], 3);
    assert_int_equal(seen[MARK_FAILED], 3 * s.count[MARK_FAILED]);
    assert_int_equal(seen[MARK_RUNNING], 3);
    assert_int_equal(seen[MARK_QUEUED], 3);
    assert_int_equal(seen[MARK_LEFT_OUT], 3);
    assert_true(s.count[MARK_FAILED] >= 1);
    surrogate_free(surrogate);
    search_scene_release(&s);
    canvas_release(&c);
    search_close(&u);
}

/* ---- the cursor ---- */

static const char *find(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    if (!at)
        fail_msg("no '%s' in\n%s", what, text);
    return at + strlen(what);
}

/* The last lines of the screen: the read-out. */
static void check_readout(struct ui *u)
{
    struct search_scene s;
    struct surrogate *surrogate = search_ask_directly(u, &s);
    char *text = ui_text(u, 120, 34), *line = text;
    for (int i = 0; i < 33; i++)
        line = strchr(line, '\n') + 1;
    double x[2], mean, sigma, said_mean, said_sigma, worth;
    x[0] = atof(find(line, "lambda "));
    const char *rest = find(line, "transfer_lr ");
    assert_int_equal(sscanf(rest, "%lf %lf ± %lf %% ln rise %lf", &x[1], &said_mean, &said_sigma, &worth), 4);
    surrogate_predict(surrogate, x, &mean, &sigma);
    assert_float_equal(said_mean, 100 * mean, 0.02); /* x was said to four digits */
    assert_float_equal(said_sigma, 100 * sigma, 0.02);
    assert_float_equal(worth, surrogate_acquisition(surrogate, x), 0.02 * fabs(worth));
    int nearest = search_nearest(&s, 0, 1, space_unit(&s.space.dims[0], x[0]), space_unit(&s.space.dims[1], x[1]));
    assert_int_equal(atoi(find(line, "nearest #")), s.trials[nearest].row->number);
    free(text);
    surrogate_free(surrogate);
    search_scene_release(&s);
}

static void the_read_out_is_the_surrogate_s(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    free(ui_text(&u, 120, 34));
    for (int i = 0; i < 6; i++) {
        search_press(&u, (enum command[]){CMD_LEFT, CMD_UP, CMD_RIGHT, CMD_DOWN, CMD_PAGE_UP, CMD_LEFT}[i], 3 + 4 * i);
        check_readout(&u);
    }
    search_close(&u);
}

static void the_cursor_stays_on_the_map(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    free(ui_text(&u, 80, 22));
    search_press(&u, CMD_LEFT, 100);
    search_press(&u, CMD_UP, 100);
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, 2, PAGE_MAP).pane[0].map;
    struct canvas c = drawn(&u, 80, 22);
    assert_true(c.cells[map.y * c.w + map.x].style.attr & ATTR_REVERSE);
    canvas_release(&c);
    char said[64]; /* the middle of the first pixel */
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", 0.1 * pow(1000, 0.5 / map.w),
             0.001 * pow(1000, 1 - 0.5 / (2 * map.h)));
    search_expect(&u, 80, 22, said);
    search_press(&u, CMD_RIGHT, 100);
    search_press(&u, CMD_DOWN, 100);
    c = drawn(&u, 80, 22);
    assert_true(c.cells[(map.y + map.h - 1) * c.w + map.x + map.w - 1].style.attr & ATTR_REVERSE);
    canvas_release(&c);
    search_close(&u);
}

static void a_click_takes_the_cursor_there(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r = {0};
    struct rect all = {0, 0, 200, 58};
    search_open(&u, &m, 2, SEARCH_TRIALS);
    struct search_layout l = search_layout(all, 2, PAGE_MAP);
    free(ui_text(&u, 200, 58));
    for (int k = 0; k < 3; k++) {
        struct rect map = l.pane[k].map;
        view_search.mouse(u.self, &u.context, all, map.x + 5 + k, map.y + 9, 1, &r);
        struct canvas c = drawn(&u, 200, 58);
        for (int q = 0; q < 3; q++)
            assert_true(c.cells[(map.y + 9) * c.w + l.pane[q].map.x + 5 + k].style.attr & ATTR_REVERSE);
        canvas_release(&c);
    }
    search_close(&u);
}

/* ---- keys ---- */

static void keys_change_what_is_shown(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    search_expect(&u, 80, 22, "mean, %");
    search_press(&u, CMD_NEXT_MAP, 1);
    search_expect(&u, 80, 22, "standard deviation, %");
    search_press(&u, CMD_NEXT_MAP, 1);
    search_expect(&u, 80, 22, "ln of the expected rise of the best mean");
    search_press(&u, CMD_NEXT_MAP, 1);
    search_expect(&u, 80, 22, "mean, %");
    assert_true(ui_command(&u, CMD_COLUMNS, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "two settings are searched"));
    free(ui_text(&u, 200, 58));
    assert_true(ui_command(&u, CMD_NEXT_MAP, &r));
    assert_non_null(strstr(r.text, "all three maps are here"));
    assert_false(ui_command(&u, CMD_SMOOTH, &r));
    search_close(&u);
}

static void any_two_of_the_settings_may_be_chosen(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char seen[9][2][16];
    int n = 0;
    search_open(&u, &m, 3, SEARCH_TRIALS);
    for (int i = 0; i < 9; i++) {
        char *text = ui_text(&u, 120, 34), *line = strchr(text, '\n') + 1;
        sscanf(line, "%15s", seen[n][1]);
        char *at = text;
        for (int k = 0; k < 33; k++)
            at = strchr(at, '\n') + 1;
        sscanf(at, "%15s", seen[n][0]);
        assert_string_not_equal(seen[n][0], seen[n][1]);
        assert_non_null(strstr(at, "at "));
        bool known = false;
        for (int k = 0; k < n; k++)
            known |= strcmp(seen[k][0], seen[n][0]) == 0 && strcmp(seen[k][1], seen[n][1]) == 0;
        n += !known;
        free(text);
        search_press(&u, i % 2 ? CMD_ROWS : CMD_COLUMNS, 1);
    }
    assert_int_equal(n, 6);
    search_close(&u);
}

static void a_key_looks_at_the_nearest_trial(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    struct search_scene s;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    free(ui_text(&u, 80, 22));
    surrogate_free(search_ask_directly(&u, &s));
    search_press(&u, CMD_LEFT, 100);
    search_press(&u, CMD_DOWN, 100);
    assert_true(ui_command(&u, CMD_NEAREST, &r));
    int nearest = search_nearest(&s, 0, 1, 0.01, 0.02);
    assert_int_equal(m.sel.trial, s.trials[nearest].row->number);
    assert_false(m.sel.follow);
    search_scene_release(&s);
    search_close(&u);
}

static void end_goes_through_the_next_points(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char first[2][200];
    search_open(&u, &m, 2, SEARCH_TRIALS);
    for (int i = 0; i < 2; i++) {
        char *text = ui_text(&u, 120, 34), *line = text;
        for (int k = 0; k < 33; k++)
            line = strchr(line, '\n') + 1;
        snprintf(first[i], sizeof first[i], "%s", line);
        free(text);
        search_press(&u, CMD_END, 1);
    }
    assert_string_not_equal(first[0], first[1]);
    const struct belief_picture *p = belief_picture(u.context.belief);
    char said[64];
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", p->next[0][0], p->next[0][1]);
    assert_non_null(strstr(first[1], said));
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", p->next[1][0], p->next[1][1]);
    search_expect(&u, 120, 34, said);
    search_press(&u, CMD_HOME, 1);
    search_expect(&u, 120, 34, first[0]);
    search_close(&u);
}

/* ---- what is missing ---- */

static void what_is_missing_is_said(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    search_open(&u, &m, 0, 3);
    search_expect(&u, 80, 22, "No setting is searched in this study");
    assert_false(ui_command(&u, CMD_NEXT_MAP, &r));
    view_search.mouse(u.self, &u.context, (struct rect){0, 0, 80, 22}, 40, 11, 1, &r);
    m.has_settings = false;
    search_expect(&u, 80, 22, "it has not been");
    m.study[0] = 0;
    search_expect(&u, 80, 22, "No study is chosen");
    search_close(&u);
    search_open(&u, &m, 2, 0);
    search_expect(&u, 80, 22, "no trial yet, so there is no map");
    search_expect(&u, 80, 22, "2 3 would be next");
    assert_true(ui_command(&u, CMD_NEAREST, &r));
    assert_non_null(strstr(r.text, "no trial yet"));
    search_close(&u);
    search_open(&u, &m, 2, 4);
    for (int i = 0; i < 4; i++)
        m.trials[i].state = TRIAL_FAILED, m.trials[i].val_accuracy = NAN;
    search_expect(&u, 80, 22, "no value yet, so there is no map");
    search_expect(&u, 80, 22, "failed, collapsed 4");
    search_close(&u);
}

static void without_a_belief_there_are_still_the_trials(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_model(&m, 2, SEARCH_TRIALS);
    ui_open(&u, &view_search, &m);
    search_expect(&u, 80, 22, "fitting ...");
    search_expect(&u, 80, 22, "\u25cf");
    search_close(&u);
}

/* What was imported has a place among the trials and a mark of its own, is no best one, and what was run with other settings
 * is left out. */
static void trials_from_elsewhere_are_told_apart(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    struct trial_row *t = &m.trials[6], *other = &m.trials[9];
    t->kind = TRIAL_MANUAL;
    t->ask_id = -1;
    t->val_accuracy = 0.99;
    str_append(t->reason, sizeof t->reason, 0, "imported from mine.csv");
    str_append(other->param_name[2], sizeof other->param_name[2], 0, "momentum");
    other->param_value[2] = 0.1;
    other->n_params = 3;
    surrogate_free(search_ask_directly(&u, &s));
    assert_int_equal(s.n, SEARCH_TRIALS);
    assert_int_equal(s.count[MARK_KNOWN], 1);
    assert_int_equal(s.count[MARK_LEFT_OUT], 2);
    assert_ptr_not_equal(s.trials[s.best].row, t);
    for (int i = 0; i < s.n; i++) {
        assert_ptr_equal(s.trials[i].row, &m.trials[i]);
        assert_true(s.trials[i].x[0] == m.trials[i].param_value[0]);
    }
    search_scene_release(&s);
    search_expect(&u, 120, 34, "from elsewhere 1");
    search_expect(&u, 120, 34, "left out 2");
    search_close(&u);
}

/* Values outside the ranges of now have no place on the map, and are counted. */
static void trials_outside_are_counted(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    m.trials[0].param_value[0] = 500;
    search_expect(&u, 120, 34, "1 outside the ranges");
    search_close(&u);
}

/* ---- the layout ---- */

static void check_layout(struct rect all, int dims, enum search_page page)
{
    struct search_layout l = search_layout(all, dims, page);
    struct rect part[32] = {l.head, l.legend, l.history, l.best, l.readout, l.slice[0], l.slice[1], l.weights};
    int n = 8;
    for (int k = 0; k < l.n_panes; k++) {
        const struct search_pane *p = &l.pane[k];
        part[n++] = p->title, part[n++] = p->left, part[n++] = p->map, part[n++] = p->below, part[n++] = p->bar;
    }
    for (int a = 0; a < n; a++) {
        struct rect in = rect_and(part[a], all);
        if (part[a].w <= 0 || part[a].h <= 0)
            continue;
        if (in.w != part[a].w || in.h != part[a].h)
            fail_msg("part %d leaves %dx%d", a, all.w, all.h);
        for (int b = 0; b < a; b++) {
            struct rect both = rect_and(part[a], part[b]);
            if (both.w > 0 && both.h > 0)
                fail_msg("parts %d and %d overlap at %dx%d", b, a, all.w, all.h);
        }
    }
    if (all.w < 60 || all.h < 14)
        return;
    assert_true(l.pane[0].map.w >= 24 && l.pane[0].map.h >= 6);
    assert_true(l.pages & 1U << PAGE_MAP);
    if (!(l.pages & 1U << page))
        return;
    if (page == PAGE_SLICES)
        assert_true(l.slice[0].w >= 24 && l.slice[1].w >= 24 && l.slice[0].h >= 5 && l.slice[1].h >= 5);
    if (page == PAGE_HISTORY)
        assert_true(l.history.w >= 24 && l.history.h >= 6);
    if (page == PAGE_WEIGHTS)
        assert_true(l.weights.w >= 28 && l.weights.h >= 6);
}

static void no_parts_overlap(void **state)
{
    (void)state;
    for (int w = 1; w <= 240; w++)
        for (int h = 1; h <= 80; h++)
            for (int dims = 1; dims <= 3; dims++)
                for (int page = 0; page < PAGE_COUNT; page++)
                    check_layout((struct rect){3, 2, w, h}, dims, (enum search_page)page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_look_as_kept),
        cmocka_unit_test(every_rung_is_readable),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(the_map_is_the_surrogate_s_mean),
        cmocka_unit_test(trials_stand_where_they_were_tried),
        cmocka_unit_test(the_read_out_is_the_surrogate_s),
        cmocka_unit_test(the_cursor_stays_on_the_map),
        cmocka_unit_test(a_click_takes_the_cursor_there),
        cmocka_unit_test(keys_change_what_is_shown),
        cmocka_unit_test(any_two_of_the_settings_may_be_chosen),
        cmocka_unit_test(a_key_looks_at_the_nearest_trial),
        cmocka_unit_test(end_goes_through_the_next_points),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(without_a_belief_there_are_still_the_trials),
        cmocka_unit_test(trials_from_elsewhere_are_told_apart),
        cmocka_unit_test(trials_outside_are_counted),
        cmocka_unit_test(no_parts_overlap),
    };
    return cmocka_run_group_tests_name("view_search", tests, NULL, NULL);
}
