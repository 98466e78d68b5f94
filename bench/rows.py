# SPDX-License-Identifier: Apache-2.0
"""What is measured: the rows that have a budget, the figures that they are read with, and what they are compared with."""

import dataclasses

@dataclasses.dataclass(frozen=True)
class Figure:
    """A counter of a benchmark, in a unit that people read."""

    name: str
    program: str
    benchmark: str
    counter: str
    unit: str
    scale: float  # from what the counter counts (for times, nanoseconds) to the unit
    ours: str = dataclasses.field(default="", kw_only=True)  # name of the row that it is compared with


@dataclasses.dataclass(frozen=True)
class Budget(Figure):
    """A figure that must keep to a budget."""

    comparison: str
    budget: float
    design: str  # the row of the design that it comes from


@dataclasses.dataclass(frozen=True)
class Spread:
    """The counters p50, p99, p999 and max of a benchmark, each with the same prefix."""

    name: str
    program: str
    benchmark: str
    unit: str
    scale: float
    prefix: str = ""
    ours: str = ""  # name of the spread that it is compared with

    def figure(self, counter):
        return Figure(self.name, self.program, self.benchmark, self.prefix + counter, self.unit, self.scale)


def compared(name, program, benchmark, unit, scale, *others):
    """The spread of a row and of what is measured beside it: (name, prefix), or (name, program, benchmark)."""
    spreads = [Spread(name, program, benchmark, unit, scale)]
    for other in others:
        if len(other) == 2:
            spreads.append(Spread(other[0], program, benchmark, unit, scale, prefix=other[1], ours=name))
        else:
            spreads.append(Spread(other[0], other[1], other[2], unit, scale, ours=name))
    return spreads


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

PRIVATE = "memory per float parameter, private"
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
    Budget(PRIVATE, "process_bench", "memory/per_float_parameter", "private_bytes", "bytes", 1, "≤", 48,
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
    Figure("frame after three changes of type against one", "live_bench", "compose/after_changes_of_type", "ratio", "×", 1),
    Figure("DMX universe of 512 values, p50", "live_bench", "dmx/pack_512", "p50", "µs", 1e-3),
    Figure("DMX universe of 512 values, dithered, p50", "live_bench", "dmx/pack_512_dithered", "p50", "µs", 1e-3),
    Figure("DMX universe of 170 patched fixtures, p50", "live_bench", "dmx/universe_of_170_fixtures", "p50", "µs", 1e-3),
    Figure("composer alone, 262,144 dense, portable, p50", "live_bench", "composer/dense/portable/262144", "p50", "ms", 1e-6),
    Figure("composer alone, 262,144 dense, AVX2, p50", "live_bench", "composer/dense/avx2/262144", "p50", "ms", 1e-6),
    Figure("composer alone, 262,144 dense, AVX-512, p50", "live_bench", "composer/dense/avx512/262144", "p50", "ms", 1e-6),
    Figure("composer alone, 262,144, 1 % by blocks, p50", "live_bench", "composer/1_percent_by_blocks/262144", "p50", "µs", 1e-3),
    Figure("Python: set of 512 values as a batch, p50", "python_bench", "python/set_batch_512", "p50", "µs", 1e-3),
    Figure("Python: automation of 512 values as a batch, p50", "python_bench", "python/write_batch_512", "p50", "µs", 1e-3),
    Figure("Python: DMX universe of a frame, p50", "python_bench", "python/dmx_universe", "p50", "µs", 1e-3),
    Figure("Python: overlay write, p50", "python_bench", "python/overlay_write", "p50", "µs", 1e-3),
    Figure("Python: mutation, p50", "python_bench", "python/mutation_by_handle", "p50", "µs", 1e-3),
    Figure("Swift: overlay write", "relume-swift-bench", "swift/overlay_write", "ns", "ns", 1),
    Figure("Swift: mutation", "relume-swift-bench", "swift/value_set", "ns", "ns", 1),
    Figure("longest mutex hold, interrupts included", "live_bench", "mutation/longest_hold", "longest_with_interrupts", "µs", 1e-3),
    Figure("mirror per float parameter", "process_bench", "memory/per_float_parameter", "mirror_bytes", "bytes", 1),
    Figure("snapshot per float parameter, all changed", "process_bench", "memory/per_float_parameter", "snapshot_bytes", "bytes", 1),
    Figure("memory of a show, whatever its size", "process_bench", "memory/per_float_parameter", "once_bytes", "MiB", 2**-20),
    Figure("source per float parameter", "process_bench", "memory/per_float_parameter", "source_bytes", "bytes", 1),
    Figure("arrays and flags, per float parameter", "process_bench", "memory/per_float_parameter", "arrays_bytes", "bytes", 1,
           ours=PRIVATE),
    Figure("hash tables of variants, per float parameter", "process_bench", "memory/per_float_parameter", "maps_bytes", "bytes", 1,
           ours=PRIVATE),
    Figure("process memory, 16.8 M, 1 % automated", "live_bench", "compose/16777216_1_percent", "memory_bytes", "GiB", 2**-30),
    Figure("process memory, 16.8 M, all automated", "live_bench", DENSE_16M, "memory_bytes", "GiB", 2**-30),
)

COPY = ("plain copy of the same bytes", "copy_")
LOOP = ("naive loop over arrays", "naive_")
MAPS = ("hash tables of variants", "map_")

# How each time is spread, and beside it what else could do the same. None of what it is compared with validates, can be
# read by another thread, or outlives the process.
SPREADS = (
    *compared("compose 262,144, all moving", "live_bench", "compose/262144_dense_all_tiers", "µs", 1e-3, COPY, LOOP, MAPS),
    *compared("compose 262,144, 1 % moving", "live_bench", "compose/262144_1_percent", "µs", 1e-3, COPY, LOOP, MAPS),
    *compared("compose 16.8 M, all moving", "live_bench", DENSE_16M, "ms", 1e-6, COPY, LOOP),
    *compared("compose 16.8 M, 1 % moving", "live_bench", "compose/16777216_1_percent", "ms", 1e-6, COPY, LOOP),
    *compared("compose 262,144 after one mutation", "live_bench", "compose/after_one_mutation/262144", "ns", 1),
    *compared("compose 262,144, nothing new", "live_bench", "compose/262144_nothing_new", "ns", 1),
    *compared("read by handle", "live_bench", "read/by_handle", "ns", 1,
              ("array by index", "live_bench", "array/read")),
    *compared("read by route", "live_bench", "read/by_route", "ns", 1,
              ("hash tables of variants", "live_bench", "map/read_by_route"),
              ("obs_data of 16 values", "obs_bench", "obs_data/read_by_name/16"),
              ("obs_data of 512 values", "obs_bench", "obs_data/read_by_name/512")),
    *compared("overlay write", "live_bench", "overlay/write_alone", "ns", 1,
              ("arrays and flags, one thread", "live_bench", "array/automate"),
              ("hash table of variants, one thread", "live_bench", "map/automate_by_route")),
    *compared("overlay write beside a composer", "live_bench", "overlay/write_beside_composer", "ns", 1),
    *compared("stream of 512 values", "live_bench", "stream/write_512", "ns", 1),
    *compared("mutation by handle", "live_bench", MIRRORED, "ns", 1),
    *compared("mutation by route", "live_bench", "mutation/by_route_mirrored", "ns", 1,
              ("hash table of variants, one thread", "live_bench", "map/mutate_by_route"),
              ("obs_data of 16 values", "obs_bench", "obs_data/mutate_by_name/16"),
              ("obs_data of 512 values", "obs_bench", "obs_data/mutate_by_name/512")),
    *compared("mutation on a hung disk", "durable_bench", HUNG, "ns", 1),
    *compared("publication in 16.8 M", "live_bench", "mutation/publish_in_16777216", "ns", 1,
              ("plain copy of the page", "live_bench", "array/copy_page_in_16777216")),
    *compared("process start to first frame, 262,144", "process_bench", "start/first_frame_262144_from_mirror", "ms", 1e-6,
              ("process that copies the mirror's bytes", "copy_")),
    *compared("kill to first Art-Net packet", "process_bench", "start/kill_to_art_net_packet", "ms", 1e-6),
)

# In the order in which they run. LIVE is what --runs repeats, SCALE what scale.py draws.
LIVE = "live_bench"
SCALE = "scale_bench"
PROGRAMS = tuple(dict.fromkeys([row.program for row in (*BUDGETS, *SPREADS)] + [SCALE]))
