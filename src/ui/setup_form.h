/* setup_form: what a row of the form says of its setting, and what its keys do to it. Knows no screen and no host: settings in,
 * settings out. */
#ifndef FSPLAB_UI_SETUP_FORM_H
#define FSPLAB_UI_SETUP_FORM_H

#include "../param.h"

/* The range of a setting, or NULL when it has one value. */
const struct param_range *form_range(const struct params *, int def);
/* "0.1", or "log 0.01 1 3". */
void form_text(const struct params *, int def, char *buf, size_t cap);
/* What may be entered: "0 to 100", "none, kd, hint, fsp"; of a range: "linear|log MIN MAX [COUNT]". */
void form_limits(const struct params *, int def, char *buf, size_t cap);
/* "0 to 100; default 0.1; no effect here": what may be entered, what the table has, and whether it matters. */
void form_facts(const struct params *, int def, char *buf, size_t cap);
/* The choices, between blanks: those of an enum or a yes-no, or what is suggested for a text (nets, devices); NULL: none. */
const char *form_choices(int def, const char *nets);
/* Value or range differ. */
bool form_differs(const struct params *, const struct params *, int def);
/* Whether the setting has an effect with the others as they are. */
bool form_matters(const struct params *, int def);

/* The next (by = 1) or the former (-1) choice, in a circle; the next number: of 1, 2, 5, 10, ... for what the table calls
 * logarithmic, else by a fixed step; of a range, the number of its grid points. Stays within what is allowed. */
void form_step(struct params *, int def, int by, const char *nets);
/* From one value to a range and back. A new range is the one in KEPT, else a decade to either side of the value. ERR_CONFIG:
 * this setting cannot be searched over. */
bool form_toggle_range(struct params *, const struct params *kept, int def, struct err *);
/* Value and range as in OWN. */
void form_reset(struct params *, const struct params *own, int def);
/* The table's value, and no range. */
void form_default(struct params *, int def);
/* A linear range becomes a logarithmic one, and back. ERR_CONFIG: there is no range, or it reaches down to 0. */
bool form_toggle_scale(struct params *, int def, struct err *);
/* What was typed for the setting: a value, or the range of one that has (or can have) a range. ERR_CONFIG as params_set;
 * nothing is changed then. */
bool form_type(struct params *, int def, const char *text, struct err *);

#endif
