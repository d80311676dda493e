/* lab_fixture: tiny studies of the synthetic set in a scratch folder, for the tests of the engine and of its socket. */
#ifndef FSPLAB_TESTS_LAB_FIXTURE_H
#define FSPLAB_TESTS_LAB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/lab.h"

extern char *lab_scratch;  /* the scratch folder; its data/synth holds 600 + 100 images */
extern char lab_runs[512]; /* of all studies of the program, so that they share a teacher */

/* For cmocka_run_group_tests. */
int lab_group_setup(void **state);
int lab_group_teardown(void **state);

/* Settings of a study that takes about a second, then "key=value" pairs up to a NULL. */
struct params lab_params(const char *pair, ...);
/* Opens or fails the test. */
struct lab *lab_begin(const char *study, const struct params *);
/* Posts and waits for the answer. */
struct lab_ack lab_ask(struct lab *, enum lab_op, const char *key, double value);
/* The same of any command; it gets its id here. */
struct lab_ack lab_ask_cmd(struct lab *, struct lab_cmd);
/* Waits until the study is in that stage at that step or beyond, or fails the test when it ends before. */
void lab_reach(struct lab *, const char *stage, int step);
/* Waits for the end, closes, and gives the last snapshot. */
struct lab_state lab_end(struct lab *);
/* A whole run. */
struct lab_state lab_whole(const char *study, const struct params *);

/* "RUNS/STUDY/NAME" in one of a few buffers used in turn. */
const char *lab_file(const char *study, const char *name);
/* The rows in the store; free(). */
int lab_rows(const char *study, struct trial_row **rows);
int lab_events(const char *study, const char *kind, struct event_row *last);

#endif
