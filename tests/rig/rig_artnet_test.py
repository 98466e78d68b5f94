# SPDX-License-Identifier: Apache-2.0
"""Art-Net as a node sees it: pace, keep-alive, sequences, one source."""

import unittest

from artnet import sequence_errors
from harness import RigTest


def gaps(packets, universe):
    times = [p.time for p in packets if p.universe == universe]
    return [b - a for a, b in zip(times, times[1:])]


class ArtNet(RigTest):
    def test_an_unchanged_universe_is_repeated_within_0_8_s_and_not_much_sooner(self):
        self.start()
        packets = self.node.collect_for(3.3)
        for universe in (0, 1):
            self.assertEqual(len(gaps(packets, universe)), 4)
            self.assertLess(max(gaps(packets, universe)), 0.85)
            self.assertGreater(min(gaps(packets, universe)), 0.7)

    def test_a_universe_that_always_changes_goes_out_at_the_rate_and_evenly(self):
        rig = self.start("--rate", "44")
        self.first_look()
        packets = []
        for step in range(150):
            rig.send("/relume/set", "wash/level", step / 150)
            packets += self.node.collect_for(0.01)
        rate_gaps = gaps(packets, 0)
        mean = sum(rate_gaps) / len(rate_gaps)
        self.assertAlmostEqual(mean, 1 / 44, delta=0.001)
        ordered = sorted(rate_gaps)
        self.assertLess(ordered[len(ordered) // 2] - 1 / 44, 0.002)
        self.assertEqual(sequence_errors(packets), [])

    def test_sequences_start_at_1_wrap_from_255_to_1_and_are_never_0(self):
        rig = self.start("--rate", "1000")
        packets = list(self.first_look().values())
        for step in range(1500):
            rig.ask("/relume/set", "wash/level", step % 2)
            packets += self.node.drain()
            if sum(p.universe == 0 for p in packets) > 300:
                break
            packets += self.node.collect(lambda got: got)
        sequences = [p.sequence for p in packets if p.universe == 0]
        self.assertGreater(len(sequences), 300)
        self.assertEqual(sequences, [i % 255 + 1 for i in range(len(sequences))])

    def test_all_packets_come_from_one_port(self):
        rig = self.start()
        packets = list(self.first_look().values())
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.ask("/relume/set", "tubes/level", 0.5)
        packets += self.wait_for_channels(1, 1, [128] * 96)
        packets += self.node.collect_for(0.9)
        self.assertEqual(len({p.source for p in packets}), 1)

    def test_only_the_universe_that_changed_is_sent(self):
        rig = self.start()
        self.first_look()
        rig.ask("/relume/set", "tubes/level", 0.5)
        packets = self.wait_for_channels(1, 1, [128] * 96)
        self.assertEqual([p.universe for p in packets], [1])

    def test_universes_above_255_use_the_net(self):
        with open(self.place.root + "/patch.json", "w", encoding="utf-8") as file:
            file.write('{"groups": [{"name": "far", "universe": 32767, "start": 510, "count": 1, "order": "bgr"},'
                       ' {"name": "near", "universe": 256, "start": 1, "count": 1}]}')
        rig = self.start("--patch", self.place.root + "/patch.json")
        self.assertEqual(set(self.first_look()), {256, 32767})
        rig.ask("/relume/set", "far/color", 1.0, 0.5, 0.0)
        self.wait_for_channels(32767, 510, [0, 128, 255])


if __name__ == "__main__":
    unittest.main()
