/* Two pens behind each function: pixels (picture.h), or elements written to memory. Lines and discs in pixels are smooth: a
 * pixel takes as much of the colour as the distance of its middle from the shape says. A whole line is first collected as
 * coverage, so that where two of its parts meet nothing becomes darker. */
#include "drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsutil.h"
#include "png.h"

enum { CORNERS = 16 };

bool drawing_init(struct drawing *f, bool vector, int w, int h, rgb paper, struct err *err)
{
    *f = (struct drawing){.vector = vector, .w = w, .h = h};
    if (!vector) {
        picture_init(&f->picture, w, h, paper);
        return true;
    }
    f->svg = open_memstream(&f->text, &f->n);
    if (!f->svg)
        return err_set(err, ERR_IO, "cannot draw an SVG: out of memory");
    drawing_fill(f, 0, 0, w, h, paper);
    return true;
}

void drawing_release(struct drawing *f)
{
    if (f->svg)
        fclose(f->svg);
    free(f->text);
    picture_release(&f->picture);
    *f = (struct drawing){0};
}

/* Numbers of an SVG: at most two decimals, none where there are none. */
static void put_number(FILE *s, double v)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.2f", v);
    while (n > 0 && text[n - 1] == '0')
        text[--n] = 0;
    if (n > 0 && text[n - 1] == '.')
        text[--n] = 0;
    fputs(strcmp(text, "-0") == 0 ? "0" : text, s);
}

static void put_point(FILE *s, const char *before, double x, double y)
{
    fputs(before, s);
    put_number(s, x);
    fputc(' ', s);
    put_number(s, y);
}

/* Text of an element or attribute; control characters have no place in XML. */
static void put_text(FILE *s, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<': fputs("&lt;", s); break;
        case '>': fputs("&gt;", s); break;
        case '&': fputs("&amp;", s); break;
        case '"': fputs("&quot;", s); break;
        default: fputc((unsigned char)*text < ' ' ? ' ' : *text, s);
        }
}

/* ---- areas ---- */

void drawing_fill(struct drawing *f, double x, double y, double w, double h, rgb c)
{
    if (!f->vector) {
        int x0 = (int)lround(x), y0 = (int)lround(y);
        int x1 = (int)lround(x + w), y1 = (int)lround(y + h);
        picture_fill(&f->picture, x0, y0, x1 > x0 ? x1 - x0 : w > 0, y1 > y0 ? y1 - y0 : h > 0, c);
        return;
    }
    put_point(f->svg, "<path d=\"M", x, y);
    fputc('h', f->svg), put_number(f->svg, w);
    fputc('v', f->svg), put_number(f->svg, h);
    fputc('h', f->svg), put_number(f->svg, -w);
    fprintf(f->svg, "z\" fill=\"#%06x\"/>\n", (unsigned)c);
}

void drawing_outline(struct drawing *f, int x, int y, int w, int h, rgb c)
{
    drawing_fill(f, x - 1, y - 1, w + 2, 1, c);
    drawing_fill(f, x - 1, y + h, w + 2, 1, c);
    drawing_fill(f, x - 1, y, 1, h, c);
    drawing_fill(f, x + w, y, 1, h, c);
}

void drawing_image(struct drawing *f, int x, int y, int factor, int w, int h, const uint8_t *rgb24)
{
    for (int j = 0; j < h; j++)
        for (int i = 0; i < w; i++) {
            const uint8_t *c = rgb24 + ((size_t)j * (size_t)w + (size_t)i) * 3;
            drawing_fill(f, x + i * factor, y + j * factor, factor, factor, c[0] << 16 | c[1] << 8 | c[2]);
        }
}

/* Neighbours of one colour in a row become one rectangle. */
void drawing_heat(struct drawing *f, double x, double y, double w, double h, int m, int n, const float *v,
                  enum colormap map, double lo, double hi)
{
    double dx = w / n, dy = h / m;
    if (f->vector)
        fputs("<g shape-rendering=\"crispEdges\">\n", f->svg);
    for (int i = 0; i < m; i++)
        for (int j = 0, from = 0; j < n; j++) {
            rgb c[2];
            for (int k = 0; k < 2; k++) {
                double value = j + k < n ? (double)v[(size_t)i * (size_t)n + (size_t)(j + k)] : 0;
                c[k] = j + k == n     ? -1
                       : isnan(value) ? colormap_rgb(map, NAN)
                                      : colormap_rgb(map, lo == hi ? 0.5 : (value - lo) / (hi - lo));
            }
            if (c[0] == c[1])
                continue;
            drawing_fill(f, x + from * dx, y + i * dy, (j + 1 - from) * dx, dy, c[0]);
            from = j + 1;
        }
    if (f->vector)
        fputs("</g>\n", f->svg);
}

void drawing_bar(struct drawing *f, int x, int y, int w, int h, int scale, rgb text, enum colormap map,
                 const double ticks[3])
{
    for (int i = 0; i < w; i++)
        drawing_fill(f, x + i, y, 1, h, colormap_rgb(map, (i + 0.5) / w));
    for (int k = 0; k < 3; k++) {
        char number[32];
        snprintf(number, sizeof number, "%.3g", ticks[k]);
        int at = x + k * (w - 1) / 2, width = picture_text_width(scale, number) - scale;
        drawing_fill(f, at, y + h, 1, 2 * scale, text);
        drawing_text(f, at - k * width / 2, y + h + 3 * scale, scale, text, number); /* within the bar's length */
    }
}

/* ---- lines ---- */

/* The part of a pixel's colour that a shape's edge at DISTANCE from its middle (inside: < 0) leaves to the shape. */
static double covered(double distance)
{
    double part = 0.5 - distance;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static void blend(struct picture *p, int x, int y, rgb c, double part)
{
    rgb under = picture_at(p, x, y);
    int mixed = 0;
    if (under < 0 || part <= 0)
        return;
    for (int shift = 0; shift <= 16; shift += 8) {
        int a = under >> shift & 255, b = c >> shift & 255;
        mixed |= (int)lround(a + part * (b - a)) << shift;
    }
    picture_fill(p, x, y, 1, 1, mixed);
}

static double distance_to(double px, double py, double x0, double y0, double x1, double y1)
{
    double dx = x1 - x0, dy = y1 - y0, d = dx * dx + dy * dy;
    double t = d > 0 ? ((px - x0) * dx + (py - y0) * dy) / d : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(px - x0 - t * dx, py - y0 - t * dy);
}

static int within(double v, int last)
{
    return v < 0 ? 0 : v > last ? last : (int)v;
}

static void cover_line(float *cover, int w, int h, double x0, double y0, double x1, double y1, double half)
{
    int top = within(fmin(y0, y1) - half - 1, h - 1), end = within(fmax(y0, y1) + half + 1, h - 1);
    for (int y = top; y <= end; y++) {
        /* of a steep or long line only the columns near it in this row */
        double lo = fmin(x0, x1), hi = fmax(x0, x1);
        if (fabs(y1 - y0) > 1e-9) {
            double at[2] = {x0 + (y - half - 1 - y0) * (x1 - x0) / (y1 - y0),
                            x0 + (y + half + 2 - y0) * (x1 - x0) / (y1 - y0)};
            lo = fmax(lo, fmin(at[0], at[1]));
            hi = fmin(hi, fmax(at[0], at[1]));
        }
        for (int x = within(lo - half - 1, w - 1), last = within(hi + half + 1, w - 1); x <= last; x++) {
            float part = (float)covered(distance_to(x + 0.5, y + 0.5, x0, y0, x1, y1) - half);
            float *at = &cover[(size_t)y * (size_t)w + (size_t)x];
            *at = part > *at ? part : *at;
        }
    }
}

static void draw_line(struct picture *p, int n, const double *x, const double *y, double width, rgb c)
{
    float *cover = xcalloc((size_t)p->w * (size_t)p->h, sizeof *cover);
    for (int i = 1; i < n; i++)
        if (isfinite(x[i - 1] + y[i - 1] + x[i] + y[i]))
            cover_line(cover, p->w, p->h, x[i - 1], y[i - 1], x[i], y[i], width / 2);
    for (int j = 0; j < p->h; j++)
        for (int i = 0; i < p->w; i++)
            blend(p, i, j, c, (double)cover[(size_t)j * (size_t)p->w + (size_t)i]);
    free(cover);
}

void drawing_line(struct drawing *f, int n, const double *x, const double *y, double width, rgb c)
{
    if (!f->vector) {
        draw_line(&f->picture, n, x, y, width, c);
        return;
    }
    bool down = false;
    fputs("<path fill=\"none\" d=\"", f->svg);
    for (int i = 0; i < n; i++) {
        if (isfinite(x[i] + y[i]))
            put_point(f->svg, down ? "L" : "M", x[i], y[i]);
        down = isfinite(x[i] + y[i]);
    }
    fprintf(f->svg, "\" stroke=\"#%06x\" stroke-linejoin=\"round\" stroke-linecap=\"round\" stroke-width=\"",
            (unsigned)c);
    put_number(f->svg, width);
    fputs("\"/>\n", f->svg);
}

void drawing_disc(struct drawing *f, double x, double y, double radius, rgb fill, rgb edge)
{
    if (f->vector) {
        fputs("<circle cx=\"", f->svg), put_number(f->svg, x);
        fputs("\" cy=\"", f->svg), put_number(f->svg, y);
        fputs("\" r=\"", f->svg), put_number(f->svg, radius);
        fprintf(f->svg, fill < 0 ? "\" fill=\"none\" stroke=\"#%06x\"/>\n" : "\" stroke=\"#%06x\"", (unsigned)edge);
        if (fill >= 0)
            fprintf(f->svg, " fill=\"#%06x\"/>\n", (unsigned)fill);
        return;
    }
    int r = (int)ceil(radius) + 2;
    for (int j = (int)y - r; j <= (int)y + r; j++)
        for (int i = (int)x - r; i <= (int)x + r; i++) {
            double d = hypot(i + 0.5 - x, j + 0.5 - y);
            if (fill >= 0)
                blend(&f->picture, i, j, fill, covered(d - radius));
            blend(&f->picture, i, j, edge, covered(fabs(d - radius) - 0.5));
        }
}

void drawing_polygon(struct drawing *f, int n, const double *x, const double *y, rgb c)
{
    if (f->vector) {
        for (int i = 0; i < n; i++)
            put_point(f->svg, i ? "L" : "<path d=\"M", x[i], y[i]);
        fprintf(f->svg, "z\" fill=\"#%06x\"/>\n", (unsigned)c);
        return;
    }
    double area = 0, x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
    for (int i = 0; i < n && n <= CORNERS; i++) {
        int k = (i + 1) % n;
        area += x[i] * y[k] - x[k] * y[i];
        x0 = fmin(x0, x[i]), x1 = fmax(x1, x[i]), y0 = fmin(y0, y[i]), y1 = fmax(y1, y[i]);
    }
    for (int j = (int)floor(y0) - 1; j <= (int)ceil(y1) && n <= CORNERS; j++)
        for (int i = (int)floor(x0) - 1; i <= (int)ceil(x1); i++) {
            double outside = -INFINITY; /* the distance from the nearest side's line */
            for (int a = 0; a < n; a++) {
                int b = (a + 1) % n;
                double dx = x[b] - x[a], dy = y[b] - y[a], length = hypot(dx, dy);
                double side = (dx * (j + 0.5 - y[a]) - dy * (i + 0.5 - x[a])) / (length > 0 ? length : 1);
                outside = fmax(outside, area > 0 ? -side : side);
            }
            blend(&f->picture, i, j, c, covered(outside));
        }
}

/* ---- text ---- */

int drawing_text(struct drawing *f, int x, int y, int scale, rgb c, const char *utf8)
{
    int w = picture_text_width(scale, utf8);
    if (!f->vector)
        return picture_text(&f->picture, x, y, scale, c, utf8);
    if (!*utf8)
        return x;
    fprintf(f->svg,
            "<text xml:space=\"preserve\" x=\"%d\" y=\"%d\" font-size=\"%d\" textLength=\"%d\" "
            "lengthAdjust=\"spacingAndGlyphs\" fill=\"#%06x\">",
            x, y + 7 * scale, 10 * scale, w, (unsigned)c);
    put_text(f->svg, utf8);
    fputs("</text>\n", f->svg);
    return x + w;
}

int drawing_printf(struct drawing *f, int x, int y, int scale, rgb c, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return drawing_text(f, x, y, scale, c, text);
}

void drawing_label(struct drawing *f, double x, double y, int anchor, int scale, rgb c, const char *utf8)
{
    int w = picture_text_width(scale, utf8) - scale;
    drawing_text(f, (int)lround(x) - (anchor + 1) * w / 2, (int)lround(y) - 4 * scale, scale, c, utf8);
}

/* ---- the file ---- */

static bool write_svg(struct drawing *f, const char *path, const char *title, const char *caption, struct err *err)
{
    char *all = NULL;
    size_t n = 0;
    FILE *s = open_memstream(&all, &n);
    if (!s || fflush(f->svg) != 0)
        return err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    fprintf(
        s,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n<title>",
        f->w, f->h, f->w, f->h);
    put_text(s, title);
    fputs("</title>\n<desc>", s);
    put_text(s, caption);
    fputs("</desc>\n", s);
    fwrite(f->text, 1, f->n, s);
    fputs("</svg>\n", s);
    fclose(s);
    bool ok = fs_write_whole(path, all, n, err);
    free(all);
    return ok;
}

bool drawing_write(struct drawing *f, const char *path, const char *title, const char *caption, const char *date,
                   struct err *err)
{
    if (f->vector)
        return write_svg(f, path, title, caption, err);
    const struct png_note notes[] = {
        {"Title", title}, {"Description", caption}, {"Software", "fsplab " FSPLAB_VERSION}, {"Creation Time", date}};
    return png_write_noted(path, f->w, f->h, f->picture.rgb24, (int)ARRAY_LEN(notes), notes, err);
}
