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
from budgets import Budget, Figure, Results, judge, table

FAST = Budget("read", "live", "read/by_handle", "p50", "ns", 1, "≤", 2, "read one value")
WIDE = Budget("bandwidth", "live", "compose/all", "share", "×", 1, "≥", 0.7, "dense compose")
SLOW = Budget("save", "durable", "durable/save", "p99", "ms", 1e-6, "≤", 5, "document save")


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
        names = [figure.name for figure in budgets.BUDGETS + budgets.BESIDE]
        self.assertEqual(len(names), len(set(names)))
        # Of the 13 rows of the design's table of budgets and the 3 of the bindings, none is without a figure.
        self.assertEqual(len({budget.design for budget in budgets.BUDGETS}), 16)


FAKE = """#!{python}
import json, sys
out = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--benchmark_out="))
json.dump({report}, open(out, "w"))
sys.exit({code})
"""


class Running(unittest.TestCase):
    """The whole script over programs that only pretend to measure."""

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
        beside = (Figure("clock", "live", "read/by_handle", "clock", "ns", 1),)
        with mock.patch.multiple(budgets, BUDGETS=(FAST, SLOW), BESIDE=beside, PROGRAMS=("live", "durable")), \
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


if __name__ == "__main__":
    unittest.main()
