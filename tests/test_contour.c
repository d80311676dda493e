/* Contour lines against curves of known place: a plane's lines are straight, a cone's are circles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/contour.h"

enum { W = 48, H = 18, M = 2 * H };

static const struct look look = {.depth = DEPTH_TRUE, .glyphs = GLYPHS_BRAILLE};

static float *filled(double (*f)(double x, double y))
{
    float *v = xmalloc(sizeof *v * M * W);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < W; j++)
            v[i * W + j] = (float)f((j + 0.5) / W, 1 - (i + 0.5) / M);
    return v;
}

static double plane(double x, double y)
{
    (void)y;
    return x;
}

static double cone(double x, double y)
{
    return hypot(x - 0.5, y - 0.5);
}

static double holed(double x, double y)
{
    return x > 0.4 && x < 0.6 && y > 0.4 && y < 0.6 ? NAN : x;
}

static struct canvas draw(const struct contour *k, const struct look *l)
{
    struct canvas c;
    canvas_init(&c, W + 2, H + 2);
    contour_draw(&c, (struct rect){1, 1, W, H}, l, k);
    return c;
}

/* Calls for every dot that is lit, at its place from 0 to 1; returns how many there are. */
static int each_dot(const struct canvas *c, void (*check)(double x, double y))
{
    static const int bit[4][2] = {{0, 3}, {1, 4}, {2, 5}, {6, 7}};
    int n = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            uint32_t rune = c->cells[(y + 1) * c->w + x + 1].rune;
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < 2; j++)
                    if (rune >= 0x2800 && rune < 0x2900 && rune >> bit[i][j] & 1) {
                        check((x + (j + 0.5) / 2) / W, 1 - (y + (i + 0.5) / 4) / H);
                        n++;
                    }
        }
    return n;
}

static void on_the_plane_s(double x, double y)
{
    (void)y;
    double off = fmin(fabs(x - 0.25), fmin(fabs(x - 0.5), fabs(x - 0.75)));
    assert_true(off <= 0.5 / W + 1e-6); /* the dot on the lower side */
}

static void on_the_cone_s(double x, double y)
{
    assert_true(fabs(cone(x, y) - 0.3) <= 1.0 / (4 * H) + 0.003);
}

static void a_plane_has_straight_lines(void **state)
{
    (void)state;
    float *v = filled(plane);
    struct contour k = {.m = M, .n = W, .v = v, .factor = 1, .n_levels = 3, .level = {0.25, 0.5, 0.75}};
    struct canvas c = draw(&k, &look);
    assert_int_equal(each_dot(&c, on_the_plane_s), 3 * 4 * H); /* each without a gap, one dot thin */
    canvas_release(&c);
    free(v);
}

static void a_cone_has_circles(void **state)
{
    (void)state;
    float *v = filled(cone);
    struct contour k = {.m = M, .n = W, .v = v, .factor = 1, .n_levels = 1, .level = {0.3}};
    struct canvas c = draw(&k, &look);
    int n = each_dot(&c, on_the_cone_s);
    assert_true(n > 2 * 0.6 * 2 * W && n < 2.2 * 0.6 * (2 * W + 4 * H)); /* once around */
    canvas_release(&c);
    free(v);
}

static void nothing_outside_and_none_at_a_hole(void **state)
{
    (void)state;
    float *v = filled(holed);
    struct contour k = {.m = M, .n = W, .v = v, .factor = 1, .n_levels = 1, .level = {0.5}};
    struct canvas c = draw(&k, &look);
    for (int y = 0; y < c.h; y++)
        for (int x = 0; x < c.w; x++) {
            bool inside = x > W * 0.42 && x < W * 0.58 && y > H * 0.45 && y < H * 0.55;
            if (x == 0 || y == 0 || x == c.w - 1 || y == c.h - 1 || inside)
                assert_int_equal(c.cells[y * c.w + x].rune, ' ');
        }
    canvas_release(&c);
    free(v);
}

static void levels_are_round_and_inside(void **state)
{
    (void)state;
    struct contour k = {.factor = 100};
    contour_levels(&k, 0.7123, 0.7549, 9);
    assert_int_equal(k.n_levels, 8);
    for (int i = 0; i < 8; i++)
        assert_float_equal(k.level[i], 0.715 + 0.005 * i, 1e-12);
    contour_levels(&k, 0.5, 0.5, 9);
    assert_int_equal(k.n_levels, 0);
    contour_levels(&k, INFINITY, -INFINITY, 9);
    assert_int_equal(k.n_levels, 0);
}

/* On its line, where nothing is taken. */
static void numbers_stand_on_their_lines(void **state)
{
    (void)state;
    float *v = filled(plane);
    bool taken[H * W] = {false};
    struct contour k = {.m = M, .n = W, .v = v, .factor = 100, .n_levels = 3, .level = {0.25, 0.5, 0.75}};
    for (int y = 0; y < H; y++)
        for (int x = W / 2 - 4; x < W / 2 + 4; x++)
            taken[y * W + x] = true; /* no room for 50 */
    struct canvas c = draw(&k, &look);
    contour_label(&c, (struct rect){1, 1, W, H}, &look, &k, taken);
    char *text = canvas_to_text(&c), *line = text;
    int seen[3] = {0};
    for (int y = 0; *line; y++) {
        char *end = strchr(line, '\n');
        *end = 0;
        for (int i = 0; i < 3; i++) {
            const char *at = strstr(line, (const char *[]){"25", "50", "75"}[i]);
            if (!at)
                continue;
            char before[256];
            seen[i]++;
            str_append(before, sizeof before, 0, "%.*s", (int)(at - line), line);
            int x = text_width(before) - 1, level = (int)(k.level[i] * W) - 1;
            assert_true(x <= level + 1 && x + 2 >= level);
        }
        line = end + 1;
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 0);
    assert_int_equal(seen[2], 1);
    free(text);
    canvas_release(&c);
    free(v);
}

static void characters_have_numbers_but_no_lines(void **state)
{
    (void)state;
    struct look ascii = look;
    ascii.glyphs = GLYPHS_ASCII;
    float *v = filled(plane);
    struct contour k = {.m = M, .n = W, .v = v, .factor = 1, .n_levels = 1, .level = {0.5}};
    struct canvas c = draw(&k, &ascii);
    for (int i = 0; i < c.w * c.h; i++)
        assert_int_equal(c.cells[i].rune, ' ');
    canvas_release(&c);
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plane_has_straight_lines),         cmocka_unit_test(a_cone_has_circles),
        cmocka_unit_test(nothing_outside_and_none_at_a_hole), cmocka_unit_test(levels_are_round_and_inside),
        cmocka_unit_test(numbers_stand_on_their_lines),       cmocka_unit_test(characters_have_numbers_but_no_lines),
    };
    return cmocka_run_group_tests_name("contour", tests, NULL, NULL);
}
