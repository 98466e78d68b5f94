# SPDX-License-Identifier: Apache-2.0
"""Changes of the layer stack while the rig runs: what they answer, what the wire shows, and that they survive."""

import unittest

import osc
from harness import RigTest


def add(key, before="", layer_type="group"):
    return osc.message("/relume/layer/add", key, layer_type, before)


def remove(key):
    return osc.message("/relume/layer/remove", key)


class Layers(RigTest):
    def setUp(self):
        super().setUp()
        self.rig = self.start("--rate", "250")
        self.first_look()

    def test_a_removed_group_goes_dark_and_a_new_one_of_its_name_lights_up(self):
        self.rig.ask("/relume/set", "wash/level", 0.5)
        self.wait_for_channels(0, 1, [128] * 24)
        self.assert_ack(self.rig.ask("/relume/layer/remove", "wash"), 2, "wash")
        packets = self.wait_for_channels(0, 1, [0] * 24)
        self.assertEqual({p.channels[0] for p in packets if p.universe == 0}, {0}, "in one step")
        self.assert_reject(self.rig.ask("/relume/get", "wash/level"), "wash/level", "unknown-route")
        self.assert_ack(self.rig.ask("/relume/layer/add", "wash", "group", "tubes"), 3, "wash")
        self.wait_for_channels(0, 1, [255] * 24)
        self.rig.ask("/relume/set", "wash/level", 0.25)
        self.wait_for_channels(0, 1, [64] * 24)
        self.assertEqual(self.rig.get("wash/level"), ("committed", 0.25))

    def test_a_bypassed_group_gives_no_light_and_a_bypassed_master_is_passed_through(self):
        rig = self.rig
        rig.ask("/relume/set", "wash/level", 0.5)
        rig.ask("/relume/set", "master/dimmer", 0.5)
        self.wait_for_channels(0, 1, [64] * 24)
        self.assert_ack(rig.ask("/relume/layer/bypass", "wash", 1), 3, "wash")
        self.wait_for_channels(0, 1, [0] * 24)
        self.assert_ack(rig.ask("/relume/layer/bypass", "wash", 1), 3, "wash")
        self.assert_ack(rig.ask("/relume/layer/bypass", "wash", False), 4, "wash")
        self.wait_for_channels(0, 1, [64] * 24)
        rig.ask("/relume/set", "master/blackout", True)
        self.wait_for_channels(0, 1, [0] * 24)
        self.assert_ack(rig.ask("/relume/layer/bypass", "master", True), 6, "master")
        self.wait_for_channels(0, 1, [128] * 24)
        self.assert_ack(rig.ask("/relume/layer/bypass", "master", 0), 7, "master")
        self.wait_for_channels(0, 1, [0] * 24)

    def test_a_renamed_layer_keeps_its_values_and_a_group_is_lit_by_the_layer_of_its_name(self):
        rig = self.rig
        rig.ask("/relume/set", "wash/level", 0.5)
        self.wait_for_channels(0, 1, [128] * 24)
        self.assert_ack(rig.ask("/relume/layer/rename", "wash", "front"), 2, "wash")
        self.wait_for_channels(0, 1, [0] * 24)
        self.assertEqual(rig.get("front/level"), ("committed", 0.5))
        self.assert_reject(rig.ask("/relume/get", "wash/level"), "wash/level", "unknown-route")
        self.assert_reject(rig.ask("/relume/layer/rename", "front", "tubes"), "front", "exists")
        rig.send("/front/level", 0.25)  # automation goes by the new route
        self.wait_until(lambda: rig.get("front/level") == ("committed", 0.25))
        rig.kill()
        self.rig = rig = self.start("--rate", "250")
        self.assertEqual(rig.get("front/level"), ("committed", 0.25))
        self.assertEqual(rig.ask("/relume/layer/rename", "front", "wash").address, "/relume/ack")
        self.wait_for_channels(0, 1, [64] * 24)

    def test_a_moved_layer_changes_nothing_on_the_wire_and_its_values_go_on(self):
        self.assert_ack(self.rig.ask("/relume/layer/move", "tubes", "master"), 1, "tubes")
        self.assert_ack(self.rig.ask("/relume/layer/move", "master", ""), 2, "master")
        self.rig.ask("/relume/set", "tubes/level", 0.5)
        packets = self.wait_for_channels(1, 1, [128] * 96)
        self.assertEqual({p.channels[0] for p in packets if p.universe == 0} - {255}, set())

    def test_a_layer_that_is_replaced_in_one_bundle_is_never_seen_missing(self):
        for revision in range(1, 201):
            for reply in self.rig.ask_bundle(remove("wash"), add("wash"), replies=2):
                self.assert_ack(reply, revision, "wash")
        # The keep-alive proves that the picture was not just held.
        packets = self.node.collect(lambda got: sum(p.universe == 0 for p in got) >= 2)
        self.assertEqual({p.channels[:24] for p in packets if p.universe == 0}, {bytes([255] * 24)})
        self.rig.ask("/relume/set", "wash/level", 0.5)
        self.wait_for_channels(0, 1, [128] * 24)

    def test_a_layer_and_values_of_one_bundle_are_seen_together(self):
        for reply in self.rig.ask_bundle(remove("wash"), osc.message("/relume/set", "tubes/level", 0.5), replies=2):
            self.assertEqual(reply.values[0], 1)
        packets = self.wait_for_channels(1, 1, [128] * 96)
        self.assertEqual([(p.universe, p.channels[0]) for p in packets], [(0, 0), (1, 128)])

    def test_what_a_bundle_adds_can_be_named_by_the_next_packet_only(self):
        spots = osc.message("/relume/set", "spots/level", 0.5)
        replies = self.rig.ask_bundle(add("spots"), spots, replies=2)
        self.assert_reject(replies[0], "spots", "bundle")
        self.assert_reject(replies[1], "spots/level", "unknown-route")
        self.assert_ack(self.rig.ask("/relume/layer/add", "spots", "group", ""), 1, "spots")
        self.assert_ack(self.rig.ask("/relume/set", "spots/level", 0.5), 2, "spots/level")

    def test_rejects_change_nothing(self):
        cases = [
            (("/relume/layer/add", "wash", "group", ""), "wash", "exists"),
            (("/relume/layer/add", "spots", "laser", ""), "spots", "unknown-type"),
            (("/relume/layer/add", "spots", "group", "nobody"), "spots", "unknown-layer"),
            (("/relume/layer/add", "Spots!", "group", ""), "Spots!", "invalid"),
            (("/relume/layer/add", "spots", "group"), "spots", "wrong-type"),
            (("/relume/layer/remove", "nobody"), "nobody", "unknown-layer"),
            (("/relume/layer/remove", 1), "", "wrong-type"),
            (("/relume/layer/move", "wash", "nobody"), "wash", "unknown-layer"),
            (("/relume/layer/move", "wash"), "wash", "wrong-type"),
            (("/relume/layer/bypass", "nobody", 1), "nobody", "unknown-layer"),
            (("/relume/layer/bypass", "wash", 2), "wash", "out-of-range"),
            (("/relume/layer/bypass", "wash", 1.0), "wash", "wrong-type"),
        ]
        for arguments, subject, reason in cases:
            with self.subTest(arguments):
                self.assert_reject(self.rig.ask(*arguments), subject, reason)
        self.assertEqual((self.rig.status()["accepted"], self.rig.status()["rejected"]), (0, len(cases)))
        self.assertEqual({p.channels[0] for p in self.node.collect_for(0.9)}, {255})

    def test_automation_of_a_removed_layer_is_refused_and_harms_nothing(self):
        self.rig.send("/wash/level", 0.0)
        self.wait_for_channels(0, 1, [0] * 24)
        self.rig.ask("/relume/layer/remove", "wash")
        self.rig.send("/wash/level", 0.5)
        self.assertEqual(self.rig.status()["rejected"], 1)
        self.rig.ask("/relume/layer/add", "wash", "group", "")
        self.wait_for_channels(0, 1, [255] * 24)


if __name__ == "__main__":
    unittest.main()
