/* The Device screen, drawn from models filled by hand: as kept texts at four sizes, and by what must hold at any size.
 * With SHOW=1 in the environment the screens are printed in colour (SHOW=light: the light theme) for looking at. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/ui/view.h"
#include "golden.h"

static const double PI = 3.14159265358979323846;
static const double GIB = 1073741824.0, MIB = 1048576.0;

static struct model *m;
static struct look look;
static void *self;
static struct canvas canvas;

static int setup(void **state)
{
    (void)state;
    m = calloc(1, sizeof *m);
    look = (struct look){.theme = theme_dark, .depth = DEPTH_TRUE, .glyphs = GLYPHS_BRAILLE};
    self = calloc(1, view_device.state_size);
    canvas_init(&canvas, 1, 1);
    m->live.pid = -1;
    m->live.step_seconds = m->live.images_per_second = NAN;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    canvas_release(&canvas);
    free(self);
    free(m);
    return 0;
}

/* ---- models ---- */

static struct gpu_info no_gpu(void)
{
    return (struct gpu_info){"", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

static struct proc_info no_proc(void)
{
    return (struct proc_info){.cpu = NAN,
                              .rss = NAN,
                              .rss_peak = NAN,
                              .threads = -1,
                              .machine_cpu = NAN,
                              .machine_memory_used = NAN,
                              .machine_memory_total = NAN,
                              .cores = -1,
                              .load1 = NAN};
}

static struct device_sample *add_sample(double at)
{
    struct device_sample *s = &m->samples[(m->sample_first + m->n_samples) % DEVICE_SAMPLES];
    if (m->n_samples == DEVICE_SAMPLES)
        m->sample_first = (m->sample_first + 1) % DEVICE_SAMPLES;
    else
        m->n_samples++;
    *s = (struct device_sample){.at = at, .proc = no_proc(), .images_per_second = NAN};
    for (int i = 0; i < 4; i++)
        s->gpu[i] = no_gpu();
    m->now = at;
    return s;
}

static void add_part(const char *name, double seconds)
{
    str_append(m->live.part_name[m->live.n_parts], sizeof m->live.part_name[0], 0, "%s", name);
    m->live.part_seconds[m->live.n_parts++] = seconds;
}

static void study_runs(const char *device, double step)
{
    m->conn = CONN_LIVE;
    m->live.valid = true;
    m->live.pid = 4711;
    m->live.step_seconds = step;
    m->live.images_per_second = 128 / step;
    str_append(m->live.device, sizeof m->live.device, 0, "%s", device);
    str_append(m->live.stage, sizeof m->live.stage, 0, "transfer");
    str_append(m->live.state, sizeof m->live.state, 0, "running");
    add_part("data", 0.018 * step);
    add_part("teacher", 0.31 * step);
    add_part("forward", 0.214 * step);
    add_part("loss", 0.073 * step);
    add_part("backward", 0.335 * step);
    add_part("update", 0.021 * step);
}

/* Four minutes on two cores: a pause in the middle, memory that grows. */
static void on_cpu(void)
{
    study_runs("cpu", 0.142);
    for (int i = 0; i < 240; i++) {
        struct device_sample *s = add_sample(5000.5 + i);
        bool paused = i >= 110 && i < 130;
        double wave = sin(i * PI / 17);
        s->images_per_second = paused ? NAN : 880 + 40 * wave - (i % 60 < 4 ? 600 : 0);
        s->proc = (struct proc_info){.cpu = paused ? 0.02 : 1.93 + 0.04 * wave,
                                     .rss = (400 + i) * MIB,
                                     .rss_peak = (430 + i) * MIB,
                                     .threads = paused ? 4 : 5,
                                     .machine_cpu = paused ? 0.06 : 0.985 - 0.01 * wave,
                                     .machine_memory_used = 5.1 * GIB,
                                     .machine_memory_total = 15.6 * GIB,
                                     .cores = 2,
                                     .load1 = 1.92};
    }
    m->samples[0].proc.cpu = m->samples[0].proc.machine_cpu = NAN;
}

/* A quarter of an hour on the second of two GPUs. */
static void on_gpu(void)
{
    study_runs("cuda:1", 0.0061);
    m->n_gpus = 2;
    for (int i = 0; i < 890; i++) {
        struct device_sample *s = add_sample(7000.25 + i);
        double wave = sin(i * PI / 60);
        s->images_per_second = 20500 + 900 * wave;
        s->proc = (struct proc_info){.cpu = 1.04,
                                     .rss = 2.1 * GIB,
                                     .rss_peak = 2.4 * GIB,
                                     .threads = 9,
                                     .machine_cpu = 0.12,
                                     .machine_memory_used = 31 * GIB,
                                     .machine_memory_total = 126 * GIB,
                                     .cores = 16,
                                     .load1 = 1.4};
        s->gpu[0] =
            (struct gpu_info){"NVIDIA H100 80GB HBM3", 0, 0, 0.5 * GIB, 79.6 * GIB, 71, 700, 34, 345, 2619, NAN};
        s->gpu[1] = (struct gpu_info){
            "NVIDIA H100 80GB HBM3", 0.91 + 0.05 * wave,  0.38, 7.2 * GIB, 79.6 * GIB, 412 + 60 * wave, 700,
            fmin(61, 35 + i / 8.0),  i < 30 ? 345 : 1980, 2619, 6.9 * GIB};
    }
}

/* ---- drawing ---- */

static void draw_at(int w, int h)
{
    struct view_context ctx = {.model = m, .look = &look};
    canvas_resize(&canvas, w, h);
    view_device.draw(self, &ctx, &canvas, (struct rect){0, 0, w, h});
}

static bool command(enum command cmd)
{
    struct view_context ctx = {.model = m, .look = &look};
    struct request request = {0};
    return view_device.command(self, &ctx, cmd, &request);
}

static void kept(const char *what, int w, int h)
{
    char name[64];
    draw_at(w, h);
    char *text = canvas_to_text(&canvas);
    snprintf(name, sizeof name, "device-%s-%dx%d", what, w, h);
    golden_check(name, text);
    free(text);
}

/* Whether the screen has that text in some line. */
static bool shows(const char *what)
{
    char *text = canvas_to_text(&canvas);
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static void needs(const char *what)
{
    char *text = canvas_to_text(&canvas);
    if (!strstr(text, what))
        fail_msg("'%s' is not on the screen:\n%s", what, text);
    free(text);
}

static const int sizes[][2] = {{80, 22}, {100, 28}, {160, 43}, {200, 58}};

/* ---- as it was looked at ---- */

static void with_a_processor(void **state)
{
    (void)state;
    on_cpu();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        kept("cpu", sizes[i][0], sizes[i][1]);
}

static void with_gpus(void **state)
{
    (void)state;
    on_gpu();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        kept("gpu", sizes[i][0], sizes[i][1]);
}

static void with_nothing_known(void **state)
{
    (void)state;
    kept("nothing", 80, 22);
    struct device_sample *s = add_sample(100);
    (void)s;
    m->n_gpus = 1;
    kept("unknown", 80, 22);
}

/* ---- what is not known ---- */

/* No bare 0 may stand for what is not known: the only zeros are the bottoms of axes, and there are none without values. */
static void unknown_is_never_zero(void **state)
{
    (void)state;
    for (int gpus = 0; gpus <= 2; gpus++)
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            m->n_gpus = gpus;
            m->n_samples = 0;
            for (int k = 0; k < 3; k++)
                add_sample(10 + k);
            draw_at(sizes[i][0], sizes[i][1]);
            char *text = canvas_to_text(&canvas);
            int rows = 0;
            for (char *at = text; (at = strstr(at, "N/A")) != NULL; at++)
                rows++;
            assert_true(rows >= (gpus ? 10 : 8));
            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
                if (strstr(line, "GPU 0") || strstr(line, "GPUs"))
                    continue; /* its number */
                for (char *at = line; (at = strchr(at, '0')) != NULL; at++)
                    if (at == line || at[-1] < '1' || at[-1] > '9') /* "-60 s" may stand */
                        fail_msg("a zero: %s", line);
            }
            free(text);
        }
}

static void one_unknown_leaves_the_others(void **state)
{
    (void)state;
    on_gpu();
    struct device_sample *s = add_sample(8000);
    *s = m->samples[m->n_samples - 2];
    s->gpu[1].power = s->gpu[1].clock_sm = s->gpu[1].process_memory = s->gpu[1].power_limit = NAN;
    draw_at(80, 22);
    needs("Power           ──────");
    needs("   N/A\n");
    needs("of 79.6 GiB\n");
    needs("   N/A       memory 2619 MHz");
    needs("   94 %");
}

static void nothing_but_a_step_time(void **state)
{
    (void)state;
    on_cpu();
    m->live.n_parts = 0;
    draw_at(80, 22);
    needs(" 142 ms, 901 images/s");
    needs("N/A: not known how its time divides");
    m->live.step_seconds = m->live.images_per_second = NAN;
    draw_at(80, 22);
    needs("A step of transfer ─");
    needs(" N/A\n");
}

/* ---- what a step's time goes to ---- */

static void parts_add_up(void **state)
{
    (void)state;
    on_cpu();
    m->live.n_parts = 0;
    m->live.step_seconds = 2;
    add_part("teacher", 1);
    add_part("student", 0.5);
    draw_at(80, 22);
    needs("teacher  1.00 s  50 %");
    needs("student  500 ms  25 %");
    needs("other    500 ms  25 %"); /* what the parts leave */
    m->live.step_seconds = 1;       /* of another step than the parts: they count */
    draw_at(80, 22);
    needs("teacher  1.00 s  67 %");
    assert_false(shows("other"));
    m->live.n_parts = 0;
    for (int i = 0; i < 8; i++)
        add_part(i == 3 ? "big" : "p", i == 3 ? 0.3 : 0.05 + 0.001 * i);
    draw_at(40, 17);
    needs("big");
}

/* ---- time ---- */

/* The cells of a row from a column on that hold nothing. */
static int first_gap(int y, int from)
{
    for (int x = from; x < canvas.w; x++)
        if (canvas.cells[y * canvas.w + x].rune == ' ')
            return x;
    return -1;
}

static int row_with(const char *what)
{
    for (int y = 0; y < canvas.h; y++) {
        size_t n = strlen(what), k = 0;
        while (k < n && canvas.cells[y * canvas.w + (int)k].rune == (unsigned char)what[k])
            k++;
        if (k == n)
            return y;
    }
    fail_msg("no row begins with '%s'", what);
    return -1;
}

/* A moment of which nothing is known is at the same column in every history, and where the axis says it is. */
static void histories_share_their_time(void **state)
{
    (void)state;
    m->n_gpus = 1;
    for (int i = 0; i <= 300; i++) {
        struct device_sample *s = add_sample(1000 + i);
        if (i > 120 && i <= 180)
            continue;
        s->images_per_second = 900;
        s->proc.cpu = 2;
        s->proc.cores = 2;
        s->gpu[0].utilization = s->gpu[0].memory_used = s->gpu[0].memory_total = 1;
        s->gpu[0].power = s->gpu[0].power_limit = s->gpu[0].temperature = s->gpu[0].clock_sm = 100;
    }
    draw_at(125, 58);
    static const char *const rows[] = {"Images/s", "GPU", "Power", "Memory", "Temperature", "Clock", "CPU, study"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* In frames a label begins in column 2; the history is the last row with that label. */
        int row = -1;
        for (int y = 10; y < canvas.h; y++) {
            size_t k = 0;
            while (rows[i][k] && canvas.cells[y * canvas.w + 2 + (int)k].rune == (unsigned char)rows[i][k])
                k++;
            if (!rows[i][k])
                row = y;
        }
        assert_true(row > 0);
        /* 300 s in 96 columns of 3.125 s from column 27 on, beginning at a multiple of half of it: 1001.5625. Nothing is
         * known of 1120 to 1180, so columns 38 to 56 lie in it whole. */
        int x = first_gap(row + 1, 27), end = x;
        while (canvas.cells[(row + 1) * canvas.w + end].rune == ' ')
            end++;
        if (x != 27 + 38 || end != 27 + 57)
            fail_msg("the gap of %s is in columns %d to %d", rows[i], x, end);
    }
}

static void the_range_can_be_narrowed(void **state)
{
    (void)state;
    on_gpu();
    draw_at(80, 22);
    needs("Last 15 min");
    assert_true(command(CMD_RANGE));
    draw_at(80, 22);
    needs("Last 120 s");
    needs("-60 s");
    assert_true(command(CMD_RANGE));
    draw_at(80, 22);
    needs("Last 15 min");
    assert_false(command(CMD_ENTER));
}

/* The window is the whole ring, not what one would get from its first places. */
static void the_ring_goes_round(void **state)
{
    (void)state;
    for (int i = 0; i < DEVICE_SAMPLES + 50; i++)
        add_sample(i)->images_per_second = i < 60 ? 100000 : 900;
    draw_at(80, 22);
    assert_int_equal(m->sample_first, 50);
    needs("Last 15 min");
    needs("Images/s          100000"); /* ten of the fast ones are left */
    for (int i = 0; i < 20; i++)
        add_sample(DEVICE_SAMPLES + 50 + i)->images_per_second = 900;
    draw_at(80, 22);
    needs("Images/s            1000");
    assert_int_equal(row_with("Images/s") + 1, row_with("900"));
}

static void sparse_samples_join_and_long_gaps_do_not(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++)
        add_sample(100 + 10 * i)->images_per_second = 500; /* every ten seconds */
    draw_at(80, 22);
    int y = row_with("500"); /* the row below the label */
    assert_int_equal(first_gap(y, 25 + 8), -1);
    add_sample(100 + 600)->images_per_second = 500; /* eight minutes later */
    draw_at(80, 22);
    y = row_with("500");
    assert_true(first_gap(y, 25 + 15) > 0);
}

/* ---- several GPUs ---- */

static void the_study_s_gpu_is_shown_first(void **state)
{
    (void)state;
    on_gpu();
    draw_at(80, 22);
    needs("GPU 1: ");
    assert_true(command(CMD_DOWN));
    draw_at(80, 22);
    needs("GPU 0: ");
    needs("345 MHz");
    assert_true(command(CMD_UP));
    assert_true(command(CMD_UP));
    draw_at(80, 22);
    needs("GPU 0: ");
    assert_true(command(CMD_CANCEL));
    draw_at(80, 22);
    needs("GPU 1: ");
    m->n_gpus = 9; /* more than a sample has room for */
    m->live.device[5] = '7';
    draw_at(200, 58);
    needs("GPU 0: ");
    m->n_gpus = 1;
    assert_false(command(CMD_DOWN));
}

/* ---- any size ---- */

/* Draws into a part of a canvas filled with a mark, and sees that nothing else has changed. */
static void stays_inside(int w, int h)
{
    struct view_context ctx = {.model = m, .look = &look};
    struct rect r = {3, 2, w, h};
    struct style style = {0x123456, 0x654321, ATTR_REVERSE};
    canvas_resize(&canvas, w + 7, h + 5);
    canvas_fill(&canvas, (struct rect){0, 0, canvas.w, canvas.h}, '@', style);
    view_device.draw(self, &ctx, &canvas, r);
    for (int y = 0; y < canvas.h; y++)
        for (int x = 0; x < canvas.w; x++)
            if (!rect_has(r, x, y) && canvas.cells[y * canvas.w + x].rune != '@')
                fail_msg("%dx%d: something is drawn at %d, %d", w, h, x - r.x, y - r.y);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    for (int model = 0; model < 3; model++) {
        m->n_samples = m->n_gpus = m->live.n_parts = 0;
        m->live.device[0] = 0;
        if (model)
            model == 1 ? on_cpu() : on_gpu();
        for (int glyphs = GLYPHS_BRAILLE; glyphs <= GLYPHS_ASCII; glyphs++) {
            look.glyphs = (enum glyph_set)glyphs;
            for (int w = 0; w < 130; w += w < 30 ? 1 : 9)
                for (int h = 0; h < 50; h += h < 30 ? 1 : 7)
                    stays_inside(w, h);
        }
    }
}

static void a_small_screen_has_the_gauges(void **state)
{
    (void)state;
    on_cpu();
    draw_at(20, 5);
    char *text = canvas_to_text(&canvas);
    assert_string_equal(text,
                        "CPU        98 %\nstudy    1.94 cores\nRSS       639 MiB\nmachine   5.1 GiB\nthreads     5\n");
    free(text);
}

static void plain_terminals_get_plain_characters(void **state)
{
    (void)state;
    look.glyphs = GLYPHS_ASCII;
    look.depth = DEPTH_MONO;
    for (int gpu = 0; gpu < 2; gpu++) {
        m->n_samples = m->live.n_parts = 0;
        gpu ? on_gpu() : on_cpu();
        kept(gpu ? "ascii-gpu" : "ascii-cpu", 80, 22);
        draw_at(200, 58);
        for (int i = 0; i < canvas.w * canvas.h; i++)
            assert_true(canvas.cells[i].rune >= ' ' && canvas.cells[i].rune <= '~');
    }
}

static void blocks_stand_in_for_braille(void **state)
{
    (void)state;
    on_cpu();
    look.glyphs = GLYPHS_BLOCK;
    kept("block-cpu", 80, 22);
    for (int i = 0; i < canvas.w * canvas.h; i++)
        assert_false(canvas.cells[i].rune >= 0x2800 && canvas.cells[i].rune < 0x2900);
}

static void heat_is_a_warning(void **state)
{
    (void)state;
    on_gpu();
    static const struct {
        double degrees;
        enum theme_role role;
    } levels[] = {{79, ROLE_CURVE2}, {85, ROLE_WARN}, {93, ROLE_BAD}};
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        struct device_sample *s = &m->samples[m->n_samples - 1];
        s->gpu[1].temperature = levels[i].degrees;
        look.depth = DEPTH_8; /* one colour for the whole bar */
        draw_at(80, 22);
        const struct cell *c = &canvas.cells[row_with("Temperature") * canvas.w + 17];
        assert_int_equal(c->style.fg, look.theme.role[levels[i].role].fg);
    }
}

int main(void)
{
    const char *show = getenv("SHOW");
    if (show) {
        int w = atoi(getenv("W")), h = atoi(getenv("H"));
        setup(NULL);
        if (!strcmp(show, "light"))
            look.theme = theme_light;
        look.glyphs = (enum glyph_set)atoi(getenv("GLYPHS") ? getenv("GLYPHS") : "0");
        getenv("GPU") ? on_gpu() : on_cpu();
        draw_at(w, h);
        char *text = canvas_to_ansi(&canvas);
        fputs(text, stdout);
        free(text);
        return 0;
    }
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(with_a_processor),
        TEST(with_gpus),
        TEST(with_nothing_known),
        TEST(unknown_is_never_zero),
        TEST(one_unknown_leaves_the_others),
        TEST(nothing_but_a_step_time),
        TEST(parts_add_up),
        TEST(histories_share_their_time),
        TEST(the_range_can_be_narrowed),
        TEST(the_ring_goes_round),
        TEST(sparse_samples_join_and_long_gaps_do_not),
        TEST(the_study_s_gpu_is_shown_first),
        TEST(nothing_is_drawn_outside),
        TEST(a_small_screen_has_the_gauges),
        TEST(plain_terminals_get_plain_characters),
        TEST(blocks_stand_in_for_braille),
        TEST(heat_is_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
