/* The Report screen: the paper's tables and figures, filled with what has been measured. The cursor stands on a cell; what is
 * missing says which study fills it, and Enter starts that study or opens the one there is.
 *
 * Everything is read anew every few seconds while the screen is looked at, in the frame: a handful of stores takes a few
 * milliseconds. Where it takes longer, it is done more rarely, so that it never has more than a hundredth of the time. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report_impl.h"

#define READ_EVERY 3.0 /* seconds */
#define READ_SHARE 100 /* and at least this many times what a reading took */

void report_rows(const struct report_view *v, int rows[BLOCK_COUNT])
{
    memset(rows, 0, BLOCK_COUNT * sizeof *rows);
    for (int i = 0; i < v->card.n; i++)
        rows[v->card.row[i].table == 1 ? BLOCK_TABLE1 : BLOCK_TABLE2]++;
    rows[BLOCK_FIGURE3] = v->card.nets;
    rows[BLOCK_FIGURE4] = rows[BLOCK_TABLE2];
}

int report_columns(const struct report_view *v, int block)
{
    switch (block) {
    case BLOCK_FIGURE3: return CARD_COSTS;
    case BLOCK_FIGURE4: return 2;
    case BLOCK_TABLE2: return v->layout.costs ? COL_END : COL_TRIALS;
    default: return COL_TRIALS;
    }
}

int report_card_row(const struct report_view *v, int block, int row)
{
    int rows[BLOCK_COUNT];
    report_rows(v, rows);
    if (row < 0 || row >= rows[block])
        return -1;
    return block == BLOCK_FIGURE3 ? v->card.net[row].row : block == BLOCK_TABLE1 ? row : rows[BLOCK_TABLE1] + row;
}

static struct card_row *cursor_row(struct report_view *v)
{
    int at = report_card_row(v, v->block, v->row);
    return at < 0 ? NULL : &v->card.row[at];
}

/* ---- reading ---- */

static void make_plan(struct report_view *v, struct view_context *ctx)
{
    const struct ui_host *h = ctx->host;
    struct report_plan *p = &v->plan;
    struct pair_card pair = {.trials = -1, .steps = -1};
    struct card_row *r = cursor_row(v);
    struct err err = {0};
    p->study[0] = '\0';
    if (!r || r->begun || !h || !h->settings)
        return;
    str_append(p->study, sizeof p->study, 0, "%s", r->fills);
    p->ok = h->settings(h->ctx, p->study, &p->params, &err) && params_check(&p->params, &err);
    if (p->ok && h->describe)
        h->describe(h->ctx, &p->params, &pair);
    if (!p->ok || pair.problem[0]) {
        str_append(p->text, sizeof p->text, 0, "%s", p->ok ? pair.problem : err.msg);
        p->ok = false;
        return;
    }
    char number[32];
    size_t n = str_append(p->text, sizeof p->text, 0, "its length is not known");
    if (pair.trials >= 0)
        n = str_append(p->text, sizeof p->text, 0, "%" PRId64 " trial%s", pair.trials, pair.trials == 1 ? "" : "s");
    report_grouped((double)pair.steps, number, sizeof number);
    if (pair.steps >= 0)
        str_append(p->text, sizeof p->text, n, ", %s steps of %d images", number, p->params.batch);
}

static void clamp_cursor(struct report_view *v)
{
    int rows[BLOCK_COUNT];
    report_rows(v, rows);
    if (v->row >= rows[v->block])
        v->row = rows[v->block] - 1;
    if (v->row < 0)
        v->row = 0;
    if (v->column >= report_columns(v, v->block))
        v->column = report_columns(v, v->block) - 1;
}

static void read_card(struct report_view *v, struct view_context *ctx)
{
    double began = clock_seconds();
    if (ctx->host && ctx->host->report)
        ctx->host->report(ctx->host->ctx, v->chosen, &v->card);
    v->read = true;
    v->next_read = ctx->model->now + fmax(READ_EVERY, READ_SHARE * (clock_seconds() - began));
    clamp_cursor(v);
    make_plan(v, ctx);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct report_view *v = self;
    int rows[BLOCK_COUNT];
    if (!v->read || ctx->model->now >= v->next_read)
        read_card(v, ctx);
    report_rows(v, rows);
    v->layout = report_layout(r, rows);
    clamp_cursor(v);
    report_draw(v, ctx, c);
}

/* ---- the cursor ---- */

/* Through all rows of all blocks, or within the half of the screen where the figures stand beside the tables. */
static void move_row(struct report_view *v, int by)
{
    int rows[BLOCK_COUNT], half = v->layout.wide && v->block >= BLOCK_FIGURE3 ? BLOCK_FIGURE3 : 0;
    int first = v->layout.wide ? half : 0, last = v->layout.wide && half == 0 ? BLOCK_TABLE2 : BLOCK_FIGURE4;
    report_rows(v, rows);
    int to = v->row + by, block = v->block;
    while (to < 0 && block > first)
        to += rows[--block];
    while (to >= rows[block] && block < last)
        to -= rows[block++];
    v->row = to < 0 ? 0 : to >= rows[block] ? rows[block] - 1 : to;
    v->block = block;
    clamp_cursor(v);
}

/* Off the edge of a table is the figure beside it. */
static void move_column(struct report_view *v, int by)
{
    int to = v->column + by, beside = v->block < BLOCK_FIGURE3 ? v->block + 2 : v->block - 2;
    bool figure = v->block >= BLOCK_FIGURE3;
    if (v->layout.wide && ((!figure && to >= report_columns(v, v->block)) || (figure && to < 0))) {
        v->block = beside;
        v->column = figure ? report_columns(v, beside) - 1 : 0;
    } else if (to >= 0 && to < report_columns(v, v->block)) {
        v->column = to;
    }
    clamp_cursor(v);
}

static void move_block(struct report_view *v, int by)
{
    int to = v->block + by;
    v->row = to < 0 ? 0 : to >= BLOCK_COUNT ? CARD_ROWS : 0;
    v->block = to < 0 ? 0 : to >= BLOCK_COUNT ? BLOCK_COUNT - 1 : to;
    clamp_cursor(v);
}

/* Another study for the row, in a circle. */
static void choose(struct report_view *v, struct view_context *ctx, int by)
{
    int row = report_card_row(v, v->block, v->row), at = 0;
    struct card_row *r = cursor_row(v);
    if (!r || r->n_studies == 0)
        return;
    while (at < r->n_studies && strcmp(r->study[at], r->fills) != 0)
        at++;
    if (at == r->n_studies) /* the paper's own, which experiments.ini does not have */
        at = by > 0 ? -1 : 0;
    at = (at + by + r->n_studies) % r->n_studies;
    v->chosen[row][0] = '\0';
    str_append(v->chosen[row], sizeof v->chosen[row], 0, "%s", r->study[at]);
    read_card(v, ctx);
}

static void scroll_notes(struct report_view *v, int by)
{
    int most = v->notes_rows - v->layout.view.h;
    v->notes_top += by;
    v->notes_top = v->notes_top > most ? most : v->notes_top;
    v->notes_top = v->notes_top < 0 ? 0 : v->notes_top;
}

/* ---- commands ---- */

static bool enter(struct report_view *v, struct view_context *ctx, struct request *out)
{
    read_card(v, ctx); /* it may have been begun meanwhile */
    struct card_row *r = cursor_row(v);
    out->kind = ASK_STATUS;
    if (!r) {
        str_append(out->text, sizeof out->text, 0, "there is nothing to open here");
    } else if (r->begun) {
        out->kind = ASK_OPEN;
        str_append(out->text, sizeof out->text, 0, "%s", r->fills);
    } else if (ctx->model->readonly) {
        str_append(out->text, sizeof out->text, 0, "read only: nothing is started from here");
    } else if (!v->plan.ok) {
        str_append(out->text, sizeof out->text, 0, "'%s' cannot be started: %.150s", r->fills,
                   v->plan.study[0] ? v->plan.text : "nobody here can start a study");
    } else {
        out->kind = ASK_START;
        v->starts = v->plan.params;
        out->params = &v->starts;
        str_append(out->text, sizeof out->text, 0, "%s", r->fills);
        str_append(out->confirm, sizeof out->confirm, 0, "start '%.60s'? %.50s.", r->fills, v->plan.text);
    }
    return true;
}

static bool notes_command(struct report_view *v, enum command cmd)
{
    int page = v->layout.view.h > 2 ? v->layout.view.h - 1 : 1;
    switch (cmd) {
    case CMD_UP: scroll_notes(v, -1); return true;
    case CMD_DOWN: scroll_notes(v, 1); return true;
    case CMD_PAGE_UP: scroll_notes(v, -page); return true;
    case CMD_PAGE_DOWN: scroll_notes(v, page); return true;
    case CMD_HOME: v->notes_top = 0; return true;
    case CMD_END: scroll_notes(v, v->notes_rows); return true;
    case CMD_CANCEL:
    case CMD_NOTES:
    case CMD_ENTER: v->all_notes = false; return true;
    default: return false;
    }
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct report_view *v = self;
    if (v->all_notes)
        return notes_command(v, cmd);
    switch (cmd) {
    case CMD_UP: move_row(v, -1); break;
    case CMD_DOWN: move_row(v, 1); break;
    case CMD_LEFT: move_column(v, -1); break;
    case CMD_RIGHT: move_column(v, 1); break;
    case CMD_PAGE_UP: move_block(v, -1); break;
    case CMD_PAGE_DOWN: move_block(v, 1); break;
    case CMD_HOME: v->block = v->row = v->column = 0; break;
    case CMD_END: v->block = BLOCK_FIGURE4, v->row = CARD_ROWS, clamp_cursor(v); break;
    case CMD_NEXT_STUDY: choose(v, ctx, 1); break;
    case CMD_PREVIOUS_STUDY: choose(v, ctx, -1); break;
    case CMD_NOTES: v->all_notes = true, v->notes_top = 0; break;
    case CMD_ENTER: return enter(v, ctx, out);
    default: return false;
    }
    make_plan(v, ctx);
    return true;
}

static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct report_view *v = self;
    int rows[BLOCK_COUNT];
    (void)r;
    if (button >= 4) {
        command(v, ctx, button == 4 ? CMD_UP : CMD_DOWN, out);
        return;
    }
    if (button != 1 || v->all_notes || !rect_has(v->layout.view, x, y))
        return;
    report_rows(v, rows);
    for (int block = 0; block < BLOCK_COUNT; block++)
        for (int i = 0; i < rows[block]; i++)
            for (int k = 0; k < report_columns(v, block); k++) {
                if (!rect_has(report_cell(v, block, i, k), x - v->layout.view.x + v->left,
                              y - v->layout.view.y + v->top))
                    continue;
                if (block == v->block && i == v->row && k == v->column) { /* a second click does what Enter does */
                    enter(v, ctx, out);
                    return;
                }
                v->block = block, v->row = i, v->column = k;
                make_plan(v, ctx);
                return;
            }
}

const struct view view_report = {
    .name = "report",
    .title = "Report",
    .key = '7',
    .state_size = sizeof(struct report_view),
    .draw = draw,
    .command = command,
    .mouse = mouse,
};
