# SPDX-License-Identifier: Apache-2.0
"""How the rig starts and ends: ready line, exit codes, what is on the wire before anybody asks for anything."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import unittest

import artnet
import harness
import osc
from harness import RigTest, run_to_end


def error_lines(text):
    return [line for line in text.splitlines() if re.fullmatch(r"relume-lights: error: .+, .+: .+", line)]


class Start(RigTest):
    def test_help_and_version_go_to_standard_output_and_end_with_0(self):
        for flag, expected in (("--help", "--osc-port"), ("--version", "relume-lights 0.")):
            result = run_to_end(flag)
            self.assertEqual(result.returncode, 0)
            self.assertIn(expected, result.stdout)
            self.assertEqual(result.stderr, "")

    def test_the_ready_line_of_a_new_show(self):
        rig = self.start()
        self.assertRegex(
            rig.ready_line,
            r"^relume-lights ready show=\S+ recovered=defaults revision=0 age_ms=unknown restarts=0 "
            r"osc=127\.0\.0\.1:\d+ artnet=127\.0\.0\.1:\d+ mirror=\S+ refused=0$")
        self.assertEqual(rig.ready["show"], self.place.show)
        self.assertEqual(rig.ready["artnet"], f"127.0.0.1:{self.node.port}")

    def test_the_mirror_of_the_ready_line_is_a_private_file_in_the_runtime_directory(self):
        rig = self.start()
        mirror = rig.ready["mirror"]
        self.assertEqual(os.path.dirname(mirror), self.place.runtime)
        self.assertRegex(os.path.basename(mirror), rf"^relume-{os.getuid()}-[0-9a-f]{{16}}$")
        self.assertEqual(os.stat(mirror).st_mode & 0o777, 0o600)

    def test_the_first_packets_carry_the_look_before_the_ready_line_is_out(self):
        self.start()
        # No waiting: what is there when the line has been read was sent before it.
        packets = self.node.drain()
        self.assertEqual([(p.universe, p.sequence) for p in packets[:2]], [(0, 1), (1, 1)])
        self.assertEqual(packets[0].channels, bytes([255] * 24) + bytes(488))
        self.assertEqual(packets[1].channels, bytes([255] * 96) + bytes(416))

    def test_osc_is_answered_at_once_after_the_ready_line(self):
        rig = self.start()
        pong = rig.ask("/relume/ping")
        self.assertEqual((pong.address, pong.tags), ("/relume/pong", "hiss"))

    def test_a_request_sent_before_the_rig_is_ready_is_answered_after_the_first_look(self):
        early = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(early.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            early.bind(("127.0.0.1", 0))  # while the probe has the port, so that it cannot be the same
        stop = threading.Event()

        def knock():
            while not stop.wait(0.0005):
                early.sendto(osc.message("/master/blackout", True), ("127.0.0.1", port))

        thread = threading.Thread(target=knock)
        thread.start()
        try:
            self.start(osc_port=port)
            packets = self.node.collect(lambda got: got[-1:] and got[-1].channels[0] == 0)
        finally:
            stop.set()
            thread.join()
        self.assertEqual([(p.universe, p.sequence, p.channels[0]) for p in packets[:2]], [(0, 1, 255), (1, 1, 255)])

    def test_usage_errors_end_with_2_one_line_and_no_packet(self):
        bad_patch = os.path.join(self.place.root, "patch.json")
        with open(bad_patch, "w", encoding="utf-8") as file:
            groups = [{"name": "front", "universe": 0, "start": 1, "count": 10},
                      {"name": "back", "universe": 0, "start": 30, "count": 10}]
            json.dump({"groups": groups}, file)
        there = ("--show", self.place.show, "--artnet", f"127.0.0.1:{self.node.port}")
        for arguments, named in ((("--nonsense",), "--nonsense"), (("--rate", "0"), "--rate"), (("--osc-port", "x"), "--osc-port"),
                                 (("--on-damaged=save",), "--on-damaged"),
                                 (("--patch", "/no/such/file"), "/no/such/file"), (("--patch", bad_patch), "front and back")):
            with self.subTest(arguments):
                result = run_to_end(*there, *arguments)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stdout, "")
                self.assertEqual(len(error_lines(result.stderr)), 1, result.stderr)
                self.assertIn(named, result.stderr)
        self.assertEqual(self.node.drain(), [])
        self.assertFalse(os.path.exists(self.place.show))

    def test_a_second_rig_on_the_same_show_ends_with_3_and_says_who_and_since_when(self):
        rig = self.start()
        self.first_look()
        # The port is taken as well; the owner comes first.
        port = rig.ready["osc"].rpartition(":")[2]
        other = artnet.Receiver()
        self.addCleanup(other.close)
        result = run_to_end("--show", self.place.show, "--runtime-dir", self.place.runtime, "--osc-port", port,
                            "--artnet", f"127.0.0.1:{other.port}")
        self.assertEqual(result.returncode, 3)
        self.assertIn(f"process {rig.process.pid}", result.stderr)
        self.assertRegex(result.stderr, r"since \d{4}-\d\d-\d\d")
        self.assertEqual(other.drain(), [])
        rig.ask("/relume/ping")

    def test_ports_and_hosts_end_with_1_and_nothing_is_sent(self):
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        node = f"127.0.0.1:{self.node.port}"
        for arguments in (("--osc-port", port, "--artnet", node), ("--osc-port", "0", "--osc-host", "no such host", "--artnet", node),
                          ("--osc-port", "0", "--osc-host", "192.0.2.1", "--artnet", node), ("--osc-port", "0", "--artnet", "no such host")):
            with self.subTest(arguments):
                result = run_to_end("--show", self.place.show, "--runtime-dir", self.place.runtime, *arguments)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stdout, "")
                self.assertEqual(len(error_lines(result.stderr)), 1, result.stderr)
        self.assertEqual(self.node.drain(), [])

    def test_a_show_folder_that_cannot_be_made_ends_with_1(self):
        result = run_to_end("--show", "/no/such/place/demo.show", "--osc-port", "0", "--artnet", f"127.0.0.1:{self.node.port}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/no/such/place", result.stderr)
        self.assertEqual(self.node.drain(), [])

    def test_the_errors_are_checked_in_the_order_arguments_owner_ports(self):
        rig = self.start()
        taken = rig.ready["osc"].rpartition(":")[2]
        there = ("--show", self.place.show, "--osc-port", taken)
        self.assertEqual(run_to_end(*there, "--patch", "/no/such/file").returncode, 2)
        self.assertEqual(run_to_end(*there, "--artnet", "no such host").returncode, 3)

    def test_interrupt_and_terminate_end_with_0_in_time_without_black(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for rate in ("44", "2"):
                with self.subTest(signal=number, rate=rate):
                    rig = self.start("--rate", rate)
                    rig.ask("/relume/set", "wash/level", 0.5)
                    self.wait_for_channels(0, 1, [128] * 24)
                    code, seconds = rig.stop(number)
                    self.assertEqual(code, 0)
                    self.assertLess(seconds, 2.0)
                    self.assertEqual({p.channels[0] for p in self.node.drain() if p.universe == 0} - {128}, set())
                    self.assertEqual(rig.error_text(), "")

    def test_a_closed_standard_output_does_not_end_the_show(self):
        reader, writer = os.pipe()
        os.close(reader)
        with subprocess.Popen(harness.command(self.place, self.node), stdout=writer) as process:
            os.close(writer)
            self.first_look()
            self.node.collect(lambda got: len(got) >= 2)  # a keep-alive: it is still there
            process.terminate()
            self.assertEqual(process.wait(5), 0)


if __name__ == "__main__":
    unittest.main()
