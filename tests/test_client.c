/* client: deadlines and signals, against a server that does what it is told; and the halves that never wait, against an
 * end of the connection that the test itself holds. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../src/client.h"
#include "scratch.h"

static char *dir;
static int listener, go[2]; /* a byte in `go` lets the server answer */
static volatile sig_atomic_t alarms;

static void read_request(int fd)
{
    char c = 0;
    while (c != '\n')
        if (read(fd, &c, 1) != 1)
            return;
}

static void say(int fd, const char *text)
{
    ssize_t ignored = send(fd, text, strlen(text), MSG_NOSIGNAL);
    (void)ignored;
}

static void *server(void *arg)
{
    (void)arg;
    char c;
    int fd = accept(listener, NULL, NULL);
    read_request(fd);
    say(fd, "{\"fsplab\":2}\n");
    for (int i = 1; i <= 2; i++) {
        char text[32];
        read_request(fd);
        if (read(go[0], &c, 1) != 1)
            break;
        snprintf(text, sizeof text, "{\"answer\":%d}\n", i);
        say(fd, text);
    }
    close(fd);
    return NULL;
}

static void on_alarm(int sig)
{
    (void)sig;
    if (++alarms == 20) {
        ssize_t ignored = write(go[1], "x", 1);
        (void)ignored;
    }
}

static pthread_t start_server(void)
{
    sigset_t set, old;
    pthread_t thread;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    assert_int_equal(pthread_create(&thread, NULL, server, NULL), 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return thread;
}

static void a_signal_is_no_silence(void **state)
{
    (void)state;
    struct err err = {0};
    struct wire_request r = {.ask = WIRE_STATUS};
    struct sigaction a = {.sa_handler = on_alarm}, old;
    pthread_t thread = start_server();
    struct client *c = client_open(dir, &err);
    assert_non_null(c);
    sigaction(SIGALRM, &a, &old);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
    json_t *o = client_ask(c, &r, 300000, &err); /* answered after the twentieth signal */
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    sigaction(SIGALRM, &old, NULL);
    if (!o)
        fail_msg("%s", err.msg);
    assert_int_equal(json_integer_value(json_object_get(o, "answer")), 1);
    json_decref(o);
    client_close(c);
    assert_int_equal(write(go[1], "x", 1), 1);
    pthread_join(thread, NULL);
}

static void a_late_answer_is_not_taken_for_the_next(void **state)
{
    (void)state;
    struct err err = {0};
    struct wire_request r = {.ask = WIRE_STATUS};
    pthread_t thread = start_server();
    struct client *c = client_open(dir, &err);
    assert_non_null(c);
    assert_null(client_ask(c, &r, 20, &err));
    assert_int_equal(err.code, ERR_BUSY);
    assert_int_equal(write(go[1], "xx", 2), 2);
    err = (struct err){0};
    assert_null(client_ask(c, &r, 300000, &err));
    assert_int_equal(err.code, ERR_STATE);
    client_close(c);
    pthread_join(thread, NULL);
}

/* ---- in two halves, both ends in this thread ---- */

static void *greeter(void *arg)
{
    int *peer = arg;
    *peer = accept(listener, NULL, NULL);
    read_request(*peer);
    say(*peer, "{\"fsplab\":2}\n");
    return NULL;
}

/* A greeted client and the other end of its connection. */
static struct client *linked(int *peer)
{
    struct err err = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, greeter, peer), 0);
    struct client *c = client_open(dir, &err);
    pthread_join(thread, NULL);
    if (!c)
        fail_msg("%s", err.msg);
    return c;
}

static const struct wire_request status = {.ask = WIRE_STATUS};

static void posted(struct client *c)
{
    struct err err = {0};
    if (!client_post(c, &status, &err))
        fail_msg("%s", err.msg);
    assert_true(client_waiting(c));
}

static void not_yet(struct client *c)
{
    struct err err = {0};
    json_t *o;
    if (!client_take(c, &o, &err))
        fail_msg("%s", err.msg);
    assert_null(o);
}

static void taken(struct client *c, int want)
{
    struct err err = {0};
    json_t *o;
    if (!client_take(c, &o, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(json_integer_value(json_object_get(o, "answer")), want);
    assert_false(client_waiting(c));
    json_decref(o);
}

/* The take fails so, and then everything does. */
static void lost(struct client *c, enum err_code code, const char *why)
{
    struct err err = {0};
    json_t *o = NULL;
    assert_false(client_take(c, &o, &err));
    assert_null(o);
    assert_int_equal(err.code, code);
    if (!strstr(err.msg, why))
        fail_msg("'%s' does not say '%s'", err.msg, why);
    err = (struct err){0};
    assert_false(client_take(c, &o, &err));
    assert_int_equal(err.code, ERR_STATE);
    err = (struct err){0};
    assert_false(client_post(c, &status, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_null(client_ask(c, &status, 1000, &err));
}

static void an_answer_may_come_in_any_pieces(void **state)
{
    (void)state;
    const char *text = "{\"answer\":5,\"x\":\"\xc3\xa4\"}\n";
    int peer;
    struct client *c = linked(&peer);
    assert_false(client_waiting(c));
    not_yet(c);
    posted(c);
    read_request(peer);
    for (size_t i = 0; i < strlen(text); i++) {
        not_yet(c);
        assert_int_equal(send(peer, text + i, 1, 0), 1);
    }
    taken(c, 5);
    not_yet(c);
    posted(c);
    read_request(peer);
    say(peer, "{\"answer\":6}\n");
    taken(c, 6);
    client_close(c);
    close(peer);
}

static void one_request_is_out_at_a_time(void **state)
{
    (void)state;
    struct err err = {0};
    int peer;
    struct client *c = linked(&peer);
    posted(c);
    assert_false(client_post(c, &status, &err));
    assert_int_equal(err.code, ERR_BUSY);
    err = (struct err){0};
    assert_null(client_ask(c, &status, 1000, &err));
    assert_int_equal(err.code, ERR_BUSY);
    say(peer, "{\"answer\":1}\n"); /* nothing was lost by it */
    taken(c, 1);
    client_close(c);
    close(peer);
}

/* The way out is stopped up with blanks, which JSON allows before an object; the request is longer than what goes out in
 * one piece, so it leaves in several. */
static void a_request_goes_out_as_the_peer_reads(void **state)
{
    (void)state;
    struct wire_request big = {.ask = WIRE_ENQUEUE, .n = WIRE_VALUES}, got;
    struct err err = {0};
    char blanks[512], *text = calloc(1, 1 << 20);
    int peer, small = 1, takes = 0;
    size_t n = 0;
    struct client *c = linked(&peer);
    memset(blanks, ' ', sizeof blanks);
    for (int i = 0; i < WIRE_VALUES; i++) {
        memset(big.key[i], 1 + i, sizeof big.key[i] - 1); /* six bytes a letter */
        big.value[i] = i;
    }
    assert_int_equal(setsockopt(client_fd(c), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    while (send(client_fd(c), blanks, sizeof blanks, MSG_DONTWAIT) > 0)
        ;
    assert_true(client_post(c, &big, &err));
    while (!strchr(text, '\n')) {
        takes++;
        not_yet(c); /* before the read, or it might not be full any more */
        ssize_t k = recv(peer, text + n, 100, 0);
        assert_true(k > 0);
        n += (size_t)k;
        assert_true(client_waiting(c));
    }
    assert_true(takes > 20);
    if (!wire_request_parse(text, n - 1, &got, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(got.n, WIRE_VALUES);
    say(peer, "{\"answer\":2}\n");
    taken(c, 2);
    free(text);
    client_close(c);
    close(peer);
}

static void a_peer_that_goes_is_noticed(void **state)
{
    (void)state;
    struct err err = {0};
    int peer;
    struct client *c = linked(&peer); /* while nothing is out */
    close(peer);
    lost(c, ERR_STATE, "has gone");
    client_close(c);
    c = linked(&peer); /* before it answers */
    posted(c);
    close(peer);
    lost(c, ERR_STATE, "has gone");
    assert_true(client_waiting(c));
    client_close(c);
    c = linked(&peer); /* in the middle of its answer */
    posted(c);
    say(peer, "{\"answer\":");
    not_yet(c);
    close(peer);
    lost(c, ERR_STATE, "has gone");
    client_close(c);
    c = linked(&peer); /* after it */
    posted(c);
    read_request(peer); /* or its closing would be a reset */
    say(peer, "{\"answer\":3}\n");
    close(peer);
    taken(c, 3);
    assert_false(client_post(c, &status, &err));
    assert_int_equal(err.code, ERR_STATE);
    client_close(c);
}

static void nonsense_ends_the_connection(void **state)
{
    (void)state;
    static const char *const junk[] = {"\n", "nonsense\n", "[{}]\n", "{\"answer\":1} {}\n", "{\"a\":\"\xff\"}\n"};
    int peer;
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        struct client *c = linked(&peer);
        posted(c);
        say(peer, junk[i]);
        lost(c, ERR_FORMAT, "no JSON object");
        client_close(c);
        close(peer);
    }
    struct client *c = linked(&peer);
    char *flood = malloc(WIRE_MAX);
    memset(flood, 'x', WIRE_MAX);
    posted(c);
    assert_int_equal(send(peer, flood, WIRE_MAX, 0), WIRE_MAX);
    lost(c, ERR_FORMAT, "without end");
    free(flood);
    client_close(c);
    close(peer);
}

static void what_nobody_asked_for_is_not_taken_for_an_answer(void **state)
{
    (void)state;
    struct err err = {0};
    int peer;
    struct client *c = linked(&peer);
    posted(c);
    say(peer, "{\"answer\":1}\n{\"answer\":2}\n");
    taken(c, 1);
    lost(c, ERR_FORMAT, "nobody asked");
    client_close(c);
    close(peer);
    c = linked(&peer);
    posted(c);
    say(peer, "{\"answer\":1}\n{");
    taken(c, 1);
    assert_false(client_post(c, &status, &err));
    assert_int_equal(err.code, ERR_FORMAT);
    client_close(c);
    close(peer);
}

static int setup(void **state)
{
    (void)state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    dir = scratch_new();
    snprintf(a.sun_path, sizeof a.sun_path, "%.90s/sock", dir);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4) || pipe(go);
}

static int teardown(void **state)
{
    (void)state;
    close(listener);
    close(go[0]);
    close(go[1]);
    scratch_remove(dir);
    return 0;
}

static void who_runs_it_elsewhere_is_named(void **state)
{
    char host[256] = "", own[300];
    struct err err = {0};
    (void)state;
    char *d = scratch_new();
    assert_null(client_open(d, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "no process runs the study"));
    scratch_write(scratch_path(d, "lock"), "12 there\n", 9);
    assert_null(client_open(d, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "process 12 on host 'there'"));
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    snprintf(own, sizeof own, "12 %s\n", host); /* of a process of this machine that was killed */
    scratch_write(scratch_path(d, "lock"), own, strlen(own));
    assert_null(client_open(d, &err));
    assert_non_null(strstr(err.msg, "no process runs the study"));
    scratch_remove(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_is_no_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_is_not_taken_for_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_may_come_in_any_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(one_request_is_out_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_goes_out_as_the_peer_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_goes_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_ends_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_asked_for_is_not_taken_for_an_answer, setup, teardown),
        cmocka_unit_test(who_runs_it_elsewhere_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
