/* Here the nets, the engine's plan, the configuration and the start of processes come together for the screens, which may
 * know none of them. Nothing in it waits for a study process but the start itself. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_table.h"
#include "cost.h"
#include "host_changes.h"
#include "host_report.h"
#include "io/config.h"
#include "io/config_save.h"
#include "io/folder.h"
#include "io/fsutil.h"
#include "io/store.h"
#include "lab.h"
#include "measure.h"
#include "nn/backend.h"
#include "nn/flops.h"
#include "spawn.h"
#include "trial.h"
#include "weights.h"

#define COSTS_EVERY 300.0 /* seconds between looks at what studies have measured */

/* The context of every function here. The options come first, so that most of them take it for those. */
struct host {
    struct cmd_options options;
    struct report_memory *reports; /* NULL: not asked for yet */
    struct cost_table costs;
    double next_costs; /* clock_seconds */
    struct measure *measure;
    char isa[32]; /* of the processor */
};

/* ---- what settings come to ---- */

static void describe_net(const struct net_spec *s, struct net_card *card)
{
    struct net_cost cost = net_cost(s);
    net_spec_format(s, card->name, sizeof card->name);
    card->parameters = cost.parameters;
    card->macs = cost.macs;
    card->tf_flops = cost.tf_flops;
    card->blocks = net_blocks(s);
}

static size_t map_text(const struct net_spec *s, int tap, char *buf, size_t cap, size_t len)
{
    struct map_shape m = net_tap_shape(s, tap);
    return str_append(buf, cap, len, "%s%dx%dx%d", len ? " -> " : "", m.h, m.w, m.c);
}

static void describe_fsp(const struct net_spec *teacher, const struct net_spec *student, bool inside,
                         struct pair_card *card)
{
    struct fsp_taps t = fsp_taps(teacher, inside), s = fsp_taps(student, inside);
    card->n_pairs = 3;
    for (int i = 0; i < 3; i++) {
        char *tm = card->pair[i].teacher_maps, *sm = card->pair[i].student_maps;
        size_t cap = sizeof card->pair[i].teacher_maps;
        map_text(teacher, t.last[i], tm, cap, map_text(teacher, t.first[i], tm, cap, 0));
        map_text(student, s.last[i], sm, cap, map_text(student, s.first[i], sm, cap, 0));
        int m = net_tap_shape(teacher, t.first[i]).c, n = net_tap_shape(teacher, t.last[i]).c;
        bool equal = m == net_tap_shape(student, s.first[i]).c && n == net_tap_shape(student, s.last[i]).c;
        card->pair[i].m = equal ? m : 0;
        card->pair[i].n = equal ? n : 0;
    }
}

static void describe_hint(const struct net_spec *teacher, const struct net_spec *student, struct pair_card *card)
{
    card->n_pairs = 1;
    map_text(teacher, hint_tap(teacher), card->pair[0].teacher_maps, sizeof card->pair[0].teacher_maps, 0);
    map_text(student, hint_tap(student), card->pair[0].student_maps, sizeof card->pair[0].student_maps, 0);
}

static bool is_file(const char *net)
{
    size_t n = strlen(net), end = strlen(".safetensors");
    return n > end && strcmp(net + n - end, ".safetensors") == 0;
}

/* Steps of all trials and of the teacher, who learns once; -1 when a search sets the stages' lengths. */
static int64_t planned_steps(const struct params *p, int64_t trials)
{
    bool transfer = p->method == METHOD_FSP || p->method == METHOD_HINT;
    int transfer_steps = param_find("transfer_steps"), finetune_steps = param_find("finetune_steps");
    if (trials < 0)
        return -1;
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == transfer_steps || p->ranges[i].def == finetune_steps)
            return -1;
    int64_t teacher = p->method != METHOD_NONE && !is_file(p->teacher) ? p->teacher_steps : 0;
    return teacher + trials * ((transfer ? p->transfer_steps : 0) + (int64_t)p->finetune_steps);
}

static void describe(void *ctx, const struct params *p, struct pair_card *card)
{
    /* the data are not read for this: a set large enough for any batch stands for them */
    struct dataset data = {
        .kind = p->dataset, .classes = p->dataset == DATASET_CIFAR100 ? 100 : 10, .n_train = INT_MAX};
    struct net_spec teacher, student;
    struct err err = {0};
    bool b = p->shortcut == SHORTCUT_B;
    (void)ctx;
    memset(card, 0, sizeof *card);
    if (p->dataset == DATASET_FOLDER) {
        int classes = folder_classes(p->data_dir, &err);
        data.classes = classes < 0 ? 10 : classes;
        if (classes < 0)
            str_append(card->problem, sizeof card->problem, 0, "%s", err.msg);
    }
    bool has_student = net_parse(p->student, b, data.classes, &student, NULL);
    bool has_teacher =
        p->method != METHOD_NONE && (is_file(p->teacher) ? weights_spec_of(p->teacher, &teacher, NULL)
                                                         : net_parse(p->teacher, b, data.classes, &teacher, NULL));
    if (has_student)
        describe_net(&student, &card->student);
    if (has_teacher)
        describe_net(&teacher, &card->teacher);
    if (has_student && has_teacher && p->method == METHOD_FSP)
        describe_fsp(&teacher, &student, p->pairing == PAIRING_INSIDE, card);
    if (has_student && has_teacher && p->method == METHOD_HINT)
        describe_hint(&teacher, &student, card);
    card->trials = lab_planned(p);
    card->steps = planned_steps(p, card->trials);
    if (card->problem[0])
        return;
    if (!trial_check(p, &data, &err) || !lab_can_plan(p, &err))
        str_append(card->problem, sizeof card->problem, 0, "%s", err.msg);
}

/* ---- studies ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_among(char **names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Adds the studies in RUNS that the file does not name (renamed there, or begun with another file), by name. */
static int add_runs(const struct cmd_options *o, char ***names, int n)
{
    DIR *d = opendir(o->runs);
    struct dirent *e;
    int first = n;
    while (d && (e = readdir(d))) {
        char *path = xstrfmt("%s/%s/study.db", o->runs, e->d_name);
        if (e->d_name[0] != '.' && strlen(e->d_name) < 64 && access(path, F_OK) == 0 &&
            !is_among(*names, first, e->d_name)) {
            *names = xrealloc(*names, (size_t)(n + 1) * sizeof **names);
            (*names)[n++] = xstrdup(e->d_name);
        }
        free(path);
    }
    if (d)
        closedir(d);
    if (n > first)
        qsort(*names + first, (size_t)(n - first), sizeof **names, by_name);
    return n;
}

static int studies(void *ctx, char ***names, struct err *err)
{
    const struct cmd_options *o = ctx;
    *names = NULL;
    int n = config_studies(o->config, names, err), all;
    if (n < 0)
        *names = NULL;
    all = add_runs(o, names, n < 0 ? 0 : n);
    return n < 0 && all == 0 ? -1 : all;
}

/* The study's row, for a moment of reading, and what its trials come to where CARD is not NULL. False: there is none. */
static bool study_row(const struct cmd_options *o, const char *study, struct study_row *row, struct study_card *card,
                      struct err *err)
{
    char *path = xstrfmt("%s/%s/study.db", o->runs, study);
    struct store *s = access(path, F_OK) == 0 ? store_open_readonly(path, err) : NULL;
    bool found = false;
    free(path);
    if (!s)
        return false;
    store_set_patience(s, 0);
    found = store_study_get(s, row, &found, err) && found;
    if (found && card)
        store_trials_sum(s, &card->trials, &card->complete, &card->best, err);
    store_close(s);
    return found;
}

/* Settings as the store keeps them lie over those of the INI; ranges and the choice of the test set are all in there. */
static void apply_stored(struct params *p, const char *text)
{
    p->n_ranges = 0;
    p->select = SELECT_VAL;
    while (*text) {
        size_t n = strcspn(text, "\n");
        char *line = xstrfmt("%.*s", (int)n, text);
        params_set_pair(p, line, NULL); /* of another version: the start says what it thinks of it */
        free(line);
        text += n + (text[n] == '\n');
    }
}

static bool settings(void *ctx, const char *study, struct params *p, struct err *err)
{
    const struct cmd_options *o = ctx;
    struct study_row row = {0};
    if (!config_read(o->config, study, p, err))
        return false;
    if (study_row(o, study, &row, NULL, NULL)) {
        apply_stored(p, row.settings ? row.settings : "");
        study_row_release(&row);
    }
    for (int i = 0; i < o->n_set; i++)
        if (!params_set_pair(p, o->set[i], err))
            return err_prefix(err, "--set %s", o->set[i]);
    return true;
}

/* Whether the process lives that holds the study's lock (its number stands in the file). */
bool host_is_run(const struct cmd_options *o, const char *study)
{
    char *path = xstrfmt("%s/%s/lock", o->runs, study);
    FILE *f = fopen(path, "re");
    int pid = 0;
    free(path);
    if (!f)
        return false;
    bool named = fscanf(f, "%d", &pid) == 1 && pid > 0;
    fclose(f);
    return named && (kill(pid, 0) == 0 || errno == EPERM);
}

static void look(void *ctx, const char *study, struct study_card *card)
{
    const struct cmd_options *o = ctx;
    struct study_row row = {0};
    struct study_card now = {.best = NAN};
    struct err err = {0};
    bool found = study_row(o, study, &row, &now, &err);
    if (err.code != ERR_BUSY) {
        *card = now;
        if (err.code && err.code != ERR_IO) /* ERR_IO: nothing in it yet */
            str_append(card->state, sizeof card->state, 0, "unreadable");
        else if (found)
            str_append(card->state, sizeof card->state, 0, "%s",
                       strcmp(row.state, "running") == 0 && !host_is_run(o, study) ? "interrupted" : row.state);
    }
    study_row_release(&row);
}

/* ---- experiments.ini ---- */

static bool stamp(void *ctx, char to[SHA256_HEX], struct err *err)
{
    const struct cmd_options *o = ctx;
    return config_stamp(o->config, to, err);
}

/* The shipped file is everybody's: what is saved goes to a copy in the working folder, which counts from then on. */
static bool own_config(struct cmd_options *o, const char *seen, struct err *err)
{
    enum { BYTES_MAX = 16 << 20 };
    static const char own[] = "experiments.ini";
    char stamp[SHA256_HEX];
    void *text = NULL;
    size_t n;
    if (access(own, F_OK) != 0) {
        if (!config_stamp(o->config, stamp, err) || !fs_read_whole(o->config, BYTES_MAX, &text, &n, err))
            return false;
        bool ok = strcmp(stamp, seen) == 0 ? fs_write_whole(own, text, n, err)
                                           : err_set(err, ERR_STATE, "'%s' has changed since it was read", o->config);
        free(text);
        if (!ok)
            return false;
    }
    o->config = own;
    o->shipped = false;
    return true;
}

static bool save(void *ctx, const char *seen, const char *study, const struct params *p, struct err *err)
{
    struct host *h = ctx;
    struct cmd_options *o = &h->options;
    return (!o->shipped || own_config(o, seen, err)) && config_save(o->config, seen, study, p, err);
}

static bool running(void *ctx, const char *study)
{
    const struct cmd_options *o = ctx;
    return host_is_run(o, study);
}

/* ---- starting ---- */

static bool start(void *ctx, const char *study, const struct params *want, struct err *err)
{
    const struct cmd_options *o = ctx;
    struct params base;
    struct changes changes;
    if (!config_read(o->config, study, &base, err))
        return false;
    changes_init(&changes, &base, want);
    struct spawn_options s = {.config = o->config, .runs = o->runs, .n_set = changes.n, .set = changes.set};
    bool ok = spawn_study(study, &s, err);
    changes_release(&changes);
    if (ok || err->code != ERR_BUSY || !host_is_run(o, study))
        return ok;
    *err = (struct err){0}; /* somebody else was faster */
    return true;
}

/* ---- the paper's tables ---- */

static void report(void *ctx, const char chosen[CARD_ROWS][64], struct report_card *card)
{
    struct host *h = ctx;
    if (!h->reports)
        h->reports = report_memory_new();
    host_report(&h->options, h->reports, chosen, card);
}

/* ---- how long it takes ---- */

/* The processor's kind of device; a GPU's steps are not compared with its. */
static const char *isa_for(const struct host *h, const struct params *p)
{
    return strncmp(p->device, "cuda", 4) == 0 ? "cuda" : h->isa;
}

static void cost(void *ctx, const struct params *p, int64_t trials, struct cost_card *card)
{
    struct host *h = ctx;
    double now = clock_seconds();
    memset(card, 0, sizeof *card);
    if (measure_turn(h->measure, &h->costs, card->trouble, sizeof card->trouble))
        card->measuring = true;
    if (now >= h->next_costs) {
        cost_read_runs(&h->costs, h->options.runs);
        h->next_costs = now + COSTS_EVERY;
    }
    cost_estimate(&h->costs, p, trials, isa_for(h, p), card);
}

static bool measure(void *ctx, const struct params *p, struct err *err)
{
    struct host *h = ctx;
    return measure_begin(h->measure, p, h->isa, err);
}

void host_init(struct ui_host *ui, const struct cmd_options *o)
{
    struct host *h = xcalloc(1, sizeof *h);
    struct backend *be = backend_cpu_new(1, NULL, NULL);
    h->options = *o;
    h->measure = measure_new("/proc/self/exe");
    if (be)
        str_append(h->isa, sizeof h->isa, 0, "%s", be->info.isa);
    backend_free(be);
    *ui = (struct ui_host){.ctx = h,
                           .nets = cmd_nets,
                           .describe = describe,
                           .start = start,
                           .running = running,
                           .settings = settings,
                           .space = lab_space,
                           .points = lab_first_points,
                           .cost = cost,
                           .measure = measure,
                           .studies = studies,
                           .stamp = stamp,
                           .save = save,
                           .look = look,
                           .report = report};
}

void host_release(struct ui_host *ui)
{
    struct host *h = ui->ctx;
    if (h) {
        report_memory_free(h->reports);
        measure_free(h->measure);
        cost_release(&h->costs);
    }
    free(h);
    *ui = (struct ui_host){0};
}
