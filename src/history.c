/* history: two readers with one result. A record in either is a struct trial_row filled as far as it goes.
 *
 * jansson keeps no line numbers of what it has parsed; so that messages can name a line, a second scan of the text finds
 * where each element of the outer array begins. */
#include "history.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one trial ---- */

bool history_imported(const struct trial_row *r)
{
    static const char from[] = "imported from ";
    return r->kind == TRIAL_MANUAL && r->ask_id < 0 && r->state == TRIAL_COMPLETE &&
           strncmp(r->reason, from, strlen(from)) == 0;
}

bool history_row_point(const struct params *study, const struct space *space, const struct trial_row *r, double *x)
{
    bool comparable = true;
    for (int j = 0; j < space->n; j++)
        x[j] = params_get_number(study, param_find(space->dims[j].name));
    for (int k = 0; k < r->n_params; k++) {
        int j = 0, def = param_find(r->param_name[k]);
        while (j < space->n && strcmp(space->dims[j].name, r->param_name[k]) != 0)
            j++;
        if (j < space->n)
            x[j] = r->param_value[k];
        else
            comparable &= def < 0 || params_get_number(study, def) == r->param_value[k];
    }
    return comparable;
}

double history_edited_point(const struct edited_list *edited, const struct params *study, const struct space *space,
                            const struct trial_row *r, double *x)
{
    struct trial_row last;
    bool counts = r->edited && r->state == TRIAL_COMPLETE && isfinite(r->val_accuracy) && study->edited_sigma > 0 &&
                  edited_row(edited, study->method == METHOD_KD, r, &last) && history_row_point(study, space, &last, x);
    return counts ? study->edited_sigma / 100 : 0;
}

enum { COLUMNS_MAX = 64, FILE_MAX = 1 << 30 };

void history_release(struct history *h)
{
    free(h->rows);
    free(h->line);
    free(h->predicted);
    free(h->predicted_sigma);
    edited_release(&h->edited);
    free(h->name);
    memset(h, 0, sizeof *h);
}

static struct trial_row *add_row(struct history *h, int line)
{
    h->rows = xrealloc(h->rows, (size_t)(h->n + 1) * sizeof *h->rows);
    h->line = xrealloc(h->line, (size_t)(h->n + 1) * sizeof *h->line);
    h->line[h->n] = line;
    h->predicted = xrealloc(h->predicted, (size_t)(h->n + 1) * sizeof *h->predicted);
    h->predicted_sigma = xrealloc(h->predicted_sigma, (size_t)(h->n + 1) * sizeof *h->predicted_sigma);
    h->predicted[h->n] = h->predicted_sigma[h->n] = NAN;
    struct trial_row *r = &h->rows[h->n++];
    memset(r, 0, sizeof *r);
    r->number = h->n;
    r->state = TRIAL_COMPLETE;
    r->seed = -1;
    r->val_accuracy = r->test_accuracy = r->best_val_accuracy = NAN;
    return r;
}

static bool bad(const struct history *h, int line, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool bad(const struct history *h, int line, struct err *err, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return err_set(err, ERR_FORMAT, "%s:%d: %s", h->name, line, text);
}

static bool add_param(const struct history *h, int line, struct trial_row *r, const char *name, double value,
                      struct err *err)
{
    if (r->n_params == TRIAL_PARAMS_MAX)
        return bad(h, line, err, "more than %d parameters, at '%.60s'", TRIAL_PARAMS_MAX, name);
    if (strlen(name) >= sizeof r->param_name[0])
        return bad(h, line, err, "the parameter's name '%.60s...' is too long: at most 63 letters are allowed", name);
    if (!isfinite(value))
        return bad(h, line, err, "%s is %g: expected a finite number", name, value);
    snprintf(r->param_name[r->n_params], sizeof r->param_name[0], "%s", name);
    r->param_value[r->n_params++] = value;
    return true;
}

static bool take_state(const struct history *h, int line, struct trial_row *r, const char *name, struct err *err)
{
    int state = trial_state_find(name);
    if (state < 0) {
        char allowed[160] = "";
        size_t len = 0;
        for (int i = TRIAL_QUEUED; i <= TRIAL_STOPPED; i++)
            len = str_append(allowed, sizeof allowed, len, "%s%s", i ? ", " : "", trial_state_name(i));
        return bad(h, line, err, "state '%.40s' is none that a trial has: allowed are %s", name, allowed);
    }
    r->state = (enum trial_state)state;
    return true;
}

static bool take_kind(const struct history *h, int line, struct trial_row *r, const char *name, struct err *err)
{
    static const char *const kinds[] = {"search", "repeat", "manual"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(name, kinds[i]) == 0) {
            r->kind = (enum trial_kind)i;
            return true;
        }
    return bad(h, line, err, "kind '%.40s' is none that a trial has: allowed are search, repeat, manual", name);
}

/* ---- JSON ---- */

static bool take_json_params(const struct history *h, int line, struct trial_row *r, json_t *params, struct err *err)
{
    const char *name;
    json_t *v;
    if (!json_is_object(params))
        return bad(h, line, err, "trial %d has no \"params\": expected {\"params\": {...}, \"val_accuracy\": number}",
                   h->n);
    json_object_foreach(params, name, v)
    {
        if (!json_is_number(v))
            return bad(h, line, err, "trial %d: %.60s is no number", h->n, name);
        if (!add_param(h, line, r, name, json_number_value(v), err))
            return false;
    }
    return true;
}

static bool take_json_trial(struct history *h, const json_t *t, int line, struct err *err)
{
    struct trial_row *r = add_row(h, line);
    const json_t *value = json_object_get(t, "val_accuracy"), *number;
    const char *state = json_string_value(json_object_get(t, "state"));
    const char *kind = json_string_value(json_object_get(t, "kind"));
    if (!take_json_params(h, line, r, json_object_get(t, "params"), err) ||
        (state && !take_state(h, line, r, state, err)) || (kind && !take_kind(h, line, r, kind, err)))
        return false;
    if (r->state == TRIAL_COMPLETE && value && !json_is_number(value) && !json_is_null(value))
        return bad(h, line, err, "trial %d: \"val_accuracy\" is no number", h->n);
    if (r->state == TRIAL_COMPLETE && !value)
        return bad(h, line, err, "trial %d: neither \"val_accuracy\" nor a \"state\" other than complete", h->n);
    if (json_is_number(value))
        r->val_accuracy = json_number_value(value);
    if (json_is_integer(number = json_object_get(t, "seed")))
        r->seed = json_integer_value(number);
    if (json_is_integer(number = json_object_get(t, "trial")))
        r->number = (int)json_integer_value(number);
    r->search_no = (int)json_integer_value(json_object_get(t, "search"));
    r->edited = json_is_true(json_object_get(t, "edited"));
    if (json_is_number(number = json_object_get(t, "predicted")))
        h->predicted[h->n - 1] = json_number_value(number);
    if (json_is_number(number = json_object_get(t, "predicted_sigma")))
        h->predicted_sigma[h->n - 1] = json_number_value(number);
    return true;
}

/* The line on which the I-th element of the outer array begins, going on from *at and *line. */
static int element_line(const char *text, size_t size, size_t *at, int *line, int *depth)
{
    for (bool quoted = false; *at < size; ++*at) {
        char c = text[*at];
        *line += c == '\n';
        if (quoted) {
            *at += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++*depth == 2) {
                ++*at;
                return *line;
            }
        } else if (c == ']' || c == '}') {
            --*depth;
        }
    }
    return *line;
}

static bool read_json(struct history *h, const char *text, size_t size, struct err *err)
{
    json_error_t what;
    json_t *all = json_loadb(text, size, 0, &what);
    size_t at = 0;
    int line = 1, depth = 0;
    bool ok = true;
    if (!all)
        return bad(h, what.line, err, "%.200s", what.text);
    if (!json_is_array(all))
        ok = bad(h, 1, err, "expected an array of trials, as `fsplab trials --json` prints");
    for (size_t i = 0; ok && i < json_array_size(all); i++) {
        const json_t *t = json_array_get(all, i);
        ok = json_is_object(t) ? take_json_trial(h, t, element_line(text, size, &at, &line, &depth), err)
                               : bad(h, line, err, "element %zu is no trial: expected {\"params\": {...}}", i + 1);
    }
    json_decref(all);
    return ok;
}

/* ---- CSV ---- */

struct csv {
    char *at, *end;
    int line;
};

/* The next field, unquoted in place. *last: it ends its record. NULL: a quote that is not closed. */
static char *csv_field(struct csv *c, bool *last)
{
    char *field = c->at, *to = c->at;
    if (*c->at == '"') {
        for (c->at++;; *to++ = *c->at++) {
            if (c->at == c->end)
                return NULL;
            c->line += *c->at == '\n';
            if (*c->at == '"' && *++c->at != '"')
                break;
        }
    }
    while (c->at < c->end && *c->at != ',' && *c->at != '\n')
        *to++ = *c->at++;
    *last = c->at >= c->end || *c->at == '\n';
    bool carriage = *last && to > field && to[-1] == '\r';
    if (c->at < c->end)
        c->at++;
    to[carriage ? -1 : 0] = 0;
    return field;
}

static bool csv_number(const struct history *h, int line, const char *column, const char *text, double *value,
                       struct err *err)
{
    char *end;
    *value = strtod(text, &end);
    return (end != text && !*end) || bad(h, line, err, "%.60s is '%.60s': expected a number", column, text);
}

static bool take_csv_field(const struct history *h, int line, struct trial_row *r, const char *column, const char *text,
                           struct err *err)
{
    static const char *const passed[] = {
        "test_accuracy", "seconds_teacher", "seconds_transfer", "seconds_finetune", "best_val_accuracy",
        "dir",           "reason",          "repeat",           "collapsed"};
    double v;
    for (size_t i = 0; i < ARRAY_LEN(passed); i++)
        if (strcmp(column, passed[i]) == 0)
            return true;
    if (!*text)
        return true;
    if (strcmp(column, "state") == 0)
        return take_state(h, line, r, text, err);
    if (strcmp(column, "kind") == 0)
        return take_kind(h, line, r, text, err);
    if (!csv_number(h, line, column, text, &v, err))
        return false;
    if (strcmp(column, "trial") == 0)
        r->number = (int)v;
    else if (strcmp(column, "seed") == 0)
        r->seed = (int64_t)v;
    else if (strcmp(column, "edited") == 0)
        r->edited = v != 0;
    else if (strcmp(column, "search") == 0)
        r->search_no = (int)v;
    else if (strcmp(column, "val_accuracy") == 0)
        r->val_accuracy = v;
    else
        return add_param(h, line, r, column, v, err);
    return true;
}

static bool read_csv(struct history *h, char *text, size_t size, struct err *err)
{
    struct csv c = {.at = text, .end = text + size, .line = 1};
    char *column[COLUMNS_MAX];
    int columns = 0;
    bool last = false, objective = false;
    for (; !last && c.at < c.end; columns++) {
        if (columns == COLUMNS_MAX)
            return bad(h, 1, err, "more than %d columns", COLUMNS_MAX);
        if (!(column[columns] = csv_field(&c, &last)))
            return bad(h, c.line, err, "a quote is not closed");
        objective |= strcmp(column[columns], "val_accuracy") == 0;
        for (int i = 0; i < columns; i++)
            if (strcmp(column[i], column[columns]) == 0)
                return bad(h, 1, err, "column '%.60s' is there twice", column[i]);
    }
    if (!objective)
        return bad(h, 1, err, "no column 'val_accuracy': expected the header that `fsplab trials --csv` prints");
    while (c.at < c.end) {
        int line = ++c.line, i = 0;
        if (*c.at == '\n' || (*c.at == '\r' && c.at + 1 < c.end && c.at[1] == '\n')) {
            c.at += *c.at == '\r' ? 2 : 1;
            continue;
        }
        struct trial_row *r = add_row(h, line);
        for (last = false; !last; i++) {
            char *field = csv_field(&c, &last);
            if (!field)
                return bad(h, line, err, "a quote is not closed");
            if (i < columns && !take_csv_field(h, line, r, column[i], field, err))
                return false;
        }
        if (i != columns)
            return bad(h, line, err, "%d fields: expected %d, as in the header", i, columns);
    }
    return true;
}

/* ---- a file ---- */

static bool read_all(FILE *f, const char *file, char **text, size_t *size, struct err *err)
{
    size_t cap = 1 << 16;
    *text = xmalloc(cap + 1);
    *size = 0;
    for (size_t got; (got = fread(*text + *size, 1, cap - *size, f)) > 0;) {
        *size += got;
        if (*size > FILE_MAX)
            return err_set(err, ERR_FORMAT, "'%s' is too long for a list of trials", file);
        if (*size == cap)
            *text = xrealloc(*text, (cap *= 2) + 1);
    }
    (*text)[*size] = 0;
    return !ferror(f) || err_set(err, ERR_IO, "cannot read '%s': %s", file, strerror(errno));
}

static bool is_json(const char *file, const char *text)
{
    size_t len = strlen(file);
    if (len > 5 && strcmp(file + len - 5, ".json") == 0)
        return true;
    if (len > 4 && strcmp(file + len - 4, ".csv") == 0)
        return false;
    text += strspn(text, " \t\r\n");
    return *text == '[' || *text == '{';
}

bool history_read(const char *file, struct history *h, struct err *err)
{
    char *text;
    size_t size;
    memset(h, 0, sizeof *h);
    FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
    if (!f)
        return err_set(err, ERR_IO, "cannot open '%s': %s", file, strerror(errno));
    h->name = xstrdup(f == stdin ? "standard input" : file);
    bool ok = read_all(f, file, &text, &size, err);
    if (f != stdin)
        fclose(f);
    if (ok && strlen(text) != size)
        ok = err_set(err, ERR_FORMAT, "'%s' is no text: it has a zero byte", file);
    ok = ok && (is_json(file, text) ? read_json(h, text, size, err) : read_csv(h, text, size, err));
    free(text);
    return ok;
}

/* As the study's own search has them, which hears of a thawed trial's end when it is over. */
void history_predictions(const struct trial_row *rows, int n, const struct stopped_list *stopped, double **predicted,
                         double **predicted_sigma)
{
    *predicted = xcalloc((size_t)n + 1, sizeof **predicted);
    *predicted_sigma = xcalloc((size_t)n + 1, sizeof **predicted_sigma);
    for (int i = 0; i < n; i++)
        (*predicted)[i] = (*predicted_sigma)[i] = NAN;
    for (int k = 0; k < stopped->n; k++) {
        const struct stopped *at = &stopped->row[k];
        int low = 0, high = n;
        while (low < high) {
            int middle = low + (high - low) / 2;
            if (rows[middle].number < at->trial)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < n && rows[low].number == at->trial) {
            (*predicted)[low] = at->mean;
            (*predicted_sigma)[low] = at->sigma;
        }
    }
}

static void read_store(struct history *h, struct store *store, struct err *err)
{
    struct stopped_list stopped = {0};
    struct event_row *events = NULL;
    int n_events = store_events(store, -1, 0, &events, err);
    h->n = n_events < 0 ? -1 : store_trials(store, &h->rows, err);
    if (h->n > 0) {
        stopped_add(&stopped, events, n_events);
        edited_add(&h->edited, events, n_events);
        history_predictions(h->rows, h->n, &stopped, &h->predicted, &h->predicted_sigma);
    }
    stopped_release(&stopped);
    free(events);
}

bool history_of_study(const char *runs, const char *study, struct history *h, struct err *err)
{
    memset(h, 0, sizeof *h);
    char *path = xstrfmt("%s/%s/study.db", runs, study);
    FILE *there = fopen(path, "rb");
    if (there) {
        fclose(there);
        struct store *store = store_open_readonly(path, err);
        if (store)
            read_store(h, store, err);
        else
            h->n = -1;
        store_close(store);
    }
    free(path);
    if (h->n >= 0)
        return true;
    h->n = 0;
    return err_prefix(err, "study '%s'", study);
}

/* ---- points ---- */

void history_points_release(struct history_points *p)
{
    free(p->x);
    free(p->value);
    free(p->sigma);
    free(p->state);
    free(p->manual);
    free(p->row);
    memset(p, 0, sizeof *p);
}

struct trials history_trials(const struct history_points *p)
{
    return (struct trials){.n = p->n, .x = p->x, .value = p->value, .state = p->state, .sigma = p->sigma};
}

static void add_point(struct history_points *p, const struct space *space, const double *x, enum point_state state,
                      double value, bool manual, int row)
{
    size_t dim = (size_t)space->n, n = (size_t)p->n + 1;
    p->x = xrealloc(p->x, n * (dim + 1) * sizeof *p->x);
    p->value = xrealloc(p->value, n * sizeof *p->value);
    p->sigma = xrealloc(p->sigma, n * sizeof *p->sigma);
    p->state = xrealloc(p->state, n * sizeof *p->state);
    p->manual = xrealloc(p->manual, n * sizeof *p->manual);
    p->row = xrealloc(p->row, n * sizeof *p->row);
    memcpy(p->x + (n - 1) * dim, x, dim * sizeof *x);
    p->value[p->n] = value;
    p->sigma[p->n] = 0;
    p->state[p->n] = (uint8_t)state;
    p->row[p->n] = row;
    p->manual[p->n++] = manual;
    p->outside += !space_contains(space, x);
}

void history_add_pending(struct history_points *p, const struct space *space, const double *x)
{
    add_point(p, space, x, POINT_PENDING, NAN, false, -1);
}

static enum point_state point_state(const struct trial_row *r)
{
    if (r->state == TRIAL_QUEUED || r->state == TRIAL_RUNNING || r->state == TRIAL_PAUSED)
        return POINT_PENDING;
    if (r->edited)
        return POINT_LEFT_OUT;
    return r->state == TRIAL_COMPLETE && isfinite(r->val_accuracy) ? POINT_COMPLETE : POINT_FAILED;
}

static int by_ask(const void *a, const void *b)
{
    const struct trial_row *p = *(const struct trial_row *const *)a, *q = *(const struct trial_row *const *)b;
    return p->ask_id != q->ask_id ? (p->ask_id > q->ask_id) - (p->ask_id < q->ask_id)
                                  : (p->number > q->number) - (p->number < q->number);
}

/* A trial changed by hand, at the values that it ended with, which it did not have from its beginning: noisy. */
static void add_edited(const struct history *h, const struct trial_row *r, const struct params *study,
                       const struct space *space, struct history_points *p)
{
    double x[SPACE_MAX], sigma = history_edited_point(&h->edited, study, space, r, x);
    if (h->name || sigma == 0)
        return;
    add_point(p, space, x, POINT_KNOWN, r->val_accuracy, false, (int)(r - h->rows));
    p->sigma[p->n - 1] = sigma;
}

static bool take_point(const struct history *h, const struct trial_row *r, const struct params *study,
                       const struct space *space, struct history_points *p, struct err *err)
{
    int i = (int)(r - h->rows);
    double x[SPACE_MAX];
    for (int j = 0; h->name && j < space->n; j++) {
        int k = 0;
        while (k < r->n_params && strcmp(r->param_name[k], space->dims[j].name) != 0)
            k++;
        if (k == r->n_params)
            return bad(h, h->line[i], err, "trial %d: params has no number '%s', which the study searches over", i + 1,
                       space->dims[j].name);
    }
    bool imported = !h->name && history_imported(r), comparable = history_row_point(study, space, r, x);
    enum point_state state = point_state(r);
    p->incomparable += !comparable;
    if (!comparable && state != POINT_PENDING)
        state = POINT_LEFT_OUT;
    else if (imported)
        state = POINT_KNOWN;
    bool predicted =
        h->predicted && h->predicted_sigma[i] > 0 && isfinite(h->predicted_sigma[i]) && isfinite(h->predicted[i]);
    if (predicted && (state == POINT_FAILED || state == POINT_COMPLETE))
        state = POINT_PREDICTED;
    add_point(p, space, x, state, state == POINT_PREDICTED ? h->predicted[i] : r->val_accuracy,
              !h->name && !imported && r->kind == TRIAL_MANUAL, i);
    if (state == POINT_PREDICTED)
        p->sigma[p->n - 1] = h->predicted_sigma[i];
    add_edited(h, r, study, space, p);
    return true;
}

/* A study's: asks in their order, each after what was imported before it. A file's: as they stand there. */
static int in_order(const struct history *h, int search_no, const struct trial_row **order)
{
    const struct trial_row **asked = xcalloc((size_t)h->n + 1, sizeof(*asked));
    int n_asked = 0, n = 0, known = 0;
    for (int i = 0; i < h->n; i++) {
        const struct trial_row *r = &h->rows[i];
        if (r->kind != TRIAL_REPEAT && r->search_no == search_no && (h->name || r->ask_id >= 0))
            asked[n_asked++] = r;
    }
    if (!h->name && n_asked > 0)
        qsort(asked, (size_t)n_asked, sizeof(*asked), by_ask);
    for (int k = 0; k <= n_asked; k++) {
        for (; !h->name && known < h->n && (k == n_asked || h->rows[known].number < asked[k]->number); known++)
            if (history_imported(&h->rows[known]))
                order[n++] = &h->rows[known];
        if (k < n_asked)
            order[n++] = asked[k];
    }
    free(asked);
    return n;
}

bool history_points(const struct history *h, const struct params *study, const struct space *space,
                    struct history_points *p, struct err *err)
{
    const struct trial_row **order = xcalloc((size_t)h->n + 1, sizeof(*order));
    bool ok = true;
    memset(p, 0, sizeof *p);
    for (int i = 0; i < h->n; i++)
        p->search_no = h->rows[i].search_no > p->search_no ? h->rows[i].search_no : p->search_no;
    int n = in_order(h, p->search_no, order);
    for (int i = 0; ok && i < n; i++)
        ok = take_point(h, order[i], study, space, p, err);
    free(order);
    return ok;
}

static enum tell tell_of(enum point_state state)
{
    return state == POINT_COMPLETE ? TELL_COMPLETE : state == POINT_FAILED ? TELL_FAILED : TELL_LEFT_OUT;
}

void history_tell(const struct history_points *h, const struct space *space, struct search *s)
{
    double same[SPACE_MAX];
    int id;
    for (int i = 0; i < h->n; i++) {
        const double *x = h->x + (size_t)i * (size_t)space->n;
        if (h->state[i] == POINT_KNOWN) {
            search_add_known(s, x, h->value[i], h->sigma[i]);
            continue;
        }
        if (h->manual[i])
            search_enqueue_recorded(s, x);
        if ((h->manual[i] ? search_ask(s, same, &id) : search_ask_recorded(s, x, &id)) != ASK_POINT)
            break;
        if (h->state[i] == POINT_PREDICTED)
            search_tell_predicted(s, id, h->value[i], h->sigma[i]);
        else if (h->state[i] != POINT_PENDING)
            search_tell(s, id, tell_of(h->state[i]), h->value[i]);
    }
}
