#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of concepts.md from what concept_pictures (pictures.cpp) says that a real show did.

    pictures.py PROGRAM FOLDER             writes FOLDER/*.svg
    pictures.py --check PROGRAM FOLDER     says which of them are not what it would write
"""

import argparse
import collections
import csv
import pathlib
import subprocess
import sys
from xml.sax.saxutils import escape

TITLES = {
    "tiers": "Three tiers of one parameter: the topmost that is present is shown",
    "settle": "Settle: automation that has stopped changing is committed",
    "gestures": "Two gestures: one is committed at its end, one is given up",
    "priorities": "Two sources of different priority, and an operator",
    "merge": "Two sources of equal priority: the latest change, or the highest value",
    "timeouts": "A source that falls silent for 300 ms lets go of all it holds in one frame",
}
WIDTH, LEFT, RIGHT, PLOT, BAND = 800, 58, 16, 210, 22
TITLE_ROW, LEGEND_ROW, MARK_ROW, LETTER = 26, 24, 16, 6.3
# Colours that stay apart for those who see fewer of them; each for a light and a dark page.
COLOURS = (("#1f6fb4", "#6bb3f0"), ("#c2500a", "#f0955c"), ("#1b8a62", "#5cc9a0"), ("#8a4fa3", "#c99be0"), ("#6b6b6b", "#a8a8a8"))
PAPER, INK, FAINT = ("#ffffff", "#14171b"), ("#1d2127", "#e4e7eb"), ("#dfe2e6", "#383d45")

TIERS = ("default", "persisted", "committed")

Picture = collections.namedtuple("Picture", "shown written holders marks end")


def read(lines):
    """Pictures by name; of each the curves by name, spans of holders, and marks."""
    pictures = {}
    for name, kind, what, ms, number in csv.reader(lines):
        picture = pictures.setdefault(name, Picture({}, {}, [], [], []))
        ms = int(ms)
        picture.end[:] = [max(ms, *picture.end) if picture.end else ms]
        if kind == "shown":
            picture.shown.setdefault(what, []).append((ms, float(number)))
        elif kind == "written":
            picture.written.setdefault(what, []).append((ms, float(number) if number else None))
        elif kind == "mark":
            picture.marks.append((ms, what))
        elif picture.holders and picture.holders[-1][0] == what:
            picture.holders[-1][2] = ms
        else:
            picture.holders.append([what, ms, ms])
    if set(pictures) != set(TITLES):
        raise ValueError(f"the program tells of {', '.join(sorted(pictures))}, and not of {', '.join(sorted(TITLES))}")
    return pictures


class Drawing:
    """One picture as SVG."""

    def __init__(self, name, picture):
        self.name, self.picture = name, picture
        self.end = picture.end[0]
        self.rows = self.place_marks()
        self.top = TITLE_ROW + LEGEND_ROW + MARK_ROW * (max(self.rows, default=-1) + 1) + 8
        self.bottom = self.top + PLOT
        self.band = self.bottom + 34
        self.height = self.band + (BAND + 12 if picture.holders else 4) + 4
        self.colours = {}

    def x(self, ms):
        return LEFT + (WIDTH - LEFT - RIGHT) * ms / self.end

    def y(self, value):
        return self.bottom - PLOT * value

    def colour(self, name):
        return f"c{self.colours.setdefault(name, len(self.colours) % len(COLOURS))}"

    def place_marks(self):
        """The row of each mark's words: the lowest one in which they run into nobody."""
        rows, ends = [], []
        for ms, words in self.picture.marks:
            begin, end = self.span(ms, words)
            row = next((n for n, taken in enumerate(ends) if taken < begin), len(ends))
            ends[row:row + 1] = [end + 8]
            rows.append(row)
        return rows

    def span(self, ms, words):
        half = len(words) * LETTER / 2
        middle = min(max(self.x(ms), half + 4), WIDTH - half - 4)
        return middle - half, middle + half

    def axes(self):
        out = []
        for quarter in range(5):
            value = quarter / 4
            out.append(line([(LEFT, self.y(value)), (WIDTH - RIGHT, self.y(value))], "faint"))
            out.append(text(LEFT - 8, self.y(value) + 4, f"{value:.2f}", "small", "end"))
        for ms in range(0, self.end + 1, 500):
            out.append(line([(self.x(ms), self.bottom), (self.x(ms), self.bottom + 5)], "axis"))
            out.append(text(self.x(ms), self.bottom + 18, f"{ms / 1000:.1f}", "small"))
        out.append(line([(LEFT, self.bottom), (WIDTH - RIGHT, self.bottom)], "axis"))
        out.append(text(WIDTH - RIGHT, self.bottom + 30, "seconds", "small", "end"))
        middle = (self.top + self.bottom) / 2
        return out + [f'<text x="14" y="{middle:.1f}" class="small" text-anchor="middle" '
                      f'transform="rotate(-90 14 {middle:.1f})">value</text>']

    def marks(self):
        out = []
        for row, (ms, words) in zip(self.rows, self.picture.marks):
            y = TITLE_ROW + LEGEND_ROW + MARK_ROW * (row + 1)
            begin, end = self.span(ms, words)
            out.append(line([(self.x(ms), y + 4), (self.x(ms), self.bottom)], "mark"))
            out.append(text((begin + end) / 2, y, words, "words"))
        return out

    def curves(self):
        out = []
        for name, points in self.picture.written.items():
            for run in runs(points, self.end):
                out.append(line([(self.x(ms), self.y(value)) for ms, value in run], f"written {self.colour(name)}"))
        for name, points in reversed(self.picture.shown.items()):
            out.append(line([(self.x(ms), self.y(value)) for ms, value in thinned(points)], self.shown(name)))
        return out

    def shown(self, name):
        """The style of a curve. One that covers the first in part is wide, and lies below it."""
        first, *others = self.picture.shown
        if not others:
            return "shown ink"
        same = sum(a == b for a, b in zip(self.picture.shown[first], self.picture.shown[name]))
        return f"shown {'wide ' if name != first and same > 20 else ''}{self.colour(name)}"

    def legend(self):
        x, y, out = LEFT, TITLE_ROW + 12, []
        names = [(name, self.shown(name), name if len(self.picture.shown) == 1 else f"{name}: shown")
                 for name in self.picture.shown]
        names += [(name, f"written {self.colour(name)}", name) for name in self.picture.written]
        for _, style, words in names:
            out.append(line([(x, y - 4), (x + 26, y - 4)], style))
            out.append(text(x + 32, y, words, "words", "start"))
            x += 32 + len(words) * LETTER + 22
        return out

    def holders(self):
        if not self.picture.holders:
            return []
        out = [text(LEFT - 8, self.band + 15, "held by", "small", "end")]
        for name, begin, end in self.picture.holders:
            left, right = self.x(begin), self.x(min(end + 10, self.end))
            out.append(f'<rect x="{left:.1f}" y="{self.band}" width="{right - left:.1f}" height="{BAND}" '
                       f'class="band {self.held(name)}"/>')
            if len(name) * LETTER + 8 < right - left:
                out.append(text((left + right) / 2, self.band + 15, name, "words"))
        return out

    def held(self, name):
        """The colour of the line that belongs to a holder; what is not automation and has no line has none."""
        lines = list(self.picture.written)
        return self.colour(next((line for line in lines if line in name), lines[0])) if name not in TIERS or name in lines else ""

    def svg(self):
        body = [text(LEFT, 18, TITLES[self.name], "title", "start"), *self.axes(), *self.marks(), *self.curves(), *self.legend(),
                *self.holders()]
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}" '
            'font-family="sans-serif" role="img">', f"<title>{escape(TITLES[self.name])}</title>", "<style>", style(0),
            "@media (prefers-color-scheme: dark) {", style(1), "}", "</style>",
            f'<rect width="{WIDTH}" height="{self.height}" class="paper"/>', *body, "</svg>", ""])


def style(theme):
    lines = [f".paper{{fill:{PAPER[theme]}}}", f"text{{fill:{INK[theme]};font-size:12px}}", ".small{font-size:11px}",
             ".title{font-size:14px;font-weight:bold}", "polyline{fill:none}",
             f".faint{{stroke:{FAINT[theme]}}}", f".axis{{stroke:{INK[theme]}}}",
             f".mark{{stroke:{INK[theme]};stroke-dasharray:2 3;stroke-opacity:.7}}",
             ".shown{stroke-width:2.6;stroke-linejoin:round}", f".ink{{stroke:{INK[theme]}}}",
             ".written{stroke-width:1.8;stroke-dasharray:6 3}", f".band{{fill:{FAINT[theme]};fill-opacity:.55}}", ".wide{stroke-width:6;stroke-opacity:.6}"]
    for n, colours in enumerate(COLOURS):
        lines += [f".c{n}{{stroke:{colours[theme]}}}", f".band.c{n}{{fill:{colours[theme]};fill-opacity:.35}}"]
    return "\n".join([*lines, f".band,.band[class]{{stroke:{PAPER[theme]};stroke-width:2}}"])


def text(x, y, words, kind, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def line(points, kind):
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" class="{kind}"/>'


def runs(points, end):
    """What was written, as steps; a value that ends, ends its run."""
    run = []
    for (ms, value), (until, _) in zip(points, [*points[1:], (end, None)]):
        if value is None:
            if run:
                yield run
            run = []
        elif not run or run[-1][1] != value:
            run += [(ms, value), (until, value)]
        else:
            run[-1] = (until, value)
    if run:
        yield run


def thinned(points):
    """Without the points in the middle of a level."""
    kept = [point for before, point, after in zip(points, points[1:], points[2:]) if not before[1] == point[1] == after[1]]
    return [points[0], *kept, points[-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("program", type=pathlib.Path, help="concept_pictures")
    parser.add_argument("folder", type=pathlib.Path, help="docs/pictures")
    options = parser.parse_args()
    told = subprocess.run([options.program], check=True, capture_output=True, text=True, timeout=30).stdout
    drawn = {f"{name}.svg": Drawing(name, picture).svg() for name, picture in read(told.splitlines()).items()}
    if not options.check:
        options.folder.mkdir(exist_ok=True)
        for name, svg in drawn.items():
            (options.folder / name).write_text(svg, encoding="utf-8")
        return 0
    there = {path.name: path.read_text(encoding="utf-8") for path in options.folder.glob("*")}
    wrong = sorted(name for name in drawn.keys() | there.keys() if drawn.get(name) != there.get(name))
    for name in wrong:
        print(f"pictures: error: {options.folder / name} is not what the show does: draw it anew with "
              f"{pathlib.Path(__file__).name} {options.program} {options.folder}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
