/* The cursor is always at the end: what is typed here is short, and a terminal's line editors differ too much to please all. */
#include "line.h"

#include <string.h>

enum { BACKSPACE = 127, CTRL_H = 8, CTRL_U = 21, CTRL_W = 23 };

static size_t encode(int rune, char utf8[5])
{
    int n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = n - 1; i > 0; i--, rune >>= 6)
        utf8[i] = (char)(0x80 | (rune & 0x3f));
    utf8[0] = (char)(lead[n] | rune);
    utf8[n] = 0;
    return (size_t)n;
}

static void drop_last(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && ((unsigned char)text[--n] & 0xc0) == 0x80)
        ;
    text[n] = 0;
}

static void drop_word(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    while (n > 0 && text[n - 1] != ' ')
        n--;
    text[n] = 0;
}

bool line_key(char *text, size_t cap, int key)
{
    if (key == BACKSPACE || key == CTRL_H) {
        drop_last(text);
    } else if (key == CTRL_U) {
        text[0] = 0;
    } else if (key == CTRL_W) {
        drop_word(text);
    } else if (key >= ' ' && key < 0x110000 && key != BACKSPACE) {
        char utf8[5];
        size_t n = strlen(text), more = encode(key, utf8);
        if (n + more < cap)
            memcpy(text + n, utf8, more + 1);
    } else {
        return false;
    }
    return true;
}
