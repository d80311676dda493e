/* The card: what will be trained. A list of lines, made for the room there is: the full one where it fits, else the short
 * one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "setup_impl.h"
#include "wrap.h"

enum { COLUMN_PARAMETERS = 27, COLUMN_MACS = 39, COLUMN_FLOPS = 51 }; /* where the figures end */
enum { NET_INDENT = 8, STAGE_INDENT = 10 };

static void draw_net(struct canvas *c, struct rect r, int y, const struct look *l, const char *who,
                     const struct net_card *k)
{
    char text[32];
    canvas_text(c, r, r.x, y, look_style(l, ROLE_MUTED), who);
    canvas_text(c, r, r.x + NET_INDENT, y, setup_style(l, ROLE_TEXT, true), k->name[0] ? k->name : "none");
    if (!k->name[0])
        return;
    setup_grouped(k->parameters, text, sizeof text);
    canvas_text_right(c, r, r.x + COLUMN_PARAMETERS, y, look_style(l, ROLE_TEXT), text);
    setup_grouped(k->macs, text, sizeof text);
    canvas_text_right(c, r, r.x + COLUMN_MACS, y, look_style(l, ROLE_TEXT), text);
    snprintf(text, sizeof text, "%.2f M", (double)k->tf_flops / 1e6);
    canvas_text_right(c, r, r.x + COLUMN_FLOPS, y, look_style(l, ROLE_TEXT), text);
}

static int draw_nets(struct canvas *c, struct rect r, int y, const struct look *l, const struct pair_card *k)
{
    struct style muted = look_style(l, ROLE_MUTED);
    canvas_text(c, r, r.x, y, muted, "one image");
    canvas_text_right(c, r, r.x + COLUMN_PARAMETERS, y, muted, "parameters");
    canvas_text_right(c, r, r.x + COLUMN_MACS, y, muted, "MACs");
    canvas_text_right(c, r, r.x + COLUMN_FLOPS, y, muted, "TF FLOPs");
    draw_net(c, r, y + 1, l, "teacher", &k->teacher);
    draw_net(c, r, y + 2, l, "student", &k->student);
    return y + 3;
}

/* "FSP 1  16x16  of 32x32x16 -> 32x32x16", the student's maps behind it where they are others. */
static int draw_pairs(struct canvas *c, struct rect r, int y, const struct look *l, const struct pair_card *k)
{
    for (int i = 0; i < k->n_pairs; i++, y++) {
        bool same = strcmp(k->pair[i].teacher_maps, k->pair[i].student_maps) == 0;
        int x = r.x;
        if (k->pair[i].m > 0) {
            canvas_printf(c, r, x, y, look_style(l, ROLE_MUTED), "FSP %d", i + 1);
            x = canvas_printf(c, r, x + 8, y, setup_style(l, ROLE_TEXT, true), "%dx%d", k->pair[i].m, k->pair[i].n);
            x = x < r.x + 16 ? r.x + 16 : x + 1;
        } else {
            canvas_text(c, r, x, y, look_style(l, ROLE_MUTED), k->n_pairs == 1 ? "hint" : "FSP");
            x += 8;
        }
        x = canvas_text(c, r, x, y, look_style(l, ROLE_TEXT), k->pair[i].teacher_maps);
        if (!same)
            canvas_printf(c, r, x, y, look_style(l, ROLE_TEXT), ", student %s", k->pair[i].student_maps);
    }
    return y;
}

static void draw_plan(struct canvas *c, struct rect r, int y, const struct look *l, const struct setup_study *t,
                      const struct pair_card *k, int indent)
{
    char steps[32];
    if (k->trials < 0)
        return;
    setup_grouped(k->steps, steps, sizeof steps);
    canvas_text(c, r, r.x, y, look_style(l, ROLE_MUTED), "in all");
    int x = canvas_printf(c, r, r.x + indent, y, setup_style(l, ROLE_TEXT, true), "%" PRId64 " trial%s", k->trials,
                          k->trials == 1 ? "" : "s");
    if (k->steps >= 0)
        canvas_printf(c, r, x, y, setup_style(l, ROLE_TEXT, true), ", %s steps of %d images", steps, t->now.batch);
}

/* A label and what is to be said of it, over as many rows as that takes; returns the row after them. */
static int draw_stage(struct canvas *c, struct rect r, int y, const struct look *l, const char *label, const char *text)
{
    canvas_text(c, r, r.x, y, look_style(l, ROLE_MUTED), label);
    return y + wrap_text(c, (struct rect){r.x + STAGE_INDENT, y, r.w - STAGE_INDENT, r.y + r.h - y},
                         look_style(l, ROLE_TEXT), text);
}

static void search_text(const struct params *p, char *buf, size_t cap)
{
    static const char *const how[] = {"every combination of", "random points of", "a Sobol sequence over",
                                      "Bayesian optimisation of"};
    if (p->n_ranges == 0) {
        str_append(buf, cap, 0, "none: no setting has a range");
        return;
    }
    size_t n = str_append(buf, cap, 0, "%s ", how[p->search]);
    for (int i = 0; i < p->n_ranges; i++)
        n = str_append(buf, cap, n, "%s%s", i ? ", " : "", param_table[p->ranges[i].def].name);
}

/* What will happen, stage by stage. */
static int draw_stages(struct canvas *c, struct rect r, int y, const struct look *l, const struct params *p)
{
    static const char *const what[] = {"labels", "labels and the teacher's softened logits",
                                       "a hint at the middle layer", "FSP matrices of three sections"};
    char steps[32], text[512];
    if (p->method != METHOD_NONE && strstr(p->teacher, ".safetensors")) {
        snprintf(text, sizeof text, "read from %s", p->teacher);
        y = draw_stage(c, r, y, l, "teacher", text);
    } else if (p->method != METHOD_NONE) {
        setup_grouped(p->teacher_steps, steps, sizeof steps);
        snprintf(text, sizeof text, "%s from scratch, %s steps, once for all trials", p->teacher, steps);
        y = draw_stage(c, r, y, l, "teacher", text);
    }
    if (p->method == METHOD_FSP || p->method == METHOD_HINT) {
        setup_grouped(p->transfer_steps, steps, sizeof steps);
        snprintf(text, sizeof text, "%s, %s steps", what[p->method], steps);
        y = draw_stage(c, r, y, l, "transfer", text);
    }
    setup_grouped(p->finetune_steps, steps, sizeof steps);
    bool soft = p->method == METHOD_KD || p->method == METHOD_HINT; /* a hint is followed by softened logits */
    snprintf(text, sizeof text, "%s, %s steps", what[soft ? METHOD_KD : METHOD_NONE], steps);
    y = draw_stage(c, r, y, l, "fine-tune", text);
    search_text(p, text, sizeof text);
    y = draw_stage(c, r, y, l, "search", text);
    if (p->repeats > 1) {
        snprintf(text, sizeof text, "the best is run %d times, each with its own seed", p->repeats);
        y = draw_stage(c, r, y, l, "repeats", text);
    }
    return y;
}

/* "20 trials ≈ 42 min here, steps of demo"; where that is too long, in brief. */
static void cost_text(const struct setup *s, const struct look *l, int room, char *buf, size_t cap)
{
    char time[32];
    const struct cost_card *k = &s->cost;
    buf[0] = '\0';
    if (k->measuring) {
        str_append(buf, cap, 0, "measuring a few steps here ...");
    } else if (k->trouble[0]) {
        str_append(buf, cap, 0, "%s", k->trouble);
    } else if (isnan(k->seconds)) {
        str_append(buf, cap, 0, s->card.trials >= 0 ? "how long is not known here: M measures it" : "");
    } else if (s->card.trials >= 0) {
        setup_duration(k->seconds, time, sizeof time);
        size_t n =
            str_append(buf, cap, 0, "%" PRId64 " trial%s %s%s %s here", s->card.trials, s->card.trials == 1 ? "" : "s",
                       k->at_most ? "at most " : "", look_ascii(l) ? "about" : "≈", time);
        bool fits = text_width(buf) + 2 + text_width(k->from) <= room;
        str_append(buf, cap, n, "%s%s", k->from[0] ? ", " : "", fits ? k->from : k->how);
    }
}

/* The parts of it, where there is room. */
static int draw_times(struct canvas *c, struct rect r, int y, const struct look *l, const struct setup *s)
{
    static const char *const names[] = {"teacher", "transfer", "fine-tune"};
    char text[512], time[32];
    size_t n = 0;
    if (isnan(s->cost.seconds))
        return y;
    text[0] = '\0';
    for (int i = 0; i < 3; i++) {
        if (!(s->cost.stage_seconds[i] > 0))
            continue;
        setup_duration(s->cost.stage_seconds[i], time, sizeof time);
        n = str_append(text, sizeof text, n, "%s%s %s", n ? ", " : "", names[i], time);
    }
    if (n == 0)
        return y;
    y = draw_stage(c, r, y, l, "time", text);
    return draw_stage(c, r, y, l, "from", s->cost.from);
}

static void draw_cost(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct setup_study *t = setup_selected(s);
    char text[512];
    if (!t || !t->ok || !ctx->host->cost)
        return;
    cost_text(s, ctx->look, s->layout.card.w - 6, text, sizeof text);
    setup_caption(c, s->layout.card, ctx->look, text);
}

void setup_draw_card(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct look *l = ctx->look;
    if (s->layout.picture.h <= 0 && setup_wants_picture(s)) {
        setup_frame(c, s->layout.card, l, "What will be searched", false);
        draw_cost(s, ctx, c);
        setup_draw_picture(s, ctx, c, rect_inset(s->layout.facts, 1, 0));
        return;
    }
    struct rect r = rect_inset(s->layout.facts, 1, 0);
    const struct setup_study *t = setup_selected(s);
    const struct pair_card *k = &s->card;
    setup_frame(c, s->layout.card, l, "What will be trained", false);
    draw_cost(s, ctx, c);
    if (s->layout.picture.h > 0)
        setup_draw_picture(s, ctx, c, rect_inset(s->layout.picture, 1, 0));
    if (!t || r.h <= 0)
        return;
    if (!t->ok) {
        wrap_text(c, r, look_style(l, ROLE_BAD), s->problem);
        return;
    }
    bool roomy = r.h >= 18;
    int gap = roomy ? 1 : 0, y = r.y;
    if (!s->problem[0] || roomy)
        y = draw_nets(c, r, y, l, k) + gap;
    else { /* the sentence needs the room */
        draw_net(c, r, y, l, "teacher", &k->teacher);
        draw_net(c, r, y + 1, l, "student", &k->student);
        y += 2;
    }
    if (s->problem[0] && !roomy) {
        wrap_text(c, (struct rect){r.x, y, r.w, r.y + r.h - y}, look_style(l, ROLE_BAD), s->problem);
        return;
    }
    if (k->n_pairs)
        y = draw_pairs(c, r, y, l, k) + gap;
    if (roomy)
        y = draw_stages(c, r, y, l, &t->now);
    draw_plan(c, r, y, l, t, k, roomy ? STAGE_INDENT : NET_INDENT);
    if (roomy && !s->problem[0])
        y = draw_times(c, r, y + 1, l, s) - 1;
    if (s->problem[0])
        wrap_text(c, (struct rect){r.x, y + 2, r.w, r.y + r.h - y - 2}, look_style(l, ROLE_BAD), s->problem);
}
