/* A set is a table of files with one record format; everything else follows from the table. Files are read a chunk
 * at a time and re-ordered from planes to pixels on the way, so that memory holds the images once, and never the
 * file beside them. Half of the 0.2 s that CIFAR-10 takes are page faults; asking for huge pages was measured, and made
 * the typical start faster but some three times slower. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "data.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../param.h"
#include "digest.h"
#include "folder.h"
#include "fsutil.h"
#include "synth.h"

enum { PLANE = IMAGE_SIDE * IMAGE_SIDE, CHUNK_RECORDS = 128, MAX_FILES = 8, CLASSES_MAX = DATA_CLASSES };

/* ---- the sets ---- */

struct set_file {
    const char *name;
    bool test;
    /* Of the published file, as checked by Apache MXNet (python/mxnet/gluon/data/vision/datasets.py). */
    const char *sha1;
};

struct set_def {
    const char *name;
    int classes, coarse;               /* coarse: number of coarse labels, 0 = the record has none */
    int per_file_train, per_file_test; /* records of the published files */
    const char *names_file;
    int n_files;
    struct set_file files[MAX_FILES];
};

#define CIFAR10_FILES(a, b, c, d, e, t)                                                                                \
    {                                                                                                                  \
        {"data_batch_1.bin", false, a}, {"data_batch_2.bin", false, b}, {"data_batch_3.bin", false, c},                \
            {"data_batch_4.bin", false, d}, {"data_batch_5.bin", false, e},                                            \
        {                                                                                                              \
            "test_batch.bin", true, t                                                                                  \
        }                                                                                                              \
    }

static const struct set_def sets[] = {
    [DATASET_SYNTH] = {"synth", 10, 0, 10000, 10000, "batches.meta.txt", 6,
                       CIFAR10_FILES(NULL, NULL, NULL, NULL, NULL, NULL)},
    [DATASET_CIFAR10] = {"cifar10", 10, 0, 10000, 10000, "batches.meta.txt", 6,
                         CIFAR10_FILES(
                             "aadd24acce27caa71bf4b10992e9e7b2d74c2540", "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
                             "1dd00a74ab1d17a6e7d73e185b69dbf31242f295", "aab85764eb3584312d3c7f65fd2fd016e36a258e",
                             "26e2849e66a845b7f1e4614ae70f4889ae604628", "67eb016db431130d61cd03c7ad570b013799c88c")},
    [DATASET_CIFAR100] = {"cifar100",
                          100,
                          20,
                          50000,
                          10000,
                          "fine_label_names.txt",
                          2,
                          {{"train.bin", false, "e207cd2e05b73b1393c74c7f5e7bea451d63e08e"},
                           {"test.bin", true, "8fb6623e830365ff53cf14adec797474f5478006"}}},
};

static const char *const cifar10_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                            "dog",      "frog",       "horse", "ship", "truck"};

static size_t record_bytes(const struct set_def *set)
{
    return (size_t)(set->coarse ? 2 : 1) + IMAGE_BYTES;
}

static int published_records(const struct set_def *set, int file)
{
    return set->files[file].test ? set->per_file_test : set->per_file_train;
}

/* ---- one file ---- */

struct reader {
    const struct set_def *set;
    char *path;
    int fd, records, next; /* next: number of the record that read_chunk gives first */
    int64_t bytes;
    uint8_t *chunk;
};

static void reader_release(struct reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->chunk);
    free(r->path);
}

static bool check_size(struct reader *r, int file, struct err *err)
{
    int64_t record = (int64_t)record_bytes(r->set);
    int64_t published = published_records(r->set, file) * record;

    if (r->bytes == 0)
        return err_set(err, ERR_FORMAT,
                       "'%s' is empty: expected records of %jd bytes (the published file has %jd bytes)", r->path,
                       (intmax_t)record, (intmax_t)published);
    if (r->bytes % record != 0)
        return err_set(
            err, ERR_FORMAT,
            "'%s' has %jd bytes, which is no whole number of %s records of %jd bytes (the published file has "
            "%jd bytes)",
            r->path, (intmax_t)r->bytes, r->set->name, (intmax_t)record, (intmax_t)published);
    if (r->bytes / record > INT_MAX / 8)
        return err_set(err, ERR_FORMAT, "'%s' has %jd records, at most %d are allowed", r->path,
                       (intmax_t)(r->bytes / record), INT_MAX / 8);
    r->records = (int)(r->bytes / record);
    return true;
}

/* Opens file FILE of SET in DIR and checks its size. */
static bool reader_open(struct reader *r, const struct set_def *set, const char *dir, int file, struct err *err)
{
    struct stat st;
    *r = (struct reader){.set = set, .path = xstrfmt("%s/%s", dir, set->files[file].name)};
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for ever */
    if (r->fd < 0) {
        if (errno == ENOENT)
            err_set(err, ERR_IO, "cannot open '%s': no such file", r->path);
        else
            fs_err(err, "open", r->path, errno);
    } else if (fstat(r->fd, &st) != 0) {
        fs_err(err, "read", r->path, errno);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(err, ERR_IO, "cannot read '%s': it is %s", r->path,
                S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
    } else {
        r->bytes = st.st_size;
        if (check_size(r, file, err)) {
            r->chunk = xmalloc(CHUNK_RECORDS * record_bytes(set));
            return true;
        }
    }
    reader_release(r);
    return false;
}

/* Reads N <= CHUNK_RECORDS records into the chunk and checks their labels. */
static bool read_chunk(struct reader *r, int n, struct err *err)
{
    size_t record = record_bytes(r->set), want = (size_t)n * record;

    for (size_t have = 0; have < want;) {
        ssize_t got = read(r->fd, r->chunk + have, want - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fs_err(err, "read", r->path, errno);
        if (got == 0)
            return err_set(err, ERR_FORMAT, "'%s' ends within record %d of %d", r->path, r->next + (int)(have / record),
                           r->records);
        have += (size_t)got;
    }
    for (int i = 0; i < n; i++) {
        const uint8_t *p = r->chunk + (size_t)i * record;
        if (r->set->coarse && *p++ >= r->set->coarse)
            return err_set(err, ERR_FORMAT, "'%s': record %d has coarse label %d, allowed are 0..%d", r->path,
                           r->next + i, p[-1], r->set->coarse - 1);
        if (*p >= r->set->classes)
            return err_set(err, ERR_FORMAT, "'%s': record %d has label %d, allowed are 0..%d", r->path, r->next + i, *p,
                           r->set->classes - 1);
    }
    r->next += n;
    return true;
}

/* Planes to pixels. Writes 4 bytes a pixel, of which the next pixel overwrites the last. */
static void interleave(const uint8_t *planes, uint8_t *out)
{
    for (int i = 0; i < PLANE - 1; i++) {
        uint8_t px[4] = {planes[i], planes[PLANE + i], planes[2 * PLANE + i], 0};
        memcpy(out + (size_t)3 * (size_t)i, px, 4);
    }
    for (int c = 0; c < 3; c++)
        out[3 * (PLANE - 1) + c] = planes[c * PLANE + PLANE - 1];
}

/* Appends the first N records to IMAGES, which has room. */
static bool read_images(struct reader *r, int n, struct images *images, struct err *err)
{
    size_t record = record_bytes(r->set);

    for (int done = 0; done < n;) {
        int now = n - done < CHUNK_RECORDS ? n - done : CHUNK_RECORDS;
        if (!read_chunk(r, now, err))
            return false;
        for (int i = 0; i < now; i++, images->n++) {
            const uint8_t *p = r->chunk + (size_t)(i + 1) * record - IMAGE_BYTES;
            images->labels[images->n] = p[-1];
            interleave(p, images->pixels + (size_t)images->n * IMAGE_BYTES);
        }
        done += now;
    }
    return true;
}

/* ---- a set ---- */

static bool check_folder(const struct set_def *set, const char *dir, struct err *err)
{
    struct stat st;
    if (stat(dir, &st) != 0) {
        fs_err(err, "open", dir, errno);
        if (err && set == &sets[DATASET_SYNTH] && errno == ENOENT)
            str_append(err->msg, sizeof err->msg, strlen(err->msg), " (make it with: fsplab data synth %s)", dir);
        return false;
    }
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_IO, "cannot read '%s': it is no folder", dir);
    return true;
}

/* Replaces the default names by the lines of the set's names file, if that is there. Names go to terminals: what
 * is not printable ASCII becomes '?'. */
static void read_names(const struct set_def *set, int kind, const char *dir, char names[CLASSES_MAX][32])
{
    for (int i = 0; i < set->classes; i++) {
        if (kind == DATASET_SYNTH)
            snprintf(names[i], sizeof names[i], "%s", synth_class_name(i));
        else if (kind == DATASET_CIFAR10)
            snprintf(names[i], sizeof names[i], "%s", cifar10_names[i]);
        else
            snprintf(names[i], sizeof names[i], "class %d", i);
    }
    char *path = xstrfmt("%s/%s", dir, set->names_file), *text = NULL;
    size_t n;
    if (fs_read_whole(path, 64 * 1024, (void **)&text, &n, NULL)) {
        char *next = text;
        for (int i = 0; i < set->classes && *next; i++) {
            char *line = next;
            size_t len = strcspn(line, "\r\n");
            next += len;
            next += strspn(next, "\r\n");
            if (len >= sizeof names[i])
                len = sizeof names[i] - 1;
            if (!len)
                continue;
            for (size_t c = 0; c < len; c++)
                names[i][c] = line[c] >= ' ' && line[c] <= '~' ? line[c] : '?';
            names[i][len] = '\0';
        }
        free(text);
    }
    free(path);
}

/* Deals LIMIT images over the files, as evenly as their sizes allow; 0 = all. */
static void deal_limit(const struct set_def *set, const struct reader *readers, bool test, int limit,
                       int take[MAX_FILES])
{
    int left = limit ? limit : INT_MAX, open_files;

    do {
        open_files = 0;
        for (int i = 0; i < set->n_files; i++)
            open_files += set->files[i].test == test && take[i] < readers[i].records;
        int share = open_files ? left / open_files : 0;
        for (int i = 0; i < set->n_files && left > 0; i++) {
            if (set->files[i].test != test || take[i] == readers[i].records)
                continue;
            int more = share ? share : 1, room = readers[i].records - take[i];
            more = more < room ? more : room;
            take[i] += more;
            left -= more;
        }
    } while (left > 0 && open_files > 0);
}

static void images_alloc(struct images *images, size_t n)
{
    images->n = 0;
    images->labels = xmalloc(n);
    images->pixels = xmalloc(n * IMAGE_BYTES);
}

static void compute_digest(struct dataset *d)
{
    const struct images *parts[] = {&d->train, &d->test};
    char text[5 * SHA256_HEX + 64];
    size_t n = str_append(text, sizeof text, 0, "classes %d", d->classes);

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char labels[SHA256_HEX], pixels[SHA256_HEX];
        digest_bulk(parts[i]->labels, (size_t)parts[i]->n, labels);
        digest_bulk(parts[i]->pixels, (size_t)parts[i]->n * IMAGE_BYTES, pixels);
        n = str_append(text, sizeof text, n, " %d %s %s", parts[i]->n, labels, pixels);
    }
    digest_sha256(text, n, d->digest);
}

/* One file's share of the set, read by a thread of its own: most of the time goes into touching new memory. */
struct load {
    struct reader *reader;
    int take;
    struct images part; /* where this file's images belong */
    struct err err;
    bool ok, threaded;
    pthread_t thread;
};

static void *load_file(void *arg)
{
    struct load *l = arg;
    l->ok = read_images(l->reader, l->take, &l->part, &l->err);
    return NULL;
}

/* Reads every file's share into its place; the first file's error, in file order, is the one reported. */
static bool load_all(struct dataset *d, const struct set_def *set, struct reader *readers, const int *take,
                     struct err *err)
{
    struct load loads[MAX_FILES] = {{0}};
    struct images *all[2] = {&d->train, &d->test};
    bool ok = true;
    for (int i = 0; i < set->n_files; i++) {
        struct images *im = all[set->files[i].test];
        struct load *l = &loads[i];
        l->reader = &readers[i];
        l->take = take[i];
        l->part.pixels = im->pixels + (size_t)im->n * IMAGE_BYTES;
        l->part.labels = im->labels + im->n;
        im->n += take[i];
        l->threaded = pthread_create(&l->thread, NULL, load_file, l) == 0;
        if (!l->threaded)
            load_file(l);
    }
    for (int i = 0; i < set->n_files; i++) {
        if (loads[i].threaded)
            pthread_join(loads[i].thread, NULL);
        if (ok && !loads[i].ok)
            ok = err_set(err, loads[i].err.code, "%s", loads[i].err.msg);
    }
    return ok;
}

static bool open_folder(struct dataset *d, const char *dir, int train_limit, int test_limit, struct err *err)
{
    memset(d, 0, sizeof *d);
    d->kind = DATASET_FOLDER;
    if (!folder_read(dir, train_limit, test_limit, d, err)) {
        dataset_release(d);
        return false;
    }
    compute_digest(d);
    return true;
}

bool dataset_open(struct dataset *d, int kind, const char *dir, int train_limit, int test_limit, struct err *err)
{
    assert(kind >= 0 && kind <= DATASET_FOLDER && train_limit >= 0 && test_limit >= 0);
    if (kind == DATASET_FOLDER)
        return open_folder(d, dir, train_limit, test_limit, err);
    const struct set_def *set = &sets[kind];
    struct reader readers[MAX_FILES] = {{0}};
    int opened = 0, take[MAX_FILES] = {0};
    size_t count[2] = {0, 0};
    bool ok = false;

    memset(d, 0, sizeof *d);
    if (!check_folder(set, dir, err))
        return false;
    d->kind = kind;
    d->classes = set->classes;
    for (; opened < set->n_files; opened++)
        if (!reader_open(&readers[opened], set, dir, opened, err))
            goto out;
    deal_limit(set, readers, false, train_limit, take);
    deal_limit(set, readers, true, test_limit, take);
    for (int i = 0; i < set->n_files; i++)
        count[set->files[i].test] += (size_t)take[i];
    images_alloc(&d->train, count[false]);
    images_alloc(&d->test, count[true]);
    if (!load_all(d, set, readers, take, err))
        goto out;
    read_names(set, kind, dir, d->class_names);
    compute_digest(d);
    ok = true;
out:
    while (opened > 0)
        reader_release(&readers[--opened]);
    if (!ok)
        dataset_release(d);
    return ok;
}

void dataset_release(struct dataset *d)
{
    free(d->train.pixels);
    free(d->train.labels);
    free(d->test.pixels);
    free(d->test.labels);
    free(d->train_idx);
    free(d->val_idx);
    memset(d, 0, sizeof *d);
}

/* ---- the split ---- */

/* Exact sums over the training part. The inner loops run over a row's 96 bytes, so that they vectorise although
 * pixels have three channels; 32-bit sums of squares hold 66,000 rows. */
static void compute_moments(struct dataset *d)
{
    enum { ROW = 3 * IMAGE_SIDE, FLUSH = 1024 };
    uint32_t sum[ROW] = {0}, square[ROW] = {0};
    uint64_t sums[3] = {0}, squares[3] = {0};

    for (int k = 0; k < d->n_train; k++) {
        const uint8_t *p = d->train.pixels + (size_t)d->train_idx[k] * IMAGE_BYTES;
        for (int y = 0; y < IMAGE_SIDE; y++, p += ROW)
            for (int j = 0; j < ROW; j++) {
                sum[j] += p[j];
                square[j] += (uint32_t)p[j] * p[j];
            }
        if (k % FLUSH != FLUSH - 1 && k != d->n_train - 1)
            continue;
        for (int j = 0; j < ROW; j++) {
            sums[j % 3] += sum[j];
            squares[j % 3] += square[j];
        }
        memset(sum, 0, sizeof sum);
        memset(square, 0, sizeof square);
    }
    double n = (double)d->n_train * PLANE;
    for (int c = 0; c < 3; c++) {
        double mean = (double)sums[c] / n, variance = (double)squares[c] / n - mean * mean;
        d->mean[c] = (float)(mean / 255.0);
        /* A channel of one colour has no spread to divide by. */
        d->std[c] = variance > 1e-9 ? (float)(sqrt(variance) / 255.0) : 1.0F;
    }
}

bool dataset_split(struct dataset *d, double fraction, uint64_t seed, struct err *err)
{
    if (!(fraction >= 0.0 && fraction <= 1.0))
        return err_set(err, ERR_CONFIG, "val_fraction: %g is not in 0..1", fraction);

    int n = d->train.n, n_val = 0;
    int count[CLASSES_MAX] = {0}, *members = xmalloc((size_t)n * sizeof *members);
    bool *held = xcalloc((size_t)n, sizeof *held);
    struct rng rng;

    rng_seed(&rng, seed, RNG_SPLIT);
    for (int i = 0; i < n; i++)
        count[d->train.labels[i]]++;
    for (int c = 0; c < d->classes; c++) {
        int m = 0, hold = (int)lround(fraction * count[c]);
        for (int i = 0; i < n; i++)
            if (d->train.labels[i] == c)
                members[m++] = i;
        rng_shuffle(&rng, members, (size_t)m);
        for (int i = 0; i < hold; i++)
            held[members[i]] = true;
        n_val += hold;
    }
    free(members);
    if (n_val >= n) {
        free(held);
        return err_set(err, ERR_CONFIG, "val_fraction: %g holds out all %d training images", fraction, n);
    }
    free(d->train_idx);
    free(d->val_idx);
    d->train_idx = xmalloc((size_t)(n - n_val) * sizeof *d->train_idx);
    d->val_idx = xmalloc((size_t)n_val * sizeof *d->val_idx);
    d->n_train = d->n_val = 0;
    for (int i = 0; i < n; i++)
        if (held[i])
            d->val_idx[d->n_val++] = i;
        else
            d->train_idx[d->n_train++] = i;
    free(held);
    compute_moments(d);
    return true;
}

/* ---- what is in a folder ---- */

static bool exists(const char *dir, const char *name)
{
    char *path = xstrfmt("%s/%s", dir, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static int find_kind(const char *dir)
{
    char names[CLASSES_MAX][32];

    if (exists(dir, "train.bin"))
        return DATASET_CIFAR100;
    if (folder_is(dir))
        return DATASET_FOLDER;
    read_names(&sets[DATASET_CIFAR10], DATASET_CIFAR10, dir, names);
    return strcmp(names[0], synth_class_name(0)) == 0 ? DATASET_SYNTH : DATASET_CIFAR10;
}

/* Counts the labels of a file and compares it with the published one. */
static bool inspect(struct reader *r, int file, struct data_file *out, int *count, struct err *err)
{
    const struct set_file *f = &r->set->files[file];
    char sha1[SHA1_HEX];

    *out = (struct data_file){.bytes = r->bytes, .records = r->records, .known = "unknown"};
    snprintf(out->name, sizeof out->name, "%s", f->name);
    while (r->next < r->records) {
        int left = r->records - r->next, now = left < CHUNK_RECORDS ? left : CHUNK_RECORDS;
        if (!read_chunk(r, now, err))
            return false;
        for (int i = 0; i < now; i++)
            count[r->chunk[(size_t)(i + 1) * record_bytes(r->set) - IMAGE_BYTES - 1]]++;
    }
    if (!digest_md5_file(r->path, out->md5, err))
        return false;
    if (!f->sha1 || r->records != published_records(r->set, file))
        return true;
    if (!digest_sha1_file(r->path, sha1, err))
        return false;
    if (strcmp(sha1, f->sha1) == 0)
        out->known = "official";
    return true;
}

static int info_folder(const char *dir, struct data_file files[8], int count_train[CLASSES_MAX],
                       int count_test[CLASSES_MAX], struct err *err)
{
    static const char *const names[] = {"train", "test"};
    struct folder_sum sum;
    if (!folder_sum(dir, &sum, count_train, count_test, err))
        return -1;
    for (int i = 0; i < 2; i++) {
        files[i] = (struct data_file){.bytes = sum.bytes[i], .records = sum.images[i], .md5 = "-", .known = "unknown"};
        snprintf(files[i].name, sizeof files[i].name, "%s", names[i]);
    }
    return 2;
}

int data_info(const char *dir, struct data_file files[8], int *kind, int count_train[CLASSES_MAX],
              int count_test[CLASSES_MAX], struct err *err)
{
    if (!check_folder(NULL, dir, err))
        return -1;
    *kind = find_kind(dir);
    if (*kind == DATASET_FOLDER)
        return info_folder(dir, files, count_train, count_test, err);
    const struct set_def *set = &sets[*kind];

    memset(count_train, 0, CLASSES_MAX * sizeof *count_train);
    memset(count_test, 0, CLASSES_MAX * sizeof *count_test);
    for (int i = 0; i < set->n_files; i++) {
        struct reader r;
        if (!reader_open(&r, set, dir, i, err))
            return -1;
        bool ok = inspect(&r, i, &files[i], set->files[i].test ? count_test : count_train, err);
        reader_release(&r);
        if (!ok)
            return -1;
    }
    return set->n_files;
}
