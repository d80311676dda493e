/* One SCREEN of ncurses. A frame is compared with the last one cell by cell before ncurses hears of it: first as it was
 * drawn, then as the terminal would show it, so an unchanged frame costs no byte and no call, and the marks of
 * synchronised output (DEC 2026) go out only around a frame that has something in it. Both are written past ncurses,
 * whose own buffer is empty before and after doupdate() (putp() would not do: it goes through stdout's).
 *
 * Keys are read through a pad, because reading through a window would refresh it. The size is asked of the kernel at
 * every key instead of waiting for SIGWINCH to reach the right thread. After a hang-up getch() would report "no key"
 * for ever, so poll() is asked each time that there is none.
 *
 * What must be undone is written down as bytes when the terminal is opened: a process that dies of memory or of a bug
 * can still send them, whatever state ncurses is in. */
#include "term.h"
#include "term_impl.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define SYNC_BEGIN "\033[?2026h"
#define SYNC_END "\033[?2026l"

enum { PAIR_SLOTS = 1 << 16, MAX_PAIRS = PAIR_SLOTS / 2 };

/* What a cell shows, after the reduction of its colours. */
struct shown {
    uint32_t rune;
    struct ink ink;
};

struct pair_slot {
    int32_t fg, bg;
    int pair; /* 0: free */
};

struct term {
    SCREEN *screen;
    WINDOW *input; /* a pad */
    int in, out;
    int w, h;
    bool synchronised, gone, full;
    enum color_depth best, depth; /* that it has; of the last frame */
    struct canvas last;           /* as drawn */
    struct shown *shown;          /* (h, w) */
    struct pair_slot *pairs;      /* hash table */
    struct pair_slot last_pair;   /* the one found last: neighbours mostly share it */
    int n_pairs, max_pairs;
    bool no_pairs_left; /* the last frame had to do with fewer colours than it asked for */
    cchar_t *run;       /* one row */
    int mouse_x, mouse_y, mouse_button;
};

/* ---- leaving, from anywhere ---- */

/* The only state outside of struct term: what a dying process must do, and nothing else. */
static struct {
    volatile sig_atomic_t armed;
    int out;
    struct termios modes;
    char bytes[256];
    size_t n;
} undo;

/* Safe in a signal handler. */
static void undo_now(void)
{
    if (!undo.armed)
        return;
    undo.armed = 0;
    ssize_t ignored = write(undo.out, undo.bytes, undo.n);
    (void)ignored;
    tcsetattr(undo.out, TCSANOW, &undo.modes);
}

static void on_fatal_signal(int number)
{
    undo_now();
    raise(number); /* the handler is gone already (SA_RESETHAND): ends as it would have */
}

static void catch_fatal_signals(void)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct sigaction old, ours = {.sa_handler = on_fatal_signal, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(numbers[i], &ours, NULL);
    }
}

static void undo_prepare(const struct term *t, const struct termios *modes, bool mouse)
{
    undo.out = t->out;
    undo.modes = *modes;
    undo.n = str_append(undo.bytes, sizeof(undo.bytes), 0, "%s%s", t->synchronised ? SYNC_END : "",
                        t->synchronised && mouse ? "\033[?1000l\033[?1006l" : "");
    undo.n = entry_undo(undo.bytes, sizeof(undo.bytes), undo.n);
    undo.armed = 1;
    static bool registered;
    if (!registered)
        atexit(undo_now);
    registered = true;
    base_set_death_hook(undo_now);
    catch_fatal_signals();
}

/* ---- what the terminal is ---- */

static bool env_set(const char *name)
{
    const char *v = getenv(name);
    return v && *v;
}

static enum color_depth find_depth(void)
{
    if (env_set("NO_COLOR") || !has_colors())
        return DEPTH_MONO;
    if (entry_is_direct() && COLORS > 256)
        return DEPTH_TRUE;
    return COLORS >= 256 ? DEPTH_256 : COLORS >= 8 ? DEPTH_8 : DEPTH_MONO;
}

static enum glyph_set find_glyphs(const char *entry)
{
    const char *codeset = nl_langinfo(CODESET);
    if (strcmp(codeset, "UTF-8") && strcmp(codeset, "utf8"))
        return GLYPHS_ASCII;
    /* The console's fonts have 256 or 512 characters: lines and half-blocks, but neither quadrants nor braille. */
    return strcmp(entry, "linux") ? GLYPHS_BRAILLE : GLYPHS_ASCII;
}

/* ---- opening and closing ---- */

static bool check_terminal(int in, int out, char *entry, size_t cap, struct err *err)
{
    const char *term = getenv("TERM");
    if (!isatty(in) || !isatty(out))
        return err_set(err, ERR_STATE, "standard %s is not a terminal", isatty(in) ? "output" : "input");
    if (!term || !*term)
        return err_set(err, ERR_STATE, "TERM is not set: set it to the kind of your terminal, such as xterm-256color");
    enum entry_kind kind = entry_choose(term, getenv("COLORTERM"), out, entry, cap);
    if (kind == ENTRY_UNKNOWN)
        return err_set(err, ERR_STATE,
                       "TERM is '%.60s', which the terminfo of this system does not know: set it to the kind of your "
                       "terminal, such as xterm-256color, or install ncurses-term",
                       term);
    if (kind == ENTRY_IMMOBILE)
        return err_set(err, ERR_STATE, "TERM is '%.60s', a terminal that cannot move its cursor: use another one",
                       term);
    return true;
}

static void set_modes(struct term *t, bool mouse)
{
    raw();
    noecho();
    nonl();
    curs_set(0);
    set_escdelay(25);
    typeahead(-1); /* a frame is never cut off by a key */
    leaveok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    t->input = newpad(1, 1);
    keypad(t->input, TRUE);
    nodelay(t->input, TRUE);
    if (mouse) {
        mouseinterval(0);
        mousemask(BUTTON1_PRESSED | BUTTON2_PRESSED | BUTTON3_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    }
    if (has_colors()) {
        start_color();
        use_default_colors();
    }
}

static void take_size(struct term *t)
{
    getmaxyx(stdscr, t->h, t->w);
    size_t n = (size_t)t->w * (size_t)t->h;
    canvas_resize(&t->last, t->w, t->h);
    t->shown = xrealloc(t->shown, n * sizeof(*t->shown));
    t->run = xrealloc(t->run, (size_t)t->w * sizeof(*t->run));
    t->full = true;
}

struct term *term_open(bool mouse, enum color_depth *depth, enum glyph_set *glyphs, struct err *err)
{
    char entry[128];
    struct termios modes;
    unsetenv("LINES");
    unsetenv("COLUMNS");
    setlocale(LC_CTYPE, "");
    if (!check_terminal(STDIN_FILENO, STDOUT_FILENO, entry, sizeof(entry), err))
        return NULL;
    if (tcgetattr(STDIN_FILENO, &modes) != 0) {
        err_set(err, ERR_STATE, "cannot read the modes of the terminal: %s", strerror(errno));
        return NULL;
    }
    SCREEN *screen = newterm(entry, stdout, stdin);
    if (!screen) {
        err_set(err, ERR_STATE, "cannot use a terminal of the kind '%s'", entry);
        return NULL;
    }
    struct term *t = xcalloc(1, sizeof(*t));
    t->screen = screen;
    t->in = STDIN_FILENO;
    t->out = STDOUT_FILENO;
    t->synchronised = entry_is_ansi();
    set_modes(t, mouse);
    undo_prepare(t, &modes, mouse);
    t->best = t->depth = find_depth();
    t->max_pairs = COLOR_PAIRS - 2 < MAX_PAIRS ? COLOR_PAIRS - 2 : MAX_PAIRS;
    t->pairs = xcalloc(PAIR_SLOTS, sizeof(*t->pairs));
    take_size(t);
    *depth = t->best;
    *glyphs = find_glyphs(entry);
    return t;
}

void term_close(struct term *t)
{
    if (!t)
        return;
    if (!t->gone)
        endwin();
    undo.armed = 0;
    tcsetattr(t->out, TCSANOW, &undo.modes); /* whatever ncurses thinks they were */
    delwin(t->input);
    delscreen(t->screen);
    base_set_death_hook(NULL);
    canvas_release(&t->last);
    free(t->shown);
    free(t->pairs);
    free(t->run);
    free(t);
}

int term_fd(const struct term *t)
{
    return t->in;
}

void term_size(struct term *t, int *w, int *h)
{
    *w = t->w;
    *h = t->h;
}

void term_redraw(struct term *t)
{
    t->full = true;
}

/* ---- colours ---- */

static void forget_pairs(struct term *t)
{
    memset(t->pairs, 0, PAIR_SLOTS * sizeof(*t->pairs));
    t->last_pair = (struct pair_slot){0};
    t->n_pairs = 0;
    t->no_pairs_left = false;
    reset_color_pairs();
    t->full = true;
}

/* ncurses's pair for two colours. When there are no more, the text's colour alone, or none. */
static int pair_for(struct term *t, int32_t fg, int32_t bg)
{
    if (fg < 0 && bg < 0)
        return 0;
    if (t->last_pair.pair && t->last_pair.fg == fg && t->last_pair.bg == bg)
        return t->last_pair.pair;
    size_t at = (size_t)hash3((uint64_t)fg, (uint64_t)bg, 0) % PAIR_SLOTS;
    for (; t->pairs[at].pair; at = (at + 1) % PAIR_SLOTS)
        if (t->pairs[at].fg == fg && t->pairs[at].bg == bg) {
            t->last_pair = t->pairs[at];
            return t->pairs[at].pair;
        }
    if (t->n_pairs >= t->max_pairs) {
        t->no_pairs_left = true;
        return bg >= 0 ? pair_for(t, fg, -1) : 0;
    }
    int pair = alloc_pair(fg, bg);
    if (pair <= 0)
        return 0;
    t->pairs[at] = (struct pair_slot){fg, bg, pair};
    t->n_pairs++;
    return pair;
}

/* ---- frames ---- */

/* What the terminal is to show for a row: colours reduced, and '?' for what the locale's C library would give another
 * width than ours (ncurses would lose its place) or cannot print. */
static void reduce_row(const struct term *t, const struct cell *row, struct shown *out)
{
    struct style style = {0};
    struct ink ink = {0};
    bool known = false, replaced = false;
    for (int x = 0; x < t->w; x++) {
        const struct cell *c = &row[x];
        if (!known || c->style.fg != style.fg || c->style.bg != style.bg || c->style.attr != style.attr) {
            style = c->style;
            ink = ink_reduce(style, t->depth);
            if (t->best == DEPTH_TRUE && t->depth == DEPTH_256) { /* its colours have no numbers beyond 7 */
                ink.fg = ink.fg < 0 ? ink.fg : colormap_256_rgb(ink.fg);
                ink.bg = ink.bg < 0 ? ink.bg : colormap_256_rgb(ink.bg);
                ink = ink_reduce((struct style){ink.fg, ink.bg, ink.attr}, DEPTH_TRUE);
            }
            known = true;
        }
        uint32_t rune = c->rune;
        if (rune >= 0x80) {
            replaced = wcwidth((wchar_t)rune) != rune_width(rune);
            rune = replaced ? '?' : rune;
        } else if (rune == 0) {
            rune = replaced ? '?' : 0;
        }
        out[x] = (struct shown){rune, ink};
    }
}

static bool shown_equal(const struct shown *a, const struct shown *b)
{
    return a->rune == b->rune && a->ink.fg == b->ink.fg && a->ink.bg == b->ink.bg && a->ink.attr == b->ink.attr;
}

static void to_curses(struct term *t, const struct shown *s, cchar_t *out)
{
    wchar_t text[2] = {(wchar_t)s->rune, 0};
    attr_t attr = 0;
    if (s->ink.attr & ATTR_BOLD)
        attr |= A_BOLD;
    if (s->ink.attr & ATTR_DIM)
        attr |= A_DIM;
    if (s->ink.attr & ATTR_REVERSE)
        attr |= A_REVERSE;
    if (s->ink.attr & ATTR_UNDERLINE)
        attr |= A_UNDERLINE;
    int pair = pair_for(t, s->ink.fg, s->ink.bg);
    setcchar(out, text, attr, 0, &pair); /* with a pointer to int: pairs beyond 32767 */
}

/* Hands the cells [x0, x1) of a row to ncurses; those covered by a wide character come with it. */
static void put_run(struct term *t, int y, int x0, int x1, const struct shown *row)
{
    int n = 0;
    for (int x = x0; x < x1; x++)
        if (row[x].rune != 0)
            to_curses(t, &row[x], &t->run[n++]);
    if (n > 0)
        mvadd_wchnstr(y, x0, t->run, n);
}

/* Puts the cells of a row that look different; returns how many. */
static int put_row(struct term *t, int y, const struct cell *row, struct shown *scratch)
{
    struct shown *was = t->shown + (size_t)y * (size_t)t->w;
    reduce_row(t, row, scratch);
    int changed = 0;
    for (int x = 0; x < t->w;) {
        if (!t->full && shown_equal(&scratch[x], &was[x])) {
            x++;
            continue;
        }
        int from = x;
        while (x < t->w && (t->full || !shown_equal(&scratch[x], &was[x])))
            x++;
        while (from > 0 && scratch[from].rune == 0)
            from--;
        put_run(t, y, from, x, scratch);
        changed += x - from;
    }
    memcpy(was, scratch, (size_t)t->w * sizeof(*was));
    return changed;
}

/* All of it, unless the terminal is gone. */
static void write_all(struct term *t, const char *s)
{
    size_t n = strlen(s);
    while (n > 0) {
        ssize_t k = write(t->out, s, n);
        if (k > 0) {
            s += k;
            n -= (size_t)k;
        } else if (k < 0 && errno == EAGAIN) {
            struct pollfd p = {t->out, POLLOUT, 0};
            poll(&p, 1, -1);
            if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
                return;
        } else if (k < 0 && errno != EINTR) {
            return;
        }
    }
}

/* The part of the canvas that the terminal has room for; what is missing of it is blank. */
static const struct cell *canvas_row(const struct canvas *c, int y, int w, struct cell *room)
{
    if (y < c->h && c->w == w)
        return c->cells + (size_t)y * (size_t)w;
    for (int x = 0; x < w; x++) {
        room[x] = (struct cell){' ', {COLOR_DEFAULT, COLOR_DEFAULT, 0}};
        if (y < c->h && x < c->w)
            room[x] = c->cells[(size_t)y * (size_t)c->w + (size_t)x];
    }
    if (w > 0 && w < c->w && y < c->h && rune_width(room[w - 1].rune) == 2)
        room[w - 1].rune = ' ';
    return room;
}

static void send_frame(struct term *t)
{
    if (t->synchronised)
        write_all(t, SYNC_BEGIN);
    wnoutrefresh(stdscr);
    doupdate();
    if (t->synchronised)
        write_all(t, SYNC_END);
}

/* The bytes between the fields of a cell may differ and mean nothing. */
static bool rows_equal(const struct term *t, const struct cell *a, const struct cell *b)
{
    if (!memcmp(a, b, (size_t)t->w * sizeof(*a)))
        return true;
    for (int x = 0; x < t->w; x++)
        if (a[x].rune != b[x].rune || a[x].style.fg != b[x].style.fg || a[x].style.bg != b[x].style.bg ||
            a[x].style.attr != b[x].style.attr)
            return false;
    return true;
}

static bool frame_differs(const struct term *t, const struct canvas *c, struct cell *room)
{
    for (int y = 0; y < t->h; y++)
        if (!rows_equal(t, canvas_row(c, y, t->w, room), t->last.cells + (size_t)y * (size_t)t->w))
            return true;
    return false;
}

/* Hands what has changed to ncurses; returns whether anything has. */
static bool put_frame(struct term *t, const struct canvas *c, bool all_rows, struct cell *room)
{
    int changed = 0;
    struct shown *scratch = xmalloc((size_t)t->w * sizeof(*scratch));
    for (int y = 0; y < t->h; y++) {
        const struct cell *row = canvas_row(c, y, t->w, room);
        struct cell *last = t->last.cells + (size_t)y * (size_t)t->w;
        if (!all_rows && rows_equal(t, row, last))
            continue;
        memcpy(last, row, (size_t)t->w * sizeof(*row));
        changed += put_row(t, y, row, scratch);
    }
    free(scratch);
    return changed > 0;
}

void term_draw(struct term *t, const struct canvas *c, enum color_depth depth)
{
    if (t->gone)
        return;
    depth = depth < t->best ? t->best : depth;
    struct cell *room = xcalloc((size_t)t->w, sizeof(*room));
    bool all_rows = t->full || depth != t->depth;
    if (all_rows || frame_differs(t, c, room)) {
        t->depth = depth;
        if (t->no_pairs_left) {
            forget_pairs(t);
            all_rows = true;
        }
        bool repaint = t->full, changed = put_frame(t, c, all_rows, room);
        t->full = false;
        if (repaint)
            clearok(curscr, TRUE);
        if (changed)
            send_frame(t);
    }
    free(room);
}

/* ---- keys ---- */

/* Whether the terminal has hung up: poll() says so, or there is something to read and it is nothing. */
static bool has_hung_up(const struct term *t)
{
    struct pollfd p = {t->in, POLLIN, 0};
    int n = 0;
    if (poll(&p, 1, 0) <= 0)
        return false;
    if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
        return true;
    return (p.revents & POLLIN) && (ioctl(t->in, FIONREAD, &n) != 0 || n == 0);
}

static bool follow_size(struct term *t)
{
    struct winsize size;
    if (ioctl(t->out, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    if (size.ws_row == t->h && size.ws_col == t->w)
        return false;
    resizeterm(size.ws_row, size.ws_col);
    take_size(t);
    return true;
}

static bool take_mouse(struct term *t)
{
    static const struct {
        mmask_t state;
        int button;
    } buttons[] = {
        {BUTTON1_PRESSED, 1}, {BUTTON2_PRESSED, 2}, {BUTTON3_PRESSED, 3}, {BUTTON4_PRESSED, 4}, {BUTTON5_PRESSED, 5},
    };
    MEVENT e;
    if (getmouse(&e) != OK)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(buttons); i++)
        if (e.bstate & buttons[i].state) {
            t->mouse_x = e.x;
            t->mouse_y = e.y;
            t->mouse_button = buttons[i].button;
            return true;
        }
    return false;
}

/* KEY_NONE: a key that means nothing here. */
static int translate(struct term *t, wint_t code)
{
    static const struct {
        int curses, key;
    } keys[] = {
        {KEY_UP, TERM_UP},         {KEY_DOWN, TERM_DOWN},       {KEY_LEFT, TERM_LEFT}, {KEY_RIGHT, TERM_RIGHT},
        {KEY_HOME, TERM_HOME},     {KEY_FIND, TERM_HOME},       {KEY_END, TERM_END},   {KEY_SELECT, TERM_END},
        {KEY_PPAGE, TERM_PAGE_UP}, {KEY_NPAGE, TERM_PAGE_DOWN}, {KEY_DC, TERM_DELETE}, {KEY_BTAB, TERM_BACK_TAB},
        {KEY_ENTER, '\r'},         {KEY_BACKSPACE, 127},
    };
    if ((int)code == KEY_MOUSE)
        return take_mouse(t) ? TERM_MOUSE : KEY_NONE;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].curses == (int)code)
            return keys[i].key;
    return KEY_NONE;
}

int term_key(struct term *t)
{
    if (t->gone)
        return TERM_GONE;
    if (follow_size(t))
        return TERM_RESIZE;
    for (;;) {
        wint_t code = 0;
        int got = wget_wch(t->input, &code);
        if (got == ERR) {
            t->gone = has_hung_up(t);
            return t->gone ? TERM_GONE : KEY_NONE;
        }
        int key = got == KEY_CODE_YES ? translate(t, code) : code == 8 ? 127 : (int)code;
        if (key != KEY_NONE)
            return key;
    }
}

void term_mouse(const struct term *t, int *x, int *y, int *button)
{
    *x = t->mouse_x;
    *y = t->mouse_y;
    *button = t->mouse_button;
}
