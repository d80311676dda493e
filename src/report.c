/* report: which study belongs to which row, and what its store has.
 *
 * The runs of a row are trials whose test accuracy is known: of each search the recommended configuration, which is the one
 * that was repeated, else the one tested, else (select = test, where all are) the best. In table 1 there is one search and
 * its repeats are the runs; in table 2 a search is a run, and its repeats are averaged. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/config.h"
#include "io/store.h"
#include "search/prune.h"

const struct paper_row paper_rows[REPORT_ROWS] = {
    {1, "S-RES14 without T", "table1-res14", {90.23, 90.30, 90.43}, 90.32, 0},
    {1, "T-RES26, S-RES14", "table1-res26-res14", {91.12, 90.55, 91.10}, 90.92, 0},
    {1, "T-VGG26, S-RES14", "table1-vgg26-res14", {90.75, 90.57, 90.80}, 90.70, 0},
    {2, "RES26 to RES14, grid", "table2-res26-grid", {91.37, 91.02, 90.98}, 91.12, 411665},
    {2, "RES26 to RES14, BO", "table2-res26-bo", {91.35, 91.31, 91.38}, 91.35, 184498},
    {2, "VGG26 to RES14, grid", "table2-vgg26-grid", {91.00, 90.83, 90.71}, 90.85, 403208},
    {2, "VGG26 to RES14, BO", "table2-vgg26-bo", {90.98, 90.96, 90.94}, 90.96, 147576},
};

/* ---- a study's settings ---- */

/* Those recorded, read back; the recorded text names them as params_set takes them. */
static bool settings_of(struct store *store, struct params *p, char **text, struct err *err)
{
    struct study_row row = {0};
    bool found, ok = store_study_get(store, &row, &found, err);
    params_init(p);
    if (ok && !found)
        ok = err_set(err, ERR_STATE, "the store holds no study yet");
    *text = ok ? xstrdup(row.settings) : NULL;
    for (char *line = row.settings, *end; ok && line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        if (*line)
            ok = params_set_pair(p, line, err);
    }
    study_row_release(&row);
    if (!ok)
        free(*text);
    return ok;
}

static bool searched(const struct params *p)
{
    return p->n_ranges > 0;
}

static int row_of(const struct params *p)
{
    bool vgg = strcmp(p->teacher, "vgg26") == 0;
    if (strcmp(p->student, "res14") != 0)
        return -1;
    if (p->method == METHOD_NONE)
        return searched(p) ? -1 : 0;
    if (p->method != METHOD_FSP || (!vgg && strcmp(p->teacher, "res26") != 0))
        return -1;
    if (!searched(p))
        return 1 + vgg;
    return p->search == SEARCH_GRID ? 3 + 2 * vgg : p->search == SEARCH_BO ? 4 + 2 * vgg : -1;
}

/* VALUE of "KEY=VALUE" in lines; false: not there. */
static bool line_value(const char *text, const char *key, size_t key_len, char *value, size_t cap)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, key, key_len) != 0 || line[key_len] != '=')
            continue;
        const char *from = line + key_len + 1, *end = strchr(from, '\n');
        snprintf(value, cap, "%.*s", end ? (int)(end - from) : (int)strlen(from), from);
        return true;
    }
    return false;
}

/* What TEXT has otherwise than the paper's PROTOCOL: "batch 64 (128), ...". */
static char *differences(const char *text, const char *protocol)
{
    char *out = xstrdup("");
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *equals = strchr(line, '=');
        if (!equals)
            break;
        size_t len = (size_t)(equals - line);
        char mine[PARAM_STR_MAX], paper[PARAM_STR_MAX] = "none";
        line_value(line, line, len, mine, sizeof mine);
        bool known = line_value(protocol, line, len, paper, sizeof paper);
        if (strncmp(line, "seed=", 5) == 0 || (known && strcmp(mine, paper) == 0))
            continue;
        char *longer = xstrfmt("%s%s%.*s %s (%s)", out, *out ? ", " : "", (int)len, line, mine, paper);
        free(out);
        out = longer;
    }
    return out;
}

static char *differences_from_paper(const char *config, const struct paper_row *paper, const char *text)
{
    struct params p;
    if (!config_read(config, paper->study, &p, NULL))
        return xstrfmt("[%s] is not in %s: the protocol was not compared", paper->study, config);
    char *protocol = params_record(&p), *out = differences(text, protocol);
    free(protocol);
    return out;
}

/* ---- its trials ---- */

/* The ask that SEARCH recommends, -1: none yet. */
static int recommended_ask(const struct trial_row *rows, int n, int search_no)
{
    int ask = -1;
    double best = -INFINITY;
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        if (r->search_no != search_no || isnan(r->test_accuracy) || r->ask_id < 0)
            continue;
        if (r->kind == TRIAL_REPEAT)
            return r->ask_id;
        if (r->test_accuracy > best) {
            best = r->test_accuracy;
            ask = r->ask_id;
        }
    }
    return ask;
}

static void add_run(struct report_row *to, double accuracy, int64_t seed)
{
    if (to->n == REPORT_RUNS)
        return;
    to->accuracy[to->n] = 100 * accuracy;
    to->seed[to->n++] = seed;
}

static void take_trials(struct report_row *to, int table, const struct trial_row *rows, int n)
{
    int searches = 0;
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        if (r->search_no >= searches)
            searches = r->search_no + 1;
        to->teacher_seconds += r->seconds_teacher;
        if (r->kind == TRIAL_REPEAT && table == 2)
            continue;
        to->trials++;
        to->seconds += r->seconds_transfer + r->seconds_finetune;
    }
    for (int s = 0; s < searches; s++) {
        int ask = recommended_ask(rows, n, s), runs = 0;
        double sum = 0;
        int64_t seed = 0;
        for (int i = 0; ask >= 0 && i < n; i++) {
            const struct trial_row *r = &rows[i];
            if (r->search_no != s || r->ask_id != ask || isnan(r->test_accuracy) || r->state != TRIAL_COMPLETE)
                continue;
            if (table == 1)
                add_run(to, r->test_accuracy, r->seed);
            sum += r->test_accuracy;
            seed = runs++ == 0 ? r->seed : seed;
        }
        if (table == 2 && runs > 0)
            add_run(to, sum / runs, seed);
    }
}

static void mean_sd(const double *v, int n, double *mean, double *sd)
{
    double square = 0;
    *mean = 0;
    for (int i = 0; i < n; i++)
        *mean += v[i] / n;
    for (int i = 0; i < n; i++)
        square += (v[i] - *mean) * (v[i] - *mean);
    *sd = n > 1 ? sqrt(square / (n - 1)) : NAN;
    if (n == 0)
        *mean = NAN;
}

/* ---- together ---- */

static bool take_study(const char *runs, const char *config, const char *study, struct report *to, struct err *err)
{
    char *path = xstrfmt("%s/%s/study.db", runs, study), *text = NULL;
    struct store *store = store_open_readonly(path, err);
    struct trial_row *rows = NULL;
    struct params p;
    bool ok = store && settings_of(store, &p, &text, err);
    int n = ok ? store_trials(store, &rows, err) : -1, at = n < 0 ? -1 : row_of(&p);
    ok = n >= 0;
    if (!ok)
        err_prefix(err, "study '%s'", study);
    else if (at < 0)
        ok = err_set(
            err, ERR_CONFIG,
            "study '%s' is no row of the paper's tables: method %s, %s to %s; expected is none or fsp, res26 or vgg26 "
            "to res14, searched by grid or bo or not at all",
            study, (const char *[]){"none", "kd", "hint", "fsp"}[p.method], p.teacher, p.student);
    else if (to->rows[at].study[0])
        ok = err_set(err, ERR_CONFIG, "studies '%s' and '%s' are for one row, '%s': name one of them",
                     to->rows[at].study, study, paper_rows[at].label);
    if (ok) {
        struct report_row *row = &to->rows[at];
        snprintf(row->study, sizeof row->study, "%s", study);
        row->on_test = p.select == SELECT_TEST;
        row->differences = differences_from_paper(config, &paper_rows[at], text);
        take_trials(row, paper_rows[at].table, rows, n);
        mean_sd(row->accuracy, row->n, &row->mean, &row->sd);
    }
    free(rows);
    free(text);
    free(path);
    if (store)
        store_close(store);
    return ok;
}

/* What row AT adds to row 0, seed by seed. */
static void compare(struct report *r, int at)
{
    const struct report_row *with = &r->rows[at], *without = &r->rows[0];
    double gain[REPORT_RUNS];
    int n = 0;
    for (int i = 0; i < with->n; i++)
        for (int j = 0; j < without->n; j++)
            if (with->seed[i] == without->seed[j])
                gain[n++] = with->accuracy[i] - without->accuracy[j];
    if (n < 2)
        return;
    r->gain[at].n = n;
    mean_sd(gain, n, &r->gain[at].mean, &r->gain[at].sd);
    double t = fabs(r->gain[at].mean) / (r->gain[at].sd / sqrt(n));
    r->gain[at].p = isfinite(t) ? 2 * prune_student_tail(t, n - 1) : r->gain[at].mean == 0 ? 1 : 0;
}

bool report_collect(const char *runs, const char *config, const char *const *studies, int n, struct report *to,
                    struct err *err)
{
    bool ok = true;
    *to = (struct report){0};
    for (int i = 0; ok && i < n; i++)
        ok = take_study(runs, config, studies[i], to, err);
    for (int i = 0; ok && n == 0 && i < REPORT_ROWS; i++) {
        char *path = xstrfmt("%s/%s/study.db", runs, paper_rows[i].study);
        if (access(path, F_OK) == 0)
            ok = take_study(runs, config, paper_rows[i].study, to, err);
        free(path);
    }
    for (int i = 1; ok && paper_rows[i].table == 1; i++)
        compare(to, i);
    if (!ok)
        report_release(to);
    return ok;
}

void report_release(struct report *r)
{
    for (int i = 0; i < REPORT_ROWS; i++)
        free(r->rows[i].differences);
    *r = (struct report){0};
}
