/* safetensors: weights and states on disk, in the format the Python package `safetensors` reads and writes:
 * 8-byte little-endian header length, JSON header, raw little-endian data.
 * (https://huggingface.co/docs/safetensors: names -> {dtype, shape, data_offsets}, plus "__metadata__" of strings.)
 *
 * Written files are a pure function of their contents: tensors in the order added, metadata sorted by key, no times.
 * The data section starts at a multiple of 64 bytes (the header is padded with spaces); in it the tensors follow each
 * other without gaps, as the format demands. The metadata key "sha256" holds the digest of the data section, the
 * key "header_sha256" that of the header text (padding included) with its own 64 digits taken as zeros; both are
 * checked on reading; a file of another program has neither. Written to a temporary name in the same folder, fsync, rename, fsync of the folder: a
 * reader sees the old file or the new one.
 *
 * In memory every tensor's data are 64-byte aligned. A struct st_file belongs to one thread at a time. */
#ifndef FSPLAB_SAFETENSORS_H
#define FSPLAB_SAFETENSORS_H

#include "../base.h"

enum st_dtype { ST_F32, ST_F64, ST_I64, ST_I32, ST_U8, ST_F16, ST_BF16 }; /* others are refused by name */

struct st_tensor {
    char *name;
    enum st_dtype dtype;
    int rank;
    int64_t shape[8];
    size_t bytes;
    void *data; /* into the file's one block */
};

/* Open struct: read the arrays freely. */
struct st_file {
    int n;
    struct st_tensor *tensors;
    int n_meta;
    char **meta_key, **meta_value;
    void *block; /* all data; owned */
    size_t block_used, block_cap;
};

/* Building: data are copied. Names must be unique and not "__metadata__", ranks 0..8, sizes >= 0 (assert); st_add
 * may move the block, so take data pointers afterwards. */
void st_init(struct st_file *);
void st_add(struct st_file *, const char *name, enum st_dtype, int rank, const int64_t *shape, const void *data);
/* Replaces an equal key. Keys are of letters, digits and "_.-" (assert); values are UTF-8, or st_write refuses. The
 * two digests are st_write's own: those set here or left from st_read are not written. */
void st_meta(struct st_file *, const char *key, const char *value);
void st_meta_fmt(struct st_file *, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool st_write(const struct st_file *, const char *path, char sha256[65], struct err *); /* sha256 may be NULL */

/* Reading: everything is checked before it is believed: header length, JSON, dtype, overlapping or out-of-range
 * offsets, shape against bytes, truncation, sha256. ERR_IO / ERR_FORMAT name the file and what is wrong; the
 * struct is then empty (as after st_init). Tensors come in the order of their data. At most 2 GiB are read. */
bool st_read(struct st_file *, const char *path, struct err *);
const struct st_tensor *st_find(const struct st_file *, const char *name); /* NULL if absent */
const char *st_meta_get(const struct st_file *, const char *key);          /* NULL if absent */
void st_release(struct st_file *);

#endif
