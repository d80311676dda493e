/* table: a study's trials as a person reads them at the end of a run: mean and spread over seeds, no figure that is
 * not in the store. */
#ifndef FSPLAB_TABLE_H
#define FSPLAB_TABLE_H

#include <stdio.h>

#include "io/store.h"

/* The settings that any of these trials has a value of its own for, in the order in which they turn up; NAMES points into
 * the rows. A clone may have more than those that are searched over. Returns the count. */
int table_params(const struct trial_row *, int n, const char *names[TRIAL_PARAMS_MAX]);
double table_param(const struct trial_row *, const char *name); /* NaN: it has the study's value */

/* Every trial a line. */
void table_trials(FILE *, const struct trial_row *, int n);
/* The recommended configuration of each search, and test accuracy as mean +- standard deviation. */
void table_result(FILE *, const struct trial_row *, int n, bool selected_on_test);

#endif
