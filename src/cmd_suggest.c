/* `fsplab suggest`: the next points a study's search would try, with what it believes of them. The history is the
 * study's, or a file's in the shape of `trials --json`, so that any objective outside can be driven.
 *
 * A search is made as the engine makes it and given the history as the engine gives it the journal. Each suggestion counts
 * as pending for the next. */
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "history.h"
#include "lab.h"
#include "search/search.h"
#include "search/surrogate.h"

static void help(void)
{
    puts(
        "usage: fsplab suggest STUDY [-n N] [--trials FILE] [--json]\n"
        "\n"
        "The next N points (1) that the study's search would try, with the objective that is predicted there (mean and\n"
        "standard deviation, as validation accuracy) and the logarithm of what a trial there is expected to gain. The ranges are those of\n"
        "experiments.ini; what is known comes from the study's store, or from FILE ('-': standard input), a JSON array in the\n"
        "shape of `fsplab trials --json` (or --csv): of every trial \"params\", and \"val_accuracy\" or \"state\" are read, and of\n"
        "one that was stopped early \"predicted\" and \"predicted_sigma\". So any\n"
        "objective can be maximised: evaluate a suggestion, append it to FILE, ask again. A trial whose state is running,\n"
        "paused or queued is taken to be under way.\n"
        "\n"
        "example: fsplab suggest demo -n 4 --trials mine.json --set search=bo");
}

/* ---- the search ---- */

static struct search *search_with(const struct history_points *h, const struct space *space, const struct params *p,
                                  struct err *err)
{
    struct search_options so;
    lab_search_options(p, space, h->search_no, &so);
    so.max_trials = INT_MAX;
    so.limit_max_accuracy_count = 0;
    so.stop_improvement = 0;
    struct search *s = search_new(space, &so, err);
    if (s)
        history_tell(h, space, s);
    return s;
}

struct suggestion {
    double x[SPACE_MAX], mean, sigma, acquisition; /* NaN: nothing to predict from */
    enum surrogate_aim aim;                        /* what acquisition is the logarithm of */
};

static void predict(const struct history_points *h, const struct space *space, uint64_t seed, struct suggestion *to)
{
    struct trials trials = history_trials(h);
    to->aim = surrogate_aim(space, &(struct search_options){.max_trials = INT_MAX}, h->n);
    struct surrogate *s = surrogate_new(space, &trials, &(struct surrogate_options){.seed = seed, .aim = to->aim});
    to->mean = to->sigma = to->acquisition = NAN;
    if (s) {
        surrogate_predict(s, to->x, &to->mean, &to->sigma);
        to->acquisition = surrogate_acquisition(s, to->x);
    }
    surrogate_free(s);
}

/* ---- output ---- */

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void print_json(const struct space *space, const struct suggestion *list, int n)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++) {
        json_t *params = json_object();
        for (int j = 0; j < space->n; j++)
            json_object_set_new(params, space->dims[j].name, json_real(list[i].x[j]));
        json_array_append_new(all,
                              json_pack("{s:o, s:o, s:o, s:o}", "params", params, "mean", number(list[i].mean), "sigma",
                                        number(list[i].sigma), "acquisition", number(list[i].acquisition)));
    }
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    puts(text);
    free(text);
    json_decref(all);
}

static void print_text(const struct space *space, const struct suggestion *list, int n)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < space->n; j++)
            printf("%s%s %-10.4g", j > 0 ? "  " : "", space->dims[j].name, list[i].x[j]);
        if (isfinite(list[i].mean))
            printf("  predicted %.4g +- %.2g  ln(expected %s) %.1f", list[i].mean, list[i].sigma,
                   list[i].aim == AIM_LEARN ? "rise of the maximum known" : "improvement", list[i].acquisition);
        printf("%s\n", space->n == 0 ? "nothing is searched: the settings as they are" : "");
    }
}

static bool suggest(const struct cmd_options *o, const struct params *p, const struct space *space,
                    struct history_points *h, int n, struct err *err)
{
    struct search *s = search_with(h, space, p, err);
    if (!s)
        return false;
    struct suggestion *list = xcalloc((size_t)n, sizeof(*list));
    int found = 0, id;
    if (h->outside > 0)
        fprintf(stderr, "fsplab: %d trials lie outside the ranges of now: they inform the model\n", h->outside);
    if (h->incomparable > 0)
        fprintf(stderr, "fsplab: %d trials had another value of a setting that is not searched over: left out\n",
                h->incomparable);
    while (found < n && search_ask(s, list[found].x, &id) == ASK_POINT) {
        predict(h, space, (uint64_t)(p->seed + h->search_no), &list[found]);
        history_add_pending(h, space, list[found].x);
        found++;
    }
    if (found < n)
        fprintf(stderr, "fsplab: no more points: %s\n", search_stop_reason(s));
    if (o->json)
        print_json(space, list, found);
    else
        print_text(space, list, found);
    free(list);
    search_free(s);
    return true;
}

/* ---- the command line ---- */

static bool take_arguments(int argc, char **argv, const char **study, const char **file, int *n, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-n") == 0) {
            char *end = NULL;
            long v = next ? strtol(next, &end, 10) : 0;
            if (!next || end == next || *end || v < 1 || v > 1000)
                return err_set(err, ERR_USAGE, "suggest: -n '%s': expected 1 to 1000", next ? next : "");
            *n = (int)v;
            i++;
        } else if (strcmp(argv[i], "--trials") == 0) {
            if (!next)
                return err_set(err, ERR_USAGE, "suggest: --trials needs a file");
            *file = next;
            i++;
        } else if (argv[i][0] == '-' || *study) {
            return err_set(err, ERR_USAGE, "suggest: '%s' is not understood; see `fsplab suggest --help`", argv[i]);
        } else {
            *study = argv[i];
        }
    }
    return *study || err_set(err, ERR_USAGE, "suggest: name a study; `fsplab ls` lists them");
}

int cmd_suggest(int argc, char **argv)
{
    struct cmd_options o;
    struct err err = {0};
    struct params p;
    struct space space;
    struct history h = {0};
    struct history_points points = {0};
    const char *study = NULL, *file = NULL;
    int n = 1;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    bool ok = take_arguments(argc, argv, &study, &file, &n, &err) && cmd_settings(&o, study, &p, &err) &&
              lab_space(&p, &space, &err) &&
              (file ? history_read(file, &h, &err) : history_of_study(o.runs, study, &h, &err)) &&
              history_points(&h, &p, &space, &points, &err) && suggest(&o, &p, &space, &points, n, &err);
    history_points_release(&points);
    history_release(&h);
    return ok ? 0 : cmd_fail(&o, &err);
}
