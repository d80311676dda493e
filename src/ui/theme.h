/* theme: what a screen looks like: the colour of each role, and the two ladders a poor terminal steps down.
 *
 * A theme file has lines "role = [#RRGGBB | default] [on #RRGGBB | on default] [bold] [dim] [reverse] [underline]";
 * '#' and ';' at a line's beginning start comments. `background = light` (or dark) says what ground it is made for. A
 * role that is not named keeps its colour of the built-in theme for that ground (the dark one when nothing is said). */
#ifndef FSPLAB_UI_THEME_H
#define FSPLAB_UI_THEME_H

#include "../colormap.h"
#include "canvas.h"

/* role, name in a theme file, what it is for */
#define THEME_ROLES(X)                                                                                                 \
    X(TEXT, "text", "ordinary text")                                                                                   \
    X(MUTED, "muted", "labels, units, axes")                                                                           \
    X(TITLE, "title", "names of screens and frames")                                                                   \
    X(FRAME, "frame", "lines of frames")                                                                               \
    X(BAR, "bar", "the top line")                                                                                      \
    X(BAR_ACTIVE, "bar-active", "the screen that is shown, in the top line")                                           \
    X(KEY, "key", "a key in the footer")                                                                               \
    X(SELECTED, "selected", "the row or field under the cursor")                                                       \
    X(GOOD, "good", "better, best, running")                                                                           \
    X(WARN, "warn", "edited, paused, collapsed")                                                                       \
    X(BAD, "bad", "failed, diverged, disconnected")                                                                    \
    X(CURSOR, "cursor", "the cursor of a plot or a map")                                                               \
    X(MARK, "mark", "the moment at which something was changed")                                                       \
    X(CURVE1, "curve1", "curves, in turn")                                                                             \
    X(CURVE2, "curve2", "")                                                                                            \
    X(CURVE3, "curve3", "")                                                                                            \
    X(CURVE4, "curve4", "")                                                                                            \
    X(CURVE5, "curve5", "")                                                                                            \
    X(CURVE6, "curve6", "")
enum theme_role {
#define X(code, name, what) ROLE_##code,
    THEME_ROLES(X)
#undef X
        ROLE_COUNT
};

struct theme {
    char name[32];
    bool light; /* made for a light background */
    struct style role[ROLE_COUNT];
};
extern const struct theme theme_dark, theme_light;
/* ERR_IO, ERR_CONFIG with file and line. *t is complete or untouched. */
bool theme_read(const char *path, struct theme *t, struct err *);

enum color_depth { DEPTH_TRUE, DEPTH_256, DEPTH_8, DEPTH_MONO };
enum glyph_set { GLYPHS_BRAILLE, GLYPHS_BLOCK, GLYPHS_ASCII }; /* curves: braille, quadrants, characters */

/* What every draw function is given. */
struct look {
    struct theme theme;
    enum color_depth depth;
    enum glyph_set glyphs;
};
static inline struct style look_style(const struct look *l, enum theme_role r)
{
    return l->theme.role[r];
}
static inline bool look_ascii(const struct look *l)
{
    return l->glyphs == GLYPHS_ASCII;
}
/* Levels of a heat map that are worth telling apart: 32, 13, or those of a shading. */
int look_levels(const struct look *);

#endif
