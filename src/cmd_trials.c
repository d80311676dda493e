/* `fsplab trials`: the trials of a study from its store, which may be running meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "io/stopped.h"
#include "table.h"
#include "trials_text.h"

static void help(void)
{
    puts(
        "usage: fsplab trials STUDY [--json | --csv] [--runs DIR]\n"
        "\n"
        "Every trial of a study: state, searched values, seed, accuracies, seconds. The test accuracy is known only for\n"
        "the runs of the recommended configuration, or with select = test.\n"
        "\n"
        "examples:\n"
        "  fsplab trials demo\n"
        "  fsplab trials demo --csv > demo.csv");
}

int cmd_trials(int argc, char **argv)
{
    struct cmd_options o;
    struct err err = {0};
    const char *study = NULL;
    bool csv = false;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0)
            csv = true;
        else if (argv[i][0] == '-' || study)
            return err_set(&err, ERR_USAGE, "trials: '%s' is not understood; see `fsplab trials --help`", argv[i]),
                   cmd_fail(&o, &err);
        else
            study = argv[i];
    }
    if (!study)
        return err_set(&err, ERR_USAGE, "trials: name a study; `fsplab ls` lists them"), cmd_fail(&o, &err);
    char *path = xstrfmt("%s/%s/study.db", o.runs, study);
    struct store *store = store_open_readonly(path, &err);
    struct trial_row *rows = NULL;
    struct stopped_list stopped = {0};
    int n = store && stopped_read(&stopped, store, &err) ? store_trials(store, &rows, &err) : -1;
    free(path);
    if (n < 0) {
        if (store)
            store_close(store);
        else
            err_prefix(&err, "study '%s'", study);
        return cmd_fail(&o, &err);
    }
    if (o.json)
        trials_json(stdout, rows, n, &stopped);
    else if (csv)
        trials_csv(stdout, rows, n);
    else
        table_trials(stdout, rows, n);
    free(rows);
    stopped_release(&stopped);
    store_close(store);
    return 0;
}
