/* What the Report screen looks like. The blocks are drawn on a canvas of their own, as high as they are, and the part that is
 * seen is copied: so nothing in a block has to know of scrolling. Published figures stand back, what was measured stands
 * out; '>' marks the cursor's row where there are no colours, and [ ] its cell. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauge.h"
#include "report_impl.h"
#include "wrap.h"

enum { WIDTH_MIN = 80, WIDE_W = 150, WIDE_H = 22, ROOMY_H = 40, ABOUT_MIN = 6, ABOUT_MAX = 12 };
enum { LABEL_W = 22, LABEL_TEXT_W = 20, MEAN_W = 14, SEPARATOR_W = 2, NET_W = 9 };
enum {
    COSTS_FROM = 111,
    BROAD_FROM = 97,
    BROAD_COSTS_FROM = 127
}; /* what the columns take, and one for a mark behind */

/* ---- layout ---- */

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* One block at (x, y) of the view, W wide; returns its height. */
static int place(struct report_layout *l, int block, int x, int y, int w, int rows)
{
    int pitch = l->roomy ? 2 : 1, inner = 1 + rows * pitch;
    l->block[block] = (struct rect){x, y, w, inner + (l->wide ? 2 : 1)};
    l->inside[block] = l->wide ? rect_inset(l->block[block], 1, 1) : (struct rect){x, y + 1, w, inner};
    return l->block[block].h;
}

struct report_layout report_layout(struct rect r, const int rows[BLOCK_COUNT])
{
    struct report_layout l = {.wide = r.w >= WIDE_W && r.h >= WIDE_H, .view = r};
    l.roomy = l.wide && r.h >= ROOMY_H;
    if (l.wide) {
        int left = r.w >= COSTS_FROM + 2 + 84 ? COSTS_FROM + 3 : 84;
        for (int half = 0; half < 2; half++) {
            int x = half ? left : 0, w = half ? r.w - left : left;
            int h = place(&l, 2 * half, x, 0, w, rows[2 * half]);
            h += place(&l, 2 * half + 1, x, h, w, rows[2 * half + 1]);
            l.height = h > l.height ? h : l.height;
        }
        l.width = r.w;
        l.view = rect_top(&r, l.height);
        l.about = rect_left(&r, left);
        l.notes = r;
    } else {
        l.width = r.w > WIDTH_MIN ? r.w : WIDTH_MIN;
        for (int i = 0; i < BLOCK_COUNT; i++)
            l.height += place(&l, i, 0, l.height + (i > 0), l.width, rows[i]) + (i > 0);
        int rest = r.h - l.height;
        l.about = rect_bottom(&r, rest >= ABOUT_MIN + 2 ? rest : clamp(r.h / 3, ABOUT_MIN, ABOUT_MAX));
        l.view = r;
    }
    l.costs = l.inside[BLOCK_TABLE2].w >= COSTS_FROM;
    return l;
}

static int run_width(const struct report_layout *l)
{
    int w = l->inside[BLOCK_TABLE1].w;
    return w >= BROAD_COSTS_FROM || (w >= BROAD_FROM && w < COSTS_FROM) ? 8 : 6;
}

/* The marks of the cursor take a column of their own at either end, where there are so many. */
static int label_width(const struct report_layout *l)
{
    return l->inside[BLOCK_TABLE1].w > 80 ? LABEL_W : LABEL_W - 1;
}

/* Columns of a table from left to right: each is as wide as its widest text and a blank. */
static int table_x(const struct report_layout *l, int column, int *width)
{
    int run = run_width(l), x = label_width(l);
    for (int c = 0;; c++) {
        int w = c == COL_MEAN ? MEAN_W : c == COL_TRIALS ? 8 : c == COL_SECONDS || c == COL_PAPER_SECONDS ? 10 : run;
        if (c == COL_PAPER || c == COL_TRIALS)
            x += SEPARATOR_W;
        if (c == column) {
            *width = w;
            return x;
        }
        x += w;
    }
}

struct rect report_cell(const struct report_view *v, int block, int row, int column)
{
    const struct report_layout *l = &v->layout;
    struct rect in = l->inside[block];
    int y = in.y + (l->roomy ? 2 : 1) * (row + 1), w;
    if (block == BLOCK_FIGURE3 || block == BLOCK_FIGURE4) {
        int label = block == BLOCK_FIGURE3 ? NET_W : label_width(l), n = block == BLOCK_FIGURE3 ? CARD_COSTS : 2;
        w = (in.w - label) / n;
        return (struct rect){in.x + label + column * w + 1, y, w - 1, 1};
    }
    int x = table_x(l, column, &w);
    return (struct rect){in.x + x, y, w, 1};
}

/* ---- blocks ---- */

struct scene {
    struct report_view *v;
    const struct look *l;
    struct canvas *c; /* the blocks' own */
};

static void draw_title(const struct scene *s, int block, const char *title, const char *note)
{
    const struct look *l = s->l;
    struct rect r = s->v->layout.block[block];
    if (s->v->layout.wide) {
        bool here = s->v->block == block;
        canvas_frame(s->c, r, title, look_style(l, here ? ROLE_KEY : ROLE_FRAME), look_style(l, ROLE_TITLE),
                     look_ascii(l));
        r = rect_inset(r, 2, 0);
    } else {
        canvas_fill(s->c, (struct rect){r.x, r.y, r.w, 1}, look_ascii(l) ? '-' : 0x2500, look_style(l, ROLE_FRAME));
        canvas_printf(s->c, r, r.x, r.y, look_style(l, ROLE_TITLE), "%s ", title);
    }
    r.h = 1;
    if (text_width(title) + text_width(note) + 6 <= r.w) {
        char text[160];
        snprintf(text, sizeof text, " %s ", note);
        canvas_text_right(s->c, r, r.x + r.w, r.y, look_style(l, ROLE_MUTED), text);
    }
}

/* Whether this is the cell under the cursor; its ground is filled then. */
static bool begin_cell(const struct scene *s, int block, int row, int column, struct rect *cell)
{
    const struct report_view *v = s->v;
    *cell = report_cell(v, block, row, column);
    if (v->block != block || v->row != row || v->column != column)
        return false;
    struct style style = look_style(s->l, ROLE_SELECTED);
    canvas_fill(s->c, *cell, ' ', style);
    return true;
}

/* After the cell's text: it stands clear of both marks. */
static void end_cell(const struct scene *s, struct rect cell)
{
    struct style style = look_style(s->l, ROLE_SELECTED);
    if (s->l->depth != DEPTH_MONO && !look_ascii(s->l))
        return;
    canvas_put(s->c, cell.x, cell.y, '[', style);
    canvas_put(s->c, cell.x + cell.w, cell.y, ']', style);
}

static void draw_label(const struct scene *s, int block, int row, const char *label)
{
    bool here = s->v->block == block && s->v->row == row;
    struct rect in = s->v->layout.inside[block];
    int y = in.y + (s->v->layout.roomy ? 2 : 1) * (row + 1);
    struct rect r = {in.x, y, in.w, 1};
    canvas_text(s->c, r, r.x, r.y, look_style(s->l, ROLE_KEY), here ? ">" : " ");
    canvas_text(s->c, r, r.x + label_width(&s->v->layout) - LABEL_TEXT_W, r.y,
                look_style(s->l, here ? ROLE_TITLE : ROLE_TEXT), label);
}

static enum theme_role state_role(const char *state)
{
    if (strcmp(state, "running") == 0 || strcmp(state, "complete") == 0)
        return ROLE_GOOD;
    return strcmp(state, "failed") == 0 ? ROLE_BAD : ROLE_WARN;
}

static void cell_text(const struct scene *s, const struct card_row *r, int column, double value, char *buf, size_t cap)
{
    if (column == COL_MEAN && !isnan(value) && !isnan(r->sd))
        str_append(buf, cap, 0, "%.2f %s %.2f", value, look_ascii(s->l) ? "+-" : "\u00b1", r->sd);
    else if (isnan(value))
        str_append(buf, cap, 0, "%s", column != COL_MEAN ? "-" : r->begun ? r->state : "-");
    else if (column >= COL_TRIALS)
        report_grouped(value, buf, cap);
    else
        str_append(buf, cap, 0, "%.2f", value);
}

static void draw_table_row(const struct scene *s, int block, int row)
{
    const struct report_view *v = s->v;
    const struct card_row *r = &v->card.row[report_card_row(v, block, row)];
    draw_label(s, block, row, r->label);
    for (int k = 0; k < report_columns(v, block); k++) {
        struct rect cell;
        char text[48];
        double value = report_value(v, block, row, k);
        bool here = begin_cell(s, block, row, k, &cell);
        bool published = (k >= COL_PAPER && k < COL_TRIALS) || k == COL_PAPER_SECONDS;
        enum theme_role role = here                                        ? ROLE_SELECTED
                               : isnan(value) && k == COL_MEAN && r->begun ? state_role(r->state)
                               : published || isnan(value)                 ? ROLE_MUTED
                                                                           : ROLE_TEXT;
        struct style style = look_style(s->l, role);
        if (k == COL_MEAN && !isnan(value))
            style.attr |= ATTR_BOLD;
        cell_text(s, r, k, value, text, sizeof text);
        canvas_text_right(s->c, cell, cell.x + cell.w, cell.y, style, text);
        if (here)
            end_cell(s, cell);
    }
}

static void draw_head(const struct scene *s, int block, int column, const char *text)
{
    struct rect cell = report_cell(s->v, block, -1, column);
    bool bar = block >= BLOCK_FIGURE3;
    cell.y = s->v->layout.inside[block].y;
    if (bar)
        canvas_text(s->c, cell, cell.x, cell.y, look_style(s->l, ROLE_MUTED), text);
    else
        canvas_text_right(s->c, cell, cell.x + cell.w, cell.y, look_style(s->l, ROLE_MUTED), text);
}

static void draw_separators(const struct scene *s, int block, int rows)
{
    struct rect in = s->v->layout.inside[block];
    const int before[] = {COL_PAPER, COL_TRIALS};
    for (size_t i = 0; i < ARRAY_LEN(before) && before[i] < report_columns(s->v, block); i++) {
        int w, x = in.x + table_x(&s->v->layout, before[i], &w) - 1;
        for (int y = in.y; y < in.y + 1 + rows * (s->v->layout.roomy ? 2 : 1); y++)
            canvas_put(s->c, x, y, look_ascii(s->l) ? '|' : 0x2502, look_style(s->l, ROLE_FRAME));
    }
}

static void draw_table(const struct scene *s, int block, int rows)
{
    static const char *const heads[COL_END] = {"1", "2",    "3",      "mean",    "1",        "2",
                                               "3", "mean", "trials", "seconds", "published"};
    if (block == BLOCK_TABLE1)
        draw_title(s, block, "Table 1. CIFAR-10 test accuracy in per cent, by run", "measured | published");
    else
        draw_title(s, block, "Table 2. CIFAR-10 test accuracy in per cent, by search", "measured | published");
    for (int k = 0; k < report_columns(s->v, block); k++)
        draw_head(s, block, k, heads[k]);
    draw_separators(s, block, rows);
    for (int i = 0; i < rows; i++)
        draw_table_row(s, block, i);
}

/* A bar as long as its part of MAX, its number at the right. */
static void draw_bar(const struct scene *s, int block, int row, int column, double max, const char *number,
                     enum theme_role role)
{
    struct rect cell;
    double value = report_value(s->v, block, row, column);
    bool here = begin_cell(s, block, row, column, &cell);
    struct rect all = cell, at = rect_right(&cell, 9), bar = rect_inset(cell, 1, 0);
    enum theme_role ink = here ? ROLE_SELECTED : isnan(value) ? ROLE_MUTED : ROLE_TEXT;
    if (bar.w >= 3)
        gauge_bar(s->c, bar, s->l, isnan(value) ? NAN : max > 0 ? value / max : 0, role);
    canvas_text_right(s->c, at, at.x + at.w - 1, at.y, look_style(s->l, ink), number);
    all.w--;
    if (here)
        end_cell(s, all);
}

static double most(const struct scene *s, int block, int rows, int first, int last)
{
    double max = 0;
    for (int i = 0; i < rows; i++)
        for (int k = first; k <= last; k++)
            max = fmax(max, report_value(s->v, block, i, k)); /* fmax passes over a NaN */
    return max;
}

static void draw_figure3(const struct scene *s, int rows)
{
    static const char *const heads[CARD_COSTS] = {" MACs, M", " TF FLOPs, M", " parameters, k", " s an epoch"};
    static const double unit[CARD_COSTS] = {1e6, 1e6, 1e3, 1};
    draw_title(s, BLOCK_FIGURE3, "Figure 3. What the nets cost", "one image; an epoch of 50,000");
    for (int k = 0; k < CARD_COSTS; k++) {
        double max = most(s, BLOCK_FIGURE3, rows, k, k);
        draw_head(s, BLOCK_FIGURE3, k, heads[k]);
        for (int i = 0; i < rows; i++) {
            double value = report_value(s->v, BLOCK_FIGURE3, i, k) / unit[k];
            char number[32] = "-";
            if (!isnan(value))
                snprintf(number, sizeof number, value < 1000 ? "%.1f" : "%.0f", value);
            draw_bar(s, BLOCK_FIGURE3, i, k, max, number, (enum theme_role)(ROLE_CURVE1 + k));
        }
    }
    for (int i = 0; i < rows; i++)
        draw_label(s, BLOCK_FIGURE3, i, s->v->card.net[i].name);
}

static void draw_figure4(const struct scene *s, int rows)
{
    static const char *const heads[] = {" measured", " published"};
    double max = most(s, BLOCK_FIGURE4, rows, 0, 1);
    draw_title(s, BLOCK_FIGURE4, "Figure 4. What the searches cost", "seconds, all searches together");
    for (int k = 0; k < 2; k++) {
        draw_head(s, BLOCK_FIGURE4, k, heads[k]);
        for (int i = 0; i < rows; i++) {
            double value = report_value(s->v, BLOCK_FIGURE4, i, k);
            char number[32] = "-";
            if (!isnan(value))
                report_grouped(value, number, sizeof number);
            draw_bar(s, BLOCK_FIGURE4, i, k, max, number, (enum theme_role)(ROLE_CURVE1 + k));
        }
    }
    for (int i = 0; i < rows; i++)
        draw_label(s, BLOCK_FIGURE4, i, s->v->card.row[report_card_row(s->v, BLOCK_FIGURE4, i)].label);
}

/* Copies of FROM what stands from (LEFT, TOP) on to the rectangle. */
static void show_part(struct canvas *to, struct rect r, const struct canvas *from, int left, int top)
{
    for (int y = 0; y < r.h && top + y < from->h; y++)
        for (int x = 0; x < r.w && left + x < from->w; x++) {
            struct cell cell = from->cells[(top + y) * from->w + left + x];
            if (rect_has((struct rect){0, 0, to->w, to->h}, r.x + x, r.y + y))
                to->cells[(r.y + y) * to->w + r.x + x] = cell;
        }
}

/* Marks at the right that there is more above or below. */
static void draw_more(struct canvas *c, struct rect r, const struct look *l, int top, int rows)
{
    struct style s = look_style(l, ROLE_KEY);
    if (top > 0 && r.h > 0)
        canvas_put(c, r.x + r.w - 1, r.y, look_ascii(l) ? '^' : 0x25b2, s);
    if (top + r.h < rows && r.h > 0)
        canvas_put(c, r.x + r.w - 1, r.y + r.h - 1, look_ascii(l) ? 'v' : 0x25bc, s);
}

/* Keeps the cursor's row in sight, and with it as much of its block as there is room for. */
static void scroll(struct report_view *v)
{
    const struct report_layout *l = &v->layout;
    struct rect cell = report_cell(v, v->block, v->row, v->column);
    struct rect block = l->block[v->block];
    if (v->row == 0 || block.h <= l->view.h) {
        int end = block.h <= l->view.h ? block.y + block.h : cell.y + 1;
        v->top = end > v->top + l->view.h ? end - l->view.h : v->top;
        v->top = block.y < v->top ? block.y : v->top;
    }
    v->top = clamp(v->top, cell.y - l->view.h + 1, cell.y);
    v->top = clamp(v->top, 0, l->height > l->view.h ? l->height - l->view.h : 0);
    v->left = v->column == 0 ? 0 : cell.x + cell.w + 1 - l->view.w;
    v->left = clamp(v->left, 0, l->width > l->view.w ? l->width - l->view.w : 0);
}

static void draw_blocks(struct report_view *v, const struct look *l, struct canvas *c)
{
    struct canvas own;
    struct scene s = {v, l, &own};
    int rows[BLOCK_COUNT];
    report_rows(v, rows);
    canvas_init(&own, v->layout.width, v->layout.height);
    canvas_clear(&own, look_style(l, ROLE_TEXT));
    draw_table(&s, BLOCK_TABLE1, rows[BLOCK_TABLE1]);
    draw_table(&s, BLOCK_TABLE2, rows[BLOCK_TABLE2]);
    draw_figure3(&s, rows[BLOCK_FIGURE3]);
    draw_figure4(&s, rows[BLOCK_FIGURE4]);
    scroll(v);
    show_part(c, v->layout.view, &own, v->left, v->top);
    draw_more(c, v->layout.view, l, v->top, v->layout.height);
    canvas_release(&own);
}

/* ---- text below ---- */

/* Notes, a line each, wrapped behind a dash; returns the rows they take. */
static int draw_lines(struct canvas *c, struct rect r, struct style style, const char *lines)
{
    int y = 0;
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        char *line = xstrfmt("%.*s", (int)n, lines);
        if (c && y < r.h)
            canvas_text(c, r, r.x, r.y + y, style, "-");
        y += wrap_text(c, (struct rect){r.x + 2, r.y + y, r.w - 2, r.h - y}, style, line);
        free(line);
        lines += n + (lines[n] == '\n');
    }
    return y;
}

static void draw_about(struct report_view *v, const struct look *l, struct canvas *c, bool readonly)
{
    struct report_words w;
    int at = report_card_row(v, v->block, v->row), y = 0;
    report_say(v, readonly, &w);
    struct rect r = rect_inset(
        canvas_frame(c, v->layout.about, w.title, look_style(l, ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l)),
        1, 0);
    if (at < 0 || r.h <= 0)
        return;
    const struct card_row *row = &v->card.row[at];
    bool broken = !row->begun && v->plan.study[0] && !v->plan.ok;
    if (v->card.trouble[0])
        y += wrap_text(c, r, look_style(l, ROLE_BAD), v->card.trouble);
    y += wrap_text(c, (struct rect){r.x, r.y + y, r.w, r.h - y}, look_style(l, ROLE_TEXT), w.value);
    struct style action = look_style(l, broken ? ROLE_BAD : ROLE_KEY);
    action.attr &= (uint8_t)~ATTR_BOLD;
    y += wrap_text(c, (struct rect){r.x, r.y + y, r.w, r.h - y}, action, w.action);
    /* Where they have a pane of their own they are there; "not measured" has been said. */
    const char *notes = row->begun && v->layout.notes.h <= 0 ? row->notes : "";
    y += draw_lines(c, (struct rect){r.x, r.y + y, r.w, r.h - y}, look_style(l, ROLE_MUTED), notes);
    draw_more(c, r, l, 0, y);
    if (y > r.h) {
        struct rect f = v->layout.about;
        canvas_text_right(c, f, f.x + f.w - 2, f.y + f.h - 1, look_style(l, ROLE_KEY), " N: all notes ");
    }
}

/* The notes of all rows; c NULL: only counted. */
static int draw_all_notes(const struct report_view *v, const struct look *l, struct canvas *c, struct rect r)
{
    int y = 0;
    struct style none = {COLOR_DEFAULT, COLOR_DEFAULT, 0};
    for (int i = 0; i < v->card.n; i++) {
        const struct card_row *row = &v->card.row[i];
        if (!row->notes[0])
            continue;
        if (y > 0)
            y++;
        bool here = i == report_card_row(v, v->block, v->row);
        if (c && y < r.h)
            canvas_text(c, r, r.x, r.y + y, look_style(l, here ? ROLE_KEY : ROLE_TITLE), row->label);
        y++;
        y += draw_lines(c, (struct rect){r.x + 2, r.y + y, r.w - 2, r.h - y}, c ? look_style(l, ROLE_TEXT) : none,
                        row->notes);
    }
    return y;
}

static void draw_notes_screen(struct report_view *v, const struct look *l, struct canvas *c)
{
    struct rect in = rect_inset(canvas_frame(c, v->layout.view, "Notes on every row (Esc goes back)",
                                             look_style(l, ROLE_KEY), look_style(l, ROLE_TITLE), look_ascii(l)),
                                1, 0);
    struct canvas own;
    if (in.w < 4 || in.h < 1)
        return;
    v->notes_rows = draw_all_notes(v, l, NULL, (struct rect){0, 0, in.w, 1 << 20}) + 2;
    canvas_init(&own, in.w, v->notes_rows);
    canvas_clear(&own, look_style(l, ROLE_TEXT));
    draw_all_notes(v, l, &own, (struct rect){0, 0, in.w, v->notes_rows});
    v->notes_top = clamp(v->notes_top, 0, v->notes_rows > v->layout.view.h ? v->notes_rows - v->layout.view.h : 0);
    show_part(c, in, &own, 0, v->notes_top);
    draw_more(c, (struct rect){in.x, in.y, in.w + 2, in.h}, l, v->notes_top, v->notes_rows - 2);
    canvas_release(&own);
}

void report_draw(struct report_view *v, struct view_context *ctx, struct canvas *c)
{
    const struct look *l = ctx->look;
    struct report_layout *a = &v->layout;
    if (v->card.n == 0) {
        wrap_text(c, a->view, look_style(l, ROLE_MUTED), "the tables cannot be had here");
        return;
    }
    if (v->all_notes)
        draw_notes_screen(v, l, c);
    else
        draw_blocks(v, l, c);
    draw_about(v, l, c, ctx->model->readonly);
    if (a->notes.h <= 0)
        return;
    struct rect in = rect_inset(
        canvas_frame(c, a->notes, "Notes", look_style(l, ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l)), 1, 0);
    int rows = draw_all_notes(v, l, c, in);
    draw_more(c, (struct rect){in.x, in.y, in.w + 2, in.h}, l, 0, rows);
    if (rows > in.h)
        canvas_text_right(c, a->notes, a->notes.x + a->notes.w - 2, a->notes.y + a->notes.h - 1,
                          look_style(l, ROLE_KEY), " N: all notes ");
}
