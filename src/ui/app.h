/* app: the front end of one study on one terminal. It attaches to the study's process (or waits for one), shows a screen,
 * and turns keys into requests. It may die at any moment; the study does not notice. */
#ifndef FSPLAB_UI_APP_H
#define FSPLAB_UI_APP_H

#include "view.h"

struct app_options {
    const char *study; /* "": none chosen yet, opens on Setup */
    const char *runs;
    bool readonly;
    const char *theme; /* "dark", "light", a file, or NULL: dark */
    bool plain;        /* app_screen_text: ASCII only */
    const struct ui_host *host;
};

/* Until the user leaves or the terminal has gone. Exit status: 0, or 1 with err when there is no usable terminal. */
int app_run(const struct app_options *, struct err *);

/* One screen as text, without a terminal (`ctl screen`): UTF-8 lines of W x H, with SGR colours when ANSI. free() it; NULL
 * with err: no such screen, or a study that cannot be read. */
char *app_screen_text(const struct app_options *, const char *screen, int w, int h, bool ansi, struct err *);
/* Names of the screens in the order of their keys; NULL at the end. */
const char *app_screen_name(int i);

#endif
