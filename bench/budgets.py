#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and holds what they found against the budgets: one table, and budgets.json for programs.

A budget without a figure is an error, not a gap: rows do not vanish because a benchmark was renamed or failed."""

import argparse
import fractions
import json
import operator
import pathlib
import re
import statistics
import subprocess
import sys

import scale
from rows import BESIDE, BUDGETS, LIVE, PROGRAMS, SCALE, SPREADS

COMPARE = {"≤": operator.le, "≥": operator.ge}
# What Google Benchmark appends to a name, by the way in which it was run.
RUN_SUFFIX = re.compile(r"/(iterations:\d+|manual_time|real_time|process_time|repeats:\d+|min_time:[\d.]+|threads:\d+)")
# Of repeated runs, so many must hold a row: a machine that is shared has slow moments, and a row that has them is slow.
NEEDED = fractions.Fraction(3, 5)
COUNTERS = ("p50", "p99", "p999", "max")


class Results:
    """What the programs found: counters by (program, benchmark), and what went wrong with a benchmark."""

    def __init__(self):
        self.counters = {}
        self.errors = {}

    def add(self, program, report):
        """Takes the report of one program, as --benchmark_out writes it."""
        for run in report["benchmarks"]:
            key = (program, RUN_SUFFIX.sub("", run["name"]))
            if run.get("error_occurred"):
                self.errors[key] = run.get("error_message", "")
            else:
                self.counters.setdefault(key, []).append(run)

    def failure(self, key):
        program, benchmark = key
        return f"{benchmark} of {program} failed: {self.errors[key]}"

    def failures(self):
        return [self.failure(key) for key in self.errors]

    def value(self, figure):
        """In the figure's unit; the median when it was measured repeatedly. LookupError says why there is none."""
        key = (figure.program, figure.benchmark)
        if key in self.errors:
            raise LookupError(self.failure(key))
        if key not in self.counters:
            raise LookupError(f"{figure.program} did not run {figure.benchmark}")
        try:
            return statistics.median(run[figure.counter] for run in self.counters[key]) * figure.scale
        except KeyError:
            raise LookupError(f"{figure.benchmark} of {figure.program} has no counter {figure.counter}") from None


def holds(budget, value):
    return COMPARE[budget.comparison](value, budget.budget)


def held_in(budget, run):
    """Whether one run has the row, and within its budget."""
    try:
        return holds(budget, run.value(budget))
    except LookupError:
        return False


def judge(budgets, results, runs=()):
    """Returns a row for every budget, as they go to budgets.json, and why some of them have no value.

    `runs` are the repeated runs of LIVE one by one, where there is more than one: a row of it then passes by how many of them
    held it, and its value is their median."""
    rows, missing = [], []
    for budget in budgets:
        value = None
        try:
            value = results.value(budget)
        except LookupError as why:
            missing.append(f"{budget.name}: {why.args[0]}")
        row = {"name": budget.name, "value": value, "unit": budget.unit, "budget": budget.budget}
        row["pass"] = value is not None and holds(budget, value)
        if len(runs) > 1 and budget.program == LIVE:
            row["runs"] = len(runs)
            row["held"] = sum(held_in(budget, run) for run in runs)
            row["pass"] = value is not None and row["held"] >= NEEDED * len(runs)
        rows.append(row)
    return rows, missing


def beside(figures, rows, results):
    """Lines of the figures without a budget, those that there are."""
    values = {row["name"]: row["value"] for row in rows}
    lines = []
    for figure in figures:
        try:
            value = results.value(figure)
        except LookupError:
            continue
        ours = values.get(figure.ours)
        times = f"  {short(value / ours)} × ours" if ours else ""
        lines.append(f"  {figure.name:<48} {short(value):>9} {figure.unit}{times}")
    return lines


def spread_out(spreads, results):
    """Returns a row for every spread that there is, and why the others are not there. `ratio` is of medians, to ours."""
    rows, missing, medians = [], [], {}
    for spread in spreads:
        row = {"name": spread.name, "ours": spread.ours, "unit": spread.unit, "ratio": None}
        try:
            row.update({counter: results.value(spread.figure(counter)) for counter in COUNTERS})
        except LookupError as why:
            missing.append(f"{spread.name}: {why.args[0]}")
            continue
        if spread.ours:
            row["ratio"] = row["p50"] / medians[spread.ours] if medians.get(spread.ours) else None
        else:
            medians[spread.name] = row["p50"]
        rows.append(row)
    return rows, missing


def spread_table(rows):
    lines = [f"  {'':<48} {'p50':>9} {'p99':>9} {'p99.9':>9} {'max':>9} {'unit':<6} {'× ours':>8}"]
    there = {row["name"] for row in rows if not row["ours"]}
    for row in rows:
        name = row["name"]
        if row["ours"]:
            name = f"  {name}" if row["ours"] in there else f"{name} ({row['ours']})"
        figures = " ".join(f"{short(row[counter]):>9}" for counter in COUNTERS)
        ratio = short(row["ratio"]) if row["ratio"] is not None else ""
        lines.append(f"  {name:<48} {figures} {row['unit']:<6} {ratio:>8}".rstrip())
    return lines


def short(value):
    """Three digits that say something."""
    if value is None:
        return "none"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(budgets, rows):
    by_name = {budget.name: budget for budget in budgets}
    lines = [f"  {'':<48} {'value':>9} {'unit':<6} {'budget':>9}"]
    for row in rows:
        limit = f"{by_name[row['name']].comparison} {short(row['budget'])}"
        result = "pass" if row["pass"] else "MISS"
        runs = f"  {row['held']} of {row['runs']} runs" if "runs" in row else ""
        lines.append(f"  {row['name']:<48} {short(row['value']):>9} {row['unit']:<6} {limit:>9}  {result}{runs}")
    return lines


def summary(rows):
    lines = [f"{len(rows)} rows, {sum(row['pass'] for row in rows)} within their budget"]
    repeated = [row for row in rows if "runs" in row]
    if repeated:
        kept = sum(row["pass"] for row in repeated)
        lines.append(f"{len(repeated)} rows ran {repeated[0]['runs']} times: {kept} held in three runs of five or more")
    return lines


def run(program, out, arguments):
    """Runs one program of benchmarks; returns its report, without runs when no benchmark was asked of it."""
    out.unlink(missing_ok=True)
    if not program.exists():
        raise RuntimeError("it was not built")
    command = [program, f"--benchmark_out={out}", "--benchmark_out_format=json", *arguments]
    code = subprocess.run(command, check=False).returncode
    if code != 0:
        raise RuntimeError(f"it ended with {code}")
    text = out.read_text() if out.exists() else ""
    return json.loads(text) if text else {"benchmarks": []}


def measure(options, arguments):
    """Runs all programs. Returns what they found, the runs of LIVE one by one, and what went wrong with a program."""
    results, runs, broken = Results(), [], []
    for name in PROGRAMS:
        if name in options.without:
            continue
        for n in range(options.runs if name == LIVE else 1):
            one = Results()
            try:
                out = options.results / (f"{name}.json" if n == 0 else f"{name}.{n + 1}.json")
                report = run(options.programs / name, out, arguments)
                one.add(name, report)
                results.add(name, report)
                if name == SCALE and not arguments:
                    scale.write(report, options.results)
            except (OSError, RuntimeError, ValueError) as error:
                broken.append(f"{name}: {error}")
            if name == LIVE:
                runs.append(one)
    return results, runs, broken


def write_json(path, rows):
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False, epilog="Other arguments go to every program.")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--results", type=pathlib.Path, required=True, help="folder that the results are written to")
    parser.add_argument("--runs", type=int, default=1, metavar="N",
                        help=f"run {LIVE} so many times; a row of it passes when three runs of five, or more, hold it")
    parser.add_argument("--without", action="append", default=[], metavar="PROGRAM",
                        help="a program that this machine cannot have; its rows are left out")
    options, arguments = parser.parse_known_args(words)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: at least 1")
    return options, arguments


def main():
    options, arguments = parse(sys.argv[1:])
    options.results.mkdir(parents=True, exist_ok=True)
    results, runs, broken = measure(options, arguments)
    budgets = tuple(budget for budget in BUDGETS if budget.program not in options.without)
    rows, missing = judge(budgets, results, runs)
    spreads, no_spread = spread_out([spread for spread in SPREADS if spread.program not in options.without], results)
    if arguments:
        rows = [row for row in rows if row["value"] is not None]
    print("\n".join(["", *table(budgets, rows), "", "beside them:", *beside(BESIDE, rows, results), "",
                     "how times spread, and what else could do the same:", *spread_table(spreads), ""]))
    if arguments:
        print(f"partial: {len(rows)} of {len(budgets)} rows ran with {' '.join(arguments)}; budgets.json is left as it was")
        errors = broken + results.failures()
    else:
        write_json(options.results / "budgets.json", rows)
        write_json(options.results / "spreads.json", spreads)
        print("\n".join(summary(rows)) + f"; {options.results / 'budgets.json'}")
        errors = broken + missing + no_spread
        errors += [failure for failure in results.failures() if not any(failure in error for error in errors)]
    for error in errors:
        print(f"bench: error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
