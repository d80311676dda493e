/* Everything here runs in inference form on batch norms folded anew, and what is folded is made anew by every evaluation
 * that begins and is the same during one: so nothing that training reads is touched. */
#include "trial_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/probe.h"
#include "trial_impl.h"

/* The image, for people and for the nets. */
static bool take_image(const struct trial *t, int image, struct probe_answer *a, float *x, struct err *err)
{
    const struct dataset *d = t->env.data;
    int label;
    a->training = d->n_val == 0;
    a->images = a->training ? d->n_train : d->n_val;
    a->image = image;
    if (image < 0 || image >= a->images)
        return err_set(err, ERR_CONFIG, "image %d is not there: the %s set has images 0 to %d", image,
                       a->training ? "training" : "validation", a->images - 1);
    int at = (a->training ? d->train_idx : d->val_idx)[image];
    augment_batch(&d->train, d->mean, d->std, &at, 1, 0, 0, AUGMENT_NONE, x, &label);
    a->label = label;
    snprintf(a->class_name, sizeof a->class_name, "%s", d->class_names[label]);
    memcpy(a->rgb, d->train.pixels + (size_t)at * IMAGE_BYTES, sizeof a->rgb);
    return true;
}

/* Puts the teacher where the stage has none of its own; why not goes to the note. */
static void want_teacher(struct trial *t, struct probe_answer *a)
{
    struct net_spec teacher, student;
    struct err bad = {0};
    if (t->teacher || t->stage == STAGE_TEACHER || t->p.method == METHOD_NONE)
        return;
    if (trial_specs(&t->p, t->env.data->classes, &teacher, &student, &bad) && trial_load_teacher(t, &teacher, &bad))
        net_fold(t->teacher);
    else
        str_append(a->note, sizeof a->note, 0, "%s", bad.msg);
}

static void fill_side(struct probe_side *side, struct net *net, int block)
{
    const struct net_spec *s = net_spec(net);
    side->present = true;
    net_spec_format(s, side->net, sizeof side->net);
    side->block = block;
    side->blocks = probe_blocks(s);
    if (block)
        probe_block_name(s, block, side->name, sizeof side->name);
    side->n = block ? 1 : PROBE_MATRICES;
}

static void side_pairs(const struct trial *t, const struct probe_side *side, const struct net_spec *s,
                       struct probe_pair p[PROBE_MATRICES])
{
    for (int i = 0; i < side->n; i++)
        p[i] = side->block ? probe_block_pair(s, side->block)
                           : probe_section_pair(s, i + 1, t->p.pairing == PAIRING_INSIDE);
}

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Whether a side's matrices fit when they are reduced by f. */
static bool fits(const struct trial *t, const struct probe_side *side, struct net *net, int f)
{
    struct probe_pair p[PROBE_MATRICES];
    int sum = 0, m, n;
    if (!net)
        return true;
    side_pairs(t, side, net_spec(net), p);
    for (int i = 0; i < side->n; i++) {
        probe_shape(net_spec(net), p[i], &m, &n);
        sum += ceil_div(m, f) * ceil_div(n, f);
    }
    return sum <= PROBE_FLOATS;
}

static bool take_matrices(struct trial *t, struct probe_side *side, struct net *net, const float *x, int reduced,
                          struct err *err)
{
    struct probe_pair p[PROBE_MATRICES];
    float *g[PROBE_MATRICES], *to = side->fsp;
    int m[PROBE_MATRICES], n[PROBE_MATRICES];
    side_pairs(t, side, net_spec(net), p);
    for (int i = 0; i < side->n; i++) {
        probe_shape(net_spec(net), p[i], &m[i], &n[i]);
        g[i] = xmalloc((size_t)m[i] * (size_t)n[i] * sizeof *g[i]);
    }
    bool ok = probe_fsp(t->env.be, net, x, p, side->n, g, err);
    for (int i = 0; i < side->n; i++) {
        side->rows[i] = ceil_div(m[i], reduced);
        side->columns[i] = ceil_div(n[i], reduced);
        if (ok)
            probe_reduce(m[i], n[i], g[i], reduced, to);
        to += side->rows[i] * side->columns[i];
        free(g[i]);
    }
    return ok;
}

/* Which block of which net: the teacher's count leads. */
static bool choose_blocks(struct probe_answer *a, struct net *teacher, struct net *student, struct err *err)
{
    const struct net_spec *lead = net_spec(teacher ? teacher : student);
    char name[32];
    net_spec_format(lead, name, sizeof name);
    if (a->block < 0 || a->block > probe_blocks(lead))
        return err_set(err, ERR_CONFIG, "block %d is not there: %s has blocks 1 to %d, and 0 stands for the sections",
                       a->block, name, probe_blocks(lead));
    if (teacher)
        fill_side(&a->teacher, teacher, a->block);
    if (student)
        fill_side(&a->student, student, a->block ? probe_match(lead, a->block, net_spec(student)) : 0);
    return true;
}

/* Of sections: a method other than FSP may have a teacher of any width. */
static void note_shapes(struct probe_answer *a)
{
    const struct probe_side *t = &a->teacher, *s = &a->student;
    for (int i = 0; i < t->n && !a->note[0]; i++)
        if (t->rows[i] != s->rows[i] || t->columns[i] != s->columns[i])
            snprintf(a->note, sizeof a->note, "%s and %s have matrices of different shapes here (%dx%d and %dx%d)",
                     t->net, s->net, t->rows[i], t->columns[i], s->rows[i], s->columns[i]);
}

static bool look(struct trial *t, int image, int block, struct probe_answer *a, struct err *err)
{
    memset(a, 0, sizeof *a);
    a->block = block;
    a->reduced = 1;
    float *x = xcalloc(32 * 32 * 4, sizeof *x);
    bool ok = take_image(t, image, a, x, err);
    if (ok)
        want_teacher(t, a);
    struct net *student = t->stage == STAGE_TEACHER ? NULL : t->net;
    struct net *teacher = t->stage == STAGE_TEACHER ? t->net : t->teacher;
    ok = ok && choose_blocks(a, teacher, student, err);
    if (ok) {
        net_fold(t->net);
        while (!fits(t, &a->teacher, teacher, a->reduced) || !fits(t, &a->student, student, a->reduced))
            a->reduced++;
    }
    ok = ok && (!teacher || take_matrices(t, &a->teacher, teacher, x, a->reduced, err)) &&
         (!student || take_matrices(t, &a->student, student, x, a->reduced, err));
    free(x);
    if (ok && teacher && student && !block)
        note_shapes(a);
    return ok;
}

bool trial_probe(struct trial *t, int image, int block, struct probe_answer *a, struct err *err)
{
    bool asleep = t->asleep;
    if (!trial_wake(t, err))
        return false;
    bool ok = look(t, image, block, a, err);
    if (asleep)
        trial_sleep(t);
    return ok;
}
