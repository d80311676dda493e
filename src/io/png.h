/* png: RGB images to PNG files. */
#ifndef FSPLAB_IO_PNG_H
#define FSPLAB_IO_PNG_H

#include "../base.h"

/* A line of text kept in the file (UTF-8): "Title", "Description", "Software", "Creation Time", ... */
struct png_note {
    const char *key; /* 1..79 characters of Latin-1 */
    const char *text;
};

/* Writes the image, rgb24: (h, w, 3), 8 bits a channel, sRGB, to PATH (temporary name, fsync, rename: PATH is the old
 * file or the whole new one). The folder must be there. ERR_IO: as fs_create and fs_append say it; ERR_USAGE: a size that
 * PNG has not (1 to 2^31 - 1; above 65535 is refused here). */
bool png_write(const char *path, int w, int h, const uint8_t *rgb24, struct err *);
bool png_write_noted(const char *path, int w, int h, const uint8_t *rgb24, int n_notes, const struct png_note *notes,
                     struct err *);

#endif
