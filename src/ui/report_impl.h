/* report_impl: what view_report.c (cursor, commands), report_words.c (what is said of a cell) and report_draw.c share. */
#ifndef FSPLAB_UI_REPORT_IMPL_H
#define FSPLAB_UI_REPORT_IMPL_H

#include "view.h"

enum { BLOCK_TABLE1, BLOCK_TABLE2, BLOCK_FIGURE3, BLOCK_FIGURE4, BLOCK_COUNT };
/* Columns of a table. The costs are there in table 2 alone, and only where there is room. */
enum {
    COL_RUN,
    COL_MEAN = CARD_RUNS,
    COL_PAPER,
    COL_PAPER_MEAN = COL_PAPER + CARD_RUNS,
    COL_TRIALS,
    COL_SECONDS,
    COL_PAPER_SECONDS,
    COL_END
};

struct report_layout {
    bool wide, roomy;  /* figures beside the tables; a blank line between rows */
    bool costs;        /* table 2 has its columns of costs */
    struct rect view;  /* where the blocks are seen, */
    int width, height; /* and their size together: more than the view's where they scroll */
    struct rect block[BLOCK_COUNT], inside[BLOCK_COUNT]; /* in the view, before scrolling; inside: head and rows */
    struct rect about, notes; /* frames: the cell under the cursor; all rows' notes (empty where there is no room) */
};
/* A pure function of the rectangle and of how many rows each block has. Parts do not overlap. */
struct report_layout report_layout(struct rect r, const int rows[BLOCK_COUNT]);

/* What Start would do for a row's study that was not begun. */
struct report_plan {
    char study[64]; /* "": not asked yet */
    bool ok;
    char text[512]; /* "3 trials, 192,000 steps of 128 images", or why it cannot start */
    struct params params;
};

struct report_view {
    struct report_card card;
    bool read; /* the card has been filled */
    double next_read;
    char chosen[CARD_ROWS][64];
    int block, row, column; /* the cursor */
    bool all_notes;         /* the notes of all rows in place of the blocks */
    int notes_top, notes_rows, top, left;
    struct report_plan plan; /* of the cursor's row */
    struct params starts;    /* what the latest ASK_START handed on */
    struct report_layout layout;
};

void report_rows(const struct report_view *, int rows[BLOCK_COUNT]);
int report_columns(const struct report_view *, int block);
/* The row of the card that a row of a block is about; -1: none. */
int report_card_row(const struct report_view *, int block, int row);
/* Where a cell stands, in the view, before scrolling. */
struct rect report_cell(const struct report_view *, int block, int row, int column);

/* The number of the cell, NaN: not measured. */
double report_value(const struct report_view *, int block, int row, int column);
struct report_words {
    char title[128], value[320], action[768];
};
void report_say(const struct report_view *, bool readonly, struct report_words *);
/* 184498 -> "184,498" */
void report_grouped(double v, char *buf, size_t cap);

void report_draw(struct report_view *, struct view_context *, struct canvas *);

#endif
