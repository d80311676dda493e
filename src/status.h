/* status: a snapshot as the JSON that `ctl status`, the socket and `run --json` give. Values that are not known are
 * null, never 0. */
#ifndef FSPLAB_STATUS_H
#define FSPLAB_STATUS_H

#include <jansson.h>

#include "lab.h"

json_t *status_json(const struct lab_state *, int clients);
json_t *ack_json(const struct lab_ack *);

#endif
