/* store_fixture: a scratch folder with runs/demo/study.db in it, and the few rows that the tests of the store share. */
#ifndef FSPLAB_TESTS_STORE_FIXTURE_H
#define FSPLAB_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/io/store.h"

extern char *dir;       /* the scratch folder */
extern char path[512];  /* "DIR/runs/demo/study.db"; made by the first open_store */
extern struct err oops; /* for the call inside OK() */

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if (!(call))                                                                                                   \
            fail_msg(#call ": %s", oops.msg);                                                                          \
    } while (0)

/* For cmocka_unit_test_setup_teardown. */
int store_setup(void **state);
int store_teardown(void **state);

struct store *open_store(void);
struct store *open_readonly(void);
/* A trial whose every column differs from zero. */
struct trial_row trial(int number);
void add_trial(struct store *s, int number);
/* "loss" of trial 1 in stage "transfer", and how many of them there are (-1: error). */
void put(struct store *s, int step, double value);
int count_values(struct store *s);
/* Edits the file behind the store's back. */
void run_sql(const char *sql);

#endif
