/* The comparison goes line by line, so that a failure shows where a screen has changed and not two whole screens. */
#include "golden.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"

enum { SHOWN_MAX = 12 };

/* The next line of *s without its end; NULL when there is none. */
static const char *take_line(const char **s, int *n)
{
    const char *line = *s, *end = strchr(line, '\n');
    if (!*line)
        return NULL;
    *n = end ? (int)(end - line) : (int)strlen(line);
    *s = end ? end + 1 : line + *n;
    return line;
}

static int compare(const char *name, const char *kept, const char *text)
{
    int differ = 0;
    for (int row = 1;; row++) {
        int n = 0, m = 0;
        const char *a = take_line(&kept, &n), *b = take_line(&text, &m);
        if (!a && !b)
            return differ;
        if (a && b && n == m && memcmp(a, b, (size_t)n) == 0)
            continue;
        if (++differ <= SHOWN_MAX)
            print_error("%s.txt:%d\n  kept  %.*s\n  drawn %.*s\n", name, row, a ? n : 9, a ? a : "(no line)", b ? m : 9,
                        b ? b : "(no line)");
    }
}

void golden_check(const char *name, const char *text)
{
    char path[256];
    const char *update = getenv("UPDATE_GOLDEN");
    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    if (update && strcmp(update, "1") == 0) {
        if (mkdir("tests/golden", 0777) && errno != EEXIST)
            fail_msg("cannot make tests/golden: %s", strerror(errno));
        scratch_write(path, text, strlen(text));
        return;
    }
    struct stat st;
    if (stat(path, &st))
        fail_msg("cannot read '%s': %s; run the test from the project's root, with UPDATE_GOLDEN=1 to write it", path,
                 strerror(errno));
    size_t n;
    char *kept = (char *)scratch_read(path, &n);
    kept = realloc(kept, n + 1);
    assert_non_null(kept);
    kept[n] = 0;
    int differ = compare(name, kept, text);
    /* Lines may be the same where the texts are not: a last line without an end. */
    bool same = n == strlen(text) && memcmp(kept, text, n) == 0;
    free(kept);
    if (differ || !same)
        fail_msg("%d lines are not as in '%s'; if that is right: UPDATE_GOLDEN=1", differ, path);
}
