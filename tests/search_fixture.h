/* search_fixture: a search over a ridge like distillation's, for the tests of the Search screen. */
#ifndef FSPLAB_TESTS_SEARCH_FIXTURE_H
#define FSPLAB_TESTS_SEARCH_FIXTURE_H

#include "../src/ui/belief.h"
#include "../src/ui/search_draw.h"
#include "ui_fixture.h"

enum { SEARCH_TRIALS = 24 };

/* A study over the first DIMS of lambda, transfer_lr and momentum with N trials: some diverged, one pruned, one changed by
 * hand, and of SEARCH_TRIALS the last two running and queued. */
void search_model(struct model *, int dims, int n);
/* The screen over it, with a belief. */
void search_open(struct ui *, struct model *, int dims, int n);
void search_close(struct ui *);

/* The screen has that text in it; it is what tests/golden/search-WxHNAME.txt holds; N times a command that is understood. */
void search_expect(struct ui *, int w, int h, const char *what);
void search_kept(struct ui *, int w, int h, const char *name);
void search_press(struct ui *, enum command, int n);
/* The scene of the screen, and the surrogate behind it, made without the belief; release and free them. */
struct surrogate *search_ask_directly(struct ui *, struct search_scene *);

#endif
