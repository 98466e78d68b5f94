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
from harness import RigTest

KNOCK = b"knock-knock"  # 19 bytes of UDP, by which it is left out again


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
            node = artnet.Receiver(6454)
        except OSError:
            raise unittest.SkipTest("UDP port 6454 is taken") from None
        self.addCleanup(node.close)
        self.node = node
        with tempfile.TemporaryDirectory() as folder:
            capture = os.path.join(folder, "artnet.pcapng")
            self.record(capture)
            decoded = subprocess.run(
                ["tshark", "-r", capture, "-Y", "udp.length != 19", "-T", "fields", "-e", "artnet.header.opcode", "-e", "artnet.header.protver",
                 "-e", "artnet.output.sequence", "-e", "artnet.output.universe", "-e", "artnet.output.length",
                 "-e", "udp.payload", "-e", "_ws.malformed", "-e", "_ws.expert.message"],
                capture_output=True, text=True, check=True, timeout=30).stdout
        rows = [line.split("\t") for line in decoded.splitlines()]
        self.assertGreaterEqual(len(rows), 12)
        by_universe = {}
        for opcode, version, sequence, universe, length, payload, malformed, expert in rows:
            self.assertEqual((int(opcode, 0), int(version, 0), int(length, 0), malformed, expert), (0x5000, 14, 512, "", ""))
            by_universe.setdefault(int(universe, 0), []).append((int(sequence, 0), bytes.fromhex(payload.replace(":", ""))[18:]))
        self.assertEqual(set(by_universe), {0, 1})
        for packets in by_universe.values():
            self.assertEqual([sequence for sequence, _ in packets], list(range(1, len(packets) + 1)))
        self.assertEqual(by_universe[0][-1][1], bytes([255, 0, 128] * 8) + bytes(488))

    def record(self, capture):
        """Captures a start and ten changes."""
        command = ["tshark", "-q", "-i", "lo", "-f", "udp port 6454", "-w", capture]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tshark:
            try:
                self.wait_until_capturing(tshark, capture)
                rig = self.start()
                self.first_look()
                for step in range(10):
                    rig.ask("/relume/set", "wash/color", 1.0, 0.0, (step + 1) / 20)
                    self.node.collect(lambda got: got)
                self.wait_for_captured(capture)
            finally:
                tshark.terminate()
                tshark.communicate(timeout=10)

    def wait_until_capturing(self, tshark, capture):
        """It says "Capturing" a little too early; the file with packets in it is the proof."""
        deadline = time.monotonic() + 15
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            while not (os.path.exists(capture) and KNOCK in self.content(capture)):
                if tshark.poll() is not None or time.monotonic() > deadline:
                    raise unittest.SkipTest(f"tshark does not capture: {tshark.stderr.read() if tshark.poll() is not None else ''}")
                knock.sendto(KNOCK, ("127.0.0.1", 6454))
                time.sleep(0.05)
        self.node.socket.setblocking(False)
        while select.select([self.node.socket], [], [], 0.1)[0]:
            self.node.socket.recv(2048)

    def wait_for_captured(self, capture):
        expected = bytes([255, 0, 128] * 8)
        deadline = time.monotonic() + 10
        while expected not in self.content(capture):
            self.assertLess(time.monotonic(), deadline, "the capture does not have the last look")
            time.sleep(0.05)

    @staticmethod
    def content(path):
        with open(path, "rb") as file:
            return file.read()


if __name__ == "__main__":
    unittest.main()
