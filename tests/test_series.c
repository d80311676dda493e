/* The thinned copy of a curve: bounded, and every extreme of the whole is in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/ui/series.h"

static void few_points_are_drawn_as_they_are(void **state)
{
    struct series s;
    (void)state;
    series_init(&s, "transfer", "loss");
    for (int i = 0; i < 2 * SERIES_BUCKETS; i++)
        series_add(&s, i, i % 7, 0.1 * i);
    assert_ptr_equal(series_points(&s), &s.all);
    assert_int_equal(s.all.n, 2 * SERIES_BUCKETS);
    assert_int_equal(s.last_step, 2 * SERIES_BUCKETS - 1);
    series_release(&s);
}

/* The lowest and highest of any stretch of a bucket's length or more is the same in both, up to a bucket at its ends. */
static void no_spike_is_lost(void **state)
{
    struct series s;
    struct rng r;
    int n = 300000;
    (void)state;
    series_init(&s, "transfer", "loss");
    rng_seed(&r, 1, RNG_SYNTH);
    for (int i = 0; i < n; i++)
        series_add(&s, i, rng_uniform(&r) < 1e-4 ? 1e3 * rng_uniform(&r) : rng_uniform(&r), 0);
    const struct points *p = series_points(&s);
    assert_ptr_equal(p, &s.thin);
    assert_true(p->n <= 2 * SERIES_BUCKETS && p->n > SERIES_BUCKETS / 2);
    for (int from = 0; from < n; from += s.per) { /* bucket by bucket, from all points */
        double lo = INFINITY, hi = -INFINITY, thin_lo = INFINITY, thin_hi = -INFINITY;
        for (int i = from; i < from + s.per && i < n; i++)
            lo = fmin(lo, s.all.value[i]), hi = fmax(hi, s.all.value[i]);
        int k = from / s.per * 2;
        for (int i = k; i < k + 2; i++) {
            thin_lo = fmin(thin_lo, p->value[i]), thin_hi = fmax(thin_hi, p->value[i]);
            assert_true(p->step[i] >= from && p->step[i] < from + s.per);
            assert_true(p->value[i] == s.all.value[(int)p->step[i]]);
        }
        assert_true(lo == thin_lo && hi == thin_hi);
    }
    for (int i = 1; i < p->n; i++)
        assert_true(p->step[i] >= p->step[i - 1]);
    series_release(&s);
}

static void a_gap_stays_a_gap(void **state)
{
    struct series s;
    int gaps = 0;
    (void)state;
    series_init(&s, "transfer", "loss");
    for (int i = 0; i < 50000; i++)
        series_add(&s, i, i == 31234 ? NAN : 1, 0);
    for (int i = 0; i < s.thin.n; i++)
        gaps += isnan(s.thin.value[i]);
    assert_int_equal(gaps, 2); /* one bucket */
    series_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_points_are_drawn_as_they_are),
        cmocka_unit_test(no_spike_is_lost),
        cmocka_unit_test(a_gap_stays_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
