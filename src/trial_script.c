/* A change is due when the trial stands at its place or beyond: beyond, where a stage was not run again (a teacher that is
 * cached by now). "lr" is that of the stage in which it was said. */
#include "trial_script.h"

#include <stdlib.h>
#include <string.h>

static bool before(enum stage s, int step, enum stage than_s, int than_step)
{
    return s < than_s || (s == than_s && step < than_step);
}

bool trial_script_add(struct trial_script *script, const struct event_row *e, int n, enum stage s, int step,
                      struct err *err)
{
    for (int i = 0; i < n; i++) {
        enum stage at;
        if (strcmp(e[i].kind, "set") != 0 && strcmp(e[i].kind, "skip") != 0)
            continue;
        if (!stage_find(e[i].stage, &at))
            return err_set(err, ERR_FORMAT, "event %lld: stage '%s' is not known", (long long)e[i].id, e[i].stage);
        if (before(at, e[i].step, s, step))
            continue;
        script->rows = xrealloc(script->rows, (size_t)(script->n + 1) * sizeof *script->rows);
        script->rows[script->n++] = e[i];
    }
    return true;
}

void trial_script_release(struct trial_script *script)
{
    free(script->rows);
    *script = (struct trial_script){0};
}

static bool make_change(const struct event_row *e, enum stage s, struct trial *t, struct err *err)
{
    double old;
    struct err unskippable;
    if (strcmp(e->kind, "set") == 0)
        return trial_set(t, trial_live_name(s, e->key), e->after, &old, err);
    if (trial_stage(t) != s || trial_at(t) != e->step)
        return err_set(err, ERR_STATE, "the stage was over by then");
    return !trial_may_skip(t, &unskippable) || trial_skip(t, err); /* it may have been made already */
}

bool trial_script_apply(struct trial_script *script, struct trial *t, struct err *err)
{
    for (; script->at < script->n; script->at++) {
        const struct event_row *e = &script->rows[script->at];
        enum stage s = STAGE_TEACHER;
        stage_find(e->stage, &s);
        if (before(trial_stage(t), trial_at(t), s, e->step))
            return true;
        if (!make_change(e, s, t, err))
            return err_prefix(err, "recorded %s %s at step %d of %s", e->kind, e->key, e->step, e->stage);
    }
    return true;
}
