/* ui_fixture: a model filled by hand, the same on every machine, and a screen drawn from it, for the tests of the screens. */
#ifndef FSPLAB_TESTS_UI_FIXTURE_H
#define FSPLAB_TESTS_UI_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/ui/view.h"

/* A study "demo" at step 120 of 200 of the transfer of trial 3: two trials that have ended, curves, a change of lambda at
 * step 60, matrices, half a minute of samples. model_release it. */
void ui_model(struct model *);
/* One more point of a series; made when it is new. */
void ui_add(struct curves *, const char *stage, const char *key, double step, double value, double seconds);

struct ui {
    struct model *model;
    struct look look;
    struct view_context context;
    const struct view *view;
    void *self;
};
void ui_open(struct ui *, const struct view *, struct model *);
void ui_close(struct ui *);
/* The search's belief for this screen: ui_text waits for it. */
void ui_believe(struct ui *);
bool ui_command(struct ui *, enum command, struct request *);
/* As text; the last drawn area is w x h at (0, 0). free(). */
char *ui_text(struct ui *, int w, int h);
/* With a border of '~' around it that must still be there: nothing is drawn outside. Fails the test otherwise. */
void ui_stays_inside(struct ui *, int w, int h);

#endif
