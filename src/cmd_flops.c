/* `fsplab flops`: counts, no measurement. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "nn/flops.h"

static json_t *cost_json(const struct net_spec *s, const struct net_cost *c)
{
    char name[32];
    net_spec_format(s, name, sizeof name);
    return json_pack("{s:s, s:s?, s:I, s:I, s:I, s:I}", "net", name, "shortcut",
                     s->kind == NET_VGG ? NULL
                     : s->option_b      ? "B"
                                        : "A",
                     "parameters", (json_int_t)c->parameters, "macs", (json_int_t)c->macs, "tf_flops",
                     (json_int_t)c->tf_flops, "fsp_macs", (json_int_t)c->fsp_macs);
}

static void print_row(const struct net_spec *s, const struct net_cost *c)
{
    char name[32];
    net_spec_format(s, name, sizeof name);
    printf("%-10s %-8s %12lld %14lld %10.2f M %12lld\n", name,
           s->kind == NET_VGG ? "-"
           : s->option_b      ? "B"
                              : "A",
           (long long)c->parameters, (long long)c->macs, (double)c->tf_flops / 1e6, (long long)c->fsp_macs);
}

int cmd_flops(int argc, char **argv)
{
    static char *defaults[] = {"flops", "res14", "res26", "vgg26"};
    struct cmd_options o;
    struct err err = {0};
    if (!cmd_options_take(&argc, argv, &o))
        return 2;
    if (o.help) {
        puts(
            "usage: fsplab flops [NET...] [--json]\n\nParameters, multiply-adds (MACs) and FLOPs of a net on one 32x32 image with 10 "
            "classes, for\nboth kinds of shortcut. TF FLOPs follow TensorFlow 1's profiler: 2 a multiply-add, 1 an addition,\nbatch "
            "norm counted as fused. FSP MACs: its three section matrices.\n\nexample: fsplab flops res14 vgg26 res14x4");
        return 0;
    }
    if (argc == 1) {
        argc = ARRAY_LEN(defaults);
        argv = defaults;
    }
    struct net_spec s;
    for (int i = 1; i < argc; i++) /* before half a table is printed */
        if (!net_parse(argv[i], false, 10, &s, &err)) {
            err.code = ERR_USAGE;
            return cmd_fail(&o, &err);
        }
    json_t *all = json_array();
    if (!o.json)
        printf("%-10s %-8s %12s %14s %12s %12s\n", "net", "shortcut", "parameters", "MACs", "TF FLOPs", "FSP MACs");
    for (int i = 1; i < argc; i++)
        for (int b = 0; b < 2; b++) {
            if (!net_parse(argv[i], b, 10, &s, NULL) || (b && s.kind == NET_VGG))
                continue;
            struct net_cost c = net_cost(&s);
            if (o.json)
                json_array_append_new(all, cost_json(&s, &c));
            else
                print_row(&s, &c);
        }
    if (o.json) {
        char *text = json_dumps(all, JSON_INDENT(1));
        puts(text);
        free(text);
    }
    json_decref(all);
    return 0;
}
