/* Texts are written once with the signs of the paper and made plain where the terminal has ASCII only. Numbers have four
 * digits: more is noise in a mean over a batch. */
#include "fsp_draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "heat.h"
#include "wrap.h"

enum { NORM_MARKS = 24 };

/* ---- texts ---- */

const char *fsp_plain(const struct look *l, const char *utf8, char *buf, size_t cap)
{
    static const struct {
        const char *sign, *plain;
    } signs[] = {{"−", "-"}, {"×", "x"}, {"·", "|"}, {"‖", "|"}, {"²", "^2"}};
    if (!look_ascii(l))
        return utf8;
    size_t n = 0;
    buf[0] = '\0';
    while (*utf8) {
        size_t k = 0;
        while (k < ARRAY_LEN(signs) && strncmp(utf8, signs[k].sign, strlen(signs[k].sign)) != 0)
            k++;
        n = k < ARRAY_LEN(signs) ? str_append(buf, cap, n, "%s", signs[k].plain) : str_append(buf, cap, n, "%c", *utf8);
        utf8 += k < ARRAY_LEN(signs) ? strlen(signs[k].sign) : 1;
    }
    return buf;
}

static int text(struct canvas *c, struct rect r, int x, const struct look *l, enum theme_role role, const char *utf8)
{
    char plain[512];
    return canvas_text(c, r, x, r.y, look_style(l, role), fsp_plain(l, utf8, plain, sizeof plain));
}

/* ---- maps ---- */

int fsp_tall(const struct look *l)
{
    const struct heat h = {.m = 2, .n = 2};
    return heat_area((struct rect){0, 0, 2, 2}, l, &h).h == 1 ? 2 : 1;
}

struct rect fsp_map_area(const struct fsp_band *b, int k, const struct fsp_pair *p, const struct look *l)
{
    struct rect r = b->map[k];
    struct fsp_shape shape = {k == 1 ? p->sm : p->tm, k == 1 ? p->sn : p->tn};
    int w, h;
    fsp_zoomed(shape, b->zoom, fsp_tall(l), &w, &h);
    r.w = w < r.w ? w : r.w;
    r.h = h < r.h ? h : r.h;
    return r;
}

/* Instead of a map that is not there. */
static void draw_why(struct canvas *c, const struct look *l, struct rect room, const struct fsp_pair *p, int k)
{
    char why[128], plain[128];
    if (k == 2 && p->t && p->s)
        str_append(why, sizeof why, 0, "No difference: the teacher's matrix is %d×%d, the student's %d×%d.", p->tm,
                   p->tn, p->sm, p->sn);
    else
        str_append(why, sizeof why, 0, k == 2 ? "No difference: one of the two is not there." : "Not there.");
    wrap_text(c, room, look_style(l, ROLE_MUTED), fsp_plain(l, why, plain, sizeof plain));
}

static void draw_map(struct canvas *c, const struct look *l, const struct fsp_band *b, const struct fsp_pair *p,
                     const struct fsp_shown *s, int k, const struct fsp_focus *focus)
{
    int di, dj;
    fsp_reduction(b->zoom, fsp_tall(l), &di, &dj);
    struct heat h = {.m = s->m[k],
                     .n = s->n[k],
                     .v = s->v[k],
                     .map = k == 2 ? COLORMAP_DIVERGING : COLORMAP_VIRIDIS,
                     .lo = k == 2 ? -s->wide : s->from,
                     .hi = k == 2 ? s->wide : s->to,
                     .cursor_i = focus ? focus->i / di : -1,
                     .cursor_j = focus ? focus->j / dj : -1};
    heat_draw(c, fsp_map_area(b, k, p, l), l, &h);
}

static void draw_title(struct canvas *c, const struct look *l, struct rect r, const struct fsp_pair *p, int k)
{
    static const char *const names[] = {"teacher", "student", "T − S"}, *const norms[] = {"|T|", "|S|", "|T−S|"};
    const double norm[] = {p->norm_t, p->norm_s, p->norm_d};
    bool collapsed = k == 1 && p->collapsed;
    int x = text(c, r, r.x, l, collapsed ? ROLE_WARN : ROLE_TITLE, names[k]);
    if (isnan(norm[k]))
        return;
    char figure[48];
    str_append(figure, sizeof figure, 0, "%s %.4g%s", norms[k], norm[k], collapsed ? " collapsed" : "");
    text(c, r, x + 2, l, collapsed ? ROLE_WARN : ROLE_MUTED, figure);
}

/* "pair 3 · 32×64 · |T−S|/|T| 12.3 %" */
static void pair_text(const struct fsp_pair *p, int pair, bool brief, char *buf, size_t cap)
{
    size_t n = str_append(buf, cap, 0, brief ? "%d" : "pair %d", pair + 1);
    if (p->tm > 0)
        n = str_append(buf, cap, n, brief ? " %d×%d" : "  %d×%d", p->tm, p->tn);
    double e = fsp_pair_error(p);
    if (!isnan(e))
        str_append(buf, cap, n, brief ? " %.3g%%" : "  off by %.3g %%", 100 * e);
}

/* "means of 2×2"; "" where nothing is reduced. */
static void reduction_text(const struct look *l, int zoom, char *buf, size_t cap)
{
    int di, dj;
    fsp_reduction(zoom, fsp_tall(l), &di, &dj);
    buf[0] = '\0';
    if (di > 1 || dj > 1)
        str_append(buf, cap, 0, "means of %d×%d", di, dj);
}

static void draw_heading(struct canvas *c, const struct look *l, struct rect r, const struct fsp_pair *p, int pair,
                         int zoom, bool chosen)
{
    char name[96], padded[100], reduction[48];
    if (r.h <= 0)
        return;
    pair_text(p, pair, false, name, sizeof name);
    str_append(padded, sizeof padded, 0, " %s ", name);
    int x = text(c, r, r.x, l, chosen ? ROLE_SELECTED : ROLE_TEXT, padded);
    reduction_text(l, zoom, reduction, sizeof reduction);
    text(c, r, x + 1, l, ROLE_MUTED, reduction);
}

/* A bar in one row, with the numbers of its ends and its middle: drawn as a map of a ramp, because the middle of a scale of
 * roots is not half way. */
static void draw_bar(struct canvas *c, struct rect r, const struct look *l, enum colormap map, const double ticks[3])
{
    float ramp[2 * 256];
    char text[3][16];
    int w[3];
    for (int k = 0; k < 3; k++) {
        plot_number(ticks[k], text[k], sizeof text[k]);
        w[k] = text_width(text[k]);
    }
    int n = r.w - w[0] - w[2] - 2, rows = fsp_tall(l), x = r.x + w[0] + 1;
    if (r.h < 1 || n < 6 || n > 256)
        return;
    for (int i = 0; i < rows * n; i++)
        ramp[i] = (float)(i % n) + 0.5f;
    const struct heat h = {.m = rows, .n = n, .v = ramp, .map = map, .lo = 0, .hi = n, .cursor_i = -1, .cursor_j = -1};
    heat_draw(c, (struct rect){x, r.y, n, 1}, l, &h);
    canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED), text[0]);
    canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, ROLE_MUTED), text[2]);
    if (n >= w[1] + 14)
        canvas_printf(c, r, x + (n - w[1] - 2) / 2, r.y, look_style(l, ROLE_MUTED), " %s ", text[1]);
}

/* As long as the maps above it, but not too short to be read. */
static struct rect bar_area(struct rect bar, const struct rect *last)
{
    int w = last->x + last->w - bar.x;
    w = w < 24 ? 24 : w;
    bar.w = w < bar.w ? w : bar.w;
    return bar;
}

void fsp_draw_band(struct canvas *c, const struct look *l, const struct fsp_band *b, const struct fsp_pair *p,
                   const struct fsp_focus *focus)
{
    bool chosen = focus->block || focus->pair == b->pair;
    struct fsp_shown s;
    int di, dj;
    fsp_reduction(b->zoom, fsp_tall(l), &di, &dj);
    fsp_shown_make(&s, p, di, dj, focus->root);
    draw_heading(c, l, b->heading, p, b->pair, b->zoom, chosen);
    for (int k = 0; k < 3; k++) {
        struct rect room = {b->map[k].x, b->map[k].y, b->title[k].w, b->map[k].h};
        draw_title(c, l, b->title[k], p, k);
        if (s.v[k])
            draw_map(c, l, b, p, &s, k, chosen ? focus : NULL);
        else
            draw_why(c, l, room, p, k);
    }
    const double values[3] = {s.lo, s.middle, s.hi}, differences[3] = {-s.span, 0, s.span};
    if (s.v[0] || s.v[1])
        draw_bar(c, bar_area(b->bar[0], &b->map[1]), l, COLORMAP_VIRIDIS, values);
    if (s.v[2])
        draw_bar(c, bar_area(b->bar[1], &b->map[2]), l, COLORMAP_DIVERGING, differences);
    fsp_shown_release(&s);
}

void fsp_draw_tabs(struct canvas *c, struct rect r, const struct look *l, const struct fsp_pair pairs[3], int chosen,
                   int zoom, int end[3])
{
    char name[3][96], reduction[48];
    reduction_text(l, zoom, reduction, sizeof reduction);
    for (int brief = 0; brief < 2; brief++) {
        int w = 3 + text_width(reduction); /* blanks between them */
        for (int i = 0; i < 3; i++) {
            pair_text(&pairs[i], i, brief, name[i], sizeof name[i]);
            w += text_width(name[i]) + 2;
        }
        if (w <= r.w)
            break;
    }
    int x = r.x;
    for (int i = 0; i < 3; i++) {
        char padded[100];
        str_append(padded, sizeof padded, 0, " %s ", name[i]);
        x = text(c, r, x, l, i == chosen ? ROLE_SELECTED : ROLE_MUTED, padded) + 1;
        end[i] = x;
    }
    text(c, r, x + 1, l, ROLE_MUTED, reduction);
}

void fsp_draw_reduction(struct canvas *c, struct rect r, const struct look *l, int zoom)
{
    char reduction[48];
    reduction_text(l, zoom, reduction, sizeof reduction);
    text(c, r, r.x, l, ROLE_MUTED, reduction);
}

/* ---- read-out ---- */

struct value {
    const char *name;
    char text[48];
    enum theme_role role;
};

static void put_number(struct value *v, const char *name, double x, const char *fmt)
{
    v->name = name;
    v->role = ROLE_TEXT;
    if (isnan(x))
        str_append(v->text, sizeof v->text, 0, "-");
    else
        snprintf(v->text, sizeof v->text, fmt, x);
}

enum { N_VALUES = 5 };

static void values_of(struct value *v, const struct fsp_pair *p, const struct fsp_focus *f)
{
    static const char *const names[] = {"T", "S", "T−S"};
    v[0] = (struct value){.name = "", .role = ROLE_CURSOR};
    str_append(v[0].text, sizeof v[0].text, 0, "i %d j %d", f->i, f->j);
    for (int k = 0; k < 3; k++)
        put_number(&v[1 + k], names[k], fsp_pair_at(p, k, f->i, f->j), k == 2 ? "%+.4g" : "%.4g");
    put_number(&v[4], "|T−S|/|T|", 100 * fsp_pair_error(p), "%.3g %%");
}

/* Name and value, one after the other, in as many rows as there are. */
static void readout_lines(struct canvas *c, struct rect r, const struct look *l, const struct value *v)
{
    struct rect row = {r.x, r.y, r.w, 1};
    int x = r.x;
    for (int k = 0; k < N_VALUES; k++) {
        char plain[64];
        const char *name = fsp_plain(l, v[k].name, plain, sizeof plain);
        int w = text_width(name) + (*name ? 1 : 0) + text_width(v[k].text);
        if (x > r.x && x + w > r.x + r.w) {
            x = r.x;
            if (++row.y >= r.y + r.h)
                return;
        }
        x = canvas_text(c, row, x, row.y, look_style(l, ROLE_MUTED), name) + (*name ? 1 : 0);
        x = canvas_text(c, row, x, row.y, look_style(l, v[k].role), v[k].text) + 3;
    }
}

static void readout_table(struct canvas *c, struct rect r, const struct look *l, const struct fsp_pair *p,
                          const struct fsp_focus *f, const struct value *v)
{
    static const char *const names[] = {"", "teacher", "student", "T − S"};
    char line[128];
    struct rect row = rect_top(&r, 1);
    if (f->block)
        str_append(line, sizeof line, 0, "element i %d, j %d", f->i, f->j);
    else
        str_append(line, sizeof line, 0, "pair %d, element i %d, j %d", f->pair + 1, f->i, f->j);
    text(c, row, row.x, l, ROLE_CURSOR, line);
    for (int k = 1; k < 4; k++) {
        row = rect_top(&r, 1);
        text(c, row, row.x, l, ROLE_MUTED, names[k]);
        text(c, row, row.x + 10 + (v[k].text[0] != '-' && v[k].text[0] != '+'), l, ROLE_TEXT, v[k].text);
    }
    rect_top(&r, 1);
    row = rect_top(&r, 1);
    int x = text(c, row, row.x, l, ROLE_MUTED, v[4].name);
    text(c, row, x + 1, l, ROLE_TEXT, v[4].text);
    if (p->d) {
        int i, j;
        fsp_pair_largest(p, &i, &j);
        row = rect_top(&r, 1);
        x = text(c, row, row.x, l, ROLE_MUTED, "largest T−S");
        canvas_printf(c, row, x + 1, row.y, look_style(l, ROLE_TEXT), "%+.4g at i %d, j %d", fsp_pair_at(p, 2, i, j), i,
                      j);
    }
    row = rect_top(&r, 1);
    if (p->collapsed)
        text(c, row, row.x, l, ROLE_WARN, "collapsed: |S|² under 1 % of |T|²");
    else if (p->not_finite) {
        str_append(line, sizeof line, 0, "%d elements are not finite", p->not_finite);
        text(c, row, row.x, l, ROLE_BAD, line);
    }
}

void fsp_draw_readout(struct canvas *c, struct rect r, const struct look *l, const struct fsp_pair *p,
                      const struct fsp_focus *f)
{
    struct value v[N_VALUES];
    if (r.w <= 0 || r.h <= 0)
        return;
    values_of(v, p, f);
    if (r.h > 2)
        readout_table(c, r, l, p, f, v);
    else
        readout_lines(c, r, l, v);
}

/* ---- norms over time ---- */

struct norms {
    struct plot plot;
    struct plot_curve curves[3];
    struct plot_mark marks[NORM_MARKS];
    char name[3][16], title[64], plain[64], step[24];
};

static void norms_make(struct norms *n, const struct look *l, const struct model *m, int chosen)
{
    static const char *const keys[] = {"fsp1", "fsp2", "fsp3"};
    *n = (struct norms){.plot = {.x_min = NAN, .x_max = NAN, .y_min = NAN, .y_max = NAN, .log_y = true, .cursor = NAN}};
    for (int i = 0; i < 3; i++) {
        const struct series *s = curves_find(&m->curves, "transfer", keys[i]);
        if (!s)
            continue;
        struct style style = look_style(l, ROLE_CURVE2 + (enum theme_role)i); /* as on the Run screen */
        const struct points *p = series_points(s);
        style.attr |= i == chosen ? ATTR_BOLD : 0;
        str_append(n->name[i], sizeof n->name[i], 0, "%d", i + 1);
        n->curves[n->plot.n_curves++] =
            (struct plot_curve){.name = n->name[i], .n = p->n, .x = p->step, .y = p->value, .style = style};
    }
    str_append(n->title, sizeof n->title, 0, "|T−S|² by pair%s",
               m->has_settings && m->settings.fsp_norm == FSP_NORM_MEAN ? " (element mean)" : "");
    n->plot.title = fsp_plain(l, n->title, n->plain, sizeof n->plain);
    n->plot.x_label = "step";
    for (int i = 0; i < m->n_events && n->plot.n_marks < NORM_MARKS - 1; i++) {
        const struct event_row *e = &m->events[i];
        if (e->trial == m->sel.trial && strcmp(e->stage, "transfer") == 0 && strcmp(e->kind, "set") == 0)
            n->marks[n->plot.n_marks++] =
                (struct plot_mark){.x = e->step, .label = e->key, .style = look_style(l, ROLE_MARK)};
    }
    str_append(n->step, sizeof n->step, 0, "%d", m->fsp.step);
    n->marks[n->plot.n_marks++] =
        (struct plot_mark){.x = m->fsp.step, .label = n->step, .style = look_style(l, ROLE_CURSOR)};
    n->plot.curves = n->curves;
    n->plot.marks = n->marks;
}

void fsp_draw_norms(struct canvas *c, struct rect r, const struct look *l, const struct model *m, int chosen)
{
    struct norms n;
    norms_make(&n, l, m, chosen);
    if (r.w > 0 && r.h > 0)
        plot_draw(c, r, l, &n.plot);
}

int fsp_norms_step_at(struct rect r, const struct model *m, int column)
{
    struct norms n;
    struct look any = {.theme = theme_dark};
    norms_make(&n, &any, m, 0);
    double x = plot_x_at(&n.plot, r, column);
    return isnan(x) ? -1 : (int)lround(fmax(0, x));
}
