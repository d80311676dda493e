/* lab_json: a snapshot as the JSON that `ctl status`, the socket and `run --json` give. Values that are not known are
 * null, never 0. */
#ifndef FSPLAB_LAB_JSON_H
#define FSPLAB_LAB_JSON_H

#include <jansson.h>

#include "lab.h"

json_t *lab_state_json(const struct lab_state *, int clients);
json_t *lab_ack_json(const struct lab_ack *);
/* A JSON string of any bytes: JSON is UTF-8, names of files and what a client sends need not be ('?' then). */
json_t *lab_json_text(const char *);

#endif
