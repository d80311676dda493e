/* heat: what a cell shows is the mean of the elements that heat_at() gives for it, on every kind of terminal; nothing
 * is drawn outside of heat_area(). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/heat.h"

enum { W = 60, H = 30 };

static const struct style untouched = {0x123456, 0x654321, ATTR_UNDERLINE};

static struct look look_of(enum color_depth depth, enum glyph_set glyphs)
{
    return (struct look){theme_dark, depth, glyphs};
}

static void canvas_untouched(struct canvas *c)
{
    canvas_init(c, W, H);
    canvas_fill(c, (struct rect){0, 0, W, H}, '~', untouched);
}

static void nothing_outside(const struct canvas *c, struct rect r)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const struct cell *p = &c->cells[y * W + x];
            bool touched = p->rune != '~' || p->style.fg != untouched.fg || p->style.bg != untouched.bg;
            if (touched && !rect_has(r, x, y))
                fail_msg("(%d, %d) was drawn, outside of %d+%d x %d+%d", x, y, r.x, r.w, r.y, r.h);
        }
}

/* The colour of the upper and the lower half of a cell. */
static rgb half_color(const struct canvas *c, int x, int y, int half)
{
    const struct cell *p = &c->cells[y * W + x];
    assert_true(p->rune == 0x2580 || p->rune == ' ');
    return p->rune == ' ' || half ? p->style.bg : p->style.fg;
}

/* All with values of their own, from 0 to 1. */
static float *ramp(int m, int n)
{
    float *v = malloc((size_t)m * (size_t)n * sizeof(float));
    for (int i = 0; i < m * n; i++)
        v[i] = (float)i / (float)(m * n > 1 ? m * n - 1 : 1);
    return v;
}

static void every_look_stays_inside(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {16, 16}, {16, 32}, {64, 64}, {3, 200}, {200, 3}, {1, 1000}, {61, 61}};
    static const struct rect rooms[] = {{5, 3, 40, 20},   {0, 0, W, H}, {10, 10, 1, 1}, {10, 10, 7, 2},
                                        {50, 25, 30, 30}, {3, 3, 0, 4}, {3, 3, 4, -1},  {20, 2, 2, 20}};
    for (enum color_depth d = DEPTH_TRUE; d <= DEPTH_MONO; d++)
        for (enum glyph_set g = GLYPHS_BRAILLE; g <= GLYPHS_ASCII; g++)
            for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
                for (size_t k = 0; k < ARRAY_LEN(rooms); k++) {
                    struct look l = look_of(d, g);
                    float *v = ramp(sizes[s][0], sizes[s][1]);
                    v[0] = NAN;
                    struct heat h = {sizes[s][0], sizes[s][1], v, COLORMAP_DIVERGING, 0, 1, 0, sizes[s][1] - 1};
                    struct canvas c;
                    canvas_untouched(&c);
                    struct rect area = heat_area(rooms[k], &l, &h);
                    assert_true(area.w <= (rooms[k].w > 0 ? rooms[k].w : 0) &&
                                area.h <= (rooms[k].h > 0 ? rooms[k].h : 0));
                    heat_draw(&c, rooms[k], &l, &h);
                    nothing_outside(&c, area);
                    heat_bar(&c, rooms[k], &l, COLORMAP_VIRIDIS, -1e-10, 12345);
                    nothing_outside(&c, rooms[k]);
                    canvas_release(&c);
                    free(v);
                }
}

/* Closed form: 4 x 3 in a room of 20 x 5 cells has a factor min(20 / 3, 10 / 4) = 2. */
static void enlarged_by_a_whole_factor(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    float *v = ramp(4, 3);
    struct heat h = {4, 3, v, COLORMAP_VIRIDIS, 0, 1, -1, -1};
    struct rect room = {2, 1, 20, 5}, area = heat_area(room, &l, &h);
    assert_int_equal(area.x, 2);
    assert_int_equal(area.y, 1);
    assert_int_equal(area.w, 6);
    assert_int_equal(area.h, 4);
    struct canvas c;
    canvas_untouched(&c);
    heat_draw(&c, room, &l, &h);
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 6; x++) {
            double value = v[y / 2 * 3 + x / 2];
            rgb want = colormap_rgb(COLORMAP_VIRIDIS, colormap_quantize(value, look_levels(&l)));
            assert_int_equal(half_color(&c, 2 + x, 1 + y / 2, y % 2), want);
        }
    canvas_release(&c);
    free(v);
}

/* Closed form: 8 x 8 in 4 x 2 cells are 4 x 4 units of 2 x 2 elements. */
static void averaged_down(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    float v[64];
    for (int i = 0; i < 64; i++)
        v[i] = (float)((i * 37) % 64);
    v[9] = NAN; /* left out of its mean */
    struct heat h = {8, 8, v, COLORMAP_VIRIDIS, 0, 64, -1, -1};
    struct rect room = {0, 0, 4, 2};
    struct canvas c;
    canvas_untouched(&c);
    heat_draw(&c, room, &l, &h);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {
            double sum = 0;
            int count = 0;
            for (int k = 0; k < 4; k++) {
                float e = v[(2 * y + k / 2) * 8 + 2 * x + k % 2];
                if (!isnan(e)) {
                    sum += e;
                    count++;
                }
            }
            rgb want = colormap_rgb(COLORMAP_VIRIDIS, colormap_quantize(sum / count / 64, look_levels(&l)));
            assert_int_equal(half_color(&c, x, y / 2, y % 2), want);
        }
    canvas_release(&c);
}

/* One element is 1, the others 0: the cells that differ are those heat_at() gives for it, and no others. */
static void heat_at_is_the_inverse(void **state)
{
    (void)state;
    static const int sizes[][2] = {{5, 7}, {16, 16}, {32, 64}, {64, 64}, {40, 3}, {2, 90}};
    for (enum color_depth d = DEPTH_TRUE; d <= DEPTH_MONO; d += DEPTH_MONO)
        for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
            int m = sizes[s][0], n = sizes[s][1];
            struct look l = look_of(d, GLYPHS_BRAILLE);
            struct rect room = {4, 2, 45, 22};
            float *v = calloc((size_t)(m * n), sizeof(float));
            struct heat h = {m, n, v, COLORMAP_VIRIDIS, 0, 0.01, -1, -1};
            struct rect area = heat_area(room, &l, &h);
            struct canvas none, one;
            canvas_untouched(&none);
            heat_draw(&none, room, &l, &h);
            int i, j;
            assert_false(heat_at(room, &l, &h, area.x - 1, area.y, &i, &j));
            assert_false(heat_at(room, &l, &h, area.x + area.w, area.y, &i, &j));
            assert_false(heat_at(room, &l, &h, area.x, area.y + area.h, &i, &j));
            canvas_init(&one, W, H);
            for (int y = area.y; y < area.y + area.h; y++)
                for (int x = area.x; x < area.x + area.w; x++) {
                    assert_true(heat_at(room, &l, &h, x, y, &i, &j));
                    assert_true(i >= 0 && i < m && j >= 0 && j < n);
                    v[i * n + j] = 1;
                    canvas_fill(&one, (struct rect){0, 0, W, H}, '~', untouched);
                    heat_draw(&one, room, &l, &h);
                    v[i * n + j] = 0;
                    if (!memcmp(&one.cells[y * W + x], &none.cells[y * W + x], sizeof(struct cell)))
                        fail_msg("%d x %d: element (%d, %d) is not seen at (%d, %d)", m, n, i, j, x, y);
                }
            canvas_release(&none);
            canvas_release(&one);
            free(v);
        }
}

/* Every element is seen somewhere, however much the matrix is averaged. */
static void no_element_is_lost(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    int m = 37, n = 91;
    float *v = calloc((size_t)(m * n), sizeof(float));
    struct heat h = {m, n, v, COLORMAP_VIRIDIS, 0, 0.001, -1, -1};
    struct rect room = {0, 0, 30, 8};
    struct canvas none, one;
    canvas_init(&none, W, H);
    canvas_init(&one, W, H);
    heat_draw(&none, room, &l, &h);
    int cursors = 0;
    for (int k = 0; k < m * n; k++) {
        v[k] = 1;
        heat_draw(&one, room, &l, &h);
        v[k] = 0;
        int changed = 0;
        for (int p = 0; p < W * H; p++)
            changed += half_color(&one, p % W, p / W, 0) != half_color(&none, p % W, p / W, 0) ||
                       half_color(&one, p % W, p / W, 1) != half_color(&none, p % W, p / W, 1);
        assert_int_equal(changed, 1);
        /* and that is where the cursor on it stands */
        h.cursor_i = k / n;
        h.cursor_j = k % n;
        v[k] = 1;
        heat_draw(&none, room, &l, &h);
        for (int p = 0; p < W * H; p++)
            for (int half = 0; half < 2; half++) {
                bool on = half_color(&none, p % W, p / W, half) == look_style(&l, ROLE_CURSOR).fg;
                assert_true(!on || half_color(&one, p % W, p / W, half) ==
                                       colormap_rgb(COLORMAP_VIRIDIS, colormap_quantize(1, look_levels(&l))));
                cursors += on;
            }
        v[k] = 0;
        h.cursor_i = h.cursor_j = -1;
        heat_draw(&none, room, &l, &h);
    }
    assert_int_equal(cursors, m * n);
    canvas_release(&none);
    canvas_release(&one);
    free(v);
}

static void cursor_marks_its_element(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    rgb cursor = look_style(&l, ROLE_CURSOR).fg;
    float *v = ramp(4, 4);
    struct heat h = {4, 4, v, COLORMAP_VIRIDIS, 0, 1, 2, 1};
    struct canvas c;
    canvas_init(&c, W, H);
    heat_draw(&c, (struct rect){0, 0, 16, 8}, &l, &h); /* four units each way: an outline */
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++) {
            bool in = x / 4 == 1 && y / 4 == 2;
            bool edge = in && (x % 4 == 0 || x % 4 == 3 || y % 4 == 0 || y % 4 == 3);
            assert_int_equal(half_color(&c, x, y / 2, y % 2) == cursor, edge);
        }
    canvas_clear(&c, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
    heat_draw(&c, (struct rect){0, 0, 4, 2}, &l, &h); /* one unit: all of it */
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            assert_int_equal(half_color(&c, x, y / 2, y % 2) == cursor, x == 1 && y == 2);
    l.depth = DEPTH_MONO;
    canvas_clear(&c, (struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0});
    heat_draw(&c, (struct rect){0, 0, 8, 4}, &l, &h);
    assert_int_equal(c.cells[2 * W + 2].rune, '[');
    assert_int_equal(c.cells[2 * W + 3].rune, ']');
    canvas_release(&c);
    free(v);
}

static void shades_where_there_are_no_colors(void **state)
{
    (void)state;
    float v[10];
    for (int i = 0; i < 10; i++)
        v[i] = (float)i;
    struct heat h = {1, 10, v, COLORMAP_VIRIDIS, 0, 9, -1, -1};
    struct rect room = {0, 0, 10, 1};
    struct canvas c;
    canvas_init(&c, 10, 1);
    struct look l = look_of(DEPTH_MONO, GLYPHS_ASCII);
    heat_draw(&c, room, &l, &h);
    char *text = canvas_to_text(&c);
    assert_string_equal(text, " .:-=+*#%@\n");
    free(text);
    l.glyphs = GLYPHS_BLOCK;
    canvas_resize(&c, 10, 1);
    heat_draw(&c, room, &l, &h);
    text = canvas_to_text(&c);
    assert_string_equal(text, "  ░░▒▒▓▓██\n");
    free(text);
    v[3] = NAN;
    l.glyphs = GLYPHS_ASCII;
    heat_draw(&c, room, &l, &h);
    text = canvas_to_text(&c);
    assert_string_equal(text, " .:?=+*#%@\n");
    free(text);
    canvas_release(&c);
}

/* In eight colours every step of the ladder is drawn in exactly those colours. */
static void eight_colors_are_used_literally(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_8, GLYPHS_BRAILLE);
    int n = look_levels(&l);
    float *v = ramp(1, n);
    struct heat h = {1, n, v, COLORMAP_VIRIDIS, 0, 1, -1, -1};
    struct canvas c;
    canvas_init(&c, n, 1);
    heat_draw(&c, (struct rect){0, 0, n, 1}, &l, &h);
    for (int x = 0; x < n; x++) {
        struct cell p = c.cells[x];
        for (int s = 0; s <= 16; s += 8)
            assert_true((p.style.bg >> s & 255) == 0 || (p.style.bg >> s & 255) == 255);
        for (int k = 0; k < x; k++)
            assert_true(c.cells[k].rune != p.rune || c.cells[k].style.fg != p.style.fg ||
                        c.cells[k].style.bg != p.style.bg);
    }
    canvas_release(&c);
    free(v);
}

static void equal_ends_have_the_middle_color(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    float v[] = {3, NAN};
    struct heat h = {1, 2, v, COLORMAP_DIVERGING, 3, 3, -1, -1};
    struct canvas c;
    canvas_init(&c, W, H);
    heat_draw(&c, (struct rect){0, 0, 2, 1}, &l, &h);
    assert_int_equal(half_color(&c, 0, 0, 0), colormap_rgb(COLORMAP_DIVERGING, 0.5));
    assert_int_equal(half_color(&c, 1, 0, 0), colormap_rgb(COLORMAP_DIVERGING, NAN));
    canvas_release(&c);
}

static void bars_say_their_ends_and_middle(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_MONO, GLYPHS_ASCII);
    struct canvas c;
    canvas_init(&c, 30, 2);
    heat_bar(&c, (struct rect){0, 0, 30, 2}, &l, COLORMAP_VIRIDIS, -0.5, 1.5);
    char *text = canvas_to_text(&c);
    assert_string_equal(text, "   ...:::---===+++***###%%%@@@\n-0.5         0.5           1.5\n");
    free(text);
    canvas_resize(&c, 30, 1);
    heat_bar(&c, (struct rect){0, 0, 30, 1}, &l, COLORMAP_VIRIDIS, 0, 1);
    text = canvas_to_text(&c);
    assert_string_equal(text, "0    ..:::-- 0.5 +**###%%@@@ 1\n");
    free(text);
    canvas_release(&c);
}

static void pictures_show_their_pixels(void **state)
{
    (void)state;
    uint8_t px[4 * 4 * 3];
    for (int i = 0; i < 48; i++)
        px[i] = (uint8_t)(i * 5);
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_untouched(&c);
    heat_picture(&c, (struct rect){1, 1, 4, 2}, &l, 4, 4, px);
    nothing_outside(&c, (struct rect){1, 1, 4, 2});
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {
            const uint8_t *p = px + 3 * (4 * y + x);
            assert_int_equal(half_color(&c, 1 + x, 1 + y / 2, y % 2), p[0] << 16 | p[1] << 8 | p[2]);
        }
    canvas_release(&c);
    /* black and white, on dark and on light ground */
    static const uint8_t two[] = {0, 0, 0, 255, 255, 255};
    l = look_of(DEPTH_MONO, GLYPHS_ASCII);
    canvas_init(&c, 4, 1);
    heat_picture(&c, (struct rect){0, 0, 4, 1}, &l, 2, 1, two);
    char *text = canvas_to_text(&c);
    assert_string_equal(text, "  @@\n");
    free(text);
    l.theme = theme_light;
    heat_picture(&c, (struct rect){0, 0, 4, 1}, &l, 2, 1, two);
    text = canvas_to_text(&c);
    assert_string_equal(text, "@@\n");
    free(text);
    canvas_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_look_stays_inside),
        cmocka_unit_test(enlarged_by_a_whole_factor),
        cmocka_unit_test(averaged_down),
        cmocka_unit_test(heat_at_is_the_inverse),
        cmocka_unit_test(no_element_is_lost),
        cmocka_unit_test(cursor_marks_its_element),
        cmocka_unit_test(shades_where_there_are_no_colors),
        cmocka_unit_test(eight_colors_are_used_literally),
        cmocka_unit_test(equal_ends_have_the_middle_color),
        cmocka_unit_test(bars_say_their_ends_and_middle),
        cmocka_unit_test(pictures_show_their_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
