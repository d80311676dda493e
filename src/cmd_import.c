/* `fsplab import`: trials from elsewhere become complete trials of a study, which inform its search. Everything is looked at
 * before anything is written: one wrong line and nothing is taken. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "history.h"
#include "lab.h"

/* What of a file can be taken. */
struct intake {
    struct trial_row *rows;
    int *line;
    int n, left_out; /* left_out: not complete, edited by hand, repeats */
};

static void help(void)
{
    puts(
        "usage: fsplab import STUDY FILE.json|FILE.csv\n"
        "\n"
        "Takes trials from elsewhere into a study: they are complete trials of kind manual, inform its search from then on, and\n"
        "count neither as its trials nor in its stop rules. FILE has the shape of `fsplab trials --json` or --csv; of each trial\n"
        "\"params\" and \"val_accuracy\" (0 to 1) are needed, \"seed\", \"state\", \"kind\" and \"edited\" are read: trials that are\n"
        "not complete, repeats, and those edited by hand are left out. Values may lie outside the ranges of the search. The\n"
        "study must not be running; one that was never run is made.\n"
        "\n"
        "example: fsplab trials old --json > old.json && fsplab import demo old.json");
}

static bool refuse(const struct history *h, int i, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool refuse(const struct history *h, int i, struct err *err, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return err_set(err, ERR_FORMAT, "%s:%d: %s", h->name, h->line[i], text);
}

static bool check_param(const struct history *h, int i, int k, const struct params *study, const struct space *space,
                        struct err *err)
{
    const char *name = h->rows[i].param_name[k];
    double value = h->rows[i].param_value[k];
    struct params p = *study;
    struct err why = {0};
    int def = param_find(name);
    if (def < 0) {
        const char *near = param_nearest(name);
        return near ? refuse(h, i, err, "unknown parameter '%s'; did you mean '%s'?", name, near)
                    : refuse(h, i, err, "unknown parameter '%s': expected settings of `fsplab --help`", name);
    }
    if (!(param_table[def].flags & PF_SEARCH))
        return refuse(h, i, err, "'%s' is no setting that can be searched over", name);
    if (param_table[def].type == PARAM_INT && floor(value) != value)
        return refuse(h, i, err, "%s is %.10g: expected a whole number", name, value);
    if (!params_set_number(&p, def, value, &why))
        return refuse(h, i, err, "%s", why.msg);
    for (int j = 0; j < space->n; j++)
        if (strcmp(space->dims[j].name, name) == 0)
            return true;
    return params_get_number(study, def) == value ||
           refuse(h, i, err, "%s is %.10g, and this study has %.10g and does not search over it", name, value,
                  params_get_number(study, def));
}

static bool check_trial(const struct history *h, int i, const struct params *study, const struct space *space,
                        struct err *err)
{
    const struct trial_row *r = &h->rows[i];
    for (int k = 0; k < r->n_params; k++)
        if (!check_param(h, i, k, study, space, err))
            return false;
    for (int j = 0; j < space->n; j++) {
        int k = 0;
        while (k < r->n_params && strcmp(r->param_name[k], space->dims[j].name) != 0)
            k++;
        if (k == r->n_params)
            return refuse(h, i, err, "no value of '%s', which the study searches over", space->dims[j].name);
    }
    if (isnan(r->val_accuracy))
        return refuse(h, i, err, "a complete trial without val_accuracy: expected a number from 0 to 1");
    return (r->val_accuracy >= 0 && r->val_accuracy <= 1) ||
           refuse(h, i, err, "val_accuracy is %.10g: allowed are 0 to 1", r->val_accuracy);
}

static bool take(const struct history *h, const struct params *study, const struct space *space, struct intake *in,
                 struct err *err)
{
    in->rows = xcalloc((size_t)h->n + 1, sizeof *in->rows);
    in->line = xcalloc((size_t)h->n + 1, sizeof *in->line);
    for (int i = 0; i < h->n; i++) {
        const struct trial_row *r = &h->rows[i];
        if (r->state != TRIAL_COMPLETE || r->kind == TRIAL_REPEAT || r->edited) {
            in->left_out++;
            continue;
        }
        if (!check_trial(h, i, study, space, err))
            return false;
        struct trial_row *to = &in->rows[in->n];
        *to = (struct trial_row){.seed = r->seed < 0 ? study->seed : r->seed,
                                 .val_accuracy = r->val_accuracy,
                                 .best_val_accuracy = NAN,
                                 .test_accuracy = NAN,
                                 .n_params = space->n};
        double x[SPACE_MAX];
        history_row_point(study, space, r, x);
        for (int j = 0; j < space->n; j++) {
            snprintf(to->param_name[j], sizeof to->param_name[j], "%s", space->dims[j].name);
            to->param_value[j] = x[j];
        }
        str_append(to->reason, sizeof to->reason, 0, "imported from %s", h->name);
        in->line[in->n++] = h->line[i];
    }
    return in->n > 0 || err_set(err, ERR_FORMAT, "'%s' has no complete trial (%d others)", h->name, in->left_out);
}

static bool take_arguments(int argc, char **argv, const char **study, const char **file, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if ((argv[i][0] == '-' && argv[i][1]) || *file)
            return err_set(err, ERR_USAGE, "import: '%s' is not understood; see `fsplab import --help`", argv[i]);
        *(*study ? file : study) = argv[i];
    }
    if (!*study)
        return err_set(err, ERR_USAGE, "import: name a study; `fsplab ls` lists them");
    return *file || err_set(err, ERR_USAGE, "import: name a file, in the shape of `fsplab trials %s --json`", *study);
}

static bool import(const struct cmd_options *o, const char *study, const struct params *p, const struct history *h,
                   const struct intake *in, struct err *err)
{
    int at;
    if (!lab_import(study, o->runs, p, in->rows, in->n, &at, err))
        return at < 0 ? false : err_prefix(err, "%s:%d", h->name, in->line[at]);
    if (o->json)
        printf("{\"imported\": %d, \"left_out\": %d}\n", in->n, in->left_out);
    else
        printf("%d trials imported into %s, %d left out (not complete, repeats, edited)\n", in->n, study, in->left_out);
    return true;
}

int cmd_import(int argc, char **argv)
{
    struct cmd_options o;
    struct err err = {0};
    struct params p;
    struct space space;
    struct history h = {0};
    struct intake in = {0};
    const char *study = NULL, *file = NULL;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    bool ok = take_arguments(argc, argv, &study, &file, &err) && cmd_settings(&o, study, &p, &err) &&
              lab_space(&p, &space, &err) && history_read(file, &h, &err) && take(&h, &p, &space, &in, &err) &&
              import(&o, study, &p, &h, &in, &err);
    free(in.rows);
    free(in.line);
    history_release(&h);
    return ok ? 0 : cmd_fail(&o, &err);
}
