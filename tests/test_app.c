/* The app on a terminal of our own: scripted keys, and a monkey that presses anything at any size. A study in a store, and
 * no process behind it, or one that this test plays. MONKEY_KEYS: how many keys (default 4000). */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The seam: app.c as it is, on a terminal that is an array. */
#define term_open fake_open
#define term_close fake_close
#define term_fd fake_fd
#define term_size fake_size
#define term_draw fake_draw
#define term_key fake_key
#define term_mouse fake_mouse
#define term_redraw fake_redraw
#include "../src/ui/app.c"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../src/io/wire_words.h"
#include "scratch.h"
#include "store_fixture.h"

/* ---- the terminal ---- */

static struct fake {
    int w, h, x, y, button;
    const int *keys;
    int n, at, frames;
    char *screen;
} fake;

struct term *fake_open(bool mouse, enum color_depth *depth, enum glyph_set *glyphs, struct err *err)
{
    (void)mouse, (void)err;
    *depth = DEPTH_256;
    *glyphs = GLYPHS_BRAILLE;
    return (struct term *)&fake;
}
void fake_close(struct term *t)
{
    (void)t;
}
int fake_fd(const struct term *t)
{
    (void)t;
    return -1;
}
void fake_size(struct term *t, int *w, int *h)
{
    (void)t;
    *w = fake.w, *h = fake.h;
}
void fake_draw(struct term *t, const struct canvas *c, enum color_depth depth)
{
    (void)t, (void)depth;
    free(fake.screen);
    fake.screen = canvas_to_text(c);
    fake.frames++;
}
int fake_key(struct term *t)
{
    (void)t;
    return fake.at < fake.n ? fake.keys[fake.at++] : KEY_NONE;
}
void fake_mouse(const struct term *t, int *x, int *y, int *button)
{
    (void)t;
    *x = fake.x, *y = fake.y, *button = fake.button;
}
void fake_redraw(struct term *t)
{
    (void)t;
}

/* ---- a study and an app on it ---- */

static void describe(void *ctx, const struct params *p, struct pair_card *c)
{
    (void)ctx, (void)p;
    memset(c, 0, sizeof *c);
}
static bool no_start(void *ctx, const char *study, const struct params *p, struct err *err)
{
    (void)ctx, (void)p;
    return err_set(err, ERR_STATE, "'%s' is not started in a test", study);
}
static bool settings(void *ctx, const char *study, struct params *p, struct err *err)
{
    (void)ctx, (void)study, (void)err;
    params_init(p);
    return true;
}
static int studies(void *ctx, char ***names, struct err *err)
{
    (void)ctx, (void)err;
    *names = xmalloc(sizeof **names);
    (*names)[0] = xstrdup("demo");
    return 1;
}
static struct ui_host host = {.describe = describe, .start = no_start, .settings = settings, .studies = studies};
static char runs[600];

static void fill_store(void)
{
    struct store *s = open_store();
    float g[16 * 16];
    struct study_row study = {
        .name = "demo", .settings = (char *)"search.lambda=log 0.01 1\n", .state = "paused", .created_ms = 1};
    OK(store_study_put(s, &study, &oops));
    for (int t = 1; t <= 3; t++) {
        add_trial(s, t);
        for (int i = 1; i <= 50; i++)
            OK(store_value_put(s, t, "transfer", i, "loss", 2.0 / i, 0.1 * i, &oops));
    }
    for (int i = 0; i < 256; i++)
        g[i] = (float)i;
    for (int step = 10; step <= 50; step += 10)
        for (int p = 1; p <= 3; p++)
            for (int k = 0; k < 2; k++)
                OK(store_fsp_put(s, 3, "transfer", step, p, "TS"[k], 16, 16, g, &oops));
    struct event_row e = {
        .trial = 3, .stage = "transfer", .step = 20, .kind = "set", .key = "lambda", .before = 1, .after = 2};
    OK(store_event_put(s, &e, &oops));
    store_close(s);
    snprintf(runs, sizeof runs, "%s/runs", dir);
    setenv("XDG_STATE_HOME", dir, 1);
}

static struct app *begin(struct app_options *o, int w, int h)
{
    struct app *a = xcalloc(1, sizeof *a);
    struct err err = {0};
    fill_store();
    *o = (struct app_options){.study = "demo", .runs = runs, .host = &host};
    if (!app_init(a, o, &err))
        fail_msg("%s", err.msg);
    fake.w = w, fake.h = h, fake.n = fake.at = 0;
    a->term = term_open(true, &a->look.depth, &a->look.glyphs, &err);
    a->best_glyphs = a->look.glyphs;
    resize(a);
    app_open_study(a, "demo");
    app_redraw(a);
    return a;
}

static void end(struct app *a)
{
    app_release(a);
    free(a);
    free(fake.screen);
    fake.screen = NULL;
}

static void press(struct app *a, const int *keys, int n)
{
    fake.keys = keys;
    fake.n = n;
    fake.at = 0;
    turn(a);
    if (!a->done)
        app_redraw(a);
}

static void press_text(struct app *a, const char *text)
{
    for (; *text; text++) {
        int key = (unsigned char)*text;
        press(a, &key, 1);
    }
}

static bool shows(const char *text)
{
    return strstr(fake.screen, text) != NULL;
}

/* ---- scripted ---- */

static void digits_switch_screens(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    for (int i = 0; i < app_view_count; i++) {
        press(a, &app_views[i]->key, 1);
        assert_int_equal(a->view, i);
    }
    press_text(a, "1");
    assert_true(shows("trial 3") && shows("loss, transfer"));
    end(a);
}

static void help_lists_the_keys_of_the_screen(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 60);
    (void)state;
    press_text(a, "1?");
    assert_true(shows("logarithmic or linear y") && !shows("only lines that contain a text"));
    press_text(a, "q"); /* closes the help, does not quit */
    assert_false(a->done);
    press_text(a, "5?");
    assert_true(shows("only lines that contain a text"));
    end(a);
}

static void trials_are_walked_through(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    assert_int_equal(a->model.sel.trial, 3);
    press_text(a, "bb");
    assert_int_equal(a->model.sel.trial, 1);
    press_text(a, "b");
    assert_int_equal(a->model.sel.trial, 1);
    assert_non_null(curves_find(&a->model.curves, "transfer", "loss"));
    assert_int_equal(a->model.curves.trial, 1);
    press_text(a, "nnnn");
    assert_int_equal(a->model.sel.trial, 3);
    end(a);
}

static void a_command_without_a_process_says_so(void **state)
{
    static const char *const keys[] = {"p", "K\r", "X\r", "Clambda=0.1\r"};
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press_text(a, "1");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        a->status[0] = 0;
        press_text(a, keys[i]);
        if (!shows("no process runs this study"))
            fail_msg("after '%s' the screen is\n%s", keys[i], fake.screen);
    }
    press_text(a, "+");
    assert_true(shows("nothing runs whose value could be changed"));
    end(a);
}

static void readonly_changes_nothing(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    a->model.readonly = true;
    for (const char *k = "pKXC+-eu"; *k; k++) {
        a->status[0] = 0;
        press_text(a, (char[]){*k, 0});
        assert_true(shows("read only"));
        assert_int_equal(a->dialog, DIALOG_NONE);
        assert_int_equal(a->link.n, 0);
    }
    end(a);
}

static void a_wrong_clone_is_refused_in_place(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 120, 30);
    (void)state;
    press_text(a, "1Cabc\r");
    assert_int_equal(a->dialog, DIALOG_TYPE);
    assert_true(shows("'abc' is neither key=NUMBER nor warm"));
    press_text(a, "\x15lambda=x\r");
    assert_true(shows("'lambda=x' is neither"));
    press_text(a, "\x1b");
    assert_int_equal(a->dialog, DIALOG_NONE);
    end(a);
}

/* The screen's word on what is being typed stands below the prompt before Enter, and stays there. */
static void what_is_typed_is_judged_letter_by_letter(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press_text(a, "0/lambda1");
    assert_true(shows("settings that have in name or meaning: lambda1"));
    assert_true(shows("1 of ") && shows("with \"lambda1\"")); /* found already */
    press_text(a, "\re\x15-");
    assert_true(shows("lambda1: '-' is not a number (allowed: 0 to 1e+06)"));
    press_text(a, "\x15"
                  "0.5");
    assert_true(shows("lambda1 (0 to 1000000): 0.5") && shows("Enter takes it"));
    press_text(a, "x\r"); /* refused: once, where it was said before */
    assert_int_equal(a->dialog, DIALOG_TYPE);
    assert_true(shows("'0.5x' is not a number"));
    press_text(a, "\x7f\r");
    assert_int_equal(a->dialog, DIALOG_NONE);
    press_text(a, "u");
    assert_false(shows("read only"));
    end(a);
}

static void typed_text_may_be_of_any_script(void **state)
{
    static const int keys[] = {'5', '/', 0xD55C, 0xAE00, 0x1F600, 127, 0xE9};
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press(a, keys, (int)ARRAY_LEN(keys));
    assert_string_equal(a->text, "\xED\x95\x9C\xEA\xB8\x80\xC3\xA9");
    assert_true(shows("\xED\x95\x9C\xEA\xB8\x80"));
    end(a);
}

/* A study process that is stopped: the kernel takes connections in, and nobody answers. */
static int mute_process(const char *study_dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *sock = xstrfmt("%s/sock", study_dir);
    assert_true(strlen(sock) < sizeof a.sun_path);
    memcpy(a.sun_path, sock, strlen(sock));
    free(sock);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static bool told;
static bool slow_start(void *ctx, const char *study, const struct params *p, struct err *err)
{
    (void)ctx, (void)study, (void)p, (void)err;
    told = shows("starting 'demo'");
    return true;
}

static void a_start_is_announced_before_it_is_waited_for(void **state)
{
    struct app_options o;
    struct ui_host other = host;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    other.start = slow_start;
    o.host = &other;
    press_text(a, "0S");
    assert_true(told);
    assert_int_equal(a->view, app_find_view("run"));
    assert_false(shows("starting"));
    told = false;
    press_text(a, "0B"); /* in the background: Setup stays, for the next one */
    assert_true(told);
    assert_int_equal(a->view, app_find_view("setup"));
    assert_true(shows("'demo' runs in the background"));
    end(a);
}

static int started;
static bool run_on(void *ctx, const char *study, const struct params *p, struct err *err)
{
    (void)ctx, (void)err;
    assert_string_equal(study, "demo");
    assert_int_equal(p->max_trials, 31);
    started++;
    return true;
}
static bool still_running;
static bool is_running(void *ctx, const char *study)
{
    (void)ctx, (void)study;
    return still_running;
}

/* A process that has been asked to stop is waited for; another study that is looked at meanwhile calls it off. */
static void other_settings_wait_for_the_end_of_the_process(void **state)
{
    (void)state;
    struct app_options o;
    struct ui_host other = host;
    struct params p;
    params_init(&p);
    p.max_trials = 31;
    struct request r = {.kind = ASK_RESTART, .params = &p, .text = "lambda 1 to 2", .confirm = "save, stop, go on?"};
    other.start = run_on;
    other.running = is_running;
    struct app *a = begin(&o, 100, 30);
    o.host = &other;
    started = 0;
    app_obey(a, &r, false);
    assert_int_equal(a->dialog, DIALOG_CONFIRM);
    press(a, (int[]){27}, 1);
    assert_int_equal(started, 0);
    app_obey(a, &r, false);
    still_running = true; /* and does not answer: nothing could be stopped */
    press(a, (int[]){'y'}, 1);
    assert_false(a->restart.on);
    assert_int_equal(started, 0);
    r.confirm[0] = 0;
    const struct restart waiting = {
        .on = true, .study = "demo", .what = "lambda 1 to 2", .params = p, .give_up = a->model.now + 100};
    a->restart = waiting;
    restart_turn(a); /* it has not ended yet */
    assert_true(a->restart.on && started == 0);
    still_running = false;
    restart_turn(a);
    assert_int_equal(started, 1);
    assert_false(a->restart.on);
    assert_non_null(strstr(a->status, "lambda 1 to 2 from now on"));
    app_obey(a, &r, false); /* where nothing runs it starts at once */
    assert_int_equal(started, 2);
    a->restart = waiting;
    str_append(a->restart.study, sizeof a->restart.study, 0, "another");
    restart_turn(a);
    assert_false(a->restart.on);
    still_running = true;
    a->restart = waiting;
    a->restart.give_up = a->model.now - 1;
    restart_turn(a);
    assert_false(a->restart.on);
    assert_int_equal(started, 2);
    a->model.readonly = true;
    app_obey(a, &r, false);
    assert_int_equal(started, 2);
    assert_non_null(strstr(a->status, "read only"));
    end(a);
}

static void a_process_that_does_not_answer_holds_up_no_key(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    int fd = mute_process(a->model.dir);
    a->link.next_try = 0;
    press_text(a, "5");
    assert_non_null(a->link.greeting[1]); /* it has gone on without waiting */
    assert_null(a->link.watch);
    assert_string_equal(a->model.conn_message, "");
    press_text(a, "2p");
    assert_int_equal(a->view, app_find_view("fsp"));
    assert_true(shows("no process runs this study"));
    a->link.give_up = 0; /* as if the time were up */
    press_text(a, "1");
    assert_null(a->link.greeting[0]);
    assert_true(shows("the study process does not answer"));
    close(fd);
    a->link.next_try = 0;
    press_text(a, "1");
    assert_null(a->link.greeting[0]);
    end(a);
}

static void figures_that_are_old_are_not_called_running(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    a->model.conn = CONN_LIVE;
    a->model.live = (struct live){.valid = true, .trial = 3, .step = 20, .steps = 50, .state = "running"};
    a->model.live_at = clock_seconds();
    press_text(a, "1");
    assert_true(shows(" running\n"));
    a->model.live_at -= 100;
    press_text(a, "1");
    assert_true(shows(" no answer for 10") && !shows(" running\n"));
    a->model.conn = CONN_LOST;
    end(a);
}

/* A pause or a stop that never went out must not end the screens when a later one is answered. */
static void leaving_needs_a_process(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    a->dialog = DIALOG_QUIT;
    press_text(a, "p");
    assert_false(a->leaving || a->done);
    a->dialog = DIALOG_QUIT;
    press_text(a, "s");
    assert_false(a->leaving || a->done);
    end(a);
}

static void a_small_window_still_works(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 20, 5);
    (void)state;
    assert_true(shows("demo") && shows("needs"));
    press_text(a, "d");
    assert_true(a->done);
    end(a);
}

static void quitting_without_a_process_asks_nothing(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press_text(a, "q");
    assert_true(a->done);
    end(a);
}

static void a_terminal_that_has_gone_ends_it(void **state)
{
    static const int gone[] = {TERM_GONE};
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press(a, gone, 1);
    assert_true(a->done);
    end(a);
}

static void what_happened_since_is_said(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 120, 30);
    (void)state;
    assert_false(shows("since you left")); /* never here before */
    seen_save(a);
    end(a);
    struct store *s = open_store();
    add_trial(s, 4);
    struct event_row e = {.trial = 4, .kind = "collapse", .text = "the student is dead"};
    OK(store_event_put(s, &e, &oops));
    store_close(s);
    a = xcalloc(1, sizeof *a);
    struct err err = {0};
    assert_true(app_init(a, &o, &err));
    a->term = (struct term *)&fake;
    resize(a);
    app_open_study(a, "demo");
    app_redraw(a);
    assert_true(shows("since you left") && shows("1 warning"));
    end(a);
}

static void the_names_in_the_top_line_are_buttons(void **state)
{
    static const int click[] = {TERM_MOUSE};
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    fake.y = 0, fake.button = 1;
    for (int i = 0; i < app_view_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%c %s", app_views[i]->key, app_views[i]->title);
        char *first = strstr(fake.screen, name);
        assert_non_null(first);
        fake.x = (int)(first - fake.screen) + 1; /* the top line is ASCII */
        press(a, click, 1);
        assert_int_equal(a->view, i);
    }
    end(a);
}

static void screens_come_as_text(void **state)
{
    struct err err = {0};
    (void)state;
    fill_store();
    struct app_options o = {.study = "demo", .runs = runs, .host = &host};
    for (int i = 0; app_screen_name(i); i++)
        for (int ansi = 0; ansi < 2; ansi++) {
            char *text = app_screen_text(&o, app_screen_name(i), 100, 30, ansi, &err);
            assert_non_null(text);
            int lines = 0;
            for (char *c = text; *c; c++)
                lines += *c == '\n';
            assert_int_equal(lines, 30);
            free(text);
        }
    assert_null(app_screen_text(&o, "nonsense", 80, 24, false, &err));
    assert_int_equal(err.code, ERR_USAGE);
}

/* ---- the palette ---- */

/* Keys without a turn of the loop: what they ask for stays in the queue. */
static void type_line(struct app *a, const char *text)
{
    for (; *text; text++)
        app_key(a, (unsigned char)*text);
}

static const struct palette_item *candidate(const struct app *a, const char *text)
{
    for (int i = 0; i < a->candidates.n; i++)
        if (strcmp(a->candidates.item[i].text, text) == 0)
            return &a->candidates.item[i];
    return NULL;
}

static void every_command_can_be_typed(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    for (int v = 0; v < app_view_count; v++) {
        app_show(a, v);
        type_line(a, ":");
        for (int i = 0; i < key_count; i++) {
            const struct key_def *k = &key_table[i];
            char word[64];
            bool mine = k->view && strcmp(k->view, app_views[v]->name) == 0;
            if (!k->help || k->command == CMD_PALETTE || (!k->view && k->command >= CMD_UP && k->command <= CMD_CANCEL))
                continue;
            command_word(k->command, k->help, word, sizeof word);
            const struct palette_item *item = candidate(a, word);
            if (!item && (mine || !k->view))
                fail_msg("on %s '%s' (%s) cannot be typed", app_views[v]->name, word, k->name);
            if (mine && strcmp(item->key, k->name) != 0)
                fail_msg("on %s '%s' is of the key %s, not of %s", app_views[v]->name, word, item->key, k->name);
        }
        for (int i = 0; i < app_view_count; i++)
            assert_non_null(candidate(a, app_views[i]->name));
        for (int i = 0; i < wire_word_count; i++)
            assert_true(wire_words[i].ask == WIRE_STATUS || candidate(a, wire_ask_name(wire_words[i].ask)));
        app_key(a, 27);
    }
    app_show(a, app_find_view("log"));
    type_line(a, ":");
    assert_null(candidate(a, "next-map")); /* that is Search's */
    end(a);
}

/* What stands in the queue is what `ctl` would send. */
static void what_is_typed_is_what_ctl_sends(void **state)
{
    static const struct {
        const char *typed;
        int n;
        const char *words[5];
    } lines[] = {
        {":pause\r", 1, {"pause"}},
        {":resume\r", 1, {"resume"}},
        {":set lambda=0.05\r", 2, {"set", "lambda=0.05"}},
        {":set finetune_lr=0.05\r", 2, {"set", "finetune_lr=0.05"}},
        {":enqueue lambda=0.1 transfer_lr=1e-3\r", 3, {"enqueue", "lambda=0.1", "transfer_lr=1e-3"}},
        {":clone 2 lambda=0.2 warm\r", 4, {"clone", "2", "lambda=0.2", "--warm"}},
        {":thaw 3\r", 2, {"thaw", "3"}},
        {":stop\r\r", 1, {"stop"}}, /* confirmed, as with its key */
        {":skip\r\r", 1, {"skip"}},
        {":probe image=3 block=2\r", 3, {"probe", "image=3", "block=2"}},
    };
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    struct err err = {0};
    (void)state;
    int fd = mute_process(a->model.dir);
    a->link.act = client_begin(a->model.dir, &err);
    assert_non_null(a->link.act);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct wire_request want;
        a->link.n = 0;
        assert_true(wire_request_words(lines[i].n, lines[i].words, &want, &err));
        type_line(a, lines[i].typed);
        if (a->dialog != DIALOG_NONE)
            fail_msg("after '%s': %s", lines[i].typed, a->palette.refusal);
        assert_int_equal(a->link.n, 1);
        char *sent = wire_request_text(&a->link.queue[0]), *wanted = wire_request_text(&want);
        assert_string_equal(sent, wanted);
        free(sent);
        free(wanted);
    }
    assert_int_equal(a->view, app_find_view("fsp")); /* where a probe is seen */
    close(fd);
    end(a);
}

static void what_cannot_be_typed_stays_in_the_line(void **state)
{
    static const struct {
        const char *typed, *refusal;
    } lines[] = {
        {":set lambda\r", "set: 'lambda' is not key=NUMBER"},    {":clone x\r", "clone: 'x' is no number of a trial"},
        {":clone 2 lambda=0.1\r", "no process runs this study"}, {":pause\r", "no process runs this study"},
        {":screen nowhere\r", "there is no screen 'nowhere'"},   {":trial 99\r", "there is no trial 99"},
        {":open nothing\r", "there is no study 'nothing'"},      {":theme /nowhere/at/all\r", "/nowhere/at/all"},
        {":frobnicate\r", "'frobnicate' is no command here"},
    };
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        type_line(a, lines[i].typed);
        app_redraw(a);
        char line[64];
        str_append(line, sizeof line, 0, "%.*s", (int)strlen(lines[i].typed) - 2, lines[i].typed + 1);
        assert_int_equal(a->dialog, DIALOG_PALETTE);
        assert_string_equal(a->palette.text, line);
        if (!shows(lines[i].refusal))
            fail_msg("after '%s' the screen is\n%s", lines[i].typed, fake.screen);
        app_key(a, 27);
    }
    end(a);
}

static void the_palette_does_without_a_process_what_it_can(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press_text(a, ":log\r");
    assert_int_equal(a->view, app_find_view("log"));
    press_text(a, ":screen fsp\r");
    assert_int_equal(a->view, app_find_view("fsp"));
    press_text(a, ":trial 1\r");
    assert_int_equal(a->model.sel.trial, 1);
    press_text(a, ":theme light\r");
    assert_true(a->look.theme.light);
    press_text(a, ":theme\r"); /* its key's meaning */
    assert_false(a->look.theme.light);
    press_text(a, ":next-tr\r");
    assert_int_equal(a->model.sel.trial, 2);
    press_text(a, ":open demo\r");
    assert_int_equal(a->view, app_find_view("run"));
    press_text(a, ":");
    press(a, (const int[]){TERM_UP, '\r'}, 2); /* the history: open demo, again */
    assert_int_equal(a->dialog, DIALOG_NONE);
    assert_int_equal(a->palette.n_history, 7);
    press_text(a, ":quit\r");
    assert_true(a->done);
    end(a);
}

static void the_palette_of_who_may_only_look(void **state)
{
    static const char *const refused[] = {"pause", "stop", "skip", "clone", "set", "enqueue", "thaw", "raise"};
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    a->model.readonly = true;
    type_line(a, ":");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct palette_item *item = candidate(a, refused[i]);
        assert_true(item && item->refused && strstr(item->help, "read only"));
    }
    assert_false(candidate(a, "next-trial")->refused || candidate(a, "theme")->refused);
    type_line(a, "set lambda=1\r");
    assert_string_equal(a->palette.refusal, "read only: nothing can be changed from here");
    assert_int_equal(a->link.n, 0);
    app_key(a, 27);
    type_line(a, ":stop\r");
    assert_string_equal(a->palette.refusal, "read only: nothing can be changed from here");
    end(a);
}

static void what_may_follow_is_offered(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    struct err err = {0};
    (void)state;
    int fd = mute_process(a->model.dir);
    a->link.act = client_begin(a->model.dir, &err);
    type_line(a, ":set ");
    assert_true(candidate(a, "set lambda=") && candidate(a, "set lr=") && !candidate(a, "set batch="));
    app_key(a, 21);
    type_line(a, "enqueue lambda=0.1 ");
    assert_true(candidate(a, "enqueue lambda=0.1 lambda=") && !candidate(a, "enqueue lambda=0.1 batch="));
    app_key(a, 21);
    type_line(a, "clone ");
    assert_non_null(candidate(a, "clone 3"));
    type_line(a, "3 ");
    assert_true(candidate(a, "clone 3 warm") && candidate(a, "clone 3 lambda="));
    app_key(a, 21);
    type_line(a, "thaw ");
    assert_null(candidate(a, "thaw 3")); /* it was not stopped early */
    app_key(a, 21);
    type_line(a, "open d\t\r");
    assert_int_equal(a->dialog, DIALOG_NONE);
    close(fd);
    end(a);
}

/* ---- files, what is kept, clicks ---- */

static bool there(const char *file)
{
    return access(file, F_OK) == 0;
}

static void a_screen_goes_to_a_file(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 120, 30);
    (void)state;
    char *first = xstrfmt("%s/export/run-trial3.png", a->model.dir);
    char *second = xstrfmt("%s/export/run-trial3-2.png", a->model.dir), *line = xstrfmt(":export %s\r", first);
    press_text(a, "1E");
    assert_int_equal(a->dialog, DIALOG_PALETTE);
    assert_string_equal(a->palette.text + 7, first);
    press_text(a, "\r");
    assert_true(there(first) && shows("wrote "));
    press_text(a, "E"); /* a name that is not there yet */
    assert_string_equal(a->palette.text + 7, second);
    press_text(a, "\x1b");
    press_text(a, line);
    assert_int_equal(a->dialog, DIALOG_CONFIRM);
    assert_true(shows("write over 'run-trial3.png'?"));
    struct stat before, after;
    assert_int_equal(stat(first, &before), 0);
    press_text(a, "\x1b");
    assert_int_equal(stat(first, &after), 0);
    assert_true(before.st_ino == after.st_ino); /* not touched */
    press_text(a, line);
    press_text(a, "\r");
    assert_int_equal(stat(first, &after), 0);
    assert_true(before.st_ino != after.st_ino && shows("wrote "));
    press_text(a, ":export x.gif\r");
    assert_true(a->dialog == DIALOG_PALETTE && shows("ends in none of"));
    press_text(a, "\x1b:export /no/such/folder/x.png\r");
    assert_true(a->dialog == DIALOG_PALETTE && shows("no such file or folder"));
    press_text(a, "\x1b"
                  "0:export x.png\r");
    assert_true(a->dialog == DIALOG_PALETTE && shows("goes to no file"));
    free(first);
    free(second);
    free(line);
    end(a);
}

static struct app *again(struct app_options *o)
{
    struct app *a = xcalloc(1, sizeof *a);
    struct err err = {0};
    assert_true(app_init(a, o, &err));
    a->term = (struct term *)&fake;
    resize(a);
    app_open_study(a, "demo");
    prefs_load(a, true);
    app_redraw(a);
    return a;
}

static void the_screens_are_as_they_were_left(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 30);
    (void)state;
    press_text(a, "1ymmxxrT2y4r");
    assert_true(leave_study(a));
    end(a);
    a = again(&o);
    assert_int_equal(a->view, app_find_view("device"));
    assert_true(a->look.theme.light);
    press_text(a, "1");
    assert_true(shows("loss, transfer, latest part, smoothed 0.95") && !shows("log,"));
    assert_true(shows("seconds"));
    press_text(a, "3");
    assert_true(leave_study(a));
    end(a);
    o.theme = "dark"; /* said on the command line: that counts */
    a = again(&o);
    assert_false(a->look.theme.light);
    assert_int_equal(a->view, app_find_view("search"));
    end(a);
}

static void what_was_kept_may_be_broken(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "it is empty"},
        {"nonsense\n", "line 1 is not 'fsplab screens 1'"},
        {"fsplab screens 1\nscreen device\nrun.axis 99\n", "line 3: run.axis = '99': allowed are 0 to 2"},
        {"fsplab screens 1\nrun.axis -1\n", "allowed are 0 to 2"},
        {"fsplab screens 1\nrun.axis x\n", "allowed are 0 to 2"},
        {"fsplab screens 1\nrun.axis\n", "has no value"},
        {"fsplab screens 1\ntheme pink\n", "theme 'pink'"},
        {"fsplab screens 1\nfrobs.axis 7\nrun.later 7\nscreen unheard\n", NULL}, /* of another version */
    };
    struct app_options o;
    struct app *a = begin(&o, 240, 30);
    struct err err = {0};
    (void)state;
    char *file = app_state_path(&a->model, ".screens", &err);
    end(a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scratch_write(file, cases[i].text, strlen(cases[i].text));
        a = again(&o);
        assert_int_equal(a->view, app_find_view("run"));
        if (cases[i].said ? !shows(cases[i].said) : a->status[0] != 0)
            fail_msg("of '%s' it says: %s", cases[i].text, a->status);
        end(a);
    }
    /* where nothing can be kept, one line says so and all goes on */
    a = again(&o);
    setenv("XDG_STATE_HOME", file, 1);
    assert_false(leave_study(a));
    assert_non_null(strstr(a->status, "is not kept: cannot create folder"));
    end(a);
    a = again(&o);
    assert_string_equal(a->status, "");
    end(a);
    free(file);
}

/* Clicks at the first place of the screen where that text stands. */
static void click(struct app *a, const char *text)
{
    static const int mouse[] = {TERM_MOUSE};
    char *at = strstr(fake.screen, text), *row = fake.screen;
    if (!at)
        fail_msg("'%s' is not on the screen\n%s", text, fake.screen);
    for (fake.y = 0; strchr(row, '\n') < at; fake.y++)
        row = strchr(row, '\n') + 1;
    *at = 0;
    fake.x = text_width(row);
    fake.button = 1;
    press(a, mouse, 1);
}

static void what_has_a_place_can_be_clicked(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 120, 30);
    (void)state;
    a->status[0] = 0;
    press_text(a, "1");
    click(a, "? help");
    assert_int_equal(a->dialog, DIALOG_HELP);
    click(a, "Keys (Esc");
    assert_int_equal(a->dialog, DIALOG_NONE);
    click(a, ": command");
    assert_int_equal(a->dialog, DIALOG_PALETTE);
    press_text(a, "next-tr");
    click(a, "next-trial ");
    assert_string_equal(a->palette.text, "next-trial");
    press_text(a, "\x1b"
                  "2");
    click(a, "1 Run");
    click(a, "y log"); /* a screen's own */
    assert_false(shows("loss, transfer, log"));
    click(a, "lambda2");
    assert_int_equal(a->model.sel.tune, 2);
    press_text(a, "K");
    click(a, "Esc: no");
    assert_int_equal(a->dialog, DIALOG_NONE);
    press_text(a, "K");
    click(a, "Enter: yes");
    assert_true(shows("no process runs this study"));
    click(a, "start it from Setup"); /* what is said goes, the keys come back */
    assert_true(shows("? help"));
    a->dialog = DIALOG_QUIT;
    app_redraw(a);
    click(a, "Esc  stay");
    assert_int_equal(a->dialog, DIALOG_NONE);
    press_text(a, "5");
    click(a, "lambda 1 -> 2");
    press_text(a, "\r");
    assert_true(shows("all screens look at trial 3"));
    end(a);
}

static void hits_are_gone_to(void **state)
{
    struct app_options o;
    struct app *a = begin(&o, 100, 24);
    (void)state;
    struct store *s = open_store();
    for (int i = 0; i < 100; i++) {
        struct event_row e = {.trial = 1 + i % 3, .stage = "transfer", .step = i};
        str_append(e.kind, sizeof e.kind, 0, i % 20 == 0 ? "collapse" : "state");
        snprintf(e.text, sizeof e.text, "number %d", i);
        OK(store_event_put(s, &e, &oops));
    }
    store_close(s);
    a->next_store = 0;
    press_text(a, "5n");
    assert_true(shows("nothing is looked for"));
    press_text(a, "/");
    press_text(a, "\x15"
                  "collapse\r");
    assert_true(shows("/collapse   5 of 101") && !shows("number 79"));
    press_text(a, "nn"); /* back in time */
    assert_true(shows("hit 4 of 5"));
    press_text(a, "\x1b"); /* the lines around it */
    assert_true(shows("number 60") && shows("number 59") && shows("hit 4 of 5"));
    press_text(a, "n");
    assert_true(shows("number 40") && shows("hit 3 of 5"));
    press_text(a, "NNN"); /* round the end */
    assert_true(shows("number 0") && shows("hit 1 of 5"));
    press_text(a, "\r");
    assert_int_equal(a->model.sel.trial, 1);
    press_text(a, "\x1b");
    assert_false(shows("/collapse"));
    end(a);
}

/* ---- the monkey ---- */

static int any_key(struct rng *r)
{
    static const int special[] = {
        TERM_UP,        TERM_DOWN,     TERM_LEFT,   TERM_RIGHT,  TERM_HOME,  TERM_END, TERM_PAGE_UP,
        TERM_PAGE_DOWN, TERM_BACK_TAB, TERM_DELETE, TERM_RESIZE, TERM_MOUSE, 27,       '\r',
        '\t',           127,           3,           12,          21};
    switch (rng_below(r, 8)) {
    case 0: return special[rng_below(r, ARRAY_LEN(special))];
    case 1: return 0xAC00 + (int)rng_below(r, 11000);
    case 2: return 1 + (int)rng_below(r, 0x10FFFE);
    case 3:
    case 4: return key_table[rng_below(r, (uint32_t)key_count)].key;
    case 5: return '0' + (int)rng_below(r, 10);
    default: return 32 + (int)rng_below(r, 95);
    }
}

static void a_monkey_breaks_nothing(void **state)
{
    static const int sizes[][2] = {{80, 24}, {100, 30}, {160, 45}, {200, 60}, {20, 5},
                                   {1, 1},   {60, 16},  {300, 20}, {59, 90}};
    const char *wanted = getenv("MONKEY_KEYS");
    struct app_options o;
    struct app *a = begin(&o, 80, 24);
    struct rng r;
    (void)state;
    rng_seed(&r, 7, RNG_SHUFFLE);
    for (int i = 0, n = wanted ? atoi(wanted) : 4000; i < n; i++) {
        int key = any_key(&r);
        if (key == TERM_RESIZE) {
            uint32_t s = rng_below(&r, ARRAY_LEN(sizes));
            fake.w = sizes[s][0], fake.h = sizes[s][1];
        }
        fake.x = (int)rng_below(&r, (uint32_t)fake.w + 2) - 1;
        fake.y = (int)rng_below(&r, (uint32_t)fake.h + 2) - 1;
        fake.button = 1 + (int)rng_below(&r, 5);
        a->done = false;
        press(a, &key, 1);
        if (rng_below(&r, 50) == 0) { /* as if a process ran it */
            a->model.live = (struct live){.valid = rng_below(&r, 2),
                                          .trial = 3,
                                          .step = 20,
                                          .steps = 50,
                                          .lambda = 0.1,
                                          .lr = 0.1,
                                          .base_lr = 0.1,
                                          .loss = NAN,
                                          .stage = "transfer",
                                          .state = "running"};
            a->model.conn = a->model.live.valid ? CONN_LIVE : CONN_LOST;
        }
    }
    end(a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {
        T(digits_switch_screens),
        T(help_lists_the_keys_of_the_screen),
        T(trials_are_walked_through),
        T(a_command_without_a_process_says_so),
        T(readonly_changes_nothing),
        T(a_wrong_clone_is_refused_in_place),
        T(what_is_typed_is_judged_letter_by_letter),
        T(typed_text_may_be_of_any_script),
        T(a_start_is_announced_before_it_is_waited_for),
        T(other_settings_wait_for_the_end_of_the_process),
        T(a_process_that_does_not_answer_holds_up_no_key),
        T(figures_that_are_old_are_not_called_running),
        T(leaving_needs_a_process),
        T(a_small_window_still_works),
        T(quitting_without_a_process_asks_nothing),
        T(a_terminal_that_has_gone_ends_it),
        T(what_happened_since_is_said),
        T(the_names_in_the_top_line_are_buttons),
        T(screens_come_as_text),
        T(every_command_can_be_typed),
        T(what_is_typed_is_what_ctl_sends),
        T(what_cannot_be_typed_stays_in_the_line),
        T(the_palette_does_without_a_process_what_it_can),
        T(the_palette_of_who_may_only_look),
        T(what_may_follow_is_offered),
        T(a_screen_goes_to_a_file),
        T(the_screens_are_as_they_were_left),
        T(what_was_kept_may_be_broken),
        T(what_has_a_place_can_be_clicked),
        T(hits_are_gone_to),
        T(a_monkey_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
