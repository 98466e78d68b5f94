#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/budgets.py notices a row that has no figure, a budget that is missed, and a program that fails; and what it writes."""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench"))

import budgets
import rows as declared
from budgets import Results, beside, judge, spread_out, spread_table, summary, table
from rows import Budget, Figure, Spread, compared

FAST = Budget("read", "live", "read/by_handle", "p50", "ns", 1, "≤", 2, "read one value")
WIDE = Budget("bandwidth", "live", "compose/all", "share", "×", 1, "≥", 0.7, "dense compose")
SLOW = Budget("save", "durable", "durable/save", "p99", "ms", 1e-6, "≤", 5, "document save")
READ, MAP = compared("reading", "live", "read/by_handle", "ns", 1, ("hash table", "durable", "map/read"))


def measured(name, **counters):
    return {"name": name, "run_type": "iteration", **counters}


def report(*runs):
    return {"benchmarks": list(runs)}


def results(**reports):
    found = Results()
    for program, content in reports.items():
        found.add(program, content)
    return found


class Judging(unittest.TestCase):
    def test_within_a_budget(self):
        rows, missing = judge([FAST], results(live=report(measured("read/by_handle", p50=1.5))))
        self.assertEqual(rows, [{"name": "read", "value": 1.5, "unit": "ns", "budget": 2, "pass": True}])
        self.assertEqual(missing, [])

    def test_a_miss_above(self):
        rows, _ = judge([FAST], results(live=report(measured("read/by_handle", p50=2.1))))
        self.assertFalse(rows[0]["pass"])

    def test_a_miss_below(self):
        below = results(live=report(measured("compose/all", share=0.69)))
        above = results(live=report(measured("compose/all", share=0.71)))
        self.assertFalse(judge([WIDE], below)[0][0]["pass"])
        self.assertTrue(judge([WIDE], above)[0][0]["pass"])

    def test_the_value_is_in_the_unit_of_the_row(self):
        rows, _ = judge([SLOW], results(durable=report(measured("durable/save", p99=6e6))))
        self.assertAlmostEqual(rows[0]["value"], 6.0)
        self.assertFalse(rows[0]["pass"])

    def test_how_a_benchmark_was_run_is_not_its_name(self):
        name = "read/by_handle/iterations:10000/manual_time"
        self.assertEqual(judge([FAST], results(live=report(measured(name, p50=1.0))))[1], [])

    def test_repetitions_count_by_their_median_and_aggregates_do_not(self):
        runs = [measured("read/by_handle", p50=value) for value in (1.0, 9.0, 1.2)]
        mean = {"name": "read/by_handle_mean", "run_type": "aggregate", "p50": 3.7}
        self.assertEqual(judge([FAST], results(live=report(*runs, mean)))[0][0]["value"], 1.2)


    def test_what_a_figure_or_spread_is_compared_with_is_there_and_comes_before_it(self):
        rows = {figure.name for figure in declared.BUDGETS}
        self.assertLessEqual({figure.ours for figure in declared.BESIDE if figure.ours}, rows)
        ours = set()
        for spread in declared.SPREADS:
            if spread.ours:
                self.assertIn(spread.ours, ours)
            else:
                self.assertNotIn(spread.name, ours)
                ours.add(spread.name)

    def test_every_program_that_a_row_is_of_runs(self):
        for row in declared.BUDGETS + declared.BESIDE + declared.SPREADS:
            self.assertIn(row.program, declared.PROGRAMS)
        self.assertIn(declared.LIVE, declared.PROGRAMS)
        self.assertIn(declared.SCALE, declared.PROGRAMS)


def spread(name, p50, p99=3.0, prefix=""):
    return measured(name, **{prefix + "p50": p50, prefix + "p99": p99, prefix + "p999": 4.0, prefix + "max": 500.0})


class Comparing(unittest.TestCase):
    def test_a_spread_has_its_percentiles_and_its_ratio_to_ours(self):
        found = results(live=report(spread("read/by_handle", 2.0)), durable=report(spread("map/read", 9.0)))
        rows, missing = spread_out([READ, MAP], found)
        self.assertEqual(missing, [])
        ours = {"name": "reading", "ours": "", "unit": "ns", "ratio": None, "p50": 2.0, "p99": 3.0, "p999": 4.0, "max": 500.0}
        self.assertEqual(rows, [ours, {**ours, "name": "hash table", "ours": "reading", "p50": 9.0, "ratio": 4.5}])
        words = [line.split() for line in spread_table(rows)]
        self.assertEqual(words[0], ["p50", "p99", "p99.9", "max", "unit", "×", "ours"])
        self.assertEqual(words[1:], [["reading", "2", "3", "4", "500", "ns"],
                                     ["hash", "table", "9", "3", "4", "500", "ns", "4.5"]])

    def test_what_was_measured_in_the_same_benchmark_has_a_prefix(self):
        ours, loop = compared("frames", "live", "compose", "µs", 1e-3, ("loop", "naive_"))
        both = {**spread("compose", 2000.0), **spread("compose", 1000.0, prefix="naive_")}
        rows, missing = spread_out([ours, loop], results(live=report(both)))
        self.assertEqual(([row["p50"] for row in rows], rows[1]["ratio"], missing), ([2.0, 1.0], 0.5, []))

    def test_ours_that_is_not_there_or_was_too_short_to_measure_gives_no_ratio(self):
        other = report(spread("map/read", 9.0))
        rows, missing = spread_out([READ, MAP], results(durable=other))
        self.assertEqual(([row["ratio"] for row in rows], missing), ([None], ["reading: live did not run read/by_handle"]))
        self.assertIn("hash table (reading) ", spread_table(rows)[1])  # it says of what, where the line above does not
        rows, _ = spread_out([READ, MAP], results(live=report(spread("read/by_handle", 0.0)), durable=other))
        self.assertEqual([row["ratio"] for row in rows], [None, None])

    def test_a_percentile_that_is_gone_is_named(self):
        found = results(live=report(measured("read/by_handle", p50=1.0, p99=1.0, p999=1.0)))
        self.assertEqual(spread_out([READ], found), ([], ["reading: read/by_handle of live has no counter max"]))

    def test_a_figure_beside_a_row_has_its_ratio_too(self):
        figure = Figure("arrays", "live", "memory", "arrays", "bytes", 1, ours="read")
        found = results(live=report(measured("memory", arrays=30.0)))
        self.assertEqual(beside([figure], [{"name": "read", "value": 20.0}], found)[0].split(),
                         ["arrays", "30", "bytes", "1.5", "×", "ours"])
        self.assertEqual(beside([figure], [{"name": "read", "value": None}], found)[0].split(), ["arrays", "30", "bytes"])


class Repeating(unittest.TestCase):
    """A row of LIVE that ran several times, here with 2 as its limit."""

    def judged(self, *values, budget=FAST):
        runs = [results(live=report(measured("read/by_handle", p50=value)) if value else report()) for value in values]
        together = Results()
        for value in values:
            if value:
                together.add("live", report(measured("read/by_handle", p50=value)))
        with mock.patch.object(budgets, "LIVE", "live"):
            return judge([budget], together, runs)[0][0]

    def test_three_of_five_pass_and_two_do_not(self):
        row = self.judged(1.0, 9.0, 1.5, 9.0, 2.0)
        self.assertEqual((row["held"], row["runs"], row["pass"], row["value"]), (3, 5, True, 2.0))
        row = self.judged(1.0, 9.0, 1.5, 9.0, 2.1)
        self.assertEqual((row["held"], row["runs"], row["pass"]), (2, 5, False))

    def test_of_other_numbers_no_smaller_share(self):
        self.assertFalse(self.judged(1.0, 9.0)["pass"])
        self.assertTrue(self.judged(1.0, 1.0, 9.0)["pass"])
        self.assertFalse(self.judged(1.0, 1.0, 9.0, 9.0)["pass"])
        self.assertFalse(self.judged(*[1.0] * 5, *[9.0] * 4)["pass"])  # 5 of 9 are less than three of five

    def test_a_run_without_the_row_has_not_held_it(self):
        self.assertEqual((self.judged(1.0, None, 1.0)["held"], self.judged(1.0, None, 1.0)["runs"]), (2, 3))
        row = self.judged(None, None)
        self.assertEqual((row["value"], row["held"], row["pass"]), (None, 0, False))

    def test_one_run_is_judged_by_its_value(self):
        self.assertNotIn("held", self.judged(1.0))

    def test_a_row_of_another_program_is_not_repeated(self):
        runs = [results(), results()]
        row = judge([SLOW], results(durable=report(measured("durable/save", p99=1e6))), runs)[0][0]
        self.assertNotIn("held", row)
        self.assertTrue(row["pass"])

    def test_the_table_says_in_how_many_runs_and_the_summary_how_many_rows(self):
        row = self.judged(1.0, 9.0, 1.5, 9.0, 2.0)
        self.assertEqual(table([FAST], [row])[1].split()[-5:], ["pass", "3", "of", "5", "runs"])
        self.assertEqual(summary([row, self.judged(9.0, 9.0, 9.0, 9.0, 1.0)])[1],
                         "2 rows ran 5 times: 1 held in three runs of five or more")


class Missing(unittest.TestCase):
    def missing(self, found):
        rows, missing = judge([FAST], found)
        self.assertEqual(rows, [{"name": "read", "value": None, "unit": "ns", "budget": 2, "pass": False}])
        self.assertEqual(len(missing), 1)
        return missing[0]

    def test_a_benchmark_that_did_not_run_is_named(self):
        self.assertEqual(self.missing(results(live=report())), "read: live did not run read/by_handle")

    def test_the_same_name_in_another_program_is_another_benchmark(self):
        self.assertEqual(self.missing(results(durable=report(measured("read/by_handle", p50=1.0)))),
                         "read: live did not run read/by_handle")

    def test_a_benchmark_that_failed_says_why(self):
        failed = {**measured("read/by_handle", p50=0.0), "error_occurred": True, "error_message": "no memory"}
        self.assertEqual(self.missing(results(live=report(failed))), "read: read/by_handle of live failed: no memory")

    def test_a_counter_that_is_gone_is_named(self):
        self.assertEqual(self.missing(results(live=report(measured("read/by_handle", p99=1.0)))),
                         "read: read/by_handle of live has no counter p50")


class Table(unittest.TestCase):
    def test_a_line_says_value_budget_and_result(self):
        rows, _ = judge([FAST, WIDE, SLOW], results(live=report(measured("read/by_handle", p50=2.111), measured("compose/all", share=0.9))))
        words = [line.split() for line in table([FAST, WIDE, SLOW], rows)[1:]]
        self.assertEqual(words, [["read", "2.11", "ns", "≤", "2", "MISS"], ["bandwidth", "0.9", "×", "≥", "0.7", "pass"],
                                 ["save", "none", "ms", "≤", "5", "MISS"]])

    def test_names_and_rows_of_the_design_are_whole(self):
        names = [figure.name for figure in declared.BUDGETS + declared.BESIDE]
        self.assertEqual(len(names), len(set(names)))
        # Of the 13 rows of the design's table of budgets and the 3 of the bindings, none is without a figure.
        self.assertEqual(len({budget.design for budget in declared.BUDGETS}), 16)


FAKE = """#!{python}
import json, sys
out = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--benchmark_out="))
json.dump({report}, open(out, "w"))
sys.exit({code})
"""


class Running(unittest.TestCase):
    """The whole script over programs that only pretend to measure."""

    spreads = ()
    programs = ("live", "durable")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def program(self, name, runs, code=0):
        path = self.root / name
        path.write_text(FAKE.format(python=sys.executable, report=report(*runs), code=code))
        path.chmod(0o755)

    def run_script(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()
        command = ["budgets.py", "--programs", str(self.root), "--results", str(self.root / "results"), *arguments]
        figures = (Figure("clock", "live", "read/by_handle", "clock", "ns", 1),)
        with mock.patch.multiple(budgets, BUDGETS=(FAST, SLOW), BESIDE=figures, SPREADS=self.spreads, LIVE="live", SCALE="scale",
                                 PROGRAMS=self.programs), \
                mock.patch.object(sys, "argv", command), \
                contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = budgets.main()
        return code, output.getvalue(), errors.getvalue()

    def written(self):
        return json.loads((self.root / "results/budgets.json").read_text())

    def test_all_rows(self):
        self.program("live", [measured("read/by_handle", p50=1.0, clock=20)])
        self.program("durable", [measured("durable/save", p99=6e6)])
        code, output, errors = self.run_script()
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(self.written(), [{"name": "read", "value": 1.0, "unit": "ns", "budget": 2, "pass": True},
                                          {"name": "save", "value": 6.0, "unit": "ms", "budget": 5, "pass": False}])
        self.assertIn("2 rows, 1 within their budget", output)
        self.assertRegex(output, r"beside them:\n  clock +20 ns\n")

    def test_a_row_without_a_benchmark_is_an_error(self):
        self.program("live", [measured("read/by_handle", p50=1.0)])
        self.program("durable", [])
        code, _, errors = self.run_script()
        self.assertEqual(code, 1)
        self.assertEqual(errors, "bench: error: save: durable did not run durable/save\n")
        self.assertEqual([row["pass"] for row in self.written()], [True, False])

    def test_a_program_that_the_machine_cannot_have_has_no_rows_and_the_others_are_whole(self):
        self.program("live", [measured("read/by_handle", p50=1.0)])
        code, output, errors = self.run_script("--without", "durable")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual([row["name"] for row in self.written()], ["read"])
        self.assertIn("1 rows, 1 within their budget", output)

    def test_a_program_that_is_not_there_or_fails_is_an_error_and_the_others_run(self):
        self.program("durable", [measured("durable/save", p99=1e6)], code=3)
        code, output, errors = self.run_script()
        self.assertEqual(code, 1)
        self.assertIn("bench: error: live: it was not built\n", errors)
        self.assertIn("bench: error: durable: it ended with 3\n", errors)
        self.assertIn("2 rows, 0 within their budget", output)

    def test_a_result_of_an_earlier_run_is_not_taken_for_a_new_one(self):
        self.program("live", [measured("read/by_handle", p50=1.0)])
        self.program("durable", [measured("durable/save", p99=1e6)])
        self.run_script()
        (self.root / "durable").write_text(f"#!{sys.executable}\n")
        code, _, errors = self.run_script()
        self.assertEqual((code, errors), (1, "bench: error: save: durable did not run durable/save\n"))

    def test_with_arguments_it_is_partial_and_says_so(self):
        self.program("live", [measured("read/by_handle", p50=1.0)])
        self.program("durable", [])
        code, output, errors = self.run_script("--benchmark_filter=read")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("partial: 1 of 2 rows ran with --benchmark_filter=read", output)
        self.assertNotIn("save", output)
        self.assertFalse((self.root / "results/budgets.json").exists())

    def test_a_failure_is_an_error_in_a_partial_run_too(self):
        self.program("live", [{**measured("read/by_handle"), "error_occurred": True, "error_message": "no memory"}])
        self.program("durable", [])
        code, _, errors = self.run_script("--benchmark_filter=read")
        self.assertEqual((code, errors), (1, "bench: error: read/by_handle of live failed: no memory\n"))

    def test_a_spread_without_a_benchmark_is_an_error_unless_its_program_cannot_be_had(self):
        self.spreads = (READ, MAP)
        self.program("live", [spread("read/by_handle", 1.0)])
        self.program("durable", [measured("durable/save", p99=1e6)])
        code, output, errors = self.run_script()
        self.assertEqual((code, errors), (1, "bench: error: hash table: durable did not run map/read\n"))
        self.assertRegex(output, r"reading +1 +3 +4 +500 ns\n")
        code, _, errors = self.run_script("--without", "durable")
        self.assertEqual((code, errors), (0, ""))
        written = json.loads((self.root / "results/spreads.json").read_text())
        self.assertEqual([row["name"] for row in written], ["reading"])

    def test_live_rows_run_as_often_as_asked_and_others_once(self):
        for name, benchmark in (("live", "read/by_handle"), ("durable", "durable/save")):
            # Each run counts itself: the first two are within the budget, the others are not.
            (self.root / name).write_text(f"""#!{sys.executable}
import json, pathlib, sys
count = pathlib.Path(__file__ + ".count")
n = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(n))
out = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--benchmark_out="))
run = dict(name="{benchmark}", run_type="iteration", p50=n, p99=1e6)
json.dump(dict(benchmarks=[run]), open(out, "w"))
""")
            (self.root / name).chmod(0o755)
        code, output, errors = self.run_script("--runs", "5")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual([(self.root / f"{name}.count").read_text() for name in ("live", "durable")], ["5", "1"])
        rows = [(row["value"], row.get("held"), row["pass"]) for row in self.written()]
        self.assertEqual(rows, [(3, 2, False), (1, None, True)])
        self.assertIn("MISS  2 of 5 runs", output)
        self.assertIn("1 rows ran 5 times: 0 held in three runs of five or more", output)
        self.assertEqual(len(list((self.root / "results").glob("live*.json"))), 5)

    def test_a_number_of_runs_that_is_none_is_refused(self):
        with self.assertRaises(SystemExit):
            self.run_script("--runs", "0")

    def test_frames_by_size_are_drawn_when_all_of_them_ran(self):
        self.programs = ("live", "durable", "scale")
        self.program("live", [measured("read/by_handle", p50=1.0)])
        self.program("durable", [measured("durable/save", p99=1e6)])
        self.program("scale", [spread("scale/frame/64/100", 10.0)])
        drawing = self.root / "results/scale.svg"
        self.run_script("--benchmark_filter=scale")
        self.assertFalse(drawing.exists())
        self.assertEqual(self.run_script()[0], 0)
        self.assertTrue(drawing.exists())

    def test_frames_of_a_size_that_failed_are_an_error_and_the_others_are_drawn(self):
        self.programs = ("live", "durable", "scale")
        self.program("live", [measured("read/by_handle", p50=1.0)])
        self.program("durable", [measured("durable/save", p99=1e6)])
        failed = {**measured("scale/frame/512/100"), "error_occurred": True, "error_message": "no memory"}
        self.program("scale", [spread("scale/frame/64/100", 10.0), failed])
        code, _, errors = self.run_script()
        self.assertEqual((code, errors), (1, "bench: error: scale/frame/512/100 of scale failed: no memory\n"))
        self.assertTrue((self.root / "results/scale.svg").exists())


if __name__ == "__main__":
    unittest.main()
