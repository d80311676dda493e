/* The two built-in themes leave the ground to the terminal (default) wherever nothing has to stand out, so that they
 * look at home on any dark, or any light, background. The curves' six colours keep apart in hue as well as in lightness
 * and reduce to six different ones of the eight that the poorest colour terminals have.
 *
 * A theme file is read into a set of changes first and laid over its base at the end: the line `background = light`
 * may stand anywhere. */
#include "theme.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INK(rgb_value, attributes)                                                                                     \
    {                                                                                                                  \
        rgb_value, COLOR_DEFAULT, attributes                                                                           \
    }

const struct theme theme_dark = {
    .name = "dark",
    .light = false,
    .role =
        {
            [ROLE_TEXT] = INK(COLOR_DEFAULT, 0),     [ROLE_MUTED] = INK(0x8A93A3, 0),
            [ROLE_TITLE] = INK(0xDDE3EC, ATTR_BOLD), [ROLE_FRAME] = INK(0x4C5566, 0),
            [ROLE_BAR] = INK(0xA4AEBD, 0),           [ROLE_BAR_ACTIVE] = {0x10151C, 0x7FB2E5, ATTR_BOLD},
            [ROLE_KEY] = INK(0x8FBDEB, ATTR_BOLD),   [ROLE_SELECTED] = {0xEEF2F7, 0x2F4058, 0},
            [ROLE_GOOD] = INK(0x7CCB8C, 0),          [ROLE_WARN] = INK(0xE6BE6A, 0),
            [ROLE_BAD] = INK(0xEC7A72, ATTR_BOLD),   [ROLE_CURSOR] = INK(0xF4F6FA, ATTR_BOLD),
            [ROLE_MARK] = INK(0xC7A3EA, 0),          [ROLE_CURVE1] = INK(0x6FA8F0, 0),
            [ROLE_CURVE2] = INK(0xF0946A, 0),        [ROLE_CURVE3] = INK(0x83CC7F, 0),
            [ROLE_CURVE4] = INK(0xD98BD0, 0),        [ROLE_CURVE5] = INK(0xE3CD6B, 0),
            [ROLE_CURVE6] = INK(0x62CFCB, 0),
        },
};

const struct theme theme_light = {
    .name = "light",
    .light = true,
    .role =
        {
            [ROLE_TEXT] = INK(COLOR_DEFAULT, 0),     [ROLE_MUTED] = INK(0x68717F, 0),
            [ROLE_TITLE] = INK(0x1B2430, ATTR_BOLD), [ROLE_FRAME] = INK(0xAEB6C2, 0),
            [ROLE_BAR] = INK(0x4A5565, 0),           [ROLE_BAR_ACTIVE] = {0xFFFFFF, 0x2F6DB3, ATTR_BOLD},
            [ROLE_KEY] = INK(0x245FA6, ATTR_BOLD),   [ROLE_SELECTED] = {0x101820, 0xCFE0F4, 0},
            [ROLE_GOOD] = INK(0x2C7F3E, 0),          [ROLE_WARN] = INK(0x9A6700, 0),
            [ROLE_BAD] = INK(0xBB2D27, ATTR_BOLD),   [ROLE_CURSOR] = INK(0x10151C, ATTR_BOLD),
            [ROLE_MARK] = INK(0x7A46B0, 0),          [ROLE_CURVE1] = INK(0x2C66C4, 0),
            [ROLE_CURVE2] = INK(0xC4501E, 0),        [ROLE_CURVE3] = INK(0x2F8A36, 0),
            [ROLE_CURVE4] = INK(0xA83A9C, 0),        [ROLE_CURVE5] = INK(0x8F7400, 0),
            [ROLE_CURVE6] = INK(0x00868A, 0),
        },
};

static const char *const role_name[ROLE_COUNT] = {
#define X(code, name, what) name,
    THEME_ROLES(X)
#undef X
};

/* ---- files ---- */

/* Where we are, for the messages. */
struct place {
    const char *path;
    int line;
    struct err *err;
};

static bool wrong(const struct place *p, const char *what, const char *read, const char *allowed)
{
    char shown[64]; /* the message may go to a terminal */
    size_t n = 0;
    for (; read[n] && n + 1 < sizeof(shown); n++)
        shown[n] = (signed char)read[n] >= ' ' && read[n] != 127 ? read[n] : '?'; /* ASCII only */
    shown[n] = '\0';
    return err_set(p->err, ERR_CONFIG, "%s:%d: %s '%s': %s", p->path, p->line, what, shown, allowed);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "#RRGGBB" or "default". */
static bool parse_color(const char *word, int32_t *color)
{
    if (!strcmp(word, "default")) {
        *color = COLOR_DEFAULT;
        return true;
    }
    if (word[0] != '#' || strlen(word) != 7)
        return false;
    int32_t v = 0;
    for (int i = 1; i < 7; i++) {
        int d = hex_digit(word[i]);
        if (d < 0)
            return false;
        v = v << 4 | d;
    }
    *color = v;
    return true;
}

static int parse_attr(const char *word)
{
    static const struct {
        const char *name;
        int attr;
    } attrs[] = {{"bold", ATTR_BOLD}, {"dim", ATTR_DIM}, {"reverse", ATTR_REVERSE}, {"underline", ATTR_UNDERLINE}};
    for (size_t i = 0; i < ARRAY_LEN(attrs); i++)
        if (!strcmp(word, attrs[i].name))
            return attrs[i].attr;
    return 0;
}

static bool parse_style(const struct place *p, char *value, struct style *style)
{
    *style = (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0};
    bool fg = false, bg = false;
    char *save = NULL;
    for (char *w = strtok_r(value, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
        int attr = parse_attr(w);
        if (attr) {
            style->attr |= (uint8_t)attr;
        } else if (!strcmp(w, "on")) {
            if (bg)
                return wrong(p, "second background", w, "a style has one");
            char *color = strtok_r(NULL, " \t", &save);
            if (!color)
                return wrong(p, "no colour after", w, "#RRGGBB or default expected");
            if (!parse_color(color, &style->bg))
                return wrong(p, "background", color, "#RRGGBB or default expected");
            bg = true;
        } else if (!parse_color(w, &style->fg)) {
            return wrong(p, "unknown word", w, "#RRGGBB, default, on, bold, dim, reverse or underline expected");
        } else if (fg) {
            return wrong(p, "second colour", w, "a style has one (and one after 'on')");
        } else {
            fg = true;
        }
    }
    return true;
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    s[n] = '\0';
    return s;
}

/* What a file says. */
struct changes {
    int background; /* line that named it; 0: none */
    bool light;
    int line[ROLE_COUNT]; /* that named the role; 0: none */
    struct style role[ROLE_COUNT];
};

static bool parse_background(const struct place *p, const char *value, struct changes *c)
{
    if (c->background)
        return wrong(p, "background given twice", value, "once is enough");
    if (strcmp(value, "light") && strcmp(value, "dark"))
        return wrong(p, "background", value, "dark or light expected");
    c->background = p->line;
    c->light = !strcmp(value, "light");
    return true;
}

static bool parse_line(const struct place *p, char *text, struct changes *c)
{
    char *s = trim(text);
    if (!*s || *s == '#' || *s == ';')
        return true;
    char *equals = strchr(s, '=');
    if (!equals)
        return wrong(p, "no '=' in", s, "'role = #RRGGBB on #RRGGBB bold' expected");
    *equals = '\0';
    char *name = trim(s), *value = trim(equals + 1);
    if (!strcmp(name, "background"))
        return parse_background(p, value, c);
    int r = 0;
    while (r < ROLE_COUNT && strcmp(name, role_name[r]))
        r++;
    if (r == ROLE_COUNT)
        return wrong(p, "unknown role", name,
                     "text, muted, title, ... expected (the roles of assets/themes/dark.theme)");
    if (c->line[r])
        return err_set(p->err, ERR_CONFIG, "%s:%d: role '%s' stands already in line %d", p->path, p->line, name,
                       c->line[r]);
    if (!*value)
        return wrong(p, "no style for", name, "#RRGGBB, default, on, bold, dim, reverse or underline expected");
    c->line[r] = p->line;
    return parse_style(p, value, &c->role[r]);
}

enum { MAX_LINE = 500 };

static bool parse_file(FILE *f, const char *path, struct changes *c, struct err *err)
{
    struct place p = {path, 0, err};
    char line[MAX_LINE + 2];
    size_t n = 0;
    for (int byte = 0; byte != EOF;) {
        byte = getc(f);
        if (byte == '\0')
            return err_set(err, ERR_CONFIG, "%s:%d: a byte 0: this is no text", path, p.line + 1);
        if (byte != '\n' && byte != EOF) {
            if (n == MAX_LINE)
                return err_set(err, ERR_CONFIG, "%s:%d: a line of more than %d bytes", path, p.line + 1, MAX_LINE);
            line[n++] = (char)byte;
            continue;
        }
        line[n] = '\0';
        n = 0;
        p.line++;
        if (!parse_line(&p, line, c))
            return false;
    }
    if (ferror(f))
        return err_set(err, ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    return true;
}

bool theme_read(const char *path, struct theme *t, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    struct changes c = {0};
    bool ok = parse_file(f, path, &c, err);
    fclose(f);
    if (!ok)
        return false;
    *t = c.light ? theme_light : theme_dark;
    for (int r = 0; r < ROLE_COUNT; r++)
        if (c.line[r])
            t->role[r] = c.role[r];
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    size_t n = strlen(base), end = n > 6 && !strcmp(base + n - 6, ".theme") ? n - 6 : n;
    snprintf(t->name, sizeof(t->name), "%.*s", (int)end, base);
    return true;
}

int look_levels(const struct look *l)
{
    switch (l->depth) {
    case DEPTH_TRUE: return 32;
    case DEPTH_256: return 13;
    case DEPTH_8: return look_ascii(l) ? 10 : 13;
    case DEPTH_MONO: break;
    }
    return look_ascii(l) ? 10 : 5;
}
