/* `fsplab doctor`: what was found on this machine, what is missing and how to get it. */
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "io/config.h"
#include "io/data.h"
#include "io/gpuinfo.h"
#include "io/store.h"
#include "nn/cuda_plugin.h"

struct finding {
    const char *what;
    bool ok;
    char text[512];
};

struct report {
    int n;
    struct finding f[24];
};
enum { GPUS_MAX = 8 };

static void say(struct report *r, const char *what, bool ok, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void say(struct report *r, const char *what, bool ok, const char *fmt, ...)
{
    struct finding *f = &r->f[r->n++];
    va_list ap;
    va_start(ap, fmt);
    f->what = what;
    f->ok = ok;
    vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
}

static void look_at_cpu(struct report *r)
{
    struct err err = {0};
    struct backend *be = backend_cpu_new(0, NULL, &err);
    if (be)
        say(r, "cpu", true, "%s kernels, %d thread%s", be->info.isa, be->info.threads,
            be->info.threads == 1 ? "" : "s");
    else
        say(r, "cpu", false, "%.200s", err.msg);
    backend_free(be);
}

/* What device = cuda would get; wrong only where there is a GPU that cannot be used. */
static void look_at_cuda(struct report *r, bool driver)
{
    struct err err = {0};
    const struct cuda_plugin *p = cuda_plugin_find(NULL, &err);
    struct backend *be = p ? p->open(0, &err) : NULL;
    if (be)
        say(r, "cuda", true,
            "plug-in of %s, device 0 is %s: used when asked for (device = cuda), as it has not been measured on a GPU yet; "
            "device = auto is the CPU",
            p->built, be->info.isa);
    else
        say(r, "cuda", !driver, "%.400s; device = auto is the CPU", err.msg);
    backend_free(be);
}

static void look_at_gpus(struct report *r)
{
    struct err err = {0};
    struct gpuinfo *g = gpuinfo_open(NULL, &err);
    bool driver = g || access("/dev/nvidiactl", F_OK) == 0;
    for (int i = 0; g && i < gpuinfo_count(g) && i < GPUS_MAX; i++) {
        struct gpu_info info;
        char memory[32] = "memory not known";
        gpuinfo_read(g, i, 0, &info);
        if (!isnan(info.memory_total))
            snprintf(memory, sizeof memory, "%.1f GiB", info.memory_total / (1 << 30));
        say(r, "gpu", true, "%d: %s, %s, driver %s", i, info.name[0] ? info.name : "name not known", memory,
            gpuinfo_driver(g)[0] ? gpuinfo_driver(g) : "not known");
    }
    if (!g)
        say(r, "gpu", !driver, "%.240s", err.msg);
    look_at_cuda(r, driver);
    gpuinfo_close(g);
}

static void look_at_libraries(struct report *r)
{
    say(r, "store", true, "SQLite %s, store version %d", store_library_version(), STORE_VERSION);
    say(r, "json", true, "jansson %s", JANSSON_VERSION);
}

static void look_at_data(struct report *r, const struct cmd_options *o)
{
    static const char *const sets[] = {"synth", "cifar10", "cifar100"};
    struct params p;
    params_init(&p);
    for (int i = 0; i < o->n_set; i++)
        params_set_pair(&p, o->set[i], NULL);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct data_file files[8];
        int kind, train[DATA_CLASSES], test[DATA_CLASSES];
        struct err err = {0};
        char *dir = xstrfmt("%s/%s", p.data_dir, sets[i]);
        int n = access(dir, F_OK) == 0 ? data_info(dir, files, &kind, train, test, &err) : 0;
        if (n > 0)
            say(r, sets[i], true, "%d files in %.180s", n, dir);
        else if (n < 0)
            say(r, sets[i], false, "%.200s", err.msg);
        else if (i == 0)
            say(r, sets[i], true, "not there yet: made in %.150s by the first run", dir);
        else
            say(r, sets[i], true, "not there: put its binary files into %.100s, or set data_dir (docs/DATA.md)", dir);
        free(dir);
    }
}

static void look_at_terminal(struct report *r)
{
    const char *term = getenv("TERM");
    setlocale(LC_CTYPE, "");
    say(r, "terminal", term && *term, "TERM %s, %s, %s", term && *term ? term : "not set", nl_langinfo(CODESET),
        isatty(1) ? "output is a terminal" : "output is no terminal: plain lines");
}

/* systemd may end what a user leaves running at logout. */
static void look_at_logout(struct report *r)
{
    FILE *f = fopen("/etc/systemd/logind.conf", "r");
    char line[256];
    bool kills = false;
    while (f && fgets(line, sizeof line, f))
        kills |= strncmp(line, "KillUserProcesses=yes", 21) == 0;
    if (f)
        fclose(f);
    if (kills)
        say(r, "logout", false,
            "systemd ends your processes at logout: `loginctl enable-linger`, or start with `systemd-run --user --scope`");
    else
        say(r, "logout", true, "processes may go on after logout");
}

static void look_at_settings(struct report *r, const struct cmd_options *o)
{
    struct err err = {0};
    if (config_check_all(o->config, &err))
        say(r, "settings", true, "%.200s is well", o->config);
    else
        say(r, "settings", false, "%.240s", err.msg);
    if (access(o->runs, F_OK) != 0)
        say(r, "runs", true, "%.200s: made by the first run", o->runs);
    else
        say(r, "runs", access(o->runs, W_OK) == 0, "%.150s: %s", o->runs,
            access(o->runs, W_OK) == 0 ? "writable" : "not writable");
}

int cmd_doctor(int argc, char **argv)
{
    struct cmd_options o;
    struct report r = {0};
    struct err err = {0};
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help) {
        puts(
            "usage: fsplab doctor [--json]\n\nWhat was found: processor, GPUs, libraries, data, settings, terminal; what is missing and "
            "how to get it.\nExit status 1 when something is wrong.\n\nexample: fsplab doctor --set data_dir=/data --json");
        return 0;
    }
    if (argc > 1)
        return err_set(&err, ERR_USAGE, "doctor: '%s' is not understood; see `fsplab doctor --help`", argv[1]),
               cmd_fail(&o, &err);
    look_at_cpu(&r);
    look_at_gpus(&r);
    look_at_libraries(&r);
    look_at_settings(&r, &o);
    look_at_data(&r, &o);
    look_at_terminal(&r);
    look_at_logout(&r);
    json_t *all = json_array();
    int wrong = 0;
    for (int i = 0; i < r.n; i++) {
        wrong += !r.f[i].ok;
        json_array_append_new(all,
                              json_pack("{s:s, s:b, s:s}", "what", r.f[i].what, "ok", r.f[i].ok, "text", r.f[i].text));
        if (!o.json)
            printf("%-9s %-3s %s\n", r.f[i].what, r.f[i].ok ? "ok" : "!!", r.f[i].text);
    }
    if (o.json) {
        char *text = json_dumps(all, JSON_INDENT(1));
        puts(text);
        free(text);
    }
    json_decref(all);
    return wrong > 0;
}
