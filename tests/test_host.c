/* host: the figures that the paper and its sources publish, pairs that cannot be trained, what is known of a study, and the
 * words a start hands on. For the start this program plays the study process itself: it is what the spawning executes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/host.h"
#include "../src/host_changes.h"
#include "../src/io/fsutil.h"
#include "../src/io/store.h"
#include "../src/spawn.h"
#include "scratch.h"

static char *scratch;
static char config[256], runs[256];
static struct cmd_options options;
static struct ui_host host;

static int setup(void **state)
{
    static const char ini[] = "[defaults]\ndataset = synth\n"
                              "[plain]\nlambda = 0.3\n"
                              "[searched]\nsearch = grid\nsearch.lambda = log 0.01 1 3\nmethod = fsp\n"
                              "[wrong]\nlambda = many\n";
    (void)state;
    scratch = scratch_new();
    snprintf(config, sizeof config, "%s/experiments.ini", scratch);
    snprintf(runs, sizeof runs, "%s/runs", scratch);
    scratch_write(config, ini, sizeof ini - 1);
    options = (struct cmd_options){.config = config, .runs = runs};
    host_init(&host, &options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_release(&host);
    scratch_remove(scratch);
    return 0;
}

static struct params with(const char *const *pairs)
{
    struct params p;
    struct err err = {0};
    params_init(&p);
    for (; *pairs; pairs++)
        if (!params_set_pair(&p, *pairs, &err))
            fail_msg("%s", err.msg);
    return p;
}
#define WITH(...) with((const char *const[]){__VA_ARGS__, NULL})

static struct pair_card card_of(struct params p)
{
    struct pair_card k;
    host.describe(host.ctx, &p, &k);
    return k;
}

/* ---- figures ---- */

/* RES14, RES26 and VGG26 with 10 classes, as published; TensorFlow's counts in millions, to two places. */
static void nets_cost_what_is_published(void **state)
{
    static const struct {
        const char *net, *shortcut;
        int64_t parameters, macs;
        double tf;
        int blocks;
    } known[] = {{"res14", "shortcut=A", 172506, 26395264, 52.85, 6},
                 {"res14", "shortcut=B", 175258, 26657408, 0, 6},
                 {"res26", "shortcut=A", 366938, 54706816, 109.53, 12},
                 {"res26", "shortcut=B", 369690, 54968960, 0, 12},
                 {"vgg26", "shortcut=A", 366938, 54706816, 109.42, 12}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct params p = WITH("dataset=cifar10", known[i].shortcut);
        snprintf(p.teacher, sizeof p.teacher, "%s", known[i].net);
        snprintf(p.student, sizeof p.student, "%s", known[i].net);
        struct pair_card k = card_of(p);
        const struct net_card *nets[] = {&k.teacher, &k.student};
        for (int j = 0; j < 2; j++) {
            assert_string_equal(nets[j]->name, known[i].net);
            assert_int_equal(nets[j]->parameters, known[i].parameters);
            assert_int_equal(nets[j]->macs, known[i].macs);
            assert_int_equal(nets[j]->blocks, known[i].blocks);
            if (known[i].tf != 0)
                assert_true(fabs((double)nets[j]->tf_flops / 1e6 - known[i].tf) < 0.005);
        }
    }
    /* a hundred classes: 64 weights and a bias more for each of the ninety */
    assert_int_equal(card_of(WITH("dataset=cifar100")).student.parameters, 172506 + 90 * 65);
}

static void check_pair(const struct pair_card *k, int i, int m, int n, const char *maps)
{
    assert_int_equal(k->pair[i].m, m);
    assert_int_equal(k->pair[i].n, n);
    assert_string_equal(k->pair[i].teacher_maps, maps);
    assert_string_equal(k->pair[i].student_maps, maps);
}

static void fsp_matrices_have_the_published_shapes(void **state)
{
    static const char *const teachers[] = {"teacher=res26", "teacher=vgg26"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair_card k = card_of(WITH(teachers[i], "pairing=section"));
        assert_string_equal(k.problem, "");
        assert_int_equal(k.n_pairs, 3);
        check_pair(&k, 0, 16, 16, "32x32x16 -> 32x32x16");
        check_pair(&k, 1, 16, 32, "32x32x16 -> 16x16x32");
        check_pair(&k, 2, 32, 64, "16x16x32 -> 8x8x64");
        k = card_of(WITH(teachers[i], "pairing=inside"));
        assert_string_equal(k.problem, "");
        check_pair(&k, 0, 16, 16, "32x32x16 -> 32x32x16");
        check_pair(&k, 1, 32, 32, "16x16x32 -> 16x16x32");
        check_pair(&k, 2, 64, 64, "8x8x64 -> 8x8x64");
    }
}

static void other_methods_have_other_pairs(void **state)
{
    (void)state;
    struct pair_card k = card_of(WITH("method=none", "teacher=nonsense"));
    assert_string_equal(k.teacher.name, "");
    assert_string_equal(k.problem, "");
    assert_int_equal(k.n_pairs, 0);
    k = card_of(WITH("method=kd"));
    assert_string_equal(k.teacher.name, "res26");
    assert_int_equal(k.n_pairs, 0);
    k = card_of(WITH("method=hint"));
    assert_int_equal(k.n_pairs, 1);
    assert_int_equal(k.pair[0].m, 0);
    assert_string_equal(k.pair[0].teacher_maps, "16x16x32");
}

static void problem_has(struct params p, const char *words)
{
    struct pair_card k = card_of(p);
    if (!strstr(k.problem, words))
        fail_msg("'%s' does not say '%s'", k.problem, words);
}

static void what_cannot_work_is_explained(void **state)
{
    (void)state;
    problem_has(WITH("teacher=res26", "student=res14x4"), "section 1 cannot be paired");
    problem_has(WITH("teacher=res26", "student=res14x4"), "32x32x64");
    problem_has(WITH("student=res8", "pairing=inside"), "one block a section");
    problem_has(WITH("student=res15"), "res14 and res20");
    problem_has(WITH("teacher=alexnet"), "alexnet");
    problem_has(WITH("teacher=/nowhere/net.safetensors"), "/nowhere/net.safetensors");
    problem_has(WITH("finetune_steps=0"), "finetune_steps");
    problem_has(WITH("search=grid", "search.lambda=log 0.01 1"), "lambda");
    struct pair_card k = card_of(WITH("teacher=res26", "student=res14x4"));
    assert_int_equal(k.n_pairs, 3); /* the maps are shown, the matrix is not */
    assert_int_equal(k.pair[0].m, 0);
    assert_string_equal(k.pair[0].student_maps, "32x32x64 -> 32x32x64");
    k = card_of(WITH("student=res15"));
    assert_string_equal(k.student.name, "");
    assert_string_equal(k.teacher.name, "res26");
}

static void trials_and_steps_are_planned(void **state)
{
    (void)state;
    /* 5 x 3 points and two more runs of the best; the teacher learns once */
    struct pair_card k = card_of(WITH("search=grid", "search.lambda=log 0.01 1 5", "search.transfer_lr=log 0.001 0.1 3",
                                      "repeats=3", "teacher_steps=1000", "transfer_steps=20", "finetune_steps=100"));
    assert_int_equal(k.trials, 17);
    assert_int_equal(k.steps, 1000 + 17 * 120);
    k = card_of(
        WITH("method=none", "teacher_steps=1000", "transfer_steps=20", "finetune_steps=100", "search_repeats=2"));
    assert_int_equal(k.trials, 2);
    assert_int_equal(k.steps, 200);
    k = card_of(
        WITH("teacher=a.safetensors", "method=kd", "teacher_steps=1000", "transfer_steps=20", "finetune_steps=100"));
    assert_int_equal(k.steps, 100);
    k = card_of(WITH("search.finetune_steps=log 10 1000"));
    assert_int_equal(k.trials, 25);
    assert_int_equal(k.steps, -1);
    k = card_of(WITH("search=grid", "search.lambda=log 0.01 1"));
    assert_int_equal(k.trials, -1);
}

/* ---- studies ---- */

static void store_study(const char *name, const char *state, const char *settings)
{
    struct err err = {0};
    struct study_row row = {.settings = (char *)settings, .created_ms = 1};
    char *path = xstrfmt("%s/%s/study.db", runs, name);
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.state, sizeof row.state, "%s", state);
    struct store *s = store_open(path, &err);
    if (!s || !store_study_put(s, &row, &err))
        fail_msg("%s", err.msg);
    for (int i = 1; i <= 3; i++) {
        struct trial_row t = {.number = i,
                              .state = i == 3 ? TRIAL_RUNNING : TRIAL_COMPLETE,
                              .seed = 1,
                              .val_accuracy = i == 3 ? NAN : 0.9 - 0.1 * i,
                              .test_accuracy = NAN,
                              .best_val_accuracy = NAN};
        if (!store_trial_put(s, &t, &err))
            fail_msg("%s", err.msg);
    }
    store_close(s);
    free(path);
}

static void write_run_file(const char *study, const char *name, const char *text)
{
    struct err err = {0};
    char *folder = xstrfmt("%s/%s", runs, study), *path = xstrfmt("%s/%s", folder, name);
    if (!fs_mkdirs(folder, &err))
        fail_msg("%s", err.msg);
    scratch_write(path, text, strlen(text));
    free(folder);
    free(path);
}

static struct study_card look_at(const char *study)
{
    struct study_card k = {.state = "?"};
    host.look(host.ctx, study, &k);
    return k;
}

static void a_study_is_looked_at_without_its_process(void **state)
{
    char pid[32];
    (void)state;
    assert_string_equal(look_at("plain").state, "");
    assert_true(isnan(look_at("plain").best));
    store_study("plain", "complete", "");
    struct study_card k = look_at("plain");
    assert_string_equal(k.state, "complete");
    assert_int_equal(k.trials, 3);
    assert_int_equal(k.complete, 2);
    assert_true(k.best == 0.9 - 0.1);

    store_study("searched", "running", "");
    assert_string_equal(look_at("searched").state, "interrupted"); /* nobody holds it */
    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    write_run_file("searched", "lock", pid);
    assert_string_equal(look_at("searched").state, "running");
    write_run_file("searched", "lock", "");
    assert_string_equal(look_at("searched").state, "interrupted");
    write_run_file("broken", "study.db",
                   "this is no database, and it is long enough to be looked at as one, or so it seems; "
                   "one hundred bytes are what its header takes");
    assert_string_equal(look_at("broken").state, "unreadable");
}

/* The host keeps the options that it was made with. */
static void anew(void)
{
    host_release(&host);
    host_init(&host, &options);
}

static void settings_are_those_a_study_was_begun_with(void **state)
{
    static const char *const sets[] = {"momentum=0.5"};
    struct params p;
    struct err err = {0};
    (void)state;
    assert_true(host.settings(host.ctx, "searched", &p, &err));
    assert_int_equal(p.n_ranges, 1);
    store_study("searched", "stopped",
                "lambda=0.25\nteacher=res20\nunknown_of_later=1\nsearch.transfer_lr=log 0.001 0.1\n"
                "search=random\nselect=test\n");
    options.set[0] = sets[0];
    options.n_set = 1;
    anew();
    assert_true(host.settings(host.ctx, "searched", &p, &err));
    assert_true(p.lambda == 0.25 && p.momentum == 0.5);
    assert_string_equal(p.teacher, "res20");
    assert_int_equal(p.search, SEARCH_RANDOM);
    assert_int_equal(p.select, SELECT_TEST);
    assert_int_equal(p.n_ranges, 1); /* not the INI's */
    assert_int_equal(p.ranges[0].def, param_find("transfer_lr"));

    options.set[0] = "momentum=fast";
    anew();
    assert_false(host.settings(host.ctx, "searched", &p, &err));
    assert_non_null(strstr(err.msg, "--set momentum=fast"));
    assert_false(host.settings(host.ctx, "wrong", &p, &err));
    assert_non_null(strstr(err.msg, "experiments.ini:10"));
    assert_false(host.settings(host.ctx, "nobody", &p, &err));
}

static void studies_are_those_of_the_file(void **state)
{
    char **names;
    struct err err = {0};
    (void)state;
    assert_int_equal(host.studies(host.ctx, &names, &err), 3);
    assert_string_equal(names[1], "searched");
    for (int i = 0; i < 3; i++)
        free(names[i]);
    free(names);
    options.config = "/nowhere/experiments.ini";
    anew();
    assert_int_equal(host.studies(host.ctx, &names, &err), -1);
    assert_non_null(strstr(err.msg, "/nowhere/experiments.ini"));
}

/* Renamed in the file, or begun with another: it can still be looked at. */
static void studies_that_only_runs_has_come_last(void **state)
{
    char **names;
    struct err err = {0};
    (void)state;
    store_study("zebra", "complete", "");
    store_study("plain", "complete", "");
    store_study("ape", "complete", "");
    write_run_file(".hidden", "study.db", "");
    write_run_file("teachers", "x", "");
    assert_int_equal(host.studies(host.ctx, &names, &err), 5);
    assert_string_equal(names[1], "searched");
    assert_string_equal(names[3], "ape");
    assert_string_equal(names[4], "zebra");
    for (int i = 0; i < 5; i++)
        free(names[i]);
    free(names);
    options.config = "/nowhere/experiments.ini";
    anew();
    assert_int_equal(host.studies(host.ctx, &names, &err), 3);
    assert_string_equal(names[0], "ape");
    for (int i = 0; i < 3; i++)
        free(names[i]);
    free(names);
}

/* ---- starting ---- */

static void same_settings(const struct params *a, const struct params *b)
{
    char s[PARAM_STR_MAX], t[PARAM_STR_MAX];
    for (int i = 0; i < param_count; i++) {
        params_format(a, i, s, sizeof s);
        params_format(b, i, t, sizeof t);
        assert_string_equal(s, t);
    }
    assert_int_equal(a->n_ranges, b->n_ranges);
    for (int i = 0; i < a->n_ranges; i++) {
        const struct param_range *r = &a->ranges[i], *q = &b->ranges[i];
        assert_true(r->def == q->def && r->scale == q->scale && r->min == q->min && r->max == q->max &&
                    r->count == q->count);
    }
}

/* Any settings at all come out again when the changes are applied to any other. */
static void changes_lead_from_one_to_the_other(void **state)
{
    struct rng rng;
    (void)state;
    rng_seed(&rng, 1, RNG_SEARCH);
    for (int round = 0; round < 200; round++) {
        struct params p[2];
        struct changes c;
        for (int k = 0; k < 2; k++) {
            params_init(&p[k]);
            for (int i = 0; i < param_count; i++) {
                const struct param_def *d = &param_table[i];
                char key[80];
                if (d->type == PARAM_ENUM && rng_below(&rng, 2))
                    params_set(&p[k], d->name, strrchr(d->choices, ' ') + 1, NULL);
                else if (d->type != PARAM_STRING && rng_below(&rng, 2))
                    params_set_number(&p[k], i, d->min + (fmin(d->max, 1e4) - d->min) * rng_uniform(&rng), NULL);
                snprintf(key, sizeof key, "search.%s", d->name);
                if ((d->flags & PF_SEARCH) && rng_below(&rng, 2))
                    params_set(&p[k], key, rng_below(&rng, 2) ? "linear 0.5 0.75 4" : "log 0.1 0.5", NULL);
            }
        }
        snprintf(p[1].data_dir, sizeof p[1].data_dir, "a b=%u", rng_below(&rng, 100));
        changes_init(&c, &p[0], &p[1]);
        for (int i = 0; i < c.n; i++)
            assert_true(params_set_pair(&p[0], c.set[i], NULL));
        same_settings(&p[0], &p[1]);
        changes_release(&c);
        changes_init(&c, &p[0], &p[1]);
        assert_int_equal(c.n, 0);
        changes_release(&c);
    }
}

static void read_words(const char *study, char *buf, size_t cap)
{
    size_t n;
    char *path = xstrfmt("%s/%s/words", runs, study);
    unsigned char *words = scratch_read(path, &n);
    snprintf(buf, cap, "%.*s", (int)n, (const char *)words);
    free(words);
    free(path);
}

static void a_start_hands_on_what_was_changed(void **state)
{
    struct params p;
    struct err err = {0};
    char words[2048], *want;
    static const char *const sets[] = {"batch=64"};
    (void)state;
    write_run_file("searched", "words", "");
    options.set[0] = sets[0]; /* of the command line: in the settings, so handed on, too */
    options.n_set = 1;
    anew();
    assert_true(host.settings(host.ctx, "searched", &p, &err));
    assert_true(params_set(&p, "lambda", "0.25", &err) && params_set(&p, "search.lambda", "none", &err));
    if (!host.start(host.ctx, "searched", &p, &err))
        fail_msg("%s", err.msg);
    read_words("searched", words, sizeof words);
    want = xstrfmt("run searched --headless -c %s --runs %s --set lambda=0.25 --set batch=64 --set search.lambda=none ",
                   config, runs);
    assert_string_equal(words, want);
    free(want);
}

static void a_start_that_fails_says_why(void **state)
{
    struct params p;
    struct err err = {0};
    char pid[32];
    (void)state;
    write_run_file("plain", "words", "");
    write_run_file("plain", "refuse", "config cannot find the images");
    assert_true(host.settings(host.ctx, "plain", &p, &err));
    assert_false(host.start(host.ctx, "plain", &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.msg, "cannot find the images");
    /* busy: somebody runs it, which is what was wanted; but only if there is somebody */
    write_run_file("plain", "refuse", "busy slow");
    err = (struct err){0};
    assert_false(host.start(host.ctx, "plain", &p, &err));
    assert_int_equal(err.code, ERR_BUSY);
    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    write_run_file("plain", "lock", pid);
    err = (struct err){0};
    assert_true(host.start(host.ctx, "plain", &p, &err));
    assert_int_equal(err.code, ERR_OK);
}

/* What the spawned process does: leaves its words (but for the descriptor's) in RUNS/STUDY/words, and begins, or refuses as
 * RUNS/STUDY/refuse has it. */
static int play_study(int argc, char **argv)
{
    char words[2048] = "", *dir = NULL;
    int fd = -1;
    size_t len = 0, n;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--ready-fd") == 0) {
            fd = atoi(argv[++i]);
            continue;
        }
        if (strcmp(argv[i], "--runs") == 0)
            dir = xstrfmt("%s/%s", argv[i + 1], argv[2]);
        len = str_append(words, sizeof words, len, "%s ", argv[i]);
    }
    scratch_write(scratch_path(dir, "words"), words, strlen(words));
    if (access(scratch_path(dir, "refuse"), F_OK) != 0)
        return !spawn_ready(fd, scratch_path(dir, "run.log"), NULL);
    unsigned char *text = scratch_read(scratch_path(dir, "refuse"), &n);
    char *line = xstrfmt("%.*s", (int)n, (const char *)text), *blank = strchr(line, ' ');
    struct err err = {.code = strncmp(line, "busy", 4) == 0 ? ERR_BUSY : ERR_CONFIG};
    str_append(err.msg, sizeof err.msg, 0, "%s", blank + 1);
    spawn_failed(fd, &err);
    free(text);
    free(line);
    free(dir);
    return 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nets_cost_what_is_published, setup, teardown),
        cmocka_unit_test_setup_teardown(fsp_matrices_have_the_published_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(other_methods_have_other_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_work_is_explained, setup, teardown),
        cmocka_unit_test_setup_teardown(trials_and_steps_are_planned, setup, teardown),
        cmocka_unit_test_setup_teardown(a_study_is_looked_at_without_its_process, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_are_those_a_study_was_begun_with, setup, teardown),
        cmocka_unit_test_setup_teardown(studies_are_those_of_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(studies_that_only_runs_has_come_last, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_lead_from_one_to_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_hands_on_what_was_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_that_fails_says_why, setup, teardown),
    };
    if (argc > 2 && strcmp(argv[1], "run") == 0)
        return play_study(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
