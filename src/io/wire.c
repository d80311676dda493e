/* Requests are small and flat, so parsing is: a JSON object, a known word, numbers. */
#include "wire.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"hello",   "status", "pause", "resume", "stop", "set",
                                    "enqueue", "skip",   "clone", "probe",  "thaw"};

const char *wire_ask_name(enum wire_ask a)
{
    return names[a];
}

/* It may name one of the trials that run. */
static bool names_one(enum wire_ask ask)
{
    return ask == WIRE_SET || ask == WIRE_SKIP || ask == WIRE_PROBE;
}

char *wire_request_text(const struct wire_request *r)
{
    json_t *o = json_object();
    if (r->ask == WIRE_HELLO)
        json_object_set_new(o, "fsplab", json_integer(r->version));
    else
        json_object_set_new(o, "ask", json_string(names[r->ask]));
    if (r->ask == WIRE_CLONE || r->ask == WIRE_THAW || (names_one(r->ask) && r->trial > 0))
        json_object_set_new(o, "trial", json_integer(r->trial));
    if (r->ask == WIRE_CLONE)
        json_object_set_new(o, "warm", json_boolean(r->warm));
    if (r->ask == WIRE_PROBE) {
        json_object_set_new(o, "image", json_integer(r->image));
        json_object_set_new(o, "block", json_integer(r->block));
    }
    if (r->n) {
        json_t *values = json_object();
        for (int i = 0; i < r->n; i++)
            json_object_set_new(values, r->key[i], json_real(r->value[i]));
        json_object_set_new(o, "values", values);
    }
    char *text = json_dumps(o, JSON_COMPACT), *line = xstrfmt("%s\n", text ? text : "{}");
    free(text);
    json_decref(o);
    return line;
}

static bool parse_values(json_t *values, struct wire_request *r, struct err *err)
{
    const char *key;
    json_t *v;
    if (!values)
        return true;
    if (!json_is_object(values) || json_object_size(values) > WIRE_VALUES)
        return err_set(err, ERR_FORMAT, "'values' is no object of at most %d numbers", WIRE_VALUES);
    json_object_foreach(values, key, v)
    {
        if (!json_is_number(v) || strlen(key) >= sizeof r->key[0])
            return err_set(err, ERR_FORMAT, "value '%.40s' is no number", key);
        str_append(r->key[r->n], sizeof r->key[0], 0, "%s", key);
        r->value[r->n++] = json_number_value(v);
    }
    return true;
}

/* A whole number from MIN; *out is left alone where there is none. */
static bool parse_int(json_t *o, const char *key, int min, int *out, struct err *err)
{
    json_t *v = json_object_get(o, key);
    if (!v)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > INT_MAX)
        return err_set(err, ERR_FORMAT, "'%s' is no whole number from %d to %d", key, min, INT_MAX);
    *out = (int)json_integer_value(v);
    return true;
}

static bool parse_trial(json_t *o, struct wire_request *r, struct err *err)
{
    return parse_int(o, "trial", 1, &r->trial, err) &&
           (r->trial > 0 || err_set(err, ERR_FORMAT, "a %s must name its 'trial'", names[r->ask]));
}

static bool parse_clone(json_t *o, struct wire_request *r, struct err *err)
{
    json_t *warm = json_object_get(o, "warm");
    if (warm && !json_is_boolean(warm))
        return err_set(err, ERR_FORMAT, "'warm' is neither true nor false");
    r->warm = json_is_true(warm);
    return parse_trial(o, r, err);
}

static bool parse_fields(json_t *o, struct wire_request *r, struct err *err)
{
    if (r->ask == WIRE_CLONE && !parse_clone(o, r, err))
        return false;
    if (r->ask == WIRE_THAW && !parse_trial(o, r, err))
        return false;
    if (names_one(r->ask) && !parse_int(o, "trial", 1, &r->trial, err))
        return false;
    if (r->ask == WIRE_PROBE &&
        (!parse_int(o, "image", 0, &r->image, err) || !parse_int(o, "block", 0, &r->block, err)))
        return false;
    return parse_values(json_object_get(o, "values"), r, err);
}

static bool parse_object(json_t *o, struct wire_request *r, struct err *err)
{
    json_t *version = json_object_get(o, "fsplab");
    const char *ask = json_string_value(json_object_get(o, "ask"));
    if (version) {
        json_int_t v = json_integer_value(version); /* 0 when it is none */
        if (v < 1 || v > INT_MAX)
            return err_set(err, ERR_FORMAT, "'fsplab' is no version number");
        r->ask = WIRE_HELLO;
        r->version = (int)v;
        return true;
    }
    for (int i = WIRE_STATUS; ask && i < (int)ARRAY_LEN(names); i++)
        if (strcmp(ask, names[i]) == 0) {
            r->ask = (enum wire_ask)i;
            return parse_fields(o, r, err);
        }
    return err_set(err, ERR_FORMAT, "request '%.40s' is not known", ask ? ask : "");
}

bool wire_request_parse(const char *line, size_t n, struct wire_request *r, struct err *err)
{
    json_error_t je;
    memset(r, 0, sizeof *r);
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je);
    if (!json_is_object(o)) {
        json_decref(o);
        return err_set(err, ERR_FORMAT, "a request is a JSON object on one line");
    }
    bool ok = parse_object(o, r, err);
    json_decref(o);
    return ok;
}

size_t wire_put(struct wire_buffer *b, const char *bytes, size_t n)
{
    size_t room = sizeof b->bytes - b->n;
    n = n < room ? n : room;
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return n;
}

char *wire_line(struct wire_buffer *b, size_t *n, bool *too_long)
{
    char *end = memchr(b->bytes, '\n', b->n);
    *too_long = !end && b->n == sizeof b->bytes;
    if (!end)
        return NULL;
    *n = (size_t)(end - b->bytes);
    char *line = xmalloc(*n + 1);
    memcpy(line, b->bytes, *n);
    line[*n] = 0;
    b->n -= *n + 1;
    memmove(b->bytes, end + 1, b->n);
    return line;
}
