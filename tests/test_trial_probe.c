/* A probe of a trial's nets: training goes on as without it, to the bit; what it shows is what the files hold; which
 * blocks belong together; what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/io/augment.h"
#include "../src/nn/probe.h"
#include "../src/trial.h"
#include "../src/trial_probe.h"
#include "../src/weights.h"
#include "lab_fixture.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__, NULL)

/* ---- a trial without a lab ---- */

struct world {
    struct params p;
    struct dataset data;
    struct trial_env env;
    char teachers[600];
};

static struct world *world_new(struct params p)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct err err = {0};
    w->p = p;
    snprintf(w->teachers, sizeof w->teachers, "%s", scratch_path(lab_scratch, "teachers"));
    if (!dataset_open(&w->data, p.dataset, scratch_path(lab_scratch, "data/synth"), p.train_limit, p.test_limit,
                      &err) ||
        !dataset_split(&w->data, p.val_fraction, 1, &err))
        fail_msg("%s", err.msg);
    w->env = (struct trial_env){backend_cpu_new(1, NULL, NULL), &w->data, &w->p, 1, w->teachers};
    return w;
}

static void world_free(struct world *w)
{
    backend_free(w->env.be);
    dataset_release(&w->data);
    free(w);
}

static struct trial *begin(struct world *w, const char *dir)
{
    struct err err = {0};
    struct trial *t = trial_new(&w->env, &w->p, scratch_path(lab_scratch, dir), &err);
    if (!t)
        fail_msg("%s", err.msg);
    return t;
}

static enum trial_end go_on(struct trial *t)
{
    struct trial_progress progress;
    enum trial_end end;
    struct err err = {0};
    if (!trial_step(t, &progress, &end, &err))
        fail_msg("%s", err.msg);
    return end;
}

static void reach(struct trial *t, enum stage stage, int step)
{
    while (trial_stage(t) != stage || trial_at(t) < step)
        assert_int_equal(go_on(t), TRIAL_GOING);
}

static void probe(struct trial *t, int image, int block, struct probe_answer *a)
{
    struct err err = {0};
    if (!trial_probe(t, image, block, a, &err))
        fail_msg("%s", err.msg);
}

/* ---- training ---- */

static void check_undisturbed(struct params p)
{
    struct world *w = world_new(p);
    struct trial *plain = begin(w, "plain"), *probed;
    struct probe_answer a;
    enum trial_end end = TRIAL_GOING;
    char sha[2][65];
    struct err err = {0};
    assert_true(w->data.n_val > 500); /* an evaluation takes two calls: there is a probe between them */
    probed = begin(w, "probed");
    for (int i = 0; end == TRIAL_GOING; i++) {
        probe(probed, i % w->data.n_val, i % 4, &a);
        end = go_on(plain);
        assert_int_equal(go_on(probed), end);
        probe(probed, (i + 7) % w->data.n_val, 3 - i % 4, &a);
        assert_true(trial_save(plain, sha[0], &err) && trial_save(probed, sha[1], &err));
        assert_string_equal(sha[0], sha[1]); /* weights, momenta, running statistics, position, accuracies */
    }
    assert_int_equal(end, TRIAL_FINISHED);
    assert_true(isfinite(trial_val_accuracy(plain)) && trial_val_accuracy(plain) == trial_val_accuracy(probed));
    trial_free(plain);
    trial_free(probed);
    world_free(w);
}

/* With a teacher in training, too: both trials of the first pair begin before there is one. */
static void training_does_not_notice(void **state)
{
    (void)state;
#define SHORT "train_limit=0", "val_fraction=0.9", "transfer_steps=3", "finetune_steps=2"
    check_undisturbed(P(SHORT, "teacher_steps=2"));
    check_undisturbed(P(SHORT, "teacher_steps=1", "method=kd"));
    check_undisturbed(P(SHORT, "teacher_steps=1", "method=hint"));
#undef SHORT
}

/* ---- what is shown ---- */

/* The matrix of a pair by a net read from a file. */
static void matrix_of_file(struct world *w, const char *path, const int *at, struct probe_pair pair, float *g)
{
    struct st_file f;
    struct net_spec spec;
    struct err err = {0};
    float *x = xcalloc(32 * 32 * 4, sizeof *x);
    int label;
    if (!st_read(&f, path, &err) || !weights_spec(&f, path, &spec, &err))
        fail_msg("%s", err.msg);
    struct net *net = net_new(w->env.be, &spec);
    assert_true(weights_take(&f, path, net, "", false, &err));
    net_fold(net);
    augment_batch(&w->data.train, w->data.mean, w->data.std, at, 1, 0, 0, AUGMENT_NONE, x, &label);
    assert_true(probe_fsp(w->env.be, net, x, &pair, 1, &g, &err));
    net_free(net);
    st_release(&f);
    free(x);
}

static const char *student_file(struct trial *t, const char *dir)
{
    char sha[65], name[64];
    struct err err = {0};
    snprintf(name, sizeof name, "%s/student.safetensors", dir);
    assert_true(trial_save(t, sha, &err));
    return scratch_path(lab_scratch, name);
}

static void check_files(struct world *w, struct trial *t, const char *dir, int block, int student_block)
{
    struct probe_answer a;
    struct net_spec teacher, student;
    struct err err;
    char path[600];
    float *g = xcalloc(256 * 256, sizeof *g);
    int image = 11, at = w->data.val_idx[11];
    probe(t, image, block, &a);
    assert_true(net_parse(w->p.teacher, false, 10, &teacher, &err) &&
                net_parse(w->p.student, false, 10, &student, &err));
    assert_true(a.teacher.present && a.student.present && a.reduced == 1 && !a.note[0]);
    assert_int_equal(a.teacher.block, block);
    assert_int_equal(a.student.block, student_block);
    assert_int_equal(a.teacher.blocks, probe_blocks(&teacher));
    assert_int_equal(a.student.blocks, probe_blocks(&student));
    assert_string_equal(a.teacher.net, w->p.teacher);
    assert_string_equal(a.student.net, w->p.student);
    for (int i = 0, k = 0; i < a.student.n; i++, k += a.student.rows[i - 1] * a.student.columns[i - 1]) {
        struct probe_pair p =
            block ? probe_block_pair(&student, student_block) : probe_section_pair(&student, i + 1, false);
        matrix_of_file(w, student_file(t, dir), &at, p, g);
        assert_memory_equal(a.student.fsp + k, g, (size_t)(a.student.rows[i] * a.student.columns[i]) * sizeof *g);
    }
    assert_true(trial_teacher_path(&w->env, path, sizeof path));
    for (int i = 0, k = 0; i < a.teacher.n; i++, k += a.teacher.rows[i - 1] * a.teacher.columns[i - 1]) {
        struct probe_pair p = block ? probe_block_pair(&teacher, block) : probe_section_pair(&teacher, i + 1, false);
        matrix_of_file(w, path, &at, p, g);
        assert_memory_equal(a.teacher.fsp + k, g, (size_t)(a.teacher.rows[i] * a.teacher.columns[i]) * sizeof *g);
    }
    assert_int_equal(a.label, w->data.train.labels[at]);
    assert_string_equal(a.class_name, w->data.class_names[a.label]);
    assert_memory_equal(a.rgb, w->data.train.pixels + (size_t)at * IMAGE_BYTES, IMAGE_BYTES);
    assert_true(a.images == w->data.n_val && a.image == image && !a.training);
    free(g);
}

/* In the transfer, where the stage has a teacher, and in the fine-tuning, where it is fetched. */
static void shown_is_what_the_files_hold(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher=res14"));
    struct trial *t = begin(w, "files");
    reach(t, STAGE_TRANSFER, 2);
    check_files(w, t, "files", 3, 2);
    check_files(w, t, "files", 6, 3);
    check_files(w, t, "files", 0, 0);
    reach(t, STAGE_TRANSFER, 3);
    check_files(w, t, "files", 1, 1);
    reach(t, STAGE_FINETUNE, 1);
    check_files(w, t, "files", 4, 2);
    trial_free(t);
    world_free(w);
}

static void a_vgg_is_shown_by_layers(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher=vgg8"));
    struct trial *t = begin(w, "layers");
    struct probe_answer a;
    reach(t, STAGE_TRANSFER, 1);
    check_files(w, t, "layers", 5, 3);
    probe(t, 0, 5, &a);
    assert_string_equal(a.teacher.name, "section 3, layer 1");
    assert_string_equal(a.student.name, "section 3, block 1");
    assert_int_equal(a.teacher.rows[0], 32);
    assert_int_equal(a.teacher.columns[0], 64);
    trial_free(t);
    world_free(w);
}

static void a_side_may_be_missing(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher_lr=0.017"));
    struct trial *t = begin(w, "sides");
    struct probe_answer a;
    char path[600];
    probe(t, 0, 1, &a); /* the teacher in training */
    assert_true(a.teacher.present && !a.student.present && !a.note[0]);
    reach(t, STAGE_FINETUNE, 0);
    assert_true(trial_teacher_path(&w->env, path, sizeof path));
    assert_int_equal(unlink(path), 0);
    probe(t, 0, 0, &a);
    assert_true(!a.teacher.present && a.student.present && a.student.n == 3);
    assert_non_null(strstr(a.note, path));
    trial_free(t);
    world_free(w);

    w = world_new(P("method=none", "val_fraction=0"));
    t = begin(w, "alone");
    probe(t, w->data.n_train - 1, 3, &a);
    assert_true(!a.teacher.present && a.student.present && !a.note[0]);
    assert_int_equal(a.student.block, 3);
    assert_true(a.training && a.images == w->data.n_train); /* nothing is held out */
    trial_free(t);
    world_free(w);
}

/* Wide nets' matrices are sent as means over cells, the same for both nets. */
static void what_is_too_large_is_reduced(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher=res8x4", "student=res8x4", "teacher_steps=1", "finetune_steps=1"));
    struct trial *t = begin(w, "wide");
    struct probe_answer a;
    struct net_spec s;
    struct err err;
    float *g = xcalloc(256 * 256, sizeof *g), *small = xcalloc(256 * 256, sizeof *small);
    reach(t, STAGE_TRANSFER, 1);
    probe(t, 11, 3, &a); /* 128 x 256 */
    assert_true(net_parse("res8x4", false, 10, &s, &err));
    assert_int_equal(a.reduced, 3);
    assert_true(a.student.rows[0] == 43 && a.student.columns[0] == 86);
    matrix_of_file(w, student_file(t, "wide"), &w->data.val_idx[11], probe_block_pair(&s, 3), g);
    probe_reduce(128, 256, g, 3, small);
    assert_memory_equal(a.student.fsp, small, 43 * 86 * sizeof *g);
    probe(t, 11, 2, &a); /* 64 x 128 */
    assert_true(a.reduced == 2 && a.teacher.rows[0] == 32 && a.teacher.columns[0] == 64);
    probe(t, 11, 1, &a); /* 64 x 64 */
    assert_true(a.reduced == 1 && a.teacher.rows[0] == 64 && a.teacher.columns[0] == 64);
    free(g), free(small);
    trial_free(t);
    world_free(w);

    w = world_new(P("teacher=res14", "student=res14", "pairing=inside", "teacher_steps=1", "finetune_steps=1"));
    t = begin(w, "inside");
    reach(t, STAGE_TRANSFER, 1);
    probe(t, 0, 0, &a); /* the most that goes unreduced */
    assert_true(a.reduced == 1 && a.student.rows[2] == 64 && a.student.columns[2] == 64);
    trial_free(t);
    world_free(w);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(P("teacher=res14"));
    struct trial *t = begin(w, "refused");
    static const struct {
        int image, block;
        const char *says;
    } bad[] = {{9999, 1, "image 9999 is not there: the validation set has images 0 to "},
               {-1, 1, "image -1"},
               {0, 7, "block 7 is not there: res14 has blocks 1 to 6"},
               {0, -1, "block -1"}};
    struct probe_answer a;
    reach(t, STAGE_TRANSFER, 1);
    assert_false(trial_probe(t, w->data.n_val, 0, &a, NULL));
    assert_true(trial_probe(t, w->data.n_val - 1, 6, &a, NULL));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        assert_false(trial_probe(t, bad[i].image, bad[i].block, &a, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.msg, bad[i].says));
    }
    trial_free(t);
    world_free(w);
}

/* What a transfer lets be recorded: of a batch of one, the matrices whose squared norms the losses are. */
static void taken_matrices_are_those_of_the_step(void **state)
{
    (void)state;
    struct world *w = world_new(P("batch=1", "teacher_steps=2", "finetune_steps=1", "lambda=0.0001"));
    struct trial *t = begin(w, "taken");
    struct trial_progress q = {0};
    enum trial_end end;
    int m, n, taken = 0;
    float *g[2];
    while (q.stage < STAGE_FINETUNE) {
        assert_true(trial_step(t, &q, &end, NULL));
        if (!q.fsp_taken) {
            assert_false(trial_fsp(t, 0, 'T', &m, &n, &g[0]));
            continue;
        }
        taken++;
        for (int i = 0; i < 3; i++) {
            double norm[3] = {0, 0, 0};
            for (int k = 0; k < 2; k++)
                assert_true(trial_fsp(t, i, "TS"[k], &m, &n, &g[k]));
            for (int e = 0; e < m * n; e++) {
                double a = (double)g[0][e], b = (double)g[1][e];
                norm[0] += a * a, norm[1] += b * b, norm[2] += (a - b) * (a - b);
            }
            assert_true(fabs(norm[0] / (double)q.result.fsp_teacher[i] - 1) < 1e-5);
            assert_true(fabs(norm[1] / (double)q.result.fsp_student[i] - 1) < 1e-5);
            assert_true(fabs(norm[2] / (double)q.result.fsp[i] - 1) < 1e-5);
            free(g[0]), free(g[1]);
        }
    }
    assert_int_equal(taken, 6); /* the last one's, too, when the stage was over */
    trial_free(t);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_does_not_notice),
        cmocka_unit_test(shown_is_what_the_files_hold),
        cmocka_unit_test(a_vgg_is_shown_by_layers),
        cmocka_unit_test(a_side_may_be_missing),
        cmocka_unit_test(what_is_too_large_is_reduced),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(taken_matrices_are_those_of_the_step),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
