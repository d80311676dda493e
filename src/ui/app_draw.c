/* The frame around a screen: the top line, the footer from the key table, and the dialogs on top. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_impl.h"
#include "wrap.h"

enum { MIN_W = 60, MIN_H = 16, QUIT_W = 58, QUIT_H = 6 };

#define SILENT 4.0 /* seconds; snapshots come every second at least */

/* ---- the top line ---- */

/* "[1 Run]" for the screen that is shown, " 1 Run " for another, of whose title the first LETTERS alone are there. */
static void name_text(const struct app *a, int i, int letters, char *buf, size_t cap)
{
    bool plain = a->look.depth == DEPTH_MONO || look_ascii(&a->look); /* otherwise the colour says it */
    const char *open = i == a->view && plain ? "[" : " ", *close = i == a->view && plain ? "]" : " ";
    letters = i == a->view ? 16 : letters;
    snprintf(buf, cap, "%s%c%s%.*s%s", open, app_views[i]->key, letters ? " " : "", letters, app_views[i]->title,
             close);
}

/* How much of each title there is room for. */
static int name_letters(const struct app *a, int room)
{
    static const int tries[] = {16, 3, 0};
    for (size_t t = 0; t < ARRAY_LEN(tries); t++) {
        char text[32];
        int w = 0;
        for (int i = 0; i < app_view_count; i++) {
            name_text(a, i, tries[t], text, sizeof text);
            w += text_width(text);
        }
        if (w <= room)
            return tries[t];
    }
    return 0;
}

static void connection_text(const struct app *a, char *buf, size_t cap, enum theme_role *role)
{
    const struct model *m = &a->model;
    double silent = m->now - m->live_at;
    *role = ROLE_WARN;
    if (!m->study[0])
        str_append(buf, cap, 0, "%s", "");
    else if (m->conn == CONN_LIVE && silent > SILENT) /* what is shown is of then: the process is stopped, or hangs */
        str_append(buf, cap, 0, "no answer for %.0f s", silent);
    else if (m->conn == CONN_LIVE) {
        *role = strcmp(m->live.state, "running") == 0 || strcmp(m->live.state, "complete") == 0 ? ROLE_GOOD : ROLE_WARN;
        str_append(buf, cap, 0, "%s%s", m->live.state, m->readonly ? ", read only" : "");
    } else if (m->study_state[0])
        str_append(buf, cap, 0, "%s", strcmp(m->study_state, "running") == 0 ? "interrupted" : m->study_state);
    else
        str_append(buf, cap, 0, "not started");
}

static int draw_names(const struct app *a, struct canvas *c, struct rect r, int x, int find_x)
{
    char state[64]; /* the study's state matters more than whole titles */
    enum theme_role role;
    connection_text(a, state, sizeof state, &role);
    int letters = name_letters(a, a->canvas.w - x - text_width(state) - 2);
    for (int i = 0; i < app_view_count; i++) {
        char text[32];
        name_text(a, i, letters, text, sizeof text);
        int end = x + text_width(text);
        if (find_x >= x && find_x < end)
            return i;
        if (c)
            canvas_text(c, r, x, r.y, look_style(&a->look, i == a->view ? ROLE_BAR_ACTIVE : ROLE_BAR), text);
        x = end;
    }
    return find_x >= 0 ? -1 : x;
}

static int names_x(const struct app *a)
{
    const char *study = a->model.study[0] ? a->model.study : "fsplab";
    int w = text_width(study), most = a->canvas.w < 100 ? 18 : 40;
    return 3 + (w < most ? w : most);
}

int app_bar_view_at(const struct app *a, int x)
{
    return draw_names(a, NULL, (struct rect){0}, names_x(a), x);
}

static void draw_bar(struct app *a, struct rect r)
{
    struct style bar = look_style(&a->look, ROLE_BAR);
    char state[64];
    enum theme_role role;
    canvas_fill(&a->canvas, r, ' ', bar);
    struct rect name = {r.x + 1, r.y, names_x(a) - 3, 1};
    struct style bold = bar;
    bold.attr |= ATTR_BOLD;
    canvas_text(&a->canvas, rect_and(name, r), name.x, r.y, bold, a->model.study[0] ? a->model.study : "fsplab");
    int x = draw_names(a, &a->canvas, r, r.x + names_x(a), -1);
    connection_text(a, state, sizeof state, &role);
    struct style s = bar;
    s.fg = look_style(&a->look, role).fg;
    s.attr |= look_style(&a->look, role).attr;
    if (x + text_width(state) + 1 < r.x + r.w)
        canvas_text_right(&a->canvas, r, r.x + r.w - 1, r.y, s, state);
}

/* ---- the footer ---- */

/* Keys that need a study process are not offered while there is none. */
static bool shown_in_footer(const struct app *a, const struct key_def *k, const char *view)
{
    bool steers = k->command == CMD_PAUSE || k->command == CMD_TUNE_NEXT || k->command == CMD_DETACH;
    return k->label && (!k->view || strcmp(k->view, view) == 0) && !(k->acts && a->model.readonly) &&
           !(steers && a->model.conn != CONN_LIVE);
}

/* Draws them where C is given; returns the one at column find_x. */
static const struct key_def *draw_keys(const struct app *a, struct canvas *c, struct rect r, int find_x)
{
    const char *view = app_views[a->view]->name;
    int x = r.x;
    for (int own = 0; own < 2; own++) /* what holds everywhere stays where it is; the screen's own behind it */
        for (int i = 0; i < key_count; i++) {
            const struct key_def *k = &key_table[i];
            if (!shown_in_footer(a, k, view) || (k->view != NULL) != (own == 1))
                continue;
            int w = text_width(k->name) + 1 + text_width(k->label) + 2;
            if (x + w > r.x + r.w)
                continue;
            if (find_x >= x && find_x < x + w - 2)
                return k;
            if (c) {
                int end = canvas_text(c, r, x, r.y, look_style(&a->look, ROLE_KEY), k->name);
                canvas_printf(c, r, end, r.y, look_style(&a->look, ROLE_MUTED), " %s", k->label);
            }
            x += w;
        }
    return NULL;
}

static struct rect footer_of(const struct app *a)
{
    return rect_inset((struct rect){0, a->canvas.h - 1, a->canvas.w, 1}, 1, 0);
}

const struct key_def *app_footer_key_at(const struct app *a, int x)
{
    bool keys = a->dialog == DIALOG_NONE && !a->status[0] && a->body.w > 0;
    return keys ? draw_keys(a, NULL, footer_of(a), x) : NULL;
}

/* A sentence that is wider than the footer takes as many rows above it as it needs. */
static void draw_sentence(struct app *a, struct rect r, enum theme_role role, const char *text)
{
    struct style s = look_style(&a->look, role);
    int rows = wrap_text(NULL, r, s, text);
    rows = rows < 1 ? 1 : rows > 6 ? 6 : rows;
    r.y -= rows - 1;
    r.h = rows;
    canvas_fill(&a->canvas, (struct rect){0, r.y, a->canvas.w, rows}, ' ', look_style(&a->look, ROLE_TEXT));
    wrap_text(&a->canvas, r, s, text);
}

/* The text with its cursor; where the screen checks what is typed, its word stands below, in the same place all the time. */
static void draw_typing(struct app *a, struct rect r)
{
    const struct look *l = &a->look;
    if (a->note[0]) {
        struct style s = look_style(l, a->note_ok ? ROLE_MUTED : ROLE_BAD);
        int rows = wrap_text(NULL, r, s, a->note);
        r.y -= rows;
        r.h = rows + 1;
        canvas_fill(&a->canvas, (struct rect){0, r.y, a->canvas.w, r.h}, ' ', look_style(l, ROLE_TEXT));
        wrap_text(&a->canvas, (struct rect){r.x, r.y + 1, r.w, rows}, s, a->note);
    }
    int x = canvas_printf(&a->canvas, r, r.x, r.y, look_style(l, ROLE_TITLE), "%s: ", a->pending.text);
    x = canvas_text(&a->canvas, r, x, r.y, look_style(l, ROLE_TEXT), a->text);
    canvas_put(&a->canvas, x < r.x + r.w ? x : r.x + r.w - 1, r.y, ' ', look_style(l, ROLE_SELECTED));
    if (!a->refusal[0] || a->note[0])
        return;
    if (x + 2 + text_width(a->refusal) <= r.x + r.w)
        canvas_text(&a->canvas, r, x + 2, r.y, look_style(l, ROLE_BAD), a->refusal);
    else
        draw_sentence(a, (struct rect){r.x, r.y - 1, r.w, 1}, ROLE_BAD, a->refusal);
}

/* Pairs of a key and what it does. */
static void draw_hints(struct app *a, struct rect r, const char *const *words, int n)
{
    int x = r.x;
    for (int i = 0; i < n; i++) {
        x = canvas_text(&a->canvas, r, x, r.y, look_style(&a->look, ROLE_KEY), words[2 * i]);
        x = canvas_printf(&a->canvas, r, x, r.y, look_style(&a->look, ROLE_MUTED), " %s  ", words[2 * i + 1]);
    }
}

static void draw_footer(struct app *a, struct rect r)
{
    if (a->dialog == DIALOG_CONFIRM) {
        char text[256];
        snprintf(text, sizeof text, "%s  Enter: yes, Esc: no", a->pending.confirm);
        draw_sentence(a, r, ROLE_WARN, text);
    } else if (a->dialog == DIALOG_PALETTE) {
        draw_hints(a, r, (const char *const[]){"Enter", "run", "Tab", "complete", "Up Down", "history", "Esc", "leave"},
                   4);
    } else if (a->dialog == DIALOG_TYPE) {
        draw_typing(a, r);
    } else if (a->status[0] && a->model.now < a->status_until) {
        draw_sentence(a, r, a->status_role, a->status);
    } else {
        a->status[0] = 0;
        draw_keys(a, &a->canvas, r, -1);
    }
}

/* ---- dialogs ---- */

static struct rect dialog_area(const struct app *a, int w, int h)
{
    const struct canvas *c = &a->canvas;
    w = w > c->w - 2 ? c->w - 2 : w;
    h = h > c->h - 2 ? c->h - 2 : h;
    return (struct rect){(c->w - w) / 2, (c->h - h) / 2, w, h};
}

static struct rect dialog_box(struct app *a, int w, int h, const char *title)
{
    struct canvas *c = &a->canvas;
    struct rect r = dialog_area(a, w, h);
    canvas_fill(c, r, ' ', look_style(&a->look, ROLE_TEXT));
    return rect_inset(canvas_frame(c, r, title, look_style(&a->look, ROLE_TITLE), look_style(&a->look, ROLE_TITLE),
                                   look_ascii(&a->look)),
                      1, 0);
}

/* Names of a row and of its aliases: "Up k Down j". */
static void key_names(int i, char *buf, size_t cap)
{
    size_t n = str_append(buf, cap, 0, "%s", key_table[i].name);
    for (int j = i + 1; j < key_count && !key_table[j].help; j++)
        n = str_append(buf, cap, n, " %s", key_table[j].name);
}

static void draw_help(struct app *a)
{
    const char *view = app_views[a->view]->name;
    int lines = 0, line = 0;
    for (int i = 0; i < key_count; i++)
        lines += key_table[i].help && (!key_table[i].view || strcmp(key_table[i].view, view) == 0);
    struct rect r = dialog_box(a, 78, lines + 2, "Keys (Esc closes, Up and Down move)");
    if (a->help_top > lines - r.h)
        a->help_top = lines > r.h ? lines - r.h : 0;
    for (int own = 1; own >= 0; own--)
        for (int i = 0; i < key_count; i++) {
            const struct key_def *k = &key_table[i];
            char names[64];
            if (!k->help || (own ? !k->view || strcmp(k->view, view) != 0 : k->view != NULL))
                continue;
            int y = r.y + line++ - a->help_top;
            if (y < r.y || y >= r.y + r.h)
                continue;
            key_names(i, names, sizeof names);
            canvas_text(&a->canvas, (struct rect){r.x, y, 16, 1}, r.x, y, look_style(&a->look, ROLE_KEY), names);
            canvas_text(&a->canvas, r, r.x + 17, y, look_style(&a->look, ROLE_TEXT), k->help);
        }
}

static void draw_quit(struct app *a)
{
    static const char *const rows[][2] = {{"d", "detach: the study goes on"},
                                          {"p", "pause the study and leave"},
                                          {"s", "stop the study and leave: it is saved first"},
                                          {"Esc", "stay"}};
    struct rect r = dialog_box(a, QUIT_W, QUIT_H, "Leave");
    for (int i = 0; i < 4; i++) {
        canvas_text(&a->canvas, r, r.x, r.y + i, look_style(&a->look, ROLE_KEY), rows[i][0]);
        canvas_text(&a->canvas, r, r.x + 5, r.y + i, look_style(&a->look, ROLE_TEXT), rows[i][1]);
    }
}

int app_dialog_key_at(const struct app *a, int x, int y)
{
    struct rect quit = rect_inset(dialog_area(a, QUIT_W, QUIT_H), 2, 1), foot = footer_of(a);
    int yes = foot.x + text_width(a->pending.confirm) + 2, no = yes + text_width("Enter: yes, ");
    switch (a->dialog) {
    case DIALOG_QUIT: return rect_has(quit, x, y) ? (const int[]){'d', 'p', 's', 27}[(y - quit.y) & 3] : 0;
    case DIALOG_CONFIRM: return y != foot.y || x < yes ? 0 : x < no ? '\r' : x < no + text_width("Esc: no") ? 27 : 0;
    case DIALOG_HELP: return 27;
    default: return 0;
    }
}

/* ---- a window that is too small for a screen ---- */

static void draw_small(struct app *a)
{
    const struct model *m = &a->model;
    struct canvas *c = &a->canvas;
    struct rect all = {0, 0, c->w, c->h};
    struct style text = look_style(&a->look, ROLE_TEXT);
    char state[64];
    enum theme_role role;
    int y = 0;
    connection_text(a, state, sizeof state, &role);
    canvas_printf(c, all, 0, y++, text, "%s %s", m->study, state);
    if (m->live.valid && m->live.trial) {
        canvas_printf(c, all, 0, y++, text, "t%d %s", m->live.trial, m->live.stage);
        canvas_printf(c, all, 0, y++, text, "%d/%d", m->live.step, m->live.steps);
        if (!isnan(m->live.loss))
            canvas_printf(c, all, 0, y++, text, "loss %.4g", m->live.loss);
    }
    if (a->dialog == DIALOG_QUIT)
        canvas_text(c, all, 0, c->h - 1, look_style(&a->look, ROLE_WARN), "d, p, s, Esc");
    else if (a->dialog == DIALOG_CONFIRM)
        canvas_text(c, all, 0, c->h - 1, look_style(&a->look, ROLE_WARN), "Enter, Esc");
    else
        canvas_printf(c, all, 0, c->h - 1, look_style(&a->look, ROLE_MUTED), "needs %dx%d", MIN_W, MIN_H);
}

void app_draw(struct app *a)
{
    struct canvas *c = &a->canvas;
    canvas_clear(c, look_style(&a->look, ROLE_TEXT));
    if (c->w < MIN_W || c->h < MIN_H) {
        a->body = (struct rect){0};
        draw_small(a);
        return;
    }
    struct rect r = {0, 0, c->w, c->h};
    struct rect top = rect_top(&r, 1), foot = rect_bottom(&r, 1);
    a->body = r;
    draw_bar(a, top);
    app_views[a->view]->draw(a->states[a->view], &a->context, c, r);
    draw_footer(a, rect_inset(foot, 1, 0));
    if (a->dialog == DIALOG_HELP)
        draw_help(a);
    else if (a->dialog == DIALOG_QUIT)
        draw_quit(a);
    else if (a->dialog == DIALOG_PALETTE)
        palette_draw(c, r, &a->look, &a->palette, &a->candidates);
}
