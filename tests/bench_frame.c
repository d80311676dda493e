/* How long one frame of each screen takes: drawing the model into the canvas, at 200x60 and 80x24, with curves of a full
 * length run (64,000 steps). Medians of 201 frames in which something has changed. `make bench-ui` runs it. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../src/history.h"
#include "../src/search/surface.h"
#include "../src/ui/belief.h"
#include "scratch.h"
#include "ui_fixture.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const struct view *view, int w, int h, int steps)
{
    enum { FRAMES = 201 };
    double t[FRAMES];
    struct model m;
    struct ui u;
    struct canvas c;
    ui_model(&m);
    for (int i = 121; i <= steps; i++)
        for (int k = 0; k < 4; k++)
            ui_add(&m.curves, "transfer", (const char *[]){"loss", "fsp1", "fsp2", "fsp3"}[k], i,
                   (k + 1) * (0.2 + 0.1 * ((i * 7919) % 97) / 97.0), i * 0.1);
    ui_open(&u, view, &m);
    ui_believe(&u);
    free(ui_text(&u, w, h - 2)); /* waits for the picture */
    canvas_init(&c, w, h);
    for (int i = 0; i < FRAMES; i++) {
        double t0 = clock_seconds();
        ui_add(&m.curves, "transfer", "loss", steps + i, 0.3, (steps + i) * 0.1);
        canvas_clear(&c, look_style(&u.look, ROLE_TEXT));
        view->draw(u.self, &u.context, &c, (struct rect){0, 1, w, h - 2});
        t[i] = clock_seconds() - t0;
    }
    qsort(t, FRAMES, sizeof *t, by_value);
    printf("%-8s %3dx%-3d %6d steps  %7.3f ms median  %7.3f ms at most\n", view->name, w, h, steps, 1e3 * t[FRAMES / 2],
           1e3 * t[FRAMES - 1]);
    canvas_release(&c);
    ui_close(&u);
    model_release(&m);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How much the search's belief costs on its thread, from the want to each step of the picture: processor time, which other
 * work on the machine does not change. */
static void measure_belief(int trials, int columns, int rows)
{
    enum { ROUNDS = 3 };
    double mean[ROUNDS], coarse[ROUNDS], next[ROUNDS], weights[ROUNDS], full[ROUNDS];
    struct space space = surface_space(surface_find("kd"), 0);
    struct history_points points = {.n = trials};
    points.x = xcalloc(2 * (size_t)trials, sizeof *points.x);
    points.value = xcalloc((size_t)trials, sizeof *points.value);
    points.state = xcalloc((size_t)trials, 1);
    points.manual = xcalloc((size_t)trials, sizeof *points.manual);
    for (int i = 0; i < trials; i++) {
        double *x = points.x + 2 * i;
        x[0] = fmod(0.5 + 0.7548776662 * i, 1);
        x[1] = fmod(0.5 + 0.5698402910 * i, 1);
        points.value[i] = (surface_find("kd")->value(x) + 0.25 * sin(7.0 * i)) / 100;
        points.state[i] = POINT_COMPLETE;
    }
    for (int k = 0; k < ROUNDS; k++) {
        struct belief *b = belief_new();
        double t0 = cpu_seconds();
        const struct belief_picture *p = NULL;
        mean[k] = coarse[k] = next[k] = weights[k] = 0;
        belief_want(b, &(struct belief_want){.space = &space,
                                             .points = &points,
                                             .seed = 1,
                                             .strategy = STRATEGY_BO,
                                             .row_dim = 1,
                                             .columns = columns,
                                             .rows = rows,
                                             .acquisition = true,
                                             .weights = true});
        while (!p || !p->complete) {
            struct pollfd fd = {.fd = belief_fd(b), .events = POLLIN};
            poll(&fd, 1, -1);
            p = belief_picture(b);
            double t = cpu_seconds() - t0;
            mean[k] = mean[k] > 0 ? mean[k] : t;
            coarse[k] = coarse[k] > 0 || !p->acquisition ? coarse[k] : t;
            next[k] = next[k] > 0 || p->n_next == 0 ? next[k] : t;
            weights[k] = weights[k] > 0 || !p->weights.known ? weights[k] : t;
            full[k] = t;
        }
        belief_free(b);
    }
    double *const each[] = {mean, coarse, next, weights, full};
    for (int i = 0; i < 5; i++)
        qsort(each[i], ROUNDS, sizeof(double), by_value);
    printf("belief   %3dx%-3d %4d trials  fit, mean and sigma %4.0f ms  coarse worth %4.0f ms  next points %4.0f ms  "
           "weights %4.0f ms  worth in full %5.0f ms\n",
           columns, rows, trials, 1e3 * mean[ROUNDS / 2], 1e3 * coarse[ROUNDS / 2], 1e3 * next[ROUNDS / 2],
           1e3 * weights[ROUNDS / 2], 1e3 * full[ROUNDS / 2]);
    fflush(stdout);
    history_points_release(&points);
}

/* ---- a study of many trials: processor time, too ---- */

enum { MANY = 10000 };

static void make_many(struct model *m)
{
    free(m->trials);
    m->n_trials = MANY;
    m->trials = xcalloc(MANY, sizeof *m->trials);
    for (int i = 0; i < MANY; i++) {
        struct trial_row *t = &m->trials[i];
        double u = fmod(0.7548776662 * i, 1), v = fmod(0.5698402910 * i, 1);
        *t = (struct trial_row){.number = i + 1,
                                .ask_id = i,
                                .state = i % 4 == 3 ? TRIAL_PRUNED : TRIAL_COMPLETE,
                                .seed = 1,
                                .n_params = 2,
                                .val_accuracy = 0.8 - 0.2 * (u - 0.5) * (u - 0.5) - 0.1 * fabs(v - 0.4),
                                .best_val_accuracy = 0.8,
                                .test_accuracy = NAN,
                                .seconds_finetune = 100 + 10 * v};
        str_append(t->param_name[0], sizeof t->param_name[0], 0, "lambda");
        str_append(t->param_name[1], sizeof t->param_name[1], 0, "transfer_lr");
        t->param_value[0] = pow(10, 2 * u - 2);
        t->param_value[1] = pow(10, 2 * v - 4);
        str_append(t->dir, sizeof t->dir, 0, "runs/demo/trial-%04d", i + 1);
    }
    m->trials_version++;
    m->sel.trial = MANY / 2;
}

/* What a frame begins with. */
static void nothing(struct ui *u, int i)
{
    (void)u, (void)i;
}

static void new_filter(struct ui *u, int i)
{
    struct request r = {0};
    struct err err = {0};
    char text[64];
    ui_command(u, CMD_FILTER, &r);
    snprintf(text, sizeof text, "complete val>%.3f lambda<0.5", 0.70 + 0.0002 * (i % 100));
    u->view->typed(u->self, &u->context, text, &r, &err);
}

static void new_order(struct ui *u, int i)
{
    struct request r;
    (void)i;
    ui_command(u, CMD_SORT_NEXT, &r);
}

static void new_rows(struct ui *u, int i)
{
    u->model->trials[i].val_accuracy += 0.001;
    u->model->trials_version++;
}

static void measure_many(const char *what, void (*before)(struct ui *, int), int panes)
{
    enum { FRAMES = 101 };
    double t[FRAMES];
    struct model m;
    struct ui u;
    struct canvas c;
    struct request r;
    ui_model(&m);
    make_many(&m);
    m.n_evals = MANY;
    m.evals = xcalloc(MANY, sizeof *m.evals);
    for (int i = 0; i < MANY; i++) {
        m.evals[i] =
            (struct eval_curve){.n = 30, .step = xcalloc(30, sizeof(float)), .value = xcalloc(30, sizeof(float))};
        for (int k = 0; k < 30; k++) {
            m.evals[i].step[k] = 100.0F * (float)(k + 1);
            m.evals[i].value[k] = (float)(m.trials[i].val_accuracy * (1 - 0.5 * exp(-k / 8.0)));
        }
    }
    ui_open(&u, &view_trials, &m);
    canvas_init(&c, 200, 60);
    free(ui_text(&u, 200, 58));
    for (int i = 0; i < panes; i++)
        ui_command(&u, CMD_NEXT_PANE, &r);
    for (int i = 0; i < FRAMES; i++) {
        double t0 = cpu_seconds();
        before(&u, i);
        canvas_clear(&c, look_style(&u.look, ROLE_TEXT));
        view_trials.draw(u.self, &u.context, &c, (struct rect){0, 1, 200, 58});
        t[i] = cpu_seconds() - t0;
    }
    qsort(t, FRAMES, sizeof *t, by_value);
    printf("trials   200x60  %d trials, %-28s %7.3f ms median  %7.3f ms at most\n", MANY, what, 1e3 * t[FRAMES / 2],
           1e3 * t[FRAMES - 1]);
    fflush(stdout);
    canvas_release(&c);
    ui_close(&u);
    model_release(&m);
}

/* From nothing to all that the screens show of a study of many trials. */
static void measure_store(void)
{
    enum { ROUNDS = 5 };
    char *dir = scratch_new(), *path = xstrfmt("%s/demo/study.db", dir);
    struct err err = {0};
    struct model m;
    double t[ROUNDS], cpu[ROUNDS], again[ROUNDS];
    struct store *s = store_open(path, &err);
    ui_model(&m);
    make_many(&m);
    bool ok = s && store_begin(s, &err);
    for (int i = 0; ok && i < MANY; i++) {
        ok = store_trial_put(s, &m.trials[i], &err);
        for (int k = 0; ok && k < 3; k++)
            ok = store_checkpoint_put(s, i + 1, "finetune", k, "state.safetensors", "0", &err) &&
                 store_value_put(s, i + 1, "finetune", 100 * (k + 1), "val_accuracy", 0.5, 1, &err);
    }
    ok = ok && store_commit(s, &err);
    store_close(s);
    model_release(&m);
    for (int i = 0; ok && i < ROUNDS; i++) {
        model_init(&m, "demo", dir, false);
        double t0 = clock_seconds(), cpu0 = cpu_seconds();
        ok = model_read_store(&m, &err);
        cpu[i] = cpu_seconds() - cpu0;
        t[i] = clock_seconds() - t0;
        ok = ok && model_read_store(&m, &err);
        again[i] = clock_seconds() - t0 - t[i];
        model_release(&m);
    }
    if (ok) {
        qsort(t, ROUNDS, sizeof *t, by_value);
        qsort(cpu, ROUNDS, sizeof *cpu, by_value);
        qsort(again, ROUNDS, sizeof *again, by_value);
        printf(
            "store            %d trials, opened and read in %.0f ms (processor %.0f ms), looked into again in %.2f ms "
            "(medians)\n",
            MANY, 1e3 * t[ROUNDS / 2], 1e3 * cpu[ROUNDS / 2], 1e3 * again[ROUNDS / 2]);
    } else {
        fprintf(stderr, "%s\n", err.msg);
    }
    fflush(stdout);
    free(path);
    scratch_remove(dir);
}

int main(void)
{
    measure_store();
    measure_many("nothing new", nothing, 0);
    measure_many("another filter", new_filter, 0);
    measure_many("another order", new_order, 0);
    measure_many("a trial has changed", new_rows, 0);
    measure_many("learning curves", new_filter, 1);
    measure_belief(12, 160, 100);
    measure_belief(50, 160, 100);
    static const struct view *const views[] = {&view_run, &view_fsp,   &view_search, &view_device,
                                               &view_log, &view_setup, &view_trials};
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        measure(views[i], 80, 24, 1000);
        measure(views[i], 200, 60, 1000);
        measure(views[i], 200, 60, 64000);
    }
    return 0;
}
