/* What a study will come to, from its settings alone: no folder, no store, nothing opened. */
#include "lab_impl.h"

static struct search *first_search(const struct params *p, struct err *err)
{
    struct search_options so = {.strategy = (enum strategy)p->search,
                                .seed = (uint64_t)p->seed,
                                .max_trials = p->max_trials,
                                .limit_max_accuracy_count = p->limit_max_accuracy_count};
    struct space space;
    return lab_space(p, &space, err) ? search_new(&space, &so, err) : NULL;
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
