/* app_impl: what the files of the app share: app.c (loop, commands), app_draw.c (the frame around a screen, dialogs),
 * app_link.c (connections to the study process), app_seen.c (what was there when the user last left). */
#ifndef FSPLAB_UI_APP_IMPL_H
#define FSPLAB_UI_APP_IMPL_H

#include "../client.h"
#include "app.h"
#include "palette.h"
#include "term.h"
#include "tune.h"

enum { LINK_QUEUE = 16 };

/* Two connections: snapshots never wait behind a command, which takes effect between two steps. */
struct link {
    struct client *watch, *act;
    struct client *greeting[2]; /* to become those two, once both are answered; until `give_up` */
    double give_up;
    double next_try, next_poll; /* clock_seconds */
    int n;                      /* requests that wait; the first is out when `out` */
    struct wire_request queue[LINK_QUEUE];
    bool out;
};

enum dialog { DIALOG_NONE, DIALOG_HELP, DIALOG_QUIT, DIALOG_CONFIRM, DIALOG_TYPE, DIALOG_PALETTE };

/* A study that is to stop and to go on with other settings. */
struct restart {
    bool on;
    char study[64], what[256];
    struct params params;
    double give_up; /* clock_seconds */
};

struct app {
    const struct app_options *options;
    struct term *term; /* NULL: screen_text */
    struct canvas canvas;
    struct model model;
    struct look look;
    enum glyph_set best_glyphs;
    struct view_context context;
    struct link link;
    struct tune tune;
    struct restart restart;

    int view; /* index into app_views */
    void *states[8];
    struct rect body; /* of the screen, as drawn last */

    enum dialog dialog;
    struct request pending; /* what a dialog is about */
    bool typed_tune;        /* the text typed goes to tune, not to the screen */
    char text[128], refusal[256];
    char note[256]; /* of what is being typed, where the screen checks it: what Enter would do, or why it would not */
    bool note_ok;
    int help_top;
    struct palette palette;
    struct palette_list candidates; /* for what is typed in it */
    int n_studies;                  /* that can be opened, as they were when it was opened */
    char **studies;

    char status[300];
    enum theme_role status_role;
    double status_until;
    bool leaving; /* pause or stop and quit: leave once that is acknowledged */
    bool done, dirty;
    double next_store, next_sample;
};

extern const struct view *const app_views[];
extern const int app_view_count;
int app_find_view(const char *name); /* -1 */

void app_say(struct app *, enum theme_role, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Another study: a model of its own, connections closed. */
void app_open_study(struct app *, const char *study);

void app_show(struct app *, int view);
/* "dark", "light", or a file. ERR_IO, ERR_CONFIG: the present one stays. */
bool app_pick_theme(struct app *, const char *theme, struct err *);
void app_redraw(struct app *); /* a frame now, before something that is waited for */
/* Does what a screen asks for; TUNE: the request is tune's. */
void app_obey(struct app *, const struct request *, bool tune);
void app_command(struct app *, const struct key_def *); /* as if its key had been pressed */
void app_look_at(struct app *, int trial);              /* all screens do; follows no more */

/* app_palette.c */
void palette_begin(struct app *, const char *text);
void palette_dialog_key(struct app *, int key);
void palette_click(struct app *, int x, int y);
void palette_end(struct app *); /* frees everything */
/* A request as `ctl` takes it, its words between blanks or commas. */
bool app_parse_request(const char *line, struct wire_request *, struct err *);

/* app_export.c */
void export_begin(struct app *); /* the palette with a name to write to */
void export_complete(struct app *, const char *head);
/* Writes the present screen to a file; asks before it writes over one. */
bool export_run(struct app *, const char *name, struct err *);
bool export_now(struct app *, const char *path, struct err *);

/* app_restart.c */
void restart_ask(struct app *, const struct request *); /* ASK_RESTART, confirmed */
void restart_turn(struct app *);
void restart_refused(struct app *); /* the process does not stop */

/* app_draw.c */
void app_draw(struct app *);
int app_bar_view_at(const struct app *, int x); /* the screen whose name in the top line is at column x; -1 */
/* The row whose key stands in the footer at column x; NULL: none, or the footer says something else. */
const struct key_def *app_footer_key_at(const struct app *, int x);
/* The key that a place in the open dialog stands for; 0: none. */
int app_dialog_key_at(const struct app *, int x, int y);

/* app_link.c */
void link_close(struct link *);
/* Connects where there is a process to connect to, asks for a snapshot when one is due, takes what has arrived. */
void link_turn(struct app *);
/* Queues a request for the study process; says so in the status line when there is none or the queue is full. */
bool link_ask(struct app *, const struct wire_request *);
double link_due(const struct app *); /* when link_turn wants to be called again */

/* app_seen.c */
void seen_load(struct app *); /* shows "since you left ..." when something has happened */
void seen_save(struct app *);
/* Where something is kept of how the user looks at a study: a file named after its folder, with that end; its folder is made.
 * free() it. NULL: ERR_STATE there is no such study, ERR_IO nowhere to keep it. */
char *app_state_path(const struct model *, const char *end, struct err *);

/* app_prefs.c */
/* Says so in the status line when what was kept is broken. START: screen and theme, too (a theme that was asked for stays); else
 * only how each screen was looked at. */
void prefs_load(struct app *, bool start);
bool prefs_save(const struct app *, struct err *);

#endif
