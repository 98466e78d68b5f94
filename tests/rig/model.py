# SPDX-License-Identifier: Apache-2.0
"""Reference model of the demo show: what each change does to tiers and revision, and what the wire then carries.

It shares no code with the rig. States are immutable, so that the state after every change can be kept."""

import math
import struct

PERSISTED, COMMITTED = 0, 1

DEFAULTS = {
    "master/dimmer": 1.0,
    "master/blackout": False,
    "master/bpm": 120.0,
    "wash/level": 1.0,
    "wash/color": (1.0, 1.0, 1.0, 1.0),
    "tubes/level": 1.0,
    "tubes/color": (1.0, 1.0, 1.0, 1.0),
}
UNIVERSE_OF = {"wash": 0, "tubes": 1}
FIXTURES_OF = {"wash": 8, "tubes": 32}


def single(value):
    """The nearest 32-bit float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def channel(lane, level, dimmer):
    return math.floor(255 * min(max(lane * level * dimmer, 0.0), 1.0) + 0.5)


class State:
    """Tiers of every route at one revision: a pair (persisted, committed) per route, None where a tier has nothing."""

    def __init__(self, tiers, revision):
        self.tiers = tiers
        self.revision = revision
        self.look = tuple(self._fixture(group) for group in UNIVERSE_OF)

    @classmethod
    def fresh(cls, revision=0):
        return cls({route: (None, None) for route in DEFAULTS}, revision)

    def value(self, route):
        persisted, committed = self.tiers[route]
        if committed is not None:
            return committed
        return DEFAULTS[route] if persisted is None else persisted

    def tier(self, route):
        persisted, committed = self.tiers[route]
        return "committed" if committed is not None else "default" if persisted is None else "persisted"

    def _fixture(self, group):
        """The three channel values that every fixture of a group has."""
        if self.value("master/blackout"):
            return bytes(3)
        level, dimmer = self.value(group + "/level"), self.value("master/dimmer")
        return bytes(channel(lane, level, dimmer) for lane in self.value(group + "/color")[:3])

    def after(self, changes):
        """The state after a change-set: one revision more if one of its changes changed something when it was its turn."""
        tiers = dict(self.tiers)
        changed = [_apply(tiers, change) for change in changes]
        return State(tiers, self.revision + 1) if any(changed) else self


def _apply(tiers, change):
    verb, subject = change[0], change[1]
    before = dict(tiers)
    if verb == "set":
        tiers[subject] = (tiers[subject][PERSISTED], change[2])
    elif verb == "persist":
        tiers[subject] = (change[2], None)
    else:
        for route, (persisted, committed) in before.items():
            if subject in ("", route.split("/")[0]) and committed is not None:
                tiers[route] = (committed if verb == "store" else persisted, None)
    return tiers != before


def fixture_of(packet):
    """The channels of the first fixture, or None when the universe is no look of the demo show (a mixture)."""
    group = next(name for name, universe in UNIVERSE_OF.items() if universe == packet.universe)
    fixture, count = packet.channels[:3], FIXTURES_OF[group]
    return fixture if packet.channels == fixture * count + bytes(512 - 3 * count) else None
