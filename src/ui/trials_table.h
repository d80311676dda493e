/* trials_table: the trials of a study as a table: which columns there are, what stands in them, which rows are shown and in
 * which order. Pure: it draws nothing. It works out again only what has changed since the last update, so that a study of
 * 10,000 trials is looked at as easily as one of ten. One thread. */
#ifndef FSPLAB_UI_TRIALS_TABLE_H
#define FSPLAB_UI_TRIALS_TABLE_H

#include "../param.h"
#include "trials_filter.h"

struct trials_source {
    const struct trial_row *rows; /* (n) by number; valid until the next update */
    int n;
    uint64_t version;              /* equal ones, with equal ROWS and N: nothing in them has changed */
    const int64_t *saved_ms;       /* (n) wall clock; 0: never. May be NULL */
    const struct params *settings; /* the study's; NULL: not known */
};

/* In the order in which they stand. */
enum trials_kind {
    COLUMN_NUMBER,
    COLUMN_KIND,
    COLUMN_STATE,
    COLUMN_SETTING, /* one for each that is searched, or that a trial has a value of its own for */
    COLUMN_VAL,
    COLUMN_VAL_MEAN, /* over the runs of a configuration, where one has several */
    COLUMN_TEST,
    COLUMN_TEST_MEAN,
    COLUMN_SECONDS,
    COLUMN_TEACHER,
    COLUMN_TRANSFER,
    COLUMN_FINETUNE,
    COLUMN_EDITED,
    COLUMN_DATE, /* last saved; of one that has ended: its end */
    COLUMN_REASON,
    COLUMN_KINDS
};

enum { TRIALS_COLUMNS = COLUMN_KINDS + TRIAL_PARAMS_MAX };

struct trials_column {
    enum trials_kind kind;
    char name[64];           /* "trial", "val", "lambda": as filters call it; unique */
    int setting;             /* of a setting: which of them, 0 ...; -1 */
    int def;                 /* of a setting: index into param_table, -1: unknown there */
    double study;            /* of a setting: what a trial without a value of its own has; NaN: not known */
    bool log;                /* of a setting: searched on a logarithmic scale */
    double lo, hi;           /* of a setting: the range that is searched; NaN: none */
    double data_lo, data_hi; /* lowest and highest value there is; NaN: there is none */
    int before,
        after; /* of a setting: characters up to its point and from there on, as trials_setting_text writes it */
};

/* Runs of one configuration: the trial of an ask and its repeats, as far as they are complete and were not changed by hand. */
struct trials_group {
    int n, n_test;
    double val_mean, val_sd, test_mean, test_sd; /* sd: of a sample (n - 1); NaN where there is none */
};

/* What an axis lets through: lo <= value <= hi of the column of that name. */
struct trials_brush {
    char column[64];
    double lo, hi;
};

struct trials_table {
    struct trials_source source; /* of the last update */
    int n_columns, n_settings;
    struct trials_column column[TRIALS_COLUMNS];
    double *setting; /* (n, n_settings): the trial's own value or the study's; NaN */
    bool *own;       /* (n, n_settings) */
    int *group;      /* (n) into groups; -1: belongs to none */
    struct trials_group *groups;
    int n_groups;
    int count[TRIAL_STOPPED + 1]; /* of each state */
    int best;              /* row: highest validation accuracy of those complete, not edited and no repeats; -1 */
    bool collapsed;        /* of some trial the FSP matrices were */
    bool several;          /* a configuration has more than one run */
    double bar_lo, bar_hi; /* where a bar of val is empty and full; equal: there is nothing to compare */

    struct trials_filter filter;
    char filter_text[256];
    int n_brushes;
    struct trials_brush brush[TRIALS_COLUMNS];
    char sort[64]; /* name of the column by which it is sorted */
    bool down;     /* the highest first */

    int n_shown;
    int *shown;      /* (n_shown) rows, sorted */
    int *place;      /* (n) where a row stands in it; -1 */
    bool stale;      /* filter, brush or order have changed since */
    int64_t rebuilt; /* how often rows were read, for tests and benchmarks; */
    int64_t sorted;  /* and how often they were sorted */
};

void trials_table_init(struct trials_table *);
void trials_table_release(struct trials_table *);
/* Takes the source in. True when rows, filter or order have changed since the last call. */
bool trials_table_update(struct trials_table *, const struct trials_source *);

/* The filter of a line (trials_filter.h); refused, nothing is changed. */
bool trials_table_filter(struct trials_table *, const char *line, struct err *);
/* By the column of that name; by it already: the other way round. A number begins with its lowest, accuracies with their highest. */
void trials_table_sort(struct trials_table *, const char *column);
/* By the next (1) or the previous (-1) column of those that are there. */
void trials_table_sort_next(struct trials_table *, int by);
/* lo > hi removes the brush of that column. */
void trials_table_brush(struct trials_table *, const char *column, double lo, double hi);
const struct trials_brush *trials_table_brushed(const struct trials_table *, const char *column); /* NULL */

int trials_table_column(const struct trials_table *, const char *name); /* -1 */
/* The number by which a column sorts: seconds, accuracies as fractions, dates in ms, states and kinds in their order; NaN:
 * not known, or the column is of text. */
double trials_table_value(const struct trials_table *, const struct trials_column *, int row);
/* "0.003717", "1e-05": four digits. */
void trials_setting_text(double v, char *buf, size_t cap);
double trials_table_seconds(const struct trial_row *); /* of all stages */
/* NULL: the row belongs to no group. */
const struct trials_group *trials_table_group(const struct trials_table *, int row);
int trials_table_row(const struct trials_table *, int number); /* its index in the source; -1 */
/* Where a trial stands among those shown; -1. */
int trials_table_place(const struct trials_table *, int number);

#endif
