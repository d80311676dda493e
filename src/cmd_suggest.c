/* `fsplab suggest`: the next points a study's search would try, with what it believes of them. The history is the
 * study's, or a file's in the shape of `trials --json`, so that any objective outside can be driven.
 *
 * A search is made as the engine makes it and told the history. Bayesian optimisation depends on the trials alone, so
 * they are handed to it by enqueueing; the other strategies count what they have proposed, so they are asked for as
 * many points as there were. Each suggestion counts as pending for the next. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lab.h"
#include "search/search.h"
#include "search/surrogate.h"

struct history {
    struct space space;
    int n, cap, outside; /* outside: left out, as they lie outside the ranges */
    double *x, *value;   /* (n, space.n), (n) */
    uint8_t *state;      /* enum point_state */
    bool *manual;
};

static void help(void)
{
    puts(
        "usage: fsplab suggest STUDY [-n N] [--trials FILE] [--json]\n"
        "\n"
        "The next N points (1) that the study's search would try, with the objective that is predicted there (mean and\n"
        "standard deviation, as validation accuracy) and the logarithm of the expected improvement. The ranges are those of\n"
        "experiments.ini; what is known comes from the study's store, or from FILE ('-': standard input), a JSON array in the\n"
        "shape of `fsplab trials --json`: of every trial \"params\", and \"val_accuracy\" or \"state\" are read. So any\n"
        "objective can be maximised: evaluate a suggestion, append it to FILE, ask again. A trial whose state is running,\n"
        "paused or queued is taken to be under way.\n"
        "\n"
        "example: fsplab suggest demo -n 4 --trials mine.json --set search=bo");
}

/* ---- the history ---- */

static void history_add(struct history *h, const double *x, enum trial_state state, bool edited, double value,
                        bool manual)
{
    size_t dim = (size_t)h->space.n;
    if (!space_contains(&h->space, x)) {
        h->outside++;
        return;
    }
    if (h->n == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 64;
        h->x = xrealloc(h->x, (size_t)h->cap * (dim + 1) * sizeof(*h->x));
        h->value = xrealloc(h->value, (size_t)h->cap * sizeof(*h->value));
        h->state = xrealloc(h->state, (size_t)h->cap * sizeof(*h->state));
        h->manual = xrealloc(h->manual, (size_t)h->cap * sizeof(*h->manual));
    }
    memcpy(h->x + (size_t)h->n * dim, x, dim * sizeof(*x));
    bool under_way = state == TRIAL_QUEUED || state == TRIAL_RUNNING || state == TRIAL_PAUSED;
    h->value[h->n] = value;
    h->manual[h->n] = manual;
    h->state[h->n++] = under_way                                    ? POINT_PENDING
                       : edited                                     ? POINT_LEFT_OUT
                       : state == TRIAL_COMPLETE && isfinite(value) ? POINT_COMPLETE
                                                                    : POINT_FAILED;
}

static void history_release(struct history *h)
{
    free(h->x);
    free(h->value);
    free(h->state);
    free(h->manual);
}

static int by_ask(const void *a, const void *b)
{
    const struct trial_row *p = a, *q = b;
    return p->ask_id != q->ask_id ? (p->ask_id > q->ask_id) - (p->ask_id < q->ask_id)
                                  : (p->number > q->number) - (p->number < q->number);
}

/* Of the latest search, in the order of the asks. *search_no: which that is. A study never started has none. */
static bool history_of_study(struct history *h, const struct cmd_options *o, const char *study, int *search_no,
                             struct err *err)
{
    char *path = xstrfmt("%s/%s/study.db", o->runs, study);
    FILE *there = fopen(path, "rb");
    struct trial_row *rows = NULL;
    int n = 0;
    if (there) {
        fclose(there);
        struct store *store = store_open_readonly(path, err);
        n = store ? store_trials(store, &rows, err) : -1;
        if (store)
            store_close(store);
    }
    free(path);
    if (n < 0)
        return err_prefix(err, "study '%s'", study);
    for (int i = 0; i < n; i++)
        *search_no = rows[i].search_no > *search_no ? rows[i].search_no : *search_no;
    if (n > 0)
        qsort(rows, (size_t)n, sizeof(*rows), by_ask);
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        double x[SPACE_MAX];
        if (r->kind == TRIAL_REPEAT || r->search_no != *search_no || r->ask_id < 0)
            continue;
        for (int j = 0; j < h->space.n; j++) {
            x[j] = NAN; /* not searched then: outside */
            for (int k = 0; k < r->n_params; k++)
                if (strcmp(r->param_name[k], h->space.dims[j].name) == 0)
                    x[j] = r->param_value[k];
        }
        history_add(h, x, r->state, r->edited, r->val_accuracy, r->kind == TRIAL_MANUAL);
    }
    free(rows);
    return true;
}

/* One object of a file; WHERE names it in messages. */
static bool take_trial(struct history *h, const json_t *t, const char *where, struct err *err)
{
    const json_t *params = json_object_get(t, "params"), *value = json_object_get(t, "val_accuracy");
    const char *state_name = json_string_value(json_object_get(t, "state"));
    const char *kind = json_string_value(json_object_get(t, "kind"));
    double x[SPACE_MAX];
    if (!json_is_object(params))
        return err_set(err, ERR_FORMAT, "%s: no \"params\": expected {\"params\": {...}, \"val_accuracy\": number}",
                       where);
    int state = state_name ? trial_state_find(state_name) : TRIAL_COMPLETE;
    if (state < 0)
        return err_set(err, ERR_FORMAT, "%s: state '%s' is none that a trial has", where, state_name);
    if (state == TRIAL_COMPLETE && value && !json_is_number(value) && !json_is_null(value))
        return err_set(err, ERR_FORMAT, "%s: \"val_accuracy\" is no number", where);
    if (state == TRIAL_COMPLETE && !value)
        return err_set(err, ERR_FORMAT, "%s: neither \"val_accuracy\" nor a \"state\" other than complete", where);
    for (int j = 0; j < h->space.n; j++) {
        const json_t *v = json_object_get(params, h->space.dims[j].name);
        if (!json_is_number(v))
            return err_set(err, ERR_FORMAT, "%s: params has no number '%s', which the study searches over", where,
                           h->space.dims[j].name);
        x[j] = json_number_value(v);
    }
    if (!kind || strcmp(kind, "repeat") != 0)
        history_add(h, x, (enum trial_state)state, json_is_true(json_object_get(t, "edited")),
                    json_is_number(value) ? json_number_value(value) : NAN, false);
    return true;
}

static bool history_of_file(struct history *h, const char *file, struct err *err)
{
    json_error_t bad;
    FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
    if (!f)
        return err_set(err, ERR_IO, "cannot open '%s': %s", file, strerror(errno));
    json_t *all = json_loadf(f, 0, &bad);
    bool ok = true;
    if (f != stdin)
        fclose(f);
    if (!all)
        return err_set(err, ERR_FORMAT, "'%s': line %d: %s", file, bad.line, bad.text);
    if (!json_is_array(all))
        ok = err_set(err, ERR_FORMAT, "'%s': expected an array of trials, as `fsplab trials --json` prints", file);
    long latest = 0;
    for (size_t i = 0; ok && i < json_array_size(all); i++) {
        long no = (long)json_integer_value(json_object_get(json_array_get(all, i), "search"));
        latest = no > latest ? no : latest;
    }
    for (size_t i = 0; ok && i < json_array_size(all); i++) {
        const json_t *t = json_array_get(all, i);
        char *where = xstrfmt("'%s': trial %zu", file, i + 1);
        if (json_integer_value(json_object_get(t, "search")) == latest)
            ok = take_trial(h, t, where, err);
        free(where);
    }
    json_decref(all);
    return ok;
}

/* ---- the search ---- */

static struct search *search_with(const struct history *h, const struct params *p, int search_no, struct err *err)
{
    struct search_options so = {
        .strategy = (enum strategy)p->search, .seed = (uint64_t)(p->seed + search_no), .max_trials = INT_MAX};
    struct search *s = search_new(&h->space, &so, err);
    double x[SPACE_MAX];
    int id;
    for (int i = 0; s && i < h->n; i++) {
        if (so.strategy == STRATEGY_BO || h->manual[i])
            search_enqueue(s, h->x + (size_t)i * (size_t)h->space.n, NULL);
        if (search_ask(s, x, &id) != ASK_POINT)
            break; /* no more points; the next ask says so */
        if (h->state[i] != POINT_PENDING)
            search_tell(s, id,
                        h->state[i] == POINT_COMPLETE ? TELL_COMPLETE
                        : h->state[i] == POINT_FAILED ? TELL_FAILED
                                                      : TELL_LEFT_OUT,
                        h->value[i]);
    }
    return s;
}

struct suggestion {
    double x[SPACE_MAX], mean, sigma, acquisition; /* NaN: nothing to predict from */
};

static void predict(const struct history *h, uint64_t seed, struct suggestion *to)
{
    struct trials trials = {h->n, h->x, h->value, h->state};
    struct surrogate *s = surrogate_new(&h->space, &trials, &(struct surrogate_options){.seed = seed});
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
            printf("  predicted %.4g +- %.2g  ln(expected improvement) %.1f", list[i].mean, list[i].sigma,
                   list[i].acquisition);
        printf("%s\n", space->n == 0 ? "nothing is searched: the settings as they are" : "");
    }
}

static bool suggest(const struct cmd_options *o, const struct params *p, struct history *h, int search_no, int n,
                    struct err *err)
{
    struct search *s = search_with(h, p, search_no, err);
    if (!s)
        return false;
    struct suggestion *list = xcalloc((size_t)n, sizeof(*list));
    int found = 0, id;
    while (found < n && search_ask(s, list[found].x, &id) == ASK_POINT) {
        predict(h, (uint64_t)(p->seed + search_no), &list[found]);
        history_add(h, list[found].x, TRIAL_QUEUED, false, NAN, false);
        found++;
    }
    if (h->outside > 0)
        fprintf(stderr, "fsplab: %d trials lie outside the ranges of now and were left out\n", h->outside);
    if (found < n)
        fprintf(stderr, "fsplab: no more points: %s\n", search_stop_reason(s));
    if (o->json)
        print_json(&h->space, list, found);
    else
        print_text(&h->space, list, found);
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
    struct history h = {0};
    const char *study = NULL, *file = NULL;
    int n = 1, search_no = 0;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    bool ok = take_arguments(argc, argv, &study, &file, &n, &err) && cmd_settings(&o, study, &p, &err) &&
              lab_space(&p, &h.space, &err) &&
              (file ? history_of_file(&h, file, &err) : history_of_study(&h, &o, study, &search_no, &err)) &&
              suggest(&o, &p, &h, search_no, n, &err);
    history_release(&h);
    return ok ? 0 : cmd_fail(&o, &err);
}
