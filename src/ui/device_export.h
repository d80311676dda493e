/* device_export: the Device screen's histories as rows. */
#ifndef FSPLAB_UI_DEVICE_EXPORT_H
#define FSPLAB_UI_DEVICE_EXPORT_H

#include "export.h"

/* A row a sample of the latest SECONDS: its time (UTC), then the quantities that the screen shows of this GPU (-1: of the
 * processor), each with its unit in the column's name; what is not known is empty. ERR_USAGE: no CSV; ERR_STATE: no sample. */
bool device_export(struct sheet *, const struct model *, int gpu, double seconds, struct err *);

#endif
