#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes scale.md and scale.svg, the cost of a frame by the size of the show, from what scale_bench measured."""

import argparse
import json
import math
import pathlib
import re
import sys
from xml.sax.saxutils import escape

NAME = re.compile(r"scale/frame/(\d+)/(\d+)(/|$)")
SHARES = (0, 1, 10, 100)
FRAME_NS = 1e9 / 44
NONE = "–"


class Scale:
    """Counters by (parameters, percent moving), of those that were measured."""

    def __init__(self, report):
        self.runs = {}
        for run in report["benchmarks"]:
            found = NAME.match(run["name"])
            if found and not run.get("error_occurred"):
                self.runs[int(found[1]), int(found[2])] = run
        if not self.runs:
            raise ValueError("the report has no frames by size")
        self.sizes = sorted({size for size, _ in self.runs})

    def get(self, size, share, counter):
        """None when it was not measured."""
        return self.runs.get((size, share), {}).get(counter)

    def ratio(self, size, share, counter):
        """So many times the median of our frame."""
        other, ours = self.get(size, share, counter), self.get(size, share, "p50")
        return other / ours if other is not None and ours else None

    def rate(self, size, counter):
        """Values per second while all of them move."""
        took = self.get(size, 100, counter)
        return size / (took * 1e-9) if took else None

    def points(self, share, counter):
        points = [(size, self.get(size, share, counter)) for size in self.sizes]
        return [(size, value) for size, value in points if value]

    def rates(self, counter):
        points = [(size, self.rate(size, counter)) for size in self.sizes]
        return [(size, rate) for size, rate in points if rate]


def digits(value):
    """Three that say something."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def duration(ns):
    if ns is None:
        return NONE
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= scale:
            return f"{digits(ns / scale)} {unit}"
    return f"{ns:.0f} ns"


def times(ratio):
    return NONE if ratio is None else f"{ratio:,.0f} ×" if ratio >= 9.95 else f"{ratio:.2g} ×"


def power(value, units):
    """A power of ten for an axis; units are (words, size), the largest first."""
    for unit, size in units:
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def count(number):
    """In words that fit on an axis."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:.1f} M"


def millions(rate):
    return NONE if rate is None else f"{rate / 1e6:,.0f} M/s" if rate >= 9.95e6 else f"{rate / 1e6:.1f} M/s"


def read_words(path, pattern):
    """The first match in a file of the system; None when there is none."""
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return None
    return found[1].strip() if found else None


def machine(context):
    """In words, as far as the machine tells."""
    words = [f"{context['num_cpus']} cores"] if "num_cpus" in context else []
    model = read_words("/proc/cpuinfo", r"^model name\s*:\s*(.*)$")
    if model and words:
        words[0] += f" of {model}"
    if context.get("mhz_per_cpu"):
        words.append(f"{context['mhz_per_cpu'] / 1000:.1f} GHz")
    caches = [cache["size"] for cache in context.get("caches", [])]
    if caches:
        words.append(f"{max(caches) / 2**20:.0f} MiB of last-level cache")
    memory = read_words("/proc/meminfo", r"^MemTotal:\s*(\d+) kB$")
    if memory:
        words.append(f"{int(memory) / 2**20:.0f} GiB")
    for word in (read_words("/etc/os-release", r'^PRETTY_NAME="(.*)"$'), context.get("compiler")):
        if word:
            words.append(word)
    load = context.get("load_avg") or []
    if load:
        words.append(f"with a load of {load[0]:.1f} when the measurement began")
    return ", ".join(words) or "unknown"


def markdown_table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---:"] * len(head)) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def by_share(scale, cell):
    head = ["parameters", *(f"{share} % moving" for share in SHARES)]
    return markdown_table(head, [[f"{size:,}", *(cell(size, share) for share in SHARES)] for size in scale.sizes])


def markdown(scale, where):
    rates = []
    for size in scale.sizes:
        others = [f"{millions(scale.rate(size, counter))} ({times(scale.ratio(size, 100, counter))})"
                  if scale.rate(size, counter) else NONE for counter in ("copy_p50", "naive_p50", "map_p50")]
        rates.append([f"{size:,}", millions(scale.rate(size, "p50")), *others])
    return "\n".join([
        "# What a frame costs, by the size of the show", "",
        "Written by `./dev bench`, which leaves this file and the drawing in `build/bench`.", "",
        f"Machine: {where}.", "",
        "![Time of a frame and values composed per second, by the size of the show](scale.svg)", "",
        "Every parameter is a float with a persisted and a committed value; those that move are under automation and glide, the",
        "rest lies still. Those that move were chosen at random. A frame is one call of `relume_compose`; what it publishes is",
        "taken by a reader before the next. From 32,768 parameters on, times are what the processor spent on the thread, so that",
        "other programs on a shared machine do not count but for what they do to its caches.", "",
        "## Time of a frame", "", "Median, and in brackets p99 (of the largest shows, the slowest of 20 frames).", "",
        *by_share(scale, lambda *of: f"{duration(scale.get(*of, 'p50'))} ({duration(scale.get(*of, 'p99'))})"), "", f"A frame of 44 Hz, which is what Art-Net can carry at most, lasts {duration(FRAME_NS)}.", "",
        "## All values moving, against what else could make the frame", "",
        "Values composed per second, by the median; in brackets, ours as a multiple of it.", "",
        *markdown_table(["parameters", "Relume", "plain copy", "naive loop", "hash tables"], rates), "",
        "- *plain copy*: `memcpy` of as many bytes as a frame cannot do without. Of each moving value its target, start value and",
        "  start time are read and its value is written, four bytes each. The same bytes each time: small copies stay in the cache.",
        "- *naive loop*: an array for each property, a flag for each thing that may be true, one loop over all that chooses the tier,",
        "  clamps, smooths with `std::exp` and writes. It comes to the same values, which is checked. No second thread can read it.",
        "- *hash tables*: a `std::unordered_map` of `std::variant` by route for each tier, the topmost value of each route written to",
        "  an array, without smoothing. Three of them with 16.8 million routes do not fit the memory.", "",
        "## The naive loop, by what moves", "",
        "Its median, and in brackets how many times ours that is. It looks at every parameter, whether it moves or not.", "",
        *by_share(scale, lambda *of: f"{duration(scale.get(*of, 'naive_p50'))} ({times(scale.ratio(*of, 'naive_p50'))})"), ""])


# Colours that stay apart for those who see fewer of them.
OURS = ("#08306b", "#1f68ad", "#3f8fcb", "#62abda")
OTHERS = {"naive_p50": ("naive loop", "#d55e00"), "copy_p50": ("plain copy", "#6b6b6b"), "map_p50": ("hash tables", "#b0559f")}
TIMES = ((" s", 1e9), (" ms", 1e6), (" µs", 1e3), (" ns", 1))
RATES = ((" G/s", 1e9), (" M/s", 1e6), (" k/s", 1e3))
WIDTH, HEIGHT, TOP, BOTTOM = 1120, 520, 64, 64


class Panel:
    """One pair of logarithmic axes."""

    def __init__(self, left, width, sizes, decades):
        self.left, self.width, self.sizes, self.decades = left, width, sizes, decades

    def x(self, size):
        low, high = math.log(self.sizes[0]), math.log(self.sizes[-1])
        return self.left + self.width * (math.log(size) - low) / (high - low or 1)

    def y(self, value):
        low, high = self.decades
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (math.log10(value) - low) / (high - low)

    def axes(self, title, label):
        out = [text(self.left, 26, title, 15, "start", weight="bold")]
        for decade in range(self.decades[0], self.decades[1] + 1):
            y = self.y(10**decade)
            out.append(line([(self.left, y), (self.left + self.width, y)], "#e3e3e3", 1))
            out.append(text(self.left - 8, y + 4, label(10**decade), 11, "end"))
        for size in self.sizes:
            out.append(line([(self.x(size), HEIGHT - BOTTOM), (self.x(size), HEIGHT - BOTTOM + 5)], "#444", 1))
            out.append(text(self.x(size), HEIGHT - BOTTOM + 20, count(size), 11))
        out.append(line([(self.left, HEIGHT - BOTTOM), (self.left + self.width, HEIGHT - BOTTOM)], "#444", 1))
        out.append(text(self.left + self.width / 2, HEIGHT - 16, "parameters in the show", 12))
        return out

    def curves(self, curves):
        """`curves` are (points, name, colour, dashed). A name stands beside the last point, apart from the others."""
        out, ends = [], []
        for points, name, colour, dashed in curves:
            if not points:
                continue
            at = [(self.x(size), self.y(value)) for size, value in points]
            out.append(line(at, colour, 2.2, dashed))
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
            ends.append([at[-1][1], name, colour])
        lowest = -math.inf
        for end in sorted(ends):
            lowest = max(end[0], lowest + 14)
            out.append(text(self.left + self.width + 10, lowest + 4, end[1], 12, "start", colour=end[2]))
        return out


def text(x, y, words, size, anchor="middle", colour="#222", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def line(points, colour, width, dashed=False):
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def decades(curves, *more):
    values = [value for points, *_ in curves for _, value in points] + list(more)
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def svg(scale, where):
    moving = [(scale.points(share, "p50"), f"{share} % moving", colour, False) for share, colour in zip(reversed(SHARES), OURS)]
    frames = moving + [(scale.points(100, "naive_p50"), "naive loop, 100 %", OTHERS["naive_p50"][1], True)]
    rates = [(scale.rates("p50"), "Relume", OURS[0], False)]
    rates += [(scale.rates(counter), name, colour, True) for counter, (name, colour) in OTHERS.items()]
    left = Panel(70, 340, scale.sizes, decades(frames, FRAME_NS))
    body = left.axes("Time of a frame, median", lambda ns: power(ns, TIMES)) + left.curves(frames)
    y = left.y(FRAME_NS)
    body += [line([(left.left, y), (left.left + left.width, y)], "#2a9d5c", 1.2, True),
             text(left.left + 6, y - 6, "one frame of 44 Hz", 11, "start", colour="#2a9d5c")]
    if any(points for points, *_ in rates):
        right = Panel(640, 360, scale.sizes, decades(rates))
        body += right.axes("Values composed per second, all moving", lambda rate: power(rate, RATES)) + right.curves(rates)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" role="img">',
        "<title>What a frame costs, by the size of the show</title>", f"<desc>Measured on: {escape(where)}</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *body, "</svg>", ""])


def write(report, folder):
    scale = Scale(report)
    where = machine(report.get("context", {}))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.md").write_text(markdown(scale, where), encoding="utf-8")
    (folder / "scale.svg").write_text(svg(scale, where), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=pathlib.Path, help="what scale_bench wrote, build/bench/scale_bench.json")
    parser.add_argument("folder", type=pathlib.Path, help="where the two files go, such as docs")
    options = parser.parse_args()
    try:
        write(json.loads(options.report.read_text(encoding="utf-8")), options.folder)
    except (OSError, ValueError) as error:
        print(f"scale: error: {options.report}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
