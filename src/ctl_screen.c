/* One frame, drawn without a terminal. Its size is that of --size, of COLUMNS and LINES, or 80x24; characters are ASCII
 * where the locale has no UTF-8. */
#include "ctl_screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "ui/app.h"

enum { SIDE_MAX = 1000 };

static bool parse_size(const char *text, int *w, int *h, struct err *err)
{
    char end;
    if (sscanf(text, "%dx%d%c", w, h, &end) != 2 || *w < 1 || *h < 1 || *w > SIDE_MAX || *h > SIDE_MAX)
        return err_set(err, ERR_USAGE, "ctl screen: --size '%s': allowed is COLUMNSxLINES, each from 1 to %d", text,
                       SIDE_MAX);
    return true;
}

static int side(const char *variable, int otherwise)
{
    const char *text = getenv(variable);
    int n = text ? atoi(text) : 0;
    return n >= 1 && n <= SIDE_MAX ? n : otherwise;
}

static bool parse(int argc, char **argv, const char **name, int *w, int *h, bool *color, struct err *err)
{
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--color") == 0)
            *color = true;
        else if (strcmp(argv[i], "--size") == 0 && i + 1 < argc) {
            if (!parse_size(argv[++i], w, h, err))
                return false;
        } else if (argv[i][0] == '-' || *name)
            return err_set(err, ERR_USAGE, "ctl screen: '%s' is not understood; see `fsplab ctl --help`", argv[i]);
        else
            *name = argv[i];
    }
    return true;
}

static bool known(const char *name, struct err *err)
{
    char names[128] = "";
    size_t n = 0;
    for (int i = 0; app_screen_name(i); i++) {
        if (strcmp(app_screen_name(i), name) == 0)
            return true;
        n = str_append(names, sizeof names, n, "%s%s", i ? ", " : "", app_screen_name(i));
    }
    return err_set(err, ERR_USAGE, "ctl screen: '%s' is no screen: allowed are %s", name, names);
}

static bool begun(const struct cmd_options *o, const char *study, struct err *err)
{
    char *path = xstrfmt("%s/%s/study.db", o->runs, study);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there || err_set(err, ERR_STATE, "study '%s' has not been started in '%s': `fsplab run %s` starts it", study,
                            o->runs, study);
}

int ctl_screen(const struct cmd_options *o, int argc, char **argv)
{
    const char *name = NULL;
    int w = side("COLUMNS", 80), h = side("LINES", 24);
    bool color = false;
    struct err err = {0};
    struct ui_host host;
    if (!parse(argc, argv, &name, &w, &h, &color, &err))
        return cmd_fail(o, &err);
    name = name ? name : "run";
    if (!known(name, &err) || (strcmp(name, "setup") != 0 && strcmp(name, "report") != 0 && !begun(o, argv[1], &err)))
        return cmd_fail(o, &err);
    setlocale(LC_CTYPE, "");
    host_init(&host, o);
    struct app_options app = {.study = argv[1],
                              .runs = o->runs,
                              .readonly = true,
                              .host = &host,
                              .theme = getenv("FSPLAB_THEME"),
                              .plain = strcmp(nl_langinfo(CODESET), "UTF-8") != 0};
    char *text = app_screen_text(&app, name, w, h, color, &err);
    host_release(&host);
    if (!text)
        return cmd_fail(o, &err);
    fputs(text, stdout);
    free(text);
    return 0;
}
