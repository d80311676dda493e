/* cmd_bench: what the files of `fsplab bench` share. */
#ifndef FSPLAB_CMD_BENCH_H
#define FSPLAB_CMD_BENCH_H

#include <jansson.h>

#include "cmd.h"

double bench_median(double *v, int n); /* sorts v */
/* TEXT (NULL: missing) as a whole number from 1 to MAX. ERR_USAGE with the option's NAME. */
bool bench_number(const char *name, const char *text, int max, int *to, struct err *);
/* argv[0] is "search", the common options are taken out already. Returns the exit status. */
int cmd_bench_search(const struct cmd_options *, int argc, char **argv);
/* Simulated studies, SEEDS a row with EVALUATIONS trials each: appended to ALL, or printed where that is NULL. */
void bench_curves(int seeds, int evaluations, json_t *all);

#endif
