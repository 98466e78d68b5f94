# SPDX-License-Identifier: Apache-2.0
"""Judges a run of Art-Net packets: could they be what an honest rig shows of a known sequence of looks?

A look is what both universes of the demo show carry at one moment. An honest rig shows looks in their order, may leave some out
(the frame rate is slower than the operator), and sends, at each tick, every universe that differs from what it sent last. So at
the end of a tick what was sent last, of both universes together, is exactly one look, and never an earlier one than before."""

from bisect import bisect_left

import model


class Mixture(AssertionError):
    """Packets that no honest rig would send."""


class Wire:
    def __init__(self, looks):
        self.looks = looks
        self.places = {}
        for index, look in enumerate(looks):
            self.places.setdefault(look, []).append(index)

    def _first(self, look, low):
        """The first place of a look that is not before `low`, or None."""
        places = self.places.get(look, ())
        at = bisect_left(places, low)
        return places[at] if at < len(places) else None

    def judge(self, packets, complete=True, before=None):
        """Returns the place of the newest look that was shown for certain.

        `before` is the place of the look that was on the wire already; without it, the packets begin with a start of the rig,
        which sends both universes at once. When they are not `complete`, the last tick may have been cut in two by a death."""
        fixtures = [(packet.universe, self._fixture(packet)) for packet in packets]
        if before is None:
            at, place, last = self._start(fixtures, complete)
        else:
            at, place, last = 0, before, self.looks[before]
        if place is None:
            return 0
        # For every number of packets: the earliest look that the tick that ends there can show. Earliest is best, because it
        # leaves the most looks for what follows.
        ends = {at: place}
        for number in range(at, len(fixtures)):
            universe, fixture = fixtures[number]
            shown = self._replace(last, universe, fixture)
            if number in ends:
                self._end(ends, number + 1, shown, ends[number])
                if universe == 0 and number + 1 < len(fixtures) and fixtures[number + 1][0] == 1:
                    self._end(ends, number + 2, self._replace(shown, *fixtures[number + 1]), ends[number])
            last = shown
        if len(fixtures) in ends:
            return ends[len(fixtures)]
        if not complete and len(fixtures) - 1 in ends and self._cut_in_two(fixtures[-1], ends[len(fixtures) - 1]):
            return ends[len(fixtures) - 1]
        raise Mixture(self._explain(fixtures, max(ends)))

    def _start(self, fixtures, complete):
        if not complete and len(fixtures) < 2 and all(self._cut_in_two(f, 0) for f in fixtures):
            return len(fixtures), None, None
        if [universe for universe, _ in fixtures[:2]] != [0, 1]:
            raise Mixture(f"a start does not begin with both universes: {fixtures[:3]}")
        look = (fixtures[0][1], fixtures[1][1])
        place = self._first(look, 0)
        if place is None:
            raise Mixture(f"the first packets show {self._text(look)}, expected one of {self._known()}")
        return 2, place, look

    def _end(self, ends, number, look, low):
        place = self._first(look, low)
        if place is not None and (number not in ends or place < ends[number]):
            ends[number] = place

    def _cut_in_two(self, fixture, low):
        return fixture[0] == 0 and any(look[0] == fixture[1] for look in self.looks[low:])

    @staticmethod
    def _replace(look, universe, fixture):
        return (fixture, look[1]) if universe == 0 else (look[0], fixture)

    @staticmethod
    def _fixture(packet):
        fixture = model.fixture_of(packet)
        if fixture is None:
            raise Mixture(f"universe {packet.universe} is torn: {packet.channels[:100].hex(' ')}")
        return fixture

    @staticmethod
    def _text(look):
        return " ".join(f"universe {universe}: {fixture.hex(' ')}" for universe, fixture in enumerate(look))

    def _known(self):
        texts = [self._text(look) for look in self.looks[-6:]]
        return f"{len(self.looks)} looks, the last of them {texts}"

    def _explain(self, fixtures, good):
        shown = [f"{universe}: {fixture.hex(' ')}" for universe, fixture in fixtures[max(0, good - 4) : good + 4]]
        return f"packet {good} of {len(fixtures)} fits no look; around it {shown}; {self._known()}"
