# SPDX-License-Identifier: Apache-2.0
"""Automation: glides, settles, and loses against the operator."""

import math
import time
import unittest

import osc
from harness import RigTest


class Automation(RigTest):
    def poll_tier(self, rig, route, tier, timeout=5.0):
        """Waits until get says the tier; returns the value."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            now, value = rig.get(route)
            if now == tier:
                return value
            time.sleep(0.005)
        self.fail(f"{route} is {now} {value}, not {tier}, after {timeout} s")

    def test_automation_glides_settles_and_is_committed_within_one_and_a_half_seconds(self):
        rig = self.start("--rate", "200")
        self.first_look()
        begin = time.monotonic()
        rig.send("/wash/level", 0.25)
        self.poll_tier(rig, "wash/level", "transient", timeout=0.5)
        self.assertEqual(self.poll_tier(rig, "wash/level", "committed", timeout=1.5 - (time.monotonic() - begin)), 0.25)
        self.assertEqual(rig.revision(), 1)
        levels = [p.channels[0] for p in self.node.drain() if p.universe == 0]
        self.assertEqual(levels, sorted(levels, reverse=True), "the glide goes one way")
        self.assertEqual(levels[-1], 64)
        self.assertGreater(len(set(levels)), 20, "a glide has many steps")

    def test_the_glide_follows_its_time_constant(self):
        rig = self.start("--rate", "200")
        self.first_look()
        rig.send("/wash/level", 0.0)
        packets = self.wait_for_channels(0, 1, [0, 0, 0])
        # An exponential is a straight line of the logarithm: its slope is the time constant, whatever a single packet was
        # late by. Below 20 the steps of a channel are too coarse.
        points = [(p.time, math.log(p.channels[0])) for p in packets if p.universe == 0 and 20 <= p.channels[0] < 255]
        self.assertGreater(len(points), 10)
        mean_time, mean_log = (sum(column) / len(points) for column in zip(*points))
        slope = (sum((t - mean_time) * (y - mean_log) for t, y in points) / sum((t - mean_time) ** 2 for t, _ in points))
        self.assertAlmostEqual(-1 / slope, 0.1, delta=0.01)

    def test_a_stream_that_keeps_changing_stays_transient(self):
        rig = self.start()
        for step in range(20):
            rig.send("/wash/level", step / 20)
            time.sleep(0.05)  # the pace of the stream, which is what is tested
        self.assertEqual(rig.get("wash/level")[0], "transient")
        self.assertEqual(rig.revision(), 0)
        self.poll_tier(rig, "wash/level", "committed")

    def test_a_repeated_equal_value_settles_all_the_same(self):
        rig = self.start()
        begin = time.monotonic()
        while rig.get("wash/level")[0] != "committed":
            rig.send("/wash/level", 0.5)
            time.sleep(0.02)
            self.assertLess(time.monotonic() - begin, 1.6)

    def test_automation_of_a_switch_steps(self):
        rig = self.start("--rate", "200")
        self.first_look()
        rig.send("/master/blackout", True)
        packets = self.wait_for_channels(0, 1, [0] * 24)
        self.assertEqual({p.channels[0] for p in packets if p.universe == 0}, {0})
        self.assertIs(self.poll_tier(rig, "master/blackout", "committed"), True)

    def test_an_operator_set_ends_automation_without_a_glide(self):
        rig = self.start("--rate", "200")
        self.first_look()
        rig.send("/wash/level", 0.0)
        self.node.collect(lambda got: got and got[-1].channels[0] < 150)
        self.assertEqual(rig.ask("/relume/set", "wash/level", 0.75).address, "/relume/ack")
        self.assertEqual(rig.get("wash/level"), ("committed", 0.75))
        packets = self.wait_for_channels(0, 1, [191] * 24)
        seen = [p.channels[0] for p in packets if p.universe == 0]
        self.assertTrue(all(level < 150 or level == 191 for level in seen), f"one step up: {seen}")
        self.assertEqual({p.channels[0] for p in self.node.collect_for(1.2) if p.universe == 0} - {191}, set(),
                         "what had been on its way comes too late")

    def test_an_equal_set_releases_automation_and_a_repeated_equal_value_does_not_take_it_back(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.send("/wash/level", 0.25)
        self.poll_tier(rig, "wash/level", "transient")
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.5), 2, "wash/level")
        self.assertEqual(rig.get("wash/level"), ("committed", 0.5))
        rig.send("/wash/level", 0.25)
        self.wait_for_channels(0, 1, [128] * 24)
        self.assertEqual(rig.get("wash/level"), ("committed", 0.5))
        rig.send("/wash/level", 0.26)
        self.poll_tier(rig, "wash/level", "transient")

    def test_store_and_revert_leave_automation_alone_and_reset_glides_back(self):
        rig = self.start("--rate", "200")
        self.first_look()
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.send("/wash/level", 0.25)
        self.poll_tier(rig, "wash/level", "transient")
        for verb in ("/relume/store", "/relume/revert"):
            rig.ask(verb, "wash")
            self.assertEqual(rig.get("wash/level")[0], "transient")
        self.wait_for_channels(0, 1, [64, 64, 64])
        rig.send("/wash/level", 0.3)
        self.poll_tier(rig, "wash/level", "transient")
        self.node.drain()
        rig.ask("/relume/reset", "wash")
        packets = self.wait_for_channels(0, 1, [128] * 24)
        self.assertGreater(len({p.channels[0] for p in packets if p.universe == 0}), 5, "it glides back")
        self.assertEqual(rig.get("wash/level"), ("persisted", 0.5))

    def test_automation_of_a_bundle_lands_in_one_frame(self):
        rig = self.start("--rate", "500")
        self.first_look()
        for value in (False, True) * 20:
            rig.send_raw(osc.bundle(osc.message("/master/blackout", value), osc.message("/wash/level", 1.0)))
        rig.send_raw(osc.bundle(osc.message("/master/blackout", False), osc.message("/wash/color", 0.0, 1.0, 0.0)))
        self.wait_for_channels(0, 1, [0, 255, 0])

    def test_bad_automation_is_counted_and_logged_once_per_kind(self):
        rig = self.start()
        for _ in range(5):
            rig.send("/wash/level", 2.0)
            rig.send("/wash/level", math.nan)
            rig.send("/wash/level", "full")
            rig.send("/wash/nothing", 0.5)
            rig.send("/stray", 0.5)
        status = rig.status()
        self.assertEqual((status["accepted"], status["rejected"], status["malformed"]), (0, 25, 0))
        lines = rig.error_text().splitlines()
        self.assertEqual(len(lines), 4, lines)
        for reason in ("out-of-range", "not-finite", "wrong-type", "unknown-route"):
            self.assertEqual(sum(f"({reason})" in line for line in lines), 1)
        self.assertEqual(rig.get("wash/level"), ("default", 1.0))
        self.assertEqual(rig.pending_replies(), [])


if __name__ == "__main__":
    unittest.main()
