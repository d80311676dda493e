/* What a study looked like when the user last left it, in $XDG_STATE_HOME/fsplab (~/.local/state/fsplab): one small file a
 * study, named after its folder. Losing it costs a line of greeting, so nothing here is an error. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/fsutil.h"
#include "app_impl.h"

char *app_state_path(const struct model *m, const char *end, struct err *err)
{
    char real[PATH_MAX];
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (!m->study[0] || !realpath(m->dir, real))
        return err_set(err, ERR_STATE, "there is no study in '%s'", m->dir), NULL;
    if (!(state && *state) && !(home && *home))
        return err_set(err, ERR_IO, "neither XDG_STATE_HOME nor HOME is set"), NULL;
    for (char *c = real; *c; c++)
        if (*c == '/')
            *c = '%';
    char *dir = state && *state ? xstrfmt("%s/fsplab", state) : xstrfmt("%s/.local/state/fsplab", home);
    char *path = NULL;
    if (strlen(real) + strlen(end) >= 250)
        err_set(err, ERR_IO, "the name of '%s' is too long to keep anything of it", m->dir);
    else if (fs_mkdirs(dir, err))
        path = xstrfmt("%s/%s%s", dir, real, end);
    free(dir);
    return path;
}

static void count_trials(const struct model *m, int *ended, double *best)
{
    *ended = 0;
    *best = 0;
    for (int i = 0; i < m->n_trials; i++) {
        const struct trial_row *t = &m->trials[i];
        *ended += t->state == TRIAL_COMPLETE || t->state == TRIAL_DIVERGED || t->state == TRIAL_FAILED ||
                  t->state == TRIAL_PRUNED;
        if (t->state == TRIAL_COMPLETE && t->val_accuracy > *best)
            *best = t->val_accuracy;
    }
}

static int warnings_since(const struct model *m, int64_t id)
{
    static const char *const kinds[] = {"warning", "collapse", "diverged", "failed"};
    int n = 0;
    for (int i = 0; i < m->n_events; i++)
        for (size_t k = 0; k < ARRAY_LEN(kinds) && m->events[i].id > id; k++)
            n += strcmp(m->events[i].kind, kinds[k]) == 0;
    return n;
}

void seen_load(struct app *a)
{
    struct model *m = &a->model;
    struct err ignored;
    char *path = app_state_path(m, "", &ignored);
    FILE *f = path ? fopen(path, "r") : NULL;
    long long event, when;
    int before, ended;
    double best_before, best;
    bool got = f && fscanf(f, "%lld %lld %d %lf", &event, &when, &before, &best_before) == 4;
    if (f)
        fclose(f);
    free(path);
    if (!got)
        return;
    m->seen_event = event;
    count_trials(m, &ended, &best);
    int warned = warnings_since(m, event), minutes = (int)((m->now_ms - when) / 60000);
    if (ended == before && warned == 0)
        return;
    char ago[32], text[200];
    if (minutes < 120)
        snprintf(ago, sizeof ago, "%d min", minutes);
    else
        snprintf(ago, sizeof ago, "%.1f h", minutes / 60.0);
    size_t n = str_append(text, sizeof text, 0, "since you left %s ago: %d trial%s ended", ago, ended - before,
                          ended - before == 1 ? "" : "s");
    if (best > best_before)
        n = str_append(text, sizeof text, n, ", new best %.2f%%", 100 * best);
    if (warned)
        str_append(text, sizeof text, n, ", %d warning%s (see Log)", warned, warned == 1 ? "" : "s");
    app_say(a, warned ? ROLE_WARN : ROLE_GOOD, "%s", text);
    a->status_until += 20;
}

void seen_save(struct app *a)
{
    const struct model *m = &a->model;
    int ended;
    double best;
    struct err ignored;
    char *path = m->n_events ? app_state_path(m, "", &ignored) : NULL;
    FILE *f = path ? fopen(path, "w") : NULL;
    count_trials(m, &ended, &best);
    if (f) {
        fprintf(f, "%lld %lld %d %.9f\n", (long long)m->events[m->n_events - 1].id, (long long)m->now_ms, ended, best);
        fclose(f);
    }
    free(path);
}
