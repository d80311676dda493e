/* Each trial's evaluations as a thin line, by the accuracy it ended with; what a rule has ended carries its sign where it stopped.
 * Of the chosen one the rule's decision is drawn (the end that was foreseen, with its deviation) and written below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot_impl.h"
#include "trials_draw.h"
#include "wrap.h"

/* Layers, from the lowest; between FAILED and RUNNING the levels of accuracy. */
enum { STOPPED = -2, FAILED, RUNNING = TRIALS_LEVELS, CHOSEN };
enum { GUTTER = 7, WORDS = 2, TICKS = 16 };

struct scene {
    const struct trials_scene *s;
    struct rect area;
    double steps, lo, hi; /* ends of the axes */
};

static const struct eval_curve *curve_of(const struct trials_scene *s, int row)
{
    const struct model *m = s->m;
    return row >= 0 && row < m->n_evals && m->evals[row].n > 0 ? &m->evals[row] : NULL;
}

static void add_range(struct scene *v, const struct eval_curve *e)
{
    for (int i = 0; e && i < e->n; i++)
        if (isfinite(e->value[i])) {
            v->steps = fmax(v->steps, e->step[i]);
            v->lo = fmin(v->lo, e->value[i]);
            v->hi = fmax(v->hi, e->value[i]);
        }
}

static int kind_of(const struct trials_scene *s, int row)
{
    const struct trial_row *r = &s->table->source.rows[row];
    if (r->state == TRIAL_PRUNED)
        return STOPPED;
    if (r->state == TRIAL_DIVERGED || r->state == TRIAL_FAILED)
        return FAILED;
    if (r->state != TRIAL_COMPLETE)
        return RUNNING;
    return trials_level(s->table, row);
}

static struct style style_of(const struct trials_scene *s, int kind)
{
    switch (kind) {
    case STOPPED: return look_style(s->look, ROLE_MUTED);
    case FAILED: return look_style(s->look, ROLE_BAD);
    case RUNNING: return look_style(s->look, ROLE_GOOD);
    case CHOSEN: return look_style(s->look, ROLE_CURSOR);
    default: return trials_ink(s->look, (kind + 0.5) / TRIALS_LEVELS);
    }
}

/* ---- axes ---- */

static int row_at(const struct scene *v, double y)
{
    int i = (int)((v->hi - y) / (v->hi - v->lo) * v->area.h);
    return v->area.y + (i < 0 ? 0 : i < v->area.h ? i : v->area.h - 1);
}

static int column_at(const struct scene *v, double step)
{
    int i = (int)(step / v->steps * v->area.w);
    return v->area.x + (i < 0 ? 0 : i < v->area.w ? i : v->area.w - 1);
}

static void draw_y_axis(struct canvas *c, const struct scene *v)
{
    const struct look *l = v->s->look;
    struct rect a = v->area;
    double ticks[TICKS];
    char label[TICKS][PLOT_LABEL];
    int n = plot_ticks(100 * v->lo, 100 * v->hi, false, a.h / 2 < 1 ? 1 : a.h / 2 > 8 ? 8 : a.h / 2, ticks);
    plot_tick_labels(ticks, n, false, label);
    canvas_fill(c, (struct rect){a.x - 1, a.y, 1, a.h}, look_ascii(l) ? '|' : 0x2502, look_style(l, ROLE_FRAME));
    for (int i = 0; i < n; i++) {
        int y = row_at(v, ticks[i] / 100);
        canvas_text_right(c, (struct rect){a.x - GUTTER, y, GUTTER - 1, 1}, a.x - 2, y, look_style(l, ROLE_MUTED),
                          label[i]);
        canvas_put(c, a.x - 1, y, look_ascii(l) ? '+' : 0x2524, look_style(l, ROLE_FRAME));
    }
}

static void draw_x_axis(struct canvas *c, const struct scene *v)
{
    const struct look *l = v->s->look;
    struct rect a = v->area, row = {a.x - GUTTER, a.y + a.h, a.w + GUTTER, 1};
    double ticks[TICKS];
    char label[TICKS][PLOT_LABEL];
    int n = plot_ticks(0, v->steps, false, a.w / 10 < 2 ? 2 : a.w / 10 > 12 ? 12 : a.w / 10, ticks);
    int from = canvas_text(c, row, row.x, row.y, look_style(l, ROLE_MUTED), "step") + 1;
    plot_tick_labels(ticks, n, false, label);
    for (int i = 0; i < n; i++) {
        int w = text_width(label[i]), at = column_at(v, ticks[i]) - w / 2;
        at = at + w > row.x + row.w ? row.x + row.w - w : at;
        if (at >= from)
            from = canvas_text(c, row, at, row.y, look_style(l, ROLE_MUTED), label[i]) + 1;
    }
}

/* ---- curves ---- */

static void draw_curve(struct raster *raster, const struct scene *v, const struct eval_curve *e)
{
    struct pen pen = {0};
    for (int i = 0; i < e->n; i++) {
        if (!isfinite(e->value[i]))
            raster_break(raster, &pen);
        else
            raster_line(raster, &pen, e->step[i] / v->steps * raster->w * raster->sx,
                        (v->hi - (double)e->value[i]) / (v->hi - v->lo) * raster->h * raster->sy);
    }
    raster_break(raster, &pen);
}

/* Stopped and failed ones below, then the worst to the best, the running, and the chosen one on top. */
static void draw_lines(struct canvas *c, const struct scene *v, const int *row, int n, const struct eval_curve *chosen)
{
    struct raster raster;
    int layer[TRIALS_LINES];
    for (int i = 0; i < n; i++)
        layer[i] = curve_of(v->s, row[i]) ? kind_of(v->s, row[i]) : CHOSEN;
    for (int kind = STOPPED; kind <= CHOSEN; kind++) {
        raster_init(&raster, v->area.w, v->area.h, v->s->look->glyphs);
        for (int i = 0; i < n && kind < CHOSEN; i++)
            if (layer[i] == kind)
                draw_curve(&raster, v, curve_of(v->s, row[i]));
        if (kind == CHOSEN && chosen)
            draw_curve(&raster, v, chosen);
        trials_put_layer(c, v->area, v->s->look, &raster, style_of(v->s, kind));
        raster_release(&raster);
    }
}

/* The sign of what has become of it, where it ended. */
static void draw_signs(struct canvas *c, const struct scene *v, const int *row, int n)
{
    for (int i = 0; i < n; i++) {
        const struct eval_curve *e = curve_of(v->s, row[i]);
        const struct trial_row *r = &v->s->table->source.rows[row[i]];
        if (!e || r->state == TRIAL_COMPLETE || !isfinite(e->value[e->n - 1]))
            continue;
        canvas_put(c, column_at(v, (double)e->step[e->n - 1]), row_at(v, (double)e->value[e->n - 1]),
                   trials_state_rune(v->s->look, r->state), style_of(v->s, kind_of(v->s, row[i])));
    }
}

/* The end that the rule foresaw of the chosen one, when it stopped it. */
static void draw_foreseen(struct canvas *c, const struct scene *v)
{
    const struct trials_facts *k = v->s->facts;
    bool ascii = look_ascii(v->s->look);
    struct style style = look_style(v->s->look, ROLE_MARK);
    if (!k->stopped || !isfinite(k->predicted))
        return;
    int x = v->area.x + v->area.w - 1, top = row_at(v, k->predicted + k->sigma),
        foot = row_at(v, k->predicted - k->sigma);
    canvas_fill(c, (struct rect){x, top, 1, foot - top + 1}, ascii ? '|' : 0x2502, style);
    canvas_put(c, x, row_at(v, k->predicted), ascii ? '+' : 0x253C, style);
}

/* ---- words ---- */

static void decision_text(const struct trials_scene *s, char *buf, size_t cap)
{
    const struct trials_facts *k = s->facts;
    const struct trial_row *r = model_trial(s->m, s->m->sel.trial);
    int stopped = s->table->count[TRIAL_PRUNED];
    size_t n = 0;
    buf[0] = 0;
    if (!r)
        return;
    n = str_append(buf, cap, n, "trial %d ", r->number);
    if (k->stopped) {
        n = str_append(buf, cap, n, "was stopped at step %d by %s", k->stopped_at, k->rule);
        if (isfinite(k->predicted))
            n = str_append(buf, cap, n, ", which foresaw %.2f %s %.2f %%", 100 * k->predicted,
                           look_ascii(s->look) ? "+-" : "±", 100 * k->sigma);
        str_append(buf, cap, n, "%s%s%s", k->thawed ? "; it was thawed" : "", r->reason[0] ? ": " : "", r->reason);
    } else if (k->off[0]) {
        str_append(buf, cap, n, "was let go on: %s", k->off);
    } else if (r->state == TRIAL_COMPLETE) {
        str_append(buf, cap, n, "went its whole way; %d trial%s stopped early", stopped,
                   stopped == 1 ? " was" : "s were");
    } else {
        str_append(buf, cap, n, "is %s%s%s", trial_state_name(r->state), r->reason[0] ? ": " : "", r->reason);
    }
}

static bool scene_of(struct scene *v, const struct trials_scene *s, struct rect r, const int *row, int n, int chosen)
{
    *v = (struct scene){.s = s, .lo = INFINITY, .hi = -INFINITY};
    for (int i = 0; i < n; i++)
        add_range(v, curve_of(s, row[i]));
    add_range(v, curve_of(s, chosen));
    if (s->facts->stopped && isfinite(s->facts->predicted)) {
        v->lo = fmin(v->lo, s->facts->predicted - s->facts->sigma);
        v->hi = fmax(v->hi, s->facts->predicted + s->facts->sigma);
    }
    double air = fmax(0.02 * (v->hi - v->lo), 1e-4);
    v->area = (struct rect){r.x + GUTTER, r.y, r.w - GUTTER, r.h - 1};
    v->lo = fmax(0, v->lo - air);
    v->hi += air;
    return v->steps > 0 && v->area.w > 8 && v->area.h > 1;
}

void trials_draw_curves(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    char text[512];
    int row[TRIALS_LINES], n = trials_sample(s->table, row), chosen = trials_table_row(s->table, s->m->sel.trial);
    struct rect words = rect_bottom(&r, r.h > 8 ? WORDS : r.h > 4 ? 1 : 0);
    struct scene v;
    decision_text(s, text, sizeof text);
    if (words.h > 0)
        wrap_text(c, words, look_style(s->look, s->facts->stopped ? ROLE_MARK : ROLE_MUTED), text);
    if (!scene_of(&v, s, r, row, n, chosen)) {
        canvas_text(c, r, r.x, r.y, look_style(s->look, ROLE_MUTED),
                    s->m->n_evals < s->m->n_trials ? "reading ..." : "no evaluation of a fine-tuning yet");
        return;
    }
    draw_y_axis(c, &v);
    draw_x_axis(c, &v);
    draw_lines(c, &v, row, n, curve_of(s, chosen));
    draw_signs(c, &v, row, n);
    draw_foreseen(c, &v);
}
