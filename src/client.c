/* Blocking with a deadline: one request is out at any time. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { HELLO_MS = 5000 };

struct client {
    int fd;
    bool lost; /* an answer did not come in time: the next line may be the late one */
    struct wire_buffer in;
};

static bool wait_for(int fd, short events, double deadline, struct err *err)
{
    struct pollfd p = {.fd = fd, .events = events};
    double left;
    while ((left = deadline - clock_seconds()) > 0) {
        int n = poll(&p, 1, (int)(left * 1000) + 1);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR) /* a resized terminal interrupts, too */
            break;
    }
    return err_set(err, ERR_BUSY, "the study process does not answer");
}

static bool send_all(struct client *c, const char *text, double deadline, struct err *err)
{
    for (size_t n = strlen(text), at = 0; at < n;) {
        ssize_t k = send(c->fd, text + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(err, ERR_STATE, "the study process has gone: %s", strerror(errno));
        if (k < 0 && !wait_for(c->fd, POLLOUT, deadline, err))
            return false;
        at += k > 0 ? (size_t)k : 0;
    }
    return true;
}

static char *read_line(struct client *c, double deadline, struct err *err)
{
    char bytes[4096], *line;
    size_t length;
    bool too_long;
    while (!(line = wire_line(&c->in, &length, &too_long))) {
        if (too_long) {
            err_set(err, ERR_FORMAT, "an answer without end: this is no fsplab");
            return NULL;
        }
        if (!wait_for(c->fd, POLLIN, deadline, err))
            return NULL;
        size_t room = sizeof c->in.bytes - c->in.n;
        ssize_t n = recv(c->fd, bytes, room < sizeof bytes ? room : sizeof bytes, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            err_set(err, ERR_STATE, "the study process has gone");
            return NULL;
        }
        if (n > 0)
            wire_put(&c->in, bytes, (size_t)n);
    }
    return line;
}

json_t *client_ask(struct client *c, const struct wire_request *r, int timeout_ms, struct err *err)
{
    double deadline = clock_seconds() + timeout_ms / 1000.0;
    if (c->lost) {
        err_set(err, ERR_STATE, "the connection was given up: an earlier answer did not come");
        return NULL;
    }
    char *text = wire_request_text(r), *line = NULL;
    json_t *o = NULL;
    if (send_all(c, text, deadline, err) && (line = read_line(c, deadline, err))) {
        o = json_loads(line, 0, NULL);
        if (!json_is_object(o)) {
            json_decref(o);
            o = NULL;
            err_set(err, ERR_FORMAT, "the answer is no JSON object: this is no fsplab");
        }
    }
    c->lost = !o;
    free(text);
    free(line);
    return o;
}

static bool greet(struct client *c, struct err *err)
{
    struct wire_request hello = {.ask = WIRE_HELLO, .version = WIRE_VERSION};
    json_t *o = client_ask(c, &hello, HELLO_MS, err);
    json_t *version = json_object_get(o, "fsplab");
    const char *message = json_string_value(json_object_get(o, "message"));
    bool ok = o && json_integer_value(version) == WIRE_VERSION;
    if (o && !ok)
        err_set(err, ERR_FORMAT, "%s", message ? message : "the study is run by a program of another version");
    json_decref(o);
    return ok;
}

/* -1 with err. A study process that is stopped (^Z) accepts nobody: connect waits for a place in its queue, but not
 * longer than a send may take. */
static int connect_to(const char *dir, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = HELLO_MS / 1000};
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    bool ok = dir_fd >= 0 && (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 &&
              setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0;
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
        err_set(err, ERR_STATE, "no process runs the study in '%s'", dir);
    else if (why == EAGAIN)
        err_set(err, ERR_BUSY, "the study process does not answer");
    else
        err_set(err, ERR_IO, "cannot connect to '%s/sock': %s", dir, strerror(why));
    return -1;
}

struct client *client_open(const char *dir, struct err *err)
{
    int fd = connect_to(dir, err);
    if (fd < 0)
        return NULL;
    struct client *c = xcalloc(1, sizeof *c);
    c->fd = fd;
    if (!greet(c, err)) {
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
    free(c);
}
