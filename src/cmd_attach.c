/* `fsplab STUDY` and `fsplab attach STUDY`: the workbench. The first starts the study's process when none runs and the
 * study was begun; one that was not begun opens on Setup. Where stdout is no terminal, plain lines are printed instead. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "cmd.h"
#include "follow.h"
#include "host.h"
#include "io/store.h"
#include "spawn.h"
#include "ui/app.h"

static volatile int stop;

static void on_signal(int sig)
{
    stop = sig;
}

static void help(void)
{
    puts(
        "usage: fsplab attach STUDY [--readonly] [--theme dark|light|FILE] [--runs DIR]\n"
        "       fsplab [STUDY] [--readonly] [--theme dark|light|FILE] [-c FILE] [--runs DIR] [--set key=value]...\n"
        "\n"
        "The workbench: live curves, FSP matrices, tuning. `fsplab STUDY` starts the study's process when none runs;\n"
        "without a STUDY, or for one that was not begun, it opens on Setup. `attach` starts nothing. Leaving the screens\n"
        "(d) leaves the study running; a dead connection does the same. Any number of terminals may watch.\n"
        "\n"
        "  --readonly        look on; keys that change the study do nothing\n"
        "  --theme NAME      dark (default), light, or a file of colours\n"
        "\n"
        "The environment: NO_COLOR, COLORTERM, TERM, LANG, FSPLAB_THEME. Keys: ? in the workbench, or `man fsplab`.\n"
        "\n"
        "examples:\n"
        "  fsplab demo\n"
        "  ssh gpu-server -t fsplab attach cifar10-quick --readonly");
}

struct words {
    const char *study, *theme;
    bool readonly;
};

static bool parse(int argc, char **argv, struct words *w, struct err *err)
{
    *w = (struct words){.study = "", .theme = getenv("FSPLAB_THEME")};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--readonly") == 0)
            w->readonly = true;
        else if (strcmp(argv[i], "--theme") == 0 && i + 1 < argc)
            w->theme = argv[++i];
        else if (argv[i][0] == '-' || w->study[0])
            return err_set(err, ERR_USAGE, "%s: '%s' is not understood; see `fsplab attach --help`", argv[0], argv[i]);
        else
            w->study = argv[i];
    }
    return true;
}

enum begun { NOT_BEGUN, BEGUN, ENDED };

/* From the store alone; STATE (16 bytes) may be NULL. */
static bool look_up(const char *dir, enum begun *b, char *state, struct err *err)
{
    char *path = xstrfmt("%s/study.db", dir);
    bool there = access(path, F_OK) == 0, found = false;
    struct store *s = there ? store_open_readonly(path, err) : NULL;
    struct study_row row = {0};
    *b = NOT_BEGUN;
    free(path);
    if (!s)
        return !there;
    bool ok = store_study_get(s, &row, &found, err);
    if (ok && found)
        *b = strcmp(row.state, "complete") == 0 ? ENDED : BEGUN;
    if (ok && found && state)
        str_append(state, sizeof row.state, 0, "%s", row.state);
    study_row_release(&row);
    store_close(s);
    return ok;
}

static bool runs_now(const char *dir)
{
    struct err ignored = {0};
    struct client *c = client_open(dir, &ignored);
    client_close(c);
    return c != NULL;
}

/* Until the study ends, which is the last line, and the only one of a study that has ended. */
static int follow_lines(const struct cmd_options *o, const char *study, const char *dir, bool runs, struct err *err)
{
    enum begun ignored;
    char state[16] = "";
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (runs && !follow_study(dir, stdout, o->json, &stop, err))
        return cmd_fail(o, err);
    if (stop)
        return 128 + stop;
    if (!look_up(dir, &ignored, state, err))
        return cmd_fail(o, err);
    if (!o->json)
        printf("%s: %s; `fsplab trials %s` lists its trials\n", study, state, study);
    return strcmp(state, "failed") == 0;
}

static int screens(const struct cmd_options *o, const struct words *w, struct err *err)
{
    struct ui_host host;
    struct app_options app = {
        .study = w->study, .runs = o->runs, .readonly = w->readonly, .theme = w->theme, .host = &host};
    setlocale(LC_CTYPE, "");
    host_init(&host, o);
    int status = app_run(&app, err);
    host_release(&host);
    return status ? cmd_fail(o, err) : 0;
}

static int workbench(int argc, char **argv, bool start)
{
    struct cmd_options o;
    struct words w;
    struct err err = {0};
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    if (!parse(argc, argv, &w, &err))
        return cmd_fail(&o, &err);
    bool terminal = isatty(1) && isatty(0) && !o.json;
    if (!w.study[0])
        return terminal ? screens(&o, &w, &err)
                        : (err_set(&err, ERR_USAGE, "%s: name a study; `fsplab ls` lists them", argv[0]),
                           cmd_fail(&o, &err));
    enum begun begun;
    char *dir = xstrfmt("%s/%s", o.runs, w.study);
    int status;
    bool ok = look_up(dir, &begun, NULL, &err);
    if (ok && !start && begun == NOT_BEGUN && !runs_now(dir))
        ok = err_set(&err, ERR_STATE, "study '%s' was not begun in '%s': `fsplab %s` opens it", w.study, o.runs,
                     w.study);
    if (ok && start && !w.readonly && (begun == BEGUN || (begun == NOT_BEGUN && !terminal)) && !runs_now(dir)) {
        struct spawn_options s = {.config = o.config, .runs = o.runs, .n_set = o.n_set, .set = o.set};
        ok = spawn_study(w.study, &s, &err);
    }
    status = !ok        ? cmd_fail(&o, &err)
             : terminal ? screens(&o, &w, &err)
                        : follow_lines(&o, w.study, dir, begun != ENDED || runs_now(dir), &err);
    free(dir);
    return status;
}

int cmd_attach(int argc, char **argv)
{
    return workbench(argc, argv, false);
}

int cmd_workbench(int argc, char **argv)
{
    return workbench(argc, argv, true);
}
