/* tune: changing lambda, lambda1..3 and the learning rate of a running trial by a key, and taking it back. It only says
 * what to ask of the study process; what was answered is told to it. */
#ifndef FSPLAB_UI_TUNE_H
#define FSPLAB_UI_TUNE_H

#include "view.h"

enum { TUNE_KEYS = 5, TUNE_UNDO = 32 };

struct tune {
    int n; /* changes that can be undone */
    struct {
        char key[16];
        double before;
        int trial;
        char stage[16];
    } undo[TUNE_UNDO];
    bool undoing; /* the request that is out takes a change back */
};

/* "lambda", "lambda1", ... "lr": what sel.tune stands for. */
const char *tune_key(int which);
/* The value in effect (lr: the stage's base rate, before the schedule); NaN: not known. */
double tune_value(const struct model *, int which);
/* Fills the request (ASK_STUDY, ASK_TYPE or ASK_STATUS). false: not a command of tuning. */
bool tune_command(struct tune *, struct view_context *, enum command, struct request *);
/* A typed value. ERR_CONFIG: no number, or out of the setting's range. */
bool tune_typed(struct view_context *, const char *text, struct request *, struct err *);
/* The answer to a set that was asked for here. */
void tune_answered(struct tune *, const char *key, double before, int trial, const char *stage, bool ok);

#endif
