/* libpng and libjpeg both report errors by a call that must not return; each decoder below keeps what it has allocated
 * in a struct that outlives the jump and is released in one place. Both read from memory, so that a file is read once
 * and what it is can be seen first. */
#include "image_file.h"

#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include <jerror.h> /* after jpeglib.h: which numbers its messages have depends on what that was built with */

#include "fsutil.h"

enum { SIDE_MAX = 32768, PIXELS_MAX = 64000000, FILE_MAX = 512 * 1024 * 1024 };

static bool alloc_image(struct image *im, uint64_t w, uint64_t h, char *why, size_t cap)
{
    if (w < 1 || h < 1 || w > SIDE_MAX || h > SIDE_MAX || w * h > PIXELS_MAX) {
        str_append(why, cap, 0, "it is %ju x %ju pixels, allowed are sides of %d and %d million pixels", (uintmax_t)w,
                   (uintmax_t)h, SIDE_MAX, PIXELS_MAX / 1000000);
        return false;
    }
    im->w = (int)w;
    im->h = (int)h;
    im->rgb24 = xmalloc((size_t)w * (size_t)h * 3);
    return true;
}

void image_release(struct image *im)
{
    free(im->rgb24);
    *im = (struct image){0};
}

/* ---- PNG ---- */

struct png_job {
    const uint8_t *bytes;
    size_t n, at;
    struct image *im;
    uint8_t *rgba, **rows;
    char why[256];
    jmp_buf fail;
};

static void on_png_error(png_structp png, png_const_charp message)
{
    struct png_job *j = png_get_error_ptr(png);
    if (!j->why[0])
        str_append(j->why, sizeof j->why, 0, "PNG: %s", message);
    longjmp(j->fail, 1);
}

static void on_png_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void png_take(png_structp png, png_bytep to, size_t n)
{
    struct png_job *j = png_get_io_ptr(png);
    if (n > j->n - j->at)
        png_error(png, "the file ends too early");
    memcpy(to, j->bytes + j->at, n);
    j->at += n;
}

/* (h, w, 4) on white. */
static void lay_on_white(const uint8_t *rgba, size_t pixels, uint8_t *rgb)
{
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < 3; c++) {
            unsigned a = rgba[4 * i + 3];
            rgb[3 * i + (size_t)c] = (uint8_t)((rgba[4 * i + (size_t)c] * a + 255 * (255 - a) + 127) / 255);
        }
}

static void run_png(struct png_job *j, png_structp png, png_infop info)
{
    png_set_read_fn(png, j, png_take);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* alloc_image says more of what is too large */
    png_read_info(png, info);
    png_uint_32 w = png_get_image_width(png, info), h = png_get_image_height(png, info);
    if (!alloc_image(j->im, w, h, j->why, sizeof j->why))
        longjmp(j->fail, 1);
    png_set_expand(png); /* palette, few bits, transparent colour */
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_filler(png, 0xff, PNG_FILLER_AFTER); /* opaque where there is no alpha */
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)w * 4)
        png_error(png, "unexpected row size");
    j->rgba = xmalloc((size_t)w * h * 4);
    j->rows = xmalloc(h * sizeof *j->rows);
    for (size_t y = 0; y < h; y++)
        j->rows[y] = j->rgba + y * w * 4;
    png_read_image(png, j->rows);
    png_read_end(png, NULL);
    lay_on_white(j->rgba, (size_t)w * h, j->im->rgb24);
}

static bool decode_png(struct png_job *j)
{
    png_structp volatile png = png_create_read_struct(PNG_LIBPNG_VER_STRING, j, on_png_error, on_png_warning);
    png_infop volatile info = NULL;
    bool ok = false;
    if (setjmp(j->fail) == 0) {
        info = png ? png_create_info_struct(png) : NULL;
        if (info) {
            run_png(j, png, info);
            ok = true;
        }
    } else {
        ok = false;
    }
    png_structp p = png;
    png_infop i = info;
    png_destroy_read_struct(&p, &i, NULL);
    free(j->rgba);
    free(j->rows);
    return ok;
}

/* ---- JPEG ---- */

struct jpeg_job {
    struct jpeg_error_mgr mgr; /* first: libjpeg gives it back */
    struct jpeg_decompress_struct d;
    const uint8_t *bytes;
    size_t n;
    struct image *im;
    char why[JMSG_LENGTH_MAX + 16];
    jmp_buf fail;
};

static void on_jpeg_error(j_common_ptr info)
{
    struct jpeg_job *j = (struct jpeg_job *)info->err;
    char message[JMSG_LENGTH_MAX];
    if (!j->why[0]) {
        info->err->format_message(info, message);
        str_append(j->why, sizeof j->why, 0, "JPEG: %s", message);
    }
    longjmp(j->fail, 1);
}

/* What libjpeg only warns of is an error, since pixels are made up after it; but for oddities of headers, and for bytes
 * too many, which cameras write. */
static void on_jpeg_message(j_common_ptr info, int level)
{
    static const int harmless[] = {JWRN_ADOBE_XFORM, JWRN_EXTRANEOUS_DATA, JWRN_JFIF_MAJOR, JWRN_NOT_SEQUENTIAL,
                                   JWRN_TOO_MUCH_DATA};
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
        if (info->err->msg_code == harmless[i])
            return;
    if (level < 0)
        on_jpeg_error(info);
}

static void jpeg_refuse(struct jpeg_job *j, const char *why)
{
    str_append(j->why, sizeof j->why, 0, "%s", why);
    longjmp(j->fail, 1);
}

static void run_jpeg(struct jpeg_job *j)
{
    struct jpeg_decompress_struct *d = &j->d;
    jpeg_create_decompress(d);
    jpeg_mem_src(d, j->bytes, (unsigned long)j->n);
    jpeg_read_header(d, TRUE);
    if (d->jpeg_color_space == JCS_CMYK || d->jpeg_color_space == JCS_YCCK)
        jpeg_refuse(j, "it has CMYK colours, allowed are RGB and grey: convert it first");
    if (!alloc_image(j->im, d->image_width, d->image_height, j->why, sizeof j->why))
        longjmp(j->fail, 1);
    d->out_color_space = JCS_RGB;
    d->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(d);
    while (d->output_scanline < d->output_height) {
        JSAMPROW row = j->im->rgb24 + (size_t)d->output_scanline * (size_t)j->im->w * 3;
        jpeg_read_scanlines(d, &row, 1);
    }
    jpeg_finish_decompress(d);
}

static bool decode_jpeg(struct jpeg_job *j)
{
    volatile bool ok = false;
    j->d.err = jpeg_std_error(&j->mgr);
    j->mgr.error_exit = on_jpeg_error;
    j->mgr.emit_message = on_jpeg_message;
    if (setjmp(j->fail) == 0) {
        run_jpeg(j);
        ok = true;
    }
    jpeg_destroy_decompress(&j->d); /* j was zeroed, so also when it was never made */
    return ok;
}

/* ---- either ---- */

bool image_decode(const void *bytes, size_t n, const char *path, struct image *im, struct err *err)
{
    static const uint8_t png_magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
                         jpeg_magic[3] = {0xff, 0xd8, 0xff};
    bool is_png = n >= sizeof png_magic && memcmp(bytes, png_magic, sizeof png_magic) == 0;
    bool is_jpeg = n >= sizeof jpeg_magic && memcmp(bytes, jpeg_magic, sizeof jpeg_magic) == 0;
    char why[256] = "it is neither a PNG nor a JPEG";
    bool ok = false;
    *im = (struct image){0};
    if (n == 0)
        str_append(why, sizeof why, 0, "it is empty");
    if (is_png) {
        struct png_job *j = xcalloc(1, sizeof *j);
        j->bytes = bytes, j->n = n, j->im = im;
        ok = decode_png(j);
        str_append(why, sizeof why, 0, "%s", j->why);
        free(j);
    } else if (is_jpeg) {
        struct jpeg_job *j = xcalloc(1, sizeof *j);
        j->bytes = bytes, j->n = n, j->im = im;
        ok = decode_jpeg(j);
        str_append(why, sizeof why, 0, "%s", j->why);
        free(j);
    }
    if (ok)
        return true;
    image_release(im);
    return err_set(err, ERR_FORMAT, "cannot read '%s': %s", path, why[0] ? why : "no memory");
}

bool image_read(const char *path, struct image *im, struct err *err)
{
    void *bytes;
    size_t n;
    *im = (struct image){0};
    if (!fs_read_whole(path, FILE_MAX, &bytes, &n, err))
        return false;
    bool ok = image_decode(bytes, n, path, im, err);
    free(bytes);
    return ok;
}

/* ---- size ---- */

/* Of one axis: pixel i of the result is sum of weight[k] v[first + k], over `denominator`. */
struct taps {
    int *first, *count;
    uint32_t *weight; /* (m, widest) */
    int widest;
    uint32_t denominator;
};

static void taps_release(struct taps *t)
{
    free(t->first);
    free(t->count);
    free(t->weight);
}

/* In units of which a pixel of the source has m and one of the result n. */
static void area_taps(struct taps *t, int n, int m)
{
    for (int i = 0; i < m; i++) {
        int64_t from = (int64_t)i * n, to = from + n;
        int first = (int)(from / m), last = (int)((to - 1) / m);
        t->first[i] = first;
        t->count[i] = last - first + 1;
        for (int j = first; j <= last; j++) {
            int64_t a = (int64_t)j * m, b = a + m;
            t->weight[i * t->widest + j - first] = (uint32_t)((b < to ? b : to) - (a > from ? a : from));
        }
    }
    t->denominator = (uint32_t)n;
}

/* x = ((2 i + 1) n - m) / 2m, so that 2m is the denominator. */
static void bilinear_taps(struct taps *t, int n, int m)
{
    for (int i = 0; i < m; i++) {
        int64_t x = (int64_t)(2 * i + 1) * n - m, k = x < 0 ? -1 : x / (2 * m), f = x - k * 2 * m;
        t->count[i] = 2;
        t->first[i] = (int)(k < 0 ? 0 : k > n - 2 ? n - 2 : k);
        if (n == 1 || k < 0 || k > n - 2) { /* at the edge: its pixel alone */
            t->count[i] = 1;
            t->first[i] = k < 0 || n == 1 ? 0 : n - 1;
            f = 0;
        }
        t->weight[i * t->widest] = (uint32_t)(2 * m - f);
        t->weight[i * t->widest + 1] = (uint32_t)f;
    }
    t->denominator = (uint32_t)(2 * m);
}

static void taps_init(struct taps *t, int n, int m)
{
    t->widest = n > m ? n / m + 2 : 2;
    t->first = xmalloc((size_t)m * sizeof *t->first);
    t->count = xmalloc((size_t)m * sizeof *t->count);
    t->weight = xcalloc((size_t)m * (size_t)t->widest, sizeof *t->weight);
    if (n >= m)
        area_taps(t, n, m);
    else
        bilinear_taps(t, n, m);
}

/* A row of w pixels from one of the source; sums, not yet divided. */
static void resize_row(const struct taps *x, int w, const uint8_t *source, uint32_t *sums)
{
    for (int i = 0; i < w; i++) {
        const uint8_t *p = source + 3 * (size_t)x->first[i];
        const uint32_t *weight = x->weight + (size_t)i * (size_t)x->widest;
        uint32_t r = 0, g = 0, b = 0;
        for (int k = 0; k < x->count[i]; k++, p += 3) {
            r += weight[k] * p[0];
            g += weight[k] * p[1];
            b += weight[k] * p[2];
        }
        sums[3 * i] = r;
        sums[3 * i + 1] = g;
        sums[3 * i + 2] = b;
    }
}

void image_resize(const struct image *im, int w, int h, uint8_t *out)
{
    struct taps x, y;
    taps_init(&x, im->w, w);
    taps_init(&y, im->h, h);
    size_t row = (size_t)w * 3;
    uint32_t *sums = xmalloc(row * sizeof *sums);
    uint64_t *all = xmalloc(row * sizeof *all), denominator = (uint64_t)x.denominator * y.denominator;
    for (int i = 0; i < h; i++) {
        memset(all, 0, row * sizeof *all);
        for (int k = 0; k < y.count[i]; k++) {
            resize_row(&x, w, im->rgb24 + (size_t)(y.first[i] + k) * (size_t)im->w * 3, sums);
            for (size_t c = 0; c < row; c++)
                all[c] += (uint64_t)y.weight[i * y.widest + k] * sums[c];
        }
        for (size_t c = 0; c < row; c++)
            out[(size_t)i * row + c] = (uint8_t)((all[c] + denominator / 2) / denominator);
    }
    free(sums);
    free(all);
    taps_release(&x);
    taps_release(&y);
}
