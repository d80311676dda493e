/* Columns and numbers are those of the program's other CSV of trials, so that one reader serves both. Nothing that is there is
 * written over: an export is somebody's figure. */
#include "trials_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../io/fsutil.h"

static void print_number(FILE *f, double v)
{
    if (isfinite(v))
        fprintf(f, ",%.10g", v);
    else
        putc(',', f);
}

static void print_text(FILE *f, const char *s) /* RFC 4180 */
{
    fputs(",\"", f);
    for (; *s; s++)
        fputs((char[]){*s, *s == '"' ? '"' : 0, 0}, f);
    putc('"', f);
}

/* Settings that a trial has a value of its own for, as they turn up. */
static int own_settings(const struct trials_source *s, const char *names[TRIAL_PARAMS_MAX])
{
    int n = 0;
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->rows[i].n_params; k++) {
            int j = 0;
            while (j < n && strcmp(names[j], s->rows[i].param_name[k]) != 0)
                j++;
            if (j == n && n < TRIAL_PARAMS_MAX)
                names[n++] = s->rows[i].param_name[k];
        }
    return n;
}

static double own_value(const struct trial_row *r, const char *name)
{
    for (int k = 0; k < r->n_params; k++)
        if (strcmp(r->param_name[k], name) == 0)
            return r->param_value[k];
    return NAN;
}

void trials_csv_print(FILE *f, const struct trials_table *t)
{
    static const char *const kinds[] = {"search", "repeat", "manual"};
    const char *names[TRIAL_PARAMS_MAX];
    int n = own_settings(&t->source, names);
    fputs("trial,state,seed,edited", f);
    for (int k = 0; k < n; k++)
        fprintf(f, ",%s", names[k]);
    fputs(",val_accuracy,test_accuracy,seconds_teacher,seconds_transfer,seconds_finetune,dir,kind,search\n", f);
    for (int i = 0; i < t->n_shown; i++) {
        const struct trial_row *r = &t->source.rows[t->shown[i]];
        fprintf(f, "%d,%s,%lld,%d", r->number, trial_state_name(r->state), (long long)r->seed, r->edited);
        for (int k = 0; k < n; k++)
            print_number(f, own_value(r, names[k]));
        const double numbers[] = {r->val_accuracy, r->test_accuracy, r->seconds_teacher, r->seconds_transfer,
                                  r->seconds_finetune};
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
            print_number(f, numbers[k]);
        print_text(f, r->dir);
        fprintf(f, ",%s,%d\n", kinds[r->kind], r->search_no);
    }
}

static void path_of(const struct model *m, const char *name, char *path, size_t cap)
{
    if (strchr(name, '/'))
        str_append(path, cap, 0, "%s", name);
    else
        str_append(path, cap, 0, "%s/export/%s", m->dir, name);
}

void trials_csv_name(const struct model *m, char *buf, size_t cap)
{
    char path[1024];
    str_append(buf, cap, 0, "trials.csv");
    for (int i = 2; i < 1000; i++) {
        path_of(m, buf, path, sizeof path);
        if (access(path, F_OK) != 0)
            return;
        str_append(buf, cap, 0, "trials-%d.csv", i);
    }
}

bool trials_csv_export(const struct trials_table *t, const struct model *m, const char *name, char *path, size_t cap,
                       struct err *err)
{
    char *text = NULL, *dir;
    size_t n = 0;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(err, ERR_USAGE, "a file's name is wanted, as in trials.csv");
    path_of(m, name, path, cap);
    if (access(path, F_OK) == 0)
        return err_set(err, ERR_USAGE, "'%s' is there already: choose another name", path);
    FILE *f = open_memstream(&text, &n);
    trials_csv_print(f, t);
    fclose(f);
    dir = fs_dirname(path);
    bool ok = fs_mkdirs(dir, err) && fs_write_whole(path, text, n, err);
    free(dir);
    free(text);
    return ok;
}
