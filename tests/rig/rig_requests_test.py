# SPDX-License-Identifier: Apache-2.0
"""Every single request of the contract, over real UDP, with its effect on the wire."""

import math
import struct
import time
import unittest

import osc
from harness import RigTest


class Requests(RigTest):
    def setUp(self):
        super().setUp()
        self.rig = self.start()
        self.first_look()

    def test_set_reaches_the_wire_within_100_ms(self):
        sent = time.time()
        self.assert_ack(self.rig.ask("/relume/set", "wash/level", 0.5), 1, "wash/level")
        packets = self.wait_for_channels(0, 1, [128] * 24)
        self.assertLess(packets[-1].time - sent, 0.1)
        self.assertEqual(packets[-1].channels, bytes([128] * 24) + bytes(488))
        self.assertEqual({p.channels[0] for p in packets}, {128}, "a set steps")

    def test_every_form_of_number_colour_and_switch(self):
        for arguments, channels in (
                (("wash/level", osc.d(0.5)), [128, 128, 128]),
                (("wash/level", 1), [255, 255, 255]),
                (("wash/level", osc.h(0)), [0, 0, 0]),
                (("wash/level", 1.0), [255, 255, 255]),
                (("wash/color", 1.0, 0.5, 0), [255, 128, 0]),
                (("wash/color", 0.0, osc.d(0.5), 1.0, 0.0), [0, 128, 255]),
                (("wash/color", osc.rgba(0x20406080)), [0x20, 0x40, 0x60]),
                (("master/blackout", True), [0, 0, 0]),
                (("master/blackout", False), [0x20, 0x40, 0x60]),
                (("master/blackout", 1), [0, 0, 0]),
                (("master/blackout", 0), [0x20, 0x40, 0x60]),
                (("master/dimmer", 0.5), [0x10, 0x20, 0x30])):
            with self.subTest(arguments):
                self.assertEqual(self.rig.ask("/relume/set", *arguments).address, "/relume/ack")
                self.wait_for_channels(0, 1, channels * 8)

    def test_get_tells_tier_type_and_value(self):
        self.assert_reply(self.rig.ask("/relume/get", "wash/level"), "/relume/value", "sssf", "wash/level", "default", "float", 1.0)
        self.rig.ask("/relume/persist", "wash/level", 0.5)
        self.rig.ask("/relume/set", "wash/color", 1.0, 0.5, 0.25)
        self.assert_reply(self.rig.ask("/relume/get", "wash/level"), "/relume/value", "sssf", "wash/level", "persisted", "float", 0.5)
        self.assert_reply(self.rig.ask("/relume/get", "wash/color"), "/relume/value", "sssffff", "wash/color", "committed", "color",
                          1.0, 0.5, 0.25, 1.0)
        self.assert_reply(self.rig.ask("/relume/get", "master/blackout"), "/relume/value", "sssF", "master/blackout", "default",
                          "bool", False)
        self.assert_reply(self.rig.ask("/relume/get", "master/bpm"), "/relume/value", "sssf", "master/bpm", "default", "float", 120.0)

    def test_an_acknowledged_value_is_read_back_at_once(self):
        for step in range(1, 51):
            value = struct.unpack("f", struct.pack("f", step / 51))[0]
            self.rig.send("/relume/set", "tubes/level", value)
            self.rig.send("/relume/get", "tubes/level")
            self.assert_ack(self.rig.reply(), step, "tubes/level")
            self.assertEqual(self.rig.reply().values[3], value)

    def test_persist_store_revert_and_reset(self):
        rig = self.rig
        self.assert_ack(rig.ask("/relume/persist", "wash/level", 0.75), 1, "wash/level")
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.25), 2, "wash/level")
        self.assert_ack(rig.ask("/relume/revert", "wash"), 3, "wash")
        self.assertEqual(rig.get("wash/level"), ("persisted", 0.75))
        self.assert_ack(rig.ask("/relume/set", "wash/level", 0.25), 4, "wash/level")
        self.assert_ack(rig.ask("/relume/set", "tubes/level", 0.5), 5, "tubes/level")
        self.assert_ack(rig.ask("/relume/store", "wash"), 6, "wash")
        self.assertEqual(rig.get("wash/level"), ("persisted", 0.25))
        self.assertEqual(rig.get("tubes/level"), ("committed", 0.5))
        self.assert_ack(rig.ask("/relume/store", ""), 7, "")
        self.assertEqual(rig.get("tubes/level"), ("persisted", 0.5))
        self.assert_ack(rig.ask("/relume/set", "tubes/level", 0.0), 8, "tubes/level")
        self.assert_ack(rig.ask("/relume/reset", ""), 9, "")
        self.assertEqual(rig.get("tubes/level"), ("persisted", 0.5))
        self.wait_for_channels(1, 1, [128] * 96)

    def test_what_changes_nothing_acknowledges_the_current_revision(self):
        self.assert_ack(self.rig.ask("/relume/set", "wash/level", 0.5), 1, "wash/level")
        self.assert_ack(self.rig.ask("/relume/set", "wash/level", 0.5), 1, "wash/level")
        self.assert_ack(self.rig.ask("/relume/revert", "tubes"), 1, "tubes")
        self.assert_ack(self.rig.ask("/relume/store", "master"), 1, "master")

    def test_ping_names_revision_restarts_show_and_history(self):
        self.rig.ask("/relume/set", "wash/level", 0.5)
        pong = self.rig.ask("/relume/ping")
        revision, restarts, show_id, history_id = pong.values
        self.assertEqual((pong.address, pong.tags, revision, restarts), ("/relume/pong", "hiss", 1, 0))
        self.assertRegex(show_id, "^[0-9a-f]{32}$")
        self.assertRegex(history_id, "^[0-9a-f]{16}$")

    def test_status_has_seven_columns(self):
        self.rig.ask("/relume/set", "wash/level", 0.5)
        self.rig.ask("/relume/set", "wash/level", 5.0)
        self.rig.send_raw(b"junk")
        reply = self.rig.ask("/relume/status")
        self.assertEqual((reply.address, reply.tags), ("/relume/status", "hhhhhhh"))
        accepted, mirrored, checkpointed, document_wanted, document_saved, malformed, rejected = reply.values
        self.assertEqual((accepted, mirrored, document_wanted, document_saved, malformed, rejected), (1, 1, 0, 0, 1, 1))
        self.assertIn(checkpointed, (0, 1))

    def test_unknown_requests_are_named_by_their_address(self):
        for address in ("/relume/layer/repaint", "/relume/layer", "/relume/preset/load", "/relume/"):
            self.assert_reject(self.rig.ask(address, "x"), address, "unknown-request")

    def test_replies_go_to_whoever_asked_in_order(self):
        other = osc_client(self.rig)
        self.addCleanup(other.close)
        for index in range(100):
            self.rig.send("/relume/set", "wash/level", index / 100)
            other.send(osc.message("/relume/set", "tubes/level", index / 100))
        mine = [self.rig.reply() for _ in range(100)]
        theirs = [osc.decode(other.recv(2048)) for _ in range(100)]
        for replies, route in ((mine, "wash/level"), (theirs, "tubes/level")):
            self.assertEqual({r.values[1] for r in replies}, {route})
            revisions = [r.values[0] for r in replies]
            self.assertEqual(revisions, sorted(revisions))


class Rejections(RigTest):
    """A rejected request changes nothing: not a value, not a revision, not a packet."""

    def test_rejects_change_nothing(self):
        rig = self.start()
        rig.ask("/relume/set", "wash/level", 0.5)
        self.wait_for_channels(0, 1, [128] * 24)
        cases = [
            (("/relume/set", "wash/nothing", 0.1), "wash/nothing", "unknown-route"),
            (("/relume/set", "nobody/level", 0.1), "nobody/level", "unknown-route"),
            (("/relume/set", "/wash/level", 0.1), "/wash/level", "unknown-route"),
            (("/relume/set", "wash/level"), "wash/level", "wrong-type"),
            (("/relume/set", "wash/level", "0.1"), "wash/level", "wrong-type"),
            (("/relume/set", "wash/level", True), "wash/level", "wrong-type"),
            (("/relume/set", "wash/level", 0.1, 0.1), "wash/level", "wrong-type"),
            (("/relume/set", "wash/color", 0.1), "wash/color", "wrong-type"),
            (("/relume/set", "wash/color", 0.1, 0.1), "wash/color", "wrong-type"),
            (("/relume/set", "master/blackout", 0.0), "master/blackout", "wrong-type"),
            (("/relume/set", "master/blackout", 2), "master/blackout", "out-of-range"),
            (("/relume/set", "wash/level", 1.5), "wash/level", "out-of-range"),
            (("/relume/set", "wash/level", -0.001), "wash/level", "out-of-range"),
            (("/relume/set", "wash/level", osc.h(1 << 62)), "wash/level", "out-of-range"),
            (("/relume/set", "wash/level", osc.d(1e300)), "wash/level", "out-of-range"),
            (("/relume/set", "master/bpm", 19.9), "master/bpm", "out-of-range"),
            (("/relume/set", "wash/color", 0.1, 1.1, 0.1), "wash/color", "out-of-range"),
            (("/relume/set", "wash/level", math.nan), "wash/level", "not-finite"),
            (("/relume/set", "wash/level", math.inf), "wash/level", "not-finite"),
            (("/relume/set", "wash/level", osc.d(-math.inf)), "wash/level", "not-finite"),
            (("/relume/set", "wash/color", 0.1, 0.1, 0.1, math.nan), "wash/color", "not-finite"),
            (("/relume/persist", "wash/level", 9.0), "wash/level", "out-of-range"),
            (("/relume/get", "wash/nothing"), "wash/nothing", "unknown-route"),
            (("/relume/store", "nobody"), "nobody", "unknown-layer"),
            (("/relume/revert", "nobody"), "nobody", "unknown-layer"),
            (("/relume/reset", "nobody"), "nobody", "unknown-layer"),
            (("/relume/set",), "", "wrong-type"),
            (("/relume/store", 1), "", "wrong-type"),
        ]
        for arguments, subject, reason in cases:
            with self.subTest(arguments):
                self.assert_reject(rig.ask(*arguments), subject, reason)
        status = rig.status()
        self.assertEqual((status["accepted"], status["rejected"], status["malformed"]), (1, len(cases), 0))
        self.assertEqual(rig.get("wash/level"), ("committed", 0.5))
        self.assertEqual({p.channels[:24] for p in self.node.collect_for(0.9) if p.universe == 0}, {bytes([128] * 24)})

    def test_malformed_packets_are_counted_logged_once_per_kind_and_never_fatal(self):
        rig = self.start()
        good = osc.message("/relume/set", "wash/level", 0.5)
        malformed = [b"", b"abc", b"abcd", b"#bundle\0", good[:-4], good + bytes(4), osc.bundle(good)[:-4], osc.bundle(good[:-4]),
                     osc.bundle(good) + b"\0\0\0\x05xxxx", bytes(65000), b"/a\0\0" + b"xxxx", b"/a\0\0,[]\0"]
        deep = good
        for _ in range(9):
            deep = osc.bundle(deep)
        malformed.append(deep)
        for _ in range(3):
            for packet in malformed:
                rig.send_raw(packet)
        status = rig.status()
        self.assertEqual((status["accepted"], status["malformed"], status["rejected"]), (0, 3 * len(malformed), 0))
        self.assertEqual(rig.pending_replies(), [])
        lines = rig.error_text().splitlines()
        self.assertTrue(all(line.startswith("relume-lights: warning: malformed packet") for line in lines), lines)
        self.assertEqual(len(lines), len(set(lines)))
        self.assertGreater(len(lines), 5)
        self.assertEqual(rig.get("wash/level"), ("default", 1.0))

    def test_a_bundle_whose_second_message_is_malformed_applies_nothing(self):
        rig = self.start()
        good = osc.message("/relume/set", "wash/level", 0.5)
        rig.send_raw(osc.bundle(good, osc.message("/relume/set", "tubes/level", 0.5)[:-4]))
        self.assertEqual(rig.status()["accepted"], 0)
        self.assertEqual(rig.get("wash/level"), ("default", 1.0))


def osc_client(rig):
    import socket

    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5.0)
    client.connect(rig.socket.getpeername())
    return client


if __name__ == "__main__":
    unittest.main()
