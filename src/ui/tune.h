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
    } undos[TUNE_UNDO];
    int out;             /* changes asked for and not answered: they take effect between two steps, */
    bool undo, undoing;  /* the latest request, and the one that is out, take a change back */
    struct tune_wanted { /* and the next nudge goes on from there, not from a snapshot that is older */
        bool on;
        double value;
        int trial, step; /* at which it took effect */
        char stage[16];
    } wanted[TUNE_KEYS + 1]; /* the last: of a setting that + and - do not change */
};

/* "lambda", "lambda1", ... "lr": what sel.tune stands for. */
const char *tune_key(int which);
/* The value in effect (lr: the stage's base rate, before the schedule); NaN: not known. */
double tune_value(const struct model *, int which);
/* Fills the request (ASK_STUDY, ASK_TYPE or ASK_STATUS). false: not a command of tuning. */
bool tune_command(struct tune *, struct view_context *, enum command, struct request *);
/* A typed value. ERR_CONFIG: no number, or out of the setting's range. */
bool tune_typed(struct view_context *, const char *text, struct request *, struct err *);
/* A set that tune_command or tune_typed wished for has gone into the queue; its answer; all that wait are lost. */
void tune_asked(struct tune *, const char *key, double value);
void tune_answered(struct tune *, const char *key, double before, int trial, const char *stage, int step, bool ok);
void tune_lost(struct tune *);

#endif
