/* Plain loops over pixels: a figure is drawn once, when somebody asks for a file. Text is enlarged by whole factors; at
 * even ones the glyph is doubled by the Scale2x rule first (an edge pixel takes its two equal neighbours' colour), which
 * rounds the corners that a small font has. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

#include "font.h"

void picture_init(struct picture *p, int w, int h, rgb background)
{
    *p = (struct picture){.w = w, .h = h, .rgb24 = xmalloc((size_t)w * (size_t)h * 3)};
    picture_fill(p, 0, 0, w, h, background);
}

void picture_release(struct picture *p)
{
    free(p->rgb24);
    *p = (struct picture){0};
}

static void put(struct picture *p, int x, int y, rgb c)
{
    uint8_t *at = p->rgb24 + ((size_t)y * (size_t)p->w + (size_t)x) * 3;
    at[0] = (uint8_t)(c >> 16), at[1] = (uint8_t)(c >> 8), at[2] = (uint8_t)c;
}

rgb picture_at(const struct picture *p, int x, int y)
{
    if (x < 0 || y < 0 || x >= p->w || y >= p->h)
        return -1;
    const uint8_t *at = p->rgb24 + ((size_t)y * (size_t)p->w + (size_t)x) * 3;
    return at[0] << 16 | at[1] << 8 | at[2];
}

void picture_fill(struct picture *p, int x, int y, int w, int h, rgb c)
{
    int x0 = x < 0 ? 0 : x, y0 = y < 0 ? 0 : y;
    int x1 = x + w > p->w ? p->w : x + w, y1 = y + h > p->h ? p->h : y + h;
    for (int j = y0; j < y1; j++)
        for (int i = x0; i < x1; i++)
            put(p, i, j, c);
}

/* ---- text ---- */

/* One character; what is no UTF-8 counts byte by byte. Returns the bytes taken, 0 at the end. */
static int decode(const char *s, uint32_t *rune)
{
    const unsigned char *b = (const unsigned char *)s;
    int n = b[0] < 0x80 ? 1 : b[0] >> 5 == 6 ? 2 : b[0] >> 4 == 14 ? 3 : b[0] >> 3 == 30 ? 4 : 0;
    *rune = n < 2 ? b[0] : b[0] & (0x7fU >> n);
    if (!b[0])
        return 0;
    for (int i = 1; i < n; i++) {
        if (b[i] >> 6 != 2)
            n = 0;
        else
            *rune = *rune << 6 | (b[i] & 0x3f);
    }
    if (n == 0)
        *rune = 0xfffd;
    return n ? n : 1;
}

static int glyph_of(uint32_t rune)
{
    if (rune >= ' ' && rune < 127)
        return (int)rune - ' ';
    for (int i = 0; i < FONT_EXTRA; i++)
        if (font_extra[i] == rune)
            return FONT_BOX + 1 + i;
    return FONT_BOX;
}

static bool ink(int glyph, int x, int y)
{
    if (x < 0 || y < 0 || x >= FONT_W || y >= FONT_H)
        return false;
    return font_art[glyph / FONT_ROW * FONT_H + y][glyph % FONT_ROW * FONT_W + x] == '#';
}

/* Pixel (x, y) of the doubled glyph. */
static bool ink_doubled(int glyph, int x, int y)
{
    int gx = x / 2, gy = y / 2, dx = x % 2 ? 1 : -1, dy = y % 2 ? 1 : -1;
    bool side = ink(glyph, gx + dx, gy), other_side = ink(glyph, gx - dx, gy);
    bool end = ink(glyph, gx, gy + dy), other_end = ink(glyph, gx, gy - dy);
    return side == end && side != other_end && end != other_side ? side : ink(glyph, gx, gy);
}

int picture_line(int scale)
{
    return (FONT_H + 2) * scale;
}

int picture_text_width(int scale, const char *utf8)
{
    int n = 0;
    uint32_t rune;
    for (int step; (step = decode(utf8, &rune)) > 0; utf8 += step)
        n++;
    return n * FONT_W * scale;
}

int picture_text(struct picture *p, int x, int y, int scale, rgb c, const char *utf8)
{
    uint32_t rune;
    for (int step; (step = decode(utf8, &rune)) > 0; utf8 += step, x += FONT_W * scale) {
        int glyph = glyph_of(rune);
        bool doubled = scale % 2 == 0;
        int f = doubled ? 2 : 1, dot = scale / f;
        for (int j = 0; j < FONT_H * f; j++)
            for (int i = 0; i < FONT_W * f; i++)
                if (doubled ? ink_doubled(glyph, i, j) : ink(glyph, i, j))
                    picture_fill(p, x + i * dot, y + j * dot, dot, dot, c);
    }
    return x;
}
