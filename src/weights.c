/* PyTorch's DataParallel prefixes names with "module."; such files are read too. */
#include "weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weights_add(struct st_file *f, struct net *net, const char *prefix, bool momentum)
{
    for (int i = 0; i < net_tensor_count(net); i++) {
        const struct net_tensor *t = net_tensor(net, i);
        float *host = xmalloc(t->count * sizeof *host);
        char *name = xstrfmt("%s%s", prefix, t->name);
        net_tensor_get(net, i, host);
        st_add(f, name, ST_F32, t->rank, t->shape, host);
        free(name);
        if (momentum && t->parameter) {
            name = xstrfmt("momentum.%s%s", prefix, t->name);
            net_momentum_get(net, i, host);
            st_add(f, name, ST_F32, t->rank, t->shape, host);
            free(name);
        }
        free(host);
    }
}

void weights_describe(struct st_file *f, const struct net_spec *spec, const struct dataset *data)
{
    static const char *const names[] = {"synth", "cifar10", "cifar100", "folder"};
    char net[32];
    net_spec_format(spec, net, sizeof net);
    st_meta(f, "format", "pt");
    st_meta(f, "net", net);
    st_meta(f, "shortcut", spec->option_b ? "B" : "A");
    st_meta_fmt(f, "classes", "%d", spec->classes);
    st_meta(f, "dataset", names[data->kind]);
    st_meta_fmt(f, "mean", "%.9g %.9g %.9g", (double)data->mean[0], (double)data->mean[1], (double)data->mean[2]);
    st_meta_fmt(f, "std", "%.9g %.9g %.9g", (double)data->std[0], (double)data->std[1], (double)data->std[2]);
}

static const struct st_tensor *find(const struct st_file *f, const char *first, const char *prefix, const char *name)
{
    static const char *const wrap[] = {"", "module."};
    for (size_t i = 0; i < ARRAY_LEN(wrap); i++) {
        char *full = xstrfmt("%s%s%s%s", first, prefix, wrap[i], name);
        const struct st_tensor *t = st_find(f, full);
        free(full);
        if (t)
            return t;
    }
    return NULL;
}

static void shape_text(int rank, const int64_t *shape, char *buf, size_t cap)
{
    size_t len = str_append(buf, cap, 0, "(");
    for (int i = 0; i < rank; i++)
        len = str_append(buf, cap, len, "%s%lld", i ? ", " : "", (long long)shape[i]);
    str_append(buf, cap, len, ")");
}

static bool check_tensor(const struct st_tensor *t, const struct net_tensor *want, const char *path, struct err *err)
{
    if (!t)
        return err_set(err, ERR_FORMAT, "'%s' has no tensor '%s': it holds another network", path, want->name);
    bool same = t->rank == want->rank && memcmp(t->shape, want->shape, (size_t)want->rank * sizeof *t->shape) == 0;
    if (same && t->dtype == ST_F32)
        return true;
    char is[96], should[96];
    shape_text(t->rank, t->shape, is, sizeof is);
    shape_text(want->rank, want->shape, should, sizeof should);
    if (same)
        return err_set(err, ERR_FORMAT, "'%s': tensor '%s' is not F32: save the weights as float32", path, want->name);
    return err_set(err, ERR_FORMAT, "'%s': tensor '%s' has shape %s, expected %s: it holds another network", path,
                   want->name, is, should);
}

bool weights_take(const struct st_file *f, const char *path, struct net *net, const char *prefix, bool momentum,
                  struct err *err)
{
    for (int i = 0; i < net_tensor_count(net); i++) {
        const struct net_tensor *want = net_tensor(net, i);
        const struct st_tensor *t = find(f, "", prefix, want->name);
        if (!check_tensor(t, want, path, err))
            return false;
        net_tensor_set(net, i, t->data);
        if (momentum && want->parameter) {
            t = find(f, "momentum.", prefix, want->name);
            if (!check_tensor(t, want, path, err))
                return false;
            net_momentum_set(net, i, t->data);
        }
    }
    return true;
}

static bool spec_from_tensors(const struct st_file *f, const char *path, struct net_spec *spec, struct err *err)
{
    const struct st_tensor *stem = find(f, "", "", "conv1.weight"), *linear = find(f, "", "", "linear.weight");
    if (!stem || !linear || stem->rank != 4 || linear->rank != 2)
        return err_set(err, ERR_FORMAT,
                       "'%s' holds no net that is known here: conv1.weight and linear.weight are expected", path);
    int blocks = 0;
    for (;; blocks++) {
        char name[48];
        snprintf(name, sizeof name, "layer1.%d.conv1.weight", blocks);
        if (!find(f, "", "", name))
            break;
    }
    const char *base = strrchr(path, '/');
    char net[32];
    snprintf(net, sizeof net, "%s%dw%d", strstr(base ? base : path, "vgg") ? "vgg" : "res", 6 * blocks + 2,
             (int)stem->shape[0]);
    if (!net_parse(net, find(f, "", "", "layer2.0.shortcut.0.weight") != NULL, (int)linear->shape[0], spec, err))
        return err_prefix(err, "'%s'", path);
    return true;
}

bool weights_spec(const struct st_file *f, const char *path, struct net_spec *spec, struct err *err)
{
    const char *net = st_meta_get(f, "net"), *shortcut = st_meta_get(f, "shortcut"),
               *classes = st_meta_get(f, "classes");
    if (!net)
        return spec_from_tensors(f, path, spec, err);
    const struct st_tensor *linear = find(f, "", "", "linear.weight");
    int k = classes ? atoi(classes) : linear && linear->rank == 2 ? (int)linear->shape[0] : 0;
    if (k < 2 || k > 1000)
        return err_set(err, ERR_FORMAT, "'%s': the number of classes is %d: expected 2 to 1000", path, k);
    if (!net_parse(net, shortcut && strcmp(shortcut, "B") == 0, k, spec, err))
        return err_prefix(err, "'%s'", path);
    return true;
}

bool weights_spec_of(const char *path, struct net_spec *spec, struct err *err)
{
    struct st_file f;
    if (!st_read(&f, path, err))
        return false;
    bool ok = weights_spec(&f, path, spec, err);
    st_release(&f);
    return ok;
}
