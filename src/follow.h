/* follow: a running study as plain lines, for a pipe or a file: a line where a stage begins, an evaluation is made or a
 * minute has passed. */
#ifndef FSPLAB_FOLLOW_H
#define FSPLAB_FOLLOW_H

#include <stdio.h>

#include "base.h"

/* Until the study's process ends (0), *stop is set (130), or there is none (ERR_STATE). With json: the status objects. */
bool follow_study(const char *dir, FILE *out, bool json, const volatile int *stop, struct err *);

#endif
