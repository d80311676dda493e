/* Files of what is shown. A name is offered that is not there yet, under RUNS/STUDY/export; another one is asked about before
 * it is written over. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../io/fsutil.h"
#include "app_impl.h"
#include "export.h"

/* RUNS/STUDY/export/SCREEN[-trialN][-2].END */
static void offered_name(const struct app *a, const char *end, char *buf, size_t cap)
{
    const char *screen = app_views[a->view]->name;
    bool of_trial = strcmp(screen, "run") == 0 || strcmp(screen, "fsp") == 0;
    char trial[24] = "";
    if (of_trial && a->model.sel.trial > 0)
        snprintf(trial, sizeof trial, "-trial%d", a->model.sel.trial);
    for (int i = 1; i < 1000; i++) {
        size_t n = str_append(buf, cap, 0, "%s/export/%s%s", a->model.dir, screen, trial);
        if (i > 1)
            n = str_append(buf, cap, n, "-%d", i);
        str_append(buf, cap, n, "%s", end);
        if (access(buf, F_OK) != 0)
            return;
    }
}

void export_begin(struct app *a)
{
    char line[PALETTE_TEXT] = "export ";
    offered_name(a, ".png", line + strlen(line), sizeof line - strlen(line));
    palette_begin(a, line);
}

void export_complete(struct app *a, const char *head)
{
    static const char *const ends[] = {".png", ".svg", ".csv"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char text[PALETTE_TEXT], name[PALETTE_TEXT];
        offered_name(a, ends[i], name, sizeof name);
        str_append(text, sizeof text, 0, "%s%s", head, name);
        palette_add(&a->candidates, text);
    }
}

/* "~/x" is in the home folder. */
static void expand(const char *name, char *path, size_t cap)
{
    const char *home = getenv("HOME");
    if (name[0] == '~' && name[1] == '/' && home)
        str_append(path, cap, 0, "%s%s", home, name + 1);
    else
        str_append(path, cap, 0, "%s", name);
}

/* The folder of files whose names are offered is made; any other has to be there. */
static bool make_folder(const struct app *a, const char *path, struct err *err)
{
    char *dir = fs_dirname(path), *own = xstrfmt("%s/export", a->model.dir);
    bool ok = strcmp(dir, own) != 0 || access(a->model.dir, F_OK) != 0 || fs_mkdirs(own, err);
    free(dir);
    free(own);
    return ok;
}

bool export_now(struct app *a, const char *path, struct err *err)
{
    if (!make_folder(a, path, err) || !export_write(app_views[a->view], a->states[a->view], &a->context, path, err))
        return false;
    app_say(a, ROLE_GOOD, "wrote %s", path);
    return true;
}

bool export_run(struct app *a, const char *rest, struct err *err)
{
    struct request r = {.kind = ASK_EXPORT};
    expand(rest, r.text, sizeof r.text);
    if (!export_known(r.text, err))
        return false;
    if (!app_views[a->view]->export)
        return err_set(err, ERR_USAGE, "the screen %s goes to no file", app_views[a->view]->title);
    if (access(r.text, F_OK) != 0)
        return export_now(a, r.text, err);
    const char *name = strrchr(r.text, '/');
    str_append(r.confirm, sizeof r.confirm, 0, "write over '%.80s'?", name ? name + 1 : r.text);
    app_obey(a, &r, false);
    return true;
}
