/* The starter and the study talk over a pipe: whatever the study says until it listens comes down there, and a line of its
 * own ends it, "ready PID" or "error CODE MESSAGE". So a process that dies without a word of its own (a library that is
 * missing, a sanitizer's report) is quoted, too, and a study that never began leaves no log behind.
 *
 * Two forks: the process between them ends at once and is waited for here, so that the study is nobody's child and leaves
 * no zombie, and, leading no session, can never get a terminal. Everything is prepared before the first fork; between
 * fork and exec only what POSIX allows after a fork of a program with threads. Every descriptor but the pipe is closed
 * by the exec, and signals that the starter ignores or blocks are restored. */
#define _GNU_SOURCE /* pipe2 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 60 /* seconds */, TEXT_MAX = 4096 };

/* ---- the starter ---- */

struct start {
    char **argv;
    int n_arg;
    char fd_text[16];
    int null_fd, pipe_fd[2];
};

static void add_word(struct start *s, const char *word)
{
    s->argv = xrealloc(s->argv, (size_t)(s->n_arg + 2) * sizeof *s->argv);
    s->argv[s->n_arg++] = (char *)word; /* exec's type; nobody writes there */
    s->argv[s->n_arg] = NULL;
}

static void add_option(struct start *s, const char *option, const char *value)
{
    if (!value)
        return;
    add_word(s, option);
    add_word(s, value);
}

/* Away from 0, 1 and 2, where the caller may have closed those. */
static bool raise_fd(int *fd)
{
    int high = *fd < 0 ? -1 : *fd > 2 ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (*fd >= 0 && high != *fd)
        close(*fd);
    *fd = high;
    return high >= 0;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static bool prepare(struct start *s, const char *study, const struct spawn_options *o, struct err *err)
{
    s->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(s->pipe_fd, O_CLOEXEC) != 0)
        s->pipe_fd[0] = s->pipe_fd[1] = -1;
    if (!raise_fd(&s->null_fd) || !raise_fd(&s->pipe_fd[0]) || !raise_fd(&s->pipe_fd[1]))
        return err_set(err, ERR_IO, "cannot open a pipe to a new process: %s", strerror(errno));
    snprintf(s->fd_text, sizeof s->fd_text, "%d", s->pipe_fd[1]);
    add_word(s, "fsplab");
    add_word(s, "run");
    add_word(s, study);
    add_word(s, "--headless");
    add_option(s, "--ready-fd", s->fd_text);
    add_option(s, "-c", o->config);
    add_option(s, "--runs", o->runs);
    for (int i = 0; i < o->n_set; i++)
        add_option(s, "--set", o->set[i]);
    return true;
}

static void close_all_on_exec(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) == 0)
        return;
#endif
    for (int fd = 3; fd < 65536; fd++) /* a kernel before 5.11 */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* In the process that becomes the study. */
static void become_study(const struct start *s)
{
    struct sigaction deflt = {.sa_handler = SIG_DFL};
    sigset_t none;
    int out = s->pipe_fd[1];
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &deflt, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_all_on_exec();
    if (dup2(s->null_fd, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2 && fcntl(out, F_SETFD, 0) == 0)
        execv("/proc/self/exe", s->argv);
    static const char why[] = "error io cannot start this program anew\n";
    ssize_t ignored = write(out, why, sizeof why - 1);
    (void)ignored;
    _exit(1);
}

/* Signals are held back from the first fork on, so that no handler of the starter's runs in its copies. */
static bool fork_twice(const struct start *s, struct err *err)
{
    sigset_t all, old;
    int status = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t between = fork();
    if (between == 0) {
        setsid();
        pid_t study = fork();
        if (study == 0)
            become_study(s);
        _exit(study < 0);
    }
    while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR)
        ;
    int why = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (between < 0)
        return err_set(err, ERR_IO, "cannot start a process: %s", strerror(why));
    return status == 0 || err_set(err, ERR_IO, "cannot start a process: no more of them are allowed here");
}

/* The code of that name; ERR_STATE when there is none. */
static enum err_code code_named(const char *name, size_t n)
{
    for (int c = ERR_OK + 1; c <= ERR_STATE; c++)
        if (strlen(err_name((enum err_code)c)) == n && memcmp(err_name((enum err_code)c), name, n) == 0)
            return (enum err_code)c;
    return ERR_STATE;
}

/* The process has ended without a line of its own: the last thing it said is all there is. */
static bool unexplained(char *text, size_t n, struct err *err)
{
    while (n && text[n - 1] == '\n')
        text[--n] = 0;
    char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    return err_set(err, ERR_STATE, "the study's process ended before it began%s%s", *line ? ": " : "", line);
}

/* Looks for the line that ends it. false: it is not there yet. */
static bool verdict(const char *text, const struct spawn_options *o, bool *begun, struct err *err)
{
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *begun = strncmp(line, "ready ", 6) == 0;
        if (*begun && o->pid)
            *o->pid = atoi(line + 6);
        if (*begun)
            return true;
        if (strncmp(line, "error ", 6) != 0)
            continue;
        size_t code = strcspn(line + 6, " \n");
        const char *message = line + 6 + code + (line[6 + code] == ' ');
        err_set(err, code_named(line + 6, code), "%.*s", (int)(end - message), message);
        return true;
    }
    return false;
}

static bool hear_out(int fd, const struct spawn_options *o, struct err *err)
{
    char text[TEXT_MAX];
    size_t n = 0;
    bool begun = false;
    for (double deadline = clock_seconds() + PATIENCE, left; (left = deadline - clock_seconds()) > 0;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, (int)(left * 1000) + 1);
        if (ready <= 0)
            continue;               /* a signal, or the time is up */
        if (n + 1 == sizeof text) { /* the older half is not what counts */
            memmove(text, text + n / 2, n - n / 2);
            n -= n / 2;
        }
        ssize_t got = read(fd, text + n, sizeof text - 1 - n);
        n += got > 0 ? (size_t)got : 0;
        text[n] = 0;
        if (verdict(text, o, &begun, err))
            return begun;
        if (got == 0)
            return unexplained(text, n, err);
    }
    return err_set(err, ERR_BUSY, "the study's process has not begun within %d s; it may still", PATIENCE);
}

bool spawn_study(const char *study, const struct spawn_options *o, struct err *err)
{
    struct start s = {.null_fd = -1, .pipe_fd = {-1, -1}};
    bool ok = prepare(&s, study, o, err) && fork_twice(&s, err);
    close_fd(s.null_fd);
    close_fd(s.pipe_fd[1]);
    ok = ok && hear_out(s.pipe_fd[0], o, err);
    close_fd(s.pipe_fd[0]);
    free(s.argv);
    return ok;
}

/* ---- the study ---- */

/* The starter may be gone by now: that is no matter. */
static void say(int fd, char *line)
{
    ssize_t ignored = write(fd, line, strlen(line));
    (void)ignored;
    close(fd);
    free(line);
}

bool spawn_ready(int fd, const char *log, struct err *err)
{
    if (fd < 0)
        return true;
    int log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    fflush(stdout);
    if (log_fd < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0) {
        close_fd(log_fd);
        return err_set(err, ERR_IO, "cannot write '%s': %s", log, strerror(errno));
    }
    close(log_fd);
    prctl(PR_SET_NAME, "fsplab"); /* exec of /proc/self/exe calls it "exe", in ps and top */
    say(fd, xstrfmt("ready %d\n", (int)getpid()));
    return true;
}

void spawn_failed(int fd, const struct err *err)
{
    if (fd < 0)
        return;
    char *line = xstrfmt("error %s %s", err_name(err->code), err->msg);
    for (char *c = line; *c; c++)
        if (*c == '\n')
            *c = ' ';
    char *whole = xstrfmt("%s\n", line);
    free(line);
    say(fd, whole);
}
