/* Matrices are small (at most 64x64), so a frame computes everything anew and nothing has to be kept in step. */
#include "fsp_mats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- figures ---- */

/* The norm over finite elements. */
static double norm_of(const float *v, int n, int *not_finite)
{
    double sum = 0;
    if (!v)
        return NAN;
    for (int i = 0; i < n; i++) {
        double x = (double)v[i];
        if (isfinite(x))
            sum += x * x;
        else
            (*not_finite)++;
    }
    return sqrt(sum);
}

static void figures(struct fsp_pair *p)
{
    p->norm_t = norm_of(p->t, p->tm * p->tn, &p->not_finite);
    p->norm_s = norm_of(p->s, p->sm * p->sn, &p->not_finite);
    p->norm_d = NAN;
    p->collapsed = p->norm_s * p->norm_s < 0.01 * p->norm_t * p->norm_t;
    if (!p->t || !p->s || p->tm != p->sm || p->tn != p->sn)
        return;
    int n = p->tm * p->tn, ignored = 0;
    p->d = xmalloc((size_t)n * sizeof *p->d);
    for (int i = 0; i < n; i++)
        p->d[i] = isfinite(p->t[i]) && isfinite(p->s[i]) ? p->t[i] - p->s[i] : NAN;
    p->norm_d = norm_of(p->d, n, &ignored);
}

void fsp_pair_recorded(struct fsp_pair *p, const struct model *m, int pair)
{
    const struct fsp_mats *f = &m->fsp.pair[pair];
    *p = (struct fsp_pair){.tm = f->m, .tn = f->n, .sm = f->m, .sn = f->n, .t = f->t, .s = f->s};
    figures(p);
}

void fsp_pair_probed(struct fsp_pair *p, const struct model *m)
{
    const struct probe *b = &m->probe;
    *p = (struct fsp_pair){0};
    if (b->valid)
        *p = (struct fsp_pair){.tm = b->tm, .tn = b->tn, .sm = b->sm, .sn = b->sn, .t = b->t, .s = b->s};
    figures(p);
}

void fsp_pair_release(struct fsp_pair *p)
{
    free(p->d);
    p->d = NULL;
}

double fsp_pair_error(const struct fsp_pair *p)
{
    return p->norm_t > 0 ? p->norm_d / p->norm_t : NAN;
}

double fsp_pair_at(const struct fsp_pair *p, int which, int i, int j)
{
    const float *v = which == 0 ? p->t : which == 1 ? p->s : p->d;
    int m = which == 1 ? p->sm : p->tm, n = which == 1 ? p->sn : p->tn;
    if (!v || i < 0 || j < 0 || i >= m || j >= n)
        return NAN;
    return (double)v[(size_t)i * (size_t)n + (size_t)j];
}

void fsp_pair_largest(const struct fsp_pair *p, int *i, int *j)
{
    float most = -1;
    *i = *j = 0;
    for (int k = 0; p->d && k < p->tm * p->tn; k++)
        if (fabsf(p->d[k]) > most) {
            most = fabsf(p->d[k]);
            *i = k / p->tn;
            *j = k % p->tn;
        }
}

/* ---- colours ---- */

/* The mean of the finite elements of one cell. */
static float mean_of(const float *v, int m, int n, int i0, int j0, int di, int dj)
{
    double sum = 0;
    int count = 0;
    for (int i = i0; i < i0 + di && i < m; i++)
        for (int j = j0; j < j0 + dj && j < n; j++)
            if (isfinite(v[i * n + j])) {
                sum += (double)v[i * n + j];
                count++;
            }
    return count ? (float)(sum / count) : NAN;
}

static void reduce(struct fsp_shown *s, int k, const float *v, int m, int n, int di, int dj)
{
    if (!v)
        return;
    s->m[k] = (m + di - 1) / di;
    s->n[k] = (n + dj - 1) / dj;
    s->v[k] = xmalloc((size_t)s->m[k] * (size_t)s->n[k] * sizeof **s->v);
    for (int i = 0; i < s->m[k]; i++)
        for (int j = 0; j < s->n[k]; j++)
            s->v[k][i * s->n[k] + j] = mean_of(v, m, n, i * di, j * dj, di, dj);
}

static void widen(const struct fsp_shown *s, int k, double *lo, double *hi)
{
    for (int i = 0; s->v[k] && i < s->m[k] * s->n[k]; i++) {
        *lo = fmin(*lo, (double)s->v[k][i]); /* fmin passes over NaN */
        *hi = fmax(*hi, (double)s->v[k][i]);
    }
}

static void take_roots(struct fsp_shown *s)
{
    for (int k = 0; k < 3; k++)
        for (int i = 0; s->v[k] && i < s->m[k] * s->n[k]; i++) {
            double x = (double)s->v[k][i];
            s->v[k][i] = (float)(k == 2 ? copysign(sqrt(fabs(x)), x) : sqrt(x - s->lo)); /* NaN stays */
        }
    s->from = 0;
    s->to = (double)(float)sqrt(s->hi - s->lo);
    s->middle = s->lo + (s->hi - s->lo) / 4;
    s->wide = (double)(float)sqrt(s->span);
    s->middle_span = s->span / 4;
}

void fsp_shown_make(struct fsp_shown *s, const struct fsp_pair *p, int di, int dj, bool root)
{
    *s = (struct fsp_shown){.lo = INFINITY, .hi = -INFINITY};
    reduce(s, 0, p->t, p->tm, p->tn, di, dj);
    reduce(s, 1, p->s, p->sm, p->sn, di, dj);
    reduce(s, 2, p->d, p->tm, p->tn, di, dj);
    widen(s, 0, &s->lo, &s->hi);
    widen(s, 1, &s->lo, &s->hi);
    if (s->lo > s->hi)
        s->lo = s->hi = 0;
    double lo = 0, hi = 0;
    widen(s, 2, &lo, &hi);
    s->span = s->wide = fmax(-lo, hi);
    s->middle_span = s->span / 2;
    s->from = s->lo, s->to = s->hi, s->middle = s->lo + (s->hi - s->lo) / 2;
    if (root)
        take_roots(s);
}

void fsp_shown_release(struct fsp_shown *s)
{
    for (int k = 0; k < 3; k++)
        free(s->v[k]);
    *s = (struct fsp_shown){0};
}

/* ---- nothing yet ---- */

bool fsp_probe_shown(const struct model *m)
{
    const struct probe *p = &m->probe;
    int block = p->t ? p->teacher_block : p->student_block;
    return p->valid && block == m->sel.probe_block && p->image == m->sel.probe_image;
}

static void why_no_block(const struct model *m, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (m->probe.waiting)
        str_append(buf, cap, 0, "Asking the study for block %d on image %d ...", m->sel.probe_block,
                   m->sel.probe_image);
    else if (m->probe.message[0])
        str_append(buf, cap, 0, "Block %d cannot be shown: %s. Press [ for the recorded matrices.", m->sel.probe_block,
                   m->probe.message);
    else if (m->conn != CONN_LIVE)
        str_append(buf, cap, 0,
                   "Blocks are computed by the study's process, and none is connected%s%s. Press [ for the recorded "
                   "matrices.",
                   m->conn_message[0] ? ": " : "", m->conn_message);
    else if (!m->probe.valid)
        str_append(buf, cap, 0, "Block %d has not been asked for yet.", m->sel.probe_block);
}

/* A method without FSP: what it does instead. */
static const char *other_method(int method)
{
    switch (method) {
    case METHOD_NONE: return "Method none trains the student without a teacher: there are no FSP matrices to compare.";
    case METHOD_KD: return "Method kd learns from the teacher's softened outputs: no FSP matrices are recorded.";
    case METHOD_HINT: return "Method hint matches single feature maps: no FSP matrices are recorded.";
    default: return NULL;
    }
}

static void why_not_recorded(const struct model *m, char *buf, size_t cap)
{
    const struct live *l = &m->live;
    bool runs = l->valid && l->trial == m->sel.trial;
    if (runs && strcmp(l->stage, "teacher") == 0)
        str_append(
            buf, cap, 0,
            "The teacher is being trained (step %d of %d). FSP matrices are recorded all through the transfer stage that "
            "follows.",
            l->step, l->steps);
    else if (runs && strcmp(l->stage, "transfer") == 0)
        str_append(buf, cap, 0, "No FSP matrices yet: the first come soon; step %d of %d is done.", l->step, l->steps);
    else
        str_append(buf, cap, 0, "Trial %d has recorded no FSP matrices: they come with the transfer stage.",
                   m->sel.trial);
    if (m->conn == CONN_LIVE)
        str_append(buf, cap, strlen(buf), " Press ] to look at single blocks on an image now.");
}

void fsp_why_nothing(const struct model *m, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (m->sel.probe_block > 0) {
        if (!m->probe.valid || m->probe.message[0])
            why_no_block(m, buf, cap);
        return;
    }
    if (m->fsp.trial > 0 && m->fsp.trial == m->sel.trial && m->n_fsp_steps > 0)
        return;
    const char *other = m->has_settings ? other_method(m->settings.method) : NULL;
    if (other)
        str_append(buf, cap, 0, "%s", other);
    else if (m->n_trials == 0 && m->conn == CONN_NONE)
        str_append(buf, cap, 0,
                   "Nothing is recorded yet: study '%s' has not been started. The Setup screen starts it; FSP matrices "
                   "come with its transfer stage.",
                   m->study);
    else if (m->sel.trial == 0)
        str_append(buf, cap, 0, "No trial has begun yet; FSP matrices come with a trial's transfer stage.");
    else
        why_not_recorded(m, buf, cap);
}
