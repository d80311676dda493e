/* stopped: a small list, searched from the front. */
#include "stopped.h"

#include <stdlib.h>
#include <string.h>

void stopped_add(struct stopped_list *l, const struct event_row *e, int n)
{
    for (int i = 0; i < n; i++) {
        bool thaw = strcmp(e[i].kind, "thaw") == 0;
        if (!thaw && strcmp(e[i].kind, "pruned") != 0)
            continue;
        struct stopped *s = stopped_find(l, e[i].trial);
        if (thaw && s)
            s->thawed = true;
        if (thaw || s)
            continue;
        l->row = xrealloc(l->row, (size_t)(l->n + 1) * sizeof *l->row);
        l->row[l->n++] =
            (struct stopped){.trial = e[i].trial, .step = e[i].step, .mean = e[i].before, .sigma = e[i].after};
    }
}

struct stopped *stopped_find(const struct stopped_list *l, int trial)
{
    for (int i = 0; i < l->n; i++)
        if (l->row[i].trial == trial)
            return &l->row[i];
    return NULL;
}

bool stopped_read(struct stopped_list *l, struct store *store, struct err *err)
{
    struct event_row *events = NULL;
    int n = store_events(store, -1, 0, &events, err);
    if (n < 0)
        return false;
    stopped_add(l, events, n);
    free(events);
    return true;
}

void stopped_release(struct stopped_list *l)
{
    free(l->row);
    *l = (struct stopped_list){0};
}
