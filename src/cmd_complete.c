/* `fsplab complete -- WORD...`: what the last of these words, which may be empty, could become: the words are those behind
 * `fsplab` on a command line. A line each: the word, a tab, what it means. ":file" and ":dir" ask the shell for files and
 * folders. The scripts in assets/completion only show what is printed here. Never fails: a word that nobody knows has no
 * completion. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_table.h"
#include "io/config.h"
#include "io/store.h"
#include "ui/app.h"

struct line {
    const struct cmd_options *o; /* of what stands before the word */
    const char *word;
    const char *study; /* the first word behind the command; NULL: none yet */
};

static void offer(const struct line *l, const char *head, const char *text, const char *help)
{
    size_t n = strlen(head), w = strlen(l->word);
    bool begins = w <= n ? strncmp(head, l->word, w) == 0
                         : strncmp(head, l->word, n) == 0 && strncmp(text, l->word + n, w - n) == 0;
    if (begins)
        printf("%s%s\t%s\n", head, text, help);
}

static void offer_choices(const struct line *l, const char *head, const char *choices, const char *help)
{
    for (const char *s = choices + strspn(choices, " "); *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        char *choice = xstrfmt("%.*s", (int)n, s), *all = xstrfmt("%s%s", head, choice);
        offer(l, all, "", help);
        free(choice);
        free(all);
        s += n;
    }
}

/* ---- what there is ---- */

/* The study of a file, then those that only the runs have. */
static void offer_studies(const struct line *l)
{
    char **names = NULL;
    int n = config_studies(l->o->config, &names, NULL);
    for (int i = 0; i < n; i++)
        offer(l, names[i], "", "study");
    DIR *d = opendir(l->o->runs);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char *path = xstrfmt("%s/%s/study.db", l->o->runs, e->d_name);
        bool known = e->d_name[0] == '.' || access(path, F_OK) != 0;
        for (int i = 0; i < n && !known; i++)
            known = strcmp(names[i], e->d_name) == 0;
        if (!known)
            offer(l, e->d_name, "", "study, begun");
        free(path);
    }
    if (d)
        closedir(d);
    for (int i = 0; i < n; i++)
        free(names[i]);
    if (n >= 0)
        free(names);
}

static void offer_trials(const struct line *l)
{
    char *path = xstrfmt("%s/%s/study.db", l->o->runs, l->study ? l->study : "");
    struct store *s = l->study && access(path, F_OK) == 0 ? store_open_readonly(path, NULL) : NULL;
    struct trial_row *rows = NULL;
    free(path);
    if (!s)
        return;
    store_set_patience(s, 0);
    int n = store_trials(s, &rows, NULL);
    for (int i = 0; i < n; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", rows[i].number);
        offer(l, number, "", trial_state_name(rows[i].state));
    }
    free(rows);
    store_close(s);
}

/* "key=", and once that is written, the values that can be listed. */
static void offer_setting(const struct line *l, int def, const char *before)
{
    const struct param_def *d = &param_table[def];
    char *head = xstrfmt("%s%s=", before, d->name);
    bool value = strncmp(l->word, head, strlen(head)) == 0;
    if (!value)
        offer(l, head, "", d->help);
    else if (*before)
        offer_choices(l, head, "none linear log", d->help);
    else if (d->type == PARAM_ENUM)
        offer_choices(l, head, d->choices, d->help);
    else if (d->type == PARAM_BOOL)
        offer_choices(l, head, "0 1", d->help);
    else if (strcmp(d->name, "teacher") == 0 || strcmp(d->name, "student") == 0)
        offer_choices(l, head, cmd_nets, d->help);
    free(head);
}

static void offer_settings(const struct line *l, enum word_kind kind)
{
    for (int i = 0; i < param_count; i++) {
        bool live = param_table[i].flags & PF_LIVE, searched = param_table[i].flags & PF_SEARCH;
        if (kind == WORD_SETTING || (kind == WORD_LIVE && live) || (kind == WORD_SEARCH && searched))
            offer_setting(l, i, "");
        if (kind == WORD_SETTING && searched && strncmp(l->word, "search.", 7) == 0)
            offer_setting(l, i, "search.");
    }
    if (kind == WORD_SETTING && strncmp("search.", l->word, strlen(l->word)) == 0)
        offer(l, "search.", "", "the range of a setting");
    if (kind == WORD_LIVE)
        offer(l, "lr=", "", "of the present stage");
}

static void offer_word(const struct line *l, enum word_kind kind, const char *choices)
{
    switch (kind) {
    case WORD_NONE: break;
    case WORD_STUDY: offer_studies(l); break;
    case WORD_FILE: puts(":file"); break;
    case WORD_DIR: puts(":dir"); break;
    case WORD_SETTING:
    case WORD_LIVE:
    case WORD_SEARCH: offer_settings(l, kind); break;
    case WORD_SCREEN:
        for (int i = 0; app_screen_name(i); i++)
            offer(l, app_screen_name(i), "", "screen");
        break;
    case WORD_TRIAL: offer_trials(l); break;
    case WORD_NET: offer_choices(l, "", cmd_nets, "net"); break;
    case WORD_CHOICE: offer_choices(l, "", choices, ""); break;
    }
}

/* ---- where on the line it stands ---- */

static const struct option_def *find_option(const char *command, const char *name)
{
    for (int i = 0; i < option_count; i++)
        if ((!*option_table[i].command || strcmp(option_table[i].command, command) == 0) &&
            strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

static bool takes_value(const struct option_def *o)
{
    return o && (o->number || o->value != WORD_NONE);
}

static void offer_options(const struct line *l, const char *command)
{
    for (int i = 0; i < option_count; i++)
        if (!*option_table[i].command || strcmp(option_table[i].command, command) == 0)
            offer(l, option_table[i].name, "", option_table[i].help);
}

/* Behind `ctl STUDY`: AT 0 is the verb, then its words. */
static void offer_ctl(const struct line *l, const char *verb, int at)
{
    for (int i = 0; i < verb_count; i++) {
        const struct verb_def *v = &verb_table[i];
        if (at == 0) {
            offer(l, v->name, "", v->help);
        } else if (strcmp(v->name, verb) == 0 && (at == 1 || v->more)) {
            bool values = v->word.kind == WORD_TRIAL && at > 1; /* clone TRIAL key=value... */
            offer_word(l, values ? WORD_SEARCH : v->word.kind, v->word.choices);
        }
    }
}

static void complete_command(struct line *l, const struct cmd_def *c, int n, char **words)
{
    const char *verb = "";
    int at = 0; /* of the words that are no options */
    for (int i = 0; i < n - 1; i++) {
        if (words[i][0] == '-' && words[i][1]) {
            i += takes_value(find_option(c->name, words[i]));
            continue;
        }
        if (at == 0)
            l->study = words[i];
        else if (at == 1)
            verb = words[i];
        at++;
    }
    const struct option_def *before = n > 1 ? find_option(c->name, words[n - 2]) : NULL;
    if (takes_value(before)) {
        offer_word(l, before->value, before->choices);
    } else if (l->word[0] == '-') {
        offer_options(l, c->name);
    } else if (strcmp(c->name, "ctl") == 0 && at > 0) {
        offer_ctl(l, verb, at - 1);
    } else {
        int last = 0;
        while (last + 1 < CMD_WORDS && c->word[last + 1].kind != WORD_NONE)
            last++;
        if (at <= last || c->more)
            offer_word(l, c->word[at < last ? at : last].kind, c->word[at < last ? at : last].choices);
    }
}

/* `fsplab [STUDY] [OPTION]...`: the workbench, whose options are those of attach. */
static void complete_first(struct line *l, int n, char **words)
{
    static const struct cmd_def workbench = {.name = "attach", .word = {{WORD_STUDY, NULL}}};
    for (int i = 0; n == 1 && l->word[0] != '-' && i < cmd_count; i++)
        offer(l, cmd_table[i].name, "", cmd_table[i].help);
    if (n == 1)
        offer(l, "--version", "", "the program's version");
    complete_command(l, &workbench, n, words);
}

int cmd_complete(int argc, char **argv)
{
    struct cmd_options o;
    char **words = argv + 1;
    int n = argc - 1;
    if (n > 0 && strcmp(words[0], "--") == 0)
        words++, n--;
    if (n == 0)
        return 0;
    /* What stands before the word may say where the studies are; that is taken out of a copy. */
    char **before = xcalloc((size_t)n + 2, sizeof *before);
    int n_before = 1;
    before[0] = argv[0];
    for (int i = 0; i + 1 < n; i++)
        if ((strcmp(words[i], "-c") != 0 && strcmp(words[i], "--runs") != 0) || i + 2 < n)
            before[n_before++] = words[i];
    for (int i = 1; i < n_before; i++) /* settings are of no interest, and may be half written */
        if (strcmp(before[i], "--set") == 0)
            before[i] = "--";
    if (cmd_options_take(&n_before, before, &o)) {
        struct line l = {.o = &o, .word = words[n - 1]};
        const struct cmd_def *c = NULL;
        for (int i = 0; n > 1 && i < cmd_count; i++)
            if (strcmp(words[0], cmd_table[i].name) == 0)
                c = &cmd_table[i];
        if (c)
            complete_command(&l, c, n - 1, words + 1);
        else
            complete_first(&l, n, words);
    }
    free(before);
    return 0;
}
