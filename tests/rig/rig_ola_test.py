# SPDX-License-Identifier: Apache-2.0
"""A real receiver that we did not write: OLA takes our Art-Net in, and both of its universes hold what the show says, all 512
slots of them. tshark decodes every packet of the same run.

OLA listens on fixed ports, so all of it runs in a network namespace of its own, in which nothing else can be met."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types
import unittest
import urllib.request

import osc
from capture import PORT, CannotCapture, Capture, judge
from harness import RigTest

INSIDE = "RELUME_RIG_NAMESPACE"
WEB = "http://127.0.0.1:9090"
UNIVERSES = (1, 2)  # for OLA too: the port's number is the low half byte of both
OTHER_PLUGINS = ("dummy", "shownet", "espnet", "usbserial", "opendmx", "sandnet", "stageprofi", "pathport", "e131", "usbdmx", "ftdidmx",
                 "osc", "spi", "kinet", "karate", "milinst", "renard", "uartdmx", "openpixelcontrol", "gpio")
ARTNET = """enabled = true
ip = 127.0.0.1
use_loopback = true
net = 0
subnet = 0
always_broadcast = false
use_limited_broadcast = false
output_ports = 4
short_name = relume
long_name = relume
"""


def why_not():
    """Why this cannot run here, or None."""
    for program in ("olad", "ola_patch", "ola_dev_info", "ip", "unshare", "setpriv", "tshark"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if os.geteuid() != 0:
        return "a network namespace needs root"
    probe = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, text=True, timeout=10, check=False)
    return f"no network namespace here: {probe.stderr.strip()}" if probe.returncode else None


class Olad:
    """A running olad with nothing but its Art-Net plug-in, and its first ports patched. It refuses to run as root."""

    def __init__(self, folder, universes):
        self.log = open(os.path.join(folder, "olad.log"), "w+", encoding="utf-8")
        config = os.path.join(folder, "config")
        os.mkdir(config)
        for name in OTHER_PLUGINS:
            self._configure(config, name, "enabled = false\n")
        self._configure(config, "artnet", ARTNET)
        for path in (folder, config):
            os.chmod(path, 0o777)
        # It dies with this test, however that ends.
        self.process = subprocess.Popen(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--pdeathsig", "KILL", "olad", "-c", config, "-l", "3",
             "--no-register-with-dns-sd"], stdout=self.log, stderr=subprocess.STDOUT)
        try:
            device = self._wait_for(self._artnet_device)
            for port, universe in enumerate(universes):
                self._wait_for(lambda p=port, u=universe: self._run("ola_patch", "--device", device, "--port", str(p), "--universe", str(u),
                                                                    "--input"))
                self._wait_for(lambda u=universe: self.slots(u) is not None)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _configure(config, name, text):
        path = os.path.join(config, f"ola-{name}.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o666)

    def _run(self, *command):
        """What a client of olad printed, or None while it does not succeed."""
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        return result.stdout + " " if result.returncode == 0 else None

    def _artnet_device(self):
        found = re.search(r"Device (\d+): .*art-?net", self._run("ola_dev_info") or "", re.IGNORECASE)
        return found and found[1]

    def _wait_for(self, question, timeout=20.0):
        deadline = time.monotonic() + timeout
        while not (answer := question()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise RuntimeError(f"olad is not ready (exit code {self.process.poll()}): {self.log.read()}")
            time.sleep(0.05)
        return answer

    def slots(self, universe):
        """What OLA holds, or None while it does not know the universe."""
        try:
            with urllib.request.urlopen(f"{WEB}/get_dmx?u={universe}", timeout=5) as answer:
                return json.load(answer)["dmx"]
        except (OSError, ValueError):
            return None

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def slot(universe, number):
    """Neighbours differ, and so do equal slots of the two universes; 0 is left to the slots of no fixture."""
    return 1 + (number * 37 + universe * 101) % 255


class Ola(RigTest):
    # 170 fixtures of three channels leave two of 512 free: the last two of one universe, the first two of the other.
    STARTS = {1: 1, 2: 3}

    def setUp(self):
        super().setUp()
        self.node = types.SimpleNamespace(port=PORT)
        self.scratch = tempfile.mkdtemp(prefix="relume-test-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def write_patch(self):
        """Each fixture is a group, so that each channel can have a value of its own."""
        groups = [{"name": f"u{universe}-{first}", "universe": universe, "start": first, "count": 1}
                  for universe, start in self.STARTS.items() for first in range(start, 511, 3)]
        path = os.path.join(self.place.root, "full.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"groups": groups}, file)
        return path, groups

    @staticmethod
    def change(group):
        lanes = [slot(group["universe"], group["start"] + lane) / 255 for lane in range(3)]
        return osc.message("/relume/set", group["name"] + "/color", *lanes)

    def expected(self, universe):
        start = self.STARTS[universe]
        return [slot(universe, n) if start <= n < start + 510 else 0 for n in range(1, 513)]

    def test_ola_holds_what_the_show_says_in_all_slots_of_both_universes(self):
        patch, groups = self.write_patch()
        try:
            capture = Capture(self.scratch)
        except CannotCapture as reason:
            raise unittest.SkipTest(f"tshark does not capture: {reason}") from None
        with capture:
            olad = Olad(self.scratch, UNIVERSES)
            self.addCleanup(olad.close)
            rig = self.start("--patch", patch)
            for universe in UNIVERSES:
                self.wait_for_slots(olad, universe, [slot and 255 for slot in self.expected(universe)])
            rig.ask_bundle(*(self.change(group) for group in groups), replies=len(groups))
            for universe in UNIVERSES:
                self.wait_for_slots(olad, universe, self.expected(universe))
                capture.wait_for(bytes(self.expected(universe)))
            rig.kill()
        # OLA's own packets come from the port that they go to.
        channels = judge(self, capture.rows(f"udp.srcport != {PORT}"))
        self.assertEqual({universe: list(packets[-1]) for universe, packets in channels.items()},
                         {universe: self.expected(universe) for universe in UNIVERSES})

    def wait_for_slots(self, olad, universe, expected, timeout=10.0):
        deadline = time.monotonic() + timeout
        while (got := olad.slots(universe)) != expected:
            if time.monotonic() > deadline:
                self.assertEqual(got, expected, f"universe {universe} of OLA")
            time.sleep(0.02)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        reason = why_not()
        if reason is not None:
            print(f"skipped: {reason}")
            sys.exit(77)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
    unittest.main()
