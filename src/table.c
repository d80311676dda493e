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

void table_trials(FILE *f, const struct trial_row *rows, int n)
{
    if (n == 0)
        return;
    fprintf(f, "%5s  %-9s", "trial", "state");
    for (int i = 0; i < rows[0].n_params; i++)
        fprintf(f, "  %12s", rows[0].param_name[i]);
    fprintf(f, "  %4s  %7s  %7s  %8s\n", "seed", "val", "test", "seconds");
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        fprintf(f, "%5d  %-9s", r->number, trial_state_name(r->state));
        for (int k = 0; k < r->n_params; k++)
            fprintf(f, "  %12.4g", r->param_value[k]);
        fprintf(f, "  %4lld", (long long)r->seed);
        percent(f, r->val_accuracy);
        percent(f, r->test_accuracy);
        fprintf(f, "  %8.1f%s%s", r->seconds_teacher + r->seconds_transfer + r->seconds_finetune, r->edited ? "  edited" : "",
                r->collapsed ? "  collapsed" : "");
        fprintf(f, "%s%s\n", r->reason[0] ? "  " : "", r->reason);
    }
}

static void mean_sd(const double *v, int n, double *mean, double *sd)
{
    double s = 0, q = 0;
    for (int i = 0; i < n; i++)
        s += v[i] / n;
    for (int i = 0; i < n; i++)
        q += (v[i] - s) * (v[i] - s);
    *mean = s;
    *sd = n > 1 ? sqrt(q / (n - 1)) : NAN;
}

void table_result(FILE *f, const struct trial_row *rows, int n, bool selected_on_test)
{
    double test[1024];
    int tested = 0;
    for (int i = 0; i < n; i++) {
        const struct trial_row *r = &rows[i];
        if (isnan(r->test_accuracy) || tested == (int)ARRAY_LEN(test))
            continue;
        if (selected_on_test && r->kind != TRIAL_REPEAT) { /* every trial has one: keep the best of each search */
            bool beaten = false;
            for (int k = 0; k < n; k++)
                beaten |= rows[k].kind != TRIAL_REPEAT && rows[k].search_no == r->search_no &&
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
