/* setup_rows: which rows the form has: every setting of the parameter table under the heading of its group, groups folded or
 * not, or what a few letters find. Pure. */
#ifndef FSPLAB_UI_SETUP_ROWS_H
#define FSPLAB_UI_SETUP_ROWS_H

#include "../param.h"

enum { FORM_GROUPS_MAX = 12, FORM_ROWS_MAX = 128 };

enum form_row_kind { ROW_GROUP, ROW_FIELD };
struct form_row {
    enum form_row_kind kind;
    int group; /* index into form_groups' names */
    int def;   /* ROW_FIELD: index into param_table; else -1 */
};

/* The groups' names in the order of the table; returns their number. */
int form_groups(const char *names[FORM_GROUPS_MAX]);
/* Settings of a group. */
int form_group_size(int group);
/* The rows, from top to bottom: of groups that are not open the heading alone. With a FILTER that is not "" the settings
 * that it finds, under their headings, whether open or not. Returns their number. */
int form_rows(const bool open[FORM_GROUPS_MAX], const char *filter, struct form_row rows[FORM_ROWS_MAX]);
/* Whether every word of FILTER stands in the setting's name or help, in whatever case. */
bool form_found(int def, const char *filter);
/* Opens what H rows have room for, what a study is about before what few people change. The nets always. */
void form_open_by_room(int h, bool open[FORM_GROUPS_MAX]);

#endif
