#include "store_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "scratch.h"

char *dir;
char path[512];
struct err oops;

int store_setup(void **state)
{
    (void)state;
    dir = scratch_new();
    snprintf(path, sizeof path, "%s/runs/demo/study.db", dir);
    return 0;
}

int store_teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

struct store *open_store(void)
{
    struct store *s;
    OK((s = store_open(path, &oops)));
    return s;
}

struct store *open_readonly(void)
{
    struct store *s;
    OK((s = store_open_readonly(path, &oops)));
    return s;
}

struct trial_row trial(int number)
{
    struct trial_row t = {.number = number,
                          .kind = TRIAL_REPEAT,
                          .search_no = 2,
                          .ask_id = 17,
                          .repeat = 3,
                          .state = TRIAL_DIVERGED,
                          .seed = INT64_C(0x7fffffffffffff01),
                          .n_params = 2,
                          .param_name = {"lambda", "transfer_lr"},
                          .param_value = {0.1, 1e-300},
                          .edited = true,
                          .val_accuracy = 0.1 + 0.2,
                          .test_accuracy = NAN,
                          .best_val_accuracy = 0.5,
                          .seconds_teacher = 1,
                          .seconds_transfer = 2.5,
                          .seconds_finetune = NAN,
                          .dir = "runs/demo/trial-0001",
                          .reason = "NaN in 'fsp2' at step 31"};
    return t;
}

void add_trial(struct store *s, int number)
{
    struct trial_row t = trial(number);
    OK(store_trial_put(s, &t, &oops));
}

void put(struct store *s, int step, double value)
{
    OK(store_value_put(s, 1, "transfer", step, "loss", value, step * 0.5, &oops));
}

int count_values(struct store *s)
{
    struct value_row *rows;
    struct err err = {0};
    int n = store_values(s, 1, "transfer", "loss", &rows, &err);
    if (n < 0)
        print_message("%s\n", err.msg);
    free(rows);
    return n;
}

void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}
