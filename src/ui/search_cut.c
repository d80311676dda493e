/* One setting alone: the mean with two standard deviations around it, as a curve over that setting. As a cut it is all there
 * is of a search over one setting; as slices it stands beside a map, along the row and the column of the cursor's cell. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "contour.h"
#include "plot_impl.h"
#include "search_impl.h"

/* ---- a cut ---- */

struct curve_box {
    struct rect r;
    struct search_scale y;
};

/* A row of the picture, or a column of it from the low end up. */
struct line {
    int n, stride; /* in cells of the picture */
    const float *mean, *sigma;
};

static struct line row_of_picture(const struct belief_picture *p, int row)
{
    size_t at = (size_t)row * (size_t)p->columns;
    return (struct line){p->columns, 1, p->mean + at, p->sigma + at};
}

static struct line column_of_picture(const struct belief_picture *p, int column)
{
    size_t at = (size_t)(p->rows - 1) * (size_t)p->columns + (size_t)column;
    return (struct line){p->rows, -p->columns, p->mean + at, p->sigma + at};
}

static double along(const struct line *l, const float *v, double u)
{
    return v[(ptrdiff_t)search_step(fmin(fmax(u, 0), 1), l->n) * l->stride];
}

static double row_of(const struct curve_box *b, double y)
{
    return (b->y.hi - y) / (b->y.hi - b->y.lo) * b->r.h; /* 0 at the top */
}

static void draw_y_axis(struct canvas *c, struct rect r, const struct look *l, const struct search_scale *y)
{
    const struct dim d = {.type = DIM_FLOAT, .min = y->lo, .max = y->hi};
    search_draw_left(c, r, l, &d);
}

static struct style band_style(const struct look *l)
{
    struct style s = look_style(l, ROLE_MUTED);
    if (l->depth <= DEPTH_256)
        s.bg = look_style(l, ROLE_SELECTED).bg;
    return s;
}

/* What lies within two standard deviations of the mean; in the ground of cells that are in it for the most part, so that a
 * curve can be drawn over it, and in parts of blocks at its edges. */
static void draw_band(struct canvas *c, const struct curve_box *b, const struct look *l, const struct line *p)
{
    static const uint32_t lower[] = {' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587};
    struct style s = band_style(l), edge = {s.bg, COLOR_DEFAULT, 0};
    bool parts = s.bg >= 0 && !look_ascii(l);
    uint32_t rune = s.bg >= 0 ? ' ' : look_ascii(l) ? ':' : 0x2591;
    for (int x = 0; x < b->r.w; x++) {
        double u = (x + 0.5) / b->r.w, mean = 100 * along(p, p->mean, u), sigma = 100 * along(p, p->sigma, u);
        double top = fmax(0, row_of(b, mean + 2 * sigma)), end = fmin(b->r.h, row_of(b, mean - 2 * sigma));
        for (int y = (int)floor(top); y < b->r.h && y < end; y++) {
            double from = fmax(0, top - y), to = fmin(1, end - y);
            if (to - from >= 0.95 || (!parts && to - from >= 0.4))
                canvas_put(c, b->r.x + x, b->r.y + y, rune, s);
            else if (parts && to > 0.95)
                canvas_put(c, b->r.x + x, b->r.y + y, lower[(int)((1 - from) * 8) & 7], edge);
            else if (parts && from < 0.05 && to >= 0.3)
                canvas_put(c, b->r.x + x, b->r.y + y, 0x2580, edge);
        }
    }
}

/* The ground of a curve's cell in the band's edge: the band's where it fills half of it. */
static rgb ground_of_curve(const struct look *l, const struct cell *c)
{
    return (c->rune >= 0x2584 && c->rune <= 0x2587) || c->rune == 0x2580 ? c->style.fg : map_ground(l, c);
}

/* The curve of a map's values, over what is drawn already. */
static void draw_curve(struct canvas *c, const struct curve_box *b, const struct look *l, const struct line *p,
                       const float *value, double factor, enum theme_role role)
{
    struct raster raster;
    struct pen pen = {0};
    raster_init(&raster, b->r.w, b->r.h, l->glyphs);
    for (int x = 0; x < b->r.w; x++)
        raster_line(&raster, &pen, (x + 0.5) * raster.sx,
                    row_of(b, factor * along(p, value, (x + 0.5) / b->r.w)) * raster.sy);
    raster_break(&raster, &pen);
    for (int y = 0; y < b->r.h; y++)
        for (int x = 0; x < b->r.w; x++) {
            uint32_t rune = raster_rune(&raster, x, y, l->glyphs);
            struct style s = look_style(l, role);
            s.bg = ground_of_curve(l, &c->cells[(b->r.y + y) * c->w + b->r.x + x]);
            if (rune)
                canvas_put(c, b->r.x + x, b->r.y + y, rune, s);
        }
    raster_release(&raster);
}

static void put_mark(struct canvas *c, const struct curve_box *b, const struct look *l, double u, double y,
                     uint32_t rune, struct style s)
{
    int x = b->r.x + search_step(u, b->r.w);
    double row = floor(row_of(b, y));
    int cell = b->r.y + (int)fmin(fmax(row, 0), b->r.h - 1);
    if (!rect_has(b->r, x, cell))
        return;
    s.bg = s.bg >= 0 ? s.bg : ground_of_curve(l, &c->cells[cell * c->w + x]);
    canvas_put(c, x, cell, rune, s);
}

/* Trials at their values; those without one at the foot. */
static void draw_cut_marks(struct canvas *c, const struct curve_box *b, const struct look *l,
                           const struct search_scene *s, const struct search_look *v)
{
    static const enum theme_role roles[MARK_KINDS] = {ROLE_CURVE2, ROLE_MUTED, ROLE_BAD,   ROLE_MARK,
                                                      ROLE_TEXT,   ROLE_WARN,  ROLE_CURVE2};
    const struct belief_picture *p = s->picture;
    for (int i = 0; i < s->n; i++) {
        const struct search_trial *t = &s->trials[i];
        put_mark(c, b, l, search_unit(s, v->column, t->x), isfinite(t->value) ? 100 * t->value : -INFINITY,
                 search_mark_rune(l, t->mark), look_style(l, roles[t->mark]));
    }
    struct style sign = look_style(l, ROLE_TITLE), good = look_style(l, ROLE_GOOD);
    sign.attr |= ATTR_REVERSE;
    good.attr |= ATTR_BOLD;
    for (int i = p ? p->n_next - 1 : -1; i >= 0; i--) {
        double u = search_unit(s, v->column, p->next[i]);
        put_mark(c, b, l, u, p->fitted ? 100 * p->mean[search_cell(p, u, 0.5)] : -INFINITY, (uint32_t)('1' + i), sign);
    }
    if (s->best >= 0)
        put_mark(c, b, l, search_unit(s, v->column, s->trials[s->best].x), 100 * s->trials[s->best].value,
                 search_best_rune(l), good);
    if (s->best_mean >= 0 && p->fitted)
        put_mark(c, b, l, search_unit(s, v->column, s->trials[s->best_mean].x), 100 * p->best_mean,
                 search_best_mean_rune(l), good);
}

/* The mean's reach and the trials', but not so far down that a collapse flattens the rest. */
static struct search_scale cut_scale(const struct search_scene *s, bool there)
{
    struct search_scale y = {INFINITY, -INFINITY};
    const struct belief_picture *p = s->picture;
    for (int i = 0; there && i < p->columns; i++) {
        y.lo = fmin(y.lo, 100 * (p->mean[i] - 2 * p->sigma[i]));
        y.hi = fmax(y.hi, 100 * (p->mean[i] + 2 * p->sigma[i]));
    }
    for (int i = 0; i < s->n; i++)
        if (isfinite(s->trials[i].value)) {
            if (!there)
                y.lo = fmin(y.lo, 100 * s->trials[i].value);
            y.hi = fmax(y.hi, 100 * s->trials[i].value);
        }
    if (!(y.hi > y.lo))
        y = (struct search_scale){0, 100};
    double air = 0.04 * (y.hi - y.lo);
    return (struct search_scale){y.lo - air, y.hi + air};
}

static void draw_upright(struct canvas *c, struct rect r, const struct look *l, double u)
{
    int x = r.x + search_step(u, r.w);
    for (int y = r.y; y < r.y + r.h && rect_has(r, x, y); y++) {
        struct cell *cell = &c->cells[y * c->w + x];
        bool empty = cell->rune == ' ' || cell->rune == 0x2591 || cell->rune == ':';
        struct style s = look_style(l, ROLE_CURSOR);
        s.bg = cell->style.bg;
        if (empty)
            canvas_put(c, x, y, look_ascii(l) ? '|' : 0x2502, s);
    }
}

void search_draw_cut(struct canvas *c, const struct search_pane *pane, const struct look *l,
                     const struct search_scene *s, const struct search_look *v)
{
    if (pane->map.w < 1 || pane->map.h < 1)
        return;
    bool there = search_scene_fits(s, v->column, v->row);
    struct line line = {0};
    struct rect upper = pane->map, left = pane->left, lower = {0}, lower_left = {0};
    if (upper.h >= 14) {
        lower = rect_bottom(&upper, upper.h / 3);
        lower_left = rect_bottom(&left, lower.h);
    }
    struct curve_box b = {upper, cut_scale(s, there)}, worth = {lower, {0, 0}};
    search_draw_title(c, pane, l, "mean and two standard deviations, %", NULL);
    draw_y_axis(c, left, l, &b.y);
    search_draw_below(c, pane->below, l, &s->space.dims[s->dim[v->column]]);
    if (there) {
        line = row_of_picture(s->picture, 0);
        draw_band(c, &b, l, &line);
        draw_curve(c, &b, l, &line, line.mean, 100, ROLE_CURVE1);
    } else {
        canvas_text(c, pane->bar, pane->bar.x, pane->bar.y, look_style(l, ROLE_MUTED), search_waiting(s));
    }
    if (there && s->picture->acquisition && lower.h > 2) {
        struct rect title = rect_top(&worth.r, 1), axis = lower_left;
        rect_top(&axis, 1);
        canvas_text(c, title, title.x, title.y, look_style(l, ROLE_TITLE), search_worth_name(s->picture));
        worth.y = search_scale_of(s->picture, MAP_WORTH);
        if (!(worth.y.hi > worth.y.lo))
            worth.y.hi = worth.y.lo + 1;
        draw_y_axis(c, axis, l, &worth.y);
        draw_curve(c, &worth, l, &line, s->picture->acquisition, 1, ROLE_CURVE3);
    }
    if (v->cursor)
        draw_upright(c, pane->map, l, v->u);
    draw_cut_marks(c, &b, l, s, v);
}

/* ---- slices ---- */

/* So far from the cursor, as a share of the other setting's range, does a trial still stand on a slice. */
#define NEAR 0.08

/* The reach of both slices, so that the one can be held against the other; trials that stand on them are within it. */
static struct search_scale slice_scale(const struct line lines[2])
{
    struct search_scale y = {INFINITY, -INFINITY};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < lines[k].n; i++) {
            double mean = 100 * lines[k].mean[i * lines[k].stride], sigma = 100 * lines[k].sigma[i * lines[k].stride];
            y.lo = fmin(y.lo, mean - 2 * sigma);
            y.hi = fmax(y.hi, mean + 2 * sigma);
        }
    if (!(y.hi > y.lo))
        y = (struct search_scale){y.lo - 1, y.hi + 1};
    return y;
}

static void draw_slice_trials(struct canvas *c, const struct curve_box *b, const struct look *l,
                              const struct search_scene *s, int axis, int other, double at)
{
    for (int i = 0; i < s->n; i++) {
        const struct search_trial *t = &s->trials[i];
        double y = 100 * t->value;
        if (isfinite(y) && t->mark != MARK_LEFT_OUT && fabs(search_unit(s, other, t->x) - at) <= NEAR && y >= b->y.lo &&
            y <= b->y.hi)
            put_mark(c, b, l, search_unit(s, axis, t->x), y, search_mark_rune(l, t->mark), look_style(l, ROLE_CURVE2));
    }
}

void search_draw_slice(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s,
                       const struct search_look *v, bool rows)
{
    const struct belief_picture *p = s->picture;
    int axis = rows ? v->row : v->column, other = rows ? v->column : v->row;
    const struct dim *d = &s->space.dims[s->dim[axis]], *fixed = &s->space.dims[s->dim[other]];
    struct search_pane pane = search_pane(r, true, false);
    if (pane.map.w < 8 || pane.map.h < 2)
        return;
    char title[128], text[32];
    search_value_text(fixed, space_value(fixed, rows ? v->u : v->v), 3, text, sizeof text);
    str_append(title, sizeof title, 0, "mean %s 2 sd, %%, at %s %s", look_ascii(l) ? "+-" : "±", fixed->name, text);
    if (text_width(title) > pane.map.w)
        str_append(title, sizeof title, 0, "%%, at %s %s", fixed->name, text);
    search_draw_title(c, &pane, l, title, NULL);
    search_draw_below(c, pane.below, l, d);
    if (!search_scene_fits(s, v->column, v->row)) {
        canvas_text(c, pane.map, pane.map.x + 1, pane.map.y, look_style(l, ROLE_MUTED), search_waiting(s));
        return;
    }
    int cell = search_cell(p, v->u, v->v);
    const struct line lines[2] = {row_of_picture(p, cell / p->columns), column_of_picture(p, cell % p->columns)};
    struct curve_box b = {pane.map, slice_scale(lines)};
    draw_y_axis(c, pane.left, l, &b.y);
    draw_band(c, &b, l, &lines[rows]);
    draw_curve(c, &b, l, &lines[rows], lines[rows].mean, 100, ROLE_CURVE1);
    draw_upright(c, pane.map, l, rows ? v->v : v->u);
    draw_slice_trials(c, &b, l, s, axis, other, rows ? v->u : v->v);
}
