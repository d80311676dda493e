/* The settings a study was begun with, against those of now. They must be the same, or its trials cannot be compared and
 * continued; but for the ranges and the strategy: a search may look elsewhere, or otherwise, from now on. Such a change is an
 * event of the study, committed together with the settings that it changes. */
#include "lab_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE "search."
#define STRATEGY "search="

/* Settings that shape a trial, ranges, and the strategy. */
enum line { LINE_FIXED, LINE_RANGE, LINE_STRATEGY };

static enum line kind_of(const char *line)
{
    return strncmp(line, RANGE, strlen(RANGE)) == 0         ? LINE_RANGE
           : strncmp(line, STRATEGY, strlen(STRATEGY)) == 0 ? LINE_STRATEGY
                                                            : LINE_FIXED;
}

/* The next line of that kind; *n: its length. NULL: there is no more. */
static const char *next_line(const char *text, enum line kind, size_t *n)
{
    for (; *text; text += *n + (text[*n] == '\n')) {
        *n = strcspn(text, "\n");
        if (kind_of(text) == kind)
            return text;
    }
    return NULL;
}

static bool same_but_search(const char *then, const char *now, const char *dir, struct err *err)
{
    size_t a = 0, b = 0;
    for (;; then += a, now += b) {
        then = next_line(then + (*then == '\n'), LINE_FIXED, &a);
        now = next_line(now + (*now == '\n'), LINE_FIXED, &b);
        if (!then || !now)
            break;
        if (a != b || memcmp(then, now, a) != 0)
            return err_set(err, ERR_CONFIG,
                           "'%s' was begun with '%.*s', the settings now say '%.*s': restore that, name "
                           "another folder with --runs, or remove it",
                           dir, (int)a, then, (int)b, now);
    }
    if (then || now)
        return err_set(err, ERR_CONFIG, "'%s' was begun with other settings: one has '%.*s' more", dir,
                       (int)(then ? a : b), then ? then : now);
    return true;
}

/* "search.NAME=VALUE" in TEXT: the value, *n its length; NULL: that range is not there. */
static const char *find_range(const char *text, const char *name, size_t name_len, size_t *n)
{
    for (const char *line = text; (line = next_line(line, LINE_RANGE, n)); line += *n + (line[*n] == '\n')) {
        size_t head = strlen(RANGE);
        if (*n > head + name_len && memcmp(line + head, name, name_len) == 0 && line[head + name_len] == '=') {
            *n -= head + name_len + 1;
            return line + head + name_len + 1;
        }
    }
    return NULL;
}

/* An event for every range of A that B has not, or (BOTH) has otherwise. BACK: A is what is said now. */
static bool put_events(struct lab *lab, const char *a, const char *b, bool back, struct err *err)
{
    size_t n, n_a, n_b;
    for (const char *line = a; (line = next_line(line, LINE_RANGE, &n)); line += n + (line[n] == '\n')) {
        const char *name = line + strlen(RANGE);
        size_t name_len = strcspn(name, "=\n");
        const char *in_a = find_range(a, name, name_len, &n_a), *in_b = find_range(b, name, name_len, &n_b);
        if (in_b && (back || (n_a == n_b && memcmp(in_a, in_b, n_a) == 0)))
            continue;
        struct event_row e = {.kind = "range", .before = NAN, .after = NAN};
        snprintf(e.key, sizeof e.key, "%.*s", (int)name_len, name);
        if (back)
            snprintf(e.text, sizeof e.text, "search.%s: none -> %.*s", e.key, (int)n_a, in_a);
        else
            snprintf(e.text, sizeof e.text, "search.%s: %.*s -> %.*s", e.key, (int)n_a, in_a, in_b ? (int)n_b : 4,
                     in_b ? in_b : "none");
        if (!store_event_put(lab->store, &e, err))
            return false;
    }
    return true;
}

static bool put_strategy(struct lab *lab, const char *then, const char *now, struct err *err)
{
    size_t a, b;
    const char *was = next_line(then, LINE_STRATEGY, &a), *is = next_line(now, LINE_STRATEGY, &b);
    if (!was || !is || (a == b && memcmp(was, is, a) == 0)) /* a record of before it was kept says nothing */
        return true;
    struct event_row e = {.kind = "strategy", .key = "search", .before = NAN, .after = NAN};
    snprintf(e.text, sizeof e.text, "%.*s -> %.*s", (int)a, was, (int)(b - strlen(STRATEGY)), is + strlen(STRATEGY));
    return store_event_put(lab->store, &e, err);
}

static bool take_search(struct lab *lab, struct study_row *row, char *now, struct err *err)
{
    char *then = row->settings;
    if (!store_begin(lab->store, err))
        return false;
    bool ok = put_events(lab, then, now, false, err) && put_events(lab, now, then, true, err) &&
              put_strategy(lab, then, now, err);
    row->settings = now;
    ok = ok && store_study_put(lab->store, row, err);
    row->settings = then;
    return store_commit(lab->store, ok ? err : NULL) && ok;
}

bool lab_match_settings(struct lab *lab, struct err *err)
{
    char *now = params_record(&lab->params);
    struct study_row row = {0};
    bool found = false, ok = store_study_get(lab->store, &row, &found, err);
    if (ok && found) {
        if (!row.settings)
            row.settings = xstrdup("");
        ok = same_but_search(row.settings, now, lab->dir, err) &&
             (strcmp(row.settings, now) == 0 || take_search(lab, &row, now, err));
        study_row_release(&row);
    } else if (ok) {
        struct study_row fresh = {.settings = now, .created_ms = clock_unix_ms(), .state = "running"};
        snprintf(fresh.name, sizeof fresh.name, "%s", lab->draft.study);
        ok = store_study_put(lab->store, &fresh, err);
    }
    free(now);
    return ok;
}
