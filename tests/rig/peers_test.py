# SPDX-License-Identifier: Apache-2.0
"""The black-box tests' own tools: OSC, Art-Net and the model must be right, and must notice what is wrong."""

import struct
import unittest

import artnet
import model
import osc
from wire import Mixture, Wire


class Osc(unittest.TestCase):
    def test_the_examples_of_the_specification(self):
        self.assertEqual(osc.message("/oscillator/4/frequency", 440.0),
                         b"/oscillator/4/frequency\0,f\0\0\x43\xdc\0\0")
        self.assertEqual(osc.message("/foo", 1000, -1, "hello", 1.234, 5.678),
                         b"/foo\0\0\0\0,iisff\0\0\0\0\x03\xe8\xff\xff\xff\xffhello\0\0\0\x3f\x9d\xf3\xb6\x40\xb5\xb2\x2d")

    def test_what_is_encoded_is_decoded(self):
        message = osc.decode(osc.message("/a", 1, 0.5, "text", True, False, osc.h(1 << 40), osc.d(0.1), b"blob", osc.rgba(7)))
        self.assertEqual(message, osc.Message("/a", "ifsTFhdbr", [1, 0.5, "text", True, False, 1 << 40, 0.1, b"blob", 7]))

    def test_cut_messages_are_refused(self):
        whole = osc.message("/relume/ack", osc.h(1), "wash/level")
        for length in range(0, len(whole)):
            with self.assertRaises((osc.OscError, struct.error)):
                osc.decode(whole[:length])


class Packets(unittest.TestCase):
    def test_only_whole_art_dmx_packets_are_taken(self):
        good = b"Art-Net\0\0\x50\0\x0e\x07\0\x34\x12\x02\0" + bytes(512)
        self.assertEqual(artnet.Packet(good, 0.0, None).universe, 0x1234)
        for bad in (good[:-1], good + b"\0", good[:11] + b"\x0d" + good[12:], b"art-Net" + good[7:], good[:8] + b"\0\x20" + good[10:]):
            with self.assertRaises(ValueError):
                artnet.Packet(bad, 0.0, None)

    def test_sequence_errors_are_found(self):
        def packets(*sequences):
            header = b"Art-Net\0\0\x50\0\x0e"
            return [artnet.Packet(header + bytes([s]) + b"\0\0\0\x02\0" + bytes(512), 0.0, None) for s in sequences]

        self.assertEqual(artnet.sequence_errors(packets(254, 255, 1, 2)), [])
        for bad in ((1, 3), (255, 0), (2, 2), (255, 2)):
            self.assertEqual(len(artnet.sequence_errors(packets(*bad))), 1)


class Model(unittest.TestCase):
    def test_tiers_and_revisions(self):
        state = model.State.fresh()
        state = state.after([("set", "wash/level", 0.5)])
        self.assertEqual((state.revision, state.look), (1, (bytes([128] * 3), bytes([255] * 3))))
        self.assertIs(state.after([("set", "wash/level", 0.5)]), state)
        self.assertIs(state.after([("store", "tubes")]), state)
        state = state.after([("persist", "wash/level", 0.25), ("set", "master/dimmer", 0.5)])
        self.assertEqual((state.revision, state.look), (2, (bytes([32] * 3), bytes([128] * 3))))
        state = state.after([("revert", "")])
        self.assertEqual((state.revision, state.value("master/dimmer"), state.value("wash/level")), (3, 1.0, 0.25))

    def test_what_changes_and_changes_back_counts(self):
        state = model.State.fresh().after([("set", "wash/level", 0.5)])
        self.assertEqual(state.after([("set", "wash/level", 0.1), ("set", "wash/level", 0.5)]).revision, 2)


    def test_layers_and_what_they_do_to_the_look(self):
        white, black = bytes([255] * 3), bytes(3)
        state = model.State.fresh()
        state = state.after([("set", "wash/level", 0.5), ("set", "master/dimmer", 0.5)])
        self.assertEqual(state.look, (bytes([64] * 3), bytes([128] * 3)))
        state = state.after([("bypass", "master", True), ("bypass", "tubes", True)])
        self.assertEqual((state.revision, state.look), (2, (bytes([128] * 3), black)))
        self.assertIs(state.after([("bypass", "tubes", True)]), state)
        self.assertIs(state.after([("move", "tubes", "")]), state)
        self.assertIs(state.after([("move", "wash", "wash")]), state)
        self.assertEqual(state.after([("move", "tubes", "master")]).layers(), ["tubes", "master", "wash"])
        gone = state.after([("remove", "wash")])
        self.assertEqual((gone.look[0], gone.layers(), "wash/level" in gone.tiers), (black, ["master", "tubes"], False))
        back = gone.after([("add", "wash", "tubes"), ("remove", "master")])
        self.assertEqual((back.revision, back.look, back.layers()), (4, (white, black), ["wash", "tubes"]))
        self.assertEqual(back.tier("wash/level"), "default")
        self.assertEqual(state.after([("remove", "wash"), ("add", "wash", "tubes")]).revision, 3)

    def test_a_document_has_the_base_alone(self):
        state = model.State.fresh().after([("persist", "wash/level", 0.25)]).after([("set", "wash/level", 0.5)])
        self.assertEqual((state.value("wash/level"), state.base(7).value("wash/level"), state.base(7).revision), (0.5, 0.25, 7))


def packet(universe, fixture):
    count = {0: 8, 1: 32}[universe]
    data = b"Art-Net\0\0\x50\0\x0e\x01\0" + bytes([universe, 0]) + b"\x02\0" + fixture * count + bytes(512 - 3 * count)
    return artnet.Packet(data, 0.0, None)


class WireJudge(unittest.TestCase):
    """What the kill loop believes about a run of packets."""

    A, B, C = bytes([1] * 3), bytes([2] * 3), bytes([3] * 3)
    # Universe 1 never changes in LOOKS[0:3]; from there on both change at once.
    LOOKS = [(A, A), (B, A), (C, A), (A, B), (B, C)]

    def judge(self, *packets, complete=True):
        return Wire(self.LOOKS).judge([packet(u, f) for u, f in packets], complete)

    def test_looks_in_order_are_believed_also_with_gaps_and_repetitions(self):
        a, b, c = self.A, self.B, self.C
        self.judge((0, a), (1, a), (0, b), (0, c), (0, c), (1, a), (0, a), (1, b), (0, b), (1, c))
        self.judge((0, a), (1, a), (0, b), (1, c))

    def test_a_look_from_before_a_mixture_and_a_stranger_are_noticed(self):
        a, b, c = self.A, self.B, self.C
        for bad in (((0, a), (1, a), (0, c), (0, b), (0, c)),    # backwards
                    ((0, a), (1, a), (0, b), (1, b)),            # one universe of one state, one of another
                    ((0, a), (1, a), (0, c), (1, b)),            # half of a change
                    ((0, bytes([9] * 3)), (1, a)),               # never was
                    ((0, a), (1, a), (0, bytes([1, 1, 2])))):
            with self.subTest(bad), self.assertRaises(Mixture):
                self.judge(*bad)

    def test_a_death_between_the_packets_of_one_frame_is_no_mixture(self):
        a = self.A
        with self.assertRaises(Mixture):
            self.judge((0, a), (1, a), (0, self.B), (0, self.C), (0, a))
        self.judge((0, a), (1, a), (0, self.B), (0, self.C), (0, a), complete=False)

    def test_a_torn_universe_is_noticed(self):
        torn = packet(0, self.A)
        torn.channels = torn.channels[:12] + self.B + torn.channels[15:]
        with self.assertRaises(Mixture):
            Wire(self.LOOKS).judge([torn])


if __name__ == "__main__":
    unittest.main()
