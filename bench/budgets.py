#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and holds what they found against the budgets: one table, and budgets.json for programs.

A budget without a figure is an error, not a gap: rows do not vanish because a benchmark was renamed or failed."""

import argparse
import dataclasses
import json
import operator
import pathlib
import re
import statistics
import subprocess
import sys

COMPARE = {"≤": operator.le, "≥": operator.ge}
# What Google Benchmark appends to a name, by the way in which it was run.
RUN_SUFFIX = re.compile(r"/(iterations:\d+|manual_time|real_time|process_time|repeats:\d+|min_time:[\d.]+|threads:\d+)")


@dataclasses.dataclass(frozen=True)
class Figure:
    """A counter of a benchmark, in a unit that people read."""

    name: str
    program: str
    benchmark: str
    counter: str
    unit: str
    scale: float  # from what the counter counts (for times, nanoseconds) to the unit


@dataclasses.dataclass(frozen=True)
class Budget(Figure):
    """A figure that must keep to a budget."""

    comparison: str
    budget: float
    design: str  # the row of the design that it comes from


FRAME_MS = 1000 / 44

COMPOSE = "compose, 262,144 float parameters, all three tiers dense, smoothing on"
WARM = "compose, same show, 1 % moving at random, warm"
ART_NET = "compose, 16.8 million values (the whole Art-Net address space), 1 % moving / all moving"
BANDWIDTH = "dense compose at 16.8 million against a plain memory copy of the same bytes read and written"
READ = "read one value from a frame by handle"
OVERLAY = "overlay write through a source"
MUTATION = "mutation by handle (validation, mirror, publication, event)"
PUBLISH = "publish one change in a 16.8 M-value show"
MEMORY = "memory per float parameter"
DOCUMENT = "document save, 10,000 values"
CHECKPOINT = "checkpoint of 1 KB; of 100 changed pages in a 262,144-parameter show"
START = "process start → first correct frame, 512 layers of one 512-parameter type (262,144), from the mirror"
KILL = "kill → first correct Art-Net packet on the wire, rig under its supervisor"
PYTHON_BATCH = "one batch of 512 values from Python"
PYTHON_VIEW = "a frame view of 262,144 values from Python"
SWIFT_WRITE = "a scalar write from Swift against the C call"

DENSE_16M = "compose/16777216_all_moving"
MIRRORED = "mutation/by_handle_mirrored"
HUNG = "mutation/by_handle_on_hung_disk"

# The design's "≤" without a percentile is held against the median.
BUDGETS = (
    Budget("compose 262,144 dense, p99", "live_bench", "compose/262144_dense_all_tiers", "p99", "ms", 1e-6, "≤", 0.5, COMPOSE),
    Budget("compose 262,144, 1 % moving, p50", "live_bench", "compose/262144_1_percent", "p50", "µs", 1e-3, "≤", 10, WARM),
    Budget("compose 262,144, 1 % moving, p99", "live_bench", "compose/262144_1_percent", "p99", "µs", 1e-3, "≤", 20, WARM),
    Budget("compose 16.8 M, 1 % moving", "live_bench", "compose/16777216_1_percent", "p50", "ms", 1e-6, "≤", 2, ART_NET),
    Budget("compose 16.8 M, all moving", "live_bench", DENSE_16M, "p50", "ms", 1e-6, "≤", FRAME_MS, ART_NET),
    Budget("compose 16.8 M dense, share of copy bandwidth", "live_bench", DENSE_16M, "share_of_copy_bandwidth", "×", 1, "≥", 0.7,
           BANDWIDTH),
    Budget("read one value by handle", "live_bench", "read/by_handle", "p50", "ns", 1, "≤", 2, READ),
    Budget("overlay write alone, p50", "live_bench", "overlay/write_alone", "p50", "ns", 1, "≤", 25, OVERLAY),
    Budget("overlay write beside a composer, p50", "live_bench", "overlay/write_beside_composer", "p50", "ns", 1, "≤", 50, OVERLAY),
    Budget("mutation, p50", "live_bench", MIRRORED, "p50", "ns", 1, "≤", 400, MUTATION),
    Budget("mutation, p99.9", "live_bench", MIRRORED, "p999", "µs", 1e-3, "≤", 5, MUTATION),
    Budget("mutation on a hung disk, p50", "durable_bench", HUNG, "p50", "ns", 1, "≤", 400, MUTATION),
    Budget("mutation on a hung disk, p99.9", "durable_bench", HUNG, "p999", "µs", 1e-3, "≤", 5, MUTATION),
    Budget("longest mutex hold of a mutation, thread time", "live_bench", "mutation/longest_hold", "longest", "µs", 1e-3, "≤", 20,
           MUTATION),
    Budget("publish one change in 16.8 M", "live_bench", "mutation/publish_in_16777216", "p50", "µs", 1e-3, "≤", 1, PUBLISH),
    Budget("memory per float parameter, private", "process_bench", "memory/per_float_parameter", "private_bytes", "bytes", 1, "≤", 48,
           MEMORY),
    Budget("document of 10,240 values against raw replace", "durable_bench", "durable/document_of_10240_values", "ratio", "×", 1, "≤",
           1.5, DOCUMENT),
    Budget("checkpoint of 1 KB against raw commit", "durable_bench", "durable/checkpoint_of_1_kb", "ratio", "×", 1, "≤", 1.15,
           CHECKPOINT),
    Budget("checkpoint of 100 pages against raw commit", "durable_bench", "durable/checkpoint_of_100_pages_in_262144", "ratio", "×", 1,
           "≤", 1.15, CHECKPOINT),
    Budget("process start to first correct frame", "process_bench", "start/first_frame_262144_from_mirror", "p50", "ms", 1e-6, "≤", 10,
           START),
    Budget("kill to first correct Art-Net packet, p99", "process_bench", "start/kill_to_art_net_packet", "p99", "ms", 1e-6, "≤", 22.7,
           KILL),
    Budget("Python: batch of 512 values", "python_bench", "python/stream_write_512", "p50", "µs", 1e-3, "≤", 2, PYTHON_BATCH),
    Budget("Python: frame view of 262,144 values", "python_bench", "python/frame_view_262144", "p50", "µs", 1e-3, "≤", 5, PYTHON_VIEW),
    Budget("Swift: overlay write against C", "relume-swift-bench", "swift/overlay_write", "ratio", "×", 1, "≤", 1.2, SWIFT_WRITE),
    Budget("Swift: mutation against C", "relume-swift-bench", "swift/value_set", "ratio", "×", 1, "≤", 1.2, SWIFT_WRITE),
)

# Without a budget, but what one of the above is read with.
BESIDE = (
    Figure("stream of 512 values, p50", "live_bench", "stream/write_512", "p50", "µs", 1e-3),
    Figure("Python: overlay write, p50", "python_bench", "python/overlay_write", "p50", "µs", 1e-3),
    Figure("Python: mutation, p50", "python_bench", "python/mutation_by_handle", "p50", "µs", 1e-3),
    Figure("Swift: overlay write", "relume-swift-bench", "swift/overlay_write", "ns", "ns", 1),
    Figure("Swift: mutation", "relume-swift-bench", "swift/value_set", "ns", "ns", 1),
    Figure("longest mutex hold, interrupts included", "live_bench", "mutation/longest_hold", "longest_with_interrupts", "µs", 1e-3),
    Figure("mirror per float parameter", "process_bench", "memory/per_float_parameter", "mirror_bytes", "bytes", 1),
    Figure("snapshot per float parameter, all changed", "process_bench", "memory/per_float_parameter", "snapshot_bytes", "bytes", 1),
    Figure("source per float parameter", "process_bench", "memory/per_float_parameter", "source_bytes", "bytes", 1),
    Figure("process memory, 16.8 M, 1 % automated", "live_bench", "compose/16777216_1_percent", "memory_bytes", "GiB", 2**-30),
    Figure("process memory, 16.8 M, all automated", "live_bench", DENSE_16M, "memory_bytes", "GiB", 2**-30),
    Figure("process start to first correct frame, p99", "process_bench", "start/first_frame_262144_from_mirror", "p99", "ms", 1e-6),
    Figure("kill to first correct Art-Net packet, p50", "process_bench", "start/kill_to_art_net_packet", "p50", "ms", 1e-6),
)

# PROGRAMS in the order in which they run.
PROGRAMS = tuple(dict.fromkeys(figure.program for figure in BUDGETS))


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


def judge(budgets, results):
    """Returns a row for every budget, as they go to budgets.json, and why some of them have no value."""
    rows, missing = [], []
    for budget in budgets:
        value = None
        try:
            value = results.value(budget)
        except LookupError as why:
            missing.append(f"{budget.name}: {why.args[0]}")
        kept = value is not None and COMPARE[budget.comparison](value, budget.budget)
        rows.append({"name": budget.name, "value": value, "unit": budget.unit, "budget": budget.budget, "pass": kept})
    return rows, missing


def beside(figures, results):
    """Lines of the figures without a budget, those that there are."""
    lines = []
    for figure in figures:
        try:
            lines.append(f"  {figure.name:<48} {short(results.value(figure)):>9} {figure.unit}")
        except LookupError:
            continue
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
        lines.append(f"  {row['name']:<48} {short(row['value']):>9} {row['unit']:<6} {limit:>9}  {result}")
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False, epilog="Other arguments go to every program.")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--results", type=pathlib.Path, required=True, help="folder that the results are written to")
    parser.add_argument("--without", action="append", default=[], metavar="PROGRAM",
                        help="a program that this machine cannot have; its rows are left out")
    options, arguments = parser.parse_known_args()
    options.results.mkdir(parents=True, exist_ok=True)
    results, broken = Results(), []
    budgets = tuple(budget for budget in BUDGETS if budget.program not in options.without)
    for name in PROGRAMS:
        if name in options.without:
            continue
        try:
            results.add(name, run(options.programs / name, options.results / f"{name}.json", arguments))
        except (OSError, RuntimeError, ValueError) as error:
            broken.append(f"{name}: {error}")
    rows, missing = judge(budgets, results)
    if arguments:
        rows = [row for row in rows if row["value"] is not None]
    print("\n".join(["", *table(budgets, rows), "", "beside them:", *beside(BESIDE, results), ""]))
    if arguments:
        print(f"partial: {len(rows)} of {len(budgets)} rows ran with {' '.join(arguments)}; budgets.json is left as it was")
        errors = broken + results.failures()
    else:
        out = options.results / "budgets.json"
        out.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        print(f"{len(rows)} rows, {sum(row['pass'] for row in rows)} within their budget; {out}")
        errors = broken + missing
    for error in errors:
        print(f"bench: error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
