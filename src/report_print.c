/* report: the two tables as text, Markdown, LaTeX and CSV. A table is first filled into cells, all text; then a format only
 * sets the cells and the notes below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { COLUMNS_MAX = 12, NOTES_MAX = 32 };

struct sheet {
    char title[160];
    int columns, rows;
    char cell[REPORT_ROWS + 1][COLUMNS_MAX][64]; /* row 0: the head */
    int notes;
    char *note[NOTES_MAX];
};

/* ---- filling ---- */

static void note(struct sheet *s, char *text)
{
    if (s->notes < NOTES_MAX)
        s->note[s->notes++] = text;
    else
        free(text);
}

static void release(struct sheet *s)
{
    for (int i = 0; i < s->notes; i++)
        free(s->note[i]);
}

static void set(struct sheet *s, int row, int *column, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void set(struct sheet *s, int row, int *column, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(s->cell[row][*column], sizeof s->cell[row][*column], fmt, args);
    va_end(args);
    (*column)++;
}

static void set_measured(struct sheet *s, int row, int *column, const struct report_row *r)
{
    for (int i = 0; i < 3; i++)
        if (i < r->n)
            set(s, row, column, "%.2f", r->accuracy[i]);
        else
            set(s, row, column, "-");
    if (r->n > 1)
        set(s, row, column, "%.2f +- %.2f", r->mean, r->sd);
    else if (r->n == 1)
        set(s, row, column, "%.2f", r->mean);
    else
        set(s, row, column, "-");
}

char *report_notes(const struct report *r, int at)
{
    const struct paper_row *p = &paper_rows[at];
    const struct report_row *m = &r->rows[at];
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return xstrdup("");
    if (m->n == 0 && m->study[0])
        fprintf(f, "no test accuracy yet; go on with `fsplab run %s`\n", m->study);
    else if (m->n == 0)
        fprintf(f, "not measured; `fsplab run %s`\n", p->study);
    if (m->n > 3)
        fprintf(f, "the mean is of %d runs, three are shown\n", m->n);
    if (r->gain[at].n > 0)
        fprintf(f, "%+.2f +- %.2f points to no transfer over %d equal seeds, two-sided p %.2g (paired t)\n",
                r->gain[at].mean, r->gain[at].sd, r->gain[at].n, r->gain[at].p);
    if (r->gain[at].n > 0 && r->gain[at].unequal[0])
        fprintf(f, "that compares unlike with unlike, since no transfer (in parentheses) has otherwise: %s\n",
                r->gain[at].unequal);
    if (m->n > 0 && m->on_test)
        fprintf(f, "chosen on the test set (select = test), as in the paper\n");
    if (m->study[0] && m->differences[0])
        fprintf(f, "study %s has otherwise than the paper's protocol: %s\n", m->study, m->differences);
    fclose(f);
    return text;
}

static void add_notes(struct sheet *s, const struct report *r, int at)
{
    char *all = report_notes(r, at), *save = NULL;
    for (char *line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        note(s, xstrfmt("%s: %s", paper_rows[at].label, line));
    free(all);
}

static void fill(struct sheet *s, const struct report *r, int table)
{
    int c = 0;
    *s = (struct sheet){0};
    snprintf(s->title, sizeof s->title, "Table %d. CIFAR-10 test accuracy in per cent%s", table,
             table == 1 ? ", by run" : ", by search; cost of all searches");
    for (int i = -1; i < 8; i++)
        set(s, 0, &c, "%s", (const char *[]){"", "1", "2", "3", "mean", "paper 1", "2", "3", "mean"}[i + 1]);
    if (table == 2)
        for (int i = 0; i < 3; i++)
            set(s, 0, &c, "%s", (const char *[]){"trials", "seconds", "paper s"}[i]);
    s->columns = c;
    for (int i = 0; i < REPORT_ROWS; i++) {
        const struct paper_row *p = &paper_rows[i];
        const struct report_row *m = &r->rows[i];
        if (p->table != table)
            continue;
        int row = ++s->rows;
        c = 0;
        set(s, row, &c, "%s", p->label);
        set_measured(s, row, &c, m);
        for (int k = 0; k < 3; k++)
            set(s, row, &c, "%.2f", p->published[k]);
        set(s, row, &c, "%.2f", p->published_mean);
        if (table == 2 && m->trials > 0) {
            set(s, row, &c, "%d", m->trials);
            set(s, row, &c, "%.0f", m->seconds);
        } else if (table == 2) {
            set(s, row, &c, "-");
            set(s, row, &c, "-");
        }
        if (table == 2)
            set(s, row, &c, "%.0f", p->published_seconds);
        add_notes(s, r, i);
    }
}

/* ---- setting ---- */

static void print_text(FILE *f, const struct sheet *s)
{
    int width[COLUMNS_MAX] = {0};
    for (int c = 0; c < s->columns; c++)
        for (int r = 0; r <= s->rows; r++)
            if ((int)strlen(s->cell[r][c]) > width[c])
                width[c] = (int)strlen(s->cell[r][c]);
    fprintf(f, "%s\n\n", s->title);
    for (int r = 0; r <= s->rows; r++) {
        for (int c = 0; c < s->columns; c++)
            fprintf(f, c == 0 ? "%-*s" : c == 5 || c == 9 ? "  | %*s" : "  %*s", width[c], s->cell[r][c]);
        fprintf(f, "\n");
    }
    for (int i = 0; i < s->notes; i++)
        fprintf(f, "%s- %s\n", i == 0 ? "\n" : "", s->note[i]);
    fprintf(f, "\n");
}

static void print_markdown(FILE *f, const struct sheet *s)
{
    fprintf(f, "**%s**\n\n", s->title);
    for (int r = 0; r <= s->rows; r++) {
        for (int c = 0; c < s->columns; c++)
            fprintf(f, "| %s ", s->cell[r][c]);
        fprintf(f, "|\n");
        for (int c = 0; r == 0 && c < s->columns; c++)
            fprintf(f, c == 0 ? "|---" : "|---:");
        if (r == 0)
            fprintf(f, "|\n");
    }
    for (int i = 0; i < s->notes; i++)
        fprintf(f, "%s- %s\n", i == 0 ? "\n" : "", s->note[i]);
    fprintf(f, "\n");
}

static void print_latex_text(FILE *f, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (strncmp(p, "+- ", 3) == 0) {
            fputs("$\\pm$ ", f);
            p += 2;
        } else if (*p == '`') {
            fputs("\\texttt{", f);
            for (p++; *p && *p != '`'; p++)
                fputs(*p == '_' ? "\\_" : (char[]){*p, 0}, f);
            fputs("}", f);
        } else if (strchr("_%&#$", *p)) {
            fprintf(f, "\\%c", *p);
        } else {
            fputc(*p, f);
        }
    }
}

static void print_latex(FILE *f, const struct sheet *s)
{
    fprintf(f, "\\begin{table}\n\\caption{");
    print_latex_text(f, strchr(s->title, '.') + 2);
    fprintf(f, "}\n\\begin{tabular}{l");
    for (int c = 1; c < s->columns; c++)
        fputs(c == 5 || c == 9 ? "|r" : "r", f);
    fprintf(f, "}\n\\hline\n");
    for (int r = 0; r <= s->rows; r++) {
        for (int c = 0; c < s->columns; c++) {
            fputs(c > 0 ? " & " : "", f);
            print_latex_text(f, s->cell[r][c]);
        }
        fprintf(f, " \\\\\n%s", r == 0 || r == s->rows ? "\\hline\n" : "");
    }
    fprintf(f, "\\end{tabular}\n");
    for (int i = 0; i < s->notes; i++) {
        fputs(i == 0 ? "\n\\footnotesize " : "\\\\\n", f);
        print_latex_text(f, s->note[i]);
    }
    fprintf(f, "\n\\end{table}\n\n");
}

static void print_number(FILE *f, const char *format, double v)
{
    fputc(',', f);
    if (!isnan(v))
        fprintf(f, format, v);
}

static void print_csv(FILE *f, const struct report *r)
{
    fprintf(
        f, "table,row,study,run1,run2,run3,runs,mean,sd,published1,published2,published3,published_mean,trials,seconds,"
           "teacher_seconds,published_seconds,selected_on_test,gain,gain_sd,gain_seeds,gain_p,differences\n");
    for (int i = 0; i < REPORT_ROWS; i++) {
        const struct paper_row *p = &paper_rows[i];
        const struct report_row *m = &r->rows[i];
        bool compared = r->gain[i].n > 0;
        fprintf(f, "%d,\"%s\",%s", p->table, p->label, m->study);
        for (int k = 0; k < 3; k++)
            print_number(f, "%.4f", k < m->n ? m->accuracy[k] : NAN);
        fprintf(f, ",%d", m->n);
        print_number(f, "%.4f", m->n > 0 ? m->mean : NAN);
        print_number(f, "%.4f", m->n > 1 ? m->sd : NAN);
        for (int k = 0; k < 3; k++)
            print_number(f, "%.2f", p->published[k]);
        print_number(f, "%.2f", p->published_mean);
        fprintf(f, ",%d", m->trials);
        print_number(f, "%.1f", m->trials > 0 ? m->seconds : NAN);
        print_number(f, "%.1f", m->trials > 0 ? m->teacher_seconds : NAN);
        print_number(f, "%.0f", p->published_seconds > 0 ? p->published_seconds : NAN);
        fprintf(f, ",%s", !m->study[0] ? "" : m->on_test ? "1" : "0");
        print_number(f, "%.4f", compared ? r->gain[i].mean : NAN);
        print_number(f, "%.4f", compared ? r->gain[i].sd : NAN);
        print_number(f, "%.0f", compared ? r->gain[i].n : NAN);
        print_number(f, "%.4g", compared ? r->gain[i].p : NAN);
        fprintf(f, ",\"%s\"\n", m->differences ? m->differences : "");
    }
}

void report_print(FILE *f, const struct report *r, enum report_format format)
{
    static void (*const print[])(FILE *, const struct sheet *) = {
        [REPORT_TEXT] = print_text, [REPORT_MARKDOWN] = print_markdown, [REPORT_LATEX] = print_latex};
    if (format == REPORT_CSV) {
        print_csv(f, r);
        return;
    }
    for (int table = 1; table <= 2; table++) {
        struct sheet s;
        fill(&s, r, table);
        print[format](f, &s);
        release(&s);
    }
}
