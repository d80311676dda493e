/* curves: the formulas of the header. */
#include "curves.h"

#include <assert.h>
#include <math.h>

#include "surface.h"

#define CHANCE 1
#define TOP 75 /* the surface's highest accuracy */

static const double falls[] = {0.625 * CURVES_LENGTH, 0.75 * CURVES_LENGTH, 0.875 * CURVES_LENGTH};
static const double share[] = {1, 0.3, 0.1, 0};

const char *curves_name(enum curves_kind kind)
{
    static const char *const names[] = {[CURVES_STEP] = "step", [CURVES_COSINE] = "cosine"};
    assert((size_t)kind < ARRAY_LEN(names));
    return names[kind];
}

static double step_gap(double k)
{
    int j = 0;
    while (j < (int)ARRAY_LEN(falls) && k > falls[j])
        j++;
    return j == 0 ? share[0] : share[j] + (share[j - 1] - share[j]) * exp(falls[j - 1] - k);
}

double curves_value(enum curves_kind kind, const double u[2], double z, int k)
{
    double last = surface_find("kd")->value(u), tau = 2 + 4 * (1 - u[1]), wide = 1 + 0.1 * z;
    double gap = kind == CURVES_STEP ? (4 + 16 * u[1]) * wide * step_gap(k)
                                     : (4 + 8 * u[1]) * wide * 0.5 * (1 + cos(M_PI * k / CURVES_LENGTH));
    return CHANCE + (last - CHANCE) * (1 - exp(-k / tau)) * (1 - gap / TOP);
}

void curves_draw(enum curves_kind kind, const double u[2], struct rng *rng, double *y)
{
    double z = rng_normal(rng);
    for (int k = 1; k <= CURVES_LENGTH; k++)
        y[k - 1] = curves_value(kind, u, z, k) + CURVES_NOISE * rng_normal(rng);
}
