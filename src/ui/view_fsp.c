/* The FSP screen: matrices of teacher and student, of a recorded step or of one block on a probe image. It keeps nothing
 * but which pair is chosen and where the cursor stands in each; which step, block and image is looked at is in the model,
 * because the model has to fetch them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsp_draw.h"
#include "fsp_figure.h"
#include "heat.h"
#include "wrap.h"

enum { BLOCK_CURSOR = 3, PAGE = 8 };

struct fsp_view {
    int pair;
    bool linear;      /* colours by value, not by its square root */
    int cursor[4][2]; /* i, j in each pair, and in a block's matrix */
    int tab_end[3];   /* columns behind the names of the pairs, as drawn last */
};

/* ---- drawing ---- */

static bool in_block(const struct model *m)
{
    return m->sel.probe_block > 0;
}

static struct fsp_shape shape_of(const struct fsp_pair *p)
{
    return (struct fsp_shape){p->tm > p->sm ? p->tm : p->sm, p->tn > p->sn ? p->tn : p->sn};
}

/* Everything a frame shows: pairs 0..2, or the block's as pair 0. */
struct scene {
    struct fsp_pair pair[3];
    struct fsp_layout layout;
    struct fsp_focus focus;
};

static void clamp_cursor(int cursor[2], struct fsp_shape s)
{
    int size[2] = {s.m, s.n};
    for (int k = 0; k < 2; k++) {
        int last = size[k] > 0 ? size[k] - 1 : 0;
        cursor[k] = cursor[k] < 0 ? 0 : cursor[k] > last ? last : cursor[k];
    }
}

static void scene_make(struct scene *s, struct fsp_view *v, const struct view_context *ctx, struct rect r)
{
    const struct model *m = ctx->model;
    struct fsp_shape shapes[3];
    *s = (struct scene){.focus = {.pair = v->pair, .block = in_block(m), .root = !v->linear}};
    if (s->focus.block) {
        fsp_pair_probed(&s->pair[0], m);
        s->layout = fsp_layout_block(r, shape_of(&s->pair[0]), fsp_tall(ctx->look));
        clamp_cursor(v->cursor[BLOCK_CURSOR], shape_of(&s->pair[0]));
    } else {
        for (int i = 0; i < 3; i++) {
            fsp_pair_recorded(&s->pair[i], m, i);
            shapes[i] = shape_of(&s->pair[i]);
        }
        s->layout = fsp_layout(r, shapes, v->pair, fsp_tall(ctx->look));
        clamp_cursor(v->cursor[v->pair], shapes[v->pair]);
    }
    const int *at = v->cursor[s->focus.block ? BLOCK_CURSOR : v->pair];
    s->focus.i = at[0];
    s->focus.j = at[1];
}

static void scene_release(struct scene *s)
{
    for (int i = 0; i < 3; i++)
        fsp_pair_release(&s->pair[i]);
}

static const struct fsp_pair *focused(const struct scene *s)
{
    return &s->pair[s->focus.block ? 0 : s->focus.pair];
}

/* Where the shown step stands among the recorded ones, from 0; -1: nowhere. */
static int step_index(const struct model *m)
{
    for (int i = 0; i < m->n_fsp_steps; i++)
        if (m->fsp_steps[i] == m->fsp.step)
            return i;
    return -1;
}

/* The teacher's blocks are counted, the student's where there is no teacher; 0: not known. */
static int last_block(const struct probe *p)
{
    return p->teacher_blocks > 0 ? p->teacher_blocks : p->student_blocks;
}

static void draw_head(struct canvas *c, struct rect r, const struct view_context *ctx, bool root)
{
    const struct model *m = ctx->model;
    const struct look *l = ctx->look;
    char line[256], plain[256];
    size_t n = 0;
    if (in_block(m)) {
        const struct probe *p = &m->probe;
        str_append(line, sizeof line, 0, "trial %d · block %d of %d · %s at step %d", p->trial,
                   p->t ? p->teacher_block : p->student_block, last_block(p), p->s ? "student" : "teacher", p->step);
    } else {
        n = str_append(line, sizeof line, 0, "trial %d · %s step %d · %d of %d recorded", m->fsp.trial, m->fsp.stage,
                       m->fsp.step, step_index(m) + 1, m->n_fsp_steps);
        if (m->sel.fsp_step < 0)
            str_append(line, sizeof line, n, ", following the latest");
    }
    int x = canvas_text(c, r, r.x, r.y, look_style(l, ROLE_TEXT), fsp_plain(l, line, plain, sizeof plain));
    bool late = in_block(m) && !fsp_probe_shown(m);
    if (late)
        str_append(line, sizeof line, 0, " asking for block %d on image %d ", m->sel.probe_block, m->sel.probe_image);
    else
        str_append(line, sizeof line, 0, root ? " colours: square root" : " colours: linear");
    if (late || x + text_width(line) <= r.x + r.w)
        canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, late ? ROLE_WARN : ROLE_MUTED), line);
}

static void draw_block_names(struct canvas *c, struct rect r, const struct view_context *ctx, int zoom)
{
    const struct probe *p = &ctx->model->probe;
    const struct look *l = ctx->look;
    const char *const who[] = {"teacher ", "student "}, *const names[] = {p->teacher_name, p->student_name};
    const int blocks[] = {p->teacher_blocks, p->student_blocks}, block[] = {p->teacher_block, p->student_block};
    int x = r.x;
    for (int k = 0; k < 2; k++) {
        if (blocks[k] == 0)
            continue;
        x = canvas_text(c, r, x, r.y, look_style(l, ROLE_MUTED), who[k]);
        x = canvas_text(c, r, x, r.y, look_style(l, ROLE_TITLE), names[k]);
        if (k == 1) /* the teacher's stand in the head */
            x = canvas_printf(c, r, x, r.y, look_style(l, ROLE_MUTED), " (%d of %d)", block[k], blocks[k]);
        x += 2;
    }
    fsp_draw_reduction(c, (struct rect){x, r.y, r.x + r.w - x, r.h}, l, zoom);
}

static void draw_probe(struct canvas *c, const struct fsp_layout *a, const struct view_context *ctx)
{
    const struct probe *p = &ctx->model->probe;
    if (a->picture.w > 0)
        heat_picture(c, a->picture, ctx->look, 32, 32, p->rgb24);
    struct rect r = a->words;
    char line[128];
    rect_top(&r, wrap_text(c, r, look_style(ctx->look, ROLE_TITLE), p->class_name));
    str_append(line, sizeof line, 0, "class %d", p->label);
    rect_top(&r, wrap_text(c, r, look_style(ctx->look, ROLE_MUTED), line));
    str_append(line, sizeof line, 0, p->images > 0 ? "image %d (0 to %d)" : "image %d", p->image, p->images - 1);
    wrap_text(c, r, look_style(ctx->look, ROLE_MUTED), line);
}

/* A sentence in the middle of the screen. */
static void draw_sentence(struct canvas *c, struct rect r, const struct look *l, const char *sentence)
{
    struct rect box = r;
    if (r.w > 66) {
        box.x += (r.w - 62) / 2;
        box.w = 62;
    }
    box.y += r.h / 3;
    box.h -= r.h / 3;
    wrap_text(c, box, look_style(l, ROLE_TEXT), sentence);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct fsp_view *v = self;
    char why[512];
    fsp_why_nothing(ctx->model, why, sizeof why);
    if (why[0]) {
        draw_sentence(c, r, ctx->look, why);
        return;
    }
    struct scene s;
    scene_make(&s, v, ctx, r);
    draw_head(c, s.layout.head, ctx, s.focus.root);
    if (s.focus.block)
        draw_block_names(c, s.layout.tabs, ctx, s.layout.band[0].zoom);
    else if (s.layout.n_bands == 1)
        fsp_draw_tabs(c, s.layout.tabs, ctx->look, s.pair, v->pair, s.layout.band[0].zoom, v->tab_end);
    for (int i = 0; i < s.layout.n_bands; i++)
        fsp_draw_band(c, ctx->look, &s.layout.band[i], &s.pair[s.layout.band[i].pair], &s.focus);
    fsp_draw_readout(c, s.layout.readout, ctx->look, focused(&s), &s.focus);
    if (s.focus.block)
        draw_probe(c, &s.layout, ctx);
    else
        fsp_draw_norms(c, s.layout.plot, ctx->look, ctx->model, v->pair);
    scene_release(&s);
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

static bool move(struct fsp_view *v, struct view_context *ctx, int di, int dj)
{
    int *at = v->cursor[in_block(ctx->model) ? BLOCK_CURSOR : v->pair];
    struct scene s;
    at[0] += di;
    at[1] += dj;
    scene_make(&s, v, ctx, (struct rect){0, 0, 80, 22}); /* clamps it */
    scene_release(&s);
    return true;
}

/* By so many recorded steps; on the latest one a further step forward follows it from then on. */
static bool scrub(struct view_context *ctx, int by, struct request *out)
{
    struct model *m = ctx->model;
    if (in_block(m))
        return say(out, "a block shows the student as it is now; [ goes back to the recorded steps");
    int n = m->n_fsp_steps, at = n - 1;
    if (n == 0)
        return say(out, "no step is recorded yet");
    for (int i = 0; m->sel.fsp_step >= 0 && i < n; i++)
        if (m->fsp_steps[i] <= m->sel.fsp_step || i == 0)
            at = i;
    at += by;
    m->sel.fsp_step = at >= n ? -1 : m->fsp_steps[at < 0 ? 0 : at];
    return true;
}

static bool set_block(struct view_context *ctx, int block, struct request *out)
{
    struct model *m = ctx->model;
    int last = last_block(&m->probe);
    if (last > 0 && block > last)
        return say(out, "this is the last block");
    if (last == 0 && block > 1) /* how many there are comes with the first answer */
        block = 1;
    m->sel.probe_block = block < 0 ? 0 : block;
    if (m->sel.probe_block > 0)
        out->kind = ASK_PROBE;
    return true;
}

static bool set_image(struct view_context *ctx, int by, struct request *out)
{
    struct model *m = ctx->model;
    if (!in_block(m))
        return say(out, "an image is looked at block by block; ] goes to the first");
    int n = m->probe.images, at = m->sel.probe_image + by;
    if (n > 0) /* from the last to the first, and the reverse */
        at = (at % n + n) % n;
    m->sel.probe_image = at < 0 ? 0 : at;
    out->kind = ASK_PROBE;
    return true;
}

/* To the element in which the two differ most. */
static bool go_to_largest(struct fsp_view *v, struct view_context *ctx)
{
    struct scene s;
    scene_make(&s, v, ctx, (struct rect){0, 0, 80, 22});
    int *at = v->cursor[s.focus.block ? BLOCK_CURSOR : v->pair];
    fsp_pair_largest(focused(&s), &at[0], &at[1]);
    scene_release(&s);
    return true;
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct fsp_view *v = self;
    struct model *m = ctx->model;
    switch (cmd) {
    case CMD_UP: return move(v, ctx, -1, 0);
    case CMD_DOWN: return move(v, ctx, 1, 0);
    case CMD_LEFT: return move(v, ctx, 0, -1);
    case CMD_RIGHT: return move(v, ctx, 0, 1);
    case CMD_PAGE_UP: return move(v, ctx, -PAGE, 0);
    case CMD_PAGE_DOWN: return move(v, ctx, PAGE, 0);
    case CMD_NEXT_STEP: return scrub(ctx, 1, out);
    case CMD_PREVIOUS_STEP: return scrub(ctx, -1, out);
    case CMD_HOME: return scrub(ctx, -m->n_fsp_steps, out);
    case CMD_END: return scrub(ctx, m->n_fsp_steps, out);
    case CMD_NEXT_BLOCK: return set_block(ctx, m->sel.probe_block + 1, out);
    case CMD_PREVIOUS_BLOCK: return set_block(ctx, m->sel.probe_block - 1, out);
    case CMD_CANCEL: return in_block(m) && set_block(ctx, 0, out);
    case CMD_NEXT_IMAGE: return set_image(ctx, 1, out);
    case CMD_PREVIOUS_IMAGE: return set_image(ctx, -1, out);
    case CMD_NEXT_PAIR:
        if (in_block(m))
            return say(out, "a block has one pair of matrices; [ and ] go through the blocks");
        v->pair = (v->pair + 1) % 3;
        return true;
    case CMD_LOG_Y: v->linear = !v->linear; return true;
    case CMD_ENTER: return go_to_largest(v, ctx);
    default: return false;
    }
}

/* A click on a map takes the cursor there, one on a pair's name shows it, one on the norms goes to that step; the wheel goes through the steps. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct fsp_view *v = self;
    struct model *m = ctx->model;
    char why[512];
    fsp_why_nothing(m, why, sizeof why);
    if (why[0])
        return;
    if (button >= 4) {
        if (in_block(m))
            set_block(ctx, m->sel.probe_block + (button == 4 ? -1 : 1), out);
        else
            scrub(ctx, button == 4 ? -1 : 1, out);
        return;
    }
    struct scene s;
    scene_make(&s, v, ctx, r);
    for (int b = 0; b < s.layout.n_bands; b++)
        for (int k = 0; k < 3; k++) {
            const struct fsp_band *band = &s.layout.band[b];
            const struct fsp_pair *p = &s.pair[band->pair];
            struct rect area = fsp_map_area(band, k, p, ctx->look);
            int i, j, di, dj;
            fsp_reduction(band->zoom, fsp_tall(ctx->look), &di, &dj);
            const struct heat h = {.m = ((k == 1 ? p->sm : p->tm) + di - 1) / di,
                                   .n = ((k == 1 ? p->sn : p->tn) + dj - 1) / dj};
            if (!heat_at(area, ctx->look, &h, x, y, &i, &j))
                continue;
            v->pair = s.focus.block ? v->pair : band->pair;
            int *at = v->cursor[s.focus.block ? BLOCK_CURSOR : band->pair];
            at[0] = i * di, at[1] = j * dj;
        }
    if (!s.focus.block && s.layout.n_bands == 1 && rect_has(s.layout.tabs, x, y))
        for (int i = 2; i >= 0; i--)
            v->pair = x < v->tab_end[i] ? i : v->pair;
    if (!s.focus.block && rect_has(s.layout.plot, x, y)) {
        int step = fsp_norms_step_at(s.layout.plot, m, x);
        if (step >= 0)
            m->sel.fsp_step = step;
    }
    scene_release(&s);
}

static bool export(void *self, struct view_context *ctx, struct sheet *sheet, struct err *err)
{
    const struct fsp_view *v = self;
    return fsp_export(sheet, ctx->model, !v->linear, err);
}

static const struct view_pref prefs[] = {
    {"pair", offsetof(struct fsp_view, pair), PREF_INT, 2},
    {"linear", offsetof(struct fsp_view, linear), PREF_BOOL, 0},
};

const struct view view_fsp = {
    .name = "fsp",
    .title = "FSP",
    .key = '2',
    .state_size = sizeof(struct fsp_view),
    .draw = draw,
    .command = command,
    .mouse = mouse,
    .export = export,
    .n_prefs = (int)ARRAY_LEN(prefs),
    .prefs = prefs,
};
