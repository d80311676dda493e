/* The paper's tables from stores made here: which study goes to which row, the runs taken, and the statistics, which are
 * SciPy's (scipy.stats.ttest_rel; numpy std with ddof = 1). */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store_fixture.h"

#include "../src/chart.h"
#include "../src/param.h"
#include "../src/report.h"
#include "scratch.h"

static char runs[512];
static const char config[] = "experiments.ini";

static int setup(void **state)
{
    (void)state;
    dir = scratch_new();
    snprintf(runs, sizeof runs, "%s/runs", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static struct store *make_study(const char *name, const char *const *settings)
{
    struct params p;
    char *file = xstrfmt("%s/%s/study.db", runs, name);
    params_init(&p);
    for (; *settings; settings++)
        OK(params_set_pair(&p, *settings, &oops));
    struct study_row row = {.settings = params_record(&p), .state = "complete"};
    snprintf(row.name, sizeof row.name, "%s", name);
    struct store *s = store_open(file, &oops);
    OK(s != NULL);
    OK(store_study_put(s, &row, &oops));
    study_row_release(&row);
    free(file);
    return s;
}

static void put_run(struct store *s, int number, enum trial_kind kind, int search_no, int ask_id, int64_t seed,
                    double test_accuracy)
{
    struct trial_row t = {.number = number,
                          .kind = kind,
                          .search_no = search_no,
                          .ask_id = ask_id,
                          .state = TRIAL_COMPLETE,
                          .seed = seed,
                          .val_accuracy = 0.5,
                          .test_accuracy = test_accuracy,
                          .best_val_accuracy = NAN,
                          .seconds_teacher = number == 1 ? 1000 : 0,
                          .seconds_transfer = 10,
                          .seconds_finetune = 20};
    OK(store_trial_put(s, &t, &oops));
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g", got, want);
}

static void make_table1(void)
{
    static const double without[3] = {0.902, 0.904, 0.901}, with[3] = {0.910, 0.905, 0.912};
    struct store *s =
        make_study("alone", (const char *[]){"dataset=cifar10", "student=res14", "method=none", "repeats=3", NULL});
    for (int i = 0; i < 3; i++)
        put_run(s, 1 + i, i == 0 ? TRIAL_SEARCH : TRIAL_REPEAT, 0, 0, 1 + i, without[i]);
    store_close(s);
    s = make_study("fsp", (const char *[]){"dataset=cifar10", "teacher=res26", "student=res14", "method=fsp",
                                           "finetune_steps=2968", NULL});
    for (int i = 2; i >= 0; i--) /* another order: pairs are of seeds */
        put_run(s, 3 - i, i == 2 ? TRIAL_SEARCH : TRIAL_REPEAT, 0, 0, 1 + i, with[i]);
    store_close(s);
}

static void table1_is_paired_over_seeds(void **state)
{
    (void)state;
    struct report r;
    make_table1();
    OK(report_collect(runs, config, (const char *[]){"alone", "fsp"}, 2, &r, &oops));
    assert_int_equal(r.rows[0].n, 3);
    assert_int_equal(r.rows[1].n, 3);
    assert_int_equal(r.rows[2].n, 0);
    near(r.rows[1].mean, 90.9, 1e-9);
    near(r.rows[1].sd, 0.36055512754640007, 1e-9);
    assert_int_equal(r.gain[1].n, 3);
    near(r.gain[1].mean, 0.6666666666666666, 1e-9);
    near(r.gain[1].sd, 0.5131601439446948, 1e-9);
    near(r.gain[1].p, 0.15333248666539967, 1e-9);
    near(r.rows[1].seconds, 90, 1e-9);
    near(r.rows[1].teacher_seconds, 1000, 1e-9);
    assert_non_null(strstr(r.rows[1].differences, "finetune_steps 2968 (64000)"));
    assert_null(strstr(r.rows[1].differences, "teacher res26"));
    report_release(&r);
}

/* Two searches: of each the runs of the recommended point are averaged; points not recommended cost seconds and no more. */
static void table2_takes_what_was_recommended(void **state)
{
    (void)state;
    struct report r;
    struct store *s =
        make_study("search", (const char *[]){"dataset=cifar10", "teacher=vgg26", "student=res14", "method=fsp",
                                              "search=bo", "search.lambda=log 0.001 0.1", NULL});
    put_run(s, 1, TRIAL_SEARCH, 0, 0, 1, NAN);
    put_run(s, 2, TRIAL_SEARCH, 0, 1, 1, 0.90);
    put_run(s, 3, TRIAL_REPEAT, 0, 1, 2, 0.92);
    put_run(s, 4, TRIAL_SEARCH, 1, 0, 2, 0.93);
    put_run(s, 5, TRIAL_SEARCH, 1, 1, 2, NAN);
    store_close(s);
    OK(report_collect(runs, config, (const char *[]){"search"}, 1, &r, &oops));
    assert_int_equal(r.rows[6].n, 2);
    near(r.rows[6].accuracy[0], 91, 1e-9);
    near(r.rows[6].accuracy[1], 93, 1e-9);
    assert_int_equal(r.rows[6].trials, 4);
    near(r.rows[6].seconds, 120, 1e-9);
    report_release(&r);
}

/* A study that went on by another strategy is neither of the rows. */
static void a_mixed_search_is_no_row(void **state)
{
    (void)state;
    struct report r;
    struct err err = {0};
    struct store *s =
        make_study("mixed", (const char *[]){"dataset=cifar10", "teacher=vgg26", "student=res14", "method=fsp",
                                             "search=bo", "search.lambda=log 0.001 0.1", NULL});
    put_run(s, 1, TRIAL_SEARCH, 0, 0, 1, 0.9);
    OK(store_event_put(s, &(struct event_row){.kind = "strategy", .text = "search=grid -> bo"}, &oops));
    store_close(s);
    assert_false(report_collect(runs, config, (const char *[]){"mixed"}, 1, &r, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "more than one strategy"));
}

static void text_of(const struct report *r, enum report_format format, char *text, size_t cap)
{
    FILE *f = fmemopen(text, cap, "w");
    report_print(f, r, format);
    fclose(f);
}

static void formats_say_the_same(void **state)
{
    (void)state;
    struct report r;
    char text[16384];
    make_table1();
    OK(report_collect(runs, config, (const char *[]){"alone", "fsp"}, 2, &r, &oops));
    text_of(&r, REPORT_TEXT, text, sizeof text);
    assert_non_null(strstr(text, "90.90 +- 0.36"));
    assert_non_null(strstr(text, "+0.67 +- 0.51 points to no transfer over 3 equal seeds, two-sided p 0.15"));
    assert_non_null(strstr(text, "T-VGG26, S-RES14: not measured; `fsplab run table1-vgg26-res14`"));
    text_of(&r, REPORT_MARKDOWN, text, sizeof text);
    assert_non_null(strstr(text, "| T-RES26, S-RES14 | 91.20 | 90.50 | 91.00 | 90.90 +- 0.36 | 91.12 |"));
    text_of(&r, REPORT_LATEX, text, sizeof text);
    assert_non_null(strstr(text, "90.90 $\\pm$ 0.36 & 91.12"));
    assert_non_null(strstr(text, "finetune\\_steps"));
    text_of(&r, REPORT_CSV, text, sizeof text);
    assert_non_null(strstr(text, "1,\"T-RES26, S-RES14\",fsp,91.2000,90.5000,91.0000,3,90.9000,0.3606,91.12"));
    report_release(&r);
}

static void refuses_what_has_no_row(void **state)
{
    (void)state;
    struct report r;
    struct err err = {0};
    make_table1();
    store_close(make_study("again", (const char *[]){"student=res14", "method=none", NULL}));
    assert_false(report_collect(runs, config, (const char *[]){"alone", "again"}, 2, &r, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "'alone' and 'again'"));
    err = (struct err){0};
    store_close(make_study("other", (const char *[]){"student=res8", "method=kd", NULL}));
    assert_false(report_collect(runs, config, (const char *[]){"other"}, 1, &r, &err));
    assert_non_null(strstr(err.msg, "'other' is no row of the paper's tables"));
    err = (struct err){0};
    assert_false(report_collect(runs, config, (const char *[]){"absent"}, 1, &r, &err));
    assert_int_equal(err.code, ERR_IO);
    /* nothing there at all is a report of what is missing */
    OK(report_collect(runs, config, NULL, 0, &r, &oops));
    assert_int_equal(r.rows[0].n, 0);
    report_release(&r);
}

/* ---- every study there is ---- */

static void write_config(const char *file)
{
    static const char text[] =
        "[table1-res26-res14]\ndataset = cifar10\nteacher = res26\nstudent = res14\nmethod = fsp\n"
        "[short]\ndataset = cifar10\nteacher = res26\nstudent = res14\nmethod = fsp\n"
        "finetune_steps = 500\n[toy]\ndataset = synth\nteacher = res26\nstudent = res14\n";
    scratch_write(file, text, sizeof text - 1);
}

static void one_run(const char *name, const char *dataset, int n)
{
    struct store *s = make_study(name, (const char *[]){dataset, "teacher=res26", "student=res14", "method=fsp",
                                                        "batch=50", "teacher_steps=4000", "finetune_steps=1000", NULL});
    for (int i = 0; i < n; i++)
        put_run(s, 1 + i, i == 0 ? TRIAL_SEARCH : TRIAL_REPEAT, 0, 0, 1 + i, 0.9);
    store_close(s);
}

/* Studies of another data set have no part in it; the choice is the user's, else the protocol's, else that of most runs. */
static void a_survey_finds_the_studies(void **state)
{
    (void)state;
    static struct report_survey s;
    struct report_memory *memory = report_memory_new();
    char chosen[REPORT_ROWS][64] = {""};
    struct report r;
    const char *file = scratch_path(dir, "experiments.ini");
    char *ini = xstrdup(file);
    write_config(ini);
    report_survey(memory, runs, ini, chosen, &r, &s); /* no folder yet */
    assert_string_equal(s.trouble, "");
    assert_string_equal(r.rows[1].study, "");
    assert_string_equal(s.fills[1], "table1-res26-res14");
    assert_int_equal(s.n[1], 2);
    report_release(&r);

    one_run("few", "dataset=cifar10", 1);
    one_run("more", "dataset=cifar10", 2);
    one_run("toys", "dataset=synth", 3);
    report_survey(memory, runs, ini, chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "more");
    assert_string_equal(s.fills[1], "more");
    assert_int_equal(s.n[1], 4); /* few, more; then those of the file */
    assert_true(s.begun[1][1] && !s.begun[1][2]);
    near(r.rows[1].net_seconds[0], 20.0 / (1000 * 50) * 50000, 1e-9);
    near(r.rows[1].net_seconds[1], 1000.0 / (4000 * 50) * 50000, 1e-9);
    near(report_net_seconds(&r, 0), 20, 1e-9);
    near(report_net_seconds(&r, 1), 250, 1e-9);
    assert_true(isnan(report_net_seconds(&r, 2)));
    report_release(&r);

    snprintf(chosen[1], sizeof chosen[1], "few");
    report_survey(memory, runs, ini, chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "few");
    report_release(&r);
    snprintf(chosen[1], sizeof chosen[1], "short"); /* not begun: the row is empty, and it would fill it */
    report_survey(memory, runs, ini, chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "");
    assert_string_equal(s.fills[1], "short");
    report_release(&r);
    one_run("table1-res26-res14", "dataset=cifar10", 1);
    chosen[1][0] = '\0';
    report_survey(memory, runs, ini, chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "table1-res26-res14");
    report_release(&r);
    free(ini);
    report_memory_free(memory);
}

static void a_survey_passes_over_what_it_cannot_read(void **state)
{
    (void)state;
    static struct report_survey s;
    struct report_memory *memory = report_memory_new();
    char chosen[REPORT_ROWS][64] = {""};
    struct report r;
    one_run("good", "dataset=cifar10", 1);
    one_run("bad", "dataset=cifar10", 3);
    char *file = xstrfmt("%s/bad/study.db", runs);
    scratch_write(file, "this is no database, whatever its name may say", 46);
    free(file);
    report_survey(memory, runs, "no-such.ini", chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "good");
    assert_non_null(strstr(s.trouble, "no-such.ini"));
    report_release(&r);
    report_survey(memory, runs, config, chosen, &r, &s);
    assert_non_null(strstr(s.trouble, "'bad'"));
    report_release(&r);
    report_memory_free(memory);
}

/* As if its last change were of long ago. */
static void age(const char *name)
{
    static const char *const files[] = {"study.db", "study.db-wal"};
    static const struct timespec t[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char *file = xstrfmt("%s/%s/%s", runs, name, files[i]);
        utimensat(AT_FDCWD, file, t, 0);
        free(file);
    }
}

/* What has not changed is not read again: here it would no longer be readable. What has changed is. */
static void a_survey_reads_what_has_changed(void **state)
{
    (void)state;
    static struct report_survey s;
    struct report_memory *memory = report_memory_new();
    char chosen[REPORT_ROWS][64] = {""};
    struct report r;
    size_t n;
    one_run("a", "dataset=cifar10", 1);
    for (int i = 0; i < 2; i++) { /* the first reader leaves an empty log behind, which is a change */
        age("a");
        report_survey(memory, runs, config, chosen, &r, &s);
        assert_int_equal(r.rows[1].n, 1);
        report_release(&r);
    }

    char *file = xstrfmt("%s/a/study.db", runs);
    unsigned char *good = scratch_read(file, &n), *bad = xcalloc(n, 1);
    scratch_write(file, bad, n);
    age("a");
    report_survey(memory, runs, config, chosen, &r, &s);
    assert_int_equal(r.rows[1].n, 1);
    report_release(&r);

    scratch_write(file, good, n);
    age("a");
    one_run("a", "dataset=cifar10", 3);
    report_survey(memory, runs, config, chosen, &r, &s);
    assert_int_equal(r.rows[1].n, 3);
    report_release(&r);

    char *folder = xstrfmt("%s/a", runs), *away = xstrfmt("%s/elsewhere", dir);
    assert_int_equal(rename(folder, away), 0);
    report_survey(memory, runs, config, chosen, &r, &s);
    assert_string_equal(r.rows[1].study, "");
    report_release(&r);
    free(folder);
    free(away);
    free(file);
    free(good);
    free(bad);
    report_memory_free(memory);
}

/* A gain over a baseline that was trained otherwise is said to be none of the transfer's alone. */
static void unlike_protocols_are_named(void **state)
{
    (void)state;
    struct report r;
    make_table1();
    OK(report_collect(runs, config, (const char *[]){"alone", "fsp"}, 2, &r, &oops));
    assert_string_equal(r.gain[1].unequal, "finetune_steps 2968 (64000)");
    char *notes = report_notes(&r, 1);
    assert_non_null(strstr(notes, "unlike with unlike"));
    assert_non_null(strstr(notes, ": finetune_steps 2968 (64000)\n"));
    free(notes);
    report_release(&r);
}

static void chart_ticks_are_round(void **state)
{
    (void)state;
    static const double cases[][3] = {{411665, 6, 100000}, {109.5, 6, 20}, {1, 6, 0.2}, {0.037, 5, 0.01}, {7, 10, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        near(chart_tick(cases[i][0], (int)cases[i][1]), cases[i][2], 1e-9 * cases[i][2]);
}

/* Bars are as long as their values, in the file as in the numbers; what is not measured has none. */
static void chart_svg_has_the_values(void **state)
{
    (void)state;
    struct chart c = {.title = "a < b",
                      .unit = "s",
                      .caption = "",
                      .series = 2,
                      .groups = 2,
                      .series_name = {"x", "y"},
                      .group_name = {"g", "h"},
                      .value = {{10, NAN}, {5, 2.5}}};
    const char *file = scratch_path(dir, "c.svg");
    size_t n;
    double width[3], x, y, h;
    int bars = 0;
    OK(chart_svg(&c, file, &oops));
    char *text = (char *)scratch_read(file, &n);
    text = xrealloc(text, n + 1);
    text[n] = '\0';
    for (char *p = strstr(text, "</title>"); p && (p = strstr(p, "<rect")) && bars < 3; p++) {
        unsigned colour;
        double w;
        if (sscanf(p, "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\" fill=\"#%x\"", &x, &y, &w, &h, &colour) ==
                5 &&
            x == 210 && w > 20)
            width[bars++] = w;
    }
    assert_int_equal(bars, 3);
    near(width[1] / width[0], 0.5, 1e-3);
    near(width[2] / width[0], 0.25, 1e-3);
    assert_non_null(strstr(text, "a &lt; b"));
    assert_non_null(strstr(text, "not measured"));
    free(text);
    OK(chart_png(&c, scratch_path(dir, "c.png"), &oops));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table1_is_paired_over_seeds, setup, teardown),
        cmocka_unit_test_setup_teardown(table2_takes_what_was_recommended, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mixed_search_is_no_row, setup, teardown),
        cmocka_unit_test_setup_teardown(formats_say_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_has_no_row, setup, teardown),
        cmocka_unit_test_setup_teardown(a_survey_finds_the_studies, setup, teardown),
        cmocka_unit_test_setup_teardown(a_survey_passes_over_what_it_cannot_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_survey_reads_what_has_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(unlike_protocols_are_named, setup, teardown),
        cmocka_unit_test(chart_ticks_are_round),
        cmocka_unit_test_setup_teardown(chart_svg_has_the_values, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
