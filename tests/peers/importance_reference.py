#!/usr/bin/env python3
"""Writes tests/reference/importance.txt: a history of 120 trials and what Optuna's PedAnovaImportanceEvaluator says of
it, for two quantiles.

    pip install optuna scipy && python3 tests/peers/importance_reference.py >tests/reference/importance.txt
"""
import math
import random
import warnings

import optuna

# name, type, log, min, max
DIMS = [
    ("lambda", "float", 1, 1e-3, 10.0),
    ("momentum", "float", 0, 0.5, 0.99),
    ("batch", "int", 1, 8, 512),
    ("blocks", "int", 0, 1, 6),
    ("kind", "category", 0, 0, 3),
]


def distribution(kind, log, low, high):
    if kind == "category":
        return optuna.distributions.CategoricalDistribution(list(range(int(high) + 1)))
    if kind == "int":
        return optuna.distributions.IntDistribution(int(low), int(high), log=bool(log))
    return optuna.distributions.FloatDistribution(low, high, log=bool(log))


def draw(rng, kind, log, low, high):
    if kind == "category":
        return rng.randint(0, int(high))
    x = math.exp(rng.uniform(math.log(low), math.log(high))) if log else rng.uniform(low, high)
    return x if kind == "float" else min(max(round(x), low), high)


def main():
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng = random.Random(7)
    distributions = {name: distribution(*rest) for name, *rest in DIMS}
    study = optuna.create_study(direction="maximize")
    rows = []
    for _ in range(120):
        x = {name: draw(rng, *rest) for name, *rest in DIMS}
        y = -((math.log10(x["lambda"]) + 0.5) ** 2) - 4 * abs(x["momentum"] - 0.9)
        y = round(y + 0.1 * x["blocks"] + 0.3 * (x["kind"] == 2) + 0.2 * rng.gauss(0, 1), 6)
        study.add_trial(optuna.trial.create_trial(params=x, distributions=distributions, value=y))
        rows.append([x[d[0]] for d in DIMS] + [y])
    for d in DIMS:
        print("dim", *d)
    for gamma in (0.1, 0.25):
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=gamma)
        found = evaluator.evaluate(study)
        print("importance", gamma, *(f"{found[d[0]]:.12g}" for d in DIMS))
    for row in rows:
        print("trial", *(f"{v:.17g}" for v in row))


if __name__ == "__main__":
    main()
