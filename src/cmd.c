/* What the subcommands share: common options, settings of a study, the one way to fail. */
#include "cmd.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/config.h"

#ifndef FSPLAB_DATADIR
#define FSPLAB_DATADIR "/usr/local/share/fsplab"
#endif

static const char *default_config(void)
{
    return access("experiments.ini", F_OK) != 0 && access(FSPLAB_DATADIR "/experiments.ini", R_OK) == 0
               ? FSPLAB_DATADIR "/experiments.ini"
               : "experiments.ini";
}

static bool usage(const struct cmd_options *o, const char *name, const char *what, const char *which)
{
    struct err err;
    err_set(&err, ERR_USAGE, "%s: %s '%s'; see `fsplab %s --help`", name, what, which, name);
    cmd_fail(o, &err);
    return false;
}

bool cmd_options_take(int *argc, char **argv, struct cmd_options *o)
{
    memset(o, 0, sizeof *o);
    o->config = default_config();
    o->runs = "runs";
    int n = 1;
    for (int i = 1; i < *argc; i++)
        o->json |= strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < *argc; i++) {
        bool config = strcmp(argv[i], "-c") == 0, runs = strcmp(argv[i], "--runs") == 0, set = strcmp(argv[i], "--set") == 0;
        if (strcmp(argv[i], "--json") == 0)
            continue;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            o->help = true;
            continue;
        }
        if (!config && !runs && !set) {
            argv[n++] = argv[i];
            continue;
        }
        if (i + 1 == *argc)
            return usage(o, argv[0], "a value is missing after", argv[i]);
        const char *value = argv[++i];
        if (config)
            o->config = value;
        else if (runs)
            o->runs = value;
        else if (o->n_set == (int)ARRAY_LEN(o->set))
            return usage(o, argv[0], "too many settings, at", value);
        else
            o->set[o->n_set++] = value;
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
        json_t *j = json_pack("{s:{s:s, s:s}}", "error", "code", err_name(err->code), "message", err->msg);
        char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        if (text)
            puts(text);
        free(text);
        json_decref(j);
    }
    return err_exit_status(err->code);
}
