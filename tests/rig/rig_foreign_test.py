# SPDX-License-Identifier: Apache-2.0
"""Programs that we did not write: oscsend and oscdump of liblo, tshark as judge of what is on the wire."""

import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import artnet
import osc
from capture import PORT, CannotCapture, Capture, judge
from harness import RigTest


def need(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")


class Liblo(RigTest):
    def oscsend(self, rig, *arguments):
        host, _, port = rig.ready["osc"].rpartition(":")
        subprocess.run(["oscsend", host, port, *arguments], check=True, timeout=5)

    def test_oscsend_sets_level_colour_and_blackout(self):
        need("oscsend")
        rig = self.start()
        self.first_look()
        self.oscsend(rig, "/relume/set", "sf", "wash/level", "0.5")
        self.wait_for_channels(0, 1, [128] * 24)
        self.oscsend(rig, "/relume/set", "sfff", "wash/color", "1", "0.5", "0")
        self.wait_for_channels(0, 1, [128, 64, 0] * 8)
        self.oscsend(rig, "/relume/set", "sT", "master/blackout")
        self.wait_for_channels(0, 1, [0] * 24)
        self.oscsend(rig, "/relume/set", "si", "master/blackout", "0")
        self.wait_for_channels(0, 1, [128, 64, 0] * 8)
        self.oscsend(rig, "/wash/level", "f", "1.0")
        self.wait_for_channels(0, 1, [255, 128, 0] * 8)
        self.assertEqual(rig.status()["malformed"], 0)

    def test_oscdump_reads_our_answers(self):
        need("oscdump")
        rig = self.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 0))
            port = probe.getsockname()[1]
        with subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE, text=True) as dump:
            try:
                line = self.dumped(rig, port, dump)
            finally:
                dump.kill()
        self.assertRegex(line, r'/relume/value sssf "wash/level" "default" "float" 1\.0+')

    def dumped(self, rig, port, dump):
        """oscdump says nothing when it is ready, so the question is repeated; answers go to its port by a forged sender."""
        question = osc.message("/relume/get", "wash/level")
        deadline = time.monotonic() + 5
        answer = rig.ask("/relume/get", "wash/level")
        self.assertEqual(answer.address, "/relume/value")
        raw = self.raw_answer(rig, question)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
            while time.monotonic() < deadline:
                relay.sendto(raw, ("127.0.0.1", port))
                if select.select([dump.stdout], [], [], 0.05)[0]:
                    return dump.stdout.readline()
        self.fail("oscdump printed nothing")

    def raw_answer(self, rig, question):
        rig.send_raw(question)
        if not select.select([rig.socket], [], [], 5.0)[0]:
            self.fail("no answer")
        return rig.socket.recv(2048)


class Tshark(RigTest):
    def test_tshark_decodes_our_packets_and_finds_nothing_wrong(self):
        need("tshark")
        if os.geteuid() != 0:
            raise unittest.SkipTest("capturing needs root")
        # tshark knows Art-Net by its port, and there is only one of that.
        try:
            node = artnet.Receiver(PORT)
        except OSError:
            raise unittest.SkipTest(f"UDP port {PORT} is taken") from None
        self.addCleanup(node.close)
        self.node = node
        with tempfile.TemporaryDirectory() as folder:
            rows = self.record(folder)
        self.assertGreaterEqual(len(rows), 12)
        channels = judge(self, rows)
        self.assertEqual(set(channels), {0, 1})
        self.assertEqual(channels[0][-1], bytes([255, 0, 128] * 8) + bytes(488))

    def record(self, folder):
        """Captures a start and ten changes."""
        try:
            capture = Capture(folder)
        except CannotCapture as reason:
            raise unittest.SkipTest(f"tshark does not capture: {reason}") from None
        with capture:
            self.forget_knocks()
            rig = self.start()
            self.first_look()
            for step in range(10):
                rig.ask("/relume/set", "wash/color", 1.0, 0.0, (step + 1) / 20)
                self.node.collect(lambda got: got)
            capture.wait_for(bytes([255, 0, 128] * 8))
        return capture.rows("udp")

    def forget_knocks(self):
        while select.select([self.node.socket], [], [], 0.1)[0]:
            self.node.socket.recv(2048)


if __name__ == "__main__":
    unittest.main()
