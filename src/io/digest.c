/* Everything cryptographic comes from libmd. digest_bulk exists because SHA-256 of a data set takes half a second
 * and start-up has half a second in all: it reduces the bytes to 256 bits at memory speed and lets SHA-256 see
 * only those. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h> /* libmd's headers lean on it */
#include <unistd.h>

#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include "fsutil.h"

void digest_sha256(const void *data, size_t n, char hex[SHA256_HEX])
{
    SHA256Data(data, n, hex);
}

/* One step of a lane. For a fixed word a bijection of the state, for a fixed state a bijection of the word: two
 * inputs that differ in one word of a lane never meet again. */
static inline uint64_t lane_step(uint64_t state, uint64_t word)
{
    state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return state ^ (state >> 32);
}

void digest_bulk(const void *data, size_t n, char hex[SHA256_HEX])
{
    const unsigned char *p = data;
    size_t left = n;
    struct {
        uint64_t lane[4], bytes;
        unsigned char tail[32];
    } end = {.lane = {1, 2, 3, 4}, .bytes = n};

    for (; left >= 32; left -= 32, p += 32) {
        uint64_t w[4];
        memcpy(w, p, sizeof w);
        for (int i = 0; i < 4; i++)
            end.lane[i] = lane_step(end.lane[i], w[i]);
    }
    if (left)
        memcpy(end.tail, p, left);
    digest_sha256(&end, sizeof end, hex);
}

/* Calls UPDATE on all of a regular file, a piece at a time. */
static bool hash_file(const char *path, void update(void *, const unsigned char *, size_t), void *state,
                      struct err *err)
{
    static const size_t piece = 256 * 1024;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fs_err(err, "open", path, errno);
    struct stat st;
    unsigned char *buf = xmalloc(piece);
    ssize_t got = 1;
    bool ok = fstat(fd, &st) == 0;
    if (!ok)
        fs_err(err, "read", path, errno);
    else if (!S_ISREG(st.st_mode))
        ok = err_set(err, ERR_IO, "cannot read '%s': it is no regular file", path);
    while (ok && got != 0) {
        got = read(fd, buf, piece);
        if (got > 0)
            update(state, buf, (size_t)got);
        else if (got < 0 && errno != EINTR)
            ok = fs_err(err, "read", path, errno);
    }
    free(buf);
    close(fd);
    return ok;
}

static void md5_update(void *state, const unsigned char *p, size_t n)
{
    MD5Update(state, p, n);
}

bool digest_md5_file(const char *path, char hex[MD5_HEX], struct err *err)
{
    MD5_CTX md5;
    MD5Init(&md5);
    if (!hash_file(path, md5_update, &md5, err))
        return false;
    MD5End(&md5, hex);
    return true;
}

static void sha1_update(void *state, const unsigned char *p, size_t n)
{
    SHA1Update(state, p, n);
}

bool digest_sha1_file(const char *path, char hex[SHA1_HEX], struct err *err)
{
    SHA1_CTX sha1;
    SHA1Init(&sha1);
    if (!hash_file(path, sha1_update, &sha1, err))
        return false;
    SHA1End(&sha1, hex);
    return true;
}
