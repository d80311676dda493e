/* report_card: the paper's tables and figures as plain data, for the Report screen. Unknown is NaN. */
#ifndef FSPLAB_UI_REPORT_CARD_H
#define FSPLAB_UI_REPORT_CARD_H

#include "../base.h"

enum { CARD_ROWS = 8, CARD_STUDIES = 16, CARD_NETS = 3, CARD_RUNS = 3, CARD_COSTS = 4 };

struct card_row {
    int table;      /* 1 or 2 */
    char label[32]; /* "T-RES26, S-RES14" */
    char fills[64]; /* the study that fills the row, or would */
    bool begun;
    char state[16]; /* of a begun one: running, paused, stopped, complete, failed, interrupted */
    int n_studies;  /* to choose from, `fills` is one of them */
    char study[CARD_STUDIES][64];
    int runs; /* with a test accuracy; may be more than CARD_RUNS */
    double accuracy[CARD_RUNS], mean, sd, published[CARD_RUNS], published_mean; /* per cent */
    int trials;
    double seconds, published_seconds; /* table 2: of all searches */
    char notes[2048];                  /* a sentence a line */
};
struct card_net {
    char name[16];
    int row;                 /* of the tables, that trains it */
    double cost[CARD_COSTS]; /* multiply-adds, TF FLOPs, parameters; measured seconds an epoch of 50,000 images */
};
struct report_card {
    int n, nets;
    struct card_row row[CARD_ROWS]; /* by table */
    struct card_net net[CARD_NETS];
    char trouble[512]; /* what could not be read, "" */
};

#endif
