/* view: one screen. It draws the model into a rectangle and turns commands into requests; it talks to nobody. */
#ifndef FSPLAB_UI_VIEW_H
#define FSPLAB_UI_VIEW_H

#include "../io/digest.h"
#include "../io/wire.h"
#include "keys.h"
#include "model.h"
#include "report_card.h"
#include "theme.h"

/* What a screen asks the app to do. */
struct request {
    enum {
        ASK_NOTHING,
        ASK_STUDY, /* `wire` to the study process; asked for confirmation first when `confirm` is not "" */
        ASK_START, /* start the study named `text` with `params`, which stay valid until the next command; asked for
                       confirmation first when `confirm` is not ""; `stay`: go on looking at this screen */
        ASK_RESTART, /* stop the study that is looked at where a process runs it, wait until that has ended, and go on with
                        `params` (valid until the next call), `text` says with what; `confirm` as for ASK_STUDY */
        ASK_STATUS, /* show `text` in the status line */
        ASK_TYPE,   /* let the user type a line: prompt `text`, initial `initial`; it comes back through typed() */
        ASK_PROBE,  /* fetch the probe that sel.probe_* names */
        ASK_SCREEN, /* show the screen named `text` */
        ASK_EXPORT, /* write what is shown to the file `text`; asked for confirmation first when `confirm` is not "" */
        ASK_OPEN,   /* look at the study named `text`, whether or not a process runs it */
    } kind;
    struct wire_request wire;
    char confirm[128], text[256], initial[64];
    const struct params *params;
    bool stay;
};

struct belief;
struct sheet;
struct space;

struct view_context {
    struct model *model;
    const struct look *look;
    const struct ui_host *host;
    struct belief *belief; /* of the study that is looked at; one for all screens. NULL: there is none */
};

/* A part of a screen's state that comes back when the study is looked at again: a bool, or an int from 0 to MAX. */
struct view_pref {
    const char *name; /* "axis"; in the file "run.axis" */
    size_t offset;    /* in the state */
    enum { PREF_BOOL, PREF_INT } type;
    int max;
};

struct view {
    const char *name;                                /* "run" */
    const char *title;                               /* "Run" */
    int key;                                         /* '1' */
    size_t state_size;                               /* zeroed memory of its own, given to every call */
    void (*init)(void *self, struct view_context *); /* may be NULL */
    void (*release)(void *self);                     /* may be NULL */
    void (*draw)(void *self, struct view_context *, struct canvas *, struct rect);
    /* false: the command means nothing here. */
    bool (*command)(void *self, struct view_context *, enum command, struct request *);
    /* What ASK_TYPE brought. false with err: refused in place, the prompt stays open. May be NULL. */
    bool (*typed)(void *self, struct view_context *, const char *text, struct request *, struct err *);
    /* Whether typed() would take the text, asked with every letter; NOTE gets why not and what is allowed, or what it will
     * do. NULL: nothing is said before Enter. */
    bool (*check)(void *self, struct view_context *, const char *text, char *note, size_t cap);
    /* A click (button 1) or the wheel (4, 5) in the rectangle that draw got last. May be NULL. */
    void (*mouse)(void *self, struct view_context *, struct rect, int x, int y, int button, struct request *);
    /* What is shown, with axes, units and where it comes from, onto a sheet (export.h): rows, or a drawing. ERR_STATE: there is
     * nothing to show; ERR_USAGE: not in this format. NULL: this screen goes to no file. */
    bool (*export)(void *self, struct view_context *, struct sheet *, struct err *);
    int n_prefs;
    const struct view_pref *prefs; /* (n_prefs) */
};

extern const struct view view_run, view_fsp, view_search, view_device, view_log, view_setup, view_trials;
extern const struct view view_report;

/* What the roof lends to the screens, since they know neither nets nor processes. */
struct net_card {
    char name[32];
    int64_t parameters, macs, tf_flops; /* on one image */
    int blocks;
};
struct pair_card {
    struct net_card teacher, student; /* name "": the method has none, or it is no net */
    int n_pairs;                      /* FSP: 3; hint: 1; else 0 */
    struct {
        char teacher_maps[64], student_maps[64]; /* "32x32x16 -> 32x32x16" */
        int m, n;                                /* of the FSP matrix; 0: none, or the nets' differ */
    } pair[3];
    int64_t trials, steps; /* planned, repeats and teacher too, unless a search ends early; -1: not known */
    char problem[512];     /* why this cannot be trained; "" when it can */
};
/* What is known of a study without asking its process. */
struct study_card {
    char state[16]; /* "": not started; running, paused, stopped, complete, failed, interrupted (its process is gone),
                       unreadable */
    int trials, complete;
    double best; /* validation accuracy; NaN: none yet */
};
/* How long a study would take on this machine; src/cost.h has the formula. */
struct cost_card {
    double seconds;          /* NaN: not known */
    double stage_seconds[3]; /* of it, of teacher (0: none, or there already), transfer, fine-tuning in all trials */
    bool at_most;            /* a rule may end it earlier */
    char from[256];          /* where the time of a step was taken from, stage by stage where it differs */
    char how[32];      /* the same in brief, the weakest of them: "scaled by MACs", "steps of studies", "measured" */
    bool measuring;    /* a measurement is going on */
    char trouble[256]; /* why the last one failed; "" */
};
struct ui_host {
    void *ctx;
    const char *nets; /* names to choose from, between blanks; others can be typed. May be NULL */
    void (*describe)(void *ctx, const struct params *, struct pair_card *);
    /* Starts (or goes on with) the study process and waits until it listens; true also when one runs already. */
    bool (*start)(void *ctx, const char *study, const struct params *, struct err *);
    /* Whether a process lives that runs the study. May be NULL. */
    bool (*running)(void *ctx, const char *study);
    /* Settings of a study of experiments.ini, those it was begun with on top; and the names there are, those that only
     * RUNS has at the end (free each and the array; -1 with err). */
    bool (*settings)(void *ctx, const char *study, struct params *, struct err *);
    /* The space that settings search. May be NULL. */
    bool (*space)(const struct params *, struct space *, struct err *);
    /* The first points of the search that the settings make, as lab_first_points. May be NULL. */
    int (*points)(const struct params *, int max, double *x, struct err *);
    int (*studies)(void *ctx, char ***names, struct err *);
    /* The estimate, with what is known now; cheap, and waits for nobody. And the beginning of a measurement of these settings'
     * steps, which takes some seconds in a process of its own. May be NULL, both. */
    void (*cost)(void *ctx, const struct params *, int64_t trials, struct cost_card *);
    bool (*measure)(void *ctx, const struct params *, struct err *);
    /* What experiments.ini is at this moment; and the settings as its section STUDY, as config_save. May be NULL, both. */
    bool (*stamp)(void *ctx, char stamp[SHA256_HEX], struct err *);
    bool (*save)(void *ctx, const char *stamp, const char *study, const struct params *, struct err *);
    /* Reads the study's store. Blocks on nobody. May be NULL. */
    void (*look)(void *ctx, const char *study, struct study_card *);
    /* The paper's tables as far as the stores fill them. CHOSEN: a study for each row, "": as the roof thinks best. Blocks on
     * nobody, but reads every store: not for each frame. May be NULL. */
    void (*report)(void *ctx, const char chosen[CARD_ROWS][64], struct report_card *);
};

#endif
