/* Words behind a name are a trial's number, key=NUMBER pairs and "warm", as the name's row allows. The pair "trial" of a request
 * to one of several that run, and a probe's places, become fields of their own. */
#include "wire_words.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct wire_word wire_words[] = {
    {WIRE_STATUS, false, 0, 0, "takes no more words", "", "where the study stands", false},
    {WIRE_PAUSE, false, 0, 0, "takes no more words", "", "save, free the memory of the nets, and wait", true},
    {WIRE_RESUME, false, 0, 0, "takes no more words", "", "go on with a paused study", true},
    {WIRE_STOP, false, 0, 0, "takes no more words", "", "save and end the process", true},
    {WIRE_SKIP, false, 0, 1, "takes trial=N and no more words", "[trial=N]", "end the present stage at this step",
     true},
    {WIRE_SET, false, 1, 2, "takes one key=value, and trial=N", "KEY=VALUE [trial=N]",
     "change a live setting from the next step on", true},
    {WIRE_ENQUEUE, false, 1, WIRE_VALUES + 1, "name at least one key=value", "KEY=VALUE...",
     "let a trial at these values go first", true},
    {WIRE_CLONE, true, 0, WIRE_VALUES + 1, "name the trial to be cloned", "TRIAL [KEY=VALUE]... [warm]",
     "a new trial with the values of another but for those named", true},
    {WIRE_THAW, true, 0, 0, "name the trial to be gone on with, and no more", "TRIAL",
     "go on with a trial that was stopped early", true},
    {WIRE_PROBE, false, 0, 3, "takes image=N, block=N and trial=N", "[image=N] [block=N] [trial=N]",
     "FSP matrices of one image, of block N or of the sections", false},
};
const int wire_word_count = (int)ARRAY_LEN(wire_words);

const struct wire_word *wire_word_find(const char *name)
{
    for (int i = 0; i < wire_word_count; i++)
        if (strcmp(wire_ask_name(wire_words[i].ask), name) == 0)
            return &wire_words[i];
    return NULL;
}

static bool take_pair(const char *name, const char *pair, struct wire_request *r, struct err *err)
{
    const char *eq = strchr(pair, '=');
    char *end = NULL;
    size_t n = eq ? (size_t)(eq - pair) : 0;
    double v = eq ? strtod(eq + 1, &end) : 0;
    if (!n || n >= sizeof r->key[0] || !eq[1] || *end || !isfinite(v))
        return err_set(err, ERR_USAGE, "%s: '%s' is %s", name, pair,
                       r->ask == WIRE_CLONE  ? "neither key=NUMBER nor warm"
                       : r->ask == WIRE_SKIP ? "not trial=NUMBER"
                                             : "not key=NUMBER");
    if (r->n == WIRE_VALUES)
        return err_set(err, ERR_USAGE, "%s: more than %d values", name, WIRE_VALUES);
    for (int i = 0; i < r->n; i++)
        if (strlen(r->key[i]) == n && memcmp(r->key[i], pair, n) == 0)
            return err_set(err, ERR_USAGE, "%s: '%s' is given twice", name, r->key[i]);
    memcpy(r->key[r->n], pair, n);
    r->key[r->n][n] = 0;
    r->value[r->n++] = v;
    return true;
}

static bool take_trial(const char *name, const char *number, struct wire_request *r, struct err *err)
{
    char *end;
    long n = strtol(number, &end, 10);
    if (!*number || *end || n < 1 || n > INT_MAX)
        return err_set(err, ERR_USAGE, "%s: '%s' is no number of a trial; `fsplab trials STUDY` lists them", name,
                       number);
    r->trial = (int)n;
    return true;
}

/* Which of the trials that run is meant, where a pair says so. */
static bool take_which(const char *name, struct wire_request *r, struct err *err)
{
    int i = 0;
    while (i < r->n && strcmp(r->key[i], "trial") != 0)
        i++;
    if (i == r->n)
        return true;
    if (r->value[i] < 1 || r->value[i] > INT_MAX || r->value[i] != floor(r->value[i]))
        return err_set(err, ERR_USAGE, "%s: trial=%g is no number of a trial", name, r->value[i]);
    r->trial = (int)r->value[i];
    r->n--;
    for (; i < r->n; i++) {
        memcpy(r->key[i], r->key[i + 1], sizeof r->key[i]);
        r->value[i] = r->value[i + 1];
    }
    return true;
}

/* The place that a probe's pairs name. */
static bool take_place(struct wire_request *r, struct err *err)
{
    for (int i = 0; i < r->n; i++) {
        int *to = strcmp(r->key[i], "image") == 0 ? &r->image : strcmp(r->key[i], "block") == 0 ? &r->block : NULL;
        if (!to)
            return err_set(err, ERR_USAGE, "probe: '%s' is not known: allowed are image, block and trial", r->key[i]);
        if (r->value[i] < 0 || r->value[i] > INT_MAX || r->value[i] != floor(r->value[i]))
            return err_set(err, ERR_USAGE, "probe: %s=%g is no number of one; allowed are whole numbers from 0",
                           r->key[i], r->value[i]);
        *to = (int)r->value[i];
    }
    r->n = 0;
    return true;
}

static bool is_warm(const char *word)
{
    return strcmp(word, "warm") == 0 || strcmp(word, "--warm") == 0;
}

static bool not_known(const char *name, struct err *err)
{
    char names[256] = "";
    size_t n = 0;
    for (int i = 0; i < wire_word_count; i++)
        n = str_append(names, sizeof names, n, "%s%s", i ? ", " : "", wire_ask_name(wire_words[i].ask));
    return err_set(err, ERR_USAGE, "'%s' is not known: allowed are %s", name, names);
}

bool wire_request_words(int n, const char *const *words, struct wire_request *r, struct err *err)
{
    const char *name = n > 0 ? words[0] : "";
    const struct wire_word *w = wire_word_find(name);
    int first = w && w->trial ? 2 : 1, given = 0;
    *r = (struct wire_request){.ask = w ? w->ask : WIRE_HELLO};
    if (!w)
        return not_known(name, err);
    for (int i = 1; i < n; i++)
        given += !is_warm(words[i]);
    if (given < n - 1 && w->ask != WIRE_CLONE)
        return err_set(err, ERR_USAGE, "%s: --warm is for clone alone", name);
    given -= first - 1;
    if (given < w->min || given > w->max)
        return err_set(err, ERR_USAGE, "%s: %s", name, w->takes);
    int at = 0;
    for (int i = 1; i < n; i++) {
        if (is_warm(words[i])) {
            r->warm = true;
            continue;
        }
        if (!(w->trial && at++ == 0 ? take_trial : take_pair)(name, words[i], r, err))
            return false;
    }
    bool one = r->ask == WIRE_SET || r->ask == WIRE_SKIP || r->ask == WIRE_PROBE;
    if (one && !take_which(name, r, err))
        return false;
    if ((r->ask == WIRE_SET && r->n != 1) || (r->ask == WIRE_SKIP && r->n != 0))
        return err_set(err, ERR_USAGE, "%s: %s", name, w->takes);
    return r->ask != WIRE_PROBE || take_place(r, err);
}
