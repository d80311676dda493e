/* Image files: every kind of PNG and JPEG against what was put in, sizes against sampling and closed forms, both
 * layouts of a set, and whatever may be wrong with either. All files are made here, with libpng and libjpeg, which the
 * reader shares, and by hand where they must be wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>

#include "../src/io/folder.h"
#include "../src/io/fsutil.h"
#include "../src/io/image_file.h"
#include "../src/param.h"
#include "scratch.h"

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = scratch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

/* ---- making files ---- */

struct bytes {
    uint8_t *data;
    size_t n;
};

static void png_put(png_structp png, png_bytep data, size_t n)
{
    struct bytes *b = png_get_io_ptr(png);
    b->data = xrealloc(b->data, b->n + n);
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void png_nothing(png_structp png)
{
    (void)png;
}

/* ROWS: (h, bytes a row) as PNG has them. PALETTE: 4 colours, the second half transparent. */
static struct bytes make_png(int w, int h, int type, int depth, bool interlaced, bool palette, const uint8_t *rows,
                             size_t row_bytes)
{
    struct bytes b = {0};
    png_color colours[4] = {{10, 20, 30}, {200, 100, 50}, {0, 255, 0}, {255, 0, 255}};
    png_byte alpha[3] = {255, 128, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &b, png_put, png_nothing);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (palette) {
        png_set_PLTE(png, info, colours, 4);
        png_set_tRNS(png, info, alpha, 3, NULL);
    }
    png_bytep *at = xmalloc((size_t)h * sizeof *at);
    for (int y = 0; y < h; y++)
        at[y] = (png_bytep)(uintptr_t)(rows + (size_t)y * row_bytes);
    png_set_rows(png, info, at);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    free(at);
    return b;
}

static struct bytes make_jpeg(int w, int h, int components, J_COLOR_SPACE in, J_COLOR_SPACE kept, bool progressive,
                              const uint8_t *pixels)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr mgr;
    unsigned char *out = NULL;
    unsigned long n = 0;
    memset(&c, 0, sizeof c);
    c.err = jpeg_std_error(&mgr);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &n);
    c.image_width = (JDIMENSION)w, c.image_height = (JDIMENSION)h;
    c.input_components = components, c.in_color_space = in;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, kept);
    jpeg_set_quality(&c, 95, TRUE);
    if (progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)c.next_scanline * (size_t)(w * components));
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return (struct bytes){out, n};
}

static struct image decode(struct bytes b)
{
    struct image im;
    struct err err = {0};
    if (!image_decode(b.data, b.n, "x", &im, &err))
        fail_msg("%s", err.msg);
    free(b.data);
    return im;
}

static void refused(struct bytes b, const char *words)
{
    struct image im = {1, 1, NULL};
    struct err err = {0};
    assert_false(image_decode(b.data, b.n, "some/file", &im, &err));
    assert_null(im.rgb24);
    assert_int_equal(err.code, ERR_FORMAT);
    if (!strstr(err.msg, words) || !strstr(err.msg, "'some/file'"))
        fail_msg("'%s' does not say '%s'", err.msg, words);
    free(b.data);
}

static int on_white(int v, int a)
{
    return (int)lround((v * a + 255.0 * (255 - a)) / 255);
}

static void same_pixel(const struct image *im, int x, int y, int r, int g, int b)
{
    const uint8_t *p = im->rgb24 + 3 * (y * im->w + x);
    if (p[0] != r || p[1] != g || p[2] != b)
        fail_msg("(%d, %d) is %d %d %d, not %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
}

/* ---- PNG ---- */

/* 8 and 16 bits, with and without colour and alpha, straight and interlaced, from random samples. */
static void png_of_every_kind(void **state)
{
    static const struct {
        int type, channels, colours;
    } kinds[] = {{PNG_COLOR_TYPE_GRAY, 1, 1},
                 {PNG_COLOR_TYPE_GRAY_ALPHA, 2, 1},
                 {PNG_COLOR_TYPE_RGB, 3, 3},
                 {PNG_COLOR_TYPE_RGB_ALPHA, 4, 3}};
    enum { W = 13, H = 9 };
    struct rng rng;
    (void)state;
    rng_seed(&rng, 7, 1);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (int interlaced = 0; interlaced < 2; interlaced++) {
                uint8_t rows[H * W * 4 * 2];
                int n = kinds[k].channels, bytes = depth / 8;
                for (size_t i = 0; i < sizeof rows; i++)
                    rows[i] = (uint8_t)rng_below(&rng, 256);
                struct image im =
                    decode(make_png(W, H, kinds[k].type, depth, interlaced, false, rows, (size_t)(W * n * bytes)));
                assert_true(im.w == W && im.h == H);
                for (int i = 0; i < W * H; i++) {
                    int v[4];
                    for (int c = 0; c < n; c++) {
                        const uint8_t *p = rows + (i * n + c) * bytes;
                        v[c] = bytes == 1 ? p[0] : (int)lround((p[0] * 256 + p[1]) * 255.0 / 65535);
                    }
                    int a = n % 2 ? 255 : v[n - 1], grey = kinds[k].colours == 1;
                    same_pixel(&im, i % W, i / W, on_white(v[0], a), on_white(v[grey ? 0 : 1], a),
                               on_white(v[grey ? 0 : 2], a));
                }
                image_release(&im);
            }
}

static void png_of_few_bits_and_palettes(void **state)
{
    (void)state;
    const uint8_t bits[2] = {0xb0, 0x40}; /* 1011, 0100 */
    struct image im = decode(make_png(4, 2, PNG_COLOR_TYPE_GRAY, 1, false, false, bits, 1));
    same_pixel(&im, 0, 0, 255, 255, 255);
    same_pixel(&im, 1, 0, 0, 0, 0);
    same_pixel(&im, 3, 0, 255, 255, 255);
    same_pixel(&im, 1, 1, 255, 255, 255);
    image_release(&im);
    const uint8_t fours[1] = {0x1b}; /* 0 1 2 3 */
    im = decode(make_png(4, 1, PNG_COLOR_TYPE_GRAY, 2, false, false, fours, 1));
    for (int x = 0; x < 4; x++)
        same_pixel(&im, x, 0, 85 * x, 85 * x, 85 * x);
    image_release(&im);
    im = decode(make_png(4, 1, PNG_COLOR_TYPE_PALETTE, 2, false, true, fours, 1));
    same_pixel(&im, 0, 0, 10, 20, 30);
    same_pixel(&im, 1, 0, on_white(200, 128), on_white(100, 128), on_white(50, 128));
    same_pixel(&im, 2, 0, 255, 255, 255); /* wholly transparent */
    same_pixel(&im, 3, 0, 255, 0, 255);
    image_release(&im);
}

/* ---- JPEG ---- */

/* Lossy, so a flat colour has to come back within a few levels. */
static void jpeg_of_every_kind(void **state)
{
    enum { W = 20, H = 17 };
    uint8_t rgb[W * H * 3], grey[W * H];
    (void)state;
    for (int i = 0; i < W * H; i++) {
        rgb[3 * i] = 200, rgb[3 * i + 1] = 60, rgb[3 * i + 2] = 120;
        grey[i] = 77;
    }
    for (int progressive = 0; progressive < 2; progressive++) {
        struct image im = decode(make_jpeg(W, H, 3, JCS_RGB, JCS_YCbCr, progressive, rgb));
        assert_true(im.w == W && im.h == H);
        for (int i = 0; i < W * H * 3; i++)
            assert_true(abs(im.rgb24[i] - rgb[i]) <= 3);
        image_release(&im);
        im = decode(make_jpeg(W, H, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, progressive, grey));
        for (int i = 0; i < W * H * 3; i++)
            assert_true(abs(im.rgb24[i] - 77) <= 1);
        image_release(&im);
    }
    struct image im = decode(make_jpeg(W, H, 3, JCS_RGB, JCS_RGB, false, rgb));
    for (int i = 0; i < W * H * 3; i++)
        assert_true(abs(im.rgb24[i] - rgb[i]) <= 1);
    image_release(&im);
}

static void jpeg_with_cmyk_is_refused(void **state)
{
    uint8_t cmyk[8 * 8 * 4] = {0};
    (void)state;
    refused(make_jpeg(8, 8, 4, JCS_CMYK, JCS_CMYK, false, cmyk), "CMYK");
    refused(make_jpeg(8, 8, 4, JCS_CMYK, JCS_YCCK, false, cmyk), "CMYK");
}

/* ---- broken files ---- */

static struct bytes some_png(void)
{
    uint8_t rows[24 * 24 * 3];
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (uint8_t)hash3(i, 1, 2);
    return make_png(24, 24, PNG_COLOR_TYPE_RGB, 8, false, false, rows, 24 * 3);
}

static struct bytes some_jpeg(bool progressive)
{
    uint8_t rows[24 * 24 * 3];
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (uint8_t)hash3(i / 40, 3, 4);
    return make_jpeg(24, 24, 3, JCS_RGB, JCS_YCbCr, progressive, rows);
}

static struct bytes part_of(struct bytes b, size_t n)
{
    uint8_t *copy = xmalloc(n + 1);
    memcpy(copy, b.data, n);
    return (struct bytes){copy, n};
}

static void what_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct bytes odd = some_jpeg(false); /* bytes too many are no harm */
    enum { MORE = 40 };
    odd.data = xrealloc(odd.data, odd.n + MORE);
    memmove(odd.data + odd.n + MORE - 2, odd.data + odd.n - 2, 2); /* the end marker */
    memset(odd.data + odd.n - 2, 0, MORE);
    odd.n += MORE;
    struct image im = decode(odd);
    image_release(&im);
    struct bytes all[3] = {some_png(), some_jpeg(false), some_jpeg(true)};
    for (size_t k = 0; k < ARRAY_LEN(all); k++) {
        for (size_t n = 0; n + 2 < all[k].n; n++)
            refused(part_of(all[k], n), "cannot read");
        free(all[k].data);
    }
}

/* A wrong byte is an error or other pixels, never anything else. */
static void wrong_bytes_do_no_harm(void **state)
{
    struct rng rng;
    (void)state;
    rng_seed(&rng, 11, 1);
    struct bytes all[3] = {some_png(), some_jpeg(false), some_jpeg(true)};
    for (size_t k = 0; k < ARRAY_LEN(all); k++) {
        for (int i = 0; i < 1500; i++) {
            struct bytes b = part_of(all[k], all[k].n);
            struct image im;
            struct err err = {0};
            for (int wrong = 0; wrong < 1 + i % 3; wrong++)
                b.data[rng_below(&rng, (uint32_t)b.n)] = (uint8_t)rng_below(&rng, 256);
            if (image_decode(b.data, b.n, "x", &im, &err))
                image_release(&im);
            else
                assert_true(err.code == ERR_FORMAT && !im.rgb24);
            free(b.data);
        }
        free(all[k].data);
    }
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* In a child with memory for the file alone: the refusal has to come before memory is asked for. */
static int refuse_huge(void *unused)
{
    struct rlimit limit = {1, 1};
    struct bytes b = some_png();
    struct image im;
    struct err err = {0};
    (void)unused;
    put32(b.data + 16, 100000);
    put32(b.data + 20, 100000);
    put32(b.data + 29, crc_of(b.data + 12, 17));
    /* nothing more may be mapped; the few kilobytes that libpng takes come from what the heap has left */
    free(xmalloc(65536));
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    bool refused_it = !image_decode(b.data, b.n, "x", &im, &err) && strstr(err.msg, "100000 x 100000");
    free(b.data);
    return !refused_it;
}

static void a_huge_size_is_refused_before_memory_is_taken(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their allocators map as they like */
#endif
    assert_int_equal(scratch_child(refuse_huge, NULL), 0);
}

static void what_is_no_image_is_refused(void **state)
{
    (void)state;
    refused((struct bytes){(uint8_t *)xstrdup(""), 0}, "empty");
    refused((struct bytes){(uint8_t *)xstrdup("GIF89a..."), 9}, "neither a PNG nor a JPEG");
    struct bytes b = some_png(); /* a small file that claims to be 30000 x 30000 */
    put32(b.data + 16, 30000);
    put32(b.data + 20, 30000);
    put32(b.data + 29, crc_of(b.data + 12, 17));
    refused(b, "30000 x 30000 pixels");
    b = some_png(); /* beyond what libpng itself would take */
    put32(b.data + 16, 100000);
    put32(b.data + 20, 100000);
    put32(b.data + 29, crc_of(b.data + 12, 17));
    refused(b, "100000 x 100000 pixels");
    b = some_jpeg(true);
    size_t at = 0; /* SOF2: ff c2, length, depth, height, width */
    while (b.data[at] != 0xff || b.data[at + 1] != 0xc2)
        at++;
    memset(b.data + at + 5, 0xf0, 4);
    refused(b, "61680 x 61680 pixels");
    b = some_png();
    b.data[45] ^= 1; /* of the first row */
    refused(b, "PNG: ");
}

/* ---- size ---- */

/* The mean of v over [from, to) by 32 samples a source pixel, exact where the ends are multiples of 1/32. */
static double mean_of(const uint8_t *v, int n, int i)
{
    double sum = 0;
    for (int s = i * n; s < (i + 1) * n; s++)
        sum += v[3 * (s / 32)];
    return sum / n;
}

static void down_is_the_mean_of_the_area(void **state)
{
    (void)state;
    for (int n = 32; n < 200; n += 1 + n / 9) {
        struct image im = {n, 1, xmalloc((size_t)n * 3)};
        uint8_t out[32 * 3];
        for (int i = 0; i < n * 3; i++)
            im.rgb24[i] = (uint8_t)hash3((uint64_t)i, (uint64_t)n, 5);
        image_resize(&im, 32, 1, out);
        for (int i = 0; i < 32; i++)
            for (int c = 0; c < 3; c++)
                assert_true(fabs(out[3 * i + c] - mean_of(im.rgb24 + c, n, i)) <= 0.5 + 1e-9);
        image_release(&im);
    }
    /* both axes: four pixels are one */
    struct image im = {64, 64, xmalloc(64 * 64 * 3)};
    uint8_t out[IMAGE_BYTES];
    for (int i = 0; i < 64 * 64 * 3; i++)
        im.rgb24[i] = (uint8_t)hash3((uint64_t)i, 8, 5);
    image_resize(&im, 32, 32, out);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            const uint8_t *p = im.rgb24 + 3 * (2 * y * 64 + 2 * x);
            assert_int_equal(out[3 * (32 * y + x)], (p[0] + p[3] + p[192] + p[195] + 2) / 4);
        }
    image_release(&im);
}

/* A ramp stays a ramp, and ends flat half a pixel from either edge. */
static void up_is_bilinear(void **state)
{
    (void)state;
    for (int n = 1; n < 32; n++) {
        struct image im = {1, n, xmalloc((size_t)n * 3)};
        uint8_t out[32 * 3];
        for (int y = 0; y < n; y++)
            for (int c = 0; c < 3; c++)
                im.rgb24[3 * y + c] = (uint8_t)(8 * y + c);
        image_resize(&im, 1, 32, out);
        for (int i = 0; i < 32; i++) {
            double x = fmin(fmax((i + 0.5) * n / 32 - 0.5, 0), n - 1);
            for (int c = 0; c < 3; c++)
                assert_true(fabs(out[3 * i + c] - (8 * x + c)) <= 0.5 + 1e-9);
        }
        image_release(&im);
    }
}

static void a_flat_image_stays_flat(void **state)
{
    (void)state;
    for (int w = 1; w < 90; w += 3)
        for (int h = 1; h < 90; h += 7) {
            struct image im = {w, h, xmalloc((size_t)(w * h * 3))};
            uint8_t out[IMAGE_BYTES];
            memset(im.rgb24, 201, (size_t)(w * h * 3));
            image_resize(&im, 32, 32, out);
            for (int i = 0; i < IMAGE_BYTES; i++)
                assert_int_equal(out[i], 201);
            image_release(&im);
        }
}

/* ---- sets ---- */

static const char *in_dir(const char *name)
{
    return scratch_path(dir, name);
}

static void put_file(const char *name, struct bytes b)
{
    char *path = xstrdup(in_dir(name)), *folder = fs_dirname(path);
    assert_true(fs_mkdirs(folder, NULL));
    scratch_write(path, (const char *)b.data, b.n);
    free(b.data);
    free(folder);
    free(path);
}

/* 32x32 of one colour: it comes through unchanged. */
static void put_image(const char *name, int level)
{
    uint8_t rows[IMAGE_BYTES];
    memset(rows, level, sizeof rows);
    put_file(name, strstr(name, ".png") ? make_png(32, 32, PNG_COLOR_TYPE_RGB, 8, false, false, rows, 96)
                                        : make_jpeg(32, 32, 3, JCS_RGB, JCS_YCbCr, false, rows));
}

static void put_text(const char *name, const char *text)
{
    put_file(name, (struct bytes){(uint8_t *)xstrdup(text), strlen(text)});
}

static void move(const char *from, const char *to)
{
    char *old = xstrdup(in_dir(from));
    assert_int_equal(rename(old, in_dir(to)), 0);
    free(old);
}

static void check(const struct images *im, int n, const int *labels, const int *levels)
{
    assert_int_equal(im->n, n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(im->labels[i], labels[i]);
        assert_true(abs(im->pixels[(size_t)i * IMAGE_BYTES + 1000] - levels[i]) <= 1);
    }
}

static void fails(enum err_code code, const char *words)
{
    static struct dataset d;
    struct err err = {0};
    assert_false(dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err));
    assert_null(d.train.pixels);
    if (err.code != code || !strstr(err.msg, words))
        fail_msg("%s: '%s' does not say '%s'", err_name(err.code), err.msg, words);
}

static void put_tree(void)
{
    put_image("train/dog/b.png", 20);
    put_image("train/dog/a.png", 10);
    put_image("train/dog/c.jpeg", 30);
    put_image("train/cat/x.JPG", 40);
    put_image("train/cat/y.png", 50);
    put_image("train/Emu/1.png", 60);
    put_image("test/cat/z.png", 70);
    put_image("test/dog/z.png", 80);
    put_text("train/dog/notes.txt", "not an image");
    put_text("train/dog/.hidden.png", "not an image either");
    put_text("train/README", "no class");
}

static void reads_a_folder_a_class(void **state)
{
    static struct dataset d;
    struct err err = {0};
    (void)state;
    put_tree();
    assert_int_equal(folder_classes(dir, &err), 3);
    assert_true(dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err));
    assert_int_equal(d.classes, 3);
    assert_string_equal(d.class_names[0], "Emu"); /* by bytes: capitals first */
    assert_string_equal(d.class_names[1], "cat");
    assert_string_equal(d.class_names[2], "dog");
    check(&d.train, 6, (const int[]){0, 1, 1, 2, 2, 2}, (const int[]){60, 40, 50, 10, 20, 30});
    check(&d.test, 2, (const int[]){1, 2}, (const int[]){70, 80}); /* no Emu to test: fine */
    assert_int_equal(strlen(d.digest), 64);
    assert_true(dataset_split(&d, 0.5, 1, &err));
    assert_int_equal(d.n_train + d.n_val, 6);
    char digest[65];
    memcpy(digest, d.digest, sizeof digest);
    dataset_release(&d);
    assert_true(dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err));
    assert_string_equal(d.digest, digest);
    dataset_release(&d);
    /* limits are dealt over the classes, the first by name of each */
    assert_true(dataset_open(&d, DATASET_FOLDER, dir, 4, 1, &err));
    check(&d.train, 4, (const int[]){0, 1, 1, 2}, (const int[]){60, 40, 50, 10});
    check(&d.test, 1, (const int[]){1}, (const int[]){70});
    dataset_release(&d);
}

static void info_counts_without_decoding(void **state)
{
    struct data_file files[8];
    int kind, train[DATA_CLASSES], test[DATA_CLASSES];
    struct err err = {0};
    (void)state;
    put_tree();
    put_text("train/cat/y.png", "damaged");
    assert_int_equal(data_info(dir, files, &kind, train, test, &err), 2);
    assert_int_equal(kind, DATASET_FOLDER);
    assert_int_equal(files[0].records, 6);
    assert_int_equal(files[1].records, 2);
    assert_int_equal(train[2], 3);
    assert_int_equal(test[0], 0);
    assert_int_equal(test[1], 1);
}

static void names_what_is_wrong_with_a_tree(void **state)
{
    (void)state;
    fails(ERR_IO, "neither train/CLASS/ nor images.txt");
    put_tree();
    put_text("train/cat/y.png", "damaged");
    put_text("train/dog/a.png", "damaged, too");
    for (int i = 0; i < 20; i++) /* whichever thread is first: the first file by class and name is named */
        fails(ERR_FORMAT, "train/cat/y.png': it is neither");
    put_image("train/cat/y.png", 1);
    fails(ERR_FORMAT, "train/dog/a.png': it is neither");
    put_image("train/dog/a.png", 1);
    put_image("test/fox/a.png", 1);
    fails(ERR_FORMAT, "test/fox' is a class that the training images do not have");
    move("test/fox", "test/Emu");
    put_image("train/dog/more/a.png", 1);
    fails(ERR_FORMAT, "train/dog/more' is a folder within a class");
    move("train/dog/more", "away");
    assert_true(fs_mkdirs(in_dir("train/ant"), NULL));
    fails(ERR_FORMAT, "class 2, 'ant', has no training image");
    assert_int_equal(rmdir(in_dir("train/ant")), 0);
    assert_int_equal(symlink("nowhere", in_dir("train/dog/z.png")), 0);
    fails(ERR_IO, "cannot open");
}

static void names_what_is_missing(void **state)
{
    struct err err = {0};
    static struct dataset d;
    (void)state;
    put_image("train/dog/a.png", 1);
    fails(ERR_FORMAT, "has 1 classes, allowed are 2 to 256");
    put_image("train/cat/a.png", 1);
    fails(ERR_IO, "/test'");
    assert_true(fs_mkdirs(in_dir("test"), NULL));
    fails(ERR_FORMAT, "has no test image");
    assert_false(dataset_open(&d, DATASET_FOLDER, in_dir("absent"), 0, 0, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_false(dataset_open(&d, DATASET_FOLDER, in_dir("train/dog/a.png"), 0, 0, &err));
    assert_non_null(strstr(err.msg, "no folder"));
    assert_int_equal(folder_classes(in_dir("absent"), &err), -1);
}

/* In a child that is not root, whom nothing is forbidden. */
static int open_forbidden(void *words)
{
    static struct dataset d;
    struct err err = {0};
    if (!scratch_drop_root())
        return 2;
    return dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err) || err.code != ERR_IO || !strstr(err.msg, words);
}

static void names_what_may_not_be_read(void **state)
{
    (void)state;
    put_tree();
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(chmod(in_dir("train/dog"), 0), 0);
    int status = scratch_child(open_forbidden, (void *)"train/dog': permission denied");
    assert_int_equal(chmod(in_dir("train/dog"), 0755), 0);
    if (status == 2)
        skip();
    assert_int_equal(status, 0);
    assert_int_equal(chmod(in_dir("train/dog/b.png"), 0), 0);
    assert_int_equal(scratch_child(open_forbidden, (void *)"train/dog/b.png': permission denied"), 0);
}

/* ---- CUB-200-2011 ---- */

static void put_cub(void)
{
    put_image("images/001.Tern/t1.jpg", 10);
    put_image("images/001.Tern/t2.jpg", 20);
    put_image("images/002.Gull/g1.png", 30);
    put_image("images/002.Gull/g2.jpg", 40);
    put_text("images.txt", "2 001.Tern/t2.jpg\n1 001.Tern/t1.jpg\n7 002.Gull/g1.png\r\n4 002.Gull/g2.jpg\n");
    put_text("image_class_labels.txt", "1 1\n2 1\n4 2\n7 2\n");
    put_text("train_test_split.txt", "1 1\n2 0\n4 1\n7 0\n");
    put_text("classes.txt", "1 001.Tern\n2 002.Gull\n");
}

static void reads_cubs_layout(void **state)
{
    static struct dataset d;
    struct err err = {0};
    (void)state;
    put_cub();
    if (!dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(d.class_names[1], "002.Gull");
    check(&d.train, 2, (const int[]){0, 1}, (const int[]){10, 40});
    check(&d.test, 2, (const int[]){0, 1}, (const int[]){20, 30});
    dataset_release(&d);
    assert_int_equal(unlink(in_dir("classes.txt")), 0);
    assert_true(dataset_open(&d, DATASET_FOLDER, dir, 0, 0, &err));
    assert_string_equal(d.class_names[1], "class 2");
    dataset_release(&d);
    assert_int_equal(folder_classes(dir, &err), 2);
}

static void names_what_is_wrong_with_cubs_lists(void **state)
{
    static const struct {
        const char *file, *text, *words;
        enum err_code code;
    } wrong[] = {
        {"images.txt", "one 001.Tern/t1.jpg\n", "images.txt:1: 'one 001.Tern/t1.jpg' is no line of a number",
         ERR_FORMAT},
        {"images.txt", "\n\n1\n", "images.txt:3", ERR_FORMAT},
        {"images.txt", "1 ../../t1.jpg\n", "leads out of the set", ERR_FORMAT},
        {"images.txt", "1 /etc/passwd\n", "leads out of the set", ERR_FORMAT},
        {"images.txt", "", "0 classes", ERR_FORMAT},
        {"images.txt", "1 001.Tern/t1.jpg\n4 002.Gull/absent.jpg\n2 001.Tern/t2.jpg\n", "absent.jpg", ERR_IO},
        {"image_class_labels.txt", "1 1\n2 1\n4 2\n", "has no line for image 7", ERR_FORMAT},
        {"image_class_labels.txt", "1 1\n2 1\n4 300\n7 2\n", "image 4 has '300', allowed are 1 to 256", ERR_FORMAT},
        {"image_class_labels.txt", "1 1\n2 1\n4 3\n7 3\n", "class 2, '002.Gull', has no training image", ERR_FORMAT},
        {"train_test_split.txt", "1 1\n2 yes\n4 1\n7 0\n", "image 2 has 'yes', allowed are 0 to 1", ERR_FORMAT},
        {"train_test_split.txt", "1 1\n2 1\n4 1\n7 1\n", "has no test image", ERR_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        put_cub();
        put_text(wrong[i].file, wrong[i].text);
        fails(wrong[i].code, wrong[i].words);
    }
    put_cub();
    assert_int_equal(unlink(in_dir("train_test_split.txt")), 0);
    fails(ERR_IO, "train_test_split.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_of_every_kind),
        cmocka_unit_test(png_of_few_bits_and_palettes),
        cmocka_unit_test(jpeg_of_every_kind),
        cmocka_unit_test(jpeg_with_cmyk_is_refused),
        cmocka_unit_test(what_is_cut_short_is_refused),
        cmocka_unit_test(wrong_bytes_do_no_harm),
        cmocka_unit_test(what_is_no_image_is_refused),
        cmocka_unit_test(a_huge_size_is_refused_before_memory_is_taken),
        cmocka_unit_test(down_is_the_mean_of_the_area),
        cmocka_unit_test(up_is_bilinear),
        cmocka_unit_test(a_flat_image_stays_flat),
        cmocka_unit_test_setup_teardown(reads_a_folder_a_class, setup, teardown),
        cmocka_unit_test_setup_teardown(info_counts_without_decoding, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_is_wrong_with_a_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_may_not_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_cubs_layout, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_is_wrong_with_cubs_lists, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
