/* safetensors: bytes against a file put together by hand, everything that must be refused, and writes that fail. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "io/digest.h"
#include "io/fsutil.h"
#include "io/safetensors.h"
#include "scratch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = scratch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static struct st_file small(void)
{
    struct st_file f;
    st_init(&f);
    st_add(&f, "conv1.weight", ST_F32, 2, (int64_t[]){2, 3}, (float[]){1, -2, 3.5f, 0, 1e-30f, 7});
    st_add(&f, "flags", ST_U8, 1, (int64_t[]){3}, (uint8_t[]){1, 2, 255});
    st_add(&f, "step", ST_I64, 0, NULL, &(int64_t){-5});
    st_meta(&f, "net", "RES14");
    st_meta_fmt(&f, "mean", "%.3f %.3f", 0.5, 0.25);
    return f;
}

static void write_small(const char *path)
{
    struct st_file f = small();
    struct err err = {0};
    if (!st_write(&f, path, NULL, &err))
        fail_msg("%s", err.msg);
    st_release(&f);
}

/* length + header + zeros as data */
static void write_raw(const char *path, const char *header, size_t data_bytes)
{
    uint64_t n = strlen(header);
    size_t total = 8 + (size_t)n + data_bytes;
    unsigned char *buf = calloc(1, total);
    memcpy(buf, &n, 8);
    memcpy(buf + 8, header, (size_t)n);
    scratch_write(path, buf, total);
    free(buf);
}

/* ---- what is written ---- */

/* The file, byte by byte, from the format's description alone. */
static void bytes_are_those_of_the_format(void **state)
{
    (void)state;
    const char *path = scratch_path(dir, "a.safetensors");
    write_small(path);

    unsigned char data[35] = {0};
    memcpy(data, (float[]){1, -2, 3.5f, 0, 1e-30f, 7}, 24);
    memcpy(data + 24, (uint8_t[]){1, 2, 255}, 3);
    memcpy(data + 27, &(int64_t){-5}, 8);
    char of_data[65], of_header[65];
    digest_sha256(data, sizeof data, of_data);
    char header[1024], zeros[65];
    memset(zeros, '0', 64);
    zeros[64] = '\0';
    const char *form =
        "{\"__metadata__\":{\"header_sha256\":\"%s\",\"mean\":\"0.500 0.250\",\"net\":\"RES14\","
        "\"sha256\":\"%s\"},\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"flags\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]},"
        "\"step\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[27,35]}}";
    snprintf(header, sizeof header, form, zeros, of_data);
    size_t len = strlen(header), padded = (8 + len + 63) / 64 * 64 - 8;
    memset(header + len, ' ', padded - len);
    digest_sha256(header, padded, of_header);
    memcpy(strstr(header, zeros), of_header, 64);

    size_t n;
    unsigned char *file = scratch_read(path, &n);
    assert_int_equal(n, 8 + padded + sizeof data);
    assert_int_equal(file[0] + 256 * file[1], padded);
    for (int i = 2; i < 8; i++)
        assert_int_equal(file[i], 0);
    assert_memory_equal(file + 8, header, padded);
    assert_memory_equal(file + 8 + padded, data, sizeof data);
    free(file);
}

static void equal_contents_give_equal_bytes(void **state)
{
    (void)state;
    const char *names[] = {scratch_path(dir, "1"), scratch_path(dir, "2"), scratch_path(dir, "3")};
    struct err err = {0};
    for (int k = 0; k < 2; k++) {
        struct st_file f = small();
        for (int i = 0; i < 20; i++) { /* the order of metadata must not matter */
            char key[16];
            snprintf(key, sizeof key, "key%d", k ? 19 - i : i);
            st_meta(&f, key, key);
        }
        assert_true(st_write(&f, names[k], NULL, &err));
        st_release(&f);
    }
    struct st_file again;
    assert_true(st_read(&again, names[0], &err));
    assert_true(st_write(&again, names[2], NULL, &err));
    st_release(&again);

    size_t n[3];
    unsigned char *b[3];
    for (int k = 0; k < 3; k++)
        b[k] = scratch_read(names[k], &n[k]);
    for (int k = 1; k < 3; k++) {
        assert_int_equal(n[0], n[k]);
        assert_memory_equal(b[0], b[k], n[0]);
    }
    for (int k = 0; k < 3; k++)
        free(b[k]);
}

/* ---- there and back ---- */

static void every_type_and_rank_comes_back(void **state)
{
    (void)state;
    static const size_t size[] = {
        [ST_F32] = 4, [ST_F64] = 8, [ST_I64] = 8, [ST_I32] = 4, [ST_U8] = 1, [ST_F16] = 2, [ST_BF16] = 2};
    unsigned char noise[5000];
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)rng_u64(&rng);
    struct st_file f, g;
    struct err err = {0};
    char name[32], sha[65];
    st_init(&f);
    for (int d = 0; d <= ST_BF16; d++)
        for (int rank = 0; rank <= 8; rank++) {
            snprintf(name, sizeof name, "t%d.%d", d, rank);
            st_add(&f, name, (enum st_dtype)d, rank, (int64_t[]){3, 1, 5, 1, 2, 1, 1, 3}, noise + d + rank);
        }
    st_add(&f, "empty", ST_F32, 3, (int64_t[]){4, 0, 3}, NULL);
    st_meta(&f, "text", "quote \" backslash \\ newline \n umlaut \xc3\xa4 header_sha256\":\"");
    assert_true(st_write(&f, scratch_path(dir, "all"), sha, &err));
    assert_true(st_read(&g, scratch_path(dir, "all"), &err));

    assert_int_equal(g.n, 7 * 9 + 1);
    int i = 0;
    for (int d = 0; d <= ST_BF16; d++)
        for (int rank = 0; rank <= 8; rank++, i++) {
            snprintf(name, sizeof name, "t%d.%d", d, rank);
            const struct st_tensor *t = st_find(&g, name);
            assert_ptr_equal(t, &g.tensors[i]); /* the order of adding */
            assert_int_equal(t->dtype, d);
            assert_int_equal(t->rank, rank);
            size_t elements = 1;
            for (int k = 0; k < rank; k++) {
                assert_int_equal(t->shape[k], ((int64_t[]){3, 1, 5, 1, 2, 1, 1, 3})[k]);
                elements *= (size_t)t->shape[k];
            }
            assert_int_equal(t->bytes, elements * size[d]);
            assert_int_equal((uintptr_t)t->data % 64, 0);
            assert_memory_equal(t->data, noise + d + rank, t->bytes);
        }
    assert_int_equal(g.tensors[i].bytes, 0);
    assert_int_equal(g.tensors[i].shape[0], 4);
    assert_null(st_find(&g, "absent"));
    assert_string_equal(st_meta_get(&g, "text"), st_meta_get(&f, "text"));
    assert_string_equal(st_meta_get(&g, "sha256"), sha);
    assert_null(st_meta_get(&g, "absent"));
    st_release(&f);
    st_release(&g);
}

static void a_file_read_can_be_added_to(void **state)
{
    (void)state;
    struct err err = {0};
    for (int n = 0; n < 10; n++) {
        struct st_file f, g;
        char name[16];
        st_init(&f);
        for (int i = 0; i < n; i++) {
            snprintf(name, sizeof name, "a%d", i);
            st_add(&f, name, ST_I32, 1, (int64_t[]){1}, &i);
        }
        assert_true(st_write(&f, scratch_path(dir, "f"), NULL, &err));
        st_release(&f);
        assert_true(st_read(&f, scratch_path(dir, "f"), &err));
        for (int i = n; i < n + 20; i++) {
            snprintf(name, sizeof name, "a%d", i);
            st_add(&f, name, ST_I32, 1, (int64_t[]){1}, &i);
        }
        st_meta(&f, "k", "old");
        st_meta(&f, "k", "new");
        assert_true(st_write(&f, scratch_path(dir, "f"), NULL, &err));
        assert_true(st_read(&g, scratch_path(dir, "f"), &err));
        assert_int_equal(g.n, n + 20);
        for (int i = 0; i < n + 20; i++)
            assert_int_equal(*(int *)g.tensors[i].data, i);
        assert_string_equal(st_meta_get(&g, "k"), "new");
        assert_int_equal(g.n_meta, 3);
        st_release(&f);
        st_release(&g);
    }
}

/* As the Python package writes: no metadata or "format" only, the header padded to 8 bytes or not at all, the
 * header's order not that of the data. */
static void files_of_the_python_package_are_read(void **state)
{
    (void)state;
    const char *headers[] = {
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\","
        "\"shape\":[2],\"data_offsets\":[8,16]}}     ",
        " {\"a\": {\"shape\": [], \"data_offsets\": [0, 8], \"dtype\": \"I64\"}, \"empty\": {\"dtype\": \"F32\", \"shape\": [0], "
        "\"data_offsets\": [8, 8]}, \"b\": {\"data_offsets\": [8, 16], \"shape\": [2], \"dtype\": \"F32\"}}\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct st_file f;
        struct err err = {0};
        write_raw(scratch_path(dir, "py"), headers[i], 16);
        if (!st_read(&f, scratch_path(dir, "py"), &err))
            fail_msg("%zu: %s", i, err.msg);
        assert_string_equal(f.tensors[0].name, "a");
        assert_string_equal(f.tensors[f.n - 1].name, "b");
        assert_int_equal(f.tensors[f.n - 1].bytes, 8);
        st_release(&f);
    }
    struct st_file f;
    write_raw(scratch_path(dir, "py"), "{}", 0);
    assert_true(st_read(&f, scratch_path(dir, "py"), NULL));
    assert_int_equal(f.n, 0);
    st_release(&f);
}

/* ---- what is refused ---- */

static void refused(const char *path, enum err_code code, const char *words, const char *what)
{
    struct st_file f;
    struct err err = {0};
    if (st_read(&f, path, &err))
        fail_msg("%s: was believed", what);
    if (err.code != code || !strstr(err.msg, words) || !strstr(err.msg, path))
        fail_msg("%s: '%s' should be of code %s and contain '%s'", what, err.msg, err_name(code), words);
    assert_int_equal(f.n, 0);
    assert_null(f.tensors);
    assert_null(f.block);
}

#define T(rest) "{\"a\":{" rest "}}"
static void hostile_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *words;
    } cases[] = {
        {"", 0, "not valid JSON"},
        {"[]", 0, "not an object"},
        {"{\"a\":", 0, "not valid JSON"},
        {"{} x", 0, "not valid JSON"},
        {"{\"a\":1}", 0, "not described by an object"},
        {"{\"\xff\":1}", 0, "not valid JSON"},
        {"{\"a\\u0000b\":1}", 0, "not valid JSON"},
        {T("\"shape\":[2],\"data_offsets\":[0,8]"), 8, "has no dtype"},
        {T("\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]"), 8, "has no dtype"},
        {T("\"dtype\":\"BOOL\",\"shape\":[8],\"data_offsets\":[0,8]"), 8, "dtype 'BOOL', known are F32"},
        {T("\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]"), 8, "dtype 'f32'"},
        {T("\"dtype\":\"F32\",\"data_offsets\":[0,8]"), 8, "has no shape"},
        {T("\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]"), 8, "has no shape"},
        {T("\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]"), 8, "whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]"), 8, "whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]"), 8, "whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]"), 8, "9 dimensions, at most 8"},
        {T("\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]"), 8, "has 8 bytes, its shape needs 12"},
        {T("\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]"), 0, "too large"},
        {T("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 0, "too large"},
        {T("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,0],\"data_offsets\":[0,0]"), 0, "too large"},
        {T("\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,0]"), 0, "not valid JSON"},
        {T("\"dtype\":\"F32\",\"shape\":[2]"), 8, "no data_offsets"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]"), 8, "no data_offsets"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]"), 8, "no data_offsets"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8.0]"), 8, "no data_offsets"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,16]"), 8, "[0, 16], the file has 8 bytes"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]"), 8, "[-8, 0], the file"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]"), 8, "[8, 0], the file"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]"), 8, "the file has 8 bytes"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"), 9, "has 9 bytes of data, its tensors cover 8"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]"), 9, "a gap"},
        {"{}", 1, "has 1 bytes of data, its tensors cover 0"},
        {T("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[4,12]"),
         12, "overlap"},
        {T("\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"),
         4, "overlap"},
        {T("\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[8,12]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"),
         12, "a gap"},
        {T("\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]"),
         8, "duplicate"},
        {T("\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]"), 4, "duplicate"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
        {"{\"__metadata__\":{\"epoch\":3}}", 0, "metadata key 'epoch' is not a string"},
        {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "duplicate"},
        {"{\"__metadata__\":{\"sha256\":\"\"}}", 0, "damaged"},
        {"{\"__metadata__\":{\"sha256\":\"\",\"header_sha256\":\"\"}}", 0, "SHA-256 of its data"},
        {"{\"__metadata__\":{\"header_sha256\":\"abc\"}}", 0, "damaged"},
        {"{\"__metadata__\":{\"a\\\"header_sha256\":\"\",\"header_sha256\":\"\"}}", 0, "damaged"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = scratch_path(dir, "h");
        write_raw(path, cases[i].header, cases[i].data);
        refused(path, ERR_FORMAT, cases[i].words, cases[i].header);
    }
}

static void hostile_lengths_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        const char *words;
    } cases[] = {{3, "truncated"},        {10000000, "truncated"},     {10000001, "at most 10000000"},
                 {UINT64_MAX, "at most"}, {UINT64_MAX - 7, "at most"}, {INT64_MAX, "at most"},
                 {0, "not valid JSON"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned char file[10] = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
        memcpy(file, &cases[i].length, 8);
        scratch_write(scratch_path(dir, "l"), file, sizeof file);
        refused(scratch_path(dir, "l"), ERR_FORMAT, cases[i].words, cases[i].words);
    }
    /* nesting must not exhaust the stack */
    size_t deep = 1000000;
    char *nest = malloc(deep + 1);
    memset(nest, '[', deep);
    nest[deep] = '\0';
    write_raw(scratch_path(dir, "deep"), nest, 0);
    free(nest);
    refused(scratch_path(dir, "deep"), ERR_FORMAT, "not valid JSON", "deep nesting");
}

static void things_that_are_no_files_are_refused(void **state)
{
    (void)state;
    refused(scratch_path(dir, "absent"), ERR_IO, "cannot open", "absent");
    refused(dir, ERR_IO, "no regular file", "a folder");
    assert_int_equal(mkfifo(scratch_path(dir, "pipe"), 0600), 0);
    refused(scratch_path(dir, "pipe"), ERR_IO, "no regular file", "a pipe"); /* and does not hang */
    const char *huge = scratch_path(dir, "huge");
    scratch_write(huge, "", 0);
    assert_int_equal(truncate(huge, (off_t)1 << 40), 0);
    refused(huge, ERR_FORMAT, "at most", "a sparse terabyte");
}

static void names_in_messages_are_harmless(void **state)
{
    (void)state;
    write_raw(scratch_path(dir, "esc"), "{\"\\u001b[2J\\u009b31m\":{\"dtype\":\"\\u0007\"}}", 0);
    struct st_file f;
    struct err err = {0};
    assert_false(st_read(&f, scratch_path(dir, "esc"), &err));
    for (const char *p = err.msg; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p != 0x7f && (unsigned char)*p != 0x9b);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    write_small(scratch_path(dir, "whole"));
    size_t n;
    unsigned char *b = scratch_read(scratch_path(dir, "whole"), &n);
    const char *path = scratch_path(dir, "cut");
    for (size_t k = 0; k < n; k++) {
        struct st_file f;
        struct err err = {0};
        scratch_write(path, b, k);
        if (st_read(&f, path, &err))
            fail_msg("believed %zu of %zu bytes", k, n);
        assert_int_equal(err.code, ERR_FORMAT);
    }
    free(b);
}

static void a_flipped_bit_anywhere_is_found(void **state)
{
    (void)state;
    write_small(scratch_path(dir, "whole"));
    size_t n;
    unsigned char *b = scratch_read(scratch_path(dir, "whole"), &n);
    const char *path = scratch_path(dir, "flip");
    for (size_t k = 0; k < n; k++) {
        struct st_file f;
        b[k] ^= (unsigned char)(1 << (k % 8));
        scratch_write(path, b, n);
        if (st_read(&f, path, NULL))
            fail_msg("bit %zu of byte %zu of %zu was flipped, and believed", k % 8, k, n);
        b[k] ^= (unsigned char)(1 << (k % 8));
    }
    /* the data, every bit */
    for (size_t bit = 0; bit < 35 * 8; bit++) {
        struct st_file f;
        struct err err = {0};
        unsigned char *at = b + n - 35 + bit / 8;
        *at ^= (unsigned char)(1 << (bit % 8));
        scratch_write(path, b, n);
        assert_false(st_read(&f, path, &err));
        assert_non_null(strstr(err.msg, "SHA-256 of its data"));
        *at ^= (unsigned char)(1 << (bit % 8));
    }
    free(b);
}

/* ---- writes that fail ---- */

/* Tries to replace PATH by something large; the status tells what was wrong: 0 all as it should be. */
static bool refuses_to_write(const char *path, const char *words)
{
    struct st_file f;
    struct err err = {0};
    st_init(&f);
    float *big = calloc(100000, sizeof *big);
    st_add(&f, "big", ST_F32, 1, (int64_t[]){100000}, big);
    free(big);
    bool wrote = st_write(&f, path, NULL, &err);
    st_release(&f);
    if (wrote || err.code != ERR_IO || !strstr(err.msg, words) || !strstr(err.msg, path)) {
        fprintf(stderr, "wrote %d, '%s' should contain '%s'\n", wrote, err.msg, words);
        return false;
    }
    return true;
}

static bool is_small(const char *path)
{
    struct st_file f;
    bool ok = st_read(&f, path, NULL) && f.n == 3;
    st_release(&f);
    return ok;
}

static int on_a_full_disk(void *arg)
{
    scratch_limit_files(100000);
    return refuses_to_write(arg, "too large") ? 0 : 1;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = xstrdup(scratch_path(dir, "old"));
    write_small(path);
    assert_int_equal(scratch_child(on_a_full_disk, path), 0);
    assert_true(is_small(path));
    assert_int_equal(scratch_count(dir), 1);
    free(path);
}

enum { SKIPPED = 77 };

static int in_a_readonly_folder(void *arg)
{
    if (!scratch_drop_root())
        return SKIPPED;
    return refuses_to_write(arg, "ermission denied") ? 0 : 1;
}

static void a_readonly_folder_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = xstrdup(scratch_path(dir, "old"));
    write_small(path);
    chmod(dir, 0555);
    int status = scratch_child(in_a_readonly_folder, path);
    chmod(dir, 0755);
    if (status == SKIPPED)
        skip();
    assert_int_equal(status, 0);
    assert_true(is_small(path));
    assert_int_equal(scratch_count(dir), 1);
    free(path);
}

static void targets_that_are_no_files_are_refused(void **state)
{
    (void)state;
    assert_true(refuses_to_write(dir, "it is a folder"));
    assert_true(refuses_to_write(scratch_path(dir, "no/such/file"), "no such file or folder"));
    mkfifo(scratch_path(dir, "pipe"), 0600);
    assert_true(refuses_to_write(scratch_path(dir, "pipe"), "no regular file"));
    assert_int_equal(scratch_count(dir), 1);
}

static void a_value_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    struct st_file f = small();
    struct err err = {0};
    st_meta(&f, "data_dir", "caf\xe9");
    assert_false(st_write(&f, scratch_path(dir, "x"), NULL, &err));
    assert_non_null(strstr(err.msg, "metadata key 'data_dir' is not UTF-8"));
    assert_int_equal(scratch_count(dir), 0);
    st_release(&f);
}

/* ---- fsutil underneath ---- */

static void a_link_is_followed_and_leftovers_are_reused(void **state)
{
    (void)state;
    assert_true(fs_mkdirs(scratch_path(dir, "a//b/c/"), NULL));
    write_small(scratch_path(dir, "a/b/real"));
    assert_int_equal(symlink("a/b/real", scratch_path(dir, "link")), 0);
    scratch_write(scratch_path(dir, "a/b/.real.tmp0"), "left by a killed process, and longer than what comes", 52);
    assert_true(fs_write_whole(scratch_path(dir, "link"), "new", 3, NULL));
    struct stat st;
    assert_int_equal(lstat(scratch_path(dir, "link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    size_t n;
    unsigned char *b = scratch_read(scratch_path(dir, "a/b/real"), &n);
    assert_int_equal(n, 3);
    assert_memory_equal(b, "new", 3);
    free(b);
    assert_int_equal(scratch_count(scratch_path(dir, "a/b")), 2);
}

static void two_writers_do_not_mix(void **state)
{
    (void)state;
    const char *path = scratch_path(dir, "f");
    struct fs_file *a = fs_create(path, NULL), *b = fs_create(path, NULL), *c = fs_create(path, NULL);
    assert_true(fs_append(a, "aaaa", 4, NULL) && fs_append(b, "bb", 2, NULL) && fs_append(a, "aaaa", 4, NULL));
    assert_int_equal(access(path, F_OK), -1);
    assert_true(fs_commit(b, NULL));
    size_t n;
    unsigned char *got = scratch_read(path, &n);
    assert_int_equal(n, 2);
    free(got);
    assert_true(fs_commit(a, NULL));
    fs_discard(c);
    got = scratch_read(path, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(got, "aaaaaaaa", 8);
    free(got);
    assert_int_equal(scratch_count(dir), 1);
}

static void folders_are_made_or_the_reason_given(void **state)
{
    (void)state;
    struct err err = {0};
    assert_true(fs_mkdirs(scratch_path(dir, "x/y"), &err));
    assert_true(fs_mkdirs(scratch_path(dir, "x/y"), &err));
    assert_true(fs_mkdirs(".", &err) && fs_mkdirs("/", &err));
    scratch_write(scratch_path(dir, "file"), "", 0);
    assert_false(fs_mkdirs(scratch_path(dir, "file/z"), &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "not a directory"));
    char *d[] = {fs_dirname("a/b/c"), fs_dirname("c"), fs_dirname("/c")};
    assert_string_equal(d[0], "a/b");
    assert_string_equal(d[1], ".");
    assert_string_equal(d[2], "/");
    for (int i = 0; i < 3; i++)
        free(d[i]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_are_those_of_the_format),
        TEST(equal_contents_give_equal_bytes),
        TEST(every_type_and_rank_comes_back),
        TEST(a_file_read_can_be_added_to),
        TEST(files_of_the_python_package_are_read),
        TEST(hostile_headers_are_refused),
        TEST(hostile_lengths_are_refused),
        TEST(things_that_are_no_files_are_refused),
        TEST(names_in_messages_are_harmless),
        TEST(a_file_cut_anywhere_is_refused),
        TEST(a_flipped_bit_anywhere_is_found),
        TEST(a_full_disk_leaves_the_old_file),
        TEST(a_readonly_folder_leaves_the_old_file),
        TEST(targets_that_are_no_files_are_refused),
        TEST(a_value_that_is_not_utf8_is_refused),
        TEST(a_link_is_followed_and_leftovers_are_reused),
        TEST(two_writers_do_not_mix),
        TEST(folders_are_made_or_the_reason_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
