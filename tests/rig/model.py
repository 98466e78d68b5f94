# SPDX-License-Identifier: Apache-2.0
"""Reference model of the demo show: what each change does to tiers and revision, and what the wire then carries.

It shares no code with the rig. States are immutable, so that the state after every change can be kept."""

import math
import struct

PERSISTED, COMMITTED = 0, 1

PARAMS_OF = {
    "master": {"dimmer": 1.0, "blackout": False, "bpm": 120.0},
    "group": {"level": 1.0, "color": (1.0, 1.0, 1.0, 1.0)},
}
DEFAULTS = {f"{layer}/{key}": default for layer in ("master", "wash", "tubes")
            for key, default in PARAMS_OF["master" if layer == "master" else "group"].items()}
UNIVERSE_OF = {"wash": 0, "tubes": 1}
FIXTURES_OF = {"wash": 8, "tubes": 32}


def single(value):
    """The nearest 32-bit float."""
    return struct.unpack("f", struct.pack("f", value))[0]


def channel(lane, level, dimmer):
    return math.floor(255 * min(max(lane * level * dimmer, 0.0), 1.0) + 0.5)


def type_of(layer):
    return "master" if layer == "master" else "group"


def default_of(route):
    layer, key = route.split("/")
    return PARAMS_OF[type_of(layer)][key]


class State:
    """One revision: the stack, bottom to top, as pairs (layer, bypassed), and the tiers of the routes of its layers, as pairs
    (persisted, committed), None where a tier has nothing."""

    def __init__(self, stack, tiers, revision):
        self.stack = stack
        self.tiers = tiers
        self.revision = revision
        self.look = tuple(self._fixture(group) for group in UNIVERSE_OF)

    @classmethod
    def fresh(cls, revision=0):
        stack = tuple((layer, False) for layer in ("master", "wash", "tubes"))
        return cls(stack, {route: (None, None) for route in DEFAULTS}, revision)

    def layers(self):
        return [layer for layer, _ in self.stack]

    def value(self, route):
        persisted, committed = self.tiers[route]
        if committed is not None:
            return committed
        return default_of(route) if persisted is None else persisted

    def tier(self, route):
        persisted, committed = self.tiers[route]
        return "committed" if committed is not None else "default" if persisted is None else "persisted"

    def base(self, revision):
        """What a document has of it: no committed values."""
        return State(self.stack, {route: (persisted, None) for route, (persisted, _) in self.tiers.items()}, revision)

    def at(self, revision):
        return State(self.stack, self.tiers, revision)

    def _fixture(self, group):
        """The three channel values that every fixture of a group has. A master that takes no part is passed through."""
        dimmer, blackout = 1.0, False
        if ("master", False) in self.stack:
            dimmer, blackout = self.value("master/dimmer"), self.value("master/blackout")
        if blackout or (group, False) not in self.stack:
            return bytes(3)
        return bytes(channel(lane, self.value(group + "/level"), dimmer) for lane in self.value(group + "/color")[:3])

    def after(self, changes):
        """The state after a change-set: one revision more if one of its changes changed something when it was its turn."""
        edit = _Edit(self)
        changed = [edit.apply(*change) for change in changes]
        return State(tuple(edit.stack), edit.tiers, self.revision + 1) if any(changed) else self


class _Edit:
    def __init__(self, state):
        self.stack = list(state.stack)
        self.tiers = dict(state.tiers)

    def apply(self, verb, subject, *rest):
        """True when it changed something."""
        before = list(self.stack), dict(self.tiers)
        getattr(self, "_" + verb)(subject, *rest)
        return verb == "add" or before != (self.stack, self.tiers)

    def _set(self, route, value):
        self.tiers[route] = (self.tiers[route][PERSISTED], value)

    def _persist(self, route, value):
        self.tiers[route] = (value, None)

    def _covered(self, subject):
        return [(route, *tiers) for route, tiers in self.tiers.items()
                if subject in ("", route.split("/")[0]) and tiers[COMMITTED] is not None]

    def _store(self, subject):
        for route, _, committed in self._covered(subject):
            self.tiers[route] = (committed, None)

    def _revert(self, subject):
        for route, persisted, _ in self._covered(subject):
            self.tiers[route] = (persisted, None)

    _reset = _revert

    def _place(self, layer):
        return next(place for place, (name, _) in enumerate(self.stack) if name == layer)

    def _add(self, layer, before):
        self.stack.insert(self._place(before) if before else len(self.stack), (layer, False))
        for key in PARAMS_OF[type_of(layer)]:
            self.tiers[f"{layer}/{key}"] = (None, None)

    def _remove(self, layer):
        del self.stack[self._place(layer)]
        for key in PARAMS_OF[type_of(layer)]:
            del self.tiers[f"{layer}/{key}"]

    def _move(self, layer, before):
        if layer == before:
            return
        entry = self.stack.pop(self._place(layer))
        self.stack.insert(self._place(before) if before else len(self.stack), entry)

    def _bypass(self, layer, on):
        self.stack[self._place(layer)] = (layer, on)


def fixture_of(packet):
    """The channels of the first fixture, or None when the universe is no look of the demo show (a mixture)."""
    group = next(name for name, universe in UNIVERSE_OF.items() if universe == packet.universe)
    fixture, count = packet.channels[:3], FIXTURES_OF[group]
    return fixture if packet.channels == fixture * count + bytes(512 - 3 * count) else None
