/* A curve is a series of the store as it is read; only where x is not the step, or the best so far is wanted, is an array
 * computed, for the time of one frame. */
#include "run_curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECENT = 5 }; /* "recent" is the last fifth */

static const double smoothing[RUN_SMOOTHINGS] = {0, 0.8, 0.95, 0.99};

double run_smoothing(int index)
{
    return smoothing[index % (int)ARRAY_LEN(smoothing)];
}

/* ---- x ---- */

static double *scratch(struct run_plot *p, int n)
{
    return p->scratch[p->n_scratch++] = xmalloc((size_t)(n > 0 ? n : 1) * sizeof(double));
}

/* When a stage began, on the trial's clock: the first series of it knows the time of its first step. */
static double stage_start(const struct curves *c, const char *stage)
{
    double t = INFINITY;
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->series[i].stage, stage) == 0 && c->series[i].all.n > 0)
            t = fmin(t, c->series[i].all.seconds[0]);
    return isfinite(t) ? t : 0;
}

/* One point's place on the axis; START: stage_start, for seconds. */
static double x_of(const struct model *m, const struct run_look *l, const struct points *p, int i, double start)
{
    if (l->axis == AXIS_SECONDS)
        return p->seconds[i] - start;
    return l->axis == AXIS_EPOCH && m->live.steps_per_epoch > 0 ? p->step[i] / m->live.steps_per_epoch : p->step[i];
}

static const double *xs_of(struct run_plot *p, const struct model *m, const struct curves *c, const struct run_look *l,
                           const char *stage, const struct points *points)
{
    if (l->axis == AXIS_STEP || (l->axis == AXIS_EPOCH && m->live.steps_per_epoch <= 0))
        return points->step;
    double *x = scratch(p, points->n), start = stage_start(c, stage);
    for (int i = 0; i < points->n; i++)
        x[i] = x_of(m, l, points, i, start);
    return x;
}

bool run_x_range(const struct model *m, const struct run_look *l, const char *stage, double *lo, double *hi)
{
    double start = stage_start(&m->curves, stage);
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int i = 0; i < m->curves.n; i++) {
        const struct series *s = &m->curves.series[i];
        if (strcmp(s->stage, stage) != 0 || s->all.n == 0)
            continue;
        *lo = fmin(*lo, x_of(m, l, &s->all, 0, start));
        *hi = fmax(*hi, x_of(m, l, &s->all, s->all.n - 1, start));
    }
    if (!(*lo <= *hi))
        return false;
    if (l->recent)
        *lo = *hi - (*hi - *lo) / RECENT;
    return true;
}

/* ---- curves ---- */

static struct plot_curve *add_curve(struct run_plot *p, const char *name, struct style style)
{
    if (p->plot.n_curves == RUN_CURVES)
        return NULL;
    struct plot_curve *c = &p->curves[p->plot.n_curves];
    char *text = p->names[p->plot.n_curves++];
    str_append(text, sizeof p->names[0], 0, "%s", name);
    *c = (struct plot_curve){.name = text, .style = style};
    return c;
}

static void add_series(struct run_plot *p, const struct model *m, const struct curves *c, const struct run_look *l,
                       const char *stage, const char *key, const char *name, struct style style, bool dots)
{
    const struct series *s = curves_find(c, stage, key);
    struct plot_curve *curve = s && s->all.n > 0 ? add_curve(p, name, style) : NULL;
    if (!curve)
        return;
    /* a mean over the past, and the latest part, need every point */
    const struct points *points = l->recent || p->plot.smooth > 0 ? &s->all : series_points(s);
    curve->n = points->n;
    curve->x = xs_of(p, m, c, l, stage, points);
    curve->y = points->value;
    curve->dots = curve->exact = dots;
}

/* The best validation accuracy so far, as a staircase's upper corners. */
static void add_best(struct run_plot *p, const struct model *m, const struct look *look, const struct run_look *l,
                     const char *stage)
{
    const struct series *s = curves_find(&m->curves, stage, "val_accuracy");
    struct plot_curve *curve = s && s->all.n > 1 ? add_curve(p, "best", look_style(look, ROLE_MUTED)) : NULL;
    if (!curve)
        return;
    const struct points *a = &s->all;
    double *best = scratch(p, a->n);
    for (int i = 0; i < a->n; i++)
        best[i] = i == 0 || a->value[i] > best[i - 1] ? a->value[i] : best[i - 1];
    curve->n = a->n;
    curve->x = xs_of(p, m, &m->curves, l, stage, a);
    curve->y = best;
    curve->exact = true;
}

static const struct loss_row {
    const char *key, *name;
    enum theme_role role;
} losses[] = {
    {"loss", "total", ROLE_CURVE1}, {"ce", "CE", ROLE_CURVE5},      {"kd", "KD", ROLE_CURVE6},
    {"hint", "hint", ROLE_CURVE6},  {"fsp1", "FSP 1", ROLE_CURVE2}, {"fsp2", "FSP 2", ROLE_CURVE3},
    {"fsp3", "FSP 3", ROLE_CURVE4},
};

/* A series that is the total itself (CE alone, with no other part) would hide it. */
static bool same_series(const struct series *a, const struct series *b)
{
    int n = a && b && a->all.n == b->all.n ? a->all.n : 0;
    return n > 0 && memcmp(a->all.value, b->all.value, (size_t)n * sizeof *a->all.value) == 0;
}

static void add_losses(struct run_plot *p, const struct model *m, const struct look *look, const struct run_look *l,
                       const char *stage)
{
    const struct series *ce = curves_find(&m->curves, stage, "ce");
    bool ce_alone = same_series(ce, curves_find(&m->curves, stage, "loss"));
    for (size_t i = ARRAY_LEN(losses); i-- > 0;) /* the total last: on top */
        if (!(ce_alone && strcmp(losses[i].key, "ce") == 0))
            add_series(p, m, &m->curves, l, stage, losses[i].key, ce_alone && i == 0 ? "CE" : losses[i].name,
                       look_style(look, losses[i].role), false);
}

static void add_overlays(struct run_plot *p, const struct model *m, const struct look *look, const struct run_look *l,
                         const char *stage, const char *key, bool dots)
{
    static const enum theme_role roles[] = {ROLE_CURVE5, ROLE_CURVE6, ROLE_CURVE2, ROLE_CURVE3};
    for (int i = 0; i < m->n_overlay; i++) {
        char name[24];
        if (m->overlay[i].trial == m->sel.trial)
            continue;
        snprintf(name, sizeof name, "trial %d", m->overlay[i].trial);
        struct style style = look_style(look, roles[i % (int)ARRAY_LEN(roles)]);
        style.attr |= ATTR_DIM;
        add_series(p, m, &m->overlay[i], l, stage, key, name, style, dots);
    }
}

/* ---- marks: the moments at which something was changed ---- */

static void mark_label(const struct event_row *e, char *buf, size_t cap)
{
    if (strcmp(e->kind, "set") == 0)
        str_append(buf, cap, 0, "%s %.3g", e->key, e->after);
    else if (strcmp(e->kind, "resumed_at") == 0)
        str_append(buf, cap, 0, "resumed");
    else
        str_append(buf, cap, 0, "%s", e->kind);
}

/* The x of a step: of the first point of any series at or behind it. */
static double x_of_step(const struct model *m, const struct run_look *l, const char *stage, int step)
{
    if (l->axis == AXIS_STEP)
        return step;
    if (l->axis == AXIS_EPOCH && m->live.steps_per_epoch > 0)
        return (double)step / m->live.steps_per_epoch;
    const struct series *s = curves_find(&m->curves, stage, "loss");
    for (int i = 0; s && i < s->all.n; i++)
        if (s->all.step[i] >= step)
            return x_of(m, l, &s->all, i, stage_start(&m->curves, stage));
    return NAN;
}

static void add_marks(struct run_plot *p, const struct model *m, const struct look *look, const struct run_look *l,
                      const char *stage)
{
    static const char *const kinds[] = {"set", "skip", "pause", "collapse", "diverged", "resumed_at", "clone"};
    for (int i = m->n_events - 1; i >= 0 && p->plot.n_marks < RUN_MARKS; i--) {
        const struct event_row *e = &m->events[i];
        bool shown = false;
        if (e->trial != m->sel.trial || strcmp(e->stage, stage) != 0)
            continue;
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            shown |= strcmp(e->kind, kinds[k]) == 0;
        if (!shown)
            continue;
        double x = x_of_step(m, l, stage, e->step);
        if (isnan(x))
            continue;
        char *label = p->labels[p->plot.n_marks];
        mark_label(e, label, sizeof p->labels[0]);
        bool bad = strcmp(e->kind, "collapse") == 0 || strcmp(e->kind, "diverged") == 0;
        p->marks[p->plot.n_marks++] =
            (struct plot_mark){.x = x, .label = label, .style = look_style(look, bad ? ROLE_BAD : ROLE_MARK)};
    }
}

/* ---- the plot ---- */

void run_plot_make(struct run_plot *p, const struct model *m, const struct look *look, const struct run_look *l,
                   const char *stage, enum run_plot_kind kind)
{
    static const char *const axes[] = {"step", "epoch", "seconds"};
    memset(p, 0, sizeof *p);
    p->plot = (struct plot){.x_label = axes[l->axis],
                            .x_min = NAN,
                            .x_max = NAN,
                            .y_min = NAN,
                            .y_max = NAN,
                            .cursor = l->cursor,
                            .smooth = run_smoothing(l->smooth)};
    if (l->axis == AXIS_EPOCH && m->live.steps_per_epoch <= 0)
        p->plot.x_label = axes[AXIS_STEP];
    if (kind == RUN_LOSSES) {
        p->plot.log_y = !l->linear;
        add_overlays(p, m, look, l, stage, "loss", false);
        add_losses(p, m, look, l, stage);
    } else {
        p->plot.smooth = fmax(p->plot.smooth, 0.9); /* a batch's accuracy alone is noise */
        add_overlays(p, m, look, l, stage, "val_accuracy", true);
        add_series(p, m, &m->curves, l, stage, "train_accuracy", "train", look_style(look, ROLE_CURVE3), false);
        add_best(p, m, look, l, stage);
        add_series(p, m, &m->curves, l, stage, "val_accuracy", "validation", look_style(look, ROLE_CURVE2), true);
    }
    str_append(p->title, sizeof p->title, 0, "%s", kind == RUN_LOSSES ? "loss" : "accuracy");
    p->plot.title = p->title;
    double lo, hi;
    if (l->recent && run_x_range(m, l, stage, &lo, &hi))
        p->plot.x_min = lo, p->plot.x_max = hi;
    add_marks(p, m, look, l, stage);
    p->plot.curves = p->curves;
    p->plot.marks = p->marks;
}

void run_plot_release(struct run_plot *p)
{
    for (int i = 0; i < p->n_scratch; i++)
        free(p->scratch[i]);
    p->n_scratch = 0;
}
