# SPDX-License-Identifier: Apache-2.0
"""Starts the rig as a user would and talks to it from outside."""

import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import artnet
import osc
from show_folder import ShowFolder

BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release/bin/relume-lights")
BINARY = os.environ.get("RELUME_LIGHTS", BUILT)
RUNTIME_PARENT = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Place:
    """A show folder and a runtime directory of their own, gone at the end."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="relume-test-")
        self.show = os.path.join(self.root, "demo.show")
        self.runtime = tempfile.mkdtemp(prefix="relume-test-", dir=RUNTIME_PARENT)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.runtime, ignore_errors=True)


def run_to_end(*arguments, timeout=10.0):
    """Runs the rig with arguments that make it end by itself."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def command(place, node, *arguments, osc_port=0):
    return [BINARY, "--show", place.show, "--runtime-dir", place.runtime, "--osc-port", str(osc_port),
            "--artnet", f"127.0.0.1:{node.port}", *arguments]


class Program:
    """A running rig, whichever it is."""

    def __init__(self, name, arguments, environment=None):
        self.name = name
        self.errors = tempfile.TemporaryFile()
        self.spawned = time.time()
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.errors,
                                        env={**os.environ, **(environment or {})})
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        try:
            self.ready_line = self._read_ready_line()
        except BaseException:
            self.close()
            raise
        self.ready = self._parse_ready_line()
        host, _, port = self.ready["osc"].rpartition(":")
        self.socket.connect((host, int(port)))

    def _read_ready_line(self, timeout=10.0):
        line = b""
        deadline = time.monotonic() + timeout
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError(f"no ready line within {timeout} s; {line!r}, {self.error_text()!r}")
            byte = os.read(self.process.stdout.fileno(), 4096)
            if not byte:
                raise RuntimeError(f"the rig ended with {self.process.wait()}: {self.error_text()!r}")
            line += byte
        return line.decode().rstrip("\n")

    def _parse_ready_line(self):
        words = self.ready_line.split(" ")
        if words[:2] != [self.name, "ready"]:
            raise RuntimeError(f"not a ready line: {self.ready_line!r}")
        return dict(word.split("=", 1) for word in words[2:])

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def said(self):
        """What it had to say about its start: that is out before the first answer."""
        self.ask("/relume/ping")
        return self.error_text()

    # OSC

    def send(self, *arguments):
        self.socket.send(osc.message(*arguments))

    def send_raw(self, data):
        self.socket.send(data)

    def reply(self, timeout=5.0):
        if not select.select([self.socket], [], [], timeout)[0]:
            raise TimeoutError("the rig did not answer")
        return osc.decode(self.socket.recv(65536))

    def ask(self, *arguments):
        self.send(*arguments)
        return self.reply()

    def ask_bundle(self, *messages, replies):
        self.send_raw(osc.bundle(*messages))
        return [self.reply() for _ in range(replies)]

    def pending_replies(self):
        """What has been answered already; does not wait."""
        replies = []
        while True:
            try:
                replies.append(osc.decode(self.socket.recv(65536, socket.MSG_DONTWAIT)))
            except (BlockingIOError, ConnectionRefusedError):
                return replies

    def revision(self):
        return self.ask("/relume/ping").values[0]

    def status(self):
        names = ("accepted", "mirrored", "checkpointed", "document_wanted", "document_saved", "malformed", "rejected")
        return dict(zip(names, self.ask("/relume/status").values))

    def get(self, route):
        """Tier and value (a tuple when it has several lanes)."""
        values = self.ask("/relume/get", route).values
        return values[1], values[3] if len(values) == 4 else tuple(values[3:])

    # Ends

    def kill(self):
        """SIGKILL; what it had sent is still in our sockets afterwards."""
        self.process.kill()
        self.process.wait()

    def stop(self, number=signal.SIGTERM, timeout=5.0):
        """Returns exit code and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout)
        return code, time.monotonic() - begin

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.socket.close()
        self.errors.close()


class Rig(Program):
    """A running relume-lights."""

    def __init__(self, place, node, *arguments, osc_port=0, environment=None):
        super().__init__("relume-lights", command(place, node, *arguments, osc_port=osc_port), environment)


class RigTest(unittest.TestCase):
    """A test with a place and a node of its own. start() runs the rig; whatever is left is ended."""

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.node = artnet.Receiver()
        self.addCleanup(self.node.close)

    @property
    def folder(self):
        return ShowFolder(self.place.show)

    def start(self, *arguments, **options):
        rig = Rig(self.place, self.node, *arguments, **options)
        self.addCleanup(rig.close)
        return rig

    def restart(self, rig, *arguments, how="kill", mirror=True, meanwhile=None):
        """Ends a rig by death or in peace, does to its files what is to be done, and starts it again."""
        if how == "kill":
            rig.kill()
        else:
            self.assertEqual(rig.stop()[0], 0, rig.error_text())
        if not mirror:
            os.unlink(rig.ready["mirror"])
        self.node.drain()
        if meanwhile is not None:
            meanwhile()
        return self.start(*arguments)

    def wait_until(self, question, timeout=5.0):
        """Asks again and again until the answer is true; returns it."""
        deadline = time.monotonic() + timeout
        while not (answer := question()):
            self.assertLess(time.monotonic(), deadline, "it does not come true")
            time.sleep(0.01)
        return answer

    def first_look(self, universes=2):
        """The packets that a start sends, by universe."""
        packets = self.node.collect(lambda got: len(got) >= universes)
        return {packet.universe: packet for packet in packets}

    def wait_for_channels(self, universe, first, expected, timeout=5.0):
        """Packets until the channels from `first` (counted from 1) are as expected."""
        expected = bytes(expected)

        def arrived(packets):
            return any(p.universe == universe and p.channels[first - 1 :].startswith(expected) for p in packets[-4:])

        return self.node.collect(arrived, timeout)

    def assert_reply(self, reply, address, tags, *values):
        self.assertEqual(reply, osc.Message(address, tags, list(values)))

    def assert_ack(self, reply, revision, route):
        self.assert_reply(reply, "/relume/ack", "hs", revision, route)

    def assert_reject(self, reply, route, reason):
        self.assert_reply(reply, "/relume/reject", "ss", route, reason)
