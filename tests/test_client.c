/* client: deadlines and signals, against a server that does what it is told. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_is_no_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_is_not_taken_for_the_next, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
