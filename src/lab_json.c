/* The names are a contract: fields may be added, never renamed. */
#include "lab_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/base64.h"
#include "search/search.h"

json_t *lab_json_text(const char *s)
{
    json_t *text = json_string(s);
    if (text)
        return text;
    char *ascii = xstrdup(s);
    for (char *c = ascii; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    text = json_string(ascii);
    free(ascii);
    return text;
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *step_number(int v)
{
    return v < 0 ? json_null() : json_integer(v);
}

static json_t *losses_json(double loss, double ce, double kd, double hint, const double fsp[3])
{
    const double values[] = {loss, ce, kd, hint, fsp[0], fsp[1], fsp[2]};
    static const char *const names[] = {"loss", "ce", "kd", "hint", "fsp1", "fsp2", "fsp3"};
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (isfinite(values[i]))
            json_object_set_new(o, names[i], json_real(values[i]));
    return o;
}

static json_t *three(const double v[3])
{
    json_t *a = json_array();
    for (int i = 0; i < 3; i++)
        json_array_append_new(a, number(v[i]));
    return a;
}

static const char *kind_name(enum trial_kind kind)
{
    static const char *const names[] = {
        [TRIAL_SEARCH] = "search", [TRIAL_REPEAT] = "repeat", [TRIAL_MANUAL] = "manual"};
    return names[kind];
}

static json_t *parts_json(const struct lab_state *s)
{
    json_t *o = json_object();
    for (int i = 0; i < LAB_PARTS; i++)
        if (isfinite(s->part_seconds[i]))
            json_object_set_new(o, lab_part_name(i), json_real(s->part_seconds[i]));
    return o;
}

/* All trials that run; a worker that has none is null. */
static json_t *workers_json(const struct lab_state *s)
{
    json_t *all = json_array();
    for (int i = 0; i < s->n_workers; i++) {
        const struct lab_worker *w = &s->workers[i];
        json_array_append_new(
            all, w->trial == 0 ? json_null()
                               : json_pack("{s:i, s:s?, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "trial", w->trial, "stage",
                                           w->stage[0] ? w->stage : NULL, "step", w->step, "steps", w->steps, "lambda",
                                           number(w->lambda), "lr", number(w->lr), "losses",
                                           losses_json(w->loss, w->ce, w->kd, w->hint, w->fsp), "val_accuracy",
                                           number(w->val_accuracy), "images_per_second", number(w->images_per_second)));
    }
    return all;
}

json_t *lab_state_json(const struct lab_state *s, int clients)
{
    json_t *o = json_object(), *params = json_object();
    for (int i = 0; i < s->n_params; i++)
        json_object_set_new(params, s->param_name[i], json_real(s->param_value[i]));
    json_object_set_new(o, "study", lab_json_text(s->study));
    json_object_set_new(o, "pid", json_integer(s->pid));
    json_object_set_new(o, "state", json_string(s->state));
    json_object_set_new(o, "trial", s->trial ? json_integer(s->trial) : json_null());
    json_object_set_new(o, "kind", s->trial ? json_string(kind_name(s->kind)) : json_null());
    json_object_set_new(o, "search_no", json_integer(s->search_no));
    json_object_set_new(o, "repeat", json_integer(s->repeat));
    json_object_set_new(o, "stage", s->stage[0] ? json_string(s->stage) : json_null());
    json_object_set_new(o, "step", json_integer(s->step));
    json_object_set_new(o, "steps", json_integer(s->steps));
    json_object_set_new(o, "steps_per_epoch", json_integer(s->steps_per_epoch));
    json_object_set_new(o, "resumed_at", step_number(s->resumed_at));
    json_object_set_new(o, "resumed_stage", s->resumed_stage[0] ? json_string(s->resumed_stage) : json_null());
    json_object_set_new(o, "params", params);
    json_object_set_new(o, "lambda", number(s->lambda));
    for (int i = 0; i < 3; i++)
        json_object_set_new(o, (const char *[]){"lambda1", "lambda2", "lambda3"}[i], number(s->lambda_i[i]));
    json_object_set_new(o, "lr", number(s->lr));
    json_object_set_new(o, "base_lr", number(s->base_lr));
    json_object_set_new(o, "losses", losses_json(s->loss, s->ce, s->kd, s->hint, s->fsp));
    json_object_set_new(o, "fsp_student", three(s->fsp_student));
    json_object_set_new(o, "fsp_teacher", three(s->fsp_teacher));
    json_object_set_new(o, "train_accuracy", number(s->train_accuracy));
    json_object_set_new(o, "val_accuracy", number(s->val_accuracy));
    json_object_set_new(o, "best_val_accuracy", number(s->best_val_accuracy));
    json_object_set_new(o, "images_per_second", number(s->images_per_second));
    json_object_set_new(o, "step_seconds", number(s->step_seconds));
    json_object_set_new(o, "parts", parts_json(s));
    json_object_set_new(o, "eta", number(s->stage_eta));
    json_object_set_new(o, "trial_eta", number(s->trial_eta));
    json_object_set_new(o, "workers", workers_json(s));
    json_object_set_new(o, "edited", json_boolean(s->edited));
    json_object_set_new(o, "collapsed", json_boolean(s->collapsed));
    json_object_set_new(o, "trials_planned", json_integer(s->trials_planned));
    json_object_set_new(o, "trials_done", json_integer(s->trials_done));
    json_object_set_new(o, "trials_failed", json_integer(s->trials_failed));
    json_object_set_new(o, "best_trial", s->best_trial ? json_integer(s->best_trial) : json_null());
    json_object_set_new(o, "best_accuracy", number(s->best_accuracy));
    json_object_set_new(o, "last_event", json_integer(s->last_event));
    json_object_set_new(o, "device", json_string(s->device));
    json_object_set_new(o, "message", lab_json_text(s->message));
    json_object_set_new(o, "clients", json_integer(clients));
    return o;
}

json_t *lab_ack_json(const struct lab_ack *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "ok", json_boolean(a->ok));
    json_object_set_new(o, "trial", a->trial ? json_integer(a->trial) : json_null());
    json_object_set_new(o, "stage", a->stage[0] ? json_string(a->stage) : json_null());
    json_object_set_new(o, "step", json_integer(a->step));
    if (isfinite(a->before) || isfinite(a->after)) {
        json_object_set_new(o, "before", number(a->before));
        json_object_set_new(o, "after", number(a->after));
    }
    if (a->clone)
        json_object_set_new(o, "clone", json_integer(a->clone));
    json_object_set_new(o, "message", lab_json_text(a->message));
    return o;
}

/* ---- probes ---- */

/* Text of base64 into an object; takes it over. */
static void set_text(json_t *o, const char *key, char *text)
{
    json_object_set_new(o, key, json_string(text));
    free(text);
}

/* Matrix i of a net; null where there is none. */
static void set_matrix(json_t *o, const char *key, const struct probe_side *s, int i)
{
    size_t at = 0;
    if (!s->present) {
        json_object_set_new(o, key, json_null());
        return;
    }
    for (int k = 0; k < i; k++)
        at += (size_t)s->rows[k] * (size_t)s->columns[k];
    set_text(o, key, base64_encode_floats(s->fsp + at, (size_t)s->rows[i] * (size_t)s->columns[i]));
}

static json_t *side_json(const struct probe_side *s)
{
    if (!s->present)
        return json_null();
    json_t *o =
        json_pack("{s:s, s:s, s:i, s:i}", "net", s->net, "name", s->name, "block", s->block, "blocks", s->blocks);
    if (s->block) {
        json_object_set_new(o, "m", json_integer(s->rows[0]));
        json_object_set_new(o, "n", json_integer(s->columns[0]));
        set_matrix(o, "fsp", s, 0);
    }
    return o;
}

static bool same_shape(const struct probe_answer *p, int i)
{
    return p->teacher.rows[i] == p->student.rows[i] && p->teacher.columns[i] == p->student.columns[i];
}

static json_t *pair_json(const struct probe_answer *p, int i)
{
    static const struct probe_side none;
    const struct probe_side *s = p->student.present ? &p->student : &p->teacher;
    json_t *o = json_pack("{s:i, s:i}", "m", s->rows[i], "n", s->columns[i]);
    set_matrix(o, "teacher", s == &p->teacher || same_shape(p, i) ? &p->teacher : &none, i);
    set_matrix(o, "student", &p->student, i);
    return o;
}

static json_t *pairs_json(const struct probe_answer *p)
{
    json_t *pairs = json_array();
    for (int i = 0; i < PROBE_MATRICES; i++)
        json_array_append_new(pairs, pair_json(p, i));
    return pairs;
}

json_t *lab_probe_json(const struct lab_probe *probe)
{
    const struct probe_answer *p = &probe->answer;
    json_t *o = lab_ack_json(&probe->ack);
    json_object_del(o, "message");
    json_object_set_new(o, "image", json_integer(p->image));
    json_object_set_new(o, "images", json_integer(p->images));
    json_object_set_new(o, "set", json_string(p->training ? "training" : "validation"));
    json_object_set_new(o, "label", json_integer(p->label));
    json_object_set_new(o, "class", lab_json_text(p->class_name));
    set_text(o, "rgb", base64_encode(p->rgb, sizeof p->rgb));
    json_object_set_new(o, "block", json_integer(p->block));
    json_object_set_new(o, "blocks", json_integer(p->teacher.present ? p->teacher.blocks : p->student.blocks));
    json_object_set_new(o, "reduced", json_integer(p->reduced));
    json_object_set_new(o, "teacher", side_json(&p->teacher));
    json_object_set_new(o, "student", side_json(&p->student));
    if (!p->block)
        json_object_set_new(o, "pairs", pairs_json(p));
    if (p->note[0])
        json_object_set_new(o, "note", lab_json_text(p->note));
    return o;
}

static json_t *belief_json(const struct search *search, const struct space *space)
{
    struct search_belief b;
    if (!search || !search_belief(search, &b))
        return json_object();
    json_t *lengths = json_object();
    for (int j = 0; j < space->n; j++)
        json_object_set_new(lengths, space->dims[j].name, number(b.lengthscale[j]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "aim", b.aim, "kernel", b.kernel, "lengthscale", lengths,
                     "signal", number(b.signal), "noise", number(b.noise), "mean", number(b.mean), "sigma",
                     number(b.sigma));
}

char *lab_ask_json(const struct search *search, const struct space *space, const int *told, int n)
{
    json_t *o = belief_json(search, space);
    if (n >= 0) {
        json_t *ids = json_array();
        for (int i = 0; i < n; i++)
            json_array_append_new(ids, json_integer(told[i]));
        json_object_set_new(o, "told", ids);
    }
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(o);
    return text;
}

int lab_told_of_json(const char *json, int **told)
{
    if (!strstr(json, "\"told\"")) /* of most asks, and there may be many */
        return -1;
    json_t *o = json_loads(json, 0, NULL), *ids = json_object_get(o, "told"), *id;
    int n = json_is_array(ids) ? (int)json_array_size(ids) : -1;
    size_t i;
    *told = n < 0 ? NULL : xcalloc((size_t)n + 1, sizeof **told);
    json_array_foreach(ids, i, id)(*told)[i] = (int)json_integer_value(id);
    json_decref(o);
    return n;
}
