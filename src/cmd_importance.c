/* `fsplab importance`: which of the searched settings the objective depends on, from a study's trials or a file's. What the
 * figures are and where they come from is in search/importance.h. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "history.h"
#include "lab.h"
#include "search/importance.h"

enum { DRAWS = 100, TRIALS_MIN = 4 };

struct options {
    const char *study, *file;
    double top;
};

struct answer {
    int n, n_top;
    double ped_anova[SPACE_MAX], sum; /* sum: of them */
    struct importance_interval first[SPACE_MAX], total[SPACE_MAX];
};

static void help(void)
{
    puts(
        "usage: fsplab importance STUDY [--trials FILE] [--top SHARE] [--json]\n"
        "\n"
        "How much the objective depends on each searched setting, over the ranges of experiments.ini, from the complete\n"
        "trials of the study, or of FILE ('-': standard input) as `fsplab trials --json` or --csv prints them.\n"
        "\n"
        "  PED-ANOVA    where the best trials lie (SHARE of them, 0.1) against where all lie, each setting alone; in per cent of\n"
        "               the sum\n"
        "  first order  the share of the predicted objective's variance that the setting explains alone (Sobol index)\n"
        "  total        the same with all its interactions\n"
        "\n"
        "In brackets: 5 and 95 % over 100 functions drawn from what the model believes. Few trials leave much open.\n"
        "\n"
        "example: fsplab importance demo --set search=bo");
}

static bool take_arguments(int argc, char **argv, struct options *o, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--top") == 0) {
            char *end = NULL;
            o->top = next ? strtod(next, &end) : 0;
            if (!next || end == next || *end || !(o->top > 0 && o->top < 1))
                return err_set(err, ERR_USAGE, "importance: --top '%s': expected a number between 0 and 1",
                               next ? next : "");
            i++;
        } else if (strcmp(argv[i], "--trials") == 0) {
            if (!next)
                return err_set(err, ERR_USAGE, "importance: --trials needs a file");
            o->file = next;
            i++;
        } else if (argv[i][0] == '-' || o->study) {
            return err_set(err, ERR_USAGE, "importance: '%s' is not understood; see `fsplab importance --help`",
                           argv[i]);
        } else {
            o->study = argv[i];
        }
    }
    return o->study || err_set(err, ERR_USAGE, "importance: name a study; `fsplab ls` lists them");
}

static bool work_out(const struct space *space, const struct trials *trials, const struct options *o, uint64_t seed,
                     struct answer *a, struct err *err)
{
    if (space->n == 0)
        return err_set(err, ERR_CONFIG, "importance: '%s' searches over nothing", o->study);
    importance_ped_anova(space, trials, o->top, a->ped_anova, &a->n, &a->n_top);
    if (a->n < TRIALS_MIN)
        return err_set(err, ERR_STATE, "importance: %d complete trial%s inside the ranges: at least %d are needed",
                       a->n, a->n == 1 ? "" : "s", TRIALS_MIN);
    for (int j = 0; j < space->n; j++)
        a->sum += a->ped_anova[j];
    importance_of_surrogate(space, trials, DRAWS, seed, a->first, a->total);
    return true;
}

static json_t *interval(const struct importance_interval *i)
{
    return json_pack("{s:f, s:f, s:f}", "estimate", i->estimate, "low", i->low, "high", i->high);
}

static void print_json(const struct space *space, const struct answer *a)
{
    json_t *all = json_array();
    for (int j = 0; j < space->n; j++)
        json_array_append_new(
            all, json_pack("{s:s, s:f, s:f, s:o, s:o, s:i, s:i}", "param", space->dims[j].name, "ped_anova",
                           a->ped_anova[j], "ped_anova_share", a->sum > 0 ? a->ped_anova[j] / a->sum : 0, "first_order",
                           interval(&a->first[j]), "total", interval(&a->total[j]), "trials", a->n, "top", a->n_top));
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    puts(text);
    free(text);
    json_decref(all);
}

static void print_text(const struct space *space, const struct answer *a)
{
    printf("%-16s %9s   %-20s   %-20s\n", "setting", "PED-ANOVA", "first order", "total");
    for (int j = 0; j < space->n; j++) {
        const struct importance_interval *f = &a->first[j], *t = &a->total[j];
        printf("%-16s %7.0f %%   %5.2f [%5.2f, %5.2f]   %5.2f [%5.2f, %5.2f]\n", space->dims[j].name,
               a->sum > 0 ? 100 * a->ped_anova[j] / a->sum : 0, f->estimate, f->low, f->high, t->estimate, t->low,
               t->high);
    }
    printf("\n%d complete trials, the best %d against all\n", a->n, a->n_top);
}

int cmd_importance(int argc, char **argv)
{
    struct cmd_options common;
    struct options o = {.top = 0.1};
    struct err err = {0};
    struct params p;
    struct space space;
    struct history h = {0};
    struct history_points points = {0};
    struct answer a = {0};
    if (!cmd_options_take(&argc, argv, &common))
        return 2;
    if (common.help)
        return help(), 0;
    bool ok = take_arguments(argc, argv, &o, &err) && cmd_settings(&common, o.study, &p, &err) &&
              lab_space(&p, &space, &err) &&
              (o.file ? history_read(o.file, &h, &err) : history_of_study(common.runs, o.study, &h, &err)) &&
              history_points(&h, &p, &space, &points, &err);
    struct trials trials = history_trials(&points);
    if (ok && (ok = work_out(&space, &trials, &o, (uint64_t)p.seed, &a, &err))) {
        if (common.json)
            print_json(&space, &a);
        else
            print_text(&space, &a);
    }
    history_points_release(&points);
    history_release(&h);
    return ok ? 0 : cmd_fail(&common, &err);
}
