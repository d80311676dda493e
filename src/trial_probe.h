/* trial_probe: one image through a trial's two nets as they are now, as plain data of bounded size. */
#ifndef FSPLAB_TRIAL_PROBE_H
#define FSPLAB_TRIAL_PROBE_H

#include "base.h"

/* One net's part. The matrices of a section-wise probe (block 0) are three, otherwise there is one. */
enum { PROBE_MATRICES = 3, PROBE_FLOATS = 16 * 16 + 32 * 32 + 64 * 64 }; /* the three of pairing inside at width 16 */
struct probe_side {
    bool present;
    char net[32];      /* "res26" */
    char name[48];     /* of the block, "section 2, block 3"; "" for sections */
    int block, blocks; /* from 1 (0: sections) of so many (nn/probe.h: layers of a vggN) */
    int n;             /* matrices */
    int rows[PROBE_MATRICES], columns[PROBE_MATRICES]; /* as they are here: reduced, where `reduced` says so */
    float fsp[PROBE_FLOATS];                           /* one after the other, row-major */
};

struct probe_answer {
    int image, images; /* the image's number (from 0), and how many there are to choose from */
    bool training;     /* they are training images, since nothing is held out; else those held out */
    int label;
    char class_name[32];
    uint8_t rgb[32 * 32 * 3]; /* row, column, R G B */
    int block;                /* as asked for */
    int reduced;              /* 1; or the matrices are means over cells of so many by so many elements, to fit in */
    struct probe_side teacher, student; /* not present: the method has no teacher, or there is no student yet */
    char note[256]; /* why a teacher that should be present is not, or that sections differ in shape; "" */
};

struct trial;
/* IMAGE counts through the images held out for validation, or through the training images where there are none. BLOCK
 * 1.. counts through the teacher's blocks (the student's where no teacher is), and the student's block shown is the one
 * at the same relative depth; 0: the three section pairs as the study pairs them. While the teacher itself is trained
 * it is shown alone, as it is now. A stage that needs no teacher gets it loaded for this; a sleeping
 * trial is woken and put to sleep again. Training is left as it was, to the bit; an evaluation that is under way, too.
 * ERR_CONFIG: no such image or block, and which there are; errors of trial_wake. */
bool trial_probe(struct trial *, int image, int block, struct probe_answer *, struct err *);

#endif
