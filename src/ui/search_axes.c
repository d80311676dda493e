/* What maps, cuts and slices of the Search screen have in common: their scales and axes, and what is said where there is no
 * picture yet. A setting with categories has their names on its axis, each in the middle of its cells. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../param.h"
#include "plot_impl.h"
#include "search_impl.h"

const char *search_worth_name(const struct belief_picture *p)
{
    static const char *const names[] = {"ln of the expected improvement", "ln of the expected rise of the best mean",
                                        "mean (the last trial goes where it is highest)"};
    return p ? names[p->aim] : "worth of a trial";
}

const char *search_waiting(const struct search_scene *s)
{
    const struct belief_picture *p = s->picture;
    if (p && !p->fitted)
        return s->n == 0          ? "no trial yet, so there is no map"
               : s->complete == 0 ? "no value yet, so there is no map"
                                  : "no trial informs these ranges, so there is no map";
    return "fitting ...";
}

/* ---- scales ---- */

const float *search_values(const struct belief_picture *p, enum search_map map)
{
    return map == MAP_MEAN ? p->mean : map == MAP_SIGMA ? p->sigma : p->acquisition;
}

struct search_scale search_scale_of(const struct belief_picture *p, enum search_map map)
{
    const float *v = search_values(p, map);
    struct search_scale s = {INFINITY, -INFINITY};
    for (int i = 0; v && i < p->columns * p->rows; i++) {
        s.lo = v[i] < s.lo ? v[i] : s.lo;
        s.hi = v[i] > s.hi ? v[i] : s.hi;
    }
    if (map == MAP_WORTH && s.lo < s.hi - 10)
        s.lo = s.hi - 10;
    return s;
}

/* ---- axes ---- */

/* The I-th of a setting's choices; "": none of that number, or no such setting. */
static void choice_name(const struct dim *d, int i, char *buf, size_t cap)
{
    int def = param_find(d->name);
    const char *at = def >= 0 && param_table[def].choices ? param_table[def].choices : "";
    for (; i > 0 && *at; i--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    str_append(buf, cap, 0, "%.*s", i < 0 ? 0 : (int)strcspn(at, " "), at);
}

void search_value_text(const struct dim *d, double value, int digits, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (d->type == DIM_CATEGORY)
        choice_name(d, (int)value, buf, cap);
    if (!buf[0])
        str_append(buf, cap, 0, "%.*g", digits, value);
}

/* Names of categories, from the low end up. */
static void names_left(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    int n = (int)(d->max - d->min) + 1, last = r.y + r.h;
    for (int i = 0; i < n; i++) {
        char text[32];
        int y = r.y + r.h - 1 - (int)floor((i + 0.5) / n * r.h);
        if (y < r.y || y >= last)
            continue;
        last = y;
        search_value_text(d, d->min + i, 4, text, sizeof text);
        if (r.w > 1)
            canvas_text_right(c, (struct rect){r.x, r.y, r.w - 1, r.h}, r.x + r.w - 1, y, look_style(l, ROLE_MUTED),
                              text);
    }
}

static void names_below(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    int n = (int)(d->max - d->min) + 1, end = r.x + r.w - text_width(d->name) - 2;
    for (int i = 0; i < n; i++) {
        char text[32];
        int from = r.x + r.w * i / n, to = r.x + r.w * (i + 1) / n - 1;
        to = to < end ? to : end;
        search_value_text(d, d->min + i, 4, text, sizeof text);
        int room = to - from, x = from + (room > text_width(text) ? (room - text_width(text)) / 2 : 0);
        canvas_text(c, (struct rect){from, r.y, room > 0 ? room : 0, 1}, x, r.y, look_style(l, ROLE_MUTED), text);
    }
}

void search_draw_left(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    struct style muted = look_style(l, ROLE_MUTED), line = look_style(l, ROLE_FRAME);
    bool ascii = look_ascii(l);
    double ticks[32];
    for (int y = r.y; y < r.y + r.h; y++)
        canvas_put(c, r.x + r.w - 1, y, ascii ? '|' : 0x2502, line);
    if (d->type == DIM_CATEGORY) {
        names_left(c, r, l, d);
        return;
    }
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

void search_draw_below(struct canvas *c, struct rect r, const struct look *l, const struct dim *d)
{
    struct style muted = look_style(l, ROLE_MUTED);
    double ticks[32];
    char text[16];
    int end = r.x + r.w - text_width(d->name) - 2, from = r.x;
    canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, ROLE_TEXT), d->name);
    if (d->type == DIM_CATEGORY) {
        names_below(c, r, l, d);
        return;
    }
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

void search_draw_title(struct canvas *c, const struct search_pane *p, const struct look *l, const char *title,
                       const char *rows)
{
    int x = p->title.x;
    if (p->left.w > 1 && rows)
        x = canvas_text(c, p->title, x, p->title.y, look_style(l, ROLE_TEXT), rows) + 2;
    x = x < p->map.x ? p->map.x : x;
    canvas_text(c, p->title, x, p->title.y, look_style(l, ROLE_TITLE), title);
}

int search_step(double u, int n)
{
    int i = (int)floor(u * n);
    return i == n && u < 1 + 1e-9 ? n - 1 : i;
}
