/* ctl_probe: the answer to a probe (lab_json.h: lab_probe_json), as `fsplab ctl probe` gives it. */
#ifndef FSPLAB_CTL_PROBE_H
#define FSPLAB_CTL_PROBE_H

#include <jansson.h>

#include "base.h"

/* Puts plain numbers where base64 is: "rgb" becomes an array of 3072 numbers, a matrix an array of its rows. ERR_FORMAT:
 * what is missing or of the wrong size; the answer is then partly changed. */
bool probe_expand(json_t *answer, struct err *);
/* An expanded answer in words: image, blocks, norms. */
void probe_print(json_t *answer);

#endif
