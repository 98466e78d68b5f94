#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the Python binding costs. Prints one JSON object per line, {"name", "ns", "p99", "calls"}; ns is the median.

With --benchmark_out=FILE the same also goes there in the form of Google Benchmark, which bench/budgets.py reads: counters p50,
p99 and p999 in nanoseconds. --benchmark_filter=REGEX runs a part.
"""

import argparse
import gc
import itertools
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import relume
from relume import CommitPolicy, ParamDef, Type

CHANNELS = 512
LAYERS = 512
FRAME = 22_727_272  # 44 Hz, in nanoseconds
CALLS = 20_000
WARM_UP = 500


@contextmanager
def rig(layers: int) -> Iterator[relume.Show]:
    """A show of so many layers of 512 channels; nothing of it is written to a disk."""
    schema = relume.Schema().type("universe", [ParamDef(f"c{n}", Type.FLOAT, max=1.0) for n in range(CHANNELS)])
    for n in range(layers):
        schema.layer(f"u{n}", "universe")
    with relume.Show(schema, max_slots=layers * CHANNELS, threads=False) as show:
        yield show


def measure(call: Callable[[], object], between: Callable[[], object] = lambda: None) -> list[int]:
    """Sorted times of single calls, without what reading the clock costs; `between` is not measured."""
    clock = time.perf_counter_ns
    cost = sorted(-clock() + clock() for _ in range(CALLS))[CALLS // 2]
    times = []
    for _ in range(WARM_UP + CALLS):
        between()
        begin = clock()
        call()
        times.append(clock() - begin - cost)
    return sorted(times[WARM_UP:])


def frame_view() -> list[int]:
    """A new frame each time: acquire, retain, and the numpy array over all its values."""
    with rig(LAYERS) as show, show.reader() as reader:
        level = show.param("u0/c0")
        step = itertools.count(1)

        def change() -> None:
            n = next(step)
            show.set(level, n % 100 / 100)
            show.compose(n * FRAME)

        assert reader.acquire().array.size == LAYERS * CHANNELS
        return measure(lambda: reader.acquire().array, change)


def stream_write() -> list[int]:
    """512 values, each another one than before; the frame between them is not measured."""
    with rig(1) as show, show.stream("u0/c0", CHANNELS, commit_policy=CommitPolicy.RENDER_ONLY) as stream:
        step = itertools.count(1)

        def fill() -> None:
            n = next(step)
            stream.values[:] = n % 1000 / 1000
            show.compose(n * FRAME)

        times = measure(lambda: stream.write(FRAME), fill)
        assert stream.info.unchanged == stream.info.rejected == 0
        return times


def overlay_write() -> list[int]:
    with rig(1) as show, show.source(commit_policy=CommitPolicy.RENDER_ONLY) as source:
        level = show.param("u0/c0")
        values = itertools.cycle([n / 1000 for n in range(1000)])
        return measure(lambda: source.write(level, next(values), FRAME))


def mutation() -> list[int]:
    with rig(1) as show:
        level = show.param("u0/c0")
        values = itertools.cycle([n / 1000 for n in range(1000)])
        return measure(lambda: show.set(level, next(values)))


def batch_of(show: relume.Show) -> tuple[relume.Batch, Callable[[], None]]:
    """All channels of a universe, and what gives each another value."""
    batch = show.batch([f"u0/c{n}" for n in range(CHANNELS)], CommitPolicy.RENDER_ONLY)
    step = itertools.count(1)

    def fill() -> None:
        batch.lanes[:, 0] = next(step) % 1000 / 1000

    return batch, fill


def set_batch() -> list[int]:
    with rig(1) as show:
        batch, fill = batch_of(show)
        return measure(lambda: show.set_batch(batch), fill)


def write_batch() -> list[int]:
    with rig(1) as show, show.source() as source:
        batch, fill = batch_of(show)
        frame = itertools.count(1)

        def between() -> None:
            fill()
            show.compose(next(frame) * FRAME)

        return measure(lambda: source.write_batch(batch, FRAME), between)


def dmx_universe() -> list[int]:
    """A frame as 512 channels."""
    with rig(1) as show, show.reader() as reader:
        frame = reader.acquire()
        lines = relume.dmx.patch(1)
        lines["slot"], lines["lanes"] = 0, CHANNELS
        out = relume.dmx.pack_universe(lines, frame)
        return measure(lambda: relume.dmx.pack_universe(lines, frame, out=out))


BENCHMARKS: dict[str, Callable[[], list[int]]] = {
    "python/frame_view_262144": frame_view,
    "python/stream_write_512": stream_write,
    "python/set_batch_512": set_batch,
    "python/write_batch_512": write_batch,
    "python/dmx_universe": dmx_universe,
    "python/overlay_write": overlay_write,
    "python/mutation_by_handle": mutation,
}


def percentile(times: list[int], share: float) -> int:
    """The smallest value that at least this share of all values does not exceed."""
    return times[max(math.ceil(share * len(times)), 1) - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark_filter", type=re.compile, default=re.compile(""))
    parser.add_argument("--benchmark_out")
    options, _ = parser.parse_known_args()  # bench/budgets.py hands every program the same arguments
    gc.disable()
    report = []
    for name, benchmark in BENCHMARKS.items():
        if not options.benchmark_filter.search(name):
            continue
        times = benchmark()
        p50, p99, p999 = (percentile(times, share) for share in (0.5, 0.99, 0.999))
        print(json.dumps({"name": name, "ns": p50, "p99": p99, "calls": len(times)}), flush=True)
        report.append({"name": name, "p50": p50, "p99": p99, "p999": p999})
    if options.benchmark_out:
        with open(options.benchmark_out, "w", encoding="utf-8") as out:
            json.dump({"benchmarks": report}, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
