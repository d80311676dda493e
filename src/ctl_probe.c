/* Numbers instead of base64 for scripts, and a few lines instead of numbers for people. */
#include "ctl_probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/base64.h"

enum { SIDE_MAX = 1024 };

static int int_of(json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static const char *text_of(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

/* ---- numbers ---- */

static bool expand_bytes(json_t *o, const char *key, size_t n, struct err *err)
{
    unsigned char *bytes = xmalloc(n);
    bool ok = base64_decode(text_of(o, key), bytes, n) ||
              err_set(err, ERR_FORMAT, "the answer's '%s' is not %zu bytes in base64", key, n);
    if (ok) {
        json_t *a = json_array();
        for (size_t i = 0; i < n; i++)
            json_array_append_new(a, json_integer(bytes[i]));
        json_object_set_new(o, key, a);
    }
    free(bytes);
    return ok;
}

/* JSON has no NaN: null. */
static json_t *rows_json(const float *g, int m, int n)
{
    json_t *rows = json_array();
    for (int i = 0; i < m; i++) {
        json_t *row = json_array();
        for (int j = 0; j < n; j++, g++)
            json_array_append_new(row, isfinite(*g) ? json_real((double)*g) : json_null());
        json_array_append_new(rows, row);
    }
    return rows;
}

/* A matrix of the size that the object names; null and absent stay. */
static bool expand_matrix(json_t *o, const char *key, struct err *err)
{
    int m = int_of(o, "m"), n = int_of(o, "n");
    if (!json_is_string(json_object_get(o, key)))
        return true;
    if (m < 1 || n < 1 || m > SIDE_MAX || n > SIDE_MAX)
        return err_set(err, ERR_FORMAT, "the answer has a matrix of %dx%d; allowed are sides from 1 to %d", m, n,
                       SIDE_MAX);
    float *g = xmalloc((size_t)m * (size_t)n * sizeof *g);
    bool ok = base64_decode_floats(text_of(o, key), g, (size_t)m * (size_t)n) ||
              err_set(err, ERR_FORMAT, "the answer's '%s' is not %dx%d floats in base64", key, m, n);
    if (ok)
        json_object_set_new(o, key, rows_json(g, m, n));
    free(g);
    return ok;
}

bool probe_expand(json_t *answer, struct err *err)
{
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(answer, "pairs"), i, pair)
    {
        if (!expand_matrix(pair, "teacher", err) || !expand_matrix(pair, "student", err))
            return false;
    }
    return expand_matrix(json_object_get(answer, "teacher"), "fsp", err) &&
           expand_matrix(json_object_get(answer, "student"), "fsp", err) &&
           expand_bytes(answer, "rgb", 32 * 32 * 3, err);
}

/* ---- words ---- */

/* Of a - b; b may be NULL. NaN: there is no a, or a number in it is none. */
static double norm_of(json_t *a, json_t *b)
{
    double sum = json_is_array(a) ? 0 : (double)NAN;
    for (size_t i = 0; i < json_array_size(a); i++)
        for (size_t j = 0; j < json_array_size(json_array_get(a, i)); j++) {
            json_t *x = json_array_get(json_array_get(a, i), j),
                   *y = b ? json_array_get(json_array_get(b, i), j) : NULL;
            double d = json_is_real(x) && (!b || json_is_real(y)) ? json_real_value(x) - (y ? json_real_value(y) : 0)
                                                                  : (double)NAN;
            sum += d * d;
        }
    return sqrt(sum);
}

static void print_norm(const char *label, double norm)
{
    if (isnan(norm))
        printf("  %s -", label);
    else
        printf("  %s %.6g", label, norm);
}

static void print_net(json_t *answer, const char *who)
{
    json_t *o = json_object_get(answer, who);
    if (!json_is_object(o)) {
        printf("%s  none\n", who);
        return;
    }
    printf("%s  %s, %s (%d of %d)  %dx%d", who, text_of(o, "net"), text_of(o, "name"), int_of(o, "block"),
           int_of(o, "blocks"), int_of(o, "m"), int_of(o, "n"));
    print_norm("norm", norm_of(json_object_get(o, "fsp"), NULL));
    printf("\n");
}

static void print_blocks(json_t *answer)
{
    json_t *t = json_object_get(answer, "teacher"), *s = json_object_get(answer, "student");
    print_net(answer, "teacher");
    print_net(answer, "student");
    if (json_is_object(t) && json_is_object(s) && int_of(t, "m") == int_of(s, "m") &&
        int_of(t, "n") == int_of(s, "n")) {
        printf("difference");
        print_norm("norm", norm_of(json_object_get(t, "fsp"), json_object_get(s, "fsp")));
        printf("\n");
    }
}

static void print_pairs(json_t *pairs)
{
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        json_t *o = json_array_get(pairs, i), *t = json_object_get(o, "teacher"), *s = json_object_get(o, "student");
        printf("section %zu  %dx%d", i + 1, int_of(o, "m"), int_of(o, "n"));
        print_norm("|T|", norm_of(t, NULL));
        print_norm("|S|", norm_of(s, NULL));
        print_norm("|T - S|", norm_of(t, s ? s : json_null()));
        printf("\n");
    }
}

void probe_print(json_t *answer)
{
    json_t *pairs = json_object_get(answer, "pairs");
    int reduced = int_of(answer, "reduced");
    printf("trial %d, %s, step %d\n", int_of(answer, "trial"), text_of(answer, "stage"), int_of(answer, "step"));
    printf("image %d of %d (%s): %s\n", int_of(answer, "image"), int_of(answer, "images"), text_of(answer, "set"),
           text_of(answer, "class"));
    if (pairs)
        print_pairs(pairs);
    else
        print_blocks(answer);
    if (reduced > 1)
        printf("matrices and norms are of means over cells of %dx%d elements\n", reduced, reduced);
    if (*text_of(answer, "note"))
        printf("%s\n", text_of(answer, "note"));
}
