/* fsplab data: makes the synthetic set, and says what a data folder holds. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "cmd.h"
#include "io/data.h"
#include "io/synth.h"
#include "param.h"

static const char usage[] =
    "usage: fsplab data synth DIR [--train N] [--test N] [--seed S] [--json]\n"
    "       fsplab data info DIR [--json]\n"
    "\n"
    "synth  writes a procedural 10-class set of 32x32 images in CIFAR-10's layout\n"
    "info   checks the CIFAR-10, CIFAR-100 or synthetic set, or the image files, in DIR and describes them\n"
    "\n"
    "  --train N   training images, rounded up to a multiple of 5 (default 5000)\n"
    "  --test N    test images (default 1000)\n"
    "  --seed S    equal seeds give equal files (default 1)\n"
    "  --json      one JSON object on stdout\n"
    "  --help      this text\n"
    "\n"
    "-c FILE, --runs DIR and --set key=value are accepted, as everywhere, and change nothing here.\n"
    "\n"
    "examples:\n"
    "  fsplab data synth data/synth\n"
    "  fsplab data info data/cifar10\n";

struct request {
    const char *verb, *dir;
    int64_t train, test, seed;
    bool json, help;
    const char *synth_only; /* the last option that only synth has */
};

/* The options that take a value; NULL target: accepted and ignored. */
struct option_def {
    const char *name;
    int64_t min, max;
    size_t offset; /* in struct request; 0: ignored */
};

static const struct option_def options[] = {
    {"--train", 1, SYNTH_MAX, offsetof(struct request, train)},
    {"--test", 1, SYNTH_MAX, offsetof(struct request, test)},
    {"--seed", 0, INT64_MAX, offsetof(struct request, seed)},
    {"-c", 0, 0, 0},
    {"--runs", 0, 0, 0},
    {"--set", 0, 0, 0},
};

/* The definition of the option in WORD, "--name" or "--name=value", else NULL. */
static const struct option_def *find_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        size_t n = strlen(options[i].name);
        if (strncmp(word, options[i].name, n) == 0 && (!word[n] || (word[n] == '=' && word[1] == '-')))
            return &options[i];
    }
    return NULL;
}

static bool set_option(struct request *r, const struct option_def *o, const char *value, struct err *err)
{
    if (!o->offset)
        return true;
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end || v < o->min || v > o->max)
        return err_set(err, ERR_USAGE, "%s: '%s' is no number in %jd..%jd", o->name, value, (intmax_t)o->min,
                       (intmax_t)o->max);
    memcpy((char *)r + o->offset, &(int64_t){v}, sizeof(int64_t));
    r->synth_only = o->name;
    return true;
}

static bool parse(struct request *r, int argc, char **argv, struct err *err)
{
    bool only_names = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const struct option_def *o = only_names ? NULL : find_option(word);
        if (o) {
            const char *equals = strchr(word, '=');
            const char *value = equals ? equals + 1 : ++i < argc ? argv[i] : NULL;
            if (!value)
                return err_set(err, ERR_USAGE, "%s needs a value", word);
            if (!set_option(r, o, value, err))
                return false;
        } else if (!only_names && strcmp(word, "--") == 0) {
            only_names = true;
        } else if (!only_names && strcmp(word, "--json") == 0) {
            r->json = true;
        } else if (!only_names && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            r->help = true;
        } else if (!only_names && word[0] == '-' && word[1]) {
            return err_set(err, ERR_USAGE, "unknown option '%s'", word);
        } else if (!r->verb) {
            r->verb = word;
        } else if (!r->dir) {
            r->dir = word;
        } else {
            return err_set(err, ERR_USAGE, "unexpected argument '%s'", word);
        }
    }
    return true;
}

static bool check_request(const struct request *r, struct err *err)
{
    if (!r->verb)
        return err_set(err, ERR_USAGE, "missing: synth or info");
    bool synth = strcmp(r->verb, "synth") == 0;
    if (!synth && strcmp(r->verb, "info") != 0)
        return err_set(err, ERR_USAGE, "'%s' is unknown, allowed are synth, info", r->verb);
    if (!r->dir || !*r->dir)
        return err_set(err, ERR_USAGE, "missing: the folder DIR");
    if (!synth && r->synth_only)
        return err_set(err, ERR_USAGE, "%s belongs to 'data synth'", r->synth_only);
    return true;
}

/* Writes and frees VALUE. */
static void print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(value);
}

/* A JSON string of any bytes: jansson takes UTF-8 only, a folder's name is whatever the file system lets be. */
static json_t *json_text(const char *s)
{
    json_t *text = json_string(s);
    if (text)
        return text;
    char *ascii = xstrdup(s);
    for (char *p = ascii; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    text = json_string(ascii);
    free(ascii);
    return text;
}

static bool do_synth(const struct request *r, struct err *err)
{
    if (!synth_write(r->dir, (int)r->train, (int)r->test, (uint64_t)r->seed, err))
        return false;
    int written = ((int)r->train + 4) / 5 * 5;
    if (r->json)
        print_json(json_pack("{s:o, s:i, s:i, s:I}", "dir", json_text(r->dir), "train", written, "test", (int)r->test,
                             "seed", (json_int_t)r->seed));
    else
        printf("wrote %d training and %d test images to %s (seed %jd)\n", written, (int)r->test, r->dir,
               (intmax_t)r->seed);
    return true;
}

struct info {
    int n_files, kind, train[DATA_CLASSES], test[DATA_CLASSES];
    struct data_file files[8];
    struct dataset set; /* all of it, for the moments and the digest */
};

static const char *kind_name(int kind)
{
    static const char *const names[] = {[DATASET_SYNTH] = "synth",
                                        [DATASET_CIFAR10] = "cifar10",
                                        [DATASET_CIFAR100] = "cifar100",
                                        [DATASET_FOLDER] = "folder"};
    return names[kind];
}

static void info_json(const struct info *info, const char *dir)
{
    const struct dataset *d = &info->set;
    json_t *files = json_array(), *classes = json_array();

    for (int i = 0; i < info->n_files; i++) {
        const struct data_file *f = &info->files[i];
        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:i, s:s, s:s}", "name", f->name, "bytes", (json_int_t)f->bytes,
                                        "records", f->records, "md5", f->md5, "known", f->known));
    }
    for (int c = 0; c < d->classes; c++)
        json_array_append_new(classes, json_pack("{s:s, s:i, s:i}", "name", d->class_names[c], "train", info->train[c],
                                                 "test", info->test[c]));
    print_json(json_pack("{s:o, s:s, s:i, s:i, s:[f,f,f], s:[f,f,f], s:s, s:o, s:o}", "dir", json_text(dir), "dataset",
                         kind_name(info->kind), "train", d->train.n, "test", d->test.n, "mean", (double)d->mean[0],
                         (double)d->mean[1], (double)d->mean[2], "std", (double)d->std[0], (double)d->std[1],
                         (double)d->std[2], "digest", d->digest, "files", files, "classes", classes));
}

static void info_text(const struct info *info, const char *dir)
{
    const struct dataset *d = &info->set;

    printf("%s: %s, %d classes, %d training and %d test images\n", dir, kind_name(info->kind), d->classes, d->train.n,
           d->test.n);
    printf("mean %.4f %.4f %.4f  std %.4f %.4f %.4f  (R G B, training images)\n", (double)d->mean[0],
           (double)d->mean[1], (double)d->mean[2], (double)d->std[0], (double)d->std[1], (double)d->std[2]);
    printf("digest %s\n\n", d->digest);
    printf("%-18s %11s %8s  %-32s  %s\n", "file", "bytes", "records", "md5", "published?");
    for (int i = 0; i < info->n_files; i++) {
        const struct data_file *f = &info->files[i];
        printf("%-18s %11jd %8d  %-32s  %s\n", f->name, (intmax_t)f->bytes, f->records, f->md5, f->known);
    }
    printf("\n%-5s  %-31s %8s %8s\n", "class", "name", "train", "test");
    for (int c = 0; c < d->classes; c++)
        printf("%5d  %-31s %8d %8d\n", c, d->class_names[c], info->train[c], info->test[c]);
}

static bool do_info(const struct request *r, struct err *err)
{
    struct info *info = xcalloc(1, sizeof *info);
    info->n_files = data_info(r->dir, info->files, &info->kind, info->train, info->test, err);
    bool ok = info->n_files >= 0 && dataset_open(&info->set, info->kind, r->dir, 0, 0, err) &&
              dataset_split(&info->set, 0.0, 0, err);
    if (ok && r->json)
        info_json(info, r->dir);
    else if (ok)
        info_text(info, r->dir);
    dataset_release(&info->set);
    free(info);
    return ok;
}

int cmd_data(int argc, char **argv)
{
    struct request r = {.train = 5000, .test = 1000, .seed = 1};
    struct err err = {0};
    bool ok = parse(&r, argc, argv, &err);

    if (ok && r.help) {
        fputs(usage, stdout);
        return 0;
    }
    ok = ok && check_request(&r, &err) && (strcmp(r.verb, "synth") == 0 ? do_synth(&r, &err) : do_info(&r, &err));
    if (!ok) {
        fprintf(stderr, "fsplab data: %s\n%s", err.msg, err.code == ERR_USAGE ? "try 'fsplab data --help'\n" : "");
        return err_exit_status(err.code);
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "fsplab data: cannot write the output: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
