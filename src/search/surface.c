/* surface: test functions. The constants of Branin's and Hartmann's are the published ones (Dixon & Szego, Towards
 * Global Optimisation 2, 1978), Ackley's those of Ackley (A Connectionist Machine for Genetic Hillclimbing, 1987), Levy's
 * those of Laguna & Marti (J. Global Optim. 33, 2005). */
#include "surface.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double kd(const double *u)
{
    double a = -1 + 3 * u[0], b = -3 + 3 * u[1], c = b + 1.25 + 0.25 * (a - 0.6), low = fmax(0, -1.9 - b);
    double accuracy = 75 - 1.2 * (a - 0.6) * (a - 0.6) - 3 * c * c - 1.5 * low * low;
    double p = 1 / (1 + exp(-(b + 0.5 * a - 0.05) / 0.05));
    return accuracy * (1 - p) + p;
}

static double branin(const double *x)
{
    double q = x[1] - 5.1 / (4 * M_PI * M_PI) * x[0] * x[0] + 5 / M_PI * x[0] - 6;
    return -(q * q + 10 * (1 - 1 / (8 * M_PI)) * cos(x[0]) + 10);
}

static double hartmann6(const double *x)
{
    static const double alpha[4] = {1, 1.2, 3, 3.2};
    static const double a[4][6] = {
        {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
    static const double p[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                   {2329, 4135, 8307, 3736, 1004, 9991},
                                   {2348, 1451, 3522, 2883, 3047, 6650},
                                   {4047, 8828, 8732, 5743, 1091, 381}};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double e = 0;
        for (int j = 0; j < 6; j++)
            e += a[i][j] * (x[j] - 1e-4 * p[i][j]) * (x[j] - 1e-4 * p[i][j]);
        sum += alpha[i] * exp(-e);
    }
    return sum;
}

static double ackley(const double *x)
{
    enum { DIM = 5 };
    double square = 0, wave = 0;
    for (int i = 0; i < DIM; i++) {
        square += x[i] * x[i] / DIM;
        wave += cos(2 * M_PI * x[i]) / DIM;
    }
    return 20 * exp(-0.2 * sqrt(square)) + exp(wave) - 20 - M_E;
}

static double levy(const double *x)
{
    enum { DIM = 4 };
    double w[DIM], sum = 0;
    for (int i = 0; i < DIM; i++)
        w[i] = 1 + (x[i] - 1) / 4;
    for (int i = 0; i + 1 < DIM; i++) {
        double s = sin(M_PI * w[i] + 1);
        sum += (w[i] - 1) * (w[i] - 1) * (1 + 10 * s * s);
    }
    double first = sin(M_PI * w[0]), last = sin(2 * M_PI * w[DIM - 1]);
    return -(first * first + sum + (w[DIM - 1] - 1) * (w[DIM - 1] - 1) * (1 + last * last));
}

const struct surface surfaces[] = {
    {.name = "kd",
     .about = "accuracy over lambda and lr, noise 0.25 points",
     .dim = 2,
     .evaluations = 25,
     .sigma = 0.25,
     .best = 74.999965159974721,
     .max = {1, 1},
     .value = kd},
    {.name = "branin",
     .about = "Branin, no noise",
     .dim = 2,
     .evaluations = 40,
     .best = -0.39788735772973816,
     .min = {-5, 0},
     .max = {10, 15},
     .value = branin},
    {.name = "hartmann6",
     .about = "Hartmann, 6 dimensions, no noise",
     .dim = 6,
     .evaluations = 60,
     .best = 3.3223680114155152,
     .max = {1, 1, 1, 1, 1, 1},
     .value = hartmann6},
    {.name = "hartmann6n",
     .about = "the same, noise 0.1",
     .dim = 6,
     .evaluations = 60,
     .sigma = 0.1,
     .best = 3.3223680114155152,
     .max = {1, 1, 1, 1, 1, 1},
     .value = hartmann6},
    {.name = "ackley5",
     .about = "Ackley, 5 dimensions, no noise",
     .dim = 5,
     .evaluations = 60,
     .min = {-32.768, -32.768, -32.768, -32.768, -32.768},
     .max = {32.768, 32.768, 32.768, 32.768, 32.768},
     .value = ackley},
    {.name = "levy4",
     .about = "Levy, 4 dimensions, no noise",
     .dim = 4,
     .evaluations = 60,
     .min = {-10, -10, -10, -10},
     .max = {10, 10, 10, 10},
     .value = levy},
};
const int n_surfaces = ARRAY_LEN(surfaces);

const struct surface *surface_find(const char *name)
{
    for (int i = 0; i < n_surfaces; i++)
        if (strcmp(surfaces[i].name, name) == 0)
            return &surfaces[i];
    return NULL;
}

struct space surface_space(const struct surface *s, int count)
{
    struct space space = {0};
    for (int j = 0; j < s->dim; j++) {
        double half = count > 0 ? (s->max[j] - s->min[j]) / (2 * count) : 0;
        struct dim d = {.min = s->min[j] + half, .max = s->max[j] - half, .count = count};
        snprintf(d.name, sizeof(d.name), "x%d", j);
        bool ok = space_add(&space, &d, NULL);
        assert(ok);
        (void)ok;
    }
    return space;
}
