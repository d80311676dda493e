/* What the subcommands share: common options, settings of a study, the one way to fail. */
#include "cmd.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/config.h"
#include "lab_json.h"

#ifndef FSPLAB_DATADIR
#define FSPLAB_DATADIR "/usr/local/share/fsplab"
#endif

bool cmd_default_config(char found[PATH_MAX])
{
    static const char *const places[] = {"experiments.ini", "../share/fsplab/experiments.ini"};
    char dir[PATH_MAX];
    str_append(found, PATH_MAX, 0, "experiments.ini");
    if (access(found, F_OK) == 0)
        return false;
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    dir[n > 0 ? n : 0] = 0;
    char *slash = strrchr(dir, '/');
    for (size_t i = 0; slash && i < ARRAY_LEN(places); i++) {
        slash[1] = 0;
        char *file = xstrfmt("%s%s", dir, places[i]);
        bool there = realpath(file, found) && access(found, R_OK) == 0;
        free(file);
        if (there)
            return true;
    }
    bool there = access(FSPLAB_DATADIR "/experiments.ini", R_OK) == 0;
    str_append(found, PATH_MAX, 0, "%s", there ? FSPLAB_DATADIR "/experiments.ini" : "experiments.ini");
    return there;
}

static bool usage(const struct cmd_options *o, const char *name, const char *what, const char *which)
{
    struct err err;
    err_set(&err, ERR_USAGE, "%s: %s '%s'; see `fsplab %s --help`", name, what, which, name);
    cmd_fail(o, &err);
    return false;
}

static bool take_value(struct cmd_options *o, const char *command, const char *option, const char *value)
{
    if (strcmp(option, "-c") == 0)
        o->config = value, o->shipped = false;
    else if (strcmp(option, "--runs") == 0)
        o->runs = value;
    else if (o->n_set == (int)ARRAY_LEN(o->set))
        return usage(o, command, "too many settings, at", value);
    else
        o->set[o->n_set++] = value;
    return true;
}

bool cmd_options_take(int *argc, char **argv, struct cmd_options *o)
{
    memset(o, 0, sizeof *o);
    o->shipped = cmd_default_config(o->found);
    o->config = o->found;
    o->runs = "runs";
    int n = 1;
    for (int i = 1; i < *argc; i++) /* first, since it says how to report an error */
        o->json |= strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < *argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--json") == 0)
            continue;
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            o->help = true;
        } else if (strncmp(word, "--runs=", 7) == 0 || strncmp(word, "--set=", 6) == 0) {
            if (!take_value(o, argv[0], word[2] == 'r' ? "--runs" : "--set", strchr(word, '=') + 1))
                return false;
        } else if (strcmp(word, "-c") == 0 || strcmp(word, "--runs") == 0 || strcmp(word, "--set") == 0) {
            if (i + 1 == *argc)
                return usage(o, argv[0], "a value is missing after", word);
            if (!take_value(o, argv[0], word, argv[++i]))
                return false;
        } else {
            argv[n++] = argv[i];
        }
    }
    *argc = n;
    argv[n] = NULL;
    return true;
}

bool cmd_settings(const struct cmd_options *o, const char *study, struct params *p, struct err *err)
{
    if (!config_read(o->config, study, p, err))
        return false;
    for (int i = 0; i < o->n_set; i++)
        if (!params_set_pair(p, o->set[i], err))
            return err_prefix(err, "--set %s", o->set[i]);
    return params_check(p, err);
}

int cmd_fail(const struct cmd_options *o, const struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "fsplab: %s\n", err->msg);
    if (o && o->json) {
        json_t *j =
            json_pack("{s:{s:s, s:o}}", "error", "code", err_name(err->code), "message", lab_json_text(err->msg));
        char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        if (text)
            puts(text);
        free(text);
        json_decref(j);
    }
    return err_exit_status(err->code);
}
