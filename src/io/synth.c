/* synth: ten classes = five outlines x two textures (the label is a conjunction of the two).
 *
 * An image is a stack of layers painted back to front: a textured background, a few small decoys with outlines and
 * textures of their own, the figure, and sometimes a bar across it. The texture of the background and of the decoys
 * is drawn without regard to the label, and every colour, place, size, angle, contrast and illumination is random,
 * so that no colour, no local statistic and no fixed place gives the class away: a net must find the largest figure,
 * tell its outline, and read the texture inside it. Some figures are nearly as dark as the ground, some textures
 * hardly show, some are half covered, and noise lies on all of it: the Bayes error is not zero.
 *
 * Equal seeds must give equal bytes with every compiler and every set of instructions: there is no libm here but
 * floorf, sqrtf and fabsf (all exact or correctly rounded), the sine is a polynomial, and no multiply-add is fused
 * (clang heeds the pragma below only without -ffp-contract=fast: give this file -ffp-contract=off there). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsutil.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

enum { SIDE = 32, PLANE = SIDE * SIDE, RECORD = 1 + 3 * PLANE, CLASSES = 10, DECOYS = 2, BATCHES = 5, CHUNK = 256 };

/* Numbers of the test images: no training set reaches up here. A multiple of CLASSES. */
#define TEST_FIRST UINT64_C(1000000000000)

enum outline { DISC, SQUARE, TRIANGLE, CROSS, RING, OUTLINES, EVERYWHERE = OUTLINES, BAR };
enum texture { STRIPES, CHECKS, TEXTURES };

static const char *const class_names[CLASSES] = {
    "disc_stripes",    "disc_checks",   "square_stripes", "square_checks", "triangle_stripes",
    "triangle_checks", "cross_stripes", "cross_checks",   "ring_stripes",  "ring_checks",
};

/* Lengths in pixels; colours in [0, 1]; the texture swings between a and b. */
struct layer {
    enum outline outline;
    enum texture texture;
    float cy, cx, radius;
    float cos, sin;         /* of the outline's angle */
    float tex_cos, tex_sin; /* of the texture's angle, over its period */
    float phase_u, phase_v;
    float a[3], b[3];
    float alpha;
};

static float uniform(struct rng *rng, float lo, float hi)
{
    return lo + (hi - lo) * (float)rng_uniform(rng);
}

/* sin(2 pi turns) within 0.001. */
static float wave(float turns)
{
    float x = turns - floorf(turns) - 0.5F;
    float y = -8.0F * x * (1.0F - 2.0F * fabsf(x));

    return y + 0.225F * (y * fabsf(y) - y);
}

/* Distance to the outline of a figure of radius 1, negative inside; exact on the flanks, which is all that the
 * one pixel of anti-aliasing sees. */
static float outline_distance(enum outline outline, float u, float v)
{
    float au = fabsf(u), av = fabsf(v), d = sqrtf(u * u + v * v), arm1, arm2;

    switch (outline) {
    case DISC: return d - 0.92F;
    case SQUARE: return fmaxf(au, av) - 0.80F;
    case TRIANGLE: return fmaxf(-v, 0.5F * v + 0.8660254F * au) - 0.58F;
    case CROSS:
        arm1 = fmaxf(au - 0.34F, av - 1.0F);
        arm2 = fmaxf(av - 0.34F, au - 1.0F);
        return fminf(arm1, arm2);
    case RING: return fabsf(d - 0.72F) - 0.28F;
    case BAR: return av - 0.2F;
    default: return -1.0F;
    }
}

static float texture_value(const struct layer *l, float dy, float dx)
{
    float u = l->tex_cos * dx + l->tex_sin * dy + l->phase_u;
    float v = l->tex_cos * dy - l->tex_sin * dx + l->phase_v;

    /* Checks have the same mean and, at half the frequency along the diagonals, nearly the same spectrum radius. */
    return l->texture == STRIPES ? wave(u) : wave(u) * wave(v);
}

static void paint(const struct layer *l, float canvas[PLANE][3])
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float dy = (float)y - l->cy, dx = (float)x - l->cx;
            float cover = 1.0F, t;
            float *px = canvas[y * SIDE + x];

            if (l->outline != EVERYWHERE) {
                float u = (l->cos * dx + l->sin * dy) / l->radius;
                float v = (l->cos * dy - l->sin * dx) / l->radius;
                cover = 0.5F - outline_distance(l->outline, u, v) * l->radius;
                if (cover <= 0.0F)
                    continue;
                cover = fminf(cover, 1.0F);
            }
            cover *= l->alpha;
            t = 0.5F + 0.5F * texture_value(l, dy, dx);
            for (int c = 0; c < 3; c++)
                px[c] += cover * (l->a[c] + (l->b[c] - l->a[c]) * t - px[c]);
        }
}

static enum texture random_texture(struct rng *rng)
{
    return (enum texture)rng_below(rng, TEXTURES);
}

/* How bright a layer is and how far its texture swings about that. */
struct look {
    float shade_lo, shade_hi, contrast_lo, contrast_hi;
};

static const struct look ground_look = {0.15F, 0.42F, 0.00F, 0.10F};
static const struct look decoy_look = {0.10F, 0.80F, 0.00F, 0.20F};
static const struct look figure_look = {0.50F, 0.85F, 0.03F, 0.30F};
static const struct look bar_look = {0.10F, 0.90F, 0.00F, 0.00F};

/* An outline leans by up to this much of a full turn to either side; a texture may lie at any angle. */
#define TILT 0.08F

/* Everything of a layer but its place. */
static struct layer random_layer(struct rng *rng, enum outline outline, enum texture texture, const struct look *look)
{
    float contrast = uniform(rng, look->contrast_lo, look->contrast_hi);
    float shade = uniform(rng, look->shade_lo, look->shade_hi);
    float turn = uniform(rng, -TILT, TILT), tex_turn = uniform(rng, 0.0F, 1.0F);
    float period = texture == STRIPES ? uniform(rng, 3.2F, 6.0F) : uniform(rng, 4.5F, 7.0F);
    struct layer l = {.outline = outline, .texture = texture, .alpha = 1.0F};

    l.cos = wave(turn + 0.25F);
    l.sin = wave(turn);
    l.tex_cos = wave(tex_turn + 0.25F) / period;
    l.tex_sin = wave(tex_turn) / period;
    l.phase_u = uniform(rng, 0.0F, 1.0F);
    l.phase_v = uniform(rng, 0.0F, 1.0F);
    for (int c = 0; c < 3; c++) {
        float mean = shade + uniform(rng, -0.15F, 0.15F), swing = contrast * uniform(rng, 0.7F, 1.0F);

        l.a[c] = mean - swing;
        l.b[c] = mean + swing;
    }
    return l;
}

static void place(struct layer *l, struct rng *rng, float margin, float radius_lo, float radius_hi)
{
    l->radius = uniform(rng, radius_lo, radius_hi);
    l->cy = uniform(rng, margin, SIDE - 1 - margin);
    l->cx = uniform(rng, margin, SIDE - 1 - margin);
}

/* Illumination (a gain that falls off across the image) and noise, then bytes. */
static void develop(struct rng *rng, float canvas[PLANE][3], uint8_t *pixels)
{
    float slope_y = uniform(rng, -0.35F, 0.35F), slope_x = uniform(rng, -0.35F, 0.35F);
    float noise = uniform(rng, 0.02F, 0.08F) / 512.0F;

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float gain = 1.0F + slope_y * ((float)y / 15.5F - 1.0F) + slope_x * ((float)x / 15.5F - 1.0F);
            uint64_t bits = rng_u64(rng);

            for (int c = 0; c < 3; c++, bits >>= 20) {
                /* the sum of two uniforms: a triangle, sd 0.41 of its half width */
                float n = (float)((int)(bits & 1023) + (int)((bits >> 10) & 1023) - 1023);
                float v = canvas[y * SIDE + x][c] * gain + 1.2F * noise * n;
                v = fminf(fmaxf(v, 0.0F), 1.0F);
                pixels[(y * SIDE + x) * 3 + c] = (uint8_t)(v * 255.0F + 0.5F);
            }
        }
}

void synth_image(uint64_t seed, uint64_t index, int label, uint8_t pixels[32 * 32 * 3])
{
    struct rng rng;
    struct layer l;
    float canvas[PLANE][3];
    enum outline outline = (enum outline)(label / TEXTURES);
    enum texture texture = (enum texture)(label % TEXTURES);
    int decoys;

    rng_seed(&rng, hash3(seed, index, (uint64_t)label), RNG_SYNTH);
    l = random_layer(&rng, EVERYWHERE, random_texture(&rng), &ground_look);
    l.cy = l.cx = 0.0F;
    memset(canvas, 0, sizeof canvas);
    paint(&l, canvas);

    decoys = (int)rng_below(&rng, DECOYS + 1);
    for (int i = 0; i < decoys; i++) {
        enum outline other = (enum outline)rng_below(&rng, OUTLINES);

        l = random_layer(&rng, other, random_texture(&rng), &decoy_look);
        place(&l, &rng, 2.0F, 2.0F, 4.5F);
        paint(&l, canvas);
    }

    l = random_layer(&rng, outline, texture, &figure_look);
    place(&l, &rng, 11.0F, 9.0F, 13.0F);
    l.alpha = uniform(&rng, 0.65F, 1.0F);
    paint(&l, canvas);

    if (rng_below(&rng, 4) == 0) {
        l = random_layer(&rng, BAR, STRIPES, &bar_look);
        place(&l, &rng, 6.0F, 6.0F, 14.0F);
        paint(&l, canvas);
    }
    develop(&rng, canvas, pixels);
}

/* ---- writing ---- */

const char *synth_class_name(int label)
{
    return class_names[label];
}

/* Refuses a folder that holds somebody else's data set: ours is known by its first class name. */
static bool check_overwrite(const char *dir, struct err *err)
{
    static const char *const data[] = {"data_batch_1.bin", "test_batch.bin", "train.bin", "test.bin"};
    char *meta = xstrfmt("%s/batches.meta.txt", dir), line[64] = "";
    FILE *f = fopen(meta, "r");
    free(meta);
    if (f) {
        if (!fgets(line, sizeof line, f))
            line[0] = '\0';
        fclose(f);
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, class_names[0]) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(data); i++) {
        char *path = xstrfmt("%s/%s", dir, data[i]);
        bool taken = access(path, F_OK) == 0;
        if (taken)
            err_set(err, ERR_STATE, "'%s' belongs to another data set and would be overwritten: choose another folder",
                    path);
        free(path);
        if (taken)
            return false;
    }
    return true;
}

/* Images FIRST, FIRST + 1, ..., FIRST + N - 1 as one file: balanced within itself, in random order. */
static bool write_batch(const char *path, uint64_t seed, uint64_t first, int n, struct err *err)
{
    struct fs_file *f = fs_create(path, err);
    if (!f)
        return false;
    int *labels = xmalloc((size_t)n * sizeof *labels);
    uint8_t *records = xmalloc((size_t)CHUNK * RECORD), pixels[3 * PLANE];
    struct rng rng;
    bool ok = true;

    for (int i = 0; i < n; i++)
        labels[i] = (int)((first + (uint64_t)i) % CLASSES);
    rng_seed(&rng, hash3(seed, first, CLASSES), RNG_SYNTH);
    rng_shuffle(&rng, labels, (size_t)n);
    for (int i = 0; ok && i < n; i++) {
        uint8_t *record = records + (size_t)(i % CHUNK) * RECORD;
        synth_image(seed, first + (uint64_t)i, labels[i], pixels);
        *record++ = (uint8_t)labels[i];
        for (int p = 0; p < PLANE; p++)
            for (int c = 0; c < 3; c++)
                record[c * PLANE + p] = pixels[3 * p + c];
        if (i % CHUNK == CHUNK - 1 || i == n - 1)
            ok = fs_append(f, records, (size_t)(i % CHUNK + 1) * RECORD, err);
    }
    free(records);
    free(labels);
    if (!ok) {
        fs_discard(f);
        return false;
    }
    return fs_commit(f, err);
}

static bool write_names(const char *dir, struct err *err)
{
    char text[CLASSES * 32];
    size_t n = 0;
    for (int i = 0; i < CLASSES; i++)
        n = str_append(text, sizeof text, n, "%s\n", class_names[i]);
    char *path = xstrfmt("%s/batches.meta.txt", dir);
    bool ok = fs_write_whole(path, text, n, err);
    free(path);
    return ok;
}

bool synth_write(const char *dir, int n_train, int n_test, uint64_t seed, struct err *err)
{
    if (n_train < 1 || n_train > SYNTH_MAX)
        return err_set(err, ERR_CONFIG, "training images: %d is not in 1..%d", n_train, SYNTH_MAX);
    if (n_test < 1 || n_test > SYNTH_MAX)
        return err_set(err, ERR_CONFIG, "test images: %d is not in 1..%d", n_test, SYNTH_MAX);
    if (!fs_mkdirs(dir, err) || !check_overwrite(dir, err))
        return false;

    /* The names come first: they mark the folder as ours should the rest be cut short. */
    bool ok = write_names(dir, err);
    int per_file = (n_train + BATCHES - 1) / BATCHES;
    for (int i = 0; ok && i <= BATCHES; i++) {
        bool test = i == BATCHES;
        char *path = test ? xstrfmt("%s/test_batch.bin", dir) : xstrfmt("%s/data_batch_%d.bin", dir, i + 1);
        uint64_t first = test ? TEST_FIRST : (uint64_t)i * (uint64_t)per_file;
        ok = write_batch(path, seed, first, test ? n_test : per_file, err);
        free(path);
    }
    return ok;
}
