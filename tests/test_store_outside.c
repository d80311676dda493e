/* store, the world around it: other processes, kill -9, full disks, read-only folders, files that are not ours. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "store_fixture.h"

/* ---- other processes ---- */

enum { OTHERS = 50 };

static int write_from(void *arg)
{
    int base = *(int *)arg;
    struct err err = {0};
    struct store *s = store_open(path, &err);
    struct trial_row t = trial(base);
    bool ok = s && store_trial_put(s, &t, &err);
    if (s)
        store_set_patience(s, 10000);
    for (int i = 0; ok && i < OTHERS; i++)
        ok = store_value_put(s, base, "transfer", i, "loss", i, i, &err);
    store_close(s);
    if (!ok)
        fprintf(stderr, "process %d: %s\n", base, err.msg);
    return ok ? 0 : 1;
}

static int write_both(void *arg)
{
    (void)arg;
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_from(&(int){1}));
    int mine = write_from(&(int){2}), status;
    return waitpid(pid, &status, 0) == pid && status == 0 && mine == 0 ? 0 : 1;
}

/* They also create it together. */
static void two_processes_write_one_store(void **state)
{
    (void)state;
    assert_int_equal(scratch_child(write_both, NULL), 0);
    struct store *s = open_readonly();
    for (int trial_no = 1; trial_no <= 2; trial_no++) {
        struct value_row *v;
        assert_int_equal(store_values(s, trial_no, "transfer", "loss", &v, NULL), OTHERS);
        free(v);
    }
    store_close(s);
}

/* Argument 0: reads, trying for a second at most; else: writes. */
static int open_early(int writer)
{
    struct err err = {0};
    struct store *s = writer ? store_open(path, &err) : store_open_readonly(path, &err);
    for (int i = 0; !writer && !s && err.code == ERR_IO && i < 1000; i++) { /* not there, or nothing in it yet */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        s = store_open_readonly(path, &err);
    }
    if (!s)
        fprintf(stderr, "%s: %s\n", writer ? "writer" : "reader", err.msg);
    store_close(s);
    return s ? 0 : 1;
}

/* Nobody sees a schema that is half there. A chance of about one in ten a round, when the store is careless. */
static void a_store_in_the_making_is_not_mistaken(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        pid_t pid[3];
        snprintf(path, sizeof path, "%s/%d.db", dir, round);
        for (int i = 0; i < 3; i++)
            if ((pid[i] = fork()) == 0)
                _exit(open_early(i));
        int failed = 0, status;
        for (int i = 0; i < 3; i++)
            failed += waitpid(pid[i], &status, 0) != pid[i] || status != 0;
        assert_int_equal(failed, 0);
    }
}

static void a_locked_store_is_busy(void **state)
{
    (void)state;
    struct store *s = open_store(), *other = open_store(), *reader = open_readonly();
    struct err err = {0};
    add_trial(s, 1);
    OK(store_begin(other, &oops));
    OK(store_value_put(other, 1, "transfer", 1, "loss", 1, 1, &oops));
    store_set_patience(s, 30);
    double start = clock_seconds();
    assert_false(store_value_put(s, 1, "transfer", 2, "loss", 1, 1, &err));
    assert_true(clock_seconds() - start >= 0.02);
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, path));
    err = (struct err){0};
    assert_false(store_begin(s, &err));
    assert_int_equal(err.code, ERR_BUSY);
    assert_int_equal(count_values(reader), 0); /* readers do not wait */
    OK(store_commit(other, &oops));
    put(s, 2, 1);
    assert_int_equal(count_values(reader), 2);
    store_close(s);
    store_close(other);
    store_close(reader);
}

/* Holds the store for a moment, then commits. */
static int hold_the_lock(void *arg)
{
    int fd = *(int *)arg;
    struct store *s = store_open(path, NULL);
    if (!s || !store_begin(s, NULL) || !store_value_put(s, 1, "transfer", 1, "loss", 1, 1, NULL))
        return 1;
    if (write(fd, "x", 1) != 1)
        return 2;
    nanosleep(&(struct timespec){.tv_nsec = 100 * 1000000L}, NULL);
    bool ok = store_commit(s, NULL);
    store_close(s);
    return ok ? 0 : 3;
}

static void a_short_lock_is_waited_for(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    store_close(s); /* not open across the fork */
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(hold_the_lock(&fd[1]));
    char c;
    int status;
    close(fd[1]);
    assert_int_equal(read(fd[0], &c, 1), 1);
    close(fd[0]);
    s = open_store();
    put(s, 2, 1);
    assert_int_equal(count_values(s), 2);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_close(s);
}

static int read_in_readonly_folder(void *arg)
{
    const int *want = arg;
    struct err err = {0};
    if (!scratch_drop_root())
        return 77;
    struct store *s = store_open_readonly(path, &err);
    struct value_row *v = NULL;
    int n = s ? store_values(s, 1, "transfer", "loss", &v, &err) : -1;
    free(v);
    if (n != *want)
        fprintf(stderr, "%d values, want %d: %s\n", n, *want, err.msg);
    if (s) { /* and a write is refused kindly */
        struct trial_row t = trial(1);
        if (store_trial_put(s, &t, &err) || err.code != ERR_STATE)
            return 2;
    }
    store_close(s);
    return n == *want ? 0 : 1;
}

static void lock_folder(bool lock)
{
    char *folder = xstrdup(path);
    *strrchr(folder, '/') = '\0';
    chmod(dir, 0755);
    chmod(folder, lock ? 0555 : 0755);
    free(folder);
}

static void a_readonly_folder_can_be_read(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    put(s, 1, 1);
    lock_folder(true);
    int live = scratch_child(read_in_readonly_folder, &(int){1}); /* beside a writer that may write */
    put(s, 2, 1);
    int more = scratch_child(read_in_readonly_folder, &(int){2});
    lock_folder(false);
    store_close(s);
    assert_int_equal(scratch_count(scratch_path(dir, "runs/demo")), 1); /* the log is merged and gone */
    lock_folder(true);
    int dead = scratch_child(read_in_readonly_folder, &(int){2});
    lock_folder(false);
    if (live == 77)
        skip();
    assert_int_equal(live, 0);
    assert_int_equal(more, 0);
    assert_int_equal(dead, 0);
}

static int write_and_die(void *arg)
{
    (void)arg;
    struct store *s = store_open(path, NULL);
    struct trial_row t = trial(1);
    if (!s || !store_trial_put(s, &t, NULL))
        return 1;
    for (int i = 0; i < 5; i++)
        store_value_put(s, 1, "transfer", i, "loss", i, i, NULL);
    kill(getpid(), SIGKILL);
    return 2;
}

static void a_dead_writers_log_is_read(void **state)
{
    (void)state;
    struct store *s = open_store(); /* the file alone holds an earlier state, one value */
    add_trial(s, 1);
    put(s, 0, 0);
    store_close(s);
    assert_int_equal(scratch_child(write_and_die, NULL), 255);
    assert_true(access(scratch_path(dir, "runs/demo/study.db-wal"), F_OK) == 0);
    lock_folder(true); /* log and shared memory are there: readable as they are */
    int status = scratch_child(read_in_readonly_folder, &(int){5});
    assert_true(status == 0 || status == 77);
    /* a log without its shared memory, in a folder where it cannot be made: never the stale file alone */
    lock_folder(false);
    unlink(scratch_path(dir, "runs/demo/study.db-shm"));
    lock_folder(true);
    status = scratch_child(read_in_readonly_folder, &(int){-1});
    lock_folder(false);
    assert_true(status == 0 || status == 77);

    struct store *r = open_readonly();
    assert_int_equal(count_values(r), 5);
    store_close(r);
    s = open_store();
    assert_int_equal(count_values(s), 5);
    store_close(s);
}

struct follow {
    int to_child[2], to_parent[2];
};

/* A reader that had to open the file without locks sees what a writer does later. */
static int follow_without_locks(void *arg)
{
    struct follow *f = arg;
    char c;
    if (!scratch_drop_root())
        return 77;
    struct store *s = store_open_readonly(path, NULL);
    if (!s || count_values(s) != 1)
        return 1;
    if (write(f->to_parent[1], "x", 1) != 1 || read(f->to_child[0], &c, 1) != 1)
        return 2;
    int during = count_values(s);
    if (write(f->to_parent[1], "x", 1) != 1 || read(f->to_child[0], &c, 1) != 1)
        return 3;
    int after = count_values(s);
    store_close(s);
    if (during != 2 || after != 3)
        fprintf(stderr, "during %d, after %d\n", during, after);
    return during == 2 && after == 3 ? 0 : 4;
}

static void a_reader_without_locks_follows(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    put(s, 1, 1);
    store_close(s);
    struct follow f;
    char c;
    assert_true(pipe(f.to_child) == 0 && pipe(f.to_parent) == 0);
    lock_folder(true);
    pid_t pid = fork();
    if (pid == 0)
        _exit(follow_without_locks(&f));
    close(f.to_parent[1]);
    if (read(f.to_parent[0], &c, 1) == 1) {
        lock_folder(false);
        s = open_store();
        put(s, 2, 1);
        lock_folder(true);
        assert_int_equal(write(f.to_child[1], "x", 1), 1);
        if (read(f.to_parent[0], &c, 1) == 1) {
            lock_folder(false);
            put(s, 3, 1);
            store_close(s);
            lock_folder(true);
            assert_int_equal(write(f.to_child[1], "x", 1), 1);
        }
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    lock_folder(false);
    close(f.to_parent[0]);
    close(f.to_child[0]);
    close(f.to_child[1]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

/* ---- kill -9 ---- */

/* Groups of three values and an event, one after the other; what is acknowledged through the pipe was committed. */
static void write_for_ever(int ack)
{
    struct store *s = store_open(path, NULL);
    if (!s)
        _exit(1);
    struct value_row *v;
    int n = store_values(s, 1, "transfer", "a", &v, NULL);
    int step = n > 0 ? v[n - 1].step : 0;
    free(v);
    for (;;) {
        step++;
        struct event_row e = {.trial = 1, .step = step, .kind = "checkpoint"};
        bool ok = store_begin(s, NULL);
        ok = ok && store_value_put(s, 1, "transfer", step, "a", step, 0, NULL);
        ok = ok && store_event_put(s, &e, NULL);
        ok = ok && store_value_put(s, 1, "transfer", step, "b", step, 0, NULL);
        if (!ok || !store_commit(s, NULL) || write(ack, &step, sizeof step) != sizeof step)
            _exit(2);
    }
}

static void nothing_acknowledged_is_lost_by_a_kill(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_trial(s, 1);
    store_close(s);
    struct rng rng;
    rng_seed(&rng, 9, 9);
    int acknowledged = 0;
    for (int round = 0; round < 20; round++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(fd[0]);
            write_for_ever(fd[1]);
        }
        close(fd[1]);
        int step;
        /* one at least, so that every round kills a process that writes */
        if (read(fd[0], &step, sizeof step) == sizeof step)
            acknowledged = step;
        nanosleep(&(struct timespec){.tv_nsec = 1000 * (long)rng_below(&rng, 12000)}, NULL);
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(fd[0], &step, sizeof step) == sizeof step)
            acknowledged = step;
        close(fd[0]);

        struct store *r = open_readonly();
        struct value_row *a, *b;
        struct event_row *e;
        int na = store_values(r, 1, "transfer", "a", &a, NULL), nb = store_values(r, 1, "transfer", "b", &b, NULL);
        int ne = store_events(r, 1, 0, &e, NULL);
        assert_true(na >= acknowledged && na <= acknowledged + 1); /* the one more: committed, not yet told */
        assert_int_equal(na, nb);                                  /* no half group */
        assert_int_equal(na, ne);
        for (int i = 0; i < na; i++)
            assert_true(a[i].step == i + 1 && a[i].value == i + 1 && b[i].value == i + 1 && e[i].step == i + 1);
        free(a);
        free(b);
        free(e);
        store_close(r);
    }
    assert_true(acknowledged >= 20);
}

/* ---- full disk ---- */

static int fill_the_disk(void *arg)
{
    (void)arg;
    struct err err = {0};
    struct store *s = store_open(path, &err);
    struct trial_row t = trial(1);
    if (!s || !store_trial_put(s, &t, &err))
        return 1;
    scratch_limit_files(200000);
    int committed = 0;
    float g[32 * 64];
    for (size_t i = 0; i < ARRAY_LEN(g); i++)
        g[i] = (float)i;
    /* until a group fails: at a value, a matrix or the commit */
    for (int step = 1; step < 1000; step++) {
        bool ok = store_begin(s, &err) && store_value_put(s, 1, "transfer", step, "loss", step, 0, &err) &&
                  store_fsp_put(s, 1, "transfer", step, 1, 'S', 32, 64, g, &err);
        ok = store_commit(s, ok ? &err : NULL) && ok;
        if (!ok)
            break;
        committed = step;
    }
    if (err.code != ERR_IO || !strstr(err.msg, path) ||
        !(strstr(err.msg, "too large") || strstr(err.msg, "disk full"))) {
        fprintf(stderr, "after %d steps: '%s'\n", committed, err.msg);
        return 2;
    }
    if (count_values(s) != committed || committed < 3)
        return 3;
    /* room again: the same handle goes on */
    scratch_limit_files(-1);
    if (!store_value_put(s, 1, "transfer", 5000, "loss", 1, 1, &err) || count_values(s) != committed + 1)
        return 4;
    store_close(s);
    return 0;
}

static void a_full_disk_is_told_and_nothing_is_lost(void **state)
{
    (void)state;
    assert_int_equal(scratch_child(fill_the_disk, NULL), 0);
    struct store *s = open_readonly();
    assert_true(count_values(s) > 3);
    store_close(s);
}

/* ---- files that are not ours ---- */

static void refused(enum err_code code, const char *words)
{
    for (int readonly = 0; readonly < 2; readonly++) {
        struct err err = {0};
        struct store *s = readonly ? store_open_readonly(path, &err) : store_open(path, &err);
        if (s)
            fail_msg("opened, should say '%s'", words);
        if (err.code != code || !strstr(err.msg, words) || !strstr(err.msg, path))
            fail_msg("'%s' should be of code %s and contain '%s'", err.msg, err_name(code), words);
    }
}

static void a_newer_version_is_refused(void **state)
{
    (void)state;
    store_close(open_store());
    run_sql("PRAGMA user_version = 2");
    refused(ERR_FORMAT, "store version 2, this program knows versions up to 1");
    run_sql("PRAGMA user_version = -1");
    refused(ERR_FORMAT, "store version -1");
    run_sql("PRAGMA user_version = 1");
    store_close(open_store());
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(store_open_readonly(path, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "no such file"));
    assert_int_equal(scratch_count(dir), 0); /* reading makes nothing */

    store_close(open_store()); /* makes the folders */
    char text[3000];
    memset(text, 'x', sizeof text);
    scratch_write(path, text, sizeof text);
    refused(ERR_FORMAT, "not an SQLite database");
    scratch_write(path, text, 20);
    refused(ERR_FORMAT, "not an SQLite database");
    unlink(path);
    run_sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    refused(ERR_FORMAT, "another program");
    run_sql("SELECT x FROM theirs"); /* as it was */
    unlink(path);
    mkdir(path, 0755);
    refused(ERR_IO, "cannot open");
    rmdir(path);
    scratch_write(path, "", 0); /* as a writer leaves it for a moment at the very beginning */
    assert_null(store_open_readonly(path, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "nothing in it yet"));
    store_close(open_store());

    scratch_write(scratch_path(dir, "file"), "", 0);
    assert_null(store_open(scratch_path(dir, "file/study.db"), &err));
    assert_int_equal(err.code, ERR_IO);
}

/* Reads all there is; false as soon as something fails with ERR_FORMAT. */
static bool read_everything(void)
{
    struct err err = {0};
    struct store *s = store_open_readonly(path, &err);
    struct trial_row *t = NULL;
    struct event_row *e = NULL;
    int nv = s ? count_values(s) : -1, nt = nv < 0 ? -1 : store_trials(s, &t, &err);
    int ne = nt < 0 ? -1 : store_events(s, -1, 0, &e, &err);
    bool all = nv == 2000 && nt == 1 && ne == 1;
    free(t);
    free(e);
    store_close(s);
    if (!all && ne >= 0)
        fail_msg("silently read %d values, %d trials, %d events", nv, nt, ne);
    if (!s && err.code != ERR_FORMAT && !strstr(err.msg, "nothing in it yet"))
        fail_msg("%s: %s", err_name(err.code), err.msg);
    return all;
}

static void a_truncated_store_is_refused(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct event_row e = {.kind = "pause"};
    add_trial(s, 1);
    OK(store_event_put(s, &e, &oops));
    OK(store_begin(s, &oops));
    for (int i = 0; i < 2000; i++)
        put(s, i, i);
    OK(store_commit(s, &oops));
    store_close(s);
    assert_true(read_everything());
    size_t n;
    unsigned char *whole = scratch_read(path, &n);
    for (size_t k = 0; k < n; k += k < 2048 ? 99 : 4096 / 3) {
        scratch_write(path, whole, k);
        unlink(scratch_path(dir, "runs/demo/study.db-wal"));
        unlink(scratch_path(dir, "runs/demo/study.db-shm"));
        if (read_everything())
            fail_msg("cut to %zu of %zu bytes, all was read", k, n);
    }
    /* on a page's border: for the writer too */
    scratch_write(path, whole, n - 4096);
    refused(ERR_FORMAT, "damaged");
    free(whole);
}

static void odd_paths_work(void **state)
{
    (void)state;
    static const char *const names[] = {"a b?c#d%20/study.db", "file:x.db", ":memory:"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        struct store *s = open_store();
        add_trial(s, 1);
        put(s, 1, 1);
        store_close(s);
        assert_int_equal(access(path, F_OK), 0);
        lock_folder(true); /* where the name goes through a URI */
        int status = scratch_child(read_in_readonly_folder, &(int){1});
        lock_folder(false);
        assert_true(status == 0 || status == 77);
        store_close(open_readonly());
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_processes_write_one_store),
        TEST(a_store_in_the_making_is_not_mistaken),
        TEST(a_locked_store_is_busy),
        TEST(a_short_lock_is_waited_for),
        TEST(a_readonly_folder_can_be_read),
        TEST(a_dead_writers_log_is_read),
        TEST(a_reader_without_locks_follows),
        TEST(nothing_acknowledged_is_lost_by_a_kill),
        TEST(a_full_disk_is_told_and_nothing_is_lost),
        TEST(a_newer_version_is_refused),
        TEST(other_files_are_refused),
        TEST(a_truncated_store_is_refused),
        TEST(odd_paths_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
