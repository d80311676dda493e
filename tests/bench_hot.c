/* One hot path, once: `bench_hot NAME`. tests/instructions.sh runs it under valgrind's callgrind, which counts the instructions
 * inside the functions hot_* and nothing of what prepares them. One thread, equal bytes each time: the count is exact, however
 * busy the machine is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/base.h"
#include "../src/io/augment.h"
#include "../src/nn/train.h"
#include "../src/param.h"
#include "../src/search/search.h"
#include "ui_fixture.h"

enum { BATCH = 4 };

#define HOT __attribute__((noinline))

static void give_up(const struct err *err)
{
    fprintf(stderr, "bench_hot: %s\n", err->msg);
    exit(1);
}

/* ---- a training step ---- */

struct step {
    struct backend *be;
    struct net *student, *teacher;
    struct train *train;
    float *x;
    int labels[BATCH];
};

static struct net *net_of(struct backend *be, const char *name, struct err *err)
{
    struct net_spec spec;
    if (!net_parse(name, false, 10, &spec, err))
        give_up(err);
    struct net *n = net_new(be, &spec);
    net_init(n, 1);
    return n;
}

static void step_open(struct step *s, const char *student, const char *teacher)
{
    struct err err = {0};
    struct rng rng;
    s->be = backend_new("cpu", 1, &err);
    if (!s->be)
        give_up(&err);
    s->student = net_of(s->be, student, &err);
    s->teacher = teacher ? net_of(s->be, teacher, &err) : NULL;
    s->train = train_new(s->be, s->student, s->teacher, BATCH, false, &err);
    if (!s->train)
        give_up(&err);
    s->x = xalloc_aligned(BATCH * 32 * 32 * 4 * sizeof *s->x);
    rng_seed(&rng, 1, RNG_SYNTH);
    for (int i = 0; i < BATCH * 32 * 32 * 4; i++)
        s->x[i] = i % 4 == 3 ? 0 : (float)rng_normal(&rng);
    for (int i = 0; i < BATCH; i++)
        s->labels[i] = i;
}

static void step_close(struct step *s)
{
    train_free(s->train);
    net_free(s->student);
    net_free(s->teacher);
    backend_free(s->be);
    free(s->x);
}

HOT void hot_step(struct step *s, enum objective objective);
void hot_step(struct step *s, enum objective objective)
{
    const struct hyper h = {.lr = 1e-4f, .momentum = 0.9f, .weight_decay = 1e-4f, .lambda = {1e-4f, 1e-4f, 1e-4f}};
    struct step_result r;
    struct err err = {0};
    if (!train_step(s->train, objective, s->x, s->labels, &h, &r, &err))
        give_up(&err);
}

static void a_step(const char *student, const char *teacher, enum objective objective)
{
    struct step s = {0};
    step_open(&s, student, teacher);
    hot_step(&s, objective);
    step_close(&s);
}

HOT void hot_eval(struct step *s);
void hot_eval(struct step *s)
{
    struct err err = {0};
    int correct;
    float loss;
    if (!eval_batch(s->be, s->student, s->x, s->labels, BATCH, &correct, &loss, &err))
        give_up(&err);
}

static void an_evaluation(void)
{
    struct step s = {0};
    step_open(&s, "res26", NULL);
    net_fold(s.student);
    hot_eval(&s);
    step_close(&s);
}

/* ---- a batch ---- */

HOT void hot_batch(const struct images *images, const int *which, int n, float *x, int *labels);
void hot_batch(const struct images *images, const int *which, int n, float *x, int *labels)
{
    static const float mean[3] = {0.5F, 0.5F, 0.5F}, std[3] = {0.25F, 0.25F, 0.25F};
    augment_batch(images, mean, std, which, n, 1, 0, AUGMENT_CROP_FLIP, x, labels);
}

static void a_batch(void)
{
    enum { N = 128 };
    static uint8_t pixels[N * 3072], label[N];
    int which[N], labels[N];
    for (int i = 0; i < N * 3072; i++)
        pixels[i] = (uint8_t)((unsigned)i * 7919U >> 5);
    for (int i = 0; i < N; i++)
        which[i] = N - 1 - i;
    struct images images = {.n = N, .pixels = pixels, .labels = label};
    float *x = xalloc_aligned(N * 32 * 32 * 4 * sizeof *x);
    hot_batch(&images, which, N, x, labels);
    free(x);
}

/* ---- a question to the search ---- */

HOT void hot_ask(struct search *s, double *x, int *id);
void hot_ask(struct search *s, double *x, int *id)
{
    if (search_ask(s, x, id) != ASK_POINT)
        exit(1);
}

static void an_ask(void)
{
    struct space space = {.n = 2,
                          .dims = {{.name = "lambda", .min = 1e-3, .max = 1, .log = true},
                                   {.name = "transfer_lr", .min = 1e-4, .max = 1e-1, .log = true}}};
    struct search_options o = {.strategy = STRATEGY_BO, .seed = 1, .max_trials = 100};
    struct err err = {0};
    struct search *s = search_new(&space, &o, &err);
    double x[SPACE_MAX];
    int id;
    if (!s)
        give_up(&err);
    for (int i = 0; i < 20; i++) {
        double u[2] = {fmod(0.5 + 0.618034 * i, 1), fmod(0.5 + 0.754878 * i, 1)};
        for (int j = 0; j < 2; j++)
            x[j] = space_value(&space.dims[j], u[j]);
        if (search_ask_recorded(s, x, &id) != ASK_POINT)
            exit(1);
        search_tell(s, id, TELL_COMPLETE, 0.8 - 0.3 * (u[0] - 0.3) * (u[0] - 0.3) - 0.2 * (u[1] - 0.6) * (u[1] - 0.6));
    }
    hot_ask(s, x, &id);
    search_free(s);
}

/* ---- a frame ---- */

HOT void hot_frame(struct ui *u, struct canvas *c);
void hot_frame(struct ui *u, struct canvas *c)
{
    canvas_clear(c, look_style(&u->look, ROLE_TEXT));
    u->view->draw(u->self, &u->context, c, (struct rect){0, 1, c->w, c->h - 2});
}

static void a_frame(const struct view *view)
{
    struct model m;
    struct ui u;
    struct canvas c;
    ui_model(&m);
    ui_open(&u, view, &m);
    canvas_init(&c, 200, 60);
    hot_frame(&u, &c);
    hot_frame(&u, &c); /* what is worked out once, and what every frame costs */
    canvas_release(&c);
    ui_close(&u);
    model_release(&m);
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    if (strcmp(name, "fsp") == 0)
        a_step("res14", "res26", OBJ_FSP);
    else if (strcmp(name, "fsp-vgg") == 0)
        a_step("res14", "vgg26", OBJ_FSP);
    else if (strcmp(name, "finetune") == 0)
        a_step("res14", NULL, OBJ_CE);
    else if (strcmp(name, "eval") == 0)
        an_evaluation();
    else if (strcmp(name, "batch") == 0)
        a_batch();
    else if (strcmp(name, "ask") == 0)
        an_ask();
    else if (strcmp(name, "run") == 0)
        a_frame(&view_run);
    else if (strcmp(name, "trials") == 0)
        a_frame(&view_trials);
    else {
        fprintf(stderr, "usage: bench_hot fsp | fsp-vgg | finetune | eval | batch | ask | run | trials\n");
        return 2;
    }
    return 0;
}
