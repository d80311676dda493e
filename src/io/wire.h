/* wire: the messages between a study process and those who look in: JSON objects, one a line, at most WIRE_MAX bytes.
 * Buffers only; the sockets are in serve.c and client.c.
 *
 * The first line of either side is {"fsplab": WIRE_VERSION}. Then requests, each with an answer of one line:
 *   {"ask": "status"}                                  -> the status object (see `fsplab ctl status --json`)
 *   {"ask": "pause" | "resume" | "stop"}               -> {"ok": true, "trial": 3, "stage": "transfer", "step": 120}
 *   {"ask": "set", "values": {"lambda": 0.2}}          -> the same with "before" and "after"
 *   {"ask": "enqueue", "values": {"lambda": 0.2, ...}} -> {"ok": true, ...}
 *   {"ask": "skip"}                                    -> {"ok": true, ...}: the stage ends here, the next one begins
 *   {"ask": "clone", "trial": 3, "warm": false, "values": {...}}
 *                                                      -> {"ok": true, "clone": 8, ...}: a new trial with the values of
 *                                                         trial 3 but for those named, from its first step (cold) or
 *                                                         from the checkpoint of trial 3 (warm)
 *   {"ask": "thaw", "trial": 3}                        -> {"ok": true, ...}: trial 3, stopped early, goes on after this one
 *                                                         Where several run, set, skip and probe may name their "trial";
 *                                                         otherwise it is the lowest-numbered
 *   {"ask": "probe", "image": 0, "block": 0}           -> {"ok": true, ...}: see lab_probe in lab.h; block 0: sections
 * "values" holds numbers, at most WIRE_VALUES. A clone and a thaw must name their trial (from 1); "warm" is false, and "image" and
 * "block" are 0, where they are not given. What is given must be of the right type and size; fields that an ask does not
 * have are passed over. Refused or not understood: {"ok": false, "message": "..."}. */
#ifndef FSPLAB_WIRE_H
#define FSPLAB_WIRE_H

#include "../base.h"

enum { WIRE_VERSION = 2, WIRE_MAX = 65536, WIRE_VALUES = 8 };

enum wire_ask {
    WIRE_HELLO,
    WIRE_STATUS,
    WIRE_PAUSE,
    WIRE_RESUME,
    WIRE_STOP,
    WIRE_SET,
    WIRE_ENQUEUE,
    WIRE_SKIP,
    WIRE_CLONE,
    WIRE_PROBE,
    WIRE_THAW,
};
const char *wire_ask_name(enum wire_ask);

struct wire_request {
    enum wire_ask ask;
    int version; /* WIRE_HELLO */
    int n;
    char key[WIRE_VALUES][64];
    double value[WIRE_VALUES];
    int trial; /* WIRE_CLONE, WIRE_THAW; WIRE_SET, WIRE_SKIP, WIRE_PROBE: one that runs, 0: the lowest-numbered */
    bool warm; /* WIRE_CLONE */
    int image, block; /* WIRE_PROBE */
};

/* Text of one line with its newline; free() it. */
char *wire_request_text(const struct wire_request *);
/* From one line without its newline. ERR_FORMAT says what is wrong. */
bool wire_request_parse(const char *line, size_t n, struct wire_request *, struct err *);

/* Collects bytes and hands out lines. */
struct wire_buffer {
    size_t n;
    char bytes[WIRE_MAX];
};
/* Appends as much as fits; returns how much that was. */
size_t wire_put(struct wire_buffer *, const char *bytes, size_t n);
/* The first line of *n bytes, which may hold NULs (a copy with a NUL after it, free() it), or NULL; *too_long when the
 * buffer is full without one. */
char *wire_line(struct wire_buffer *, size_t *n, bool *too_long);

#endif
