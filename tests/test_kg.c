/* The knowledge gradient against a 30-digit reference made by other means (tests/peers/kg_reference.py), its gradient
 * against finite differences, and what must hold of it whatever the data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../src/search/kg.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("%.17g, expected %.17g", got, want);
}

static double number(FILE *f)
{
    double v;
    assert_int_equal(fscanf(f, "%lf", &v), 1);
    return v;
}

static void matches_the_reference(void **state)
{
    (void)state;
    FILE *f = fopen("tests/reference/kg.txt", "r");
    int n, dim, m, p, cases = 0;
    assert_non_null(f);
    while (fscanf(f, "%d %d %d %d", &n, &dim, &m, &p) == 4) {
        double u[32 * 4], y[32], points[16 * 4], at[4];
        struct gp_hyper h = {0};
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < dim; j++)
                u[i * dim + j] = number(f);
            y[i] = number(f);
        }
        for (int j = 0; j < dim; j++)
            h.lengthscale[j] = number(f);
        h.signal = number(f);
        h.noise = number(f);
        for (int i = 0; i < (m + p) * dim; i++)
            points[i] = number(f);
        for (int j = 0; j < dim; j++)
            at[j] = number(f);
        struct gp *gp = gp_new(&(struct gp_data){.n = n, .dim = dim, .u = u, .y = y});
        assert_true(gp_set(gp, &h));
        struct kg *kg = kg_new(gp, points, m, points + m * dim, p);
        near(kg_value(kg, at, NULL), number(f), 1e-8);
        kg_free(kg);
        gp_free(gp);
        cases++;
    }
    assert_int_equal(cases, 4);
    fclose(f);
}

/* A process with 10 data in DIM dimensions, and points: the first N for recommendation, the rest pending. */
struct made {
    double u[10 * 3], y[10], points[12 * 3];
    struct gp *gp;
};

static void make(struct made *s, struct rng *rng, int dim, enum gp_kernel kernel)
{
    for (int i = 0; i < 10 * dim; i++)
        s->u[i] = rng_uniform(rng);
    for (int i = 0; i < 10; i++)
        s->y[i] = rng_normal(rng);
    for (int i = 0; i < 12 * dim; i++)
        s->points[i] = rng_uniform(rng);
    s->gp = gp_new(&(struct gp_data){.n = 10, .dim = dim, .u = s->u, .y = s->y});
    struct gp_hyper h = {.kernel = kernel, .lengthscale = {0.4, 0.6, 0.5}, .signal = 1.3, .noise = 0.1};
    assert_true(gp_set(s->gp, &h));
}

static void gradient(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3, 0);
    for (int k = 0; k < 24; k++) {
        struct made s;
        int dim = 1 + k % 3, pending = k % 4;
        make(&s, &rng, dim, k % 2 ? GP_RBF : GP_MATERN52);
        struct kg *kg = kg_new(s.gp, s.points, 12 - pending, s.points + (12 - pending) * dim, pending);
        double at[3], g[3];
        for (int j = 0; j < dim; j++)
            at[j] = rng_uniform(&rng);
        double value = kg_value(kg, at, g);
        assert_true(value == kg_value(kg, at, NULL));
        for (int j = 0; j < dim; j++) {
            double e = 1e-6, was = at[j];
            at[j] = was + e;
            double up = kg_value(kg, at, NULL);
            at[j] = was - e;
            double down = kg_value(kg, at, NULL);
            at[j] = was;
            near(g[j], (up - down) / (2 * e), 1e-5);
        }
        kg_free(kg);
        gp_free(s.gp);
    }
}

/* Where much has been seen, or is being looked at, there is less to learn. */
static void a_pending_point_takes_its_worth(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 4, 0);
    for (int k = 0; k < 10; k++) {
        struct made s;
        make(&s, &rng, 2, GP_MATERN52);
        const double *at = s.points + 11 * 2;
        struct kg *alone = kg_new(s.gp, s.points, 11, NULL, 0), *shared = kg_new(s.gp, s.points, 11, at, 1);
        assert_true(kg_value(shared, at, NULL) < kg_value(alone, at, NULL));
        kg_free(alone);
        kg_free(shared);
        gp_free(s.gp);
    }
}

/* Points that coincide, a pending point twice, data without use: values stay finite. */
static void awkward(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 5, 0);
    struct made s;
    double g[2], same[8] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    make(&s, &rng, 2, GP_MATERN52);
    struct kg *kg = kg_new(s.gp, same, 2, same + 4, 2);
    assert_true(isfinite(kg_value(kg, same, g)) && isfinite(g[0]) && isfinite(g[1]));
    kg_free(kg);
    gp_free(s.gp);
    s.y[3] = NAN;
    s.gp = gp_new(&(struct gp_data){.n = 10, .dim = 2, .u = s.u, .y = s.y});
    gp_fit(s.gp, NULL, 1);
    kg = kg_new(s.gp, same, 2, same + 4, 2);
    assert_true(isfinite(kg_value(kg, s.points, g)) && isfinite(g[0]) && isfinite(g[1]));
    kg_free(kg);
    gp_free(s.gp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_reference),
        cmocka_unit_test(gradient),
        cmocka_unit_test(a_pending_point_takes_its_worth),
        cmocka_unit_test(awkward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
