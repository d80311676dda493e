/* Asks for the status once a second and prints what is news in it. */
#include "follow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

struct seen {
    int trial;
    char stage[16], state[16];
    double val, printed;
};

static double real_of(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text_of(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool is_news(struct seen *s, json_t *o)
{
    int trial = (int)json_integer_value(json_object_get(o, "trial"));
    double val = real_of(o, "val_accuracy"), now = clock_seconds();
    bool news = trial != s->trial || strcmp(s->stage, text_of(o, "stage")) != 0 ||
                strcmp(s->state, text_of(o, "state")) != 0 || (!isnan(val) && val != s->val) || now - s->printed > 60;
    if (!news)
        return false;
    *s = (struct seen){.trial = trial, .val = val, .printed = now};
    str_append(s->stage, sizeof s->stage, 0, "%s", text_of(o, "stage"));
    str_append(s->state, sizeof s->state, 0, "%s", text_of(o, "state"));
    return true;
}

static void add(char *line, size_t cap, const char *format, double v) __attribute__((format(printf, 3, 0)));
static void add(char *line, size_t cap, const char *format, double v)
{
    size_t n = strlen(line);
    if (!isnan(v) && n < cap)
        snprintf(line + n, cap - n, format, v);
}

static void print_line(FILE *out, json_t *o)
{
    char line[320] = "";
    str_append(line, sizeof line, 0, "trial %d  %s %d/%d", (int)json_integer_value(json_object_get(o, "trial")),
               text_of(o, "stage"), (int)json_integer_value(json_object_get(o, "step")),
               (int)json_integer_value(json_object_get(o, "steps")));
    add(line, sizeof line, "  loss %.4g", real_of(json_object_get(o, "losses"), "loss"));
    add(line, sizeof line, "  train %.1f%%", 100 * real_of(o, "train_accuracy"));
    add(line, sizeof line, "  val %.2f%%", 100 * real_of(o, "val_accuracy"));
    add(line, sizeof line, "  %.0f images/s", real_of(o, "images_per_second"));
    add(line, sizeof line, "  %.0f s left", real_of(o, "eta"));
    if (json_is_true(json_object_get(o, "collapsed")))
        str_append(line, sizeof line, strlen(line), "  COLLAPSED");
    size_t i;
    json_t *w;
    json_array_foreach(json_object_get(o, "workers"), i, w) /* what runs beside it */
        if (json_is_object(w) && !json_equal(json_object_get(w, "trial"), json_object_get(o, "trial")))
            str_append(line, sizeof line, strlen(line), "  | %d %s %d/%d",
                       (int)json_integer_value(json_object_get(w, "trial")), text_of(w, "stage"),
                       (int)json_integer_value(json_object_get(w, "step")),
                       (int)json_integer_value(json_object_get(w, "steps")));
    if (strcmp(text_of(o, "state"), "running") != 0)
        str_append(line, sizeof line, strlen(line), "  %s", text_of(o, "state"));
    fprintf(out, "%s\n", line);
}

static void print_news(FILE *out, json_t *o, bool json)
{
    if (json) {
        char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12));
        fprintf(out, "%s\n", text);
        free(text);
    } else if (json_integer_value(json_object_get(o, "trial"))) {
        print_line(out, o);
    }
    fflush(out);
}

bool follow_study(const char *dir, FILE *out, bool json, const volatile int *stop, struct err *err)
{
    struct wire_request r = {.ask = WIRE_STATUS};
    struct client *c = client_open(dir, err);
    struct seen seen = {.val = NAN};
    if (!c)
        return false;
    while (!*stop) {
        struct err gone = {0};
        json_t *o = client_ask(c, &r, 10000, &gone);
        if (!o) {
            client_close(c);
            return gone.code == ERR_STATE || err_set(err, gone.code, "%s", gone.msg);
        }
        if (is_news(&seen, o))
            print_news(out, o, json);
        json_decref(o);
        for (int i = 0; i < 10 && !*stop; i++)
            usleep(100000);
    }
    client_close(c);
    return true;
}
