/* The table of settings: defaults, what it takes and refuses and in which words, ranges, and what reads it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "param.h"

static struct params defaults(void)
{
    struct params p;
    params_init(&p);
    return p;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" lacks \"%s\"", text, part);
}

/* ---- the table ---- */

static void rows_follow_the_struct(void **state)
{
    (void)state;
    for (int i = 0; i < param_count; i++) {
        const struct param_def *d = &param_table[i];
        assert_true(i == 0 || d->offset > param_table[i - 1].offset);
        assert_int_equal(param_find(d->name), i);
        assert_true(d->help && *d->help && d->help[strlen(d->help) - 1] != '.');
        assert_non_null(d->unit);
        assert_non_null(d->group);
        assert_true(!d->choices == (d->type != PARAM_ENUM));
        assert_true(!(d->flags & PF_TEACHER) || (d->flags & PF_TRIAL));
        assert_true(!(d->flags & (PF_LIVE | PF_SEARCH)) || d->type == PARAM_FLOAT || d->type == PARAM_INT);
        if (d->type == PARAM_INT || d->type == PARAM_FLOAT)
            assert_true(d->min < d->max);
    }
    assert_int_equal(param_find("ranges"), -1);
    assert_int_equal(param_find(""), -1);
}

static void defaults_are_the_documented_ones(void **state)
{
    (void)state;
    struct params p = defaults();
    assert_int_equal(p.dataset, DATASET_SYNTH);
    assert_string_equal(p.data_dir, "data");
    assert_string_equal(p.teacher, "res26");
    assert_string_equal(p.student, "res14");
    assert_int_equal(p.shortcut, SHORTCUT_A);
    assert_int_equal(p.method, METHOD_FSP);
    assert_int_equal(p.fsp_norm, FSP_NORM_SUM);
    assert_true(p.lambda == 0.1 && p.lambda1 == 1 && p.lambda2 == 1 && p.lambda3 == 1);
    assert_true(p.teacher_lr == 0.1 && p.transfer_lr == 1e-3 && p.finetune_lr == 0.1);
    assert_true(p.teacher_steps == 64000 && p.transfer_steps == 21000 && p.finetune_steps == 64000);
    assert_true(p.momentum == 0.9 && !p.nesterov && p.weight_decay == 1e-4);
    assert_true(p.kd_temperature == 4 && p.kd_weight == 0.9);
    assert_true(p.batch == 128 && p.augment == AUGMENT_CROP_FLIP && p.val_fraction == 0.1);
    assert_true(p.select == SELECT_VAL && p.seed == 1 && p.precision == PRECISION_F32);
    assert_string_equal(p.device, "auto");
    assert_true(p.search == SEARCH_SOBOL && p.max_trials == 25 && p.prune == PRUNE_GAIN_PI);
    assert_true(p.repeats == 1 && p.search_repeats == 1 && p.n_ranges == 0);
    struct err err = {0};
    assert_true(params_check(&p, &err));
}

/* As C enums, spelt out so that a reordered list of choices is caught. */
static void choices_are_in_the_enums_order(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
        int value;
    } rows[] = {
        {"dataset", "cifar100", DATASET_CIFAR100},
        {"shortcut", "B", SHORTCUT_B},
        {"shortcut", "a", SHORTCUT_A},
        {"method", "none", METHOD_NONE},
        {"method", "kd", METHOD_KD},
        {"method", "hint", METHOD_HINT},
        {"method", "fsp", METHOD_FSP},
        {"pairing", "inside", PAIRING_INSIDE},
        {"fsp_norm", "mean", FSP_NORM_MEAN},
        {"schedule", "cosine", SCHEDULE_COSINE},
        {"augment", "none", AUGMENT_NONE},
        {"augment", "crop", AUGMENT_CROP},
        {"augment", "crop_flip", AUGMENT_CROP_FLIP},
        {"select", "test", SELECT_TEST},
        {"precision", "tf32", PRECISION_TF32},
        {"precision", "bf16", PRECISION_BF16},
        {"search", "grid", SEARCH_GRID},
        {"search", "random", SEARCH_RANDOM},
        {"search", "sobol", SEARCH_SOBOL},
        {"search", "bo", SEARCH_BO},
        {"prune", "gain-pi", PRUNE_GAIN_PI},
        {"prune", "asha", PRUNE_ASHA},
        {"prune", "median", PRUNE_MEDIAN},
        {"dataset", "cifar10", DATASET_CIFAR10},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults();
        struct err err = {0};
        assert_true(params_set(&p, rows[i].key, rows[i].text, &err));
        assert_true(params_get_number(&p, param_find(rows[i].key)) == rows[i].value);
    }
}

/* A record of before a setting came holds as long as that has its default. */
static void later_settings_are_left_out_at_their_default(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    char *text = params_canonical(&p, PF_TRIAL);
    assert_null(strstr(text, "teacher_warmup"));
    free(text);
    assert_true(params_set(&p, "teacher_warmup", "742", NULL));
    text = params_canonical(&p, PF_TEACHER);
    assert_non_null(strstr(text, "teacher_warmup=742\n"));
    free(text);
}

static void flags_are_the_agreed_ones(void **state)
{
    (void)state;
    static const char live[] = " lambda lambda1 lambda2 lambda3 transfer_lr finetune_lr ";
    static const char teacher[] =
        " dataset train_limit val_fraction augment teacher shortcut teacher_lr teacher_steps teacher_warmup "
        "schedule batch momentum nesterov weight_decay label_smoothing seed precision ";
    static const char not_trial[] =
        " data_dir select device threads workers checkpoint_steps eval_steps search max_trials "
        "limit_max_accuracy_count max_seconds stop_improvement edited_sigma prune repeats search_repeats ";
    for (int i = 0; i < param_count; i++) {
        char word[80];
        snprintf(word, sizeof(word), " %s ", param_table[i].name);
        assert_true(!(param_table[i].flags & PF_LIVE) == !strstr(live, word));
        assert_true(!(param_table[i].flags & PF_TEACHER) == !strstr(teacher, word));
        assert_true(!(param_table[i].flags & PF_TRIAL) == !!strstr(not_trial, word));
    }
}

/* ---- single settings ---- */

static void takes_every_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *pair;
        double value;
    } rows[] = {
        {"nesterov=1", 1},     {"nesterov=TRUE", 1}, {"nesterov=Yes", 1}, {"nesterov=on", 1},
        {"nesterov=0", 0},     {"nesterov=no", 0},   {"nesterov=off", 0}, {"nesterov = false ", 0},
        {"lambda=1e-3", 1e-3}, {"lambda=.5", 0.5},   {"lambda= 7 ", 7},   {"lambda=0", 0},
        {"batch=+64", 64},     {"batch=007", 7},     {"lambda=1E2", 100}, {"seed=9007199254740000", 9007199254740000.0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults();
        struct err err = {0};
        p.nesterov = !rows[i].value;
        assert_true(params_set_pair(&p, rows[i].pair, &err));
        char key[32];
        snprintf(key, sizeof(key), "%.*s", (int)strcspn(rows[i].pair, " ="), rows[i].pair);
        assert_true(params_get_number(&p, param_find(key)) == rows[i].value);
    }
}

/* Each message: the setting, what was read, what is allowed; and the settings stay as they were. */
static void refuses_bad_values_in_plain_words(void **state)
{
    (void)state;
    static const struct {
        const char *pair, *message;
    } rows[] = {
        {"lamda=1", "unknown setting 'lamda' (did you mean 'lambda'?)"},
        {"tranfser_lr=1", "unknown setting 'tranfser_lr' (did you mean 'transfer_lr'?)"},
        {"Batch=1", "unknown setting 'Batch' (did you mean 'batch'?)"},
        {"qqqq=1", "unknown setting 'qqqq' (`fsplab --help` lists those there are)"},
        {"search.lamda=log 1 2", "unknown setting 'search.lamda' (did you mean 'search.lambda'?)"},
        {"lambda", "'lambda' is not of the form key=value"},
        {"=1", "'=1' is not of the form key=value"},
        {"lambda=", "lambda: '' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=nan", "lambda: 'nan' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=inf", "lambda: 'inf' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=-infinity", "lambda: '-infinity' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=0x10", "lambda: '0x10' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=1,5", "lambda: '1,5' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=0.1 0.2", "lambda: '0.1 0.2' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=1e", "lambda: '1e' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=-", "lambda: '-' is not a number (allowed: 0 to 1e+06)"},
        {"lambda=1e999", "lambda: '1e999' is out of range (allowed: 0 to 1e+06)"},
        {"lambda=1e-999", "lambda: '1e-999' is out of range (allowed: 0 to 1e+06)"},
        {"lambda=-0.1", "lambda: '-0.1' is out of range (allowed: 0 to 1e+06)"},
        {"val_fraction=0.91", "val_fraction: '0.91' is out of range (allowed: 0 to 0.9)"},
        {"batch=0", "batch: '0' is out of range (allowed: whole numbers from 1 to 65536)"},
        {"batch=1e3", "batch: '1e3' is not a whole number (allowed: whole numbers from 1 to 65536)"},
        {"batch=1.5", "batch: '1.5' is not a whole number (allowed: whole numbers from 1 to 65536)"},
        {"batch=", "batch: '' is not a whole number (allowed: whole numbers from 1 to 65536)"},
        {"batch=4294967297", "batch: '4294967297' is out of range (allowed: whole numbers from 1 to 65536)"},
        {"seed=99999999999999999999",
         "seed: '99999999999999999999' is out of range (allowed: whole numbers from 0 to 9007199254740000)"},
        {"seed=-1", "seed: '-1' is out of range (allowed: whole numbers from 0 to 9007199254740000)"},
        {"nesterov=2", "nesterov: '2' is neither yes nor no (allowed: 0, 1, true, false, yes, no, on, off)"},
        {"method=fps", "method: 'fps' is none of its choices (allowed: none, kd, hint, fsp)"},
        {"method=", "method: '' is none of its choices (allowed: none, kd, hint, fsp)"},
        {"method=fs", "method: 'fs' is none of its choices (allowed: none, kd, hint, fsp)"},
        {"method=kd hint", "method: 'kd hint' is none of its choices (allowed: none, kd, hint, fsp)"},
        {"device=gpu", "device: 'gpu' is no device (allowed: auto, cpu, cuda, cuda:N)"},
        {"device=cuda:", "device: 'cuda:' is no device (allowed: auto, cpu, cuda, cuda:N)"},
        {"device=cuda:1x", "device: 'cuda:1x' is no device (allowed: auto, cpu, cuda, cuda:N)"},
        {"data_dir=a\nb", "data_dir: control character 0x0a in the value (allowed: printable text)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults(), before = p;
        struct err err = {0};
        assert_false(params_set_pair(&p, rows[i].pair, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_string_equal(err.msg, rows[i].message);
        assert_memory_equal(&p, &before, sizeof(p));
        assert_false(params_set_pair(&p, rows[i].pair, NULL));
    }
}

static void long_values_do_not_overrun(void **state)
{
    (void)state;
    struct params p = defaults();
    struct err err = {0};
    char text[1 << 16];
    memset(text, 'a', sizeof(text));
    text[PARAM_STR_MAX - 1] = '\0';
    assert_true(params_set(&p, "teacher", text, &err));
    assert_string_equal(p.teacher, text);
    assert_string_equal(p.student, "res14");
    memset(text, 'a', sizeof(text));
    text[PARAM_STR_MAX] = '\0';
    assert_false(params_set(&p, "teacher", text, &err)); /* one too many */
    assert_has(err.msg, "is too long (allowed: text of at most 255 bytes)");
    text[PARAM_STR_MAX] = 'a';
    text[sizeof(text) - 1] = '\0';
    static const char *const keys[] = {"teacher", "lambda", "batch", "method", "device", "nesterov", "search.lambda"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_false(params_set(&p, keys[i], text, &err));
        assert_has(err.msg, "aaaa");
        assert_has(err.msg, "(allowed: ");
        assert_true(strlen(err.msg) < 300);
    }
    assert_false(params_set(&p, text, "1", &err));
    assert_true(strlen(err.msg) < 300);
    assert_false(params_set_pair(&p, text, &err));
}

/* Every setting at its default, at both ends and at awkward numbers comes back bit for bit. */
static void text_reads_back(void **state)
{
    (void)state;
    static const double tries[] = {0, 1, 1.0 / 3, 0.1, 1e-300, 123456789.123456789, 9007199254740000.0, 65536};
    for (int i = 0; i < param_count; i++) {
        const struct param_def *d = &param_table[i];
        struct err err = {0};
        struct params p = defaults(), q = p;
        char text[PARAM_STR_MAX];
        params_format(&p, i, text, sizeof(text));
        assert_string_equal(text, d->initial);
        if (d->type != PARAM_FLOAT && d->type != PARAM_INT)
            continue;
        for (size_t t = 0; t < ARRAY_LEN(tries) + 2; t++) {
            double v = t == 0 ? d->min : t == 1 ? d->max : tries[t - 2];
            if (!params_set_number(&p, i, v, NULL))
                continue;
            params_format(&p, i, text, sizeof(text));
            assert_true(params_set(&q, d->name, text, &err));
            assert_memory_equal(&p, &q, sizeof(p));
        }
    }
}

static void numbers_are_rounded_and_bounded(void **state)
{
    (void)state;
    struct params p = defaults(), before = p;
    struct err err = {0};
    assert_true(params_set_number(&p, param_find("batch"), 63.6, &err));
    assert_int_equal(p.batch, 64);
    p = before;
    assert_false(params_set_number(&p, param_find("batch"), 0.4, &err));
    assert_string_equal(err.msg, "batch: '0.4' is out of range (allowed: whole numbers from 1 to 65536)");
    assert_false(params_set_number(&p, param_find("batch"), NAN, &err));
    assert_false(params_set_number(&p, param_find("batch"), 1e300, &err));
    assert_false(params_set_number(&p, param_find("lambda"), NAN, &err));
    assert_false(params_set_number(&p, param_find("lambda"), INFINITY, &err));
    assert_false(params_set_number(&p, param_find("lambda"), -1e-9, &err));
    assert_false(params_set_number(&p, param_find("method"), 1, &err));
    assert_false(params_set_number(&p, param_find("teacher"), 1, &err));
    assert_memory_equal(&p, &before, sizeof(p));
    assert_true(params_get_number(&p, param_find("teacher")) == 0);
}

/* ---- ranges ---- */

static void ranges_are_kept_in_table_order(void **state)
{
    (void)state;
    struct params p = defaults(), q = p;
    struct err err = {0};
    assert_true(params_set(&p, "search.transfer_lr", "log 1e-4 1e-2 5", &err));
    assert_true(params_set(&p, "search.lambda", "linear 0 1", &err));
    assert_true(params_set(&p, "search.transfer_steps", " LOG  10\t100 ", &err));
    assert_true(params_set(&q, "search.lambda", "linear 0 1", &err));
    assert_true(params_set(&q, "search.lambda", "log 1 2", &err));
    assert_true(params_set(&q, "search.transfer_steps", "log 10 100", &err));
    assert_true(params_set(&q, "search.lambda", "linear 0 1", &err));
    assert_true(params_set(&q, "search.transfer_lr", "log 1e-4 1e-2 5", &err));
    assert_memory_equal(&p, &q, sizeof(p));
    assert_int_equal(p.n_ranges, 3);
    assert_int_equal(p.ranges[0].def, param_find("lambda"));
    assert_int_equal(p.ranges[0].scale, SCALE_LINEAR);
    assert_true(p.ranges[0].min == 0 && p.ranges[0].max == 1 && p.ranges[0].count == 0);
    assert_int_equal(p.ranges[1].scale, SCALE_LOG);
    assert_int_equal(p.ranges[1].count, 5);

    char text[64];
    param_range_format(&p.ranges[1], text, sizeof(text));
    assert_string_equal(text, "log 0.0001 0.01 5");
    param_range_format(&p.ranges[2], text, sizeof(text));
    assert_string_equal(text, "log 10 100");

    assert_true(params_set(&p, "search.lambda", "none", &err));
    assert_true(params_set(&p, "search.transfer_steps", "", &err));
    assert_true(params_set(&p, "search.momentum", "none", &err));
    assert_int_equal(p.n_ranges, 1);
    assert_int_equal(p.ranges[0].def, param_find("transfer_lr"));
}

static void refuses_bad_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *pair, *message;
    } rows[] = {
        {"search.lambda=log 1 0.1", "search.lambda: the range 1 to 0.1 is reversed (allowed: MIN at most MAX)"},
        {"search.lambda=log 0 1", "search.lambda: a log range cannot start at 0 (allowed: above 0)"},
        {"search.lambda=linear -1 1",
         "search.lambda: the range -1 to 1 leaves the setting's own (allowed: 0 to 1e+06)"},
        {"search.lambda=linear 1 1e7",
         "search.lambda: the range 1 to 1e+07 leaves the setting's own (allowed: 0 to 1e+06)"},
        {"search.batch=linear 1 2", "search.batch: this setting cannot be searched over"},
        {"search.teacher=linear 1 2", "search.teacher: this setting cannot be searched over"},
        {"search.transfer_steps=linear 1 2.5",
         "search.transfer_steps: 1 to 2.5 are not whole numbers (allowed: whole numbers from 0 to 100000000)"},
        {"search.lambda=0.1 1", "search.lambda: '0.1 1' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1", "search.lambda: 'log 1' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1 2 3 4",
         "search.lambda: 'log 1 2 3 4' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1 nan",
         "search.lambda: 'log 1 nan' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1 1e999",
         "search.lambda: 'log 1 1e999' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1 2 2.5",
         "search.lambda: 'log 1 2 2.5' is no range (allowed: linear|log MIN MAX [COUNT], or none)"},
        {"search.lambda=log 1 2 1", "search.lambda: 1 grid points (allowed: 2 to 1000000)"},
        {"search.lambda=log 1 2 0", "search.lambda: 0 grid points (allowed: 2 to 1000000)"},
        {"search.lambda=log 1 2 1e99", "search.lambda: 1e99 grid points (allowed: 2 to 1000000)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults();
        struct err err = {0};
        assert_true(params_set(&p, "search.lambda", "log 0.5 1", &err)); /* a refused range leaves the old one */
        struct params before = p;
        assert_false(params_set_pair(&p, rows[i].pair, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_string_equal(err.msg, rows[i].message);
        assert_memory_equal(&p, &before, sizeof(p));
    }
}

static void as_many_ranges_as_there_is_room_for(void **state)
{
    (void)state;
    struct params p = defaults();
    struct err err = {0};
    int set = 0;
    for (int i = 0; i < param_count; i++) {
        char key[64];
        if (!(param_table[i].flags & PF_SEARCH))
            continue;
        snprintf(key, sizeof(key), "search.%s", param_table[i].name);
        assert_true(params_set(&p, key, param_table[i].type == PARAM_INT ? "linear 1 2" : "linear 0.1 0.2", &err) ||
                    params_set(&p, key, "linear 1 2", &err));
        set++;
    }
    assert_int_equal(p.n_ranges, set);
    assert_true(set >= 10 && set <= PARAM_MAX_RANGES);
    assert_true(params_check(&p, &err));
}

/* ---- settings against each other ---- */

static void combinations_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[4], *message; /* NULL: fine */
    } rows[] = {
        {{"val_fraction=0"},
         "val_fraction: 0 leaves nothing to select by (allowed with select=val: above 0; or select=test)"},
        {{"val_fraction=0", "select=test"}, NULL},
        {{"precision=bf16", "device=cpu"}, "precision: bf16 needs a GPU (allowed with device=cpu: f32)"},
        {{"precision=tf32", "device=cpu"}, "precision: tf32 needs a GPU (allowed with device=cpu: f32)"},
        {{"precision=bf16", "device=cuda:0"}, NULL},
        {{"precision=bf16"}, "precision: bf16 needs a GPU (allowed with device=auto: f32)"},
        {{"precision=tf32", "device=cuda"}, NULL}, /* whether the plug-in has it: lab_backend */
        {{"train_limit=100", "batch=91"},
         "batch: 91 is more than the 90 training images that train_limit 100 leaves (allowed: 1 to 90)"},
        {{"train_limit=100", "batch=90"}, NULL},
        {{"teacher="}, "teacher: is empty (allowed: the name of a net or FILE.safetensors; or method=none)"},
        {{"teacher=", "method=none"}, NULL},
        {{"student=", "method=none"}, "student: is empty (allowed: the name of a net)"},
        {{"data_dir="}, "data_dir: is empty (allowed: a folder, '.' for this one)"},
        {{"stop_improvement=0.1", "search=grid"}, "stop_improvement: 0.1 needs a model (allowed without search=bo: 0)"},
        {{"nesterov=1", "momentum=0"}, "nesterov: 1 needs a momentum (allowed with momentum=0: 0)"},
        {{"search=grid", "search.lambda=log 0.1 1"}, NULL}, /* no COUNT: the search's business */
        {{"search.lambda=linear 1 1"}, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults();
        struct err err = {0};
        for (int j = 0; j < 4 && rows[i].pairs[j]; j++)
            assert_true(params_set_pair(&p, rows[i].pairs[j], &err));
        assert_true(params_check(&p, &err) == !rows[i].message);
        assert_int_equal(err.code, rows[i].message ? ERR_CONFIG : ERR_OK);
        assert_string_equal(err.msg, rows[i].message ? rows[i].message : "");
    }
}

/* Ranges may also be filled in by a form, past params_set. */
static void ranges_are_checked_again(void **state)
{
    (void)state;
    int lambda = param_find("lambda"), steps = param_find("transfer_steps");
    const struct {
        struct param_range r;
        const char *part;
    } rows[] = {
        {{lambda, SCALE_LINEAR, 2, 1, 0}, "search.lambda: the range 2 to 1 is reversed"},
        {{lambda, SCALE_LOG, 0, 1, 0}, "a log range cannot start at 0"},
        {{lambda, SCALE_LINEAR, NAN, 1, 0}, "leaves the setting's own (allowed: 0 to 1e+06)"},
        {{lambda, SCALE_LINEAR, 0, INFINITY, 0}, "leaves the setting's own"},
        {{lambda, SCALE_LINEAR, 0, 1, 1}, "1 grid points (allowed: 2 to 1000000)"},
        {{lambda, SCALE_LINEAR, 0, 1, -5}, "-5 grid points"},
        {{steps, SCALE_LINEAR, 1, 2.5, 0}, "are not whole numbers"},
        {{param_find("batch"), SCALE_LINEAR, 1, 2, 0}, "search.batch: this setting cannot be searched over"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct params p = defaults();
        struct err err = {0};
        p.ranges[0] = rows[i].r;
        p.n_ranges = 1;
        assert_false(params_check(&p, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_has(err.msg, rows[i].part);
    }
}

/* ---- readers ---- */

static void canonical_text_is_a_key(void **state)
{
    (void)state;
    struct params p = defaults(), q = p;
    struct err err = {0};
    char *a = params_canonical(&p, PF_TEACHER);
    assert_has(a, "dataset=synth\n");
    assert_has(a, "teacher_lr=0.1\n");
    assert_null(strstr(a, "student="));
    assert_true(strstr(a, "dataset=") < strstr(a, "seed="));
    assert_true(params_set(&q, "student", "res8", &err) && params_set(&q, "lambda", "3", &err));
    char *b = params_canonical(&q, PF_TEACHER);
    assert_string_equal(a, b);
    free(b);
    assert_true(params_set(&q, "batch", "64", &err));
    b = params_canonical(&q, PF_TEACHER);
    assert_string_not_equal(a, b);
    free(a);
    free(b);

    assert_true(params_set(&q, "search.lambda", "log 0.1 1 3", &err));
    a = params_canonical(&q, PF_TRIAL);
    assert_null(strstr(a, "search."));
    b = params_canonical(&q, PF_TRIAL | PF_SEARCH);
    assert_has(b, "student=res8\n");
    assert_true(strlen(b) >= 31 && strcmp(b + strlen(b) - 26, "search.lambda=log 0.1 1 3\n") == 0);
    free(a);
    free(b);
}

static void canonical_text_reads_back(void **state)
{
    (void)state;
    struct params p = defaults(), q = p;
    struct err err = {0};
    static const char *const pairs[] = {
        "data_dir=/a b/ü=c", "lambda=0.30000000000000004", "nesterov=yes",
        "seed=12",           "search.lambda=log 0.1 1 3",  "search.transfer_lr=linear 0.001 0.5"};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_true(params_set_pair(&p, pairs[i], &err));
    char *text = params_canonical(&p, ~0u), *rest = text;
    for (char *line; (line = strtok_r(rest, "\n", &rest));)
        assert_true(params_set_pair(&q, line, &err));
    snprintf(q.data_dir, sizeof(q.data_dir), "%s", p.data_dir); /* no flag: in no canonical text */
    for (int i = 0; i < param_count; i++) {
        char a[PARAM_STR_MAX], b[PARAM_STR_MAX];
        params_format(&p, i, a, sizeof(a));
        params_format(&q, i, b, sizeof(b));
        assert_string_equal(a, b);
    }
    assert_memory_equal(p.ranges, q.ranges, sizeof(p.ranges));
    free(text);
}

static char *help_text(bool roff)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    params_print_help(f, roff);
    fclose(f);
    return text;
}

static void help_names_every_setting(void **state)
{
    (void)state;
    char *plain = help_text(false), *roff = help_text(true);
    for (int i = 0; i < param_count; i++) {
        char line[80];
        snprintf(line, sizeof(line), "\n  %s ", param_table[i].name);
        assert_has(plain, line);
        snprintf(line, sizeof(line), ".TP\n.B %s\n", param_table[i].name);
        assert_has(roff, line);
    }
    for (char *line = plain; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    assert_has(plain, "(0 to 1e+06; default 0.1; live; search)");
    assert_has(roff, "gain\\-pi");
    free(plain);
    free(roff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_the_struct),
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(choices_are_in_the_enums_order),
        cmocka_unit_test(later_settings_are_left_out_at_their_default),
        cmocka_unit_test(flags_are_the_agreed_ones),
        cmocka_unit_test(takes_every_spelling),
        cmocka_unit_test(refuses_bad_values_in_plain_words),
        cmocka_unit_test(long_values_do_not_overrun),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(numbers_are_rounded_and_bounded),
        cmocka_unit_test(ranges_are_kept_in_table_order),
        cmocka_unit_test(refuses_bad_ranges),
        cmocka_unit_test(as_many_ranges_as_there_is_room_for),
        cmocka_unit_test(combinations_are_checked),
        cmocka_unit_test(ranges_are_checked_again),
        cmocka_unit_test(canonical_text_is_a_key),
        cmocka_unit_test(canonical_text_reads_back),
        cmocka_unit_test(help_names_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
