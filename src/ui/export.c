/* A CSV is collected in memory and written in one piece, as figures are (io/drawing.h). */
#include "export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "../io/fsutil.h"

enum { MARGIN = 32, TITLE_H = 44, CAPTION_H = 40 };

/* ---- the sheet ---- */

static void date_of(const struct model *m, char *buf, size_t cap)
{
    time_t t = (time_t)(m->now_ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    if (strftime(buf, cap, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        buf[0] = 0;
}

void sheet_head(struct sheet *s, const struct model *m, const char *title, const char *source)
{
    date_of(m, s->date, sizeof s->date);
    str_append(s->title, sizeof s->title, 0, "%s", title);
    str_append(s->caption, sizeof s->caption, 0, "study %s · %s%s%s", m->study, source, *source ? " · " : "", s->date);
    if (s->csv)
        fprintf(s->csv, "# %s\n# %s\n", s->title, s->caption);
}

void sheet_note(struct sheet *s, const char *fmt, ...)
{
    va_list ap;
    if (!s->csv)
        return;
    fputs("# ", s->csv);
    va_start(ap, fmt);
    vfprintf(s->csv, fmt, ap);
    va_end(ap);
    fputc('\n', s->csv);
}

bool sheet_draw(struct sheet *s, int w, int h, struct rect *inside, struct err *err)
{
    if (!drawing_init(&s->drawing, s->vector, w, h, SHEET_PAPER, err))
        return false;
    drawing_text(&s->drawing, MARGIN, MARGIN / 2 + 8, SHEET_TEXT, SHEET_INK, s->title);
    drawing_text(&s->drawing, MARGIN, h - CAPTION_H + 4, SHEET_TEXT, SHEET_MUTED, s->caption);
    *inside = (struct rect){MARGIN, MARGIN / 2 + TITLE_H, w - 2 * MARGIN, h - MARGIN / 2 - TITLE_H - CAPTION_H - 12};
    return true;
}

struct look sheet_look(void)
{
    return (struct look){.theme = theme_light, .depth = DEPTH_TRUE, .glyphs = GLYPHS_BRAILLE};
}

/* ---- fields ---- */

void csv_text(FILE *f, const char *text, char end)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, f);
    } else {
        fputc('"', f);
        for (; *text; text++) {
            if (*text == '"')
                fputc('"', f);
            fputc(*text, f);
        }
        fputc('"', f);
    }
    fputc(end, f);
}

void csv_number(FILE *f, double v, char end)
{
    char text[40] = "";
    for (int digits = 6; isfinite(v) && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    if (isinf(v))
        snprintf(text, sizeof text, v > 0 ? "inf" : "-inf");
    fputs(text, f);
    fputc(end, f);
}

void csv_float(FILE *f, float v, char end)
{
    char text[40] = "";
    for (int digits = 6; isfinite(v) && digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    if (isinf(v))
        snprintf(text, sizeof text, v > 0 ? "inf" : "-inf");
    fputs(text, f);
    fputc(end, f);
}

/* ---- the file ---- */

static const char *const ends[] = {".png", ".svg", ".csv"};
enum { END_PNG, END_SVG, END_CSV, ENDS };

static int end_of(const char *path)
{
    size_t n = strlen(path);
    int k = 0;
    while (k < ENDS && (n <= strlen(ends[k]) || strcasecmp(path + n - strlen(ends[k]), ends[k]) != 0))
        k++;
    return k;
}

bool export_known(const char *path, struct err *err)
{
    return end_of(path) < ENDS || err_set(err, ERR_USAGE, "'%.120s' ends in none of .png, .svg and .csv", path);
}

static bool write_rows(const struct view *v, void *self, struct view_context *ctx, const char *path, struct err *err)
{
    struct sheet s = {0};
    char *text = NULL;
    size_t n = 0;
    s.csv = open_memstream(&text, &n);
    if (!s.csv)
        return err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    bool ok = v->export(self, ctx, &s, err);
    if (fclose(s.csv) != 0 && ok)
        ok = err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    ok = ok && fs_write_whole(path, text, n, err);
    free(text);
    return ok;
}

bool export_write(const struct view *v, void *self, struct view_context *ctx, const char *path, struct err *err)
{
    int end = end_of(path);
    if (!export_known(path, err))
        return false;
    if (!v->export)
        return err_set(err, ERR_USAGE, "the screen %s goes to no file", v->title);
    if (end == END_CSV)
        return write_rows(v, self, ctx, path, err);
    struct sheet s = {.vector = end == END_SVG};
    bool ok = v->export(self, ctx, &s, err) && drawing_write(&s.drawing, path, s.title, s.caption, s.date, err);
    drawing_release(&s.drawing);
    return ok;
}
