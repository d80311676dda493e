/* The table of presets, and the dialog that shows what one would change before it does. The values stand here, and not in the file
 * that the user edits; a test holds them against the sections that they come from. */
#include "setup_preset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"
#include "wrap.h"

const struct preset presets[] = {
    {"paper", "the protocol of the paper's tables: full length, steps of the rate at 1/2 and 3/4; days on a processor",
     "table1-res26-res14",
     "augment=crop_flip teacher_lr=0.1 teacher_steps=64000 teacher_warmup=0 transfer_lr=0.001 transfer_steps=21000 "
     "finetune_lr=0.1 finetune_steps=64000 schedule=step batch=128 momentum=0.9 nesterov=0 weight_decay=0.0001 "
     "label_smoothing=0 prune=none repeats=3"},
    {"quick", "about a twentieth of that, with a cosine: CIFAR-10 in an evening on two processor cores",
     "cifar10-quick",
     "augment=crop_flip teacher_lr=0.1 teacher_steps=4200 teacher_warmup=0 transfer_lr=0.001 transfer_steps=1050 "
     "finetune_lr=0.1 finetune_steps=2800 schedule=cosine batch=128 momentum=0.9 nesterov=1 weight_decay=0.0005 "
     "label_smoothing=0 prune=gain-pi repeats=3"},
    {"minutes", "a few hundred steps of small batches on few images: to see all of it work, in minutes", "demo",
     "train_limit=2500 test_limit=500 augment=crop_flip teacher_lr=0.05 teacher_steps=400 teacher_warmup=0 "
     "transfer_lr=0.001 transfer_steps=100 finetune_lr=0.05 finetune_steps=200 schedule=cosine batch=50 momentum=0.9 "
     "nesterov=0 weight_decay=0.0001 label_smoothing=0 checkpoint_steps=50 prune=gain-pi repeats=2"},
};
const int preset_count = (int)ARRAY_LEN(presets);

void preset_apply(const struct preset *preset, struct params *p)
{
    char *copy = xstrdup(preset->sets), *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        params_set_pair(p, word, NULL); /* the test of the table has seen that each is taken */
    free(copy);
}

/* ---- the dialog ---- */

bool setup_preset_open(struct setup *s, struct request *out)
{
    const struct setup_study *t = setup_selected(s);
    if (t && t->ok) {
        s->choosing = true;
        return true;
    }
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", t ? t->trouble : s->trouble);
    return true;
}

static void apply(struct setup *s, struct request *out)
{
    struct setup_study *t = setup_selected(s);
    const struct preset *preset = &presets[s->preset];
    setup_remember(t);
    preset_apply(preset, &t->now);
    setup_settle(t);
    s->choosing = false;
    s->pane = PANE_FORM;
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "settings as in '%s'; u takes it back", preset->name);
}

bool setup_preset_command(struct setup *s, enum command cmd, struct request *out)
{
    switch (cmd) {
    case CMD_UP: s->preset = (s->preset + preset_count - 1) % preset_count; return true;
    case CMD_DOWN: s->preset = (s->preset + 1) % preset_count; return true;
    case CMD_ENTER: apply(s, out); return true;
    case CMD_CANCEL:
    case CMD_PRESET: s->choosing = false; return true;
    case CMD_NEXT_SCREEN:
    case CMD_HELP:
    case CMD_QUIT:
    case CMD_DETACH:
    case CMD_REDRAW:
    case CMD_THEME:
    case CMD_GLYPHS: return false; /* hold everywhere */
    default:
        out->kind = ASK_STATUS;
        str_append(out->text, sizeof out->text, 0,
                   "Up, Down: choose. Enter: take these values. Esc: leave all as it is");
        return true;
    }
}

static int count_changes(const struct params *from, const struct params *to)
{
    int n = 0;
    for (int i = 0; i < param_count; i++)
        n += form_differs(from, to, i);
    return n;
}

/* "teacher_steps  400 -> 64000", a row each; where there are more than fit the last says how many. */
static void draw_changes(struct canvas *c, struct rect r, const struct look *l, const struct params *from,
                         const struct params *to)
{
    int left = count_changes(from, to);
    if (left == 0)
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_GOOD), "these are the values that there are");
    for (int i = 0; i < param_count && r.h > 0; i++) {
        char was[PARAM_STR_MAX], will[PARAM_STR_MAX];
        if (!form_differs(from, to, i))
            continue;
        if (r.h == 1 && left > 1) {
            canvas_printf(c, r, r.x, r.y, look_style(l, ROLE_MUTED), "and %d more", left);
            return;
        }
        params_format(from, i, was, sizeof was);
        params_format(to, i, will, sizeof will);
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED), param_table[i].name);
        canvas_printf(c, r, r.x + 18, r.y, look_style(l, ROLE_TEXT), "%s -> %s%s", was, will,
                      form_range(to, i) ? ", but is searched" : "");
        left--;
        rect_top(&r, 1);
    }
}

void setup_draw_presets(struct setup *s, const struct look *l, struct canvas *c)
{
    const struct setup_study *t = setup_selected(s);
    struct rect r = s->layout.form, card = s->layout.card;
    if (!t)
        return;
    if (card.y > r.y) /* over both of them, where they stand above one another */
        r.h += card.h;
    struct params would = t->now;
    preset_apply(&presets[s->preset], &would);
    int need = preset_count + 4 + count_changes(&t->now, &would) + 3;
    r.h = need < r.h ? need : r.h;
    canvas_fill(c, r, ' ', look_style(l, ROLE_TEXT));
    setup_frame(c, r, l, "Take the values of", true);
    setup_caption(c, r, l, "Enter takes them, Esc leaves all as it is");
    r = rect_inset(r, 2, 1);
    for (int i = 0; i < preset_count; i++) {
        bool here = i == s->preset;
        struct rect row = rect_top(&r, 1);
        struct style style = look_style(l, here ? ROLE_SELECTED : ROLE_TEXT);
        if (here)
            canvas_fill(c, row, ' ', style);
        canvas_printf(c, row, row.x, row.y, style, "%c %-9s as in [%s]", here ? '>' : ' ', presets[i].name,
                      presets[i].study);
    }
    rect_top(&r, 1);
    struct rect help = rect_top(&r, r.h > 8 ? 3 : 2);
    wrap_text(c, help, look_style(l, ROLE_MUTED), presets[s->preset].help);
    draw_changes(c, r, l, &t->now, &would);
}
