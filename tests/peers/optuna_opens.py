#!/usr/bin/env python3
"""Opens what `fsplab export --to optuna` wrote with Optuna and compares every trial with `fsplab trials --json`: number,
state, values, parameters, distributions (all inside, equal for all trials), user attributes; then goes on with the study.

    optuna_opens.py STUDY [--fsplab ./fsplab] [--runs runs]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

STATES = {
    "complete": "COMPLETE",
    "pruned": "PRUNED",
    "diverged": "FAIL",
    "failed": "FAIL",
    "queued": "WAITING",
    "running": "RUNNING",
    "paused": "RUNNING",
    "stopped": "RUNNING",
}


def compare(ours, theirs):
    import math

    problems = []

    def same(what, a, b):
        if not (a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=1e-11))):
            problems.append(f"trial {ours['trial']}: {what} is {b!r}, not {a!r}")

    same("state", STATES[ours["state"]], theirs.state.name)
    params = theirs.system_attrs["fixed_params"] if ours["state"] == "queued" else theirs.params
    same("names", sorted(ours["params"]), sorted(params))
    for name, value in ours["params"].items():
        same(name, float(value), float(params.get(name, math.nan)))
    if ours["state"] == "complete":
        same("value", ours["val_accuracy"], theirs.value)
    for name in ("trial", "state", "kind", "seed", "search", "repeat", "edited", "collapsed"):
        same(name, ours[name], theirs.user_attrs[name])
    if ours["test_accuracy"] is not None:
        same("test_accuracy", ours["test_accuracy"], theirs.user_attrs["test_accuracy"])
    for name, distribution in theirs.distributions.items():
        if not distribution._contains(distribution.to_internal_repr(theirs.params[name])):
            problems.append(f"trial {ours['trial']}: {name} = {theirs.params[name]} is not in {distribution}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study")
    parser.add_argument("--fsplab", default="./fsplab")
    parser.add_argument("--runs", default="runs")
    options = parser.parse_args()
    try:
        import optuna
    except ImportError:
        print("skipped: optuna cannot be imported")
        return 0
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    common = [options.study, "--runs", options.runs]
    trials = json.loads(subprocess.check_output([options.fsplab, "trials", *common, "--json"]))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "optuna.db")
        subprocess.check_call([options.fsplab, "export", *common, "--to", "optuna", path])
        study = optuna.load_study(study_name=options.study, storage=f"sqlite:///{path}")
        theirs = study.get_trials()
        problems = [] if len(theirs) == len(trials) else [f"{len(theirs)} trials, not {len(trials)}"]
        if study.direction.name != "MAXIMIZE":
            problems.append(f"direction {study.direction}")
        distributions = {}
        for i, (a, b) in enumerate(zip(trials, theirs)):
            if b.number != i:
                problems.append(f"trial {a['trial']} has number {b.number}, not {i}")
            problems += compare(a, b)
            for name, d in b.distributions.items():
                if distributions.setdefault(name, d) != d:
                    problems.append(f"{name} has two distributions, {d} and {distributions[name]}")
        complete = [t for t in trials if t["state"] == "complete"]
        if complete and abs(study.best_value - max(t["val_accuracy"] for t in complete)) > 1e-9:
            problems.append(f"best value {study.best_value}")
        new = study.ask({n: d for n, d in distributions.items()})  # it can be gone on with
        study.tell(new, 0.5)
    for p in problems:
        print(p, file=sys.stderr)
    intermediate = sum(len(t.intermediate_values) for t in theirs)
    print(f"Optuna {optuna.__version__}: {len(theirs)} trials, {intermediate} intermediate values, {len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
