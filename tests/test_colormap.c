/* colormap: against the published colours of viridis, WCAG's formula, and a search through all 256 colours. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../src/colormap.h"
#include "../src/ui/theme.h"

static int channel(rgb c, int shift)
{
    return c >> shift & 255;
}

static void viridis_is_the_published_one(void **state)
{
    (void)state;
    /* matplotlib's viridis(0), (0.25), (0.5), (0.75), (1) */
    static const rgb published[] = {0x440154, 0x3B528B, 0x21918C, 0x5EC962, 0xFDE725};
    for (int i = 0; i < 5; i++)
        assert_int_equal(colormap_rgb(COLORMAP_VIRIDIS, i / 4.0), published[i]);
    /* Its point: always lighter (in steps that do not drown in the rounding to bytes). */
    for (int i = 1; i <= 64; i++)
        assert_true(colormap_luminance(colormap_rgb(COLORMAP_VIRIDIS, i / 64.0)) >
                    colormap_luminance(colormap_rgb(COLORMAP_VIRIDIS, (i - 1) / 64.0)));
}

static void ends_are_clamped_and_nan_is_nobodys(void **state)
{
    (void)state;
    for (enum colormap m = COLORMAP_VIRIDIS; m <= COLORMAP_DIVERGING; m++) {
        assert_int_equal(colormap_rgb(m, -3), colormap_rgb(m, 0));
        assert_int_equal(colormap_rgb(m, INFINITY), colormap_rgb(m, 1));
        rgb nan_color = colormap_rgb(m, NAN);
        assert_int_equal(channel(nan_color, 16), channel(nan_color, 0));
        for (int i = 0; i <= 1000; i++)
            assert_int_not_equal(colormap_rgb(m, i / 1000.0), nan_color);
    }
}

static void differences_go_from_blue_over_grey_to_red(void **state)
{
    (void)state;
    rgb low = colormap_rgb(COLORMAP_DIVERGING, 0), middle = colormap_rgb(COLORMAP_DIVERGING, 0.5),
        high = colormap_rgb(COLORMAP_DIVERGING, 1);
    assert_true(channel(low, 0) > channel(low, 16) + 60);
    assert_true(channel(high, 16) > channel(high, 0) + 60);
    assert_int_equal(channel(middle, 16), channel(middle, 8));
    assert_int_equal(channel(middle, 8), channel(middle, 0));
    for (int i = 1; i <= 50; i++) {
        assert_true(colormap_luminance(colormap_rgb(COLORMAP_DIVERGING, i / 100.0)) >
                    colormap_luminance(colormap_rgb(COLORMAP_DIVERGING, (i - 1) / 100.0)));
        assert_true(colormap_luminance(colormap_rgb(COLORMAP_DIVERGING, 1 - i / 100.0)) >
                    colormap_luminance(colormap_rgb(COLORMAP_DIVERGING, 1 - (i - 1) / 100.0)));
    }
}

static void quantized_values_are_middles(void **state)
{
    (void)state;
    for (int levels = 2; levels < 40; levels++)
        for (int i = 0; i < levels; i++) {
            double middle = (i + 0.5) / levels;
            assert_true(colormap_quantize((i + 1e-9) / levels, levels) == middle);
            assert_true(colormap_quantize((i + 1 - 1e-9) / levels, levels) == middle);
        }
    assert_true(colormap_quantize(1, 8) == 7.5 / 8);
    assert_true(colormap_quantize(7, 8) == 7.5 / 8);
    assert_true(colormap_quantize(-7, 8) == 0.5 / 8);
    assert_true(isnan(colormap_quantize(NAN, 8)));
}

/* xterm's formula for the colours 16..255. */
static rgb xterm_color(int i)
{
    if (i >= 232)
        return (8 + 10 * (i - 232)) * 0x10101;
    int step[] = {0, 95, 135, 175, 215, 255};
    i -= 16;
    return step[i / 36] << 16 | step[i / 6 % 6] << 8 | step[i % 6];
}

static int distance(rgb a, rgb b)
{
    int d = 0;
    for (int s = 0; s <= 16; s += 8)
        d += (channel(a, s) - channel(b, s)) * (channel(a, s) - channel(b, s));
    return d;
}

static void check_256(rgb c)
{
    int best = INT32_MAX, got = colormap_256(c);
    for (int i = 16; i < 256; i++) {
        int d = distance(c, xterm_color(i));
        best = d < best ? d : best;
    }
    assert_in_range(got, 16, 255);
    if (distance(c, xterm_color(got)) != best)
        fail_msg("#%06X: colour %d is %d away, the nearest %d", (unsigned)c, got, distance(c, xterm_color(got)), best);
}

static void nearest_of_256_by_search(void **state)
{
    (void)state;
    for (int i = 16; i < 256; i++) {
        assert_int_equal(xterm_color(colormap_256(xterm_color(i))), xterm_color(i));
        assert_int_equal(colormap_256_rgb(i), xterm_color(i));
    }
    for (int v = 0; v < 256; v++)
        check_256(v * 0x10101);
    struct rng r;
    rng_seed(&r, 1, 1);
    for (int i = 0; i < 20000; i++)
        check_256((rgb)rng_below(&r, 1 << 24));
}

static void eight_colors_go_by_hue(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(colormap_8((i & 1 ? 0xFF0000 : 0) | (i & 2 ? 0xFF00 : 0) | (i & 4 ? 0xFF : 0)), i);
    assert_int_equal(colormap_8(0x202020), 0);
    assert_int_equal(colormap_8(0xE0E4E8), 7);
    assert_int_equal(colormap_8(0xCD5C5C), 1);     /* indian red */
    assert_int_equal(colormap_8(0x4682B4), 4 | 2); /* steel blue, hue 207: cyan's sector begins at 210 */
}

static void curves_stay_apart_on_every_terminal(void **state)
{
    (void)state;
    const struct theme *themes[] = {&theme_dark, &theme_light};
    for (int t = 0; t < 2; t++)
        for (int i = ROLE_CURVE1; i <= ROLE_CURVE6; i++)
            for (int j = ROLE_CURVE1; j < i; j++) {
                rgb a = themes[t]->role[i].fg, b = themes[t]->role[j].fg;
                assert_int_not_equal(colormap_256(a), colormap_256(b));
                if (colormap_8(a) == colormap_8(b))
                    fail_msg("%s: curves %d and %d are both colour %d of 8", themes[t]->name, i, j, colormap_8(a));
            }
}

static void luminance_is_wcags(void **state)
{
    (void)state;
    assert_float_equal(colormap_luminance(0xFFFFFF), 1, 1e-12);
    assert_true(colormap_luminance(0) == 0);
    assert_float_equal(colormap_luminance(0xFF0000), 0.2126, 1e-12);
    assert_float_equal(colormap_luminance(0x00FF00), 0.7152, 1e-12);
    assert_float_equal(colormap_luminance(0x808080), 0.215861, 1e-6);
}

/* Text at 3:1 against the ground a theme is made for is readable (WCAG's bound for large text and graphics). */
static void themes_can_be_read_on_their_ground(void **state)
{
    (void)state;
    const struct theme *themes[] = {&theme_dark, &theme_light};
    for (int t = 0; t < 2; t++) {
        double ground = colormap_luminance(themes[t]->light ? 0xFAFAFA : 0x181818);
        for (int r = 0; r < ROLE_COUNT; r++) {
            struct style s = themes[t]->role[r];
            if (r == ROLE_FRAME || s.fg < 0)
                continue;
            double a = colormap_luminance(s.fg), b = s.bg >= 0 ? colormap_luminance(s.bg) : ground;
            double ratio = (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
            if (ratio < 3.0)
                fail_msg("%s: role %d has a contrast of %.2f", themes[t]->name, r, ratio);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viridis_is_the_published_one),
        cmocka_unit_test(ends_are_clamped_and_nan_is_nobodys),
        cmocka_unit_test(differences_go_from_blue_over_grey_to_red),
        cmocka_unit_test(quantized_values_are_middles),
        cmocka_unit_test(nearest_of_256_by_search),
        cmocka_unit_test(eight_colors_go_by_hue),
        cmocka_unit_test(curves_stay_apart_on_every_terminal),
        cmocka_unit_test(luminance_is_wcags),
        cmocka_unit_test(themes_can_be_read_on_their_ground),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
