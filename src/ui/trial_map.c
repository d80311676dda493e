/* Points are placed by cell. The best is a star, a failed trial a cross, the one that runs a ring; values have viridis
 * between the worst and the best accuracy so far. */
#include "trial_map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot.h"

struct axis {
    const char *name;
    bool log;
    double lo, hi;
};

static bool value_of(const struct trial_row *t, const char *name, double *v)
{
    for (int i = 0; i < t->n_params; i++)
        if (strcmp(t->param_name[i], name) == 0) {
            *v = t->param_value[i];
            return true;
        }
    return false;
}

/* Axis K from the study's ranges; widened to the trials that lie outside. */
static bool axis_make(const struct model *m, int k, struct axis *a)
{
    if (!m->has_settings || k >= m->settings.n_ranges)
        return false;
    const struct param_range *r = &m->settings.ranges[k];
    *a = (struct axis){param_table[r->def].name, r->scale == SCALE_LOG, r->min, r->max};
    for (int i = 0; i < m->n_trials; i++) {
        double v;
        if (value_of(&m->trials[i], a->name, &v) && (!a->log || v > 0)) {
            a->lo = fmin(a->lo, v);
            a->hi = fmax(a->hi, v);
        }
    }
    return true;
}

static double unit(const struct axis *a, double v)
{
    if (a->hi <= a->lo)
        return 0.5;
    return a->log ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
}

static void accuracy_range(const struct model *m, double *lo, double *hi, int *best)
{
    *lo = INFINITY, *hi = -INFINITY, *best = 0;
    for (int i = 0; i < m->n_trials; i++) {
        const struct trial_row *t = &m->trials[i];
        if (t->state != TRIAL_COMPLETE || isnan(t->val_accuracy) || t->kind == TRIAL_REPEAT)
            continue;
        if (t->val_accuracy > *hi)
            *hi = t->val_accuracy, *best = t->number;
        *lo = fmin(*lo, t->val_accuracy);
    }
}

static void point_look(const struct trial_row *t, double lo, double hi, int best, const struct look *l, uint32_t *rune,
                       struct style *style)
{
    bool ascii = look_ascii(l);
    *style = look_style(l, ROLE_TEXT);
    *rune = ascii ? 'o' : 0x25cf;
    if (t->state == TRIAL_COMPLETE && isfinite(t->val_accuracy)) {
        if (l->depth != DEPTH_MONO && hi > lo)
            style->fg =
                colormap_rgb(COLORMAP_VIRIDIS, 0.15 + 0.85 * colormap_quantize((t->val_accuracy - lo) / (hi - lo), 16));
        if (t->number == best) {
            *rune = ascii ? '*' : 0x2605;
            *style = look_style(l, ROLE_GOOD);
            style->attr |= ATTR_BOLD;
        }
    } else if (t->state == TRIAL_RUNNING || t->state == TRIAL_PAUSED) {
        *rune = ascii ? '@' : 0x25c9;
        *style = look_style(l, ROLE_MARK);
    } else if (t->state == TRIAL_QUEUED || t->state == TRIAL_STOPPED) {
        *rune = ascii ? '.' : 0x25cb;
        *style = look_style(l, ROLE_MUTED);
    } else {
        *rune = ascii ? 'x' : 0x00d7;
        *style = look_style(l, ROLE_BAD);
    }
}

static void draw_labels(struct canvas *c, struct rect r, const struct look *l, const struct axis *x,
                        const struct axis *y)
{
    char lo[16], hi[16], text[96];
    struct style muted = look_style(l, ROLE_MUTED);
    plot_number(x->lo, lo, sizeof lo);
    plot_number(x->hi, hi, sizeof hi);
    int bottom = r.y + r.h - 1;
    canvas_text(c, r, r.x + 8, bottom, muted, lo);
    canvas_text_right(c, r, r.x + r.w, bottom, muted, hi);
    snprintf(text, sizeof text, "%s%s", x->name, x->log ? " (log)" : "");
    canvas_text(c, r, r.x + 8 + (r.w - 8 - text_width(text)) / 2, bottom, muted, text);
    if (!y->name)
        return;
    plot_number(y->lo, lo, sizeof lo);
    plot_number(y->hi, hi, sizeof hi);
    canvas_text_right(c, r, r.x + 7, r.y + 1, muted, hi);
    canvas_text_right(c, r, r.x + 7, bottom - 1, muted, lo);
    snprintf(text, sizeof text, "%s%s", y->name, y->log ? " (log)" : "");
    canvas_text(c, r, r.x, r.y, muted, text);
}

void trial_map_draw(struct canvas *c, struct rect r, const struct look *l, const struct model *m)
{
    struct axis x, y = {0};
    if (r.w < 20 || r.h < 5)
        return;
    if (!axis_make(m, 0, &x)) {
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED),
                    m->has_settings ? "no setting is searched in this study" : "nothing is known of the search yet");
        return;
    }
    bool two = axis_make(m, 1, &y);
    draw_labels(c, r, l, &x, &y);
    struct rect area = {r.x + 8, r.y + 1, r.w - 8, r.h - 2};
    for (int i = area.y; i < area.y + area.h; i++)
        canvas_put(c, area.x - 1, i, look_ascii(l) ? '|' : 0x2502, look_style(l, ROLE_FRAME));
    double lo, hi;
    int best;
    accuracy_range(m, &lo, &hi, &best);
    for (int pass = 0; pass < 2; pass++) /* the best last, on top */
        for (int i = 0; i < m->n_trials; i++) {
            const struct trial_row *t = &m->trials[i];
            double vx, vy = 0;
            if ((t->number == best) != (pass == 1) || t->kind == TRIAL_REPEAT || !value_of(t, x.name, &vx) ||
                (two && !value_of(t, y.name, &vy)))
                continue;
            uint32_t rune;
            struct style style;
            double v = two                                    ? unit(&y, vy)
                       : lo < hi && isfinite(t->val_accuracy) ? (t->val_accuracy - lo) / (hi - lo)
                                                              : 0.5;
            point_look(t, lo, hi, best, l, &rune, &style);
            canvas_put(c, area.x + (int)lround(unit(&x, vx) * (area.w - 1)),
                       area.y + area.h - 1 - (int)lround(v * (area.h - 1)), rune, style);
        }
}
