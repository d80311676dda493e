/* stopped: which trials a stopping rule has ended, read off the record. An event "pruned" (key: the rule, or "chance"; before and
 * after: the final value predicted of the trial and its standard deviation, NaN where there is none) ends one, an event "thaw"
 * takes it up again, for good: a trial is stopped once at most. */
#ifndef FSPLAB_STOPPED_H
#define FSPLAB_STOPPED_H

#include "store.h"

struct stopped {
    int trial, step;    /* the step of its fine-tuning at which it was stopped */
    double mean, sigma; /* as predicted then; NaN: taken as failed */
    bool thawed;
    bool told; /* for the owner: its end is known to the search */
};

/* Zeroed: empty. Addresses of rows are good until the next event is added. */
struct stopped_list {
    struct stopped *row;
    int n;
};

/* Events of other kinds are passed over. */
void stopped_add(struct stopped_list *, const struct event_row *, int n);
struct stopped *stopped_find(const struct stopped_list *, int trial);   /* NULL: it was not stopped */
bool stopped_read(struct stopped_list *, struct store *, struct err *); /* from all events of a store */
void stopped_release(struct stopped_list *);

#endif
