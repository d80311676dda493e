/* cmd: the subcommands, one file each, and what they share. argv[0] is the subcommand's name. Each returns the exit
 * status: 0 done, 1 the run failed, 2 wrong usage or configuration. */
#ifndef FSPLAB_CMD_H
#define FSPLAB_CMD_H

#include <limits.h>

#include "param.h"

int cmd_run(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_trials(int argc, char **argv);
int cmd_ctl(int argc, char **argv);
int cmd_suggest(int argc, char **argv);
int cmd_importance(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_flops(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_data(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_complete(int argc, char **argv);
int cmd_workbench(int argc, char **argv); /* argv[0] is the program, not a subcommand */

/* The options every subcommand takes, anywhere after its name: -c FILE, --runs DIR, --set key=value (repeatable),
 * --json, --help. */
struct cmd_options {
    const char *config, *runs; /* "experiments.ini" (or the shipped one when that is absent), "runs" */
    char found[PATH_MAX];      /* what config points to where -c does not name it */
    bool shipped;              /* config is not the user's own file, and must stay as it is */
    const char *set[64];
    int n_set;
    bool json, help;
};
/* The file that is read without -c: the working folder's experiments.ini or, where there is none, the shipped one: beside the
 * program (its source), in ../share/fsplab (installed, moved or not), or where it was built to be installed. Whether it is
 * shipped. */
bool cmd_default_config(char found[PATH_MAX]);
/* Takes the common options out of argv (argc and argv are shortened in place; argv[0] stays). Options a subcommand
 * has of its own are left there. false: usage error, reported on stderr; return 2. */
bool cmd_options_take(int *argc, char **argv, struct cmd_options *);
/* Settings of STUDY: experiments.ini, then every --set, then params_check. */
bool cmd_settings(const struct cmd_options *, const char *study, struct params *, struct err *);
/* "fsplab: message" (and with --json {"error": {...}} on stdout); returns the exit status of err->code. */
int cmd_fail(const struct cmd_options *, const struct err *);

#endif
