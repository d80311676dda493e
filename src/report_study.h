/* report_study: what report.c (the report of named studies) and report_survey.c (of all there are) share. */
#ifndef FSPLAB_REPORT_STUDY_H
#define FSPLAB_REPORT_STUDY_H

#include "io/store.h"
#include "param.h"
#include "report.h"

/* One study's store, read. */
struct study_reading {
    struct params params;
    char *settings;
    char state[16];
    int row;    /* of the tables, by its settings; -1: none, and the trials are not read */
    bool mixed; /* the search went on by another strategy than it began with: no row */
    int n;
    struct trial_row *rows;
};
/* Patience in ms, see store_set_patience; -1: the store's own. */
bool report_study_read(const char *runs, const char *study, int patience, struct study_reading *, struct err *);
void report_study_release(struct study_reading *);
/* The row whose transfer these settings make (whatever the data), -1: none. */
int report_row_of(const struct params *);

/* The study's row from what was read; takes its settings over. PROTOCOL: params_record of the paper's, NULL: not known. */
void report_row_fill(const char *study, struct study_reading *, const char *protocol, struct report_row *);
void report_row_release(struct report_row *);
/* What row AT adds to row 0, seed by seed. */
void report_compare(struct report *, int at);

#endif
