/* The Device screen: what the GPU does, or the processor where there is none; where the time of a step goes; and the same
 * quantities over time, one below the other on one time axis with the images per second.
 *
 * Gauges and histories are rows of two tables, each entry saying how a value is read from a sample and what its whole is,
 * so that a bar and the curve of the same quantity agree. Where things stand depends on the rectangle and on whether
 * there is a GPU, never on the values: the screen does not jump when one of them becomes known. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "device_export.h"
#include "gauge.h"
#include "quantity.h"
#include "view.h"

struct device_view {
    bool chosen; /* by hand; else the GPU that the study uses */
    int gpu;
    bool recent;             /* the latest two minutes instead of everything that is kept */
    struct rect gpu_cell[4]; /* in the row of GPUs, as drawn last; empty where there is none */
};

enum { MIN_WIDTH_SIDE = 110, MIN_W_FRAME = 60, MIN_H_FRAME = 26, WIDE = 64, BINS_MAX = 1024 };

/* What the parts of the screen are given. */
struct scene {
    struct canvas *c;
    const struct look *l;
    const struct model *m;
    const struct device_sample *now; /* the newest; NULL: none yet */
    int gpu, gpus;                   /* gpus 0: there is none */
    bool frames;
    struct rect *gpu_cell; /* (gpus) gets where they stand in their row */
};

/* ---- panels ---- */

/* A title with a note at the right: in a frame, or as a line of its own. Returns the inside. */
static struct rect panel(const struct scene *s, struct rect r, const char *title, const char *note)
{
    const struct look *l = s->l;
    struct rect inside, room;
    if (s->frames) {
        inside = rect_inset(
            canvas_frame(s->c, r, title, look_style(l, ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l)), 1, 0);
        room = rect_inset((struct rect){r.x, r.y, r.w, 1}, 2, 0);
    } else {
        room = rect_top(&r, 1);
        canvas_fill(s->c, room, look_ascii(l) ? '-' : 0x2500, look_style(l, ROLE_FRAME));
        canvas_printf(s->c, room, room.x, room.y, look_style(l, ROLE_TITLE), "%s ", title);
        inside = r;
    }
    if (*note && text_width(title) + text_width(note) + 6 <= room.w) {
        char text[160];
        snprintf(text, sizeof text, " %s ", note);
        canvas_text_right(s->c, room, room.x + room.w, room.y, look_style(l, ROLE_MUTED), text);
    }
    return inside;
}

/* Rows that a panel takes for N rows inside. */
static int panel_rows(const struct scene *s, int n)
{
    return n + (s->frames ? 2 : 1);
}

/* ---- gauges ---- */

/* label | bar | number unit | note */
static void draw_gauge(const struct scene *s, struct rect r, const struct quantity *q)
{
    bool wide = r.w >= WIDE, wider = r.w >= 76;
    double v = s->now ? q->value(s->now, s->gpu) : NAN, whole = s->now && q->whole ? q->whole(s->now, s->gpu) : NAN;
    struct figure f = figure_of(q->unit, v, s->l);
    struct rect label = rect_left(&r, wide ? 16 : 8), note = {0};
    char text[96];
    canvas_text(s->c, label, label.x, label.y, look_style(s->l, ROLE_MUTED), wide ? q->name : q->brief);
    if (wide)
        note = rect_right(&r, wider ? 28 : 16);
    struct rect unit = rect_right(&r, 7), number = rect_right(&r, 6);
    canvas_text_right(s->c, number, number.x + number.w, number.y,
                      isnan(v) ? look_style(s->l, ROLE_MUTED) : look_style(s->l, ROLE_TEXT), f.number);
    canvas_text(s->c, unit, unit.x + 1, unit.y, look_style(s->l, ROLE_MUTED), f.unit);
    text[0] = 0;
    if (s->now)
        quantity_note(q, s->now, s->gpus ? s->gpu : -1, s->l, text, sizeof text, note.w);
    canvas_text(s->c, note, note.x, note.y, look_style(s->l, ROLE_MUTED), text);
    if (q->whole && r.w >= 4)
        gauge_bar(s->c, r, s->l, v / whole, quantity_role(q, v / whole));
}

/* All GPUs in a row, where there are several: which one is shown and what the others do. */
static void draw_gpus(const struct scene *s, struct rect r)
{
    struct rect label = rect_left(&r, r.w >= WIDE ? 16 : 8);
    int each = r.w / s->gpus < 20 ? r.w / s->gpus : 20;
    canvas_text(s->c, label, label.x, label.y, look_style(s->l, ROLE_MUTED), "GPUs");
    for (int i = 0; i < s->gpus; i++) {
        struct rect cell = rect_left(&r, each);
        s->gpu_cell[i] = cell;
        double v = s->now ? s->now->gpu[i].utilization : NAN;
        char text[32];
        int n = snprintf(text, sizeof text, " %d ", i);
        struct rect name = rect_left(&cell, n);
        rect_right(&cell, 2);
        struct rect number = rect_right(&cell, 6);
        canvas_text(s->c, name, name.x, name.y, look_style(s->l, i == s->gpu ? ROLE_SELECTED : ROLE_MUTED), text);
        if (cell.w >= 3)
            gauge_bar(s->c, rect_inset(cell, 1, 0), s->l, v, ROLE_CURVE1);
        figure_text(UNIT_PERCENT, v, s->l, text, sizeof text);
        canvas_text_right(s->c, number, number.x + number.w, number.y,
                          look_style(s->l, isnan(v) ? ROLE_MUTED : ROLE_TEXT), text);
    }
}

static int gauge_rows(const struct scene *s)
{
    int n;
    quantity_gauges(s->gpus > 0, &n);
    return n + (s->gpus > 1);
}

static void draw_gauges(const struct scene *s, struct rect r, bool titled)
{
    char title[128], note[96] = "";
    if (s->gpus)
        snprintf(title, sizeof title, "GPU %d%s%s", s->gpu, s->now && s->now->gpu[s->gpu].name[0] ? ": " : "",
                 s->now ? s->now->gpu[s->gpu].name : "");
    else
        snprintf(title, sizeof title, "Processor");
    if (s->m->live.valid && s->m->live.device[0])
        snprintf(note, sizeof note, "the study runs on %.64s", s->m->live.device);
    if (titled)
        r = panel(s, r, title, note);
    int n;
    const struct quantity *const *table = quantity_gauges(s->gpus > 0, &n);
    for (int i = 0; i < n && r.h > 0; i++)
        draw_gauge(s, rect_top(&r, 1), table[i]);
    if (s->gpus > 1 && r.h > 0)
        draw_gpus(s, rect_top(&r, 1));
}

/* ---- where a step's time goes ---- */

struct parts {
    int n;
    const char *name[GAUGE_PARTS];
    double seconds[GAUGE_PARTS], part[GAUGE_PARTS], whole;
    int name_width;
};

/* The parts of a step; what they leave of its time is "other". */
static struct parts step_parts(const struct live *live)
{
    struct parts p = {0};
    double sum = 0;
    for (int i = 0; i < live->n_parts && i < GAUGE_PARTS - 1; i++) {
        p.name[p.n] = live->part_name[i];
        p.seconds[p.n++] = live->part_seconds[i];
        sum += live->part_seconds[i] > 0 ? live->part_seconds[i] : 0;
    }
    p.whole = live->step_seconds > sum ? live->step_seconds : sum;
    if (p.n && p.whole - sum > 0.005 * p.whole) {
        p.name[p.n] = "other";
        p.seconds[p.n++] = p.whole - sum;
    }
    for (int i = 0; i < p.n; i++) {
        p.part[i] = p.whole > 0 && p.seconds[i] > 0 ? p.seconds[i] / p.whole : NAN;
        int w = text_width(p.name[i]);
        p.name_width = w > p.name_width ? w : p.name_width;
    }
    return p;
}

/* What stands in a cell of the legend, without its bar: "# name  51.2 ms  36 %". */
enum { LEGEND_NUMBERS = 8 + 6, LEGEND_GAP = 2 };
static int legend_width(const struct parts *p)
{
    return 2 + p->name_width + LEGEND_NUMBERS + LEGEND_GAP;
}

static void draw_legend_entry(const struct scene *s, struct rect r, const struct parts *p, int i, bool bar)
{
    struct style style;
    char text[32];
    struct rect swatch = rect_left(&r, 2), name = rect_left(&r, p->name_width);
    uint32_t glyph = gauge_stack_glyph(s->l, i, &style);
    if (swatch.w > 0)
        canvas_put(s->c, swatch.x, swatch.y, glyph, style);
    canvas_text(s->c, name, name.x, name.y, look_style(s->l, ROLE_TEXT), p->name[i]);
    struct rect numbers = rect_left(&r, LEGEND_NUMBERS);
    figure_seconds(p->seconds[i], s->l, text, sizeof text);
    canvas_text_right(s->c, numbers, numbers.x + 8, numbers.y, look_style(s->l, ROLE_TEXT), text);
    figure_text(UNIT_PERCENT, p->part[i], s->l, text, sizeof text);
    canvas_text_right(s->c, numbers, numbers.x + LEGEND_NUMBERS, numbers.y, look_style(s->l, ROLE_MUTED), text);
    rect_left(&r, 2);
    if (!bar || r.w < 8 || isnan(p->part[i]))
        return;
    int full = (int)lround(p->part[i] * r.w);
    canvas_fill(s->c, (struct rect){r.x, r.y, full > 0 ? full : 1, 1}, glyph, style);
}

/* Column by column, so that neighbours in time stand below each other. Where there is no room for all, the smallest are
 * left out. */
static void draw_legend(const struct scene *s, struct rect r, const struct parts *p)
{
    int width = legend_width(p), fit = r.w / width > 0 ? r.w / width : 1, columns = 1, shown = 0;
    bool left_out[GAUGE_PARTS] = {false};
    if (r.h <= 0)
        return;
    while (columns < fit && columns * r.h < p->n)
        columns++;
    for (int n = p->n; n > columns * r.h; n--) {
        int least = -1;
        for (int i = 0; i < p->n; i++)
            if (!left_out[i] && (least < 0 || !(p->seconds[i] >= p->seconds[least])))
                least = i;
        left_out[least] = true;
    }
    int rows = (p->n + columns - 1) / columns < r.h ? (p->n + columns - 1) / columns : r.h;
    int each = columns == 1 ? r.w : width + (r.w - columns * width) / columns / 2;
    for (int i = 0; i < p->n; i++) {
        if (left_out[i])
            continue;
        struct rect cell = {r.x + shown / rows * each, r.y + shown % rows, columns == 1 ? r.w : width, 1};
        draw_legend_entry(s, cell, p, i, columns == 1);
        shown++;
    }
}

static int legend_rows(const struct parts *p, int w)
{
    int columns = w / legend_width(p) > 0 ? w / legend_width(p) : 1;
    return p->n ? (p->n + columns - 1) / columns : 1;
}

static void draw_step(const struct scene *s, struct rect r, const struct parts *p)
{
    const struct live *live = &s->m->live;
    char title[64] = "A step", note[96] = "", took[32];
    if (live->valid && live->stage[0])
        snprintf(title, sizeof title, "A step of %s", live->stage);
    figure_seconds(live->valid && p->whole > 0 ? p->whole : NAN, s->l, took, sizeof took);
    if (live->valid && !isnan(live->images_per_second))
        snprintf(note, sizeof note, "%s, %.*f images/s", took, live->images_per_second < 100 ? 1 : 0,
                 live->images_per_second);
    else
        snprintf(note, sizeof note, "%s", took);
    r = panel(s, r, title, note);
    struct rect bar = rect_top(&r, 1);
    gauge_stack(s->c, bar, s->l, p->part, p->n);
    if (p->n)
        draw_legend(s, r, p);
    else
        canvas_text(s->c, r, r.x, r.y, look_style(s->l, ROLE_MUTED), "N/A: not known how its time divides");
}

/* ---- history ---- */

struct history {
    double window, end; /* s; end: of the last bin */
    int bins;
    bool fine, apart; /* room for an axis; and for an empty row below each */
};

/* How long the axis is: the shortest of a few round times that holds everything. */
static double window_of(const struct model *m, bool recent)
{
    static const double windows[] = {60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600};
    double span = m->n_samples > 1 ? model_sample_at(m, m->n_samples - 1)->at - model_sample_at(m, 0)->at : 0;
    size_t i = 0;
    while (i + 1 < (recent ? 2 : ARRAY_LEN(windows)) && windows[i] < span)
        i++;
    return windows[i];
}

/* Means of the bins of a quantity; returns the mean of all. A sample speaks for the time since the one before it, but for
 * no more than a few of the usual intervals: where nobody has looked there is a gap. Bins begin at whole multiples of
 * their width, so that they do not change while they move along. */
static double bin_values(const struct scene *s, const struct quantity *q, const struct history *h, double *out)
{
    double weight[BINS_MAX] = {0}, width = h->window / h->bins, start = h->end - h->window;
    const struct model *m = s->m;
    double span = m->n_samples > 1 ? s->now->at - model_sample_at(m, 0)->at : 0;
    double longest = fmax(3, m->n_samples > 1 ? 2.5 * span / (m->n_samples - 1) : 0);
    for (int i = 0; i < h->bins; i++)
        out[i] = 0;
    for (int k = 0; k < m->n_samples; k++) {
        const struct device_sample *d = model_sample_at(m, k);
        double v = q->value(d, s->gpu), to = d->at, from = k > 0 ? model_sample_at(m, k - 1)->at : to - 1;
        from = fmax(fmax(from, to - longest), start);
        if (isnan(v) || to <= from)
            continue;
        for (int i = (int)floor((from - start) / width); i < h->bins; i++) {
            double part = fmin(to, start + (i + 1) * width) - fmax(from, start + i * width);
            if (part <= 0)
                break;
            out[i] += v * part;
            weight[i] += part;
        }
    }
    double sum = 0, time = 0;
    for (int i = 0; i < h->bins; i++) {
        sum += out[i];
        time += weight[i];
        out[i] = weight[i] > 0 ? out[i] / weight[i] : NAN;
    }
    return time > 0 ? sum / time : NAN;
}

/* label | top and bottom of the axis | history */
static void draw_history(const struct scene *s, struct rect r, const struct quantity *q, const struct history *h)
{
    double v[BINS_MAX], top = 0, now = s->now ? q->value(s->now, s->gpu) : NAN;
    double whole = s->now && q->whole && !q->free_axis ? q->whole(s->now, s->gpu) : NAN;
    char text[48];
    double mean = bin_values(s, q, h, v);
    for (int i = 0; i < h->bins; i++)
        top = fmax(top, v[i]); /* which passes over NaN */
    whole = fmax(isnan(whole) ? 0 : whole, isnan(whole) || top > whole ? figure_round_up(top, q->unit) : 0);
    for (int i = 0; i < h->bins; i++)
        v[i] /= whole;
    if (h->apart)
        rect_bottom(&r, 1);
    struct rect label = rect_left(&r, h->fine ? 16 : 11), axis = rect_left(&r, h->fine ? 9 : 0);
    struct style muted = look_style(s->l, ROLE_MUTED);
    canvas_text(s->c, label, label.x, label.y, look_style(s->l, q->role), h->fine ? q->name : q->brief);
    figure_text(q->unit, now, s->l, text, sizeof text);
    canvas_text(s->c, label, label.x, label.y + 1, isnan(now) ? muted : look_style(s->l, ROLE_TITLE), text);
    if (label.h > 2 && !isnan(mean)) {
        char number[40];
        figure_text(q->unit, mean, s->l, number, sizeof number);
        snprintf(text, sizeof text, h->fine ? "mean %s" : "~ %s", number);
        canvas_text(s->c, label, label.x, label.y + 2, muted, text);
    }
    if (!isnan(mean)) {
        figure_text(q->unit, whole, s->l, text, sizeof text);
        canvas_text_right(s->c, axis, axis.x + axis.w - 1, axis.y, muted, text);
        canvas_text_right(s->c, axis, axis.x + axis.w - 1, axis.y + axis.h - 1, muted, "0");
    }
    gauge_history(s->c, r, s->l, v, h->bins, q->role);
}

/* A time within a window, in the window's unit. */
static void span_text(double s, double window, char *buf, size_t cap)
{
    if (window < 300)
        str_append(buf, cap, 0, "%.0f s", s);
    else if (window < 7200)
        str_append(buf, cap, 0, "%.3g min", s / 60);
    else
        str_append(buf, cap, 0, "%.3g h", s / 3600);
}

static void draw_time_axis(const struct scene *s, struct rect r, double window)
{
    static const int divisions[] = {6, 5, 4, 3, 2, 1};
    double grain = window < 300 ? 10 : 60;
    size_t d = 0;
    while (d + 1 < ARRAY_LEN(divisions) && (r.w / divisions[d] < 10 || fmod(window / divisions[d], grain) != 0))
        d++;
    for (int i = 0; i <= divisions[d]; i++) {
        char text[32] = "-";
        if (i < divisions[d])
            span_text(window * (divisions[d] - i) / divisions[d], window, text + 1, sizeof text - 1);
        else
            str_append(text, sizeof text, 0, "now");
        int x = r.x + r.w * i / divisions[d], w = text_width(text);
        x = i == 0 ? r.x : i == divisions[d] ? r.x + r.w - w : x - w / 2;
        canvas_text(s->c, r, x, r.y, look_style(s->l, ROLE_MUTED), text);
    }
}

static void draw_histories(const struct scene *s, struct rect r, bool recent)
{
    int most;
    const struct quantity *const *table = quantity_histories(s->gpus > 0, &most);
    struct history h = {.window = window_of(s->m, recent)};
    char title[48], text[32];
    span_text(h.window, h.window, text, sizeof text);
    snprintf(title, sizeof title, "Last %s", text);
    r = panel(s, r, title, "");
    if (!s->now) {
        canvas_text(s->c, r, r.x, r.y, look_style(s->l, ROLE_MUTED), "nothing has been measured yet");
        return;
    }
    struct rect axis = rect_bottom(&r, 1);
    h.fine = r.w >= WIDE;
    int label = h.fine ? 25 : 11;
    rect_left(&axis, label);
    h.bins = gauge_history_values(s->l, axis.w);
    if (h.bins < 8)
        return;
    h.bins = h.bins < BINS_MAX ? h.bins : BINS_MAX;
    double width = h.window / h.bins;
    h.end = (floor(s->now->at / width) + 1) * width;
    draw_time_axis(s, axis, h.window);
    int n = r.h / 3 > 4 ? r.h / 3 : r.h / 2 > 4 ? 4 : r.h / 2;
    n = n < most ? n : most;
    h.apart = n > 0 && r.h / n >= 5;
    for (int i = 0; i < n; i++)
        draw_history(s, rect_top(&r, r.h / (n - i) + (r.h % (n - i) != 0)), table[i], &h);
}

/* ---- the screen ---- */

static int gpus_shown(const struct model *m)
{
    int most = (int)ARRAY_LEN(m->samples[0].gpu);
    return m->n_gpus < most ? m->n_gpus : most;
}

/* The one chosen, or the study's ("cuda:1"), or the first. */
static int gpu_shown(const struct device_view *v, const struct model *m)
{
    int gpu = v->gpu, n = gpus_shown(m);
    if (!v->chosen && sscanf(m->live.device, "cuda:%d", &gpu) != 1)
        gpu = 0;
    return gpu >= 0 && gpu < n ? gpu : 0;
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct device_view *v = self;
    const struct model *m = ctx->model;
    struct scene s = {
        c, ctx->look, m, NULL, gpu_shown(v, m), gpus_shown(m), r.w >= MIN_W_FRAME && r.h >= MIN_H_FRAME, v->gpu_cell};
    memset(v->gpu_cell, 0, sizeof v->gpu_cell);
    if (m->n_samples > 0)
        s.now = model_sample_at(m, m->n_samples - 1);
    struct parts parts = step_parts(&m->live);
    int gauges = panel_rows(&s, gauge_rows(&s)), history = panel_rows(&s, r.h >= 16 ? 5 : 3);
    if (r.h < gauges) {
        s.frames = false;
        draw_gauges(&s, r, r.h > gauge_rows(&s));
        return;
    }
    if (r.w >= MIN_WIDTH_SIDE && r.h >= gauges + history) {
        struct rect top = rect_top(&r, r.h >= 30 && !s.gpus ? gauges + 3 : gauges), left = rect_left(&top, top.w / 2);
        if (!s.frames)
            rect_left(&top, 2);
        draw_gauges(&s, left, true);
        draw_step(&s, top, &parts);
        draw_histories(&s, r, v->recent);
        return;
    }
    draw_gauges(&s, rect_top(&r, gauges), true);
    int want = panel_rows(&s, 1 + legend_rows(&parts, r.w - (s.frames ? 4 : 0))), room = r.h - history;
    if (room >= panel_rows(&s, 2))
        draw_step(&s, rect_top(&r, want < room ? want : room), &parts);
    if (r.h >= history)
        draw_histories(&s, r, v->recent);
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct device_view *v = self;
    int n = gpus_shown(ctx->model);
    (void)out;
    switch (cmd) {
    case CMD_RANGE: v->recent = !v->recent; return true;
    case CMD_UP:
    case CMD_DOWN:
        if (n < 2)
            return false;
        v->gpu = (gpu_shown(v, ctx->model) + (cmd == CMD_DOWN ? 1 : n - 1)) % n;
        v->chosen = true;
        return true;
    case CMD_CANCEL: v->chosen = false; return n > 1;
    default: return false;
    }
}

/* A click on one of several GPUs shows it; the wheel goes through them. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct device_view *v = self;
    int n = gpus_shown(ctx->model);
    if (button >= 4) {
        command(self, ctx, button == 4 ? CMD_UP : CMD_DOWN, out);
        return;
    }
    (void)r;
    for (int i = 0; i < n && n > 1; i++)
        if (rect_has(v->gpu_cell[i], x, y)) {
            v->gpu = i;
            v->chosen = true;
        }
}

static bool export(void *self, struct view_context *ctx, struct sheet *sheet, struct err *err)
{
    const struct device_view *v = self;
    const struct model *m = ctx->model;
    return device_export(sheet, m, gpus_shown(m) > 0 ? gpu_shown(v, m) : -1, window_of(m, v->recent), err);
}

static const struct view_pref prefs[] = {
    {"recent", offsetof(struct device_view, recent), PREF_BOOL, 0},
};

const struct view view_device = {
    .name = "device",
    .title = "Device",
    .key = '4',
    .state_size = sizeof(struct device_view),
    .draw = draw,
    .command = command,
    .mouse = mouse,
    .export = export,
    .n_prefs = (int)ARRAY_LEN(prefs),
    .prefs = prefs,
};
