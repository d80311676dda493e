/* view: one screen. It draws the model into a rectangle and turns commands into requests; it talks to nobody. */
#ifndef FSPLAB_UI_VIEW_H
#define FSPLAB_UI_VIEW_H

#include "../io/wire.h"
#include "keys.h"
#include "model.h"
#include "theme.h"

/* What a screen asks the app to do. */
struct request {
    enum {
        ASK_NOTHING,
        ASK_STUDY,   /* `wire` to the study process; asked for confirmation first when `confirm` is not "" */
        ASK_START,   /* start the study with `params` */
        ASK_STATUS,  /* show `text` in the status line */
        ASK_TYPE,    /* let the user type a line: prompt `text`, initial `initial`; it comes back through typed() */
        ASK_PROBE,   /* fetch the probe that sel.probe_* names */
        ASK_SCREEN,  /* show the screen named `text` */
    } kind;
    struct wire_request wire;
    char confirm[128], text[256], initial[64];
    const struct params *params;
};

struct view_context {
    struct model *model;
    const struct look *look;
    const struct ui_host *host;
};

struct view {
    const char *name;  /* "run" */
    const char *title; /* "Run" */
    int key;           /* '1' */
    size_t state_size; /* zeroed memory of its own, given to every call */
    void (*init)(void *self, struct view_context *);    /* may be NULL */
    void (*release)(void *self);                         /* may be NULL */
    void (*draw)(void *self, struct view_context *, struct canvas *, struct rect);
    /* false: the command means nothing here. */
    bool (*command)(void *self, struct view_context *, enum command, struct request *);
    /* What ASK_TYPE brought. false with err: refused in place, the prompt stays open. May be NULL. */
    bool (*typed)(void *self, struct view_context *, const char *text, struct request *, struct err *);
    /* A click (button 1) or the wheel (4, 5) in the rectangle that draw got last. May be NULL. */
    void (*mouse)(void *self, struct view_context *, struct rect, int x, int y, int button, struct request *);
};

extern const struct view view_run, view_fsp, view_device, view_log, view_setup;

/* What the roof lends to the screens, since they know neither nets nor processes. */
struct net_card {
    char name[32];
    int64_t parameters, macs, tf_flops;
    int blocks;
};
struct pair_card {
    struct net_card teacher, student; /* teacher.name "" where the method has none */
    int n_pairs;
    struct {
        char teacher_maps[64], student_maps[64]; /* "32x32x16 -> 32x32x16" */
        int m, n;                                /* of the FSP matrix; 0: none */
    } pair[3];
    char problem[512]; /* why this cannot be trained; "" when it can */
};
struct ui_host {
    void *ctx;
    void (*describe)(void *ctx, const struct params *, struct pair_card *);
    /* Starts (or goes on with) the study process and waits until it listens. */
    bool (*start)(void *ctx, const char *study, const struct params *, struct err *);
    /* Settings of a study of experiments.ini, and the names there are (free each and the array). */
    bool (*settings)(void *ctx, const char *study, struct params *, struct err *);
    int (*studies)(void *ctx, char ***names, struct err *);
};

#endif
