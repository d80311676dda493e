/* host_report: the paper's tables as the Report screen takes them. */
#ifndef FSPLAB_HOST_REPORT_H
#define FSPLAB_HOST_REPORT_H

#include "cmd.h"
#include "report.h"
#include "ui/report_card.h"

void host_report(const struct cmd_options *, struct report_memory *, const char chosen[CARD_ROWS][64],
                 struct report_card *);

#endif
