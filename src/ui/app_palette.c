/* What can be typed in the palette, and what becomes of it. Nothing is done here that is not done elsewhere: a key's command
 * goes where its key goes, a request is parsed as `ctl` parses it, a screen is shown as its digit shows it. The few words of
 * the palette's own stand in one table. Candidates are made anew for each text: there are a few dozen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/wire_words.h"
#include "app_impl.h"

enum { WORDS = 2 * WIRE_VALUES + 4, RECENT_TRIALS = 30 };
static const char no_process[] = "no process runs this study; Setup starts it";
static const char read_only[] = "read only: nothing can be changed from here";

/* ---- words of the palette's own ---- */

struct word {
    const char *name, *takes, *help;
    void (*complete)(struct app *, const char *head); /* adds what may follow HEAD, the line so far with its blank */
    bool (*run)(struct app *, const char *rest, struct err *);
};

static struct palette_item *add(struct app *a, const char *head, const char *tail)
{
    char text[PALETTE_TEXT];
    str_append(text, sizeof text, 0, "%s%s", head, tail);
    return palette_add(&a->candidates, text);
}

static void complete_screen(struct app *a, const char *head)
{
    for (int i = 0; i < app_view_count; i++)
        str_append(add(a, head, app_views[i]->name)->help, 160, 0, "the screen %s", app_views[i]->title);
}

static bool run_screen(struct app *a, const char *rest, struct err *err)
{
    char names[160] = "";
    size_t n = 0;
    int view = app_find_view(rest);
    for (int i = 0; i < app_view_count; i++)
        n = str_append(names, sizeof names, n, "%s%s", i ? ", " : "", app_views[i]->name);
    if (view < 0)
        return err_set(err, ERR_USAGE, "there is no screen '%.60s': allowed are %s", rest, names);
    app_show(a, view);
    return true;
}

static void describe_trial(struct palette_item *item, const struct trial_row *t)
{
    size_t n = str_append(item->help, sizeof item->help, 0, "%s", trial_state_name(t->state));
    if (isfinite(t->val_accuracy))
        n = str_append(item->help, sizeof item->help, n, ", %.2f%%", 100 * t->val_accuracy);
    for (int i = 0; i < t->n_params; i++)
        n = str_append(item->help, sizeof item->help, n, "  %s %.4g", t->param_name[i], t->param_value[i]);
}

/* The newest first, and no more than a few: any other number can be typed. */
static void complete_trials(struct app *a, const char *head, bool pruned)
{
    const struct model *m = &a->model;
    for (int i = m->n_trials - 1, n = 0; i >= 0 && n < RECENT_TRIALS; i--) {
        char number[16];
        if (pruned && m->trials[i].state != TRIAL_PRUNED)
            continue;
        n++;
        snprintf(number, sizeof number, "%d", m->trials[i].number);
        describe_trial(add(a, head, number), &m->trials[i]);
    }
}

static void complete_trial(struct app *a, const char *head)
{
    complete_trials(a, head, false);
}

static bool run_trial(struct app *a, const char *rest, struct err *err)
{
    char *end;
    long n = strtol(rest, &end, 10);
    if (!*rest || *end || n < 1 || n > 1000000000)
        return err_set(err, ERR_USAGE, "trial: '%.60s' is no number of a trial", rest);
    if (!model_trial(&a->model, (int)n))
        return err_set(err, ERR_USAGE, "there is no trial %ld", n);
    app_look_at(a, (int)n);
    return true;
}

static void complete_theme(struct app *a, const char *head)
{
    add(a, head, "dark");
    add(a, head, "light");
}

static bool run_theme(struct app *a, const char *rest, struct err *err)
{
    return app_pick_theme(a, rest, err);
}

static void complete_study(struct app *a, const char *head)
{
    for (int i = 0; i < a->n_studies; i++)
        add(a, head, a->studies[i]);
}

static bool run_open(struct app *a, const char *rest, struct err *err)
{
    for (int i = 0; i < a->n_studies; i++)
        if (strcmp(a->studies[i], rest) == 0) {
            struct request r = {.kind = ASK_OPEN};
            str_append(r.text, sizeof r.text, 0, "%s", rest);
            app_obey(a, &r, false);
            return true;
        }
    return err_set(err, ERR_USAGE, "there is no study '%.60s', neither in experiments.ini nor in '%.80s'", rest,
                   a->model.runs);
}

static const struct word own[] = {
    {"screen", "NAME", "show a screen", complete_screen, run_screen},
    {"trial", "N", "look at a trial, on all screens", complete_trial, run_trial},
    {"theme", "[dark|light|FILE]", "colours", complete_theme, run_theme},
    {"open", "STUDY", "look at another study", complete_study, run_open},
    {"export", "[FILE.png|svg|csv]", "what is shown, as a file", export_complete, export_run},
};

/* ---- candidates ---- */

static const char *refusal(const struct app *a, bool acts, bool process)
{
    return acts && a->model.readonly ? read_only : process && !a->link.act ? no_process : NULL;
}

static void refuse(struct palette_item *item, const char *why)
{
    item->refused = why != NULL;
    if (why)
        str_append(item->help, sizeof item->help, 0, "%s", why);
}

/* Rows that only move something are keys and nothing else, unless a screen gives them a meaning of its own. Pausing and going on
 * are two words here. */
static bool is_word(const struct key_def *k, const char *view)
{
    bool moves = k->command >= CMD_UP && k->command <= CMD_CANCEL;
    return k->help && (k->view ? strcmp(k->view, view) == 0 : !moves) && k->command != CMD_PAUSE &&
           k->command != CMD_PALETTE;
}

/* The row whose word this is; a screen's own come first. NULL: none. */
static const struct key_def *key_of_word(const struct app *a, const char *word)
{
    const char *view = app_views[a->view]->name;
    char buf[64];
    for (int general = 0; general < 2; general++)
        for (int i = 0; i < key_count; i++)
            if (is_word(&key_table[i], view) && (key_table[i].view == NULL) == general) {
                command_word(key_table[i].command, key_table[i].help, buf, sizeof buf);
                if (strcmp(buf, word) == 0)
                    return &key_table[i];
            }
    return NULL;
}

static void add_keys(struct app *a, bool general)
{
    const char *view = app_views[a->view]->name;
    char word[64];
    for (int i = 0; i < key_count; i++) {
        const struct key_def *k = &key_table[i];
        if (!is_word(k, view) || (k->view == NULL) != general)
            continue;
        command_word(k->command, k->help, word, sizeof word);
        struct palette_item *item = palette_add(&a->candidates, word);
        if (item->help[0])
            continue;
        str_append(item->key, sizeof item->key, 0, "%s", k->name);
        str_append(item->help, sizeof item->help, 0, "%s", k->help);
        refuse(item, refusal(a, k->acts, k->acts && general));
    }
}

static void add_takes(struct palette_item *item, const char *takes)
{
    bool alone = item->help[0] && takes[0] && takes[0] != '['; /* the word alone has a meaning already */
    str_append(item->takes, sizeof item->takes, 0, alone ? "[%s]" : "%s", takes);
}

static void add_requests(struct app *a)
{
    for (int i = 0; i < wire_word_count; i++) {
        const struct wire_word *w = &wire_words[i];
        if (w->ask == WIRE_STATUS) /* it is what the screens show */
            continue;
        struct palette_item *item = palette_add(&a->candidates, wire_ask_name(w->ask));
        add_takes(item, w->usage);
        if (item->help[0])
            continue;
        str_append(item->help, sizeof item->help, 0, "%s", w->help);
        if (w->ask == WIRE_PAUSE || w->ask == WIRE_RESUME)
            str_append(item->key, sizeof item->key, 0, "p");
        refuse(item, refusal(a, w->acts, true));
    }
}

static void add_own(struct app *a)
{
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        struct palette_item *item = palette_add(&a->candidates, own[i].name);
        add_takes(item, own[i].takes);
        if (!item->help[0])
            str_append(item->help, sizeof item->help, 0, "%s", own[i].help);
    }
    for (int i = 0; i < app_view_count; i++) {
        struct palette_item *item = palette_add(&a->candidates, app_views[i]->name);
        if (item->help[0])
            continue;
        str_append(item->help, sizeof item->help, 0, "the screen %s", app_views[i]->title);
        str_append(item->key, sizeof item->key, 0, "%c", app_views[i]->key);
    }
}

/* ---- what may follow a request's name ---- */

static double value_in(const struct model *m, const char *key)
{
    for (int i = 0; i < TUNE_KEYS; i++)
        if (strcmp(tune_key(i), key) == 0)
            return tune_value(m, i);
    int def = param_find(key);
    return m->has_settings && def >= 0 ? params_get_number(&m->settings, def) : NAN;
}

static void add_value(struct app *a, const char *head, const char *key, const struct param_def *d)
{
    struct palette_item *item = add(a, head, key);
    size_t n = 0;
    double now = value_in(&a->model, key);
    str_append(item->text, sizeof item->text, strlen(item->text), "=");
    str_append(item->takes, sizeof item->takes, 0, "NUMBER");
    if (isfinite(now))
        n = str_append(item->help, sizeof item->help, 0, "now %.5g; ", now);
    str_append(item->help, sizeof item->help, n, "%g to %g; %s", d->min, d->max, d->help);
}

static bool is_searched(const struct model *m, int def)
{
    for (int i = 0; i < m->settings.n_ranges; i++)
        if (m->settings.ranges[i].def == def)
            return true;
    return false;
}

/* Keys that the request takes: a set those that live, an enqueue those that are searched, a clone all that can be. */
static void complete_values(struct app *a, const char *head, enum wire_ask ask)
{
    const struct model *m = &a->model;
    for (int i = 0; i < param_count; i++) {
        const struct param_def *d = &param_table[i];
        bool fits = ask == WIRE_SET       ? d->flags & PF_LIVE
                    : ask == WIRE_ENQUEUE ? m->has_settings && is_searched(m, i)
                                          : d->flags & PF_SEARCH;
        if (fits)
            add_value(a, head, d->name, d);
    }
    if (ask == WIRE_SET)
        add_value(a, head, "lr", &param_table[param_find("transfer_lr")]);
    if (ask == WIRE_CLONE)
        str_append(add(a, head, "warm")->help, 160, 0, "from its latest checkpoint");
}

static void complete_request(struct app *a, const struct wire_word *w, const char *head, int words)
{
    if (w->trial && words == 1)
        complete_trials(a, head, w->ask == WIRE_THAW);
    else if (w->ask == WIRE_PROBE)
        add(a, head, "image="), add(a, head, "block=");
    else if (w->max > 0 && words <= w->max + w->trial)
        complete_values(a, head, w->ask);
}

/* HEAD: the line up to its last blank, which is in it. */
static void add_following(struct app *a, const char *text)
{
    const char *last = strrchr(text, ' ');
    char head[PALETTE_TEXT], name[32];
    int words = 0;
    if (!last)
        return;
    str_append(head, sizeof head, 0, "%.*s", (int)(last + 1 - text), text);
    str_append(name, sizeof name, 0, "%.*s", (int)strcspn(text, " "), text);
    for (const char *p = head; *p; p++)
        words += *p == ' ' && p > head && p[-1] != ' ';
    const struct wire_word *w = wire_word_find(name);
    if (w && !refusal(a, w->acts, true))
        complete_request(a, w, head, words);
    for (size_t i = 0; i < ARRAY_LEN(own) && words == 1; i++)
        if (strcmp(own[i].name, name) == 0)
            own[i].complete(a, head);
}

static void collect(struct app *a)
{
    a->candidates.n = 0;
    add_keys(a, false);
    add_keys(a, true);
    add_requests(a);
    add_own(a);
    add_following(a, palette_matched(&a->palette));
    palette_rank(&a->palette, &a->candidates);
}

/* ---- running a line ---- */

bool app_parse_request(const char *line, struct wire_request *r, struct err *err)
{
    char copy[PALETTE_TEXT], *save = NULL;
    const char *words[WORDS];
    int n = 0;
    str_append(copy, sizeof copy, 0, "%s", line);
    for (char *w = strtok_r(copy, " ,", &save); w; w = strtok_r(NULL, " ,", &save)) {
        if (n == WORDS)
            return err_set(err, ERR_USAGE, "more than %d words", WORDS);
        words[n++] = w;
    }
    return wire_request_words(n, words, r, err);
}

static bool run_request(struct app *a, const char *line, const struct wire_word *w, struct err *err)
{
    struct request r = {.kind = ASK_STUDY};
    const char *why = refusal(a, w->acts, true);
    if (!app_parse_request(line, &r.wire, err))
        return false;
    if (why)
        return err_set(err, ERR_STATE, "%s", why);
    if (r.wire.ask == WIRE_PROBE) {
        a->model.sel.probe_image = r.wire.image;
        a->model.sel.probe_block = r.wire.block;
        app_show(a, app_find_view("fsp"));
        r.kind = ASK_PROBE;
    }
    app_obey(a, &r, false);
    return true;
}

static bool run(struct app *a, const char *line, struct err *err)
{
    char name[PALETTE_TEXT];
    size_t n = strcspn(line, " ");
    const char *rest = line + n + strspn(line + n, " ");
    str_append(name, sizeof name, 0, "%.*s", (int)n, line);
    const struct key_def *k = *rest ? NULL : key_of_word(a, name);
    const struct wire_word *w = wire_word_find(name);
    const char *why = k ? refusal(a, k->acts, k->acts && !k->view) : NULL;
    if (why)
        return err_set(err, ERR_STATE, "%s", why);
    if (k) {
        app_command(a, k);
        return true;
    }
    if (!*rest && app_find_view(name) >= 0)
        return run_screen(a, name, err);
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (strcmp(own[i].name, name) == 0)
            return own[i].run(a, rest, err);
    if (w)
        return run_request(a, line, w, err);
    return err_set(err, ERR_USAGE, "'%.120s' is no command here", line);
}

/* ---- the dialog ---- */

static void forget_studies(struct app *a)
{
    for (int i = 0; i < a->n_studies; i++)
        free(a->studies[i]);
    free(a->studies);
    a->studies = NULL;
    a->n_studies = 0;
}

void palette_begin(struct app *a, const char *text)
{
    const struct ui_host *host = a->options->host;
    struct err ignored = {0};
    forget_studies(a);
    int n = host && host->studies ? host->studies(host->ctx, &a->studies, &ignored) : 0;
    a->n_studies = n > 0 ? n : 0;
    a->dialog = DIALOG_PALETTE;
    palette_open(&a->palette, text);
    collect(a);
}

static void run_line(struct app *a)
{
    struct palette *p = &a->palette;
    struct err err = {0};
    char line[PALETTE_TEXT];
    memcpy(line, p->text, sizeof line);
    a->dialog = DIALOG_NONE; /* what is run may open another, or this one anew */
    if (run(a, line, &err)) {
        palette_ran(p, line);
        return;
    }
    a->dialog = DIALOG_PALETTE;
    str_append(p->refusal, sizeof p->refusal, 0, "%s", err.msg);
}

void palette_dialog_key(struct app *a, int key)
{
    switch (palette_key(&a->palette, &a->candidates, key)) {
    case PALETTE_LEAVE: a->dialog = DIALOG_NONE; return;
    case PALETTE_RUN: run_line(a); break;
    case PALETTE_STAY: break;
    }
    if (a->dialog == DIALOG_PALETTE)
        collect(a);
}

void palette_click(struct app *a, int x, int y)
{
    palette_take(&a->palette, &a->candidates, palette_at(&a->palette, a->body, x, y));
    collect(a);
}

void palette_end(struct app *a)
{
    palette_release(&a->palette);
    palette_list_release(&a->candidates);
    forget_studies(a);
}
