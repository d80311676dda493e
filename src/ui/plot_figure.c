/* The same axes, ticks and values as plot.c draws into cells, in pixels. A curve is cut at the window before it is drawn: the
 * pens have no window of their own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "plot_impl.h"

enum { AXIS_W = 92, AXIS_H = 44, TEXT_H = 26, TICKS = 16, S = SHEET_TEXT, LETTER = 12 };

struct frame {
    struct drawing *f;
    const struct plot *p;
    struct plot_ends e;
    double x, y, w, h; /* of the curves */
};

static double at_x(const struct frame *r, double x)
{
    return r->x + (x - r->e.x_lo) / (r->e.x_hi - r->e.x_lo) * r->w;
}

static double at_y(const struct frame *r, double y)
{
    const struct plot_ends *e = &r->e;
    double t = r->p->log_y ? log(y / e->y_lo) / log(e->y_hi / e->y_lo) : (y - e->y_lo) / (e->y_hi - e->y_lo);
    return r->y + (1 - t) * r->h;
}

/* ---- axes ---- */

static void draw_axes(const struct frame *r)
{
    double ticks[TICKS];
    char label[TICKS][PLOT_LABEL];
    const struct plot_ends *e = &r->e;
    int n = plot_ticks(e->y_lo, e->y_hi, r->p->log_y, r->h / 40 < 8 ? (int)(r->h / 40) : 8, ticks);
    plot_tick_labels(ticks, n, r->p->log_y, label);
    for (int i = 0; i < n; i++) {
        double y = at_y(r, ticks[i]);
        drawing_fill(r->f, r->x, y, r->w, 1, SHEET_LINE);
        drawing_label(r->f, r->x - 10, y, 1, S, SHEET_MUTED, label[i]);
    }
    n = plot_ticks(e->x_lo, e->x_hi, false, r->w / 110 < 12 ? (int)(r->w / 110) : 12, ticks);
    plot_tick_labels(ticks, n, false, label);
    for (int i = 0; i < n; i++) {
        double x = at_x(r, ticks[i]);
        drawing_fill(r->f, x, r->y + r->h, 1, 6, SHEET_MUTED);
        drawing_label(r->f, x, r->y + r->h + 18, 0, S, SHEET_MUTED, label[i]);
    }
    drawing_outline(r->f, (int)r->x, (int)r->y, (int)r->w, (int)r->h, SHEET_MUTED);
    if (r->p->x_label)
        drawing_label(r->f, r->x - 10, r->y + r->h + 18, 1, S, SHEET_INK, r->p->x_label);
}

/* Title, then a sample and a name for each curve; returns the rows. */
static int draw_legend(const struct frame *r, int x0, int y, bool draw)
{
    const struct plot *p = r->p;
    int x = x0, rows = 1;
    if (p->title) {
        if (draw)
            drawing_text(r->f, x, y, S, SHEET_INK, p->title);
        x += picture_text_width(S, p->title) + 2 * LETTER;
    }
    for (int k = 0; k < p->n_curves; k++) {
        const struct plot_curve *c = &p->curves[k];
        int w = c->name ? 32 + picture_text_width(S, c->name) + 2 * LETTER : 0;
        if (!c->name)
            continue;
        if (x + w > r->x + r->w && x > x0)
            x = x0, rows++;
        int row = y + (rows - 1) * TEXT_H;
        if (draw) {
            double at[2] = {x, x + 24}, level[2] = {row + 8, row + 8};
            drawing_line(r->f, 2, at, level, 2.5, c->style.fg);
            if (c->dots)
                drawing_disc(r->f, x + 12, row + 8, 4, c->style.fg, c->style.fg);
            drawing_text(r->f, x + 32, row, S, SHEET_MUTED, c->name);
        }
        x += w;
    }
    return rows;
}

static void draw_marks(const struct frame *r)
{
    double used[3] = {0, 0, 0};
    for (int i = 0; i < r->p->n_marks; i++) {
        const struct plot_mark *m = &r->p->marks[i];
        double x = at_x(r, m->x);
        if (!(m->x >= r->e.x_lo && m->x <= r->e.x_hi))
            continue;
        for (double y = r->y; y < r->y + r->h; y += 8)
            drawing_fill(r->f, x, y, 1, 4, m->style.fg);
        int w = m->label ? picture_text_width(S, m->label) : 0, row = 0;
        double left = x + 6 + w < r->x + r->w ? x + 6 : x - 4 - w;
        while (row < 3 && left < used[row])
            row++;
        if (w == 0 || row == 3)
            continue;
        used[row] = left + w + LETTER;
        drawing_text(r->f, (int)left, (int)r->y + 6 + row * TEXT_H, S, m->style.fg, m->label);
    }
}

/* ---- curves ---- */

struct path {
    int n, cap;
    double *x, *y;
};

static void path_add(struct path *p, double x, double y)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 256;
        p->x = xrealloc(p->x, (size_t)p->cap * sizeof *p->x);
        p->y = xrealloc(p->y, (size_t)p->cap * sizeof *p->y);
    }
    p->x[p->n] = x;
    p->y[p->n++] = y;
}

/* Cuts [*t0, *t1] to where lo <= from + t (to - from) <= hi. */
static bool cut(double from, double to, double lo, double hi, double *t0, double *t1)
{
    double d = to - from;
    if (d == 0)
        return from >= lo && from <= hi;
    double a = (lo - from) / d, b = (hi - from) / d;
    *t0 = fmax(*t0, fmin(a, b));
    *t1 = fmin(*t1, fmax(a, b));
    return *t0 <= *t1;
}

static void add_part(struct path *p, const struct frame *r, double x0, double y0, double x1, double y1)
{
    double t0 = 0, t1 = 1;
    if (!cut(x0, x1, r->x, r->x + r->w, &t0, &t1) || !cut(y0, y1, r->y, r->y + r->h, &t0, &t1))
        return;
    double ax = x0 + t0 * (x1 - x0), ay = y0 + t0 * (y1 - y0);
    if (p->n == 0 || p->x[p->n - 1] != ax || p->y[p->n - 1] != ay) {
        path_add(p, NAN, NAN);
        path_add(p, ax, ay);
    }
    path_add(p, t1 == 1 ? x1 : x0 + t1 * (x1 - x0), t1 == 1 ? y1 : y0 + t1 * (y1 - y0));
}

static void draw_curve(const struct frame *r, int k)
{
    const struct plot_curve *c = &r->p->curves[k];
    double *v = xmalloc(((size_t)c->n + 1) * sizeof *v), last_x = NAN, last_y = NAN;
    struct path path = {0};
    int visible = 0;
    plot_values(r->p, k, v);
    for (int i = 0; i < c->n; i++) {
        bool there = isfinite(c->x[i]) && isfinite(v[i]) && (!r->p->log_y || v[i] > 0);
        double x = there ? at_x(r, c->x[i]) : NAN, y = there ? at_y(r, v[i]) : NAN;
        if (isfinite(last_x + last_y + x + y))
            add_part(&path, r, last_x, last_y, x, y);
        last_x = x, last_y = y;
        visible += x >= r->x && x <= r->x + r->w;
    }
    drawing_line(r->f, path.n, path.x, path.y, c->dots ? 1.5 : 2, c->style.fg);
    for (int i = 0; i < c->n && (c->dots || c->n == 1) && visible <= r->w / 8; i++) {
        double x = at_x(r, c->x[i]), y = v[i] > 0 || !r->p->log_y ? at_y(r, v[i]) : NAN;
        if (x >= r->x && x <= r->x + r->w && y >= r->y && y <= r->y + r->h)
            drawing_disc(r->f, x, y, 4, c->style.fg, c->style.fg);
    }
    free(path.x);
    free(path.y);
    free(v);
}

void plot_figure(struct drawing *f, struct rect box, const struct plot *p)
{
    struct frame r = {f, p, plot_ends(p), box.x + AXIS_W, box.y, box.w - AXIS_W - LETTER, box.h};
    int rows = draw_legend(&r, (int)r.x, box.y, false);
    r.y += rows * TEXT_H + 8;
    r.h -= rows * TEXT_H + 8 + AXIS_H;
    if (r.w < 100 || r.h < 60)
        return;
    draw_legend(&r, (int)r.x, box.y, true);
    draw_axes(&r);
    draw_marks(&r);
    for (int k = 0; k < p->n_curves; k++)
        draw_curve(&r, k);
}

void plot_csv(FILE *csv, const char *name, const struct plot *p)
{
    struct plot_ends e = plot_ends(p);
    for (int k = 0; k < p->n_curves; k++) {
        const struct plot_curve *c = &p->curves[k];
        double *v = xmalloc(((size_t)c->n + 1) * sizeof *v);
        plot_values(p, k, v);
        for (int i = 0; i < c->n; i++)
            if (c->x[i] >= e.x_lo && c->x[i] <= e.x_hi) {
                csv_text(csv, name, ',');
                csv_text(csv, c->name ? c->name : "", ',');
                csv_number(csv, c->x[i], ',');
                csv_number(csv, v[i], '\n');
            }
        free(v);
    }
    for (int i = p->n_marks - 1; i >= 0; i--) {
        if (!(p->marks[i].x >= e.x_lo && p->marks[i].x <= e.x_hi))
            continue;
        csv_text(csv, name, ',');
        csv_text(csv, p->marks[i].label ? p->marks[i].label : "", ',');
        csv_number(csv, p->marks[i].x, ',');
        csv_number(csv, NAN, '\n');
    }
}
