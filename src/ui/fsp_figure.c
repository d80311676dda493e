/* Black on white, since these pictures go into papers and slides. All bands share the width of a column, so that teacher,
 * student and difference stand below each other; a matrix is about 256 pixels high. */
#include "fsp_figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../io/fsutil.h"
#include "../io/png.h"
#include "fsp_mats.h"

enum { INK = 0x202020, MUTED = 0x666666, PAPER = 0xffffff };
enum {
    TEXT = 2, /* scale of letters */
    MARGIN = 32,
    AXIS = 40,   /* room for the numbers at the left */
    GUTTER = 36, /* between columns */
    MAP_H = 256,
    BLOCK_H = 448, /* a map, about; of a block alone */
    COLUMN_MIN = 300,
    TITLE_H = 30, /* above a map */
    FOOT_H = 102, /* below: numbers of the axis, colour bar and its numbers */
    HEADING_H = 34,
    HEAD_H = 44,
    PROBE = 4,
    PROBE_SIDE = 32, /* the probe image: enlarged, pixels */
};

struct sheet {
    const struct model *m;
    bool block, root;
    int n, column; /* bands, width of a map's column */
    struct fsp_pair pair[3];
    struct fsp_figure *f;
};

static int rows_of(const struct fsp_pair *p)
{
    return p->tm > p->sm ? p->tm : p->sm;
}

static int columns_of(const struct fsp_pair *p)
{
    return p->tn > p->sn ? p->tn : p->sn;
}

/* Pixels of an element. */
static int factor_of(const struct sheet *s, int band)
{
    int m = rows_of(&s->pair[band]), half = (columns_of(&s->pair[band]) + 1) / 2;
    int side = m > half ? m : half;
    int f = side > 0 ? (s->block ? BLOCK_H : MAP_H) / side : 0;
    return side > 0 && f < 4 ? 4 : f;
}

static int band_height(const struct sheet *s, int band)
{
    int h = rows_of(&s->pair[band]) * factor_of(s, band);
    return HEADING_H + TITLE_H + (h > 0 ? h : MAP_H / 4) + FOOT_H;
}

static void muted_centred(struct picture *p, int x, int y, const char *text)
{
    picture_text(p, x - (picture_text_width(TEXT, text) - TEXT) / 2, y, TEXT, MUTED, text);
}

/* Numbers of rows and columns: every eighth, every sixteenth of a large matrix, at the middle of its element. */
static void draw_axes(struct picture *p, int x, int y, int f, int m, int n)
{
    char text[16];
    for (int i = 0; i<m; i += m> 32 ? 16 : 8) {
        snprintf(text, sizeof text, "%d", i);
        int at = y + i * f + f / 2;
        picture_fill(p, x - 6, at, 5, 1, MUTED);
        picture_text(p, x - 8 - picture_text_width(TEXT, text), at - 7, TEXT, MUTED, text);
    }
    for (int j = 0; j<n; j += n> 32 ? 16 : 8) {
        snprintf(text, sizeof text, "%d", j);
        int at = x + j * f + f / 2;
        picture_fill(p, at, y + m * f + 1, 1, 5, MUTED);
        muted_centred(p, at, y + m * f + 9, text);
    }
    picture_text(p, x - 8 - picture_text_width(TEXT, "i"), y + m * f - 14, TEXT, INK, "i");
    picture_text(p, x + n * f - picture_text_width(TEXT, "j"), y + m * f + 9, TEXT, INK, "j");
}

static void draw_map(struct sheet *s, const struct fsp_shown *shown, int band, int k, int x, int y)
{
    const struct fsp_pair *p = &s->pair[band];
    struct picture *out = &s->f->picture;
    static const char *const names[] = {"teacher T", "student S", "T − S"};
    static const char *const norms[] = {"‖T‖", "‖S‖", "‖T − S‖"};
    int m = shown->m[k], n = shown->n[k], f = factor_of(s, band);
    int end = picture_text(out, x, y, TEXT, INK, names[k]);
    y += TITLE_H;
    if (!shown->v[k]) {
        picture_text(out, x, y, TEXT, MUTED, k == 2 && p->t && p->s ? "of unlike shapes" : "not there");
        return;
    }
    const double norm[] = {p->norm_t, p->norm_s, p->norm_d};
    picture_printf(out, end + 16, y - TITLE_H, TEXT, MUTED, "%s %.4g", norms[k], norm[k]);
    enum colormap map = k == 2 ? COLORMAP_DIVERGING : COLORMAP_VIRIDIS;
    const double values[3] = {shown->lo, shown->middle, shown->hi}, differences[3] = {-shown->span, 0, shown->span};
    picture_outline(out, x, y, n * f, m * f, MUTED);
    picture_heat(out, x, y, f, m, n, shown->v[k], map, k == 2 ? -shown->wide : shown->from,
                 k == 2 ? shown->wide : shown->to);
    s->f->map[band][k].x = x;
    s->f->map[band][k].y = y;
    s->f->map[band][k].factor = f;
    draw_axes(out, x, y, f, m, n);
    y += m * f + 38;
    picture_outline(out, x, y, n * f, 14, MUTED);
    picture_bar(out, x, y, n * f, 14, TEXT, INK, map, k == 2 ? differences : values);
}

/* The pair's name, shape and relative error, then its three maps. */
static void draw_band(struct sheet *s, int band, int y)
{
    const struct fsp_pair *p = &s->pair[band];
    struct picture *out = &s->f->picture;
    char text[256];
    size_t n = 0;
    if (s->block)
        n = str_append(text, sizeof text, n, "teacher %s · student %s", s->m->probe.teacher_name,
                       s->m->probe.student_name);
    else
        n = str_append(text, sizeof text, n, "pair %d", band + 1);
    n = str_append(text, sizeof text, n, " · %d×%d", p->tm, p->tn);
    if (p->tm != p->sm || p->tn != p->sn)
        n = str_append(text, sizeof text, n, " and %d×%d", p->sm, p->sn);
    if (!isnan(fsp_pair_error(p)))
        n = str_append(text, sizeof text, n, " · ‖T − S‖/‖T‖ %.3g %%", 100 * fsp_pair_error(p));
    if (p->collapsed)
        str_append(text, sizeof text, n, " · collapsed: ‖S‖² is below 1 %% of ‖T‖²");
    picture_text(out, MARGIN, y, TEXT, INK, text);
    struct fsp_shown shown;
    fsp_shown_make(&shown, p, 1, 1, s->root);
    for (int k = 0; k < 3; k++)
        draw_map(s, &shown, band, k, MARGIN + AXIS + k * (s->column + AXIS + GUTTER), y + HEADING_H);
    fsp_shown_release(&shown);
}

static void date_of(const struct model *m, char *buf, size_t cap)
{
    time_t t = (time_t)(m->now_ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    if (strftime(buf, cap, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        buf[0] = '\0';
}

static void source_of(const struct sheet *s, char *buf, size_t cap)
{
    const struct model *m = s->m;
    char date[40];
    date_of(m, date, sizeof date);
    if (s->block)
        str_append(buf, cap, 0, "study %s · trial %d · step %d · probe image %d: %s · %s", m->study, m->probe.trial,
                   m->probe.step, m->probe.image, m->probe.class_name, date);
    else
        str_append(buf, cap, 0, "study %s · trial %d · %s step %d · %s", m->study, m->fsp.trial, m->fsp.stage,
                   m->fsp.step, date);
}

static void draw_head(const struct sheet *s)
{
    struct picture *out = &s->f->picture;
    const struct params *p = &s->m->settings;
    int x = picture_text(out, MARGIN, MARGIN, TEXT, INK, s->block ? "FSP matrices of a block" : "FSP matrices");
    if (s->m->has_settings)
        x = picture_printf(out, x, MARGIN, TEXT, MUTED, " · %s → %s", p->teacher, p->student);
    if (s->root)
        picture_text(out, x, MARGIN, TEXT, MUTED, " · colours by square root");
}

static void draw_foot(const struct sheet *s)
{
    struct picture *out = &s->f->picture;
    char text[512];
    source_of(s, text, sizeof text);
    picture_text(out, MARGIN, out->h - MARGIN - picture_line(TEXT), TEXT, INK, text);
}

static void load(struct sheet *s)
{
    int widest = COLUMN_MIN;
    for (int i = 0; i < s->n; i++) {
        if (s->block)
            fsp_pair_probed(&s->pair[i], s->m);
        else
            fsp_pair_recorded(&s->pair[i], s->m, i);
        int w = columns_of(&s->pair[i]) * factor_of(s, i);
        widest = w > widest ? w : widest;
    }
    s->column = widest;
}

void fsp_figure_draw(struct fsp_figure *f, const struct model *m, bool root)
{
    *f = (struct fsp_figure){0};
    struct sheet s = {.m = m, .block = m->sel.probe_block > 0, .root = root, .f = f};
    s.n = f->n_bands = s.block ? 1 : 3;
    load(&s);
    int image = s.block ? PROBE * PROBE_SIDE : 0;
    int h = 2 * MARGIN + HEAD_H + image + (s.block ? GUTTER : 0) + picture_line(TEXT);
    for (int i = 0; i < s.n; i++)
        h += band_height(&s, i);
    picture_init(&f->picture, 2 * MARGIN + 3 * (AXIS + s.column) + 2 * GUTTER, h, PAPER);
    draw_head(&s);
    int y = MARGIN + HEAD_H;
    if (s.block) {
        picture_outline(&f->picture, MARGIN, y, image, image, MUTED);
        picture_image(&f->picture, MARGIN, y, PROBE, PROBE_SIDE, PROBE_SIDE, m->probe.rgb24);
        picture_printf(&f->picture, MARGIN + image + 16, y, TEXT, INK, "probe image %d: %s", m->probe.image,
                       m->probe.class_name);
        y += image + GUTTER;
    }
    for (int i = 0; i < s.n; i++) {
        draw_band(&s, i, y);
        y += band_height(&s, i);
    }
    draw_foot(&s);
    for (int i = 0; i < s.n; i++)
        fsp_pair_release(&s.pair[i]);
}

void fsp_figure_release(struct fsp_figure *f)
{
    picture_release(&f->picture);
}

bool fsp_export(const struct model *m, bool root, char *path, size_t cap, struct err *err)
{
    char why[512], title[512], date[40];
    fsp_why_nothing(m, why, sizeof why);
    if (why[0])
        return err_set(err, ERR_STATE, "nothing to export: %s", why);
    bool block = m->sel.probe_block > 0;
    char *dir = xstrfmt("%s/export", m->dir);
    size_t n = str_append(path, cap, 0, "%s/fsp-trial%d-step%d", dir, block ? m->probe.trial : m->fsp.trial,
                          block ? m->probe.step : m->fsp.step);
    if (block)
        n = str_append(path, cap, n, "-block%d", m->probe.teacher_block);
    str_append(path, cap, n, ".png");
    struct fsp_figure f;
    bool ok = fs_mkdirs(dir, err);
    if (ok) {
        fsp_figure_draw(&f, m, root);
        source_of(&(struct sheet){.m = m, .block = block}, title, sizeof title);
        date_of(m, date, sizeof date);
        const struct png_note notes[] = {
            {"Title", title}, {"Software", "fsplab " FSPLAB_VERSION}, {"Creation Time", date}};
        ok = png_write_noted(path, f.picture.w, f.picture.h, f.picture.rgb24, (int)ARRAY_LEN(notes), notes, err);
        fsp_figure_release(&f);
    }
    free(dir);
    return ok;
}
