/* A trial's files. state.safetensors alone is enough to go on (weights, momenta, regressor, position, live settings);
 * student.safetensors beside it is for the user. The state is written first: whichever moment a kill hits, it is
 * whole and its own checksum says so. No file holds a time, so equal runs give equal bytes. */
#include "trial_impl.h"

#include "io/digest.h"
#include "io/fsutil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const live_settings[] = {"lambda", "lambda1", "lambda2", "lambda3", "transfer_lr", "finetune_lr"};

/* ---- teachers ---- */

bool trial_teacher_path(const struct trial_env *env, char *path, size_t cap)
{
    struct params q = *env->study;
    char hex[SHA256_HEX];
    q.seed = (int64_t)env->split_seed;
    char *settings = params_canonical(&q, PF_TEACHER);
    char *text = xstrfmt("fsplab teacher 1\n%sdata=%s\nn_train=%d\nisa=%s\n", settings, env->data->digest,
                         env->data->n_train, env->be->info.isa);
    digest_sha256(text, strlen(text), hex);
    snprintf(path, cap, "%s/%.16s.safetensors", env->teachers_dir, hex);
    free(text);
    free(settings);
    return access(path, R_OK) == 0;
}

bool trial_write_teacher(struct trial *t, struct err *err)
{
    struct st_file f;
    if (!fs_mkdirs(t->env.teachers_dir, err))
        return false;
    st_init(&f);
    weights_add(&f, t->net, "", false);
    weights_describe(&f, net_spec(t->net), t->env.data);
    bool ok = st_write(&f, t->teacher_path, NULL, err);
    st_release(&f);
    return ok;
}

/* ---- state ---- */

/* What must be equal for a state to be continued: everything that determines the result but the live settings. */
static void identity(const struct trial *t, char hex[SHA256_HEX])
{
    struct params q = t->p, defaults;
    params_init(&defaults);
    for (size_t i = 0; i < ARRAY_LEN(live_settings); i++) {
        int def = param_find(live_settings[i]);
        struct err ignored;
        params_set_number(&q, def, params_get_number(&defaults, def), &ignored);
    }
    q.n_ranges = 0;
    char *settings = params_canonical(&q, PF_TRIAL);
    char *text = xstrfmt("%sdata=%s\nsplit_seed=%llu\nisa=%s\n", settings, t->env.data->digest,
                         (unsigned long long)t->env.split_seed, t->env.be->info.isa);
    digest_sha256(text, strlen(text), hex);
    free(text);
    free(settings);
}

static void describe_state(const struct trial *t, struct st_file *f)
{
    char hex[SHA256_HEX];
    identity(t, hex);
    st_meta(f, "fsplab_state", "1");
    st_meta(f, "identity", hex);
    st_meta(f, "isa", t->env.be->info.isa);
    st_meta(f, "stage", stage_name(t->stage));
    st_meta_fmt(f, "step", "%d", t->step);
    st_meta_fmt(f, "evaluated_step", "%d", t->evaluated_step);
    st_meta_fmt(f, "val_accuracy", "%.17g", t->val);
    st_meta_fmt(f, "best_val_accuracy", "%.17g", t->best);
    st_meta_fmt(f, "edited", "%d", t->edited);
    st_meta_fmt(f, "collapsed", "%d", t->collapsed);
    st_meta_fmt(f, "collapse_run", "%d", t->collapse_run);
    for (size_t i = 0; i < ARRAY_LEN(live_settings); i++)
        st_meta_fmt(f, live_settings[i], "%.17g", params_get_number(&t->p, param_find(live_settings[i])));
}

static void add_regressor(const struct trial *t, struct st_file *f)
{
    int ci, co, n = t->train ? train_regressor_size(t->train, &ci, &co) : 0;
    if (!n)
        return;
    float *w = xmalloc((size_t)n * 2 * sizeof *w);
    train_regressor_get(t->train, w, w + n);
    st_add(f, "regressor.weight", ST_F32, 2, (int64_t[]){ci, co}, w);
    st_add(f, "momentum.regressor.weight", ST_F32, 2, (int64_t[]){ci, co}, w + n);
    free(w);
}

static bool write_student(struct trial *t, const char *path, struct err *err)
{
    struct st_file f;
    st_init(&f);
    weights_add(&f, t->net, "", false);
    weights_describe(&f, net_spec(t->net), t->env.data);
    bool ok = st_write(&f, path, NULL, err);
    st_release(&f);
    return ok;
}

bool trial_save(struct trial *t, char sha256[65], struct err *err)
{
    struct st_file f;
    if (!fs_mkdirs(t->dir, err))
        return false;
    st_init(&f);
    if (t->net) {
        weights_add(&f, t->net, "", true);
        weights_describe(&f, net_spec(t->net), t->env.data);
    }
    describe_state(t, &f);
    add_regressor(t, &f);
    char *state = xstrfmt("%s/state.safetensors", t->dir), *student = xstrfmt("%s/student.safetensors", t->dir);
    bool ok = st_write(&f, state, sha256, err);
    if (ok && t->net && t->stage != STAGE_TEACHER)
        ok = write_student(t, student, err);
    st_release(&f);
    free(state);
    free(student);
    return ok;
}

static double meta_number(const struct st_file *f, const char *key, double missing)
{
    const char *v = st_meta_get(f, key);
    return v ? strtod(v, NULL) : missing;
}

static bool take_live(struct params *p, const struct st_file *f, const char *path, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(live_settings); i++) {
        int def = param_find(live_settings[i]);
        if (!params_set_number(p, def, meta_number(f, live_settings[i], params_get_number(p, def)), err))
            return err_prefix(err, "'%s'", path);
    }
    return true;
}

static bool take_position(struct trial *t, const struct st_file *f, const char *path, struct err *err)
{
    char hex[SHA256_HEX];
    const char *stage = st_meta_get(f, "stage"), *id = st_meta_get(f, "identity"), *isa = st_meta_get(f, "isa");
    if (!stage || !id || !st_meta_get(f, "fsplab_state"))
        return err_set(err, ERR_FORMAT, "'%s' is not the state of a trial", path);
    identity(t, hex);
    if (isa && strcmp(isa, t->env.be->info.isa) != 0)
        return err_set(err, ERR_STATE, "'%s' was written on %s, this is %s: results would differ in the last bits",
                       path, isa, t->env.be->info.isa);
    if (strcmp(id, hex) != 0)
        return err_set(err, ERR_STATE,
                       "'%s' belongs to other settings, other data or another network: remove the study's "
                       "folder to start anew, or restore the settings",
                       path);
    if (!take_live(&t->p, f, path, err))
        return false;
    enum stage s;
    if (!stage_find(stage, &s))
        return err_set(err, ERR_FORMAT, "'%s': stage '%s' is not known", path, stage);
    return trial_enter(t, s, err);
}

static bool take_state(struct trial *t, const struct st_file *f, const char *path, struct err *err)
{
    if (!take_position(t, f, path, err))
        return false;
    double steps = trial_steps(t), step = meta_number(f, "step", -1);
    if (!(step >= 0 && step <= steps))
        return err_set(err, ERR_FORMAT, "'%s': step %g is outside 0 .. %g", path, step, steps);
    t->step = (int)step;
    t->evaluated_step = (int)meta_number(f, "evaluated_step", -1);
    t->val = meta_number(f, "val_accuracy", NAN);
    t->best = meta_number(f, "best_val_accuracy", NAN);
    t->edited = meta_number(f, "edited", 0) != 0;
    t->collapsed = meta_number(f, "collapsed", 0) != 0;
    t->collapse_run = (int)meta_number(f, "collapse_run", 0);
    if (t->stage == STAGE_DONE) { /* nothing left to train: the net is only wanted for tests */
        struct net_spec spec;
        if (!weights_spec(f, path, &spec, err))
            return false;
        t->net = net_new(t->env.be, &spec);
    }
    if (!weights_take(f, path, t->net, "", true, err))
        return false;
    int ci, co, n = t->train ? train_regressor_size(t->train, &ci, &co) : 0;
    const struct st_tensor *w = st_find(f, "regressor.weight"), *v = st_find(f, "momentum.regressor.weight");
    if (!n)
        return true;
    if (!w || !v || w->bytes != (size_t)n * sizeof(float) || v->bytes != w->bytes)
        return err_set(err, ERR_FORMAT, "'%s' lacks the regressor's weights (%d, %d)", path, ci, co);
    train_regressor_set(t->train, w->data, v->data);
    return true;
}

struct trial *trial_load(const struct trial_env *env, const struct params *p, const char *dir, bool *found,
                         struct err *err)
{
    char *path = xstrfmt("%s/state.safetensors", dir);
    struct st_file f;
    struct trial *t = NULL;
    *found = access(path, F_OK) == 0;
    if (*found && trial_check(p, env->data, err) && st_read(&f, path, err)) {
        t = trial_alloc(env, p, dir);
        if (!take_state(t, &f, path, err)) {
            trial_free(t);
            t = NULL;
        }
        st_release(&f);
    }
    free(path);
    return t;
}

bool trial_saved_at(const char *dir, enum stage *stage, int *step, struct params *p, bool *found, struct err *err)
{
    char *path = xstrfmt("%s/state.safetensors", dir);
    struct st_file f;
    *found = access(path, F_OK) == 0;
    bool ok = !*found || st_read(&f, path, err);
    if (ok && *found) {
        const char *name = st_meta_get(&f, "stage");
        *step = (int)meta_number(&f, "step", -1);
        ok = ((name && stage_find(name, stage) && *step >= 0) ||
              err_set(err, ERR_FORMAT, "'%s' is not the state of a trial", path)) &&
             take_live(p, &f, path, err);
        st_release(&f);
    }
    free(path);
    return ok;
}

/* What was changed meanwhile, by trial_set and trial_skip, is not in the file. */
bool trial_wake(struct trial *t, struct err *err)
{
    struct params now = t->p;
    enum stage stage = t->stage;
    int step = t->step;
    bool cut = t->cut, edited = t->edited;
    struct st_file f;
    if (!t->asleep)
        return true;
    char *path = xstrfmt("%s/state.safetensors", t->dir);
    bool ok = st_read(&f, path, err);
    if (ok) {
        ok = take_state(t, &f, path, err);
        if (ok && (t->stage != stage || t->step != step))
            ok = err_set(err, ERR_STATE, "'%s' was written by another: it is of step %d of %s, not of step %d of %s",
                         path, t->step, stage_name(t->stage), step, stage_name(stage));
        st_release(&f);
    }
    t->p = now;
    t->cut = cut;
    t->edited = edited;
    t->asleep = false;
    if (!ok) {
        trial_sleep(t);
        t->stage = stage;
        t->step = step;
    }
    free(path);
    return ok;
}
