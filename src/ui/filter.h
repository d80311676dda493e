/* filter: words that a line of a list has to contain, and the lines that do. Any list may use it: it is told how a row reads. */
#ifndef FSPLAB_UI_FILTER_H
#define FSPLAB_UI_FILTER_H

#include "../base.h"

enum { FILTER_TEXT = 64, FILTER_WORDS = 8 };

struct filter {
    char text[FILTER_TEXT]; /* as typed; "": everything fits */
    int n;
    struct filter_word {
        char text[FILTER_TEXT];
        bool absent; /* typed with a ! before it: must not be in the line */
    } word[FILTER_WORDS];
};

/* Words between blanks, in any order, each anywhere in the line; "two words" in quotes are one; !word must not be there. Small and
 * capital letters are the same (of ASCII). */
void filter_set(struct filter *, const char *text);
bool filter_fits(const struct filter *, const char *line);
/* The first place at or behind FROM where one of the words stands, and its length in bytes; -1: none. */
int filter_find(const struct filter *, const char *line, int from, int *length);

/* Rows that fit, ascending. Each row is read once: rows are only ever added at the end; when others come, forget them. */
struct filter_hits {
    int n, cap, tried;
    int *row;
};
typedef void filter_read(void *ctx, int row, char *buf, size_t cap);
void filter_hits_update(struct filter_hits *, const struct filter *, int rows, filter_read *, void *ctx);
void filter_hits_forget(struct filter_hits *); /* keeps its memory */
void filter_hits_release(struct filter_hits *);
/* The place among the hits of the nearest one before (BY -1) or behind (1) a row, at the ends from the other end; -1: there are
 * none. ROW -1: from the end that lies in that direction's back. */
int filter_hits_next(const struct filter_hits *, int row, int by);
/* The place of a row itself; -1: it is no hit. */
int filter_hits_place(const struct filter_hits *, int row);

#endif
