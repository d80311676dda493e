/* argv to subcommand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "io/config.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", cmd_run, "run a study, or go on with it"},
    {"ls", cmd_ls, "studies and how far they are"},
    {"trials", cmd_trials, "a study's trials, as a table, JSON or CSV"},
    {"ctl", cmd_ctl, "look in, pause, resume, stop, set a value, enqueue a trial"},
    {"flops", cmd_flops, "what a net costs: parameters, multiply-adds, FLOPs"},
    {"bench", cmd_bench, "how fast training steps and operations are here"},
    {"data", cmd_data, "make synthetic images; look at a data set's files"},
    {"doctor", cmd_doctor, "what was found on this machine, and what is missing"},
};

static void help(FILE *out)
{
    fprintf(out,
            "fsplab %s: transfer learning by the flow of solution procedure (FSP)\n\n"
            "usage: fsplab COMMAND [ARGUMENT]... [-c FILE] [--runs DIR] [--set key=value]... [--json]\n\n",
            FSPLAB_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs(
        "\n`fsplab COMMAND --help` tells more. To begin with: fsplab run demo\n\nsettings, for experiments.ini and --set:\n\n",
        out);
    params_print_help(out, false);
}

/* The number of letters by which two words differ, roughly: for "did you mean". */
static int distance(const char *a, const char *b)
{
    if (!*a || !*b)
        return (int)(strlen(a) + strlen(b));
    if (*a == *b)
        return distance(a + 1, b + 1);
    int skip_a = strlen(a) > 1 ? distance(a + 1, b) : (int)strlen(b), both = distance(a + 1, b + 1);
    return 1 + (skip_a < both ? skip_a : both);
}

/* Whether experiments.ini (the one here, or after -c) has a study of that name. */
static bool is_study(const char *word, int argc, char **argv)
{
    const char *config = "experiments.ini";
    char **names = NULL;
    bool found = false;
    for (int i = 2; i + 1 < argc; i++)
        if (strcmp(argv[i], "-c") == 0)
            config = argv[i + 1];
    int n = config_studies(config, &names, NULL);
    for (int i = 0; i < n; i++) {
        found |= strcmp(names[i], word) == 0;
        free(names[i]);
    }
    free(names);
    return found;
}

static int no_screens(const char *study)
{
    fprintf(stderr,
            "fsplab: the screens are not part of this version: `fsplab run %s` runs a study, `fsplab ctl %s status` "
            "looks in\n",
            study, study);
    return 2;
}

static int unknown(int argc, char **argv)
{
    static const char *const later[] = {"suggest", "report", "export"};
    const char *near = NULL, *word = argv[1];
    if (strcmp(word, "attach") == 0)
        return no_screens(argc > 2 && argv[2][0] != '-' ? argv[2] : "STUDY");
    if (is_study(word, argc, argv))
        return no_screens(word);
    for (size_t i = 0; i < ARRAY_LEN(later); i++)
        if (strcmp(word, later[i]) == 0) {
            fprintf(stderr, "fsplab: '%s' is not part of this version; `fsplab --help` lists the commands\n", word);
            return 2;
        }
    for (size_t i = 0; i < ARRAY_LEN(commands) && strlen(word) < 12; i++)
        if (distance(word, commands[i].name) <= 2 && (!near || distance(word, commands[i].name) < distance(word, near)))
            near = commands[i].name;
    if (near)
        fprintf(stderr, "fsplab: '%s' is no command; did you mean '%s'?\n", word, near);
    else
        fprintf(stderr, "fsplab: '%s' is no %s; `fsplab --help` lists the commands\n", word,
                word[0] == '-' ? "option here: it goes behind a command" : "command, and no study of experiments.ini");
    return 2;
}

/* What a script reads must be whole: a full disk is no success. */
static int finish(int status)
{
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        fprintf(stderr, "fsplab: cannot write the output: %s\n", strerror(errno ? errno : EIO));
        return 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return finish(0);
    }
    if (strcmp(argv[1], "--help-roff") == 0) { /* for the man page */
        params_print_help(stdout, true);
        return finish(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("fsplab " FSPLAB_VERSION);
        return finish(0);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish(commands[i].run(argc - 1, argv + 1));
    return unknown(argc, argv);
}
