/* param: THE table of every setting. The INI file, --set, --help, the Setup form, `ctl set`, the store and the
 * man page all read this one table; nothing else in the program knows a setting's name, range or default.
 *
 * A `struct params` is plain data: copy it by assignment. Strings live inside it. */
#ifndef FSPLAB_PARAM_H
#define FSPLAB_PARAM_H

#include <stdio.h>

#include "base.h"

enum param_type { PARAM_INT, PARAM_FLOAT, PARAM_BOOL, PARAM_ENUM, PARAM_STRING };
enum param_scale { SCALE_LINEAR, SCALE_LOG };

enum param_flags {
    PF_LIVE = 1,    /* may be changed while a trial runs (`ctl set`) */
    PF_SEARCH = 2,  /* may be searched over: search.NAME = linear|log MIN MAX [COUNT] */
    PF_TEACHER = 4, /* enters the hash under which a trained teacher is cached */
    PF_LATER =
        16, /* came after the first release: left out of a canonical text at its default, so that earlier records hold */
    PF_TRIAL = 8, /* determines a trial's result: a stored study refuses to go on when it has changed */
};

#define PARAM_STR_MAX 256
#define PARAM_MAX_RANGES 16

/* Settings of enum type, as C enums (order as in the table's choices). */
enum { DATASET_SYNTH, DATASET_CIFAR10, DATASET_CIFAR100, DATASET_FOLDER };
enum { SHORTCUT_A, SHORTCUT_B };
enum { METHOD_NONE, METHOD_KD, METHOD_HINT, METHOD_FSP };
enum { PAIRING_SECTION, PAIRING_INSIDE };
enum { FSP_NORM_SUM, FSP_NORM_MEAN };
enum { SCHEDULE_STEP, SCHEDULE_COSINE };
enum { AUGMENT_NONE, AUGMENT_CROP, AUGMENT_CROP_FLIP };
enum { SELECT_VAL, SELECT_TEST };
enum { PRECISION_F32, PRECISION_TF32, PRECISION_BF16 };
enum { SEARCH_GRID, SEARCH_RANDOM, SEARCH_SOBOL, SEARCH_BO };
enum { PRUNE_NONE, PRUNE_GAIN_PI, PRUNE_ASHA, PRUNE_MEDIAN };

/* The range of a searched setting: search.NAME = linear|log MIN MAX [COUNT]. */
struct param_range {
    int def; /* index into param_table */
    enum param_scale scale;
    double min, max;
    int count; /* grid points, >= 2; 0 = not given */
};

/* One field a setting, in the order of param_table. Enums are int; lambda_i is lambda1..3. */
struct params {
    /* data */
    int dataset;
    char data_dir[PARAM_STR_MAX];
    int train_limit, test_limit; /* 0 = all */
    double val_fraction;
    int augment;
    /* networks */
    char teacher[PARAM_STR_MAX], student[PARAM_STR_MAX];
    int shortcut;
    /* transfer */
    int method, pairing, fsp_norm;
    double lambda, lambda1, lambda2, lambda3;
    double kd_temperature, kd_weight;
    /* optimisation */
    double teacher_lr;
    int teacher_steps, teacher_warmup;
    double transfer_lr;
    int transfer_steps;
    double finetune_lr;
    int finetune_steps;
    int schedule;
    int batch;
    double momentum;
    bool nesterov;
    double weight_decay, label_smoothing;
    /* study */
    int select;
    int64_t seed;
    int precision;
    char device[PARAM_STR_MAX];
    int threads; /* 0 = all */
    int workers; /* that share them */
    int checkpoint_steps;
    int eval_steps; /* 0 = once an epoch */
    int search, max_trials, limit_max_accuracy_count;
    int max_seconds;         /* 0 = off */
    double stop_improvement; /* points; 0 = off */
    double edited_sigma;     /* points; 0 = a trial changed by hand is left out */
    int prune, repeats, search_repeats;

    int n_ranges;
    struct param_range ranges[PARAM_MAX_RANGES];
};

struct param_def {
    const char *name;
    enum param_type type;
    enum param_scale scale; /* how a form or a nudge should move it */
    unsigned flags;
    double min, max;     /* numbers: allowed range, inclusive */
    const char *choices; /* enums: "grid random sobol bo", in the C enum's order; else NULL */
    const char *initial; /* default, as text */
    const char *unit;    /* "", "steps", "images", ... */
    const char *group;   /* "data", "networks", "transfer", "optimisation", "search", "machine" */
    const char *help;    /* one sentence, no full stop */
    size_t offset;       /* of the field in struct params */
};

extern const struct param_def param_table[];
extern const int param_count;

/* Index of NAME in the table, -1 if there is none. */
int param_find(const char *name);
/* The nearest setting's name for "did you mean", or NULL. */
const char *param_nearest(const char *name);

void params_init(struct params *); /* every default, no ranges */

/* Sets one setting from text, as the INI, --set and ctl do: "lambda" or "search.lambda" (empty value or "none"
 * removes a range). ERR_CONFIG names the key, what was read and what is allowed; *p is unchanged then. */
bool params_set(struct params *p, const char *key, const char *value, struct err *err);
/* The same from "key=value". */
bool params_set_pair(struct params *p, const char *pair, struct err *err);
/* Sets a number (int, float) by index; range-checked. Ints are rounded to nearest. */
bool params_set_number(struct params *p, int def, double value, struct err *err);
double params_get_number(const struct params *p, int def); /* enums and bools as their number; strings 0 */
/* Text that params_set reads back to the same value. */
void params_format(const struct params *p, int def, char *buf, size_t cap);
void param_range_format(const struct param_range *r, char *buf, size_t cap);

/* What one setting cannot see: a range's ends against each other, precision and device, limits and batch, method
 * and teacher, and the like. Called after the last params_set. */
bool params_check(const struct params *p, struct err *err);

/* One "name=value\n" line per setting that has any of FLAGS, in table order (ranges after, when PF_SEARCH is in
 * FLAGS): a canonical text to hash or to store. free() it. */
char *params_canonical(const struct params *p, unsigned flags);
/* In the same form all that determines a study's trials and search, as its store keeps it. Accuracies on the one set cannot be
 * compared with those on the other, so select counts. free() it. */
char *params_record(const struct params *p);

/* Every setting with its range, default and help, for --help and the man page; as roff when ROFF. */
void params_print_help(FILE *out, bool roff);

#endif
