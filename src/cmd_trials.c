/* `fsplab trials`: the trials of a study from its store, which may be running meanwhile. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lab_json.h"
#include "table.h"

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

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *trial_json(const struct trial_row *r)
{
    static const char *const kinds[] = {"search", "repeat", "manual"};
    json_t *params = json_object();
    for (int i = 0; i < r->n_params; i++)
        json_object_set_new(params, r->param_name[i], json_real(r->param_value[i]));
    return json_pack("{s:i, s:s, s:o, s:I, s:b, s:o, s:o, s:o, s:{s:f, s:f, s:f}, s:s, s:i, s:i, s:b, s:o, s:o}",
                     "trial", r->number, "state", trial_state_name(r->state), "params", params, "seed",
                     (json_int_t)r->seed, "edited", r->edited, "dir", lab_json_text(r->dir), "val_accuracy",
                     number(r->val_accuracy), "test_accuracy", number(r->test_accuracy), "seconds", "teacher",
                     r->seconds_teacher, "transfer", r->seconds_transfer, "finetune", r->seconds_finetune, "kind",
                     kinds[r->kind], "search", r->search_no, "repeat", r->repeat, "collapsed", r->collapsed,
                     "best_val_accuracy", number(r->best_val_accuracy), "reason", lab_json_text(r->reason));
}

static void print_json(const struct trial_row *rows, int n)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, trial_json(&rows[i]));
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    puts(text);
    free(text);
    json_decref(all);
}

static void csv_number(double v)
{
    if (isfinite(v))
        printf(",%.10g", v);
    else
        putchar(',');
}

static void csv_text(const char *s) /* RFC 4180 */
{
    fputs(",\"", stdout);
    for (; *s; s++)
        fputs((char[]){*s, *s == '"' ? '"' : 0, 0}, stdout);
    putchar('"');
}

static void print_csv(const struct trial_row *rows, int n)
{
    const char *names[TRIAL_PARAMS_MAX];
    int params = table_params(rows, n, names);
    printf("trial,state,seed,edited");
    for (int k = 0; k < params; k++)
        printf(",%s", names[k]);
    printf(",val_accuracy,test_accuracy,seconds_teacher,seconds_transfer,seconds_finetune,dir\n");
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        printf("%d,%s,%lld,%d", r->number, trial_state_name(r->state), (long long)r->seed, r->edited);
        for (int k = 0; k < params; k++)
            csv_number(table_param(r, names[k]));
        csv_number(r->val_accuracy);
        csv_number(r->test_accuracy);
        csv_number(r->seconds_teacher);
        csv_number(r->seconds_transfer);
        csv_number(r->seconds_finetune);
        csv_text(r->dir);
        putchar('\n');
    }
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
    int n = store ? store_trials(store, &rows, &err) : -1;
    free(path);
    if (n < 0) {
        if (store)
            store_close(store);
        else
            err_prefix(&err, "study '%s'", study);
        return cmd_fail(&o, &err);
    }
    if (o.json)
        print_json(rows, n);
    else if (csv)
        print_csv(rows, n);
    else
        table_trials(stdout, rows, n);
    free(rows);
    store_close(store);
    return 0;
}
