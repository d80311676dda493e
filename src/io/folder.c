/* First a list of files is made, by whichever layout there is: path, class, part. Everything after that knows the list
 * alone: it is ordered, cut to the limits and decoded by threads that take the next file each. A set of one size is
 * then like any other in memory, so nothing beyond dataset_open knows of it. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsutil.h"
#include "image_file.h"

enum { THREADS_MAX = 16, LIST_MAX = 64 * 1024 * 1024 };

struct item {
    char *path;
    int label, order;
    bool test;
};

struct list {
    int n, cap, classes;
    struct item *items;
    char (*names)[32]; /* (DATA_CLASSES) */
};

static void list_init(struct list *l)
{
    *l = (struct list){.names = xcalloc(DATA_CLASSES, sizeof *l->names)};
}

static void list_release(struct list *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->items[i].path);
    free(l->items);
    free(l->names);
}

static void list_add(struct list *l, char *path, int label, bool test)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 256;
        l->items = xrealloc(l->items, (size_t)l->cap * sizeof *l->items);
    }
    l->items[l->n] = (struct item){path, label, l->n, test};
    l->n++;
}

/* Names go to terminals: what is not printable ASCII becomes '?'. */
static void set_name(struct list *l, int label, const char *name)
{
    char *to = l->names[label];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof *l->names; n++)
        to[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    to[n] = '\0';
}

/* ---- a folder a class ---- */

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_image_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* What DIR holds, by name, without what begins with a dot; -1 with err. */
static int read_names(const char *dir, char ***names, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;
    *names = NULL;
    if (!d) {
        fs_err(err, "open", dir, errno);
        return -1;
    }
    for (errno = 0; (e = readdir(d)); errno = 0)
        if (e->d_name[0] != '.') {
            *names = xrealloc(*names, (size_t)(n + 1) * sizeof **names);
            (*names)[n++] = xstrdup(e->d_name);
        }
    int failed = errno;
    closedir(d);
    if (failed) {
        free_names(*names, n);
        fs_err(err, "read", dir, failed);
        return -1;
    }
    if (n > 0)
        qsort(*names, (size_t)n, sizeof **names, by_bytes);
    return n;
}

static bool add_class(struct list *l, const char *dir, int label, bool test, struct err *err)
{
    char **names;
    int n = read_names(dir, &names, err);
    bool ok = n >= 0;
    for (int i = 0; i < n && ok; i++) {
        char *path = xstrfmt("%s/%s", dir, names[i]);
        if (is_image_name(names[i]))
            list_add(l, path, label, test);
        else {
            if (is_dir(path))
                ok = err_set(err, ERR_FORMAT, "'%s' is a folder within a class: images stand in the class's own folder",
                             path);
            free(path);
        }
    }
    if (n >= 0)
        free_names(names, n);
    return ok;
}

/* The folders of DIR; other files there are passed over. */
static int class_folders(const char *dir, char ***names, struct err *err)
{
    int n = read_names(dir, names, err), kept = 0;
    for (int i = 0; i < n; i++) {
        char *path = xstrfmt("%s/%s", dir, (*names)[i]);
        if (is_dir(path))
            (*names)[kept++] = (*names)[i];
        else
            free((*names)[i]);
        free(path);
    }
    return n < 0 ? -1 : kept;
}

static bool too_many(const char *where, int n, struct err *err)
{
    return err_set(err, ERR_FORMAT, "'%s' has %d classes, allowed are 2 to %d", where, n, DATA_CLASSES);
}

static bool add_test(struct list *l, const char *dir, char **classes, struct err *err)
{
    char **names;
    int n = class_folders(dir, &names, err);
    bool ok = n >= 0;
    for (int i = 0; i < n && ok; i++) {
        char **at = bsearch(&names[i], classes, (size_t)l->classes, sizeof *classes, by_bytes);
        char *path = xstrfmt("%s/%s", dir, names[i]);
        ok = at ? add_class(l, path, (int)(at - classes), true, err)
                : err_set(err, ERR_FORMAT, "'%s' is a class that the training images do not have", path);
        free(path);
    }
    if (n >= 0)
        free_names(names, n);
    return ok;
}

static bool list_tree(struct list *l, const char *dir, bool names_only, struct err *err)
{
    char *train = xstrfmt("%s/train", dir), *test = xstrfmt("%s/test", dir), **classes;
    int n = class_folders(train, &classes, err);
    bool ok = n >= 0 && ((n >= 2 && n <= DATA_CLASSES) || too_many(train, n, err));
    l->classes = ok ? n : 0;
    for (int i = 0; i < n && ok; i++) {
        char *path = xstrfmt("%s/%s", train, classes[i]);
        set_name(l, i, classes[i]);
        ok = names_only || add_class(l, path, i, false, err);
        free(path);
    }
    ok = ok && (names_only || add_test(l, test, classes, err));
    if (n >= 0)
        free_names(classes, n);
    free(train);
    free(test);
    return ok;
}

/* ---- CUB-200-2011 ---- */

/* A file of lines "NUMBER REST"; ids need not be in order nor without gaps. */
struct lines {
    char *path, *text;
    int n;
    struct {
        long id;
        char *rest;
    } * line;
};

static void lines_release(struct lines *f)
{
    free(f->path);
    free(f->text);
    free(f->line);
}

static bool read_lines(struct lines *f, const char *dir, const char *name, struct err *err)
{
    size_t size;
    int number = 0;
    *f = (struct lines){.path = xstrfmt("%s/%s", dir, name)};
    if (!fs_read_whole(f->path, LIST_MAX, (void **)&f->text, &size, err))
        return false;
    for (char *s = f->text, *end; *s; s = end) {
        end = s + strcspn(s, "\n");
        if (*end)
            *end++ = '\0';
        number++;
        s[strcspn(s, "\r")] = '\0';
        if (!*s)
            continue;
        char *rest;
        errno = 0;
        long id = strtol(s, &rest, 10);
        if (errno || rest == s || *rest != ' ' || id < 0)
            return err_set(err, ERR_FORMAT, "%s:%d: '%.60s' is no line of a number and a value", f->path, number, s);
        f->line = xrealloc(f->line, (size_t)(f->n + 1) * sizeof *f->line);
        f->line[f->n].id = id;
        f->line[f->n++].rest = rest + strspn(rest, " ");
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct lines *none = NULL;
    const __typeof__(*none->line) *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The value of ID in a file that is sorted; -1 with err: not there, or no number from LO to HI. */
static int value_of(const struct lines *f, long id, int lo, int hi, struct err *err)
{
    __typeof__(*f->line) key = {id, NULL}, *at = f->n ? bsearch(&key, f->line, (size_t)f->n, sizeof key, by_id) : NULL;
    char *end;
    if (!at) {
        err_set(err, ERR_FORMAT, "'%s' has no line for image %ld", f->path, id);
        return -1;
    }
    long v = strtol(at->rest, &end, 10);
    if (end == at->rest || *end || v < lo || v > hi) {
        err_set(err, ERR_FORMAT, "'%s': image %ld has '%.40s', allowed are %d to %d", f->path, id, at->rest, lo, hi);
        return -1;
    }
    return (int)v;
}

/* Names of classes.txt, where it is there. */
static void name_classes(struct list *l, const char *dir)
{
    struct lines names;
    for (int i = 0; i < l->classes; i++) {
        char name[32];
        snprintf(name, sizeof name, "class %d", i + 1);
        set_name(l, i, name);
    }
    if (read_lines(&names, dir, "classes.txt", NULL))
        for (int i = 0; i < names.n; i++)
            if (names.line[i].id >= 1 && names.line[i].id <= l->classes)
                set_name(l, (int)names.line[i].id - 1, names.line[i].rest);
    lines_release(&names);
}

/* A path of the list that would lead out of the set. */
static bool leads_away(const char *path)
{
    for (const char *s = path; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
        if (strcmp(s, "..") == 0 || strncmp(s, "../", 3) == 0)
            return true;
    return path[0] == '/' || !path[0];
}

static bool list_cub(struct list *l, const char *dir, struct err *err)
{
    struct lines images = {0}, labels = {0}, split = {0};
    bool ok = read_lines(&images, dir, "images.txt", err) && read_lines(&labels, dir, "image_class_labels.txt", err) &&
              read_lines(&split, dir, "train_test_split.txt", err);
    if (ok && labels.n > 0)
        qsort(labels.line, (size_t)labels.n, sizeof *labels.line, by_id);
    if (ok && split.n > 0)
        qsort(split.line, (size_t)split.n, sizeof *split.line, by_id);
    for (int i = 0; i < images.n && ok; i++) {
        int label = value_of(&labels, images.line[i].id, 1, DATA_CLASSES, err);
        int train = label < 0 ? -1 : value_of(&split, images.line[i].id, 0, 1, err);
        ok = train >= 0;
        if (ok && leads_away(images.line[i].rest))
            ok = err_set(err, ERR_FORMAT, "'%s': image %ld has the path '%.80s', which leads out of the set",
                         images.path, images.line[i].id, images.line[i].rest);
        if (!ok)
            break;
        list_add(l, xstrfmt("%s/images/%s", dir, images.line[i].rest), label - 1, !train);
        l->classes = label > l->classes ? label : l->classes;
    }
    if (ok && l->classes < 2)
        ok = too_many(images.path, l->classes, err);
    if (ok)
        name_classes(l, dir);
    lines_release(&images);
    lines_release(&labels);
    lines_release(&split);
    return ok;
}

/* ---- either ---- */

static bool exists(const char *dir, const char *name)
{
    char *path = xstrfmt("%s/%s", dir, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

bool folder_is(const char *dir)
{
    return exists(dir, "images.txt") || exists(dir, "train");
}

static int by_class(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->test != y->test)
        return x->test - y->test;
    return x->label != y->label ? x->label - y->label : x->order - y->order;
}

/* All files, training first, by class; every class has one to train on. */
static bool list_all(struct list *l, const char *dir, struct err *err)
{
    int train[DATA_CLASSES] = {0}, n[2] = {0};
    if (!is_dir(dir)) {
        struct stat st;
        return stat(dir, &st) != 0 ? fs_err(err, "open", dir, errno)
                                   : err_set(err, ERR_IO, "cannot read '%s': it is no folder", dir);
    }
    if (!folder_is(dir))
        return err_set(err, ERR_IO,
                       "'%s' is no set of image files: it has neither train/CLASS/ nor images.txt (docs/DATA.md)", dir);
    if (!(exists(dir, "images.txt") ? list_cub(l, dir, err) : list_tree(l, dir, false, err)))
        return false;
    for (int i = 0; i < l->n; i++) {
        n[l->items[i].test]++;
        train[l->items[i].label] += !l->items[i].test;
    }
    for (int i = 0; i < l->classes; i++)
        if (train[i] == 0)
            return err_set(err, ERR_FORMAT, "'%s': class %d, '%s', has no training image", dir, i + 1, l->names[i]);
    if (n[1] == 0)
        return err_set(err, ERR_FORMAT, "'%s' has no test image", dir);
    qsort(l->items, (size_t)l->n, sizeof *l->items, by_class);
    return true;
}

int folder_classes(const char *dir, struct err *err)
{
    struct list l;
    list_init(&l);
    bool cub = exists(dir, "images.txt"), ok = cub ? list_cub(&l, dir, err) : list_tree(&l, dir, true, err);
    int n = ok ? l.classes : -1;
    list_release(&l);
    return n;
}

bool folder_sum(const char *dir, struct folder_sum *sum, int count_train[DATA_CLASSES], int count_test[DATA_CLASSES],
                struct err *err)
{
    struct list l;
    list_init(&l);
    *sum = (struct folder_sum){0};
    memset(count_train, 0, DATA_CLASSES * sizeof *count_train);
    memset(count_test, 0, DATA_CLASSES * sizeof *count_test);
    bool ok = list_all(&l, dir, err);
    for (int i = 0; i < l.n && ok; i++) {
        const struct item *it = &l.items[i];
        struct stat st;
        ok = stat(it->path, &st) == 0 || fs_err(err, "open", it->path, errno);
        sum->bytes[it->test] += ok ? st.st_size : 0;
        sum->images[it->test]++;
        (it->test ? count_test : count_train)[it->label]++;
    }
    sum->classes = l.classes;
    list_release(&l);
    return ok;
}

/* ---- limits ---- */

/* Keeps of one part at most LIMIT files (0: all): the first of each class, as many of each as there are or as the limit
 * lets. */
static void keep_first(struct list *l, bool test, int limit)
{
    int have[DATA_CLASSES] = {0}, keep[DATA_CLASSES] = {0}, seen[DATA_CLASSES] = {0}, left = limit, kept = 0;
    for (int i = 0; i < l->n; i++)
        have[l->items[i].label] += l->items[i].test == test;
    for (bool more = limit > 0; more && left > 0;) {
        more = false;
        for (int c = 0; c < l->classes && left > 0; c++)
            if (keep[c] < have[c])
                keep[c]++, left--, more = true;
    }
    for (int i = 0; i < l->n; i++) {
        struct item *it = &l->items[i];
        if (it->test == test && limit > 0 && seen[it->label]++ >= keep[it->label])
            free(it->path);
        else
            l->items[kept++] = *it;
    }
    l->n = kept;
}

/* ---- decoding ---- */

struct work {
    const struct list *list;
    struct images *parts[2];
    int n_train;
    atomic_int next, failed; /* failed: the first file, by number, of those that were; n: none */
    pthread_mutex_t lock;    /* protects err */
    struct err err;
};

static void work_one(struct work *w, int i)
{
    const struct item *it = &w->list->items[i];
    struct images *to = w->parts[it->test];
    int at = it->test ? i - w->n_train : i;
    struct image im;
    struct err err = {0};
    if (image_read(it->path, &im, &err)) {
        image_resize(&im, IMAGE_SIDE, IMAGE_SIDE, to->pixels + (size_t)at * IMAGE_BYTES);
        to->labels[at] = (uint8_t)it->label;
        image_release(&im);
        return;
    }
    pthread_mutex_lock(&w->lock);
    if (i < atomic_load(&w->failed)) {
        atomic_store(&w->failed, i);
        w->err = err;
    }
    pthread_mutex_unlock(&w->lock);
}

/* Goes on to the first failure that there is, so that the same file is named whatever the threads do. */
static void *work(void *arg)
{
    struct work *w = arg;
    for (int i; (i = atomic_fetch_add(&w->next, 1)) < atomic_load(&w->failed);)
        work_one(w, i);
    return NULL;
}

static bool decode_all(struct work *w, struct err *err)
{
    pthread_t threads[THREADS_MAX];
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    int started = 0;
    for (; started < n - 1 && started < THREADS_MAX; started++)
        if (pthread_create(&threads[started], NULL, work, w) != 0)
            break;
    work(w);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    return atomic_load(&w->failed) == w->list->n || err_set(err, w->err.code, "%s", w->err.msg);
}

static void images_alloc(struct images *im, int n)
{
    im->n = n;
    im->labels = xcalloc((size_t)n, 1);
    im->pixels = xmalloc((size_t)n * IMAGE_BYTES);
}

bool folder_read(const char *dir, int train_limit, int test_limit, struct dataset *d, struct err *err)
{
    struct list l;
    list_init(&l);
    bool ok = list_all(&l, dir, err);
    if (ok) {
        struct work w = {.list = &l, .parts = {&d->train, &d->test}};
        keep_first(&l, false, train_limit);
        keep_first(&l, true, test_limit);
        for (int i = 0; i < l.n; i++)
            w.n_train += !l.items[i].test;
        images_alloc(&d->train, w.n_train);
        images_alloc(&d->test, l.n - w.n_train);
        d->classes = l.classes;
        memcpy(d->class_names, l.names, DATA_CLASSES * sizeof *l.names);
        atomic_init(&w.next, 0);
        atomic_init(&w.failed, l.n);
        pthread_mutex_init(&w.lock, NULL);
        ok = decode_all(&w, err);
        pthread_mutex_destroy(&w.lock);
    }
    list_release(&l);
    return ok;
}
