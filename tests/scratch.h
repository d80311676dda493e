/* scratch: a folder of its own for a test, and the ways a disk can fail in it. */
#ifndef FSPLAB_TESTS_SCRATCH_H
#define FSPLAB_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A new folder under $TMPDIR (/tmp); free() the name. Ends the program when it cannot. */
char *scratch_new(void);
/* rm -rf and free. */
void scratch_remove(char *dir);
/* "DIR/NAME" in one of eight buffers used in turn. */
const char *scratch_path(const char *dir, const char *name);
/* Entries of a folder, not counting "." and "..". */
int scratch_count(const char *dir);

/* Whole files; assert on failure. The bytes read are free()'d by the caller. */
void scratch_write(const char *path, const void *data, size_t n);
unsigned char *scratch_read(const char *path, size_t *n);

/* Runs BODY in a child process and gives its exit status (0..255; 255 when a signal ended it). */
int scratch_child(int (*body)(void *), void *arg);
/* For a child: from now on no file may grow beyond N bytes (writes fail with EFBIG instead of a signal). N < 0: no limit
 * again. */
void scratch_limit_files(long n);
/* For a child: gives up root, so that the permissions of files count. False when it is still allowed everything. */
bool scratch_drop_root(void);

#endif
