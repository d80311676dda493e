/* edited: a small list, searched from the front. */
#include "edited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct edited *row_of(struct edited_list *l, int trial)
{
    for (int i = 0; i < l->n; i++)
        if (l->row[i].trial == trial)
            return &l->row[i];
    l->row = xrealloc(l->row, (size_t)(l->n + 1) * sizeof *l->row);
    l->row[l->n] = (struct edited){.trial = trial};
    return &l->row[l->n++];
}

static void take_set(struct edited *t, const struct event_row *e)
{
    bool finetuning = strcmp(e->stage, "finetune") == 0;
    const char *name = strcmp(e->key, "lr") != 0 ? e->key : finetuning ? "finetune_lr" : "transfer_lr";
    int k = 0;
    while (k < t->n && (strcmp(t->name[k], name) != 0 || t->finetuning[k] != finetuning))
        k++;
    if (k == EDITED_MAX) { /* a record of another program's: what it ended with is not known */
        t->cut = true;
        return;
    }
    t->n += k == t->n;
    snprintf(t->name[k], sizeof t->name[k], "%s", name);
    t->value[k] = e->after;
    t->finetuning[k] = finetuning;
}

void edited_add(struct edited_list *l, const struct event_row *e, int n)
{
    for (int i = 0; i < n; i++) {
        if (e[i].trial > 0 && strcmp(e[i].kind, "skip") == 0)
            row_of(l, e[i].trial)->cut = true;
        else if (e[i].trial > 0 && strcmp(e[i].kind, "set") == 0)
            take_set(row_of(l, e[i].trial), &e[i]);
    }
}

const struct edited *edited_find(const struct edited_list *l, int trial)
{
    for (int i = 0; i < l->n; i++)
        if (l->row[i].trial == trial)
            return &l->row[i];
    return NULL;
}

bool edited_row(const struct edited_list *l, bool lambda_finetunes, const struct trial_row *from, struct trial_row *to)
{
    const struct edited *t = edited_find(l, from->number);
    *to = *from;
    for (int i = 0; t && i < t->n; i++) {
        int k = 0;
        if (t->finetuning[i] && !lambda_finetunes && strncmp(t->name[i], "lambda", 6) == 0)
            continue;
        while (k < to->n_params && strcmp(to->param_name[k], t->name[i]) != 0)
            k++;
        if (k == TRIAL_PARAMS_MAX)
            return false;
        to->n_params += k == to->n_params;
        snprintf(to->param_name[k], sizeof to->param_name[k], "%s", t->name[i]);
        to->param_value[k] = t->value[i];
    }
    return !t || !t->cut;
}

void edited_release(struct edited_list *l)
{
    free(l->row);
    *l = (struct edited_list){0};
}
