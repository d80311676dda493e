/* setup_preset: sets of values that go together, from the studies that come with the program. A preset is about how one trains:
 * nets, data, transfer and search stay what they are. */
#ifndef FSPLAB_UI_SETUP_PRESET_H
#define FSPLAB_UI_SETUP_PRESET_H

#include "../param.h"

struct preset {
    const char *name, *help; /* help: a sentence without full stop */
    const char *study;       /* the section of experiments.ini whose values these are */
    const char *sets;        /* "key=value key=value ..." */
};
extern const struct preset presets[];
extern const int preset_count;

/* Sets its values. One that is searched over keeps its range. */
void preset_apply(const struct preset *, struct params *);

#endif
