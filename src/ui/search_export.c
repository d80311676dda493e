/* A map is coloured cell by cell as the screen has them; lines of equal value go through the cells' middles (marching squares,
 * with a saddle cut by the mean of its corners). */
#include "search_export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contour.h"
#include "plot_impl.h"

enum {
    MAP_W = 420,
    ONE_W = 760,
    GUTTER = 104, /* numbers at the left of a map */
    GAP = 64,     /* between maps: half a number from either side */
    HEAD = 36,
    FOOT = 108, /* numbers, colour bar and its numbers */
    LEGEND = 40,
    FRAME_W = 64,
    FRAME_H = 112,
    TICKS = 16,
    S = SHEET_TEXT
};

/* ---- values ---- */

static const char *worth_words(const struct belief_picture *p)
{
    static const char *const words[] = {"ln expected improvement", "ln expected rise of the best mean", "mean"};
    return words[p->aim];
}

struct scale {
    double lo, hi;
};

static const float *values_of(const struct belief_picture *p, enum search_map map)
{
    return map == MAP_MEAN ? p->mean : map == MAP_SIGMA ? p->sigma : p->acquisition;
}

/* As on the screen: what is worth e^-10 of the best has the lowest colour. */
static struct scale scale_of(const struct belief_picture *p, enum search_map map)
{
    const float *v = values_of(p, map);
    struct scale s = {INFINITY, -INFINITY};
    for (int i = 0; i < p->columns * p->rows; i++) {
        s.lo = v[i] < s.lo ? v[i] : s.lo;
        s.hi = v[i] > s.hi ? v[i] : s.hi;
    }
    if (map == MAP_WORTH && s.lo < s.hi - 10)
        s.lo = s.hi - 10;
    return s;
}

/* ---- rows ---- */

static void put_csv(struct sheet *s, const struct belief_picture *p)
{
    const struct dim *x = &p->space.dims[p->column_dim], *y = &p->space.dims[p->row_dim];
    bool cut = p->column_dim == p->row_dim;
    sheet_note(s, "mean, sigma: of the validation accuracy, 0 to 1; worth: %s", worth_words(p));
    for (int j = 0; j < p->space.n; j++)
        if (j != p->column_dim && j != p->row_dim)
            sheet_note(s, p->averaged ? "%s = %.9g (of the worth; mean and sigma are averaged over it)" : "%s = %.9g",
                       p->space.dims[j].name, p->at[j]);
    csv_text(s->csv, x->name, ',');
    if (!cut)
        csv_text(s->csv, y->name, ',');
    fputs("mean,sigma,worth\n", s->csv);
    for (int i = 0; i < p->rows; i++)
        for (int j = 0; j < p->columns; j++) {
            size_t at = (size_t)i * (size_t)p->columns + (size_t)j;
            csv_number(s->csv, space_value(x, (j + 0.5) / p->columns), ',');
            if (!cut)
                csv_number(s->csv, space_value(y, 1 - (i + 0.5) / p->rows), ',');
            csv_float(s->csv, p->mean[at], ',');
            csv_float(s->csv, p->sigma[at], ',');
            csv_float(s->csv, p->acquisition ? p->acquisition[at] : NAN, '\n');
        }
}

/* ---- a map ---- */

struct box {
    struct drawing *f;
    const struct search_scene *s;
    const struct search_look *look;
    double x, y, w, h; /* of the map */
};

static double at_u(const struct box *b, double u)
{
    return b->x + u * b->w;
}

static double at_v(const struct box *b, double v)
{
    return b->y + (1 - v) * b->h;
}

static void draw_axes(const struct box *b, bool left)
{
    const struct search_scene *s = b->s;
    const struct dim *x = &s->space.dims[s->dim[b->look->column]], *y = &s->space.dims[s->dim[b->look->row]];
    double ticks[TICKS];
    char text[16];
    int n = plot_ticks(x->min, x->max, x->log, b->w / 120 < TICKS ? (int)(b->w / 120) : TICKS, ticks);
    drawing_outline(b->f, (int)b->x, (int)b->y, (int)b->w, (int)b->h, SHEET_MUTED);
    for (int i = 0; i < n; i++) {
        double at = at_u(b, space_coordinate(x, ticks[i]));
        plot_number(ticks[i], text, sizeof text);
        drawing_fill(b->f, at, b->y + b->h, 1, 6, SHEET_MUTED);
        drawing_label(b->f, at, b->y + b->h + 18, 0, S, SHEET_MUTED, text);
    }
    drawing_label(b->f, b->x + b->w, b->y + b->h + 38, 1, S, SHEET_INK, x->name);
    if (!left)
        return;
    n = plot_ticks(y->min, y->max, y->log, b->h / 50 < TICKS ? (int)(b->h / 50) : TICKS, ticks);
    for (int i = 0; i < n; i++) {
        double at = at_v(b, space_coordinate(y, ticks[i]));
        plot_number(ticks[i], text, sizeof text);
        drawing_fill(b->f, b->x - 6, at, 5, 1, SHEET_MUTED);
        drawing_label(b->f, b->x - 10, at, 1, S, SHEET_MUTED, text);
    }
    drawing_label(b->f, b->x - 10, b->y - 18, 1, S, SHEET_INK, y->name);
}

/* Where the level lies between two values, 0..1. */
static double between(double a, double b, double level)
{
    return a == b ? 0.5 : (level - a) / (b - a);
}

/* The line's parts in the square between four cells: pairs of points on its sides. Returns how many points, 0, 2 or 4. */
static int crossings(const float corner[4], double level, double u[4], double v[4])
{
    /* corners: top left, top right, bottom right, bottom left; sides: from each to the next */
    static const double cu[] = {0, 1, 1, 0}, cv[] = {0, 0, 1, 1};
    int n = 0;
    for (int k = 0; k < 4; k++) {
        int next = (k + 1) % 4;
        double a = (double)corner[k], b = (double)corner[next];
        if ((a < level) == (b < level))
            continue;
        double t = between(a, b, level);
        u[n] = cu[k] + t * (cu[next] - cu[k]);
        v[n++] = cv[k] + t * (cv[next] - cv[k]);
    }
    double middle = ((double)corner[0] + (double)corner[1] + (double)corner[2] + (double)corner[3]) / 4;
    if (n == 4 && (middle < level) != ((double)corner[0] < level)) { /* the other two belong together */
        double u0 = u[0], v0 = v[0];
        memmove(u, u + 1, 3 * sizeof *u);
        memmove(v, v + 1, 3 * sizeof *v);
        u[3] = u0, v[3] = v0;
    }
    return n;
}

static void draw_level(const struct box *b, const struct contour *c, double level)
{
    double *x = xmalloc((size_t)(c->m * c->n) * 6 * sizeof *x), *y = xmalloc((size_t)(c->m * c->n) * 6 * sizeof *y);
    int n = 0;
    for (int i = 0; i + 1 < c->m; i++)
        for (int j = 0; j + 1 < c->n; j++) {
            const float *v = &c->v[(size_t)i * (size_t)c->n + (size_t)j];
            const float corner[4] = {v[0], v[1], v[c->n + 1], v[c->n]};
            double u[4], w[4];
            int points = crossings(corner, level, u, w);
            for (int k = 0; k < points; k++) {
                x[n] = b->x + (j + 0.5 + u[k]) / c->n * b->w;
                y[n++] = b->y + (i + 0.5 + w[k]) / c->m * b->h;
                if (k % 2)
                    x[n] = y[n] = NAN, n++;
            }
        }
    drawing_line(b->f, n, x, y, 1.2, 0xffffff);
    free(x);
    free(y);
}

/* ---- trials ---- */

static void draw_cross(const struct box *b, double x, double y, rgb c)
{
    const double dx[] = {-5, 5, NAN, -5, 5}, dy[] = {-5, 5, NAN, 5, -5};
    double px[5], py[5];
    for (int i = 0; i < 5; i++)
        px[i] = x + dx[i], py[i] = y + dy[i];
    drawing_line(b->f, 5, px, py, 4, 0xffffff);
    drawing_line(b->f, 5, px, py, 2, c);
}

static void draw_shape(const struct box *b, double x, double y, int corners, double radius, double turn, rgb fill)
{
    double px[8], py[8];
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < corners; i++) {
            double a = turn + 2 * 3.14159265358979 * i / corners, r = pass ? radius : radius + 1.5;
            px[i] = x + r * sin(a), py[i] = y - r * cos(a);
        }
        drawing_polygon(b->f, corners, px, py, pass ? fill : 0x000000);
    }
}

static void draw_mark(const struct box *b, double x, double y, enum search_mark mark, rgb value)
{
    switch (mark) {
    case MARK_COMPLETE: drawing_disc(b->f, x, y, 5.5, value, 0x000000); break;
    case MARK_KNOWN: draw_shape(b, x, y, 4, 6.5, 3.14159265358979 / 4, value); break;
    case MARK_PRUNED: draw_shape(b, x, y, 3, 6.5, 3.14159265358979, 0xffffff); break;
    case MARK_FAILED: draw_cross(b, x, y, 0xc02020); break;
    case MARK_RUNNING: drawing_disc(b->f, x, y, 6, 0xffffff, 0x000000), drawing_disc(b->f, x, y, 2.5, 0, 0); break;
    case MARK_QUEUED: drawing_disc(b->f, x, y, 5.5, 0xffffff, 0x000000); break;
    default: draw_shape(b, x, y, 4, 6.5, 0, 0xffffff); break;
    }
}

static rgb value_colour(const struct search_trial *t, const struct scale *mean)
{
    return colormap_rgb(COLORMAP_VIRIDIS, mean->hi > mean->lo ? (t->value - mean->lo) / (mean->hi - mean->lo) : 0.5);
}

static void draw_trials(const struct box *b, const struct scale *mean)
{
    const struct search_scene *s = b->s;
    const struct belief_picture *p = s->picture;
    for (int i = 0; i < s->n; i++) {
        const struct search_trial *t = &s->trials[i];
        double u = search_unit(s, b->look->column, t->x), v = search_unit(s, b->look->row, t->x);
        if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1))
            continue;
        draw_mark(b, at_u(b, u), at_v(b, v), t->mark, value_colour(t, mean));
        if (i == s->best || i == s->best_mean)
            drawing_disc(b->f, at_u(b, u), at_v(b, v), i == s->best ? 9 : 12, -1, 0xffffff);
    }
    for (int k = 0; k < p->n_next; k++) {
        double x = at_u(b, search_unit(s, b->look->column, p->next[k]));
        double y = at_v(b, search_unit(s, b->look->row, p->next[k]));
        char number[16];
        snprintf(number, sizeof number, "%d", k + 1);
        drawing_fill(b->f, x - 8, y - 10, 16, 20, 0xffffff);
        drawing_outline(b->f, (int)x - 8, (int)y - 10, 16, 20, 0x000000);
        drawing_label(b->f, x, y, 0, S, 0x000000, number);
    }
}

static void draw_map(const struct box *b, enum search_map map, bool left)
{
    static const char *const names[] = {"mean, %", "standard deviation, %"};
    const struct belief_picture *p = b->s->picture;
    const float *v = values_of(p, map);
    struct scale s = scale_of(p, map), mean = scale_of(p, MAP_MEAN);
    double factor = map == MAP_WORTH ? 1 : 100;
    struct contour lines = {.m = p->rows, .n = p->columns, .v = v, .factor = factor};
    drawing_heat(b->f, b->x, b->y, b->w, b->h, p->rows, p->columns, v, COLORMAP_VIRIDIS, s.lo, s.hi);
    contour_levels(&lines, s.lo, s.hi, map == MAP_WORTH ? 4 : 9);
    int end =
        drawing_text(b->f, (int)b->x, (int)b->y - 26, S, SHEET_INK, map == MAP_WORTH ? worth_words(p) : names[map]);
    if (lines.n_levels > 1 && !b->look->plain)
        drawing_printf(b->f, end + 12, (int)b->y - 26, S, SHEET_MUTED, "line every %.3g",
                       factor * (lines.level[1] - lines.level[0]));
    for (int k = 0; k < lines.n_levels && !b->look->plain; k++)
        draw_level(b, &lines, lines.level[k]);
    draw_axes(b, left);
    draw_trials(b, &mean);
    const double ends[3] = {s.lo * factor, (s.lo + s.hi) / 2 * factor, s.hi * factor};
    drawing_bar(b->f, (int)b->x, (int)(b->y + b->h) + 58, (int)b->w, 14, S, SHEET_INK, COLORMAP_VIRIDIS, ends);
}

static void draw_legend(const struct box *b, int x, int y)
{
    static const char *const names[MARK_KINDS] = {"complete, by value", "stopped early", "failed", "running", "queued",
                                                  "left out",           "from elsewhere"};
    for (int k = 0; k < MARK_KINDS; k++) {
        if (b->s->count[k] == 0)
            continue;
        draw_mark(b, x + 8, y + 8, (enum search_mark)k, colormap_rgb(COLORMAP_VIRIDIS, 0.6));
        x = drawing_text(b->f, x + 24, y, S, SHEET_MUTED, names[k]) + 24;
    }
    if (b->s->picture->n_next > 0)
        drawing_text(b->f, x, y, S, SHEET_MUTED, "1 2 3: would be tried next");
}

/* Room at the left for the numbers and for the name above them. */
static int gutter(const struct search_scene *s, const struct search_look *look)
{
    int name = picture_text_width(S, s->space.dims[s->dim[look->row]].name) + 12;
    return name > GUTTER ? name : GUTTER;
}

static bool draw_maps(struct sheet *s, const struct search_scene *scene, const struct search_look *look, bool all,
                      struct err *err)
{
    int n = all ? 3 : 1, left = gutter(scene, look), w = all ? MAP_W : ONE_W, h = all ? MAP_W : ONE_W * 3 / 4;
    struct rect room;
    if (!sheet_draw(s, FRAME_W + left + n * w + (n - 1) * GAP, FRAME_H + HEAD + h + FOOT + LEGEND, &room, err))
        return false;
    struct box b = {&s->drawing, scene, look, room.x + left, room.y + HEAD, w, h};
    for (int k = 0; k < n; k++, b.x += w + GAP)
        draw_map(&b, all ? (enum search_map)k : look->map, k == 0);
    draw_legend(&b, room.x + left, room.y + HEAD + h + FOOT);
    return true;
}

/* ---- a cut ---- */

/* Over the setting's unit coordinate where its scale is logarithmic, which the plot's axis has not. */
static bool draw_cut(struct sheet *s, const struct search_scene *scene, const struct search_look *look, struct err *err)
{
    const struct belief_picture *p = scene->picture;
    const struct dim *d = &p->space.dims[p->column_dim];
    struct rect room;
    struct style mean = {0x1f5fbf, -1, 0}, side = {0x9ab4dc, -1, 0}, dots = {0xb0481c, -1, 0};
    int n = p->columns, shown = 0;
    double *x = xmalloc((size_t)(4 * n + 2 * scene->n + 1) * sizeof *x), *y = x + n, *at = y + 3 * n,
           *value = at + scene->n;
    for (int j = 0; j < n; j++) {
        x[j] = space_value(d, (j + 0.5) / n);
        x[j] = d->log ? log10(x[j]) : x[j];
        for (int k = 0; k < 3; k++)
            y[k * n + j] = 100 * ((double)p->mean[j] + 2 * (k - 1) * (double)p->sigma[j]);
    }
    for (int i = 0; i < scene->n; i++)
        if (isfinite(scene->trials[i].value)) {
            double v = scene->trials[i].x[p->column_dim];
            int to = shown++;
            for (v = d->log ? log10(v) : v; to > 0 && at[to - 1] > v; to--)
                at[to] = at[to - 1], value[to] = value[to - 1];
            at[to] = v, value[to] = 100 * scene->trials[i].value;
        }
    (void)look;
    struct plot_curve curves[] = {{"two standard deviations", n, x, y, side, false, true},
                                  {NULL, n, x, y + 2 * n, side, false, true},
                                  {"mean", n, x, y + n, mean, false, true},
                                  {"trials", shown, at, value, dots, true, true}};
    char title[128];
    str_append(title, sizeof title, 0, "validation accuracy, %%, over %s%s", d->log ? "log10 of " : "", d->name);
    const struct plot plot = {.title = title,
                              .x_label = d->log ? "log10" : "value",
                              .n_curves = 4,
                              .curves = curves,
                              .x_min = NAN,
                              .x_max = NAN,
                              .y_min = NAN,
                              .y_max = NAN,
                              .cursor = NAN};
    bool ok = sheet_draw(s, ONE_W + FRAME_W + GUTTER, FRAME_H + ONE_W * 2 / 3, &room, err);
    if (ok)
        plot_figure(&s->drawing, room, &plot);
    free(x);
    return ok;
}

bool search_export(struct sheet *s, const struct model *m, const struct search_scene *scene,
                   const struct search_look *look, bool all, struct err *err)
{
    char title[200], source[200];
    if (scene->why[0])
        return err_set(err, ERR_STATE, "nothing to export: %s", scene->why);
    if (!search_scene_fits(scene, look->column, look->row) || !scene->picture->complete || !scene->picture->acquisition)
        return err_set(err, ERR_STATE, "the picture is still being worked out; again in a moment");
    const struct belief_picture *p = scene->picture;
    bool cut = p->column_dim == p->row_dim;
    size_t n =
        str_append(title, sizeof title, 0, "what the search believes, over %s", p->space.dims[p->column_dim].name);
    if (!cut)
        n = str_append(title, sizeof title, n, " and %s", p->space.dims[p->row_dim].name);
    if (p->averaged && p->space.n > 2)
        str_append(title, sizeof title, n, ", the others averaged over");
    n = str_append(source, sizeof source, 0, "%d trials, %d complete", p->n_points, scene->complete);
    if (p->best >= 0)
        str_append(source, sizeof source, n, " · best mean %.2f ± %.2f %%", 100 * p->best_mean, 100 * p->best_sigma);
    sheet_head(s, m, title, source);
    if (s->csv)
        return put_csv(s, p), true;
    return cut ? draw_cut(s, scene, look, err) : draw_maps(s, scene, look, all, err);
}
