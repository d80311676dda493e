/* model_trials: what the model keeps of all trials beside their rows: when each was saved, and their evaluations. For model.c. */
#ifndef FSPLAB_UI_MODEL_TRIALS_H
#define FSPLAB_UI_MODEL_TRIALS_H

#include "model.h"

/* Both read what is new in m->store; the rows must have been read. FIRST_EVENT: events from there on are new. */
bool model_read_saved(struct model *, struct err *);
bool model_read_evals(struct model *, int first_event, struct err *);
/* Frees rows, times and evaluations. */
void model_forget_trials(struct model *);

#endif
