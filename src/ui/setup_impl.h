/* setup_impl: what the files of the Setup screen share: view_setup.c (commands), setup_study.c (studies), setup_edit.c
 * (changes of settings), setup_save.c, setup_draw.c, setup_fields.c, setup_card.c and setup_picture.c (what is seen). */
#ifndef FSPLAB_UI_SETUP_IMPL_H
#define FSPLAB_UI_SETUP_IMPL_H

#include "../search/space.h"
#include "setup_form.h"
#include "setup_layout.h"
#include "setup_rows.h"
#include "view.h"

enum { SETUP_UNDO = 64 };

/* A study of experiments.ini. What was changed on the screen stays with it while others are looked at. */
struct setup_study {
    char *name;
    bool read, ok;          /* its settings were asked for; they could be had */
    bool changed;           /* `now` is to stay when they are read again */
    char trouble[512];      /* why they could not */
    struct params own, now; /* the study's own; as they are on the screen */
    struct params kept;     /* ranges that were taken away, to come back */
    int n_undo;
    struct params *undo; /* SETUP_UNDO of them, the newest last; NULL: nothing was changed yet */
    struct study_card card;
};

enum setup_pane { PANE_STUDIES, PANE_FORM };
enum setup_fold { FOLD_BY_ROOM, FOLD_OPEN, FOLD_SHUT };
enum setup_typing { TYPING_VALUE, TYPING_FILTER, TYPING_NAME };

struct setup {
    int n, at; /* studies, and the selected one */
    struct setup_study *studies;
    char trouble[512];      /* why there are none */
    char stamp[SHA256_HEX]; /* experiments.ini when the studies were read */
    char followed[64];      /* the app's study when it was last drawn */
    struct params defaults;

    enum setup_pane pane;
    enum setup_fold fold[FORM_GROUPS_MAX];
    char filter[64];
    struct form_row rows[FORM_ROWS_MAX];
    int n_rows, row;          /* row: under the cursor */
    int list_top, fields_top; /* first row shown */
    bool choosing;            /* a preset, `preset` being under the cursor */
    int preset;
    enum setup_typing typing; /* what the prompt is for */
    char refusal[512];        /* of what was typed last */

    bool described;
    struct params described_as; /* what `card` is about */
    struct pair_card card;
    char problem[640]; /* why Start is refused; "" when it is not */

    struct cost_card cost;

    bool pictured;
    struct params pictured_as; /* what the points are about */
    struct space space;
    int n_points;   /* -1: there are none, see why */
    double *points; /* (n_points, space.n) */
    char no_points[256];

    double next_look; /* clock_seconds */
    int look_at;
    struct setup_layout layout; /* as drawn last */
};

/* ---- setup_study.c ---- */
struct setup_study *setup_selected(struct setup *); /* NULL: there are none */
bool setup_is_begun(const struct setup_study *);
/* Settings that differ from the study's own. */
int setup_changes(const struct setup_study *);
void setup_read_studies(struct setup *, struct view_context *);
/* The same again: the file has changed. What was changed on the screen stays. */
void setup_reread(struct setup *, struct view_context *);
void setup_release_studies(struct setup *);
void setup_select(struct setup *, int at);
void setup_select_named(struct setup *, const char *name);
void setup_look(struct setup *, struct view_context *, int at);
/* What follows from the settings, when they have changed since the last time. */
void setup_describe(struct setup *, struct view_context *);

/* ---- setup_edit.c ---- */
/* The form's rows anew, with the cursor where it was. */
void setup_rows(struct setup *);
/* The setting under the cursor, -1: none. */
int setup_field(const struct setup *);
/* A command to the row under the cursor; false: it means nothing there. */
bool setup_row_command(struct setup *, struct view_context *, enum command, struct request *);
void setup_fold_all(struct setup *);
/* Keeps the settings as they are for CMD_TUNE_UNDO; call before a change. setup_settle after it: what has not changed
 * anything is not kept. */
void setup_remember(struct setup_study *);
void setup_settle(struct setup_study *);
bool setup_undo(struct setup_study *);
/* What was typed: TYPING_VALUE. check: before Enter, with what it would come to. */
bool setup_typed_value(struct setup *, const char *text, struct err *);
bool setup_check_value(struct setup *, const struct view_context *, const char *text, char *note, size_t cap);

/* ---- setup_preset.c: the dialog of presets ---- */
bool setup_preset_open(struct setup *, struct request *);
bool setup_preset_command(struct setup *, enum command, struct request *);
void setup_draw_presets(struct setup *, const struct look *, struct canvas *);

/* ---- setup_save.c ---- */
/* Asks for the name to save under, judges it, and saves. */
bool setup_save(struct setup *, struct request *);
bool setup_check_name(struct setup *, struct view_context *, const char *text, char *note, size_t cap);
bool setup_typed_name(struct setup *, struct view_context *, const char *text, struct request *, struct err *);

/* ---- drawing ---- */
void setup_draw(struct setup *, struct view_context *, struct canvas *);
void setup_draw_fields(struct setup *, struct view_context *, struct canvas *);
void setup_draw_card(struct setup *, struct view_context *, struct canvas *);
/* What will be searched: the points of one setting on an axis, or of two in a plane. */
void setup_draw_picture(struct setup *, struct view_context *, struct canvas *, struct rect);
/* Whether the setting under the cursor has a range, and so is to be seen where there is no room for both. */
bool setup_wants_picture(struct setup *);

/* The pane that has the keys is framed in their colour. */
void setup_frame(struct canvas *, struct rect, const struct look *, const char *title, bool active);
/* A few words in a frame's lower edge, cut where there is no room. */
void setup_caption(struct canvas *, struct rect frame, const struct look *, const char *text);
/* The first row to be shown, so that row AT is among the H rows shown of N. */
int setup_scrolled(int top, int at, int n, int h);
/* Marks in the frame that there is more above or below. */
void setup_draw_more(struct canvas *, struct rect frame, struct rect rows, const struct look *, int top, int n);
/* "42 min", "3 h 10 min", "2 days 4 h", "8 s". */
void setup_duration(double seconds, char *buf, size_t cap);
struct style setup_style(const struct look *, enum theme_role, bool bold);
void setup_grouped(int64_t v, char *buf, size_t cap); /* 54706816 -> "54,706,816" */

#endif
