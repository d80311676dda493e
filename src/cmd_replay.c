/* `fsplab replay`: a trial made again from its record alone, to show that the record is all there is to it. The settings
 * are those that the study was begun with, with the trial's own values; the changes made by hand are made again at the
 * steps at which they were made; and so it goes to the step of the trial's checkpoint, whose student must then be the
 * same to the byte. A warm clone is begun as the trial that it was cloned from, with what had been changed there until
 * then. Only the store and the checkpoint are read of the study, and nothing is written there. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/digest.h"
#include "io/fsutil.h"
#include "io/safetensors.h"
#include "lab.h"
#include "lab_json.h"
#include "trial.h"
#include "trial_script.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void help(void)
{
    puts(
        "usage: fsplab replay STUDY TRIAL [--out DIR] [-c FILE] [--runs DIR] [--set key=value]... [--json]\n"
        "\n"
        "Runs a trial again from its record: its settings, and every change that was made by hand, at its step. Then its\n"
        "student is compared with the recorded one, byte for byte. A trial that has not ended is replayed up to its latest\n"
        "checkpoint. What the record says counts more than experiments.ini and --set, which are left to say where the\n"
        "images are and on which device to train.\n"
        "\n"
        "  --out DIR         keeps the files of the replay there (default: they are removed)\n"
        "\n"
        "example:\n"
        "  fsplab replay demo 3\n"
        "\n"
        "exit status: 0 equal, 1 different, or it could not be done, 2 wrong usage or settings");
}

struct replay {
    struct cmd_options common;
    const char *study, *out;
    int number;
    char *dir, *folder; /* RUNS/STUDY; where the replay is kept */
    bool temporary;

    struct trial_row *rows;
    struct event_row *events;
    int n_rows, n_events;
    const struct trial_row *row; /* of the trial */
    char *trial_dir;
    enum stage stage; /* of its checkpoint */
    int step;

    struct params params; /* the study's */
    struct dataset data;
    struct backend *be;
    struct trial_env env;
    char *teachers;
    struct trial_script script;
};

/* ---- the record ---- */

/* What the study was begun with, over what experiments.ini says now. */
static bool recorded_settings(struct replay *r, struct store *store, struct err *err)
{
    struct study_row row = {0};
    bool found = false;
    if (!store_study_get(store, &row, &found, err))
        return false;
    bool ok = found || err_set(err, ERR_STATE, "study '%s' has no record yet", r->study);
    for (char *line = row.settings, *end; ok && line && *line; line = end) {
        end = line + strcspn(line, "\n");
        char *pair = xstrfmt("%.*s", (int)(end - line), line);
        end += *end == '\n';
        ok = params_set_pair(&r->params, pair, err) || err_prefix(err, "recorded settings");
        free(pair);
    }
    study_row_release(&row);
    return ok && params_check(&r->params, err);
}

static const struct trial_row *find_row(const struct replay *r, int number, struct err *err)
{
    for (int i = 0; i < r->n_rows; i++)
        if (r->rows[i].number == number)
            return &r->rows[i];
    err_set(err, ERR_STATE, "there is no trial %d in study '%s': `fsplab trials %s` lists them", number, r->study,
            r->study);
    return NULL;
}

/* A trial in the middle of its training has another checkpoint in a moment. */
static bool at_rest(const struct replay *r, struct err *err)
{
    if (r->row->state != TRIAL_RUNNING)
        return true;
    char *path = xstrfmt("%s/lock", r->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool busy = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return !busy || err_set(err, ERR_BUSY, "trial %d is running: `fsplab ctl %s pause`, or wait for its end", r->number,
                            r->study);
}

static bool read_record(struct replay *r, struct err *err)
{
    char *path = xstrfmt("%s/study.db", r->dir);
    struct store *store = store_open_readonly(path, err);
    free(path);
    if (!store)
        return err_prefix(err, "study '%s'", r->study);
    bool ok = recorded_settings(r, store, err) && (r->n_rows = store_trials(store, &r->rows, err)) >= 0 &&
              (r->n_events = store_events(store, -1, 0, &r->events, err)) >= 0;
    store_close(store);
    struct params ignored = r->params;
    bool found = false;
    if (!ok || !(r->row = find_row(r, r->number, err)) || !at_rest(r, err))
        return false;
    r->trial_dir = xstrfmt("%s/trial-%04d", r->dir, r->number); /* the study may have been moved */
    if (!trial_saved_at(r->trial_dir, &r->stage, &r->step, &ignored, &found, err))
        return false;
    return (found && r->stage != STAGE_TEACHER) ||
           err_set(err, ERR_STATE, "trial %d has no student yet: there is nothing to compare with", r->number);
}

/* ---- the script ---- */

static const struct event_row *origin_of(const struct replay *r, int number)
{
    for (int i = 0; i < r->n_events; i++)
        if (r->events[i].trial == number && strcmp(r->events[i].kind, "clone") == 0 &&
            strcmp(r->events[i].key, "warm") == 0)
            return &r->events[i];
    return NULL;
}

/* Whether a change was in the checkpoint that a clone was begun from: made before it, and no skip at its very step, which
 * is in no file. */
static bool was_in(const struct event_row *e, const struct event_row *clone)
{
    enum stage s = STAGE_TEACHER, c = STAGE_TEACHER;
    if (!stage_find(e->stage, &s) || !stage_find(clone->stage, &c) || e->id > clone->id)
        return false;
    bool earlier = s < c || (s == c && e->step < clone->step);
    return earlier || (s == c && e->step == clone->step && strcmp(e->kind, "set") == 0);
}

/* Adds all changes of trial NUMBER until CLONE (NULL: all) behind those of the trial that it was cloned from; *root gets
 * the number of the first in that chain. */
static bool build_script(struct replay *r, int number, const struct event_row *clone, int *root, struct err *err)
{
    const struct event_row *from = origin_of(r, number);
    *root = number;
    if (from && (from->before < 1 || from->before >= number)) /* a clone is younger than its origin: so this ends */
        return err_set(err, ERR_FORMAT, "the record calls trial %d a clone of trial %g", number, from->before);
    if (from && !build_script(r, (int)from->before, from, root, err))
        return false;
    for (int i = 0; i < r->n_events; i++)
        if (r->events[i].trial == number && (!clone || was_in(&r->events[i], clone)) &&
            !trial_script_add(&r->script, &r->events[i], 1, STAGE_TEACHER, 0, err))
            return false;
    return true;
}

/* ---- the run ---- */

static bool make_folder(struct replay *r, struct err *err)
{
    if (r->out) {
        r->folder = xstrdup(r->out);
        if (!fs_mkdirs(r->folder, err))
            return false;
        char *study = realpath(r->dir, NULL), *folder = realpath(r->folder, NULL);
        size_t n = study ? strlen(study) : 0;
        bool inside = study && folder && strncmp(folder, study, n) == 0 && (folder[n] == '/' || folder[n] == 0);
        free(study);
        free(folder);
        if (inside)
            rmdir(r->folder); /* when it is new and empty */
        return !inside || err_set(err, ERR_CONFIG, "--out '%s' lies in the study that is replayed", r->out);
    }
    const char *tmp = getenv("TMPDIR");
    r->folder = xstrfmt("%s/fsplab-replay-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    r->temporary = mkdtemp(r->folder) != NULL;
    return r->temporary || fs_err(err, "make", r->folder, errno);
}

/* The study's teacher where there is one; else it is trained again, and kept with the replay. */
static bool open_engine(struct replay *r, struct err *err)
{
    char teacher[512];
    if (!lab_data(&r->params, &r->data, err) || !(r->be = lab_backend(&r->params, r->params.threads, err)))
        return false;
    r->teachers = xstrfmt("%s/teachers", r->common.runs);
    r->env = (struct trial_env){r->be, &r->data, &r->params, (uint64_t)r->params.seed, r->teachers};
    if (!trial_teacher_path(&r->env, teacher, sizeof teacher)) {
        free(r->teachers);
        r->teachers = xstrfmt("%s/teachers", r->folder);
        r->env.teachers_dir = r->teachers;
    }
    return true;
}

/* Other instructions round otherwise: a difference would say nothing of the record. */
static bool same_machine(const struct replay *r, struct err *err)
{
    char *path = xstrfmt("%s/state.safetensors", r->trial_dir);
    struct st_file f;
    bool ok = st_read(&f, path, err);
    const char *isa = ok ? st_meta_get(&f, "isa") : NULL;
    if (isa && strcmp(isa, r->be->info.isa) != 0)
        ok = err_set(err, ERR_STATE, "trial %d was trained on %s, this is %s: results would differ in the last bits",
                     r->number, isa, r->be->info.isa);
    st_release(&f);
    free(path);
    return ok;
}

static void show(const struct replay *r, const struct trial *t, double *shown)
{
    double now = clock_seconds();
    if (!isatty(2) || now - *shown < 0.25)
        return;
    fprintf(stderr, "\r\033[Kreplay of trial %d: %s %d/%d", r->number, stage_name(trial_stage(t)), trial_at(t),
            trial_steps(t));
    *shown = now;
}

/* Steps until the trial stands where its checkpoint does. */
static bool step_on(struct replay *r, struct trial *t, struct err *err)
{
    struct trial_progress p;
    enum trial_end end = TRIAL_GOING;
    double shown = 0;
    while (trial_stage(t) != r->stage || (r->stage != STAGE_DONE && trial_at(t) != r->step)) {
        if (end != TRIAL_GOING)
            return err_set(err, ERR_STATE, "the replay ended at step %d of %s%s%s", trial_at(t),
                           stage_name(trial_stage(t)), end == TRIAL_DIED ? ": " : "",
                           end == TRIAL_DIED ? trial_advice(t) : "");
        if (interrupted)
            return err_set(err, ERR_STATE, "interrupted");
        if (!trial_script_apply(&r->script, t, err) || !trial_step(t, &p, &end, err))
            return false;
        show(r, t, &shown);
    }
    return true;
}

static bool run(struct replay *r, struct err *err)
{
    char sha[65];
    int root;
    if (!build_script(r, r->number, NULL, &root, err))
        return false;
    const struct trial_row *first = find_row(r, root, err);
    if (!first || !make_folder(r, err) || !open_engine(r, err) || !same_machine(r, err))
        return false;
    struct params p = lab_trial_params(&r->params, first);
    struct trial *t = trial_new(&r->env, &p, r->folder, err);
    bool ok = t && step_on(r, t, err) && trial_save(t, sha, err);
    if (isatty(2))
        fputs("\r\033[K", stderr);
    trial_free(t);
    return ok;
}

/* ---- the comparison ---- */

static void differ(json_t *list, char *sentence)
{
    json_array_append_new(list, lab_json_text(sentence));
    free(sentence);
}

static void compare_tensor(const struct st_tensor *a, const struct st_tensor *b, json_t *list)
{
    if (!b || a->bytes != b->bytes || a->dtype != b->dtype) {
        differ(list, xstrfmt("tensor '%s' is %s in the replay", a->name, b ? "of another shape" : "missing"));
        return;
    }
    if (a->dtype != ST_F32 || memcmp(a->data, b->data, a->bytes) == 0) {
        if (memcmp(a->data, b->data, a->bytes) != 0)
            differ(list, xstrfmt("tensor '%s' differs", a->name));
        return;
    }
    const float *x = a->data, *y = b->data;
    size_t n = a->bytes / sizeof *x, count = 0;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        count += memcmp(&x[i], &y[i], sizeof *x) != 0;
        most = fmax(most, fabs((double)x[i] - (double)y[i]));
    }
    differ(list, xstrfmt("tensor '%s' differs in %zu of %zu values, by %.3g at most", a->name, count, n, most));
}

static void compare_files(const struct st_file *a, const struct st_file *b, json_t *list)
{
    for (int i = 0; i < a->n; i++)
        compare_tensor(&a->tensors[i], st_find(b, a->tensors[i].name), list);
    for (int i = 0; i < b->n; i++)
        if (!st_find(a, b->tensors[i].name))
            differ(list, xstrfmt("tensor '%s' is in the replay alone", b->tensors[i].name));
    for (int i = 0; i < a->n_meta; i++) {
        const char *v = st_meta_get(b, a->meta_key[i]);
        if ((!v || strcmp(v, a->meta_value[i]) != 0) && !strstr(a->meta_key[i], "sha256"))
            differ(list, xstrfmt("%s was '%s', in the replay '%s'", a->meta_key[i], a->meta_value[i], v ? v : ""));
    }
}

/* *differences: sentences, empty when the files are equal to the byte. */
static bool compare(const struct replay *r, char sha[SHA256_HEX], json_t *list, struct err *err)
{
    char *then = xstrfmt("%s/student.safetensors", r->trial_dir), *now = xstrfmt("%s/student.safetensors", r->folder);
    void *a = NULL, *b = NULL;
    size_t n, m;
    struct st_file fa, fb;
    bool ok = fs_read_whole(then, (size_t)2 << 30, &a, &n, err) && fs_read_whole(now, (size_t)2 << 30, &b, &m, err);
    if (ok)
        digest_sha256(b, m, sha);
    if (ok && (n != m || memcmp(a, b, n) != 0)) {
        if ((ok = st_read(&fa, then, err)) && (ok = st_read(&fb, now, err))) {
            compare_files(&fa, &fb, list);
            st_release(&fb);
        }
        st_release(&fa);
        if (ok && json_array_size(list) == 0)
            differ(list, xstrdup("the files' bytes differ, though no value does"));
    }
    free(a);
    free(b);
    free(then);
    free(now);
    return ok;
}

static int report(const struct replay *r, const char *sha, json_t *list)
{
    size_t n = json_array_size(list);
    if (r->common.json) {
        json_t *o = json_pack("{s:o, s:i, s:b, s:s, s:i, s:i, s:s, s:O}", "study", lab_json_text(r->study), "trial",
                              r->number, "equal", n == 0, "stage", stage_name(r->stage), "step", r->step, "changes",
                              r->script.at, "sha256", sha, "differences", list);
        char *text = json_dumps(o, JSON_COMPACT);
        puts(text);
        free(text);
        json_decref(o);
    } else {
        printf("trial %d, %s", r->number, stage_name(r->stage));
        if (r->stage != STAGE_DONE)
            printf(" at step %d", r->step);
        printf(", %d change%s made again: %s\n", r->script.at, r->script.at == 1 ? "" : "s", n ? "different" : "equal");
        for (size_t i = 0; i < n && i < 10; i++)
            printf("  %s\n", json_string_value(json_array_get(list, i)));
        if (n > 10)
            printf("  and %zu more\n", n - 10);
    }
    return n > 0;
}

/* ---- the command ---- */

static bool take_words(struct replay *r, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        char *end;
        if (strcmp(argv[i], "--out") == 0 && argv[i + 1])
            r->out = argv[++i];
        else if (strncmp(argv[i], "--out=", 6) == 0)
            r->out = argv[i] + 6;
        else if (argv[i][0] == '-' || (r->study && r->number))
            return err_set(err, ERR_USAGE, "replay: '%s' is not understood; see `fsplab replay --help`", argv[i]);
        else if (!r->study)
            r->study = argv[i];
        else if ((r->number = (int)strtol(argv[i], &end, 10)) < 1 || *end)
            return err_set(err, ERR_USAGE, "replay: '%s' is no number of a trial", argv[i]);
    }
    return r->number || err_set(err, ERR_USAGE, "replay: name a study and a trial; see `fsplab replay --help`");
}

static void clean_up(struct replay *r)
{
    static const char *const made[] = {"state.safetensors", "student.safetensors"};
    char teacher[512];
    for (size_t i = 0; r->temporary && i < ARRAY_LEN(made); i++) {
        char *path = xstrfmt("%s/%s", r->folder, made[i]);
        unlink(path);
        free(path);
    }
    if (r->temporary && r->be && strncmp(r->teachers, r->folder, strlen(r->folder)) == 0) {
        if (trial_teacher_path(&r->env, teacher, sizeof teacher))
            unlink(teacher);
        rmdir(r->teachers);
    }
    if (r->temporary)
        rmdir(r->folder);
    trial_script_release(&r->script);
    backend_free(r->be);
    dataset_release(&r->data);
    free(r->rows);
    free(r->events);
    free(r->teachers);
    free(r->trial_dir);
    free(r->folder);
    free(r->dir);
}

int cmd_replay(int argc, char **argv)
{
    struct replay r = {0};
    struct err err = {0};
    char sha[SHA256_HEX];
    int status;
    if (!cmd_options_take(&argc, argv, &r.common))
        return 2;
    if (r.common.help)
        return help(), 0;
    if (!take_words(&r, argc, argv, &err))
        return cmd_fail(&r.common, &err);
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    r.dir = xstrfmt("%s/%s", r.common.runs, r.study);
    json_t *differences = json_array();
    if (cmd_settings(&r.common, r.study, &r.params, &err) && read_record(&r, &err) && run(&r, &err) &&
        compare(&r, sha, differences, &err))
        status = report(&r, sha, differences);
    else
        status = interrupted ? 130 : cmd_fail(&r.common, &err);
    json_decref(differences);
    clean_up(&r);
    return status;
}
