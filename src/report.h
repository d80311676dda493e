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

#include "chart.h"

enum { REPORT_ROWS = 7, REPORT_RUNS = 16, REPORT_NETS = 3, REPORT_STUDIES = 16 };

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
    char state[16]; /* as its store has it */
    int n;          /* runs, REPORT_RUNS at most */
    double accuracy[REPORT_RUNS];
    int64_t seed[REPORT_RUNS];
    double mean, sd; /* sd NaN for one run */
    int trials;      /* of all searches, repeats not counted */
    double seconds;  /* of these trials, the teacher's training not counted */
    double teacher_seconds;
    double net_seconds
        [2];           /* of an epoch of 50,000 images: fine-tuning the student, training the teacher; NaN: not known */
    bool on_test;      /* chosen on the test set */
    char *settings;    /* as recorded, "key=value\n" each; NULL without a study. Owned by the report, as is */
    char *differences; /* "finetune_steps 2968 (64000), ..." or "" */
};

/* The nets of figure 3. */
extern const char *const report_nets[REPORT_NETS]; /* "res14", "res26", "vgg26" */

struct report {
    struct report_row rows[REPORT_ROWS];
    /* Table 1: what FSP adds to no transfer over the seeds that both have; n 0: fewer than two. p two-sided, of the paired t. */
    struct {
        int n;
        double mean, sd, p;
        char unequal
            [512]; /* what the two studies' fine-tuning has otherwise: "finetune_steps 2968 (64000), ..." or "" */
    } gain[REPORT_ROWS];
};

/* Of N studies under RUNS; CONFIG is experiments.ini, for the paper's protocol. Without studies those of paper_rows that
 * there are. ERR_CONFIG: two studies for one row, or one that fits none (with why); ERR_IO, ERR_FORMAT of a store. */
bool report_collect(const char *runs, const char *config, const char *const *studies, int n, struct report *,
                    struct err *);
void report_release(struct report *);

/* Which studies could fill a row: of RUNS (begun) and of CONFIG, with CIFAR-10 and the row's transfer; at most
 * REPORT_STUDIES a row. `fills` is the one that does or, when it was not begun, would. */
struct report_survey {
    int n[REPORT_ROWS];
    char name[REPORT_ROWS][REPORT_STUDIES][64];
    bool begun[REPORT_ROWS][REPORT_STUDIES];
    char fills[REPORT_ROWS][64];
    char trouble[512]; /* a store that could not be read (now) was left out; or CONFIG could not */
};
/* The report of one study a row: the one that CHOSEN names, where it is among them; else, of those begun, the one of the
 * paper's protocol, else the one with most runs; else none. Waits for no lock; a RUNS that is not there has no studies.
 * MEMORY keeps what was read, so that the next survey of the same RUNS and CONFIG reads only what has changed since. */
struct report_memory;
struct report_memory *report_memory_new(void);
void report_memory_free(struct report_memory *); /* NULL is fine */
void report_survey(struct report_memory *, const char *runs, const char *config, const char chosen[REPORT_ROWS][64],
                   struct report *, struct report_survey *);

/* What there is to say about a row, a line each: what is missing, significance, what the protocol has otherwise. free() it. */
char *report_notes(const struct report *, int row);
/* Figure 3 (what the nets cost) or 4 (what the searches cost); texts are static. Seconds of an epoch are those of the
 * row that has trained the net, the first that has. */
void report_figure(const struct report *, int figure, struct chart *);
/* Of net I of report_nets; NaN: no study has trained it. */
double report_net_seconds(const struct report *, int i);

enum report_format { REPORT_TEXT, REPORT_MARKDOWN, REPORT_LATEX, REPORT_CSV };
void report_print(FILE *, const struct report *, enum report_format);

#endif
