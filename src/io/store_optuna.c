/* store_optuna: one transaction in a new file under another name, which then gets its own.
 *
 * Rows go through one function that binds by a format, as there are a dozen kinds of them and each is written in one
 * place. Optuna keeps JSON in text columns, SQLAlchemy's names for enums, and a type beside each value, since not every
 * database has infinities and NaN. */
#include "store_optuna.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fsutil.h"

static const char schema[] =
    "CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));"
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);"
    "CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256),"
    " PRIMARY KEY (version_info_id), CHECK (version_info_id=1));"
    "CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL,"
    " study_id INTEGER NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id),"
    " UNIQUE (study_id, objective), FOREIGN KEY(study_id) REFERENCES studies (study_id));"
    "CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" VARCHAR(512),"
    " value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, \"key\"),"
    " FOREIGN KEY(study_id) REFERENCES studies (study_id));"
    "CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER,"
    " \"key\" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, \"key\"),"
    " FOREIGN KEY(study_id) REFERENCES studies (study_id));"
    "CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,"
    " datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id),"
    " FOREIGN KEY(study_id) REFERENCES studies (study_id));"
    "CREATE INDEX ix_trials_study_id ON trials (study_id);"
    "CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" VARCHAR(512),"
    " value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, \"key\"),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER,"
    " \"key\" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, \"key\"),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,"
    " distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL,"
    " value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,"
    " step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL,"
    " PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,"
    " heartbeat DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id),"
    " FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"
    "INSERT INTO version_info VALUES (1, 12, '3.2.0');"
    "INSERT INTO alembic_version VALUES ('v3.2.0.a');";

struct writer {
    sqlite3 *db;
    const char *path;
    struct err *err;
};

static bool failed(const struct writer *w)
{
    return err_set(w->err, ERR_IO, "cannot write '%s': %s", w->path, sqlite3_errmsg(w->db));
}

/* One row. FORMAT has a letter a value: i int64_t, d double (NULL unless finite), s text (NULL: NULL). */
static bool put(const struct writer *w, const char *sql, const char *format, ...)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(w->db, sql, -1, &s, NULL) != SQLITE_OK)
        return failed(w);
    va_list ap;
    va_start(ap, format);
    for (int i = 0; format[i]; i++) {
        double v;
        if (format[i] == 'i')
            sqlite3_bind_int64(s, i + 1, va_arg(ap, int64_t));
        else if (format[i] == 's')
            sqlite3_bind_text(s, i + 1, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
        else if (v = va_arg(ap, double), isfinite(v))
            sqlite3_bind_double(s, i + 1, v);
    }
    va_end(ap);
    bool ok = sqlite3_step(s) == SQLITE_DONE || failed(w);
    sqlite3_finalize(s);
    return ok;
}

/* Takes VALUE; NULL: the attribute is not written. */
static bool put_json(const struct writer *w, const char *sql, int64_t of, const char *key, json_t *value)
{
    if (!value)
        return true;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    bool ok = text ? put(w, sql, "iss", of, key, text) : true; /* bytes that are no UTF-8 */
    free(text);
    json_decref(value);
    return ok;
}

static bool put_attribute(const struct writer *w, int64_t trial, const char *key, json_t *value)
{
    return put_json(w, "INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?)", trial, key,
                    value);
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : NULL;
}

/* "2026-11-25 07:58:35.346000", as SQLAlchemy writes a DATETIME; local time, as Optuna's datetime.now() is. */
static void time_text(int64_t ms, char *buf, size_t cap)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    size_t n = strftime(buf, cap, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(buf + n, cap - n, ".%06d", (int)(ms % 1000) * 1000);
}

static const char *optuna_state(const struct trial_row *r)
{
    switch (r->state) {
    case TRIAL_COMPLETE: return isfinite(r->val_accuracy) ? "COMPLETE" : "FAIL";
    case TRIAL_PRUNED: return "PRUNED";
    case TRIAL_DIVERGED:
    case TRIAL_FAILED: return "FAIL";
    case TRIAL_QUEUED: return "WAITING";
    default: return "RUNNING";
    }
}

static const char *value_type(double v)
{
    return isnan(v) ? "NAN" : isfinite(v) ? "FINITE" : v > 0 ? "INF_POS" : "INF_NEG";
}

static char *distribution_json(const struct optuna_param *p)
{
    json_t *step = p->whole ? json_integer(1) : json_null();
    json_t *j = p->whole ? json_pack("{s:s, s:{s:b, s:o, s:I, s:I}}", "name", "IntDistribution", "attributes", "log",
                                     p->log, "step", step, "low", (json_int_t)p->low, "high", (json_int_t)p->high)
                         : json_pack("{s:s, s:{s:o, s:f, s:f, s:b}}", "name", "FloatDistribution", "attributes", "step",
                                     step, "low", p->low, "high", p->high, "log", p->log);
    char *text = json_dumps(j, JSON_REAL_PRECISION(17));
    json_decref(j);
    return text;
}

static const struct optuna_param *find_param(const struct optuna_study *study, const char *name)
{
    for (int i = 0; i < study->n_params; i++)
        if (strcmp(study->params[i].name, name) == 0)
            return &study->params[i];
    return NULL;
}

static bool put_params(const struct writer *w, const struct optuna_study *study, const struct trial_row *r, int64_t id)
{
    bool ok = true;
    if (r->state == TRIAL_QUEUED) {
        json_t *fixed = json_object();
        for (int i = 0; i < r->n_params; i++)
            json_object_set_new(fixed, r->param_name[i], json_real(r->param_value[i]));
        return put_json(w, "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?)", id,
                        "fixed_params", fixed);
    }
    for (int i = 0; ok && i < r->n_params; i++) {
        const struct optuna_param *p = find_param(study, r->param_name[i]);
        char *text = p ? distribution_json(p) : NULL;
        ok = !p || put(w,
                       "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
                       "VALUES (?, ?, ?, ?)",
                       "isds", id, r->param_name[i], r->param_value[i], text);
        free(text);
    }
    return ok;
}

static bool put_attributes(const struct writer *w, const struct trial_row *r, int64_t id)
{
    static const char *const kinds[] = {
        [TRIAL_SEARCH] = "search", [TRIAL_REPEAT] = "repeat", [TRIAL_MANUAL] = "manual"};
    return put_attribute(w, id, "trial", json_integer(r->number)) &&
           put_attribute(w, id, "state", json_string(trial_state_name(r->state))) &&
           put_attribute(w, id, "kind", json_string(kinds[r->kind])) &&
           put_attribute(w, id, "seed", json_integer(r->seed)) &&
           put_attribute(w, id, "search", json_integer(r->search_no)) &&
           put_attribute(w, id, "repeat", json_integer(r->repeat)) &&
           put_attribute(w, id, "edited", json_boolean(r->edited)) &&
           put_attribute(w, id, "collapsed", json_boolean(r->collapsed)) &&
           put_attribute(w, id, "test_accuracy", number(r->test_accuracy)) &&
           put_attribute(w, id, "best_val_accuracy", number(r->best_val_accuracy)) &&
           put_attribute(w, id, "seconds_teacher", number(r->seconds_teacher)) &&
           put_attribute(w, id, "seconds_transfer", number(r->seconds_transfer)) &&
           put_attribute(w, id, "seconds_finetune", number(r->seconds_finetune)) &&
           put_attribute(w, id, "dir", json_string(r->dir)) &&
           put_attribute(w, id, "reason", r->reason[0] ? json_string(r->reason) : NULL);
}

static bool put_trial(const struct writer *w, const struct optuna_study *study, int i)
{
    const struct optuna_trial *t = &study->trials[i];
    const struct trial_row *r = t->row;
    const char *state = optuna_state(r);
    bool waiting = strcmp(state, "WAITING") == 0, ended = !waiting && strcmp(state, "RUNNING") != 0;
    char start[64], end[64];
    int64_t id = i + 1;
    time_text(t->started_ms, start, sizeof start);
    time_text(t->ended_ms, end, sizeof end);
    bool ok = put(w, "INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)", "iisss", id, (int64_t)i, state,
                  waiting ? NULL : start, ended ? end : NULL) &&
              put_params(w, study, r, id) && put_attributes(w, r, id);
    if (ok && strcmp(state, "COMPLETE") == 0)
        ok = put(w, "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
                 "id", id, r->val_accuracy);
    for (int k = 0; ok && k < t->n_values; k++)
        ok = put(w,
                 "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
                 "VALUES (?, ?, ?, ?)",
                 "iids", id, (int64_t)t->values[k].step, t->values[k].value, value_type(t->values[k].value));
    return ok;
}

static bool put_all(const struct writer *w, const struct optuna_study *study)
{
    static const char attribute[] =
        "INSERT INTO study_user_attributes (study_id, \"key\", value_json) VALUES (?, ?, ?)";
    if (sqlite3_exec(w->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(w->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return failed(w);
    bool ok = put(w, "INSERT INTO studies VALUES (1, ?)", "s", study->name) &&
              put(w, "INSERT INTO study_directions VALUES (1, 'MAXIMIZE', 1, 0)", "") &&
              put_json(w, attribute, 1, "program", json_string("fsplab " FSPLAB_VERSION)) &&
              put_json(w, attribute, 1, "settings", json_string(study->settings));
    for (int i = 0; ok && i < study->n_trials; i++)
        ok = put_trial(w, study, i);
    return ok && (sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK || failed(w));
}

bool store_optuna_write(const char *path, const struct optuna_study *study, struct err *err)
{
    if (access(path, F_OK) == 0)
        return err_set(err, ERR_IO, "cannot write '%s': it is there already, and may hold other studies", path);
    char *new = xstrfmt("%s.new", path);
    struct writer w = {.path = path, .err = err};
    unlink(new); /* of a run that was killed */
    bool ok = sqlite3_open(new, &w.db) == SQLITE_OK ? put_all(&w, study) : failed(&w);
    sqlite3_close(w.db);
    ok = ok && (rename(new, path) == 0 || fs_err(err, "write", path, errno));
    if (!ok)
        unlink(new);
    free(new);
    return ok;
}
