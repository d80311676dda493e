/* run_export: the curves of the Run screen for a file, as they are looked at. */
#ifndef FSPLAB_UI_RUN_EXPORT_H
#define FSPLAB_UI_RUN_EXPORT_H

#include "export.h"
#include "run_curves.h"

/* Losses, and accuracies where they are shown. Rows are "plot,curve,AXIS,value" with the drawn points, smoothed where the screen
 * smooths. ERR_STATE: no curves yet. */
bool run_export(struct sheet *, const struct view_context *, const struct run_look *, const char *stage,
                bool accuracies, struct err *);

#endif
