/* What terminfo says about a terminal before ncurses is started on it, and the bytes that undo what ncurses did. */
#include "term_impl.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <term.h>

static bool entry_load(const char *name, int fd)
{
    int status = 0;
    return setupterm(name, fd, &status) == OK;
}

static bool is_string(const char *s)
{
    return s && s != (const char *)-1 && *s;
}

/* The capability may be a flag, a number of bits, or bits for each colour. */
bool entry_is_direct(void)
{
    return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || is_string(tigetstr("RGB"));
}

bool entry_is_ansi(void)
{
    return is_string(cursor_address) && !strncmp(cursor_address, "\033[", 2);
}

static enum entry_kind look_at(const char *name, int fd, bool *direct, int *colors)
{
    if (!entry_load(name, fd))
        return ENTRY_UNKNOWN;
    bool moves = is_string(cursor_address) && is_string(clear_screen);
    *direct = entry_is_direct();
    *colors = max_colors;
    del_curterm(cur_term);
    return moves ? ENTRY_GOOD : ENTRY_IMMOBILE;
}

enum entry_kind entry_choose(const char *term, const char *colorterm, int fd, char *name, size_t cap)
{
    static const char *const better[] = {"-direct", "-256color"};
    bool direct, more = colorterm && (!strcmp(colorterm, "truecolor") || !strcmp(colorterm, "24bit"));
    int colors, family = (int)strlen(term), suffix = (int)strlen("-256color");
    if (family > suffix && !strcmp(term + family - suffix, "-256color"))
        family -= suffix;
    for (size_t i = 0; more && i < ARRAY_LEN(better); i++) {
        snprintf(name, cap, "%.*s%s", family, term, better[i]);
        if (look_at(name, fd, &direct, &colors) == ENTRY_GOOD && (direct || (i > 0 && colors >= 256)))
            return ENTRY_GOOD;
    }
    snprintf(name, cap, "%s", term);
    return look_at(name, fd, &direct, &colors);
}

size_t entry_undo(char *buf, size_t cap, size_t len)
{
    const char *strings[] = {exit_attribute_mode, keypad_local, cursor_normal, exit_ca_mode};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        if (is_string(strings[i]))
            len = str_append(buf, cap, len, "%s", strings[i]);
    return len;
}
