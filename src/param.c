/* What reads the table of settings (param_table.c). A setting's text is parsed in one place (parse_value) and checked
 * against its row, and only then stored, so that a refused value leaves the settings as they were. Ranges are kept in
 * table order: neither the order of lines in the INI nor of --set changes what a study is. */
#include "param.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

int param_find(const char *name)
{
    for (int i = 0; i < param_count; i++)
        if (strcmp(param_table[i].name, name) == 0)
            return i;
    return -1;
}

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap of neighbours) between two names, case aside. */
static int edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    int n = (int)strlen(a), m = (int)strlen(b), d[LONGEST + 1][LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return INT_MAX;
    for (int i = 0; i <= n; i++)
        d[i][0] = i;
    for (int j = 0; j <= m; j++)
        d[0][j] = j;
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
                d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, INT_MAX);
        }
    return d[n][m];
}

const char *param_nearest(const char *name)
{
    const char *best = NULL;
    int length = (int)strlen(name), least = 1 + length / 3; /* further away is another word */
    for (int i = 0; i < param_count; i++) {
        int d = edit_distance(name, param_table[i].name);
        if (d < length && (d < least || (d == least && !best))) {
            best = param_table[i].name;
            least = d;
        }
    }
    return best;
}

/* ---- text of numbers and limits ---- */

static bool is_wide(const struct param_def *d) /* int64_t rather than int */
{
    return d->offset == offsetof(struct params, seed);
}

static bool is_number(const struct param_def *d)
{
    return d->type == PARAM_INT || d->type == PARAM_FLOAT;
}

/* The shortest text that reads back to the same double. */
static void double_format(double v, char *buf, size_t cap)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, cap, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            return;
    }
}

static void number_format(const struct param_def *d, double v, char *buf, size_t cap)
{
    if (d->type == PARAM_INT && v == rint(v) && fabs(v) < 0x1p63)
        snprintf(buf, cap, "%lld", (long long)v);
    else
        double_format(v, buf, cap);
}

/* "a, b, c" from "a b c". */
static void choices_format(const char *choices, char *buf, size_t cap)
{
    size_t len = str_append(buf, cap, 0, "%s", "");
    for (const char *s = choices; *s; s++)
        len = *s == ' ' ? str_append(buf, cap, len, ", ") : str_append(buf, cap, len, "%c", *s);
}

static void limits_format(const struct param_def *d, char *buf, size_t cap)
{
    char lo[32], hi[32];
    if (d->type == PARAM_ENUM) {
        choices_format(d->choices, buf, cap);
    } else if (d->type == PARAM_BOOL) {
        snprintf(buf, cap, "0, 1, true, false, yes, no, on, off");
    } else if (is_number(d)) {
        number_format(d, d->min, lo, sizeof(lo));
        number_format(d, d->max, hi, sizeof(hi));
        snprintf(buf, cap, "%s%s to %s", d->type == PARAM_INT ? "whole numbers from " : "", lo, hi);
    } else {
        snprintf(buf, cap, "text of at most %d bytes", PARAM_STR_MAX - 1);
    }
}

/* "KEY: 'READ' WHAT (allowed: ...)". What was read may be a megabyte of garbage: show its beginning. */
static bool refuse(struct err *err, const char *key, const char *read, const char *what, const struct param_def *d)
{
    char allowed[256];
    limits_format(d, allowed, sizeof(allowed));
    bool is_long = strlen(read) > 60;
    return err_set(err, ERR_CONFIG, "%s: '%.*s%s' %s (allowed: %s)", key, 60, read, is_long ? "..." : "", what,
                   allowed);
}

static bool unknown_setting(struct err *err, const char *prefix, const char *name)
{
    const char *nearest = param_nearest(name);
    if (nearest)
        return err_set(err, ERR_CONFIG, "unknown setting '%s%.60s' (did you mean '%s%s'?)", prefix, name, prefix,
                       nearest);
    return err_set(err, ERR_CONFIG, "unknown setting '%s%.60s' (`fsplab --help` lists those there are)", prefix, name);
}

/* ---- values ---- */

struct value {
    double number; /* int, float, bool, enum */
    int64_t whole; /* int */
    const char *text;
};

/* What strtod would also take (hexadecimal, infinity, nan) is no number here. */
static bool looks_decimal(const char *s)
{
    return *s && strspn(s, "0123456789+-.eE") == strlen(s);
}

static bool parse_float(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    char *end;
    errno = 0;
    v->number = looks_decimal(s) ? strtod(s, &end) : NAN;
    if (isnan(v->number) || *end)
        return refuse(err, key, s, "is not a number", d);
    v->number += 0.0; /* -0 becomes 0 */
    if ((errno == ERANGE && fabs(v->number) < 1) || v->number < d->min || v->number > d->max)
        return refuse(err, key, s, "is out of range", d);
    return true;
}

static bool parse_int(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    char *end;
    errno = 0;
    v->whole = looks_decimal(s) ? strtoll(s, &end, 10) : 0;
    if (!looks_decimal(s) || end == s || *end)
        return refuse(err, key, s, "is not a whole number", d);
    v->number = (double)v->whole;
    if (errno == ERANGE || v->number < d->min || v->number > d->max)
        return refuse(err, key, s, "is out of range", d);
    return true;
}

static bool parse_bool(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(s, words[i]) == 0) {
            v->number = (double)(i % 2);
            return true;
        }
    return refuse(err, key, s, "is neither yes nor no", d);
}

static bool parse_enum(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    size_t n = strlen(s);
    v->number = 0;
    for (const char *c = d->choices; n; v->number++) {
        size_t len = strcspn(c, " ");
        if (len == n && strncasecmp(c, s, n) == 0)
            return true;
        if (!c[len])
            break;
        c += len + 1;
    }
    return refuse(err, key, s, "is none of its choices", d);
}

static bool device_is_valid(const char *s)
{
    if (strcmp(s, "auto") == 0 || strcmp(s, "cpu") == 0 || strcmp(s, "cuda") == 0)
        return true;
    size_t digits = strncmp(s, "cuda:", 5) == 0 ? strspn(s + 5, "0123456789") : 0;
    return digits >= 1 && digits <= 3 && !s[5 + digits];
}

static bool parse_string(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    if (strlen(s) >= PARAM_STR_MAX)
        return refuse(err, key, s, "is too long", d);
    for (const char *c = s; *c; c++)
        if (iscntrl((unsigned char)*c))
            return err_set(err, ERR_CONFIG, "%s: control character 0x%02x in the value (allowed: printable text)", key,
                           (unsigned)(unsigned char)*c);
    if (d->offset == offsetof(struct params, device) && !device_is_valid(s))
        return err_set(err, ERR_CONFIG, "%s: '%.60s' is no device (allowed: auto, cpu, cuda, cuda:N)", key, s);
    v->text = s;
    return true;
}

static bool parse_value(const char *key, const struct param_def *d, const char *s, struct value *v, struct err *err)
{
    static bool (*const parsers[])(const char *, const struct param_def *, const char *, struct value *,
                                   struct err *) = {
        [PARAM_INT] = parse_int,   [PARAM_FLOAT] = parse_float,   [PARAM_BOOL] = parse_bool,
        [PARAM_ENUM] = parse_enum, [PARAM_STRING] = parse_string,
    };
    return parsers[d->type](key, d, s, v, err);
}

static void store_value(struct params *p, const struct param_def *d, const struct value *v)
{
    void *field = (char *)p + d->offset;
    switch (d->type) {
    case PARAM_INT:
        if (is_wide(d))
            *(int64_t *)field = v->whole;
        else
            *(int *)field = (int)v->whole;
        break;
    case PARAM_FLOAT: *(double *)field = v->number; break;
    case PARAM_BOOL: *(bool *)field = v->number != 0; break;
    case PARAM_ENUM: *(int *)field = (int)v->number; break;
    case PARAM_STRING: strncpy(field, v->text, PARAM_STR_MAX); break; /* shorter: parse_string; fills up with NUL */
    }
}

/* ---- ranges ---- */

static bool range_check(const struct param_range *r, struct err *err)
{
    const struct param_def *d = &param_table[r->def];
    char lo[32], hi[32], allowed[256];
    number_format(d, r->min, lo, sizeof(lo));
    number_format(d, r->max, hi, sizeof(hi));
    limits_format(d, allowed, sizeof(allowed));
    if (!(d->flags & PF_SEARCH))
        return err_set(err, ERR_CONFIG, "search.%s: this setting cannot be searched over", d->name);
    if (!isfinite(r->min) || !isfinite(r->max) || r->min < d->min || r->max > d->max || r->max < d->min ||
        r->min > d->max)
        return err_set(err, ERR_CONFIG, "search.%s: the range %s to %s leaves the setting's own (allowed: %s)", d->name,
                       lo, hi, allowed);
    if (r->min > r->max)
        return err_set(err, ERR_CONFIG, "search.%s: the range %s to %s is reversed (allowed: MIN at most MAX)", d->name,
                       lo, hi);
    if (r->scale == SCALE_LOG && r->min <= 0)
        return err_set(err, ERR_CONFIG, "search.%s: a log range cannot start at %s (allowed: above 0)", d->name, lo);
    if (d->type == PARAM_INT && (r->min != rint(r->min) || r->max != rint(r->max)))
        return err_set(err, ERR_CONFIG, "search.%s: %s to %s are not whole numbers (allowed: %s)", d->name, lo, hi,
                       allowed);
    if (r->count != 0 && (r->count < 2 || r->count > 1000000))
        return err_set(err, ERR_CONFIG, "search.%s: %d grid points (allowed: 2 to 1000000)", d->name, r->count);
    return true;
}

static bool parse_range_number(const char *s, double *v)
{
    char *end = NULL;
    *v = looks_decimal(s) ? strtod(s, &end) : NAN;
    return isfinite(*v) && !*end;
}

static bool parse_range(const char *value, struct param_range *r, struct err *err)
{
    const char *name = param_table[r->def].name;
    char copy[128], *rest = copy, *word[5];
    int n = 0;
    double count = 0;
    snprintf(copy, sizeof(copy), "%s", value);
    for (char *w; n < 5 && (w = strtok_r(rest, " \t", &rest));)
        word[n++] = w;
    bool ok = strlen(value) < sizeof(copy) && (n == 3 || n == 4) &&
              (strcasecmp(word[0], "linear") == 0 || strcasecmp(word[0], "log") == 0) &&
              parse_range_number(word[1], &r->min) && parse_range_number(word[2], &r->max) &&
              (n == 3 || parse_range_number(word[3], &count));
    if (!ok || count != rint(count))
        return err_set(err, ERR_CONFIG, "search.%s: '%.60s' is no range (allowed: linear|log MIN MAX [COUNT], or none)",
                       name, value);
    if (n == 4 && (count < 2 || count > 1000000))
        return err_set(err, ERR_CONFIG, "search.%s: %s grid points (allowed: 2 to 1000000)", name, word[3]);
    r->scale = strcasecmp(word[0], "log") == 0 ? SCALE_LOG : SCALE_LINEAR;
    r->count = (int)count;
    return range_check(r, err);
}

static void range_remove(struct params *p, int def)
{
    int kept = 0;
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def != def)
            p->ranges[kept++] = p->ranges[i];
    p->n_ranges = kept;
}

static bool set_range(struct params *p, const char *name, const char *value, struct err *err)
{
    struct param_range r = {.def = param_find(name)};
    if (r.def < 0)
        return unknown_setting(err, "search.", name);
    bool empty = !*value || strcasecmp(value, "none") == 0;
    if (!empty && !parse_range(value, &r, err))
        return false;
    struct params changed = *p;
    range_remove(&changed, r.def);
    if (!empty) {
        if (changed.n_ranges == PARAM_MAX_RANGES)
            return err_set(err, ERR_CONFIG, "search.%s: too many ranges (allowed: %d)", name, PARAM_MAX_RANGES);
        int i = changed.n_ranges++;
        for (; i > 0 && changed.ranges[i - 1].def > r.def; i--)
            changed.ranges[i] = changed.ranges[i - 1];
        changed.ranges[i] = r;
    }
    *p = changed;
    return true;
}

/* ---- setting and reading ---- */

void params_init(struct params *p)
{
    memset(p, 0, sizeof(*p)); /* padding too: equal settings are equal bytes */
    for (int i = 0; i < param_count; i++) {
        struct err err = {0};
        if (!params_set(p, param_table[i].name, param_table[i].initial, &err)) {
            fprintf(stderr, "fsplab: bad default in the table of settings: %s\n", err.msg);
            abort();
        }
    }
}

/* A copy without the blanks around it. free() it. */
static char *trimmed(const char *s, size_t n)
{
    while (n && isspace((unsigned char)*s))
        s++, n--;
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    char *t = xmalloc(n + 1);
    memcpy(t, s, n);
    t[n] = '\0';
    return t;
}

bool params_set(struct params *p, const char *key, const char *value, struct err *err)
{
    static const char range_prefix[] = "search.";
    char *text = trimmed(value, strlen(value));
    bool ok;
    int i = param_find(key);
    struct value v = {0};
    if (strncmp(key, range_prefix, strlen(range_prefix)) == 0) {
        ok = set_range(p, key + strlen(range_prefix), text, err);
    } else if (i < 0) {
        ok = unknown_setting(err, "", key);
    } else {
        ok = parse_value(key, &param_table[i], text, &v, err);
        if (ok)
            store_value(p, &param_table[i], &v);
    }
    free(text);
    return ok;
}

bool params_set_pair(struct params *p, const char *pair, struct err *err)
{
    const char *eq = strchr(pair, '=');
    if (!eq || eq == pair)
        return err_set(err, ERR_CONFIG, "'%.60s' is not of the form key=value", pair);
    char *key = trimmed(pair, (size_t)(eq - pair));
    bool ok = params_set(p, key, eq + 1, err);
    free(key);
    return ok;
}

bool params_set_number(struct params *p, int def, double value, struct err *err)
{
    const struct param_def *d = &param_table[def];
    char read[32];
    struct value v = {.number = d->type == PARAM_INT ? rint(value) : value};
    number_format(d, value, read, sizeof(read));
    if (!is_number(d))
        return err_set(err, ERR_CONFIG, "%s: is not set by a number", d->name);
    if (!(v.number >= d->min && v.number <= d->max))
        return refuse(err, d->name, read, isnan(value) ? "is not a number" : "is out of range", d);
    v.whole = d->type == PARAM_INT ? (int64_t)v.number : 0;
    store_value(p, d, &v);
    return true;
}

double params_get_number(const struct params *p, int def)
{
    const struct param_def *d = &param_table[def];
    const void *field = (const char *)p + d->offset;
    switch (d->type) {
    case PARAM_INT: return is_wide(d) ? (double)*(const int64_t *)field : *(const int *)field;
    case PARAM_FLOAT: return *(const double *)field;
    case PARAM_BOOL: return *(const bool *)field;
    case PARAM_ENUM: return *(const int *)field;
    case PARAM_STRING: break;
    }
    return 0;
}

void params_format(const struct params *p, int def, char *buf, size_t cap)
{
    const struct param_def *d = &param_table[def];
    double v = params_get_number(p, def);
    if (d->type == PARAM_STRING) {
        snprintf(buf, cap, "%s", (const char *)p + d->offset);
    } else if (d->type == PARAM_ENUM) {
        const char *c = d->choices;
        for (int i = (int)v; i > 0; i--)
            c += strcspn(c, " ") + 1;
        snprintf(buf, cap, "%.*s", (int)strcspn(c, " "), c);
    } else if (d->type == PARAM_BOOL) {
        snprintf(buf, cap, "%d", v != 0);
    } else {
        number_format(d, v, buf, cap);
    }
}

void param_range_format(const struct param_range *r, char *buf, size_t cap)
{
    const struct param_def *d = &param_table[r->def];
    char lo[32], hi[32];
    number_format(d, r->min, lo, sizeof(lo));
    number_format(d, r->max, hi, sizeof(hi));
    size_t len = str_append(buf, cap, 0, "%s %s %s", r->scale == SCALE_LOG ? "log" : "linear", lo, hi);
    if (r->count)
        str_append(buf, cap, len, " %d", r->count);
}

/* ---- settings against each other ---- */

static bool check_data(const struct params *p, struct err *err)
{
    if (!*p->data_dir)
        return err_set(err, ERR_CONFIG, "data_dir: is empty (allowed: a folder, '.' for this one)");
    if (p->select == SELECT_VAL && p->val_fraction == 0)
        return err_set(
            err, ERR_CONFIG,
            "val_fraction: 0 leaves nothing to select by (allowed with select=val: above 0; or select=test)");
    double left = p->train_limit - rint(p->val_fraction * p->train_limit);
    if (p->train_limit > 0 && p->batch > left)
        return err_set(
            err, ERR_CONFIG,
            "batch: %d is more than the %.0f training images that train_limit %d leaves (allowed: 1 to %.0f)", p->batch,
            left, p->train_limit, left);
    return true;
}

static bool check_nets(const struct params *p, struct err *err)
{
    if (!*p->student)
        return err_set(err, ERR_CONFIG, "student: is empty (allowed: the name of a net)");
    if (p->method != METHOD_NONE && !*p->teacher)
        return err_set(err, ERR_CONFIG,
                       "teacher: is empty (allowed: the name of a net or FILE.safetensors; or method=none)");
    return true;
}

bool params_check(const struct params *p, struct err *err)
{
    if (!check_data(p, err) || !check_nets(p, err))
        return false;
    if (p->precision != PRECISION_F32 && strncmp(p->device, "cuda", 4) != 0) /* auto is the CPU (backend_new) */
        return err_set(err, ERR_CONFIG, "precision: %s needs a GPU (allowed with device=%s: f32)",
                       p->precision == PRECISION_TF32 ? "tf32" : "bf16", p->device);
    if (p->nesterov && p->momentum == 0)
        return err_set(err, ERR_CONFIG, "nesterov: 1 needs a momentum (allowed with momentum=0: 0)");
    if (p->stop_improvement > 0 && p->search != SEARCH_BO)
        return err_set(err, ERR_CONFIG, "stop_improvement: %g needs a model (allowed without search=bo: 0)",
                       p->stop_improvement);
    for (int i = 0; i < p->n_ranges; i++)
        if (!range_check(&p->ranges[i], err))
            return false;
    return true;
}

/* ---- listings ---- */

char *params_canonical(const struct params *p, unsigned flags)
{
    size_t cap = (size_t)(param_count + PARAM_MAX_RANGES) * (PARAM_STR_MAX + 64), len = 0;
    char *out = xmalloc(cap), text[PARAM_STR_MAX];
    out[0] = '\0';
    for (int i = 0; i < param_count; i++)
        if (param_table[i].flags & flags) {
            params_format(p, i, text, sizeof(text));
            if ((param_table[i].flags & PF_LATER) && strcmp(text, param_table[i].initial) == 0)
                continue;
            len = str_append(out, cap, len, "%s=%s\n", param_table[i].name, text);
        }
    for (int i = 0; i < p->n_ranges && (flags & PF_SEARCH); i++) {
        param_range_format(&p->ranges[i], text, sizeof(text));
        len = str_append(out, cap, len, "search.%s=%s\n", param_table[p->ranges[i].def].name, text);
    }
    return out;
}

char *params_record(const struct params *p)
{
    char search[32];
    params_format(p, param_find("search"), search, sizeof search);
    char *canonical = params_canonical(p, PF_TRIAL | PF_SEARCH);
    char *text = xstrfmt("%ssearch=%s\n%s", canonical, search, p->select == SELECT_TEST ? "select=test\n" : "");
    free(canonical);
    return text;
}

/* A line of roff, which takes '-' for a hyphen and '\\' for an escape. */
static void put_roff(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", out);
        else if (*s == '-')
            fputs("\\-", out);
        else
            fputc(*s, out);
    }
    fputc('\n', out);
}

/* "(0 to 1; default 0.9; search)" */
static void facts_format(const struct param_def *d, char *buf, size_t cap)
{
    char limits[256];
    if (d->offset == offsetof(struct params, device))
        snprintf(limits, sizeof(limits), "auto, cpu, cuda, cuda:N");
    else if (d->type == PARAM_STRING)
        snprintf(limits, sizeof(limits), "text");
    else if (d->type == PARAM_BOOL)
        snprintf(limits, sizeof(limits), "0, 1");
    else
        limits_format(d, limits, sizeof(limits));
    size_t len = str_append(buf, cap, 0, "(%s%s%s; default %s", limits, *d->unit ? " " : "", d->unit, d->initial);
    if (d->flags & PF_LIVE)
        len = str_append(buf, cap, len, "; live");
    if (d->flags & PF_SEARCH)
        len = str_append(buf, cap, len, "; search");
    str_append(buf, cap, len, ")");
}

/* Words of S, broken at column 80, each further line indented. */
static void put_wrapped(FILE *out, const char *s, int indent)
{
    int column = indent;
    while (*s) {
        int n = (int)strcspn(s, " ");
        if (column > indent && column + 1 + n > 80) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        column += fprintf(out, "%s%.*s", column > indent ? " " : "", n, s);
        s += n + (s[n] == ' ');
    }
    fputc('\n', out);
}

static void print_help_of(FILE *out, const struct param_def *d, bool roff)
{
    enum { INDENT = 27 };
    char facts[512];
    facts_format(d, facts, sizeof(facts));
    if (roff) {
        fprintf(out, ".TP\n.B %s\n", d->name);
        put_roff(out, d->help);
        put_roff(out, facts);
    } else {
        fprintf(out, "  %-*s", INDENT - 2, d->name);
        put_wrapped(out, d->help, INDENT);
        fprintf(out, "%*s", INDENT, "");
        put_wrapped(out, facts, INDENT);
    }
}

/* The group that begins with row I; false: it began before. */
static bool begins_group(int i)
{
    for (int k = 0; k < i; k++)
        if (strcmp(param_table[k].group, param_table[i].group) == 0)
            return false;
    return true;
}

void params_print_help(FILE *out, bool roff)
{
    for (int g = 0; g < param_count; g++) {
        if (!begins_group(g))
            continue;
        fprintf(out, roff ? ".SS %s\n" : "%s\n", param_table[g].group);
        for (int i = g; i < param_count; i++)
            if (strcmp(param_table[i].group, param_table[g].group) == 0)
                print_help_of(out, &param_table[i], roff);
    }
    const char *note = "live: may be changed while a trial runs; search: may be searched over, with "
                       "search.NAME = linear|log MIN MAX [COUNT]";
    fputs(roff ? ".PP\n" : "\n", out);
    if (roff)
        put_roff(out, note);
    else
        put_wrapped(out, note, 0);
}
