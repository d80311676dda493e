/* Settings are compared as text: what reads back to the same value is the same. */
#include "host_changes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct param_range *find_range(const struct params *p, int def)
{
    for (int i = 0; i < p->n_ranges; i++)
        if (p->ranges[i].def == def)
            return &p->ranges[i];
    return NULL;
}

static void range_text(const struct params *p, int def, char *buf, size_t cap)
{
    const struct param_range *r = find_range(p, def);
    if (r)
        param_range_format(r, buf, cap);
    else
        str_append(buf, cap, 0, "none");
}

static void add(struct changes *c, const char *prefix, int def, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return;
    assert(c->n < (int)ARRAY_LEN(c->set));
    c->set[c->n++] = xstrfmt("%s%s=%s", prefix, param_table[def].name, to);
}

void changes_init(struct changes *c, const struct params *base, const struct params *want)
{
    char from[PARAM_STR_MAX], to[PARAM_STR_MAX];
    c->n = 0;
    for (int i = 0; i < param_count; i++) {
        params_format(base, i, from, sizeof from);
        params_format(want, i, to, sizeof to);
        add(c, "", i, from, to);
    }
    for (int i = 0; i < param_count; i++) {
        range_text(base, i, from, sizeof from);
        range_text(want, i, to, sizeof to);
        add(c, "search.", i, from, to);
    }
}

void changes_release(struct changes *c)
{
    for (int i = 0; i < c->n; i++)
        free((char *)c->set[i]);
    c->n = 0;
}
