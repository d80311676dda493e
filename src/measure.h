/* measure: how long the steps of some settings take on this machine, by `fsplab bench step` in a process of its own, so that
 * nobody waits and nothing is left behind. One thread. */
#ifndef FSPLAB_MEASURE_H
#define FSPLAB_MEASURE_H

#include "cost.h"

struct measure;
/* PROGRAM: what to start; outlives the result. */
struct measure *measure_new(const char *program);
void measure_free(struct measure *); /* ends a measurement that is going on; NULL is fine */
/* ERR_BUSY: one is going on. ISA goes into the results. */
bool measure_begin(struct measure *, const struct params *, const char *isa, struct err *);
/* Takes in what has come, without waiting. True while it is going on. At its end the steps are added to the table (in place of
 * those measured before for the same kinds). TROUBLE gets why the last one failed, "" when it did not. */
bool measure_turn(struct measure *, struct cost_table *, char *trouble, size_t cap);

/* The child's answer, the JSON of `bench step --json`; ERR_FORMAT when it is none. */
bool measure_take(struct cost_table *, const struct params *, const char *isa, const char *text, struct err *);

#endif
