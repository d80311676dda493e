/* From below: colours (heat.h), contour lines, trials, the next points, both bests, the cursor; then the numbers of the
 * lines where these left room. What colour says of a trial is its value on the mean's scale; its state is said by the
 * character. */
#include "search_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contour.h"
#include "heat.h"
#include "plot.h"
#include "search_impl.h"

static const double factors[MAP_COUNT] = {100, 100, 1}; /* of the values, as they are written */

/* With what is assumed of the settings that are not on the axes. */
static void map_title(const struct search_scene *s, enum search_map map, char *buf, size_t cap)
{
    const struct belief_picture *p = s->picture;
    const char *name = map == MAP_MEAN ? "mean, %" : map == MAP_SIGMA ? "standard deviation, %" : search_worth_name(p);
    const char *others = s->n_dims < 3 || !p || !p->fitted ? ""
                         : p->averaged && map != MAP_WORTH ? "; others averaged over"
                                                           : "; others at the best point";
    str_append(buf, cap, 0, "%s%s", name, others);
}

/* Between categories there is nothing: blocks of colour say more than lines. */
static bool has_lines(const struct search_scene *s, const struct search_look *v)
{
    return !v->plain && s->space.dims[s->dim[v->column]].type != DIM_CATEGORY &&
           s->space.dims[s->dim[v->row]].type != DIM_CATEGORY;
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

/* ---- marks ---- */

struct place {
    int x, y; /* cell of the map */
    bool inside;
};

static struct place place_of(struct rect map, double u, double v)
{
    struct place p = {map.x + search_step(u, map.w), map.y + map.h - 1 - search_step(v, map.h), false};
    p.inside = rect_has(map, p.x, p.y);
    return p;
}

static void take(bool *taken, struct rect map, struct place p)
{
    taken[(p.y - map.y) * map.w + p.x - map.x] = true;
}

/* Ground and ink of a trial: its value on the mean's scale, on black or white, whichever is further from it. */
static struct style mark_style(const struct look *l, const struct search_trial *t, const struct search_scale *mean,
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
                        const struct search_look *v, const struct search_scale *mean, bool *taken)
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
static bool is_shaded(const struct look *l, bool lines)
{
    return l->depth != DEPTH_MONO || look_ascii(l) || !lines;
}

static void draw_scale(struct canvas *c, struct rect r, const struct look *l, double factor, bool shaded,
                       const struct search_scale *s, const struct contour *lines)
{
    char lo[16], hi[16], by[16];
    if (shaded) {
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

static void draw_colours(struct canvas *c, struct rect map, const struct look *l, const struct search_scene *scene,
                         const struct search_look *v, struct search_scale s, struct contour *lines, float *pixel, int w,
                         int h)
{
    const struct belief_picture *p = scene->picture;
    bool has = has_lines(scene, v);
    const float *value = search_values(p, v->map);
    if (w == p->columns && h == p->rows) {
        memcpy(pixel, value, (size_t)w * (size_t)h * sizeof *pixel);
    } else { /* the picture of another size is shown until this one's has come */
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++)
                pixel[i * w + j] = value[search_cell(p, (j + 0.5) / w, 1 - (i + 0.5) / h)];
    }
    if (is_shaded(l, has))
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
    if (has)
        contour_draw(c, map, l, lines);
}

/* The cells from the corner to the cursor, in a frame that stands on the map's colours. */
static void draw_box(struct canvas *c, struct rect map, const struct look *l, const struct search_look *v)
{
    static const uint32_t corner[2][2] = {{0x250C, 0x2510}, {0x2514, 0x2518}};
    struct place a = place_of(map, v->box_u, v->box_v), b = place_of(map, v->u, v->v);
    if (!v->box || !a.inside || !b.inside)
        return;
    int x[2] = {a.x < b.x ? a.x : b.x, a.x < b.x ? b.x : a.x}, y[2] = {a.y < b.y ? a.y : b.y, a.y < b.y ? b.y : a.y};
    bool ascii = look_ascii(l);
    for (int j = y[0]; j <= y[1]; j++)
        for (int i = x[0]; i <= x[1]; i++) {
            bool side = i == x[0] || i == x[1], edge = j == y[0] || j == y[1];
            if (!side && !edge)
                continue;
            rgb ground = map_ground(l, &c->cells[j * c->w + i]);
            struct style s = {map_ink(l, ground), ground, ATTR_BOLD};
            uint32_t rune = side && edge ? (ascii ? '+' : corner[j == y[1]][i == x[1]])
                            : side       ? (ascii ? '|' : 0x2502)
                                         : (ascii ? '-' : 0x2500);
            canvas_put(c, i, j, rune, s);
        }
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

void search_draw_map(struct canvas *c, const struct search_pane *pane, const struct look *l,
                     const struct search_scene *s, const struct search_look *v)
{
    const struct dim *x = &s->space.dims[s->dim[v->column]], *y = &s->space.dims[s->dim[v->row]];
    struct rect map = pane->map;
    if (map.w < 1 || map.h < 1)
        return;
    search_draw_left(c, pane->left, l, y);
    search_draw_below(c, pane->below, l, x);
    char title[128];
    map_title(s, v->map, title, sizeof title);
    search_draw_title(c, pane, l, title, y->name);
    bool *taken = xcalloc((size_t)map.w * (size_t)map.h, sizeof *taken);
    bool there = search_scene_fits(s, v->column, v->row) && search_values(s->picture, v->map);
    struct contour lines = {0};
    struct search_scale mean = {0};
    float *pixel = NULL;
    if (there) {
        int w, h;
        search_pixels(l, map, &w, &h);
        pixel = xcalloc((size_t)w * (size_t)h, sizeof *pixel);
        struct search_scale scale = search_scale_of(s->picture, v->map);
        mean = search_scale_of(s->picture, MAP_MEAN);
        draw_colours(c, map, l, s, v, scale, &lines, pixel, w, h);
        draw_scale(c, pane->bar, l, factors[v->map], is_shaded(l, has_lines(s, v)), &scale, &lines);
    } else {
        canvas_text(c, pane->bar, pane->bar.x, pane->bar.y, look_style(l, ROLE_MUTED), search_waiting(s));
    }
    draw_trials(c, map, l, s, v, &mean, taken);
    draw_signs(c, map, l, s, v, taken);
    draw_box(c, map, l, v);
    draw_cursor(c, pane, l, v, taken);
    if (there && has_lines(s, v))
        contour_label(c, map, l, &lines, taken);
    free(pixel);
    free(taken);
}
