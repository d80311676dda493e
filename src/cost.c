/* The table is small (some rows a study) and looked through as a whole. */
#include "cost.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/safetensors.h"
#include "io/store.h"
#include "nn/flops.h"
#include "weights.h"

enum { TRIALS_READ = 32, STEPS_MIN = 10 };

/* ---- what a step is ---- */

bool cost_kind(const struct params *p, int stage, struct step_kind *k)
{
    *k = (struct step_kind){
        .method = METHOD_NONE, .shortcut = p->shortcut, .batch = p->batch, .precision = p->precision};
    bool teacher = false;
    switch (stage) {
    case COST_TEACHER:
        str_append(k->net, sizeof k->net, 0, "%s", p->teacher);
        return p->method != METHOD_NONE && !strstr(p->teacher, ".safetensors") && p->teacher_steps > 0;
    case COST_TRANSFER:
        k->method = p->method;
        k->pairing = p->method == METHOD_FSP ? p->pairing : 0;
        teacher = true;
        break;
    default: /* a hint is followed by softened logits */
        teacher = p->method == METHOD_KD || p->method == METHOD_HINT;
        k->method = teacher ? METHOD_KD : METHOD_NONE;
    }
    str_append(k->net, sizeof k->net, 0, "%s", p->student);
    if (teacher)
        str_append(k->teacher, sizeof k->teacher, 0, "%s", p->teacher);
    return stage == COST_FINETUNE || p->method == METHOD_FSP || p->method == METHOD_HINT;
}

bool cost_same_kind(const struct step_kind *a, const struct step_kind *b)
{
    return strcmp(a->net, b->net) == 0 && strcmp(a->teacher, b->teacher) == 0 && a->method == b->method &&
           a->pairing == b->pairing && a->shortcut == b->shortcut && a->batch == b->batch &&
           a->precision == b->precision;
}

static double net_macs(const char *net, int shortcut)
{
    struct net_spec s;
    bool ok = strstr(net, ".safetensors") ? weights_spec_of(net, &s, NULL)
                                          : net_parse(net, shortcut == SHORTCUT_B, 10, &s, NULL);
    return ok ? (double)net_cost(&s).macs : NAN;
}

double cost_macs(const struct step_kind *k)
{
    return k->batch * (3 * net_macs(k->net, k->shortcut) + (*k->teacher ? net_macs(k->teacher, k->shortcut) : 0));
}

/* ---- the table ---- */

void cost_add(struct cost_table *t, const struct step_time *s)
{
    t->times = xrealloc(t->times, (size_t)(t->n + 1) * sizeof *t->times);
    t->times[t->n++] = *s;
}

static void release_teachers(struct cost_table *t)
{
    for (int i = 0; i < t->n_teachers; i++)
        free(t->teachers[i]);
    free(t->teachers);
    t->teachers = NULL;
    t->n_teachers = 0;
}

void cost_release(struct cost_table *t)
{
    release_teachers(t);
    free(t->times);
    *t = (struct cost_table){0};
}

/* ---- from the stores ---- */

static void read_settings(struct params *p, const char *text)
{
    params_init(p);
    while (*text) {
        size_t n = strcspn(text, "\n");
        char *line = xstrfmt("%.*s", (int)n, text);
        params_set_pair(p, line, NULL); /* of another version: what is known of it will do */
        free(line);
        text += n + (text[n] == '\n');
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Steps of a stage that a trial has done; 0: none. */
static int steps_done(struct store *s, int trial, const char *stage)
{
    struct series_row *rows = NULL;
    int n = store_series(s, trial, &rows, NULL), steps = 0;
    for (int i = 0; i < n; i++)
        if (strcmp(rows[i].stage, stage) == 0 && rows[i].last_step > steps)
            steps = rows[i].last_step;
    free(rows);
    return steps;
}

static bool has_ended(const struct trial_row *r)
{
    return r->state == TRIAL_COMPLETE || r->state == TRIAL_PRUNED;
}

/* Seconds a step of a stage, the median over the trials; NaN: none has ended it. */
static double step_seconds(struct store *s, const struct trial_row *rows, int n, int stage)
{
    static const char *const names[] = {"teacher", "transfer", "finetune"};
    double v[TRIALS_READ];
    int got = 0;
    for (int i = 0; i < n && got < TRIALS_READ; i++) {
        const double seconds[] = {rows[i].seconds_teacher, rows[i].seconds_transfer, rows[i].seconds_finetune};
        int steps = has_ended(&rows[i]) && seconds[stage] > 0 ? steps_done(s, rows[i].number, names[stage]) : 0;
        if (steps >= STEPS_MIN)
            v[got++] = seconds[stage] / steps;
    }
    qsort(v, (size_t)got, sizeof *v, by_value);
    return got == 0 ? NAN : got % 2 ? v[got / 2] : (v[got / 2 - 1] + v[got / 2]) / 2;
}

/* The kind of device that a trial of the study was trained on, from a state that it saved. */
static void read_isa(const char *runs, const char *study, const struct trial_row *rows, int n, char *isa, size_t cap)
{
    isa[0] = '\0';
    for (int i = n - 1; i >= 0 && !*isa; i--) {
        struct st_file f;
        char *path = xstrfmt("%s/%s/trial-%04d/state.safetensors", runs, study, rows[i].number);
        st_init(&f);
        if (access(path, R_OK) == 0 && st_read(&f, path, NULL) && st_meta_get(&f, "isa"))
            str_append(isa, cap, 0, "%s", st_meta_get(&f, "isa"));
        st_release(&f);
        free(path);
    }
}

static void take_teacher(struct cost_table *t, const struct params *p)
{
    t->teachers = xrealloc(t->teachers, (size_t)(t->n_teachers + 1) * sizeof *t->teachers);
    t->teachers[t->n_teachers++] = params_canonical(p, PF_TEACHER);
}

static void read_study(struct cost_table *t, const char *runs, const char *study, struct store *s)
{
    struct study_row row = {0};
    struct trial_row *rows = NULL;
    struct params p;
    struct step_time time;
    int trials = 0, complete = 0;
    double best;
    bool found = false;
    if (!store_study_get(s, &row, &found, NULL) || !found || !store_trials_sum(s, &trials, &complete, &best, NULL))
        goto out;
    read_settings(&p, row.settings ? row.settings : "");
    int n = store_trials_between(s, trials - TRIALS_READ + 1, trials, &rows, NULL);
    if (n <= 0 || complete == 0)
        goto out;
    memset(&time, 0, sizeof time);
    read_isa(runs, study, rows, n, time.isa, sizeof time.isa);
    str_append(time.study, sizeof time.study, 0, "%s", study);
    time.created_ms = row.created_ms;
    if (p.method != METHOD_NONE)
        take_teacher(t, &p);
    for (int stage = 0; stage < COST_STAGES; stage++) {
        if (!cost_kind(&p, stage, &time.kind) || isnan(time.seconds = step_seconds(s, rows, n, stage)))
            continue;
        time.macs = cost_macs(&time.kind);
        cost_add(t, &time);
    }
out:
    free(rows);
    study_row_release(&row);
}

void cost_read_runs(struct cost_table *t, const char *runs)
{
    DIR *d = opendir(runs);
    int kept = 0;
    for (int i = 0; i < t->n; i++)
        if (!t->times[i].study[0])
            t->times[kept++] = t->times[i];
    t->n = kept;
    release_teachers(t);
    for (struct dirent *e; d && (e = readdir(d));) {
        char *path = xstrfmt("%s/%s/study.db", runs, e->d_name);
        struct store *s = e->d_name[0] != '.' && access(path, F_OK) == 0 ? store_open_readonly(path, NULL) : NULL;
        free(path);
        if (!s)
            continue;
        store_set_patience(s, 0);
        read_study(t, runs, e->d_name, s);
        store_close(s);
    }
    if (d)
        closedir(d);
}

/* ---- the estimate ---- */

enum source { FROM_NOWHERE, FROM_SCALED, FROM_STUDY, FROM_HERE };

/* How good a row is for a kind of step; 0: no use. */
static int worth(const struct step_time *s, const struct step_kind *k, double macs, const char *isa)
{
    if (strcmp(s->isa, isa) != 0 || s->kind.precision != k->precision)
        return 0;
    if (cost_same_kind(&s->kind, k))
        return s->study[0] ? 8 : 16;
    if (!(s->macs > 0) || !(macs > 0))
        return 0;
    return 1 + 2 * (s->kind.method == k->method) + (s->kind.batch == k->batch);
}

static enum source find_step(const struct cost_table *t, const struct step_kind *k, const char *isa, double *seconds,
                             const char **study)
{
    const struct step_time *best = NULL;
    double macs = cost_macs(k);
    int most = 0;
    for (int i = 0; i < t->n; i++) {
        int w = worth(&t->times[i], k, macs, isa);
        if (w == 0 || w < most || (w == most && t->times[i].created_ms < best->created_ms))
            continue;
        best = &t->times[i];
        most = w;
    }
    *seconds = NAN;
    *study = "";
    if (!best)
        return FROM_NOWHERE;
    *study = best->study;
    *seconds = most >= 8 ? best->seconds : best->seconds * macs / best->macs;
    return most >= 16 ? FROM_HERE : most >= 8 ? FROM_STUDY : FROM_SCALED;
}

static bool has_teacher(const struct cost_table *t, const struct params *p)
{
    char *want = params_canonical(p, PF_TEACHER);
    bool found = false;
    for (int i = 0; i < t->n_teachers; i++)
        found |= strcmp(t->teachers[i], want) == 0;
    free(want);
    return found;
}

/* A stage's steps, the most that its range allows. */
static double steps_of(const struct params *p, const char *name)
{
    int def = param_find(name);
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == def)
            return p->ranges[i].max;
    return params_get_number(p, def);
}

static void source_text(const char *const stage[], const enum source *from, const char *const *study, char *buf,
                        size_t cap)
{
    size_t n = 0;
    bool said[COST_STAGES] = {false};
    for (int i = 0; i < COST_STAGES; i++) {
        if (said[i] || from[i] == FROM_NOWHERE)
            continue;
        size_t names = 0;
        char who[64] = "";
        bool all = true;
        for (int k = 0; k < COST_STAGES; k++) {
            bool same = from[k] == from[i] && strcmp(study[k], study[i]) == 0;
            all &= same || from[k] == FROM_NOWHERE;
            if (same && from[k] != FROM_NOWHERE) {
                said[k] = true;
                names = str_append(who, sizeof who, names, "%s%s", names ? ", " : "", stage[k]);
            }
        }
        n = str_append(buf, cap, n, "%s", n ? "; " : "");
        if (!all)
            n = str_append(buf, cap, n, "%s: ", who);
        n = str_append(buf, cap, n,
                       from[i] == FROM_STUDY  ? "steps of %s"
                       : from[i] == FROM_HERE ? "steps measured here%s"
                       : *study[i]            ? "scaled by MACs from %s"
                                              : "scaled by MACs from steps measured here%s",
                       study[i]);
    }
}

void cost_estimate(const struct cost_table *t, const struct params *p, int64_t trials, const char *isa,
                   struct cost_card *c)
{
    static const char *const names[] = {"teacher", "transfer", "fine-tune"}, *const settings[] = {"teacher_steps",
                                                                                                  "transfer_steps",
                                                                                                  "finetune_steps"};
    enum source from[COST_STAGES] = {FROM_NOWHERE};
    const char *study[COST_STAGES] = {"", "", ""};
    c->seconds = 0;
    c->from[0] = '\0';
    c->at_most = p->prune != PRUNE_NONE ||
                 (p->search != SEARCH_GRID && (p->limit_max_accuracy_count || p->max_seconds)) ||
                 p->stop_improvement > 0;
    for (int i = 0; i < COST_STAGES; i++) {
        struct step_kind kind;
        double step;
        c->stage_seconds[i] = 0;
        if (!cost_kind(p, i, &kind))
            continue;
        if (i == COST_TEACHER && has_teacher(t, p))
            continue;
        from[i] = find_step(t, &kind, isa, &step, &study[i]);
        c->stage_seconds[i] = (i == COST_TEACHER ? 1 : (double)trials) * steps_of(p, settings[i]) * step;
        c->at_most |= steps_of(p, settings[i]) != params_get_number(p, param_find(settings[i]));
        c->seconds += c->stage_seconds[i];
    }
    if (trials < 0)
        c->seconds = NAN;
    static const char *const how[] = {[FROM_NOWHERE] = "",
                                      [FROM_SCALED] = "scaled by MACs",
                                      [FROM_STUDY] = "steps of studies",
                                      [FROM_HERE] = "measured"};
    enum source weakest = FROM_NOWHERE;
    for (int i = 0; i < COST_STAGES; i++)
        if (from[i] != FROM_NOWHERE && (weakest == FROM_NOWHERE || from[i] < weakest))
            weakest = from[i];
    c->how[0] = '\0';
    str_append(c->how, sizeof c->how, 0, "%s", how[weakest]);
    source_text(names, from, study, c->from, sizeof c->from);
}
