/* One request is out at any time, so an answer needs no number. What a client cannot make sense of, and an answer that did
 * not come in time, end the connection for good: the next line might be the late one. Waiting with a deadline is made of
 * the two halves that never wait. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HELLO_MS = 5000 };

struct client {
    int fd;
    bool lost, waiting;
    char *out; /* what has not gone out of the request; NULL: all has */
    size_t out_n, out_at;
    struct wire_buffer in;
};

/* From now on nothing of this connection is believed. Returns false. */
static bool lose(struct client *c, enum err_code code, struct err *err, const char *why)
{
    c->lost = true;
    return err_set(err, code, "%s", why);
}

static bool usable(const struct client *c, struct err *err)
{
    return !c->lost || err_set(err, ERR_STATE, "the connection was given up: an earlier answer did not come");
}

/* ---- the two halves ---- */

/* Sends what goes without waiting. */
static bool flush_request(struct client *c, struct err *err)
{
    while (c->out) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n < 0)
            return lose(c, ERR_STATE, err, "the study process has gone");
        c->out_at += (size_t)n;
        if (c->out_at == c->out_n) {
            free(c->out);
            c->out = NULL;
        }
    }
    return true;
}

/* Takes in what has arrived until a line is whole. NULL with true: it is not yet. */
static bool receive_line(struct client *c, char **line, struct err *err)
{
    char bytes[4096];
    size_t length;
    bool too_long;
    while (!(*line = wire_line(&c->in, &length, &too_long))) {
        if (too_long)
            return lose(c, ERR_FORMAT, err, "an answer without end: this is no fsplab");
        size_t room = sizeof c->in.bytes - c->in.n;
        ssize_t n = recv(c->fd, bytes, room < sizeof bytes ? room : sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return lose(c, ERR_STATE, err, "the study process has gone");
        wire_put(&c->in, bytes, (size_t)n);
    }
    return true;
}

/* While nothing is asked, nothing may come: it would be taken for the next one's answer. */
static bool nothing_there(struct client *c, struct err *err)
{
    char *line = NULL;
    if (!receive_line(c, &line, err))
        return false;
    free(line);
    return (!line && c->in.n == 0) || lose(c, ERR_FORMAT, err, "an answer that nobody asked for: this is no fsplab");
}

int client_fd(const struct client *c)
{
    return c->fd;
}

bool client_waiting(const struct client *c)
{
    return c->waiting;
}

bool client_post(struct client *c, const struct wire_request *r, struct err *err)
{
    if (!usable(c, err))
        return false;
    if (c->waiting)
        return err_set(err, ERR_BUSY, "a request is out already");
    if (!nothing_there(c, err))
        return false;
    c->waiting = true;
    c->out = wire_request_text(r);
    c->out_n = strlen(c->out);
    c->out_at = 0;
    return flush_request(c, err);
}

bool client_take(struct client *c, json_t **answer, struct err *err)
{
    char *line = NULL;
    *answer = NULL;
    if (!usable(c, err))
        return false;
    if (!c->waiting)
        return nothing_there(c, err);
    if (!flush_request(c, err) || !receive_line(c, &line, err))
        return false;
    if (!line)
        return true;
    json_t *o = json_loads(line, 0, NULL);
    free(line);
    if (!json_is_object(o)) {
        json_decref(o);
        return lose(c, ERR_FORMAT, err, "the answer is no JSON object: this is no fsplab");
    }
    c->waiting = false; /* an answer to half a request can only be a refusal: the rest is not sent */
    free(c->out);
    c->out = NULL;
    *answer = o;
    return true;
}

/* ---- one after the other ---- */

/* Until there is something to read, or to write while a request has not gone out. */
static bool wait_for_peer(struct client *c, double deadline, struct err *err)
{
    struct pollfd p = {.fd = c->fd, .events = (short)(POLLIN | (c->out ? POLLOUT : 0))};
    double left;
    while ((left = deadline - clock_seconds()) > 0) {
        int n = poll(&p, 1, (int)(left * 1000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR) /* a resized terminal interrupts, too */
            break;
    }
    return lose(c, ERR_BUSY, err, "the study process does not answer");
}

json_t *client_ask(struct client *c, const struct wire_request *r, int timeout_ms, struct err *err)
{
    double deadline = clock_seconds() + timeout_ms / 1000.0;
    json_t *answer = NULL;
    bool ok = client_post(c, r, err);
    while (ok && !answer && (ok = wait_for_peer(c, deadline, err)))
        ok = client_take(c, &answer, err);
    return answer;
}

bool client_greeted(struct client *c, bool *yes, struct err *err)
{
    json_t *o = NULL;
    *yes = false;
    if (!client_take(c, &o, err))
        return false;
    if (!o)
        return true;
    const char *message = json_string_value(json_object_get(o, "message"));
    *yes = json_integer_value(json_object_get(o, "fsplab")) == WIRE_VERSION;
    if (!*yes)
        err_set(err, ERR_FORMAT, "%s", message ? message : "the study is run by a program of another version");
    json_decref(o);
    return *yes;
}

/* Nobody listens here; the study's lock ("PID HOST", see lab.c) may name a process on another host. */
static void nobody(const char *dir, struct err *err)
{
    char self[256] = "", host[256] = "";
    int pid = 0, n = 0;
    char *path = xstrfmt("%s/lock", dir);
    FILE *f = fopen(path, "re");
    free(path);
    if (f) {
        n = fscanf(f, "%d %255s", &pid, host);
        fclose(f);
    }
    if (n == 2 && gethostname(self, sizeof self - 1) == 0 && strcmp(self, host) != 0)
        err_set(err, ERR_STATE, "the study in '%s' is run by process %d on host '%s': attach there", dir, pid, host);
    else
        err_set(err, ERR_STATE, "no process runs the study in '%s'", dir);
}

/* -1 with err. A study process that is stopped (^Z) accepts nobody, and the queue before it has room for a few: where it has
 * none, connect says so at once. */
static int connect_to(const char *dir, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    bool ok = dir_fd >= 0 && (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0;
    snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/sock", dir_fd); /* see serve.c */
    ok = ok && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    int why = errno;
    if (dir_fd >= 0)
        close(dir_fd);
    if (ok)
        return fd;
    if (fd >= 0)
        close(fd);
    if (why == ENOENT || why == ECONNREFUSED)
        nobody(dir, err);
    else if (why == EAGAIN)
        err_set(err, ERR_BUSY, "the study process does not answer");
    else
        err_set(err, ERR_IO, "cannot connect to '%s/sock': %s", dir, strerror(why));
    return -1;
}

struct client *client_begin(const char *dir, struct err *err)
{
    struct wire_request hello = {.ask = WIRE_HELLO, .version = WIRE_VERSION};
    int fd = connect_to(dir, err);
    if (fd < 0)
        return NULL;
    struct client *c = xcalloc(1, sizeof *c);
    c->fd = fd;
    if (!client_post(c, &hello, err)) {
        client_close(c);
        return NULL;
    }
    return c;
}

/* A queue that is full may be so for a moment only: many come at once. */
static struct client *begin_until(const char *dir, double deadline, struct err *err)
{
    for (;;) {
        struct client *c = client_begin(dir, err);
        if (c || err->code != ERR_BUSY || clock_seconds() >= deadline)
            return c;
        usleep(20000);
    }
}

struct client *client_open(const char *dir, struct err *err)
{
    double deadline = clock_seconds() + HELLO_MS / 1000.0;
    struct client *c = begin_until(dir, deadline, err);
    bool yes = false;
    while (c && !yes)
        if (!wait_for_peer(c, deadline, err) || !client_greeted(c, &yes, err)) {
            client_close(c);
            return NULL;
        }
    return c;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    close(c->fd);
    free(c->out);
    free(c);
}
