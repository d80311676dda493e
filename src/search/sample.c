/* sample: Sobol and pseudo-random points.
 *
 * Sobol coordinate j is a sum over GF(2) of direction numbers v[j][k], one per set bit k of the index' gray code, so
 * the next point differs from the last in one direction number. The v follow by a short recurrence from a primitive
 * polynomial and a few initial odd numbers m; those are the published table. They are derived anew when needed: low
 * bits change most, so this costs a few steps, and there is no global to fill. */
#include "sample.h"

#include <assert.h>

#define BITS 32

/* new-joe-kuo-6.21201, dimensions 2 to 16: degree s, inner coefficients a of the polynomial, initial m_1..m_s.
 * Dimension 1 is van der Corput's sequence, which has no polynomial. */
static const struct joe_kuo {
    uint8_t s, a, m[6];
} joe_kuo[SPACE_MAX] = {
    {0, 0, {0}},
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
};

/* v[0..last] of coordinate j (Joe & Kuo, eq. 2 and 3, as 32-bit fractions). */
static void directions(int j, int last, uint32_t v[BITS])
{
    const struct joe_kuo *t = &joe_kuo[j];
    for (int k = 0; k <= last; k++) {
        if (t->s == 0) {
            v[k] = 1u << (BITS - 1 - k);
        } else if (k < t->s) {
            v[k] = (uint32_t)t->m[k] << (BITS - 1 - k);
        } else {
            v[k] = v[k - t->s] ^ (v[k - t->s] >> t->s);
            for (int i = 1; i < t->s; i++)
                if (t->a >> (t->s - 1 - i) & 1)
                    v[k] ^= v[k - i];
        }
    }
}

static uint32_t digital_shift(int j, uint64_t seed)
{
    return seed == 0 ? 0 : (uint32_t)(hash3(seed, RNG_SEARCH, (uint64_t)j) >> 32);
}

static double fraction(uint32_t word)
{
    return word * 0x1p-32;
}

void sobol_init(struct sobol *sobol, int dim, uint64_t seed)
{
    assert(dim >= 1 && dim <= SPACE_MAX);
    *sobol = (struct sobol){.dim = dim};
    for (int j = 0; j < dim; j++)
        sobol->shift[j] = sobol->state[j] = digital_shift(j, seed);
}

void sobol_next(struct sobol *sobol, double *u)
{
    uint32_t v[BITS];
    uint32_t next = sobol->index + 1;
    int bit = next == 0 ? 0 : __builtin_ctz(next);
    for (int j = 0; j < sobol->dim; j++) {
        u[j] = fraction(sobol->state[j]);
        directions(j, bit, v);
        sobol->state[j] = next == 0 ? sobol->shift[j] : sobol->state[j] ^ v[bit];
    }
    sobol->index = next;
}

void sobol_at(int dim, uint64_t seed, uint32_t i, double *u)
{
    assert(dim >= 1 && dim <= SPACE_MAX);
    uint32_t v[BITS];
    uint32_t gray = i ^ (i >> 1);
    for (int j = 0; j < dim; j++) {
        uint32_t word = digital_shift(j, seed);
        directions(j, gray == 0 ? -1 : BITS - 1 - __builtin_clz(gray), v);
        for (uint32_t rest = gray; rest != 0; rest &= rest - 1)
            word ^= v[__builtin_ctz(rest)];
        u[j] = fraction(word);
    }
}

void sample_uniform(struct rng *rng, int dim, double *u)
{
    for (int j = 0; j < dim; j++)
        u[j] = rng_uniform(rng);
}
