/* How much the settings matter: a bar each, solid up to where the total Sobol index lies for all but few of the functions that
 * the model leaves open, and lighter up to where few lie above; and the fitted hyperparameters in a sentence. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "search_impl.h"
#include "wrap.h"

/* A setting that explains less than this with all its interactions, or changes the objective over more than this share of
 * its range only, hardly matters. */
#define LEAST_INDEX 0.05
#define LONGEST_SCALE 1.5

enum { NAME_W = 12, NUMBERS_W = 16, ALONE_W = 7, TOP_W = 7 };

/* ---- words ---- */

static bool matters(const struct belief_picture *p, int j)
{
    return p->hyper.lengthscale[j] < LONGEST_SCALE &&
           (!p->weights.known || p->weights.total[j].estimate >= LEAST_INDEX);
}

void search_hyper_text(const struct look *l, const struct search_scene *s, char *buf, size_t cap)
{
    const struct belief_picture *p = s->picture;
    size_t n = 0;
    int told = 0;
    buf[0] = '\0';
    if (!p || !p->fitted)
        return;
    for (int k = 0; k < s->n_dims; k++) {
        int j = s->dim[k];
        const struct dim *d = &s->space.dims[j];
        double scale = p->hyper.lengthscale[j];
        char text[24];
        if (!matters(p, j))
            continue;
        n = str_append(buf, cap, n, "%s%s %s", told ? ", " : "", d->name, told ? "" : "matters ");
        told++;
        str_append(text, sizeof text, 0, "%.2g", d->log ? pow(d->max / d->min, scale) : (d->max - d->min) * scale);
        plot_number(strtod(text, NULL), text, sizeof text);
        if (d->type == DIM_CATEGORY)
            n = str_append(buf, cap, n, "from one to the other");
        else
            n = str_append(buf, cap, n, d->log ? "over a factor of %s" : "over %s", text);
    }
    int hardly = 0;
    for (int k = 0; k < s->n_dims; k++)
        if (!matters(p, s->dim[k]))
            n = str_append(buf, cap, n, "%s%s", hardly++ ? ", " : n ? "; " : "", s->space.dims[s->dim[k]].name);
    n = str_append(buf, cap, n, "%s",
                   hardly ? (told         ? " hardly"
                             : hardly > 1 ? " hardly matter"
                                          : " hardly matters")
                          : "");
    str_append(buf, cap, n, "; noise %s%.2g points", look_ascii(l) ? "+-" : "±", 100 * p->hyper.noise);
}

/* ---- bars ---- */

static void draw_bar(struct canvas *c, struct rect r, const struct look *l, const struct importance_interval *t)
{
    bool ascii = look_ascii(l);
    for (int x = 0; x < r.w; x++) {
        double at = (x + 0.5) / r.w;
        if (at < t->low)
            canvas_put(c, r.x + x, r.y, ascii ? '#' : 0x2588, look_style(l, ROLE_CURVE1));
        else if (at < t->high)
            canvas_put(c, r.x + x, r.y, ascii ? '=' : 0x2592, look_style(l, ROLE_CURVE1));
        else
            canvas_put(c, r.x + x, r.y, ascii ? '.' : 0x00B7, look_style(l, ROLE_FRAME));
    }
}

static void draw_weight(struct canvas *c, struct rect row, const struct look *l, const struct search_scene *s, int k)
{
    const struct belief_weights *w = &s->picture->weights;
    int j = s->dim[k];
    double sum = 0;
    struct style text = look_style(l, ROLE_TEXT), muted = look_style(l, ROLE_MUTED);
    struct rect top = {0}, alone = {0};
    for (int i = 0; i < s->space.n; i++)
        sum += w->ped_anova[i];
    if (row.w >= 50)
        top = rect_right(&row, TOP_W);
    if (row.w >= 42)
        alone = rect_right(&row, ALONE_W);
    struct rect numbers = rect_right(&row, NUMBERS_W), name = rect_left(&row, NAME_W);
    canvas_text(c, (struct rect){name.x, name.y, NAME_W - 1, 1}, name.x, name.y, text, s->space.dims[j].name);
    draw_bar(c, row, l, &w->total[j]);
    canvas_printf(c, numbers, numbers.x, numbers.y, text, " %.2f", w->total[j].estimate);
    canvas_printf(c, numbers, numbers.x + 6, numbers.y, muted, "%.2f-%.2f", fmax(0, w->total[j].low), w->total[j].high);
    if (alone.w > 0)
        canvas_printf(c, alone, alone.x, alone.y, text, " %5.2f", w->first[j].estimate);
    if (top.w > 0)
        canvas_printf(c, top, top.x, top.y, text, " %4.0f %%", sum > 0 ? 100 * w->ped_anova[j] / sum : 0);
}

static void draw_heading(struct canvas *c, struct rect row, const struct look *l)
{
    struct style muted = look_style(l, ROLE_MUTED);
    int end = row.x + row.w;
    canvas_text(c, row, row.x, row.y, look_style(l, ROLE_TITLE), "what matters");
    if (row.w >= 50) {
        canvas_text_right(c, row, end, row.y, muted, "at top");
        end -= TOP_W;
    }
    if (row.w >= 42) {
        canvas_text_right(c, row, end - 1, row.y, muted, "alone");
        end -= ALONE_W;
    }
    canvas_text_right(c, row, end - 1, row.y, muted, row.w >= 42 ? "in all, 5-95 %" : "share in all, 5-95 %");
}

void search_draw_weights(struct canvas *c, struct rect r, const struct look *l, const struct search_scene *s)
{
    char text[512];
    const struct belief_picture *p = s->picture;
    if (r.w < NAME_W + NUMBERS_W || r.h < 2)
        return;
    draw_heading(c, rect_top(&r, 1), l);
    if (p && p->weights.known) {
        for (int k = 0; k < s->n_dims && r.h > 0; k++)
            draw_weight(c, rect_top(&r, 1), l, s, k);
    } else {
        struct rect row = rect_top(&r, 1);
        canvas_text(c, row, row.x, row.y, look_style(l, ROLE_MUTED),
                    s->complete < BELIEF_WEIGHED_FROM ? "too few trials to say" : "being worked out ...");
    }
    if (r.h > 3)
        rect_top(&r, 1);
    search_hyper_text(l, s, text, sizeof text);
    wrap_text(c, r, look_style(l, ROLE_MUTED), text);
}
