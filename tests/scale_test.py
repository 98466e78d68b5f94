#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/scale.py draws what was measured, where it belongs, and leaves out what was not."""

import contextlib
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench"))

import scale
from scale import Panel, Scale, duration, markdown, svg

SVG = "{http://www.w3.org/2000/svg}"


def frame(size, share, **counters):
    return {"name": f"scale/frame/{size}/{share}/iterations:1/manual_time", **counters}


def whole(*sizes):
    """As if a frame took 2 ns per value, the naive loop 4, hash tables 100, and a copy 0.5."""
    runs = []
    for size in sizes:
        for share in scale.SHARES:
            took = max(size * share / 100 * 2, 20)
            counters = {"p50": took, "p99": took * 3, "naive_p50": size * 4.0, "copy_p50": size * 0.5}
            if share == 100 and size < 1_000_000:
                counters["map_p50"] = size * 100.0
            runs.append(frame(size, share, **counters))
    return {"benchmarks": runs}


class Words(unittest.TestCase):
    def test_durations_have_three_digits_and_a_unit(self):
        for ns, words in ((0, "0 ns"), (17.4, "17 ns"), (999, "999 ns"), (1000, "1.00 µs"), (22_727_272, "22.7 ms"),
                          (318_569_879, "319 ms"), (2e9, "2.00 s"), (None, "–")):
            self.assertEqual(duration(ns), words)


class Tables(unittest.TestCase):
    def rows(self, report):
        lines = markdown(Scale(report), "a machine").splitlines()
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ") and line[2].isdigit()]

    def test_a_row_for_each_size_in_order_in_each_of_three_tables(self):
        rows = self.rows(whole(262144, 64))
        self.assertEqual([row[0] for row in rows], ["64", "262,144"] * 3)
        self.assertEqual(rows[1], ["262,144", "20 ns (60 ns)", "5.24 µs (15.7 µs)", "52.4 µs (157 µs)", "524 µs (1.57 ms)"])

    def test_throughput_and_how_ours_compares(self):
        self.assertEqual(self.rows(whole(64, 262144))[3], ["262,144", "500 M/s", "2,000 M/s (0.25 ×)", "250 M/s (2 ×)", "10 M/s (50 ×)"])

    def test_the_naive_loop_as_a_multiple_of_ours(self):
        self.assertEqual(self.rows(whole(64, 262144))[5][2:], ["1.05 ms (200 ×)", "1.05 ms (20 ×)", "1.05 ms (2 ×)"])

    def test_what_was_not_measured_is_a_dash(self):
        report = whole(64, 16_777_216)
        report["benchmarks"] = [run for run in report["benchmarks"] if not run["name"].startswith("scale/frame/16777216/10/")]
        rows = self.rows(report)
        self.assertEqual(rows[1][3], "– (–)")
        self.assertEqual(rows[3][4], "–")

    def test_a_run_that_failed_counts_as_not_measured(self):
        report = whole(64)
        report["benchmarks"].append({**frame(512, 100, p50=1.0), "error_occurred": True})
        self.assertEqual(Scale(report).sizes, [64])

    def test_a_report_of_something_else_is_refused(self):
        with self.assertRaisesRegex(ValueError, "no frames by size"):
            Scale({"benchmarks": [{"name": "read/by_handle", "p50": 1.0}]})

    def test_the_machine_is_said_as_far_as_it_is_known(self):
        with mock.patch.object(scale, "read_words", return_value=None):
            self.assertEqual(scale.machine({}), "unknown")
            self.assertEqual(scale.machine({"num_cpus": 2, "mhz_per_cpu": 2596, "caches": [{"size": 2**20}, {"size": 2**25}],
                                            "load_avg": [0.25], "compiler": "g++ 12"}),
                             "2 cores, 2.6 GHz, 32 MiB of last-level cache, g++ 12, with a load of 0.2 when the measurement began")


class Drawing(unittest.TestCase):
    def drawn(self, report):
        return ElementTree.fromstring(svg(Scale(report), "5 < 6 & more"))

    def test_a_point_for_each_figure(self):
        root = self.drawn(whole(64, 4096, 262144))
        # Four shares, the naive loop; ours, a copy, the naive loop, hash tables: nine curves of three points.
        self.assertEqual(len(root.findall(f"{SVG}circle")), 9 * 3)
        self.assertIn("5 < 6 & more", root.find(f"{SVG}desc").text)

    def test_a_curve_without_points_is_neither_drawn_nor_named(self):
        words = [text.text for text in self.drawn(whole(2_097_152)).findall(f"{SVG}text")]
        self.assertNotIn("hash tables", words)
        self.assertIn("plain copy", words)

    def test_a_share_alone_is_drawn_alone(self):
        report = whole(64, 512)
        report["benchmarks"] = [run for run in report["benchmarks"] if run["name"].startswith(("scale/frame/64/1/", "scale/frame/512/1/"))]
        root = self.drawn(report)
        self.assertEqual(len(root.findall(f"{SVG}circle")), 2)
        self.assertNotIn("Values composed per second, all moving", [text.text for text in root.findall(f"{SVG}text")])

    def test_everything_lies_inside(self):
        for sizes in ((64,), (64, 512, 4096, 32768, 262144, 2097152, 16777216)):
            root = self.drawn(whole(*sizes))
            _, _, width, height = map(float, root.get("viewBox").split())
            for line in root.findall(f"{SVG}polyline"):
                for x, y in (map(float, point.split(",")) for point in line.get("points").split()):
                    self.assertTrue(0 <= x <= width and scale.TOP <= y <= height, (x, y))

    def test_an_axis_is_logarithmic_and_larger_values_lie_higher(self):
        panel = Panel(100, 300, [64, 512, 4096], (1, 3))
        self.assertEqual([round(panel.x(size)) for size in (64, 512, 4096)], [100, 250, 400])
        self.assertEqual([panel.y(value) for value in (1000, 10)], [scale.TOP, scale.HEIGHT - scale.BOTTOM])
        self.assertAlmostEqual(panel.y(100), (scale.TOP + scale.HEIGHT - scale.BOTTOM) / 2)

    def test_one_size_alone_can_be_drawn(self):
        self.assertEqual(len(self.drawn(whole(64)).findall(f"{SVG}circle")), 9)

    def test_names_do_not_lie_over_each_other(self):
        panel = Panel(0, 100, [64, 512], (0, 3))
        curves = [([(64, 5), (512, value)], f"curve {n}", "#000", False) for n, value in enumerate((100, 101, 102, 5))]
        heights = sorted(float(re.search(r' y="([\d.]+)"', line)[1]) for line in panel.curves(curves) if line.startswith("<text"))
        self.assertEqual(len(heights), 4)
        self.assertTrue(all(b - a >= 14 for a, b in zip(heights, heights[1:])), heights)


class Command(unittest.TestCase):
    def run_script(self, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "report.json").write_text(text)
            errors = io.StringIO()
            with mock.patch.object(sys, "argv", ["scale.py", str(root / "report.json"), str(root / "docs")]), \
                    contextlib.redirect_stderr(errors):
                code = scale.main()
            return code, sorted(path.name for path in root.glob("docs/*")), errors.getvalue()

    def test_both_files(self):
        self.assertEqual(self.run_script(json.dumps(whole(64))), (0, ["scale.md", "scale.svg"], ""))

    def test_what_is_no_report_is_named_and_nothing_is_written(self):
        for text in ("", "{", '{"benchmarks": []}'):
            code, files, errors = self.run_script(text)
            self.assertEqual((code, files), (1, []))
            self.assertRegex(errors, r"^scale: error: .*report\.json: ")


if __name__ == "__main__":
    unittest.main()
