/* setup_bench: the Setup screen over a host made by hand, the same on every machine. */
#ifndef FSPLAB_TESTS_SETUP_BENCH_H
#define FSPLAB_TESTS_SETUP_BENCH_H

#include "ui_fixture.h"

#include "../src/ui/setup_impl.h"

struct hand {
    int describes;
    char problem[512];   /* given to every pair */
    const char *trouble; /* why there are no studies */
    char state_of_demo[16];
    struct cost_card cost; /* of every study */
    int measures;
};

struct bench {
    struct model model;
    struct hand hand;
    struct ui_host host;
    struct ui ui;
    struct request out; /* of the latest command */
};

enum { setup_studies_kept = 6 };
const char *setup_study_kept(size_t i);

void begin_at(struct bench *, const char *study); /* not yet open: the hand may be told what to say */
void open_screen(struct bench *);
void begin(struct bench *); /* the two in one, on no study */
void finish(struct bench *);
struct setup *state_of(struct bench *);
bool press(struct bench *, enum command);
struct params *now(struct bench *);
/* Brings the form's cursor to a setting by Down, and by Right where a group is shut. Returns the setting. */
int go_to(struct bench *, const char *name);
bool type(struct bench *, const char *text, struct err *);
/* A value of the form, as the text that the settings have for it; until the next call. */
const char *value(struct bench *, const char *name);
bool screen_has(struct bench *, int w, int h, const char *words);

#endif
