/* png and picture: what libpng reads back, what is refused and leaves the old file, and drawing pixel by pixel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/font.h"
#include "io/drawing.h"
#include "io/picture.h"
#include "io/png.h"
#include "scratch.h"

static char *dir;
static struct err oops;

static int before(void **state)
{
    (void)state;
    dir = scratch_new();
    memset(&oops, 0, sizeof oops);
    return 0;
}

static int after(void **state)
{
    (void)state;
    chmod(dir, 0755);
    scratch_remove(dir);
    return 0;
}

static uint8_t *noise(int w, int h, uint64_t seed)
{
    uint8_t *v = xmalloc((size_t)w * (size_t)h * 3);
    for (size_t i = 0; i < (size_t)w * (size_t)h * 3; i++)
        v[i] = (uint8_t)hash3(seed, i, 7);
    return v;
}

/* What libpng's own reader makes of a file; free() it. */
static uint8_t *read_back(const char *path, int *w, int *h)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        fail_msg("%s", image.message);
    image.format = PNG_FORMAT_RGB;
    *w = (int)image.width, *h = (int)image.height;
    uint8_t *v = xmalloc(PNG_IMAGE_SIZE(image));
    if (!png_image_finish_read(&image, NULL, v, 0, NULL))
        fail_msg("%s", image.message);
    return v;
}

static void libpng_reads_the_same_pixels(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {37, 23}, {256, 1}, {3, 300}};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        int w, h;
        uint8_t *v = noise(sizes[k][0], sizes[k][1], k);
        const char *path = scratch_path(dir, "a.png");
        if (!png_write(path, sizes[k][0], sizes[k][1], v, &oops))
            fail_msg("%s", oops.msg);
        uint8_t *got = read_back(path, &w, &h);
        assert_int_equal(w, sizes[k][0]);
        assert_int_equal(h, sizes[k][1]);
        assert_memory_equal(got, v, (size_t)w * (size_t)h * 3);
        assert_int_equal(scratch_count(dir), 1);
        free(got);
        free(v);
    }
}

static void notes_are_kept_in_utf8(void **state)
{
    (void)state;
    const struct png_note notes[] = {{"Title", "연구 λ=0.1"}, {"Software", "fsplab"}};
    const char *path = scratch_path(dir, "a.png");
    uint8_t *v = noise(4, 4, 1);
    assert_true(png_write_noted(path, 4, 4, v, 2, notes, &oops));
    free(v);
    FILE *f = fopen(path, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, f);
    png_read_info(png, info);
    png_textp text;
    int n;
    png_get_text(png, info, &text, &n);
    assert_int_equal(n, 2);
    assert_string_equal(text[0].key, "Title");
    assert_string_equal(text[0].text, "연구 λ=0.1");
    assert_string_equal(text[1].text, "fsplab");
    int intent;
    assert_int_equal(png_get_sRGB(png, info, &intent), PNG_INFO_sRGB);
    png_destroy_read_struct(&png, &info, NULL);
    fclose(f);
}

/* Tries to write noise that does not compress; true when refused with a message that holds both texts. */
static bool refused(const char *path, const char *message)
{
    struct err err = {0};
    uint8_t *v = noise(300, 200, 5);
    bool ok = png_write(path, 300, 200, v, &err);
    free(v);
    if (!ok && err.code == ERR_IO && strstr(err.msg, path) && strstr(err.msg, message))
        return true;
    fprintf(stderr, "ok %d, '%s'\n", ok, err.msg);
    return false;
}

static void bad_places_are_named(void **state)
{
    (void)state;
    assert_true(refused(scratch_path(dir, "none/a.png"), "no such file or folder"));
    assert_true(refused(dir, "it is a folder"));
    scratch_write(scratch_path(dir, "file"), "x", 1);
    assert_true(refused(scratch_path(dir, "file/a.png"), "not a directory"));
    assert_int_equal(scratch_count(dir), 1);
}

static int on_a_full_disk(void *arg)
{
    scratch_limit_files(50000);
    return refused(arg, "too large") ? 0 : 1;
}

static int in_a_readonly_folder(void *arg)
{
    return !scratch_drop_root() ? 77 : refused(arg, "ermission denied") ? 0 : 1;
}

static void the_old_file_stays_when_a_write_fails(void **state)
{
    (void)state;
    char *path = xstrdup(scratch_path(dir, "a.png"));
    scratch_write(path, "old", 3);
    assert_int_equal(scratch_child(on_a_full_disk, path), 0);
    chmod(dir, 0555);
    int status = scratch_child(in_a_readonly_folder, path);
    chmod(dir, 0755);
    assert_true(status == 0 || status == 77);
    size_t n;
    unsigned char *bytes = scratch_read(path, &n);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "old", 3);
    assert_int_equal(scratch_count(dir), 1);
    free(bytes);
    free(path);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    static const int sizes[][2] = {{0, 1}, {1, 0}, {-3, 2}, {65536, 1}};
    uint8_t pixel[3] = {0};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        assert_false(png_write(scratch_path(dir, "a.png"), sizes[k][0], sizes[k][1], pixel, &oops));
        assert_int_equal(oops.code, ERR_USAGE);
        assert_non_null(strstr(oops.msg, "65535"));
    }
    assert_int_equal(scratch_count(dir), 0);
}

/* ---- picture and drawing ---- */

static void shapes_stay_inside_of_the_image(void **state)
{
    (void)state;
    struct drawing d;
    assert_true(drawing_init(&d, false, 10, 8, 0x102030, &oops));
    const struct picture *p = &d.picture;
    drawing_fill(&d, -5, -5, 7, 7, 0xff0000);
    drawing_fill(&d, 8, 6, 100, 100, 0x00ff00);
    drawing_outline(&d, 4, 3, 2, 2, 0x0000ff);
    drawing_text(&d, -3, 5, 2, 0xffffff, "clipped at every side");
    drawing_text(&d, 9, -9, 3, 0xffffff, "|");
    assert_int_equal(picture_at(p, 1, 1), 0xff0000);
    assert_int_equal(picture_at(p, 2, 2), 0x102030);
    assert_int_equal(picture_at(p, 9, 7), 0x00ff00);
    assert_int_equal(picture_at(p, 7, 6) == 0x00ff00, false);
    for (int y = 2; y <= 5; y++)
        for (int x = 3; x <= 6; x++)
            if (y < 5)
                assert_int_equal(picture_at(p, x, y) == 0x0000ff, x == 3 || x == 6 || y == 2);
    assert_int_equal(picture_at(p, 10, 0), -1);
    assert_int_equal(picture_at(p, 0, -1), -1);
    drawing_release(&d);
}

static void a_matrix_has_its_colours_square_by_square(void **state)
{
    (void)state;
    enum { M = 3, N = 5, F = 4, X = 2, Y = 1 };
    float v[M * N];
    for (int i = 0; i < M * N; i++)
        v[i] = (float)i - 4;
    v[7] = NAN;
    struct drawing d;
    assert_true(drawing_init(&d, false, X + N * F + 1, Y + M * F + 1, 0x123456, &oops));
    const struct picture *p = &d.picture;
    drawing_heat(&d, X, Y, N * F, M * F, M, N, v, COLORMAP_VIRIDIS, -4, 10);
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            bool in = x >= X
            &&y >= Y &&x < X
            +N *F &&y < Y + M *F;
            double value = in ? (double)v[(y - Y) / F * N + (x - X) / F] : 0;
            rgb want = !in ? 0x123456 : colormap_rgb(COLORMAP_VIRIDIS, isnan(value) ? NAN : (value + 4) / 14);
            assert_int_equal(picture_at(p, x, y), want);
        }
    /* One value only: the middle. */
    drawing_heat(&d, 0, 0, 1, 1, 1, 1, (const float[]){3}, COLORMAP_DIVERGING, 3, 3);
    assert_int_equal(picture_at(p, 0, 0), colormap_rgb(COLORMAP_DIVERGING, 0.5));
    drawing_release(&d);
}

static void another_image_is_enlarged(void **state)
{
    (void)state;
    uint8_t *v = noise(3, 2, 9);
    struct drawing d;
    assert_true(drawing_init(&d, false, 20, 20, 0, &oops));
    const struct picture *p = &d.picture;
    drawing_image(&d, 4, 5, 3, 3, 2, v);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 9; x++) {
            const uint8_t *c = v + (y / 3 * 3 + x / 3) * 3;
            assert_int_equal(picture_at(p, 4 + x, 5 + y), c[0] << 16 | c[1] << 8 | c[2]);
        }
    assert_int_equal(picture_at(p, 13, 5), 0);
    assert_int_equal(picture_at(p, 4, 11), 0);
    drawing_release(&d);
    free(v);
}

/* Renders at scale 1 and gives the ink as text of FONT_H lines. */
static char *inked(const char *text, int n)
{
    struct picture p;
    picture_init(&p, n * FONT_W, FONT_H, 0);
    assert_int_equal(picture_text(&p, 0, 0, 1, 0xffffff, text), n * FONT_W);
    assert_int_equal(picture_text_width(1, text), n * FONT_W);
    char *s = xcalloc(1, (size_t)(n * FONT_W + 1) * FONT_H + 1), *at = s;
    for (int y = 0; y < FONT_H; y++, *at++ = '\n')
        for (int x = 0; x < n * FONT_W; x++)
            *at++ = picture_at(&p, x, y) ? '#' : '.';
    picture_release(&p);
    return s;
}

static void letters_look_as_drawn(void **state)
{
    (void)state;
    char *s = inked("Tλg", 3);
    assert_string_equal(s, "#####..#..........\n"
                           "..#.....#.........\n"
                           "..#.....#....####.\n"
                           "..#.....#...#...#.\n"
                           "..#....#.#..#...#.\n"
                           "..#...#...#.#...#.\n"
                           "..#...#...#..####.\n"
                           "................#.\n"
                           ".............###..\n");
    free(s);
    /* Characters there is no glyph of, and bytes that are no UTF-8, take a box each. */
    char *box = inked("한", 1), *bad = inked("\xed\x95", 2);
    assert_int_equal(strncmp(box, "#####.\n#...#.\n", 14), 0);
    assert_int_equal(strncmp(bad, "#####.#####.\n", 13), 0);
    free(box);
    free(bad);
}

/* Every glyph but the space has ink, keeps its last column free and differs from every other one. */
static void the_font_is_complete(void **state)
{
    (void)state;
    for (int a = 0; a < FONT_GLYPHS; a++) {
        bool any = false;
        for (int y = 0; y < FONT_H; y++) {
            const char *line = font_art[a / FONT_ROW * FONT_H + y];
            assert_int_equal(strlen(line), FONT_ROW * FONT_W);
            const char *at = line + a % FONT_ROW * FONT_W;
            any = any || memchr(at, '#', FONT_W);
            assert_int_equal(at[FONT_W - 1], '.');
        }
        assert_int_equal(any, a != 0);
        for (int b = 0; b < a; b++) {
            bool same = true;
            for (int y = 0; y < FONT_H; y++)
                same = same && memcmp(font_art[a / FONT_ROW * FONT_H + y] + a % FONT_ROW * FONT_W,
                                      font_art[b / FONT_ROW * FONT_H + y] + b % FONT_ROW * FONT_W, FONT_W) == 0;
            /* Minus and hyphen look alike. */
            if (same && !(a == FONT_BOX + 2 && b == '-' - ' '))
                fail_msg("glyphs %d and %d are the same", a, b);
        }
    }
}

static void a_bar_runs_from_end_to_end(void **state)
{
    (void)state;
    struct drawing d;
    assert_true(drawing_init(&d, false, 120, 40, 0, &oops));
    const struct picture *p = &d.picture;
    drawing_bar(&d, 10, 4, 100, 6, 1, 0xffffff, COLORMAP_DIVERGING, (const double[]){-2, 0, 2});
    for (int i = 0; i < 100; i++)
        for (int y = 4; y < 10; y++)
            assert_int_equal(picture_at(p, 10 + i, y), colormap_rgb(COLORMAP_DIVERGING, (i + 0.5) / 100));
    /* Its three numbers: the ends flush with the bar, the middle in the middle. */
    struct picture want;
    picture_init(&want, 120, 40, 0);
    picture_text(&want, 10, 13, 1, 0xffffff, "-2");
    picture_text(&want, 10 + 99 / 2 - 2, 13, 1, 0xffffff, "0");
    picture_text(&want, 10 + 99 - 5, 13, 1, 0xffffff, "2");
    for (int y = 13; y < 22; y++)
        for (int x = 0; x < 120; x++)
            assert_int_equal(picture_at(p, x, y), picture_at(&want, x, y));
    picture_release(&want);
    drawing_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(libpng_reads_the_same_pixels, before, after),
        cmocka_unit_test_setup_teardown(notes_are_kept_in_utf8, before, after),
        cmocka_unit_test_setup_teardown(bad_places_are_named, before, after),
        cmocka_unit_test_setup_teardown(the_old_file_stays_when_a_write_fails, before, after),
        cmocka_unit_test_setup_teardown(impossible_sizes_are_refused, before, after),
        cmocka_unit_test(shapes_stay_inside_of_the_image),
        cmocka_unit_test(a_matrix_has_its_colours_square_by_square),
        cmocka_unit_test(another_image_is_enlarged),
        cmocka_unit_test(letters_look_as_drawn),
        cmocka_unit_test(the_font_is_complete),
        cmocka_unit_test(a_bar_runs_from_end_to_end),
    };
    return cmocka_run_group_tests_name("png", tests, NULL, NULL);
}
