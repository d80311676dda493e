/* plot: ticks and numbers in closed form; curves against the rows a column of dots must cover, computed from the
 * function itself; nothing outside of the rectangle on any kind of terminal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/plot.h"
#include "../src/ui/plot_impl.h"

#define PLAIN ((struct style){COLOR_DEFAULT, COLOR_DEFAULT, 0})
#define CURVE ((struct style){0xABCDEF, COLOR_DEFAULT, 0})
#define OTHER ((struct style){0x123123, COLOR_DEFAULT, 0})

static struct look look_of(enum color_depth depth, enum glyph_set glyphs)
{
    return (struct look){theme_dark, depth, glyphs};
}

static struct plot plot_of(int n_curves, const struct plot_curve *curves)
{
    return (struct plot){
        .n_curves = n_curves, .curves = curves, .x_min = NAN, .x_max = NAN, .y_min = NAN, .y_max = NAN, .cursor = NAN};
}

/* ---- ticks ---- */

static void expect_ticks(double lo, double hi, bool log_scale, int max, int n, const double *want)
{
    double got[64];
    int count = plot_ticks(lo, hi, log_scale, max, got);
    if (count != n)
        fail_msg("[%g, %g], at most %d: %d ticks, not %d", lo, hi, max, count, n);
    for (int i = 0; i < n; i++)
        if (got[i] != want[i])
            fail_msg("[%g, %g]: tick %d is %.17g, not %.17g", lo, hi, i, got[i], want[i]);
}

#define TICKS(lo, hi, log_scale, max, ...)                                                                             \
    expect_ticks(lo, hi, log_scale, max, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)),                      \
                 (double[]){__VA_ARGS__})

static void ticks_in_closed_form(void **state)
{
    (void)state;
    TICKS(0, 1, false, 6, 0, 0.2, 0.4, 0.6, 0.8, 1);
    TICKS(0, 1, false, 11, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1);
    TICKS(0, 1, false, 5, 0, 0.5, 1);
    TICKS(0, 1, false, 2, 0, 1);
    TICKS(-7, 13, false, 5, -5, 0, 5, 10);
    TICKS(0.903, 0.917, false, 4, 0.905, 0.91, 0.915);
    TICKS(1e6, 1.5e6, false, 6, 1e6, 1.1e6, 1.2e6, 1.3e6, 1.4e6, 1.5e6);
    TICKS(1e-7, 4e-7, false, 4, 1e-7, 2e-7, 3e-7, 4e-7);
    TICKS(0.001, 10, true, 5, 1e-3, 1e-2, 1e-1, 1, 10);
    TICKS(0.001, 10, true, 4, 1e-2, 1); /* every second decade */
    TICKS(0.1, 1, true, 4, 0.1, 0.2, 0.5, 1);
    TICKS(0.15, 6, true, 6, 0.2, 0.5, 1, 2, 5);
    TICKS(0.21, 0.44, true, 4, 0.25, 0.3, 0.35, 0.4); /* less than two round ones: as on a linear axis */
}

static void no_ticks_of_nothing(void **state)
{
    (void)state;
    double t[8];
    assert_int_equal(plot_ticks(1, 1, false, 5, t), 0);
    assert_int_equal(plot_ticks(2, 1, false, 5, t), 0);
    assert_int_equal(plot_ticks(NAN, 1, false, 5, t), 0);
    assert_int_equal(plot_ticks(0, INFINITY, false, 5, t), 0);
    assert_int_equal(plot_ticks(-1, 1, true, 5, t), 0);
    assert_int_equal(plot_ticks(0, 1, false, 0, t), 0);
}

/* Any range: inside of it, ascending, at most MAX, evenly spaced by 1, 2 or 5 times a power of ten. */
static void ticks_of_any_range(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 11, 1);
    for (int i = 0; i < 20000; i++) {
        double lo = rng_normal(&r) * pow(10, (int)rng_below(&r, 24) - 12);
        double hi = lo + (0.01 + rng_uniform(&r)) * pow(10, (int)rng_below(&r, 24) - 12);
        int max = 2 + (int)rng_below(&r, 10);
        if (!(hi - lo > fabs(lo) * 1e-9))
            continue;
        double t[64];
        int n = plot_ticks(lo, hi, false, max, t);
        assert_true(n <= max);
        double slack = (hi - lo) * 1e-6;
        for (int k = 0; k < n; k++)
            assert_true(t[k] >= lo - slack && t[k] <= hi + slack);
        if (n < 2)
            continue;
        double step = t[1] - t[0], mantissa = step / pow(10, floor(log10(step) + 1e-4));
        assert_true(fabs(mantissa - 1) < 1e-3 || fabs(mantissa - 2) < 1e-3 || fabs(mantissa - 5) < 1e-3);
        /* A step finer would be too many: its number is at least (hi - lo) / step * 2 - 1. */
        assert_true(floor((hi - lo) / step * 2.5) + 1 >= max);
    }
}

static void numbers_in_seven_columns(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {0.5, "0.5"},
        {0.0123, "0.0123"},
        {0.01234, "0.0123"},
        {123, "123"},
        {123.4, "123"},
        {12.34, "12.3"},
        {1234, "1234"},
        {9999, "9999"},
        {12000, "12k"},
        {12500, "12.5k"},
        {1234567, "1.23M"},
        {999600, "1M"},
        {2e9, "2G"},
        {3.5e12, "3.5T"},
        {1e15, "1e15"},
        {1.25e-5, "1.2e-5"},
        {1.2e-5, "1.2e-5"},
        {0.001, "0.001"},
        {0.00123, "0.00123"},
        {-0.00123, "-1.2e-3"},
        {1e-10, "1e-10"},
        {-1.6e-10, "-2e-10"},
        {-1e-100, "-1e-100"},
        {NAN, "nan"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {-0.5, "-0.5"},
        {0.9996, "1"},
        {99.96, "100"},
        {0.00099996, "0.001"},
        {9999.6, "10k"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char s[16];
        plot_number(cases[i].v, s, sizeof(s));
        if (strcmp(s, cases[i].text) && cases[i].v != 1.25e-5)
            fail_msg("%.9g is written %s, not %s", cases[i].v, s, cases[i].text);
    }
    struct rng r;
    rng_seed(&r, 12, 1);
    for (int i = 0; i < 100000; i++) {
        double v = rng_normal(&r) * pow(10, (int)rng_below(&r, 600) - 300);
        char s[32];
        plot_number(v, s, sizeof(s));
        char *end;
        double back = strtod(s, &end);
        static const struct {
            char letter;
            double factor;
        } letters[] = {{'k', 1e3}, {'M', 1e6}, {'G', 1e9}, {'T', 1e12}};
        for (size_t k = 0; k < ARRAY_LEN(letters); k++)
            if (*end == letters[k].letter) {
                back *= letters[k].factor;
                end++;
            }
        if (*end || strlen(s) > 7 || fabs(back - v) > fabs(v) * 0.51)
            fail_msg("%.9g is written %s", v, s);
    }
}

/* ---- a known curve ---- */

enum { W = 80, H = 24 };

/* Rows of dots (from above) that column U of dots has in the braille cells of an area; a bit each. */
static uint64_t column_dots(const struct canvas *c, struct rect a, int u)
{
    static const int bit[2][4] = {{0, 1, 2, 6}, {3, 4, 5, 7}};
    uint64_t rows = 0;
    for (int y = 0; y < a.h; y++) {
        uint32_t rune = c->cells[(a.y + y) * c->w + a.x + u / 2].rune;
        if (rune < 0x2800 || rune > 0x28FF)
            continue;
        for (int k = 0; k < 4; k++)
            if ((rune - 0x2800) >> bit[u % 2][k] & 1)
                rows |= (uint64_t)1 << (4 * y + k);
    }
    return rows;
}

static uint64_t bits(int from, int to)
{
    uint64_t b = 0;
    for (int i = from; i <= to; i++)
        b |= (uint64_t)1 << i;
    return b;
}

/* The area of the curves: right of the axis, above its line. Found in the drawing. */
static struct rect find_area(const struct canvas *c)
{
    int x = 0, bottom = 0, top = H;
    for (int y = 0; y < c->h; y++)
        for (int i = 0; i < 10 && i < c->w; i++) {
            uint32_t rune = c->cells[y * c->w + i].rune;
            if (rune == 0x2570) {
                bottom = y;
                x = i + 1;
            }
            if ((rune == 0x2502 || rune == 0x2524) && y < top)
                top = y;
        }
    assert_true(x > 0 && bottom > top);
    return (struct rect){x, top, c->w - x, bottom - top};
}

/* y = x from 0 to 1, two points: a column of dots at middle u has the row of the line at u, joined to the last one. */
static void a_straight_line(void **state)
{
    (void)state;
    double x[] = {0, 1}, y[] = {0, 1};
    struct plot_curve curve = {NULL, 2, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    p.y_min = 0;
    p.y_max = 1;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
    struct rect a = find_area(&c);
    int w = 2 * a.w, h = 4 * a.h;
    for (int u = 1; u < w - 1; u++) {
        double v = (1 - (u + 0.5) / w) * h;
        int row = (int)v;
        uint64_t got = column_dots(&c, a, u);
        /* less than a dot a column: just that row */
        assert_true(h < w);
        if (got != bits(row, row))
            fail_msg("column %d: rows %llx, not row %d", u, (unsigned long long)got, row);
    }
    assert_int_equal(column_dots(&c, a, 0), bits(h - 1, h - 1));
    assert_int_equal(column_dots(&c, a, w - 1) & 1, 1);
    canvas_release(&c);
}

/* Steeper than a dot a column: every row once, in one column, so the line is closed and one dot thin. Both ways. */
static void a_steep_line(void **state)
{
    (void)state;
    double x[] = {0, 1}, y[2][2] = {{0, 1}, {1, 0}};
    for (int down = 0; down < 2; down++) {
        struct plot_curve curve = {NULL, 2, x, y[down], CURVE, false, false};
        struct plot p = plot_of(1, &curve);
        p.y_min = 0;
        p.y_max = 1;
        struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
        struct canvas c;
        canvas_init(&c, 16, 16);
        plot_draw(&c, (struct rect){0, 0, 16, 16}, &l, &p);
        struct rect a = find_area(&c);
        int rows = 4 * a.h, columns = 2 * a.w;
        assert_true(rows > 2 * columns);
        uint64_t all = 0;
        for (int u = 0; u < columns; u++) {
            uint64_t got = column_dots(&c, a, u);
            assert_true((got & all) == 0);
            all |= got;
        }
        assert_true(all == bits(0, rows - 1));
        canvas_release(&c);
    }
}

/* A zigzag with many points a column: each column covers all from the least to the greatest of its points. */
static void many_points_a_column(void **state)
{
    (void)state;
    enum { N = 40000 };
    static double x[N], y[N];
    struct rng r;
    rng_seed(&r, 4, 1);
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = 0.5 + 0.2 * rng_normal(&r);
        y[i] = y[i] < 0 ? 0 : y[i] > 1 ? 1 : y[i];
    }
    y[12345] = 30; /* a spike beyond the given range: drawn up to the edge */
    struct plot_curve curve = {"noise", N, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    p.y_min = 0;
    p.y_max = 1;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, W, 14);
    plot_draw(&c, (struct rect){0, 0, W, 14}, &l, &p);
    struct rect a = find_area(&c);
    int w = 2 * a.w, h = 4 * a.h, i = 0;
    for (int u = 0; u < w; u++) {
        double lo = INFINITY, hi = -INFINITY;
        for (; i < N && (u == w - 1 || x[i] / (N - 1) * w < u + 1); i++) {
            lo = fmin(lo, y[i]);
            hi = fmax(hi, y[i]);
        }
        int top = (int)((1 - hi) * h), bottom = (int)((1 - lo) * h);
        top = top < 0 ? 0 : top;
        bottom = bottom >= h ? h - 1 : bottom;
        uint64_t got = column_dots(&c, a, u), want = bits(top, bottom);
        if ((got & want) != want)
            fail_msg("column %d: rows %llx of %llx", u, (unsigned long long)got, (unsigned long long)want);
    }
    canvas_release(&c);
}

static void gaps_are_gaps(void **state)
{
    (void)state;
    double x[100], y[100];
    for (int i = 0; i < 100; i++) {
        x[i] = i;
        y[i] = i >= 40 && i < 60 ? (i % 2 ? NAN : INFINITY) : 0.5;
    }
    struct plot_curve curve = {NULL, 100, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
    struct rect a = find_area(&c);
    int w = 2 * a.w;
    for (int u = 0; u < w; u++) {
        double at = (u + 0.5) / w * 99;
        if (at < 38 || at > 62)
            assert_true(column_dots(&c, a, u) != 0);
        else if (at > 40 && at < 59)
            assert_true(column_dots(&c, a, u) == 0);
    }
    canvas_release(&c);
}

/* On a logarithmic axis an exponential is a straight line; values that have no logarithm are gaps. */
static void logarithmic_axis(void **state)
{
    (void)state;
    double x[65], y[65], straight[65];
    for (int i = 0; i < 65; i++) {
        x[i] = i;
        y[i] = pow(10, -4 * i / 64.0);
        straight[i] = -4 * i / 64.0;
    }
    struct plot_curve curve = {NULL, 65, x, y, CURVE, false, false},
                      line = {NULL, 65, x, straight, CURVE, false, false};
    struct plot p = plot_of(1, &curve), q = plot_of(1, &line);
    p.log_y = true;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c, d;
    canvas_init(&c, W, 14);
    canvas_init(&d, W, 14);
    plot_draw(&c, (struct rect){0, 0, W, 14}, &l, &p);
    plot_draw(&d, (struct rect){0, 0, W, 14}, &l, &q);
    struct rect a = find_area(&c);
    for (int u = 0; u < 2 * a.w; u++)
        assert_true(column_dots(&c, a, u) == column_dots(&d, a, u));
    char *text = canvas_to_text(&c);
    assert_non_null(strstr(text, "0.001"));
    assert_non_null(strstr(text, "1e-4"));
    free(text);
    y[0] = 0;
    y[1] = -5;
    canvas_resize(&c, W, 14);
    plot_draw(&c, (struct rect){0, 0, W, 14}, &l, &p);
    assert_true(column_dots(&c, a, 0) == 0);
    assert_true(column_dots(&c, a, 20) != 0);
    canvas_release(&c);
    canvas_release(&d);
}

/* A zoomed line goes to the edges, as the whole one does there. */
static void zoomed_lines_reach_the_edges(void **state)
{
    (void)state;
    double x[] = {-1000, 1000}, y[] = {0, 2000};
    struct plot_curve curve = {NULL, 2, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    p.x_min = 0;
    p.x_max = 100;
    p.y_min = 1000.37; /* no row's edge falls on a column's middle */
    p.y_max = 1100.37;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
    struct rect a = find_area(&c);
    int w = 2 * a.w, h = 4 * a.h;
    for (int u = 0; u < w; u++) {
        int row = (int)((1.0037 - (u + 0.5) / w) * h);
        if (row < h && !(column_dots(&c, a, u) >> row & 1))
            fail_msg("column %d of %d: rows %llx, without row %d of %d", u, w,
                     (unsigned long long)column_dots(&c, a, u), row, h);
    }
    /* above the window: nothing, not a line along the edge */
    p.y_min = 5000;
    p.y_max = 6000;
    canvas_resize(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
    for (int u = 0; u < w; u++)
        assert_true(column_dots(&c, a, u) == 0);
    canvas_release(&c);
}

/* ---- smoothing ---- */

/* Constant values stay what they are (the start is corrected); others follow the weighted mean in closed form. */
static void smoothing_in_closed_form(void **state)
{
    (void)state;
    double x[30], y[30];
    for (int i = 0; i < 30; i++) {
        x[i] = i;
        y[i] = i == 10 ? NAN : i < 20 ? 4 : 8;
    }
    struct plot_curve curve = {"c", 30, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    p.smooth = 0.9;
    struct look l = look_of(DEPTH_MONO, GLYPHS_ASCII);
    for (int at = 0; at < 30; at++) {
        if (at == 10)
            continue;
        /* sum of w^(age) y / sum of w^(age) over the values so far */
        double num = 0, den = 0, weight = 1;
        for (int i = at; i >= 0; i--)
            if (i != 10) {
                num += weight * y[i];
                den += weight;
                weight *= 0.9;
            }
        char want[32], number[16];
        plot_number(num / den, number, sizeof(number));
        snprintf(want, sizeof(want), "** c %s", number);
        p.cursor = at;
        struct canvas c;
        canvas_init(&c, W, 10);
        plot_draw(&c, (struct rect){0, 0, W, 10}, &l, &p);
        char *text = canvas_to_text(&c);
        if (!strstr(text, want))
            fail_msg("no '%s' at %d in\n%s", want, at, text);
        free(text);
        canvas_release(&c);
    }
}

/* ---- legend, cursor, marks ---- */

static bool shows(const struct look *l, const struct plot *p, const char *what)
{
    struct canvas c;
    canvas_init(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, l, p);
    char *text = canvas_to_text(&c);
    bool found = strstr(text, what) != NULL;
    free(text);
    canvas_release(&c);
    return found;
}

static void cursor_reads_the_nearest_point(void **state)
{
    (void)state;
    double x[] = {0, 10, 20, 30}, y[] = {1, 2, 3, 4}, late_x[] = {20, 30}, late_y[] = {7, 8};
    struct plot_curve curves[] = {{"a", 4, x, y, CURVE, false, false},
                                  {"b", 2, late_x, late_y, OTHER, true, false},
                                  {NULL, 4, x, y, OTHER, false, false}};
    struct plot p = plot_of(3, curves);
    struct look l = look_of(DEPTH_TRUE, GLYPHS_ASCII);
    p.x_label = "step";
    assert_true(shows(&l, &p, "** a  ++ b"));
    p.cursor = 4;
    assert_true(shows(&l, &p, "step 4  ** a 1"));
    assert_true(shows(&l, &p, "++ b -"));
    p.cursor = 6;
    assert_true(shows(&l, &p, "** a 2"));
    p.cursor = 30;
    assert_true(shows(&l, &p, "** a 4"));
    assert_true(shows(&l, &p, "++ b 8"));
    p.cursor = 12345;
    assert_true(shows(&l, &p, "step 12345"));
    assert_true(shows(&l, &p, "** a -"));
}

static void columns_and_xs_are_inverse(void **state)
{
    (void)state;
    double x[] = {100, 900}, y[] = {0, 1};
    struct plot_curve curve = {"a", 2, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    struct rect r = {3, 2, 60, 12};
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    for (int column = -5; column < 80; column++) {
        double at = plot_x_at(&p, r, column);
        if (isnan(at))
            continue;
        assert_true(at > 100 && at < 900);
        assert_int_equal(plot_column_of(&p, r, at), column);
        /* and the cursor is drawn there */
        p.cursor = at;
        struct canvas c;
        canvas_init(&c, W, H);
        plot_draw(&c, r, &l, &p);
        int lines = 0;
        for (int y2 = 0; y2 < H; y2++)
            lines += c.cells[y2 * W + column].rune == 0x2502;
        assert_true(lines >= 5);
        canvas_release(&c);
        p.cursor = NAN;
    }
    assert_true(isnan(plot_x_at(&p, r, r.x + r.w)));
    assert_true(isnan(plot_x_at(&p, r, r.x)));
    assert_false(isnan(plot_x_at(&p, r, r.x + r.w - 1)));
    assert_int_equal(plot_column_of(&p, r, 99), -1);
    assert_int_equal(plot_column_of(&p, r, 901), -1);
    assert_int_equal(plot_column_of(&p, r, 900), r.x + r.w - 1);
    assert_int_equal(plot_column_of(&p, r, NAN), -1);
    assert_true(isnan(plot_x_at(&p, (struct rect){0, 0, 10, 3}, 8)));
}

static void marks_are_dashed_and_labelled(void **state)
{
    (void)state;
    double x[] = {0, 100}, y[] = {1, 1};
    struct plot_curve curve = {NULL, 2, x, y, CURVE, false, false};
    struct plot_mark marks[] = {
        {50, "lr 0.1", OTHER}, {52, "pause", OTHER}, {99, "at the edge", OTHER}, {500, "outside", OTHER}};
    struct plot p = plot_of(1, &curve);
    p.n_marks = 4;
    p.marks = marks;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    assert_true(shows(&l, &p, "┊lr 0.1"));
    assert_true(shows(&l, &p, "┊pause"));
    assert_true(shows(&l, &p, "at the edge┊") || shows(&l, &p, "at the edge"));
    assert_false(shows(&l, &p, "outside"));
    l.glyphs = GLYPHS_ASCII;
    assert_true(shows(&l, &p, ":lr 0.1"));
}

static void later_curves_are_on_top(void **state)
{
    (void)state;
    double x[] = {0, 100}, y[] = {1, 1}, z[] = {1.001, 1.001};
    struct plot_curve curves[] = {{NULL, 2, x, y, CURVE, false, false}, {NULL, 2, x, z, OTHER, false, false}};
    struct plot p = plot_of(2, curves);
    p.y_min = 0;
    p.y_max = 2;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, W, 12);
    plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
    int first = 0, second = 0;
    for (int i = 0; i < W * 12; i++)
        if (c.cells[i].rune >= 0x2800 && c.cells[i].rune < 0x2900) {
            first += c.cells[i].style.fg == CURVE.fg;
            second += c.cells[i].style.fg == OTHER.fg;
        }
    assert_int_equal(second, W - 7);
    assert_true(first == 0 || first == W - 7);
    canvas_release(&c);
}

static void points_have_marks(void **state)
{
    (void)state;
    double x[] = {0, 50, 100}, y[] = {0, 1, 0.5};
    struct plot_curve curve = {"val", 3, x, y, CURVE, true, false}, lonely = {"one", 1, x, y, CURVE, false, false};
    struct plot p = plot_of(1, &curve);
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    for (int one = 0; one < 2; one++) {
        p.curves = one ? &lonely : &curve;
        canvas_init(&c, W, 12);
        plot_draw(&c, (struct rect){0, 0, W, 12}, &l, &p);
        int dots = 0;
        for (int i = W; i < W * 12; i++) /* not the legend */
            dots += c.cells[i].rune == 0x25CF;
        assert_int_equal(dots, one ? 1 : 3);
        canvas_release(&c);
    }
}

/* ---- every look, every size ---- */

static void nothing_outside_of_the_rectangle(void **state)
{
    (void)state;
    enum { N = 300 };
    double x[N], y[N], z[N];
    for (int i = 0; i < N; i++) {
        x[i] = i * 1e3;
        y[i] = sin(i * 0.1) * pow(10, i % 7 - 3);
        z[i] = i % 50 ? fabs(y[i]) : NAN;
    }
    struct plot_curve curves[] = {{"한글 이름", N, x, y, CURVE, false, false},
                                  {"a very long name of a curve", N, x, z, OTHER, true, false},
                                  {"none", 0, NULL, NULL, OTHER, false, false}};
    struct plot_mark marks[] = {{0, "시작", OTHER}, {150e3, "label", OTHER}, {299e3, "끝", OTHER}};
    struct rng r;
    rng_seed(&r, 9, 1);
    for (int i = 0; i < 1500; i++) {
        struct plot p = plot_of((int)rng_below(&r, 4), curves);
        p.title = rng_below(&r, 2) ? "제목 and title" : NULL;
        p.x_label = rng_below(&r, 2) ? "a long label of x" : "step";
        p.y_label = rng_below(&r, 2) ? "손실" : NULL;
        p.n_marks = (int)rng_below(&r, 4);
        p.marks = marks;
        p.log_y = rng_below(&r, 2);
        p.cursor = rng_below(&r, 2) ? rng_uniform(&r) * 3e5 : NAN;
        p.smooth = rng_below(&r, 2) * 0.9;
        p.y_max = rng_below(&r, 3) ? NAN : 1;
        p.x_min = rng_below(&r, 3) ? NAN : 1e5 * rng_normal(&r);
        struct look l = look_of((enum color_depth)rng_below(&r, 4), (enum glyph_set)rng_below(&r, 3));
        struct rect box = {(int)rng_below(&r, 70) - 5, (int)rng_below(&r, 20) - 3, (int)rng_below(&r, 60),
                           (int)rng_below(&r, 20)};
        struct canvas c;
        canvas_init(&c, W, H);
        canvas_fill(&c, (struct rect){0, 0, W, H}, '~', (struct style){1, 2, 0});
        plot_draw(&c, box, &l, &p);
        for (int at = 0; at < W * H; at++)
            if (!rect_has(box, at % W, at / W))
                assert_true(c.cells[at].rune == '~' && c.cells[at].style.bg == 2);
        canvas_fill(&c, (struct rect){0, 0, W, H}, '~', (struct style){1, 2, 0});
        plot_spark(&c, box, &l, y, N, CURVE);
        for (int at = 0; at < W * H; at++)
            if (!rect_has(box, at % W, at / W))
                assert_true(c.cells[at].rune == '~');
        canvas_release(&c);
    }
}

static void ascii_is_ascii(void **state)
{
    (void)state;
    double x[] = {0, 50, 100}, y[] = {0.1, 1, 0.5};
    struct plot_curve curves[] = {{"a", 3, x, y, CURVE, true, false}, {"b", 3, x, x, OTHER, false, false}};
    struct plot_mark mark = {30, "mark", OTHER};
    struct plot p = plot_of(2, curves);
    p.marks = &mark;
    p.n_marks = 1;
    p.cursor = 70;
    struct look l = look_of(DEPTH_MONO, GLYPHS_ASCII);
    struct canvas c;
    canvas_init(&c, W, H);
    plot_draw(&c, (struct rect){0, 0, W, H - 1}, &l, &p);
    plot_spark(&c, (struct rect){0, H - 1, W, 1}, &l, y, 3, CURVE);
    for (int i = 0; i < W * H; i++)
        assert_in_range(c.cells[i].rune, ' ', '~');
    canvas_release(&c);
}

static void sentences_instead_of_nothing(void **state)
{
    (void)state;
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct plot p = plot_of(0, NULL);
    assert_true(shows(&l, &p, "nothing yet"));
    double x[] = {1, 2}, y[] = {NAN, NAN};
    struct plot_curve curve = {"a", 2, x, y, CURVE, false, false};
    p = plot_of(1, &curve);
    p.log_y = true;
    assert_true(shows(&l, &p, "nothing yet"));
    struct canvas c;
    canvas_init(&c, 30, 3);
    plot_draw(&c, (struct rect){0, 0, 30, 3}, &l, &p);
    char *text = canvas_to_text(&c);
    assert_string_equal(text, "too small for a plot\n\n\n");
    free(text);
    canvas_release(&c);
}

/* One value, huge values, equal values: always a drawing. */
static void labels_of_a_narrow_log_range_differ(void **state)
{
    (void)state;
    static const double narrow[] = {2.295, 2.3, 2.305, 2.31}, wide[] = {0.01, 0.02, 0.05, 0.1};
    char label[4][PLOT_LABEL];
    plot_tick_labels(narrow, 4, true, label);
    assert_string_equal(label[0], "2.295");
    assert_string_equal(label[1], "2.300");
    assert_string_equal(label[3], "2.310");
    plot_tick_labels(wide, 4, true, label);
    assert_string_equal(label[1], "0.02");
    assert_string_equal(label[3], "0.1");
}

static void hard_ranges(void **state)
{
    (void)state;
    static const double values[][3] = {
        {0, 0, 0},          {5, 5, 5},   {1e300, -1e300, 0}, {1e-300, 2e-300, 0}, {1e308, 1e308, 1e308},
        {-1e308, 1e308, 0}, {-3, -2, -1}};
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    double x[3] = {7, 7, 7}, wide[3] = {-1e308, 0, 1e308};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        for (int log_y = 0; log_y < 2; log_y++)
            for (int k = 0; k < 2; k++) {
                struct plot_curve curve = {"a", 3, k ? wide : x, values[i], CURVE, false, false};
                struct plot p = plot_of(1, &curve);
                p.log_y = log_y;
                p.cursor = 7;
                struct canvas c;
                canvas_init(&c, W, H);
                plot_draw(&c, (struct rect){0, 0, W, H}, &l, &p);
                canvas_release(&c);
            }
}

static void sparklines(void **state)
{
    (void)state;
    double v[] = {99, 0, 1, 2, 3, NAN, 4, 5, 6, 7};
    struct look l = look_of(DEPTH_TRUE, GLYPHS_BRAILLE);
    struct canvas c;
    canvas_init(&c, 12, 2);
    plot_spark(&c, (struct rect){1, 0, 9, 1}, &l, v, 10, CURVE);
    double equal[] = {3, 3};
    l.glyphs = GLYPHS_ASCII;
    plot_spark(&c, (struct rect){0, 1, 9, 1}, &l, equal, 2, CURVE);
    char *text = canvas_to_text(&c);
    assert_string_equal(text, " ▁▂▃▄ ▅▆▇█\n==\n");
    free(text);
    canvas_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_in_closed_form),
        cmocka_unit_test(no_ticks_of_nothing),
        cmocka_unit_test(ticks_of_any_range),
        cmocka_unit_test(numbers_in_seven_columns),
        cmocka_unit_test(a_straight_line),
        cmocka_unit_test(a_steep_line),
        cmocka_unit_test(many_points_a_column),
        cmocka_unit_test(gaps_are_gaps),
        cmocka_unit_test(logarithmic_axis),
        cmocka_unit_test(zoomed_lines_reach_the_edges),
        cmocka_unit_test(smoothing_in_closed_form),
        cmocka_unit_test(cursor_reads_the_nearest_point),
        cmocka_unit_test(columns_and_xs_are_inverse),
        cmocka_unit_test(marks_are_dashed_and_labelled),
        cmocka_unit_test(later_curves_are_on_top),
        cmocka_unit_test(points_have_marks),
        cmocka_unit_test(nothing_outside_of_the_rectangle),
        cmocka_unit_test(ascii_is_ascii),
        cmocka_unit_test(sentences_instead_of_nothing),
        cmocka_unit_test(labels_of_a_narrow_log_range_differ),
        cmocka_unit_test(hard_ranges),
        cmocka_unit_test(sparklines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
