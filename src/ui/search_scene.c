/* Trials are the history's points, in its order, with the row of the model each was made from. */
#include "search_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COURSE_SECONDS 10 /* after so many experiments.ini is read again */

void search_scene_release(struct search_scene *s)
{
    history_points_release(&s->points);
    free(s->trials);
    *s = (struct search_scene){0};
}

static enum search_mark mark_of(const struct trial_row *t, enum point_state state)
{
    if (state == POINT_KNOWN)
        return MARK_KNOWN;
    if (state == POINT_LEFT_OUT)
        return MARK_LEFT_OUT;
    switch (t->state) {
    case TRIAL_RUNNING:
    case TRIAL_PAUSED: return MARK_RUNNING;
    case TRIAL_QUEUED: return MARK_QUEUED;
    case TRIAL_PRUNED: return MARK_PRUNED;
    case TRIAL_COMPLETE: return t->collapsed || state != POINT_COMPLETE ? MARK_FAILED : MARK_COMPLETE;
    default: return MARK_FAILED;
    }
}

static void take_trials(struct search_scene *s, const struct model *m)
{
    const struct history_points *p = &s->points;
    s->trials = xcalloc((size_t)p->n + 1, sizeof *s->trials);
    s->n = p->n;
    for (int i = 0; i < p->n; i++) {
        struct search_trial *t = &s->trials[i];
        enum point_state state = (enum point_state)p->state[i];
        t->row = &m->trials[p->row[i]];
        t->mark = mark_of(t->row, state);
        t->value = t->row->state == TRIAL_COMPLETE ? t->row->val_accuracy : NAN;
        memcpy(t->x, p->x + (size_t)i * (size_t)s->space.n, (size_t)s->space.n * sizeof *t->x);
        s->count[t->mark]++;
        if (state != POINT_COMPLETE)
            continue;
        s->complete++;
        if (space_contains(&s->space, t->x) && (s->best < 0 || t->value > s->trials[s->best].value))
            s->best = i;
    }
}

static enum strategy strategy_of(const struct view_context *ctx, struct search_course *course)
{
    const struct model *m = ctx->model;
    struct params p;
    struct err ignored = {0};
    if (strcmp(course->study, m->study) == 0 && m->now < course->read_at + COURSE_SECONDS)
        return course->strategy;
    str_append(course->study, sizeof course->study, 0, "%s", m->study);
    course->read_at = m->now;
    course->strategy = (enum strategy)m->settings.search;
    if (ctx->host->settings && ctx->host->settings(ctx->host->ctx, m->study, &p, &ignored))
        course->strategy = (enum strategy)p.search;
    return course->strategy;
}

void search_scene_make(struct search_scene *s, const struct view_context *ctx, struct search_course *course)
{
    const struct model *m = ctx->model;
    struct err err = {0};
    *s = (struct search_scene){.best = -1, .best_mean = -1};
    if (!m->has_settings) {
        str_append(s->why, sizeof s->why, 0,
                   m->study[0] ? "Nothing is known of this study's search yet: it has not been started."
                               : "No study is chosen; Setup (0) lists them.");
        return;
    }
    if (!ctx->host || !ctx->host->space || !ctx->host->space(&m->settings, &s->space, &err)) {
        str_append(s->why, sizeof s->why, 0, "%s",
                   err.msg[0] ? err.msg : "The space of this search is not known here.");
        return;
    }
    for (int j = 0; j < s->space.n; j++)
        if (s->space.dims[j].min < s->space.dims[j].max)
            s->dim[s->n_dims++] = j;
    struct history rows = {.rows = m->trials, .n = m->n_trials};
    struct stopped_list stopped = {0};
    stopped_add(&stopped, m->events, m->n_events);
    history_predictions(m->trials, m->n_trials, &stopped, &rows.predicted, &rows.predicted_sigma);
    edited_add(&rows.edited, m->events, m->n_events);
    bool known = history_points(&rows, &m->settings, &s->space, &s->points, &err);
    free(rows.predicted);
    free(rows.predicted_sigma);
    stopped_release(&stopped);
    edited_release(&rows.edited);
    if (!known) {
        str_append(s->why, sizeof s->why, 0, "%s", err.msg);
        return;
    }
    s->seed = (uint64_t)(m->settings.seed + s->points.search_no);
    s->strategy = strategy_of(ctx, course);
    take_trials(s, m);
}

static bool same_space(const struct space *a, const struct space *b)
{
    for (int j = 0; j < a->n && a->n == b->n; j++)
        if (strcmp(a->dims[j].name, b->dims[j].name) != 0 || a->dims[j].min != b->dims[j].min ||
            a->dims[j].max != b->dims[j].max || a->dims[j].log != b->dims[j].log)
            return false;
    return a->n == b->n;
}

void search_scene_picture(struct search_scene *s, const struct view_context *ctx, int column, int row, int columns,
                          int rows, unsigned what)
{
    if (!ctx->belief || s->why[0] || s->n_dims == 0 || columns < 1 || rows < 1)
        return;
    belief_want(ctx->belief, &(struct belief_want){.space = &s->space,
                                                   .points = &s->points,
                                                   .seed = s->seed,
                                                   .strategy = s->strategy,
                                                   .column_dim = s->dim[column],
                                                   .row_dim = s->dim[row],
                                                   .columns = columns,
                                                   .rows = column == row ? 1 : rows,
                                                   .acquisition = (what & PICTURE_WORTH) != 0,
                                                   .average = (what & PICTURE_AVERAGE) != 0,
                                                   .weights = (what & PICTURE_WEIGHTS) != 0});
    const struct belief_picture *p = belief_picture(ctx->belief);
    if (!p || !same_space(&p->space, &s->space))
        return;
    s->picture = p;
    s->best_mean = p->best < s->n ? p->best : -1;
}

bool search_scene_fits(const struct search_scene *s, int column, int row)
{
    const struct belief_picture *p = s->picture;
    return p && p->fitted && p->column_dim == s->dim[column] && p->row_dim == s->dim[row];
}

static int cell_of(double u, int n)
{
    int i = (int)floor(u * n);
    return i < 0 ? 0 : i < n ? i : n - 1;
}

int search_cell(const struct belief_picture *p, double u, double v)
{
    return cell_of(1 - v, p->rows) * p->columns + cell_of(u, p->columns);
}

double search_unit(const struct search_scene *s, int which, const double *x)
{
    int j = s->dim[which];
    return space_coordinate(&s->space.dims[j], x[j]);
}

int search_nearest(const struct search_scene *s, int column, int row, double u, double v)
{
    int nearest = -1;
    double least = INFINITY;
    for (int i = 0; i < s->n; i++) {
        double du = search_unit(s, column, s->trials[i].x) - u;
        double dv = row == column ? 0 : search_unit(s, row, s->trials[i].x) - v;
        double d = du * du + dv * dv;
        if (d < least)
            least = d, nearest = i;
    }
    return nearest;
}
