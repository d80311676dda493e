/* The FSP screen's layout, and the matrices as they are coloured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../src/ui/fsp_layout.h"
#include "../src/ui/fsp_mats.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};
static const struct fsp_shape shapes[][3] = {{{16, 16}, {16, 32}, {32, 64}},
                                             {{16, 16}, {32, 32}, {64, 64}},
                                             {{0, 0}, {0, 0}, {0, 0}},
                                             {{1, 1}, {7, 3}, {128, 5}}};

/* ---- layout ---- */

struct parts {
    int n;
    struct rect r[32];
};

static void add(struct parts *p, struct rect r)
{
    p->r[p->n++] = r;
}

static struct parts parts_of(const struct fsp_layout *l)
{
    struct parts p = {0};
    add(&p, l->head), add(&p, l->tabs), add(&p, l->readout), add(&p, l->plot), add(&p, l->picture), add(&p, l->words);
    for (int b = 0; b < l->n_bands; b++) {
        add(&p, l->band[b].heading), add(&p, l->band[b].bar[0]), add(&p, l->band[b].bar[1]);
        for (int k = 0; k < 3; k++)
            add(&p, l->band[b].title[k]), add(&p, l->band[b].map[k]);
    }
    return p;
}

static bool empty(struct rect r)
{
    return r.w <= 0 || r.h <= 0;
}

static void check_parts(const struct fsp_layout *l, struct rect all)
{
    struct parts p = parts_of(l);
    for (int a = 0; a < p.n; a++) {
        struct rect r = p.r[a], in = rect_and(r, all);
        if (empty(r))
            continue;
        if (in.w != r.w || in.h != r.h)
            fail_msg("part %d leaves %dx%d: %d %d %d %d", a, all.w, all.h, r.x, r.y, r.w, r.h);
        for (int b = 0; b < a; b++)
            if (!empty(p.r[b]) && !empty(rect_and(r, p.r[b])))
                fail_msg("parts %d and %d overlap at %dx%d", b, a, all.w, all.h);
    }
}

static void no_two_parts_overlap_at_any_size(void **state)
{
    (void)state;
    for (int w = 1; w <= 240; w += 3)
        for (int h = 1; h <= 80; h++)
            for (size_t s = 0; s < ARRAY_LEN(shapes); s++)
                for (int tall = 1; tall <= 2; tall++) {
                    struct rect r = {5, 3, w, h};
                    struct fsp_layout l = fsp_layout(r, shapes[s], (w + h) % 3, tall);
                    check_parts(&l, r);
                    l = fsp_layout_block(r, shapes[s][(w + h) % 3], tall);
                    check_parts(&l, r);
                }
}

static void nothing_is_lost_at_the_four_sizes(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++)
        for (size_t s = 0; s < 2; s++)
            for (int chosen = 0; chosen < 3; chosen++) {
                struct rect r = {0, 0, sizes[k][0], sizes[k][1]};
                struct fsp_layout l = fsp_layout(r, shapes[s], chosen, 2);
                assert_int_equal(l.n_bands, k < 2 ? 1 : 3);
                assert_false(empty(l.head) || empty(l.readout) || empty(l.plot));
                assert_true(l.plot.w >= 16 && l.plot.h >= 5);
                assert_int_equal(empty(l.tabs), l.n_bands == 3);
                for (int b = 0; b < l.n_bands; b++) {
                    int w, h;
                    fsp_zoomed(shapes[s][l.band[b].pair], l.band[b].zoom, 2, &w, &h);
                    assert_int_equal(l.band[b].pair, l.n_bands == 3 ? b : chosen);
                    for (int i = 0; i < 3; i++) {
                        assert_int_equal(l.band[b].map[i].w, w);
                        assert_int_equal(l.band[b].map[i].h, h);
                        assert_true(l.band[b].title[i].w >= 20);
                    }
                    assert_true(l.band[b].bar[0].w >= 20 && l.band[b].bar[1].w >= 20);
                }
                l = fsp_layout_block(r, shapes[s][chosen], 2);
                assert_false(empty(l.head) || empty(l.tabs) || empty(l.readout) || empty(l.picture) || empty(l.words));
                assert_true(l.picture.w == 2 * l.picture.h && l.picture.w >= 16);
            }
    /* At the largest size every element of the paper's three matrices has a pixel of its own. */
    struct fsp_layout l = fsp_layout((struct rect){0, 0, 200, 58}, shapes[0], 0, 2);
    assert_int_equal(l.band[0].zoom, 2);
    assert_int_equal(l.band[1].zoom, 2);
    assert_int_equal(l.band[2].zoom, 1);
}

static void zooms_are_the_largest_that_fit(void **state)
{
    (void)state;
    const struct fsp_shape s = {32, 64};
    int w, h;
    for (int tall = 1; tall <= 2; tall++)
        for (int cols = 4; cols < 300; cols += 5)
            for (int rows = 2; rows < 80; rows += 3) {
                int z = fsp_zoom(s, cols, rows, tall);
                fsp_zoomed(s, z, tall, &w, &h);
                assert_true(z != 0 && z != -1 && w <= cols && h <= rows);
                fsp_zoomed(s, z == -2 ? 1 : z < 0 && tall == 1 ? z + 2 : z + 1, tall, &w, &h);
                assert_true(w > cols || h > rows);
            }
    fsp_zoomed(s, 1, 2, &w, &h);
    assert_true(w == 64 && h == 16);
    fsp_zoomed(s, 1, 1, &w, &h); /* characters: two beside each other make a square */
    assert_true(w == 128 && h == 32);
}

/* ---- what is coloured ---- */

static void maps_are_means_or_roots_of_the_values(void **state)
{
    (void)state;
    const float t[] = {1, 3, 5, 7, 9, 11, 13, 15, 17}, s[] = {0, 3, 5, 7, NAN, 11, 13, 15, 17 - 81};
    struct fsp_pair p = {.tm = 3, .tn = 3, .sm = 3, .sn = 3, .t = t, .s = s};
    struct fsp_shown v;
    fsp_shown_make(&v, &p, 2, 2, false); /* 3x3 by 2x2: a full cell, two halves, a corner */
    assert_true(v.m[0] == 2 && v.n[0] == 2 && !v.v[2]);
    const float means[] = {(1 + 3 + 7 + 9) / 4.F, (5 + 11) / 2.F, (13 + 15) / 2.F, 17};
    assert_memory_equal(v.v[0], means, sizeof means);
    assert_true(v.v[1][0] == (0 + 3 + 7) / 3.F); /* what is no number does not count */
    assert_true(v.lo == -64 && v.hi == 17 && v.middle == -23.5);
    fsp_shown_release(&v);
    p.sn = p.sm = 0, p.s = NULL;
    fsp_shown_make(&v, &p, 1, 1, true);
    for (int i = 0; i < 9; i++)
        assert_true(v.v[0][i] == (float)sqrt((double)t[i] - 1));
    assert_true(v.from == 0 && v.to == 4 && v.lo == 1 && v.hi == 17);
    assert_true(v.middle == 5); /* sqrt(5 - 1) is half of sqrt(17 - 1) */
    fsp_shown_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_parts_overlap_at_any_size),
        cmocka_unit_test(nothing_is_lost_at_the_four_sizes),
        cmocka_unit_test(zooms_are_the_largest_that_fit),
        cmocka_unit_test(maps_are_means_or_roots_of_the_values),
    };
    return cmocka_run_group_tests_name("fsp_layout", tests, NULL, NULL);
}
