/* Black on white, since these pictures go into papers and slides. All bands share the width of a column, so that teacher,
 * student and difference stand below each other; a matrix is about 256 pixels high. */
#include "fsp_figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsp_mats.h"

enum { INK = SHEET_INK, MUTED = SHEET_MUTED };
enum {
    TEXT = SHEET_TEXT, /* scale of letters */
    FRAME_W = 64,      /* what the sheet takes beside and above the maps */
    FRAME_H = 112,
    AXIS = 40,   /* room for the numbers at the left */
    GUTTER = 36, /* between columns */
    MAP_H = 256,
    BLOCK_H = 448, /* a map, about; of a block alone */
    COLUMN_MIN = 300,
    TITLE_H = 30, /* above a map */
    FOOT_H = 102, /* below: numbers of the axis, colour bar and its numbers */
    HEADING_H = 34,
    PROBE = 4,
    PROBE_SIDE = 32, /* the probe image: enlarged, pixels */
};

struct plan {
    const struct model *m;
    bool block, root;
    int n, column; /* bands, width of a map's column */
    struct fsp_pair pair[3];
    struct fsp_figure *f;
    struct drawing *out;
    int left; /* of the maps */
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
static int factor_of(const struct plan *s, int band)
{
    int m = rows_of(&s->pair[band]), half = (columns_of(&s->pair[band]) + 1) / 2;
    int side = m > half ? m : half;
    int f = side > 0 ? (s->block ? BLOCK_H : MAP_H) / side : 0;
    return side > 0 && f < 4 ? 4 : f;
}

static int band_height(const struct plan *s, int band)
{
    int h = rows_of(&s->pair[band]) * factor_of(s, band);
    return HEADING_H + TITLE_H + (h > 0 ? h : MAP_H / 4) + FOOT_H;
}

static void muted_centred(struct drawing *p, int x, int y, const char *text)
{
    drawing_text(p, x - (picture_text_width(TEXT, text) - TEXT) / 2, y, TEXT, MUTED, text);
}

/* Numbers of rows and columns: every eighth, every sixteenth of a large matrix, at the middle of its element. */
static void draw_axes(struct drawing *p, int x, int y, int f, int m, int n)
{
    char text[16];
    for (int i = 0; i<m; i += m> 32 ? 16 : 8) {
        snprintf(text, sizeof text, "%d", i);
        int at = y + i * f + f / 2;
        drawing_fill(p, x - 6, at, 5, 1, MUTED);
        drawing_text(p, x - 8 - picture_text_width(TEXT, text), at - 7, TEXT, MUTED, text);
    }
    for (int j = 0; j<n; j += n> 32 ? 16 : 8) {
        snprintf(text, sizeof text, "%d", j);
        int at = x + j * f + f / 2;
        drawing_fill(p, at, y + m * f + 1, 1, 5, MUTED);
        muted_centred(p, at, y + m * f + 9, text);
    }
    drawing_text(p, x - 8 - picture_text_width(TEXT, "i"), y + m * f - 14, TEXT, INK, "i");
    drawing_text(p, x + n * f - picture_text_width(TEXT, "j"), y + m * f + 9, TEXT, INK, "j");
}

static void draw_map(struct plan *s, const struct fsp_shown *shown, int band, int k, int x, int y)
{
    const struct fsp_pair *p = &s->pair[band];
    struct drawing *out = s->out;
    static const char *const names[] = {"teacher T", "student S", "T − S"};
    static const char *const norms[] = {"‖T‖", "‖S‖", "‖T − S‖"};
    int m = shown->m[k], n = shown->n[k], f = factor_of(s, band);
    int end = drawing_text(out, x, y, TEXT, INK, names[k]);
    y += TITLE_H;
    if (!shown->v[k]) {
        drawing_text(out, x, y, TEXT, MUTED, k == 2 && p->t && p->s ? "of unlike shapes" : "not there");
        return;
    }
    const double norm[] = {p->norm_t, p->norm_s, p->norm_d};
    drawing_printf(out, end + 16, y - TITLE_H, TEXT, MUTED, "%s %.4g", norms[k], norm[k]);
    enum colormap map = k == 2 ? COLORMAP_DIVERGING : COLORMAP_VIRIDIS;
    const double values[3] = {shown->lo, shown->middle, shown->hi}, differences[3] = {-shown->span, 0, shown->span};
    drawing_outline(out, x, y, n * f, m * f, MUTED);
    drawing_heat(out, x, y, n * f, m * f, m, n, shown->v[k], map, k == 2 ? -shown->wide : shown->from,
                 k == 2 ? shown->wide : shown->to);
    s->f->map[band][k].x = x;
    s->f->map[band][k].y = y;
    s->f->map[band][k].factor = f;
    draw_axes(out, x, y, f, m, n);
    y += m * f + 38;
    drawing_outline(out, x, y, n * f, 14, MUTED);
    drawing_bar(out, x, y, n * f, 14, TEXT, INK, map, k == 2 ? differences : values);
}

/* The pair's name, shape and relative error, then its three maps. */
static void draw_band(struct plan *s, int band, int y)
{
    const struct fsp_pair *p = &s->pair[band];
    struct drawing *out = s->out;
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
    drawing_text(out, s->left, y, TEXT, INK, text);
    struct fsp_shown shown;
    fsp_shown_make(&shown, p, 1, 1, s->root);
    for (int k = 0; k < 3; k++)
        draw_map(s, &shown, band, k, s->left + AXIS + k * (s->column + AXIS + GUTTER), y + HEADING_H);
    fsp_shown_release(&shown);
}

static void load(struct plan *s)
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

bool fsp_figure_draw(struct fsp_figure *f, struct sheet *sheet, const struct model *m, bool root, struct err *err)
{
    *f = (struct fsp_figure){0};
    struct plan s = {.m = m, .block = m->sel.probe_block > 0, .root = root, .f = f, .out = &sheet->drawing};
    struct rect room;
    s.n = f->n_bands = s.block ? 1 : 3;
    load(&s);
    int image = s.block ? PROBE * PROBE_SIDE : 0;
    int h = FRAME_H + image + (s.block ? GUTTER : 0);
    for (int i = 0; i < s.n; i++)
        h += band_height(&s, i);
    bool ok = sheet_draw(sheet, FRAME_W + 3 * (AXIS + s.column) + 2 * GUTTER, h, &room, err);
    s.left = room.x;
    if (ok && s.block) {
        drawing_outline(s.out, room.x, room.y, image, image, MUTED);
        drawing_image(s.out, room.x, room.y, PROBE, PROBE_SIDE, PROBE_SIDE, m->probe.rgb24);
        drawing_printf(s.out, room.x + image + 16, room.y, TEXT, INK, "probe image %d: %s", m->probe.image,
                       m->probe.class_name);
        room.y += image + GUTTER;
    }
    for (int i = 0; i < s.n; i++) {
        if (ok)
            draw_band(&s, i, room.y);
        room.y += band_height(&s, i);
    }
    for (int i = 0; i < s.n; i++)
        fsp_pair_release(&s.pair[i]);
    return ok;
}

static void put_rows(const struct sheet *sheet, const struct fsp_pair *p, int number)
{
    static const char *const names[] = {"teacher", "student", "difference"};
    for (int k = 0; k < 3; k++) {
        int m = k == 1 ? p->sm : p->tm, n = k == 1 ? p->sn : p->tn;
        const float *v = k == 0 ? p->t : k == 1 ? p->s : p->d;
        for (int i = 0; v && i < m * n; i++) {
            fprintf(sheet->csv, "%d,%s,%d,%d,", number, names[k], i / n, i % n);
            csv_float(sheet->csv, v[i], '\n');
        }
    }
}

static void put_csv(struct sheet *sheet, const struct model *m)
{
    bool block = m->sel.probe_block > 0;
    sheet_note(sheet, "i, j: row and column, from 0; difference: teacher - student");
    fputs(block ? "block,matrix,i,j,value\n" : "pair,matrix,i,j,value\n", sheet->csv);
    for (int i = 0; i < (block ? 1 : 3); i++) {
        struct fsp_pair p;
        if (block)
            fsp_pair_probed(&p, m);
        else
            fsp_pair_recorded(&p, m, i);
        put_rows(sheet, &p, block ? m->sel.probe_block : i + 1);
        fsp_pair_release(&p);
    }
}

bool fsp_export(struct sheet *sheet, const struct model *m, bool root, struct err *err)
{
    char why[512], title[512], source[256];
    struct fsp_figure f;
    bool block = m->sel.probe_block > 0;
    fsp_why_nothing(m, why, sizeof why);
    if (why[0])
        return err_set(err, ERR_STATE, "nothing to export: %s", why);
    size_t n = str_append(title, sizeof title, 0, block ? "FSP matrices of a block" : "FSP matrices");
    if (m->has_settings)
        n = str_append(title, sizeof title, n, " · %s → %s", m->settings.teacher, m->settings.student);
    if (root && !sheet->csv)
        str_append(title, sizeof title, n, " · colours by square root");
    if (block)
        str_append(source, sizeof source, 0, "trial %d · step %d · probe image %d: %s", m->probe.trial, m->probe.step,
                   m->probe.image, m->probe.class_name);
    else
        str_append(source, sizeof source, 0, "trial %d · %s step %d", m->fsp.trial, m->fsp.stage, m->fsp.step);
    sheet_head(sheet, m, title, source);
    if (sheet->csv)
        return put_csv(sheet, m), true;
    return fsp_figure_draw(&f, sheet, m, root, err);
}
