/* The engine's outside: opening, the command queue, snapshots, the thread. Two locks, never held together: one for the
 * queue, one for the snapshot. The worker fills a draft of its own and copies it over in one go. */
#include "lab_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fsutil.h"
#include "io/synth.h"

/* The store keeps "RUNS/STUDY/trial-1234567890/state.safetensors" in 255 bytes. */
enum { DIR_MAX = 200 };

/* ---- queue and snapshots ---- */

bool lab_post(struct lab *lab, struct lab_cmd cmd)
{
    pthread_mutex_lock(&lab->queue_mutex);
    bool room = lab->queued < LAB_QUEUE;
    if (room) {
        lab->queue[(lab->first + lab->queued++) % LAB_QUEUE] = cmd;
        pthread_cond_signal(&lab->queue_cond);
    }
    pthread_mutex_unlock(&lab->queue_mutex);
    return room;
}

bool lab_take(struct lab *lab, struct lab_cmd *cmd, bool wait)
{
    pthread_mutex_lock(&lab->queue_mutex);
    while (wait && lab->queued == 0 && !lab->closing)
        pthread_cond_wait(&lab->queue_cond, &lab->queue_mutex);
    bool got = lab->queued > 0 || lab->closing;
    if (lab->closing) {
        *cmd = (struct lab_cmd){.op = LAB_QUIT, .id = UINT64_MAX};
        lab->closing = false;
    } else if (got) {
        *cmd = lab->queue[lab->first];
        lab->first = (lab->first + 1) % LAB_QUEUE;
        lab->queued--;
    }
    pthread_mutex_unlock(&lab->queue_mutex);
    return got;
}

/* What is of a trial, from its worker. */
static void take_trial(struct lab_state *to, const struct lab_state *from)
{
    size_t begin = offsetof(struct lab_state, trial), end = offsetof(struct lab_state, trials_planned);
    memcpy((char *)to + begin, (const char *)from + begin, end - begin);
}

void lab_publish(struct lab *lab)
{
    lab->draft.version++;
    pthread_mutex_lock(&lab->state_mutex);
    lab->state = lab->draft;
    if (lab->worker)
        take_trial(&lab->state, &lab->worker->shown);
    pthread_mutex_unlock(&lab->state_mutex);
    uint64_t one = 1;
    ssize_t ignored = write(lab->wake_fd, &one, sizeof one);
    (void)ignored;
    lab->last_publish = clock_seconds();
}

void lab_answer(struct lab *lab, const struct lab_ack *ack)
{
    lab->draft.acks[lab->draft.n_acks++ % LAB_ACKS] = *ack;
    lab_publish(lab);
}

void lab_snapshot(struct lab *lab, struct lab_state *out)
{
    uint64_t count;
    ssize_t ignored = read(lab->wake_fd, &count, sizeof count);
    (void)ignored;
    pthread_mutex_lock(&lab->state_mutex);
    *out = lab->state;
    pthread_mutex_unlock(&lab->state_mutex);
}

int lab_wakefd(const struct lab *lab)
{
    return lab->wake_fd;
}

const char *lab_dir(const struct lab *lab)
{
    return lab->dir;
}

/* ---- opening ---- */

bool lab_space(const struct params *p, struct space *space, struct err *err)
{
    memset(space, 0, sizeof *space);
    for (int i = 0; i < p->n_ranges; i++) {
        const struct param_range *r = &p->ranges[i];
        const struct param_def *def = &param_table[r->def];
        struct dim d = {.type = def->type == PARAM_INT ? DIM_INT : DIM_FLOAT,
                        .log = r->scale == SCALE_LOG,
                        .min = r->min,
                        .max = r->max,
                        .count = r->count};
        snprintf(d.name, sizeof d.name, "%s", def->name);
        if (!space_add(space, &d, err))
            return err_prefix(err, "search.%s", def->name);
    }
    return true;
}

/* The lock's text is "PID HOST" while a process holds it, and empty after one that ended well. flock does not reach over
 * every network file system, so a name of another host counts, too. */
static bool held_elsewhere(struct lab *lab, const char *path, const char *self, struct err *err)
{
    char text[320] = "", host[256] = "";
    int pid = 0;
    ssize_t n = pread(lab->lock_fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    if (sscanf(text, "%d %255s", &pid, host) < 2 || strcmp(host, self) == 0)
        return false;
    err_set(err, ERR_BUSY, "study '%s' is being run by process %d on host '%s': go there; if it has ended, remove '%s'",
            lab->draft.study, pid, host, path);
    return true;
}

static void host_name(char *buf, size_t cap)
{
    if (gethostname(buf, cap) != 0)
        str_append(buf, cap, 0, "unknown");
    buf[cap - 1] = 0;
}

static bool take_lock(struct lab *lab, struct err *err)
{
    char *path = xstrfmt("%s/lock", lab->dir), text[320] = "", self[256];
    bool ok = false;
    host_name(self, sizeof self);
    lab->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lab->lock_fd < 0) {
        err_set(err, ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    } else if (flock(lab->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (!held_elsewhere(lab, path, self, err)) {
            ssize_t n = pread(lab->lock_fd, text, sizeof text - 1, 0);
            text[n > 0 ? n : 0] = 0;
            err_set(err, ERR_BUSY, "study '%s' is being run by process %d: `fsplab ctl %s status` looks in",
                    lab->draft.study, atoi(text), lab->draft.study);
        }
    } else if (!held_elsewhere(lab, path, self, err)) {
        int n = snprintf(text, sizeof text, "%d %s\n", (int)getpid(), self);
        ok = ftruncate(lab->lock_fd, 0) == 0 && pwrite(lab->lock_fd, text, (size_t)n, 0) == n;
        lab->locked = ok;
        if (!ok)
            err_set(err, ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    }
    free(path);
    return ok;
}

static void give_lock_back(struct lab *lab)
{
    if (lab->lock_fd < 0)
        return;
    int ignored = lab->locked ? ftruncate(lab->lock_fd, 0) : 0;
    (void)ignored;
    close(lab->lock_fd);
}

static bool open_store(struct lab *lab, struct err *err)
{
    char *path = xstrfmt("%s/study.db", lab->dir);
    lab->store = store_open(path, err);
    free(path);
    return lab->store && lab_match_settings(lab, err);
}

/* DATA_DIR itself when it holds the set, else its folder named after the set; `synth` is made there when absent. */
bool lab_data(const struct params *p, struct dataset *data, struct err *err)
{
    static const char *const names[] = {"synth", "cifar10", "cifar100"};
    static const char *const first[] = {"data_batch_1.bin", "data_batch_1.bin", "train.bin"};
    char *direct = xstrfmt("%s/%s", p->data_dir, first[p->dataset]);
    char *nested = xstrfmt("%s/%s", p->data_dir, names[p->dataset]);
    char *probe = xstrfmt("%s/%s", nested, first[p->dataset]);
    bool synth = p->dataset == DATASET_SYNTH, ok = true;
    const char *dir = !synth && access(direct, F_OK) == 0 ? p->data_dir : nested;
    if (synth && access(probe, F_OK) != 0)
        ok = synth_write(nested, 10000, 2000, 1, err);
    else if (!synth && dir == nested && access(probe, F_OK) != 0)
        ok = err_set(err, ERR_IO,
                     "cannot find the %s images: neither '%s' nor '%s' is there; set data_dir to their folder",
                     names[p->dataset], direct, probe);
    ok = ok && dataset_open(data, p->dataset, dir, p->train_limit, p->test_limit, err) &&
         dataset_split(data, p->val_fraction, (uint64_t)p->seed, err);
    free(direct);
    free(nested);
    free(probe);
    return ok;
}

struct params lab_trial_params(const struct params *study, const struct trial_row *row)
{
    struct params p = *study;
    struct err ignored;
    for (int i = 0; i < row->n_params; i++)
        params_set_number(&p, param_find(row->param_name[i]), row->param_value[i], &ignored);
    p.seed = row->seed;
    return p;
}

void lab_forget(struct lab *lab)
{
    search_free(lab->search);
    for (int i = 0; i < lab->n_workers; i++)
        backend_free(lab->worker[i].be);
    free(lab->worker);
    dataset_release(&lab->data);
    if (lab->store)
        store_close(lab->store);
    give_lock_back(lab);
    if (lab->wake_fd >= 0)
        close(lab->wake_fd);
    pthread_mutex_destroy(&lab->queue_mutex);
    pthread_cond_destroy(&lab->queue_cond);
    pthread_mutex_destroy(&lab->state_mutex);
    pthread_mutex_destroy(&lab->probe_mutex);
    for (int i = 0; i < LAB_PROBES; i++)
        free(lab->probes[i]);
    free(lab->teachers_dir);
    free(lab->rows);
    stopped_release(&lab->stopped);
    edited_release(&lab->edited);
    free(lab->dir);
    free(lab->runs);
    free(lab);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    lab_run_study(w->lab);
    return NULL;
}

static bool start_worker(struct worker *w, struct err *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    w->started = rc == 0;
    return rc == 0 || err_set(err, ERR_IO, "cannot start a thread: %s", strerror(rc));
}

struct backend *lab_backend(const struct params *p, struct err *err)
{
    static const char *const names[] = {"f32", "tf32", "bf16"};
    char allowed[32] = "";
    size_t len = 0;
    struct backend *be = backend_new(p->device, p->threads, err);
    if (!be || be->info.precisions >> p->precision & 1)
        return be;
    for (int i = 0; i < (int)ARRAY_LEN(names); i++)
        if (be->info.precisions >> i & 1)
            len = str_append(allowed, sizeof allowed, len, "%s%s", len ? ", " : "", names[i]);
    err_set(err, ERR_CONFIG, "precision: %s is not one that device %s (%s) trains in (allowed: %s)",
            names[p->precision], be->info.name, be->info.isa, allowed);
    backend_free(be);
    return NULL;
}

static bool study_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < 64 && name[0] != '.' && name[0] != '-' && !strchr(name, '/');
}

static bool open_all(struct lab *lab, struct err *err)
{
    const struct params *p = &lab->params;
    struct search_options so;
    if (!lab_space(p, &lab->space, err))
        return false;
    lab_search_options(p, &lab->space, 0, &so);
    if (!(lab->search = search_new(&lab->space, &so, err))) /* tried here so that a wrong range is seen at once */
        return false;
    if (!lab_data(p, &lab->data, err) || !trial_check(p, &lab->data, err))
        return false;
    lab->teachers_dir = xstrfmt("%s/teachers", lab->runs);
    lab->worker = xcalloc(1, sizeof *lab->worker);
    struct worker *w = &lab->worker[lab->n_workers++];
    w->lab = lab;
    w->be = lab_backend(p, err);
    w->env = (struct trial_env){w->be, &lab->data, p, (uint64_t)p->seed, lab->teachers_dir};
    return w->be && fs_mkdirs(lab->dir, err) && take_lock(lab, err) && open_store(lab, err);
}

static void blank_state(struct lab_state *s, const char *study)
{
    memset(s, 0, sizeof *s);
    snprintf(s->study, sizeof s->study, "%s", study);
    snprintf(s->state, sizeof s->state, "starting");
    s->pid = (int)getpid();
    s->resumed_at = -1;
    s->train_accuracy = s->val_accuracy = s->best_val_accuracy = s->best_accuracy = NAN;
    s->loss = s->ce = s->kd = s->hint = s->images_per_second = s->step_seconds = s->stage_eta = s->trial_eta = NAN;
    s->lambda = s->lr = s->base_lr = NAN;
    for (int i = 0; i < 3; i++)
        s->lambda_i[i] = s->fsp[i] = s->fsp_student[i] = s->fsp_teacher[i] = NAN;
    for (int i = 0; i < LAB_PARTS; i++)
        s->part_seconds[i] = NAN;
}

/* Nothing is opened yet. */
static struct lab *lab_new(const char *study, const char *runs, const struct params *p, struct err *err)
{
    if (!study_name_ok(study)) {
        err_set(err, ERR_CONFIG,
                "study '%s': a name has 1 to 63 characters, no '/', and does not start with '.' or '-'", study);
        return NULL;
    }
    if (strlen(runs) + strlen(study) > DIR_MAX) {
        err_set(err, ERR_CONFIG, "study folder '%s/%s': the name has %zu bytes, allowed are %d", runs, study,
                strlen(runs) + 1 + strlen(study), DIR_MAX + 1);
        return NULL;
    }
    struct lab *lab = xcalloc(1, sizeof *lab);
    lab->params = *p;
    lab->runs = xstrdup(runs);
    lab->dir = xstrfmt("%s/%s", runs, study);
    lab->lock_fd = -1;
    lab->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&lab->queue_mutex, NULL);
    pthread_cond_init(&lab->queue_cond, NULL);
    pthread_mutex_init(&lab->state_mutex, NULL);
    pthread_mutex_init(&lab->probe_mutex, NULL);
    blank_state(&lab->draft, study);
    if (lab->wake_fd >= 0)
        return lab;
    err_set(err, ERR_IO, "cannot make an event descriptor: %s", strerror(errno));
    lab_forget(lab);
    return NULL;
}

struct lab *lab_open_record(const char *study, const char *runs, const struct params *p, struct err *err)
{
    struct lab *lab = lab_new(study, runs, p, err);
    if (!lab ||
        (lab_space(p, &lab->space, err) && fs_mkdirs(lab->dir, err) && take_lock(lab, err) && open_store(lab, err)))
        return lab;
    lab_forget(lab);
    return NULL;
}

struct lab *lab_open(const char *study, const char *runs, const struct params *p, struct err *err)
{
    struct lab *lab = lab_new(study, runs, p, err);
    if (!lab)
        return NULL;
    if (!open_all(lab, err)) {
        lab_forget(lab);
        return NULL;
    }
    const struct backend_info *be = &lab->worker->be->info;
    snprintf(lab->draft.device, sizeof lab->draft.device, "%s %s, %d thread%s", be->name, be->isa, be->threads,
             be->threads == 1 ? "" : "s");
    lab->draft.steps_per_epoch = lab->data.n_train / p->batch;
    lab->draft.searches = p->search_repeats;
    lab->state = lab->worker->shown = lab->draft;
    if (!start_worker(lab->worker, err)) {
        lab_forget(lab);
        return NULL;
    }
    return lab;
}

void lab_close(struct lab *lab)
{
    if (!lab)
        return;
    pthread_mutex_lock(&lab->queue_mutex); /* not by the queue: it may be full, and the worker at its end */
    lab->closing = true;
    pthread_cond_signal(&lab->queue_cond);
    pthread_mutex_unlock(&lab->queue_mutex);
    for (int i = 0; i < lab->n_workers; i++)
        if (lab->worker[i].started)
            pthread_join(lab->worker[i].thread, NULL);
    lab_forget(lab);
}
