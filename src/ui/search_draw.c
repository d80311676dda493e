/* From below: colours (heat.h), contour lines, trials, the next points, both bests, the cursor; then the numbers of the
 * lines where these left room. What colour says of a trial is its value on the mean's scale; its state is said by the
 * character. */
#include "search_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contour.h"
#include "heat.h"
#include "plot_impl.h"

static const double factors[MAP_COUNT] = {100, 100, 1}; /* of the values, as they are written */

static const char *worth_name(const struct belief_picture *p)
{
    static const char *const names[] = {"ln of the expected improvement", "ln of the expected rise of the best mean",
                                        "mean (the last trial goes where it is highest)"};
    return p ? names[p->aim] : "worth of a trial";
}

static const char *map_name(const struct search_scene *s, enum search_map map)
{
    return map == MAP_MEAN ? "mean, %" : map == MAP_SIGMA ? "standard deviation, %" : worth_name(s->picture);
}

static const uint32_t mark_rune[MARK_KINDS] = {0x25CF, 0x25BD, 0x00D7, 0x25C9, 0x25CB, 0x25C7, 0x25AA};
static const char mark_letter[] = "OPXRQEK";

uint32_t search_mark_rune(const struct look *l, enum search_mark m)
{
    return look_ascii(l) ? (uint32_t)mark_letter[m] : mark_rune[m];
}

uint32_t search_best_rune(const struct look *l)
{
    return look_ascii(l) ? 'B' : 0x2605;
}

uint32_t search_best_mean_rune(const struct look *l)
{
    return look_ascii(l) ? 'M' : 0x25C6;
}

static bool has_half_cells(const struct look *l)
{
    const struct heat h = {.m = 2, .n = 2};
    return heat_area((struct rect){0, 0, 2, 2}, l, &h).h == 1;
}

void search_pixels(const struct look *l, struct rect map, int *columns, int *rows)
{
    *columns = map.w;
    *rows = map.h * (has_half_cells(l) ? 2 : 1);
}

/* ---- scales ---- */

struct scale {
    double lo, hi;
};

static const float *values_of(const struct belief_picture *p, enum search_map map)
{
    return map == MAP_MEAN ? p->mean : map == MAP_SIGMA ? p->sigma : p->acquisition;
}

static struct scale scale_of(const struct belief_picture *p, enum search_map map)
{
    const float *v = values_of(p, map);
    struct scale s = {INFINITY, -INFINITY};
    for (int i = 0; v && i < p->columns * p->rows; i++) {
        s.lo = v[i] < s.lo ? v[i] : s.lo;
        s.hi = v[i] > s.hi ? v[i] : s.hi;
    }
    if (map == MAP_WORTH && s.lo < s.hi - 10)
        s.lo = s.hi - 10;
    return s;
}

/* ---- axes ---- */

static void draw_left(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    struct style muted = look_style(l, ROLE_MUTED), line = look_style(l, ROLE_FRAME);
    bool ascii = look_ascii(l);
    double ticks[32];
    for (int y = r.y; y < r.y + r.h; y++)
        canvas_put(c, r.x + r.w - 1, y, ascii ? '|' : 0x2502, line);
    int n = plot_ticks(d->min, d->max, d->log, r.h / 2 < 16 ? r.h / 2 : 16, ticks), last = r.y + r.h;
    for (int i = 0; i < n; i++) {
        char text[16];
        int y = r.y + r.h - 1 - (int)fmin(r.h - 1, floor(space_coordinate(d, ticks[i]) * r.h));
        if (y < r.y || y >= last)
            continue;
        last = y;
        plot_number(ticks[i], text, sizeof text);
        if (r.w > 1)
            canvas_text_right(c, r, r.x + r.w - 1, y, muted, text);
        canvas_put(c, r.x + r.w - 1, y, ascii ? '+' : 0x2524, line);
    }
}

static void draw_below(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    struct style muted = look_style(l, ROLE_MUTED);
    double ticks[32];
    char text[16];
    int end = r.x + r.w - text_width(d->name) - 2, from = r.x;
    canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, ROLE_TEXT), d->name);
    int n = plot_ticks(d->min, d->max, d->log, r.w / 9 < 16 ? r.w / 9 : 16, ticks);
    for (int i = 0; i < n; i++) {
        plot_number(ticks[i], text, sizeof text);
        int w = text_width(text);
        int x = r.x + (int)fmin(r.w - 1, floor(space_coordinate(d, ticks[i]) * r.w)) - (w - 1) / 2;
        x = x < r.x ? r.x : x;
        if (x < from || x + w > end)
            continue;
        canvas_text(c, r, x, r.y, muted, text);
        from = x + w + 1;
    }
}

static void draw_title(struct canvas *c, const struct search_pane *p, const struct look *l, const char *title,
                       const char *rows)
{
    int x = p->title.x;
    if (p->left.w > 1 && rows)
        x = canvas_text(c, p->title, x, p->title.y, look_style(l, ROLE_TEXT), rows) + 2;
    x = x < p->map.x ? p->map.x : x;
    canvas_text(c, p->title, x, p->title.y, look_style(l, ROLE_TITLE), title);
}

/* ---- marks ---- */

struct place {
    int x, y; /* cell of the map */
    bool inside;
};

static int step(double u, int n)
{
    int i = (int)floor(u * n);
    return i == n && u < 1 + 1e-9 ? n - 1 : i;
}

static struct place place_of(struct rect map, double u, double v)
{
    struct place p = {map.x + step(u, map.w), map.y + map.h - 1 - step(v, map.h), false};
    p.inside = rect_has(map, p.x, p.y);
    return p;
}

static void take(bool *taken, struct rect map, struct place p)
{
    taken[(p.y - map.y) * map.w + p.x - map.x] = true;
}

/* Ground and ink of a trial: its value on the mean's scale, on black or white, whichever is further from it. */
static struct style mark_style(const struct look *l, const struct search_trial *t, const struct scale *mean,
                               const struct cell *under)
{
    static const enum theme_role roles[MARK_KINDS] = {ROLE_TEXT, ROLE_MUTED, ROLE_BAD, ROLE_MARK,
                                                      ROLE_TEXT, ROLE_WARN,  ROLE_TEXT};
    rgb ground = map_ground(l, under);
    struct style s = {map_ink(l, ground), ground, ATTR_BOLD};
    if ((t->mark == MARK_COMPLETE || t->mark == MARK_KNOWN) && l->depth <= DEPTH_256 && mean->hi > mean->lo) {
        rgb value = colormap_rgb(COLORMAP_VIRIDIS, (t->value - mean->lo) / (mean->hi - mean->lo));
        s.fg = value;
        s.bg = colormap_luminance(value) > 0.15 ? 0x000000 : 0xFFFFFF;
    } else if (ground < 0 && t->mark != MARK_COMPLETE) {
        s.fg = look_style(l, roles[t->mark]).fg;
    }
    return s;
}

static void draw_trials(struct canvas *c, struct rect map, const struct look *l, const struct search_scene *s,
                        const struct search_look *v, const struct scale *mean, bool *taken)
{
    for (int i = 0; i < s->n; i++) {
        const struct search_trial *t = &s->trials[i];
        struct place p = place_of(map, search_unit(s, v->column, t->x), search_unit(s, v->row, t->x));
        if (!p.inside)
            continue;
        canvas_put(c, p.x, p.y, search_mark_rune(l, t->mark), mark_style(l, t, mean, &c->cells[p.y * c->w + p.x]));
        take(taken, map, p);
    }
}

/* In black on white, or the reverse, so that it stands out of any map. */
static void draw_sign(struct canvas *c, struct rect map, const struct look *l, double u, double v, uint32_t rune,
                      bool *taken)
{
    struct place p = place_of(map, u, v);
    if (!p.inside)
        return;
    rgb ground = map_ground(l, &c->cells[p.y * c->w + p.x]), ink = map_ink(l, ground);
    struct style s = {ground, ink, ATTR_BOLD};
    if (ground < 0)
        s = (struct style){look_style(l, ROLE_GOOD).fg, COLOR_DEFAULT, ATTR_BOLD | ATTR_REVERSE};
    else
        s.fg = ink == 0 ? 0xFFFFFF : 0x000000;
    canvas_put(c, p.x, p.y, rune, s);
    take(taken, map, p);
}

static void draw_signs(struct canvas *c, struct rect map, const struct look *l, const struct search_scene *s,
                       const struct search_look *v, bool *taken)
{
    const struct belief_picture *p = s->picture;
    for (int i = p ? p->n_next - 1 : -1; i >= 0; i--)
        draw_sign(c, map, l, search_unit(s, v->column, p->next[i]), search_unit(s, v->row, p->next[i]),
                  (uint32_t)('1' + i), taken);
    if (s->best_mean >= 0) {
        const double *x = s->trials[s->best_mean].x;
        draw_sign(c, map, l, search_unit(s, v->column, x), search_unit(s, v->row, x), search_best_mean_rune(l), taken);
    }
    if (s->best >= 0 && s->best != s->best_mean) {
        const double *x = s->trials[s->best].x;
        draw_sign(c, map, l, search_unit(s, v->column, x), search_unit(s, v->row, x), search_best_rune(l), taken);
    }
}

/* ---- a map ---- */

/* Without colours lines alone are read more easily than lines on shades; where there are no lines, shades it has to be. */
static bool is_shaded(const struct look *l, const struct search_look *v)
{
    return l->depth != DEPTH_MONO || look_ascii(l) || v->plain;
}

static void draw_scale(struct canvas *c, struct rect r, const struct look *l, const struct search_look *v,
                       const struct scale *s, const struct contour *lines)
{
    double factor = factors[v->map];
    char lo[16], hi[16], by[16];
    if (is_shaded(l, v)) {
        heat_bar(c, r, l, COLORMAP_VIRIDIS, s->lo * factor, s->hi * factor);
        return;
    }
    plot_number(s->lo * factor, lo, sizeof lo);
    plot_number(s->hi * factor, hi, sizeof hi);
    int x = canvas_printf(c, r, r.x, r.y, look_style(l, ROLE_MUTED), "from %s to %s", lo, hi);
    if (lines->n_levels < 2)
        return;
    plot_number((lines->level[1] - lines->level[0]) * factor, by, sizeof by);
    canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), ", a line every %s", by);
}

static void draw_colours(struct canvas *c, struct rect map, const struct look *l, const struct belief_picture *p,
                         const struct search_look *v, struct scale s, struct contour *lines, float *pixel, int w, int h)
{
    const float *value = values_of(p, v->map);
    if (w == p->columns && h == p->rows) {
        memcpy(pixel, value, (size_t)w * (size_t)h * sizeof *pixel);
    } else { /* the picture of another size is shown until this one's has come */
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++)
                pixel[i * w + j] = value[search_cell(p, (j + 0.5) / w, 1 - (i + 0.5) / h)];
    }
    if (is_shaded(l, v))
        heat_draw(c, map, l,
                  &(struct heat){.m = h,
                                 .n = w,
                                 .v = pixel,
                                 .map = COLORMAP_VIRIDIS,
                                 .lo = s.lo,
                                 .hi = s.hi,
                                 .cursor_i = -1,
                                 .cursor_j = -1});
    *lines = (struct contour){.m = h, .n = w, .v = pixel, .factor = factors[v->map]};
    contour_levels(lines, s.lo, s.hi, v->map == MAP_WORTH ? 4 : map.h < 16 ? 6 : 9);
    if (!v->plain)
        contour_draw(c, map, l, lines);
}

static void draw_cursor(struct canvas *c, const struct search_pane *pane, const struct look *l,
                        const struct search_look *v, const bool *taken)
{
    struct rect map = pane->map;
    struct place p = place_of(map, v->u, v->v);
    if (!v->cursor || !p.inside)
        return;
    struct cell *cell = &c->cells[p.y * c->w + p.x];
    bool mark = taken[(p.y - map.y) * map.w + p.x - map.x];
    struct style s = look_style(l, ROLE_CURSOR);
    s.attr |= ATTR_REVERSE | ATTR_BOLD;
    canvas_put(c, p.x, p.y, mark ? cell->rune : look_ascii(l) ? '+' : 0x253C, s);
    s.attr &= (uint8_t)~ATTR_REVERSE;
    canvas_put(c, pane->left.x + pane->left.w - 1, p.y, look_ascii(l) ? '>' : 0x25B8, s);
}

static const char *waiting(const struct search_scene *s)
{
    const struct belief_picture *p = s->picture;
    if (p && !p->fitted)
        return s->n == 0 ? "no trial yet, so there is no map" : "no value yet, so there is no map";
    return "fitting ...";
}

void search_draw_map(struct canvas *c, const struct search_pane *pane, const struct look *l,
                     const struct search_scene *s, const struct search_look *v)
{
    const struct dim *x = &s->space.dims[s->dim[v->column]], *y = &s->space.dims[s->dim[v->row]];
    struct rect map = pane->map;
    if (map.w < 1 || map.h < 1)
        return;
    draw_left(c, pane->left, l, y);
    draw_below(c, pane->below, l, x);
    draw_title(c, pane, l, map_name(s, v->map), y->name);
    bool *taken = xcalloc((size_t)map.w * (size_t)map.h, sizeof *taken);
    bool there = search_scene_fits(s, v->column, v->row) && values_of(s->picture, v->map);
    struct contour lines = {0};
    struct scale mean = {0};
    float *pixel = NULL;
    if (there) {
        int w, h;
        search_pixels(l, map, &w, &h);
        pixel = xcalloc((size_t)w * (size_t)h, sizeof *pixel);
        struct scale scale = scale_of(s->picture, v->map);
        mean = scale_of(s->picture, MAP_MEAN);
        draw_colours(c, map, l, s->picture, v, scale, &lines, pixel, w, h);
        draw_scale(c, pane->bar, l, v, &scale, &lines);
    } else {
        canvas_text(c, pane->bar, pane->bar.x, pane->bar.y, look_style(l, ROLE_MUTED), waiting(s));
    }
    draw_trials(c, map, l, s, v, &mean, taken);
    draw_signs(c, map, l, s, v, taken);
    draw_cursor(c, pane, l, v, taken);
    if (there && !v->plain)
        contour_label(c, map, l, &lines, taken);
    free(pixel);
    free(taken);
}

/* ---- a cut ---- */

struct curve_box {
    struct rect r;
    struct scale y;
};

static double row_of(const struct curve_box *b, double y)
{
    return (b->y.hi - y) / (b->y.hi - b->y.lo) * b->r.h; /* 0 at the top */
}

static void draw_y_axis(struct canvas *c, struct rect r, const struct look *l, const struct scale *y)
{
    const struct dim d = {.type = DIM_FLOAT, .min = y->lo, .max = y->hi};
    draw_left(c, r, l, &d);
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
static void draw_band(struct canvas *c, const struct curve_box *b, const struct look *l, const struct belief_picture *p)
{
    static const uint32_t lower[] = {' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587};
    struct style s = band_style(l), edge = {s.bg, COLOR_DEFAULT, 0};
    bool parts = s.bg >= 0 && !look_ascii(l);
    uint32_t rune = s.bg >= 0 ? ' ' : look_ascii(l) ? ':' : 0x2591;
    for (int x = 0; x < b->r.w; x++) {
        int cell = search_cell(p, (x + 0.5) / b->r.w, 0.5);
        double top = fmax(0, row_of(b, 100 * p->mean[cell] + 200 * p->sigma[cell]));
        double end = fmin(b->r.h, row_of(b, 100 * p->mean[cell] - 200 * p->sigma[cell]));
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
static void draw_curve(struct canvas *c, const struct curve_box *b, const struct look *l,
                       const struct belief_picture *p, const float *value, double factor, enum theme_role role)
{
    struct raster raster;
    struct pen pen = {0};
    raster_init(&raster, b->r.w, b->r.h, l->glyphs);
    for (int x = 0; x < b->r.w; x++)
        raster_line(&raster, &pen, (x + 0.5) * raster.sx,
                    row_of(b, factor * value[search_cell(p, (x + 0.5) / b->r.w, 0.5)]) * raster.sy);
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
    int x = b->r.x + step(u, b->r.w);
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
static struct scale cut_scale(const struct search_scene *s, bool there)
{
    struct scale y = {INFINITY, -INFINITY};
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
        y = (struct scale){0, 100};
    double air = 0.04 * (y.hi - y.lo);
    return (struct scale){y.lo - air, y.hi + air};
}

static void draw_upright(struct canvas *c, struct rect r, const struct look *l, double u)
{
    int x = r.x + step(u, r.w);
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
    struct rect upper = pane->map, left = pane->left, lower = {0}, lower_left = {0};
    if (upper.h >= 14) {
        lower = rect_bottom(&upper, upper.h / 3);
        lower_left = rect_bottom(&left, lower.h);
    }
    struct curve_box b = {upper, cut_scale(s, there)}, worth = {lower, {0, 0}};
    draw_title(c, pane, l, "mean and two standard deviations, %", NULL);
    draw_y_axis(c, left, l, &b.y);
    draw_below(c, pane->below, l, &s->space.dims[s->dim[v->column]]);
    if (there) {
        draw_band(c, &b, l, s->picture);
        draw_curve(c, &b, l, s->picture, s->picture->mean, 100, ROLE_CURVE1);
    } else {
        canvas_text(c, pane->bar, pane->bar.x, pane->bar.y, look_style(l, ROLE_MUTED), waiting(s));
    }
    if (there && s->picture->acquisition && lower.h > 2) {
        struct rect title = rect_top(&worth.r, 1), axis = lower_left;
        rect_top(&axis, 1);
        canvas_text(c, title, title.x, title.y, look_style(l, ROLE_TITLE), worth_name(s->picture));
        worth.y = scale_of(s->picture, MAP_WORTH);
        if (!(worth.y.hi > worth.y.lo))
            worth.y.hi = worth.y.lo + 1;
        draw_y_axis(c, axis, l, &worth.y);
        draw_curve(c, &worth, l, s->picture, s->picture->acquisition, 1, ROLE_CURVE3);
    }
    if (v->cursor)
        draw_upright(c, pane->map, l, v->u);
    draw_cut_marks(c, &b, l, s, v);
}
