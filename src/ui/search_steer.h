/* search_steer: what the keys of the Search screen ask for that changes the search: a trial at the cursor, other ranges,
 * another strategy. Each function fills a request, or says in one why not; nothing is changed here. A study that runs takes a
 * trial at once; ranges and strategy belong to its start, so it is stopped, which saves it, and gone on with. */
#ifndef FSPLAB_UI_SEARCH_STEER_H
#define FSPLAB_UI_SEARCH_STEER_H

#include "search_draw.h"

/* What a line is typed for. */
enum steer_prompt { STEER_NOTHING, STEER_PIN, STEER_STRATEGY };

/* A trial at the cursor; the settings that are not on the axes as at the best point. */
void steer_enqueue(const struct view_context *, const struct search_scene *, const struct search_look *,
                   struct request *);
/* Both ranges to the box from its corner to the cursor, whose cells are COLUMNS x ROWS of the map: from the outer edges of
 * the cells that it covers, to three digits. WANT: gets the settings, for the request. */
void steer_box(const struct view_context *, const struct search_scene *, const struct search_look *, int columns,
               int rows, struct params *want, struct request *);
/* Ask for a line: what the typed one may be is said by steer_typed. */
void steer_ask_pin(const struct search_scene *, const struct search_look *, struct request *);
void steer_ask_strategy(const struct search_scene *, struct request *);
/* STEER_PIN: "NAME=VALUE" pins, "NAME=linear|log MIN MAX [COUNT]" is its range from now on, "NAME=free" gives a pinned one
 * the range back that it had, "NAME=none" ends the search over it. STEER_STRATEGY: a strategy's name. false with err. */
bool steer_typed(const struct view_context *, const struct search_scene *, enum steer_prompt, const char *text,
                 struct params *want, struct request *, struct err *);

#endif
