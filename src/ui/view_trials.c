/* The Trials screen: every trial of the study in a table that can be sorted and filtered, what is known of the chosen one, and
 * pictures of all of them. The row under the cursor is the trial that all screens look at, so the cursor is the model's
 * selection and not a thing of its own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trials_draw.h"

struct trials_view {
    struct trials_table table;
    char study[64]; /* that the table is of */
    struct trials_facts facts;
    int top, page, chosen; /* chosen: where the cursor was last, for when its trial is filtered away */
    int compare;           /* number; 0: none */
    int axis;
    enum trials_pane pane;
    enum { TYPING_FILTER, TYPING_EXPORT } typing;
    struct trials_layout layout; /* as drawn last */
};

static void init(void *self, struct view_context *ctx)
{
    struct trials_view *v = self;
    (void)ctx;
    trials_table_init(&v->table);
}

static void release(void *self)
{
    struct trials_view *v = self;
    trials_table_release(&v->table);
}

/* Takes in what the model has. Another study has no use for the old one's brushes. */
static void update(struct trials_view *v, const struct model *m)
{
    if (strcmp(v->study, m->study) != 0) {
        trials_table_release(&v->table);
        trials_table_init(&v->table);
        v->facts = (struct trials_facts){0};
        v->top = v->chosen = v->compare = 0;
        str_append(v->study, sizeof v->study, 0, "%s", m->study);
    }
    trials_table_update(&v->table, &(struct trials_source){.rows = m->trials,
                                                           .n = m->n_trials,
                                                           .version = m->trials_version,
                                                           .saved_ms = m->n_saved == m->n_trials ? m->saved_ms : NULL,
                                                           .settings = m->has_settings ? &m->settings : NULL});
    if (v->compare && trials_table_row(&v->table, v->compare) < 0)
        v->compare = 0;
    trials_facts_read(&v->facts, m, m->sel.trial);
}

static struct trials_scene scene_of(const struct trials_view *v, const struct view_context *ctx)
{
    return (struct trials_scene){.m = ctx->model,
                                 .look = ctx->look,
                                 .table = &v->table,
                                 .compare = v->compare,
                                 .top = v->top,
                                 .axis = v->axis,
                                 .pane = v->pane,
                                 .facts = &v->facts};
}

/* The cursor is kept in sight; where its trial is not shown, the rows stay where they are. */
static void scroll(struct trials_view *v, const struct model *m)
{
    int n = v->table.n_shown, at = trials_table_place(&v->table, m->sel.trial);
    v->page = v->layout.rows.h < 1 ? 1 : v->layout.rows.h;
    if (at >= 0) {
        v->chosen = at;
        v->top = at < v->top ? at : at >= v->top + v->page ? at - v->page + 1 : v->top;
    }
    v->top = v->top > n - v->page ? n - v->page : v->top;
    v->top = v->top < 0 ? 0 : v->top;
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct trials_view *v = self;
    update(v, ctx->model);
    v->layout = trials_layout(r, v->pane);
    scroll(v, ctx->model);
    struct trials_scene s = scene_of(v, ctx);
    const struct trials_layout *l = &v->layout;
    trials_draw_head(c, l->head, &s);
    trials_draw_columns(c, l->columns, &s);
    trials_draw_rows(c, l->rows, &s);
    if (l->detail.h > 0)
        trials_draw_detail(c, l->detail, &s);
    trials_draw_rule(c, l->rule, &s, "");
}

/* ---- the cursor ---- */

static void choose(struct trials_view *v, struct model *m, int place)
{
    int last = v->table.n_shown - 1;
    place = place > last ? last : place;
    place = place < 0 ? 0 : place;
    if (last < 0)
        return;
    v->chosen = place;
    m->sel.trial = v->table.source.rows[v->table.shown[place]].number;
    m->sel.follow = false;
    m->sel.fsp_step = -1;
}

static bool move(struct trials_view *v, struct model *m, int by)
{
    int at = trials_table_place(&v->table, m->sel.trial);
    choose(v, m, (at < 0 ? v->chosen : at) + (at < 0 ? 0 : by));
    return true;
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct trials_view *v = self;
    struct model *m = ctx->model;
    update(v, m);
    (void)out;
    switch (cmd) {
    case CMD_UP: return move(v, m, -1);
    case CMD_DOWN: return move(v, m, 1);
    case CMD_PAGE_UP: return move(v, m, 1 - v->page);
    case CMD_PAGE_DOWN: return move(v, m, v->page - 1);
    case CMD_HOME: return choose(v, m, 0), true;
    case CMD_END: return choose(v, m, v->table.n_shown - 1), true;
    case CMD_SORT_NEXT: return trials_table_sort_next(&v->table, 1), true;
    case CMD_SORT_PREVIOUS: return trials_table_sort_next(&v->table, -1), true;
    case CMD_SORT_REVERSE: return trials_table_sort(&v->table, v->table.sort), true;
    default: return false;
    }
}

/* A click chooses a row, or sorts by a column; the wheel moves the cursor. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct trials_view *v = self;
    const struct trials_layout *l = &v->layout;
    (void)r, (void)out;
    update(v, ctx->model);
    struct trials_scene s = scene_of(v, ctx);
    if (button >= 4) {
        move(v, ctx->model, button == 4 ? -3 : 3);
    } else if (button == 1 && rect_has(l->rows, x, y) && v->top + y - l->rows.y < v->table.n_shown) {
        choose(v, ctx->model, v->top + y - l->rows.y);
    } else if (button == 1 && rect_has(l->columns, x, y)) {
        int j = trials_column_at(&s, l->columns.w, x - l->columns.x);
        if (j >= 0)
            trials_table_sort(&v->table, v->table.column[j].name);
    }
}

const struct view view_trials = {
    .name = "trials",
    .title = "Trials",
    .key = '6',
    .state_size = sizeof(struct trials_view),
    .init = init,
    .release = release,
    .draw = draw,
    .command = command,
    .mouse = mouse,
};
