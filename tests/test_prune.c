/* prune: the rules against scipy's Student distribution and against cases worked by hand; the replay; the generators. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/curves.h"
#include "../src/search/prune.h"
#include "../src/search/surface.h"

enum { T = 60, MANY = 20 };

/* Curves evaluated at every step of 60. */
struct set {
    struct curve c[MANY];
    struct curve_point p[MANY][T];
    int n;
};

static struct curve *add(struct set *s, int n)
{
    struct curve *c = &s->c[s->n];
    *c = (struct curve){.trial = s->n + 1, .steps = T, .n = n, .point = s->p[s->n]};
    for (int k = 0; k < n; k++)
        s->p[s->n][k] = (struct curve_point){(k + 1) / (double)T, 0};
    s->n++;
    return c;
}

/* y = a + b t, the first N evaluations of it. */
static struct curve *add_line(struct set *s, int n, double a, double b)
{
    struct curve *c = add(s, n);
    for (int k = 0; k < n; k++)
        s->p[s->n - 1][k].value = a + b * (k + 1) / T;
    return c;
}

static const struct prune_options gain_pi = {.rule = RULE_GAIN_PI, .chance = NAN};
static const struct prune_options asha = {.rule = RULE_ASHA, .chance = NAN};
static const struct prune_options median = {.rule = RULE_MEDIAN, .chance = NAN};

/* The last curve of the set is the present one. */
static struct prune_decision decide(const struct prune_options *o, const struct set *s)
{
    return prune_decide(o, s->c, s->n - 1, &s->c[s->n - 1]);
}

/* ---- against scipy ---- */

static void the_arithmetic_is_scipys(void **state)
{
    (void)state;
    FILE *f = fopen("tests/reference/prune.txt", "r");
    char line[512];
    int tails = 0, gains = 0, stopped = 0, n, t;
    double x, y, best, g, s, p, bar;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "tail %d %lf %lf", &n, &x, &p) == 3) {
            assert_true(fabs(prune_student_tail(x, n) - p) < 1e-13);
            if (p > 1e-4 && p < 1 - 1e-4)
                assert_true(fabs(prune_student_quantile(p, n) - x) < 1e-8 * (1 + fabs(x)));
            tails++;
        } else if (sscanf(line, "gain %d %lf %d %lf %lf %lf %lf %lf", &n, &y, &t, &best, &g, &s, &p, &bar) == 8) {
            struct set *set = calloc(1, sizeof *set);
            for (int i = 0; i < n; i++)
                add_line(set, T, 0.3 + 0.02 * sin(3.0 * i), 0.3 + 0.03 * cos(5.0 * i + 1));
            add_line(set, t, 0.01, 0);
            set->p[n][t - 1].value = y;
            struct prune_decision d = decide(&gain_pi, set);
            assert_true(d.looked && fabs(d.probability - p) < 1e-12 && fabs(d.bar - bar) < 1e-12);
            assert_int_equal(d.cause, p < 0.05 ? CAUSE_RULE : CAUSE_NONE);
            assert_true(d.stop == (p < 0.05) && !d.off && d.at == t / 60.0 && d.value == y);
            double factor = sqrt(n > 3 ? (n - 1.0) / (n - 3) : 3);
            assert_true(fabs(d.predicted - y - g) < 1e-12);
            assert_true(fabs(d.sigma - s * sqrt(1 + 1.0 / n) * factor) < 1e-12);
            stopped += d.stop;
            gains++;
            free(set);
        }
    }
    fclose(f);
    assert_int_equal(tails, 121);
    assert_int_equal(gains, 20);
    assert_true(stopped >= 4 && stopped <= 16);
}

/* ---- gain-pi ---- */

static void gain_pi_waits_for_curves_and_for_its_time(void **state)
{
    (void)state;
    for (int full = 0; full < 6; full++)
        for (int t = 1; t <= T; t++) {
            struct set *s = calloc(1, sizeof *s);
            for (int i = 0; i < full; i++)
                add_line(s, T, 0.3 + 0.01 * i, 0.3 + 0.001 * (i % 3));
            add_line(s, t, 0.05, 0.1); /* hopeless at any time */
            struct prune_decision d = decide(&gain_pi, s);
            bool due = full >= 3 && t >= 12 && t % 3 == 0 && t < T;
            assert_int_equal(d.looked, due);
            assert_int_equal(d.stop, due);
            assert_int_equal(d.why[0] != 0, due);
            free(s);
        }
}

/* What it says is what the header promises. */
static void gain_pi_says_why(void **state)
{
    (void)state;
    struct set *s = calloc(1, sizeof *s);
    add_line(s, T, 0.50, 0.10);
    add_line(s, T, 0.52, 0.11);
    add_line(s, T, 0.54, 0.12);
    add_line(s, 30, 0.40, 0.10);
    s->c[3].steps = 2400;
    struct prune_decision d = decide(&gain_pi, s);
    /* best 0.66, y 0.45, gains 5.0, 5.5, 6.0 points: z = (21 - 5.5) / (0.5 sqrt(4/3)) = 26.8, P(T_2 > 26.8) = 0.00069 */
    assert_string_equal(d.why,
                        "gain-pi: would need +21.0 points after step 1200, gains so far 5.5 +- 0.5, P 0.00069 < 0.05");
    free(s);
}

/* A curve that lies low before the decay, and rises after it like the others, goes on; asha and median end it. */
static void gain_pi_sees_what_is_still_to_come(void **state)
{
    (void)state;
    struct set *s = calloc(1, sizeof *s);
    for (int i = 0; i < 6; i++)
        add_line(s, T, 0.50 - 0.01 * i, 0.10 + 0.012 * i); /* the lower the start, the higher the end */
    add_line(s, 18, 0.44, 0.19);
    assert_false(decide(&gain_pi, s).stop);
    struct prune_decision d = decide(&median, s);
    assert_int_equal(d.cause, CAUSE_RULE);
    assert_true(d.off); /* it would have ended the best one, too */
    assert_int_equal(d.off_trial, 6);
    d = decide(&asha, s);
    assert_int_equal(d.cause, CAUSE_RULE);
    assert_true(d.off && strstr(d.why, "asha is off: it would have stopped trial 6"));
    free(s);
}

static void equal_gains_are_no_certainty(void **state)
{
    (void)state;
    struct prune_options grain = gain_pi;
    struct set *s = calloc(1, sizeof *s);
    for (int i = 0; i < 3; i++)
        add_line(s, T, 0.5, 0.1);
    add_line(s, 30, 0.47, 0.1); /* 3 points below the best of three equal ones */
    assert_true(decide(&gain_pi, s).stop);
    grain.resolution = 0.01; /* 100 images: 3 points are 3 of them */
    struct prune_decision d = decide(&grain, s);
    assert_true(d.looked && !d.stop);
    assert_true(fabs(d.probability - prune_student_tail(0.03 / (0.01 * sqrt(4.0 / 3)), 2)) < 1e-12);
    free(s);
}

/* Stages of other lengths, evaluated elsewhere: compared at equal fractions, between evaluations on a line. */
static void curves_of_other_lengths_are_compared_at_equal_fractions(void **state)
{
    (void)state;
    static const struct curve_point coarse[] = {{0.25, 0.4}, {0.5, 0.5}, {1, 0.6}};
    struct curve c = {.trial = 1, .steps = 4, .n = 3, .point = coarse};
    assert_true(curve_full(&c) && isnan(curve_at(&c, 0.2)));
    assert_true(fabs(curve_at(&c, 0.25) - 0.4) < 1e-15 && fabs(curve_at(&c, 0.375) - 0.45) < 1e-15);
    assert_true(fabs(curve_at(&c, 0.8) - 0.56) < 1e-15 && curve_at(&c, 1) == 0.6);
    c.n = 2;
    assert_true(!curve_full(&c) && isnan(curve_at(&c, 0.8)));
}

/* ---- asha, median ---- */

static void asha_keeps_a_third_at_each_rung(void **state)
{
    (void)state;
    /* curves at rung 10 % with values 0.1, 0.2, ...: of m there (the present one included) the best max(1, m / 3) go on */
    for (int others = 0; others < 9; others++)
        for (int rank = 1; rank <= others + 1; rank++) {
            struct set *s = calloc(1, sizeof *s);
            for (int i = 0; i < others; i++)
                add_line(s, i == others - 1 ? T : 6, 0.1 + 0.05 * i, 0); /* one full one: the best */
            add_line(s, 6, 0.1 + 0.05 * (others - rank + 1) - 0.025, 0);
            int keep = (others + 1) / 3 > 1 ? (others + 1) / 3 : 1;
            struct prune_decision d = decide(&asha, s);
            assert_int_equal(d.cause == CAUSE_RULE, rank > keep);
            assert_int_equal(d.looked, others > 0);
            assert_int_equal(d.stop, rank > keep);
            free(s);
        }
    /* nowhere but at the rungs */
    struct set *s = calloc(1, sizeof *s);
    add_line(s, T, 0.5, 0.1);
    struct curve *c = add_line(s, T, 0.3, 0.1);
    for (c->n = 1; c->n < T; c->n++)
        assert_int_equal(decide(&asha, s).stop, c->n == 6 || c->n == 18 || c->n == 54);
    free(s);
}

static void median_is_of_five_full_curves(void **state)
{
    (void)state;
    for (int full = 3; full < 8; full++)
        for (int below = 0; below < 2; below++) {
            struct set *s = calloc(1, sizeof *s);
            for (int i = 0; i < full; i++)
                add_line(s, T, 0.3 + 0.02 * i, 0.2);
            double middle = 0.3 + 0.02 * (full - 1) / 2 + 0.2 * 24 / T;
            add_line(s, 24, 0.1, 0);
            s->p[full][10].value = middle + (below ? -1e-6 : 1e-6); /* the best so far, not the latest, counts */
            struct prune_decision d = decide(&median, s);
            assert_int_equal(d.looked, full >= 5);
            assert_int_equal(d.stop, full >= 5 && below);
            if (d.looked)
                assert_true(fabs(d.bar - middle) < 1e-12);
            free(s);
        }
}

/* ---- what always stops, and the replay ---- */

static void chance_level_ends_where_a_full_curve_left_it(void **state)
{
    (void)state;
    struct prune_options o = {.rule = RULE_GAIN_PI, .chance = 0.1, .chance_margin = 0.02};
    struct set *s = calloc(1, sizeof *s);
    struct curve *c = add_line(s, 30, 0.11, 0);
    assert_false(decide(&o, s).stop); /* a first trial: nobody knows how long it takes */
    memset(s, 0, sizeof *s);
    add_line(s, T, 0.1, 0.5);
    c = add_line(s, T, 0.11, 0);
    for (c->n = 1; c->n < T; c->n++) {
        struct prune_decision d = decide(&o, s);
        assert_int_equal(d.stop, c->n >= 12);
        assert_int_equal(d.cause, c->n >= 12 ? CAUSE_CHANCE : CAUSE_NONE);
    }
    c->n = 12;
    assert_string_equal(decide(&o, s).why, "no better than chance: 11.0 % at step 12, guessing gives 10.0 %");
    s->p[1][2].value = 0.121; /* it has been above */
    assert_false(decide(&o, s).stop);
    s->p[1][2].value = 0.11;
    s->p[0][11].value = 0.159; /* the best one not clearly above it then, though earlier */
    assert_false(decide(&o, s).stop);
    s->p[0][11].value = 0.161;
    assert_true(decide(&o, s).stop);
    for (int k = 0; k < 20; k++) /* the best one left chance level late */
        s->p[0][k].value = 0.1;
    assert_int_equal(decide(&o, s).cause, CAUSE_NONE); /* nothing says that it should have by now */
    c->n = 24;
    struct prune_decision d = decide(&o, s);
    assert_true(!d.stop && d.off && d.off_trial == 1 && fabs(d.off_at - 0.2) < 1e-12);
    assert_string_equal(d.why,
                        "stopping at chance level is off: it would have stopped trial 1, the best so far, at step 12");
    o.rule = RULE_NONE;
    s->p[0][15].value = 0.3;
    assert_false(decide(&o, s).stop);
    free(s);
}

static void what_is_no_number_ends_at_once(void **state)
{
    (void)state;
    for (enum prune_rule rule = RULE_NONE; rule <= RULE_MEDIAN; rule++) {
        struct prune_options o = {.rule = rule, .chance = 0.1, .chance_margin = 0.02};
        struct set *s = calloc(1, sizeof *s);
        add_line(s, 1, NAN, 0);
        struct prune_decision d = decide(&o, s);
        assert_int_equal(d.stop, rule != RULE_NONE);
        assert_int_equal(d.cause, rule != RULE_NONE ? CAUSE_NAN : CAUSE_NONE);
        free(s);
    }
}

/* Gains so alike that the rule is sure, and a best curve that gained quite otherwise: gain-pi would have ended it. */
static void a_rule_that_would_have_ended_the_best_is_off(void **state)
{
    (void)state;
    struct set *s = calloc(1, sizeof *s);
    for (int i = 0; i < 5; i++)
        add_line(s, T, 0.5 + 0.001 * i, 0.1 + 0.001 * (i % 2));
    struct curve *late = add_line(s, T, 0.2, 0);
    for (int k = 50; k < T; k++)
        s->p[5][k].value = 0.7;
    add_line(s, 30, 0.2, 0);
    struct prune_decision d = decide(&gain_pi, s);
    assert_true(!d.stop);
    late->n = 30; /* stopped there itself: no full curve, no best */
    d = decide(&gain_pi, s);
    assert_true(d.stop && !d.off);
    late->n = T;
    for (int k = 50; k < T; k++)
        s->p[5][k].value = 0.62; /* gains of the six: five of 0.05, one of 0.42 */
    s->p[6][29].value = -2;      /* low enough to be hopeless even so */
    d = decide(&gain_pi, s);
    assert_true(!d.stop && d.off && d.cause == CAUSE_RULE && d.off_trial == 6 && fabs(d.off_at - 0.2) < 1e-12);
    assert_string_equal(d.why, "gain-pi is off: it would have stopped trial 6, the best so far, at step 12");
    free(s);
}

static void a_prediction_needs_few_curves(void **state)
{
    (void)state;
    struct set *s = calloc(1, sizeof *s);
    double mean, sigma;
    add_line(s, T, 0.5, 0.2);
    add_line(s, 30, 0.3, 0.1);
    prune_predict(s->c, 0, &s->c[1], 0.01, &mean, &sigma);
    assert_true(fabs(mean - 0.35) < 1e-12 && isnan(sigma));
    prune_predict(s->c, 1, &s->c[1], 0.01, &mean, &sigma);
    assert_true(fabs(mean - 0.45) < 1e-12 && fabs(sigma - 0.1) < 1e-12);
    free(s);
}

/* ---- the generators ---- */

static void curves_end_at_the_surface(void **state)
{
    (void)state;
    for (int kind = CURVES_STEP; kind <= CURVES_COSINE; kind++)
        for (int i = 0; i < 100; i++) {
            double u[2] = {(i % 10 + 0.5) / 10, (i / 10 + 0.5) / 10};
            assert_true(fabs(curves_value((enum curves_kind)kind, u, 0.7, T) - surface_find("kd")->value(u)) < 0.01);
        }
}

/* A larger rate lies lower before the first fall (at 37.5), and the best end is at a middle rate. */
static void step_curves_mislead_before_the_first_fall(void **state)
{
    (void)state;
    double best = -1, at = 0, before = INFINITY;
    for (int i = 3; i < 10; i++) { /* below: so small a rate that it does not get there */
        double u[2] = {0.5, (i + 0.5) / 10};
        double early = curves_value(CURVES_STEP, u, 0, 37), last = curves_value(CURVES_STEP, u, 0, T);
        assert_true(early < before);
        before = early;
        if (last > best) {
            best = last;
            at = u[1];
        }
    }
    assert_true(at > 0.5 && at < 0.7);
}

static void draws_are_noise_about_the_curve(void **state)
{
    (void)state;
    double u[2] = {0.4, 0.6}, y[CURVES_LENGTH], sum = 0, square = 0;
    struct rng rng;
    for (int seed = 1; seed <= 2000; seed++) {
        rng_seed(&rng, (uint64_t)seed, RNG_SYNTH);
        curves_draw(CURVES_COSINE, u, &rng, y);
        double e = y[T - 1] - curves_value(CURVES_COSINE, u, 0, T);
        sum += e;
        square += e * e;
    }
    assert_true(fabs(sum / 2000) < 4 * 0.25 / sqrt(2000));
    assert_true(fabs(sqrt(square / 2000) - 0.25) < 4 * 0.25 / sqrt(4000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arithmetic_is_scipys),
        cmocka_unit_test(gain_pi_waits_for_curves_and_for_its_time),
        cmocka_unit_test(gain_pi_says_why),
        cmocka_unit_test(gain_pi_sees_what_is_still_to_come),
        cmocka_unit_test(equal_gains_are_no_certainty),
        cmocka_unit_test(curves_of_other_lengths_are_compared_at_equal_fractions),
        cmocka_unit_test(asha_keeps_a_third_at_each_rung),
        cmocka_unit_test(median_is_of_five_full_curves),
        cmocka_unit_test(chance_level_ends_where_a_full_curve_left_it),
        cmocka_unit_test(what_is_no_number_ends_at_once),
        cmocka_unit_test(a_rule_that_would_have_ended_the_best_is_off),
        cmocka_unit_test(a_prediction_needs_few_curves),
        cmocka_unit_test(curves_end_at_the_surface),
        cmocka_unit_test(step_curves_mislead_before_the_first_fall),
        cmocka_unit_test(draws_are_noise_about_the_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
