/* data and digest, on sets that the test itself writes: every pixel is a formula of (file, record, channel, place), so
 * that what is read can be checked without reading code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/data.h"
#include "io/digest.h"
#include "param.h"

static char root[64];
static int next_dir;

static int setup(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/test_data.XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

/* A fresh folder; free() the name. */
static char *fresh_dir(void)
{
    char *dir = xstrfmt("%s/%d", root, next_dir++);
    assert_int_equal(mkdir(dir, 0777), 0);
    return dir;
}

static uint8_t pixel(int file, int record, int channel, int place)
{
    return (uint8_t)(hash3((uint64_t)file, (uint64_t)record, (uint64_t)(channel * 1024 + place)) >> 17);
}

static int label_of(int file, int record, int classes)
{
    return (file + record * 3) % classes;
}

static void write_bytes(const char *dir, const char *name, const void *data, size_t n)
{
    char *path = xstrfmt("%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static void write_records(const char *dir, const char *name, int file, int records, int classes)
{
    size_t size = classes == 100 ? 3074 : 3073;
    uint8_t *data = xmalloc((size_t)records * size + 1), *p = data;
    for (int r = 0; r < records; r++) {
        if (classes == 100)
            *p++ = (uint8_t)(r % 20);
        *p++ = (uint8_t)label_of(file, r, classes);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < 1024; i++)
                *p++ = pixel(file, r, c, i);
    }
    write_bytes(dir, name, data, (size_t)(p - data));
    free(data);
}

static const char *const c10_names[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                        "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};

/* COUNTS records in data_batch_1..5, test_batch. */
static char *write_cifar10(const int counts[6])
{
    char *dir = fresh_dir();
    for (int f = 0; f < 6; f++)
        write_records(dir, c10_names[f], f, counts[f], 10);
    return dir;
}

static const int mixed[6] = {7, 1, 300, 12, 30, 9};

static void check_image(const struct images *im, int at, int file, int record, int classes)
{
    assert_int_equal(im->labels[at], label_of(file, record, classes));
    for (int i = 0; i < 1024; i++)
        for (int c = 0; c < 3; c++)
            assert_int_equal(im->pixels[(size_t)at * 3072 + (size_t)(3 * i + c)], pixel(file, record, c, i));
}

static void open_fails(int kind, const char *dir, enum err_code code, const char *part1, const char *part2)
{
    struct dataset d;
    struct err err = {0};
    static const struct dataset zero;
    assert_false(dataset_open(&d, kind, dir, 0, 0, &err));
    if (err.code != code || !strstr(err.msg, part1) || !strstr(err.msg, part2))
        fail_msg("got %s: %s; expected %s with '%s' and '%s'", err_name(err.code), err.msg, err_name(code), part1,
                 part2);
    assert_memory_equal(&d, &zero, sizeof d); /* nothing is left behind */
}

static void reads_files_of_mixed_sizes(void **state)
{
    char *dir = write_cifar10(mixed);
    struct dataset d;
    struct err err = {0};
    int at = 0;
    (void)state;
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    assert_int_equal(d.classes, 10);
    assert_int_equal(d.train.n, 350);
    assert_int_equal(d.test.n, 9);
    for (int f = 0; f < 5; f++)
        for (int r = 0; r < mixed[f]; r++)
            check_image(&d.train, at++, f, r, 10);
    for (int r = 0; r < 9; r++)
        check_image(&d.test, r, 5, r, 10);
    assert_string_equal(d.class_names[3], "cat");
    dataset_release(&d);
    dataset_release(&d); /* harmless */
    free(dir);
}

static void reads_cifar100_fine_labels(void **state)
{
    static const char names[] = "apple\r\naquarium_fish\r\nb\033[31mad\r\n\r\n";
    char *dir = fresh_dir();
    struct dataset d;
    struct err err = {0};
    (void)state;
    write_records(dir, "train.bin", 0, 260, 100);
    write_records(dir, "test.bin", 1, 50, 100);
    write_bytes(dir, "fine_label_names.txt", names, sizeof names - 1);
    assert_true(dataset_open(&d, DATASET_CIFAR100, dir, 0, 0, &err));
    assert_int_equal(d.classes, 100);
    assert_int_equal(d.train.n, 260);
    assert_int_equal(d.test.n, 50);
    for (int r = 0; r < 260; r++)
        check_image(&d.train, r, 0, r, 100);
    for (int r = 0; r < 50; r++)
        check_image(&d.test, r, 1, r, 100);
    assert_string_equal(d.class_names[0], "apple");
    assert_string_equal(d.class_names[1], "aquarium_fish");
    assert_string_equal(d.class_names[2], "b?[31mad"); /* no escape reaches a terminal */
    assert_string_equal(d.class_names[99], "class 99");
    dataset_release(&d);
    free(dir);
}

/* A limit is met exactly where there are enough images, and dealt evenly where the files allow. */
static void limits_deal_evenly(void **state)
{
    static const struct {
        int limit, n, from[5];
    } cases[] = {
        {5, 5, {1, 1, 1, 1, 1}},        {4, 4, {1, 1, 1, 1, 0}},         {20, 20, {5, 1, 5, 5, 4}},
        {100, 100, {7, 1, 50, 12, 30}}, {350, 350, {7, 1, 300, 12, 30}}, {9999, 350, {7, 1, 300, 12, 30}},
    };
    char *dir = write_cifar10(mixed);
    struct dataset d;
    struct err err = {0};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        int at = 0, most = 0, least = 9999;
        assert_true(dataset_open(&d, DATASET_CIFAR10, dir, cases[k].limit, 3, &err));
        assert_int_equal(d.train.n, cases[k].n);
        assert_int_equal(d.test.n, 3);
        /* Files come in order, each from its start; how many of each is read off the labels and pixels. */
        for (int f = 0; f < 5; f++) {
            int got = 0;
            while (at < d.train.n && got < mixed[f] && d.train.pixels[(size_t)at * 3072] == pixel(f, got, 0, 0) &&
                   d.train.pixels[(size_t)at * 3072 + 4] == pixel(f, got, 1, 1)) {
                check_image(&d.train, at, f, got, 10);
                got++;
                at++;
            }
            if (got < mixed[f]) { /* of those that had more to give */
                most = got > most ? got : most;
                least = got < least ? got : least;
            }
            assert_true(abs(got - cases[k].from[f]) <= 1);
        }
        assert_int_equal(at, cases[k].n);
        if (least < 9999)
            assert_true(most - least <= 1);
        dataset_release(&d);
    }
    free(dir);
}

static void names_what_is_missing(void **state)
{
    char *none = xstrfmt("%s/none", root);
    (void)state;
    open_fails(DATASET_CIFAR10, none, ERR_IO, none, "no such");
    open_fails(DATASET_SYNTH, none, ERR_IO, "data synth", none); /* says how to get it */
    for (int f = 0; f < 6; f++) {
        char *dir = write_cifar10(mixed), *path = xstrfmt("%s/%s", dir, c10_names[f]);
        assert_int_equal(unlink(path), 0);
        open_fails(DATASET_CIFAR10, dir, ERR_IO, c10_names[f], "no such file");
        assert_int_equal(mkdir(path, 0777), 0);
        open_fails(DATASET_CIFAR10, dir, ERR_IO, c10_names[f], "a folder");
        free(path);
        free(dir);
    }
    char *dir = fresh_dir(), *file = xstrfmt("%s/plain", dir), *pipe = xstrfmt("%s/train.bin", dir);
    write_bytes(dir, "plain", "x", 1);
    open_fails(DATASET_CIFAR10, file, ERR_IO, file, "no folder");
    assert_int_equal(mkfifo(pipe, 0666), 0);
    open_fails(DATASET_CIFAR100, dir, ERR_IO, "train.bin", "no regular file"); /* and does not wait for a writer */
    free(pipe);
    free(file);
    free(dir);
    free(none);
}

static void refuses_sizes_that_are_no_records(void **state)
{
    static const long cut[] = {1, 3072, 3074, 2 * 3073 - 1, 30 * 3073 + 1};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(cut); k++) {
        char *dir = write_cifar10(mixed), *path = xstrfmt("%s/data_batch_3.bin", dir), size[32];
        assert_int_equal(truncate(path, cut[k]), 0);
        snprintf(size, sizeof size, " %ld bytes", cut[k]);
        open_fails(DATASET_CIFAR10, dir, ERR_FORMAT, "data_batch_3.bin", size);
        open_fails(DATASET_CIFAR10, dir, ERR_FORMAT, "3073", "30730000");
        assert_int_equal(truncate(path, 0), 0);
        open_fails(DATASET_CIFAR10, dir, ERR_FORMAT, "data_batch_3.bin", "empty");
        assert_int_equal(truncate(path, 2 * 3073), 0); /* a cut-down set is welcome */
        struct dataset d;
        struct err err = {0};
        assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
        assert_int_equal(d.train.n, 52);
        dataset_release(&d);
        free(path);
        free(dir);
    }
}

static void patch(const char *dir, const char *name, long at, int byte)
{
    char *path = xstrfmt("%s/%s", dir, name);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, f), byte);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static void refuses_labels_out_of_range(void **state)
{
    char *dir = write_cifar10(mixed);
    (void)state;
    patch(dir, "data_batch_3.bin", 211 * 3073, 10);
    open_fails(DATASET_CIFAR10, dir, ERR_FORMAT, "data_batch_3.bin': record 211 has label 10", "0..9");
    free(dir);

    dir = fresh_dir();
    write_records(dir, "train.bin", 0, 5, 100);
    write_records(dir, "test.bin", 1, 5, 100);
    patch(dir, "test.bin", 4 * 3074 + 1, 100);
    open_fails(DATASET_CIFAR100, dir, ERR_FORMAT, "test.bin': record 4 has label 100", "0..99");
    patch(dir, "test.bin", 4 * 3074 + 1, 99);
    patch(dir, "test.bin", 2 * 3074, 20);
    open_fails(DATASET_CIFAR100, dir, ERR_FORMAT, "record 2 has coarse label 20", "0..19");
    free(dir);
}

/* One bit anywhere, or two images swapped, makes another digest; the order of reading does not. */
static void digest_sees_every_byte(void **state)
{
    static const long at[] = {0, 1, 3073 * 100 + 17, 3073 * 300 - 1, 3073 * 250};
    char *dir = write_cifar10(mixed), first[65];
    struct dataset d;
    struct err err = {0};
    (void)state;
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    memcpy(first, d.digest, 65);
    assert_int_equal(strlen(first), 64);
    dataset_release(&d);
    for (size_t k = 0; k < ARRAY_LEN(at); k++) {
        int old = at[k] % 3073
                      ? pixel(2, (int)(at[k] / 3073), (int)(at[k] % 3073 - 1) / 1024, (int)(at[k] % 3073 - 1) % 1024)
                      : label_of(2, (int)(at[k] / 3073), 10);
        patch(dir, "data_batch_3.bin", at[k], old ^ 1);
        assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
        assert_string_not_equal(d.digest, first);
        dataset_release(&d);
        patch(dir, "data_batch_3.bin", at[k], old);
    }
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    assert_string_equal(d.digest, first);
    dataset_release(&d);
    patch(dir, "test_batch.bin", 3073 * 8 + 9, pixel(5, 8, 0, 8) ^ 1);
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    assert_string_not_equal(d.digest, first);
    dataset_release(&d);
    patch(dir, "test_batch.bin", 3073 * 8 + 9, pixel(5, 8, 0, 8));
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 349, 0, &err));
    assert_string_not_equal(d.digest, first);
    dataset_release(&d);
    free(dir);
}

/* ---- the split ---- */

static void check_split(const struct dataset *d, double fraction)
{
    int n = d->train.n, *seen = xcalloc((size_t)n, sizeof *seen), total[10] = {0}, held[10] = {0};
    double sum[3] = {0}, mean[3], square[3] = {0};

    assert_int_equal(d->n_train + d->n_val, n);
    for (int i = 0; i < n; i++)
        total[d->train.labels[i]]++;
    for (int i = 0; i < d->n_val; i++) {
        assert_true(i == 0 || d->val_idx[i] > d->val_idx[i - 1]);
        seen[d->val_idx[i]]++;
        held[d->train.labels[d->val_idx[i]]]++;
    }
    for (int c = 0; c < 10; c++)
        assert_int_equal(held[c], (int)floor(fraction * total[c] + 0.5));
    for (int i = 0; i < d->n_train; i++) {
        assert_true(i == 0 || d->train_idx[i] > d->train_idx[i - 1]);
        seen[d->train_idx[i]]++;
    }
    for (int i = 0; i < n; i++)
        assert_int_equal(seen[i], 1);
    /* Two passes in double. */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < d->n_train; i++)
            for (int k = 0; k < 3072; k++) {
                double v = d->train.pixels[(size_t)d->train_idx[i] * 3072 + (size_t)k] / 255.0;
                if (pass)
                    square[k % 3] += (v - mean[k % 3]) * (v - mean[k % 3]);
                else
                    mean[k % 3] = (sum[k % 3] += v) / (1024.0 * d->n_train);
            }
    for (int c = 0; c < 3; c++) {
        mean[c] = sum[c] / (1024.0 * d->n_train);
        assert_true(fabs((double)d->mean[c] - mean[c]) < 1e-7);
        assert_true(fabs((double)d->std[c] - sqrt(square[c] / (1024.0 * d->n_train))) < 1e-6);
    }
    free(seen);
}

static void split_is_stratified_and_seeded(void **state)
{
    static const double fractions[] = {0.0, 0.1, 0.25, 0.5, 0.9};
    static const int counts[6] = {211, 100, 300, 120, 33, 9};
    char *dir = write_cifar10(counts);
    struct dataset d;
    struct err err = {0};
    (void)state;
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    for (size_t k = 0; k < ARRAY_LEN(fractions); k++) {
        assert_true(dataset_split(&d, fractions[k], 1, &err));
        check_split(&d, fractions[k]);
    }
    assert_true(dataset_split(&d, 0.5, 1, &err));
    int n = d.n_val, *first = xmalloc((size_t)n * sizeof *first), common = 0;
    memcpy(first, d.val_idx, (size_t)n * sizeof *first);
    assert_true(dataset_split(&d, 0.5, 2, &err));
    for (int i = 0, j = 0; i < n && j < n;)
        if (first[i] == d.val_idx[j]) {
            common++;
            i++;
            j++;
        } else if (first[i] < d.val_idx[j]) {
            i++;
        } else {
            j++;
        }
    assert_in_range(common, n * 2 / 5, n * 3 / 5); /* another seed: half is common by chance */
    assert_true(dataset_split(&d, 0.5, 1, &err));
    assert_memory_equal(first, d.val_idx, (size_t)n * sizeof *first);
    free(first);
    dataset_release(&d);
    free(dir);
}

static void split_refuses_nonsense(void **state)
{
    static const double bad[] = {-0.1, 1.1, NAN, INFINITY, 1.0, 0.999};
    char *dir = write_cifar10((const int[6]){4, 4, 4, 4, 4, 1});
    struct dataset d;
    struct err err;
    (void)state;
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    assert_true(dataset_split(&d, 0.5, 1, &err));
    int n_val = d.n_val;
    for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
        memset(&err, 0, sizeof err);
        assert_false(dataset_split(&d, bad[k], 1, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.msg, "val_fraction"));
        assert_int_equal(d.n_val, n_val); /* the former split stands */
    }
    check_split(&d, 0.5);
    dataset_release(&d);
    free(dir);
}

static void one_colour_has_std_one(void **state)
{
    char *dir = fresh_dir();
    struct dataset d;
    struct err err = {0};
    uint8_t grey[3073];
    (void)state;
    memset(grey, 200, sizeof grey);
    grey[0] = 3;
    for (int f = 0; f < 6; f++)
        write_bytes(dir, c10_names[f], grey, sizeof grey);
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 0, &err));
    assert_true(dataset_split(&d, 0.0, 1, &err));
    for (int c = 0; c < 3; c++) {
        assert_float_equal(d.mean[c], 200.0F / 255.0F, 1e-6F);
        assert_true(d.std[c] == 1.0F);
    }
    dataset_release(&d);
    free(dir);
}

/* 5,200 images, black and white in turn: more than 32 bits of squares, and moments known without a computer. */
static void sums_do_not_overflow(void **state)
{
    enum { RECORDS = 1040 };
    char *dir = fresh_dir();
    struct dataset d;
    struct err err = {0};
    uint8_t *data = xcalloc(RECORDS, 3073);
    (void)state;
    for (int r = 1; r < RECORDS; r += 2)
        memset(data + (size_t)r * 3073 + 1, 255, 3072);
    for (int f = 0; f < 6; f++)
        write_bytes(dir, c10_names[f], data, (size_t)RECORDS * 3073);
    assert_true(dataset_open(&d, DATASET_CIFAR10, dir, 0, 1, &err));
    assert_true(dataset_split(&d, 0.0, 1, &err));
    for (int c = 0; c < 3; c++)
        assert_true(d.mean[c] == 0.5F && d.std[c] == 0.5F);
    dataset_release(&d);
    free(data);
    free(dir);
}

/* ---- info and digests ---- */

static void info_counts_and_finds_the_kind(void **state)
{
    struct data_file files[8];
    struct err err = {0};
    int kind, train[DATA_CLASSES], test[DATA_CLASSES], want[100] = {0};
    char *dir = write_cifar10(mixed), md5[MD5_HEX], *path = xstrfmt("%s/data_batch_4.bin", dir);
    (void)state;
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), 6);
    assert_int_equal(kind, DATASET_CIFAR10);
    for (int f = 0; f < 5; f++)
        for (int r = 0; r < mixed[f]; r++)
            want[label_of(f, r, 10)]++;
    assert_memory_equal(train, want, sizeof want);
    assert_string_equal(files[3].name, "data_batch_4.bin");
    assert_int_equal(files[3].bytes, 12 * 3073);
    assert_int_equal(files[3].records, 12);
    assert_string_equal(files[3].known, "unknown");
    assert_true(digest_md5_file(path, md5, &err));
    assert_string_equal(files[3].md5, md5);

    write_bytes(dir, "batches.meta.txt", "disc_stripes\n", 13);
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), 6);
    assert_int_equal(kind, DATASET_SYNTH);

    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), -1);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_non_null(strstr(err.msg, "data_batch_4.bin"));
    free(path);
    free(dir);

    dir = fresh_dir();
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), -1);
    assert_non_null(strstr(err.msg, "data_batch_1.bin"));
    write_records(dir, "train.bin", 0, 30, 100);
    write_records(dir, "test.bin", 1, 20, 100);
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), 2);
    assert_int_equal(kind, DATASET_CIFAR100);
    assert_int_equal(train[3], 1);
    assert_int_equal(test[1 + 19 * 3], 1);
    free(dir);
}

/* RFC 1321, FIPS 180: the vectors of "abc" and of nothing. */
static void digests_match_the_standards(void **state)
{
    char hex[SHA256_HEX], *dir = fresh_dir(), *path = xstrfmt("%s/abc", dir);
    struct err err = {0};
    (void)state;
    digest_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    write_bytes(dir, "abc", "abc", 3);
    assert_true(digest_md5_file(path, hex, &err));
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    assert_true(digest_sha1_file(path, hex, &err));
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_false(digest_md5_file(dir, hex, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_false(digest_md5_file(path, hex, &err)); /* a pipe; does not wait for a writer either */
    assert_int_equal(unlink(path), 0);
    assert_false(digest_sha1_file(path, hex, &err));
    assert_non_null(strstr(err.msg, path));
    free(path);
    free(dir);
}

/* Every single-bit change, every cut and every swap of two words of a text gives a digest of its own, and so does
 * every number of zeros. */
static void bulk_digest_tells_texts_apart(void **state)
{
    enum { BYTES = 150, MAX = BYTES * 8 + 2 * BYTES + 200 };
    static const unsigned char zeros[BYTES];
    static char hex[MAX][SHA256_HEX];
    unsigned char text[BYTES];
    int n = 0;
    (void)state;
    for (int i = 0; i < BYTES; i++)
        text[i] = (unsigned char)hash3((uint64_t)i, 0, 0);
    for (int bit = 0; bit < BYTES * 8; bit++) {
        text[bit / 8] ^= (unsigned char)(1 << bit % 8);
        digest_bulk(text, BYTES, hex[n++]);
        text[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (int len = 0; len <= BYTES; len++)
        digest_bulk(text, (size_t)len, hex[n++]);
    for (int len = 1; len <= BYTES; len++)
        digest_bulk(zeros, (size_t)len, hex[n++]);
    for (int a = 0; a + 8 <= BYTES; a += 8)
        for (int b = a + 8; b + 8 <= BYTES && n < MAX; b += 8) {
            unsigned char swapped[BYTES];
            memcpy(swapped, text, BYTES);
            memcpy(swapped + a, text + b, 8);
            memcpy(swapped + b, text + a, 8);
            digest_bulk(swapped, BYTES, hex[n++]);
        }
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            assert_string_not_equal(hex[i], hex[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_of_mixed_sizes),
        cmocka_unit_test(reads_cifar100_fine_labels),
        cmocka_unit_test(limits_deal_evenly),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(refuses_sizes_that_are_no_records),
        cmocka_unit_test(refuses_labels_out_of_range),
        cmocka_unit_test(digest_sees_every_byte),
        cmocka_unit_test(split_is_stratified_and_seeded),
        cmocka_unit_test(split_refuses_nonsense),
        cmocka_unit_test(one_colour_has_std_one),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(info_counts_and_finds_the_kind),
        cmocka_unit_test(digests_match_the_standards),
        cmocka_unit_test(bulk_digest_tells_texts_apart),
    };
    return cmocka_run_group_tests_name("data", tests, setup, teardown);
}
