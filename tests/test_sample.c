/* Sobol against SciPy's points and against what makes it Sobol. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../src/search/sample.h"

/* Made by tests/peers/sobol_reference.py (SciPy 1.17.1): point index, its 16 coordinates times 2^32. */
static const struct {
    uint32_t i, word[16];
} reference[] = {
    /* clang-format off */
    {0,
     {0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
      0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000}},
    {1,
     {0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000,
      0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000}},
    {2,
     {0xc0000000, 0x40000000, 0x40000000, 0x40000000, 0xc0000000, 0xc0000000, 0x40000000, 0xc0000000,
      0xc0000000, 0xc0000000, 0xc0000000, 0xc0000000, 0x40000000, 0x40000000, 0xc0000000, 0x40000000}},
    {3,
     {0x40000000, 0xc0000000, 0xc0000000, 0xc0000000, 0x40000000, 0x40000000, 0xc0000000, 0x40000000,
      0x40000000, 0x40000000, 0x40000000, 0x40000000, 0xc0000000, 0xc0000000, 0x40000000, 0xc0000000}},
    {4,
     {0x60000000, 0x60000000, 0xa0000000, 0xe0000000, 0x60000000, 0x20000000, 0x60000000, 0xe0000000,
      0xe0000000, 0xa0000000, 0xe0000000, 0x60000000, 0x60000000, 0xa0000000, 0x60000000, 0xe0000000}},
    {5,
     {0xe0000000, 0xe0000000, 0x20000000, 0x60000000, 0xe0000000, 0xa0000000, 0xe0000000, 0x60000000,
      0x60000000, 0x20000000, 0x60000000, 0xe0000000, 0xe0000000, 0x20000000, 0xe0000000, 0x60000000}},
    {6,
     {0xa0000000, 0x20000000, 0xe0000000, 0xa0000000, 0xa0000000, 0xe0000000, 0x20000000, 0x20000000,
      0x20000000, 0x60000000, 0x20000000, 0xa0000000, 0x20000000, 0xe0000000, 0xa0000000, 0xa0000000}},
    {7,
     {0x20000000, 0xa0000000, 0x60000000, 0x20000000, 0x20000000, 0x60000000, 0xa0000000, 0xa0000000,
      0xa0000000, 0xe0000000, 0xa0000000, 0x20000000, 0xa0000000, 0x60000000, 0x20000000, 0x20000000}},
    {8,
     {0x30000000, 0x50000000, 0xf0000000, 0x70000000, 0x90000000, 0x50000000, 0x70000000, 0xf0000000,
      0xf0000000, 0x50000000, 0xb0000000, 0x10000000, 0xf0000000, 0xf0000000, 0xd0000000, 0xf0000000}},
    {9,
     {0xb0000000, 0xd0000000, 0x70000000, 0xf0000000, 0x10000000, 0xd0000000, 0xf0000000, 0x70000000,
      0x70000000, 0xd0000000, 0x30000000, 0x90000000, 0x70000000, 0x70000000, 0x50000000, 0x70000000}},
    {10,
     {0xf0000000, 0x10000000, 0xb0000000, 0x30000000, 0x50000000, 0x90000000, 0x30000000, 0x30000000,
      0x30000000, 0x90000000, 0x70000000, 0xd0000000, 0xb0000000, 0xb0000000, 0x10000000, 0xb0000000}},
    {11,
     {0x70000000, 0x90000000, 0x30000000, 0xb0000000, 0xd0000000, 0x10000000, 0xb0000000, 0xb0000000,
      0xb0000000, 0x10000000, 0xf0000000, 0x50000000, 0x30000000, 0x30000000, 0x90000000, 0x30000000}},
    {12,
     {0x50000000, 0x30000000, 0x50000000, 0x90000000, 0xf0000000, 0x70000000, 0x10000000, 0x10000000,
      0x10000000, 0xf0000000, 0x50000000, 0x70000000, 0x90000000, 0x50000000, 0xb0000000, 0x10000000}},
    {13,
     {0xd0000000, 0xb0000000, 0xd0000000, 0x10000000, 0x70000000, 0xf0000000, 0x90000000, 0x90000000,
      0x90000000, 0x70000000, 0xd0000000, 0xf0000000, 0x10000000, 0xd0000000, 0x30000000, 0x90000000}},
    {14,
     {0x90000000, 0x70000000, 0x10000000, 0xd0000000, 0x30000000, 0xb0000000, 0x50000000, 0xd0000000,
      0xd0000000, 0x30000000, 0x90000000, 0xb0000000, 0xd0000000, 0x10000000, 0x70000000, 0x50000000}},
    {15,
     {0x10000000, 0xf0000000, 0x90000000, 0x50000000, 0xb0000000, 0x30000000, 0xd0000000, 0x50000000,
      0x50000000, 0xb0000000, 0x10000000, 0x30000000, 0x50000000, 0x90000000, 0xf0000000, 0xd0000000}},
    {32,
     {0x0c000000, 0x44000000, 0xb4000000, 0x8c000000, 0x24000000, 0xec000000, 0xcc000000, 0xac000000,
      0xfc000000, 0x0c000000, 0x64000000, 0xf4000000, 0x74000000, 0xfc000000, 0xfc000000, 0x1c000000}},
    {64,
     {0x06000000, 0x66000000, 0xd2000000, 0xd6000000, 0xa6000000, 0x72000000, 0xaa000000, 0x36000000,
      0xbe000000, 0x1e000000, 0xf2000000, 0x3a000000, 0x6e000000, 0x86000000, 0xce000000, 0x82000000}},
    {100,
     {0x6a000000, 0x42000000, 0xc6000000, 0xba000000, 0xe2000000, 0xbe000000, 0x06000000, 0x7a000000,
      0xa2000000, 0xb2000000, 0x76000000, 0xae000000, 0x7a000000, 0xda000000, 0x52000000, 0x7e000000}},
    {128,
     {0x03000000, 0x55000000, 0x4b000000, 0x31000000, 0xe7000000, 0xad000000, 0xdd000000, 0x3f000000,
      0x1b000000, 0xd1000000, 0xbd000000, 0xbd000000, 0xd1000000, 0xe1000000, 0x07000000, 0xc3000000}},
    {256,
     {0x01800000, 0x7f800000, 0xad800000, 0x4b800000, 0xc7800000, 0x1b800000, 0x5d800000, 0x5b800000,
      0x49800000, 0x68800000, 0x74800000, 0xff800000, 0x3c800000, 0x52800000, 0x83800000, 0x20800000}},
    {512,
     {0x00c00000, 0x40400000, 0xf4400000, 0xfdc00000, 0x75400000, 0x90c00000, 0x9d400000, 0xe8c00000,
      0x60c00000, 0xea400000, 0xfa400000, 0xddc00000, 0x2ec00000, 0x5bc00000, 0x42400000, 0xd3400000}},
    {1000,
     {0x38400000, 0x18c00000, 0x84c00000, 0xad400000, 0x47c00000, 0xe8400000, 0x0bc00000, 0xe6400000,
      0x80400000, 0x11c00000, 0x15c00000, 0x41400000, 0x29400000, 0x62400000, 0x24c00000, 0x5ec00000}},
    {1024,
     {0x00600000, 0x60600000, 0x72a00000, 0x7ca00000, 0x8ea00000, 0xd8200000, 0x3de00000, 0x96600000,
      0xb2600000, 0xabe00000, 0xd2600000, 0xebe00000, 0xb4e00000, 0x56a00000, 0x21e00000, 0xdb600000}},
    {4096,
     {0x00180000, 0x78780000, 0xd5f80000, 0x9ed80000, 0x2a380000, 0x8af80000, 0xb5680000, 0xd6380000,
      0xa9b80000, 0xfea80000, 0xd8580000, 0x1c780000, 0x86780000, 0x65180000, 0xa9980000, 0x47180000}},
    {65535,
     {0x00010000, 0xffff0000, 0x90550000, 0xc3050000, 0x40bb0000, 0x8bbb0000, 0x84670000, 0xba490000,
      0xe5250000, 0x29f50000, 0x2c0f0000, 0x12670000, 0xef370000, 0x54090000, 0x75df0000, 0x7ab10000}},
    {65536,
     {0x00018000, 0x7fff8000, 0x78d58000, 0xe38a8000, 0x623c8000, 0xc3bb8000, 0x421f8000, 0xa06d8000,
      0x17978000, 0x23cf8000, 0x12028000, 0x7c748000, 0xfab18000, 0x2e0a8000, 0x1e7d8000, 0xaf168000}},
    {1048576,
     {0x00001800, 0x78007800, 0xadf87800, 0xd55cb800, 0xa5b0f800, 0xe380f800, 0xca1f0800, 0x15f39800,
      0xa5db1800, 0x83c77800, 0x20753800, 0x467f1800, 0x0e3a1800, 0x04252800, 0x2673b800, 0x0d9ca800}},
    /* clang-format on */
};

static void equals_scipy(void **state)
{
    (void)state;
    struct sobol sobol;
    sobol_init(&sobol, 16, 0);
    double u[16], v[16];
    uint32_t i = 0;
    for (size_t r = 0; r < ARRAY_LEN(reference); r++) {
        sobol_at(16, 0, reference[r].i, u);
        for (int j = 0; j < 16; j++)
            assert_true(u[j] == reference[r].word[j] / 4294967296.0);
        if (reference[r].i > 4096)
            continue;
        for (; i <= reference[r].i; i++)
            sobol_next(&sobol, v);
        assert_memory_equal(u, v, sizeof(u));
    }
}

/* Of the first 2^k points, each coordinate lies once in every interval [c/2^k, (c+1)/2^k), shifted or not. */
static void projections_hit_every_interval_once(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {0, 1, 7, UINT64_MAX};
    for (size_t s = 0; s < ARRAY_LEN(seeds); s++)
        for (int k = 0; k <= 12; k++) {
            static uint8_t hit[16][4096];
            memset(hit, 0, sizeof(hit));
            struct sobol sobol;
            sobol_init(&sobol, 16, seeds[s]);
            for (int i = 0; i < 1 << k; i++) {
                double u[16];
                sobol_next(&sobol, u);
                for (int j = 0; j < 16; j++) {
                    assert_true(u[j] >= 0 && u[j] < 1);
                    hit[j][(int)(u[j] * (1 << k))]++;
                }
            }
            for (int j = 0; j < 16; j++)
                for (int c = 0; c < 1 << k; c++)
                    assert_int_equal(hit[j][c], 1);
        }
}

static void at_equals_next_when_shifted(void **state)
{
    (void)state;
    struct sobol sobol;
    sobol_init(&sobol, 5, 42);
    for (uint32_t i = 0; i < 3000; i++) {
        double u[5], v[5];
        sobol_next(&sobol, u);
        sobol_at(5, 42, i, v);
        assert_memory_equal(u, v, sizeof(u));
    }
}

/* A digital shift: seeds differ in one and the same XOR for every point, different for each coordinate. */
static void shift_is_one_xor_per_coordinate(void **state)
{
    (void)state;
    double zero[3], first[3], plain[3], shifted[3], other[3];
    sobol_at(3, 0, 0, zero);
    sobol_at(3, 9, 0, first);
    sobol_at(3, 10, 0, other);
    for (int j = 0; j < 3; j++) {
        assert_true(zero[j] == 0 && first[j] != 0 && first[j] != other[j]);
        assert_true(j == 0 || first[j] != first[j - 1]);
    }
    for (uint32_t i = 0; i < 200; i++) {
        sobol_at(3, 0, i, plain);
        sobol_at(3, 9, i, shifted);
        for (int j = 0; j < 3; j++)
            assert_true(((uint32_t)(plain[j] * 0x1p32) ^ (uint32_t)(first[j] * 0x1p32)) ==
                        (uint32_t)(shifted[j] * 0x1p32));
    }
}

static void starts_again_after_the_last_point(void **state)
{
    (void)state;
    struct sobol sobol;
    double u[2], v[2];
    sobol_init(&sobol, 2, 3);
    sobol_at(2, 3, UINT32_MAX, u);
    sobol.index = UINT32_MAX;
    for (int j = 0; j < 2; j++)
        sobol.state[j] = (uint32_t)(u[j] * 0x1p32);
    sobol_next(&sobol, v);
    assert_memory_equal(u, v, sizeof(u));
    sobol_next(&sobol, v);
    sobol_at(2, 3, 0, u);
    assert_memory_equal(u, v, sizeof(u));
}

/* Mean 1/2 and variance 1/12 within 5 standard errors, coordinates uncorrelated, streams repeatable. */
static void uniform_is_uniform(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct rng rng, again;
    rng_seed(&rng, 5, RNG_SEARCH);
    rng_seed(&again, 5, RNG_SEARCH);
    double sum[2] = {0}, square[2] = {0}, cross = 0;
    for (int i = 0; i < N; i++) {
        double u[2], v[2];
        sample_uniform(&rng, 2, u);
        sample_uniform(&again, 2, v);
        assert_memory_equal(u, v, sizeof(u));
        for (int j = 0; j < 2; j++) {
            sum[j] += u[j] - 0.5;
            square[j] += (u[j] - 0.5) * (u[j] - 0.5);
        }
        cross += (u[0] - 0.5) * (u[1] - 0.5);
    }
    for (int j = 0; j < 2; j++) {
        assert_true(fabs(sum[j] / N) < 5 * sqrt(1.0 / 12 / N));
        assert_true(fabs(square[j] / N - 1.0 / 12) < 5 * sqrt(1.0 / 180 / N));
    }
    assert_true(fabs(cross / N) < 5 * (1.0 / 12) / sqrt(N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_scipy),
        cmocka_unit_test(projections_hit_every_interval_once),
        cmocka_unit_test(at_equals_next_when_shifted),
        cmocka_unit_test(shift_is_one_xor_per_coordinate),
        cmocka_unit_test(starts_again_after_the_last_point),
        cmocka_unit_test(uniform_is_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
