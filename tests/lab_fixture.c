#include "lab_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/io/synth.h"
#include "scratch.h"

enum { DEADLINE = 300 /* seconds: never reached but by a bug */ };

char *lab_scratch;
char lab_runs[512];

int lab_group_setup(void **state)
{
    (void)state;
    struct err err = {0};
    lab_scratch = scratch_new();
    snprintf(lab_runs, sizeof lab_runs, "%s/runs", lab_scratch);
    return synth_write(scratch_path(lab_scratch, "data/synth"), 600, 100, 1, &err) ? 0 : -1;
}

int lab_group_teardown(void **state)
{
    (void)state;
    scratch_remove(lab_scratch);
    return 0;
}

struct params lab_params(const char *pair, ...)
{
    static const char *const tiny[] = {"dataset=synth",    "train_limit=300",  "test_limit=100",     "val_fraction=0.2",
                                       "batch=10",         "device=cpu",       "threads=1",          "teacher=res8",
                                       "student=res8",     "teacher_steps=6",  "augment=none",       "teacher_lr=0.01",
                                       "transfer_steps=6", "finetune_steps=6", "checkpoint_steps=3", "finetune_lr=0.01",
                                       "eval_steps=4",     "lambda=0.01",      "search=grid",        "prune=none"};
    struct params p;
    struct err err = {0};
    params_init(&p);
    snprintf(p.data_dir, sizeof p.data_dir, "%s/data", lab_scratch);
    for (size_t i = 0; i < ARRAY_LEN(tiny); i++)
        if (!params_set_pair(&p, tiny[i], &err))
            fail_msg("%s", err.msg);
    va_list more;
    va_start(more, pair);
    for (; pair; pair = va_arg(more, const char *))
        if (!params_set_pair(&p, pair, &err))
            fail_msg("%s", err.msg);
    va_end(more);
    return p;
}

struct lab *lab_begin(const char *study, const struct params *p)
{
    struct err err = {0};
    struct lab *lab = lab_open(study, lab_runs, p, &err);
    if (!lab)
        fail_msg("lab_open: %s", err.msg);
    return lab;
}

static void wait_for_news(struct lab *lab, double since)
{
    struct pollfd p = {.fd = lab_wakefd(lab), .events = POLLIN};
    poll(&p, 1, 1000);
    if (clock_seconds() - since > DEADLINE)
        fail_msg("nothing came within %d s", DEADLINE);
}

struct lab_ack lab_ask(struct lab *lab, enum lab_op op, const char *key, double value)
{
    struct lab_cmd c = {.op = op, .n = key != NULL, .value = {value}};
    snprintf(c.key[0], sizeof c.key[0], "%s", key ? key : "");
    return lab_ask_cmd(lab, c);
}

struct lab_ack lab_ask_cmd(struct lab *lab, struct lab_cmd c)
{
    static uint64_t next = 1;
    struct lab_state s;
    c.id = next++;
    assert_true(lab_post(lab, c));
    for (double since = clock_seconds();; wait_for_news(lab, since)) {
        lab_snapshot(lab, &s);
        for (int i = 0; i < LAB_ACKS; i++)
            if (s.acks[i].id == c.id)
                return s.acks[i];
        if (s.ended)
            fail_msg("ended without an answer: %s %s", s.state, s.message);
    }
}

void lab_reach(struct lab *lab, const char *stage, int step)
{
    struct lab_state s;
    for (double since = clock_seconds();; wait_for_news(lab, since)) {
        lab_snapshot(lab, &s);
        if (strcmp(s.stage, stage) == 0 && s.step >= step)
            return;
        if (s.ended)
            fail_msg("ended before step %d of %s: %s %s", step, stage, s.state, s.message);
    }
}

struct lab_state lab_end(struct lab *lab)
{
    struct lab_state s;
    for (double since = clock_seconds();; wait_for_news(lab, since)) {
        lab_snapshot(lab, &s);
        if (s.ended)
            break;
    }
    lab_close(lab);
    return s;
}

struct lab_state lab_whole(const char *study, const struct params *p)
{
    return lab_end(lab_begin(study, p));
}

const char *lab_file(const char *study, const char *name)
{
    char tail[256];
    snprintf(tail, sizeof tail, "%s/%s", study, name);
    return scratch_path(lab_runs, tail);
}

static struct store *open_rows(const char *study)
{
    struct err err = {0};
    struct store *s = store_open_readonly(lab_file(study, "study.db"), &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

int lab_rows(const char *study, struct trial_row **rows)
{
    struct err err = {0};
    struct store *s = open_rows(study);
    int n = store_trials(s, rows, &err);
    store_close(s);
    if (n < 0)
        fail_msg("%s", err.msg);
    return n;
}

int lab_events(const char *study, const char *kind, struct event_row *last)
{
    struct err err = {0};
    struct event_row *rows;
    struct store *s = open_rows(study);
    int n = store_events(s, -1, 0, &rows, &err), count = 0;
    store_close(s);
    if (n < 0)
        fail_msg("%s", err.msg);
    for (int i = 0; i < n; i++)
        if (!kind || strcmp(rows[i].kind, kind) == 0) {
            count++;
            if (last)
                *last = rows[i];
        }
    free(rows);
    return count;
}
