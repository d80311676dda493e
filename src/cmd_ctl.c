/* `fsplab ctl`: what a key does, for scripts: asks the study process over its socket and waits until the command has
 * taken effect. Status of a study that nobody runs comes from its store. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "cmd.h"
#include "ctl_screen.h"
#include "ctl_probe.h"
#include "io/store.h"
#include "io/wire_words.h"
#include "lab_json.h"

enum { ACK_MS = 120000 }; /* a command takes effect between two steps, and saves */

static void help(void)
{
    puts(
        "usage: fsplab ctl STUDY status [--json]\n"
        "       fsplab ctl STUDY pause | resume | stop | skip\n"
        "       fsplab ctl STUDY set key=value [trial=N]\n"
        "       fsplab ctl STUDY enqueue key=value...\n"
        "       fsplab ctl STUDY clone TRIAL [key=value]... [--warm]\n"
        "       fsplab ctl STUDY thaw TRIAL\n"
        "       fsplab ctl STUDY screen [NAME] [--size WxH] [--color]\n"
        "       fsplab ctl STUDY probe [image=N] [block=N] [--json]\n"
        "\n"
        "Looks at a running study or steers it. A command is answered with the step at which it took effect.\n"
        "\n"
        "  pause    saves, frees the memory of the nets, and waits for `resume`\n"
        "  stop     saves and ends the process; `fsplab run STUDY` goes on from there\n"
        "  skip     ends the present stage at this step: fine-tuning follows the transfer, an evaluation the fine-tuning\n"
        "  set      lambda, lambda1, lambda2, lambda3, lr (of the present stage), transfer_lr, finetune_lr\n"
        "           (set, skip and probe take trial=N where several trials run; else the lowest-numbered is meant)\n"
        "  enqueue  a trial at these values goes first; searched settings not named take the study's own value\n"
        "  clone    a new trial with the values of another but for those named, which may be any that can be searched:\n"
        "           from its beginning, or with --warm from its latest checkpoint (then only what `set` takes)\n"
        "  thaw     goes on with a trial that the rule of the setting prune ended, from its checkpoint, after the present one\n"
        "  screen   a screen of the workbench as text (run, unless another is named), of a study that need not run\n"
        "  probe    FSP matrices of one image, as the nets are now: of block N of teacher and student, or of the sections\n"
        "\n"
        "A trial that was changed by hand is marked as edited, and the search does not count it (unless the setting\n"
        "edited_sigma lets it inform the model at the values it ended with). A checkpoint is written before every\n"
        "change, and `fsplab replay` makes the trial again from the record.\n"
        "\n"
        "examples:\n"
        "  fsplab ctl demo status --json\n"
        "  fsplab ctl demo set lambda=0.05\n"
        "  fsplab ctl demo clone 2 lambda=0.05 --warm\n"
        "  fsplab ctl demo probe image=3 block=2 --json");
}

static bool parse_request(int argc, char **argv, struct wire_request *r, struct err *err)
{
    struct err why = {0};
    const char *const *words = (const char *const *)(argv + 2);
    if (!wire_word_find(words[0]))
        return wire_request_words(1, words, r, &why), err_set(err, ERR_USAGE, "ctl: %s, screen", why.msg);
    return wire_request_words(argc - 2, words, r, &why) ||
           err_set(err, ERR_USAGE, "ctl %s; see `fsplab ctl --help`", why.msg);
}

static void print_object(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12));
    puts(text);
    free(text);
}

static const char *word(json_t *o, const char *key, const char *missing)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s && *s ? s : missing;
}

static void print_number(json_t *o, const char *key, const char *format)
{
    json_t *v = json_object_get(o, key);
    if (json_is_number(v))
        printf(format, json_number_value(v));
}

/* Where a step's time goes. */
static void print_parts(json_t *o)
{
    const char *key, *before = "\nstep";
    json_t *v, *parts = json_object_get(o, "parts");
    json_object_foreach(parts, key, v)
    {
        printf("%s %s %.3g ms", before, key, 1e3 * json_number_value(v));
        before = ",";
    }
}

static void print_status(json_t *o)
{
    const char *key;
    json_t *v;
    printf("%s: %s", word(o, "study", "?"), word(o, "state", "?"));
    print_number(o, "pid", " (process %.0f)");
    print_number(o, "trial", "\ntrial %.0f");
    print_number(o, "trials_planned", " of %.0f");
    if (*word(o, "stage", ""))
        printf("\nstage %s", word(o, "stage", ""));
    print_number(o, "step", ", step %.0f");
    print_number(o, "steps", " of %.0f");
    print_number(o, "resumed_at", " (taken up at step %.0f)");
    print_number(o, "lambda", "\nlambda %g");
    print_number(o, "lr", ", lr %g");
    printf("\n");
    json_object_foreach(json_object_get(o, "losses"), key, v) printf("%s %.4g  ", key, json_number_value(v));
    print_number(o, "train_accuracy", "\ntrain accuracy %.4f");
    print_number(o, "val_accuracy", "\nvalidation accuracy %.4f");
    print_number(o, "images_per_second", "\n%.0f images/s");
    print_number(o, "eta", ", stage ends in %.0f s");
    print_parts(o);
    printf("\n%s\n", word(o, "device", ""));
}

/* The status object of a study that no process runs. */
static json_t *stored_status(const char *dir, const char *study, struct err *err)
{
    char *path = xstrfmt("%s/study.db", dir);
    struct store *store = store_open_readonly(path, err);
    struct study_row row = {0};
    struct trial_row *trials = NULL;
    bool found = false;
    int n, done = 0;
    json_t *o = NULL;
    bool begun = store || access(path, F_OK) == 0;
    free(path);
    if (!store) {
        if (begun)
            err_prefix(err, "study '%s'", study);
        else
            err_set(err, ERR_STATE, "study '%s' has not been started in '%s': `fsplab run %s` starts it", study, dir,
                    study);
        return NULL;
    }
    if (store_study_get(store, &row, &found, err) && !found) {
        err_set(err, ERR_STATE, "study '%s' has no record yet: `fsplab run %s` starts it", study, study);
    } else if (found && (n = store_trials(store, &trials, err)) >= 0) {
        const struct trial_row *last = n > 0 ? &trials[n - 1] : NULL;
        for (int i = 0; i < n; i++)
            done += trials[i].state == TRIAL_COMPLETE;
        bool dead = strcmp(row.state, "running") == 0; /* its process was killed */
        o = json_pack("{s:o, s:n, s:s, s:o, s:n, s:n, s:n, s:n, s:n, s:n, s:{}, s:n, s:n, s:i, s:i}", "study",
                      lab_json_text(study), "pid", "state", dead ? "paused" : row.state, "message",
                      lab_json_text(row.reason), "stage", "step", "steps", "resumed_at", "lambda", "lr", "losses",
                      "val_accuracy", "images_per_second", "clients", 0, "trials_done", done);
        json_object_set_new(o, "trial", last ? json_integer(last->number) : json_null());
        if (last && isfinite(last->val_accuracy))
            json_object_set_new(o, "val_accuracy", json_real(last->val_accuracy));
        free(trials);
        study_row_release(&row);
    }
    store_close(store);
    return o;
}

static int ask(const struct cmd_options *o, const char *study, const struct wire_request *r)
{
    struct err err = {0};
    char *dir = xstrfmt("%s/%s", o->runs, study);
    struct client *c = client_open(dir, &err);
    json_t *answer = NULL;
    if (c)
        answer = client_ask(c, r, ACK_MS, &err);
    else if (err.code == ERR_STATE && r->ask == WIRE_STATUS)
        answer = (err = (struct err){0}, stored_status(dir, study, &err));
    else if (err.code == ERR_STATE)
        err_set(&err, ERR_STATE, "study '%s' is not running: `fsplab run %s` starts it or goes on with it", study,
                study);
    client_close(c);
    free(dir);
    bool refused = r->ask != WIRE_STATUS && !json_is_true(json_object_get(answer, "ok"));
    if (answer && r->ask == WIRE_PROBE && !refused && !probe_expand(answer, &err)) {
        json_decref(answer);
        answer = NULL;
    }
    if (!answer)
        return cmd_fail(o, &err);
    if (o->json)
        print_object(answer);
    else if (refused)
        fprintf(stderr, "fsplab: %s\n", word(answer, "message", "refused"));
    else if (r->ask == WIRE_STATUS)
        print_status(answer);
    else if (r->ask == WIRE_PROBE)
        probe_print(answer);
    else {
        printf("%s: in effect", wire_ask_name(r->ask));
        print_number(answer, "trial", " in trial %.0f");
        printf(", %s", word(answer, "stage", "-"));
        print_number(answer, "step", " at step %.0f");
        print_number(answer, "before", " (%g");
        print_number(answer, "after", " -> %g)");
        print_number(answer, "clone", "; the clone is trial %.0f");
        printf("\n");
    }
    json_decref(answer);
    return refused ? 1 : 0;
}

int cmd_ctl(int argc, char **argv)
{
    struct cmd_options o;
    struct wire_request r = {0};
    struct err err = {0};
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    if (argc >= 3 && strcmp(argv[2], "screen") == 0)
        return ctl_screen(&o, argc, argv);
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-' && strcmp(argv[i], "--warm") != 0)
            return err_set(&err, ERR_USAGE, "ctl: '%s' is not understood; see `fsplab ctl --help`", argv[i]),
                   cmd_fail(&o, &err);
    if (argc < 3)
        return err_set(&err, ERR_USAGE, "ctl: name a study and what to do; see `fsplab ctl --help`"),
               cmd_fail(&o, &err);
    if (!parse_request(argc, argv, &r, &err))
        return cmd_fail(&o, &err);
    return ask(&o, argv[1], &r);
}
