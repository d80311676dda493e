/* Looking into a running trial's nets. The worker answers between two steps, into a ring of the latest few answers: too
 * large for the acks in a snapshot, which is copied all the time. Memory is taken as answers come. */
#include "lab_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Puts an answer where lab_probe_answer finds it; takes it over. */
static void keep(struct lab *lab, struct lab_probe *p)
{
    pthread_mutex_lock(&lab->probe_mutex);
    struct lab_probe **slot = &lab->probes[lab->n_probes++ % LAB_PROBES], *old = *slot;
    *slot = p;
    pthread_mutex_unlock(&lab->probe_mutex);
    free(old);
}

void lab_do_probe(struct lab *lab, struct worker *w, const struct lab_cmd *c, struct lab_ack *a)
{
    struct lab_probe *p = xcalloc(1, sizeof *p);
    struct err bad = {0};
    p->ack = *a;
    if (trial_probe(w->trial, c->image, c->block, &p->answer, &bad)) {
        keep(lab, p);
    } else {
        lab_refuse(a, bad.msg);
        free(p);
    }
}

bool lab_probe_answer(struct lab *lab, uint64_t id, struct lab_probe *out)
{
    bool found = false;
    pthread_mutex_lock(&lab->probe_mutex);
    for (int i = 0; i < LAB_PROBES && !found; i++)
        if (lab->probes[i] && lab->probes[i]->ack.id == id) {
            *out = *lab->probes[i];
            found = true;
        }
    pthread_mutex_unlock(&lab->probe_mutex);
    return found;
}
