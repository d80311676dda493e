/* client: the other end of a study's socket, for ctl and for the screens. */
#ifndef FSPLAB_CLIENT_H
#define FSPLAB_CLIENT_H

#include <jansson.h>

#include "io/wire.h"

struct client;
/* Connects to DIR/sock and greets. ERR_STATE: nothing runs there; ERR_BUSY: no answer in time; ERR_FORMAT: another
 * version, or no fsplab; ERR_IO: not allowed. */
struct client *client_open(const char *dir, struct err *);
/* The same for who must not wait. Begin connects (a process that is stopped and whose queue is full: ERR_BUSY) and posts the
 * greeting; greeted takes what has come of the answer to it: *yes once it is in order, and not before may anything be asked.
 * How long to wait is the caller's matter. */
struct client *client_begin(const char *dir, struct err *);
bool client_greeted(struct client *, bool *yes, struct err *);
void client_close(struct client *);
/* One request, one answer (json_decref it), within timeout_ms; NULL with err, and then on every later call (ERR_STATE): an
 * answer that comes late must not be taken for the next one's. ERR_BUSY, with nothing lost, when a posted one is out. */
json_t *client_ask(struct client *, const struct wire_request *, int timeout_ms, struct err *);

/* The same in two halves, for who must not wait: a screen. At most one request is out at a time. Once the connection is
 * lost, every call says so (ERR_STATE); close it and open another. */
int client_fd(const struct client *); /* readable when an answer may be there, and when the peer has gone */
/* Hands a request over; what does not go out at once goes with client_take. ERR_BUSY: one is out already, nothing is
 * lost; ERR_STATE: the connection is lost. */
bool client_post(struct client *, const struct wire_request *, struct err *);
bool client_waiting(const struct client *); /* a request is out */
/* The answer, if it has come (*answer, json_decref it; NULL: not yet). false: the connection is lost: ERR_STATE the peer
 * has gone, ERR_FORMAT it talks nonsense, or when nobody asked. Never blocks. */
bool client_take(struct client *, json_t **answer, struct err *);

#endif
