# SPDX-License-Identifier: Apache-2.0
"""relume-full from outside: lights and pictures of one show, and both again after each death."""

import json
import os
import select
import socket
import subprocess
import threading
import time
import unittest

import artnet
import harness
import osc
import shaders
import video_harness
from show_folder import ShowFolder

BINARY = os.environ.get("RELUME_FULL", os.path.join(video_harness.BUILD, "bin/relume-full"))
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def arguments(place, node, folder, *more, osc_port=0):
    return [BINARY, "--show", place.show, "--runtime-dir", place.runtime, "--osc-port", str(osc_port), "--artnet",
            f"127.0.0.1:{node.port}", "--shaders", folder.path, "--png", os.path.join(place.root, "picture.png"), *more]


class Full(video_harness.Pictures, harness.Program):
    """A running relume-full."""

    def __init__(self, place, node, folder, *more):
        super().__init__("relume-full", arguments(place, node, folder, *more))


class FullTest(harness.RigTest):
    def setUp(self):
        super().setUp()
        self.shaders = shaders.ShaderFolder(os.path.join(self.place.root, "shaders"), plain=shaders.PLAIN)

    def start(self, *more):
        rig = Full(self.place, self.node, self.shaders, *more)
        self.addCleanup(rig.close)
        return rig


class OneShow(FullTest):
    def test_the_ready_line_names_both_outputs_and_the_stack_holds_both(self):
        rig = self.start()
        self.assertRegex(
            rig.ready_line,
            r"^relume-full ready show=\S+ recovered=defaults revision=0 age_ms=unknown restarts=0 osc=\S+ artnet=\S+ "
            r"device=none mode=720p25 mirror=\S+ refused=0$")
        self.assertEqual([key for key, _ in self.folder.stack()], ["master", "wash", "tubes", "plain"])

    def test_one_blackout_and_one_dimmer_reach_both(self):
        rig = self.start()
        self.assertEqual(rig.picture().pixel(0, 0), WHITE)
        rig.ask("/relume/set", "master/dimmer", 0.5)
        self.wait_for_channels(0, 1, [128] * 24)
        self.assertAlmostEqual(rig.picture().pixel(0, 0)[0], 188, delta=2)
        rig.ask("/relume/set", "master/blackout", True)
        self.wait_for_channels(0, 1, [0] * 24)
        self.wait_for_channels(1, 1, [0] * 96)
        self.assertEqual(rig.picture().pixel(0, 0), BLACK)

    def test_layers_of_both_kinds_live_in_one_stack(self):
        rig = self.start()
        rig.ask("/relume/layer/remove", "wash")
        self.wait_for_channels(0, 1, [0] * 24)
        self.assertEqual(rig.picture().pixel(0, 0), WHITE)
        rig.ask("/relume/layer/remove", "plain")
        self.assertEqual(rig.picture().pixel(0, 0), BLACK)
        rig.ask("/relume/layer/add", "wash", "group", "")
        self.wait_for_channels(0, 1, [255] * 24)

    def test_a_group_and_a_package_of_one_name_are_a_usage_error(self):
        self.shaders.declare("wash", shaders.PLAIN[0])
        self.shaders.write("wash", shaders.PLAIN[1])
        result = subprocess.run(arguments(self.place, self.node, self.shaders), capture_output=True, text=True, timeout=20,
                                check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn('"wash"', result.stderr)
        self.assertEqual(self.node.drain(), [])


class Respawner:
    """What a supervisor is at its plainest: a loop that starts the rig again when it is gone."""

    def __init__(self, command, environment, log):
        self.ended = False
        self.process = None
        self.starts = 0
        self._run = (command, environment, log)
        self.thread = threading.Thread(target=self._loop)
        self.thread.start()

    def _loop(self):
        command, environment, log = self._run
        while not self.ended:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **environment})
            self.starts += 1
            self.process.wait()

    def close(self):
        self.ended = True
        if self.process is not None:
            self.process.terminate()
        self.thread.join()


class CardLog:
    """Reads the emulated card's log as it is written: every displayed frame with the time at which it was told. Its writer may
    die in the middle of a line."""

    def __init__(self, path):
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # both ends, so that it outlives its writers
        self.rest = b""
        self.displayed = []  # (time, hash)

    def read(self, seconds):
        deadline = time.time() + seconds
        while (left := deadline - time.time()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                return
            now = time.time()
            *lines, self.rest = (self.rest + os.read(self.fd, 65536)).split(b"\n")
            for line in lines:
                # A line that was cut off by a death is the beginning of the next one.
                try:
                    event = json.loads(line[line.rfind(b"{") :])
                except ValueError:
                    continue
                if event.get("event") == "displayed":
                    self.displayed.append((now, event["hash"]))

    def close(self):
        os.close(self.fd)


def first_after(times, deaths):
    """From each death to the first sign of life after it, in ms."""
    return [round((min(t for t in times if t > death) - death) * 1000) for death in deaths]


def gaps(times, deaths):
    """How long nothing came around each death, in ms."""
    return [round((min(t for t in times if t > death) - max(t for t in times if t <= death)) * 1000) for death in deaths]


class Deaths(FullTest):
    def test_after_three_deaths_in_twenty_seconds_both_looks_are_right(self):
        port = free_port()
        card = CardLog(os.path.join(self.place.root, "card.log"))
        self.addCleanup(card.close)
        with open(os.path.join(self.place.root, "errors"), "wb") as log:
            rig = Respawner(arguments(self.place, self.node, self.shaders, "--device", "virtual", "--mode", "720p25", osc_port=port),
                            {"VCARD_LOG": os.path.join(self.place.root, "card.log"), "VCARD_HASH": "1"}, log)
            self.addCleanup(rig.close)
            desk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(desk.close)
            desk.connect(("127.0.0.1", port))
            desk.settimeout(0.2)
            self.ask(desk, "/relume/set", "wash/level", 0.5)
            self.ask(desk, "/relume/set", "plain/tint", 0.2, 0.6, 1.0)
            self.wait_for_channels(0, 1, [128] * 24)
            card.read(1.0)
            card.displayed.clear()
            packets, deaths = [], []
            self.node.drain()
            begin = time.time()
            for second in (5, 10, 15):
                self.collect(card, packets, until=begin + second)
                rig.process.kill()
                deaths.append(time.time())
            self.collect(card, packets, until=begin + 20)

            self.assertEqual(rig.starts, 4)
            # Channels that do not change are repeated every 0.8 s only, so the gap of DMX begins with the death itself.
            dmx, video = first_after([p.time for p in packets], deaths), gaps([t for t, _ in card.displayed], deaths)
            print(f"gap of each death, ms: DMX {dmx}, video {video}")
            self.assertEqual({p.channels[:24] for p in packets if p.universe == 0}, {bytes([128] * 24)})
            self.assertEqual({p.channels[:96] for p in packets if p.universe == 1}, {bytes([255] * 96)})
            looks = {look for _, look in card.displayed}
            self.assertEqual(len(looks), 1, "a picture that is not the look was on the card")
            self.assertLess(max(dmx), 5000)
            self.assertLess(max(video), 5000)

            self.ask(desk, "/relume/set", "master/blackout", True)
            self.wait_for_channels(0, 1, [0] * 24)
            card.read(1.0)
            self.assertNotIn(card.displayed[-1][1], looks)

    def ask(self, desk, *request):
        """Asks until the rig that lives now answers."""
        deadline = time.monotonic() + 15.0
        while time.monotonic() < deadline:
            try:
                desk.send(osc.message(*request))
                reply = osc.decode(desk.recv(65536))
            except (TimeoutError, ConnectionRefusedError):
                time.sleep(0.02)
                continue
            self.assertEqual(reply.address, "/relume/ack", reply)
            return
        self.fail("nobody answers")

    def collect(self, card, packets, until):
        while (left := until - time.time()) > 0:
            card.read(min(left, 0.2))
            packets += self.node.drain()


if __name__ == "__main__":
    video_harness.main()
