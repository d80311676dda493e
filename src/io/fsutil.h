/* fsutil: files that are the old ones or the new ones and never half of either, whole reads, folders.
 *
 * Every failure is ERR_IO and reads "cannot VERB 'PATH': reason". Any thread may call anything here; one struct
 * fs_file belongs to one thread. */
#ifndef FSPLAB_FSUTIL_H
#define FSPLAB_FSUTIL_H

#include "../base.h"

/* Fills err with "cannot VERB 'PATH': reason of ERRNUM" (an errno). Returns false. */
bool fs_err(struct err *, const char *verb, const char *path, int errnum);

/* mkdir -p. A folder that is there already is fine; a file in the way is not. */
bool fs_mkdirs(const char *dir, struct err *);
/* The folder part of PATH: "a/b" of "a/b/c", "." of "c", "/" of "/c". free() it. */
char *fs_dirname(const char *path);

/* Reads a regular file of at most MAX bytes; *data is free()'d by the caller and has a NUL behind its last byte
 * (not counted in *n). Pipes, devices and folders are refused. */
bool fs_read_whole(const char *path, size_t max, void **data, size_t *n, struct err *);

/* Writing: the bytes go to ".NAME.tmp0" in PATH's folder; fs_commit does fsync, rename over PATH, fsync of the folder.
 * Until then, and after any failure, PATH is what it was. Several writers of one PATH do not disturb each other, the
 * last to commit wins; a temporary file left by a killed process is reused by the next writer. A symbolic link
 * is followed; a PATH that exists and is no regular file is refused. */
struct fs_file;
struct fs_file *fs_create(const char *path, struct err *); /* NULL on error */
bool fs_append(struct fs_file *, const void *data, size_t n, struct err *);
bool fs_commit(struct fs_file *, struct err *); /* frees the handle, also on error (then the temporary file is gone) */
void fs_discard(struct fs_file *);              /* removes the temporary file, frees the handle; NULL is fine */
/* The four in one. */
bool fs_write_whole(const char *path, const void *data, size_t n, struct err *);

#endif
