/* search_export: the maps of the Search screen for a file: what the belief's picture holds, cell by cell. */
#ifndef FSPLAB_UI_SEARCH_EXPORT_H
#define FSPLAB_UI_SEARCH_EXPORT_H

#include "export.h"
#include "search_draw.h"

/* Rows are one a cell of the picture, from its top left: the settings at the cell's middle, mean and standard deviation of the
 * accuracy (0 to 1), and what a trial there is worth. A drawing has the maps that are shown: the one that LOOK names, or ALL
 * three; of a cut the mean with two standard deviations. The scene has its picture. ERR_STATE: it is not there yet, or not
 * in full. */
bool search_export(struct sheet *, const struct model *, const struct search_scene *, const struct search_look *,
                   bool all, struct err *);

#endif
