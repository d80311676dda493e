/* The picture of a search before it begins: its points, in the order in which the search itself proposes them, on the scale of
 * each setting. A grid shows all of it; a Sobol sequence or a random one what max_trials allows; Bayesian optimisation the
 * points that it tries before it has a model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "setup_impl.h"
#include "wrap.h"

enum { POINTS_MAX = 1024, GUTTER = 9, LISTED = 8, TICKS_MAX = 12 };

bool setup_wants_picture(struct setup *s)
{
    const struct setup_study *t = setup_selected(s);
    int def = setup_field(s);
    return t && t->ok && s->pane == PANE_FORM && def >= 0 && form_range(&t->now, def);
}

/* Asks for the points when the settings have changed. */
static void find_points(struct setup *s, struct view_context *ctx)
{
    const struct params *p = &setup_selected(s)->now;
    struct err err = {0};
    int want = p->search != SEARCH_GRID && p->max_trials < POINTS_MAX ? p->max_trials : POINTS_MAX;
    if (s->pictured && memcmp(&s->pictured_as, p, sizeof *p) == 0)
        return;
    s->pictured = true;
    s->pictured_as = *p;
    s->n_points = -1;
    if (!ctx->host->points || !ctx->host->space || !ctx->host->space(p, &s->space, &err))
        s->space.n = 0;
    if (s->space.n > 0) {
        s->points = xrealloc(s->points, (size_t)POINTS_MAX * (size_t)s->space.n * sizeof *s->points);
        s->n_points = ctx->host->points(p, want, s->points, &err);
    }
    s->no_points[0] = '\0';
    str_append(s->no_points, sizeof s->no_points, 0, "%s", err.msg);
}

/* The dimension of the setting under the cursor, else the first. */
static int columns_dim(const struct setup *s)
{
    int def = setup_field(s);
    for (int i = 0; i < s->space.n; i++)
        if (def >= 0 && strcmp(s->space.dims[i].name, param_table[def].name) == 0)
            return i;
    return 0;
}

static double point(const struct setup *s, int i, int dim)
{
    return s->points[(size_t)i * (size_t)s->space.n + (size_t)dim];
}

static void head_text(const struct setup *s, const struct params *p, char *buf, size_t cap)
{
    static const char *const of[] = {
        [SEARCH_RANDOM] = "random", [SEARCH_SOBOL] = "of a Sobol sequence", [SEARCH_BO] = "before the model is asked"};
    size_t n;
    if (p->search == SEARCH_GRID) {
        n = str_append(buf, cap, 0, "grid of ");
        for (int i = 0; i < s->space.n; i++)
            n = str_append(buf, cap, n, "%s%d", i ? " x " : "", s->space.dims[i].count);
        str_append(buf, cap, n, " points");
    } else {
        n = str_append(buf, cap, 0, "%s%d point%s %s", p->search == SEARCH_BO ? "the first " : "", s->n_points,
                       s->n_points == 1 ? "" : "s", of[p->search]);
        if (p->search == SEARCH_BO)
            str_append(buf, cap, n, ", of %d", p->max_trials);
    }
}

/* ---- axes ---- */

static int at(const struct dim *d, double v, int room)
{
    double u = space_unit(d, v);
    u = u < 0 ? 0 : u > 1 ? 1 : u;
    return (int)(u * (room - 1) + 0.5);
}

static int ticks_of(const struct dim *d, int max, double *ticks)
{
    if (d->max > d->min)
        return plot_ticks(d->min, d->max, d->log, max < TICKS_MAX ? max : TICKS_MAX, ticks);
    ticks[0] = d->min;
    return 1;
}

/* Numbers in one row below columns x .. x+w-1; a number that would touch the one before it is left out. */
static void draw_numbers(struct canvas *c, struct rect clip, int x, int w, int y, const struct look *l,
                         const struct dim *d)
{
    double ticks[TICKS_MAX];
    int n = ticks_of(d, w / 8, ticks), free_from = clip.x;
    for (int i = 0; i < n; i++) {
        char text[16];
        plot_number(ticks[i], text, sizeof text);
        int tw = text_width(text), from = x + at(d, ticks[i], w) - tw / 2;
        if (from + tw > clip.x + clip.w)
            from = clip.x + clip.w - tw;
        if (from < free_from)
            continue;
        canvas_text(c, clip, from, y, look_style(l, ROLE_MUTED), text);
        free_from = from + tw + 1;
    }
}

static void draw_rule(struct canvas *c, int x, int w, int y, const struct look *l)
{
    for (int i = 0; i < w; i++)
        canvas_put(c, x + i, y, look_ascii(l) ? '-' : 0x2500, look_style(l, ROLE_FRAME));
}

static void draw_dot(struct canvas *c, int x, int y, const struct look *l)
{
    struct style s = look_style(l, ROLE_CURVE1);
    s.attr |= ATTR_BOLD;
    canvas_put(c, x, y, look_ascii(l) ? 'o' : 0x25cf, s);
}

/* ---- one setting ---- */

static void draw_axis(const struct setup *s, struct canvas *c, struct rect r, const struct look *l)
{
    const struct dim *d = &s->space.dims[0];
    char text[256], number[16];
    size_t n = 0;
    int x = r.x + 2, w = r.w - 4, y = r.y + (r.h > 5 ? 1 : 0);
    if (w < 8 || r.h < 2)
        return;
    draw_rule(c, x, w, y, l);
    for (int i = 0; i < s->n_points; i++)
        draw_dot(c, x + at(d, point(s, i, 0), w), y, l);
    draw_numbers(c, r, x, w, y + 1, l, d);
    text[0] = '\0';
    for (int i = 0; i < s->n_points && i < LISTED; i++) {
        snprintf(number, sizeof number, "%.4g", point(s, i, 0));
        n = str_append(text, sizeof text, n, "%s%s", i ? ", " : "", number);
    }
    if (s->n_points > LISTED)
        str_append(text, sizeof text, n, ", ...");
    y += r.h > 5 ? 3 : 2;
    wrap_text(c, (struct rect){r.x, y, r.w, r.y + r.h - y}, look_style(l, ROLE_TEXT), text);
}

/* ---- two settings ---- */

static void draw_rows_axis(struct canvas *c, struct rect r, struct rect map, const struct look *l, const struct dim *d)
{
    double ticks[TICKS_MAX];
    int n = ticks_of(d, map.h / 2 > 2 ? map.h / 2 : 2, ticks), last = map.y + map.h;
    for (int y = 0; y < map.h; y++)
        canvas_put(c, map.x - 1, map.y + y, look_ascii(l) ? '|' : 0x2502, look_style(l, ROLE_FRAME));
    for (int i = 0; i < n; i++) {
        char text[16];
        int y = map.y + map.h - 1 - at(d, ticks[i], map.h);
        if (y >= last)
            continue;
        last = y;
        plot_number(ticks[i], text, sizeof text);
        canvas_text_right(c, r, map.x - 2, y, look_style(l, ROLE_MUTED), text);
    }
}

static void draw_plane(const struct setup *s, struct canvas *c, struct rect r, const struct look *l)
{
    int cols = columns_dim(s), rows = (cols + 1) % s->space.n;
    const struct dim *dx = &s->space.dims[cols], *dy = &s->space.dims[rows];
    struct rect names = rect_top(&r, 1), numbers = rect_bottom(&r, 1), map = r;
    if (map.w < GUTTER + 8 || map.h < 3)
        return;
    rect_left(&map, GUTTER);
    rect_right(&map, 1);
    struct rect rule = rect_bottom(&map, 1);
    int x = canvas_printf(c, names, names.x, names.y, look_style(l, ROLE_TEXT), "%s across, %s up", dx->name, dy->name);
    if (s->space.n > 2)
        canvas_printf(c, names, x, names.y, look_style(l, ROLE_MUTED), "; %d more", s->space.n - 2);
    draw_rows_axis(c, r, map, l, dy);
    draw_rule(c, rule.x, rule.w, rule.y, l);
    canvas_put(c, rule.x - 1, rule.y, look_ascii(l) ? '+' : 0x2514, look_style(l, ROLE_FRAME));
    draw_numbers(c, numbers, map.x, map.w, numbers.y, l, dx);
    for (int i = 0; i < s->n_points; i++)
        draw_dot(c, map.x + at(dx, point(s, i, cols), map.w), map.y + map.h - 1 - at(dy, point(s, i, rows), map.h), l);
}

void setup_draw_picture(struct setup *s, struct view_context *ctx, struct canvas *c, struct rect r)
{
    const struct setup_study *t = setup_selected(s);
    char text[256];
    if (!t || !t->ok || t->now.n_ranges == 0 || r.w < 16 || r.h < 3)
        return;
    find_points(s, ctx);
    if (s->n_points < 0) {
        wrap_text(c, r, look_style(ctx->look, ROLE_BAD), s->no_points);
        return;
    }
    head_text(s, &t->now, text, sizeof text);
    struct rect head = rect_top(&r, 1);
    canvas_text(c, head, head.x, head.y, look_style(ctx->look, ROLE_MUTED), text);
    if (s->space.n == 1)
        draw_axis(s, c, r, ctx->look);
    else
        draw_plane(s, c, r, ctx->look);
}
