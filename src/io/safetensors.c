/* The whole file is put together, and taken apart, in memory: weights of these nets are a few megabytes, and one
 * buffer makes the digest, the checks and the atomic write simple. Reading parses the header into tensors that
 * still hold file offsets, sorts them by offset, proves that they tile the data section exactly, verifies the digests,
 * and only then copies each tensor to an aligned place of its own. */
#include "safetensors.h"

#include "digest.h"
#include "fsutil.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian and so is this code");

#define META "__metadata__"
#define KEY_DATA "sha256"
#define KEY_HEADER "header_sha256"
#define ZEROS_64 "0000000000000000000000000000000000000000000000000000000000000000"

enum { ALIGN = 64, LENGTH_BYTES = 8, MAX_RANK = 8, HEX = 64 };
static const size_t max_file = (size_t)2 << 30, max_header = 10 * 1000 * 1000;

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [ST_F32] = {"F32", 4}, [ST_F64] = {"F64", 8}, [ST_I64] = {"I64", 8},   [ST_I32] = {"I32", 4},
    [ST_U8] = {"U8", 1},   [ST_F16] = {"F16", 2}, [ST_BF16] = {"BF16", 2},
};

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Bytes of a tensor; false when the product does not fit. */
static bool tensor_bytes(enum st_dtype dtype, int rank, const int64_t *shape, size_t *bytes)
{
    size_t n = dtypes[dtype].size;
    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(n, (size_t)shape[i], &n))
            return false;
    *bytes = n;
    return true;
}

/* ---- building ---- */

void st_init(struct st_file *f)
{
    *f = (struct st_file){0};
}

void st_release(struct st_file *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->tensors[i].name);
    for (int i = 0; i < f->n_meta; i++) {
        free(f->meta_key[i]);
        free(f->meta_value[i]);
    }
    free(f->tensors);
    free(f->meta_key);
    free(f->meta_value);
    free(f->block);
    st_init(f);
}

/* Room for BYTES more at the block's end; the tensors' pointers move along. */
static void *block_take(struct st_file *f, size_t bytes)
{
    size_t need = f->block_used + round_up(bytes);
    if (need > f->block_cap || !f->block) {
        size_t cap = need > 2 * f->block_cap ? need : 2 * f->block_cap;
        unsigned char *block = xalloc_aligned(cap ? cap : ALIGN);
        for (int i = 0; i < f->n; i++)
            f->tensors[i].data = block + ((unsigned char *)f->tensors[i].data - (unsigned char *)f->block);
        if (f->block_used)
            memcpy(block, f->block, f->block_used);
        free(f->block);
        f->block = block;
        f->block_cap = cap;
    }
    void *p = (unsigned char *)f->block + f->block_used;
    f->block_used = need;
    return p;
}

/* Takes over NAME. */
static struct st_tensor *tensor_push(struct st_file *f, char *name)
{
    if ((f->n & (f->n - 1)) == 0) /* full at 0, 1, 2, 4, 8, ... */
        f->tensors = xrealloc(f->tensors, sizeof *f->tensors * (f->n ? 2 * (size_t)f->n : 1));
    struct st_tensor *t = &f->tensors[f->n++];
    *t = (struct st_tensor){.name = name};
    return t;
}

void st_add(struct st_file *f, const char *name, enum st_dtype dtype, int rank, const int64_t *shape, const void *data)
{
    size_t bytes = 0;
    assert(rank >= 0 && rank <= MAX_RANK);
    assert(strcmp(name, META) != 0 && !st_find(f, name));
    bool fits = tensor_bytes(dtype, rank, shape, &bytes);
    assert(fits);
    (void)fits;
    void *place = block_take(f, bytes); /* before the push: it moves the pointers of the tensors that are there */
    struct st_tensor *t = tensor_push(f, xstrdup(name));
    t->dtype = dtype;
    t->rank = rank;
    for (int i = 0; i < rank; i++)
        t->shape[i] = shape[i];
    t->bytes = bytes;
    t->data = place;
    if (bytes)
        memcpy(place, data, bytes);
}

static void meta_push(struct st_file *f, const char *key, const char *value)
{
    size_t n = (size_t)f->n_meta + 1;
    f->meta_key = xrealloc(f->meta_key, n * sizeof *f->meta_key);
    f->meta_value = xrealloc(f->meta_value, n * sizeof *f->meta_value);
    f->meta_key[n - 1] = xstrdup(key);
    f->meta_value[n - 1] = xstrdup(value);
    f->n_meta = (int)n;
}

void st_meta(struct st_file *f, const char *key, const char *value)
{
    /* No quotes in our keys: the place of header_sha256's digits is found in the header's text. */
    assert(key[0] && key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0');
    for (int i = 0; i < f->n_meta; i++)
        if (strcmp(f->meta_key[i], key) == 0) {
            char *copy = xstrdup(value);
            free(f->meta_value[i]);
            f->meta_value[i] = copy;
            return;
        }
    meta_push(f, key, value);
}

void st_meta_fmt(struct st_file *f, const char *key, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    char *value = xmalloc((size_t)n + 1);
    vsnprintf(value, (size_t)n + 1, fmt, again);
    va_end(again);
    st_meta(f, key, value);
    free(value);
}

const struct st_tensor *st_find(const struct st_file *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (strcmp(f->tensors[i].name, name) == 0)
            return &f->tensors[i];
    return NULL;
}

const char *st_meta_get(const struct st_file *f, const char *key)
{
    for (int i = 0; i < f->n_meta; i++)
        if (strcmp(f->meta_key[i], key) == 0)
            return f->meta_value[i];
    return NULL;
}

/* ---- digests ---- */

/* The 64 digits of header_sha256 in a header's text, or NULL. The quote before the key is not escaped, so no string
 * that merely contains these words is mistaken for it. */
static char *header_digits(char *text, size_t n)
{
    static const char mark[] = "\"" KEY_HEADER "\":\"";
    const size_t len = sizeof mark - 1;
    for (size_t i = 0; i + len + HEX <= n; i++)
        if (memcmp(text + i, mark, len) == 0 && (i == 0 || text[i - 1] != '\\'))
            return text + i + len;
    return NULL;
}

/* ---- writing ---- */

struct meta_item {
    const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
    const struct meta_item *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static bool is_digest(const char *key)
{
    return strcmp(key, KEY_DATA) == 0 || strcmp(key, KEY_HEADER) == 0;
}

static json_t *meta_json(const struct st_file *f, const char *sha256, const char *path, struct err *err)
{
    struct meta_item *items = xcalloc((size_t)f->n_meta + 2, sizeof *items);
    int n = 0;
    items[n++] = (struct meta_item){KEY_DATA, sha256};
    items[n++] = (struct meta_item){KEY_HEADER, ZEROS_64};
    for (int i = 0; i < f->n_meta; i++)
        if (!is_digest(f->meta_key[i]))
            items[n++] = (struct meta_item){f->meta_key[i], f->meta_value[i]};
    qsort(items, (size_t)n, sizeof *items, by_key);

    json_t *meta = json_object();
    bool ok = meta != NULL;
    for (int i = 0; ok && i < n; i++)
        if (json_object_set_new(meta, items[i].key, json_string(items[i].value)) != 0) {
            err_set(err, ERR_FORMAT, "cannot write '%s': the value of metadata key '%s' is not UTF-8", path,
                    items[i].key);
            ok = false;
        }
    free(items);
    if (ok)
        return meta;
    json_decref(meta);
    return NULL;
}

/* jansson keeps insertion order, so the text is a function of the contents. */
static char *header_text(const struct st_file *f, const char *sha256, const char *path, struct err *err)
{
    json_t *meta = meta_json(f, sha256, path, err);
    if (!meta)
        return NULL;
    json_t *root = json_object();
    bool ok = json_object_set_new(root, META, meta) == 0;
    size_t offset = 0;
    for (int i = 0; ok && i < f->n; i++) {
        const struct st_tensor *t = &f->tensors[i];
        json_t *shape = json_array();
        for (int k = 0; k < t->rank; k++)
            json_array_append_new(shape, json_integer((json_int_t)t->shape[k]));
        json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtypes[t->dtype].name, "shape", shape,
                                  "data_offsets", (json_int_t)offset, (json_int_t)(offset + t->bytes));
        offset += t->bytes;
        ok = json_object_set_new(root, t->name, entry) == 0;
        if (!ok)
            err_set(err, ERR_FORMAT, "cannot write '%s': tensor name '%s' is not UTF-8", path, t->name);
    }
    char *text = ok ? json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (ok && !text)
        err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    json_decref(root);
    return text;
}

bool st_write(const struct st_file *f, const char *path, char sha256[65], struct err *err)
{
    size_t data_bytes = 0;
    for (int i = 0; i < f->n; i++)
        data_bytes += f->tensors[i].bytes;
    unsigned char *data = xmalloc(data_bytes + 1), *p = data;
    for (int i = 0; i < f->n; i++) {
        if (f->tensors[i].bytes)
            memcpy(p, f->tensors[i].data, f->tensors[i].bytes);
        p += f->tensors[i].bytes;
    }
    char digest[SHA256_HEX], of_header[SHA256_HEX];
    digest_sha256(data, data_bytes, digest);
    if (sha256)
        memcpy(sha256, digest, SHA256_HEX);

    bool ok = false;
    char *text = header_text(f, digest, path, err);
    if (text) {
        size_t len = strlen(text), start = round_up(LENGTH_BYTES + len);
        uint64_t header_len = start - LENGTH_BYTES;
        unsigned char *file = xmalloc(start + data_bytes);
        memcpy(file, &header_len, LENGTH_BYTES);
        memcpy(file + LENGTH_BYTES, text, len);
        memset(file + LENGTH_BYTES + len, ' ', start - LENGTH_BYTES - len);
        digest_sha256(file + LENGTH_BYTES, header_len, of_header);
        memcpy(header_digits((char *)file + LENGTH_BYTES, header_len), of_header, HEX);
        memcpy(file + start, data, data_bytes);
        ok = fs_write_whole(path, file, start + data_bytes, err);
        free(file);
    }
    free(text);
    free(data);
    return ok;
}

/* ---- reading ---- */

/* Where tensor INDEX lies in the data section. */
struct span {
    size_t begin, end;
    int index;
};

/* A file on its way in. */
struct input {
    const char *path;
    unsigned char *buf;        /* the whole file */
    size_t size, header, data; /* bytes: file, header, data section */
    struct span *span;         /* one a tensor */
};

/* The message can quote names out of the file, and it goes to a terminal: no control characters. */
static void make_printable(struct err *err)
{
    if (!err)
        return;
    for (unsigned char *p = (unsigned char *)err->msg; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* U+0080 to U+009f, CSI among them */
            p[0] = p[1] = '?';
    }
}

static bool load(struct input *in, struct err *err)
{
    void *buf = NULL;
    if (!fs_read_whole(in->path, max_file, &buf, &in->size, err))
        return false;
    in->buf = buf;
    if (in->size < LENGTH_BYTES)
        return err_set(err, ERR_FORMAT, "'%s' has %zu bytes, a safetensors file has at least %d", in->path, in->size,
                       LENGTH_BYTES);
    uint64_t header = 0;
    memcpy(&header, in->buf, LENGTH_BYTES);
    if (header > max_header)
        return err_set(err, ERR_FORMAT,
                       "'%s' claims a header of %llu bytes, at most %zu are allowed: no safetensors file", in->path,
                       (unsigned long long)header, max_header);
    if (header > in->size - LENGTH_BYTES)
        return err_set(err, ERR_FORMAT, "'%s' is truncated: a header of %llu bytes, but only %zu follow", in->path,
                       (unsigned long long)header, in->size - LENGTH_BYTES);
    in->header = (size_t)header;
    in->data = in->size - LENGTH_BYTES - in->header;
    return true;
}

static bool read_meta(struct st_file *f, const struct input *in, json_t *meta, struct err *err)
{
    if (!json_is_object(meta))
        return err_set(err, ERR_FORMAT, "'%s': " META " is not an object", in->path);
    const char *key;
    json_t *value;
    json_object_foreach(meta, key, value)
    {
        if (!json_is_string(value))
            return err_set(err, ERR_FORMAT, "'%s': metadata key '%.100s' is not a string", in->path, key);
        meta_push(f, key, json_string_value(value));
    }
    return true;
}

static bool read_dtype(const struct input *in, const char *name, json_t *value, enum st_dtype *dtype, struct err *err)
{
    const char *word = json_string_value(value);
    if (!word)
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has no dtype", in->path, name);
    for (size_t i = 0; i < ARRAY_LEN(dtypes); i++)
        if (strcmp(dtypes[i].name, word) == 0) {
            *dtype = (enum st_dtype)i;
            return true;
        }
    return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has dtype '%.20s', known are F32 F64 I64 I32 U8 F16 BF16",
                   in->path, name, word);
}

static bool read_shape(const struct input *in, json_t *value, struct st_tensor *t, struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has no shape", in->path, t->name);
    if (json_array_size(value) > MAX_RANK)
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has %zu dimensions, at most %d are allowed", in->path,
                       t->name, json_array_size(value), MAX_RANK);
    t->rank = (int)json_array_size(value);
    for (int i = 0; i < t->rank; i++) {
        json_t *dim = json_array_get(value, (size_t)i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s': dimension %d is not a whole number >= 0", in->path,
                           t->name, i);
        t->shape[i] = json_integer_value(dim);
    }
    if (!tensor_bytes(t->dtype, t->rank, t->shape, &t->bytes))
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' is too large", in->path, t->name);
    return true;
}

static bool read_span(const struct input *in, json_t *value, const struct st_tensor *t, struct span *span,
                      struct err *err)
{
    json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has no data_offsets [begin, end]", in->path, t->name);
    json_int_t b = json_integer_value(begin), e = json_integer_value(end);
    if (b < 0 || e < b || (uint64_t)e > in->data)
        return err_set(err, ERR_FORMAT,
                       "'%s': tensor '%.100s' has data_offsets [%lld, %lld], the file has %zu bytes of data", in->path,
                       t->name, (long long)b, (long long)e, in->data);
    if ((size_t)(e - b) != t->bytes)
        return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' has %lld bytes, its shape needs %zu", in->path, t->name,
                       (long long)(e - b), t->bytes);
    span->begin = (size_t)b;
    span->end = (size_t)e;
    return true;
}

static bool read_header(struct st_file *f, struct input *in, json_t *root, struct err *err)
{
    if (!json_is_object(root))
        return err_set(err, ERR_FORMAT, "'%s': the header is not an object", in->path);
    in->span = xcalloc(json_object_size(root) + 1, sizeof *in->span);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, META) == 0) {
            if (!read_meta(f, in, value, err))
                return false;
            continue;
        }
        if (!json_is_object(value))
            return err_set(err, ERR_FORMAT, "'%s': tensor '%.100s' is not described by an object", in->path, key);
        struct span *span = &in->span[f->n];
        span->index = f->n;
        struct st_tensor *t = tensor_push(f, xstrdup(key));
        if (!read_dtype(in, key, json_object_get(value, "dtype"), &t->dtype, err) ||
            !read_shape(in, json_object_get(value, "shape"), t, err) ||
            !read_span(in, json_object_get(value, "data_offsets"), t, span, err))
            return false;
    }
    return true;
}

static int by_offset(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Sorted by offset, the tensors must cover the data section from its first byte to its last, each byte once. */
static bool check_tiling(const struct st_file *f, struct input *in, struct err *err)
{
    qsort(in->span, (size_t)f->n, sizeof *in->span, by_offset);
    size_t at = 0;
    for (int i = 0; i < f->n; i++) {
        const struct span *s = &in->span[i];
        if (s->begin != at)
            return err_set(err, ERR_FORMAT,
                           "'%s': tensor '%.100s' begins at byte %zu, the one before it ends at %zu: %s", in->path,
                           f->tensors[s->index].name, s->begin, at, s->begin < at ? "they overlap" : "a gap");
        at = s->end;
    }
    if (at != in->data)
        return err_set(err, ERR_FORMAT, "'%s' has %zu bytes of data, its tensors cover %zu", in->path, in->data, at);
    return true;
}

/* Both or neither: one alone is what a damaged key of the other looks like. */
static bool check_digests(const struct st_file *f, const struct input *in, struct err *err)
{
    char digest[SHA256_HEX];
    const char *want = st_meta_get(f, KEY_DATA);
    if (!want != !st_meta_get(f, KEY_HEADER))
        return err_set(err, ERR_FORMAT, "'%s' is damaged: its metadata have '%s' but not '%s'", in->path,
                       want ? KEY_DATA : KEY_HEADER, want ? KEY_HEADER : KEY_DATA);
    if (want) {
        digest_sha256(in->buf + LENGTH_BYTES + in->header, in->data, digest);
        if (strcmp(digest, want) != 0)
            return err_set(err, ERR_FORMAT,
                           "'%s' is damaged: the SHA-256 of its data is %.16s..., its metadata say %.16s...", in->path,
                           digest, want);
    }
    want = st_meta_get(f, KEY_HEADER);
    if (want) {
        char kept[HEX + 1] = "", *digits = header_digits((char *)in->buf + LENGTH_BYTES, in->header);
        if (digits) {
            memcpy(kept, digits, HEX);
            memset(digits, '0', HEX);
        }
        digest_sha256(in->buf + LENGTH_BYTES, in->header, digest);
        if (strcmp(kept, want) != 0 || strcmp(digest, want) != 0)
            return err_set(err, ERR_FORMAT,
                           "'%s' is damaged: the SHA-256 of its header is %.16s..., its metadata say %.16s...",
                           in->path, digest, want);
    }
    return true;
}

/* Tensors into the order of their data, data to aligned places. */
static void take_data(struct st_file *f, const struct input *in)
{
    size_t cap = 1, total = 0; /* a power of two, as tensor_push expects */
    while (cap < (size_t)f->n)
        cap *= 2;
    struct st_tensor *sorted = xcalloc(cap, sizeof *sorted);
    for (int i = 0; i < f->n; i++) {
        sorted[i] = f->tensors[in->span[i].index];
        total += round_up(sorted[i].bytes);
    }
    free(f->tensors);
    f->tensors = sorted;
    f->block_cap = total;
    f->block = xalloc_aligned(total ? total : ALIGN);
    for (int i = 0; i < f->n; i++) {
        struct st_tensor *t = &f->tensors[i];
        t->data = (unsigned char *)f->block + f->block_used;
        f->block_used += round_up(t->bytes);
        if (t->bytes)
            memcpy(t->data, in->buf + LENGTH_BYTES + in->header + in->span[i].begin, t->bytes);
    }
}

bool st_read(struct st_file *f, const char *path, struct err *err)
{
    st_init(f);
    struct input in = {.path = path};
    json_t *root = NULL;
    bool ok = load(&in, err);
    if (ok) {
        json_error_t where;
        root = json_loadb((const char *)in.buf + LENGTH_BYTES, in.header, JSON_REJECT_DUPLICATES, &where);
        if (!root)
            ok = err_set(err, ERR_FORMAT, "'%s': the header is not valid JSON at byte %d: %s", path,
                         where.position + LENGTH_BYTES, where.text);
    }
    ok = ok && read_header(f, &in, root, err) && check_tiling(f, &in, err) && check_digests(f, &in, err);
    if (ok)
        take_data(f, &in);
    else {
        st_release(f);
        make_printable(err);
    }
    json_decref(root);
    free(in.span);
    free(in.buf);
    return ok;
}
