# SPDX-License-Identifier: Apache-2.0
"""Bundles: one change-set, seen whole on the wire or not at all."""

import unittest

import osc
from harness import RigTest


def set_(route, *values):
    return osc.message("/relume/set", route, *values)


class Bundles(RigTest):
    def test_all_requests_of_a_bundle_share_one_revision(self):
        rig = self.start()
        replies = rig.ask_bundle(set_("wash/level", 0.5), osc.message("/relume/persist", "tubes/level", 0.25),
                                 osc.message("/relume/store", "wash"), replies=3)
        for reply, subject in zip(replies, ("wash/level", "tubes/level", "wash")):
            self.assert_ack(reply, 1, subject)
        self.assertEqual(rig.get("wash/level"), ("persisted", 0.5))

    def test_a_bundle_is_seen_whole_on_the_wire(self):
        rig = self.start("--rate", "500")
        self.first_look()
        rig.ask_bundle(set_("wash/level", 0), set_("tubes/level", 1), replies=2)
        self.wait_for_channels(0, 1, [0, 0, 0])
        packets, value = [], 0
        while len(packets) < 40 or len(packets) % 2:
            value = 1 - value
            rig.ask_bundle(set_("wash/level", value), set_("tubes/level", 1 - value), replies=2)
            packets += self.node.drain()
        # Both universes change with every bundle, so each tick that shows one shows the other beside it.
        for first, second in zip(packets[::2], packets[1::2]):
            self.assertEqual((first.universe, second.universe), (0, 1))
            self.assertEqual(first.channels[0] + second.channels[0], 255, [first, second])

    def test_the_culprit_has_its_reason_and_the_others_say_bundle(self):
        rig = self.start()
        replies = rig.ask_bundle(set_("wash/level", 0.5), set_("tubes/level", 7.0), osc.message("/relume/store", ""), replies=3)
        self.assert_reject(replies[0], "wash/level", "bundle")
        self.assert_reject(replies[1], "tubes/level", "out-of-range")
        self.assert_reject(replies[2], "", "bundle")
        self.assertEqual((rig.status()["accepted"], rig.status()["rejected"]), (0, 3))
        self.assertEqual(rig.get("wash/level"), ("default", 1.0))

    def test_questions_in_a_bundle_are_answered_in_place_and_after_the_changes(self):
        rig = self.start()
        replies = rig.ask_bundle(osc.message("/relume/get", "wash/level"), set_("wash/level", 0.5),
                                 osc.message("/relume/get", "nobody/level"), osc.message("/relume/ping"),
                                 osc.message("/relume/status"), osc.message("/relume/save"), replies=6)
        self.assertEqual(replies[0].values, ["wash/level", "committed", "float", 0.5])
        self.assert_ack(replies[1], 1, "wash/level")
        self.assert_reject(replies[2], "nobody/level", "unknown-route")
        self.assertEqual((replies[3].address, replies[3].values[0]), ("/relume/pong", 1))
        self.assertEqual((replies[4].address, replies[4].values[0]), ("/relume/status", 1))
        self.assert_reply(replies[5], "/relume/saved", "h", 1)

    def test_a_choice_about_the_document_cannot_be_one_with_changes(self):
        rig = self.start()
        replies = rig.ask_bundle(set_("wash/level", 0.5), osc.message("/relume/accept", "keep"), replies=2)
        self.assert_reject(replies[0], "wash/level", "bundle")
        self.assert_reject(replies[1], "keep", "bundle")
        self.assertEqual(rig.revision(), 0)

    def test_nested_bundles_are_part_of_the_same_change_set(self):
        rig = self.start()
        replies = rig.ask_bundle(set_("wash/level", 0.5), osc.bundle(set_("tubes/level", 0.5), osc.bundle(set_("master/bpm", 90.0))),
                                 replies=3)
        self.assertEqual([reply.values[0] for reply in replies], [1, 1, 1])

    def test_a_bundle_that_changes_nothing_acknowledges_the_current_revision(self):
        rig = self.start()
        for _ in range(2):
            replies = rig.ask_bundle(set_("wash/level", 0.5), set_("tubes/level", 0.5), replies=2)
            self.assertEqual([reply.values[0] for reply in replies], [1, 1])

    def test_a_large_bundle_is_one_change_set(self):
        rig = self.start()
        messages = [set_("wash/level", index / 1000) for index in range(1000)]
        replies = rig.ask_bundle(*messages, replies=1000)
        self.assertEqual({reply.values[0] for reply in replies}, {1})
        self.assertAlmostEqual(rig.get("wash/level")[1], 0.999, places=5)

    def test_an_empty_bundle_is_no_error(self):
        rig = self.start()
        rig.send_raw(osc.bundle())
        status = rig.status()
        self.assertEqual((status["accepted"], status["malformed"], status["rejected"]), (0, 0, 0))

    def test_bad_automation_in_a_bundle_is_counted_and_costs_nothing_else(self):
        rig = self.start()
        replies = rig.ask_bundle(osc.message("/wash/level", 0.0), osc.message("/tubes/level", 9.0), set_("master/bpm", 90.0), replies=1)
        self.assert_ack(replies[0], 1, "master/bpm")
        self.assertEqual(rig.status()["rejected"], 1)
        self.wait_for_channels(0, 1, [0] * 24)
        self.assertEqual(rig.get("tubes/level"), ("default", 1.0))


if __name__ == "__main__":
    unittest.main()
