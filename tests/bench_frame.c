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
    double mean[ROUNDS], coarse[ROUNDS], next[ROUNDS], full[ROUNDS];
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
        mean[k] = coarse[k] = next[k] = 0;
        belief_want(b, &(struct belief_want){.space = &space,
                                             .points = &points,
                                             .seed = 1,
                                             .strategy = STRATEGY_BO,
                                             .row_dim = 1,
                                             .columns = columns,
                                             .rows = rows,
                                             .acquisition = true});
        while (!p || !p->complete) {
            struct pollfd fd = {.fd = belief_fd(b), .events = POLLIN};
            poll(&fd, 1, -1);
            p = belief_picture(b);
            double t = cpu_seconds() - t0;
            mean[k] = mean[k] > 0 ? mean[k] : t;
            coarse[k] = coarse[k] > 0 || !p->acquisition ? coarse[k] : t;
            next[k] = next[k] > 0 || p->n_next == 0 ? next[k] : t;
            full[k] = t;
        }
        belief_free(b);
    }
    double *const each[] = {mean, coarse, next, full};
    for (int i = 0; i < 4; i++)
        qsort(each[i], ROUNDS, sizeof(double), by_value);
    printf("belief   %3dx%-3d %4d trials  fit, mean and sigma %4.0f ms  coarse worth %4.0f ms  next points %4.0f ms  "
           "worth in full %5.0f ms\n",
           columns, rows, trials, 1e3 * mean[ROUNDS / 2], 1e3 * coarse[ROUNDS / 2], 1e3 * next[ROUNDS / 2],
           1e3 * full[ROUNDS / 2]);
    fflush(stdout);
    history_points_release(&points);
}

int main(void)
{
    measure_belief(12, 160, 100);
    measure_belief(50, 160, 100);
    static const struct view *const views[] = {&view_run,    &view_fsp, &view_search,
                                               &view_device, &view_log, &view_setup};
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        measure(views[i], 80, 24, 1000);
        measure(views[i], 200, 60, 1000);
        measure(views[i], 200, 60, 64000);
    }
    return 0;
}
