# SPDX-License-Identifier: Apache-2.0
"""The rig killed with SIGKILL in the midst of a moving chase, over and over: what the wire shows first after each restart is the
next step of the glides that it showed last.

A chase runs over several groups: a bundle of colours each 20 to 40 ms, each colour smoothed with 100 ms. From the last packet
before the death, the targets that were sent and the time that passed follows, by the formula of the glide, what each channel may
be in the first packet after it. What is not known exactly is let vary: a channel is a rounded value; a packet is stamped some
time after its frame was composed; of what was sent last the rig may have taken some or nothing."""

import argparse
import itertools
import json
import math
import os
import random
import struct
import sys
import time

import artnet
import harness
import osc

GROUPS = [f"g{n}" for n in range(6)]
LANES = 3
TAU = 0.100
# Between composing a frame and the stamp of its packet, and between sending a bundle and its taking.
DELAY, LONGEST_DELAY = 0.006, 0.040
# Rounds in which the machine was so busy that only the longest delay explains what was seen.
MAY_BE_LATE = 0.10
BRIGHTEST = 0.8  # the tier below is white: it lies outside everything that the chase can show


class Broken(AssertionError):
    """A promise that was not kept."""


def check(condition, text):
    if not condition:
        raise Broken(text)


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def place_of(group):
    """Universe and first channel (from 0); three groups in each of two universes, two fixtures each."""
    number = GROUPS.index(group)
    return number // 3, number % 3 * 2 * LANES


def write_patch(path):
    groups = [{"name": g, "universe": place_of(g)[0], "start": place_of(g)[1] + 1, "count": 2, "order": "rgb"} for g in GROUPS]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"groups": groups}, file)


class Chase:
    """A head that runs over the groups and leaves a tail; no two steps are alike."""

    def __init__(self, chance):
        self.chance = chance
        self.step = 0
        self.sent = []  # (time, {group: colour})

    def send(self, rig):
        self.step += 1
        colours = {}
        for number, group in enumerate(GROUPS):
            distance = (self.step - number) % len(GROUPS)
            light = BRIGHTEST * 0.5**distance
            colours[group] = tuple(single(light * self.chance.uniform(0.2, 1.0)) for _ in range(LANES))
        messages = [osc.message(f"/{group}/color", *colour) for group, colour in colours.items()]
        when = time.time()
        rig.send_raw(osc.bundle(*messages))
        self.sent.append((when, colours))
        del self.sent[:-12]

    def run(self, rig, seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.send(rig)
            time.sleep(min(self.chance.uniform(0.020, 0.040), end - now))


def glide(value, targets, begin, end):
    """The value at `end` of what stood at `value` at `begin` and was sent to each of `targets`, pairs of time and value."""
    at = begin
    for number, (since, target) in enumerate(targets):
        until = targets[number + 1][0] if number + 1 < len(targets) else end
        since, until = max(since, at), min(max(until, at), end)
        value = target + (value - target) * math.exp(-max(0.0, until - since) / TAU)
        at = until
    return value


def allowed(channel, last, first, history, delay):
    """Least and greatest value that a channel may have in the first packet. `history`: (time sent, target), oldest first."""
    known = [entry for entry in history if entry[0] < last - delay]
    uncertain = [entry for entry in history if entry[0] >= last - delay]
    check(known, "the chase was not under way yet")
    values = []
    for taken in range(len(uncertain) + 1):
        for late in itertools.product((0.0, delay), repeat=taken + 2):
            targets = [(0.0, known[-1][1])]
            targets += [(sent + more, target) for (sent, target), more in zip(uncertain[:taken], late)]
            for rounded in (-0.5, 0.5):
                value = (channel + rounded) / 255
                values.append(glide(value, targets, last - late[-1], first - late[-2]))
    # A step more than the ends of the delay say: the extreme may lie between them, and packets are stamped when they arrive.
    return math.floor(255 * min(values) + 0.5) - 1, math.floor(255 * max(values) + 0.5) + 1


class ChaseKills:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.place = harness.Place()
        self.node = artnet.Receiver()
        self.chase = Chase(self.chance)
        self.patch = os.path.join(self.place.root, "patch.json")
        write_patch(self.patch)
        self.last = {}  # by universe: the newest packet before the death
        self.late = 0
        self.width = 0
        self.moved = 0
        self.channels = 0
        self.dark = []

    def close(self):
        self.node.close()
        self.place.close()

    def spawn(self):
        arguments = [] if self.last else ["--patch", self.patch]
        return harness.Rig(self.place, self.node, *arguments)

    def round(self):
        rig = self.spawn()
        try:
            packets = self.node.collect(lambda got: {packet.universe for packet in got} == {0, 1})
            first = {packet.universe: packet for packet in reversed(packets)}
            if self.last:
                check(rig.ready["recovered"] == "mirror", f"not from the mirror: {rig.ready_line}; {rig.said()}")
                self.judge(first)
            self.chase.run(rig, self.chance.uniform(0.10, 0.22))
            rig.kill()
            packets += self.node.drain()
            check(self.node.lost == 0, "packets were lost in the test's own buffer")
            self.last = {packet.universe: packet for packet in packets}
        finally:
            rig.close()

    def judge(self, first):
        explained = [self.explain(first, delay) for delay in (DELAY, LONGEST_DELAY)]
        check(explained[1] is None, f"even if the machine was busy: {explained[1]}")
        self.late += explained[0] is not None
        self.dark.append(first[0].time - self.last[0].time)

    def explain(self, first, delay):
        """What of the first packets is not what the glides make of the last ones; None when all is."""
        for group in GROUPS:
            universe, begin = place_of(group)
            before, now = self.last[universe], first[universe]
            for number in range(2 * LANES):
                channel = begin + number
                history = [(when, colours[group][number % LANES]) for when, colours in self.chase.sent]
                low, high = allowed(before.channels[channel], before.time, now.time, history, delay)
                if not low <= now.channels[channel] <= high:
                    return (f"{group}, channel {channel + 1}: {now.channels[channel]} after {before.channels[channel]}, "
                            f"{now.time - before.time:.4f} s later; {low} to {high} is possible; sent: "
                            f"{[(round(when - before.time, 4), round(255 * target)) for when, target in history[-4:]]}")
                if delay == DELAY:
                    self.width += high - low
                    self.moved += abs(now.channels[channel] - before.channels[channel])
                    self.channels += 1
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    loop = ChaseKills(options.seed)
    number = 0
    begin = time.monotonic()
    try:
        for number in range(options.rounds + 1):
            loop.round()
        check(loop.late <= MAY_BE_LATE * options.rounds, f"{loop.late} rounds need a delay of more than {DELAY} s")
    except Broken as broken:
        print(f"FAILED in round {number} with --seed {options.seed}: {broken}")
        return 1
    finally:
        loop.close()
    dark = sorted(loop.dark)
    print(f"{options.rounds} kills in {time.monotonic() - begin:.1f} s: each channel where the glide had to be, "
          f"{loop.width / loop.channels:.1f} of 255 steps wide after {loop.moved / loop.channels:.1f} steps on average; "
          f"{loop.late} rounds late; last to first packet median {dark[len(dark) // 2] * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
