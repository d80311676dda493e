/* From the bottom: grid, marks, cursor, curves; the axes around them. The place of everything depends on the rectangle
 * alone (the gutter for the numbers has a fixed width), so plots above one another line up and nothing jumps when a
 * value grows; only the legend takes as many rows as it needs. A logarithmic axis is a linear one of the logarithms. */
#include "plot_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_W = 16, MIN_H = 4, GUTTER = 7, MAX_TICKS = 16, LEGEND_GAP = 2 };

/* ---- ranges ---- */

struct range {
    double lo, hi;
};

static void range_add(struct range *r, double v)
{
    if (isnan(r->lo) || v < r->lo)
        r->lo = v;
    if (isnan(r->hi) || v > r->hi)
        r->hi = v;
}

/* The given ends where there are any, the data's elsewhere; never empty. */
static struct range range_settle(struct range data, double lo, double hi, bool log_scale)
{
    struct range r = {isfinite(lo) && (!log_scale || lo > 0) ? lo : data.lo,
                      isfinite(hi) && (!log_scale || hi > 0) ? hi : data.hi};
    if (isnan(r.lo) && isnan(r.hi))
        r = log_scale ? (struct range){0.1, 1} : (struct range){0, 1};
    if (isnan(r.lo))
        r.lo = log_scale ? r.hi / 10 : r.hi - 1;
    if (isnan(r.hi))
        r.hi = log_scale ? r.lo * 10 : r.lo + 1;
    if (r.hi > r.lo)
        return r;
    double middle = r.lo, by = middle != 0 ? fabs(middle) * 0.1 : 1;
    return log_scale ? (struct range){middle / 2, middle * 2} : (struct range){middle - by, middle + by};
}

/* x ascends, so its ends are enough: no search through a long curve for every move of a mouse. */
static struct range x_range(const struct plot *p)
{
    struct range r = {NAN, NAN};
    for (int k = 0; k < p->n_curves; k++) {
        const struct plot_curve *c = &p->curves[k];
        if (c->n > 0 && isfinite(c->x[0]) && isfinite(c->x[c->n - 1])) {
            range_add(&r, c->x[0]);
            range_add(&r, c->x[c->n - 1]);
        }
    }
    return range_settle(r, p->x_min, p->x_max, false);
}

/* ---- where everything stands ---- */

struct scene {
    const struct plot *p;
    const struct look *look;
    struct rect all, legend, area; /* area: of the curves; the axes stand to the left of it and below */
    bool axis_row;
    struct range x, y;     /* y: of logarithms where the axis is one */
    const double **values; /* of each curve: smoothed, or its own */
    double **made;         /* those that were computed, to be freed */
    bool any;
};

static struct rect area_columns(struct rect r)
{
    return (struct rect){r.x + GUTTER, r.y, r.w - GUTTER, r.h};
}

double plot_x_at(const struct plot *p, struct rect r, int column)
{
    struct rect area = area_columns(r);
    if (r.w < MIN_W || r.h < MIN_H || column < area.x || column >= area.x + area.w)
        return NAN;
    struct range x = x_range(p);
    return x.lo + (x.hi - x.lo) * (column - area.x + 0.5) / area.w;
}

static int column_in(const struct range *x, struct rect area, double at)
{
    double t = (at - x->lo) / (x->hi - x->lo);
    if (!(t >= 0 && t <= 1))
        return -1;
    int i = (int)(t * area.w);
    return area.x + (i < area.w ? i : area.w - 1);
}

int plot_column_of(const struct plot *p, struct rect r, double x)
{
    struct range range = x_range(p);
    return r.w < MIN_W || r.h < MIN_H ? -1 : column_in(&range, area_columns(r), x);
}

/* ---- values ---- */

static void smooth(const double *y, int n, double weight, double *out)
{
    double mean = 0, mass = 0; /* mass: of the values so far, 1 at last */
    for (int i = 0; i < n; i++) {
        out[i] = NAN;
        if (!isfinite(y[i]))
            continue;
        mean = weight * mean + (1 - weight) * y[i];
        mass = weight * mass + (1 - weight);
        out[i] = mass < 1 - 1e-15 ? mean / mass : mean;
    }
}

static bool is_smoothed(const struct plot *p, const struct plot_curve *c)
{
    return p->smooth > 0 && p->smooth < 1 && !c->dots && !c->exact;
}

/* Values as drawn: a logarithm, or NaN for a gap. */
static double drawn(const struct scene *s, double y)
{
    if (!isfinite(y) || (s->p->log_y && y <= 0))
        return NAN;
    return s->p->log_y ? log10(y) : y;
}

/* Whether a value can be drawn at all. */
static bool is_value(const struct scene *s, double y)
{
    return isfinite(y) && (!s->p->log_y || y > 0);
}

/* The values of a curve in the window, and of its line where that crosses the window's edges. */
static void add_visible(const struct scene *s, const struct plot_curve *c, const double *values, struct range *r)
{
    const double edge[] = {s->x.lo, s->x.hi};
    for (int i = 0; i < c->n; i++) {
        double x = c->x[i], y = values[i];
        if (!is_value(s, y))
            continue;
        if (x >= s->x.lo && x <= s->x.hi)
            range_add(r, y);
        for (int e = 0; e < 2 && i > 0; e++)
            if (c->x[i - 1] < edge[e] && x > edge[e] && is_value(s, values[i - 1]))
                range_add(r, values[i - 1] + (y - values[i - 1]) * ((edge[e] - c->x[i - 1]) / (x - c->x[i - 1])));
    }
}

static void find_y_range(struct scene *s)
{
    const struct plot *p = s->p;
    struct range r = {NAN, NAN};
    for (int k = 0; k < p->n_curves; k++)
        add_visible(s, &p->curves[k], s->values[k], &r);
    s->any = !isnan(r.lo);
    struct range y = range_settle(r, p->y_min, p->y_max, p->log_y);
    if (p->log_y)
        y = (struct range){log10(y.lo), log10(y.hi)};
    /* A little air above and below what the data decides, so that a curve does not run along the frame. */
    double air = 0.04 * (y.hi - y.lo);
    bool given_lo = isfinite(p->y_min) && (!p->log_y || p->y_min > 0);
    bool given_hi = isfinite(p->y_max) && (!p->log_y || p->y_max > 0);
    s->y = (struct range){given_lo ? y.lo : y.lo - air, given_hi ? y.hi : y.hi + air};
    if (!isfinite(s->y.hi - s->y.lo))
        s->y = (struct range){-1e300, 1e300};
}

static void scene_values(struct scene *s)
{
    const struct plot *p = s->p;
    size_t n = p->n_curves > 0 ? (size_t)p->n_curves : 1;
    s->values = xcalloc(n, sizeof(*s->values));
    s->made = xcalloc(n, sizeof(*s->made));
    for (int k = 0; k < p->n_curves; k++) {
        const struct plot_curve *c = &p->curves[k];
        s->values[k] = c->y;
        if (!is_smoothed(p, c) || c->n <= 0)
            continue;
        s->values[k] = s->made[k] = xmalloc((size_t)c->n * sizeof(double));
        smooth(c->y, c->n, p->smooth, s->made[k]);
    }
}

static void scene_forget(struct scene *s)
{
    for (int k = 0; k < s->p->n_curves; k++)
        free(s->made[k]);
    free(s->made);
    free(s->values);
}

void plot_values(const struct plot *p, int k, double *out)
{
    const struct plot_curve *c = &p->curves[k];
    if (is_smoothed(p, c))
        smooth(c->y, c->n, p->smooth, out);
    else if (c->n > 0)
        memcpy(out, c->y, (size_t)c->n * sizeof *out);
}

struct plot_ends plot_ends(const struct plot *p)
{
    struct scene s = {.p = p, .x = x_range(p)};
    scene_values(&s);
    find_y_range(&s);
    scene_forget(&s);
    bool l = p->log_y;
    return (struct plot_ends){s.x.lo, s.x.hi, l ? pow(10, s.y.lo) : s.y.lo, l ? pow(10, s.y.hi) : s.y.hi};
}

/* The value of curve K at the cursor: of the nearest point, in the curve's reach; NaN elsewhere. */
static double value_at(const struct scene *s, int k, double x)
{
    const struct plot_curve *c = &s->p->curves[k];
    double column = (s->x.hi - s->x.lo) / s->area.w;
    if (c->n <= 0 || x < c->x[0] - column || x > c->x[c->n - 1] + column)
        return NAN;
    int lo = 0, hi = c->n - 1; /* the first point at or after x, or the last one */
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (c->x[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo > 0 && x - c->x[lo - 1] < c->x[lo] - x)
        lo--;
    return s->values[k][lo];
}

/* ---- legend ---- */

static bool has_cursor(const struct plot *p)
{
    return isfinite(p->cursor);
}

static void curve_sample(const struct scene *s, int k, char *buf, size_t cap)
{
    static const char *const ascii[] = {"**", "++", "oo", "xx", "##", "%%", "@@", "&&"};
    static const char *const broken[] = {"━━", "━╸", "┅┅", "━┅", "╸ ", "┉┉"};
    const char *text = "━━";
    if (look_ascii(s->look))
        text = ascii[k % (int)ARRAY_LEN(ascii)];
    else if (s->look->depth == DEPTH_MONO)
        text = broken[k % (int)ARRAY_LEN(broken)];
    else if (s->p->curves[k].dots)
        text = "●─";
    str_append(buf, cap, 0, "%s", text);
}

/* Places one piece of W columns after another, row by row; false when the rows are used up. */
struct flow {
    struct rect room;
    int x, y; /* the next piece's */
};

static bool flow_take(struct flow *f, int w, int *x, int *y)
{
    if (f->x > f->room.x && f->x + w > f->room.x + f->room.w) {
        f->x = f->room.x;
        f->y++;
    }
    if (f->y >= f->room.y + f->room.h)
        return false;
    *x = f->x;
    *y = f->y;
    f->x += w + LEGEND_GAP;
    return true;
}

/* Draws the legend into the room when C is given, and returns the rows it takes. */
static int legend(const struct scene *s, struct canvas *c, struct rect room)
{
    const struct plot *p = s->p;
    struct flow f = {room, room.x, room.y};
    int x, y;
    if (p->title && *p->title && flow_take(&f, text_width(p->title), &x, &y) && c)
        canvas_text(c, room, x, y, look_style(s->look, ROLE_TITLE), p->title);
    if (p->y_label && *p->y_label && flow_take(&f, text_width(p->y_label), &x, &y) && c)
        canvas_text(c, room, x, y, look_style(s->look, ROLE_MUTED), p->y_label);
    char number[16];
    if (has_cursor(p)) {
        const char *name = p->x_label && *p->x_label ? p->x_label : "x";
        plot_number(p->cursor, number, sizeof(number));
        if (fabs(p->cursor) < 1e9 && fabs(p->cursor) >= 1000)
            str_append(number, sizeof(number), 0, "%.0f", p->cursor); /* a step is counted, not measured */
        if (flow_take(&f, text_width(name) + 1 + text_width(number), &x, &y) && c)
            canvas_printf(c, room, x, y, look_style(s->look, ROLE_CURSOR), "%s %s", name, number);
    }
    for (int k = 0; k < p->n_curves; k++) {
        const struct plot_curve *curve = &p->curves[k];
        if (!curve->name)
            continue;
        char sample[16];
        curve_sample(s, k, sample, sizeof(sample));
        int w = 2 + 1 + text_width(curve->name) + (has_cursor(p) ? 8 : 0);
        if (!flow_take(&f, w, &x, &y) || !c)
            continue;
        x = canvas_text(c, room, x, y, curve->style, sample) + 1;
        x = canvas_text(c, room, x, y, look_style(s->look, ROLE_MUTED), curve->name) + 1;
        if (!has_cursor(p))
            continue;
        double v = value_at(s, k, p->cursor);
        plot_number(v, number, sizeof(number));
        canvas_text(c, room, x, y, isnan(v) ? look_style(s->look, ROLE_MUTED) : curve->style, isnan(v) ? "-" : number);
    }
    if (f.x == room.x)
        return f.y - room.y;
    return f.y - room.y + 1;
}

/* ---- axes ---- */

static int row_of(const struct scene *s, double y)
{
    double t = (s->y.hi - y) / (s->y.hi - s->y.lo);
    if (!(t >= -1e-9 && t <= 1 + 1e-9))
        return -1;
    int i = (int)(t * s->area.h);
    return s->area.y + (i < 0 ? 0 : i < s->area.h ? i : s->area.h - 1);
}

static void y_axis(const struct scene *s, struct canvas *c)
{
    const struct look *l = s->look;
    bool ascii = look_ascii(l);
    struct rect a = s->area;
    struct style line = look_style(l, ROLE_FRAME);
    double ticks[MAX_TICKS];
    char label[MAX_TICKS][PLOT_LABEL];
    int most = a.h / 2 < 1 ? 1 : a.h / 2 > 8 ? 8 : a.h / 2;
    bool log_y = s->p->log_y;
    int n = plot_ticks(log_y ? pow(10, s->y.lo) : s->y.lo, log_y ? pow(10, s->y.hi) : s->y.hi, log_y, most, ticks);
    plot_tick_labels(ticks, n, log_y, label);
    canvas_fill(c, (struct rect){a.x - 1, a.y, 1, a.h}, ascii ? '|' : 0x2502, line);
    int edge = a.x - 2, last = -1; /* a blank between number and line, unless a number needs its column */
    for (int i = 0; i < n; i++)
        edge = strlen(label[i]) > GUTTER - 2 ? a.x - 1 : edge;
    for (int i = 0; i < n; i++) {
        int y = row_of(s, log_y ? log10(ticks[i]) : ticks[i]);
        if (y < 0 || y == last)
            continue;
        last = y;
        canvas_text_right(c, (struct rect){s->all.x, y, GUTTER - 1, 1}, a.x - 1, y, look_style(l, ROLE_MUTED),
                          label[i]);
        canvas_put(c, a.x - 1, y, ascii ? '+' : 0x2524, line);
        if (!ascii)
            canvas_fill(c, (struct rect){a.x, y, a.w, 1}, 0x2508, line);
    }
}

static void x_axis(const struct scene *s, struct canvas *c)
{
    const struct look *l = s->look;
    bool ascii = look_ascii(l);
    struct rect a = s->area;
    struct style line = look_style(l, ROLE_FRAME), muted = look_style(l, ROLE_MUTED);
    int bottom = a.y + a.h;
    if (s->axis_row) {
        canvas_put(c, a.x - 1, bottom, ascii ? '+' : 0x2570, line);
        canvas_fill(c, (struct rect){a.x, bottom, a.w, 1}, ascii ? '-' : 0x2500, line);
        bottom++;
    }
    struct rect row = {s->all.x, bottom, s->all.w, 1};
    int free_from = row.x, free_to = row.x + row.w;
    if (s->p->x_label && *s->p->x_label) {
        int w = text_width(s->p->x_label);
        if (w <= GUTTER - 2) {
            free_from = canvas_text(c, row, row.x, bottom, muted, s->p->x_label) + 1;
        } else if (w <= a.w / 2) {
            free_to -= w + 1;
            canvas_text_right(c, row, row.x + row.w, bottom, muted, s->p->x_label);
        }
    }
    double ticks[MAX_TICKS];
    char label[MAX_TICKS][PLOT_LABEL];
    int most = a.w / 10 < 2 ? 2 : a.w / 10 > 12 ? 12 : a.w / 10;
    int n = plot_ticks(s->x.lo, s->x.hi, false, most, ticks);
    plot_tick_labels(ticks, n, false, label);
    for (int i = 0; i < n; i++) {
        int x = column_in(&s->x, a, ticks[i]), w = text_width(label[i]);
        if (x < 0)
            continue;
        if (s->axis_row && !(ascii && x == a.x)) /* "++" would look like one thing */
            canvas_put(c, x, bottom - 1, ascii ? '+' : 0x252C, line);
        int at = x - w / 2;
        at = at + w > free_to ? free_to - w : at;
        if (at < free_from || at > x)
            continue;
        free_from = canvas_text(c, row, at, bottom, muted, label[i]) + 1;
    }
}

/* ---- what stands behind the curves ---- */

static void vertical(struct canvas *c, struct rect a, int x, uint32_t rune, struct style style)
{
    if (x >= a.x && x < a.x + a.w)
        canvas_fill(c, (struct rect){x, a.y, 1, a.h}, rune, style);
}

static void marks(const struct scene *s, struct canvas *c)
{
    struct rect a = s->area;
    for (int i = 0; i < s->p->n_marks; i++)
        vertical(c, a, column_in(&s->x, a, s->p->marks[i].x), look_ascii(s->look) ? ':' : 0x250A, s->p->marks[i].style);
    if (has_cursor(s->p))
        vertical(c, a, column_in(&s->x, a, s->p->cursor), look_ascii(s->look) ? '|' : 0x2502,
                 look_style(s->look, ROLE_CURSOR));
}

/* Labels stand above the curves, right of their line or else left of it; one that would touch another goes a row lower. */
static void mark_labels(const struct scene *s, struct canvas *c)
{
    struct rect a = s->area;
    int rows = a.h < 3 ? 0 : a.h < 8 ? 1 : 3, used[3];
    for (int i = 0; i < rows; i++)
        used[i] = a.x;
    for (int i = 0; i < s->p->n_marks; i++) {
        const struct plot_mark *m = &s->p->marks[i];
        int x = column_in(&s->x, a, m->x), w = m->label ? text_width(m->label) : 0;
        if (x < 0 || w == 0)
            continue;
        int at = x + 1 + w <= a.x + a.w ? x + 1 : x - w;
        int row = 0;
        while (row < rows && at < used[row])
            row++;
        if (row == rows || at < a.x)
            continue;
        used[row] = canvas_text(c, a, at, a.y + row, m->style, m->label) + 1;
    }
}

/* ---- curves ---- */

/* Consecutive points in one column of dots: only the first, the lowest, the highest and the last can show. So a curve of
 * any length costs a comparison a point, and a logarithm only for these four. */
struct bunch {
    int column, n;
    int at[4]; /* first, lowest, highest, last: indices */
};

static void bunch_add(struct bunch *b, const double *y, int i, int column)
{
    if (b->n == 0)
        *b = (struct bunch){column, 0, {i, i, i, i}};
    b->n++;
    if (y[i] < y[b->at[1]])
        b->at[1] = i;
    if (y[i] > y[b->at[2]])
        b->at[2] = i;
    b->at[3] = i;
}

/* In the order of their indices, each once. */
static void bunch_draw(const struct scene *s, struct raster *r, struct pen *pen, int k, struct bunch *b, double per_x,
                       double per_y)
{
    const double *x = s->p->curves[k].x;
    if (b->n > 0 && b->at[1] > b->at[2]) {
        int lowest = b->at[1];
        b->at[1] = b->at[2];
        b->at[2] = lowest;
    }
    for (int i = 0; i < 4 && b->n > 0; i++)
        if (i == 0 || b->at[i] != b->at[i - 1])
            raster_line(r, pen, (x[b->at[i]] - s->x.lo) * per_x, (s->y.hi - drawn(s, s->values[k][b->at[i]])) * per_y);
    b->n = 0;
}

static void curve_lines(const struct scene *s, struct raster *r, int k)
{
    const struct plot_curve *c = &s->p->curves[k];
    const double *values = s->values[k];
    double w = r->w * r->sx, h = r->h * r->sy;
    double per_x = w / (s->x.hi - s->x.lo), per_y = h / (s->y.hi - s->y.lo);
    struct pen pen = {0};
    struct bunch b = {0};
    r->curve = k;
    r->pattern = s->look->depth == DEPTH_MONO && !look_ascii(s->look) ? k : 0;
    for (int i = 0; i < c->n; i++) {
        double u = (c->x[i] - s->x.lo) * per_x;
        bool gap = !isfinite(values[i]) || (s->p->log_y && values[i] <= 0) || !isfinite(u);
        int column = gap || u < 0 || u > w ? -1 : (int)u;
        if (b.n > 0 && (column < 0 || column != b.column))
            bunch_draw(s, r, &pen, k, &b, per_x, per_y);
        if (gap)
            raster_break(r, &pen);
        else if (column >= 0)
            bunch_add(&b, values, i, column);
        else
            raster_line(r, &pen, u, (s->y.hi - drawn(s, values[i])) * per_y);
        if (u > w + 1)
            break;
    }
    bunch_draw(s, r, &pen, k, &b, per_x, per_y);
    raster_break(r, &pen);
}

/* A mark for every point, unless they are so many that only marks would be seen. */
static void curve_marks(const struct scene *s, struct raster *r, int k)
{
    const struct plot_curve *c = &s->p->curves[k];
    int visible = 0;
    for (int i = 0; i < c->n; i++)
        visible += c->x[i] >= s->x.lo && c->x[i] <= s->x.hi;
    if (!c->dots || visible > r->w / 2)
        return;
    r->curve = k;
    r->dotted |= (uint64_t)1 << k % 64;
    for (int i = 0; i < c->n; i++) {
        double y = drawn(s, s->values[k][i]);
        if (!isnan(y) && c->x[i] >= s->x.lo && c->x[i] <= s->x.hi)
            raster_mark(r, (c->x[i] - s->x.lo) / (s->x.hi - s->x.lo) * r->w * r->sx,
                        (s->y.hi - y) / (s->y.hi - s->y.lo) * r->h * r->sy);
    }
}

static void curves(const struct scene *s, struct canvas *c)
{
    struct rect a = s->area;
    struct raster r;
    raster_init(&r, a.w, a.h, s->look->glyphs);
    for (int k = 0; k < s->p->n_curves && k < 127; k++)
        curve_lines(s, &r, k);
    for (int k = 0; k < s->p->n_curves && k < 127; k++)
        curve_marks(s, &r, k);
    for (int y = 0; y < a.h; y++)
        for (int x = 0; x < a.w; x++) {
            uint32_t rune = raster_rune(&r, x, y, s->look->glyphs);
            if (rune)
                canvas_put(c, a.x + x, a.y + y, rune, s->p->curves[r.owner[y * a.w + x]].style);
        }
    raster_release(&r);
}

/* ---- the whole ---- */

static void place(struct scene *s)
{
    struct rect rest = s->all;
    int most = rest.h >= 14 ? 3 : rest.h >= 8 ? 2 : 1;
    /* The legend is laid out before its height is known; only its width counts for that. */
    s->area = area_columns(rest);
    int rows = legend(s, NULL, (struct rect){rest.x, rest.y, rest.w, most});
    s->legend = rect_top(&rest, rows < most ? rows : most);
    s->axis_row = rest.h >= 4;
    rect_bottom(&rest, s->axis_row ? 2 : 1);
    s->area = area_columns(rest);
}

void plot_draw(struct canvas *c, struct rect r, const struct look *l, const struct plot *p)
{
    if (r.w < MIN_W || r.h < MIN_H) {
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED), "too small for a plot");
        return;
    }
    struct scene s = {.p = p, .look = l, .all = r, .x = x_range(p)};
    scene_values(&s);
    find_y_range(&s);
    place(&s);
    y_axis(&s, c);
    x_axis(&s, c);
    marks(&s, c);
    curves(&s, c);
    mark_labels(&s, c);
    legend(&s, c, s.legend);
    if (!s.any) {
        const char *text = "nothing yet";
        int x = s.area.x + (s.area.w - text_width(text)) / 2;
        canvas_text(c, s.area, x > s.area.x ? x : s.area.x, s.area.y + s.area.h / 2, look_style(l, ROLE_MUTED), text);
    }
    scene_forget(&s);
}

void plot_spark(struct canvas *c, struct rect r, const struct look *l, const double *v, int n, struct style style)
{
    static const char ascii[] = "_.:-=+*#";
    if (n > r.w) {
        v += n - r.w;
        n = r.w;
    }
    struct range range = {NAN, NAN};
    for (int i = 0; i < n; i++)
        if (isfinite(v[i]))
            range_add(&range, v[i]);
    for (int i = 0; i < n && r.h > 0; i++) {
        if (!isfinite(v[i]))
            continue;
        double t = range.hi > range.lo ? (v[i] - range.lo) / (range.hi - range.lo) : 0.5;
        int eighths = 1 + (int)lround(t * (8 * r.h - 1)); /* the least value is still seen */
        for (int row = r.h - 1; eighths > 0; row--, eighths -= 8) {
            int part = eighths < 8 ? eighths : 8;
            canvas_put(c, r.x + i, r.y + row, look_ascii(l) ? (uint32_t)ascii[part - 1] : 0x2580u + (uint32_t)part,
                       style);
        }
    }
}
