/* config: experiments.ini. `[defaults]` and one section per study, settings by the names of the parameter table.
 * Read through iniparser; because that keeps no line numbers, a second scan finds the line for a message. */
#ifndef FSPLAB_CONFIG_H
#define FSPLAB_CONFIG_H

#include "../param.h"

/* Reads PATH's [defaults] and then [STUDY] over *p (params_init'ed here). Unknown key, value out of range, section
 * missing (the message lists those there are), key given twice, a line that is no INI: ERR_CONFIG with
 * "experiments.ini:12: ...", what was read and what is allowed. Does not call params_check. */
bool config_read(const char *path, const char *study, struct params *p, struct err *);
/* The same without a study: [defaults] alone, where there are any. */
bool config_read_defaults(const char *path, struct params *p, struct err *);
/* Whether a study may be called so, and whether a text is an INI as config_read takes it, its values aside (PATH is its name in
 * messages). */
bool config_name_ok(const char *name);
bool config_scan_text(const char *path, const char *text, size_t n, struct err *);
/* Names of the studies (sections but [defaults]) in file order; free each and the array. -1 on error. */
int config_studies(const char *path, char ***names, struct err *);
/* The file's line of KEY in [SECTION] (case as in the file does not matter), 0 if it is not there. */
int config_line(const char *path, const char *section, const char *key);
/* Reads every section; the first error found is reported (for `doctor` and tests). */
bool config_check_all(const char *path, struct err *);

#endif
