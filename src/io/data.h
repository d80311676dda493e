/* data: labelled 32x32 RGB images from CIFAR's binary files or from image files (folder.h), and the split into training
 * and validation.
 *
 * Formats (https://www.cs.toronto.edu/~kriz/cifar.html): CIFAR-10: data_batch_1..5.bin and test_batch.bin, records
 * of 1 label byte + 3072 bytes (R, G, B planes, row-major); CIFAR-100: train.bin and test.bin, coarse label, fine
 * label, 3072 bytes. The `synth` set has CIFAR-10's layout. Files may hold any whole number of records (a cut-down
 * set is welcome); a size that is no multiple of a record, a label out of range, a missing or an empty file is
 * ERR_FORMAT or ERR_IO with the file's name, its size and what is expected ("mixed sizes": the five batches of
 * CIFAR-10 need not be equal, but each must be whole). */
#ifndef FSPLAB_DATA_H
#define FSPLAB_DATA_H

#include "../base.h"

enum { DATA_CLASSES = 256 /* at most; a label is a byte */ };
enum { IMAGE_SIDE = 32, IMAGE_CHANNELS = 3, IMAGE_BYTES = 32 * 32 * 3 };

struct images {
    int n;
    uint8_t *pixels; /* (n, 32, 32, 3): row, column, R G B */
    uint8_t *labels; /* (n) */
};

struct dataset {
    int kind;    /* DATASET_SYNTH, ... (param.h) */
    int classes; /* 10, 100, or what the folder has */
    char class_names[DATA_CLASSES][32];
    struct images train, test; /* as read, in file order */
    int n_train, n_val;
    int *train_idx, *val_idx; /* into train, ascending; disjoint; together all of it. Set by dataset_split */
    float mean[3], std[3];    /* of the training part only, in units of [0, 1]; set by dataset_split */
    /* Of all labels and pixels read (not of the names): SHA-256 over counts and the digest_bulk of each array, since
     * SHA-256 of all the bytes would take seconds (digest.h says what that is worth). Part of a teacher's hash. */
    char digest[65];
};

/* Reads a set whole into memory: at most TRAIN_LIMIT and TEST_LIMIT images (0 = all), taken from the start of each
 * file, as evenly as the files' sizes allow. Memory: the images once, plus 0.4 MB while reading. Class names come from
 * batches.meta.txt or fine_label_names.txt where that is there (unprintable bytes become '?'). Of CIFAR-100 the
 * fine labels are the labels. On error nothing is left allocated; dataset_release on a released or zeroed struct is
 * harmless. */
bool dataset_open(struct dataset *, int kind, const char *dir, int train_limit, int test_limit, struct err *);
/* Holds round(fraction * count of the class) images of every class out of the training set, chosen by SEED alone
 * (RNG_SPLIT), then computes mean and std of what is left (population std, from exact integer sums; 1 for a channel
 * of one single value). fraction 0 leaves n_val = 0. ERR_CONFIG when fraction is not in 0..1 or a split leaves no
 * training image; the former split then stays. May be called again. */
bool dataset_split(struct dataset *, double fraction, uint64_t seed, struct err *);
void dataset_release(struct dataset *);

/* One file of a set, for `fsplab data info`. */
struct data_file {
    char name[64];
    int64_t bytes;
    int records;
    char md5[33];
    const char *known; /* "official" when size and SHA-1 are those of the published file, "unknown" otherwise */
};
/* Looks at every file of the set in DIR, all of its bytes; the kind is found from the names (train.bin: CIFAR-100; the
 * class names of the synthetic set in batches.meta.txt: synth; folder_is: folder; else CIFAR-10). Returns the number of
 * files (<= 8; of a folder set two, "train" and "test", each for all of its images, from their sizes alone and
 * without a checksum), -1 on error. Counts per class go to count_train and count_test. */
int data_info(const char *dir, struct data_file files[8], int *kind, int count_train[DATA_CLASSES],
              int count_test[DATA_CLASSES], struct err *);

#endif
