/* What the Setup screen looks like. A row's first two columns say without colour what colour says: '>' is the cursor, '*' a
 * changed setting. The card is a list of lines, made for the room there is: the full one where it fits, else the short one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"
#include "wrap.h"

/* ---- text ---- */

/* 54706816 -> "54,706,816" */
static void grouped(int64_t v, char *buf, size_t cap)
{
    char digits[32];
    size_t n = 0;
    snprintf(digits, sizeof digits, "%" PRId64, v);
    buf[0] = '\0';
    for (size_t i = 0, len = strlen(digits); i < len; i++)
        n = str_append(buf, cap, n, "%c%s", digits[i],
                       (len - i) % 3 == 1 && i + 1 < len && digits[i] != '-' ? "," : "");
}

static struct style style_of(const struct look *l, enum theme_role role, bool bold)
{
    struct style s = look_style(l, role);
    s.attr |= bold ? ATTR_BOLD : 0;
    return s;
}

/* The pane that has the keys is framed in their colour. */
static void draw_frame(struct canvas *c, struct rect r, const struct look *l, const char *title, bool active)
{
    canvas_frame(c, r, title, look_style(l, active ? ROLE_KEY : ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l));
}

/* Keeps row AT among the H rows shown of N. */
static int scrolled(int top, int at, int n, int h)
{
    if (at < top)
        top = at;
    if (at >= top + h)
        top = at - h + 1;
    if (top > n - h)
        top = n - h;
    return top < 0 ? 0 : top;
}

/* Marks in the frame that there is more above or below. */
static void draw_more(struct canvas *c, struct rect frame, struct rect rows, const struct look *l, int top, int n)
{
    struct style s = look_style(l, ROLE_KEY);
    int x = frame.x + frame.w - 1;
    if (rows.h <= 0 || rows.w <= 0)
        return;
    if (top > 0)
        canvas_put(c, x, rows.y, look_ascii(l) ? '^' : 0x25b2, s);
    if (top + rows.h < n)
        canvas_put(c, x, rows.y + rows.h - 1, look_ascii(l) ? 'v' : 0x25bc, s);
}

/* ---- studies ---- */

static enum theme_role state_role(const char *state)
{
    if (strcmp(state, "running") == 0 || strcmp(state, "complete") == 0)
        return ROLE_GOOD;
    if (strcmp(state, "failed") == 0 || strcmp(state, "unreadable") == 0)
        return ROLE_BAD;
    return *state ? ROLE_WARN : ROLE_MUTED;
}

static void draw_study(struct setup *s, struct canvas *c, struct rect row, const struct look *l, int i)
{
    const struct setup_study *t = &s->studies[i];
    bool here = i == s->at, active = here && s->pane == PANE_STUDIES;
    struct style style = look_style(l, active ? ROLE_SELECTED : here ? ROLE_TITLE : ROLE_TEXT), state = style;
    if (active)
        canvas_fill(c, row, ' ', style);
    else
        state.fg = look_style(l, state_role(t->card.state)).fg;
    int w = text_width(t->card.state);
    canvas_text(c, row, row.x, row.y, style, here ? ">" : " ");
    if (t->read && t->ok && setup_changes(t, false))
        canvas_text(c, row, row.x + 1, row.y, active ? style : look_style(l, ROLE_WARN), "*");
    row.w--; /* away from the frame */
    int x = canvas_text(c, row, row.x + 2, row.y, style, t->name);
    if (x + 1 + w <= row.x + row.w)
        canvas_text_right(c, row, row.x + row.w, row.y, state, t->card.state);
    else if (w > 0) /* no room for the word: its first letter, over the end of the name if need be */
        canvas_printf(c, row, row.x + row.w - 2, row.y, state, " %c", t->card.state[0]);
}

/* What it is about, and how far it is. */
static void draw_about(const struct setup_study *t, struct canvas *c, struct rect r, const struct look *l,
                       int64_t planned)
{
    const struct study_card *k = &t->card;
    char text[3 * PARAM_STR_MAX];
    r.x += 2;
    r.w -= 2;
    if (t->ok) {
        char method[16], dataset[16];
        params_format(&t->now, param_find("method"), method, sizeof method);
        params_format(&t->now, param_find("dataset"), dataset, sizeof dataset);
        bool alone = t->now.method == METHOD_NONE;
        snprintf(text, sizeof text, "%s%s%s", alone ? "" : t->now.teacher, alone ? "" : " to ", t->now.student);
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED), text);
        canvas_printf(c, r, r.x, r.y + 1, look_style(l, ROLE_MUTED), "%s, %s", alone ? "no transfer" : method, dataset);
    }
    struct style state = look_style(l, state_role(k->state));
    int x = canvas_text(c, r, r.x, r.y + 2, state, k->state[0] ? k->state : "not started");
    if (k->state[0] && planned >= k->complete)
        canvas_printf(c, r, x, r.y + 2, look_style(l, ROLE_MUTED), " %d of %" PRId64, k->complete, planned);
    if (!isnan(k->best))
        canvas_printf(c, r, r.x, r.y + 3, look_style(l, ROLE_TEXT), "best val %.2f%%", 100 * k->best);
}

static void draw_studies(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct look *l = ctx->look;
    const struct setup_layout *a = &s->layout;
    draw_frame(c, a->studies, l, "Studies", s->pane == PANE_STUDIES);
    if (s->n == 0) {
        wrap_text(c, a->list, look_style(l, ROLE_BAD), s->trouble);
        return;
    }
    s->list_top = scrolled(s->list_top, s->at, s->n, a->list.h);
    for (int i = s->list_top; i < s->n && i < s->list_top + a->list.h; i++)
        draw_study(s, c, (struct rect){a->list.x, a->list.y + i - s->list_top, a->list.w, 1}, l, i);
    draw_more(c, a->studies, a->list, l, s->list_top, s->n);
    const struct setup_study *t = &s->studies[s->at];
    draw_about(t, c, a->about, l, t->ok && s->described ? s->card.trials : -1);
}

/* ---- the form ---- */

enum { NAME_COLUMN = 2, VALUE_COLUMN = 20, HEADINGS_FROM = 12 /* rows */ };

/* "none kd hint [fsp]": where one stands among the choices. */
static int draw_choices(struct canvas *c, struct rect row, int x, const char *choices, const char *now,
                        struct style style)
{
    for (const char *s = choices + strspn(choices, " "); *s; s += strspn(s, " ")) {
        int n = (int)strcspn(s, " ");
        bool here = (int)strlen(now) == n && strncmp(s, now, (size_t)n) == 0;
        struct style bold = style;
        bold.attr |= here ? ATTR_BOLD : 0;
        x = canvas_printf(c, row, x, row.y, bold, here ? "[%.*s]" : " %.*s ", n, s);
        s += n;
    }
    return x;
}

static int choices_width(const char *choices)
{
    int w = 0;
    for (const char *s = choices; *s; s += strcspn(s, " ")) {
        s += strspn(s, " ");
        w += (int)strcspn(s, " ") + 2;
    }
    return w;
}

static bool is_choice(const char *choices, const char *now)
{
    size_t n = strlen(now);
    for (const char *s = choices; (s = strstr(s, now)); s += n ? n : 1)
        if (n && (s == choices || s[-1] == ' ') && (s[n] == ' ' || !s[n]))
            return true;
    return false;
}

static const char *bool_word(int def, const char *text)
{
    return param_table[def].type != PARAM_BOOL ? text : strcmp(text, "1") == 0 ? "yes" : "no";
}

/* "search 0.01 to 1, log, 3 points" */
static int draw_range(struct canvas *c, struct rect row, int x, struct style mark, struct style style,
                      const struct param_range *r)
{
    x = canvas_text(c, row, x, row.y, mark, "search ");
    x = canvas_printf(c, row, x, row.y, style, "%.9g to %.9g, %s", r->min, r->max,
                      r->scale == SCALE_LOG ? "log" : "linear");
    return r->count ? canvas_printf(c, row, x, row.y, style, ", %d points", r->count) : x;
}

static void draw_value(const struct setup_study *t, struct canvas *c, struct rect row, int x, const struct look *l,
                       int def, bool active, const char *nets, struct style style)
{
    const struct param_def *d = &param_table[def];
    const struct param_range *range = form_range(&t->now, def);
    struct style muted = active ? style : look_style(l, ROLE_MUTED);
    const char *choices = range ? NULL : form_choices(def, nets);
    char text[PARAM_STR_MAX], own[PARAM_STR_MAX];
    form_text(&t->now, def, text, sizeof text);
    form_text(&t->own, def, own, sizeof own);
    const char *shown = bool_word(def, text);
    if (d->type == PARAM_BOOL)
        choices = "no yes";
    const char *former = bool_word(def, own);
    int note = form_differs(&t->now, &t->own, def) ? 6 + text_width(former) : 0;
    if (active && choices && is_choice(choices, shown) && x - 1 + choices_width(choices) + note <= row.x + row.w) {
        x = draw_choices(c, row, x - 1, choices, shown, style);
    } else {
        bool steps = active && (choices || (d->type != PARAM_STRING && !range));
        if (steps)
            canvas_text(c, row, x - 2, row.y, style, "<");
        if (range)
            x = draw_range(c, row, x, active ? style : look_style(l, ROLE_MARK), style, range);
        else
            x = canvas_text(c, row, x, row.y, style, *text ? shown : "-");
        if (steps)
            x = canvas_text(c, row, x, row.y, style, " >");
        if (*d->unit && !range)
            x = canvas_printf(c, row, x, row.y, muted, " %s", d->unit);
    }
    if (active && note)
        canvas_printf(c, row, x, row.y, muted, "  was %s", former);
}

static void draw_field(struct setup *s, struct view_context *ctx, struct canvas *c, struct rect row, int def,
                       bool active)
{
    const struct setup_study *t = &s->studies[s->at];
    const struct look *l = ctx->look;
    bool changed = form_differs(&t->now, &t->own, def), matters = form_matters(&t->now, def);
    enum theme_role role = active ? ROLE_SELECTED : changed ? ROLE_WARN : matters ? ROLE_TEXT : ROLE_MUTED;
    struct style name = look_style(l, active ? ROLE_SELECTED : ROLE_MUTED);
    if (active)
        canvas_fill(c, row, ' ', name);
    canvas_text(c, row, row.x, row.y, name, active ? ">" : " ");
    if (changed)
        canvas_text(c, row, row.x + 1, row.y, active ? name : look_style(l, ROLE_WARN), "*");
    int x = canvas_text(c, row, row.x + NAME_COLUMN, row.y, name, param_table[def].name) + 2;
    x = x > row.x + VALUE_COLUMN ? x : row.x + VALUE_COLUMN;
    draw_value(t, c, row, x, l, def, active, ctx->host->nets, look_style(l, role));
}

static void draw_fold(struct setup *s, struct canvas *c, struct rect row, const struct look *l, bool active)
{
    struct form_row rows[FORM_ROWS_MAX];
    int hidden = form_rows(true, false, rows) - form_rows(false, false, rows),
        changed = setup_changes(&s->studies[s->at], true);
    struct style style = look_style(l, active ? ROLE_SELECTED : ROLE_TITLE);
    if (active)
        canvas_fill(c, row, ' ', style);
    canvas_text(c, row, row.x, row.y, style, active ? ">" : " ");
    int x = canvas_printf(c, row, row.x + NAME_COLUMN, row.y, style, s->more ? "fewer" : "more");
    x = canvas_printf(c, row, x, row.y, active ? style : look_style(l, ROLE_MUTED), "  %d further settings%s", hidden,
                      s->more ? "" : "; Enter shows them");
    if (changed)
        canvas_printf(c, row, x, row.y, active ? style : look_style(l, ROLE_WARN), "  %d changed", changed);
}

static void draw_row(struct setup *s, struct view_context *ctx, struct canvas *c, struct rect row, int i)
{
    bool active = i == s->row && s->pane == PANE_FORM;
    switch (s->rows[i].kind) {
    case ROW_HEADING: canvas_text(c, row, row.x + 1, row.y, look_style(ctx->look, ROLE_TITLE), s->rows[i].text); break;
    case ROW_FIELD: draw_field(s, ctx, c, row, s->rows[i].def, active); break;
    case ROW_MORE: draw_fold(s, c, row, ctx->look, active); break;
    }
}

/* What the setting under the cursor means, or why what was typed is refused. */
static void draw_help(struct setup *s, struct canvas *c, struct rect r, const struct look *l)
{
    int def = setup_field(s);
    char text[640];
    if (s->refusal[0]) {
        wrap_text(c, r, look_style(l, ROLE_BAD), s->refusal);
        return;
    }
    if (def < 0)
        return;
    const struct param_def *d = &param_table[def];
    size_t n = str_append(text, sizeof text, 0, "%s", d->help);
    if ((d->type == PARAM_INT || d->type == PARAM_FLOAT) && d->max < 1e6)
        n = str_append(text, sizeof text, n, " (%.9g to %.9g%s%s)", d->min, d->max, *d->unit ? " " : "", d->unit);
    if (!form_matters(&s->studies[s->at].now, def))
        str_append(text, sizeof text, n, "; has no effect with the other settings");
    wrap_text(c, r, look_style(l, ROLE_MUTED), text);
}

static void draw_form(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct setup_layout *a = &s->layout;
    const struct setup_study *t = setup_selected(s);
    char title[160];
    int changed = t && t->ok ? setup_changes(t, false) : 0;
    size_t n = str_append(title, sizeof title, 0, "Settings%s%s", t ? " of " : "", t ? t->name : "");
    if (changed)
        str_append(title, sizeof title, n, ", %d changed", changed);
    draw_frame(c, a->form, ctx->look, title, s->pane == PANE_FORM);
    if (!t || !t->ok)
        return;
    struct form_row all[FORM_ROWS_MAX];
    bool all_fit = form_rows(true, true, all) <= a->fields.h;
    setup_rows(s, s->folded == FOLD_BY_ROOM ? all_fit : s->folded == FOLD_OPEN, a->fields.h >= HEADINGS_FROM);
    s->fields_top = scrolled(s->fields_top, s->row, s->n_rows, a->fields.h);
    if (s->headings && s->row == 1) /* the first heading, too */
        s->fields_top = 0;
    for (int i = s->fields_top; i < s->n_rows && i < s->fields_top + a->fields.h; i++)
        draw_row(s, ctx, c, (struct rect){a->fields.x, a->fields.y + i - s->fields_top, a->fields.w, 1}, i);
    draw_more(c, a->form, a->fields, ctx->look, s->fields_top, s->n_rows);
    draw_help(s, c, rect_inset(a->help, 1, 0), ctx->look);
}

/* ---- the card ---- */

enum { COLUMN_PARAMETERS = 27, COLUMN_MACS = 39, COLUMN_FLOPS = 51 }; /* where the figures end */
enum { NET_INDENT = 8, STAGE_INDENT = 10 };

static void draw_net(struct canvas *c, struct rect r, int y, const struct look *l, const char *who,
                     const struct net_card *k)
{
    char text[32];
    canvas_text(c, r, r.x, y, look_style(l, ROLE_MUTED), who);
    canvas_text(c, r, r.x + NET_INDENT, y, style_of(l, ROLE_TEXT, true), k->name[0] ? k->name : "none");
    if (!k->name[0])
        return;
    grouped(k->parameters, text, sizeof text);
    canvas_text_right(c, r, r.x + COLUMN_PARAMETERS, y, look_style(l, ROLE_TEXT), text);
    grouped(k->macs, text, sizeof text);
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
            x = canvas_printf(c, r, x + 8, y, style_of(l, ROLE_TEXT, true), "%dx%d", k->pair[i].m, k->pair[i].n);
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
    grouped(k->steps, steps, sizeof steps);
    canvas_text(c, r, r.x, y, look_style(l, ROLE_MUTED), "in all");
    int x = canvas_printf(c, r, r.x + indent, y, style_of(l, ROLE_TEXT, true), "%" PRId64 " trial%s", k->trials,
                          k->trials == 1 ? "" : "s");
    if (k->steps >= 0)
        canvas_printf(c, r, x, y, style_of(l, ROLE_TEXT, true), ", %s steps of %d images", steps, t->now.batch);
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
        grouped(p->teacher_steps, steps, sizeof steps);
        snprintf(text, sizeof text, "%s from scratch, %s steps, once for all trials", p->teacher, steps);
        y = draw_stage(c, r, y, l, "teacher", text);
    }
    if (p->method == METHOD_FSP || p->method == METHOD_HINT) {
        grouped(p->transfer_steps, steps, sizeof steps);
        snprintf(text, sizeof text, "%s, %s steps", what[p->method], steps);
        y = draw_stage(c, r, y, l, "transfer", text);
    }
    grouped(p->finetune_steps, steps, sizeof steps);
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

static void draw_card(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct look *l = ctx->look;
    struct rect r = rect_inset(s->layout.facts, 1, 0);
    const struct setup_study *t = setup_selected(s);
    const struct pair_card *k = &s->card;
    draw_frame(c, s->layout.card, l, "What will be trained", false);
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
    if (s->problem[0])
        wrap_text(c, (struct rect){r.x, y + 2, r.w, r.y + r.h - y - 2}, look_style(l, ROLE_BAD), s->problem);
}

/* ---- the whole ---- */

/* What to do here, and on the right what S will do. */
static void draw_hint(const struct setup *s, const struct setup_study *t, struct canvas *c, struct rect r,
                      const struct look *l, bool readonly)
{
    static const char *const hints[] = {
        [PANE_STUDIES] = "Choose a study. Enter: its settings.",
        [PANE_FORM] = "Left, Right: change. Enter: type. s: range. Del: reset.",
    };
    const char *state = t ? t->card.state : "";
    char text[128];
    bool begun = t && *state, runs = strcmp(state, "running") == 0;
    int x = canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED),
                        begun && s->pane == PANE_STUDIES ? "Choose a study. Enter: open it. Tab: its settings."
                                                         : hints[s->pane]);
    if (!t || readonly)
        return;
    if (s->problem[0])
        snprintf(text, sizeof text, "S cannot start it");
    else
        snprintf(text, sizeof text, "S %s %s", runs ? "opens" : begun ? "goes on with" : "starts", t->name);
    if (!s->problem[0] && x + 2 + text_width(text) > r.x + r.w)
        snprintf(text, sizeof text, "S %s it", runs ? "opens" : begun ? "goes on with" : "starts");
    if (x + 2 + text_width(text) <= r.x + r.w)
        canvas_text_right(c, r, r.x + r.w, r.y, look_style(l, s->problem[0] ? ROLE_BAD : ROLE_GOOD), text);
}

void setup_draw(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    draw_hint(s, setup_selected(s), c, rect_inset(s->layout.hint, 1, 0), ctx->look, ctx->model->readonly);
    draw_studies(s, ctx, c);
    draw_form(s, ctx, c);
    draw_card(s, ctx, c);
}
