/* synth: purity, balance, the layout on disk, and that the classes can be told apart but not by colour alone. */
#include <dirent.h>
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

#include "io/digest.h"
#include "io/fsutil.h"
#include "io/synth.h"

static char root[64];

static int setup(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/test_synth.XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static char *in_root(const char *name)
{
    return xstrfmt("%s/%s", root, name);
}

static uint8_t *read_file(const char *dir, const char *name, size_t *n)
{
    struct err err = {0};
    char *path = xstrfmt("%s/%s", dir, name);
    void *data = NULL;
    if (!fs_read_whole(path, 1 << 30, &data, n, &err))
        fail_msg("%s", err.msg);
    free(path);
    return data;
}

static void image_is_a_pure_function(void **state)
{
    uint8_t a[3072], b[3072];
    (void)state;
    synth_image(1, 5, 3, a);
    synth_image(9, 9, 9, b); /* something in between */
    synth_image(1, 5, 3, b);
    assert_memory_equal(a, b, sizeof a);
    synth_image(2, 5, 3, b);
    assert_memory_not_equal(a, b, sizeof a);
    synth_image(1, 6, 3, b);
    assert_memory_not_equal(a, b, sizeof a);
    synth_image(1, 5, 4, b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* Every compiler and optimisation must make the same bytes: this digest was made by gcc 12 and clang 14, at -O0 and
 * -O3, with and without fused multiply-add. It changes when, and only when, the set is redefined. */
static void bytes_do_not_depend_on_the_compiler(void **state)
{
    uint8_t *all = xmalloc(200 * 3072);
    char hex[SHA256_HEX];
    (void)state;
    for (int i = 0; i < 200; i++)
        synth_image(1, (uint64_t)i, i % 10, all + i * 3072);
    digest_sha256(all, 200 * 3072, hex);
    free(all);
    assert_string_equal(hex, "9badb23d07341518adab0a254be99110041be307c7597ed1f8b87b2caa5d5484");
}

static void check_balance(const uint8_t *data, size_t bytes, int records)
{
    int count[10] = {0}, runs = 1;
    assert_int_equal(bytes, (size_t)records * 3073);
    for (int i = 0; i < records; i++) {
        assert_in_range(data[(size_t)i * 3073], 0, 9);
        count[data[(size_t)i * 3073]]++;
        runs += i && data[(size_t)i * 3073] != data[(size_t)(i - 1) * 3073];
    }
    for (int c = 0; c < 10; c++)
        assert_in_range(count[c], records / 10, (records + 9) / 10);
    if (records >= 40) /* shuffled: neither sorted (10 runs) nor cycling (as many runs as records) */
        assert_true(runs > 20 && runs < records);
}

static void writes_cifar10_layout(void **state)
{
    struct err err = {0};
    char *dir = in_root("a/b/set"), name[32];
    size_t n;
    (void)state;
    assert_true(synth_write(dir, 203, 57, 1, &err)); /* 203 becomes 205 */
    for (int i = 1; i <= 6; i++) {
        snprintf(name, sizeof name, i <= 5 ? "data_batch_%d.bin" : "test_batch.bin", i);
        uint8_t *data = read_file(dir, name, &n);
        check_balance(data, n, i <= 5 ? 41 : 57);
        free(data);
    }
    char *names = (char *)read_file(dir, "batches.meta.txt", &n);
    int lines = 0;
    for (char *line = strtok(names, "\n"); line; line = strtok(NULL, "\n"))
        assert_string_equal(line, synth_class_name(lines++));
    assert_int_equal(lines, 10);
    free(names);

    DIR *d = opendir(dir);
    int files = 0;
    for (struct dirent *e; (e = readdir(d));)
        files += e->d_name[0] != '.';
    closedir(d);
    assert_int_equal(files, 7); /* and no temporary file */
    free(dir);
}

/* A record is label, then the planes of the image with the running number of its place. */
static void record_holds_planes_of_the_image(void **state)
{
    struct err err = {0};
    char *dir = in_root("planes");
    size_t n;
    uint8_t pixels[3072];
    (void)state;
    assert_true(synth_write(dir, 50, 10, 4, &err));
    uint8_t *data = read_file(dir, "data_batch_3.bin", &n);
    for (uint64_t i = 0; i < 10; i++) {
        const uint8_t *record = data + i * 3073;
        synth_image(4, 20 + i, record[0], pixels);
        for (int p = 0; p < 1024; p++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(record[1 + c * 1024 + p], pixels[p * 3 + c]);
    }
    free(data);
    free(dir);
}

static void equal_seeds_give_equal_files(void **state)
{
    static const char *const names[] = {"data_batch_1.bin", "data_batch_5.bin", "test_batch.bin"};
    struct err err = {0};
    char *a = in_root("s1"), *b = in_root("s1_again"), *c = in_root("s2");
    size_t na, nb, nc;
    (void)state;
    assert_true(synth_write(a, 100, 20, 1, &err));
    assert_true(synth_write(a, 100, 20, 1, &err)); /* over our own: fine */
    assert_true(synth_write(b, 100, 20, 1, &err));
    assert_true(synth_write(c, 100, 20, 2, &err));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint8_t *x = read_file(a, names[i], &na), *y = read_file(b, names[i], &nb), *z = read_file(c, names[i], &nc);
        assert_int_equal(na, nb);
        assert_memory_equal(x, y, na);
        assert_memory_not_equal(x, z, na);
        free(x);
        free(y);
        free(z);
    }
    free(a);
    free(b);
    free(c);
}

static void no_test_image_is_a_training_image(void **state)
{
    struct err err = {0};
    char *dir = in_root("disjoint");
    size_t n, m;
    (void)state;
    assert_true(synth_write(dir, 50, 50, 1, &err));
    uint8_t *test = read_file(dir, "test_batch.bin", &m);
    for (int f = 1; f <= 5; f++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%d.bin", f);
        uint8_t *train = read_file(dir, name, &n);
        for (size_t i = 0; i < n; i += 3073)
            for (size_t j = 0; j < m; j += 3073)
                assert_memory_not_equal(train + i + 1, test + j + 1, 3072);
        free(train);
    }
    free(test);
    free(dir);
}

static void refuses_what_it_must(void **state)
{
    struct err err = {0};
    char *other = in_root("other"), *file = xstrfmt("%s/data_batch_1.bin", other), *below = xstrfmt("%s/x", file);
    (void)state;
    assert_true(fs_mkdirs(other, &err));
    assert_true(fs_write_whole(file, "precious", 8, &err));
    assert_false(synth_write(other, 10, 10, 1, &err)); /* somebody else's set */
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, file));
    size_t n;
    uint8_t *data = read_file(other, "data_batch_1.bin", &n);
    assert_int_equal(n, 8);
    free(data);

    assert_false(synth_write(below, 10, 10, 1, &err)); /* a file where a folder should be */
    assert_int_equal(err.code, ERR_IO);
    assert_false(synth_write(root, 0, 10, 1, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_false(synth_write(root, 10, SYNTH_MAX + 1, 1, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "1000001"));
    free(below);
    free(file);
    free(other);
}

/* The mean colour must be next to useless: the nearest class mean of 2,000 images is right on fewer than 14 % of 2,000
 * others (chance is 10 %, one sigma 0.7; a large bright figure is a weak hint). And no image is blank. */
static void colour_does_not_give_the_class_away(void **state)
{
    enum { M = 2000 };
    static double colour[2 * M][3];
    double centre[10][3] = {{0}};
    uint8_t p[3072];
    int hits = 0;
    (void)state;
    for (int i = 0; i < 2 * M; i++) {
        double square = 0.0, sum = 0.0;
        synth_image(1, (uint64_t)i, i % 10, p);
        for (int k = 0; k < 3072; k++) {
            colour[i][k % 3] += p[k] / 1024.0;
            sum += p[k];
            square += (double)p[k] * p[k];
        }
        assert_true(square / 3072 - sum / 3072 * (sum / 3072) > 9.0);
        if (i < M)
            for (int c = 0; c < 3; c++)
                centre[i % 10][c] += colour[i][c] / (M / 10.0);
    }
    for (int i = M; i < 2 * M; i++) {
        double nearest = INFINITY;
        int guess = -1;
        for (int k = 0; k < 10; k++) {
            double d = 0.0;
            for (int c = 0; c < 3; c++)
                d += (colour[i][c] - centre[k][c]) * (colour[i][c] - centre[k][c]);
            if (d < nearest) {
                nearest = d;
                guess = k;
            }
        }
        hits += guess == i % 10;
    }
    print_message("nearest mean colour: %.1f %% right\n", 100.0 * hits / M);
    assert_true(hits < M * 14 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_is_a_pure_function),     cmocka_unit_test(bytes_do_not_depend_on_the_compiler),
        cmocka_unit_test(writes_cifar10_layout),        cmocka_unit_test(record_holds_planes_of_the_image),
        cmocka_unit_test(equal_seeds_give_equal_files), cmocka_unit_test(no_test_image_is_a_training_image),
        cmocka_unit_test(refuses_what_it_must),         cmocka_unit_test(colour_does_not_give_the_class_away),
    };
    return cmocka_run_group_tests_name("synth", tests, setup, teardown);
}
