/* argv to subcommand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_table.h"
#include "io/config.h"
#include "ui/keys.h"

static void help(FILE *out)
{
    fprintf(out,
            "fsplab %s: transfer learning by the flow of solution procedure (FSP)\n\n"
            "usage: fsplab [STUDY] [--readonly] [--theme NAME]    the workbench; without a STUDY it opens on Setup\n"
            "       fsplab COMMAND [ARGUMENT]... [-c FILE] [--runs DIR] [--set key=value]... [--json]\n\n",
            FSPLAB_VERSION);
    for (size_t i = 0; i < (size_t)cmd_count; i++)
        fprintf(out, "  %-10s %s\n", cmd_table[i].name, cmd_table[i].help);
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

/* Whether the word names a study: of experiments.ini (the one here, the shipped one, or after -c), or one that has a folder. */
static bool is_study(const char *word, int argc, char **argv)
{
    char own[PATH_MAX];
    const char *config = own, *runs = "runs";
    char **names = NULL;
    cmd_default_config(own);
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
    const char *near = NULL, *word = argv[1];
    for (size_t i = 0; i < (size_t)cmd_count && strlen(word) < 12; i++)
        if (distance(word, cmd_table[i].name) <= 2 &&
            (!near || distance(word, cmd_table[i].name) < distance(word, near)))
            near = cmd_table[i].name;
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
    if (strcmp(argv[1], "complete") == 0) /* for the shells */
        return finish(cmd_complete(argc - 1, argv + 1));
    if (strcmp(argv[1], "--version") == 0) {
        puts("fsplab " FSPLAB_VERSION);
        return finish(0);
    }
    for (size_t i = 0; i < (size_t)cmd_count; i++)
        if (strcmp(argv[1], cmd_table[i].name) == 0)
            return finish(cmd_table[i].run(argc - 1, argv + 1));
    if (is_workbench(argc, argv))
        return finish(cmd_workbench(argc, argv));
    return unknown(argv);
}
