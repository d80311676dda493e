/* Copies a report, which owns texts, into a card, which is plain: the screens know no report. */
#include "host_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "nn/flops.h"

_Static_assert((int)CARD_ROWS >= (int)REPORT_ROWS && (int)CARD_STUDIES >= (int)REPORT_STUDIES &&
                   (int)CARD_NETS == (int)REPORT_NETS,
               "a card holds a report");

static void copy_row(const struct cmd_options *o, const struct report *r, const struct report_survey *s, int at,
                     struct card_row *to)
{
    const struct paper_row *p = &paper_rows[at];
    const struct report_row *m = &r->rows[at];
    char *notes = report_notes(r, at);
    *to = (struct card_row){.table = p->table,
                            .begun = m->study[0] != '\0',
                            .n_studies = s->n[at],
                            .runs = m->n,
                            .mean = m->n > 0 ? m->mean : NAN,
                            .sd = m->n > 1 ? m->sd : NAN,
                            .published_mean = p->published_mean,
                            .trials = m->trials,
                            .seconds = m->trials > 0 ? m->seconds : NAN,
                            .published_seconds = p->published_seconds > 0 ? p->published_seconds : NAN};
    str_append(to->label, sizeof to->label, 0, "%s", p->label);
    str_append(to->fills, sizeof to->fills, 0, "%s", s->fills[at]);
    str_append(to->notes, sizeof to->notes, 0, "%s", notes);
    bool gone = strcmp(m->state, "running") == 0 && !host_is_run(o, m->study);
    str_append(to->state, sizeof to->state, 0, "%s", gone ? "interrupted" : m->state);
    memcpy(to->study, s->name[at], sizeof s->name[at]);
    for (int i = 0; i < CARD_RUNS; i++) {
        to->accuracy[i] = i < m->n ? m->accuracy[i] : NAN;
        to->published[i] = p->published[i];
    }
    free(notes);
}

static void copy_net(const struct report *r, int i, struct card_net *to)
{
    struct net_spec spec = {0};
    *to = (struct card_net){.row = i};
    net_parse(report_nets[i], false, 10, &spec, NULL);
    net_spec_format(&spec, to->name, sizeof to->name);
    struct net_cost cost = net_cost(&spec);
    to->cost[0] = (double)cost.macs;
    to->cost[1] = (double)cost.tf_flops;
    to->cost[2] = (double)cost.parameters;
    to->cost[3] = report_net_seconds(r, i);
}

void host_report(const struct cmd_options *o, struct report_memory *memory, const char chosen[CARD_ROWS][64],
                 struct report_card *card)
{
    struct report r;
    struct report_survey *s = xmalloc(sizeof *s);
    report_survey(memory, o->runs, o->config, chosen, &r, s);
    memset(card, 0, sizeof *card);
    card->n = REPORT_ROWS;
    card->nets = REPORT_NETS;
    for (int i = 0; i < REPORT_ROWS; i++)
        copy_row(o, &r, s, i, &card->row[i]);
    for (int i = 0; i < REPORT_NETS; i++)
        copy_net(&r, i, &card->net[i]);
    str_append(card->trouble, sizeof card->trouble, 0, "%s", s->trouble);
    report_release(&r);
    free(s);
}
