/* lbfgsb: the loop around the reverse communication of setulb, which keeps all of its state in the arrays it is
 * handed, so that several threads may be in here at once. The best point seen is kept apart: the line search may end
 * on a worse one. */
#include "lbfgsb.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define CORRECTIONS 10
#define TASK 60

void setulb_(const int *n, const int *m, double *x, const double *l, const double *u, const int *nbd, double *f,
             double *g, const double *factr, const double *pgtol, double *wa, int *iwa, char *task, const int *iprint,
             char *csave, int *lsave, int *isave, double *dsave, size_t task_len, size_t csave_len);

struct state {
    double wa[2 * CORRECTIONS * LBFGSB_DIM_MAX + 5 * LBFGSB_DIM_MAX + 11 * CORRECTIONS * CORRECTIONS + 8 * CORRECTIONS];
    int iwa[3 * LBFGSB_DIM_MAX];
    char task[TASK], csave[TASK];
    int lsave[4], isave[44];
    double dsave[29];
};

static void set_task(struct state *s, const char *text)
{
    memset(s->task, ' ', TASK);
    memcpy(s->task, text, strlen(text));
}

static bool task_is(const struct state *s, const char *text)
{
    return strncmp(s->task, text, strlen(text)) == 0;
}

double lbfgsb_minimise(int n, const double *lower, const double *upper, lbfgsb_function *function, void *ctx,
                       int max_iterations, double *x)
{
    const int m = CORRECTIONS, quiet = -1;
    const double factr = 1e4, pgtol = 1e-8; /* ends at a relative gain of 2e-12 */
    int nbd[LBFGSB_DIM_MAX], iterations = 0, evaluations = 0;
    double best[LBFGSB_DIM_MAX], g[LBFGSB_DIM_MAX] = {0}, f = 0, best_f = INFINITY;
    struct state s = {0};
    assert(n >= 1 && n <= LBFGSB_DIM_MAX);
    for (int i = 0; i < n; i++) {
        nbd[i] = 2; /* bounded on both sides */
        x[i] = fmin(fmax(x[i], lower[i]), upper[i]);
    }
    memcpy(best, x, (size_t)n * sizeof(*x));
    set_task(&s, "START");
    for (;;) {
        setulb_(&n, &m, x, lower, upper, nbd, &f, g, &factr, &pgtol, s.wa, s.iwa, s.task, &quiet, s.csave, s.lsave,
                s.isave, s.dsave, TASK, TASK);
        if (task_is(&s, "FG")) {
            f = function(ctx, x, g);
            evaluations++;
            if (isfinite(f) && f < best_f) {
                best_f = f;
                memcpy(best, x, (size_t)n * sizeof(*x));
            }
            if (!isfinite(best_f))
                break;
            if (!isfinite(f)) {
                /* a stand-in that is worse, but near enough for the line search to interpolate with */
                f = best_f + 10 * (1 + fabs(best_f));
                memset(g, 0, sizeof(g));
            }
        } else if (!task_is(&s, "NEW_X") || ++iterations >= max_iterations || evaluations >= 4 * max_iterations) {
            break;
        }
    }
    memcpy(x, best, (size_t)n * sizeof(*x));
    return best_f;
}
