/* report: every study there is, for a screen that looks again every few seconds.
 *
 * What was read of a file holds as long as the file's identity, size and time of change do. A file that was changed within the
 * last second is read again the next time in any case: a second change could have left time and size as they are. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "io/config.h"
#include "report_study.h"

/* Of a file; zero: there is none. */
struct stamp {
    uint64_t device, inode, size;
    int64_t changed; /* ns */
};

/* What is kept of a study of RUNS. */
struct known_study {
    char name[64];
    struct stamp db, wal;
    bool kept, seen; /* the reading holds; the folder has it still */
    int at;          /* its row, -1: none */
    struct report_row row;
    char trouble[256];
};

struct known_section {
    char name[64];
    int at;
};

struct report_memory {
    int n, n_sections;
    struct known_study *studies;
    struct stamp config;
    bool config_kept;
    struct known_section *sections; /* of the configuration, those that have a row */
    char *protocol[REPORT_ROWS];    /* params_record of the paper's; NULL: not in the configuration */
    char trouble[256];
};

struct report_memory *report_memory_new(void)
{
    return xcalloc(1, sizeof(struct report_memory));
}

static void forget_config(struct report_memory *m)
{
    for (int i = 0; i < REPORT_ROWS; i++) {
        free(m->protocol[i]);
        m->protocol[i] = NULL;
    }
    free(m->sections);
    m->sections = NULL;
    m->n_sections = 0;
    m->trouble[0] = '\0';
}

void report_memory_free(struct report_memory *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->n; i++)
        report_row_release(&m->studies[i].row);
    forget_config(m);
    free(m->studies);
    free(m);
}

/* ---- stamps ---- */

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct stamp){0};
    return (struct stamp){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
                          (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed == b->changed;
}

/* Whether a further change would show in the stamp. */
static bool settled(const struct stamp *s)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - s->changed > 1000000000;
}

/* ---- the configuration ---- */

static void read_section(struct report_memory *m, const char *config, const char *name)
{
    struct params p;
    if (strlen(name) >= sizeof m->sections->name || !config_read(config, name, &p, NULL))
        return;
    for (int i = 0; i < REPORT_ROWS; i++)
        if (strcmp(name, paper_rows[i].study) == 0)
            m->protocol[i] = params_record(&p);
    int at = p.dataset == DATASET_CIFAR10 ? report_row_of(&p) : -1;
    if (at < 0)
        return;
    m->sections = xrealloc(m->sections, (size_t)(m->n_sections + 1) * sizeof *m->sections);
    struct known_section *to = &m->sections[m->n_sections++];
    str_append(to->name, sizeof to->name, 0, "%s", name);
    to->at = at;
}

/* False: it is as it was. */
static bool read_config(struct report_memory *m, const char *config)
{
    struct stamp now = stamp_of(config);
    char **names = NULL;
    struct err err = {0};
    if (m->config_kept && same(&now, &m->config))
        return false;
    forget_config(m);
    m->config = now;
    m->config_kept = settled(&now);
    int n = config_studies(config, &names, &err);
    if (n < 0)
        str_append(m->trouble, sizeof m->trouble, 0, "%s", err.msg);
    for (int i = 0; i < n; i++) {
        read_section(m, config, names[i]);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return true;
}

/* ---- the stores ---- */

static struct known_study *know(struct report_memory *m, const char *name)
{
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->studies[i].name, name) == 0)
            return &m->studies[i];
    m->studies = xrealloc(m->studies, (size_t)(m->n + 1) * sizeof *m->studies);
    struct known_study *k = &m->studies[m->n++];
    *k = (struct known_study){.at = -1};
    str_append(k->name, sizeof k->name, 0, "%s", name);
    return k;
}

static void read_study(const struct report_memory *m, const char *runs, struct known_study *k)
{
    struct study_reading r;
    struct err err = {0};
    bool ok = report_study_read(runs, k->name, 0, &r, &err);
    k->trouble[0] = '\0';
    if (err.code == ERR_BUSY) { /* what was known stays */
        k->kept = false;
        return;
    }
    report_row_release(&k->row);
    k->at = ok && r.params.dataset == DATASET_CIFAR10 ? r.row : -1;
    if (k->at >= 0)
        report_row_fill(k->name, &r, m->protocol[k->at], &k->row);
    if (!ok && err.code != ERR_IO && err.code != ERR_STATE) /* those: nothing in it yet */
        str_append(k->trouble, sizeof k->trouble, 0, "%s", err.msg);
    if (ok)
        report_study_release(&r);
}

static void look_at(struct report_memory *m, const char *runs, const char *name, bool anew)
{
    char *path = xstrfmt("%s/%s/study.db", runs, name), *log = xstrfmt("%s-wal", path);
    struct stamp db = stamp_of(path), wal = stamp_of(log);
    free(path);
    free(log);
    if (db.inode == 0)
        return;
    struct known_study *k = know(m, name);
    k->seen = true;
    if (k->kept && !anew && same(&db, &k->db) && same(&wal, &k->wal))
        return;
    k->db = db;
    k->wal = wal;
    k->kept = settled(&db) && settled(&wal);
    read_study(m, runs, k);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct known_study *)a)->name, ((const struct known_study *)b)->name);
}

static void look_through(struct report_memory *m, const char *runs, bool anew)
{
    DIR *d = opendir(runs);
    struct dirent *e;
    int n = 0;
    for (int i = 0; i < m->n; i++)
        m->studies[i].seen = false;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && strlen(e->d_name) < sizeof m->studies->name)
            look_at(m, runs, e->d_name, anew);
    if (d)
        closedir(d);
    for (int i = 0; i < m->n; i++) /* what is gone is forgotten */
        if (m->studies[i].seen)
            m->studies[n++] = m->studies[i];
        else
            report_row_release(&m->studies[i].row);
    m->n = n;
    if (n > 0)
        qsort(m->studies, (size_t)n, sizeof *m->studies, by_name);
}

/* ---- the choice ---- */

/* Whether the row has room for one more. */
static bool add_name(struct report_survey *s, int row, const char *study, bool begun)
{
    int n = s->n[row];
    for (int i = 0; i < n; i++)
        if (strcmp(s->name[row][i], study) == 0)
            return false;
    if (n == REPORT_STUDIES)
        return false;
    s->name[row][n][0] = '\0';
    str_append(s->name[row][n], sizeof s->name[row][n], 0, "%s", study);
    s->begun[row][n] = begun;
    s->n[row]++;
    return true;
}

/* How much a study is wanted for its row; the runs it has settle the rest. */
static int rank(const char *study, const char *chosen, int row)
{
    return strcmp(study, chosen) == 0 ? 2 : strcmp(study, paper_rows[row].study) == 0 ? 1 : 0;
}

static bool is_better(const struct report_row *a, const struct report_row *b, const char *chosen, int row)
{
    int x = rank(a->study, chosen, row), y = b ? rank(b->study, chosen, row) : -1;
    return x != y ? x > y : a->n > b->n;
}

static void choose(const struct report_memory *m, int at, const char *chosen, struct report_row *to,
                   struct report_survey *s)
{
    const struct report_row *best = NULL;
    const char *empty = NULL;
    for (int i = 0; i < m->n; i++) {
        const struct known_study *k = &m->studies[i];
        if (k->at == at && add_name(s, at, k->name, true) && is_better(&k->row, best, chosen, at))
            best = &k->row;
    }
    for (int i = 0; i < m->n_sections; i++)
        if (m->sections[i].at == at && add_name(s, at, m->sections[i].name, false) &&
            strcmp(m->sections[i].name, chosen) == 0)
            empty = chosen;
    if (best && !empty) {
        *to = *best;
        to->settings = xstrdup(best->settings);
        to->differences = xstrdup(best->differences);
    }
    str_append(s->fills[at], sizeof s->fills[at], 0, "%s",
               to->study[0] ? to->study
               : empty      ? empty
                            : paper_rows[at].study);
}

void report_survey(struct report_memory *m, const char *runs, const char *config, const char chosen[REPORT_ROWS][64],
                   struct report *to, struct report_survey *s)
{
    *to = (struct report){0};
    *s = (struct report_survey){0};
    bool anew = read_config(m, config); /* the protocol may be another */
    look_through(m, runs, anew);
    for (int i = 0; i < REPORT_ROWS; i++)
        choose(m, i, chosen[i], &to->rows[i], s);
    for (int i = 1; i < REPORT_ROWS; i++)
        if (paper_rows[i].table == 1)
            report_compare(to, i);
    str_append(s->trouble, sizeof s->trouble, 0, "%s", m->trouble);
    for (int i = 0; i < m->n && !s->trouble[0]; i++)
        str_append(s->trouble, sizeof s->trouble, 0, "%s", m->studies[i].trouble);
}
