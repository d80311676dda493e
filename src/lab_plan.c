/* What a study will come to, from its settings alone: no folder, no store, nothing opened. */
#include "lab_impl.h"

#include "search/surrogate.h"

static struct search *first_search(const struct params *p, struct err *err)
{
    struct search_options so;
    struct space space;
    if (!lab_space(p, &space, err))
        return NULL;
    lab_search_options(p, &space, 0, &so);
    return search_new(&space, &so, err);
}

void lab_search_options(const struct params *p, const struct space *space, int search_no, struct search_options *to)
{
    *to = (struct search_options){.strategy = (enum strategy)p->search,
                                  .seed = (uint64_t)(p->seed + search_no),
                                  .max_trials = p->max_trials,
                                  .limit_max_accuracy_count = p->limit_max_accuracy_count,
                                  .stop_improvement = p->stop_improvement / 100,
                                  .has_first = true};
    for (int j = 0; j < space->n; j++)
        to->first[j] = params_get_number(p, param_find(space->dims[j].name));
}

bool lab_can_plan(const struct params *p, struct err *err)
{
    struct search *search = first_search(p, err);
    search_free(search);
    return search != NULL;
}

int64_t lab_planned(const struct params *p)
{
    struct search *search = first_search(p, NULL);
    if (!search)
        return -1;
    int64_t one = search_planned(search);
    search_free(search);
    return (one + p->repeats - 1) * p->search_repeats;
}

int lab_first_points(const struct params *p, int max, double *x, struct err *err)
{
    struct space space;
    int n = 0, id;
    struct search *search = lab_space(p, &space, err) ? first_search(p, err) : NULL;
    if (!search)
        return -1;
    if (p->search == SEARCH_BO && max > surrogate_design(&space))
        max = surrogate_design(&space);
    while (n < max && search_ask(search, x + (size_t)n * (size_t)space.n, &id) == ASK_POINT)
        n++;
    search_free(search);
    return n;
}
