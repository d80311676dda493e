/* The FSP screen: colours, read-out, scrubbing, blocks, and the picture it writes, from matrices of known values. */
#include "ui_fixture.h"

#include <math.h>
#include <png.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ui/fsp_draw.h"
#include "../src/ui/fsp_figure.h"
#include "golden.h"
#include "scratch.h"

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};
static const struct fsp_shape shapes[3] = {{16, 16}, {16, 32}, {32, 64}}; /* the fixture's */

/* ---- fixtures ---- */

static float *filled(int m, int n, double (*f)(int, int))
{
    float *v = xmalloc((size_t)(m * n) * sizeof *v);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            v[i * n + j] = (float)f(i, j);
    return v;
}

static double ramp(int i, int j)
{
    return 0.25 + 0.01 * i + 0.001 * j;
}

static double waves(int i, int j)
{
    return 0.3 + 0.2 * sin(i * 0.7) * cos(j * 0.4);
}

static double two(int i, int j)
{
    (void)i, (void)j;
    return 2;
}

static double one(int i, int j)
{
    (void)i, (void)j;
    return 1;
}

static void replace(struct model *m, int pair, double (*t)(int, int), double (*s)(int, int))
{
    struct fsp_mats *p = &m->fsp.pair[pair];
    free(p->t);
    free(p->s);
    p->t = t ? filled(p->m, p->n, t) : NULL;
    p->s = s ? filled(p->m, p->n, s) : NULL;
}

/* The answer to a probe of teacher block B of 12, on image 7 of 500. */
static void probe(struct model *m, int b, int sm)
{
    struct probe *p = &m->probe;
    free(p->t);
    free(p->s);
    *p = (struct probe){.valid = true,
                        .image = 7,
                        .images = 500,
                        .label = 3,
                        .step = 120,
                        .trial = 3,
                        .teacher_block = b,
                        .teacher_blocks = 12,
                        .student_block = (b + 1) / 2,
                        .student_blocks = 6,
                        .tm = 32,
                        .tn = 32,
                        .sm = sm,
                        .sn = 32};
    str_append(p->class_name, sizeof p->class_name, 0, "cat");
    str_append(p->teacher_name, sizeof p->teacher_name, 0, "section 2, block 3");
    str_append(p->student_name, sizeof p->student_name, 0, "section 2, block 1");
    p->t = filled(32, 32, ramp);
    p->s = filled(sm, 32, waves);
    for (int i = 0; i < 32 * 32 * 3; i++)
        p->rgb24[i] = (uint8_t)(i / 12);
    m->sel.probe_block = b;
    m->sel.probe_image = 7;
}

static void open_fsp(struct ui *u, struct model *m)
{
    ui_model(m);
    ui_open(u, &view_fsp, m);
}

static void close_fsp(struct ui *u)
{
    ui_close(u);
    model_release(u->model);
}

static void times(struct ui *u, enum command c, int n)
{
    struct request r;
    for (int i = 0; i < n; i++)
        assert_true(ui_command(u, c, &r));
}

static void expect(struct ui *u, int w, int h, const char *what)
{
    char *text = ui_text(u, w, h);
    if (!strstr(text, what))
        fail_msg("no '%s' in\n%s", what, text);
    free(text);
}

/* ---- colours ---- */

static rgb expected(enum colormap map, double t, int levels)
{
    int level = (int)(t * levels);
    level = level < 0 ? 0 : level >= levels ? levels - 1 : level;
    return colormap_rgb(map, (level + 0.5) / levels);
}

/* Each half of each cell of pair 3's maps at 200x58, where an element is one half. */
static void every_element_has_its_colour_on_the_screen(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct canvas c;
    open_fsp(&u, &m);
    times(&u, CMD_LOG_Y, 1); /* by value */
    replace(&m, 2, ramp, waves);
    canvas_init(&c, 200, 58);
    view_fsp.draw(u.self, &u.context, &c, (struct rect){0, 0, 200, 58});
    struct fsp_layout l = fsp_layout((struct rect){0, 0, 200, 58}, shapes, 0, 2);
    double lo = INFINITY, hi = -INFINITY, span = 0;
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 64; j++) {
            lo = fmin(lo, fmin(ramp(i, j), waves(i, j)));
            hi = fmax(hi, fmax(ramp(i, j), waves(i, j)));
            span = fmax(span, fabs(ramp(i, j) - waves(i, j)));
        }
    int levels = look_levels(&u.look), wrong = 0;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 32; i++)
            for (int j = 0; j < 64; j++) {
                struct rect r = l.band[2].map[k];
                const struct cell *cell = &c.cells[(r.y + i / 2) * c.w + r.x + j];
                rgb got = i % 2 == 0 && cell->rune == 0x2580 ? cell->style.fg : cell->style.bg;
                double v = k == 0 ? ramp(i, j) : k == 1 ? waves(i, j) : ramp(i, j) - waves(i, j);
                rgb want = k == 2 ? expected(COLORMAP_DIVERGING, (v / span + 1) / 2, levels - 1)
                                  : expected(COLORMAP_VIRIDIS, (v - lo) / (hi - lo), levels);
                wrong += got != want;
            }
    assert_true(wrong <= 6); /* values on the edge of a level, which floats may put to either side */
    canvas_release(&c);
    close_fsp(&u);
}

/* ---- goldens ---- */

static void kept(struct ui *u, int w, int h, const char *what)
{
    char name[96];
    snprintf(name, sizeof name, "fsp-%dx%d%s", w, h, what);
    char *text = ui_text(u, w, h);
    golden_check(name, text);
    free(text);
}

static void screens_look_as_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct model m;
        struct ui u;
        open_fsp(&u, &m);
        times(&u, CMD_NEXT_PAIR, 2);
        times(&u, CMD_DOWN, 3);
        kept(&u, sizes[i][0], sizes[i][1], "");
        probe(&m, 7, 32);
        kept(&u, sizes[i][0], sizes[i][1], "-block");
        close_fsp(&u);
    }
}

static void every_rung_is_readable(void **state)
{
    static const char *const depth[] = {"true", "256", "8", "mono"}, *const glyphs[] = {"braille", "block", "ascii"};
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    for (int d = 0; d < 4; d++)
        for (int g = 0; g < 3; g++) {
            char name[64];
            u.look.depth = (enum color_depth)d;
            u.look.glyphs = (enum glyph_set)g;
            snprintf(name, sizeof name, "-%s-%s", depth[d], glyphs[g]);
            kept(&u, 80, 22, name);
            for (size_t i = 0; g == 2 && i < ARRAY_LEN(sizes); i++) {
                char *text = ui_text(&u, sizes[i][0], sizes[i][1]);
                for (const char *c = text; *c; c++)
                    assert_true((unsigned char)*c < 0x80);
                free(text);
            }
        }
    close_fsp(&u);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    for (int mode = 0; mode < 4; mode++) {
        struct model m;
        struct ui u;
        open_fsp(&u, &m);
        if (mode == 1)
            probe(&m, 7, 16);
        if (mode == 2)
            m.n_fsp_steps = 0;
        u.look.glyphs = mode == 3 ? GLYPHS_ASCII : GLYPHS_BRAILLE;
        for (int w = 1; w <= 210; w += 11)
            for (int h = 1; h <= 62; h += 5)
                ui_stays_inside(&u, w, h);
        close_fsp(&u);
    }
}

/* ---- figures ---- */

static void the_read_out_is_the_matrix_s_value(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    char want[64];
    open_fsp(&u, &m);
    for (int pair = 0; pair < 3; pair++, times(&u, CMD_NEXT_PAIR, 1)) {
        int di = 5 + pair, dj = 9 + 7 * pair;
        replace(&m, pair, ramp, waves);
        times(&u, CMD_DOWN, di + 1);
        times(&u, CMD_UP, 1);
        times(&u, CMD_RIGHT, dj + 1);
        times(&u, CMD_LEFT, 1);
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            bool table = sizes[k][0] >= 160;
            snprintf(want, sizeof want, "i %d%s j %d", di, table ? "," : "", dj);
            expect(&u, sizes[k][0], sizes[k][1], want);
            snprintf(want, sizeof want, table ? "teacher    %.4g" : "T %.4g", ramp(di, dj));
            expect(&u, sizes[k][0], sizes[k][1], want);
            snprintf(want, sizeof want, table ? "student    %.4g" : "S %.4g", waves(di, dj));
            expect(&u, sizes[k][0], sizes[k][1], want);
            snprintf(want, sizeof want, "%+.4g", ramp(di, dj) - waves(di, dj));
            expect(&u, sizes[k][0], sizes[k][1], want);
        }
    }
    close_fsp(&u);
}

static void the_cursor_stays_in_the_matrix(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    times(&u, CMD_UP, 3);
    times(&u, CMD_LEFT, 2);
    expect(&u, 80, 22, "i 0 j 0 ");
    times(&u, CMD_PAGE_DOWN, 9);
    times(&u, CMD_RIGHT, 99);
    expect(&u, 80, 22, "i 15 j 15 ");
    times(&u, CMD_NEXT_PAIR, 2); /* each pair has a cursor of its own */
    expect(&u, 80, 22, "i 0 j 0 ");
    times(&u, CMD_PAGE_DOWN, 1);
    expect(&u, 80, 22, "i 8 j 0 ");
    times(&u, CMD_NEXT_PAIR, 1);
    expect(&u, 80, 22, "i 15 j 15 ");
    close_fsp(&u);
}

static void norms_and_error_are_those_of_the_matrices(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    replace(&m, 0, two, one); /* 16x16: norms 2 * 16, 16 and 16 */
    expect(&u, 80, 22, "|T| 32");
    expect(&u, 80, 22, "|S| 16");
    expect(&u, 80, 22, "|T−S| 16");
    expect(&u, 80, 22, " 1 16×16 50%");
    expect(&u, 160, 43, "pair 1  16×16  off by 50 %");
    m.fsp.pair[0].t[3 * 16 + 4] = 9;
    m.fsp.pair[0].s[5 * 16 + 6] = 20;
    times(&u, CMD_ENTER, 1);
    expect(&u, 80, 22, "i 5 j 6 "); /* |2 - 20| > |9 - 1| */
    expect(&u, 160, 43, "largest T−S -18 at i 5, j 6");
    close_fsp(&u);
}

static double tiny(int i, int j)
{
    return 0.01 * ramp(i, j);
}

static void trouble_is_said(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    replace(&m, 0, ramp, tiny);
    expect(&u, 80, 22, "collapsed");
    expect(&u, 160, 43, "collapsed: |S|² under 1 % of |T|²");
    replace(&m, 0, ramp, waves);
    m.fsp.pair[0].s[17] = NAN;
    m.fsp.pair[0].t[18] = INFINITY;
    expect(&u, 160, 43, "2 elements are not finite");
    times(&u, CMD_DOWN, 1);
    times(&u, CMD_RIGHT, 1);
    expect(&u, 80, 22, "S -   T−S");
    replace(&m, 0, ramp, NULL);
    expect(&u, 80, 22, "No difference: one of the two is not");
    expect(&u, 80, 22, "Not there.");
    close_fsp(&u);
}

/* ---- scrubbing ---- */

static void scrubbing_stays_among_the_recorded_steps(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_fsp(&u, &m); /* 40, 80, 120 */
    static const struct {
        enum command c;
        int want;
    } steps[] = {{CMD_PREVIOUS_STEP, 80}, {CMD_PREVIOUS_STEP, 40}, {CMD_PREVIOUS_STEP, 40}, {CMD_NEXT_STEP, 80},
                 {CMD_NEXT_STEP, 120},    {CMD_NEXT_STEP, -1},     {CMD_NEXT_STEP, -1},     {CMD_HOME, 40},
                 {CMD_END, -1},           {CMD_PREVIOUS_STEP, 80}, {CMD_HOME, 40},          {CMD_END, -1}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_true(ui_command(&u, steps[i].c, &r));
        assert_int_equal(r.kind, ASK_NOTHING);
        assert_int_equal(m.sel.fsp_step, steps[i].want);
    }
    m.sel.fsp_step = 90; /* between two (a click on the norms): the one before counts */
    times(&u, CMD_PREVIOUS_STEP, 1);
    assert_int_equal(m.sel.fsp_step, 40);
    m.sel.fsp_step = 7; /* before the first */
    times(&u, CMD_NEXT_STEP, 1);
    assert_int_equal(m.sel.fsp_step, 80);
    m.fsp.step = 80;
    expect(&u, 80, 22, "transfer step 80 · 2 of 3 recorded");
    m.n_fsp_steps = 0;
    assert_true(ui_command(&u, CMD_NEXT_STEP, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_int_equal(m.sel.fsp_step, 80);
    close_fsp(&u);
}

static void a_click_goes_to_element_or_step(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r = {0};
    struct rect all = {0, 0, 160, 43};
    open_fsp(&u, &m);
    struct fsp_layout l = fsp_layout(all, shapes, 0, 2);
    for (int k = 0; k < 3; k++) { /* pair 3 is shown by means of 2x2, two of them in a cell */
        struct rect map = l.band[2].map[k];
        view_fsp.mouse(u.self, &u.context, all, map.x + 11 + k, map.y + 3, 1, &r);
        char want[32];
        snprintf(want, sizeof want, "pair 3, element i 12, j %d", 22 + 2 * k);
        expect(&u, 160, 43, want);
    }
    view_fsp.mouse(u.self, &u.context, all, l.band[0].map[0].x, l.band[0].map[0].y, 1, &r);
    expect(&u, 160, 43, "pair 1, element i 0, j 0");
    int column = l.plot.x + l.plot.w / 2;
    view_fsp.mouse(u.self, &u.context, all, column, l.plot.y + 5, 1, &r);
    assert_int_equal(m.sel.fsp_step, fsp_norms_step_at(l.plot, &m, column));
    assert_true(m.sel.fsp_step > 20 && m.sel.fsp_step < 100);
    m.sel.fsp_step = -1;
    view_fsp.mouse(u.self, &u.context, all, 1, 1, 4, &r); /* the wheel */
    assert_int_equal(m.sel.fsp_step, 80);
    close_fsp(&u);
}

/* ---- blocks ---- */

static void blocks_and_images_are_asked_for(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct request r;
    open_fsp(&u, &m);
    assert_true(ui_command(&u, CMD_NEXT_IMAGE, &r)); /* no image in the recorded matrices */
    assert_int_equal(r.kind, ASK_STATUS);
    assert_int_equal(m.sel.probe_image, 0);
    assert_true(ui_command(&u, CMD_PREVIOUS_BLOCK, &r));
    assert_int_equal(r.kind, ASK_NOTHING);
    assert_int_equal(m.sel.probe_block, 0);
    for (int i = 0; i < 2; i++) { /* how many there are is not known before the first answer */
        assert_true(ui_command(&u, CMD_NEXT_BLOCK, &r));
        assert_int_equal(r.kind, ASK_PROBE);
        assert_int_equal(m.sel.probe_block, 1);
    }
    m.probe.waiting = true;
    expect(&u, 80, 22, "Asking the study for block 1 on image 0");
    probe(&m, 1, 32);
    for (int b = 2; b <= 12; b++) {
        assert_true(ui_command(&u, CMD_NEXT_BLOCK, &r));
        assert_int_equal(r.kind, ASK_PROBE);
        assert_int_equal(m.sel.probe_block, b);
    }
    expect(&u, 80, 22, "asking for block 12 on image 7"); /* the old one is still shown */
    assert_true(ui_command(&u, CMD_NEXT_BLOCK, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_int_equal(m.sel.probe_block, 12);
    static const int images[] = {499, 0, 499, 498};
    m.sel.probe_image = 498;
    for (int i = 0; i < 4; i++) {
        assert_true(ui_command(&u, i < 2 ? CMD_NEXT_IMAGE : CMD_PREVIOUS_IMAGE, &r));
        assert_int_equal(r.kind, ASK_PROBE);
        assert_int_equal(m.sel.probe_image, images[i]);
    }
    assert_true(ui_command(&u, CMD_NEXT_STEP, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_true(ui_command(&u, CMD_NEXT_PAIR, &r));
    assert_int_equal(r.kind, ASK_STATUS);
    assert_true(ui_command(&u, CMD_CANCEL, &r));
    assert_int_equal(m.sel.probe_block, 0);
    assert_false(ui_command(&u, CMD_CANCEL, &r));
    assert_false(ui_command(&u, CMD_SMOOTH, &r));
    close_fsp(&u);
}

static void a_block_is_shown_with_its_names_and_image(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    probe(&m, 7, 32);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        int w = sizes[i][0], h = sizes[i][1];
        expect(&u, w, h, "block 7 of 12");
        expect(&u, w, h, "section 2, block 3");
        expect(&u, w, h, "section 2, block 1");
        expect(&u, w, h, "cat");
        expect(&u, w, h, "class 3");
        expect(&u, w, h, "0 to 499");
    }
    /* The picture's cells have its colours. */
    struct canvas c;
    struct rect all = {0, 0, 160, 43};
    canvas_init(&c, all.w, all.h);
    view_fsp.draw(u.self, &u.context, &c, all);
    struct fsp_layout l = fsp_layout_block(all, (struct fsp_shape){32, 32}, 2);
    assert_int_equal(l.picture.w, 32);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            const struct cell *cell = &c.cells[(l.picture.y + y / 2) * c.w + l.picture.x + x];
            const uint8_t *p = m.probe.rgb24 + (y * 32 + x) * 3;
            assert_int_equal(y % 2 || cell->rune != 0x2580 ? cell->style.bg : cell->style.fg,
                             p[0] << 16 | p[1] << 8 | p[2]);
        }
    canvas_release(&c);
    close_fsp(&u);
}

static void matrices_of_unlike_shapes_have_no_difference(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    open_fsp(&u, &m);
    probe(&m, 7, 16);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text = ui_text(&u, sizes[i][0], sizes[i][1]);
        assert_non_null(strstr(text, "No difference: the"));
        assert_null(strstr(text, "|T−S| "));
        free(text);
    }
    times(&u, CMD_DOWN, 20); /* a row that the student's has not */
    char want[32];
    snprintf(want, sizeof want, "T %.4g   S -   T−S -", ramp(20, 0));
    expect(&u, 80, 22, want);
    close_fsp(&u);
}

/* ---- nothing yet ---- */

static void what_is_missing_is_explained(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    model_init(&m, "demo", "runs", false);
    ui_open(&u, &view_fsp, &m);
    expect(&u, 80, 22, "study 'demo' has not been");
    ui_close(&u);
    model_release(&m);

    open_fsp(&u, &m);
    m.n_fsp_steps = 0;
    expect(&u, 80, 22, "No FSP matrices yet");
    expect(&u, 80, 22, "step 120 of 200");
    str_append(m.live.stage, sizeof m.live.stage, 0, "teacher");
    expect(&u, 80, 22, "The teacher is being trained (step 120 of 200)");
    m.sel.trial = 2;
    expect(&u, 80, 22, "Trial 2 has recorded no FSP matrices");
    for (int method = METHOD_NONE; method < METHOD_FSP; method++) {
        m.settings.method = method;
        expect(&u, 80, 22, (const char *[]){"Method none", "Method kd", "Method hint"}[method]);
    }
    m.sel.probe_block = 1;
    expect(&u, 80, 22, "Block 1 has not been asked for");
    m.conn = CONN_LOST;
    str_append(m.conn_message, sizeof m.conn_message, 0, "the study has ended");
    expect(&u, 80, 22, "the study has ended");
    str_append(m.probe.message, sizeof m.probe.message, 0, "method none has no teacher");
    expect(&u, 80, 22, "Block 1 cannot be shown: method none has no teacher");
    close_fsp(&u);
}

/* ---- the picture ---- */

static uint8_t *read_png(const char *path, int *w, int *h)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        fail_msg("%s: %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    *w = (int)image.width, *h = (int)image.height;
    uint8_t *v = xmalloc(PNG_IMAGE_SIZE(image));
    if (!png_image_finish_read(&image, NULL, v, 0, NULL))
        fail_msg("%s", image.message);
    return v;
}

/* Every pixel of a map in the file against the colour of the value that stands there. */
static void check_map(const uint8_t *file, int w, const struct fsp_figure *f, int band, int k, int m, int n,
                      const double *value, double lo, double hi)
{
    int factor = f->map[band][k].factor;
    assert_true(factor >= 4);
    for (int y = 0; y < m * factor; y++)
        for (int x = 0; x < n * factor; x++) {
            const uint8_t *px =
                file + 3 * ((size_t)(f->map[band][k].y + y) * (size_t)w + (size_t)(f->map[band][k].x + x));
            double t = (value[y / factor * n + x / factor] - lo) / (hi - lo);
            rgb want = colormap_rgb(k == 2 ? COLORMAP_DIVERGING : COLORMAP_VIRIDIS, t);
            if ((px[0] << 16 | px[1] << 8 | px[2]) != want)
                fail_msg("pair %d map %d at %d %d: %02x%02x%02x, not %06x", band, k, x, y, px[0], px[1], px[2],
                         (unsigned)want);
        }
}

static void check_pair(const uint8_t *file, int w, const struct fsp_figure *f, int band, const float *t, const float *s,
                       int m, int n)
{
    double *v[3], lo = INFINITY, hi = -INFINITY, span = 0;
    for (int k = 0; k < 3; k++) {
        v[k] = xmalloc((size_t)(m * n) * sizeof **v);
        for (int i = 0; i < m * n; i++) {
            v[k][i] = (double)(k == 0 ? t[i] : k == 1 ? s[i] : t[i] - s[i]);
            lo = k < 2 ? fmin(lo, v[k][i]) : lo;
            hi = k < 2 ? fmax(hi, v[k][i]) : hi;
            span = k == 2 ? fmax(span, fabs(v[k][i])) : span;
        }
    }
    for (int k = 0; k < 3; k++) {
        check_map(file, w, f, band, k, m, n, v[k], k == 2 ? -span : lo, k == 2 ? span : hi);
        free(v[k]);
    }
}

static void a_file_holds_the_values_colours(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct err err = {0};
    char *dir = scratch_new(), path[640];
    int w, h;
    open_fsp(&u, &m);
    str_append(m.study, sizeof m.study, 0, "한국어 연구"); /* wide characters have no glyph, and do no harm */
    times(&u, CMD_LOG_Y, 1);
    snprintf(path, sizeof path, "%s/한국어.png", dir);
    assert_true(export_write(u.view, u.self, &u.context, path, &err));
    uint8_t *file = read_png(path, &w, &h);
    struct fsp_figure f;
    struct sheet sheet = {0};
    assert_true(fsp_figure_draw(&f, &sheet, &m, false, &err));
    assert_int_equal(f.n_bands, 3);
    assert_true(w == sheet.drawing.w && h == sheet.drawing.h);
    for (int b = 0; b < 3; b++)
        check_pair(file, w, &f, b, m.fsp.pair[b].t, m.fsp.pair[b].s, m.fsp.pair[b].m, m.fsp.pair[b].n);
    drawing_release(&sheet.drawing);
    free(file);

    probe(&m, 7, 32);
    assert_true(export_write(u.view, u.self, &u.context, path, &err));
    file = read_png(path, &w, &h);
    assert_true(fsp_figure_draw(&f, &sheet, &m, false, &err));
    assert_int_equal(f.n_bands, 1);
    check_pair(file, w, &f, 0, m.probe.t, m.probe.s, 32, 32);
    drawing_release(&sheet.drawing);
    free(file);
    close_fsp(&u);
    scratch_remove(dir);
}

static void a_file_that_cannot_be_written_is_said(void **state)
{
    (void)state;
    struct model m;
    struct ui u;
    struct err err = {0};
    char *dir = scratch_new(), path[640];
    open_fsp(&u, &m);
    snprintf(path, sizeof path, "%s/none/x.png", dir);
    assert_false(export_write(u.view, u.self, &u.context, path, &err));
    assert_non_null(strstr(err.msg, "cannot write"));
    m.n_fsp_steps = 0;
    snprintf(path, sizeof path, "%s/x.png", dir);
    assert_false(export_write(u.view, u.self, &u.context, path, &err));
    assert_non_null(strstr(err.msg, "nothing to export"));
    assert_int_not_equal(access(path, F_OK), 0);
    close_fsp(&u);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_has_its_colour_on_the_screen),
        cmocka_unit_test(screens_look_as_kept),
        cmocka_unit_test(every_rung_is_readable),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(the_read_out_is_the_matrix_s_value),
        cmocka_unit_test(the_cursor_stays_in_the_matrix),
        cmocka_unit_test(norms_and_error_are_those_of_the_matrices),
        cmocka_unit_test(trouble_is_said),
        cmocka_unit_test(scrubbing_stays_among_the_recorded_steps),
        cmocka_unit_test(a_click_goes_to_element_or_step),
        cmocka_unit_test(blocks_and_images_are_asked_for),
        cmocka_unit_test(a_block_is_shown_with_its_names_and_image),
        cmocka_unit_test(matrices_of_unlike_shapes_have_no_difference),
        cmocka_unit_test(what_is_missing_is_explained),
        cmocka_unit_test(a_file_holds_the_values_colours),
        cmocka_unit_test(a_file_that_cannot_be_written_is_said),
    };
    return cmocka_run_group_tests_name("view_fsp", tests, NULL, NULL);
}
