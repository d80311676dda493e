/* trials_filter: which trials of a study are shown, from a line that a person types: words between blanks, all of which have
 * to hold.
 *
 *   complete, running, ...    a state (trial_state_name)
 *   search, repeat, manual    a kind; as kind=repeat and kind!=repeat, too, like state=complete
 *   edited, collapsed         changed by hand while it ran; FSP collapse seen
 *   NAME<NUMBER               and <=, >, >=, =, !=; NAME: trial, val, test, best, seconds, teacher, transfer, finetune (seconds of a
 *                             stage), seed, repeat, runs (of one configuration), or any setting that is a number. Where a
 *                             trial has no value of its own, the study's counts; what is not known never holds. = is
 *                             meant to four digits, as a table shows them. Accuracies above 1 or with a '%' are
 *                             percent; seconds may end in s, m or h
 *   reason~TEXT               the message contains TEXT, whatever the case
 *   !WORD                     the word does not hold
 *
 * Upper and lower case are the same, but for a setting's name. */
#ifndef FSPLAB_UI_TRIALS_FILTER_H
#define FSPLAB_UI_TRIALS_FILTER_H

#include "../io/store.h"

enum { TRIALS_TERMS = 16 };

enum trials_quantity {
    QUANTITY_TRIAL,
    QUANTITY_VAL,
    QUANTITY_TEST,
    QUANTITY_BEST,
    QUANTITY_SECONDS,
    QUANTITY_TEACHER,
    QUANTITY_TRANSFER,
    QUANTITY_FINETUNE,
    QUANTITY_SEED,
    QUANTITY_REPEAT,
    QUANTITY_RUNS,
    QUANTITY_COUNT
};

struct trials_term {
    enum { TERM_STATE, TERM_KIND, TERM_EDITED, TERM_COLLAPSED, TERM_QUANTITY, TERM_SETTING, TERM_REASON } what;
    int which; /* state, kind, quantity, index into param_table */
    enum { OP_LESS, OP_AT_MOST, OP_MORE, OP_AT_LEAST, OP_EQUAL, OP_UNEQUAL } op;
    double number;
    bool not ;
    char text[64];
};

struct trials_filter {
    int n;
    struct trials_term term[TRIALS_TERMS];
};

/* ERR_USAGE names the word, and what is allowed in its place; *f is unchanged then. An empty line: everything. */
bool trials_filter_parse(const char *line, struct trials_filter *f, struct err *);

/* A trial as the filter sees it. */
struct trials_subject {
    const struct trial_row *row;
    int runs;                                    /* of its configuration, with itself; 0: it does not count */
    double (*setting)(const void *ctx, int def); /* its own value or the study's; NaN: not known */
    const void *ctx;
};
bool trials_filter_holds(const struct trials_filter *, const struct trials_subject *);

#endif
