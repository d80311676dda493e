#include "setup_bench.h"

#include "../src/lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *state, *sets;
    int trials, complete;
    double best;
} kept[] = {
    {"demo", "",
     "teacher=res14 student=res8 batch=50 teacher_steps=400 transfer_steps=100 finetune_steps=200 search=grid "
     "search.lambda=log_0.01_1_3 repeats=2",
     0, 0, NAN},
    {"실험-이식", "running", "dataset=cifar10 student=res14", 5, 4, 0.8812},
    {"table2-res26-grid", "complete", "dataset=cifar10 search=grid search.lambda=log_0.01_1_5", 7, 7, 0.9104},
    {"alone", "interrupted", "method=none", 1, 0, NAN},
    {"a-name-that-is-longer-than-any-list-is-wide-at-80-columns", "failed", "", 1, 0, NAN},
    {"broken", "", NULL, 0, 0, NAN},
};

const char *setup_study_kept(size_t i)
{
    return kept[i].name;
}

static bool hand_settings(void *ctx, const char *study, struct params *p, struct err *err)
{
    (void)ctx;
    params_init(p);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char copy[512], *save = NULL;
        if (strcmp(kept[i].name, study) != 0)
            continue;
        if (!kept[i].sets)
            return err_set(err, ERR_CONFIG, "experiments.ini:12: lambda: 'many' is not a number (allowed: 0 to 1e+06)");
        snprintf(copy, sizeof copy, "%s", kept[i].sets);
        for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
            for (char *c = strchr(word, '='); *c; c++)
                *c = *c == '_' ? ' ' : *c;
            assert_true(params_set_pair(p, word, err));
        }
        return true;
    }
    return err_set(err, ERR_CONFIG, "no such study");
}

static int hand_studies(void *ctx, char ***names, struct err *err)
{
    struct hand *h = ctx;
    if (h->trouble) {
        err_set(err, ERR_IO, "%s", h->trouble);
        return -1;
    }
    *names = xcalloc(ARRAY_LEN(kept), sizeof **names);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        (*names)[i] = xstrdup(kept[i].name);
    return ARRAY_LEN(kept);
}

static void hand_look(void *ctx, const char *study, struct study_card *card)
{
    struct hand *h = ctx;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (strcmp(kept[i].name, study) == 0) {
            *card = (struct study_card){.trials = kept[i].trials, .complete = kept[i].complete, .best = kept[i].best};
            str_append(card->state, sizeof card->state, 0, "%s", i == 0 ? h->state_of_demo : kept[i].state);
        }
}

static void hand_cost(void *ctx, const struct params *p, int64_t trials, struct cost_card *card)
{
    struct hand *h = ctx;
    (void)p, (void)trials;
    *card = h->cost;
}

static bool hand_measure(void *ctx, const struct params *p, struct err *err)
{
    struct hand *h = ctx;
    (void)p;
    return h->measures++ == 0 || err_set(err, ERR_BUSY, "a measurement is going on");
}

/* Figures of RES26 and RES14, whatever the nets are called. */
static void hand_describe(void *ctx, const struct params *p, struct pair_card *k)
{
    static const char *const maps[] = {"32x32x16 -> 32x32x16", "32x32x16 -> 16x16x32", "16x16x32 -> 8x8x64"};
    static const int shape[][2] = {{16, 16}, {16, 32}, {32, 64}};
    struct hand *h = ctx;
    h->describes++;
    *k = (struct pair_card){.trials = 4, .steps = 1600, .n_pairs = p->method == METHOD_FSP ? 3 : 0};
    k->student = (struct net_card){.parameters = 172506, .macs = 26395264, .tf_flops = 52846602, .blocks = 6};
    str_append(k->student.name, sizeof k->student.name, 0, "%s", p->student);
    if (p->method != METHOD_NONE) {
        k->teacher = (struct net_card){.parameters = 366938, .macs = 54706816, .tf_flops = 109531146, .blocks = 12};
        str_append(k->teacher.name, sizeof k->teacher.name, 0, "%s", p->teacher);
    }
    for (int i = 0; i < k->n_pairs; i++) {
        str_append(k->pair[i].teacher_maps, sizeof k->pair[i].teacher_maps, 0, "%s", maps[i]);
        str_append(k->pair[i].student_maps, sizeof k->pair[i].student_maps, 0, "%s", maps[i]);
        k->pair[i].m = shape[i][0];
        k->pair[i].n = shape[i][1];
    }
    str_append(k->problem, sizeof k->problem, 0, "%s", h->problem);
}

void begin_at(struct bench *b, const char *study)
{
    memset(b, 0, sizeof *b);
    model_init(&b->model, study, "runs", false);
    b->model.now = 1000;
    b->hand.cost = (struct cost_card){.seconds = 2520,
                                      .stage_seconds = {720, 600, 1200},
                                      .from = "teacher: scaled by MACs from demo; transfer, fine-tune: steps of demo",
                                      .how = "scaled by MACs"};
    b->host = (struct ui_host){.ctx = &b->hand,
                               .nets = "res8 res14 res26 vgg26",
                               .describe = hand_describe,
                               .settings = hand_settings,
                               .space = lab_space,
                               .points = lab_first_points,
                               .cost = hand_cost,
                               .measure = hand_measure,
                               .studies = hand_studies,
                               .look = hand_look};
}

void open_screen(struct bench *b)
{
    struct ui *u = &b->ui;
    *u = (struct ui){.model = &b->model, .view = &view_setup, .look = {.theme = theme_dark, .glyphs = GLYPHS_BRAILLE}};
    u->context = (struct view_context){.model = &b->model, .look = &u->look, .host = &b->host};
    u->self = xcalloc(1, view_setup.state_size);
    view_setup.init(u->self, &u->context);
    free(ui_text(u, 80, 22));
}

void begin(struct bench *b)
{
    begin_at(b, "");
    open_screen(b);
}

void finish(struct bench *b)
{
    ui_close(&b->ui);
    model_release(&b->model);
}

struct setup *state_of(struct bench *b)
{
    return b->ui.self;
}

bool press(struct bench *b, enum command c)
{
    bool meant = ui_command(&b->ui, c, &b->out);
    free(ui_text(&b->ui, 80, 22));
    return meant;
}

struct params *now(struct bench *b)
{
    return &setup_selected(state_of(b))->now;
}

int go_to(struct bench *b, const char *name)
{
    int def = param_find(name);
    struct setup *s = state_of(b);
    if (s->pane != PANE_FORM)
        press(b, CMD_NEXT_FIELD);
    press(b, CMD_HOME);
    for (int i = 0; i < FORM_ROWS_MAX && setup_field(s) != def; i++) {
        if (s->rows[s->row].kind == ROW_GROUP)
            press(b, CMD_RIGHT);
        press(b, CMD_DOWN);
    }
    assert_int_equal(setup_field(s), def);
    return def;
}

bool type(struct bench *b, const char *text, struct err *err)
{
    struct request out = {0};
    *err = (struct err){0};
    return view_setup.typed(b->ui.self, &b->ui.context, text, &out, err);
}

const char *value(struct bench *b, const char *name)
{
    static char text[PARAM_STR_MAX];
    form_text(now(b), param_find(name), text, sizeof text);
    return text;
}

bool screen_has(struct bench *b, int w, int h, const char *words)
{
    char *text = ui_text(&b->ui, w, h);
    bool has = strstr(text, words) != NULL;
    free(text);
    return has;
}
