/* `fsplab report`: the paper's tables and figures from stores. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "cmd.h"
#include "io/fsutil.h"
#include "report.h"

static void help(void)
{
    puts(
        "usage: fsplab report [STUDY...] [--out DIR] [--markdown | --latex | --csv | --json] [-c FILE] [--runs DIR]\n"
        "\n"
        "Tables 1 and 2 of Kim & Bae (2020) with what has been measured beside what was published. Without a STUDY those of\n"
        "the paper's protocol are taken (table1-*, table2-*); named ones go to the row whose transfer they make, and what\n"
        "their protocol has otherwise is listed. A row that is missing says how to fill it. Accuracies are of the test set,\n"
        "mean +- standard deviation; seconds are of trials, without the teacher's training.\n"
        "\n"
        "--out DIR also writes report.txt, .md, .tex and .csv, and figures 3 (what nets cost) and 4 (what searches cost) as\n"
        "PNG and SVG.\n"
        "\n"
        "example: fsplab report short-res14 short-res26-res14 short-vgg26-res14 --out report");
}

/* ---- figures ---- */

static bool write_chart(const struct chart *c, const char *dir, const char *name, struct err *err)
{
    char *png = xstrfmt("%s/%s.png", dir, name), *svg = xstrfmt("%s/%s.svg", dir, name);
    bool ok = chart_png(c, png, err) && chart_svg(c, svg, err);
    free(png);
    free(svg);
    return ok;
}

static bool write_figure(const struct report *r, int figure, const char *dir, struct err *err)
{
    struct chart c;
    report_figure(r, figure, &c);
    return write_chart(&c, dir, figure == 3 ? "figure3" : "figure4", err);
}

/* ---- JSON ---- */

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *row_json(const struct report *r, int at)
{
    const struct paper_row *p = &paper_rows[at];
    const struct report_row *m = &r->rows[at];
    json_t *runs = json_array(), *published = json_array();
    for (int i = 0; i < m->n; i++)
        json_array_append_new(runs,
                              json_pack("{s:f, s:I}", "accuracy", m->accuracy[i], "seed", (json_int_t)m->seed[i]));
    for (int i = 0; i < 3; i++)
        json_array_append_new(published, json_real(p->published[i]));
    return json_pack(
        "{s:i, s:s, s:s*, s:o, s:o, s:o, s:o, s:f, s:i, s:f, s:f, s:o, s:b, s:s*, s:o}", "table", p->table, "row",
        p->label, "study", m->study[0] ? m->study : NULL, "runs", runs, "mean", number(m->n > 0 ? m->mean : NAN), "sd",
        number(m->n > 1 ? m->sd : NAN), "published", published, "published_mean", p->published_mean, "trials",
        m->trials, "seconds", m->seconds, "teacher_seconds", m->teacher_seconds, "published_seconds",
        number(p->published_seconds > 0 ? p->published_seconds : NAN), "selected_on_test", m->on_test, "differences",
        m->differences, "gain",
        r->gain[at].n == 0 ? json_null()
                           : json_pack("{s:i, s:f, s:o, s:o}", "seeds", r->gain[at].n, "mean", r->gain[at].mean, "sd",
                                       number(r->gain[at].sd), "p", number(r->gain[at].p)));
}

static void print_json(const struct report *r)
{
    json_t *all = json_array();
    for (int i = 0; i < REPORT_ROWS; i++)
        json_array_append_new(all, row_json(r, i));
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(8));
    puts(text);
    free(text);
    json_decref(all);
}

/* ---- files ---- */

static bool write_report(const struct report *r, const char *dir, const char *name, enum report_format format,
                         struct err *err)
{
    char *text = NULL, *path = xstrfmt("%s/%s", dir, name);
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    bool ok = f || err_set(err, ERR_IO, "cannot write '%s': out of memory", path);
    if (f) {
        report_print(f, r, format);
        fclose(f);
        ok = fs_write_whole(path, text, n, err);
    }
    free(text);
    free(path);
    return ok;
}

static bool write_all(const struct report *r, const char *dir, struct err *err)
{
    static const char *const names[] = {[REPORT_TEXT] = "report.txt",
                                        [REPORT_MARKDOWN] = "report.md",
                                        [REPORT_LATEX] = "report.tex",
                                        [REPORT_CSV] = "report.csv"};
    bool ok = fs_mkdirs(dir, err);
    for (int i = REPORT_TEXT; ok && i <= REPORT_CSV; i++)
        ok = write_report(r, dir, names[i], (enum report_format)i, err);
    return ok && write_figure(r, 3, dir, err) && write_figure(r, 4, dir, err);
}

int cmd_report(int argc, char **argv)
{
    struct cmd_options o;
    struct err err = {0};
    struct report report;
    const char *out = NULL, *studies[REPORT_ROWS];
    enum report_format format = REPORT_TEXT;
    int n = 0;
    bool ok = true;
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help)
        return help(), 0;
    for (int i = 1; ok && i < argc; i++) {
        if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
            out = argv[++i];
        else if (strcmp(argv[i], "--markdown") == 0)
            format = REPORT_MARKDOWN;
        else if (strcmp(argv[i], "--latex") == 0)
            format = REPORT_LATEX;
        else if (strcmp(argv[i], "--csv") == 0)
            format = REPORT_CSV;
        else if (argv[i][0] == '-')
            ok = err_set(&err, ERR_USAGE, "report: '%s' is not understood; see `fsplab report --help`", argv[i]);
        else if (n == REPORT_ROWS)
            ok = err_set(&err, ERR_USAGE, "report: '%s': the tables have %d rows, more studies are not taken", argv[i],
                         REPORT_ROWS);
        else
            studies[n++] = argv[i];
    }
    if (!ok || !report_collect(o.runs, o.config, studies, n, &report, &err))
        return cmd_fail(&o, &err);
    ok = !out || write_all(&report, out, &err);
    if (ok && o.json)
        print_json(&report);
    else if (ok)
        report_print(stdout, &report, format);
    report_release(&report);
    return ok ? 0 : cmd_fail(&o, &err);
}
