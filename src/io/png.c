/* libpng compresses, fsutil puts the bytes into place. libpng reports errors by a callback that must not return, so the
 * one function that calls it holds a setjmp; what failed while writing stands in the sink's err by then, and a failure
 * of libpng itself is put there by the callback. */
#include "png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "fsutil.h"

enum { SIDE_MAX = 65535 };

struct sink {
    struct fs_file *file;
    struct err *err;
    const char *path;
    bool failed;
};

static void take(png_structp png, png_bytep bytes, size_t n)
{
    struct sink *s = png_get_io_ptr(png);
    if (!fs_append(s->file, bytes, n, s->err)) {
        s->failed = true;
        png_error(png, "write");
    }
}

static void flush(png_structp png)
{
    (void)png;
}

static void fail(png_structp png, const char *message)
{
    struct sink *s = png_get_error_ptr(png);
    if (!s->failed)
        err_set(s->err, ERR_IO, "cannot write '%s': %s", s->path, message);
    s->failed = true;
    png_longjmp(png, 1);
}

static void warn(png_structp png, const char *message)
{
    (void)png, (void)message;
}

static void put_notes(png_structp png, png_infop info, int n, const struct png_note *notes)
{
    for (int i = 0; i < n; i++) {
        png_text text = {.compression = PNG_ITXT_COMPRESSION_NONE,
                         .key = (char *)(uintptr_t)notes[i].key,
                         .text = (char *)(uintptr_t)notes[i].text,
                         .itxt_length = strlen(notes[i].text),
                         .lang = (char *)(uintptr_t) "",
                         .lang_key = (char *)(uintptr_t) ""};
        png_set_text(png, info, &text, 1);
    }
}

/* Everything between the header and the last chunk. false: sink's err says why. */
static bool encode(struct sink *s, int w, int h, const uint8_t *rgb24, int n_notes, const struct png_note *notes)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, s, fail, warn);
    if (!png)
        return err_set(s->err, ERR_IO, "cannot write '%s': libpng is of another version than %s", s->path,
                       PNG_LIBPNG_VER_STRING);
    png_infop info = png_create_info_struct(png); /* before the setjmp, which would not keep it */
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, s, take, flush);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    put_notes(png, info, n_notes, notes);
    png_write_info(png, info);
    for (int y = 0; y < h; y++)
        png_write_row(png, rgb24 + (size_t)y * (size_t)w * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

bool png_write_noted(const char *path, int w, int h, const uint8_t *rgb24, int n_notes, const struct png_note *notes,
                     struct err *err)
{
    if (w < 1 || h < 1 || w > SIDE_MAX || h > SIDE_MAX)
        return err_set(err, ERR_USAGE, "cannot write '%s': %d x %d pixels, but a side has 1 to %d", path, w, h,
                       SIDE_MAX);
    struct sink s = {.err = err, .path = path};
    s.file = fs_create(path, err);
    if (!s.file)
        return false;
    if (!encode(&s, w, h, rgb24, n_notes, notes)) {
        fs_discard(s.file);
        return false;
    }
    return fs_commit(s.file, err);
}

bool png_write(const char *path, int w, int h, const uint8_t *rgb24, struct err *err)
{
    return png_write_noted(path, w, h, rgb24, 0, NULL, err);
}
