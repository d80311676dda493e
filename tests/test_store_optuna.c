/* The file that Optuna opens: its tables, row by row, without Optuna (tests/peers/optuna_opens.py asks Optuna itself). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../src/io/store_optuna.h"
#include "scratch.h"

static const struct optuna_param params[] = {{"lambda", false, true, 0.001, 10}, {"batch", true, false, 16, 256}};
static const struct value_row curve[] = {{4, 0.25, 1}, {8, (double)NAN, 2}, {12, (double)INFINITY, 3}};

static struct trial_row trial(int number, enum trial_state state, double value)
{
    struct trial_row r = {.number = number,
                          .kind = TRIAL_SEARCH,
                          .ask_id = number - 1,
                          .state = state,
                          .seed = 7,
                          .n_params = 2,
                          .param_name = {"lambda", "batch"},
                          .param_value = {0.1 * number, 64},
                          .val_accuracy = value,
                          .test_accuracy = NAN,
                          .best_val_accuracy = value,
                          .seconds_finetune = 2.5,
                          .dir = "runs/a/trial"};
    return r;
}

/* Every row of QUERY: columns by '|', rows by '\n'. */
static const char *ask(sqlite3 *db, const char *query)
{
    static char text[4096];
    sqlite3_stmt *s;
    size_t len = 0;
    text[0] = 0;
    if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", query, sqlite3_errmsg(db));
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *v = (const char *)sqlite3_column_text(s, i);
            len = str_append(text, sizeof text, len, "%s%c", v ? v : "NULL",
                             i + 1 < sqlite3_column_count(s) ? '|' : '\n');
        }
    sqlite3_finalize(s);
    return text;
}

static void the_tables_are_optunas(void **state)
{
    (void)state;
    char *dir = scratch_new();
    const char *path = scratch_path(dir, "study.db");
    struct err err = {0};
    static const enum trial_state states[] = {TRIAL_COMPLETE, TRIAL_DIVERGED, TRIAL_QUEUED, TRIAL_RUNNING,
                                              TRIAL_PRUNED,   TRIAL_FAILED,   TRIAL_PAUSED, TRIAL_STOPPED};
    struct trial_row rows[8];
    struct optuna_trial trials[8];
    for (int i = 0; i < 8; i++) {
        rows[i] = trial(i + 1, states[i], i == 0 ? 0.75 : (double)NAN);
        trials[i] = (struct optuna_trial){.row = &rows[i], .started_ms = 86400000, .ended_ms = 86402500};
    }
    trials[0].n_values = 3;
    trials[0].values = curve;
    struct optuna_study study = {"a \"study\"", "lambda=1\n", 2, 8, params, trials};
    if (!store_optuna_write(path, &study, &err))
        fail_msg("%s", err.msg);
    assert_false(store_optuna_write(path, &study, &err)); /* it may hold other studies */
    assert_non_null(strstr(err.msg, "there already"));

    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_string_equal(ask(db, "PRAGMA integrity_check"), "ok\n");
    assert_string_equal(ask(db, "SELECT * FROM studies"), "1|a \"study\"\n");
    assert_string_equal(ask(db, "SELECT direction, study_id, objective FROM study_directions"), "MAXIMIZE|1|0\n");
    assert_string_equal(ask(db, "SELECT schema_version FROM version_info"), "12\n");
    assert_string_equal(ask(db, "SELECT * FROM alembic_version"), "v3.2.0.a\n");
    assert_string_equal(ask(db,
                            "SELECT trial_id, number, study_id, state, datetime_start IS NULL, datetime_complete IS "
                            "NULL FROM trials"),
                        "1|0|1|COMPLETE|0|0\n2|1|1|FAIL|0|0\n3|2|1|WAITING|1|1\n4|3|1|RUNNING|0|1\n"
                        "5|4|1|PRUNED|0|0\n6|5|1|FAIL|0|0\n7|6|1|RUNNING|0|1\n8|7|1|RUNNING|0|1\n");
    assert_string_equal(ask(db, "SELECT (julianday(datetime_complete) - julianday(datetime_start)) * 86400 BETWEEN 2.4 "
                                "AND 2.6 FROM trials WHERE trial_id = 1"),
                        "1\n");
    assert_string_equal(ask(db, "SELECT trial_id, objective, value, value_type FROM trial_values"),
                        "1|0|0.75|FINITE\n");
    assert_string_equal(ask(db, "SELECT trial_id, step, intermediate_value, intermediate_value_type FROM "
                                "trial_intermediate_values"),
                        "1|4|0.25|FINITE\n1|8|NULL|NAN\n1|12|NULL|INF_POS\n");
    assert_string_equal(ask(db, "SELECT count(*), count(DISTINCT trial_id) FROM trial_params"), "14|7\n");
    assert_string_equal(
        ask(db,
            "SELECT param_name, param_value, json_extract(distribution_json, '$.name'), "
            "json_extract(distribution_json, '$.attributes.low'), json_extract(distribution_json, "
            "'$.attributes.high'), json_extract(distribution_json, '$.attributes.log'), "
            "json_extract(distribution_json, '$.attributes.step') FROM trial_params WHERE trial_id = 2 ORDER BY param_id"),
        "lambda|0.2|FloatDistribution|0.001|10.0|1|NULL\nbatch|64.0|IntDistribution|16|256|0|1\n");
    assert_string_equal(ask(db, "SELECT trial_id, \"key\", json_extract(value_json, '$.batch') FROM "
                                "trial_system_attributes"),
                        "3|fixed_params|64.0\n");
    assert_string_equal(
        ask(db,
            "SELECT \"key\", value_json FROM trial_user_attributes WHERE trial_id = 2 ORDER BY trial_user_attribute_id"),
        "trial|2\nstate|\"diverged\"\nkind|\"search\"\nseed|7\nsearch|0\nrepeat|0\nedited|false\n"
        "collapsed|false\nseconds_teacher|0.0\nseconds_transfer|0.0\nseconds_finetune|2.5\n"
        "dir|\"runs/a/trial\"\n");
    assert_string_equal(ask(db, "SELECT json_extract(value_json, '$') FROM study_user_attributes WHERE \"key\" = "
                                "'settings'"),
                        "lambda=1\n\n");
    sqlite3_close(db);
    scratch_remove(dir);
}

static void nothing_is_left_of_a_failure(void **state)
{
    (void)state;
    char *dir = scratch_new();
    struct err err = {0};
    struct optuna_study study = {.name = "a", .settings = ""};
    assert_false(store_optuna_write(scratch_path(dir, "none/study.db"), &study, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "none/study.db"));
    assert_true(store_optuna_write(scratch_path(dir, "study.db"), &study, &err)); /* a study without trials */
    assert_int_not_equal(access(scratch_path(dir, "study.db.new"), F_OK), 0);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_optunas),
        cmocka_unit_test(nothing_is_left_of_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
