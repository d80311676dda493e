#!/usr/bin/env python3
"""Writes tests/reference/parity.txt: what PyTorch computes, in float64, for whole nets and training steps.

    make_reference.py [--float32] [FILE]     writes FILE (default: tests/reference/parity.txt)
    make_reference.py --diff FILE FILE       largest relative differences, to see what rounding alone does

A line is `CASE KEY VALUE...`. The cases are repeated in tests/test_parity.c. Needs torch >= 1.10 and numpy.
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

import cifar_nets
from cifar_nets import Net, fill, filled, fnv1a, splitmix64, tensors

BATCH, PICKS = 4, 5
# Images are drawn anew until no ReLU of the student has an argument nearer to zero than this: float32 is off by up to
# 1e-6 there, and on the wrong side of zero a whole gradient appears or goes.
MARGIN = 3e-6
DTYPE = torch.float64
OUT = None

# case: (net, shortcut B)
NETS = {
    "res14a": ("res14", False),
    "res14b": ("res14", True),
    "res26a": ("res26", False),
    "vgg26a": ("vgg26", False),
}
CE = dict(images=0, objective="ce", smoothing=0.1, lr=0.02)
FSP = dict(images=0, objective="fsp", inside=False, mean=False, lam=(1.0, 0.5, 2.0), lr=1e-4)
# case: student, teacher (of NETS) and hyperparameters; two steps each
STEPS = {
    "ce-res14a": dict(CE, student="res14a", images=32),
    "ce-res14a-nesterov": dict(CE, student="res14a", nesterov=True, smoothing=0.0),
    "ce-res14b": dict(CE, student="res14b", images=31),
    "ce-res14b-nesterov": dict(CE, student="res14b", nesterov=True),
    "ce-res26a": dict(CE, student="res26a", images=88),
    "ce-res26a-nesterov": dict(CE, student="res26a", nesterov=True, images=209),
    "ce-vgg26a": dict(CE, student="vgg26a"),
    "ce-vgg26a-nesterov": dict(CE, student="vgg26a", nesterov=True),
    "fsp-sum-res26a": dict(FSP, student="res14a", teacher="res26a", images=6),
    "fsp-sum-vgg26a": dict(FSP, student="res14a", teacher="vgg26a", nesterov=True, images=1),
    "fsp-mean-res26a": dict(FSP, student="res14a", teacher="res26a", mean=True, lr=0.05, images=1),
    "fsp-mean-vgg26a": dict(FSP, student="res14b", teacher="vgg26a", mean=True, lr=0.05, images=54),
    "fsp-inside-res26a": dict(FSP, student="res14a", teacher="res26a", inside=True, mean=True, lr=0.05, images=24),
    "kd-res26a": dict(
        objective="kd", student="res14a", teacher="res26a", T=4.0, w=0.9, smoothing=0.1, lr=0.05, images=42
    ),
    "hint-res26a": dict(images=3, objective="hint", student="res14a", teacher="res26a", lam=(0.7,), lr=1e-4),
    "hint-res14x2": dict(images=0, objective="hint", student="res14a", teacher="res14x2a", lam=(0.7,), lr=1e-4),
}
TEACHERS = dict(NETS, res14x2a=("res14x2", False))


def emit(case, key, values):
    OUT.write(f"{case} {key} " + " ".join(f"{float(v):.8g}" for v in values) + "\n")


def make(name, role):
    net, option_b = TEACHERS[name]
    return fill(Net(net, option_b).to(DTYPE), f"{role}/{name}")


def batch(number=0):
    x = filled(f"images/{number}", (BATCH, 3, 32, 32), 0, 1.7)
    return torch.from_numpy(x).to(DTYPE), torch.tensor([(3 * i + 1) % 10 for i in range(BATCH)])


def picks(name, count):
    return (splitmix64(fnv1a(name) ^ 0xFF, np.arange(PICKS, dtype=np.uint64)) % np.uint64(count)).astype(int)


def summary(name, a):
    """norm, largest magnitude, entries at places drawn from the name."""
    a = a.detach().reshape(-1)
    return [a.norm(), a.abs().max(), *a[picks(name, a.numel())]]


# ---- FSP ----


def fsp_taps(n, inside):
    return [(i * n + inside, (i + 1) * n) for i in range(3)]


def fsp(f1, f2):
    """Yim et al. 2017, eq. 1: (N, C1, C2)."""
    side = min(f1.shape[2], f2.shape[2])
    f1, f2 = (F.max_pool2d(f, f.shape[2] // side) for f in (f1, f2))
    return torch.einsum("nihw,njhw->nij", f1, f2) / side**2


def matrices(net, maps, inside):
    return [fsp(maps[a], maps[b]) for a, b in fsp_taps(net.n, inside)]


def emit_matrices(case, mode, net, maps):
    for inside in (False, True):
        for i, g in enumerate(matrices(net, maps, inside)):
            for image in range(BATCH):
                emit(case, f"{mode}.{'inside' if inside else 'section'}.{i}.{image}", summary("fsp", g[image]))


# ---- whole nets ----


def emit_net(case):
    x, y = batch()
    net = make(case, "student")
    for mode in ("eval", "train"):
        net.train(mode == "train")
        with torch.no_grad():
            maps = net.taps(x)
            logits = net.head(maps[-1])
        emit(case, f"{mode}.logits", logits.reshape(-1))
        emit(case, f"{mode}.ce", [F.cross_entropy(logits, y), F.cross_entropy(logits, y, label_smoothing=0.1)])
        emit_matrices(case, mode, net, maps)


# ---- steps ----


def ce_loss(student, teacher, regressor, x, y, h):
    return F.cross_entropy(student(x), y, label_smoothing=h["smoothing"]), []


def kd_loss(student, teacher, regressor, x, y, h):
    logits, t = student(x), h["T"]
    ce = F.cross_entropy(logits, y, label_smoothing=h["smoothing"])
    with torch.no_grad():
        target = F.softmax(teacher(x) / t, 1)
    kd = F.kl_div(F.log_softmax(logits / t, 1), target, reduction="batchmean") * t * t
    return (1 - h["w"]) * ce + h["w"] * kd, [ce, kd]


def fsp_loss(student, teacher, regressor, x, y, h):
    with torch.no_grad():
        gt = matrices(teacher, teacher.taps(x), h["inside"])
    gs = matrices(student, student.taps(x), h["inside"])
    parts = []
    for a, b in zip(gt, gs):
        d = (a - b).pow(2)
        parts.append(d.mean() if h["mean"] else d.sum() / BATCH)
    total = sum(lam * part for lam, part in zip(h["lam"], parts))
    norms = [g.pow(2).sum() / BATCH for g in gs + gt]
    return total, parts + norms


def hint_tap(net):
    return (3 * net.n + 1) // 2


def hint_loss(student, teacher, regressor, x, y, h):
    with torch.no_grad():
        hint = teacher.taps(x, hint_tap(teacher))[-1]
    guided = student.taps(x, hint_tap(student))[-1]
    if regressor is not None:
        guided = F.conv2d(guided, regressor)
    return h["lam"][0] / 2 * (hint - guided).pow(2).sum() / BATCH, []


LOSSES = dict(ce=ce_loss, kd=kd_loss, fsp=fsp_loss, hint=hint_loss)


def make_regressor(student, teacher):
    co, ci = (n.layer2[0].conv1.out_channels for n in (teacher, student))
    if co == ci:
        return None
    weight = torch.from_numpy(filled("regressor", (ci, co), 0, (3 / ci) ** 0.5)).to(DTYPE)  # (ci, co), as fsplab has it
    return weight.t().reshape(co, ci, 1, 1).contiguous().requires_grad_()


def watched_relu(x):
    """Keeps how near to zero its arguments came where a gradient will pass."""
    if x.requires_grad:
        watched_relu.margin = min(watched_relu.margin, float(x.detach().abs().min()))
    return F.relu(x)


def two_steps(h, number):
    """Student, change of every tensor, losses; None when a ReLU was too near its kink to compare gradients."""
    x, y = batch(number)
    student = make(h["student"], "student").train()
    teacher = make(h["teacher"], "teacher").eval() if "teacher" in h else None
    regressor = make_regressor(student, teacher) if h["objective"] == "hint" else None
    params = list(student.parameters()) + ([] if regressor is None else [regressor])
    sgd = torch.optim.SGD(params, lr=h["lr"], momentum=0.9, weight_decay=1e-3, nesterov=h.get("nesterov", False))
    before = {name: t.clone() for name, t in tensors(student)}
    old = None if regressor is None else regressor.detach().clone()
    losses, watched_relu.margin = [], float("inf")
    for _ in range(2):
        sgd.zero_grad(set_to_none=True)  # what a loss does not reach has no gradient, and SGD leaves it alone
        loss, parts = LOSSES[h["objective"]](student, teacher, regressor, x, y, h)
        if watched_relu.margin < MARGIN and DTYPE == torch.float64:
            return None
        loss.backward()
        sgd.step()
        losses.append([loss, *parts])
    change = [(name, t - before[name]) for name, t in tensors(student)]
    if regressor is not None:
        change.append(("regressor", (regressor - old).reshape(old.shape[:2]).t()))
    return student, change, losses


def emit_steps(case, h):
    number = h["images"]
    while not (done := two_steps(h, number)):
        number += 1
    if number != h["images"]:
        print(f"{case}: images {number}, write that into STEPS")
    student, change, losses = done
    emit(case, "images", [number])
    for step, values in enumerate(losses):
        emit(case, f"loss.{step}", values)
    for name, t in change:
        emit(case, name, summary(name, t))
    student.eval()
    with torch.no_grad():
        emit(case, "eval.logits", student(batch(number)[0]).reshape(-1))


# ---- differences between two files ----


def diff(paths):
    a, b = ([line.split() for line in open(p) if line[0] != "#"] for p in paths)
    worst = {}
    for u, v in zip(a, b):
        assert u[:2] == v[:2]
        p, q = np.array(u[2:], float), np.array(v[2:], float)
        top = np.abs(p).max()
        worst.setdefault(u[0], []).append((np.abs(p - q).max() / (top or 1), u[1]))
    for case, w in worst.items():
        w.sort(reverse=True)
        print("%-20s" % case, "  ".join("%.1e %s" % x for x in w[:4]), "  median %.1e" % w[len(w) // 2][0])


def main():
    global DTYPE, OUT
    torch.set_num_threads(1)
    cifar_nets.relu = watched_relu
    args = sys.argv[1:]
    if args[:1] == ["--diff"]:
        return diff(args[1:])
    if "--float32" in args:
        args.remove("--float32")
        DTYPE = torch.float32
    here = os.path.dirname(os.path.abspath(__file__))
    path = args[0] if args else os.path.join(here, "..", "reference", "parity.txt")
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as OUT:
        OUT.write("# made by tests/peers/make_reference.py in float%d; do not edit\n" % (64 if DTYPE == torch.float64 else 32))
        for case in NETS:
            emit_net(case)
        for case, h in STEPS.items():
            emit_steps(case, h)


if __name__ == "__main__":
    main()
