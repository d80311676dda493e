/* canvas: a grid of character cells in memory. Every screen is drawn here; term.c puts it on a terminal, tests and
 * `ctl screen` print it as text. No curses, no globals. Nothing is ever drawn outside a canvas or a given rectangle. */
#ifndef FSPLAB_UI_CANVAS_H
#define FSPLAB_UI_CANVAS_H

#include "../base.h"

struct rect {
    int x, y, w, h; /* columns and rows; w or h <= 0: empty */
};

enum { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_REVERSE = 4, ATTR_UNDERLINE = 8 };
enum { COLOR_DEFAULT = -1 }; /* the terminal's own */

struct style {
    int32_t fg, bg; /* 0xRRGGBB or COLOR_DEFAULT */
    uint8_t attr;
};

struct cell {
    uint32_t rune; /* Unicode; ' ' when empty; 0: covered by the wide character to its left */
    struct style style;
};

struct canvas {
    int w, h;
    struct cell *cells; /* (h, w) */
};

void canvas_init(struct canvas *, int w, int h); /* blank */
void canvas_release(struct canvas *);
void canvas_resize(struct canvas *, int w, int h); /* blank afterwards */
void canvas_clear(struct canvas *, struct style);

/* Columns that a UTF-8 text takes (East Asian wide characters two, combining ones none; bytes that are no UTF-8 and
 * control characters count one each and are shown as '?'). Does not depend on the locale. */
int text_width(const char *utf8);
int rune_width(uint32_t rune);
/* Decodes one character; returns the bytes taken (>= 1 unless *s is 0), '?' for what is no UTF-8. */
int rune_decode(const char *s, uint32_t *rune);

void canvas_put(struct canvas *, int x, int y, uint32_t rune, struct style);
void canvas_fill(struct canvas *, struct rect, uint32_t rune, struct style);
/* Text at (x, y), clipped to the rectangle as well as to the canvas; of a wide character that would be cut a blank stands
 * in the half that is inside. Control characters are shown as '?', combining marks left out (Hangul letters are joined
 * to syllables). Returns the column after the last one written. */
int canvas_text(struct canvas *, struct rect clip, int x, int y, struct style, const char *utf8);
int canvas_printf(struct canvas *, struct rect clip, int x, int y, struct style, const char *fmt, ...)
    PRINTF_LIKE(6, 7);
/* Right-aligned: the last character stands in column x_end - 1. */
void canvas_text_right(struct canvas *, struct rect clip, int x_end, int y, struct style, const char *utf8);
/* A frame with a title in its upper edge (none where the frame is narrower than 7); ascii: of + - |. Returns the inside;
 * nothing is drawn in a rectangle smaller than 2x2. */
struct rect canvas_frame(struct canvas *, struct rect, const char *title, struct style line, struct style text,
                         bool ascii);

struct rect rect_inset(struct rect, int dx, int dy);
struct rect rect_and(struct rect, struct rect);
/* Splits off the first N rows/columns (of at most what is there): *rest gets what remains. */
struct rect rect_top(struct rect *rest, int n);
struct rect rect_bottom(struct rect *rest, int n);
struct rect rect_left(struct rect *rest, int n);
struct rect rect_right(struct rect *rest, int n);
bool rect_has(struct rect, int x, int y);

/* Lines of UTF-8, trailing blanks cut, each ended by '\n'. free() it. */
char *canvas_to_text(const struct canvas *);
/* The same with SGR colours (24 bit), for pictures of screens. */
char *canvas_to_ansi(const struct canvas *);

#endif
