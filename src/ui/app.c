/* The loop: wait for a key, an answer or the next due moment; turn them into changes of the model; draw when something has
 * changed. One thread draws and talks; nothing in it waits for anybody but the start of a study. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_impl.h"
#include "belief.h"
#include "line.h"

#define STORE_EVERY 1.0  /* seconds between looks into the store, */
#define SAMPLE_EVERY 1.0 /* and between samples of GPU and process */
#define SAY_SECONDS 8.0
#define BELIEF_SECONDS 60 /* as long does a screen that is printed wait for its picture */

const struct view *const app_views[] = {&view_setup,  &view_run, &view_fsp,    &view_search,
                                        &view_device, &view_log, &view_trials, &view_report};
const int app_view_count = (int)ARRAY_LEN(app_views);

static volatile sig_atomic_t signalled;

static void on_signal(int sig)
{
    signalled = sig;
}

static void catch_signals(void)
{
    struct sigaction s = {.sa_handler = on_signal};
    sigaction(SIGINT, &s, NULL);
    sigaction(SIGTERM, &s, NULL);
    sigaction(SIGHUP, &s, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int app_find_view(const char *name)
{
    for (int i = 0; i < app_view_count; i++)
        if (strcmp(app_views[i]->name, name) == 0)
            return i;
    return -1;
}

const char *app_screen_name(int i)
{
    return i < app_view_count ? app_views[i]->name : NULL;
}

void app_say(struct app *a, enum theme_role role, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->status, sizeof a->status, fmt, args);
    va_end(args);
    a->status_role = role;
    a->status_until = a->model.now + SAY_SECONDS;
    a->dirty = true;
}

/* ---- life ---- */

static void tick(struct app *a)
{
    a->model.now = clock_seconds();
    a->model.now_ms = clock_unix_ms();
}

static void init_views(struct app *a)
{
    for (int i = 0; i < app_view_count; i++) {
        a->states[i] = xcalloc(1, app_views[i]->state_size ? app_views[i]->state_size : 1);
        if (app_views[i]->init)
            app_views[i]->init(a->states[i], &a->context);
    }
}

bool app_pick_theme(struct app *a, const char *theme, struct err *err)
{
    struct look *l = &a->look;
    if (!theme || strcmp(theme, "dark") == 0)
        l->theme = theme_dark;
    else if (strcmp(theme, "light") == 0)
        l->theme = theme_light;
    else
        return theme_read(theme, &l->theme, err);
    return true;
}

static bool app_init(struct app *a, const struct app_options *o, struct err *err)
{
    memset(a, 0, sizeof *a);
    a->options = o;
    a->context = (struct view_context){&a->model, &a->look, o->host, NULL};
    if (!app_pick_theme(a, o->theme, err))
        return false;
    model_init(&a->model, o->study, o->runs, o->readonly);
    tick(a);
    a->context.belief = belief_new();
    init_views(a);
    a->view = app_find_view(o->study[0] ? "run" : "setup");
    a->dirty = true;
    return true;
}

static void app_release(struct app *a)
{
    for (int i = 0; i < app_view_count; i++) {
        if (app_views[i]->release)
            app_views[i]->release(a->states[i]);
        free(a->states[i]);
    }
    palette_end(a);
    belief_free(a->context.belief);
    link_close(&a->link);
    model_release(&a->model);
    canvas_release(&a->canvas);
}

static void read_store(struct app *a)
{
    struct err err = {0};
    if (a->model.study[0] && !model_read_store(&a->model, &err) && err.code != ERR_BUSY)
        app_say(a, ROLE_BAD, "%s", err.msg);
    a->next_store = a->model.now + (model_has_more(&a->model) ? 0.03 : STORE_EVERY);
    a->dirty = true;
}

void app_open_study(struct app *a, const char *study)
{
    struct selection fresh = {.follow = true, .fsp_step = -1};
    char name[64];
    str_append(name, sizeof name, 0, "%s", study);
    link_close(&a->link);
    if (strcmp(name, a->model.study) != 0) {
        model_release(&a->model);
        model_init(&a->model, name, a->options->runs, a->options->readonly);
        a->model.sel = fresh;
        belief_free(a->context.belief);
        a->context.belief = belief_new();
    }
    tick(a);
    a->tune = (struct tune){0};
    read_store(a);
    seen_load(a);
}

void app_redraw(struct app *a)
{
    app_draw(a);
    term_draw(a->term, &a->canvas, a->look.depth);
    a->dirty = false;
}

/* ---- requests of screens ---- */

void app_show(struct app *a, int view)
{
    if (view < 0 || view >= app_view_count)
        return;
    a->view = view;
    a->dirty = true;
}

/* Whether the screen says something of every letter of this text. */
static bool is_checked(const struct app *a)
{
    return a->dialog == DIALOG_TYPE && !a->typed_tune && a->pending.wire.ask != WIRE_CLONE && app_views[a->view]->check;
}

static void check_text(struct app *a)
{
    a->note[0] = 0;
    if (is_checked(a))
        a->note_ok = app_views[a->view]->check(a->states[a->view], &a->context, a->text, a->note, sizeof a->note);
}

static void open_typing(struct app *a, const struct request *r, bool tune)
{
    a->dialog = DIALOG_TYPE;
    a->pending = *r;
    a->typed_tune = tune;
    a->refusal[0] = 0;
    str_append(a->text, sizeof a->text, 0, "%s", r->initial);
    check_text(a);
}

static void start_study(struct app *a, const struct request *r)
{
    struct err err = {0};
    char study[64];
    str_append(study, sizeof study, 0, "%s", r->text[0] ? r->text : a->model.study);
    app_say(a, ROLE_TEXT, "starting '%s': its process reads the data, and makes the synthetic set the first time",
            study);
    app_redraw(a); /* the start is waited for */
    a->status[0] = 0;
    if (!a->options->host || !a->options->host->start(a->options->host->ctx, study, r->params, &err)) {
        app_say(a, ROLE_BAD, "%s", err.msg[0] ? err.msg : "a study cannot be started from here");
        return;
    }
    if (r->stay) {
        app_say(a, ROLE_GOOD, "'%s' runs in the background; Enter on it opens it", study);
        return;
    }
    app_open_study(a, study);
    app_show(a, app_find_view("run"));
}

/* What is kept of the study that is looked at; whether that could be done. */
static bool leave_study(struct app *a)
{
    struct err err = {0};
    bool ok = prefs_save(a, &err);
    if (a->model.study[0])
        seen_save(a);
    if (!ok)
        app_say(a, ROLE_WARN, "how this study is looked at is not kept: %s", err.msg);
    return ok;
}

void app_obey(struct app *a, const struct request *r, bool tune)
{
    switch (r->kind) {
    case ASK_NOTHING: break;
    case ASK_STUDY:
        if (a->model.readonly)
            app_say(a, ROLE_WARN, "read only: nothing can be changed from here");
        else if (r->confirm[0])
            a->dialog = DIALOG_CONFIRM, a->pending = *r;
        else if (link_ask(a, &r->wire) && r->wire.ask == WIRE_SET)
            tune_asked(&a->tune, r->wire.key[0], r->wire.value[0]);
        break;
    case ASK_START:
        if (r->confirm[0])
            a->dialog = DIALOG_CONFIRM, a->pending = *r;
        else
            start_study(a, r);
        break;
    case ASK_RESTART:
        if (a->model.readonly)
            app_say(a, ROLE_WARN, "read only: nothing can be changed from here");
        else if (r->confirm[0])
            a->dialog = DIALOG_CONFIRM, a->pending = *r;
        else
            restart_ask(a, r);
        break;
    case ASK_STATUS: app_say(a, ROLE_TEXT, "%s", r->text); break;
    case ASK_TYPE: open_typing(a, r, tune); break;
    case ASK_PROBE: {
        struct wire_request w = {
            .ask = WIRE_PROBE, .image = a->model.sel.probe_image, .block = a->model.sel.probe_block};
        a->model.probe.waiting = link_ask(a, &w);
        break;
    }
    case ASK_SCREEN: app_show(a, app_find_view(r->text)); break;
    case ASK_EXPORT: {
        struct err err = {0};
        if (r->confirm[0])
            a->dialog = DIALOG_CONFIRM, a->pending = *r;
        else if (!export_now(a, r->text, &err))
            app_say(a, ROLE_BAD, "%s", err.msg);
        break;
    }
    case ASK_OPEN:
        leave_study(a);
        app_open_study(a, r->text);
        app_show(a, app_find_view("run"));
        prefs_load(a, false);
        break;
    }
    a->dirty = true;
}

/* ---- commands that hold everywhere ---- */

void app_look_at(struct app *a, int trial)
{
    struct selection *s = &a->model.sel;
    s->trial = trial;
    s->follow = false;
    s->fsp_step = -1;
    read_store(a);
}

static void select_trial(struct app *a, int by)
{
    const struct model *m = &a->model;
    for (int i = 0; i < m->n_trials; i++)
        if (m->trials[i].number == m->sel.trial) {
            if (i + by >= 0 && i + by < m->n_trials)
                app_look_at(a, m->trials[i + by].number);
            return;
        }
}

static void follow(struct app *a)
{
    struct selection *s = &a->model.sel;
    s->follow = true;
    s->stage[0] = 0;
    s->fsp_step = -1;
    if (a->model.live.trial)
        s->trial = a->model.live.trial;
    read_store(a);
}

static void cycle_glyphs(struct app *a)
{
    static const char *const names[] = {"braille", "blocks", "plain characters"};
    a->look.glyphs = a->look.glyphs == GLYPHS_ASCII ? a->best_glyphs : a->look.glyphs + 1;
    app_say(a, ROLE_TEXT, "glyphs: %s", names[a->look.glyphs]);
}

static void ask_study(struct app *a, enum wire_ask ask, const char *confirm)
{
    struct request r = {.kind = ASK_STUDY, .wire = {.ask = ask, .trial = ask == WIRE_SKIP ? a->model.live.trial : 0}};
    str_append(r.confirm, sizeof r.confirm, 0, "%s", confirm);
    app_obey(a, &r, false);
}

/* "lambda=0.2 transfer_lr=0.01 warm": what is to be different in a clone; said as ctl takes it. */
static bool parse_clone(const char *text, struct wire_request *w, struct err *err)
{
    char *line = xstrfmt("clone %d %s", w->trial, text);
    bool ok = app_parse_request(line, w, err);
    free(line);
    return ok;
}

static void clone_trial(struct app *a)
{
    struct request r = {.kind = ASK_TYPE, .wire = {.ask = WIRE_CLONE, .trial = a->model.sel.trial}};
    snprintf(r.text, sizeof r.text, "clone of trial %d, with (key=value ... [warm])", a->model.sel.trial);
    open_typing(a, &r, false);
}

static void quit(struct app *a)
{
    if (a->link.act && !a->model.readonly)
        a->dialog = DIALOG_QUIT;
    else
        a->done = true;
}

/* false: the command is not one of these. */
static bool everywhere(struct app *a, enum command c)
{
    switch (c) {
    case CMD_HELP: a->dialog = DIALOG_HELP, a->help_top = 0; return true;
    case CMD_QUIT: quit(a); return true;
    case CMD_DETACH: a->done = true; return true;
    case CMD_NEXT_SCREEN: app_show(a, (a->view + 1) % app_view_count); return true;
    case CMD_PREVIOUS_SCREEN: app_show(a, (a->view + app_view_count - 1) % app_view_count); return true;
    case CMD_GLYPHS: cycle_glyphs(a); return true;
    case CMD_THEME: a->look.theme = a->look.theme.light ? theme_dark : theme_light; return true;
    case CMD_REDRAW:
        if (a->term)
            term_redraw(a->term);
        return true;
    case CMD_NEXT_TRIAL: select_trial(a, 1); return true;
    case CMD_PREVIOUS_TRIAL: select_trial(a, -1); return true;
    case CMD_FOLLOW: follow(a); return true;
    case CMD_PAUSE:
        ask_study(a, strcmp(a->model.live.state, "paused") == 0 ? WIRE_RESUME : WIRE_PAUSE, "");
        return true;
    case CMD_STOP: ask_study(a, WIRE_STOP, "stop the study? It is saved; its process ends."); return true;
    case CMD_SKIP: ask_study(a, WIRE_SKIP, "end this stage here? The trial counts as edited."); return true;
    case CMD_CLONE: clone_trial(a); return true;
    case CMD_EXPORT: export_begin(a); return true;
    case CMD_PALETTE: palette_begin(a, ""); return true;
    default: return false;
    }
}

void app_command(struct app *a, const struct key_def *k)
{
    const struct view *v = app_views[a->view];
    struct request r = {0};
    if (k->acts && a->model.readonly) {
        app_say(a, ROLE_WARN, "read only: nothing can be changed from here");
        return;
    }
    if (v->command && v->command(a->states[a->view], &a->context, k->command, &r)) {
        app_obey(a, &r, false);
        a->next_store = fmin(a->next_store, a->model.now + 0.02); /* what is looked at may have changed */
    } else if (tune_command(&a->tune, &a->context, k->command, &r)) {
        app_obey(a, &r, true);
    } else {
        everywhere(a, k->command);
    }
    a->dirty = true;
}

/* ---- keys ---- */

static void typed(struct app *a)
{
    const struct view *v = app_views[a->view];
    struct request r = {0};
    struct err err = {0};
    bool ok;
    if (a->typed_tune) {
        ok = tune_typed(&a->context, a->text, &r, &err);
    } else if (a->pending.wire.ask == WIRE_CLONE) {
        r = (struct request){.kind = ASK_STUDY, .wire = a->pending.wire};
        ok = parse_clone(a->text, &r.wire, &err);
    } else {
        ok = v->typed && v->typed(a->states[a->view], &a->context, a->text, &r, &err);
    }
    if (!ok) {
        str_append(a->refusal, sizeof a->refusal, 0, "%s", err.msg);
        return;
    }
    a->dialog = DIALOG_NONE;
    app_obey(a, &r, a->typed_tune);
}

static void type_key(struct app *a, int key)
{
    a->refusal[0] = 0;
    if (key == '\r' || key == '\n')
        typed(a);
    else if (key == 27)
        a->dialog = DIALOG_NONE;
    else
        line_key(a->text, sizeof a->text, key);
    if (a->dialog == DIALOG_TYPE)
        check_text(a);
}

static void quit_key(struct app *a, int key)
{
    a->dialog = DIALOG_NONE;
    if (key == 'd' || key == 'q' || key == 3) {
        a->done = true;
    } else if (key == 'p') {
        struct wire_request pause = {.ask = WIRE_PAUSE};
        if (strcmp(a->model.live.state, "paused") == 0)
            a->done = true;
        else
            a->leaving = link_ask(a, &pause);
    } else if (key == 's') {
        struct wire_request stop = {.ask = WIRE_STOP};
        a->leaving = link_ask(a, &stop);
    }
}

static void dialog_key(struct app *a, int key)
{
    bool yes = key == '\r' || key == '\n' || key == 'y';
    switch (a->dialog) {
    case DIALOG_TYPE: type_key(a, key); break;
    case DIALOG_PALETTE: palette_dialog_key(a, key); break;
    case DIALOG_QUIT: quit_key(a, key); break;
    case DIALOG_CONFIRM:
        a->dialog = DIALOG_NONE;
        if (yes) {
            a->pending.confirm[0] = 0;
            app_obey(a, &a->pending, false);
        }
        break;
    case DIALOG_HELP:
        if (key == TERM_DOWN || key == 'j' || key == TERM_PAGE_DOWN)
            a->help_top += key == TERM_PAGE_DOWN ? 10 : 1;
        else if (key == TERM_UP || key == 'k' || key == TERM_PAGE_UP)
            a->help_top -= key == TERM_PAGE_UP ? 10 : 1;
        else
            a->dialog = DIALOG_NONE;
        a->help_top = a->help_top < 0 ? 0 : a->help_top;
        break;
    case DIALOG_NONE: break;
    }
}

/* A click on what is said makes room for the keys again. */
static void click_footer(struct app *a, int x)
{
    const struct key_def *k = app_footer_key_at(a, x);
    if (a->status[0])
        a->status[0] = 0;
    else if (k)
        app_command(a, k);
}

static void mouse_dialog(struct app *a, int x, int y, int button)
{
    int key = button >= 4 ? 0 : app_dialog_key_at(a, x, y);
    if (a->dialog == DIALOG_PALETTE)
        button >= 4 ? palette_dialog_key(a, button == 4 ? TERM_BACK_TAB : '\t') : palette_click(a, x, y);
    else if (a->dialog == DIALOG_HELP && button >= 4)
        dialog_key(a, button == 4 ? TERM_UP : TERM_DOWN);
    else if (key)
        dialog_key(a, key);
}

static void mouse_event(struct app *a)
{
    const struct view *v = app_views[a->view];
    struct request r = {0};
    int x, y, button;
    term_mouse(a->term, &x, &y, &button);
    if (a->dialog != DIALOG_NONE) {
        mouse_dialog(a, x, y, button);
        return;
    }
    if (y == 0 && button == 1)
        app_show(a, app_bar_view_at(a, x));
    else if (y == a->canvas.h - 1 && button == 1)
        click_footer(a, x);
    else if (v->mouse && rect_has(a->body, x, y)) {
        v->mouse(a->states[a->view], &a->context, a->body, x, y, button, &r);
        app_obey(a, &r, false);
    }
}

static void resize(struct app *a)
{
    int w, h;
    term_size(a->term, &w, &h);
    canvas_resize(&a->canvas, w, h);
}

static void app_key(struct app *a, int key)
{
    const struct key_def *k;
    a->dirty = true;
    if (key == TERM_GONE) {
        a->done = true;
    } else if (key == TERM_RESIZE) {
        resize(a);
    } else if (key == TERM_MOUSE) {
        mouse_event(a);
    } else if (a->dialog != DIALOG_NONE) {
        dialog_key(a, key);
    } else {
        for (int i = 0; i < app_view_count; i++)
            if (app_views[i]->key == key) {
                app_show(a, i);
                return;
            }
        if (key_command(app_views[a->view]->name, key, &k) != CMD_NONE)
            app_command(a, k);
    }
}

/* ---- the loop ---- */

static int wait_ms(const struct app *a)
{
    double due = fmin(a->next_store, a->next_sample);
    if (a->model.study[0])
        due = fmin(due, link_due(a));
    if (a->status[0])
        due = fmin(due, a->status_until);
    double ms = 1000 * (due - a->model.now);
    return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms + 1;
}

static void wait_for_something(struct app *a)
{
    const struct client *const clients[] = {a->link.watch, a->link.act, a->link.greeting[0], a->link.greeting[1]};
    enum { TERM, BELIEF, CLIENTS };
    struct pollfd fds[CLIENTS + ARRAY_LEN(clients)] = {
        [TERM] = {.fd = term_fd(a->term), .events = POLLIN},
        [BELIEF] = {.fd = belief_fd(a->context.belief), .events = POLLIN}};
    for (size_t i = 0; i < ARRAY_LEN(clients); i++)
        fds[CLIENTS + i] = (struct pollfd){.fd = clients[i] ? client_fd(clients[i]) : -1, .events = POLLIN};
    if (poll(fds, ARRAY_LEN(fds), wait_ms(a)) > 0 && fds[BELIEF].revents) {
        belief_picture(a->context.belief); /* takes it in */
        a->dirty = true;
    }
}

static void turn(struct app *a)
{
    int key;
    tick(a);
    while (!a->done && (key = term_key(a->term)) != KEY_NONE)
        app_key(a, key);
    if (a->done)
        return;
    if (a->status[0] && a->model.now >= a->status_until)
        a->status[0] = 0, a->dirty = true;
    link_turn(a);
    restart_turn(a);
    if (a->model.now >= a->next_store)
        read_store(a);
    if (a->model.now >= a->next_sample) {
        model_sample(&a->model);
        a->next_sample = a->model.now + SAMPLE_EVERY;
        a->dirty |= a->view == app_find_view("device") || a->canvas.w >= 160;
    }
}

int app_run(const struct app_options *o, struct err *err)
{
    struct app *a = xcalloc(1, sizeof *a);
    enum glyph_set glyphs = GLYPHS_ASCII;
    enum color_depth depth = DEPTH_MONO;
    catch_signals();
    if (!app_init(a, o, err)) {
        free(a);
        return err_exit_status(err->code);
    }
    a->term = term_open(true, &depth, &glyphs, err);
    if (!a->term) {
        app_release(a);
        free(a);
        return err_exit_status(err->code);
    }
    a->look.depth = depth;
    a->look.glyphs = a->best_glyphs = glyphs;
    resize(a);
    if (o->study[0]) {
        app_open_study(a, o->study);
        if (!a->model.study_state[0]) /* not begun: all there is to look at is its settings */
            app_show(a, app_find_view("setup"));
        prefs_load(a, true);
    }
    while (!a->done && !signalled) {
        turn(a);
        if (a->done)
            break;
        if (a->dirty)
            app_redraw(a);
        wait_for_something(a);
    }
    bool kept = leave_study(a);
    term_close(a->term);
    if (!kept)
        fprintf(stderr, "fsplab: %s\n", a->status);
    app_release(a);
    free(a);
    return 0;
}

/* ---- a screen as text ---- */

static void collect(struct app *a)
{
    struct wire_request r = {.ask = WIRE_STATUS};
    struct err ignored = {0};
    struct client *c = client_open(a->model.dir, &ignored);
    json_t *o = c ? client_ask(c, &r, 5000, &ignored) : NULL;
    if (o && model_take_status(&a->model, o, &ignored))
        a->model.conn = CONN_LIVE;
    json_decref(o);
    client_close(c);
}

char *app_screen_text(const struct app_options *o, const char *screen, int w, int h, bool ansi, struct err *err)
{
    struct app *a = xcalloc(1, sizeof *a);
    int view = app_find_view(screen);
    char *text = NULL;
    if (view < 0) {
        err_set(err, ERR_USAGE, "there is no screen '%s'", screen);
    } else if (app_init(a, o, err)) {
        a->view = view;
        if (o->plain)
            a->look.glyphs = GLYPHS_ASCII;
        if (!ansi) /* a matrix by its shades, since its colours will not be seen */
            a->look.depth = DEPTH_MONO;
        canvas_init(&a->canvas, w, h);
        if (o->study[0])
            collect(a);
        if (!o->study[0] || model_read_store(&a->model, err)) {
            model_sample(&a->model);
            app_draw(a);
            if (belief_wait(a->context.belief, BELIEF_SECONDS)) /* it was asked for by the first drawing */
                app_draw(a);
            text = ansi ? canvas_to_ansi(&a->canvas) : canvas_to_text(&a->canvas);
        }
        app_release(a);
    }
    free(a);
    return text;
}
