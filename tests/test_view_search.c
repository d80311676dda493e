/* The Search screen over a ridge like distillation's: what stands where, what is read out, and that every key does what it
 * says. The surrogate's numbers are checked against the search module's; here it is asked directly, without a thread. */
#include "ui_fixture.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/search/surface.h"
#include "../src/ui/belief.h"
#include "../src/ui/search_draw.h"
#include "golden.h"

enum { TRIALS = 24 };
static const int sizes[][2] = {{80, 22}, {120, 34}, {200, 58}};
static const char *const names[] = {"lambda", "transfer_lr", "momentum"};
static const char *const ranges[] = {"log 0.1 100", "log 0.001 1", "linear 0.5 0.95"};

/* ---- fixtures ---- */

static double part(double v)
{
    return v - floor(v);
}

/* Trial I of a search over DIMS settings: evenly spread points, values of the surface with a little noise. */
static void make_trial(struct trial_row *t, int i, int dims, const struct space *space)
{
    double u[3] = {part(0.5 + 0.7548776662 * i), part(0.5 + 0.5698402910 * i), part(0.3 + 0.381966 * i)};
    double at[2] = {u[0], dims > 1 ? u[1] : 0.55};
    double y = surface_find("kd")->value(at) / 100 + 0.0015 * sin(7.0 * i) - (dims > 2 ? 0.2 * u[2] * u[2] : 0);
    *t = (struct trial_row){.number = i + 1,
                            .kind = TRIAL_SEARCH,
                            .ask_id = i,
                            .state = TRIAL_COMPLETE,
                            .seed = 1,
                            .n_params = dims,
                            .val_accuracy = y,
                            .best_val_accuracy = y,
                            .test_accuracy = NAN};
    for (int j = 0; j < dims; j++) {
        str_append(t->param_name[j], sizeof t->param_name[j], 0, "%s", names[j]);
        t->param_value[j] = space_value(&space->dims[j], u[j]);
    }
    if (y < 0.3)
        t->state = TRIAL_DIVERGED;
    if (i == 11)
        t->edited = true;
    if (i == 5)
        t->state = TRIAL_PRUNED;
    if (i >= TRIALS - 2)
        t->state = i == TRIALS - 1 ? TRIAL_QUEUED : TRIAL_RUNNING;
    if (t->state != TRIAL_COMPLETE)
        t->val_accuracy = t->best_val_accuracy = NAN;
}

static void search_model(struct model *m, int dims, int n)
{
    struct err err = {0};
    struct space space;
    ui_model(m);
    free(m->trials);
    params_init(&m->settings);
    m->settings.search = SEARCH_BO;
    for (int j = 0; j < dims; j++) {
        char key[64];
        snprintf(key, sizeof key, "search.%s", names[j]);
        assert_true(params_set(&m->settings, key, ranges[j], &err));
    }
    memset(&space, 0, sizeof space);
    struct ui u;
    ui_open(&u, &view_search, m);
    assert_true(u.context.host->space(&m->settings, &space, &err));
    ui_close(&u);
    m->n_trials = n;
    m->trials = xcalloc((size_t)n + 1, sizeof *m->trials);
    for (int i = 0; i < n; i++)
        make_trial(&m->trials[i], i, dims, &space);
    m->sel.trial = n ? 7 : 0;
}

static void open_search(struct ui *u, struct model *m, int dims, int n)
{
    search_model(m, dims, n);
    ui_open(u, &view_search, m);
    ui_believe(u);
}

static void close_search(struct ui *u)
{
    ui_close(u);
    model_release(u->model);
}

static void expect(struct ui *u, int w, int h, const char *what)
{
    char *text = ui_text(u, w, h);
    if (!strstr(text, what))
        fail_msg("no '%s' in\n%s", what, text);
    free(text);
}

static void kept(struct ui *u, int w, int h, const char *name)
{
    char file[64], *text = ui_text(u, w, h);
    str_append(file, sizeof file, 0, "search-%dx%d%s", w, h, name);
    golden_check(file, text);
    free(text);
}

static void press(struct ui *u, enum command c, int n)
{
    struct request r;
    for (int i = 0; i < n; i++)
        assert_true(ui_command(u, c, &r));
}

/* The scene of the screen, and the surrogate behind it, made without the belief. */
static struct surrogate *ask_directly(struct ui *u, struct search_scene *s)
{
    struct search_course course = {0};
    const struct search_options o = {.max_trials = INT_MAX};
    search_scene_make(s, &u->context, &course);
    struct trials trials = history_trials(&s->points);
    return surrogate_new(&s->space, &trials,
                         &(struct surrogate_options){.seed = s->seed, .aim = surrogate_aim(&s->space, &o, trials.n)});
}

/* ---- what is seen ---- */

static void screens_look_as_kept(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_search(&u, &m, 2, TRIALS);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        kept(&u, sizes[i][0], sizes[i][1], "");
    close_search(&u);
    open_search(&u, &m, 1, 12);
    kept(&u, 120, 34, "-cut");
    close_search(&u);
    open_search(&u, &m, 3, TRIALS);
    kept(&u, 80, 22, "-three");
    close_search(&u);
    open_search(&u, &m, 2, 0);
    kept(&u, 80, 22, "-none");
    close_search(&u);
}

static void every_rung_is_readable(void **state)
{
    static const char *const depth[] = {"true", "256", "8", "mono"}, *const glyphs[] = {"braille", "block", "ascii"};
    static const int rungs[][2] = {{2, 0}, {3, 0}, {3, 1}, {1, 2}, {3, 2}};
    (void)state;
    struct model m;
    struct ui u;
    open_search(&u, &m, 2, TRIALS);
    for (size_t k = 0; k < ARRAY_LEN(rungs); k++) {
        char name[64];
        u.look.depth = (enum color_depth)rungs[k][0];
        u.look.glyphs = (enum glyph_set)rungs[k][1];
        snprintf(name, sizeof name, "-%s-%s", depth[rungs[k][0]], glyphs[rungs[k][1]]);
        kept(&u, 80, 22, name);
        for (size_t i = 0; u.look.glyphs == GLYPHS_ASCII && i < ARRAY_LEN(sizes); i++) {
            char *text = ui_text(&u, sizes[i][0], sizes[i][1]);
            for (const char *c = text; *c; c++)
                assert_true((unsigned char)*c < 0x80);
            free(text);
        }
    }
    close_search(&u);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    for (int mode = 0; mode < 5; mode++) {
        struct model m;
        struct ui u;
        open_search(&u, &m, mode == 1 ? 1 : 2, mode == 2 ? 0 : TRIALS);
        free(ui_text(&u, 80, 22));
        u.look.glyphs = mode == 3 ? GLYPHS_ASCII : GLYPHS_BRAILLE;
        u.look.depth = mode == 4 ? DEPTH_MONO : DEPTH_TRUE;
        for (int w = 1; w <= 210; w += 13)
            for (int h = 1; h <= 62; h += 6)
                ui_stays_inside(&u, w, h);
        close_search(&u);
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
    open_search(&u, &m, 2, TRIALS);
    press(&u, CMD_CONTOURS, 1);
    struct canvas c = drawn(&u, 80, 22);
    struct surrogate *surrogate = ask_directly(&u, &s);
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, false).pane[0].map;
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
    assert_true(checked > 2 * map.h * map.w - 2 * TRIALS - 20);
    assert_true(wrong <= 4); /* values on the edge of a level, which floats may put to either side */
    free(mean);
    surrogate_free(surrogate);
    search_scene_release(&s);
    canvas_release(&c);
    close_search(&u);
}

/* The cell of a trial, unless another one's or a sign has come on top. */
static void trials_stand_where_they_were_tried(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    open_search(&u, &m, 2, TRIALS);
    struct canvas c = drawn(&u, 200, 58);
    struct surrogate *surrogate = ask_directly(&u, &s);
    struct search_layout l = search_layout((struct rect){0, 0, 200, 58}, false);
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
    close_search(&u);
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
    struct surrogate *surrogate = ask_directly(u, &s);
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
    open_search(&u, &m, 2, TRIALS);
    free(ui_text(&u, 120, 34));
    for (int i = 0; i < 6; i++) {
        press(&u, (enum command[]){CMD_LEFT, CMD_UP, CMD_RIGHT, CMD_DOWN, CMD_PAGE_UP, CMD_LEFT}[i], 3 + 4 * i);
        check_readout(&u);
    }
    close_search(&u);
}

static void the_cursor_stays_on_the_map(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_search(&u, &m, 2, TRIALS);
    free(ui_text(&u, 80, 22));
    press(&u, CMD_LEFT, 100);
    press(&u, CMD_UP, 100);
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, false).pane[0].map;
    struct canvas c = drawn(&u, 80, 22);
    assert_true(c.cells[map.y * c.w + map.x].style.attr & ATTR_REVERSE);
    canvas_release(&c);
    char said[64]; /* the middle of the first pixel */
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", 0.1 * pow(1000, 0.5 / map.w),
             0.001 * pow(1000, 1 - 0.5 / (2 * map.h)));
    expect(&u, 80, 22, said);
    press(&u, CMD_RIGHT, 100);
    press(&u, CMD_DOWN, 100);
    c = drawn(&u, 80, 22);
    assert_true(c.cells[(map.y + map.h - 1) * c.w + map.x + map.w - 1].style.attr & ATTR_REVERSE);
    canvas_release(&c);
    close_search(&u);
}

static void a_click_takes_the_cursor_there(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r = {0};
    struct rect all = {0, 0, 200, 58};
    open_search(&u, &m, 2, TRIALS);
    struct search_layout l = search_layout(all, false);
    free(ui_text(&u, 200, 58));
    for (int k = 0; k < 3; k++) {
        struct rect map = l.pane[k].map;
        view_search.mouse(u.self, &u.context, all, map.x + 5 + k, map.y + 9, 1, &r);
        struct canvas c = drawn(&u, 200, 58);
        for (int q = 0; q < 3; q++)
            assert_true(c.cells[(map.y + 9) * c.w + l.pane[q].map.x + 5 + k].style.attr & ATTR_REVERSE);
        canvas_release(&c);
    }
    close_search(&u);
}

/* ---- keys ---- */

static void keys_change_what_is_shown(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_search(&u, &m, 2, TRIALS);
    expect(&u, 80, 22, "mean, %");
    press(&u, CMD_NEXT_MAP, 1);
    expect(&u, 80, 22, "standard deviation, %");
    press(&u, CMD_NEXT_MAP, 1);
    expect(&u, 80, 22, "ln of the expected rise of the best mean");
    press(&u, CMD_NEXT_MAP, 1);
    expect(&u, 80, 22, "mean, %");
    assert_true(ui_command(&u, CMD_COLUMNS, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "two settings are searched"));
    free(ui_text(&u, 200, 58));
    assert_true(ui_command(&u, CMD_NEXT_MAP, &r));
    assert_non_null(strstr(r.text, "all three maps are here"));
    assert_false(ui_command(&u, CMD_SMOOTH, &r));
    close_search(&u);
}

static void any_two_of_the_settings_may_be_chosen(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char seen[9][2][16];
    int n = 0;
    open_search(&u, &m, 3, TRIALS);
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
        press(&u, i % 2 ? CMD_ROWS : CMD_COLUMNS, 1);
    }
    assert_int_equal(n, 6);
    close_search(&u);
}

static void enter_looks_at_the_nearest_trial(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    struct search_scene s;
    open_search(&u, &m, 2, TRIALS);
    free(ui_text(&u, 80, 22));
    surrogate_free(ask_directly(&u, &s));
    press(&u, CMD_LEFT, 100);
    press(&u, CMD_DOWN, 100);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    int nearest = search_nearest(&s, 0, 1, 0.01, 0.02);
    assert_int_equal(m.sel.trial, s.trials[nearest].row->number);
    assert_false(m.sel.follow);
    search_scene_release(&s);
    close_search(&u);
}

static void end_goes_through_the_next_points(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char first[2][200];
    open_search(&u, &m, 2, TRIALS);
    for (int i = 0; i < 2; i++) {
        char *text = ui_text(&u, 120, 34), *line = text;
        for (int k = 0; k < 33; k++)
            line = strchr(line, '\n') + 1;
        snprintf(first[i], sizeof first[i], "%s", line);
        free(text);
        press(&u, CMD_END, 1);
    }
    assert_string_not_equal(first[0], first[1]);
    const struct belief_picture *p = belief_picture(u.context.belief);
    char said[64];
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", p->next[0][0], p->next[0][1]);
    assert_non_null(strstr(first[1], said));
    snprintf(said, sizeof said, "lambda %.4g  transfer_lr %.4g", p->next[1][0], p->next[1][1]);
    expect(&u, 120, 34, said);
    press(&u, CMD_HOME, 1);
    expect(&u, 120, 34, first[0]);
    close_search(&u);
}

/* ---- what is missing ---- */

static void what_is_missing_is_said(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_search(&u, &m, 0, 3);
    expect(&u, 80, 22, "No setting is searched in this study");
    assert_false(ui_command(&u, CMD_NEXT_MAP, &r));
    view_search.mouse(u.self, &u.context, (struct rect){0, 0, 80, 22}, 40, 11, 1, &r);
    m.has_settings = false;
    expect(&u, 80, 22, "it has not been");
    m.study[0] = 0;
    expect(&u, 80, 22, "No study is chosen");
    close_search(&u);
    open_search(&u, &m, 2, 0);
    expect(&u, 80, 22, "no trial yet, so there is no map");
    expect(&u, 80, 22, "2 3 would be next");
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_non_null(strstr(r.text, "no trial yet"));
    close_search(&u);
    open_search(&u, &m, 2, 4);
    for (int i = 0; i < 4; i++)
        m.trials[i].state = TRIAL_FAILED, m.trials[i].val_accuracy = NAN;
    expect(&u, 80, 22, "no value yet, so there is no map");
    expect(&u, 80, 22, "failed, collapsed 4");
    close_search(&u);
}

static void without_a_belief_there_are_still_the_trials(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_model(&m, 2, TRIALS);
    ui_open(&u, &view_search, &m);
    expect(&u, 80, 22, "fitting ...");
    expect(&u, 80, 22, "\u25cf");
    close_search(&u);
}

/* What was imported has a place among the trials and a mark of its own, is no best one, and what was run with other settings
 * is left out. */
static void trials_from_elsewhere_are_told_apart(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    open_search(&u, &m, 2, TRIALS);
    struct trial_row *t = &m.trials[6], *other = &m.trials[9];
    t->kind = TRIAL_MANUAL;
    t->ask_id = -1;
    t->val_accuracy = 0.99;
    str_append(t->reason, sizeof t->reason, 0, "imported from mine.csv");
    str_append(other->param_name[2], sizeof other->param_name[2], 0, "momentum");
    other->param_value[2] = 0.1;
    other->n_params = 3;
    surrogate_free(ask_directly(&u, &s));
    assert_int_equal(s.n, TRIALS);
    assert_int_equal(s.count[MARK_KNOWN], 1);
    assert_int_equal(s.count[MARK_LEFT_OUT], 2);
    assert_ptr_not_equal(s.trials[s.best].row, t);
    for (int i = 0; i < s.n; i++) {
        assert_ptr_equal(s.trials[i].row, &m.trials[i]);
        assert_true(s.trials[i].x[0] == m.trials[i].param_value[0]);
    }
    search_scene_release(&s);
    expect(&u, 120, 34, "from elsewhere 1");
    expect(&u, 120, 34, "left out 2");
    close_search(&u);
}

/* Values outside the ranges of now have no place on the map, and are counted. */
static void trials_outside_are_counted(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_search(&u, &m, 2, TRIALS);
    m.trials[0].param_value[0] = 500;
    expect(&u, 120, 34, "1 outside the ranges");
    close_search(&u);
}

/* ---- the layout ---- */

static void check_layout(struct rect all, bool cut)
{
    struct search_layout l = search_layout(all, cut);
    struct rect part[32] = {l.head, l.legend, l.history, l.best, l.readout};
    int n = 5;
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
    if (all.w >= 60 && all.h >= 14)
        assert_true(l.pane[0].map.w >= 24 && l.pane[0].map.h >= 6);
}

static void no_parts_overlap(void **state)
{
    (void)state;
    for (int w = 1; w <= 240; w++)
        for (int h = 1; h <= 80; h++) {
            check_layout((struct rect){3, 2, w, h}, false);
            check_layout((struct rect){3, 2, w, h}, true);
        }
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
        cmocka_unit_test(enter_looks_at_the_nearest_trial),
        cmocka_unit_test(end_goes_through_the_next_points),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(without_a_belief_there_are_still_the_trials),
        cmocka_unit_test(trials_from_elsewhere_are_told_apart),
        cmocka_unit_test(trials_outside_are_counted),
        cmocka_unit_test(no_parts_overlap),
    };
    return cmocka_run_group_tests_name("view_search", tests, NULL, NULL);
}
