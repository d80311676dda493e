/* trial_map: the trials as points over two searched settings, coloured by accuracy: what is known before there is a
 * surrogate. */
#ifndef FSPLAB_UI_TRIAL_MAP_H
#define FSPLAB_UI_TRIAL_MAP_H

#include "view.h"

/* Axes are the first two settings that the trials differ in (or the settings' ranges name); log where the range is. */
void trial_map_draw(struct canvas *, struct rect, const struct look *, const struct model *);

#endif
