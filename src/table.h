/* table: a study's trials as a person reads them at the end of a run: mean and spread over seeds, no figure that is
 * not in the store. */
#ifndef FSPLAB_TABLE_H
#define FSPLAB_TABLE_H

#include <stdio.h>

#include "io/store.h"

/* Every trial a line. */
void table_trials(FILE *, const struct trial_row *, int n);
/* The recommended configuration of each search, and test accuracy as mean +- standard deviation. */
void table_result(FILE *, const struct trial_row *, int n, bool selected_on_test);

#endif
