/* The shapes are a contract: fields and columns may be added, never renamed. */
#include "trials_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "lab_json.h"
#include "table.h"

static const char *const kinds[] = {[TRIAL_SEARCH] = "search", [TRIAL_REPEAT] = "repeat", [TRIAL_MANUAL] = "manual"};

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *trial_json(const struct trial_row *r, const struct stopped *stopped)
{
    json_t *params = json_object();
    for (int i = 0; i < r->n_params; i++)
        json_object_set_new(params, r->param_name[i], json_real(r->param_value[i]));
    json_t *o = json_pack("{s:i, s:s, s:o, s:I, s:b, s:o, s:o, s:o, s:{s:f, s:f, s:f}, s:s, s:i, s:i, s:b, s:o, s:o}",
                          "trial", r->number, "state", trial_state_name(r->state), "params", params, "seed",
                          (json_int_t)r->seed, "edited", r->edited, "dir", lab_json_text(r->dir), "val_accuracy",
                          number(r->val_accuracy), "test_accuracy", number(r->test_accuracy), "seconds", "teacher",
                          r->seconds_teacher, "transfer", r->seconds_transfer, "finetune", r->seconds_finetune, "kind",
                          kinds[r->kind], "search", r->search_no, "repeat", r->repeat, "collapsed", r->collapsed,
                          "best_val_accuracy", number(r->best_val_accuracy), "reason", lab_json_text(r->reason));
    if (stopped) { /* what its search was told instead of an end */
        json_object_set_new(o, "predicted", number(stopped->mean));
        json_object_set_new(o, "predicted_sigma", number(stopped->sigma));
        json_object_set_new(o, "thawed", json_boolean(stopped->thawed));
    }
    return o;
}

void trials_json(FILE *out, const struct trial_row *rows, int n, const struct stopped_list *stopped)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, trial_json(&rows[i], stopped_find(stopped, rows[i].number)));
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    fprintf(out, "%s\n", text);
    free(text);
    json_decref(all);
}

static void csv_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, ",%.10g", v);
    else
        putc(',', out);
}

static void csv_text(FILE *out, const char *s) /* RFC 4180 */
{
    fputs(",\"", out);
    for (; *s; s++)
        fputs((char[]){*s, *s == '"' ? '"' : 0, 0}, out);
    putc('"', out);
}

void trials_csv(FILE *out, const struct trial_row *rows, int n)
{
    const char *names[TRIAL_PARAMS_MAX];
    int params = table_params(rows, n, names);
    fprintf(out, "trial,state,seed,edited");
    for (int k = 0; k < params; k++)
        fprintf(out, ",%s", names[k]);
    fprintf(out, ",val_accuracy,test_accuracy,seconds_teacher,seconds_transfer,seconds_finetune,dir,kind,search\n");
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        fprintf(out, "%d,%s,%lld,%d", r->number, trial_state_name(r->state), (long long)r->seed, r->edited);
        for (int k = 0; k < params; k++)
            csv_number(out, table_param(r, names[k]));
        csv_number(out, r->val_accuracy);
        csv_number(out, r->test_accuracy);
        csv_number(out, r->seconds_teacher);
        csv_number(out, r->seconds_transfer);
        csv_number(out, r->seconds_finetune);
        csv_text(out, r->dir);
        fprintf(out, ",%s,%d\n", kinds[r->kind], r->search_no);
    }
}
