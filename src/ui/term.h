/* term: the one terminal of this process, through ncurses (wide). Puts a canvas on it, reads keys, and leaves the
 * terminal as it was, whatever happens. The only file of the project that includes curses. One thread calls it. */
#ifndef FSPLAB_UI_TERM_H
#define FSPLAB_UI_TERM_H

#include "theme.h"

/* Keys beyond Unicode characters (which are themselves; ^A is 1, Escape 27, Enter '\r', Tab '\t', Backspace 127). */
enum term_key {
    KEY_NONE = 0,
    TERM_UP = 0x110000,
    TERM_DOWN,
    TERM_LEFT,
    TERM_RIGHT,
    TERM_HOME,
    TERM_END,
    TERM_PAGE_UP,
    TERM_PAGE_DOWN,
    TERM_BACK_TAB,
    TERM_DELETE,
    TERM_RESIZE, /* the size has changed: term_size */
    TERM_MOUSE,  /* term_mouse tells where */
    TERM_GONE,   /* the terminal has hung up: nothing more will come */
};

struct term;
/* ERR_STATE: no terminal, TERM unknown or "dumb" (said in a sentence); raw mode, alternate screen, no echo, mouse if
 * wanted. Unsets LINES and COLUMNS. Depth and glyphs are found: NO_COLOR, colours of terminfo, COLORTERM, the locale's
 * codeset; *depth and *glyphs get the best this terminal has. */
struct term *term_open(bool mouse, enum color_depth *depth, enum glyph_set *glyphs, struct err *);
/* Also safe after TERM_GONE. NULL is fine. */
void term_close(struct term *);
/* Readable when a key may be there. A new size interrupts poll() on it (SIGWINCH, EINTR): ask term_key then, too. */
int term_fd(const struct term *);
void term_size(struct term *, int *w, int *h);
/* Puts the canvas on the terminal: only what has changed goes out, as one synchronised frame. Colours are reduced to
 * DEPTH. */
void term_draw(struct term *, const struct canvas *, enum color_depth depth);
/* The next key, KEY_NONE when there is none now. Never blocks. */
int term_key(struct term *);
void term_mouse(const struct term *, int *x, int *y,
                int *button);    /* button 1..3, 4 and 5 the wheel; of the last TERM_MOUSE */
void term_redraw(struct term *); /* everything anew at the next term_draw (^L) */

#endif
