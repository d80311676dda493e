/* trials_csv: the table as a file, in the form of `fsplab trials --csv`, which `suggest`, `importance` and `import` read. */
#ifndef FSPLAB_UI_TRIALS_CSV_H
#define FSPLAB_UI_TRIALS_CSV_H

#include <stdio.h>

#include "model.h"
#include "trials_table.h"

/* The rows that are shown, in their order; a column for each setting that any trial has a value of its own for. */
void trials_csv_print(FILE *, const struct trials_table *);
/* A name that is not taken yet: "trials.csv", "trials-2.csv", ... */
void trials_csv_name(const struct model *, char *buf, size_t cap);
/* Writes it to NAME under RUNS/STUDY/export, which is made where it is not there; a NAME with a '/' is a path of its own. PATH
 * gets where it went. ERR_USAGE: no name, or a file of that name is there; else as fs_write_whole. */
bool trials_csv_export(const struct trials_table *, const struct model *, const char *name, char *path, size_t cap,
                       struct err *);

#endif
