/* A row is the longest beginning of the text that fits and ends before a blank; where there is none, the longest that fits. */
#include "wrap.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the next row of at most W columns, not counting the blank it is broken at. */
static size_t row_bytes(const char *text, int w)
{
    size_t at = 0, blank = 0;
    int x = 0;
    while (text[at]) {
        uint32_t rune;
        int bytes = rune_decode(text + at, &rune);
        if (text[at] == ' ')
            blank = at;
        x += rune_width(rune);
        if (x > w && text[at] != ' ')
            return blank ? blank : at ? at : (size_t)bytes; /* not even one character fits: it is passed over */
        at += (size_t)bytes;
    }
    return at;
}

int wrap_text(struct canvas *c, struct rect r, struct style style, const char *text)
{
    int rows = 0;
    if (r.w <= 0)
        return 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " "), rows++) {
        size_t n = row_bytes(text, r.w);
        if (c && rows < r.h) {
            char *row = xstrfmt("%.*s", (int)n, text);
            canvas_text(c, r, r.x, r.y + rows, style, row);
            free(row);
        }
        text += n;
    }
    return rows;
}
