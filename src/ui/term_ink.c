/* With eight colours or none a muted grey would be black on black, and the ground of a selected row would not be seen.
 * There a text without a hue keeps the terminal's own colour (dim where it is meant to stand back), and a ground without
 * a hue turns into reverse video. Pure black and white are meant literally: heat maps mix their shades of them. */
#include "term_impl.h"

enum { BLACK = 0x000000, WHITE = 0xFFFFFF };

static bool is_neutral(rgb c)
{
    int i = colormap_8(c);
    return c != BLACK && c != WHITE && (i == 0 || i == 7);
}

/* Neither nearly black nor nearly white: text that stands back. */
static bool stands_back(rgb c)
{
    double light = colormap_luminance(c);
    return light > 0.05 && light < 0.5;
}

static struct ink reduce_to_8(struct style s)
{
    struct ink ink = {COLOR_DEFAULT, COLOR_DEFAULT, s.attr};
    if (s.bg >= 0 && is_neutral(s.bg)) {
        ink.attr |= ATTR_REVERSE;
        return ink;
    }
    if (s.bg >= 0)
        ink.bg = colormap_8(s.bg);
    if (s.fg < 0)
        return ink;
    if (s.bg >= 0 || !is_neutral(s.fg))
        ink.fg = colormap_8(s.fg);
    else if (stands_back(s.fg) && !(s.attr & ATTR_BOLD))
        ink.attr |= ATTR_DIM;
    return ink;
}

struct ink ink_reduce(struct style s, enum color_depth depth)
{
    struct ink ink = {s.fg, s.bg, s.attr};
    switch (depth) {
    case DEPTH_TRUE: /* terminfo gives the numbers below 8 to the eight colours */
        ink.fg = s.fg >= 0 && s.fg < 8 ? 8 : s.fg;
        ink.bg = s.bg >= 0 && s.bg < 8 ? 8 : s.bg;
        break;
    case DEPTH_256:
        ink.fg = s.fg < 0 ? s.fg : colormap_256(s.fg);
        ink.bg = s.bg < 0 ? s.bg : colormap_256(s.bg);
        break;
    case DEPTH_8: return reduce_to_8(s);
    case DEPTH_MONO:
        ink = (struct ink){COLOR_DEFAULT, COLOR_DEFAULT, s.attr};
        if (s.bg >= 0)
            ink.attr |= ATTR_REVERSE;
        else if (s.fg >= 0 && is_neutral(s.fg) && stands_back(s.fg) && !(s.attr & ATTR_BOLD))
            ink.attr |= ATTR_DIM;
        break;
    }
    return ink;
}
