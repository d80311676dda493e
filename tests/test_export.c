/* What screens write into files: PNGs read back with libpng, CSVs with a reader of their own, SVGs with a small check of their
 * form, all against the model's and the belief's numbers. */
#include <dirent.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/io/fsutil.h"
#include "../src/ui/belief.h"
#include "../src/ui/export.h"
#include "../src/ui/run_curves.h"
#include "../src/ui/search_scene.h"
#include "scratch.h"
#include "ui_fixture.h"

static struct model m;
static struct ui u;
static char *dir, path[640];

static void open_on(const struct view *view)
{
    ui_model(&m);
    ui_open(&u, view, &m);
    dir = scratch_new();
}

static void close_all(void)
{
    ui_close(&u);
    model_release(&m);
    scratch_remove(dir);
}

static bool export_to(const char *name, struct err *err)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    *err = (struct err){0};
    return export_write(u.view, u.self, &u.context, path, err);
}

static char *export_text(const char *name)
{
    struct err err;
    void *text;
    size_t n;
    if (!export_to(name, &err))
        fail_msg("%s", err.msg);
    assert_true(fs_read_whole(path, 1 << 26, &text, &n, &err));
    return text;
}

/* ---- a reader of CSVs ---- */

enum { FIELDS = 40 };
struct csv {
    char *at, *comments; /* comments: all lines with a # */
    int n;
    char *field[FIELDS], memory[4096];
};

/* The next row that is no comment; false at the end. Quoted fields may hold commas, quotes and line ends. */
static bool csv_row(struct csv *c)
{
    char *to = c->memory;
    while (*c->at == '#')
        c->at += strcspn(c->at, "\n") + 1;
    if (!*c->at)
        return false;
    for (c->n = 0;; c->n++) {
        bool quoted = *c->at == '"';
        c->at += quoted;
        c->field[c->n] = to;
        for (; quoted ? !(c->at[0] == '"' && c->at[1] != '"') : !strchr(",\n", *c->at); *to++ = *c->at++)
            c->at += quoted && c->at[0] == '"';
        *to++ = 0;
        c->at += quoted;
        if (*c->at++ == '\n') {
            c->n++;
            return true;
        }
    }
}

static double number(const char *field)
{
    char *end;
    double v = *field ? strtod(field, &end) : NAN;
    assert_true(!*field || !*end);
    return v;
}

/* ---- a small check of an SVG's form ---- */

static void check_svg(const char *text)
{
    char open[16][32];
    int depth = 0;
    const char *p = strstr(text, "<svg");
    assert_non_null(p);
    assert_true(strncmp(text, "<?xml", 5) == 0);
    for (; *p; p++) {
        assert_true((unsigned char)*p >= ' ' || *p == '\n');
        if (*p == '&') {
            size_t n = strcspn(p, ";");
            assert_true(n < 6 && (strncmp(p, "&lt;", 4) == 0 || strncmp(p, "&gt;", 4) == 0 ||
                                  strncmp(p, "&amp;", 5) == 0 || strncmp(p, "&quot;", 6) == 0));
        }
        if (*p != '<')
            continue;
        const char *end = strchr(p, '>');
        assert_non_null(end);
        assert_null(memchr(p + 1, '<', (size_t)(end - p - 1)));
        size_t n = strcspn(p + 1 + (p[1] == '/'), " >/");
        if (p[1] == '/') {
            assert_true(depth-- > 0 && strlen(open[depth]) == n && strncmp(open[depth], p + 2, n) == 0);
        } else if (end[-1] != '/') {
            assert_true(depth < 16);
            snprintf(open[depth++], 32, "%.*s", (int)n, p + 1);
        }
        int quotes = 0;
        for (const char *q = p; q < end; q++)
            quotes += *q == '"';
        assert_true(quotes % 2 == 0);
        p = end;
    }
    assert_int_equal(depth, 0);
}

static uint8_t *read_png(int *w, int *h)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        fail_msg("%s: %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    *w = (int)image.width, *h = (int)image.height;
    uint8_t *v = xmalloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, v, 0, NULL));
    return v;
}

/* ---- Run ---- */

/* Points of a curve in the order of the file, against what the plot has. */
static void check_curves(const char *text, bool recent, int smooth)
{
    struct csv c = {.at = (char *)(uintptr_t)text};
    struct look look = sheet_look();
    const struct run_look how = {.recent = recent, .smooth = smooth, .cursor = NAN};
    struct run_plot p;
    run_plot_make(&p, &m, &look, &how, "transfer", RUN_LOSSES);
    struct plot_ends e = plot_ends(&p.plot);
    assert_true(csv_row(&c));
    assert_string_equal(c.field[0], "plot");
    assert_string_equal(c.field[2], "step");
    int rows = 0;
    for (int k = 0; k < p.plot.n_curves; k++) {
        const struct plot_curve *curve = &p.plot.curves[k];
        double weight = run_smoothing(smooth), mean = 0, mass = 0;
        for (int i = 0; i < curve->n; i++) {
            mean = weight * mean + (1 - weight) * curve->y[i];
            mass = weight * mass + 1 - weight;
            if (curve->x[i] < e.x_lo || curve->x[i] > e.x_hi)
                continue;
            assert_true(csv_row(&c));
            assert_int_equal(c.n, 4);
            assert_string_equal(c.field[0], "loss");
            assert_string_equal(c.field[1], curve->name);
            assert_true(number(c.field[2]) == curve->x[i]);
            double want = smooth ? mean / mass : curve->y[i];
            assert_true(fabs(number(c.field[3]) - want) <= 1e-12 * fabs(want));
            rows++;
        }
    }
    assert_true(rows == (recent ? 4 * 24 : 4 * 120)); /* the last fifth of 120 steps, both its ends in it */
    assert_true(csv_row(&c) == !recent);              /* what was changed, and paused: before the last fifth */
    if (!recent) {
        assert_string_equal(c.field[1], "lambda 0.012");
        assert_true(number(c.field[2]) == 60);
        assert_string_equal(c.field[3], "");
        assert_true(csv_row(&c) && number(c.field[2]) == 90 && !csv_row(&c));
    }
    run_plot_release(&p);
}

static void the_curves_are_those_that_are_drawn(void **state)
{
    struct request r;
    (void)state;
    open_on(&view_run);
    char *text = export_text("x.csv");
    assert_non_null(strstr(
        text, "# loss, transfer\n# study demo · trial 3 (lambda 0.01, transfer_lr 0.002512) · 2026-01-01 00:00 UTC\n"));
    check_curves(text, false, 0);
    free(text);
    ui_command(&u, CMD_SMOOTH, &r);
    text = export_text("x.csv");
    check_curves(text, false, 1);
    free(text);
    ui_command(&u, CMD_RANGE, &r);
    text = export_text("x.csv");
    check_curves(text, true, 1);
    free(text);
    close_all();
}

static void pictures_of_curves(void **state)
{
    struct err err;
    int w, h, sw, sh, ink = 0;
    (void)state;
    open_on(&view_run);
    str_append(m.study, sizeof m.study, 0, "a<b> & \"c\"");
    char *text = export_text("x.svg");
    check_svg(text);
    assert_non_null(strstr(text, "study a&lt;b&gt; &amp; &quot;c&quot;"));
    assert_non_null(strstr(text, "2026-01-01 00:00 UTC"));
    assert_int_equal(sscanf(strstr(text, "width="), "width=\"%d\" height=\"%d\"", &sw, &sh), 2);
    free(text);
    assert_true(export_to("x.png", &err));
    uint8_t *image = read_png(&w, &h);
    assert_true(w == sw && h == sh);
    rgb colour = look_style(&(struct look){.theme = theme_light}, ROLE_CURVE1).fg;
    for (int i = 0; i < w * h; i++)
        ink += image[3 * i] == colour >> 16 && image[3 * i + 1] == (colour >> 8 & 255) &&
               image[3 * i + 2] == (colour & 255);
    assert_true(ink > 500); /* the total's line */
    free(image);
    /* a stage without curves */
    str_append(m.sel.stage, sizeof m.sel.stage, 0, "finetune");
    assert_false(export_to("none.png", &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_int_not_equal(access(path, F_OK), 0);
    close_all();
}

/* ---- Search ---- */

static const struct belief_picture *picture(void)
{
    ui_believe(&u);
    for (int i = 0; i < 3; i++) /* of a cut the right size is known once it has been drawn */
        free(ui_text(&u, 200, 58));
    const struct belief_picture *p = belief_picture(u.context.belief);
    assert_true(p && p->complete && p->fitted && p->acquisition);
    return p;
}

static void the_map_equals_the_belief_at_every_cell(void **state)
{
    (void)state;
    open_on(&view_search);
    const struct belief_picture *p = picture();
    char *text = export_text("x.csv");
    struct csv c = {.at = text};
    assert_true(csv_row(&c));
    assert_string_equal(c.field[0], "lambda");
    assert_string_equal(c.field[1], "transfer_lr");
    for (int i = 0; i < p->rows; i++)
        for (int j = 0; j < p->columns; j++) {
            int at = i * p->columns + j;
            assert_true(csv_row(&c));
            assert_int_equal(c.n, 5);
            /* log 0.01 1 and log 0.0001 0.01, the high end of the rows first */
            double x = pow(10, -2 + 2 * (j + 0.5) / p->columns), y = pow(10, -2 - 2 * (i + 0.5) / p->rows);
            assert_true(fabs(number(c.field[0]) - x) < 1e-12 * x && fabs(number(c.field[1]) - y) < 1e-12 * y);
            assert_true((float)number(c.field[2]) == p->mean[at]);
            assert_true((float)number(c.field[3]) == p->sigma[at]);
            assert_true((float)number(c.field[4]) == p->acquisition[at]);
        }
    assert_false(csv_row(&c));
    free(text);
    close_all();
}

/* The middles of cells that no line, trial or number covers have the colours of their values: most of them. */
static void the_map_has_the_belief_s_colours(void **state)
{
    struct err err;
    int w, h, same = 0, side = 0, left = 0, top = 0;
    (void)state;
    open_on(&view_search);
    const struct belief_picture *p = picture();
    assert_true(export_to("x.png", &err));
    uint8_t *image = read_png(&w, &h);
    float lo = INFINITY, hi = -INFINITY;
    for (int i = 0; i < p->rows * p->columns; i++)
        lo = fminf(lo, p->mean[i]), hi = fmaxf(hi, p->mean[i]);
    /* the map begins where the first outline does: found by the colour of its top left cell */
    rgb first = colormap_rgb(COLORMAP_VIRIDIS, (double)((p->mean[0] - lo) / (hi - lo)));
    for (int i = 0; i < w * h && !left; i++)
        if ((image[3 * i] << 16 | image[3 * i + 1] << 8 | image[3 * i + 2]) == first)
            left = i % w, top = i / w;
    side = 420;
    for (int i = 0; i < p->rows; i++)
        for (int j = 0; j < p->columns; j++) {
            int x = left + (int)((j + 0.5) * side / p->columns), y = top + (int)((i + 0.5) * side / p->rows);
            const uint8_t *px = image + 3 * ((size_t)y * (size_t)w + (size_t)x);
            double t = ((double)p->mean[i * p->columns + j] - (double)lo) / ((double)hi - (double)lo);
            same += (px[0] << 16 | px[1] << 8 | px[2]) == colormap_rgb(COLORMAP_VIRIDIS, t);
        }
    if (same < p->rows * p->columns * 8 / 10)
        fail_msg("%d of %d cells have their colour", same, p->rows * p->columns);
    free(image);
    char *text = export_text("x.svg");
    check_svg(text);
    assert_non_null(strstr(text, "transfer_lr"));
    free(text);
    close_all();
}

static void a_picture_that_is_not_there_yet_is_not_written(void **state)
{
    struct err err;
    (void)state;
    open_on(&view_search);
    assert_false(export_to("x.csv", &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_int_not_equal(access(path, F_OK), 0);
    close_all();
}

static void a_cut_is_a_plot(void **state)
{
    (void)state;
    open_on(&view_search);
    m.settings.n_ranges = 1;
    for (int i = 0; i < m.n_trials; i++)
        m.trials[i].n_params = 1;
    picture();
    char *text = export_text("x.svg");
    check_svg(text);
    assert_non_null(strstr(text, "over log10 of lambda"));
    free(text);
    text = export_text("x.csv");
    assert_non_null(strstr(text, "\nlambda,mean,sigma,worth\n"));
    free(text);
    close_all();
}

/* ---- FSP, Device, Log ---- */

static void matrices_as_rows(void **state)
{
    (void)state;
    open_on(&view_fsp);
    char *text = export_text("x.csv");
    struct csv c = {.at = text};
    int rows = 0;
    assert_non_null(strstr(text, "# study demo · trial 3 · transfer step 120 · "));
    assert_true(csv_row(&c));
    for (; csv_row(&c); rows++) {
        const struct fsp_mats *p = &m.fsp.pair[(int)number(c.field[0]) - 1];
        int at = (int)number(c.field[2]) * p->n + (int)number(c.field[3]);
        float want = c.field[1][0] == 't' ? p->t[at] : c.field[1][0] == 's' ? p->s[at] : p->t[at] - p->s[at];
        assert_true((float)number(c.field[4]) == want);
    }
    assert_int_equal(rows, 3 * (16 * 16 + 16 * 32 + 32 * 64));
    free(text);
    text = export_text("x.svg");
    check_svg(text);
    free(text);
    close_all();
}

static void samples_as_rows(void **state)
{
    struct err err;
    int rows = 0, images = -1;
    (void)state;
    open_on(&view_device);
    char *text = export_text("x.csv");
    struct csv c = {.at = text};
    assert_true(csv_row(&c));
    for (int i = 0; i < c.n; i++)
        images = strstr(c.field[i], "[images/s]") ? i : images;
    assert_true(images > 0);
    for (; csv_row(&c); rows++) {
        assert_true(number(c.field[images]) == m.samples[rows].images_per_second);
        if (rows == 29) /* a second before the frame's time */
            assert_string_equal(c.field[0], "2025-12-31T23:59:59.000Z");
    }
    assert_int_equal(rows, 30);
    free(text);
    assert_false(export_to("x.png", &err));
    assert_non_null(strstr(err.msg, ".csv"));
    close_all();
}

static void events_as_rows(void **state)
{
    struct request r = {0};
    struct err err;
    (void)state;
    open_on(&view_log);
    str_append(m.events[1].text, sizeof m.events[1].text, 0, "a \"slow\" disk,\nand full");
    char *text = export_text("x.csv");
    struct csv c = {.at = text};
    assert_true(csv_row(&c));
    for (int i = 0; i < m.n_events; i++) {
        assert_true(csv_row(&c));
        assert_int_equal(c.n, 9);
        assert_true(number(c.field[1]) == m.events[i].trial);
        assert_string_equal(c.field[4], m.events[i].kind);
        assert_string_equal(c.field[8], m.events[i].text);
    }
    assert_false(csv_row(&c));
    assert_non_null(strstr(text, "1970-01-01T00:02:02.000Z,3,transfer,60,set,lambda,0.01,0.012,\n"));
    free(text);
    assert_true(u.view->typed(u.self, &u.context, "lambda", &r, &err));
    text = export_text("x.csv");
    assert_non_null(strstr(text, "1 events of 4, with lambda"));
    c.at = text;
    assert_true(csv_row(&c) && csv_row(&c) && !csv_row(&c));
    free(text);
    close_all();
}

static void trials_as_other_commands_read_them(void **state)
{
    struct err err;
    int rows = 0;
    (void)state;
    open_on(&view_trials);
    char *text = export_text("x.csv");
    assert_true(strncmp(text, "trial,state,seed,edited,lambda,transfer_lr,", 43) == 0); /* no head: import takes it */
    struct csv c = {.at = text};
    assert_true(csv_row(&c));
    for (; csv_row(&c); rows++)
        assert_true(fabs(number(c.field[4]) - model_trial(&m, (int)number(c.field[0]))->param_value[0]) < 1e-9);
    assert_int_equal(rows, m.n_trials);
    free(text);
    assert_false(export_to("x.svg", &err));
    assert_int_equal(err.code, ERR_USAGE);
    close_all();
}

/* ---- the file ---- */

static void a_file_is_whole_or_what_it_was(void **state)
{
    struct err err;
    struct stat st;
    (void)state;
    open_on(&view_run);
    snprintf(path, sizeof path, "%s/old.csv", dir);
    scratch_write(path, "old", 3);
    assert_false(export_to("no/such/folder.csv", &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "no such file or folder"));
    assert_false(export_to("x.pdf", &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.msg, ".png, .svg and .csv"));
    /* nothing to show: the old file stays */
    str_append(m.sel.stage, sizeof m.sel.stage, 0, "finetune");
    assert_false(export_to("old.csv", &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
    m.sel.stage[0] = 0;
    assert_true(export_to("old.csv", &err));
    /* no half file is left beside it */
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.' || strstr(e->d_name, ".tmp") != NULL;
    closedir(d);
    assert_true(n <= 2);
    close_all();
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curves_are_those_that_are_drawn),
        cmocka_unit_test(pictures_of_curves),
        cmocka_unit_test(the_map_equals_the_belief_at_every_cell),
        cmocka_unit_test(the_map_has_the_belief_s_colours),
        cmocka_unit_test(a_picture_that_is_not_there_yet_is_not_written),
        cmocka_unit_test(a_cut_is_a_plot),
        cmocka_unit_test(matrices_as_rows),
        cmocka_unit_test(samples_as_rows),
        cmocka_unit_test(events_as_rows),
        cmocka_unit_test(trials_as_other_commands_read_them),
        cmocka_unit_test(a_file_is_whole_or_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
