/* What belongs to one trial: whose teacher it gets, which checkpoints it goes on from, what can be changed when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/io/safetensors.h"
#include "lab_fixture.h"
#include "scratch.h"

#define P(...) lab_params(__VA_ARGS__, NULL)

static int teachers(void)
{
    char dir[600];
    snprintf(dir, sizeof dir, "%s/teachers", lab_runs);
    return scratch_count(dir);
}

/* Searched settings that also shape a teacher's training change the trials, not the teacher. */
static void all_trials_share_one_teacher(void **state)
{
    (void)state;
    struct params first = P("teacher_lr=0.0123", "finetune_steps=2"),
                  p = P("teacher_lr=0.0321", "finetune_steps=2", "search.weight_decay=log 0.0001 0.01 3");
    lab_whole("one-teacher", &first); /* makes the folder */
    int before = teachers();
    struct lab_state s = lab_whole("shared-teacher", &p);
    struct trial_row *rows;
    assert_int_equal(s.exit_status, 0);
    assert_int_equal(teachers(), before + 1);
    assert_int_equal(lab_rows("shared-teacher", &rows), 3);
    assert_true(rows[0].seconds_teacher > 0);
    assert_true(rows[1].seconds_teacher == 0 && rows[2].seconds_teacher == 0);
    free(rows);
}

/* The state of a trial as a machine with other instructions would have written it. */
static void rewrite_isa(const char *path)
{
    struct st_file in, out;
    struct err err = {0};
    if (!st_read(&in, path, &err))
        fail_msg("%s", err.msg);
    st_init(&out);
    for (int i = 0; i < in.n; i++)
        st_add(&out, in.tensors[i].name, in.tensors[i].dtype, in.tensors[i].rank, in.tensors[i].shape,
               in.tensors[i].data);
    for (int i = 0; i < in.n_meta; i++)
        if (!strstr(in.meta_key[i], "sha256"))
            st_meta(&out, in.meta_key[i], strcmp(in.meta_key[i], "isa") == 0 ? "abacus" : in.meta_value[i]);
    if (!st_write(&out, path, NULL, &err))
        fail_msg("%s", err.msg);
    st_release(&in);
    st_release(&out);
}

static void another_machine_leaves_a_trial_as_it_is(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=2", "finetune_steps=4");
    char path[600];
    size_t n;
    struct trial_row *rows;
    struct lab *lab = lab_begin("moved-isa", &p);
    assert_true(lab_ask(lab, LAB_STOP, NULL, 0).ok);
    lab_end(lab);
    snprintf(path, sizeof path, "%s", lab_file("moved-isa", "trial-0001/state.safetensors"));
    unsigned char *bytes = scratch_read(path, &n);
    rewrite_isa(path);
    struct lab_state s = lab_whole("moved-isa", &p);
    assert_int_equal(s.exit_status, 1);
    assert_non_null(strstr(s.message, "abacus"));
    assert_int_equal(lab_rows("moved-isa", &rows), 1);
    assert_int_not_equal(rows[0].state, TRIAL_FAILED);
    free(rows);
    scratch_write(path, bytes, n);
    free(bytes);
    s = lab_whole("moved-isa", &p);
    assert_int_equal(s.exit_status, 0);
    assert_int_equal(lab_rows("moved-isa", &rows), 1);
    assert_int_equal(rows[0].state, TRIAL_COMPLETE);
    free(rows);
}

static void a_trial_without_fine_tuning_is_refused(void **state)
{
    (void)state;
    struct params p = P("finetune_steps=0");
    struct err err = {0};
    assert_null(lab_open("no-finetuning", lab_runs, &p, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "finetune_steps"));
}

static void the_rate_of_a_stage_that_is_over_stays(void **state)
{
    (void)state;
    struct params p = P("transfer_steps=2", "finetune_steps=100000");
    struct lab *lab = lab_begin("over", &p);
    lab_reach(lab, "finetune", 1);
    struct lab_ack a = lab_ask(lab, LAB_SET, "transfer_lr", 0.5);
    assert_true(!a.ok && strstr(a.message, "transfer"));
    struct lab_state s;
    lab_snapshot(lab, &s);
    assert_false(s.edited);
    assert_true(lab_ask(lab, LAB_SET, "finetune_lr", 0.02).ok);
    lab_close(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_trials_share_one_teacher),
        cmocka_unit_test(another_machine_leaves_a_trial_as_it_is),
        cmocka_unit_test(a_trial_without_fine_tuning_is_refused),
        cmocka_unit_test(the_rate_of_a_stage_that_is_over_stays),
    };
    return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
