/* `fsplab export`: a study's trials for other programs. csv and json are what `trials` prints; an Optuna file is put
 * together here from store and settings, and written by io/store_optuna. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "io/fsutil.h"
#include "io/store_optuna.h"
#include "trials_text.h"

struct options {
    const char *study, *to, *path;
};

static void help(void)
{
    puts(
        "usage: fsplab export STUDY --to csv|json|optuna PATH\n"
        "\n"
        "Writes a study's trials to the file PATH ('-': standard output, not for optuna).\n"
        "\n"
        "  csv, json  as `fsplab trials --csv` and --json print them\n"
        "  optuna     an SQLite file that Optuna 3.2 and later opens: optuna.load_study(study_name=\"STUDY\",\n"
        "             storage=\"sqlite:///PATH\"). Values are validation accuracies, intermediate values those of fine-tuning by\n"
        "             step; whatever Optuna has no place for is a user attribute. PATH must not be there yet.\n"
        "\n"
        "example: fsplab export demo --to optuna demo-optuna.db");
}

static bool take_arguments(int argc, char **argv, struct options *o, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--to") == 0) {
            if (!next || (strcmp(next, "csv") != 0 && strcmp(next, "json") != 0 && strcmp(next, "optuna") != 0))
                return err_set(err, ERR_USAGE, "export: --to '%s': allowed are csv, json, optuna", next ? next : "");
            o->to = next;
            i++;
        } else if ((argv[i][0] == '-' && argv[i][1]) || o->path) {
            return err_set(err, ERR_USAGE, "export: '%s' is not understood; see `fsplab export --help`", argv[i]);
        } else {
            *(o->study ? &o->path : &o->study) = argv[i];
        }
    }
    if (!o->study)
        return err_set(err, ERR_USAGE, "export: name a study; `fsplab ls` lists them");
    if (!o->to)
        return err_set(err, ERR_USAGE, "export: say --to csv, json or optuna");
    if (!o->path)
        return err_set(err, ERR_USAGE, "export: name the file to write");
    return strcmp(o->to, "optuna") != 0 || strcmp(o->path, "-") != 0 ||
           err_set(err, ERR_USAGE, "export: an Optuna file cannot go to the standard output: name a file");
}

/* ---- text ---- */

static bool export_text(const struct options *o, const struct trial_row *rows, int n,
                        const struct stopped_list *stopped, struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    bool to_stdout = strcmp(o->path, "-") == 0;
    FILE *out = to_stdout ? stdout : open_memstream(&text, &size);
    if (!out)
        return err_set(err, ERR_IO, "cannot write '%s': out of memory", o->path);
    if (strcmp(o->to, "csv") == 0)
        trials_csv(out, rows, n);
    else
        trials_json(out, rows, n, stopped);
    if (to_stdout)
        return true;
    fclose(out);
    bool ok = fs_write_whole(o->path, text, size, err);
    free(text);
    return ok;
}

/* ---- Optuna ---- */

/* The range that a study's settings (the store's text) give to NAME: "search.NAME=log 0.1 1 5". */
static bool stored_range(const char *settings, const char *name, struct optuna_param *p)
{
    char *head = xstrfmt("search.%s=", name), scale[8];
    bool found = false;
    for (const char *line = settings; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, head, strlen(head)) == 0)
            found = sscanf(line + strlen(head), "%7s %lf %lf", scale, &p->low, &p->high) == 3;
    if (found)
        p->log = strcmp(scale, "log") == 0;
    free(head);
    return found;
}

/* The stored range, widened to what was tried: one distribution for all trials, as Optuna wants it. */
static struct optuna_param make_param(const char *name, const char *settings, const struct trial_row *rows, int n)
{
    struct optuna_param p = {.low = INFINITY, .high = -INFINITY};
    int def = param_find(name);
    snprintf(p.name, sizeof p.name, "%s", name);
    p.whole = def >= 0 && param_table[def].type == PARAM_INT;
    p.log = def >= 0 && param_table[def].scale == SCALE_LOG;
    stored_range(settings, name, &p);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < rows[i].n_params; k++)
            if (strcmp(rows[i].param_name[k], name) == 0) {
                p.low = fmin(p.low, rows[i].param_value[k]);
                p.high = fmax(p.high, rows[i].param_value[k]);
            }
    p.log &= p.low > 0;
    return p;
}

static int make_params(const char *settings, const struct trial_row *rows, int n, struct optuna_param **params)
{
    int count = 0;
    *params = NULL;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < rows[i].n_params; k++) {
            int at = 0;
            while (at < count && strcmp((*params)[at].name, rows[i].param_name[k]) != 0)
                at++;
            if (at < count)
                continue;
            *params = xrealloc(*params, (size_t)(count + 1) * sizeof **params);
            (*params)[count++] = make_param(rows[i].param_name[k], settings, rows, n);
        }
    return count;
}

/* A trial begins with its first event or checkpoint, as far as is known; its running time is exact. */
static bool make_trial(struct store *store, const struct study_row *study, const struct trial_row *row,
                       struct optuna_trial *t, struct value_row **values, struct err *err)
{
    struct event_row *events = NULL;
    struct checkpoint_row *checkpoints = NULL;
    t->row = row;
    t->started_ms = INT64_MAX;
    int n_events = store_events(store, row->number, 0, &events, err);
    int n_checkpoints = n_events < 0 ? -1 : store_checkpoints(store, row->number, &checkpoints, err);
    if (n_checkpoints >= 0)
        t->n_values = store_values(store, row->number, "finetune", "val_accuracy", values, err);
    t->values = *values;
    if (n_events > 0)
        t->started_ms = events[0].time_ms;
    if (n_checkpoints > 0 && checkpoints[n_checkpoints - 1].time_ms < t->started_ms)
        t->started_ms = checkpoints[n_checkpoints - 1].time_ms;
    if (t->started_ms == INT64_MAX)
        t->started_ms = study->created_ms;
    double seconds = row->seconds_teacher + row->seconds_transfer + row->seconds_finetune;
    t->ended_ms = t->started_ms + (int64_t)(isfinite(seconds) ? 1000 * seconds : 0);
    free(events);
    free(checkpoints);
    return n_checkpoints >= 0 && t->n_values >= 0;
}

static bool export_optuna(const struct options *o, struct store *store, const struct trial_row *rows, int n,
                          struct err *err)
{
    struct study_row study = {0};
    struct optuna_param *params = NULL;
    struct optuna_trial *trials = xcalloc((size_t)n + 1, sizeof *trials);
    struct value_row **values = xcalloc((size_t)n + 1, sizeof *values);
    bool found = false, ok = store_study_get(store, &study, &found, err);
    const char *settings = study.settings ? study.settings : "";
    for (int i = 0; ok && i < n; i++)
        ok = make_trial(store, &study, &rows[i], &trials[i], &values[i], err);
    if (ok) {
        struct optuna_study to = {.name = o->study,
                                  .settings = settings,
                                  .n_params = make_params(settings, rows, n, &params),
                                  .params = params,
                                  .n_trials = n,
                                  .trials = trials};
        ok = store_optuna_write(o->path, &to, err);
    }
    for (int i = 0; i < n; i++)
        free(values[i]);
    free(values);
    free(trials);
    free(params);
    study_row_release(&study);
    return ok;
}

/* ---- the command line ---- */

int cmd_export(int argc, char **argv)
{
    struct cmd_options common;
    struct options o = {0};
    struct err err = {0};
    struct trial_row *rows = NULL;
    if (!cmd_options_take(&argc, argv, &common))
        return 2;
    if (common.help)
        return help(), 0;
    if (!take_arguments(argc, argv, &o, &err))
        return cmd_fail(&common, &err);
    char *path = xstrfmt("%s/%s/study.db", common.runs, o.study);
    struct store *store = store_open_readonly(path, &err);
    struct stopped_list stopped = {0};
    int n = store && stopped_read(&stopped, store, &err) ? store_trials(store, &rows, &err) : -1;
    bool ok = n >= 0 || err_prefix(&err, "study '%s'", o.study);
    ok = ok && (strcmp(o.to, "optuna") == 0 ? export_optuna(&o, store, rows, n, &err)
                                            : export_text(&o, rows, n, &stopped, &err));
    free(path);
    free(rows);
    stopped_release(&stopped);
    if (store)
        store_close(store);
    if (ok && strcmp(o.path, "-") != 0)
        fprintf(stderr, "fsplab: %d trials written to '%s'\n", n, o.path);
    return ok ? 0 : cmd_fail(&common, &err);
}
