/* The form: a row a setting. '>' is the cursor, '*' a setting that was changed here, a dot one that the study has otherwise than
 * the parameter table. */
#include <stdio.h>
#include <string.h>

#include "setup_impl.h"
#include "wrap.h"

enum { NAME_COLUMN = 2, VALUE_COLUMN = 20 };

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
    bool changed = form_differs(&t->now, &t->own, def), matters = form_matters(&t->now, def),
         other = form_differs(&t->now, &s->defaults, def);
    enum theme_role role = active ? ROLE_SELECTED : changed ? ROLE_WARN : matters ? ROLE_TEXT : ROLE_MUTED;
    struct style name = look_style(l, active ? ROLE_SELECTED : ROLE_MUTED);
    if (active)
        canvas_fill(c, row, ' ', name);
    canvas_text(c, row, row.x, row.y, name, active ? ">" : " ");
    if (changed)
        canvas_text(c, row, row.x + 1, row.y, active ? name : look_style(l, ROLE_WARN), "*");
    else if (other) /* than the table has it */
        canvas_put(c, row.x + 1, row.y, look_ascii(l) ? '.' : 0xb7, active ? name : look_style(l, ROLE_KEY));
    int x = canvas_text(c, row, row.x + NAME_COLUMN, row.y, name, param_table[def].name) + 2;
    x = x > row.x + VALUE_COLUMN ? x : row.x + VALUE_COLUMN;
    draw_value(t, c, row, x, l, def, active, ctx->host->nets, look_style(l, role));
}

/* What in a folded group is not as the table has it. */
static void draw_digest(const struct setup *s, const struct setup_study *t, struct canvas *c, struct rect row, int x,
                        const struct look *l, struct style style, const char *group)
{
    char text[512], value[PARAM_STR_MAX];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < param_count; i++) {
        if (strcmp(param_table[i].group, group) != 0 || !form_differs(&t->now, &s->defaults, i))
            continue;
        form_text(&t->now, i, value, sizeof value);
        n = str_append(text, sizeof text, n, "%s%s %s", n ? ", " : "", param_table[i].name, bool_word(i, value));
    }
    canvas_text(c, row, x, row.y, style, n ? text : "all as by default");
    if (x + text_width(text) > row.x + row.w) /* there is more of it */
        canvas_text(c, row, row.x + row.w - (look_ascii(l) ? 3 : 1), row.y, style, look_ascii(l) ? "..." : "…");
}

static void draw_group(struct setup *s, struct canvas *c, struct rect row, const struct look *l, int i, bool active)
{
    const char *names[FORM_GROUPS_MAX];
    const struct setup_study *t = &s->studies[s->at];
    bool open = i + 1 < s->n_rows && s->rows[i + 1].kind == ROW_FIELD, changed = false;
    struct style style = look_style(l, active ? ROLE_SELECTED : ROLE_TITLE);
    struct style muted = active ? style : look_style(l, ROLE_MUTED);
    form_groups(names);
    const char *name = names[s->rows[i].group];
    for (int k = 0; k < param_count; k++)
        changed |= strcmp(param_table[k].group, name) == 0 && form_differs(&t->now, &t->own, k);
    if (active)
        canvas_fill(c, row, ' ', style);
    canvas_text(c, row, row.x, row.y, style, active ? ">" : " ");
    canvas_put(c, row.x + 1, row.y, look_ascii(l) ? (open ? '-' : '+') : open ? 0x25be : 0x25b8, muted);
    int x = canvas_text(c, row, row.x + 3, row.y, style, name);
    if (changed && !open)
        canvas_text(c, row, x, row.y, active ? style : look_style(l, ROLE_WARN), " *");
    if (!open)
        draw_digest(s, t, c, (struct rect){row.x, row.y, row.w - 1, 1}, row.x + VALUE_COLUMN, l, muted, name);
}

static void draw_row(struct setup *s, struct view_context *ctx, struct canvas *c, struct rect row, int i)
{
    bool active = i == s->row && s->pane == PANE_FORM;
    if (s->rows[i].kind == ROW_GROUP)
        draw_group(s, c, row, ctx->look, i, active);
    else
        draw_field(s, ctx, c, row, s->rows[i].def, active);
}

/* What the setting under the cursor means, or why what was typed is refused; in the frame below it, what it may be. */
static void draw_help(struct setup *s, struct canvas *c, struct rect r, const struct look *l)
{
    int def = setup_field(s);
    char facts[256];
    if (s->refusal[0]) {
        wrap_text(c, r, look_style(l, ROLE_BAD), s->refusal);
    } else if (def >= 0) {
        wrap_text(c, r, look_style(l, ROLE_MUTED), param_table[def].help);
        form_facts(&s->studies[s->at].now, def, facts, sizeof facts);
        setup_caption(c, s->layout.form, l, facts);
    } else if (s->n_rows) {
        wrap_text(c, r, look_style(l, ROLE_MUTED),
                  "Right opens a group of settings, Left shuts it, z all of them; / finds a setting by a word");
    } else {
        wrap_text(c, r, look_style(l, ROLE_WARN), "No setting has that in its name or meaning. Esc shows all.");
    }
}

void setup_draw_fields(struct setup *s, struct view_context *ctx, struct canvas *c)
{
    const struct setup_layout *a = &s->layout;
    const struct setup_study *t = setup_selected(s);
    char title[256];
    int changed = t && t->ok ? setup_changes(t) : 0;
    size_t n = str_append(title, sizeof title, 0, "Settings%s%s", t ? " of " : "", t ? t->name : "");
    if (changed)
        n = str_append(title, sizeof title, n, ", %d changed", changed);
    if (s->filter[0])
        str_append(title, sizeof title, n, ", with \"%s\"", s->filter);
    setup_frame(c, a->form, ctx->look, title, s->pane == PANE_FORM);
    if (!t || !t->ok)
        return;
    s->fields_top = setup_scrolled(s->fields_top, s->row, s->n_rows, a->fields.h);
    if (s->row == 1) /* the first heading, too */
        s->fields_top = 0;
    for (int i = s->fields_top; i < s->n_rows && i < s->fields_top + a->fields.h; i++)
        draw_row(s, ctx, c, (struct rect){a->fields.x, a->fields.y + i - s->fields_top, a->fields.w, 1}, i);
    setup_draw_more(c, a->form, a->fields, ctx->look, s->fields_top, s->n_rows);
    draw_help(s, c, rect_inset(a->help, 1, 0), ctx->look);
}
