/* Settings that a study takes at its start alone, its ranges and its strategy: the process is asked to stop, which saves it;
 * when it has ended, which is when it no longer answers and nobody holds the study's lock, the study is gone on with. Nothing
 * waits but the start itself, as any start does. */
#include <stdio.h>
#include <string.h>

#include "app_impl.h"

#define PATIENCE 300.0 /* seconds for the process to save and end: a step of a large net, and its checkpoint */

static void go_on(struct app *a)
{
    struct restart *r = &a->restart;
    struct err err = {0};
    r->on = false;
    app_say(a, ROLE_TEXT, "going on with %s", r->what);
    app_redraw(a); /* the start is waited for */
    a->status[0] = 0;
    if (!a->options->host->start(a->options->host->ctx, r->study, &r->params, &err)) {
        app_say(a, ROLE_BAD, "%s: the study is stopped; `fsplab run %s` goes on as before", err.msg, r->study);
        return;
    }
    app_open_study(a, r->study);
    app_say(a, ROLE_GOOD, "%s from now on; `fsplab run` goes by experiments.ini, so put it there to keep it", r->what);
}

void restart_ask(struct app *a, const struct request *r)
{
    const struct wire_request stop = {.ask = WIRE_STOP};
    struct restart *to = &a->restart;
    if (!a->options->host || !a->options->host->start) {
        app_say(a, ROLE_BAD, "a study cannot be started from here");
        return;
    }
    if (!a->link.act && a->options->host->running && a->options->host->running(a->options->host->ctx, a->model.study)) {
        app_say(a, ROLE_BAD, "the process that runs this study does not answer");
        return;
    }
    *to = (struct restart){.on = true, .params = *r->params, .give_up = a->model.now + PATIENCE};
    str_append(to->study, sizeof to->study, 0, "%s", a->model.study);
    str_append(to->what, sizeof to->what, 0, "%s", r->text);
    if (a->link.act)
        to->on = link_ask(a, &stop);
    restart_turn(a);
}

void restart_turn(struct app *a)
{
    struct restart *r = &a->restart;
    const struct ui_host *h = a->options->host;
    if (!r->on)
        return;
    if (strcmp(r->study, a->model.study) != 0) {
        r->on = false; /* another one is looked at: the stopped one is left as it is */
    } else if (!a->link.watch && !a->link.act && !(h->running && h->running(h->ctx, r->study))) {
        go_on(a);
    } else if (a->model.now >= r->give_up) {
        r->on = false;
        app_say(a, ROLE_BAD, "the process has not ended: nothing was changed but that it was asked to stop");
    }
}

void restart_refused(struct app *a)
{
    a->restart.on = false;
}
