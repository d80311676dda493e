#include "ui_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/lab.h"
#include "../src/ui/belief.h"

void ui_add(struct curves *c, const char *stage, const char *key, double step, double value, double seconds)
{
    struct series *s = (struct series *)curves_find(c, stage, key);
    if (!s) {
        c->series = xrealloc(c->series, (size_t)(c->n + 1) * sizeof *c->series);
        s = &c->series[c->n++];
        series_init(s, stage, key);
    }
    series_add(s, step, value, seconds);
}

static void fill_curves(struct curves *c)
{
    c->trial = 3;
    for (int i = 1; i <= 400; i++) {
        ui_add(c, "teacher", "loss", i, 0.4 + 1.9 * exp(-i / 90.0) + 0.05 * sin(i * 1.7), i * 0.1);
        ui_add(c, "teacher", "train_accuracy", i, 0.85 - 0.75 * exp(-i / 90.0) + 0.04 * sin(i * 2.3), i * 0.1);
        if (i % 50 == 0)
            ui_add(c, "teacher", "val_accuracy", i, 0.80 - 0.7 * exp(-i / 80.0), i * 0.1);
    }
    for (int i = 1; i <= 120; i++) {
        double t = 40 + i * 0.2, d = i > 60 ? 1.3 : 1;
        for (int k = 0; k < 3; k++)
            ui_add(c, "transfer", (const char *[]){"fsp1", "fsp2", "fsp3"}[k], i,
                   d * (k + 1) * (0.1 + 4 * exp(-i / (25.0 + 10 * k))) * (1 + 0.1 * sin(i * (1.1 + k))), t);
        ui_add(c, "transfer", "loss", i, d * (0.6 + 20 * exp(-i / 32.0)) * (1 + 0.08 * sin(i * 1.3)), t);
    }
}

static void fill_trials(struct model *m)
{
    m->n_trials = 3;
    m->trials = xcalloc(3, sizeof *m->trials);
    for (int i = 0; i < 3; i++) {
        struct trial_row *t = &m->trials[i];
        *t = (struct trial_row){.number = i + 1,
                                .kind = TRIAL_SEARCH,
                                .ask_id = i,
                                .state = TRIAL_COMPLETE,
                                .seed = 1,
                                .n_params = 2,
                                .val_accuracy = 0.8 + 0.02 * i,
                                .best_val_accuracy = 0.81 + 0.02 * i,
                                .test_accuracy = NAN};
        str_append(t->param_name[0], sizeof t->param_name[0], 0, "lambda");
        str_append(t->param_name[1], sizeof t->param_name[1], 0, "transfer_lr");
        t->param_value[0] = pow(10, -i);
        t->param_value[1] = pow(10, -4 + 0.7 * i);
    }
    m->trials[2].state = TRIAL_RUNNING;
    m->trials[2].val_accuracy = m->trials[2].best_val_accuracy = NAN;
    struct err err = {0};
    params_init(&m->settings);
    if (!params_set(&m->settings, "search.lambda", "log 0.01 1", &err) ||
        !params_set(&m->settings, "search.transfer_lr", "log 0.0001 0.01", &err))
        fail_msg("%s", err.msg);
    m->has_settings = true;
}

static void fill_live(struct live *l)
{
    *l = (struct live){.valid = true,
                       .study = "demo",
                       .state = "running",
                       .stage = "transfer",
                       .device = "cpu avx2, 2 threads",
                       .pid = 4711,
                       .trial = 3,
                       .step = 120,
                       .steps = 200,
                       .resumed_at = -1,
                       .steps_per_epoch = 50,
                       .lambda = 0.012,
                       .lambda_i = {1, 1, 1},
                       .lr = 0.0018,
                       .base_lr = 0.0025,
                       .loss = 1.234,
                       .ce = NAN,
                       .kd = NAN,
                       .hint = NAN,
                       .fsp = {0.31, 0.22, 0.44},
                       .fsp_student = {5, 6, 7},
                       .fsp_teacher = {9, 9, 9},
                       .train_accuracy = NAN,
                       .val_accuracy = NAN,
                       .best_val_accuracy = NAN,
                       .images_per_second = 450,
                       .step_seconds = 0.28,
                       .eta = 22.4,
                       .trial_eta = 78,
                       .edited = true,
                       .trials_planned = 9,
                       .trials_done = 2,
                       .best_trial = 2,
                       .best_accuracy = 0.82,
                       .clients = 1,
                       .n_parts = 4,
                       .part_name = {"data", "teacher", "forward", "backward"},
                       .part_seconds = {0.01, 0.09, 0.07, 0.11}};
}

static void fill_events(struct model *m)
{
    static const struct event_row rows[] = {
        {.id = 1, .time_ms = 1000, .trial = 1, .stage = "transfer", .step = 0, .kind = "state", .text = "begins"},
        {.id = 2,
         .time_ms = 61000,
         .trial = 2,
         .stage = "finetune",
         .step = 40,
         .kind = "warning",
         .text = "slow disk"},
        {.id = 3,
         .time_ms = 122000,
         .trial = 3,
         .stage = "transfer",
         .step = 60,
         .kind = "set",
         .key = "lambda",
         .before = 0.01,
         .after = 0.012},
        {.id = 4, .time_ms = 183000, .trial = 3, .stage = "transfer", .step = 90, .kind = "pause"},
    };
    m->n_events = (int)ARRAY_LEN(rows);
    m->events = xmalloc(sizeof rows);
    memcpy(m->events, rows, sizeof rows);
}

static void fill_fsp(struct model *m)
{
    static const int shape[3][2] = {{16, 16}, {16, 32}, {32, 64}};
    m->n_fsp_steps = 3;
    m->fsp_steps = xmalloc(3 * sizeof *m->fsp_steps);
    for (int i = 0; i < 3; i++)
        m->fsp_steps[i] = 40 * (i + 1);
    m->fsp = (struct fsp_frame){.trial = 3, .step = 120, .stage = "transfer"};
    for (int k = 0; k < 3; k++) {
        struct fsp_mats *p = &m->fsp.pair[k];
        p->m = shape[k][0], p->n = shape[k][1];
        p->t = xmalloc((size_t)(p->m * p->n) * sizeof *p->t);
        p->s = xmalloc((size_t)(p->m * p->n) * sizeof *p->s);
        for (int i = 0; i < p->m * p->n; i++) {
            double x = (double)(i % p->n) / p->n, y = (double)(i / p->n) / p->m;
            p->t[i] = (float)(1 + sin(6 * x) * cos(5 * y + k));
            p->s[i] = (float)(1 + 0.8 * sin(6 * x + 0.3) * cos(5 * y + k));
        }
    }
}

static void fill_samples(struct model *m)
{
    m->n_samples = 30;
    for (int i = 0; i < 30; i++)
        m->samples[i] = (struct device_sample){.at = 970 + i,
                                               .images_per_second = 440 + 20 * sin(i * 0.5),
                                               .proc = {.cpu = 1.8 + 0.1 * sin(i),
                                                        .rss = 3.1e8,
                                                        .rss_peak = 3.7e8,
                                                        .threads = 4,
                                                        .machine_cpu = 0.93,
                                                        .cores = 2,
                                                        .machine_memory_used = 2.1e9,
                                                        .machine_memory_total = 25.2e9,
                                                        .load1 = 2.2}};
}

void ui_model(struct model *m)
{
    model_init(m, "demo", "runs", false);
    m->conn = CONN_LIVE;
    m->now = 1000;
    m->now_ms = 1767225600000;
    m->live_at = 1000;
    m->sel.trial = 3;
    fill_live(&m->live);
    fill_trials(m);
    fill_events(m);
    fill_curves(&m->curves);
    fill_fsp(m);
    fill_samples(m);
    str_append(m->study_state, sizeof m->study_state, 0, "running");
}

/* All that a screen of a running study needs; Setup needs more, and gets none. */
static const struct ui_host host = {.space = lab_space};

void ui_open(struct ui *u, const struct view *view, struct model *m)
{
    *u = (struct ui){
        .model = m, .view = view, .look = {.theme = theme_dark, .depth = DEPTH_TRUE, .glyphs = GLYPHS_BRAILLE}};
    u->context = (struct view_context){.model = m, .look = &u->look, .host = view == &view_setup ? NULL : &host};
    u->self = xcalloc(1, view->state_size + 1);
    if (view->init)
        view->init(u->self, &u->context);
}

void ui_believe(struct ui *u)
{
    u->context.belief = belief_new();
}

void ui_close(struct ui *u)
{
    belief_free(u->context.belief);
    if (u->view->release)
        u->view->release(u->self);
    free(u->self);
}

bool ui_command(struct ui *u, enum command c, struct request *r)
{
    memset(r, 0, sizeof *r);
    return u->view->command(u->self, &u->context, c, r);
}

char *ui_text(struct ui *u, int w, int h)
{
    struct canvas c;
    canvas_init(&c, w, h);
    u->context.look = &u->look;
    u->view->draw(u->self, &u->context, &c, (struct rect){0, 0, w, h});
    if (u->context.belief) {
        if (!belief_wait(u->context.belief, 120))
            fail_msg("no picture of the belief within two minutes");
        canvas_clear(&c, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
        u->view->draw(u->self, &u->context, &c, (struct rect){0, 0, w, h});
    }
    char *text = canvas_to_text(&c);
    canvas_release(&c);
    return text;
}

void ui_stays_inside(struct ui *u, int w, int h)
{
    struct canvas c;
    struct style s = {COLOR_DEFAULT, COLOR_DEFAULT, 0};
    canvas_init(&c, w + 4, h + 4);
    canvas_fill(&c, (struct rect){0, 0, w + 4, h + 4}, '~', s);
    u->view->draw(u->self, &u->context, &c, (struct rect){2, 2, w, h});
    for (int y = 0; y < h + 4; y++)
        for (int x = 0; x < w + 4; x++)
            if ((x < 2 || y < 2 || x >= w + 2 || y >= h + 2) && c.cells[y * c.w + x].rune != '~')
                fail_msg("%s at %dx%d draws outside, at column %d, row %d", u->view->name, w, h, x - 2, y - 2);
    canvas_release(&c);
}
