/* Groups are those of the table, so a new setting or group needs nothing here. */
#include "setup_rows.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

int form_groups(const char *names[FORM_GROUPS_MAX])
{
    int n = 0;
    for (int i = 0; i < param_count; i++) {
        int k = 0;
        while (k < n && strcmp(names[k], param_table[i].group) != 0)
            k++;
        assert(k < FORM_GROUPS_MAX);
        if (k == n)
            names[n++] = param_table[i].group;
    }
    return n;
}

static bool is_in(int def, const char *group)
{
    return strcmp(param_table[def].group, group) == 0;
}

int form_group_size(int group)
{
    const char *names[FORM_GROUPS_MAX];
    int n = 0;
    form_groups(names);
    for (int i = 0; i < param_count; i++)
        n += is_in(i, names[group]);
    return n;
}

static bool has_word(const char *text, const char *word, size_t n)
{
    for (; strlen(text) >= n; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

bool form_found(int def, const char *filter)
{
    const struct param_def *d = &param_table[def];
    for (const char *s = filter + strspn(filter, " "); *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        if (!has_word(d->name, s, n) && !has_word(d->help, s, n))
            return false;
        s += n;
    }
    return true;
}

int form_rows(const bool open[FORM_GROUPS_MAX], const char *filter, struct form_row rows[FORM_ROWS_MAX])
{
    const char *names[FORM_GROUPS_MAX];
    int groups = form_groups(names), n = 0;
    for (int g = 0; g < groups; g++) {
        int heading = n;
        rows[n++] = (struct form_row){ROW_GROUP, g, -1};
        for (int i = 0; i < param_count && n < FORM_ROWS_MAX - FORM_GROUPS_MAX; i++)
            if (is_in(i, names[g]) && (*filter ? form_found(i, filter) : open[g]))
                rows[n++] = (struct form_row){ROW_FIELD, g, i};
        if (*filter && n == heading + 1)
            n = heading;
    }
    return n;
}

void form_open_by_room(int h, bool open[FORM_GROUPS_MAX])
{
    static const char *const first[] = {"networks", "transfer", "search", "data"};
    const char *names[FORM_GROUPS_MAX];
    int groups = form_groups(names), used = groups;
    bool done[FORM_GROUPS_MAX] = {false};
    memset(open, 0, FORM_GROUPS_MAX * sizeof *open);
    for (size_t k = 0; k <= ARRAY_LEN(first); k++)
        for (int g = 0; g < groups; g++) {
            if (done[g] || (k < ARRAY_LEN(first) && strcmp(names[g], first[k]) != 0))
                continue;
            done[g] = true;
            open[g] = k == 0 || used + form_group_size(g) <= h;
            used += open[g] ? form_group_size(g) : 0;
        }
}
