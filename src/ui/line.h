/* line: a line that is being typed: one character more, one less, all gone. */
#ifndef FSPLAB_UI_LINE_H
#define FSPLAB_UI_LINE_H

#include "../base.h"

/* Applies a key (term.h) to UTF-8 text in a buffer of CAP bytes: a printable character is added where there is room,
 * Backspace takes the last one, ^W the last word, ^U everything. false: none of these keys. */
bool line_key(char *text, size_t cap, int key);

#endif
