/* chart: one layout in pixels, and two pens: rectangles and text into a picture, or into SVG elements. */
#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fsutil.h"
#include "io/picture.h"
#include "io/png.h"

enum {
    WIDTH = 900,
    MARGIN = 20,
    LABELS = 210, /* to the left of the bars */
    VALUES = 130, /* to the right of them */
    BAR = 18,
    GAP = 14,
    TOP = 74,
    BOTTOM = 74,
};
#define INK 0x222222
#define FAINT 0xcccccc
#define PAPER 0xffffff
static const rgb series_colour[CHART_SERIES] = {0x1f6fb2, 0xd9822b, 0x4a9a5a, 0x8a5fb0};

struct pen {
    struct picture *picture; /* or */
    FILE *svg;
};

static void fill(const struct pen *p, double x, double y, double w, double h, rgb colour)
{
    if (p->svg)
        fprintf(p->svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#%06x\"/>\n", x, y, w, h,
                (unsigned)colour);
    else
        picture_fill(p->picture, (int)lround(x), (int)lround(y), (int)lround(fmax(w, 1)), (int)lround(fmax(h, 1)),
                     colour);
}

static void xml_text(FILE *f, const char *text)
{
    for (; *text; text++)
        if (*text == '<' || *text == '&')
            fputs(*text == '<' ? "&lt;" : "&amp;", f);
        else
            fputc(*text, f);
}

/* ANCHOR -1: X is the left end, 0: the middle, 1: the right end. Y: the middle of the line. */
static void text(const struct pen *p, double x, double y, int anchor, int scale, const char *s)
{
    if (p->svg) {
        fprintf(p->svg,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" dominant-baseline=\"central\" font-size=\"%d\">", x, y,
                anchor < 0   ? "start"
                : anchor > 0 ? "end"
                             : "middle",
                scale > 1 ? 20 : 13);
        xml_text(p->svg, s);
        fprintf(p->svg, "</text>\n");
        return;
    }
    int w = picture_text_width(scale, s), left = anchor < 0 ? 0 : anchor > 0 ? w : w / 2;
    picture_text(p->picture, (int)lround(x) - left, (int)lround(y) - picture_line(scale) / 2, scale, INK, s);
}

double chart_tick(double max, int n)
{
    double step = pow(10, floor(log10(max / n)));
    for (int i = 0; max / step > n + 1e-9; i++)
        step *= (const double[]){2, 2.5, 2}[i % 3];
    return step;
}

static int height_of(const struct chart *c)
{
    return TOP + c->groups * (c->series * BAR + GAP) + BOTTOM;
}

static void draw_axis(const struct chart *c, const struct pen *p, double max, double step)
{
    char label[160];
    double plot = WIDTH - LABELS - VALUES, end = height_of(c) - BOTTOM;
    for (double v = 0; v <= max * (1 + 1e-9); v += step) {
        double x = LABELS + plot * v / max;
        fill(p, x, TOP - 8, 1, end - TOP + 12, FAINT);
        snprintf(label, sizeof label, "%g", v);
        text(p, x, end + 14, 0, 1, label);
    }
    text(p, LABELS + plot / 2, end + 34, 0, 1, c->unit);
}

static void draw_key(const struct chart *c, const struct pen *p)
{
    double x = LABELS;
    for (int s = 0; s < c->series && c->series > 1; s++) {
        fill(p, x, 46, 12, 12, series_colour[s]);
        text(p, x + 18, 52, -1, 1, c->series_name[s]);
        x += 36 + 9 * (double)strlen(c->series_name[s]);
    }
}

static void draw(const struct chart *c, const struct pen *p)
{
    double max = 0, y = TOP;
    char label[64];
    for (int g = 0; g < c->groups; g++)
        for (int s = 0; s < c->series; s++)
            if (c->value[g][s] > max)
                max = c->value[g][s];
    max = max > 0 ? max : 1;
    double step = chart_tick(max, 6), plot = WIDTH - LABELS - VALUES;
    max = ceil(max / step - 1e-9) * step;
    fill(p, 0, 0, WIDTH, height_of(c), PAPER);
    text(p, MARGIN, 22, -1, 2, c->title);
    draw_key(c, p);
    draw_axis(c, p, max, step);
    for (int g = 0; g < c->groups; g++, y += GAP) {
        text(p, LABELS - 10, y + c->series * BAR / 2.0, 1, 1, c->group_name[g]);
        for (int s = 0; s < c->series; s++, y += BAR) {
            double v = c->value[g][s], w = isnan(v) ? 0 : plot * v / max;
            if (!isnan(v))
                fill(p, LABELS, y + 1, w, BAR - 3, series_colour[s]);
            snprintf(label, sizeof label, isnan(v) ? "not measured" : "%.6g", v);
            text(p, LABELS + w + 8, y + BAR / 2.0, -1, 1, label);
        }
    }
    text(p, MARGIN, height_of(c) - 16, -1, 1, c->caption);
}

bool chart_png(const struct chart *c, const char *path, struct err *err)
{
    struct picture picture;
    picture_init(&picture, WIDTH, height_of(c), PAPER);
    draw(c, &(struct pen){.picture = &picture});
    struct png_note notes[] = {{"Title", c->title}, {"Description", c->caption}};
    bool ok = png_write_noted(path, picture.w, picture.h, picture.rgb24, ARRAY_LEN(notes), notes, err);
    picture_release(&picture);
    return ok;
}

bool chart_svg(const struct chart *c, const char *path, struct err *err)
{
    char *all = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&all, &n);
    if (!f)
        return err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" fill=\"#%06x\">\n<title>",
            WIDTH, height_of(c), WIDTH, height_of(c), INK);
    xml_text(f, c->title);
    fprintf(f, "</title>\n");
    draw(c, &(struct pen){.svg = f});
    fprintf(f, "</svg>\n");
    fclose(f);
    bool ok = fs_write_whole(path, all, n, err);
    free(all);
    return ok;
}
