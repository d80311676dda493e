/* Clones: a new trial from an old one. A clone is a row, an event that names its origin ("clone"; key "cold" or "warm";
 * before: the number of the trial cloned) and, when it is warm, a copy of the checkpoint. What a warm one begins with that
 * is not in the copied file is recorded as changes of its own at that very step, so that taking it up, killing it and
 * replaying it need no further rule.
 *
 * The copy is made under another name, trial-NNNN.clone; row and events are committed; then it gets its name, at the
 * latest when the clone is begun. A copy that was never recorded is removed before its number is given away. So no trial
 * ever finds a checkpoint that is not its own. */
#include "lab_work.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fsutil.h"

static const char *const files[] = {"state.safetensors", "student.safetensors"};

/* A clone in the making. */
struct clone {
    struct trial_row of, row;
    bool warm;
    enum stage stage; /* of the checkpoint */
    int step;
    struct params settings;    /* as they are there */
    struct event_row *changes; /* of the clone's own, at that step */
    int n_changes;
};

/* ---- files ---- */

static char *copy_name(const struct trial_row *row)
{
    return xstrfmt("%s.clone", row->dir);
}

bool lab_adopt_clone(const struct trial_row *row, struct err *err)
{
    char *copy = copy_name(row);
    bool ok = row->kind != TRIAL_MANUAL || access(copy, F_OK) != 0 || rename(copy, row->dir) == 0 ||
              fs_err(err, "rename", copy, errno);
    free(copy);
    return ok;
}

void lab_forget_clone(const struct trial_row *row)
{
    char *copy = copy_name(row);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char *path = xstrfmt("%s/%s", copy, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(copy);
    free(copy);
}

static bool copy_file(const char *from, const char *to, struct err *err)
{
    void *data;
    size_t n;
    if (!fs_read_whole(from, (size_t)2 << 30, &data, &n, err))
        return false;
    bool ok = fs_write_whole(to, data, n, err);
    free(data);
    return ok;
}

static bool copy_checkpoint(const struct clone *c, struct err *err)
{
    char *copy = copy_name(&c->row);
    bool ok = fs_mkdirs(copy, err);
    for (size_t i = 0; ok && i < ARRAY_LEN(files); i++) {
        char *from = xstrfmt("%s/%s", c->of.dir, files[i]), *to = xstrfmt("%s/%s", copy, files[i]);
        ok = (i > 0 && access(from, F_OK) != 0) || copy_file(from, to, err);
        free(from);
        free(to);
    }
    free(copy);
    return ok;
}

/* ---- what it begins with ---- */

static bool find_origin(const struct lab *lab, int number, struct trial_row *of, struct err *err)
{
    const struct worker *w = lab_runner(lab, number);
    for (int i = 0; i < lab->n_rows; i++)
        if (lab->rows[i].number == number) {
            *of = w ? w->row : lab->rows[i];
            return true;
        }
    return err_set(err, ERR_STATE, "there is no trial %d: the latest is %d", number,
                   lab->n_rows ? lab->rows[lab->n_rows - 1].number : 0);
}

static bool searchable(const char *key, int *def, struct err *err)
{
    char allowed[400] = "";
    size_t len = 0;
    *def = param_find(key);
    if (*def >= 0 && param_table[*def].flags & PF_SEARCH)
        return true;
    for (int i = 0; i < param_count; i++)
        if (param_table[i].flags & PF_SEARCH)
            len = str_append(allowed, sizeof allowed, len, "%s%s", len ? ", " : "", param_table[i].name);
    return err_set(err, ERR_CONFIG, "'%s' cannot be given to a clone: allowed are %s", key, allowed);
}

static void put_value(struct trial_row *row, const char *name, double value)
{
    int i = 0;
    while (i < row->n_params && strcmp(row->param_name[i], name) != 0)
        i++;
    assert(i < TRIAL_PARAMS_MAX);
    if (i == row->n_params)
        snprintf(row->param_name[row->n_params++], sizeof row->param_name[0], "%s", name);
    row->param_value[i] = value;
}

/* The row's values; they make a trial that can be run. */
static bool take_values(const struct lab *lab, const struct lab_cmd *cmd, struct clone *c, struct err *err)
{
    for (int i = 0; i < cmd->n; i++) {
        struct params p = lab->params;
        int def;
        if (!searchable(cmd->key[i], &def, err) || !params_set_number(&p, def, cmd->value[i], err))
            return false;
        put_value(&c->row, param_table[def].name, params_get_number(&p, def)); /* whole numbers are rounded */
    }
    struct params p = lab_trial_params(&lab->params, &c->row);
    return params_check(&p, err) && trial_check(&p, &lab->data, err);
}

/* Where the origin's checkpoint is, once the origin, if it is running, has one of this step. */
static bool find_checkpoint(struct lab *lab, struct worker *w, struct clone *c, struct err *bad, struct err *err)
{
    bool found;
    int n = c->of.number;
    if (c->of.state == TRIAL_COMPLETE)
        return err_set(bad, ERR_STATE, "trial %d is complete, nothing is left to train: clone it without --warm", n);
    c->settings = lab_trial_params(&lab->params, &c->of);
    if (w == lab_runner(lab, n) && !lab_checkpoint(lab, w, err))
        return false;
    if (!trial_saved_at(c->of.dir, &c->stage, &c->step, &c->settings, &found, bad))
        return false;
    if (!found)
        return err_set(bad, ERR_STATE, "trial %d has no checkpoint yet: clone it without --warm", n);
    return c->stage == STAGE_TRANSFER || c->stage == STAGE_FINETUNE ||
           err_set(bad, ERR_STATE, "the checkpoint of trial %d is of its %s: clone it without --warm", n,
                   c->stage == STAGE_TEACHER ? "teacher's training, which all trials share" : "end");
}

static struct event_row event_of(const struct clone *c, const char *kind)
{
    struct event_row e = {.trial = c->row.number, .step = c->step, .before = NAN, .after = NAN};
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    if (c->warm)
        snprintf(e.stage, sizeof e.stage, "%s", stage_name(c->stage));
    return e;
}

static bool add_change(struct clone *c, const char *key, double value, struct err *err)
{
    struct event_row e = event_of(c, "set");
    if (!trial_may_set(&c->settings, c->stage, key, value, &e.before, err))
        return false;
    int def = param_find(trial_live_name(c->stage, key));
    snprintf(e.key, sizeof e.key, "%s", key);
    e.after = value;
    c->changes = xrealloc(c->changes, (size_t)(c->n_changes + 1) * sizeof *c->changes);
    c->changes[c->n_changes++] = e;
    return params_set_number(&c->settings, def, value, err);
}

/* The origin's changes at its checkpoint's very step are not in the file, and those asked for are nowhere. */
static bool take_changes(struct lab *lab, const struct lab_cmd *cmd, struct clone *c, struct err *bad, struct err *err)
{
    struct event_row *events;
    int n = store_events(lab->store, c->of.number, 0, &events, err);
    bool ok = n >= 0;
    for (int i = 0; ok && i < n; i++)
        if (strcmp(events[i].kind, "set") == 0 && strcmp(events[i].stage, stage_name(c->stage)) == 0 &&
            events[i].step == c->step)
            ok = add_change(c, events[i].key, events[i].after, bad);
    if (n > 0)
        free(events);
    for (int i = 0; ok && i < cmd->n; i++) {
        if (!(param_table[param_find(cmd->key[i])].flags & PF_LIVE))
            return err_set(bad, ERR_CONFIG, "%s cannot be changed from a checkpoint on: clone trial %d without --warm",
                           cmd->key[i], c->of.number);
        ok = add_change(c, cmd->key[i], cmd->value[i], bad);
    }
    return ok;
}

/* ---- its place ---- */

/* A point of the present search that its search would have run just so: evidence like any other. */
static bool is_point(const struct lab *lab, const struct clone *c, double *x)
{
    if (c->warm || !lab->searching || c->row.n_params != lab->space.n ||
        c->row.seed != lab->params.seed + lab->search_no)
        return false;
    for (int d = 0; d < lab->space.n; d++) {
        int i = 0;
        while (i < c->row.n_params && strcmp(c->row.param_name[i], lab->space.dims[d].name) != 0)
            i++;
        if (i == c->row.n_params)
            return false;
        x[d] = c->row.param_value[i];
    }
    return true;
}

static bool record(struct lab *lab, struct clone *c, struct err *err)
{
    struct event_row e = event_of(c, "clone");
    snprintf(e.key, sizeof e.key, c->warm ? "warm" : "cold");
    e.before = c->of.number;
    if (c->warm)
        snprintf(e.text, sizeof e.text, "of trial %d, from its checkpoint at step %d of %s", c->of.number, c->step,
                 stage_name(c->stage));
    else
        snprintf(e.text, sizeof e.text, "of trial %d, from the beginning", c->of.number);
    bool ok = lab_begin_group(lab, err) && store_trial_put(lab->store, &c->row, err) && lab_put_event(lab, &e, err);
    for (int i = 0; ok && i < c->n_changes; i++) {
        c->changes[i].trial = c->row.number;
        ok = lab_put_event(lab, &c->changes[i], err);
    }
    return lab_end_group(lab, ok ? err : NULL) && ok;
}

/* Gives the clone its number, and everything that is needed to run it. No copy, no clone: the study goes on without. */
static bool make_clone(struct lab *lab, struct clone *c, struct err *bad, struct err *err)
{
    double x[SPACE_MAX];
    struct err outside;
    if (is_point(lab, c, x) && search_enqueue(lab->search, x, &outside))
        c->row = lab_point_row(lab, TRIAL_MANUAL, lab->asked + lab->waiting++, x);
    struct trial_row *row = lab_add_row(lab, c->row);
    row->edited = c->warm;
    c->row = *row;
    if (c->warm && !copy_checkpoint(c, bad)) {
        lab_forget_clone(&c->row);
        lab->n_rows--;
        return false;
    }
    return record(lab, c, err) && lab_adopt_clone(&c->row, err);
}

bool lab_clone(struct lab *lab, struct worker *w, const struct lab_cmd *cmd, struct lab_ack *a, struct err *err)
{
    struct clone c = {.warm = cmd->warm};
    struct err bad = {0}, failed = {0};
    bool ok = find_origin(lab, cmd->trial, &c.of, &bad);
    c.row = (struct trial_row){.kind = TRIAL_MANUAL, .search_no = lab->search_no, .ask_id = -1, .seed = c.of.seed};
    for (int i = 0; ok && i < c.of.n_params; i++)
        put_value(&c.row, c.of.param_name[i], c.of.param_value[i]);
    ok = ok && take_values(lab, cmd, &c, &bad);
    if (c.warm)
        ok = ok && find_checkpoint(lab, w, &c, &bad, &failed) && take_changes(lab, cmd, &c, &bad, &failed);
    ok = ok && make_clone(lab, &c, &bad, &failed);
    free(c.changes);
    a->clone = ok ? c.row.number : 0;
    if (bad.code)
        lab_refuse(a, bad.msg);
    return ok || bad.code || err_set(err, failed.code, "%s", failed.msg);
}
