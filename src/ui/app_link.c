/* Snapshots are pulled, one at a time, and the next one not before the frame of the last is out: a stalled terminal piles
 * up nothing. Commands are queued and sent one after the other; what each did is said in the status line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_impl.h"

#define POLL_RUNNING 0.25 /* seconds between snapshots of a study that runs, */
#define POLL_RESTING 1.0  /* and of one that does not */
#define RETRY 1.0         /* between looks for a study process, */
#define GREETING 5.0      /* and until one that does not answer (stopped by ^Z) is given up */

void link_close(struct link *l)
{
    client_close(l->watch);
    client_close(l->act);
    client_close(l->greeting[0]);
    client_close(l->greeting[1]);
    *l = (struct link){0};
}

/* ---- connecting ---- */

static void lose(struct app *a, const char *why)
{
    struct model *m = &a->model;
    int waiting = a->link.n;
    link_close(&a->link);
    tune_lost(&a->tune);
    a->leaving = false;
    a->link.next_try = m->now + RETRY;
    if (m->conn == CONN_LIVE) {
        m->conn = CONN_LOST;
        m->live.valid = false;
        a->next_store = 0; /* how it ended is in the store */
        a->model.probe.waiting = false;
    }
    str_append(m->conn_message, sizeof m->conn_message, 0, "%s", why);
    if (waiting)
        app_say(a, ROLE_BAD, "not answered: %s", why);
    a->dirty = true;
}

static void not_connected(struct app *a, const struct err *err)
{
    struct model *m = &a->model;
    bool news = strcmp(m->conn_message, err->msg) != 0;
    link_close(&a->link);
    a->link.next_try = m->now + (err->code == ERR_STATE ? RETRY : 5 * RETRY);
    str_append(m->conn_message, sizeof m->conn_message, 0, "%s", err->msg);
    if (err->code != ERR_STATE && news)
        app_say(a, ROLE_BAD, "%s", err->msg);
    a->dirty |= news;
}

static void connect_now(struct app *a)
{
    struct model *m = &a->model;
    struct err err = {0};
    char *path = xstrfmt("%s/sock", m->dir);
    bool there = access(path, F_OK) == 0;
    free(path);
    a->link.next_try = m->now + RETRY;
    if (!there)
        return;
    a->link.give_up = m->now + GREETING;
    for (int i = 0; i < 2; i++)
        if (!(a->link.greeting[i] = client_begin(m->dir, &err))) {
            not_connected(a, &err);
            return;
        }
}

/* Whether both have been answered. */
static void greet(struct app *a)
{
    struct link *l = &a->link;
    struct err err = {0};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        bool yes = !client_waiting(l->greeting[i]); /* before; it may have been lost since */
        json_t *none = NULL;
        if (yes ? !client_take(l->greeting[i], &none, &err) : !client_greeted(l->greeting[i], &yes, &err)) {
            not_connected(a, &err);
            return;
        }
        n += yes;
    }
    if (n == 2) {
        l->watch = l->greeting[0];
        l->act = l->greeting[1];
        l->greeting[0] = l->greeting[1] = NULL;
        a->model.conn = CONN_LIVE;
        a->model.conn_message[0] = 0;
        l->next_poll = 0;
        a->dirty = true;
    } else if (a->model.now >= l->give_up) {
        err_set(&err, ERR_BUSY, "the study process does not answer");
        not_connected(a, &err);
    }
}

/* ---- snapshots ---- */

static void take_snapshot(struct app *a)
{
    json_t *answer = NULL;
    struct err err = {0};
    if (!client_take(a->link.watch, &answer, &err)) {
        lose(a, err.msg);
        return;
    }
    if (!answer)
        return;
    int trial = a->model.sel.trial;
    int64_t event = a->model.live.last_event;
    if (!model_take_status(&a->model, answer, &err))
        lose(a, err.msg);
    else if (a->model.sel.trial != trial || a->model.live.last_event != event)
        a->next_store = 0;
    json_decref(answer);
    a->link.next_poll = a->model.now + (strcmp(a->model.live.state, "running") == 0 ? POLL_RUNNING : POLL_RESTING);
    a->dirty = true;
}

static void ask_snapshot(struct app *a)
{
    struct wire_request r = {.ask = WIRE_STATUS};
    struct err err = {0};
    if (!client_waiting(a->link.watch) && a->model.now >= a->link.next_poll && !client_post(a->link.watch, &r, &err))
        lose(a, err.msg);
}

/* ---- commands ---- */

static void say_answer(struct app *a, const struct wire_request *r, json_t *o)
{
    json_t *clone = json_object_get(o, "clone"), *before = json_object_get(o, "before");
    const char *stage = json_string_value(json_object_get(o, "stage"));
    int step = (int)json_integer_value(json_object_get(o, "step"));
    switch (r->ask) {
    case WIRE_SET:
        app_say(a, ROLE_GOOD, "%s %.6g -> %.6g at step %d of %s", r->key[0], json_number_value(before), r->value[0],
                step, stage ? stage : "?");
        break;
    case WIRE_CLONE:
        app_say(a, ROLE_GOOD, "trial %d will run with these values", (int)json_integer_value(clone));
        break;
    case WIRE_ENQUEUE: app_say(a, ROLE_GOOD, "enqueued: it is tried after the present trial"); break;
    case WIRE_STOP: app_say(a, ROLE_WARN, "stopped at step %d of %s: saved", step, stage ? stage : "?"); break;
    default: app_say(a, ROLE_GOOD, "%s at step %d of %s", wire_ask_name(r->ask), step, stage ? stage : "?"); break;
    }
}

static void answered(struct app *a, const struct wire_request *r, json_t *o)
{
    bool ok = json_is_true(json_object_get(o, "ok"));
    const char *message = json_string_value(json_object_get(o, "message"));
    const char *stage = json_string_value(json_object_get(o, "stage"));
    struct err err = {0};
    if (r->ask == WIRE_SET)
        tune_answered(&a->tune, r->key[0], json_number_value(json_object_get(o, "before")),
                      (int)json_integer_value(json_object_get(o, "trial")), stage ? stage : "",
                      (int)json_integer_value(json_object_get(o, "step")), ok);
    if (r->ask == WIRE_PROBE) {
        if (!model_take_probe(&a->model, o, &err))
            app_say(a, ROLE_BAD, "%s", err.msg);
    } else if (!ok) {
        app_say(a, ROLE_BAD, "%s: %s", wire_ask_name(r->ask), message ? message : "refused");
        a->leaving = false;
        if (r->ask == WIRE_STOP)
            restart_refused(a);
    } else {
        say_answer(a, r, o);
        a->done |= a->leaving && (r->ask == WIRE_PAUSE || r->ask == WIRE_STOP);
    }
    a->link.next_poll = 0;
    a->next_store = 0;
    a->dirty = true;
}

static void turn_commands(struct app *a)
{
    struct link *l = &a->link;
    json_t *answer = NULL;
    struct err err = {0};
    if (!client_take(l->act, &answer, &err)) {
        lose(a, err.msg);
        return;
    }
    if (answer && l->out) {
        struct wire_request r = l->queue[0];
        l->out = false;
        memmove(l->queue, l->queue + 1, (size_t)--l->n * sizeof *l->queue);
        answered(a, &r, answer);
    }
    json_decref(answer);
    if (l->n > 0 && !l->out) {
        l->out = client_post(l->act, &l->queue[0], &err);
        if (!l->out)
            lose(a, err.msg);
    }
}

bool link_ask(struct app *a, const struct wire_request *r)
{
    struct link *l = &a->link;
    if (!l->act) {
        app_say(a, ROLE_BAD, "no process runs this study: start it from Setup (0)");
        return false;
    }
    if (l->n == LINK_QUEUE) {
        app_say(a, ROLE_WARN, "wait: %d requests have not been answered yet", l->n);
        return false;
    }
    l->queue[l->n++] = *r;
    return true;
}

/* ---- the turn ---- */

void link_turn(struct app *a)
{
    if (!a->model.study[0])
        return;
    if (!a->link.watch && !a->link.greeting[0] && a->model.now >= a->link.next_try)
        connect_now(a);
    if (a->link.greeting[0])
        greet(a);
    if (a->link.watch)
        take_snapshot(a);
    if (a->link.watch)
        ask_snapshot(a);
    if (a->link.act)
        turn_commands(a);
}

double link_due(const struct app *a)
{
    if (a->link.greeting[0])
        return a->link.give_up;
    if (!a->link.watch)
        return a->link.next_try;
    return client_waiting(a->link.watch) ? INFINITY : a->link.next_poll;
}
