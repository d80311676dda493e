/* The child writes one JSON object to a pipe that is read without waiting; its end is the pipe's end. */
#define _GNU_SOURCE /* pipe2 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 16, ARGS_MAX = 32 };

struct measure {
    const char *program;
    pid_t pid; /* 0: none */
    int fd;
    struct params params;
    char isa[32];
    char *text; /* what has come, TEXT_MAX */
    size_t n;
    char trouble[256];
};

struct measure *measure_new(const char *program)
{
    struct measure *m = xcalloc(1, sizeof *m);
    m->program = program;
    m->fd = -1;
    m->text = xcalloc(1, TEXT_MAX);
    return m;
}

static int end_child(struct measure *m, int sig)
{
    int status = 0;
    if (sig)
        kill(m->pid, sig);
    while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(m->fd);
    m->pid = 0;
    m->fd = -1;
    return status;
}

void measure_free(struct measure *m)
{
    if (!m)
        return;
    if (m->pid)
        end_child(m, SIGKILL);
    free(m->text);
    free(m);
}

/* What determines a step; the rest of the settings does not concern it. */
static int step_args(const struct params *p, char **argv)
{
    static const char *const keys[] = {"teacher", "student",   "shortcut", "method", "pairing",
                                       "batch",   "precision", "device",   "threads"};
    static const char *const head[] = {"fsplab", "bench", "step", "--json", "--repeats", "3"};
    int n = 0;
    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        argv[n++] = xstrdup(head[i]);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char value[PARAM_STR_MAX];
        params_format(p, param_find(keys[i]), value, sizeof value);
        argv[n++] = xstrdup("--set");
        argv[n++] = xstrfmt("%s=%s", keys[i], value);
    }
    argv[n] = NULL;
    return n;
}

/* In the child, which shares nothing but the pipe; only what is safe after a fork of a program with threads. */
static void become_bench(const struct measure *m, int out, char **argv)
{
    struct sigaction deflt = {.sa_handler = SIG_DFL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &deflt, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 2) == 2 && dup2(out, 1) == 1) /* nothing across the screen */
        execv(m->program, argv);
    _exit(127);
}

bool measure_begin(struct measure *m, const struct params *p, const char *isa, struct err *err)
{
    char *argv[ARGS_MAX];
    int ends[2];
    if (m->pid)
        return err_set(err, ERR_BUSY, "a measurement is going on");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_IO, "cannot open a pipe to a new process: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int n = step_args(p, argv);
    m->pid = fork();
    if (m->pid == 0)
        become_bench(m, ends[1], argv);
    int why = errno;
    close(ends[1]);
    for (int i = 0; i < n; i++)
        free(argv[i]);
    if (m->pid < 0) {
        close(ends[0]);
        m->pid = 0;
        return err_set(err, ERR_IO, "cannot start a process: %s", strerror(why));
    }
    m->fd = ends[0];
    m->params = *p;
    m->n = 0;
    m->trouble[0] = '\0';
    m->isa[0] = '\0';
    str_append(m->isa, sizeof m->isa, 0, "%s", isa);
    return true;
}

static void replace(struct cost_table *t, const struct step_time *s)
{
    for (int i = 0; i < t->n; i++)
        if (!t->times[i].study[0] && cost_same_kind(&t->times[i].kind, &s->kind) &&
            strcmp(t->times[i].isa, s->isa) == 0) {
            t->times[i] = *s;
            return;
        }
    cost_add(t, s);
}

bool measure_take(struct cost_table *t, const struct params *p, const char *isa, const char *text, struct err *err)
{
    static const char *const names[] = {"teacher", "transfer", "finetune"};
    json_t *o = json_loads(text, 0, NULL), *step, *error = json_object_get(o, "error");
    size_t i;
    int taken = 0;
    const char *said = json_string_value(json_object_get(error, "message"));
    json_array_foreach(json_object_get(o, "steps"), i, step)
    {
        const char *name = json_string_value(json_object_get(step, "name"));
        double rate = json_number_value(json_object_get(step, "images_per_second"));
        for (int k = 0; k < COST_STAGES; k++) {
            struct step_time s = {.created_ms = clock_unix_ms()};
            if (!name || strcmp(name, names[k]) != 0 || !(rate > 0) || !cost_kind(p, k, &s.kind))
                continue;
            s.seconds = p->batch / rate;
            s.macs = cost_macs(&s.kind);
            str_append(s.isa, sizeof s.isa, 0, "%s", isa);
            replace(t, &s);
            taken++;
        }
    }
    if (!taken)
        err_set(err, ERR_FORMAT, "cannot measure: %s", said ? said : "bench gave no steps");
    json_decref(o);
    return taken > 0;
}

bool measure_turn(struct measure *m, struct cost_table *t, char *trouble, size_t cap)
{
    struct err err = {0};
    ssize_t got = -1;
    while (m->pid && m->n + 1 < TEXT_MAX && (got = read(m->fd, m->text + m->n, TEXT_MAX - 1 - m->n)) > 0)
        m->n += (size_t)got;
    bool ended = m->pid && (got == 0 || m->n + 1 >= TEXT_MAX || (got < 0 && errno != EAGAIN && errno != EINTR));
    if (ended) {
        m->text[m->n] = '\0';
        end_child(m, 0);
        if (!measure_take(t, &m->params, m->isa, m->text, &err))
            str_append(m->trouble, sizeof m->trouble, 0, "%s", err.msg);
    }
    str_append(trouble, cap, 0, "%s", m->trouble);
    return m->pid != 0;
}
