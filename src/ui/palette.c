/* The text in the line and what was typed are two things: Tab and the history change the first and keep the second, so that
 * going on with them, or back, finds the same candidates. Any other key makes the line what is typed. */
#include "palette.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "line.h"
#include "term.h"

enum { WIDTH = 100, LINE_ROWS = 1, ESC = 27 };

/* ---- candidates ---- */

struct palette_item *palette_add(struct palette_list *l, const char *text)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->item[i].text, text) == 0)
            return &l->item[i];
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->item = xrealloc(l->item, (size_t)l->cap * sizeof *l->item);
    }
    struct palette_item *item = &l->item[l->n++];
    memset(item, 0, sizeof *item);
    str_append(item->text, sizeof item->text, 0, "%s", text);
    return item;
}

void palette_list_release(struct palette_list *l)
{
    free(l->item);
    *l = (struct palette_list){0};
}

/* ---- ranking ---- */

enum { WHOLE = 1000, BEGINS = 900, CONTINUED = 800, WORD = 700, PART = 600, HELP = 400, LETTERS = 100 };

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* Where PART begins in TEXT, at a word's beginning if there is such a place; -1: nowhere. */
static int find_part(const char *text, const char *part, bool *at_word)
{
    int found = -1;
    *at_word = false;
    for (int i = 0; text[i]; i++) {
        if (!begins(text + i, part))
            continue;
        found = found < 0 ? i : found;
        if (i == 0 || !isalnum((unsigned char)text[i - 1])) {
            *at_word = true;
            return i;
        }
    }
    return found;
}

static void mark(bool *hit, int from, size_t n)
{
    for (size_t i = 0; hit && i < n; i++)
        hit[from + (int)i] = true;
}

/* The letters in order, each at the next place it is found; fewer gaps are better. -1: they are not there. */
static int letters(const char *text, const char *typed, bool *hit)
{
    int at = 0, gaps = 0, last = -1;
    for (; *typed; typed++) {
        while (text[at] && tolower((unsigned char)text[at]) != tolower((unsigned char)*typed))
            at++;
        if (!text[at])
            return -1;
        gaps += at - last - 1;
        last = at++;
        mark(hit, last, 1);
    }
    return gaps < 90 ? LETTERS - gaps : LETTERS - 90;
}

int palette_score(const struct palette_item *item, const char *typed, bool *hit)
{
    size_t n = strlen(typed), length = strlen(item->text);
    bool at_word;
    if (hit)
        memset(hit, 0, length * sizeof *hit);
    if (n == 0)
        return 0;
    if (begins(item->text, typed)) {
        mark(hit, 0, n);
        return length == n ? WHOLE : BEGINS;
    }
    bool apart = length > 0 && (item->text[length - 1] == '=' || (n > length && typed[length] == ' '));
    if (item->takes[0] && begins(typed, item->text) && apart) {
        mark(hit, 0, length);
        return CONTINUED;
    }
    int at = find_part(item->text, typed, &at_word);
    if (at >= 0) {
        mark(hit, at, n);
        return (at_word ? WORD : PART) - (at < 90 ? at : 90);
    }
    if (n >= 3 && find_part(item->help, typed, &at_word) >= 0 && at_word)
        return HELP;
    int score = letters(item->text, typed, hit);
    if (hit && score < 0)
        memset(hit, 0, length * sizeof *hit);
    return score;
}

const char *palette_matched(const struct palette *p)
{
    return p->chosen >= 0 ? p->typed : p->text;
}

/* Insertion into what is sorted already: there are a few dozen. */
void palette_rank(struct palette *p, const struct palette_list *l)
{
    int *score = xmalloc(((size_t)l->n + 1) * sizeof *score);
    free(p->match);
    p->match = xmalloc(((size_t)l->n + 1) * sizeof *p->match);
    p->n_matches = 0;
    for (int i = 0; i < l->n; i++) {
        score[i] = palette_score(&l->item[i], palette_matched(p), NULL);
        if (score[i] < 0)
            continue;
        score[i] = 2 * score[i] - l->item[i].refused; /* of equals what can be done comes first */
        int at = p->n_matches++;
        for (; at > 0 && score[p->match[at - 1]] < score[i]; at--)
            p->match[at] = p->match[at - 1];
        p->match[at] = i;
    }
    if (p->chosen >= p->n_matches)
        p->chosen = -1;
    free(score);
}

/* ---- the line ---- */

void palette_release(struct palette *p)
{
    for (int i = 0; i < p->n_history; i++)
        free(p->history[i]);
    free(p->match);
    *p = (struct palette){0};
}

static void typing(struct palette *p)
{
    p->chosen = -1;
    p->recalled = p->n_history;
}

static void set_text(struct palette *p, const char *text)
{
    char copy[PALETTE_TEXT];
    str_append(copy, sizeof copy, 0, "%s", text);
    memcpy(p->text, copy, sizeof copy);
}

void palette_open(struct palette *p, const char *text)
{
    set_text(p, text);
    p->refusal[0] = 0;
    typing(p);
}

void palette_ran(struct palette *p, const char *line)
{
    for (int i = 0; i < p->n_history; i++)
        if (strcmp(p->history[i], line) == 0 || p->n_history == PALETTE_HISTORY) { /* once only; or the oldest goes */
            free(p->history[i]);
            memmove(p->history + i, p->history + i + 1, (size_t)(--p->n_history - i) * sizeof *p->history);
            break;
        }
    p->history[p->n_history++] = xstrdup(line);
    typing(p);
}

static void recall(struct palette *p, int by)
{
    if (p->recalled == p->n_history && p->chosen < 0)
        str_append(p->typed, sizeof p->typed, 0, "%s", p->text);
    int at = p->recalled + by;
    while (at >= 0 && at < p->n_history && !begins(p->history[at], p->typed))
        at += by;
    if (at < 0)
        return;
    at = at < p->n_history ? at : p->n_history;
    set_text(p, at < p->n_history ? p->history[at] : p->typed);
    p->chosen = -1;
    p->recalled = at;
}

/* ---- completion ---- */

/* What has to follow before it can be run. */
static bool is_open(const struct palette_item *item)
{
    return item->takes[0] && item->takes[0] != '[';
}

/* The item, and a blank behind it where words follow. */
static void complete(struct palette *p, const struct palette_item *item)
{
    size_t n = strlen(item->text);
    bool more = item->takes[0] && n > 0 && item->text[n - 1] != '=' && item->text[n - 1] != ' ';
    set_text(p, item->text);
    if (more)
        str_append(p->text, sizeof p->text, n, " ");
    typing(p);
}

/* Candidates that the text begins, *one of them, and how many bytes these have in common. */
static int beginnings(const struct palette *p, const struct palette_list *l, const struct palette_item **one,
                      size_t *common)
{
    int n = 0;
    *one = NULL;
    *common = 0;
    for (int i = 0; i < p->n_matches; i++) {
        const struct palette_item *item = &l->item[p->match[i]];
        if (!begins(item->text, p->text))
            continue;
        if (n++ == 0)
            *one = item, *common = strlen(item->text);
        size_t k = 0;
        while (k < *common && item->text[k] == (*one)->text[k])
            k++;
        *common = k;
    }
    return n;
}

static void walk(struct palette *p, const struct palette_list *l, int by)
{
    const struct palette_item *one;
    size_t common;
    if (p->n_matches == 0)
        return;
    if (p->chosen < 0) {
        int n = beginnings(p, l, &one, &common);
        if (by > 0 && (n == 1 || (n == 0 && p->n_matches == 1))) {
            complete(p, n ? one : &l->item[p->match[0]]);
            return;
        }
        if (by > 0 && n > 1 && common > strlen(p->text)) {
            char text[PALETTE_TEXT];
            str_append(text, sizeof text, 0, "%.*s", (int)common, one->text);
            set_text(p, text);
            typing(p);
            return;
        }
        str_append(p->typed, sizeof p->typed, 0, "%s", p->text);
        p->chosen = by > 0 ? 0 : p->n_matches - 1;
    } else {
        p->chosen = (p->chosen + by + p->n_matches) % p->n_matches;
    }
    set_text(p, l->item[p->match[p->chosen]].text);
    p->recalled = p->n_history;
}

/* ---- Enter ---- */

static void refuse_choice(struct palette *p, const struct palette_list *l)
{
    size_t n = str_append(p->refusal, sizeof p->refusal, 0, "'%.60s' may be", p->text);
    int named = 0;
    for (int i = 0; i < p->n_matches && named < 4; i++)
        if (begins(l->item[p->match[i]].text, p->text))
            n = str_append(p->refusal, sizeof p->refusal, n, "%s %.40s", named++ ? "," : "", l->item[p->match[i]].text);
    str_append(p->refusal, sizeof p->refusal, n, " ...: type more, or Tab");
}

static enum palette_act run_item(struct palette *p, const struct palette_item *item)
{
    if (is_open(item)) {
        complete(p, item);
        str_append(p->refusal, sizeof p->refusal, 0, "%s needs %s", item->text, item->takes);
        return PALETTE_STAY;
    }
    set_text(p, item->text);
    return PALETTE_RUN;
}

static enum palette_act enter(struct palette *p, const struct palette_list *l)
{
    const struct palette_item *one;
    size_t common, n = strlen(p->text);
    while (n > 0 && p->text[n - 1] == ' ')
        n--;
    char text[PALETTE_TEXT];
    str_append(text, sizeof text, 0, "%.*s", (int)n, p->text);
    if (n == 0)
        return PALETTE_LEAVE;
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->item[i].text, text) == 0)
            return run_item(p, &l->item[i]);
    for (int i = 0; i < l->n; i++)
        if (palette_score(&l->item[i], text, NULL) == CONTINUED) {
            set_text(p, text);
            return PALETTE_RUN;
        }
    int fit = beginnings(p, l, &one, &common);
    if (fit == 1)
        return run_item(p, one);
    if (fit > 1) {
        refuse_choice(p, l);
    } else if (p->n_matches > 0) { /* a guess is shown before it is run */
        complete(p, &l->item[p->match[0]]);
        str_append(p->refusal, sizeof p->refusal, 0, "taken for this; Enter runs it");
    } else {
        str_append(p->refusal, sizeof p->refusal, 0, "'%.120s' is no command here", p->text);
    }
    return PALETTE_STAY;
}

enum palette_act palette_key(struct palette *p, const struct palette_list *l, int key)
{
    p->refusal[0] = 0;
    switch (key) {
    case '\r':
    case '\n': return enter(p, l);
    case ESC:
    case 3: return PALETTE_LEAVE;
    case '\t': walk(p, l, 1); return PALETTE_STAY;
    case TERM_BACK_TAB: walk(p, l, -1); return PALETTE_STAY;
    case TERM_UP: recall(p, -1); return PALETTE_STAY;
    case TERM_DOWN: recall(p, 1); return PALETTE_STAY;
    default: break;
    }
    if ((key == 127 || key == 8) && !p->text[0])
        return PALETTE_LEAVE;
    if (line_key(p->text, sizeof p->text, key))
        typing(p);
    return PALETTE_STAY;
}

/* ---- drawing ---- */

static int rows_in(struct rect room)
{
    int rows = room.h - 2 - LINE_ROWS - 1;
    return rows < 0 ? 0 : rows < PALETTE_ROWS ? rows : PALETTE_ROWS;
}

struct rect palette_area(struct rect room)
{
    int h = rows_in(room) + 1 + LINE_ROWS + 2, w = room.w < WIDTH + 4 ? room.w : WIDTH;
    h = h < room.h ? h : room.h;
    return (struct rect){room.x + (room.w - w) / 2, room.y + room.h - h, w, h};
}

/* The first match that is shown: the chosen one stays in sight. */
static int top_of(const struct palette *p, int rows)
{
    return p->chosen >= rows ? p->chosen - rows + 1 : 0;
}

static void draw_item(struct canvas *c, struct rect r, const struct look *l, const struct palette_item *item,
                      const char *typed, bool chosen)
{
    bool hit[PALETTE_TEXT];
    struct style plain = look_style(l, item->refused ? ROLE_MUTED : ROLE_TEXT), found = look_style(l, ROLE_KEY);
    struct style muted = look_style(l, ROLE_MUTED);
    int room = r.w >= 90 ? 40 : r.w >= 60 ? r.w - 50 : r.w / 2;
    struct rect key = rect_right(&r, 6), text = rect_left(&r, item->help[0] ? room : r.w);
    palette_score(item, typed, hit);
    if (chosen)
        canvas_fill(c, (struct rect){text.x - 1, text.y, 1, 1}, look_ascii(l) ? '>' : 0x25B8,
                    look_style(l, ROLE_CURSOR));
    int x = text.x;
    for (int i = 0, step; item->text[i]; i += step) {
        char one[8] = "";
        uint32_t rune;
        step = rune_decode(item->text + i, &rune);
        memcpy(one, item->text + i, step < 8 ? (size_t)step : 7);
        x = canvas_text(c, text, x, text.y, hit[i] ? found : plain, one);
    }
    size_t n = strlen(item->text);
    x += n > 0 && item->text[n - 1] != '=' && item->text[n - 1] != ' ';
    canvas_text(c, text, x, text.y, muted, item->takes);
    rect_left(&r, 1);
    canvas_text(c, r, r.x, r.y, item->refused ? look_style(l, ROLE_WARN) : muted, item->help);
    canvas_text_right(c, key, key.x + key.w, key.y, look_style(l, ROLE_KEY), item->key);
}

/* The end of a line that is longer than its room. */
static void draw_line(struct canvas *c, struct rect r, const struct look *l, const struct palette *p)
{
    const char *text = p->text;
    canvas_text(c, r, r.x, r.y, look_style(l, ROLE_KEY), ":");
    rect_left(&r, 1);
    while (text_width(text) > r.w - 1 && *text) {
        uint32_t rune;
        text += rune_decode(text, &rune);
    }
    int x = canvas_text(c, r, r.x, r.y, look_style(l, ROLE_TITLE), text);
    canvas_put(c, x < r.x + r.w ? x : r.x + r.w - 1, r.y, ' ', look_style(l, ROLE_SELECTED));
}

void palette_draw(struct canvas *c, struct rect room, const struct look *l, const struct palette *p,
                  const struct palette_list *list)
{
    struct rect r = palette_area(room);
    if (r.w < 10 || r.h < 3)
        return;
    canvas_fill(c, r, ' ', look_style(l, ROLE_TEXT));
    r = rect_inset(canvas_frame(c, r, "Command", look_style(l, ROLE_FRAME), look_style(l, ROLE_TITLE), look_ascii(l)),
                   1, 0);
    struct rect line = rect_bottom(&r, 1), said = rect_bottom(&r, 1);
    int rows = r.h, top = top_of(p, rows);
    rect_left(&r, 1);
    for (int i = 0; i < rows && top + i < p->n_matches; i++)
        draw_item(c, (struct rect){r.x, r.y + i, r.w, 1}, l, &list->item[p->match[top + i]], palette_matched(p),
                  top + i == p->chosen);
    if (p->n_matches == 0 && rows > 0)
        canvas_text(c, r, r.x, r.y, look_style(l, ROLE_MUTED), "nothing fits");
    if (p->refusal[0])
        canvas_text(c, said, said.x + 1, said.y, look_style(l, ROLE_BAD), p->refusal);
    else if (p->n_matches > rows)
        canvas_printf(c, said, said.x + 1, said.y, look_style(l, ROLE_MUTED), "%d of %d", rows, p->n_matches);
    draw_line(c, line, l, p);
}

int palette_at(const struct palette *p, struct rect room, int x, int y)
{
    struct rect r = rect_inset(palette_area(room), 1, 1);
    rect_bottom(&r, 2);
    int place = top_of(p, r.h) + y - r.y;
    return rect_has(r, x, y) && place < p->n_matches ? place : -1;
}

void palette_take(struct palette *p, const struct palette_list *l, int place)
{
    if (place >= 0 && place < p->n_matches)
        complete(p, &l->item[p->match[place]]);
}
