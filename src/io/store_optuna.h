/* store_optuna: a study as an SQLite file in the schema of Optuna's RDBStorage (schema version 12, revision v3.2.0.a: Optuna
 * 3.2 and later), for optuna.load_study and the tools that stand on it.
 *
 * Trials keep their order; number is the index from 0. COMPLETE, PRUNED and FAIL (failed, diverged) are what they say; what is
 * running, paused or stopped is RUNNING, what is queued WAITING with its values as fixed_params. Value: val_accuracy, to be
 * maximised. Whatever has no place there is a user attribute: trial, state, kind, seed, search, repeat, edited, collapsed,
 * test_accuracy, best_val_accuracy, seconds_teacher, seconds_transfer, seconds_finetune, dir, reason; of the study program and
 * settings. */
#ifndef FSPLAB_STORE_OPTUNA_H
#define FSPLAB_STORE_OPTUNA_H

#include "store.h"

/* The distribution of a parameter, the same for all trials: IntDistribution when whole, else FloatDistribution. */
struct optuna_param {
    char name[64];
    bool whole, log;
    double low, high; /* every trial's value lies inside */
};

struct optuna_trial {
    const struct trial_row *row;
    int64_t started_ms, ended_ms;   /* ended_ms is written for ended trials */
    int n_values;                   /* intermediate values */
    const struct value_row *values; /* (n_values), steps ascending, none twice */
};

struct optuna_study {
    const char *name, *settings;
    int n_params, n_trials;
    const struct optuna_param *params; /* every name that a trial has a value of */
    const struct optuna_trial *trials;
};

/* Makes PATH, which must not be there yet (ERR_IO): another study may be in it. Whole or not at all. */
bool store_optuna_write(const char *path, const struct optuna_study *, struct err *);

#endif
