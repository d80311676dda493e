/* lab_json: a snapshot as the JSON that `ctl status`, the socket and `run --json` give. Values that are not known are
 * null, never 0. */
#ifndef FSPLAB_LAB_JSON_H
#define FSPLAB_LAB_JSON_H

#include <jansson.h>

#include "lab.h"

json_t *lab_state_json(const struct lab_state *, int clients);
json_t *lab_ack_json(const struct lab_ack *);
/* With what an ack has, but for its message:
 *   "image", "images", "set" ("validation" or "training"), "label", "class", "rgb" (3072 bytes, row-major RGB)
 *   "block" as asked for, "blocks" that can be asked for, "reduced" (1, or the matrices are means over cells of so many
 *   by so many elements)
 *   "teacher", "student": {"net", "name", "block", "blocks", "m", "n", "fsp" (m * n floats, row-major)}, or null where
 *   there is none; of block 0 without m, n and fsp, but then there are
 *   "pairs": three of {"m", "n", "teacher", "student"}, matrices of that size, or null
 *   "note", where a teacher should be there and is not, or only has pairs of another size than the student's.
 * Bytes and floats (32 bits, little-endian) are in base64. A line of at most WIRE_MAX bytes. */
json_t *lab_probe_json(const struct lab_probe *);
/* A JSON string of any bytes: JSON is UTF-8, names of files and what a client sends need not be ('?' then). */
json_t *lab_json_text(const char *);

/* An ask for the store's journal: what the search's latest one knew (search_belief; nothing where no model was asked, or
 * SEARCH is NULL), and "told", the N ids whose ends it had been told since the ask before, in that order; N < 0: not
 * written, it had been told all in the order of their asks. free() it. */
struct search;
struct space;
char *lab_ask_json(const struct search *, const struct space *, const int *told, int n);
/* The ids under "told" (*told: free() it) and how many; -1: there is no such field. */
int lab_told_of_json(const char *json, int **told);

#endif
