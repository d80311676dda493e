/* What the keys of the Search screen ask for that changes the search. The roof is made by hand; what is asked for is what the
 * cursor's read-out says, and every wrong line is refused and leaves nothing behind. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/search_steer.h"
#include "search_fixture.h"

static const char *problem = ""; /* what describe says */

static bool settings(void *ctx, const char *study, struct params *p, struct err *err)
{
    const struct model *m = ctx;
    (void)err;
    assert_string_equal(study, "demo");
    *p = m->settings;
    p->max_trials = 77; /* of experiments.ini: the store does not keep it */
    return true;
}

static void describe(void *ctx, const struct params *p, struct pair_card *card)
{
    (void)ctx, (void)p;
    str_append(card->problem, sizeof card->problem, 0, "%s", problem);
}

static bool start(void *ctx, const char *study, const struct params *p, struct err *err)
{
    (void)ctx, (void)study, (void)p;
    return err_set(err, ERR_STATE, "not here");
}

static struct ui_host host;

static void open_steered(struct ui *u, struct model *m, int dims)
{
    search_open(u, m, dims, SEARCH_TRIALS);
    host = *u->context.host;
    host.ctx = m;
    host.settings = settings;
    host.describe = describe;
    host.start = start;
    u->context.host = &host;
    problem = "";
    free(ui_text(u, 80, 22));
}

static struct request typed(struct ui *u, const char *text, bool expected, char *why)
{
    struct request r = {0};
    struct err err = {0};
    bool ok = u->view->typed(u->self, &u->context, text, &r, &err);
    if (ok != expected)
        fail_msg("'%s': %s", text, err.msg);
    assert_true(ok || err.msg[0]);
    if (!ok)
        assert_int_equal(r.kind, ASK_NOTHING);
    if (why)
        str_append(why, 256, 0, "%s", err.msg);
    return r;
}

static const struct param_range *range_in(const struct params *p, const char *name)
{
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == param_find(name))
            return &p->ranges[i];
    return NULL;
}

/* ---- a trial ---- */

static void enter_tries_what_the_cursor_is_at(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    char said[64];
    open_steered(&u, &m, 3);
    search_press(&u, CMD_LEFT, 4);
    search_press(&u, CMD_DOWN, 5);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_STUDY);
    assert_int_equal(r.wire.ask, WIRE_ENQUEUE);
    assert_int_equal(r.wire.n, 3);
    for (int i = 0; i < 2; i++) {
        snprintf(said, sizeof said, "%s %.4g", r.wire.key[i], r.wire.value[i]);
        search_expect(&u, 80, 22, said); /* the read-out */
        assert_non_null(strstr(r.confirm, said));
    }
    assert_non_null(strstr(r.confirm, "the rest as at the best point"));
    assert_string_equal(r.wire.key[2], "momentum");
    assert_true(r.wire.value[2] == belief_picture(u.context.belief)->at[2]);
    search_press(&u, CMD_END, 1); /* the next point's cell */
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_float_equal(r.wire.value[0], belief_picture(u.context.belief)->next[0][0], 1e-12);
    search_close(&u);
}

static void nothing_is_tried_where_nothing_runs(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_steered(&u, &m, 2);
    m.conn = CONN_LOST;
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "no process runs this study"));
    m.conn = CONN_LIVE;
    struct search_scene many = {.n_dims = WIRE_VALUES + 1};
    r = (struct request){0};
    steer_enqueue(&u.context, &many, &(struct search_look){0}, &r);
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "more settings"));
    search_close(&u);
}

/* ---- a box ---- */

/* The outer edges of the cells from the corner to the cursor, on the log scales, to three digits. */
static void a_box_becomes_both_ranges(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    struct rect map = search_layout((struct rect){0, 0, 80, 22}, 2, PAGE_MAP).pane[0].map;
    open_steered(&u, &m, 2);
    view_search.mouse(u.self, &u.context, (struct rect){0, 0, 80, 22}, map.x + 30, map.y + 4, 1, &r);
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_LEFT, 12);
    search_press(&u, CMD_DOWN, 6);
    search_kept(&u, 80, 22, "-box");
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_RESTART);
    assert_non_null(strstr(r.confirm, "save, stop, go on with lambda"));
    assert_int_equal(r.params->max_trials, 77);
    const struct param_range *x = range_in(r.params, "lambda"), *y = range_in(r.params, "transfer_lr");
    assert_float_equal(x->min, 0.1 * pow(1000, 18.0 / map.w), 0.005 * x->min);
    assert_float_equal(x->max, 0.1 * pow(1000, 31.0 / map.w), 0.005 * x->max);
    assert_float_equal(y->max, 0.001 * pow(1000, 1 - 4.0 / map.h), 0.005 * y->max);
    assert_float_equal(y->min, 0.001 * pow(1000, 1 - 11.0 / map.h), 0.005 * y->min);
    char digits[32];
    snprintf(digits, sizeof digits, "%.3g", x->min);
    assert_true(strtod(digits, NULL) == x->min);
    assert_int_equal(x->scale, SCALE_LOG);
    m.conn = CONN_NONE; /* nothing to stop */
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_RIGHT, 3);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_non_null(strstr(r.confirm, "go on with"));
    assert_null(strstr(r.confirm, "stop"));
    search_close(&u);
}

static void a_box_may_be_given_up_or_be_no_change(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_steered(&u, &m, 2);
    search_press(&u, CMD_LEFT, 100);
    search_press(&u, CMD_UP, 100);
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_RIGHT, 100);
    search_press(&u, CMD_DOWN, 100);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "all of the ranges already"));
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_CANCEL, 1);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.wire.ask, WIRE_ENQUEUE);
    problem = "the student has no such layer";
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_LEFT, 7);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_string_equal(r.text, problem);
    problem = "";
    m.readonly = true;
    search_press(&u, CMD_BOX, 1);
    search_press(&u, CMD_LEFT, 7);
    assert_true(ui_command(&u, CMD_ENTER, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "read only"));
    search_close(&u);
}

/* Whole numbers stay whole, and a count never exceeds what is left of them. */
static void whole_ranges_stay_whole(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct err err = {0};
    open_steered(&u, &m, 1);
    assert_true(params_set(&m.settings, "search.transfer_steps", "linear 10 19 10", &err));
    struct search_scene s = {.n_dims = 2, .dim = {0, 1}};
    assert_true(host.space(&m.settings, &s.space, &err));
    const struct search_look look = {.column = 1, .row = 0, .u = 0.23, .v = 0.99, .box_u = 0.58, .box_v = 0.01};
    struct params want;
    struct request r = {0};
    steer_box(&u.context, &s, &look, 20, 20, &want, &r);
    assert_int_equal(r.kind, ASK_RESTART);
    const struct param_range *range = range_in(&want, "transfer_steps");
    assert_true(range->min == 12 && range->max == 15 && range->count == 4);
    const struct search_look narrow = {.column = 1, .row = 0, .u = 0.22, .v = 0.99, .box_u = 0.22, .box_v = 0.01};
    r = (struct request){0};
    steer_box(&u.context, &s, &narrow, 40, 20, &want, &r);
    assert_int_equal(r.kind, ASK_STATUS);
    assert_non_null(strstr(r.text, "too narrow: transfer_steps"));
    const struct search_look touching = {.column = 1, .row = 0, .u = 0.22, .v = 0.99, .box_u = 0.28, .box_v = 0.01};
    r = (struct request){0};
    steer_box(&u.context, &s, &touching, 10, 20, &want, &r);
    assert_int_equal(r.kind, ASK_STATUS); /* the one cell is one number */
    search_close(&u);
}

/* ---- pins ---- */

static void add_event(struct model *m, const char *key, const char *text)
{
    m->events = xrealloc(m->events, (size_t)(m->n_events + 1) * sizeof *m->events);
    struct event_row *e = &m->events[m->n_events++];
    *e = (struct event_row){.id = 90 + m->n_events, .kind = "range"};
    str_append(e->key, sizeof e->key, 0, "%s", key);
    str_append(e->text, sizeof e->text, 0, "%s", text);
}

static void a_setting_is_pinned_and_freed(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    struct err err = {0};
    char text[96];
    open_steered(&u, &m, 2);
    assert_true(ui_command(&u, CMD_PIN, &r));
    assert_int_equal(r.kind, ASK_TYPE);
    snprintf(text, sizeof text, "lambda %s", strchr(r.initial, '=') + 1);
    search_expect(&u, 80, 22, text); /* the cursor's value */
    r = typed(&u, " lambda = 0.31", true, NULL);
    assert_int_equal(r.kind, ASK_RESTART);
    const struct param_range *range = range_in(r.params, "lambda");
    assert_true(range->min == 0.31 && range->max == 0.31);
    assert_non_null(strstr(r.confirm, "lambda pinned at 0.31? 0 of 19 trials inform it then."));
    snprintf(text, sizeof text, "lambda=%.17g", m.trials[2].param_value[0]);
    assert_non_null(strstr(typed(&u, text, true, NULL).confirm, " 1 of 19 trials"));
    r = typed(&u, "lambda=log 1 10 4", true, NULL);
    range = range_in(r.params, "lambda");
    assert_true(range->min == 1 && range->max == 10 && range->count == 4);
    assert_null(range_in(typed(&u, "lambda=none", true, NULL).params, "lambda"));
    assert_non_null(range_in(typed(&u, "momentum=linear 0.5 0.9", true, NULL).params, "momentum"));
    add_event(&m, "lambda", "search.lambda: none -> log 0.2 50 7");
    add_event(&m, "lambda", "search.lambda: log 0.2 50 7 -> log 0.31 0.31");
    add_event(&m, "lambda", "search.lambda: log 0.31 0.31 -> log 0.4 0.4");
    assert_true(params_set(&m.settings, "search.lambda", "log 0.4 0.4", &err));
    search_expect(&u, 80, 22, "lambda pinned at 0.4");
    r = typed(&u, "lambda=free", true, NULL);
    range = range_in(r.params, "lambda");
    assert_true(range->min == 0.2 && range->max == 50 && range->count == 7);
    assert_true(params_set(&m.settings, "search.transfer_lr", "log 0.1 0.1", &err));
    search_expect(&u, 80, 22, "Every searched setting is pinned");
    assert_true(ui_command(&u, CMD_PIN, &r));
    assert_string_equal(r.initial, "lambda=free");
    assert_false(ui_command(&u, CMD_ENTER, &r));
    search_close(&u);
}

static void wrong_lines_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } lines[] = {{"", "allowed are"},
                 {"lambda", "allowed are"},
                 {"=3", "allowed are"},
                 {"lamda=1", "did you mean 'lambda'"},
                 {"momentum=0.5", "momentum is not searched"},
                 {"momentum=free", "not pinned"},
                 {"lambda=free", "lambda is not pinned"},
                 {"lambda=nan", "is no value"},
                 {"lambda=0", "search.lambda"},
                 {"lambda=1e99", "search.lambda"},
                 {"lambda=log 10 1", "reversed"},
                 {"lambda=log ten 1", "is no range"},
                 {"lambda=0.3 0.4", "is no range"},
                 {"teacher=log 1 2", "search.teacher"}};
    (void)state;
    struct model m;
    struct ui u;
    char why[256];
    struct request r;
    open_steered(&u, &m, 2);
    assert_true(ui_command(&u, CMD_PIN, &r));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        typed(&u, lines[i].text, false, why);
        if (!strstr(why, lines[i].why))
            fail_msg("'%s': '%s' has no '%s'", lines[i].text, why, lines[i].why);
    }
    host.settings = NULL;
    typed(&u, "lambda=1", false, why);
    assert_non_null(strstr(why, "not known here"));
    search_close(&u);
}

/* ---- the strategy ---- */

static void the_strategy_is_switched(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    char why[256];
    open_steered(&u, &m, 2);
    assert_true(ui_command(&u, CMD_STRATEGY, &r));
    assert_int_equal(r.kind, ASK_TYPE);
    assert_string_equal(r.initial, "sobol");
    r = typed(&u, "random", true, NULL);
    assert_int_equal(r.kind, ASK_RESTART);
    assert_int_equal(r.params->search, SEARCH_RANDOM);
    assert_non_null(strstr(r.confirm, "random instead of bo"));
    typed(&u, "bo", false, why);
    assert_non_null(strstr(why, "by bo already"));
    typed(&u, "wolf", false, why);
    assert_non_null(strstr(why, "wolf"));
    problem = "search.lambda: a grid needs the number of points";
    typed(&u, "grid", false, why);
    assert_string_equal(why, problem);
    search_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enter_tries_what_the_cursor_is_at), cmocka_unit_test(nothing_is_tried_where_nothing_runs),
        cmocka_unit_test(a_box_becomes_both_ranges),         cmocka_unit_test(a_box_may_be_given_up_or_be_no_change),
        cmocka_unit_test(whole_ranges_stay_whole),           cmocka_unit_test(a_setting_is_pinned_and_freed),
        cmocka_unit_test(wrong_lines_are_refused),           cmocka_unit_test(the_strategy_is_switched),
    };
    return cmocka_run_group_tests_name("search_steer", tests, NULL, NULL);
}
