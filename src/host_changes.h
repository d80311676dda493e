/* host_changes: settings as the words after --set that lead to them. */
#ifndef FSPLAB_HOST_CHANGES_H
#define FSPLAB_HOST_CHANGES_H

#include "param.h"

struct changes {
    int n;
    const char *set[128]; /* "key=value", "search.key=range", "search.key=none" */
};
/* Whatever makes WANT out of BASE, in the order of the parameter table. */
void changes_init(struct changes *, const struct params *base, const struct params *want);
void changes_release(struct changes *);

#endif
