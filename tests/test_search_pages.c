/* What stands beside the map of the Search screen, or on a page of its own: slices, weights, the grid to compare with; others
 * averaged over, axes of names; and that contour lines run where the search module's own predictions cross their levels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/contour.h"
#include "search_fixture.h"

static struct canvas drawn(struct ui *u, int w, int h)
{
    struct canvas c;
    free(ui_text(u, w, h));
    canvas_init(&c, w, h);
    u->view->draw(u->self, &u->context, &c, (struct rect){0, 0, w, h});
    return c;
}

/* ---- what is seen ---- */

static void pages_look_as_kept(void **state)
{
    static const char *const names[] = {"-slices", "-history", "-weights"};
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 3, SEARCH_TRIALS);
    free(ui_text(&u, 80, 22));
    for (int i = 0; i < 3; i++) {
        search_press(&u, CMD_PAGE, 1);
        search_kept(&u, 80, 22, names[i]);
    }
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 80, 22, "mean, %; others at the best point");
    search_press(&u, CMD_OTHERS, 1);
    search_kept(&u, 80, 22, "-averaged");
    search_kept(&u, 120, 34, "-averaged");
    search_press(&u, CMD_PAGE, 1);
    search_kept(&u, 120, 34, "-slices");
    u.look.glyphs = GLYPHS_ASCII;
    u.look.depth = DEPTH_MONO;
    search_kept(&u, 80, 22, "-slices-ascii");
    search_close(&u);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    for (int few = 0; few < 2; few++) {
        search_open(&u, &m, 3, few ? 2 : SEARCH_TRIALS);
        for (int page = 1; page < PAGE_COUNT; page++) {
            free(ui_text(&u, 80, 22));
            search_press(&u, CMD_PAGE, 1);
            for (int w = 1; w <= 210; w += 19)
                for (int h = 1; h <= 62; h += 7)
                    ui_stays_inside(&u, w, h);
        }
        search_close(&u);
    }
}

/* Every page is reached by the key, and what has room is not paged. */
static void pages_go_round(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    free(ui_text(&u, 200, 58));
    assert_true(ui_command(&u, CMD_PAGE, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    free(ui_text(&u, 80, 22));
    search_press(&u, CMD_PAGE, 3); /* weights */
    search_expect(&u, 80, 22, "what matters");
    search_expect(&u, 120, 34, "best so far"); /* where it stands anyhow, the rest is as on the first page */
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 120, 34, "%, at transfer_lr 0.07");
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 120, 34, "best so far");
    free(ui_text(&u, 80, 22));
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 80, 22, "2 sd");
    search_press(&u, CMD_NEXT_MAP, 1); /* a map is asked for */
    search_expect(&u, 80, 22, "mean, %");
    search_close(&u);
    search_open(&u, &m, 1, 12);
    free(ui_text(&u, 80, 22));
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 80, 22, "best so far");
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 80, 22, "mean and two standard deviations");
    assert_true(ui_command(&u, CMD_OTHERS, &r));
    assert_non_null(strstr(r.text, "no settings off the axes"));
    search_close(&u);
}

/* ---- slices ---- */

/* The curve stands in the row of the mean that is predicted through the cursor, one row more or less for the drawing. */
static void slices_are_the_surrogate_s(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct search_scene s;
    enum { W = 120, H = 34 };
    search_open(&u, &m, 2, SEARCH_TRIALS);
    free(ui_text(&u, W, H));
    search_press(&u, CMD_PAGE, 1);
    free(ui_text(&u, W, H));
    search_press(&u, CMD_LEFT, 9);
    search_press(&u, CMD_UP, 3);
    struct canvas c = drawn(&u, W, H);
    struct surrogate *surrogate = search_ask_directly(&u, &s);
    struct search_layout l = search_layout((struct rect){0, 0, W, H}, 2, PAGE_SLICES);
    double at[2], lo = INFINITY, hi = -INFINITY, sigma;
    int columns, rows, checked = 0;
    search_pixels(&u.look, l.pane[0].map, &columns, &rows);
    char *text = ui_text(&u, W, H);
    assert_int_equal(sscanf(strstr(text, "\nlambda ") + 1, "lambda %lf transfer_lr %lf", &at[0], &at[1]), 2);
    free(text);
    double *mean[2] = {xcalloc((size_t)columns, sizeof(double)), xcalloc((size_t)rows, sizeof(double))};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < (k ? rows : columns); i++) {
            double x[2] = {at[0], at[1]};
            x[k] = space_value(&s.space.dims[k], (i + 0.5) / (k ? rows : columns));
            surrogate_predict(surrogate, x, &mean[k][i], &sigma);
            lo = fmin(lo, mean[k][i] - 2 * sigma);
            hi = fmax(hi, mean[k][i] + 2 * sigma);
        }
    for (int k = 0; k < 2; k++) {
        struct rect map = search_pane(l.slice[k], true, false).map;
        for (int x = 1; x + 1 < map.w; x++) {
            int row = (int)((hi - mean[k][(int)((x + 0.5) / map.w * (k ? rows : columns))]) / (hi - lo) * map.h);
            bool found = false;
            for (int y = row - 1; y <= row + 1; y++)
                if (y >= 0 && y < map.h) {
                    uint32_t rune = c.cells[(map.y + y) * c.w + map.x + x].rune;
                    found |= (rune > 0x2800 && rune < 0x2900) || rune == search_mark_rune(&u.look, MARK_COMPLETE);
                }
            if (!found)
                fail_msg("slice %d has no curve in column %d near row %d", k, x, row);
            checked++;
        }
    }
    assert_true(checked > 40);
    free(mean[0]);
    free(mean[1]);
    surrogate_free(surrogate);
    search_scene_release(&s);
    canvas_release(&c);
    search_close(&u);
}

/* ---- contours ---- */

static bool is_line(uint32_t rune)
{
    return rune > 0x2800 && rune < 0x2900;
}

/* Predictions at every pixel, of the module alone. */
static double *predicted(const struct surrogate *s, const struct search_scene *scene, const double *at, bool average,
                         int w, int h)
{
    double *v = xcalloc((size_t)(w * h), sizeof *v), x[SPACE_MAX], sigma;
    struct surrogate_average *a = average ? surrogate_average_new(s, 0, 1) : NULL;
    memcpy(x, at, sizeof x);
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) {
            x[0] = space_value(&scene->space.dims[0], (j + 0.5) / w);
            x[1] = space_value(&scene->space.dims[1], 1 - (i + 0.5) / h);
            if (a)
                surrogate_average_predict(a, x, &v[i * w + j], &sigma);
            else
                surrogate_predict(s, x, &v[i * w + j], &sigma);
        }
    surrogate_average_free(a);
    return v;
}

/* A line's cell lies where predictions around it go across a level; and where two neighbours within a cell are on either side
 * of one, there is a line in it or beside it, unless something stands there. */
static void check_lines(struct ui *u, int dims, bool average)
{
    struct search_scene s;
    enum { W = 80, H = 22 };
    struct canvas c = drawn(u, W, H);
    const struct belief_picture *p = belief_picture(u->context.belief);
    struct surrogate *surrogate = search_ask_directly(u, &s);
    struct rect map = search_layout((struct rect){0, 0, W, H}, dims, PAGE_MAP).pane[0].map;
    int w = map.w, h = 2 * map.h, lines = 0, crossings = 0, missed = 0;
    double *v = predicted(surrogate, &s, p->at, average, w, h), lo = INFINITY, hi = -INFINITY;
    assert_true(p->columns == w && p->rows == h && p->averaged == average);
    for (int i = 0; i < w * h; i++) {
        assert_float_equal(p->mean[i], v[i], 1e-6); /* a float */
        lo = fmin(lo, p->mean[i]);
        hi = fmax(hi, p->mean[i]);
    }
    struct contour k = {.factor = 100};
    contour_levels(&k, lo, hi, map.h < 16 ? 6 : 9);
    assert_true(k.n_levels >= 3);
    for (int y = 0; y < map.h; y++)
        for (int x = 0; x < map.w; x++) {
            double least = INFINITY, most = -INFINITY;
            bool line = is_line(c.cells[(map.y + y) * c.w + map.x + x].rune), near = false, crossed = false;
            for (int i = 2 * y - 1; i <= 2 * y + 2; i++)
                for (int j = x - 1; j <= x + 1; j++)
                    if (i >= 0 && i < h && j >= 0 && j < w)
                        least = fmin(least, v[i * w + j]), most = fmax(most, v[i * w + j]);
            for (int n = 0; n < k.n_levels; n++) {
                near |= least <= k.level[n] && k.level[n] <= most;
                crossed |= (v[2 * y * w + x] - k.level[n]) * (v[(2 * y + 1) * w + x] - k.level[n]) < 0;
            }
            if (line && !near)
                fail_msg("a line at %d,%d, where nothing crosses a level", x, y);
            lines += line;
            crossings += crossed;
            for (int i = -1; i <= 1 && crossed; i++)
                for (int j = -1; j <= 1; j++) {
                    struct rect at = {map.x, map.y, map.w, map.h};
                    line |= rect_has(at, map.x + x + j, map.y + y + i) &&
                            is_line(c.cells[(map.y + y + i) * c.w + map.x + x + j].rune);
                }
            missed += crossed && !line;
        }
    assert_true(lines > map.w && crossings > 20);
    assert_true(missed <= crossings / 20); /* beneath numbers and marks */
    free(v);
    surrogate_free(surrogate);
    search_scene_release(&s);
    canvas_release(&c);
}

static void lines_are_where_predictions_cross(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 2, SEARCH_TRIALS);
    check_lines(&u, 2, false);
    search_close(&u);
    search_open(&u, &m, 3, SEARCH_TRIALS);
    check_lines(&u, 3, false);
    search_press(&u, CMD_OTHERS, 1);
    check_lines(&u, 3, true);
    search_expect(&u, 80, 22, "others averaged over");
    search_expect(&u, 80, 22, "over momentum");
    search_press(&u, CMD_NEXT_MAP, 2); /* what a trial is worth: one trial has one value of each */
    search_expect(&u, 120, 34, "ln of the expected rise of the best mean; others at the best point");
    search_close(&u);
}

/* ---- words ---- */

static void what_was_fitted_is_said(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char text[512];
    search_open(&u, &m, 3, SEARCH_TRIALS);
    struct belief_picture p = {.fitted = true,
                               .hyper = {.lengthscale = {log(8) / log(1000), 1.6, 0.444}, .noise = 0.006}};
    struct search_scene s;
    surrogate_free(search_ask_directly(&u, &s));
    s.picture = &p;
    search_hyper_text(&u.look, &s, text, sizeof text);
    assert_string_equal(text, "lambda matters over a factor of 8, momentum over 0.2; transfer_lr hardly; noise "
                              "\u00b10.6 points");
    p.weights.known = true;
    p.weights.total[0].estimate = 0.9;
    u.look.glyphs = GLYPHS_ASCII;
    search_hyper_text(&u.look, &s, text, sizeof text);
    assert_string_equal(text, "lambda matters over a factor of 8; transfer_lr, momentum hardly; noise +-0.6 points");
    p.weights.total[0].estimate = 0;
    search_hyper_text(&u.look, &s, text, sizeof text);
    assert_string_equal(text, "lambda, transfer_lr, momentum hardly matter; noise +-0.6 points");
    p.hyper.lengthscale[0] = 1;
    p.weights.known = false;
    search_hyper_text(&u.look, &s, text, sizeof text);
    assert_non_null(strstr(text, "lambda matters over a factor of 1000,"));
    p.fitted = false;
    search_hyper_text(&u.look, &s, text, sizeof text);
    assert_string_equal(text, "");
    search_scene_release(&s);
    search_close(&u);
}

/* ---- names ---- */

/* lambda, and the schedule by name. */
static bool named_space(const struct params *p, struct space *space, struct err *err)
{
    struct dim lambda = {.name = "lambda", .log = true, .min = 0.1, .max = 100};
    struct dim schedule = {.name = "schedule", .type = DIM_CATEGORY, .max = 1};
    (void)p;
    memset(space, 0, sizeof *space);
    return space_add(space, &lambda, err) && space_add(space, &schedule, err);
}

static void categories_have_names_and_blocks(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    search_open(&u, &m, 1, SEARCH_TRIALS);
    struct ui_host host = *u.context.host;
    host.space = named_space;
    u.context.host = &host;
    for (int i = 0; i < m.n_trials; i++) {
        struct trial_row *t = &m.trials[i];
        str_append(t->param_name[1], sizeof t->param_name[1], 0, "schedule");
        t->param_value[1] = i % 2;
        t->val_accuracy += 0.02 * (i % 2);
        t->n_params = 2;
    }
    search_kept(&u, 80, 22, "-names");
    search_expect(&u, 80, 22, "schedule cosine");
    struct canvas c = drawn(&u, 80, 22);
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, 2, PAGE_MAP).pane[0].map;
    for (int y = 0; y < map.h; y++)
        for (int x = 0; x < map.w; x++)
            assert_false(is_line(c.cells[(map.y + y) * c.w + map.x + x].rune));
    canvas_release(&c);
    search_press(&u, CMD_PAGE, 1);
    search_expect(&u, 80, 22, "at schedule cosine");
    for (int w = 1; w <= 130; w += 23)
        ui_stays_inside(&u, w, 22);
    search_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_look_as_kept),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(pages_go_round),
        cmocka_unit_test(slices_are_the_surrogate_s),
        cmocka_unit_test(lines_are_where_predictions_cross),
        cmocka_unit_test(what_was_fitted_is_said),
        cmocka_unit_test(categories_have_names_and_blocks),
    };
    return cmocka_run_group_tests_name("search_pages", tests, NULL, NULL);
}
