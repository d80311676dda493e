#!/usr/bin/env python3
"""What other optimisers reach on the functions of `fsplab bench search` (src/search/surface.h).

    search_peers.py [--function NAME] [--peer NAME] [--seeds N] [--seconds S] [--evaluations N] [--out FILE]
    search_peers.py --table FILE              the Markdown table of what an earlier run left in FILE

A seed is a whole search with the evaluations that the function has there; its regret is the maximum minus the value
without noise, at the best observed point and, where the tool has a model, at the point that the model recommends: of
the points tried, the one with the highest posterior mean (Ax: what it calls its best parameterisation, with model
predictions). Each peer has its own defaults, its own start design, seeds 1 to N, and is told whether the function is
noisy where it can be told. --seconds is a limit of processor time for each pair of function and peer: seeds that do not fit are left out
and the table says how many did. JSON goes to stdout (and FILE, after every pair, so that a run can be broken off), the
table to stderr. A peer that is not installed is named and skipped.

    pip install optuna torch scipy botorch ax-platform scikit-optimize
    OMP_NUM_THREADS=1 tests/peers/search_peers.py --function kd --seeds 50
"""
import argparse
import importlib
import importlib.metadata
import json
import logging
import math
import statistics
import sys
import time
import warnings

# ---- functions, all maximised ----


def kd(x):
    a, b = -1 + 3 * x[0], -3 + 3 * x[1]
    c, low = b + 1.25 + 0.25 * (a - 0.6), max(0, -1.9 - b)
    accuracy = 75 - 1.2 * (a - 0.6) ** 2 - 3 * c * c - 1.5 * low * low
    p = 1 / (1 + math.exp(-(b + 0.5 * a - 0.05) / 0.05))
    return accuracy * (1 - p) + p


def branin(x):
    q = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return -(q * q + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10)


def hartmann6(x):
    alpha = [1, 1.2, 3, 3.2]
    a = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    p = [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
    return sum(
        alpha[i] * math.exp(-sum(a[i][j] * (x[j] - 1e-4 * p[i][j]) ** 2 for j in range(6))) for i in range(4)
    )


def ackley(x):
    n = len(x)
    r = math.sqrt(sum(v * v for v in x) / n)
    c = sum(math.cos(2 * math.pi * v) for v in x) / n
    return 20 * math.exp(-0.2 * r) + math.exp(c) - 20 - math.e


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    total = math.sin(math.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    for v in w[:-1]:
        total += (v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2)
    return -total


class Function:
    def __init__(self, value, low, high, evaluations, best, sigma=0.0):
        self.value, self.low, self.high = value, low, high
        self.dim, self.evaluations, self.best, self.sigma = len(low), evaluations, best, sigma


HARTMANN_BEST = 3.3223680114155152
FUNCTIONS = {
    "kd": Function(kd, [0, 0], [1, 1], 25, 74.999965159974721, 0.25),
    "branin": Function(branin, [-5, 0], [10, 15], 40, -0.39788735772973816),
    "hartmann6": Function(hartmann6, [0] * 6, [1] * 6, 60, HARTMANN_BEST),
    "ackley5": Function(ackley, [-32.768] * 5, [32.768] * 5, 60, 0.0),
    "levy4": Function(levy, [-10] * 4, [10] * 4, 60, 0.0),
    "hartmann6n": Function(hartmann6, [0] * 6, [1] * 6, 60, HARTMANN_BEST, 0.1),
}


class Run:
    """Evaluations of one function with one seed's noise."""

    def __init__(self, function, seed):
        import numpy

        self.f, self.noise = function, numpy.random.default_rng(seed)
        self.x, self.y = [], []

    def __call__(self, x):
        y = self.f.value(x) + (self.noise.normal(0, self.f.sigma) if self.f.sigma > 0 else 0)
        self.x.append([float(v) for v in x])
        self.y.append(float(y))
        return self.y[-1]

    def regret(self, x):
        return self.f.best - self.f.value(x)

    def best_observed(self):
        return self.x[max(range(len(self.y)), key=lambda i: self.y[i])]


# ---- peers: (run, evaluations, seed) -> the recommended point, None where the tool has none ----


def optuna_with(run, evaluations, sampler):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    f = run.f
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(
        lambda t: run([t.suggest_float(f"x{j}", f.low[j], f.high[j]) for j in range(f.dim)]), n_trials=evaluations
    )
    return None


def optuna_gp(run, evaluations, seed):
    import optuna

    sampler = optuna.samplers.GPSampler(seed=seed, deterministic_objective=run.f.sigma == 0)
    return optuna_with(run, evaluations, sampler)


def optuna_tpe(run, evaluations, seed):
    import optuna

    return optuna_with(run, evaluations, optuna.samplers.TPESampler(seed=seed))


def botorch_lognei(run, evaluations, seed):
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms.outcome import Standardize
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from torch.quasirandom import SobolEngine

    torch.manual_seed(seed)
    f, d = run.f, run.f.dim
    unit = torch.tensor([[0.0] * d, [1.0] * d], dtype=torch.double)

    def evaluate(u):
        return run([f.low[j] + (f.high[j] - f.low[j]) * float(u[j]) for j in range(d)])

    def fitted():
        y = torch.tensor(run.y, dtype=torch.double).unsqueeze(-1)
        noise = torch.full_like(y, 1e-6) if f.sigma == 0 else None
        model = SingleTaskGP(points, y, train_Yvar=noise, outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return model

    points = SobolEngine(d, scramble=True, seed=seed).draw(max(5, 2 * d), dtype=torch.double)
    for u in points:
        evaluate(u)
    while len(run.y) < evaluations:
        acquisition = qLogNoisyExpectedImprovement(fitted(), X_baseline=points, prune_baseline=True)
        u, _ = optimize_acqf(acquisition, bounds=unit, q=1, num_restarts=8, raw_samples=512)
        evaluate(u[0])
        points = torch.cat([points, u])
    return run.x[int(fitted().posterior(points).mean.argmax())]


def ax_default(run, evaluations, seed):
    import torch
    from ax.service.ax_client import AxClient, ObjectiveProperties

    torch.manual_seed(seed)
    f = run.f
    client = AxClient(random_seed=seed, verbose_logging=False)
    client.create_experiment(
        name="fsplab",
        parameters=[
            {"name": f"x{j}", "type": "range", "bounds": [float(f.low[j]), float(f.high[j])], "value_type": "float"}
            for j in range(f.dim)
        ],
        objectives={"y": ObjectiveProperties(minimize=False)},
    )
    for _ in range(evaluations):
        parameters, trial = client.get_next_trial()
        y = run([parameters[f"x{j}"] for j in range(f.dim)])
        client.complete_trial(trial, raw_data={"y": (y, 0.0 if f.sigma == 0 else None)})
    parameters, _ = client.get_best_parameters(use_model_predictions=True)
    return [parameters[f"x{j}"] for j in range(f.dim)]


def skopt_gp(run, evaluations, seed):
    import skopt

    f = run.f
    result = skopt.gp_minimize(
        lambda x: -run(x),
        [(float(f.low[j]), float(f.high[j])) for j in range(f.dim)],
        n_calls=evaluations,
        random_state=seed,
        noise=1e-10 if f.sigma == 0 else "gaussian",
    )
    mean = result.models[-1].predict(result.space.transform(result.x_iters))
    return result.x_iters[int(mean.argmin())]


PEERS = {  # name: (function, module to import, distribution)
    "optuna-gp": (optuna_gp, "optuna", "optuna"),
    "optuna-tpe": (optuna_tpe, "optuna", "optuna"),
    "botorch-lognei": (botorch_lognei, "botorch", "botorch"),
    "ax": (ax_default, "ax.service.ax_client", "ax-platform"),
    "skopt-gp": (skopt_gp, "skopt", "scikit-optimize"),
}

# ---- a pair of function and peer ----


def summary(values):
    n = len(values)
    return {
        "mean": statistics.fmean(values),
        "se": statistics.stdev(values) / math.sqrt(n) if n > 1 else None,
        "median": statistics.median(values),
    }


def measure(name, peer, options):
    function, (search, _, distribution) = FUNCTIONS[name], PEERS[peer]
    evaluations = options.evaluations or function.evaluations
    recommended, observed, failed, start = [], [], 0, time.process_time()
    for seed in range(1, options.seeds + 1):
        used = time.process_time() - start
        if options.seconds and seed > 1 and used + used / (seed - 1) > options.seconds:
            break
        run = Run(function, seed)
        try:
            point = search(run, evaluations, seed)
        except Exception as e:  # a search that a peer breaks off is part of the result
            print(f"{name} {peer} seed {seed}: {type(e).__name__}: {e}", file=sys.stderr)
            failed += 1
            continue
        assert len(run.y) == evaluations, (peer, len(run.y))
        observed.append(run.regret(run.best_observed()))
        if point is not None:
            recommended.append(run.regret(point))
    return {
        "function": name,
        "peer": peer,
        "version": importlib.metadata.version(distribution),
        "evaluations": evaluations,
        "seeds": len(observed),
        "failed": failed,
        "recommended": summary(recommended) if recommended else None,
        "best_observed": summary(observed) if observed else None,
        "seconds_per_search": (time.process_time() - start) / (len(observed) + failed),
    }


def installed(peer):
    _, module, distribution = PEERS[peer]
    try:
        importlib.import_module(module)
        if peer == "optuna-gp":  # its surrogate needs these two, which Optuna does not bring
            importlib.import_module("torch")
            importlib.import_module("scipy")
        return True
    except ImportError as e:
        print(f"{peer}: skipped, {distribution} cannot be imported ({e})", file=sys.stderr)
        return False


def cell(s):
    return "" if s is None else f"{s['mean']:.3g} ± {s['se'] or 0:.2g} ({s['median']:.2g})"


def broken(row):
    return f" ({row['failed']} more broke off)" if row["failed"] else ""


def table(rows):
    lines = [
        "| function | peer | evaluations | seeds | recommended: mean ± s.e. (median) | best observed | CPU s a search |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['function']} | {r['peer']} {r['version']} | {r['evaluations']} | {r['seeds']}{broken(r)} | "
            f"{cell(r['recommended'])} | {cell(r['best_observed'])} | {r['seconds_per_search']:.1f} |"
        )
    return "\n".join(lines)


def check_functions():
    """The published maxima, so that a slip in a formula cannot pass for a peer's weakness."""
    at = {
        "branin": [math.pi, 2.275],
        "hartmann6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
        "ackley5": [0.0] * 5,
        "levy4": [1.0] * 4,
    }
    for name, x in at.items():
        f = FUNCTIONS[name]
        if abs(f.value(x) - f.best) > 1e-6:
            sys.exit(f"search_peers: {name} at its maximum is {f.value(x)}, not {f.best}")
    top = max(kd([i / 400, j / 400]) for i in range(401) for j in range(401))
    if abs(top - FUNCTIONS["kd"].best) > 1e-9:
        sys.exit(f"search_peers: kd's maximum on the grid is {top}, not {FUNCTIONS['kd'].best}")


def take_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--function", choices=FUNCTIONS, action="append", help="default: all; may be given again")
    parser.add_argument("--peer", choices=PEERS, action="append", help="default: all; may be given again")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0, help="processor time for a pair of function and peer; 0: no limit")
    parser.add_argument("--evaluations", type=int, default=0, help="0: the function's")
    parser.add_argument("--out", help="file for the JSON, written after every pair; pairs that are in it are kept")
    parser.add_argument("--table", metavar="FILE", help="print the table of FILE and end")
    return parser.parse_args()


def main():
    options = take_options()
    if options.table:
        with open(options.table, encoding="utf-8") as f:
            print(table(json.load(f)))
        return
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    check_functions()
    rows = []
    if options.out:
        try:
            with open(options.out, encoding="utf-8") as f:
                rows = json.load(f)
        except FileNotFoundError:
            pass
    done = {(r["function"], r["peer"]) for r in rows}
    peers = [p for p in options.peer or PEERS if installed(p)]
    for name in options.function or FUNCTIONS:
        for peer in peers:
            if (name, peer) in done:
                continue
            rows.append(measure(name, peer, options))
            r = rows[-1]
            print(f"{name} {peer}: {r['seeds']} seeds, {r['seconds_per_search']:.1f} s each", file=sys.stderr)
            if options.out:
                with open(options.out, "w", encoding="utf-8") as f:
                    json.dump(rows, f, indent=1)
    print(json.dumps(rows, indent=1))
    print(table(rows), file=sys.stderr)


if __name__ == "__main__":
    main()
