/* palette: the line in which commands are typed, with what fits: ranking, completion, a history, errors in place. It knows
 * no command: those who open it give it the candidates for the present text and run the line that it returns. Pure: draws
 * into a canvas. */
#ifndef FSPLAB_UI_PALETTE_H
#define FSPLAB_UI_PALETTE_H

#include "theme.h"

enum { PALETTE_TEXT = 256, PALETTE_HISTORY = 50, PALETTE_ROWS = 8 };

/* Candidates stand for whole lines, so those of "set l" are "set lambda=", "set lr=". */
struct palette_item {
    char text[PALETTE_TEXT]; /* "pause", "set lambda=", "open demo" */
    char takes[64];          /* what is still to be typed, what may be left out in []: "KEY=VALUE"; "": nothing */
    char help[160];          /* what it does; of a refused one, why it cannot be done now */
    char key[16];            /* the key that does the same; "": none */
    bool refused;
};
struct palette_list {
    int n, cap;
    struct palette_item *item;
};
/* A new item at the end, zeroed but for its text; one that is there already is returned as it is. */
struct palette_item *palette_add(struct palette_list *, const char *text);
void palette_list_release(struct palette_list *);

struct palette {
    char text[PALETTE_TEXT];
    char refusal[300];              /* why the line was not run; it stays until the next key */
    char typed[PALETTE_TEXT];       /* before Tab or the history put something else into the line */
    int chosen;                     /* the match that Tab has put there; -1: none */
    int n_matches, *match;          /* indices of items, the best first */
    int n_history, recalled;        /* recalled: the line of the history that is shown; n_history: none */
    char *history[PALETTE_HISTORY]; /* the oldest first */
};
void palette_release(struct palette *);
/* A new line with that text; the history stays. Ask for matches next. */
void palette_open(struct palette *, const char *text);

/* How well an item answers to what was typed; < 0: not at all. The whole, its beginning, the beginning of one of its words,
 * any part of it, a word of its help, its letters in order; and an item that is the beginning of what was typed. *hit, where
 * it is given, gets a flag for each byte of the item's text that was typed. */
int palette_score(const struct palette_item *, const char *typed, bool *hit);
/* Ranks the candidates for palette_matched() text; equal ones stay in their order. */
void palette_rank(struct palette *, const struct palette_list *);
/* What is matched: the text, or while Tab walks what had been typed. Candidates are to be collected for it. */
const char *palette_matched(const struct palette *);

enum palette_act {
    PALETTE_STAY,  /* collect and rank anew */
    PALETTE_LEAVE, /* Esc, or Backspace on an empty line */
    PALETTE_RUN,   /* run palette.text; then palette_ran, or a refusal and nothing is lost */
};
/* Keys: Enter runs a line that is complete, or that only one candidate begins with; else it completes, or says what is wrong.
 * Tab completes as far as the candidates agree, then walks through them, S-Tab back. Up and Down: lines of the history that
 * begin with what was typed. */
enum palette_act palette_key(struct palette *, const struct palette_list *, int key);
/* A line that was run goes into the history, once. */
void palette_ran(struct palette *, const char *line);

/* A frame at the lower edge of ROOM: matches, the error, the line. */
struct rect palette_area(struct rect room);
void palette_draw(struct canvas *, struct rect room, const struct look *, const struct palette *,
                  const struct palette_list *);
/* The place among the matches under a cell of the canvas; -1: none. A click takes it into the line. */
int palette_at(const struct palette *, struct rect room, int x, int y);
void palette_take(struct palette *, const struct palette_list *, int place);

#endif
