/* argv to subcommand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "io/config.h"
#include "ui/keys.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", cmd_run, "run a study, or go on with it"},
    {"attach", cmd_attach, "the screens of a study that was begun"},
    {"ls", cmd_ls, "studies and how far they are"},
    {"trials", cmd_trials, "a study's trials, as a table, JSON or CSV"},
    {"ctl", cmd_ctl, "look in, pause, resume, stop, skip, set a value, enqueue or clone a trial"},
    {"suggest", cmd_suggest, "the next points a search would try, and what it expects of them"},
    {"importance", cmd_importance, "which of the searched settings the objective depends on"},
    {"export", cmd_export, "a study's trials for other programs: CSV, JSON, an Optuna database"},
    {"import", cmd_import, "take trials from elsewhere into a study"},
    {"replay", cmd_replay, "make a trial again from its record, and compare"},
    {"report", cmd_report, "the paper's tables and figures, measured beside published"},
    {"flops", cmd_flops, "what a net costs: parameters, multiply-adds, FLOPs"},
    {"bench", cmd_bench, "how fast training steps and operations are here"},
    {"data", cmd_data, "make synthetic images; look at a data set's files"},
    {"doctor", cmd_doctor, "what was found on this machine, and what is missing"},
};

static void help(FILE *out)
{
    fprintf(out,
            "fsplab %s: transfer learning by the flow of solution procedure (FSP)\n\n"
            "usage: fsplab [STUDY] [--readonly] [--theme NAME]    the workbench; without a STUDY it opens on Setup\n"
            "       fsplab COMMAND [ARGUMENT]... [-c FILE] [--runs DIR] [--set key=value]... [--json]\n\n",
            FSPLAB_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
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

/* Whether the word names a study: of experiments.ini (the one here, or after -c), or one that has a folder. */
static bool is_study(const char *word, int argc, char **argv)
{
    const char *config = "experiments.ini", *runs = "runs";
    char **names = NULL;
    for (int i = 2; i + 1 < argc; i++)
        if (strcmp(argv[i], "-c") == 0)
            config = argv[i + 1];
        else if (strcmp(argv[i], "--runs") == 0)
            runs = argv[i + 1];
    char *path = xstrfmt("%s/%s/study.db", runs, word);
    bool found = access(path, F_OK) == 0;
    free(path);
    int n = config_studies(config, &names, NULL);
    for (int i = 0; i < n; i++) {
        found |= strcmp(names[i], word) == 0;
        free(names[i]);
    }
    free(names);
    return found;
}

static int unknown(char **argv)
{
    static const char *const later[] = {"report"};
    const char *near = NULL, *word = argv[1];
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

/* `fsplab`, `fsplab STUDY`, `fsplab --readonly STUDY`: no subcommand, but the workbench. */
static bool is_workbench(int argc, char **argv)
{
    static const char *const options[] = {"-c", "--runs", "--set", "--readonly", "--theme"};
    if (argc < 2)
        return isatty(0) && isatty(1);
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (strcmp(argv[1], options[i]) == 0)
            return true;
    return argv[1][0] != '-' && is_study(argv[1], argc, argv);
}

int main(int argc, char **argv)
{
    if (argc < 2 && !is_workbench(argc, argv)) {
        help(stderr);
        return 2;
    }
    if (argc < 2)
        return cmd_workbench(argc, argv);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return finish(0);
    }
    if (strcmp(argv[1], "--help-roff") == 0) { /* for the man page */
        params_print_help(stdout, true);
        return finish(0);
    }
    if (strcmp(argv[1], "--keys-roff") == 0 || strcmp(argv[1], "--keys-markdown") == 0) { /* man page, docs/KEYS.md */
        keys_print(stdout, strcmp(argv[1], "--keys-roff") == 0);
        return finish(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("fsplab " FSPLAB_VERSION);
        return finish(0);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish(commands[i].run(argc - 1, argv + 1));
    if (is_workbench(argc, argv))
        return finish(cmd_workbench(argc, argv));
    return unknown(argv);
}
