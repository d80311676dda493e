/* synth: a procedural 10-class set of 32x32 images, written in CIFAR-10's binary layout, for demos and tests.
 * The label is outline x texture, hidden among nuisances: learnable in minutes on a CPU, hard enough that none
 * reaches 100 % (docs/DATA.md has the idea and measured figures). A pure function of SEED: equal seeds give equal
 * bytes. */
#ifndef FSPLAB_SYNTH_H
#define FSPLAB_SYNTH_H

#include "../base.h"

enum { SYNTH_MAX = 1000000 };

/* Writes data_batch_1..5.bin, test_batch.bin and batches.meta.txt into DIR (created if missing, parents too), each
 * file with balanced classes (counts differ by at most 1) in random order. Each file is written to a temporary name
 * and renamed. n_train is rounded up to a multiple of 5; both counts are 1..SYNTH_MAX, else ERR_CONFIG. A folder that
 * holds another data set is left alone: ERR_STATE. About 70 us an image. */
bool synth_write(const char *dir, int n_train, int n_test, uint64_t seed, struct err *);
/* One image of class LABEL, (32, 32, 3) bytes; a pure function of (seed, index, label). */
void synth_image(uint64_t seed, uint64_t index, int label, uint8_t pixels[32 * 32 * 3]);

/* As in batches.meta.txt: "disc_stripes", ...; LABEL 0..9. */
const char *synth_class_name(int label);

#endif
