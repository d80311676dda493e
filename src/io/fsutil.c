/* Atomic replacement by a temporary name and rename. The temporary name is fixed, not random, so that a process
 * that is killed leaves at most one file behind, which the next writer reuses; a flock on it keeps two live
 * writers apart (the second takes the next slot). The lock lives as long as the descriptor, so a dead owner frees it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fsutil.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TMP_SLOTS = 16, TMP_RETRIES = 100 };

struct fs_file {
    int fd;
    char *path, *dir, *tmp;
};

bool fs_err(struct err *err, const char *verb, const char *path, int errnum)
{
    if (errnum == ENOENT)
        return err_set(err, ERR_IO, "cannot %s '%s': no such file or folder", verb, path);
    char reason[128];
    snprintf(reason, sizeof reason, "%s", strerror(errnum));
    /* "No space" becomes "no space", "RPC failed" stays. */
    if (isupper((unsigned char)reason[0]) && !isupper((unsigned char)reason[1]))
        reason[0] = (char)tolower((unsigned char)reason[0]);
    return err_set(err, ERR_IO, "cannot %s '%s': %s", verb, path, reason);
}

char *fs_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    if (slash == path)
        return xstrdup("/");
    return xstrfmt("%.*s", (int)(slash - path), path);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_mkdirs(const char *dir, struct err *err)
{
    char *part = xstrdup(dir);
    bool ok = true;
    for (char *p = part; ok && *p; p++) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char cut = *p;
        *p = '\0';
        if (mkdir(part, 0777) != 0) {
            int errnum = errno;
            if (!is_folder(part))
                ok = fs_err(err, "create folder", part, errnum == EEXIST ? ENOTDIR : errnum);
        }
        *p = cut;
        if (!cut)
            break;
    }
    free(part);
    return ok;
}

static bool read_all(int fd, const char *path, unsigned char *buf, size_t n, struct err *err)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = read(fd, buf + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return fs_err(err, "read", path, errno);
        if (r == 0)
            return err_set(err, ERR_IO, "cannot read '%s': it shrank from %zu to %zu bytes meanwhile", path, n, got);
        got += (size_t)r;
    }
    return true;
}

bool fs_read_whole(const char *path, size_t max, void **data, size_t *n, struct err *err)
{
    /* O_NONBLOCK: the open of a pipe without a writer would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT)
            return err_set(err, ERR_IO, "cannot open '%s': no such file", path);
        return fs_err(err, "open", path, errno);
    }
    bool ok = false;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        fs_err(err, "read", path, errno);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(err, ERR_IO, "cannot read '%s': it is no regular file", path);
    } else if ((uintmax_t)st.st_size > max) {
        err_set(err, ERR_FORMAT, "'%s' has %jd bytes, at most %zu are allowed", path, (intmax_t)st.st_size, max);
    } else {
        *n = (size_t)st.st_size;
        unsigned char *buf = xmalloc(*n + 1);
        buf[*n] = '\0';
        ok = read_all(fd, path, buf, *n, err);
        if (!ok)
            free(buf);
        else
            *data = buf;
    }
    close(fd);
    return ok;
}

/* Whether the name TMP still leads to FD's file: another writer may have renamed it between open and flock. */
static bool still_named(int fd, const char *tmp)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && lstat(tmp, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A locked descriptor of TMP; -1 with errno, EWOULDBLOCK when a live writer has it. */
static int tmp_claim(const char *tmp)
{
    for (int i = 0; i < TMP_RETRIES; i++) {
        int fd = open(tmp, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            return -1;
        /* Any other failure of flock (a file system without locks) is no reason not to write. */
        bool taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!taken && still_named(fd, tmp))
            return fd;
        close(fd);
        if (taken)
            break;
    }
    errno = EWOULDBLOCK;
    return -1;
}

static bool tmp_open(struct fs_file *f, struct err *err)
{
    const char *slash = strrchr(f->path, '/');
    const char *name = slash ? slash + 1 : f->path;
    int saved = 0;
    for (int slot = 0; slot < TMP_SLOTS; slot++) {
        free(f->tmp);
        f->tmp = xstrfmt("%s/.%s.tmp%d", f->dir, name, slot);
        f->fd = tmp_claim(f->tmp);
        if (f->fd < 0) {
            saved = errno;
            continue;
        }
        if (ftruncate(f->fd, 0) == 0)
            return true;
        saved = errno;
        unlink(f->tmp);
        close(f->fd);
        f->fd = -1;
    }
    return fs_err(err, "write", f->path, saved);
}

static void file_free(struct fs_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->path);
    free(f->dir);
    free(f->tmp);
    free(f);
}

struct fs_file *fs_create(const char *path, struct err *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        err_set(err, ERR_IO, "cannot write '%s': it is %s", path, S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
        return NULL;
    }
    struct fs_file *f = xcalloc(1, sizeof *f);
    char *real = there ? realpath(path, NULL) : NULL;
    f->fd = -1;
    f->path = real ? real : xstrdup(path);
    f->dir = fs_dirname(f->path);
    if (!tmp_open(f, err)) {
        file_free(f);
        return NULL;
    }
    return f;
}

bool fs_append(struct fs_file *f, const void *data, size_t n, struct err *err)
{
    const unsigned char *p = data;
    while (n > 0) {
        ssize_t w = write(f->fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return fs_err(err, "write", f->path, errno);
        p += w;
        n -= (size_t)w;
    }
    return true;
}

/* Makes the rename itself durable. File systems that cannot sync a folder say EINVAL; a folder that may be written
 * but not read cannot be opened: both are no failure of the write. */
static bool sync_folder(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? true : fs_err(err, "open folder", dir, errno);
    bool ok = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
    if (!ok)
        fs_err(err, "sync folder", dir, errno);
    close(fd);
    return ok;
}

bool fs_commit(struct fs_file *f, struct err *err)
{
    if (fsync(f->fd) != 0) {
        fs_err(err, "sync", f->path, errno);
        fs_discard(f);
        return false;
    }
    if (rename(f->tmp, f->path) != 0) {
        fs_err(err, "write", f->path, errno);
        fs_discard(f);
        return false;
    }
    bool ok = sync_folder(f->dir, err);
    file_free(f);
    return ok;
}

void fs_discard(struct fs_file *f)
{
    if (!f)
        return;
    unlink(f->tmp); /* before the close: our lock still holds the name */
    file_free(f);
}

bool fs_write_whole(const char *path, const void *data, size_t n, struct err *err)
{
    struct fs_file *f = fs_create(path, err);
    if (!f)
        return false;
    if (!fs_append(f, data, n, err)) {
        fs_discard(f);
        return false;
    }
    return fs_commit(f, err);
}
