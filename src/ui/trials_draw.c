/* The table. Which columns are shown follows from the width alone: the more important ones first, and the one by which it is
 * sorted always. Numbers of a setting stand with their points below each other; what a trial has from the study and not
 * of its own is muted. */
#include "trials_draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "plot_impl.h"

enum { MARKS_W = 4, SCROLL_W = 1, GAP = 2, BAR_W = 8 };

/* ---- what a trial looks like ---- */

enum theme_role trials_state_role(enum trial_state s)
{
    static const enum theme_role roles[] = {
        [TRIAL_QUEUED] = ROLE_MUTED,  [TRIAL_RUNNING] = ROLE_GOOD, [TRIAL_PAUSED] = ROLE_WARN,
        [TRIAL_COMPLETE] = ROLE_TEXT, [TRIAL_PRUNED] = ROLE_MUTED, [TRIAL_DIVERGED] = ROLE_BAD,
        [TRIAL_FAILED] = ROLE_BAD,    [TRIAL_STOPPED] = ROLE_WARN};
    return roles[s];
}

/* The signs of the Search screen. */
uint32_t trials_state_rune(const struct look *l, enum trial_state s)
{
    static const uint32_t runes[] = {
        [TRIAL_QUEUED] = 0x25CB, [TRIAL_RUNNING] = 0x25C9,  [TRIAL_PAUSED] = 0x25C9, [TRIAL_COMPLETE] = 0x25CF,
        [TRIAL_PRUNED] = 0x25BD, [TRIAL_DIVERGED] = 0x00D7, [TRIAL_FAILED] = 0x00D7, [TRIAL_STOPPED] = 0x00D7};
    static const char letters[] = "QRROPXXX";
    return look_ascii(l) ? (uint32_t)letters[s] : runes[s];
}

int trials_overlay(const struct model *m, int number)
{
    for (int i = 0; i < m->sel.n_overlay; i++)
        if (m->sel.overlay[i] == number)
            return i;
    return -1;
}

double trials_merit(const struct trials_table *t, double v)
{
    if (isnan(v) || !(t->bar_hi > t->bar_lo))
        return isnan(v) ? NAN : 1;
    return fmin(1, fmax(0, (v - t->bar_lo) / (t->bar_hi - t->bar_lo)));
}

/* The part of the map that can be read on this ground. */
struct style trials_ink(const struct look *l, double t)
{
    if (l->depth > DEPTH_256)
        return look_style(l, isnan(t) || t < 0.5 ? ROLE_MUTED : t < 0.9 ? ROLE_TEXT : ROLE_GOOD);
    if (isnan(t))
        return look_style(l, ROLE_MUTED);
    t = colormap_quantize(t, 16);
    return (struct style){colormap_rgb(COLORMAP_VIRIDIS, l->theme.light ? 0.75 * t : 0.3 + 0.7 * t), COLOR_DEFAULT, 0};
}

void trials_percent(double v, char *buf, size_t cap)
{
    str_append(buf, cap, 0, isnan(v) ? "-" : "%.2f", 100 * v);
}

/* ---- columns ---- */

static const struct face {
    const char *title, *plain; /* plain: without characters beyond ASCII */
    int w;
    int rank; /* the lower, the longer it stays as the window gets narrower */
    bool left;
} faces[COLUMN_KINDS] = {
    [COLUMN_NUMBER] = {"#", "#", 5, 0, false},
    [COLUMN_KIND] = {"kind", "kind", 6, 10, true},
    [COLUMN_STATE] = {"state", "state", 8, 1, true},
    [COLUMN_SETTING] = {"", "", 8, 3, false},
    [COLUMN_VAL] = {"val %", "val %", 6, 2, false},
    [COLUMN_VAL_MEAN] = {"val mean ± σ", "val mean +- sd", 17, 7, false},
    [COLUMN_TEST] = {"test %", "test %", 6, 5, false},
    [COLUMN_TEST_MEAN] = {"test mean ± σ", "test mean +- sd", 17, 8, false},
    [COLUMN_SECONDS] = {"seconds", "seconds", 8, 4, false},
    [COLUMN_TEACHER] = {"teacher", "teacher", 8, 13, false},
    [COLUMN_TRANSFER] = {"transfer", "transfer", 9, 13, false},
    [COLUMN_FINETUNE] = {"finetune", "finetune", 9, 13, false},
    [COLUMN_EDITED] = {"mark", "mark", 9, 6, true},
    [COLUMN_DATE] = {"saved", "saved", 11, 11, true},
    [COLUMN_REASON] = {"message", "message", 14, 12, true},
};

static const char *title_of(const struct trials_scene *s, const struct trials_column *c)
{
    const struct face *f = &faces[c->kind];
    return c->kind == COLUMN_SETTING ? c->name : look_ascii(s->look) ? f->plain : f->title;
}

/* Columns of the terminal that it needs. */
static int width_of(const struct trials_scene *s, const struct trials_column *c)
{
    int w = faces[c->kind].w, title = text_width(title_of(s, c)) + 1; /* the sign of the order */
    if (c->kind != COLUMN_SETTING)
        return w > title ? w : title;
    w = c->before + c->after > w ? c->before + c->after : w;
    return title > w ? (title < 16 ? title : 16) : w;
}

static bool is_sorted_by(const struct trials_scene *s, const struct trials_column *c)
{
    return strcmp(c->name, s->table->sort) == 0;
}

/* The stages' seconds are there together or not at all. */
enum { BAR_RANK = 9, STAGES_RANK = 13, LAST_RANK = 20 };

/* A column that says the same of all trials, or nothing, stands back. */
static int rank_of(const struct trials_scene *s, const struct trials_column *c)
{
    bool dull = c->kind == COLUMN_KIND && c->data_lo == c->data_hi;
    dull |= c->kind == COLUMN_EDITED && c->data_hi != 1 && !s->table->collapsed;
    dull |= (c->kind == COLUMN_TEST || c->kind == COLUMN_TEST_MEAN) && isnan(c->data_lo);
    if (is_sorted_by(s, c))
        return -1;
    return dull ? LAST_RANK : faces[c->kind].rank;
}

int trials_place_columns(const struct trials_scene *s, int width, struct trials_place place[TRIALS_COLUMNS], int *bar,
                         int *bar_w)
{
    const struct trials_table *t = s->table;
    bool taken[TRIALS_COLUMNS] = {0}, bars = false;
    int room = width - MARKS_W - SCROLL_W + GAP, n = 0;
    for (int rank = -1; rank <= LAST_RANK; rank++) {
        int need = 0;
        for (int j = 0; j < t->n_columns; j++)
            need += rank_of(s, &t->column[j]) == rank ? width_of(s, &t->column[j]) + GAP : 0;
        for (int j = 0; j < t->n_columns; j++) {
            int w = width_of(s, &t->column[j]) + GAP;
            if (rank_of(s, &t->column[j]) != rank || w > room || (rank == STAGES_RANK && need > room))
                continue;
            taken[j] = true;
            room -= w;
            need -= w;
        }
        if (rank == BAR_RANK && room >= BAR_W + 1) {
            bars = true;
            room -= BAR_W + 1;
        }
    }
    *bar = *bar_w = 0;
    for (int j = 0, x = MARKS_W; j < t->n_columns; j++) {
        if (!taken[j])
            continue;
        enum trials_kind kind = t->column[j].kind;
        int w = width_of(s, &t->column[j]) + (kind == COLUMN_REASON ? room : 0);
        place[n++] = (struct trials_place){j, x, w};
        x += w + GAP;
        if (kind == COLUMN_VAL && bars) {
            *bar = x - GAP + 1;
            *bar_w = BAR_W;
            x += BAR_W + 1;
        }
    }
    return n;
}

int trials_column_at(const struct trials_scene *s, int width, int x)
{
    struct trials_place p[TRIALS_COLUMNS];
    int bar, bar_w, n = trials_place_columns(s, width, p, &bar, &bar_w);
    for (int i = 0; i < n; i++)
        if (x >= p[i].x && x < p[i].x + p[i].w)
            return p[i].column;
    return -1;
}

void trials_draw_columns(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    struct trials_place p[TRIALS_COLUMNS];
    int bar, bar_w, n = trials_place_columns(s, r.w, p, &bar, &bar_w);
    for (int i = 0; i < n && r.h > 0; i++) {
        const struct trials_column *col = &s->table->column[p[i].column];
        bool by = is_sorted_by(s, col);
        struct rect cell = rect_and(r, (struct rect){r.x + p[i].x, r.y, p[i].w, 1});
        struct style style = look_style(s->look, by ? ROLE_TITLE : ROLE_MUTED);
        const char *title = title_of(s, col);
        int w = text_width(title) + by;
        int x = faces[col->kind].left || w > cell.w ? cell.x : cell.x + cell.w - w;
        x = canvas_text(c, (struct rect){cell.x, cell.y, cell.w - by, 1}, x, r.y, style, title);
        if (by)
            canvas_put(c, x, r.y,
                       look_ascii(s->look) ? (s->table->down ? 'v' : '^')
                       : s->table->down    ? 0x25BE
                                           : 0x25B4,
                       style);
    }
}

/* ---- cells ---- */

static void mean_text(const struct look *l, int n, double mean, double sd, char *buf, size_t cap)
{
    buf[0] = 0;
    if (n > 1)
        str_append(buf, cap, 0, "%.2f %s%5.2f (%d)", 100 * mean, look_ascii(l) ? "+-" : "±", 100 * sd, n);
}

static void date_text(double ms, char *buf, size_t cap)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    buf[0] = 0;
    if (!isnan(ms) && localtime_r(&t, &tm))
        strftime(buf, cap, "%m-%d %H:%M", &tm);
}

/* A number with its point where the others of the column have theirs. */
static void setting_text(const struct trials_column *col, double v, char *buf, size_t cap)
{
    char text[32];
    trials_setting_text(v, text, sizeof text);
    int after = (int)(strlen(text) - strcspn(text, "."));
    str_append(buf, cap, 0, "%s%*s", text, strchr(text, 'e') || isnan(v) ? 0 : col->after - after, "");
}

static void cell_text(const struct trials_scene *s, const struct trials_column *col, int row, char *buf, size_t cap)
{
    static const char *const kinds[] = {"search", "repeat", "manual"};
    const struct trial_row *r = &s->table->source.rows[row];
    const struct trials_group *g = trials_table_group(s->table, row);
    double v = trials_table_value(s->table, col, row);
    buf[0] = 0;
    switch (col->kind) {
    case COLUMN_NUMBER: str_append(buf, cap, 0, "%d", r->number); break;
    case COLUMN_KIND: str_append(buf, cap, 0, "%s", kinds[r->kind]); break;
    case COLUMN_STATE: str_append(buf, cap, 0, "%s", trial_state_name(r->state)); break;
    case COLUMN_SETTING: setting_text(col, v, buf, cap); break;
    case COLUMN_VAL:
    case COLUMN_TEST: trials_percent(v, buf, cap); break;
    case COLUMN_VAL_MEAN: mean_text(s->look, g ? g->n : 0, g ? g->val_mean : 0, g ? g->val_sd : 0, buf, cap); break;
    case COLUMN_TEST_MEAN:
        mean_text(s->look, g ? g->n_test : 0, g ? g->test_mean : 0, g ? g->test_sd : 0, buf, cap);
        break;
    case COLUMN_SECONDS:
    case COLUMN_TEACHER:
    case COLUMN_TRANSFER:
    case COLUMN_FINETUNE: str_append(buf, cap, 0, v > 0 ? "%.0f" : "-", v); break;
    case COLUMN_EDITED: str_append(buf, cap, 0, "%s", r->edited ? "edited" : r->collapsed ? "collapsed" : ""); break;
    case COLUMN_DATE: date_text(v, buf, cap); break;
    case COLUMN_REASON: str_append(buf, cap, 0, "%s", r->reason); break;
    case COLUMN_KINDS: break;
    }
}

static struct style cell_style(const struct trials_scene *s, const struct trials_column *col, int row)
{
    const struct trials_table *t = s->table;
    const struct trial_row *r = &t->source.rows[row];
    switch (col->kind) {
    case COLUMN_STATE: return look_style(s->look, trials_state_role(r->state));
    case COLUMN_VAL:
        return row == t->best ? look_style(s->look, ROLE_GOOD) : trials_ink(s->look, trials_merit(t, r->val_accuracy));
    case COLUMN_SETTING:
        return look_style(s->look,
                          t->own[(size_t)row * (size_t)t->n_settings + (size_t)col->setting] ? ROLE_TEXT : ROLE_MUTED);
    case COLUMN_EDITED: return look_style(s->look, r->edited ? ROLE_WARN : ROLE_BAD);
    case COLUMN_KIND:
    case COLUMN_DATE:
    case COLUMN_REASON: return look_style(s->look, ROLE_MUTED);
    default: return look_style(s->look, ROLE_TEXT);
    }
}

static void draw_bar(struct canvas *c, struct rect r, const struct trials_scene *s, int row)
{
    double t = trials_merit(s->table, s->table->source.rows[row].val_accuracy);
    struct style style = trials_ink(s->look, t);
    int eighths = isnan(t) ? 0 : (int)lround(t * r.w * 8);
    for (int x = 0; x < r.w; x++) {
        int part = eighths - 8 * x;
        part = part < 0 ? 0 : part > 8 ? 8 : part;
        if (look_ascii(s->look) ? part >= 4 : part > 0)
            canvas_put(c, r.x + x, r.y, look_ascii(s->look) ? '=' : (uint32_t)(0x2590 - part), style);
    }
}

/* Whether it is looked at, whether its curves are kept on Run or it is compared with, and what has become of it. */
static void draw_marks(struct canvas *c, struct rect r, const struct trials_scene *s, int row)
{
    static const enum theme_role overlays[] = {ROLE_CURVE5, ROLE_CURVE6, ROLE_CURVE2, ROLE_CURVE3}; /* as on Run */
    const struct trial_row *t = &s->table->source.rows[row];
    int overlay = trials_overlay(s->m, t->number);
    bool ascii = look_ascii(s->look);
    if (r.w < MARKS_W)
        return;
    if (t->number == s->m->sel.trial)
        canvas_put(c, r.x, r.y, ascii ? '>' : 0x25B8, look_style(s->look, ROLE_CURSOR));
    if (t->number == s->compare)
        canvas_put(c, r.x + 1, r.y, ascii ? '#' : 0x2260, look_style(s->look, ROLE_MARK));
    else if (overlay >= 0)
        canvas_put(c, r.x + 1, r.y, ascii ? 'o' : 0x25C6, look_style(s->look, overlays[overlay % 4]));
    if (row == s->table->best)
        canvas_put(c, r.x + 2, r.y, ascii ? 'B' : 0x2605, look_style(s->look, ROLE_GOOD));
    else
        canvas_put(c, r.x + 2, r.y, trials_state_rune(s->look, t->state),
                   look_style(s->look, trials_state_role(t->state)));
}

/* The row under the cursor keeps its colours on another ground. */
static void select_row(struct canvas *c, struct rect r, const struct look *l)
{
    struct style s = look_style(l, ROLE_SELECTED);
    for (int x = r.x; x < r.x + r.w && x < c->w; x++) {
        struct style *cell = &c->cells[r.y * c->w + x].style;
        if (l->depth == DEPTH_MONO) {
            cell->attr |= ATTR_REVERSE;
        } else {
            cell->bg = s.bg;
            cell->fg = cell->fg == COLOR_DEFAULT ? s.fg : cell->fg;
        }
    }
}

static void draw_row(struct canvas *c, struct rect r, const struct trials_scene *s, int row,
                     const struct trials_place *p, int n, int bar, int bar_w)
{
    char text[300];
    draw_marks(c, r, s, row);
    for (int i = 0; i < n; i++) {
        const struct trials_column *col = &s->table->column[p[i].column];
        struct rect cell = rect_and(r, (struct rect){r.x + p[i].x, r.y, p[i].w, 1});
        cell_text(s, col, row, text, sizeof text);
        if (faces[col->kind].left || text_width(text) > cell.w)
            canvas_text(c, cell, cell.x, r.y, cell_style(s, col, row), text);
        else
            canvas_text_right(c, cell, cell.x + cell.w, r.y, cell_style(s, col, row), text);
    }
    draw_bar(c, rect_and(r, (struct rect){r.x + bar, r.y, bar_w, 1}), s, row);
    if (s->table->source.rows[row].number == s->m->sel.trial)
        select_row(c, r, s->look);
}

static void draw_scrollbar(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    int n = s->table->n_shown;
    if (n <= r.h || r.h < 2)
        return;
    int size = r.h * r.h / n < 1 ? 1 : r.h * r.h / n;
    int at = (int)((double)s->top / (n - r.h) * (r.h - size) + 0.5);
    for (int y = 0; y < r.h; y++) {
        bool thumb = y >= at && y < at + size;
        canvas_put(c, r.x, r.y + y,
                   look_ascii(s->look) ? (thumb ? '#' : '|')
                   : thumb             ? 0x2503
                                       : 0x2502,
                   look_style(s->look, thumb ? ROLE_MUTED : ROLE_FRAME));
    }
}

void trials_draw_rows(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    const struct trials_table *t = s->table;
    struct trials_place p[TRIALS_COLUMNS];
    if (r.w < 1 || r.h < 1)
        return;
    int bar, bar_w, n = trials_place_columns(s, r.w, p, &bar, &bar_w);
    if (t->n_shown == 0)
        canvas_text(c, r, r.x + MARKS_W, r.y, look_style(s->look, ROLE_MUTED),
                    t->source.n == 0 ? "no trial yet" : "no trial passes the filter; Esc removes it");
    for (int y = 0; y < r.h && s->top + y < t->n_shown; y++)
        draw_row(c, (struct rect){r.x, r.y + y, r.w - 1, 1}, s, t->shown[s->top + y], p, n, bar, bar_w);
    draw_scrollbar(c, (struct rect){r.x + r.w - 1, r.y, 1, r.h}, s);
}

/* ---- for pictures ---- */

int trials_sample(const struct trials_table *t, int row[TRIALS_LINES])
{
    int n = t->n_shown < TRIALS_LINES ? t->n_shown : TRIALS_LINES;
    for (int i = 0; i < n; i++)
        row[i] = t->shown[(int)((int64_t)i * t->n_shown / n)];
    return n;
}

int trials_level(const struct trials_table *t, int row)
{
    double merit = trials_merit(t, t->source.rows[row].val_accuracy);
    int level = isnan(merit) ? 0 : (int)(merit * TRIALS_LEVELS);
    return level < TRIALS_LEVELS ? level : TRIALS_LEVELS - 1;
}

void trials_put_layer(struct canvas *c, struct rect area, const struct look *l, const struct raster *raster,
                      struct style style)
{
    for (int y = 0; y < raster->h; y++)
        for (int x = 0; x < raster->w; x++) {
            uint32_t rune = raster_rune(raster, x, y, l->glyphs);
            if (rune) /* a single point is a dot here, and no mark */
                canvas_put(c, area.x + x, area.y + y, look_ascii(l) ? '.' : rune == 0x25CF ? 0xB7 : rune, style);
        }
}

/* ---- head and rule ---- */

static void counts_text(const struct trials_scene *s, char *buf, size_t cap)
{
    const struct trials_table *t = s->table;
    const int *n = t->count;
    size_t len = 0;
    buf[0] = 0;
    static const enum trial_state order[] = {TRIAL_COMPLETE, TRIAL_RUNNING, TRIAL_PAUSED,   TRIAL_QUEUED,
                                             TRIAL_PRUNED,   TRIAL_FAILED,  TRIAL_DIVERGED, TRIAL_STOPPED};
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (n[order[i]])
            len = str_append(buf, cap, len, "%s%d %s", len ? ", " : "", n[order[i]], trial_state_name(order[i]));
}

/* "lambda 0.01..0.1", "val >= 80.2" */
static size_t brushes_text(const struct trials_table *t, char *buf, size_t cap, size_t n)
{
    for (int i = 0; i < t->n_brushes; i++) {
        const struct trials_brush *b = &t->brush[i];
        double factor = strcmp(b->column, "val") == 0 ? 100 : 1;
        char lo[32], hi[32];
        trials_setting_text(b->lo * factor, lo, sizeof lo);
        trials_setting_text(b->hi * factor, hi, sizeof hi);
        n = str_append(buf, cap, n, "%s%s %s%s%s", n ? "  " : "", b->column,
                       isinf(b->hi)   ? ">= "
                       : isinf(b->lo) ? "<= "
                                      : lo,
                       isinf(b->lo) || isinf(b->hi) ? "" : "..", isinf(b->hi) ? lo : hi);
    }
    return n;
}

void trials_draw_head(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    const struct trials_table *t = s->table;
    char text[512], filter[512] = "";
    size_t n = str_append(filter, sizeof filter, 0, "%s", t->filter_text);
    n = brushes_text(t, filter, sizeof filter, n);
    if (n > 0) {
        int x = canvas_printf(c, r, r.x, r.y, look_style(s->look, ROLE_WARN), "%d of %d  ", t->n_shown, t->source.n);
        canvas_text(c, r, x, r.y, look_style(s->look, ROLE_TEXT), filter);
        return;
    }
    int x = canvas_printf(c, r, r.x, r.y, look_style(s->look, ROLE_TEXT), "%d trial%s", t->source.n,
                          t->source.n == 1 ? "" : "s");
    if (t->best >= 0) {
        const struct trial_row *best = &t->source.rows[t->best];
        trials_percent(best->val_accuracy, text, sizeof text);
        x = canvas_text(c, r, x, r.y, look_style(s->look, ROLE_MUTED), ", best ");
        x = canvas_printf(c, r, x, r.y, look_style(s->look, ROLE_GOOD), "#%d %s %%", best->number, text);
    }
    counts_text(s, text, sizeof text);
    canvas_text(c, r, x + 2, r.y, look_style(s->look, ROLE_MUTED), text);
}

void trials_draw_rule(struct canvas *c, struct rect r, const struct trials_scene *s, const char *title)
{
    if (r.h < 1 || r.w < 1)
        return;
    canvas_fill(c, r, look_ascii(s->look) ? '-' : 0x2500, look_style(s->look, ROLE_FRAME));
    char text[160];
    str_append(text, sizeof text, 0, " %s ", title);
    if (*title)
        canvas_text(c, r, r.x + 2, r.y, look_style(s->look, ROLE_MUTED), text);
}
