/* edited: the settings with which a trial that was changed by hand ended, read off the record: its events "set", the last of
 * each setting. An event "skip" cut a stage short: how such a trial ended says nothing of any settings. */
#ifndef FSPLAB_EDITED_H
#define FSPLAB_EDITED_H

#include "store.h"

enum { EDITED_MAX = 12 }; /* twice the settings that can be changed in a trial that runs */

struct edited {
    int trial;
    bool cut;
    int n;
    char name[EDITED_MAX][64]; /* as in param_table: an "lr" is that of the stage it was set in */
    double value[EDITED_MAX];
    bool finetuning[EDITED_MAX]; /* set while the student was fine-tuned: an entry of its own, behind the other */
};

/* Zeroed: empty. Addresses of rows are good until the next event is added. */
struct edited_list {
    struct edited *row;
    int n;
};

/* Events in their order; those of other kinds are passed over. */
void edited_add(struct edited_list *, const struct event_row *, int n);
const struct edited *edited_find(const struct edited_list *, int trial); /* NULL: nothing was set or skipped in it */
/* The row as if it had been begun with the values that its trial ended with. A weight of the transfer's loss that was set when
 * the transfer was over changed nothing, unless the method has LAMBDA_FINETUNES (kd). false: there are no such values, for it was cut short, or
 * the row has no room for them. */
bool edited_row(const struct edited_list *, bool lambda_finetunes, const struct trial_row *,
                struct trial_row *ended_with);
void edited_release(struct edited_list *);

#endif
