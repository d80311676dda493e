/* A trial is a line through its values; the better, the higher is the layer it is drawn in, and a cell shows its highest layer
 * alone, so that the good ones are seen among thousands. What a brush leaves out stays as a shadow. The accuracy's axis is that of the table's bars: values far below the others stand
 * at its foot. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"
#include "trials_draw.h"

enum { MARGIN = 6, AXIS_W = 12 };

/* ---- axes ---- */

static bool is_axis(const struct trials_column *c)
{
    return c->kind == COLUMN_VAL || (c->kind == COLUMN_SETTING && (c->data_lo < c->data_hi || c->lo < c->hi));
}

int trials_axis_count(const struct trials_table *t)
{
    int n = 0;
    for (int j = 0; j < t->n_columns; j++)
        n += is_axis(&t->column[j]);
    return n;
}

const struct trials_column *trials_axis_column(const struct trials_table *t, int axis)
{
    for (int j = 0; j < t->n_columns; j++)
        if (is_axis(&t->column[j]) && axis-- == 0)
            return &t->column[j];
    return NULL;
}

/* Its ends: the range that is searched, and whatever lies outside of it. */
static bool ends_of(const struct trials_table *t, const struct trials_column *c, double *lo, double *hi)
{
    if (c->kind == COLUMN_VAL) {
        *lo = t->bar_lo;
        *hi = t->bar_hi;
        return false;
    }
    *lo = fmin(c->lo, c->data_lo);
    *hi = fmax(c->hi, c->data_hi);
    return c->log && *lo > 0;
}

double trials_axis_unit(const struct trials_table *t, const struct trials_column *c, double v)
{
    double lo, hi;
    if (isnan(v))
        return NAN;
    bool log_scale = ends_of(t, c, &lo, &hi);
    if (!(hi > lo))
        return isinf(v) ? v > 0 : 0.5;
    double u = v <= lo ? 0 : v >= hi ? 1 : log_scale ? log(v / lo) / log(hi / lo) : (v - lo) / (hi - lo);
    return fmin(1, fmax(0, u));
}

static double axis_value(const struct trials_table *t, const struct trials_column *c, double u)
{
    double lo, hi;
    bool log_scale = ends_of(t, c, &lo, &hi);
    if (u <= 0 || u >= 1)
        return u <= 0 ? -INFINITY : INFINITY;
    return log_scale ? lo * pow(hi / lo, u) : lo + u * (hi - lo);
}

/* ---- where they stand ---- */

struct place {
    struct rect area; /* between the numbers of both ends */
    int n;            /* axes there is room for */
    const struct trials_column *column[TRIALS_COLUMNS];
};

static bool place_axes(struct place *p, struct rect r, const struct trials_table *t)
{
    *p = (struct place){{r.x, r.y + 2, r.w, r.h - 3}, 0, {0}};
    int n = trials_axis_count(t), room = (r.w - 2 * MARGIN) / AXIS_W + 1;
    if (p->area.h < 2 || r.w < 2 * MARGIN + AXIS_W)
        return false;
    for (int i = 0; i < n; i++)
        if (i == n - 1 || i < room - 1) /* the accuracy is the last and stays */
            p->column[p->n++] = trials_axis_column(t, i);
    return p->n > 0;
}

static int axis_x(const struct place *p, int i)
{
    int w = p->area.w - 2 * MARGIN;
    return p->area.x + MARGIN + (p->n > 1 ? i * (w - 1) / (p->n - 1) : w / 2);
}

int trials_axis_at(const struct trials_scene *s, struct rect r, int x, int y, double *value)
{
    struct place p;
    if (!place_axes(&p, r, s->table))
        return -1;
    for (int i = 0; i < p.n; i++)
        if (abs(x - axis_x(&p, i)) <= 3) {
            double u = 1 - (double)(y - p.area.y) / (p.area.h - 1);
            *value = axis_value(s->table, p.column[i], u);
            for (int k = 0; k < trials_axis_count(s->table); k++)
                if (trials_axis_column(s->table, k) == p.column[i])
                    return k;
        }
    return -1;
}

/* ---- lines ---- */

static void draw_line(struct raster *raster, const struct place *p, const struct trials_table *t, int row)
{
    struct pen pen = {0};
    for (int i = 0; i < p->n; i++) {
        double u = trials_axis_unit(t, p->column[i], trials_table_value(t, p->column[i], row));
        if (isnan(u))
            raster_break(raster, &pen);
        else
            raster_line(raster, &pen, (axis_x(p, i) - p->area.x + 0.5) * raster->sx,
                        (1 - u) * (raster->h * raster->sy - 1) + 0.5);
    }
    raster_break(raster, &pen);
}

static void draw_shadows(struct raster *raster, const struct place *p, const struct trials_table *t)
{
    int hidden = t->source.n - t->n_shown, stride = hidden / TRIALS_LINES + 1, seen = 0;
    for (int i = 0; t->n_brushes > 0 && i < t->source.n; i++)
        if (t->place[i] < 0 && seen++ % stride == 0)
            draw_line(raster, p, t, i);
}

/* From the worst to the best, and the chosen one on top. */
static void draw_lines(struct canvas *c, const struct place *p, const struct trials_scene *s, int chosen)
{
    int row[TRIALS_LINES], level[TRIALS_LINES], n = trials_sample(s->table, row);
    struct raster raster;
    for (int i = 0; i < n; i++)
        level[i] = trials_level(s->table, row[i]);
    for (int layer = -1; layer <= TRIALS_LEVELS; layer++) {
        raster_init(&raster, p->area.w, p->area.h, s->look->glyphs);
        if (layer < 0)
            draw_shadows(&raster, p, s->table);
        else if (layer == TRIALS_LEVELS && chosen >= 0)
            draw_line(&raster, p, s->table, chosen);
        for (int i = 0; i < n && layer >= 0 && layer < TRIALS_LEVELS; i++)
            if (level[i] == layer)
                draw_line(&raster, p, s->table, row[i]);
        trials_put_layer(c, p->area, s->look, &raster,
                         layer < 0                ? look_style(s->look, ROLE_FRAME)
                         : layer == TRIALS_LEVELS ? look_style(s->look, ROLE_CURSOR)
                                                  : trials_ink(s->look, (layer + 0.5) / TRIALS_LEVELS));
        raster_release(&raster);
    }
}

/* ---- what stands on top ---- */

static void centred(struct canvas *c, struct rect row, int x, struct style style, const char *text)
{
    int w = text_width(text), at = x - w / 2;
    at = at + w > row.x + row.w ? row.x + row.w - w : at;
    canvas_text(c, row, at < row.x ? row.x : at, row.y, style, text);
}

static void draw_ends(struct canvas *c, struct rect r, const struct trials_scene *s, const struct trials_column *col,
                      int x, int w, bool present)
{
    double lo, hi, factor = col->kind == COLUMN_VAL ? 100 : 1;
    char text[64], number[32];
    ends_of(s->table, col, &lo, &hi);
    struct rect row = rect_and(r, (struct rect){x - w / 2, r.y, w, 1});
    struct style style = look_style(s->look, present ? ROLE_KEY : ROLE_TEXT);
    if (present)
        style.attr |= ATTR_UNDERLINE;
    centred(c, row, x, style, col->kind == COLUMN_VAL ? "val %" : col->name);
    row.y++;
    trials_setting_text(hi * factor, text, sizeof text);
    centred(c, row, x, look_style(s->look, ROLE_MUTED), text);
    row.y = r.y + r.h - 1;
    trials_setting_text(lo * factor, number, sizeof number);
    bool below = col->kind == COLUMN_VAL && col->data_lo < lo;
    str_append(text, sizeof text, 0, "%s%s", !below ? "" : look_ascii(s->look) ? "<=" : "≤", number);
    centred(c, row, x, look_style(s->look, ROLE_MUTED), text);
}

static void draw_axis(struct canvas *c, const struct place *p, const struct trials_scene *s,
                      const struct trials_column *col, int x)
{
    const struct trials_brush *b = trials_table_brushed(s->table, col->name);
    double lo = b ? trials_axis_unit(s->table, col, b->lo) : 2, hi = b ? trials_axis_unit(s->table, col, b->hi) : 2;
    for (int y = 0; y < p->area.h; y++) {
        double half = 0.5 / p->area.h, u = 1 - (y + 0.5) / p->area.h;
        bool inside = u + half >= lo && u - half <= hi;
        canvas_put(c, x, p->area.y + y,
                   look_ascii(s->look) ? (inside ? '#' : '|')
                   : inside            ? 0x2503
                                       : 0x2502,
                   look_style(s->look, inside ? ROLE_WARN : ROLE_MUTED));
    }
}

/* Where the chosen trial crosses the axes. */
static void draw_chosen(struct canvas *c, const struct place *p, const struct trials_scene *s, int row)
{
    for (int i = 0; i < p->n; i++) {
        double u = trials_axis_unit(s->table, p->column[i], trials_table_value(s->table, p->column[i], row));
        if (!isnan(u))
            canvas_put(c, axis_x(p, i), p->area.y + (int)((1 - u) * (p->area.h - 1e-6)),
                       look_ascii(s->look) ? 'O' : 0x25CF, look_style(s->look, ROLE_CURSOR));
    }
}

void trials_draw_axes(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    struct place p;
    int chosen = trials_table_row(s->table, s->m->sel.trial);
    if (!place_axes(&p, r, s->table)) {
        canvas_text(c, r, r.x, r.y, look_style(s->look, ROLE_MUTED),
                    trials_axis_count(s->table) ? "too little room for the axes" : "nothing to compare yet");
        return;
    }
    draw_lines(c, &p, s, chosen);
    int w = p.n > 1 ? axis_x(&p, 1) - axis_x(&p, 0) - 1 : r.w;
    for (int i = 0; i < p.n; i++) {
        draw_ends(c, r, s, p.column[i], axis_x(&p, i), w,
                  s->pane == PANE_AXES && p.column[i] == trials_axis_column(s->table, s->axis));
        draw_axis(c, &p, s, p.column[i], axis_x(&p, i));
    }
    if (chosen >= 0)
        draw_chosen(c, &p, s, chosen);
}
