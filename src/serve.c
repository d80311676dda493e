/* Clients ask and are answered; nothing is ever pushed, so a client that does not read holds up nobody and costs one
 * answer of memory: while its answer has not gone out, no further request of it is read. A command's answer waits for
 * the lab's ack; a snapshot holds only the latest LAB_ACKS, so no more commands than that are ever out. Addresses:
 * sun_path holds 108 bytes and study folders may be deeper, so the folder is opened and the socket is addressed through
 * /proc/self/fd. */
#define _GNU_SOURCE /* accept4 */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/wire.h"
#include "lab_json.h"

enum { MAX_CLIENTS = 64, COMMANDS_OUT = LAB_PROBES }; /* half of LAB_ACKS: others may post, too */

struct peer {
    int fd;
    bool greeted, closing;
    struct wire_buffer in;
    char *out;
    size_t out_n, out_at;
    uint64_t waiting; /* id of the command whose ack is awaited; 0 = none */
};

struct serve {
    struct lab *lab;
    int dir_fd, listen_fd, n;
    struct peer *peers[MAX_CLIENTS];
    uint64_t next_id;
    int commands_out; /* posted, and their ack not seen yet */
    int acks_seen;
    char *status; /* the answer to it: of that snapshot, for so many clients */
    uint64_t status_version;
    int status_clients;
};

static void address(int dir_fd, struct sockaddr_un *a)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/sock", dir_fd);
}

struct serve *serve_open(const char *dir, struct lab *lab, struct err *err)
{
    struct serve *s = xcalloc(1, sizeof *s);
    struct sockaddr_un a;
    s->lab = lab;
    s->next_id = 1;
    s->listen_fd = -1;
    s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd >= 0)
        s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listen_fd >= 0) {
        address(s->dir_fd, &a);
        unlinkat(s->dir_fd, "sock", 0);
        if (bind(s->listen_fd, (struct sockaddr *)&a, sizeof a) == 0 && fchmodat(s->dir_fd, "sock", 0600, 0) == 0 &&
            listen(s->listen_fd, 32) == 0) /* before it listens nobody gets in, so the mode is in time */
            return s;
    }
    err_set(err, ERR_IO, "cannot listen on '%s/sock': %s", dir, strerror(errno));
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s);
    return NULL;
}

static void drop(struct serve *s, int i)
{
    close(s->peers[i]->fd);
    free(s->peers[i]->out);
    free(s->peers[i]);
    s->peers[i] = s->peers[--s->n];
}

static void answer_text(struct peer *p, char *text)
{
    p->out = text;
    p->out_n = strlen(text);
    p->out_at = 0;
}

static char *line_of(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12)), *line = xstrfmt("%s\n", text);
    free(text);
    json_decref(o);
    return line;
}

static void answer(struct peer *p, json_t *o)
{
    answer_text(p, line_of(o));
}

/* Whoever asks between two snapshots gets the same text: it is made once. */
static void answer_status(struct serve *s, struct peer *p)
{
    struct lab_state state;
    lab_snapshot(s->lab, &state);
    if (!s->status || s->status_version != state.version || s->status_clients != s->n) {
        free(s->status);
        s->status = line_of(lab_state_json(&state, s->n));
        s->status_version = state.version;
        s->status_clients = s->n;
    }
    answer_text(p, xstrdup(s->status));
}

static void refuse(struct peer *p, const char *why, bool closing)
{
    answer(p, json_pack("{s:b, s:o}", "ok", 0, "message", lab_json_text(why)));
    p->closing = closing;
}

static void command(struct serve *s, struct peer *p, const struct wire_request *r)
{
    static const enum lab_op ops[] = {[WIRE_PAUSE] = LAB_PAUSE, [WIRE_RESUME] = LAB_RESUME,   [WIRE_STOP] = LAB_STOP,
                                      [WIRE_SET] = LAB_SET,     [WIRE_ENQUEUE] = LAB_ENQUEUE, [WIRE_SKIP] = LAB_SKIP,
                                      [WIRE_CLONE] = LAB_CLONE, [WIRE_PROBE] = LAB_PROBE,     [WIRE_THAW] = LAB_THAW};
    struct lab_cmd c = {.op = ops[r->ask],
                        .id = s->next_id++,
                        .n = r->n,
                        .trial = r->trial,
                        .warm = r->warm,
                        .image = r->image,
                        .block = r->block};
    if (r->ask == WIRE_SET && r->n != 1) {
        refuse(p, "set takes one value", false);
        return;
    }
    memcpy(c.key, r->key, sizeof c.key);
    memcpy(c.value, r->value, sizeof c.value);
    if (!lab_post(s->lab, c)) {
        refuse(p, "too many commands are waiting", false);
        return;
    }
    p->waiting = c.id;
    s->commands_out++;
}

static void handle(struct serve *s, struct peer *p, const char *line, size_t n)
{
    struct wire_request r;
    struct err err = {0};
    if (!wire_request_parse(line, n, &r, &err)) {
        refuse(p, err.msg, true);
    } else if (r.ask == WIRE_HELLO) {
        struct wire_request hello = {.ask = WIRE_HELLO, .version = WIRE_VERSION};
        p->greeted = r.version == WIRE_VERSION;
        if (p->greeted)
            answer_text(p, wire_request_text(&hello));
        else
            refuse(p, "this study is run by a program of another version", true);
    } else if (!p->greeted) {
        char why[64];
        snprintf(why, sizeof why, "the first line must be {\"fsplab\": %d}", WIRE_VERSION);
        refuse(p, why, true);
    } else if (r.ask == WIRE_STATUS) {
        answer_status(s, p);
    } else {
        command(s, p, &r);
    }
}

/* The answer to a command that has been acknowledged. */
static json_t *ack_answer(struct serve *s, const struct lab_ack *a)
{
    struct lab_probe probe;
    return lab_probe_answer(s->lab, a->id, &probe) ? lab_probe_json(&probe) : lab_ack_json(a);
}

/* One ack, to its client if that is still there. */
static void deliver_ack(struct serve *s, const struct lab_ack *a)
{
    if (a->id >= s->next_id) /* not of a client's command */
        return;
    s->commands_out--;
    for (int i = 0; i < s->n; i++)
        if (s->peers[i]->waiting == a->id) {
            s->peers[i]->waiting = 0;
            answer(s->peers[i], ack_answer(s, a));
        }
}

static void deliver_acks(struct serve *s)
{
    struct lab_state state;
    if (s->commands_out == 0)
        return;
    lab_snapshot(s->lab, &state);
    int from = state.n_acks - s->acks_seen > LAB_ACKS ? state.n_acks - LAB_ACKS : s->acks_seen;
    for (int i = from; i < state.n_acks; i++)
        deliver_ack(s, &state.acks[i % LAB_ACKS]);
    s->acks_seen = state.n_acks;
    if (!state.ended)
        return;
    s->commands_out = 0; /* nobody is left to answer them */
    for (int i = 0; i < s->n; i++)
        if (s->peers[i]->waiting) {
            s->peers[i]->waiting = 0;
            refuse(s->peers[i], "the study has ended", false);
        }
}

/* Takes in what has arrived. false: nothing more will come. */
static bool receive(struct peer *p)
{
    char bytes[4096];
    size_t room = sizeof p->in.bytes - p->in.n;
    ssize_t n = recv(p->fd, bytes, room < sizeof bytes ? room : sizeof bytes, MSG_DONTWAIT);
    if (n > 0)
        wire_put(&p->in, bytes, (size_t)n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Sends as much of the answer as goes. false: the connection is broken. */
static bool flush_answer(struct peer *p)
{
    ssize_t n = send(p->fd, p->out + p->out_at, p->out_n - p->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    p->out_at += (size_t)n;
    if (p->out_at == p->out_n) {
        free(p->out);
        p->out = NULL;
    }
    return true;
}

/* Handles the next line, if there is one. */
static bool next_request(struct serve *s, struct peer *p)
{
    size_t n;
    bool too_long;
    char *line = wire_line(&p->in, &n, &too_long);
    if (line)
        handle(s, p, line, n);
    else if (too_long)
        refuse(p, "a line is too long", true);
    free(line);
    return line || too_long;
}

/* Reads, answers, writes, as far as it goes without waiting. false: the peer is done with. */
static bool serve_peer(struct serve *s, struct peer *p, short events)
{
    if (events & POLLIN && !receive(p))
        return false;
    do
        if (p->out && !flush_answer(p))
            return false;
    while (!p->out && !p->waiting && !p->closing && s->commands_out < COMMANDS_OUT && next_request(s, p));
    return p->out || p->waiting || !p->closing;
}

static void welcome(struct serve *s)
{
    int fd;
    while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (s->n == MAX_CLIENTS) {
            close(fd);
            continue;
        }
        struct peer *p = xcalloc(1, sizeof *p);
        p->fd = fd;
        s->peers[s->n++] = p;
    }
}

void serve_poll(struct serve *s, int extra_fd, int timeout_ms)
{
    struct pollfd fds[2 + MAX_CLIENTS];
    int n = 0, peers = s ? s->n : 0;
    fds[n++] = (struct pollfd){.fd = extra_fd, .events = POLLIN};
    if (s)
        fds[n++] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
    for (int i = 0; i < peers; i++) {
        const struct peer *p = s->peers[i];
        /* one thing after the other, so that who says goodbye with the last request is still answered */
        bool full = p->out || p->waiting || p->in.n == sizeof p->in.bytes || memchr(p->in.bytes, '\n', p->in.n);
        fds[n++] = (struct pollfd){.fd = p->fd, .events = (short)((full ? 0 : POLLIN) | (p->out ? POLLOUT : 0))};
    }
    if (poll(fds, (nfds_t)n, timeout_ms) < 0 || !s)
        return;
    deliver_acks(s);
    for (int i = peers - 1; i >= 0; i--) { /* backwards: drop() moves the last one down */
        short r = fds[2 + i].revents;
        if ((r & (POLLHUP | POLLERR) && !(r & POLLIN)) || !serve_peer(s, s->peers[i], r))
            drop(s, i);
    }
    if (fds[1].revents & POLLIN)
        welcome(s);
}

int serve_clients(const struct serve *s)
{
    return s ? s->n : 0;
}

void serve_close(struct serve *s)
{
    if (!s)
        return;
    deliver_acks(s); /* a `stop` may have been answered since the last poll */
    while (s->n) {
        serve_peer(s, s->peers[s->n - 1], 0);
        drop(s, s->n - 1);
    }
    close(s->listen_fd);
    unlinkat(s->dir_fd, "sock", 0);
    close(s->dir_fd);
    free(s->status);
    free(s);
}
