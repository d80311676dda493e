/* Columns are the searched settings, then accuracy and seconds; what is not known is a dash, never a zero. */
#include "table.h"

#include <math.h>
#include <string.h>

static void percent(FILE *f, double v)
{
    if (isnan(v))
        fprintf(f, "  %7s", "-");
    else
        fprintf(f, "  %6.2f%%", 100 * v);
}

int table_params(const struct trial_row *rows, int n, const char *names[TRIAL_PARAMS_MAX])
{
    int count = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < rows[i].n_params; k++) {
            int j = 0;
            while (j < count && strcmp(names[j], rows[i].param_name[k]) != 0)
                j++;
            if (j == count && count < TRIAL_PARAMS_MAX)
                names[count++] = rows[i].param_name[k];
        }
    return count;
}

double table_param(const struct trial_row *r, const char *name)
{
    for (int k = 0; k < r->n_params; k++)
        if (strcmp(r->param_name[k], name) == 0)
            return r->param_value[k];
    return NAN;
}

static void param(FILE *f, double v)
{
    if (isnan(v))
        fprintf(f, "  %12s", "-");
    else
        fprintf(f, "  %12.4g", v);
}

void table_trials(FILE *f, const struct trial_row *rows, int n)
{
    const char *names[TRIAL_PARAMS_MAX];
    int params = table_params(rows, n, names);
    if (n == 0)
        return;
    fprintf(f, "%5s  %-9s", "trial", "state");
    for (int i = 0; i < params; i++)
        fprintf(f, "  %12s", names[i]);
    fprintf(f, "  %4s  %7s  %7s  %8s\n", "seed", "val", "test", "seconds");
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        fprintf(f, "%5d  %-9s", r->number, trial_state_name(r->state));
        for (int k = 0; k < params; k++)
            param(f, table_param(r, names[k]));
        fprintf(f, "  %4lld", (long long)r->seed);
        percent(f, r->val_accuracy);
        percent(f, r->test_accuracy);
        fprintf(f, "  %8.1f%s%s", r->seconds_teacher + r->seconds_transfer + r->seconds_finetune,
                r->edited ? "  edited" : "", r->collapsed ? "  collapsed" : "");
        fprintf(f, "%s%s\n", r->reason[0] ? "  " : "", r->reason);
    }
}

/* Of a search, and not changed by hand. */
static bool in_search(const struct trial_row *r)
{
    return r->kind != TRIAL_REPEAT && r->ask_id >= 0 && !r->edited;
}

void table_result(FILE *f, const struct trial_row *rows, int n, bool selected_on_test)
{
    double test[1024];
    int tested = 0;
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        if (isnan(r->test_accuracy) || tested == (int)ARRAY_LEN(test) || !(r->kind == TRIAL_REPEAT || in_search(r)))
            continue;
        if (selected_on_test && r->kind != TRIAL_REPEAT) { /* every trial has one: keep the best of each search */
            bool beaten = false;
            for (int k = 0; k < n; k++)
                beaten |=
                    in_search(&rows[k]) && rows[k].search_no == r->search_no &&
                    (rows[k].val_accuracy > r->val_accuracy || (rows[k].val_accuracy == r->val_accuracy && k < i));
            if (beaten)
                continue;
        }
        if (tested == 0 || r->kind != TRIAL_REPEAT) {
            fprintf(f, "recommended: trial %d", r->number);
            for (int k = 0; k < r->n_params; k++)
                fprintf(f, ", %s %.4g", r->param_name[k], r->param_value[k]);
            fprintf(f, "\n");
        }
        test[tested++] = r->test_accuracy;
    }
    if (tested == 0)
        return;
    double mean, sd;
    mean_sd(test, tested, &mean, &sd);
    fprintf(f, "test accuracy: %.2f%%", 100 * mean);
    if (!isnan(sd))
        fprintf(f, " +- %.2f (standard deviation of %d runs)", 100 * sd, tested);
    fprintf(f, "%s\n", selected_on_test ? ", chosen on the test set (select = test)" : "");
}
