/* op_table: every operation of a backend, with the shapes and options that take different paths through it, against the
 * float64 reference. A row becomes a case (inputs from the row's seed, expected outputs); a case runs on any number of
 * backends. Nothing here looks into device memory: data go up and come down through the backend. */
#ifndef FSPLAB_TESTS_OP_TABLE_H
#define FSPLAB_TESTS_OP_TABLE_H

#include "../src/nn/backend.h"

struct op_case;

size_t op_row_count(void);
struct op_case *op_case_new(size_t row);
void op_case_free(struct op_case *);
/* "conv_backward n5 16x16 16->32 k3 s2 ..." */
const char *op_case_name(const struct op_case *);
/* Bytes of all outputs together: what op_case_run writes to `outputs` (may be NULL), the same at each run. */
size_t op_case_output_bytes(const struct op_case *);
/* False, with the worst disagreement in `why` (256 bytes): an output off by more than the row allows, an input changed,
 * or something written behind a buffer. *worst: the largest error relative to what is allowed. */
bool op_case_run(const struct op_case *, struct backend *, void *outputs, double *worst, char *why);

#endif
