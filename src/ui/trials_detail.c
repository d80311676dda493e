/* The chosen trial in words: what it is, its settings, what came of it, how long it took, what it left. With another one to
 * compare with: their settings side by side, those that differ first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "quantity.h"
#include "trials_draw.h"
#include "wrap.h"

/* ---- what is known of it ---- */

static double file_bytes(const struct model *m, const struct trial_row *t, const char *name)
{
    struct stat st;
    const char *base = strrchr(t->dir, '/'); /* the study may have been moved since */
    char *path = xstrfmt("%s/%s/%s", m->dir, base ? base + 1 : t->dir, name);
    double n = t->dir[0] && stat(path, &st) == 0 ? (double)st.st_size : (double)NAN;
    free(path);
    return n;
}

static void take_event(struct trials_facts *f, const struct event_row *e)
{
    if (strcmp(e->kind, "clone") == 0) {
        f->cloned_from = isfinite(e->before) ? (int)e->before : 0;
        f->warm = strcmp(e->key, "warm") == 0;
    } else if (strcmp(e->kind, "set") == 0 || strcmp(e->kind, "skip") == 0) {
        char *text = f->change[f->changes++ % (int)ARRAY_LEN(f->change)];
        if (strcmp(e->kind, "set") == 0)
            str_append(text, sizeof f->change[0], 0, "%s %.6g -> %.6g at step %d of %s", e->key, e->before, e->after,
                       e->step, e->stage);
        else
            str_append(text, sizeof f->change[0], 0, "%s ended at step %d", e->stage, e->step);
    } else if (strcmp(e->kind, "pruned") == 0) {
        f->stopped = true;
        str_append(f->rule, sizeof f->rule, 0, "%s", e->key);
        f->stopped_at = e->step;
        f->predicted = e->before;
        f->sigma = e->after;
    } else if (strcmp(e->kind, "prune_off") == 0) {
        str_append(f->off, sizeof f->off, 0, "%s", e->text);
    } else if (strcmp(e->kind, "thaw") == 0) {
        f->thawed = true;
    }
}

void trials_facts_read(struct trials_facts *f, const struct model *m, int trial)
{
    const struct trial_row *t = model_trial(m, trial);
    int64_t saved = t && m->saved_ms && t - m->trials < m->n_saved ? m->saved_ms[t - m->trials] : 0;
    if (f->trial == trial && f->n_events == m->n_events && f->saved_ms == saved)
        return;
    *f = (struct trials_facts){.trial = trial, .n_events = m->n_events, .saved_ms = saved};
    f->predicted = f->sigma = f->student_bytes = f->state_bytes = NAN;
    if (!t)
        return;
    for (int i = 0; i < m->n_events; i++)
        if (m->events[i].trial == trial)
            take_event(f, &m->events[i]);
    f->student_bytes = file_bytes(m, t, "student.safetensors");
    f->state_bytes = file_bytes(m, t, "state.safetensors");
}

/* ---- lines of words ---- */

/* Pieces one after the other, each with its name; a new row where one does not fit. */
struct flow {
    struct canvas *c;
    struct rect r;
    const struct look *look;
    int x, y;
};

static bool flow_room(struct flow *f, int w)
{
    if (f->x > f->r.x && f->x + w > f->r.x + f->r.w) {
        f->x = f->r.x;
        f->y++;
    }
    return f->y < f->r.y + f->r.h;
}

static void piece(struct flow *f, enum theme_role role, const char *name, const char *value, const char *note)
{
    int w = text_width(name) + (*name ? 1 : 0) + text_width(value) + (*note ? 1 : 0) + text_width(note);
    if (!flow_room(f, w))
        return;
    struct rect row = {f->r.x, f->y, f->r.w, 1};
    f->x = canvas_text(f->c, row, f->x, f->y, look_style(f->look, ROLE_MUTED), name) + (*name ? 1 : 0);
    f->x = canvas_text(f->c, row, f->x, f->y, look_style(f->look, role), value);
    if (*note)
        f->x = canvas_text(f->c, row, f->x + 1, f->y, look_style(f->look, ROLE_MUTED), note);
    f->x += 2;
}

static void new_row(struct flow *f)
{
    if (f->x > f->r.x) {
        f->x = f->r.x;
        f->y++;
    }
}

static void say_title(struct flow *f, const struct trials_scene *s, const struct trial_row *t)
{
    char text[160];
    static const char *const kinds[] = {"searched", "repeat", "by hand"};
    const struct trials_facts *k = s->facts;
    str_append(text, sizeof text, 0, "trial %d", t->number);
    piece(f, ROLE_TITLE, "", text, "");
    piece(f, trials_state_role(t->state), "", trial_state_name(t->state), "");
    str_append(text, sizeof text, 0, t->kind == TRIAL_REPEAT ? "%s %d of ask %d" : "%s", kinds[t->kind], t->repeat,
               t->ask_id);
    piece(f, ROLE_MUTED, "", text, "");
    if (k->cloned_from) {
        str_append(text, sizeof text, 0, "%s clone of %d", k->warm ? "warm" : "cold", k->cloned_from);
        piece(f, ROLE_MARK, "", text, "");
    }
    if (t->edited) {
        str_append(text, sizeof text, 0, k->changes ? "edited, %d change%s by hand" : "edited", k->changes,
                   k->changes == 1 ? "" : "s");
        piece(f, ROLE_WARN, "", text, "");
    }
    if (t->collapsed)
        piece(f, ROLE_BAD, "", "FSP collapsed", "");
}

/* Its own values, and what the study has where that is another. */
static void say_settings(struct flow *f, const struct trials_scene *s, const struct trial_row *t)
{
    new_row(f);
    for (int i = 0; i < t->n_params; i++) {
        int def = param_find(t->param_name[i]);
        char value[32], study[32], note[48] = "";
        trials_setting_text(t->param_value[i], value, sizeof value);
        if (def >= 0 && s->m->has_settings) {
            trials_setting_text(params_get_number(&s->m->settings, def), study, sizeof study);
            if (strcmp(study, value) != 0)
                str_append(note, sizeof note, 0, "(study %s)", study);
        }
        piece(f, ROLE_TEXT, t->param_name[i], value, note);
    }
    char seed[32];
    str_append(seed, sizeof seed, 0, "%lld", (long long)t->seed);
    piece(f, ROLE_TEXT, "seed", seed, "");
}

static void say_mean(struct flow *f, const char *name, int n, double mean, double sd)
{
    char text[64], note[32];
    if (n < 2)
        return;
    str_append(text, sizeof text, 0, "%.2f %s %.2f", 100 * mean, look_ascii(f->look) ? "+-" : "±", 100 * sd);
    str_append(note, sizeof note, 0, "of %d runs", n);
    piece(f, ROLE_TEXT, name, text, note);
}

static void say_values(struct flow *f, const struct trials_scene *s, const struct trial_row *t, int row)
{
    const struct trials_group *g = trials_table_group(s->table, row);
    char text[64];
    new_row(f);
    trials_percent(t->val_accuracy, text, sizeof text);
    piece(f, row == s->table->best ? ROLE_GOOD : ROLE_TEXT, "val %", text, row == s->table->best ? "the best" : "");
    if (isfinite(t->best_val_accuracy) && t->best_val_accuracy != t->val_accuracy) {
        trials_percent(t->best_val_accuracy, text, sizeof text);
        piece(f, ROLE_TEXT, "highest", text, "");
    }
    trials_percent(t->test_accuracy, text, sizeof text);
    piece(f, ROLE_TEXT, "test %", text, "");
    say_mean(f, "val mean", g ? g->n : 0, g ? g->val_mean : 0, g ? g->val_sd : 0);
    say_mean(f, "test mean", g ? g->n_test : 0, g ? g->test_mean : 0, g ? g->test_sd : 0);
}

static void duration_text(double s, char *buf, size_t cap)
{
    if (s < 100)
        str_append(buf, cap, 0, "%.1f s", s);
    else if (s < 6000)
        str_append(buf, cap, 0, "%d min %02d s", (int)s / 60, (int)s % 60);
    else
        str_append(buf, cap, 0, "%d h %02d min", (int)s / 3600, (int)s / 60 % 60);
}

static void say_seconds(struct flow *f, const struct trial_row *t)
{
    const double seconds[] = {t->seconds_teacher, t->seconds_transfer, t->seconds_finetune, trials_table_seconds(t)};
    static const char *const names[] = {"teacher", "transfer", "finetune", "in all"};
    char text[64];
    new_row(f);
    for (int i = 0; i < 4; i++) {
        duration_text(seconds[i], text, sizeof text);
        if (seconds[i] > 0)
            piece(f, ROLE_TEXT, names[i], text, "");
    }
}

static void say_live(struct flow *f, const struct trials_scene *s, const struct trial_row *t)
{
    const struct live *l = &s->m->live;
    char text[64], note[64] = "";
    if (!l->valid || l->trial != t->number || !l->stage[0] || l->steps < 1)
        return;
    str_append(text, sizeof text, 0, "step %d of %d", l->step, l->steps);
    if (isfinite(l->trial_eta)) {
        size_t n = str_append(note, sizeof note, 0, "ends in ");
        duration_text(l->trial_eta, note + n, sizeof note - n);
    }
    piece(f, ROLE_GOOD, l->stage, text, note);
}

static void say_files(struct flow *f, const struct trials_scene *s, const struct trial_row *t)
{
    const struct trials_facts *k = s->facts;
    char text[64], when[40] = "";
    time_t at = (time_t)(k->saved_ms / 1000);
    struct tm tm;
    new_row(f);
    if (k->saved_ms && localtime_r(&at, &tm)) {
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
        piece(f, ROLE_TEXT, "saved", when, "");
    }
    piece(f, ROLE_TEXT, "in", t->dir[0] ? t->dir : "-", "");
    const double bytes[] = {k->student_bytes, k->state_bytes};
    for (int i = 0; i < 2; i++)
        if (isfinite(bytes[i])) {
            figure_text(UNIT_BYTES, bytes[i], s->look, text, sizeof text);
            piece(f, ROLE_TEXT, i ? "state" : "student", text, "");
        }
}

static void sentence(struct flow *f, enum theme_role role, const char *text)
{
    new_row(f);
    struct rect r = {f->r.x, f->y, f->r.w, f->r.y + f->r.h - f->y};
    if (*text && r.h > 0)
        f->y += wrap_text(f->c, r, look_style(f->look, role), text);
}

/* What the rule foresaw; the sentence why is the trial's message. */
static void say_stopped(struct flow *f, const struct trials_scene *s)
{
    const struct trials_facts *k = s->facts;
    char text[160];
    if (!k->stopped)
        return;
    size_t n = str_append(text, sizeof text, 0, "%s stopped it at step %d of the fine-tuning", k->rule, k->stopped_at);
    if (isfinite(k->predicted))
        n = str_append(text, sizeof text, n, ", foreseeing %.2f %s %.2f %%", 100 * k->predicted,
                       look_ascii(s->look) ? "+-" : "±", 100 * k->sigma);
    if (k->thawed)
        str_append(text, sizeof text, n, "; it was thawed");
    sentence(f, ROLE_MARK, text);
}

/* What was done to it by hand, the earliest of the last few first. */
static void say_changes(struct flow *f, const struct trials_scene *s)
{
    const struct trials_facts *k = s->facts;
    int most = (int)ARRAY_LEN(k->change);
    for (int i = k->changes > most ? k->changes - most : 0; i < k->changes; i++)
        sentence(f, ROLE_MARK, k->change[i % most]);
}

static void draw_one(struct canvas *c, struct rect r, const struct trials_scene *s, const struct trial_row *t, int row)
{
    struct flow f = {c, r, s->look, r.x, r.y};
    bool bad = t->state == TRIAL_FAILED || t->state == TRIAL_DIVERGED;
    bool airy = r.h >= 20; /* paragraphs where there is room for them */
    say_title(&f, s, t);
    say_live(&f, s, t);
    say_settings(&f, s, t);
    f.y += airy;
    new_row(&f);
    say_values(&f, s, t, row);
    if (r.h < 8) /* a low pane: why before how long */
        sentence(&f, bad ? ROLE_BAD : ROLE_WARN, t->reason);
    f.y += airy;
    say_seconds(&f, t);
    f.y += airy;
    say_files(&f, s, t);
    f.y += airy;
    say_changes(&f, s);
    say_stopped(&f, s);
    if (r.h >= 8)
        sentence(&f, bad ? ROLE_BAD : ROLE_WARN, t->reason);
}

/* ---- two trials ---- */

struct pair {
    struct canvas *c;
    struct rect r;
    const struct look *look;
    int y, name_w, value_w;
};

static void pair_row(struct pair *p, enum theme_role role, const char *name, const char *a, const char *b,
                     const char *by)
{
    if (p->y >= p->r.y + p->r.h)
        return;
    struct rect row = {p->r.x, p->y++, p->r.w, 1};
    int x = row.x + p->name_w;
    canvas_text(p->c, (struct rect){row.x, row.y, p->name_w - 1, 1}, row.x, row.y, look_style(p->look, ROLE_MUTED),
                name);
    for (int i = 0; i < 2; i++, x += p->value_w + 1)
        canvas_text_right(p->c, rect_and(row, (struct rect){x, row.y, p->value_w, 1}), x + p->value_w, row.y,
                          look_style(p->look, role), i ? b : a);
    canvas_text(p->c, row, x, row.y, look_style(p->look, ROLE_MUTED), by);
}

/* "x10" of positive settings on a logarithmic scale, else the difference. */
static void by_text(const struct look *l, bool log_scale, double a, double b, char *buf, size_t cap)
{
    buf[0] = 0;
    if (isnan(a) || isnan(b) || a == b)
        return;
    if (log_scale && a > 0 && b > 0)
        str_append(buf, cap, 0, "%s%.3g", look_ascii(l) ? "x" : "×", b / a);
    else
        str_append(buf, cap, 0, "%+.4g", b - a);
}

static void pair_number(struct pair *p, const char *name, double a, double b, bool percent)
{
    char ta[32], tb[32], by[32] = "";
    if (percent) {
        trials_percent(a, ta, sizeof ta);
        trials_percent(b, tb, sizeof tb);
        if (isfinite(b - a))
            str_append(by, sizeof by, 0, "%+.2f", 100 * (b - a));
    } else {
        trials_setting_text(a, ta, sizeof ta);
        trials_setting_text(b, tb, sizeof tb);
        by_text(p->look, false, a, b, by, sizeof by);
    }
    pair_row(p, ROLE_TEXT, name, ta, tb, by);
}

static void pair_settings(struct pair *p, const struct trials_table *t, int a, int b, bool different)
{
    for (int j = 0; j < t->n_columns; j++) {
        const struct trials_column *c = &t->column[j];
        char ta[32], tb[32], by[32];
        if (c->kind != COLUMN_SETTING)
            continue;
        double va = trials_table_value(t, c, a), vb = trials_table_value(t, c, b);
        trials_setting_text(va, ta, sizeof ta);
        trials_setting_text(vb, tb, sizeof tb);
        if ((strcmp(ta, tb) != 0) != different)
            continue;
        by_text(p->look, c->log, va, vb, by, sizeof by);
        pair_row(p, different ? ROLE_TITLE : ROLE_MUTED, c->name, ta, tb, by);
    }
}

static void draw_pair(struct canvas *c, struct rect r, const struct trials_scene *s, int a, int b)
{
    const struct trials_table *t = s->table;
    const struct trial_row *ra = &t->source.rows[a], *rb = &t->source.rows[b];
    struct pair p = {c, r, s->look, r.y, r.w / 3 < 16 ? r.w / 3 : 16, 10};
    char ta[32], tb[32];
    str_append(ta, sizeof ta, 0, "#%d", ra->number);
    str_append(tb, sizeof tb, 0, "#%d", rb->number);
    pair_row(&p, ROLE_TITLE, "compared", ta, tb, "");
    pair_settings(&p, t, a, b, true);
    if (ra->seed != rb->seed)
        pair_number(&p, "seed", (double)ra->seed, (double)rb->seed, false);
    pair_number(&p, "val %", ra->val_accuracy, rb->val_accuracy, true);
    if (isfinite(ra->test_accuracy) || isfinite(rb->test_accuracy))
        pair_number(&p, "test %", ra->test_accuracy, rb->test_accuracy, true);
    if (ra->state != rb->state)
        pair_row(&p, ROLE_TEXT, "state", trial_state_name(ra->state), trial_state_name(rb->state), "");
    if (ra->edited != rb->edited)
        pair_row(&p, ROLE_WARN, "edited", ra->edited ? "yes" : "no", rb->edited ? "yes" : "no", "");
    pair_number(&p, "seconds", rint(trials_table_seconds(ra)), rint(trials_table_seconds(rb)), false);
    pair_settings(&p, t, a, b, false);
}

void trials_draw_detail(struct canvas *c, struct rect r, const struct trials_scene *s)
{
    int row = trials_table_row(s->table, s->m->sel.trial);
    int other = s->compare && s->compare != s->m->sel.trial ? trials_table_row(s->table, s->compare) : -1;
    if (r.w < 10 || r.h < 1 || row < 0)
        return;
    if (other >= 0)
        draw_pair(c, r, s, other, row);
    else
        draw_one(c, r, s, &s->table->source.rows[row], row);
}
