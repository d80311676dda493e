/* The one table of keys. A screen's own row wins over one that holds everywhere, so a screen may give a key another
 * meaning; the first row of a command names it, the rows after it without help are its aliases. */
#include "keys.h"

#include <string.h>

#include "term.h"

#define CTRL(c) ((c)&0x1f)

const struct key_def key_table[] = {
    /* steering */
    {NULL, 'p', CMD_PAUSE, "p", "pause", "pause the study, or go on", true},
    {NULL, 'X', CMD_STOP, "X", NULL, "stop the study; `fsplab run` goes on from there", true},
    {NULL, 'K', CMD_SKIP, "K", NULL, "end this stage here and begin the next", true},
    {NULL, 'C', CMD_CLONE, "C", NULL, "a new trial like this one, with other values", true},
    /* live tuning */
    {NULL, 't', CMD_TUNE_NEXT, "t", "tune", "choose what + and - change: lambda, lambda1..3, lr", false},
    {NULL, '+', CMD_TUNE_UP, "+", NULL, "raise it by a tenth", true},
    {NULL, '=', CMD_TUNE_UP, "=", NULL, NULL, true},
    {NULL, '-', CMD_TUNE_DOWN, "-", NULL, "lower it by a tenth", true},
    {NULL, 'e', CMD_TUNE_TYPE, "e", NULL, "type its value", true},
    {NULL, 'u', CMD_TUNE_UNDO, "u", NULL, "undo the latest change", true},
    /* getting about */
    {NULL, '?', CMD_HELP, "?", "help", "all keys of this screen", false},
    {NULL, ':', CMD_PALETTE, ":", "command", "type a command: all of these, screens, and what `ctl` takes", false},
    {NULL, 'E', CMD_EXPORT, "E", NULL, "what is shown as a file: a PNG, SVG or CSV", false},
    {NULL, '\t', CMD_NEXT_SCREEN, "Tab", NULL, "next screen; a digit goes to a screen at once", false},
    {NULL, TERM_BACK_TAB, CMD_PREVIOUS_SCREEN, "S-Tab", NULL, "previous screen", false},
    {NULL, 'q', CMD_QUIT, "q", "quit", "leave: detach, pause the study, or stop it", false},
    {NULL, CTRL('c'), CMD_QUIT, "^C", NULL, NULL, false},
    {NULL, 'd', CMD_DETACH, "d", "detach", "leave the study running and end the screens", false},
    {NULL, 'n', CMD_NEXT_TRIAL, "n", NULL, "look at the next trial", false},
    {NULL, 'b', CMD_PREVIOUS_TRIAL, "b", NULL, "look at the trial before", false},
    {NULL, 'f', CMD_FOLLOW, "f", NULL, "follow the trial that runs", false},
    {NULL, 'g', CMD_GLYPHS, "g", NULL, "curves in braille, blocks or plain characters", false},
    {NULL, 'T', CMD_THEME, "T", NULL, "dark or light theme", false},
    {NULL, CTRL('l'), CMD_REDRAW, "^L", NULL, "draw everything anew", false},
    {NULL, TERM_UP, CMD_UP, "Up", NULL, "move", false},
    {NULL, 'k', CMD_UP, "k", NULL, NULL, false},
    {NULL, TERM_DOWN, CMD_DOWN, "Down", NULL, NULL, false},
    {NULL, 'j', CMD_DOWN, "j", NULL, NULL, false},
    {NULL, TERM_LEFT, CMD_LEFT, "Left", NULL, NULL, false},
    {NULL, 'h', CMD_LEFT, "h", NULL, NULL, false},
    {NULL, TERM_RIGHT, CMD_RIGHT, "Right", NULL, NULL, false},
    {NULL, 'l', CMD_RIGHT, "l", NULL, NULL, false},
    {NULL, TERM_HOME, CMD_HOME, "Home", NULL, NULL, false},
    {NULL, TERM_END, CMD_END, "End", NULL, NULL, false},
    {NULL, TERM_PAGE_UP, CMD_PAGE_UP, "PgUp", NULL, NULL, false},
    {NULL, TERM_PAGE_DOWN, CMD_PAGE_DOWN, "PgDn", NULL, NULL, false},
    {NULL, '\r', CMD_ENTER, "Enter", NULL, NULL, false},
    {NULL, '\n', CMD_ENTER, "Enter", NULL, NULL, false},
    {NULL, 27, CMD_CANCEL, "Esc", NULL, "close, give up", false},
    /* curves */
    {"run", 'y', CMD_LOG_Y, "y", "log", "logarithmic or linear y", false},
    {"run", 'm', CMD_SMOOTH, "m", "smooth", "more smoothing, then none", false},
    {"run", 'r', CMD_RANGE, "r", "range", "the whole stage or its latest part", false},
    {"run", 'x', CMD_X_AXIS, "x", "x axis", "steps, epochs or seconds", false},
    {"run", 's', CMD_STAGE, "s", "stage", "which stage is shown", false},
    {"run", 'o', CMD_OVERLAY, "o", NULL, "keep this trial's curves on the screen, or remove them", false},
    /* FSP */
    {"fsp", '\t', CMD_NEXT_PAIR, "Tab", "pair", "next pair of layers", false},
    {"fsp", ']', CMD_NEXT_BLOCK, "]", "block", "next block of both nets, on a probe image", false},
    {"fsp", '[', CMD_PREVIOUS_BLOCK, "[", NULL, "the block before; before the first: the three sections", false},
    {"fsp", '>', CMD_NEXT_STEP, ">", "step", "the next recorded step", false},
    {"fsp", '.', CMD_NEXT_STEP, ".", NULL, NULL, false},
    {"fsp", '<', CMD_PREVIOUS_STEP, "<", NULL, "the recorded step before", false},
    {"fsp", ',', CMD_PREVIOUS_STEP, ",", NULL, NULL, false},
    {"fsp", TERM_HOME, CMD_HOME, "Home", NULL, "the first recorded step", false},
    {"fsp", TERM_END, CMD_END, "End", NULL, "the latest recorded step, and those that follow", false},
    {"fsp", 'y', CMD_LOG_Y, "y", "scale", "colours by square root or by value", false},
    {"fsp", '\r', CMD_ENTER, "Enter", NULL, "the cursor to where teacher and student differ most", false},
    {"fsp", 'i', CMD_NEXT_IMAGE, "i", "image", "the next probe image", false},
    {"fsp", 'I', CMD_PREVIOUS_IMAGE, "I", NULL, "the probe image before", false},
    /* search */
    {"search", '\r', CMD_ENTER, "Enter", "try", "try what the cursor is at; with a box: search inside it from now on",
     true},
    {"search", 'm', CMD_NEXT_MAP, "m", "map", "the mean, its standard deviation, or what a trial is worth", false},
    {"search", 'v', CMD_PAGE, "v", "view", "the map, slices through the cursor, values over trials, or what matters",
     false},
    {"search", 'b', CMD_BOX, "b", "box",
     "a corner of a box; the cursor is the other, and Enter takes it for both ranges", false},
    {"search", 'P', CMD_PIN, "P", "pin", "pin a setting at a value, edit its range, or free it", true},
    {"search", 'S', CMD_STRATEGY, "S", "strategy", "search by another strategy: grid, random, sobol or bo", true},
    {"search", 'o', CMD_NEAREST, "o", "trial", "look at the trial nearest to the cursor, on all screens", false},
    {"search", 'a', CMD_OTHERS, "a", "others", "settings off the axes: at the best point, or averaged over", false},
    {"search", 'x', CMD_COLUMNS, "x", "x axis", "another setting over the columns, where more than two are searched",
     false},
    {"search", 'y', CMD_ROWS, "y", "y axis", "another setting over the rows", false},
    {"search", 'c', CMD_CONTOURS, "c", "lines", "contour lines, or none", false},
    {"search", TERM_HOME, CMD_HOME, "Home", NULL, "the cursor to the best point by the mean", false},
    {"search", TERM_END, CMD_END, "End", NULL, "the cursor to the point that would be tried next, then the one after",
     false},
    /* device */
    {"device", 'r', CMD_RANGE, "r", "range", "everything that is kept, or the latest two minutes", false},
    {"device", TERM_UP, CMD_UP, "Up", NULL, "another GPU, where there are several; Esc: the study's own", false},
    {"device", TERM_DOWN, CMD_DOWN, "Down", NULL, NULL, false},
    /* log */
    {"log", '/', CMD_FILTER, "/", "filter", "only lines that contain a text", false},
    {"log", 'n', CMD_NEXT_HIT, "n", NULL, "the next line that contains it, back in time; after Esc among all lines",
     false},
    {"log", 'N', CMD_PREVIOUS_HIT, "N", NULL, "the one before, forward in time", false},
    {"log", '\r', CMD_ENTER, "Enter", NULL, "look at the trial of the marked line, on all screens", false},
    /* trials */
    {"trials", 's', CMD_SORT_NEXT, "s", "sort", "sort by the next column; a click on its name does it, too", false},
    {"trials", 'S', CMD_SORT_PREVIOUS, "S", NULL, "sort by the column before", false},
    {"trials", 'r', CMD_SORT_REVERSE, "r", "reverse", "the other way round", false},
    {"trials", '/', CMD_FILTER, "/", "filter", "only some: complete val>0.8 lambda<=0.01 edited kind=repeat", false},
    {"trials", 'v', CMD_NEXT_PANE, "v", "view", "below the table: the trial, axes of all settings, learning curves",
     false},
    {"trials", TERM_RIGHT, CMD_RIGHT, "Right", NULL, "the next axis", false},
    {"trials", 'l', CMD_RIGHT, "l", NULL, NULL, false},
    {"trials", TERM_LEFT, CMD_LEFT, "Left", NULL, "the axis before", false},
    {"trials", 'h', CMD_LEFT, "h", NULL, NULL, false},
    {"trials", '[', CMD_BRUSH_LOW, "[", NULL, "only trials with the chosen one's value or more on this axis", false},
    {"trials", ']', CMD_BRUSH_HIGH, "]", NULL, "only those with its value or less; a click moves an end, too", false},
    {"trials", TERM_DELETE, CMD_BRUSH_NONE, "Del", NULL, "all values of this axis; Esc: of all, then no filter", false},
    {"trials", 127, CMD_BRUSH_NONE, "Backspace", NULL, NULL, false},
    {"trials", 'm', CMD_COMPARE, "m", "compare", "compare this trial with the one you go to", false},
    {"trials", 'o', CMD_OVERLAY, "o", "overlay", "keep this trial's curves on Run, or remove them (8 at most)", false},
    {"trials", 'E', CMD_EXPORT, "E", "export", "the trials that are shown, as CSV", false},
    {"trials", 'R', CMD_RETRY, "R", NULL, "run a trial that failed again, as a new one", true},
    {"trials", 'w', CMD_THAW, "w", NULL, "go on with a trial that was stopped early", true},
    /* setup */
    {"setup", 'S', CMD_START, "S", "start", "start the study with these settings", true},
    {"setup", 'B', CMD_START_AWAY, "B", NULL, "start it in the background and stay here", true},
    {"setup", 'w', CMD_SAVE, "w", "save", "save the settings as a section of experiments.ini", true},
    {"setup", 'R', CMD_REREAD, "R", NULL, "read experiments.ini again; what was changed here stays changed", false},
    {"setup", '/', CMD_FILTER, "/", "find", "only settings that have a word in name or meaning; Esc: all", false},
    {"setup", 'P', CMD_PRESET, "P", "presets", "settings of the paper, or of a quick run, with what they change",
     false},
    {"setup", 'M', CMD_MEASURE, "M", NULL, "measure here how long a step takes with these nets", false},
    {"setup", 's', CMD_RANGE, "s", "range", "one value, or a range to search", false},
    {"setup", 'e', CMD_TUNE_TYPE, "e", "type", "type a value", false},
    {"setup", TERM_DELETE, CMD_RESET_FIELD, "Del", "reset", "back to the study's own value", false},
    {"setup", 127, CMD_RESET_FIELD, "Backspace", NULL, NULL, false},
    {"setup", 'D', CMD_DEFAULT_FIELD, "D", NULL,
     "to the value that a setting has by default; on a heading the whole group", false},
    {"setup", 'u', CMD_TUNE_UNDO, "u", "undo", "take the latest change back, one by one", false},
    {"setup", 'L', CMD_SCALE, "L", NULL, "a range linear or logarithmic", false},
    {"setup", 'z', CMD_FOLD, "z", NULL, "open all groups of settings, or shut them; Left and Right: one", false},
    {"setup", '\t', CMD_NEXT_FIELD, "Tab", "pane", "studies or settings", false},
    {"setup", TERM_BACK_TAB, CMD_PREVIOUS_FIELD, "S-Tab", NULL, NULL, false},
    /* report */
    {"report", '\r', CMD_ENTER, "Enter", "open",
     "open the study that fills the cell; where it was not begun, start it, after a question", false},
    {"report", ']', CMD_NEXT_STUDY, "]", "study", "another study for this row", false},
    {"report", '[', CMD_PREVIOUS_STUDY, "[", NULL, "the study before", false},
    {"report", 'N', CMD_NOTES, "N", "notes", "the notes on every row: protocol, significance; Esc goes back", false},
    {"report", TERM_PAGE_DOWN, CMD_PAGE_DOWN, "PgDn", NULL, "the next table or figure", false},
    {"report", TERM_PAGE_UP, CMD_PAGE_UP, "PgUp", NULL, "the table or figure before", false},
};
const int key_count = (int)ARRAY_LEN(key_table);

static const char *const words[] = {
    [CMD_HELP] = "help",
    [CMD_QUIT] = "quit",
    [CMD_DETACH] = "detach",
    [CMD_NEXT_SCREEN] = "next-screen",
    [CMD_PREVIOUS_SCREEN] = "previous-screen",
    [CMD_GLYPHS] = "glyphs",
    [CMD_THEME] = "theme",
    [CMD_REDRAW] = "redraw",
    [CMD_PAUSE] = "pause",
    [CMD_STOP] = "stop",
    [CMD_SKIP] = "skip",
    [CMD_CLONE] = "clone",
    [CMD_UP] = "up",
    [CMD_DOWN] = "down",
    [CMD_LEFT] = "left",
    [CMD_RIGHT] = "right",
    [CMD_HOME] = "home",
    [CMD_END] = "end",
    [CMD_PAGE_UP] = "page-up",
    [CMD_PAGE_DOWN] = "page-down",
    [CMD_ENTER] = "enter",
    [CMD_CANCEL] = "cancel",
    [CMD_NEXT_TRIAL] = "next-trial",
    [CMD_PREVIOUS_TRIAL] = "previous-trial",
    [CMD_FOLLOW] = "follow",
    [CMD_FILTER] = "filter",
    [CMD_EXPORT] = "export",
    [CMD_PALETTE] = "command",
    [CMD_TUNE_NEXT] = "tune",
    [CMD_TUNE_UP] = "raise",
    [CMD_TUNE_DOWN] = "lower",
    [CMD_TUNE_TYPE] = "type",
    [CMD_TUNE_UNDO] = "undo",
    [CMD_LOG_Y] = "scale",
    [CMD_SMOOTH] = "smooth",
    [CMD_RANGE] = "range",
    [CMD_X_AXIS] = "x-axis",
    [CMD_STAGE] = "stage",
    [CMD_OVERLAY] = "overlay",
    [CMD_NEXT_BLOCK] = "next-block",
    [CMD_PREVIOUS_BLOCK] = "previous-block",
    [CMD_NEXT_STEP] = "next-step",
    [CMD_PREVIOUS_STEP] = "previous-step",
    [CMD_NEXT_IMAGE] = "next-image",
    [CMD_PREVIOUS_IMAGE] = "previous-image",
    [CMD_NEXT_PAIR] = "next-pair",
    [CMD_NEXT_MAP] = "next-map",
    [CMD_COLUMNS] = "columns",
    [CMD_ROWS] = "rows",
    [CMD_CONTOURS] = "contours",
    [CMD_NEXT_HIT] = "next-hit",
    [CMD_PREVIOUS_HIT] = "previous-hit",
    [CMD_PAGE] = "view",
    [CMD_OTHERS] = "others",
    [CMD_NEAREST] = "nearest-trial",
    [CMD_BOX] = "box",
    [CMD_PIN] = "pin",
    [CMD_STRATEGY] = "strategy",
    [CMD_SORT_NEXT] = "sort",
    [CMD_SORT_PREVIOUS] = "sort-previous",
    [CMD_SORT_REVERSE] = "reverse",
    [CMD_NEXT_PANE] = "view",
    [CMD_COMPARE] = "compare",
    [CMD_RETRY] = "retry",
    [CMD_THAW] = "thaw",
    [CMD_BRUSH_LOW] = "brush-low",
    [CMD_BRUSH_HIGH] = "brush-high",
    [CMD_BRUSH_NONE] = "brush-none",
    [CMD_NEXT_STUDY] = "next-study",
    [CMD_PREVIOUS_STUDY] = "previous-study",
    [CMD_NOTES] = "notes",
    [CMD_START_AWAY] = "start-away",
    [CMD_SAVE] = "save",
    [CMD_REREAD] = "reread",
    [CMD_PRESET] = "preset",
    [CMD_MEASURE] = "measure",
    [CMD_DEFAULT_FIELD] = "default",
    [CMD_SCALE] = "scale",
    [CMD_FOLD] = "fold",
    [CMD_START] = "start",
    [CMD_NEXT_FIELD] = "next-pane",
    [CMD_PREVIOUS_FIELD] = "previous-pane",
    [CMD_RESET_FIELD] = "reset",
};

void command_word(enum command c, const char *help, char *buf, size_t cap)
{
    if ((size_t)c < ARRAY_LEN(words) && words[c]) {
        str_append(buf, cap, 0, "%s", words[c]);
        return;
    }
    size_t n = 0;
    int blanks = 0;
    for (; *help && n + 1 < cap && *help != ',' && *help != ';' && *help != ':'; help++) {
        if (*help == ' ' && ++blanks == 4)
            break;
        buf[n++] = *help == ' ' ? '-' : *help;
    }
    buf[n] = 0;
}

enum command key_command(const char *view, int key, const struct key_def **def)
{
    const struct key_def *everywhere = NULL;
    for (int i = 0; i < key_count; i++) {
        const struct key_def *k = &key_table[i];
        if (k->key != key)
            continue;
        if (k->view && strcmp(k->view, view) == 0) {
            *def = k;
            return k->command;
        }
        if (!k->view && !everywhere)
            everywhere = k;
    }
    *def = everywhere;
    return everywhere ? everywhere->command : CMD_NONE;
}

/* roff: '-' is a hyphen unless escaped, and a line must not begin with a dot. */
static void print_escaped(FILE *f, const char *s, bool roff)
{
    for (; *s; s++)
        if (roff && (*s == '-' || *s == '\\'))
            fprintf(f, *s == '-' ? "\\-" : "\\e");
        else if (!roff && *s == '|')
            fputs("\\|", f);
        else
            fputc(*s, f);
}

void keys_print(FILE *f, bool roff)
{
    static const char *const views[] = {NULL, "run", "fsp", "search", "device", "log", "trials", "report", "setup"};
    static const char *const names[] = {"Everywhere", "Run",    "FSP",    "Search", "Device",
                                        "Log",        "Trials", "Report", "Setup"};
    for (size_t v = 0; v < ARRAY_LEN(views); v++) {
        fprintf(f,
                roff ? ".SS %s\n"
                : v  ? "\n### %s\n\n| key | what it does |\n|---|---|\n"
                     : "### %s\n\n| key | what it does |\n|---|---|\n",
                names[v]);
        for (int i = 0; i < key_count; i++) {
            const struct key_def *k = &key_table[i];
            if (!k->help || (views[v] ? !k->view || strcmp(k->view, views[v]) != 0 : k->view != NULL))
                continue;
            fputs(roff ? ".TP\n.B \\&" : "| `", f);
            print_escaped(f, k->name, roff);
            for (int a = i + 1; a < key_count && !key_table[a].help; a++) {
                fputs(roff ? ", " : "` `", f);
                print_escaped(f, key_table[a].name, roff);
            }
            fputs(roff ? "\n\\&" : "` | ", f);
            print_escaped(f, k->help, roff);
            fputs(roff ? "\n" : " |\n", f);
        }
    }
}
