/* `fsplab bench search --curves`: what stopping early is worth. A seed is a whole study over simulated learning curves
 * (search/curves.h), whose surface is known, so that its cost, what it threw away and the regret of its answer can be told.
 * The curves of a study's k-th trial depend on seed, k and point alone: rules are compared on the same luck. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "cmd_bench.h"
#include "search/curves.h"
#include "search/prune.h"
#include "search/search.h"
#include "search/surface.h"

#define SIDE 10     /* of the grid */
#define WITHIN 0.1  /* points from the best that count as there */
#define IMAGES 5000 /* an accuracy is so many images' */
#define CLASSES 100

enum { MEASURES = 4 };
static const char *const measures[MEASURES] = {"cost_to_reach", "cost", "regret", "stopped"};

/* Costs are in evaluations' worth of training, as a share of the grid's. */
struct outcome {
    double measure[MEASURES];
    bool reached, kept, thawed;
};

struct summary {
    double mean, se, q1, median, q3;
};

/* ---- one study ---- */

struct study {
    enum curves_kind kind;
    struct prune_options options;
    const struct surface *surface;
    struct search *search;
    uint64_t seed;
    int n;
    struct curve *curves;       /* (evaluations) */
    struct curve_point *points; /* (evaluations, CURVES_LENGTH), of the whole curve */
    double *truth;              /* (evaluations) */
    double steps;               /* trained so far */
};

static void draw(struct study *s, int id, const double *x)
{
    struct curve_point *p = s->points + (size_t)id * CURVES_LENGTH;
    double y[CURVES_LENGTH];
    struct rng rng;
    rng_seed(&rng, hash3(s->seed, (uint64_t)id, 0), RNG_SYNTH);
    curves_draw(s->kind, x, &rng, y);
    for (int k = 0; k < CURVES_LENGTH; k++)
        p[k] = (struct curve_point){(k + 1) / (double)CURVES_LENGTH, y[k] / 100};
    s->curves[id] = (struct curve){.trial = id + 1, .steps = CURVES_LENGTH, .point = p};
    s->truth[id] = s->surface->value(x);
}

/* Trains until the end or until the rule says stop, and tells the search. */
static void train(struct study *s, int id)
{
    struct curve *c = &s->curves[id];
    struct prune_decision d = {0};
    while (c->n < CURVES_LENGTH && !d.stop) {
        c->n++;
        d = prune_decide(&s->options, s->curves, s->n, c);
    }
    s->steps += c->n;
    s->n++;
    if (!d.stop)
        search_tell(s->search, id, TELL_COMPLETE, c->point[CURVES_LENGTH - 1].value);
    else if (d.cause == CAUSE_RULE)
        search_tell_predicted(s->search, id, d.predicted, d.sigma);
    else
        search_tell(s->search, id, TELL_FAILED, NAN);
}

/* Goes on with stopped trials that look best at the end. */
static bool thaw(struct study *s)
{
    bool any = false;
    for (int id; (id = search_promising(s->search)) >= 0; any = true) {
        struct curve *c = &s->curves[id];
        s->steps += CURVES_LENGTH - c->n;
        c->n = CURVES_LENGTH;
        search_tell_again(s->search, id, TELL_COMPLETE, c->point[CURVES_LENGTH - 1].value);
    }
    return any;
}

static double regret(const struct study *s)
{
    double x[SPACE_MAX], value;
    int id = search_recommended(s->search, x, &value);
    return s->surface->best - (id < 0 ? 0 : s->truth[id]);
}

/* Whether the trial that would have ended best was trained to its end. */
static bool kept_best(const struct study *s)
{
    int best = 0;
    for (int i = 1; i < s->n; i++)
        if (s->curves[i].point[CURVES_LENGTH - 1].value > s->curves[best].point[CURVES_LENGTH - 1].value)
            best = i;
    return curve_full(&s->curves[best]);
}

static void run_study(struct study *s, bool grid, int evaluations, struct outcome *o)
{
    double x[SPACE_MAX], whole = SIDE * SIDE * CURVES_LENGTH;
    int id, stopped = 0;
    struct space space = surface_space(s->surface, grid ? SIDE : 0);
    struct search_options so = {
        .strategy = grid ? STRATEGY_GRID : STRATEGY_BO, .seed = s->seed, .max_trials = evaluations};
    s->search = search_new(&space, &so, NULL);
    s->curves = xcalloc((size_t)evaluations, sizeof(*s->curves));
    s->points = xcalloc((size_t)evaluations * CURVES_LENGTH, sizeof(*s->points));
    s->truth = xcalloc((size_t)evaluations, sizeof(*s->truth));
    *o = (struct outcome){.measure = {1}};
    while (search_ask(s->search, x, &id) == ASK_POINT) {
        draw(s, id, x);
        train(s, id);
        if (!grid && !o->reached && regret(s) <= WITHIN) {
            o->reached = true;
            o->measure[0] = s->steps / whole;
        }
    }
    for (int i = 0; i < s->n; i++)
        stopped += !curve_full(&s->curves[i]);
    o->measure[3] = stopped / (double)s->n;
    o->thawed = thaw(s);
    o->measure[1] = s->steps / whole;
    o->measure[2] = regret(s);
    o->kept = kept_best(s);
    if (!o->reached && o->measure[2] <= WITHIN) {
        o->reached = true;
        o->measure[0] = o->measure[1];
    }
    search_free(s->search);
    free(s->curves);
    free(s->points);
    free(s->truth);
}

/* ---- many ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double p)
{
    double at = p * (n - 1);
    int i = (int)at;
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static struct summary summarise(const struct outcome *o, int n, int measure)
{
    struct summary s = {0};
    double sd, *v = xcalloc((size_t)n, sizeof(*v));
    for (int i = 0; i < n; i++)
        v[i] = o[i].measure[measure];
    mean_sd(v, n, &s.mean, &sd);
    qsort(v, (size_t)n, sizeof(*v), ascending);
    s.se = n > 1 ? sd / sqrt(n) : 0;
    s.q1 = quantile(v, n, 0.25);
    s.median = quantile(v, n, 0.5);
    s.q3 = quantile(v, n, 0.75);
    free(v);
    return s;
}

static void report(const char *curves, const char *strategy, const char *rule, const struct outcome *o, int seeds,
                   int evaluations, json_t *all)
{
    struct summary s[MEASURES];
    int reached = 0, kept = 0, thawed = 0;
    for (int m = 0; m < MEASURES; m++)
        s[m] = summarise(o, seeds, m);
    for (int i = 0; i < seeds; i++) {
        reached += o[i].reached;
        kept += o[i].kept;
        thawed += o[i].thawed;
    }
    if (all) {
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:f}", "curves", curves, "strategy", strategy, "prune", rule,
                      "seeds", seeds, "evaluations", evaluations, "reached", reached / (double)seeds, "best_kept",
                      kept / (double)seeds, "thawed", thawed / (double)seeds);
        for (int m = 0; m < MEASURES; m++)
            json_object_set_new(row, measures[m],
                                json_pack("{s:f, s:f, s:f, s:f, s:f}", "mean", s[m].mean, "se", s[m].se, "q1", s[m].q1,
                                          "median", s[m].median, "q3", s[m].q3));
        json_array_append_new(all, row);
        return;
    }
    printf(
        "%-7s %-5s %-8s %5.1f +- %-4.1f %5.1f %5.1f %5.1f  %3.0f %%   %5.1f +- %-4.1f %3.0f %%  %3.0f %%   %.3f +- %.3f  "
        "%.3f\n",
        curves, strategy, rule, 100 * s[0].mean, 100 * s[0].se, 100 * s[0].q1, 100 * s[0].median, 100 * s[0].q3,
        100.0 * reached / seeds, 100 * s[1].mean, 100 * s[1].se, 100 * s[3].mean, 100.0 * kept / seeds, s[2].mean,
        s[2].se, s[2].median);
    fflush(stdout);
}

static void run_row(enum curves_kind kind, bool grid, enum prune_rule rule, int seeds, int evaluations, json_t *all)
{
    struct outcome *o = xcalloc((size_t)seeds, sizeof(*o));
    for (int i = 0; i < seeds; i++) {
        struct study s = {.kind = kind, .surface = surface_find("kd"), .seed = (uint64_t)i + 1};
        s.options = (struct prune_options){
            .rule = rule, .chance = 1.0 / CLASSES, .chance_margin = 0.02 * CURVES_NOISE, .resolution = 1.0 / IMAGES};
        run_study(&s, grid, evaluations, &o[i]);
    }
    report(curves_name(kind), strategy_name(grid ? STRATEGY_GRID : STRATEGY_BO), prune_rule_name(rule), o, seeds,
           evaluations, all);
    free(o);
}

void bench_curves(int seeds, int evaluations, json_t *all)
{
    if (!all)
        puts(
            "                        cost to come within 0.1 points, % of the grid's     whole search      best\n"
            "curves  srch. prune     mean, quartiles                  reached   cost, %    stopped kept    regret: mean, "
            "median");
    for (int kind = CURVES_STEP; kind <= CURVES_COSINE; kind++) {
        run_row((enum curves_kind)kind, true, RULE_NONE, seeds, SIDE * SIDE, all);
        for (int rule = RULE_NONE; rule <= RULE_MEDIAN; rule++)
            run_row((enum curves_kind)kind, false, (enum prune_rule)rule, seeds, evaluations, all);
    }
}
