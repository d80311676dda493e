/* `fsplab run`: the study process in the foreground. The main thread polls: the lab for news, the socket for clients,
 * signals. One progress line that is rewritten on a terminal; when piped, a line a stage and an evaluation; with
 * --json, objects. The first ^C pauses and saves, the second stops at once (the store and the checkpoints are whole at
 * any moment). */
#include "cmd.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"
#include "lab_json.h"
#include "serve.h"
#include "spawn.h"
#include "table.h"

static volatile sig_atomic_t interrupts, terminations;

static void on_signal(int sig)
{
    if (sig == SIGINT)
        interrupts++;
    else
        terminations++;
    if (interrupts > 1) /* a second SIGTERM is no haste: timeout(1) sends two */
        _exit(130);
}

static void catch_signals(bool headless)
{
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    if (!headless)
        sigaction(SIGHUP, &a, NULL);
    else
        signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

struct view {
    bool json, live; /* live: stdout is a terminal */
    char stage[16];
    int trial, clients;
    double val, printed;
    bool line_open, collapsed;
};

static void eta_text(double s, char *buf, size_t cap)
{
    if (isnan(s))
        str_append(buf, cap, 0, "-");
    else if (s < 90)
        str_append(buf, cap, 0, "%.0f s", s);
    else if (s < 5400)
        str_append(buf, cap, 0, "%.0f min", s / 60);
    else
        str_append(buf, cap, 0, "%.1f h", s / 3600);
}

static size_t add_accuracy(const struct lab_state *s, char *buf, size_t cap, size_t len)
{
    if (!isnan(s->train_accuracy))
        len = str_append(buf, cap, len, "  train %.1f%%", 100 * s->train_accuracy);
    if (!isnan(s->val_accuracy))
        len = str_append(buf, cap, len, "  val %.2f%%", 100 * s->val_accuracy);
    return len;
}

static void progress_text(const struct lab_state *s, char *buf, size_t cap)
{
    char eta[32];
    eta_text(s->stage_eta, eta, sizeof eta);
    size_t len = str_append(buf, cap, 0, "trial %d", s->trial);
    if (s->trials_planned > 1)
        len = str_append(buf, cap, len, "/%lld", (long long)s->trials_planned);
    if (strcmp(s->stage, "done") == 0)
        len = str_append(buf, cap, len, "  done");
    else
        len = str_append(buf, cap, len, "  %s %d/%d", s->stage, s->step, s->steps);
    if (s->resumed_at >= 0 && s->resumed_at == s->step && strcmp(s->resumed_stage, s->stage) == 0)
        len = str_append(buf, cap, len, "  from the checkpoint");
    if (!isnan(s->loss))
        len = str_append(buf, cap, len, "  loss %.4g", s->loss);
    len = add_accuracy(s, buf, cap, len);
    if (!isnan(s->images_per_second))
        len = str_append(buf, cap, len, "  %.0f images/s  %s left", s->images_per_second, eta);
    if (s->collapsed)
        len = str_append(buf, cap, len, "  COLLAPSED");
    for (int i = 0; i < s->n_workers; i++) /* what runs beside it */
        if (s->workers[i].trial > 0 && s->workers[i].trial != s->trial)
            len = str_append(buf, cap, len, "  | %d %s %d/%d", s->workers[i].trial, s->workers[i].stage,
                             s->workers[i].step, s->workers[i].steps);
    if (strcmp(s->state, "running") != 0)
        str_append(buf, cap, len, "  %s", s->state);
}

static void print_json(const struct lab_state *s, const char *event, int clients)
{
    json_t *o = lab_state_json(s, clients);
    json_object_set_new(o, "event", json_string(event));
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));
    puts(text);
    fflush(stdout);
    free(text);
    json_decref(o);
}

static void show_line(struct view *v, const struct lab_state *s, bool keep)
{
    char line[256];
    progress_text(s, line, sizeof line);
    if (v->live)
        printf("\r\033[K%.*s%s", 200, line, keep ? "\n" : "");
    else if (keep)
        printf("%s\n", line);
    v->line_open = v->live && !keep;
    fflush(stdout);
}

/* On a terminal the line is rewritten four times a second; elsewhere lines are printed where something happened. */
static void show(struct view *v, const struct lab_state *s)
{
    double now = clock_seconds();
    bool new_stage = s->trial != v->trial || strcmp(s->stage, v->stage) != 0;
    bool evaluated = !isnan(s->val_accuracy) && s->val_accuracy != v->val;
    bool notable = (new_stage && s->trial > 0) || evaluated || (s->collapsed && !v->collapsed);
    if (s->trial == 0 || (!notable && now - v->printed < (v->live ? 0.25 : 60)))
        return;
    if (v->json)
        print_json(s, new_stage ? "stage" : evaluated ? "evaluation" : "progress", v->clients);
    else
        show_line(v, s, !v->live || notable);
    v->printed = now;
    v->trial = s->trial;
    v->val = s->val_accuracy;
    v->collapsed = s->collapsed;
    str_append(v->stage, sizeof v->stage, 0, "%s", s->stage);
}

static void report_end(const struct cmd_options *o, const struct params *p, struct view *v, struct lab *lab,
                       const struct lab_state *s)
{
    if (v->line_open)
        putchar('\n');
    if (v->json) {
        print_json(s, "end", v->clients);
        return;
    }
    struct err err = {0};
    struct trial_row *rows = NULL;
    char *db = xstrfmt("%s/study.db", lab_dir(lab));
    struct store *store = store_open_readonly(db, &err);
    int n = store ? store_trials(store, &rows, &err) : -1;
    free(db);
    if (n < 0) {
        cmd_fail(o, &err);
    } else {
        printf("\n");
        table_trials(stdout, rows, n);
        if (strcmp(s->state, "complete") == 0)
            table_result(stdout, rows, n, p->select == SELECT_TEST);
        free(rows);
    }
    if (store)
        store_close(store);
    if (strcmp(s->state, "complete") != 0 && s->exit_status == 130)
        printf("%s at step %d of %s, trial %d: `fsplab run %s` goes on from there\n", s->state, s->step, s->stage,
               s->trial, s->study);
    fflush(stdout);
    if (strcmp(s->state, "failed") == 0)
        fprintf(stderr, "fsplab: %s\n", s->message);
}

static int watch(const struct cmd_options *o, const struct params *p, struct lab *lab, struct serve *serve)
{
    struct view v = {.json = o->json, .live = !o->json && isatty(1), .val = NAN};
    struct lab_state s;
    bool leaving = false;
    for (;;) {
        lab_snapshot(lab, &s);
        v.clients = serve_clients(serve);
        show(&v, &s);
        if (s.ended)
            break;
        if ((interrupts || terminations) && !leaving) {
            leaving = lab_post(lab, (struct lab_cmd){.op = LAB_QUIT, .id = UINT64_MAX});
            if (v.live)
                printf("\nsaving; once more stops at once\n");
        }
        serve_poll(serve, lab_wakefd(lab), 250);
    }
    report_end(o, p, &v, lab, &s);
    return s.exit_status == 130 && terminations ? 143 : s.exit_status;
}

static void help(void)
{
    puts(
        "usage: fsplab run STUDY [--headless | --detach] [--set key=value]... [-c FILE] [--runs DIR] [--json]\n"
        "\n"
        "Runs a study of experiments.ini in the foreground, or goes on with it from its last checkpoint.\n"
        "^C pauses and saves; a second ^C stops at once. Another terminal may look in or steer:\n"
        "`fsplab ctl STUDY status | pause | resume | stop | set key=value`.\n"
        "\n"
        "  --headless        no terminal needed: hang-up is ignored, plain lines are printed\n"
        "  --detach          in the background: returns when the study has begun, prints the number of its process; what\n"
        "                    it says goes to runs/STUDY/run.log, and no terminal's end ends it\n"
        "  --set key=value   overrides a setting (`fsplab --help` lists them all)\n"
        "  -c FILE           another experiments.ini\n"
        "  --runs DIR        where studies are kept (default: runs)\n"
        "  --json            one JSON object a line\n"
        "\n"
        "examples:\n"
        "  fsplab run demo\n"
        "  fsplab run cifar10-quick --set data_dir=data/cifar10 --set seed=2\n"
        "  fsplab run cifar10-quick --detach && fsplab ctl cifar10-quick status\n"
        "\n"
        "exit status: 0 complete, 1 failed, 2 wrong usage or settings, 130 paused by ^C, 143 by SIGTERM");
}

struct run_options {
    struct cmd_options common;
    const char *study;
    bool headless, detach;
    int ready_fd; /* --ready-fd, which spawn.c gives: where to say that the study listens; -1 = nowhere */
};

static bool take_ready_fd(struct run_options *o, const char *text, struct err *err)
{
    char *end;
    long fd = text ? strtol(text, &end, 10) : -1;
    if (fd < 3 || fd > INT_MAX || *end || fcntl((int)fd, F_GETFD) < 0)
        return err_set(err, ERR_USAGE, "run: --ready-fd takes the number of an open file");
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    o->ready_fd = (int)fd;
    return true;
}

static bool take_words(struct run_options *o, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--headless") == 0)
            o->headless = true;
        else if (strcmp(argv[i], "--detach") == 0)
            o->detach = true;
        else if (strcmp(argv[i], "--ready-fd") == 0) {
            if (!take_ready_fd(o, argv[++i], err))
                return false;
        } else if (argv[i][0] == '-' || o->study)
            return err_set(err, ERR_USAGE, "run: '%s' is not understood; see `fsplab run --help`", argv[i]);
        else
            o->study = argv[i];
    }
    return o->study || err_set(err, ERR_USAGE, "run: name a study; `fsplab ls` lists them");
}

/* In a process of its own: the number on stdout, for scripts. */
static int detach(const struct run_options *o)
{
    int pid = 0;
    struct err err = {0};
    const struct cmd_options *c = &o->common;
    struct spawn_options so = {.config = c->config, .runs = c->runs, .n_set = c->n_set, .set = c->set, .pid = &pid};
    if (!spawn_study(o->study, &so, &err))
        return cmd_fail(c, &err);
    char *log = xstrfmt("%s/%s/run.log", c->runs, o->study);
    if (c->json) {
        json_t *j =
            json_pack("{s:o, s:i, s:o}", "study", lab_json_text(o->study), "pid", pid, "log", lab_json_text(log));
        char *text = json_dumps(j, JSON_COMPACT);
        puts(text);
        free(text);
        json_decref(j);
    } else {
        printf("%d\n", pid);
        fflush(stdout);
        fprintf(stderr, "study '%s' runs in process %d and writes '%s'; `fsplab ctl %s status` looks in\n", o->study,
                pid, log, o->study);
    }
    free(log);
    return 0;
}

/* Opens the engine and its socket. Who waits for the study to begin is told how that went; a study that was started for a
 * screen is of no use without a socket. */
static bool begin(const struct run_options *o, const struct params *p, struct lab **lab, struct serve **serve,
                  struct err *err)
{
    if (!(*lab = lab_open(o->study, o->common.runs, p, err)))
        return false;
    if (!(*serve = serve_open(lab_dir(*lab), *lab, err))) {
        if (o->ready_fd >= 0)
            return false;
        log_msg(LOG_WARN, "%s: going on without a socket, `fsplab ctl` will not find this run", err->msg);
    }
    char *log = xstrfmt("%s/run.log", lab_dir(*lab));
    bool ok = spawn_ready(o->ready_fd, log, err);
    free(log);
    return ok;
}

int cmd_run(int argc, char **argv)
{
    struct run_options o = {.ready_fd = -1};
    struct params p;
    struct err err = {0};
    struct lab *lab = NULL;
    struct serve *serve = NULL;
    int status;
    if (!cmd_options_take(&argc, argv, &o.common))
        return 2;
    if (o.common.help)
        return help(), 0;
    bool ok = take_words(&o, argc, argv, &err);
    if (ok && o.detach)
        return detach(&o);
    catch_signals(o.headless);
    if (ok && cmd_settings(&o.common, o.study, &p, &err) && begin(&o, &p, &lab, &serve, &err)) {
        status = watch(&o.common, &p, lab, serve);
    } else {
        status = cmd_fail(&o.common, &err);
        spawn_failed(o.ready_fd, &err);
    }
    serve_close(serve);
    lab_close(lab);
    return status;
}
