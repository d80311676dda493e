/* `fsplab ls`: the studies of experiments.ini and those found in RUNS. */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "cmd.h"
#include "io/config.h"
#include "io/store.h"
#include "lab_json.h"

struct entry {
    char name[64], state[16];
    bool configured;
    int trials, complete;
    int64_t planned; /* -1: not known */
    double best;
};

struct list {
    int n;
    struct entry *entries;
};

static struct entry *add(struct list *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->entries[i].name, name) == 0)
            return &l->entries[i];
    l->entries = xrealloc(l->entries, (size_t)(l->n + 1) * sizeof *l->entries);
    l->entries[l->n] = (struct entry){.best = NAN, .state = "-", .planned = -1};
    str_append(l->entries[l->n].name, sizeof l->entries[l->n].name, 0, "%s", name);
    return &l->entries[l->n++];
}

static void look(struct entry *e, const char *runs)
{
    struct err err = {0};
    char *dir = xstrfmt("%s/%s", runs, e->name), *path = xstrfmt("%s/study.db", dir);
    struct store *store = access(path, F_OK) == 0 ? store_open_readonly(path, &err) : NULL;
    struct study_row row = {0};
    struct trial_row *rows = NULL;
    bool found = false;
    if (store && store_study_get(store, &row, &found, &err) && found) {
        struct client *c = strcmp(row.state, "running") == 0 ? client_open(dir, &err) : NULL;
        bool dead = !c && err.code == ERR_STATE; /* its process was killed */
        str_append(e->state, sizeof e->state, 0, "%s", dead ? "paused" : row.state);
        client_close(c);
        study_row_release(&row);
        e->trials = store_trials(store, &rows, &err);
        for (int i = 0; i < e->trials; i++) {
            e->complete += rows[i].state == TRIAL_COMPLETE;
            if (!(rows[i].val_accuracy <= e->best) && isfinite(rows[i].val_accuracy))
                e->best = rows[i].val_accuracy;
        }
        free(rows);
    } else if (store || err.code) {
        str_append(e->state, sizeof e->state, 0, "unreadable");
    }
    if (store)
        store_close(store);
    free(path);
    free(dir);
}

static void look_up(struct entry *e, const struct cmd_options *o)
{
    struct params p;
    e->configured = true;
    if (cmd_settings(o, e->name, &p, NULL))
        e->planned = lab_planned(&p);
}

static void find_runs(struct list *l, const char *runs)
{
    DIR *d = opendir(runs);
    struct dirent *de;
    while (d && (de = readdir(d))) {
        char *path = xstrfmt("%s/%s/study.db", runs, de->d_name);
        if (de->d_name[0] != '.' && strlen(de->d_name) < 64 && access(path, F_OK) == 0)
            add(l, de->d_name);
        free(path);
    }
    if (d)
        closedir(d);
}

static void print_json(const struct list *l)
{
    json_t *all = json_array();
    for (int i = 0; i < l->n; i++) {
        const struct entry *e = &l->entries[i];
        json_array_append_new(all, json_pack("{s:o, s:o, s:b, s:i, s:i, s:o, s:o}", "study", lab_json_text(e->name),
                                             "state", e->state[0] == '-' ? json_null() : json_string(e->state),
                                             "configured", e->configured, "trials", e->trials, "complete", e->complete,
                                             "best_val_accuracy", isfinite(e->best) ? json_real(e->best) : json_null(),
                                             "planned", e->planned < 0 ? json_null() : json_integer(e->planned)));
    }
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    puts(text);
    free(text);
    json_decref(all);
}

static void print_table(const struct list *l)
{
    printf("%-24s %-10s %8s %10s\n", "study", "state", "trials", "best val");
    for (int i = 0; i < l->n; i++) {
        const struct entry *e = &l->entries[i];
        char trials[32] = "-", best[32] = "-";
        if (e->planned >= 0)
            snprintf(trials, sizeof trials, "%d/%lld", e->complete, (long long)e->planned);
        else if (e->trials > 0)
            snprintf(trials, sizeof trials, "%d", e->complete);
        if (isfinite(e->best))
            snprintf(best, sizeof best, "%.2f%%", 100 * e->best);
        printf("%-24s %-10s %8s %10s%s\n", e->name, e->state, trials, best, e->configured ? "" : "  (not in the INI)");
    }
}

int cmd_ls(int argc, char **argv)
{
    struct cmd_options o;
    struct list l = {0};
    struct err err = {0};
    char **names = NULL;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help) {
        puts(
            "usage: fsplab ls [-c FILE] [--runs DIR] [--json]\n\nThe studies of experiments.ini and those in RUNS: state, trials "
            "completed of those planned,\nbest validation accuracy.\n\nexample: fsplab ls --runs /data/runs");
        return 0;
    }
    if (argc > 1)
        return err_set(&err, ERR_USAGE, "ls: '%s' is not understood; see `fsplab ls --help`", argv[1]),
               cmd_fail(&o, &err);
    int n = config_studies(o.config, &names, &err);
    for (int i = 0; i < n; i++) {
        look_up(add(&l, names[i]), &o);
        free(names[i]);
    }
    free(names);
    find_runs(&l, o.runs);
    if (n < 0 && l.n == 0)
        return cmd_fail(&o, &err);
    for (int i = 0; i < l.n; i++)
        look(&l.entries[i], o.runs);
    (o.json ? print_json : print_table)(&l);
    free(l.entries);
    return 0;
}
