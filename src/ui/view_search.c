/* The Search screen: what the search believes of its objective over any two of the settings it searches, the trials behind
 * that belief, and where it would go next. Fitting is the belief's work (belief.h); this file decides what is looked at. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search_draw.h"
#include "wrap.h"

struct search_view {
    enum search_map map;
    int column, row; /* which of the searched settings; both 0 at first: column 0, row 1 */
    bool chosen;     /* column and row are the user's */
    bool plain, moved;
    double u, v;     /* of the cursor once it was moved; at the best point until then */
    struct rect map_area; /* as drawn last */
    int columns, rows;    /* of pixels there */
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
    *look = (struct search_look){
        .map = v->map, .column = v->column, .row = v->row, .plain = v->plain, .cursor = true, .u = v->u, .v = v->v};
    if (!v->moved) {
        look->u = look->v = 0.5;
        if (s->best_mean >= 0) {
            look->u = search_unit(s, v->column, s->trials[s->best_mean].x);
            look->v = search_unit(s, v->row, s->trials[s->best_mean].x);
        }
    }
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct search_view *v = self;
    struct search_scene s;
    search_scene_make(&s, ctx);
    if (s.why[0] || s.n_dims == 0) {
        draw_sentence(c, r, ctx->look, s.why[0] ? s.why : "No setting is searched in this study: every trial has the same values.");
        search_scene_release(&s);
        return;
    }
    struct search_layout a = search_layout(r);
    struct search_look look;
    axes(v, &s);
    search_pixels(ctx->look, a.pane[0].map, &v->columns, &v->rows);
    v->map_area = a.pane[0].map;
    search_scene_picture(&s, ctx, v->column, v->row, v->columns, v->rows);
    look_of(v, &s, &look);
    for (int k = 0; k < a.n_panes; k++) {
        if (a.n_panes > 1)
            look.map = (enum search_map)k;
        search_draw_map(c, &a.pane[k], ctx->look, &s, &look);
    }
    search_scene_release(&s);
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct search_view *v = self;
    (void)ctx, (void)out;
    switch (cmd) {
    case CMD_NEXT_MAP: v->map = (v->map + 1) % MAP_COUNT; return true;
    case CMD_CONTOURS: v->plain = !v->plain; return true;
    default: return false;
    }
}

const struct view view_search = {
    .name = "search",
    .title = "Search",
    .key = '3',
    .state_size = sizeof(struct search_view),
    .draw = draw,
    .command = command,
};
