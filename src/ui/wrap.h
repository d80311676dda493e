/* wrap: text over several rows, for the sentences of the program. */
#ifndef FSPLAB_UI_WRAP_H
#define FSPLAB_UI_WRAP_H

#include "canvas.h"

/* TEXT into the rectangle from its first row on, broken at blanks, a word that is longer than a row within. Returns the
 * rows that it takes, also those for which there was no room; with c NULL it only counts. */
int wrap_text(struct canvas *c, struct rect r, struct style, const char *text);

#endif
