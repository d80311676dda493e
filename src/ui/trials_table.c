/* Rows are read once for each version of them: columns, values of the settings as one matrix, groups of repeats, the best.
 * Filter, brushes and order work on that; each is done again only when it, or what it works on, has changed. Ties go by
 * trial number, so the order is the same however it came about. */
#include "trials_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void trials_table_init(struct trials_table *t)
{
    *t = (struct trials_table){.best = -1};
    str_append(t->sort, sizeof t->sort, 0, "trial");
    t->stale = true;
}

static void forget_rows(struct trials_table *t)
{
    free(t->setting);
    free(t->own);
    free(t->group);
    free(t->groups);
    t->setting = NULL;
    t->own = NULL;
    t->group = NULL;
    t->groups = NULL;
    t->n_groups = t->n_settings = t->n_columns = 0;
}

void trials_table_release(struct trials_table *t)
{
    forget_rows(t);
    free(t->shown);
    free(t->place);
    *t = (struct trials_table){.best = -1};
}

/* ---- columns ---- */

static const char *const names[COLUMN_KINDS] = {[COLUMN_NUMBER] = "trial",      [COLUMN_KIND] = "kind",
                                                [COLUMN_STATE] = "state",       [COLUMN_SETTING] = "",
                                                [COLUMN_VAL] = "val",           [COLUMN_VAL_MEAN] = "val mean",
                                                [COLUMN_TEST] = "test",         [COLUMN_TEST_MEAN] = "test mean",
                                                [COLUMN_SECONDS] = "seconds",   [COLUMN_TEACHER] = "teacher",
                                                [COLUMN_TRANSFER] = "transfer", [COLUMN_FINETUNE] = "finetune",
                                                [COLUMN_EDITED] = "edited",     [COLUMN_DATE] = "date",
                                                [COLUMN_REASON] = "message"};

int trials_table_column(const struct trials_table *t, const char *name)
{
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->column[i].name, name) == 0)
            return i;
    return -1;
}

static struct trials_column *add_column(struct trials_table *t, enum trials_kind kind, const char *name)
{
    struct trials_column *c = &t->column[t->n_columns++];
    *c = (struct trials_column){.kind = kind, .setting = -1, .def = -1, .study = NAN, .lo = NAN, .hi = NAN};
    str_append(c->name, sizeof c->name, 0, "%s", name);
    return c;
}

static void add_setting(struct trials_table *t, const char *name, const struct params *settings)
{
    if (t->n_settings == TRIAL_PARAMS_MAX || trials_table_column(t, name) >= 0)
        return;
    struct trials_column *c = add_column(t, COLUMN_SETTING, name);
    c->setting = t->n_settings++;
    c->def = param_find(name);
    if (c->def < 0 || !settings)
        return;
    c->study = params_get_number(settings, c->def);
    c->log = param_table[c->def].scale == SCALE_LOG;
    for (int i = 0; i < settings->n_ranges; i++)
        if (settings->ranges[i].def == c->def) {
            c->log = settings->ranges[i].scale == SCALE_LOG;
            c->lo = settings->ranges[i].min;
            c->hi = settings->ranges[i].max;
        }
}

static void find_columns(struct trials_table *t, const struct trials_source *s)
{
    t->n_columns = t->n_settings = 0;
    for (int k = COLUMN_NUMBER; k <= COLUMN_STATE; k++)
        add_column(t, (enum trials_kind)k, names[k]);
    for (int i = 0; s->settings && i < s->settings->n_ranges; i++)
        add_setting(t, param_table[s->settings->ranges[i].def].name, s->settings);
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->rows[i].n_params; k++)
            add_setting(t, s->rows[i].param_name[k], s->settings);
    for (int k = COLUMN_VAL; k < COLUMN_KINDS; k++)
        if (t->several || (k != COLUMN_VAL_MEAN && k != COLUMN_TEST_MEAN))
            add_column(t, (enum trials_kind)k, names[k]);
}

static void read_settings(struct trials_table *t, const struct trials_source *s)
{
    size_t cells = (size_t)s->n * (size_t)t->n_settings;
    const struct trials_column *c = &t->column[COLUMN_SETTING]; /* they stand together */
    t->setting = xmalloc((cells + 1) * sizeof *t->setting);
    t->own = xcalloc(cells + 1, sizeof *t->own);
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < t->n_settings; j++) {
            const struct trial_row *r = &s->rows[i];
            size_t cell = (size_t)i * (size_t)t->n_settings + (size_t)j;
            t->setting[cell] = c[j].study;
            for (int k = 0; k < r->n_params; k++)
                if (strcmp(r->param_name[k], c[j].name) == 0) {
                    t->setting[cell] = r->param_value[k];
                    t->own[cell] = true;
                }
        }
}

/* ---- how they are written ---- */

void trials_setting_text(double v, char *buf, size_t cap)
{
    if (isnan(v))
        str_append(buf, cap, 0, "-");
    else
        str_append(buf, cap, 0, v == rint(v) && fabs(v) < 1e7 ? "%.0f" : "%.4g", v);
}

/* So that the points of a column stand below each other. Of a long table some rows are asked: one that is wider than they
 * are is pushed to the left. */
static void measure_settings(struct trials_table *t, int rows)
{
    enum { ASKED = 1000 };
    int stride = rows / ASKED + 1;
    for (int j = 0; j < t->n_columns; j++) {
        struct trials_column *c = &t->column[j];
        for (int i = 0; c->kind == COLUMN_SETTING && i < rows; i += stride) {
            char text[32];
            trials_setting_text(t->setting[(size_t)i * (size_t)t->n_settings + (size_t)c->setting], text, sizeof text);
            int n = (int)strlen(text), before = (int)strcspn(text, ".");
            c->before = before > c->before ? before : c->before;
            c->after = n - before > c->after ? n - before : c->after;
        }
    }
}

/* ---- repeats ---- */

struct run {
    int search_no, ask_id, row;
};

static int by_configuration(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    if (x->search_no != y->search_no)
        return x->search_no < y->search_no ? -1 : 1;
    if (x->ask_id != y->ask_id)
        return x->ask_id < y->ask_id ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void make_group(struct trials_table *t, const struct trials_source *s, const struct run *runs, int n)
{
    struct trials_group *g = &t->groups[t->n_groups];
    double *val = xmalloc(2 * (size_t)n * sizeof *val), *test = val + n;
    *g = (struct trials_group){0};
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &s->rows[runs[i].row];
        t->group[runs[i].row] = t->n_groups;
        val[g->n++] = r->val_accuracy;
        if (isfinite(r->test_accuracy))
            test[g->n_test++] = r->test_accuracy;
    }
    mean_sd(val, g->n, &g->val_mean, &g->val_sd);
    mean_sd(test, g->n_test, &g->test_mean, &g->test_sd);
    t->several |= n > 1;
    t->n_groups++;
    free(val);
}

static void find_groups(struct trials_table *t, const struct trials_source *s)
{
    struct run *runs = xmalloc(((size_t)s->n + 1) * sizeof *runs);
    int n = 0;
    t->group = xmalloc(((size_t)s->n + 1) * sizeof *t->group);
    t->groups = xmalloc(((size_t)s->n + 1) * sizeof *t->groups);
    t->n_groups = 0;
    t->several = false;
    for (int i = 0; i < s->n; i++) {
        const struct trial_row *r = &s->rows[i];
        t->group[i] = -1;
        if (r->state == TRIAL_COMPLETE && !r->edited && r->ask_id >= 0 && isfinite(r->val_accuracy))
            runs[n++] = (struct run){r->search_no, r->ask_id, i};
    }
    qsort(runs, (size_t)n, sizeof *runs, by_configuration);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && runs[end].search_no == runs[i].search_no && runs[end].ask_id == runs[i].ask_id;)
            end++;
        make_group(t, s, runs + i, end - i);
    }
    free(runs);
}

/* ---- the best, and the bars ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A bar is full at the highest value and empty at the lowest, but the middle value has at least half a bar: one trial at
 * chance level does not make all others look alike. */
static void find_best(struct trials_table *t, const struct trials_source *s)
{
    double *v = xmalloc(((size_t)s->n + 1) * sizeof *v);
    int n = 0;
    t->best = -1;
    t->collapsed = false;
    t->bar_lo = t->bar_hi = 0;
    memset(t->count, 0, sizeof t->count);
    for (int i = 0; i < s->n; i++) {
        const struct trial_row *r = &s->rows[i];
        t->count[r->state]++;
        t->collapsed |= r->collapsed;
        if (isfinite(r->val_accuracy))
            v[n++] = r->val_accuracy;
        if (r->state == TRIAL_COMPLETE && r->kind != TRIAL_REPEAT && !r->edited && isfinite(r->val_accuracy) &&
            (t->best < 0 || r->val_accuracy > s->rows[t->best].val_accuracy))
            t->best = i;
    }
    qsort(v, (size_t)n, sizeof *v, by_value);
    if (n > 0) {
        t->bar_hi = v[n - 1];
        t->bar_lo = fmax(v[0], t->bar_hi - 2 * (t->bar_hi - v[n / 2]));
    }
    free(v);
}

/* ---- values ---- */

double trials_table_seconds(const struct trial_row *r)
{
    return r->seconds_teacher + r->seconds_transfer + r->seconds_finetune;
}

const struct trials_group *trials_table_group(const struct trials_table *t, int row)
{
    return t->group[row] < 0 ? NULL : &t->groups[t->group[row]];
}

double trials_table_value(const struct trials_table *t, const struct trials_column *c, int row)
{
    const struct trial_row *r = &t->source.rows[row];
    const struct trials_group *g = trials_table_group(t, row);
    switch (c->kind) {
    case COLUMN_NUMBER: return r->number;
    case COLUMN_KIND: return r->kind;
    case COLUMN_STATE: return r->state;
    case COLUMN_SETTING: return t->setting[(size_t)row * (size_t)t->n_settings + (size_t)c->setting];
    case COLUMN_VAL: return r->val_accuracy;
    case COLUMN_VAL_MEAN: return g && g->n > 1 ? g->val_mean : NAN;
    case COLUMN_TEST: return r->test_accuracy;
    case COLUMN_TEST_MEAN: return g && g->n_test > 1 ? g->test_mean : NAN;
    case COLUMN_SECONDS: return trials_table_seconds(r);
    case COLUMN_TEACHER: return r->seconds_teacher;
    case COLUMN_TRANSFER: return r->seconds_transfer;
    case COLUMN_FINETUNE: return r->seconds_finetune;
    case COLUMN_EDITED: return r->edited;
    case COLUMN_DATE: return t->source.saved_ms && t->source.saved_ms[row] ? (double)t->source.saved_ms[row] : NAN;
    case COLUMN_REASON:
    case COLUMN_KINDS: break;
    }
    return NAN;
}

/* Rows are large: each is fetched once, not once a column. */
static void find_ranges(struct trials_table *t)
{
    for (int j = 0; j < t->n_columns; j++)
        t->column[j].data_lo = t->column[j].data_hi = NAN;
    for (int i = 0; i < t->source.n; i++)
        for (int j = 0; j < t->n_columns; j++) {
            struct trials_column *c = &t->column[j];
            double v = trials_table_value(t, c, i);
            if (!(v >= c->data_lo))
                c->data_lo = isnan(v) ? c->data_lo : v;
            if (!(v <= c->data_hi))
                c->data_hi = isnan(v) ? c->data_hi : v;
        }
}

/* ---- which are shown ---- */

struct subject {
    const struct trials_table *t;
    int row;
};

static double setting_of(const void *ctx, int def)
{
    const struct subject *s = ctx;
    const struct trials_table *t = s->t;
    for (int i = 0; i < t->n_columns; i++)
        if (t->column[i].kind == COLUMN_SETTING && t->column[i].def == def)
            return trials_table_value(t, &t->column[i], s->row);
    return t->source.settings ? params_get_number(t->source.settings, def) : (double)NAN;
}

static bool passes_brushes(const struct trials_table *t, int row)
{
    for (int i = 0; i < t->n_brushes; i++) {
        int j = trials_table_column(t, t->brush[i].column);
        double v = j < 0 ? NAN : trials_table_value(t, &t->column[j], row);
        if (j >= 0 && !(v >= t->brush[i].lo && v <= t->brush[i].hi))
            return false;
    }
    return true;
}

struct item {
    double key;
    const char *text; /* where the column is of text */
    int row;
};

/* Numbers up or down, then those that are not known; ties by trial. */
static int rising(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (isnan(x->key) || isnan(y->key)) {
        if (isnan(x->key) != isnan(y->key))
            return isnan(x->key) ? 1 : -1;
    } else if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

static int falling(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (!isnan(x->key) && !isnan(y->key) && x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return rising(a, b);
}

/* An empty message comes last, as what is not known does. */
static int by_text(const struct item *x, const struct item *y, int sign)
{
    if (!*x->text != !*y->text)
        return *x->text ? -1 : 1;
    int order = sign * strcmp(x->text, y->text);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int text_rising(const void *a, const void *b)
{
    return by_text(a, b, 1);
}

static int text_falling(const void *a, const void *b)
{
    return by_text(a, b, -1);
}

static void show_rows(struct trials_table *t)
{
    const struct trials_source *s = &t->source;
    int j = trials_table_column(t, t->sort);
    const struct trials_column *c = &t->column[j < 0 ? 0 : j];
    bool text = c->kind == COLUMN_REASON;
    struct item *items = xmalloc(((size_t)s->n + 1) * sizeof *items);
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const struct trials_group *g = trials_table_group(t, i);
        struct subject ctx = {t, i};
        const struct trials_subject subject = {&s->rows[i], g ? g->n : 0, setting_of, &ctx};
        if (trials_filter_holds(&t->filter, &subject) && passes_brushes(t, i))
            items[n++] = (struct item){text ? 0 : trials_table_value(t, c, i), s->rows[i].reason, i};
    }
    qsort(items, (size_t)n, sizeof *items,
          text ? (t->down ? text_falling : text_rising) : (t->down ? falling : rising));
    t->shown = xrealloc(t->shown, ((size_t)n + 1) * sizeof *t->shown);
    t->place = xrealloc(t->place, ((size_t)s->n + 1) * sizeof *t->place);
    for (int i = 0; i < s->n; i++)
        t->place[i] = -1;
    for (int i = 0; i < n; i++) {
        t->shown[i] = items[i].row;
        t->place[items[i].row] = i;
    }
    t->n_shown = n;
    t->stale = false;
    t->sorted++;
    free(items);
}

int trials_table_row(const struct trials_table *t, int number)
{
    const struct trial_row *rows = t->source.rows;
    int lo = 0, hi = t->source.n;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (rows[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->source.n && rows[lo].number == number ? lo : -1;
}

int trials_table_place(const struct trials_table *t, int number)
{
    int row = trials_table_row(t, number);
    return row < 0 ? -1 : t->place[row];
}

/* ---- updates ---- */

/* What the columns take from the settings. */
static bool same_settings(const struct trials_table *t, const struct params *p)
{
    int ranges = 0;
    for (int i = 0; i < t->n_columns; i++) {
        const struct trials_column *c = &t->column[i];
        if (c->kind != COLUMN_SETTING || c->def < 0)
            continue;
        if (p ? c->study != params_get_number(p, c->def) : !isnan(c->study))
            return false;
        ranges += !isnan(c->lo);
    }
    for (int i = 0; p && i < p->n_ranges; i++) {
        int j = trials_table_column(t, param_table[p->ranges[i].def].name);
        if (j < 0 || t->column[j].lo != p->ranges[i].min || t->column[j].hi != p->ranges[i].max ||
            t->column[j].log != (p->ranges[i].scale == SCALE_LOG))
            return false;
    }
    return ranges == (p ? p->n_ranges : 0);
}

bool trials_table_update(struct trials_table *t, const struct trials_source *s)
{
    const struct trials_source *old = &t->source;
    bool same = t->group && old->rows == s->rows && old->n == s->n && old->version == s->version &&
                !old->settings == !s->settings && same_settings(t, s->settings);
    t->source = *s;
    if (same && !t->stale)
        return false;
    if (!same) {
        forget_rows(t);
        find_groups(t, s);
        find_columns(t, s);
        read_settings(t, s);
        measure_settings(t, s->n);
        find_ranges(t);
        find_best(t, s);
        t->rebuilt++;
    }
    show_rows(t);
    return true;
}

/* ---- wishes ---- */

bool trials_table_filter(struct trials_table *t, const char *line, struct err *err)
{
    if (!trials_filter_parse(line, &t->filter, err))
        return false;
    str_append(t->filter_text, sizeof t->filter_text, 0, "%s", line);
    t->stale = true;
    return true;
}

static bool begins_high(const char *column)
{
    return strncmp(column, "val", 3) == 0 || strncmp(column, "test", 4) == 0 || strcmp(column, "edited") == 0 ||
           strcmp(column, "date") == 0;
}

void trials_table_sort(struct trials_table *t, const char *column)
{
    bool same = strcmp(t->sort, column) == 0;
    t->down = same ? !t->down : begins_high(column);
    if (!same) /* it may be the name that is there */
        str_append(t->sort, sizeof t->sort, 0, "%s", column);
    t->stale = true;
}

void trials_table_sort_next(struct trials_table *t, int by)
{
    int j = trials_table_column(t, t->sort), n = t->n_columns;
    if (n > 0)
        trials_table_sort(t, t->column[((j < 0 ? 0 : j) + by + n) % n].name);
}

void trials_table_brush(struct trials_table *t, const char *column, double lo, double hi)
{
    int i = 0;
    while (i < t->n_brushes && strcmp(t->brush[i].column, column) != 0)
        i++;
    t->stale = true;
    if (lo > hi) {
        if (i < t->n_brushes)
            t->brush[i] = t->brush[--t->n_brushes];
        return;
    }
    if (i == t->n_brushes) {
        if (i == (int)ARRAY_LEN(t->brush))
            return;
        t->n_brushes++;
        str_append(t->brush[i].column, sizeof t->brush[i].column, 0, "%s", column);
    }
    t->brush[i].lo = lo;
    t->brush[i].hi = hi;
}

const struct trials_brush *trials_table_brushed(const struct trials_table *t, const char *column)
{
    for (int i = 0; i < t->n_brushes; i++)
        if (strcmp(t->brush[i].column, column) == 0)
            return &t->brush[i];
    return NULL;
}
