/* experiments.ini. iniparser reads the values, but it keeps no line numbers, lets the last of two equal keys win, merges
 * sections of one name and stops at a NUL byte. So a scan of our own goes over the lines first: it refuses what iniparser
 * would swallow and remembers where each key stands. What passes the scan is what iniparser accepts. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#if __has_include(<iniparser/iniparser.h>)
#include <iniparser/iniparser.h>
#else
#include <iniparser.h>
#endif

#include "fsutil.h"

enum {
    FILE_MAX = 4 << 20,    /* bytes; an INI by hand has a few thousand */
    LINE_MAX_BYTES = 1000, /* iniparser's buffer holds 1024 */
    SECTION_MAX = 63,      /* a study's name is also a folder's */
};

#define DEFAULTS "defaults"

/* A section's header (key NULL) or a key in it; both cut out of the file's text, which the scan owns. */
struct entry {
    const char *section, *key;
    int line;
};

struct scan {
    const char *path;
    char *text;
    struct entry *entries;
    int n, cap;
};

static void scan_release(struct scan *s)
{
    free(s->entries);
    free(s->text);
}

static const struct entry *scan_find(const struct scan *s, const char *section, const char *key)
{
    for (int i = 0; i < s->n; i++) {
        const struct entry *e = &s->entries[i];
        if (strcasecmp(e->section, section) == 0 && !key == !e->key && (!key || strcasecmp(e->key, key) == 0))
            return e;
    }
    return NULL;
}

static void scan_add(struct scan *s, const char *section, const char *key, int line)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->entries = xrealloc(s->entries, (size_t)s->cap * sizeof(*s->entries));
    }
    s->entries[s->n++] = (struct entry){section, key, line};
}

/* Cuts the blanks off both ends, in place. */
static char *strip(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        s[--n] = '\0';
    return s;
}

static bool bad_line(const struct scan *s, int line, struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);
static bool bad_line(const struct scan *s, int line, struct err *err, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return err_set(err, ERR_CONFIG, "%s:%d: %s", s->path, line, what);
}

static bool section_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= SECTION_MAX && isalnum((unsigned char)name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

/* "[name]", stripped. */
static bool scan_section(struct scan *s, char *text, int line, const char **section, struct err *err)
{
    size_t n = strlen(text);
    if (text[n - 1] != ']')
        return bad_line(s, line, err,
                        "cannot read '%.60s' (allowed: [NAME] alone on its line, comments on a line of their own)",
                        text);
    text[n - 1] = '\0';
    char *name = strip(text + 1);
    if (!section_name_ok(name))
        return bad_line(s, line, err,
                        "'%.60s' is no name for a study (allowed: at most %d letters, digits, '.', '_', '-', not "
                        "starting with a sign)",
                        name, SECTION_MAX);
    const struct entry *first = scan_find(s, name, NULL);
    if (first)
        return bad_line(s, line, err, "section [%s] stands a second time (first in line %d; allowed: once)", name,
                        first->line);
    scan_add(s, name, NULL, line);
    *section = name;
    return true;
}

/* "key = value", stripped. */
static bool scan_key(struct scan *s, char *text, int line, const char *section, struct err *err)
{
    char *eq = strchr(text, '=');
    if (!eq || eq == text)
        return bad_line(s, line, err, "cannot read '%.60s' (allowed: key = value, [NAME], # comment)", text);
    *eq = '\0';
    char *key = strip(text);
    if (strchr(key, ':')) /* iniparser would take what stands before it for a section */
        return bad_line(s, line, err, "unknown setting '%.60s'", key);
    if (!section)
        return bad_line(s, line, err, "'%.60s' stands before the first section (allowed: below [NAME])", key);
    const struct entry *first = scan_find(s, section, key);
    if (first)
        return bad_line(s, line, err, "'%.60s' stands a second time in [%s] (first in line %d; allowed: once)", key,
                        section, first->line);
    scan_add(s, section, key, line);
    return true;
}

static bool scan_line(struct scan *s, char *text, size_t n, int line, const char **section, struct err *err)
{
    if (n > LINE_MAX_BYTES)
        return bad_line(s, line, err, "a line of %zu bytes, beginning '%.20s' (allowed: %d)", n, text, LINE_MAX_BYTES);
    text = strip(text);
    if (*text && text[strlen(text) - 1] == '\\') /* iniparser would join it and the next, comments too */
        return bad_line(s, line, err, "ends in a backslash (allowed: one setting, one line)");
    if (!*text || *text == '#' || *text == ';')
        return true;
    return *text == '[' ? scan_section(s, text, line, section, err) : scan_key(s, text, line, *section, err);
}

static bool scan_bytes(const struct scan *s, size_t n, struct err *err)
{
    int line = 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if (c == '\n')
            line++;
        else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
            return bad_line(s, line, err, "byte 0x%02x is no text (allowed: an INI file)", c);
    }
    return true;
}

static bool scan_lines(struct scan *s, size_t n, struct err *err)
{
    if (!scan_bytes(s, n, err))
        return false;
    const char *section = NULL;
    char *next = s->text;
    if (n >= 3 && memcmp(next, "\xef\xbb\xbf", 3) == 0)
        return bad_line(s, 1, err, "begins with a byte-order mark (allowed: plain UTF-8)");
    for (int line = 1; *next; line++) {
        char *text = next;
        size_t len = strcspn(text, "\n");
        next += len + (text[len] == '\n');
        text[len] = '\0';
        if (!scan_line(s, text, len, line, &section, err))
            return false;
    }
    return true;
}

/* Reads and scans PATH. Whatever is wrong with it is a matter of configuration. */
static bool scan_open(struct scan *s, const char *path, struct err *err)
{
    void *data;
    size_t n;
    struct err why = {0};
    *s = (struct scan){.path = path};
    if (!fs_read_whole(path, FILE_MAX, &data, &n, &why))
        return err_set(err, ERR_CONFIG, "%s", why.msg);
    s->text = data;
    if (scan_lines(s, n, err))
        return true;
    scan_release(s);
    return false;
}

/* ---- values ---- */

static int quiet(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

static dictionary *ini_load(const char *path, struct err *err)
{
    iniparser_set_error_callback(quiet); /* it would write to stderr, across the screen */
    dictionary *ini = iniparser_load(path);
    if (!ini)
        err_set(err, ERR_CONFIG, "cannot read '%s' as an INI file", path);
    return ini;
}

/* Sets what [SECTION] holds, in the file's order. */
static bool apply(const struct scan *s, const dictionary *ini, const char *section, struct params *p, struct err *err)
{
    for (int i = 0; i < s->n; i++) {
        const struct entry *e = &s->entries[i];
        if (!e->key || strcasecmp(e->section, section) != 0)
            continue;
        char name[SECTION_MAX + LINE_MAX_BYTES + 2];
        snprintf(name, sizeof(name), "%s:%s", e->section, e->key);
        struct err why = {0};
        const char *value = iniparser_getstring(ini, name, NULL);
        if (!value)
            return bad_line(s, e->line, err, "cannot read the value of '%.60s' (allowed: key = value)", e->key);
        /* iniparser takes keys in small letters; so do we */
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        if (!params_set(p, strchr(name, ':') + 1, value, &why))
            return bad_line(s, e->line, err, "%s", why.msg);
    }
    return true;
}

static bool is_study(const struct entry *e)
{
    return !e->key && strcasecmp(e->section, DEFAULTS) != 0;
}

static bool no_study(const struct scan *s, const char *study, struct err *err)
{
    char list[640] = "";
    size_t len = 0;
    for (int i = 0; i < s->n; i++)
        if (is_study(&s->entries[i]))
            len = str_append(list, sizeof(list), len, "%s%s", len ? ", " : "", s->entries[i].section);
    return err_set(err, ERR_CONFIG, "%s: no study '%.60s' (there are%s%s)", s->path, study, len ? ": " : " ",
                   len ? list : "none");
}

bool config_read(const char *path, const char *study, struct params *p, struct err *err)
{
    struct scan s;
    params_init(p);
    if (!scan_open(&s, path, err))
        return false;
    bool ok = false;
    dictionary *ini = NULL;
    const struct entry *header = scan_find(&s, study, NULL);
    if (!header || !is_study(header))
        ok = no_study(&s, study, err);
    else if ((ini = ini_load(path, err)))
        ok = apply(&s, ini, DEFAULTS, p, err) && apply(&s, ini, study, p, err);
    if (ini)
        iniparser_freedict(ini);
    scan_release(&s);
    return ok;
}

bool config_read_defaults(const char *path, struct params *p, struct err *err)
{
    struct scan s;
    params_init(p);
    if (!scan_open(&s, path, err))
        return false;
    dictionary *ini = ini_load(path, err);
    bool ok = ini && apply(&s, ini, DEFAULTS, p, err);
    if (ini)
        iniparser_freedict(ini);
    scan_release(&s);
    return ok;
}

bool config_name_ok(const char *name)
{
    return section_name_ok(name) && strcasecmp(name, DEFAULTS) != 0;
}

bool config_scan_text(const char *path, const char *text, size_t n, struct err *err)
{
    struct scan s = {.path = path, .text = xmalloc(n + 1)};
    memcpy(s.text, text, n);
    s.text[n] = '\0';
    bool ok = scan_lines(&s, n, err);
    scan_release(&s);
    return ok;
}

int config_studies(const char *path, char ***names, struct err *err)
{
    struct scan s;
    if (!scan_open(&s, path, err))
        return -1;
    int n = 0;
    *names = xcalloc((size_t)s.n + 1, sizeof(**names));
    for (int i = 0; i < s.n; i++)
        if (is_study(&s.entries[i]))
            (*names)[n++] = xstrdup(s.entries[i].section);
    scan_release(&s);
    return n;
}

int config_line(const char *path, const char *section, const char *key)
{
    struct scan s;
    if (!scan_open(&s, path, NULL))
        return 0;
    const struct entry *e = scan_find(&s, section, key);
    int line = e ? e->line : 0;
    scan_release(&s);
    return line;
}

bool config_check_all(const char *path, struct err *err)
{
    char **names;
    int n = config_studies(path, &names, err);
    bool ok = n >= 0;
    struct params p;
    for (int i = 0; i < n; i++) {
        ok = ok && config_read(path, names[i], &p, err);
        if (ok && !params_check(&p, err))
            ok = err_prefix(err, "%s: [%s]", path, names[i]);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return ok;
}
