/* report: the paper's tables filled from stores, measured beside published. Nothing is measured here and no figure comes from
 * anywhere but a study's store; the published ones are Kim & Bae's (2020), tables 1 and 2 and figure 4: CIFAR-10 test
 * accuracy in per cent, three runs.
 *
 * A study belongs to the row whose transfer it makes: no teacher, or FSP from RES26 or VGG26 to RES14 without a search (table
 * 1), by grid, or by Bayesian optimisation (table 2). What its protocol has otherwise than the row's study of experiments.ini is
 * listed with it. */
#ifndef FSPLAB_REPORT_H
#define FSPLAB_REPORT_H

#include <stdio.h>

#include "base.h"

enum { REPORT_ROWS = 7, REPORT_RUNS = 16 };

struct paper_row {
    int table;
    const char *label, *study; /* "T-RES26, S-RES14"; "table1-res26-res14", the paper's protocol */
    double published[3], published_mean;
    double published_seconds; /* of the searches together (figure 4); 0: not given */
};
extern const struct paper_row paper_rows[REPORT_ROWS];

/* One row: test accuracies in per cent, by seed (table 1) or by search (table 2). */
struct report_row {
    char study[64]; /* "": no study for this row */
    int n;          /* runs, REPORT_RUNS at most */
    double accuracy[REPORT_RUNS];
    int64_t seed[REPORT_RUNS];
    double mean, sd; /* sd NaN for one run */
    int trials;      /* of all searches, repeats not counted */
    double seconds;  /* of these trials, the teacher's training not counted */
    double teacher_seconds;
    bool on_test;      /* chosen on the test set */
    char *differences; /* "finetune_steps 2968 (64000), ..." or ""; owned by the report */
};

struct report {
    struct report_row rows[REPORT_ROWS];
    /* Table 1: what FSP adds to no transfer over the seeds that both have; n 0: fewer than two. p two-sided, of the paired t. */
    struct {
        int n;
        double mean, sd, p;
    } gain[REPORT_ROWS];
};

/* Of N studies under RUNS; CONFIG is experiments.ini, for the paper's protocol. Without studies those of paper_rows that
 * there are. ERR_CONFIG: two studies for one row, or one that fits none (with why); ERR_IO, ERR_FORMAT of a store. */
bool report_collect(const char *runs, const char *config, const char *const *studies, int n, struct report *,
                    struct err *);
void report_release(struct report *);

enum report_format { REPORT_TEXT, REPORT_MARKDOWN, REPORT_LATEX, REPORT_CSV };
void report_print(FILE *, const struct report *, enum report_format);

#endif
