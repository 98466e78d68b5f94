# SPDX-License-Identifier: Apache-2.0
"""Starts relume-video as a user would, and looks at its pictures."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

import harness
from picture import Picture
from shaders import ShaderFolder
from show_folder import ShowFolder

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release")
BINARY = os.environ.get("RELUME_VIDEO", os.path.join(BUILD, "bin/relume-video"))
WRITTEN = re.compile(r"^relume-\w+: picture written show_time_ns=(-?\d+) revision=(\d+) number=(\d+) file=(.+)$", re.M)


def run_to_end(*arguments, timeout=30.0, binary=BINARY, **options):
    return subprocess.run([binary, *arguments], capture_output=True, timeout=timeout, check=False, **options)


@functools.lru_cache(maxsize=None)
def why_no_pictures():
    """What this machine lacks for pictures; None when there is nothing."""
    place = harness.Place()
    try:
        shaders = ShaderFolder(os.path.join(place.root, "shaders"))
        result = run_to_end("--show", place.show, "--runtime-dir", place.runtime, "--osc-port", "0", "--frames", "1",
                            "--shaders", shaders.path)
        error = result.stderr.decode()
        return error.strip() if result.returncode == 1 and "the renderer" in error else None
    finally:
        place.close()


class Pictures:
    """Of a program that shows pictures and has been started with --png."""

    def picture(self, timeout=10.0):
        """The next picture; `show_time` and `revision` say what it shows."""
        before = len(WRITTEN.findall(self.error_text()))
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + timeout
        while len(found := WRITTEN.findall(self.error_text())) == before:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no picture was written: {self.error_text()!r}")
            time.sleep(0.01)
        picture = Picture(found[-1][3])
        picture.show_time, picture.revision = int(found[-1][0]), int(found[-1][1])
        return picture

    def health(self):
        return json.loads(self.ask("/relume/health").values[0])

    def told(self, name):
        """The figures that it tells at its end: picture or card."""
        return json.loads(re.search(rf"^relume-\w+: {name} (\{{.*\}})$", self.error_text(), re.M)[1])


class Video(Pictures, harness.Program):
    """A running relume-video."""

    def __init__(self, place, shaders, *arguments, osc_port=0, png="picture.png", environment=None):
        """`png` is a name in the place's folder; None leaves it out."""
        if png is not None:
            arguments += ("--png", os.path.join(place.root, png))
        super().__init__("relume-video", [
            BINARY, "--show", place.show, "--runtime-dir", place.runtime, "--osc-port", str(osc_port), "--shaders", shaders.path,
            *arguments], environment)


class VideoTest(harness.RigTest):
    """A test with a place and a folder of shaders of its own; skipped where nothing can be drawn."""

    def setUp(self):
        self.place = harness.Place()
        self.addCleanup(self.place.close)
        self.shaders = ShaderFolder(os.path.join(self.place.root, "shaders"))

    def start(self, *arguments, **options):
        rig = Video(self.place, self.shaders, *arguments, **options)
        self.addCleanup(rig.close)
        return rig

    def run_to_end(self, *arguments, shaders=None, osc_port=0):
        """Runs it with arguments that make it end by itself."""
        return run_to_end("--show", self.place.show, "--runtime-dir", self.place.runtime, "--osc-port", str(osc_port), "--shaders",
                          shaders or self.shaders.path, *arguments)

    def build_stack(self, rig, *layers):
        """Makes the stack these layers, (key, type) bottom to top, on the master."""
        for layer in ("half", "plain", "swap"):
            rig.ask("/relume/layer/remove", layer)
        for key, layer_type in layers:
            self.assertEqual(rig.ask("/relume/layer/add", key, layer_type, "").address, "/relume/ack")

    def assert_pixels(self, picture, left, right=None):
        """What is to be seen on the left and on the right half."""
        seen = (picture.pixel(100, 0), picture.pixel(picture.width - 100, 0))
        self.assertEqual(seen, (left, left if right is None else right))


def main():
    if (why := why_no_pictures()) is not None:
        print(f"skipped: {why}")
        sys.exit(77)
    unittest.main()
