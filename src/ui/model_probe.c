/* The answer to a probe: a picture and matrices, as base64 inside JSON. It is taken whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "../io/base64.h"
#include "model.h"

enum { SIDE_MAX = 1024 };

void probe_release(struct probe *p)
{
    free(p->t);
    free(p->s);
    for (int i = 0; i < 3; i++) {
        free(p->pairs[i].t);
        free(p->pairs[i].s);
    }
    memset(p, 0, sizeof *p);
}

static int int_of(json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static bool take_matrix(json_t *text, int m, int n, float **out)
{
    const char *s = json_string_value(text);
    if (!s)
        return true;
    if (m < 1 || n < 1 || m > SIDE_MAX || n > SIDE_MAX)
        return false;
    *out = xmalloc((size_t)m * (size_t)n * sizeof **out);
    return base64_decode_floats(s, *out, (size_t)m * (size_t)n);
}

static bool take_net(json_t *o, char *name, size_t cap, int *block, int *blocks, int *m, int *n, float **g)
{
    const char *s = json_string_value(json_object_get(o, "name"));
    str_append(name, cap, 0, "%s", s ? s : "");
    *block = int_of(o, "block");
    *blocks = int_of(o, "blocks");
    *m = int_of(o, "m");
    *n = int_of(o, "n");
    return take_matrix(json_object_get(o, "fsp"), *m, *n, g);
}

static bool take_pairs(struct probe *p, json_t *pairs)
{
    bool ok = true;
    for (size_t i = 0; ok && i < json_array_size(pairs) && i < 3; i++) {
        json_t *o = json_array_get(pairs, i);
        struct fsp_mats *g = &p->pairs[p->n_pairs++];
        g->m = int_of(o, "m");
        g->n = int_of(o, "n");
        ok = take_matrix(json_object_get(o, "teacher"), g->m, g->n, &g->t) &&
             take_matrix(json_object_get(o, "student"), g->m, g->n, &g->s);
    }
    return ok;
}

static bool take_all(struct probe *p, json_t *o)
{
    const char *rgb = json_string_value(json_object_get(o, "rgb"));
    const char *class_name = json_string_value(json_object_get(o, "class"));
    p->image = int_of(o, "image");
    p->images = int_of(o, "images");
    p->label = int_of(o, "label");
    p->step = int_of(o, "step");
    p->trial = int_of(o, "trial");
    str_append(p->class_name, sizeof p->class_name, 0, "%s", class_name ? class_name : "");
    return rgb && base64_decode(rgb, p->rgb24, sizeof p->rgb24) &&
           take_net(json_object_get(o, "teacher"), p->teacher_name, sizeof p->teacher_name, &p->teacher_block,
                    &p->teacher_blocks, &p->tm, &p->tn, &p->t) &&
           take_net(json_object_get(o, "student"), p->student_name, sizeof p->student_name, &p->student_block,
                    &p->student_blocks, &p->sm, &p->sn, &p->s) &&
           take_pairs(p, json_object_get(o, "pairs"));
}

bool model_take_probe(struct model *m, json_t *o, struct err *err)
{
    struct probe p = {.valid = true};
    const char *message = json_string_value(json_object_get(o, "message"));
    m->probe.waiting = false;
    if (!json_is_true(json_object_get(o, "ok"))) {
        str_append(m->probe.message, sizeof m->probe.message, 0, "%s", message ? message : "refused");
        return err_set(err, ERR_STATE, "probe: %s", m->probe.message);
    }
    if (!take_all(&p, o)) {
        probe_release(&p);
        return err_set(err, ERR_FORMAT, "the answer to the probe is not whole");
    }
    probe_release(&m->probe);
    m->probe = p;
    return true;
}
