/* The state of a trial is (stage, step) and the tensors; everything else is a function of them and of the settings:
 * order of images and crops come from (seed, stage, epoch, index), rates from (stage, step). So a saved trial needs no
 * generator states, and a loaded one goes on bit for bit. Files are in trial_file.c. */
#include "trial_impl.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVAL_CHUNK = 500 };

const char *stage_name(enum stage s)
{
    static const char *const names[] = {"teacher", "transfer", "finetune", "done"};
    return names[s];
}

bool stage_find(const char *name, enum stage *s)
{
    for (*s = STAGE_TEACHER; *s <= STAGE_DONE; (*s)++)
        if (strcmp(stage_name(*s), name) == 0)
            return true;
    return false;
}

/* ---- settings to nets ---- */

bool trial_is_file(const char *teacher)
{
    size_t n = strlen(teacher);
    return n > 12 && strcmp(teacher + n - 12, ".safetensors") == 0;
}

static bool needs_teacher(const struct params *p)
{
    return p->method != METHOD_NONE;
}

static bool teacher_spec(const struct params *p, int classes, struct net_spec *spec, struct err *err)
{
    if (trial_is_file(p->teacher)) {
        if (!weights_spec_of(p->teacher, spec, err))
            return err_prefix(err, "teacher");
        if (spec->classes != classes)
            return err_set(err, ERR_SHAPE, "teacher '%s' knows %d classes, the data have %d", p->teacher, spec->classes,
                           classes);
        return true;
    }
    return net_parse(p->teacher, p->shortcut == SHORTCUT_B, classes, spec, err) || err_prefix(err, "teacher");
}

bool trial_specs(const struct params *p, int classes, struct net_spec *teacher, struct net_spec *student,
                 struct err *err)
{
    if (!net_parse(p->student, p->shortcut == SHORTCUT_B, classes, student, err))
        return err_prefix(err, "student");
    return !needs_teacher(p) || teacher_spec(p, classes, teacher, err);
}

bool trial_check(const struct params *p, const struct dataset *data, struct err *err)
{
    struct net_spec teacher, student;
    if (!trial_specs(p, data->classes, &teacher, &student, err))
        return false;
    if (p->method == METHOD_FSP && !fsp_check(&teacher, &student, p->pairing == PAIRING_INSIDE, err))
        return false;
    if (p->method == METHOD_HINT && !hint_check(&teacher, &student, err))
        return false;
    if (p->finetune_steps == 0)
        return err_set(err, ERR_CONFIG,
                       "finetune_steps = 0: a trial without fine-tuning has no accuracy; allowed is 1 or more");
    if (data->n_train < p->batch)
        return err_set(err, ERR_CONFIG, "batch = %d is larger than the training set of %d images", p->batch,
                       data->n_train);
    return true;
}

static double step_factor(int schedule, int step, int steps)
{
    if (schedule == SCHEDULE_COSINE)
        return 0.5 * (1 + cos(3.14159265358979323846 * step / steps));
    return 4L * step >= 3L * steps ? 0.01 : 2L * step >= steps ? 0.1 : 1;
}

/* Rises to 1 over the first WARMUP steps. */
static double warmup_factor(int warmup, int step)
{
    return step < warmup ? (step + 1.0) / warmup : 1;
}

static double base_lr(const struct params *p, enum stage s)
{
    return s == STAGE_TEACHER ? p->teacher_lr : s == STAGE_TRANSFER ? p->transfer_lr : p->finetune_lr;
}

static int stage_steps(const struct params *p, enum stage s)
{
    return s == STAGE_TEACHER    ? p->teacher_steps
           : s == STAGE_TRANSFER ? p->transfer_steps
           : s == STAGE_FINETUNE ? p->finetune_steps
                                 : 0;
}

static enum objective stage_objective(const struct params *p, enum stage s)
{
    if (s == STAGE_TRANSFER)
        return p->method == METHOD_FSP ? OBJ_FSP : OBJ_HINT;
    return s == STAGE_FINETUNE && (p->method == METHOD_KD || p->method == METHOD_HINT) ? OBJ_KD : OBJ_CE;
}

/* ---- stages ---- */

bool trial_wants_teacher(const struct trial_env *env, const struct params *p)
{
    char path[512];
    return needs_teacher(p) && !trial_is_file(p->teacher) && !trial_teacher_path(env, path, sizeof path);
}

static bool stage_wanted(const struct trial *t, enum stage s)
{
    if (s == STAGE_TEACHER)
        return needs_teacher(&t->p) && !trial_is_file(t->p.teacher) && access(t->teacher_path, R_OK) != 0;
    if (s == STAGE_TRANSFER)
        return (t->p.method == METHOD_FSP || t->p.method == METHOD_HINT) && t->p.transfer_steps > 0;
    return s == STAGE_DONE || t->p.finetune_steps > 0;
}

static void leave_stage(struct trial *t)
{
    train_free(t->train);
    net_free(t->teacher);
    t->train = NULL;
    t->teacher = NULL;
    if (t->stage == STAGE_TEACHER) {
        net_free(t->net);
        t->net = NULL;
    }
}

bool trial_load_teacher(struct trial *t, const struct net_spec *spec, struct err *err)
{
    const char *path = trial_is_file(t->p.teacher) ? t->p.teacher : t->teacher_path;
    struct st_file f;
    if (!st_read(&f, path, err))
        return err_prefix(err, "teacher");
    t->teacher = net_new(t->env.be, spec);
    bool ok = weights_take(&f, path, t->teacher, "", false, err);
    st_release(&f);
    if (ok)
        return true;
    net_free(t->teacher);
    t->teacher = NULL;
    return err_prefix(err, "teacher");
}

/* Makes the nets and the trainer of a stage; weights come from the previous stage, the seed or a checkpoint. */
bool trial_enter(struct trial *t, enum stage s, struct err *err)
{
    struct net_spec teacher, student;
    t->stage = s;
    t->step = 0;
    t->evaluated_step = -1;
    t->collapse_run = 0;
    t->order_epoch = -1;
    t->cut = false;
    if (s == STAGE_DONE)
        return true;
    if (!trial_specs(&t->p, t->env.data->classes, &teacher, &student, err))
        return false;
    enum objective o = stage_objective(&t->p, s);
    if (!t->net) {
        t->net = net_new(t->env.be, s == STAGE_TEACHER ? &teacher : &student);
        net_init(t->net, s == STAGE_TEACHER ? hash3(t->env.split_seed, RNG_INIT, 1) : (uint64_t)t->p.seed);
    }
    net_momentum_clear(t->net);
    if (o != OBJ_CE && !trial_load_teacher(t, &teacher, err))
        return false;
    t->train = train_new(t->env.be, t->net, t->teacher, t->p.batch, t->p.pairing == PAIRING_INSIDE, err);
    if (!t->train)
        return false;
    train_regressor_init(t->train, (uint64_t)t->p.seed);
    return true;
}

static bool next_stage(struct trial *t, struct err *err)
{
    enum stage s = t->stage;
    if (s == STAGE_TEACHER && !trial_write_teacher(t, err))
        return false;
    leave_stage(t);
    do
        s++;
    while (!stage_wanted(t, s));
    return trial_enter(t, s, err);
}

struct trial *trial_alloc(const struct trial_env *env, const struct params *p, const char *dir)
{
    struct trial *t = xcalloc(1, sizeof *t);
    t->env = *env;
    t->p = *p;
    t->dir = xstrdup(dir);
    t->val = t->best = NAN;
    trial_teacher_path(env, t->teacher_path, sizeof t->teacher_path);
    int chunk = p->batch > EVAL_CHUNK ? p->batch : EVAL_CHUNK;
    t->x = xalloc_aligned((size_t)chunk * 32 * 32 * 4 * sizeof *t->x);
    t->labels = xcalloc((size_t)chunk, sizeof *t->labels);
    t->order = xcalloc((size_t)env->data->n_train, sizeof *t->order);
    return t;
}

struct trial *trial_new(const struct trial_env *env, const struct params *p, const char *dir, struct err *err)
{
    if (!trial_check(p, env->data, err))
        return NULL;
    struct trial *t = trial_alloc(env, p, dir);
    enum stage s = STAGE_TEACHER;
    while (!stage_wanted(t, s))
        s++;
    if (!trial_enter(t, s, err)) {
        trial_free(t);
        return NULL;
    }
    return t;
}

void trial_free(struct trial *t)
{
    if (!t)
        return;
    train_free(t->train);
    net_free(t->teacher);
    net_free(t->net);
    for (size_t i = 0; i < ARRAY_LEN(t->fsp); i++)
        free(t->fsp[i]);
    free(t->dir);
    free(t->x);
    free(t->labels);
    free(t->order);
    free(t);
}

/* ---- stepping ---- */

static uint64_t data_seed(const struct trial *t)
{
    uint64_t seed = t->stage == STAGE_TEACHER ? t->env.split_seed : (uint64_t)t->p.seed;
    return hash3(seed, RNG_SHUFFLE, (uint64_t)t->stage);
}

static void fill_batch(struct trial *t)
{
    const struct dataset *d = t->env.data;
    int per_epoch = d->n_train / t->p.batch, epoch = t->step / per_epoch;
    uint64_t seed = data_seed(t);
    if (t->order_epoch != epoch) {
        augment_epoch_order(seed, epoch, d->train_idx, d->n_train, t->order);
        t->order_epoch = epoch;
    }
    augment_batch(&d->train, d->mean, d->std, t->order + (size_t)(t->step % per_epoch) * (size_t)t->p.batch, t->p.batch,
                  seed, epoch, t->p.augment, t->x, t->labels);
}

static struct hyper hyper_now(const struct trial *t)
{
    const struct params *p = t->stage == STAGE_TEACHER ? t->env.study : &t->p;
    double lambda = p->lambda;
    struct hyper h = {
        .lr = (float)trial_lr(t),
        .momentum = (float)p->momentum,
        .weight_decay = (float)p->weight_decay,
        .nesterov = p->nesterov,
        .label_smoothing = (float)p->label_smoothing,
        .lambda = {(float)(lambda * p->lambda1), (float)(lambda * p->lambda2), (float)(lambda * p->lambda3)},
        .fsp_mean = p->fsp_norm == FSP_NORM_MEAN,
        .kd_temperature = (float)p->kd_temperature,
        .kd_weight = (float)p->kd_weight};
    if (p->method == METHOD_HINT)
        h.lambda[0] = (float)lambda;
    return h;
}

/* |S|^2 < 1 % of |T|^2 in any pair, COLLAPSE_STEPS times in a row: the loss is finite and the student is dead. */
static void watch_collapse(struct trial *t, struct trial_progress *out)
{
    const struct step_result *r = &out->result;
    bool low = false;
    for (int i = 0; i < 3; i++)
        low |= r->fsp_student[i] < 0.01f * r->fsp_teacher[i];
    t->collapse_run = low ? t->collapse_run + 1 : 0;
    if (t->collapse_run == COLLAPSE_STEPS && !t->collapsed) {
        t->collapsed = out->collapse_began = true;
        out->warning =
            "FSP collapse: the student's matrices are below 1 % of the teacher's; lower lambda or transfer_lr";
    }
}

static int eval_every(const struct trial *t)
{
    return t->p.eval_steps > 0 ? t->p.eval_steps : t->env.data->n_train / t->p.batch;
}

static bool evaluation_due(const struct trial *t)
{
    int set = t->p.select == SELECT_TEST ? t->env.data->test.n : t->env.data->n_val;
    return t->stage != STAGE_TRANSFER && set > 0 && t->evaluated_step != t->step &&
           (t->cut || (t->step > 0 && (t->step % eval_every(t) == 0 || t->step == trial_steps(t))));
}

/* One chunk of images by index (NULL: in file order from `first`). */
static bool eval_chunk(struct trial *t, struct net *net, const struct images *im, const int *idx, int first, int n,
                       int *correct, double *loss, struct err *err)
{
    const struct dataset *d = t->env.data;
    int which[EVAL_CHUNK], hits = 0;
    float l = 0;
    for (int i = 0; i < n; i++)
        which[i] = idx ? idx[first + i] : first + i;
    augment_batch(im, d->mean, d->std, which, n, 0, 0, AUGMENT_NONE, t->x, t->labels);
    if (!eval_batch(t->env.be, net, t->x, t->labels, n, &hits, &l, err))
        return false;
    *correct += hits;
    *loss += (double)l * n;
    return true;
}

static bool eval_some(struct trial *t, struct trial_progress *out, struct err *err)
{
    const struct dataset *d = t->env.data;
    bool test = t->p.select == SELECT_TEST;
    int total = test ? d->test.n : d->n_val, n = total - t->eval_at < EVAL_CHUNK ? total - t->eval_at : EVAL_CHUNK;
    if (t->eval_at == 0) {
        net_fold(t->net);
        t->eval_correct = 0;
        t->eval_loss = 0;
    }
    if (!eval_chunk(t, t->net, test ? &d->test : &d->train, test ? NULL : d->val_idx, t->eval_at, n, &t->eval_correct,
                    &t->eval_loss, err))
        return false;
    t->eval_at += n;
    if (t->eval_at < total)
        return true;
    t->eval_at = 0;
    t->evaluated_step = t->step;
    out->evaluated = true;
    out->val_accuracy = (double)t->eval_correct / total;
    out->val_loss = t->eval_loss / total;
    if (t->stage == STAGE_FINETUNE) {
        t->val = out->val_accuracy;
        t->best = isnan(t->best) || t->val > t->best ? t->val : t->best;
    }
    return true;
}

static void die(struct trial *t, const char *what)
{
    const struct params *p = &t->p;
    const char *lr = t->stage == STAGE_TEACHER    ? "teacher_lr"
                     : t->stage == STAGE_TRANSFER ? "transfer_lr"
                                                  : "finetune_lr";
    size_t len = str_append(t->advice, sizeof t->advice, 0, "%s at step %d of %s", what, t->step, stage_name(t->stage));
    if (t->stage == STAGE_TRANSFER)
        str_append(t->advice, sizeof t->advice, len, " with lambda %g and %s %g: try a tenth of either", p->lambda, lr,
                   trial_lr(t));
    else
        str_append(t->advice, sizeof t->advice, len, " with %s %g: try a third of it", lr, trial_lr(t));
}

static bool fsp_due(const struct trial *t)
{
    int steps = trial_steps(t), every = steps / FSP_RECORDS > 1 ? steps / FSP_RECORDS : 1;
    return t->stage == STAGE_TRANSFER && t->p.method == METHOD_FSP &&
           (t->step % every == 0 || t->step == steps || t->step % t->p.checkpoint_steps == 0);
}

/* A copy, since what it is made from ends with the stage. */
static void take_fsp(struct trial *t)
{
    for (int i = 0; i < 6; i++) {
        int *m = &t->fsp_m[i / 2], *n = &t->fsp_n[i / 2];
        train_fsp_shape(t->train, i / 2, m, n);
        t->fsp[i] = xrealloc(t->fsp[i], (size_t)*m * (size_t)*n * sizeof *t->fsp[i]);
        train_fsp_mean(t->train, i / 2, "TS"[i % 2], t -> fsp[i]);
    }
}

static bool train_once(struct trial *t, struct trial_progress *out, enum trial_end *end, struct err *err)
{
    struct hyper h = hyper_now(t);
    double began = clock_seconds();
    fill_batch(t);
    double filled = clock_seconds() - began;
    if (!train_step(t->train, stage_objective(&t->p, t->stage), t->x, t->labels, &h, &out->result, err))
        return false;
    out->result.seconds[PART_DATA] += filled;
    out->lr = (double)h.lr;
    out->stepped = true;
    if (out->result.correct >= 0)
        out->train_accuracy = (double)out->result.correct / t->p.batch;
    if (!isfinite(out->result.loss)) {
        die(t, "the loss became infinite or NaN");
        *end = TRIAL_DIED;
        return true;
    }
    t->step++;
    t->eval_at = 0;
    if (t->stage == STAGE_TRANSFER && t->p.method == METHOD_FSP)
        watch_collapse(t, out);
    out->checkpoint_due = t->step % t->p.checkpoint_steps == 0;
    out->fsp_taken = t->fsp_taken = fsp_due(t);
    if (t->fsp_taken)
        take_fsp(t);
    return true;
}

bool trial_step(struct trial *t, struct trial_progress *out, enum trial_end *end, struct err *err)
{
    *out = (struct trial_progress){.stage = t->stage,
                                   .steps = trial_steps(t),
                                   .train_accuracy = NAN,
                                   .val_accuracy = NAN,
                                   .val_loss = NAN,
                                   .lr = trial_lr(t)};
    *end = TRIAL_GOING;
    t->fsp_taken = false;
    bool ok = true;
    if (t->stage == STAGE_DONE) {
        *end = TRIAL_FINISHED;
        return true;
    }
    if (evaluation_due(t))
        ok = eval_some(t, out, err);
    else if (t->step < out->steps && !t->cut)
        ok = train_once(t, out, end, err);
    out->step = t->step;
    if (!ok || *end == TRIAL_DIED)
        return ok;
    if ((t->step == out->steps || t->cut) && !evaluation_due(t))
        out->stage_ended = out->checkpoint_due = true;
    if (out->checkpoint_due && !net_finite(t->net)) {
        die(t, "the weights became infinite or NaN");
        *end = TRIAL_DIED;
        return true;
    }
    if (out->stage_ended) {
        ok = next_stage(t, err);
        *end = ok && t->stage == STAGE_DONE ? TRIAL_FINISHED : TRIAL_GOING;
    }
    return ok;
}

/* ---- questions and live changes ---- */

const char *trial_advice(const struct trial *t)
{
    return t->advice;
}

enum stage trial_stage(const struct trial *t)
{
    return t->stage;
}

int trial_at(const struct trial *t)
{
    return t->step;
}

int trial_steps(const struct trial *t)
{
    return stage_steps(&t->p, t->stage);
}

double trial_lr(const struct trial *t)
{
    int steps = trial_steps(t);
    int warmup = t->stage == STAGE_TEACHER ? t->p.teacher_warmup : 0;
    return steps
               ? base_lr(&t->p, t->stage) * step_factor(t->p.schedule, t->step, steps) * warmup_factor(warmup, t->step)
               : 0;
}

const struct params *trial_params(const struct trial *t)
{
    return &t->p;
}

bool trial_edited(const struct trial *t)
{
    return t->edited;
}

bool trial_collapsed(const struct trial *t)
{
    return t->collapsed;
}

double trial_val_accuracy(const struct trial *t)
{
    return t->val;
}

double trial_best_accuracy(const struct trial *t)
{
    return t->best;
}

const char *trial_live_name(enum stage s, const char *key)
{
    if (strcmp(key, "lr") != 0)
        return key;
    return s == STAGE_TEACHER ? "teacher_lr" : s == STAGE_TRANSFER ? "transfer_lr" : "finetune_lr";
}

bool trial_may_set(const struct params *p, enum stage s, const char *key, double value, double *before, struct err *err)
{
    struct params q = *p;
    key = trial_live_name(s, key);
    int def = param_find(key);
    if (def < 0 || !(param_table[def].flags & PF_LIVE))
        return err_set(
            err, ERR_CONFIG,
            "'%s' cannot be changed while a trial runs: allowed are lambda, lambda1..3, transfer_lr, "
            "finetune_lr, and lr for that of the present stage (not a teacher's: it is kept under its settings)",
            key);
    if (s == STAGE_FINETUNE && strcmp(key, "transfer_lr") == 0)
        return err_set(err, ERR_CONFIG, "transfer_lr cannot be changed now: the transfer is over");
    *before = params_get_number(p, def);
    return params_set_number(&q, def, value, err);
}

bool trial_set(struct trial *t, const char *key, double value, double *before, struct err *err)
{
    if (!trial_may_set(&t->p, t->stage, key, value, before, err))
        return false;
    t->edited = true;
    return params_set_number(&t->p, param_find(trial_live_name(t->stage, key)), value, err);
}

bool trial_may_skip(const struct trial *t, struct err *err)
{
    if (t->stage == STAGE_TEACHER)
        return err_set(err, ERR_STATE,
                       "a teacher's training cannot be cut short: it is kept under its settings, for every "
                       "trial that names it");
    if (t->stage == STAGE_DONE)
        return err_set(err, ERR_STATE, "the trial is done: there is no stage to skip");
    return !t->cut || err_set(err, ERR_STATE, "the stage ends at this step already");
}

bool trial_skip(struct trial *t, struct err *err)
{
    if (!trial_may_skip(t, err))
        return false;
    t->cut = t->edited = true;
    return true;
}

void trial_sleep(struct trial *t)
{
    train_free(t->train);
    net_free(t->teacher);
    net_free(t->net);
    t->train = NULL;
    t->teacher = t->net = NULL;
    t->eval_at = 0; /* an evaluation that was under way begins again */
    t->asleep = true;
}

static bool test_net(struct trial *t, struct net *net, double *accuracy, struct err *err)
{
    const struct images *im = &t->env.data->test;
    int correct = 0;
    double loss = 0;
    net_fold(net);
    for (int at = 0; at < im->n; at += EVAL_CHUNK)
        if (!eval_chunk(t, net, im, NULL, at, im->n - at < EVAL_CHUNK ? im->n - at : EVAL_CHUNK, &correct, &loss, err))
            return false;
    *accuracy = im->n ? (double)correct / im->n : NAN;
    return true;
}

bool trial_test(struct trial *t, double *accuracy, struct err *err)
{
    return test_net(t, t->net, accuracy, err);
}

bool trial_test_file(const struct trial_env *env, const struct params *p, const char *path, double *accuracy,
                     struct err *err)
{
    struct st_file f;
    struct net_spec spec;
    if (!st_read(&f, path, err))
        return false;
    bool ok = weights_spec(&f, path, &spec, err);
    if (ok) {
        struct trial *t = trial_alloc(env, p, "");
        t->net = net_new(env->be, &spec);
        ok = weights_take(&f, path, t->net, "", false, err) && trial_test(t, accuracy, err);
        trial_free(t);
    }
    st_release(&f);
    return ok;
}

bool trial_fsp(const struct trial *t, int pair, char who, int *m, int *n, float **g)
{
    if (!t->fsp_taken)
        return false;
    *m = t->fsp_m[pair];
    *n = t->fsp_n[pair];
    size_t bytes = (size_t)*m * (size_t)*n * sizeof **g;
    *g = xmalloc(bytes);
    memcpy(*g, t->fsp[2 * pair + (who == 'S')], bytes);
    return true;
}
