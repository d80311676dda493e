/* A cell holds one character, so combining marks are dropped, except that Hangul letters in sequence (the way some
 * systems spell file names) are put together to their syllable. A wide character owns two cells, the second of which
 * has rune 0; whoever overwrites one half blanks the other, so that the grid never holds half a character: the two
 * invariants are kept in canvas_put alone. */
#include "canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cell blank = {' ', {COLOR_DEFAULT, COLOR_DEFAULT, 0}};

void canvas_init(struct canvas *c, int w, int h)
{
    *c = (struct canvas){0};
    canvas_resize(c, w, h);
}

void canvas_release(struct canvas *c)
{
    free(c->cells);
    *c = (struct canvas){0};
}

void canvas_resize(struct canvas *c, int w, int h)
{
    w = w > 0 ? w : 0;
    h = h > 0 ? h : 0;
    if (w != c->w || h != c->h || !c->cells) {
        free(c->cells);
        c->cells = xcalloc((size_t)w * (size_t)h, sizeof(*c->cells));
        c->w = w;
        c->h = h;
    }
    canvas_clear(c, blank.style);
}

void canvas_clear(struct canvas *c, struct style style)
{
    size_t n = (size_t)c->w * (size_t)c->h;
    for (size_t i = 0; i < n; i++)
        c->cells[i] = (struct cell){' ', style};
}

/* ---- text ---- */

int rune_decode(const char *s, uint32_t *rune)
{
    const unsigned char *p = (const unsigned char *)s;
    int n = p[0] < 0x80 ? 0 : p[0] < 0xC2 ? -1 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : p[0] < 0xF5 ? 3 : -1;
    if (n <= 0) {
        *rune = n ? '?' : p[0];
        return p[0] != 0;
    }
    uint32_t r = p[0] & (0x3Fu >> n);
    for (int i = 1; i <= n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            r = UINT32_MAX;
        if (r == UINT32_MAX)
            break;
        r = r << 6 | (p[i] & 0x3F);
    }
    /* Cut off, written longer than needed, half of a pair of UTF-16, or beyond the end of Unicode. */
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (r < least[n] || r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF)) {
        *rune = '?';
        return 1;
    }
    *rune = r;
    return n + 1;
}

static bool is_control(uint32_t r)
{
    return r < 0x20 || (r >= 0x7F && r < 0xA0) || r == 0x2028 || r == 0x2029;
}

/* The syllable of a leading letter and vowel, or of such a syllable and a final letter; 0: they make none. */
static uint32_t compose_hangul(uint32_t a, uint32_t b)
{
    if (a >= 0x1100 && a < 0x1113 && b >= 0x1161 && b < 0x1176)
        return 0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28;
    if (a >= 0xAC00 && a < 0xD7A4 && (a - 0xAC00) % 28 == 0 && b > 0x11A7 && b < 0x11C3)
        return a + (b - 0x11A7);
    return 0;
}

/* The next character that takes room, with the combining ones after it; 0 at the end. */
static uint32_t next_glyph(const char **s)
{
    uint32_t rune = 0;
    while (**s) {
        *s += rune_decode(*s, &rune);
        if (rune_width(rune) > 0)
            break;
        rune = 0;
    }
    while (rune && **s) {
        uint32_t mark;
        int n = rune_decode(*s, &mark);
        if (rune_width(mark) > 0)
            break;
        uint32_t joined = compose_hangul(rune, mark);
        rune = joined ? joined : rune;
        *s += n;
    }
    return rune;
}

int text_width(const char *utf8)
{
    int width = 0;
    for (uint32_t rune; (rune = next_glyph(&utf8));)
        width += rune_width(rune);
    return width;
}

/* ---- drawing ---- */

static struct cell *cell_at(struct canvas *c, int x, int y)
{
    return &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

/* Blanks what is left of a wide character when the cell at (x, y) is overwritten. */
static void split_wide(struct canvas *c, int x, int y)
{
    struct cell *p = cell_at(c, x, y);
    if (p->rune == 0 && x > 0)
        p[-1].rune = ' ';
    if (x + 1 < c->w && p[1].rune == 0)
        p[1].rune = ' ';
}

void canvas_put(struct canvas *c, int x, int y, uint32_t rune, struct style style)
{
    if (x < 0 || y < 0 || x >= c->w || y >= c->h)
        return;
    int width = rune_width(rune);
    if (rune == 0 || width == 0 || (width == 2 && x + 1 >= c->w))
        rune = ' ';
    else if (is_control(rune))
        rune = '?';
    split_wide(c, x, y);
    *cell_at(c, x, y) = (struct cell){rune, style};
    if (rune != ' ' && width == 2) {
        split_wide(c, x + 1, y);
        *cell_at(c, x + 1, y) = (struct cell){0, style};
    }
}

void canvas_fill(struct canvas *c, struct rect r, uint32_t rune, struct style style)
{
    r = rect_and(r, (struct rect){0, 0, c->w, c->h});
    int step = rune_width(rune) == 2 ? 2 : 1;
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x += step)
            canvas_put(c, x, y, x + step > r.x + r.w ? ' ' : rune, style);
}

int canvas_text(struct canvas *c, struct rect clip, int x, int y, struct style style, const char *utf8)
{
    clip = rect_and(clip, (struct rect){0, 0, c->w, c->h});
    if (clip.w <= 0 || y < clip.y || y >= clip.y + clip.h)
        return x;
    int end = clip.x + clip.w;
    for (uint32_t rune; x < end && (rune = next_glyph(&utf8));) {
        int width = rune_width(rune);
        if (x >= clip.x && x + width <= end)
            canvas_put(c, x, y, rune, style);
        else if (x + width > clip.x) /* cut: a blank stands in its half, so that a coloured line has no hole */
            canvas_put(c, x < clip.x ? clip.x : x, y, ' ', style);
        x += width;
    }
    return x < end ? x : end;
}

int canvas_printf(struct canvas *c, struct rect clip, int x, int y, struct style style, const char *fmt, ...)
{
    char fixed[512];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(fixed, sizeof(fixed), fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof(fixed)) {
        char *text = xmalloc((size_t)n + 1);
        vsnprintf(text, (size_t)n + 1, fmt, again);
        x = canvas_text(c, clip, x, y, style, text);
        free(text);
    } else if (n > 0) {
        x = canvas_text(c, clip, x, y, style, fixed);
    }
    va_end(again);
    return x;
}

void canvas_text_right(struct canvas *c, struct rect clip, int x_end, int y, struct style style, const char *utf8)
{
    canvas_text(c, clip, x_end - text_width(utf8), y, style, utf8);
}

struct rect canvas_frame(struct canvas *c, struct rect r, const char *title, struct style line, struct style text,
                         bool ascii)
{
    static const uint32_t round[] = {0x256D, 0x256E, 0x2570, 0x256F, 0x2500, 0x2502};
    static const uint32_t plain[] = {'+', '+', '+', '+', '-', '|'};
    const uint32_t *g = ascii ? plain : round;
    if (r.w < 2 || r.h < 2)
        return (struct rect){r.x, r.y, 0, 0};
    int right = r.x + r.w - 1, bottom = r.y + r.h - 1;
    canvas_fill(c, (struct rect){r.x + 1, r.y, r.w - 2, 1}, g[4], line);
    canvas_fill(c, (struct rect){r.x + 1, bottom, r.w - 2, 1}, g[4], line);
    canvas_fill(c, (struct rect){r.x, r.y + 1, 1, r.h - 2}, g[5], line);
    canvas_fill(c, (struct rect){right, r.y + 1, 1, r.h - 2}, g[5], line);
    canvas_put(c, r.x, r.y, g[0], line);
    canvas_put(c, right, r.y, g[1], line);
    canvas_put(c, r.x, bottom, g[2], line);
    canvas_put(c, right, bottom, g[3], line);
    if (title && *title && r.w >= 7) {
        struct rect room = {r.x + 2, r.y, r.w - 4, 1};
        int x = canvas_text(c, room, room.x, r.y, text, " ");
        struct rect inner = {x, r.y, room.w - 2, 1};
        x = canvas_text(c, inner, x, r.y, text, title);
        canvas_text(c, room, x, r.y, text, " ");
    }
    return rect_inset(r, 1, 1);
}

/* ---- rectangles ---- */

struct rect rect_inset(struct rect r, int dx, int dy)
{
    r = (struct rect){r.x + dx, r.y + dy, r.w - 2 * dx, r.h - 2 * dy};
    r.w = r.w > 0 ? r.w : 0;
    r.h = r.h > 0 ? r.h : 0;
    return r;
}

struct rect rect_and(struct rect a, struct rect b)
{
    int x = a.x > b.x ? a.x : b.x, y = a.y > b.y ? a.y : b.y;
    int right = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    int bottom = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
    return (struct rect){x, y, right > x ? right - x : 0, bottom > y ? bottom - y : 0};
}

static int part(int n, int whole)
{
    whole = whole > 0 ? whole : 0;
    return n < 0 ? 0 : n < whole ? n : whole;
}

struct rect rect_top(struct rect *rest, int n)
{
    n = part(n, rest->h);
    struct rect r = {rest->x, rest->y, rest->w, n};
    rest->y += n;
    rest->h -= n;
    return r;
}

struct rect rect_bottom(struct rect *rest, int n)
{
    n = part(n, rest->h);
    rest->h -= n;
    return (struct rect){rest->x, rest->y + rest->h, rest->w, n};
}

struct rect rect_left(struct rect *rest, int n)
{
    n = part(n, rest->w);
    struct rect r = {rest->x, rest->y, n, rest->h};
    rest->x += n;
    rest->w -= n;
    return r;
}

struct rect rect_right(struct rect *rest, int n)
{
    n = part(n, rest->w);
    rest->w -= n;
    return (struct rect){rest->x + rest->w, rest->y, n, rest->h};
}

bool rect_has(struct rect r, int x, int y)
{
    return x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h;
}

/* ---- as text ---- */

struct text {
    char *s;
    size_t n, cap;
};

static void text_add(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n + 1);
        t->s = xrealloc(t->s, t->cap);
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

static void text_add_rune(struct text *t, uint32_t r)
{
    char b[4];
    size_t n;
    if (r < 0x80) {
        b[0] = (char)r;
        n = 1;
    } else if (r < 0x800) {
        b[0] = (char)(0xC0 | r >> 6);
        b[1] = (char)(0x80 | (r & 0x3F));
        n = 2;
    } else if (r < 0x10000) {
        b[0] = (char)(0xE0 | r >> 12);
        b[1] = (char)(0x80 | (r >> 6 & 0x3F));
        b[2] = (char)(0x80 | (r & 0x3F));
        n = 3;
    } else {
        b[0] = (char)(0xF0 | r >> 18);
        b[1] = (char)(0x80 | (r >> 12 & 0x3F));
        b[2] = (char)(0x80 | (r >> 6 & 0x3F));
        b[3] = (char)(0x80 | (r & 0x3F));
        n = 4;
    }
    text_add(t, b, n);
}

static bool style_equal(struct style a, struct style b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

static void text_add_style(struct text *t, struct style s)
{
    char b[96];
    size_t n = str_append(b, sizeof(b), 0, "\033[0");
    n = str_append(b, sizeof(b), n, "%s%s%s%s", s.attr & ATTR_BOLD ? ";1" : "", s.attr & ATTR_DIM ? ";2" : "",
                   s.attr & ATTR_UNDERLINE ? ";4" : "", s.attr & ATTR_REVERSE ? ";7" : "");
    if (s.fg >= 0)
        n = str_append(b, sizeof(b), n, ";38;2;%d;%d;%d", s.fg >> 16 & 255, s.fg >> 8 & 255, s.fg & 255);
    if (s.bg >= 0)
        n = str_append(b, sizeof(b), n, ";48;2;%d;%d;%d", s.bg >> 16 & 255, s.bg >> 8 & 255, s.bg & 255);
    n = str_append(b, sizeof(b), n, "m");
    text_add(t, b, n);
}

static char *dump(const struct canvas *c, bool styled)
{
    struct text t = {0};
    text_add(&t, "", 0);
    for (int y = 0; y < c->h; y++) {
        const struct cell *row = c->cells + (size_t)y * (size_t)c->w;
        int end = c->w;
        while (end > 0 && row[end - 1].rune == ' ' && (!styled || style_equal(row[end - 1].style, blank.style)))
            end--;
        struct style now = blank.style;
        for (int x = 0; x < end; x++) {
            if (row[x].rune == 0)
                continue;
            if (styled && !style_equal(row[x].style, now)) {
                now = row[x].style;
                text_add_style(&t, now);
            }
            text_add_rune(&t, row[x].rune);
        }
        if (!style_equal(now, blank.style))
            text_add(&t, "\033[0m", 4);
        text_add(&t, "\n", 1);
    }
    return t.s;
}

char *canvas_to_text(const struct canvas *c)
{
    return dump(c, false);
}

char *canvas_to_ansi(const struct canvas *c)
{
    return dump(c, true);
}
