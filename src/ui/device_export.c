/* Samples as they were taken, not the means of bins that the screen draws: these depend on its width. */
#include "device_export.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "quantity.h"

static const struct {
    const char *name;
    double factor;
} units[] = {
    [UNIT_PERCENT] = {"%", 100}, [UNIT_BYTES] = {"bytes", 1}, [UNIT_WATT] = {"W", 1}, [UNIT_CELSIUS] = {"deg C", 1},
    [UNIT_MHZ] = {"MHz", 1},     [UNIT_CORES] = {"cores", 1}, [UNIT_COUNT] = {"", 1}, [UNIT_IMAGES] = {"images/s", 1}};

enum { MOST = 32 };

/* Gauges and histories, each quantity once. */
static int columns_of(bool gpu, const struct quantity **column)
{
    int n = 0;
    for (int k = 0; k < 2; k++) {
        int many;
        const struct quantity *const *table = k ? quantity_histories(gpu, &many) : quantity_gauges(gpu, &many);
        for (int i = 0; i < many && n < MOST; i++) {
            bool there = false;
            for (int j = 0; j < n; j++)
                there |= column[j]->value == table[i]->value;
            if (!there)
                column[n++] = table[i];
        }
    }
    return n;
}

static void put_head(FILE *f, const struct quantity *const *column, int n)
{
    fputs("time,", f);
    for (int i = 0; i < n; i++) {
        char name[64];
        const char *unit = units[column[i]->unit].name;
        str_append(name, sizeof name, 0, *unit ? "%s [%s]" : "%s", column[i]->name, unit);
        csv_text(f, name, i + 1 < n ? ',' : '\n');
    }
}

bool device_export(struct sheet *s, const struct model *m, int gpu, double seconds, struct err *err)
{
    const struct quantity *column[MOST];
    int n = columns_of(gpu >= 0, column), shown = 0;
    char source[160];
    if (!s->csv)
        return err_set(err, ERR_USAGE, "the device's figures go to a .csv only");
    if (m->n_samples == 0)
        return err_set(err, ERR_STATE, "nothing to export: nothing has been measured yet");
    for (int i = 0; i < m->n_samples; i++)
        shown += model_sample_at(m, i)->at >= m->now - seconds;
    str_append(source, sizeof source, 0, gpu >= 0 ? "%d samples · GPU %d" : "%d samples · processor", shown, gpu);
    sheet_head(s, m, "what the device did", source);
    if (m->live.valid && m->live.device[0])
        sheet_note(s, "the study runs on %s", m->live.device);
    put_head(s->csv, column, n);
    for (int i = 0; i < m->n_samples; i++) {
        const struct device_sample *d = model_sample_at(m, i);
        int64_t ms = m->now_ms - (int64_t)(1000 * (m->now - d->at));
        time_t t = (time_t)(ms / 1000);
        struct tm tm;
        char text[40] = "";
        if (d->at < m->now - seconds)
            continue;
        gmtime_r(&t, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        fprintf(s->csv, "%s.%03dZ,", text, (int)(ms % 1000));
        for (int k = 0; k < n; k++)
            csv_number(s->csv, units[column[k]->unit].factor * column[k]->value(d, gpu >= 0 ? gpu : 0),
                       k + 1 < n ? ',' : '\n');
    }
    return true;
}
