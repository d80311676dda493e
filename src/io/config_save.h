/* config_save: a study's settings into experiments.ini as a section of its own, by an edit of its text: what stands there
 * otherwise, comments, order, blank lines, line ends, keeps every byte. */
#ifndef FSPLAB_CONFIG_SAVE_H
#define FSPLAB_CONFIG_SAVE_H

#include "../param.h"
#include "digest.h"

/* What the file is at this moment, for config_save to know it again. ERR_CONFIG: it cannot be read. */
bool config_stamp(const char *path, char stamp[SHA256_HEX], struct err *);

/* The text with SECTION saying WANT, over BASE ([defaults] over the table). A section that is there keeps its lines: a value
 * that is another one is replaced in its place, what the section does not name and differs from BASE comes behind its last
 * setting. One that is not there comes at the end, behind an empty line. ERR_CONFIG: a text that no INI can hold, or is no
 * INI as config_read takes it (a section twice, ...; FILE is the name in messages). free() it; *n gets its length. */
char *config_edit(const char *file, const char *text, size_t len, const char *section, const struct params *base,
                  const struct params *want, size_t *n, struct err *);

/* The same with the file PATH, which is replaced at one stroke and keeps its permissions. ERR_STATE: it is not what STAMP
 * says, so somebody else has changed it; nothing is written then. ERR_IO: it cannot be written. */
bool config_save(const char *path, const char *stamp, const char *section, const struct params *want, struct err *);

#endif
