#include "search_fixture.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/search/surface.h"
#include "golden.h"

static const char *const names[] = {"lambda", "transfer_lr", "momentum"};
static const char *const ranges[] = {"log 0.1 100", "log 0.001 1", "linear 0.5 0.95"};

static double part(double v)
{
    return v - floor(v);
}

/* Trial I of a search over DIMS settings: evenly spread points, values of the surface with a little noise. */
static void make_trial(struct trial_row *t, int i, int dims, const struct space *space)
{
    double u[3] = {part(0.5 + 0.7548776662 * i), part(0.5 + 0.5698402910 * i), part(0.3 + 0.381966 * i)};
    double at[2] = {u[0], dims > 1 ? u[1] : 0.55};
    double y = surface_find("kd")->value(at) / 100 + 0.0015 * sin(7.0 * i) - (dims > 2 ? 0.2 * u[2] * u[2] : 0);
    *t = (struct trial_row){.number = i + 1,
                            .kind = TRIAL_SEARCH,
                            .ask_id = i,
                            .state = TRIAL_COMPLETE,
                            .seed = 1,
                            .n_params = dims,
                            .val_accuracy = y,
                            .best_val_accuracy = y,
                            .test_accuracy = NAN};
    for (int j = 0; j < dims; j++) {
        str_append(t->param_name[j], sizeof t->param_name[j], 0, "%s", names[j]);
        t->param_value[j] = space_value(&space->dims[j], u[j]);
    }
    if (y < 0.3)
        t->state = TRIAL_DIVERGED;
    if (i == 11)
        t->edited = true;
    if (i == 5)
        t->state = TRIAL_PRUNED;
    if (i >= SEARCH_TRIALS - 2)
        t->state = i == SEARCH_TRIALS - 1 ? TRIAL_QUEUED : TRIAL_RUNNING;
    if (t->state != TRIAL_COMPLETE)
        t->val_accuracy = t->best_val_accuracy = NAN;
}

void search_model(struct model *m, int dims, int n)
{
    struct err err = {0};
    struct space space;
    ui_model(m);
    free(m->trials);
    params_init(&m->settings);
    m->settings.search = SEARCH_BO;
    for (int j = 0; j < dims; j++) {
        char key[64];
        snprintf(key, sizeof key, "search.%s", names[j]);
        assert_true(params_set(&m->settings, key, ranges[j], &err));
    }
    memset(&space, 0, sizeof space);
    struct ui u;
    ui_open(&u, &view_search, m);
    assert_true(u.context.host->space(&m->settings, &space, &err));
    ui_close(&u);
    m->n_trials = n;
    m->trials = xcalloc((size_t)n + 1, sizeof *m->trials);
    for (int i = 0; i < n; i++)
        make_trial(&m->trials[i], i, dims, &space);
    m->sel.trial = n ? 7 : 0;
}

void search_open(struct ui *u, struct model *m, int dims, int n)
{
    search_model(m, dims, n);
    ui_open(u, &view_search, m);
    ui_believe(u);
}

void search_close(struct ui *u)
{
    ui_close(u);
    model_release(u->model);
}

void search_expect(struct ui *u, int w, int h, const char *what)
{
    char *text = ui_text(u, w, h);
    if (!strstr(text, what))
        fail_msg("no '%s' in\n%s", what, text);
    free(text);
}

void search_kept(struct ui *u, int w, int h, const char *name)
{
    char file[64], *text = ui_text(u, w, h);
    str_append(file, sizeof file, 0, "search-%dx%d%s", w, h, name);
    golden_check(file, text);
    free(text);
}

void search_press(struct ui *u, enum command c, int n)
{
    struct request r;
    for (int i = 0; i < n; i++)
        assert_true(ui_command(u, c, &r));
}

struct surrogate *search_ask_directly(struct ui *u, struct search_scene *s)
{
    struct search_course course = {0};
    const struct search_options o = {.max_trials = INT_MAX};
    search_scene_make(s, &u->context, &course);
    struct trials trials = history_trials(&s->points);
    return surrogate_new(&s->space, &trials,
                         &(struct surrogate_options){.seed = s->seed, .aim = surrogate_aim(&s->space, &o, trials.n)});
}
