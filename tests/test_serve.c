/* serve and client over real sockets, in one process, with an engine that does what the test says: nobody is held up
 * by a client that stalls, sends nonsense or goes away, and whoever asks is answered. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <cmocka.h>

/* The seam: serve.c as it is, on a lab of our own. Not by linking, since other objects here bring the real one along. */
#define lab_post fake_post
#define lab_snapshot fake_snapshot
#define lab_probe_answer fake_probe_answer
#include "../src/serve.c"

#include "../src/client.h"
#include "../src/io/base64.h"
#include "scratch.h"

/* ---- the engine ---- */

enum { QUEUE = 64 };

struct lab {
    struct lab_state state;
    struct lab_cmd queue[QUEUE];
    int queued, room;
    struct lab_probe *probe; /* NULL: none has been answered */
};

bool fake_post(struct lab *lab, struct lab_cmd c)
{
    if (lab->queued >= lab->room)
        return false;
    lab->queue[lab->queued++] = c;
    return true;
}

void fake_snapshot(struct lab *lab, struct lab_state *out)
{
    *out = lab->state;
}

/* The engine's answers to probes are its own test's business, but for one of the largest size. */
bool fake_probe_answer(struct lab *lab, uint64_t id, struct lab_probe *out)
{
    if (!lab->probe || lab->probe->ack.id != id)
        return false;
    *out = *lab->probe;
    return true;
}

static struct lab_ack *push_ack(struct lab *lab)
{
    lab->state.version++;
    struct lab_ack *a = &lab->state.acks[lab->state.n_acks++ % LAB_ACKS];
    *a = (struct lab_ack){.ok = true, .trial = 3, .stage = "transfer", .before = 0.5, .after = 0.25};
    return a;
}

/* Answers all that is queued, each at a step of its own. */
static void work(struct lab *lab)
{
    for (int i = 0; i < lab->queued; i++) {
        struct lab_ack *a = push_ack(lab);
        a->id = lab->queue[i].id;
        a->step = (int)lab->queue[i].value[0];
        if (lab->queue[i].op == LAB_PROBE && lab->probe)
            lab->probe->ack = *a;
    }
    lab->queued = 0;
}

/* ---- fixture ---- */

struct world {
    char *dir;
    struct lab lab;
    struct serve *serve;
};

static int setup(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct err err = {0};
    w->dir = scratch_new();
    w->lab.room = QUEUE;
    strcpy(w->lab.state.study, "demo");
    strcpy(w->lab.state.state, "running");
    w->lab.state.pid = 4711;
    w->serve = serve_open(w->dir, &w->lab, &err);
    *state = w;
    return w->serve ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    serve_close(w->serve);
    scratch_remove(w->dir);
    free(w);
    return 0;
}

/* A socket that is already in the listener's queue. */
static int dial(const char *dir)
{
    struct sockaddr_un a;
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address(dir_fd, &a);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(dir_fd);
    return fd;
}

static void turn(struct world *w)
{
    for (int i = 0; i < 3; i++) /* accept, read, answer */
        serve_poll(w->serve, -1, 0);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has arrived, as text in a buffer of its own; *closed: and nothing more will. */
static const char *hear(int fd, bool *closed)
{
    static char text[WIRE_MAX + 1];
    size_t n = 0;
    ssize_t got;
    while ((got = recv(fd, text + n, sizeof text - 1 - n, MSG_DONTWAIT)) > 0)
        n += (size_t)got;
    text[n] = 0;
    *closed = got == 0 || errno == ECONNRESET;
    return text;
}

static const char *hear_open(int fd)
{
    bool closed;
    const char *text = hear(fd, &closed);
    assert_false(closed);
    return text;
}

static json_t *hear_json(int fd)
{
    const char *text = hear_open(fd);
    assert_non_null(strchr(text, '\n'));
    json_t *o = json_loads(text, 0, NULL); /* refuses a second line */
    if (!o)
        fail_msg("no JSON object: %s", text);
    return o;
}

static int greeted(struct world *w)
{
    int fd = dial(w->dir);
    say(fd, "{\"fsplab\":2}\n");
    turn(w);
    assert_string_equal(hear_open(fd), "{\"fsplab\":2}\n");
    return fd;
}

static void heard_number(json_t *o, const char *key, double want)
{
    json_t *v = json_object_get(o, key);
    assert_true(json_is_number(v) && json_number_value(v) == want);
}

static void heard_text(json_t *o, const char *key, const char *want)
{
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    assert_string_equal(text, want);
}

/* ---- asking ---- */

static void status_is_answered(void **state)
{
    struct world *w = *state;
    int a = greeted(w), b = greeted(w);
    assert_int_equal(serve_clients(w->serve), 2);
    say(a, "{\"ask\":\"status\"}\n");
    turn(w);
    json_t *o = hear_json(a);
    heard_text(o, "study", "demo");
    heard_text(o, "state", "running");
    heard_number(o, "pid", 4711);
    heard_number(o, "clients", 2);
    json_decref(o);
    assert_string_equal(hear_open(b), ""); /* nothing is pushed */
    close(b);
    turn(w);
    say(a, "{\"ask\":\"status\"}\n");
    turn(w);
    o = hear_json(a);
    heard_number(o, "clients", 1);
    json_decref(o);
    close(a);
}

/* The text is kept for as long as nothing is published and nobody comes or goes, and not longer. */
static void a_status_is_of_the_latest_snapshot(void **state)
{
    struct world *w = *state;
    int a = greeted(w);
    for (int i = 0; i < 6; i++) {
        w->lab.state.step = i;
        if (i % 3 == 0) /* published */
            w->lab.state.version++;
        say(a, "{\"ask\":\"status\"}\n");
        turn(w);
        json_t *o = hear_json(a);
        heard_number(o, "step", i - i % 3);
        json_decref(o);
    }
    int b = greeted(w); /* the number of clients is part of it */
    say(a, "{\"ask\":\"status\"}\n");
    turn(w);
    json_t *o = hear_json(a);
    heard_number(o, "clients", 2);
    json_decref(o);
    close(a);
    close(b);
}

static void a_request_may_come_in_pieces_or_many_at_once(void **state)
{
    struct world *w = *state;
    int fd = dial(w->dir);
    for (const char *p = "{\"fsplab\":2}\n{\"ask\":\"status\"}\n"; *p; p++) {
        assert_int_equal(send(fd, p, 1, 0), 1);
        turn(w);
    }
    const char *text = hear_open(fd);
    assert_memory_equal(text, "{\"fsplab\":2}\n{\"study\":", 22);
    say(fd, "{\"ask\":\"status\"}\n{\"ask\":\"status\"}\n{\"ask\":\"status\"}\n");
    serve_poll(w->serve, -1, 0); /* one turn: none waits for the next piece of news */
    int lines = 0;
    for (text = hear_open(fd); *text; text++)
        lines += *text == '\n';
    assert_int_equal(lines, 3);
    close(fd);
}

static void who_will_say_no_more_is_still_answered(void **state)
{
    struct world *w = *state;
    int fd = dial(w->dir);
    bool closed;
    say(fd, "{\"fsplab\":2}\n{\"ask\":\"pause\"}\n{\"ask\":\"status\"}\n");
    shutdown(fd, SHUT_WR);
    turn(w);
    assert_string_equal(hear_open(fd), "{\"fsplab\":2}\n");
    work(&w->lab);
    turn(w);
    const char *text = hear(fd, &closed);
    assert_true(closed);
    assert_non_null(strstr(text, "{\"ok\":true"));
    assert_non_null(strstr(text, "\n{\"study\":\"demo\""));
    assert_int_equal(serve_clients(w->serve), 0);
    close(fd);
}

static void a_command_is_answered_when_it_took_effect(void **state)
{
    struct world *w = *state;
    int a = greeted(w), b = greeted(w);
    say(a, "{\"ask\":\"set\",\"values\":{\"lambda\":120}}\n");
    turn(w);
    assert_int_equal(w->lab.queued, 1);
    assert_int_equal(w->lab.queue[0].op, LAB_SET);
    assert_int_equal(w->lab.queue[0].n, 1);
    assert_string_equal(w->lab.queue[0].key[0], "lambda");
    assert_true(w->lab.queue[0].value[0] == 120);
    assert_true(w->lab.queue[0].id != 0);
    assert_string_equal(hear_open(a), "");
    push_ack(&w->lab)->id = UINT64_MAX; /* an answer to somebody else */
    say(b, "{\"ask\":\"status\"}\n");
    turn(w);
    assert_string_equal(hear_open(a), "");
    json_decref(hear_json(b)); /* not held up */
    work(&w->lab);
    turn(w);
    json_t *o = hear_json(a);
    assert_true(json_is_true(json_object_get(o, "ok")));
    heard_number(o, "trial", 3);
    heard_text(o, "stage", "transfer");
    heard_number(o, "step", 120);
    heard_number(o, "before", 0.5);
    heard_number(o, "after", 0.25);
    json_decref(o);
    assert_string_equal(hear_open(b), "");
    close(a);
    close(b);
}

static void every_command_has_its_operation(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *line;
        enum lab_op op;
    } cases[] = {{"{\"ask\":\"pause\"}\n", LAB_PAUSE},
                 {"{\"ask\":\"resume\"}\n", LAB_RESUME},
                 {"{\"ask\":\"stop\"}\n", LAB_STOP},
                 {"{\"ask\":\"set\",\"values\":{\"lr\":1}}\n", LAB_SET},
                 {"{\"ask\":\"enqueue\",\"values\":{\"a\":1,\"b\":2}}\n", LAB_ENQUEUE}};
    int fd = greeted(w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        say(fd, cases[i].line);
        turn(w);
        assert_int_equal(w->lab.queued, 1);
        assert_int_equal(w->lab.queue[0].op, cases[i].op);
        if (cases[i].op == LAB_ENQUEUE)
            assert_int_equal(w->lab.queue[0].n, 2);
        work(&w->lab);
        turn(w);
        json_decref(hear_json(fd));
    }
    close(fd);
}

static void refusals_are_said_and_leave_the_line_open(void **state)
{
    struct world *w = *state;
    int fd = greeted(w);
    say(fd, "{\"ask\":\"set\",\"values\":{\"lambda\":1,\"lr\":1}}\n");
    turn(w);
    json_t *o = hear_json(fd);
    assert_true(json_is_false(json_object_get(o, "ok")));
    heard_text(o, "message", "set takes one value");
    json_decref(o);
    w->lab.room = 0;
    say(fd, "{\"ask\":\"pause\"}\n");
    turn(w);
    o = hear_json(fd);
    assert_true(json_is_false(json_object_get(o, "ok")));
    heard_text(o, "message", "too many commands are waiting");
    json_decref(o);
    w->lab.room = QUEUE;
    say(fd, "{\"ask\":\"set\",\"values\":{\"seed\":1}}\n");
    turn(w);
    struct lab_ack *a = push_ack(&w->lab);
    *a = (struct lab_ack){.id = w->lab.queue[0].id, .message = "'seed\xff' is not live"}; /* no UTF-8 */
    turn(w);
    o = hear_json(fd);
    assert_true(json_is_false(json_object_get(o, "ok")));
    heard_text(o, "message", "'seed?' is not live");
    json_decref(o);
    close(fd);
}

/* A snapshot holds the latest LAB_ACKS answers only. */
static void more_commands_than_acks_in_a_snapshot(void **state)
{
    struct world *w = *state;
    enum { N = 3 * LAB_ACKS };
    int fds[N], answered = 0;
    for (int i = 0; i < N; i++)
        fds[i] = greeted(w);
    for (int i = 0; i < N; i++) {
        char line[80];
        snprintf(line, sizeof line, "{\"ask\":\"set\",\"values\":{\"lambda\":%d}}\n", i);
        say(fds[i], line);
    }
    for (int round = 0; round < N; round++) {
        turn(w);
        work(&w->lab);
    }
    turn(w);
    for (int i = 0; i < N; i++) {
        const char *text = hear_open(fds[i]);
        char want[32];
        snprintf(want, sizeof want, "\"step\":%d,", i);
        answered += strstr(text, want) != NULL;
        close(fds[i]);
    }
    assert_int_equal(answered, N);
}

static void those_who_wait_are_told_of_the_end(void **state)
{
    struct world *w = *state;
    int stop = greeted(w), late = greeted(w);
    say(stop, "{\"ask\":\"stop\"}\n");
    turn(w);
    uint64_t id = w->lab.queue[0].id;
    say(late, "{\"ask\":\"pause\"}\n");
    turn(w);
    push_ack(&w->lab)->id = id;
    w->lab.state.ended = true;
    turn(w);
    json_t *o = hear_json(stop);
    assert_true(json_is_true(json_object_get(o, "ok")));
    json_decref(o);
    o = hear_json(late);
    assert_true(json_is_false(json_object_get(o, "ok")));
    heard_text(o, "message", "the study has ended");
    json_decref(o);
    say(late, "{\"ask\":\"status\"}\n");
    turn(w);
    json_decref(hear_json(late));
    close(stop);
    close(late);
}

/* The worker may answer and end between the last poll and the close. */
static void the_last_answer_goes_out_at_the_close(void **state)
{
    struct world *w = *state;
    int fd = greeted(w);
    bool closed;
    say(fd, "{\"ask\":\"stop\"}\n");
    turn(w);
    work(&w->lab);
    w->lab.state.ended = true;
    serve_close(w->serve);
    w->serve = NULL;
    assert_non_null(strstr(hear(fd, &closed), "\"ok\":true"));
    assert_true(closed);
    close(fd);
}

/* ---- strangers ---- */

/* Sends, and is told why and put out. */
static void thrown_out(struct world *w, bool greet, const char *bytes, size_t n, const char *why)
{
    int fd = greet ? greeted(w) : dial(w->dir);
    bool closed;
    for (size_t at = 0; at < n;) {
        ssize_t k = send(fd, bytes + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno != EAGAIN)
            break;
        at += k > 0 ? (size_t)k : 0;
        turn(w);
    }
    turn(w);
    const char *text = hear(fd, &closed);
    if (!closed || strncmp(text, "{\"ok\":false,", 12) != 0 || !strstr(text, why))
        fail_msg("%.60s: closed %d, said '%s'", bytes, closed, text);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    json_decref(o);
    assert_int_equal(serve_clients(w->serve), 0);
    assert_int_equal(w->lab.queued, 0);
    close(fd);
}

static void garbage_is_answered_and_closed(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = {"GET / HTTP/1.1\r\n",
                                        "\n",
                                        "{\n",
                                        "[]\n",
                                        "{\"ask\":\"frob\"}\n",
                                        "{\"ask\":7}\n",
                                        "{\"ask\":\"set\",\"values\":7}\n",
                                        "\xff\xfe\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        thrown_out(w, true, lines[i], strlen(lines[i]), "message");
    thrown_out(w, true, "\0\0\n", 3, "message");
    thrown_out(w, true, "{\"ask\":\"pause\"}\0\n", 17, "message");
    /* an echo cut in the middle of a letter is no UTF-8 any more */
    const char *cut = "{\"ask\":\"set\",\"values\":{\"-------------------------------------- \xc3\xa4\":[]}}\n";
    thrown_out(w, true, cut, strlen(cut), "-----");
}

static void the_first_line_is_the_greeting(void **state)
{
    struct world *w = *state;
    const char *pause = "{\"ask\":\"pause\"}\n", *later = "{\"fsplab\":3}\n{\"ask\":\"pause\"}\n",
               *earlier = "{\"fsplab\":1}\n{\"ask\":\"pause\"}\n";
    thrown_out(w, false, pause, strlen(pause), "first line");
    thrown_out(w, false, later, strlen(later), "another version");
    thrown_out(w, false, earlier, strlen(earlier), "another version");
}

static void a_line_without_end_is_cut_short(void **state)
{
    struct world *w = *state;
    size_t n = 4 << 20;
    char *bytes = xmalloc(n);
    memset(bytes, ' ', n);
    thrown_out(w, true, bytes, n, "too long");
    free(bytes);
}

static void a_line_of_the_longest_is_taken(void **state)
{
    struct world *w = *state;
    int fd = greeted(w);
    char *line = xmalloc(WIRE_MAX);
    memset(line, ' ', WIRE_MAX);
    memcpy(line, "{\"ask\":\"status\"}", 16);
    line[WIRE_MAX - 1] = '\n';
    for (int at = 0; at < WIRE_MAX;) {
        ssize_t k = send(fd, line + at, (size_t)(WIRE_MAX - at), MSG_DONTWAIT);
        at += k > 0 ? (int)k : 0;
        turn(w);
    }
    for (int i = 0; i < WIRE_MAX / 4096; i++)
        turn(w);
    json_decref(hear_json(fd));
    free(line);
    close(fd);
}

/* ---- those who stall and those who leave ---- */

/* Asks for ever and never reads: what the server takes in is bounded, others are served meanwhile, and once the client
 * reads, every request is answered, in full. */
static void a_client_that_stalls_holds_up_nobody(void **state)
{
    struct world *w = *state;
    static const char request[] = "{\"ask\":\"status\"}\n";
    int stalled = greeted(w), other = greeted(w), idle = 0;
    size_t sent = 0, ends = 0, length = sizeof request - 1;
    while (idle < 20 && sent < 64u << 20) {
        size_t in_line = sent % length;
        ssize_t k = send(stalled, request + in_line, length - in_line, MSG_DONTWAIT);
        sent += k > 0 ? (size_t)k : 0;
        idle = k > 0 ? 0 : idle + 1;
        if (k < 0)
            turn(w);
    }
    assert_in_range(sent, 1, (8 << 20) - 1);
    for (int i = 0; i < 50; i++) {
        say(other, request);
        serve_poll(w->serve, -1, 0);
        json_decref(hear_json(other));
    }
    bool quiet = false, in_text = true;
    while (!quiet) {
        char bytes[8192];
        ssize_t k = recv(stalled, bytes, sizeof bytes, MSG_DONTWAIT);
        for (ssize_t i = 0; i < k; i++) {
            assert_true(bytes[i] != 0);
            ends += bytes[i] == '\n';
            in_text = bytes[i] != '\n';
        }
        if (k < 0) {
            turn(w);
            struct pollfd p = {.fd = stalled, .events = POLLIN};
            quiet = poll(&p, 1, 0) == 0;
        }
    }
    assert_false(in_text);
    assert_int_equal(ends, sent / length);
    close(stalled);
    close(other);
}

static int open_files(void)
{
    return scratch_count("/proc/self/fd");
}

static void coming_and_going_leaves_nothing(void **state)
{
    struct world *w = *state;
    static const char *const last_words[] = {"",
                                             "{\"fsp",
                                             "{\"fsplab\":2}\n",
                                             "{\"fsplab\":2}\n{\"ask\":\"status\"}\n",
                                             "{\"fsplab\":2}\n{\"ask\":\"pause\"}\n",
                                             "nonsense\n"};
    int before = open_files();
    for (int i = 0; i < 240; i++) {
        int fd = dial(w->dir);
        const char *words = last_words[(size_t)i % ARRAY_LEN(last_words)];
        if (i % 4 < 2)
            turn(w);
        say(fd, words);
        if (i % 2)
            turn(w);
        close(fd);
        turn(w);
        work(&w->lab);
    }
    turn(w);
    assert_int_equal(serve_clients(w->serve), 0);
    assert_int_equal(open_files(), before);
    close(greeted(w));
}

static void a_client_too_many_is_turned_away(void **state)
{
    struct world *w = *state;
    int fds[MAX_CLIENTS];
    bool closed;
    for (int i = 0; i < MAX_CLIENTS; i++)
        fds[i] = greeted(w);
    int extra = dial(w->dir);
    turn(w);
    hear(extra, &closed);
    assert_true(closed);
    close(extra);
    for (int i = 0; i < MAX_CLIENTS; i++) {
        say(fds[i], "{\"ask\":\"status\"}\n");
        turn(w);
        json_t *o = hear_json(fds[i]);
        heard_number(o, "clients", MAX_CLIENTS - i);
        json_decref(o);
        close(fds[i]);
        turn(w);
    }
    close(greeted(w)); /* there is room again */
}

/* Several leave in one turn, in the middle of the list and at its ends. */
static void those_who_stay_are_not_mixed_up(void **state)
{
    struct world *w = *state;
    int fds[12];
    for (int i = 0; i < 12; i++)
        fds[i] = greeted(w);
    for (int i = 0; i < 12; i++) {
        char line[80];
        snprintf(line, sizeof line, i % 3 == 2 ? "{\"ask\":\"set\",\"values\":{\"lr\":%d}}\n" : "{\"fsplab\":%d}\n",
                 i + 1);
        if (i % 3)
            say(fds[i], i % 3 == 1 ? "nonsense\n" : line);
        else
            close(fds[i]);
    }
    turn(w);
    assert_int_equal(serve_clients(w->serve), 4);
    work(&w->lab);
    turn(w);
    for (int i = 2; i < 12; i += 3) {
        json_t *o = hear_json(fds[i]);
        heard_number(o, "step", i + 1);
        json_decref(o);
        close(fds[i]);
        close(fds[i - 1]);
    }
}

/* ---- the folder ---- */

static bool is_socket(const char *path, mode_t *mode)
{
    struct stat st;
    bool there = lstat(path, &st) == 0;
    *mode = there ? st.st_mode & 0777 : 0;
    return there && S_ISSOCK(st.st_mode);
}

static int die_serving(void *dir)
{
    struct err err = {0};
    return serve_open(dir, NULL, &err) ? 0 : 1;
}

static void a_dead_process_s_socket_is_taken_over(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    mode_t mode;
    const char *path = scratch_path(w->dir, "sock");
    assert_true(is_socket(path, &mode));
    assert_int_equal(mode, 0600);
    serve_close(w->serve);
    assert_false(is_socket(path, &mode));
    assert_int_equal(scratch_child(die_serving, w->dir), 0);
    assert_true(is_socket(path, &mode)); /* left behind */
    assert_null(client_open(w->dir, &err));
    assert_int_equal(err.code, ERR_STATE);
    w->serve = serve_open(w->dir, &w->lab, &err);
    assert_non_null(w->serve);
    assert_true(is_socket(path, &mode));
    assert_int_equal(mode, 0600);
    close(greeted(w));
}

static void a_folder_may_be_deep(void **state)
{
    struct world *w = *state;
    char name[64] = {0}, *dir = xstrdup(w->dir);
    struct err err = {0};
    memset(name, 'd', sizeof name - 1);
    for (int i = 0; i < 8; i++) { /* far beyond sun_path's 108 bytes */
        char *deeper = xstrfmt("%s/%s", dir, name);
        free(dir);
        dir = deeper;
        assert_int_equal(mkdir(dir, 0777), 0);
    }
    struct serve *deep = serve_open(dir, &w->lab, &err);
    assert_non_null(deep);
    int fd = dial(dir);
    say(fd, "{\"fsplab\":2}\n");
    for (int i = 0; i < 3; i++)
        serve_poll(deep, -1, 0);
    assert_string_equal(hear_open(fd), "{\"fsplab\":2}\n");
    close(fd);
    serve_close(deep);
    assert_int_equal(scratch_count(dir), 0);
    free(dir);
}

static void a_folder_that_cannot_be_listened_in(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    int before = open_files();
    assert_null(serve_open(scratch_path(w->dir, "nowhere"), &w->lab, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "nowhere/sock"));
    const char *dir = scratch_path(w->dir, "taken");
    assert_int_equal(mkdir(dir, 0777), 0);
    assert_int_equal(mkdir(scratch_path(dir, "sock"), 0777), 0);
    assert_null(serve_open(dir, &w->lab, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(open_files(), before);
}

static void news_of_the_lab_ends_the_wait(void **state)
{
    struct world *w = *state;
    int fd = eventfd(1, 0);
    serve_poll(w->serve, fd, 600000); /* the test's limit is less */
    serve_poll(NULL, fd, 600000);
    serve_poll(NULL, -1, 0);
    assert_int_equal(serve_clients(NULL), 0);
    serve_close(NULL);
    close(fd);
}

/* ---- client.c ---- */

struct server {
    struct world *w;
    atomic_bool end;
    int news; /* wakes the poll */
    pthread_t thread;
};

static void *serve_until_end(void *arg)
{
    struct server *s = arg;
    while (!s->end) {
        serve_poll(s->w->serve, s->news, 1000);
        work(&s->w->lab);
    }
    return NULL;
}

static void start(struct server *s, struct world *w)
{
    *s = (struct server){.w = w, .news = eventfd(0, 0)};
    assert_int_equal(pthread_create(&s->thread, NULL, serve_until_end, s), 0);
}

static void stop(struct server *s)
{
    s->end = true;
    uint64_t one = 1;
    assert_int_equal(write(s->news, &one, sizeof one), sizeof one);
    pthread_join(s->thread, NULL);
    close(s->news);
}

static void the_client_asks_and_is_answered(void **state)
{
    struct world *w = *state;
    struct server server;
    struct err err = {0};
    start(&server, w);
    struct client *c = client_open(w->dir, &err), *d = client_open(w->dir, &err);
    assert_non_null(c);
    assert_non_null(d);
    json_t *o = client_ask(c, &(struct wire_request){.ask = WIRE_STATUS}, 60000, &err);
    assert_non_null(o);
    heard_text(o, "study", "demo");
    heard_number(o, "clients", 2);
    json_decref(o);
    struct wire_request set = {.ask = WIRE_SET, .n = 1, .key = {"lambda"}, .value = {77}};
    o = client_ask(d, &set, 60000, &err);
    assert_non_null(o);
    heard_number(o, "step", 77);
    json_decref(o);
    client_close(c);
    client_close(d);
    client_close(NULL);
    stop(&server);
}

/* A probe with as much in it as there can be. */
static struct lab_probe *full_probe(void)
{
    struct lab_probe *p = xcalloc(1, sizeof *p);
    struct probe_answer *a = &p->answer;
    struct probe_side side = {
        .present = true, .net = "res26", .blocks = 12, .n = 3, .rows = {16, 32, 64}, .columns = {16, 32, 64}};
    a->image = a->images = a->label = INT_MAX;
    a->reduced = 1;
    memset(a->class_name, 0xff, sizeof a->class_name - 1); /* no UTF-8 */
    memset(a->note, 1, sizeof a->note - 1);                /* six bytes each in JSON */
    for (size_t i = 0; i < sizeof a->rgb; i++)
        a->rgb[i] = (uint8_t)(i * 7);
    for (int i = 0; i < PROBE_FLOATS; i++)
        side.fsp[i] = (float)i * 1.25e-30f;
    a->teacher = a->student = side;
    a->teacher.fsp[0] = -1;
    return p;
}

static void the_largest_probe_fits_a_line(void **state)
{
    struct world *w = *state;
    struct server server;
    struct err err = {0};
    struct lab_probe *p = w->lab.probe = full_probe();
    json_t *text = lab_probe_json(p);
    char *line = json_dumps(text, JSON_COMPACT | JSON_REAL_PRECISION(12));
    assert_in_range(strlen(line), 60000, WIRE_MAX - 1); /* the newline, too */
    free(line);
    json_decref(text);
    start(&server, w);
    struct client *c = client_open(w->dir, &err);
    struct wire_request ask = {.ask = WIRE_PROBE, .image = 7, .block = 5};
    json_t *o = client_ask(c, &ask, 60000, &err);
    assert_non_null(o);
    heard_text(o, "stage", "transfer");
    heard_number(o, "trial", 3);
    heard_number(o, "blocks", 12);
    assert_null(json_object_get(o, "message"));
    unsigned char rgb[sizeof p->answer.rgb];
    assert_true(base64_decode(json_string_value(json_object_get(o, "rgb")), rgb, sizeof rgb));
    assert_memory_equal(rgb, p->answer.rgb, sizeof rgb);
    json_t *pair = json_array_get(json_object_get(o, "pairs"), 2);
    float g[64 * 64];
    assert_true(base64_decode_floats(json_string_value(json_object_get(pair, "student")), g, ARRAY_LEN(g)));
    assert_memory_equal(g, p->answer.student.fsp + 16 * 16 + 32 * 32, sizeof g);
    pair = json_array_get(json_object_get(o, "pairs"), 0);
    assert_true(base64_decode_floats(json_string_value(json_object_get(pair, "teacher")), g, 256) && g[0] == -1);
    json_decref(o);
    client_close(c);
    stop(&server);
    free(p);
}

static void a_probe_names_image_and_block(void **state)
{
    struct world *w = *state;
    int fd = greeted(w);
    say(fd, "{\"ask\":\"probe\",\"image\":7,\"block\":5}\n");
    turn(w);
    assert_int_equal(w->lab.queued, 1);
    assert_int_equal(w->lab.queue[0].op, LAB_PROBE);
    assert_int_equal(w->lab.queue[0].image, 7);
    assert_int_equal(w->lab.queue[0].block, 5);
    w->lab.probe = full_probe();
    w->lab.probe->answer.block = 5;
    w->lab.probe->answer.student.block = 3;
    w->lab.probe->answer.teacher.present = false;
    strcpy(w->lab.probe->answer.student.name, "section 2, block 1");
    struct lab_ack *a = push_ack(&w->lab);
    a->id = w->lab.queue[0].id;
    w->lab.probe->ack = *a;
    w->lab.queued = 0;
    turn(w);
    json_t *o = hear_json(fd);
    assert_true(json_is_null(json_object_get(o, "teacher")));
    heard_text(json_object_get(o, "student"), "name", "section 2, block 1");
    heard_number(json_object_get(o, "student"), "m", 16);
    json_decref(o);
    free(w->lab.probe);
    close(fd);
}

static void the_client_says_that_nobody_is_there(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    assert_null(client_open(scratch_path(w->dir, "nowhere"), &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "nowhere"));
    serve_close(w->serve);
    w->serve = NULL;
    int before = open_files();
    assert_null(client_open(w->dir, &err));
    assert_int_equal(err.code, ERR_STATE);
    scratch_write(scratch_path(w->dir, "sock"), "x", 1); /* a file of that name: ECONNREFUSED, too */
    assert_null(client_open(w->dir, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_int_equal(open_files(), before);
}

/* Some other server: says TEXT to whoever comes, and closes or (hold) waits for the client to go. */
struct stranger {
    int listen_fd;
    const char *text;
    size_t n;
    bool hold;
};

static void *be_strange(void *arg)
{
    struct stranger *s = arg;
    char bytes[256];
    int fd = accept(s->listen_fd, NULL, NULL);
    ssize_t asked = recv(fd, bytes, 1, MSG_PEEK); /* strange as it is, it answers */
    (void)asked;
    for (size_t at = 0; at < s->n;) {
        ssize_t k = send(fd, s->text + at, s->n - at, MSG_NOSIGNAL);
        if (k < 0)
            break;
        at += (size_t)k;
    }
    if (!s->hold)
        shutdown(fd, SHUT_WR); /* a close might reset the connection before the text is read */
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
    close(fd);
    return NULL;
}

/* Opening, and if that goes well one question, fails with this. */
static void estranged(struct world *w, const char *text, size_t n, bool hold, enum err_code code, const char *why)
{
    struct stranger s = {.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0), .text = text, .n = n, .hold = hold};
    struct sockaddr_un a;
    struct err err = {0};
    pthread_t thread;
    int dir_fd = open(w->dir, O_RDONLY | O_DIRECTORY);
    unlink(scratch_path(w->dir, "sock"));
    address(dir_fd, &a);
    assert_int_equal(bind(s.listen_fd, (struct sockaddr *)&a, sizeof a), 0);
    close(dir_fd);
    assert_int_equal(listen(s.listen_fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, be_strange, &s), 0);
    struct client *c = client_open(w->dir, &err);
    if (c)
        assert_null(client_ask(c, &(struct wire_request){.ask = WIRE_STATUS}, 50, &err));
    client_close(c);
    pthread_join(thread, NULL);
    close(s.listen_fd);
    if (err.code != code || !strstr(err.msg, why))
        fail_msg("%.40s: %s: %s", text, err_name(err.code), err.msg);
}

static void the_client_knows_strangers(void **state)
{
    struct world *w = *state;
    size_t n = 2 * WIRE_MAX;
    char *flood = xmalloc(n);
    memset(flood, 'x', n);
    serve_close(w->serve);
    w->serve = NULL;
#define SAYS(text, hold, code, why) estranged(w, text, sizeof text - 1, hold, code, why)
    SAYS("220 mail.example ESMTP\n", true, ERR_FORMAT, "no fsplab");
    SAYS("[]\n", true, ERR_FORMAT, "no fsplab");
    SAYS("{}\n", true, ERR_FORMAT, "another version");
    SAYS("{\"fsplab\":1}\n", true, ERR_FORMAT, "another version");
    SAYS("{\"fsplab\":3}\n", true, ERR_FORMAT, "another version");
    SAYS("{\"ok\":false,\"message\":\"go away\"}\n", true, ERR_FORMAT, "go away");
    SAYS("", false, ERR_STATE, "has gone");
    SAYS("{\"fsplab\":", false, ERR_STATE, "has gone");
    SAYS("{\"fsplab\":2}\n", false, ERR_STATE, "has gone");
    SAYS("{\"fsplab\":2}\n{\"stu", true, ERR_FORMAT, "nobody asked");
    SAYS("{\"fsplab\":2}\n\"text\"\n", true, ERR_FORMAT, "nobody asked");
    estranged(w, flood, n, true, ERR_FORMAT, "without end");
#undef SAYS
    free(flood);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(status_is_answered),
        TEST(a_status_is_of_the_latest_snapshot),
        TEST(a_request_may_come_in_pieces_or_many_at_once),
        TEST(who_will_say_no_more_is_still_answered),
        TEST(a_command_is_answered_when_it_took_effect),
        TEST(a_probe_names_image_and_block),
        TEST(the_largest_probe_fits_a_line),
        TEST(every_command_has_its_operation),
        TEST(refusals_are_said_and_leave_the_line_open),
        TEST(more_commands_than_acks_in_a_snapshot),
        TEST(those_who_wait_are_told_of_the_end),
        TEST(the_last_answer_goes_out_at_the_close),
        TEST(garbage_is_answered_and_closed),
        TEST(the_first_line_is_the_greeting),
        TEST(a_line_without_end_is_cut_short),
        TEST(a_line_of_the_longest_is_taken),
        TEST(a_client_that_stalls_holds_up_nobody),
        TEST(coming_and_going_leaves_nothing),
        TEST(a_client_too_many_is_turned_away),
        TEST(those_who_stay_are_not_mixed_up),
        TEST(a_dead_process_s_socket_is_taken_over),
        TEST(a_folder_may_be_deep),
        TEST(a_folder_that_cannot_be_listened_in),
        TEST(news_of_the_lab_ends_the_wait),
        TEST(the_client_asks_and_is_answered),
        TEST(the_client_says_that_nobody_is_there),
        TEST(the_client_knows_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
