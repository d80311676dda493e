/* The engine's outside: opening, the command queue, snapshots, the threads, and the locks (lab_impl.h). Workers fill drafts
 * of their own, which are copied over in one go, so that whoever looks in waits for no training and no search. */
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
        lab->news++;
        pthread_cond_broadcast(&lab->queue_cond);
    }
    pthread_mutex_unlock(&lab->queue_mutex);
    return room;
}

void lab_enter(struct lab *lab)
{
    pthread_mutex_lock(&lab->study_mutex);
}

void lab_leave(struct lab *lab)
{
    pthread_mutex_unlock(&lab->study_mutex);
}

unsigned lab_news(struct lab *lab)
{
    pthread_mutex_lock(&lab->queue_mutex);
    unsigned news = lab->news;
    pthread_mutex_unlock(&lab->queue_mutex);
    return news;
}

void lab_stir(struct lab *lab)
{
    pthread_mutex_lock(&lab->queue_mutex);
    lab->news++;
    pthread_cond_broadcast(&lab->queue_cond);
    pthread_mutex_unlock(&lab->queue_mutex);
}

void lab_wait(struct lab *lab, unsigned seen)
{
    lab_leave(lab);
    pthread_mutex_lock(&lab->queue_mutex);
    while (lab->news == seen)
        pthread_cond_wait(&lab->queue_cond, &lab->queue_mutex);
    pthread_mutex_unlock(&lab->queue_mutex);
    lab_enter(lab);
}

bool lab_take(struct lab *lab, struct worker *w, struct lab_cmd *cmd,
              bool (*is_for)(const struct worker *, const struct lab_cmd *))
{
    pthread_mutex_lock(&lab->queue_mutex);
    bool got = lab->closing || (lab->queued > 0 && is_for(w, &lab->queue[lab->first]));
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

/* The one that runs the lowest-numbered trial leads; while nobody runs one, the one that led last. */
static void choose_lead(struct lab *lab)
{
    struct worker *lead = NULL;
    for (int i = 0; i < lab->n_workers; i++) {
        struct worker *w = &lab->worker[i];
        if (w->trial && (!lead || w->row.number < lead->row.number))
            lead = w;
    }
    lab->lead = lead ? lead : lab->lead;
}

static void show_worker(const struct worker *w, struct lab_worker *to)
{
    const struct lab_state *s = &w->shown;
    *to = (struct lab_worker){.trial = w->at < 0 ? 0 : w->row.number,
                              .step = s->step,
                              .steps = s->steps,
                              .lambda = s->lambda,
                              .lr = s->lr,
                              .loss = s->loss,
                              .ce = s->ce,
                              .kd = s->kd,
                              .hint = s->hint,
                              .val_accuracy = s->val_accuracy,
                              .images_per_second = s->images_per_second};
    memcpy(to->fsp, s->fsp, sizeof to->fsp);
    if (w->trial)
        memcpy(to->stage, s->stage, sizeof to->stage);
}

void lab_publish(struct lab *lab)
{
    lab->draft.version++;
    choose_lead(lab);
    pthread_mutex_lock(&lab->state_mutex);
    lab->state = lab->draft;
    take_trial(&lab->state, &lab->lead->shown);
    for (int i = 0; i < lab->n_workers; i++)
        show_worker(&lab->worker[i], &lab->state.workers[i]);
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

/* Image files lie in DATA_DIR itself; of the others it is DATA_DIR when that holds the set, else its folder named after
 * the set; `synth` is made there when absent. */
bool lab_data(const struct params *p, struct dataset *data, struct err *err)
{
    if (p->dataset == DATASET_FOLDER)
        return dataset_open(data, p->dataset, p->data_dir, p->train_limit, p->test_limit, err) &&
               dataset_split(data, p->val_fraction, (uint64_t)p->seed, err);
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
    pthread_mutex_destroy(&lab->study_mutex);
    pthread_mutex_destroy(&lab->queue_mutex);
    pthread_cond_destroy(&lab->queue_cond);
    pthread_mutex_destroy(&lab->state_mutex);
    pthread_mutex_destroy(&lab->probe_mutex);
    for (int i = 0; i < LAB_PROBES; i++)
        free(lab->probes[i]);
    free(lab->teachers_dir);
    free(lab->rows);
    free(lab->open);
    free(lab->told);
    free(lab->repeat_at);
    stopped_release(&lab->stopped);
    edited_release(&lab->edited);
    free(lab->dir);
    free(lab->runs);
    free(lab);
}

static void *work(void *worker)
{
    lab_work(worker);
    return NULL;
}

/* They begin once all are there. One that cannot be started is done without, but for the first. */
static bool start_workers(struct lab *lab, struct err *err)
{
    sigset_t all, old;
    int rc = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    lab_enter(lab);
    while (lab->n_started < lab->n_workers && rc == 0) {
        struct worker *w = &lab->worker[lab->n_started];
        rc = pthread_create(&w->thread, NULL, work, w);
        lab->n_started += rc == 0;
    }
    if (rc != 0 && lab->n_started > 0)
        log_msg(LOG_WARN, "cannot start worker %d of %d: %s", lab->n_started + 1, lab->n_workers, strerror(rc));
    lab->working = lab->n_started;
    lab_leave(lab);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return lab->n_started > 0 || err_set(err, ERR_IO, "cannot start a thread: %s", strerror(rc));
}

/* Threads are split evenly, the first workers getting one more where that does not come out; each has one at least. */
static bool make_workers(struct lab *lab, struct err *err)
{
    const struct params *p = &lab->params;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = p->threads > 0 ? p->threads : online < 1 ? 1 : (int)online;
    lab->teachers_dir = xstrfmt("%s/teachers", lab->runs);
    lab->worker = xcalloc((size_t)p->workers, sizeof *lab->worker);
    lab->lead = lab->worker;
    for (int i = 0; i < p->workers; i++) {
        struct worker *w = &lab->worker[lab->n_workers++];
        int share = threads / p->workers + (i < threads % p->workers);
        w->lab = lab;
        w->at = -1;
        w->shown = lab->draft;
        w->be = lab_backend(p, p->workers == 1 ? p->threads : share > 0 ? share : 1, err);
        if (!w->be)
            return false;
        w->env = (struct trial_env){w->be, &lab->data, p, (uint64_t)p->seed, lab->teachers_dir};
    }
    return true;
}

static void name_device(struct lab *lab)
{
    const struct backend_info *be = &lab->worker->be->info;
    char *to = lab->draft.device;
    size_t cap = sizeof lab->draft.device, n = str_append(to, cap, 0, "%s %s, ", be->name, be->isa);
    int least = lab->worker[lab->n_workers - 1].be->info.threads;
    if (lab->n_workers > 1)
        n = str_append(to, cap, n, "%d workers of ", lab->n_workers);
    if (least < be->threads)
        n = str_append(to, cap, n, "%d to ", least);
    str_append(to, cap, n, "%d thread%s", be->threads, be->threads == 1 ? "" : "s");
}

struct backend *lab_backend(const struct params *p, int threads, struct err *err)
{
    static const char *const names[] = {"f32", "tf32", "bf16"};
    char allowed[32] = "";
    size_t len = 0;
    struct backend *be = backend_new(p->device, threads, err);
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
    lab->draft.steps_per_epoch = lab->data.n_train / p->batch;
    lab->draft.searches = p->search_repeats;
    lab->draft.n_workers = p->workers;
    /* before the store, which would hold the study to settings that cannot work */
    return make_workers(lab, err) && fs_mkdirs(lab->dir, err) && take_lock(lab, err) && open_store(lab, err);
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
    pthread_mutex_init(&lab->study_mutex, NULL);
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
    name_device(lab);
    lab->state = lab->draft;
    if (!start_workers(lab, err)) {
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
    lab->news++;
    pthread_cond_broadcast(&lab->queue_cond);
    pthread_mutex_unlock(&lab->queue_mutex);
    for (int i = 0; i < lab->n_started; i++)
        pthread_join(lab->worker[i].thread, NULL);
    lab_forget(lab);
}
