#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

char *scratch_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = NULL;
    need(asprintf(&dir, "%s/fsplab-test-XXXXXX", tmp && *tmp ? tmp : "/tmp") > 0, "asprintf");
    need(mkdtemp(dir) != NULL, "mkdtemp");
    return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void scratch_remove(char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

const char *scratch_path(const char *dir, const char *name)
{
    static char buf[8][512];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(buf[turn], sizeof buf[turn], "%s/%s", dir, name);
    return buf[turn];
}

int scratch_count(const char *dir)
{
    DIR *d = opendir(dir);
    need(d != NULL, dir);
    int n = -2;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

void scratch_write(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    need(f != NULL, path);
    need(fwrite(data, 1, n, f) == n && fclose(f) == 0, path);
}

unsigned char *scratch_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    need(f != NULL, path);
    struct stat st;
    need(fstat(fileno(f), &st) == 0, path);
    *n = (size_t)st.st_size;
    unsigned char *data = malloc(*n + 1);
    need(data && fread(data, 1, *n, f) == *n, path);
    fclose(f);
    return data;
}

int scratch_child(int (*body)(void *), void *arg)
{
    fflush(NULL);
    pid_t pid = fork();
    need(pid >= 0, "fork");
    if (pid == 0)
        _exit(body(arg));
    int status;
    need(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void scratch_limit_files(long n)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    need(getrlimit(RLIMIT_FSIZE, &limit) == 0, "getrlimit");
    limit.rlim_cur = n < 0 ? limit.rlim_max : (rlim_t)n;
    need(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

bool scratch_drop_root(void)
{
    enum { NOBODY = 65534 };
    if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return false;
    return getuid() != 0;
}
