/* trials_text: a study's trials for a script, as `fsplab trials --json` and --csv print them and `export` writes them. */
#ifndef FSPLAB_TRIALS_TEXT_H
#define FSPLAB_TRIALS_TEXT_H

#include <stdio.h>

#include "io/stopped.h"

void trials_json(FILE *, const struct trial_row *, int n, const struct stopped_list *);
void trials_csv(FILE *, const struct trial_row *, int n);

#endif
