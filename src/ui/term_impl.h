/* term_impl: how a style becomes what a poorer terminal can show. No curses here, so that it can be tested without. */
#ifndef FSPLAB_UI_TERM_IMPL_H
#define FSPLAB_UI_TERM_IMPL_H

#include "theme.h"

/* Colours as the terminal numbers them (direct colour: 0xRRGGBB), -1: its own. */
struct ink {
    int32_t fg, bg;
    uint8_t attr;
};
struct ink ink_reduce(struct style, enum color_depth);

/* ---- terminfo: term_info.c (its header has a struct term of its own) ---- */

enum entry_kind { ENTRY_UNKNOWN, ENTRY_IMMOBILE, ENTRY_GOOD };
/* The entry to use: that of TERM, or one of the same family with more colours where the terminal says (COLORTERM, may be
 * NULL) that it has them and terminfo knows such a one. */
enum entry_kind entry_choose(const char *term, const char *colorterm, int fd, char *name, size_t cap);
/* Of the entry that newterm() has loaded: colours are given as 0xRRGGBB; sequences begin with ESC [. */
bool entry_is_direct(void);
bool entry_is_ansi(void);
/* Appends what leaves the screen as str_append does. */
size_t entry_undo(char *buf, size_t cap, size_t len);

#endif
