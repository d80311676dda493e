/* augment, against a naive version that really pads, crops and mirrors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/augment.h"
#include "param.h"

enum { N = 40, X = 32 * 32 * 4 };

static const float mean[3] = {0.49F, 0.25F, 0.75F}, std[3] = {0.2F, 0.3F, 0.1F};

static struct images make_images(void)
{
    struct images im = {N, xmalloc((size_t)N * IMAGE_BYTES), xmalloc(N)};
    struct rng rng;
    rng_seed(&rng, 7, 99);
    for (int i = 0; i < N * IMAGE_BYTES; i++)
        im.pixels[i] = (uint8_t)rng_below(&rng, 256);
    for (int i = 0; i < N; i++)
        im.labels[i] = (uint8_t)(i % 10);
    return im;
}

static void free_images(struct images *im)
{
    free(im->pixels);
    free(im->labels);
}

/* Normalise in double, pad by 4 zeros, cut the window, mirror it. */
static void naive(const uint8_t *in, struct crop crop, float out[X])
{
    static double padded[40][40][3];
    memset(padded, 0, sizeof padded);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            for (int c = 0; c < 3; c++)
                padded[y + 4][x + 4][c] = (in[(y * 32 + x) * 3 + c] / 255.0 - (double)mean[c]) / (double)std[c];
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            int from = crop.flip ? 31 - x : x;
            for (int c = 0; c < 3; c++)
                out[(y * 32 + x) * 4 + c] = (float)padded[y + crop.dy][from + crop.dx][c];
            out[(y * 32 + x) * 4 + 3] = 0.0F;
        }
}

static void compare_with_naive(int mode)
{
    struct images im = make_images();
    float *x = xmalloc(sizeof(float) * N * X), want[X];
    int which[N], labels[N];

    for (int i = 0; i < N; i++)
        which[i] = (i * 7) % N;
    for (int epoch = 0; epoch < 4; epoch++) {
        for (size_t i = 0; i < (size_t)N * X; i++)
            x[i] = NAN; /* every element must be written */
        augment_batch(&im, mean, std, which, N, 5, epoch, mode, x, labels);
        for (int i = 0; i < N; i++) {
            naive(im.pixels + (size_t)which[i] * IMAGE_BYTES, augment_crop(5, epoch, which[i], mode), want);
            assert_int_equal(labels[i], which[i] % 10);
            for (int j = 0; j < X; j++) {
                float got = x[(size_t)i * X + (size_t)j];
                if (!(fabsf(got - want[j]) <= 2e-6F * (1.0F + fabsf(want[j]))))
                    fail_msg("image %d epoch %d element %d: %g, expected %g", which[i], epoch, j, (double)got,
                             (double)want[j]);
            }
        }
    }
    free(x);
    free_images(&im);
}

static void batch_is_padded_crop(void **state)
{
    (void)state;
    compare_with_naive(AUGMENT_CROP);
}

static void batch_is_padded_crop_flip(void **state)
{
    (void)state;
    compare_with_naive(AUGMENT_CROP_FLIP);
}

static void without_augmentation_every_pixel_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct crop c = augment_crop((uint64_t)i, i, i, AUGMENT_NONE);
        assert_true(c.dy == 4 && c.dx == 4 && !c.flip);
    }
    compare_with_naive(AUGMENT_NONE);
}

/* Counts against the binomial: 5 sigma of 81 cells and a coin. */
static void crops_are_uniform(void **state)
{
    enum { DRAWS = 162000 };
    int cell[9][9] = {{0}}, flips = 0;
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        struct crop c = augment_crop(3, i / 1000, i % 1000, AUGMENT_CROP_FLIP);
        assert_in_range(c.dy, 0, 8);
        assert_in_range(c.dx, 0, 8);
        cell[c.dy][c.dx]++;
        flips += c.flip;
    }
    double mu = DRAWS / 81.0, sigma = sqrt(mu * (1.0 - 1.0 / 81.0));
    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 9; x++)
            assert_true(fabs(cell[y][x] - mu) < 5.0 * sigma);
    assert_true(fabs(flips - DRAWS / 2.0) < 5.0 * sqrt(DRAWS / 4.0));
    for (int i = 0; i < 1000; i++)
        assert_false(augment_crop(3, 0, i, AUGMENT_CROP).flip);
}

/* Seed, epoch and index each matter: equal crops of two such streams are as rare as chance, 1 in 162. */
static void crops_depend_on_seed_epoch_and_index(void **state)
{
    int same[3] = {0};
    (void)state;
    for (int i = 0; i < 16200; i++) {
        struct crop a = augment_crop(1, 1, i, AUGMENT_CROP_FLIP);
        struct crop b[3] = {augment_crop(2, 1, i, AUGMENT_CROP_FLIP), augment_crop(1, 2, i, AUGMENT_CROP_FLIP),
                            augment_crop(1, 1, i + 1, AUGMENT_CROP_FLIP)};
        for (int k = 0; k < 3; k++)
            same[k] += a.dy == b[k].dy && a.dx == b[k].dx && a.flip == b[k].flip;
    }
    for (int k = 0; k < 3; k++)
        assert_in_range(same[k], 50, 150);
}

/* A batch cut in pieces, in another order, is the same batch: this is what lets threads share it out. */
static void batch_is_independent_of_its_neighbours(void **state)
{
    struct images im = make_images();
    float *whole = xmalloc(sizeof(float) * N * X), *one = xmalloc(sizeof(float) * X);
    int which[N], labels[N], label;
    (void)state;
    for (int i = 0; i < N; i++)
        which[i] = N - 1 - i;
    augment_batch(&im, mean, std, which, N, 11, 3, AUGMENT_CROP_FLIP, whole, labels);
    for (int i = N - 1; i >= 0; i--) {
        augment_batch(&im, mean, std, &which[i], 1, 11, 3, AUGMENT_CROP_FLIP, one, &label);
        assert_int_equal(label, labels[i]);
        assert_memory_equal(one, whole + (size_t)i * X, sizeof(float) * X);
    }
    free(whole);
    free(one);
    free_images(&im);
}

static void epoch_order_is_a_permutation(void **state)
{
    int idx[500], order[500], again[500], next[500], other[500], seen[1500] = {0}, moved = 0, equal[2] = {0};
    (void)state;
    for (int i = 0; i < 500; i++)
        idx[i] = 3 * i;
    augment_epoch_order(1, 4, idx, 500, order);
    augment_epoch_order(1, 4, idx, 500, again);
    augment_epoch_order(1, 5, idx, 500, next);
    augment_epoch_order(2, 4, idx, 500, other);
    assert_memory_equal(order, again, sizeof order);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(idx[i], 3 * i); /* untouched */
        seen[order[i]]++;
        moved += order[i] != idx[i];
        equal[0] += order[i] == next[i];
        equal[1] += order[i] == other[i];
    }
    for (int i = 0; i < 1500; i++)
        assert_int_equal(seen[i], i % 3 == 0);
    assert_true(moved > 480);
    assert_true(equal[0] < 12 && equal[1] < 12); /* Poisson of mean 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_padded_crop),
        cmocka_unit_test(batch_is_padded_crop_flip),
        cmocka_unit_test(without_augmentation_every_pixel_stays),
        cmocka_unit_test(crops_are_uniform),
        cmocka_unit_test(crops_depend_on_seed_epoch_and_index),
        cmocka_unit_test(batch_is_independent_of_its_neighbours),
        cmocka_unit_test(epoch_order_is_a_permutation),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
