/* keys: THE table of keys. Footer, the `?` overlay, the man page and docs/KEYS.md are made from it; a screen is told
 * the command, never the key. */
#ifndef FSPLAB_UI_KEYS_H
#define FSPLAB_UI_KEYS_H

#include <stdio.h>

#include "../base.h"

enum command {
    CMD_NONE,
    /* everywhere */
    CMD_HELP,
    CMD_QUIT,
    CMD_DETACH,
    CMD_SCREEN,
    CMD_NEXT_SCREEN,
    CMD_PREVIOUS_SCREEN,
    CMD_GLYPHS,
    CMD_THEME,
    CMD_REDRAW,
    CMD_PAUSE,
    CMD_STOP,
    CMD_SKIP,
    CMD_CLONE,
    CMD_UP,
    CMD_DOWN,
    CMD_LEFT,
    CMD_RIGHT,
    CMD_HOME,
    CMD_END,
    CMD_PAGE_UP,
    CMD_PAGE_DOWN,
    CMD_ENTER,
    CMD_CANCEL,
    CMD_NEXT_TRIAL,
    CMD_PREVIOUS_TRIAL,
    CMD_FOLLOW,
    CMD_FILTER,
    CMD_EXPORT,
    CMD_PALETTE,
    /* live tuning */
    CMD_TUNE_NEXT,
    CMD_TUNE_UP,
    CMD_TUNE_DOWN,
    CMD_TUNE_TYPE,
    CMD_TUNE_UNDO,
    /* curves */
    CMD_LOG_Y,
    CMD_SMOOTH,
    CMD_RANGE,
    CMD_X_AXIS,
    CMD_STAGE,
    CMD_OVERLAY,
    /* FSP */
    CMD_NEXT_BLOCK,
    CMD_PREVIOUS_BLOCK,
    CMD_NEXT_STEP,
    CMD_PREVIOUS_STEP,
    CMD_NEXT_IMAGE,
    CMD_PREVIOUS_IMAGE,
    CMD_NEXT_PAIR,
    /* search */
    CMD_NEXT_MAP,
    CMD_COLUMNS,
    CMD_ROWS,
    CMD_CONTOURS,
    CMD_OTHERS,
    CMD_PAGE,
    CMD_NEAREST,
    CMD_BOX,
    CMD_PIN,
    CMD_STRATEGY,
    /* lists */
    CMD_NEXT_HIT,
    CMD_PREVIOUS_HIT,
    /* trials */
    CMD_SORT_NEXT,
    CMD_SORT_PREVIOUS,
    CMD_SORT_REVERSE,
    CMD_COMPARE,
    CMD_RETRY,
    CMD_THAW,
    CMD_NEXT_PANE,
    CMD_BRUSH_LOW,
    CMD_BRUSH_HIGH,
    CMD_BRUSH_NONE,
    /* setup */
    CMD_START,
    CMD_NEXT_FIELD,
    CMD_PREVIOUS_FIELD,
    CMD_RESET_FIELD,
    CMD_DEFAULT_FIELD,
    CMD_SCALE,
    CMD_FOLD,
    /* report */
    CMD_NEXT_STUDY,
    CMD_PREVIOUS_STUDY,
    CMD_NOTES,
    CMD_SAVE,
    CMD_REREAD,
    CMD_PRESET,
    CMD_MEASURE,
    CMD_START_AWAY,
};

struct key_def {
    const char *view; /* NULL: everywhere (a screen's own row comes first) */
    int key;          /* as term.h has it */
    enum command command;
    const char *name;  /* "p", "Tab", "^L" */
    const char *label; /* one or two words for the footer; NULL: not in the footer */
    const char *help;  /* a sentence without full stop; NULL: an alias of the row before */
    bool acts;         /* changes the study: not with --readonly */
};
extern const struct key_def key_table[];
extern const int key_count;

/* CMD_NONE when the key means nothing on that screen; *def gets the row. */
enum command key_command(const char *view, int key, const struct key_def **def);
/* A command's name, as the palette takes it: "next-trial". Of one that has none yet, the beginning of HELP. */
void command_word(enum command, const char *help, char *buf, size_t cap);
/* The table for readers: Markdown, or roff. */
void keys_print(FILE *, bool roff);

#endif
