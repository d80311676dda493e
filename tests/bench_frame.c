/* How long one frame of each screen takes: drawing the model into the canvas, at 200x60 and 80x24, with curves of a full
 * length run (64,000 steps). Medians of 201 frames in which something has changed. `make bench-ui` runs it. */
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
    static const struct view *const views[] = {&view_run, &view_fsp, &view_device, &view_log, &view_setup};
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        measure(views[i], 80, 24, 1000);
        measure(views[i], 200, 60, 1000);
        measure(views[i], 200, 60, 64000);
    }
    return 0;
}
