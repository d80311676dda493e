/* What stands around the maps: head, legend, values over trials, the best few of them, and the line that reads the cursor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "search_impl.h"

static const char *const mark_name[MARK_KINDS] = {"complete", "pruned",   "failed, collapsed", "running",
                                                  "queued",   "left out", "from elsewhere"};

static const char *plus_minus(const struct look *l)
{
    return look_ascii(l) ? "+-" : "±";
}

/* ---- head ---- */

static void names_of(const struct search_scene *s, char *buf, size_t cap)
{
    size_t n = 0;
    for (int j = 0; j < s->n_dims; j++)
        n = str_append(buf, cap, n, "%s%s", j ? ", " : "", s->space.dims[s->dim[j]].name);
}

static const char *busy_with(const struct search_scene *s)
{
    const struct belief_picture *p = s->picture;
    if (!p || p->n_points != s->points.n)
        return "fitting ...";
    return p->complete ? "" : "working out where to go next ...";
}

void search_draw_head(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s)
{
    char names[256], text[128];
    names_of(s, names, sizeof names);
    const char *busy = busy_with(s);
    canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, ROLE_MUTED), busy);
    r.w -= *busy ? text_width(busy) + 2 : 0;
    int x = canvas_text(c, r, r.x, r.y, look_style(l, ROLE_TITLE), strategy_name(s->strategy));
    x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), " over ");
    x = canvas_text(c, r, x, r.y, look_style(l, ROLE_TEXT), names);
    for (int j = 0; j < s->space.n; j++)
        if (s->space.dims[j].min == s->space.dims[j].max)
            x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_WARN), ", %s pinned at %.4g", s->space.dims[j].name,
                              s->space.dims[j].min);
    x += 2;
    str_append(text, sizeof text, 0, "%d trial%s, %d with a value", s->n, s->n == 1 ? "" : "s", s->complete);
    if (x + text_width(text) > r.x + r.w)
        str_append(text, sizeof text, 0, "%d trial%s", s->n, s->n == 1 ? "" : "s");
    if (s->n == 0)
        str_append(text, sizeof text, 0, "nothing tried yet");
    x = canvas_text(c, r, x, r.y, look_style(l, ROLE_MUTED), text);
    if (s->points.outside > 0)
        canvas_printf(c, r, x, r.y, look_style(l, ROLE_WARN), ", %d outside the ranges", s->points.outside);
}

/* ---- legend ---- */

static void entry(struct canvas *c, struct rect *r, const struct look *l, uint32_t rune, enum theme_role role,
                  const char *name, const char *value)
{
    struct rect row = rect_top(r, 1);
    if (row.h < 1 || row.w < 4)
        return;
    canvas_put(c, row.x, row.y, rune, look_style(l, role));
    rect_left(&row, 2);
    int x = canvas_text(c, row, row.x, row.y, look_style(l, ROLE_MUTED), name);
    canvas_text(c, row, x + (*name ? 1 : 0), row.y, look_style(l, ROLE_TEXT), value);
}

static void draw_bests(struct canvas *c, struct rect *r, const struct look *l, const struct search_scene *s)
{
    char text[96];
    const struct belief_picture *p = s->picture;
    bool brief = r->w < 32;
    if (s->best >= 0) {
        str_append(text, sizeof text, 0, "#%d %.2f %%", s->trials[s->best].row->number, 100 * s->trials[s->best].value);
        entry(c, r, l, search_best_rune(l), ROLE_GOOD, brief ? "seen" : "best seen", text);
    }
    if (s->best_mean >= 0 && p->fitted) {
        str_append(text, sizeof text, 0, brief ? "#%d %.2f %s %.2f" : "#%d %.2f %s %.2f %%",
                   s->trials[s->best_mean].row->number, 100 * p->best_mean, plus_minus(l), 100 * p->best_sigma);
        entry(c, r, l, search_best_mean_rune(l), ROLE_GOOD, brief ? "mean" : "best mean", text);
    }
}

void search_draw_legend(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s)
{
    static const enum theme_role roles[MARK_KINDS] = {ROLE_TEXT, ROLE_MUTED, ROLE_BAD, ROLE_MARK,
                                                      ROLE_TEXT, ROLE_WARN,  ROLE_TEXT};
    char text[64];
    draw_bests(c, &r, l, s);
    for (int k = 0; k < MARK_KINDS; k++) {
        if (s->count[k] == 0)
            continue;
        str_append(text, sizeof text, 0, "%d", s->count[k]);
        entry(c, &r, l, search_mark_rune(l, (enum search_mark)k), roles[k], mark_name[k], text);
    }
    int n = s->picture ? s->picture->n_next : 0;
    if (n > 0)
        entry(c, &r, l, '1', ROLE_TITLE,
              n == 3   ? "2 3 would be next"
              : n == 2 ? "2 would be next"
                       : "would be next",
              "");
}

/* ---- values over trials ---- */

/* Values below the surrogate's floor stand at it, as they do for the model, so that a collapse does not flatten the rest. */
static double floor_of(const struct search_scene *s)
{
    double *y = xcalloc((size_t)s->n + 1, sizeof *y);
    int n = 0;
    for (int i = 0; i < s->n; i++)
        if (isfinite(s->trials[i].value))
            y[n++] = s->trials[i].value;
    double floor_y = n ? surrogate_floor(y, n) : 0;
    free(y);
    return floor_y;
}

/* The points of two curves: each trial's value, apart from its neighbours; and the best so far, as steps. */
struct course {
    double *x, *y, *best_x, *best_y; /* (2 n) each, in one allocation */
};

static struct course course_of(const struct search_scene *s, double lowest)
{
    size_t n = (size_t)s->n;
    struct course c = {.x = xcalloc(8 * n + 1, sizeof(double))};
    double best = NAN;
    c.y = c.x + 2 * n, c.best_x = c.y + 2 * n, c.best_y = c.best_x + 2 * n;
    for (int i = 0; i < s->n; i++) {
        double v = s->trials[i].mark == MARK_LEFT_OUT ? NAN : 100 * s->trials[i].value;
        c.x[2 * i] = i + 1;
        c.y[2 * i] = isfinite(v) ? fmax(v, lowest) : NAN;
        c.x[2 * i + 1] = i + 1.5; /* a gap: points are not joined */
        c.y[2 * i + 1] = NAN;
        c.best_x[2 * i] = i + 1;
        c.best_y[2 * i] = isnan(best) ? NAN : fmax(best, lowest);
        if (isfinite(v) && !(best > v))
            best = v;
        c.best_x[2 * i + 1] = i + 1;
        c.best_y[2 * i + 1] = isnan(best) ? NAN : fmax(best, lowest);
    }
    return c;
}

/* What a grid would be expected to have found after as many trials (belief.h); 0 points: there is none to compare with. */
static int grid_curve(const struct search_scene *s, double lowest, double *x, double *y)
{
    const struct belief_grid *g = s->picture && s->picture->fitted ? &s->picture->grid : NULL;
    int n = !g || s->strategy == STRATEGY_GRID ? 0 : g->n < s->n ? g->n : s->n;
    for (int k = 0; k < n; k++) {
        x[k] = k + 1;
        y[k] = fmax(100 * g->best[k], lowest);
    }
    return n;
}

void search_draw_history(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s)
{
    if (r.w < 16 || r.h < 5)
        return;
    double lowest = 100 * floor_of(s), grid_x[BELIEF_GRID], grid_y[BELIEF_GRID];
    struct course k = course_of(s, lowest);
    char name[48];
    int n = grid_curve(s, lowest, grid_x, grid_y);
    str_append(name, sizeof name, 0, "grid of %d, expected", n ? s->picture->grid.n : 0);
    const struct plot_curve curves[] = {
        {.name = "best so far",
         .n = 2 * s->n,
         .x = k.best_x,
         .y = k.best_y,
         .style = look_style(l, ROLE_CURVE1),
         .exact = true},
        {.name = "trial", .n = 2 * s->n, .x = k.x, .y = k.y, .style = look_style(l, ROLE_CURVE2), .exact = true},
        {.name = name, .n = n, .x = grid_x, .y = grid_y, .style = look_style(l, ROLE_CURVE3), .exact = true}};
    plot_draw(c, r, l,
              &(struct plot){.title = r.w >= 60 ? "accuracy over trials, %" : "over trials, %",
                             .n_curves = n ? 3 : 2,
                             .curves = curves,
                             .x_min = 1,
                             .x_max = s->n > 1 ? s->n : 2,
                             .y_min = NAN,
                             .y_max = NAN,
                             .cursor = NAN});
    free(k.x);
}

/* ---- the best few ---- */

static int by_value(const void *a, const void *b)
{
    const struct search_trial *p = *(const struct search_trial *const *)a, *q = *(const struct search_trial *const *)b;
    return p->value != q->value ? (p->value < q->value) - (p->value > q->value)
                                : (p->row->number > q->row->number) - (p->row->number < q->row->number);
}

enum { NUMBER_COLUMN = 5, VALUE_COLUMN = 7, SETTING_COLUMN = 9 };

void search_draw_best(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s, int selected)
{
    if (r.w < 14 || r.h < 2 || s->complete == 0)
        return;
    const struct search_trial **order = xcalloc((size_t)s->n + 1, sizeof(*order));
    int n = 0, settings = (r.w - NUMBER_COLUMN - VALUE_COLUMN) / SETTING_COLUMN;
    settings = settings < s->n_dims ? settings : s->n_dims;
    for (int i = 0; i < s->n; i++)
        if (isfinite(s->trials[i].value) && s->trials[i].mark != MARK_LEFT_OUT)
            order[n++] = &s->trials[i];
    qsort(order, (size_t)n, sizeof(*order), by_value);
    struct rect row = rect_top(&r, 1);
    canvas_text(c, row, row.x, row.y, look_style(l, ROLE_TITLE), "best");
    canvas_text_right(c, row, row.x + NUMBER_COLUMN + VALUE_COLUMN - 1, row.y, look_style(l, ROLE_MUTED), "%");
    for (int j = 0; j < settings; j++) {
        char name[SETTING_COLUMN];
        str_append(name, sizeof name, 0, "%s", s->space.dims[s->dim[j]].name);
        canvas_text_right(c, row, row.x + NUMBER_COLUMN + VALUE_COLUMN + (j + 1) * SETTING_COLUMN - 1, row.y,
                          look_style(l, ROLE_MUTED), name);
    }
    for (int i = 0; i < n && r.h > 0; i++) {
        const struct search_trial *t = order[i];
        struct style style = look_style(l, t->row->number == selected ? ROLE_SELECTED : ROLE_TEXT);
        char text[32];
        row = rect_top(&r, 1);
        if (t->row->number == selected)
            canvas_fill(c, row, ' ', style);
        canvas_printf(c, row, row.x, row.y, style, "%c%d", t->row->number == selected ? '>' : '#', t->row->number);
        str_append(text, sizeof text, 0, "%.2f", 100 * t->value);
        canvas_text_right(c, row, row.x + NUMBER_COLUMN + VALUE_COLUMN - 1, row.y, style, text);
        for (int j = 0; j < settings; j++) {
            if (s->space.dims[s->dim[j]].type == DIM_CATEGORY)
                search_value_text(&s->space.dims[s->dim[j]], t->x[s->dim[j]], 4, text, sizeof text);
            else
                plot_number(t->x[s->dim[j]], text, sizeof text);
            canvas_text_right(c, row, row.x + NUMBER_COLUMN + VALUE_COLUMN + (j + 1) * SETTING_COLUMN - 1, row.y, style,
                              text);
        }
    }
    free(order);
}

/* ---- the cursor's line ---- */

/* Name and value, one after the other, in as many rows as there are. */
static int item(struct canvas *c, struct rect r, const struct look *l, int at, const char *name, const char *value,
                enum theme_role role)
{
    int w = text_width(name) + (*name ? 1 : 0) + text_width(value), row = at / 1000, x = at % 1000;
    if (x > 0 && x + w > r.w)
        row++, x = 0;
    struct rect line = {r.x, r.y + row, r.w, row < r.h ? 1 : 0};
    int to = canvas_text(c, line, r.x + x, line.y, look_style(l, ROLE_MUTED), name) + (*name ? 1 : 0);
    canvas_text(c, line, to, line.y, look_style(l, role), value);
    return 1000 * row + x + w + 2;
}

static int item_setting(struct canvas *c, struct rect r, const struct look *l, int at, const struct dim *d,
                        double value, enum theme_role role)
{
    char text[32];
    search_value_text(d, value, 4, text, sizeof text);
    return item(c, r, l, at, d->name, text, role);
}

static int item_belief(struct canvas *c, struct rect r, const struct look *l, int at, const struct search_scene *s,
                       const struct search_look *v)
{
    static const char *const worth[] = {"ln gain", "ln rise", "mean, %"};
    const struct belief_picture *p = s->picture;
    char text[64];
    if (!search_scene_fits(s, v->column, v->row))
        return at;
    int cell = search_cell(p, v->u, v->v);
    str_append(text, sizeof text, 0, "%.2f %s %.2f %%", 100 * p->mean[cell], plus_minus(l), 100 * p->sigma[cell]);
    at = item(c, r, l, at, "", text, ROLE_TITLE);
    if (!p->acquisition)
        return at;
    str_append(text, sizeof text, 0, "%.3g", p->acquisition[cell] * (p->aim == AIM_CONFIRM ? 100 : 1));
    return item(c, r, l, at, worth[p->aim], text, ROLE_TEXT);
}

void search_draw_readout(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s,
                         const struct search_look *v)
{
    const struct dim *x = &s->space.dims[s->dim[v->column]], *y = &s->space.dims[s->dim[v->row]];
    int at = item_setting(c, r, l, 0, x, space_value(x, v->u), ROLE_CURSOR);
    if (v->row != v->column)
        at = item_setting(c, r, l, at, y, space_value(y, v->v), ROLE_CURSOR);
    at = item_belief(c, r, l, at, s, v);
    int nearest = search_nearest(s, v->column, v->row, v->u, v->v);
    if (nearest >= 0) {
        const struct search_trial *t = &s->trials[nearest];
        char text[64];
        size_t n = str_append(text, sizeof text, 0, "#%d ", t->row->number);
        if (isfinite(t->value))
            n = str_append(text, sizeof text, n, "%.2f %%", 100 * t->value);
        if (t->mark != MARK_COMPLETE)
            str_append(text, sizeof text, n, "%s%s", isfinite(t->value) ? " " : "",
                       t->mark == MARK_FAILED && t->row->collapsed ? "collapsed" : trial_state_name(t->row->state));
        at = item(c, r, l, at, "nearest", text, ROLE_TEXT);
    }
    for (int j = 0; s->picture && s->picture->fitted && j < s->n_dims; j++)
        if (j != v->column && j != v->row) {
            const struct dim *d = &s->space.dims[s->dim[j]];
            char name[80], text[32];
            str_append(name, sizeof name, 0, "%s %s", s->picture->averaged ? "over" : "at", d->name);
            search_value_text(d, s->picture->at[s->dim[j]], 4, text, sizeof text);
            at = item(c, r, l, at, name, s->picture->averaged ? "" : text, ROLE_MUTED);
        }
}
