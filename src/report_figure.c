/* report: figures 3 and 4 as charts. What a net costs is worked out; what an epoch or a search took comes from stores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/flops.h"
#include "report.h"

double report_net_seconds(const struct report *r, int net)
{
    for (int i = 0; i < REPORT_ROWS; i++) {
        const struct report_row *m = &r->rows[i];
        bool vgg = strstr(paper_rows[i].label, "VGG26") != NULL;
        bool teacher = net > 0 && i > 0 && vgg == (strcmp(report_nets[net], "vgg26") == 0);
        double v = m->study[0] && (net == 0 || teacher) ? m->net_seconds[net > 0] : NAN;
        if (!isnan(v))
            return v;
    }
    return NAN;
}

static void figure3(const struct report *r, struct chart *c)
{
    *c = (struct chart){
        .title = "Figure 3. What the nets cost",
        .unit = "millions (parameters: ten thousands), one 32x32 image; seconds, an epoch of 50,000 images",
        .caption = "Option-A shortcuts. TF FLOPs as TensorFlow 1's profiler counts: 2 a multiply-add, 1 an addition.",
        .series = 4,
        .groups = REPORT_NETS,
        .series_name = {"multiply-adds", "TF FLOPs", "parameters", "seconds, where it ran"}};
    for (int i = 0; i < c->groups; i++) {
        struct net_spec spec = {0};
        net_parse(report_nets[i], false, 10, &spec, NULL);
        struct net_cost cost = net_cost(&spec);
        c->group_name[i] = report_nets[i];
        c->value[i][0] = (double)cost.macs / 1e6;
        c->value[i][1] = (double)cost.tf_flops / 1e6;
        c->value[i][2] = (double)cost.parameters / 1e4;
        c->value[i][3] = report_net_seconds(r, i);
    }
}

static void figure4(const struct report *r, struct chart *c)
{
    *c = (struct chart){.title = "Figure 4. What the searches cost",
                        .unit = "seconds, all searches together",
                        .caption = "Measured: seconds of trials where they ran, the teacher's training not counted.",
                        .series = 2,
                        .series_name = {"measured", "Kim & Bae (2020)"}};
    for (int i = 0; i < REPORT_ROWS; i++) {
        if (paper_rows[i].table != 2)
            continue;
        c->group_name[c->groups] = paper_rows[i].label;
        c->value[c->groups][0] = r->rows[i].trials > 0 ? r->rows[i].seconds : NAN;
        c->value[c->groups++][1] = paper_rows[i].published_seconds;
    }
}

void report_figure(const struct report *r, int figure, struct chart *c)
{
    if (figure == 3)
        figure3(r, c);
    else
        figure4(r, c);
}
