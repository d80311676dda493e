/* The edit works on lines with their ends, so whatever it does not mean to change is copied as it is. Which lines are headers and
 * settings is read as config.c reads them; its scan has accepted the text before, and accepts the new one after. */
#include "config_save.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "config.h"
#include "fsutil.h"

struct text {
    char *s;
    size_t n, cap;
};

static void add(struct text *t, const char *s, size_t n)
{
    if (n == 0)
        return;
    assert(n < SIZE_MAX / 4);
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n + 1);
        t->s = xrealloc(t->s, t->cap);
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

static void add_text(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

/* ---- lines ---- */

/* A line of the text: all of it, with its end; and in it, for a setting, key and value without blanks and comment. */
struct line {
    const char *s;
    size_t n;
    enum { LINE_OTHER, LINE_SECTION, LINE_SETTING } kind;
    const char *name, *value; /* name: of a section or a setting */
    size_t name_n, value_n;
};

static void trim(const char **s, size_t *n)
{
    while (*n && isspace((unsigned char)**s))
        (*s)++, (*n)--;
    while (*n && isspace((unsigned char)(*s)[*n - 1]))
        (*n)--;
}

/* What stands between '=' and a comment, quotes and all. */
static void find_value(struct line *l, const char *from, const char *end)
{
    while (from < end && isspace((unsigned char)*from))
        from++;
    const char *p = from;
    if (p < end && (*p == '"' || *p == '\'')) {
        const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
        p = close ? close + 1 : p;
    }
    while (p < end && *p != ';' && *p != '#')
        p++;
    l->value = from;
    l->value_n = (size_t)(p - from);
    while (l->value_n && isspace((unsigned char)from[l->value_n - 1]))
        l->value_n--;
}

/* The line at S, of a text that ends at END. */
static struct line read_line(const char *s, const char *end)
{
    const char *nl = memchr(s, '\n', (size_t)(end - s));
    struct line l = {.s = s, .n = (size_t)((nl ? nl + 1 : end) - s)};
    l.name = s;
    l.name_n = l.n;
    trim(&l.name, &l.name_n);
    if (l.name_n == 0 || *l.name == '#' || *l.name == ';')
        return l;
    if (*l.name == '[') {
        l.kind = LINE_SECTION;
        l.name++;
        l.name_n = l.name_n >= 2 ? l.name_n - 2 : 0;
    } else {
        const char *eq = memchr(l.name, '=', l.name_n);
        if (!eq)
            return l;
        l.kind = LINE_SETTING;
        find_value(&l, eq + 1, l.name + l.name_n);
        l.name_n = (size_t)(eq - l.name);
    }
    trim(&l.name, &l.name_n);
    return l;
}

static bool is_named(const struct line *l, const char *name)
{
    return strlen(name) == l->name_n && strncasecmp(l->name, name, l->name_n) == 0;
}

/* ---- values ---- */

/* A setting of WANT as the file writes it, quoted where it has to be. key: "lambda", or "search.lambda" when RANGE. */
static bool value_text(const struct params *p, int def, bool range, char *buf, size_t cap, struct err *err)
{
    char text[PARAM_STR_MAX];
    if (range) {
        str_append(buf, cap, 0, "none");
        for (int i = 0; i < p->n_ranges; i++)
            if (p->ranges[i].def == def)
                param_range_format(&p->ranges[i], buf, cap);
        return true;
    }
    params_format(p, def, text, sizeof text);
    size_t n = strlen(text);
    for (const char *c = text; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ' || *c == 0x7f)
            return err_set(err, ERR_CONFIG, "%s: '%s' cannot be written into an INI file (allowed: no \", no \\)",
                           param_table[def].name, text);
    bool quoted = n == 0 || isspace((unsigned char)text[0]) || isspace((unsigned char)text[n - 1]) || text[0] == '\'' ||
                  strpbrk(text, ";#");
    str_append(buf, cap, 0, quoted ? "\"%s\"" : "%s", text);
    return true;
}

static void key_text(int def, bool range, char *buf, size_t cap)
{
    str_append(buf, cap, 0, "%s%s", range ? "search." : "", param_table[def].name);
}

/* Whether two settings have the same value there. */
static bool is_equal(const struct params *a, const struct params *b, int def, bool range)
{
    char s[PARAM_STR_MAX + 8], t[PARAM_STR_MAX + 8];
    return value_text(a, def, range, s, sizeof s, NULL) && value_text(b, def, range, t, sizeof t, NULL) &&
           strcmp(s, t) == 0;
}

/* ---- the section ---- */

struct edit {
    const char *eol; /* of what is added */
    const char *section;
    const struct params *base, *want;
    bool there[256][2]; /* settings and ranges that the section names */
    struct text out;
};

/* The setting of a line; -1: none that there is. */
static int setting_of(const struct line *l, bool *range)
{
    char key[80];
    size_t head = strlen("search.");
    *range = l->name_n > head && strncasecmp(l->name, "search.", head) == 0;
    if (l->name_n >= sizeof key)
        return -1;
    memcpy(key, l->name, l->name_n);
    key[l->name_n] = '\0';
    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return param_find(key + (*range ? head : 0));
}

static bool says_so_already(const struct edit *e, const struct line *l, int def, bool range)
{
    struct params now = *e->base;
    char key[80];
    const char *s = l->value;
    size_t n = l->value_n;
    if (n >= 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s)
        s++, n -= 2;
    char *value = xstrfmt("%.*s", (int)n, s);
    key_text(def, range, key, sizeof key);
    bool same = params_set(&now, key, value, NULL) && is_equal(&now, e->want, def, range);
    free(value);
    return same;
}

/* The line as it is, or with another value. */
static bool copy_setting(struct edit *e, const struct line *l, struct err *err)
{
    bool range;
    int def = setting_of(l, &range);
    char value[PARAM_STR_MAX + 8];
    if (def < 0 || says_so_already(e, l, def, range)) {
        add(&e->out, l->s, l->n);
    } else {
        if (!value_text(e->want, def, range, value, sizeof value, err))
            return false;
        const char *behind = l->value + l->value_n;
        add(&e->out, l->s, (size_t)(l->value - l->s));
        add_text(&e->out, value);
        if (behind < l->s + l->n && (*behind == '#' || *behind == ';'))
            add_text(&e->out, " ");
        add(&e->out, behind, (size_t)(l->s + l->n - behind));
    }
    if (def >= 0)
        e->there[def][range] = true;
    return true;
}

static void end_line(struct edit *e)
{
    if (e->out.n && e->out.s[e->out.n - 1] != '\n')
        add_text(&e->out, e->eol);
}

/* What is otherwise than BASE and not said yet. */
static bool add_settings(struct edit *e, struct err *err)
{
    char key[80], value[PARAM_STR_MAX + 8];
    for (int i = 0; i < 2 * param_count; i++) {
        int def = i % param_count;
        bool range = i >= param_count;
        if (!value_text(e->want, def, range, value, sizeof value, err))
            return false;
        if (e->there[def][range] || is_equal(e->base, e->want, def, range))
            continue;
        key_text(def, range, key, sizeof key);
        end_line(e);
        add_text(&e->out, key);
        add_text(&e->out, " = ");
        add_text(&e->out, value);
        add_text(&e->out, e->eol);
    }
    return true;
}

/* Header and settings of the section, up to LAST, its last setting (or header) line. */
static bool copy_section(struct edit *e, const char **at, const char *last, const char *end, struct err *err)
{
    bool ok = true;
    for (bool more = true; ok && more;) {
        struct line l = read_line(*at, end);
        more = *at != last;
        if (l.kind == LINE_SETTING)
            ok = copy_setting(e, &l, err);
        else
            add(&e->out, l.s, l.n);
        *at += l.n;
    }
    return ok && add_settings(e, err);
}

/* The section's header and the last of its settings; NULL where there is none. */
static const char *find_section(const char *text, const char *end, const char *section, const char **last)
{
    const char *header = NULL;
    for (const char *s = text; s < end;) {
        struct line l = read_line(s, end);
        if (l.kind == LINE_SECTION && header)
            break;
        if (l.kind == LINE_SECTION && is_named(&l, section))
            header = *last = s;
        if (l.kind == LINE_SETTING && header)
            *last = s;
        s += l.n;
    }
    return header;
}

static bool append_section(struct edit *e, const char *text, const char *end, struct err *err)
{
    add(&e->out, text, (size_t)(end - text));
    end_line(e);
    if (e->out.n)
        add_text(&e->out, e->eol);
    add_text(&e->out, "[");
    add_text(&e->out, e->section);
    add_text(&e->out, "]");
    add_text(&e->out, e->eol);
    return add_settings(e, err);
}

char *config_edit(const char *file, const char *text, size_t len, const char *section, const struct params *base,
                  const struct params *want, size_t *n, struct err *err)
{
    const char *end = text + len, *nl = memchr(text, '\n', len), *last = NULL, *at = text;
    struct edit e = {
        .eol = nl > text && nl[-1] == '\r' ? "\r\n" : "\n", .section = section, .base = base, .want = want};
    if (!config_name_ok(section)) {
        err_set(err, ERR_CONFIG, "'%s' is no name for a study (allowed: letters, digits, '.', '_', '-')", section);
        return NULL;
    }
    if (!config_scan_text(file, text, len, err))
        return NULL;
    const char *header = find_section(text, end, section, &last);
    bool ok;
    if (header) {
        add(&e.out, text, (size_t)(header - text));
        at = header;
        ok = copy_section(&e, &at, last, end, err);
        add(&e.out, at, (size_t)(end - at));
    } else {
        ok = append_section(&e, text, end, err);
    }
    if (ok && config_scan_text(file, e.out.s, e.out.n, err)) {
        *n = e.out.n;
        return e.out.s;
    }
    free(e.out.s);
    return NULL;
}

/* ---- the file ---- */

enum { FILE_MAX = 4 << 20 };

static bool read_file(const char *path, void **data, size_t *n, char stamp[SHA256_HEX], struct err *err)
{
    struct err why = {0};
    if (!fs_read_whole(path, FILE_MAX, data, n, &why))
        return err_set(err, ERR_CONFIG, "%s", why.msg);
    digest_sha256(*data, *n, stamp);
    return true;
}

bool config_stamp(const char *path, char stamp[SHA256_HEX], struct err *err)
{
    void *data;
    size_t n;
    if (!read_file(path, &data, &n, stamp, err))
        return false;
    free(data);
    return true;
}

bool config_save(const char *path, const char *stamp, const char *section, const struct params *want, struct err *err)
{
    struct params base;
    struct stat st;
    char now[SHA256_HEX];
    void *data;
    size_t n, len;
    if (!config_read_defaults(path, &base, err) || !read_file(path, &data, &n, now, err))
        return false;
    char *text = NULL;
    bool ok = strcmp(now, stamp) == 0 ||
              err_set(err, ERR_STATE, "'%s' has changed since it was read here; nothing was written", path);
    ok = ok && (text = config_edit(path, data, n, section, &base, want, &len, err));
    ok = ok && (stat(path, &st) == 0 || fs_err(err, "write", path, ENOENT)) && fs_write_whole(path, text, len, err);
    if (ok)
        (void)!chmod(path, st.st_mode & 07777); /* not ours to change: then the usual permissions do */
    free(text);
    free(data);
    return ok;
}
