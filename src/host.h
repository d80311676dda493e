/* host: what the roof lends to the screens (struct ui_host in ui/view.h): nets described, studies started, settings read. */
#ifndef FSPLAB_HOST_H
#define FSPLAB_HOST_H

#include "cmd.h"
#include "ui/view.h"

/* The options (config, runs, --set) outlive the host. */
void host_init(struct ui_host *, const struct cmd_options *);
void host_release(struct ui_host *);
/* Whether the process lives that holds the study's lock. */
bool host_is_run(const struct cmd_options *, const char *study);

#endif
