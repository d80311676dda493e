/* Saving from Setup, over the program's own host and a real experiments.ini: what is asked, judged, written and shown. */
#include "setup_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/host.h"
#include "../src/io/config.h"
#include "scratch.h"

static const char ini[] =
    "# mine\n[defaults]\nbatch = 64\n\n[one]\n# why\nstudent = res8 # small\n\n[two]\nbatch = 32\n";

struct place {
    char *dir, path[512], runs[512];
    struct cmd_options o;
};

static void open_on_file(struct bench *b, struct place *p)
{
    p->dir = scratch_new();
    snprintf(p->path, sizeof p->path, "%s", scratch_path(p->dir, "experiments.ini"));
    snprintf(p->runs, sizeof p->runs, "%s", scratch_path(p->dir, "runs"));
    scratch_write(p->path, ini, strlen(ini));
    p->o = (struct cmd_options){.config = p->path, .runs = p->runs};
    begin_at(b, "");
    host_init(&b->host, &p->o);
    open_screen(b);
}

static void shut(struct bench *b, struct place *p)
{
    finish(b);
    host_release(&b->host);
    scratch_remove(p->dir);
}

static void file_is(struct place *p, const char *want)
{
    size_t n;
    char *text = (char *)scratch_read(p->path, &n);
    if (n != strlen(want) || memcmp(text, want, n) != 0)
        fail_msg("%.*s", (int)n, text);
    free(text);
}

static bool judged(struct bench *b, const char *text, const char *words)
{
    char note[512] = "";
    bool ok = view_setup.check(b->ui.self, &b->ui.context, text, note, sizeof note);
    if (!strstr(note, words))
        fail_msg("'%s' does not say '%s'", note, words);
    return ok;
}

static void settings_become_a_new_section(void **state)
{
    struct bench b;
    struct place p;
    struct err err = {0};
    char want[512];
    (void)state;
    open_on_file(&b, &p);
    go_to(&b, "transfer_lr");
    press(&b, CMD_RIGHT);
    press(&b, CMD_SAVE);
    assert_int_equal(b.out.kind, ASK_TYPE);
    assert_string_equal(b.out.initial, "one");
    assert_false(judged(&b, "", "is no name"));
    assert_false(judged(&b, "a b", "is no name"));
    assert_false(judged(&b, "two", "'two' is another study"));
    assert_true(judged(&b, "one", "Enter changes 1 value in [one]"));
    assert_true(judged(&b, "three", "Enter adds [three] at the end"));
    assert_false(type(&b, "two", &err));
    file_is(&p, ini);
    if (!type(&b, "three", &err))
        fail_msg("%s", err.msg);
    snprintf(want, sizeof want, "%s\n[three]\nstudent = res8\ntransfer_lr = 0.002\n", ini);
    file_is(&p, want);
    free(ui_text(&b.ui, 80, 22));
    assert_string_equal(setup_selected(state_of(&b))->name, "three"); /* it is what one goes on with */
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    assert_string_equal(value(&b, "transfer_lr"), "0.002");
    press(&b, CMD_CANCEL);
    press(&b, CMD_HOME); /* the old one is what it was, and has an undo */
    assert_string_equal(setup_selected(state_of(&b))->name, "one");
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    press(&b, CMD_TUNE_UNDO);
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 1);
    shut(&b, &p);
}

static void a_section_takes_its_own_changes(void **state)
{
    struct bench b;
    struct place p;
    struct err err = {0};
    (void)state;
    open_on_file(&b, &p);
    go_to(&b, "student");
    assert_true(type(&b, "res14", &err));
    go_to(&b, "lambda");
    assert_true(type(&b, "log 0.01 1 3", &err));
    press(&b, CMD_SAVE);
    if (!type(&b, "one", &err))
        fail_msg("%s", err.msg);
    file_is(&p, "# mine\n[defaults]\nbatch = 64\n\n[one]\n# why\nstudent = res14 # small\n"
                "search.lambda = log 0.01 1 3\n\n[two]\nbatch = 32\n");
    free(ui_text(&b.ui, 80, 22));
    assert_int_equal(setup_changes(setup_selected(state_of(&b))), 0);
    shut(&b, &p);
}

static void a_file_that_changed_meanwhile_is_left_alone(void **state)
{
    static const char other[] = "[one]\nstudent = res20\n[new]\n";
    struct bench b;
    struct place p;
    struct err err = {0};
    (void)state;
    open_on_file(&b, &p);
    go_to(&b, "transfer_lr");
    press(&b, CMD_RIGHT);
    scratch_write(p.path, other, strlen(other));
    press(&b, CMD_SAVE);
    assert_false(type(&b, "three", &err));
    assert_non_null(strstr(err.msg, "has changed since it was read here"));
    assert_non_null(strstr(err.msg, "R reads it again"));
    file_is(&p, other);
    press(&b, CMD_REREAD);
    assert_int_equal(state_of(&b)->n, 2); /* one and new; what was changed here is still changed */
    assert_string_equal(setup_selected(state_of(&b))->name, "one");
    assert_string_equal(value(&b, "transfer_lr"), "0.002");
    press(&b, CMD_SAVE);
    if (!type(&b, "three", &err))
        fail_msg("%s", err.msg);
    struct params q;
    assert_true(config_read(p.path, "three", &q, &err));
    assert_true(q.transfer_lr == 0.002);
    shut(&b, &p);
}

static void a_start_may_leave_one_here(void **state)
{
    struct bench b;
    (void)state;
    begin(&b);
    press(&b, CMD_START_AWAY);
    assert_int_equal(b.out.kind, ASK_START);
    assert_true(b.out.stay);
    press(&b, CMD_START);
    assert_false(b.out.stay);
    go_to(&b, "momentum");
    press(&b, CMD_END);
    press(&b, CMD_CANCEL);
    press(&b, CMD_END); /* broken */
    press(&b, CMD_START_AWAY);
    assert_int_equal(b.out.kind, ASK_STATUS);
    press(&b, CMD_SAVE);
    assert_int_equal(b.out.kind, ASK_STATUS);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_become_a_new_section),
        cmocka_unit_test(a_section_takes_its_own_changes),
        cmocka_unit_test(a_file_that_changed_meanwhile_is_left_alone),
        cmocka_unit_test(a_start_may_leave_one_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
