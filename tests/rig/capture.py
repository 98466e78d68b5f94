# SPDX-License-Identifier: Apache-2.0
"""tshark as judge of what is on the wire: captures UDP port 6454 of the loopback and says what it decodes."""

import os
import socket
import subprocess
import time

PORT = 6454  # tshark knows Art-Net by it
KNOCK = b"knock-knock"  # 19 bytes of UDP, by which it is left out again
FIELDS = ("artnet.header.opcode", "artnet.header.protver", "artnet.output.sequence", "artnet.output.universe", "artnet.output.length",
          "udp.payload", "_ws.malformed", "_ws.expert.message")


class CannotCapture(Exception):
    """tshark does not run here; its own words are the text."""


class Capture:
    """A running capture, from the moment on that it is proved to capture. A context manager."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "artnet.pcapng")
        self.process = subprocess.Popen(["tshark", "-q", "-i", "lo", "-f", f"udp port {PORT}", "-w", self.path],
                                        stderr=subprocess.PIPE, text=True)
        try:
            self._wait_until_it_captures()
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=10)

    def _wait_until_it_captures(self):
        """It says "Capturing" a little too early; the file with packets in it is the proof."""
        deadline = time.monotonic() + 15
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            while not self.has(KNOCK):
                if self.process.poll() is not None:
                    raise CannotCapture(self.process.stderr.read())
                if time.monotonic() > deadline:
                    raise CannotCapture("it captured nothing in 15 s")
                knock.sendto(KNOCK, ("127.0.0.1", PORT))
                time.sleep(0.05)

    def has(self, data):
        if not os.path.exists(self.path):
            return False
        with open(self.path, "rb") as file:
            return data in file.read()

    def wait_for(self, data, timeout=10.0):
        deadline = time.monotonic() + timeout
        while not self.has(data):
            if time.monotonic() > deadline:
                raise TimeoutError("the capture does not have what was sent last")
            time.sleep(0.05)

    def rows(self, condition):
        """FIELDS of every packet that the display filter takes, but for knocks."""
        arguments = [argument for field in FIELDS for argument in ("-e", field)]
        decoded = subprocess.run(["tshark", "-r", self.path, "-Y", f"udp.length != 19 && {condition}", "-T", "fields", *arguments],
                                 capture_output=True, text=True, check=True, timeout=60).stdout
        return [line.split("\t") for line in decoded.splitlines()]


def judge(test, rows):
    """Every row is a flawless ArtDmx packet, each universe counts from 1; returns the channels of all packets by universe."""
    by_universe = {}
    for opcode, version, sequence, universe, length, payload, malformed, expert in rows:
        test.assertEqual((opcode, version, length, malformed, expert), ("0x5000", "14", "512", "", ""))
        by_universe.setdefault(int(universe, 0), []).append((int(sequence, 0), bytes.fromhex(payload.replace(":", ""))[18:]))
    for packets in by_universe.values():
        test.assertEqual([sequence for sequence, _ in packets], [n % 255 + 1 for n in range(len(packets))])
    return {universe: [channels for _, channels in packets] for universe, packets in by_universe.items()}
