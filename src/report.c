/* report: which study belongs to which row, and what its store has.
 *
 * The runs of a row are trials whose test accuracy is known: of each search the recommended configuration, which is the one
 * that was repeated, else the one tested, else (select = test, where all are) the best. In table 1 there is one search and
 * its repeats are the runs; in table 2 a search is a run, and its repeats are averaged. */
#include "report_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/config.h"
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

const char *const report_nets[REPORT_NETS] = {"res14", "res26", "vgg26"};

/* ---- a study's settings ---- */

/* Those recorded, read back; the recorded text names them as params_set takes them. */
static bool settings_of(struct store *store, struct params *p, char **text, char state[16], struct err *err)
{
    struct study_row row = {0};
    bool found, ok = store_study_get(store, &row, &found, err);
    params_init(p);
    if (ok && !found)
        ok = err_set(err, ERR_STATE, "the store holds no study yet");
    *text = ok ? xstrdup(row.settings) : NULL;
    snprintf(state, 16, "%s", row.state);
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

int report_row_of(const struct params *p)
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

static char *read_protocol(const char *config, int row)
{
    struct params p;
    return config_read(config, paper_rows[row].study, &p, NULL) ? params_record(&p) : NULL;
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

/* Seconds that STEPS of BATCH images took, as of an epoch of CIFAR-10. */
static double epoch_seconds(double seconds, int n, int steps, int batch)
{
    return n > 0 && seconds > 0 ? seconds / n / steps / batch * 50000 : NAN;
}

/* From trials that were trained to their end, teachers by the trial that had to train one. */
static void take_net_seconds(struct report_row *to, const struct params *p, const struct trial_row *rows, int n)
{
    double fine = 0, teacher = 0;
    int n_fine = 0, n_teacher = 0, steps = param_find("finetune_steps"), batch = param_find("batch");
    for (int i = 0; i < n; i++) {
        bool done = rows[i].state == TRIAL_COMPLETE && !rows[i].edited && rows[i].seconds_finetune > 0;
        fine += done ? rows[i].seconds_finetune : 0;
        n_fine += done;
        teacher += done ? rows[i].seconds_teacher : 0;
        n_teacher += done && rows[i].seconds_teacher > 0;
    }
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == steps || p->ranges[i].def == batch)
            n_fine = n_teacher = 0;
    to->net_seconds[0] = epoch_seconds(fine, n_fine, p->finetune_steps, p->batch);
    to->net_seconds[1] = epoch_seconds(teacher, n_teacher, p->teacher_steps, p->batch);
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

/* ---- together ---- */

void report_study_release(struct study_reading *r)
{
    free(r->settings);
    free(r->rows);
    *r = (struct study_reading){0};
}

/* Whether the search went on by another strategy than it began with: then it is neither grid nor bo. */
static bool is_mixed(struct store *store, bool *mixed, struct err *err)
{
    struct event_row *events = NULL;
    int n = store_events(store, -1, 0, &events, err);
    *mixed = false;
    for (int i = 0; i < n; i++)
        *mixed |= strcmp(events[i].kind, "strategy") == 0;
    free(events);
    return n >= 0;
}

bool report_study_read(const char *runs, const char *study, int patience, struct study_reading *r, struct err *err)
{
    char *path = xstrfmt("%s/%s/study.db", runs, study);
    struct store *store = store_open_readonly(path, err);
    *r = (struct study_reading){0};
    free(path);
    if (store && patience >= 0)
        store_set_patience(store, patience);
    bool ok = store && settings_of(store, &r->params, &r->settings, r->state, err) && is_mixed(store, &r->mixed, err);
    r->row = ok && !r->mixed ? report_row_of(&r->params) : -1;
    r->n = ok && r->row >= 0 ? store_trials(store, &r->rows, err) : 0;
    ok = ok && r->n >= 0;
    if (store)
        store_close(store);
    if (!ok) {
        report_study_release(r);
        return err_prefix(err, "study '%s'", study);
    }
    return true;
}

void report_row_fill(const char *study, struct study_reading *r, const char *protocol, struct report_row *row)
{
    *row = (struct report_row){.on_test = r->params.select == SELECT_TEST, .settings = r->settings};
    r->settings = NULL;
    snprintf(row->study, sizeof row->study, "%s", study);
    snprintf(row->state, sizeof row->state, "%s", r->state);
    row->differences =
        protocol ? differences(row->settings, protocol)
                 : xstrfmt("[%s] is not in the configuration: the protocol was not compared", paper_rows[r->row].study);
    take_trials(row, paper_rows[r->row].table, r->rows, r->n);
    take_net_seconds(row, &r->params, r->rows, r->n);
    mean_sd(row->accuracy, row->n, &row->mean, &row->sd);
}

void report_row_release(struct report_row *r)
{
    free(r->differences);
    free(r->settings);
    *r = (struct report_row){0};
}

static bool take_study(const char *runs, const char *config, const char *study, struct report *to, struct err *err)
{
    struct study_reading r;
    char *protocol = NULL;
    bool ok = report_study_read(runs, study, -1, &r, err);
    if (!ok)
        return false;
    if (r.mixed)
        ok = err_set(err, ERR_CONFIG,
                     "study '%s' was searched by more than one strategy: it is no row of the paper's tables", study);
    else if (r.row < 0)
        ok = err_set(
            err, ERR_CONFIG,
            "study '%s' is no row of the paper's tables: method %s, %s to %s; expected is none or fsp, res26 or vgg26 "
            "to res14, searched by grid or bo or not at all",
            study, (const char *[]){"none", "kd", "hint", "fsp"}[r.params.method], r.params.teacher, r.params.student);
    else if (to->rows[r.row].study[0])
        ok = err_set(err, ERR_CONFIG, "studies '%s' and '%s' are for one row, '%s': name one of them",
                     to->rows[r.row].study, study, paper_rows[r.row].label);
    else
        report_row_fill(study, &r, protocol = read_protocol(config, r.row), &to->rows[r.row]);
    free(protocol);
    report_study_release(&r);
    return ok;
}

/* What the fine-tuning of two studies has otherwise, though it ought to be the same in both. */
static void find_unequal(const char *with, const char *without, char *buf, size_t cap)
{
    static const char *const keys[] = {"dataset",  "train_limit", "test_limit",     "val_fraction",    "augment",
                                       "shortcut", "finetune_lr", "finetune_steps", "schedule",        "batch",
                                       "momentum", "nesterov",    "weight_decay",   "label_smoothing", "precision"};
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char a[PARAM_STR_MAX] = "", b[PARAM_STR_MAX] = "";
        line_value(with, keys[i], strlen(keys[i]), a, sizeof a);
        line_value(without, keys[i], strlen(keys[i]), b, sizeof b);
        if (strcmp(a, b) != 0)
            n = str_append(buf, cap, n, "%s%s %s (%s)", n ? ", " : "", keys[i], a, b);
    }
}

void report_compare(struct report *r, int at)
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
    find_unequal(with->settings, without->settings, r->gain[at].unequal, sizeof r->gain[at].unequal);
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
        report_compare(to, i);
    if (!ok)
        report_release(to);
    return ok;
}

void report_release(struct report *r)
{
    for (int i = 0; i < REPORT_ROWS; i++)
        report_row_release(&r->rows[i]);
    *r = (struct report){0};
}
