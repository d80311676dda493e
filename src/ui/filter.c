/* A list of 100,000 rows cannot be read in the time of a frame, so which rows fit is kept and only new ones are looked at. */
#include "filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE = 1024 };

void filter_set(struct filter *f, const char *text)
{
    char copy[FILTER_TEXT];
    str_append(copy, sizeof copy, 0, "%s", text);
    *f = (struct filter){0};
    memcpy(f->text, copy, sizeof copy);
    for (const char *p = copy; *p && f->n < FILTER_WORDS;) {
        p += strspn(p, " ");
        bool absent = *p == '!' && p[1] && p[1] != ' ';
        p += absent;
        bool quoted = *p == '"';
        p += quoted;
        size_t n = strcspn(p, quoted ? "\"" : " ");
        if (n > 0) {
            struct filter_word *w = &f->word[f->n++];
            str_append(w->text, sizeof w->text, 0, "%.*s", (int)n, p);
            w->absent = absent;
        }
        p += n;
        p += quoted && *p == '"';
    }
}

static const char *find(const char *line, const char *word)
{
    size_t n = strlen(word);
    for (; *line; line++)
        if (strncasecmp(line, word, n) == 0)
            return line;
    return NULL;
}

bool filter_fits(const struct filter *f, const char *line)
{
    for (int i = 0; i < f->n; i++)
        if ((find(line, f->word[i].text) == NULL) != f->word[i].absent)
            return false;
    return true;
}

int filter_find(const struct filter *f, const char *line, int from, int *length)
{
    int first = -1;
    for (int i = 0; i < f->n; i++) {
        const char *at = f->word[i].absent || (size_t)from > strlen(line) ? NULL : find(line + from, f->word[i].text);
        int n = (int)strlen(f->word[i].text);
        if (at && (first < 0 || at - line < first || (at - line == first && n > *length))) {
            first = (int)(at - line);
            *length = n;
        }
    }
    return first;
}

void filter_hits_update(struct filter_hits *h, const struct filter *f, int rows, filter_read *read, void *ctx)
{
    char line[LINE];
    for (; h->tried < rows; h->tried++) {
        read(ctx, h->tried, line, sizeof line);
        if (!filter_fits(f, line))
            continue;
        if (h->n == h->cap) {
            h->cap = h->cap ? 2 * h->cap : 64;
            h->row = xrealloc(h->row, (size_t)h->cap * sizeof *h->row);
        }
        h->row[h->n++] = h->tried;
    }
}

void filter_hits_forget(struct filter_hits *h)
{
    h->n = h->tried = 0;
}

void filter_hits_release(struct filter_hits *h)
{
    free(h->row);
    *h = (struct filter_hits){0};
}

/* How many hits lie before a row. */
static int before(const struct filter_hits *h, int row)
{
    int lo = 0, hi = h->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (h->row[mid] < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int filter_hits_next(const struct filter_hits *h, int row, int by)
{
    if (h->n == 0)
        return -1;
    if (row < 0)
        return by > 0 ? 0 : h->n - 1;
    int at = by > 0 ? before(h, row + 1) : before(h, row) - 1;
    return (at + h->n) % h->n;
}

int filter_hits_place(const struct filter_hits *h, int row)
{
    int at = before(h, row);
    return at < h->n && h->row[at] == row ? at : -1;
}
