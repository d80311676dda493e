/* `fsplab bench search`: what a search strategy is worth on functions whose maximum is known. A seed is a whole search;
 * its regret is the maximum minus the function's value, without noise, at the point that the search recommends, and at
 * the point that was observed best. The same seeds give the same numbers, whatever the machine's load. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_bench.h"
#include "search/search.h"
#include "search/surface.h"

struct options {
    const struct surface *surface; /* NULL: all */
    int strategy;                  /* enum strategy, -1: all */
    int seeds, evaluations;        /* evaluations 0: the surface's */
    int workers;
    bool curves; /* simulated studies on learning curves instead (cmd_bench_curves.c) */
};

struct regret {
    double recommended, best_observed;
};

struct summary {
    double mean, se, median;
};

/* ---- one search ---- */

/* Trials that run at the same time, with the values they will end with. */
struct running {
    int id;
    double value;
};

static double observe(const struct surface *f, const double *x, struct rng *noise)
{
    return f->value(x) + (f->sigma > 0 ? f->sigma * rng_normal(noise) : 0);
}

static struct search *open_search(const struct options *o, int seed, struct err *err)
{
    const struct surface *f = o->surface;
    int side = 0;
    if (o->strategy == STRATEGY_GRID) {
        side = (int)floor(pow(o->evaluations, 1.0 / f->dim) + 1e-9);
        if (side < 2) {
            err_set(err, ERR_USAGE, "bench search: %d evaluations are no grid in %d dimensions: expected %d at least",
                    o->evaluations, f->dim, 1 << f->dim);
            return NULL;
        }
    }
    struct space space = surface_space(f, side);
    struct search_options so = {.strategy = (enum strategy)o->strategy,
                                .seed = (uint64_t)seed,
                                .max_trials = o->evaluations,
                                .noise_free = f->sigma == 0};
    return search_new(&space, &so, err);
}

static bool run_one(const struct options *o, int seed, struct regret *regret, struct err *err)
{
    const struct surface *f = o->surface;
    struct running *running = xcalloc((size_t)o->workers, sizeof(*running));
    struct rng noise, order;
    double x[SPACE_MAX], value;
    int n = 0, id;
    struct search *search = open_search(o, seed, err);
    rng_seed(&noise, (uint64_t)seed, RNG_SYNTH);
    rng_seed(&order, (uint64_t)seed, RNG_SHUFFLE);
    for (bool more = search != NULL; more || n > 0;) {
        while (more && n < o->workers && (more = search_ask(search, x, &id) == ASK_POINT))
            running[n++] = (struct running){id, observe(f, x, &noise)};
        if (n == 0)
            break;
        int i = (int)rng_below(&order, (uint32_t)n); /* the one that ends first */
        search_tell(search, running[i].id, TELL_COMPLETE, running[i].value);
        running[i] = running[--n];
    }
    free(running);
    if (!search)
        return false;
    search_recommended(search, x, &value);
    regret->recommended = f->best - f->value(x);
    search_best(search, x, &value);
    regret->best_observed = f->best - f->value(x);
    search_free(search);
    return true;
}

/* ---- many ---- */

static struct summary summarise(double *v, int n)
{
    struct summary s = {0};
    double sd;
    mean_sd(v, n, &s.mean, &sd);
    s.se = n > 1 ? sd / sqrt(n) : 0;
    s.median = bench_median(v, n);
    return s;
}

static bool run_all(const struct options *o, struct summary *recommended, struct summary *best_observed,
                    struct err *err)
{
    double *r = xcalloc((size_t)o->seeds, sizeof(*r)), *b = xcalloc((size_t)o->seeds, sizeof(*b));
    bool ok = true;
    for (int i = 0; ok && i < o->seeds; i++) {
        struct regret regret;
        ok = run_one(o, i + 1, &regret, err);
        if (ok) {
            r[i] = regret.recommended;
            b[i] = regret.best_observed;
        }
    }
    if (ok) {
        *recommended = summarise(r, o->seeds);
        *best_observed = summarise(b, o->seeds);
    }
    free(r);
    free(b);
    return ok;
}

static json_t *summary_json(const struct summary *s)
{
    return json_pack("{s:f, s:f, s:f}", "mean", s->mean, "se", s->se, "median", s->median);
}

static void report(const struct options *o, const struct summary *r, const struct summary *b, json_t *all)
{
    const char *strategy = strategy_name((enum strategy)o->strategy);
    if (all)
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "function", o->surface->name, "strategy",
                                        strategy, "evaluations", o->evaluations, "seeds", o->seeds, "workers",
                                        o->workers, "recommended", summary_json(r), "best_observed", summary_json(b)));
    else
        printf("%-10s %-8s %5d %5d   %9.3g +- %-8.2g %9.3g   %9.3g +- %-8.2g %9.3g\n", o->surface->name, strategy,
               o->evaluations, o->seeds, r->mean, r->se, r->median, b->mean, b->se, b->median);
    fflush(stdout);
}

/* ---- the command line ---- */

static void help(void)
{
    puts(
        "usage: fsplab bench search [--function NAME] [--strategy NAME] [--seeds N] [--evaluations N] [--workers N] [--json]\n"
        "       fsplab bench search --curves [--seeds N] [--evaluations N] [--json]\n"
        "\n"
        "Regret (the maximum minus the noise-free value) of the recommended and of the best observed point: mean +- standard\n"
        "error and median over N searches (20) with seeds 1 to N. Strategies: grid, random, sobol, bo (default: all).\n"
        "--workers N: as many trials run at the same time. Functions (default: all):");
    for (int i = 0; i < n_surfaces; i++)
        printf("  %-10s %s, %d evaluations\n", surfaces[i].name, surfaces[i].about, surfaces[i].evaluations);
    puts(
        "\n--curves: whole studies on simulated learning curves over the function kd, for each rule of the setting prune: what it\n"
        "costs until the recommended trial is within 0.1 points of the best, as a share of a 10x10 grid's cost (1 where that is\n"
        "not reached), what the whole search costs (25 trials), how often the trial that would have ended best was kept,\n"
        "and the regret of the recommended one.\n"
        "\nexamples:\n"
        "  fsplab bench search --function kd --strategy bo --seeds 200\n"
        "  fsplab bench search --curves --seeds 100");
}

static bool take_name(const char *option, const char *text, struct options *o, struct err *err)
{
    char allowed[256] = "";
    size_t len = 0;
    if (strcmp(option, "--function") == 0) {
        for (int i = 0; i < n_surfaces; i++)
            len = str_append(allowed, sizeof(allowed), len, "%s%s", i > 0 ? ", " : "", surfaces[i].name);
        o->surface = text ? surface_find(text) : NULL;
        return o->surface ||
               err_set(err, ERR_USAGE, "bench search: --function '%s': allowed are %s", text ? text : "", allowed);
    }
    for (int i = STRATEGY_GRID; i <= STRATEGY_BO; i++) {
        len = str_append(allowed, sizeof(allowed), len, "%s%s", i > 0 ? ", " : "", strategy_name((enum strategy)i));
        if (text && strcmp(text, strategy_name((enum strategy)i)) == 0)
            o->strategy = i;
    }
    return o->strategy >= 0 ||
           err_set(err, ERR_USAGE, "bench search: --strategy '%s': allowed are %s", text ? text : "", allowed);
}

static bool take_options(int argc, char **argv, struct options *o, struct err *err)
{
    bool ok = true;
    for (int i = 1; ok && i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--function") == 0 || strcmp(argv[i], "--strategy") == 0)
            ok = take_name(argv[i], next, o, err), i++;
        else if (strcmp(argv[i], "--seeds") == 0)
            ok = bench_number(argv[i++], next, 1000000, &o->seeds, err);
        else if (strcmp(argv[i], "--evaluations") == 0)
            ok = bench_number(argv[i++], next, 10000, &o->evaluations, err);
        else if (strcmp(argv[i], "--workers") == 0)
            ok = bench_number(argv[i++], next, 1000, &o->workers, err);
        else if (strcmp(argv[i], "--curves") == 0)
            o->curves = true;
        else
            ok = err_set(err, ERR_USAGE, "bench search: '%s' is not understood; see `fsplab bench search --help`",
                         argv[i]);
    }
    if (ok && o->curves && (o->surface || o->strategy >= 0 || o->workers > 1))
        ok = err_set(err, ERR_USAGE,
                     "bench search: --curves has its own function, strategies and one worker: it goes with "
                     "--seeds, --evaluations and --json alone");
    return ok;
}

static void print_all(json_t *all)
{
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    puts(text);
    free(text);
}

int cmd_bench_search(const struct cmd_options *co, int argc, char **argv)
{
    struct options asked = {.strategy = -1, .seeds = 20, .workers = 1};
    struct err err = {0};
    if (co->help)
        return help(), 0;
    if (!take_options(argc, argv, &asked, &err))
        return cmd_fail(co, &err);
    json_t *all = co->json ? json_array() : NULL;
    if (asked.curves) {
        bench_curves(asked.seeds, asked.evaluations ? asked.evaluations : 25, all);
        if (all)
            print_all(all);
        json_decref(all);
        return 0;
    }
    if (!all)
        printf("%-10s %-8s %5s %5s   %-32s   %s\n", "function", "strategy", "evals", "seeds",
               "regret, recommended: mean, median", "best observed");
    bool ok = true;
    for (int f = 0; ok && f < n_surfaces; f++)
        for (int s = STRATEGY_GRID; ok && s <= STRATEGY_BO; s++) {
            struct options o = asked;
            struct summary recommended, best_observed;
            if ((asked.surface && asked.surface != &surfaces[f]) || (asked.strategy >= 0 && asked.strategy != s))
                continue;
            o.surface = &surfaces[f];
            o.strategy = s;
            if (o.evaluations == 0)
                o.evaluations = o.surface->evaluations;
            if (s == STRATEGY_GRID && asked.strategy < 0 && o.evaluations < 1 << o.surface->dim)
                continue; /* no grid that small; said only when asked for */
            ok = run_all(&o, &recommended, &best_observed, &err);
            if (ok)
                report(&o, &recommended, &best_observed, all);
        }
    if (ok && all)
        print_all(all);
    json_decref(all);
    return ok ? 0 : cmd_fail(co, &err);
}
