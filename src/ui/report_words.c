/* What is said of the cell under the cursor: what it is, its value beside the published one, and what Enter does. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report_impl.h"

void report_grouped(double v, char *buf, size_t cap)
{
    char digits[32];
    size_t n = 0;
    snprintf(digits, sizeof digits, "%.0f", v);
    buf[0] = '\0';
    for (size_t i = 0, len = strlen(digits); i < len; i++)
        n = str_append(buf, cap, n, "%c%s", digits[i],
                       (len - i) % 3 == 1 && i + 1 < len && digits[i] != '-' ? "," : "");
}

static double table_value(const struct card_row *r, int column)
{
    if (column < COL_MEAN)
        return r->accuracy[column];
    if (column >= COL_PAPER && column < COL_PAPER_MEAN)
        return r->published[column - COL_PAPER];
    switch (column) {
    case COL_MEAN: return r->mean;
    case COL_PAPER_MEAN: return r->published_mean;
    case COL_TRIALS: return r->trials > 0 ? r->trials : NAN;
    case COL_SECONDS: return r->seconds;
    default: return r->published_seconds;
    }
}

double report_value(const struct report_view *v, int block, int row, int column)
{
    int at = report_card_row(v, block, row);
    if (block == BLOCK_FIGURE3)
        return row < v->card.nets ? v->card.net[row].cost[column] : NAN;
    if (at < 0)
        return NAN;
    const struct card_row *r = &v->card.row[at];
    if (block == BLOCK_FIGURE4)
        return column == 0 ? r->seconds : r->published_seconds;
    return table_value(r, column);
}

/* ---- the value ---- */

static void say_accuracy(const struct card_row *r, int column, struct report_words *w)
{
    int k = column < COL_MEAN ? column : column - COL_PAPER;
    bool mean = column == COL_MEAN || column == COL_PAPER_MEAN;
    double measured = mean ? r->mean : r->accuracy[k], published = mean ? r->published_mean : r->published[k];
    const char *what = r->table == 1 ? "run" : "search";
    size_t n = 0;
    if (mean)
        str_append(w->title, sizeof w->title, 0, "%s, mean", r->label);
    else
        str_append(w->title, sizeof w->title, 0, "%s, %s %d", r->label, what, k + 1);
    if (isnan(measured)) {
        str_append(w->value, sizeof w->value, 0, "Not measured; published is %.2f %%.", published);
        return;
    }
    n = str_append(w->value, sizeof w->value, n, "%.2f", measured);
    if (mean && !isnan(r->sd))
        n = str_append(w->value, sizeof w->value, n, " +- %.2f", r->sd);
    n = str_append(w->value, sizeof w->value, n, " %%");
    if (mean)
        n = str_append(w->value, sizeof w->value, n, " over %d %s%s", r->runs, what,
                       r->runs == 1    ? ""
                       : r->table == 1 ? "s"
                                       : "es");
    str_append(w->value, sizeof w->value, n, "; published is %.2f %%, which is %.2f points %s.", published,
               fabs(published - measured), published >= measured ? "more" : "less");
}

static void say_cost(const struct card_row *r, int column, struct report_words *w)
{
    char ours[32], theirs[32];
    report_grouped(r->seconds, ours, sizeof ours);
    report_grouped(r->published_seconds, theirs, sizeof theirs);
    str_append(w->title, sizeof w->title, 0, "%s, %s", r->label,
               column == COL_TRIALS ? "trials of all searches" : "seconds of all searches");
    if (isnan(r->seconds))
        str_append(w->value, sizeof w->value, 0, "Not measured; published are %s seconds.", theirs);
    else
        str_append(w->value, sizeof w->value, 0,
                   "%s seconds of %d trials where they ran, the teacher's training not counted; published are %s.",
                   ours, r->trials, theirs);
}

static void say_net(const struct card_net *k, int column, struct report_words *w)
{
    static const char *const names[CARD_COSTS] = {"multiply-adds", "TF FLOPs", "parameters", "seconds an epoch"};
    static const char *const what[CARD_COSTS] = {
        "multiply-adds for one image of 32x32", "FLOPs for one image, counted as TensorFlow 1's profiler does",
        "parameters, with option-A shortcuts", "seconds for an epoch of 50,000 images, where it ran"};
    char number[32];
    str_append(w->title, sizeof w->title, 0, "%s, %s", k->name, names[column]);
    report_grouped(k->cost[column], number, sizeof number);
    if (isnan(k->cost[column]))
        str_append(w->value, sizeof w->value, 0, "Not measured: no study of the tables has trained it.");
    else if (column == CARD_COSTS - 1 && k->cost[column] < 100)
        str_append(w->value, sizeof w->value, 0, "%.1f %s.", k->cost[column], what[column]);
    else
        str_append(w->value, sizeof w->value, 0, "%s %s.", number, what[column]);
}

/* ---- what Enter does ---- */

static void say_action(const struct report_view *v, const struct card_row *r, bool readonly, struct report_words *w)
{
    size_t n = 0;
    char *buf = w->action;
    if (r->begun) {
        n = str_append(buf, sizeof w->action, n, "Study %s is %s", r->fills, r->state);
        n = str_append(buf, sizeof w->action, n, ", %d trial%s%s. Enter opens it.", r->trials,
                       r->trials == 1 ? "" : "s", strcmp(r->state, "complete") == 0 ? "" : " so far");
    } else if (!v->plan.study[0]) {
        n = str_append(buf, sizeof w->action, n, "Study %s fills it.", r->fills);
    } else if (!v->plan.ok) {
        n = str_append(buf, sizeof w->action, n, "Study %s would fill it, but: %s", r->fills, v->plan.text);
    } else {
        n = str_append(buf, sizeof w->action, n, "Study %s fills it: %s. %s", r->fills, v->plan.text,
                       readonly ? "Read only: nothing is started from here." : "Enter starts it, after a question.");
    }
    if (r->n_studies > 1) {
        int at = 0;
        while (at < r->n_studies && strcmp(r->study[at], r->fills) != 0)
            at++;
        str_append(buf, sizeof w->action, n, " Study %d of %d for this row; ] changes.", at + 1, r->n_studies);
    }
}

void report_say(const struct report_view *v, bool readonly, struct report_words *w)
{
    int at = report_card_row(v, v->block, v->row);
    memset(w, 0, sizeof *w);
    if (at < 0)
        return;
    const struct card_row *r = &v->card.row[at];
    if (v->block == BLOCK_FIGURE3)
        say_net(&v->card.net[v->row], v->column, w);
    else if (v->block == BLOCK_FIGURE4 || v->column >= COL_TRIALS)
        say_cost(r, v->block == BLOCK_FIGURE4 ? COL_SECONDS : v->column, w);
    else
        say_accuracy(r, v->column, w);
    say_action(v, r, readonly, w);
}
