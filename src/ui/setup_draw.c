/* What the Setup screen looks like: helpers of its panes, the studies, and the line on top. A row's first two columns say
 * without colour what colour says: '>' is the cursor, '*' a setting that was changed here. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "setup_impl.h"
#include "wrap.h"

/* ---- text ---- */

void setup_grouped(int64_t v, char *buf, size_t cap)
{
    char digits[32];
    size_t n = 0;
    snprintf(digits, sizeof digits, "%" PRId64, v);
    buf[0] = '\0';
    for (size_t i = 0, len = strlen(digits); i < len; i++)
        n = str_append(buf, cap, n, "%c%s", digits[i],
                       (len - i) % 3 == 1 && i + 1 < len && digits[i] != '-' ? "," : "");
}

void setup_duration(double seconds, char *buf, size_t cap)
{
    long long s = (long long)(seconds + 0.5), min = (s + 30) / 60, h = min / 60, d = h / 24;
    if (s < 90)
        str_append(buf, cap, 0, "%lld s", s);
    else if (min < 90)
        str_append(buf, cap, 0, "%lld min", min);
    else if (h < 48)
        str_append(buf, cap, 0, "%lld h %lld min", h, min % 60);
    else
        str_append(buf, cap, 0, "%lld days %lld h", d, h % 24);
}

struct style setup_style(const struct look *l, enum theme_role role, bool bold)
{
    struct style s = look_style(l, role);
    s.attr |= bold ? ATTR_BOLD : 0;
    return s;
}

void setup_frame(struct canvas *c, struct rect r, const struct look *l, const char *title, bool active)
{
    canvas_frame(c, r, title, look_style(l, active ? ROLE_KEY : ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l));
}

void setup_caption(struct canvas *c, struct rect frame, const struct look *l, const char *text)
{
    struct rect edge = {frame.x + 2, frame.y + frame.h - 1, frame.w - 4, 1};
    if (*text && edge.w > 4)
        canvas_printf(c, edge, edge.x, edge.y, look_style(l, ROLE_MUTED), " %s ", text);
}

int setup_scrolled(int top, int at, int n, int h)
{
    if (at < top)
        top = at;
    if (at >= top + h)
        top = at - h + 1;
    if (top > n - h)
        top = n - h;
    return top < 0 ? 0 : top;
}

void setup_draw_more(struct canvas *c, struct rect frame, struct rect rows, const struct look *l, int top, int n)
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
    if (t->read && t->ok && setup_changes(t))
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
    setup_frame(c, a->studies, l, "Studies", s->pane == PANE_STUDIES);
    if (s->n == 0) {
        wrap_text(c, a->list, look_style(l, ROLE_BAD), s->trouble);
        return;
    }
    s->list_top = setup_scrolled(s->list_top, s->at, s->n, a->list.h);
    for (int i = s->list_top; i < s->n && i < s->list_top + a->list.h; i++)
        draw_study(s, c, (struct rect){a->list.x, a->list.y + i - s->list_top, a->list.w, 1}, l, i);
    setup_draw_more(c, a->studies, a->list, l, s->list_top, s->n);
    const struct setup_study *t = &s->studies[s->at];
    draw_about(t, c, a->about, l, t->ok && s->described ? s->card.trials : -1);
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
    setup_draw_fields(s, ctx, c);
    setup_draw_card(s, ctx, c);
    if (s->choosing)
        setup_draw_presets(s, ctx->look, c);
}
