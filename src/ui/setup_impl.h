/* setup_impl: what view_setup.c (studies, commands) and setup_draw.c (what is seen) share. */
#ifndef FSPLAB_UI_SETUP_IMPL_H
#define FSPLAB_UI_SETUP_IMPL_H

#include "setup_form.h"
#include "setup_layout.h"
#include "view.h"

/* A study of experiments.ini. What was changed on the screen stays with it while others are looked at. */
struct setup_study {
    char *name;
    bool read, ok;          /* its settings were asked for; they could be had */
    char trouble[512];      /* why they could not */
    struct params own, now; /* the study's own; as they are on the screen */
    struct params kept;     /* ranges that were taken away, to come back */
    struct study_card card;
};

enum setup_pane { PANE_STUDIES, PANE_FORM };

struct setup {
    int n, at; /* studies, and the selected one */
    struct setup_study *studies;
    char trouble[512]; /* why there are none */
    char followed[64]; /* the app's study when it was last drawn */

    enum setup_pane pane;
    enum { FOLD_BY_ROOM, FOLD_OPEN, FOLD_SHUT } folded; /* by room: open where all rows fit */
    bool more, headings;
    struct form_row rows[FORM_ROWS_MAX];
    int n_rows, row;          /* row: under the cursor, never a heading */
    int list_top, fields_top; /* first row shown */
    char refusal[512];        /* of what was typed last */

    bool described;
    struct params described_as; /* what `card` is about */
    struct pair_card card;
    char problem[640]; /* why Start is refused; "" when it is not */

    double next_look; /* clock_seconds */
    int look_at;
    struct setup_layout layout; /* as drawn last */
};

struct setup_study *setup_selected(struct setup *); /* NULL: there are none */
/* The form's rows, with the cursor where it was. */
void setup_rows(struct setup *, bool more, bool headings);
/* The setting under the cursor, -1: none. */
int setup_field(const struct setup *);
/* Settings that differ from the study's own, those under "more" alone when `hidden`. */
int setup_changes(const struct setup_study *, bool hidden);
void setup_draw(struct setup *, struct view_context *, struct canvas *);

#endif
