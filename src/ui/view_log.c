#define _GNU_SOURCE /* strcasestr */
/* The Log screen: every event of the study with its time and step, the newest at the bottom. It follows the end until one
 * moves up; `/` keeps the lines that contain a text. An event is compared with the text once: which ones contain it is
 * kept, since a log of 100,000 lines would not be read in the time of a frame. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "view.h"

struct log_view {
    char filter[64];
    int up; /* lines from the end */
    int page, shown;
    int *kept; /* with a filter: the events that contain it, */
    int n_kept, cap, tried;
    int64_t newest; /* found among the first `tried`; the last of them by its id */
};

static void event_line(const struct event_row *e, char *buf, size_t cap)
{
    size_t n = 0;
    buf[0] = 0;
    if (strcmp(e->kind, "set") == 0)
        n = str_append(buf, cap, n, "%s %.6g -> %.6g", e->key, e->before, e->after);
    if (e->text[0])
        str_append(buf, cap, n, "%s%s", n ? "  " : "", e->text);
}

static bool matches(const struct event_row *e, const char *filter)
{
    char line[640], trial[32];
    const char *parts[] = {e->kind, " ", e->stage, " ", line, trial};
    char all[768], *to = all;
    event_line(e, line, sizeof line);
    snprintf(trial, sizeof trial, " trial %d", e->trial);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const char *from = parts[i]; *from && to < all + sizeof all - 1;)
            *to++ = *from++;
    *to = 0;
    return strcasestr(all, filter) != NULL;
}

static void forget_kept(struct log_view *v)
{
    v->n_kept = v->tried = 0;
}

/* Looks at the events that have come since. Another study, or its store made anew, begins from the start. */
static void keep_matching(struct log_view *v, const struct model *m)
{
    if (v->tried > m->n_events || (v->tried > 0 && m->events[v->tried - 1].id != v->newest))
        forget_kept(v);
    for (; v->tried < m->n_events; v->tried++) {
        if (!matches(&m->events[v->tried], v->filter))
            continue;
        if (v->n_kept == v->cap) {
            v->cap = v->cap ? 2 * v->cap : 64;
            v->kept = xrealloc(v->kept, (size_t)v->cap * sizeof *v->kept);
        }
        v->kept[v->n_kept++] = v->tried;
    }
    v->newest = v->tried > 0 ? m->events[v->tried - 1].id : 0;
}

static enum theme_role role_of(const char *kind)
{
    static const struct {
        const char *kind;
        enum theme_role role;
    } roles[] = {{"set", ROLE_MARK},         {"skip", ROLE_MARK},     {"clone", ROLE_MARK}, {"warning", ROLE_WARN},
                 {"collapse", ROLE_BAD},     {"diverged", ROLE_BAD},  {"failed", ROLE_BAD}, {"pause", ROLE_WARN},
                 {"resume", ROLE_GOOD},      {"complete", ROLE_GOOD}, {"test", ROLE_GOOD},  {"stop", ROLE_WARN},
                 {"teacher_test", ROLE_GOOD}};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (strcmp(kind, roles[i].kind) == 0)
            return roles[i].role;
    return ROLE_TEXT;
}

static void draw_event(struct canvas *c, struct rect row, const struct look *l, const struct event_row *e)
{
    char when[16], where[48], line[640];
    time_t t = (time_t)(e->time_ms / 1000);
    struct tm tm;
    localtime_r(&t, &tm);
    strftime(when, sizeof when, "%H:%M:%S", &tm);
    where[0] = 0;
    if (e->trial)
        snprintf(where, sizeof where, "%4d %s %d", e->trial, e->stage, e->step);
    event_line(e, line, sizeof line);
    canvas_text(c, row, row.x, row.y, look_style(l, ROLE_MUTED), when);
    canvas_text(c, row, row.x + 9, row.y, look_style(l, ROLE_TEXT), where);
    canvas_text(c, row, row.x + 32, row.y, look_style(l, role_of(e->kind)), e->kind);
    canvas_text(c, row, row.x + 45, row.y, look_style(l, ROLE_TEXT), line);
}

static void draw(void *self, struct view_context *ctx, struct canvas *c, struct rect r)
{
    struct log_view *v = self;
    const struct model *m = ctx->model;
    const struct look *l = ctx->look;
    struct rect head = rect_top(&r, 1);
    canvas_text(c, head, head.x, head.y, look_style(l, ROLE_MUTED),
                "time     trial, stage, step     event        what");
    v->page = r.h;
    if (v->filter[0])
        keep_matching(v, m);
    int total = v->filter[0] ? v->n_kept : m->n_events;
    v->shown = total;
    if (v->up > total - r.h)
        v->up = total > r.h ? total - r.h : 0;
    for (int i = 0; i < r.h && i < total; i++) {
        int at = total - v->up - (total < r.h ? total : r.h) + i;
        draw_event(c, (struct rect){r.x, r.y + i, r.w, 1}, l, &m->events[v->filter[0] ? v->kept[at] : at]);
    }
    if (v->filter[0] || v->up) {
        char note[128];
        snprintf(note, sizeof note, "%s%s%s  %d of %d%s", v->filter[0] ? "/" : "", v->filter, v->filter[0] ? " " : "",
                 total, m->n_events, v->up ? ", End for the newest" : "");
        canvas_text_right(c, head, head.x + head.w, head.y, look_style(l, ROLE_WARN), note);
    }
    if (total == 0 && r.h > 0)
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED),
                    v->filter[0] ? "no event contains that" : "nothing has happened yet");
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct log_view *v = self;
    (void)ctx;
    int most = v->shown > v->page ? v->shown - v->page : 0, up = v->up;
    switch (cmd) {
    case CMD_UP: up++; break;
    case CMD_DOWN: up--; break;
    case CMD_PAGE_UP: up += v->page - 1; break;
    case CMD_PAGE_DOWN: up -= v->page - 1; break;
    case CMD_HOME: up = most; break;
    case CMD_END: up = 0; break;
    case CMD_CANCEL:
        v->filter[0] = 0;
        forget_kept(v);
        break;
    case CMD_FILTER:
        out->kind = ASK_TYPE;
        str_append(out->text, sizeof out->text, 0, "lines that contain");
        str_append(out->initial, sizeof out->initial, 0, "%s", v->filter);
        break;
    default: return false;
    }
    v->up = up < 0 ? 0 : up > most ? most : up;
    return true;
}

static bool typed(void *self, struct view_context *ctx, const char *text, struct request *out, struct err *err)
{
    struct log_view *v = self;
    (void)ctx, (void)out, (void)err;
    str_append(v->filter, sizeof v->filter, 0, "%s", text);
    v->up = 0;
    forget_kept(v);
    return true;
}

static void release(void *self)
{
    struct log_view *v = self;
    free(v->kept);
}

static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    (void)r, (void)x, (void)y;
    for (int i = 0; i < 3 && button >= 4; i++)
        command(self, ctx, button == 4 ? CMD_UP : CMD_DOWN, out);
}

const struct view view_log = {
    .name = "log",
    .title = "Log",
    .key = '5',
    .state_size = sizeof(struct log_view),
    .release = release,
    .draw = draw,
    .command = command,
    .typed = typed,
    .mouse = mouse,
};
