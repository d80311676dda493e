/* Three ladders of characters: braille dots, eighths of blocks, ASCII. A stack tells its parts apart by colour, and by
 * character where there are no colours. Below its upper edge a history is drawn in a colour nearer to the frame's, so that
 * the edge, which is what one reads, stands out. */
#include "gauge.h"

#include <math.h>

enum { FULL = 0x2588, TRACK = 0x2500, DOTS_X = 2, DOTS_Y = 4 };

static double clamp01(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Half-way from one colour to another. */
static int32_t blend(int32_t a, int32_t b)
{
    if (a < 0 || b < 0)
        return a;
    return ((a >> 1) & 0x7F7F7F) + ((b >> 1) & 0x7F7F7F);
}

/* What lies below the edge of a filled area. */
static struct style body_style(const struct look *l, enum theme_role role)
{
    struct style s = look_style(l, role);
    if (l->depth <= DEPTH_256)
        s.fg = blend(s.fg, look_style(l, ROLE_FRAME).fg);
    return s;
}

/* A left part of a cell, 1 to 7 eighths. */
static uint32_t left_eighths(int n)
{
    return (uint32_t)(FULL + 8 - n);
}

void gauge_bar(struct canvas *c, struct rect r, const struct look *l, double part, enum theme_role role)
{
    int unit = look_ascii(l) ? 1 : 8, full = isnan(part) ? 0 : (int)lround(clamp01(part) * r.w * unit);
    struct style body = body_style(l, role);
    if (part > 0 && full == 0)
        full = 1; /* a little is not nothing */
    for (int i = 0; i < r.w && r.h > 0; i++) {
        int n = full - unit * i;
        uint32_t rune = look_ascii(l) ? (n > 0 ? '#' : '-') : n >= 8 ? FULL : n > 0 ? left_eighths(n) : TRACK;
        canvas_put(c, r.x + i, r.y, rune, n > unit ? body : look_style(l, n > 0 ? role : ROLE_FRAME));
    }
}

/* ---- stack ---- */

uint32_t gauge_stack_glyph(const struct look *l, int i, struct style *style)
{
    static const enum theme_role roles[GAUGE_PARTS] = {ROLE_CURVE1, ROLE_CURVE2, ROLE_CURVE3, ROLE_CURVE4, ROLE_CURVE5,
                                                       ROLE_CURVE6, ROLE_MARK,   ROLE_TEXT,   ROLE_MUTED};
    static const char ascii[GAUGE_PARTS + 1] = "#=+%o*x:.";
    static const uint32_t mono[GAUGE_PARTS] = {0x2588, 0x2592, 0x2593, 0x2591, 0x259A, 0x2584, 0x2580, 0x258C, 0x00B7};
    i = i < 0 ? 0 : i % GAUGE_PARTS;
    *style = look_style(l, roles[i]);
    return look_ascii(l) ? (uint32_t)ascii[i] : l->depth == DEPTH_MONO ? mono[i] : FULL;
}

/* The part that the position, in whole units of the row, belongs to; n: none. */
static int part_at(const double *part, int n, double position)
{
    double end = 0;
    for (int i = 0; i < n; i++) {
        end += isnan(part[i]) ? 0 : part[i];
        if (position < end)
            return i;
    }
    return n;
}

/* A cell may hold the end of one part and the beginning of the next: the one as character, the other as ground. */
void gauge_stack(struct canvas *c, struct rect r, const struct look *l, const double *part, int n)
{
    bool fine = !look_ascii(l) && l->depth != DEPTH_MONO;
    for (int x = 0; x < r.w && r.h > 0; x++) {
        struct style style = look_style(l, ROLE_FRAME), next;
        double step = 1.0 / (8.0 * r.w);
        int first = part_at(part, n, (8 * x + (fine ? 0.5 : 4)) * step), eighths = 0;
        while (fine && eighths < 8 && part_at(part, n, (8 * x + eighths + 0.5) * step) == first)
            eighths++;
        uint32_t rune = look_ascii(l) ? '-' : TRACK;
        if (first < n)
            rune = gauge_stack_glyph(l, first, &style);
        if (fine && first < n && eighths < 8) {
            int other = part_at(part, n, (8 * x + eighths + 0.5) * step);
            rune = left_eighths(eighths);
            if (other < n) {
                gauge_stack_glyph(l, other, &next);
                style.bg = next.fg;
            }
        }
        canvas_put(c, r.x + x, r.y, rune, style);
    }
}

/* ---- history ---- */

int gauge_history_values(const struct look *l, int columns)
{
    return columns <= 0 ? 0 : l->glyphs == GLYPHS_BRAILLE ? columns * DOTS_X : columns;
}

/* Filled steps of a column, of STEPS a row; 0: a gap. */
static int height(double part, int rows, int steps)
{
    if (isnan(part))
        return 0;
    int n = (int)lround(clamp01(part) * rows * steps);
    return n > 0 ? n : 1;
}

static uint32_t braille(int left, int right)
{
    static const uint8_t bits[DOTS_X][DOTS_Y + 1] = {{0, 0x40, 0x44, 0x46, 0x47}, {0, 0x80, 0xA0, 0xB0, 0xB8}};
    int a = left < 0 ? 0 : left > DOTS_Y ? DOTS_Y : left, b = right < 0 ? 0 : right > DOTS_Y ? DOTS_Y : right;
    return a || b ? (uint32_t)(0x2800 + bits[0][a] + bits[1][b]) : ' ';
}

static uint32_t block(int n)
{
    return n <= 0 ? ' ' : n >= 8 ? FULL : (uint32_t)(0x2580 + n);
}

void gauge_history(struct canvas *c, struct rect r, const struct look *l, const double *part, int n,
                   enum theme_role role)
{
    int per = l->glyphs == GLYPHS_BRAILLE ? DOTS_X : 1, steps = l->glyphs == GLYPHS_BRAILLE ? DOTS_Y
                                                                : look_ascii(l)             ? 3
                                                                                            : 8;
    struct style edge = look_style(l, role), body = body_style(l, role);
    for (int x = 0; x < r.w; x++) {
        int at = n - (r.w - x) * per, h[DOTS_X] = {0};
        for (int k = 0; k < per; k++)
            h[k] = at + k >= 0 ? height(part[at + k], r.h, steps) : 0;
        int top = h[0] > h[1] ? h[0] : h[1];
        for (int y = 0; y < r.h; y++) {
            int below = steps * (r.h - 1 - y);
            uint32_t rune = per == DOTS_X ? braille(h[0] - below, h[1] - below) : block(h[0] - below);
            if (look_ascii(l))
                rune = (uint32_t) " .:#"[top - below <= 0 ? 0 : top - below >= 3 ? 3 : top - below];
            if (rune != ' ')
                canvas_put(c, r.x + x, r.y + y, rune, top - below <= steps ? edge : body);
        }
    }
}
