/* Studies written into experiments.ini: what was meant is read back, and every other byte is the same as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/config.h"
#include "io/config_save.h"
#include "scratch.h"

static char *dir;
static char path[512], stamp[SHA256_HEX];
static struct err err;

static int setup(void **state)
{
    (void)state;
    dir = scratch_new();
    snprintf(path, sizeof path, "%s", scratch_path(dir, "x.ini"));
    err = (struct err){0};
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
    assert_true(config_stamp(path, stamp, &err));
}

static char *read_text(const char *file)
{
    size_t n;
    char *data = (char *)scratch_read(file, &n), *text = xstrfmt("%.*s", (int)n, data);
    free(data);
    return text;
}

static void save(const char *section, const struct params *want)
{
    if (!config_save(path, stamp, section, want, &err))
        fail_msg("%s", err.msg);
}

static void file_is(const char *want)
{
    size_t n;
    char *text = (char *)scratch_read(path, &n);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(text, want, n);
    free(text);
}

static struct params read_study(const char *study)
{
    struct params p;
    if (!config_read(path, study, &p, &err))
        fail_msg("%s", err.msg);
    return p;
}

static void assert_same(const struct params *a, const struct params *b)
{
    char *s = params_canonical(a, ~0u), *t = params_canonical(b, ~0u);
    assert_string_equal(s, t);
    free(s);
    free(t);
    for (int i = 0; i < param_count; i++) { /* those that no record has, too */
        char x[PARAM_STR_MAX], y[PARAM_STR_MAX];
        params_format(a, i, x, sizeof x);
        params_format(b, i, y, sizeof y);
        assert_string_equal(x, y);
    }
}

static void set(struct params *p, const char *key, const char *to)
{
    if (!params_set(p, key, to, &err))
        fail_msg("%s", err.msg);
}

/* The experiments.ini that comes with the program. */
static char *real_file(void)
{
    return read_text("experiments.ini");
}

/* ---- new sections ---- */

static void a_new_section_comes_at_the_end(void **state)
{
    char *before = real_file();
    struct params p;
    (void)state;
    put(before);
    p = read_study("cifar10-quick");
    set(&p, "transfer_lr", "0.002");
    save("mine", &p);
    char *after = read_text(path);
    assert_memory_equal(after, before, strlen(before));
    assert_memory_equal(after + strlen(before), "\n[mine]\n", 8);
    struct params q = read_study("mine");
    assert_same(&p, &q);
    assert_null(strstr(after + strlen(before), "val_fraction")); /* as [defaults] has it: not said again */
    free(after);
    free(before);
}

/* A value of every setting that is not its default: each is written and read. */
static void every_setting_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < param_count; i++) {
        static const char *const tries[] = {"1", "2", "0.5", "vgg8", "no such;folder # at all", "cuda:1"};
        struct params p, d;
        char text[PARAM_STR_MAX], initial[PARAM_STR_MAX];
        params_init(&p);
        params_init(&d);
        params_format(&d, i, initial, sizeof initial);
        bool changed = false;
        for (size_t k = 0; k < ARRAY_LEN(tries) && !changed; k++)
            if (params_set(&p, param_table[i].name, tries[k], NULL)) {
                params_format(&p, i, text, sizeof text);
                changed = strcmp(text, initial) != 0;
            }
        for (const char *c = param_table[i].choices; c && *c && !changed; c += strcspn(c, " "), c += *c == ' ') {
            char word[32];
            snprintf(word, sizeof word, "%.*s", (int)strcspn(c, " "), c);
            set(&p, param_table[i].name, word);
            changed = strcmp(word, initial) != 0;
        }
        assert_true(changed);
        if (param_table[i].flags & PF_SEARCH) {
            char key[80];
            snprintf(key, sizeof key, "search.%s", param_table[i].name);
            set(&p, key, param_table[i].type == PARAM_INT ? "log 10 100 3" : "linear 0.1 0.5 4");
        }
        put("# nothing\n");
        save("a", &p);
        struct params q = read_study("a");
        assert_same(&p, &q);
    }
}

/* ---- sections that are there ---- */

static void own_lines_alone_are_changed(void **state)
{
    static const char before[] = "# top\n"
                                 "[defaults]\nseed = 3\nsearch.lambda = log 0.1 1 3\n\n"
                                 "[one]\n"
                                 "; what it is for\n"
                                 "  Batch =  64   ; images\n"
                                 "teacher_lr=1e-1\n"
                                 "\tdata_dir = \"a;b # c\" # mine\n"
                                 "\n"
                                 "# of the next one\n"
                                 "[two]\nbatch = 32\n";
    static const char after[] = "# top\n"
                                "[defaults]\nseed = 3\nsearch.lambda = log 0.1 1 3\n\n"
                                "[one]\n"
                                "; what it is for\n"
                                "  Batch =  50   ; images\n"
                                "teacher_lr=1e-1\n"
                                "\tdata_dir = there # mine\n"
                                "repeats = 2\n"
                                "search.lambda = none\n"
                                "\n"
                                "# of the next one\n"
                                "[two]\nbatch = 32\n";
    (void)state;
    put(before);
    struct params p = read_study("one");
    save("one", &p); /* nothing to say */
    file_is(before);
    set(&p, "batch", "50");
    set(&p, "data_dir", "there");
    set(&p, "repeats", "2");
    set(&p, "search.lambda", "none");
    save("ONE", &p);
    file_is(after);
    struct params q = read_study("one");
    assert_same(&p, &q);
}

/* Every section of the real file: changed and changed back it is what it was; changed, the others read as before. */
static void the_real_file_survives(void **state)
{
    char *text = real_file(), **names;
    int n;
    (void)state;
    put(text);
    n = config_studies(path, &names, &err);
    assert_true(n > 10);
    for (int i = 0; i < n; i++) {
        put(text);
        struct params own = read_study(names[i]), p = own, next = read_study(names[(i + 1) % n]);
        set(&p, "student", "res20");
        save(names[i], &p); /* a value in its place, or a new line */
        char *now = read_text(path);
        size_t head = 0, tail = 0, a = strlen(text), b = strlen(now);
        while (head < a && text[head] == now[head])
            head++;
        while (tail < a - head && text[a - 1 - tail] == now[b - 1 - tail])
            tail++;
        if (b - head - tail > strlen("student = res20\n"))
            fail_msg("[%s] became %.*s", names[i], (int)(b - head - tail), now + head);
        assert_true(a - head - tail <= strlen("res14"));
        struct params q = read_study(names[i]), r = read_study(names[(i + 1) % n]);
        assert_same(&p, &q);
        assert_same(&next, &r);
        free(now);
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(text);
}

/* ---- files as they come ---- */

static void line_ends_are_kept(void **state)
{
    (void)state;
    put("[a]\r\nbatch = 64\r\n\r\n[b]\r\nbatch = 32");
    struct params p = read_study("a");
    set(&p, "repeats", "2");
    save("a", &p);
    file_is("[a]\r\nbatch = 64\r\nrepeats = 2\r\n\r\n[b]\r\nbatch = 32");
    assert_true(config_stamp(path, stamp, &err));
    p = read_study("b"); /* no end of line: it gets one where something comes behind */
    set(&p, "batch", "31");
    save("b", &p);
    file_is("[a]\r\nbatch = 64\r\nrepeats = 2\r\n\r\n[b]\r\nbatch = 31");
    assert_true(config_stamp(path, stamp, &err));
    set(&p, "repeats", "3");
    save("b", &p);
    file_is("[a]\r\nbatch = 64\r\nrepeats = 2\r\n\r\n[b]\r\nbatch = 31\r\nrepeats = 3\r\n");
    put("[a]\nbatch = 64"); /* and a section behind it */
    p = read_study("a");
    save("c", &p);
    file_is("[a]\nbatch = 64\n\n[c]\nbatch = 64\n");
    put(""); /* nothing at all */
    save("c", &p);
    file_is("[c]\nbatch = 64\n");
    put("[c]"); /* a header and nothing else */
    save("c", &p);
    file_is("[c]\nbatch = 64\n");
}

static void what_cannot_be_done_is_refused(void **state)
{
    static const char *const bad[] = {"", "defaults", "a b", "-a", "a]b", "../a"};
    static const char twice[] = "[a]\nbatch = 1\n[b]\n[A]\nbatch = 2\n";
    struct params p;
    (void)state;
    params_init(&p);
    put(twice);
    assert_false(config_save(path, stamp, "b", &p, &err));
    assert_non_null(strstr(err.msg, "x.ini:4: section [A] stands a second time"));
    file_is(twice);
    put("[a]\n");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(config_save(path, stamp, bad[i], &p, &err));
        assert_int_equal(err.code, ERR_CONFIG);
    }
    set(&p, "data_dir", "a \"b\" c");
    assert_false(config_save(path, stamp, "b", &p, &err));
    assert_non_null(strstr(err.msg, "data_dir: 'a \"b\" c' cannot be written"));
    file_is("[a]\n");
    params_init(&p);
    scratch_write(path, "[a]\n# and more\n", 15); /* by somebody else */
    assert_false(config_save(path, stamp, "b", &p, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "has changed"));
    file_is("[a]\n# and more\n");
    unlink(path);
    assert_false(config_save(path, stamp, "b", &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_false(config_stamp(path, stamp, &err));
}

static void permissions_and_links_are_kept(void **state)
{
    struct params p;
    struct stat st;
    char link[512];
    (void)state;
    params_init(&p);
    put("[a]\n");
    snprintf(link, sizeof link, "%s", scratch_path(dir, "link.ini"));
    assert_int_equal(symlink("x.ini", link), 0);
    assert_int_equal(chmod(path, 0640), 0);
    if (!config_save(link, stamp, "b", &p, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(scratch_count(dir), 2);
    file_is("[a]\n\n[b]\n");
}

/* A disk that is full: the old file stays, whole. */
static int full_disk(void *arg)
{
    struct params *p = arg;
    scratch_limit_files(64);
    bool ok = config_save(path, stamp, "b", p, &err);
    scratch_limit_files(-1);
    return ok || err.code != ERR_IO;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    struct params p;
    char text[200];
    (void)state;
    memset(text, '#', sizeof text);
    memcpy(text + 190, "\n[a]\n", 6);
    put(text);
    params_init(&p);
    assert_int_equal(scratch_child(full_disk, &p), 0);
    file_is(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_new_section_comes_at_the_end),
        T(every_setting_comes_back),
        T(own_lines_alone_are_changed),
        T(the_real_file_survives),
        T(line_ends_are_kept),
        T(what_cannot_be_done_is_refused),
        T(permissions_and_links_are_kept),
        T(a_full_disk_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
