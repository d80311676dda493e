/* The Log screen: every event of the study with its time and step, the newest at the bottom. It follows the end until one
 * moves up; `/` keeps the lines that contain some words, Esc shows the others around them again, n and N go from one hit to
 * the next in either. A line can be marked, by these or a click: Enter looks at its trial. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export.h"
#include "filter.h"
#include "view.h"

struct log_view {
    struct filter filter;
    bool whole; /* all lines are shown in spite of it */
    int up;     /* lines from the end */
    int page, shown;
    int64_t marked; /* the event under the mark, by its id; 0: none */
    struct filter_hits hits;
    int64_t newest; /* of the rows that are in the hits already, the last one's id */
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

/* A row as it is looked for in. */
static void read_row(void *ctx, int row, char *buf, size_t cap)
{
    const struct model *m = ctx;
    const struct event_row *e = &m->events[row];
    char line[640];
    event_line(e, line, sizeof line);
    str_append(buf, cap, 0, "%s %s %s trial %d", e->kind, e->stage, line, e->trial);
}

/* Looks at the events that have come since. Another study, or its store made anew, begins from the start. */
static void keep_fitting(struct log_view *v, const struct model *m)
{
    struct filter_hits *h = &v->hits;
    if (h->tried > m->n_events || (h->tried > 0 && m->events[h->tried - 1].id != v->newest))
        filter_hits_forget(h);
    if (v->filter.text[0])
        filter_hits_update(h, &v->filter, m->n_events, read_row, (struct model *)(uintptr_t)m);
    v->newest = h->tried > 0 ? m->events[h->tried - 1].id : 0;
}

static bool is_filtered(const struct log_view *v)
{
    return v->filter.text[0] && !v->whole;
}

/* The event of a line of the list, from the top of everything; and the reverse, -1: it is not in the list. */
static int event_of(const struct log_view *v, int line)
{
    return is_filtered(v) ? v->hits.row[line] : line;
}

static int line_of(const struct log_view *v, int event)
{
    return is_filtered(v) && event >= 0 ? filter_hits_place(&v->hits, event) : event;
}

static int find_marked(const struct log_view *v, const struct model *m)
{
    int lo = 0, hi = m->n_events; /* ids ascend */
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (m->events[mid].id < v->marked)
            lo = mid + 1;
        else
            hi = mid;
    }
    return v->marked && lo < m->n_events && m->events[lo].id == v->marked ? lo : -1;
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

/* What was looked for stands out where it is found. */
static void draw_found(struct canvas *c, struct rect row, const struct look *l, const struct filter *f, int x,
                       enum theme_role role, const char *text)
{
    int length, at, from = 0;
    while ((at = filter_find(f, text, from, &length)) >= 0) {
        char part[640];
        str_append(part, sizeof part, 0, "%.*s", at - from, text + from);
        x = canvas_text(c, row, x, row.y, look_style(l, role), part);
        str_append(part, sizeof part, 0, "%.*s", length, text + at);
        struct style found = look_style(l, ROLE_KEY);
        found.attr |= ATTR_UNDERLINE;
        x = canvas_text(c, row, x, row.y, found, part);
        from = at + length;
    }
    canvas_text(c, row, x, row.y, look_style(l, role), text + from);
}

static void draw_event(const struct log_view *v, struct canvas *c, struct rect row, const struct look *l,
                       const struct event_row *e)
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
    draw_found(c, row, l, &v->filter, row.x + 9, ROLE_TEXT, where);
    draw_found(c, row, l, &v->filter, row.x + 32, role_of(e->kind), e->kind);
    draw_found(c, row, l, &v->filter, row.x + 45, ROLE_TEXT, line);
    if (e->id == v->marked && v->marked)
        canvas_put(c, row.x + 8, row.y, look_ascii(l) ? '>' : 0x25B8, look_style(l, ROLE_CURSOR));
}

static void draw_note(const struct log_view *v, const struct model *m, struct canvas *c, struct rect head,
                      const struct look *l)
{
    char note[160];
    size_t n = 0;
    int hit = v->filter.text[0] ? filter_hits_place(&v->hits, find_marked(v, m)) : -1;
    if (v->filter.text[0])
        n = str_append(note, sizeof note, 0, "/%s   ", v->filter.text);
    if (hit >= 0)
        n = str_append(note, sizeof note, n, "hit %d of %d", hit + 1, v->hits.n);
    else if (v->filter.text[0])
        n = str_append(note, sizeof note, n, "%d of %d", v->hits.n, m->n_events);
    else if (v->up)
        n = str_append(note, sizeof note, n, "%d of %d", m->n_events - v->up, m->n_events);
    if (v->up)
        n = str_append(note, sizeof note, n, ", End for the newest");
    if (n > 0)
        canvas_text_right(c, head, head.x + head.w, head.y, look_style(l, ROLE_WARN), note);
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
    keep_fitting(v, m);
    int total = is_filtered(v) ? v->hits.n : m->n_events;
    v->shown = total;
    if (v->up > total - r.h)
        v->up = total > r.h ? total - r.h : 0;
    for (int i = 0; i < r.h && i < total; i++) {
        int at = total - v->up - (total < r.h ? total : r.h) + i;
        draw_event(v, c, (struct rect){r.x, r.y + i, r.w, 1}, l, &m->events[event_of(v, at)]);
    }
    draw_note(v, m, c, head, l);
    if (total == 0 && r.h > 0)
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED),
                    is_filtered(v) ? "no event contains that" : "nothing has happened yet");
}

/* ---- commands ---- */

static bool say(struct request *out, const char *text)
{
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "%s", text);
    return true;
}

/* Moves the list only where the line is out of sight: then it stands in the middle. */
static void bring_in(struct log_view *v, const struct model *m, int event)
{
    int total = is_filtered(v) ? v->hits.n : m->n_events, line = line_of(v, event), page = v->page > 0 ? v->page : 1;
    int last = total - 1 - v->up;
    if (line < 0 || (line <= last && line > last - page))
        return;
    int up = total - 1 - line - page / 2, most = total > page ? total - page : 0;
    v->up = up < 0 ? 0 : up > most ? most : up;
}

static bool go_to_hit(struct log_view *v, const struct model *m, int by, struct request *out)
{
    keep_fitting(v, m);
    if (!v->filter.text[0])
        return say(out, "nothing is looked for: / asks for words");
    int at = filter_hits_next(&v->hits, find_marked(v, m), by);
    if (at < 0)
        return say(out, "no event contains that");
    v->marked = m->events[v->hits.row[at]].id;
    bring_in(v, m, v->hits.row[at]);
    return true;
}

/* First the lines around the hits come back, then the filter and the mark go. */
static bool give_up(struct log_view *v, const struct model *m)
{
    if (!v->filter.text[0] && !v->marked)
        return false;
    if (is_filtered(v)) {
        v->whole = true;
        bring_in(v, m, find_marked(v, m));
    } else {
        filter_set(&v->filter, "");
        filter_hits_forget(&v->hits);
        v->marked = 0;
        v->whole = false;
    }
    return true;
}

static bool look_at_marked(const struct log_view *v, struct model *m, struct request *out)
{
    int at = find_marked(v, m);
    if (at < 0)
        return say(out, "no line is marked: n, N or a click mark one");
    if (!model_trial(m, m->events[at].trial))
        return say(out, "this event is the study's, of no trial");
    m->sel.trial = m->events[at].trial;
    m->sel.follow = false;
    m->sel.fsp_step = -1;
    out->kind = ASK_STATUS;
    str_append(out->text, sizeof out->text, 0, "all screens look at trial %d; f follows the one that runs",
               m->sel.trial);
    return true;
}

static bool command(void *self, struct view_context *ctx, enum command cmd, struct request *out)
{
    struct log_view *v = self;
    int most = v->shown > v->page ? v->shown - v->page : 0, up = v->up;
    switch (cmd) {
    case CMD_UP: up++; break;
    case CMD_DOWN: up--; break;
    case CMD_PAGE_UP: up += v->page - 1; break;
    case CMD_PAGE_DOWN: up -= v->page - 1; break;
    case CMD_HOME: up = most; break;
    case CMD_END: up = 0; break;
    case CMD_CANCEL: return give_up(v, ctx->model);
    case CMD_NEXT_HIT: return go_to_hit(v, ctx->model, -1, out); /* back in time: the newest stand at the end */
    case CMD_PREVIOUS_HIT: return go_to_hit(v, ctx->model, 1, out);
    case CMD_ENTER: return look_at_marked(v, ctx->model, out);
    case CMD_FILTER:
        out->kind = ASK_TYPE;
        str_append(out->text, sizeof out->text, 0, "lines that contain (words, !word, \"two words\")");
        str_append(out->initial, sizeof out->initial, 0, "%s", v->filter.text);
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
    filter_set(&v->filter, text);
    filter_hits_forget(&v->hits);
    v->whole = false;
    v->marked = 0;
    v->up = 0;
    return true;
}

static void release(void *self)
{
    struct log_view *v = self;
    filter_hits_release(&v->hits);
}

/* The wheel moves the list, a click marks a line. */
static void mouse(void *self, struct view_context *ctx, struct rect r, int x, int y, int button, struct request *out)
{
    struct log_view *v = self;
    for (int i = 0; i < 3 && button >= 4; i++)
        command(self, ctx, button == 4 ? CMD_UP : CMD_DOWN, out);
    rect_top(&r, 1);
    int rows = v->shown < r.h ? v->shown : r.h, line = v->shown - v->up - rows + y - r.y;
    keep_fitting(v, ctx->model);
    if (button == 1 && rect_has(r, x, y) && y - r.y < rows && line >= 0 &&
        line < (is_filtered(v) ? v->hits.n : ctx->model->n_events))
        v->marked = ctx->model->events[event_of(v, line)].id;
}

/* ---- the file ---- */

static void put_time(FILE *f, int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[40] = "";
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(f, "%s.%03dZ,", text, (int)(ms % 1000));
}

/* Every line that the filter leaves, not only those there is room for. */
static bool export(void *self, struct view_context *ctx, struct sheet *s, struct err *err)
{
    struct log_view *v = self;
    const struct model *m = ctx->model;
    char source[160];
    keep_fitting(v, m);
    int total = is_filtered(v) ? v->hits.n : m->n_events;
    if (!s->csv)
        return err_set(err, ERR_USAGE, "the log goes to a .csv only");
    size_t n = str_append(source, sizeof source, 0, "%d events", total);
    if (is_filtered(v))
        str_append(source, sizeof source, n, " of %d, with %s", m->n_events, v->filter.text);
    sheet_head(s, m, "log of the study", source);
    fputs("time,trial,stage,step,event,key,before,after,text\n", s->csv);
    for (int i = 0; i < total; i++) {
        const struct event_row *e = &m->events[event_of(v, i)];
        put_time(s->csv, e->time_ms);
        if (e->trial)
            fprintf(s->csv, "%d", e->trial);
        fputc(',', s->csv);
        csv_text(s->csv, e->stage, ',');
        fprintf(s->csv, "%d,", e->step);
        csv_text(s->csv, e->kind, ',');
        csv_text(s->csv, e->key, ',');
        bool set = strcmp(e->kind, "set") == 0;
        csv_number(s->csv, set ? e->before : NAN, ',');
        csv_number(s->csv, set ? e->after : NAN, ',');
        csv_text(s->csv, e->text, '\n');
    }
    return true;
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
    .export = export,
};
