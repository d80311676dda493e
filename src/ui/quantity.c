/* A value is read by a function of its own, so that gauges and histories are rows of tables. Bytes are counted in powers of
 * 1024 and say so (GiB); every number keeps two or three digits that mean something. */
#include "quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

static double one(const struct device_sample *s, int gpu)
{
    (void)s, (void)gpu;
    return 1;
}

static double hundred(const struct device_sample *s, int gpu)
{
    (void)s, (void)gpu;
    return 100;
}

#define READ(name, expression)                                                                                         \
    static double name(const struct device_sample *s, int gpu)                                                         \
    {                                                                                                                  \
        (void)gpu;                                                                                                     \
        return expression;                                                                                             \
    }
READ(images, s->images_per_second)
READ(gpu_use, s->gpu[gpu].utilization)
READ(gpu_memory, s->gpu[gpu].memory_used)
READ(gpu_memory_whole, s->gpu[gpu].memory_total)
READ(gpu_power, s->gpu[gpu].power)
READ(gpu_power_limit, s->gpu[gpu].power_limit)
READ(gpu_temperature, s->gpu[gpu].temperature)
READ(gpu_clock, s->gpu[gpu].clock_sm)
READ(machine_cpu, s->proc.machine_cpu)
READ(study_cpu, s->proc.cpu)
READ(cores, s->proc.cores > 0 ? s->proc.cores : NAN)
READ(study_memory, s->proc.rss)
READ(machine_memory, s->proc.machine_memory_used)
READ(machine_memory_whole, s->proc.machine_memory_total)
READ(threads, s->proc.threads >= 0 ? s->proc.threads : NAN)
#undef READ

/* ---- tables ---- */

/* clang-format off */
static const struct quantity
    speed = {"Images/s", "images/s", ROLE_CURVE3, UNIT_IMAGES, images, NULL, false},
    use = {"GPU", "GPU", ROLE_CURVE1, UNIT_PERCENT, gpu_use, one, false},
    memory = {"Memory", "memory", ROLE_CURVE4, UNIT_BYTES, gpu_memory, gpu_memory_whole, false},
    power = {"Power", "power", ROLE_CURVE5, UNIT_WATT, gpu_power, gpu_power_limit, false},
    temperature = {"Temperature", "temp", ROLE_CURVE2, UNIT_CELSIUS, gpu_temperature, hundred, false},
    clock_sm = {"Clock", "clock", ROLE_CURVE6, UNIT_MHZ, gpu_clock, NULL, false},
    cpu = {"CPU, machine", "CPU", ROLE_CURVE1, UNIT_PERCENT, machine_cpu, one, false},
    own_cpu = {"CPU, study", "study", ROLE_CURVE6, UNIT_CORES, study_cpu, cores, false},
    own_memory = {"Memory, study", "RSS", ROLE_CURVE4, UNIT_BYTES, study_memory, machine_memory_whole, true},
    ram = {"Memory, machine", "machine", ROLE_CURVE5, UNIT_BYTES, machine_memory, machine_memory_whole, false},
    own_threads = {"Threads", "threads", ROLE_CURVE2, UNIT_COUNT, threads, NULL, false};
static const struct quantity
    *const gpu_gauges[] = {&use, &memory, &power, &temperature, &clock_sm, &own_cpu, &own_memory},
    *const cpu_gauges[] = {&cpu, &own_cpu, &own_memory, &ram, &own_threads},
    *const gpu_histories[] = {&speed, &use, &power, &memory, &temperature, &clock_sm, &own_cpu},
    *const cpu_histories[] = {&speed, &cpu, &own_cpu, &own_memory, &own_threads};
/* clang-format on */

const struct quantity *const *quantity_gauges(bool gpu, int *n)
{
    *n = gpu ? (int)ARRAY_LEN(gpu_gauges) : (int)ARRAY_LEN(cpu_gauges);
    return gpu ? gpu_gauges : cpu_gauges;
}

const struct quantity *const *quantity_histories(bool gpu, int *n)
{
    *n = gpu ? (int)ARRAY_LEN(gpu_histories) : (int)ARRAY_LEN(cpu_histories);
    return gpu ? gpu_histories : cpu_histories;
}

enum theme_role quantity_role(const struct quantity *q, double part)
{
    if (q->unit == UNIT_CELSIUS && part >= 0.8)
        return part >= 0.9 ? ROLE_BAD : ROLE_WARN;
    return q->unit == UNIT_BYTES && part >= 0.95 ? ROLE_WARN : q->role;
}

/* ---- notes ---- */

/* What does not fit into the room is left out as a whole. */
static void note_add(char *note, size_t cap, int room, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void note_add(char *note, size_t cap, int room, const char *fmt, ...)
{
    char text[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *comma = *note ? ", " : "";
    if (text_width(note) + text_width(comma) + text_width(text) <= room)
        str_append(note, cap, strlen(note), "%s%s", comma, text);
}

void quantity_note(const struct quantity *q, const struct device_sample *d, int gpu, const struct look *l, char *note,
                   size_t cap, int room)
{
    const struct gpu_info *g = gpu >= 0 ? &d->gpu[gpu] : NULL;
    char a[32];
    note[0] = 0;
    if ((q == &memory || q == &ram || q == &power) && !isnan(q->whole(d, gpu))) {
        figure_text(q->unit, q->whole(d, gpu), l, a, sizeof a);
        note_add(note, cap, room, "of %s", a);
    }
    if (q == &memory && !isnan(g->process_memory)) {
        figure_text(UNIT_BYTES, g->process_memory, l, a, sizeof a);
        note_add(note, cap, room, "study %s", a);
    }
    if (q == &use && !isnan(g->memory_utilization))
        note_add(note, cap, room, "memory busy %.0f %%", 100 * g->memory_utilization);
    if (q == &clock_sm && !isnan(g->clock_memory)) {
        figure_text(UNIT_MHZ, g->clock_memory, l, a, sizeof a);
        note_add(note, cap, room, "memory %s", a);
    }
    if (q == &cpu && !isnan(d->proc.load1))
        note_add(note, cap, room, "load %.2f", d->proc.load1);
    if (q == &own_cpu && d->proc.cores > 0)
        note_add(note, cap, room, "of %d", d->proc.cores);
    if (q == &own_cpu && g && d->proc.threads >= 0)
        note_add(note, cap, room, "%d thread%s", d->proc.threads, d->proc.threads == 1 ? "" : "s");
    if (q == &own_memory && !isnan(d->proc.rss_peak)) {
        figure_text(UNIT_BYTES, d->proc.rss_peak, l, a, sizeof a);
        note_add(note, cap, room, "peak %s", a);
    }
}

/* ---- figures ---- */

static struct figure bytes_figure(double v)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    struct figure f;
    size_t u = 0;
    while (v >= 1000 && u + 1 < ARRAY_LEN(units))
        v /= 1024, u++;
    snprintf(f.number, sizeof f.number, "%.*f", u > 2 && v < 99.95 ? 1 : 0, v);
    snprintf(f.unit, sizeof f.unit, "%s", units[u]);
    return f;
}

struct figure figure_of(enum unit unit, double v, const struct look *l)
{
    static const struct {
        const char *name, *ascii;
        int decimals;
        double scale;
    } units[] = {
        [UNIT_PERCENT] = {"%", "%", 0, 100},     [UNIT_WATT] = {"W", "W", 0, 1},
        [UNIT_CELSIUS] = {"°C", "C", 0, 1},      [UNIT_MHZ] = {"MHz", "MHz", 0, 1},
        [UNIT_CORES] = {"cores", "cores", 2, 1}, [UNIT_COUNT] = {"", "", 0, 1},
        [UNIT_IMAGES] = {"", "", 0, 1},
    };
    struct figure f = {"N/A", ""};
    if (isnan(v))
        return f;
    if (unit == UNIT_BYTES)
        return bytes_figure(v);
    int decimals = unit == UNIT_IMAGES && v < 99.95      ? 1
                   : unit == UNIT_CORES && v == floor(v) ? 0
                                                         : units[unit].decimals;
    snprintf(f.number, sizeof f.number, "%.*f", decimals, v * units[unit].scale);
    snprintf(f.unit, sizeof f.unit, "%s", look_ascii(l) ? units[unit].ascii : units[unit].name);
    return f;
}

void figure_text(enum unit unit, double v, const struct look *l, char *buf, size_t cap)
{
    struct figure f = figure_of(unit, v, l);
    str_append(buf, cap, 0, "%s%s%s", f.number, f.unit[0] ? " " : "", f.unit);
}

void figure_seconds(double s, const struct look *l, char *buf, size_t cap)
{
    if (isnan(s))
        str_append(buf, cap, 0, "N/A");
    else if (s < 0.0009995)
        str_append(buf, cap, 0, "%.0f %s", s * 1e6, look_ascii(l) ? "us" : "µs");
    else if (s < 0.9995)
        str_append(buf, cap, 0, "%.*f ms", s < 0.09995 ? 1 : 0, s * 1e3);
    else
        str_append(buf, cap, 0, "%.*f s", s < 99.995 ? 2 : 0, s);
}

/* Decimal numbers go through a dozen steps a power of ten; bytes through powers of two and three quarters of one. */
double figure_round_up(double v, enum unit unit)
{
    static const double decimal[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    if (!(v > 0))
        return 1;
    if (unit == UNIT_BYTES) {
        double two = exp2(ceil(log2(v)));
        return v <= 0.75 * two ? 0.75 * two : two;
    }
    double ten = pow(10, floor(log10(v)));
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(decimal) && v > decimal[i] * ten)
        i++;
    return decimal[i] * ten;
}
