/* ctl_screen: `fsplab ctl STUDY screen [NAME]`: a screen of the workbench as text. */
#ifndef FSPLAB_CTL_SCREEN_H
#define FSPLAB_CTL_SCREEN_H

#include "cmd.h"

/* argv: "ctl", STUDY, "screen", [NAME], [--size WxH], [--color]. Returns the exit status. */
int ctl_screen(const struct cmd_options *, int argc, char **argv);

#endif
