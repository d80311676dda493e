/* The Search screen: what the search believes of its objective over any two of the settings it searches, the trials behind
 * that belief, and where it would go next. Fitting is the belief's work (belief.h), changing the search search_steer.c's;
 * this file decides what is looked at. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search_export.h"
#include "search_steer.h"
#include "wrap.h"

enum { PAGE = 5 };

struct search_view {
    struct search_course course;
    enum search_map map;
    int column, row; /* which of the searched settings; both 0 at first: column 0, row 1 */
    bool chosen;     /* column and row are the user's */
    bool plain, moved;
    double u, v;  /* of the cursor once it was moved; at the best point until then */
    int next;     /* of the points to try, where End goes */
    bool average; /* over the settings off the axes */
    enum search_page page;
    bool box; /* from a corner to the cursor */
    double box_u, box_v;
    enum steer_prompt prompt; /* what a line is typed for */
    struct params want;       /* of the latest request to go on with other settings */
    unsigned pages;           /* there are, as drawn last */
    int n_areas;
    struct rect area[3]; /* of the maps, as drawn last */
    int columns, rows;   /* of pixels there */
};

static void draw_sentence(struct canvas *c, struct rect r, const struct look *l, const char *sentence)
{
    struct rect box = r;
    if (r.w > 66)
        box.x += (r.w - 62) / 2, box.w = 62;
    rect_top(&box, r.h / 3);
    wrap_text(c, box, look_style(l, ROLE_TEXT), sentence);
}

static void axes(struct search_view *v, const struct search_scene *s)
{
    if (!v->chosen || v->column >= s->n_dims || v->row >= s->n_dims || (v->column == v->row && s->n_dims > 1)) {
        v->column = 0;
        v->row = s->n_dims > 1 ? 1 : 0;
    }
}

static void look_of(struct search_view *v, const struct search_scene *s, struct search_look *look)
{
    *look = (struct search_look){.map = v->map,
                                 .column = v->column,
                                 .row = v->row,
                                 .plain = v->plain,
                                 .cursor = true,
                                 .u = v->u,
                                 .v = v->v,
                                 .box = v->box,
                                 .box_u = v->box_u,
                                 .box_v = v->box_v};
    if (!v->moved) {
        look->u = look->v = 0.5;
        if (s->best_mean >= 0) {
            look->u = search_unit(s, v->column, s->trials[s->best_mean].x);
            look->v = search_unit(s, v->row, s->trials[s->best_mean].x);
        }
    }
}

static void draw_parts(struct search_view *v, struct view_context *ctx, struct canvas *c, struct search_scene *s,
                       const struct search_layout *a)
{
    struct search_look look;
    look_of(v, s, &look);
    search_draw_head(c, a->head, ctx->look, s);
    for (int k = 0; k < a->n_panes; k++) {
        if (a->n_panes > 1)
            look.map = (enum search_map)k;
        if (v->column == v->row)
            search_draw_cut(c, &a->pane[k], ctx->look, s, &look);
        else
            search_draw_map(c, &a->pane[k], ctx->look, s, &look);
    }
    for (int rows = 0; rows < 2; rows++)
        search_draw_slice(c, a->slice[rows], ctx->look, s, &look, rows);
    search_draw_weights(c, a->weights, ctx->look, s);
    search_draw_legend(c, a->legend, ctx->look, s);
    search_draw_history(c, a->history, ctx->look, s);
    search_draw_best(c, a->best, ctx->look, s, ctx->model->sel.trial);
    search_draw_readout(c, a->readout, ctx->look, s, &look);
}

/* The scene with its picture; false: there is nothing to show, and why. */
static bool scene_of(struct search_view *v, struct view_context *ctx, struct search_scene *s)
{
    search_scene_make(s, ctx, &v->course);
    if (!s->why[0] && s->n_dims == 0)
        str_append(s->why, sizeof s->why, 0,
                   s->space.n
                       ? "Every searched setting is pinned: P and NAME=free gives one its range back."
                       : "No setting is searched in this study: every trial has the values that Setup (0) shows.");
    if (s->why[0])
        return false;
    axes(v, s);
    search_scene_picture(s, ctx, v->column, v->row, v->columns, v->rows,
                         PICTURE_WORTH | PICTURE_WEIGHTS | (v->average && s->n_dims > 2 ? PICTURE_AVERAGE : 0));
    return true;
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct search_view *v = self;
    struct search_scene s;
    search_scene_make(&s, ctx, &v->course);
    struct search_layout a = search_layout(r, s.n_dims, v->page);
    search_scene_release(&s);
    search_pixels(ctx->look, a.pane[0].map, &v->columns, &v->rows);
    v->n_areas = a.n_panes;
    v->pages = a.pages;
    if (a.n_panes == 0) /* the cursor moves as if the map were there */
        v->area[0] = a.pane[0].map;
    for (int k = 0; k < a.n_panes; k++)
        v->area[k] = a.pane[k].map;
    if (scene_of(v, ctx, &s))
        draw_parts(v, ctx, c, &s, &a);
    else
        draw_sentence(c, r, ctx->look, s.why);
    search_scene_release(&s);
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

/* To the middle of a cell of the map; of its two pixels the upper one is read. */
static void put_cursor(struct search_view *v, int x, int y)
{
    struct rect r = v->area[0];
    if (r.w < 1 || r.h < 1)
        return;
    int tall = v->rows / r.h > 1 ? 2 : 1;
    x = x < 0 ? 0 : x < r.w ? x : r.w - 1;
    y = y < 0 ? 0 : y < r.h ? y : r.h - 1;
    v->moved = true;
    v->u = (x + 0.5) / r.w;
    v->v = 1 - (tall * y + 0.5) / (tall * r.h);
}

static bool move(struct search_view *v, const struct search_scene *s, int dx, int dy)
{
    struct search_look look;
    look_of(v, s, &look);
    struct rect r = v->area[0];
    put_cursor(v, (int)floor(look.u * r.w) + dx, r.h - 1 - (int)fmin(floor(look.v * r.h), r.h - 1) + dy);
    return true;
}

static bool next_map(struct search_view *v, const struct search_scene *s, struct request *out)
{
    if (v->column == v->row)
        return say(out, "one setting is searched: mean, deviation and worth are all here");
    if (v->n_areas > 1)
        return say(out, "all three maps are here");
    if (v->n_areas == 0) {
        v->page = PAGE_MAP;
        return true;
    }
    v->map = (v->map + 1) % MAP_COUNT;
    (void)s;
    return true;
}

static bool next_axis(struct search_view *v, const struct search_scene *s, bool column, struct request *out)
{
    if (s->n_dims < 3)
        return say(out, s->n_dims == 1 ? "one setting is searched" : "two settings are searched, and both are here");
    int *axis = column ? &v->column : &v->row, other = column ? v->row : v->column;
    do
        *axis = (*axis + 1) % s->n_dims;
    while (*axis == other);
    v->chosen = true;
    return true;
}

static bool next_page(struct search_view *v, struct request *out)
{
    if (v->pages == 1U << PAGE_MAP)
        return say(out, "everything there is to see is here");
    if (!(v->pages & 1U << v->page)) /* of another size: it was not to be seen */
        v->page = PAGE_MAP;
    do
        v->page = (v->page + 1) % PAGE_COUNT;
    while (!(v->pages & 1U << v->page));
    return true;
}

static bool other_settings(struct search_view *v, const struct search_scene *s, struct request *out)
{
    if (s->n_dims < 3)
        return say(out, "there are no settings off the axes");
    v->average = !v->average;
    return say(out, v->average ? "mean and deviation: the other settings are averaged over"
                               : "the other settings stand at the best point");
}

/* ---- steering ---- */

static bool start_box(struct search_view *v, const struct search_scene *s, struct request *out)
{
    struct search_look look;
    look_of(v, s, &look);
    v->box = v->moved = true;
    if (v->n_areas == 0)
        v->page = PAGE_MAP;
    v->u = v->box_u = look.u;
    v->v = v->box_v = look.v;
    return say(out, "a corner of the box: move to the other one, Enter searches inside it, Esc gives up");
}

static bool enter(struct search_view *v, struct view_context *ctx, const struct search_scene *s, struct request *out)
{
    struct search_look look;
    look_of(v, s, &look);
    if (!v->box) {
        steer_enqueue(ctx, s, &look, out);
        return true;
    }
    v->box = false;
    steer_box(ctx, s, &look, v->area[0].w, v->area[0].h, &v->want, out);
    return true;
}

static bool prompt(struct search_view *v, const struct search_scene *s, enum steer_prompt what, struct request *out)
{
    struct search_look look;
    look_of(v, s, &look);
    v->prompt = what;
    if (what == STEER_PIN)
        steer_ask_pin(s, &look, out);
    else
        steer_ask_strategy(s, out);
    return true;
}

static bool look_at_nearest(struct search_view *v, struct view_context *ctx, const struct search_scene *s,
                            struct request *out)
{
    struct search_look look;
    look_of(v, s, &look);
    int i = search_nearest(s, v->column, v->row, look.u, look.v);
    if (i < 0)
        return say(out, "no trial yet");
    struct selection *sel = &ctx->model->sel;
    sel->trial = s->trials[i].row->number;
    sel->follow = false;
    sel->fsp_step = -1;
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "all screens look at trial %d; f follows the one that runs", sel->trial);
    return true;
}

static bool to_next(struct search_view *v, const struct search_scene *s, struct request *out)
{
    const struct belief_picture *p = s->picture;
    if (!p || p->n_next == 0)
        return say(out,
                   p && p->complete ? "the search has no other point" : "the next points are still being worked out");
    v->next %= p->n_next;
    v->moved = true;
    v->u = search_unit(s, v->column, p->next[v->next]);
    v->v = search_unit(s, v->row, p->next[v->next]);
    v->next++;
    return true;
}

static bool obey(struct search_view *v, struct view_context *ctx, const struct search_scene *s, enum command cmd,
                 struct request *out)
{
    switch (cmd) {
    case CMD_UP: return move(v, s, 0, -1);
    case CMD_DOWN: return move(v, s, 0, 1);
    case CMD_LEFT: return move(v, s, -1, 0);
    case CMD_RIGHT: return move(v, s, 1, 0);
    case CMD_PAGE_UP: return move(v, s, 0, -PAGE);
    case CMD_PAGE_DOWN: return move(v, s, 0, PAGE);
    case CMD_CANCEL:
        v->moved &= v->box;
        v->box = false;
        return true;
    case CMD_HOME: v->moved = false; return true;
    case CMD_END: return to_next(v, s, out);
    case CMD_ENTER: return enter(v, ctx, s, out);
    case CMD_BOX: return start_box(v, s, out);
    case CMD_PIN: return prompt(v, s, STEER_PIN, out);
    case CMD_STRATEGY: return prompt(v, s, STEER_STRATEGY, out);
    case CMD_NEAREST: return look_at_nearest(v, ctx, s, out);
    case CMD_OTHERS: return other_settings(v, s, out);
    case CMD_PAGE: return next_page(v, out);
    case CMD_NEXT_MAP: return next_map(v, s, out);
    case CMD_COLUMNS: return next_axis(v, s, true, out);
    case CMD_ROWS: return next_axis(v, s, false, out);
    case CMD_CONTOURS: v->plain = !v->plain; return true;
    default: return false;
    }
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct search_view *v = self;
    struct search_scene s;
    bool done;
    if (scene_of(v, ctx, &s))
        done = obey(v, ctx, &s, cmd, out);
    else
        done = s.space.n > 0 && s.n_dims == 0 && cmd == CMD_PIN && prompt(v, &s, STEER_PIN, out);
    search_scene_release(&s);
    return done;
}

static bool typed(void *self, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct search_view *v = self;
    struct search_scene s;
    search_scene_make(&s, ctx, &v->course);
    bool ok = steer_typed(ctx, &s, v->prompt, text, &v->want, out, err);
    search_scene_release(&s);
    return ok;
}

/* A click takes the cursor there, the wheel goes through the maps. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct search_view *v = self;
    (void)ctx, (void)r;
    if (button >= 4 && v->n_areas == 1 && v->column != v->row)
        v->map = (v->map + (button == 4 ? MAP_COUNT - 1 : 1)) % MAP_COUNT;
    for (int k = 0; k < v->n_areas && button == 1; k++)
        if (rect_has(v->area[k], x, y))
            put_cursor(v, x - v->area[k].x, y - v->area[k].y);
    (void)out;
}

static bool export(void *self, struct view_context *ctx, struct sheet *sheet, struct err *err)
{
    struct search_view *v = self;
    struct search_scene s;
    struct search_look look = {0};
    if (scene_of(v, ctx, &s))
        look_of(v, &s, &look);
    bool ok = search_export(sheet, ctx->model, &s, &look, v->n_areas > 1, err);
    search_scene_release(&s);
    return ok;
}

static const struct view_pref prefs[] = {
    {"map", offsetof(struct search_view, map), PREF_INT, MAP_COUNT - 1},
    {"column", offsetof(struct search_view, column), PREF_INT, SPACE_MAX - 1},
    {"row", offsetof(struct search_view, row), PREF_INT, SPACE_MAX - 1},
    {"chosen", offsetof(struct search_view, chosen), PREF_BOOL, 0},
    {"plain", offsetof(struct search_view, plain), PREF_BOOL, 0},
    {"average", offsetof(struct search_view, average), PREF_BOOL, 0},
};

const struct view view_search = {
    .name = "search",
    .title = "Search",
    .key = '3',
    .state_size = sizeof(struct search_view),
    .draw = draw,
    .command = command,
    .typed = typed,
    .mouse = mouse,
    .export = export,
    .n_prefs = (int)ARRAY_LEN(prefs),
    .prefs = prefs,
};
