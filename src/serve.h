/* serve: the study process's end of the socket DIR/sock, driven by its main thread's poll loop. */
#ifndef FSPLAB_SERVE_H
#define FSPLAB_SERVE_H

#include "lab.h"

struct serve;
/* Binds DIR/sock, mode 0600; one left by a dead process is taken over (the caller holds the study's lock). ERR_IO. */
struct serve *serve_open(const char *dir, struct lab *, struct err *);
/* Waits at most timeout_ms for extra_fd, a connection or a request, then serves whoever is ready. Never blocks on a
 * client. SERVE may be NULL: then it only waits. */
void serve_poll(struct serve *, int extra_fd, int timeout_ms);
int serve_clients(const struct serve *); /* connected now */
void serve_close(struct serve *);        /* answers what it can, removes DIR/sock */

#endif
