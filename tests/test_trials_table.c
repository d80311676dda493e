/* The table of trials without a screen: which columns there are, order and ties, what is not known, repeats, the grammar of the
 * filter with what it refuses, brushes, and that nothing is done twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/trials_table.h"

enum { TRIALS = 12 };

struct study {
    struct trial_row rows[TRIALS];
    struct params settings;
    struct trials_source source;
    struct trials_table t;
};

static void set_param(struct trial_row *r, const char *name, double v)
{
    snprintf(r->param_name[r->n_params], sizeof r->param_name[0], "%s", name);
    r->param_value[r->n_params++] = v;
}

/* Validation accuracies of trials 1 to 12; NaN where there is none. */
static const double val[TRIALS] = {0.5, 0.7, 0.6, 0.7, NAN, 0.1, 0.9, 0.7, NAN, 0.66, 0.72, 0.74};

static void open_study(struct study *s)
{
    struct err err = {0};
    memset(s->rows, 0, sizeof s->rows);
    for (int i = 0; i < TRIALS; i++) {
        struct trial_row *r = &s->rows[i];
        r->number = i + 1;
        r->kind = TRIAL_SEARCH;
        r->ask_id = i;
        r->state = TRIAL_COMPLETE;
        r->seed = 1;
        r->val_accuracy = r->best_val_accuracy = val[i];
        r->test_accuracy = NAN;
        r->seconds_transfer = 10 * (i + 1);
        r->seconds_finetune = 30;
        set_param(r, "lambda", pow(10, -(i % 4)));
    }
    s->rows[4].state = TRIAL_DIVERGED;
    snprintf(s->rows[4].reason, sizeof s->rows[4].reason, "loss is NaN at step 3");
    s->rows[6].edited = true;
    s->rows[8].state = TRIAL_RUNNING;
    s->rows[3].kind = TRIAL_MANUAL;
    s->rows[3].ask_id = -1;
    set_param(&s->rows[3], "momentum", 0.5);
    for (int i = 9; i < TRIALS; i++) { /* trial 2 again, twice, and trial 2's number 8 is another's */
        s->rows[i].kind = i == 9 ? TRIAL_SEARCH : TRIAL_REPEAT;
        s->rows[i].ask_id = i == 9 ? 9 : 1;
        s->rows[i].repeat = i == 9 ? 0 : i - 9;
        s->rows[i].seed = i - 8;
    }
    s->rows[1].test_accuracy = 0.68;
    s->rows[10].test_accuracy = 0.70;
    params_init(&s->settings);
    assert_true(params_set(&s->settings, "search.lambda", "log 0.001 1", &err));
    assert_true(params_set(&s->settings, "search.transfer_lr", "log 0.0001 0.1", &err));
    assert_true(params_set(&s->settings, "transfer_lr", "0.02", &err));
    s->source = (struct trials_source){.rows = s->rows, .n = TRIALS, .version = 1, .settings = &s->settings};
    trials_table_init(&s->t);
    trials_table_update(&s->t, &s->source);
}

static void expect(struct study *s, const char *numbers)
{
    char got[256] = "";
    size_t n = 0;
    trials_table_update(&s->t, &s->source);
    for (int i = 0; i < s->t.n_shown; i++)
        n = str_append(got, sizeof got, n, "%s%d", i ? " " : "", s->rows[s->t.shown[i]].number);
    assert_string_equal(got, numbers);
}

static void filter(struct study *s, const char *line, const char *numbers)
{
    struct err err = {0};
    if (!trials_table_filter(&s->t, line, &err))
        fail_msg("'%s': %s", line, err.msg);
    expect(s, numbers);
}

/* ---- columns ---- */

static void every_searched_setting_has_a_column(void **state)
{
    (void)state;
    static const char *const names[] = {"trial",    "kind",     "state",  "lambda",    "transfer_lr", "momentum",
                                        "val",      "val mean", "test",   "test mean", "seconds",     "teacher",
                                        "transfer", "finetune", "edited", "date",      "message"};
    struct study s;
    open_study(&s);
    assert_int_equal(s.t.n_columns, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(s.t.column[i].name, names[i]);
    const struct trials_column *lr = &s.t.column[trials_table_column(&s.t, "transfer_lr")];
    assert_true(lr->log);
    assert_float_equal(lr->lo, 0.0001, 0);
    assert_float_equal(trials_table_value(&s.t, lr, 0), 0.02, 0); /* the study's */
    assert_false(s.t.own[lr->setting]);
    assert_int_equal(trials_table_column(&s.t, "batch"), -1);
    trials_table_release(&s.t);
}

static void without_settings_the_trials_own_are_there(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    s.source.settings = NULL;
    trials_table_update(&s.t, &s.source);
    assert_true(trials_table_column(&s.t, "lambda") >= 0);
    assert_int_equal(trials_table_column(&s.t, "transfer_lr"), -1);
    int j = trials_table_column(&s.t, "momentum");
    assert_true(isnan(trials_table_value(&s.t, &s.t.column[j], 0)));
    assert_float_equal(trials_table_value(&s.t, &s.t.column[j], 3), 0.5, 0);
    s.source = (struct trials_source){0};
    trials_table_update(&s.t, &s.source);
    assert_int_equal(s.t.n_shown, 0);
    assert_int_equal(s.t.best, -1);
    trials_table_release(&s.t);
}

/* ---- order ---- */

static void ties_go_by_number_and_unknown_ones_are_last(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    expect(&s, "1 2 3 4 5 6 7 8 9 10 11 12");
    trials_table_sort(&s.t, "val");
    expect(&s, "7 12 11 2 4 8 10 3 1 6 5 9");
    trials_table_sort(&s.t, "val");
    expect(&s, "6 1 3 10 2 4 8 11 12 7 5 9");
    trials_table_sort(&s.t, "trial");
    trials_table_sort(&s.t, "trial");
    expect(&s, "12 11 10 9 8 7 6 5 4 3 2 1");
    trials_table_sort(&s.t, "lambda");
    expect(&s, "4 8 12 3 7 11 2 6 10 1 5 9");
    trials_table_sort(&s.t, "message"); /* what says nothing comes last */
    expect(&s, "5 1 2 3 4 6 7 8 9 10 11 12");
    trials_table_sort(&s.t, "message");
    expect(&s, "5 1 2 3 4 6 7 8 9 10 11 12");
    trials_table_release(&s.t);
}

static void the_next_column_is_the_next_one(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    for (int i = 0; i < s.t.n_columns; i++) {
        assert_string_equal(s.t.sort, s.t.column[i].name);
        trials_table_sort_next(&s.t, 1);
        trials_table_update(&s.t, &s.source);
    }
    assert_string_equal(s.t.sort, "trial");
    trials_table_sort_next(&s.t, -1);
    assert_string_equal(s.t.sort, "message");
    trials_table_release(&s.t);
}

static void the_place_is_where_it_stands(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    trials_table_sort(&s.t, "val");
    filter(&s, "complete", "7 12 11 2 4 8 10 3 1 6");
    assert_int_equal(trials_table_place(&s.t, 7), 0);
    assert_int_equal(trials_table_place(&s.t, 3), 7);
    assert_int_equal(trials_table_place(&s.t, 5), -1);
    assert_int_equal(trials_table_place(&s.t, 99), -1);
    trials_table_release(&s.t);
}

/* ---- repeats and the best ---- */

static void repeats_have_a_mean(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    const struct trials_group *g = trials_table_group(&s.t, 1);
    assert_int_equal(g->n, 3);
    assert_float_equal(g->val_mean, 0.72, 1e-12); /* 0.70, 0.72, 0.74 */
    assert_float_equal(g->val_sd, 0.02, 1e-12);   /* of a sample */
    assert_int_equal(g->n_test, 2);
    assert_float_equal(g->test_mean, 0.69, 1e-12);
    assert_float_equal(g->test_sd, sqrt(0.0002), 1e-12);
    assert_ptr_equal(trials_table_group(&s.t, 11), g);
    assert_null(trials_table_group(&s.t, 3)); /* of no ask */
    assert_null(trials_table_group(&s.t, 6)); /* edited */
    assert_int_equal(trials_table_group(&s.t, 0)->n, 1);
    trials_table_release(&s.t);
}

/* Not the edited one (0.9), not a repeat (0.74): of 0.7 the first. */
static void the_best_is_of_the_search(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    assert_int_equal(s.rows[s.t.best].number, 2);
    trials_table_release(&s.t);
}

/* ---- the filter ---- */

static void filters_keep_what_they_say(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    filter(&s, "", "1 2 3 4 5 6 7 8 9 10 11 12");
    filter(&s, "  \t ", "1 2 3 4 5 6 7 8 9 10 11 12");
    filter(&s, "complete", "1 2 3 4 6 7 8 10 11 12");
    filter(&s, "Running", "9");
    filter(&s, "state=diverged", "5");
    filter(&s, "state!=complete", "5 9");
    filter(&s, "!complete", "5 9");
    filter(&s, "kind=repeat", "11 12");
    filter(&s, "repeat", "11 12");
    filter(&s, "kind!=search", "4 11 12");
    filter(&s, "!kind!=search !manual", "1 2 3 5 6 7 8 9 10");
    filter(&s, "edited", "7");
    filter(&s, "collapsed", "");
    filter(&s, "val>0.7", "7 11 12");
    filter(&s, "val>=0.7", "2 4 7 8 11 12");
    filter(&s, "val>=70", "2 4 7 8 11 12");
    filter(&s, "val>=70%", "2 4 7 8 11 12");
    filter(&s, "val<0.55", "1 6");
    filter(&s, "val<=.5", "1 6");
    filter(&s, "val=0.66", "10");
    filter(&s, "val!=0.7", "1 3 6 7 10 11 12"); /* what is not known never holds */
    filter(&s, "!val>0", "5 9");
    filter(&s, "lambda<0.01", "4 8 12");
    filter(&s, "lambda<=1e-2 val>0.7", "7 11 12");
    filter(&s, "lambda=0.001 complete kind=manual", "4");
    filter(&s, "momentum=0.9", "1 2 3 5 6 7 8 9 10 11 12"); /* the study's, where a trial has none of its own */
    filter(&s, "transfer_lr=0.02 trial<3", "1 2");
    filter(&s, "batch>1 trial>11", "12");
    filter(&s, "test>0", "2 11");
    filter(&s, "seconds>2m", "10 11 12"); /* 10 per number, and 30 */
    filter(&s, "transfer<=20s", "1 2");
    filter(&s, "seconds>1h", "");
    filter(&s, "runs>1", "2 11 12");
    filter(&s, "repeat=2 seed=3", "12");
    filter(&s, "reason~NaN", "5");
    filter(&s, "reason~nan", "5");
    filter(&s, "!reason~nan trial<7 trial>3", "4 6");
    trials_table_release(&s.t);
}

static void what_is_no_filter_is_refused(void **state)
{
    static const struct {
        const char *line, *message;
    } bad[] = {
        {"compleet", "'compleet' is not understood: complete, edited, kind=repeat, val>0.8, lambda<=0.01, reason~text"},
        {"val>", "'val>': a value is missing after '>'"},
        {"val>=", "'val>=': a value is missing after '>='"},
        {"val>high", "'val>high': 'high' is not a number"},
        {"val>0.8x", "'val>0.8x': '0.8x' is not a number"},
        {"val>nan", "'val>nan': 'nan' is not a number"},
        {"lambda>80%", "'lambda>80%': '80%' is not a number"},
        {">0.8", "'>0.8' is not understood"},
        {"val!0.8", "'val!0.8': '!' alone is no sign: <, <=, >, >=, =, != are"},
        {"lamda<1", "'lamda<1': 'lamda' is neither a setting (did you mean lambda?) nor state, kind, trial, val, "},
        {"qqqqqqqqqqqq<1", "'qqqqqqqqqqqq<1': 'qqqqqqqqqqqq' is neither a setting nor state, kind, trial"},
        {"teacher_x<1", "'teacher_x<1'"},
        {"student=res8", "'student=res8': student is no number, and the same in all trials"},
        {"kind=clone", "'kind=clone': 'clone' is no kind: allowed are search, repeat, manual"},
        {"state=done", "'state=done': 'done' is no state: allowed are queued, running,"},
        {"kind>repeat", "'kind>repeat': kind goes with = and != only"},
        {"name~x", "'name~x': ~ goes with reason only"},
        {"reason~", "'reason~': a text is missing after '~'"},
        {"!", "'!' is not understood"},
        {"edited edited edited edited edited edited edited edited edited edited edited edited edited edited edited edited x",
         "'x' is one word too many: at most 16"},
    };
    (void)state;
    struct study s;
    open_study(&s);
    filter(&s, "edited", "7");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        if (trials_table_filter(&s.t, bad[i].line, &err))
            fail_msg("'%s' was accepted", bad[i].line);
        assert_int_equal(err.code, ERR_USAGE);
        if (strncmp(err.msg, bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("'%s': %s", bad[i].line, err.msg);
        expect(&s, "7"); /* the one before holds */
        assert_string_equal(s.t.filter_text, "edited");
    }
    trials_table_release(&s.t);
}

static void a_long_line_is_refused(void **state)
{
    char line[400];
    struct trials_filter f = {0};
    struct err err = {0};
    (void)state;
    memset(line, ' ', sizeof line);
    line[sizeof line - 1] = 0;
    assert_false(trials_filter_parse(line, &f, &err));
    assert_non_null(strstr(err.msg, "longer than 255"));
}

/* ---- brushes ---- */

static void brushes_keep_a_range(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    trials_table_brush(&s.t, "lambda", 0.01, 0.1);
    expect(&s, "2 3 6 7 10 11");
    trials_table_brush(&s.t, "val", 0.6, 0.7);
    expect(&s, "2 3 10");
    filter(&s, "!trial=3", "2 10");
    trials_table_brush(&s.t, "lambda", 0.1, 0.1);
    expect(&s, "2 10");
    trials_table_brush(&s.t, "lambda", 1, 0);
    assert_null(trials_table_brushed(&s.t, "lambda"));
    expect(&s, "2 4 8 10");
    assert_float_equal(trials_table_brushed(&s.t, "val")->lo, 0.6, 0);
    trials_table_brush(&s.t, "val", 1, 0);
    trials_table_brush(&s.t, "val", 1, 0); /* there is none */
    expect(&s, "1 2 4 5 6 7 8 9 10 11 12");
    trials_table_release(&s.t);
}

/* ---- work ---- */

static void nothing_is_done_twice(void **state)
{
    (void)state;
    struct study s;
    open_study(&s);
    int64_t rebuilt = s.t.rebuilt, sorted = s.t.sorted;
    for (int i = 0; i < 5; i++)
        assert_false(trials_table_update(&s.t, &s.source));
    assert_int_equal(s.t.sorted, sorted);
    trials_table_sort(&s.t, "val");
    assert_true(trials_table_update(&s.t, &s.source));
    assert_int_equal(s.t.rebuilt, rebuilt); /* order alone */
    assert_int_equal(s.t.sorted, sorted + 1);
    s.rows[0].val_accuracy = 0.95;
    s.source.version++;
    assert_true(trials_table_update(&s.t, &s.source));
    assert_int_equal(s.t.rebuilt, rebuilt + 1);
    expect(&s, "1 7 12 11 2 4 8 10 3 6 5 9");
    struct err err = {0};
    assert_true(params_set(&s.settings, "search.lambda", "log 0.001 10", &err)); /* the ranges were edited */
    assert_true(trials_table_update(&s.t, &s.source));
    assert_float_equal(s.t.column[trials_table_column(&s.t, "lambda")].hi, 10, 0);
    assert_true(params_set(&s.settings, "search.momentum", "linear 0.5 0.9", &err));
    assert_true(trials_table_update(&s.t, &s.source));
    assert_true(params_set(&s.settings, "search.momentum", "none", &err));
    assert_true(trials_table_update(&s.t, &s.source));
    assert_false(trials_table_update(&s.t, &s.source));
    trials_table_release(&s.t);
}

/* Against an order by insertion, which is stable, over many trials with many ties. */
static void ten_thousand_are_in_order(void **state)
{
    enum { N = 10000 };
    (void)state;
    struct trial_row *rows = xcalloc(N, sizeof *rows);
    int count[50] = {0}, at[50] = {0}, *want = xmalloc(N * sizeof *want);
    struct trials_table t;
    for (int i = 0; i < N; i++) {
        rows[i] = (struct trial_row){.number = i + 1, .ask_id = i, .state = TRIAL_COMPLETE};
        rows[i].val_accuracy = (i * 7919 % 49) / 49.0;
        count[i * 7919 % 49 + 1]++;
    }
    for (int k = 1; k < 50; k++)
        at[k] = at[k - 1] + count[k];
    for (int i = 0; i < N; i++)
        want[at[i * 7919 % 49]++] = i;
    trials_table_init(&t);
    trials_table_sort(&t, "val");
    trials_table_sort(&t, "val");
    trials_table_update(&t, &(struct trials_source){.rows = rows, .n = N, .version = 1});
    assert_int_equal(t.n_shown, N);
    assert_memory_equal(t.shown, want, N * sizeof *want);
    trials_table_release(&t);
    free(want);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_searched_setting_has_a_column),
        cmocka_unit_test(without_settings_the_trials_own_are_there),
        cmocka_unit_test(ties_go_by_number_and_unknown_ones_are_last),
        cmocka_unit_test(the_next_column_is_the_next_one),
        cmocka_unit_test(the_place_is_where_it_stands),
        cmocka_unit_test(repeats_have_a_mean),
        cmocka_unit_test(the_best_is_of_the_search),
        cmocka_unit_test(filters_keep_what_they_say),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(a_long_line_is_refused),
        cmocka_unit_test(brushes_keep_a_range),
        cmocka_unit_test(nothing_is_done_twice),
        cmocka_unit_test(ten_thousand_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
