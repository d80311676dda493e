/* experiments.ini: what is read from it, and that every broken one is refused with its file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "io/config.h"
#include "scratch.h"

static char *dir;
static char path[512];

static int setup(void **state)
{
    (void)state;
    dir = scratch_new();
    snprintf(path, sizeof(path), "%s", scratch_path(dir, "x.ini"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static void put(const char *text)
{
    scratch_write(path, text, strlen(text));
}

static void assert_refused(const char *study, const char *message)
{
    struct params p;
    struct err err = {0};
    char want[1024];
    snprintf(want, sizeof(want), "%s%s", path, message);
    assert_false(config_read(path, study, &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, want);
    assert_false(config_read(path, study, &p, NULL));
}

/* ---- good files ---- */

static void study_comes_over_defaults_over_table(void **state)
{
    (void)state;
    put("# top\n[defaults]\nlambda = 0.5\nbatch=64   ; images\nsearch.lambda = log 0.1 1 3\n\n"
        "[one]\n  Lambda = 0.25\t# mine\ndata_dir = \"a;b # c\"\nsearch.lambda = none\n"
        "[two]\nbatch = 32\nteacher =\nmethod = none\n");
    struct params p;
    struct err err = {0};
    assert_true(config_read(path, "one", &p, &err));
    assert_true(p.lambda == 0.25);
    assert_int_equal(p.batch, 64);
    assert_string_equal(p.data_dir, "a;b # c");
    assert_string_equal(p.student, "res14");
    assert_int_equal(p.n_ranges, 0);
    assert_true(config_read(path, "two", &p, &err));
    assert_true(p.lambda == 0.5);
    assert_int_equal(p.batch, 32);
    assert_string_equal(p.teacher, "");
    assert_int_equal(p.n_ranges, 1);
    assert_int_equal(p.ranges[0].count, 3);
    assert_true(config_read(path, "TWO", &p, &err));
    assert_int_equal(p.batch, 32);
    assert_int_equal(err.code, ERR_OK);
    assert_true(config_check_all(path, &err));
}

static void order_of_sections_does_not_matter(void **state)
{
    (void)state;
    put("[one]\nlambda = 0.25\n[defaults]\nlambda = 0.5\nbatch = 7");
    struct params p;
    assert_true(config_read(path, "one", &p, NULL));
    assert_true(p.lambda == 0.25);
    assert_int_equal(p.batch, 7); /* the last line without its line end */
}

static void dos_line_ends_are_fine(void **state)
{
    (void)state;
    put("[one]\r\nlambda = 0.25\r\nteacher = res32\r\n\r\n");
    struct params p;
    struct err err = {0};
    assert_true(config_read(path, "one", &p, &err));
    assert_true(p.lambda == 0.25);
    assert_string_equal(p.teacher, "res32");
}

static void studies_are_listed_in_order(void **state)
{
    (void)state;
    put("[b]\n[defaults]\n[A-1.x]\nlambda = 1\n[c_]\n");
    char **names;
    struct err err = {0};
    static const char *const want[] = {"b", "A-1.x", "c_"};
    assert_int_equal(config_studies(path, &names, &err), 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(names[i], want[i]);
        free(names[i]);
    }
    free(names);
    put("");
    assert_int_equal(config_studies(path, &names, &err), 0);
    free(names);
}

static void lines_are_found(void **state)
{
    (void)state;
    put("[defaults]\nlambda=1\n\n[One]\n# lambda = 3\n  Lambda=2\nsearch.lambda=log 1 2\n");
    assert_int_equal(config_line(path, "defaults", "lambda"), 2);
    assert_int_equal(config_line(path, "one", "lambda"), 6);
    assert_int_equal(config_line(path, "one", "search.lambda"), 7);
    assert_int_equal(config_line(path, "one", "batch"), 0);
    assert_int_equal(config_line(path, "two", "lambda"), 0);
    assert_int_equal(config_line("/nowhere.ini", "one", "lambda"), 0);
}

/* ---- bad files ---- */

static void bad_lines_are_refused_with_their_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[s]\nlamda = 1\n", ":2: unknown setting 'lamda' (did you mean 'lambda'?)"},
        {"[s]\n\nlambda = 2e6\n", ":3: lambda: '2e6' is out of range (allowed: 0 to 1e+06)"},
        {"[s]\nlambda = nan\n", ":2: lambda: 'nan' is not a number (allowed: 0 to 1e+06)"},
        {"[s]\nlambda =\n", ":2: lambda: '' is not a number (allowed: 0 to 1e+06)"},
        {"[s]\nmethod = fps\n", ":2: method: 'fps' is none of its choices (allowed: none, kd, hint, fsp)"},
        {"[s]\nsearch.lambda = log 1 .1\n",
         ":2: search.lambda: the range 1 to 0.1 is reversed (allowed: MIN at most MAX)"},
        {"[s]\nsearch.batch = log 1 2\n", ":2: search.batch: this setting cannot be searched over"},
        {"[defaults]\nbatch = 0\n[s]\nbatch = 5\n",
         ":2: batch: '0' is out of range (allowed: whole numbers from 1 to 65536)"},
        {"[s]\nlambda = 1\nbatch = 2\nLambda = 1\n",
         ":4: 'Lambda' stands a second time in [s] (first in line 2; allowed: once)"},
        {"[s]\n[t]\n[S]\n", ":3: section [S] stands a second time (first in line 1; allowed: once)"},
        {"lambda = 1\n[s]\n", ":1: 'lambda' stands before the first section (allowed: below [NAME])"},
        {"[s]\nlambda 1\n", ":2: cannot read 'lambda 1' (allowed: key = value, [NAME], # comment)"},
        {"[s]\n= 1\n", ":2: cannot read '= 1' (allowed: key = value, [NAME], # comment)"},
        {"[s\nlambda = 1\n",
         ":1: cannot read '[s' (allowed: [NAME] alone on its line, comments on a line of their own)"},
        {"[s] # = mine\n",
         ":1: cannot read '[s] # = mine' (allowed: [NAME] alone on its line, comments on a line of their own)"},
        {"[../s]\n", ":1: '../s' is no name for a study (allowed: at most 63 letters, digits, '.', '_', '-', not "
                     "starting with a sign)"},
        {"[]\n", ":1: '' is no name for a study (allowed: at most 63 letters, digits, '.', '_', '-', not starting "
                 "with a sign)"},
        {"[s]\na:lambda = 1\n", ":2: unknown setting 'a:lambda'"},
        {"[s]\nlambda = 1 \\\n2\n", ":2: ends in a backslash (allowed: one setting, one line)"},
        {"[s]\n# comment \\\nlambda = 1\n", ":2: ends in a backslash (allowed: one setting, one line)"},
        {"[s]\nlambda = \x01\n", ":2: byte 0x01 is no text (allowed: an INI file)"},
        {"\xef\xbb\xbf[s]\n", ":1: begins with a byte-order mark (allowed: plain UTF-8)"},
        {"[t]\n[u]\n[defaults]\n", ": no study 's' (there are: t, u)"},
        {"[defaults]\n", ": no study 's' (there are none)"},
        {"", ": no study 's' (there are none)"},
        {"\n\n", ": no study 's' (there are none)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        put(rows[i].text);
        assert_refused("s", rows[i].message);
    }
    put("[s]\n[defaults]\n");
    assert_refused("defaults", ": no study 'defaults' (there are: s)");
}

/* Sanitizers watch; each of these once made some INI reader overrun, hang or answer nonsense. */
static void garbage_is_refused(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 1, 1);
    struct params p;
    for (int i = 0; i < 300; i++) {
        unsigned char bytes[512];
        size_t n = 1 + rng_below(&r, sizeof(bytes));
        for (size_t j = 0; j < n; j++) /* every other file out of the letters that INI files are made of */
            bytes[j] = i % 2 ? (unsigned char)rng_u64(&r) : (unsigned char)"[]=;#\\\"' \n\r\tas:."[rng_below(&r, 17)];
        scratch_write(path, bytes, n);
        struct err err = {0};
        assert_false(config_read(path, "s", &p, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_memory_equal(err.msg, path, strlen(path));
        config_check_all(path, NULL);
    }
    static const char nul[] = "[s]\nlambda = 1\0\nbatch = 0\n"; /* what follows must not be lost in silence */
    scratch_write(path, nul, sizeof(nul) - 1);
    assert_refused("s", ":2: byte 0x00 is no text (allowed: an INI file)");
}

static void long_lines_and_files_are_refused(void **state)
{
    (void)state;
    enum { MEGABYTE = 1000000, HUGE_FILE = 5000000 };
    char *text = xcalloc(1, HUGE_FILE);
    memset(text, 'a', HUGE_FILE);
    memcpy(text, "[s]\nteacher = ", 14);
    scratch_write(path, text, MEGABYTE);
    assert_refused("s", ":2: a line of 999996 bytes, beginning 'teacher = aaaaaaaaaa' (allowed: 1000)");
    scratch_write(path, text, 4 + 1001);
    assert_refused("s", ":2: a line of 1001 bytes, beginning 'teacher = aaaaaaaaaa' (allowed: 1000)");

    /* The longest line that is let through must be one that iniparser reads whole: its last byte counts. */
    memcpy(text, "[s]\ndata_dir = ", 15);
    memset(text + 15, ' ', 1000 - 11 - 5);
    memcpy(text + 4 + 1000 - 5, "a/b/c", 5);
    scratch_write(path, text, 4 + 1000);
    struct params p;
    struct err err = {0};
    assert_true(config_read(path, "s", &p, &err));
    assert_string_equal(p.data_dir, "a/b/c");

    scratch_write(path, text, HUGE_FILE);
    assert_false(config_read(path, "s", &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "5000000 bytes, at most 4194304"));
    free(text);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct params p;
    struct err err = {0};
    char **names;
    assert_false(config_read("/nowhere/x.ini", "s", &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, "cannot open '/nowhere/x.ini': no such file");
    assert_int_equal(config_studies("/nowhere/x.ini", &names, &err), -1);
    assert_false(config_check_all("/nowhere/x.ini", &err));
    assert_false(config_read(dir, "s", &p, &err));
    assert_non_null(strstr(err.msg, "it is no regular file"));
    remove(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(config_read(path, "s", &p, &err)); /* and does not wait for a writer */
    assert_non_null(strstr(err.msg, "it is no regular file"));
    remove(path);
}

static void check_all_finds_the_one_that_is_wrong(void **state)
{
    (void)state;
    struct err err = {0};
    char want[600];
    put("[a]\n[b]\nval_fraction = 0\n");
    assert_false(config_check_all(path, &err));
    snprintf(want, sizeof(want), "%s: [b]: val_fraction: 0 leaves nothing", path);
    assert_memory_equal(err.msg, want, strlen(want));
    put("[a]\n[b]\nval_fraction = x\n");
    assert_false(config_check_all(path, &err));
    snprintf(want, sizeof(want), "%s:3: val_fraction: 'x' is not a number", path);
    assert_memory_equal(err.msg, want, strlen(want));
}

/* ---- the one that is shipped ---- */

static void shipped_studies_are_the_papers_rows(void **state)
{
    (void)state;
    static const char ini[] = "experiments.ini";
    static const struct {
        const char *name, *teacher;
        int method, search, runs;
    } rows[] = {
        {"table1-res14", NULL, METHOD_NONE, -1, 1},
        {"table1-res26-res14", "res26", METHOD_FSP, -1, 1},
        {"table1-vgg26-res14", "vgg26", METHOD_FSP, -1, 1},
        {"table2-res26-grid", "res26", METHOD_FSP, SEARCH_GRID, 25},
        {"table2-res26-bo", "res26", METHOD_FSP, SEARCH_BO, 25},
        {"table2-vgg26-grid", "vgg26", METHOD_FSP, SEARCH_GRID, 25},
        {"table2-vgg26-bo", "vgg26", METHOD_FSP, SEARCH_BO, 25},
    };
    struct err err = {0};
    if (!config_check_all(ini, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p;
        assert_true(config_read(ini, rows[i].name, &p, &err));
        assert_int_equal(p.dataset, DATASET_CIFAR10);
        assert_string_equal(p.student, "res14");
        assert_int_equal(p.method, rows[i].method);
        if (rows[i].teacher)
            assert_string_equal(p.teacher, rows[i].teacher);
        assert_true(p.teacher_steps == 64000 && p.transfer_steps == 21000 && p.finetune_steps == 64000);
        assert_true(p.teacher_lr == 0.1 && p.finetune_lr == 0.1 && p.transfer_lr == 1e-3);
        assert_true(p.momentum == 0.9 && !p.nesterov && p.weight_decay == 1e-4 && p.batch == 128);
        assert_true(p.schedule == SCHEDULE_STEP && p.prune == PRUNE_NONE && p.train_limit == 0 && p.test_limit == 0);
        if (rows[i].search < 0) {
            assert_true(p.n_ranges == 0 && p.max_trials == 1 && p.repeats == 3);
        } else {
            assert_true(p.search == (int)rows[i].search && p.n_ranges == 2 && p.search_repeats == 3);
            assert_int_equal(p.search == SEARCH_GRID ? p.ranges[0].count * p.ranges[1].count : p.max_trials,
                             rows[i].runs);
            assert_true(p.search == SEARCH_GRID || p.limit_max_accuracy_count > 0);
        }
    }
    struct params p;
    assert_true(config_read(ini, "demo", &p, &err));
    assert_int_equal(p.dataset, DATASET_SYNTH);
    assert_true(config_read(ini, "cifar10-quick", &p, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(study_comes_over_defaults_over_table),
        cmocka_unit_test(order_of_sections_does_not_matter),
        cmocka_unit_test(dos_line_ends_are_fine),
        cmocka_unit_test(studies_are_listed_in_order),
        cmocka_unit_test(lines_are_found),
        cmocka_unit_test(bad_lines_are_refused_with_their_number),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(long_lines_and_files_are_refused),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(check_all_finds_the_one_that_is_wrong),
        cmocka_unit_test(shipped_studies_are_the_papers_rows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
