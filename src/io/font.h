/* font: the letters of pictures (assets/font.c), as text art: '#' is ink. */
#ifndef FSPLAB_FONT_H
#define FSPLAB_FONT_H

#include <stdint.h>

enum { FONT_W = 6, FONT_H = 9, FONT_ROW = 16, FONT_GLYPHS = 112, FONT_EXTRA = 16, FONT_BOX = 127 - 32 };

/* Glyph G stands in lines G / FONT_ROW * FONT_H ..., from column G % FONT_ROW * FONT_W on. Glyphs 0..94: ASCII 32..126;
 * FONT_BOX: for a character there is no glyph of; behind it those of font_extra in its order. */
extern const char *const font_art[FONT_GLYPHS / FONT_ROW * FONT_H];
extern const uint32_t font_extra[FONT_EXTRA]; /* Unicode */

#endif
