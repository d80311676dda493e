/* How a study was looked at when the user last left it: the screen, the theme, and of each screen what its table names (struct
 * view_pref). One small file a study beside the one that app_seen keeps: lines "name value" below a line that says what it is.
 * A file with anything wrong in it is left alone, whole; a name that is not known is of another version, and is passed over. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../io/fsutil.h"
#include "app_impl.h"

enum { FILE_MAX = 1 << 16 };
static const char first_line[] = "fsplab screens 1";

/* ---- one value ---- */

static void *field_of(const struct app *a, int view, const struct view_pref *p)
{
    return (char *)a->states[view] + p->offset;
}

static int get(const struct app *a, int view, const struct view_pref *p)
{
    const void *field = field_of(a, view, p);
    return p->type == PREF_BOOL ? *(const bool *)field : *(const int *)field;
}

static void put(struct app *a, int view, const struct view_pref *p, int v)
{
    void *field = field_of(a, view, p);
    if (p->type == PREF_BOOL)
        *(bool *)field = v != 0;
    else
        *(int *)field = v;
}

/* ---- reading ---- */

/* "run.axis": the row, and its screen; NULL: not known. */
static const struct view_pref *find(const char *name, int *view)
{
    for (int i = 0; i < app_view_count; i++) {
        size_t n = strlen(app_views[i]->name);
        if (strncmp(name, app_views[i]->name, n) != 0 || name[n] != '.')
            continue;
        for (int k = 0; k < app_views[i]->n_prefs; k++)
            if (strcmp(app_views[i]->prefs[k].name, name + n + 1) == 0) {
                *view = i;
                return &app_views[i]->prefs[k];
            }
    }
    return NULL;
}

/* One line; APPLY: also does what it says. */
static bool take(struct app *a, const char *name, const char *value, bool start, bool apply, struct err *err)
{
    int view;
    char *end;
    if (strcmp(name, "screen") == 0) {
        if (app_find_view(value) >= 0 && apply && start)
            app_show(a, app_find_view(value));
        return true;
    }
    if (strcmp(name, "theme") == 0) {
        bool known = strcmp(value, "dark") == 0 || strcmp(value, "light") == 0;
        if (known && apply && start && !a->options->theme)
            return app_pick_theme(a, value, err);
        return known || err_set(err, ERR_FORMAT, "theme '%.20s': allowed are dark and light", value);
    }
    const struct view_pref *p = find(name, &view);
    if (!p)
        return true;
    long v = strtol(value, &end, 10);
    int most = p->type == PREF_BOOL ? 1 : p->max;
    if (!*value || *end || v < 0 || v > most)
        return err_set(err, ERR_FORMAT, "%.40s = '%.20s': allowed are 0 to %d", name, value, most);
    if (apply)
        put(a, view, p, (int)v);
    return true;
}

static bool take_all(struct app *a, const char *text, bool start, bool apply, struct err *err)
{
    int line = 0;
    while (*text) {
        char copy[200], *value;
        size_t n = strcspn(text, "\n");
        str_append(copy, sizeof copy, 0, "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
        if (line++ == 0) {
            if (strcmp(copy, first_line) != 0)
                return err_set(err, ERR_FORMAT, "line 1 is not '%s'", first_line);
            continue;
        }
        value = strchr(copy, ' ');
        if (!value)
            return err_set(err, ERR_FORMAT, "line %d: '%.40s' has no value", line, copy);
        *value++ = 0;
        if (!take(a, copy, value, start, apply, err))
            return err_prefix(err, "line %d", line);
    }
    return line > 0 || err_set(err, ERR_FORMAT, "it is empty");
}

void prefs_load(struct app *a, bool start)
{
    struct err err = {0};
    void *text = NULL;
    size_t n;
    char *path = app_state_path(&a->model, ".screens", &err);
    if (!path ||
        access(path, F_OK) != 0) { /* nothing is kept, or there is nowhere to keep it: that is said when it is saved */
        free(path);
        return;
    }
    bool ok = fs_read_whole(path, FILE_MAX, &text, &n, &err);
    if (ok && !(take_all(a, text, start, false, &err) && take_all(a, text, start, true, &err)))
        ok = err_prefix(&err, "'%s'", path);
    if (!ok)
        app_say(a, ROLE_WARN, "how this study was looked at is not known any more: %s", err.msg);
    free(text);
    free(path);
}

/* ---- writing ---- */

bool prefs_save(const struct app *a, struct err *err)
{
    char text[4096];
    char *path = app_state_path(&a->model, ".screens", err);
    if (!path)
        return err->code == ERR_STATE; /* there is no such study yet: nothing to keep */
    size_t n = str_append(text, sizeof text, 0, "%s\nscreen %s\n", first_line, app_views[a->view]->name);
    if (!a->options->theme)
        n = str_append(text, sizeof text, n, "theme %s\n", a->look.theme.light ? "light" : "dark");
    for (int i = 0; i < app_view_count; i++)
        for (int k = 0; k < app_views[i]->n_prefs; k++) {
            const struct view_pref *p = &app_views[i]->prefs[k];
            n = str_append(text, sizeof text, n, "%s.%s %d\n", app_views[i]->name, p->name, get(a, i, p));
        }
    bool ok = fs_write_whole(path, text, n, err);
    free(path);
    return ok;
}
