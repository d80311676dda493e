/* setup_layout: where the parts of the Setup screen stand, a pure function of the rectangle. */
#ifndef FSPLAB_UI_SETUP_LAYOUT_H
#define FSPLAB_UI_SETUP_LAYOUT_H

#include "canvas.h"

struct setup_layout {
    struct rect hint;                /* one row on top: what to do here */
    struct rect studies, form, card; /* with their frames */
    /* inside the frames: */
    struct rect list, about;  /* the studies; below them, what is known of the selected one */
    struct rect fields, help; /* the settings; below them, what the selected one means */
    struct rect facts;        /* what will be trained */
    struct rect picture;      /* what will be searched; empty: it takes the place of the facts when it is looked at */
};
/* Three panes side by side where there is room, else the card below the form. Parts of one level do not overlap; what a
 * small rectangle has no room for is empty. */
struct setup_layout setup_layout(struct rect r);

#endif
