#!/usr/bin/env python3
"""Images a second of PyTorch on the training steps of `fsplab bench step`, on the CPU; or both, taking turns.

    torch_step.py [--batch N] [--threads N] [--repeats N]            PyTorch alone, JSON
    torch_step.py --against ./fsplab [--pairs N] [...]               ratios fsplab / PyTorch, pair by pair
    torch_step.py --device cuda [--precision tf32|bf16] [--compile max-autotune] [...]    PyTorch on a GPU, data there

PyTorch runs channels-last with the allocator told to keep its memory (MALLOC_* below), which is its best mode on CPUs.
Needs torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}


def measure(batch, threads, repeats, device="cpu", precision="f32", mode=None):
    import torch
    import torch.nn.functional as F

    from cifar_nets import Net

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    x = torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last).to(device)
    y = torch.randint(0, 10, (batch,)).to(device)

    def net(name):
        return Net(name).to(memory_format=torch.channels_last).to(device)

    def fast(f):
        def run():
            with torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bf16"):
                return f()
        return torch.compile(run, mode=mode) if mode else run

    def wait():
        if device != "cpu":
            torch.cuda.synchronize()

    def fsp(f1, f2):
        side = min(f1.shape[2], f2.shape[2])
        if f1.shape[2] > side:
            f1 = F.max_pool2d(f1, f1.shape[2] // side)
        a = f1.permute(0, 2, 3, 1).reshape(batch, side * side, -1)
        b = f2.permute(0, 2, 3, 1).reshape(batch, side * side, -1)
        return torch.bmm(a.transpose(1, 2), b) / side**2

    def matrices(n, maps):
        return [fsp(maps[i * n.n], maps[(i + 1) * n.n]) for i in range(3)]

    def sgd(n):
        return torch.optim.SGD(n.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)

    def ce_step(name):
        n = net(name).train()
        opt, loss = sgd(n), fast(lambda: F.cross_entropy(n(x), y))

        def step():
            opt.zero_grad(set_to_none=True)
            loss().backward()
            opt.step()

        return step

    def fsp_step(teacher):
        s, t = net("res14").train(), net(teacher).eval()

        def distance():
            with torch.no_grad():
                gt = matrices(t, t.taps(x))
            gs = matrices(s, s.taps(x))
            return sum((a - b).float().pow(2).sum() for a, b in zip(gt, gs)) * (1e-4 / batch)

        opt, loss = sgd(s), fast(distance)

        def step():
            opt.zero_grad(set_to_none=True)
            loss().backward()
            opt.step()

        return step

    def eval_step():
        n = net("res26").eval()
        forward = fast(lambda: n(x))

        def step():
            with torch.no_grad():
                forward()

        return step

    steps = {"fsp": fsp_step("res26"), "fsp-vgg": fsp_step("vgg26"), "finetune": ce_step("res14"), "teacher": ce_step("res26"),
             "eval": eval_step()}
    seconds = {k: [] for k in steps}
    for r in range(-2, repeats):
        for name, step in steps.items():
            wait()
            t0 = time.perf_counter()
            step()
            wait()
            if r >= 0:
                seconds[name].append(time.perf_counter() - t0)
    return {"torch": torch.__version__, "threads": threads, "batch": batch, "device": device, "compile": mode,
            "steps": [{"name": k, "precision": precision, "images_per_second": batch / statistics.median(v)} for k, v in seconds.items()]}


def rates(text):
    return {s["name"]: s["images_per_second"] for s in json.loads(text)["steps"]}


def against(a):
    common = ["--batch", str(a.batch), "--threads", str(a.threads), "--repeats", str(a.repeats)]
    ours = [a.against, "bench", "step", "--json", *common]
    theirs = [sys.executable, os.path.abspath(__file__), *common]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    rows = []
    for _ in range(a.pairs):
        f = rates(subprocess.run(ours, check=True, capture_output=True, env=clean, text=True).stdout)
        t = rates(subprocess.run(theirs, check=True, capture_output=True, env={**clean, **MALLOC}, text=True).stdout)
        rows.append((f, t))
    print("%-10s %14s %14s   ratio: median (min to max) of %d pairs" % ("step", "fsplab", "PyTorch", a.pairs))
    for name in rows[0][0]:
        ratio = [f[name] / t[name] for f, t in rows]
        print("%-10s %9.0f im/s %9.0f im/s   %.2f (%.2f to %.2f)" % (
            name, statistics.median(f[name] for f, _ in rows), statistics.median(t[name] for _, t in rows),
            statistics.median(ratio), min(ratio), max(ratio)))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--repeats", type=int, default=5)
    p.add_argument("--pairs", type=int, default=7)
    p.add_argument("--against")
    p.add_argument("--device", default="cpu")
    p.add_argument("--precision", choices=("f32", "tf32", "bf16"), default="f32")
    p.add_argument("--compile", metavar="MODE", help="for torch.compile, as max-autotune")
    a = p.parse_args()
    if a.against:
        against(a)
    else:
        print(json.dumps(measure(a.batch, a.threads, a.repeats, a.device, a.precision, a.compile)))


main()
