/* term: a child process opens a real pseudo-terminal; what it writes goes into libvterm, and the screen that this has
 * then is compared with the canvas. The child obeys one command at a time and answers each; a mark that it writes after
 * every frame says where the frame's bytes end, so nothing is waited for by time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <vterm.h>

#include "../src/ui/term.h"
#include "../src/ui/term_impl.h"
#include "scratch.h"

#define MARK "\033[?7777l" /* a mode that no terminal knows */
#define PLAIN ((struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0})

enum { W = 60, H = 12 };

/* ---- what is drawn, known to both sides ---- */

enum scene {
    SCENE_BLANK,
    SCENE_TEXT,   /* wide characters, frames, attributes */
    SCENE_TEXT2,  /* the same with one cell changed */
    SCENE_WIDE,   /* wide characters over others, shifted by one */
    SCENE_COLORS, /* every cell another pair of colours */
    SCENE_MORE,   /* and others again */
    SCENE_PAIRS,  /* all 64 pairs of the eight colours, red on green last */
    SCENE_EDGE,   /* the four corners */
    SCENE_COUNT
};

static void draw_text(struct canvas *c, struct rect all)
{
    struct rect in = canvas_frame(c, all, "학습 λ", (struct style){0x5F87AF, COLOR_DEFAULT, 0},
                                  (struct style){0xFFFFFF, COLOR_DEFAULT, ATTR_BOLD}, false);
    canvas_text(c, in, in.x, in.y, PLAIN, "안녕하세요, distillation ⣿⡇▀▄ é");
    canvas_text(c, in, in.x, in.y + 1, (struct style){0xFF0000, 0x005F00, ATTR_UNDERLINE}, "가나 다");
    canvas_text(c, in, in.x, in.y + 2, (struct style){COLOR_DEFAULT, 0x303030, ATTR_REVERSE}, "선택 selected");
    canvas_text_right(c, in, in.x + in.w, in.y + 3, PLAIN, "끝");
}

static void draw_scene(struct canvas *c, enum scene scene, int w, int h)
{
    struct rect all = {0, 0, w, h};
    canvas_resize(c, w, h);
    if (scene == SCENE_TEXT || scene == SCENE_TEXT2)
        draw_text(c, all);
    if (scene == SCENE_TEXT2)
        canvas_put(c, 5, 6, 'x', PLAIN);
    if (scene == SCENE_WIDE)
        for (int y = 0; y < h; y++)
            canvas_text(c, all, y % 3 - 1, y, PLAIN, "가a나b다라마바사아자차카타파하가나다라마바사아자차카타파하");
    if (scene == SCENE_COLORS || scene == SCENE_MORE)
        for (int i = 0; i < w * h; i++)
            canvas_put(c, i % w, i / w, 0x2580,
                       (struct style){(i * 7919 + scene * 4321) & 0xFFFFFF, (i * 104729 + 50) & 0xFFFFFF, 0});
    static const int32_t eight[] = {0, 0xFF0000, 0x00FF00, 0xFFFF00, 0x0000FF, 0xFF00FF, 0x00FFFF, 0xFFFFFF};
    if (scene == SCENE_PAIRS)
        for (int i = 0; i < w * h; i++)
            canvas_put(c, i % w, i / w, 0x2580, (struct style){eight[(i + 18) % 8], eight[(i + 18) / 8 % 8], 0});
    if (scene == SCENE_EDGE) {
        canvas_put(c, 0, 0, 'a', PLAIN);
        canvas_put(c, w - 1, 0, 'b', PLAIN);
        canvas_put(c, 0, h - 1, 'c', PLAIN);
        canvas_put(c, w - 1, h - 1, 'd', PLAIN);
    }
}

/* ---- the child ---- */

enum command { CMD_OPEN, CMD_DRAW, CMD_KEY, CMD_REDRAW, CMD_CLOSE, CMD_ABORT, CMD_EXIT, CMD_NO_MEMORY, CMD_QUIT };

struct order {
    enum command command;
    enum scene scene;
    enum color_depth depth;
};
struct answer {
    bool ok;
    int key, empty; /* how often there was no key although poll() saw something */
    int w, h, mouse[3];
    enum color_depth depth;
    enum glyph_set glyphs;
    char msg[400];
};

static void child_key(struct term *t, struct answer *a)
{
    for (;;) {
        a->key = term_key(t);
        if (a->key != KEY_NONE)
            break;
        struct pollfd p = {term_fd(t), POLLIN, 0};
        a->empty += poll(&p, 1, -1) > 0;
    }
    if (a->key == TERM_MOUSE)
        term_mouse(t, &a->mouse[0], &a->mouse[1], &a->mouse[2]);
    term_size(t, &a->w, &a->h);
}

static void child_draw(struct term *t, struct canvas *c, const struct order *o)
{
    int w, h;
    term_size(t, &w, &h);
    draw_scene(c, o->scene, w, h);
    term_draw(t, c, o->depth);
    ssize_t ignored = write(STDOUT_FILENO, MARK, strlen(MARK));
    (void)ignored;
}

/* SIGWINCH may interrupt the waiting. */
static bool next_order(int in, struct order *o)
{
    ssize_t n;
    do
        n = read(in, o, sizeof(*o));
    while (n < 0 && errno == EINTR);
    return n == sizeof(*o);
}

static void child_main(int in, int out)
{
    struct term *t = NULL;
    struct canvas c = {0};
    struct order o;
    signal(SIGHUP, SIG_IGN);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    while (next_order(in, &o)) {
        struct answer a = {.ok = true};
        struct err err = {0};
        switch (o.command) {
        case CMD_OPEN:
            t = term_open(true, &a.depth, &a.glyphs, &err);
            a.ok = t != NULL;
            snprintf(a.msg, sizeof(a.msg), "%.399s", err.msg);
            if (t)
                term_size(t, &a.w, &a.h);
            break;
        case CMD_DRAW: child_draw(t, &c, &o); break;
        case CMD_KEY: child_key(t, &a); break;
        case CMD_REDRAW: term_redraw(t); break;
        case CMD_CLOSE:
            term_close(t);
            t = NULL;
            break;
        case CMD_ABORT: abort();
        case CMD_EXIT: exit(3);
        case CMD_NO_MEMORY: free(xmalloc(SIZE_MAX / 4)); break;
        case CMD_QUIT: canvas_release(&c); _exit(0);
        }
        if (write(out, &a, sizeof(a)) != sizeof(a))
            break;
    }
    _exit(9);
}

/* ---- the terminal ---- */

struct tty {
    int master, to, from;
    pid_t pid;
    struct termios before;
    VTerm *vt;
    VTermScreen *screen;
    bool cursor, alt;
    char *log; /* bytes since log_clear() */
    size_t n_log;
};

static int on_property(VTermProp prop, VTermValue *value, void *user)
{
    struct tty *t = user;
    if (prop == VTERM_PROP_CURSORVISIBLE)
        t->cursor = value->boolean;
    if (prop == VTERM_PROP_ALTSCREEN)
        t->alt = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void new_pipe(int fd[2])
{
    assert_int_equal(pipe(fd), 0);
}

/* fork() with a new pseudo-terminal for the child's standard input, output and errors. */
static pid_t fork_on_tty(int *master, int w, int h)
{
    struct winsize size = {.ws_row = (unsigned short)h, .ws_col = (unsigned short)w};
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++)
            dup2(slave, fd);
        close(*master);
    }
    close(slave);
    return pid;
}

/* ENV: pairs of name and value; NULL unsets. */
static struct tty *tty_new(int w, int h, const char *const *env)
{
    struct tty *t = calloc(1, sizeof(*t));
    int to[2], from[2];
    new_pipe(to);
    new_pipe(from);
    t->pid = fork_on_tty(&t->master, w, h);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        close(to[1]);
        close(from[0]);
        for (; env && env[0]; env += 2)
            env[1] ? setenv(env[0], env[1], 1) : unsetenv(env[0]);
        child_main(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    t->to = to[1];
    t->from = from[0];
    tcgetattr(t->master, &t->before);
    t->vt = vterm_new(h, w);
    vterm_set_utf8(t->vt, 1);
    t->screen = vterm_obtain_screen(t->vt);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_reset(t->screen, 1);
    return t;
}

static void log_clear(struct tty *t)
{
    free(t->log);
    t->log = NULL;
    t->n_log = 0;
}

static void log_add(struct tty *t, const char *s, size_t n)
{
    t->log = realloc(t->log, t->n_log + n + 1);
    memcpy(t->log + t->n_log, s, n);
    t->n_log += n;
    t->log[t->n_log] = 0;
    vterm_input_write(t->vt, s, n);
}

/* Reads once what the child has written; false: it is gone. */
static bool pump(struct tty *t)
{
    char buf[4096];
    ssize_t n = read(t->master, buf, sizeof(buf));
    if (n > 0)
        log_add(t, buf, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static void order(struct tty *t, struct order o)
{
    assert_int_equal(write(t->to, &o, sizeof(o)), sizeof(o));
}

/* Takes the answer while reading the terminal, so that the child never waits for room. */
static struct answer answer(struct tty *t)
{
    struct answer a;
    for (;;) {
        struct pollfd p[] = {{t->from, POLLIN, 0}, {t->master, POLLIN, 0}};
        poll(p, t->master >= 0 ? 2 : 1, -1);
        if (p[0].revents) {
            if (read(t->from, &a, sizeof(a)) != sizeof(a))
                fail_msg("the child has died; its terminal has: %s", t->log ? t->log : "");
            return a;
        }
        if (p[1].revents)
            pump(t);
    }
}

static struct answer ask(struct tty *t, enum command c)
{
    order(t, (struct order){.command = c});
    return answer(t);
}

/* Draws a scene; returns the bytes it took. */
static size_t draw(struct tty *t, enum scene s, enum color_depth depth)
{
    log_clear(t);
    order(t, (struct order){CMD_DRAW, s, depth});
    answer(t);
    while (!t->log || !strstr(t->log, MARK))
        assert_true(pump(t));
    return (size_t)(strstr(t->log, MARK) - t->log);
}

static void type(struct tty *t, const char *bytes)
{
    size_t n = strlen(bytes);
    assert_int_equal(write(t->master, bytes, n), n);
}

static int key(struct tty *t, const char *bytes)
{
    type(t, bytes);
    return ask(t, CMD_KEY).key;
}

/* Ends the child and gives its wait status, after everything it has written. */
static int tty_end(struct tty *t)
{
    int status;
    if (t->master >= 0)
        while (pump(t))
            ;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    return status;
}

static void tty_free(struct tty *t)
{
    if (t->master >= 0)
        close(t->master);
    close(t->to);
    close(t->from);
    vterm_free(t->vt);
    free(t->log);
    free(t);
}

static struct tty *tty_open(int w, int h, const char *const *env)
{
    struct tty *t = tty_new(w, h, env);
    struct answer a = ask(t, CMD_OPEN);
    if (!a.ok)
        fail_msg("%s", a.msg);
    assert_int_equal(a.w, w);
    assert_int_equal(a.h, h);
    return t;
}

static void quit(struct tty *t)
{
    ask(t, CMD_CLOSE);
    order(t, (struct order){.command = CMD_QUIT});
    int status = tty_end(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    tty_free(t);
}

/* ---- comparing ---- */

static const char *const xterm_256[] = {"TERM", "xterm-256color", "LC_ALL", "C.UTF-8", "COLORTERM", NULL, "NO_COLOR",
                                        NULL,   "LINES",          "7",      "COLUMNS", "9",         NULL};

static int indexed(VTermColor c, bool fg)
{
    if (fg ? VTERM_COLOR_IS_DEFAULT_FG(&c) : VTERM_COLOR_IS_DEFAULT_BG(&c))
        return -1;
    assert_true(VTERM_COLOR_IS_INDEXED(&c));
    return c.indexed.idx;
}

static int wanted(int32_t color, enum color_depth depth)
{
    if (color < 0 || depth == DEPTH_MONO)
        return -1;
    return depth == DEPTH_256 ? colormap_256(color) : colormap_8(color);
}

static VTermScreenCell cell_at(const struct tty *t, int x, int y)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(t->screen, (VTermPos){y, x}, &cell);
    return cell;
}

/* Characters and widths of the whole screen. */
static void same_characters(const struct tty *t, enum scene s, int w, int h)
{
    struct canvas c = {0};
    draw_scene(&c, s, w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const struct cell *want = &c.cells[y * w + x];
            if (want->rune == 0)
                continue;
            VTermScreenCell got = cell_at(t, x, y);
            uint32_t rune = got.chars[0] ? got.chars[0] : ' ';
            if (rune != want->rune)
                fail_msg("scene %d, (%d, %d): U+%04X, not U+%04X", s, x, y, rune, want->rune);
            assert_int_equal(got.width, rune_width(want->rune));
        }
    canvas_release(&c);
}

static void same_colors(const struct tty *t, enum scene s, int w, int h)
{
    struct canvas c = {0};
    draw_scene(&c, s, w, h);
    for (int i = 0; i < w * h; i++) {
        const struct cell *want = &c.cells[i];
        if (want->rune == 0)
            continue;
        VTermScreenCell got = cell_at(t, i % w, i / w);
        assert_int_equal(indexed(got.bg, false), wanted(want->style.bg, DEPTH_256));
        if (want->rune != ' ')
            assert_int_equal(indexed(got.fg, true), wanted(want->style.fg, DEPTH_256));
        assert_int_equal(got.attrs.bold, (want->style.attr & ATTR_BOLD) != 0);
        assert_int_equal(got.attrs.underline != 0, (want->style.attr & ATTR_UNDERLINE) != 0);
        assert_int_equal(got.attrs.reverse, (want->style.attr & ATTR_REVERSE) != 0);
    }
    canvas_release(&c);
}

/* ---- frames ---- */

static void the_screen_is_the_canvas(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, H, xterm_256); /* LINES and COLUMNS notwithstanding */
    for (int round = 0; round < 2; round++)
        for (enum scene s = 0; s < SCENE_COUNT; s++) {
            draw(t, s, DEPTH_256);
            same_characters(t, s, W, H);
            same_colors(t, s, W, H);
        }
    assert_true(t->alt);
    assert_false(t->cursor);
    quit(t);
}

static void an_unchanged_frame_costs_nothing(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, H, xterm_256);
    for (enum scene s = SCENE_TEXT; s < SCENE_COUNT; s++) {
        assert_true(draw(t, s, DEPTH_256) > 0);
        assert_int_equal(draw(t, s, DEPTH_256), 0);
    }
    /* one cell: the marks of a frame, a move, its colours and the character */
    draw(t, SCENE_TEXT, DEPTH_256);
    assert_in_range(draw(t, SCENE_TEXT2, DEPTH_256), 1, 60);
    /* a colour that this terminal cannot tell from the last one */
    draw(t, SCENE_COLORS, DEPTH_MONO);
    assert_int_equal(draw(t, SCENE_MORE, DEPTH_MONO), 0);
    quit(t);
}

static void frames_are_bracketed(void **state)
{
    (void)state;
    static const char begin[] = "\033[?2026h", end[] = "\033[?2026l";
    struct tty *t = tty_open(W, H, xterm_256);
    draw(t, SCENE_BLANK, DEPTH_256); /* after what opens the terminal */
    for (enum scene s = SCENE_TEXT; s < SCENE_COUNT; s++) {
        size_t n = draw(t, s, DEPTH_256);
        t->log[n] = 0;
        /* First and last, once each: nothing of ncurses comes before or behind. */
        assert_true(n > sizeof(begin) + sizeof(end));
        assert_memory_equal(t->log, begin, sizeof(begin) - 1);
        assert_memory_equal(t->log + n - (sizeof(end) - 1), end, sizeof(end) - 1);
        assert_null(strstr(t->log + 1, begin));
        assert_ptr_equal(strstr(t->log, end), t->log + n - (sizeof(end) - 1));
    }
    quit(t);
}

static void redrawing_repairs_the_screen(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, H, xterm_256);
    draw(t, SCENE_TEXT, DEPTH_256);
    static const char dirt[] = "\033[3;3Hdirt from elsewhere";
    vterm_input_write(t->vt, dirt, strlen(dirt));
    ask(t, CMD_REDRAW);
    draw(t, SCENE_TEXT, DEPTH_256);
    same_characters(t, SCENE_TEXT, W, H);
    quit(t);
}

static void a_new_size_is_a_key_and_a_new_screen(void **state)
{
    (void)state;
    static const int sizes[][2] = {{100, 30}, {20, 5}, {7, 2}, {1, 1}, {W, H}};
    struct tty *t = tty_open(W, H, xterm_256);
    draw(t, SCENE_TEXT, DEPTH_256);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        int w = sizes[i][0], h = sizes[i][1];
        struct winsize size = {.ws_row = (unsigned short)h, .ws_col = (unsigned short)w};
        assert_int_equal(ioctl(t->master, TIOCSWINSZ, &size), 0);
        vterm_set_size(t->vt, h, w);
        struct answer a = ask(t, CMD_KEY);
        assert_int_equal(a.key, TERM_RESIZE);
        assert_int_equal(a.w, w);
        assert_int_equal(a.h, h);
        draw(t, SCENE_TEXT, DEPTH_256);
        same_characters(t, SCENE_TEXT, w, h);
        draw(t, SCENE_WIDE, DEPTH_256);
        same_characters(t, SCENE_WIDE, w, h);
        assert_int_equal(draw(t, SCENE_WIDE, DEPTH_256), 0);
    }
    /* and once only */
    assert_int_equal(key(t, "x"), 'x');
    quit(t);
}

/* What is typed in the meantime does not cut a frame off. */
static void keys_wait_for_the_frame(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, 40, xterm_256);
    type(t, "abc");
    draw(t, SCENE_COLORS, DEPTH_256);
    same_characters(t, SCENE_COLORS, W, 40);
    assert_int_equal(ask(t, CMD_KEY).key, 'a');
    quit(t);
}

/* ---- depths ---- */

static void styles_of_poorer_terminals(void **state)
{
    (void)state;
    static const struct {
        struct style style;
        enum color_depth depth;
        struct ink ink;
    } cases[] = {
        {{0x000003, 0x123456, ATTR_BOLD}, DEPTH_TRUE, {8, 0x123456, ATTR_BOLD}},
        {{-1, 0x000000, 0}, DEPTH_TRUE, {-1, 8, 0}},
        {{0xFF0000, -1, 0}, DEPTH_256, {196, -1, 0}},
        {{0xFF0000, 0x0000FF, ATTR_DIM}, DEPTH_8, {1, 4, ATTR_DIM}},
        {{0x808080, -1, 0}, DEPTH_8, {-1, -1, ATTR_DIM}},          /* muted */
        {{0xE0E0E0, -1, 0}, DEPTH_8, {-1, -1, 0}},                 /* plain text of a dark theme */
        {{0x202020, -1, ATTR_BOLD}, DEPTH_8, {-1, -1, ATTR_BOLD}}, /* and of a light one */
        {{0xE0E0E0, 0x303030, 0}, DEPTH_8, {-1, -1, ATTR_REVERSE}},
        {{0xFFFFFF, 0x000000, 0}, DEPTH_8, {7, 0, 0}},
        {{0xFF0000, -1, ATTR_UNDERLINE}, DEPTH_MONO, {-1, -1, ATTR_UNDERLINE}},
        {{0x808080, -1, 0}, DEPTH_MONO, {-1, -1, ATTR_DIM}},
        {{-1, 0x303030, 0}, DEPTH_MONO, {-1, -1, ATTR_REVERSE}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ink got = ink_reduce(cases[i].style, cases[i].depth), want = cases[i].ink;
        if (got.fg != want.fg || got.bg != want.bg || got.attr != want.attr)
            fail_msg("case %zu: %d on %d, attributes %d", i, got.fg, got.bg, got.attr);
    }
}

static struct answer opened(const char *const *env)
{
    struct tty *t = tty_new(W, H, env);
    struct answer a = ask(t, CMD_OPEN);
    if (!a.ok)
        fail_msg("%s", a.msg);
    quit(t);
    return a;
}

static void what_a_terminal_can(void **state)
{
    (void)state;
    static const struct {
        const char *term, *locale, *no_color;
        enum color_depth depth;
        enum glyph_set glyphs;
    } cases[] = {
        {"xterm-256color", "C.UTF-8", NULL, DEPTH_256, GLYPHS_BRAILLE},
        {"xterm-256color", "C.UTF-8", "", DEPTH_256, GLYPHS_BRAILLE}, /* set, but to nothing: no-color.org */
        {"xterm-256color", "C.UTF-8", "1", DEPTH_MONO, GLYPHS_BRAILLE},
        {"xterm-256color", "C", NULL, DEPTH_256, GLYPHS_ASCII},
        {"xterm", "C.UTF-8", NULL, DEPTH_8, GLYPHS_BRAILLE},
        {"linux", "C.UTF-8", NULL, DEPTH_8, GLYPHS_ASCII},
        {"vt100", "C.UTF-8", NULL, DEPTH_MONO, GLYPHS_BRAILLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *env[] = {"TERM",      cases[i].term, "LC_ALL", cases[i].locale, "NO_COLOR", cases[i].no_color,
                             "COLORTERM", NULL,          NULL};
        struct answer a = opened(env);
        if (a.depth != cases[i].depth || a.glyphs != cases[i].glyphs)
            fail_msg("case %zu: depth %d, glyphs %d", i, a.depth, a.glyphs);
    }
    const char *env[] = {"TERM", "xterm", "LC_ALL", "C.UTF-8", "NO_COLOR", NULL, "COLORTERM", "truecolor", NULL};
    assert_true(opened(env).depth <= DEPTH_256); /* xterm-direct where there is one */
}

static void poorer_colors(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, H, xterm_256);
    draw(t, SCENE_TEXT, DEPTH_8);
    same_characters(t, SCENE_TEXT, W, H);
    VTermScreenCell red = cell_at(t, 1, 2), grey = cell_at(t, 1, 3), title = cell_at(t, 3, 0);
    assert_int_equal(indexed(red.fg, true), 1);
    assert_int_equal(indexed(red.bg, false), 2);
    assert_true(red.attrs.underline);
    /* a dark grey ground would not be seen: reverse */
    assert_true(grey.attrs.reverse);
    assert_int_equal(indexed(grey.bg, false), -1);
    /* white text without a ground: the terminal's own colour, bold as before */
    assert_int_equal(title.chars[0], 0xD559);
    assert_true(title.attrs.bold);
    draw(t, SCENE_TEXT, DEPTH_MONO);
    same_characters(t, SCENE_TEXT, W, H);
    for (int i = 0; i < W * H; i++) {
        VTermScreenCell c = cell_at(t, i % W, i / W);
        assert_int_equal(indexed(c.fg, true), -1);
        assert_int_equal(indexed(c.bg, false), -1);
    }
    assert_true(cell_at(t, 1, 2).attrs.reverse);
    quit(t);
}

/* A terminfo entry with direct colour, compiled for this test: the system may have none. */
static void direct_color(void **state)
{
    (void)state;
    char *dir = scratch_new(), command[600];
    static const char source[] =
        "xterm-direct|xterm with direct colour,\n"
        "\tRGB, colors#0x1000000, pairs#0x7FFFF, ccc@,\n"
        "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m,\n"
        "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m,\n"
        "\tinitc@, op=\\E[39;49m, use=xterm-256color,\n";
    scratch_write(scratch_path(dir, "source"), source, strlen(source));
    snprintf(command, sizeof(command), "tic -x -o %s %s/source 2>/dev/null", dir, dir);
    if (system(command) != 0) {
        scratch_remove(dir);
        skip();
    }
    const char *env[] = {"TERM",      "xterm-256color", "LC_ALL",   "C.UTF-8", "NO_COLOR", NULL,
                         "COLORTERM", "truecolor",      "TERMINFO", dir,       NULL};
    struct tty *t = tty_new(W, H, env);
    struct answer a = ask(t, CMD_OPEN);
    assert_true(a.ok);
    assert_int_equal(a.depth, DEPTH_TRUE);
    for (enum scene s = SCENE_COLORS; s <= SCENE_MORE; s++) {
        struct canvas c = {0};
        draw(t, s, DEPTH_TRUE);
        draw_scene(&c, s, W, H);
        for (int i = 0; i < W * H; i++) {
            VTermScreenCell got = cell_at(t, i % W, i / W);
            int32_t want = c.cells[i].style.fg < 8 ? 8 : c.cells[i].style.fg;
            assert_true(VTERM_COLOR_IS_RGB(&got.fg) && VTERM_COLOR_IS_RGB(&got.bg));
            assert_int_equal(got.fg.rgb.red << 16 | got.fg.rgb.green << 8 | got.fg.rgb.blue, want);
            assert_int_equal(got.bg.rgb.red << 16 | got.bg.rgb.green << 8 | got.bg.rgb.blue, c.cells[i].style.bg);
        }
        canvas_release(&c);
    }
    /* the 256 colours have no numbers there: they are given as what they are */
    struct canvas c = {0};
    draw(t, SCENE_COLORS, DEPTH_256);
    draw_scene(&c, SCENE_COLORS, W, H);
    for (int i = 0; i < W * H; i++) {
        VTermScreenCell got = cell_at(t, i % W, i / W);
        int32_t want = colormap_256_rgb(colormap_256(c.cells[i].style.bg));
        assert_int_equal(got.bg.rgb.red << 16 | got.bg.rgb.green << 8 | got.bg.rgb.blue, want < 8 ? 8 : want);
    }
    canvas_release(&c);
    quit(t);
    scratch_remove(dir);
}

/* 64 pairs are not enough for this; the frame after it has them all again. */
static void more_colors_than_pairs(void **state)
{
    (void)state;
    const char *env[] = {"TERM", "xterm", "LC_ALL", "C.UTF-8", "COLORTERM", NULL, "NO_COLOR", NULL, NULL};
    struct tty *t = tty_open(W, H, env);
    draw(t, SCENE_PAIRS, DEPTH_8);
    same_characters(t, SCENE_PAIRS, W, H);
    assert_int_equal(draw(t, SCENE_PAIRS, DEPTH_8), 0);
    draw(t, SCENE_TEXT, DEPTH_8);
    same_characters(t, SCENE_TEXT, W, H);
    assert_int_equal(indexed(cell_at(t, 1, 2).fg, true), 1);
    assert_int_equal(indexed(cell_at(t, 1, 2).bg, false), 2);
    quit(t);
}

static void a_c_locale_has_question_marks(void **state)
{
    (void)state;
    const char *env[] = {"TERM", "xterm-256color", "LC_ALL", "C", "COLORTERM", NULL, "NO_COLOR", NULL, NULL};
    struct tty *t = tty_open(W, H, env);
    draw(t, SCENE_WIDE, DEPTH_256);
    /* 가a나b at -1: the half of 가 is blank, then a, two columns of 나, b */
    VTermScreenCell c[5];
    for (int x = 0; x < 5; x++)
        c[x] = cell_at(t, x, 0);
    assert_true(c[0].chars[0] == ' ' || c[0].chars[0] == 0);
    assert_int_equal(c[1].chars[0], 'a');
    assert_int_equal(c[2].chars[0], '?');
    assert_int_equal(c[3].chars[0], '?');
    assert_int_equal(c[4].chars[0], 'b');
    quit(t);
}

/* ---- keys ---- */

static void keys_arrive(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int key;
    } cases[] = {
        {"a", 'a'},
        {"\003", 3}, /* ^C is a key, and so are ^S, ^Q, ^Z and ^\ */
        {"\023", 19},
        {"\021", 17},
        {"\032", 26},
        {"\034", 28},
        {"\r", '\r'},
        {"\t", '\t'},
        {"\177", 127},
        {"\010", 127},
        {"\033", 27},
        {"한", 0xD55C},
        {"é", 0xE9},
        {"\033OA", TERM_UP},
        {"\033OB", TERM_DOWN},
        {"\033OC", TERM_RIGHT},
        {"\033OD", TERM_LEFT},
        {"\033OH", TERM_HOME},
        {"\033OF", TERM_END},
        {"\033[5~", TERM_PAGE_UP},
        {"\033[6~", TERM_PAGE_DOWN},
        {"\033[3~", TERM_DELETE},
        {"\033[Z", TERM_BACK_TAB},
        {"\033[15~b", 'b'}, /* F5 means nothing here */
    };
    struct tty *t = tty_open(W, H, xterm_256);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int got = key(t, cases[i].bytes);
        if (got != cases[i].key)
            fail_msg("case %zu: key %x, not %x", i, got, cases[i].key);
    }
    quit(t);
}

static void the_mouse_arrives(void **state)
{
    (void)state;
    struct tty *t = tty_open(300, H, xterm_256);
    static const struct {
        const char *bytes;
        int x, y, button;
    } cases[] = {
        {"\033[<0;11;6M", 10, 5, 1},
        {"\033[<2;1;1M", 0, 0, 3},
        {"\033[<64;290;2M", 289, 1, 4}, /* beyond the 223 columns of the old encoding */
        {"\033[<65;3;3M", 2, 2, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        type(t, cases[i].bytes);
        struct answer a = ask(t, CMD_KEY);
        assert_int_equal(a.key, TERM_MOUSE);
        assert_int_equal(a.mouse[0], cases[i].x);
        assert_int_equal(a.mouse[1], cases[i].y);
        assert_int_equal(a.mouse[2], cases[i].button);
    }
    /* letting go is no click */
    assert_int_equal(key(t, "\033[<0;11;6mz"), 'z');
    quit(t);
}

/* ---- leaving ---- */

static void same_modes(const struct tty *t)
{
    struct termios now;
    assert_int_equal(tcgetattr(t->master, &now), 0);
    assert_int_equal(now.c_iflag, t->before.c_iflag);
    assert_int_equal(now.c_oflag, t->before.c_oflag);
    assert_int_equal(now.c_lflag, t->before.c_lflag);
    assert_int_equal(now.c_cflag, t->before.c_cflag);
}

static void closing_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct tty *t = tty_open(W, H, xterm_256);
    struct termios raw;
    tcgetattr(t->master, &raw);
    assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
    draw(t, SCENE_COLORS, DEPTH_256);
    ask(t, CMD_CLOSE);
    same_modes(t);
    /* and again on the same terminal */
    assert_true(ask(t, CMD_OPEN).ok);
    draw(t, SCENE_TEXT, DEPTH_256);
    same_characters(t, SCENE_TEXT, W, H);
    ask(t, CMD_CLOSE);
    same_modes(t);
    order(t, (struct order){.command = CMD_QUIT});
    tty_end(t);
    assert_false(t->alt);
    assert_true(t->cursor);
    /* libvterm reads only the first of several modes, so the mouse is looked for in the bytes */
    assert_non_null(strstr(t->log, "1000l"));
    tty_free(t);
}

static void dying_leaves_it_as_it_was(void **state)
{
    (void)state;
    static const enum command ways[] = {CMD_ABORT, CMD_EXIT, CMD_NO_MEMORY};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct tty *t = tty_open(W, H, xterm_256);
        int slave = open(ptsname(t->master), O_RDWR | O_NOCTTY); /* keeps the modes to be looked at */
        draw(t, SCENE_TEXT, DEPTH_256);
        order(t, (struct order){.command = ways[i]});
        int status;
        assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
        if (ways[i] == CMD_ABORT)
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        else
            assert_true(WIFEXITED(status)); /* with 3 or 1, or what a sanitizer makes of leaving in the middle */
        same_modes(t);
        static const char last[] = MARK;
        assert_int_equal(write(slave, last, strlen(last)), strlen(last));
        log_clear(t);
        while (!t->log || !strstr(t->log, MARK))
            assert_true(pump(t));
        assert_false(t->alt);
        assert_true(t->cursor);
        assert_non_null(strstr(t->log, "1000l"));
        close(slave);
        tty_free(t);
    }
}

static void a_hang_up_is_told_at_once(void **state)
{
    (void)state;
    for (int when = 0; when < 2; when++) {
        struct tty *t = tty_open(W, H, xterm_256);
        draw(t, SCENE_TEXT, DEPTH_256);
        if (when == 1) /* while it waits for a key */
            order(t, (struct order){.command = CMD_KEY});
        close(t->master);
        t->master = -1;
        struct answer a = when == 1 ? answer(t) : ask(t, CMD_KEY);
        assert_int_equal(a.key, TERM_GONE);
        assert_in_range(a.empty, 0, 1); /* poll() woke it once at most: no spinning */
        /* drawing, asking again and closing are still allowed, and end */
        ask(t, CMD_DRAW);
        assert_int_equal(ask(t, CMD_KEY).key, TERM_GONE);
        ask(t, CMD_CLOSE);
        order(t, (struct order){.command = CMD_QUIT});
        int status = tty_end(t);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        tty_free(t);
    }
    /* drawn on a terminal that is gone, before any key was asked for */
    struct tty *t = tty_open(W, H, xterm_256);
    close(t->master);
    t->master = -1;
    ask(t, CMD_DRAW);
    order(t, (struct order){CMD_DRAW, SCENE_TEXT, DEPTH_256});
    answer(t);
    ask(t, CMD_CLOSE);
    order(t, (struct order){.command = CMD_QUIT});
    int status = tty_end(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    tty_free(t);
}

static void terminals_that_will_not_do(void **state)
{
    (void)state;
    static const struct {
        const char *term, *about;
    } cases[] = {
        {"dumb", "'dumb'"},        {"no-such-terminal", "'no-such-terminal'"},       {"", "TERM is not set"},
        {NULL, "TERM is not set"}, {"../../../etc/passwd", "'../../../etc/passwd'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *env[] = {"TERM", cases[i].term, "COLORTERM", i % 2 ? "truecolor" : NULL, NULL};
        struct tty *t = tty_new(W, H, env);
        struct answer a = ask(t, CMD_OPEN);
        assert_false(a.ok);
        if (!strstr(a.msg, cases[i].about))
            fail_msg("no %s in: %s", cases[i].about, a.msg);
        same_modes(t);
        order(t, (struct order){.command = CMD_QUIT});
        tty_end(t);
        assert_int_equal(t->n_log, 0); /* and it was left in peace */
        tty_free(t);
    }
}

static int open_without_terminal(void *arg)
{
    enum color_depth d;
    enum glyph_set g;
    struct err err = {0};
    int null = open("/dev/null", O_RDWR);
    dup2(null, *(int *)arg);
    return !term_open(false, &d, &g, &err) && err.code == ERR_STATE && strstr(err.msg, "not a terminal") ? 0 : 1;
}

static void no_terminal_at_all(void **state)
{
    (void)state;
    int in = STDIN_FILENO, out = STDOUT_FILENO;
    assert_int_equal(scratch_child(open_without_terminal, &in), 0);
    assert_int_equal(scratch_child(open_without_terminal, &out), 0);
    term_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_is_the_canvas),
        cmocka_unit_test(an_unchanged_frame_costs_nothing),
        cmocka_unit_test(frames_are_bracketed),
        cmocka_unit_test(redrawing_repairs_the_screen),
        cmocka_unit_test(a_new_size_is_a_key_and_a_new_screen),
        cmocka_unit_test(keys_wait_for_the_frame),
        cmocka_unit_test(styles_of_poorer_terminals),
        cmocka_unit_test(what_a_terminal_can),
        cmocka_unit_test(poorer_colors),
        cmocka_unit_test(direct_color),
        cmocka_unit_test(more_colors_than_pairs),
        cmocka_unit_test(a_c_locale_has_question_marks),
        cmocka_unit_test(keys_arrive),
        cmocka_unit_test(the_mouse_arrives),
        cmocka_unit_test(closing_leaves_it_as_it_was),
        cmocka_unit_test(dying_leaves_it_as_it_was),
        cmocka_unit_test(a_hang_up_is_told_at_once),
        cmocka_unit_test(terminals_that_will_not_do),
        cmocka_unit_test(no_terminal_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
