/* The plots that the screen draws, made once more for white paper. */
#include "run_export.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 1280, PLOT_H = 440, GAP = 24, FRAME_H = 112 };

/* "trial 3 (lambda 0.01, transfer_lr 0.1), with trials 1, 2" */
static void source_of(const struct model *m, char *buf, size_t cap)
{
    const struct trial_row *t = model_trial(m, m->sel.trial);
    size_t n = str_append(buf, cap, 0, "trial %d", m->sel.trial);
    for (int i = 0; t && i < t->n_params; i++)
        n = str_append(buf, cap, n, "%s%s %.4g%s", i ? ", " : " (", t->param_name[i], t->param_value[i],
                       i + 1 == t->n_params ? ")" : "");
    for (int i = 0, k = 0; i < m->n_overlay; i++)
        if (m->overlay[i].trial != m->sel.trial)
            n = str_append(buf, cap, n, "%s%d", k++ ? ", " : ", with trial ", m->overlay[i].trial);
}

static void name_plot(struct run_plot *p, const struct run_look *look, const char *stage, enum run_plot_kind kind)
{
    const char *unit = kind == RUN_LOSSES ? look->linear ? "" : ", log" : ", share of images";
    size_t n = str_append(p->title, sizeof p->title, 0, "%s, %s%s%s", kind == RUN_LOSSES ? "loss" : "accuracy", stage,
                          unit, look->recent ? ", latest part" : "");
    if (p->plot.smooth > 0)
        str_append(p->title, sizeof p->title, n, ", smoothed %.2f", p->plot.smooth);
}

static void put_csv(struct sheet *s, const struct run_plot *p, int n)
{
    static const char *const names[] = {"loss", "accuracy"};
    sheet_note(s, "loss: no unit; accuracy: share of images, 0 to 1; a row without value: something was changed there");
    for (int k = 0; k < n; k++)
        sheet_note(s, "%s", p[k].title);
    fprintf(s->csv, "plot,curve,%s,value\n", p[0].plot.x_label);
    for (int k = 0; k < n; k++)
        plot_csv(s->csv, names[k], &p[k].plot);
}

bool run_export(struct sheet *s, const struct view_context *ctx, const struct run_look *look, const char *stage,
                bool accuracies, struct err *err)
{
    const struct model *m = ctx->model;
    struct look paper = sheet_look();
    struct run_plot plot[2];
    char title[128], source[300];
    struct rect room;
    int n = accuracies ? 2 : 1, curves = 0;
    bool ok = true;
    for (int k = 0; k < n; k++) {
        run_plot_make(&plot[k], m, &paper, look, stage, k ? RUN_ACCURACIES : RUN_LOSSES);
        name_plot(&plot[k], look, stage, k ? RUN_ACCURACIES : RUN_LOSSES);
        curves += plot[k].plot.n_curves;
    }
    source_of(m, source, sizeof source);
    str_append(title, sizeof title, 0, "%s, %s", accuracies ? "loss and accuracy" : "loss", stage);
    sheet_head(s, m, title, source);
    if (curves == 0)
        ok = err_set(err, ERR_STATE, "nothing to export: this stage has no curves yet");
    else if (s->csv)
        put_csv(s, plot, n);
    else
        ok = sheet_draw(s, WIDTH, FRAME_H + n * PLOT_H + (n - 1) * GAP, &room, err);
    for (int k = 0; k < n; k++) {
        if (ok && !s->csv)
            plot_figure(&s->drawing, (struct rect){room.x, room.y + k * (PLOT_H + GAP), room.w, PLOT_H}, &plot[k].plot);
        run_plot_release(&plot[k]);
    }
    return ok;
}
